"""What the API takes and refuses before any endpoint looks at it."""

from io import BytesIO

import pytest
from rest_framework.exceptions import ParseError

from core.api import MAX_DEPTH, NOT_JSON, TOO_BIG, StrictJSONParser


def parse(body: bytes):
    return StrictJSONParser().parse(BytesIO(body))


def nested(depth):
    return b'{"a":' * depth + b"1" + b"}" * depth


@pytest.mark.parametrize(
    ("body", "data"), [(b'{"a": ["\xe5\x8e\x8b", 1.5]}', {"a": ["压", 1.5]}), (b"[]", []), (b'"\\ud83d\\ude00"', "😀")]
)
def test_good_json_is_read(body, data):
    assert parse(body) == data


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", NOT_JSON),
        (b"null", NOT_JSON),
        (b"NaN", NOT_JSON),
        (b"-Infinity", NOT_JSON),
        (b"\xff", NOT_JSON),
        (b'{"a": %s}' % (b"9" * 5000), NOT_JSON),
        (b"[" * 100_000, "JSON 嵌套过深，请拆平后重新提交。"),
        (nested(MAX_DEPTH + 1), "JSON 嵌套过深，请拆平后重新提交。"),
        (b'"\\u0000"', "文本里含有无法识别的控制字符，请删除后重新提交。"),
        (b'{"\\udfff": 1}', "文本里含有无法识别的控制字符，请删除后重新提交。"),
        (b'[{"a": ["\\ud800"]}]', "文本里含有无法识别的控制字符，请删除后重新提交。"),
        (b'"%s"' % (b"x" * 2 * 1024 * 1024), TOO_BIG),
    ],
    ids=lambda value: ascii(value[:12]),
)
def test_bad_json_is_refused_in_words(body, reason):
    with pytest.raises(ParseError) as refusal:
        parse(body)
    assert str(refusal.value.detail) == reason


def test_the_deepest_that_is_allowed():
    assert parse(nested(MAX_DEPTH)) is not None
