"""Figures over the whole platform, counted only from what everybody may see."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef

from accounts.models import Organisation
from core.enums import Level
from matching.enums import Verdict
from matching.models import Proposal
from needs.models import Need
from providers.enums import CapabilityKind
from providers.models import Capability, CapabilityLine


def platform_figures() -> dict[str, int]:
    """What the platform holds and has matched; a need counts as served when an institute meets all its lines."""
    needs = Need.objects.published().visible_to(AnonymousUser())
    serving = Proposal.objects.current().filter(need=OuterRef("pk"), verdict=Verdict.PASS)
    capabilities = Capability.objects.published()
    provinces = {region[:2] for region in Organisation.objects.providers().verified().values_list("region", flat=True)}
    return {
        "needs": needs.count(),
        "served": needs.filter(Exists(serving), level=Level.PUBLIC).count(),
        "institutes": Organisation.objects.providers().verified().count(),
        "lines": CapabilityLine.objects.filter(capability__in=capabilities).count(),
        "research": capabilities.filter(kind=CapabilityKind.RESEARCH).count(),
        "provinces": len(provinces),
    }
