"""Whatever people do with entries in whatever order: on the board is what was confirmed, and it stays as it is."""

from contextlib import suppress

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from challenges.models import Challenge, Entry
from challenges.models.entries import BOARD_FIELDS
from challenges.services.board import confirm_item, correct_item, invite_institutes, post_items, word_item
from challenges.services.entries import enter_need, move_entry
from challenges.workflow import entry_workflow
from core.history import find_break
from core.workflow import TransitionError
from needs.models import Need, NeedGrant
from needs.services import move_need, update_need
from tests.challenges.conftest import fresh

pytestmark = pytest.mark.django_db

PEOPLE = ("owner", "organiser", "stranger", "provider")
PERSON = st.sampled_from(PEOPLE)
NEED_PLACES = range(3)
NEED = st.sampled_from(NEED_PLACES)
TEXT = st.sampled_from(["甲", "乙", "丙"])
REFUSALS = (TransitionError, ValidationError)


class Entries(RuleBasedStateMachine):
    """The machine keeps in its own plain way what each enterprise confirmed, and what was posted."""

    challenge = people = needs = institute = None

    @initialize()
    def begin(self):
        """All are entered, and one can be posted at once: what follows posting is worth most."""
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        # By entry the content the enterprise said yes to last, and the content that was posted.
        self.confirmed, self.posted = {}, {}
        for need in NEED_PLACES:
            self.enter(need, "owner", True)
        self.make_ready(0, "甲", True)

    def teardown(self):
        if hasattr(self, "atomic"):
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    def actor(self, who):
        return fresh(self.people[who])

    def load(self, pk):
        return Entry.objects.get(pk=pk)

    @staticmethod
    def content(entry):
        return {name: getattr(entry, name) for name in BOARD_FIELDS}

    @rule(need=NEED, who=PERSON, consents=st.booleans())
    def enter(self, need, who, consents):
        need, challenge = Need.objects.get(pk=self.needs[need]), Challenge.objects.get(pk=self.challenge)
        before = {entry.pk: entry.status for entry in Entry.objects.all()}
        with suppress(*REFUSALS), transaction.atomic():
            entry = enter_need(challenge, need, actor=self.actor(who), consents=consents, note="同意")
            assert consents
            assert who in {"owner", "organiser"}
            assert before.get(entry.pk, "withdrawn") == "withdrawn"
            self.confirmed.pop(entry.pk, None)

    def of(self, need):
        return Entry.objects.filter(need=self.needs[need]).first()

    @rule(need=NEED, title=TEXT, lines=st.booleans())
    def make_ready(self, need, title, lines):
        self.word(need, "organiser", title, "内容", lines)
        self.confirm(need, "owner", True)
        self.decide(need)

    @rule(
        need=NEED,
        who=PERSON,
        name=st.sampled_from(sorted(entry_workflow.transitions)),
        note=st.sampled_from(["", "理由"]),
    )
    def move(self, need, who, name, note):
        if entry := self.of(need):
            with suppress(*REFUSALS), transaction.atomic():
                move_entry(entry, name, actor=self.actor(who), note=note)

    @rule(need=NEED)
    def decide(self, need):
        """What reviewers decide has tests of its own; here an entry is simply selected."""
        Entry.objects.filter(need=self.needs[need], status="entered").update(status="selected")

    @rule(need=NEED, who=PERSON, title=TEXT, text=TEXT, lines=st.booleans())
    def word(self, need, who, title, text, lines):
        if entry := self.of(need):
            before = self.content(entry)
            with suppress(*REFUSALS), transaction.atomic():
                entry = word_item(entry, actor=self.actor(who), board_title=title, board_text=text, shows_lines=lines)
                assert who == "organiser"
                if self.content(entry) != before:
                    self.confirmed.pop(entry.pk, None)

    @rule(need=NEED, who=PERSON, looks=st.booleans())
    def confirm(self, need, who, looks):
        if entry := self.of(need):
            with suppress(*REFUSALS), transaction.atomic():
                confirm_item(entry, actor=self.actor(who), seen=entry.wording if looks else "0" * 16)
                assert (who, looks) == ("owner", True)
                self.confirmed[entry.pk] = self.content(entry)

    @rule(need=NEED, text=TEXT)
    def revise_need(self, need, text):
        """The enterprise may rewrite its need at any time; what is on the board is no concern of it."""
        with suppress(*REFUSALS), transaction.atomic():
            owner = self.actor("owner")
            move_need(Need.objects.get(pk=self.needs[need]), "revise", actor=owner, note="补充")
            update_need(Need.objects.get(pk=self.needs[need]), actor=owner, lines=[], public_text=text)
            move_need(Need.objects.get(pk=self.needs[need]), "submit", actor=owner)

    @rule()
    def post(self):
        """As the step into the phase does once its checklist is done: all that was selected is confirmed."""
        selected = Entry.objects.filter(challenge=self.challenge, status="selected")
        if selected.filter(confirmed_at=None).exists():
            return
        with suppress(*REFUSALS), transaction.atomic():
            pks = list(selected.values_list("pk", flat=True))
            post_items(Challenge.objects.get(pk=self.challenge), actor=self.actor("organiser"))
            self.posted |= {pk: (self.load(pk).board_number, self.content(self.load(pk))) for pk in pks}
            assert all(self.posted[pk][1] == self.confirmed[pk] for pk in pks)

    @rule(need=NEED, who=PERSON)
    def advertise(self, need, who):
        if entry := self.of(need):
            with suppress(*REFUSALS), transaction.atomic():
                invite_institutes(entry, [self.institute], actor=self.actor(who))
                assert (who, entry.status) == ("organiser", "on_board")

    @rule(need=NEED, who=PERSON, text=TEXT)
    def correct(self, need, who, text):
        if entry := self.of(need):
            with suppress(*REFUSALS), transaction.atomic():
                correct_item(entry, actor=self.actor(who), text=text)
                assert (who, entry.status) == ("organiser", "on_board")

    @invariant()
    def on_the_board_is_what_was_confirmed(self):
        if not hasattr(self, "posted"):
            return
        entries = list(Entry.objects.all())
        assert {entry.pk for entry in entries if entry.status == "on_board"} == set(self.posted)
        for entry in entries:
            assert (entry.confirmed_at is not None) == (entry.pk in self.confirmed)
            if entry.pk in self.posted:
                assert (entry.board_number, self.content(entry)) == self.posted[entry.pk]
                assert entry.confirmed_at
            else:
                assert entry.board_number == ""

    @invariant()
    def what_is_not_in_the_running_is_closed(self):
        if hasattr(self, "posted"):
            running = set(Entry.objects.in_running().values_list("need", flat=True))
            assert set(NeedGrant.objects.values_list("need", flat=True)) == running

    @invariant()
    def the_history_holds(self):
        assert find_break() is None


@pytest.mark.parametrize("level", [1, 3])
def test_any_order_of_steps(level, challenge, people, new_need, institute):
    Entries.challenge = challenge.pk
    Entries.people = {name: people[name] for name in PEOPLE}
    Entries.needs = [new_need("published", level=level).pk for _ in NEED_PLACES]
    Entries.institute = institute
    run_machine(
        Entries,
        settings=settings(
            max_examples=12, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
