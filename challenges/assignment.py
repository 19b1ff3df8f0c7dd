"""Who could review what: proposed by load, expertise and freedom from conflicts, for the organiser to change."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil

from accounts.models import User
from challenges.enums import EntryStatus, ReviewStage, ReviewStatus
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
    """An expert who may review an entry: how near their field is, by which words, and how much they have already."""

    key: str
    user: User
    nearness: float
    terms: tuple[str, ...]
    load: int


@dataclass
class Plan:
    """One entry with its standing reviews, whom the system proposes, who else could, and who may not and why."""

    entry: Entry
    reviews: list[Review]
    wanted: int
    proposed: list[Candidate] = field(default_factory=list)
    others: list[Candidate] = field(default_factory=list)
    excluded: list[tuple[User, list[Conflict]]] = field(default_factory=list)
    recused: list[User] = field(default_factory=list)

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


def plan_assignments(challenge: Challenge) -> list[Plan]:
    """For each entry that is to be decided, or was, whom to assign; the fewest possible reviewers are placed first.

    No expert gets more than an even share as long as others can take the item; among those, the nearest field first.
    """
    shown = [EntryStatus.ENTERED, EntryStatus.SELECTED, EntryStatus.NOT_SELECTED]
    entries = list(challenge.entries.filter(status__in=shown).for_list())
    experts = list(pool_of(challenge))
    reviews = list(
        Review.objects.filter(entry__in=entries, stage=ReviewStage.SCREENING).select_related("reviewer").order_by("pk")
    )
    blocks, nearness = blocks_between(experts, entries), nearness_between(experts, entries)
    load = Counter(review.reviewer_id for review in reviews if review.status in STANDING)
    plans = [_begin(entry, challenge.reviews_per_item, experts, reviews, blocks, nearness, load) for entry in entries]
    places = sum(plan.open_places for plan in plans)
    share = ceil((places + load.total()) / len(experts)) if experts else 0
    for plan in sorted(plans, key=lambda plan: len(plan.others)):
        _choose(plan, load, share)
    return plans


def _begin(entry, wanted, experts, reviews, blocks: Pairs, nearness, load) -> Plan:
    own = [review for review in reviews if review.entry_id == entry.pk]
    plan = Plan(entry, [review for review in own if review.status in STANDING], wanted)
    if entry.status != EntryStatus.ENTERED:
        plan.wanted = len(plan.reviews)
        return plan
    standing = {review.reviewer_id for review in plan.reviews}
    recused = {review.reviewer_id for review in own if review.status == ReviewStatus.RECUSED}
    for expert in experts:
        if found := blocks[expert.pk, entry.pk]:
            plan.excluded.append((expert, found))
        elif expert.pk in recused:
            plan.recused.append(expert)
        elif expert.pk not in standing:
            key = f"{entry.pk}:{expert.pk}"
            plan.others.append(Candidate(key, expert, *nearness[expert.pk, entry.pk], load[expert.pk]))
    return plan


def _choose(plan: Plan, load: Counter, share: int) -> None:
    def order(candidate: Candidate):
        now = load[candidate.user.pk]
        return now >= share, now if now >= share else 0, -candidate.nearness, now, candidate.user.name

    plan.others.sort(key=order)
    plan.proposed, plan.others = plan.others[: plan.open_places], plan.others[plan.open_places :]
    load.update(candidate.user.pk for candidate in plan.proposed)


# --- Expertise ------------------------------------------------------------------------------------------------------


def nearness_between(experts: Iterable[User], entries: Iterable[Entry]) -> dict[tuple, tuple[float, tuple[str, ...]]]:
    """How near each expert's field and past reviews come to each entry's public wording, and by which words."""
    index = build_index(expert_documents(list(experts)))
    keys = [document.key for document in index.documents]
    return {
        (int(candidate.document.key), entry.pk): (
            round(max(candidate.closeness, 0), 2),
            tuple(share.term for share in candidate.shared[:SHOWN_TERMS]),
        )
        for entry in entries
        for candidate in _near(index, keys, entry)
    }


def _near(index: Index, keys: list[str], entry: Entry):
    return index.candidates_among(profile_need(need_document(entry)), keys, limit=len(keys)) if keys else ()


def need_document(entry: Entry) -> NeedDocument:
    """The entry's need by its public wording and its lines."""
    need = entry.need
    lines = tuple(from_json(Line, row.reading) for row in need.lines.all())
    return NeedDocument(key=str(entry.pk), title=need.public_title, text=need.public_text, lines=lines)


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
    for reviewer, title in done.values_list("reviewer", "entry__need__public_title"):
        found.setdefault(reviewer, []).append(title)
    return found
