"""Conditions in wordings that no list of words can hold: what must not be done, and which medium is used.

Refusing is grammar: a word that forbids (不许, 没法, 不能) before a verb, or a verb that does not succeed (拆不下来).
A medium is named where one says what is measured with (用水打压, 用矿浆实流标), known to the vocabulary or not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from matching.engine.terms import surfaces, vocabulary

Conditions = dict[str, tuple[str, ...]]

# What must not be done, and how one measures then: what may not be dismounted or stopped, in place or on line; what
# may not be moved, wherever it stands; what may not be emptied, as it is.
_IN_PLACE = ("in_situ", "online")
REFUSED = (
    ("拆(?!机[架柜])|取[下出]|抽出|拔出|卸下", "mode", _IN_PLACE),
    ("停[机产炉线车工电水气汽运泵流]|断[气电水流料]|中断", "mode", _IN_PLACE),
    ("拆机[架柜]|下[架柜]|搬|挪|移动|运走|送[检出走]|离[厂开]|出厂|下[船塔井]", "mode", ("field", "in_situ")),
    ("倒空|清空|排空|放空|清罐|进人|倒罐", "state", ("filled",)),
)
# What a laboratory asks of its customers.
DEMANDED = (("空罐|清罐|倒空|清空|排空|放空", "state", ("emptied",)),)
NAMES = {
    ("state", "filled"): "不清空",
    ("state", "emptied"): "须清空",
    ("depth", "pressurised"): "静水压力下",
    ("depth", "ambient"): "常压下",
}

_FORBIDS = (
    "(?:(?<!能)不(?!断)|不[许能可准得让宜便]|不允许|不可以|不方便|没法|无法|没办法|禁止|严禁|[别勿免])"
    "(?:再|随便|从线上)?"
)
_FAILS = "不(?:下来|[得了动走开掉出])"
_USELESS_AT_REST = "静态[^，。；]{0,12}(?:没法用|不能用|不作数|不算数|不认|不行|不够)"
# What is measured in a stream is not at rest.
_FLOWS = "[热高]?气流[里中内]|风洞|马赫"
# What is weighed while it stands: 车皮摘钩停在上面.
_STANDS = "摘钩|停(?:在|稳|好)[^，。；]{0,3}(?:上面|秤上|台面|称)|停(?:下来|稳)[称过]"
# A sensitivity under water is one at ambient pressure unless somebody speaks of the pressure there.
_UNDER_PRESSURE = "静水压|水压下|MPa[^，。；]{0,4}压力下"
_ASKS = "(?:须|需要?|必须|要求|应)(?:先)?"
_MEDIUM = re.compile(
    r"介质(?:[：:为是]|采用)+\s*(?P<named>[一-龥]{1,6})"
    r"|[用以](?P<used>[一-龥]{1,4}?)(?:实流|做介质|作介质|[打加试]压|标定?(?!准)|校准)"
)


def read_refusals(text: str) -> Conditions:
    """How a need has to be measured, since it forbids something.

    >>> read_refusals("户外机器不许拆"), read_refusals("里面有油不能倒空")
    ({'mode': ('in_situ', 'online')}, {'state': ('filled',)})
    """
    patterns = [(rf"{_FORBIDS}(?:{verb})|(?:{verb}){_FAILS}", group, values) for verb, group, values in REFUSED]
    patterns.append((rf"{_USELESS_AT_REST}|{_FLOWS}", "motion", ("dynamic",)))
    patterns.append((_STANDS, "motion", ("static",)))
    patterns.append((_UNDER_PRESSURE, "depth", ("pressurised",)))
    return _collect((group, values) for pattern, group, values in patterns if re.search(pattern, text))


def read_demands(text: str) -> Conditions:
    """What a capability demands before it measures.

    >>> read_demands("全站仪法，须空罐清洗")
    {'state': ('emptied',)}
    """
    patterns = [(f"{_ASKS}(?:{verb})", group, values) for verb, group, values in DEMANDED]
    patterns.append((_FLOWS, "motion", ("dynamic",)))
    patterns.append((_UNDER_PRESSURE, "depth", ("pressurised",)))
    return _collect((group, values) for pattern, group, values in patterns if re.search(pattern, text))


def read_media(text: str) -> Conditions:
    """The media that a text says are measured with; one the vocabulary does not know by its own name.

    >>> read_media("只能用水打压"), read_media("介质：癸二酸酯"), read_media("要求用矿浆实流标")
    ({'medium': ('water',)}, {'medium': ('oil',)}, {'medium': ('矿浆',)})
    """
    names = (found["named"] or found["used"] for found in _MEDIUM.finditer(text))
    return _collect(("medium", tuple(_values_of(name)) or (name,)) for name in names)


def _values_of(name: str) -> Iterator[str]:
    """What the vocabulary calls a medium of that name."""
    for word in (name, f"{name}介质"):
        for entry in (vocabulary()[term] for term in surfaces().get(word, ())):
            if entry.kind == "condition" and entry.group == "medium":
                yield entry.value


def _collect(found: Iterable[tuple[str, tuple[str, ...]]]) -> Conditions:
    conditions: Conditions = {}
    for group, values in found:
        conditions[group] = tuple(sorted({*conditions.get(group, ()), *values}))
    return conditions
