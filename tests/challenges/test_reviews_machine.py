"""Whatever people do with reviews in whatever order: what counts is locked, unchanged and free of ties."""

from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from accounts.models import Membership
from accounts.services import end_membership
from challenges.jobs import end_reviews_in_conflict
from challenges.models import Challenge, Entry, Review, Score
from challenges.results import results_of
from challenges.services.conflicts import blocks_between, declare_tie, waive_conflicts, withdraw_tie
from challenges.services.entries import move_entry
from challenges.services.experts import pool_of
from challenges.services.reviews import (
    assign_reviewers,
    lock_review,
    open_reviews_of,
    recuse,
    remove_review,
    save_scores,
)
from core.history import find_break
from core.workflow import TransitionError
from tests.challenges.conftest import fresh, let_pass, start_screening
from tests.conftest import seat

pytestmark = pytest.mark.django_db

EXPERTS, ENTRIES = st.integers(0, 2), st.integers(0, 1)
POINTS = st.sampled_from([Decimal("0"), Decimal("79.5"), Decimal("100")])
NOTE = st.sampled_from(["", "理由"])
REFUSALS = (TransitionError, ValidationError)


class Reviews(RuleBasedStateMachine):
    """The machine remembers in its own plain way what was handed in."""

    entries = experts = organiser = admin = None

    @initialize(is_full=st.booleans())
    def begin(self, is_full):
        """With a draft, or with an entry that can be decided."""
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        # By review what was handed in.
        self.handed_in, self.is_over = {}, False
        if is_full:
            self.all_hand_in(0, Decimal("79.5"))
        else:
            self.assign(0, 0, "理由")
            self.fill_in(0, 0, Decimal("79.5"))

    def teardown(self):
        if hasattr(self, "atomic"):
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    def entry(self, place):
        return Entry.objects.get(pk=self.entries[place])

    def expert(self, place):
        return fresh(self.experts[place])

    def review(self, expert, entry):
        """The newest review of this pair, whatever became of it."""
        found = Review.objects.filter(reviewer=self.experts[expert], entry=self.entries[entry])
        return found.order_by("-created_at").first()

    @rule(expert=EXPERTS, entry=ENTRIES, note=NOTE)
    def assign(self, expert, entry, note):
        entry, expert = self.entry(entry), self.expert(expert)
        with suppress(*REFUSALS), transaction.atomic():
            assign_reviewers(entry.challenge, actor=self.organiser, pairs=[(entry, expert)], note=note)
            assert blocks_between([expert], [entry]) == {(expert.pk, entry.pk): []}
            assert not self.is_over

    @rule(expert=EXPERTS, entry=ENTRIES, other=EXPERTS, points=POINTS)
    def write(self, expert, entry, other, points):
        if review := self.review(expert, entry):
            criterion = review.challenge.criteria.filter(stage="screening").first()
            rows = [{"criterion": criterion, "points": points, "reason": "草稿"}]
            with suppress(*REFUSALS), transaction.atomic():
                save_scores(review, actor=self.expert(other), scores=rows)
                assert (other, self.is_over, review.pk in self.handed_in) == (expert, False, False)

    @rule(expert=EXPERTS, entry=ENTRIES, points=POINTS)
    def fill_in(self, expert, entry, points):
        if review := self.review(expert, entry):
            criteria = review.challenge.criteria.filter(stage="screening")
            rows = [{"criterion": criterion, "points": points, "reason": "理由"} for criterion in criteria]
            with suppress(*REFUSALS), transaction.atomic():
                save_scores(review, actor=self.expert(expert), scores=rows)

    @rule(expert=EXPERTS, entry=ENTRIES, other=EXPERTS)
    def lock(self, expert, entry, other):
        if review := self.review(expert, entry):
            with suppress(*REFUSALS), transaction.atomic():
                lock_review(review, actor=self.expert(other))
                assert (other, self.is_over) == (expert, False)
                self.handed_in[review.pk] = self.scores_of(review)

    @rule(entry=ENTRIES, points=POINTS)
    def all_hand_in(self, entry, points):
        """So that decisions are reached."""
        for expert in range(3):
            self.assign(expert, entry, "理由")
            self.fill_in(expert, entry, points)
            self.lock(expert, entry, expert)

    @rule(expert=EXPERTS, entry=ENTRIES, note=NOTE)
    def recuse(self, expert, entry, note):
        if review := self.review(expert, entry):
            with suppress(*REFUSALS), transaction.atomic():
                recuse(review, actor=self.expert(expert), note=note)
                assert note
                assert review.pk not in self.handed_in

    @rule(expert=EXPERTS, entry=ENTRIES, note=NOTE)
    def remove(self, expert, entry, note):
        if review := self.review(expert, entry):
            with suppress(*REFUSALS), transaction.atomic():
                remove_review(review, actor=self.organiser, note=note)

    @rule(expert=EXPERTS, entry=ENTRIES)
    def declare(self, expert, entry):
        with suppress(*REFUSALS), transaction.atomic():
            declare_tie(self.expert(expert), organisation=self.entry(entry).need.organisation, note="顾问")

    @rule(expert=EXPERTS)
    def take_back(self, expert):
        if tie := self.expert(expert).declarations.first():
            withdraw_tie(tie)

    @rule(expert=EXPERTS, entry=ENTRIES)
    def join(self, expert, entry):
        body = self.entry(entry).need.organisation
        if not Membership.objects.filter(user=self.experts[expert], organisation=body).exists():
            seat(self.expert(expert), body)

    @rule(expert=EXPERTS, entry=ENTRIES)
    def waive(self, expert, entry):
        with suppress(*REFUSALS), transaction.atomic():
            waive_conflicts(self.entry(entry), self.expert(expert), actor=self.admin, reason="仅此一位")

    @rule(expert=EXPERTS)
    def dismiss(self, expert):
        seats = Membership.objects.filter(user=self.experts[expert], role="expert", status="active")
        for membership in seats:
            end_membership(membership, actor=self.organiser)

    @rule(expert=EXPERTS)
    def engage(self, expert):
        Membership.objects.filter(user=self.experts[expert], role="expert").update(status="active")

    @rule(entry=ENTRIES, name=st.sampled_from(["select", "drop", "return"]))
    def decide(self, entry, name):
        entry = self.entry(entry)
        counted = [each for each in results_of(self.challenge()).ranked if each.entry == entry]
        with suppress(*REFUSALS), transaction.atomic():
            move_entry(entry, name, actor=self.organiser, note="理由")
            assert name == "return" or counted[0].has_enough

    @rule()
    def the_window_ends(self):
        if not self.is_over:
            let_pass(self.challenge(), timedelta(days=11))
            self.is_over = True

    @rule()
    def night_comes(self):
        end_reviews_in_conflict()
        standing = Review.objects.standing().select_related("reviewer", "entry__need__organisation")
        reviewers, entries = {each.reviewer for each in standing}, {each.entry for each in standing}
        blocks = blocks_between(reviewers, entries)
        assert [blocks[each.reviewer_id, each.entry_id] for each in standing] == [[]] * len(standing)

    def challenge(self):
        return Challenge.objects.get(pk=self.entry(0).challenge_id)

    @staticmethod
    def scores_of(review):
        return list(
            Score.objects.filter(review=review).order_by("criterion").values_list("criterion", "points", "reason")
        )

    @invariant()
    def what_was_handed_in_never_changes(self):
        if hasattr(self, "handed_in"):
            assert {pk: self.scores_of(Review(pk=pk)) for pk in self.handed_in} == self.handed_in
            assert set(Review.objects.locked().values_list("pk", flat=True)) <= self.handed_in.keys()

    @invariant()
    def what_a_reviewer_sees_and_what_counts_is_free_of_ties(self):
        if hasattr(self, "handed_in"):
            pool = set(pool_of(self.challenge()))
            for place in range(3):
                expert = self.expert(place)
                for review in open_reviews_of(expert):
                    assert (review.reviewer, expert in pool) == (expert, True)
                    assert blocks_between([expert], [review.entry])[expert.pk, review.entry_id] == []
            for result in results_of(self.challenge()).ranked:
                pairs = [(sheet.review.reviewer, result.entry) for sheet in result.sheets]
                assert [blocks_between([who], [what])[who.pk, what.pk] for who, what in pairs] == [[]] * len(pairs)

    @invariant()
    def a_pair_stands_once_and_labels_differ(self):
        reviews = Review.objects.all()
        pairs = [(each.reviewer_id, each.entry_id) for each in reviews.standing()]
        labels = [(each.reviewer_id, each.label) for each in reviews]
        assert (len(pairs), len(labels)) == (len(set(pairs)), len(set(labels)))

    @invariant()
    def the_history_is_whole(self):
        if hasattr(self, "handed_in"):
            assert find_break() is None


def test_reviews_hold_whatever_happens(new_entry, new_expert, organiser, admin):
    entries = [new_entry(title=title) for title in ("三坐标", "激光跟踪仪")]
    start_screening(entries[0], organiser)
    Reviews.entries = [entry.pk for entry in entries]
    Reviews.experts = [new_expert(f"专家{letter}") for letter in "甲乙丙"]
    Reviews.organiser, Reviews.admin = fresh(organiser), fresh(admin)
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_machine(
        Reviews,
        settings=settings(max_examples=10, stateful_step_count=20, deadline=None, suppress_health_check=checks),
    )
