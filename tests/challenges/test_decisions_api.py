import pytest
from django.urls import reverse

from challenges.models import Certificate, Decision, Objection
from challenges.services.challenges import move_challenge
from tests.challenges.conftest import LENGTH, fresh, let_pass

pytestmark = pytest.mark.django_db


@pytest.fixture
def announced(contest):
    contest.propose()
    contest.release()
    return contest


def test_the_organiser_puts_a_decision_down_and_changes_it(contest, organiser, api):
    sent = {"solution": str(contest.best.pk), "outcome": "selected"}
    code, data = api(organiser).post(reverse("decision-list"), sent)
    assert (code, data["outcome"], data["outcome_display"], data["released_at"]) == (201, "selected", "揭榜成功", None)
    code, data = api(organiser).post(reverse("decision-list"), {**sent, "outcome": "commended", "text": "有新意"})
    assert (code, data["outcome"], data["text"], Decision.objects.count()) == (201, "commended", "有新意", 1)
    code, data = api(organiser).get(reverse("decision-list"), {"challenge": str(contest.challenge.pk)})
    assert (code, data["count"], data["results"][0]["organisation_name"]) == (200, 1, "测试计量院")


@pytest.mark.parametrize(
    ("who", "code"), [("owner", 400), ("provider", 400), ("stranger", 400), ("distant_organiser", 400)]
)
def test_for_others_the_solution_is_not_there(contest, people, api, who, code):
    sent = {"solution": str(contest.best.pk), "outcome": "selected"}
    answer = api(people[who]).post(reverse("decision-list"), sent)
    assert answer == (code, {"solution": ["没有这份方案，或者您不能管理它。"]})
    assert Decision.objects.count() == 0


def test_a_decision_at_the_wrong_time_is_refused(announced, organiser, api):
    sent = {"solution": str(announced.best.pk), "outcome": "not_selected", "text": "理由"}
    code, data = api(organiser).post(reverse("decision-list"), sent)
    assert (code, data) == (409, {"detail": "赛事现在处于“公示”阶段，不能拟定结果。"})


def test_an_objection_is_raised_answered_and_followed_by_an_amendment(announced, stranger, provider, organiser, api):
    body = fresh(stranger).organisations[0]
    sent = {"challenge": str(announced.challenge.pk), "organisation": str(body.pk), "text": "业绩不实"}
    code, data = api(stranger).post(reverse("objection-list"), {**sent, "entry": str(announced.entry.pk)})
    assert (code, data["board_number"], data["is_upheld"]) == (201, announced.entry.board_number, None)
    assert api(provider).get(reverse("objection-list"))[1]["count"] == 0
    objection = Objection.objects.get()
    decision = announced.decision(announced.other)
    amendment = {"outcome": "commended", "text": "经复核，方案有新意。", "reason": "复核后更改"}
    path = reverse("decision-amend", args=[decision.pk])
    assert api(organiser).post(path, amendment)[0] == 409
    code, data = api(organiser).post(
        reverse("objection-reply", args=[objection.pk]), {"is_upheld": True, "answer": "属实"}
    )
    assert (code, data["is_upheld"], data["answer"]) == (200, True, "属实")
    assert api(organiser).post(path, {**amendment, "reason": ""}) == (
        400,
        {"reason": ["请写明更改的理由，它会公布在公示页。"]},
    )
    code, data = api(organiser).post(path, amendment)
    assert (code, data["outcome"], data["amended_reason"]) == (200, "commended", "复核后更改")


def test_an_objection_in_the_name_of_others_is_refused(announced, stranger, api):
    sent = {
        "challenge": str(announced.challenge.pk),
        "organisation": str(announced.best.organisation_id),
        "text": "业绩不实",
    }
    assert api(stranger).post(reverse("objection-list"), sent) == (
        400,
        {"organisation": ["只能以您所在的、已核验的单位提出异议。"]},
    )


def test_everybody_reads_the_announcement_once_it_is_out(contest, api):
    path = reverse("api-announcement", args=[contest.challenge.pk])
    contest.propose()
    assert api().get(path)[0] == 404
    contest.release()
    code, data = api().get(path)
    assert (code, data["objections_raised"], data["amendments"]) == (200, 0, [])
    assert data["items"] == [
        {
            "entry": str(contest.entry.pk),
            "board_number": contest.entry.board_number,
            "board_title": contest.entry.board_title,
            "winners": [{"outcome": "selected", "outcome_display": "揭榜成功", "bodies": ["测试计量院", "联合大学"]}],
        }
    ]


def test_a_solver_gets_its_own_result(announced, api):
    code, data = api(announced.rival).get(reverse("solution-outcome-detail", args=[announced.other.pk]))
    assert (code, data["outcome"], data["mean"], data["place"], data["of"]) == (200, "not_selected", "66.00", 2, 2)
    assert data["criteria"][0] == {
        "criterion": {"name": "指标响应", "weight": 35},
        "mean": "40.00",
        "lost": "21.0",
        "reasons": ["指标响应的理由"] * 3,
    }
    assert api(announced.rival).get(reverse("solution-outcome-detail", args=[announced.best.pk]))[0] == 404
    assert api(announced.rival).get(reverse("solution-outcome-list"))[1]["count"] == 1


def test_a_certificate_is_confirmed_by_its_number(announced, organiser, api):
    let_pass(announced.challenge, LENGTH)
    move_challenge(announced.challenge, "open_signing", actor=organiser)
    certificate = Certificate.objects.get(organisation__name="测试计量院")
    code, data = api().get(reverse("certificate-detail", args=[certificate.number]))
    assert (code, data["organisation_name"], data["outcome_display"]) == (200, "测试计量院", "揭榜成功")
    assert api().get(reverse("certificate-detail", args=["ZS-2222-2222-2222"]))[0] == 404
    assert api().get(reverse("certificate-list"))[1]["count"] == 0
    assert api(announced.partner).get(reverse("certificate-list"))[1]["count"] == 1
