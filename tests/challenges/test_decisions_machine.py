"""Whatever people do with decisions and objections in whatever order: nothing shows before, all at once afterwards."""

from contextlib import suppress
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from challenges.models import Certificate, Decision, Objection, Solution
from challenges.outcomes import announcement_of, results_for
from challenges.services.challenges import move_challenge
from challenges.services.decisions import amend_decision, propose_decision
from core.history import find_break
from core.workflow import TransitionError
from tests.challenges.conftest import fresh, let_pass

pytestmark = pytest.mark.django_db

WHICH = st.integers(0, 1)
OUTCOME = st.sampled_from(["selected", "commended", "not_selected"])
TEXT = st.sampled_from(["", "请补充不确定度评定"])
REFUSALS = (TransitionError, ValidationError)


class Decisions(RuleBasedStateMachine):
    """The machine remembers in its own plain way what was put down, released and upheld."""

    contest = stranger = None

    @initialize(is_decided=st.booleans())
    def begin(self, is_decided):
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.decided, self.status, self.has_upheld = {}, "reviewing", False
        if is_decided:
            self.propose(0, "selected", "")
            self.propose(1, "not_selected", "请补充不确定度评定")
            self.move("open_announced")

    def teardown(self):
        if hasattr(self, "atomic"):
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    def solution(self, which):
        return Solution.objects.get(pk=(self.contest.best, self.contest.other)[which].pk)

    @rule(which=WHICH, outcome=OUTCOME, text=TEXT)
    def propose(self, which, outcome, text):
        with suppress(*REFUSALS), transaction.atomic():
            propose_decision(self.solution(which), actor=fresh(self.contest.organiser), outcome=outcome, text=text)
            assert self.status == "reviewing"
            self.decided[which] = (outcome, text)

    @rule(which=WHICH, outcome=OUTCOME, text=TEXT, reason=TEXT)
    def amend(self, which, outcome, text, reason):
        if decision := Decision.objects.filter(solution=self.solution(which)).first():
            organiser = fresh(self.contest.organiser)
            with suppress(*REFUSALS), transaction.atomic():
                amend_decision(decision, actor=organiser, outcome=outcome, text=text, reason=reason)
                assert (self.status, self.has_upheld, bool(reason)) == ("announced", True, True)
                assert text or outcome == "selected"
                self.decided[which] = (outcome, text)

    @rule(of_item=st.booleans())
    def object(self, of_item):
        with suppress(*REFUSALS), transaction.atomic():
            self.contest.object(self.stranger, entry=self.contest.entry if of_item else None)
            assert self.status == "announced"

    @rule(is_upheld=st.booleans(), answer=TEXT)
    def answer(self, is_upheld, answer):
        if objection := Objection.objects.filter(answered_at=None).first():
            with suppress(*REFUSALS), transaction.atomic():
                self.contest.answer(objection, is_upheld=is_upheld, answer=answer)
                self.has_upheld |= is_upheld

    @rule(which=WHICH, outcome=OUTCOME)
    def amend_after_an_objection(self, which, outcome):
        """So that amendments are reached."""
        self.object(False)
        self.answer(True, "属实")
        self.amend(which, outcome, "请补充不确定度评定", "复核后更改")

    @rule(days=st.sampled_from([3, 14]))
    def wait(self, days):
        let_pass(self.contest.challenge, timedelta(days=days))

    @rule(name=st.sampled_from(["open_announced", "open_signing", "cancel"]))
    def move(self, name):
        with suppress(*REFUSALS), transaction.atomic():
            challenge = self.contest.challenge
            move_challenge(challenge, name, actor=fresh(self.contest.organiser), note="经费未落实")
            self.status = challenge.status

    @invariant()
    def what_was_put_down_is_kept(self):
        if hasattr(self, "atomic"):
            kept = {each.solution_id: (each.outcome, each.text) for each in Decision.objects.all()}
            assert kept == {self.solution(which).pk: given for which, given in self.decided.items()}

    @invariant()
    def nothing_is_known_before_the_release_and_everything_afterwards(self):
        if not hasattr(self, "atomic"):
            return
        released = self.status in {"announced", "signing"}
        assert (announcement_of(self.contest.challenge) is not None) == released
        found = [self.solution(which).status for which in (0, 1)]
        assert found == ([self.decided[which][0] for which in (0, 1)] if released else ["admitted", "admitted"])
        moments = set(Decision.objects.values_list("released_at", flat=True))
        assert len(moments) == 1 if released else moments <= {None}
        assert results_for(fresh(self.contest.rival)).count() == int(released)

    @invariant()
    def certificates_are_of_those_who_succeeded(self):
        if hasattr(self, "atomic"):
            bodies = {0: {"测试计量院", "联合大学"}, 1: {"对手计量院"}}
            certified = set().union(
                *(bodies[which] for which, (outcome, _) in self.decided.items() if outcome != "not_selected")
            )
            names = set(Certificate.objects.values_list("organisation__name", flat=True))
            assert names == (certified if self.status == "signing" else set())

    @invariant()
    def the_histories_hold(self):
        if hasattr(self, "atomic"):
            assert find_break() is None


def test_decisions_keep_their_rules_in_any_order(contest, stranger):
    class Machine(Decisions):
        pass

    Machine.contest, Machine.stranger = contest, stranger
    run_machine(
        Machine,
        settings=settings(
            max_examples=12,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
