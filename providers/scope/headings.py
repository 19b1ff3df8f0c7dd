"""Which row of a sheet is its heading, and what each column holds, by whatever name institutes give it."""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from openpyxl.utils import get_column_letter

from matching.engine.units import find_unit
from providers.scope.sheets import Cell, Sheet

SEARCHED_ROWS = 30
HEADING_LENGTH = 40
# Longer titles say nothing more, and cost time.
TITLE_LENGTH = 200
# A heading has at most two rows below its first: sub-headings and a translation.
ROWS_BELOW = 2
# A sheet has a handful of merges in its heading; thousands of them are an attack.
MERGES_IN_HEADING = 1_000


class Field(StrEnum):
    """What a column can hold; the value is what the trade calls it."""

    INSTRUMENT = "测量仪器名称"
    MEASURAND = "被测量"
    CODES = "规范名称及代号"
    RANGE = "测量范围"
    LOW = "测量范围下限"
    HIGH = "测量范围上限"
    UNIT = "单位"
    UNCERTAINTY = "扩展不确定度"
    NOTE = "说明"
    DISCIPLINE = "专业"
    MODES = "服务方式"
    FIELD_CODE = "领域代码"
    ASIDE = "不导入"


# The first pattern found in a heading decides, so narrow names stand before wide ones: 限制范围 is a note,
# 规范名称 is no instrument, 校准参量 no range.
NAMES = tuple(
    (field, re.compile(pattern))
    for field, pattern in (
        (Field.ASIDE, r"^(序号|编号|项次|行号|no\.?)$|生效日期|地点代码|认可日期"),
        (Field.FIELD_CODE, "领域代码|领域编[号码]|分类[代编]?[号码]|^代码$|fieldcode"),
        (Field.NOTE, "限制|说明|备注|附注|条件|note|remark|limitation"),
        (Field.LOW, r"下限|最小值?$|起点|^min|^from$|^lower"),
        (Field.HIGH, r"上限|最大值?$|终点|^max|^to$|^upper"),
        (Field.UNIT, r"^(计量|测量|量值)?单位$|^units?$"),
        (
            Field.UNCERTAINTY,
            r"不确定度|cmc|测量能力|^u(rel|r|95|c)?$|uncertainty|准确度|最大允许误差|允许误差|允差|^mpe|精度|技术指标",
        ),
        (Field.RANGE, "范围|量程|range"),
        (Field.INSTRUMENT, "计量标准|标准装置|标准器"),
        (Field.CODES, "规范|规程|依据|标准|代号|方法|standard|method|procedure|specification"),
        (Field.MEASURAND, "被测量|参量|参数|量值|物理量|measurand|parameter|quantity"),
        (Field.DISCIPLINE, "专业|领域|学科|类别|discipline"),
        (Field.MODES, "方式|场所|地点|^mode"),
        (Field.INSTRUMENT, "仪器|器具|设备|instrument|equipment"),
        (Field.INSTRUMENT, "对象|装置|项目|产品|样品|名称|^item|^object"),
    )
)
WHAT_IS_MEASURED = {Field.INSTRUMENT, Field.MEASURAND}
HOW_WELL = {Field.RANGE, Field.LOW, Field.HIGH, Field.UNCERTAINTY}
# Columns of these kinds are read together when there are several.
JOINED = {Field.CODES, Field.NOTE}


@dataclass(frozen=True)
class Heading:
    """The heading of a sheet: its last row, the title of each column, and the columns of each field."""

    bottom: int
    titles: dict[int, str]
    columns: dict[Field, tuple[int, ...]]
    spare: tuple[int, ...] = ()
    unknown: tuple[int, ...] = ()

    def place(self, column: int) -> str:
        """D 列（测量范围）."""
        return f"{get_column_letter(column)} 列（{self.titles[column]}）"

    def title(self, field: Field) -> str:
        """The title of the first column of the field; empty when there is none."""
        return self.titles[self.columns[field][0]] if field in self.columns else ""


def find_heading(sheet: Sheet) -> Heading | None:
    """The heading among the first rows of a sheet, or nothing when no row names what a scope has to say."""
    rows = sorted(sheet.rows)[: SEARCHED_ROWS + ROWS_BELOW]
    shown = spread_merges(sheet, rows)
    best = max(rows[:SEARCHED_ROWS], key=lambda row: len(fields_of(shown[row])), default=None)
    if best is None:
        return None
    block = heading_rows(sheet, rows, shown, best)
    heading = assign_columns(shown, block)
    is_scope = WHAT_IS_MEASURED & set(heading.columns) and HOW_WELL & set(heading.columns)
    return heading if is_scope and len(heading.columns) > 1 else None


def spread_merges(sheet: Sheet, rows: list[int]) -> dict[int, dict[int, str]]:
    """The texts of the rows, merged cells showing theirs in every row and column."""
    shown = {row: {column: tidy(cell.text[:TITLE_LENGTH]) for column, cell in sheet.rows[row].items()} for row in rows}
    width = max((column for row in rows for column in sheet.rows[row] if column <= 256), default=0)
    for merge in [merge for merge in sheet.merges if merge.top in shown][:MERGES_IN_HEADING]:
        text = shown[merge.top].get(merge.left)
        if text:
            for row in rows[bisect_left(rows, merge.top) : bisect_right(rows, merge.bottom)]:
                for column in range(merge.left, min(merge.right, width) + 1):
                    shown[row].setdefault(column, text)
    return shown


def fields_of(texts: dict[int, str]) -> set[Field]:
    """The fields that a row names, apart from those that any table may have."""
    found = {find_field(text) for text in texts.values() if len(text) <= HEADING_LENGTH}
    return found - {None, Field.ASIDE}


def heading_rows(sheet: Sheet, rows: list[int], shown: dict[int, dict[int, str]], best: int) -> list[int]:
    """The rows of the heading around the one that names most fields."""
    at = rows.index(best)
    first = at
    # The best row may be the lower one of two, when the cells of the upper one reach down into it.
    if first and any(merge.top == rows[first - 1] and merge.bottom >= best for merge in sheet.merges):
        first -= 1
    last = at
    while last + 1 < len(rows) and last - at < ROWS_BELOW and is_sub_heading(sheet.rows[rows[last + 1]]):
        last += 1
    block = rows[first : last + 1]
    if last + 1 < len(rows) and is_numbering(sheet.rows[rows[last + 1]]):
        block.append(rows[last + 1])
    return block


def is_sub_heading(cells: dict[int, Cell]) -> bool:
    """Whether all that stands in a row are names of columns, units or coverage factors."""
    return all(
        len(cell.text) <= HEADING_LENGTH and (find_field(cell.text) is not None or is_bare_unit(cell.text))
        for cell in cells.values()
    ) and not any(re.search(r"\d{3}|[~～±]", cell.text) for cell in cells.values())


def is_bare_unit(text: str) -> bool:
    """Whether a heading cell holds only a unit or a coverage factor: (mm), k=2."""
    return re.fullmatch(r"\W*k\s*=\s*\d\W*", tidy(text)) is not None or find_unit(tidy(text).strip("()[]/")) is not None


def is_numbering(cells: dict[int, Cell]) -> bool:
    """Whether a row only numbers the columns: 1 2 3 4."""
    numbers = [cell.text.strip("()（）") for _, cell in sorted(cells.items())]
    return len(numbers) > 2 and numbers == [str(number) for number in range(1, len(numbers) + 1)]


def assign_columns(shown: dict[int, dict[int, str]], block: list[int]) -> Heading:
    """What each column of the heading holds."""
    titles = dict(sorted(column_titles(shown, block)))
    columns: dict[Field, list[int]] = {}
    unknown = []
    for column, parts in titles.items():
        found = next((field for part in reversed(parts) if (field := find_field(part))), None)
        if found is None:
            unknown.append(column)
        else:
            columns.setdefault(found, []).append(column)
    joined = {column: " ".join(parts) for column, parts in titles.items()}
    spare = settle_rivals(columns, joined)
    return Heading(
        bottom=block[-1],
        titles=joined,
        columns={field: tuple(places) for field, places in columns.items()},
        spare=tuple(spare),
        unknown=tuple(unknown),
    )


def column_titles(shown: dict[int, dict[int, str]], block: list[int]) -> Iterator[tuple[int, list[str]]]:
    """Each column with its titles from top to bottom, every one once."""
    for column in {column for row in block for column in shown[row]}:
        parts = dict.fromkeys(text for row in block if (text := shown[row].get(column)) and not text.isdigit())
        if parts:
            yield column, list(parts)


def settle_rivals(columns: dict[Field, list[int]], titles: dict[int, str]) -> list[int]:
    """Leave one column for each field that takes only one; the others are returned."""
    instruments = columns.get(Field.INSTRUMENT, [])
    # 检测项目 beside 仪器名称 is what is measured of the instrument.
    instruments.sort(key=lambda column: (rank(titles[column]), column))
    if len(instruments) > 1 and Field.MEASURAND not in columns and titles[instruments[0]] != titles[instruments[1]]:
        columns[Field.MEASURAND] = [instruments.pop(1)]
    columns.get(Field.UNCERTAINTY, []).sort(key=lambda column: ("不确定度" not in titles[column], column))
    spare = []
    for found, places in columns.items():
        if found not in JOINED | {Field.ASIDE}:
            spare += places[1:]
            del places[1:]
    return sorted(spare)


def rank(title: str) -> int:
    """The place of the pattern that recognises a title: names of instruments before names of anything."""
    return next((place for place, (_, pattern) in enumerate(NAMES) if pattern.search(plain(title))), len(NAMES))


def find_field(title: str) -> Field | None:
    """The field a column of that title holds.

    >>> find_field("测量范围/mm"), find_field("U (k=2)"), find_field("校 准 对 象")
    (<Field.RANGE: '测量范围'>, <Field.UNCERTAINTY: '扩展不确定度'>, <Field.INSTRUMENT: '测量仪器名称'>)
    """
    name = plain(title)
    return next((field for field, pattern in NAMES if name and pattern.search(name)), None)


def plain(title: str) -> str:
    """A title without spaces and what stands in brackets; small letters, for names only."""
    name = re.sub(r"\s|_", "", unicodedata.normalize("NFKC", title))
    return (re.sub(r"\([^()]*\)|\[[^\[\]]*\]", "", name) or name).casefold()


def tidy(text: str) -> str:
    """A heading on one line; breaks inside Chinese words vanish."""
    return re.sub(r"\s+", " ", re.sub(r"(?<=[\u3000-\uffef])\s+(?=[\u3000-\uffef])", "", text)).strip()


def unit_of(title: str) -> str:
    """The unit a heading states for its column, as written there.

    >>> unit_of("测量范围/mm"), unit_of("扩展不确定度（μm，k=2）"), unit_of("规范名称及代号")
    ('mm', 'μm', '')
    """
    candidates = re.findall(r"[/／]\s*([^()（）,，;；]+?)\s*(?=$|[(（])", title)
    for inside in re.findall(r"[(（\[]([^()（）\[\]]+)[)）\]]", title):
        candidates += [part.strip() for part in re.split("[,，;；]", inside)]
    if " " in title:
        candidates.append(title.rpartition(" ")[2])
    return next((unit for unit in candidates if find_unit(unit) is not None), "")


def coverage_of(title: str) -> str:
    """The coverage factor a heading states: "2" for (k=2).

    >>> coverage_of("扩展不确定度（ｋ＝２）"), coverage_of("测量范围")
    ('2', '')
    """
    stated = re.search(r"k\s*=\s*(\d(?:\.\d+)?)", unicodedata.normalize("NFKC", title))
    return stated[1] if stated else ""
