"""Reminders of what is due in a docking: to the right people, on the right day, once."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.utils import timezone

from accounts.models import Notice
from needs.models import Need
from partnerships.jobs import SCHEDULE, end_orphaned_dockings, remind_of_dockings
from partnerships.models import Docking
from partnerships.services.dockings import (
    add_milestone,
    ask_stage,
    complete_milestone,
    file_minutes,
    plan_visit,
    withdraw_stage,
)
from tests.partnerships.conftest import go

SIDES, STEWARD = {"需求方", "机构业务员"}, {"技术管家"}


@pytest.fixture
def pass_days(time_machine):
    """Let days pass, and forget what people were told until then."""

    def move(days):
        time_machine.move_to(timezone.now() + timedelta(days=days))
        Notice.objects.all().delete()

    return move


@pytest.fixture
def reminded():
    """Run the job twice; who was reminded at the place on the page where it is to be seen to."""

    def run(place):
        first, again = remind_of_dockings(), remind_of_dockings()
        assert (first, again) == (Notice.objects.count(), 0)
        return set(Notice.objects.filter(url__endswith=f"#{place}").values_list("user__name", flat=True))

    return run


@pytest.mark.parametrize(("days", "told"), [(7, set()), (8, STEWARD)])
def test_the_steward_is_told_of_an_answer_overdue(days, told, carried, owner, pass_days, reminded):
    ask_stage(carried, "survey", actor=owner)
    pass_days(days)
    assert reminded("next") == told


def test_without_a_pledge_the_organiser_is_told_of_an_answer_overdue(docking, owner, organiser, pass_days, reminded):
    ask_stage(docking, "survey", actor=owner)
    pass_days(8)
    assert reminded("next") == {"组织方"}


def test_what_was_withdrawn_is_not_overdue(carried, owner, pass_days, reminded):
    ask_stage(carried, "survey", actor=owner)
    withdraw_stage(carried, actor=owner)
    pass_days(8)
    assert reminded("next") == set()


@pytest.mark.parametrize(("days", "told"), [(6, set()), (7, STEWARD), (9, STEWARD)])
def test_the_steward_is_told_of_the_next_contact(days, told, carried, pass_days, reminded):
    """On its day, and later should the worker have been down."""
    pass_days(days)
    assert reminded("contacts") == told


@pytest.mark.parametrize(("days", "told"), [(6, set()), (7, SIDES)])
def test_without_a_steward_both_sides_are(days, told, docking, pass_days, reminded):
    pass_days(days)
    assert reminded("contacts") == told


@pytest.mark.parametrize(("days", "told"), [(21, False), (22, True)])
def test_silence_for_three_weeks_is_told(days, told, carried, pass_days, reminded):
    pass_days(days)
    reminded("contacts")
    texts = set(Notice.objects.values_list("text", flat=True))
    began = carried.last_contact_on
    assert (f"{carried.number} 自 {began:%m-%d} 以来没有联系记录，请问清双方进展。" in texts) is told


@pytest.mark.parametrize(("days", "told"), [(2, set()), (3, {"minutes"})])
def test_a_visit_without_minutes_is_told_on_the_day_after(days, told, carried, owner, pass_days):
    visit = plan_visit(carried, actor=owner, planned_on=timezone.localdate() + timedelta(days=2))
    pass_days(days)
    remind_of_dockings()
    assert {key.split(":")[0] for key in Notice.objects.values_list("key", flat=True)} - {"contact"} == told
    file_minutes(
        visit, actor=owner, held_on=timezone.localdate(), next_on=timezone.localdate(), people="顾工", conclusion="可行"
    )
    Notice.objects.all().delete()
    remind_of_dockings()
    assert not Notice.objects.filter(key__startswith="minutes").exists()


@pytest.mark.parametrize(("days", "state"), [(1, None), (2, "快到了"), (5, "快到了"), (6, "已逾期"), (8, "已逾期")])
def test_a_milestone_is_told_three_days_before_and_when_it_has_passed(days, state, carried, owner, pass_days, reminded):
    due_on = timezone.localdate() + timedelta(days=5)
    milestone = add_milestone(carried, actor=owner, title="秘密的里程碑", due_on=due_on)
    pass_days(days)
    assert reminded("milestones") == (SIDES | STEWARD if state else set())
    texts = {notice.text for notice in Notice.objects.filter(key__startswith="milestone")}
    expected = {f"{carried.number} 有一个里程碑{state}，计划 {due_on:%m-%d} 完成。"}
    assert texts == (expected if state else set())
    complete_milestone(milestone, actor=owner)
    Notice.objects.all().delete()
    assert reminded("milestones") == set()


def test_a_milestone_is_told_before_and_after(carried, owner, pass_days):
    add_milestone(carried, actor=owner, title="样件送达", due_on=timezone.localdate())
    counts = []
    for days in (0, 1):
        pass_days(days)
        remind_of_dockings()
        counts.append(Notice.objects.filter(key__startswith="milestone").count())
    assert counts == [3, 3]


def test_nobody_is_reminded_of_a_docking_that_has_ended(docking, owner, provider, pass_days, reminded):
    add_milestone(docking, actor=owner, title="样件送达", due_on=timezone.localdate())
    plan_visit(docking, actor=owner, planned_on=timezone.localdate())
    go(docking, "failed", owner, provider, reason="other")
    pass_days(40)
    assert remind_of_dockings() == 0


@pytest.mark.parametrize("status", ["withdrawn", "returned"])
def test_dockings_that_lost_their_need_are_ended(status, new_docking):
    lost, kept = new_docking(), new_docking()
    Need.objects.filter(pk=lost.need_id).update(status=status)
    assert (end_orphaned_dockings(), end_orphaned_dockings()) == (1, 0)
    assert dict(Docking.objects.values_list("pk", "status")) == {lost.pk: "failed", kept.pk: "exchange"}


def test_the_worker_knows_its_jobs():
    for func, _ in SCHEDULE.values():
        module, _, name = func.rpartition(".")
        assert callable(getattr(import_module(module), name))
