"""A whole challenge in several windows: 12 needs, 20 solutions, 6 experts and 2 organising bodies, to its archive.

Every kind of step is taken once or more on the pages; what is only more of the same goes through the services.
"""

import re
from datetime import timedelta

import pytest
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from accounts.enums import MemberRole
from challenges.models import Challenge, Entry, FollowUp, PhaseWindow, Review, Score, Solution
from challenges.services.decisions import propose_decision
from challenges.services.entries import enter_need, move_entry
from challenges.services.finals import move_to_finals
from challenges.services.follow_ups import fill_follow_up
from challenges.services.signing import open_docking_for
from challenges.services.solutions import move_solution
from challenges.workflow import PHASES
from partnerships.models import Docking
from partnerships.services.dockings import pledge
from providers.services import create_capability, move_capability
from tests.browser.test_docking_journey import Window
from tests.challenges.conftest import fresh, word_and_confirm
from tests.challenges.solving import PARTS, hand_in
from tests.conftest import seat

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
DAY = timedelta(days=1)
NEEDS, ITEMS, SOLVERS = 12, 10, 5
# Each of the first four items gets an answer of each of the five institutes.
ANSWERED = 4

LINE = {"measurand": "长度示值误差", "range_text": "(0~2000) mm", "uncertainty_text": "U=0.2 μm+0.8×10⁻⁶L (k=2)"}


@pytest.fixture
def cast(
    owner,
    enterprise,
    organiser,
    provider,
    institute,
    capability,
    new_user,
    new_organisation,
    new_need,
):
    """Everybody who takes part, with what they bring along."""
    helper = new_user("协办方")
    new_organisation("authority", founder=helper, name="协办市场监督管理局", region="320000")
    solvers = [(provider, capability)]
    for number in range(2, SOLVERS + 1):
        person = new_user(f"揭榜人{number}", email=f"solver{number}@solver{number}.test")
        body = new_organisation("institute", founder=person, name=f"第{number}计量研究院")
        fields = {"title": f"第{number}台坐标测量机", "discipline": "geometry", "lines": [LINE]}
        own = create_capability(author=fresh(person), organisation=body, kind="service", **fields)
        move_capability(own, "publish", actor=fresh(person))
        solvers.append((person, own))
    experts = [
        seat(
            new_user(f"专家{name}", email=f"expert{number}@lab{number}.test"),
            organiser.authorities[0],
            role=MemberRole.EXPERT,
        )
        for number, name in enumerate("甲乙丙丁戊己")
    ]
    # One works for the enterprise, another for an institute that answers.
    seat(experts[4], enterprise)
    seat(experts[5], fresh(solvers[1][0]).providers[0])
    needs = [
        new_need("published", title=f"难题{number}", public_title=f"产线测量难题{number}") for number in range(NEEDS)
    ]
    return {"helper": helper, "solvers": solvers, "experts": experts, "needs": needs}


def test_a_challenge_from_its_call_to_its_archive(cast, open_as, owner, organiser, provider, stranger):
    desk = Window(open_as(organiser, reverse("challenges:challenge_create")))
    challenge = set_up(desk, cast["helper"])
    public = Window(open_as(None, "/challenges/"))
    public_sees(public, challenge, "征集")
    call(desk, challenge, cast, Window(open_as(owner, challenge.get_absolute_url())), organiser, owner)
    screen(desk, challenge, cast, open_as, organiser, owner)
    solve(desk, challenge, cast, open_as, stranger)
    judge(desk, challenge, cast, open_as, organiser)
    play_finals(desk, challenge)
    announce(desk, challenge, cast, open_as, organiser, public)
    sign_and_track(desk, challenge, cast, open_as, organiser)


def set_up(desk, helper) -> Challenge:
    desk.fill(赛事名称="长三角计量挑战赛", 主题="把产线上测不准的难题找出来", 赛事规则="面向制造业企业征集。")
    desk.page.get_by_text("协办单位", exact=False).first.click()
    desk.page.get_by_label("协办市场监督管理局").check()
    desk.press("创建草稿")
    expect(desk.page).to_have_url(re.compile("/manage/$"))
    challenge = Challenge.objects.get()
    desk.page.goto(reverse("challenges:challenge_windows", args=[challenge.pk]))
    start = timezone.localtime() - DAY
    for number, phase in enumerate(PHASES):
        for name, at in (("opens_at", start + number * 7 * DAY), ("closes_at", start + (number + 1) * 7 * DAY)):
            desk.page.locator(f"[name={phase}_{name}]").fill(f"{at:%Y-%m-%dT%H:%M}")
    desk.press("保存日程")
    desk.says("日程")
    step(desk, challenge, "进入征集")
    return challenge


def step(desk, challenge, label):
    """The organiser takes the next step of the event, everything being there."""
    desk.page.goto(reverse("challenges:challenge_manage", args=[challenge.pk]))
    desk.press(label)
    desk.says("操作完成")
    challenge.refresh_from_db()
    expect(desk.page.locator("#next").get_by_role("button", name=label, exact=True)).to_have_count(0)
    assert challenge.get_status_display() == label.removeprefix("进入").replace("归档", "归档")


def let_end(challenge, phase):
    """Let the time run on to the end of the phase."""
    window = challenge.windows.get(phase=phase)
    gone = max(window.closes_at - timezone.now(), timedelta(0)) + timedelta(seconds=1)
    PhaseWindow.objects.filter(challenge=challenge).update(
        opens_at=F("opens_at") - gone, closes_at=F("closes_at") - gone
    )


def public_sees(public, challenge, status, *words, never=()):
    public.page.goto(challenge.get_absolute_url())
    public.shows(status)
    for word in words:
        public.shows(word)
    for word in never:
        expect(public.page.locator("body")).not_to_contain_text(word)


def call(desk, challenge, cast, window, organiser, owner):
    """One need is entered on the page, the others through the services; nobody else sees any of them."""
    window.page.goto(reverse("challenges:entry_create", args=[challenge.pk]))
    window.page.locator(f"[name=need][value='{cast['needs'][0].pk}']").check()
    window.page.locator("[name=consents]").check()
    window.press("报名")
    window.says("报名已提交")
    for need in cast["needs"][1:]:
        enter_need(challenge, need, actor=fresh(owner), consents=True)
    assert Entry.objects.filter(challenge=challenge).count() == NEEDS
    let_end(challenge, "collecting")
    step(desk, challenge, "进入需求评审")


def screen(desk, challenge, cast, open_as, organiser, owner):
    """Experts who are tied to the enterprise are kept out; ten items come on the board."""
    desk.page.goto(reverse("challenges:review_list", args=[challenge.pk]))
    first = Entry.objects.filter(challenge=challenge).first()
    assert not desk.page.locator(f"[name=pair][value*='{first.pk}']").filter(has_text="专家戊").count()
    desk.press("分派所勾选的专家")
    desk.says("已分派")
    reviews = Review.objects.filter(entry__challenge=challenge)
    assert reviews.count() == NEEDS * challenge.reviews_per_item
    assert not reviews.filter(reviewer=cast["experts"][4]).exists()
    one = reviews.filter(reviewer=cast["experts"][0]).first() or reviews.first()
    expert = Window(open_as(one.reviewer, reverse("challenges:review_desk")))
    expert.page.goto(one.get_absolute_url())
    expect(expert.page.locator("body")).not_to_contain_text("测试企业有限公司")
    for points in expert.page.locator("[name^=points_]").all():
        points.fill("82.5")
    for reason in expert.page.locator("[name^=reason_]").all():
        reason.fill("现场依据充分")
    expert.press("提交评审")
    expert.says("评审已提交")
    one.refresh_from_db()
    assert one.status == "locked"
    hand_in_all(reviews.exclude(pk=one.pk), 70)
    entries = list(Entry.objects.filter(challenge=challenge).order_by("need__public_title"))
    desk.page.goto(reverse("challenges:review_results", args=[challenge.pk]))
    desk.page.get_by_role("button", name=re.compile(rf"^入选\s*：{entries[0].need.number}")).click()
    desk.says(entries[0].need.number)
    for entry in entries[1:ITEMS]:
        move_entry(fresh_entry(entry), "select", actor=fresh(organiser))
    for entry in entries[ITEMS:]:
        move_entry(fresh_entry(entry), "drop", actor=fresh(organiser), note="指标不明确")
    for entry in entries[:ITEMS]:
        word_and_confirm(fresh_entry(entry), fresh(organiser), fresh(owner))
    step(desk, challenge, "进入发榜")
    let_end(challenge, "board")
    step(desk, challenge, "进入揭榜")


def hand_in_all(reviews, points):
    """The scores that all the others give, as they stand once they are handed in."""
    scores = [
        Score(review=review, criterion=criterion, points=points + place % 20, reason="依据充分")
        for place, review in enumerate(reviews)
        for criterion in review.challenge.criteria.filter(stage=review.stage)
    ]
    Score.objects.bulk_create(scores)
    reviews.update(status="locked", locked_at=timezone.now())


def fresh_entry(entry) -> Entry:
    return Entry.objects.get(pk=entry.pk)


def solve(desk, challenge, cast, open_as, stranger):
    """One solution is written on the page; nobody but its institute sees it, and its price nobody at all."""
    items = list(challenge.entries.on_board().order_by("board_number"))
    person, capability = cast["solvers"][0]
    window = Window(open_as(person, items[0].get_absolute_url().replace("entries", "board")))
    window.page.goto(reverse("challenges:board_item", args=[items[0].pk]))
    window.page.get_by_role("button", name="揭榜").first.click()
    window.says("方案草稿已建立")
    solution = Solution.objects.get()
    for name, text in PARTS.items():
        window.page.locator(f"[name={name}]").fill(text)
    window.page.locator("[name=capability]").select_option(str(capability.pk))
    for promised in window.page.locator("[name$=promised_text]").all():
        promised.fill("U=0.4 μm (k=2)")
    for evidence in window.page.locator("[name$=evidence]").all():
        evidence.fill("比对报告")
    window.press("保存草稿")
    window.says("方案已保存")
    window.page.locator("[name=amount]").fill("386731.29")
    window.page.get_by_role("button", name="密封报价").click()
    window.says("密封")
    window.page.goto(reverse("challenges:solution_edit", args=[solution.pk]))
    window.press("保存并提交")
    window.says("方案当前状态：已提交")
    solution.refresh_from_db()
    assert solution.status == "submitted"
    for item in items[:ANSWERED]:
        for other, own in cast["solvers"]:
            if (item, other) != (items[0], person):
                hand_in(item, other, own)
    assert Solution.objects.filter(entry__challenge=challenge).count() == ANSWERED * SOLVERS
    desk.page.goto(reverse("challenges:solution_list", args=[challenge.pk]))
    expect(desk.page.locator("body")).not_to_contain_text("激光跟踪原位校准方案")
    rival = Window(open_as(cast["solvers"][1][0], "/"))
    for nosy in (rival, desk):
        assert nosy.page.request.get(solution.get_absolute_url()).status == 404
    let_end(challenge, "solving")
    desk.page.goto(solution.get_absolute_url())
    desk.shows("激光跟踪原位校准方案")
    for number in ("386731", "386,731", "38.67"):
        expect(desk.page.locator("body")).not_to_contain_text(number)
    desk.press("通过形式审查")
    desk.says("操作完成")
    for other in Solution.objects.filter(status="submitted"):
        move_solution(other, "admit", actor=fresh(challenge.author))
    step(desk, challenge, "进入方案评审")
    desk.page.goto(solution.get_absolute_url())
    expect(desk.page.locator("body")).to_contain_text("38.673129 万元")


def judge(desk, challenge, cast, open_as, organiser):
    """Experts tied to the enterprise or to an institute that answers are kept out; the material is blind."""
    desk.page.goto(reverse("challenges:solution_reviews", args=[challenge.pk]))
    desk.press("分派所勾选的专家")
    desk.says("已分派")
    reviews = Review.objects.filter(solution__entry__challenge=challenge)
    assert reviews.count() == ANSWERED * SOLVERS * challenge.reviews_per_item
    assert not reviews.filter(reviewer__in=cast["experts"][4:]).exists()
    one = reviews.first()
    expert = Window(open_as(one.reviewer, one.get_absolute_url()))
    # Solutions are confidential: first the pledge, once for the event.
    expert.page.get_by_label("我已阅读并承诺遵守").check()
    expert.press("签署承诺")
    expert.says("已签署")
    expert.goto(one)
    for name in ("计量研究院", "测试计量院", "测试企业有限公司", one.solution.number):
        expect(expert.page.locator("main")).not_to_contain_text(name)
    for points in expert.page.locator("[name^=points_]").all():
        points.fill("90")
    for reason in expert.page.locator("[name^=reason_]").all():
        reason.fill("指标有依据")
    expert.press("提交评审")
    expert.says("评审已提交")
    hand_in_all(reviews.exclude(pk=one.pk), 60)
    desk.page.goto(reverse("challenges:solution_results", args=[challenge.pk]))
    first = one.solution
    desk.page.get_by_role("button", name=re.compile(rf"^进入现场赛\s*：{first.number}")).click()
    desk.says(first.number)
    for solution in Solution.objects.filter(status="admitted"):
        is_in = solution.organisation == first.organisation
        name, note = ("shortlist", "") if is_in else ("drop", "指标依据不足")
        move_to_finals(solution, name, actor=fresh(organiser), note=note)
    let_end(challenge, "reviewing")
    step(desk, challenge, "进入现场赛")


def play_finals(desk, challenge):
    desk.page.goto(reverse("challenges:finals", args=[challenge.pk]))
    desk.press("抽签排定出场顺序")
    desk.says("已抽签")
    for number, cell in enumerate(desk.page.locator("[name^=mark-]:not([disabled])").all()):
        cell.fill(f"{80 + number % 9}")
    desk.press("保存得分")
    desk.says("处有变化")
    assert all(each.finals_marks.exists() for each in Solution.objects.filter(status="shortlisted"))


def announce(desk, challenge, cast, open_as, organiser, public):
    """Everything is decided in secret and told at one moment; a loser reads why, an objection is answered."""
    winners = list(Solution.objects.filter(status="shortlisted"))
    losers = list(Solution.objects.filter(status="not_shortlisted"))
    desk.page.goto(reverse("challenges:decision_list", args=[challenge.pk]))
    card = desk.page.locator(f"#solution-{winners[0].pk}")
    card.locator("[name=outcome]").select_option("selected")
    card.get_by_role("button", name=re.compile(rf"^保存\s*：{winners[0].number}")).click()
    desk.says("结果已拟定")
    for solution in winners[1:]:
        propose_decision(solution, actor=fresh(organiser), outcome="selected")
    for solution in losers:
        propose_decision(
            solution, actor=fresh(organiser), outcome="not_selected", text="承诺值的依据不足，请补充比对数据。"
        )
    loser = Window(open_as(losers[0].author, losers[0].get_absolute_url()))
    expect(loser.page.locator("body")).not_to_contain_text("承诺值的依据不足")
    assert public.page.request.get(reverse("challenges:announcement", args=[challenge.pk])).status == 404
    let_end(challenge, "finals")
    step(desk, challenge, "进入公示")
    loser.page.goto(reverse("challenges:solution_outcome", args=[losers[0].pk]))
    loser.shows("承诺值的依据不足，请补充比对数据。")
    public.page.goto(reverse("challenges:announcement", args=[challenge.pk]))
    public.shows("测试计量院")
    expect(public.page.locator("body")).not_to_contain_text("第2计量研究院")
    loser.page.goto(reverse("challenges:objection_list", args=[challenge.pk]))
    loser.page.locator("[name=text]").fill("请复核第一个项目的指标。")
    loser.press("提交异议")
    loser.says("异议已提交")
    desk.page.goto(reverse("challenges:objection_list", args=[challenge.pk]))
    desk.page.get_by_label("不成立").check()
    desk.page.locator("[name$=answer]").fill("已复核，评分依据充分。")
    desk.press("答复")
    desk.says("已答复")
    assert challenge.objections.get().is_upheld is False
    let_end(challenge, "announced")
    step(desk, challenge, "进入签约")


def sign_and_track(desk, challenge, cast, open_as, organiser):
    """Each winner gets its docking and steward; after 3, 6 and 12 months somebody says what has become of it."""
    desk.page.goto(reverse("challenges:signing", args=[challenge.pk]))
    first = Solution.objects.filter(status="selected").order_by("entry__board_number").first()
    choice = desk.page.locator("[name$=steward]").first
    choice.select_option(index=1)
    desk.page.get_by_role("button", name=re.compile(rf"^开启对接\s*：{first.entry.board_number}")).click()
    desk.says(first.entry.board_number)
    first.refresh_from_db()
    steward = first.docking.steward
    for solution in Solution.objects.filter(status="selected", docking=None):
        open_docking_for(solution, actor=fresh(organiser), steward=steward)
    assert Docking.objects.filter(solution__entry__challenge=challenge).count() == ANSWERED
    for docking in Docking.objects.all():
        pledge(docking, actor=fresh(steward))
    step(desk, challenge, "进入跟踪")
    follow_ups = FollowUp.objects.filter(solution__entry__challenge=challenge)
    assert sorted(follow_ups.values_list("months", flat=True)) == sorted([3, 6, 12] * ANSWERED)
    FollowUp.objects.update(due_on=timezone.localdate() - DAY)
    one = follow_ups.first()
    desk.page.goto(reverse("challenges:follow_up_edit", args=[one.pk]))
    desk.page.locator("[name=state]").select_option("on_track")
    desk.page.locator("[name=text]").fill("样机已到现场。")
    desk.press("保存跟踪")
    desk.says("跟踪已保存")
    for follow_up in follow_ups.exclude(pk=one.pk):
        fill_follow_up(follow_up, actor=fresh(organiser), state="in_use", text="已交付使用。")
    desk.page.goto(reverse("challenges:report", args=[challenge.pk]))
    for words in (f"{NEEDS}", f"{ITEMS}", f"{ANSWERED * SOLVERS}"):
        desk.shows(words)
    step(desk, challenge, "归档")
