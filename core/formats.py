"""What a file is, by its content: the formats that may be attached, and why the others may not."""

import re
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from xml.etree import ElementTree

MEGABYTE = 1024 * 1024
MAX_PARTS = 2_000
MAX_UNPACKED = 200 * MEGABYTE
MAX_DEPTH = 10
# An archive's end record may be followed by a comment of so many bytes.
MAX_COMMENT = 65_535
END_RECORD, END_SIZE = b"PK\5\6", 22
WIDE_END_RECORD, WIDE_END_SIZE = b"PK\6\7", 20
DIRECTORY_RECORD = b"PK\1\2"
CONTENT_TYPES = "[Content_Types].xml"
# zipfile bounds what it unpacks at once only for these; no office program uses others.
COMPRESSIONS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}


class FormatError(Exception):
    """A file that may not be attached; the message goes on from the file's name and tells the way out."""


@dataclass(frozen=True)
class Format:
    """A kind of content, and the media type by the extension it goes with."""

    label: str
    media_types: dict[str, str]

    @property
    def extensions(self) -> str:
        return " 或 ".join(self.media_types)


PDF = Format("PDF 文档", {".pdf": "application/pdf"})
PNG = Format("PNG 图片", {".png": "image/png"})
JPEG = Format("JPEG 图片", {".jpg": "image/jpeg", ".jpeg": "image/jpeg"})
WORD = Format("Word 文档", {".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document"})
EXCEL = Format("Excel 工作簿", {".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"})
TEXT = Format("纯文本", {".txt": "text/plain", ".csv": "text/csv"})
FORMATS = (PDF, WORD, EXCEL, PNG, JPEG, TEXT)
EXTENSIONS = [extension for each in FORMATS for extension in each.media_types]

MAIN_PARTS = {
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml": WORD,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml": EXCEL,
}
MACRO_NAME = re.compile(r"vba(project|data)|(^|/)(intl)?macrosheets/", re.IGNORECASE)
MACRO_TYPE = re.compile(r"macro|vba", re.IGNORECASE)
UNSAFE_NAME = re.compile(r"[\0\\:]|^/|(^|/)\.\.?(/|$)")

# What the first bytes say about files that are often sent by mistake.
FOREIGN_FORMATS = (
    (
        rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "是旧版 Office 文件（.doc、.xls），或设有打开密码。请取消密码，另存为 .docx 或 .xlsx 后上传。",
    ),
    (rb"Rar!\x1a|7z\xbc\xaf|\x1f\x8b|BZh\d1AY|\xfd7zXZ", "是压缩包。请先解压，再逐个上传其中的文件。"),
    (
        rb"GIF8[79]a|II\*\0|MM\0\*|RIFF....WEBP|....ftyp(heic|heix|hevc|mif1|avif)",
        "是网站不支持的图片格式。请转成 JPG 或 PNG 后上传。",
    ),
    (rb"....ftyp|RIFF....AVI |\x1aE\xdf\xa3", "是视频，不能作为附件。请改传截图或说明文档。"),
    (rb"AC10\d\d\0", "是 AutoCAD 图纸。请导出为 PDF 后上传。"),
    (rb"\{\\rtf", "是 RTF 文档。请另存为 .docx 后上传。"),
    (rb"MZ.{0,200}\0|\x7fELF|\xca\xfe\xba\xbe|#!", "是程序，不能作为附件。请改传说明文档。"),
    (rb"(\xef\xbb\xbf)?\s*<([!?]|[a-zA-Z][\w:]*[\s/>])", "是网页、SVG 或 XML 文件。请导出为 PDF 后上传。"),
    (rb"\xff\xfe|\xfe\xff", "是 UTF-16 编码的文本。请用记事本另存为 UTF-8 编码后上传。"),
)
JPEG_SEGMENT = re.compile(rb"\xff+[^\xff\xda](?P<length>..)", re.DOTALL)
JPEG_PICTURE = re.compile(rb"\xff+\xda.*\xff\xd9", re.DOTALL)
CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")
BROKEN = "已损坏或不完整。请用原来的程序打开，重新保存后上传。"
UNKNOWN = "不是支持的格式。请转成 PDF、Word（.docx）、Excel（.xlsx）、PNG、JPG、TXT 或 CSV 后上传。"
ARCHIVE = "是压缩包，不是 Word 或 Excel 文件。请先解压，再逐个上传其中的文件。"


def format_of(data: bytes) -> Format:
    """The format of the content; a FormatError when it is none of ours, broken or dangerous."""
    for magic, read in READERS.items():
        if data.startswith(magic):
            return read(data)
    for pattern, reason in FOREIGN_FORMATS:
        if re.match(pattern, data, re.DOTALL):
            raise FormatError(reason)
    return read_text(data)


# --- Documents, pictures, texts -------------------------------------------------------------------------


def read_pdf(data: bytes) -> Format:
    # Readers accept some bytes after the end mark, as scanners leave them.
    if b"%%EOF" not in data[-2048:]:
        raise FormatError(BROKEN)
    refuse_hidden_archive(data)
    return PDF


def read_png(data: bytes) -> Format:
    """PNG: chunks with right check sums, from the header to the end, and nothing after it."""
    place, kind = len(PNG_MAGIC), b""
    while kind != b"IEND":
        size = int.from_bytes(data[place : place + 4], "big")
        kind, end = data[place + 4 : place + 8], place + 8 + size
        is_first = place == len(PNG_MAGIC)
        if is_first != (kind == b"IHDR") or zlib.crc32(data[place + 4 : end]) != check_sum(data, end):
            raise FormatError(BROKEN)
        place = end + 4
    if place != len(data):
        raise FormatError(BROKEN)
    return PNG


def check_sum(data: bytes, place: int) -> int | None:
    """The stored sum at this place; nothing when the data end before."""
    stored = data[place : place + 4]
    return int.from_bytes(stored, "big") if len(stored) == 4 else None


def read_jpeg(data: bytes) -> Format:
    """JPEG: segments up to the picture, and an end mark; telephones write data of their own after it."""
    place = 2
    while segment := JPEG_SEGMENT.match(data, place):
        place = segment.start("length") + int.from_bytes(segment["length"], "big")
    if not JPEG_PICTURE.match(data, place):
        raise FormatError(BROKEN)
    refuse_hidden_archive(data)
    return JPEG


def refuse_hidden_archive(data: bytes) -> None:
    """Raise when the file is an archive as well, for programs that read from its end."""
    end = data.rfind(END_RECORD, -END_SIZE - MAX_COMMENT)
    size = int.from_bytes(data[end + 12 : end + 16], "little")
    is_wide = data.startswith(WIDE_END_RECORD, end - WIDE_END_SIZE)
    if end >= 0 and (is_wide or data.startswith(DIRECTORY_RECORD, end - size)):
        raise FormatError("里面还藏着一个压缩包。请重新导出或另存一份，再上传。")


def read_text(data: bytes) -> Format:
    if CONTROL.search(data):
        raise FormatError(UNKNOWN)
    for encoding in ("utf-8", "gb18030"):
        try:
            data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return TEXT
    raise FormatError("里的文字无法识别。请用记事本另存为 UTF-8 编码后上传。")


# --- Office files: archives of XML parts ----------------------------------------------------------------


def read_office(data: bytes) -> Format:
    """Word or Excel, by what the archive says of its main part; every part is unpacked once, to see that it can be."""
    refuse_odd_archive(data)
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            refuse_odd_parts(archive.infolist())
            types = content_types(archive)
            if archive.testzip() is not None:
                raise FormatError(BROKEN)
    # What zipfile and the XML parser raise for archives that are cut off, falsified or oddly packed.
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise FormatError(BROKEN) from error
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise FormatError(BROKEN) from error
    if any(MACRO_TYPE.search(each) for each in types):
        refuse_macros()
    found = [MAIN_PARTS[each] for each in types if each in MAIN_PARTS]
    if len(found) != 1:
        raise FormatError(UNKNOWN)
    return found[0]


def refuse_odd_archive(data: bytes) -> None:
    """Raise unless the archive fills the file from end to end and lists few parts: zipfile itself bounds neither."""
    end = len(data) - END_SIZE
    size, start = (int.from_bytes(data[end + place : end + place + 4], "little") for place in (12, 16))
    is_wide = data.startswith(WIDE_END_RECORD, end - WIDE_END_SIZE)
    if not data.startswith(END_RECORD, end) or is_wide or start + size != end:
        raise FormatError(BROKEN)
    if data.count(DIRECTORY_RECORD, start) > MAX_PARTS:
        refuse_bulk()


def refuse_odd_parts(parts: list[zipfile.ZipInfo]) -> None:
    """Raise for other archives, passwords, macros, bombs, and names that lead out of the archive."""
    names = [part.orig_filename for part in parts]
    if CONTENT_TYPES not in names:
        raise FormatError(ARCHIVE)
    if any(part.flag_bits & 1 for part in parts):
        raise FormatError("设有密码，无法检查。请取消密码后重新上传。")
    if any(MACRO_NAME.search(name) for name in names):
        refuse_macros()
    if sum(part.file_size for part in parts) > MAX_UNPACKED or any(name.count("/") > MAX_DEPTH for name in names):
        refuse_bulk()
    has_odd_names = any(UNSAFE_NAME.search(name) for name in names) or len({*map(str.lower, names)}) < len(names)
    if has_odd_names or any(part.compress_type not in COMPRESSIONS for part in parts):
        raise FormatError(BROKEN)


def content_types(archive: zipfile.ZipFile) -> list[str]:
    """What the archive says its parts are."""
    if archive.getinfo(CONTENT_TYPES).file_size > MEGABYTE:
        refuse_bulk()
    return [part.get("ContentType", "") for part in ElementTree.fromstring(archive.read(CONTENT_TYPES))]


def refuse_macros() -> None:
    raise FormatError("含有宏，可能带有病毒。请另存为不带宏的 .docx 或 .xlsx，或导出为 PDF 后上传。")


def refuse_bulk() -> None:
    raise FormatError("解压后过大或内容过多，不像正常的文档。请导出为 PDF，或把需要的部分复制到新文件后上传。")


PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
READERS: dict[bytes, Callable[[bytes], Format]] = {
    b"%PDF-": read_pdf,
    PNG_MAGIC: read_png,
    b"\xff\xd8\xff": read_jpeg,
    b"PK": read_office,
}
