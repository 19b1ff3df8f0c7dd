"""Whatever people do with the dockings of one need, in whatever order while days pass: they stay whole."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from accounts.models import User
from core.history import find_break
from core.workflow import NotPermitted, TransitionError
from matching.services import move_proposal, propose_for_need
from needs.disclosure import sight_of
from needs.models import Need
from needs.services import move_need
from partnerships.enums import FailureReason, Stage
from partnerships.jobs import end_orphaned_dockings, remind_of_dockings
from partnerships.models import Docking
from partnerships.services.dockings import (
    ask_stage,
    assign_steward,
    confirm_stage,
    log_contact,
    plan_visit,
    pledge,
    refuse_stage,
    withdraw_stage,
)

pytestmark = pytest.mark.django_db

# A second before midnight in Shanghai, where the day changes eight hours before it does in UTC.
BEGIN = datetime(2026, 3, 5, 15, 59, 59, tzinfo=UTC)
EAST = timedelta(hours=8)
PEOPLE = ("owner", "colleague", "provider", "organiser", "stranger", "reviewer", "steward")
SIDE = {"owner": "enterprise", "colleague": "enterprise", "provider": "provider"}
STEWARDS = ("organiser", "reviewer", "steward")
WHO, WHICH = st.sampled_from(PEOPLE), st.integers(0, 1)
BEFORE_PAPERS = [stage.value for stage in Stage][:5]


class Dockings(RuleBasedStateMachine):
    """Two dockings of one need of level 2; beside each what the machine believes of it."""

    people = proposals = None

    @initialize()
    def begin(self):
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.clock = time_machine.travel(BEGIN, tick=False)
        self.time = self.clock.start()
        self.pks = [Docking.objects.get(proposal=proposal).pk for proposal in self.proposals]
        # The stage, and what is asked: the stage, the side, and the last day to answer.
        self.stages, self.asked = ["exchange", "exchange"], [None, None]
        self.stewards, self.pledged = [None, None], [False, False]
        self.is_withdrawn = False

    def teardown(self):
        if hasattr(self, "atomic"):
            self.clock.stop()
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    @property
    def today(self):
        return (datetime.now(UTC) + EAST).date()

    def person(self, who):
        """The person as a new request meets them."""
        return User.objects.get(pk=self.people[who].pk)

    def done(self, act, which, who, *args, **details) -> bool:
        """Whether the service did it."""
        try:
            act(Docking.objects.get(pk=self.pks[which]), *args, actor=self.person(who), **details)
        except (NotPermitted, TransitionError):
            return False
        return True

    def is_open(self, which):
        return self.stages[which] not in {"closed", "failed"}

    def may_decide(self, which, who):
        """Whether this person may answer: the other side, or after its week who carries the docking."""
        if self.asked[which] is None:
            return False
        _, side, due_on = self.asked[which]
        carries = who == "organiser" or (who == self.stewards[which] and self.pledged[which]) or who == "steward"
        return SIDE[who] != side if who in SIDE else carries and due_on < self.today

    @rule(which=WHICH, who=WHO, stage=st.sampled_from(Stage.values), note=st.sampled_from(["", "理由"]))
    def ask(self, which, who, stage, note):
        reason = FailureReason.PRICE if stage == "failed" else ""
        here = self.stages[which]
        order = [each.value for each in Stage]
        ahead = here in BEFORE_PAPERS and (
            order.index(stage) == order.index(here) + 1 or (here, stage) == ("exchange", "solution")
        )
        back = here in order and order.index(stage) < order.index(here) and bool(note)
        expected = (
            who in SIDE
            and self.is_open(which)
            and self.asked[which] is None
            and (stage == "failed" or ((ahead or back) and stage in BEFORE_PAPERS))
        )
        assert self.done(ask_stage, which, who, stage, note=note, reason=reason) is expected
        if expected:
            self.asked[which] = (stage, SIDE[who], self.today + timedelta(days=7))

    @rule(which=WHICH, who=WHO)
    def confirm(self, which, who):
        expected = self.may_decide(which, who)
        assert self.done(confirm_stage, which, who) is expected
        if expected:
            self.stages[which], self.asked[which] = self.asked[which][0], None

    @rule(which=WHICH, who=WHO, note=st.sampled_from(["", "理由"]))
    def refuse(self, which, who, note):
        expected = self.may_decide(which, who) and bool(note)
        assert self.done(refuse_stage, which, who, note=note) is expected
        if expected:
            self.asked[which] = None

    @rule(which=WHICH, who=WHO)
    def withdraw(self, which, who):
        expected = self.asked[which] is not None and SIDE.get(who) == self.asked[which][1]
        assert self.done(withdraw_stage, which, who) is expected
        if expected:
            self.asked[which] = None

    @rule(which=WHICH, who=WHO, held=st.integers(-3, 1), ahead=st.one_of(st.none(), st.integers(-1, 9)))
    def log(self, which, who, held, ahead):
        next_on = None if ahead is None else self.today + timedelta(days=ahead)
        self.done(
            log_contact,
            which,
            who,
            held_on=self.today + timedelta(days=held),
            next_on=next_on,
            people="顾工",
            conclusion="可行",
        )

    @rule(which=WHICH, who=WHO, ahead=st.integers(-1, 9))
    def plan(self, which, who, ahead):
        self.done(plan_visit, which, who, planned_on=self.today + timedelta(days=ahead))

    @rule(which=WHICH, who=WHO, chosen=WHO)
    def assign(self, which, who, chosen):
        expected = (
            who in {"organiser", "steward"}
            and self.is_open(which)
            and chosen in STEWARDS
            and chosen != self.stewards[which]
        )
        assert self.done(assign_steward, which, who, steward=self.people[chosen]) is expected
        if expected:
            self.stewards[which], self.pledged[which] = chosen, False

    @rule(which=WHICH, who=WHO)
    def give_pledge(self, which, who):
        expected = who == self.stewards[which] and not self.pledged[which] and self.is_open(which)
        assert self.done(pledge, which, who) is expected
        self.pledged[which] = self.pledged[which] or expected

    @rule(seconds=st.sampled_from([1, 8 * 3600, 24 * 3600, 7 * 24 * 3600, 22 * 24 * 3600]))
    def wait(self, seconds):
        self.time.shift(seconds)

    @rule()
    def work(self):
        """What the worker does by the clock: a second run in the same moment finds nothing to do."""
        remind_of_dockings()
        assert remind_of_dockings() == 0

    @rule()
    def withdraw_need(self):
        """The signal is lost; the job makes up for it."""
        try:
            move_need(Need.objects.get(pk=self.proposals[0].need_id), "withdraw", actor=self.person("owner"))
        except TransitionError:
            return
        self.is_withdrawn = True
        end_orphaned_dockings()
        self.stages = ["failed" if self.is_open(which) else self.stages[which] for which in (0, 1)]
        self.asked = [None, None]

    @invariant()
    def the_dockings_are_as_believed(self):
        for docking, which in ((Docking.objects.get(pk=pk), which) for which, pk in enumerate(self.pks)):
            asked = (docking.asked_stage, docking.asked_side, docking.asked_due_on) if docking.asked_stage else None
            assert (docking.status, asked) == (self.stages[which], self.asked[which])
            whole = {bool(docking.asked_side), docking.asked_by_id is not None, docking.asked_due_on is not None}
            assert whole == {bool(docking.asked_stage)}
            steward = self.stewards[which] and self.people[self.stewards[which]].pk
            assert (docking.steward_id, docking.has_active_steward) == (steward, self.pledged[which])
            ended = not self.is_open(which)
            assert (docking.ended_at is not None, docking.next_contact_on is None) == (ended, ended)
            assert docking.last_contact_on <= self.today

    @invariant()
    def the_need_agrees(self):
        need = Need.objects.get(pk=self.proposals[0].need_id)
        goes_on = any(self.is_open(which) for which in (0, 1))
        assert need.status == ("withdrawn" if self.is_withdrawn else "docking" if goes_on else "published")

    @invariant()
    def an_expert_sees_as_much_as_the_pledges_give(self):
        """A former steward sees nothing any more."""
        need, expert = Need.objects.get(pk=self.proposals[0].need_id), self.person("reviewer")
        carries = [self.stewards[which] == "reviewer" and self.pledged[which] for which in (0, 1)]
        expected = None if self.is_withdrawn else "detail" if any(carries) else "teaser"
        assert sight_of(need, expert) == expected
        assert {docking.pk for docking in Docking.objects.readable_by(expert)} == {
            pk for pk, carried in zip(self.pks, carries, strict=True) if carried
        }

    @invariant()
    def the_history_holds(self):
        assert find_break() is None


def test_dockings_stay_whole(people, steward, new_need, new_capability, owner, provider, organiser):
    with time_machine.travel(BEGIN, tick=False):
        new_capability("坐标测量机")
        new_capability("三坐标测量机")
        need = new_need("published", level=2)
        propose_for_need(need)
        proposals = list(need.proposals.for_list())
        for proposal in proposals:
            for step, actor in (("propose", organiser), ("enterprise_accept", owner), ("provider_accept", provider)):
                move_proposal(proposal, step, actor=actor)
    known = {**people, "steward": steward}
    machine = type("Machine", (Dockings,), {"people": known, "proposals": proposals})
    run_machine(
        machine,
        settings=settings(
            max_examples=12,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
