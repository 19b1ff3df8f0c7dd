"""Challenges in any phase; everything is made through the services."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from challenges.enums import ChallengeStatus as C
from challenges.models import Challenge, PhaseWindow
from challenges.services.challenges import create_challenge, move_challenge, set_windows
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
