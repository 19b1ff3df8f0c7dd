"""What came of the solutions: how they stand for who decides, the public notice, and each solver's own result."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, Q, QuerySet

from accounts.models import User
from challenges.enums import ChallengeStatus as C
from challenges.enums import Outcome, Phase, ReviewStage
from challenges.enums import SolutionStatus as S
from challenges.models import Challenge, CoApplicant, Criterion, Decision, Entry, PhaseWindow, Solution
from challenges.models.certificates import CERTIFIED
from challenges.responses import ShownPromise, shown_promises
from challenges.results import Result, results_of
from challenges.services.decisions import DECIDING
from challenges.services.finals import finals_of
from challenges.workflow import AWAITING_OUTCOME, RELEASED
from core.models import Event
from matching.enums import Verdict

TENTH = Decimal("0.1")
# How many after the first of an item are suggested as good.
COMMENDED_UP_TO = 3
RULES = (
    "建议只供参考，结果由您拟定：每个项目名次第一的建议“揭榜成功”，"
    f"第二至第{'一二三'[COMMENDED_UP_TO - 1]}名建议“优秀方案”，其余和未进入现场赛的建议“未入选”。",
    "名次只在同一项目的方案之间排：参加现场赛的按现场赛的排名在前，其余按方案评审的排名。",
)
MISSED = frozenset({Verdict.FAIL, Verdict.PARTIAL})


# --- How the solutions stand --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """A solution beside the others to its item: what it was given, its place among so many, and what is decided."""

    solution: Solution
    result: Result
    finals: Decimal | None
    place: int | None
    of: int
    decision: Decision | None

    @property
    def suggested(self) -> Outcome | None:
        """What the ranking alone would say; None for what nobody has scored."""
        if self.place is None:
            return None
        if self.solution.status == S.NOT_SHORTLISTED or self.place > COMMENDED_UP_TO:
            return Outcome.NOT_SELECTED
        return Outcome.SELECTED if self.place == 1 else Outcome.COMMENDED


@dataclass(frozen=True)
class Standings:
    """The criteria, and for each item of the board its solutions, the best first."""

    criteria: list[Criterion]
    items: list[tuple[Entry, list[Standing]]]

    @property
    def all(self) -> list[Standing]:
        return [standing for _, standings in self.items for standing in standings]


def standings_of(challenge: Challenge) -> Standings:
    """The admitted solutions of a challenge, item by item; an item without any is there as well."""
    results = results_of(challenge, ReviewStage.SOLUTION)
    finals = {each.solution.pk: each for each in finals_of(challenge).ranked}

    def order(result: Result):
        """Who came to the finals is before the others; among those the ranking of the reviews, which sorting keeps."""
        on_site = finals.get(result.item.pk)
        return (0, on_site.rank) if on_site else (1, result.item.status == S.NOT_SHORTLISTED)

    ordered = sorted([*results.ranked, *results.unscored], key=order)
    decisions = {each.solution_id: each for each in Decision.objects.filter(solution__entry__challenge=challenge)}
    of = Counter(result.entry.pk for result in ordered)
    standings: dict = {}
    for result in ordered:
        before = standings.setdefault(result.entry.pk, [])
        before.append(
            Standing(
                solution=result.item,
                result=result,
                finals=finals[result.item.pk].mean if result.item.pk in finals else None,
                place=len(before) + 1 if result.sheets else None,
                of=of[result.entry.pk],
                decision=decisions.get(result.item.pk),
            )
        )
    entries = challenge.entries.on_board().select_related("challenge", "need__organisation")
    return Standings(results.criteria, [(entry, standings.get(entry.pk, [])) for entry in entries])


# --- What is still to be decided ----------------------------------------------------------------------------------


def missing_of(standings: Standings) -> dict[str, int]:
    """How many solutions lack reviews, an outcome, or the text that goes with it."""
    waiting = [each for each in standings.all if each.solution.status in AWAITING_OUTCOME]
    decided = [each.decision for each in waiting if each.decision]
    return {
        "reviews": sum(not each.result.has_enough for each in waiting),
        "outcome": len(waiting) - len(decided),
        "text": sum(each.outcome != Outcome.SELECTED and not each.text for each in decided),
    }


def may_decide(challenge: Challenge, standing: Standing) -> bool:
    return challenge.status in DECIDING and standing.solution.status in AWAITING_OUTCOME and standing.result.has_enough


def amendable_items(challenge: Challenge) -> set:
    """The ids of the items whose released decisions may be amended, because an objection was upheld."""
    if challenge.status != C.ANNOUNCED:
        return set()
    upheld = set(challenge.objections.filter(is_upheld=True).values_list("entry", flat=True))
    return set(challenge.entries.on_board().values_list("pk", flat=True)) if None in upheld else upheld


# --- The public notice --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Winner:
    """One solution that succeeded, by its bodies: the applicant first."""

    outcome: str
    outcome_display: str
    bodies: list[str]


@dataclass(frozen=True)
class Amendment:
    board_number: str
    reason: str
    created_at: datetime


@dataclass(frozen=True)
class Announcement:
    """公示: who succeeded with what, until when one may object, and what was amended; who did not is not named."""

    challenge: Challenge
    window: PhaseWindow
    items: list[tuple[Entry, list[Winner]]]
    amendments: list[Amendment]
    raised: int
    answered: int


def announcement_of(challenge: Challenge) -> Announcement | None:
    """The public notice of a challenge; None before the decisions are released."""
    if challenge.status not in RELEASED:
        return None
    winners: dict = {}
    found = Solution.objects.filter(entry__challenge=challenge, status__in=CERTIFIED)
    for solution in found.select_related("organisation").prefetch_related("co_applicants__organisation"):
        winners.setdefault(solution.entry_id, []).append(
            Winner(solution.status, solution.get_status_display(), [body.name for body in solution.bodies])
        )
    counts = challenge.objections.aggregate(
        raised=Count("pk"), answered=Count("pk", filter=Q(answered_at__isnull=False))
    )
    return Announcement(
        challenge=challenge,
        window=challenge.window(Phase.ANNOUNCED),
        items=[
            # Those of one outcome in the order of their names, which says nothing of how they were ranked.
            (entry, sorted(winners.get(entry.pk, []), key=lambda each: (each.outcome != Outcome.SELECTED, each.bodies)))
            for entry in challenge.entries.on_board()
        ],
        amendments=_amendments_of(challenge),
        **counts,
    )


def _amendments_of(challenge: Challenge) -> list[Amendment]:
    decisions = Decision.objects.filter(solution__entry__challenge=challenge, amended_at__isnull=False)
    numbers = dict(decisions.values_list("pk", "solution__entry__board_number"))
    events = Event.objects.filter(
        subject_type=ContentType.objects.get_for_model(Decision), subject_id__in=numbers, action="amend"
    )
    return [
        Amendment(numbers[event.subject_id], event.note, event.created_at)
        for event in events.order_by("created_at", "number")
    ]


# --- Each solver's own result -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CriterionResult:
    """What the experts gave for one criterion on average, how much it cost of the total, and their reasons."""

    criterion: Criterion
    mean: Decimal
    lost: Decimal
    reasons: list[str]


@dataclass(frozen=True)
class OwnResult:
    """What a solver learns of its own solution: nothing that tells a reviewer or another solver."""

    solution: Solution
    decision: Decision
    mean: Decimal | None
    finals: Decimal | None
    place: int | None
    of: int
    criteria: list[CriterionResult]
    comments: list[str]
    gaps: list[ShownPromise]

    @property
    def costliest(self) -> CriterionResult | None:
        """Where most of the points were lost."""
        lossy = [each for each in self.criteria if each.lost]
        return max(lossy, key=lambda each: each.lost, default=None)


def results_for(user: User) -> QuerySet[Solution]:
    """The solutions with a released result that this person may read: as a body behind it, or running the challenge."""
    if not user.is_authenticated:
        return Solution.objects.none()
    joined = CoApplicant.objects.filter(organisation__in=user.provider_ids, agreed_at__isnull=False)
    run = Challenge.objects.run_by(user).values("pk")
    own = Q(organisation__in=user.provider_ids) | Q(pk__in=joined.values("solution"))
    released = Solution.objects.filter(status__in=Outcome.values, decision__released_at__isnull=False)
    return released.filter(own | Q(entry__challenge__in=run)).for_list().prefetch_related("promises")


def own_result(solution: Solution, standings: Standings, user: User) -> OwnResult:
    """The released result of one of the solutions that are compared, as its solver reads it."""
    standing = next(each for each in standings.all if each.solution == solution)
    sheets = standing.result.sheets
    means = standing.result.means
    return OwnResult(
        solution=solution,
        decision=solution.decision,
        mean=standing.result.mean,
        finals=standing.finals,
        place=standing.place,
        of=standing.of,
        criteria=[
            CriterionResult(
                criterion=criterion,
                mean=mean,
                lost=((100 - mean) * criterion.weight / 100).quantize(TENTH),
                reasons=[sheet.reasons[n] for sheet in sheets],
            )
            for n, (criterion, mean) in enumerate(zip(standings.criteria, means, strict=False))
        ],
        comments=[sheet.review.comment for sheet in sheets if sheet.review.comment],
        gaps=[each for each in shown_promises(solution, user) if MISSED & {each.verdict, each.backing}],
    )
