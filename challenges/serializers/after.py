"""Signing, tracking and the funnel as programs read them."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import User
from challenges.enums import FollowUpState, FunnelStep
from challenges.models import FollowUp
from challenges.services.follow_ups import fill_follow_up
from partnerships.enums import Stage

MONEY = {"max_digits": 14, "decimal_places": 2}


class PossibleStewardSerializer(serializers.ModelSerializer):
    class Meta:
        model = User
        fields = ["id", "name"]


class SigningInput(serializers.Serializer):
    """One of those that `stewards` names."""

    steward = serializers.PrimaryKeyRelatedField(queryset=User.objects.filter(is_active=True))


class AgreedSumsSerializer(serializers.Serializer):
    """Agreements that both sides have confirmed; the three amounts are different things."""

    count = serializers.IntegerField()
    intent_amount = serializers.DecimalField(**MONEY)
    contract_amount = serializers.DecimalField(**MONEY)
    paid_amount = serializers.DecimalField(**MONEY)


class SigningSerializer(serializers.Serializer):
    """A selected solution, its docking once it is opened, and what was agreed on."""

    id = serializers.UUIDField(source="solution.pk")
    number = serializers.CharField(source="solution.number")
    title = serializers.CharField(source="solution.title")
    challenge = serializers.UUIDField(source="solution.challenge.pk")
    board_number = serializers.CharField(source="solution.entry.board_number")
    board_title = serializers.CharField(source="solution.entry.board_title")
    organisation = serializers.CharField(source="solution.organisation.name")
    docking = serializers.SerializerMethodField()
    docking_number = serializers.CharField(source="docking.number", default="")
    stage = serializers.ChoiceField(choices=Stage.choices, source="docking.status", default="")
    stage_display = serializers.CharField(source="docking.get_status_display", default="")
    steward = PossibleStewardSerializer(source="docking.steward", default=None)
    sums = AgreedSumsSerializer()

    @extend_schema_field(serializers.UUIDField(allow_null=True))
    def get_docking(self, signing):
        """For whoever may open it."""
        return signing.docking.pk if signing.is_readable else None


class FollowUpSerializer(serializers.ModelSerializer):
    challenge = serializers.UUIDField(source="challenge.pk", read_only=True)
    solution = serializers.UUIDField(source="solution_id", read_only=True)
    board_number = serializers.CharField(source="solution.entry.board_number", read_only=True)
    docking_number = serializers.CharField(source="solution.docking.number", read_only=True)
    state_display = serializers.CharField(source="get_state_display", read_only=True)
    days_overdue = serializers.IntegerField(read_only=True)
    author = serializers.CharField(source="author.name", default="", read_only=True)

    class Meta:
        model = FollowUp
        fields = [
            "id",
            "challenge",
            "solution",
            "board_number",
            "docking_number",
            "months",
            "due_on",
            "days_overdue",
            "done_on",
            "state",
            "state_display",
            "text",
            "author",
        ]


class FollowUpInput(serializers.Serializer):
    state = serializers.ChoiceField(choices=FollowUpState.choices)
    text = serializers.CharField(max_length=FollowUp._meta.get_field("text").max_length)

    def update(self, follow_up, validated_data):
        values = {"state": follow_up.state, "text": follow_up.text, **validated_data}
        return fill_follow_up(follow_up, actor=self.context["request"].user, **values)


class FunnelStepSerializer(serializers.Serializer):
    step = serializers.ChoiceField(choices=FunnelStep.choices)
    step_display = serializers.CharField(source="label")
    count = serializers.IntegerField()


class FunnelSumsSerializer(AgreedSumsSerializer):
    budget_low = serializers.DecimalField(**MONEY)
    budget_high = serializers.DecimalField(**MONEY)
    without_budget = serializers.IntegerField()


class FunnelSerializer(serializers.Serializer):
    """How many came how far; the sums are for who runs the challenge."""

    steps = FunnelStepSerializer(many=True)
    sums = FunnelSumsSerializer(allow_null=True)
