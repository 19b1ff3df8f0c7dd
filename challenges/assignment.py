"""Who could review what: proposed by load, expertise and freedom from conflicts, for the organiser to change."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import ceil
from uuid import UUID

from accounts.models import User
from challenges.duplicates import board_document
from challenges.enums import ReviewStage, ReviewStatus
from challenges.items import KINDS, Item, Kind, entry_of, item_id
from challenges.models import Challenge, Entry, Review
from challenges.models.reviews import STANDING
from challenges.services.conflicts import Conflict, Pairs, blocks_between
from challenges.services.experts import pool_of
from core.enums import Discipline, Level
from matching.engine.documents import CapabilityDocument, NeedDocument
from matching.engine.facts import Line, from_json
from matching.engine.index import Index, build_index
from matching.engine.profile import profile_need

SHOWN_TERMS = 3


@dataclass(frozen=True)
class Candidate:
    """An expert who may review an item: how near their field is, by which words, and how much they have already."""

    key: str
    user: User
    nearness: float
    terms: tuple[str, ...]
    load: int


@dataclass
class Plan:
    """One item with its standing reviews, whom the system proposes, who else could, and who may not and why."""

    item: Item
    is_open: bool
    reviews: list[Review]
    wanted: int
    proposed: list[Candidate] = field(default_factory=list)
    others: list[Candidate] = field(default_factory=list)
    excluded: list[tuple[User, list[Conflict]]] = field(default_factory=list)
    recused: list[User] = field(default_factory=list)

    @property
    def entry(self) -> Entry:
        return entry_of(self.item)

    @property
    def locked(self) -> int:
        return sum(review.status == ReviewStatus.LOCKED for review in self.reviews)

    @property
    def open_places(self) -> int:
        return max(self.wanted - len(self.reviews), 0)

    @property
    def barred(self) -> int:
        return len(self.excluded) + len(self.recused)

    @property
    def candidates(self) -> list[Candidate]:
        return [*self.proposed, *self.others]

    @property
    def missing(self) -> int:
        """How many places stay empty although everybody was considered."""
        return self.open_places - len(self.proposed)


def plan_assignments(challenge: Challenge, stage: str = ReviewStage.SCREENING) -> list[Plan]:
    """For each item that is to be decided, or was, whom to assign; the fewest possible reviewers are placed first.

    No expert gets more than an even share as long as others can take the item; among those, whoever can judge all
    solutions to it, so that the same people compare them, and then the nearest field.
    """
    kind = KINDS[ReviewStage(stage)]
    items = list(kind.items_of(challenge, kind.scored))
    experts = list(pool_of(challenge))
    found = Review.objects.filter(stage=kind.stage, **{f"{kind.field}__in": items})
    reviews = list(found.select_related("reviewer").order_by("pk"))
    blocks, nearness = blocks_between(experts, items), nearness_between(experts, items)
    load = Counter(review.reviewer_id for review in reviews if review.status in STANDING)
    plans = [_begin(item, kind, challenge, experts, reviews, blocks, nearness, load) for item in items]
    places = sum(plan.open_places for plan in plans)
    share = ceil((places + load.total()) / len(experts)) if experts else 0
    for panel in sorted(_panels(plans), key=lambda panel: min(len(plan.others) for plan in panel)):
        _choose(panel, load, share)
    return plans


def _begin(item, kind: Kind, challenge: Challenge, experts, reviews, blocks: Pairs, nearness, load) -> Plan:
    own = [review for review in reviews if item_id(review) == item.pk]
    is_open = item.status in kind.open
    plan = Plan(item, is_open, [review for review in own if review.status in STANDING], challenge.reviews_per_item)
    if not is_open:
        plan.wanted = len(plan.reviews)
        return plan
    standing = {review.reviewer_id for review in plan.reviews}
    recused = {review.reviewer_id for review in own if review.status == ReviewStatus.RECUSED}
    for expert in experts:
        if found := blocks[expert.pk, item.pk]:
            plan.excluded.append((expert, found))
        elif expert.pk in recused:
            plan.recused.append(expert)
        elif expert.pk not in standing:
            key = f"{item.pk}:{expert.pk}"
            plan.others.append(Candidate(key, expert, *nearness[expert.pk, item.pk], load[expert.pk]))
    return plan


def _panels(plans: list[Plan]) -> list[list[Plan]]:
    """The plans of what is compared with each other: an entry alone, the solutions to one item together."""
    panels: dict[UUID, list[Plan]] = {}
    for plan in plans:
        panels.setdefault(plan.entry.pk, []).append(plan)
    return list(panels.values())


def _choose(panel: list[Plan], load: Counter, share: int) -> None:
    standing = Counter(review.reviewer_id for plan in panel for review in plan.reviews)
    able = Counter(candidate.user.pk for plan in panel if plan.open_places for candidate in plan.others)
    before = Counter(load)
    # Who takes one solution to an item should be able to take them all.
    share = max(share, sum(plan.open_places > 0 for plan in panel))

    def order(candidate: Candidate):
        who, now = candidate.user.pk, before[candidate.user.pk]
        is_over = now + able[who] > share
        together = -standing[who], -able[who]
        return is_over, now if is_over else 0, *together, -candidate.nearness, now, candidate.user.name

    for plan in panel:
        plan.others.sort(key=order)
        plan.proposed, plan.others = plan.others[: plan.open_places], plan.others[plan.open_places :]
        load.update(candidate.user.pk for candidate in plan.proposed)


# --- Expertise ------------------------------------------------------------------------------------------------------


def nearness_between(experts: Iterable[User], items: Iterable[Item]) -> dict[tuple, tuple[float, tuple[str, ...]]]:
    """How near each expert's field and past reviews come to each item's public wording, and by which words."""
    index = build_index(expert_documents(list(experts)))
    keys = [document.key for document in index.documents]
    return {
        (int(candidate.document.key), item.pk): (
            round(max(candidate.closeness, 0), 2),
            tuple(share.term for share in candidate.shared[:SHOWN_TERMS]),
        )
        for item in items
        for candidate in _near(index, keys, item)
    }


def _near(index: Index, keys: list[str], item: Item):
    return index.candidates_among(profile_need(item_document(item)), keys, limit=len(keys)) if keys else ()


def item_document(item: Item) -> NeedDocument:
    """The need of an entry by its public wording and its lines; what is on the board with a solution's title."""
    if isinstance(item, Entry):
        need = item.need
        lines = tuple(from_json(Line, row.reading) for row in need.lines.all())
        return NeedDocument(key=str(item.pk), title=need.public_title, text=need.public_text, lines=lines)
    return replace(board_document(item.entry), key=str(item.pk), title=f"{item.entry.board_title} {item.title}")


def expert_documents(experts: list[User]) -> list[CapabilityDocument]:
    """Each expert's disciplines, expertise and the public titles of past reviews, as the engine reads them."""
    past = _past_titles(experts)
    return [
        CapabilityDocument(
            key=str(expert.pk),
            provider=expert.name,
            title="、".join(Discipline(value).label for value in _profile(expert).get("disciplines", [])),
            text="\n".join([_profile(expert).get("expertise", ""), *past.get(expert.pk, ())]),
        )
        for expert in experts
    ]


def _profile(expert: User) -> Mapping:
    profile = getattr(expert, "expert_profile", None)
    return {"disciplines": profile.disciplines, "expertise": profile.expertise} if profile else {}


def _past_titles(experts: list[User]) -> dict[int, list[str]]:
    """Titles of public needs alone: what was confidential in one challenge is not looked at in another."""
    done = Review.objects.locked().filter(reviewer__in=experts, entry__need__level=Level.PUBLIC).order_by("pk")
    found: dict[int, list[str]] = {}
    # Who has reviewed several solutions to one item has seen one problem.
    for reviewer, title in dict.fromkeys(done.values_list("reviewer", "entry__need__public_title")):
        found.setdefault(reviewer, []).append(title)
    return found
