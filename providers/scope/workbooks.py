"""XLSX files → sheets. The XML is read as a stream, so that neither a bomb nor a stray cell costs memory.

openpyxl is not used for this: it loses raised digits (10⁻⁶ becomes 10-6), merged cells of large files and
the % of number formats, and fills the gap up to a stray cell at XFD1048576.
"""

import posixpath
import re
import zipfile
import zlib
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import BinaryIO, TypeVar
from xml.etree.ElementTree import ParseError, XMLParser

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel

from providers.scope.sheets import (
    MAX_SHEETS,
    MEGABYTE,
    Budget,
    Cell,
    Flaw,
    Merge,
    ScopeError,
    Sheet,
    read_text,
    refuse_bulk,
)

WORKBOOK = "xl/workbook.xml"
MAX_PARTS = 2_000
MAX_MERGES = 100_000
# Excel's own limits.
MAX_NAME = 31
MAX_FORMAT = 255
# zipfile bounds what it unpacks at once only for these; no table program uses others.
COMPRESSIONS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
CHUNK = 64 * 1024
BROKEN = "文件已损坏或不完整，无法读取。请用 Excel 打开并另存为新的 .xlsx 文件后重新上传。"
# Names inside the archive that tell other formats apart.
FOREIGN_PARTS = {
    "word/document.xml": "这是 Word 文档。请把表格复制到 Excel，另存为 .xlsx 后上传。",
    "ppt/presentation.xml": "这是演示文稿。请把表格复制到 Excel，另存为 .xlsx 后上传。",
    "xl/workbook.bin": "这是二进制工作簿（.xlsb）。请在 Excel 中另存为 .xlsx 后重新上传。",
    "content.xml": "这是 OpenDocument 文件（.ods）。请另存为 .xlsx 后重新上传。",
}


def read_workbook(file: BinaryIO) -> list[Sheet]:
    """All sheets of an XLSX file in their order."""
    try:
        with zipfile.ZipFile(file) as archive:
            refuse_foreign_archive(archive)
            return read_sheets_of(archive)
    # What zipfile and the XML parser raise for archives that are cut off, falsified or oddly packed.
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise ScopeError(BROKEN) from error
    except (ParseError, ValueError, LookupError, ArithmeticError) as error:
        raise ScopeError(BROKEN) from error


def refuse_foreign_archive(archive: zipfile.ZipFile) -> None:
    """Raise for other formats, passwords, and archives stuffed with parts."""
    parts = archive.infolist()
    names = {part.filename for part in parts}
    for name, message in FOREIGN_PARTS.items():
        if name in names:
            raise ScopeError(message)
    if WORKBOOK not in names:
        raise ScopeError("这是压缩包，不是 Excel 文件。请先解压，再上传其中的 XLSX 或 CSV 文件。")
    if any(part.flag_bits & 1 for part in parts):
        raise ScopeError("文件设有密码，无法读取。请取消密码后重新上传。")
    if any(part.compress_type not in COMPRESSIONS for part in parts):
        raise ScopeError(BROKEN)
    if len(parts) > MAX_PARTS:
        refuse_bulk()


def read_sheets_of(archive: zipfile.ZipFile) -> list[Sheet]:
    """The sheets, put together from the parts of the archive."""
    budget = Budget()
    workbook = read_part(archive, WORKBOOK, WorkbookPart(), budget)
    parts = read_part(archive, "xl/_rels/workbook.xml.rels", RelationsPart(), budget).targets
    if len(workbook.sheets) > MAX_SHEETS:
        raise ScopeError(f"文件有 {len(workbook.sheets)} 张工作表，超过 {MAX_SHEETS} 张上限。请拆分成几个文件后上传。")
    strings, styles = StringsPart(), StylesPart()
    for kind, path in parts.values():
        if kind == "sharedStrings":
            read_part(archive, path, strings, budget)
        if kind == "styles":
            read_part(archive, path, styles, budget)
    sheets = []
    for sheet, relation in workbook.sheets:
        kind, path = parts[relation]
        # A chart has a tab of its own, but no cells.
        if kind == "worksheet":
            read_part(archive, path, SheetPart(sheet, strings.values, styles.formats, workbook.epoch, budget), budget)
            sheets.append(sheet)
    return sheets


class XmlPart:
    """A reader of one part of the archive, called back by the XML parser."""

    max_size = 10 * MEGABYTE

    def __init__(self) -> None:
        self.text: list[str] = []

    def doctype(self, *declaration) -> None:
        """Refuse entities, harmless or not: no table program writes them."""
        raise ScopeError("文件里带有外部实体声明，可能有害，已拒绝读取。请用 Excel 打开并另存为新的 .xlsx 文件。")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.open(tag.rpartition("}")[2], attributes)

    def end(self, tag: str) -> None:
        self.shut(tag.rpartition("}")[2])

    def data(self, text: str) -> None:
        self.text.append(text)

    def open(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def shut(self, name: str) -> None:
        """An element is complete."""


Part = TypeVar("Part", bound=XmlPart)


def read_part(archive: zipfile.ZipFile, path: str, part: Part, budget: Budget) -> Part:
    """The part, filled from its XML.

    The declared size can be trusted here: zipfile reads no further, whatever is packed.
    """
    size = archive.getinfo(path).file_size
    if size > part.max_size:
        refuse_bulk()
    budget.spend_bytes(size)
    parser = XMLParser(target=part)
    with archive.open(path) as stream:
        while chunk := stream.read(CHUNK):
            parser.feed(chunk)
    parser.close()
    return part


class WorkbookPart(XmlPart):
    """The sheets with the relation that leads to each, and the day the calendar begins."""

    def __init__(self) -> None:
        super().__init__()
        self.sheets: list[tuple[Sheet, str]] = []
        self.epoch = CALENDAR_WINDOWS_1900

    def open(self, name, attributes):
        if name == "sheet":
            [relation] = [value for key, value in attributes.items() if key.endswith("}id")]
            sheet = Sheet(attributes["name"][:MAX_NAME], is_hidden=attributes.get("state", "visible") != "visible")
            self.sheets.append((sheet, relation))
        if name == "workbookPr" and attributes.get("date1904") in {"1", "true"}:
            self.epoch = CALENDAR_MAC_1904


class RelationsPart(XmlPart):
    """The kind and path of each part by its relation; what lies outside the archive is left out."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: dict[str, tuple[str, str]] = {}

    def open(self, name, attributes):
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            kind = attributes["Type"].rpartition("/")[2]
            self.targets[attributes["Id"]] = (
                kind,
                posixpath.normpath(posixpath.join("/xl", attributes["Target"])).lstrip("/"),
            )


class StylesPart(XmlPart):
    """The number format of each style, in the order that cells refer to."""

    def __init__(self) -> None:
        super().__init__()
        self.formats: list[str] = []
        self._codes = dict(BUILTIN_FORMATS) | dict.fromkeys([*range(27, 37), *range(50, 59)], "yyyy年m月d日")
        self._is_inside = False

    def open(self, name, attributes):
        if name == "numFmt":
            self._codes[int(attributes["numFmtId"])] = attributes["formatCode"][:MAX_FORMAT]
        elif name == "cellXfs":
            self._is_inside = True
        elif name == "xf" and self._is_inside:
            self.formats.append(self._codes.get(int(attributes.get("numFmtId", 0)), "General"))

    def shut(self, name):
        if name == "cellXfs":
            self._is_inside = False


RAISED = str.maketrans("0123456789+-−–()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻⁽⁾ⁿ")
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


class RichTextPart(XmlPart):
    """Text that may consist of runs with fonts of their own; raised digits are kept as such."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[str] = []
        self._is_raised = self._is_phonetic = False

    def open(self, name, attributes):
        if name in {"si", "is"}:
            self.runs = []
        elif name == "t":
            self.text = []
        elif name == "vertAlign":
            self._is_raised = attributes.get("val") == "superscript"
        elif name == "rPh":
            self._is_phonetic = True

    def shut(self, name):
        if name == "t" and not self._is_phonetic:
            self.runs.append(self._shape("".join(self.text)))
        elif name == "r":
            self._is_raised = False
        elif name == "rPh":
            self._is_phonetic = False

    @property
    def string(self) -> str:
        return unescape("".join(self.runs))

    def _shape(self, text: str) -> str:
        return text.translate(RAISED) if self._is_raised and all(ord(char) in RAISED for char in text) else text


class StringsPart(RichTextPart):
    """The texts that cells refer to by number."""

    max_size = 60 * MEGABYTE

    def __init__(self) -> None:
        super().__init__()
        self.values: list[str] = []

    def shut(self, name):
        super().shut(name)
        if name == "si":
            self.values.append(self.string)


class SheetPart(RichTextPart):
    """Fills a sheet with what its cells show."""

    max_size = 200 * MEGABYTE

    def __init__(self, sheet: Sheet, strings: list[str], formats: list[str], epoch: datetime, budget: Budget) -> None:
        super().__init__()
        self.sheet, self.strings, self.formats, self.epoch, self.budget = sheet, strings, formats, epoch, budget
        self._row, self._column, self._cells = 0, 0, {}
        self._type, self._style, self._value, self._is_formula = "n", 0, None, False

    def open(self, name, attributes):
        super().open(name, attributes)
        if name == "row":
            self._row, self._column, self._cells = int(attributes.get("r", self._row + 1)), 0, {}
        elif name == "c":
            reference = attributes.get("r")
            self._column = column_number(reference.rstrip("0123456789")) if reference else self._column + 1
            self._type, self._style = attributes.get("t", "n"), int(attributes.get("s", 0))
            self._value, self._is_formula, self.runs = None, False, []
        elif name == "v":
            self.text = []
        elif name == "f":
            self._is_formula = True
        elif name == "mergeCell":
            self.sheet.merges.append(read_merge(attributes["ref"]))
            if len(self.sheet.merges) > MAX_MERGES:
                refuse_bulk()

    def shut(self, name):
        super().shut(name)
        if name == "v":
            self._value = "".join(self.text)
        elif name == "c":
            if cell := self._cell():
                self._cells[self._column] = cell
        elif name == "row" and self._cells:
            self.budget.spend_row(self._cells)
            self.sheet.rows[self._row] = self._cells

    def _cell(self) -> Cell | None:
        if self._type == "inlineStr":
            return read_text(self.string)
        if not self._value:
            return Cell("=", Flaw.UNCALCULATED) if self._is_formula else None
        if self._type == "s":
            return read_text(self.strings[int(self._value)])
        if self._type == "str":
            return read_text(unescape(self._value))
        if self._type == "e":
            return Cell(self._value, Flaw.ERROR)
        if self._type == "b":
            return Cell("TRUE" if self._value == "1" else "FALSE", Flaw.BOOLEAN)
        if self._type == "d":
            return Cell(self._value, Flaw.DATE)
        return self._number(float(self._value))

    def _number(self, value: float) -> Cell:
        if not abs(value) < float("inf"):
            return Cell(str(value), Flaw.ERROR)
        code = self.formats[self._style] if self._style < len(self.formats) else "General"
        if is_date_format(code):
            try:
                return Cell(str(from_excel(value, self.epoch)).removesuffix(" 00:00:00"), Flaw.DATE)
            # A date that no calendar has is shown by Excel as ####.
            except (ValueError, OverflowError):
                return Cell("####", Flaw.ERROR)
        return Cell(show_number(value, code))


def unescape(text: str) -> str:
    """The text with characters that Excel writes as _x000D_."""
    return ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


@cache
def column_number(letters: str) -> int:
    """1 for A, 16384 for XFD."""
    if not re.fullmatch("[A-Z]{1,3}", letters):
        raise ValueError(letters)
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


MERGE = re.compile(r"([A-Z]+)([0-9]+)(?::([A-Z]+)([0-9]+))?")


def read_merge(reference: str) -> Merge:
    """The corners of merged cells.

    >>> read_merge("A2:B5")
    Merge(top=2, bottom=5, left=1, right=2)
    """
    corners = MERGE.fullmatch(reference)
    if corners is None:
        raise ValueError(reference)
    left, top, right, bottom = corners.groups()
    return Merge(int(top), int(bottom or top), column_number(left), column_number(right or left))


FORMAT_PIECE = re.compile(r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|\[[^\]]*\]|[_*].|(?P<digits>[0#?.,]+)|(?P<percent>%)')


@cache
def read_format(code: str) -> tuple[bool, str, str]:
    """Whether a number format shows per cent, and the words it puts before and after the number."""
    before, after, seen, is_percent = "", "", False, False
    for piece in FORMAT_PIECE.finditer(code.partition(";")[0]):
        seen = seen or piece["digits"] is not None
        is_percent = is_percent or piece["percent"] is not None
        word = piece["quoted"] or piece["escaped"] or piece["percent"] or ""
        before, after = (before, after + word) if seen else (before + word, after)
    return is_percent, before, after


def show_number(value: float, code: str) -> str:
    """The number as the cell shows it, in all the digits that Excel keeps.

    >>> show_number(0.0002, "0.00%"), show_number(0.1 + 0.2, "General"), show_number(25.0, '0.0" mm"')
    ('0.02%', '0.3', '25 mm')
    """
    is_percent, before, after = read_format(code)
    number = Decimal(f"{value:.15g}") * (100 if is_percent else 1)
    plain = f"{number.normalize():f}" if -10 < number.adjusted() < 15 else f"{number.normalize():E}"
    return f"{before}{plain}{after}".strip()
