from django.core.validators import MaxLengthValidator
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import User
from challenges.enums import ReviewStage, ReviewStatus
from challenges.items import number_of
from challenges.models import Challenge, Criterion, Entry, Review, Score, Solution, Waiver
from challenges.models.reviews import MAX_POINTS
from challenges.services.conflicts import waive_conflicts
from challenges.services.experts import pool_of
from challenges.services.reviews import save_scores

POINTS = Score._meta.get_field("points")


# --- The reviewer ---------------------------------------------------------------------------------------------------


class MarkSerializer(serializers.Serializer):
    criterion = serializers.UUIDField(source="criterion.pk")
    name = serializers.CharField(source="criterion.name")
    weight = serializers.IntegerField(source="criterion.weight")
    guidance = serializers.CharField(source="criterion.guidance")
    points = serializers.DecimalField(max_digits=5, decimal_places=1, allow_null=True)
    reason = serializers.CharField()


class MaterialLineSerializer(serializers.Serializer):
    object_name = serializers.CharField()
    measurand = serializers.CharField()
    range_text = serializers.CharField()
    accuracy_text = serializers.CharField()
    conditions_text = serializers.CharField()
    codes_text = serializers.CharField()
    mode = serializers.CharField()
    mode_display = serializers.CharField()
    is_dynamic = serializers.BooleanField()
    obligation = serializers.CharField()
    obligation_display = serializers.CharField()
    note = serializers.CharField()


class SolutionPartSerializer(serializers.Serializer):
    label = serializers.CharField()
    text = serializers.CharField()


class AnswerSerializer(serializers.Serializer):
    line = MaterialLineSerializer()
    promised_text = serializers.CharField()
    evidence = serializers.CharField()
    verdict = serializers.CharField()
    verdict_display = serializers.CharField()
    sentence = serializers.CharField()


class BlindSolutionSerializer(serializers.Serializer):
    """A solution without what tells whose it is; 承接团队 and files are for the organisers alone."""

    title = serializers.CharField()
    solvers = serializers.CharField(help_text="匿名评审时为空。")
    parts = SolutionPartSerializer(many=True)
    answers = AnswerSerializer(many=True)
    price = serializers.DecimalField(max_digits=14, decimal_places=2, allow_null=True)


class BlindReviewSerializer(serializers.Serializer):
    """A review as its reviewer sees it; the text is empty as long as `needs_pledge`.

    `title`, `text` and `lines` are those of the need, or of the item on the board that the `solution` answers.
    """

    id = serializers.UUIDField()
    label = serializers.CharField()
    challenge = serializers.UUIDField(source="challenge.pk")
    challenge_name = serializers.CharField(source="challenge.name")
    stage = serializers.CharField()
    status = serializers.ChoiceField(ReviewStatus.choices)
    status_display = serializers.CharField()
    closes_at = serializers.DateTimeField(allow_null=True)
    needs_pledge = serializers.BooleanField()
    title = serializers.CharField()
    text = serializers.CharField()
    discipline_display = serializers.CharField()
    category_display = serializers.CharField()
    province = serializers.CharField()
    enterprise = serializers.CharField(help_text="匿名评审时为空。")
    quantities = serializers.ListField(child=serializers.CharField())
    lines = MaterialLineSerializer(many=True)
    conditions = serializers.CharField()
    budget = serializers.CharField()
    solution = BlindSolutionSerializer(allow_null=True)
    scores = MarkSerializer(source="marks", many=True)
    comment = serializers.CharField()
    total = serializers.DecimalField(max_digits=6, decimal_places=3, allow_null=True)
    locked_at = serializers.DateTimeField(allow_null=True)


class ScoreInput(serializers.Serializer):
    criterion = serializers.PrimaryKeyRelatedField(
        queryset=Criterion.objects.all(),
        pk_field=serializers.UUIDField(),
        error_messages={"does_not_exist": "没有这项评审指标，请照 scores 里的 criterion 填写。"},
    )
    points = serializers.DecimalField(
        max_digits=POINTS.max_digits,
        decimal_places=POINTS.decimal_places,
        min_value=0,
        max_value=MAX_POINTS,
        validators=POINTS.validators,
        required=False,
        allow_null=True,
    )
    reason = serializers.CharField(required=False, allow_blank=True, max_length=500)


class ScoresInput(serializers.Serializer):
    """What is to be kept as a draft; criteria that are not named stay as they are."""

    scores = ScoreInput(many=True, required=False, max_length=20)
    comment = serializers.CharField(
        required=False, allow_blank=True, validators=[MaxLengthValidator(2000, "总体意见请在 2000 字以内。")]
    )

    def update(self, review, validated_data):
        return save_scores(review, actor=self.context["request"].user, **validated_data)


class PledgeSignInput(serializers.Serializer):
    seen = serializers.CharField(max_length=20, help_text="已阅读的承诺书版本，见 GET 的 version。")


class PledgeSerializer(serializers.Serializer):
    version = serializers.CharField()
    text = serializers.CharField()
    is_signed = serializers.BooleanField()


# --- The organiser --------------------------------------------------------------------------------------------------


class RunChallengeField(serializers.PrimaryKeyRelatedField):
    """A challenge that the person helps to run; others are as if they were not there."""

    default_error_messages = {"does_not_exist": "没有这项赛事，或者您不能管理它。"}

    def __init__(self, **options):
        super().__init__(pk_field=serializers.UUIDField(), **options)

    def get_queryset(self):
        return Challenge.objects.run_by(self.context["request"].user).for_list()


class RunEntryField(RunChallengeField):
    """An entry of such a challenge."""

    default_error_messages = {"does_not_exist": "没有这条参赛需求，或者您不能管理它。"}

    def get_queryset(self):
        return Entry.objects.filter(challenge__in=super().get_queryset().values("pk")).for_list()


class RunSolutionField(RunChallengeField):
    """A solution handed in to such a challenge."""

    default_error_messages = {"does_not_exist": "没有这份方案，或者您不能管理它。"}

    def get_queryset(self):
        found = Solution.objects.handed_in_to(self.context["request"].user).for_list()
        return found.select_related("entry__need__organisation")


class ItemInput(serializers.Serializer):
    """What is reviewed: an entry in the screening, a solution afterwards."""

    entry = RunEntryField(required=False, help_text="需求评审时填写。")
    solution = RunSolutionField(required=False, help_text="方案评审时填写。")

    def validate(self, attrs):
        given = [attrs.pop(name) for name in ("entry", "solution") if name in attrs]
        if len(given) != 1:
            raise serializers.ValidationError("请填写 entry（参赛需求）或 solution（揭榜方案）之一。")
        return attrs | {"item": given[0]}


class PersonField(serializers.PrimaryKeyRelatedField):
    default_error_messages = {"does_not_exist": "没有这位专家，请照分派建议里的 reviewer 填写。"}

    def __init__(self, **options):
        super().__init__(pk_field=serializers.IntegerField(min_value=0, max_value=2**31), **options)

    def get_queryset(self):
        """The experts of the challenges one runs."""
        run = Challenge.objects.run_by(self.context["request"].user).prefetch_related("co_organisers")
        return User.objects.filter(pk__in={pk for each in run for pk in pool_of(each).values_list("pk", flat=True)})


class AssignmentSerializer(serializers.ModelSerializer):
    """Who reviews what, and how far it has come; the scores are with the results."""

    challenge = serializers.UUIDField(source="entry.challenge_id", read_only=True)
    need_number = serializers.CharField(source="entry.need.number", read_only=True)
    solution_number = serializers.CharField(source="solution.number", read_only=True, allow_null=True, default=None)
    reviewer_name = serializers.CharField(source="reviewer.name", read_only=True)
    status_display = serializers.CharField(source="get_status_display", read_only=True)

    class Meta:
        model = Review
        fields = [
            "id",
            "challenge",
            "entry",
            "need_number",
            "solution",
            "solution_number",
            "reviewer",
            "reviewer_name",
            "stage",
            "status",
            "status_display",
            "locked_at",
            "created_at",
        ]
        read_only_fields = fields


class PairInput(ItemInput):
    reviewer = PersonField()


class ReviewerInput(serializers.Serializer):
    challenge = RunChallengeField()
    stage = serializers.ChoiceField(ReviewStage.choices, default=ReviewStage.SCREENING)
    pairs = PairInput(many=True, max_length=500)
    note = serializers.CharField(
        required=False, allow_blank=True, max_length=2000, help_text="给已分派过的需求或方案增派时必填。"
    )


class CandidateSerializer(serializers.Serializer):
    reviewer = serializers.IntegerField(source="user.pk")
    reviewer_name = serializers.CharField(source="user.name")
    nearness = serializers.FloatField(help_text="专长与需求或方案的接近度，0 到 1。")
    terms = serializers.ListField(child=serializers.CharField())
    load = serializers.IntegerField(help_text="本届赛事已分派的份数。")


class ConflictSerializer(serializers.Serializer):
    kind = serializers.CharField()
    kind_display = serializers.CharField(source="kind.label")
    words = serializers.CharField()


class ExcludedSerializer(serializers.Serializer):
    reviewer = serializers.SerializerMethodField()
    reviewer_name = serializers.SerializerMethodField()
    conflicts = serializers.SerializerMethodField()

    def get_reviewer(self, pair) -> int:
        return pair[0].pk

    def get_reviewer_name(self, pair) -> str:
        return pair[0].name

    def get_conflicts(self, pair) -> list[dict]:
        return ConflictSerializer(pair[1], many=True).data


class PlanSerializer(serializers.Serializer):
    """For one item: whom the system proposes, who else could, who may not, and how many are missing."""

    entry = serializers.UUIDField(source="entry.pk")
    need_number = serializers.CharField(source="entry.need.number")
    solution = serializers.SerializerMethodField()
    number = serializers.SerializerMethodField()
    wanted = serializers.IntegerField()
    assigned = serializers.SerializerMethodField()
    missing = serializers.IntegerField()
    proposed = CandidateSerializer(many=True)
    others = CandidateSerializer(many=True)
    excluded = ExcludedSerializer(many=True)

    @extend_schema_field(serializers.UUIDField(allow_null=True))
    def get_solution(self, plan):
        return plan.item.pk if isinstance(plan.item, Solution) else None

    def get_number(self, plan) -> str:
        return number_of(plan.item)

    def get_assigned(self, plan) -> int:
        return len(plan.reviews)


class WaiverSerializer(serializers.ModelSerializer):
    """An administrator's waiver; on the page of the challenge it stands without the expert's name."""

    user_name = serializers.CharField(source="user.name", read_only=True)

    class Meta:
        model = Waiver
        fields = ["id", "entry", "solution", "user", "user_name", "kinds", "reason", "created_at"]
        read_only_fields = fields


class WaiverInput(ItemInput):
    user = PersonField()
    reason = serializers.CharField(max_length=300)

    def create(self, validated_data):
        return waive_conflicts(actor=self.context["request"].user, **validated_data)


class SheetSerializer(serializers.Serializer):
    """One locked review, without its reviewer."""

    total = serializers.DecimalField(max_digits=6, decimal_places=3)
    points = serializers.ListField(child=serializers.DecimalField(max_digits=5, decimal_places=1))
    reasons = serializers.ListField(child=serializers.CharField())
    comment = serializers.CharField(source="review.comment")


class NamedSheetSerializer(SheetSerializer):
    reviewer_name = serializers.CharField(source="review.reviewer.name")
    is_outlier = serializers.BooleanField()


class CriterionSerializer(serializers.Serializer):
    name = serializers.CharField()
    weight = serializers.IntegerField()


class EntryResultSerializer(serializers.Serializer):
    """The scores of one item; points and reasons are in the order of the criteria."""

    entry = serializers.UUIDField(source="entry.pk")
    need_number = serializers.CharField(source="entry.need.number")
    status = serializers.CharField(source="item.status")
    status_display = serializers.CharField(source="item.get_status_display")
    mean = serializers.DecimalField(max_digits=6, decimal_places=2, allow_null=True)
    means = serializers.ListField(child=serializers.DecimalField(max_digits=6, decimal_places=2))
    sheets = SheetSerializer(many=True)


class RankedResultSerializer(EntryResultSerializer):
    solution = serializers.SerializerMethodField()
    number = serializers.CharField()
    rank = serializers.IntegerField(allow_null=True)
    place = serializers.IntegerField(allow_null=True, help_text="在同一项目里的名次。")
    wanted = serializers.IntegerField()
    spread = serializers.DecimalField(max_digits=6, decimal_places=2, allow_null=True)
    sheets = NamedSheetSerializer(many=True)

    @extend_schema_field(serializers.UUIDField(allow_null=True))
    def get_solution(self, result):
        return result.item.pk if isinstance(result.item, Solution) else None


class ResultsSerializer(serializers.Serializer):
    challenge = serializers.UUIDField()
    rules = serializers.ListField(child=serializers.CharField())
    criteria = CriterionSerializer(many=True)
    ranked = RankedResultSerializer(many=True)
    unscored = RankedResultSerializer(many=True)


class OwnResultSerializer(serializers.Serializer):
    criteria = CriterionSerializer(many=True)
    result = EntryResultSerializer()
