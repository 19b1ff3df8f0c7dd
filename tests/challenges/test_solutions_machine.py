"""Whatever institutes and organisers do in whatever order: what is handed in is whole, and prices open all at once."""

from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from challenges.models import Challenge, Entry, SealedPrice, Solution
from challenges.models.solutions import IN_CONTEST, JUDGED
from challenges.seals import unseal
from challenges.services.challenges import move_challenge
from challenges.services.solutions import (
    REQUIRED,
    add_co_applicant,
    answer_invitation,
    checks_of,
    in_full,
    move_solution,
    remove_co_applicant,
    save_solution,
    set_price,
    start_solution,
)
from challenges.workflow import solution_workflow
from core.history import find_break
from core.workflow import TransitionError
from providers.services import create_capability, move_capability
from tests.challenges.conftest import fresh
from tests.challenges.solving import PARTS, ROW, end_solving

pytestmark = pytest.mark.django_db

INSTITUTES = ("provider", "rival")
PEOPLE = (*INSTITUTES, "organiser", "owner")
INSTITUTE = st.sampled_from(INSTITUTES)
# Mostly the right one tries.
PERSON = st.sampled_from(["who may", "who may", "who may", *PEOPLE])
LINE = {"measurand": "长度示值误差", "range_text": "(0~2000) mm", "uncertainty_text": "U=1 μm (k=2)"}
REFUSALS = (TransitionError, ValidationError)


class Solutions(RuleBasedStateMachine):
    """The machine keeps in its own plain way what each institute last set as its price, and what was handed in."""

    entry = people = capabilities = None

    @initialize(stage=st.sampled_from(["writing", "judging", "opened"]))
    def begin(self, stage):
        """Both have begun, and one is handed in; or the time is over, and what came is being admitted or is opened."""
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.prices, self.handed_in, self.is_over, self.is_opened = {}, {}, False, False
        for who in INSTITUTES:
            self.start(who)
            self.fill(who)
        for who in INSTITUTES[: 1 if stage == "writing" else 2]:
            self.move(who, who, "submit", "")
        if stage != "writing":
            self.end()
        if stage == "opened":
            self.judge_forms("admit", True)

    def teardown(self):
        if hasattr(self, "atomic"):
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    def actor(self, who):
        return fresh(self.people[who])

    @staticmethod
    def meant(who, may):
        return may if who == "who may" else who

    def of(self, who):
        body = self.actor(who).providers[0]
        return Solution.objects.filter(organisation=body).first()

    @staticmethod
    def content(solution):
        return [getattr(solution, name) for name in REQUIRED]

    def may_write(self, who, whose):
        return who == whose and not self.is_over

    @rule(who=PERSON)
    def start(self, who):
        who = self.meant(who, "rival")
        with suppress(*REFUSALS, IndexError), transaction.atomic():
            body = self.actor(who).providers[0]
            start_solution(Entry.objects.get(pk=self.entry), actor=self.actor(who), organisation=body)
            assert not self.is_over

    @rule(who=INSTITUTE)
    def fill(self, who):
        self.save(who, who, dict(PARTS), True)
        self.price(who, who, 1000)

    @rule(
        who=PERSON,
        whose=INSTITUTE,
        fields=st.dictionaries(st.sampled_from(REQUIRED), st.sampled_from(["", "甲", "乙"])),
        is_whole=st.booleans(),
    )
    def save(self, who, whose, fields, is_whole):
        who = self.meant(who, whose)
        solution = self.of(whose)
        rest = {"capability": self.capabilities[whose], "promises": [ROW]} if is_whole else {}
        with suppress(*REFUSALS), transaction.atomic():
            save_solution(solution, actor=self.actor(who), **fields, **rest)
            assert self.may_write(who, whose)
            if solution.status == "submitted":
                self.handed_in[whose] = self.content(Solution.objects.get(pk=solution.pk))

    @rule(who=PERSON, whose=INSTITUTE, amount=st.integers(-1, 9999))
    def price(self, who, whose, amount):
        who = self.meant(who, whose)
        with suppress(*REFUSALS), transaction.atomic():
            set_price(self.of(whose), Decimal(amount), actor=self.actor(who))
            assert self.may_write(who, whose)
            assert amount > 0
            self.prices[whose] = Decimal(amount)

    @rule(
        who=PERSON,
        whose=INSTITUTE,
        name=st.sampled_from(["submit", "submit", "withdraw", "redraft", *sorted(solution_workflow.transitions)]),
        note=st.sampled_from(["", "理由"]),
    )
    def move(self, who, whose, name, note):
        who = self.meant(who, "organiser" if name in {"admit", "reject"} else whose)
        with suppress(*REFUSALS), transaction.atomic():
            solution = self.of(whose)
            move_solution(solution, name, actor=self.actor(who), note=note)
            if name in {"admit", "reject"}:
                assert (who, self.is_over) == ("organiser", True)
            else:
                assert self.may_write(who, whose)
            if name == "submit":
                self.handed_in[whose] = self.content(Solution.objects.get(pk=solution.pk))

    @rule(who=PERSON, whose=INSTITUTE)
    def ask(self, who, whose):
        who = self.meant(who, whose)
        other = self.actor(INSTITUTES[whose == "provider"]).providers[0]
        with suppress(*REFUSALS), transaction.atomic():
            add_co_applicant(self.of(whose), other, actor=self.actor(who))
            assert self.may_write(who, whose)

    @rule(who=PERSON, whose=INSTITUTE, agrees=st.booleans(), drops=st.booleans())
    def answer(self, who, whose, agrees, drops):
        who = self.meant(who, whose if drops else INSTITUTES[whose == "provider"])
        asked = self.of(whose).co_applicants.first()
        if asked is None:
            return
        with suppress(*REFUSALS), transaction.atomic():
            if drops:
                remove_co_applicant(asked, actor=self.actor(who))
                assert self.may_write(who, whose)
            else:
                answer_invitation(asked, actor=self.actor(who), agrees=agrees)
                assert who in set(INSTITUTES) - {whose}
                assert not self.is_over

    @rule()
    def end(self):
        if self.handed_in:
            end_solving(Entry.objects.get(pk=self.entry), at=timezone.now() - timedelta(seconds=1))
            self.is_over = True

    @rule(name=st.sampled_from(["admit", "admit", "reject"]), opens=st.booleans())
    def judge_forms(self, name, opens):
        for whose in INSTITUTES:
            self.move("organiser", whose, name, "理由")
        if opens:
            self.open_reviewing("organiser")

    @rule(who=PERSON)
    def open_reviewing(self, who):
        who = self.meant(who, "organiser")
        with suppress(*REFUSALS), transaction.atomic():
            challenge = Challenge.objects.get(pk=Entry.objects.get(pk=self.entry).challenge_id)
            move_challenge(challenge, "open_reviewing", actor=self.actor(who))
            assert (who, self.is_over) == ("organiser", True)
            self.is_opened = True

    @invariant()
    def what_is_handed_in_is_whole_and_as_it_was_handed_in(self):
        if not hasattr(self, "prices"):
            return
        for who in INSTITUTES:
            solution = self.of(who)
            if solution and solution.status in IN_CONTEST:
                assert self.content(solution) == self.handed_in[who]
                whole = in_full(Solution.objects.filter(pk=solution.pk)).get()
                assert [check.label for check in checks_of(whole) if not check.is_done] == []

    @invariant()
    def prices_open_together_and_are_the_last_ones_set(self):
        if not hasattr(self, "prices"):
            return
        for price in SealedPrice.objects.select_related("solution"):
            who = next(who for who in INSTITUTES if self.of(who).pk == price.solution_id)
            assert unseal(price.cipher) == self.prices[who]
            is_open = self.is_opened and price.solution.status in JUDGED
            assert (price.amount, price.opened_at is not None) == (self.prices[who] if is_open else None, is_open)

    @invariant()
    def who_runs_the_challenge_sees_what_was_handed_in_once_it_is_over(self):
        if not hasattr(self, "prices"):
            return
        seen = set(Solution.objects.visible_to(self.actor("organiser")))
        assert seen == (
            {each for each in Solution.objects.all() if each.status in IN_CONTEST} if self.is_over else set()
        )
        assert not Solution.objects.visible_to(self.actor("owner")).exists()

    @invariant()
    def the_history_holds(self):
        assert find_break() is None


def test_any_order_of_steps(solving, people, new_user, new_organisation, capability):
    rival = new_user("别家")
    body = new_organisation("institute", founder=rival, name="别家计量院")
    theirs = create_capability(author=rival, organisation=body, title="测量机", discipline="geometry", lines=[LINE])
    move_capability(theirs, "publish", actor=rival)
    Solutions.entry = solving.pk
    Solutions.people = {**people, "rival": rival}
    Solutions.capabilities = {"provider": capability, "rival": theirs}
    run_machine(
        Solutions,
        settings=settings(
            max_examples=10, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
