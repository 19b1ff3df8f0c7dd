import io
import re
import sys
import zlib
from decimal import Decimal

import pytest
from django.contrib.messages import get_messages
from django.contrib.messages.storage.fallback import FallbackStorage
from django.template.loader import render_to_string
from docx import Document as Docx

from core.documents import (
    NO_PDF,
    Bar,
    Bullets,
    Document,
    Figure,
    Heading,
    NoPdf,
    Paragraph,
    Table,
    answer_document,
    to_docx,
    to_pdf,
)

DOCUMENT = Document(
    "产业计量挑战赛 总结",
    [
        Heading("一、概况"),
        Paragraph("第一行\n<b>第二行</b>"),
        Bullets(["征集", "发榜"]),
        Table([["CH-01", "揭榜成功"], ["CH-02", "=1+1\x0b"]], ["编号", "结果"], "评定结果"),
        Figure("漏斗", [Bar("需求", 56, "56 项"), Bar("方案", 29), Bar("对接", 0)]),
    ],
    lead="2026 年",
)


@pytest.fixture
def no_pango(monkeypatch):
    """A machine on which WeasyPrint is installed but cannot load Pango."""

    class Broken:
        def find_spec(self, name, path=None, target=None):
            if name == "weasyprint":
                raise OSError("cannot load library 'libpango-1.0-0'")

    monkeypatch.delitem(sys.modules, "weasyprint", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])


@pytest.fixture
def request_with_messages(rf):
    request = rf.get("/")
    request.session = {}
    request._messages = FallbackStorage(request)
    return request


def test_a_docx_holds_every_block_in_order():
    file = Docx(io.BytesIO(to_docx(DOCUMENT)))
    texts = [(paragraph.style.name, paragraph.text) for paragraph in file.paragraphs if paragraph.text]
    assert texts == [
        ("Title", "产业计量挑战赛 总结"),
        ("Normal", "2026 年"),
        ("Heading 1", "一、概况"),
        ("Normal", "第一行\n<b>第二行</b>"),
        ("List Bullet", "征集"),
        ("List Bullet", "发榜"),
        ("Normal", "评定结果"),
        ("Normal", "漏斗"),
    ]
    assert [[[cell.text for cell in row.cells] for row in table.rows] for table in file.tables] == [
        [["编号", "结果"], ["CH-01", "揭榜成功"], ["CH-02", "=1+1"]],
        [["需求", "█" * 24, "56 项"], ["方案", "█" * 13, "29"], ["对接", "", "0"]],
    ]


def test_a_docx_names_no_author_and_its_own_title():
    properties = Docx(io.BytesIO(to_docx(DOCUMENT))).core_properties
    assert (properties.title, properties.author, properties.comments) == ("产业计量挑战赛 总结", "", "")


@pytest.mark.parametrize("blocks", [[Table([])], [Figure("空", [])], [Bullets([])], []])
def test_what_is_empty_is_no_error(blocks):
    document = Document("空", blocks)
    assert len(Docx(io.BytesIO(to_docx(document))).tables) == 0
    assert "<td" not in render_to_string("components/_document.html", {"document": document})


def test_bars_are_as_long_as_their_values():
    figure = Figure("", [Bar("甲", Decimal("8.5")), Bar("乙", Decimal("17")), Bar("丙", 0)])
    assert [(bar.label, share) for bar, share in figure.drawn] == [("甲", 50), ("乙", 100), ("丙", 0)]
    assert [share for _, share in Figure("", [Bar("甲", 0)]).drawn] == [0]


def test_a_page_escapes_what_people_wrote_and_draws_bars():
    html = render_to_string("components/_document.html", {"document": DOCUMENT})
    assert "第一行\n&lt;b&gt;第二行&lt;/b&gt;" in html
    assert re.findall(r'<rect fill="#0a626e" width="(\d+)" height="8"/>', html) == ["100", "52", "0"]


def test_a_pdf_is_whole_and_names_its_title():
    content = to_pdf(DOCUMENT)
    assert (content[:5], content.rstrip()[-5:]) == (b"%PDF-", b"%%EOF")
    assert fonts_of(content) == {"Noto-Sans-CJK-SC", "Noto-Sans-CJK-SC-Bold"}


def fonts_of(content):
    """The names of the type faces in a PDF, for those who wrote in Chinese and got empty boxes."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL)
    plain = [content]
    for stream in streams:
        try:
            plain.append(zlib.decompress(stream))
        except zlib.error:
            continue
    return {name.decode() for text in plain for name in re.findall(rb"/BaseFont /[A-Z]{6}\+([\w-]+)", text)}


def test_a_pdf_loads_nothing_that_people_wrote(monkeypatch):
    from core import documents

    asked = []
    monkeypatch.setattr(documents, "_fetch_nothing", asked.append)
    to_pdf(
        Document("图片", [Paragraph('<img src="http://127.0.0.1/"><link rel="stylesheet" href="file:///etc/passwd">')])
    )
    assert asked == []


def test_without_pango_a_pdf_is_refused_in_words(no_pango):
    with pytest.raises(NoPdf, match="打印"):
        to_pdf(DOCUMENT)


def test_without_pango_the_page_is_answered_with_a_note(no_pango, request_with_messages):
    answer = answer_document(request_with_messages, DOCUMENT, "pdf", name="总结")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert [str(message) for message in get_messages(request_with_messages)] == [NO_PDF]
