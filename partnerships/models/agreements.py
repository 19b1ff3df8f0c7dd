"""What the two sides agree on, what came of it, and the story told of it."""

from decimal import Decimal

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import BigIntegerField, Count, F, Q, Sum
from django.db.models.functions import Cast, Round
from django.urls import reverse

from accounts.models import User
from core.enums import Level
from core.models import TimestampedModel, TracedModel
from matching.enums import Verdict
from needs.models import Need
from partnerships.enums import AgreementKind, CaseStatus, Mark, Stage
from partnerships.enums import AgreementStatus as S
from partnerships.models.dockings import Docking, DockingFile

MONEY = {"max_digits": 14, "decimal_places": 2, "null": True, "blank": True}
AMOUNTS = ("intent_amount", "contract_amount", "paid_amount")
COUNTED = frozenset({S.EFFECTIVE, S.COMPLETED})


# Summed in whole 分: SQLite would add the amounts as floats.
CENTS = {name: Sum(Cast(Round(F(name) * 100), BigIntegerField()), default=0) for name in AMOUNTS}


class OfDockingQuerySet(models.QuerySet):
    """Records that belong to a docking are seen by whoever may read what is in it."""

    def visible_to(self, user):
        return self.filter(docking__in=Docking.objects.readable_by(user).values("pk"))


class AgreementQuerySet(OfDockingQuerySet):
    def counted(self):
        """Agreements that count in figures: both sides have confirmed them."""
        return self.filter(status__in=COUNTED)

    def totals(self) -> dict:
        """The sums of the counted agreements, each amount apart, in 元."""
        return _in_yuan(self.counted().aggregate(**CENTS))

    def totals_by(self, key) -> dict[str, dict]:
        """For each value of the expression `key` the number of counted agreements and their sums."""
        found = self.counted().order_by().values(key=key).annotate(count=Count("pk"), **CENTS)
        return {row["key"]: {"count": row["count"], **_in_yuan(row)} for row in found}

    def overseen_by(self, user):
        """The agreements on needs of the regions this person organises."""
        return self.filter(docking__need__in=Need.objects.overseen_by(user).values("pk"))

    def for_list(self):
        return self.select_related(
            "docking__need__organisation", "docking__institute", "docking__steward", "file"
        ).prefetch_related("docking__need__grants", "docking__need__lines")


def _in_yuan(cents: dict) -> dict[str, Decimal]:
    return {name: Decimal(cents[name]) / 100 for name in AMOUNTS}


class Agreement(TracedModel):
    """An intent or a contract; what was confirmed is changed only by a new version that both confirm again."""

    docking = models.ForeignKey(Docking, models.PROTECT, related_name="agreements", verbose_name="对接")
    kind = models.CharField("协议类型", max_length=20, choices=AgreementKind, default=AgreementKind.SERVICE)
    title = models.CharField("协议名称", max_length=120)
    intent_amount = models.DecimalField("意向金额（元）", **MONEY)
    contract_amount = models.DecimalField("合同金额（元）", **MONEY)
    paid_amount = models.DecimalField("已付金额（元）", **MONEY)
    signed_on = models.DateField("签订日期", null=True, blank=True)
    valid_until = models.DateField("期限至", null=True, blank=True)
    property_terms = models.TextField("知识产权约定", max_length=2000, blank=True)
    file = models.ForeignKey(
        DockingFile, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="协议文件"
    )
    replaces = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="replaced_by", verbose_name="替代的版本"
    )
    author = models.ForeignKey(User, models.PROTECT, related_name="+", editable=False, verbose_name="起草人")
    status = models.CharField("状态", max_length=24, choices=S, default=S.DRAFTED, editable=False)
    enterprise_confirmed_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", editable=False, verbose_name="企业确认人"
    )
    provider_confirmed_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", editable=False, verbose_name="机构确认人"
    )
    confirmed_at = models.DateTimeField("双方确认时间", null=True, editable=False)

    objects = AgreementQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "协议"
        ordering = ["-created_at", "pk"]
        constraints = [
            *(
                models.CheckConstraint(
                    name=f"agreement_{name}_not_negative",
                    condition=Q(**{f"{name}__isnull": True}) | Q(**{f"{name}__gte": 0}),
                    violation_error_message="金额不能为负。",
                )
                for name in AMOUNTS
            ),
            models.CheckConstraint(
                name="agreement_dates_ordered",
                condition=Q(signed_on__isnull=True) | Q(valid_until__isnull=True) | Q(signed_on__lte=F("valid_until")),
                violation_error_message="期限不能早于签订日期。",
            ),
            models.CheckConstraint(
                name="agreement_counts_when_confirmed",
                condition=~Q(status__in=sorted(COUNTED))
                | Q(
                    enterprise_confirmed_by__isnull=False,
                    provider_confirmed_by__isnull=False,
                    confirmed_at__isnull=False,
                ),
            ),
        ]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("partnerships:agreement_detail", args=[self.pk])

    @property
    def need(self) -> Need:
        return self.docking.need

    @property
    def institute_id(self):
        return self.docking.institute_id

    @property
    def counts(self) -> bool:
        return self.status in COUNTED


class AcceptanceQuerySet(OfDockingQuerySet):
    def confirmed(self):
        """What both sides have brought to the stage of acceptance."""
        return self.filter(docking__status__in=[Stage.ACCEPTANCE, Stage.CLOSED])

    def evidence_for(self, user):
        """What was accepted, as far as this user may know of it: on public needs, and what one may read anyway.

        Of confidential needs not even the number is told.
        """
        public = Need.objects.visible_to(AnonymousUser()).filter(level=Level.PUBLIC)
        readable = Docking.objects.readable_by(user)
        return self.confirmed().filter(Q(docking__need__in=public.values("pk")) | Q(docking__in=readable.values("pk")))

    def for_list(self):
        return self.select_related(
            "docking__need__organisation", "docking__institute", "docking__steward"
        ).prefetch_related("lines", "docking__need__grants", "docking__need__lines")


class Acceptance(TracedModel):
    """What was delivered against what was required, and what both sides think of it."""

    docking = models.OneToOneField(Docking, models.PROTECT, related_name="acceptance", verbose_name="对接")
    accepted_on = models.DateField("验收日期")
    conclusion = models.TextField("验收结论", max_length=4000)
    author = models.ForeignKey(User, models.PROTECT, related_name="+", editable=False, verbose_name="填写人")
    enterprise_mark = models.PositiveSmallIntegerField("企业评分", choices=Mark, null=True, blank=True)
    enterprise_words = models.TextField("企业评语", max_length=1000, blank=True)
    provider_mark = models.PositiveSmallIntegerField("机构评分", choices=Mark, null=True, blank=True)
    provider_words = models.TextField("机构评语", max_length=1000, blank=True)

    objects = AcceptanceQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "验收"
        ordering = ["-accepted_on", "pk"]

    def __str__(self):
        return f"{self.docking} {self.accepted_on}"

    @property
    def need(self) -> Need:
        return self.docking.need

    @property
    def institute_id(self):
        return self.docking.institute_id


class AcceptanceLine(TimestampedModel):
    """The achieved uncertainty of one measurement line against the required one, as the engine judges it."""

    acceptance = models.ForeignKey(Acceptance, models.CASCADE, related_name="lines", verbose_name="验收")
    position = models.PositiveIntegerField("序号", default=0)
    label = models.CharField("被测对象与参量", max_length=300)
    range_text = models.CharField("范围", max_length=300, blank=True)
    required_text = models.CharField("要求", max_length=300, blank=True)
    achieved_text = models.CharField("达到的不确定度", max_length=300)
    verdict = models.CharField("判定", max_length=10, choices=Verdict, editable=False)
    sentence = models.TextField("判定说明", blank=True, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = "验收指标"
        ordering = ["position", "created_at"]

    def __str__(self):
        return f"{self.label} {self.achieved_text}"


class CaseStudyQuerySet(models.QuerySet):
    def published(self):
        return self.filter(status=CaseStatus.PUBLISHED)

    def visible_to(self, user):
        """Everyone sees published cases; those who see the docking see the draft."""
        dockings = Docking.objects.readable_by(user).values("pk")
        return self.filter(Q(status=CaseStatus.PUBLISHED) | Q(docking__in=dockings))

    def for_list(self):
        return self.select_related(
            "docking__need__organisation", "docking__institute", "docking__steward"
        ).prefetch_related("docking__acceptance__lines", "docking__need__grants", "docking__need__lines")


class CaseStudy(TracedModel):
    """典型案例: how a need was met, told in words that both sides agreed to publish."""

    docking = models.OneToOneField(Docking, models.PROTECT, related_name="case", verbose_name="对接")
    title = models.CharField("案例标题", max_length=120)
    problem = models.TextField("遇到的问题", max_length=4000)
    solution = models.TextField("解决办法", max_length=4000)
    benefit = models.TextField("取得的成效", max_length=4000)
    enterprise_name = models.CharField("对外显示的企业名称", max_length=120, blank=True)
    shows_figures = models.BooleanField("展示验收达到的不确定度", default=False)
    author = models.ForeignKey(User, models.PROTECT, related_name="+", editable=False, verbose_name="撰写人")
    status = models.CharField("状态", max_length=24, choices=CaseStatus, default=CaseStatus.DRAFTED, editable=False)
    published_at = models.DateTimeField("发布时间", null=True, editable=False)

    objects = CaseStudyQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "典型案例"
        ordering = ["-published_at", "-created_at", "pk"]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("partnerships:case_detail", args=[self.pk])

    @property
    def enterprise_display(self) -> str:
        """The name the enterprise chose to be called by."""
        return self.enterprise_name.strip() or "一家企业"

    @property
    def need(self) -> Need:
        return self.docking.need

    @property
    def institute_id(self):
        return self.docking.institute_id
