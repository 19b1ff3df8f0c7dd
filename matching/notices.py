"""Who is told of which step of a proposal; nothing of the need is said but its number."""

from collections.abc import Iterable

from django.urls import reverse

from accounts.enums import NoticeKind
from accounts.models import Organisation, User
from accounts.notices import notify
from core.models import Event
from matching.enums import NEXT_MOVE, RECEIVED, Side
from matching.enums import ProposalStatus as S
from matching.models import Proposal
from needs.models import Need

# Whom to tell of a new status, and what they should do; {number}, {institute} and {due} are filled in.
TOLD = {
    S.PROPOSED: [(Side.PROVIDER, "需求 {number} 可能适合贵机构的一项能力，请在 {due} 前答复。")],
    S.AWAITING_CONSENT: [(Side.ENTERPRISE, "组织方想把需求 {number} 推荐给{institute}，请答复是否同意。")],
    S.ENTERPRISE_INTERESTED: [(Side.PROVIDER, "需求 {number} 的企业有意与贵机构对接，请在 {due} 前答复。")],
    S.PROVIDER_INTERESTED: [(Side.ENTERPRISE, "{institute}有意承接需求 {number}，请在 {due} 前答复。")],
    S.MUTUAL: [
        (Side.ENTERPRISE, "需求 {number} 与{institute}双方有意，对接已开启。"),
        (Side.PROVIDER, "需求 {number} 双方有意，对接已开启，请安排第一次联系。"),
        (Side.ORGANISER, "需求 {number} 与{institute}的对接已开启，请指派技术管家。"),
    ],
}
# Of some steps it matters which they were: of a refusal the other side is told, and an award asks nobody.
TOLD_OF_STEP = {
    "award": [
        (Side.ENTERPRISE, "需求 {number} 由{institute}揭榜成功，对接已开启。"),
        (Side.PROVIDER, "贵机构揭榜需求 {number} 成功，对接已开启，请安排第一次联系。"),
        (Side.ORGANISER, "需求 {number} 由{institute}揭榜成功，对接已开启。"),
    ],
    "refuse_consent": [(Side.ORGANISER, "企业不同意把需求 {number} 推荐给{institute}。")],
    "enterprise_decline": [(Side.PROVIDER, "需求 {number} 的企业已答复“不合适”，原因见经过。")],
    "provider_decline": [(Side.ENTERPRISE, "{institute}对需求 {number} 已答复“不合适”，原因见经过。")],
}
# Whom to tell depends on who had answered.
AFTER_AN_ANSWER = {
    (S.PROVIDER_INTERESTED, S.EXPIRED): [(Side.PROVIDER, "需求 {number} 的企业没有在期限内答复贵机构的意向。")],
    (S.ENTERPRISE_INTERESTED, S.EXPIRED): [(Side.ENTERPRISE, "{institute}没有在期限内答复需求 {number}，可另邀机构。")],
    (S.PROVIDER_INTERESTED, S.SUPERSEDED): [(Side.PROVIDER, "需求 {number} 或贵机构的能力有更新，原意向已收回。")],
    (S.ENTERPRISE_INTERESTED, S.SUPERSEDED): [(Side.ENTERPRISE, "需求 {number} 与{institute}的意向因内容更新已收回。")],
    (S.PROVIDER_INTERESTED, S.GENERATED): [(Side.PROVIDER, "需求 {number} 或贵机构的能力有更新，原意向已收回。")],
    (S.ENTERPRISE_INTERESTED, S.GENERATED): [(Side.ENTERPRISE, "需求 {number} 与{institute}的意向因内容更新已收回。")],
}
REMINDER = "需求 {number} 的匹配建议将于 {due} 到期，请尽快答复；到期未答复即自动关闭。"


def tell_of_proposal(proposal: Proposal) -> None:
    """Tell those who have to act on a pairing that the matcher has just found; the enterprise and organiser once."""
    need = proposal.need
    if proposal.status == S.GENERATED:
        text = "需求 {number} 有匹配建议待推荐给机构，请查看。"
        _tell(proposal, [(Side.ORGANISER, text)], url=_page_of(need), key=f"pass-on:{need.pk}:{need.version}")
        return
    text = "需求 {number} 已有匹配建议，请查看并答复。"
    _tell(proposal, [(Side.ENTERPRISE, text)], url=_page_of(need), key=f"matched:{need.pk}:{need.version}")
    if not proposal.is_misfit:
        _tell(proposal, TOLD[S.PROPOSED])


def tell_of_step(proposal: Proposal, event: Event) -> None:
    """Tell those whom a step concerns, but not who took it."""
    if proposal.is_misfit:
        return
    by_answer = AFTER_AN_ANSWER.get((event.source, event.target))
    told = TOLD_OF_STEP.get(event.action) or by_answer or TOLD.get(event.target, [])
    _tell(proposal, told, actor=event.actor)


def remind_to_answer(proposal: Proposal) -> None:
    """Remind, once for each term, the side or the sides that have not answered."""
    if proposal.is_misfit:
        return
    waits_for = NEXT_MOVE[proposal.status]
    sides = [Side.ENTERPRISE, Side.PROVIDER] if waits_for == Side.BOTH else [waits_for]
    key = f"answer:{proposal.pk}:{proposal.answer_due_on}"
    _tell(proposal, [(side, REMINDER) for side in sides], key=key)


def _tell(
    proposal: Proposal, told: list[tuple[str, str]], *, actor: User | None = None, url: str = "", key: str = ""
) -> None:
    need, institute = proposal.need, proposal.capability.organisation
    due = f"{proposal.answer_due_on:%m-%d}" if proposal.answer_due_on else ""
    for side, text in told:
        notify(
            _people(side, need, institute),
            kind=NoticeKind.PROPOSAL,
            text=text.format(number=need.number, institute=institute, due=due),
            url=url or _page_for(side, proposal),
            key=key,
            actor=actor,
        )


def _people(side: str, need: Need, institute: Organisation) -> Iterable[User]:
    if side == Side.ORGANISER:
        return User.objects.in_charge_of(need.organisation.region)
    return User.objects.acting_for(need.organisation if side == Side.ENTERPRISE else institute)


def _page_for(side: str, proposal: Proposal) -> str:
    """Where that side finds what it is told of; a proposal taken back has no page any more."""
    if side == Side.PROVIDER and proposal.status not in RECEIVED:
        return reverse("matching:inbox")
    return proposal.need.get_absolute_url() if proposal.status == S.SUPERSEDED else proposal.get_absolute_url()


def _page_of(need: Need) -> str:
    return reverse("matching:need_proposals", args=[need.pk])
