"""The lists of the ledger as XLSX: written for a reader, and read back filled in."""

import io
import re
import zipfile
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import BinaryIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from core.http import UNREADABLE, without_controls
from partnerships.enums import LedgerCategory, LedgerSource
from partnerships.ledger_disclosure import UNNAMED, ShownEntry
from providers.scope.sheets import MEGABYTE, Cell, Flaw, ScopeError, Sheet, refuse_bulk
from providers.scope.workbooks import BROKEN, read_workbook

MAX_ROWS = 1_000
MAX_FILE_SIZE = 5 * MEGABYTE
# Read while somebody waits for the page: about three seconds at most.
MAX_UNPACKED = 40 * MEGABYTE
HEADING_WITHIN = 20

NUMBER, ENTERPRISE, CODE, REGION, TITLE, DESCRIPTION = (
    "台账编号",
    "企业名称",
    "统一社会信用代码",
    "所在地区",
    "问题",
    "说明",
)
CATEGORY, SOURCE, RAISED, RESPONSIBLE, EMAIL, DUE = "类别", "来源", "提出日期", "责任单位", "责任人邮箱", "完成时限"


@dataclass(frozen=True)
class Column:
    """A column: its heading, its width, and what of an entry stands in it; `is_read` when it can be filled in."""

    heading: str
    width: int
    attribute: str
    is_read: bool = True


COLUMNS = (
    Column(NUMBER, 14, "number"),
    Column(ENTERPRISE, 30, "enterprise"),
    Column(CODE, 22, "credit_code"),
    Column(REGION, 18, "region_display"),
    Column(TITLE, 40, "title"),
    Column(DESCRIPTION, 50, "description"),
    Column(CATEGORY, 12, "category_display"),
    Column(SOURCE, 12, "source_display"),
    Column(RAISED, 16, "raised_on"),
    Column("状态", 12, "status_display", is_read=False),
    Column(RESPONSIBLE, 30, "responsible"),
    Column("责任人", 12, "person", is_read=False),
    Column(EMAIL, 28, "person_email"),
    Column(DUE, 16, "due_on"),
    Column("逾期（天）", 11, "days_overdue", is_read=False),
    Column("办理结果", 40, "result", is_read=False),
    Column("需求编号", 14, "need_number", is_read=False),
)
READ = tuple(column.heading for column in COLUMNS if column.is_read)
DATE_FORMAT = 'yyyy"年"m"月"d"日"'
NOTES = (
    "每行写一家企业的一个问题。企业名称和问题必填；类别、来源、提出日期留空时按“测量技术”“走访”和今天登记。",
    "平台上还没有的企业，请写全名称、统一社会信用代码和所在地区（如“江苏省苏州市”或 320500），导入时登记为待核验。",
    "要同时分派，请写全责任单位、责任人邮箱和完成时限；责任人须是责任单位的在册成员。",
    "日期写成 2026-03-05 或 2026年3月5日。",
    "也可以导出清单，填好责任单位、责任人邮箱、完成时限后传回：有台账编号的行按编号更新，留空的格子不变。",
    f"一次最多 {MAX_ROWS} 行。上传后先预览，逐行指出问题；全部改正并确认后才写入。",
)


class SheetError(Exception):
    """A file that holds no list; the message says why and what to do."""


# --- Writing ------------------------------------------------------------------------------------------------------


def write_list(title: str, entries: Iterable[ShownEntry]) -> io.BytesIO:
    """The entries as an XLSX file."""
    book = Workbook(write_only=True)
    sheet = _sheet_with_heading(book, title)
    for entry in entries:
        sheet.append([write_cell(sheet, _value(entry, column)) for column in COLUMNS])
    return saved(book)


def write_template() -> io.BytesIO:
    """An empty list to fill in, with drop-downs and a sheet of notes."""
    book = Workbook(write_only=True)
    sheet = _sheet_with_heading(book, "台账", READ)
    for heading, labels in ((CATEGORY, LedgerCategory.labels), (SOURCE, source_labels())):
        choices = DataValidation(type="list", formula1=f'"{",".join(labels)}"', allow_blank=True)
        choices.showErrorMessage = True
        choices.error = "请从列表里选择。"
        letter = get_column_letter(READ.index(heading) + 1)
        choices.add(f"{letter}2:{letter}{MAX_ROWS + 1}")
        sheet.data_validations.append(choices)
    notes = book.create_sheet("填写说明")
    notes.column_dimensions["A"].width = 110
    for note in NOTES:
        notes.append([write_cell(notes, note)])
    return saved(book)


def source_labels() -> list[str]:
    """The sources one can write by hand; entries of needs come by themselves."""
    return [source.label for source in LedgerSource if source != LedgerSource.NEED]


def _sheet_with_heading(book: Workbook, title: str, headings=None):
    """A sheet with its first row, which stays in sight."""
    widths = {column.heading: column.width for column in COLUMNS if headings is None or column.heading in headings}
    return add_sheet(book, title, widths, frozen="C2")


def add_sheet(book: Workbook, title: str, widths: dict[str, int], *, frozen: str = "A2"):
    """A new sheet with these headings in its first row."""
    sheet = book.create_sheet(title)
    sheet.freeze_panes = frozen
    for place, width in enumerate(widths.values(), start=1):
        sheet.column_dimensions[get_column_letter(place)].width = width
    cells = [write_cell(sheet, heading) for heading in widths]
    for cell in cells:
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="DDE7F0")
    sheet.append(cells)
    return sheet


def _value(entry: ShownEntry, column: Column) -> str | int | date | None:
    value = getattr(entry, column.attribute)
    if column.heading == ENTERPRISE:
        return value or UNNAMED
    return value or None


def write_cell(sheet, value: str | int | date | None) -> WriteOnlyCell:
    """A cell that no table program takes for a formula."""
    if not isinstance(value, str):
        cell = WriteOnlyCell(sheet, value)
        if isinstance(value, date):
            cell.number_format = DATE_FORMAT
        return cell
    cell = WriteOnlyCell(sheet, escape(plain(value)))
    # Otherwise "=1+1" is a formula, and "#REF!" an error; the mark keeps it a text also once somebody edits it.
    cell.data_type = "s"
    cell.quotePrefix = value.startswith(("=", "+", "-", "@", "\t", "\r"))
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    return cell


def saved(book: Workbook) -> io.BytesIO:
    file = io.BytesIO()
    book.save(file)
    file.seek(0)
    return file


def plain(text: str) -> str:
    """The text as a cell can hold it.

    >>> plain(" 两行\\r\\n文字\\x0b ")
    '两行\\n文字'
    """
    return without_controls(text).strip()


def escape(text: str) -> str:
    """The text with what Excel would read as a character's number, such as _x0041_, kept as it is written.

    >>> escape("_x0041_")
    '_x005F_x0041_'
    """
    return re.sub("_(?=x[0-9A-Fa-f]{4}_)", "_x005F_", text)


# --- Reading ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SheetRow:
    """A filled row: its number in the sheet, its texts and what is wrong with cells, both by heading."""

    number: int
    texts: dict[str, str]
    flaws: dict[str, str] = field(default_factory=dict)


def read_rows(file: BinaryIO) -> list[SheetRow]:
    """The filled rows of the first sheet that has the headings of a list."""
    hint = f"下载模板填写，或用导出的清单；表头至少要有“{ENTERPRISE}”和“{TITLE}”，或“{NUMBER}”"
    return read_table(file, READ, needed=({NUMBER}, {ENTERPRISE, TITLE}), hint=hint)


def read_table(
    file: BinaryIO, headings: Collection[str], *, needed: Collection[set[str]], hint: str, max_rows: int = MAX_ROWS
) -> list[SheetRow]:
    """The filled rows below the first line with all headings of one of the `needed` sets; a SheetError says why not."""
    for sheet in _sheets(file):
        if heading := _find_heading(sheet, headings, needed):
            place, columns = heading
            rows = [_read_row(number, cells, columns) for number, cells in sorted(sheet.rows.items()) if number > place]
            rows = [row for row in rows if row.texts or row.flaws]
            if not rows:
                raise SheetError("表里没有填写内容。请在表头下面逐行填写后重新上传。")
            if len(rows) > max_rows:
                raise SheetError(f"表里有 {len(rows)} 行，一次最多导入 {max_rows} 行，请拆成几个文件后上传。")
            return rows
    raise SheetError(f"没有找到表头。请{hint}。")


def _sheets(file: BinaryIO) -> list[Sheet]:
    data = file.read(MAX_FILE_SIZE + 1)
    if len(data) > MAX_FILE_SIZE:
        raise SheetError(f"文件超过 {MAX_FILE_SIZE // MEGABYTE} MB 上限。请删除其中的图片和多余的工作表后重新上传。")
    if not data.startswith(b"PK"):
        raise SheetError("这不是 XLSX 文件。请用 Excel 或 WPS 打开，另存为 .xlsx 后上传；有打开密码的请先取消密码。")
    try:
        _refuse_bulk(data)
        return read_workbook(io.BytesIO(data))
    except zipfile.BadZipFile as error:
        raise SheetError(BROKEN) from error
    except ScopeError as error:
        raise SheetError(str(error)) from error


def _refuse_bulk(data: bytes) -> None:
    """Raise when far more is packed than a list can hold; what an archive declares is all that is read of it."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(part.file_size for part in archive.infolist()) > MAX_UNPACKED:
            refuse_bulk()


def _find_heading(
    sheet: Sheet, known: Collection[str], needed: Collection[set[str]]
) -> tuple[int, dict[int, str]] | None:
    """The row of the headings and the heading of each column; None for a sheet that is no list."""
    for number in sorted(sheet.rows)[:HEADING_WITHIN]:
        found = {column: re.sub(r"\s|[*＊]", "", cell.text) for column, cell in sheet.rows[number].items()}
        columns = {column: heading for column, heading in found.items() if heading in known}
        headings = list(columns.values())
        if any(each <= set(headings) for each in needed):
            repeated = sorted({heading for heading in headings if headings.count(heading) > 1})
            if repeated:
                raise SheetError(f"表头“{repeated[0]}”出现了两次，不知道读哪一列。请删除多余的一列后重新上传。")
            return number, columns
    return None


def _read_row(number: int, cells: dict[int, Cell], columns: dict[int, str]) -> SheetRow:
    filled = {columns[column]: cell for column, cell in cells.items() if column in columns}
    return SheetRow(
        number,
        texts={heading: UNREADABLE.sub("", plain(cell.text)) for heading, cell in filled.items() if not _flaw(cell)},
        flaws={heading: flaw for heading, cell in filled.items() if (flaw := _flaw(cell))},
    )


def _flaw(cell: Cell) -> str:
    """Why a cell holds nothing that somebody typed."""
    if cell.flaw == Flaw.UNCALCULATED:
        return "公式没有计算出结果，请改为填写文字。"
    if cell.flaw == Flaw.ERROR:
        return f"单元格显示为 {cell.text}，请改为填写文字。"
    return ""


DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]0?0:00(?::00)?)?|(\d{4})(\d{2})(\d{2})")


def read_date(text: str) -> date | None:
    """The day, or nothing where the text is none.

    >>> read_date("2026年3月5日"), read_date("3月5日")
    (datetime.date(2026, 3, 5), None)
    """
    found = DATE.fullmatch(text)
    try:
        return date(*(int(part) for part in found.groups() if part)) if found else None
    except ValueError:
        return None
