"""Dockings and confidentiality through the API: the same rules and words as on the pages."""

import json
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.services import issue_token
from partnerships.models import ConfidentialityAgreement
from partnerships.services.dockings import ask_stage, assign_steward, plan_visit, write_message

INSIDERS = {"owner", "colleague", "provider", "organiser", "admin", "steward"}


def day(days):
    return (timezone.localdate() + timedelta(days=days)).isoformat()


def at(docking, rest=""):
    return f"/api/v1/dockings/{docking.pk}/{rest}"


@pytest.fixture
def everyone(people, unverified_provider, carried, steward):
    return {**people, "unverified_provider": unverified_provider, "steward": steward, "nobody": None}


def test_a_docking_as_its_two_sides_read_it(docking, owner, provider, api):
    ask_stage(docking, "survey", actor=owner, note="请来看现场")
    status, found = api(provider).get(at(docking))
    assert status == 200
    created = found.pop("created_at")
    assert created.startswith(str(timezone.localdate().year))
    assert found == {
        "id": str(docking.pk),
        "number": docking.number,
        "need": str(docking.need_id),
        "need_number": docking.need.number,
        "need_title": "坐标测量机校准",
        "enterprise_name": "测试企业有限公司",
        "institute": str(docking.institute_id),
        "institute_name": "测试计量院",
        "proposal": str(docking.proposal_id),
        "capability": str(docking.proposal.capability_id),
        "capability_title": "坐标测量机",
        "status": "exchange",
        "status_display": "技术交流",
        "asked_stage": "survey",
        "asked_stage_display": "现场勘察",
        "asked_side": "enterprise",
        "asked_due_on": day(7),
        "asked_note": "请来看现场",
        "next_move": {
            "who": "机构",
            "what": "答复是否进入“现场勘察”",
            "due_on": day(7),
            "is_mine": True,
            "is_late": False,
        },
        "steward_name": "",
        "has_active_steward": False,
        "next_contact_on": day(7),
        "last_contact_on": day(0),
        "is_stale": False,
        "ended_at": None,
    }
    assert api(owner).get(at(docking))[1]["need_title"] == "三坐标校准"


def test_who_reads_what(everyone, carried, api):
    for rest in ("", "contacts/", "messages/", "files/", "milestones/"):
        found = {name: api(user).get(at(carried, rest))[0] for name, user in everyone.items()}
        assert found == {name: 200 if name in INSIDERS else 404 for name in everyone}


def test_who_is_in_the_list(everyone, carried, api):
    found = {name: api(user).get("/api/v1/dockings/")[1]["count"] for name, user in everyone.items()}
    assert found == {name: 1 if name in INSIDERS else 0 for name in everyone}


POSTS = {
    "ask": {"stage": "survey"},
    "confirm": {},
    "refuse": {"note": "不"},
    "withdraw": {},
    "contacts": {},
    "visits": {},
    "messages": {"text": "样件已寄出"},
    "milestones": {},
    "schedule": {},
    "assign": {"steward": 1},
    "pledge": {"agreed": True},
}


@pytest.mark.parametrize("name", POSTS)
def test_who_may_write(name, everyone, carried, api):
    """404 for who does not see it, 401 for nobody, else what the service or the fields say."""
    found = {who: api(user).post(at(carried, f"{name}/"), POSTS[name])[0] for who, user in everyone.items()}
    assert found["nobody"] == 401
    assert {who for who, status in found.items() if status == 404} == everyone.keys() - INSIDERS - {"nobody"}
    assert {found[who] for who in INSIDERS} <= {200, 201, 400, 403, 409}


def test_before_the_pledge_there_is_no_content(docking, reviewer, organiser, owner, api):
    assign_steward(docking, actor=organiser, steward=reviewer)
    ask_stage(docking, "survey", actor=owner, note="秘密的理由")
    caller = api(reviewer)
    status, found = caller.get(at(docking))
    assert (status, found["asked_note"]) == (200, "")
    for rest in ("contacts/", "messages/", "files/", "milestones/"):
        assert caller.get(at(docking, rest))[0] == 404
    assert caller.post(at(docking, "pledge/"), {"agreed": False}) == (
        400,
        {"agreed": ["请先阅读承诺书，再以 agreed: true 签署。"]},
    )
    assert caller.post(at(docking, "pledge/"), {"agreed": True})[1]["asked_note"] == "秘密的理由"


def test_a_stage_through_the_api(docking, owner, provider, api):
    assert api(owner).post(at(docking, "ask/"), {"stage": "failed"})[0] == 409
    assert api(owner).post(at(docking, "ask/"), {"stage": "survey", "note": "请来"})[0] == 200
    assert api(owner).post(at(docking, "confirm/"), {}) == (
        403,
        {"detail": "应由对方确认；对方逾期未确认的，由技术管家或组织方确认。"},
    )
    assert api(provider).post(at(docking, "confirm/"), {"asked": "solution"})[0] == 409
    assert api(provider).post(at(docking, "confirm/"), {"asked": "survey"})[1]["status"] == "survey"
    api(owner).post(at(docking, "ask/"), {"stage": "solution"})
    assert api(provider).post(at(docking, "refuse/"), {})[0] == 400
    assert api(provider).post(at(docking, "refuse/"), {"note": "还没看完"})[1]["asked_stage"] == ""
    api(owner).post(at(docking, "ask/"), {"stage": "solution"})
    assert api(owner).post(at(docking, "withdraw/"), {})[1]["asked_stage"] == ""


def test_the_log_through_the_api(docking, owner, provider, api):
    minutes = {"kind": "call", "held_on": day(0), "people": "顾工", "conclusion": "可行", "next_on": day(3)}
    status, contact = api(owner).post(at(docking, "contacts/"), minutes)
    assert (status, contact["conclusion"], contact["author_name"]) == (201, "可行", "需求方")
    assert api(owner).post(at(docking, "contacts/"), {**minutes, "held_on": day(1)})[0] == 409
    assert api(owner).post(at(docking, "contacts/"), {**minutes, "conclusion": ""})[0] == 400
    status, visit = api(owner).post(at(docking, "visits/"), {"planned_on": day(0), "place": "车间"})
    assert (status, visit["kind"], visit["held_on"]) == (201, "visit", None)
    status, filed = api(provider).post(at(docking, f"visits/{visit['id']}/minutes/"), {**minutes, "kind": "visit"})
    assert (status, filed["id"], filed["held_on"], filed["place"]) == (200, visit["id"], day(0), "车间")
    listed = api(provider).get(at(docking, "contacts/"))[1]
    assert {each["id"] for each in listed["results"]} == {contact["id"], visit["id"]}
    assert api(owner).get(at(docking))[1]["next_contact_on"] == day(3)


def test_messages_and_milestones_through_the_api(docking, owner, provider, organiser, api):
    api(owner).post(at(docking, "messages/"), {"text": "样件已寄出"})
    assert [each["text"] for each in api(provider).get(at(docking, "messages/"))[1]["results"]] == ["样件已寄出"]
    assert api(owner).post(at(docking, "messages/"), {"text": "长" * 4001})[0] == 400
    milestone = api(owner).post(at(docking, "milestones/"), {"title": "样件送达", "due_on": day(3)})[1]
    done = api(provider).post(at(docking, f"milestones/{milestone['id']}/complete/"))[1]
    assert done == {**milestone, "done_on": day(0)}
    assert api(organiser).post(at(docking, "schedule/"), {"on": day(-1)})[0] == 409
    assert api(organiser).post(at(docking, "schedule/"), {"on": day(1)})[1]["next_contact_on"] == day(1)


def test_a_steward_through_the_api(docking, organiser, steward, owner, api):
    assert api(owner).get(at(docking, "stewards/"))[0] == 404
    offered = api(organiser).get(at(docking, "stewards/"))[1]["results"]
    assert {"id": steward.pk, "name": "技术管家"} in offered
    assert api(organiser).post(at(docking, "assign/"), {"steward": owner.pk})[0] == 409
    assert api(organiser).post(at(docking, "assign/"), {"steward": 9**9})[0] == 409
    assert api(organiser).post(at(docking, "assign/"), {"steward": steward.pk})[1]["steward_name"] == "技术管家"
    assert api(owner).post(at(docking, "assign/"), {"steward": steward.pk})[0] == 403


def test_a_file_through_the_api(docking, owner, provider, stranger, client):
    client.force_login(owner)
    upload = SimpleUploadedFile("报价.txt", "报价 12 万元".encode())
    answer = client.post(at(docking, "upload/"), {"file": upload})
    assert (answer.status_code, answer.json()["name"], answer.json()["size"]) == (201, "报价.txt", 16)
    url = answer.json()["url"]
    bad = client.post(at(docking, "upload/"), {"file": SimpleUploadedFile("a.pdf", b"MZ" + b"\0" * 300)})
    assert (bad.status_code, list(bad.json())) == (400, ["file"])
    client.force_login(provider)
    answer = client.get(url)
    assert b"".join(answer.streaming_content).decode() == "报价 12 万元"
    client.force_login(stranger)
    assert client.get(url).status_code == 404


def test_a_write_is_safe_against_what_was_not_seen_and_against_repetition(docking, owner, client):
    client.force_login(owner)
    tag = client.get(at(docking))["ETag"]
    write_message(docking, actor=owner, text="一")
    plan_visit(docking, actor=owner, planned_on=timezone.localdate())
    body = json.dumps({"stage": "survey"})
    stale = client.post(at(docking, "ask/"), body, "application/json", headers={"If-Match": tag})
    assert stale.status_code == 412
    asks = [
        client.post(at(docking, "ask/"), body, "application/json", headers={"Idempotency-Key": "a"}) for _ in range(2)
    ]
    assert [answer.status_code for answer in asks] == [200, 200]
    assert docking.events.filter(action="ask").count() == 1


def test_a_token_that_only_reads_writes_nothing(docking, owner, client):
    for scope, expected in (("read", 403), ("write", 200)):
        _, key = issue_token(owner, name="脚本", scope=scope)
        answer = client.post(
            at(docking, "ask/"), {"stage": "survey"}, "application/json", headers={"Authorization": f"Token {key}"}
        )
        assert answer.status_code == expected


def test_confidentiality_through_the_api(new_need, owner, provider, institute, stranger, api):
    need = new_need("published", level=2)
    asked = {"need": str(need.pk), "institute": str(institute.pk)}
    status, agreement = api(provider).post("/api/v1/confidentiality/", asked)
    assert (status, agreement["status"], agreement["enterprise_name"]) == (201, "requested", "")
    assert api(provider).post("/api/v1/confidentiality/", asked)[1]["id"] == agreement["id"]
    path = f"/api/v1/confidentiality/{agreement['id']}/"
    assert api(stranger).get(path)[0] == 404
    assert api(owner).post(f"{path}move/enterprise_sign/", {})[0] == 409
    assert api(owner).post(f"{path}move/provider_sign/", {"seen": agreement["text_hash"]})[0] == 403
    for user, side in ((owner, "enterprise"), (provider, "provider")):
        status, signed = api(user).post(f"{path}move/{side}_sign/", {"seen": agreement["text_hash"]})
        assert status == 200
    assert (signed["status"], signed["enterprise_signed_by"], signed["enterprise_name"]) == (
        "effective",
        "需求方",
        "测试企业有限公司",
    )
    assert api(provider).get(f"/api/v1/needs/{need.pk}/")[1]["lines"][0]["range_text"] == "0~500 mm"
    assert api(owner).post(f"{path}move/end/", {"note": "项目取消"})[1]["status"] == "ended"
    assert api(provider).get(f"/api/v1/needs/{need.pk}/")[1]["lines"] == []


@pytest.mark.parametrize(("level", "expected"), [(1, 409), (2, 201), (3, 404)])
def test_asking_through_the_api_by_level(level, expected, new_need, provider, institute, stranger, api):
    need = new_need("published", level=level)
    asked = {"need": str(need.pk), "institute": str(institute.pk)}
    assert api(provider).post("/api/v1/confidentiality/", asked)[0] == expected
    assert api(stranger).post("/api/v1/confidentiality/", asked)[0] == (404 if level == 3 else 403)
    assert ConfidentialityAgreement.objects.count() == (1 if level == 2 else 0)
