import pytest

from core.http import UNREADABLE


@pytest.mark.parametrize("text", ["\x00", "a\x00b", chr(0xD800), chr(0xDFFF)])
def test_what_no_database_takes(text):
    assert UNREADABLE.search(text)


@pytest.mark.parametrize("text", ["", "压力", "😀", "\t\n", "\x1f", "\ufffd", "\ue000"])
def test_what_is_merely_unusual(text):
    assert not UNREADABLE.search(text)


@pytest.mark.parametrize(
    ("target", "is_whole"), [("need-table", False), ("", True), ("nonsense", True), ("__class__", True)]
)
def test_only_the_part_that_was_asked_for_is_rendered(target, is_whole, client, db):
    page = client.get("/needs/", headers={"HX-Request": "true", "HX-Target": target}).content.decode()
    assert ("<html" in page) == is_whole
