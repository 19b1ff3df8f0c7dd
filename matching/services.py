"""From a published need to its stored proposals."""

from collections.abc import Callable, Iterable

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from core.enums import Level
from core.workflow import TransitionError
from matching.adapters import need_document
from matching.catalogue import Basis, current_basis
from matching.engine.documents import NeedDocument
from matching.engine.facts import Verdict, to_json
from matching.engine.match import Match, explain_best, match
from matching.engine.scoring import Pairing
from matching.enums import DeclineReason
from matching.enums import ProposalStatus as S
from matching.models import MatchState, Proposal, ProposalEvent
from matching.workflow import proposal_workflow
from needs.models import Need
from providers.models import Capability

PROPOSALS_PER_NEED = 10
# Pairings with fewer points share no more than everyday words.
LEAST_SCORE = 20.0
OPEN = frozenset({S.GENERATED, S.PROPOSED, S.SUPERSEDED})


def match_document(document: NeedDocument, *, limit: int = PROPOSALS_PER_NEED) -> Match:
    """The pairings of a need that is not stored."""
    basis = current_basis()
    return match(document, basis.index, limit=limit, weights=basis.weights)


def propose_for_need(need: Need, basis: Basis | None = None) -> int:
    """Match a published need, store what came out, and return how many proposals stand."""
    basis = basis or current_basis()
    found = match(need_document(need), basis.index, limit=PROPOSALS_PER_NEED, weights=basis.weights)
    with transaction.atomic():
        # Two workers that matched the same need at once store one after the other.
        need = Need.objects.select_for_update().get(pk=need.pk)
        if need not in Need.objects.published():
            return supersede_proposals(need)
        worthwhile = [each for each in (*found.existing, *found.research) if each.score >= LEAST_SCORE]
        stands = store_proposals(need, worthwhile, version=basis.version)
        # Words may be far apart where the figures agree: then the people judge, not the machine.
        is_gap = found.gap is not None and not any(each.outcome is Verdict.PASS for each in worthwhile)
        state = {"fingerprint": fingerprint(need, basis.stamp), "gap": to_json(found.gap) if is_gap else None}
        MatchState.objects.update_or_create(need=need, defaults=state)
    return stands


def store_proposals(need: Need, pairings: list[Pairing], *, version: str) -> int:
    """Bring the need's open proposals in line with the pairings; what somebody has answered stays as it was."""
    known = {str(proposal.capability_id): proposal for proposal in need.proposals.select_for_update()}
    capabilities = {str(each.pk): each for each in Capability.objects.filter(pk__in=[each.key for each in pairings])}
    # Not by score: times of creation would tell an institute how well a confidential need fits.
    for pairing in sorted(pairings, key=lambda pairing: pairing.key):
        if (capability := capabilities.get(pairing.key)) is None:
            continue
        proposal = known.pop(pairing.key, None) or Proposal(need=need, capability=capability)
        if proposal.status not in OPEN:
            continue
        if proposal._state.adding or proposal.status == S.SUPERSEDED:
            # Confidential needs are passed on by a person, never by the matcher.
            proposal.status = S.PROPOSED if need.level == Level.PUBLIC else S.GENERATED
        proposal.score = pairing.score
        proposal.verdict = pairing.outcome
        proposal.pairing = to_json(pairing)
        proposal.need_version = need.version
        proposal.capability_version = capability.version
        proposal.engine_version = version
        proposal.save()
    gone = [proposal.pk for proposal in known.values() if proposal.status in OPEN]
    need.proposals.filter(pk__in=gone).update(status=S.SUPERSEDED, updated_at=timezone.now())
    return need.proposals.current().count()


def supersede_proposals(need: Need) -> int:
    """Take a need's open proposals back, because it is no longer published."""
    need.proposals.filter(status__in=OPEN).update(status=S.SUPERSEDED, updated_at=timezone.now())
    return 0


def fingerprint(need: Need, stamp: str) -> str:
    """What a match of this need rests on: equal fingerprints give equal proposals."""
    return f"{stamp}:{need.version}:{need.level}"


def rematch(*, everything: bool = False, progress: Callable[[Iterable], Iterable] = iter) -> int:
    """Match the published needs whose basis has changed, or all of them; can be stopped and run again."""
    basis = current_basis()
    needs = Need.objects.published().select_related("organisation").prefetch_related("lines")
    states = dict(MatchState.objects.values_list("need_id", "fingerprint"))
    due = [need for need in needs if everything or states.get(need.pk) != fingerprint(need, basis.stamp)]
    for need in progress(due):
        propose_for_need(need, basis)
    return len(due)


def best_for_providers(need: Need, organisations: set) -> tuple[Pairing, Capability] | None:
    """The pairing of a need with the best of these institutes' own capabilities, however low: 「为什么不是我」."""
    own = {
        str(each.pk): each for each in Capability.objects.matchable().filter(organisation__in=organisations).for_list()
    }
    basis = current_basis()
    best = explain_best(need_document(need), basis.index, own, weights=basis.weights)
    return (best, own[best.key]) if best else None


@transaction.atomic
def move_proposal(proposal: Proposal, name: str, *, actor: User, note: str = "", reason: str = "") -> ProposalEvent:
    """Apply a transition and record who, when and, for a refusal, why."""
    if name == "decline" and reason not in DeclineReason.values:
        raise TransitionError("请选择不合适的原因，再提交。")
    details = {"reason": reason} if name == "decline" else {}
    return proposal_workflow.apply(proposal, name, actor=actor, note=note, **details)


def mark_seen(proposal: Proposal) -> None:
    """Note that the institute has opened the proposal."""
    if proposal.provider_seen_at is None:
        proposal.provider_seen_at = timezone.now()
        proposal.save(update_fields=["provider_seen_at"])
