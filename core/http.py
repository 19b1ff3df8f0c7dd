"""What views of several apps share: partial pages, and input that no page can use."""

import re

from django.core.exceptions import BadRequest
from django.shortcuts import render

# A NUL cannot be stored by PostgreSQL, a lone surrogate not be encoded at all.
UNREADABLE = re.compile("[\x00\ud800-\udfff]")
# Nor can these stand in an office file, which is XML.
CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def without_controls(text):
    """The text as an office file can hold it, with one kind of line ends.

    >>> without_controls("两行\\r\\n文字\\x0b")
    '两行\\n文字'
    """
    return CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def render_page(request, template, context, *, status=200, **partials):
    """Render the page, or the partial whose id the htmx request targets (`need_table` for `need-table`)."""
    target = (request.htmx.target or "").replace("-", "_")
    return render(request, partials.get(target, template), context, status=status)


class RefuseUnreadableInput:
    """Answer 400 to addresses and form fields with characters that no database takes."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        texts = [request.path, *(value for values in request.GET.lists() for value in [values[0], *values[1]])]
        if request.method == "POST" and request.content_type != "application/json":
            texts += [value for name, values in request.POST.lists() for value in [name, *values]]
        if any(UNREADABLE.search(text) for text in texts):
            raise BadRequest("输入里含有无法识别的控制字符，请删除后重新提交。")
