"""Whatever people do in whatever order while days pass: the ledger says who answers until when, and what is late."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from accounts.models import Notice
from core.history import find_break
from core.workflow import TransitionError
from partnerships.enums import ExtensionStatus
from partnerships.ledger_jobs import remind_of_deadlines
from partnerships.models import LedgerEntry
from partnerships.services.ledger import add_entry, ask_extension, assign_entry, decide_extension, move_entry
from tests.conftest import seat

pytestmark = pytest.mark.django_db

# A second before midnight in Shanghai, where the day changes eight hours before it does in UTC.
BEGIN = datetime(2026, 3, 5, 15, 59, 59, tzinfo=UTC)
EAST = timedelta(hours=8)
WHO = st.sampled_from(["owner", "provider", "successor", "organiser", "second_organiser"])
AHEAD = st.integers(-1, 12)
UNDONE = {"assigned", "in_progress", "open"}


@dataclass
class Plain:
    """What the machine believes of an entry, kept in its own plain way."""

    status: str = "open"
    person: str = ""
    due_on: date | None = None
    wish: date | None = None
    asker: str = ""


class Ledger(RuleBasedStateMachine):
    entries = Bundle("entries")
    enterprise = institute = people = None

    @initialize(target=entries)
    def begin(self):
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.clock = time_machine.travel(BEGIN, tick=False)
        self.time = self.clock.start()
        self.known = {}
        return self.add()

    def teardown(self):
        if hasattr(self, "atomic"):
            self.clock.stop()
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    @property
    def today(self):
        return (datetime.now(UTC) + EAST).date()

    @rule(target=entries)
    def add(self):
        entry = add_entry(actor=self.people["organiser"], enterprise=self.enterprise, title="缺少标准器")
        self.known[entry.pk] = Plain()
        return entry.pk

    @rule(seconds=st.sampled_from([1, 8 * 3600, 24 * 3600, 5 * 24 * 3600]))
    def wait(self, seconds):
        self.time.shift(seconds)

    @rule(pk=entries, who=WHO, person=st.sampled_from(["provider", "successor"]), ahead=AHEAD)
    def assign(self, pk, who, person, ahead):
        plain, due_on = self.known[pk], self.today + timedelta(days=ahead)
        expected = who in {"organiser", "second_organiser"} and ahead >= 0 and plain.status in UNDONE
        charge = {"responsible": self.institute, "person": self.people[person], "due_on": due_on}
        assert self.done(assign_entry, pk, who, **charge) == expected
        if expected:
            self.known[pk] = Plain("assigned", person, due_on)

    @rule(pk=entries, who=WHO, name=st.sampled_from(["start", "finish", "confirm", "reject", "close", "cancel"]))
    def move(self, pk, who, name):
        plain = self.known[pk]
        sides = {"owner": "enterprise", "provider": "institute", "successor": "institute"}
        by, sources, target = {
            "start": ("institute", {"assigned"}, "in_progress"),
            "finish": ("institute", {"assigned", "in_progress"}, "done_pending"),
            "confirm": ("enterprise", {"done_pending"}, "confirmed"),
            "reject": ("enterprise", {"done_pending"}, "in_progress"),
            "close": ("organiser", {"confirmed"}, "closed"),
            "cancel": ("organiser", UNDONE, "cancelled"),
        }[name]
        expected = sides.get(who, "organiser") == by and plain.status in sources
        assert self.done(move_entry, pk, who, name, note="另有安排", result="已配备") == expected
        if expected:
            plain.status = target
            if target not in UNDONE:
                plain.wish = None

    @rule(pk=entries, who=WHO, ahead=AHEAD)
    def ask(self, pk, who, ahead):
        plain, due_on = self.known[pk], self.today + timedelta(days=ahead)
        expected = (
            who in {"provider", "successor"}
            and plain.status in {"assigned", "in_progress"}
            and plain.wish is None
            and due_on > max(plain.due_on, self.today)
        )
        assert self.done(ask_extension, pk, who, due_on=due_on, reason="等设备") == expected
        if expected:
            plain.wish, plain.asker = due_on, who

    @rule(pk=entries, who=WHO, approve=st.booleans())
    def decide(self, pk, who, approve):
        plain, extensions = self.known[pk], LedgerEntry.objects.get(pk=pk).extensions
        # One that waits for an answer, or else any.
        extension = extensions.filter(status=ExtensionStatus.REQUESTED).first() or extensions.first()
        if extension is None:
            return
        expected = who in {"organiser", "second_organiser"} and plain.wish is not None
        with transaction.atomic():
            try:
                decide_extension(extension, actor=self.people[who], approve=approve, note="理由")
                decided = True
            except TransitionError:
                decided = False
        assert decided == expected
        if decided:
            plain.due_on, plain.wish = plain.wish if approve else plain.due_on, None

    @rule()
    def remind(self):
        remind_of_deadlines()
        assert remind_of_deadlines() == 0

    def done(self, service, pk, who, *step, **details):
        """Whether the service did it; what was refused must leave nothing behind."""
        with suppress(TransitionError), transaction.atomic():
            service(LedgerEntry.objects.get(pk=pk), *step, actor=self.people[who], **details)
            return True
        return False

    @invariant()
    def every_entry_is_as_it_should_be(self):
        for pk, plain in getattr(self, "known", {}).items():
            entry = LedgerEntry.objects.get(pk=pk)
            person = self.people[plain.person] if plain.person else None
            assert (entry.status, entry.person, entry.due_on) == (plain.status, person, plain.due_on)
            pending = list(entry.extensions.filter(status="requested").values_list("due_on", flat=True))
            assert pending == ([plain.wish] if plain.wish else [])
            assert entry.responsible == (self.institute if plain.person else None)
            assert plain.person or plain.status in {"open", "cancelled"}

    @invariant()
    def what_is_overdue_is_counted_by_the_day_in_shanghai(self):
        known = getattr(self, "known", {})
        late = {
            pk: (self.today - plain.due_on).days
            for pk, plain in known.items()
            if plain.due_on and plain.status in UNDONE and plain.due_on < self.today
        }
        assert {entry.pk: entry.days_overdue for entry in LedgerEntry.objects.overdue()} == late
        assert {entry.pk for entry in LedgerEntry.objects.all() if entry.days_overdue} == set(late)

    @invariant()
    def the_history_holds_and_nobody_is_told_twice(self):
        assert find_break() is None
        keys = list(Notice.objects.exclude(key="").values_list("user", "key"))
        assert len(keys) == len(set(keys))
        for entry in LedgerEntry.objects.exclude(escalated_at=None):
            deadline_set = entry.events.filter(action__in=["assign", "extend"]).last()
            raised = entry.events.filter(action="escalate", number__gt=deadline_set.number)
            assert raised.count() == 1


def test_the_ledger_in_any_order(enterprise, institute, owner, provider, organiser, new_user):
    class ThisLedger(Ledger):
        pass

    ThisLedger.enterprise, ThisLedger.institute = enterprise, institute
    ThisLedger.people = {
        "owner": owner,
        "provider": provider,
        "successor": seat(new_user("接手的人"), institute),
        "organiser": organiser,
        "second_organiser": seat(new_user("组织方同事"), organiser.organisations[0]),
    }
    run_machine(
        ThisLedger,
        settings=settings(
            max_examples=15, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
