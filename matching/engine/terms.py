"""A text as weighted terms: the trade's words in their canonical form, their parts, and plain words.

The text is read once from left to right. Standard codes, words of the vocabulary (the longest first) and
measured values are taken where they stand; what lies between is cut by jieba. Values are no terms: the
measurement check compares them.
"""

from __future__ import annotations

import json
import logging
import math
import re
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

# What a term counts by how it was found: said outright, or inferred from what was said. Standards count little
# among the words, because a standard both sides name is evidence of its own.
SAID = 1.0
AMBIGUOUS = 0.5
PART = 0.35
CODE_TERM = 0.3
PAIR = 1.0
STOP_WORD = 0.1

CODE = re.compile(
    r"""
    (?<![A-Za-z])
    (?P<family>
        JJ[FG](?:\([^)\d]{1,6}\))? | GB(?:/[TZ])? | GJB | DB\d{2}(?:/T)?
        | ISO(?:/[A-Z]{2,3})? | IEC | EN | ASTM | OIML\s?[RD] | CNAS-[A-Z]{2}
        # Two letters alone may be a scale or a unit (HB 220), so these need /T or an edition.
        | (?:HJ|YY|JB|QB|SJ|DL|JT|TB|HG|SY|NB|MT|CJ|JG|GA|WS|YS|YB|LY|QC|QJ|HB|CB)
          (?:/T|(?=\s?\d+(?:\.\d+)*\s?[-—–]\s?(?:19|20)\d\d))
    )
    [\s:-]{0,2} (?P<number>[A-Z]?\d+(?:\.\d+)*)
    (?:\s?[-—–:]\s?(?P<edition>(?:19|20)\d{2}))?
    (?!\d|\.\d)
    """,
    re.VERBOSE,
)
# Rough on purpose: it only has to keep figures and their units out of the words.
MEASURED = re.compile(
    r"""
    [±<>≤≥≈~=]* \d[\d.,]* (?:[×x*]10\^?[-+−]?\d+)? \s?
    (?:
        [%‰°Ωμ"A-Za-z][A-Za-z0-9%°Ωμ/·^−*.-]*
        | [毫微纳千兆吉]?(?:米|克|升|秒|帕|伏|安培?|瓦|欧姆?|赫兹|牛顿?|焦耳?)
        | 公斤|吨|丝|道|度|位半|级|分贝|年|月|日|万|[个台件支块只套]
    )?
    """,
    re.VERBOSE,
)
LATIN_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-/][A-Za-z][A-Za-z0-9]*)*")
HAN_RUN = re.compile(r"[\u4e00-\u9fff]+")
# jieba's time grows with the square of a run of one character.
LONG_RUN = re.compile(r"(.)\1{7,}", re.DOTALL)
BETWEEN_SCRIPTS = re.compile(r"(?<=[A-Za-z])(?=[\u4e00-\u9fff])|(?<=[\u4e00-\u9fff])(?=[A-Za-z])")
UPPER_TO_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


@dataclass(frozen=True, slots=True)
class Entry:
    """One term of the vocabulary. `codes` carry no year; `quantity` is a quantity kind.

    A condition belongs to a `group` of which a document names one or more values: mode, medium …
    """

    term: str
    kind: str
    discipline: str
    quantity: str = ""
    english: str = ""
    synonyms: tuple[str, ...] = ()
    ambiguous_synonyms: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    group: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """The weighted terms of a text, and for each the word of the text that led to it, where they differ."""

    weights: dict[str, float] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)


def terms_of(text: str) -> dict[str, float]:
    """The weighted terms of a text.

    >>> terms_of("三次元 0~500 mm")["坐标测量机"]
    1.0
    """
    return read_terms([(text, 1.0)]).weights


def read_terms(texts: Iterable[tuple[str, float]]) -> Terms:
    """The terms of several texts, each text with its weight; repeats count less each time.

    >>> read_terms([("地磅", 1.0)]).words["汽车衡"]
    '地磅'
    """
    found = ((term, weight * share, word) for text, share in texts for term, weight, word in _occurrences(text))
    return _collect(found, _dampen)


def join_terms(fields: Iterable[tuple[Terms, float]]) -> Terms:
    """The terms of several fields, each field with its weight: a term weighs what it weighs in all of them.

    >>> join_terms([(Terms({"压力": 1.0}), 1.0), (Terms({"压力": 1.0, "油": 1.0}), 0.5)]).weights
    {'压力': 1.5, '油': 0.5}
    """
    found = (
        (term, weight * share, terms.words.get(term, term))
        for terms, share in fields
        for term, weight in terms.weights.items()
    )
    return _collect(found, float)


def read_characters(texts: Iterable[tuple[str, float]]) -> dict[str, float]:
    """The Chinese characters of several texts, each text with its weight; repeats count less each time.

    A single character carries meaning that no segmentation loses: 茶 in 红茶 and 茶园, 秤 in 吊秤 and 磅秤.

    >>> read_characters([("红茶 5 t", 1.0)])
    {'红': 1.0, '茶': 1.0}
    """
    found = (
        (character, share, character)
        for text, share in texts
        for run in HAN_RUN.findall(unicodedata.normalize("NFKC", text))
        for character in run
    )
    return _collect(found, _dampen).weights


def _collect(found: Iterable[tuple[str, float, str]], weigh: Callable[[float], float]) -> Terms:
    """Terms from single finds; of several words for one term the one that weighs most is kept."""
    totals: dict[str, float] = {}
    strongest: dict[str, tuple[float, str]] = {}
    for term, weight, word in found:
        totals[term] = totals.get(term, 0.0) + weight
        if weight > strongest.get(term, (0.0, ""))[0]:
            strongest[term] = weight, word
    return Terms(
        weights={term: weigh(total) for term, total in totals.items()},
        words={term: word for term, (_, word) in strongest.items() if word != term},
    )


def _dampen(total: float) -> float:
    """A sum of occurrences as a weight: up to one as it is, beyond that its logarithm."""
    return total if total <= 1 else 1 + math.log(total)


def normalise_code(family: str, number: str) -> str:
    """The number of a standard, without its edition and without /T, in one spelling.

    >>> normalise_code("GB/T", "17167")
    'GB 17167'
    """
    return f"{re.sub('/[TZ]$', '', family.upper()).replace(' ', '')} {number}"


def codes_of(text: str) -> dict[str, str]:
    """The standards a text names, each with its edition ('' when none is given).

    >>> codes_of("依据JJF 1064-2010和JJG30")
    {'JJF 1064': '2010', 'JJG 30': ''}
    """
    codes: dict[str, str] = {}
    for found in CODE.finditer(unicodedata.normalize("NFKC", text)):
        code = normalise_code(found["family"], found["number"])
        codes[code] = codes.get(code) or found["edition"] or ""
    return codes


def _occurrences(text: str) -> Iterator[tuple[str, float, str]]:
    """Each term with its weight and the word that led to it, in the order of the text."""
    for kind, piece in _pieces(LONG_RUN.sub(r"\1\1", unicodedata.normalize("NFKC", text))):
        if kind == "code":
            yield piece, CODE_TERM, piece
        elif kind == "vocabulary":
            for term, weight in expand(piece if _is_case_bound(piece) else _key(piece)):
                yield term, weight, piece
        else:
            for word in _plain_words(piece):
                for term, weight in _plain_terms(word):
                    yield term, weight, word


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """The text in order as ("code" | "vocabulary" | "plain", piece); measured values are left out."""
    plain_from = at = 0
    while at < len(text):
        if code := CODE.match(text, at):
            kind, piece, end = "code", normalise_code(code["family"], code["number"]), code.end()
        elif word := _longest_word(text, at):
            kind, piece, end = "vocabulary", word, at + len(word)
        elif measured := MEASURED.match(text, at):
            kind, piece, end = "", "", measured.end()
        else:
            # A Latin word is passed in one step, so that nothing is found inside it.
            latin = LATIN_WORD.match(text, at)
            at = latin.end() if latin else at + 1
            continue
        if plain_from < at:
            yield "plain", text[plain_from:at]
        if kind:
            yield kind, piece
        plain_from = at = end
    if plain_from < len(text):
        yield "plain", text[plain_from:]


def _longest_word(text: str, at: int) -> str:
    """The longest word of the vocabulary that stands at this place, as the text writes it."""
    for surface in surfaces_by_head().get(_key(text[at : at + 2]), ()):
        word = text[at : at + len(surface)]
        if _is_same_word(word, surface) and not _cuts_latin(text, at, at + len(surface)):
            return word
    return ""


def _surfaces_at(text: str, at: int) -> Iterator[str]:
    """The words of the vocabulary that stand at this place, the longest first."""
    return (surface for surface in surfaces_by_head().get(text[at : at + 2], ()) if text.startswith(surface, at))


def _is_same_word(word: str, surface: str) -> bool:
    # Two Latin letters mean too many things in another case: CT, Ra, PT.
    return word == surface if _is_case_bound(surface) else _key(word) == surface


def _is_case_bound(surface: str) -> bool:
    return len(surface) <= 2 and surface.isascii()


def _cuts_latin(text: str, start: int, end: int) -> bool:
    """Whether a place stands inside a longer Latin word or number."""
    return any(
        text[border].isascii() and text[border].isalnum() and text[border - 1].isascii() and text[border - 1].isalnum()
        for border in (start, end)
        if 0 < border < len(text)
    )


def _key(surface: str) -> str:
    return surface.translate(UPPER_TO_LOWER)


@cache
def expand(surface: str) -> tuple[tuple[str, float], ...]:
    """What a word of the vocabulary stands for: canonical terms, the standards usual for them, and parts.

    >>> expand("地磅")[:3]
    (('汽车衡', 1.0), ('JJG 539', 0.3), ('JJG 1118', 0.3))
    """
    entries = [vocabulary()[term] for term in surfaces()[surface]]
    certainty = SAID if len(entries) == 1 else AMBIGUOUS
    found = {entry.term: STOP_WORD if entry.kind == "practice" else certainty for entry in entries}
    for entry in entries:
        if entry.kind != "practice":
            for code in entry.codes:
                found.setdefault(code, CODE_TERM * certainty)
            for part in (*_parts(entry.term), *_parts(surface)):
                found.setdefault(part, PART * certainty)
    return tuple(found.items())


def _parts(word: str) -> Iterator[str]:
    """The shorter words in a compound: terms of the vocabulary under their canonical name, then plain words."""
    for run in HAN_RUN.findall(word):
        at = 0
        while at < len(run):
            inner = next((shorter for shorter in _surfaces_at(run, at) if shorter != word), "")
            yield from surfaces().get(inner, ())
            at += len(inner) or 1
        yield from (part for part in segment(run) if len(part) > 1 and is_known(part) and part not in stop_words())


def _pairs(word: str) -> Iterator[str]:
    """The pairs of neighbouring characters in a word of three characters or more."""
    for run in HAN_RUN.findall(word):
        if len(run) > 2:
            yield from (run[start : start + 2] for start in range(len(run) - 1))


def _plain_terms(word: str) -> Iterator[tuple[str, float]]:
    """A word outside the vocabulary, with the pairs of its characters; unknown ones are pairs alone."""
    if word in stop_words():
        yield word, STOP_WORD
        return
    if len(word) == 2 or word.isascii() or is_known(word):
        yield word, SAID
    for pair in _pairs(word):
        yield pair, PAIR


def _plain_words(text: str) -> Iterator[str]:
    """Latin words, then Chinese words; characters that form no known word stay together."""
    yield from (_key(word) for word in LATIN_WORD.findall(text) if len(word) > 1)
    for run in HAN_RUN.findall(text):
        unknown = ""
        for word in segment(run):
            if word in stop_words() or (len(word) > 1 and is_known(word)):
                yield from (found for found in (unknown, word) if len(found) > 1)
                unknown = ""
            else:
                unknown += word
        if len(unknown) > 1:
            yield unknown


def segment(run: str) -> list[str]:
    """A run of Chinese characters in words."""
    words: list[str] = tokenizer().lcut(run)
    return words


def is_known(word: str) -> bool:
    """Whether the general dictionary holds the word."""
    return bool(tokenizer().FREQ.get(word))


@cache
def tokenizer() -> Any:
    """A tokenizer of our own with the general dictionary."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # jieba's source has invalid escapes.
        import jieba
    jieba.setLogLevel(logging.WARNING)
    own = jieba.Tokenizer()
    # jieba's own start writes a cache into the system's temporary folder, where others may have put theirs.
    own.FREQ, own.total = own.gen_pfdict(own.get_dict_file())
    own.initialized = True
    return own


@cache
def vocabulary() -> dict[str, Entry]:
    """The vocabulary of the field by canonical term."""
    return {entry.term: entry for entry in map(_entry, _lines("vocabulary.jsonl"))}


def _entry(line: str) -> Entry:
    fields: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in json.loads(line).items()
    }
    return Entry(**fields)


@cache
def surfaces() -> dict[str, tuple[str, ...]]:
    """Every way to write a term, in lower case, with the canonical terms it may mean."""
    found: dict[str, list[str]] = {}
    for entry in vocabulary().values():
        for surface in writings(entry.term, entry.english, *entry.synonyms, *entry.ambiguous_synonyms):
            if len(surface) > 1:
                terms = found.setdefault(surface if _is_case_bound(surface) else _key(surface), [])
                if entry.term not in terms:
                    terms.append(entry.term)
    # A canonical term means itself, whoever else lists it as a synonym.
    return {surface: (surface,) if surface in vocabulary() else tuple(terms) for surface, terms in found.items()}


def writings(*names: str) -> Iterator[str]:
    """The names, and those of Latin and Chinese letters also with the space that many put between them.

    >>> list(writings("ICP质谱", "天平"))
    ['ICP质谱', 'ICP 质谱', '天平']
    """
    for name in names:
        yield name
        if (spaced := BETWEEN_SCRIPTS.sub(" ", name)) != name:
            yield spaced


@cache
def surfaces_by_head() -> dict[str, tuple[str, ...]]:
    """The surfaces by their first two characters, the longest first."""
    heads: dict[str, list[str]] = {}
    for surface in surfaces():
        heads.setdefault(_key(surface[:2]), []).append(surface)
    return {head: tuple(sorted(found, key=lambda surface: (-len(surface), surface))) for head, found in heads.items()}


@cache
def stop_words() -> frozenset[str]:
    """Words that say little in this trade: 我司, 需要, 校准."""
    return frozenset(word for line in _lines("stop_words.txt") for word in line.split())


def _lines(name: str) -> Iterable[str]:
    return (resources.files("matching.engine") / "data" / name).read_text(encoding="utf-8").splitlines()
