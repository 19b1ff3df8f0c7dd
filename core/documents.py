"""Documents to hand around: written once as headings, paragraphs, tables and figures, given out as DOCX, PDF or page.

A figure is a row of bars, each a label, a drawn length and a number. On pages and in the PDF the length is an SVG; in
DOCX, which holds no SVG of ours, it is a row of block characters. The number stands beside it in both.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from typing import ClassVar

from django.contrib import messages
from django.contrib.staticfiles import finders
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone

from core.http import without_controls

FONT = "Microsoft YaHei"
# So many block characters are the longest bar.
LONGEST = 24
NO_PDF = "这台服务器没有安装生成 PDF 的组件，请用浏览器的“打印”功能另存为 PDF；管理员可按运维说明安装 Pango。"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


# --- What a document is made of -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Heading:
    text: str
    kind: ClassVar[str] = "heading"


@dataclass(frozen=True)
class Paragraph:
    text: str
    kind: ClassVar[str] = "paragraph"


@dataclass(frozen=True)
class Bullets:
    items: Sequence[str]
    kind: ClassVar[str] = "bullets"


@dataclass(frozen=True)
class Table:
    """Rows of texts and numbers under their headings; the first of a row names the others."""

    rows: Sequence[Sequence[str | int | Decimal]]
    headings: Sequence[str] = ()
    caption: str = ""
    kind: ClassVar[str] = "table"

    @property
    def cells(self) -> list[list[tuple[str | int | Decimal, bool]]]:
        """The rows, each text with whether it is a number."""
        return [[(text, not isinstance(text, str)) for text in row] for row in self.rows]


@dataclass(frozen=True)
class Bar:
    """One bar of a figure; `words` stand in place of the bare number, such as “29 项”."""

    label: str
    value: Decimal | int
    words: str = ""

    @property
    def shown(self) -> str:
        return self.words or str(self.value)


@dataclass(frozen=True)
class Figure:
    """Bars that are as long as their values, beginning at nothing."""

    caption: str
    bars: Sequence[Bar]
    kind: ClassVar[str] = "figure"

    @property
    def drawn(self) -> list[tuple[Bar, int]]:
        """The bars, each with its length in percent of the longest."""
        longest = max((bar.value for bar in self.bars), default=0)
        return [(bar, round(100 * bar.value / longest) if longest else 0) for bar in self.bars]


Block = Heading | Paragraph | Bullets | Table | Figure


@dataclass(frozen=True)
class Document:
    title: str
    blocks: Sequence[Block]
    lead: str = ""


# --- As a page or PDF ---------------------------------------------------------------------------------------------


class NoPdf(Exception):
    """The machine lacks what PDF files are drawn with."""


def to_pdf(document: Document) -> bytes:
    """The document as PDF; NoPdf where Pango is missing."""
    return print_pdf("components/document_pdf.html", {"document": document}, style="document")


def print_pdf(template: str, context: dict, *, style: str) -> bytes:
    """A template of ours as PDF, with the style sheet of this one component; nothing is loaded from anywhere."""
    try:
        # Takes a second, and only few requests need it.
        from weasyprint import CSS, HTML
    except OSError as error:
        raise NoPdf(NO_PDF) from error
    styles = [CSS(filename=finders.find(f"css/{name}.css")) for name in ("tokens", style)]
    return HTML(string=render_to_string(template, context), url_fetcher=_fetch_nothing).write_pdf(stylesheets=styles)


def _fetch_nothing(url: str):
    raise ValueError(f"documents load nothing: {url}")


# --- As DOCX ------------------------------------------------------------------------------------------------------


def to_docx(document: Document) -> bytes:
    """The document as DOCX."""
    from docx import Document as Docx

    file = Docx()
    _prepare(file, document.title)
    file.add_heading(without_controls(document.title), level=0)
    if document.lead:
        file.add_paragraph(without_controls(document.lead))
    for block in document.blocks:
        DRAW[block.kind](file, block)
    content = io.BytesIO()
    file.save(content)
    return content.getvalue()


def _prepare(file, title: str) -> None:
    """Chinese type in all styles, and no trace of the library's template in the properties."""
    from docx.oxml.ns import qn

    for fonts in file.styles.element.iter(qn("w:rFonts")):
        # A theme's font would go before the named one.
        fonts.attrib.clear()
        for name in ("w:ascii", "w:hAnsi", "w:eastAsia", "w:cs"):
            fonts.set(qn(name), FONT)
    properties = file.core_properties
    properties.title, properties.author, properties.comments = without_controls(title)[:255], "", ""
    properties.language = "zh-CN"
    properties.created = properties.modified = timezone.now()


def _draw_heading(file, block: Heading) -> None:
    file.add_heading(without_controls(block.text), level=1)


def _draw_paragraph(file, block: Paragraph) -> None:
    file.add_paragraph(without_controls(block.text))


def _draw_bullets(file, block: Bullets) -> None:
    for item in block.items:
        file.add_paragraph(without_controls(item), style="List Bullet")


def _draw_table(file, block: Table) -> None:
    _add_caption(file, block.caption)
    _add_rows(file, block.rows, block.headings)


def _draw_figure(file, block: Figure) -> None:
    _add_caption(file, block.caption)
    _add_rows(file, [(bar.label, "█" * ceil(LONGEST * share / 100), bar.shown) for bar, share in block.drawn])


DRAW = {
    Heading.kind: _draw_heading,
    Paragraph.kind: _draw_paragraph,
    Bullets.kind: _draw_bullets,
    Table.kind: _draw_table,
    Figure.kind: _draw_figure,
}


def _add_caption(file, caption: str) -> None:
    if caption:
        paragraph = file.add_paragraph()
        paragraph.add_run(without_controls(caption)).bold = True
        paragraph.paragraph_format.keep_with_next = True


def _add_rows(file, rows: Sequence[Sequence[str | int | Decimal]], headings: Sequence[str] = ()) -> None:
    """A table; its headings are repeated on each page, and what names a row is bold."""
    from docx.oxml import OxmlElement

    lines = [headings, *rows] if headings else rows
    if not lines:
        return
    table = file.add_table(rows=len(lines), cols=len(lines[0]), style="Table Grid")
    for line, row in zip(lines, table.rows, strict=True):
        for place, (text, cell) in enumerate(zip(line, row.cells, strict=True)):
            run = cell.paragraphs[0].add_run(without_controls(str(text)))
            run.bold = line is headings or place == 0
    if headings:
        table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    file.add_paragraph()


# --- Given out ----------------------------------------------------------------------------------------------------


def answer_document(request: HttpRequest, document: Document, kind: str, *, name: str) -> HttpResponse:
    """The document as a download of this kind, or as a page; where there is no PDF, the page with a note."""
    if kind == "docx":
        return _download(to_docx(document), f"{name}.docx", DOCX)
    try:
        if kind == "pdf":
            return answer_pdf(to_pdf(document), name=name)
    except NoPdf as error:
        messages.warning(request, str(error))
    return render(request, "components/document_page.html", {"document": document})


def answer_pdf(content: bytes, *, name: str) -> FileResponse:
    return _download(content, f"{name}.pdf", "application/pdf")


def _download(content: bytes, name: str, content_type: str) -> FileResponse:
    return FileResponse(io.BytesIO(content), as_attachment=True, filename=name, content_type=content_type)
