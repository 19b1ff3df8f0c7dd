"""The pages of dockings: who gets in, what the forms do, and that nothing entered is lost."""

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from matching.services import move_proposal
from needs.models import Need
from partnerships.models import Docking, LedgerEntry
from partnerships.services.dockings import (
    add_milestone,
    ask_stage,
    assign_steward,
    log_contact,
    plan_visit,
    write_message,
)
from partnerships.services.ledger import add_entry, assign_entry
from tests.partnerships.conftest import go

INSIDERS = {"owner", "colleague", "provider", "organiser", "admin", "steward"}


def day(days):
    return timezone.localdate() + timedelta(days=days)


def at(name, docking, *args):
    return reverse(f"partnerships:{name}", args=[docking.pk, *args])


@pytest.fixture
def everyone(people, unverified_provider, carried, steward):
    return {**people, "unverified_provider": unverified_provider, "steward": steward}


# --- Who gets in --------------------------------------------------------------------------------------------------


def test_who_opens_a_docking(everyone, carried, as_user):
    answers = {name: as_user(user).get(carried.get_absolute_url()).status_code for name, user in everyone.items()}
    assert answers == {name: 200 if name in INSIDERS else 404 for name in everyone}


POSTS = {
    "docking_ask": [],
    "docking_answer": ["confirm"],
    "contact_create": [],
    "visit_create": [],
    "message_create": [],
    "file_create": [],
    "milestone_create": [],
    "docking_schedule": [],
    "docking_assign": [],
}


@pytest.mark.parametrize("name", POSTS)
def test_who_may_press_a_button(name, everyone, carried, as_user):
    """Whoever reads the page is answered by it, with the refusal; for the others there is none."""
    answers = {who: as_user(user).post(at(name, carried, *POSTS[name])).status_code for who, user in everyone.items()}
    assert answers == {who: 200 if who in INSIDERS else 404 for who in everyone}


def test_before_the_pledge_the_steward_sees_nothing_of_the_content(new_docking, reviewer, organiser, owner, as_user):
    """Neither the need, nor what the sides write, nor why a stage is asked for."""
    docking = new_docking(level=3, public_title="秘密的标题")
    assign_steward(docking, actor=organiser, steward=reviewer)
    write_message(docking, actor=owner, text="秘密的消息")
    log_contact(docking, actor=owner, held_on=day(0), next_on=day(1), people="秘密的人", conclusion="秘密的结论")
    add_milestone(docking, actor=owner, title="秘密的里程碑", due_on=day(0))
    ask_stage(docking, "survey", actor=owner, note="秘密的理由")
    client = as_user(reviewer)
    assert client.get(docking.get_absolute_url()).url == at("docking_pledge", docking)
    pages = [at("docking_pledge", docking), reverse("partnerships:docking_desk"), reverse("partnerships:docking_list")]
    texts = [client.get(page).content.decode() for page in pages]
    assert [("秘密" in text, docking.number in text) for text in texts] == [(False, True)] * 3
    assert client.post(at("message_create", docking), {"text": "早到"}).status_code == 404

    refused = client.post(at("docking_pledge", docking), {})
    assert refused.context["form"].errors == {"agreed": ["该字段是必填项。"]}
    assert client.post(at("docking_pledge", docking), {"agreed": "on"}).url == docking.get_absolute_url()
    page = client.get(docking.get_absolute_url()).content.decode()
    assert [word in page for word in ("秘密的标题", "秘密的消息", "秘密的结论", "秘密的里程碑", "秘密的理由")] == [
        True
    ] * 5


def test_the_pledge_is_only_for_who_is_named(carried, people, steward, as_user):
    pages = {name: as_user(user).get(at("docking_pledge", carried)).status_code for name, user in people.items()}
    assert pages == dict.fromkeys(people, 404)
    assert as_user(steward).get(at("docking_pledge", carried)).url == carried.get_absolute_url()


def test_a_docking_outlives_its_need_by_the_number_alone(new_docking, provider, owner, as_user):
    docking = new_docking(public_title="不再公开的标题")
    Need.objects.filter(pk=docking.need_id).update(status="withdrawn")
    for path in (docking.get_absolute_url(), reverse("partnerships:docking_list"), reverse("partnerships:task_list")):
        page = as_user(provider).get(path).content.decode()
        assert ("不再公开的标题" in page, docking.need.number in page) == (False, True)
    assert "三坐标校准" in as_user(owner).get(docking.get_absolute_url()).content.decode()


# --- What the forms do --------------------------------------------------------------------------------------------


def test_a_stage_is_asked_for_and_confirmed(docking, owner, provider, as_user):
    page = as_user(owner).get(docking.get_absolute_url()).content.decode()
    assert "申请进入下一阶段" in page
    answer = as_user(owner).post(at("docking_ask", docking), {"stage": "survey", "note": "请来看现场"}, follow=True)
    assert "请等对方在 7 天内确认" in answer.content.decode()
    page = as_user(provider).get(docking.get_absolute_url()).content.decode()
    assert ("请来看现场" in page, ">同意</button>" in page) == (True, True)
    as_user(provider).post(at("docking_answer", docking, "confirm"), {"asked": "survey"})
    docking.refresh_from_db()
    assert docking.status == "survey"


def test_a_stage_is_refused_and_withdrawn(docking, owner, provider, as_user):
    ask_stage(docking, "survey", actor=owner)
    refused = as_user(provider).post(at("docking_answer", docking, "refuse"), {"asked": "survey", "note": " "})
    assert "不同意需要写明理由" in refused.content.decode()
    as_user(provider).post(at("docking_answer", docking, "refuse"), {"asked": "survey", "note": "先交样件"})
    docking.refresh_from_db()
    assert (docking.status, docking.asked_stage) == ("exchange", "")
    ask_stage(docking, "survey", actor=owner)
    as_user(owner).post(at("docking_answer", docking, "withdraw"))
    docking.refresh_from_db()
    assert docking.asked_stage == ""


def test_an_unknown_answer_is_not_found(docking, owner, as_user):
    assert as_user(owner).post(at("docking_answer", docking, "explode")).status_code == 404


def test_failing_asks_for_its_reason(docking, owner, as_user):
    client = as_user(owner)
    refused = client.post(at("docking_ask", docking), {"stage": "failed", "note": "对方没有排期"})
    assert refused.context["failure_form"].errors == {"reason": ["该字段是必填项。"]}
    assert "对方没有排期" in refused.content.decode()
    client.post(at("docking_ask", docking), {"stage": "failed", "reason": "time", "note": "对方没有排期"})
    docking.refresh_from_db()
    assert (docking.asked_stage, docking.asked_reason) == ("failed", "time")


MINUTES = {"kind": "call", "people": "顾工、陆工", "conclusion": "先送样件", "place": "电话里"}
REFUSED = {
    "contact_create": ("minutes_form", {**MINUTES, "held_on": "2100-01-01", "next_on": "2100-01-02"}, "先送样件"),
    "visit_create": ("visit_form", {"planned_on": "2020-01-01", "place": "苏州车间", "people": "顾工"}, "苏州车间"),
    "message_create": ("message_form", {"text": "长" * 4001}, "长" * 4001),
    "milestone_create": ("milestone_form", {"title": "样件送达", "due_on": "2020-13-01"}, "样件送达"),
    "docking_schedule": ("schedule_form", {"on": "2020-01-01"}, "2020-01-01"),
    "docking_ask": ("stage_form", {"stage": "contract", "note": "我们想签了"}, "我们想签了"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_was_entered_stays_when_a_form_is_refused(name, docking, organiser, owner, as_user):
    form, data, kept = REFUSED[name]
    client = as_user(organiser if name == "docking_schedule" else owner)
    answer = client.post(at(name, docking), data)
    page = answer.content.decode()
    assert (answer.status_code, bool(answer.context[form].errors), kept in page) == (200, True, True)
    assert docking.events.count() == 1


def test_a_contact_is_logged(docking, owner, as_user):
    data = {**MINUTES, "held_on": f"{day(0)}", "next_on": f"{day(4)}"}
    answer = as_user(owner).post(at("contact_create", docking), data)
    assert answer.url == f"{docking.get_absolute_url()}#contacts"
    docking.refresh_from_db()
    assert (docking.contacts.get().conclusion, docking.next_contact_on) == ("先送样件", day(4))


@pytest.mark.parametrize("missing", ["held_on", "people", "conclusion", "next_on"])
def test_minutes_are_mandatory(missing, docking, owner, as_user):
    data = {**MINUTES, "held_on": f"{day(0)}", "next_on": f"{day(4)}", missing: ""}
    answer = as_user(owner).post(at("contact_create", docking), data)
    assert answer.context["minutes_form"].errors == {missing: ["该字段是必填项。"]}


def test_the_minutes_of_a_visit(docking, owner, provider, as_user):
    visit = plan_visit(docking, actor=owner, planned_on=day(0), place="苏州车间")
    client, path = as_user(provider), at("visit_minutes", docking, visit.pk)
    assert 'value="苏州车间"' in client.get(path).content.decode()
    refused = client.post(path, {**MINUTES, "held_on": f"{day(1)}", "next_on": f"{day(4)}"})
    assert ("不能晚于今天" in refused.content.decode(), "先送样件" in refused.content.decode()) == (True, True)
    client.post(path, {**MINUTES, "held_on": f"{day(0)}", "next_on": f"{day(4)}"})
    visit.refresh_from_db()
    assert (visit.held_on, visit.conclusion) == (day(0), "先送样件")
    assert client.get(path).status_code == 404


def test_milestones_are_added_and_completed(docking, owner, as_user):
    client = as_user(owner)
    client.post(at("milestone_create", docking), {"title": "样件送达", "due_on": f"{day(3)}"})
    milestone = docking.milestones.get()
    client.post(at("milestone_complete", docking, milestone.pk))
    milestone.refresh_from_db()
    assert (milestone.title, milestone.done_on) == ("样件送达", day(0))


def test_a_steward_is_assigned_on_the_page(docking, organiser, steward, owner, as_user):
    assert 'id="steward"' not in as_user(owner).get(docking.get_absolute_url()).content.decode()
    client = as_user(organiser)
    refused = client.post(at("docking_assign", docking), {"steward": owner.pk})
    assert list(refused.context["steward_form"].errors) == ["steward"]
    client.post(at("docking_assign", docking), {"steward": steward.pk})
    docking.refresh_from_db()
    assert (docking.steward, docking.has_active_steward) == (steward, False)


# --- Files --------------------------------------------------------------------------------------------------------


def test_a_file_is_checked_stored_and_given_out_as_a_download(carried, everyone, as_user):
    upload = SimpleUploadedFile("../报价 单.txt", "报价 12 万元".encode())
    answer = as_user(everyone["owner"]).post(at("file_create", carried), {"file": upload})
    assert answer.url == f"{carried.get_absolute_url()}#files"
    stored = carried.files.get()
    assert (stored.name, stored.media_type) == ("报价 单.txt", "text/plain")
    assert re.fullmatch(r"files/\d{4}/\d\d/[0-9a-f]{32}", stored.file.name)
    path = at("docking_file", carried, stored.pk)
    answers = {}
    for name, user in everyone.items():
        answer = as_user(user).get(path)
        body = b"".join(answer.streaming_content).decode() if answer.streaming else ""
        answers[name] = (answer.status_code, body)
    assert answers == {
        name: (200, "报价 12 万元") if name in INSIDERS else (404, answers[name][1]) for name in everyone
    }
    assert {body for name, (_, body) in answers.items() if name not in INSIDERS} == {""}


def test_a_program_is_refused_in_words(docking, owner, as_user):
    upload = SimpleUploadedFile("报价.pdf", b"MZ" + b"\0" * 300)
    answer = as_user(owner).post(at("file_create", docking), {"file": upload})
    assert "是程序，不能作为附件" in answer.content.decode()
    assert docking.files.count() == 0


def test_a_file_of_another_docking_is_not_found(new_docking, owner, as_user):
    first, second = new_docking(), new_docking()
    as_user(owner).post(at("file_create", first), {"file": SimpleUploadedFile("报价.txt", b"12")})
    assert as_user(owner).get(at("docking_file", second, first.files.get().pk)).status_code == 404


# --- The log of reads ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("level", "expected"), [(1, []), (2, ["organiser"]), (3, ["organiser"])])
def test_reads_of_a_confidential_docking_are_noted(level, expected, new_docking, owner, organiser, as_user):
    docking = new_docking(level=level)
    for user in (owner, organiser):
        as_user(user).get(docking.get_absolute_url())
    names = {organiser.pk: "organiser", owner.pk: "owner"}
    reads = docking.need.events.filter(action="read")
    assert [names[pk] for pk in reads.values_list("actor", flat=True)] == expected


# --- Lists, desk, next --------------------------------------------------------------------------------------------


def listed(client, **query):
    page = client.get(reverse("partnerships:docking_list"), query).context["page"]
    return {docking for docking, *_ in page.object_list}


def test_the_filters_of_the_list(new_docking, owner, provider, organiser, as_user, time_machine):
    stale, asked, ended = new_docking(), new_docking(), new_docking()
    go(ended, "failed", owner, provider, reason="other")
    time_machine.move_to(timezone.now() + timedelta(days=22))
    ask_stage(asked, "survey", actor=owner)
    log_contact(asked, actor=owner, held_on=day(0), next_on=day(3), people="顾工", conclusion="可行")
    found = {
        "all": listed(as_user(owner)),
        "open": listed(as_user(owner), state="open"),
        "stale": listed(as_user(owner), state="stale"),
        "ended": listed(as_user(owner), state="ended"),
        "stage": listed(as_user(owner), status="failed"),
        "side": listed(as_user(owner), side="provider"),
        "waiting for the asker": listed(as_user(owner), waiting="yes"),
        "waiting for the other": listed(as_user(provider), waiting="yes"),
        "waiting for the organiser": listed(as_user(organiser), waiting="yes"),
    }
    assert found == {
        "all": {stale, asked, ended},
        "open": {stale, asked},
        "stale": {stale},
        "ended": {ended},
        "stage": {ended},
        "side": set(),
        "waiting for the asker": set(),
        "waiting for the other": {asked},
        "waiting for the organiser": set(),
    }
    time_machine.move_to(timezone.now() + timedelta(days=8))
    assert listed(as_user(organiser), waiting="yes") == {asked}


def desk(client):
    groups = client.get(reverse("partnerships:docking_desk")).context["desk"].groups
    return {group.key: [errand.docking for errand in group.errands] for group in groups}


def test_the_desk_tells_what_to_do_today(
    carried, owner, steward, organiser, new_docking, reviewer, as_user, time_machine
):
    unnamed = new_docking()
    assert desk(as_user(steward)) == {"steward": [unnamed]}
    ask_stage(carried, "survey", actor=owner)
    plan_visit(carried, actor=owner, planned_on=day(1))
    add_milestone(carried, actor=owner, title="样件送达", due_on=day(1))
    # The steward is of the organising body, so what nobody carries is there too.
    time_machine.move_to(timezone.now() + timedelta(days=1))
    assert desk(as_user(steward)) == {"contact": [carried], "steward": [unnamed]}
    time_machine.move_to(timezone.now() + timedelta(days=21))
    keys = ["overdue", "minutes", "milestone", "stale", "steward"]
    found = desk(as_user(steward))
    assert list(found) == keys
    assert {key: set(found[key]) for key in keys} == {
        "overdue": {carried},
        "minutes": {carried},
        "milestone": {carried},
        "stale": {carried, unnamed},
        "steward": {unnamed},
    }
    # What a steward carries does not weigh on the organiser's desk.
    assert set(desk(as_user(organiser))["stale"]) == {unnamed}
    assert desk(as_user(reviewer)) == {}
    assign_steward(unnamed, actor=organiser, steward=reviewer)
    assert desk(as_user(reviewer)) == {"pledge": [unnamed]}


def test_the_organisers_desk_lists_dockings_without_steward_first(carried, new_docking, organiser, as_user):
    unnamed = new_docking()
    page = as_user(organiser).get(reverse("partnerships:docking_desk")).context["page"]
    assert [docking for docking, *_ in page.object_list] == [unnamed, carried]


def tasks(client):
    page = client.get(reverse("partnerships:task_list")).context["page"]
    return {
        task.number: [(move.is_mine, move.who, move.what, move.due_on) for move in task.moves]
        for task in page.object_list
    }


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("draft", (True, "企业", "提交", None)),
        ("submitted", (False, "组织方", "受理", None)),
        ("returned", (True, "企业", "补充后重新提交", None)),
        ("diagnosing", (False, "组织方", "诊断", None)),
        ("accepted", (True, "企业", "确认公开内容", None)),
        ("published", (False, "平台", "持续与新发布的能力匹配，有结果会通知您", None)),
    ],
)
def test_what_happens_next_with_a_need(status, expected, new_need, owner, provider, as_user):
    need = new_need(status)
    assert tasks(as_user(owner)) == {need.number: [expected]}
    assert tasks(as_user(provider)) == {}


@pytest.mark.parametrize("status", ["contracted", "resolved", "withdrawn", "rejected"])
def test_nothing_happens_next_with_a_settled_need(status, new_need, owner, as_user):
    new_need(status)
    assert tasks(as_user(owner)) == {}


def test_what_happens_next_between_two_sides(new_proposal, owner, provider, as_user):
    proposal = new_proposal()
    number, due = proposal.need.number, day(14)
    assert tasks(as_user(owner)) == {number: [(True, "企业", "答复 1 条匹配建议", due)]}
    assert tasks(as_user(provider)) == {number: [(True, "机构", "答复匹配建议", due)]}
    move_proposal(proposal, "provider_accept", actor=provider)
    assert tasks(as_user(owner)) == {number: [(True, "企业", "答复测试计量院的意向", due)]}
    assert tasks(as_user(provider)) == {number: [(False, "企业", "答复贵机构的意向", due)]}
    move_proposal(proposal, "enterprise_accept", actor=owner)
    both = {number: [(True, "双方", "互相联系，保存联系记录", day(7))]}
    assert (tasks(as_user(owner)), tasks(as_user(provider))) == (both, both)
    ask_stage(Docking.objects.get(), "survey", actor=provider)
    assert tasks(as_user(owner)) == {number: [(True, "企业", "答复是否进入“现场勘察”", day(7))]}
    assert tasks(as_user(provider)) == {number: [(False, "企业", "答复是否进入“现场勘察”", day(7))]}


@pytest.mark.parametrize(
    ("status", "for_owner", "for_provider"),
    [
        ("requested", (True, "企业"), (True, "双方")),
        ("enterprise_signed", (False, "机构"), (True, "机构")),
        ("provider_signed", (True, "企业"), (False, "企业")),
    ],
)
def test_who_signs_next(status, for_owner, for_provider, new_confidentiality, owner, provider, as_user):
    number = new_confidentiality(status).need.number
    assert tasks(as_user(owner)) == {number: [(*for_owner, "签署保密协议", None)]}
    assert tasks(as_user(provider)) == {number: [(*for_provider, "签署保密协议", None)]}


def test_what_waits_for_the_reader_comes_first(new_need, owner, as_user):
    waiting, draft = new_need("submitted"), new_need()
    assert list(tasks(as_user(owner))) == [draft.number, waiting.number]


@pytest.mark.parametrize(
    ("who", "text"), [("stranger", "提需求"), ("provider", "维护能力"), ("newcomer", "先登记或加入您的单位")]
)
def test_who_has_nothing_to_do_is_told_what_to_begin_with(who, text, people, new_user, as_user):
    user = {**people, "newcomer": new_user("新人")}[who]
    assert text in as_user(user).get(reverse("partnerships:task_list")).content.decode()


@pytest.mark.parametrize(
    ("who", "desk"), [("organiser", "/needs/desk/"), ("admin", "/needs/desk/"), ("reviewer", "/dockings/desk/")]
)
def test_who_is_of_no_side_is_sent_to_the_desk(who, desk, people, as_user):
    assert as_user(people[who]).get(reverse("partnerships:task_list")).url == desk


def test_what_one_has_to_see_to_in_the_ledger_is_counted(as_user, provider, institute, organiser, enterprise):
    today = timezone.localdate()
    for days in (-1, 5):
        entry = add_entry(actor=organiser, enterprise=enterprise, title="压力表无法检定")
        assign_entry(entry, actor=organiser, responsible=institute, person=provider, due_on=today + timedelta(days=9))
        LedgerEntry.objects.filter(pk=entry.pk).update(due_on=today + timedelta(days=days))
    page = " ".join(strip_tags(as_user(provider).get(reverse("partnerships:task_list")).content.decode()).split())
    assert "您负责的台账还有 2 条没有办结，其中 1 条已逾期。" in page
