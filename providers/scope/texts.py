"""What the texts in the cells of a scope mean: names, values, units, disciplines."""

import re
import unicodedata

from core.enums import Discipline, MeasuringMode
from core.http import UNREADABLE
from matching.engine.units import find_unit
from providers.scope.headings import Field, coverage_of, unit_of
from providers.scope.sheets import Cell, Flaw

INVISIBLE = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
DISCIPLINES = {
    Discipline.GEOMETRY: r"几何量?|长度|角度|形位",
    Discipline.THERMAL: r"热学|热工|温度|湿度|温湿度",
    Discipline.MECHANICS: r"力学|力值|质量|压力|硬度|转速|振动|流量|容量|衡器|扭矩|真空",
    Discipline.IONISING: r"电离辐射|放射性?|辐射",
    Discipline.RADIO: r"无线电|电子学?|微波|通信",
    Discipline.ELECTRICITY: r"电磁学?|电学|电能|直流|交流|电气",
    Discipline.TIME: r"时间频率|时间|频率|时频",
    Discipline.OPTICS: r"光学|光",
    Discipline.ACOUSTICS: r"声学|超声|声",
    Discipline.BIOLOGY: r"生物|生命科学",
    Discipline.CHEMISTRY: r"化学|理化|物理化学",
    Discipline.ENERGY: r"能源|碳",
    Discipline.OTHER: r"其他|其它|综合",
}
SECTION = (
    r"[\s第（(]*[一二三四五六七八九十\d]*[章节部分类)）]*[、.．:：]*\s*"
    r"({})(计量|测量|校准|检定|专业|领域|仪器|器具|类|学|量)*[\s)）]*"
)
MODE_WORDS = {
    MeasuringMode.LAB: ("实验室", "送检", "固定", "室内", "lab"),
    MeasuringMode.FIELD: ("现场", "上门", "下厂", "field"),
    MeasuringMode.ONLINE: ("在线", "online"),
    MeasuringMode.IN_SITU: ("原位", "in_situ"),
    MeasuringMode.REMOTE: ("远程", "remote"),
}
NUMBERED_TITLE = re.compile(r"(\(\d{1,3}\)|（\d{1,3}）|\d{1,3}(\.\d{1,3})*[、)）]|\d{1,3}[.．](?!\d)|[①-⑳]|[*＊※])\s*")
FLAWS = {
    Flaw.DATE: "“{}”是日期，多半是 Excel 改写了“1-10”一类的内容。请把单元格设为“文本”格式后重新填写，如 1~10。",
    Flaw.BOOLEAN: "“{}”是逻辑值，不是能力表的内容。请改成文字或数值。",
    Flaw.ERROR: "“{}”是公式的错误值，或列宽不够显示不全。请在 Excel 中改正，或粘贴为数值后重新上传。",
    Flaw.UNCALCULATED: "公式没有保存计算结果。请在 Excel 中打开并保存一次，或复制后“选择性粘贴”为数值。",
}
# Letters, signs and Chinese words in a value: what may be a unit.
WORD = re.compile("[A-Za-z\u0370-\u03ff\u00b5°℃℉Å%‰′″\u3300-\u33ff\u4e00-\u9fff]+")
SYMBOLS = {"U", "Ur", "Urel", "rel", "k", "p", "E", "e"}
VARIABLES = {"L", "l", "H", "D", "d", "R"}


def flaw_of(cell: Cell, field: Field) -> str:
    """Why the cell cannot be taken over as it is, or an empty string."""
    if cell.flaw in FLAWS and field != Field.FIELD_CODE and (cell.flaw, field) != (Flaw.DATE, Field.NOTE):
        return FLAWS[cell.flaw].format(shorten(cell.text))
    if UNREADABLE.search(cell.text) or "�" in cell.text:
        return "含有无法识别的字符。请删除后重新输入，或把文件另存为 UTF-8 编码。"
    return ""


def clean(text: str) -> str:
    """The text without invisible characters and with single spaces."""
    return " ".join(INVISIBLE.sub("", text).split())


def one_line(text: str | None) -> str:
    """The lines of a cell as one; a break inside Chinese words leaves no space."""
    return re.sub(r"(?<=[\u3000-\uffef])\n(?=[\u3000-\uffef])", "", text or "").replace("\n", " ")


def shorten(text: str, length: int = 40) -> str:
    """The beginning of a text for a message."""
    text = UNREADABLE.sub("�", clean(text))
    return text if len(text) <= length else f"{text[: length - 1]}…"


def same_name(text: str, title: str) -> bool:
    """Whether a cell repeats the title of its column."""
    return bool(text) and re.sub(r"\s", "", text) in re.sub(r"\s", "", title)


def title_of(name: str) -> str:
    """The name of an instrument without the number in front of it.

    >>> title_of("1、外径\\n千分尺"), title_of("3.5 位数字电压表")
    ('外径千分尺', '3.5 位数字电压表')
    """
    name = one_line(name)
    return NUMBERED_TITLE.sub("", name, count=1) if NUMBERED_TITLE.match(name) else name


def join_ends(low: str | None, high: str | None) -> str:
    """A range from its two columns.

    >>> join_ends("0", "60"), join_ends("", "60"), join_ends("", "见说明")
    ('0~60', '≤60', '见说明')
    """
    if low and high:
        return f"{low}~{high}"
    return f"≤{high}" if high and high[0].isdigit() else high or low or ""


def pair_lines(ranges: str, uncertainty: str, measurand: str) -> list[tuple[str, str, str]]:
    """One entry for each line of the cells when every range has its own uncertainty, or one for all.

    >>> pair_lines("(0~25) mm\\n(25~50) mm", "2 μm\\n3 μm", "示值")
    [('(0~25) mm', '2 μm', '示值'), ('(25~50) mm', '3 μm', '示值')]
    """
    left, right, names = ranges.split("\n"), uncertainty.split("\n"), measurand.split("\n")
    if len(left) < 2 or len(left) != len(right) or not all(map(is_value, left + right)) or re.search("[:：]", ranges):
        return [(ranges, uncertainty, measurand)]
    return list(zip(left, right, names if len(names) == len(left) else [measurand] * len(left), strict=True))


def is_value(line: str) -> bool:
    """Whether a line of a cell stands by itself: a number, brackets closed, no sum going on."""
    plain = re.sub(r"k\s*=\s*\d", "", unicodedata.normalize("NFKC", line)).strip()
    return bool(re.search(r"\d", plain)) and plain.count("(") == plain.count(")") and plain[0] not in "+×,;"


def is_bare(text: str) -> bool:
    """Whether a value comes without a unit.

    >>> is_bare("(0~300)"), is_bare("U=0.5+2L"), is_bare("0.02 %"), is_bare("2 L")
    (True, True, False, False)
    """
    known = SYMBOLS | VARIABLES if "+" in text else SYMBOLS
    return any(char.isdigit() for char in text) and not set(WORD.findall(text)) - known


def with_unit(text: str, unit: str) -> str:
    """The value with the unit that heading or unit column give it.

    >>> with_unit("0~300", "mm"), with_unit("U=0.5+2L", "μm"), with_unit("5 m", "mm")
    ('(0~300) mm', 'U=(0.5+2L) μm', '5 m')
    """
    if not unit or not is_bare(text) or find_unit(unit) is None:
        return text
    symbol, equals, value = text.rpartition("=")
    needs_brackets = re.search(r"[~～\-—+,，、]", value[1:]) and not value.endswith((")", "）"))
    return f"{symbol}{equals}({value}) {unit}" if needs_brackets else f"{symbol}{equals}{value} {unit}"


def with_heading(text: str, title: str) -> str:
    """The accuracy with what its heading says of it: what it is, unit, coverage factor.

    >>> with_heading("0.02%", "相对扩展不确定度 Urel（k=2）"), with_heading("0.05", "准确度等级")
    ('Urel=0.02% (k=2)', '准确度等级 0.05')
    """
    if text.startswith("=") or not any(char.isdigit() for char in text):
        return text
    text = with_unit(text, unit_of(title))
    if not re.search("不确定度|能力|cmc|^u", title, re.IGNORECASE):
        kind = next((word for word in ("准确度等级", "最大允许误差") if word in title), "")
        return text if not kind or re.search("级|误差|MPE|=", text) else f"{kind} {text}"
    is_relative = re.search(r"相对|u\s*_?rel", title, re.IGNORECASE) and not re.search(r"[Uu]\s*[/／或、,，]", title)
    if "=" not in text and (is_relative or "+" in text):
        text = f"{'Urel' if is_relative else 'U'}={text}"
    k = coverage_of(title)
    return f"{text} (k={k})" if k and not re.search(r"k\s*[=＝]|级|MPE|误差", text) else text


def find_discipline(text: str) -> str:
    """The discipline a text names, or an empty string."""
    if text in Discipline.values:
        return text
    return next((discipline.value for discipline, words in DISCIPLINES.items() if re.search(words, text)), "")


def discipline_of_section(text: str) -> str:
    """The discipline that the title of a section or sheet consists of, or an empty string.

    >>> discipline_of_section("二、热学计量"), discipline_of_section("压力表")
    ('thermal', '')
    """
    return next((name.value for name, words in DISCIPLINES.items() if re.fullmatch(SECTION.format(words), text)), "")
