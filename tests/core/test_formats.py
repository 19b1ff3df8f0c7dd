"""Files are what their content says; what is broken, dangerous or two things at once is refused with a way out."""

import io
import struct
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import formats
from core.formats import ARCHIVE, BROKEN, EXCEL, JPEG, PDF, PNG, TEXT, UNKNOWN, WORD, FormatError, format_of
from tests.core import samples

MACROS = "含有宏，可能带有病毒。请另存为不带宏的 .docx 或 .xlsx，或导出为 PDF 后上传。"
BULK = "解压后过大或内容过多，不像正常的文档。请导出为 PDF，或把需要的部分复制到新文件后上传。"
HIDDEN = "里面还藏着一个压缩包。请重新导出或另存一份，再上传。"
MARKUP = "是网页、SVG 或 XML 文件。请导出为 PDF 后上传。"
PROGRAM = "是程序，不能作为附件。请改传说明文档。"
COMPRESSED = "是压缩包。请先解压，再逐个上传其中的文件。"
OLD_OFFICE = "是旧版 Office 文件（.doc、.xls），或设有打开密码。请取消密码，另存为 .docx 或 .xlsx 后上传。"
PICTURE = "是网站不支持的图片格式。请转成 JPG 或 PNG 后上传。"
VIDEO = "是视频，不能作为附件。请改传截图或说明文档。"
ILLEGIBLE = "里的文字无法识别。请用记事本另存为 UTF-8 编码后上传。"


def refusal(data) -> str:
    with pytest.raises(FormatError) as refused:
        format_of(data)
    return str(refused.value)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (samples.PDF, PDF),
        (samples.PDF + b"\0" * 100, PDF),
        (samples.png(), PNG),
        (samples.JPEG, JPEG),
        (samples.JPEG + b"what a telephone adds", JPEG),
        (samples.docx(), WORD),
        (samples.docx(word__media__image1_png="picture"), WORD),
        (samples.xlsx(), EXCEL),
        (samples.TEXT, TEXT),
        (b"\xef\xbb\xbf" + samples.TEXT, TEXT),
        ("量块，0~100 mm".encode("gb18030"), TEXT),
        ("<0.5 μm；<U=1 μm".encode(), TEXT),
        (b"MZ-500, GIF, PNG\n", TEXT),
    ],
)
def test_what_a_file_is_by_its_content(data, expected):
    assert format_of(data) == expected


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (samples.PDF.replace(b"%%EOF", b""), BROKEN),
        (samples.png()[:-1], BROKEN),
        (samples.png()[:20], BROKEN),
        (samples.png().replace(b"IDAT", b"IDAX"), BROKEN),
        (samples.png(extra=samples.chunk(b"IHDR", b"again")), BROKEN),
        (samples.JPEG[:-2], BROKEN),
        (b"\xff\xd8\xff", BROKEN),
        (b"PK", BROKEN),
        (samples.docx()[:-30], BROKEN),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100, OLD_OFFICE),
        (b"Rar!\x1a\7\0", COMPRESSED),
        (b"7z\xbc\xaf\x27\x1c", COMPRESSED),
        (b"\x1f\x8b\x08\0", COMPRESSED),
        (b"GIF89a\1\0\1\0", PICTURE),
        (b"\0\0\0\x18ftypheic\0\0\0\0", PICTURE),
        (b"\0\0\0\x18ftypisom\0\0\0\0", VIDEO),
        (b"AC1032\0\0\0", "是 AutoCAD 图纸。请导出为 PDF 后上传。"),
        (b"{\\rtf1 x}", "是 RTF 文档。请另存为 .docx 后上传。"),
        (b"MZ\x90\0\3\0", PROGRAM),
        (b"\x7fELF\2\1\1\0", PROGRAM),
        (b"#!/bin/sh\nrm -rf .\n", PROGRAM),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", MARKUP),
        (b"\xef\xbb\xbf\n <HTML><script>alert(1)</script>", MARKUP),
        (b"<script>alert(1)</script>", MARKUP),
        (b"<?xml version='1.0'?><svg:svg/>", MARKUP),
        (b"<!-- x --><html>", MARKUP),
        ("量块".encode("utf-16"), "是 UTF-16 编码的文本。请用记事本另存为 UTF-8 编码后上传。"),
        (b"a\0b", UNKNOWN),
        (b"\x1b[2Jtext", UNKNOWN),
        (b"text \xff\xfe", ILLEGIBLE),
    ],
)
def test_what_is_broken_or_of_another_kind_is_refused(data, reason):
    assert refusal(data) == reason


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (samples.PDF + samples.archive({"evil.class": "x"}), HIDDEN),
        (samples.archive({"evil.class": "x"}) + samples.PDF, BROKEN),
        (samples.PDF[:-7] + samples.archive({"evil.class": "x"}) + b"\n%%EOF\n", HIDDEN),
        (samples.JPEG + samples.archive({"evil.class": "x"}), HIDDEN),
        (samples.png() + samples.archive({"evil.class": "x"}), BROKEN),
        (samples.png() + b"<script>", BROKEN),
        (samples.docx() + samples.PDF, BROKEN),
        (b"PK\3\4" + samples.docx(), BROKEN),
        (b"%!PS\n" + samples.docx(), UNKNOWN),
        (samples.JPEG + b"PK\6\7" + b"\0" * 16 + b"PK\5\6" + b"\xff" * 18, HIDDEN),
    ],
)
def test_a_file_that_is_two_things_at_once_is_refused(data, reason):
    assert refusal(data) == reason


# --- Office files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (samples.archive({"report.pdf": "x"}), ARCHIVE),
        (samples.docx(types=()), UNKNOWN),
        (samples.docx(types=("application/vnd.openxmlformats-officedocument.presentationml.main+xml",)), UNKNOWN),
        (samples.docx(types=(samples.WORD_TYPE, samples.WORD_TYPE)), UNKNOWN),
        (samples.docx(word__vbaProject_bin="x"), MACROS),
        (samples.docx(word__VBAPROJECT_BIN="x"), MACROS),
        (samples.docx(xl__macrosheets__sheet1_xml="x"), MACROS),
        (samples.docx(types=(samples.WORD_TYPE, "application/vnd.ms-office.vbaProject")), MACROS),
        (samples.docx(types=("application/vnd.ms-word.document.macroEnabled.main+xml",)), MACROS),
        (samples.archive({"[Content_Types].xml": "not xml"}), BROKEN),
        (samples.archive({"[Content_Types].xml": b"\xff\xfe<"}), BROKEN),
        (samples.docx(**{"..__..__evil": "x"}), BROKEN),
        (samples.docx(**{"__etc__passwd": "x"}), BROKEN),
        (samples.docx(**{"C:\\evil": "x"}), BROKEN),
        (samples.docx(word__Document_xml="x"), BROKEN),
        (samples.docx(**{"a__" * 11 + "b": "x"}), BULK),
        (samples.docx(**{f"part{n}": "" for n in range(formats.MAX_PARTS)}), BULK),
    ],
)
def test_office_files_that_are_odd_are_refused(data, reason):
    assert refusal(data) == reason


def test_a_zip_bomb_is_refused_before_it_is_unpacked(monkeypatch):
    bomb = samples.archive({"[Content_Types].xml": samples.TYPES.format(""), "word/document.xml": bytes(201 << 20)})
    assert len(bomb) < 1 << 20
    monkeypatch.setattr(zipfile.ZipFile, "open", None)
    assert refusal(bomb) == BULK


def test_a_bomb_that_lies_about_its_size_is_unpacked_no_further_than_it_says():
    honest = samples.docx(word__styles_xml="x" * 1_000_000)
    size = struct.pack("<I", 1_000_000)
    assert honest.count(size) == 2
    assert refusal(honest.replace(size, struct.pack("<I", 10))) == BROKEN


def test_a_list_of_parts_as_large_as_a_bomb_is_refused():
    types = samples.TYPES.format(" " * (formats.MEGABYTE + 1))
    assert refusal(samples.archive({"[Content_Types].xml": types})) == BULK


def test_entities_that_multiply_are_refused():
    laughs = "".join(f"<!ENTITY e{n + 1} '{f'&e{n};' * 10}'>" for n in range(9))
    types = f"<!DOCTYPE Types [<!ENTITY e0 'ha'>{laughs}]><Types><Override ContentType='&e9;'/></Types>"
    assert refusal(samples.archive({"[Content_Types].xml": types})) == BROKEN


def test_a_part_with_a_nul_in_its_name_is_refused():
    assert refusal(samples.docx(evilX_exe="x").replace(b"evilX.exe", b"evil\0.exe")) == BROKEN


def test_a_part_with_a_password_is_refused():
    data = bytearray(samples.docx())
    for record, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(record) + place] |= 1
    assert refusal(bytes(data)) == "设有密码，无法检查。请取消密码后重新上传。"


def test_a_compression_that_cannot_be_bounded_is_refused():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_LZMA) as written:
        written.writestr("[Content_Types].xml", samples.TYPES.format(""))
    assert refusal(file.getvalue()) == BROKEN


def test_a_second_directory_that_only_some_programs_read_is_refused():
    plain = samples.docx()
    wide = plain[:-22] + b"PK\6\7" + b"\0" * 16 + plain[-22:]
    assert refusal(wide) == BROKEN


STARTS = [samples.PDF, samples.png(), samples.JPEG, samples.docx(), samples.xlsx(), samples.TEXT, b""]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(STARTS), st.integers(0, 20_000), st.binary(max_size=60))
def test_whatever_is_written_over_a_file_it_is_accepted_or_refused_in_words(start, place, bytes_):
    data = start[:place] + bytes_ + start[place + len(bytes_) :]
    try:
        answer = format_of(data).label
    except FormatError as refused:
        answer = str(refused)
    assert answer in {each.label for each in formats.FORMATS} or answer.endswith("。")
