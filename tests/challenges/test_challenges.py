"""The clock, the extension, the criteria and the copy of a challenge."""

import pytest


@pytest.mark.parametrize("status", ["draft", "collecting", "screening", "board", "cancelled"])
def test_a_challenge_comes_in_any_phase(status, new_challenge):
    challenge = new_challenge(status)
    assert (challenge.status, challenge.is_open(status)) == (status, status in {"collecting", "screening", "board"})
