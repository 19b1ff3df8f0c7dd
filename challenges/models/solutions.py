"""Solutions to items of the board: written by an institute, sealed price apart, admitted, decided on, followed up."""

from decimal import Decimal

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from accounts.models import Organisation, User
from challenges.enums import ChallengeStatus, FollowUpState, Outcome, Phase
from challenges.enums import SolutionStatus as S
from challenges.models.challenges import Challenge, PhaseWindow
from challenges.models.entries import Entry
from core.files import StoredFile
from core.models import TimestampedModel, TracedModel
from matching.enums import Verdict
from partnerships.models import Agreement, Docking
from providers.models import Capability

# What a solution says, part by part, in the order of the form.
PARTS = ("title", "team", "approach", "foundation", "plan", "property_rights", "risks")
# Handed in and not taken back.
IN_CONTEST = frozenset(set(S) - {S.DRAFT, S.WITHDRAWN})
# Admitted, whatever became of it.
JUDGED = IN_CONTEST - {S.SUBMITTED, S.NOT_ADMITTED}


class SolutionQuerySet(models.QuerySet):
    def visible_to(self, user):
        """One's own, those one is asked to join, and for who runs the challenge those handed in, after the deadline."""
        if not user.is_authenticated:
            return self.none()
        joined = Q(co_applicants__organisation__in=user.provider_ids)
        run = Q(pk__in=self.handed_in_to(user).values("pk"))
        seen = self.filter(Q(organisation__in=user.provider_ids) | joined | run)
        return self.filter(pk__in=seen.values("pk"))

    def handed_in_to(self, user):
        """The solutions that who runs the challenge reads; before the deadline there are none."""
        over = PhaseWindow.objects.filter(phase=Phase.SOLVING, closes_at__lte=timezone.now())
        run = Challenge.objects.run_by(user).filter(pk__in=over.values("challenge"))
        # Of a challenge that was called off nothing is opened.
        run = run.exclude(status=ChallengeStatus.CANCELLED)
        return self.filter(status__in=IN_CONTEST, entry__challenge__in=run.values("pk"))

    def in_contest(self):
        return self.filter(status__in=IN_CONTEST)

    def judged(self):
        """Those that were admitted."""
        return self.filter(status__in=JUDGED)

    def signed(self):
        """The selected ones on whose docking both sides have confirmed an agreement."""
        return self.filter(status=S.SELECTED, docking__in=Agreement.objects.counted().values("docking"))

    def for_list(self):
        return self.select_related("entry__challenge", "entry__need", "organisation", "decision").prefetch_related(
            "co_applicants__organisation", "entry__challenge__windows"
        )


class Solution(TracedModel):
    """One institute's answer to an item; who wrote it and what it costs are kept from the reviewers."""

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="solutions", verbose_name="榜单项目")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="solutions", verbose_name="揭榜单位")
    author = models.ForeignKey(User, models.PROTECT, related_name="+", editable=False, verbose_name="填写人")
    status = models.CharField("状态", max_length=20, choices=S, default=S.DRAFT, editable=False)
    title = models.CharField("方案名称", max_length=120, blank=True)
    team = models.TextField("承接团队", max_length=4000, blank=True)
    approach = models.TextField("技术路线", max_length=20_000, blank=True)
    foundation = models.TextField("已有基础", max_length=8000, blank=True)
    plan = models.TextField("计划与里程碑", max_length=8000, blank=True)
    property_rights = models.TextField("知识产权", max_length=2000, blank=True)
    risks = models.TextField("风险与对策", max_length=4000, blank=True)
    capability = models.ForeignKey(
        Capability, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="依托能力"
    )
    submitted_at = models.DateTimeField("提交时间", null=True, editable=False)
    draw_order = models.PositiveSmallIntegerField("出场顺序", null=True, editable=False)
    docking = models.OneToOneField(
        Docking, models.PROTECT, null=True, related_name="solution", editable=False, verbose_name="对接"
    )

    objects = SolutionQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "揭榜方案"
        ordering = ["entry__board_number", "created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="solution_once",
                fields=["entry", "organisation"],
                violation_error_message="贵单位对这个项目已有一份方案，请在原方案上修改。",
            ),
            models.CheckConstraint(
                name="solution_submitted_has_time",
                condition=Q(status__in=[S.DRAFT, S.WITHDRAWN]) | Q(submitted_at__isnull=False),
            ),
        ]

    def __str__(self):
        return self.title or self.number

    def get_absolute_url(self):
        return reverse("challenges:solution_detail", args=[self.pk])

    @property
    def number(self) -> str:
        """方案编号: no count of anything."""
        return f"FA-{self.pk.hex[:8].upper()}"

    @property
    def challenge(self) -> Challenge:
        return self.entry.challenge

    @property
    def bodies(self) -> list[Organisation]:
        """Who stands behind it: the applicant and those who have agreed to join."""
        joined = [each.organisation for each in self.co_applicants.all() if each.agreed_at]
        return [self.organisation, *joined]


class CoApplicant(TimestampedModel):
    """An institute that is to share the work; named in the contest once it has agreed."""

    solution = models.ForeignKey(Solution, models.CASCADE, related_name="co_applicants", verbose_name="方案")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name="联合单位")
    agreed_at = models.DateTimeField("同意时间", null=True, editable=False)
    agreed_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", editable=False, verbose_name="同意人"
    )

    class Meta:
        verbose_name = verbose_name_plural = "联合揭榜单位"
        ordering = ["created_at", "pk"]
        constraints = [models.UniqueConstraint(name="co_applicant_once", fields=["solution", "organisation"])]

    def __str__(self):
        return str(self.organisation)


class Promise(TimestampedModel):
    """One row of 指标响应表: what is promised for a line, on what ground, and what the engine says of it."""

    solution = models.ForeignKey(Solution, models.CASCADE, related_name="promises", verbose_name="方案")
    position = models.PositiveSmallIntegerField("序号", default=0)
    line = models.JSONField("指标行", default=dict, editable=False)
    promised_text = models.CharField("承诺值", max_length=120, blank=True)
    evidence = models.TextField("依据", max_length=1000, blank=True)
    verdict = models.CharField("与要求相比", max_length=10, choices=Verdict, default=Verdict.UNKNOWN, editable=False)
    sentence = models.TextField("判断", blank=True, editable=False)
    backing = models.CharField(
        "公开能力能否支撑", max_length=10, choices=Verdict, default=Verdict.UNKNOWN, editable=False
    )
    backing_sentence = models.TextField("公开能力的判断", blank=True, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = "指标响应"
        ordering = ["position"]
        constraints = [models.UniqueConstraint(name="promise_once", fields=["solution", "position"])]

    def __str__(self):
        return f"{self.position + 1} {self.promised_text}"


class SealedPrice(TimestampedModel):
    """A price that nobody reads before the opening: until then only the cipher is there."""

    solution = models.OneToOneField(Solution, models.CASCADE, related_name="price", verbose_name="方案")
    cipher = models.BinaryField("密文", editable=False)
    opened_at = models.DateTimeField("开启时间", null=True, editable=False)
    amount = models.DecimalField(
        "报价（元）",
        max_digits=14,
        decimal_places=2,
        null=True,
        editable=False,
        validators=[MinValueValidator(Decimal("0.01"), "报价必须大于 0。")],
    )

    class Meta:
        verbose_name = verbose_name_plural = "密封报价"
        constraints = [
            models.CheckConstraint(
                name="price_read_when_opened",
                condition=Q(opened_at__isnull=True, amount__isnull=True)
                | Q(opened_at__isnull=False, amount__isnull=False),
            )
        ]

    def __str__(self):
        return "已开启" if self.opened_at else "密封"


class SolutionFile(StoredFile):
    """An attachment of a solution."""

    solution = models.ForeignKey(Solution, models.CASCADE, related_name="files", verbose_name="方案")


class FinalsMark(TimestampedModel):
    """What one judge gave one solution on site, typed in by the organiser or read from a sheet."""

    solution = models.ForeignKey(Solution, models.PROTECT, related_name="finals_marks", verbose_name="方案")
    judge = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="评委")
    points = models.DecimalField("现场得分", max_digits=5, decimal_places=1)
    author = models.ForeignKey(User, models.PROTECT, related_name="+", editable=False, verbose_name="录入人")

    class Meta:
        verbose_name = verbose_name_plural = "现场得分"
        ordering = ["solution", "judge"]
        constraints = [
            models.UniqueConstraint(name="finals_mark_once", fields=["solution", "judge"]),
            models.CheckConstraint(
                name="finals_mark_within_points",
                condition=Q(points__gte=0, points__lte=100),
                violation_error_message="得分应在 0 到 100 之间。",
            ),
        ]

    def __str__(self):
        return f"{self.judge} {self.points}"


class Decision(TracedModel):
    """What becomes of an admitted solution: pending until all are released together."""

    solution = models.OneToOneField(Solution, models.PROTECT, related_name="decision", verbose_name="方案")
    outcome = models.CharField("结果", max_length=20, choices=Outcome)
    text = models.TextField("给揭榜单位的说明", max_length=4000, blank=True)
    author = models.ForeignKey(User, models.PROTECT, related_name="+", editable=False, verbose_name="拟定人")
    released_at = models.DateTimeField("公布时间", null=True, editable=False)
    amended_at = models.DateTimeField("更改时间", null=True, editable=False)
    amended_reason = models.CharField("更改理由", max_length=500, blank=True, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = "评定结果"
        ordering = ["solution__entry__board_number", "created_at", "pk"]

    def __str__(self):
        return self.get_outcome_display()


class ObjectionQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Whoever raised it, and who runs the challenge."""
        if not user.is_authenticated:
            return self.none()
        run = Q(challenge__in=Challenge.objects.run_by(user).values("pk"))
        return self.filter(Q(author=user) | run)


class Objection(TracedModel):
    """An objection raised while the decisions are on public notice, and the organiser's answer."""

    challenge = models.ForeignKey(Challenge, models.PROTECT, related_name="objections", verbose_name="挑战赛")
    entry = models.ForeignKey(
        Entry, models.PROTECT, null=True, blank=True, related_name="objections", verbose_name="榜单项目"
    )
    author = models.ForeignKey(User, models.PROTECT, related_name="+", editable=False, verbose_name="提出人")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name="提出单位")
    text = models.TextField("异议内容", max_length=4000)
    answer = models.TextField("答复", max_length=4000, blank=True)
    is_upheld = models.BooleanField("异议成立", null=True)
    answered_at = models.DateTimeField("答复时间", null=True, editable=False)
    answered_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", editable=False, verbose_name="答复人"
    )

    objects = ObjectionQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "公示异议"
        ordering = ["created_at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="objection_answered_as_a_whole",
                condition=Q(answered_at__isnull=True, is_upheld__isnull=True, answer="")
                | (Q(answered_at__isnull=False, is_upheld__isnull=False) & ~Q(answer="")),
            )
        ]

    def __str__(self):
        return self.text[:30]


class FollowUpQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Who may read the docking, and who runs the challenge."""
        if not user.is_authenticated:
            return self.none()
        dockings = Q(solution__docking__in=Docking.objects.readable_by(user).values("pk"))
        run = Q(solution__entry__challenge__in=Challenge.objects.run_by(user).values("pk"))
        return self.filter(dockings | run)

    def open(self):
        return self.filter(done_on__isnull=True)

    def open_first(self):
        return self.order_by(F("done_on").asc(nulls_first=True), "due_on", "solution__entry__board_number", "pk")

    def in_tracking(self):
        return self.filter(solution__entry__challenge__status=ChallengeStatus.TRACKING)

    def to_fill_by(self, user):
        """Those that this person has to see to: as steward after the pledge, or as who runs the challenge."""
        if not user.is_authenticated:
            return self.none()
        carried = Q(solution__docking__steward=user, solution__docking__steward_pledged_at__isnull=False)
        return self.filter(carried | Q(solution__entry__challenge__in=Challenge.objects.run_by(user).values("pk")))

    def for_list(self):
        return self.select_related(
            "author", "solution__docking__steward", "solution__organisation", "solution__entry__challenge__organiser"
        ).prefetch_related("solution__entry__challenge__co_organisers")


class FollowUp(TracedModel):
    """What has become of a signed solution after so many months, asked of its steward."""

    solution = models.ForeignKey(Solution, models.PROTECT, related_name="follow_ups", verbose_name="方案")
    months = models.PositiveSmallIntegerField("签约后月数")
    due_on = models.DateField("应跟踪日期")
    done_on = models.DateField("跟踪日期", null=True, blank=True)
    state = models.CharField("进展", max_length=20, choices=FollowUpState, blank=True)
    text = models.TextField("情况说明", max_length=4000, blank=True)
    author = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False, verbose_name="填写人")

    objects = FollowUpQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "跟踪"
        ordering = ["due_on", "solution__entry__board_number", "pk"]
        constraints = [
            models.UniqueConstraint(name="follow_up_once", fields=["solution", "months"]),
            models.CheckConstraint(
                name="follow_up_done_as_a_whole",
                condition=Q(done_on__isnull=True) | (~Q(state="") & ~Q(text="") & Q(author__isnull=False)),
            ),
        ]

    def __str__(self):
        return f"{self.months} 个月"

    @property
    def challenge(self) -> Challenge:
        return self.solution.entry.challenge

    @property
    def days_overdue(self) -> int:
        """For how many days, of Shanghai, it should have been filled in; 0 while there is time, and once it is."""
        return 0 if self.done_on else max(0, (timezone.localdate() - self.due_on).days)

    @property
    def overdue_words(self) -> str:
        return f"逾期 {self.days_overdue} 天"
