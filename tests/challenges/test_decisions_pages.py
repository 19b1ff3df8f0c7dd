"""The pages and files of decisions, and that a pending decision shows nowhere."""

import io
import re

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from docx import Document as Docx
from openpyxl import load_workbook

from challenges.models import Certificate, Decision, Objection, Solution
from challenges.services.challenges import move_challenge
from tests.challenges.conftest import LENGTH, fresh, let_pass
from tests.challenges.deciding import join, score_solution

pytestmark = pytest.mark.django_db


@pytest.fixture
def announced(contest):
    contest.propose()
    contest.release()
    return contest


@pytest.fixture
def certified(announced, organiser):
    let_pass(announced.challenge, LENGTH)
    move_challenge(announced.challenge, "open_signing", actor=organiser)
    return announced


def page(name, pk, *rest):
    return reverse(f"challenges:{name}", args=[pk, *rest])


def text_of(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


# --- Nothing shows before the release -------------------------------------------------------------------------------


def everything_read(contest, users):
    """What each person reads at every place that could tell of a decision, without what is drawn anew each time."""
    challenge, entry, solutions = contest.challenge.pk, contest.entry, (contest.best, contest.other)
    addresses = [
        page("challenge_detail", challenge),
        page("announcement", challenge),
        page("announcement_export", challenge, "html"),
        page("objection_list", challenge),
        page("decision_list", challenge),
        page("board", challenge),
        page("board_item", entry.pk),
        page("entry_detail", entry.pk),
        reverse("challenges:solution_mine"),
        reverse("challenges:certificate_check"),
        reverse("notices:list"),
        reverse("solution-list"),
        reverse("decision-list"),
        reverse("objection-list"),
        reverse("solution-outcome-list"),
        reverse("certificate-list"),
        reverse("challenge-detail", args=[challenge]),
        reverse("api-announcement", args=[challenge]),
        *(page(name, each.pk) for name in ("solution_detail", "solution_outcome") for each in solutions),
        *(
            reverse(name, args=[each.pk])
            for name in ("solution-detail", "solution-outcome-detail")
            for each in solutions
        ),
    ]
    read = {}
    for name, user in users.items():
        client = Client()
        if user:
            client.force_login(fresh(user))
        for address in addresses:
            answer = client.get(address)
            content = re.sub(rb'name="csrfmiddlewaretoken" value="\w+"|nonce="[^"]+"', b"", answer.content)
            read[name, address] = (answer.status_code, answer.headers.get("ETag"), content)
    return read


def test_a_pending_decision_changes_no_byte_for_anybody_but_the_organisers(contest, owner, experts):
    users = {
        "solver": contest.provider,
        "partner": contest.partner,
        "rival": contest.rival,
        "enterprise": owner,
        "reviewer": experts[0],
        "public": None,
    }
    before = everything_read(contest, users)
    contest.propose()
    cache.clear()
    assert everything_read(contest, users) == before
    contest.release()
    after = everything_read(contest, users)
    changed = {name for name, address in after if after[name, address] != before[name, address]}
    assert changed == set(users)


# --- The organiser --------------------------------------------------------------------------------------------------


def test_the_organiser_sees_what_is_missing_and_decides(contest, as_user, organiser):
    client = as_user(organiser)
    shown = text_of(client.get(page("decision_list", contest.challenge.pk)))
    assert "2 份方案还没有拟定结果" in shown
    assert "按名次建议 揭榜成功" in shown
    answer = client.post(page("decision_save", contest.best.pk), {"outcome": "selected", "text": ""})
    assert answer.url == f"{page('decision_list', contest.challenge.pk)}#solution-{contest.best.pk}"
    client.post(page("decision_save", contest.other.pk), {"outcome": "not_selected", "text": ""})
    shown = text_of(client.get(page("decision_list", contest.challenge.pk)))
    assert "1 份没有揭榜成功的方案还缺说明" in shown
    client.post(page("decision_save", contest.other.pk), {"outcome": "not_selected", "text": "补充不确定度评定"})
    assert "去管理页进入公示" in text_of(client.get(page("decision_list", contest.challenge.pk)))


def test_a_refused_decision_keeps_what_was_written(contest, as_user, organiser):
    answer = as_user(organiser).post(page("decision_save", contest.best.pk), {"outcome": "", "text": "写了很多"})
    assert (answer.status_code, "写了很多" in answer.content.decode()) == (200, True)
    assert Decision.objects.count() == 0


def test_the_pages_of_deciding_are_not_there_for_others(contest, as_user, people):
    contest.propose()
    decision = contest.decision(contest.best)
    for name in ("owner", "stranger", "provider", "distant_organiser", "reviewer"):
        client = as_user(people[name])
        answers = [
            client.get(page("decision_list", contest.challenge.pk)),
            client.get(page("decision_export", contest.challenge.pk, "xlsx")),
            client.post(page("decision_save", contest.best.pk), {"outcome": "selected"}),
            client.post(page("decision_amend", decision.pk), {"outcome": "selected"}),
            client.get(page("objection_list", contest.challenge.pk)),
            client.get(page("announcement", contest.challenge.pk)),
            client.get(page("solution_outcome", contest.best.pk)),
        ]
        assert [answer.status_code for answer in answers] == [404] * 7


def test_an_objection_leads_to_an_amendment_on_the_pages(announced, as_user, organiser, stranger):
    challenge = announced.challenge.pk
    body = fresh(stranger).organisations[0].pk
    answer = as_user(stranger).post(
        page("objection_create", challenge), {"entry": "", "organisation": body, "text": ""}
    )
    assert (answer.status_code, Objection.objects.count()) == (200, 0)
    as_user(stranger).post(
        page("objection_create", challenge),
        {"entry": announced.entry.pk, "organisation": body, "text": "zsecretobjection"},
    )
    objection = Objection.objects.get()
    client = as_user(organiser)
    assert "zsecretobjection" in text_of(client.get(page("objection_list", challenge)))
    assert "更改并公布理由" not in text_of(client.get(page("decision_list", challenge)))
    client.post(page("objection_answer", objection.pk), {"is_upheld": "yes", "answer": "属实"})
    assert "更改并公布理由" in text_of(client.get(page("decision_list", challenge)))
    decision = announced.decision(announced.other)
    sent = {"outcome": "commended", "text": "经复核，方案有新意。", "reason": ""}
    answer = client.post(page("decision_amend", decision.pk), sent)
    assert (answer.status_code, "经复核，方案有新意。" in answer.content.decode()) == (200, True)
    client.post(page("decision_amend", decision.pk), {**sent, "reason": "复核后更改"})
    public = text_of(Client().get(page("announcement", challenge)))
    assert ("复核后更改" in public, "对手计量院" in public, "zsecretobjection" in public) == (True, True, False)
    assert "已收到 1 条，已答复 1 条" in public


# --- Everybody ------------------------------------------------------------------------------------------------------


def test_the_public_notice_names_no_loser_no_score_and_no_solution(announced):
    answer = Client().get(page("announcement", announced.challenge.pk)).content.decode()
    assert ("测试计量院" in answer, "联合大学" in answer) == (True, True)
    for word in ("对手计量院", "对手的方案", "90.00", "66.00", announced.best.number, announced.other.number, "专家甲"):
        assert word not in answer


def test_a_solver_reads_its_result_and_nothing_that_tells_others(announced, as_user, experts):
    answer = as_user(announced.rival).get(page("solution_outcome", announced.other.pk)).content.decode()
    shown = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer))
    assert "名次，本项目共 2 份方案 2" in shown
    assert "失分最多的是“指标响应”" in shown
    assert "指标响应不足，请补充不确定度评定。" in shown
    reviews = announced.other.reviews.all()
    hidden = ["测试计量院", "联合大学", "90.00", announced.best.number, *(expert.name for expert in experts)]
    hidden += [str(announced.best.pk), *(str(review.pk) for review in reviews), *(e.email for e in experts)]
    assert [word for word in hidden if word in answer] == []
    assert as_user(announced.rival).get(page("solution_outcome", announced.best.pk)).status_code == 404


def add_more(contest, new_user, new_organisation, new_solution):
    """Two more solutions to the item, decided and released, with certificates and an objection each."""
    for number in range(2):
        user = new_user(f"又一家{number}")
        body = new_organisation("institute", founder=user, name=f"又一家计量院{number}")
        solution = new_solution(contest.entry, "selected", organisation=body, author=user)
        join(solution, contest.best.organisation, contest.provider)
        for review in contest.best.reviews.all():
            score_solution(solution, review.reviewer)
        moment = contest.decision(contest.best).released_at
        Decision.objects.create(solution=solution, outcome="selected", author=contest.organiser, released_at=moment)
        Certificate.objects.create(solution=solution, organisation=contest.best.organisation, number=f"ZS-{number}")
        Objection.objects.create(challenge=contest.challenge, author=user, organisation=body, text="异议")


@pytest.mark.parametrize("who", ["organiser", "provider"])
def test_lists_take_as_many_queries_for_one_as_for_three(certified, as_user, who, people, request):
    challenge = certified.challenge.pk
    Objection.objects.create(
        challenge=certified.challenge, author=people[who], organisation=certified.best.organisation, text="异议"
    )
    paths = [page(name, challenge) for name in ("announcement", "objection_list")]
    paths += [page("decision_list", challenge)] if who == "organiser" else []
    paths += [reverse(f"{name}-list") for name in ("decision", "objection", "solution-outcome", "certificate")]

    def queries():
        counts = {}
        for path in paths:
            client = as_user(people[who])
            with CaptureQueriesContext(connection) as found:
                assert client.get(path).status_code == 200
            counts[path] = len(found)
        return counts

    few = queries()
    add_more(certified, *map(request.getfixturevalue, ["new_user", "new_organisation", "new_solution"]))
    assert queries() == few


# --- Files ----------------------------------------------------------------------------------------------------------


def content_of(answer):
    return b"".join(answer.streaming_content)


def test_results_are_exported_with_formulas_made_inert(contest, as_user, organiser):
    Solution.objects.filter(pk=contest.best.pk).update(title="=HYPERLINK(1)")
    contest.propose(text="+cmd|' /C calc'!A0")
    client = as_user(organiser)
    book = load_workbook(io.BytesIO(content_of(client.get(page("decision_export", contest.challenge.pk, "xlsx")))))
    assert book.sheetnames == ["评定结果", "各项平均分"]
    rows = list(book["评定结果"].iter_rows(min_row=2))
    title, text = rows[0][2], rows[1][8]
    assert (title.value, title.data_type, title.quotePrefix) == ("=HYPERLINK(1)", "s", True)
    assert (text.value, text.data_type, text.quotePrefix) == ("+cmd|' /C calc'!A0", "s", True)
    assert [cell.value for cell in rows[0]][3:8] == ["测试计量院、联合大学", 1, 90, None, "揭榜成功"]
    assert [cell.value for cell in next(book["各项平均分"].iter_rows(min_row=2))][1:] == [90] * 7
    docx = Docx(io.BytesIO(content_of(client.get(page("decision_export", contest.challenge.pk, "docx")))))
    assert docx.tables[0].rows[1].cells[3].text == "测试计量院、联合大学"


@pytest.mark.parametrize("name", ["announcement_export", "board_document_export"])
def test_the_notice_and_the_board_are_there_as_files(announced, name):
    path = [page(name, announced.challenge.pk, kind) for kind in ("docx", "pdf", "html", "odt")]
    docx, pdf, html, odt = (Client().get(each) for each in path)
    assert Docx(io.BytesIO(content_of(docx))).core_properties.title.startswith("产业计量挑战赛")
    assert content_of(pdf)[:5] == b"%PDF-"
    assert announced.entry.board_number in html.content.decode()
    assert odt.status_code == 404


def test_the_notice_as_a_sheet_names_no_loser(announced):
    answer = Client().get(page("announcement_export", announced.challenge.pk, "xlsx"))
    (sheet,) = load_workbook(io.BytesIO(content_of(answer))).worksheets
    assert list(sheet.values) == [
        ("编号", "项目", "结果", "单位"),
        (announced.entry.board_number, announced.entry.board_title, "揭榜成功", "测试计量院、联合大学"),
    ]


def test_a_certificate_is_a_pdf_that_anybody_can_have_confirmed(certified, as_user):
    certificate = Certificate.objects.get(organisation__name="测试计量院")
    answer = as_user(certified.provider).get(page("certificate_export", certificate.pk))
    assert (answer["Content-Type"], content_of(answer)[:5]) == ("application/pdf", b"%PDF-")
    assert as_user(certified.rival).get(page("certificate_export", certificate.pk)).status_code == 404
    check = reverse("challenges:certificate_check")
    typed = certificate.number.lower().replace("-", " ")
    confirmed = text_of(Client().get(check, {"number": typed}))
    assert ("编号有效" in confirmed, "测试计量院" in confirmed, "揭榜成功" in confirmed) == (True, True, True)
    assert "没有这个编号" in text_of(Client().get(check, {"number": "ZS-2222-2222-2222"}))


def test_a_certificate_becomes_a_page_where_no_pdf_is_drawn(certified, as_user, monkeypatch):
    from challenges.views import decisions
    from core.documents import NO_PDF, NoPdf

    def refuse(*args, **options):
        raise NoPdf(NO_PDF)

    monkeypatch.setattr(decisions, "print_pdf", refuse)
    certificate = Certificate.objects.get(organisation__name="联合大学")
    shown = text_of(as_user(certified.partner).get(page("certificate_export", certificate.pk)))
    assert (NO_PDF in shown, certificate.number in shown, "联合大学" in shown) == (True, True, True)
