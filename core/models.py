"""What every record of the platform has."""

import uuid

from django.conf import settings
from django.db import models


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


class WorkflowEvent(models.Model):
    """One step of a workflow: who moved what, from where to where, when and why."""

    action = models.CharField("操作", max_length=30)
    label = models.CharField("操作名称", max_length=30)
    source = models.CharField("原状态", max_length=20)
    target = models.CharField("新状态", max_length=20)
    note = models.TextField("说明", blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="操作人"
    )
    created_at = models.DateTimeField("时间", auto_now_add=True)

    class Meta:
        abstract = True
        ordering = ["created_at", "pk"]

    def __str__(self):
        return f"{self.label}：{self.source} → {self.target}"


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
