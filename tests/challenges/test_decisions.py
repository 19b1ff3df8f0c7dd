"""Decisions: pending until all are released at one moment, amended only after an objection that was upheld."""

from contextlib import suppress

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Notice
from challenges.models import Certificate, Decision, Entry, FinalsMark, Review, Solution
from challenges.outcomes import amendable_items, announcement_of, own_result, results_for, standings_of
from challenges.services.challenges import move_challenge
from challenges.services.decisions import NEEDS_TEXT, amend_decision, propose_decision
from core.history import find_break
from core.workflow import NotPermitted, TransitionError
from matching.enums import Verdict
from tests.challenges.conftest import LENGTH, advance, fresh, let_pass
from tests.challenges.deciding import score_solution

pytestmark = pytest.mark.django_db


def statuses(contest):
    return [Solution.objects.get(pk=each.pk).status for each in (contest.best, contest.other)]


def told(user):
    return [notice.text.split("：")[-1] for notice in Notice.objects.filter(user=user).order_by("created_at", "pk")]


# --- Before the release -------------------------------------------------------------------------------------------


def test_a_decision_is_changed_freely_until_the_release(contest, organiser):
    contest.propose()
    contest.propose(best="commended", other="selected", text="")
    best, other = contest.decision(contest.best), contest.decision(contest.other)
    assert [(each.outcome, each.text, each.released_at) for each in (best, other)] == [
        ("commended", "", None),
        ("selected", "", None),
    ]
    assert [(event.label, event.target) for event in best.events.order_by("number")] == [
        ("拟定结果", "selected"),
        ("改拟结果", "commended"),
    ]


def test_what_was_not_changed_is_not_recorded_again(contest):
    contest.propose()
    contest.propose()
    assert [each.events.count() for each in Decision.objects.all()] == [1, 1]


def test_a_pending_decision_leaves_the_solution_untouched_and_tells_nobody(contest):
    Notice.objects.all().delete()
    before = list(Solution.objects.order_by("pk").values())
    contest.propose()
    assert list(Solution.objects.order_by("pk").values()) == before
    assert Notice.objects.count() == 0


def test_who_runs_the_challenge_decides(contest, people):
    done = set()
    for name, user in people.items():
        with suppress(NotPermitted):
            propose_decision(contest.best, actor=fresh(user), outcome="selected")
            done.add(name)
    assert done == {"organiser", "admin"}


@pytest.mark.parametrize("status", ["solving", "announced", "signing"])
def test_nothing_is_proposed_outside_the_reviewing(contest, organiser, status):
    advance(contest.entry, status)
    with pytest.raises(TransitionError, match="不能拟定结果"):
        propose_decision(Solution.objects.get(pk=contest.best.pk), actor=organiser, outcome="selected")


def test_a_solution_with_too_few_reviews_is_not_decided(contest, organiser):
    Review.objects.filter(solution=contest.best).first().delete()
    with pytest.raises(TransitionError, match="需要 3 份已提交的评审，现在有 2 份"):
        propose_decision(contest.best, actor=organiser, outcome="selected")


def test_only_admitted_solutions_are_decided(contest, organiser):
    for status in ["draft", "submitted", "not_admitted", "withdrawn"]:
        Solution.objects.filter(pk=contest.best.pk).update(status=status)
        with pytest.raises(TransitionError, match="不需要拟定结果"):
            propose_decision(Solution.objects.get(pk=contest.best.pk), actor=organiser, outcome="selected")


# --- The ranking --------------------------------------------------------------------------------------------------


def test_the_ranking_suggests_and_sets_nothing(contest):
    found = {each.solution.pk: each for each in standings_of(contest.challenge).all}
    assert [
        (found[each.pk].place, found[each.pk].of, found[each.pk].suggested) for each in (contest.best, contest.other)
    ] == [
        (1, 2, "selected"),
        (2, 2, "commended"),
    ]
    assert Decision.objects.count() == 0


def test_who_was_not_shortlisted_is_suggested_as_not_selected(contest):
    Solution.objects.filter(pk=contest.best.pk).update(status="not_shortlisted")
    found = {each.solution.pk: each for each in standings_of(contest.challenge).all}
    assert [(found[each.pk].place, found[each.pk].suggested) for each in (contest.best, contest.other)] == [
        (2, "not_selected"),
        (1, "selected"),
    ]


def test_the_finals_decide_before_the_reviews(contest, experts):
    Solution.objects.update(status="shortlisted", draw_order=1)
    for solution, points in ((contest.best, "70"), (contest.other, "95.5")):
        for expert in experts[:2]:
            FinalsMark.objects.create(solution=solution, judge=expert, points=points, author=contest.organiser)
    found = {each.solution.pk: each for each in standings_of(contest.challenge).all}
    best, other = found[contest.best.pk], found[contest.other.pk]
    assert [(str(each.finals), each.place, each.suggested) for each in (best, other)] == [
        ("70.00", 2, "commended"),
        ("95.50", 1, "selected"),
    ]


# --- The release --------------------------------------------------------------------------------------------------


def test_all_decisions_are_released_at_one_moment(contest):
    contest.propose()
    contest.release()
    assert statuses(contest) == ["selected", "not_selected"]
    (moment,) = set(Decision.objects.values_list("released_at", flat=True))
    assert moment is not None
    assert find_break() is None


def test_everybody_concerned_is_told_at_once(contest, owner, experts):
    contest.propose()
    Notice.objects.all().delete()
    contest.release()
    best, other = (
        f"方案 {each.number} 的评定结果已公布，请查看各项得分和说明。" for each in (contest.best, contest.other)
    )
    users = (contest.provider, contest.partner, contest.rival)
    assert [[text for text in told(user) if "方案" in text] for user in users] == [[best], [best], [other]]
    item = f"榜单项目 {contest.entry.board_number} 的评定结果已公布，请查看公示。"
    assert item in told(owner)
    assert [told(expert) for expert in experts] == [[], [], [], []]


@pytest.mark.parametrize(
    ("proposal", "missing"),
    [
        (None, "每份通过形式审查的方案都已拟定结果"),
        ({"text": ""}, "没有揭榜成功的，都写有给揭榜单位的说明"),
    ],
)
def test_nothing_is_released_while_something_is_missing(contest, proposal, missing):
    if proposal is not None:
        contest.propose(**proposal)
    with pytest.raises(TransitionError, match=missing):
        contest.release()
    assert statuses(contest) == ["admitted", "admitted"]
    assert Decision.objects.filter(released_at__isnull=False).count() == 0


def test_the_challenge_cannot_be_called_off_after_the_release(contest, organiser):
    contest.propose()
    contest.release()
    with pytest.raises(TransitionError, match="不能取消赛事"):
        move_challenge(contest.challenge, "cancel", actor=organiser, note="理由")


# --- What a solver learns -----------------------------------------------------------------------------------------


def result_of(contest, solution, user):
    solution = results_for(fresh(user)).get(pk=solution.pk)
    return own_result(solution, standings_of(contest.challenge), fresh(user))


def test_a_loser_gets_scores_reasons_place_and_text(contest):
    contest.propose()
    contest.release()
    result = result_of(contest, contest.other, contest.rival)
    assert (str(result.mean), result.place, result.of, result.decision.text) == (
        "66.00",
        2,
        2,
        "指标响应不足，请补充不确定度评定。",
    )
    first = result.criteria[0]
    assert (first.criterion.name, str(first.mean), str(first.lost)) == ("指标响应", "40.00", "21.0")
    assert first.reasons == ["指标响应的理由"] * 3
    assert (result.costliest, result.comments) == (first, ["总体可行"] * 3)


def test_a_result_shows_where_the_promise_missed_the_requirement(contest):
    line = {"source": "own", "object_name": "孔", "measurand": "内径", "range_text": "0~60 mm"}
    verdicts = [Verdict.PASS, Verdict.FAIL, Verdict.PARTIAL, Verdict.UNKNOWN]
    for position, verdict in enumerate(verdicts):
        contest.other.promises.create(position=position, line=line, promised_text="±2 μm", verdict=verdict)
    contest.other.promises.create(position=9, line=line, verdict=Verdict.PASS, backing=Verdict.FAIL)
    contest.propose()
    contest.release()
    gaps = result_of(contest, contest.other, contest.rival).gaps
    assert [(gap.number, gap.verdict, gap.backing) for gap in gaps] == [
        (2, "fail", "unknown"),
        (3, "partial", "unknown"),
        (10, "pass", "fail"),
    ]


def test_who_reads_which_result(contest, people):
    contest.propose()
    assert results_for(fresh(contest.provider)).count() == 0
    contest.release()
    readers = {**people, "partner": contest.partner, "rival": contest.rival}
    assert {name: {each.pk for each in results_for(fresh(user))} for name, user in readers.items()} == {
        **{name: set() for name in readers},
        "provider": {contest.best.pk},
        "partner": {contest.best.pk},
        "rival": {contest.other.pk},
        "organiser": {contest.best.pk, contest.other.pk},
        "admin": {contest.best.pk, contest.other.pk},
    }


def test_who_was_only_asked_to_join_reads_no_result(contest):
    contest.best.co_applicants.update(agreed_at=None)
    contest.propose()
    contest.release()
    assert results_for(fresh(contest.partner)).count() == 0


# --- The public notice --------------------------------------------------------------------------------------------


def winners(contest):
    return [
        (entry.board_number, [(winner.outcome, winner.bodies) for winner in found])
        for entry, found in announcement_of(contest.challenge).items
    ]


def test_the_public_notice_names_who_succeeded_and_nobody_else(contest):
    contest.propose()
    assert announcement_of(contest.challenge) is None
    contest.release()
    number = contest.entry.board_number
    assert winners(contest) == [(number, [("selected", ["测试计量院", "联合大学"])])]


# --- Amendments ---------------------------------------------------------------------------------------------------


def amend(contest, solution, outcome="commended", text="经复核，方案有新意。", reason="异议成立，复核后更改。"):
    return amend_decision(
        contest.decision(solution), actor=fresh(contest.organiser), outcome=outcome, text=text, reason=reason
    )


@pytest.fixture
def released(contest):
    contest.propose()
    contest.release()
    return contest


@pytest.mark.parametrize(
    ("of_item", "is_upheld", "allowed"), [(True, True, True), (False, True, True), (True, False, False)]
)
def test_a_decision_is_amended_only_after_an_objection_that_holds(released, stranger, of_item, is_upheld, allowed):
    objection = released.object(stranger, entry=released.entry if of_item else None)
    with pytest.raises(TransitionError, match="没有成立的异议"):
        amend(released, released.other)
    released.answer(objection, is_upheld=is_upheld)
    assert amendable_items(released.challenge) == ({released.entry.pk} if allowed else set())
    if allowed:
        amend(released, released.other)
    else:
        with pytest.raises(TransitionError, match="没有成立的异议"):
            amend(released, released.other)
    assert statuses(released) == ["selected", "commended" if allowed else "not_selected"]


def test_an_objection_to_another_item_opens_nothing(released, stranger, new_need, owner):
    other = Entry.objects.create(
        challenge=released.challenge,
        need=new_need("published"),
        author=owner,
        status="on_board",
        board_number="CH-99",
        confirmed_at=timezone.now(),
    )
    released.answer(released.object(stranger, entry=other))
    with pytest.raises(TransitionError, match="没有成立的异议"):
        amend(released, released.other)


def test_an_amendment_is_published_with_its_reason_and_told(released, stranger, owner):
    released.answer(released.object(stranger))
    Notice.objects.all().delete()
    amend(released, released.other)
    found = announcement_of(released.challenge)
    assert [(each.board_number, each.reason) for each in found.amendments] == [
        (released.entry.board_number, "异议成立，复核后更改。")
    ]
    assert winners(released) == [
        (
            released.entry.board_number,
            [("selected", ["测试计量院", "联合大学"]), ("commended", ["对手计量院"])],
        )
    ]
    assert told(released.rival) == [f"方案 {released.other.number} 的评定结果已更改，请查看。"]
    assert told(owner) == [f"榜单项目 {released.entry.board_number} 的评定结果已更改，请查看公示。"]
    assert told(released.provider) == []
    event = released.decision(released.other).events.get(action="amend")
    assert (event.source, event.target, event.note) == ("not_selected", "commended", "异议成立，复核后更改。")


def test_every_amendment_stays_published(released, stranger):
    released.answer(released.object(stranger))
    amend(released, released.other)
    amend(released, released.other, "not_selected", "再次复核。", "更正上一次更改。")
    assert [each.reason for each in announcement_of(released.challenge).amendments] == [
        "异议成立，复核后更改。",
        "更正上一次更改。",
    ]


def test_an_amendment_needs_a_change_a_text_and_a_reason(released, stranger):
    released.answer(released.object(stranger))
    unchanged = {"outcome": "not_selected", "text": "指标响应不足，请补充不确定度评定。"}
    for fields, error, words in [
        ({"reason": " "}, ValidationError, "请写明更改的理由"),
        ({"text": " "}, ValidationError, NEEDS_TEXT),
        (unchanged, TransitionError, "都没有改动"),
    ]:
        with pytest.raises(error, match=words):
            amend(released, released.other, **fields)
    assert statuses(released) == ["selected", "not_selected"]


def test_nothing_is_amended_once_the_signing_has_begun(released, stranger):
    released.answer(released.object(stranger))
    advance(released.entry, "signing")
    with pytest.raises(TransitionError, match="只有公示期间"):
        amend(released, released.other)


# --- Certificates -------------------------------------------------------------------------------------------------


def test_certificates_are_issued_to_every_body_that_succeeded_when_the_notice_is_over(released, organiser):
    assert Certificate.objects.count() == 0
    let_pass(released.challenge, LENGTH)
    move_challenge(released.challenge, "open_signing", actor=organiser)
    found = Certificate.objects.order_by("organisation__name")
    assert {each.organisation.name for each in found} == {"测试计量院", "联合大学"}
    assert len({each.number for each in found}) == 2
    readers = {"provider": 2, "partner": 1, "rival": 0, "organiser": 2}
    users = {
        "provider": released.provider,
        "partner": released.partner,
        "rival": released.rival,
        "organiser": organiser,
    }
    assert {name: Certificate.objects.visible_to(fresh(user)).count() for name, user in users.items()} == readers


def test_standings_take_as_many_queries_for_two_as_for_three(
    contest, new_solution, new_user, new_organisation, experts, django_assert_num_queries
):
    with CaptureQueriesContext(connection) as two:
        standings_of(contest.challenge)
    user = new_user("第三家")
    body = new_organisation("institute", founder=user)
    score_solution(new_solution(contest.entry, "admitted", organisation=body, author=user), experts[0])
    with django_assert_num_queries(len(two)):
        standings_of(contest.challenge)
