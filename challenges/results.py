"""What the reviewers gave, side by side: for the organiser to decide by, and without names for the enterprise."""

from dataclasses import dataclass
from decimal import Decimal
from statistics import mean, median

from challenges.enums import ChallengeStatus, EntryStatus, ReviewStage
from challenges.models import Challenge, Criterion, Entry, Review
from challenges.models.entries import EntryQuerySet
from challenges.services.conflicts import without_conflict

HUNDREDTH = Decimal("0.01")
OUTLIER = 15
RULES = (
    f"总分与该需求各位专家总分的中位数相差超过 {OUTLIER} 分的，标为“离群”，请核对理由；平台不自动剔除。",
    "按平均总分排名；相同的，依次比较第一项、第二项……评审指标的平均分；仍相同的，报名在先者在前。",
)
SCORED = frozenset({EntryStatus.ENTERED, EntryStatus.SELECTED, EntryStatus.NOT_SELECTED, EntryStatus.ON_BOARD})


@dataclass(frozen=True)
class Sheet:
    """One locked review: points and reasons in the order of the criteria."""

    review: Review
    total: Decimal
    points: list[Decimal]
    reasons: list[str]
    is_outlier: bool


@dataclass(frozen=True)
class Result:
    """What an entry got: means over its sheets, how far the totals lie apart, and its place."""

    entry: Entry
    wanted: int
    sheets: list[Sheet]
    mean: Decimal | None
    spread: Decimal | None
    means: list[Decimal]
    rank: int | None = None

    @property
    def has_enough(self) -> bool:
        return len(self.sheets) >= self.wanted

    @property
    def outliers(self) -> int:
        return sum(sheet.is_outlier for sheet in self.sheets)


@dataclass(frozen=True)
class Results:
    criteria: list[Criterion]
    ranked: list[Result]
    unscored: list[Result]


def results_of(challenge: Challenge) -> Results:
    """All entries that are scored, the best first, and those nobody has handed in a review for."""
    criteria = criteria_of(challenge)
    entries = challenge.entries.filter(status__in=SCORED).for_list()
    sheets = _sheets_by_entry(entries, criteria, is_open=challenge.status == ChallengeStatus.SCREENING)
    results = [_result(entry, challenge.reviews_per_item, sheets.get(entry.pk, [])) for entry in entries]
    ranked = sorted((result for result in results if result.sheets), key=_order)
    placed = [Result(**{**vars(result), "rank": place}) for place, result in enumerate(ranked, 1)]
    return Results(criteria, placed, [result for result in results if not result.sheets])


def criteria_of(challenge: Challenge) -> list[Criterion]:
    return list(challenge.criteria.filter(stage=ReviewStage.SCREENING))


def _sheets_by_entry(entries: EntryQuerySet, criteria: list[Criterion], *, is_open: bool) -> dict:
    """The locked reviews of each entry, in an order that tells nothing; while it matters, free of conflicts."""
    locked = Review.objects.locked().filter(entry__in=entries, stage=ReviewStage.SCREENING).for_list().order_by("pk")
    found: dict = {}
    for review in without_conflict(locked) if is_open else locked:
        found.setdefault(review.entry_id, []).append(review)
    return {entry: _sheets(reviews, criteria) for entry, reviews in found.items()}


def _sheets(reviews: list[Review], criteria: list[Criterion]) -> list[Sheet]:
    middle = median(review.total for review in reviews)
    sheets = []
    for review in reviews:
        given = {score.criterion_id: score for score in review.scores.all()}
        scores = [given[criterion.pk] for criterion in criteria]
        points, reasons = [score.points for score in scores], [score.reason for score in scores]
        sheets.append(Sheet(review, review.total, points, reasons, abs(review.total - middle) > OUTLIER))
    return sheets


def _result(entry: Entry, wanted: int, sheets: list[Sheet]) -> Result:
    totals = [sheet.total for sheet in sheets]
    return Result(
        entry=entry,
        wanted=wanted,
        sheets=sheets,
        mean=_rounded(mean(totals)) if totals else None,
        spread=_rounded(max(totals) - min(totals)) if totals else None,
        means=[_rounded(mean(points)) for points in zip(*(sheet.points for sheet in sheets), strict=True)],
    )


def _order(result: Result):
    return -result.mean, [-each for each in result.means], result.entry.created_at, result.entry.pk


def _rounded(number: Decimal) -> Decimal:
    return number.quantize(HUNDREDTH)


# --- For the enterprise ---------------------------------------------------------------------------------------------


def is_published(challenge: Challenge) -> bool:
    """Whether the board is out, and with it what the reviewers said of each need to its own enterprise."""
    return challenge.entries.filter(status=EntryStatus.ON_BOARD).exists()


def result_for_enterprise(entry: Entry) -> tuple[list[Criterion], Result] | None:
    """What the reviewers gave one entry; None before the board is out or when nobody scored it."""
    if not is_published(entry.challenge):
        return None
    criteria = criteria_of(entry.challenge)
    sheets = _sheets_by_entry(Entry.objects.filter(pk=entry.pk), criteria, is_open=False)
    if entry.pk not in sheets:
        return None
    return criteria, _result(entry, entry.challenge.reviews_per_item, sheets[entry.pk])
