"""Small files of every kind that may be attached, made byte by byte."""

import io
import zipfile
import zlib

from openpyxl import Workbook

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xff\xdb\0\3\0\xff\xda\0\2picture\xff\xd9"
TEXT = "量块，0~100 mm，U=0.5 μm\r\n".encode()
TYPES = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">{}</Types>'
WORD_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"


def png(*, extra: bytes = b"") -> bytes:
    """One grey pixel."""
    header = chunk(b"IHDR", bytes([0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]))
    return b"\x89PNG\r\n\x1a\n" + header + extra + chunk(b"IDAT", zlib.compress(b"\0\x7f")) + chunk(b"IEND", b"")


def chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


def docx(*, types: tuple[str, ...] = (WORD_TYPE,), **parts: str) -> bytes:
    """A Word document; more parts by their name, with `__` for the slash and `_` for the dot."""
    listed = "".join(f'<Override PartName="/part{n}" ContentType="{kind}"/>' for n, kind in enumerate(types))
    more = {name.replace("__", "/").replace("_", "."): text for name, text in parts.items()}
    return archive({"[Content_Types].xml": TYPES.format(listed), "word/document.xml": "<w:document/>", **more})


def archive(parts: dict[str, str | bytes]) -> bytes:
    """A ZIP file with these parts."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as written:
        for name, text in parts.items():
            written.writestr(name, text)
    return file.getvalue()


def xlsx() -> bytes:
    file = io.BytesIO()
    Workbook().save(file)
    return file.getvalue()
