"""Dockings: stages asked for and confirmed, the contact log, the steward, and how a docking ends."""

from contextlib import suppress
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone

from accounts.models import Notice, User
from core.files import check_upload
from core.history import find_break
from core.workflow import NotPermitted, TransitionError
from matching.models import Proposal
from matching.services import move_proposal, propose_for_need
from needs.disclosure import sight_of
from needs.models import Need
from needs.services import move_need
from partnerships.enums import FailureReason, Stage
from partnerships.models import Acceptance, Docking, Milestone
from partnerships.services.dockings import (
    add_file,
    add_milestone,
    ask_stage,
    assign_steward,
    complete_milestone,
    confirm_stage,
    end_dockings_of,
    file_minutes,
    log_contact,
    may_answer,
    plan_visit,
    pledge,
    possible_stewards,
    refuse_stage,
    set_next_contact,
    stages_to_ask,
    withdraw_stage,
    write_message,
)
from partnerships.workflow import docking_workflow, is_backwards
from tests.conftest import seat
from tests.partnerships.conftest import go

ENTERPRISE, PROVIDER, ORGANISERS = {"owner", "colleague"}, {"provider"}, {"organiser", "admin"}
SIDES = ENTERPRISE | PROVIDER
ORDER = [stage.value for stage in Stage if stage not in {Stage.CLOSED, Stage.FAILED}]
MINUTES = {"kind": "call", "people": "顾工、陆工", "conclusion": "先送样件"}


def day(days):
    return timezone.localdate() + timedelta(days=days)


def reader(user):
    return User.objects.get(pk=user.pk)


@pytest.fixture
def everyone(people, unverified_provider, carried, steward):
    """Everybody, and the steward, who has given the pledge."""
    return {**people, "unverified_provider": unverified_provider, "steward": steward}


def who_may(everyone, docking, act):
    """Who is let do it; what each does is taken back."""
    allowed = set()
    for name, user in everyone.items():
        with transaction.atomic():
            with suppress(NotPermitted):
                act(Docking.objects.get(pk=docking.pk), reader(user))
                allowed.add(name)
            transaction.set_rollback(True)
    return allowed


# --- Opening ------------------------------------------------------------------------------------------------------


def test_both_sides_wish_opens_it(docking):
    need = docking.need
    assert (docking.status, docking.institute, need.status) == (
        "exchange",
        docking.proposal.capability.organisation,
        "docking",
    )
    assert (docking.last_contact_on, docking.next_contact_on) == (day(0), day(7))
    assert list(docking.events.values_list("action", "target")) == [("open", "exchange")]


@pytest.mark.parametrize("level", [1, 2, 3])
def test_a_docking_of_any_level_opens_the_contact_but_not_the_detail(level, new_docking, provider):
    need = Need.objects.get(pk=new_docking(level=level).need_id)
    assert sight_of(need, reader(provider)) == ("public" if level == 1 else "teaser")
    assert need.grants.get().sees_contact is True


# --- Stages -------------------------------------------------------------------------------------------------------

# From each stage the ones ahead, written down a second time; back goes to all before.
AHEAD = {
    "exchange": ["survey", "solution"],
    "survey": ["solution"],
    "solution": ["negotiation"],
    "negotiation": ["intent"],
    "intent": ["contract"],
    "contract": ["execution"],
    "execution": ["delivery"],
    "delivery": ["acceptance"],
    "acceptance": ["closed"],
}


@pytest.mark.parametrize("stage", Stage.values)
def test_these_stages_may_be_asked_for(stage, new_docking):
    docking = new_docking(stage)
    back = ORDER[: ORDER.index(stage)] if stage in ORDER else []
    expected = {*back, *AHEAD[stage], "failed"} if stage in AHEAD else set()
    assert set(stages_to_ask(docking)) == expected


@pytest.mark.parametrize("stage", Stage.values)
@pytest.mark.parametrize("target", Stage.values)
def test_every_pair_of_stages(stage, target, new_docking, owner):
    """What cannot be asked for is refused in words, and what can is asked for once its papers are there."""
    docking = new_docking(stage)
    ahead = AHEAD.get(stage, [])
    is_possible = stage in AHEAD and (target in ahead or target == "failed" or target in ORDER[: ORDER.index(stage)])
    needs_papers = target in {"contract", "acceptance", "closed"} and target in ahead
    if needs_papers and target == "closed":
        Acceptance.objects.create(docking=docking, accepted_on=day(0), conclusion="合格", author=owner)
    if is_possible and not needs_papers:
        event = ask_stage(docking, target, actor=owner, note="理由", reason="price" if target == "failed" else "")
        assert (event.action, event.source, event.target) == ("ask", stage, target)
    else:
        with pytest.raises(TransitionError):
            ask_stage(docking, target, actor=owner, note="理由", reason="price" if target == "failed" else "")
        docking.refresh_from_db()
        assert (docking.status, docking.asked_stage) == (stage, "")


@pytest.mark.parametrize("target", ["", "explode", "to_survey", "__class__"])
def test_no_such_stage(target, docking, owner):
    with pytest.raises(TransitionError, match="不能这样转"):
        ask_stage(docking, target, actor=owner)


def test_who_may_ask(everyone, carried):
    assert who_may(everyone, carried, lambda docking, user: ask_stage(docking, "survey", actor=user)) == SIDES


@pytest.mark.parametrize(("asker", "others"), [("owner", PROVIDER), ("provider", ENTERPRISE)])
def test_the_other_side_answers(asker, others, everyone, carried):
    ask_stage(carried, "survey", actor=everyone[asker])
    assert who_may(everyone, carried, lambda docking, user: confirm_stage(docking, actor=user)) == others
    assert who_may(everyone, carried, lambda docking, user: refuse_stage(docking, actor=user, note="不")) == others


@pytest.mark.parametrize(("asker", "own"), [("owner", ENTERPRISE), ("provider", PROVIDER)])
def test_the_asking_side_withdraws(asker, own, everyone, carried):
    ask_stage(carried, "survey", actor=everyone[asker])
    assert who_may(everyone, carried, lambda docking, user: withdraw_stage(docking, actor=user)) == own


@pytest.mark.parametrize(("days", "also"), [(6, set()), (7, set()), (8, {"steward", *ORGANISERS})])
def test_after_its_week_the_steward_may_answer(days, also, everyone, carried, owner, time_machine):
    """The day it is due is still the other side's: T−1, T and T+1."""
    ask_stage(carried, "survey", actor=owner)
    time_machine.move_to(timezone.now() + timedelta(days=days))
    assert who_may(everyone, carried, lambda docking, user: confirm_stage(docking, actor=user)) == PROVIDER | also


def test_a_day_ends_at_midnight_in_shanghai(docking, owner, organiser, time_machine):
    time_machine.move_to("2026-12-01T10:00:00+08:00")
    ask_stage(docking, "survey", actor=owner)
    for moment, is_overdue in (("2026-12-08T23:59:59+08:00", False), ("2026-12-09T00:00:00+08:00", True)):
        time_machine.move_to(moment)
        assert (docking.is_overdue, may_answer(docking, organiser)) == (is_overdue, is_overdue)


def test_who_sits_on_both_sides_does_not_answer_to_oneself(docking, owner, institute, colleague):
    seat(owner, institute)
    seat(colleague, institute)
    ask_stage(docking, "survey", actor=reader(owner))
    with pytest.raises(NotPermitted):
        confirm_stage(docking, actor=reader(owner))
    assert confirm_stage(docking, actor=reader(colleague)).target == "survey"


def test_an_organiser_of_the_asking_side_does_not_decide(docking, owner, organiser, time_machine):
    seat(organiser, docking.need.organisation)
    ask_stage(docking, "survey", actor=owner)
    time_machine.move_to(timezone.now() + timedelta(days=8))
    assert may_answer(Docking.objects.get(pk=docking.pk), reader(organiser)) is False


def test_only_one_wish_at_a_time(docking, owner, provider):
    ask_stage(docking, "survey", actor=owner)
    with pytest.raises(TransitionError, match="“现场勘察”正等待确认"):
        ask_stage(docking, "solution", actor=provider)


def test_the_answer_is_to_what_was_shown(docking, owner, provider):
    ask_stage(docking, "survey", actor=owner)
    withdraw_stage(docking, actor=owner)
    ask_stage(docking, "solution", actor=owner)
    for answer in (confirm_stage, lambda *args, **more: refuse_stage(*args, note="不", **more)):
        with pytest.raises(TransitionError, match="已有答复或已撤回"):
            answer(docking, actor=provider, asked="survey")
    assert confirm_stage(docking, actor=provider, asked="solution").target == "solution"


@pytest.mark.parametrize("answer", [confirm_stage, withdraw_stage])
def test_nothing_to_answer(answer, docking, owner):
    with pytest.raises(TransitionError):
        answer(docking, actor=owner)


def test_refusing_and_going_back_need_words(new_docking, owner, provider):
    docking = new_docking("solution")
    for note in ("", " \n"):
        with pytest.raises(TransitionError, match="退回前面的阶段需要写明理由"):
            ask_stage(docking, "exchange", actor=owner, note=note)
    ask_stage(docking, "exchange", actor=owner, note="参数没有谈清")
    with pytest.raises(TransitionError, match="不同意需要写明理由"):
        refuse_stage(docking, actor=provider, note=" ")
    refuse_stage(docking, actor=provider, note="已经谈清了")
    assert (docking.status, docking.asked_stage, docking.asked_note) == ("solution", "", "")
    assert list(docking.events.values_list("action", "note"))[1:] == [("ask", "参数没有谈清"), ("refuse", "已经谈清了")]


@pytest.mark.parametrize("reason", ["", "none", "capability"])
def test_failing_needs_one_of_the_reasons(reason, docking, owner):
    with pytest.raises(TransitionError, match="请选择对接未成的原因"):
        ask_stage(docking, "failed", actor=owner, reason=reason)


def test_a_confirmed_stage_keeps_who_asked_and_why(new_docking, owner, provider):
    docking = new_docking("solution")
    go(docking, "exchange", owner, provider, note="重谈")
    event = docking.events.get(action="to_exchange")
    assert (event.source, event.target, event.note, event.actor, event.data) == (
        "solution",
        "exchange",
        "重谈",
        provider,
        {"asked_by": "需求方"},
    )
    assert find_break() is None


def test_the_table_of_stages_is_complete():
    assert {name.removeprefix("to_") for name in docking_workflow.transitions} == set(Stage.values)
    assert [is_backwards("solution", stage) for stage in ("exchange", "survey", "negotiation")] == [True, True, False]


def test_everybody_concerned_is_told_and_nobody_of_the_content(carried, owner, provider, steward):
    Notice.objects.all().delete()
    go(carried, "survey", owner, provider, note="秘密的理由")
    told = {(notice.user.name, notice.text) for notice in Notice.objects.all()}
    number = carried.number
    assert told == {
        ("机构业务员", f"{number} 对方申请进入“现场勘察”，请在 {day(7):%m-%d} 前确认。"),
        ("需求方", f"{number} 已进入“现场勘察”。"),
        ("技术管家", f"{number} 已进入“现场勘察”。"),
    }


# --- The end ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", FailureReason.values)
def test_a_docking_that_fails_opens_the_need_again(reason, docking, owner, provider, institute):
    go(docking, "failed", owner, provider, reason=reason)
    proposal, need = Proposal.objects.get(pk=docking.proposal_id), Need.objects.get(pk=docking.need_id)
    assert (docking.status, docking.is_open, docking.next_contact_on) == ("failed", False, None)
    assert (proposal.has_succeeded, need.status) == (False, "published")
    assert need.grants.get(organisation=institute).sees_contact is False
    assert docking.events.get(action="to_failed").reason == reason


def test_a_docking_that_is_closed_settles_the_need(new_docking, owner, provider):
    docking = new_docking("acceptance")
    Acceptance.objects.create(
        docking=docking, accepted_on=day(0), conclusion="合格", author=owner, enterprise_mark=5, provider_mark=4
    )
    go(docking, "closed", owner, provider)
    proposal, need = Proposal.objects.get(pk=docking.proposal_id), Need.objects.get(pk=docking.need_id)
    assert (docking.status, proposal.has_succeeded, need.status) == ("closed", True, "resolved")


@pytest.mark.parametrize(
    ("endings", "expected"),
    [
        (["failed"], "docking"),
        (["closed"], "docking"),
        (["failed", "failed"], "published"),
        (["closed", "failed"], "resolved"),
        (["failed", "closed"], "resolved"),
    ],
)
def test_a_need_is_settled_by_the_last_of_its_dockings(endings, expected, new_need, new_capability, owner, provider):
    new_capability("坐标测量机")
    new_capability("三坐标测量机")
    need = new_need("published")
    propose_for_need(need)
    for proposal in need.proposals.all():
        move_proposal(proposal, "enterprise_accept", actor=owner)
        move_proposal(proposal, "provider_accept", actor=provider)
    for docking, ending in zip(Docking.objects.all(), endings, strict=False):
        if ending == "closed":
            Docking.objects.filter(pk=docking.pk).update(status="acceptance")
            Acceptance.objects.create(
                docking=docking, accepted_on=day(0), conclusion="合格", author=owner, enterprise_mark=5, provider_mark=4
            )
            docking.refresh_from_db()
        go(docking, ending, owner, provider, reason="other" if ending == "failed" else "")
    assert Need.objects.get(pk=need.pk).status == expected


def test_a_withdrawn_need_ends_its_dockings(docking, owner, provider, django_capture_on_commit_callbacks):
    ask_stage(docking, "survey", actor=owner)
    Notice.objects.all().delete()
    with django_capture_on_commit_callbacks(execute=True):
        move_need(Need.objects.get(pk=docking.need_id), "withdraw", actor=owner)
    docking.refresh_from_db()
    assert (docking.status, docking.asked_stage, docking.need.status) == ("failed", "", "withdrawn")
    event = docking.events.get(action="to_failed")
    assert (event.actor, event.reason, event.note) == (None, "changed", "企业撤回或修改了需求")
    told = set(Notice.objects.filter(kind="docking").values_list("user__name", flat=True))
    assert told == {"机构业务员", "组织方"}


@pytest.mark.parametrize("status", ["published", "docking", "contracted", "resolved"])
def test_a_need_that_is_known_keeps_its_dockings(status, docking):
    Need.objects.filter(pk=docking.need_id).update(status=status)
    end_dockings_of(Need.objects.get(pk=docking.need_id))
    docking.refresh_from_db()
    assert docking.status == "exchange"


def test_nothing_goes_on_after_the_end(new_docking, owner, organiser, steward):
    docking = new_docking("failed")
    refused = [
        lambda: ask_stage(docking, "survey", actor=owner),
        lambda: plan_visit(docking, actor=owner, planned_on=day(1)),
        lambda: add_milestone(docking, actor=owner, title="样件送达", due_on=day(1)),
        lambda: set_next_contact(docking, actor=organiser, on=day(1)),
        lambda: assign_steward(docking, actor=organiser, steward=steward),
    ]
    for act in refused:
        with pytest.raises(TransitionError):
            act()
    log_contact(docking, actor=owner, held_on=day(0), **MINUTES)
    assert docking.next_contact_on is None


# --- Contact log --------------------------------------------------------------------------------------------------


def test_a_contact_moves_the_dates(docking, owner):
    log_contact(docking, actor=owner, held_on=day(0), next_on=day(5), **MINUTES)
    assert (docking.last_contact_on, docking.next_contact_on) == (day(0), day(5))
    log_contact(docking, actor=owner, held_on=day(-3), next_on=day(9), **MINUTES)
    assert (docking.last_contact_on, docking.next_contact_on) == (day(0), day(9))


@pytest.mark.parametrize(
    ("held", "next_", "words"),
    [(1, 5, "不能晚于今天"), (0, None, "请填写下次联系日期"), (0, -1, "请填写下次联系日期")],
)
def test_a_contact_needs_sound_dates(held, next_, words, docking, owner):
    with pytest.raises(TransitionError, match=words):
        log_contact(docking, actor=owner, held_on=day(held), next_on=None if next_ is None else day(next_), **MINUTES)
    assert docking.contacts.count() == 0


@pytest.mark.parametrize(("days", "expected"), [(3, 3), (7, 7), (9, 7)])
def test_a_planned_visit_is_the_next_contact_unless_one_is_due_before(days, expected, docking, owner):
    visit = plan_visit(docking, actor=owner, planned_on=day(days))
    docking.refresh_from_db()
    assert (docking.next_contact_on, visit.kind, visit.held_on) == (day(expected), "visit", None)


def test_no_visit_is_planned_for_the_past(docking, owner):
    with pytest.raises(TransitionError, match="不能早于今天"):
        plan_visit(docking, actor=owner, planned_on=day(-1))


def test_minutes_are_filed_once(docking, owner, provider):
    visit = plan_visit(docking, actor=owner, planned_on=day(0), place="车间")
    file_minutes(visit, actor=provider, held_on=day(0), next_on=day(3), **{**MINUTES, "kind": "visit"})
    docking.refresh_from_db()
    assert (visit.conclusion, visit.place, docking.next_contact_on) == ("先送样件", "车间", day(3))
    with pytest.raises(TransitionError, match="已有纪要"):
        file_minutes(visit, actor=provider, held_on=day(0), next_on=day(3), **MINUTES)
    assert list(docking.events.values_list("action", flat=True)) == ["open", "plan", "minutes"]


@pytest.mark.parametrize(("days", "lacks"), [(-1, True), (0, False), (1, False)])
def test_a_visit_lacks_minutes_from_the_day_after(days, lacks, docking, owner):
    visit = plan_visit(docking, actor=owner, planned_on=day(0))
    visit.planned_on = day(days)
    assert visit.lacks_minutes is lacks


@pytest.mark.parametrize(("days", "is_stale"), [(20, False), (21, False), (22, True)])
def test_a_docking_is_stale_after_three_weeks_without_a_log(days, is_stale, docking, time_machine):
    time_machine.move_to(timezone.now() + timedelta(days=days))
    assert (docking.is_stale, list(Docking.objects.stale())) == (is_stale, [docking] if is_stale else [])


def test_who_may_write(everyone, carried):
    upload = check_upload(ContentFile("内径 20 mm".encode(), "样件.txt"))
    milestone = Milestone.objects.create(docking=carried, title="样件送达", due_on=day(3))
    acts = {
        "log": lambda docking, user: log_contact(docking, actor=user, held_on=day(0), next_on=day(2), **MINUTES),
        "visit": lambda docking, user: plan_visit(docking, actor=user, planned_on=day(2)),
        "message": lambda docking, user: write_message(docking, actor=user, text="样件已寄出"),
        "file": lambda docking, user: add_file(docking, actor=user, upload=upload),
        "milestone": lambda docking, user: add_milestone(docking, actor=user, title="报价", due_on=day(3)),
        "complete": lambda docking, user: complete_milestone(milestone, actor=user),
    }
    writers = SIDES | ORGANISERS | {"steward"}
    assert {name: who_may(everyone, carried, act) for name, act in acts.items()} == dict.fromkeys(acts, writers)


def test_a_milestone_is_completed_once(docking, owner, time_machine):
    milestone = add_milestone(docking, actor=owner, title="样件送达", due_on=day(0))
    complete_milestone(milestone, actor=owner)
    done_on = milestone.done_on
    time_machine.move_to(timezone.now() + timedelta(days=1))
    complete_milestone(milestone, actor=owner)
    assert (milestone.done_on, milestone.is_overdue) == (done_on, False)
    assert docking.events.filter(action="milestone_done").count() == 1


@pytest.mark.parametrize(("days", "is_overdue"), [(1, False), (0, False), (-1, True)])
def test_a_milestone_is_overdue_from_the_day_after(days, is_overdue, docking):
    assert Milestone(docking=docking, title="报价", due_on=day(days)).is_overdue is is_overdue


# --- The steward --------------------------------------------------------------------------------------------------


def test_who_may_be_steward(docking, steward, organiser, reviewer, distant_organiser, admin, owner, stranger):
    """People of the organiser in charge, experts too; nobody of another region, of no body, or of a side."""
    assert set(possible_stewards(docking)) == {steward, organiser, reviewer}
    seat(reviewer, docking.institute)
    assert set(possible_stewards(docking)) == {steward, organiser}
    for user in (distant_organiser, admin, owner, stranger, reviewer):
        with pytest.raises(TransitionError, match="请另选"):
            assign_steward(docking, actor=organiser, steward=user)


def test_who_may_assign_schedule_and_pledge(everyone, carried, organiser, reviewer):
    assert who_may(everyone, carried, lambda docking, user: assign_steward(docking, actor=user, steward=reviewer)) == (
        ORGANISERS | {"steward"}
    )
    assert who_may(everyone, carried, lambda docking, user: set_next_contact(docking, actor=user, on=day(1))) == (
        ORGANISERS | {"steward"}
    )
    assign_steward(carried, actor=organiser, steward=reviewer)
    assert who_may(everyone, carried, lambda docking, user: pledge(docking, actor=user)) == {"reviewer"}


def test_the_next_contact_is_not_in_the_past(carried, steward):
    with pytest.raises(TransitionError, match="不能早于今天"):
        set_next_contact(carried, actor=steward, on=day(-1))
    set_next_contact(carried, actor=steward, on=day(0))
    assert carried.next_contact_on == day(0)


@pytest.mark.parametrize("level", [1, 2, 3])
def test_the_pledge_opens_the_need_and_a_new_steward_closes_it(level, new_docking, organiser, reviewer, steward):
    """An expert has no sight of the region, so what is seen comes from the pledge alone."""
    docking = new_docking(level=level)
    need = Need.objects.get(pk=docking.need_id)
    before = sight_of(need, reader(reviewer))
    assign_steward(docking, actor=organiser, steward=reviewer)
    assert (docking.steward_pledged_at, sight_of(need, reader(reviewer))) == (None, before)
    pledge(docking, actor=reviewer)
    assert sight_of(Need.objects.get(pk=need.pk), reader(reviewer)) == ("public" if level == 1 else "detail")
    assert docking in Docking.objects.readable_by(reader(reviewer))
    assign_steward(docking, actor=organiser, steward=steward)
    assert sight_of(Need.objects.get(pk=need.pk), reader(reviewer)) == before
    assert docking not in Docking.objects.visible_to(reader(reviewer))


def test_who_is_steward_of_two_dockings_keeps_the_need_until_the_second(
    new_need, new_capability, owner, provider, organiser, reviewer, steward
):
    new_capability("坐标测量机")
    new_capability("三坐标测量机")
    need = new_need("published", level=2)
    propose_for_need(need)
    for proposal in need.proposals.all():
        for step, actor in (("propose", organiser), ("enterprise_accept", owner), ("provider_accept", provider)):
            move_proposal(proposal, step, actor=actor)
    dockings = list(Docking.objects.all())
    for docking in dockings:
        assign_steward(docking, actor=organiser, steward=reviewer)
        pledge(docking, actor=reviewer)
    sights = []
    for docking in dockings:
        assign_steward(docking, actor=organiser, steward=steward)
        sights.append(sight_of(Need.objects.get(pk=need.pk), reader(reviewer)))
    assert sights == ["detail", "teaser"]


def test_a_pledge_is_given_once_and_not_after_the_end(carried, new_docking, steward, organiser, owner, provider):
    with pytest.raises(TransitionError, match="已签署过"):
        pledge(carried, actor=steward)
    with pytest.raises(TransitionError, match="已经是"):
        assign_steward(carried, actor=organiser, steward=steward)
    late = new_docking()
    assign_steward(late, actor=organiser, steward=steward)
    go(late, "failed", owner, provider, reason="other")
    with pytest.raises(TransitionError, match="已结束"):
        pledge(late, actor=steward)


def test_until_the_pledge_the_organiser_is_told_too(docking, organiser, steward, owner):
    """A name with braces is nothing special."""
    User.objects.filter(pk=steward.pk).update(name="{number}管家{0}")
    Notice.objects.all().delete()
    assign_steward(docking, actor=organiser, steward=reader(steward))
    told = dict(Notice.objects.values_list("user__name", "text"))
    assert told["{number}管家{0}"] == f"您被指派为 {docking.number} 的技术管家，请先签署承诺。"
    Notice.objects.all().delete()
    write_message(docking, actor=owner, text="样件已寄出")
    assert set(Notice.objects.values_list("user__name", flat=True)) == {"机构业务员", "组织方", "{number}管家{0}"}
