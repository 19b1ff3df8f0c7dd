from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import Organisation
from core.api import MoveInput
from matching.engine.facts import to_json
from matching.enums import DeclineReason
from needs.models import Need
from needs.services import MAX_LINES

MAX_TEXT = 20_000


class PairingInput(MoveInput):
    """A need to bring together with the own institute, or with the institute that is named."""

    need = serializers.UUIDField(help_text="需求的 id。")
    institute = serializers.UUIDField(
        required=False, allow_null=True, default=None, help_text="企业邀请机构时填机构的 id；机构申请对接时不填。"
    )

    def validate_need(self, pk):
        need = Need.objects.visible_to(self.context["request"].user).filter(pk=pk).first()
        if need is None:
            raise serializers.ValidationError("没有这条需求，或者您不能查看它；请核对 id。")
        return need

    def validate_institute(self, pk):
        institute = Organisation.objects.providers().verified().filter(pk=pk).first()
        if pk is not None and institute is None:
            raise serializers.ValidationError("没有这家机构，或者它还没有通过核验；请从机构列表里选择。")
        return institute


class AnswerInput(MoveInput):
    """The words, and for a refusal the reason, that go with an answer."""

    reason = serializers.ChoiceField(choices=DeclineReason, required=False)


class LineInputSerializer(serializers.Serializer):
    """A measurement line in the words of its cells."""

    object = serializers.CharField(required=False, allow_blank=True, max_length=300, default="")
    measurand = serializers.CharField(required=False, allow_blank=True, max_length=300, default="")
    range = serializers.CharField(required=False, allow_blank=True, max_length=500, default="")
    accuracy = serializers.CharField(required=False, allow_blank=True, max_length=500, default="")
    conditions = serializers.CharField(required=False, allow_blank=True, max_length=500, default="")
    codes = serializers.CharField(required=False, allow_blank=True, max_length=300, default="")


class MatchInputSerializer(serializers.Serializer):
    """A need as a text, as lines, or both."""

    title = serializers.CharField(required=False, allow_blank=True, max_length=120, default="")
    text = serializers.CharField(required=False, allow_blank=True, max_length=MAX_TEXT, default="")
    lines = LineInputSerializer(many=True, required=False, default=list)
    limit = serializers.IntegerField(required=False, min_value=1, max_value=50, default=10)

    def validate_lines(self, lines):
        if len(lines) > MAX_LINES:
            raise serializers.ValidationError(f"一次最多 {MAX_LINES} 行指标，请拆成几次请求。")
        return lines

    def validate(self, data):
        if not (data["text"].strip() or data["title"].strip() or data["lines"]):
            raise serializers.ValidationError({"text": "请给出需求文字或至少一行指标。"})
        return data


class ReadInputSerializer(serializers.Serializer):
    text = serializers.CharField(max_length=MAX_TEXT)


class PartSerializer(serializers.Serializer):
    code = serializers.CharField()
    label = serializers.CharField()
    points = serializers.FloatField()


class TermSerializer(serializers.Serializer):
    term = serializers.CharField()
    points = serializers.FloatField()
    need_word = serializers.CharField()
    capability_word = serializers.CharField()


class CodeSerializer(serializers.Serializer):
    code = serializers.CharField()
    need_edition = serializers.CharField()
    capability_edition = serializers.CharField()
    is_same_edition = serializers.BooleanField()


class LineVerdictSerializer(serializers.Serializer):
    label = serializers.CharField()
    verdict = serializers.CharField()
    verdict_display = serializers.CharField()
    sentence = serializers.CharField()
    derivation = serializers.ListField(child=serializers.CharField())
    facts = serializers.SerializerMethodField()

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_facts(self, line):
        return to_json(line.facts)


class CardSerializer(serializers.Serializer):
    """A pairing with its reasons."""

    capability = serializers.UUIDField(source="capability.pk")
    title = serializers.CharField(source="capability.title")
    provider = serializers.CharField(source="capability.organisation.name")
    kind = serializers.CharField(source="capability.kind")
    score = serializers.FloatField()
    verdict = serializers.CharField()
    verdict_display = serializers.CharField()
    parts = serializers.SerializerMethodField()
    terms = TermSerializer(many=True)
    codes = CodeSerializer(many=True)
    lines = LineVerdictSerializer(many=True)
    missed = serializers.ListField(child=serializers.CharField())

    @extend_schema_field(PartSerializer(many=True))
    def get_parts(self, card):
        return [{"code": code, "label": label, "points": points} for code, label, points in card.parts]


class MatchOutputSerializer(serializers.Serializer):
    existing = CardSerializer(many=True)
    research = CardSerializer(many=True)
    gap = serializers.CharField(help_text="没有机构能满足时的说明，否则为空。")


class ReadOutputSerializer(serializers.Serializer):
    """Readings with their places in the text, what was not read, and the lines they suggest."""

    items = serializers.ListField(child=serializers.DictField())
    unread = serializers.ListField(child=serializers.DictField())
    lines = serializers.ListField(child=serializers.DictField())


class ProposalSerializer(serializers.Serializer):
    """A proposal as the reader may see it: without reasons where the need is still confidential."""

    id = serializers.UUIDField(source="proposal.pk")
    need = serializers.UUIDField(source="need.id")
    need_title = serializers.CharField(source="need.title")
    capability = serializers.UUIDField(source="proposal.capability_id")
    capability_title = serializers.CharField(source="proposal.capability.title")
    provider = serializers.CharField(source="proposal.capability.organisation.name")
    status = serializers.CharField(source="proposal.status")
    status_display = serializers.CharField(source="proposal.get_status_display")
    origin = serializers.CharField(source="proposal.origin")
    origin_display = serializers.CharField(source="proposal.get_origin_display")
    answer_due_on = serializers.DateField(source="proposal.answer_due_on", allow_null=True)
    next_move = serializers.CharField(
        source="proposal.next_move", help_text="该谁行动：enterprise、provider、both、organiser，无人待办时为空。"
    )
    steps = serializers.ListField(child=serializers.CharField(), help_text="您现在可以走的步骤，见 move。")
    card = CardSerializer(allow_null=True)
    created_at = serializers.DateTimeField(source="proposal.created_at")
