"""Scope files as institutes keep them, and as nobody should."""

import io
import tracemalloc
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.styles import Font

from providers.scope import rows as scope
from providers.scope import sheets
from providers.scope.rows import Problem, ScopeError, ScopeRow, Severity, read_scope
from tests.providers.scope_files import (
    CALIPER,
    GAUGE,
    HEADING,
    bomb,
    csv_file,
    heading_xml,
    lie_about_size,
    raw_xlsx,
    text_xml,
    xlsx_file,
    zip_file,
)

CALIPER_ROW = ScopeRow("", 2, "游标卡尺", "长度", "JJF 1034", "(0~300) mm", "U=0.01 mm (k=2)")
GAUGE_ROW = ScopeRow("", 3, "数字压力计", "压力", "JJG 875", "(0~60) MPa", "Urel=0.02 % (k=2)", "介质：油")
MEGABYTE = 1024 * 1024
INTACT = xlsx_file(HEADING, CALIPER, ["压力计", 1, 2.5, True], merges=["A3:A4"]).getvalue()


def read(file, name="能力表.xlsx"):
    return read_scope(file, name)


def rows(file, *fields):
    """The named fields of every row that was read."""
    return [tuple(getattr(row, field) for field in fields) for row in read(file).rows]


def said(file):
    """Severity, place and message of every problem."""
    return [(problem.severity.value, problem.place, problem.message) for problem in read(file).problems]


# --- Files and encodings --------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_is_read_in_every_encoding_and_with_every_delimiter(encoding, delimiter):
    found = read(csv_file(HEADING, CALIPER, GAUGE, encoding=encoding, delimiter=delimiter), "能力表.csv")
    assert (found.rows, found.problems) == ((CALIPER_ROW, GAUGE_ROW), ())


def test_the_content_decides_and_not_the_extension():
    table = (HEADING, CALIPER)
    assert len(read(csv_file(*table), "能力表.xlsx").rows) == len(read(xlsx_file(*table), "能力表.csv").rows) == 1


def test_semicolons_inside_quoted_cells_do_not_choose_the_delimiter():
    rows = [["量块", "长度", "JJG 146", f"{n};{n + 1};{n + 2} mm", "0.1 μm", "a;b;c"] for n in range(20)]
    assert len(read(csv_file(HEADING, *rows)).rows) == 20


def test_a_cell_kept_as_text_for_excel_is_unwrapped():
    assert rows(csv_file(HEADING, ["卡尺", "长度", '="0012"', "(0~1) m", "1 mm", ""]), "codes") == [("0012",)]


# --- Headings -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "heading",
    [
        ["测量仪器名称", "被测量", "规范名称及代号", "测量范围", "扩展不确定度", "说明"],
        ["仪器名称", "参量", "依据", "量程", "不确定度(k=2)", "备注"],
        ["校准对象", "校准参量", "校准规范", "测量范围", "最佳测量能力", "限制范围"],
        ["检测对象", "测量参数", "标准方法", "校准范围", "CMC", "限制说明"],
        ["项目", "参数", "检定规程", "范围", "U", "附注"],
        ["Instrument", "Measurand", "Method", "Range", "Expanded uncertainty", "Remarks"],
        ["计量器具名称", "被测参量", "技术依据", "测 量\n范 围", "扩展\n不确定度", "说 明"],
        ["设备名称", "物理量", "规程/规范代号", "测量范围", "U (k＝2)", "条件"],
        ["检测项目", "被 测 量", "方法标准", "参数范围", "校准和测量能力(CMC)", "备 注"],
        ["计量标准名称", "量值", "依据的规程", "测量范围", "不确定度/准确度等级/最大允许误差", "备注"],
    ],
)
def test_columns_are_known_by_many_names(heading):
    found = rows(csv_file(heading, GAUGE), "instrument", "measurand", "codes", "range", "note")
    assert found == [("数字压力计", "压力", "JJG 875", "(0~60) MPa", "介质：油")]
    assert said(csv_file(heading, GAUGE)) == []


def test_the_heading_may_stand_below_titles():
    title = [["某计量研究院"], [], ["校准和测量能力（CMC）一览表", None, None, "测量范围以证书为准"], ["2026-01-01"]]
    assert rows(xlsx_file(*title, HEADING, CALIPER), "row", "instrument") == [(6, "游标卡尺")]


def test_a_heading_of_two_rows_with_ends_and_unit_in_columns():
    file = xlsx_file(
        ["序号", "测量仪器名称", "被测量", "规范", "测量范围", None, None, "扩展不确定度"],
        [None, None, None, None, "下限", "上限", "单位", "(k=2)"],
        [1, 2, 3, 4, 5, 6, 7, 8],
        [1, "压力表", "压力", "JJG 52", 0, 60, "MPa", "0.3 MPa"],
        [2, "真空计", "压力", "JJF 1062", None, 100, "kPa", "5 %"],
        merges=["A1:A2", "B1:B2", "C1:C2", "D1:D2", "E1:G1"],
    )
    assert rows(file, "instrument", "range", "uncertainty") == [
        ("压力表", "(0~60) MPa", "0.3 MPa (k=2)"),
        ("真空计", "≤100 kPa", "5 % (k=2)"),
    ]


def test_units_and_kinds_in_the_heading_complete_the_cells():
    heading = ["仪器名称", "测量范围/mm", "相对扩展不确定度 Urel（%，k=2）"]
    assert rows(csv_file(heading, ["卡尺", "0~300", "0.02"], ["量块", "50", "1~3"]), "range", "uncertainty") == [
        ("(0~300) mm", "Urel=0.02 % (k=2)"),
        ("50 mm", "Urel=(1~3) % (k=2)"),
    ]


def test_the_unit_may_stand_above_either_end():
    heading = ["仪器名称", "下限", "上限/mm", "不确定度(k=2)"]
    file = csv_file(heading, ["卡尺", "0", "300", "0.02 mm"], ["量规", "", "按客户要求", "见证书"])
    assert rows(file, "range", "uncertainty") == [("(0~300) mm", "0.02 mm (k=2)"), ("按客户要求", "见证书")]


def test_accuracy_classes_keep_their_name():
    heading = ["仪器名称", "测量范围", "准确度等级"]
    assert rows(csv_file(heading, ["压力表", "(0~1) MPa", "0.4"], ["衡器", "1 t", "Ⅲ级"]), "uncertainty") == [
        ("准确度等级 0.4",),
        ("Ⅲ级",),
    ]


def test_a_translated_heading_and_its_repetition_on_each_page_are_no_rows():
    english = ["Instrument", "Measurand", "Method", "Range", "Uncertainty", "Note"]
    assert rows(csv_file(HEADING, english, CALIPER, HEADING, GAUGE), "row") == [(3,), (5,)]


def test_columns_that_nobody_asked_for_are_named():
    file = csv_file([*HEADING, "收费", "周期"], [*CALIPER, "100", "5"])
    message = "这些列没有对应的内容，没有导入：G 列（收费）、H 列（周期）。如需保留，请并入“说明”列。"
    assert said(file) == [("warning", "第 1 行", message)]


def test_a_second_column_of_a_kind_goes_into_the_note():
    file = csv_file(["仪器名称", "测量范围", "扩展不确定度", "准确度等级"], ["压力表", "(0~1) MPa", "0.1 %", "0.4级"])
    assert rows(file, "uncertainty", "note") == [("0.1 %", "准确度等级：0.4级")]


def test_a_table_without_instruments_is_named_by_its_measurands():
    file = csv_file(["参数", "测量范围", "不确定度"], ["直流电压", "(0~10) V", "0.1 %"], ["", "(10~100) V", "0.2 %"])
    assert rows(file, "instrument", "range") == [("直流电压", "(0~10) V"), ("直流电压", "(10~100) V")]


# --- Rows -----------------------------------------------------------------------------------------------


def test_merged_cells_count_for_every_row_they_cover():
    file = xlsx_file(
        HEADING,
        ["数字多用表", "直流电压", "JJF 1587", "(0~10) V", "Urel=0.01 %", "全功能"],
        [None, None, None, "(10~1000) V", None, None],
        [None, "直流电流", None, "(0~1) A", "Urel=0.02 %", None],
        merges=["A2:A4", "B2:B3", "C2:C4", "E2:E3", "F2:F4"],
    )
    assert rows(file, "instrument", "measurand", "codes", "range", "uncertainty", "note") == [
        ("数字多用表", "直流电压", "JJF 1587", "(0~10) V", "Urel=0.01 % (k=2)", "全功能"),
        ("数字多用表", "直流电压", "JJF 1587", "(10~1000) V", "Urel=0.01 % (k=2)", "全功能"),
        ("数字多用表", "直流电流", "JJF 1587", "(0~1) A", "Urel=0.02 % (k=2)", "全功能"),
    ]


@pytest.mark.parametrize("ditto", ["", "〃", "同上", "″"])
def test_continuation_rows_take_over_what_stands_above(ditto):
    file = csv_file(HEADING, CALIPER, [ditto, ditto, ditto, "(300~500) mm", "0.02 mm", ""])
    assert rows(file, "instrument", "measurand", "codes", "range") == [
        ("游标卡尺", "长度", "JJF 1034", "(0~300) mm"),
        ("游标卡尺", "长度", "JJF 1034", "(300~500) mm"),
    ]


def test_a_name_on_a_row_of_its_own_names_the_rows_below():
    file = csv_file(
        HEADING, ["1、外径\n千分尺"], ["", "长度", "JJG 21", "(0~25) mm", "1 μm"], ["", "", "", "(25~50) mm", "2 μm"]
    )
    assert rows(file, "instrument", "range") == [("外径千分尺", "(0~25) mm"), ("外径千分尺", "(25~50) mm")]


def test_lines_of_a_cell_that_pair_range_and_uncertainty_become_rows():
    file = csv_file(HEADING, ["千分尺", "长度", "JJG 21", "(0~25) mm\n(25~50) mm", "1 μm\n2 μm", ""])
    assert rows(file, "range", "uncertainty") == [("(0~25) mm", "1 μm (k=2)"), ("(25~50) mm", "2 μm (k=2)")]


@pytest.mark.parametrize(
    ("range_text", "uncertainty", "expected"),
    [
        ("频率：10 Hz~1 kHz\n电压：(0~10) V", "U=0.1 %\n(k=2)", ("频率：10 Hz~1 kHz 电压：(0~10) V", "U=0.1 % (k=2)")),
        ("(0~\n500) mm", "U=0.5 μm\n+2×10⁻⁶L", ("(0~ 500) mm", "U=0.5 μm +2×10⁻⁶L (k=2)")),
    ],
)
def test_lines_that_belong_together_stay_one_row(range_text, uncertainty, expected):
    file = csv_file(HEADING, ["多用表", "电压", "JJF 1587", range_text, uncertainty, ""])
    assert rows(file, "range", "uncertainty") == [expected]


def test_sections_give_the_discipline_and_notes_are_reported():
    file = csv_file(
        ["序号", *HEADING],
        ["一、几何量"],
        ["1", *CALIPER],
        ["二、热学计量"],
        ["2", "恒温槽", "温度", "JJF 1030", "(-30~300) ℃", "0.01 ℃", ""],
        ["注：现场校准时不确定度另行评定"],
        ["", "以下空白"],
        ["3"],
    )
    assert rows(file, "instrument", "discipline") == [("游标卡尺", "geometry"), ("恒温槽", "thermal")]
    message = "“注：现场校准时不确定度另行评定”不是能力行，没有导入。如果是对能力的说明，请写进“说明”列。"
    assert said(file) == [("warning", "第 6 行", message)]


def test_disciplines_and_modes_are_read_from_their_columns():
    file = csv_file(["专业", *HEADING, "服务方式"], ["力学", *GAUGE, "实验室、现场"], ["玄学", *CALIPER, "上门；心算"])
    assert rows(file, "discipline", "modes") == [("mechanics", ("lab", "field")), ("", ("field",))]
    assert [(place, message[:9]) for _, place, message in said(file)] == [
        ("第 3 行 A 列（专业）", "不认识“玄学”，没"),
        ("第 3 行 H 列（服务方式）", "不认识“心算”，没"),
    ]


def test_all_sheets_are_read_hidden_rows_too_and_hidden_sheets_named():
    def hide(book):
        book["热学"].row_dimensions[2].hidden = True
        book["旧表"].sheet_state = "hidden"

    file = xlsx_file(
        HEADING,
        CALIPER,
        edit=hide,
        热学=[HEADING, ["恒温槽", "温度", "JJF 1030", "300 ℃", "1 ℃"]],
        旧表=[HEADING, GAUGE],
        封面=[["封面"]],
    )
    assert rows(file, "sheet", "instrument", "discipline") == [("Sheet", "游标卡尺", ""), ("热学", "恒温槽", "thermal")]
    assert said(file) == [
        ("warning", "工作表“旧表”", "工作表是隐藏的，没有读取。如需导入，请取消隐藏后重新上传。"),
        ("warning", "工作表“封面”", "没有找到表头，没有读取。如果是能力表，请补上写明各列名称的一行。"),
    ]


def test_the_same_row_twice_is_imported_once():
    file = csv_file(HEADING, CALIPER, GAUGE, CALIPER)
    assert rows(file, "row") == [(2,), (3,)]
    assert said(file) == [("warning", "第 4 行", "与第 2 行完全相同，只导入一次。如果本应不同，请核对。")]


def test_numbers_are_read_as_excel_shows_them():
    def dress(book):
        for cell, code in (("D2", '0.0" mm"'), ("E2", "0.00%"), ("D3", "General"), ("E3", "0.0E+00")):
            book.active[cell].number_format = code

    file = xlsx_file(HEADING, ["卡尺", "长度", "", 25, 0.0002], ["量块", "长度", "", 0.1 + 0.2, 0.00000001], edit=dress)
    assert rows(file, "range", "uncertainty") == [("25 mm", "0.02% (k=2)"), ("0.3", "0.00000001 (k=2)")]


def test_raised_digits_stay_exponents():
    strings = (
        "<si><r><t>U=5×10</t></r><r><rPr><vertAlign val='superscript'/></rPr><t>-6</t></r><r><t>L</t></r>"
        "<rPh sb='0' eb='1'><t>uncertainty</t></rPh></si>"
    )
    cells = [text_xml("千分尺"), text_xml("长度"), text_xml(""), text_xml("(0~1) m"), '<c t="s"><v>0</v></c>']
    assert rows(raw_xlsx(heading_xml(*cells), strings=strings), "uncertainty") == [("U=5×10⁻⁶L (k=2)",)]


def test_fonts_and_empty_formatted_cells_do_not_matter():
    def format_everything(book):
        for row in book.active["A1:Z400"]:
            for cell in row:
                cell.font = Font(bold=True)

    assert len(read(xlsx_file(HEADING, CALIPER, edit=format_everything)).rows) == 1


# --- Bad cells: each keeps its own row out and nothing else ---------------------------------------------

WHERE = {"instrument": "A", "measurand": "B", "codes": "C", "range": "D", "uncertainty": "E"}
TITLE = dict(zip("ABCDEF", HEADING, strict=True))


def row_xml(**cells):
    """An XLSX file with one row, some of its cells given as XML."""
    plain = dict(zip(WHERE, GAUGE, strict=False))
    return raw_xlsx(
        heading_xml(*(cells.get(name) or text_xml(text) for name, text in plain.items()))
        + f'<row r="3">{"".join(map(text_xml, CALIPER))}</row>',
        styles='<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="58"/></cellXfs>',
    )


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("range", '<c s="1"><v>45931</v></c>', "“2025-10-01”是日期"),
        ("uncertainty", '<c s="2"><v>45931</v></c>', "“2025-10-01”是日期"),
        ("range", '<c t="d"><v>2026-01-10</v></c>', "“2026-01-10”是日期"),
        ("range", text_xml("1月10日"), "“1月10日”是日期"),
        ("range", text_xml("10-Jan"), "“10-Jan”是日期"),
        ("codes", text_xml("2026/1/10"), "“2026/1/10”是日期"),
        ("range", '<c s="1"><v>99999999999</v></c>', "“####”是公式的错误值"),
        ("range", '<c t="e"><v>#REF!</v></c>', "“#REF!”是公式的错误值"),
        ("uncertainty", '<c t="e"><f>1/0</f><v>#DIV/0!</v></c>', "“#DIV/0!”是公式的错误值"),
        ("measurand", text_xml("#N/A"), "“#N/A”是公式的错误值"),
        ("range", text_xml("########"), "“########”是公式的错误值"),
        ("range", "<c><v>NaN</v></c>", "“nan”是公式的错误值"),
        ("range", "<c><v>1e999</v></c>", "“inf”是公式的错误值"),
        ("range", '<c t="b"><v>1</v></c>', "“TRUE”是逻辑值"),
        ("instrument", '<c t="b"><v>0</v></c>', "“FALSE”是逻辑值"),
        ("uncertainty", "<c><f>A1+1</f></c>", "公式没有保存计算结果"),
        ("range", '<c t="str"><f>HYPERLINK("http://x")</f></c>', "公式没有保存计算结果"),
        ("range", text_xml("(0~60_x0000_) MPa"), "含有无法识别的字符"),
        ("range", text_xml("(0~60_xD800_) MPa"), "含有无法识别的字符"),
        ("instrument", text_xml("压力�"), "含有无法识别的字符"),
        ("range", text_xml("1" * 32_768), "有 32768 个字，超过 500 个字上限"),
        ("instrument", text_xml("压" * 121), "有 121 个字，超过 120 个字上限"),
        ("measurand", text_xml("压" * 201), "有 201 个字，超过 200 个字上限"),
        ("codes", text_xml("J" * 501), "有 501 个字，超过 500 个字上限"),
        ("uncertainty", text_xml("0" * 499), "有 505 个字，超过 500 个字上限"),
    ],
)
def test_a_bad_cell_is_named_and_only_its_row_is_left_out(column, cell, reason):
    found = read(row_xml(**{column: cell}))
    [problem] = found.problems
    letter = WHERE[column]
    assert (problem.severity, problem.place) == (Severity.ERROR, f"工作表“能力”第 2 行 {letter} 列（{TITLE[letter]}）")
    assert problem.message.startswith(reason)
    assert "请" in problem.message
    assert [row.instrument for row in found.rows] == ["游标卡尺"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(0~60)\u200b MPa\ufeff", "(0~60) MPa"),
        ("\u202e(0~60)\x07 MPa", "(0~60) MPa"),
        ("(0~60)\u00a0\u3000 MPa", "(0~60) MPa"),
        ("_x000D_(0~60) MPa", "(0~60) MPa"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("（０～６０）ＭＰａ", "（０～６０）ＭＰａ"),
        ("/", ""),
        ("——", ""),
    ],
)
def test_odd_but_harmless_texts_are_kept_without_what_cannot_be_seen(text, expected):
    text = text.replace("_x000D_", "\r")
    assert rows(csv_file(HEADING, ["压力计", "压力", "", text, "1 %", ""]), "range") == [(expected,)]


@pytest.mark.parametrize("formula", ["=1+1", "=cmd|' /C calc'!A0", '=HYPERLINK("http://x","y")', "=SUM(A1:A9)"])
def test_formulas_in_csv_are_kept_as_text_and_reported(formula):
    file = csv_file(HEADING, ["压力计", "压力", "", "(0~60) MPa", formula, ""])
    assert rows(file, "uncertainty") == [(formula,)]
    assert said(file) == [
        (
            "warning",
            "第 2 行 E 列（扩展不确定度(k=2)）",
            f"“{formula}”像是公式，按文字保留，不会计算。请改成计算后的数值。",
        )
    ]


def test_a_calculated_formula_is_read_as_its_value():
    assert rows(row_xml(range="<c><f>30*2</f><v>60</v></c>"), "range") == [("60",), ("(0~300) mm",)]


@pytest.mark.parametrize(
    ("row", "place", "reason"),
    [
        (["", "压力", "", "(0~60) MPa", "1 %"], "第 2 行 A 列（测量仪器名称）", "没有测量仪器名称"),
        (["同上", "压力", "", "(0~60) MPa", "1 %"], "第 2 行 A 列（测量仪器名称）", "写的是“同上”，但上面没有"),
        (["压力计", "〃", "", "(0~60) MPa", "1 %"], "第 2 行 B 列（被测量）", "写的是“〃”，但上面没有"),
        (["压力计", "压力", "JJG 875", "", ""], "第 2 行", "没有测量范围和扩展不确定度，按文字保留"),
        (["压力计"], "第 2 行 A 列（测量仪器名称）", "只有名称“压力计”，没有导入"),
        (["", "", "", "", "", "", "", "", "乱写"], "", "表格以外的单元格有内容，没有导入：I2"),
    ],
)
def test_incomplete_rows_are_explained(row, place, reason):
    [(_, found, message)] = said(csv_file(HEADING, row, GAUGE))
    assert (found, message[: len(reason)]) == (place, reason)


def test_rows_below_a_bad_name_are_not_given_to_the_instrument_above_it():
    file = csv_file(HEADING, CALIPER, ["#REF!", "压力", "", "(0~6) MPa", "1 %"], ["", "", "", "(6~60) MPa", "1 %"])
    found = read(file)
    assert [row.instrument for row in found.rows] == ["游标卡尺"]
    assert [(problem.row, problem.message[:9]) for problem in found.problems] == [
        (3, "“#REF!”是公"),
        (4, "没有测量仪器名称，"),
    ]


# --- Hostile files: refused as a whole, with a way out --------------------------------------------------


def billion_laughs():
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    sheet = f'<!DOCTYPE x [<!ENTITY e0 "ha">{entities}]><worksheet>&e9;</worksheet>'
    return raw_xlsx("", parts={"xl/worksheets/sheet1.xml": sheet})


def external_entity():
    sheet = '<!DOCTYPE x [<!ENTITY file SYSTEM "file:///etc/passwd">]><worksheet>&file;</worksheet>'
    return raw_xlsx("", parts={"xl/worksheets/sheet1.xml": sheet})


def encrypted_zip():
    data = bytearray(xlsx_file(HEADING, CALIPER).getvalue())
    place = data.index(b"PK\1\2")
    while place > 0:
        data[place + 8] |= 1
        place = data.find(b"PK\1\2", place + 4)
    return io.BytesIO(bytes(data))


def cut_off():
    data = xlsx_file(HEADING, CALIPER).getvalue()
    return io.BytesIO(data[: len(data) // 2])


def many_rows(count, width=1):
    row = "<row>" + text_xml("1") * width + "</row>"
    return raw_xlsx(heading_xml(*map(text_xml, GAUGE)) + row * count)


@pytest.mark.parametrize(
    ("file", "name", "reason"),
    [
        (lambda: io.BytesIO(b""), "a.xlsx", "文件是空的"),
        (lambda: io.BytesIO(b"\xef\xbb\xbf"), "a.csv", "没有找到表头"),
        (lambda: io.BytesIO(b" \r\n \r\n"), "a.csv", "文件是空的"),
        (lambda: io.BytesIO(bytes(1000)), "a.csv", "文件是空的"),
        (lambda: csv_file(HEADING), "a.csv", "表头下面没有能力行"),
        (lambda: xlsx_file(HEADING), "a.xlsx", "表头下面没有能力行"),
        (lambda: xlsx_file(), "a.xlsx", "没有找到表头"),
        (lambda: csv_file(CALIPER, GAUGE), "a.csv", "没有找到表头"),
        (lambda: csv_file(["测量范围"] * 6, CALIPER), "a.csv", "没有找到表头"),
        (lambda: csv_file(*[[f"第{n}行"] for n in range(40)], HEADING, CALIPER), "a.csv", "没有找到表头"),
        (lambda: io.BytesIO("这是一篇文章，没有表格。\n".encode() * 50), "a.csv", "没有找到表头"),
        (lambda: io.BytesIO(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)), "a.xls", "这是旧版 Excel（.xls）文件"),
        (lambda: io.BytesIO(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)), "a.xlsx", "文件设有打开密码"),
        (lambda: io.BytesIO(b"%PDF-1.7\n" + bytes(600)), "a.xlsx", "这是 PDF 文件"),
        (lambda: io.BytesIO(b"\x89PNG\r\n" + bytes(600)), "a.xlsx", "这是图片"),
        (lambda: io.BytesIO(b"Rar!\x1a\x07" + bytes(600)), "a.xlsx", "这是 RAR 压缩包"),
        (lambda: io.BytesIO(b"\x1f\x8b\x08" + bytes(600)), "a.csv", "这是 gzip 压缩包"),
        (lambda: io.BytesIO(b"<html><table></table></html>"), "a.xls", "这是网页或 XML 文件"),
        (lambda: io.BytesIO(b'<?xml version="1.0"?><Workbook/>'), "a.xls", "这是网页或 XML 文件"),
        (lambda: io.BytesIO(bytes(range(256)) * 20), "a.csv", "无法识别的文件格式"),
        (lambda: io.BytesIO(b"PK\3\4" + bytes(600)), "a.xlsx", "文件已损坏或不完整"),
        (lambda: zip_file({"a.csv": "1,2"}), "a.xlsx", "这是压缩包，不是 Excel 文件"),
        (lambda: zip_file({"word/document.xml": "<w/>"}), "a.xlsx", "这是 Word 文档"),
        (lambda: zip_file({"xl/workbook.bin": "x"}), "a.xlsx", "这是二进制工作簿"),
        (lambda: zip_file({"content.xml": "<x/>", "mimetype": "x"}), "a.xlsx", "这是 OpenDocument 文件"),
        (lambda: zip_file({"xl/workbook.xml": "<workbook>"}), "a.xlsx", "文件已损坏或不完整"),
        (lambda: zip_file({"xl/workbook.xml": "<workbook/>"}), "a.xlsx", "文件已损坏或不完整"),
        (lambda: raw_xlsx('<row r="x"><c r="A1"/></row>'), "a.xlsx", "文件已损坏或不完整"),
        (lambda: raw_xlsx('<row><c t="s"><v>7</v></c></row>'), "a.xlsx", "文件已损坏或不完整"),
        (lambda: raw_xlsx('<row><c r="ABCD1"><v>7</v></c></row>'), "a.xlsx", "文件已损坏或不完整"),
        (lambda: raw_xlsx("<row><c><v>七</v></c></row>"), "a.xlsx", "文件已损坏或不完整"),
        (cut_off, "a.xlsx", "文件已损坏或不完整"),
        (encrypted_zip, "a.xlsx", "文件设有密码"),
        (billion_laughs, "a.xlsx", "文件里带有外部实体声明"),
        (external_entity, "a.xlsx", "文件里带有外部实体声明"),
        (bomb, "a.xlsx", "文件解压后过大"),
        (lambda: lie_about_size(bomb(2 * 64 * MEGABYTE), "xl/workbook.xml", 1000), "a.xlsx", "文件已损坏或不完整"),
        (lambda: raw_xlsx("", strings="<si><t>" + "x" * 61 * MEGABYTE + "</t></si>"), "a.xlsx", "文件解压后过大"),
        (lambda: raw_xlsx("", styles="<x/>" * 3 * MEGABYTE), "a.xlsx", "文件解压后过大"),
        (lambda: many_rows(52_000), "a.xlsx", "表格超过 50000 行上限"),
        (
            lambda: csv_file(HEADING, *[[f"卡尺{n}", "", "", "1 mm"] for n in range(50_500)]),
            "a.csv",
            "表格超过 50000 行上限",
        ),
        (lambda: io.BytesIO(b'a,"b\n' * 3 + b'"' + b"c," * 80_000), "a.csv", "CSV 文件第 "),
        (lambda: io.BytesIO(b"x," * (11 * MEGABYTE)), "a.csv", "文件超过 20 MB 上限"),
    ],
)
def test_a_hostile_file_is_refused_with_a_way_out_in_bounded_memory(file, name, reason):
    file = file()
    tracemalloc.start()
    try:
        with pytest.raises(ScopeError) as refused:
            read(file, name)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert str(refused.value).startswith(reason)
    assert "请" in str(refused.value)
    assert peak < 400 * MEGABYTE


@pytest.mark.parametrize(("limit", "value"), [("MAX_CELLS", 100), ("MAX_CHARACTERS", 400)])
def test_more_content_than_fits_into_memory_is_refused(limit, value, monkeypatch):
    monkeypatch.setattr(sheets, limit, value)
    with pytest.raises(ScopeError, match="表格内容过多"):
        read(many_rows(10, width=100))


def test_a_row_whose_lines_become_too_many_rows_is_refused(monkeypatch):
    monkeypatch.setattr(scope, "MAX_ROWS", 3)
    lines = "\n".join(f"{number} mm" for number in range(5))
    with pytest.raises(ScopeError, match="行上限"):
        read(csv_file(HEADING, ["卡尺", "长度", "", lines, lines, ""]))


@pytest.mark.parametrize("text", ["1", "(", "（", "[", "/", " a", "1 ", "=", "~1", "k=", "一、", "级", "1\n"])
def test_endless_cells_take_no_endless_time(text):
    endless = text * (300_000 // len(text)) + "x"
    heading = [*HEADING[:3], f"测量范围/mm {endless}", f"扩展不确定度 {endless}", f"说明{endless}"]
    for row in range(6):
        cells = [endless if row == column else value for column, value in enumerate(CALIPER)]
        names = f'<numFmts><numFmt numFmtId="200" formatCode="0{endless}"/></numFmts>'
        read_or_refuse(raw_xlsx(row_of(heading) + row_of(cells), styles=names))
    sheet = f'<sheet name="{endless}" sheetId="1" r:id="r1"/>'
    read_or_refuse(raw_xlsx(row_of(HEADING) + row_of(CALIPER), sheet=sheet))


def row_of(texts):
    return f"<row>{''.join(map(text_xml, texts))}</row>"


def read_or_refuse(file):
    with suppress(ScopeError):
        read(file)


def test_the_bomb_is_small_and_would_unpack_to_four_gigabytes():
    file = bomb()
    with zipfile.ZipFile(file) as archive:
        assert sum(part.file_size for part in archive.infolist()) == 4 * 1024**3
    assert len(file.getvalue()) < MEGABYTE


def test_a_cell_in_the_last_corner_costs_nothing():
    far = '<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row>'
    file = raw_xlsx(
        heading_xml(*map(text_xml, GAUGE)) + far, after='<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'
    )
    tracemalloc.start()
    found = read(file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    message = "表格以外的单元格有内容，没有导入：XFD1048576。如果不需要，请清除这些单元格。"
    assert found.problems == (Problem("能力", 0, "", Severity.WARNING, message),)
    assert len(found.rows) == 1
    assert peak < 5 * MEGABYTE


def test_three_hundred_columns_are_read_by_those_that_are_known():
    heading = [*(f"附加{number}" for number in range(294)), *HEADING]
    found = read(xlsx_file(heading, [*range(294), *CALIPER]))
    assert [row.range for row in found.rows] == ["(0~300) mm"]
    assert found.problems[0].message.startswith("这些列没有对应的内容，没有导入：A 列（附加0）、")


@settings(deadline=None)
@given(st.lists(st.lists(st.text(st.characters(codec="utf-8")), max_size=8), max_size=6))
def test_any_cells_below_a_heading_are_read_or_reported(cells):
    read_or_refuse(csv_file(HEADING, *cells))


@settings(deadline=None)
@given(st.binary(max_size=2000))
def test_any_bytes_are_read_or_refused(data):
    read_or_refuse(io.BytesIO(data))


@settings(deadline=None)
@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=20))
def test_a_damaged_workbook_is_read_or_refused(place, damage):
    data = bytearray(INTACT)
    place %= len(data)
    data[place : place + len(damage)] = damage
    read_or_refuse(io.BytesIO(bytes(data)))


@settings(deadline=None)
@given(
    st.sampled_from(["xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml", "xl/worksheets/sheet1.xml"]),
    st.integers(0, 10_000),
    st.integers(0, 40),
    st.sampled_from(["", "0", "-1", "99999999999", "A", '"', "s", ":", "NaN", "1e400", " ", "id="]),
)
def test_a_forged_part_is_read_or_refused(name, place, length, text):
    with zipfile.ZipFile(io.BytesIO(INTACT)) as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    place %= len(parts[name])
    parts[name] = parts[name][:place] + text.encode() + parts[name][place + length :]
    read_or_refuse(zip_file(parts))


def test_links_outside_the_file_are_not_followed():
    workbook_rels = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="r1" Type="x/worksheet" Target="worksheets/sheet1.xml"/>'
        '<Relationship Id="r9" Type="x/externalLink" TargetMode="External" Target="http://127.0.0.1:9/x"/>'
        '<Relationship Id="r8" Type="x/sharedStrings" TargetMode="External" Target="file:///etc/passwd"/></Relationships>'
    )
    file = raw_xlsx(heading_xml(*map(text_xml, GAUGE)), parts={"xl/_rels/workbook.xml.rels": workbook_rels})
    assert len(read(file).rows) == 1
