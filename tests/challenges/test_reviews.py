"""Reviews: assigned by load and field, scored blind by the clock of the server, locked for good."""

from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import Membership, User
from accounts.services import end_membership
from challenges.assignment import plan_assignments
from challenges.jobs import remind_of_deadlines
from challenges.models import Challenge, Entry, PhaseWindow, Review, Score
from challenges.results import result_for_enterprise, results_of
from challenges.services.board import post_items
from challenges.services.entries import move_entry
from challenges.services.experts import pledged_challenges, pool_of, save_profile, sign_pledge
from challenges.services.reviews import (
    assign_reviewers,
    lock_review,
    open_reviews_of,
    recuse,
    remove_review,
    save_scores,
)
from core.models import Event
from core.workflow import NotPermitted, TransitionError
from tests.challenges.conftest import assign, fresh, lock, score, start_screening, word_and_confirm
from tests.conftest import seat

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture
def review(screened, experts, organiser):
    return assign(screened, experts[0], organiser)


@pytest.fixture
def new_screened(challenge, new_entry, organiser):
    """Make entries of one challenge that is then in its screening."""

    def make(*titles, **fields):
        entries = [new_entry(title=title, public_title=title, **fields) for title in titles]
        start_screening(entries[0], organiser)
        return [Entry.objects.get(pk=entry.pk) for entry in entries]

    return make


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


# --- The pool -------------------------------------------------------------------------------------------------------


def test_the_pool_holds_the_experts_of_all_organising_bodies(new_challenge, experts, new_user, new_organisation, admin):
    helper = new_organisation("authority", name="协办单位")
    other = seat(new_user("协办专家"), helper, role="expert")
    challenge = new_challenge(co_organisers=[helper])
    assert set(pool_of(challenge)) == {*experts, other}


def test_who_runs_the_challenge_or_administers_the_platform_is_no_expert_of_it(
    new_challenge, new_expert, new_organisation, admin, organiser
):
    helper = new_organisation("authority", name="协办单位")
    both = seat(new_expert("两头兼任"), helper)
    seat(admin, organiser.organisations[0], role="expert")
    assert set(pool_of(new_challenge())) == {both}
    assert set(pool_of(new_challenge(co_organisers=[helper]))) == set()


def test_only_experts_have_a_profile(stranger):
    with pytest.raises(NotPermitted, match="组织方把您加入专家库"):
        save_profile(stranger, expertise="坐标测量")


# --- Assigning ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["owner", "stranger", "provider", "reviewer", "distant_organiser", "organiser"])
def test_who_may_assign_and_remove(who, people, screened, experts, organiser):
    said = attempt(assign, screened, experts[0], people[who])
    assert said == ("" if who == "organiser" else "只有主办和协办单位可以管理这项赛事的评审。")
    review = assign(screened, experts[1], organiser)
    said = attempt(remove_review, review, actor=people[who], note="换人")
    assert said == ("" if who == "organiser" else "您没有“撤销分派”的权限。")


def test_all_pairs_are_assigned_or_none(new_screened, experts, organiser, stranger):
    first, second = new_screened("三坐标", "激光跟踪仪")
    pairs = [(first, experts[0]), (second, stranger)]
    said = attempt(assign_reviewers, first.challenge, actor=organiser, pairs=pairs)
    assert said == "没有分派：旁人不在本届赛事的专家库里。请调整后再提交。"
    assert Review.objects.count() == 0


def test_a_pair_is_assigned_once_and_not_after_a_recusal(review, organiser):
    entry, expert = reload(review.entry), review.reviewer
    number = entry.need.number
    assert attempt(assign, entry, expert, organiser) == f"没有分派：专家甲已经在评审 {number}。请调整后再提交。"
    recuse(review, actor=fresh(expert), note="认识该企业")
    assert attempt(assign, entry, expert, organiser) == f"没有分派：专家甲已对 {number} 申请回避。请调整后再提交。"


def test_a_pair_that_is_ticked_twice_is_refused(screened, experts, organiser):
    pairs = [(screened, experts[0])] * 2
    assert "已经在评审" in attempt(assign_reviewers, screened.challenge, actor=organiser, pairs=pairs)


def test_a_later_addition_needs_a_reason(review, experts, organiser):
    said = attempt(assign, reload(review.entry), experts[1], organiser, note=" ")
    assert said == f"{review.entry.need.number} 已分派过专家，增派请写明理由。"
    added = assign(reload(review.entry), experts[1], organiser, note="第一位专家另有任务")
    assert added.events.get().note == "第一位专家另有任务"


@pytest.mark.parametrize("status", ["collecting", "board"])
def test_experts_are_assigned_in_the_screening_alone(status, screened, experts, organiser):
    Challenge.objects.filter(pk=screened.challenge_id).update(status=status)
    assert "进入需求评审后才能分派专家" in attempt(assign, reload(screened), experts[0], organiser)


@pytest.mark.parametrize("status", ["returned", "withdrawn", "selected", "not_selected"])
def test_an_entry_that_is_not_to_be_decided_gets_no_reviewer(status, screened, experts, organiser):
    Entry.objects.filter(pk=screened.pk).update(status=status)
    assert "现在不能分派专家" in attempt(assign, reload(screened), experts[0], organiser)


def test_nothing_ticked_is_said(screened, organiser):
    assert "没有选中专家" in attempt(assign_reviewers, screened.challenge, actor=organiser, pairs=[])


def test_each_reviewer_is_told_once_and_of_no_need(new_screened, experts, organiser):
    entries = new_screened("三坐标", "激光跟踪仪")
    pairs = [(entry, expert) for entry in entries for expert in experts[:2]]
    assign_reviewers(entries[0].challenge, actor=organiser, pairs=pairs)
    told = [notice for expert in experts for notice in expert.notices.all()]
    end = timezone.localtime(reload(entries[0].challenge).window("screening").closes_at)
    assert [notice.text for notice in told] == [
        f"产业计量挑战赛：有 2 条需求请您评审，请在 {end:%m-%d %H:%M} 前提交。"
    ] * 2


def test_labels_differ_for_a_reviewer_and_tell_nothing_of_the_item(new_screened, experts, organiser):
    entries = new_screened("三坐标", "激光跟踪仪", "量块")
    pairs = [(entry, expert) for entry in entries for expert in experts]
    reviews = assign_reviewers(entries[0].challenge, actor=organiser, pairs=pairs)
    for expert in experts:
        assert len({review.label for review in reviews if review.reviewer == expert}) == 3
    assert {len(review.label) for review in reviews} <= {2, 3}


# --- Proposals ------------------------------------------------------------------------------------------------------


def test_the_nearest_experts_are_proposed_as_long_as_all_have_the_same_load(new_screened, experts):
    fields = ["坐标测量机校准、激光跟踪仪", "压力计、压力变送器检定", "电能表、互感器检定", "热电偶、温度计校准"]
    for expert, field in zip(experts, fields, strict=True):
        save_profile(fresh(expert), expertise=field)
    entry = new_screened("坐标测量机校准")[0]
    plan = plan_assignments(entry.challenge)[0]
    assert plan.proposed[0].user == experts[0]
    assert plan.proposed[0].nearness > max(each.nearness for each in plan.candidates[1:])
    assert "坐标测量机" in plan.proposed[0].terms


def test_what_was_reviewed_before_counts_as_expertise(new_screened, experts, organiser):
    first, second = new_screened("热电偶在线校准", "热电偶现场检定")
    lock(assign(first, experts[2], organiser))
    plan = next(each for each in plan_assignments(first.challenge) if each.entry == second)
    nearness = {each.user: each.nearness for each in plan.candidates}
    assert max(nearness, key=nearness.get) == experts[2]


def test_the_load_is_shared_evenly(new_screened, experts):
    entries = new_screened("三坐标", "激光跟踪仪", "量块", "压力计")
    plans = plan_assignments(entries[0].challenge)
    load = [sum(each.user == expert for plan in plans for each in plan.proposed) for expert in experts]
    assert (load, [plan.missing for plan in plans]) == ([3, 3, 3, 3], [0, 0, 0, 0])


def test_where_experts_are_short_it_is_said_how_many_and_why(screened, experts, organiser):
    seat(experts[0], screened.need.organisation)
    recuse(assign(screened, experts[1], organiser), actor=fresh(experts[1]), note="认识")
    plan = plan_assignments(reload(screened.challenge))[0]
    assert (plan.open_places, len(plan.proposed), plan.missing) == (3, 2, 1)
    assert [expert for expert, _ in plan.excluded] == [experts[0]]
    assert plan.excluded[0][1][0].words == "现在是该企业的成员，或在该企业工作"
    assert plan.recused == [experts[1]]


def test_what_is_proposed_can_be_assigned_as_it_is(new_screened, experts, organiser):
    entries = new_screened("三坐标", "激光跟踪仪")
    plans = plan_assignments(entries[0].challenge)
    pairs = [(plan.entry, each.user) for plan in plans for each in plan.proposed]
    assign_reviewers(entries[0].challenge, actor=organiser, pairs=pairs)
    assert [plan.open_places for plan in plan_assignments(reload(entries[0].challenge))] == [0, 0]


def test_a_challenge_without_experts_has_nobody_to_propose(screened):
    plan = plan_assignments(screened.challenge)[0]
    assert (plan.proposed, plan.missing) == ([], 3)


# --- Scoring --------------------------------------------------------------------------------------------------------


def test_a_draft_is_kept_as_far_as_it_goes(review):
    criterion = review.challenge.criteria.filter(stage="screening").first()
    rows = [{"criterion": criterion, "points": Decimal("82.5")}]
    saved = save_scores(review, actor=fresh(review.reviewer), scores=rows, comment="尚可")
    assert (saved.status, saved.comment, saved.total) == ("drafting", "尚可", None)
    assert list(saved.scores.values_list("points", "reason")) == [(Decimal("82.5"), "")]


@pytest.mark.parametrize(
    ("points", "said"),
    [
        ("-0.5", "得分不能低于 0。"),
        ("100.5", "得分不能高于 100。"),
        ("80.3", "得分以 0.5 分为一档"),
        ("NaN", "十进制|数字|有效"),
    ],
)
def test_points_that_cannot_be_are_refused(points, said, review):
    with pytest.raises(ValidationError, match=said):
        score(review, points)
    assert Score.objects.count() == 0


def test_criteria_of_something_else_are_refused(review):
    other = review.challenge.criteria.filter(stage="solution").first()
    with pytest.raises(ValidationError, match="不是本次评审的指标"):
        score(review, criteria=[other], points=[80])


def test_what_is_missing_is_named_before_the_scores_can_be_handed_in(review):
    actor = fresh(review.reviewer)
    assert attempt(lock_review, review, actor=actor).startswith("请先给这些指标打分：")
    criteria = list(review.challenge.criteria.filter(stage="screening"))
    save_scores(reload(review), actor=actor, scores=[{"criterion": each, "points": Decimal(70)} for each in criteria])
    assert attempt(lock_review, reload(review), actor=actor).startswith("请写明打分的理由：")
    assert reload(review).locked_at is None


def test_the_total_is_weighted(review):
    done = lock(review, [100, 80, 60, 40, 20])
    assert done.total == Decimal("66.0")
    event = done.events.get(action="lock")
    assert event.data["total"] == "66.0"
    assert event.data["scores"]["需求真实性"] == "100.0"


def test_what_is_handed_in_never_changes(review):
    done = lock(review)
    before = list(Score.objects.values_list("pk", "points", "reason"))
    for step in (lambda: score(done, 10), lambda: lock_review(done, actor=fresh(done.reviewer))):
        assert attempt(step) == "这份评审已提交，不能再修改。"
    assert "不能申请回避" in attempt(recuse, done, actor=fresh(done.reviewer), note="后悔")
    assert list(Score.objects.values_list("pk", "points", "reason")) == before


@pytest.mark.parametrize("who", ["owner", "stranger", "provider", "organiser", "admin", "another expert"])
def test_nobody_else_scores_locks_or_recuses(who, review, experts, people):
    person = experts[1] if who == "another expert" else people[who]
    for step in (save_scores, lock_review):
        assert attempt(step, review, actor=person) == "您现在不能评审这一项。"
    assert attempt(recuse, review, actor=person, note="理由") == "您现在不能评审这一项。"
    assert open_reviews_of(person) == []


def test_a_recusal_needs_a_reason_and_is_told_the_organisers_without_a_name(review, organiser):
    expert = fresh(review.reviewer)
    assert "需要写明理由" in attempt(recuse, review, actor=expert, note=" ")
    recuse(review, actor=expert, note="认识该企业")
    assert open_reviews_of(fresh(expert)) == []
    assert [each.text for each in organiser.notices.filter(text__contains="回避")] == [
        "产业计量挑战赛：一位专家申请回避，请补派。"
    ]


def test_a_removed_review_is_gone_at_once_and_may_be_given_again(review, organiser):
    remove_review(review, actor=organiser, note="另有安排")
    assert open_reviews_of(fresh(review.reviewer)) == []
    assert [review.reviewer.notices.filter(text__contains="撤销").count()] == [1]
    again = assign(reload(review.entry), review.reviewer, organiser)
    assert again.label != review.label


@pytest.mark.parametrize("status", ["returned", "withdrawn"])
def test_an_entry_that_was_taken_back_is_nobodys_to_read(status, review):
    Entry.objects.filter(pk=review.entry_id).update(status=status)
    assert open_reviews_of(fresh(review.reviewer)) == []


def test_an_entry_that_is_decided_is_not_scored_any_more(review):
    Entry.objects.filter(pk=review.entry_id).update(status="selected")
    assert attempt(score, reload(review)) == "这条需求入选待发榜，不再打分。"


def test_rights_end_with_the_role(review, organiser):
    assert open_reviews_of(fresh(review.reviewer)) == [review]
    end_membership(Membership.objects.get(user=review.reviewer), actor=organiser)
    assert open_reviews_of(fresh(review.reviewer)) == []
    assert attempt(score, reload(review)) == "您现在不能评审这一项。"


# --- The clock ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/Los_Angeles"])
@pytest.mark.parametrize(
    ("second", "said"), [(-1, ""), (0, "需求评审已经截止，不能再打分。"), (1, "需求评审已经截止，不能再打分。")]
)
def test_scoring_ends_with_the_window_by_the_clock_of_the_server(second, said, zone, review, time_machine):
    done = score(review)
    end = PhaseWindow.objects.get(challenge=review.challenge, phase="screening").closes_at
    time_machine.move_to((end + second * SECOND).astimezone(ZoneInfo(zone)), tick=False)
    assert attempt(score, reload(done), 90) == said
    assert attempt(lock_review, reload(done), actor=fresh(done.reviewer)) == said


@pytest.mark.parametrize(("second", "said"), [(-1, "需求评审还没有开始，请届时再打分。"), (0, "")])
def test_scoring_begins_with_the_window(second, said, review, time_machine):
    window = PhaseWindow.objects.get(challenge=review.challenge, phase="screening")
    time_machine.move_to(window.opens_at + second * SECOND, tick=False)
    assert attempt(score, reload(review)) == said


def test_after_the_end_experts_are_assigned_only_with_an_extension(screened, experts, organiser, time_machine):
    end = PhaseWindow.objects.get(challenge=screened.challenge, phase="screening").closes_at
    time_machine.move_to(end, tick=False)
    assert attempt(assign, reload(screened), experts[0], organiser) == "需求评审已经截止；要增派专家，请先延期。"


def test_reviewers_are_reminded_once_of_three_days_and_once_of_one(new_screened, experts, organiser, time_machine):
    first, second = new_screened("三坐标", "激光跟踪仪")
    lock(assign(first, experts[0], organiser))
    for entry in (first, second):
        assign(entry, experts[1], organiser)
    lock(assign(second, experts[2], organiser))
    end = PhaseWindow.objects.get(challenge=first.challenge, phase="screening").closes_at
    for days in (3, 3, 1, 1):
        time_machine.move_to(end - timedelta(days=days) + SECOND, tick=False)
        remind_of_deadlines()
    told = {expert.name: expert.notices.filter(text__contains="还有评审没有提交").count() for expert in experts}
    assert told == {"专家甲": 0, "专家乙": 2, "专家丙": 0, "专家丁": 0}


# --- Confidential needs ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [2, 3])
def test_confidential_needs_are_scored_after_the_pledge_alone(level, new_screened, experts, organiser):
    review = assign(new_screened("三坐标", level=level)[0], experts[0], organiser)
    assert "请先签署评审专家保密承诺" in attempt(score, review)
    event = sign_pledge(review.challenge, actor=fresh(experts[0]), seen="2026-2")
    assert (event.action, event.data, event.actor) == ("review_pledge", {"text_version": "2026-2"}, experts[0])
    assert attempt(score, reload(review)) == ""


def test_a_pledge_is_signed_once_by_an_expert_who_has_read_it(challenge, experts, stranger):
    assert attempt(sign_pledge, challenge, actor=stranger, seen="2026-2") == "只有本届赛事的评审专家签署保密承诺。"
    assert "已有新版本" in attempt(sign_pledge, challenge, actor=fresh(experts[0]), seen="2025-1")
    for _ in range(2):
        sign_pledge(challenge, actor=fresh(experts[0]), seen="2026-2")
    assert Event.objects.filter(action="review_pledge").count() == 1
    assert (pledged_challenges(experts[0]), pledged_challenges(experts[1])) == ({challenge.pk}, set())


# --- Results --------------------------------------------------------------------------------------------------------


def scored(entry, experts, organiser, *totals):
    """Have experts score the entry, each with the same points for all criteria unless a list is given."""
    for expert, points in zip(experts, totals, strict=False):
        lock(assign(reload(entry), expert, organiser), points)


def test_the_organiser_sees_mean_spread_and_outliers(screened, experts, organiser):
    scored(screened, experts, organiser, 80, 70, 85.5, 60)
    results = results_of(reload(screened.challenge))
    (result,) = results.ranked
    assert (result.mean, result.spread) == (Decimal("73.88"), Decimal("25.50"))
    assert {sheet.review.reviewer.name: sheet.is_outlier for sheet in result.sheets} == {
        "专家甲": False,
        "专家乙": False,
        "专家丙": False,
        "专家丁": False,
    }


@pytest.mark.parametrize(("points", "is_outlier"), [(65, False), (64.5, True), (95, False), (95.5, True)])
def test_an_outlier_lies_more_than_fifteen_points_from_the_median(points, is_outlier, screened, experts, organiser):
    scored(screened, experts, organiser, 80, 80, points)
    (result,) = results_of(reload(screened.challenge)).ranked
    assert [sheet.is_outlier for sheet in result.sheets if sheet.review.reviewer == experts[2]] == [is_outlier]
    assert result.outliers == is_outlier


def test_ties_are_resolved_by_the_first_criterion_then_the_next_then_by_who_entered_first(
    new_screened, experts, organiser
):
    late, by_second, by_first, early, best = new_screened("丁", "丙", "乙", "甲", "首")
    Entry.objects.filter(pk=early.pk).update(created_at=early.created_at - timedelta(days=9))
    # The weights are 25, 25, 20, 15 and 15.
    rows = {
        best: [100, 80, 80, 80, 80],
        by_first: [84, 76, 80, 80, 80],
        by_second: [80, 84, 75, 80, 80],
        early: 80,
        late: 80,
    }
    for entry, points in rows.items():
        scored(entry, experts[:1], organiser, points)
    ranked = results_of(reload(late.challenge)).ranked
    assert [(each.rank, each.entry.need.title, each.mean) for each in ranked] == [
        (1, "首", Decimal("85.00")),
        (2, "乙", Decimal("80.00")),
        (3, "丙", Decimal("80.00")),
        (4, "甲", Decimal("80.00")),
        (5, "丁", Decimal("80.00")),
    ]


def test_drafts_and_reviews_in_conflict_do_not_count(screened, experts, organiser):
    scored(screened, experts, organiser, 80, 60)
    score(assign(reload(screened), experts[2], organiser), 10)
    seat(experts[1], screened.need.organisation)
    (result,) = results_of(reload(screened.challenge)).ranked
    assert (result.mean, result.has_enough) == (Decimal("80.00"), False)


def test_nothing_is_decided_by_itself(screened, experts, organiser):
    scored(screened, experts, organiser, 90, 90, 90)
    assert reload(screened).status == "entered"
    move_entry(reload(screened), "select", actor=organiser)
    assert reload(screened).status == "selected"


def test_the_enterprise_learns_scores_and_words_once_the_board_is_out(new_screened, experts, organiser, owner):
    chosen, dropped = new_screened("三坐标", "激光跟踪仪")
    for entry in (chosen, dropped):
        scored(entry, experts, organiser, 80, 70, 60)
    word_and_confirm(reload(chosen), organiser, owner)
    move_entry(reload(chosen), "select", actor=organiser)
    move_entry(reload(dropped), "drop", actor=organiser, note="分数较低")
    assert result_for_enterprise(reload(dropped)) is None
    Challenge.objects.filter(pk=chosen.challenge_id).update(status="board")
    post_items(reload(chosen.challenge), actor=organiser)
    criteria, result = result_for_enterprise(reload(dropped))
    assert (criteria[0].name, result.mean) == ("需求真实性", Decimal("70.00"))
    assert sorted(sheet.total for sheet in result.sheets) == [Decimal(60), Decimal(70), Decimal(80)]


def test_later_ties_do_not_rewrite_what_was_decided(screened, experts, organiser):
    scored(screened, experts, organiser, 80, 70, 60)
    Challenge.objects.filter(pk=screened.challenge_id).update(status="board")
    seat(experts[0], screened.need.organisation)
    (result,) = results_of(reload(screened.challenge)).ranked
    assert result.mean == Decimal("70.00")
    assert User.objects.get(pk=experts[0].pk).reviews.get().status == "locked"
