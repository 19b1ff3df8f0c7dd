"""Tags and the conditions that clients build from them."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ParseError

from core.api.etags import ENTITY_TAG, is_known, is_stale, tag_of, to_bytes

PRINTABLE = st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters='"', exclude_categories=["Cc"])
TAGS = st.text(PRINTABLE, max_size=8).map(lambda text: f'"{text}"')
LISTS = st.lists(st.tuples(st.sampled_from(["", "W/"]), TAGS), min_size=1, max_size=4)
GAPS = st.sampled_from([",", ", ", " ,\t", ",,", ", ,"])


def asking(**headers):
    return SimpleNamespace(headers={name.replace("_", "-"): value for name, value in headers.items()})


@given(LISTS, GAPS, TAGS)
def test_conditions_compare_every_tag_of_a_list(listed, gap, present):
    text = gap.join(weakness + tag for weakness, tag in listed)
    assert is_stale(asking(If_Match=text), present) == (("", present) not in listed)
    assert is_known(asking(If_None_Match=text), present) == (present in {tag for _, tag in listed})


def outcome(holds, header, text):
    """What the condition says, or the beginning of the refusal."""
    try:
        return holds(SimpleNamespace(headers={header: text}), '"x"')
    except ParseError as refusal:
        return str(refusal).partition("：")[0]


@given(st.text(st.characters(max_codepoint=0xFF), max_size=30))
def test_whatever_a_header_says_it_is_compared_or_refused(text):
    assert outcome(is_stale, "If-Match", text) in {True, False, "请求头 If-Match 写法不对"}
    assert outcome(is_known, "If-None-Match", text) in {True, False, "请求头 If-None-Match 写法不对"}


@pytest.mark.parametrize("text", ["", " ", ",", "abc", '"abc', '"a" b', 'w/"a"', "*, *", '"a\x00"', '"a" "b', "''"])
def test_what_is_no_list_of_tags_is_refused(text):
    with pytest.raises(ParseError):
        is_stale(asking(If_Match=text), '"x"')


def test_a_star_means_any_version():
    assert (is_stale(asking(If_Match=" * "), '"x"'), is_known(asking(If_None_Match="*"), '"x"')) == (False, True)


def test_without_headers_nothing_is_asked():
    assert (is_stale(asking(), '"x"'), is_known(asking(), '"x"')) == (False, False)


@given(
    st.dictionaries(st.text(max_size=3), st.text(max_size=5)), st.dictionaries(st.text(max_size=3), st.text(max_size=5))
)
def test_tags_are_equal_when_the_bytes_are(one, other):
    assert (tag_of(one) == tag_of(other)) == (to_bytes(one) == to_bytes(other))
    assert ENTITY_TAG.fullmatch(tag_of(one))
