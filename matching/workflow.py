"""The life of a proposal until both sides have answered, as a table."""

from core.enums import Level
from core.workflow import Transition, Workflow
from matching.enums import WAITING, DeclineReason
from matching.enums import ProposalStatus as S
from needs.enums import KNOWN

# What a match, an application or an invitation can take up again.
AT_REST = frozenset({S.GENERATED, S.EXPIRED, S.SUPERSEDED})
# What a change of the need or the capability puts back to its beginning.
UNSETTLED = WAITING | AT_REST | {S.AWAITING_CONSENT}
# What a challenge decides on, whatever was said before.
AWARDABLE = UNSETTLED | {S.DECLINED}

# What enterprise and organiser say to each other before the institute is let in.
INTERNAL = frozenset({"propose", "ask_consent", "consent", "refuse_consent", "rest"})
OF_ENTERPRISE = frozenset({"enterprise_accept", "enterprise_decline", "invite"})


def refuse_closed(proposal) -> str:
    """Why nobody is brought together over a need that is no longer open to offers."""
    if not proposal.need.is_listed:
        return f"需求{proposal.need.get_status_display()}，不再征集机构；请返回需求页查看。"
    return ""


def refuse_unknown(proposal) -> str:
    """Why an institute is not brought in even for a need on the board of a challenge."""
    if proposal.need.status not in KNOWN:
        return f"需求{proposal.need.get_status_display()}，不能开启对接；请先与企业联系。"
    return ""


def refuse_organiser_only(proposal) -> str:
    """Why a proposal for a need of level 3 is not passed on right away."""
    if proposal.need.level == Level.ORGANISER_ONLY:
        return "该需求仅组织方可见，推荐给机构之前请先“征求企业同意”。"
    return refuse_closed(proposal)


def refuse_other_levels(proposal) -> str:
    """Why nobody has to be asked."""
    if proposal.need.level != Level.ORGANISER_ONLY:
        return "只有“仅组织方”级别的需求需要征求企业同意，请直接推荐给机构。"
    return refuse_closed(proposal)


proposal_workflow = Workflow(
    Transition(
        "propose",
        "推荐给机构",
        frozenset({S.GENERATED}),
        S.PROPOSED,
        "matching.pass_on_proposal",
        refuse=refuse_organiser_only,
    ),
    Transition(
        "ask_consent",
        "征求企业同意",
        frozenset({S.GENERATED}),
        S.AWAITING_CONSENT,
        "matching.pass_on_proposal",
        refuse=refuse_other_levels,
    ),
    Transition(
        "consent",
        "同意推荐",
        frozenset({S.AWAITING_CONSENT}),
        S.PROPOSED,
        "matching.answer_as_enterprise",
        refuse=refuse_closed,
    ),
    Transition(
        "refuse_consent",
        "不同意推荐",
        frozenset({S.AWAITING_CONSENT}),
        S.GENERATED,
        "matching.answer_as_enterprise",
    ),
    Transition(
        "enterprise_accept",
        "有意向",
        frozenset({S.PROPOSED, S.PROVIDER_INTERESTED}),
        {S.PROPOSED: S.ENTERPRISE_INTERESTED, S.PROVIDER_INTERESTED: S.MUTUAL},
        "matching.answer_as_enterprise",
        refuse=refuse_closed,
    ),
    Transition(
        "provider_accept",
        "有意向",
        frozenset({S.PROPOSED, S.ENTERPRISE_INTERESTED}),
        {S.PROPOSED: S.PROVIDER_INTERESTED, S.ENTERPRISE_INTERESTED: S.MUTUAL},
        "matching.answer_as_provider",
        refuse=refuse_closed,
    ),
    Transition(
        "enterprise_decline",
        "不合适",
        WAITING,
        S.DECLINED,
        "matching.answer_as_enterprise",
        reasons=DeclineReason,
    ),
    Transition(
        "provider_decline",
        "不合适",
        WAITING,
        S.DECLINED,
        "matching.answer_as_provider",
        reasons=DeclineReason,
    ),
    # These follow from an application, an invitation, a challenge, time, or a change of the need or the capability.
    Transition("apply", "申请对接", AT_REST, S.PROVIDER_INTERESTED, None),
    Transition("invite", "邀请对接", AT_REST, S.ENTERPRISE_INTERESTED, None),
    Transition("award", "揭榜成功", AWARDABLE, S.MUTUAL, None, refuse=refuse_unknown),
    Transition("expire", "逾期未答复", WAITING, S.EXPIRED, None),
    Transition("renew", "重新推荐", UNSETTLED, S.PROPOSED, None),
    Transition("rest", "等待组织方推荐", UNSETTLED, S.GENERATED, None),
    Transition("supersede", "需求或能力已更新", UNSETTLED - {S.SUPERSEDED}, S.SUPERSEDED, None),
)


def possible_steps(proposal, user) -> list[Transition]:
    """The steps this person can take now: of passing on and asking for consent the one that the level allows."""
    return [step for step in proposal_workflow.steps_for(proposal, user) if not step.refuse(proposal)]
