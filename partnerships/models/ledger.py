"""需求台账: every problem of an enterprise with one who answers for it, and a day by which it is to be done."""

from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accounts.models import Organisation, User
from core.models import TimestampedModel, TracedModel
from needs.models import Need
from partnerships.enums import ExtensionStatus, LedgerCategory, LedgerSource
from partnerships.enums import LedgerStatus as S

UNDONE = frozenset({S.OPEN, S.ASSIGNED, S.IN_PROGRESS})
DUE_SOON = timedelta(days=7)


class LedgerQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Entries of one's enterprise, of the regions one organises, and those one's organisation answers for.

        Who answers for an entry on a need sees it only while the need itself may be known to them.
        """
        if not user.is_authenticated:
            return self.none()
        answers = Q(responsible__in=user.organisation_ids) & (
            Q(need__isnull=True) | Q(need__in=Need.objects.visible_to(user).values("pk"))
        )
        return self.filter(Q(enterprise__in=user.organisation_ids) | self._overseen(user) | answers)

    def overseen_by(self, user):
        return self.filter(self._overseen(user)) if user.is_authenticated else self.none()

    def overdue(self):
        return self.filter(status__in=UNDONE, due_on__lt=timezone.localdate())

    def due_soon(self):
        today = timezone.localdate()
        return self.filter(status__in=UNDONE, due_on__range=(today, today + DUE_SOON))

    def asked(self):
        """问需清单: what was asked and nobody has taken up."""
        return self.filter(status=S.OPEN)

    def taken_up(self):
        """对接清单: what somebody answers for."""
        return self.exclude(status=S.OPEN)

    def for_list(self):
        return self.select_related("enterprise", "responsible", "person", "need__organisation")

    @staticmethod
    def _overseen(user) -> Q:
        return user.in_charge_of("enterprise__region") if user.is_organiser else Q(pk__in=[])


class LedgerEntry(TracedModel):
    """One problem of one enterprise."""

    enterprise = models.ForeignKey(Organisation, models.PROTECT, related_name="ledger", verbose_name="企业")
    need = models.OneToOneField(
        Need, models.PROTECT, null=True, blank=True, related_name="ledger_entry", verbose_name="平台需求"
    )
    title = models.CharField("问题", max_length=120)
    description = models.TextField("说明", max_length=4000, blank=True)
    category = models.CharField("类别", max_length=20, choices=LedgerCategory, default=LedgerCategory.MEASUREMENT)
    source = models.CharField("来源", max_length=10, choices=LedgerSource, default=LedgerSource.VISIT)
    raised_on = models.DateField("提出日期", default=timezone.localdate)
    responsible = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="duties", verbose_name="责任单位"
    )
    person = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="duties", verbose_name="责任人"
    )
    due_on = models.DateField("完成时限", null=True, blank=True)
    result = models.TextField("办理结果", max_length=4000, blank=True)
    escalated_at = models.DateTimeField("升级时间", null=True, editable=False)
    author = models.ForeignKey(User, models.PROTECT, related_name="+", editable=False, verbose_name="登记人")
    status = models.CharField("状态", max_length=20, choices=S, default=S.OPEN, editable=False)

    objects = LedgerQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "需求台账"
        ordering = ["due_on", "created_at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="ledger_assigned_as_a_whole",
                condition=Q(status=S.OPEN) | Q(responsible__isnull=False, person__isnull=False, due_on__isnull=False),
                violation_error_message="分派时须写明责任单位、责任人和完成时限。",
            )
        ]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("partnerships:ledger_detail", args=[self.pk])

    @property
    def number(self) -> str:
        """台账编号: short enough for the telephone, and no count of anything."""
        return f"TZ-{self.pk.hex[:8].upper()}"

    @property
    def is_overdue(self) -> bool:
        return self.status in UNDONE and self.due_on is not None and self.due_on < timezone.localdate()

    @property
    def is_due_soon(self) -> bool:
        today = timezone.localdate()
        return self.status in UNDONE and self.due_on is not None and today <= self.due_on <= today + DUE_SOON


class Extension(TimestampedModel):
    """More time for an entry: who asks why, and who allows it."""

    entry = models.ForeignKey(LedgerEntry, models.CASCADE, related_name="extensions", verbose_name="台账")
    due_on = models.DateField("延期至")
    reason = models.TextField("延期理由", max_length=1000)
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+", editable=False, verbose_name="申请人")
    status = models.CharField(
        "状态", max_length=10, choices=ExtensionStatus, default=ExtensionStatus.REQUESTED, editable=False
    )
    decided_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", editable=False, verbose_name="批准人"
    )
    decided_at = models.DateTimeField("批准时间", null=True, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = "延期"
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(
                name="one_extension_at_a_time", fields=["entry"], condition=Q(status=ExtensionStatus.REQUESTED)
            )
        ]

    def __str__(self):
        return f"{self.entry} → {self.due_on}"
