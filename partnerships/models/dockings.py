"""A docking: two sides on the way from a proposal to a result, carried by a steward."""

from datetime import timedelta

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from accounts.models import Organisation, User
from core.files import StoredFile
from core.models import TimestampedModel, TracedModel
from matching.models import Proposal
from needs.models import Need
from partnerships.enums import ContactKind, Side, Stage

ENDED = frozenset({Stage.CLOSED, Stage.FAILED})
STALE_AFTER = timedelta(days=21)


class DockingQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The dockings of one's enterprise, of one's institute, of one's regions, and those one is steward of."""
        return self._seen_by(user, Q(steward=user.pk))

    def readable_by(self, user):
        """The dockings whose agreements, messages and files one may read: a steward's only after the pledge."""
        return self._seen_by(user, Q(steward=user.pk, steward_pledged_at__isnull=False))

    def _seen_by(self, user, as_steward: Q):
        if not user.is_authenticated:
            return self.none()
        overseen = Q(need__in=Need.objects.overseen_by(user).values("pk"))
        sides = Q(need__organisation__in=user.organisation_ids) | Q(institute__in=user.provider_ids)
        return self.filter(sides | as_steward | overseen)

    def open(self):
        return self.exclude(status__in=ENDED)

    def ended(self):
        return self.filter(status__in=ENDED)

    def stale(self):
        """Open dockings that nobody has written a log for within three weeks."""
        return self.open().filter(last_contact_on__lt=timezone.localdate() - STALE_AFTER)

    def of_side(self, user, side: str):
        """The dockings in which this person acts for that side."""
        if not user.is_authenticated:
            return self.none()
        if side == Side.ENTERPRISE:
            return self.filter(need__organisation__in=user.organisation_ids)
        return self.filter(institute__in=user.provider_ids)

    def awaiting(self, user):
        """Open dockings in which this person has to answer whether the next stage is entered."""
        if not user.is_authenticated:
            return self.none()
        asked_by_provider = Q(asked_side=Side.PROVIDER, need__organisation__in=user.organisation_ids)
        asked_by_enterprise = Q(asked_side=Side.ENTERPRISE, institute__in=user.provider_ids)
        overseen = Q(need__in=Need.objects.overseen_by(user).values("pk"))
        carried = Q(steward=user, steward_pledged_at__isnull=False) | overseen
        is_overdue = Q(asked_due_on__lt=timezone.localdate())
        return self.open().filter(asked_by_provider | asked_by_enterprise | (is_overdue & carried))

    def for_list(self):
        return self.select_related(
            "need__organisation", "institute", "steward", "proposal__capability", "asked_by"
        ).prefetch_related("need__grants", "need__lines")


class Docking(TracedModel):
    """The common way of an enterprise and an institute; a stage is asked for by one side and confirmed by the other."""

    proposal = models.OneToOneField(Proposal, models.PROTECT, related_name="docking", verbose_name="匹配建议")
    need = models.ForeignKey(Need, models.PROTECT, related_name="dockings", verbose_name="需求")
    institute = models.ForeignKey(Organisation, models.PROTECT, related_name="dockings", verbose_name="机构")
    status = models.CharField("阶段", max_length=20, choices=Stage, default=Stage.EXCHANGE, editable=False)

    asked_stage = models.CharField("申请进入的阶段", max_length=20, choices=Stage, blank=True, editable=False)
    asked_side = models.CharField("申请方", max_length=10, choices=Side, blank=True, editable=False)
    asked_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", editable=False, verbose_name="申请人"
    )
    asked_reason = models.CharField("申请原因代码", max_length=20, blank=True, editable=False)
    asked_note = models.TextField("申请说明", blank=True, editable=False)
    asked_due_on = models.DateField("确认期限", null=True, editable=False)

    steward = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="stewarded", editable=False, verbose_name="技术管家"
    )
    steward_pledged_at = models.DateTimeField("管家承诺时间", null=True, editable=False)
    next_contact_on = models.DateField("下次联系日期", null=True, editable=False)
    last_contact_on = models.DateField("最近联系日期", default=timezone.localdate, editable=False)
    ended_at = models.DateTimeField("结束时间", null=True, editable=False)

    objects = DockingQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "对接"
        ordering = ["-created_at", "pk"]
        indexes = [models.Index(name="docking_steward_next", fields=["steward", "next_contact_on"])]
        constraints = [
            models.CheckConstraint(
                name="docking_asked_as_a_whole",
                condition=Q(asked_stage="", asked_side="", asked_by__isnull=True, asked_due_on__isnull=True)
                | (~Q(asked_stage="") & ~Q(asked_side="") & Q(asked_by__isnull=False, asked_due_on__isnull=False)),
            ),
            models.CheckConstraint(
                name="docking_pledge_has_steward",
                condition=Q(steward_pledged_at__isnull=True) | Q(steward__isnull=False),
            ),
        ]

    def __str__(self):
        return self.number

    def get_absolute_url(self):
        return reverse("partnerships:docking_detail", args=[self.pk])

    @property
    def number(self) -> str:
        """对接编号: short enough for the telephone, and no count of anything."""
        return f"DJ-{self.pk.hex[:8].upper()}"

    @property
    def is_open(self) -> bool:
        return self.status not in ENDED

    @property
    def is_stale(self) -> bool:
        return self.is_open and self.last_contact_on < timezone.localdate() - STALE_AFTER

    @property
    def is_overdue(self) -> bool:
        """Whether the other side has let the time to confirm pass."""
        return self.asked_due_on is not None and self.asked_due_on < timezone.localdate()

    @property
    def has_active_steward(self) -> bool:
        return self.steward_pledged_at is not None


class Contact(TimestampedModel):
    """One entry of the contact log, or a visit that is planned; what took place has its minutes."""

    docking = models.ForeignKey(Docking, models.CASCADE, related_name="contacts", verbose_name="对接")
    kind = models.CharField("方式", max_length=10, choices=ContactKind, default=ContactKind.CALL)
    planned_on = models.DateField("计划日期", null=True, blank=True)
    held_on = models.DateField("联系日期", null=True, blank=True)
    place = models.CharField("地点", max_length=120, blank=True)
    people = models.CharField("参加人", max_length=300, blank=True)
    problems = models.TextField("问题", max_length=4000, blank=True)
    conclusion = models.TextField("结论", max_length=4000, blank=True)
    next_step = models.CharField("下一步", max_length=300, blank=True)
    next_on = models.DateField("下次联系日期", null=True, blank=True)
    author = models.ForeignKey(User, models.PROTECT, related_name="+", editable=False, verbose_name="记录人")

    class Meta:
        verbose_name = verbose_name_plural = "联系记录"
        ordering = [F("held_on").desc(nulls_first=True), "-created_at"]
        constraints = [
            models.CheckConstraint(
                name="contact_is_planned_or_held",
                condition=Q(planned_on__isnull=False) | Q(held_on__isnull=False),
                violation_error_message="请填写联系日期；还没有进行的走访请填写计划日期。",
            ),
            models.CheckConstraint(
                name="contact_held_has_minutes",
                condition=Q(held_on__isnull=True) | (~Q(conclusion="") & ~Q(people="")),
                violation_error_message="已经进行的联系必须写明参加人和结论。",
            ),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} {self.held_on or self.planned_on}"

    @property
    def lacks_minutes(self) -> bool:
        """Whether a visit's day has passed and nobody has written what came of it."""
        return self.held_on is None and self.planned_on < timezone.localdate()


class Message(TimestampedModel):
    """What people of a docking write to each other."""

    docking = models.ForeignKey(Docking, models.CASCADE, related_name="messages", verbose_name="对接")
    author = models.ForeignKey(User, models.PROTECT, related_name="+", editable=False, verbose_name="作者")
    text = models.TextField("消息", max_length=4000)

    class Meta:
        verbose_name = verbose_name_plural = "消息"
        ordering = ["created_at", "pk"]

    def __str__(self):
        return self.text[:30]


class DockingFile(StoredFile):
    """An attachment of a docking, for its two sides, its steward and the organiser."""

    docking = models.ForeignKey(Docking, models.PROTECT, related_name="files", verbose_name="对接")

    class Meta(StoredFile.Meta):
        verbose_name = verbose_name_plural = "对接附件"


class Milestone(TimestampedModel):
    """Something to be done by a day."""

    docking = models.ForeignKey(Docking, models.CASCADE, related_name="milestones", verbose_name="对接")
    title = models.CharField("里程碑", max_length=120)
    due_on = models.DateField("计划完成日期")
    done_on = models.DateField("实际完成日期", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "里程碑"
        ordering = ["due_on", "created_at"]

    def __str__(self):
        return self.title

    @property
    def is_overdue(self) -> bool:
        return self.done_on is None and self.due_on < timezone.localdate()
