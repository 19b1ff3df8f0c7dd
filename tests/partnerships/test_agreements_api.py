"""Agreements, acceptance and cases through the API."""

from decimal import Decimal

import pytest
from django.utils import timezone

from partnerships.models import Acceptance, Agreement, Docking
from partnerships.services.agreements import draft_agreement
from partnerships.services.cases import page_of, write_case
from tests.partnerships.conftest import CONTRACT, confirm

pytestmark = pytest.mark.django_db

GIVEN = {"title": "服务合同", "kind": "service", "contract_amount": "120000.50", "signed_on": "2026-05-08"}
WORDS = {"title": "现场校准", "problem": "停机送检", "solution": "携仪器到车间", "benefit": "停机缩短"}


@pytest.fixture
def agreement(docking, provider):
    return draft_agreement(docking, actor=provider, **CONTRACT)


def test_an_agreement_from_draft_to_both_words(docking, owner, provider, api):
    status, made = api(owner).post("/api/v1/agreements/", {**GIVEN, "docking": str(docking.pk)})
    address = f"/api/v1/agreements/{made['id']}"
    assert (status, made["contract_amount"], made["intent_amount"], made["counts"]) == (201, "120000.50", None, False)
    for side, user in (("provider", provider), ("enterprise", owner)):
        body = {"seen": made["content_mark"]}
        status, made = api(user).post(f"{address}/move/{side}_confirm/", body)
    assert (status, made["status"], made["counts"]) == (200, "effective", True)
    status, version = api(provider).post(f"{address}/revise/", {"paid_amount": "60000.01"})
    assert (status, version["replaces"], version["paid_amount"], version["status"]) == (
        201,
        made["id"],
        "60000.01",
        "drafted",
    )


def test_a_change_takes_back_the_word(agreement, owner, provider, api):
    confirmed = {"seen": api(provider).get(f"/api/v1/agreements/{agreement.pk}/")[1]["content_mark"]}
    api(provider).post(f"/api/v1/agreements/{agreement.pk}/move/provider_confirm/", confirmed)
    status, changed = api(owner).patch(f"/api/v1/agreements/{agreement.pk}/", {"contract_amount": "110000.00"})
    assert (status, changed["status"], changed["contract_amount"]) == (200, "drafted", "110000.00")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"contract_amount": "1.234"}, "contract_amount"),
        ({"contract_amount": "-1"}, "contract_amount"),
        ({"contract_amount": "9" * 20}, "contract_amount"),
        ({"contract_amount": "NaN"}, "contract_amount"),
        ({"kind": "magic"}, "kind"),
        ({"title": ""}, "title"),
        ({"docking": "nonsense"}, "docking"),
        ({"docking": "00000000-0000-4000-8000-000000000000"}, "docking"),
        ({"file": "00000000-0000-4000-8000-000000000000"}, "file"),
    ],
)
def test_bad_input_is_named(given, field, docking, owner, api):
    status, answer = api(owner).post("/api/v1/agreements/", {**GIVEN, "docking": str(docking.pk), **given})
    assert (status, list(answer)) == (400, [field])


def test_who_gets_which_answer(agreement, people, api):
    found = {}
    for name, user in people.items():
        caller = api(type(user).objects.get(pk=user.pk))
        read = caller.get(f"/api/v1/agreements/{agreement.pk}/")[0]
        move = caller.post(f"/api/v1/agreements/{agreement.pk}/move/complete/", {})[0]
        patch = caller.patch(f"/api/v1/agreements/{agreement.pk}/", {"title": "合同"})[0]
        found[name] = (read, move, patch)
    sides, readers, others = {"owner", "colleague"}, {"organiser", "admin"}, (404, 404, 404)
    assert found == {
        name: (200, 409, 200)
        if name in sides
        else (200, 403, 200)
        if name == "provider"
        else (200, 403, 403)
        if name in readers
        else others
        for name in people
    }


def test_lost_updates_and_repetition_are_refused(agreement, owner, client):
    client.force_login(owner)
    address = f"/api/v1/agreements/{agreement.pk}/"
    tag = client.get(address)["ETag"]

    def patch(body, **headers):
        return client.patch(address, body, content_type="application/json", headers=headers)

    first = patch({"title": "甲"}, **{"If-Match": tag})
    second = patch({"title": "乙"}, **{"If-Match": tag})
    assert (first.status_code, second.status_code, Agreement.objects.get().title) == (200, 412, "甲")


def test_acceptance_is_put_read_and_marked(new_docking, owner, provider, api):
    docking = new_docking("delivery")
    address = f"/api/v1/acceptances/{docking.pk}/"
    body = {"accepted_on": timezone.localdate().isoformat(), "conclusion": "通过"}
    missing = api(owner).get(address)[0]
    status, made = api(provider).put(address, {**body, "lines": [{"achieved_text": "U=0.4 μm (k=2)"}]})
    assert (missing, status) == (404, 200)
    assert [(line["required_text"], line["verdict"]) for line in made["lines"]] == [("MPE ±(1.5+L/350) μm", "pass")]
    refused = api(provider).put(address, {**body, "lines": []})
    assert refused == (400, {"lines": ["需求有 1 行指标，请逐行填写达到的不确定度；没有测的请写“未测”。"]})
    status, marked = api(owner).post(f"{address}mark/", {"mark": 5, "words": "及时"})
    assert (status, marked["enterprise_mark"], marked["provider_mark"]) == (200, 5, None)
    assert api(owner).post(f"{address}mark/", {"mark": 6})[0] == 400


def test_the_lines_of_a_confidential_need_are_kept_from_who_signed_nothing(new_docking, owner, provider, api):
    docking = new_docking("delivery", level=2)
    address = f"/api/v1/acceptances/{docking.pk}/"
    body = {"accepted_on": timezone.localdate().isoformat(), "conclusion": "通过"}
    lines = [{"achieved_text": "U=0.4 μm (k=2)"}]
    assert api(provider).put(address, {**body, "lines": lines})[0] == 403
    assert len(api(owner).put(address, {**body, "lines": lines})[1]["lines"]) == 1
    assert api(provider).get(address)[1]["lines"] == []


def test_a_case_is_public_when_both_agree(new_docking, owner, provider, api):
    docking = new_docking("closed")
    Acceptance.objects.create(docking=docking, accepted_on=timezone.localdate(), conclusion="通过", author=owner)
    status, made = api(provider).post("/api/v1/cases/", {**WORDS, "docking": str(docking.pk)})
    address = f"/api/v1/cases/{made['id']}/"
    assert (status, api().get(address)[0], made["docking"]) == (201, 404, str(docking.pk))
    assert api(provider).patch(address, {"enterprise_name": "测试企业有限公司"})[0] == 403
    for side, user in (("provider", provider), ("enterprise", owner)):
        status, made = api(user).post(f"{address}move/{side}_consent/", {"seen": made["page_mark"]})
    status, shown = api().get(address)
    assert (status, shown["status"], shown["docking"], shown["enterprise"]) == (200, "published", None, "一家企业")


def test_steps_not_possible_now_are_409(docking, agreement, owner, provider, api):
    address = f"/api/v1/agreements/{agreement.pk}"
    confirm(agreement, owner, provider)
    assert api(owner).patch(f"{address}/", {"title": "改"})[0] == 409
    assert api(owner).post(f"{address}/revise/", {})[0] == 409
    assert api(owner).post(f"{address}/move/explode/", {})[0] == 409
    Docking.objects.filter(pk=docking.pk).update(status="failed")
    assert api(owner).post("/api/v1/agreements/", {**GIVEN, "docking": str(docking.pk)})[0] == 409


def test_a_published_case_says_the_same_to_program_and_page(new_docking, owner, api):
    docking = new_docking("closed")
    Acceptance.objects.create(docking=docking, accepted_on=timezone.localdate(), conclusion="通过", author=owner)
    case = write_case(docking, actor=owner, **WORDS)
    shown = api(owner).get(f"/api/v1/cases/{case.pk}/")[1]
    page = page_of(case)
    assert {name: shown[name] for name in (*WORDS, "enterprise", "institute")} == {
        name: getattr(page, name) for name in (*WORDS, "enterprise", "institute")
    }
    assert Decimal(len(shown["figures"])) == len(page.figures)
