"""Sheets of a challenge: needs heard on a visit, read in; the board, written out."""

import io
from collections.abc import Iterable
from typing import BinaryIO

from django.utils import timezone
from openpyxl import Workbook

from challenges.models import Corrigendum, Entry
from core.documents import Table
from partnerships.sheets import SheetRow, add_sheet, read_table, saved, write_cell

MAX_ROWS = 200
ENTERPRISE, CODE, REGION, TITLE, PROBLEM = "企业名称", "统一社会信用代码", "地区", "需求名称", "需求内容"
OBJECT, MEASURAND, RANGE, ACCURACY, CONDITIONS, CODES = "对象", "参量", "范围", "准确度", "条件", "规范"
CONTACT, PHONE = "联系人", "电话"
INTAKE = {
    ENTERPRISE: 30,
    CODE: 22,
    REGION: 18,
    TITLE: 34,
    PROBLEM: 50,
    OBJECT: 24,
    MEASURAND: 18,
    RANGE: 20,
    ACCURACY: 26,
    CONDITIONS: 22,
    CODES: 18,
    CONTACT: 12,
    PHONE: 18,
}
NOTES = (
    "每行写一条需求。企业名称、需求名称、联系人、电话必填；需求内容和对象至少填一项。",
    "平台上还没有的企业，请写全名称、统一社会信用代码和地区（如“江苏省苏州市”或 320500），确认后登记为待核验。",
    "范围、准确度按企业的说法写上单位，例如“0~60 MPa”“0.05 级”“MPE ±2 μm”；读成了什么，预览里可以看到。",
    "规范写代号，例如 JJF 1064；条件写现场情况，例如“车间 (20±5) ℃，介质为油”。",
    "不要写企业的客户、产品型号等秘密；对外公开的文字另行编写，由企业确认。",
    f"一次最多 {MAX_ROWS} 行。上传后先预览，逐行指出问题；全部改正并确认后才登记。",
)
BOARD = {
    "编号": 10,
    "项目": 34,
    "内容": 60,
    "揭榜条件": 36,
    "预算区间": 16,
    "计量专业": 12,
    "地区": 18,
    "指标": 50,
    "更正": 40,
}
WIDEST = 60
CORRIGENDA = {"编号": 10, "更正内容": 80, "发布时间": 20}
LINE_CELLS = ("object_name", "measurand", "range_text", "accuracy_text", "conditions_text", "codes_text")


def read_intake(file: BinaryIO) -> list[SheetRow]:
    """The filled rows of a sheet of needs; a SheetError says why it cannot be read."""
    hint = f"下载模板填写；表头至少要有“{ENTERPRISE}”和“{TITLE}”"
    return read_table(file, INTAKE, needed=({ENTERPRISE, TITLE},), hint=hint, max_rows=MAX_ROWS)


def write_intake_template() -> io.BytesIO:
    """An empty sheet to fill in on a visit, with notes."""
    book = Workbook(write_only=True)
    add_sheet(book, "走访需求", INTAKE, frozen="B2")
    notes = book.create_sheet("填写说明")
    notes.column_dimensions["A"].width = 110
    for note in NOTES:
        notes.append([write_cell(notes, note)])
    return saved(book)


def write_board(entries: Iterable[Entry], corrigenda: Iterable[Corrigendum]) -> io.BytesIO:
    """The items of a board and what was corrected, as an XLSX file."""
    book = Workbook(write_only=True)
    sheet = add_sheet(book, "榜单", BOARD)
    for entry in entries:
        values = [
            entry.board_number,
            entry.board_title,
            entry.board_text,
            entry.conditions,
            entry.get_budget_band_display(),
            entry.get_discipline_display(),
            entry.region_display,
            "\n".join(line_text(row) for row in entry.board_lines),
            "\n".join(each.text for each in entry.corrigenda.all()),
        ]
        sheet.append([write_cell(sheet, value) for value in values])
    sheet = add_sheet(book, "更正公告", CORRIGENDA)
    for each in corrigenda:
        published = f"{timezone.localtime(each.created_at):%Y-%m-%d %H:%M}"
        sheet.append([write_cell(sheet, value) for value in (each.entry.board_number, each.text, published)])
    return saved(book)


def write_tables(tables: Iterable[Table]) -> io.BytesIO:
    """Each table as a sheet of its own, named by its caption, with columns as wide as what stands in them."""
    book = Workbook(write_only=True)
    for number, table in enumerate(tables, start=1):
        columns = zip(table.headings, *table.rows, strict=True)
        widths = {column[0]: min(WIDEST, max(len(str(each)) for each in column) * 2 + 2) for column in columns}
        sheet = add_sheet(book, table.caption or f"表 {number}", widths)
        for row in table.rows:
            sheet.append([write_cell(sheet, value) for value in row])
    return saved(book)


def line_text(row: dict) -> str:
    """One measurement line of the board in one line of text."""
    return " ".join(filter(None, (row[name] for name in LINE_CELLS)))
