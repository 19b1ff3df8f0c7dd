"""Whatever the two sides do in whatever order: an agreement counts if and only if both confirmed what it now says."""

from contextlib import suppress
from datetime import date
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from core.history import find_break
from core.models import Event
from core.workflow import TransitionError
from needs.models import Need
from partnerships.models import Agreement
from partnerships.models.agreements import AMOUNTS
from partnerships.services.agreements import (
    content_mark,
    draft_agreement,
    move_agreement,
    revise_agreement,
    update_agreement,
)
from partnerships.workflow import UNCONFIRMED

pytestmark = pytest.mark.django_db

MONEY = st.decimals(0, Decimal("999999999999.99"), places=2)
DAYS = st.sampled_from([date(2026, 5, 8), date(2026, 6, 1)])
COMPLETE = st.fixed_dictionaries({"contract_amount": MONEY, "signed_on": DAYS}, optional={"paid_amount": MONEY})
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        **{name: st.none() | MONEY for name in AMOUNTS},
        "title": st.sampled_from(["合同", "意向书"]),
        "signed_on": st.none() | DAYS,
    },
)
SIDE = st.sampled_from(["enterprise", "provider"])


class Agreements(RuleBasedStateMachine):
    """The machine keeps in its own plain way who confirmed which content, and what counts."""

    papers = Bundle("papers")
    docking = actors = None

    @initialize(target=papers, fields=COMPLETE)
    def begin(self, fields):
        """With one agreement that both have confirmed, so that there is something to revise and to end."""
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.words, self.ended = {}, {}
        pk = self.draft("enterprise", fields)
        self.confirm(pk, ["enterprise", "provider"], 2)
        return pk

    def teardown(self):
        if hasattr(self, "atomic"):
            self.check_history()
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    @rule(target=papers, side=SIDE, fields=COMPLETE | CHANGES)
    def draft_another(self, side, fields):
        return self.draft(side, fields)

    def draft(self, side, fields):
        paper = draft_agreement(self.docking, actor=self.actors[side], **{"title": "合同", **fields})
        self.words[paper.pk] = {}
        return paper.pk

    @rule(pk=papers, side=SIDE, fields=CHANGES)
    def update(self, pk, side, fields):
        before = content_mark(self.load(pk))
        with suppress(TransitionError):
            paper = update_agreement(self.load(pk), actor=self.actors[side], **fields)
            if content_mark(paper) != before:
                self.words[pk] = {}

    @rule(target=papers, pk=papers, side=SIDE, fields=CHANGES)
    def revise(self, pk, side, fields):
        try:
            paper = revise_agreement(self.load(pk), actor=self.actors[side], **fields)
        except TransitionError:
            return pk
        self.words[paper.pk] = {}
        return paper.pk

    @rule(pk=papers, sides=st.permutations(["enterprise", "provider"]), count=st.integers(1, 2))
    def confirm_one(self, pk, sides, count):
        self.confirm(pk, sides, count)

    @rule(sides=st.permutations(["enterprise", "provider"]))
    def confirm_whatever_waits(self, sides):
        for paper in Agreement.objects.filter(status__in=UNCONFIRMED):
            self.confirm(paper.pk, sides, 2)

    def confirm(self, pk, sides, count):
        for side in sides[:count]:
            paper = self.load(pk)
            seen, old = content_mark(paper), paper.replaces_id
            ends_old = old is not None and self.load(old).counts
            with suppress(TransitionError):
                event = move_agreement(paper, f"{side}_confirm", actor=self.actors[side], seen=seen)
                self.words[pk][side] = seen
                if event.target == "effective" and ends_old:
                    self.ended[old] = "replaced"

    @rule(pk=papers, side=SIDE)
    def confirm_unseen(self, pk, side):
        with pytest.raises(TransitionError):
            move_agreement(self.load(pk), f"{side}_confirm", actor=self.actors[side], seen="0" * 16)

    @rule(pk=papers)
    def complete(self, pk):
        with suppress(TransitionError):
            move_agreement(self.load(pk), "complete", actor=self.actors["enterprise"])

    @rule(pk=papers, side=SIDE)
    def terminate(self, pk, side):
        with suppress(TransitionError):
            move_agreement(self.load(pk), "terminate", actor=self.actors[side], note="不再需要")
            self.ended[pk] = "terminated"

    @invariant()
    def what_counts_is_what_both_confirmed(self):
        for paper in Agreement.objects.filter(pk__in=getattr(self, "words", {})):
            both = set(self.words[paper.pk]) == {"enterprise", "provider"}
            given = set(self.words[paper.pk].values())
            assert paper.counts == (both and given == {content_mark(paper)} and paper.pk not in self.ended)

    @invariant()
    def the_totals_are_a_recount(self):
        counted = [paper for paper in Agreement.objects.all() if paper.counts]
        assert Agreement.objects.totals() == {
            name: sum((getattr(paper, name) or Decimal(0) for paper in counted), Decimal(0)) for name in AMOUNTS
        }

    @invariant()
    def a_version_and_its_successor_never_both_count(self):
        assert not any(paper.counts and paper.replaces and paper.replaces.counts for paper in Agreement.objects.all())

    def check_history(self):
        """The seals hold, and the entries tell every amount."""
        assert find_break() is None
        for paper in Agreement.objects.all():
            told = {}
            for event in Event.objects.filter(subject_id=paper.pk).order_by("number"):
                told |= event.data.get("amounts", {})
                told |= {name: pair[1] for name, pair in event.data.get("changes", {}).items()}
            stored = {name: getattr(paper, name) for name in AMOUNTS}
            assert {name: Decimal(told[name]) if told[name] else None for name in AMOUNTS} == stored

    @invariant()
    def a_contract_moves_the_need_on(self):
        if any(paper.counts and paper.contract_amount is not None for paper in Agreement.objects.all()):
            assert Need.objects.get(pk=self.docking.need_id).status == "contracted"

    def load(self, pk):
        return Agreement.objects.for_list().get(pk=pk)


def test_agreements_in_any_order(docking, owner, provider):
    class OfThisDocking(Agreements):
        pass

    OfThisDocking.docking, OfThisDocking.actors = docking, {"enterprise": owner, "provider": provider}
    run_machine(
        OfThisDocking,
        settings=settings(
            max_examples=12,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
