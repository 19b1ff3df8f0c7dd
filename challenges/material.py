"""What a reviewer is shown: the one place that pages and API take it from, and nothing in it tells who is behind it.

No enterprise, institute, contact, number, id, file or time of need, entry or solution, and no region finer than the
province.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from challenges.items import kind_of
from challenges.models import Challenge, Criterion, Entry, Review, Score, Solution, SolutionFile
from challenges.models.solutions import PARTS
from challenges.services.reviews import is_confidential
from challenges.veil import Veil, veil_for
from core.enums import MeasuringMode
from core.regions import region_label
from matching.enums import Verdict
from needs.disclosure import quantity_labels
from needs.enums import Obligation
from needs.services import LINE_FIELDS

# Persons and bodies are named there.
NAMING = "team"


@dataclass(frozen=True)
class Mark:
    """One criterion with what was given for it so far."""

    criterion: Criterion
    points: Decimal | None = None
    reason: str = ""


@dataclass(frozen=True)
class Part:
    """One part of a solution under the heading of the form."""

    label: str
    text: str


@dataclass(frozen=True)
class Answer:
    """One row of 指标响应表: the line, what is promised and why, and how that compares to what is asked."""

    line: dict
    promised_text: str
    evidence: str
    verdict: str
    verdict_display: str
    sentence: str


@dataclass(frozen=True)
class BlindSolution:
    """A solution as its reviewer reads it; `solvers` and files are there where the challenge is not anonymous."""

    title: str
    solvers: str
    parts: list[Part]
    answers: list[Answer]
    price: Decimal | None
    files: list[SolutionFile]


@dataclass(frozen=True)
class BlindReview:
    """A review as its reviewer sees it; without the pledge that it needs, all words of the item are missing.

    Title, text and lines are those of the need, or, for a solution, of the item on the board that it answers.
    """

    id: UUID
    label: str
    noun: str
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
    conditions: str = ""
    budget: str = ""
    solution: BlindSolution | None = None

    @property
    def heading(self) -> str:
        """What is to be judged, in a line."""
        return self.solution.title if self.solution else self.title

    @property
    def is_locked(self) -> bool:
        return self.locked_at is not None


def show_review(review: Review, *, pledged: set) -> BlindReview:
    """The review as its reviewer may see it; `pledged` are the ids of the challenges the reviewer signed for."""
    challenge, entry = review.challenge, review.entry
    needs_pledge = is_confidential(review) and challenge.pk not in pledged
    window = challenge.window(review.phase)
    return BlindReview(
        id=review.pk,
        label=review.label,
        noun=kind_of(review).noun,
        challenge=challenge,
        status=review.status,
        status_display=review.get_status_display(),
        stage=review.stage,
        closes_at=window.closes_at if window else None,
        needs_pledge=needs_pledge,
        enterprise="" if challenge.is_anonymous or needs_pledge or review.solution else entry.need.organisation.name,
        comment=review.comment,
        total=review.total,
        locked_at=review.locked_at,
        marks=marks_of(review),
        **({} if needs_pledge else _words_of(review)),
    )


def marks_of(review: Review) -> list[Mark]:
    """One mark for each criterion of the review's stage, in their order."""
    given: dict[UUID, Score] = {score.criterion_id: score for score in review.scores.all()}
    criteria = [each for each in review.challenge.criteria.all() if each.stage == review.stage]
    return [
        Mark(each, given[each.pk].points, given[each.pk].reason) if each.pk in given else Mark(each)
        for each in criteria
    ]


def _words_of(review: Review) -> dict:
    challenge = review.challenge
    if review.solution is None:
        enterprise = [review.entry.need.organisation] if challenge.is_anonymous else []
        return _words_of_need(review.entry, Veil({body.name: "本企业" for body in enterprise}))
    veil = veil_for(review.solution) if challenge.is_anonymous else Veil({})
    shown = _show_solution(review.solution, veil, is_anonymous=challenge.is_anonymous)
    return _words_of_board(review.entry) | {"solution": shown}


def _words_of_need(entry: Entry, veil: Veil) -> dict:
    need = entry.need
    lines = list(need.lines.all())
    rows = [{name: getattr(line, name) for name in LINE_FIELDS} for line in lines]
    return {
        "title": veil(need.public_title),
        "text": veil(need.public_text),
        "discipline_display": need.get_discipline_display(),
        "category_display": need.get_category_display(),
        "province": region_label(f"{need.organisation.region[:2]}0000"),
        "quantities": quantity_labels(lines),
        "lines": [_show_line(row, veil) for row in rows],
    }


def _words_of_board(entry: Entry) -> dict:
    """What everybody reads on the board."""
    return {
        "title": entry.board_title,
        "text": entry.board_text,
        "conditions": entry.conditions,
        "budget": entry.get_budget_band_display(),
        "discipline_display": entry.get_discipline_display(),
        "province": region_label(f"{entry.region[:2]}0000") if entry.region else "",
        "lines": [_show_line(row, Veil({})) for row in entry.board_lines],
    }


def _show_line(row: dict, veil: Veil) -> dict:
    """All cells of a line; one that a solver has written has but a few."""
    words = {name: veil(value) if isinstance(value := row.get(name, ""), str) else value for name in LINE_FIELDS}
    return words | {
        "is_dynamic": bool(words["is_dynamic"]),
        "mode_display": dict(MeasuringMode.choices).get(words["mode"], ""),
        "obligation_display": dict(Obligation.choices).get(words["obligation"], ""),
    }


def _show_solution(solution: Solution, veil: Veil, *, is_anonymous: bool) -> BlindSolution:
    named = [part for part in PARTS if part != "title" and not (is_anonymous and part == NAMING)]
    price = getattr(solution, "price", None)
    return BlindSolution(
        title=veil(solution.title),
        solvers="" if is_anonymous else "、".join(body.name for body in solution.bodies),
        parts=[
            Part(Solution._meta.get_field(part).verbose_name, veil(getattr(solution, part)))
            for part in named
            if getattr(solution, part).strip()
        ],
        answers=[
            Answer(
                line=_show_line(row.line, veil),
                promised_text=veil(row.promised_text),
                evidence=veil(row.evidence),
                verdict=row.verdict,
                verdict_display=Verdict(row.verdict).label,
                sentence=veil(row.sentence),
            )
            for row in solution.promises.all()
        ],
        price=price.amount if price else None,
        files=[] if is_anonymous else list(solution.files.all()),
    )
