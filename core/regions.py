"""Administrative divisions of GB/T 2260, provinces to counties."""

import re
from functools import cache, reduce
from operator import or_

from django.core.exceptions import ValidationError
from django.db.models import Q
from stdnum import numdb

NATIONWIDE = "全国"
# An empty Q vanishes when it is or-ed with another, so "everywhere" is said as "not nowhere".
EVERYWHERE = ~Q(pk__in=[])
# A county that was renamed or merged carries its years: "[1983-2011]巢湖市,[2011-]巢湖市".
_DATED = re.compile(r"\[\d*-(\d*)\](.+)")
_SIMPLIFIED = {"810000": "香港特别行政区", "820000": "澳门特别行政区"}


@cache
def region_names() -> dict[str, str]:
    """Every division in force by its six-digit code: {"310000": "上海市", "320500": "苏州市", …}."""
    names = {}
    for _, province, _, properties, children in numdb.get("cn/loc").prefixes:
        names[f"{province}0000"] = properties["province"]
        for _, code, _, values, _ in children:
            if name := _name_in_force(values["county"]):
                names[province + code] = name
    return names | _SIMPLIFIED


@cache
def region_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Provinces and their prefecture-level cities, grouped for a select."""
    groups = []
    for code, name in region_names().items():
        if code.endswith("0000"):
            groups.append((name, [(code, name)]))
        elif code.endswith("00") and name not in {"市辖区", "县"}:
            groups[-1][1].append((code, name))
    return groups


def region_label(code: str) -> str:
    """江苏省苏州市 for 320500; 全国 for an empty code."""
    if not code:
        return NATIONWIDE
    steps = dict.fromkeys([f"{code[:2]}0000", f"{code[:4]}00", code])
    names = [region_names().get(step, "") for step in steps]
    return "".join(name for name in names if name not in {"市辖区", "县"})


def region_prefix(code: str) -> str:
    """The leading digits that all divisions inside share: 32 for 320000, 3205 for 320500."""
    return code[:2] if code.endswith("0000") else code[:4] if code.endswith("00") else code


def within(field: str, codes: list[str]) -> Q:
    """The condition that `field` lies in one of the regions; no codes mean everywhere."""
    places = [Q(**{f"{field}__startswith": region_prefix(code)}) for code in codes]
    return reduce(or_, places) if places else EVERYWHERE


def validate_region(code: str) -> None:
    if code not in region_names():
        raise ValidationError("行政区划代码 %(code)s 不在 GB/T 2260 中，请从列表里选择。", params={"code": code})


def _name_in_force(listed: str) -> str:
    """The name without an end year, or an empty string when the division is gone."""
    for name in listed.split(","):
        dated = _DATED.fullmatch(name)
        if dated is None:
            return name
        if not dated[1]:
            return dated[2]
    return ""
