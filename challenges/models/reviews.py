"""Who scores what: experts, what binds them to others, and their reviews."""

from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator, StepValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse

from accounts.models import Organisation, User
from challenges.enums import Phase, ReviewStage
from challenges.enums import ReviewStatus as S
from challenges.models.challenges import Challenge, Criterion
from challenges.models.entries import Entry
from challenges.models.solutions import Solution
from core.models import TimestampedModel, TracedModel

MAX_POINTS = 100
POINT_STEP = Decimal("0.5")
STANDING = frozenset({S.ASSIGNED, S.DRAFTING, S.LOCKED})
# When each kind of item is reviewed.
PHASE_OF = {ReviewStage.SCREENING: Phase.SCREENING, ReviewStage.SOLUTION: Phase.REVIEWING}


class ExpertProfile(TimestampedModel):
    """What an expert knows about."""

    user = models.OneToOneField(User, models.CASCADE, related_name="expert_profile", verbose_name="专家")
    disciplines = models.JSONField("计量专业", default=list, blank=True)
    expertise = models.TextField("研究方向与专长", max_length=2000, blank=True)
    title = models.CharField("职称", max_length=40, blank=True)
    workplace = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="工作单位"
    )

    class Meta:
        verbose_name = verbose_name_plural = "专家资料"
        ordering = ["user__name"]

    def __str__(self):
        return str(self.user)


class Declaration(TimestampedModel):
    """A tie to an organisation that the expert has declared."""

    user = models.ForeignKey(User, models.CASCADE, related_name="declarations", verbose_name="专家")
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="+", verbose_name="有关单位")
    note = models.CharField("关系说明", max_length=200)

    class Meta:
        verbose_name = verbose_name_plural = "利益关系申报"
        ordering = ["created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="declaration_once",
                fields=["user", "organisation"],
                violation_error_message="与这家单位的关系已经申报过。",
            )
        ]

    def __str__(self):
        return f"{self.user} – {self.organisation}"


class Waiver(TimestampedModel):
    """An administrator's word that a reviewer may score an item in spite of these kinds of tie; the reason is public.

    A tie of another kind that comes later is not covered.
    """

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="waivers", verbose_name="参赛需求")
    solution = models.ForeignKey(
        Solution, models.PROTECT, null=True, blank=True, related_name="waivers", verbose_name="揭榜方案"
    )
    user = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="专家")
    kinds = models.JSONField("豁免的冲突", default=list, editable=False)
    reason = models.CharField("公开理由", max_length=300)
    author = models.ForeignKey(User, models.PROTECT, related_name="+", editable=False, verbose_name="批准人")

    class Meta:
        verbose_name = verbose_name_plural = "利益冲突豁免"
        ordering = ["created_at", "pk"]
        constraints = [
            models.UniqueConstraint(name="waiver_once", fields=["entry", "user"], condition=Q(solution__isnull=True)),
            models.UniqueConstraint(name="waiver_of_solution_once", fields=["solution", "user"]),
        ]

    def __str__(self):
        return f"{self.user}：{self.reason}"


class ReviewQuerySet(models.QuerySet):
    def of_reviewer(self, user):
        """The reviews a person has to do or has done, and is still entrusted with."""
        return self.filter(reviewer=user, status__in=STANDING) if user.is_authenticated else self.none()

    def standing(self):
        return self.filter(status__in=STANDING)

    def locked(self):
        return self.filter(status=S.LOCKED)

    def with_item(self):
        """With what is reviewed, and with the bodies behind it."""
        return self.select_related(
            "entry__challenge",
            "entry__need__organisation",
            "solution__entry__challenge",
            "solution__entry__need__organisation",
            "solution__organisation",
            "reviewer",
        )

    def for_list(self):
        return self.with_item().prefetch_related(
            "scores__criterion", "entry__need__lines", "entry__challenge__windows", "entry__challenge__criteria"
        )

    def for_reading(self):
        """With all that the reviewer is shown, and all that is to be kept from them."""
        bodies = ("solution__organisation", "solution__co_applicants__organisation")
        known = [f"{body}__{known}" for body in bodies for known in ("memberships__user", "credentials")]
        shown = self.for_list().select_related("solution__author", "solution__price")
        return shown.prefetch_related("solution__promises", "solution__files", *known)


class Review(TracedModel):
    """One expert's scores for one item; its own id and a random label are all that the reviewer knows it by."""

    stage = models.CharField("环节", max_length=20, choices=ReviewStage, default=ReviewStage.SCREENING)
    entry = models.ForeignKey(Entry, models.PROTECT, related_name="reviews", verbose_name="参赛需求")
    solution = models.ForeignKey(
        Solution, models.PROTECT, null=True, blank=True, related_name="reviews", verbose_name="揭榜方案"
    )
    reviewer = models.ForeignKey(User, models.PROTECT, related_name="reviews", verbose_name="专家")
    label = models.CharField("盲评编号", max_length=6, default="", editable=False)
    status = models.CharField("状态", max_length=12, choices=S, default=S.ASSIGNED, editable=False)
    comment = models.TextField("总体意见", max_length=2000, blank=True)
    locked_at = models.DateTimeField("提交时间", null=True, editable=False)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "评审"
        ordering = ["created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="review_once",
                fields=["entry", "reviewer"],
                condition=Q(status__in=sorted(STANDING), solution__isnull=True),
                violation_error_message="这位专家已经在评审这一项。",
            ),
            models.UniqueConstraint(
                name="review_of_solution_once",
                fields=["solution", "reviewer"],
                condition=Q(status__in=sorted(STANDING)),
                violation_error_message="这位专家已经在评审这份方案。",
            ),
            models.CheckConstraint(
                name="review_of_stage",
                condition=Q(stage=ReviewStage.SCREENING, solution__isnull=True)
                | Q(stage=ReviewStage.SOLUTION, solution__isnull=False),
            ),
            models.UniqueConstraint(name="review_label_once", fields=["reviewer", "label"], condition=~Q(label="")),
            models.CheckConstraint(
                name="review_locked_has_time", condition=~Q(status=S.LOCKED) | Q(locked_at__isnull=False)
            ),
        ]

    def __str__(self):
        return f"{'需求' if self.stage == ReviewStage.SCREENING else '方案'} {self.label}"

    def get_absolute_url(self):
        return reverse("challenges:review_detail", args=[self.pk])

    @property
    def challenge(self) -> Challenge:
        return self.entry.challenge

    @property
    def phase(self) -> Phase:
        return PHASE_OF[ReviewStage(self.stage)]

    @property
    def item(self) -> Entry | Solution:
        """What is scored."""
        return self.solution or self.entry

    @property
    def total(self) -> Decimal | None:
        """The weighted points of 100; None while a criterion is not scored."""
        scores = [score for score in self.scores.all() if score.points is not None]
        weight = sum(score.criterion.weight for score in scores)
        return sum(score.points * score.criterion.weight for score in scores) / Decimal(100) if weight == 100 else None


class Score(TimestampedModel):
    """Points for one criterion, with the reason."""

    review = models.ForeignKey(Review, models.CASCADE, related_name="scores", verbose_name="评审")
    criterion = models.ForeignKey(Criterion, models.PROTECT, related_name="+", verbose_name="评审指标")
    points = models.DecimalField(
        "得分",
        max_digits=5,
        decimal_places=1,
        null=True,
        blank=True,
        validators=[
            MinValueValidator(0, "得分不能低于 0。"),
            MaxValueValidator(MAX_POINTS, f"得分不能高于 {MAX_POINTS}。"),
            StepValueValidator(POINT_STEP, "得分以 0.5 分为一档，请填写如 82 或 82.5。"),
        ],
    )
    reason = models.CharField("理由", max_length=500, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "得分"
        ordering = ["criterion__position", "pk"]
        constraints = [
            models.UniqueConstraint(name="score_once", fields=["review", "criterion"]),
            models.CheckConstraint(
                name="score_within_points",
                condition=Q(points__isnull=True) | Q(points__gte=0, points__lte=MAX_POINTS),
                violation_error_message="得分应在 0 到 100 之间。",
            ),
        ]

    def __str__(self):
        return f"{self.criterion.name} {self.points}"
