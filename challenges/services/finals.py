"""Finals on site: who comes, in which order by lot, what each judge gave, and the ranking that follows."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from random import SystemRandom
from statistics import mean
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from accounts.enums import NoticeKind
from accounts.models import User
from accounts.notices import notify
from challenges.enums import ChallengeStatus as C
from challenges.enums import ReviewStage
from challenges.enums import SolutionStatus as S
from challenges.models import Challenge, FinalsMark, Review, Score, Solution
from challenges.results import HUNDREDTH, Result, results_of
from challenges.services.conflicts import Pairs, blocks_between, end_conflicted
from challenges.services.experts import pool_of
from challenges.workflow import solution_workflow
from core.models import Event
from core.workflow import NotPermitted, TransitionError

POINTS = Score._meta.get_field("points")
RULES = (
    "现场得分取各位评委给分的平均；与方案有利益冲突的评委不给这份方案打分，已录入的不计。",
    "按现场得分排名；相同的，依次比较方案评审的平均总分、第一项评审指标的平均分；仍相同的，抽签出场在先者在前。",
)
Key = tuple[UUID, int]


# --- Who comes ------------------------------------------------------------------------------------------------------


@transaction.atomic
def move_to_finals(solution: Solution, name: str, *, actor: User, note: str = "") -> Event:
    """Have a solution come to the finals or not; only reviews without a conflict of interest count for it."""
    solution.challenge.lock()
    end_conflicted(solution.reviews.all())
    return solution_workflow.apply(solution, name, actor=actor, note=note)


def finalists_of(challenge: Challenge):
    """The solutions that come to the finals, or came, in the order of their appearance."""
    found = Solution.objects.filter(Q(status=S.SHORTLISTED) | Q(draw_order__isnull=False), entry__challenge=challenge)
    found = found.for_list().select_related("entry__need__organisation")
    return found.order_by("draw_order", "entry__board_number", "pk")


@transaction.atomic
def draw_order(challenge: Challenge, *, actor: User, reason: str = "") -> list[Solution]:
    """The finalists in an order drawn by lot; drawn once, or anew for a reason as long as nobody has been marked."""
    _hold(challenge, actor, "抽签")
    solutions = list(finalists_of(challenge))
    is_again = any(solution.draw_order for solution in solutions)
    if _marks_of(challenge).exists():
        raise TransitionError("已经录入现场得分，出场顺序不能再改动。")
    if is_again and not reason.strip():
        raise TransitionError("已经抽过签；要重新抽签，请写明理由。")
    SystemRandom().shuffle(solutions)
    for place, solution in enumerate(solutions, 1):
        solution.draw_order = place
        solution.save(update_fields=["draw_order", "updated_at"])
        _tell_place(challenge, solution, actor)
    label = "重新抽签" if is_again else "抽签排定出场顺序"
    data = {"order": [solution.number for solution in solutions]}
    challenge.record("draw", label, actor=actor, note=reason.strip(), data=data)
    return solutions


def _tell_place(challenge: Challenge, solution: Solution, actor: User) -> None:
    notify(
        User.objects.acting_for(*solution.bodies),
        kind=NoticeKind.CHALLENGE,
        text=f"{challenge.name}：{solution.number} 现场赛第 {solution.draw_order} 个出场，时间地点以组织方通知为准。",
        url=solution.get_absolute_url(),
        actor=actor,
    )


# --- Marks ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def save_marks(challenge: Challenge, *, actor: User, marks: Mapping[Key, Decimal | None]) -> list[dict]:
    """Keep what judges gave solutions, all or nothing; None takes a mark back. What has changed, with old and new."""
    _hold(challenge, actor, "录入现场得分")
    finals = finals_of(challenge)
    if any(solution.draw_order is None for solution in finals.solutions):
        raise TransitionError("请先抽签排定出场顺序，再录入现场得分。")
    _refuse_marks(finals, marks)
    changes = []
    for (solution, judge), points in marks.items():
        old = finals.marks.get((solution, judge))
        if points == (old.points if old else None):
            continue
        if points is None:
            old.delete()
        else:
            given = {"points": points, "author": actor}
            FinalsMark.objects.update_or_create(solution_id=solution, judge_id=judge, defaults=given)
        number = finals.solution(solution).number
        changes.append({"solution": number, "judge": judge, "old": _text(old and old.points), "new": _text(points)})
    if changes:
        challenge.record("mark", "录入现场得分", actor=actor, data={"marks": changes})
    return changes


def _refuse_marks(finals: "Finals", marks: Mapping[Key, Decimal | None]) -> None:
    """Raise with all that is wrong, by the name of solution and judge."""
    judges = {judge.pk: judge for judge in finals.judges}
    problems = []
    for (solution_pk, judge_pk), points in marks.items():
        solution, judge = finals.solution(solution_pk), judges.get(judge_pk)
        if solution is None or judge is None:
            problems.append("名单已经变化，请刷新页面后重新填写。")
            continue
        name = f"{solution.number} {judge}"
        if points is None:
            continue
        if finals.blocks[judge_pk, solution_pk]:
            problems.append(f"{name}：有利益冲突，应当回避，不能打分。")
        try:
            POINTS.clean(points, None)
        except ValidationError as error:
            problems += [f"{name}：{message}" for message in error.messages]
    if problems:
        raise ValidationError({"marks": list(dict.fromkeys(problems))})


def settle_scores(challenge: Challenge, *, actor: User) -> None:
    """Before the results are out, end what has come to be in conflict; later ties change nothing any more."""
    end_conflicted(Review.objects.filter(entry__challenge=challenge), during=[challenge.status])
    finals = finals_of(challenge)
    barred = {key: None for key in finals.marks if finals.is_barred(key)}
    if barred:
        save_marks(challenge, actor=actor, marks=barred)


def _hold(challenge: Challenge, actor: User, doing: str) -> None:
    challenge.lock()
    if not actor.has_perm("challenges.run_challenge", challenge):
        raise NotPermitted("只有主办和协办单位可以管理这项赛事的现场赛。")
    if challenge.status != C.FINALS:
        raise TransitionError(f"赛事现在处于“{challenge.get_status_display()}”阶段，不能{doing}。")


def _marks_of(challenge: Challenge):
    return FinalsMark.objects.filter(solution__entry__challenge=challenge)


def _text(points: Decimal | None) -> str:
    return "" if points is None else str(points)


# --- What came of it ------------------------------------------------------------------------------------------------


@dataclass
class Standing:
    """A finalist with the marks that count, in the order of the judges, and its place."""

    solution: Solution
    mean: Decimal
    review: Result | None
    rank: int = 0
    place: int = 0


@dataclass(frozen=True)
class Finals:
    """The finals as they stand: who appears in which order, who judges, what was given and the ranking."""

    solutions: list[Solution]
    judges: list[User]
    blocks: Pairs
    marks: dict[Key, FinalsMark]
    ranked: list[Standing]

    def solution(self, pk: UUID) -> Solution | None:
        return next((solution for solution in self.solutions if solution.pk == pk), None)

    def is_barred(self, key: Key) -> bool:
        """Whether this judge may not mark this solution."""
        solution, judge = key
        return bool(self.blocks.get((judge, solution)))

    @property
    def incomplete(self) -> list[User]:
        """The judges who have marked some solutions, but not all that they may."""
        present = [judge for judge in self.judges if any(key[1] == judge.pk for key in self.marks)]
        return [
            judge
            for judge in present
            if any(
                (key := (solution.pk, judge.pk)) not in self.marks and not self.is_barred(key)
                for solution in self.solutions
            )
        ]


def finals_of(challenge: Challenge) -> Finals:
    """What is known of the finals now; once the results are out, ties that came later change nothing."""
    solutions = list(finalists_of(challenge))
    marks = {(mark.solution_id, mark.judge_id): mark for mark in _marks_of(challenge).select_related("judge")}
    is_on = challenge.status == C.FINALS
    pool = list(pool_of(challenge)) if is_on else []
    judges = sorted({*pool, *(mark.judge for mark in marks.values())}, key=lambda judge: (judge.name, judge.pk))
    blocks = blocks_between(judges, solutions) if is_on else {}
    finals = Finals(solutions, judges, blocks, marks, [])
    finals.ranked.extend(_rank(finals, results_of(challenge, ReviewStage.SOLUTION).by_item() if marks else {}))
    return finals


def _rank(finals: Finals, reviews: dict[UUID, Result]) -> list[Standing]:
    counting: dict[UUID, list[Decimal]] = {}
    for key, mark in finals.marks.items():
        if not finals.is_barred(key):
            counting.setdefault(key[0], []).append(mark.points)
    ranked = [
        Standing(solution, mean(counting[solution.pk]).quantize(HUNDREDTH), reviews.get(solution.pk))
        for solution in finals.solutions
        if solution.pk in counting
    ]
    ranked.sort(key=_order)
    places: Counter[UUID] = Counter()
    for rank, standing in enumerate(ranked, 1):
        places[standing.solution.entry_id] += 1
        standing.rank, standing.place = rank, places[standing.solution.entry_id]
    return ranked


def _order(standing: Standing):
    review = standing.review
    scored = (review.mean, review.means[0]) if review and review.sheets else (Decimal(0), Decimal(0))
    return -standing.mean, *(-each for each in scored), standing.solution.draw_order
