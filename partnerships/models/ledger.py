"""需求台账: every problem of an enterprise with one who answers for it, and a day by which it is to be done."""

from datetime import timedelta
from uuid import UUID

from django.db import models
from django.db.models import Case, F, Prefetch, Q, Value, When
from django.urls import reverse
from django.utils import timezone

from accounts.models import Organisation, User
from core.models import TimestampedModel, TracedModel
from needs.models import Need
from partnerships.enums import UNDONE, ExtensionStatus, LedgerCategory, LedgerSource
from partnerships.enums import LedgerStatus as S

DUE_SOON = timedelta(days=7)
NUMBER = "TZ-"


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
        return self.filter(self._full_sight(user) | answers)

    def overseen_by(self, user):
        return self.filter(self._overseen(user)) if user.is_authenticated else self.none()

    def names_enterprise_to(self, user):
        """Of the visible entries those that name the enterprise without asking what its need discloses."""
        return self.filter(Q(need__isnull=True) | self._full_sight(user)) if user.is_authenticated else self.none()

    def numbered(self, number: str):
        """The entries with this 台账编号: one, none, or in a very long life two."""
        digits = number.strip().upper().removeprefix(NUMBER)
        try:
            first, last = UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "F"))
        except ValueError:
            return self.none()
        return self.filter(pk__range=(first, last)) if len(digits) == 8 else self.none()

    def overdue(self):
        return self.filter(status__in=UNDONE, due_on__lt=timezone.localdate())

    def duties_of(self, user):
        """What this very person has to see to and has not done yet."""
        return self.visible_to(user).filter(person=user, status__in=UNDONE) if user.is_authenticated else self.none()

    def due_soon(self):
        today = timezone.localdate()
        return self.filter(status__in=UNDONE, due_on__range=(today, today + DUE_SOON))

    def asked(self):
        """问需清单: what was asked and nobody has taken up."""
        return self.filter(responsible__isnull=True)

    def taken_up(self):
        """对接清单: what somebody answers for."""
        return self.filter(responsible__isnull=False)

    def urgent_first(self):
        """What is to be done by its date, then what waits for a word, then what is finished; the oldest first."""
        turns = [
            When(status__in=UNDONE, then=Value(0)),
            When(status=S.DONE_PENDING, then=Value(1)),
            When(status=S.CONFIRMED, then=Value(2)),
        ]
        place = Case(*turns, default=Value(3))
        return self.order_by(place, F("due_on").asc(nulls_last=True), "raised_on", "created_at", "pk")

    def for_list(self):
        return self.select_related("enterprise", "responsible", "person").prefetch_related(
            Prefetch("need", Need.objects.for_list()), "extensions__asked_by"
        )

    @classmethod
    def _full_sight(cls, user) -> Q:
        return Q(enterprise__in=user.organisation_ids) | cls._overseen(user)

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
        indexes = [models.Index(name="ledger_status_due", fields=["status", "due_on"])]
        constraints = [
            models.CheckConstraint(
                name="ledger_assigned_as_a_whole",
                condition=Q(
                    status__in=[S.OPEN, S.CANCELLED], responsible__isnull=True, person__isnull=True, due_on__isnull=True
                )
                | (~Q(status=S.OPEN) & Q(responsible__isnull=False, person__isnull=False, due_on__isnull=False)),
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
        return f"{NUMBER}{self.pk.hex[:8].upper()}"

    @property
    def days_overdue(self) -> int:
        """For how many days it should have been done; 0 while there is time, and once it is done."""
        if self.status not in UNDONE or self.due_on is None:
            return 0
        return max(0, (timezone.localdate() - self.due_on).days)

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
    note = models.TextField("答复", max_length=1000, blank=True, editable=False)
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


class LedgerImportQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Everyone sees what they uploaded themselves."""
        return self.filter(author=user) if user.is_authenticated else self.none()


class LedgerImport(TimestampedModel):
    """A filled-in sheet that somebody uploaded; its rows touch the ledger when they are confirmed."""

    author = models.ForeignKey(User, models.CASCADE, related_name="+", editable=False, verbose_name="上传人")
    file_name = models.CharField("文件名", max_length=200, editable=False)
    rows = models.JSONField("各行", default=list, editable=False)
    applied_at = models.DateTimeField("写入时间", null=True, editable=False)
    effects = models.JSONField("结果", default=dict, editable=False)

    objects = LedgerImportQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "台账导入"
        ordering = ["-created_at"]

    def __str__(self):
        return self.file_name

    def get_absolute_url(self):
        return reverse("partnerships:ledger_import_detail", args=[self.pk])
