"""What every record of the platform has, and the history that most of them keep."""

import uuid
from datetime import UTC

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from core.seals import seal


class TimestampedModel(models.Model):
    """A record with times and an id that tells nothing of how many others there are."""

    id = models.UUIDField("编号", primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField("创建时间", auto_now_add=True)
    updated_at = models.DateTimeField("更新时间", auto_now=True)

    class Meta:
        abstract = True

    def lock(self):
        """Wait for whoever is changing the record, then hold it as it is now until the transaction ends."""
        self.refresh_from_db(from_queryset=type(self)._default_manager.select_for_update())


class TracedModel(TimestampedModel):
    """A record that keeps its history."""

    events = GenericRelation("core.Event", "subject_id", "subject_type")

    class Meta:
        abstract = True

    def record(self, action: str, label: str, **details) -> "Event":
        """Add an entry to the history; `details` are the other fields of an event."""
        return record_each([self], action, label, **details)[0]


class Event(models.Model):
    """One entry of a record's history; entries are only ever added, each sealed together with the one before."""

    subject_type = models.ForeignKey(ContentType, models.PROTECT, related_name="+", verbose_name="对象类型")
    subject_id = models.UUIDField("对象")
    subject = GenericForeignKey("subject_type", "subject_id")
    number = models.PositiveIntegerField("序号")
    action = models.CharField("操作", max_length=30)
    label = models.CharField("操作名称", max_length=30)
    source = models.CharField("原状态", max_length=30, blank=True)
    target = models.CharField("新状态", max_length=30, blank=True)
    reason = models.CharField("原因代码", max_length=20, blank=True)
    reason_label = models.CharField("原因", max_length=40, blank=True)
    note = models.TextField("说明", blank=True)
    data = models.JSONField("数据", default=dict, blank=True, encoder=DjangoJSONEncoder)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="操作人"
    )
    created_at = models.DateTimeField("时间")
    seal = models.CharField("印记", max_length=64)

    class Meta:
        verbose_name = verbose_name_plural = "经过"
        ordering = ["subject_id", "number"]
        constraints = [models.UniqueConstraint(name="event_order", fields=["subject_id", "number"])]

    def __str__(self):
        return f"{self.label}：{self.source} → {self.target}" if self.target else self.label

    def save(self, **options):
        if not self._state.adding:
            raise TypeError("history is only ever added to")
        super().save(**options)

    @property
    def sealed(self) -> list:
        """What the seal vouches for, in a fixed order."""
        return [
            *self.subject_type.natural_key(),
            str(self.subject_id),
            self.number,
            self.action,
            self.label,
            self.source,
            self.target,
            self.reason,
            self.reason_label,
            self.note,
            self.data,
            self.actor_id,
            self.created_at.astimezone(UTC).isoformat(timespec="microseconds"),
        ]


def record_each(records: list[TracedModel], action: str, label: str, **details) -> list[Event]:
    """Add the same entry once to the history of each of these records of one model, in as many queries as for one."""
    if not records:
        return []
    records = list({record.pk: record for record in records}.values())
    keys = [record.pk for record in records]
    newest = Event.objects.filter(subject_id=OuterRef("subject_id")).order_by("-number").values("number")[:1]
    with transaction.atomic():
        # Whoever adds an entry holds the record, so that its entries have one order.
        list(type(records[0])._default_manager.select_for_update().filter(pk__in=keys).order_by("pk").values("pk"))
        last = {event.subject_id: event for event in Event.objects.filter(subject_id__in=keys, number=Subquery(newest))}
        return Event.objects.bulk_create(
            next_event(record, last.get(record.pk), action=action, label=label, **details) for record in records
        )


def next_event(record: TracedModel, previous: Event | None, **details) -> Event:
    """The entry that follows the previous one, sealed together with it."""
    number = previous.number + 1 if previous else 1
    event = Event(subject=record, number=number, created_at=timezone.now(), **details)
    event.seal = seal(previous.seal if previous else "", event.sealed)
    return event


class Checkpoint(models.Model):
    """A seal over all entries up to one of them, so that entries missing from the end of a history are noticed."""

    last_event = models.BigIntegerField("最后一条", unique=True)
    count = models.PositiveBigIntegerField("条数")
    seal = models.CharField("印记", max_length=64)
    created_at = models.DateTimeField("时间", auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "经过检查点"
        ordering = ["last_event"]

    def __str__(self):
        return f"{self.created_at:%Y-%m-%d %H:%M}：{self.count}"


class IdempotentAnswer(models.Model):
    """What a write through the API was answered, kept so that sending it again has no second effect."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name="用户")
    key = models.CharField("键", max_length=200)
    fingerprint = models.CharField("请求指纹", max_length=64)
    status = models.PositiveSmallIntegerField("状态码", default=0, help_text="0 表示请求尚未完成。")
    headers = models.JSONField("响应头", default=dict)
    body = models.BinaryField("响应内容", default=bytes)
    target = models.CharField("所示记录", max_length=64, blank=True)
    created_at = models.DateTimeField("时间", auto_now_add=True, db_index=True)

    class Meta:
        verbose_name = verbose_name_plural = "应答留存"
        constraints = [models.UniqueConstraint(name="idempotent_answer_once", fields=["user", "key"])]

    def __str__(self):
        return self.key
