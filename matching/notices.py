"""Who is told of which step of a proposal; nothing of the need is said but its number."""

from datetime import date

from accounts.enums import NoticeKind
from accounts.models import User
from accounts.notices import notify
from core.enums import Level
from core.models import Event
from matching.enums import ProposalStatus as S
from matching.enums import Verdict
from matching.models import Proposal

ENTERPRISE, INSTITUTE, ORGANISER = "enterprise", "institute", "organiser"
# Whom to tell of a new status, and what they should do; {number}, {institute} and {due} are filled in.
TOLD = {
    S.PROPOSED: [(INSTITUTE, "需求 {number} 可能适合贵机构的一项能力，请在 {due} 前答复。")],
    S.AWAITING_CONSENT: [(ENTERPRISE, "组织方想把需求 {number} 推荐给{institute}，请答复是否同意。")],
    S.ENTERPRISE_INTERESTED: [(INSTITUTE, "需求 {number} 的企业有意与贵机构对接，请在 {due} 前答复。")],
    S.PROVIDER_INTERESTED: [(ENTERPRISE, "{institute}有意承接需求 {number}，请在 {due} 前答复。")],
    S.MUTUAL: [
        (ENTERPRISE, "需求 {number} 与{institute}双方有意，对接已开启。"),
        (INSTITUTE, "需求 {number} 双方有意，对接已开启，请安排第一次联系。"),
        (ORGANISER, "需求 {number} 与{institute}的对接已开启，请指派技术管家。"),
    ],
    S.DECLINED: [(ENTERPRISE, "需求 {number} 与{institute}的匹配建议已答复“不合适”。")],
}
# Whom to tell depends on who had answered.
AFTER_AN_ANSWER = {
    (S.PROVIDER_INTERESTED, S.DECLINED): [(INSTITUTE, "贵机构对需求 {number} 的意向已被答复“不合适”，原因见经过。")],
    (S.PROVIDER_INTERESTED, S.EXPIRED): [(INSTITUTE, "需求 {number} 的企业没有在期限内答复贵机构的意向。")],
    (S.ENTERPRISE_INTERESTED, S.EXPIRED): [(ENTERPRISE, "{institute}没有在期限内答复需求 {number}，可以另邀机构。")],
    (S.PROVIDER_INTERESTED, S.SUPERSEDED): [(INSTITUTE, "需求 {number} 或贵机构的能力有更新，原意向已收回。")],
    (S.ENTERPRISE_INTERESTED, S.SUPERSEDED): [(ENTERPRISE, "需求 {number} 与{institute}的意向因内容更新已收回。")],
    (S.AWAITING_CONSENT, S.GENERATED): [(ORGANISER, "企业不同意把需求 {number} 推荐给{institute}。")],
}


def tell_of_proposal(proposal: Proposal) -> None:
    """Tell both sides of a pairing that the matcher has just proposed."""
    if proposal.status == S.PROPOSED:
        _tell_enterprise_of_matches(proposal)
        if proposal.verdict != Verdict.FAIL:
            _tell(proposal, TOLD[S.PROPOSED])


def tell_of_step(proposal: Proposal, event: Event) -> None:
    """Tell those whom a step concerns, but not who took it."""
    if event.target == S.PROPOSED and proposal.need.level == Level.PUBLIC and proposal.verdict == Verdict.FAIL:
        return
    told = AFTER_AN_ANSWER.get((event.source, event.target)) or TOLD.get(event.target, [])
    _tell(proposal, told, actor=event.actor)


def remind_to_answer(proposal: Proposal) -> None:
    """Remind, once for each term, the side or the sides that have not answered."""
    waits_for = {
        S.PROPOSED: [INSTITUTE, ENTERPRISE],
        S.ENTERPRISE_INTERESTED: [INSTITUTE],
        S.PROVIDER_INTERESTED: [ENTERPRISE],
    }[proposal.status]
    if proposal.verdict == Verdict.FAIL and proposal.status == S.PROPOSED:
        return
    text = "需求 {number} 的匹配建议将于 {due} 到期，请尽快答复；到期未答复即自动关闭。"
    key = f"answer:{proposal.pk}:{proposal.answer_due_on}"
    _tell(proposal, [(side, text) for side in waits_for], key=key)


def _tell_enterprise_of_matches(proposal: Proposal) -> None:
    """One notice for all proposals of one version of a need."""
    need = proposal.need
    notify(
        User.objects.acting_for(need.organisation),
        kind=NoticeKind.PROPOSAL,
        text=f"需求 {need.number} 已有匹配建议，请查看并答复。",
        url=need.get_absolute_url(),
        key=f"matched:{need.pk}:{need.version}",
    )


def _tell(proposal: Proposal, told: list[tuple[str, str]], *, actor: User | None = None, key: str = "") -> None:
    need, institute = proposal.need, proposal.capability.organisation
    due = f"{proposal.answer_due_on:%m-%d}" if isinstance(proposal.answer_due_on, date) else ""
    for side, text in told:
        people = {
            ENTERPRISE: lambda: User.objects.acting_for(need.organisation),
            INSTITUTE: lambda: User.objects.acting_for(institute),
            ORGANISER: lambda: User.objects.in_charge_of(need.organisation.region),
        }[side]()
        notify(
            people,
            kind=NoticeKind.PROPOSAL,
            text=text.format(number=need.number, institute=institute, due=due),
            url=proposal.get_absolute_url(),
            key=key,
            actor=actor,
        )
