"""The life of a challenge, of its entries, of the solutions to them and of their reviews, as tables."""

from challenges.checklist import refuse_unready
from challenges.enums import ChallengeStatus as C
from challenges.enums import EntryStatus as E
from challenges.enums import Outcome, Phase
from challenges.enums import ReviewStatus as R
from challenges.enums import SolutionStatus as S
from challenges.models.reviews import STANDING
from core.workflow import Transition, Workflow
from needs.enums import LISTED

RUN, OWN, WRITE = "challenges.run_challenge", "challenges.own_entry", "challenges.write_review"
SOLVE = "challenges.own_solution"
PHASES = tuple(Phase)
BEFORE = {phase: {before} for phase, before in zip(PHASES, (C.DRAFT, *map(C, PHASES)), strict=False)}
# A challenge may do without finals on site.
BEFORE[Phase.ANNOUNCED] = {C.REVIEWING, C.FINALS}
# Until the decisions are released a challenge can be called off.
BEFORE_RELEASE = frozenset({C.DRAFT, *map(C, PHASES[: PHASES.index(Phase.ANNOUNCED)])})
# From the release on what was decided is known.
RELEASED = frozenset({*map(C, PHASES[PHASES.index(Phase.ANNOUNCED) :]), C.ARCHIVED})

challenge_workflow = Workflow(
    *(
        Transition(
            f"open_{phase}",
            f"进入{phase.label}",
            frozenset(BEFORE[phase]),
            C(phase),
            RUN,
            refuse=refuse_unready(phase),
        )
        for phase in PHASES
    ),
    Transition("archive", "归档", frozenset({C.TRACKING}), C.ARCHIVED, RUN, refuse=refuse_unready(C.ARCHIVED)),
    Transition("cancel", "取消赛事", BEFORE_RELEASE, C.CANCELLED, RUN, needs_note=True),
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
    wanted, done = entry.challenge.reviews_per_item, entry.reviews.locked().filter(solution=None).count()
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


def refuse_not_solving(solution) -> str:
    """Why a solution cannot be changed or taken back now; at the end of the window it is over."""
    if outside := refuse_outside(C.SOLVING, "修改或提交方案")(solution):
        return outside
    window = solution.challenge.window(Phase.SOLVING)
    if window is None or not window.is_open:
        return "揭榜已经截止，方案不能再改动。" if window and window.is_over else "揭榜还没有开始，请届时再提交。"
    return ""


def refuse_admission(solution) -> str:
    """Why the form of a solution cannot be judged now."""
    if outside := refuse_outside(C.SOLVING, "做形式审查")(solution):
        return outside
    return "" if solution.challenge.window(Phase.SOLVING).is_over else "揭榜还没有截止，截止后再做形式审查。"


def refuse_shortlisting(solution) -> str:
    """Why it cannot be said yet whether a solution comes to the finals."""
    if outside := refuse_outside(C.REVIEWING, "确定现场赛名单")(solution):
        return outside
    if solution.challenge.window(Phase.FINALS) is None:
        return "本届赛事没有设现场赛，请直接拟定评定结果。"
    return refuse_unjudged(solution)


def refuse_unjudged(solution) -> str:
    """Why a solution cannot be decided on yet: too few experts have handed in their scores."""
    wanted, done = solution.challenge.reviews_per_item, solution.reviews.locked().count()
    if done < wanted:
        return f"这份方案需要 {wanted} 份已提交的评审，现在有 {done} 份；请催办或增派专家。"
    return ""


AWAITING_OUTCOME = frozenset({S.ADMITTED, S.SHORTLISTED, S.NOT_SHORTLISTED})
solution_workflow = Workflow(
    Transition("submit", "提交方案", frozenset({S.DRAFT}), S.SUBMITTED, SOLVE, refuse=refuse_not_solving),
    Transition(
        "withdraw", "撤回方案", frozenset({S.DRAFT, S.SUBMITTED}), S.WITHDRAWN, SOLVE, refuse=refuse_not_solving
    ),
    Transition("redraft", "重新填写", frozenset({S.WITHDRAWN}), S.DRAFT, SOLVE, refuse=refuse_not_solving),
    Transition(
        "admit", "通过形式审查", frozenset({S.SUBMITTED, S.NOT_ADMITTED}), S.ADMITTED, RUN, refuse=refuse_admission
    ),
    Transition(
        "reject",
        "不通过形式审查",
        frozenset({S.SUBMITTED, S.ADMITTED}),
        S.NOT_ADMITTED,
        RUN,
        needs_note=True,
        refuse=refuse_admission,
    ),
    Transition(
        "shortlist",
        "进入现场赛",
        frozenset({S.ADMITTED, S.NOT_SHORTLISTED}),
        S.SHORTLISTED,
        RUN,
        refuse=refuse_shortlisting,
    ),
    Transition(
        "drop",
        "不进入现场赛",
        frozenset({S.ADMITTED, S.SHORTLISTED}),
        S.NOT_SHORTLISTED,
        RUN,
        needs_note=True,
        refuse=refuse_shortlisting,
    ),
    # All decisions are released together; one that an objection has changed is released again.
    *(
        Transition(f"release_{outcome}", outcome.label, AWAITING_OUTCOME | set(map(S, Outcome)), S(outcome), None)
        for outcome in Outcome
    ),
)


SCORABLE = frozenset({E.ENTERED, S.ADMITTED})


def refuse_scoring(review) -> str:
    """Why nothing can be scored now; at the end of the window it is over."""
    if outside := refuse_outside(C(review.phase), "打分")(review):
        return outside
    window = review.challenge.window(review.phase)
    if window is None or not window.is_open:
        label = review.get_stage_display()
        return f"{label}已经截止，不能再打分。" if window and window.is_over else f"{label}还没有开始，请届时再打分。"
    if review.item.status not in SCORABLE:
        item = "这份方案" if review.solution else "这条需求"
        return f"{item}{review.item.get_status_display()}，不再打分。"
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


def refuse_removal(review) -> str:
    """Why a review stands: what was decided by it is not to be changed behind anybody's back."""
    return refuse_outside(C(review.phase), "撤销评审")(review)


review_workflow = Workflow(
    Transition("lock", "提交评审", frozenset({R.ASSIGNED, R.DRAFTING}), R.LOCKED, WRITE, refuse=refuse_unscored),
    Transition("recuse", "申请回避", frozenset({R.ASSIGNED, R.DRAFTING}), R.RECUSED, WRITE, needs_note=True),
    Transition("remove", "撤销分派", STANDING, R.REMOVED, RUN, needs_note=True, refuse=refuse_removal),
    # A conflict of interest that came after the assignment.
    Transition("end", "因利益冲突撤销", STANDING, R.REMOVED, None),
    Transition("draft", "开始评审", frozenset({R.ASSIGNED}), R.DRAFTING, None),
)
