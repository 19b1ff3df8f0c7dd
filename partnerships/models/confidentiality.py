"""The agreement that opens a confidential need to one institute."""

from django.db import models
from django.db.models import Q
from django.urls import reverse

from accounts.models import Organisation, User
from core.models import TracedModel
from needs.models import Need
from partnerships.enums import ConfidentialityStatus as S


class ConfidentialityQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The agreements of one's enterprise and of one's institute, and those of the regions one organises."""
        if not user.is_authenticated:
            return self.none()
        overseen = Q(need__in=Need.objects.overseen_by(user).values("pk"))
        return self.filter(
            Q(need__organisation__in=user.organisation_ids) | Q(institute__in=user.provider_ids) | overseen
        )

    def in_force(self):
        return self.exclude(status__in=[S.REFUSED, S.ENDED])

    def for_list(self):
        return self.select_related(
            "need__organisation", "institute", "enterprise_signed_by", "provider_signed_by"
        ).prefetch_related("need__grants", "need__lines")


class ConfidentialityAgreement(TracedModel):
    """A promise of both sides on one need, in the wording they signed."""

    need = models.ForeignKey(Need, models.PROTECT, related_name="confidentiality", verbose_name="需求")
    institute = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name="机构")
    requested_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="申请人")
    template_version = models.CharField("文本版本", max_length=20)
    text = models.TextField("协议文本")
    text_hash = models.CharField("文本指纹", max_length=64)
    enterprise_signed_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name="企业签署人"
    )
    enterprise_signed_at = models.DateTimeField("企业签署时间", null=True)
    provider_signed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name="机构签署人")
    provider_signed_at = models.DateTimeField("机构签署时间", null=True)
    status = models.CharField("状态", max_length=24, choices=S, default=S.REQUESTED, editable=False)

    objects = ConfidentialityQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "保密协议"
        ordering = ["-created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="confidentiality_once",
                fields=["need", "institute"],
                condition=~Q(status__in=[S.REFUSED, S.ENDED]),
            ),
            models.CheckConstraint(
                name="confidentiality_effective_is_signed",
                condition=~Q(status=S.EFFECTIVE)
                | Q(enterprise_signed_at__isnull=False, provider_signed_at__isnull=False),
            ),
        ]

    def __str__(self):
        return f"{self.need.number} {self.institute}"

    def get_absolute_url(self):
        return reverse("partnerships:confidentiality_detail", args=[self.pk])
