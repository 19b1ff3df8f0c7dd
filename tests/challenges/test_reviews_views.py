"""The expert's desk, the organiser's pages and the API of reviews: who gets what, and that nothing tells who is who."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Membership
from accounts.services import end_membership, issue_token
from challenges.models import Challenge, Declaration, Entry, ExpertProfile, Review, Waiver
from challenges.services.board import post_items
from challenges.services.conflicts import declare_tie
from challenges.services.entries import enter_need, move_entry
from challenges.services.reviews import open_reviews_of
from needs.models import Need
from tests.challenges.conftest import assign, fresh, lock, score, start_screening, word_and_confirm
from tests.conftest import attach

pytestmark = pytest.mark.django_db
VARYING = re.compile(rb'name="csrfmiddlewaretoken" value="[^"]*"')


@pytest.fixture
def review(screened, experts, organiser):
    return assign(screened, experts[0], organiser)


def page_of(client, name, *args):
    return client.get(reverse(f"challenges:{name}", args=args))


def marks(points=80, comment="总体可行", **others):
    """What the form of the scores sends."""
    rows = {f"points_{n}": str(points) for n in range(5)} | {f"reason_{n}": f"理由{n}" for n in range(5)}
    return {**rows, "comment": comment, **others}


# --- The expert's own page ------------------------------------------------------------------------------------------


def test_an_expert_tells_of_field_and_workplace(experts, institute, as_user):
    client = as_user(experts[0])
    data = {
        "disciplines": ["geometry", "thermal"],
        "expertise": "坐标测量",
        "title": "研究员",
        "workplace": "测试计量院",
    }
    assert client.post(reverse("challenges:expert_edit"), data).status_code == 302
    profile = ExpertProfile.objects.get(user=experts[0])
    assert (profile.disciplines, profile.expertise, profile.workplace) == (
        ["geometry", "thermal"],
        "坐标测量",
        institute,
    )
    page = page_of(client, "expert_edit").content.decode()
    assert 'value="测试计量院"' in page


@pytest.mark.parametrize("how", ["name", "credit_code"])
def test_a_tie_is_declared_by_name_or_code_and_taken_back(how, experts, enterprise, as_user):
    client = as_user(experts[0])
    data = {"organisation": getattr(enterprise, how), "note": "曾任顾问"}
    assert client.post(reverse("challenges:tie_create"), data).status_code == 302
    tie = Declaration.objects.get()
    assert (tie.user, tie.organisation, tie.note) == (experts[0], enterprise, "曾任顾问")
    assert as_user(experts[1]).post(reverse("challenges:tie_remove", args=[tie.pk])).status_code == 404
    assert as_user(experts[0]).post(reverse("challenges:tie_remove", args=[tie.pk])).status_code == 302
    assert Declaration.objects.count() == 0


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"organisation": "没有这家", "note": "顾问"}, "平台上没有这个单位"),
        ({"organisation": "测试企业有限公司", "note": ""}, "必填项。"),
    ],
)
def test_a_tie_that_cannot_be_kept_comes_back_with_what_was_entered(data, said, experts, enterprise, as_user):
    page = as_user(experts[0]).post(reverse("challenges:tie_create"), data)
    assert (page.status_code, Declaration.objects.count()) == (200, 0)
    assert said in page.content.decode()
    assert f'value="{data["organisation"]}"' in page.content.decode()


def test_a_tie_declared_twice_is_refused(experts, enterprise, as_user):
    declare_tie(experts[0], organisation=enterprise, note="顾问")
    page = as_user(experts[0]).post(reverse("challenges:tie_create"), {"organisation": enterprise.name, "note": "又"})
    assert "已经申报过" in page.content.decode()


@pytest.mark.parametrize("who", ["owner", "provider", "organiser", "stranger"])
def test_who_is_no_expert_has_no_expert_page(who, people, as_user):
    assert page_of(as_user(people[who]), "expert_edit").status_code == 403
    assert as_user(people[who]).post(reverse("challenges:tie_create"), {}).status_code == 403


# --- The desk -------------------------------------------------------------------------------------------------------


def test_the_desk_lists_what_is_to_be_done_until_when(review, as_user):
    page = page_of(as_user(review.reviewer), "review_desk")
    ((shown, clock),) = page.context["reviews"]
    assert (shown.label, shown.title, clock[:2]) == (review.label, "坐标测量机校准", "还剩")
    assert page_of(as_user(review.reviewer), "review_desk").content.decode().count("开始评审") == 1


def test_a_draft_is_kept_as_one_goes_and_invalid_fields_are_named(review, as_user):
    client, url = as_user(review.reviewer), review.get_absolute_url()
    saved = client.post(url, marks(points_0="101", autosave="1"))
    assert "需求真实性得分：得分不能高于 100。（这一栏没有保存）" in saved.content.decode()
    assert list(Review.objects.get().scores.values_list("points", flat=True)) == [None, *[Decimal(80)] * 4]
    assert "自动保存" in client.post(url, marks(autosave="1")).content.decode()
    assert Review.objects.get().status == "drafting"


def test_a_draft_is_kept_without_javascript_too(review, as_user):
    answer = as_user(review.reviewer).post(review.get_absolute_url(), marks(save="1"))
    assert (answer.status_code, answer.url) == (302, review.get_absolute_url())
    page = as_user(review.reviewer).get(review.get_absolute_url()).content.decode()
    assert 'value="80.0"' in page


def test_handing_in_needs_everything_and_loses_nothing(review, as_user):
    client, url = as_user(review.reviewer), review.get_absolute_url()
    refused = client.post(url, marks(points_4="", reason_3="写到一半", lock="1"))
    assert "请先给这些指标打分：投入。" in refused.content.decode()
    assert "写到一半" in refused.content.decode()
    assert client.post(url, marks(lock="1")).url == reverse("challenges:review_desk")
    done = client.get(url)
    assert Review.objects.get().status == "locked"
    assert "加权总分" in done.content.decode()
    assert "<textarea" not in done.content.decode()
    assert "不能再修改" in client.post(url, marks(points=10, save="1")).content.decode()
    assert Review.objects.get().total == Decimal(80)


def test_after_the_end_what_was_written_is_shown_and_not_taken(review, as_user, time_machine):
    score(review)
    time_machine.move_to(review.challenge.window("screening").closes_at, tick=False)
    client, url = as_user(review.reviewer), review.get_absolute_url()
    assert "需求评审已经截止" in client.get(url).content.decode()
    late = client.post(url, marks(points=33, comment="最后一秒", lock="1")).content.decode()
    assert ("需求评审已经截止" in late, "最后一秒" in late) == (True, True)
    assert "需求评审已经截止" in client.post(url, marks(autosave="1")).content.decode()
    assert (Review.objects.get().status, Review.objects.get().comment) == ("drafting", "总体可行")


def test_a_reviewer_recuses_with_a_reason(review, as_user):
    client, url = as_user(review.reviewer), reverse("challenges:review_recuse", args=[review.pk])
    assert "需要写明理由" in client.post(url).content.decode()
    assert client.post(url, {"note": "认识该企业"}).url == reverse("challenges:review_desk")
    assert client.get(review.get_absolute_url()).status_code == 404


def test_others_scores_are_seen_neither_before_nor_after(screened, experts, organiser, as_user, api):
    mine, other = (assign(screened, expert, organiser) for expert in experts[:2])
    lock(other, 41.5)
    for _ in range(2):
        client = as_user(experts[0])
        pages = [page_of(client, "review_desk"), client.get(mine.get_absolute_url())]
        pages += [client.get(reverse("review-list")), client.get(reverse("review-detail", args=[mine.pk]))]
        shown = b"".join(page.content for page in pages)
        assert [secret for secret in (b"41.5", "专家乙".encode(), str(other.pk).encode()) if secret in shown] == []
        assert [client.get(other.get_absolute_url()).status_code] == [404]
        if Review.objects.get(pk=mine.pk).status != "locked":
            lock(mine)


@pytest.mark.parametrize("who", ["owner", "organiser", "admin", "stranger", "provider", "another expert"])
def test_a_review_is_its_reviewers_alone(who, review, experts, people, as_user, api):
    person = experts[1] if who == "another expert" else people[who]
    client = as_user(person)
    assert client.get(review.get_absolute_url()).status_code == 404
    assert page_of(client, "review_pledge", review.pk).status_code == 404
    assert client.post(reverse("challenges:review_recuse", args=[review.pk]), {"note": "x"}).status_code == 404
    assert api(person).get(reverse("review-detail", args=[review.pk]))[0] == 404


def test_a_removed_experts_tab_and_token_fail_at_the_next_request(review, organiser, as_user):
    tab = as_user(review.reviewer)
    _, key = issue_token(review.reviewer, name="脚本", scope="write")
    program, headers = Client(), {"Authorization": f"Token {key}"}
    endpoint = reverse("review-detail", args=[review.pk])
    assert tab.get(review.get_absolute_url()).status_code == 200
    assert program.get(endpoint, headers=headers).status_code == 200
    end_membership(Membership.objects.get(user=review.reviewer), actor=organiser)
    assert tab.get(review.get_absolute_url()).status_code == 404
    assert tab.post(review.get_absolute_url(), marks(lock="1")).status_code == 404
    assert program.get(endpoint, headers=headers).status_code == 404
    assert program.patch(endpoint, {"comment": "x"}, "application/json", headers=headers).status_code == 404
    assert program.get(reverse("review-list"), headers=headers).json()["count"] == 0
    assert page_of(tab, "expert_edit").status_code == 403


# --- Blindness ------------------------------------------------------------------------------------------------------


@pytest.fixture
def two_worlds(challenge, new_need, new_user, new_organisation, organiser, experts, owner):
    """The same need of two enterprises that differ in everything else; the review is moved from one to the other."""

    def entry_of(enterprise, actor, number, days):
        need = new_need("published", is_anonymous=False, public_text=f"{enterprise.name}的坐标测量机要校准。")
        Need.objects.filter(pk=need.pk).update(
            organisation=enterprise,
            contact_name=f"联系人{number}",
            contact_phone=f"1380000000{number}",
            contact_email=f"ask@firm{number}.test",
            title=f"内部标题{number}",
            problem=f"内部情况{number}",
            budget_low=10_000 * number,
            published_at=timezone.now() - timedelta(days=days),
        )
        attach(need, f"图纸{number}.txt", content=f"内部{number}", is_public=True)
        entry = enter_need(challenge, Need.objects.get(pk=need.pk), actor=actor, consents=True)
        Entry.objects.filter(pk=entry.pk).update(created_at=F("created_at") - timedelta(days=days))
        return entry

    entries = []
    for number, region in ((1, "320500"), (2, "320200")):
        founder = new_user(f"创办人{number}", email=f"founder@firm{number}.test", phone=f"1390000000{number}")
        body = new_organisation(
            founder=founder, name=f"某某{number}号仪器有限公司", region=region, industry=f"行业{number}"
        )
        entries.append(entry_of(body, founder, number, days=number))
    start_screening(entries[0], organiser)
    return [Entry.objects.get(pk=entry.pk) for entry in entries]


ADDRESSES = [
    lambda review: reverse("challenges:review_desk"),
    lambda review: review.get_absolute_url(),
    lambda review: reverse("challenges:review_pledge", args=[review.pk]),
    lambda review: reverse("challenges:expert_edit"),
    lambda review: reverse("notices:list"),
    lambda review: reverse("review-list"),
    lambda review: reverse("review-detail", args=[review.pk]),
    lambda review: reverse("review-pledge", args=[review.pk]),
]


def all_read(client, review):
    """All that the reviewer's addresses answer: statuses, headers and bytes."""
    answers = [client.get(address(review)) for address in ADDRESSES]
    return [(each.status_code, sorted(each.headers.items()), VARYING.sub(b"", each.content)) for each in answers]


def test_not_a_byte_tells_which_enterprise_asks(two_worlds, experts, organiser, as_user, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    review = assign(two_worlds[0], experts[0], organiser)
    score(review)
    client = as_user(experts[0])
    first = all_read(client, review)
    Review.objects.filter(pk=review.pk).update(entry=two_worlds[1])
    assert all_read(client, review) == first
    assert "要校准" in first[1][2].decode()
    assert first[1][0] == 200


def test_the_order_of_the_desk_is_that_of_random_labels(two_worlds, experts, organiser, api):
    for entry in two_worlds:
        assign(entry, experts[0], organiser)
    labels = [review.label for review in open_reviews_of(fresh(experts[0]))]
    assert labels == sorted(labels)
    Review.objects.filter(entry=two_worlds[0]).update(label="Z9")
    Review.objects.filter(entry=two_worlds[1]).update(label="A2")
    through_api = api(experts[0]).get(reverse("review-list"))[1]["results"]
    assert [each["label"] for each in through_api] == ["A2", "Z9"]


def test_the_reviewer_finds_no_secret_of_the_enterprise(two_worlds, experts, organiser, as_user):
    review = assign(two_worlds[0], experts[0], organiser)
    need = two_worlds[0].need
    secrets = [need.organisation.name, need.number, str(need.pk), str(two_worlds[0].pk), "联系人1", "13800000001"]
    secrets += ["firm1.test", "内部标题1", "内部情况1", "图纸1", "苏州", need.organisation.credit_code, "行业1"]
    shown = b"".join(content for _, _, content in all_read(as_user(experts[0]), review)).decode()
    assert [secret for secret in secrets if secret in shown] == []
    assert "江苏省" in shown


def test_a_review_by_name_shows_the_enterprise_when_the_challenge_says_so(review, as_user):
    Challenge.objects.filter(pk=review.challenge.pk).update(is_anonymous=False)
    assert "测试企业有限公司" in as_user(review.reviewer).get(review.get_absolute_url()).content.decode()


def test_the_reviewer_can_open_neither_entry_nor_confidential_need(new_entry, experts, organiser, as_user):
    entry = start_screening(new_entry(level=3), organiser)
    assign(entry, experts[0], organiser)
    client = as_user(experts[0])
    assert client.get(entry.get_absolute_url()).status_code == 404
    assert client.get(entry.need.get_absolute_url()).status_code == 404


@pytest.fixture
def confidential(new_entry, experts, organiser):
    entry = start_screening(new_entry(level=2, public_text="qtext", public_title="qtitle"), organiser)
    return assign(entry, experts[0], organiser)


def test_before_the_pledge_nothing_of_a_confidential_need_is_read(confidential, as_user, api):
    client = as_user(confidential.reviewer)
    answer = client.get(confidential.get_absolute_url())
    assert (answer.status_code, answer.url) == (302, reverse("challenges:review_pledge", args=[confidential.pk]))
    shown = b"".join(content for _, _, content in all_read(client, confidential))
    assert [word for word in (b"qtext", b"qtitle", b"0~500 mm") if word in shown] == []
    code, data = api(confidential.reviewer).patch(reverse("review-detail", args=[confidential.pk]), {"comment": "x"})
    assert (code, data["detail"]) == (409, "这条需求是保密的，请先签署评审专家保密承诺，再阅读和打分。")
    assert confidential.entry.need.events.filter(action="read").count() == 0


def test_after_the_pledge_reading_is_noted_for_the_enterprise_without_a_name(confidential, owner, as_user):
    client, url = as_user(confidential.reviewer), reverse("challenges:review_pledge", args=[confidential.pk])
    assert "请先阅读承诺书" in client.post(url, {"seen": "2026-2"}).content.decode()
    assert client.post(url, {"seen": "2026-2", "agreed": "on"}).url == confidential.get_absolute_url()
    assert "qtext" in client.get(confidential.get_absolute_url()).content.decode()
    event = confidential.entry.need.events.get(action="read")
    assert (event.actor, event.data["organisation"]) == (None, "评审专家")
    assert confidential.events.get(action="read").actor == confidential.reviewer
    page = as_user(owner).get(confidential.entry.need.get_absolute_url()).content.decode()
    assert ("评审专家" in page, "专家甲" in page) == (True, False)


def test_the_enterprise_learns_no_reviewer(screened, experts, organiser, owner, as_user, client):
    for expert in experts[:3]:
        lock(assign(screened, expert, organiser))
    word_and_confirm(Entry.objects.get(pk=screened.pk), organiser, owner)
    move_entry(Entry.objects.get(pk=screened.pk), "select", actor=organiser)
    results = reverse("challenges:entry_results", args=[screened.pk])
    assert as_user(owner).get(results).status_code == 404
    Challenge.objects.filter(pk=screened.challenge_id).update(status="board")
    post_items(Challenge.objects.get(pk=screened.challenge_id), actor=organiser)
    tab = as_user(owner)
    paths = [results, screened.get_absolute_url(), screened.need.get_absolute_url(), reverse("notices:list")]
    paths += [screened.challenge.get_absolute_url(), reverse("api-entry-results", args=[screened.pk])]
    pages = [tab.get(path) for path in paths]
    assert {page.status_code for page in pages} == {200}
    shown = b"".join(page.content for page in pages).decode()
    known = [expert.name for expert in experts] + [str(each.pk) for each in Review.objects.all()]
    assert [
        secret for secret in [*known, *(each.label for each in Review.objects.all())] if f">{secret}<" in shown
    ] == []
    assert [secret for secret in known if secret in shown] == []
    assert ("需求真实性的理由" in shown, "总体可行" in shown) == (True, True)


@pytest.mark.parametrize(("who", "code"), [("stranger", 404), ("provider", 404), ("reviewer", 404), ("organiser", 200)])
def test_results_of_an_entry_are_for_its_enterprise_and_organiser(
    who, code, screened, experts, organiser, owner, people, as_user
):
    lock(assign(screened, experts[0], organiser))
    Entry.objects.filter(pk=screened.pk).update(
        status="on_board", board_number="A1", confirmed_at=timezone.now(), board_title="榜", board_text="榜"
    )
    assert as_user(people[who]).get(reverse("challenges:entry_results", args=[screened.pk])).status_code == code


# --- The organiser --------------------------------------------------------------------------------------------------


def test_what_is_proposed_is_ticked_and_assigned_in_one_step(screened, experts, organiser, as_user):
    client = as_user(organiser)
    page = page_of(client, "review_list", screened.challenge_id)
    chosen = page.context["chosen"]
    assert (len(chosen), page.content.decode().count(" checked>")) == (3, 3)
    answer = client.post(reverse("challenges:review_assign", args=[screened.challenge_id]), {"pair": chosen})
    assert (answer.status_code, Review.objects.count()) == (302, 3)
    page = page_of(client, "review_list", screened.challenge_id).content.decode()
    assert "还有 3 份评审没有提交" in page


def test_a_refused_assignment_keeps_what_was_ticked(screened, experts, organiser, as_user):
    assign(screened, experts[3], organiser)
    client = as_user(organiser)
    pair = f"{screened.pk}:{experts[0].pk}"
    page = client.post(reverse("challenges:review_assign", args=[screened.challenge_id]), {"pair": [pair], "note": " "})
    assert "增派请写明理由" in page.content.decode()
    assert page.context["chosen"] == [pair]
    assert page.content.decode().count(" checked>") == 1


@pytest.mark.parametrize("pair", ["x", "", "00000000-0000-4000-8000-000000000000:1", "a:b:c"])
def test_a_pair_that_cannot_be_is_refused(pair, screened, experts, organiser, as_user):
    url = reverse("challenges:review_assign", args=[screened.challenge_id])
    page = as_user(organiser).post(url, {"pair": [pair]})
    assert (page.status_code, Review.objects.count()) == (200, 0)
    assert "名单已经变化" in page.content.decode()


def test_the_page_says_who_may_not_and_why(screened, experts, organiser, as_user):
    declare_tie(experts[0], organisation=screened.need.organisation, note="配偶任职")
    page = page_of(as_user(organiser), "review_list", screened.challenge_id).content.decode()
    assert "本人申报：配偶任职" in page
    assert "豁免并公布理由" not in page


def test_an_organiser_removes_a_review_with_a_reason(review, organiser, as_user):
    client, url = as_user(organiser), reverse("challenges:review_remove", args=[review.pk])
    client.post(url)
    assert Review.objects.get().status == "assigned"
    client.post(url, {"note": "另有安排"})
    assert (Review.objects.get().status, review.events.get(action="remove").note) == ("removed", "另有安排")


def test_an_administrator_waives_with_a_public_reason(screened, experts, organiser, admin, as_user):
    declare_tie(experts[0], organisation=screened.need.organisation, note="顾问")
    url = reverse("challenges:waiver_create", args=[screened.pk])
    data = {"user": experts[0].pk, "reason": "仅此一位"}
    assert as_user(organiser).post(url, data).status_code == 403
    client = as_user(admin)
    assert "豁免并公布理由" in page_of(client, "review_list", screened.challenge_id).content.decode()
    client.post(url, data | {"reason": ""})
    assert Waiver.objects.count() == 0
    client.post(url, data)
    assert Waiver.objects.get().kinds == ["declared"]


def test_the_organiser_decides_by_hand(screened, experts, organiser, as_user):
    client, url = as_user(organiser), reverse("challenges:entry_decide", args=[screened.pk, "select"])
    assert "需要 3 份已提交的评审，现在有 0 份" in client.post(url).content.decode()
    for expert in experts[:3]:
        lock(assign(screened, expert, organiser))
    page = page_of(client, "review_results", screened.challenge_id).content.decode()
    assert ("专家甲" in page, "需求真实性的理由" in page, "离群" in page) == (True, True, True)
    drop = reverse("challenges:entry_decide", args=[screened.pk, "drop"])
    assert "需要写明理由" in client.post(drop, {"note": ""}).content.decode()
    assert client.post(url).status_code == 302
    assert Entry.objects.get(pk=screened.pk).status == "selected"


@pytest.mark.parametrize("name", ["review_list", "review_results"])
@pytest.mark.parametrize(("who", "code"), [("organiser", 200), ("owner", 404), ("reviewer", 404), ("provider", 404)])
def test_the_organisers_pages_are_theirs(name, who, code, screened, people, as_user):
    assert page_of(as_user(people[who]), name, screened.challenge_id).status_code == code


@pytest.mark.parametrize("status", ["draft", "collecting", "screening", "board", "cancelled"])
@pytest.mark.parametrize("name", ["review_list", "review_results"])
def test_the_organisers_pages_say_where_they_stand_in_every_phase(name, status, new_challenge, organiser, as_user):
    assert page_of(as_user(organiser), name, new_challenge(status).pk).status_code == 200


# --- Lists take as many queries for three as for one ----------------------------------------------------------------


def fill(challenge, new_entry, experts, organiser, rows, *, is_locked=False):
    entries = [new_entry(title=f"三坐标{number}") for number in range(rows)]
    start_screening(entries[0], organiser)
    for entry in entries:
        for expert in experts[:rows]:
            review = assign(Entry.objects.get(pk=entry.pk), expert, organiser)
            if is_locked:
                lock(review)


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(
    ("name", "who", "queries"),
    [
        ("desk", "expert", 19),
        ("reviews", "organiser", 29),
        ("results", "organiser", 26),
        ("API: reviews", "expert", 24),
        ("API: assignments", "organiser", 5),
        ("API: waivers", "organiser", 5),
        ("API: proposals", "organiser", 23),
        ("API: results", "organiser", 25),
    ],
)
def test_many_rows_take_as_many_queries_as_one(
    name, who, queries, rows, challenge, new_entry, experts, organiser, django_assert_num_queries
):
    fill(challenge, new_entry, experts, organiser, rows, is_locked="results" in name)
    if name == "API: waivers":
        for entry in Entry.objects.all():
            Waiver.objects.create(entry=entry, user=experts[3], reason="仅此一位", author=organiser)
    paths = {
        "desk": reverse("challenges:review_desk"),
        "reviews": reverse("challenges:review_list", args=[challenge.pk]),
        "results": reverse("challenges:review_results", args=[challenge.pk]),
        "API: reviews": reverse("review-list"),
        "API: assignments": reverse("assignment-list"),
        "API: waivers": reverse("waiver-list"),
        "API: proposals": reverse("assignment-proposals", args=[challenge.pk]),
        "API: results": reverse("api-review-results", args=[challenge.pk]),
    }
    client = Client()
    client.force_login(fresh({"expert": experts[0], "organiser": organiser}[who]))
    with django_assert_num_queries(queries):
        assert client.get(paths[name]).status_code == 200
