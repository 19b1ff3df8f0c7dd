"""Builds the table files of the import tests: ordinary ones, and ones meant to do harm."""

import csv
import io
import struct
import zipfile

from openpyxl import Workbook

HEADING = ["测量仪器名称", "被测量", "规范名称及代号", "测量范围", "扩展不确定度(k=2)", "说明"]
CALIPER = ["游标卡尺", "长度", "JJF 1034", "(0~300) mm", "U=0.01 mm", ""]
GAUGE = ["数字压力计", "压力", "JJG 875", "(0~60) MPa", "Urel=0.02 %", "介质：油"]

NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SHEET = '<sheet name="能力" sheetId="1" r:id="r1"/>'
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def csv_file(*rows, encoding="utf-8", delimiter=","):
    """A CSV file of the rows."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return io.BytesIO(text.getvalue().encode(encoding))


def xlsx_file(*rows, merges=(), edit=lambda book: None, **sheets):
    """An XLSX file with the rows on its first sheet; further sheets by name; `edit` has the last word."""
    book = Workbook()
    for name, content in ({"Sheet": rows} | sheets).items():
        sheet = book.active if name == "Sheet" else book.create_sheet(name)
        for row in content:
            sheet.append(row)
    for merge in merges:
        book.active.merge_cells(merge)
    edit(book)
    file = io.BytesIO()
    book.save(file)
    file.seek(0)
    return file


def raw_xlsx(sheet_data, *, strings="", styles="", after="", sheet=SHEET, parts=None):
    """An XLSX file with the given XML inside its sheet, its strings and its styles."""
    relation = f'<Relationship Id="r{{}}" Type="{RELATIONS}/{{}}" Target="{{}}"/>'
    content = {
        "[Content_Types].xml": "<Types/>",
        "xl/workbook.xml": f'<workbook xmlns="{NAMESPACE}" xmlns:r="{RELATIONS}"><sheets>{sheet}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">'
        + relation.format(1, "worksheet", "worksheets/sheet1.xml")
        + relation.format(2, "sharedStrings", "sharedStrings.xml")
        + relation.format(3, "styles", "/xl/styles.xml")
        + "</Relationships>",
        "xl/sharedStrings.xml": f'<sst xmlns="{NAMESPACE}">{strings}</sst>',
        "xl/styles.xml": f'<styleSheet xmlns="{NAMESPACE}">{styles}</styleSheet>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{NAMESPACE}">'
        f"<sheetData>{sheet_data}</sheetData>{after}</worksheet>",
    }
    return zip_file(content | (parts or {}))


def zip_file(parts):
    """A ZIP archive of the parts by their names."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    file.seek(0)
    return file


def heading_xml(*cells):
    """Row 1 with the usual heading, and row 2 with the given cells as they stand."""
    heading = "".join(f'<c t="inlineStr"><is><t>{title}</t></is></c>' for title in HEADING)
    return f'<row r="1">{heading}</row><row r="2">{"".join(cells)}</row>'


def text_xml(text):
    """A cell with its text inside."""
    return f'<c t="inlineStr"><is><t>{text}</t></is></c>'


def bomb(unpacked=4 * 1024**3):
    """A small archive whose directory lists one packed block again and again, 4 GB in all."""
    block = 64 * 1024**2
    file = zip_file({"xl/workbook.xml": bytes(block)})
    data = file.getvalue()
    end = data.rindex(b"PK\5\6")
    start = data.index(b"PK\1\2")
    entry = data[start:end]
    count = unpacked // block
    names = [b"xl/worksheets/sheet%03d.xml" % number for number in range(count - 1)]
    entries = entry + b"".join(rename(entry, name) for name in names)
    closing = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(entries), start, 0)
    return io.BytesIO(data[:start] + entries + closing)


def rename(entry, name):
    """The directory entry under another name."""
    return entry[:28] + struct.pack("<H", len(name)) + entry[30:46] + name


def lie_about_size(file, path, size):
    """The archive with a part whose directory entry states another size than it has."""
    data = bytearray(file.getvalue())
    place = data.rindex(b"PK\1\2", 0, data.rindex(path.encode()))
    struct.pack_into("<L", data, place + 24, size)
    return io.BytesIO(bytes(data))
