"""The life of a proposal until somebody answers, as a table."""

from core.enums import Level
from core.workflow import Transition, Workflow
from matching.enums import ProposalStatus as S


def refuse_organiser_only(proposal) -> str:
    """Why a proposal for a need of level 3 stays with the organiser."""
    if proposal.need.level == Level.ORGANISER_ONLY:
        return "该需求仅组织方可见，不能推荐给机构；请先与企业商定公开级别。"
    return ""


proposal_workflow = Workflow(
    Transition(
        "propose",
        "推荐给机构",
        frozenset({S.GENERATED}),
        S.PROPOSED,
        "matching.pass_on_proposal",
        refuse=refuse_organiser_only,
    ),
    Transition("accept", "有意向", frozenset({S.PROPOSED}), S.INTERESTED, "matching.answer_proposal"),
    Transition(
        "decline",
        "不合适",
        frozenset({S.PROPOSED, S.INTERESTED}),
        S.DECLINED,
        "matching.answer_proposal",
    ),
)
