"""What has to happen next, who has to see to it, and by when: for one docking, and for a person across everything."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from matching.enums import WAITING
from matching.enums import ProposalStatus as P
from matching.models import Proposal
from needs.disclosure import WAITS_FOR, DisclosedNeed
from needs.enums import LISTED
from needs.enums import NeedStatus as S
from needs.models import Need
from partnerships.enums import AgreementStatus as A
from partnerships.enums import ConfidentialityStatus as C
from partnerships.enums import Side
from partnerships.models import Agreement, ConfidentialityAgreement, Docking
from partnerships.services.dockings import may_answer, sides_of
from partnerships.shown import shown_need
from partnerships.workflow import UNCONFIRMED, UNSIGNED

ENTERPRISE, PROVIDER, BOTH = Side.ENTERPRISE.label, Side.PROVIDER.label, "双方"
STEWARD, ORGANISER, PLATFORM = "技术管家", "组织方", "平台"
# Needs for which nobody has to do anything; of those under contract the docking tells.
SETTLED = frozenset({S.CONTRACTED, S.RESOLVED, S.WITHDRAWN, S.REJECTED})


@dataclass(frozen=True)
class Move:
    """One thing to be done."""

    who: str
    what: str
    url: str
    button: str = "查看"
    due_on: date | None = None
    is_mine: bool = False

    @property
    def is_late(self) -> bool:
        return self.due_on is not None and self.due_on < timezone.localdate()

    @property
    def order(self) -> tuple:
        """Mine first, and among them what is due first."""
        return (not self.is_mine, self.due_on or date.max)


@dataclass(frozen=True)
class Task:
    """A need, as its reader may see it, with everything that has to happen next about it."""

    number: str
    need: DisclosedNeed | None
    moves: list[Move]


def tasks_for(user: User) -> list[Task]:
    """What goes on around the person's needs and offers, by need; what waits for this person comes first."""
    found = sorted(_all_moves(user), key=lambda pair: (pair[0].pk, pair[1].order))
    tasks = []
    for _, pairs in groupby(found, key=lambda pair: pair[0].pk):
        needs, moves = zip(*pairs, strict=True)
        tasks.append(Task(needs[0].number, shown_need(needs[0], user), list(moves)))
    return sorted(tasks, key=lambda task: (task.moves[0].order, task.number))


def _all_moves(user: User) -> list[tuple[Need, Move]]:
    """Pairs of a need and a move, from each part of the way."""
    proposals = Proposal.objects.visible_to(user).filter(_concerns(user, institute="capability__organisation"))
    signatures = ConfidentialityAgreement.objects.filter(_concerns(user), status__in=UNSIGNED)
    dockings = Docking.objects.open().filter(_concerns(user))
    papers = Agreement.objects.filter(
        _concerns(user, need="docking__need", institute="docking__institute"), status__in=UNCONFIRMED
    )
    pairs = [
        *_moves_of_proposals(
            proposals.filter(status__in=WAITING | {P.AWAITING_CONSENT}).for_list().prefetch_related("need__lines"), user
        ),
        *((each.need, _move_to_sign(each, user)) for each in signatures.for_list()),
        *((each.need, move_of(each, user)) for each in dockings.for_list()),
        *((each.need, _move_to_confirm(each, user)) for each in papers.for_list()),
    ]
    # What goes on between the two sides says more than that the need is published.
    busy = {need.pk for need, _ in pairs}
    needs = Need.objects.owned_by(user).exclude(status__in=SETTLED).for_list()
    return pairs + [(need, _move_of_need(need, user)) for need in needs if need.pk not in busy]


def _concerns(user: User, *, need: str = "need", institute: str = "institute") -> Q:
    """The condition that the person acts for one of the two sides."""
    return Q(**{f"{need}__organisation__in": user.organisation_ids}) | Q(**{f"{institute}__in": user.provider_ids})


# --- The parts of the way -----------------------------------------------------------------------------------------


def _move_of_need(need: Need, user: User) -> Move:
    url = need.get_absolute_url()
    if need.status in LISTED:
        return Move(PLATFORM, "持续与新发布的能力匹配，有结果会通知您", url)
    if need.is_editable:
        what, url = WAITS_FOR[need.status].removeprefix(ENTERPRISE), reverse("needs:edit", args=[need.pk, 1])
        return Move(ENTERPRISE, what, url, "继续填写", is_mine=True)
    if need.status == S.ACCEPTED and need.public_text_confirmed_at is None:
        return Move(ENTERPRISE, "确认公开内容", f"{url}#public", "去确认", is_mine=True)
    return Move(ORGANISER, {S.ACCEPTED: "发布", S.SUBMITTED: "受理", S.DIAGNOSING: "诊断"}[need.status], url)


def _moves_of_proposals(proposals: Iterable[Proposal], user: User) -> Iterator[tuple[Need, Move]]:
    """One move for each proposal, but one for all that lie open before the enterprise."""
    unanswered: dict = {}
    for proposal in proposals:
        is_own = proposal.need.organisation_id in user.organisation_ids
        if is_own and proposal.status == P.PROPOSED:
            unanswered.setdefault(proposal.need.pk, []).append(proposal)
        else:
            yield proposal.need, _move_of_proposal(proposal, is_own=is_own)
    for group in unanswered.values():
        need, due_on = group[0].need, min(proposal.answer_due_on for proposal in group)
        url = reverse("matching:need_proposals", args=[need.pk])
        yield need, Move(ENTERPRISE, f"答复 {len(group)} 条匹配建议", url, "去答复", due_on, is_mine=True)


def _move_of_proposal(proposal: Proposal, *, is_own: bool) -> Move:
    """Who has to answer a proposal that one side has answered, or that lies before the institute."""
    institute, url, due_on = str(proposal.capability.organisation), proposal.get_absolute_url(), proposal.answer_due_on
    if proposal.status == P.AWAITING_CONSENT:
        return Move(ENTERPRISE, f"答复是否同意推荐给{institute}", url, "去答复", is_mine=True)
    if proposal.status == P.PROVIDER_INTERESTED:
        what = f"答复{institute}的意向" if is_own else "答复贵机构的意向"
        return Move(ENTERPRISE, what, url, "去答复" if is_own else "查看", due_on, is_mine=is_own)
    what = "答复企业的意向" if proposal.status == P.ENTERPRISE_INTERESTED else "答复匹配建议"
    return Move(
        institute if is_own else PROVIDER, what, url, "查看" if is_own else "去答复", due_on, is_mine=not is_own
    )


def _move_to_sign(agreement: ConfidentialityAgreement, user: User) -> Move:
    """Who still has to sign; while nobody has, the enterprise, who was asked."""
    is_institutes_turn = agreement.status == C.ENTERPRISE_SIGNED
    acts = agreement.institute_id in user.provider_ids
    is_mine = is_institutes_turn == acts
    who = PROVIDER if is_institutes_turn else ENTERPRISE
    if agreement.status == C.REQUESTED and acts:
        who, is_mine = BOTH, True
    return Move(who, "签署保密协议", agreement.get_absolute_url(), "去签署" if is_mine else "查看", is_mine=is_mine)


def _move_to_confirm(agreement: Agreement, user: User) -> Move:
    """Who still has to confirm an agreement."""
    acts = Side.PROVIDER if agreement.docking.institute_id in user.provider_ids else Side.ENTERPRISE
    waiting = {A.DRAFTED: BOTH, A.ENTERPRISE_CONFIRMED: PROVIDER, A.PROVIDER_CONFIRMED: ENTERPRISE}[agreement.status]
    is_mine = waiting in {BOTH, acts.label}
    url = f"{agreement.docking.get_absolute_url()}#agreements"
    return Move(waiting, "核对并确认协议", url, "去确认" if is_mine else "查看", is_mine=is_mine)


def move_of(docking: Docking, user: User) -> Move | None:
    """What a docking waits for; None once it has ended."""
    if not docking.is_open:
        return None
    url, has_steward = docking.get_absolute_url(), docking.has_active_steward
    if docking.asked_stage:
        is_mine = may_answer(docking, user)
        answers = Side(docking.asked_side).other.label
        who = (STEWARD if has_steward else ORGANISER) if docking.is_overdue else answers
        what = f"答复是否进入“{docking.get_asked_stage_display()}”"
        return Move(who, what, f"{url}#next", "去答复" if is_mine else "查看", docking.asked_due_on, is_mine)
    if has_steward:
        who, what, is_mine = STEWARD, "联系双方，保存联系记录", docking.steward_id == user.pk
    else:
        who, what, is_mine = BOTH, "互相联系，保存联系记录", bool(sides_of(docking, user))
    return Move(who, what, f"{url}#contacts", "去记录" if is_mine else "查看", docking.next_contact_on, is_mine)
