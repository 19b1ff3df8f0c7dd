"""What is reviewed: in the screening the entries, later the solutions to what is on the board."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Model, QuerySet

from challenges.enums import ChallengeStatus as C
from challenges.enums import EntryStatus as E
from challenges.enums import ReviewStage
from challenges.enums import SolutionStatus as S
from challenges.models import Challenge, Entry, Review, Solution
from challenges.models.reviews import PHASE_OF
from challenges.models.solutions import JUDGED

Item = Entry | Solution


@dataclass(frozen=True)
class Kind:
    """The reviewing of one stage: of what, when, by which words, and on which pages of the organiser."""

    stage: ReviewStage
    model: type[Model]
    # How a review points at what it is of.
    field: str
    noun: str
    unit: str
    # What can be given to reviewers and scored, what they may read, what has results.
    open: frozenset
    readable: frozenset
    scored: frozenset
    # While the challenge is in these, a tie keeps a review from counting; what was decided by then stays.
    counting: frozenset
    pages: dict[str, str]

    @property
    def phase(self) -> str:
        return PHASE_OF[self.stage]

    def items_of(self, challenge: Challenge, statuses: frozenset) -> QuerySet:
        """The items of a challenge in one of the statuses, with what the pages show of them."""
        if self.model is Entry:
            return challenge.entries.filter(status__in=statuses).for_list()
        found = Solution.objects.filter(entry__challenge=challenge, status__in=statuses)
        return found.for_list().select_related("entry__need__organisation")


KINDS = {
    ReviewStage.SCREENING: Kind(
        stage=ReviewStage.SCREENING,
        model=Entry,
        field="entry",
        noun="需求",
        unit="条",
        open=frozenset({E.ENTERED}),
        # An entry that its enterprise has taken back, or is rewriting, is nobody's to read.
        readable=frozenset({E.ENTERED, E.SELECTED, E.ON_BOARD, E.NOT_SELECTED}),
        scored=frozenset({E.ENTERED, E.SELECTED, E.NOT_SELECTED, E.ON_BOARD}),
        counting=frozenset({C.SCREENING}),
        pages={
            "plan": "review_list",
            "assign": "review_assign",
            "remind": "review_remind",
            "results": "review_results",
        },
    ),
    ReviewStage.SOLUTION: Kind(
        stage=ReviewStage.SOLUTION,
        model=Solution,
        field="solution",
        noun="方案",
        unit="份",
        open=frozenset({S.ADMITTED}),
        readable=JUDGED,
        scored=JUDGED,
        counting=frozenset({C.REVIEWING, C.FINALS}),
        pages={
            "plan": "solution_reviews",
            "assign": "solution_review_assign",
            "remind": "solution_review_remind",
            "results": "solution_results",
        },
    ),
}


def kind_of(record: Item | Review) -> Kind:
    """The stage that an item, or a review of one, belongs to."""
    if isinstance(record, Review):
        return KINDS[ReviewStage(record.stage)]
    return KINDS[ReviewStage.SCREENING if isinstance(record, Entry) else ReviewStage.SOLUTION]


def entry_of(item: Item) -> Entry:
    """The entry itself, or the one that a solution answers."""
    return item if isinstance(item, Entry) else item.entry


def number_of(item: Item) -> str:
    """What people call the item by."""
    return item.need.number if isinstance(item, Entry) else item.number


def item_id(review: Review) -> UUID:
    return review.solution_id or review.entry_id
