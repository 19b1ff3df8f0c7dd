"""A text reduced to what matters for measurement: numbers become #, units @, the rest stays.

`(－196～660）℃ 铂电阻` is sketched as `(-#~#)@铂电阻`. Patterns over the sketch are short, and every place in it
leads back to the normalised text. Names that carry digits (Pt100, XH-500, PM2.5) stay words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache

from matching.engine.units import Unit, spellings

# A number beyond these bounds is no measurement.
MOST_DIGITS, MOST_POWER = 40, 60


@dataclass(slots=True)
class Sketch:
    """The sketch; `starts` and `ends` give the place of each of its characters in the normalised text.

    `numbers` and `units` hold what stands behind # and behind @ and $, by place in the sketch; $ is a unit in a
    heading, which holds for the bare numbers that follow; ¿ is a unit that is not known; ¤ is what was blanked.
    """

    text: str = ""
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    numbers: dict[int, Decimal] = field(default_factory=dict)
    units: dict[int, tuple[Unit, ...]] = field(default_factory=dict)


def sketch(text: str) -> Sketch:
    """The sketch of a normalised text.

    >>> sketch("(-196~660)°C 铂电阻Pt100").text, sketch("三十到五十千伏").text, sketch("压力(MPa):0~60").text
    ('(-#~#)@铂电阻Pt100', '#到#@', '压力$#~#')
    """
    pen = _Pen(text)
    place, match = 0, _tokens().match
    while place < len(text):
        found = match(text, place)
        place = _TAKERS[found.lastgroup or "text"](pen, found) if found else place + 1
    pen.sketch.text = "".join(pen.signs)
    return pen.sketch


class _Pen:
    """Draws the sketch sign by sign."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.signs: list[str] = []
        self.sketch = Sketch()

    def copy(self, start: int, end: int) -> None:
        self.signs.append(self.text[start:end])
        self.sketch.starts.extend(range(start, end))
        self.sketch.ends.extend(range(start + 1, end + 1))

    def draw(self, sign: str, start: int, end: int) -> int:
        self.signs.append(sign)
        self.sketch.starts.append(start)
        self.sketch.ends.append(end)
        return len(self.sketch.starts) - 1

    def number(self, value: Decimal | None, start: int, end: int) -> None:
        if value is None:
            self.draw("¤", start, end)
        else:
            self.sketch.numbers[self.draw("#", start, end)] = value

    def unit(self, place: int, sign: str = "@", bracketed: bool = True) -> int:
        """Draw the unit that stands at that place, if one does; returns the place behind it."""
        start = _skip_space(self.text, place)
        found = find_unit_at(self.text, start)
        end = start + len(found[0]) if found else place
        if not found and bracketed and self.text[start : start + 1] in ("(", "["):
            found = find_unit_at(self.text, start + 1)
            end = start + len(found[0]) + 2 if found else place
            if self.text[end - 1 : end] not in (")", "]"):
                found = None
        if not found:
            unknown = _UNKNOWN.match(self.text, start)
            if not unknown:
                return place
            self.draw("¿", *unknown.span())
            return unknown.end()
        self.sketch.units[self.draw(sign, start, end)] = found[1]
        return end


def find_unit_at(text: str, place: int) -> tuple[str, tuple[Unit, ...]] | None:
    """The longest spelling of a unit that stands at that place, with the units it can mean.

    >>> found = find_unit_at("5 N·m", 2)
    >>> found[0], [unit.quantity for unit in found[1]], find_unit_at("5 N·m/kg", 2)
    ('N·m', ['torque', 'energy'], None)
    """
    known = spellings()
    if _NO_UNIT.match(text, place):
        return None
    for length in range(min(_longest().get(text[place : place + 1], 0), len(text) - place), 0, -1):
        name = text[place : place + length]
        if (
            name in known
            and name != "1"
            and not (_is_letter(name[-1]) and _is_letter(text[place + length : place + length + 1]))
        ):
            # What goes on with another unit is a compound that is not known, and its first part would be a guess.
            return None if _COMPOUND.match(text, place + length) else (name, known[name])
    return None


def parse_number(text: str) -> Decimal | None:
    """The value of a number as written, or None where it is beyond any measurement.

    >>> [str(parse_number(text)) for text in ("10 000", "3.7×10⁴", "10⁻³", "10^5", "2.0e+2", "1e999")]
    ['10000', '3.7E+4', '0.001', '1E+5', '2.0E+2', 'None']
    """
    if len(text) > MOST_DIGITS:
        return None
    plain = text.translate(_RAISED).replace(" ", "").replace(",", "")
    mantissa, power = plain, "0"
    if found := _POWER_FORM.fullmatch(plain):
        mantissa, power = found["mantissa"] or "1", found["power"]
    elif text[-1] in _RAISED_DIGITS:
        mantissa, power = "1", plain[2:]
    if abs(int(power)) > MOST_POWER:
        return None
    return Decimal(mantissa).scaleb(int(power))


def parse_chinese(text: str) -> Decimal:
    """The value of a Chinese numeral.

    >>> [str(parse_chinese(text)) for text in ("三百", "一万五千", "十二点五", "五十千", "半")]
    ['300', '15000', '12.5', '50000', '0.5']
    """
    whole, _, decimals = text.partition("点")
    total = section = digit = Decimal(0)
    for char in whole:
        if char in _DIGITS:
            digit = _DIGITS[char]
        elif char in "万亿":
            total, section, digit = (total + section + digit) * _POWERS[char], Decimal(0), Decimal(0)
        elif section and not digit:
            section *= _POWERS[char]
        else:
            section, digit = section + (digit or 1) * _POWERS[char], Decimal(0)
    value = total + section + digit
    return value + Decimal("0." + "".join(str(_DIGITS[char]) for char in decimals)) if decimals else value


def _take_number(pen: _Pen, found: re.Match[str]) -> int:
    """A number, a power word behind it (1.5万) and its unit."""
    value, end = parse_number(found[0]), found.end()
    if find_unit_at(pen.text, _skip_space(pen.text, end)) is None and (times := _TIMES.match(pen.text, end)):
        value = value and value * parse_chinese("一" + times[1])
        end = times.end(1)
    pen.number(value, found.start(), end)
    if usual := _UNIT_AROUND.match(pen.text, end):
        lead = _UNIT_BEFORE.search(pen.text, max(0, found.start() - 4), found.start())
        below_zero = usual[0] == "度" and lead and lead[0][0] == "零"
        meant = "℃" if below_zero else f"{usual[0]}每{lead[0][1:]}" if lead else ""
        if meant in spellings():
            pen.sketch.units[pen.draw("@", end, usual.end())] = spellings()[meant]
            return usual.end()
    return pen.unit(end)


def _take_angle(pen: _Pen, found: re.Match[str]) -> int:
    """30°15′20″ is one number, in degrees."""
    parts = [Decimal(part) for part in re.findall(r"[0-9.]+", found[0])]
    end = found.end()
    pen.number(sum((part / 60**step for step, part in enumerate(parts)), Decimal(0)), found.start(), end - 1)
    pen.sketch.units[pen.draw("@", end - 1, end)] = spellings()["°"]
    return end


def _take_fraction(pen: _Pen, found: re.Match[str]) -> int:
    """1/2 inch."""
    top, bottom = found[0].split("/")
    pen.number(Decimal(top) / Decimal(bottom) if int(bottom) else None, *found.span())
    return pen.unit(found.end())


def _take_direct(pen: _Pen, found: re.Match[str]) -> int:
    """DC (直流) at the low end of a band is the frequency 0."""
    pen.number(Decimal(0), *found.span())
    return found.end()


def _take_numeral(pen: _Pen, found: re.Match[str]) -> int:
    """A numeral in characters counts if a unit follows it, or the other end of its range; 第三 is an ordinal."""
    start, end = found.start(), _numeral_end(pen.text, *found.span())
    if pen.text[start - 1 : start] == "第":
        pen.copy(start, end)
        return end
    other = _OTHER_END.match(pen.text, end)
    unit = _numeral_end(pen.text, other.start() + 1, other.end()) if other else end
    if not (_SURE_UNIT.match(pen.text, unit) and find_unit_at(pen.text, unit)):
        pen.copy(start, start + 1)
        return start + 1
    pen.number(parse_chinese(pen.text[start:end]), start, end)
    return pen.unit(end)


def _numeral_end(text: str, start: int, end: int) -> int:
    """Where a numeral ends if a prefix behind it belongs to the unit: 五十千伏 is fifty kilovolts."""
    while end - 1 > start and text[end - 1] in "百千" and find_unit_at(text, end - 1):
        end -= 1
    return end


def _take_share(pen: _Pen, found: re.Match[str]) -> int:
    """万分之五: a number in the unit 1."""
    part = found["part"]
    value = parse_number(part) if part[0].isascii() else parse_chinese(part)
    whole = found["whole"]
    pen.number(value and value / parse_chinese(whole if whole[0] == "十" else "一" + whole), *found.span())
    pen.sketch.units[pen.draw("@", found.end(), found.end())] = spellings()["1"]
    return found.end()


def _take_bracket(pen: _Pen, found: re.Match[str]) -> int:
    """A closing bracket and the unit behind it: (0~300)mm."""
    pen.copy(*found.span())
    return pen.unit(found.end())


def _take_head(pen: _Pen, found: re.Match[str]) -> int:
    """A slash, bracket or 单位 before a unit before a number is a heading: 压力(MPa)：0.1~60."""
    unit = find_unit_at(pen.text, found.end())
    named = "单位" in found[0] and pen.text[found.start() - 1 : found.start()] not in ("的", *_LETTERS)
    if unit and (tail := (_HEAD_SHUT if named else _HEAD_END).match(pen.text, found.end() + len(unit[0]))):
        pen.unit(found.end(), "$", bracketed=False)
        return tail.end()
    pen.copy(found.start(), found.start() + 1)
    return found.start() + 1


def _take_sign(pen: _Pen, found: re.Match[str]) -> int:
    pen.draw(_SIGN_WORDS.get(found[0], "±"), *found.span())
    return found.end()


def _take_text(pen: _Pen, found: re.Match[str]) -> int:
    pen.copy(*found.span())
    return found.end()


def _take_space(pen: _Pen, found: re.Match[str]) -> int:
    """Spaces mean nothing, but between two Latin words one is kept."""
    start, end = found.span()
    if (
        start
        and end < len(pen.text)
        and _is_letter(pen.text[start - 1])
        and pen.text[end].isascii()
        and pen.text[end].isalpha()
    ):
        pen.copy(start, start + 1)
    return end


def _skip_space(text: str, place: int) -> int:
    return place + 1 if text[place : place + 1] == " " else place


def _is_letter(char: str) -> bool:
    return char.isascii() and char.isalnum()


@cache
def _longest() -> dict[str, int]:
    """The length of the longest spelling that begins with each character."""
    lengths: dict[str, int] = {}
    for name in spellings():
        lengths[name[0]] = max(lengths.get(name[0], 0), len(name))
    return lengths


_DIGITS = {char: Decimal(value) for value, char in enumerate("零一二三四五六七八九")} | {
    "〇": Decimal(0),
    "两": Decimal(2),
}
_DIGITS["半"] = Decimal("0.5")
_POWERS = {char: Decimal(10) ** power for char, power in {"十": 1, "百": 2, "千": 3, "万": 4, "亿": 8}.items()}
_SIGN_WORDS = {"零下": "-", "负": "-", "零上": "+"}
_RAISED_DIGITS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_RAISED = str.maketrans("⁻⁺" + _RAISED_DIGITS, "-+0123456789")
_POWER_FORM = re.compile(
    r"(?:(?P<mantissa>[0-9]*\.?[0-9]+)(?:[×·]10(?:\^|\*\*)?|[eE])|10(?:\^|\*\*))[({]?(?P<power>[+-]?[0-9]{1,4})[)}]?"
)

_PLAIN = (
    r"(?:(?<!\[)[0-9]{1,3}(?:,[0-9]{3})+(?![0-9]| ?\])(?:\.[0-9]+)?"
    r"|[0-9]{1,3}(?: [0-9]{3})+(?![0-9]| ?[台只支块套件个把条])(?:\.[0-9]+)?"
    r"|[0-9]+(?:\.[0-9]+)?|(?<!\.)\.[0-9]+)"
)
_POWER = r"10 ?(?:(?:\^|\*\*)(?:[+-]?[0-9]{1,3}|\([+-]?[0-9]{1,3}\)|{[+-]?[0-9]{1,3}})|[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,3})"
_NUMBER = rf"{_PLAIN} ?[×·] ?{_POWER}|{_POWER}|{_PLAIN}(?:[eE][+-]?[0-9]{{1,4}}(?![0-9]))?"
_NUMERAL = (
    "(?:[一二两三四五六七八九十半][零〇一二两三四五六七八九十百千万亿]{0,12}|零(?=[点至到~]))"
    "(?:点[零一二三四五六七八九]{1,6})?"
)


@cache
def _tokens() -> re.Pattern[str]:
    """The tokens of a text; compiled at the first text, so that importing the reader is quick."""
    return re.compile(
        r"(?P<angle>[0-9]+° ?[0-9]+(?:\.[0-9]+)?′(?: ?[0-9]+(?:\.[0-9]+)?″)?)"
        r"|(?P<fraction>[0-9]{1,2}/[0-9]{1,2}(?= ?(?:英寸|寸|吋|\"|in(?![a-z])|inch)))"
        rf"|(?P<number>{_NUMBER})"
        r"|(?P<direct>DC(?= ?[-~至到…])|直流(?= ?[~至到…]+ ?[0-9]))"
        r"|(?P<word>(?:AC|DC|DN|[pP]H|MAX|Max|max|MIN|Min|min|R[azqy])(?=[-~ ]?[0-9.±φ])"
        r"|H(?:R[A-C]|BW?|V|LD)(?=[0-9]+ ?[~至到])"
        r"|[Uu]_\{[0-9.]+\}|[A-Za-z]+(?:_?[0-9]+(?:\.[0-9]+)*|-[0-9]+(?:\.[0-9]+)*)?(?:[A-Za-z0-9]|-(?=[A-Za-z0-9]))*)"
        r"|(?P<bracket>[)\]])"
        r"|(?P<head>(?:\(?单位[:为]?|[/(\[]) ?)"
        rf"|(?P<share>(?P<whole>十万|百万|百|千|万|十)分之(?P<part>{_PLAIN}|[零一二三四五六七八九十]+(?:点[零一二三四五六七八九]+)?))"
        rf"|(?P<numeral>{_NUMERAL})"
        r"|(?P<sign>\+ ?/? ?-(?= ?[0-9(.])|正负|零下|零上|负(?=[0-9一二三四五六七八九十]))"
        r"|(?P<space> +)"
        r"|(?P<text>[^0-9A-Za-z .(\[/)\]|十百千万零一二两三四五六七八九半单正负直+]+|.)",
        re.DOTALL,
    )


_TAKERS = {
    "angle": _take_angle,
    "fraction": _take_fraction,
    "number": _take_number,
    "direct": _take_direct,
    "word": _take_text,
    "bracket": _take_bracket,
    "head": _take_head,
    "share": _take_share,
    "numeral": _take_numeral,
    "sign": _take_sign,
    "space": _take_space,
    "text": _take_text,
}
_UNKNOWN = re.compile(r"[A-Za-zμΩ°]{1,6}[²³]?/[A-Za-zμΩ°][A-Za-z0-9²³]*")
# 零下60度 is a temperature, and 每分钟3000转 has its unit on both sides.
_UNIT_AROUND = re.compile("度|转|次|升|米|立方米")
_UNIT_BEFORE = re.compile("(?:零[下上]|每(?:分钟|分|秒|小时))$")
_COMPOUND = re.compile("[/·][A-Za-zμΩ°]|·[一-龥]|[²³⁻]")
_TIMES = re.compile("([百千万亿]{1,2})(?! ?[元块人台件次])")
_HEAD_END = re.compile(r" ?[)\]]* ?:? ?(?=[-+±<>≤≥(\[φ0-9])")
_HEAD_SHUT = re.compile(r" ?[)\]]* ?:? ?")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_OTHER_END = re.compile(f"[至到~-]{_NUMERAL}")
# Words that begin like a unit: 升温, 分度值, 天平.
_NO_UNIT = re.compile(
    "天平|天线|分[之度辨布析量]|升[温降]|安[全装]|丝[杠锥]|方[向案法]|度[量数]|节[距能点]|时[间效]|日[常期]|特[性征]"
    "|法兰|开[关始]|道路|克服|米制|角度|秒表"
)
# After a numeral in characters only units that cannot be the start of another word: 一方, 三分 are none.
_SURE_UNIT = re.compile("[米吨克斤升伏瓦秒牛欧赫度]|[一-龥]{2}|[^一-龥]")
