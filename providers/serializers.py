from rest_framework import serializers

from accounts.models import Organisation
from core.enums import MeasuringMode
from providers.models import Capability, CapabilityLine, Credential
from providers.services import LINE_FIELDS, create_capability, update_capability


class CapabilityLineSerializer(serializers.ModelSerializer):
    quantity = serializers.CharField(source="reading.quantity", read_only=True, default=None, allow_null=True)

    class Meta:
        model = CapabilityLine
        fields = [*LINE_FIELDS, "quantity", "is_structured"]
        read_only_fields = ["is_structured"]


class CredentialSerializer(serializers.ModelSerializer):
    kind_display = serializers.CharField(source="get_kind_display", read_only=True)

    class Meta:
        model = Credential
        fields = ["id", "kind", "kind_display", "number", "valid_from", "valid_until", "is_valid"]


ONLY_FOR_ONES_OWN = "只能维护您所在服务机构的能力。"


class CapabilitySerializer(serializers.ModelSerializer):
    organisation = serializers.PrimaryKeyRelatedField(
        queryset=Organisation.objects.all(),
        # The same answer for a foreign organisation and for none: enterprises are not listed.
        error_messages={"does_not_exist": ONLY_FOR_ONES_OWN},
    )
    organisation_name = serializers.CharField(source="organisation.name", read_only=True)
    kind_display = serializers.CharField(source="get_kind_display", read_only=True)
    discipline_display = serializers.CharField(source="get_discipline_display", read_only=True)
    status_display = serializers.CharField(source="get_status_display", read_only=True)
    modes = serializers.ListField(child=serializers.ChoiceField(choices=MeasuringMode), required=False)
    credential_detail = CredentialSerializer(source="credential", read_only=True)
    lines = CapabilityLineSerializer(many=True, required=False)

    class Meta:
        model = Capability
        fields = [
            "id",
            "organisation",
            "organisation_name",
            "kind",
            "kind_display",
            "title",
            "discipline",
            "discipline_display",
            "modes",
            "text",
            "credential",
            "credential_detail",
            "basis_display",
            "direction",
            "maturity",
            "cases",
            "status",
            "status_display",
            "version",
            "has_lapsed",
            "lines",
        ]
        read_only_fields = ["basis_display", "status", "version", "has_lapsed"]
        # The service checks this after the organisation is known to be the author's.
        validators = []

    def validate_organisation(self, organisation):
        if organisation.pk not in self.context["request"].user.organisation_ids or not organisation.is_provider:
            raise serializers.ValidationError(ONLY_FOR_ONES_OWN)
        return organisation

    def validate(self, data):
        organisation = data.get("organisation") or self.instance.organisation
        credential = data.get("credential")
        if credential is not None and credential.organisation_id != organisation.pk:
            raise serializers.ValidationError({"credential": "这项资质不属于本机构，请改用本机构登记的资质。"})
        return data

    def create(self, validated_data):
        return create_capability(author=self.context["request"].user, **validated_data)

    def update(self, capability, validated_data):
        validated_data.pop("organisation", None)
        return update_capability(capability, actor=self.context["request"].user, **validated_data)
