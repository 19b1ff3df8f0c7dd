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
    >>> normalise("5×10-6").text, normalise("3.7x104Bq").text, normalise("10-3Pa~105Pa").text
    ('5×10⁻⁶', '3.7×10⁴Bq', '10⁻³Pa~10⁵Pa')
    """
    plain = text.translate(_SIGNS)
    places: Sequence[int] = range(len(text) + 1)
    if _SQUARE.search(plain):
        pieces = [_spell_out(char) for char in plain]
        places = [place for place, piece in enumerate(pieces) for _ in piece] + [len(text)]
        plain = "".join(pieces)
    plain = _TIMES.sub(lambda found: found[0].translate(_CROSS), plain)
    plain = _ONE_AS_DASH.sub("-", plain)
    for lost in (_LOST_NEGATIVE, _LOST_POSITIVE):
        plain = lost.sub(lambda found: found[1] + found[2].translate(_RAISE), plain)
    plain = _LOST_BOTH.sub(
        lambda found: found[1] + found[2].translate(_RAISE) + found[3] + found[4].translate(_RAISE), plain
    )
    return Normalised(plain, places)


def _spell_out(char: str) -> str:
    """The letters of a square unit (㎡ → m2, ㎧ → m/s); any other character as it is."""
    return unicodedata.normalize("NFKC", char).replace("∕", "/") if "\u3300" <= char <= "\u33ff" else char


_SQUARE = re.compile("[\u3300-\u33ff]")
_TIMES = re.compile(r"(?<=[0-9]) ?[xX*] ?(?=[0-9])")
_ONE_AS_DASH = re.compile("(?<=[0-9])一(?=[0-9])")
# Raised digits are lost when text is pasted: what follows ×10 are they. Without a sign only behind a mantissa of one
# digit before the point, for 300×105 mm is a size; and 10-3 Pa ~ 105 Pa or 10-6~10-1 only where both ends are powers.
_LOST_NEGATIVE = re.compile(r"((?<=[0-9]) ?[×·] ?10 ?)(-[0-9]{1,2})(?![0-9.])")
_LOST_POSITIVE = re.compile(r"((?<![0-9.])[0-9](?:\.[0-9]+)? ?[×·] ?10)(1[0-9]|[1-9])(?![0-9.×])")
_LOST_BOTH = re.compile(
    r"((?<![0-9.×~-])10)(-[1-9][0-9]?)( ?[A-Za-zμ]{0,4} ?[~至到] ?(?:10(?=-?[0-9])))(-?[1-9][0-9]?)(?![0-9.])"
)
_CROSS = str.maketrans("xX*", "×××")
_RAISE = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

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
    " ": "\t\r\u00a0\u2002\u2003\u2009\u200a\u202f\u3000\u200b\ufeff#@¤§¿$＃＠＄",
}
# The full-width forms of ASCII; the Chinese comma and semicolon stay, for they never stand inside a number.
_SIGNS = {0xFF01 + step: 0x21 + step for step in range(94)} | {ord("，"): "，", ord("；"): "；"}
_SIGNS |= {ord(char): sign for sign, chars in _SAME.items() for char in chars}
_SIGNS |= {ord(char): str(digit) for digit, char in enumerate("₀₁₂₃₄₅₆₇₈₉")}
