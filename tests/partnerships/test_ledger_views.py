"""The pages of the ledger: lists and their filters, the page of an entry with its forms, sheets out and in."""

import io
from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from openpyxl import load_workbook

from accounts.models import Organisation
from needs.services import grant_sight
from partnerships.models import LedgerEntry, LedgerImport
from partnerships.services.ledger import ask_extension, move_entry, register_enterprise
from tests.conftest import credit_code, seat
from tests.partnerships.test_ledger_sheets import KNOWN, NEW, sheet

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def url(name, entry=None, *rest):
    return reverse(f"partnerships:ledger_{name}", args=[entry.pk, *rest] if entry else rest)


def titles(page):
    return [entry.title for entry in page.context["page"].object_list]


def read_answer(response):
    rows = list(load_workbook(io.BytesIO(b"".join(response.streaming_content))).active.iter_rows(values_only=True))
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


# --- Lists ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(
    ("path", "who", "queries"),
    [
        ("/ledger/", "organiser", 10),
        ("/ledger/taken/", "organiser", 15),
        ("/ledger/taken/", "owner", 15),
        ("/ledger/taken/", "provider", 16),
        ("/ledger/taken.xlsx", "organiser", 9),
        ("/api/v1/ledger/", "organiser", 10),
        ("/api/v1/ledger/", "provider", 10),
    ],
)
def test_a_list_takes_as_many_queries_for_three_rows_as_for_one(
    path, who, queries, rows, new_entry, new_need, people, as_user, django_assert_num_queries
):
    for number in range(rows):
        new_entry(title=f"问题{number}")
        entry = new_entry("assigned", need=new_need("published", is_anonymous=number > 0))
        ask_extension(entry, actor=people["provider"], due_on=entry.due_on + DAY, reason="等设备")
    client = as_user(people[who])
    with django_assert_num_queries(queries):
        response = client.get(path)
        b"".join(response.streaming_content) if response.streaming else response.content
    assert response.status_code == 200


@pytest.fixture
def filled(new_entry, new_need, organiser, provider, today):
    """Entries that the filters tell apart."""
    remote = register_enterprise(actor=organiser, name="广州企业", credit_code=credit_code(55), region="440100")
    new_entry("assigned", title="逾期", due_on=today - DAY)
    new_entry("assigned", title="快到期", due_on=today + DAY, category="quality")
    new_entry("done_pending", title="已办", source="order")
    new_entry("in_progress", title="广州的问题", enterprise=remote, description="没有溯源链")
    new_entry("assigned", need=new_need("published", is_anonymous=True, public_title="匿名的需求"))


@pytest.mark.parametrize(
    ("who", "query", "expected"),
    [
        ("organiser", "", ["逾期", "快到期", "广州的问题", "匿名的需求", "已办"]),
        ("organiser", "due=overdue", ["逾期"]),
        ("organiser", "due=soon", ["快到期"]),
        ("organiser", "status=done_pending", ["已办"]),
        ("organiser", "category=quality", ["快到期"]),
        ("organiser", "source=order", ["已办"]),
        ("organiser", "region=440000", ["广州的问题"]),
        ("organiser", "q=溯源链", ["广州的问题"]),
        ("organiser", "q=广州企业", ["广州的问题"]),
        ("organiser", "q=测试计量院", ["逾期", "快到期", "广州的问题", "匿名的需求", "已办"]),
        ("organiser", "q=测试企业", ["逾期", "快到期", "匿名的需求", "已办"]),
        # Whose need it is stays unknown to who answers for it, also by searching.
        ("provider", "q=测试企业", ["逾期", "快到期", "已办"]),
        ("provider", "", ["逾期", "快到期", "广州的问题", "匿名的需求", "已办"]),
        ("owner", "", ["逾期", "快到期", "匿名的需求", "已办"]),
        ("distant_organiser", "", ["广州的问题"]),
        ("stranger", "", []),
    ],
)
def test_filters_find(who, query, expected, filled, people, as_user):
    page = as_user(people[who]).get(f"/ledger/taken/?{query}")
    assert sorted(titles(page)) == sorted(expected)


def test_an_entry_is_found_by_its_number(new_entry, as_user, organiser):
    entry, _ = new_entry(), new_entry(title="别的")
    assert titles(as_user(organiser).get("/ledger/", {"q": entry.number.lower()})) == [entry.title]


def test_a_responsible_body_can_be_chosen(filled, as_user, organiser, institute, enterprise):
    client = as_user(organiser)
    assert len(titles(client.get("/ledger/taken/", {"responsible": institute.pk}))) == 5
    # Who answers for nothing is no choice; as with every wrong choice all is shown.
    filter_ = client.get("/ledger/taken/", {"responsible": enterprise.pk}).context["filter"]
    assert list(filter_.form.errors) == ["responsible"]


def test_the_tabs_count_and_tell_what_is_late(filled, new_entry, as_user, organiser, provider):
    new_entry(title="没人管")
    page = as_user(organiser).get("/ledger/")
    assert titles(page) == ["没人管"]
    shown = {name: page.context[name] for name in ("asked_count", "taken_count", "overdue_count")}
    assert shown == {"asked_count": 1, "taken_count": 5, "overdue_count": 1}
    text = as_user(provider).get("/ledger/taken/").content.decode()
    assert ("逾期 1 天" in text, "7 天内到期" in text, "登记问题" in text) == (True, True, False)


def test_the_sheet_holds_what_the_page_shows(filled, as_user, organiser):
    response = as_user(organiser).get("/ledger/taken.xlsx?category=quality")
    assert [row["问题"] for row in read_answer(response)] == ["快到期"]
    assert "attachment" in response["Content-Disposition"]


# --- One entry -----------------------------------------------------------------------------------------------------


def test_each_sees_the_forms_that_are_theirs(new_entry, people, as_user):
    entry = new_entry("assigned")
    forms = ("assign_form", "result_form", "extension_form")
    shown = {
        who: {name for name in (*forms, "may_cancel", "may_edit") if page.context.get(name)}
        for who in ("owner", "provider", "organiser")
        if (page := as_user(people[who]).get(url("detail", entry)))
    }
    assert shown == {
        "owner": set(),
        "provider": {"result_form", "extension_form"},
        "organiser": {"assign_form", "may_cancel", "may_edit"},
    }


def test_the_enterprise_sees_who_answers_and_says_whether_it_is_solved(new_entry, owner, as_user):
    entry = new_entry("done_pending")
    client = as_user(owner)
    text = client.get(url("detail", entry)).content.decode()
    assert all(word in text for word in ("测试计量院", "机构业务员", "已配备 0.02 级标准器", "确认已解决", "没有解决"))
    client.post(url("move", entry, "reject"), {"note": "还缺一台"})
    entry.refresh_from_db()
    assert (entry.status, entry.events.last().note) == ("in_progress", "还缺一台")


def test_who_answers_learns_neither_the_name_nor_the_people_of_an_anonymous_enterprise(
    new_entry, new_need, owner, provider, as_user
):
    need = new_need("published", is_anonymous=True)
    entry = new_entry("done_pending", need=need)
    move_entry(entry, "reject", actor=owner, note="还差一点")
    text = as_user(provider).get(url("detail", entry)).content.decode()
    assert ("未公开名称的企业" in text, "还差一点" in text, "顾工" in text, owner.name in text) == (
        True,
        True,
        False,
        False,
    )
    assert "测试企业" not in text
    assert owner.name in as_user(owner).get(url("detail", entry)).content.decode()


def test_the_entry_of_a_confidential_need_appears_once_it_is_opened(
    new_entry, new_need, institute, provider, organiser, as_user
):
    need = new_need("published", level=3)
    grant_sight(need, actor=organiser, organisation=institute)
    entry = new_entry("assigned", need=need)
    assert "仅组织方可见的需求" in as_user(provider).get(url("detail", entry)).content.decode()
    need.grants.all().delete()
    assert as_user(provider).get(url("detail", entry)).status_code == 404


def test_a_new_entry_registers_its_enterprise(as_user, organiser):
    data = {
        "name": "新来的企业",
        "credit_code": credit_code(60),
        "region": "310000",
        "title": "缺标准器",
        "category": "quality",
        "source": "visit",
        "raised_on": "2026-01-02",
    }
    as_user(organiser).post("/ledger/new/", data)
    entry = LedgerEntry.objects.get()
    assert (entry.enterprise.name, entry.enterprise.verified_at, entry.raised_on) == (
        "新来的企业",
        None,
        date(2026, 1, 2),
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"title": ""}, "title"),
        ({"credit_code": "123"}, "credit_code"),
        ({"credit_code": ""}, "credit_code"),
        ({"region": ""}, "region"),
        ({"name": "测试企业有限公司"}, "credit_code"),
        ({"name": "测试计量院", "credit_code": ""}, "name"),
        ({"raised_on": "2999-01-01"}, "raised_on"),
        ({"raised_on": "明天"}, "raised_on"),
        ({"source": "need"}, "source"),
    ],
)
def test_a_refused_entry_keeps_what_was_written(change, field, as_user, organiser, enterprise, institute):
    data = {
        "name": "新来的企业",
        "credit_code": credit_code(60),
        "region": "310000",
        "title": "缺标准器",
        "description": "说来话长",
        "category": "quality",
        "source": "visit",
        "raised_on": "2026-01-02",
        **change,
    }
    page = as_user(organiser).post("/ledger/new/", data)
    assert (page.status_code, list(page.context["form"].errors)) == (200, [field])
    assert "说来话长" in page.content.decode()
    assert (LedgerEntry.objects.count(), Organisation.objects.filter(name="新来的企业").count()) == (0, 0)


def test_an_entry_of_a_foreign_region_is_refused_in_words(as_user, distant_organiser, enterprise):
    data = {"name": enterprise.name, "title": "x", "category": "quality", "source": "visit", "raised_on": "2026-01-02"}
    page = as_user(distant_organiser).post("/ledger/new/", data)
    assert page.context["form"].errors == {"name": ["不是您主管地区的企业，不能登记。"]}


def test_words_are_edited(new_entry, as_user, organiser):
    entry = new_entry()
    data = {"title": "换个说法", "category": "energy", "source": "audit", "raised_on": "2026-01-02"}
    client = as_user(organiser)
    client.post(url("edit", entry), data)
    entry.refresh_from_db()
    assert (entry.title, entry.category, entry.source) == ("换个说法", "energy", "audit")
    page = client.post(url("edit", entry), {**data, "title": ""})
    assert list(page.context["form"].errors) == ["title"]


def test_the_people_offered_are_those_of_the_chosen_body(new_entry, new_user, institute, as_user, organiser, reviewer):
    entry = new_entry()
    seat(new_user("机构同事"), institute)
    seat(new_user("顾问"), institute, role="expert")
    client = as_user(organiser)
    for chosen, expected in ((institute.pk, ["机构业务员", "机构同事"]), ("", []), ("x", []), (entry.pk, [])):
        page = client.get(url("people", entry), {"responsible": chosen})
        assert [person.name for person in page.context["form"].fields["person"].queryset] == expected


def test_assigning_by_the_form(new_entry, institute, provider, owner, as_user, organiser, today):
    entry = new_entry()
    client = as_user(organiser)
    data = {"responsible": institute.pk, "person": provider.pk, "due_on": f"{today:%Y-%m-%d}"}
    for change, place in (
        ({"person": owner.pk}, "person"),
        ({"due_on": ""}, "due_on"),
        ({"due_on": "2020-01-01"}, "__all__"),
    ):
        page = client.post(url("assign", entry), data | change)
        assert (page.status_code, list(page.context["assign_form"].errors)) == (200, [place])
        assert page.context["assign_form"]["responsible"].value() == str(institute.pk)
    assert client.post(url("assign", entry), data).status_code == 302
    entry.refresh_from_db()
    assert (entry.status, entry.person) == ("assigned", provider)


def test_finishing_and_asking_for_time_by_the_forms(new_entry, as_user, provider):
    entry = new_entry("assigned")
    client = as_user(provider)
    later = f"{entry.due_on + DAY:%Y-%m-%d}"
    page = client.post(url("extend", entry), {"due_on": f"{entry.due_on:%Y-%m-%d}", "reason": "等设备到货"})
    assert (page.status_code, "等设备到货" in page.content.decode()) == (200, True)
    assert client.post(url("extend", entry), {"due_on": later, "reason": "等设备到货"}).status_code == 302
    page = client.post(url("finish", entry), {"result": ""})
    assert list(page.context["result_form"].errors) == ["result"]
    assert client.post(url("finish", entry), {"result": "已配备"}).status_code == 302
    entry.refresh_from_db()
    assert (entry.status, entry.result) == ("done_pending", "已配备")


def test_deciding_by_the_buttons(new_entry, as_user, provider, organiser, owner):
    entry = new_entry("assigned")
    extension = ask_extension(entry, actor=provider, due_on=entry.due_on + DAY, reason="等设备")
    address = url("decide", entry, extension.pk)
    for person, data, expected in (
        (owner, {"approve": "yes"}, "requested"),
        (organiser, {"note": ""}, "requested"),
        (organiser, {"approve": "yes"}, "approved"),
    ):
        assert as_user(person).post(address, data).status_code == 302
        extension.refresh_from_db()
        assert extension.status == expected
    other = new_entry("assigned", title="别的")
    assert as_user(organiser).post(url("decide", other, extension.pk)).status_code == 404


# --- Sheets in -----------------------------------------------------------------------------------------------------


def send(client, file):
    return client.post("/ledger/import/", {"file": SimpleUploadedFile("七月走访.xlsx", file.getvalue())})


def test_a_sheet_is_previewed_and_confirmed(as_user, organiser, enterprise):
    client = as_user(organiser)
    preview = send(client, sheet(NEW, KNOWN))
    ledger_import = LedgerImport.objects.get()
    assert preview.url == ledger_import.get_absolute_url()
    page = client.get(preview.url)
    assert (page.context["effects"], page.context["problems"]) == ([("新增", 2), ("更新", 0), ("不变", 0)], [])
    assert "新登记，待核验" in page.content.decode()
    assert LedgerEntry.objects.count() == 0
    client.post(f"{preview.url}confirm/")
    assert LedgerEntry.objects.count() == 2
    assert client.get(preview.url).context["effects"] == [("新增", 2), ("更新", 0), ("不变", 0)]
    client.post(f"{preview.url}confirm/")
    assert LedgerEntry.objects.count() == 2


def test_problems_are_listed_and_nothing_can_be_confirmed(as_user, organiser, enterprise):
    client = as_user(organiser)
    preview = send(client, sheet(NEW, {**KNOWN, "提出日期": "明天"})).url
    text = client.get(preview).content.decode()
    assert "第 3 行 提出日期：“明天”不是完整的日期，请写成 2026-03-05。" in text
    assert "确认写入" not in text
    client.post(f"{preview}confirm/")
    assert LedgerEntry.objects.count() == 0


@pytest.mark.parametrize("file", [io.BytesIO(b"%PDF"), io.BytesIO(b"PK\x03\x04"), sheet(heading=["金额"])])
def test_an_unreadable_sheet_is_refused_where_it_was_chosen(file, as_user, organiser):
    page = send(as_user(organiser), file)
    assert (page.status_code, list(page.context["form"].errors), LedgerImport.objects.count()) == (200, ["file"], 0)


def test_another_organiser_does_not_see_the_sheet(as_user, organiser, admin):
    preview = send(as_user(organiser), sheet(NEW)).url
    assert as_user(admin).get(preview).status_code == 404


def test_the_template_can_be_downloaded(as_user, organiser):
    response = as_user(organiser).get("/ledger/import/template.xlsx")
    assert read_answer(response) == []
