"""Entries, the board, corrigenda and invitations through the API."""

import pytest

from challenges.models import Challenge, Entry, Invitation
from challenges.services.board import invite_institutes, post_items
from challenges.services.entries import CONSENT
from tests.challenges.conftest import LENGTH, fresh, let_pass

pytestmark = pytest.mark.django_db
ENTRIES, ITEMS, INVITATIONS = "/api/v1/challenge-entries/", "/api/v1/board-items/", "/api/v1/challenge-invitations/"
WORDS = {"board_title": "三坐标校准", "board_text": "现场校准", "shows_lines": False}
LINE = {
    "object_name": "坐标测量机",
    "measurand": "长度示值误差",
    "range_text": "0~500 mm",
    "accuracy_text": "MPE ±(1.5+L/350) μm",
    "conditions_text": "",
    "codes_text": "JJF 1064",
    "mode": "lab",
    "is_dynamic": False,
    "obligation": "required",
    "note": "",
}


def test_an_entry_goes_from_the_call_to_the_board(api, owner, organiser, provider, institute, challenge, new_need):
    need = new_need("published", budget_high=150_000)
    asked = {"challenge": str(challenge.pk), "need": str(need.pk), "consents": True}
    status, entry = api(owner).post(ENTRIES, asked)
    path = f"{ENTRIES}{entry['id']}/"
    assert (status, entry["status"], entry["status_display"], entry["is_on_behalf"]) == (
        201,
        "entered",
        "已报名",
        False,
    )
    status, worded = api(organiser).put(f"{path}board/", WORDS | {"budget_band": "20"})
    assert (status, worded["board_title"], worded["budget_band_display"]) == (200, "三坐标校准", "5–20 万元")
    status, confirmed = api(owner).post(f"{path}confirm/", {"seen": worded["seen"]})
    assert (status, confirmed["confirmed_at"] is not None) == (200, True)
    Entry.objects.filter(pk=entry["id"]).update(status="selected")
    post_items(challenge, actor=organiser)
    assert api().get(f"{ITEMS}{entry['id']}/") == (
        200,
        {
            "id": entry["id"],
            "challenge": str(challenge.pk),
            "board_number": "CH-01",
            "board_title": "三坐标校准",
            "board_text": "现场校准",
            "conditions": "",
            "budget_band": "20",
            "budget_band_display": "5–20 万元",
            "discipline": "",
            "discipline_display": "",
            "region": "",
            "region_display": "",
            "board_lines": [],
            "corrigenda": [],
        },
    )
    status, corrected = api(organiser).post(f"{path}corrigenda/", {"text": "范围有误"})
    assert (status, [each["text"] for each in corrected["corrigenda"]]) == (200, ["范围有误"])
    status, invited = api(organiser).post(f"{path}invitations/", {"institutes": [str(institute.pk)]})
    assert (status, [each["organisation_name"] for each in invited]) == (201, ["测试计量院"])
    status, received = api(provider).get(INVITATIONS)
    assert [(each["board_number"], each["board_title"]) for each in received["results"]] == [("CH-01", "三坐标校准")]


def test_an_item_carries_the_lines_that_were_confirmed(api, new_entry):
    entry = new_entry("on_board")
    [line] = api().get(f"{ITEMS}{entry.pk}/")[1]["board_lines"]
    assert line == LINE


@pytest.mark.parametrize(
    ("change", "status", "answer"),
    [
        ({"consents": False}, 400, {"consents": ["报名前请勾选：" + CONSENT]}),
        ({"consents": None}, 400, None),
        ({"challenge": "nonsense"}, 400, None),
        (
            {"challenge": "00000000-0000-4000-8000-000000000000"},
            400,
            {"challenge": ["没有这项赛事，或者它还没有公布。"]},
        ),
        ({"need": "00000000-0000-4000-8000-000000000000"}, 400, {"need": ["没有这条需求，或者您不能查看它。"]}),
    ],
)
def test_a_wrong_entry_is_refused_by_field(change, status, answer, api, owner, challenge, new_need):
    asked = {"challenge": str(challenge.pk), "need": str(new_need("published").pk), "consents": True}
    found = api(owner).post(ENTRIES, asked | change)
    assert found[0] == status
    assert answer in (None, found[1])
    assert Entry.objects.count() == 0


def test_the_api_keeps_the_same_clock(api, owner, challenge, new_need):
    need = new_need("published")
    let_pass(challenge, LENGTH)
    asked = {"challenge": str(challenge.pk), "need": str(need.pk), "consents": True}
    assert api(owner).post(ENTRIES, asked) == (409, {"detail": "征集已经截止，不能再报名。"})


def test_a_need_one_may_only_see_cannot_be_entered(api, stranger, challenge, new_need):
    asked = {"challenge": str(challenge.pk), "need": str(new_need("published").pk), "consents": True}
    assert api(stranger).post(ENTRIES, asked)[0] == 403


def test_an_entry_sent_twice_under_one_key_is_one(client, owner, challenge, new_need):
    client.force_login(owner)
    asked = {"challenge": str(challenge.pk), "need": str(new_need("published").pk), "consents": True}
    send = {"content_type": "application/json", "headers": {"Idempotency-Key": "k"}}
    answers = [client.post(ENTRIES, asked, **send) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert Entry.objects.count() == 1


def test_what_changed_meanwhile_is_not_overwritten(client, organiser, new_entry):
    entry = new_entry()
    client.force_login(organiser)
    path = f"{ENTRIES}{entry.pk}/"
    tag = client.get(path)["ETag"]
    send = {"content_type": "application/json", "headers": {"If-Match": tag}}
    assert client.put(f"{path}board/", WORDS, **send).status_code == 200
    assert client.put(f"{path}board/", WORDS | {"board_title": "别的"}, **send).status_code == 412


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({"board_title": ""}, {"board_title": ["该字段不能为空。"]}),
        ({"budget_band": "7"}, {"budget_band": ["“7” 不是合法选项。"]}),
        ({"region": "999999"}, {"region": ["行政区划代码 999999 不在 GB/T 2260 中，请从列表里选择。"]}),
    ],
)
def test_a_wrong_wording_is_refused_by_field(change, answer, api, organiser, new_entry):
    assert api(organiser).put(f"{ENTRIES}{new_entry().pk}/board/", WORDS | change) == (400, answer)


def test_a_confirmation_of_something_else_is_refused(api, owner, organiser, new_entry):
    entry = new_entry()
    api(organiser).put(f"{ENTRIES}{entry.pk}/board/", WORDS)
    assert api(owner).post(f"{ENTRIES}{entry.pk}/confirm/", {"seen": "0"}) == (
        409,
        {"detail": "榜单内容刚刚被组织方修改过，请重新核对后再确认。"},
    )


def test_steps_and_their_refusals(api, owner, organiser, new_entry):
    path = f"{ENTRIES}{new_entry().pk}/move/"
    assert api(organiser).post(f"{path}return/", {}) == (409, {"detail": "退回补充需要写明理由，请填写后再提交。"})
    assert api(organiser).post(f"{path}withdraw/", {}) == (403, {"detail": "您没有“撤回报名”的权限。"})
    assert api(owner).post(f"{path}withdraw/", {})[1]["status"] == "withdrawn"
    assert api(owner).post(f"{path}explode/", {}) == (409, {"detail": "没有这个操作，请刷新页面后重试。"})


def test_duplicates_come_with_the_reasons(api, organiser, owner, new_entry):
    one, other = new_entry(public_title="三坐标测量机校准"), new_entry(public_title="坐标测量机校准")
    [twin] = api(organiser).get(f"{ENTRIES}{one.pk}/duplicates/")[1]
    assert 0.45 < twin.pop("likeness") < 1
    assert twin.pop("terms")
    assert twin == {
        "entry": str(other.pk),
        "challenge": str(one.challenge_id),
        "title": "坐标测量机校准",
        "ranges": ["长度 0~500 mm"],
        "is_same_enterprise": True,
        "is_same_need": False,
    }
    assert api(owner).get(f"{ENTRIES}{one.pk}/duplicates/")[0] == 403


def test_an_unknown_institute_is_not_invited(api, organiser, institute, enterprise, new_entry):
    entry = new_entry("on_board")
    asked = {"institutes": [str(institute.pk), str(enterprise.pk)]}
    status, answer = api(organiser).post(f"{ENTRIES}{entry.pk}/invitations/", asked)
    assert (status, answer) == (400, {"institutes": ["其中有的机构不存在或还没有通过核验，请核对编号。"]})
    assert Invitation.objects.count() == 0


def test_items_are_filtered_by_challenge(api, new_entry, new_challenge):
    entry = new_entry("on_board")
    other = new_challenge(name="另一届")
    found = [api().get(ITEMS, {"challenge": str(pk)})[1]["count"] for pk in (entry.challenge_id, other.pk)]
    assert found == [1, 0]


def test_a_co_organiser_without_sight_reads_no_need(api, challenge, organiser, distant_organiser, new_entry):
    entry = new_entry(level=3)
    Challenge.objects.get(pk=challenge.pk).co_organisers.set(distant_organiser.authorities)
    status, shown = api(distant_organiser).get(f"{ENTRIES}{entry.pk}/")
    assert (status, shown["need"], shown["need_title"], shown["organisation_name"], shown["need_number"]) == (
        200,
        None,
        "",
        "",
        entry.need.number,
    )


def test_reading_through_the_api_is_noted(api, organiser, new_entry):
    entry = new_entry(level=2)
    api(organiser).get(f"{ENTRIES}{entry.pk}/")
    assert entry.need.events.filter(action="read", actor=organiser).count() == 1


def test_an_invitation_is_shown_to_who_was_invited(api, organiser, provider, owner, institute, new_entry):
    entry = new_entry("on_board")
    [invitation] = invite_institutes(entry, [institute], actor=fresh(organiser))
    seen = [api(user).get(f"{INVITATIONS}{invitation.pk}/")[0] for user in (provider, organiser, owner)]
    assert seen == [200, 200, 404]
