"""What the reviewers gave, side by side: for the organiser to decide by, and without names for the enterprise."""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from statistics import mean, median
from uuid import UUID

from challenges.enums import EntryStatus, ReviewStage
from challenges.items import KINDS, Item, Kind, entry_of, item_id, kind_of, number_of
from challenges.models import Challenge, Criterion, Entry, Review
from challenges.services.conflicts import without_conflict

HUNDREDTH = Decimal("0.01")
OUTLIER = 15
LAST = {ReviewStage.SCREENING: "报名", ReviewStage.SOLUTION: "提交"}
RULES = {
    stage: (
        f"总分与该{kind.noun}各位专家总分的中位数相差超过 {OUTLIER} 分的，标为“离群”，请核对理由；平台不自动剔除。",
        f"按平均总分排名；相同的，依次比较第一项、第二项……评审指标的平均分；仍相同的，{LAST[stage]}在先者在前。",
    )
    for stage, kind in KINDS.items()
}


@dataclass(frozen=True)
class Sheet:
    """One locked review: points and reasons in the order of the criteria."""

    review: Review
    total: Decimal
    points: list[Decimal]
    reasons: list[str]
    is_outlier: bool


@dataclass
class Result:
    """What an item got: means over its sheets, how far the totals lie apart, its place among all and for its entry."""

    item: Item
    wanted: int
    sheets: list[Sheet]
    mean: Decimal | None
    spread: Decimal | None
    means: list[Decimal]
    rank: int | None = None
    place: int | None = None

    @property
    def entry(self) -> Entry:
        return entry_of(self.item)

    @property
    def number(self) -> str:
        return number_of(self.item)

    @property
    def has_enough(self) -> bool:
        return len(self.sheets) >= self.wanted

    @property
    def outliers(self) -> int:
        return sum(sheet.is_outlier for sheet in self.sheets)


@dataclass(frozen=True)
class Results:
    """All items that are scored, the best first, and those nobody has handed in a review for."""

    criteria: list[Criterion]
    ranked: list[Result]
    unscored: list[Result]

    def by_item(self) -> dict[UUID, Result]:
        return {result.item.pk: result for result in (*self.ranked, *self.unscored)}


def results_of(challenge: Challenge, stage: str = ReviewStage.SCREENING) -> Results:
    """What the reviewers gave in one stage, ranked among all items and among the solutions to one."""
    kind = KINDS[ReviewStage(stage)]
    criteria = criteria_of(challenge, kind)
    items = list(kind.items_of(challenge, kind.scored))
    sheets = _sheets_by_item(items, kind, criteria, is_open=challenge.status in kind.counting)
    results = [_result(item, challenge.reviews_per_item, sheets.get(item.pk, [])) for item in items]
    ranked = sorted((result for result in results if result.sheets), key=_order)
    places: Counter[UUID] = Counter()
    for rank, result in enumerate(ranked, 1):
        places[result.entry.pk] += 1
        result.rank, result.place = rank, places[result.entry.pk]
    return Results(criteria, ranked, [result for result in results if not result.sheets])


def criteria_of(challenge: Challenge, kind: Kind) -> list[Criterion]:
    return list(challenge.criteria.filter(stage=kind.stage))


def _sheets_by_item(items: list, kind: Kind, criteria: list[Criterion], *, is_open: bool) -> dict:
    """The locked reviews of each item, in an order that tells nothing; while it matters, free of conflicts."""
    locked = Review.objects.locked().filter(stage=kind.stage, **{f"{kind.field}__in": items}).for_list().order_by("pk")
    found: dict = {}
    for review in without_conflict(locked) if is_open else locked:
        found.setdefault(item_id(review), []).append(review)
    return {item: _sheets(reviews, criteria) for item, reviews in found.items()}


def _sheets(reviews: list[Review], criteria: list[Criterion]) -> list[Sheet]:
    middle = median(review.total for review in reviews)
    sheets = []
    for review in reviews:
        given = {score.criterion_id: score for score in review.scores.all()}
        scores = [given[criterion.pk] for criterion in criteria]
        points, reasons = [score.points for score in scores], [score.reason for score in scores]
        sheets.append(Sheet(review, review.total, points, reasons, abs(review.total - middle) > OUTLIER))
    return sheets


def _result(item: Item, wanted: int, sheets: list[Sheet]) -> Result:
    totals = [sheet.total for sheet in sheets]
    return Result(
        item=item,
        wanted=wanted,
        sheets=sheets,
        mean=_rounded(mean(totals)) if totals else None,
        spread=_rounded(max(totals) - min(totals)) if totals else None,
        means=[_rounded(mean(points)) for points in zip(*(sheet.points for sheet in sheets), strict=True)],
    )


def _order(result: Result):
    item = result.item
    came_in = item.created_at if isinstance(item, Entry) else item.submitted_at
    return -result.mean, [-each for each in result.means], came_in, item.pk


def _rounded(number: Decimal) -> Decimal:
    return number.quantize(HUNDREDTH)


# --- For whoever was scored -----------------------------------------------------------------------------------------


def is_published(challenge: Challenge) -> bool:
    """Whether the board is out, and with it what the reviewers said of each need to its own enterprise."""
    return challenge.entries.filter(status=EntryStatus.ON_BOARD).exists()


def result_for_enterprise(entry: Entry) -> tuple[list[Criterion], Result] | None:
    """What the reviewers gave one entry; None before the board is out or when nobody scored it."""
    return result_of(entry) if is_published(entry.challenge) else None


def result_of(item: Item) -> tuple[list[Criterion], Result] | None:
    """What the reviewers gave one item, whoever may know it by now; None when nobody scored it."""
    kind, challenge = kind_of(item), item.challenge
    criteria = criteria_of(challenge, kind)
    sheets = _sheets_by_item([item], kind, criteria, is_open=False)
    return (criteria, _result(item, challenge.reviews_per_item, sheets[item.pk])) if sheets else None
