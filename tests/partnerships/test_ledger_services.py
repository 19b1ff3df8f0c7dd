"""The ledger: who may do what and when, what is told to whom, and what is late by the day in Shanghai."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Notice
from core.history import find_break
from core.workflow import NotPermitted, TransitionError
from needs.models import Need
from needs.services import follow_need, grant_sight, move_need
from partnerships.enums import UNDONE, LedgerStatus
from partnerships.ledger_jobs import complete_ledger, remind_of_deadlines, remove_old_imports
from partnerships.models import LedgerEntry, LedgerImport
from partnerships.services.ledger import (
    add_entry,
    add_entry_for_need,
    ask_extension,
    assign_entry,
    decide_extension,
    keep_pace,
    move_entry,
    register_enterprise,
    update_entry,
)
from partnerships.workflow import ledger_workflow
from tests.conftest import credit_code, seat
from tests.partnerships.conftest import WAY_TO_ENTRY

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)


def told(user):
    """What was said of the ledger to the person, oldest first."""
    return list(Notice.objects.filter(user=user, kind="ledger").order_by("created_at").values_list("text", flat=True))


def labels(entry):
    return [event.label for event in entry.events.all()]


# --- Who may -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("permission", "allowed"),
    [
        ("partnerships.manage_entry", {"organiser", "admin"}),
        ("partnerships.work_on_entry", {"provider"}),
        ("partnerships.confirm_entry", {"owner", "colleague"}),
    ],
)
def test_who_may(permission, allowed, people, new_entry):
    entry = new_entry("assigned")
    assert {name for name, user in people.items() if user.has_perm(permission, entry)} == allowed


def test_who_sees_an_entry(people, new_entry):
    open_, assigned = new_entry(), new_entry("assigned", title="别的问题")
    seen = {name: set(LedgerEntry.objects.visible_to(user)) for name, user in people.items()}
    both = {open_, assigned}
    assert seen == {
        "owner": both,
        "colleague": both,
        "stranger": set(),
        "provider": {assigned},
        "organiser": both,
        "distant_organiser": set(),
        "reviewer": set(),
        "admin": both,
    }


def test_only_the_organiser_in_charge_adds_and_assigns(people, enterprise, institute, provider, new_entry, today):
    may_add, may_assign = set(), set()
    entry = new_entry()
    for name, user in people.items():
        for allowed, act in (
            (may_add, lambda user: add_entry(actor=user, enterprise=enterprise, title="问题")),
            (
                may_assign,
                lambda user: assign_entry(entry, actor=user, responsible=institute, person=provider, due_on=today),
            ),
        ):
            try:
                act(user)
            except NotPermitted:
                continue
            allowed.add(name)
    assert (may_add, may_assign) == ({"organiser", "admin"}, {"organiser", "admin"})


STEPS = [name for name, step in ledger_workflow.transitions.items() if step.permission]
ACTORS = {
    "start": "provider",
    "finish": "provider",
    "confirm": "owner",
    "reject": "owner",
    "close": "organiser",
    "cancel": "organiser",
}


@pytest.mark.parametrize("status", WAY_TO_ENTRY)
@pytest.mark.parametrize("name", STEPS)
def test_every_step_from_every_status(name, status, new_entry, people):
    entry = new_entry(status)
    step = ledger_workflow.transitions[name]
    actor = people[ACTORS[name]]
    if status in step.sources:
        move_entry(entry, name, actor=actor, note="另有安排", result="已配备")
        assert entry.status == step.target
        return
    # Nobody answers for an open entry, so nobody may work on it.
    refusal = NotPermitted if actor == people["provider"] and entry.person is None else TransitionError
    with pytest.raises(refusal):
        move_entry(entry, name, actor=actor, note="另有安排", result="已配备")
    entry.refresh_from_db()
    assert entry.status == status


@pytest.mark.parametrize("name", STEPS)
def test_nobody_else_takes_a_step(name, new_entry, people):
    status = sorted(ledger_workflow.transitions[name].sources)[0]
    entry = new_entry("assigned" if status == "open" or status == "in_progress" else status)
    permission = ledger_workflow.transitions[name].permission
    allowed = {who for who, person in people.items() if person.has_perm(permission, entry)}
    found = set()
    for who, person in people.items():
        try:
            with transaction.atomic():
                move_entry(entry, name, actor=person, note="另有安排", result="已配备")
                transaction.set_rollback(True)
        except NotPermitted:
            continue
        found.add(who)
    assert found == allowed != set()


def test_an_unknown_step_is_refused(new_entry, organiser):
    for name in ("explode", "assign"):
        with pytest.raises(TransitionError, match="没有这个操作"):
            move_entry(new_entry(title=name), name, actor=organiser)


# --- Making --------------------------------------------------------------------------------------------------------


def test_only_problems_of_enterprises_are_entered(institute, organiser):
    with pytest.raises(ValidationError, match="请选择企业"):
        add_entry(actor=organiser, enterprise=institute, title="问题")


def test_a_problem_is_not_raised_in_the_future(enterprise, organiser, new_entry, today):
    with pytest.raises(ValidationError, match="不能晚于今天"):
        add_entry(actor=organiser, enterprise=enterprise, title="问题", raised_on=today + DAY)
    with pytest.raises(ValidationError, match="不能晚于今天"):
        update_entry(new_entry(), actor=organiser, raised_on=today + DAY)


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (1, ("坐标测量机校准", "坐标测量机长度示值误差校准。", "energy")),
        (2, ("坐标测量机校准", "", "measurement")),
        (3, ("{number} 仅组织方可见的需求", "", "measurement")),
    ],
)
def test_the_entry_of_a_need_says_what_everybody_may_read(level, expected, new_need, organiser, enterprise):
    need = new_need("published", level=level, category="energy")
    entry = add_entry_for_need(need, actor=organiser)
    title, description, category = expected
    assert (entry.title, entry.description, entry.category) == (title.format(number=need.number), description, category)
    assert (entry.source, entry.status, entry.enterprise, entry.author) == ("need", "open", enterprise, organiser)


def test_every_published_need_is_entered_once(new_need, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        need = new_need("published")
    assert complete_ledger() == 0
    add_entry_for_need(need)
    entry = LedgerEntry.objects.get()
    assert (entry.need, labels(entry)) == (need, ["登记"])


def test_what_a_signal_left_behind_is_entered_at_night(new_need):
    new_need("published")
    new_need("submitted")
    assert (complete_ledger(), complete_ledger(), LedgerEntry.objects.count()) == (1, 0, 1)


def test_a_need_that_becomes_confidential_takes_its_words_back(new_need, organiser, owner):
    need = new_need("published")
    add_entry_for_need(need, actor=organiser)
    Need.objects.filter(pk=need.pk).update(level=3)
    entry = add_entry_for_need(Need.objects.get(pk=need.pk), actor=organiser)
    assert (entry.title, entry.description) == (f"{need.number} 仅组织方可见的需求", "")
    assert LedgerEntry.objects.count() == 1


def test_a_need_is_entered_by_who_is_in_charge_and_once_it_is_published(new_need, owner, organiser):
    with pytest.raises(NotPermitted):
        add_entry_for_need(new_need("published"), actor=owner)
    with pytest.raises(TransitionError, match="还没有发布"):
        add_entry_for_need(new_need("submitted"), actor=organiser)


def test_words_are_changed_with_a_trace(new_entry, organiser, owner):
    entry = new_entry()
    update_entry(entry, actor=organiser, title="缺少温度标准器", category="measurement")
    update_entry(entry, actor=organiser, title="缺少温度标准器")
    with pytest.raises(NotPermitted):
        update_entry(entry, actor=owner, title="别的")
    event = entry.events.last()
    assert (entry.title, labels(entry), event.note) == ("缺少温度标准器", ["登记", "修改"], "修改了问题。")
    assert event.data == {"before": {"title": "缺少压力标准器"}, "after": {"title": "缺少温度标准器"}}


def test_words_of_needs_and_of_finished_entries_stay(new_entry, new_need, organiser):
    with pytest.raises(TransitionError, match="在需求页修改"):
        update_entry(new_entry(need=new_need("published")), actor=organiser, title="别的")
    with pytest.raises(TransitionError, match="不能再修改"):
        update_entry(new_entry("closed"), actor=organiser, title="别的")


def test_an_enterprise_is_registered_unverified(organiser, distant_organiser):
    values = {"name": "新遇到的企业", "credit_code": credit_code(77).lower(), "region": "310000"}
    with pytest.raises(NotPermitted):
        register_enterprise(actor=distant_organiser, **values)
    body = register_enterprise(actor=organiser, **values)
    assert (body.credit_code, body.verified_at, body.kind) == (credit_code(77), None, "enterprise")
    with pytest.raises(ValidationError, match="代码"):
        register_enterprise(actor=organiser, **{**values, "name": "又一家", "credit_code": "91310000MA0000000X"})


# --- Assigning -----------------------------------------------------------------------------------------------------


def test_assigning_names_one_organisation_one_person_and_a_day(new_entry, institute, provider, owner, organiser, today):
    entry = new_entry()
    assign_entry(entry, actor=organiser, responsible=institute, person=provider, due_on=today)
    assert (entry.status, entry.responsible, entry.person, entry.due_on) == ("assigned", institute, provider, today)
    assert told(provider) == [f"台账 {entry.number} 由您负责，请在 {today:%Y-%m-%d} 前办结。"]
    assert told(owner) == [f"台账 {entry.number} 已分派给测试计量院，{today:%Y-%m-%d} 前办结。"]
    assert told(organiser) == []


def test_assigning_again_keeps_who_it_was_before(new_entry, institute, new_user, organiser, provider, today):
    entry = new_entry("in_progress")
    before = entry.due_on
    ask_extension(entry, actor=provider, due_on=before + DAY, reason="等设备")
    successor = seat(new_user("接手的人"), institute)
    assign_entry(entry, actor=organiser, responsible=institute, person=successor, due_on=today)
    event = entry.events.last()
    assert (entry.status, event.source, event.note) == (
        "assigned",
        "in_progress",
        f"测试计量院 接手的人，{today} 前办结（原为：测试计量院 机构业务员，{before} 前办结）",
    )
    assert event.data["before"] == {"responsible": "测试计量院", "person": "机构业务员", "due_on": f"{before}"}
    assert [(each.status, each.note) for each in entry.extensions.all()] == [("refused", "已重新分派并另定时限。")]


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("stranger", "不是测试计量院的在册成员"),
        ("expert", "不是测试计量院的在册成员"),
        ("left", "不是测试计量院的在册成员"),
        ("unverified", "尚未核验"),
        ("enterprise", "不能是企业"),
        ("yesterday", "不能早于今天"),
    ],
)
def test_who_cannot_be_in_charge(
    case, message, new_entry, people, institute, enterprise, owner, new_user, unverified_provider, organiser, today
):
    provider = people["provider"]
    if case == "left":
        provider.is_active = False
        provider.save()
    responsible, person, due_on = {
        "stranger": (institute, people["stranger"], today),
        "expert": (institute, seat(new_user("顾问"), institute, role="expert"), today),
        "left": (institute, provider, today),
        "unverified": (unverified_provider.organisations[0], unverified_provider, today),
        "enterprise": (enterprise, owner, today),
        "yesterday": (institute, provider, today - DAY),
    }[case]
    entry = new_entry()
    with pytest.raises(TransitionError, match=message):
        assign_entry(entry, actor=organiser, responsible=responsible, person=person, due_on=due_on)
    assert labels(entry) == ["登记"]


def test_a_confidential_need_is_assigned_once_it_is_opened(new_entry, new_need, institute, provider, organiser, today):
    need = new_need("published", level=3)
    entry = new_entry(need=need)
    with pytest.raises(TransitionError, match="先经企业同意"):
        assign_entry(entry, actor=organiser, responsible=institute, person=provider, due_on=today)
    grant_sight(need, actor=organiser, organisation=institute)
    assign_entry(entry, actor=organiser, responsible=institute, person=provider, due_on=today)
    assert list(LedgerEntry.objects.visible_to(provider)) == [entry]
    need.grants.all().delete()
    assert list(LedgerEntry.objects.visible_to(provider)) == []


def test_who_may_not_know_of_an_entry_is_not_told(new_entry, new_need, institute, provider, organiser, today):
    need = new_need("published", level=3)
    grant_sight(need, actor=organiser, organisation=institute)
    entry = new_entry("assigned", need=need)
    need.grants.all().delete()
    Notice.objects.all().delete()
    LedgerEntry.objects.filter(pk=entry.pk).update(due_on=today - 8 * DAY)
    remind_of_deadlines()
    assert told(provider) == []
    assert told(organiser) == [f"台账 {entry.number} 逾期已满 7 天，请督促责任人，或重新分派。"]


def test_the_database_keeps_an_assignment_whole(new_entry):
    entry = new_entry("assigned")
    for change in ({"person": None}, {"due_on": None}, {"status": "open"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            LedgerEntry.objects.filter(pk=entry.pk).update(**change)


# --- Steps ---------------------------------------------------------------------------------------------------------


def test_the_straight_way(new_entry, owner, provider, organiser):
    entry = new_entry("assigned")
    Notice.objects.all().delete()
    move_entry(entry, "start", actor=provider)
    with pytest.raises(TransitionError, match="请先填写办理结果"):
        move_entry(entry, "finish", actor=provider, result="  ")
    move_entry(entry, "finish", actor=provider, result=" 已配备标准器 ")
    move_entry(entry, "reject", actor=owner, note="还缺一台")
    move_entry(entry, "finish", actor=provider)
    move_entry(entry, "confirm", actor=owner)
    move_entry(entry, "close", actor=organiser)
    assert (entry.status, entry.result) == ("closed", "已配备标准器")
    steps = "登记 分派 开始办理 提交企业确认 没有解决 提交企业确认 确认已解决 销号"
    assert labels(entry) == steps.split()
    assert told(owner) == [f"台账 {entry.number} 已办结，请确认问题是否解决。"] * 2 + [f"台账 {entry.number} 已销号。"]
    assert told(organiser) == [f"企业已确认台账 {entry.number} 解决，请核对后销号。"]
    assert told(provider) == [
        f"企业认为台账 {entry.number} 没有解决，请查看理由后继续办理。",
        f"台账 {entry.number} 已销号。",
    ]
    assert find_break() is None


def test_refusing_a_result_takes_a_reason(new_entry, owner):
    with pytest.raises(TransitionError, match="需要写明理由"):
        move_entry(new_entry("done_pending"), "reject", actor=owner)


def test_a_refused_finish_leaves_no_result(new_entry, owner):
    entry = new_entry("assigned")
    with pytest.raises(NotPermitted):
        move_entry(entry, "finish", actor=owner, result="企业自己写的")
    entry.refresh_from_db()
    assert (entry.status, entry.result) == ("assigned", "")


def test_the_organiser_speaks_for_an_enterprise_that_has_nobody_here(new_entry, organiser, provider, distant_organiser):
    absent = register_enterprise(actor=organiser, name="没有账户的企业", credit_code=credit_code(78), region="310000")
    entry = new_entry("in_progress", enterprise=absent)
    Notice.objects.all().delete()
    move_entry(entry, "finish", actor=provider, result="已配备")
    assert told(organiser) == [f"台账 {entry.number} 已办结，企业不在平台上，请核实后代为确认。"]
    assert not distant_organiser.has_perm("partnerships.confirm_entry", entry)
    event = move_entry(entry, "confirm", actor=organiser)
    assert (entry.status, event.data) == ("confirmed", {"on_behalf": True})


def test_the_organiser_does_not_speak_for_an_enterprise_that_is_here(new_entry, organiser):
    with pytest.raises(NotPermitted):
        move_entry(new_entry("done_pending"), "confirm", actor=organiser)


# --- With the need -------------------------------------------------------------------------------------------------


@pytest.fixture
def docked(new_docking):
    """A need whose docking with an institute is closed."""
    docking = new_docking("closed", title="三坐标校准")
    return Need.objects.get(pk=docking.need_id)


def move_along(need, *steps, actor=None):
    for step in steps:
        follow_need(need, step, actor=actor)
    return Need.objects.get(pk=need.pk)


def test_a_resolved_need_finishes_its_entry(docked, new_entry, provider, organiser, institute, today):
    entry = new_entry(need=docked)
    need = move_along(docked, "dock", "contract", "resolve")
    keep_pace(need)
    entry.refresh_from_db()
    assert (entry.status, entry.result, entry.responsible, entry.person, entry.due_on) == (
        "done_pending",
        "对接已结案",
        institute,
        provider,
        today,
    )
    assert keep_pace(need) is None


def test_a_contracted_need_starts_its_entry_and_a_resolved_one_ends_it(new_need, new_entry):
    need = new_need("published")
    entry = new_entry("assigned", need=need)
    keep_pace(move_along(need, "dock", "contract"))
    entry.refresh_from_db()
    assert entry.status == "in_progress"
    keep_pace(move_along(need, "resolve"))
    entry.refresh_from_db()
    assert (entry.status, entry.result) == ("done_pending", "对接已结案")


def test_what_nobody_is_known_to_have_resolved_stays_open(new_need, new_entry):
    need = new_need("published")
    entry = new_entry(need=need)
    assert keep_pace(move_along(need, "dock", "contract", "resolve")) is None
    entry.refresh_from_db()
    assert entry.status == "open"


@pytest.mark.parametrize("status", ["open", "assigned", "in_progress"])
def test_a_withdrawn_need_cancels_its_entry(status, new_need, new_entry, owner, provider):
    need = new_need("published")
    entry = new_entry(status, need=need)
    Notice.objects.all().delete()
    move_need(need, "withdraw", actor=owner)
    keep_pace(need)
    entry.refresh_from_db()
    assert (entry.status, entry.events.last().note) == ("cancelled", "企业撤回了需求。")
    # The institute sees neither the need nor the entry any more.
    assert (told(owner), told(provider)) == ([f"台账 {entry.number} 已撤销，不再办理。"], [])


def test_the_steps_of_a_need_reach_its_entry(new_need, new_entry, owner, django_capture_on_commit_callbacks):
    need = new_need("published")
    entry = new_entry(need=need)
    with django_capture_on_commit_callbacks(execute=True):
        move_need(need, "withdraw", actor=owner)
    entry.refresh_from_db()
    assert entry.status == "cancelled"


def test_what_a_signal_left_behind_is_settled_at_night(new_need, new_entry, owner):
    need = new_need("published")
    entry = new_entry(need=need)
    move_need(need, "withdraw", actor=owner)
    assert (complete_ledger(), complete_ledger()) == (1, 0)
    entry.refresh_from_db()
    assert entry.status == "cancelled"


# --- More time -----------------------------------------------------------------------------------------------------


@pytest.fixture
def asked(new_entry, provider):
    """An entry for which more time was asked."""
    entry = new_entry("assigned")
    return ask_extension(entry, actor=provider, due_on=entry.due_on + 10 * DAY, reason="等设备到货")


def test_more_time_is_asked_by_who_answers_for_the_entry(people, new_entry):
    entry = new_entry("assigned")
    allowed = set()
    for name, user in people.items():
        try:
            with transaction.atomic():
                ask_extension(entry, actor=user, due_on=entry.due_on + DAY, reason="等设备到货")
                transaction.set_rollback(True)
        except NotPermitted:
            continue
        allowed.add(name)
    assert allowed == {"provider"}


def test_more_time_is_decided_by_the_organiser_in_charge(people, asked):
    allowed = set()
    for name, user in people.items():
        try:
            with transaction.atomic():
                decide_extension(asked, actor=user, approve=True)
                transaction.set_rollback(True)
        except NotPermitted:
            continue
        allowed.add(name)
    assert allowed == {"organiser", "admin"}


def test_an_approved_extension_moves_the_deadline(asked, organiser, provider):
    entry = asked.entry
    before = entry.due_on
    Notice.objects.all().delete()
    decide_extension(asked, actor=organiser, approve=True, note="抓紧")
    entry.refresh_from_db()
    assert (asked.status, asked.decided_by, entry.due_on) == ("approved", organiser, before + 10 * DAY)
    assert entry.events.last().note == f"完成时限由 {before} 延至 {entry.due_on}。抓紧"
    assert told(provider) == [f"台账 {entry.number} 已批准延期至 {entry.due_on}。"]


def test_a_refused_extension_leaves_the_deadline(asked, organiser, provider):
    before = asked.entry.due_on
    with pytest.raises(TransitionError, match="需要写明理由"):
        decide_extension(asked, actor=organiser, approve=False, note=" ")
    decide_extension(asked, actor=organiser, approve=False, note="已延过")
    asked.entry.refresh_from_db()
    assert (asked.status, asked.entry.due_on) == ("refused", before)
    assert told(provider)[-1] == f"台账 {asked.entry.number} 的延期没有批准，理由见经过。"
    with pytest.raises(TransitionError, match="已有答复"):
        decide_extension(asked, actor=organiser, approve=True)


def test_nobody_approves_what_they_asked_for_themselves(new_entry, organiser, new_user, today):
    authority = organiser.organisations[0]
    entry = new_entry()
    assign_entry(entry, actor=organiser, responsible=authority, person=organiser, due_on=today)
    extension = ask_extension(entry, actor=organiser, due_on=today + DAY, reason="等设备")
    with pytest.raises(NotPermitted, match="不能由申请人自己批准"):
        decide_extension(extension, actor=organiser, approve=True)
    colleague = seat(new_user("组织方同事"), authority)
    assert decide_extension(extension, actor=colleague, approve=True).status == "approved"


@pytest.mark.parametrize(
    ("days", "reason", "message"),
    [(0, "等设备", "新的时限要晚于现在的时限"), (-1, "等设备", "也要晚于今天"), (5, "  ", "请写明延期的理由")],
)
def test_an_extension_is_later_and_has_a_reason(days, reason, message, new_entry, provider):
    entry = new_entry("assigned")
    with pytest.raises(TransitionError, match=message):
        ask_extension(entry, actor=provider, due_on=entry.due_on + days * DAY, reason=reason)


def test_a_late_entry_is_extended_beyond_today(new_entry, provider, today):
    entry = new_entry("assigned", due_on=today - 5 * DAY)
    with pytest.raises(TransitionError, match="也要晚于今天"):
        ask_extension(entry, actor=provider, due_on=today, reason="等设备")
    assert ask_extension(entry, actor=provider, due_on=today + DAY, reason="等设备").status == "requested"


def test_one_extension_at_a_time(asked, provider):
    with pytest.raises(TransitionError, match="已有一份延期申请"):
        ask_extension(asked.entry, actor=provider, due_on=asked.due_on + DAY, reason="再等等")
    with pytest.raises(IntegrityError), transaction.atomic():
        asked.entry.extensions.create(due_on=asked.due_on, reason="又一份", asked_by=provider)


@pytest.mark.parametrize(("step", "who"), [("finish", "provider"), ("cancel", "organiser")])
def test_what_is_no_longer_worked_on_needs_no_more_time(step, who, asked, people):
    move_entry(asked.entry, step, actor=people[who], note="另有安排", result="已配备")
    asked.refresh_from_db()
    assert (asked.status, asked.note) == ("refused", "台账已不在办理中。")


def test_finished_entries_are_not_extended(new_entry, provider, today):
    with pytest.raises(TransitionError, match="不需要延期"):
        ask_extension(new_entry("done_pending"), actor=provider, due_on=today + 99 * DAY, reason="等设备")


# --- Late by the day -----------------------------------------------------------------------------------------------

DUE = date(2026, 3, 5)


@pytest.mark.parametrize(
    ("moment", "days"),
    [
        (datetime(2026, 3, 5, 0, 0, 0, tzinfo=SHANGHAI), 0),
        (datetime(2026, 3, 5, 7, 59, 59, tzinfo=SHANGHAI), 0),  # still 4 March in UTC
        (datetime(2026, 3, 5, 8, 0, 0, tzinfo=SHANGHAI), 0),  # 5 March begins in UTC
        (datetime(2026, 3, 5, 23, 59, 59, tzinfo=SHANGHAI), 0),
        (datetime(2026, 3, 6, 0, 0, 0, tzinfo=SHANGHAI), 1),  # 16:00 of 5 March in UTC
        (datetime(2026, 3, 6, 7, 59, 59, tzinfo=SHANGHAI), 1),
        (datetime(2026, 3, 6, 8, 0, 0, tzinfo=SHANGHAI), 1),
        (datetime(2026, 3, 6, 23, 59, 59, tzinfo=SHANGHAI), 1),
        (datetime(2026, 3, 7, 0, 0, 0, tzinfo=SHANGHAI), 2),
        (datetime(2026, 3, 12, 23, 59, 59, tzinfo=SHANGHAI), 7),
    ],
)
def test_overdue_is_right_to_the_day_in_shanghai(moment, days, new_entry):
    entry = new_entry("assigned", due_on=DUE)
    with time_machine.travel(moment, tick=False):
        assert entry.days_overdue == days
        assert list(LedgerEntry.objects.overdue()) == [entry] * (days > 0)
        assert list(LedgerEntry.objects.due_soon()) == [entry] * (days == 0)


@pytest.mark.parametrize(("days", "is_soon"), [(-8, False), (-7, True), (0, True), (1, False)])
def test_due_soon_is_within_a_week(days, is_soon, new_entry):
    entry = new_entry("assigned", due_on=DUE)
    with time_machine.travel(datetime(2026, 3, 5, 12, tzinfo=SHANGHAI) + days * DAY, tick=False):
        assert (entry.is_due_soon, list(LedgerEntry.objects.due_soon())) == (is_soon, [entry] * is_soon)


@pytest.mark.parametrize("status", [status for status in WAY_TO_ENTRY if status not in {"open", "cancelled"}])
def test_only_what_is_undone_is_late(status, new_entry, today):
    entry = new_entry(status, due_on=today - DAY)
    is_late = status in UNDONE
    assert (entry.days_overdue, list(LedgerEntry.objects.overdue())) == (int(is_late), [entry] * is_late)


def test_reminders_come_once_however_often_the_job_runs(new_entry, provider, institute, organiser, new_user, today):
    seat(new_user("机构同事"), institute)
    entry = new_entry("assigned", due_on=today + 3 * DAY)
    Notice.objects.all().delete()
    soon = f"台账 {entry.number} 应在 {entry.due_on} 前办结，请抓紧办理。"
    overdue = f"台账 {entry.number} 已逾期 1 天，请尽快办结；确有困难的请申请延期。"
    raised = f"台账 {entry.number} 逾期已满 7 天，请督促责任人，或重新分派。"
    now = timezone.now()
    expected = {0: 1, 1: 0, 3: 0, 4: 1, 5: 0, 9: 0, 10: 1, 11: 0, 30: 0}
    for day, news in expected.items():
        with time_machine.travel(now + day * DAY, tick=False):
            assert [remind_of_deadlines(), remind_of_deadlines()] == [news, 0], day
    # The provider administers the institute; colleagues there are not bothered.
    assert (told(provider), told(organiser)) == ([soon, overdue, raised], [raised])
    assert Notice.objects.filter(kind="ledger").count() == 4
    entry.refresh_from_db()
    assert (entry.escalated_at, labels(entry)) == (now + 10 * DAY, ["登记", "分派", "逾期升级"])


def test_a_new_deadline_begins_anew(new_entry, provider, organiser, today):
    entry = new_entry("assigned", due_on=today - 8 * DAY)
    remind_of_deadlines()
    extension = ask_extension(entry, actor=provider, due_on=today + DAY, reason="等设备")
    decide_extension(extension, actor=organiser, approve=True)
    entry.refresh_from_db()
    assert entry.escalated_at is None
    with time_machine.travel(timezone.now() + 8 * DAY):
        remind_of_deadlines()
    entry.refresh_from_db()
    assert labels(entry).count("逾期升级") == 2


def test_open_and_finished_entries_bother_nobody(new_entry, today):
    new_entry()
    new_entry("done_pending", title="已办", due_on=today - 9 * DAY)
    Notice.objects.all().delete()
    assert (remind_of_deadlines(), Notice.objects.count()) == (0, 0)


def test_old_sheets_are_forgotten(organiser):
    LedgerImport.objects.create(author=organiser, file_name="新.xlsx")
    with time_machine.travel(timezone.now() - 31 * DAY):
        LedgerImport.objects.create(author=organiser, file_name="旧.xlsx")
    assert (remove_old_imports(), [each.file_name for each in LedgerImport.objects.all()]) == (1, ["新.xlsx"])


def test_an_entry_is_in_one_of_the_two_lists(new_entry):
    for status in WAY_TO_ENTRY:
        new_entry(status, title=status)
    asked = set(LedgerEntry.objects.asked().values_list("status", flat=True))
    taken = set(LedgerEntry.objects.taken_up().values_list("status", flat=True))
    assert (asked, taken) == ({"open", "cancelled"}, set(LedgerStatus.values) - {"open", "cancelled"})


def test_what_is_urgent_comes_first(new_entry, today):
    closed = new_entry("closed", title="销号", due_on=today - 9 * DAY)
    waiting = new_entry("done_pending", title="待确认", due_on=today - 5 * DAY)
    later = new_entry("assigned", title="还早", due_on=today + DAY)
    late = new_entry("in_progress", title="逾期", due_on=today - DAY)
    assert list(LedgerEntry.objects.urgent_first()) == [late, later, waiting, closed]
