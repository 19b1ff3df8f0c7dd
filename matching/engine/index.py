"""Capabilities as vectors, and the ones that come nearest to a need.

A need and a capability are compared three times: by words, by single characters, and by meaning, which is what
the words and characters of this catalogue tell of each other by standing together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from typing import Any

from matching.engine.documents import CapabilityDocument, CapabilityKind, NeedDocument
from matching.engine.profile import Profile, profile_capability
from matching.engine.terms import vocabulary

Progress = Callable[[Iterable[CapabilityDocument]], Iterable[CapabilityDocument]]
# A word that makes up more than this of a need is all of it.
WHOLE = 1 - 1e-9
# The directions in which meaning is told apart.
DIRECTIONS = 128


@dataclass(frozen=True, slots=True)
class SharedWeight:
    """What one term adds to the similarity by words.

    All terms of the same word of the need together make up `of_need` of it, their squared weights, and add `meaning`
    to the similarity by meaning.
    """

    term: str
    similarity: float
    of_need: float
    meaning: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A capability near to a need: their similarities, and what each shared term adds to that by words.

    The similarity by meaning is the sum of what words and characters mean.
    """

    document: CapabilityDocument
    profile: Profile
    words: float
    characters: float
    meaning_of_words: float
    meaning_of_characters: float
    shared: tuple[SharedWeight, ...]

    @property
    def meaning(self) -> float:
        """How near both are by what their words and characters mean."""
        return float(_as_share(self.meaning_of_words + self.meaning_of_characters))

    def without(self, terms: Sequence[SharedWeight]) -> Candidate:
        """The candidate as it would be if the need did not have the word that led to these terms.

        A cosine is of rows of unit length: what remains of the need weighs more than before.
        """
        rest = sqrt(1 - terms[0].of_need) if terms[0].of_need < WHOLE else 1.0
        lost = sum(term.similarity for term in terms)
        return replace(
            self, words=(self.words - lost) / rest, meaning_of_words=(self.meaning_of_words - terms[0].meaning) / rest
        )

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
        return _View(
            need=words,
            terms=self._group_by_word(words, profile),
            words=by_words,
            characters=by_characters,
            meaning=meaning,
            nearness=by_words + by_characters + _as_share(meaning),
        )

    def _group_by_word(self, words: Any, profile: Profile) -> Any:
        """A column for each word of a need: 1 in the rows of the terms it led to."""
        from numpy import array

        names = [self.words.columns.feature_names_[column] for column in words.indices]
        said = [profile.words.get(name, name) for name in names]
        return array([[word == other for other in said] for word in said], dtype=float)

    def _candidates(self, rows: Sequence[int], view: _View) -> tuple[Candidate, ...]:
        columns, weights = view.need.indices, view.need.data
        shares = self.words.rows[rows][:, columns].toarray() * weights
        # What the terms add by meaning, each alone and then with the others of its word.
        meaning = self.meaning.rows[rows] @ (self.meaning.directions[columns].T * weights)
        by_word = meaning @ view.terms
        of_need = (weights**2 @ view.terms).clip(0, 1)
        names = [self.words.columns.feature_names_[column] for column in columns]
        found = []
        for place, row in enumerate(rows):
            shared = [
                SharedWeight(names[each], float(shares[place, each]), float(of_need[each]), float(by_word[place, each]))
                for each in shares[place].nonzero()[0]
            ]
            of_words = float(meaning[place].sum())
            found.append(
                Candidate(
                    document=self.documents[row],
                    profile=self.profiles[row],
                    words=float(view.words[row]),
                    characters=float(view.characters[row]),
                    meaning_of_words=of_words,
                    meaning_of_characters=float(view.meaning[row]) - of_words,
                    shared=tuple(sorted(shared, key=lambda weight: (-weight.similarity, weight.term))),
                )
            )
        return tuple(found)


@dataclass(frozen=True, slots=True)
class _View:
    """All capabilities as one need sees them; `need` is its row of words, `terms` tells which go with one word."""

    need: Any
    terms: Any
    words: Any
    characters: Any
    meaning: Any
    nearness: Any


def _as_share(meaning: Any) -> Any:
    """A similarity by meaning from 0 to 1: turning the rows leaves traces, and lets equals come nearer than equal."""
    return min(max(round(meaning, 6), 0.0), 1.0) if isinstance(meaning, float) else meaning.round(6).clip(0, 1)


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
