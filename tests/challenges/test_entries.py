"""Entering needs: the clock, the consent and what it opens, the steps back and forth."""

import pytest

from challenges.models import Entry


@pytest.mark.parametrize("status", ["entered", "returned", "withdrawn", "selected", "not_selected", "on_board"])
def test_an_entry_comes_in_any_status(status, new_entry):
    entry = new_entry(status)
    assert (entry.status, bool(entry.board_number)) == (status, status == "on_board")
    assert Entry.objects.count() == 1
