"""The event: who runs it, when each phase is, and by what its items are scored."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from accounts.models import Organisation, User
from challenges.enums import ChallengeStatus, Phase, ReviewStage
from core.models import TimestampedModel, TracedModel
from core.regions import NATIONWIDE, region_label

LEAST_REVIEWS = 3


class ChallengeQuerySet(models.QuerySet):
    def run_by(self, user):
        """The challenges this person helps to run; administrators run all."""
        if not user.is_authenticated:
            return self.none()
        if user.is_superuser:
            return self
        bodies = [body.pk for body in user.authorities]
        return self.filter(pk__in=self.filter(Q(organiser__in=bodies) | Q(co_organisers__in=bodies)).values("pk"))

    def visible_to(self, user):
        """Everyone sees a challenge once its call is out; its organisers see the draft."""
        return self.filter(~Q(status=ChallengeStatus.DRAFT) | Q(pk__in=self.run_by(user).values("pk")))

    def for_list(self):
        return self.select_related("organiser").prefetch_related("windows", "co_organisers")


class Challenge(TracedModel):
    """One event, from its call to its tracking."""

    name = models.CharField("赛事名称", max_length=120)
    organiser = models.ForeignKey(Organisation, models.PROTECT, related_name="challenges", verbose_name="主办单位")
    co_organisers = models.ManyToManyField(
        Organisation, blank=True, related_name="co_organised", verbose_name="协办单位"
    )
    regions = models.JSONField("面向地区", default=list, blank=True, help_text="GB/T 2260 代码；空表示全国。")
    theme = models.CharField("主题", max_length=200, blank=True)
    rules_text = models.TextField("赛事规则", max_length=20_000, blank=True)
    reviews_per_item = models.PositiveSmallIntegerField(
        "每项评审人数", default=LEAST_REVIEWS, validators=[MinValueValidator(LEAST_REVIEWS), MaxValueValidator(9)]
    )
    is_anonymous = models.BooleanField("匿名评审", default=True)
    status = models.CharField(
        "阶段", max_length=20, choices=ChallengeStatus, default=ChallengeStatus.DRAFT, editable=False
    )
    author = models.ForeignKey(User, models.PROTECT, related_name="+", editable=False, verbose_name="创建人")
    copied_from = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="+", editable=False, verbose_name="复制自"
    )

    objects = ChallengeQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "挑战赛"
        ordering = ["-created_at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="challenge_has_enough_reviews",
                condition=Q(reviews_per_item__gte=LEAST_REVIEWS),
                violation_error_message=f"每项至少由 {LEAST_REVIEWS} 位专家评审。",
            )
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("challenges:challenge_detail", args=[self.pk])

    @property
    def regions_display(self) -> str:
        return "、".join(map(region_label, self.regions)) or NATIONWIDE

    @property
    def body_ids(self) -> set:
        """The ids of the bodies that run it or help."""
        return {self.organiser_id, *self.co_organisers.values_list("pk", flat=True)}

    def window(self, phase: str) -> "PhaseWindow | None":
        """The window of a phase; uses what was prefetched."""
        return next((window for window in self.windows.all() if window.phase == phase), None)

    def is_open(self, phase: str) -> bool:
        """Whether the challenge is in this phase and its window is open now."""
        window = self.window(phase)
        return self.status == phase and window is not None and window.is_open


class PhaseWindow(TimestampedModel):
    """When a phase is, by the clock of the server; the end may be put off once."""

    challenge = models.ForeignKey(Challenge, models.CASCADE, related_name="windows", verbose_name="挑战赛")
    phase = models.CharField("阶段", max_length=20, choices=Phase)
    opens_at = models.DateTimeField("开始时间")
    closes_at = models.DateTimeField("截止时间")
    first_closes_at = models.DateTimeField("原截止时间", null=True, editable=False)
    extension_reason = models.CharField("延期理由", max_length=300, blank=True, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = "阶段时间"
        ordering = ["opens_at"]
        constraints = [
            models.UniqueConstraint(name="phase_once", fields=["challenge", "phase"]),
            models.CheckConstraint(
                name="phase_ordered",
                condition=Q(opens_at__lt=F("closes_at")),
                violation_error_message="截止时间必须晚于开始时间。",
            ),
            models.CheckConstraint(
                name="phase_only_put_off",
                condition=Q(first_closes_at__isnull=True) | Q(first_closes_at__lt=F("closes_at")),
                violation_error_message="延期后的截止时间必须晚于原截止时间。",
            ),
        ]

    def __str__(self):
        return f"{self.get_phase_display()} {timezone.localtime(self.closes_at):%Y-%m-%d %H:%M}"

    @property
    def is_open(self) -> bool:
        """From the beginning on, and up to the end but not at it."""
        return self.opens_at <= timezone.now() < self.closes_at

    @property
    def is_over(self) -> bool:
        return timezone.now() >= self.closes_at


class Criterion(TimestampedModel):
    """One thing that reviewers score, with its share of the whole."""

    challenge = models.ForeignKey(Challenge, models.CASCADE, related_name="criteria", verbose_name="挑战赛")
    stage = models.CharField("用于", max_length=20, choices=ReviewStage)
    name = models.CharField("评审指标", max_length=40)
    weight = models.PositiveSmallIntegerField("权重", validators=[MinValueValidator(1), MaxValueValidator(100)])
    guidance = models.CharField("评分说明", max_length=300, blank=True)
    position = models.PositiveSmallIntegerField("序号", default=0)

    class Meta:
        verbose_name = verbose_name_plural = "评审指标"
        ordering = ["stage", "position", "created_at"]
        constraints = [
            models.UniqueConstraint(
                name="criterion_once",
                fields=["challenge", "stage", "name"],
                violation_error_message="同一环节里不能有同名的评审指标。",
            )
        ]

    def __str__(self):
        return f"{self.name} {self.weight}"
