"""Finals on site: drawn by lot once, marked by judges without conflict, by hand or from a sheet, ranked by rule."""

import io
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from openpyxl import Workbook, load_workbook

from challenges.finals_sheets import MARKS, names_of
from challenges.models import Challenge, FinalsMark, Solution
from challenges.services.challenges import move_challenge
from challenges.services.conflicts import declare_tie
from challenges.services.finals import draw_order, finals_of, save_marks, settle_scores
from tests.challenges.conftest import LENGTH, advance, fill_in, fresh, let_pass
from tests.challenges.deciding import score_solution
from tests.challenges.test_solution_reviews import attempt, reload
from tests.conftest import seat

pytestmark = pytest.mark.django_db


@pytest.fixture
def finalists(reviewing, new_solution, new_user, new_organisation, experts):
    """Three shortlisted solutions of a challenge in its finals; their reviews have the same mean."""

    def make(number):
        founder = new_user(f"业务员{number}", email=f"a@solver{number}.test")
        body = new_organisation("institute", founder=founder, name=f"第{number}家机构")
        given = {"organisation": body, "author": founder, "title": f"方案{number}"}
        solution = fill_in(new_solution(reviewing, "shortlisted", **given))
        for expert in experts[:3]:
            score_solution(solution, expert, 80)
        return solution

    solutions = [make(number) for number in (1, 2, 3)]
    advance(reviewing, "finals")
    return [reload(solution) for solution in solutions]


@pytest.fixture
def challenge_in_finals(finalists):
    return reload(finalists[0].challenge)


@pytest.fixture
def drawn(finalists, challenge_in_finals, organiser):
    """The finalists in the order of their appearance."""
    return draw_order(challenge_in_finals, actor=organiser)


def mark(solutions, judges, organiser, *rows):
    """Have the organiser type in a row of marks for each solution."""
    marks = {
        (solution.pk, judge.pk): None if points is None else Decimal(str(points))
        for solution, row in zip(solutions, rows, strict=True)
        for judge, points in zip(judges, row, strict=False)
    }
    return save_marks(reload(solutions[0].challenge), actor=fresh(organiser), marks=marks)


# --- The lot --------------------------------------------------------------------------------------------------------


def test_the_order_is_drawn_recorded_and_told(finalists, challenge_in_finals, organiser):
    drawn = draw_order(challenge_in_finals, actor=organiser)
    assert (set(drawn), [each.draw_order for each in drawn]) == (set(finalists), [1, 2, 3])
    event = challenge_in_finals.events.get(action="draw")
    assert (event.label, event.data["order"]) == ("抽签排定出场顺序", [each.number for each in drawn])
    told = drawn[0].author.notices.get(text__contains="现场赛第")
    assert told.text == f"产业计量挑战赛：{drawn[0].number} 现场赛第 1 个出场，时间地点以组织方通知为准。"


def test_it_is_drawn_anew_for_a_reason_until_the_first_mark(drawn, experts, organiser):
    challenge = reload(drawn[0].challenge)
    assert "请写明理由" in attempt(draw_order, challenge, actor=organiser, reason=" ")
    draw_order(challenge, actor=organiser, reason="一家单位没有到场见证")
    assert challenge.events.filter(label="重新抽签").get().note == "一家单位没有到场见证"
    mark(drawn[:1], experts, organiser, [80])
    assert "已经录入现场得分" in attempt(draw_order, challenge, actor=organiser, reason="再来")


@pytest.mark.parametrize("status", ["reviewing", "announced"])
def test_there_are_finals_in_the_finals_alone(status, finalists, experts, organiser):
    Challenge.objects.update(status=status)
    challenge = reload(finalists[0].challenge)
    assert "阶段，不能抽签。" in attempt(draw_order, challenge, actor=organiser)
    assert "阶段，不能录入现场得分。" in attempt(mark, finalists[:1], experts, organiser, [80])


@pytest.mark.parametrize("who", ["owner", "provider", "reviewer", "stranger"])
def test_who_may_draw_and_mark(who, drawn, experts, people):
    challenge = reload(drawn[0].challenge)
    said = "只有主办和协办单位可以管理这项赛事的现场赛。"
    assert attempt(draw_order, challenge, actor=people[who], reason="再来") == said
    assert attempt(mark, drawn[:1], experts, people[who], [80]) == said


# --- Marks ----------------------------------------------------------------------------------------------------------


def test_marks_are_kept_changed_and_taken_back_with_old_and_new(drawn, experts, organiser):
    mark(drawn[:1], experts, organiser, [80, 90.5])
    mark(drawn[:1], experts, organiser, [85, None])
    assert mark(drawn[:1], experts, organiser, [85, None]) == []
    assert [(each.judge, each.points) for each in FinalsMark.objects.all()] == [(experts[0], Decimal(85))]
    changes = [each for event in drawn[0].challenge.events.filter(action="mark") for each in event.data["marks"]]
    number, (first, second) = drawn[0].number, [expert.pk for expert in experts[:2]]
    assert changes == [
        {"solution": number, "judge": first, "old": "", "new": "80"},
        {"solution": number, "judge": second, "old": "", "new": "90.5"},
        {"solution": number, "judge": first, "old": "80.0", "new": "85"},
        {"solution": number, "judge": second, "old": "90.5", "new": ""},
    ]


@pytest.mark.parametrize(
    ("points", "said"), [("-1", "不能低于 0"), ("100.5", "不能高于 100"), ("80.3", "0.5 分为一档"), ("NaN", "数")]
)
def test_one_mark_that_cannot_be_keeps_all_from_being_stored(points, said, drawn, experts, organiser):
    assert said in attempt(mark, drawn, experts, organiser, [80], [points], [90])
    assert FinalsMark.objects.count() == 0


def test_before_the_lot_nothing_is_marked(finalists, experts, organiser):
    assert "请先抽签" in attempt(mark, finalists, experts, organiser, [80], [80], [80])


def test_a_judge_in_conflict_marks_only_the_others(drawn, experts, organiser):
    seat(experts[0], drawn[0].organisation)
    assert "有利益冲突，应当回避" in attempt(mark, drawn[:1], experts, organiser, [80])
    declare_tie(experts[1], organisation=drawn[1].organisation, note="顾问")
    # Whoever belongs to a solver is bound with regard to all solutions of the event.
    assert "应当回避" in attempt(mark, drawn[2:], experts, organiser, [80])
    assert len(mark(drawn[2:], experts[1:], organiser, [80])) == 1


def test_who_is_no_expert_is_no_judge(drawn, stranger, organiser):
    assert "名单已经变化" in attempt(mark, drawn[:1], [stranger], organiser, [80])


def test_a_tie_that_comes_later_takes_the_mark_out_of_the_count_and_then_away(drawn, experts, organiser):
    mark(drawn[:1], experts, organiser, [100, 80, 80])
    declare_tie(experts[0], organisation=drawn[0].organisation, note="顾问")
    challenge = reload(drawn[0].challenge)
    (standing,) = finals_of(challenge).ranked
    assert standing.mean == Decimal("80.00")
    settle_scores(challenge, actor=organiser)
    assert set(FinalsMark.objects.values_list("judge", flat=True)) == {expert.pk for expert in experts[1:3]}
    Challenge.objects.update(status="announced")
    assert [each.mean for each in finals_of(reload(challenge)).ranked] == [Decimal("80.00")]


def test_a_refused_step_to_the_public_notice_leaves_the_marks_as_they_are(drawn, experts, organiser):
    mark(drawn, experts, organiser, *[[80, 80]] * 3)
    declare_tie(experts[0], organisation=drawn[0].organisation, note="顾问")
    challenge = reload(drawn[0].challenge)
    let_pass(challenge, LENGTH)
    assert "拟定结果" in attempt(move_challenge, reload(challenge), "open_announced", actor=fresh(organiser))
    assert FinalsMark.objects.count() == 6


# --- Ranking --------------------------------------------------------------------------------------------------------


def numbers(challenge):
    return [(each.solution.title, each.mean, each.rank, each.place) for each in finals_of(reload(challenge)).ranked]


def test_the_mean_on_site_ranks(drawn, experts, organiser):
    mark(drawn, experts, organiser, [80, 81], [90, 90], [70.5])
    first, second, third = drawn[1], drawn[0], drawn[2]
    assert numbers(drawn[0].challenge) == [
        (first.title, Decimal("90.00"), 1, 1),
        (second.title, Decimal("80.50"), 2, 2),
        (third.title, Decimal("70.50"), 3, 3),
    ]
    assert finals_of(reload(drawn[0].challenge)).incomplete == [experts[1]]


def test_ties_are_resolved_by_the_reviews_then_their_first_criterion_then_the_lot(drawn, experts, organiser):
    mark(drawn, experts, organiser, *[[80, 80]] * 3)
    challenge = drawn[0].challenge
    assert [each[0] for each in numbers(challenge)] == [each.title for each in drawn]
    criteria = list(challenge.criteria.filter(stage="solution"))
    # 35 × 4 more for the first and 20 × 7 less for the second: the same mean.
    for position, points in ((0, 84), (1, 73)):
        for review in drawn[1].reviews.all():
            review.scores.filter(criterion=criteria[position]).update(points=points)
    assert [each[0] for each in numbers(challenge)] == [drawn[1].title, drawn[0].title, drawn[2].title]
    for review in drawn[2].reviews.all():
        review.scores.filter(criterion=criteria[5]).update(points=81)
    assert [each[0] for each in numbers(challenge)] == [drawn[2].title, drawn[1].title, drawn[0].title]


# --- The page -------------------------------------------------------------------------------------------------------


def grid(page, **changed):
    """What the form of the marks sends: as it was shown, but for what somebody typed in."""
    form = page.context["form"]
    shown = {name: "" if form[name].value() is None else str(form[name].value()) for name in form.fields}
    before = {f"initial-{name}": str(form.fields[name].initial or "") for name in form.fields}
    return {**before, **shown, **changed}


def field_of(solution, judge):
    return f"mark-{solution.pk}-{judge.pk}"


def page_of(client, challenge, name="finals"):
    return client.get(reverse(f"challenges:{name}", args=[challenge.pk]))


def test_the_organiser_draws_and_types_marks_in(finalists, challenge_in_finals, experts, organiser, as_user):
    client = as_user(organiser)
    assert "先抽签排定出场顺序" in page_of(client, challenge_in_finals).content.decode()
    client.post(reverse("challenges:finals_draw", args=[challenge_in_finals.pk]))
    again = client.post(reverse("challenges:finals_draw", args=[challenge_in_finals.pk]), {"reason": ""})
    assert "请写明理由" in again.content.decode()
    sent = grid(page_of(client, challenge_in_finals), **{field_of(finalists[0], experts[0]): "88.5"})
    url = reverse("challenges:finals_marks", args=[challenge_in_finals.pk])
    assert client.post(url, sent).status_code == 302
    assert FinalsMark.objects.get().points == Decimal("88.5")
    page = page_of(client, challenge_in_finals).content.decode()
    assert ("未录入 → 88.5" in page, "还有 2 份方案没有得分" in page) == (True, True)


def test_a_wrong_mark_stores_nothing_and_loses_nothing(drawn, experts, organiser, as_user):
    client, challenge = as_user(organiser), drawn[0].challenge
    typed = {field_of(drawn[0], experts[0]): "88", field_of(drawn[1], experts[0]): "881"}
    sent = grid(page_of(client, challenge), **typed)
    page = client.post(reverse("challenges:finals_marks", args=[challenge.pk]), sent).content.decode()
    assert (f"{drawn[1].number} 专家甲：得分不能高于 100。" in page, 'value="88"' in page) == (True, True)
    assert FinalsMark.objects.count() == 0


def test_what_a_colleague_typed_in_meanwhile_is_not_overwritten(drawn, experts, organiser, as_user):
    client, challenge = as_user(organiser), drawn[0].challenge
    seen = page_of(client, challenge)
    mark(drawn[:1], experts, organiser, [70])
    url = reverse("challenges:finals_marks", args=[challenge.pk])
    client.post(url, grid(seen, **{field_of(drawn[1], experts[0]): "90"}))
    assert sorted(FinalsMark.objects.values_list("points", flat=True)) == [Decimal(70), Decimal(90)]


@pytest.mark.parametrize("name", ["finals", "finals_sheet", "finals_export"])
@pytest.mark.parametrize(("who", "code"), [("organiser", 200), ("owner", 404), ("reviewer", 404), ("provider", 404)])
def test_the_finals_are_for_who_runs_the_challenge(name, who, code, drawn, people, as_user):
    assert page_of(as_user(people[who]), drawn[0].challenge, name).status_code == code


@pytest.mark.parametrize("status", ["solving", "reviewing", "finals", "announced", "tracking"])
def test_the_page_says_where_it_stands_in_every_phase(status, admitted, organiser, as_user):
    advance(admitted.entry, status)
    assert page_of(as_user(organiser), admitted.challenge).status_code == 200


def test_marks_are_fixed_once_the_results_are_out(drawn, experts, organiser, as_user):
    mark(drawn, experts, organiser, [80], [70], [60])
    Challenge.objects.update(status="announced")
    Solution.objects.filter(pk=drawn[0].pk).update(status="selected")
    client, challenge = as_user(organiser), reload(drawn[0].challenge)
    page = page_of(client, challenge)
    assert ("得分不能再改动" in page.content.decode(), len(page.context["finals"].ranked)) == (True, 3)
    sent = grid(page, **{field_of(drawn[0], experts[0]): "100"})
    said = client.post(reverse("challenges:finals_marks", args=[challenge.pk]), sent).content.decode()
    assert "没有保存任何一个分数" in said
    assert FinalsMark.objects.get(solution=drawn[0]).points == Decimal(80)


# --- Sheets ---------------------------------------------------------------------------------------------------------


def sheet_of(*rows):
    book = Workbook()
    for row in (list(MARKS), *rows):
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return SimpleUploadedFile("得分.xlsx", file.getvalue())


def rows_of(response, place=0):
    book = load_workbook(io.BytesIO(b"".join(response.streaming_content)))
    return [list(row) for row in book.worksheets[place].iter_rows(values_only=True)]


def upload(client, challenge, *rows):
    return client.post(reverse("challenges:finals_read", args=[challenge.pk]), {"file": sheet_of(*rows)})


def test_the_template_filled_in_is_shown_first_and_stored_when_saved(drawn, experts, organiser, as_user):
    client, challenge = as_user(organiser), drawn[0].challenge
    heading, *rows = rows_of(page_of(client, challenge, "finals_sheet"))
    assert (heading, len(rows), rows[0]) == (list(MARKS), 12, [drawn[0].number, 1, drawn[0].title, "专家丁", None])
    page = upload(client, challenge, *[[*row[:4], 60 + place] for place, row in enumerate(rows)])
    assert "已从表里读出 12 个分数，填在下面，还没有保存。" in page.content.decode()
    assert FinalsMark.objects.count() == 0
    assert client.post(reverse("challenges:finals_marks", args=[challenge.pk]), grid(page)).status_code == 302
    assert sorted(FinalsMark.objects.values_list("points", flat=True)) == [Decimal(60 + place) for place in range(12)]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (lambda number: ["FA-00000000", 1, "", "专家甲", 80], "第 3 行 方案编号：“FA-00000000”不在现场赛名单里"),
        (lambda number: [number, 1, "", "专家己", 80], "第 3 行 评委：“专家己”不是本届赛事的评委"),
        (lambda number: [number, 1, "", "专家甲", 101], "第 3 行 得分：“101”不能作为得分：得分不能高于 100。"),
        (lambda number: [number, 1, "", "专家甲", "八十"], "第 3 行 得分：“八十”不能作为得分"),
        (lambda number: [number, 1, "", "专家乙", 70], "第 3 行 评委：这位评委给这份方案的分数写了两次"),
        (lambda number: [number, 1, "", "专家丁", 70], "第 3 行 评委：与这份方案有利益冲突"),
    ],
)
def test_a_sheet_with_one_wrong_row_is_not_read_at_all(row, said, drawn, experts, organiser, as_user):
    declare_tie(experts[3], organisation=drawn[0].organisation, note="顾问")
    client, number = as_user(organiser), drawn[0].number
    page = upload(client, drawn[0].challenge, [number, 1, "", "专家乙", 80], row(number))
    assert said in page.content.decode()
    assert set(grid(page).values()) == {""}


def test_a_file_that_is_no_sheet_is_refused_in_words(drawn, organiser, as_user):
    url = reverse("challenges:finals_read", args=[drawn[0].challenge.pk])
    page = as_user(organiser).post(url, {"file": SimpleUploadedFile("x.xlsx", b"x")}).content.decode()
    assert "这不是 XLSX 文件" in page


def test_judges_of_one_name_are_told_apart(experts):
    experts[1].name = experts[0].name
    assert names_of(experts[:3]) == {
        experts[0].pk: f"专家甲（{experts[0].email}）",
        experts[1].pk: f"专家甲（{experts[1].email}）",
        experts[2].pk: "专家丙",
    }


def test_the_ranking_is_taken_away_with_marks_rules_and_changes(drawn, experts, organiser, as_user):
    Solution.objects.filter(pk=drawn[0].pk).update(title="=HYPERLINK()")
    mark(drawn, experts, organiser, [80], [70], [60])
    client, challenge = as_user(organiser), drawn[0].challenge
    heading, first, *_ = rows_of(page_of(client, challenge, "finals_export"))
    assert heading[-6:] == ["现场得分", "方案评审平均分", "专家丁", "专家丙", "专家乙", "专家甲"]
    assert (first[:3], first[6], first[-6:]) == ([1, 1, 1], "=HYPERLINK()", [80, 80, None, None, None, 80])
    changes = rows_of(page_of(client, challenge, "finals_export"), place=2)
    assert changes[1][2:] == [drawn[0].number, "专家甲", None, "80"]


# --- The API --------------------------------------------------------------------------------------------------------


def test_the_api_draws_marks_and_ranks(finalists, challenge_in_finals, experts, organiser, api):
    me, path = api(organiser), reverse("api-finals", args=[challenge_in_finals.pk])
    code, data = me.get(path)
    assert (code, [each["draw_order"] for each in data["solutions"]], data["ranked"]) == (200, [None] * 3, [])
    assert [judge["name"] for judge in data["judges"]] == ["专家丁", "专家丙", "专家乙", "专家甲"]
    code, data = me.post(reverse("api-finals-draw", args=[challenge_in_finals.pk]), {})
    assert (code, [each["draw_order"] for each in data["solutions"]]) == (200, [1, 2, 3])
    assert me.post(reverse("api-finals-draw", args=[challenge_in_finals.pk]), {})[0] == 409
    marks = [
        {"solution": str(solution.pk), "judge": experts[0].pk, "points": points}
        for solution, points in zip(finalists, ("70", "80.5", "60"), strict=True)
    ]
    code, data = me.patch(path, {"marks": marks})
    ranked = [(each["solution"], each["mean"], each["rank"], each["place"]) for each in data["ranked"]]
    assert (code, ranked[0]) == (200, (str(finalists[1].pk), "80.50", 1, 1))
    assert {(each["judge"], each["points"]) for each in data["marks"]} == {
        (experts[0].pk, points) for points in ("70.0", "80.5", "60.0")
    }
    code, data = me.patch(path, {"marks": [marks[0] | {"points": "100.5"}]})
    assert (code, "不能高于 100" in str(data)) == (400, True)
    assert me.patch(path, {"marks": [marks[0] | {"points": None}]})[0] == 200
    assert FinalsMark.objects.count() == 2


@pytest.mark.parametrize("who", ["owner", "provider", "reviewer", "stranger"])
def test_the_api_of_the_finals_is_for_who_runs_the_challenge(who, drawn, people, api):
    assert api(people[who]).get(reverse("api-finals", args=[drawn[0].challenge.pk]))[0] == 404


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(("name", "queries"), [("challenges:finals", 60), ("api-finals", 57)])
def test_many_rows_take_as_many_queries_as_one(
    name, queries, rows, drawn, experts, organiser, as_user, django_assert_num_queries
):
    mark(drawn[:rows], experts, organiser, *[[80] * rows] * rows)
    Solution.objects.filter(pk__in=[each.pk for each in drawn[rows:]]).update(status="not_shortlisted", draw_order=None)
    client = as_user(organiser)
    with django_assert_num_queries(queries):
        assert client.get(reverse(name, args=[drawn[0].challenge.pk])).status_code == 200
