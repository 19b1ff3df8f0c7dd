"""What words name: the objects of a need with their places, and quantity kinds.

A term of the vocabulary tells what the object measures. Where it knows none, a noun that ends like a device is taken,
and where there is no device either, the part whose size or form is asked for: 轴承内圈 of 轴承内圈内径.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from matching.engine.terms import vocabulary, writings
from matching.engine.units import KINDS


@dataclass(frozen=True, slots=True)
class Named:
    """An object as the text names it; `term` is its canonical name, `quantity` what it measures, '' if unknown."""

    start: int
    end: int
    name: str
    term: str = ""
    quantity: str = ""


def find_objects(text: str) -> tuple[Named, ...]:
    """The objects a text names, in its order.

    >>> [(found.name, found.term, found.quantity) for found in find_objects("另外热处理炉和地磅，还有配料斗")]
    [('热处理炉', '热处理炉', 'temperature'), ('地磅', '汽车衡', 'mass'), ('配料斗', '料斗秤', 'mass')]
    """
    found: list[Named] = []
    for named in _known_objects(text):
        found += _other_objects(text, found[-1].end if found else 0, named.start)
        found.append(named)
    found += _other_objects(text, found[-1].end if found else 0, len(text))
    things = tuple(_join_compounds(text, found)) or tuple(_parts(text))
    return tuple(thing for thing in things if not _is_beside(text, thing)) or things


def _is_beside(text: str, thing: Named) -> bool:
    """Whether it is not asked for itself: what another one is for, where it stands, or what comes with it."""
    return bool(_IS_OF_ANOTHER.match(text, thing.end) or _WITH.search(text, max(0, thing.start - 2), thing.start))


def _join_compounds(text: str, found: Iterable[Named]) -> Iterator[Named]:
    """The objects, where two that follow each other are one: 除颤器分析仪, 荧光 PCR 扩增仪."""
    waiting: Named | None = None
    for named in found:
        if waiting and text[waiting.end : named.start] in ("", " "):
            name = waiting.name + named.name
            waiting = Named(waiting.start, named.end, name, name, waiting.quantity or named.quantity)
        else:
            if waiting:
                yield waiting
            waiting = named
    if waiting:
        yield waiting


def _known_objects(text: str) -> Iterator[Named]:
    """The instruments of the vocabulary, the longest name at each place."""
    at, lowered = 0, text.lower()
    while at < len(text):
        for name, term, quantity in _names_by_head().get(lowered[at : at + 2], ()):
            end = at + len(name)
            if lowered.startswith(name, at) and not _cuts_a_word(text, at, end):
                end += len(_REST.match(text, end)[0]) * (name[-1] not in _DEVICE_ENDS)  # type: ignore[index]
                if term:
                    start = _KIND_OF.search(text, max(0, at - 12), at).start()  # type: ignore[union-attr]
                    yield Named(start, end, text[start:end], term, quantity)
                at = end
                break
        else:
            at += 1


@cache
def _names_by_head() -> dict[str, list[tuple[str, str, str]]]:
    """The names of the vocabulary by their first two letters, the longest first; what is no object has no term.

    A word too wide to tell a quantity, such as 传感器, is left to `_DEVICE`, which takes what stands before it too.
    """
    heads: dict[str, list[tuple[str, str, str]]] = {}
    for entry in vocabulary().values():
        is_object = entry.kind in ("instrument", "material")
        if is_object and not entry.quantity:
            continue
        for name in writings(entry.term, *entry.synonyms, *entry.ambiguous_synonyms):
            # Two Latin letters mean too many things (CT, DR, IC), and a scale is no object.
            if len(name) > 1 + name.isascii() and not SCALE.fullmatch(name):
                known = (name.lower(), entry.term if is_object else "", entry.quantity)
                heads.setdefault(known[0][:2], []).append(known)
    for names in heads.values():
        names.sort(key=lambda known: (-len(known[0]), not known[1]))
    return heads


def _cuts_a_word(text: str, start: int, end: int) -> bool:
    """Whether Latin letters or figures run on at either end."""
    joints = (text[place - 1 : place + 1] for place in (start, end) if 0 < place < len(text))
    return any(joint.isascii() and joint.isalnum() for joint in joints)


def _other_objects(text: str, start: int, end: int) -> Iterator[Named]:
    for found in _DEVICE.finditer(text, start, end):
        name = _CARRIED.sub("", _FUNCTION.split(found["before"])[-1]) + found["device"]
        if len(name) > 1 and not _ACCESSORY.match(name):
            quantity = next((quantity for tail, quantity in _TAILS if tail.search(name)), "")
            yield Named(found.end() - len(name), found.end(), name, name, quantity)


def _parts(text: str) -> Iterator[Named]:
    for found in _PART.finditer(text):
        name = _FUNCTION.split(found["part"])[-1]
        if len(name) > 1:
            yield Named(found.end("part") - len(name), found.end("part"), name, name)


# --- Quantity kinds ---------------------------------------------------------------------------------------------


def kinds_named(words: str) -> list[str]:
    """The quantity kinds that words name, the last named first.

    >>> kinds_named("交流电压"), kinds_named("相对湿度")
    (['voltage'], ['relative_humidity'])
    """
    pattern, kinds = _kind_words()
    found = [kinds[word] for word in pattern.findall(words)]
    return list(dict.fromkeys(reversed(found)))


@cache
def _kind_words() -> tuple[re.Pattern[str], dict[str, str]]:
    kinds: dict[str, str] = {}
    for kind in KINDS.values():
        for word in (*kind.words, kind.label):
            if "@" not in word:
                kinds.setdefault(word, kind.key)
    return re.compile("|".join(map(re.escape, sorted(kinds, key=len, reverse=True)))), kinds


# Scales whose numbers stand without a unit.
SCALE = re.compile("(?<![A-Za-z])(?:pH|HR[A-Z]|HB[WS]?|HV|HL[A-Z]?)(?![A-Za-z])")
# A word that ends like a device; of a longer verb or noun (计数, 表面, 仪器) it is no end.
_DEVICE = re.compile(
    r"(?P<before>[一-龥]{0,10}?)(?P<device>尺(?![寸度])|天平|砝码|量块|量规|热电偶|热电阻|铂电阻|传感器|变送器|探头|记录仪"
    r"|校准[器源]|模拟器|互感器|变压器|分压器|示波器|滴定管|移液器|扳手|量筒|线圈|千斤顶|(?:试验|标定|检测|测试)台|台架"
    r"|(?:测[量试长]|试验|探伤|离心|[拉压]力|[水油液锻冲]压|[快精]锻|压砖|压)机|[料重]斗|pH ?[计表]|[仪表秤磅炉窑箱枪]"
    r"|(?<![审设会共总统预估以质])计|(?<![懂法正违常])规)"
    r"(?![数量算划面明示格器范]|[一-龥]{0,2}(?:厂|车间))"
)
# The vocabulary may know the stem alone: 充放电测试 of 充放电测试仪.
_DEVICE_ENDS = "仪机计器表尺秤规枪炉箱"
_REST = re.compile("[仪机计器]?")
# What tells one kind of an instrument from another belongs to its name: 直流高压分压器.
_KIND_OF = re.compile(
    r"(?:[A-Z] ?型|(?:直流|交流|工频)(?:高压|低压)?|热水|蒸汽|天然气|氢气|氧气|大口径|便携式|绝压|差压|三相|单相)*\Z"
)
# Words that end what stands before a noun: of 另外三台真空钎焊炉 only 真空钎焊炉 is the name.
_FUNCTION = re.compile(
    r"另外|还有|现在|我们|我司|自己|企业|公司|厂里|[电进出]厂|公斤|知道|车间|在线|(?<=[一二三四五六七八九十两几每这])[台套只支块把个件间]"
    r"|[的吨是用有和与及这那做拿要家于里上下中后前出入对给由被将没每类种看说都也疑一两三想丢拆]"
)
# 油缸带表: the gauge comes with the cylinder.
_CARRIED = re.compile("^.*(?<![皮履输传热冷])[带连](?=$)")
# What an instrument comes with, or what must not stop, is not what is asked for: 温度变送器带传感器, 不停炉.
_ACCESSORY = re.compile("不?[带含停]")
# 校地磅用的铁砣子, 除尘器上的水柱计, 机台上拆下来的薄膜规.
_IS_OF_ANOTHER = re.compile("(?:上|里|中|内)?(?:专?用|配套?|装|拆下?来?)的(?=[一-龥])|[上里内]的(?=[一-龥])")
_WITH = re.compile("(?:连|带)(?:着|同)?$")
_TAILS = (
    (re.compile("[炉窑箱]$|测温枪$"), "temperature"),
    (re.compile("尺$"), "length"),
    (re.compile("[秤磅斗]$"), "mass"),
    (re.compile("(?:压|锻|拉力|压力|压砖|(?:[拉压]力|万能|疲劳|持久|抗折|抗压)试验)机$|千斤顶$"), "force"),
    (re.compile("扳手$"), "torque"),
    (re.compile("^pH"), "ph"),
)
# What is asked for of a part; the part is named right before it.
FEATURE = re.compile("[内外孔直]径|圆柱?度|平面度|直线度|同轴度|垂直度|平行度|跳动|厚度|深度|壁厚|粗糙度")
_PART = re.compile(f"(?P<part>[一-龥]{{2,8}}?)(?:{FEATURE.pattern})")
