from django.urls import reverse
from rest_framework import serializers

from core.enums import CredentialKind
from core.files import check_upload
from needs.enums import Cooperation
from needs.models import Need, NeedLine
from needs.services import LINE_FIELDS, MAX_LINES, create_need, update_need


class NeedLineSerializer(serializers.ModelSerializer):
    quantity = serializers.CharField(source="reading.quantity", read_only=True, default=None, allow_null=True)

    class Meta:
        model = NeedLine
        fields = [*LINE_FIELDS, "quantity"]


class PassageSerializer(serializers.Serializer):
    name = serializers.CharField()
    label = serializers.CharField()
    text = serializers.CharField()


class NeedFileSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    size = serializers.IntegerField()
    media_type = serializers.CharField()
    is_public = serializers.BooleanField()
    url = serializers.SerializerMethodField()

    def get_url(self, file) -> str:
        return reverse("need-file", args=[file.need_id, file.pk])


class NeedSerializer(serializers.Serializer):
    """A need as the reader may see it; what is withheld is empty."""

    id = serializers.UUIDField()
    number = serializers.CharField()
    sight = serializers.CharField()
    title = serializers.CharField()
    discipline = serializers.CharField()
    discipline_display = serializers.CharField()
    status = serializers.CharField()
    status_display = serializers.CharField()
    level = serializers.IntegerField()
    region = serializers.CharField()
    region_display = serializers.CharField()
    quantities = serializers.ListField(child=serializers.CharField())
    budget = serializers.CharField()
    expected_on = serializers.DateField(allow_null=True)
    published_at = serializers.DateTimeField(allow_null=True)
    text = serializers.CharField()
    passages = PassageSerializer(many=True)
    lines = NeedLineSerializer(many=True)
    files = NeedFileSerializer(many=True)
    cooperation = serializers.ListField(child=serializers.CharField())
    credentials = serializers.ListField(child=serializers.CharField())
    organisation_name = serializers.CharField()
    contact = serializers.CharField()


NO_FILE = "请以 multipart/form-data 上传一个带文件名的文件。"
ONLY_FOR_ONES_OWN = "只能以您所在的单位提出需求。"


class NeedInputSerializer(serializers.ModelSerializer):
    """What an enterprise writes; status changes go through the move endpoint."""

    lines = NeedLineSerializer(many=True, required=False)
    cooperation = serializers.ListField(child=serializers.ChoiceField(choices=Cooperation), required=False)
    credentials = serializers.ListField(child=serializers.ChoiceField(choices=CredentialKind), required=False)

    class Meta:
        model = Need
        fields = [
            "organisation",
            "title",
            "category",
            "discipline",
            "problem_type",
            "problem",
            "background",
            "current_state",
            "measures_taken",
            "goal",
            "difficulties",
            "sample",
            "traceability",
            "is_qualitative",
            "expected_on",
            "urgency",
            "budget_low",
            "budget_high",
            "cooperation",
            "credentials",
            "acceptance",
            "ownership",
            "contact_name",
            "contact_phone",
            "contact_email",
            "level",
            "is_anonymous",
            "shows_budget",
            "shows_contact",
            "joins_challenge",
            "joins_common_problems",
            "pledges_no_secrets",
            "pledges_truth",
            "public_title",
            "public_text",
            "lines",
        ]
        # The same answer for a foreign organisation and for none: enterprises are not listed.
        extra_kwargs = {"organisation": {"error_messages": {"does_not_exist": ONLY_FOR_ONES_OWN}}}

    def validate_organisation(self, organisation):
        if organisation.pk not in self.context["request"].user.organisation_ids:
            raise serializers.ValidationError(ONLY_FOR_ONES_OWN)
        return organisation

    def validate_lines(self, lines):
        if len(lines) > MAX_LINES:
            raise serializers.ValidationError(f"一条需求最多 {MAX_LINES} 行指标，请拆成几条需求。")
        return lines

    def validate(self, data):
        low, high = (data.get(name, getattr(self.instance, name, None)) for name in ("budget_low", "budget_high"))
        if low is not None and high is not None and low > high:
            raise serializers.ValidationError({"budget_low": "预算下限不能高于上限，请对调或改正。"})
        return data

    def create(self, validated_data):
        return create_need(author=self.context["request"].user, **validated_data)

    def update(self, need, validated_data):
        validated_data.pop("organisation", None)
        return update_need(need, actor=self.context["request"].user, **validated_data)


class UploadSerializer(serializers.Serializer):
    """A file to attach, and whether whoever sees the lines may have it."""

    file = serializers.FileField(allow_empty_file=True, error_messages={"invalid": NO_FILE, "no_name": NO_FILE})
    is_public = serializers.BooleanField(default=False)

    def validate_file(self, upload):
        return check_upload(upload)
