"""Needs heard on a visit, written into a sheet by the organiser."""

from django.db import models
from django.urls import reverse

from accounts.models import User
from challenges.models.challenges import Challenge
from core.models import TimestampedModel
from needs.models import Need


class IntakeQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Who runs the challenge sees its sheets."""
        return self.filter(challenge__in=Challenge.objects.run_by(user).values("pk"))


class Intake(TimestampedModel):
    """A filled-in sheet that an organiser uploaded; its rows become drafts when they are confirmed.

    Then of a row only its number, the enterprise and the title are kept: the rest belongs to the enterprise.
    """

    challenge = models.ForeignKey(Challenge, models.CASCADE, related_name="intakes", verbose_name="挑战赛")
    author = models.ForeignKey(User, models.PROTECT, related_name="+", editable=False, verbose_name="上传人")
    file_name = models.CharField("文件名", max_length=200, editable=False)
    rows = models.JSONField("各行", default=list, editable=False)
    applied_at = models.DateTimeField("写入时间", null=True, editable=False)

    objects = IntakeQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "走访需求导入"
        ordering = ["-created_at"]

    def __str__(self):
        return self.file_name

    def get_absolute_url(self):
        return reverse("challenges:intake_detail", args=[self.pk])


class IntakeNeedQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Who runs the challenge sees what came of its sheets."""
        return self.filter(intake__in=Intake.objects.visible_to(user).values("pk"))


class IntakeNeed(TimestampedModel):
    """The draft that came of a row; gone when its enterprise deletes the draft."""

    intake = models.ForeignKey(Intake, models.CASCADE, related_name="recorded", verbose_name="导入")
    row = models.PositiveIntegerField("行号")
    need = models.OneToOneField(Need, models.CASCADE, related_name="intake", verbose_name="需求")

    objects = IntakeNeedQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "代录需求"
        ordering = ["row"]

    def __str__(self):
        return self.need.number

    def get_absolute_url(self):
        return reverse("challenges:intake_need", args=[self.pk])
