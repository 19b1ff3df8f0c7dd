"""The components of the style guide: tags, drawings, fields, and the rules every template keeps."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from django import forms
from django.core.paginator import Paginator
from django.template import Context, RequestContext, Template
from django.test import RequestFactory
from django.urls import reverse

from frontend.drawing import Bar, Tick, draw_range, write_interval
from frontend.templatetags import ui

FRONTEND = Path(ui.__file__).parent.parent
TEMPLATES = sorted((FRONTEND / "templates").rglob("*.html"))


def render(source, request=None, **context):
    """The rendered template without the space between its tags."""
    html = Template("{% load ui %}" + source).render(RequestContext(request, context))
    return re.sub(r"\s+", " ", re.sub(r">\s+<", "><", html)).strip()


# Tags


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (None, ""),
        (0, "0 万元"),
        (8000, "0.8 万元"),
        (125_000, "12.5 万元"),
        (12_345, "1.2345 万元"),
        (10**8, "10,000 万元"),
    ],
)
def test_money_is_shown_in_ten_thousands(amount, shown):
    assert ui.wan(amount) == shown


def test_a_verdict_carries_its_sign_and_a_status_does_not():
    assert [ui.badge("pass", "满足"), ui.badge("draft", "草稿")] == [
        '<span class="badge badge--pass">'
        '<svg class="icon icon--pass" aria-hidden="true"><use href="#icon-pass"/></svg>满足</span>',
        '<span class="badge badge--draft">草稿</span>',
    ]


def test_what_people_wrote_is_escaped():
    assert ui.badge("draft", "<b>") == '<span class="badge badge--draft">&lt;b&gt;</span>'


def test_a_lone_icon_speaks():
    assert (
        ui.icon("menu", "菜单")
        == '<svg class="icon icon--menu" role="img" aria-label="菜单"><use href="#icon-menu"/></svg>'
    )


def test_every_icon_in_use_is_drawn():
    drawn = set(re.findall(r'<symbol id="icon-(\w+)"', (FRONTEND / "templates/icons.html").read_text()))
    used = {name for path in TEMPLATES for name in re.findall(r'{% icon "(\w+)"', path.read_text())}
    used |= ui.VERDICTS
    assert used - drawn == set()


@dataclass(frozen=True)
class Mark:
    span: tuple[int, int]
    kind: str = ""


@dataclass(frozen=True)
class Marks:
    items: tuple[Mark, ...] = ()
    unread: tuple[Mark, ...] = ()


def test_readings_are_underlined_in_their_place():
    reading = Marks(items=(Mark((3, 9), "range"),), unread=(Mark((10, 12)),))
    assert ui.marked_text("<行程0~5 mm，大概>", reading) == (
        '&lt;行程<mark class="reading__mark reading__mark--range" title="测量范围">0~5 mm</mark>，'
        '<mark class="reading__mark reading__mark--unread" title="未能识别">大概</mark>&gt;'
    )


def test_two_readings_of_one_piece_are_underlined_once():
    reading = Marks(items=(Mark((0, 2), "accuracy_class"), Mark((1, 3), "mpe")))
    assert ui.marked_text("E2级", reading) == (
        '<mark class="reading__mark reading__mark--accuracy_class" title="准确度等级">E2</mark>级'
    )


@pytest.mark.parametrize(
    ("current", "states"),
    [
        ("a", ["current", "todo", "todo"]),
        ("c", ["done", "done", "current"]),
        ("elsewhere", ["todo", "todo", "todo"]),
    ],
)
def test_the_step_bar_knows_what_is_done(current, states):
    steps = [("a", "甲"), ("b", "乙"), ("c", "丙")]
    assert ui.step_bar(steps, current)["steps"] == list(zip("甲乙丙", states, strict=True))


def test_a_score_is_made_of_its_parts_and_what_was_taken_is_hatched():
    parts = [("text", "用词", 30.0), ("code", "规范", 10.0), ("measurement", "指标", -20.0), ("region", "地区", 0.0)]
    assert ui.score_bar(20.0, parts) == {
        "bars": [("text", "0.00%", "30.00%"), ("code", "30.00%", "10.00%")],
        "taken": ("20.00%", "20.00%"),
        "keys": [("text", "用词", "+30.0"), ("code", "规范", "+10.0"), ("lost", "指标", "−20.0")],
    }


def test_a_score_of_nothing_is_an_empty_bar():
    assert ui.score_bar(0, []) == {"bars": [], "taken": None, "keys": []}


def test_pages_keep_the_question():
    request = RequestFactory().get("/needs/", {"q": "压力", "page": "1"})
    html = render(
        '{% include "components/_pagination.html" with target="need-table" %}',
        page=Paginator(range(50), 20).get_page(1),
        request=request,
    )
    assert re.findall(r'href="([^"]+)"', html) == [
        "?q=%E5%8E%8B%E5%8A%9B&amp;page=2",
        "?q=%E5%8E%8B%E5%8A%9B&amp;page=3",
    ]
    assert re.findall(r'hx-(?:get|target)="([^"]+)"', html) == [
        "#need-table",
        "/needs/?q=%E5%8E%8B%E5%8A%9B&amp;page=2",
        "/needs/?q=%E5%8E%8B%E5%8A%9B&amp;page=3",
    ]


def test_one_page_has_no_page_numbers():
    html = render('{% include "components/_pagination.html" %}', page=Paginator(range(3), 20).get_page(1))
    assert html == '<div class="pagination"><p>共 <span class="number">3</span> 条</p></div>'


# Drawings


def test_a_range_is_drawn_to_scale_with_what_is_missing():
    bar = draw_range([(-70, 180)], [(-40, 150)], [(-70, -40), (150, 180)], unit="℃")
    assert (bar.need, bar.offered, bar.uncovered) == (
        (Bar("14.29%", "71.43%", "−70 ~ 180\u00a0℃"),),
        (Bar("22.86%", "54.29%", "−40 ~ 150\u00a0℃"),),
        (Bar("14.29%", "8.57%", "−70 ~ −40\u00a0℃"), Bar("77.14%", "8.57%", "150 ~ 180\u00a0℃")),
    )
    assert bar.ticks == (
        Tick("5.71%", "−100", "middle"),
        Tick("34.29%", "0", "middle"),
        Tick("62.86%", "100", "middle"),
        Tick("91.43%", "200", "middle"),
    )


def test_decades_are_equally_far_apart():
    bar = draw_range([(1, 10_000)], [(10, 1000)], is_log=True)
    assert bar.ticks == (
        Tick("14.29%", "1", "middle"),
        Tick("32.14%", "10", "middle"),
        Tick("50.00%", "100", "middle"),
        Tick("67.86%", "1000", "middle"),
        Tick("85.71%", "10000", "middle"),
    )


def test_what_is_offered_beyond_the_axis_runs_out_at_the_edge():
    (offered,) = draw_range([(0, 500)], [(0, None)], unit="mm").offered
    assert (offered.label, offered.runs_left, offered.runs_right) == ("≥ 0\u00a0mm", False, True)


def test_a_single_point_is_still_seen():
    (need,) = draw_range([(20, 20)], [(0, 100)]).need
    assert (need.width, need.label) == ("0.60%", "20")


@pytest.mark.parametrize(
    ("need", "offered"),
    [([], []), ([(None, None)], []), ([(float("inf"), float("nan"))], [])],
)
def test_nothing_is_drawn_without_a_known_end(need, offered):
    assert draw_range(need, offered) is None


@pytest.mark.parametrize("ends", [(-1e30, 1e30), (0, 0), (1e-30, 2e-30), (-5, None), (None, -5), (0, 1e-300)])
@pytest.mark.parametrize("is_log", [False, True])
def test_any_range_lies_within_the_drawing(ends, is_log):
    bar = draw_range([ends], [ends], [ends], is_log=is_log)
    for piece in (*bar.need, *bar.offered, *bar.uncovered):
        left, width = float(piece.x.removesuffix("%")), float(piece.width.removesuffix("%"))
        assert 0 <= left <= left + width <= 100.01


def test_a_logarithmic_axis_without_a_positive_end_is_drawn_linear():
    assert draw_range([(-10, 0)], [], is_log=True).is_log is False


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0, 500, "0 ~ 500"),
        (None, 3, "≤ 3"),
        (3, None, "≥ 3"),
        (5, 5, "5"),
        (None, None, "未写明"),
        (1e-9, 2.65e10, "10⁻⁹ ~ 2.65×10¹⁰"),
    ],
)
def test_intervals_are_written_as_the_trade_writes_them(low, high, text):
    assert write_interval(low, high) == text


# Fields


class FieldForm(forms.Form):
    title = forms.CharField(label="需求名称", help_text="一句话。")
    agrees = forms.BooleanField(label="同意", required=False)
    level = forms.ChoiceField(label="级别", choices=[("1", "公开")], widget=forms.RadioSelect)


def test_a_field_names_its_help_and_its_error():
    html = render("{{ form.title.as_field_group }}", form=FieldForm({}))
    assert html == (
        '<div class="field"><label class="field__label" for="id_title">'
        '需求名称<span class="field__required">必填</span></label>'
        '<input type="text" name="title" required aria-invalid="true" '
        'aria-describedby="id_title_helptext id_title_error" id="id_title">'
        '<p class="field__help" id="id_title_helptext">一句话。</p>'
        '<ul class="errorlist" id="id_title_error"><li>该字段是必填项。</li></ul></div>'
    )


def test_a_check_box_stands_before_its_label():
    html = render("{{ form.agrees.as_field_group }}", form=FieldForm())
    assert html == (
        '<div class="field field--check"><input type="checkbox" name="agrees" id="id_agrees">'
        '<label class="field__label" for="id_agrees">同意</label></div>'
    )


def test_choices_share_a_legend():
    html = render("{{ form.level.as_field_group }}", form=FieldForm())
    assert re.findall(r"<(fieldset|legend|label|input)\b", html) == ["fieldset", "legend", "label", "input"]


# The rules of every template


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(FRONTEND / "templates")))
def test_no_template_has_an_inline_style_script_or_handler(path):
    found = re.findall(
        r"\sstyle=|<style|<script(?![^>]*\ssrc=)|\son[a-z]+=|javascript:", path.read_text(), re.IGNORECASE
    )
    assert found == []


def test_every_style_sheet_is_linked():
    linked = re.findall(r"css/([\w-]+\.css)", (FRONTEND / "templates/components/_stylesheets.html").read_text())
    assert sorted(linked) == sorted(path.name for path in (FRONTEND / "static/css").iterdir())


def test_colours_come_from_the_tokens():
    found = {
        (path.name, colour)
        for path in (FRONTEND / "static/css").iterdir()
        if path.name != "tokens.css"
        for colour in re.findall(r"#[0-9a-f]{3,8}\b|\brgba?\(|\bhsla?\(", path.read_text())
    }
    assert found == set()


def test_every_token_in_use_is_defined():
    sheets = {path.name: path.read_text() for path in (FRONTEND / "static/css").iterdir()}
    used = {name for text in sheets.values() for name in re.findall(r"var\((--[\w-]+)", text)}
    defined = {name for text in sheets.values() for name in re.findall(r"(--[\w-]+):", text)}
    assert used - defined == set()


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "500"])
def test_error_pages_need_no_request(name):
    html = Template('{% include "' + name + '.html" %}').render(Context())
    assert re.findall(r"<h1[^>]*>(.+?)</h1>", html) == re.findall(r"<title>(.+?) · 量值通</title>", html)


def test_everybody_sees_the_style_guide(client):
    assert client.get(reverse("styleguide")).status_code == 200


@pytest.fixture
def open_page(live_server, browser):
    """Opens an address in Chromium and returns the page; console messages are in `page.said`."""
    pages = []

    def open_address(address, *, width, scheme):
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        pages.append(page)
        page.said = []
        page.on("console", lambda message: page.said.append(message.text))
        page.goto(live_server.url + address)
        return page

    yield open_address
    for page in pages:
        page.close()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_style_guide_is_accessible_and_fits(open_page, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = open_page("/styleguide/", width=width, scheme=scheme)
    violations = [(each["id"], each["nodes"][0]["html"]) for each in Axe().run(page).response["violations"]]
    assert (violations, page.said, page.evaluate("document.documentElement.scrollWidth")) == ([], [], width)


@pytest.mark.browser
def test_a_line_is_added_in_place_and_folded_when_removed(open_page):
    page = open_page("/styleguide/", width=1280, scheme="light")
    page.click("[name=add_line]")
    rows = page.locator(".line-editor__rows > .line-editor__row")
    page.check("[name=lines-0-DELETE]")
    assert (rows.count(), page.input_value("[name=lines-TOTAL_FORMS]")) == (3, "3")
    assert [page.locator(f"[name=lines-{index}-object_name]").is_visible() for index in range(3)] == [False, True, True]
