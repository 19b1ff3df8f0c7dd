"""Reviews of solutions: the same panel for what is compared, the pledge first, results by item, who comes to finals."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from challenges.assignment import plan_assignments
from challenges.jobs import remind_of_deadlines
from challenges.models import Challenge, PhaseWindow, Review, Solution
from challenges.results import result_of, results_of
from challenges.services.conflicts import declare_tie
from challenges.services.experts import save_profile
from challenges.services.finals import move_to_finals
from challenges.services.reviews import (
    assign_reviewers,
    open_reviews_of,
    recuse,
    save_scores,
    urge_reviewers,
)
from core.workflow import TransitionError
from tests.challenges.conftest import advance, assign, fresh, lock, pledge, score
from tests.conftest import seat

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


def reload(record):
    return type(record).objects.get(pk=record.pk)


def attempt(action, *args, **options):
    """What a refused step says; empty when it was taken."""
    try:
        with transaction.atomic():
            action(*args, **options)
    except (TransitionError, ValidationError) as error:
        return str(error)
    return ""


@pytest.fixture
def new_rival(new_solution, new_user, new_organisation):
    """Make solutions of other institutes to the item."""

    def make(entry, name="对手计量院", status="admitted", **fields):
        founder = new_user(f"{name}的人", email=f"one@rival{Solution.objects.count()}.test")
        body = new_organisation("institute", founder=founder, name=name)
        return new_solution(entry, status, organisation=body, author=founder, **fields)

    return make


# --- Assigning ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["solving", "finals", "announced"])
def test_experts_are_assigned_while_solutions_are_reviewed_alone(status, admitted, experts, organiser):
    Challenge.objects.filter(pk=admitted.challenge.pk).update(status=status)
    assert "进入方案评审后才能分派专家" in attempt(assign, reload(admitted), experts[0], organiser)


@pytest.mark.parametrize("status", ["submitted", "not_admitted", "withdrawn", "shortlisted"])
def test_a_solution_that_is_not_to_be_judged_gets_no_reviewer(status, admitted, experts, organiser):
    Solution.objects.filter(pk=admitted.pk).update(status=status)
    said = attempt(assign, reload(admitted), experts[0], organiser)
    assert said == f"没有分派：{admitted.number} 现在不能分派专家。请调整后再提交。"


def test_an_entry_cannot_be_given_out_as_a_solution(admitted, experts, organiser):
    pairs = [(admitted.entry, experts[0])]
    said = attempt(assign_reviewers, admitted.challenge, actor=organiser, pairs=pairs, stage="solution")
    assert "现在不能分派专家" in said


def test_reviews_of_the_need_and_of_its_solutions_do_not_mix(admitted, experts, organiser):
    old = Review.objects.create(entry=admitted.entry, reviewer=experts[0], label="A2")
    review = assign(admitted, experts[0], organiser, note="")
    assert (review.stage, review.item, review.label != old.label) == ("solution", admitted, True)
    assert [each.reviews for each in plan_assignments(admitted.challenge, "solution")] == [[review]]
    assert experts[0].notices.get().text.startswith("产业计量挑战赛：有 1 份方案请您评审，请在 ")
    lock(review)
    assert results_of(admitted.challenge).ranked == []


def test_one_panel_is_proposed_for_all_solutions_to_an_item(admitted, new_rival, new_expert, experts, organiser):
    solutions = [admitted, new_rival(admitted.entry), new_rival(admitted.entry, "第三家")]
    new_expert("专家戊")
    declare_tie(experts[0], organisation=solutions[1].organisation, note="顾问")
    save_profile(fresh(experts[3]), expertise="坐标测量机校准、激光跟踪仪")
    plans = plan_assignments(reload(admitted.challenge), "solution")
    panels = [[each.user.name for each in plan.proposed] for plan in plans]
    assert panels == [panels[0]] * 3
    assert ("专家甲" in panels[0], panels[0][0]) == (False, "专家丁")
    pairs = [(plan.item, each.user) for plan in plans for each in plan.proposed]
    assert len(assign_reviewers(admitted.challenge, actor=organiser, pairs=pairs, stage="solution")) == 9


def test_who_already_judges_the_item_is_proposed_for_what_is_added(admitted, new_rival, experts, organiser):
    for expert in experts[1:]:
        assign(admitted, expert, organiser)
    rival = new_rival(admitted.entry)
    (plan,) = [each for each in plan_assignments(reload(admitted.challenge), "solution") if each.item == rival]
    assert {each.user for each in plan.proposed} == set(experts[1:])


def test_an_expert_near_the_title_of_the_solution_is_nearer(admitted, experts):
    Solution.objects.filter(pk=admitted.pk).update(title="用热电偶在线校准高温炉")
    save_profile(fresh(experts[2]), expertise="热电偶、高温炉温度校准")
    (plan,) = plan_assignments(reload(admitted.challenge), "solution")
    nearness = {each.user: each.nearness for each in plan.candidates}
    assert max(nearness, key=nearness.get) == experts[2]


# --- Scoring --------------------------------------------------------------------------------------------------------


def test_nothing_is_scored_before_the_pledge(admitted, experts, organiser):
    review = assign(admitted, experts[0], organiser)
    said = attempt(save_scores, review, actor=fresh(experts[0]), comment="看过")
    assert said == "这份方案是保密的，请先签署评审专家保密承诺，再阅读和打分。"
    pledge(review)
    assert save_scores(review, actor=fresh(experts[0]), comment="看过").status == "drafting"


def test_criteria_of_the_screening_are_not_those_of_solutions(admitted, experts, organiser):
    review = assign(admitted, experts[0], organiser)
    other = review.challenge.criteria.filter(stage="screening").first()
    assert "不是本次评审的指标" in attempt(score, review, criteria=[other], points=[80])


@pytest.mark.parametrize(("second", "said"), [(-1, ""), (0, "方案评审已经截止"), (1, "方案评审已经截止")])
def test_scoring_ends_with_the_window(second, said, admitted, experts, organiser, time_machine):
    review = score(assign(admitted, experts[0], organiser))
    end = PhaseWindow.objects.get(challenge=review.challenge, phase="reviewing").closes_at
    time_machine.move_to(end + second * SECOND, tick=False)
    assert attempt(score, reload(review), 90)[:8] == said


def test_what_was_decided_stays_readable_for_its_reviewers(admitted, experts, organiser):
    review = lock(assign(admitted, experts[0], organiser))
    for status in ("shortlisted", "selected", "not_selected"):
        Solution.objects.filter(pk=admitted.pk).update(status=status)
        assert open_reviews_of(fresh(experts[0])) == [review]
    Solution.objects.filter(pk=admitted.pk).update(status="not_admitted")
    assert open_reviews_of(fresh(experts[0])) == []


def test_reviewers_are_urged_once_a_day_and_reminded_before_the_end(admitted, experts, organiser, time_machine):
    for expert in experts[:2]:
        assign(admitted, expert, organiser)
    lock(Review.objects.get(reviewer=experts[0]))
    challenge = reload(admitted.challenge)
    told = [urge_reviewers(challenge, actor=organiser, stage="solution") for _ in range(2)]
    assert told == [1, 0]
    assert "现在不需要催办" in attempt(urge_reviewers, challenge, actor=organiser, stage="screening")
    time_machine.move_to(challenge.window("reviewing").closes_at - timedelta(hours=20), tick=False)
    remind_of_deadlines()
    reminded = [expert.notices.filter(text__contains="截止").count() for expert in experts[:2]]
    assert reminded == [0, 2]


# --- What came of it ------------------------------------------------------------------------------------------------


def scored(solution, experts, organiser, *points):
    for expert, each in zip(experts, points, strict=False):
        lock(assign(solution, expert, organiser), each)


def test_solutions_are_ranked_over_all_and_for_their_item(admitted, new_rival, new_entry, experts, organiser):
    rival = new_rival(admitted.entry, title="对手的方案")
    scored(admitted, experts, organiser, 80, 80, 50)
    scored(rival, experts, organiser, 70, 70, 70)
    first, second = results_of(reload(admitted.challenge), "solution").ranked
    found = [(each.item, each.mean, each.spread, each.outliers, each.rank, each.place) for each in (first, second)]
    assert found == [
        (admitted, Decimal("70.00"), Decimal("30.00"), 1, 1, 1),
        (rival, Decimal("70.00"), Decimal("0.00"), 0, 2, 2),
    ]
    assert first.entry == admitted.entry


def test_ties_are_resolved_by_the_criteria_in_their_order(admitted, new_rival, experts, organiser):
    rival = new_rival(admitted.entry)
    criteria = list(admitted.challenge.criteria.filter(stage="solution"))
    flat, tilted = [80] * len(criteria), [80] * len(criteria)
    # 20 × 6 more and 15 × 8 less.
    tilted[1], tilted[2] = 86, 72
    scored(admitted, experts, organiser, flat)
    scored(rival, experts, organiser, tilted)
    assert [each.item for each in results_of(reload(admitted.challenge), "solution").ranked] == [rival, admitted]
    criteria, result = result_of(reload(rival))
    assert (criteria[0].name, result.mean) == ("指标响应", Decimal("80.00"))


# --- Who comes to the finals ----------------------------------------------------------------------------------------


def test_who_comes_to_the_finals_is_said_by_hand_and_needs_enough_reviews(admitted, experts, organiser, provider):
    said = attempt(move_to_finals, admitted, "shortlist", actor=organiser)
    assert said == "这份方案需要 3 份已提交的评审，现在有 0 份；请催办或增派专家。"
    scored(admitted, experts, organiser, 90, 90, 90)
    assert reload(admitted).status == "admitted"
    assert "权限" in attempt(move_to_finals, reload(admitted), "shortlist", actor=provider)
    move_to_finals(reload(admitted), "shortlist", actor=organiser)
    assert "写明理由" in attempt(move_to_finals, reload(admitted), "drop", actor=organiser)
    move_to_finals(reload(admitted), "drop", actor=organiser, note="名额有限")
    assert reload(admitted).status == "not_shortlisted"


def test_a_review_in_conflict_does_not_count_for_it(admitted, experts, organiser):
    scored(admitted, experts, organiser, 90, 90, 90)
    seat(experts[0], admitted.organisation)
    assert "现在有 2 份" in attempt(move_to_finals, reload(admitted), "shortlist", actor=organiser)


def test_without_finals_there_is_no_shortlist(admitted, experts, organiser):
    scored(admitted, experts, organiser, 90, 90, 90)
    PhaseWindow.objects.filter(phase="finals").delete()
    assert "没有设现场赛" in attempt(move_to_finals, reload(admitted), "shortlist", actor=organiser)


def test_a_recusal_is_told_with_the_page_of_the_solutions(admitted, experts, organiser):
    review = assign(admitted, experts[0], organiser)
    recuse(review, actor=fresh(experts[0]), note="认出了揭榜单位")
    notice = organiser.notices.get(text__contains="回避")
    assert notice.url == f"/challenges/{admitted.challenge.pk}/solution-reviews/"
    advance(admitted.entry, "reviewing")
    assert "已对" in attempt(assign, reload(admitted), experts[0], organiser)
