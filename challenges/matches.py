"""Who could serve what: for an item the institutes, for an institute the items, and what nobody covers."""

from collections.abc import Iterable
from dataclasses import dataclass

from accounts.models import Organisation
from challenges.duplicates import board_document
from challenges.models import Entry
from matching.cards import Card, describe_gap, make_card
from matching.catalogue import current_basis
from matching.engine.facts import Verdict, from_json
from matching.engine.match import Gap, explain_best, match
from matching.models import MatchState, Proposal
from matching.services import LEAST_SCORE
from needs.models import Need
from providers.models import Capability

SERVES = frozenset({Verdict.PASS, Verdict.PARTIAL})
PER_ITEM = 30


@dataclass(frozen=True)
class Coverage:
    """Whether anybody could serve a need, and if not, what comes nearest; `is_known` once it has been matched."""

    is_known: bool
    is_covered: bool
    nearest: str = ""


def coverage_of(needs: Iterable[Need]) -> dict:
    """By need whether the matcher has found somebody; three queries however many they are."""
    needs = list(needs)
    states = MatchState.objects.in_bulk([need.pk for need in needs])
    serving = set(Proposal.objects.current().filter(need__in=needs, verdict__in=SERVES).values_list("need", flat=True))
    gaps = {pk: from_json(Gap, state.gap) for pk, state in states.items()}
    wanted = [gap.nearest for gap in gaps.values() if gap and gap.nearest]
    nearest = {str(each.pk): each for each in Capability.objects.select_related("organisation").filter(pk__in=wanted)}
    found = {}
    for need in needs:
        gap = gaps.get(need.pk)
        near = nearest.get(gap.nearest) if gap else None
        found[need.pk] = Coverage(
            is_known=need.pk in states,
            is_covered=gap is None and need.pk in serving,
            nearest=f"{near.organisation.name}“{near.title}”" if near else "",
        )
    return found


def describe_coverage(need: Need) -> str:
    """That nobody covers a need, what comes nearest and what it lacks; empty where somebody does."""
    state = MatchState.objects.filter(need=need).first()
    if state is None:
        return ""
    if state.gap:
        return describe_gap(from_json(Gap, state.gap))
    if need.proposals.current().filter(verdict__in=SERVES).exists():
        return ""
    return "目前没有机构的公开能力能判定为满足或部分满足，请尽早寻找可能的机构。"


def institutes_for(entry: Entry) -> list[tuple[Organisation, Card]]:
    """The institutes that could serve an item of the board, each with its best capability and the reasons.

    They are found by what the board shows and nothing else, so the reasons may be told to anybody.
    """
    basis = current_basis()
    found = match(board_document(entry), basis.index, limit=PER_ITEM, weights=basis.weights)
    pairings = sorted((*found.existing, *found.research), key=lambda pairing: (-pairing.score, pairing.key))
    worthwhile = [pairing for pairing in pairings if pairing.score >= LEAST_SCORE]
    capabilities = _capabilities([pairing.key for pairing in worthwhile])
    best: dict = {}
    for pairing in worthwhile:
        capability = capabilities[pairing.key]
        best.setdefault(capability.organisation, make_card(pairing, capability))
    return list(best.items())


def items_for(entries: Iterable[Entry], institutes: set) -> list[tuple[Entry, Card]]:
    """The items of a board that suit these institutes, the best first, each with the reasons."""
    basis = current_basis()
    keys = [
        str(pk)
        for pk in Capability.objects.matchable().filter(organisation__in=institutes).values_list("pk", flat=True)
    ]
    pairings = []
    for entry in entries if keys else ():
        pairing = explain_best(board_document(entry), basis.index, keys, weights=basis.weights)
        if pairing and pairing.score >= LEAST_SCORE and pairing.outcome is not Verdict.FAIL:
            pairings.append((entry, pairing))
    capabilities = _capabilities([pairing.key for _, pairing in pairings])
    pairings.sort(key=lambda pair: (-pair[1].score, pair[0].board_number))
    return [(entry, make_card(pairing, capabilities[pairing.key])) for entry, pairing in pairings]


def _capabilities(keys: list[str]) -> dict[str, Capability]:
    return {str(each.pk): each for each in Capability.objects.filter(pk__in=keys).for_list()}
