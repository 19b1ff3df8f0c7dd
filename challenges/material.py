"""What a reviewer is shown: the one place that pages and API take it from, and nothing in it tells who asks.

No enterprise, contact, number, id or time of need or entry, and no region finer than the province.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from challenges.enums import Phase
from challenges.models import Challenge, Criterion, Review, Score
from core.enums import Level
from core.regions import region_label
from needs.disclosure import quantity_labels
from needs.services import LINE_FIELDS


@dataclass(frozen=True)
class Mark:
    """One criterion with what was given for it so far."""

    criterion: Criterion
    points: Decimal | None = None
    reason: str = ""


@dataclass(frozen=True)
class BlindReview:
    """A review as its reviewer sees it; without the pledge that it needs, the need's words are missing."""

    id: UUID
    label: str
    challenge: Challenge
    status: str
    status_display: str
    stage: str
    closes_at: datetime | None
    needs_pledge: bool
    enterprise: str
    comment: str
    total: Decimal | None
    locked_at: datetime | None
    marks: list[Mark]
    title: str = ""
    text: str = ""
    discipline_display: str = ""
    category_display: str = ""
    province: str = ""
    quantities: list[str] = field(default_factory=list)
    lines: list[dict] = field(default_factory=list)

    @property
    def is_locked(self) -> bool:
        return self.locked_at is not None


def show_review(review: Review, *, pledged: set) -> BlindReview:
    """The review as its reviewer may see it; `pledged` are the ids of the challenges the reviewer signed for."""
    challenge, need = review.challenge, review.entry.need
    needs_pledge = need.level > Level.PUBLIC and challenge.pk not in pledged
    window = challenge.window(Phase.SCREENING)
    return BlindReview(
        id=review.pk,
        label=review.label,
        challenge=challenge,
        status=review.status,
        status_display=review.get_status_display(),
        stage=review.stage,
        closes_at=window.closes_at if window else None,
        needs_pledge=needs_pledge,
        enterprise="" if challenge.is_anonymous or needs_pledge else need.organisation.name,
        comment=review.comment,
        total=review.total,
        locked_at=review.locked_at,
        marks=marks_of(review),
        **({} if needs_pledge else _words_of(need, is_blind=challenge.is_anonymous)),
    )


def marks_of(review: Review) -> list[Mark]:
    """One mark for each criterion of the review's stage, in their order."""
    given: dict[UUID, Score] = {score.criterion_id: score for score in review.scores.all()}
    criteria = [each for each in review.challenge.criteria.all() if each.stage == review.stage]
    return [
        Mark(each, given[each.pk].points, given[each.pk].reason) if each.pk in given else Mark(each)
        for each in criteria
    ]


def _words_of(need, *, is_blind: bool) -> dict:
    def veil(text: str) -> str:
        return text.replace(need.organisation.name, "本企业") if is_blind else text

    lines = list(need.lines.all())
    return {
        "title": veil(need.public_title),
        "text": veil(need.public_text),
        "discipline_display": need.get_discipline_display(),
        "category_display": need.get_category_display(),
        "province": region_label(f"{need.organisation.region[:2]}0000"),
        "quantities": quantity_labels(lines),
        "lines": [_line(line, veil) for line in lines],
    }


def _line(line, veil) -> dict:
    words = {name: veil(value) if isinstance(value := getattr(line, name), str) else value for name in LINE_FIELDS}
    return words | {"mode_display": line.get_mode_display(), "obligation_display": line.get_obligation_display()}
