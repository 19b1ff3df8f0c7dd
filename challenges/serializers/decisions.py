from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import Organisation
from challenges.enums import Outcome
from challenges.models import Certificate, Challenge, Decision, Entry, Objection
from challenges.serializers.reviews import CriterionSerializer, RunSolutionField
from challenges.serializers.solutions import PromiseSerializer
from challenges.services.decisions import amend_decision, propose_decision
from challenges.services.objections import answer_objection, possible_objectors, raise_objection

# --- The organiser --------------------------------------------------------------------------------------------------


class DecisionSerializer(serializers.ModelSerializer):
    """What is to become of a solution, or has; pending as long as `released_at` is empty."""

    solution_number = serializers.CharField(source="solution.number")
    solution_title = serializers.CharField(source="solution.title")
    challenge = serializers.UUIDField(source="solution.entry.challenge_id")
    entry = serializers.UUIDField(source="solution.entry_id")
    board_number = serializers.CharField(source="solution.entry.board_number")
    organisation_name = serializers.CharField(source="solution.organisation.name")
    outcome_display = serializers.CharField(source="get_outcome_display")

    class Meta:
        model = Decision
        fields = [
            "id",
            "challenge",
            "entry",
            "board_number",
            "solution",
            "solution_number",
            "solution_title",
            "organisation_name",
            "outcome",
            "outcome_display",
            "text",
            "released_at",
            "amended_at",
            "amended_reason",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields


class OutcomeInput(serializers.ModelSerializer):
    """The outcome of one solution; sent again, it is what counts."""

    solution = RunSolutionField()

    class Meta:
        model = Decision
        fields = ["solution", "outcome", "text"]

    def create(self, validated_data):
        return propose_decision(actor=self.context["request"].user, **validated_data)


class AmendInput(serializers.ModelSerializer):
    reason = serializers.CharField(
        max_length=500, allow_blank=True, help_text="必填，公布在公示页；不要写没有揭榜成功的单位。"
    )

    class Meta:
        model = Decision
        fields = ["outcome", "text", "reason"]
        extra_kwargs = {"text": {"required": True}}

    def update(self, decision, validated_data):
        amend_decision(decision, actor=self.context["request"].user, **validated_data)
        return decision


# --- Objections -----------------------------------------------------------------------------------------------------


class ObjectionSerializer(serializers.ModelSerializer):
    """An objection, for whoever raised it and for who runs the challenge."""

    organisation_name = serializers.CharField(source="organisation.name")
    board_number = serializers.CharField(source="entry.board_number", default="")

    class Meta:
        model = Objection
        fields = [
            "id",
            "challenge",
            "entry",
            "board_number",
            "organisation",
            "organisation_name",
            "text",
            "is_upheld",
            "answer",
            "answered_at",
            "created_at",
        ]
        read_only_fields = fields


class SeenChallengeField(serializers.PrimaryKeyRelatedField):
    """A challenge that the person can see."""

    default_error_messages = {"does_not_exist": "没有这项赛事，请照 challenges 里的 id 填写。"}

    def get_queryset(self):
        return Challenge.objects.visible_to(self.context["request"].user).for_list()


class OwnOrganisationField(serializers.PrimaryKeyRelatedField):
    """A verified organisation that the person acts for."""

    default_error_messages = {"does_not_exist": "只能以您所在的、已核验的单位提出异议。"}

    def get_queryset(self):
        bodies = possible_objectors(self.context["request"].user)
        return Organisation.objects.filter(pk__in=[body.pk for body in bodies])


class ObjectionInput(serializers.ModelSerializer):
    challenge = SeenChallengeField(pk_field=serializers.UUIDField())
    organisation = OwnOrganisationField(pk_field=serializers.UUIDField())
    entry = serializers.PrimaryKeyRelatedField(
        queryset=Entry.objects.on_board(),
        pk_field=serializers.UUIDField(),
        required=False,
        allow_null=True,
        help_text="榜单项目；空表示对整个赛事。",
        error_messages={"does_not_exist": "没有这个榜单项目，请照 board-items 里的 id 填写。"},
    )

    class Meta:
        model = Objection
        fields = ["challenge", "entry", "organisation", "text"]

    def create(self, validated_data):
        return raise_objection(actor=self.context["request"].user, **validated_data)


class ObjectionAnswerInput(serializers.ModelSerializer):
    is_upheld = serializers.BooleanField(help_text="异议成立的，可以更改结果。")

    class Meta:
        model = Objection
        fields = ["is_upheld", "answer"]
        extra_kwargs = {"answer": {"required": True, "allow_blank": True}}

    def update(self, objection, validated_data):
        answer_objection(objection, actor=self.context["request"].user, **validated_data)
        return objection


# --- What is known after the release --------------------------------------------------------------------------------


class WinnerSerializer(serializers.Serializer):
    outcome = serializers.ChoiceField(Outcome.choices)
    outcome_display = serializers.CharField()
    bodies = serializers.ListField(child=serializers.CharField(), help_text="揭榜单位在前，随后是联合单位。")


class AnnouncedItemSerializer(serializers.Serializer):
    entry = serializers.UUIDField()
    board_number = serializers.CharField()
    board_title = serializers.CharField()
    winners = WinnerSerializer(many=True)


class AmendmentSerializer(serializers.Serializer):
    board_number = serializers.CharField()
    reason = serializers.CharField()
    created_at = serializers.DateTimeField()


class AnnouncementSerializer(serializers.Serializer):
    """公示: who succeeded; who did not is not named."""

    challenge = serializers.UUIDField(source="challenge.pk")
    opens_at = serializers.DateTimeField(source="window.opens_at")
    closes_at = serializers.DateTimeField(source="window.closes_at")
    items = serializers.SerializerMethodField()
    amendments = AmendmentSerializer(many=True)
    objections_raised = serializers.IntegerField(source="raised")
    objections_answered = serializers.IntegerField(source="answered")

    @extend_schema_field(AnnouncedItemSerializer(many=True))
    def get_items(self, announcement):
        rows = [
            {
                "entry": entry.pk,
                "board_number": entry.board_number,
                "board_title": entry.board_title,
                "winners": winners,
            }
            for entry, winners in announcement.items
        ]
        return AnnouncedItemSerializer(rows, many=True).data


class CriterionResultSerializer(serializers.Serializer):
    criterion = CriterionSerializer()
    mean = serializers.DecimalField(max_digits=6, decimal_places=2)
    lost = serializers.DecimalField(max_digits=5, decimal_places=1, help_text="在总分里少得的分。")
    reasons = serializers.ListField(child=serializers.CharField())


class OutcomeSerializer(serializers.Serializer):
    """The released result of a solution, for the bodies behind it: means and reasons, without the experts."""

    solution = serializers.UUIDField(source="solution.pk")
    solution_number = serializers.CharField(source="solution.number")
    challenge = serializers.UUIDField(source="solution.entry.challenge_id")
    board_number = serializers.CharField(source="solution.entry.board_number")
    outcome = serializers.ChoiceField(Outcome.choices, source="decision.outcome")
    outcome_display = serializers.CharField(source="decision.get_outcome_display")
    text = serializers.CharField(source="decision.text")
    released_at = serializers.DateTimeField(source="decision.released_at")
    amended_at = serializers.DateTimeField(source="decision.amended_at", allow_null=True)
    amended_reason = serializers.CharField(source="decision.amended_reason")
    mean = serializers.DecimalField(max_digits=6, decimal_places=2, allow_null=True)
    finals = serializers.DecimalField(max_digits=6, decimal_places=2, allow_null=True)
    place = serializers.IntegerField(allow_null=True, help_text="在同一项目的方案中的名次。")
    of = serializers.IntegerField(help_text="同一项目的方案数。")
    criteria = CriterionResultSerializer(many=True)
    comments = serializers.ListField(child=serializers.CharField())
    gaps = PromiseSerializer(many=True, help_text="承诺值没有达到要求、或公开能力不能支撑的指标。")


class CertificateSerializer(serializers.ModelSerializer):
    organisation_name = serializers.CharField(source="organisation.name")
    challenge = serializers.UUIDField(source="solution.entry.challenge_id")
    challenge_name = serializers.CharField(source="solution.entry.challenge.name")
    organiser_name = serializers.CharField(source="solution.entry.challenge.organiser.name")
    board_number = serializers.CharField(source="solution.entry.board_number")
    board_title = serializers.CharField(source="solution.entry.board_title")
    outcome = serializers.CharField(source="solution.status")
    outcome_display = serializers.CharField(source="solution.get_status_display")

    class Meta:
        model = Certificate
        fields = [
            "number",
            "organisation_name",
            "challenge",
            "challenge_name",
            "organiser_name",
            "board_number",
            "board_title",
            "outcome",
            "outcome_display",
            "created_at",
        ]
