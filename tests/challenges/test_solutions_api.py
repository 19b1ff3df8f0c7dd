"""The API of solutions: the same rules as on the pages, in the same words."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from challenges.models import Challenge, PhaseWindow, Solution
from challenges.services.board import post_items
from challenges.services.challenges import move_challenge
from challenges.services.solutions import start_solution
from tests.challenges.conftest import advance, fresh
from tests.challenges.solving import PARTS, ROW, end_solving, hand_in

pytestmark = pytest.mark.django_db

LIST = "/api/v1/solutions/"


def detail(solution, action="detail", **rest):
    return reverse(f"solution-{action}", kwargs={"pk": solution.pk, **rest})


@pytest.fixture
def solution(solving, provider, institute):
    return start_solution(solving, actor=fresh(provider), organisation=institute)


def test_a_solution_is_begun_written_sealed_and_handed_in(solving, provider, institute, capability, api):
    me = api(fresh(provider))
    code, data = me.post(LIST, {"entry": str(solving.pk), "title": PARTS["title"]})
    assert (code, data["status"], data["title"], data["organisation"]) == (
        201,
        "draft",
        PARTS["title"],
        str(institute.pk),
    )
    solution = Solution.objects.get()
    code, data = me.patch(detail(solution), {**PARTS, "capability": str(capability.pk), "promises": [ROW]})
    assert (code, data["missing"]) == (200, ["填写并密封报价"])
    [row] = data["promises"]
    assert (row["source"], row["range_text"], row["verdict"], row["backing"]) == (
        "board",
        "0~500 mm",
        "pass",
        "partial",
    )
    code, data = me.post(detail(solution, "price"), {"amount": "386123.45"})
    assert (code, data["has_price"], data["price"], data["missing"]) == (200, True, None, [])
    code, data = me.post(detail(solution, "move", name="submit"))
    assert (code, data["status"]) == (200, "submitted")
    code, data = me.patch(detail(solution), {"approach": ""})
    assert (code, data["detail"][-13:]) == (409, "有效。还缺：填写技术路线。")
    assert Solution.objects.get().approach == PARTS["approach"]


def test_a_reading_has_these_fields_and_no_others(solution, provider, api):
    _, data = api(fresh(provider)).get(detail(solution))
    assert " ".join(sorted(data)) == (
        "approach board_number board_title capability challenge co_applicants entry files foundation has_price id "
        "missing number organisation organisation_name plan price promises property_rights risks status "
        "status_display submitted_at team title updated_at"
    )


@pytest.mark.parametrize(
    ("data", "code", "said"),
    [
        ({}, 400, {"entry": ["该字段是必填项。"]}),
        ({"entry": "x"}, 400, {"entry": ["必须是有效的 UUID。"]}),
        ({"entry": "00000000-0000-4000-8000-000000000000"}, 400, {"entry": ["没有这个榜单项目。"]}),
    ],
)
def test_an_item_that_is_none_is_named(data, code, said, solution, provider, api):
    assert api(fresh(provider)).post(LIST, data) == (code, said)


def test_who_is_no_institute_is_refused_in_words(solving, owner, api):
    code, data = api(fresh(owner)).post(LIST, {"entry": str(solving.pk)})
    assert code == 403
    assert "只有已通过核验的机构可以揭榜" in data["detail"]


def test_a_second_solution_of_the_same_institute_is_a_conflict(solution, solving, provider, api):
    code, data = api(fresh(provider)).post(LIST, {"entry": str(solving.pk)})
    assert (code, data) == (409, {"detail": "贵单位对这个项目已有一份方案，请在原方案上修改。"})


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"title": "长" * 121}, "title"),
        ({"capability": "00000000-0000-4000-8000-000000000000"}, "capability"),
        ({"promises": [ROW, ROW]}, "promises"),
        ({"promises": [{"promised_text": "长" * 121}]}, "promises"),
        ({"promises": "x"}, "promises"),
    ],
)
def test_what_cannot_be_is_named_by_its_field(data, field, solution, provider, api):
    code, said = api(fresh(provider)).patch(detail(solution), data)
    assert (code, list(said)) == (400, [field])


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        ("0", "报价必须大于 0。"),
        ("-5", "报价必须大于 0。"),
        ("NaN", "数字"),
        ("1.234", "2 个小数位"),
        ("9" * 15, "14 个数字"),
    ],
)
def test_a_price_that_is_none_is_named(amount, said, solution, provider, api):
    code, data = api(fresh(provider)).post(detail(solution, "price"), {"amount": amount})
    assert (code, list(data)) == (400, ["amount"])
    assert said in str(data)


def test_what_somebody_else_has_changed_is_not_overwritten(solution, provider, client):
    client.force_login(fresh(provider))
    tag = client.get(detail(solution))["ETag"]
    headers = {"If-Match": tag}
    extra = {"content_type": "application/json", "headers": headers}
    assert client.patch(detail(solution), {"title": "甲"}, **extra).status_code == 200
    assert client.patch(detail(solution), {"title": "乙"}, **extra).status_code == 412
    assert Solution.objects.get().title == "甲"


def test_a_repeated_request_seals_once(solution, provider, client):
    client.force_login(fresh(provider))
    extra = {"content_type": "application/json", "headers": {"Idempotency-Key": "k1"}}
    answers = [client.post(detail(solution, "price"), {"amount": "386123"}, **extra).status_code for _ in range(2)]
    assert answers == [200, 200]
    assert solution.events.filter(action="price").count() == 1


def test_an_institute_joins_by_its_own_word(solution, provider, new_user, new_organisation, api):
    partner = new_user("伙伴业务员")
    body = new_organisation("institute", founder=partner, name="伙伴计量院")
    code, data = api(fresh(provider)).post(detail(solution, "co-applicants"), {"organisation": str(body.pk)})
    assert (code, [each["agreed_at"] for each in data["co_applicants"]]) == (201, [None])
    assert api(fresh(provider)).post(detail(solution, "join"), {"agrees": True})[0] == 404
    them = api(fresh(partner))
    code, data = them.post(detail(solution, "join"), {"agrees": True})
    assert (code, data["missing"], data["co_applicants"][0]["agreed_at"] is None) == (200, [], False)
    assert them.patch(detail(solution), {"title": "改"})[0] == 403
    asked = solution.co_applicants.get()
    code, data = api(fresh(provider)).delete(detail(solution, "co-applicant", co_applicant=asked.pk))
    assert (code, data["co_applicants"]) == (200, [])
    assert api(fresh(partner)).get(detail(solution))[0] == 404


def test_attachments_go_with_the_solution(solution, provider, stranger, client):
    client.force_login(fresh(provider))
    upload = SimpleUploadedFile("曲线.txt", "试验数据".encode())
    answer = client.post(detail(solution, "upload"), {"file": upload})
    [file] = answer.json()["files"]
    assert (answer.status_code, file["name"]) == (201, "曲线.txt")
    assert b"".join(client.get(file["url"])) == "试验数据".encode()
    client.force_login(fresh(stranger))
    assert client.get(file["url"]).status_code == 404
    client.force_login(fresh(provider))
    assert client.delete(file["url"]).json()["files"] == []


def test_the_organiser_counts_before_the_deadline_and_admits_after_it(
    solving, provider, organiser, new_capability, api
):
    solution = hand_in(solving, provider, new_capability(), amount="386123.45")
    counts = reverse("solution-counts", args=[solving.challenge_id])
    expected = [
        {
            "entry": str(solving.pk),
            "board_number": solving.board_number,
            "board_title": solving.board_title,
            "handed_in": 1,
        }
    ]
    me = api(fresh(organiser))
    assert me.get(counts) == (200, expected)
    assert me.get(LIST)[1]["count"] == 0
    assert me.get(detail(solution))[0] == 404
    end_solving(solving)
    assert me.get(LIST)[1]["count"] == 1
    assert me.get(detail(solution))[1]["price"] is None
    code, data = me.post(detail(solution, "move", name="reject"))
    assert (code, data) == (409, {"detail": "不通过形式审查需要写明理由，请填写后再提交。"})
    assert me.post(detail(solution, "move", name="admit"))[1]["status"] == "admitted"
    move_challenge(Challenge.objects.get(pk=solving.challenge_id), "open_reviewing", actor=fresh(organiser))
    assert me.get(detail(solution))[1]["price"] == "386123.45"
    assert api(fresh(provider)).get(counts)[0] == 404


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_takes_as_many_queries_for_three_rows_as_for_one(
    rows, new_challenge, new_entry, new_solution, provider, organiser, client, django_assert_num_queries
):
    challenge = new_challenge()
    entries = [new_entry("selected", challenge=challenge) for _ in range(rows)]
    post_items(challenge, actor=organiser)
    for entry in entries:
        entry.refresh_from_db()
        new_solution(advance(entry, "solving"))
    PhaseWindow.objects.filter(phase="solving").update(closes_at="2020-01-02T00:00Z", opens_at="2020-01-01T00:00Z")
    for who, queries in ((provider, 10), (organiser, 10)):
        client.force_login(fresh(who))
        with django_assert_num_queries(queries):
            assert client.get(LIST).json()["count"] == rows
