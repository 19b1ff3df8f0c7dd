"""What a table file holds once it is opened: sheets of cells, within limits that keep memory bounded."""

import re
from dataclasses import dataclass, field
from enum import StrEnum

MEGABYTE = 1024 * 1024
MAX_FILE_SIZE = 20 * MEGABYTE
MAX_UNPACKED = 200 * MEGABYTE
MAX_SHEETS = 100
MAX_ROWS = 50_000
MAX_CELLS = 1_000_000
MAX_CHARACTERS = 20_000_000
# Titles, headers and notes are no capability rows.
ROWS_BESIDE = 1_000

ERROR_TEXT = re.compile(r"#(REF!|N/A|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!|GETTING_DATA)|#{3,}")
DATE_TEXT = re.compile(
    r"\d{4}(-\d{1,2}-\d{1,2}|/\d{1,2}/\d{1,2}|年\d{1,2}月(\d{1,2}日)?)( 0?0:00(:00)?)?|\d{1,2}月\d{1,2}日"
    r"|\d{1,2}-(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)|(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)-\d+"
)


class ScopeError(Exception):
    """A file that cannot be read at all; the message says why and what to do."""


class Flaw(StrEnum):
    """Why a cell does not hold what somebody typed."""

    DATE = "date"
    BOOLEAN = "boolean"
    ERROR = "error"
    UNCALCULATED = "uncalculated"
    FORMULA = "formula"


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell shows: a number with the unit of its format, raised digits as ⁻⁶."""

    text: str
    flaw: Flaw | None = None


@dataclass(frozen=True, slots=True)
class Merge:
    """Merged cells by their first and last row and column."""

    top: int
    bottom: int
    left: int
    right: int


@dataclass(slots=True)
class Sheet:
    """The cells of a sheet that are not empty, by row and column, both counted from 1."""

    name: str
    rows: dict[int, dict[int, Cell]] = field(default_factory=dict)
    merges: list[Merge] = field(default_factory=list)
    is_hidden: bool = False


class Budget:
    """What one file may still take; spending more than there is raises a ScopeError."""

    def __init__(self) -> None:
        self.bytes, self.rows, self.cells, self.characters = (
            MAX_UNPACKED,
            MAX_ROWS + ROWS_BESIDE,
            MAX_CELLS,
            MAX_CHARACTERS,
        )

    def spend_bytes(self, count: int) -> None:
        self.bytes -= count
        if self.bytes < 0:
            refuse_bulk()

    def spend_row(self, cells: dict[int, Cell]) -> None:
        self.rows -= 1
        self.cells -= len(cells)
        self.characters -= sum(len(cell.text) for cell in cells.values())
        if self.rows < 0:
            refuse_length()
        if self.cells < 0 or self.characters < 0:
            raise ScopeError("表格内容过多，超过一次导入的上限。请删除无关的列，或按专业拆分成几个文件后上传。")


def refuse_bulk() -> None:
    raise ScopeError(
        "文件解压后过大，可能带有大量空白格式，或不是正常的 Excel 文件。"
        "请把有内容的单元格复制到新的工作簿，另存为 .xlsx 后重新上传。"
    )


def refuse_length() -> None:
    raise ScopeError(f"表格超过 {MAX_ROWS} 行上限。请按专业拆分成几个文件后上传。")


def read_text(text: str) -> Cell | None:
    """The cell somebody typed as this text; nothing for blanks."""
    text = text.strip()
    if not text:
        return None
    if ERROR_TEXT.fullmatch(text):
        return Cell(text, Flaw.ERROR)
    if text in {"TRUE", "FALSE"}:
        return Cell(text, Flaw.BOOLEAN)
    if DATE_TEXT.fullmatch(text):
        return Cell(text, Flaw.DATE)
    return Cell(text)
