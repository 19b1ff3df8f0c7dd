from rest_framework import serializers

from core.api import MoveInput
from partnerships.enums import Mark
from partnerships.models import AcceptanceLine, Agreement, Docking, DockingFile
from partnerships.models.agreements import AMOUNTS
from partnerships.services.acceptance import MAX_FREE_LINES
from partnerships.services.agreements import AGREEMENT_FIELDS, content_mark, draft_agreement, update_agreement


class ReadableDockingField(serializers.PrimaryKeyRelatedField):
    """A docking the person may read; others are as if they were not there."""

    default_error_messages = {"does_not_exist": "没有这项对接，或者您不能查看它。"}

    def __init__(self, **options):
        super().__init__(pk_field=serializers.UUIDField(), **options)

    def get_queryset(self):
        return Docking.objects.readable_by(self.context["request"].user).for_list()


class DockingFileField(serializers.PrimaryKeyRelatedField):
    """A file of a docking the person may read."""

    default_error_messages = {"does_not_exist": "没有这个附件，请先上传到这项对接。"}

    def __init__(self, **options):
        super().__init__(pk_field=serializers.UUIDField(), **options)

    def get_queryset(self):
        return DockingFile.objects.filter(docking__in=Docking.objects.readable_by(self.context["request"].user))


class SeenMoveInput(MoveInput):
    """For a word that is given: the mark of the content that was read."""

    seen = serializers.CharField(required=False, allow_blank=True, max_length=64)


class AgreementSerializer(serializers.ModelSerializer):
    """An agreement with its amounts in 元; `content_mark` is what a confirmation sends back as `seen`."""

    docking_number = serializers.CharField(source="docking.number", read_only=True)
    kind_display = serializers.CharField(source="get_kind_display", read_only=True)
    status_display = serializers.CharField(source="get_status_display", read_only=True)
    file_name = serializers.CharField(source="file.name", read_only=True, default="")
    counts = serializers.BooleanField(read_only=True)
    content_mark = serializers.SerializerMethodField()

    class Meta:
        model = Agreement
        fields = [
            "id",
            "docking",
            "docking_number",
            "kind",
            "kind_display",
            "title",
            *AMOUNTS,
            "signed_on",
            "valid_until",
            "property_terms",
            "file",
            "file_name",
            "replaces",
            "status",
            "status_display",
            "counts",
            "content_mark",
            "confirmed_at",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields

    def get_content_mark(self, agreement) -> str:
        return content_mark(agreement)


class AgreementInputSerializer(serializers.ModelSerializer):
    """What the two sides agree on; amounts are decimals in 元, as strings."""

    docking = ReadableDockingField()
    file = DockingFileField(required=False, allow_null=True)

    class Meta:
        model = Agreement
        fields = ["docking", *AGREEMENT_FIELDS]
        extra_kwargs = {name: {"min_value": 0} for name in AMOUNTS}

    def validate(self, data):
        docking = data.get("docking") or self.instance.docking
        if self.instance and docking != self.instance.docking:
            raise serializers.ValidationError({"docking": "协议不能改到另一项对接，请在那项对接里另行登记。"})
        if data.get("file") and data["file"].docking_id != docking.pk:
            raise serializers.ValidationError({"file": "这个附件属于另一项对接，请先上传到这项对接。"})
        return data

    def create(self, validated_data):
        return draft_agreement(actor=self.context["request"].user, **validated_data)

    def update(self, agreement, validated_data):
        validated_data.pop("docking", None)
        return update_agreement(agreement, actor=self.context["request"].user, **validated_data)


class AcceptanceLineSerializer(serializers.ModelSerializer):
    verdict_display = serializers.CharField(source="get_verdict_display", read_only=True)

    class Meta:
        model = AcceptanceLine
        fields = ["label", "range_text", "required_text", "achieved_text", "verdict", "verdict_display", "sentence"]
        read_only_fields = fields


class AcceptanceSerializer(serializers.Serializer):
    """The acceptance of a docking; the lines are empty for who may not read what the need asks for."""

    id = serializers.UUIDField(source="acceptance.pk")
    docking = serializers.UUIDField(source="acceptance.docking_id")
    docking_number = serializers.CharField(source="acceptance.docking.number")
    accepted_on = serializers.DateField(source="acceptance.accepted_on")
    conclusion = serializers.CharField(source="acceptance.conclusion")
    lines = AcceptanceLineSerializer(many=True)
    enterprise_mark = serializers.IntegerField(source="acceptance.enterprise_mark", allow_null=True)
    enterprise_words = serializers.CharField(source="acceptance.enterprise_words")
    provider_mark = serializers.IntegerField(source="acceptance.provider_mark", allow_null=True)
    provider_words = serializers.CharField(source="acceptance.provider_words")
    updated_at = serializers.DateTimeField(source="acceptance.updated_at")


class ResultInput(serializers.Serializer):
    """What was achieved of one line; what was required is said only for a need without lines."""

    achieved_text = serializers.CharField(max_length=300)
    label = serializers.CharField(max_length=300, required=False, allow_blank=True)
    range_text = serializers.CharField(max_length=300, required=False, allow_blank=True)
    required_text = serializers.CharField(max_length=300, required=False, allow_blank=True)


class AcceptanceInput(serializers.Serializer):
    lines = ResultInput(many=True, max_length=max(MAX_FREE_LINES, 50))
    accepted_on = serializers.DateField()
    conclusion = serializers.CharField(max_length=4000)


class MarkInput(serializers.Serializer):
    mark = serializers.ChoiceField(choices=Mark.choices)
    words = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")
