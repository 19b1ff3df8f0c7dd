"""Proposals, matching and reading through the API."""

import pytest

from matching.models import MatchState, Proposal
from matching.services import move_proposal, propose_for_need
from needs.models import Need

PROPOSALS, MATCH, READ = "/api/v1/proposals/", "/api/v1/match/", "/api/v1/read/"
TEXT = "三坐标测量机 0~500 mm 校准，最大允许误差 ±(1.5+L/350) μm"


@pytest.fixture
def proposal(new_need, capability):
    propose_for_need(new_need("published"))
    return Proposal.objects.get()


def test_both_sides_read_the_same_reasons(api, proposal, owner, provider):
    status, for_owner = api(owner).get(f"{PROPOSALS}{proposal.pk}/")
    _, for_provider = api(provider).get(f"{PROPOSALS}{proposal.pk}/")
    assert status == 200
    assert for_owner["card"] == for_provider["card"]
    assert (for_owner["need_title"], for_provider["need_title"]) == ("三坐标校准", "坐标测量机校准")
    card = for_owner["card"]
    assert sum(part["points"] for part in card["parts"]) == pytest.approx(card["score"], abs=0.01)
    assert [line["verdict"] for line in card["lines"]] == [proposal.verdict]


def test_a_confidential_proposal_comes_without_its_card(api, new_need, capability, organiser, provider, owner):
    propose_for_need(new_need("published", level=2))
    proposal = Proposal.objects.get()
    assert api(provider).get(f"{PROPOSALS}{proposal.pk}/")[0] == 404
    move_proposal(proposal, "propose", actor=organiser)
    _, shown = api(provider).get(f"{PROPOSALS}{proposal.pk}/")
    assert (shown["need_title"], shown["card"]) == ("坐标测量机校准", None)
    assert api(owner).get(f"{PROPOSALS}{proposal.pk}/")[1]["card"] is not None


def test_proposals_are_found_by_need_and_capability(api, proposal, owner):
    def count(**query):
        return api(owner).get(PROPOSALS, query)[1]["count"]

    assert count(need=str(proposal.need_id)) == 1
    assert count(capability=str(proposal.capability_id)) == 1
    assert count(need=str(proposal.capability_id)) == 0


def test_a_hidden_id_is_filtered_by_like_one_that_does_not_exist(api, new_need, stranger):
    nobody = "00000000-0000-4000-8000-000000000000"
    hidden = str(new_need("draft").pk)
    assert api(stranger).get(PROPOSALS, {"need": hidden}) == api(stranger).get(PROPOSALS, {"need": nobody})


def test_a_malformed_id_is_refused(api, owner):
    status, data = api(owner).get(PROPOSALS, {"need": "nonsense"})
    assert (status, list(data)) == (400, ["need"])


@pytest.mark.parametrize(
    ("name", "step", "data", "answer"),
    [
        ("provider", "provider_accept", {}, (200, "provider_interested")),
        ("owner", "enterprise_accept", {}, (200, "enterprise_interested")),
        ("provider", "provider_decline", {"reason": "range", "note": "只到 300 mm"}, (200, "declined")),
        ("provider", "enterprise_accept", {}, (403, "您没有“有意向”的权限。")),
        ("organiser", "enterprise_accept", {}, (403, "您没有“有意向”的权限。")),
        ("provider", "propose", {}, (403, "您没有“推荐给机构”的权限。")),
        ("organiser", "propose", {}, (409, "当前状态是“已推荐”，不能推荐给机构；请刷新页面查看最新状态。")),
        ("provider", "provider_decline", {}, (409, "请选择不合适的原因，再提交。")),
        ("owner", "expire", {}, (409, "没有这个操作，请刷新页面后重试。")),
        ("stranger", "provider_accept", {}, (404, "没有这条记录，或者您不能查看它。")),
    ],
)
def test_answers_through_the_api(name, step, data, answer, api, proposal, people):
    status, found = api(people[name]).post(f"{PROPOSALS}{proposal.pk}/move/{step}/", data)
    assert (status, found.get("status") or found["detail"]) == answer


TURN = ("status", "origin", "next_move", "answer_due_on", "steps")


def test_each_side_reads_whose_move_it_is_and_what_it_can_do(api, new_need, capability, people, time_machine):
    time_machine.move_to("2026-11-22T10:00:00+08:00")
    propose_for_need(new_need("published", level=3))
    path = f"{PROPOSALS}{Proposal.objects.get().pk}/"

    def read(*names):
        answers = [api(people[name]).get(path) for name in names]
        return [tuple(data[field] for field in TURN) if status == 200 else status for status, data in answers]

    def step(name, action):
        assert api(people[name]).post(f"{path}move/{action}/")[0] == 200

    everyone = ("owner", "provider", "organiser", "stranger")
    assert read(*everyone) == [
        ("generated", "matched", "organiser", None, []),
        404,
        ("generated", "matched", "organiser", None, ["ask_consent"]),
        404,
    ]
    step("organiser", "ask_consent")
    assert read("owner", "provider") == [
        ("awaiting_consent", "matched", "enterprise", None, ["consent", "refuse_consent"]),
        404,
    ]
    step("owner", "consent")
    both = ("proposed", "matched", "both", "2026-12-06")
    assert read(*everyone) == [
        (*both, ["enterprise_accept", "enterprise_decline"]),
        (*both, ["provider_accept", "provider_decline"]),
        (*both, []),
        404,
    ]
    step("provider", "provider_accept")
    waiting = ("provider_interested", "matched", "enterprise", "2026-12-06")
    assert read("owner", "provider") == [
        (*waiting, ["enterprise_accept", "enterprise_decline"]),
        (*waiting, ["provider_decline"]),
    ]
    step("owner", "enterprise_accept")
    assert read("owner", "provider") == [("mutual", "matched", "", None, [])] * 2


def test_an_institute_applies_through_the_api(api, new_need, capability, provider):
    need = new_need("published")
    status, made = api(provider).post(PROPOSALS, {"need": str(need.pk), "note": "可派人到现场"})
    assert (status, made["need"], made["status"], made["origin"], made["origin_display"]) == (
        201,
        str(need.pk),
        "provider_interested",
        "applied",
        "机构申请",
    )
    assert Proposal.objects.get(pk=made["id"]).events.get().note == "可派人到现场"


def test_an_enterprise_invites_through_the_api(api, new_need, capability, owner, institute):
    need = new_need("published", level=2)
    asked = {"need": str(need.pk), "institute": str(institute.pk)}
    status, made = api(owner).post(PROPOSALS, asked)
    assert (status, made["status"], made["origin"], made["next_move"]) == (
        201,
        "enterprise_interested",
        "invited",
        "provider",
    )
    # Asking again is asking for what was asked for already.
    assert api(owner).post(PROPOSALS, asked) == (
        409,
        {"detail": "当前状态是“企业有意”，不能有意向；请刷新页面查看最新状态。"},
    )


NO_NEED = {"need": ["没有这条需求，或者您不能查看它；请核对 id。"]}
NO_INSTITUTE = {"institute": ["没有这家机构，或者它还没有通过核验；请从机构列表里选择。"]}


@pytest.mark.parametrize(
    ("name", "level", "status", "answer"),
    [
        ("stranger", 1, "published", (403, {"detail": "只有已通过核验的机构可以申请对接。"})),
        ("provider", 2, "published", (409, {"detail": "只能申请对接公开的、正在征集的需求。"})),
        ("provider", 3, "published", (400, NO_NEED)),
        ("provider", 1, "draft", (400, NO_NEED)),
    ],
)
def test_who_cannot_apply_is_told_why(name, level, status, answer, api, new_need, capability, people):
    need = new_need(status, level=level)
    assert api(people[name]).post(PROPOSALS, {"need": str(need.pk)}) == answer


@pytest.mark.parametrize(
    ("name", "level", "answer"),
    [
        ("provider", 1, (403, {"detail": "只有需求所属企业可以邀请机构。"})),
        ("organiser", 3, (403, {"detail": "只有需求所属企业可以邀请机构。"})),
        ("provider", 3, (400, NO_NEED)),
        ("owner", 3, (409, {"detail": "该需求仅组织方可见，请联系组织方推荐给这家机构。"})),
    ],
)
def test_who_cannot_invite_is_told_why(name, level, answer, api, new_need, capability, institute, people):
    asked = {"need": str(new_need("published", level=level).pk), "institute": str(institute.pk)}
    assert api(people[name]).post(PROPOSALS, asked) == answer


def test_whom_nobody_verified_is_like_nobody(api, new_need, owner, enterprise, new_organisation):
    raw = new_organisation("institute", verified=False)
    need = str(new_need("published").pk)
    for pk in (raw.pk, enterprise.pk, "00000000-0000-4000-8000-000000000000"):
        assert api(owner).post(PROPOSALS, {"need": need, "institute": str(pk)}) == (400, NO_INSTITUTE)
    assert api(owner).post(PROPOSALS, {"need": "x"}) == (400, {"need": ["必须是有效的 UUID。"]})
    assert api(owner).post(PROPOSALS, {}) == (400, {"need": ["该字段是必填项。"]})


def test_every_look_of_an_organiser_at_confidential_proposals_is_noted(api, new_need, capability, organiser, provider):
    need = new_need("published", level=2)
    propose_for_need(need)
    proposal = Proposal.objects.get()
    api(organiser).get(PROPOSALS)
    api(organiser).get(f"{PROPOSALS}{proposal.pk}/")
    api(organiser).post(f"{PROPOSALS}{proposal.pk}/move/propose/")
    # The institute is not shown the content yet.
    assert api(provider).get(f"{PROPOSALS}{proposal.pk}/")[0] == 200
    reads = need.events.filter(action="read").values_list("actor__name", "data")
    assert list(reads) == [("组织方", {"organisation": "组织方单位"})] * 3


def test_a_list_notes_each_need_once(api, new_need, new_capability, organiser):
    for title in ("坐标测量机", "量块"):
        new_capability(title)
    need = new_need("published", level=2)
    propose_for_need(need)
    assert len(api(organiser).get(PROPOSALS)[1]["results"]) == 2
    assert need.events.filter(action="read").count() == 1


def test_a_text_is_matched_and_nothing_is_stored(api, capability):
    status, found = api().post(MATCH, {"text": TEXT})
    assert (status, [card["title"] for card in found["existing"]], found["research"]) == (200, ["坐标测量机"], [])
    assert found["existing"][0]["lines"][0]["derivation"]
    assert (Need.objects.count(), Proposal.objects.count(), MatchState.objects.count()) == (0, 0, 0)


def test_lines_are_matched_too(api, capability):
    line = {"object": "三坐标测量机", "measurand": "长度示值误差", "range": "0~500 mm", "accuracy": "±(1.5+L/350) μm"}
    status, found = api().post(MATCH, {"lines": [line]})
    assert (status, [card["verdict"] for card in found["existing"]]) == (200, ["pass"])


def test_the_limit_counts_each_list(api, new_capability):
    for number in range(3):
        new_capability(f"坐标测量机{number}")
    status, found = api().post(MATCH, {"text": TEXT, "limit": 2})
    assert (status, len(found["existing"])) == (200, 2)


def test_drafts_and_lapsed_capabilities_are_not_matched(api, new_capability):
    new_capability(status="draft")
    nobody = "目前没有机构能覆盖这条需求。没有机构公布这类对象或参量的测量能力。"
    assert api().post(MATCH, {"text": TEXT}) == (200, {"existing": [], "research": [], "gap": nobody})


@pytest.mark.parametrize(
    ("data", "errors"),
    [
        ({}, {"text": ["请给出需求文字或至少一行指标。"]}),
        ({"text": "  "}, {"text": ["请给出需求文字或至少一行指标。"]}),
        ({"text": "长" * 20_001}, {"text": ["请确保这个字段不能超过 20000 个字符。"]}),
        ({"text": TEXT, "limit": 51}, {"limit": ["请确保该值小于或者等于 50。"]}),
        ({"text": TEXT, "limit": 0}, {"limit": ["请确保该值大于或者等于 1。"]}),
        ({"lines": [{"range": "0~1 mm"}] * 51}, {"lines": ["一次最多 50 行指标，请拆成几次请求。"]}),
    ],
)
def test_bad_requests_to_match_are_named(data, errors, api, db):
    assert api().post(MATCH, data) == (400, errors)


def test_a_text_is_read(api, db):
    status, found = api().post(READ, {"text": "压力 (0~60) MPa，U=0.02 % (k=2)"})
    kinds = [item["kind"] for item in found["items"]]
    assert (status, kinds) == (200, ["range", "uncertainty"])
    assert found["lines"][0]["quantity"] == "pressure"


def test_an_empty_text_is_not_read(api, db):
    assert api().post(READ, {"text": ""}) == (400, {"text": ["该字段不能为空。"]})
