"""The certificates of those who succeeded."""

from django.db import models
from django.db.models import Q

from accounts.models import Organisation
from challenges.enums import SolutionStatus
from challenges.models.challenges import Challenge
from challenges.models.solutions import Solution
from core.models import TimestampedModel

CERTIFIED = frozenset({SolutionStatus.SELECTED, SolutionStatus.COMMENDED})


class CertificateQuerySet(models.QuerySet):
    def visible_to(self, user):
        """One's own, those of a solution one handed in, and for who runs the challenge all."""
        if not user.is_authenticated:
            return self.none()
        own = Q(organisation__in=user.provider_ids) | Q(solution__organisation__in=user.provider_ids)
        run = Q(solution__entry__challenge__in=Challenge.objects.run_by(user).values("pk"))
        return self.filter(own | run)

    def for_list(self):
        return self.select_related("organisation", "solution__entry__challenge__organiser")


class Certificate(TimestampedModel):
    """That a body succeeded with a solution; whoever has the number can have it confirmed."""

    solution = models.ForeignKey(Solution, models.PROTECT, related_name="certificates", verbose_name="方案")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name="获证单位")
    number = models.CharField("证书编号", max_length=20, unique=True, editable=False)

    objects = CertificateQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "证书"
        ordering = ["solution__entry__board_number", "created_at", "pk"]
        constraints = [models.UniqueConstraint(name="certificate_once", fields=["solution", "organisation"])]

    def __str__(self):
        return self.number
