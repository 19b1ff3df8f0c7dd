"""Figures: over the whole platform, from what everybody may see; and of an organiser's regions, for the organiser."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, F, OuterRef

from accounts.models import Organisation
from core.enums import Level
from core.regions import region_choices, region_label
from matching.enums import Verdict
from matching.models import Proposal
from needs.models import Need
from partnerships.enums import AgreementKind
from partnerships.models import Agreement
from partnerships.models.agreements import AMOUNTS
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


@dataclass
class Sums:
    """The agreements that both sides have confirmed, counted and summed in 元; each amount apart."""

    label: str
    value: str
    count: int = 0
    intent_amount: Decimal = Decimal(0)
    contract_amount: Decimal = Decimal(0)
    paid_amount: Decimal = Decimal(0)

    def add(self, count: int, **amounts: Decimal) -> None:
        self.count += count
        for name, amount in amounts.items():
            setattr(self, name, getattr(self, name) + amount)


def agreement_sums(user) -> tuple[Sums, list[Sums], list[Sums]]:
    """The confirmed agreements of the user's regions: all of them, by place, and by kind; the largest contract first.

    Places are provinces for who organises the whole country, else cities.
    """
    agreements = Agreement.objects.overseen_by(user)
    places = _gather(agreements.totals_by(F("docking__need__organisation__region")), _place_of(user))
    kinds = _gather(agreements.totals_by(F("kind")), lambda kind: (kind, AgreementKind(kind).label))
    whole = Sums("合计", "")
    for kind in kinds:
        whole.add(kind.count, **{name: getattr(kind, name) for name in AMOUNTS})
    return whole, places, kinds


def _gather(totals: dict[str, dict], name_of: Callable[[str], tuple[str, str]]) -> list[Sums]:
    """The totals under the value and label that `name_of` gives to their keys."""
    found: dict[str, Sums] = {}
    for key, row in totals.items():
        value, label = name_of(key)
        found.setdefault(value, Sums(label, value)).add(**row)
    return sorted(found.values(), key=lambda sums: (-sums.contract_amount, sums.value))


def _place_of(user) -> Callable[[str], tuple[str, str]]:
    """How a region is called in the user's figures: by the code and name of what the filters offer."""
    offered = {code for _, codes in region_choices() for code, _ in codes}

    def name(region: str) -> tuple[str, str]:
        city, province = f"{region[:4]}00", f"{region[:2]}0000"
        code = province if user.organises_everywhere or city not in offered else city
        return code, region_label(code)

    return name
