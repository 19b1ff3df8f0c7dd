"""From a published need to its stored proposals."""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import Organisation, User
from core.enums import Level
from core.models import Event
from core.workflow import NotPermitted, TransitionError
from matching.adapters import need_document
from matching.catalogue import Basis, current_basis
from matching.engine.documents import NeedDocument
from matching.engine.facts import Verdict, to_json
from matching.engine.match import Match, explain_best, match
from matching.engine.scoring import Pairing
from matching.enums import CLOSED, INTERESTED, RECEIVED, WAITING, Origin
from matching.enums import ProposalStatus as S
from matching.models import MatchState, Proposal
from matching.notices import remind_to_answer, tell_of_proposal, tell_of_step
from matching.signals import proposal_agreed
from matching.workflow import AT_REST, proposal_workflow
from needs.models import Need
from needs.services import grant_sight, revoke_sight
from providers.models import Capability

PROPOSALS_PER_NEED = 10
# Pairings with fewer points share no more than everyday words.
LEAST_SCORE = 20.0
ANSWER_WITHIN = timedelta(days=14)
REMIND_BEFORE = timedelta(days=3)
UNANSWERED = frozenset({S.GENERATED, S.PROPOSED, S.SUPERSEDED})
# An answer holds for the versions it was given to.
HALF_ANSWERED = INTERESTED | {S.AWAITING_CONSENT, S.EXPIRED}
ORIGINS = {"apply": Origin.APPLIED, "invite": Origin.INVITED}


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
    """Bring the need's proposals in line with the pairings; what was agreed or refused stays as it was."""
    known = {
        str(proposal.capability_id): proposal
        for proposal in need.proposals.select_for_update(of=["self"]).select_related("capability__organisation")
    }
    capabilities = {
        str(each.pk): each
        for each in Capability.objects.filter(pk__in=[each.key for each in pairings]).select_related("organisation")
    }
    # Not by score: times of creation would tell an institute how well a confidential need fits.
    for pairing in sorted(pairings, key=lambda pairing: pairing.key):
        if (capability := capabilities.get(pairing.key)) is None:
            continue
        proposal = known.pop(pairing.key, None)
        if proposal is None:
            add_proposal(Proposal(need=need, capability=capability), pairing, version=version)
        else:
            proposal.need = need
            renew_proposal(proposal, pairing, version=version)
    for proposal in known.values():
        proposal.need = need
        if has_lost_its_ground(proposal):
            settle(proposal, proposal_workflow.follow(proposal, "supersede"))
    return need.proposals.current().count()


def add_proposal(proposal: Proposal, pairing: Pairing, *, version: str) -> None:
    """Store a new proposal; one for a confidential need waits for a person to pass it on."""
    describe(proposal, pairing, version=version)
    is_public = proposal.need.level == Level.PUBLIC
    proposal.status = S.PROPOSED if is_public else S.GENERATED
    proposal.answer_due_on = answer_due_on() if is_public else None
    proposal.save()
    tell_of_proposal(proposal)


def renew_proposal(proposal: Proposal, pairing: Pairing, *, version: str) -> None:
    """Store what the matcher finds now; put to both sides again what they answered to in another version."""
    status, is_stale = proposal.status, proposal.is_stale
    if status not in UNANSWERED and not (is_stale and status in HALF_ANSWERED):
        return
    describe(proposal, pairing, version=version)
    proposal.save()
    is_public = proposal.need.level == Level.PUBLIC
    if status == S.SUPERSEDED or (status == S.GENERATED and is_public) or (status != S.GENERATED and is_stale):
        settle(proposal, proposal_workflow.follow(proposal, "renew" if is_public else "rest"))


def has_lost_its_ground(proposal: Proposal) -> bool:
    """Whether a proposal that the matcher no longer finds has to be taken back."""
    if proposal.is_stale or not proposal.capability.is_published:
        return proposal.status in (UNANSWERED | HALF_ANSWERED) - {S.SUPERSEDED}
    # What a person has passed on or begun stands, whatever the matcher thinks of it now.
    by_matcher = proposal.origin == Origin.MATCHED and (proposal.need.level == Level.PUBLIC)
    return proposal.status == S.GENERATED or (proposal.status == S.PROPOSED and by_matcher)


def describe(proposal: Proposal, pairing: Pairing, *, version: str) -> None:
    """Set the reasons of a proposal, and the versions they were found with."""
    proposal.score = pairing.score
    proposal.verdict = pairing.outcome
    proposal.pairing = to_json(pairing)
    proposal.need_version = proposal.need.version
    proposal.capability_version = proposal.capability.version
    proposal.engine_version = version


@transaction.atomic
def supersede_proposals(need: Need) -> int:
    """Take a need's open proposals back, because it is no longer open to offers."""
    for proposal in need.proposals.filter(status__in=UNANSWERED | HALF_ANSWERED).exclude(status=S.SUPERSEDED):
        settle(proposal, proposal_workflow.follow(proposal, "supersede"))
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


def best_of_each(need: Need, organisations: Iterable) -> dict[Any, tuple[Pairing, Capability]]:
    """By institute, the pairing of a need with the best of its capabilities; nothing for who published none."""
    own: dict[Any, dict[str, Capability]] = {}
    for each in Capability.objects.matchable().filter(organisation__in=organisations).for_list():
        own.setdefault(each.organisation_id, {})[str(each.pk)] = each
    basis, document = current_basis(), need_document(need)
    found = {}
    for organisation, capabilities in own.items():
        best = explain_best(document, basis.index, capabilities, weights=basis.weights)
        if best:
            found[organisation] = best, capabilities[best.key]
    return found


@transaction.atomic
def move_proposal(proposal: Proposal, name: str, *, actor: User, note: str = "", reason: str = "") -> Event:
    """Apply a transition, record who, when and, for a refusal, why, and do what follows from it."""
    event = proposal_workflow.apply(proposal, name, actor=actor, note=note, reason=reason)
    settle(proposal, event)
    return event


@transaction.atomic
def apply_for_need(need: Need, *, actor: User, note: str = "") -> Proposal:
    """An institute's offer for a public need, with the best of its own capabilities."""
    if not actor.is_provider:
        raise NotPermitted("只有已通过核验的机构可以申请对接。")
    need.lock()
    if need.level != Level.PUBLIC or not need.is_listed:
        raise TransitionError("只能申请对接公开的、正在征集的需求。")
    best = best_for_providers(need, actor.provider_ids)
    if best is None:
        raise TransitionError("贵机构还没有已发布的能力，请先在“能力维护”里发布，再申请对接。")
    return bring_together(need, *best, side="apply", actor=actor, note=note)


@transaction.atomic
def invite_institute(need: Need, institute: Organisation, *, actor: User, note: str = "") -> Proposal:
    """An enterprise's invitation to an institute, with the capability of it that fits best."""
    if not actor.has_perm("needs.change_need", need):
        raise NotPermitted("只有需求所属企业可以邀请机构。")
    need.lock()
    if not need.is_listed:
        raise TransitionError(f"需求{need.get_status_display()}，现在不能邀请机构。")
    if need.level == Level.ORGANISER_ONLY:
        raise TransitionError("该需求仅组织方可见，请联系组织方推荐给这家机构。")
    best = best_for_providers(need, {institute.pk})
    if best is None:
        raise TransitionError(f"{institute}还没有已发布的能力，请选择别的机构。")
    return bring_together(need, *best, side="invite", actor=actor, note=note)


def bring_together(
    need: Need, pairing: Pairing, capability: Capability, *, side: str, actor: User, note: str
) -> Proposal:
    """One side's wish for a pairing; where it has been proposed already, this is that side's answer."""
    proposal = need.proposals.filter(capability=capability).for_list().first()
    if proposal is None:
        proposal = Proposal(need=need, capability=capability, status=S.GENERATED)
    if proposal.status in AT_REST or (proposal.status == S.PROPOSED and proposal.is_misfit):
        proposal.origin = ORIGINS[side]
        describe(proposal, pairing, version=current_basis().version)
        proposal.save()
    if proposal.status in AT_REST:
        settle(proposal, proposal_workflow.follow(proposal, side, actor=actor, note=note))
    else:
        answer = {"apply": "provider_accept", "invite": "enterprise_accept"}[side]
        move_proposal(proposal, answer, actor=actor, note=note)
    return proposal


@transaction.atomic
def award_proposal(need: Need, capabilities: Iterable[Capability], *, actor: User) -> Proposal:
    """The pairing that a challenge has decided, with the one of these published capabilities that fits best.

    What was open or refused before is mutual now, and the docking opens. The caller says who may award.
    """
    need.lock()
    own = {str(each.pk): each for each in capabilities}
    basis = current_basis()
    best = explain_best(need_document(need), basis.index, own, weights=basis.weights)
    if best is None:
        raise TransitionError("揭榜单位没有可用的已发布能力，请揭榜单位先在“能力维护”里发布，再开启对接。")
    proposal = need.proposals.filter(capability=best.key).for_list().first()
    if proposal is None:
        proposal = Proposal(need=need, capability=own[best.key], status=S.GENERATED)
    if proposal.status == S.MUTUAL:
        raise TransitionError("这条需求与揭榜单位的这项能力已经对接过，不能再次开启。")
    proposal.origin = Origin.AWARDED
    describe(proposal, best, version=basis.version)
    proposal.save()
    settle(proposal, proposal_workflow.follow(proposal, "award", actor=actor))
    return proposal


def settle(proposal: Proposal, event: Event) -> None:
    """What follows from a step: the time to answer, what the institute may see, the docking, and who is told."""
    proposal.answer_due_on = answer_due_on() if proposal.status in WAITING else None
    if event.action == "enterprise_accept" and proposal.is_misfit:
        # From now on the institute is asked.
        proposal.origin = Origin.INVITED
    proposal.save(update_fields=["answer_due_on", "origin"])
    need, institute = proposal.need, proposal.capability.organisation
    if event.action in {"consent", "invite", "award"} and need.level > Level.PUBLIC:
        grant_sight(need, actor=event.actor, organisation=institute)
    if event.action in {"rest", "supersede"} and need.level == Level.ORGANISER_ONLY:
        end_consent(need, institute, actor=event.actor)
    if proposal.status == S.MUTUAL:
        grant_sight(need, actor=event.actor, organisation=institute, sees_contact=True)
        proposal_agreed.send(sender=Proposal, proposal=proposal, event=event)
    tell_of_step(proposal, event)


def end_consent(need: Need, institute: Organisation, *, actor: User | None) -> None:
    """Close the need to an institute for which nothing stands any more that the enterprise has consented to.

    What a confidentiality agreement has opened stays open until that agreement ends.
    """
    stands = need.proposals.filter(capability__organisation=institute, status__in=RECEIVED - CLOSED).exists()
    if not stands and not need.grants.filter(organisation=institute, sees_detail=True).exists():
        revoke_sight(need, actor=actor, organisation=institute)


def answer_due_on() -> date:
    return timezone.localdate() + ANSWER_WITHIN


def expire_proposals() -> int:
    """Remind those who have not answered when the time is nearly over, and close what is past it; may run twice."""
    today = timezone.localdate()
    waiting = Proposal.objects.waiting().for_list()
    for proposal in waiting.filter(answer_due_on__range=(today, today + REMIND_BEFORE)):
        remind_to_answer(proposal)
    expired = 0
    for proposal in waiting.filter(answer_due_on__lt=today):
        with transaction.atomic():
            proposal.lock()
            # Somebody may have answered at this very moment, which gives the other side time anew.
            if proposal.answer_due_on is None or proposal.answer_due_on >= today:
                continue
            settle(proposal, proposal_workflow.follow(proposal, "expire"))
            expired += 1
    return expired


def record_outcome(proposal: Proposal, *, has_succeeded: bool) -> None:
    """Keep how the docking ended, as evidence for the matcher."""
    proposal.has_succeeded = has_succeeded
    proposal.save(update_fields=["has_succeeded", "updated_at"])


def mark_seen(proposals: Iterable[Proposal]) -> None:
    """Note that the institute has opened these proposals; those opened before keep their time."""
    unseen = [proposal.pk for proposal in proposals if proposal.provider_seen_at is None]
    if unseen:
        now = timezone.now()
        Proposal.objects.filter(pk__in=unseen, provider_seen_at__isnull=True).update(provider_seen_at=now)
