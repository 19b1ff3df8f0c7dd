"""What is found in a text before its numbers are looked at: codes, accuracy classes, and traps.

Each is blanked with ¤ in the list of signs, so that no later step takes a year for a length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from matching.engine.facts import Item, ItemKind
from matching.engine.normalise import Normalised


def read_codes(text: str, clean: Normalised, signs: list[str]) -> Iterator[Item]:
    """The codes of norms and standards, in one spelling: body, space, number, edition.

    >>> from matching.engine.normalise import normalise
    >>> [item.code for item in read_codes("按jjg196—2006", normalise("按jjg196—2006"), list("按jjg196—2006"))]
    ['JJG 196-2006']
    """
    for found in _codes().finditer(clean.text):
        body = re.sub(r" (?!EN|ISO)", "", (found["major"] or found["industry"] or "").upper())
        kind = found["kind"] or found["industry_kind"]
        number = re.sub(r"\s", "", found["own"] or found["number"] or found["industry_number"]).upper()
        code = f"{body}{'/' + kind.upper() if kind else ''} {number}".strip()
        yield _item(ItemKind.CODE, text, clean, signs, found, code=code)


def read_classes(text: str, clean: Normalised, signs: list[str], *, grades_only: bool = False) -> Iterator[Item]:
    """Accuracy classes: 0.2S级, E2级及以下, Ⅲ级, 二等, 准确度等级 2.5; the smaller number is the better class.

    `grades_only` reads the bare grades of a column of classes.
    """
    current = "".join(signs)
    for found in (_BARE_GRADE if grades_only else _classes()).finditer(current):
        if _NO_CLASS.match(current, found.end()):
            continue
        rank = "等" if found["tail"].endswith("等") else ""
        op = _BETTER.get(found["op"] or found["op2"] or "") or _BETTER.get(found["suffix"] or "")
        for grade in _JOINT.split(found["grades"]):
            name = _GRADE_NAMES.get(grade) or grade.translate(_PLAIN_NUMERALS).replace(" ", "")
            yield _item(ItemKind.ACCURACY_CLASS, text, clean, signs, found, grade=name + rank, op=op)


def blank_traps(signs: list[str]) -> None:
    """Blank dates, phone numbers, sums of money, durations of service, models, versions and names with digits.

    >>> signs = list("2024年6月前完成5kg")
    >>> blank_traps(signs)
    >>> "".join(signs)
    '¤¤¤¤¤¤¤前完成5kg'
    """
    text = "".join(signs)
    for found in _traps().finditer(text):
        start, end = found.span()
        signs[start:end] = "¤" * (end - start)


def _item(
    kind: ItemKind, text: str, clean: Normalised, signs: list[str], found: re.Match[str], **facts: object
) -> Item:
    start, end = found.span()
    signs[start:end] = "¤" * (end - start)
    span = clean.places[start], clean.places[end - 1] + 1
    return Item(kind, span, text[slice(*span)], **facts)  # type: ignore[arg-type]


# --- Codes ------------------------------------------------------------------------------------------------------

_MAJOR = (
    r"JJ[GF](?: ?\([^()]{1,6}\))?|GJB|GBZ|GB|OIML(?= ?[RDGB])|ASTM(?= ?[A-Z])|ISO(?:/(?:IEC|TS|TR))?"
    r"|IEC(?:/(?:TS|TR))?|EN(?: ISO)?(?= ?[0-9]{3})|DIN(?: EN)?(?: ISO)?|BS(?: EN)?(?= ?[0-9]{2})"
    r"|JIS(?= ?[A-Z])|ASME|ANSI(?:/[A-Z]+)?|EURAMET|IEEE|VDI(?:/VDE)?"
)
# Bodies of two letters are taken for a code only with /T or an edition: HB 200 is a hardness.
_INDUSTRY = (
    r"DB ?[0-9]{2,4}|T/[A-Z]{2,10}|Q/[A-Z0-9]{2,10}(?![A-Z0-9])"
    r"|AQ|CB|CJ|CY|DA|DL|DZ|FZ|GA|GM|GY|HB|HG|HJ|HY|JB|JC|JG|JR|JTG"
    r"|JTJ|JT|JY|LB|LD|LY|MH|MT|MZ|NB|NY|QB|QC|QJ|QX|RB|SB|SC|SH|SJ|SL|SN|SY|TB|TD|TY|WB|WH|WJ|WM|WS|WW|XB|YB|YC"
    r"|YD|YS|YY|YZ"
)
_EDITION = r"(?: ?[-:] ?(?:(?:19|20)[0-9]{2}|[0-9]{2})(?![0-9.]))"
_PART = r"[0-9]+[A-Z]?(?:\.[0-9]+)*(?:-[0-9]{1,3}(?![0-9]))*"


@cache
def _codes() -> re.Pattern[str]:
    """The codes of norms; compiled, like the other long patterns, at the first text."""
    return re.compile(
        rf"(?<![A-Za-z0-9])(?:(?P<own>CNAS ?-[A-Z]{{2}}[0-9]+(?:-[A-Z]?[0-9]+)*{_EDITION}?)"
        rf"|(?P<major>{_MAJOR})(?:(?: ?/ ?|(?<=GB) ?)(?P<kind>[TZ])(?![A-Z]))? ?"
        rf"(?P<number>[A-Z]{{0,2}}[ -]?{_PART}{_EDITION}?)(?! ?级)"
        rf"|(?P<industry>{_INDUSTRY})(?:(?: ?/ ?(?P<industry_kind>[TZ]))(?=.{{1,9}}[0-9])|(?=.{{0,9}}{_EDITION})) ?"
        rf"(?P<industry_number>{_PART}{_EDITION}?))",
        re.IGNORECASE,
    )


# --- Accuracy classes -------------------------------------------------------------------------------------------

_GRADE = (
    r"(?:[EFM][123](?:[-/]?[123])?|[CD][1-9]|AA|AB|[ABCKS]|[ⅠⅡⅢⅣ]|I{1,4}|IV|零点[一二三四五六七八九]{1,2}|[一二三四五]"
    r"|[0-9]{1,2}(?:\.[0-9]{1,3})?(?: ?[SD](?![A-Za-z]))?)"
)
_JOINT = re.compile(r" ?[、/,，~-] ?")
_GRADES = rf"{_GRADE}(?: ?[、/,，~-] ?{_GRADE}){{0,8}}"
_OP = r"(?:(?P<op>优于或等于|优于|高于或等于|不低于|高于|不劣于|不差于|低于|不高于|不超过|不大于|≤) ?)?"
_SUFFIX = r"(?P<suffix>及其?以[上下]|或更高|或以[上下]|以[上下])?"


@cache
def _classes() -> re.Pattern[str]:
    """Accuracy classes in running text."""
    return re.compile(
        rf"{_OP}(?P<label>(?:(?:准确度|精度|精确度|不确定度|测量)?等级|[Cc]lass|CLASS) ?[:为是]{{0,2}} ?)?"
        rf"{_OP.replace('op', 'op2')}"
        # 5 A，0.2S 级: the letter behind a number is its unit.
        rf"(?<![A-Za-z0-9.第#×点零十百])(?:(?<![0-9] )|(?![ABCKS] ?[、/,，~-]))\(?(?P<grades>{_GRADES})\)?"
        rf"(?P<tail>(?(label) ?[级等]?(?![0-9.A-Za-z%])| ?(?:等级|级|等))){_SUFFIX}"
    )


_BARE_GRADE = re.compile(
    rf"{_OP}(?P<label>)(?P<op2>)(?<![A-Za-z0-9.])(?P<grades>{_GRADES})(?P<tail> ?[级等]?){_SUFFIX}(?![A-Za-z0-9.%])"
)
# Levels of people, places, hospitals and weather are no accuracy classes.
_NO_CLASS = re.compile(
    r"的?(?:甲|乙|丙|医院|注册|计量师|计量员|检定员|建造|造价|工程|等保|保护|资质|企业|单位|学科|教授|职称|技[师工术能]"
    r"|供应|代理|响应|市场|客户|风|地震|抗震|台阶|景区|信用|纳税|城市|行政|主任|警|应急|安全|保密|分[^度]|奖|品|舱|座|功"
    r"|公路|建筑|耐火|防火|能效|污染|洁净|净化|负荷|文物|法人|子公司|部门|领导|学|人才|专业|库"
    r"|计量(?:单位|合格|保证|站|所|院|机构)|保养|维[护保修])"
)
_BETTER: dict[str, Any] = {
    "优于": "<=", "优于或等于": "<=", "高于": "<=", "高于或等于": "<=", "不低于": "<=", "不劣于": "<=", "不差于": "<=",
    "不超过": "<=", "不大于": "<=", "≤": "<=", "低于": ">=", "不高于": ">=",
    "及以上": "<=", "及其以上": "<=", "以上": "<=", "或以上": "<=", "或更高": "<=",
    "及以下": ">=", "及其以下": ">=", "以下": ">=", "或以下": ">=",
}  # fmt: skip
_GRADE_NAMES = {"I": "Ⅰ", "II": "Ⅱ", "III": "Ⅲ", "IIII": "Ⅳ", "IV": "Ⅳ"}
_PLAIN_NUMERALS = str.maketrans("零点一二三四五六七八九", "0.123456789")

# --- Traps ------------------------------------------------------------------------------------------------------

# Bounded, so that a long run of digits is not scanned again from each of its places.
_N = r"[0-9][0-9,.]{0,15}"
_SOME = rf"{_N}(?: ?[~至到-] ?{_N})?"
_SPELL = rf"(?:{_SOME}|[一二两三四五六七八九十半几]{{1,4}}) ?个?"
_YEAR = r"(?<![0-9])(?:19|20)[0-9]{2}"
_DATES = (
    rf"{_YEAR}[-./](?:0?[1-9]|1[0-2])[-./][0-3]?[0-9](?![0-9])",
    rf"{_YEAR}年(?:[0-9]{{1,2}}月)?(?:[0-9]{{1,2}}[日号])?",
    rf"{_YEAR}[-./](?:0[1-9]|1[0-2])(?![0-9.])",
    rf"{_YEAR}(?:~|-|至|到)(?:19|20)[0-9]{{2}}(?:年度?|学年)",
    r"[0-9]{1,2}月(?:[0-9]{1,2}[日号])?",
    r"(?<![0-9])[0-2]?[0-9]:[0-5][0-9](?::[0-5][0-9])?(?![0-9])",
    r"(?<![0-9.])[0-2]?[0-9]点(?:[0-5]?[0-9]分|半|整|钟)",
)
_CONTACTS = (
    r"(?<![0-9.])1[3-9][0-9]{9}(?![0-9.]| ?[A-Za-zμΩ°℃%])",
    r"(?<![0-9])0[0-9]{2,3} ?- ?[0-9]{4} ?[0-9]{3,4}(?: ?(?:转|-) ?[0-9]+)?",
    r"[48]00-[0-9]{3,4}-[0-9]{3,4}",
    r"(?:电话|手机|传真|热线|QQ|微信|邮编|邮政编码|账号|身份证|编号|证书号|批号|订单号|合同号)[^，。;；\n]{0,6}?"
    r"[:：]? ?[A-Za-z]{0,6} ?[0-9][0-9A-Za-z -]*",
)
_MONEY = (
    rf"(?:¥|￥|RMB ?|USD ?|人民币 ?){_N}(?: ?[百千万亿]+)?元?",
    rf"{_SOME} ?[百千万亿]{{0,3}}(?:元|块钱|美元|美金|欧元|人民币)(?:/[一-龥]+)?",
    r"(?:预算|费用|价格?|报价|经费|投资|产值|营收|资金|注册资本|合同额|金额|成本)"
    rf"[^，。;；\n0-9]{{0,6}}{_SOME} ?[百千万亿]*",
)
_TERMS = (
    r"[0-9]{1,3} ?×[0-9]{1,3} ?个?(?:小时|h)",
    rf"{_SPELL}(?:工作日|自然日|年|月|周|星期|季度)(?!级)",
    rf"{_SPELL}天(?![平线然])",
    rf"{_SPELL}(?:日|小时|分钟)(?=以?之?[内前后]|服务|完成|出具|上门|响应|左右|一[次检]|交付|送|取|到[位场达货])",
    r"(?:每[天日周班]|检定周期|校准周期|送检周期|服务周期|复校|工期|交[货付]?期|时限|期限|有效期|保修|质保|响应|培训|为期|历时"
    rf"|交付|加急|停机|停产|停线)[^，。;；\n0-9]{{0,8}}{_SPELL}(?:天|日|小时|分钟)",
)
_MODELS = (
    r"(?<![0-9A-Za-z])[A-Z][A-Za-z]{3,} ?[0-9]{3,5}[A-Z]{1,2}(?![A-Za-z/])",
    # 5520A is a calibrator, 5000A and 1250A are currents, 2856K a temperature: models are no round numbers.
    r"(?<![0-9.~-])[0-9]{4,5}(?<!00)(?<!50)[A-JL-Z](?=[一-龥,，、 ]|$)(?! ?[~至])",
    r"(?:型号|规格型号|版本号?)[:为]? ?[A-Za-z0-9./-]+",
    r"(?<![0-9A-Za-z])M[0-9]{1,2}(?:\.[0-9]+)?(?: ?×[0-9.]+)+(?: ?mm)?",
    r"(?<![A-Za-z])e ?= ?[0-9]+ ?d(?![A-Za-z])",
    r"第 ?[0-9.]+ ?[条章节款项页期届批]",
    r"(?<![0-9.])[0-9]+\.[0-9]+\.[0-9]+(?:\.[0-9]+)*",
)
_NAMES = (
    r"(?<![0-9.])(?:60Co|57Co|137Cs|192Ir|241Am|226Ra|90Sr|131I|125I|99m?Tc|18F|14C|3H|63Ni|55Fe|239Pu|252Cf|133Ba"
    r"|152Eu|109Cd|210Po|222Rn|238U|235U|40K|85Kr|147Pm|204Tl|36Cl)(?![A-Za-z])",
    r"(?<![0-9])[1-5]A级|(?<![0-9.])[0-9]D(?=[扫打影轮测显视成激相传线立结数建模])",
    r"(?<![0-9.])(?:2\.4|[2-8])[KG](?=[模/显电视分摄超高通信网络基站手蓝]|$)",
    r"[0-9]{3,5} ?× ?[0-9]{3,5}(?=的?(?:显示|屏|像素|分辨))|分辨率 ?[0-9]{3,5} ?× ?[0-9]{3,5}(?! ?[mμcn])",
    r"[0-9]{1,6}(?:\.[0-9]{1,3})? ?(?:万|百万|千万|亿)?像素",
    r"(?:满意度|评分|得分|打分|成绩)[^，。;；\n0-9]{0,4}[0-9.]{1,6} ?分",
    # 0.5L~1~0.5C are lagging and leading power factors; 0.01 ℃/10 min and 0.3 dB/20 dB are changes within a span.
    r"(?:功率因数|cosφ)[:=]? ?\(?[0-9.]+[LC]?(?: ?[~至] ?[0-9.]+[LC]?){0,2}(?<=[LC])(?![A-Za-z])",
    r"(?:功率因数|cosφ)[:=]? ?\(?[0-9.]+[LC](?: ?[~至] ?[0-9.]+){1,2}",
    r"(?<=[℃CKVA%]) ?/ ?[0-9]{1,4} ?(?:min|h|分钟|小时)(?![A-Za-z])|(?<=dB) ?/ ?[0-9]{1,3} ?dB(?![A-Za-z])",
    # The front and tail of a standard impulse are its name (IEC 60060-1): 1.2/50 μs.
    r"(?<![0-9.])[0-9]{1,3}(?:\.[0-9])? ?/ ?[0-9]{2,4} ?[μu]s",
    # The level that decibels are counted from: re 20 μPa.
    r"(?<![A-Za-z])re:? ?[0-9]+ ?[A-Za-zμ/]+",
)


@cache
def _traps() -> re.Pattern[str]:
    """All that carries numbers and is no measurement."""
    return re.compile("|".join((*_DATES, *_CONTACTS, *_MONEY, *_TERMS, *_MODELS, *_NAMES)))
