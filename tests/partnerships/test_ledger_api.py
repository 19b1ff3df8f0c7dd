"""The ledger for programs: the same services, the same refusals, the same sight."""

import io
from datetime import timedelta

import pytest
from openpyxl import load_workbook

from partnerships.models import LedgerEntry
from partnerships.services.ledger import ask_extension

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def path(entry, *rest):
    return "/".join(["/api/v1/ledger", str(entry.pk), *rest, ""])


def test_an_entry_as_its_enterprise_reads_it(new_entry, api, owner, today, enterprise):
    entry = new_entry("assigned", due_on=today - 2 * DAY)
    status, data = api(owner).get(path(entry))
    assert (status, data) == (
        200,
        {
            "id": str(entry.pk),
            "number": entry.number,
            "title": "缺少压力标准器",
            "description": "",
            "category": "measurement",
            "category_display": "测量技术",
            "source": "visit",
            "source_display": "走访",
            "raised_on": f"{today}",
            "status": "assigned",
            "status_display": "已分派",
            "enterprise": "测试企业有限公司",
            "credit_code": enterprise.credit_code,
            "region": "310000",
            "region_display": "上海市",
            "need": None,
            "need_number": "",
            "responsible": "测试计量院",
            "person": "机构业务员",
            "person_email": "",
            "due_on": f"{today - 2 * DAY}",
            "days_overdue": 2,
            "result": "",
            "waits_for": "机构业务员开始办理",
            "extensions": [],
        },
    )


def test_an_anonymous_enterprise_is_not_named_to_who_answers(new_entry, new_need, api, provider):
    entry = new_entry("assigned", need=new_need("published", is_anonymous=True))
    _, data = api(provider).get(path(entry))
    shown = {name: data[name] for name in ("enterprise", "credit_code", "region", "need_number", "person_email")}
    assert shown == {
        "enterprise": "",
        "credit_code": "",
        "region": "310000",
        "need_number": entry.need.number,
        "person_email": provider.email,
    }


def test_lists_by_list_and_due_date(new_entry, api, organiser, today):
    asked = new_entry()
    late = new_entry("assigned", title="逾期", due_on=today - DAY)
    for query, expected in (
        ("list=asked", [asked]),
        ("list=taken", [late]),
        ("due=overdue", [late]),
        ("", [late, asked]),
    ):
        _, data = api(organiser).get(f"/api/v1/ledger/?{query}")
        assert [row["id"] for row in data["results"]] == [str(entry.pk) for entry in expected]
    assert api(organiser).get("/api/v1/ledger/?list=x")[0] == 400


def test_the_straight_way(api, people, enterprise, institute, provider, today):
    organiser, owner = people["organiser"], people["owner"]
    status, data = api(organiser).post("/api/v1/ledger/", {"enterprise": str(enterprise.pk), "title": "缺标准器"})
    assert (status, data["status"]) == (201, "open")
    entry = LedgerEntry.objects.get(pk=data["id"])
    status, data = api(organiser).patch(path(entry), {"title": "缺温度标准器"})
    assert (status, data["title"]) == (200, "缺温度标准器")
    charge = {"responsible": str(institute.pk), "person_email": provider.email.upper(), "due_on": f"{today + DAY}"}
    status, data = api(organiser).post(path(entry, "assign"), charge)
    assert (status, data["status"], data["person"]) == (200, "assigned", "机构业务员")
    status, data = api(provider).post(path(entry, "extensions"), {"due_on": f"{today + 9 * DAY}", "reason": "等设备"})
    assert (status, data["extensions"][0]["status_display"], data["waits_for"]) == (200, "待批准", "组织方批复延期")
    decide = path(entry, "extensions", data["extensions"][0]["id"], "decide")
    status, data = api(organiser).post(decide, {"approve": True})
    assert (status, data["due_on"], data["extensions"][0]["status"]) == (200, f"{today + 9 * DAY}", "approved")
    for person, step, body, expected in (
        (provider, "start", {}, "in_progress"),
        (provider, "finish", {"result": "已配备"}, "done_pending"),
        (owner, "confirm", {}, "confirmed"),
        (organiser, "close", {}, "closed"),
    ):
        status, data = api(person).post(path(entry, "move", step), body)
        assert (status, data["status"]) == (200, expected)


@pytest.mark.parametrize(
    ("who", "rest", "body", "expected"),
    [
        ("owner", ["move", "start"], {}, (403, "您没有“开始办理”的权限。")),
        ("provider", ["move", "finish"], {}, (409, "请先填写办理结果，再提交企业确认。")),
        ("organiser", ["move", "cancel"], {}, (409, "撤销需要写明理由，请填写后再提交。")),
        ("organiser", ["move", "explode"], {}, (409, "没有这个操作，请刷新页面后重试。")),
        ("owner", ["extensions"], {"due_on": "2999-01-01", "reason": "x"}, (403, "只有责任单位可以申请延期。")),
    ],
)
def test_what_is_refused_is_said(who, rest, body, expected, new_entry, api, people):
    status, data = api(people[who]).post(path(new_entry("assigned"), *rest), body)
    assert (status, data) == (expected[0], {"detail": expected[1]})


def test_bad_input_names_its_field(new_entry, api, organiser, institute, enterprise, stranger, today):
    entry = new_entry()
    for body, expected in (
        ({}, {"responsible", "person_email", "due_on"}),
        ({"responsible": str(enterprise.pk), "person_email": "a@b.cn", "due_on": f"{today}"}, {"responsible"}),
        ({"responsible": str(institute.pk), "person_email": stranger.email, "due_on": f"{today}"}, {"person_email"}),
    ):
        status, data = api(organiser).post(path(entry, "assign"), body)
        assert (status, set(data)) == (400, expected)
    status, data = api(organiser).post(
        "/api/v1/ledger/", {"enterprise": str(institute.pk), "title": "x", "source": "need"}
    )
    assert (status, set(data)) == (400, {"source"})
    status, data = api(organiser).post("/api/v1/ledger/", {"enterprise": str(institute.pk), "title": "x"})
    assert (status, data) == (400, {"enterprise": ["台账登记的是企业的问题，请选择企业。"]})


def test_a_foreign_enterprise_is_answered_like_none(api, distant_organiser, owner, enterprise):
    answers = [
        api(person).post("/api/v1/ledger/", {"enterprise": pk, "title": "x"})
        for person in (distant_organiser, owner)
        for pk in (str(enterprise.pk), "00000000-0000-4000-8000-000000000000")
    ]
    assert answers == [(400, {"enterprise": ["没有这家企业，或不在您主管的地区。"]})] * 4


def test_an_extension_of_another_entry_is_not_found(new_entry, api, provider, organiser):
    entry, other = new_entry("assigned"), new_entry("assigned", title="别的")
    extension = ask_extension(entry, actor=provider, due_on=entry.due_on + DAY, reason="等设备")
    for pk in (str(extension.pk), "-" * 36):
        assert api(organiser).post(path(other, "extensions", pk, "decide"), {"approve": True})[0] == 404


def test_an_outdated_write_is_refused(new_entry, as_user, provider, organiser):
    entry = new_entry("assigned")
    tag = as_user(provider).get(path(entry))["ETag"]
    ask_extension(entry, actor=provider, due_on=entry.due_on + DAY, reason="等设备")
    answer = as_user(provider).post(path(entry, "move", "start"), {}, "application/json", headers={"If-Match": tag})
    assert answer.status_code == 412


def test_the_export_is_a_sheet_of_what_the_list_shows(new_entry, as_user, organiser, stranger):
    new_entry()
    new_entry("assigned", title="别的")

    def exported(person, query):
        answer = as_user(person).get(f"/api/v1/ledger/export/?{query}")
        sheet = load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active
        return sheet.title, [row[4] for row in sheet.iter_rows(min_row=2, values_only=True)]

    assert exported(organiser, "list=taken") == ("对接清单", ["别的"])
    assert exported(organiser, "") == ("需求台账", ["别的", "缺少压力标准器"])
    assert exported(stranger, "") == ("需求台账", [])
