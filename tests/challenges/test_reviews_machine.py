"""Whatever people do with reviews in whatever order, in either stage: what counts is locked, fixed and free of ties."""

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
from challenges.items import KINDS
from challenges.jobs import end_reviews_in_conflict
from challenges.models import Challenge, Review, Score, Solution
from challenges.results import results_of
from challenges.services.conflicts import blocks_between, declare_tie, waive_conflicts, withdraw_tie
from challenges.services.entries import move_entry
from challenges.services.experts import pool_of, sign_pledge
from challenges.services.finals import move_to_finals
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
from partnerships.services.wording import newest_text
from tests.challenges.conftest import fresh, let_pass, start_screening
from tests.conftest import seat

pytestmark = pytest.mark.django_db

EXPERTS, ITEMS = st.integers(0, 2), st.integers(0, 1)
POINTS = st.sampled_from([Decimal("0"), Decimal("79.5"), Decimal("100")])
NOTE = st.sampled_from(["", "理由"])
REFUSALS = (TransitionError, ValidationError)


class Reviews(RuleBasedStateMachine):
    """The machine remembers in its own plain way what was handed in; the items are of either stage."""

    stage = items = experts = organiser = admin = None

    @initialize(is_full=st.booleans())
    def begin(self, is_full):
        """With a draft, or with an item that can be decided."""
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

    def item(self, place):
        return KINDS[self.stage].model.objects.get(pk=self.items[place])

    def expert(self, place):
        return fresh(self.experts[place])

    def review(self, expert, item):
        """The newest review of this pair, whatever became of it."""
        of_item = {KINDS[self.stage].field: self.items[item]}
        found = Review.objects.filter(stage=self.stage, reviewer=self.experts[expert], **of_item)
        return found.order_by("-created_at").first()

    @rule(expert=EXPERTS, item=ITEMS, note=NOTE)
    def assign(self, expert, item, note):
        item, expert = self.item(item), self.expert(expert)
        given = {"pairs": [(item, expert)], "stage": self.stage, "note": note}
        with suppress(*REFUSALS), transaction.atomic():
            assign_reviewers(item.challenge, actor=self.organiser, **given)
            assert blocks_between([expert], [item]) == {(expert.pk, item.pk): []}
            assert not self.is_over

    @rule(expert=EXPERTS, item=ITEMS, other=EXPERTS, points=POINTS)
    def write(self, expert, item, other, points):
        if review := self.review(expert, item):
            criterion = review.challenge.criteria.filter(stage=self.stage).first()
            rows = [{"criterion": criterion, "points": points, "reason": "草稿"}]
            with suppress(*REFUSALS), transaction.atomic():
                save_scores(review, actor=self.expert(other), scores=rows)
                assert (other, self.is_over, review.pk in self.handed_in) == (expert, False, False)

    @rule(expert=EXPERTS, item=ITEMS, points=POINTS)
    def fill_in(self, expert, item, points):
        if review := self.review(expert, item):
            criteria = review.challenge.criteria.filter(stage=self.stage)
            rows = [{"criterion": criterion, "points": points, "reason": "理由"} for criterion in criteria]
            with suppress(*REFUSALS), transaction.atomic():
                save_scores(review, actor=self.expert(expert), scores=rows)

    @rule(expert=EXPERTS, item=ITEMS, other=EXPERTS)
    def lock(self, expert, item, other):
        if review := self.review(expert, item):
            with suppress(*REFUSALS), transaction.atomic():
                lock_review(review, actor=self.expert(other))
                assert (other, self.is_over) == (expert, False)
                self.handed_in[review.pk] = self.scores_of(review)

    @rule(item=ITEMS, points=POINTS)
    def all_hand_in(self, item, points):
        """So that decisions are reached."""
        for expert in range(3):
            self.assign(expert, item, "理由")
            self.fill_in(expert, item, points)
            self.lock(expert, item, expert)

    @rule(expert=EXPERTS, item=ITEMS, note=NOTE)
    def recuse(self, expert, item, note):
        if review := self.review(expert, item):
            with suppress(*REFUSALS), transaction.atomic():
                recuse(review, actor=self.expert(expert), note=note)
                assert note
                assert review.pk not in self.handed_in

    @rule(expert=EXPERTS, item=ITEMS, note=NOTE)
    def remove(self, expert, item, note):
        if review := self.review(expert, item):
            with suppress(*REFUSALS), transaction.atomic():
                remove_review(review, actor=self.organiser, note=note)

    def body(self, item):
        """Whose item it is."""
        return item.need.organisation if self.stage == "screening" else item.organisation

    @rule(expert=EXPERTS, item=ITEMS)
    def declare(self, expert, item):
        with suppress(*REFUSALS), transaction.atomic():
            declare_tie(self.expert(expert), organisation=self.body(self.item(item)), note="顾问")

    @rule(expert=EXPERTS)
    def take_back(self, expert):
        if tie := self.expert(expert).declarations.first():
            withdraw_tie(tie)

    @rule(expert=EXPERTS, item=ITEMS)
    def join(self, expert, item):
        body = self.body(self.item(item))
        if not Membership.objects.filter(user=self.experts[expert], organisation=body).exists():
            seat(self.expert(expert), body)

    @rule(expert=EXPERTS, item=ITEMS)
    def waive(self, expert, item):
        with suppress(*REFUSALS), transaction.atomic():
            waive_conflicts(self.item(item), self.expert(expert), actor=self.admin, reason="仅此一位")

    @rule(expert=EXPERTS)
    def dismiss(self, expert):
        seats = Membership.objects.filter(user=self.experts[expert], role="expert", status="active")
        for membership in seats:
            end_membership(membership, actor=self.organiser)

    @rule(expert=EXPERTS)
    def engage(self, expert):
        Membership.objects.filter(user=self.experts[expert], role="expert").update(status="active")

    @rule(item=ITEMS, is_kept=st.booleans())
    def decide(self, item, is_kept):
        item = self.item(item)
        move, kept = {"screening": (move_entry, "select"), "solution": (move_to_finals, "shortlist")}[self.stage]
        counted = [each for each in results_of(self.challenge(), self.stage).ranked if each.item == item]
        with suppress(*REFUSALS), transaction.atomic():
            move(item, kept if is_kept else "drop", actor=self.organiser, note="理由")
            assert counted[0].has_enough

    @rule()
    def the_window_ends(self):
        if not self.is_over:
            let_pass(self.challenge(), timedelta(days=11))
            self.is_over = True

    @rule()
    def night_comes(self):
        end_reviews_in_conflict()
        standing = Review.objects.standing().with_item()
        reviewers, items = {each.reviewer for each in standing}, {each.item for each in standing}
        blocks = blocks_between(reviewers, items)
        assert [blocks[each.reviewer_id, each.item.pk] for each in standing] == [[]] * len(standing)

    def challenge(self):
        return Challenge.objects.get(pk=self.item(0).challenge.pk)

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
                    assert blocks_between([expert], [review.item])[expert.pk, review.item.pk] == []
            for result in results_of(self.challenge(), self.stage).ranked:
                pairs = [(sheet.review.reviewer, result.item) for sheet in result.sheets]
                assert [blocks_between([who], [what])[who.pk, what.pk] for who, what in pairs] == [[]] * len(pairs)

    @invariant()
    def a_pair_stands_once_and_labels_differ(self):
        reviews = Review.objects.all()
        pairs = [(each.reviewer_id, each.solution_id or each.entry_id) for each in reviews.standing()]
        labels = [(each.reviewer_id, each.label) for each in reviews]
        assert (len(pairs), len(labels)) == (len(set(pairs)), len(set(labels)))

    @invariant()
    def the_history_is_whole(self):
        if hasattr(self, "handed_in"):
            assert find_break() is None


@pytest.fixture
def entries(new_entry, organiser):
    made = [new_entry(title=title) for title in ("三坐标", "激光跟踪仪")]
    start_screening(made[0], organiser)
    return made


@pytest.fixture
def solutions(reviewing, new_solution, new_user, new_organisation):
    founder = new_user("对手", email="a@rival.test")
    rival = new_organisation("institute", founder=founder, name="对手计量院")
    own = new_solution(reviewing, "admitted")
    return [own, new_solution(reviewing, "admitted", organisation=rival, author=founder)]


@pytest.mark.parametrize(("stage", "items"), [("screening", "entries"), ("solution", "solutions")])
def test_reviews_hold_whatever_happens(stage, items, request, new_expert, organiser, admin):
    Reviews.stage, Reviews.items = stage, [item.pk for item in request.getfixturevalue(items)]
    Reviews.experts = [new_expert(f"专家{letter}") for letter in "甲乙丙"]
    Reviews.organiser, Reviews.admin = fresh(organiser), fresh(admin)
    if stage == "solution":
        challenge = Solution.objects.get(pk=Reviews.items[0]).challenge
        for expert in Reviews.experts:
            sign_pledge(challenge, actor=fresh(expert), seen=newest_text("review_pledge")[0])
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_machine(
        Reviews,
        settings=settings(max_examples=6, stateful_step_count=20, deadline=None, suppress_health_check=checks),
    )
