"""Needs through the API: the same services, the same sight, answers with the right status."""

import pytest

from needs.models import Need

NEEDS = "/api/v1/needs/"
LINE = {"object_name": "数字压力计", "range_text": "(0~60) MPa", "accuracy_text": "0.05 级"}


def wanted(organisation, **fields):
    return {"organisation": str(organisation.pk), "title": "压力计校准", "problem": "压力计要校准", **fields}


def test_a_need_is_created_read_and_submitted(api, owner, enterprise):
    fields = {"contact_name": "顾工", "contact_phone": "13800000000", "pledges_no_secrets": True, "pledges_truth": True}
    status, created = api(owner).post(NEEDS, wanted(enterprise, lines=[LINE], budget_low=10_000, **fields))
    assert (status, created["status"], created["sight"], created["budget"]) == (201, "draft", "full", "1 万元")
    assert [(line["range_text"], line["quantity"]) for line in created["lines"]] == [("(0~60) MPa", "pressure")]
    assert api(owner).get(f"{NEEDS}{created['id']}/") == (200, created)
    status, moved = api(owner).post(f"{NEEDS}{created['id']}/move/submit/")
    assert (status, moved["status"], moved["status_display"]) == (200, "submitted", "已提交")


def test_a_need_is_changed_in_part(api, owner, need):
    status, changed = api(owner).patch(f"{NEEDS}{need.pk}/", {"title": "新名称"})
    assert (status, changed["title"], len(changed["lines"])) == (200, "新名称", 1)
    status, changed = api(owner).patch(f"{NEEDS}{need.pk}/", {"lines": []})
    assert (status, changed["title"], changed["lines"]) == (200, "新名称", [])


def test_the_organisation_of_a_need_stays(api, owner, need, stranger):
    other = stranger.organisations[0]
    status, _ = api(owner).patch(f"{NEEDS}{need.pk}/", {"organisation": str(other.pk)})
    assert (status, Need.objects.get().organisation) == (400, need.organisation)


def test_status_and_confirmation_cannot_be_written(api, owner, need):
    status, data = api(owner).patch(
        f"{NEEDS}{need.pk}/", {"status": "published", "version": 9, "public_text_confirmed_at": "2026-01-01T00:00:00Z"}
    )
    need.refresh_from_db()
    assert (status, data["status"], need.version, need.public_text_confirmed_at) == (200, "draft", 0, None)


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"title": ""}, {"title": ["该字段不能为空。"]}),
        ({"title": "长" * 121}, {"title": ["请确保这个字段不能超过 120 个字符。"]}),
        ({"discipline": "magic"}, {"discipline": ["“magic” 不是合法选项。"]}),
        ({"budget_low": 10, "budget_high": 5}, {"budget_low": ["预算下限不能高于上限，请对调或改正。"]}),
        ({"contact_phone": "12345"}, {"contact_phone": ["电话请写 11 位手机号，或带区号的座机，例如 0512-65550000。"]}),
        ({"lines": [LINE] * 51}, {"lines": ["一条需求最多 50 行指标，请拆成几条需求。"]}),
        ({"lines": [{}]}, {"lines": {"0": {"object_name": ["该字段是必填项。"]}}}),
        ({"cooperation": ["steal"]}, {"cooperation": {"0": ["“steal” 不是合法选项。"]}}),
    ],
)
def test_bad_fields_are_named(fields, errors, api, owner, enterprise):
    assert api(owner).post(NEEDS, wanted(enterprise, **fields)) == (400, errors)


def test_half_a_budget_is_checked_against_the_stored_half(api, owner, new_need):
    need = new_need(budget_low=100, budget_high=200)
    refused = (400, {"budget_low": ["预算下限不能高于上限，请对调或改正。"]})
    assert api(owner).patch(f"{NEEDS}{need.pk}/", {"budget_low": 300}) == refused
    assert api(owner).patch(f"{NEEDS}{need.pk}/", {"budget_high": 50}) == refused
    assert api(owner).patch(f"{NEEDS}{need.pk}/", {"budget_high": None, "budget_low": 300})[0] == 200


def test_a_foreign_organisation_and_none_get_the_same_answer(api, owner, stranger):
    foreign = stranger.organisations[0]
    nobody = "00000000-0000-4000-8000-000000000000"
    expected = (400, {"organisation": ["只能以您所在的单位提出需求。"]})
    assert api(owner).post(NEEDS, wanted(foreign)) == expected
    assert api(owner).post(NEEDS, {**wanted(foreign), "organisation": nobody}) == expected


@pytest.mark.parametrize(
    ("name", "status", "answer"),
    [
        ("owner", "draft", (409, {"detail": "需求草稿，受理之后才需要确认公开内容。"})),
        ("owner", "accepted", (200, "accepted")),
        ("organiser", "accepted", (403, {"detail": "公开内容只能由需求所属企业确认。"})),
        ("stranger", "accepted", (404, {"detail": "没有这条记录，或者您不能查看它。"})),
    ],
)
def test_confirming(name, status, answer, api, new_need, people):
    need = new_need(status)
    code, data = api(people[name]).post(f"{NEEDS}{need.pk}/confirm/")
    assert (code, data["status"] if code == 200 else data) == answer


@pytest.mark.parametrize(
    ("name", "status", "step", "answer"),
    [
        ("owner", "draft", "withdraw", (409, "当前状态是“草稿”，不能撤回；请刷新页面查看最新状态。")),
        ("owner", "draft", "explode", (409, "没有这个操作，请刷新页面后重试。")),
        ("organiser", "submitted", "return", (409, "退回补充需要写明理由，请填写后再提交。")),
        ("organiser", "submitted", "withdraw", (403, "您没有“撤回”的权限。")),
        ("stranger", "published", "withdraw", (403, "您没有“撤回”的权限。")),
    ],
)
def test_a_refused_step_says_why(name, status, step, answer, api, new_need, people):
    need = new_need(status)
    code, data = api(people[name]).post(f"{NEEDS}{need.pk}/move/{step}/")
    assert (code, data["detail"]) == answer


def test_the_reason_of_a_step_is_kept(api, organiser, new_need):
    need = new_need("submitted")
    status, _ = api(organiser).post(f"{NEEDS}{need.pk}/move/return/", {"note": " 请补充范围 "})
    assert (status, need.events.last().note) == (200, "请补充范围")


def test_nobody_writes_without_signing_in(api, need, enterprise):
    for answer in (
        api().post(NEEDS, wanted(enterprise)),
        api().patch(f"{NEEDS}{need.pk}/", {"title": "新"}),
        api().post(f"{NEEDS}{need.pk}/move/submit/"),
    ):
        assert answer == (401, {"detail": "身份认证信息未提供。"})


def test_a_published_need_is_not_changed_by_whoever_sees_it(api, stranger, organiser, owner, new_need):
    need = new_need("published")
    answers = [api(user).patch(f"{NEEDS}{need.pk}/", {"title": "别的"})[0] for user in (stranger, organiser, owner)]
    assert answers == [403, 403, 409]
