"""Tracking: three follow-ups for each signed solution, filled in by who carries the docking, before the archive."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.enums import MemberRole
from accounts.models import Notice
from challenges.models import Challenge, FollowUp
from challenges.services.challenges import move_challenge
from challenges.services.follow_ups import fill_follow_up, months_after, remind_of_follow_ups
from challenges.services.signing import open_docking_for
from core.workflow import NotPermitted, TransitionError
from partnerships.models import Docking
from partnerships.services.dockings import pledge
from tests.challenges.conftest import advance, fresh
from tests.conftest import seat

pytestmark = pytest.mark.django_db
WORDS = {"state": "on_track", "text": "样机已试制，正在比对"}


@pytest.fixture
def steward(new_user, organiser):
    return seat(new_user("技术管家"), organiser.organisations[0], role=MemberRole.EXPERT)


@pytest.fixture
def tracking(solving, new_solution, organiser, steward):
    """A signed solution of a challenge that has entered the tracking today, its steward having pledged."""
    solution = new_solution(advance(solving, "signing"), "selected")
    pledge(open_docking_for(solution, actor=organiser, steward=steward), actor=steward)
    move_challenge(challenge_of(solution), "open_tracking", actor=organiser)
    return solution


def challenge_of(solution):
    return Challenge.objects.get(pk=solution.entry.challenge_id)


def due_in(follow_up, days):
    """The follow-up, due so many days from today."""
    FollowUp.objects.filter(pk=follow_up.pk).update(due_on=timezone.localdate() + timedelta(days=days))
    return FollowUp.objects.get(pk=follow_up.pk)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2027, 11, 30), 3, date(2028, 2, 29)),
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2026, 12, 15), 12, date(2027, 12, 15)),
        (date(2026, 9, 1), 3, date(2026, 12, 1)),
    ],
)
def test_months_are_those_of_the_calendar(day, months, expected):
    assert months_after(day, months) == expected


def test_tracking_begins_with_three_follow_ups_counted_from_the_signing(tracking):
    signed_on = timezone.localdate(tracking.events.get(action="sign").created_at)
    assert list(FollowUp.objects.values_list("months", "due_on", "done_on")) == [
        (months, months_after(signed_on, months), None) for months in (3, 6, 12)
    ]
    assert [each.events.get().action for each in FollowUp.objects.all()] == ["plan"] * 3


def test_the_steward_fills_in_and_the_organiser_is_told(tracking, steward, organiser):
    follow_up = due_in(FollowUp.objects.first(), 0)
    Notice.objects.all().delete()
    fill_follow_up(follow_up, actor=fresh(steward), **WORDS)
    follow_up = FollowUp.objects.get(pk=follow_up.pk)
    assert (follow_up.state, follow_up.text, follow_up.author) == ("on_track", WORDS["text"], steward)
    assert follow_up.done_on == timezone.localdate()
    assert organiser.notices.get().text == "产业计量挑战赛：CH-01 的 3 个月跟踪已填写，请查看。"
    fill_follow_up(follow_up, actor=organiser, state="delayed", text="缺标准器")
    assert [event.label for event in follow_up.events.all()] == ["安排跟踪", "填写跟踪", "更正跟踪"]
    assert follow_up.events.last().data == {"state": "delayed", "text": "缺标准器"}


def test_only_the_pledged_steward_and_who_runs_the_challenge_fill_in(tracking, steward, people):
    follow_up = due_in(FollowUp.objects.first(), 0)
    Docking.objects.update(steward_pledged_at=None)
    refused = set()
    for name, user in {**people, "named steward": fresh(steward)}.items():
        if user.has_perm("challenges.fill_follow_up", FollowUp.objects.get(pk=follow_up.pk)):
            continue
        with pytest.raises(NotPermitted):
            fill_follow_up(FollowUp.objects.get(pk=follow_up.pk), actor=user, **WORDS)
        refused.add(name)
    assert refused == {*people, "named steward"} - {"organiser", "admin"}


@pytest.mark.parametrize(
    "wrong", [{"state": "", "text": "有字"}, {"state": "good", "text": "有字"}, WORDS | {"text": " "}]
)
def test_state_and_words_are_both_needed(wrong, tracking, organiser):
    with pytest.raises(ValidationError):
        fill_follow_up(due_in(FollowUp.objects.first(), 0), actor=organiser, **wrong)
    assert FollowUp.objects.filter(done_on=None).count() == 3


@pytest.mark.parametrize(("days", "is_refused"), [(15, True), (14, False), (0, False), (-200, False)])
def test_nothing_is_filled_in_long_before_its_day(days, is_refused, tracking, organiser):
    follow_up = due_in(FollowUp.objects.first(), days)
    if is_refused:
        with pytest.raises(TransitionError, match="还早"):
            fill_follow_up(follow_up, actor=organiser, **WORDS)
        # What is over will not change any more.
        Docking.objects.update(status="failed")
    fill_follow_up(FollowUp.objects.get(pk=follow_up.pk), actor=organiser, **WORDS)
    assert FollowUp.objects.get(pk=follow_up.pk).done_on == timezone.localdate()


def test_overdue_is_counted_in_days_of_shanghai(tracking, monkeypatch):
    follow_up = due_in(FollowUp.objects.first(), 0)
    due = timezone.make_aware(datetime.combine(follow_up.due_on, time.min))
    found = []
    # The last second of the day in Shanghai, and the first of the next, which is afternoon in Greenwich.
    for moment in (due + timedelta(days=1, seconds=-1), due + timedelta(days=1), due + timedelta(days=2)):
        monkeypatch.setattr(timezone, "now", lambda moment=moment: moment.astimezone(UTC))
        found.append(follow_up.days_overdue)
    assert found == [0, 1, 2]


def test_reminders_come_once_first_to_the_steward_then_to_the_organiser(tracking, steward, organiser):
    follow_up = due_in(FollowUp.objects.first(), 1)
    Notice.objects.all().delete()
    assert remind_of_follow_ups() == 0
    due_in(follow_up, 0)
    assert (remind_of_follow_ups(), remind_of_follow_ups()) == (1, 0)
    assert steward.notices.get().text.endswith("填写，请补上进展。")
    due_in(follow_up, -7)
    assert (remind_of_follow_ups(), remind_of_follow_ups()) == (2, 0)
    assert organiser.notices.get().text == "产业计量挑战赛：CH-01 的 3 个月跟踪逾期 7 天没有填写，请催办或代填。"


def test_without_a_pledge_the_organiser_is_reminded(tracking, organiser):
    Docking.objects.update(steward_pledged_at=None)
    due_in(FollowUp.objects.first(), 0)
    Notice.objects.all().delete()
    assert (remind_of_follow_ups(), organiser.notices.count()) == (1, 1)


def test_the_event_is_archived_once_all_are_filled_in(tracking, organiser):
    for follow_up in FollowUp.objects.all():
        with pytest.raises(TransitionError, match="3、6、12 个月的跟踪都已填写"):
            move_challenge(challenge_of(tracking), "archive", actor=organiser)
        fill_follow_up(due_in(follow_up, 0), actor=organiser, **WORDS)
    move_challenge(challenge_of(tracking), "archive", actor=organiser)
    with pytest.raises(TransitionError, match="“归档”阶段，跟踪不再填写"):
        fill_follow_up(FollowUp.objects.first(), actor=organiser, **WORDS)
    assert remind_of_follow_ups() == 0


def test_who_sees_the_follow_ups(tracking, people, steward, client):
    everybody = {**people, "steward": steward}
    seen = {name for name, user in everybody.items() if FollowUp.objects.visible_to(fresh(user)).exists()}
    answers = {}
    for name, user in everybody.items():
        client.force_login(user)
        answers[name] = client.get(f"/challenges/{tracking.challenge.pk}/follow-ups/").status_code
    assert {name for name, answer in answers.items() if answer == 200} == seen
    assert seen == {"owner", "colleague", "provider", "organiser", "admin", "steward"}


def test_the_page_takes_what_is_found_out(tracking, steward, client):
    follow_up = due_in(FollowUp.objects.first(), -3)
    client.force_login(steward)
    assert "逾期 3 天" in client.get("/challenges/follow-ups/").content.decode()
    address = f"/challenges/follow-ups/{follow_up.pk}/"
    refused = client.post(address, {"state": "", "text": "缺进展的说明"})
    assert refused.status_code == 200
    assert "缺进展的说明" in refused.content.decode()
    assert client.post(address, WORDS).status_code == 302
    assert FollowUp.objects.get(pk=follow_up.pk).text == WORDS["text"]


def test_the_follow_ups_through_the_api(tracking, steward, owner, client):
    follow_up = due_in(FollowUp.objects.first(), 0)
    address = f"/api/v1/challenge-follow-ups/{follow_up.pk}/"
    client.force_login(owner)
    assert client.patch(address, WORDS, content_type="application/json").status_code == 403
    client.force_login(steward)
    assert client.patch(address, {"state": "good"}, content_type="application/json").status_code == 400
    answer = client.patch(address, WORDS, content_type="application/json").json()
    assert answer == {
        "id": str(follow_up.pk),
        "challenge": str(tracking.challenge.pk),
        "solution": str(tracking.pk),
        "board_number": "CH-01",
        "docking_number": Docking.objects.get().number,
        "months": 3,
        "due_on": f"{timezone.localdate()}",
        "days_overdue": 0,
        "done_on": f"{timezone.localdate()}",
        "state": "on_track",
        "state_display": "按计划推进",
        "text": WORDS["text"],
        "author": "技术管家",
    }
    assert client.get("/api/v1/challenge-follow-ups/", {"open": "true"}).json()["count"] == 2


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(
    ("address", "queries"), [("/challenges/{}/follow-ups/", 13), ("/challenges/follow-ups/", 9), ("api", 6)]
)
def test_the_lists_take_as_many_queries_for_three_rows_as_for_one(
    address, queries, rows, tracking, organiser, client, django_assert_num_queries
):
    FollowUp.objects.filter(pk__in=[each.pk for each in FollowUp.objects.all()[rows:]]).delete()
    client.force_login(fresh(organiser))
    address = "/api/v1/challenge-follow-ups/" if address == "api" else address.format(tracking.challenge.pk)
    with django_assert_num_queries(queries):
        answer = client.get(address)
    assert answer.status_code == 200
