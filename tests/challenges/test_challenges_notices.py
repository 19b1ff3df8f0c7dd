"""Who is told of extensions, phases and deadlines, and that everybody is told once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.enums import NoticeKind
from accounts.models import Notice
from challenges.jobs import remind_of_deadlines
from challenges.models import Entry
from challenges.services.challenges import extend_window, move_challenge

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def told(db):
    """What was said since the last time it was asked: pairs of a name and a text."""
    seen = set()

    def news():
        new = [notice for notice in Notice.objects.select_related("user").all() if notice.pk not in seen]
        seen.update(notice.pk for notice in new)
        challenges = [notice for notice in new if notice.kind == NoticeKind.CHALLENGE]
        return {(notice.user.name, notice.text, notice.url) for notice in challenges}

    return news


def test_an_extension_is_told_to_all_who_have_entered(challenge, new_entry, told, organiser, colleague, stranger):
    new_entry()
    told()
    end = challenge.window("collecting").closes_at + DAY
    extend_window(challenge, "collecting", actor=organiser, closes_at=end, reason="台风停工")
    text = f"产业计量挑战赛的“征集”延期到 {timezone.localtime(end):%Y-%m-%d %H:%M}，理由见赛事页面。"
    assert told() == {(name, text, challenge.get_absolute_url()) for name in ("需求方", "同事")}


@pytest.mark.parametrize("status", ["withdrawn", "not_selected"])
def test_who_is_out_of_the_running_is_not_told(status, challenge, new_entry, told, organiser):
    new_entry(status)
    told()
    end = challenge.window("collecting").closes_at + DAY
    extend_window(challenge, "collecting", actor=organiser, closes_at=end, reason="台风停工")
    assert told() == set()


def test_a_phase_and_a_cancellation_are_told_to_all_who_have_entered(
    challenge, new_entry, told, organiser, time_machine
):
    new_entry()
    time_machine.move_to(challenge.window("collecting").closes_at)
    told()
    move_challenge(challenge, "open_screening", actor=organiser)
    page = challenge.get_absolute_url()
    assert told() == {("需求方", "产业计量挑战赛进入需求评审阶段，日程见赛事页面。", page)}
    move_challenge(challenge, "cancel", actor=organiser, note="经费未落实")
    assert told() == {("需求方", "产业计量挑战赛已取消，理由见赛事页面。", page)}


@pytest.mark.parametrize(
    ("status", "confirmed", "reminded"),
    [
        ("entered", False, {"组织方"}),
        ("returned", False, {"组织方", "需求方"}),
        ("selected", False, {"组织方", "需求方"}),
        ("selected", True, {"组织方"}),
        ("withdrawn", False, {"组织方"}),
    ],
)
def test_before_the_end_those_are_reminded_who_still_have_to_act(
    status, confirmed, reminded, challenge, new_entry, told, time_machine
):
    entry = new_entry(status)
    Entry.objects.filter(pk=entry.pk).update(confirmed_at=timezone.now() if confirmed else None)
    told()
    closes_at = challenge.window("collecting").closes_at
    end = f"产业计量挑战赛的“征集”将于 {timezone.localtime(closes_at):%m-%d %H:%M} 截止"
    page = challenge.get_absolute_url()
    texts = {
        "需求方": (f"{end}，您还有需求等待补充或确认，请尽快处理。", page),
        "组织方": (f"{end}，请在管理页查看下一阶段还缺什么。", f"{page}manage/"),
    }
    time_machine.move_to(closes_at - 3 * DAY)
    assert remind_of_deadlines() == len(reminded)
    assert told() == {(name, *texts[name]) for name in reminded}


def test_a_reminder_comes_three_days_and_one_day_before_the_end_and_once(challenge, new_entry, time_machine):
    new_entry("returned")
    closes_at = challenge.window("collecting").closes_at
    numbers = []
    for before in (3 * DAY + HOUR, 3 * DAY, 3 * DAY - HOUR, 2 * DAY, DAY, DAY, HOUR, 0 * HOUR, -HOUR):
        time_machine.move_to(closes_at - before, tick=False)
        numbers.append(remind_of_deadlines())
    assert numbers == [0, 2, 0, 0, 2, 0, 0, 0, 0]


def test_who_was_late_is_told_of_the_last_day_only(challenge, time_machine):
    time_machine.move_to(challenge.window("collecting").closes_at - HOUR)
    assert (remind_of_deadlines(), remind_of_deadlines()) == (1, 0)


def test_a_new_end_is_reminded_of_anew(challenge, time_machine, organiser):
    closes_at = challenge.window("collecting").closes_at
    time_machine.move_to(closes_at - DAY)
    assert remind_of_deadlines() == 1
    extend_window(challenge, "collecting", actor=organiser, closes_at=closes_at + 5 * DAY, reason="台风停工")
    assert remind_of_deadlines() == 0
    time_machine.move_to(closes_at + 2 * DAY)
    assert remind_of_deadlines() == 1


@pytest.mark.parametrize("status", ["draft", "cancelled"])
def test_nobody_is_reminded_of_what_does_not_take_place(status, new_challenge, time_machine):
    challenge = new_challenge(status)
    time_machine.move_to(challenge.window("collecting").closes_at - HOUR)
    assert remind_of_deadlines() == 0


def test_of_a_phase_that_is_not_the_present_one_nobody_is_reminded(new_challenge, time_machine):
    challenge = new_challenge("screening")
    time_machine.move_to(challenge.window("board").closes_at - HOUR)
    assert remind_of_deadlines() == 0


def test_organisers_are_those_who_run_the_challenge(new_challenge, new_user, new_organisation, told, time_machine):
    challenge = new_challenge()
    for kind, name in (("authority", "协办组织方"), ("institute", "协办机构")):
        challenge.co_organisers.add(new_organisation(kind, founder=new_user(name)))
    time_machine.move_to(challenge.window("collecting").closes_at - HOUR)
    told()
    remind_of_deadlines()
    assert {name for name, *_ in told()} == {"组织方", "协办组织方"}
