"""Challenges through the API: the same answers as on the pages, in JSON."""

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from challenges.models import Challenge

DAY = timedelta(days=1)
ROOT = "/api/v1/challenges/"


@pytest.fixture
def api():
    """Ask as a person; the answer is its status and content."""

    def ask(user, method, path, data=None, **headers):
        client = APIClient()
        client.force_authenticate(User.objects.get(pk=user.pk) if user else None)
        response = getattr(client, method)(path, data, format="json", headers=headers)
        return response.status_code, response.json() if response.content else None

    return ask


def iso(moment):
    return timezone.localtime(moment).isoformat()


@pytest.fixture
def june():
    """A calendar whose times come in several offsets."""
    return [
        {"phase": "collecting", "opens_at": "2026-06-01T09:00:00+08:00", "closes_at": "2026-06-30T10:00:00Z"},
        {"phase": "screening", "opens_at": "2026-06-30T18:00:00+08:00", "closes_at": "2026-07-20T18:00:00+09:00"},
    ]


def test_a_challenge_is_read_with_calendar_and_criteria(challenge, api):
    status, shown = api(None, "get", f"{ROOT}{challenge.pk}/")
    windows, criteria = shown.pop("windows"), shown.pop("criteria")
    assert (status, shown) == (
        200,
        {
            "id": str(challenge.pk),
            "name": "产业计量挑战赛",
            "organiser": {"id": str(challenge.organiser.pk), "name": "组织方单位"},
            "co_organisers": [],
            "regions": [],
            "regions_display": "全国",
            "theme": "把产线上测不准的难题找出来",
            "rules_text": "面向企业征集。",
            "reviews_per_item": 3,
            "is_anonymous": True,
            "status": "collecting",
            "status_display": "征集",
            "created_at": iso(challenge.created_at),
            "updated_at": iso(challenge.updated_at),
        },
    )
    window = challenge.window("collecting")
    assert windows[0] == {
        "phase": "collecting",
        "phase_display": "征集",
        "opens_at": iso(window.opens_at),
        "closes_at": iso(window.closes_at),
        "first_closes_at": None,
        "extension_reason": "",
    }
    assert [(each["stage"], each["weight"]) for each in criteria][:2] == [("screening", 25), ("screening", 25)]
    assert len(criteria) == 11


def test_an_organiser_sets_a_challenge_up(api, organiser, institute, june):
    body = organiser.authorities[0]
    data = {"name": "接口赛", "organiser": str(body.pk), "co_organisers": [str(institute.pk)], "regions": ["320500"]}
    status, made = api(organiser, "post", ROOT, data)
    assert (status, made["status"], made["regions_display"]) == (201, "draft", "江苏省苏州市")
    one = f"{ROOT}{made['id']}/"
    assert api(organiser, "patch", one, {"theme": "在线测量", "rules_text": "面向企业。"})[0] == 200
    status, planned = api(organiser, "put", f"{one}windows/", {"windows": june})
    assert [(each["opens_at"], each["closes_at"]) for each in planned["windows"]] == [
        ("2026-06-01T09:00:00+08:00", "2026-06-30T18:00:00+08:00"),
        ("2026-06-30T18:00:00+08:00", "2026-07-20T17:00:00+08:00"),
    ]
    criteria = [{"name": "响应", "weight": 60, "guidance": "逐条"}, {"name": "报价", "weight": 40}]
    status, judged = api(organiser, "put", f"{one}criteria/", {"stage": "solution", "criteria": criteria})
    assert (status, [each["name"] for each in judged["criteria"] if each["stage"] == "solution"]) == (
        200,
        ["响应", "报价"],
    )


def test_the_checklist_is_for_the_organisers(new_challenge, api, organiser, provider):
    challenge = new_challenge("draft")
    Challenge.objects.filter(pk=challenge.pk).update(theme="")
    address = f"{ROOT}{challenge.pk}/checklist/"
    assert api(organiser, "get", address) == (
        200,
        {
            "step": "open_collecting",
            "step_display": "进入征集",
            "checks": [
                {"label": "填写主题和赛事规则", "is_done": False},
                {"label": "填写征集、需求评审和发榜的起止时间", "is_done": True},
                {"label": "征集的截止时间在今后", "is_done": True},
                {"label": "需求评审指标的权重合计为 100", "is_done": True},
                {"label": "方案评审指标的权重合计为 100", "is_done": True},
            ],
        },
    )
    assert api(provider, "get", address)[0] == 404
    public = f"{ROOT}{new_challenge().pk}/checklist/"
    refusal = {"detail": "只有主办和协办单位可以查看这项赛事的准备情况。"}
    assert api(provider, "get", public) == (403, refusal)
    over = f"{ROOT}{new_challenge('cancelled').pk}/checklist/"
    assert api(organiser, "get", over) == (200, {"step": "", "step_display": "", "checks": []})


WRITES = [
    ("patch", "", {"theme": "换了"}),
    ("put", "windows/", {"windows": []}),
    ("post", "extend/", {"phase": "collecting", "closes_at": "2099-01-01T00:00:00Z", "reason": "有事"}),
    ("put", "criteria/", {"stage": "screening", "criteria": [{"name": "一项", "weight": 100}]}),
    ("post", "copy/", {"name": "抄来的"}),
    ("post", "move/cancel/", {"note": "有事"}),
]


@pytest.mark.parametrize(("method", "path", "data"), WRITES)
def test_only_those_who_run_a_challenge_write(method, path, data, new_challenge, api, provider, distant_organiser):
    challenge, draft = new_challenge(), new_challenge("draft")
    before = list(Challenge.objects.values())
    answers = {}
    for name, user in (("nobody", None), ("provider", provider), ("another", distant_organiser)):
        answers[name] = [api(user, method, f"{ROOT}{each.pk}/{path}", data)[0] for each in (challenge, draft)]
    assert answers == {"nobody": [401, 401], "provider": [403, 404], "another": [403, 404]}
    assert list(Challenge.objects.values()) == before


@pytest.mark.parametrize(
    ("method", "path", "data", "answer"),
    [
        ("patch", "", {"reviews_per_item": 2}, {"reviews_per_item": ["请确保该值大于或者等于 3。"]}),
        (
            "patch",
            "",
            {"regions": ["999999"]},
            {"regions": {"0": ["行政区划代码 999999 不在 GB/T 2260 中，请从列表里选择。"]}},
        ),
        ("patch", "", {"name": ""}, {"name": ["该字段不能为空。"]}),
        (
            "put",
            "windows/",
            {"windows": [{"phase": "board", "opens_at": "2026-06-02T00:00:00Z", "closes_at": "2026-06-01T00:00:00Z"}]},
            {"windows": {"0": {"closes_at": ["截止时间必须晚于开始时间，请改正。"]}}},
        ),
        (
            "put",
            "windows/",
            {"windows": [{"phase": "board", "opens_at": "0001-01-01T00:00:00Z", "closes_at": "2026-06-01T00:00:00Z"}]},
            {"windows": {"0": {"opens_at": ["请填写 2000 年到 2100 年之间的时间。"]}}},
        ),
        (
            "put",
            "windows/",
            {
                "windows": [{"phase": "board", "opens_at": "2026-06-01T00:00:00Z", "closes_at": "2026-06-02T00:00:00Z"}]
                * 2
            },
            {"windows": ["同一阶段只能有一段时间，请合并。"]},
        ),
        (
            "put",
            "criteria/",
            {"stage": "screening", "criteria": [{"name": "一项", "weight": 99}]},
            {"detail": "权重合计应为 100，现在是 99，请调整。"},
        ),
        ("post", "copy/", {}, {"name": ["该字段是必填项。"]}),
    ],
)
def test_wrong_input_is_answered_in_words(method, path, data, answer, new_challenge, api, organiser):
    challenge = new_challenge("draft")
    assert api(organiser, method, f"{ROOT}{challenge.pk}/{path}", data) == (400, answer)


def test_co_organisers_that_cannot_be_are_refused(new_challenge, api, organiser, enterprise):
    challenge = new_challenge("draft")
    refusal = {"co_organisers": ["协办单位只能是主办单位以外、已核验的组织方或服务机构，请重新选择。"]}
    for body in (enterprise, challenge.organiser):
        data = {"co_organisers": [str(body.pk)]}
        assert api(organiser, "patch", f"{ROOT}{challenge.pk}/", data) == (400, refusal)


def test_a_challenge_of_another_body_is_not_made(api, organiser, distant_organiser, enterprise):
    for body in (distant_organiser.authorities[0], enterprise):
        data = {"name": "冒名的", "organiser": str(body.pk)}
        status, answer = api(organiser, "post", ROOT, data)
        assert (status, answer) == (400, {"organiser": ["只能以您所在的、已核验的组织方单位举办赛事。"]})
    assert Challenge.objects.count() == 0


def test_an_extension_is_made_once(challenge, api, organiser):
    end = challenge.window("collecting").closes_at + DAY
    data = {"phase": "collecting", "closes_at": end.isoformat(), "reason": "台风停工"}
    status, shown = api(organiser, "post", f"{ROOT}{challenge.pk}/extend/", data)
    assert (status, shown["windows"][0]["closes_at"], shown["windows"][0]["extension_reason"]) == (
        200,
        iso(end),
        "台风停工",
    )
    data["closes_at"] = (end + DAY).isoformat()
    again = api(organiser, "post", f"{ROOT}{challenge.pk}/extend/", data)
    assert again == (409, {"detail": "“征集”已经延期过一次，不能再延期。"})


def test_the_same_extension_under_the_same_key_is_one(challenge, organiser):
    client = APIClient()
    client.force_authenticate(organiser)
    end = challenge.window("collecting").closes_at + DAY
    data = {"phase": "collecting", "closes_at": end.isoformat(), "reason": "台风停工"}
    path, headers = f"{ROOT}{challenge.pk}/extend/", {"Idempotency-Key": "once"}
    answers = [client.post(path, data, format="json", headers=headers) for _ in range(2)]
    assert [(answer.status_code, answer.content) for answer in answers] == [(200, answers[0].content)] * 2
    assert challenge.events.filter(action="extend").count() == 1


def test_a_step_is_refused_with_what_is_missing(challenge, api, organiser):
    assert api(organiser, "post", f"{ROOT}{challenge.pk}/move/open_screening/") == (
        409,
        {"detail": "还不能进入下一阶段，请先完成：征集期已截止；至少有一条报名的需求。"},
    )


def test_a_change_of_what_was_not_read_is_refused(challenge, api, organiser):
    path = f"{ROOT}{challenge.pk}/windows/"
    status, answer = api(organiser, "put", path, {"windows": []}, **{"If-Match": '"old"'})
    assert (status, answer["detail"]) == (412, "这条记录在您读取之后已经变化，请重新读取，核对后再提交。")


def test_a_copy_is_answered_as_a_new_draft(new_challenge, api, organiser):
    source = new_challenge("board")
    status, copied = api(organiser, "post", f"{ROOT}{source.pk}/copy/", {"name": "下一届"})
    assert (status, copied["name"], copied["status"], copied["windows"]) == (201, "下一届", "draft", [])
    assert copied["id"] != str(source.pk)


def test_the_list_is_found_by_phase(new_challenge, api, organiser):
    made = {status: new_challenge(status) for status in ("draft", "collecting", "board")}

    def found(user, query=""):
        return {each["status"] for each in api(user, "get", f"{ROOT}{query}")[1]["results"]}

    assert (found(None), found(organiser)) == ({"collecting", "board"}, set(made))
    assert (found(None, "?status=board"), found(None, "?status=draft")) == ({"board"}, set())


def test_the_endpoints_are_described_for_everybody(client):
    description = client.get("/api/schema/", headers={"Accept": "application/json"}).json()
    described = {path.removeprefix(ROOT) for path in description["paths"] if path.startswith(ROOT)}
    steps = ("checklist/", "copy/", "criteria/", "extend/", "move/{name}/", "windows/")
    assert described == {"", "{id}/", *(f"{{id}}/{step}" for step in steps)}
