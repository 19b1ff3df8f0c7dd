"""What proposals rest on: the capabilities that may be proposed, and the weights in use."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from django.db.models import Count, Max

from matching.adapters import capability_document
from matching.engine import VERSION
from matching.engine.index import Index, build_index
from matching.engine.scoring import Weights, load_weights
from matching.models import WeightSet
from providers.models import Capability, Credential

_index: tuple[str, Index] | None = None


@dataclass(frozen=True)
class Basis:
    """An index with the weights to rank by; `stamp` changes whenever either does."""

    stamp: str
    index: Index
    weights: Weights

    @cached_property
    def version(self) -> str:
        """The engine and the weights, as stored with each proposal."""
        return f"{VERSION}+{self.weights.version}"


def current_basis(progress: Callable[[Iterable], Iterable] | None = None) -> Basis:
    """What to match with now; the index is built once per process and catalogue."""
    global _index
    stamp, weights = catalogue_stamp(), active_weights()
    if _index is None or _index[0] != stamp:
        capabilities = Capability.objects.matchable().for_list()
        _index = stamp, build_index([capability_document(each) for each in capabilities], progress=progress)
    return Basis(f"{stamp}:{weights.version}", _index[1], weights)


def catalogue_stamp() -> str:
    """A short text that changes whenever what may be proposed does."""
    state = Capability.objects.matchable().aggregate(
        Count("pk"), Max("updated_at"), Max("organisation__updated_at"), Max("credential__updated_at")
    )
    # Days pass without a record being written: one credential lapses, another comes into force.
    in_force = Credential.objects.valid().order_by("pk").values_list("pk", flat=True)
    return hashlib.sha256(repr([VERSION, *state.values(), *in_force]).encode()).hexdigest()[:16]


def active_weights() -> Weights:
    """The weights an organiser switched on last, or those the engine comes with."""
    chosen = WeightSet.objects.filter(is_active=True).first()
    return chosen.engine_weights if chosen else load_weights()
