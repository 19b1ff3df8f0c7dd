"""The API of reviews: the reviewer's own, assignments, waivers and results."""

import pytest
from django.urls import reverse

from challenges.models import Criterion, Entry, Review, Waiver
from challenges.services.conflicts import declare_tie
from tests.challenges.conftest import assign, lock, score, start_screening

pytestmark = pytest.mark.django_db


@pytest.fixture
def review(screened, experts, organiser):
    return assign(screened, experts[0], organiser)


def detail(review, action="detail"):
    return reverse(f"review-{action}", args=[review.pk])


def rows(review, points="80.5"):
    criteria = review.challenge.criteria.filter(stage="screening")
    return [{"criterion": str(each.pk), "points": points, "reason": f"{each.name}清楚"} for each in criteria]


def test_a_reviewer_reads_scores_and_hands_in(review, api):
    me = api(review.reviewer)
    code, data = me.get(detail(review))
    assert (code, data["label"], data["title"], data["enterprise"]) == (200, review.label, "坐标测量机校准", "")
    assert [line["range_text"] for line in data["lines"]] == ["0~500 mm"]
    code, data = me.patch(detail(review), {"scores": rows(review), "comment": "总体可行"})
    assert (code, data["status"], data["total"]) == (200, "drafting", "80.500")
    code, data = me.post(detail(review, "lock"))
    assert (code, data["status"]) == (200, "locked")
    assert me.patch(detail(review), {"comment": "改"}) == (409, {"detail": "这份评审已提交，不能再修改。"})


def test_a_reading_has_these_fields_and_no_others(review, api):
    _, data = api(review.reviewer).get(detail(review))
    assert " ".join(sorted(data)) == (
        "budget category_display challenge challenge_name closes_at comment conditions discipline_display enterprise "
        "id label lines locked_at needs_pledge province quantities scores solution stage status status_display text "
        "title total"
    )
    assert " ".join(sorted(data["lines"][0])) == (
        "accuracy_text codes_text conditions_text is_dynamic measurand mode mode_display note object_name obligation "
        "obligation_display range_text"
    )


@pytest.mark.parametrize(
    ("points", "said"),
    [("100.5", "100"), ("-1", "0"), ("80.3", "0.5 分为一档"), ("NaN", "数字"), ("八十", "数字"), ("1e999", "数字")],
)
def test_points_that_cannot_be_are_answered_in_words(points, said, review, api):
    code, data = api(review.reviewer).patch(detail(review), {"scores": rows(review, points)})
    assert (code, list(data)) == (400, ["scores"])
    assert said in str(data)


def test_a_criterion_of_something_else_is_refused(review, api):
    other = Criterion.objects.filter(stage="solution").first()
    sent = [{"criterion": str(other.pk), "points": "80"}]
    code, data = api(review.reviewer).patch(detail(review), {"scores": sent})
    assert (code, data) == (400, {"scores": ["“指标响应”不是本次评审的指标，请刷新页面后重试。"]})


def test_what_was_not_read_is_not_overwritten(review, client):
    client.force_login(review.reviewer)
    tag = client.get(detail(review))["ETag"]
    score(review)
    late = client.patch(detail(review), {"comment": "旧"}, "application/json", headers={"If-Match": tag})
    assert late.status_code == 412


def test_the_same_hand_in_is_answered_again_until_the_right_to_see_it_ends(review, client):
    score(review)
    client.force_login(review.reviewer)
    headers = {"Idempotency-Key": "one"}
    first = client.post(detail(review, "lock"), {}, "application/json", headers=headers)
    again = client.post(detail(review, "lock"), {}, "application/json", headers=headers)
    assert (first.status_code, again.content) == (200, first.content)
    declare_tie(review.reviewer, organisation=review.entry.need.organisation, note="顾问")
    assert client.post(detail(review, "lock"), {}, "application/json", headers=headers).status_code == 404


def test_a_reviewer_recuses(review, client):
    client.force_login(review.reviewer)
    empty = client.post(detail(review, "recuse"), {}, "application/json")
    assert (empty.status_code, "需要写明理由" in empty.json()["detail"]) == (409, True)
    assert client.post(detail(review, "recuse"), {"note": "认识"}, "application/json").status_code == 204
    assert client.get(detail(review)).status_code == 404


def test_the_pledge_is_read_and_signed(new_entry, experts, organiser, api):
    review = assign(start_screening(new_entry(level=2), organiser), experts[0], organiser)
    me = api(experts[0])
    assert me.get(detail(review))[1]["needs_pledge"] is True
    _, pledge = me.get(detail(review, "pledge"))
    assert (pledge["version"], pledge["is_signed"], "保密" in pledge["text"]) == ("2026-2", False, True)
    assert me.post(detail(review, "pledge"), {"seen": "old"})[0] == 409
    assert me.post(detail(review, "pledge"), {"seen": "2026-2"})[1]["is_signed"] is True
    assert me.get(detail(review))[1]["title"] == "坐标测量机校准"
    assert review.entry.need.events.filter(action="read").count() == 1


def test_an_organiser_takes_the_proposals_and_assigns_them(screened, experts, organiser, api):
    me = api(organiser)
    _, plans = me.get(reverse("assignment-proposals", args=[screened.challenge_id]))
    pairs = [{"entry": plan["entry"], "reviewer": each["reviewer"]} for plan in plans for each in plan["proposed"]]
    code, made = me.post(reverse("assignment-list"), {"challenge": str(screened.challenge_id), "pairs": pairs})
    assert (code, len(made), {each["status"] for each in made}) == (201, 3, {"assigned"})
    assert me.get(reverse("assignment-list"), {"status": "assigned"})[1]["count"] == 3
    code, data = me.post(reverse("assignment-remove", args=[made[0]["id"]]), {"note": "换人"})
    assert (code, data["status"]) == (200, "removed")


def test_an_assignment_in_conflict_is_refused_with_why(screened, experts, organiser, api):
    declare_tie(experts[0], organisation=screened.need.organisation, note="顾问")
    pairs = [{"entry": str(screened.pk), "reviewer": experts[0].pk}]
    code, data = api(organiser).post(
        reverse("assignment-list"), {"challenge": str(screened.challenge_id), "pairs": pairs}
    )
    assert (code, "与 XQ-" in data["detail"], "本人申报：顾问" in data["detail"]) == (409, True, True)
    _, plans = api(organiser).get(reverse("assignment-proposals", args=[screened.challenge_id]))
    assert plans[0]["excluded"] == [
        {
            "reviewer": experts[0].pk,
            "reviewer_name": "专家甲",
            "conflicts": [{"kind": "declared", "kind_display": "本人申报", "words": "本人申报：顾问"}],
        }
    ]


@pytest.mark.parametrize("who", ["owner", "stranger", "provider", "reviewer", "distant_organiser"])
def test_others_assign_nothing_and_see_nothing(who, screened, experts, organiser, people, api):
    assign(screened, experts[0], organiser)
    me = api(people[who])
    assert me.get(reverse("assignment-list"))[1]["count"] == 0
    assert me.get(reverse("assignment-proposals", args=[screened.challenge_id]))[0] == 404
    assert me.get(reverse("api-review-results", args=[screened.challenge_id]))[0] == 404
    pairs = [{"entry": str(screened.pk), "reviewer": experts[1].pk}]
    code, data = me.post(reverse("assignment-list"), {"challenge": str(screened.challenge_id), "pairs": pairs})
    assert (code, data["challenge"]) == (400, ["没有这项赛事，或者您不能管理它。"])
    assert Review.objects.count() == 1


@pytest.mark.parametrize(("who", "code"), [("admin", 201), ("organiser", 403), ("owner", 403), ("reviewer", 403)])
def test_waivers_are_the_administrators(who, code, screened, experts, people, api):
    declare_tie(experts[0], organisation=screened.need.organisation, note="顾问")
    sent = {"entry": str(screened.pk), "user": experts[0].pk, "reason": "仅此一位"}
    assert api(people[who]).post(reverse("waiver-list"), sent)[0] == code
    assert Waiver.objects.count() == (code == 201)


def test_results_are_ranked_for_the_organiser(screened, experts, organiser, api):
    for expert, points in zip(experts, (80, 70, 60), strict=False):
        lock(assign(screened, expert, organiser), points)
    code, data = api(organiser).get(reverse("api-review-results", args=[screened.challenge_id]))
    (result,) = data["ranked"]
    assert (code, result["rank"], result["mean"], result["spread"]) == (200, 1, "70.00", "20.00")
    assert {sheet["reviewer_name"]: sheet["total"] for sheet in result["sheets"]} == {
        "专家甲": "80.000",
        "专家乙": "70.000",
        "专家丙": "60.000",
    }
    assert (len(data["rules"]), [each["weight"] for each in data["criteria"]]) == (2, [25, 25, 20, 15, 15])


def test_the_enterprise_gets_its_scores_without_names_once_the_board_is_out(screened, experts, organiser, owner, api):
    lock(assign(screened, experts[0], organiser))
    path = reverse("api-entry-results", args=[screened.pk])
    assert api(owner).get(path)[0] == 404
    Entry.objects.filter(pk=screened.pk).update(
        status="on_board", board_number="01", confirmed_at="2026-01-01T00:00:00Z", board_title="榜", board_text="榜"
    )
    code, data = api(owner).get(path)
    assert (code, sorted(data["result"]["sheets"][0])) == (200, ["comment", "points", "reasons", "total"])
