"""The pages of entries and of the board: what each reader finds on them, and that nothing typed is lost."""

import re

import pytest
from django.test import Client

from challenges.duplicates import find_twins
from challenges.models import Corrigendum, Entry, Invitation
from challenges.services.board import invite_institutes, post_items
from challenges.services.challenges import update_challenge
from matching.services import propose_for_need
from tests.challenges.conftest import LENGTH, fresh, let_pass, start_screening

pytestmark = pytest.mark.django_db


def page_of(client, path, **query):
    answer = client.get(path, query)
    assert answer.status_code == 200
    return answer.content.decode()


def said(client, path, data=None):
    """What a button answers, followed to the page it leads to."""
    return client.post(path, data or {}, follow=True).content.decode()


# --- Entering -----------------------------------------------------------------------------------------------------


def test_an_enterprise_enters_one_of_its_needs(challenge, new_need, owner, as_user):
    need = new_need("published", title="孔径测不准")
    client, path = as_user(owner), f"/challenges/{challenge.pk}/enter/"
    page = page_of(client, path)
    assert "孔径测不准" in page
    assert "报名前请勾选同意。" in said(client, path, {"need": need.pk})
    assert "报名已提交" in said(client, path, {"need": need.pk, "consents": "on"})
    assert "我的报名（1）" in page_of(client, path)


def test_what_is_not_published_yet_is_shown_with_what_it_waits_for(challenge, new_need, owner, as_user):
    new_need("submitted", title="还没受理")
    page = page_of(as_user(owner), f"/challenges/{challenge.pk}/enter/")
    assert "还没受理" in page
    assert "等待组织方受理" in page
    assert "还没有可以报名的需求" in page
    assert "写一条新需求" in page


@pytest.mark.parametrize("forged", ["nonsense", "", "00000000-0000-4000-8000-000000000000"])
def test_a_forged_choice_is_refused_in_words(forged, challenge, new_need, owner, as_user):
    new_need("published")
    answer = as_user(owner).post(f"/challenges/{challenge.pk}/enter/", {"need": forged, "consents": "on"})
    assert list(answer.context["form"].errors) == ["need"]
    assert re.search("[一-龥]", answer.context["form"].errors["need"][0])


def test_a_foreign_need_is_not_offered_and_not_taken(challenge, new_need, stranger, as_user):
    need = new_need("published")
    client, path = as_user(stranger), f"/challenges/{challenge.pk}/enter/"
    assert need.title not in page_of(client, path)
    client.post(path, {"need": need.pk, "consents": "on"})
    assert Entry.objects.count() == 0


def test_after_the_end_the_page_says_so_and_takes_nothing(challenge, new_need, owner, as_user):
    need = new_need("published")
    let_pass(challenge, LENGTH)
    client, path = as_user(owner), f"/challenges/{challenge.pk}/enter/"
    assert "征集已经截止，不能再报名。" in page_of(client, path)
    assert "征集已经截止，不能再报名。" in said(client, path, {"need": need.pk, "consents": "on"})
    assert Entry.objects.count() == 0


def test_the_organiser_enters_by_number(challenge, new_need, organiser, as_user):
    need = new_need("published")
    client, path = as_user(organiser), f"/challenges/{challenge.pk}/enter-for/"
    for number in ("", "XQ-00000000", "XQ-1", "XQ-GGGGGGGG", "x" * 20, "１２３４５６７８"):
        answer = client.post(path, {"number": number, "note": "顾工电话同意"})
        assert list(answer.context["form"].errors) == ["number"]
        assert "顾工电话同意" in answer.content.decode()
    page = said(client, path, {"number": need.number.lower(), "note": "顾工电话同意"})
    assert "由组织方代报" in page
    assert "顾工电话同意" in page


# --- The list -----------------------------------------------------------------------------------------------------


def test_the_organiser_sees_what_nobody_covers_and_what_is_missing(
    challenge, new_entry, organiser, as_user, capability
):
    covered = new_entry(public_title="有人能做")
    other = {"object_name": "呼吸机", "measurand": "潮气量", "range_text": "50~2000 mL", "accuracy_text": "±5 %"}
    lost = new_entry(lines=[other], public_title="没人能做", public_text="潮气量校准")
    for entry in (covered, lost):
        propose_for_need(entry.need)
    new_entry(public_title="还没比对")
    client = as_user(organiser)
    page = page_of(client, f"/challenges/{challenge.pk}/entries/")
    assert [page.count(word) for word in ("有机构可做", "无人覆盖", "正在比对", "待编写")] == [1, 1, 1, 3]
    detail = page_of(client, lost.get_absolute_url())
    assert "还没有人能做。" in detail
    assert "查找接近的能力" in detail


def test_an_enterprise_finds_its_own_entries_only(challenge, new_entry, owner, stranger, as_user):
    entry = new_entry()
    path = f"/challenges/{challenge.pk}/entries/"
    assert entry.get_absolute_url() in page_of(as_user(owner), path)
    page = page_of(as_user(stranger), path)
    assert entry.get_absolute_url() not in page
    assert "还没有报名" in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, {"甲", "乙"}),
        ({"q": "甲"}, {"甲"}),
        ({"q": "内部标题"}, set()),
        ({"status": "returned"}, {"乙"}),
        ({"source": "organiser"}, set()),
        ({"source": "enterprise"}, {"甲", "乙"}),
        ({"confirmed": "yes"}, set()),
        ({"confirmed": "no"}, {"甲", "乙"}),
    ],
)
def test_the_list_is_filtered_by_what_will_be_public(query, found, challenge, new_entry, organiser, as_user):
    new_entry(title="内部标题", public_title="甲")
    new_entry("returned", title="内部标题", public_title="乙")
    page = as_user(organiser).get(f"/challenges/{challenge.pk}/entries/", query).context["page"]
    assert {entry.need.public_title for entry, _, _ in page.object_list} == found


# --- One entry ----------------------------------------------------------------------------------------------------


def test_a_body_that_joined_later_sees_the_entry_but_nothing_of_the_need(
    challenge, new_entry, organiser, distant_organiser, as_user
):
    entry = new_entry(level=3, title="机密标题", problem="机密内容", public_title="脱密标题")
    update_challenge(challenge, actor=fresh(organiser), co_organisers=distant_organiser.authorities)
    client = as_user(distant_organiser)
    for path in (
        entry.get_absolute_url(),
        f"/challenges/{challenge.pk}/entries/",
        f"/challenges/board/{entry.pk}/edit/",
    ):
        page = page_of(client, path)
        assert entry.need.number in page
        assert [
            word for word in ("机密标题", "机密内容", "脱密标题", "测试企业有限公司", "需求方", "顾工") if word in page
        ] == []


def test_reading_a_confidential_entry_is_noted_for_its_enterprise(new_entry, organiser, owner, as_user):
    entry = new_entry(level=3)
    page_of(as_user(organiser), entry.get_absolute_url())
    page_of(as_user(owner), entry.get_absolute_url())
    assert [event.actor for event in entry.need.events.filter(action="read")] == [organiser]


def test_the_organiser_writes_and_the_enterprise_confirms_what_it_saw(new_entry, organiser, owner, as_user):
    entry = new_entry()
    path = f"/challenges/board/{entry.pk}/edit/"
    client = as_user(organiser)
    assert "坐标测量机长度示值误差校准。" in page_of(client, path)
    refused = client.post(path, {"board_title": "", "board_text": "写了很久的内容"})
    assert list(refused.context["form"].errors) == ["board_title"]
    assert "写了很久的内容" in refused.content.decode()
    data = {"board_title": "三坐标校准", "board_text": "现场校准", "region": "310000", "shows_lines": "on"}
    assert "榜单内容已保存" in said(client, path, data)
    seen = Entry.objects.get().wording
    client = as_user(owner)
    assert f'value="{seen}"' in page_of(client, entry.get_absolute_url())
    answer = client.post(f"/challenges/board/{entry.pk}/confirm/", {"seen": "0" * 16})
    assert answer.status_code == 409
    assert "榜单内容刚刚被组织方修改过" in answer.content.decode()
    assert "榜单内容已确认" in said(client, f"/challenges/board/{entry.pk}/confirm/", {"seen": seen})
    assert Entry.objects.get().confirmed_by == owner


def test_a_refused_step_keeps_the_reason(new_entry, organiser, as_user):
    entry = new_entry("selected")
    answer = as_user(organiser).post(f"/challenges/entries/{entry.pk}/move/return/", {"note": "写了很久的理由"})
    assert (answer.status_code, "不能退回补充" in answer.content.decode()) == (409, True)


def test_during_the_screening_the_organiser_is_led_to_the_decision(new_entry, organiser, owner, as_user):
    entry = start_screening(new_entry(), organiser)
    pages = [page_of(as_user(user), entry.get_absolute_url()) for user in (organiser, owner)]
    assert [f"/challenges/entries/{entry.pk}/results/" in page for page in pages] == [True, False]


def test_duplicates_are_shown_with_the_reasons(new_entry, organiser, as_user):
    one, other = new_entry(public_title="三坐标测量机校准"), new_entry(public_title="坐标测量机校准")
    page = page_of(as_user(organiser), f"/challenges/entries/{one.pk}/duplicates/")
    assert other.get_absolute_url() in page
    assert "同一家企业" in page
    assert "范围相同：长度 0~500 mm" in page


# --- The board ----------------------------------------------------------------------------------------------------


def test_before_it_is_posted_the_board_is_empty(challenge, new_entry, client):
    new_entry("selected", is_worded=True, public_title="还没发榜的")
    page = page_of(client, f"/challenges/{challenge.pk}/board/")
    assert "还没有发榜" in page
    assert "还没发榜的" not in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, {"孔径", "压力"}),
        ({"q": "孔"}, {"孔径"}),
        ({"q": "内部"}, set()),
        ({"discipline": "thermal"}, {"压力"}),
        ({"budget": "20"}, {"孔径"}),
        ({"region": "310000"}, {"孔径", "压力"}),
        ({"region": "320000"}, set()),
    ],
)
def test_everybody_finds_items_by_what_the_board_shows(query, found, challenge, new_entry, organiser, client):
    new_entry("selected", title="内部", public_title="孔径", budget_high=150_000)
    new_entry("selected", title="内部", public_title="压力", discipline="thermal")
    post_items(challenge, actor=organiser)
    page = client.get(f"/challenges/{challenge.pk}/board/", query).context["page"]
    assert {entry.board_title for entry in page} == found


@pytest.mark.parametrize("level", [1, 2, 3])
def test_an_item_shows_what_was_confirmed_and_no_more(level, new_entry, client):
    entry = new_entry(
        "on_board", level=level, title="机密标题", problem="机密内容", public_title="榜单标题", public_text="榜单内容"
    )
    page = page_of(client, f"/challenges/board/{entry.pk}/")
    assert ("榜单标题" in page, "榜单内容" in page, "0~500 mm" in page) == (True, True, level == 1)
    hidden = ["机密标题", "机密内容", "测试企业有限公司", entry.need.number, str(entry.need_id), "顾工", "13800000000"]
    assert [word for word in hidden if word in page] == []


def test_a_corrigendum_stands_under_the_item_and_in_the_list(challenge, new_entry, organiser, client, as_user):
    entry = new_entry("on_board")
    path = f"/challenges/board/{entry.pk}/"
    as_user(organiser)
    answer = client.post(f"{path}correct/", {"text": "长" * 4001})
    assert list(answer.context["corrigendum_form"].errors) == ["text"]
    assert "更正公告已发布" in said(client, f"{path}correct/", {"text": "范围改为 0~600 mm"})
    client.logout()
    for each in (path, f"/challenges/{challenge.pk}/board/"):
        page = page_of(client, each)
        assert "范围改为 0~600 mm" in page
        assert "有更正" in page
    assert Corrigendum.objects.count() == 1


def test_several_institutes_are_invited_in_one_step(
    new_entry, organiser, as_user, capability, institute, new_organisation
):
    entry = new_entry("on_board")
    other = new_organisation("university", name="测试大学")
    client, path = as_user(organiser), f"/challenges/board/{entry.pk}/invite/"
    page = page_of(client, path)
    assert "邀请测试计量院" in page
    assert "满足" in page
    assert "请至少选择一家机构。" in said(client, path)
    assert "没有这家机构，或者它还没有通过核验" in said(client, path, {"institutes": [entry.pk]})
    assert client.post(path, {"institutes": ["nonsense"]}).status_code == 200
    assert "已邀请 2 家机构" in said(client, path, {"institutes": [institute.pk, other.pk]})
    assert "已邀请 0 家机构" in said(client, path, {"institutes": [institute.pk]})
    assert set(Invitation.objects.values_list("organisation", flat=True)) == {institute.pk, other.pk}
    page = page_of(client, path)
    assert "另外邀请的机构" in page
    assert "邀请测试计量院" not in page


def test_an_institute_finds_the_items_that_suit_it(challenge, new_entry, provider, as_user, capability):
    entry = new_entry("on_board", level=3)
    page = page_of(as_user(provider), f"/challenges/{challenge.pk}/board/matches/")
    assert f"/challenges/board/{entry.pk}/" in page
    assert entry.need.number not in page


# --- Queries ------------------------------------------------------------------------------------------------------


def add_entries(count, new_entry, organiser, institute, status="entered"):
    for number in range(count):
        entry = new_entry(status, level=3 - number % 3)
        propose_for_need(entry.need)
    if status == "selected":
        post_items(entry.challenge, actor=organiser)
        for each in Entry.objects.on_board():
            invite_institutes(each, [institute], actor=organiser)


LISTS = {
    "entries, of the organiser": ("/challenges/{pk}/entries/", "organiser", "entered", 14),
    "entries, of the enterprise": ("/challenges/{pk}/entries/", "owner", "entered", 11),
    "the board": ("/challenges/{pk}/board/", None, "selected", 8),
    "items for an institute": ("/challenges/{pk}/board/matches/", "provider", "selected", 16),
    "needs to enter": ("/challenges/{pk}/enter/", "owner", "withdrawn", 12),
    "API: entries": ("/api/v1/challenge-entries/", "organiser", "entered", 13),
    "API: items": ("/api/v1/board-items/", None, "selected", 3),
    "API: invitations": ("/api/v1/challenge-invitations/", "provider", "selected", 5),
}


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("name", LISTS)
def test_a_list_takes_as_many_queries_for_three_rows_as_for_one(
    name, rows, challenge, new_entry, organiser, owner, provider, institute, capability, django_assert_num_queries
):
    path, who, status, queries = LISTS[name]
    add_entries(rows, new_entry, organiser, institute, status)
    client, people = Client(), {"organiser": organiser, "owner": owner, "provider": provider}
    if who:
        client.force_login(fresh(people[who]))
    path = path.format(pk=challenge.pk)
    client.get(path)
    with django_assert_num_queries(queries):
        assert client.get(path).status_code == 200


def test_finding_duplicates_takes_as_many_queries_for_six_as_for_two(new_entry, organiser, django_assert_num_queries):
    entry = Entry.objects.for_list().get(pk=new_entry().pk)
    for count in (1, 4):
        for _ in range(count):
            new_entry()
        user = fresh(organiser)
        assert user.authorities
        with django_assert_num_queries(3):
            assert find_twins(entry, user)
