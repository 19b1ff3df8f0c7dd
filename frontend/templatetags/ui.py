"""Tags and filters of the components shown on /styleguide/."""

from django import template
from django.db.models import Choices
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe

from core.money import in_wan
from frontend.drawing import draw_range, stack

register = template.Library()

VERDICTS = frozenset({"pass", "partial", "fail", "unknown"})
READING_LABELS = {
    "range": "测量范围",
    "limit": "限值",
    "uncertainty": "不确定度",
    "mpe": "最大允许误差",
    "accuracy_class": "准确度等级",
    "resolution": "分辨力",
    "code": "规范",
}


@register.simple_tag
def icon(name, label=""):
    """A drawn sign; with a label if it stands alone."""
    spoken = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html('<svg class="icon icon--{}" {}><use href="#icon-{}"/></svg>', name, spoken, name)


@register.simple_tag
def badge(value, label):
    """A state as a badge; a verdict gets its sign, so that it does not hang on the colour."""
    sign = icon(value) if value in VERDICTS else ""
    return format_html('<span class="badge badge--{}">{}{}</span>', value, sign, label)


@register.simple_tag(takes_context=True)
def nav_link(context, name, label, count=None):
    """An entry of the main navigation, marked when the page is below it."""
    url = reverse(name)
    request = context.get("request")
    current = mark_safe(' aria-current="page"') if request and request.path == url else ""
    number = format_html(
        ' <span class="badge badge--count">{}<span class="visually-hidden"> 条未读</span></span>', count
    )
    return format_html(
        '<li class="nav__item"><a class="nav__link" href="{}"{}>{}{}</a></li>',
        url,
        current,
        label,
        number if count else "",
    )


@register.filter
def wan(amount):
    """An amount in 元 as 万元.

    >>> wan(125000), wan(8000), wan(Decimal("0.01")), wan(None)
    ('12.5 万元', '0.8 万元', '0.000001 万元', '')
    """
    return in_wan(amount)


@register.simple_tag
def elided_pages(page):
    """The page numbers to offer, with gaps."""
    return page.paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1)


@register.inclusion_tag("components/_step_bar.html")
def step_bar(steps, current, label="进度"):
    """The states of a workflow in order, from members of an enumeration or pairs of value and label."""
    steps = [(step.value, step.label) if isinstance(step, Choices) else step for step in steps]
    place = next((index for index, (value, _) in enumerate(steps) if value == current), -1)
    states = ["done" if index < place else "current" if index == place else "todo" for index in range(len(steps))]
    return {"label": label, "steps": [(name, state) for (_, name), state in zip(steps, states, strict=True)]}


@register.inclusion_tag("components/_range_bar.html")
def range_bar(need, offered, uncovered=(), unit="", axis="linear", title="测量范围"):
    """Needed and offered intervals to scale, from pairs of numbers in one unit; None is an open end."""
    return {"bar": draw_range(need, offered, uncovered, unit=unit, is_log=axis == "log"), "title": title}


@register.inclusion_tag("components/_score_bar.html")
def score_bar(score, parts):
    """The parts of a score as a stacked bar, from triples of code, label and points; what was taken is hatched."""
    parts = [(code, label, points) for code, label, points in parts if round(points, 1)]
    gained = [(code, points) for code, _, points in parts if points > 0]
    bars = [(code, *place) for (code, _), place in zip(gained, stack(points for _, points in gained), strict=True)]
    taken = stack([score, sum(points for _, points in gained) - score])[1]
    keys = [
        (code if points > 0 else "lost", label, f"{points:+.1f}".replace("-", "−")) for code, label, points in parts
    ]
    return {"bars": bars, "taken": taken if len(gained) < len(parts) else None, "keys": keys}


@register.simple_tag
def marked_text(text, reading):
    """The text with everything that was read underlined in its place."""
    found = [(*item.span, item.kind, READING_LABELS[item.kind]) for item in reading.items]
    found += [(*part.span, "unread", "未能识别") for part in reading.unread]
    pieces, end = [], 0
    for start, stop, kind, label in sorted(found):
        # One piece of text can state two things, such as a class and its table: the first keeps the place.
        if start >= end:
            pieces += [("", "", text[end:start]), (kind, label, text[start:stop])]
            end = stop
    pieces.append(("", "", text[end:]))
    return format_html_join("", "{}", ((_mark(*piece),) for piece in pieces))


def _mark(kind, label, text):
    if not kind:
        return text
    return format_html('<mark class="reading__mark reading__mark--{}" title="{}">{}</mark>', kind, label, text)
