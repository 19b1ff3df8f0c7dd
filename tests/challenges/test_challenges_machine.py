"""Whatever organisers do in whatever order, and whenever: no phase begins unready, none comes back, one extension."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import time_machine
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from challenges.models import Challenge, Entry
from challenges.services.challenges import (
    create_challenge,
    extend_window,
    move_challenge,
    set_criteria,
    set_windows,
    update_challenge,
)
from challenges.services.entries import enter_need, move_entry
from challenges.workflow import PHASES as ALL_PHASES
from core.history import find_break
from core.models import Event
from core.workflow import TransitionError

START = datetime(2026, 6, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
# The solutions and what follows have machines of their own.
PHASES = ALL_PHASES[:3]
REFUSED = (TransitionError, ValidationError)
ORDER = ["draft", *map(str, PHASES), "cancelled"]
SPAN = st.tuples(st.integers(-3, 30), st.integers(-1, 14))
PHASE = st.sampled_from(PHASES)
WEIGHTS = st.lists(st.integers(1, 100), min_size=1, max_size=4) | st.sampled_from([[100], [60, 40], [25, 25, 50]])


class Challenges(RuleBasedStateMachine):
    """The machine decides in its own plain way whether a phase may begin, and remembers what was promised."""

    organiser = owner = need = None

    @initialize(steps=st.integers(0, len(PHASES)))
    def begin(self, steps):
        """At any phase, or before the first."""
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.traveller = time_machine.travel(START, tick=False)
        self.clock = self.traveller.start()
        body = self.organiser.authorities[0]
        self.pk = create_challenge(actor=self.organiser, organiser=body, name="任意的赛事").pk
        self.seen, self.promised = ["draft"], {}
        ways = [
            [self.plan_well, lambda: self.write("在线测量")],
            [self.enter, self.the_call_ends],
            [lambda: self.decide(True)],
        ]
        for way in ways[:steps]:
            for do in [*way, self.open_the_next, self.no_phase_comes_back]:
                do()

    def teardown(self):
        if hasattr(self, "atomic"):
            self.traveller.stop()
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    @rule(hours=st.integers(1, 24 * 9))
    def time_passes(self, hours):
        self.clock.shift(timedelta(hours=hours))

    @rule()
    def the_call_ends(self):
        window = self.load().window("collecting")
        if window and not window.is_over:
            self.clock.move_to(window.closes_at, tick=False)

    @rule(texts=st.sampled_from(["", "  ", "在线测量"]))
    def write(self, texts):
        with suppress(*REFUSED):
            update_challenge(self.load(), actor=self.organiser, theme=texts, rules_text=texts)

    @rule(spans=st.dictionaries(PHASE, SPAN))
    def plan(self, spans):
        self.set_calendar({phase: (start, start + length) for phase, (start, length) in spans.items()})

    @rule()
    def plan_well(self):
        self.set_calendar({phase: (number * 10, number * 10 + 9) for number, phase in enumerate(PHASES)})

    def set_calendar(self, days):
        now = timezone.now()
        calendar = {phase: (now + start * DAY, now + end * DAY) for phase, (start, end) in days.items()}
        for window in self.load().windows.all():
            calendar.setdefault(window.phase, (window.opens_at, window.closes_at))
        with suppress(*REFUSED), transaction.atomic():
            set_windows(self.load(), actor=self.organiser, calendar=calendar)

    @rule(stage=st.sampled_from(["screening", "solution"]), weights=WEIGHTS)
    def judge(self, stage, weights):
        rows = [{"name": f"第{number}项", "weight": weight} for number, weight in enumerate(weights)]
        with suppress(*REFUSED):
            set_criteria(self.load(), stage, actor=self.organiser, criteria=rows)

    @rule(phase=PHASE, days=st.integers(-1, 9), reason=st.sampled_from(["台风停工", " "]))
    def extend(self, phase, days, reason):
        window = self.load().window(phase)
        closes_at = (window.closes_at if window else timezone.now()) + days * DAY
        with suppress(*REFUSED):
            extend_window(self.load(), phase, actor=self.organiser, closes_at=closes_at, reason=reason)

    @rule(days=st.integers(1, 5))
    def extend_the_present(self, days):
        if (status := self.load().status) in PHASES:
            self.extend(status, days, "台风停工")

    @rule()
    def enter(self):
        with suppress(*REFUSED):
            enter_need(self.load(), self.need, actor=self.owner, consents=True)

    @rule(step=st.sampled_from(["return", "resubmit", "withdraw"]))
    def move_entry(self, step):
        for entry in Entry.objects.filter(challenge=self.pk):
            with suppress(*REFUSED):
                actor = self.organiser if step == "return" else self.owner
                move_entry(entry, step, actor=actor, note="请补充")

    @rule(confirmed=st.booleans())
    def decide(self, confirmed):
        """What experts and the enterprise say, as it stands in the end."""
        entries = Entry.objects.filter(
            challenge=self.pk, challenge__status="screening", status__in=["entered", "selected"]
        )
        words = {"board_title": "坐标测量机校准", "board_text": "长度示值误差"}
        entries.update(status="selected", confirmed_at=timezone.now() if confirmed else None, **words)

    @rule(phase=PHASE)
    def open(self, phase):
        is_ready = self.is_ready(phase)
        try:
            move_challenge(self.load(), f"open_{phase}", actor=self.organiser)
        except TransitionError:
            assert not is_ready
        else:
            assert is_ready

    @rule()
    def open_the_next(self):
        if self.load().status in ORDER[:-2]:
            self.open(PHASES[ORDER.index(self.load().status)])

    @rule(note=st.sampled_from(["", "", "经费未落实"]), dice=st.integers(0, 5))
    def cancel(self, note, dice):
        if dice == 0:
            with suppress(TransitionError):
                move_challenge(self.load(), "cancel", actor=self.organiser, note=note)

    def is_ready(self, phase):
        challenge, now = self.load(), timezone.now()
        ends = {window.phase: window.closes_at for window in challenge.windows.all()}
        entries = list(challenge.entries.all())
        if challenge.status != ORDER[ORDER.index(phase) - 1]:
            return False
        if phase == "collecting":
            weights = [
                sum(row.weight for row in challenge.criteria.filter(stage=stage)) for stage in ("screening", "solution")
            ]
            texts = challenge.theme.strip() and challenge.rules_text.strip()
            return bool(texts) and len(ends) == 3 and now < ends["collecting"] and weights == [100, 100]
        if phase == "screening":
            running = [entry for entry in entries if entry.status in {"entered", "selected"}]
            return now >= ends["collecting"] and bool(running) and all(entry.status != "returned" for entry in entries)
        decided = {"selected", "not_selected", "withdrawn"}
        chosen = [entry for entry in entries if entry.status == "selected"]
        return (
            bool(chosen) and all(each.confirmed_at for each in chosen) and {each.status for each in entries} <= decided
        )

    @invariant()
    def the_history_holds(self):
        assert find_break() is None

    @invariant()
    def no_phase_comes_back(self):
        if hasattr(self, "pk"):
            status = self.load().status
            if status != self.seen[-1]:
                self.seen.append(status)
            assert self.seen in (ORDER[: len(self.seen)], [*ORDER[: len(self.seen) - 1], "cancelled"])

    @invariant()
    def a_phase_is_put_off_at_most_once_and_in_public(self):
        for window in self.load().windows.all() if hasattr(self, "pk") else ():
            events = Event.objects.filter(subject_id=self.pk, action="extend", data__phase=window.phase)
            assert events.count() == (window.first_closes_at is not None) == bool(window.extension_reason)

    @invariant()
    def what_has_begun_keeps_its_times(self):
        challenge = self.load() if hasattr(self, "pk") else None
        if challenge is None or challenge.status == "draft":
            return
        for window in challenge.windows.all():
            if window.opens_at <= timezone.now():
                promised = (window.opens_at, window.first_closes_at or window.closes_at)
                assert self.promised.setdefault(window.phase, promised) == promised

    @invariant()
    def the_calendar_and_the_criteria_are_in_order(self):
        challenge = self.load() if hasattr(self, "pk") else None
        if challenge:
            ends = [challenge.window(phase).closes_at for phase in PHASES if challenge.window(phase)]
            assert ends == sorted(set(ends))
            for stage in ("screening", "solution"):
                assert sum(row.weight for row in challenge.criteria.filter(stage=stage)) == 100

    def load(self):
        return Challenge.objects.for_list().get(pk=self.pk)


def test_challenges_in_any_order(new_need, organiser, owner):
    class OfThisNeed(Challenges):
        pass

    OfThisNeed.organiser, OfThisNeed.owner, OfThisNeed.need = organiser, owner, new_need("published")
    run_machine(
        OfThisNeed,
        settings=settings(
            max_examples=12,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
