"""An empty scope table to fill in, as XLSX with drop-downs or as CSV."""

import csv
import io

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from core.enums import Discipline, MeasuringMode
from providers.scope.sheets import MAX_ROWS

COLUMNS = {
    "序号": 6,
    "专业": 12,
    "测量仪器名称": 24,
    "被测量": 16,
    "规范名称及代号": 36,
    "测量范围": 28,
    "扩展不确定度（k=2）": 28,
    "说明": 30,
    "服务方式": 14,
}
EXAMPLES = (
    (
        "1",
        "几何量",
        "外径千分尺",
        "示值误差",
        "JJG 21 千分尺检定规程",
        "(0~100) mm",
        "U=1.2 μm",
        "送检前请清洁测砧",
        "实验室",
    ),
    ("2", "力学", "数字压力计", "压力", "JJG 875 数字压力计检定规程", "(0~60) MPa", "Urel=0.02 %", "介质：油", "现场"),
)
NOTES = (
    "每行写一项能力：一种仪器、一个被测量、一段测量范围、一个扩展不确定度。",
    "同一仪器有几行时，名称可以只写在第一行，下面几行留空，也可以合并单元格或写“同上”。",
    "测量范围写上单位，例如 (0~300) mm、50 g~2 kg；也可以把单位写进表头，例如“测量范围/mm”。",
    "扩展不确定度可以是一个值、一段范围或公式，例如 U=0.5 μm、Urel=0.02 %~0.05 %、U=0.5 μm+1.5×10⁻⁶L。",
    "像 1-10 这样的内容，请先把单元格设为“文本”格式，否则 Excel 会改成日期。",
    "服务方式可以写几种，用顿号隔开，例如：实验室、现场。",
    "读不成数值的内容按文字保留，标为“待结构化”，不会丢失。",
    "导入前有预览：哪些新增、哪些更新、哪一行哪一列有问题，确认后才写入。前两行是示例，请删除后填写。",
)
LAST_ROW = MAX_ROWS + 1


def template_xlsx() -> io.BytesIO:
    """The template with drop-downs for discipline and mode, two examples and a sheet of notes."""
    book = Workbook()
    fill_table(book.active)
    notes = book.create_sheet("填写说明")
    notes.column_dimensions["A"].width = 100
    for note in NOTES:
        notes.append([note])
    return saved(book)


def fill_table(sheet: Worksheet) -> None:
    """The heading, the examples and the drop-downs."""
    sheet.title = "能力表"
    sheet.append(list(COLUMNS))
    for cell, width in zip(sheet[1], COLUMNS.values(), strict=True):
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="DDE7F0")
        cell.alignment = Alignment(vertical="center", wrap_text=True)
        sheet.column_dimensions[cell.column_letter].width = width
    for row in EXAMPLES:
        sheet.append([inert(text) for text in row])
    for letter, labels, is_strict in (("B", Discipline.labels, True), ("I", MeasuringMode.labels, False)):
        choices = DataValidation(type="list", formula1=f'"{",".join(labels)}"', allow_blank=True)
        # Several modes may be written into one cell, which no drop-down can offer.
        choices.showErrorMessage = is_strict
        choices.error = "请从列表里选择。"
        choices.add(f"{letter}2:{letter}{LAST_ROW}")
        sheet.add_data_validation(choices)
    for row in sheet.iter_rows(min_row=2, max_row=500, min_col=6, max_col=7):
        for cell in row:
            cell.number_format = "@"
    sheet.freeze_panes = "A2"


def template_csv() -> io.BytesIO:
    """The template for programs; the mark at its beginning makes Excel read it as UTF-8."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([list(COLUMNS), *([inert(part) for part in row] for row in EXAMPLES)])
    return io.BytesIO(text.getvalue().encode("utf-8-sig"))


def saved(book: Workbook) -> io.BytesIO:
    file = io.BytesIO()
    book.save(file)
    file.seek(0)
    return file


def inert(text: str) -> str:
    """The text in a form that no table program takes for a formula.

    >>> inert("=1+1"), inert("(0~60) MPa")
    ("'=1+1", '(0~60) MPa')
    """
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
