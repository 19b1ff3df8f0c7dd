"""A scope file → its rows and the problems found, without a database."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import BinaryIO

from openpyxl.utils import get_column_letter

from core.enums import Discipline, MeasuringMode
from providers.scope.headings import Field, Heading, find_heading, unit_of
from providers.scope.sheets import MAX_ROWS, Cell, Flaw, ScopeError, Sheet, refuse_length
from providers.scope.tables import read_table
from providers.scope.texts import (
    MODE_WORDS,
    clean,
    discipline_of_section,
    find_discipline,
    flaw_of,
    join_ends,
    one_line,
    pair_lines,
    same_name,
    shorten,
    title_of,
    with_heading,
    with_unit,
)

__all__ = ["Problem", "Scope", "ScopeError", "ScopeRow", "ScopeSheet", "Severity", "read_scope"]

# What a capability can hold.
LIMITS = {
    Field.INSTRUMENT: 120,
    Field.MEASURAND: 200,
    Field.CODES: 500,
    Field.RANGE: 500,
    Field.UNCERTAINTY: 500,
    Field.NOTE: 500,
}
NO_HEADING = (
    "没有找到表头。前 30 行里应有一行写明各列名称，至少有“测量仪器名称”（或“被测量”）和“测量范围”“扩展不确定度”之一。"
    "请补上，或下载模板对照。"
)


class Severity(StrEnum):
    """An error keeps its row out; a warning is worth a look."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to correct or to know: where it is, why, and what to do."""

    sheet: str
    row: int
    column: str
    severity: Severity
    message: str

    @property
    def place(self) -> str:
        """工作表“几何量”第 12 行 D 列（测量范围）."""
        sheet = f"工作表“{self.sheet}”" if self.sheet else ""
        return " ".join(filter(None, [f"{sheet}第 {self.row} 行" if self.row else sheet, self.column]))


@dataclass(frozen=True, slots=True)
class ScopeSheet:
    """A sheet that was read: the row its heading ends in, and column by column what was taken for what."""

    name: str
    row: int
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScopeRow:
    """One row of a scope with what merged and empty cells above it leave unsaid."""

    sheet: str
    row: int
    instrument: str
    measurand: str = ""
    codes: str = ""
    range: str = ""
    uncertainty: str = ""
    note: str = ""
    field_code: str = ""
    discipline: str = ""
    modes: tuple[str, ...] = ()

    @property
    def line(self) -> dict[str, str]:
        """The texts by the fields of a capability's line."""
        return {
            "measurand": self.measurand,
            "codes_text": self.codes,
            "range_text": self.range,
            "uncertainty_text": self.uncertainty,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Scope:
    """All that was found in a file."""

    sheets: tuple[ScopeSheet, ...]
    rows: tuple[ScopeRow, ...]
    problems: tuple[Problem, ...]


def read_scope(file: BinaryIO, name: str) -> Scope:
    """The rows of a scope in XLSX or CSV and the problems found; a ScopeError when nothing can be read."""
    found = [(sheet, find_heading(sheet)) for sheet in read_table(file, name)]
    scopes = [ScopeReader(sheet, heading) for sheet, heading in found if heading and not sheet.is_hidden]
    if not scopes:
        raise ScopeError(NO_HEADING)
    problems = [
        warn_of_sheet(sheet, heading) for sheet, heading in found if sheet.rows and (sheet.is_hidden or not heading)
    ]
    if sum(len(reader.numbers) for reader in scopes) > MAX_ROWS:
        refuse_length()
    rows = []
    for reader in scopes:
        for row in reader.read():
            rows.append(row)
            # A row may hold several lines.
            if len(rows) > MAX_ROWS:
                refuse_length()
        problems += reader.problems
    if not rows and not any(problem.severity == Severity.ERROR for problem in problems):
        raise ScopeError("表头下面没有能力行。请在表头下逐行填写测量仪器名称、测量范围和扩展不确定度后重新上传。")
    rows, repeated = drop_repeated(rows)
    problems += repeated
    order = {sheet.name: place for place, (sheet, _) in enumerate(found)}
    problems.sort(key=lambda problem: (order[problem.sheet], problem.row, problem.column))
    return Scope(tuple(reader.summary for reader in scopes), tuple(rows), tuple(problems))


def warn_of_sheet(sheet: Sheet, heading: Heading | None) -> Problem:
    """Why a sheet with content was left out."""
    reason = "没有找到表头，没有读取。如果是能力表，请补上写明各列名称的一行。"
    if sheet.is_hidden:
        reason = "工作表是隐藏的，没有读取。如需导入，请取消隐藏后重新上传。"
    return Problem(sheet.name, 0, "", Severity.WARNING, reason)


def drop_repeated(rows: list[ScopeRow]) -> tuple[list[ScopeRow], list[Problem]]:
    """The rows without those that say the same a second time, and a warning for each of these."""
    first: dict[ScopeRow, ScopeRow] = {}
    problems = []
    for row in rows:
        content = replace(row, sheet="", row=0, field_code="", discipline="", modes=())
        earlier = first.setdefault(content, row)
        if earlier is not row:
            where = (
                f"第 {earlier.row} 行" if earlier.sheet == row.sheet else f"工作表“{earlier.sheet}”第 {earlier.row} 行"
            )
            message = f"与{where}完全相同，只导入一次。如果本应不同，请核对。"
            problems.append(Problem(row.sheet, row.row, "", Severity.WARNING, message))
    return list(first.values()), problems


# --- Rows -----------------------------------------------------------------------------------------------


DITTO = {"〃", "″", '"', "''", "＂", "同上", "同前"}
NOTHING = {"/", "\\", "-", "--", "—", "——", "－", "–", "*", "无", "無", "N/A", "n/a"}
NOTE_LINE = re.compile(r"[(（]?(注|备注|附注|说明|note)s?\s*\d*\s*[)）]?\s*[:：、.．)）]|^※", re.IGNORECASE)
CLOSING_LINE = re.compile(
    r"[\s—－\-=*（(]*(以下空白|以下无正文|完$|结束$|第\s*\d+\s*页|共\s*\d+\s*页|(编\s*制|审\s*核|批\s*准|制\s*表|填\s*表|日\s*期)\S*\s*[:：])"
)
VALUES = (Field.RANGE, Field.LOW, Field.HIGH, Field.UNCERTAINTY)
INHERITED = (Field.INSTRUMENT, Field.MEASURAND, Field.CODES, Field.MODES, Field.FIELD_CODE)

# The texts of a row by field; None where a cell is wrong.
Texts = dict[Field, str | None]


class ScopeReader:
    """Reads one sheet from top to bottom, remembering what the rows above leave to those below."""

    def __init__(self, sheet: Sheet, heading: Heading) -> None:
        self.sheet, self.heading = sheet, heading
        self.problems: list[Problem] = []
        self.numbers = sorted(row for row in sheet.rows if row > heading.bottom)
        titles = map(heading.title, (Field.RANGE, Field.LOW, Field.HIGH))
        self.range_unit = next(filter(None, map(unit_of, titles)), "")
        self._fields = {column: field for field, columns in heading.columns.items() for column in columns}
        self._discipline = discipline_of_section(sheet.name)
        self._above: dict[Field, str] = {}
        self._waiting: tuple[int, Texts, dict[int, Cell]] | None = None
        self._strays: list[str] = []
        self._odd_words: set[str] = set()

    @property
    def summary(self) -> ScopeSheet:
        columns = tuple(
            f"{self.heading.place(column)} → {field}"
            for column, field in sorted(self._fields.items())
            if field != Field.ASIDE
        )
        return ScopeSheet(self.sheet.name, self.heading.bottom, columns)

    def read(self) -> Iterator[ScopeRow]:
        """The rows below the heading; problems are collected on the way."""
        self._warn_of_columns()
        merged = spread_down(self.sheet, self.heading)
        for row in self.numbers:
            own = {column: cell for column, cell in self.sheet.rows[row].items() if column in self.heading.titles}
            if not own:
                self._strays += [f"{get_column_letter(column)}{row}" for column in self.sheet.rows[row]]
            elif row in merged or not self._is_aside(row, own):
                yield from self._read_row(row, merged.get(row, {}) | own)
        yield from self._settle_waiting()
        self._warn_of_strays()

    def _is_aside(self, row: int, own: dict[int, Cell]) -> bool:
        """Whether a row is a repeated heading, a section, a note or a preprinted number."""
        texts = {column: clean(cell.text) for column, cell in own.items()}
        if len(texts) > 1:
            return all(same_name(text, self.heading.titles[column]) for column, text in texts.items())
        [(column, text)] = texts.items()
        field = self._fields.get(column)
        if CLOSING_LINE.match(text) or (field == Field.ASIDE and text.isdigit()):
            return True
        if field not in {None, Field.ASIDE, Field.INSTRUMENT, Field.DISCIPLINE}:
            return False
        if discipline := discipline_of_section(text):
            self._discipline = discipline
            return True
        if NOTE_LINE.match(text) or field in {None, Field.ASIDE}:
            self._warn(row, None, f"“{shorten(text)}”不是能力行，没有导入。如果是对能力的说明，请写进“说明”列。")
            return True
        return False

    def _read_row(self, row: int, cells: dict[int, Cell]) -> Iterator[ScopeRow]:
        """The row, or several when its lines pair ranges with uncertainties; nothing when a cell is wrong."""
        texts = {field: self._text(row, field, cells) for field in self.heading.columns if field != Field.ASIDE}
        is_good = None not in texts.values()
        is_continued = self._complete(texts)
        if self._waiting and not (is_continued and self._takes_over(texts)):
            yield from self._settle_waiting()
        self._waiting = None
        if is_good and not texts[Field.INSTRUMENT]:
            self._refuse(row, self._name_column, "没有测量仪器名称，上面也没有可以沿用的正确名称。请补全后重新上传。")
        elif is_good and any(texts.get(field) for field in VALUES):
            yield from self._split(row, texts, cells)
        elif is_good:
            self._waiting = row, texts, cells

    def _text(self, row: int, field: Field, cells: dict[int, Cell]) -> str | None:
        """What the columns of a field say, with 同上 resolved and nothing-signs dropped; None when wrong."""
        parts = []
        for column in self.heading.columns[field]:
            cell = cells.get(column)
            if cell is None:
                continue
            if problem := flaw_of(cell, field):
                self._refuse(row, column, problem)
                return None
            if cell.flaw == Flaw.FORMULA:
                self._warn(row, column, f"“{shorten(cell.text)}”像是公式，按文字保留，不会计算。请改成计算后的数值。")
            text = "\n".join(filter(None, map(clean, cell.text.splitlines())))
            if text in DITTO and not self._above.get(field):
                self._refuse(row, column, f"写的是“{text}”，但上面没有可以沿用的内容。请直接写明。")
                return None
            parts.append(self._above[field] if text in DITTO else "" if text in NOTHING else text)
        return ("；" if field == Field.NOTE else " ").join(filter(None, parts))

    def _complete(self, texts: Texts) -> bool:
        """Fill in what the rows above say, remember the row for those below, and tell if it goes on with them."""
        if Field.INSTRUMENT not in self.heading.columns:
            texts[Field.INSTRUMENT] = texts.get(Field.MEASURAND, "")
        name = texts[Field.INSTRUMENT]
        title = title_of(name or "")
        is_continued = name is not None and title in {"", self._above.get(Field.INSTRUMENT)}
        texts[Field.INSTRUMENT] = title
        if is_continued:
            for field in INHERITED:
                texts[field] = texts.get(field) or self._above.get(field, "")
        texts[Field.DISCIPLINE] = texts.get(Field.DISCIPLINE) or self._above.get(Field.DISCIPLINE, "")
        self._above = {field: text or "" for field, text in texts.items()}
        return is_continued

    def _takes_over(self, texts: Texts) -> bool:
        """Whether a row says all that the waiting row above it says."""
        _, waiting, _ = self._waiting
        return all(waiting.get(field) in {"", texts.get(field)} for field in (Field.MEASURAND, Field.NOTE))

    def _settle_waiting(self) -> Iterator[ScopeRow]:
        """The row that waited for values in the rows below it, as text, when none came."""
        if self._waiting:
            row, texts, cells = self._waiting
            self._waiting = None
            if texts.get(Field.MEASURAND) or texts.get(Field.CODES):
                self._warn(row, None, "没有测量范围和扩展不确定度，按文字保留（待结构化）。请补全后重新导入。")
                yield from self._finish(row, texts, cells)
            else:
                name = shorten(texts[Field.INSTRUMENT])
                message = f"只有名称“{name}”，没有导入。如果是能力，请补全被测量、测量范围和扩展不确定度。"
                self._warn(row, self._name_column, message)

    def _split(self, row: int, texts: Texts, cells: dict[int, Cell]) -> Iterator[ScopeRow]:
        """A row for each line of a cell whose lines pair ranges with uncertainties."""
        ranges = texts.get(Field.RANGE) or join_ends(*(texts.get(field, "") for field in (Field.LOW, Field.HIGH)))
        for line in pair_lines(ranges, texts.get(Field.UNCERTAINTY, ""), texts.get(Field.MEASURAND, "")):
            yield from self._finish(
                row, texts | dict(zip((Field.RANGE, Field.UNCERTAINTY, Field.MEASURAND), line, strict=True)), cells
            )

    def _finish(self, row: int, texts: Texts, cells: dict[int, Cell]) -> Iterator[ScopeRow]:
        """The row with units and coverage factors from the headings, unless a text is too long."""
        said = {field: one_line(text) for field, text in texts.items()}
        unit = self.range_unit or said.get(Field.UNIT, "")
        said[Field.RANGE] = with_unit(said.get(Field.RANGE, ""), unit)
        said[Field.UNCERTAINTY] = with_heading(said.get(Field.UNCERTAINTY, ""), self.heading.title(Field.UNCERTAINTY))
        said[Field.NOTE] = "；".join(filter(None, [said.get(Field.NOTE, ""), *self._spare_texts(cells)]))
        for field, limit in LIMITS.items():
            if (length := len(said.get(field, ""))) > limit:
                column = self.heading.columns.get(field, (self._name_column,))[0]
                self._refuse(
                    row, column, f"有 {length} 个字，超过 {limit} 个字上限。请精简或拆成几行；引号不成对时也会这样。"
                )
                return
        yield ScopeRow(
            self.sheet.name,
            row,
            said[Field.INSTRUMENT],
            said.get(Field.MEASURAND, ""),
            said.get(Field.CODES, ""),
            said[Field.RANGE],
            said[Field.UNCERTAINTY],
            said[Field.NOTE],
            said.get(Field.FIELD_CODE, ""),
            self._discipline_of(row, said.get(Field.DISCIPLINE, "")),
            self._modes_of(row, said.get(Field.MODES, "")),
        )

    @property
    def _name_column(self) -> int:
        return self.heading.columns.get(Field.INSTRUMENT, self.heading.columns.get(Field.MEASURAND))[0]

    def _spare_texts(self, cells: dict[int, Cell]) -> Iterator[str]:
        """What stands in further columns of a field that takes one only, named by their headings."""
        for column in self.heading.spare:
            text = one_line(clean(cells[column].text)) if column in cells else ""
            if text and text not in NOTHING:
                yield f"{self.heading.titles[column]}：{text}"

    def _discipline_of(self, row: int, text: str) -> str:
        found = find_discipline(text) if text else self._discipline
        if text and not found:
            self._warn_once(row, Field.DISCIPLINE, text, "、".join(Discipline.labels))
        return found

    def _modes_of(self, row: int, text: str) -> tuple[str, ...]:
        modes = []
        for word in filter(None, re.split(r"[\s、,，;；/|+和及]+", text)):
            mode = next((mode for mode, words in MODE_WORDS.items() if any(part in word for part in words)), None)
            if mode is None:
                self._warn_once(row, Field.MODES, word, "、".join(MeasuringMode.labels))
            elif mode.value not in modes:
                modes.append(mode.value)
        return tuple(modes)

    # Problems

    def _refuse(self, row: int, column: int, message: str) -> None:
        self.problems.append(Problem(self.sheet.name, row, self.heading.place(column), Severity.ERROR, message))

    def _warn(self, row: int, column: int | None, message: str) -> None:
        place = self.heading.place(column) if column else ""
        self.problems.append(Problem(self.sheet.name, row, place, Severity.WARNING, message))

    def _warn_once(self, row: int, field: Field, word: str, choices: str) -> None:
        if word not in self._odd_words:
            self._odd_words.add(word)
            self._warn(row, self.heading.columns[field][0], f"不认识“{shorten(word)}”，没有采用。可以写：{choices}。")

    def _warn_of_columns(self) -> None:
        """Say which columns are not taken over, or not as somebody may expect."""
        heading = self.heading
        if heading.unknown:
            places = "、".join(heading.place(column) for column in heading.unknown)
            self._warn(
                heading.bottom,
                None,
                f"这些列没有对应的内容，没有导入：{shorten(places, 120)}。如需保留，请并入“说明”列。",
            )
        if heading.spare:
            places = "、".join(heading.place(column) for column in heading.spare)
            self._warn(
                heading.bottom,
                None,
                f"同一项内容有几列，{shorten(places, 120)}放进了“说明”。如果不对，请改表头后重新上传。",
            )
        if Field.INSTRUMENT not in heading.columns:
            self._warn(heading.bottom, None, "没有“测量仪器名称”列，以被测量作为能力的名称。如果不对，请增加这一列。")
        for field, others in ((Field.RANGE, {Field.LOW, Field.HIGH}), (Field.UNCERTAINTY, set())):
            if not ({field} | others) & set(heading.columns):
                self._warn(heading.bottom, None, f"没有“{field}”列，匹配时无法判断这一项。请增加这一列。")

    def _warn_of_strays(self) -> None:
        if self._strays:
            places = shorten("、".join(self._strays[:10]), 80)
            message = f"表格以外的单元格有内容，没有导入：{places}。如果不需要，请清除这些单元格。"
            self.problems.append(Problem(self.sheet.name, 0, "", Severity.WARNING, message))


def spread_down(sheet: Sheet, heading: Heading) -> dict[int, dict[int, Cell]]:
    """The cells that merged cells above them stand for, by row and column."""
    rows = sorted(sheet.rows)
    spread: dict[int, dict[int, Cell]] = {}
    column, end = 0, 0
    for merge in sorted(sheet.merges, key=lambda merge: (merge.left, merge.top)):
        if merge.left != column:
            column, end = merge.left, heading.bottom
        cell = sheet.rows.get(merge.top, {}).get(column)
        # Merges never overlap in a sound file; a forged one must not cost a pass over all rows each.
        if cell is None or column not in heading.titles or merge.top <= end:
            continue
        end = merge.bottom
        for row in rows[bisect_right(rows, merge.top) : bisect_right(rows, merge.bottom)]:
            spread.setdefault(row, {})[column] = cell
    return spread
