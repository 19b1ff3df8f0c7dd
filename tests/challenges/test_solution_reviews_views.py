"""Pages and API of reviews of solutions: what a reviewer reads, that nothing tells whose it is, and the organiser's."""

import re
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Membership, Organisation
from accounts.services import end_membership, issue_token
from challenges.models import Challenge, CoApplicant, Review, Solution, SolutionFile, Waiver
from challenges.models.solutions import PARTS
from challenges.services.conflicts import declare_tie
from challenges.veil import Veil, names_of
from core.files import check_upload, store_file
from providers.models import Credential
from tests.challenges.conftest import assign, fill_in, fresh, lock, pledge, score
from tests.conftest import seat

pytestmark = pytest.mark.django_db
VARYING = re.compile(rb'name="csrfmiddlewaretoken" value="[^"]*"')


@pytest.fixture
def review(admitted, experts, organiser):
    review = assign(admitted, experts[0], organiser)
    pledge(review)
    return review


def page_of(client, name, *args):
    return client.get(reverse(f"challenges:{name}", args=args))


# --- The veil -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("江苏省计量科学研究院", {"江苏省计量院", "江苏计量科学研究院", "江苏计量院", "计量科学研究院"}),
        ("海平（苏州）仪器股份有限公司", {"海平（苏州）仪器", "海平仪器"}),
        ("上海交通大学", {"上海交大"}),
        ("浙江大学", {"浙大"}),
    ],
)
def test_usual_short_forms_of_a_name_are_known(name, short):
    assert set(names_of(Organisation(name=name))) == {name} | short


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("海平（苏州）仪器 承担，海平仪器提供样机", "本单位 承担，本单位提供样机"),
        ("海平(苏州)仪器和 ACME  Lab", "本单位和 本单位"),
        ("acmelab 与 ACMELabs、Limit", "本单位 与 ACMELabs、Limit"),
        (
            "联系 lab@haiping.cn 或 13800001111、0512-66668888",
            "联系 （联系方式已隐去） 或 （联系方式已隐去）、（联系方式已隐去）",
        ),
        ("海平仪器 海平仪器的王工", "本单位 本单位的王工"),
        ("见 https://haiping.cn/lab?x=1，JJF 1064-2010，20260101", "见 （联系方式已隐去），JJF 1064-2010，20260101"),
    ],
)
def test_names_are_replaced_however_they_are_written(text, shown):
    words = [*names_of(Organisation(name="海平（苏州）仪器股份有限公司")), "ACME Lab"]
    assert Veil(dict.fromkeys(words, "本单位"))(text) == shown


# --- What the reviewer reads ----------------------------------------------------------------------------------------


def test_the_reviewer_reads_promises_price_and_the_item_of_the_board(review, as_user, api):
    page = as_user(review.reviewer).get(review.get_absolute_url()).content.decode()
    told = ["U = 0.8 μm（k = 2）", "按 JJF 1064 比对过", "承诺值优于要求。", "19.8 万元", "approach：用激光跟踪仪"]
    assert [each for each in [*told, review.entry.board_title] if each not in page] == []
    assert [each for each in ("team：用激光跟踪仪", "公开能力没有写到") if each in page] == []
    code, data = api(review.reviewer).get(reverse("review-detail", args=[review.pk]))
    shown = data["solution"]
    assert (code, shown["price"], shown["solvers"], shown["answers"][0]["verdict_display"]) == (
        200,
        "198000.00",
        "",
        "满足",
    )
    assert [part["label"] for part in shown["parts"]] == [
        "技术路线",
        "已有基础",
        "计划与里程碑",
        "知识产权",
        "风险与对策",
    ]


def test_a_review_by_name_shows_team_solvers_and_files(review, experts, as_user):
    stored = store_file(
        SolutionFile(solution=review.solution),
        check_upload(ContentFile("内部".encode(), name="附件.txt")),
        author=review.solution.author,
    )
    client, file = as_user(review.reviewer), reverse("challenges:review_file", args=[review.pk, stored.pk])
    shown = ["team：用激光跟踪仪", "揭榜单位：测试计量院", "附件.txt"]
    page = client.get(review.get_absolute_url()).content.decode()
    assert ([each for each in shown if each in page], client.get(file).status_code) == ([], 404)
    Challenge.objects.filter(pk=review.challenge.pk).update(is_anonymous=False)
    page = client.get(review.get_absolute_url()).content.decode()
    assert ([each for each in shown if each not in page], client.get(file).getvalue().decode()) == ([], "内部")
    assert as_user(experts[1]).get(file).status_code == 404


def test_before_the_pledge_nothing_of_a_solution_is_read(admitted, experts, organiser, as_user, api):
    review = assign(admitted, experts[0], organiser)
    client = as_user(experts[0])
    answer = client.get(review.get_absolute_url())
    assert (answer.status_code, answer.url) == (302, reverse("challenges:review_pledge", args=[review.pk]))
    paths = [answer.url, reverse("challenges:review_desk"), reverse("review-detail", args=[review.pk])]
    shown = b"".join(client.get(path).content for path in paths).decode()
    assert [word for word in ("激光跟踪仪", "0.8 μm", "198000") if word in shown] == []
    assert client.post(answer.url, {"seen": "2026-2", "agreed": "on"}).url == review.get_absolute_url()
    assert "激光跟踪仪" in client.get(review.get_absolute_url()).content.decode()
    assert review.events.get(action="read").actor == experts[0]


def test_a_solution_is_scored_and_handed_in_on_the_same_page(review, as_user):
    client, url = as_user(review.reviewer), review.get_absolute_url()
    rows = {f"points_{n}": "82.5" for n in range(6)} | {f"reason_{n}": f"理由{n}" for n in range(6)}
    assert "自动保存" in client.post(url, {**rows, "autosave": "1"}).content.decode()
    assert client.post(url, {**rows, "comment": "可行", "lock": "1"}).url == reverse("challenges:review_desk")
    assert (Review.objects.get().status, str(Review.objects.get().total)) == ("locked", "82.5")


def test_others_scores_are_seen_neither_before_nor_after(review, admitted, experts, organiser, as_user):
    other = lock(assign(admitted, experts[1], organiser), 41.5)
    for _ in range(2):
        client = as_user(experts[0])
        paths = [reverse("challenges:review_desk"), review.get_absolute_url()]
        paths += [reverse("review-list"), reverse("review-detail", args=[review.pk])]
        shown = b"".join(client.get(path).content for path in paths).decode()
        assert [secret for secret in ("41.5", "专家乙", str(other.pk)) if secret in shown] == []
        assert client.get(other.get_absolute_url()).status_code == 404
        if Review.objects.get(pk=review.pk).status != "locked":
            lock(review)


@pytest.mark.parametrize("who", ["owner", "organiser", "admin", "stranger", "provider", "another expert"])
def test_a_review_is_its_reviewers_alone(who, review, experts, people, as_user, api):
    person = experts[1] if who == "another expert" else people[who]
    assert as_user(person).get(review.get_absolute_url()).status_code == 404
    assert api(person).get(reverse("review-detail", args=[review.pk]))[0] == 404


def test_a_removed_expert_gets_nothing_more_by_page_token_or_htmx(review, organiser, as_user):
    tab = as_user(review.reviewer)
    _, key = issue_token(review.reviewer, name="脚本", scope="write")
    program, headers = Client(), {"Authorization": f"Token {key}"}
    endpoint, saving = reverse("review-detail", args=[review.pk]), {"HX-Request": "true", "HX-Target": "draft-state"}
    asked = [
        lambda: tab.get(review.get_absolute_url()),
        lambda: tab.post(review.get_absolute_url(), {"autosave": "1"}, headers=saving),
        lambda: program.get(endpoint, headers=headers),
        lambda: program.patch(endpoint, {"comment": "x"}, "application/json", headers=headers),
    ]
    assert [ask().status_code for ask in asked] == [200] * 4
    end_membership(Membership.objects.get(user=review.reviewer), actor=organiser)
    assert [ask().status_code for ask in asked] == [404] * 4


# --- Blindness ------------------------------------------------------------------------------------------------------

BODIES = [("苏州市计量测试院", "海平仪器股份有限公司"), ("浙江大学", "宁波（北仑）精密测量有限公司")]


@pytest.fixture
def two_worlds(reviewing, new_solution, new_user, new_organisation):
    """The same solution of two institutes with their partners that differ in everything else."""

    def world(number, names):
        lead, joint = (
            new_organisation(
                "institute",
                founder=new_user(f"联络人{number}{place}", email=f"m{number}{place}@solver{number}{place}.test"),
                name=name,
            )
            for place, name in enumerate(names)
        )
        Organisation.objects.filter(pk=lead.pk).update(website=f"https://www.solver{number}.test/")
        Credential.objects.create(organisation=lead, kind="cnas", number=f"CNAS L{number}234", valid_from="2020-01-01")
        author = lead.memberships.get().user
        seat(new_user(f"工程师{number}", phone=f"1380000000{number}"), lead)
        short = sorted(names_of(lead), key=len)[0]
        text = (
            f"{names[0]}（以下简称“队{number}”）与 {names[1]}共同承担；{short}负责，队{number}联系人{author.name}，"
            f"{author.email}，1380000000{number}，见 www.solver{number}.test；"
            f"证书 CNAS L{number}234。用激光跟踪仪测量。"
        )
        solution = new_solution(
            reviewing,
            "admitted",
            organisation=lead,
            author=author,
            **dict.fromkeys(PARTS[1:], text),
            title=f"{short}的方案",
        )
        CoApplicant.objects.create(solution=solution, organisation=joint, agreed_at=timezone.now())
        fill_in(solution)
        solution.promises.update(evidence=text)
        upload = check_upload(ContentFile(f"内部{number}".encode(), name=f"附件{number}.txt"))
        store_file(SolutionFile(solution=solution), upload, author=author)
        times = {name: F(name) - timedelta(days=number) for name in ("created_at", "submitted_at")}
        Solution.objects.filter(pk=solution.pk).update(**times)
        return Solution.objects.get(pk=solution.pk)

    return [world(number, names) for number, names in enumerate(BODIES, 1)]


def all_read(client, review):
    """All that the reviewer's addresses answer: statuses, headers and bytes."""
    paths = [
        reverse("challenges:review_desk"),
        review.get_absolute_url(),
        reverse("challenges:review_pledge", args=[review.pk]),
        reverse("notices:list"),
        reverse("review-list"),
        reverse("review-detail", args=[review.pk]),
        reverse("review-pledge", args=[review.pk]),
    ]
    answers = [client.get(path) for path in paths]
    return [(each.status_code, sorted(each.headers.items()), VARYING.sub(b"", each.content)) for each in answers]


def test_not_a_byte_tells_whose_solution_it_is(two_worlds, experts, organiser, as_user, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    review = score(assign(two_worlds[0], experts[0], organiser))
    client = as_user(experts[0])
    first = all_read(client, review)
    Review.objects.filter(pk=review.pk).update(solution=two_worlds[1])
    assert all_read(client, review) == first
    assert ("用激光跟踪仪测量" in first[1][2].decode(), first[1][0]) == (True, 200)


def test_the_reviewer_finds_no_secret_of_the_solvers(two_worlds, experts, organiser, as_user):
    review = score(assign(two_worlds[0], experts[0], organiser))
    solution = two_worlds[0]
    secrets = [*(name for body in solution.bodies for name in names_of(body)), "联络人", "工程师", "13800000001"]
    secrets += ["solver1", "L1234", "队1", "附件1", solution.number, str(solution.pk), str(solution.price.pk)]
    secrets += [body.credit_code for body in solution.bodies] + [f"{solution.submitted_at:%Y-%m-%d}"]
    shown = b"".join(content for _, _, content in all_read(as_user(experts[0]), review)).decode()
    assert [secret for secret in secrets if secret in shown] == []


def test_the_order_of_the_desk_is_that_of_random_labels(two_worlds, experts, organiser, api):
    for solution in two_worlds:
        pledge(assign(solution, experts[0], organiser))
    Review.objects.filter(solution=two_worlds[0]).update(label="Z9")
    Review.objects.filter(solution=two_worlds[1]).update(label="A2")
    through_api = api(experts[0]).get(reverse("review-list"))[1]["results"]
    assert [each["label"] for each in through_api] == ["A2", "Z9"]


def test_a_reviewer_cannot_open_the_solution_and_its_solver_learns_no_reviewer(
    review, admitted, provider, owner, as_user
):
    assert as_user(review.reviewer).get(admitted.get_absolute_url()).status_code == 404
    lock(review)
    for person in (provider, owner):
        tab = as_user(person)
        paths = [admitted.get_absolute_url(), reverse("notices:list"), admitted.challenge.get_absolute_url()]
        shown = b"".join(tab.get(path).content for path in paths).decode()
        assert [secret for secret in ("专家甲", str(review.pk), "总体可行") if secret in shown] == []


# --- The organiser --------------------------------------------------------------------------------------------------


def test_the_organiser_assigns_reminds_and_decides_by_hand(admitted, experts, organiser, as_user):
    client, challenge = as_user(organiser), admitted.challenge
    page = page_of(client, "solution_reviews", challenge.pk)
    chosen = page.context["chosen"]
    assert (len(chosen), page.content.decode().count(" checked>")) == (3, 3)
    assign_url = reverse("challenges:solution_review_assign", args=[challenge.pk])
    assert client.post(assign_url, {"pair": chosen}).status_code == 302
    reminded = client.post(reverse("challenges:solution_review_remind", args=[challenge.pk]), follow=True)
    assert "已催办 3 位专家。" in reminded.content.decode()
    for review in Review.objects.all():
        lock(review)
    results = page_of(client, "solution_results", challenge.pk).content.decode()
    assert ("指标响应的理由" in results, "进入现场赛" in results) == (True, True)
    drop = reverse("challenges:solution_shortlist", args=[admitted.pk, "drop"])
    assert "需要写明理由" in client.post(drop, {"note": ""}).content.decode()
    assert client.post(reverse("challenges:solution_shortlist", args=[admitted.pk, "shortlist"])).status_code == 302
    assert Solution.objects.get(pk=admitted.pk).status == "shortlisted"
    assert client.post(reverse("challenges:solution_shortlist", args=[admitted.pk, "admit"])).status_code == 404


def test_an_organiser_removes_and_an_administrator_waives(review, admitted, experts, organiser, admin, as_user):
    remove = reverse("challenges:review_remove", args=[review.pk])
    plan = reverse("challenges:solution_reviews", args=[admitted.challenge.pk])
    assert as_user(organiser).post(remove, {"note": "另有安排"}).url == plan
    declare_tie(experts[1], organisation=admitted.organisation, note="顾问")
    url, data = reverse("challenges:solution_waive", args=[admitted.pk]), {"user": experts[1].pk, "reason": "仅此一位"}
    assert as_user(organiser).post(url, data).status_code == 403
    assert as_user(admin).post(url, data).url == plan
    assert (Waiver.objects.get().solution, Waiver.objects.get().kinds) == (admitted, ["declared"])


@pytest.mark.parametrize("name", ["solution_reviews", "solution_results"])
@pytest.mark.parametrize(("who", "code"), [("organiser", 200), ("owner", 404), ("reviewer", 404), ("provider", 404)])
def test_the_organisers_pages_are_theirs(name, who, code, admitted, people, as_user):
    assert page_of(as_user(people[who]), name, admitted.challenge.pk).status_code == code


# --- The API of the organiser ---------------------------------------------------------------------------------------


def test_an_organiser_takes_the_proposals_assigns_them_and_reads_the_results(admitted, experts, organiser, api):
    me, challenge = api(organiser), str(admitted.challenge.pk)
    stage = {"stage": "solution"}
    _, plans = me.get(reverse("assignment-proposals", args=[challenge]), stage)
    assert [(plan["solution"], plan["number"]) for plan in plans] == [(str(admitted.pk), admitted.number)]
    pairs = [
        {"solution": plan["solution"], "reviewer": each["reviewer"]} for plan in plans for each in plan["proposed"]
    ]
    code, made = me.post(reverse("assignment-list"), {"challenge": challenge, "pairs": pairs, **stage})
    assert (code, len(made), {each["solution_number"] for each in made}) == (201, 3, {admitted.number})
    assert me.get(reverse("assignment-list"), stage)[1]["count"] == 3
    assert me.get(reverse("assignment-list"), {"stage": "screening"})[1]["count"] == 0
    for review in Review.objects.all():
        lock(review, 75)
    code, data = api(organiser).get(reverse("api-review-results", args=[challenge]), stage)
    (result,) = data["ranked"]
    assert (code, result["solution"], result["mean"], result["place"]) == (200, str(admitted.pk), "75.00", 1)
    assert me.get(reverse("api-review-results", args=[challenge]), {"stage": "x"})[0] == 400


@pytest.mark.parametrize("given", ["none", "both"])
def test_a_pair_names_either_an_entry_or_a_solution(given, admitted, experts, organiser, api):
    item = {"solution": str(admitted.pk), "entry": str(admitted.entry_id)} if given == "both" else {}
    sent = {
        "challenge": str(admitted.challenge.pk),
        "pairs": [{**item, "reviewer": experts[0].pk}],
        "stage": "solution",
    }
    code, data = api(organiser).post(reverse("assignment-list"), sent)
    assert (code, "之一" in str(data)) == (400, True)


# --- Lists take as many queries for three as for one ----------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(
    ("name", "who", "queries"),
    [
        ("desk", "expert", 33),
        ("plan", "organiser", 37),
        ("results", "organiser", 34),
        ("API: reviews", "expert", 49),
        ("API: assignments", "organiser", 5),
        ("API: proposals", "organiser", 31),
        ("API: results", "organiser", 33),
    ],
)
def test_many_rows_take_as_many_queries_as_one(
    name,
    who,
    queries,
    rows,
    reviewing,
    new_solution,
    new_user,
    new_organisation,
    experts,
    organiser,
    django_assert_num_queries,
):
    for number in range(rows):
        founder = new_user(f"某人{number}", email=f"a@solver{number}.test")
        body = new_organisation("institute", founder=founder, name=f"第{number}家机构")
        solution = fill_in(new_solution(reviewing, "admitted", organisation=body, author=founder))
        for expert in experts[:rows]:
            review = assign(solution, expert, organiser)
            if "results" in name:
                lock(review)
            else:
                pledge(review)
    challenge = reviewing.challenge
    stage = {"stage": "solution"} if name.startswith("API: ") else {}
    paths = {
        "desk": reverse("challenges:review_desk"),
        "plan": reverse("challenges:solution_reviews", args=[challenge.pk]),
        "results": reverse("challenges:solution_results", args=[challenge.pk]),
        "API: reviews": reverse("review-list"),
        "API: assignments": reverse("assignment-list"),
        "API: proposals": reverse("assignment-proposals", args=[challenge.pk]),
        "API: results": reverse("api-review-results", args=[challenge.pk]),
    }
    client = Client()
    client.force_login(fresh({"expert": experts[0], "organiser": organiser}[who]))
    with django_assert_num_queries(queries):
        assert client.get(paths[name], stage).status_code == 200
