"""Capabilities as vectors, and the ones that come nearest to a need.

A need and a capability are compared three times: by words, by single characters, and by meaning, which is what
the words and characters of this catalogue tell of each other by standing together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matching.engine.documents import CapabilityDocument, CapabilityKind, NeedDocument
from matching.engine.profile import Profile, profile_capability
from matching.engine.terms import vocabulary

Progress = Callable[[Iterable[CapabilityDocument]], Iterable[CapabilityDocument]]
# The directions in which meaning is told apart.
DIRECTIONS = 128


@dataclass(frozen=True, slots=True)
class SharedWeight:
    """What one term adds to the similarity by words.

    `of_need` is the part of the need that all terms of the same word of it make up: their squared weights.
    """

    term: str
    similarity: float
    of_need: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A capability near to a need: their similarities, and what each shared term adds to that by words."""

    document: CapabilityDocument
    profile: Profile
    words: float
    characters: float
    meaning: float
    shared: tuple[SharedWeight, ...]

    @property
    def closeness(self) -> float:
        """The mean of the three similarities: how far both speak of the same object."""
        return (self.words + self.characters + self.meaning) / 3


@dataclass(frozen=True)
class Space:
    """Documents as rows of unit length over their terms, the rarer a term the heavier."""

    columns: Any
    tfidf: Any
    rows: Any

    def place(self, weights: Mapping[str, float]) -> Any:
        """A document as a row of unit length; zero if it has no known term."""
        return self.tfidf.transform(self.columns.transform([weights]))


@dataclass(frozen=True)
class Meaning:
    """The rows of words and characters, turned into the few directions in which most of them vary."""

    directions: Any
    rows: Any


@dataclass(frozen=True)
class Index:
    """Capabilities in the order of their keys, as rows of three spaces, and look-up tables."""

    documents: tuple[CapabilityDocument, ...]
    profiles: tuple[Profile, ...]
    rows: dict[str, int]
    by_kind: dict[CapabilityKind, Any]
    by_code: dict[str, tuple[int, ...]]
    by_quantity: dict[str, tuple[int, ...]]
    words: Space
    characters: Space
    meaning: Meaning

    def candidates(
        self, need: NeedDocument, profile: Profile, *, limit: int
    ) -> dict[CapabilityKind, tuple[Candidate, ...]]:
        """By kind the capabilities nearest to a need, at most `limit`, and those that share a code or a quantity.

        Of the latter at most a third as many each; the nearest first, equal ones by key.
        """
        if not self.documents:
            return dict.fromkeys(CapabilityKind, ())
        view = self._compare(profile)
        coded = {row for code in profile.codes for row in self.by_code.get(code, ())}
        measured = {row for line in need.lines for row in self.by_quantity.get(line.quantity or "", ())}
        found = {}
        for kind, own in self.by_kind.items():
            chosen = {row for row in _best(view.nearness, own, limit) if view.nearness[row] > 0}
            for rows in (coded, measured):
                chosen.update(_best(view.nearness, [row for row in own if row in rows], limit // 3))
            found[kind] = self._candidates(_best(view.nearness, sorted(chosen), len(chosen)), view)
        return found

    def candidates_among(self, profile: Profile, keys: Iterable[str], *, limit: int) -> tuple[Candidate, ...]:
        """The nearest of given capabilities, however far they are; the nearest first, equal ones by key."""
        view = self._compare(profile)
        return self._candidates(_best(view.nearness, sorted(self.rows[key] for key in keys), limit), view)

    def _compare(self, profile: Profile) -> _View:
        words, characters = self.words.place(profile.terms), self.characters.place(profile.characters)
        meaning = self.meaning.rows @ (_side_by_side(words, characters) @ self.meaning.directions).ravel()
        by_words = (self.words.rows @ words.T).toarray().ravel()
        by_characters = (self.characters.rows @ characters.T).toarray().ravel()
        # Turning the rows leaves traces where nothing is shared, and lets equals come nearer than equal.
        by_meaning = meaning.round(6).clip(0, 1)
        return _View(
            need=words,
            parts=self._parts_by_term(words, profile),
            words=by_words,
            characters=by_characters,
            meaning=by_meaning,
            nearness=by_words + by_characters + by_meaning,
        )

    def _parts_by_term(self, words: Any, profile: Profile) -> dict[str, float]:
        """For each term of a need the part of it that its word makes up."""
        names = self.words.columns.feature_names_
        squares = {names[column]: float(weight) ** 2 for column, weight in zip(words.indices, words.data, strict=True)}
        by_word: dict[str, float] = {}
        for term, square in squares.items():
            word = profile.words.get(term, term)
            by_word[word] = by_word.get(word, 0.0) + square
        return {term: min(1.0, by_word[profile.words.get(term, term)]) for term in squares}

    def _candidates(self, rows: Sequence[int], view: _View) -> tuple[Candidate, ...]:
        common = self.words.rows[rows].multiply(view.need).tocoo()
        names = self.words.columns.feature_names_
        shared: list[list[SharedWeight]] = [[] for _ in rows]
        for place, column, share in zip(common.row, common.col, common.data, strict=True):
            shared[place].append(SharedWeight(names[column], float(share), view.parts[names[column]]))
        return tuple(
            Candidate(
                document=self.documents[row],
                profile=self.profiles[row],
                words=float(view.words[row]),
                characters=float(view.characters[row]),
                meaning=float(view.meaning[row]),
                shared=tuple(sorted(own, key=lambda weight: (-weight.similarity, weight.term))),
            )
            for row, own in zip(rows, shared, strict=True)
        )


@dataclass(frozen=True, slots=True)
class _View:
    """All capabilities as one need sees them; `need` is its row of words, `parts` what each of them is of it."""

    need: Any
    parts: dict[str, float]
    words: Any
    characters: Any
    meaning: Any

    nearness: Any


def build_index(
    capabilities: Iterable[CapabilityDocument],
    *,
    profiles: Mapping[str, Profile] | None = None,
    progress: Progress | None = None,
) -> Index:
    """An index over the capabilities.

    `profiles` holds by key what `profile_capability` gave earlier, so that reading, by far the longest
    step, is done once. `progress` wraps the documents as they are read.
    """
    from numpy import array

    documents = tuple(sorted(capabilities, key=lambda document: document.key))
    stored = profiles or {}
    read = tuple(
        stored[document.key] if document.key in stored else profile_capability(document)
        for document in (progress(documents) if progress else documents)
    )
    # The trade's words are columns even where nobody offers them: a need that asks for them is less well met.
    words = _make_space([profile.terms for profile in read], known=vocabulary())
    characters = _make_space([profile.characters for profile in read])
    kinds = array([document.kind for document in documents])
    return Index(
        documents=documents,
        profiles=read,
        rows={document.key: row for row, document in enumerate(documents)},
        by_kind={kind: (kinds == kind).nonzero()[0] for kind in CapabilityKind},
        by_code=_rows_by(profile.codes for profile in read),
        by_quantity=_rows_by([line.quantity for line in document.lines if line.quantity] for document in documents),
        words=words,
        characters=characters,
        meaning=_learn_meaning(_side_by_side(words.rows, characters.rows)),
    )


def _make_space(documents: Sequence[Mapping[str, float]], known: Iterable[str] = ()) -> Space:
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.feature_extraction.text import TfidfTransformer

    documents = documents or [{}]
    # One column at least, for a catalogue without a word.
    columns = DictVectorizer().fit([*documents, dict.fromkeys([*known, ""], 1.0)])
    tfidf = TfidfTransformer().fit(columns.transform(documents))
    return Space(columns, tfidf, tfidf.transform(columns.transform(documents)).tocsr())


def _learn_meaning(rows: Any) -> Meaning:
    """Latent semantic analysis; the seed is fixed, so that the same catalogue gives the same directions."""
    from sklearn.preprocessing import normalize
    from sklearn.utils.extmath import randomized_svd

    _, _, directions = randomized_svd(rows, min(DIRECTIONS, *rows.shape), random_state=0)
    return Meaning(directions.T, normalize(rows @ directions.T))


def _side_by_side(words: Any, characters: Any) -> Any:
    from scipy.sparse import hstack

    return hstack([words, characters], format="csr")


def _rows_by(keys_by_row: Iterable[Iterable[str]]) -> dict[str, tuple[int, ...]]:
    found: dict[str, dict[int, None]] = {}
    for row, keys in enumerate(keys_by_row):
        for key in keys:
            found.setdefault(key, {})[row] = None
    return {key: tuple(rows) for key, rows in found.items()}


def _best(nearness: Any, rows: Any, limit: int) -> list[int]:
    """The rows that come nearest; equal ones in their own order."""
    from numpy import argsort, asarray

    rows = asarray(rows, dtype=int)
    return [int(row) for row in rows[argsort(-nearness[rows], kind="stable")][:limit]]
