"""Challenges in any phase; everything is made through the services."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from challenges.enums import ChallengeStatus as C
from challenges.models import Challenge, Entry, PhaseWindow
from challenges.services.board import confirm_item, post_items, prefilled, word_item
from challenges.services.challenges import create_challenge, move_challenge, set_windows
from challenges.services.entries import enter_need, move_entry
from challenges.workflow import PHASES

LENGTH, INTO = timedelta(days=14), timedelta(days=4)
# Which phase is under way; before the call none is.
PLACE = {C.DRAFT: -1, **{C(phase): place for place, phase in enumerate(PHASES)}, C.CANCELLED: 0}


def plan():
    """Two weeks for each phase, one after the other, with four days gone of the first."""
    starts = [timezone.now() - INTO + place * LENGTH for place in range(len(PHASES))]
    return {phase: (start, start + LENGTH) for phase, start in zip(PHASES, starts, strict=True)}


def let_pass(challenge, time):
    """Have so much time pass for the challenge."""
    windows = PhaseWindow.objects.filter(challenge=challenge)
    windows.update(opens_at=F("opens_at") - time, closes_at=F("closes_at") - time)


@pytest.fixture
def new_challenge(organiser):
    """Make challenges in a phase of which four days are gone and ten are left; what lies before has no entries."""

    def make(status="collecting", **fields):
        values = {
            "name": "产业计量挑战赛",
            "theme": "把产线上测不准的难题找出来",
            "rules_text": "面向企业征集。",
            **fields,
        }
        challenge = create_challenge(actor=organiser, organiser=organiser.authorities[0], **values)
        set_windows(challenge, actor=organiser, calendar=plan())
        if status != C.DRAFT:
            move_challenge(challenge, "open_collecting", actor=organiser)
        if status == C.CANCELLED:
            move_challenge(challenge, "cancel", actor=organiser, note="经费未落实")
        # The later phases need entries and reviews that most tests can do without.
        Challenge.objects.filter(pk=challenge.pk).update(status=status)
        let_pass(challenge, PLACE[status] * LENGTH)
        return Challenge.objects.get(pk=challenge.pk)

    return make


@pytest.fixture
def challenge(new_challenge):
    return new_challenge()


@pytest.fixture
def new_entry(new_need, owner, organiser, challenge):
    """Make entries in any status; what is on the board is worded and confirmed.

    What reviewers decide, and what is posted, is set as it is: the services have tests of their own.
    """

    def make(status="entered", *, need=None, challenge=challenge, is_worded=None, **fields):
        need = need or new_need("published", **fields)
        entry = enter_need(challenge, need, actor=owner, consents=True)
        if is_worded if is_worded is not None else status in {"selected", "on_board"}:
            word_and_confirm(entry, organiser, owner)
        if status in {"returned", "withdrawn"}:
            name, actor = {"returned": ("return", organiser), "withdrawn": ("withdraw", owner)}[status]
            move_entry(entry, name, actor=actor, note="请补充现场条件")
        if status in {"selected", "on_board", "not_selected"}:
            Entry.objects.filter(pk=entry.pk).update(status="selected" if status == "on_board" else status)
        if status == "on_board":
            post_items(challenge, actor=organiser)
        return Entry.objects.get(pk=entry.pk)

    return make


def word_and_confirm(entry, organiser, owner):
    """Have the organiser word the item as the need's public text has it, and the enterprise confirm."""
    entry = word_item(entry, actor=organiser, **prefilled(entry, organiser))
    confirm_item(entry, actor=owner, seen=entry.wording)
