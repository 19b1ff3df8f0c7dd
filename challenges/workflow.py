"""The life of a challenge, of its entries and of their reviews, as tables."""

from challenges.checklist import refuse_unready
from challenges.enums import ChallengeStatus as C
from challenges.enums import EntryStatus as E
from challenges.enums import Phase
from challenges.enums import ReviewStatus as R
from challenges.models.reviews import STANDING
from core.workflow import Transition, Workflow
from needs.enums import LISTED

RUN, OWN, WRITE = "challenges.run_challenge", "challenges.own_entry", "challenges.write_review"
# What the platform carries a challenge through so far.
PHASES = (Phase.COLLECTING, Phase.SCREENING, Phase.BOARD)
BEFORE = dict(zip(PHASES, (C.DRAFT, *PHASES), strict=False))

challenge_workflow = Workflow(
    *(
        Transition(
            f"open_{phase}",
            f"进入{phase.label}",
            frozenset({BEFORE[phase]}),
            C(phase),
            RUN,
            refuse=refuse_unready(phase),
        )
        for phase in PHASES
    ),
    Transition("cancel", "取消赛事", frozenset({C.DRAFT, *map(C, PHASES)}), C.CANCELLED, RUN, needs_note=True),
)


def refuse_outside(phase: str, doing: str):
    """A guard: the challenge of the entry has to be in this phase."""

    def refuse(record) -> str:
        if record.challenge.status != phase:
            return f"赛事现在处于“{record.challenge.get_status_display()}”阶段，不能{doing}。"
        return ""

    return refuse


def refuse_unreviewed(entry) -> str:
    """Why an entry cannot be decided on yet."""
    if outside := refuse_outside(C.SCREENING, "评定需求")(entry):
        return outside
    wanted, done = entry.challenge.reviews_per_item, entry.reviews.locked().count()
    if done < wanted:
        return f"这条需求需要 {wanted} 份已提交的评审，现在有 {done} 份；请催办或增派专家。"
    return ""


def refuse_unpublished(entry) -> str:
    """Why an entry cannot be handed in again."""
    if entry.need.status not in LISTED:
        return f"需求{entry.need.get_status_display()}，请先改好需求并等它重新发布，再提交报名。"
    return ""


entry_workflow = Workflow(
    Transition("return", "退回补充", frozenset({E.ENTERED}), E.RETURNED, RUN, needs_note=True),
    Transition("resubmit", "重新提交", frozenset({E.RETURNED}), E.ENTERED, OWN, refuse=refuse_unpublished),
    Transition("withdraw", "撤回报名", frozenset({E.ENTERED, E.RETURNED}), E.WITHDRAWN, OWN),
    Transition("select", "入选", frozenset({E.ENTERED}), E.SELECTED, RUN, refuse=refuse_unreviewed),
    Transition(
        "drop",
        "不入选",
        frozenset({E.ENTERED, E.SELECTED}),
        E.NOT_SELECTED,
        RUN,
        needs_note=True,
        refuse=refuse_unreviewed,
    ),
    # Who has withdrawn may enter the need again, with a new consent.
    Transition("reenter", "重新报名", frozenset({E.WITHDRAWN}), E.ENTERED, None),
    # All selected entries go on the board together.
    Transition("post", "发榜", frozenset({E.SELECTED}), E.ON_BOARD, None),
)


def refuse_scoring(review) -> str:
    """Why nothing can be scored now; at the end of the window it is over."""
    if outside := refuse_outside(C.SCREENING, "打分")(review):
        return outside
    window = review.challenge.window(Phase.SCREENING)
    if window is None or not window.is_open:
        return "需求评审已经截止，不能再打分。" if window and window.is_over else "需求评审还没有开始，请届时再打分。"
    if review.entry.status != E.ENTERED:
        return f"这条需求{review.entry.get_status_display()}，不再打分。"
    return ""


def refuse_unscored(review) -> str:
    """What is missing before the scores can be handed in."""
    if closed := refuse_scoring(review):
        return closed
    scores = list(review.scores.select_related("criterion"))
    criteria = review.challenge.criteria.filter(stage=review.stage)
    missing = set(criteria) - {score.criterion for score in scores if score.points is not None}
    if missing:
        return "请先给这些指标打分：" + "、".join(sorted(criterion.name for criterion in missing)) + "。"
    if unexplained := [score.criterion.name for score in scores if not score.reason.strip()]:
        return "请写明打分的理由：" + "、".join(unexplained) + "。"
    return ""


review_workflow = Workflow(
    Transition("lock", "提交评审", frozenset({R.ASSIGNED, R.DRAFTING}), R.LOCKED, WRITE, refuse=refuse_unscored),
    Transition("recuse", "申请回避", frozenset({R.ASSIGNED, R.DRAFTING}), R.RECUSED, WRITE, needs_note=True),
    Transition("remove", "撤销分派", STANDING, R.REMOVED, RUN, needs_note=True),
    # A conflict of interest that came after the assignment.
    Transition("end", "因利益冲突撤销", STANDING, R.REMOVED, None),
    Transition("draft", "开始评审", frozenset({R.ASSIGNED}), R.DRAFTING, None),
)
