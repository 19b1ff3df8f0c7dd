"""Tags of what a reader sees, and whether a request's conditions hold for them (RFC 9110, 13.1)."""

import hashlib
import re

from rest_framework.exceptions import ParseError
from rest_framework.renderers import JSONRenderer

# Between the quotes stands whatever is printable, commas too.
ENTITY_TAG = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')
ANY = "*"


class OneFormRenderer(JSONRenderer):
    """JSON in one form only, so that a tag stands for the very bytes of an answer."""

    def get_indent(self, accepted_media_type, renderer_context):
        return None


def to_bytes(data) -> bytes:
    """The body of an answer with this data."""
    return OneFormRenderer().render(data)


def tag_of(data) -> str:
    """The strong tag of an answer; it tells a reader no more than the answer itself."""
    return f'"{hashlib.sha256(to_bytes(data)).hexdigest()}"'


def is_conditional(request) -> bool:
    return "If-Match" in request.headers or "If-None-Match" in request.headers


def is_stale(request, tag: str) -> bool:
    """Whether the client wants another version than the present one; a weak tag stands for no version."""
    wanted = _tags_in(request, "If-Match")
    return wanted is not None and ANY not in wanted and ("", tag) not in wanted


def is_known(request, tag: str) -> bool:
    """Whether the client has the present version already, or wants none to exist."""
    known = _tags_in(request, "If-None-Match")
    return known is not None and (ANY in known or tag in {value for _, value in known})


def _tags_in(request, header: str) -> list | None:
    """The tags of a header as pairs of weakness and value, `[ANY]`, or None without the header."""
    text = request.headers.get(header)
    if text is None:
        return None
    if text.strip() == ANY:
        return [ANY]
    tags = ENTITY_TAG.findall(text)
    if not tags or ENTITY_TAG.sub("", text).strip(" \t,"):
        raise ParseError(f"请求头 {header} 写法不对：请照填读取时得到的 ETag（带双引号，多个以逗号隔开），或填写 *。")
    return tags
