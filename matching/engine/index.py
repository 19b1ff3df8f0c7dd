"""Capabilities as a TF-IDF matrix, and the ones whose words come nearest to a need."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matching.engine.documents import CapabilityDocument, CapabilityKind, NeedDocument
from matching.engine.profile import Profile, profile_capability
from matching.engine.terms import vocabulary

Progress = Callable[[Iterable[CapabilityDocument]], Iterable[CapabilityDocument]]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A capability near to a need: the cosine of their terms, and what each shared term adds to it."""

    document: CapabilityDocument
    profile: Profile
    similarity: float
    shares: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Index:
    """Capabilities in the order of their keys, their terms as rows of unit length, and look-up tables."""

    documents: tuple[CapabilityDocument, ...]
    profiles: tuple[Profile, ...]
    rows: dict[str, int]
    by_kind: dict[CapabilityKind, Any]
    by_code: dict[str, tuple[int, ...]]
    by_quantity: dict[str, tuple[int, ...]]
    columns: Any
    tfidf: Any
    matrix: Any

    def candidates(
        self, need: NeedDocument, profile: Profile, kind: CapabilityKind, *, limit: int
    ) -> tuple[Candidate, ...]:
        """The capabilities of one kind nearest by words, and those that share a code or a quantity.

        At most `limit` of each of the three; the nearest first, equal ones by key.
        """
        if not self.documents:
            return ()
        vector = self._vector(profile)
        similarities = self._similarities(vector)
        own = self.by_kind[kind]
        coded = {row for code in profile.codes for row in self.by_code.get(code, ())}
        measured = {row for line in need.lines for row in self.by_quantity.get(line.quantity or "", ())}
        chosen = {row for row in _best(similarities, own, limit) if similarities[row] > 0}
        for rows in (coded, measured):
            chosen.update(_best(similarities, [row for row in own if row in rows], limit))
        return self._candidates(_best(similarities, sorted(chosen), len(chosen)), similarities, vector)

    def candidates_among(self, profile: Profile, keys: Iterable[str], *, limit: int) -> tuple[Candidate, ...]:
        """The nearest of given capabilities, however far they are; the nearest first, equal ones by key."""
        vector = self._vector(profile)
        similarities = self._similarities(vector)
        own = sorted(self.rows[key] for key in keys)
        return self._candidates(_best(similarities, own, limit), similarities, vector)

    def _vector(self, profile: Profile) -> Any:
        return self.tfidf.transform(self.columns.transform([profile.terms]))

    def _similarities(self, vector: Any) -> Any:
        return (self.matrix @ vector.T).toarray().ravel()

    def _candidates(self, rows: Sequence[int], similarities: Any, vector: Any) -> tuple[Candidate, ...]:
        common = self.matrix[rows].multiply(vector).tocoo()
        names = self.columns.feature_names_
        shares: list[list[tuple[str, float]]] = [[] for _ in rows]
        for place, column, share in zip(common.row, common.col, common.data, strict=True):
            shares[place].append((names[column], float(share)))
        return tuple(
            Candidate(
                document=self.documents[row],
                profile=self.profiles[row],
                similarity=float(similarities[row]),
                shares=tuple(sorted(own, key=lambda share: (-share[1], share[0]))),
            )
            for row, own in zip(rows, shares, strict=True)
        )


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
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.feature_extraction.text import TfidfTransformer

    documents = tuple(sorted(capabilities, key=lambda document: document.key))
    stored = profiles or {}
    read = tuple(
        stored[document.key] if document.key in stored else profile_capability(document)
        for document in (progress(documents) if progress else documents)
    )
    weights = [profile.terms for profile in read] or [{}]
    # The trade's words are columns even where nobody offers them: a need that asks for them is less well met.
    columns = DictVectorizer().fit([*weights, dict.fromkeys(vocabulary(), 1.0)])
    tfidf = TfidfTransformer().fit(columns.transform(weights))
    kinds = array([document.kind for document in documents])
    return Index(
        documents=documents,
        profiles=read,
        rows={document.key: row for row, document in enumerate(documents)},
        by_kind={kind: (kinds == kind).nonzero()[0] for kind in CapabilityKind},
        by_code=_rows_by(profile.codes for profile in read),
        by_quantity=_rows_by([line.quantity for line in document.lines if line.quantity] for document in documents),
        columns=columns,
        tfidf=tfidf,
        matrix=tfidf.transform(columns.transform(weights)).tocsr(),
    )


def _rows_by(keys_by_row: Iterable[Iterable[str]]) -> dict[str, tuple[int, ...]]:
    found: dict[str, dict[int, None]] = {}
    for row, keys in enumerate(keys_by_row):
        for key in keys:
            found.setdefault(key, {})[row] = None
    return {key: tuple(rows) for key, rows in found.items()}


def _best(similarities: Any, rows: Any, limit: int) -> list[int]:
    """The rows with the highest similarity; equal ones in their own order."""
    from numpy import argsort, asarray

    rows = asarray(rows, dtype=int)
    return [int(row) for row in rows[argsort(-similarities[rows], kind="stable")][:limit]]
