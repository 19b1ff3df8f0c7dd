"""From the board to the archive in any order: no phase begins unready, and decisions come out at one moment."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from challenges.models import Challenge, Decision, Entry, FinalsMark, PhaseWindow, Solution
from challenges.services.challenges import move_challenge
from challenges.services.follow_ups import fill_follow_up
from challenges.services.objections import answer_objection, raise_objection
from challenges.services.signing import open_docking_for
from challenges.workflow import PHASES
from core.history import find_break
from core.workflow import TransitionError
from partnerships.models import Docking
from tests.challenges.conftest import LENGTH, fresh

pytestmark = pytest.mark.django_db

START = datetime(2026, 6, 1, 1, tzinfo=UTC)
REFUSED = (TransitionError, ValidationError)
LATER = [str(phase) for phase in PHASES[PHASES.index("board") :]]
JUDGED = ["admitted", "shortlisted", "not_shortlisted"]
RELEASED = ["selected", "commended", "not_selected"]
WHICH = st.integers(0, 2)


class LaterPhases(RuleBasedStateMachine):
    """The machine says in its own plain way what each phase asks for; what experts do is set as it stands."""

    organiser = judge = stranger = item = bodies = None

    @initialize(has_finals=st.booleans(), steps=st.integers(0, len(LATER)))
    def begin(self, has_finals, steps):
        """At any phase from the board on, or at the archive."""
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.traveller = time_machine.travel(START, tick=False)
        self.clock = self.traveller.start()
        self.pk, self.seen = self.item.challenge_id, ["board"]
        PhaseWindow.objects.filter(challenge=self.pk).delete()
        for number, phase in enumerate(PHASES):
            if phase != "finals" or has_finals:
                at = START + (number - PHASES.index("board")) * LENGTH
                PhaseWindow.objects.create(challenge_id=self.pk, phase=phase, opens_at=at, closes_at=at + LENGTH)
        way = [phase for phase in [*LATER[1:], "archived"] if phase != "finals" or has_finals]
        for phase in way[:steps]:
            self.do_well(phase)
            self.open(phase)
            self.no_phase_comes_back()

    def do_well(self, phase):
        """All that is asked for before the phase."""
        ends = {"reviewing": "solving", "finals": "reviewing", "announced": "finals", "signing": "announced"}
        for which in range(3):
            if phase == "reviewing":
                self.answer(which, "submitted")
                self.admit(which, "admitted")
            elif phase == "finals":
                self.shortlist(which, "not_shortlisted" if which else "shortlisted")
            elif phase == "announced":
                self.mark(which)
                self.propose(which, "not_selected" if which else "selected", "依据不足")
            elif phase == "tracking":
                self.sign(which)
        if window := PhaseWindow.objects.filter(challenge=self.pk, phase=ends.get(phase)).first():
            self.clock.shift(max(window.closes_at - timezone.now(), timedelta(0)))
        if phase == "archived":
            self.clock.shift(timedelta(days=366))
            self.fill()

    def teardown(self):
        if hasattr(self, "atomic"):
            self.traveller.stop()
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    @rule(days=st.integers(1, 20))
    def time_passes(self, days):
        self.clock.shift(timedelta(days=days))

    @rule(which=WHICH, status=st.sampled_from(["draft", "submitted", "withdrawn"]))
    def answer(self, which, status):
        if self.load().status in {"board", "solving"}:
            times = {"submitted_at": timezone.now() if status == "submitted" else None}
            Solution.objects.update_or_create(
                entry=self.item,
                organisation=self.bodies[which].organisation,
                defaults={"author": self.organiser, "capability": self.bodies[which], "status": status, **times},
            )

    @rule(which=WHICH, status=st.sampled_from(["admitted", "admitted", "not_admitted"]))
    def admit(self, which, status):
        self.set_status("solving", which, {"submitted", "admitted", "not_admitted"}, status)

    @rule(which=WHICH, status=st.sampled_from(["shortlisted", "not_shortlisted"]))
    def shortlist(self, which, status):
        self.set_status("reviewing", which, set(JUDGED), status)

    def set_status(self, phase, which, sources, status):
        if self.load().status == phase:
            self.solutions().filter(organisation=self.bodies[which].organisation, status__in=sources).update(
                status=status
            )

    @rule(which=WHICH)
    def mark(self, which):
        for solution in self.of(which).filter(status="shortlisted", entry__challenge__status="finals"):
            self.of(which).update(draw_order=which + 1)
            FinalsMark.objects.get_or_create(
                solution=solution, judge=self.judge, author=self.organiser, defaults={"points": 80}
            )

    @rule(which=WHICH, outcome=st.sampled_from(RELEASED), text=st.sampled_from(["", "依据不足", "依据不足"]))
    def propose(self, which, outcome, text):
        for solution in self.of(which).filter(status__in=JUDGED):
            Decision.objects.update_or_create(
                solution=solution, defaults={"outcome": outcome, "text": text, "author": self.organiser}
            )

    @rule()
    def object(self):
        with suppress(*REFUSED):
            actor = fresh(self.stranger)
            raise_objection(self.load(), actor=actor, organisation=actor.organisations[0], text="请复核")

    @rule(is_upheld=st.booleans())
    def reply(self, is_upheld):
        for objection in self.load().objections.filter(answered_at=None)[:1]:
            answer_objection(objection, actor=self.organiser, is_upheld=is_upheld, answer="已复核")

    @rule(which=WHICH)
    def sign(self, which):
        for solution in self.of(which):
            with suppress(*REFUSED):
                open_docking_for(solution, actor=self.organiser, steward=self.organiser)

    @rule()
    def fill(self):
        for solution in self.solutions():
            for follow_up in solution.follow_ups.filter(done_on=None):
                with suppress(*REFUSED):
                    fill_follow_up(follow_up, actor=self.organiser, state="in_use", text="已交付")

    @rule(phase=st.sampled_from([*LATER, "archived"]))
    def open(self, phase):
        name, is_ready = "archive" if phase == "archived" else f"open_{phase}", self.is_ready(phase)
        before = {solution.pk: solution.status for solution in self.solutions()}
        try:
            with transaction.atomic():
                move_challenge(self.load(), name, actor=self.organiser)
        except TransitionError:
            assert not is_ready
            assert {solution.pk: solution.status for solution in self.solutions()} == before
        else:
            assert is_ready

    @rule()
    def open_the_next(self):
        status = self.load().status
        following = [*LATER, "archived"]
        if status in LATER:
            self.open(following[following.index(status) + 1])

    @rule()
    def skip_the_finals(self):
        if self.load().status == "reviewing":
            self.open("announced")

    def is_ready(self, phase) -> bool:
        challenge, now = self.load(), timezone.now()
        windows = {window.phase: window for window in challenge.windows.all()}
        solutions = list(self.solutions().select_related("decision", "docking"))
        statuses = {solution.status for solution in solutions}
        before = {"archived": {"tracking"}, "announced": {"reviewing", "finals"}}
        allowed = before.get(phase) or {LATER[LATER.index(phase) - 1] if phase in LATER[1:] else "screening"}
        if challenge.status not in allowed:
            return False
        judged = [each for each in solutions if each.status in {*JUDGED, *RELEASED}]
        if phase == "solving":
            return now < windows["solving"].closes_at
        if phase == "reviewing":
            return now >= windows["solving"].closes_at and "submitted" not in statuses and bool(judged)
        if phase == "finals":
            return "finals" in windows and "admitted" not in statuses and "shortlisted" in statuses
        if phase == "announced":
            decided = [Decision.objects.filter(solution=each).first() for each in judged]
            return (
                ("finals" not in windows or challenge.status == "finals")
                and all(each.finals_marks.exists() for each in judged if each.status == "shortlisted")
                and all(each and (each.outcome == "selected" or each.text) for each in decided)
                and now + timedelta(days=5) <= windows["announced"].closes_at
            )
        if phase == "signing":
            answered = not challenge.objections.filter(answered_at=None).exists()
            return now >= windows["announced"].closes_at and answered
        if phase == "tracking":
            return all(each.docking_id and each.docking.steward_id for each in judged if each.status == "selected")
        return not any(each.follow_ups.filter(done_on=None).exists() for each in solutions)

    @invariant()
    def the_history_holds(self):
        assert find_break() is None

    @invariant()
    def no_phase_comes_back(self):
        if hasattr(self, "pk"):
            status = self.load().status
            if status != self.seen[-1]:
                self.seen.append(status)
            whole = [*LATER, "archived"]
            assert self.seen in (
                whole[: len(self.seen)],
                [each for each in whole if each != "finals"][: len(self.seen)],
            )

    @invariant()
    def outcomes_are_known_from_the_notice_on_and_not_before(self):
        if hasattr(self, "pk"):
            is_out = self.load().status in {*LATER[LATER.index("announced") :], "archived"}
            known = {solution.pk for solution in self.solutions() if solution.status in RELEASED}
            released = set(Decision.objects.filter(released_at__isnull=False).values_list("solution", flat=True))
            assert known == released
            assert is_out or not known

    @invariant()
    def what_is_tracked_was_signed_and_what_was_signed_was_selected(self):
        if hasattr(self, "pk"):
            signed = [solution for solution in self.solutions() if solution.docking_id]
            assert {solution.status for solution in signed} <= {"selected"}
            assert Docking.objects.filter(solution__isnull=False).count() == len(signed)
            tracked = {solution.pk for solution in self.solutions() if solution.follow_ups.exists()}
            is_tracked = self.load().status in {"tracking", "archived"}
            assert tracked == ({solution.pk for solution in signed} if is_tracked else set())

    def of(self, which):
        return self.solutions().filter(organisation=self.bodies[which].organisation)

    def solutions(self):
        return Solution.objects.filter(entry__challenge=self.pk).order_by("pk")

    def load(self):
        return Challenge.objects.for_list().get(pk=self.pk)


def test_the_later_phases_in_any_order(
    new_entry,
    new_challenge,
    new_capability,
    new_user,
    new_organisation,
    provider,
    institute,
    organiser,
    new_expert,
    stranger,
):
    bodies = [new_capability(f"坐标测量机{number}") for number in range(3)]
    for number, capability in enumerate(bodies[1:], start=1):
        type(capability).objects.filter(pk=capability.pk).update(
            organisation=new_organisation("institute", founder=new_user(f"揭榜人{number}"), name=f"揭榜单位{number}")
        )
        capability.refresh_from_db()
    item = new_entry("on_board", challenge=new_challenge())
    Challenge.objects.filter(pk=item.challenge_id).update(status="board")

    class OfThisItem(LaterPhases):
        pass

    OfThisItem.organiser, OfThisItem.judge, OfThisItem.stranger = organiser, new_expert(), stranger
    OfThisItem.item, OfThisItem.bodies = Entry.objects.get(pk=item.pk), bodies
    run_machine(
        OfThisItem,
        settings=settings(
            max_examples=10, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
