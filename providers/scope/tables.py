"""Table files → sheets, whatever their extension says: XLSX, or CSV in UTF-8, UTF-16 or GB 18030."""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import PurePath
from typing import BinaryIO

from providers.scope.sheets import MAX_FILE_SIZE, MEGABYTE, Budget, Cell, Flaw, ScopeError, Sheet, read_text
from providers.scope.workbooks import read_workbook

# What the first bytes say about files that hold no table we can read.
FOREIGN_FORMATS = (
    (b"%PDF", "这是 PDF 文件。请上传能力表的 XLSX 或 CSV 文件。"),
    (b"Rar!", "这是 RAR 压缩包。请先解压，再上传其中的 XLSX 或 CSV 文件。"),
    (b"7z\xbc\xaf", "这是 7z 压缩包。请先解压，再上传其中的 XLSX 或 CSV 文件。"),
    (b"\x1f\x8b", "这是 gzip 压缩包。请先解压，再上传其中的 XLSX 或 CSV 文件。"),
    (b"\x89PNG", "这是图片。请上传能力表的 XLSX 或 CSV 文件。"),
    (b"\xff\xd8\xff", "这是图片。请上传能力表的 XLSX 或 CSV 文件。"),
    (b"{\\rtf", "这是 RTF 文档。请把表格复制到 Excel，另存为 .xlsx 后上传。"),
)
OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED_OFFICE = "EncryptedPackage".encode("utf-16-le")
MARKUP = (b"<?xml", b"<html", b"<!doctype", b"<table", b"<meta", b"<head")
BINARY = re.compile(rb"[\x00-\x08\x0e-\x1f]")
DELIMITERS = ",;\t"
SAMPLE_ROWS = 50
SAMPLE_SIZE = 64 * 1024


def read_table(file: BinaryIO, name: str) -> list[Sheet]:
    """The sheets of the file; a CSV file is one sheet without a name."""
    file.seek(0)
    data = file.read(MAX_FILE_SIZE + 1)
    if not data.strip(b"\0 \t\r\n"):
        raise ScopeError("文件是空的。请检查是否选错了文件，或在 Excel 中重新保存后再上传。")
    if len(data) > MAX_FILE_SIZE:
        raise ScopeError(
            f"文件超过 {MAX_FILE_SIZE // MEGABYTE} MB 上限。请删除其中的图片，或按专业拆分成几个文件后上传。"
        )
    refuse_foreign_format(data, name)
    return read_workbook(io.BytesIO(data)) if data.startswith(b"PK") else [read_csv(data)]


def refuse_foreign_format(data: bytes, name: str) -> None:
    """Raise when the content is neither XLSX nor text."""
    for magic, message in FOREIGN_FORMATS:
        if data.startswith(magic):
            raise ScopeError(message)
    if data.startswith(OLD_OFFICE):
        if ENCRYPTED_OFFICE in data or PurePath(name).suffix.lower() == ".xlsx":
            raise ScopeError(
                "文件设有打开密码，无法读取。请在 Excel 中取消密码（文件 → 信息 → 保护工作簿）后重新上传。"
            )
        raise ScopeError("这是旧版 Excel（.xls）文件。请用 Excel 或 WPS 打开，另存为 .xlsx 后重新上传。")
    if data.removeprefix(codecs.BOM_UTF8).lstrip().lower().startswith(MARKUP):
        raise ScopeError("这是网页或 XML 文件，不是真正的 Excel 文件。请用 Excel 打开，另存为 .xlsx 后重新上传。")


def read_csv(data: bytes) -> Sheet:
    """The rows of a CSV file; a record that spans several lines counts as one row, as in Excel."""
    text = decode(data)
    sheet, budget = Sheet(""), Budget()
    for row, values in enumerate(records(text, find_delimiter(text)), start=1):
        cells = {column: cell for column, value in enumerate(values, start=1) if (cell := read_field(value))}
        if cells:
            budget.spend_row(cells)
            sheet.rows[row] = cells
    return sheet


def decode(data: bytes) -> str:
    """The text of the file in the encoding that fits; bytes that fit none become � and are reported by cell."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    sample = data[:SAMPLE_SIZE]
    if len(BINARY.findall(sample)) > len(sample) / 10:
        raise ScopeError("无法识别的文件格式。请上传 XLSX 文件，或 UTF-8、GBK 编码的 CSV 文件。")
    for encoding, errors in (("utf-8-sig", "strict"), ("gb18030", "strict"), ("utf-8-sig", "surrogatepass")):
        try:
            return data.decode(encoding, errors)
        except UnicodeDecodeError:
            continue
    return min(
        (data.decode(encoding, "replace") for encoding in ("utf-8-sig", "gb18030")), key=lambda text: text.count("�")
    )


def find_delimiter(text: str) -> str:
    """The delimiter that cuts the first rows into the same number of columns most often."""

    def regularity(delimiter: str) -> tuple[int, int]:
        widths = Counter(len(values) for values in islice(records(text, delimiter), SAMPLE_ROWS) if len(values) > 1)
        return max(((count, width) for width, count in widths.items()), default=(0, 0))

    return max(DELIMITERS, key=regularity)


def records(text: str, delimiter: str) -> Iterator[list[str]]:
    """The records of the text; a quotation mark that is never closed ends the reading with its line."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        yield from reader
    except csv.Error as error:
        raise ScopeError(
            f"CSV 文件第 {reader.line_num} 行附近的引号没有成对，后面的内容无法分列。请补全引号，或改用 .xlsx。"
        ) from error


def read_field(value: str) -> Cell | None:
    """The cell of a CSV field; ="0012" is how programs keep Excel from dropping zeros."""
    value = value.strip()
    if kept := re.fullmatch(r'="([^"]*)"', value):
        return read_text(kept[1])
    return Cell(value, Flaw.FORMULA) if value.startswith("=") and len(value) > 1 else read_text(value)
