"""Entries that may ask for the same thing: shown with the reasons, decided by people."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from math import log, sqrt

from challenges.enums import EntryStatus as E
from challenges.models import Entry
from matching.engine.documents import NeedDocument
from matching.engine.facts import Cells, Item, Line, from_json
from matching.engine.lines import read_line
from matching.engine.profile import Profile, profile_need
from matching.engine.units import find_kind
from needs.disclosure import sight_of

# Read off the needs of all disciplines: pairs from here on ask for the same, or for the same in other words.
ALIKE = 0.45
# Words may differ where the figures agree.
ALIKE_BY_RANGE = 0.3
# Two ranges are the same when they have at least this part of what they span in common.
SAME = Decimal("0.5")
SHOWN = 5


@dataclass(frozen=True)
class Twin:
    """Another entry, how alike both are from 0 to 1, and what they share."""

    entry: Entry
    document: NeedDocument
    likeness: float
    terms: tuple[str, ...]
    ranges: tuple[str, ...]
    is_same_enterprise: bool
    is_same_need: bool

    @property
    def percent(self) -> int:
        return round(self.likeness * 100)


def find_twins(entry: Entry, user) -> list[Twin]:
    """The entries most like this one, in this and in other challenges, among those the person may read."""
    others = Entry.objects.visible_to(user).exclude(status=E.WITHDRAWN).exclude(pk=entry.pk).for_list()
    documents = {other: read_entry(other, user) for other in others}
    own = read_entry(entry, user)
    likeness = compare(own, list(documents.values()))
    twins = []
    for (other, document), (share, terms) in zip(documents.items(), likeness, strict=True):
        ranges = tuple(shared_ranges(own.lines, document.lines))
        is_same_need = other.need_id == entry.need_id
        if is_same_need or share >= (ALIKE_BY_RANGE if ranges else ALIKE):
            is_same_enterprise = knows_enterprise(other, user) and (
                other.need.organisation_id == entry.need.organisation_id
            )
            twins.append(Twin(other, document, share, terms, ranges, is_same_enterprise, is_same_need))
    return sorted(twins, key=lambda twin: (-twin.likeness, twin.entry.pk))[:SHOWN]


def knows_enterprise(entry: Entry, user) -> bool:
    """Whether the person may know whose entry it is: those who run its challenge do."""
    return user.has_perm("challenges.run_challenge", entry)


def read_entry(entry: Entry, user) -> NeedDocument:
    """The public wording of an entry, with the lines this person may read."""
    if entry.status == E.ON_BOARD:
        return board_document(entry)
    need = entry.need
    rows = need.lines.all() if sight_of(need, user) is not None else ()
    lines = tuple(from_json(Line, row.reading) for row in rows)
    return NeedDocument(key=str(entry.pk), title=need.public_title, text=need.public_text, lines=lines)


def board_document(entry: Entry) -> NeedDocument:
    """What is on the board, as the engine reads it: nothing that the board does not show."""
    lines = tuple(_read_cells(tuple(sorted(row.items()))) for row in entry.board_lines)
    return NeedDocument(
        key=str(entry.pk),
        title=entry.board_title,
        text=entry.board_text,
        lines=lines,
        required=tuple(row["obligation"] == "required" for row in entry.board_lines),
        discipline=entry.get_discipline_display(),
        region=entry.region,
        modes=tuple(dict.fromkeys(row["mode"] for row in entry.board_lines)),
    )


@lru_cache(maxsize=1000)
def _read_cells(row: tuple) -> Line:
    cells = dict(row)
    return read_line(
        Cells(
            object=cells["object_name"],
            measurand=cells["measurand"],
            range=cells["range_text"],
            accuracy=cells["accuracy_text"],
            conditions=cells["conditions_text"],
            codes=cells["codes_text"],
            note=cells["note"],
        )
    )


# --- Likeness -----------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1000)
def _profile(document: NeedDocument) -> Profile:
    return profile_need(document)


def compare(own: NeedDocument, others: list[NeedDocument]) -> list[tuple[float, tuple[str, ...]]]:
    """For each other document how alike both are, by words and by characters alike, and the words they share.

    What many of these documents say counts little, as in the index of capabilities.
    """
    profile, profiles = _profile(own), [_profile(other) for other in others]
    by_words = _cosines(profile.terms, [other.terms for other in profiles])
    by_characters = _cosines(profile.characters, [other.characters for other in profiles])
    return [
        (
            (sum(words.values()) + sum(characters.values())) / 2,
            tuple(sorted(words, key=words.get, reverse=True)[:SHOWN]),
        )
        for words, characters in zip(by_words, by_characters, strict=True)
    ]


def _cosines(own: dict[str, float], others: list[dict[str, float]]) -> Iterator[dict[str, float]]:
    """For each other document what every shared term adds to the cosine of both."""
    documents = [own, *others]
    known = Counter(term for document in documents for term in document)
    rarity = {term: log((1 + len(documents)) / (1 + count)) + 1 for term, count in known.items()}

    def row(document):
        weighed = {term: weight * rarity[term] for term, weight in document.items()}
        length = sqrt(sum(weight**2 for weight in weighed.values())) or 1.0
        return {term: weight / length for term, weight in weighed.items()}

    mine = row(own)
    for other in others:
        theirs = row(other)
        yield {term: weight * theirs[term] for term, weight in mine.items() if term in theirs}


def shared_ranges(own: Iterable[Line], others: Iterable[Line]) -> Iterator[str]:
    """The ranges that both ask for, with the quantity, as one of them writes it."""
    others = list(others)
    for line in own:
        for item in line.ranges:
            if any(
                line.quantity and line.quantity == other.quantity and is_same_range(item, their)
                for other in others
                for their in other.ranges
            ):
                yield f"{find_kind(line.quantity).label} {item.raw}"
                break


def is_same_range(one: Item, other: Item) -> bool:
    """Whether two closed ranges have most of what they span in common; a point is only like itself."""
    if None in (one.low, one.high, other.low, other.high):
        return False
    if (one.low, one.high) == (other.low, other.high):
        return True
    common = min(one.high, other.high) - max(one.low, other.low)
    return common > 0 and common / (max(one.high, other.high) - min(one.low, other.low)) >= SAME
