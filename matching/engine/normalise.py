"""One spelling for every sign that means the same, without moving a single character.

Unicode's own NFKC would turn 10⁻³ into 10−3, º into o and Ⅲ into III, so signs are mapped one to one here and
raised digits are kept for the number reader. Only the square units (㎜, ㎏) grow, and they carry a map of places.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Normalised:
    """The text in one spelling; `places[i]` is where its character i stood in the original."""

    text: str
    places: Sequence[int]


def normalise(text: str) -> Normalised:
    """The text with full-width signs, dashes, tildes, dots and degree signs in one spelling each.

    >>> normalise("（－４０〜＋85）˚C").text, normalise("5㎜").text, normalise("1×10⁻³").text
    ('(-40~+85)°C', '5mm', '1×10⁻³')
    """
    plain = text.translate(_SIGNS)
    places: Sequence[int] = range(len(text) + 1)
    if _SQUARE.search(plain):
        pieces = [_spell_out(char) for char in plain]
        places = [place for place, piece in enumerate(pieces) for _ in piece] + [len(text)]
        plain = "".join(pieces)
    return Normalised(_TIMES.sub(lambda found: found[0].translate(_CROSS), plain), places)


def _spell_out(char: str) -> str:
    """The letters of a square unit (㎡ → m2, ㎧ → m/s); any other character as it is."""
    return unicodedata.normalize("NFKC", char).replace("∕", "/") if "\u3300" <= char <= "\u33ff" else char


_SQUARE = re.compile("[\u3300-\u33ff]")
_TIMES = re.compile(r"(?<=[0-9]) ?[xX*] ?(?=[0-9])")
_CROSS = str.maketrans("xX*", "×××")

_SAME = {
    "~": "～〜∼˜∽⁓",
    "-": "－−–—―‒‑‐﹣─",
    "×": "✕✖╳⨯⨉",
    "·": "⋅∙•‧・･",
    "°": "º˚",
    "μ": "µ",
    "Ω": "\u2126",
    "Å": "\u212b",
    "≤": "≦⩽⪯",
    "≥": "≧⩾⪰",
    "[": "【〔［",
    "]": "】〕］",
    "′": "＇`’",
    "φ": "ΦφøØϕ⌀∅",
    "/": "∕⁄／",
    "|": "｜∣",
    "K": "\u212a",
    " ": "\t\r\u00a0\u2002\u2003\u2009\u200a\u202f\u3000\u200b\ufeff#@¤$＃＠＄",
}
# The full-width forms of ASCII; the Chinese comma and semicolon stay, for they never stand inside a number.
_SIGNS = {0xFF01 + step: 0x21 + step for step in range(94)} | {ord("，"): "，", ord("；"): "；"}
_SIGNS |= {ord(char): sign for sign, chars in _SAME.items() for char in chars}
_SIGNS |= {ord(char): str(digit) for digit, char in enumerate("₀₁₂₃₄₅₆₇₈₉")}
