from rest_framework import serializers

from accounts.models import Organisation
from challenges.clock import check_moment
from challenges.enums import Phase, ReviewStage
from challenges.models import Challenge, Criterion, PhaseWindow
from challenges.services.challenges import (
    MAX_CRITERIA,
    NOT_POSSIBLE,
    ONLY_FOR_ONES_OWN,
    create_challenge,
    possible_co_organisers,
    possible_organisers,
    update_challenge,
)
from core.regions import validate_region


class BodySerializer(serializers.ModelSerializer):
    class Meta:
        model = Organisation
        fields = ["id", "name"]


class PhaseWindowSerializer(serializers.ModelSerializer):
    phase_display = serializers.CharField(source="get_phase_display", read_only=True)

    class Meta:
        model = PhaseWindow
        fields = ["phase", "phase_display", "opens_at", "closes_at", "first_closes_at", "extension_reason"]


class ChallengeCriterionSerializer(serializers.ModelSerializer):
    stage_display = serializers.CharField(source="get_stage_display", read_only=True)

    class Meta:
        model = Criterion
        fields = ["stage", "stage_display", "name", "weight", "guidance"]


class ChallengeSerializer(serializers.ModelSerializer):
    """A challenge with its calendar and criteria."""

    organiser = BodySerializer()
    co_organisers = BodySerializer(many=True)
    regions = serializers.ListField(child=serializers.CharField())
    regions_display = serializers.CharField()
    status_display = serializers.CharField(source="get_status_display")
    windows = PhaseWindowSerializer(many=True)
    criteria = ChallengeCriterionSerializer(many=True)

    class Meta:
        model = Challenge
        fields = [
            "id",
            "name",
            "organiser",
            "co_organisers",
            "regions",
            "regions_display",
            "theme",
            "rules_text",
            "reviews_per_item",
            "is_anonymous",
            "status",
            "status_display",
            "windows",
            "criteria",
            "created_at",
            "updated_at",
        ]


class ChallengeInputSerializer(serializers.ModelSerializer):
    """What its organisers write; calendar, criteria and steps have endpoints of their own."""

    regions = serializers.ListField(child=serializers.CharField(validators=[validate_region]), required=False)
    organiser = serializers.PrimaryKeyRelatedField(
        queryset=Organisation.objects.none(), error_messages={"does_not_exist": ONLY_FOR_ONES_OWN}
    )
    co_organisers = serializers.PrimaryKeyRelatedField(
        queryset=possible_co_organisers(), many=True, required=False, error_messages={"does_not_exist": NOT_POSSIBLE}
    )

    class Meta:
        model = Challenge
        fields = [
            "name",
            "organiser",
            "co_organisers",
            "regions",
            "theme",
            "rules_text",
            "reviews_per_item",
            "is_anonymous",
        ]

    def get_fields(self):
        fields = super().get_fields()
        fields["organiser"].queryset = possible_organisers(self.context["request"].user)
        return fields

    def create(self, validated_data):
        return create_challenge(actor=self.context["request"].user, **validated_data)

    def update(self, challenge, validated_data):
        validated_data.pop("organiser", None)
        return update_challenge(challenge, actor=self.context["request"].user, **validated_data)


class MomentField(serializers.DateTimeField):
    """A time with its offset."""

    def __init__(self, **kwargs):
        super().__init__(validators=[check_moment], **kwargs)


class PhaseWindowInputSerializer(serializers.Serializer):
    phase = serializers.ChoiceField(choices=Phase.choices)
    opens_at = MomentField()
    closes_at = MomentField()

    def validate(self, data):
        if data["opens_at"] >= data["closes_at"]:
            raise serializers.ValidationError({"closes_at": "截止时间必须晚于开始时间，请改正。"})
        return data


class CalendarSerializer(serializers.Serializer):
    windows = PhaseWindowInputSerializer(many=True)

    def validate_windows(self, windows):
        if len({window["phase"] for window in windows}) < len(windows):
            raise serializers.ValidationError("同一阶段只能有一段时间，请合并。")
        return windows


class PhaseExtensionSerializer(serializers.Serializer):
    phase = serializers.ChoiceField(choices=Phase.choices)
    closes_at = MomentField()
    reason = serializers.CharField(max_length=300)


class ChallengeCriterionInputSerializer(serializers.ModelSerializer):
    class Meta:
        model = Criterion
        fields = ["name", "weight", "guidance"]


class CriteriaSerializer(serializers.Serializer):
    stage = serializers.ChoiceField(choices=ReviewStage.choices)
    criteria = ChallengeCriterionInputSerializer(many=True, max_length=MAX_CRITERIA)


class ChallengeCopySerializer(serializers.Serializer):
    name = serializers.CharField(max_length=Challenge._meta.get_field("name").max_length)


class CheckSerializer(serializers.Serializer):
    label = serializers.CharField()
    is_done = serializers.BooleanField()


class ChecklistSerializer(serializers.Serializer):
    """What is still missing before the next phase; without a step there is none to enter."""

    step = serializers.CharField(allow_blank=True)
    step_display = serializers.CharField(allow_blank=True)
    checks = CheckSerializer(many=True)
