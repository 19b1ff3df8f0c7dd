"""The pages of challenges: what they say in each phase, and that nothing entered is lost."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone

from challenges.checklist import checks_for
from challenges.models import Challenge
from challenges.services.challenges import create_challenge, extend_window, move_challenge

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)
HTMX = {"HX-Request": "true", "HX-Target": "challenge-clock"}


def text_of(response):
    return response.content.decode()


def criteria_form(*rows, **more):
    """What the criteria editor sends."""
    data = {"criteria-TOTAL_FORMS": len(rows), "criteria-INITIAL_FORMS": 0, **more}
    for number, (name, weight) in enumerate(rows):
        data |= {f"criteria-{number}-name": name, f"criteria-{number}-weight": weight}
    return data


def calendar_form(**times):
    names = [f"{phase}_{end}_at" for phase in ("collecting", "screening", "board") for end in ("opens", "closes")]
    return dict.fromkeys(names, "") | times


PARTICULARS = {
    "name": "2026 年挑战赛",
    "theme": "在线测量",
    "rules_text": "面向企业。",
    "regions": ["310000", "320000"],
    "reviews_per_item": "5",
    "is_anonymous": "on",
}


# --- The public page ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ("draft", "征集尚未发布"),
        ("collecting", "把测不了、测不准的难题报上来"),
        ("screening", "专家正在评审报名的需求"),
        ("board", "榜单已发布，等您来揭榜"),
        ("cancelled", "理由：经费未落实"),
    ],
)
def test_each_phase_has_a_page_of_its_own(status, says, new_challenge, as_user, organiser):
    challenge = new_challenge(status)
    page = text_of(as_user(organiser).get(challenge.get_absolute_url()))
    assert (says in page, f'class="phase phase--{status}"' in page, "需求真实性" in page) == (True, True, True)


def test_the_page_of_a_call_tells_the_time_left_and_the_extension(challenge, client, organiser):
    window = challenge.window("collecting")
    end = timezone.localtime(window.closes_at)
    extend_window(challenge, "collecting", actor=organiser, closes_at=window.closes_at + DAY, reason="台风停工")
    page = text_of(client.get(challenge.get_absolute_url()))
    assert "还剩 10 天 23 小时" in page
    assert f"原定 {end:%Y-%m-%d %H:%M}，延期理由：台风停工" in page


def test_the_clock_comes_alone_when_it_is_asked_for(challenge, client):
    answer = text_of(client.get(challenge.get_absolute_url(), headers=HTMX))
    assert ("还剩 9 天 23 小时" in answer, "<html" in answer) == (True, False)


@pytest.mark.parametrize("who", ["owner", "provider", None])
def test_a_visitor_reads_what_to_do_now(who, challenge, people, as_user, client):
    page = text_of((as_user(people[who]) if who else client).get(challenge.get_absolute_url()))
    assert ("登录后报名" in page) is (who is None)
    assert ("榜单发布后，机构可以在这里看到入选的难题。" in page) is (who == "provider")
    assert "管理赛事" not in page


def test_a_call_that_is_over_invites_nobody(new_challenge, client, time_machine):
    challenge = new_challenge()
    time_machine.move_to(challenge.window("collecting").closes_at)
    page = text_of(client.get(challenge.get_absolute_url()))
    assert ("报名已截止，等待组织方进入需求评审。" in page, "登录后报名" in page) == (True, False)


def test_times_are_shown_in_shanghai(challenge, client):
    opens_at = datetime(2026, 6, 1, 16, tzinfo=ZoneInfo("UTC"))
    challenge.windows.filter(phase="board").update(opens_at=opens_at, closes_at=opens_at + DAY)
    assert "2026-06-02 00:00" in text_of(client.get(challenge.get_absolute_url()))


# --- Setting up ---------------------------------------------------------------------------------------------------


def test_an_organiser_sets_a_challenge_up_from_nothing(as_user, organiser, institute, owner, client):
    """As a person would do it, page by page, following the list of what is missing."""
    visitor = as_user(organiser)
    body = organiser.authorities[0]
    created = visitor.post(
        "/challenges/new/", PARTICULARS | {"organiser": body.pk, "co_organisers": [institute.pk]}, follow=True
    )
    challenge = Challenge.objects.get()
    manage = f"/challenges/{challenge.pk}/manage/"
    assert created.redirect_chain == [(manage, 302)]
    assert "还差 2 项，全部完成后即可进入征集。" in text_of(created)
    assert (challenge.regions, challenge.reviews_per_item, list(challenge.co_organisers.all())) == (
        ["310000", "320000"],
        5,
        [institute],
    )
    refused = text_of(visitor.post(f"/challenges/{challenge.pk}/move/open_collecting/"))
    assert "请先完成：填写征集、需求评审和发榜的起止时间" in refused
    start = timezone.localtime() + DAY
    days = {"collecting_opens": 0, "collecting_closes": 9, "screening_opens": 9, "screening_closes": 19}
    days |= {"board_opens": 20, "board_closes": 30}
    times = {f"{name}_at": (start + count * DAY).strftime("%Y-%m-%dT%H:%M") for name, count in days.items()}
    visitor.post(f"/challenges/{challenge.pk}/windows/", times)
    ready = text_of(visitor.get(manage))
    assert ("全部完成后即可" in ready, '<button class="button button--primary">进入征集</button>' in ready) == (
        False,
        True,
    )
    visitor.post(f"/challenges/{challenge.pk}/move/open_collecting/")
    challenge.refresh_from_db()
    assert (challenge.status, as_user(owner).get(challenge.get_absolute_url()).status_code) == ("collecting", 200)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "长" * 121}, "name"),
        ({"reviews_per_item": "2"}, "reviews_per_item"),
        ({"reviews_per_item": "10"}, "reviews_per_item"),
        ({"regions": ["999999"]}, "regions"),
        ({"co_organisers": ["nobody"]}, "co_organisers"),
        ({"organiser": ""}, "organiser"),
    ],
)
def test_refused_particulars_keep_what_was_entered(change, field, as_user, organiser):
    data = PARTICULARS | {"organiser": organiser.authorities[0].pk} | change
    response = as_user(organiser).post("/challenges/new/", data)
    page = text_of(response)
    assert (list(response.context["form"].errors), Challenge.objects.count()) == ([field], 0)
    assert ('value="在线测量"' in page, "面向企业。" in page, 'value="310000"' in page) == (True, True, True)


def test_editing_keeps_the_organiser_and_smaller_regions(challenge, as_user, organiser, distant_organiser):
    Challenge.objects.filter(pk=challenge.pk).update(regions=["320500"])
    other = distant_organiser.authorities[0]
    data = PARTICULARS | {"regions": ["320500", "330000"], "organiser": other.pk}
    response = as_user(organiser).post(f"/challenges/{challenge.pk}/edit/", data)
    challenge.refresh_from_db()
    assert (response.status_code, challenge.regions) == (302, ["320500", "330000"])
    assert challenge.organiser == organiser.authorities[0]


def test_the_calendar_keeps_what_was_entered_and_names_what_is_wrong(new_challenge, as_user, organiser):
    challenge = new_challenge("draft")
    wrong = calendar_form(
        collecting_opens_at="2026-06-01T09:00",
        screening_opens_at="2026-07-02T09:00",
        screening_closes_at="2026-07-01T18:00",
        board_opens_at="0001-01-01T00:00",
        board_closes_at="nonsense",
    )
    response = as_user(organiser).post(f"/challenges/{challenge.pk}/windows/", wrong)
    assert response.context["form"].errors == {
        "collecting_closes_at": ["请填写征集截止时间，或把这一阶段的两个时间都清空。"],
        "screening_closes_at": ["截止时间必须晚于开始时间，请改正。"],
        "board_opens_at": ["请填写 2000 年到 2100 年之间的时间。"],
        "board_closes_at": ["输入一个有效的日期/时间。"],
    }
    page = text_of(response)
    assert all(f'value="{value}"' in page for value in wrong.values() if value and not value.startswith("0001"))


def test_the_calendar_is_read_as_times_of_shanghai(new_challenge, as_user, organiser):
    challenge = new_challenge("draft")
    times = calendar_form(collecting_opens_at="2026-06-01T09:00", collecting_closes_at="2026-06-30T18:00")
    as_user(organiser).post(f"/challenges/{challenge.pk}/windows/", times)
    window = challenge.windows.get()
    assert (window.opens_at, window.closes_at) == (
        datetime(2026, 6, 1, 9, tzinfo=SHANGHAI),
        datetime(2026, 6, 30, 18, tzinfo=SHANGHAI),
    )


def test_a_phase_that_has_begun_is_shown_but_not_changed(challenge, as_user, organiser):
    before = challenge.window("collecting").closes_at
    later = [timezone.localtime() + days * DAY for days in (20, 40, 41, 50)]
    names = ("screening_opens_at", "screening_closes_at", "board_opens_at", "board_closes_at")
    times = {name: moment.strftime("%Y-%m-%dT%H:%M") for name, moment in zip(names, later, strict=True)}
    times |= {"collecting_opens_at": "", "collecting_closes_at": ""}
    response = as_user(organiser).post(f"/challenges/{challenge.pk}/windows/", times)
    assert response.status_code == 302
    assert challenge.windows.get(phase="collecting").closes_at == before
    assert challenge.windows.get(phase="screening").opens_at == later[0].replace(second=0, microsecond=0)


# --- The criteria -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([("甲", 60), ("乙", 39)], "权重合计应为 100，现在是 99，请调整。"),
        ([("甲", 50), ("甲", 50)], "同一环节里不能有同名的评审指标，请改名或合并。"),
        ([("甲", 100), ("乙", 0)], "确保该值大于或等于1。"),
        ([("甲", "x"), ("乙", 100)], "输入整数。"),
        ([("长" * 41, 100)], "确保该变量包含不超过 40 字符 (目前字符数 41)。"),
        ([(f"第{number}项", 5) for number in range(21)], "一个环节最多 20 项指标，请合并或删除一些。"),
    ],
)
def test_refused_criteria_keep_all_rows(rows, says, new_challenge, as_user, organiser):
    challenge = new_challenge("draft")
    address = f"/challenges/{challenge.pk}/criteria/screening/"
    page = text_of(as_user(organiser).post(address, criteria_form(*rows)))
    assert (says in page, all(f'value="{name}"' in page for name, _ in rows)) == (True, True)
    assert challenge.criteria.filter(stage="screening").count() == 5


def test_one_more_row_saves_nothing_and_loses_nothing(new_challenge, as_user, organiser):
    challenge = new_challenge("draft")
    address = f"/challenges/{challenge.pk}/criteria/solution/"
    response = as_user(organiser).post(address, criteria_form(("甲", 60), ("乙", "x"), add_line="1"))
    page = text_of(response)
    assert ('value="甲"' in page, 'value="x"' in page, len(response.context["formset"].forms)) == (True, True, 3)
    assert '<output class="number" data-sum>60</output>' in page
    assert "输入整数" not in page
    assert challenge.criteria.filter(stage="solution").count() == 6


def test_blank_and_removed_rows_are_left_out(new_challenge, as_user, organiser):
    challenge = new_challenge("draft")
    data = criteria_form(("甲", 60), ("", ""), ("乙", 40), ("丙", 40), **{"criteria-3-DELETE": "on"})
    response = as_user(organiser).post(f"/challenges/{challenge.pk}/criteria/solution/", data)
    assert response.status_code == 302
    assert list(challenge.criteria.filter(stage="solution").values_list("name", "weight")) == [("甲", 60), ("乙", 40)]


def test_criteria_that_stand_are_not_offered_for_change(new_challenge, as_user, organiser):
    challenge = new_challenge("screening")
    address = f"/challenges/{challenge.pk}/criteria/screening/"
    visitor = as_user(organiser)
    assert "需求评审指标已定。" in text_of(visitor.get(address))
    assert "评审指标不能再修改。" in text_of(visitor.post(address, criteria_form(("甲", 100))))
    assert challenge.criteria.filter(stage="screening").count() == 5


# --- Running ------------------------------------------------------------------------------------------------------


def test_a_refused_extension_keeps_the_reason(challenge, as_user, organiser):
    data = {"phase": "collecting", "closes_at": "2026-01-01T00:00", "reason": "台风停工"}
    response = as_user(organiser).post(f"/challenges/{challenge.pk}/extend/", data)
    assert response.context["extension_form"].non_field_errors() == [
        "延期后的截止时间必须晚于原截止时间，也不能早于现在。"
    ]
    assert 'value="台风停工"' in text_of(response)


def test_an_extension_is_offered_once(challenge, as_user, organiser):
    visitor, address = as_user(organiser), f"/challenges/{challenge.pk}/extend/"
    end = timezone.localtime(challenge.window("collecting").closes_at) + DAY
    data = {"phase": "collecting", "closes_at": end.strftime("%Y-%m-%dT%H:%M"), "reason": "台风停工"}
    assert visitor.post(address, data).status_code == 302
    assert 'id="extension"' not in text_of(visitor.get(f"/challenges/{challenge.pk}/manage/"))
    again = visitor.post(address, data)
    assert list(again.context["extension_form"].errors) == ["phase"]


def test_a_cancellation_without_a_reason_is_refused_and_one_with_it_published(challenge, as_user, organiser, client):
    visitor, address = as_user(organiser), f"/challenges/{challenge.pk}/move/cancel/"
    assert "取消赛事需要写明理由，请填写后再提交。" in text_of(visitor.post(address, {"note": " "}))
    visitor.post(address, {"note": "经费未落实"})
    challenge.refresh_from_db()
    visitor.logout()
    assert (challenge.status, "理由：经费未落实" in text_of(client.get(challenge.get_absolute_url()))) == (
        "cancelled",
        True,
    )


def test_the_console_tells_where_it_stands(new_challenge, as_user, organiser):
    visitor = as_user(organiser)
    pages = {
        status: text_of(visitor.get(f"/challenges/{new_challenge(status).pk}/manage/"))
        for status in ("draft", "collecting", "screening", "board", "cancelled")
    }
    says = {
        "draft": "进入征集之前",
        "collecting": "进入需求评审之前",
        "screening": "进入发榜之前",
        "board": "进入揭榜之前",
        "cancelled": "赛事已取消",
    }
    assert {status for status, page in pages.items() if says[status] in page} == set(says)


@pytest.mark.parametrize(
    ("status", "phase"), [("draft", "collecting"), ("collecting", "screening"), ("screening", "board")]
)
def test_each_thing_that_is_missing_leads_to_a_page(status, phase, new_challenge, as_user, organiser):
    challenge, visitor = new_challenge(status), as_user(organiser)
    pages = [reverse(f"challenges:{check.place}", args=[challenge.pk]) for check in checks_for(challenge, phase)]
    assert [visitor.get(page).status_code for page in pages] == [200] * len(pages)


@pytest.mark.parametrize("chosen", [True, False])
def test_last_years_challenge_is_copied_on_a_page(chosen, new_challenge, as_user, organiser, distant_organiser):
    source = new_challenge("board")
    other = create_challenge(actor=distant_organiser, organiser=distant_organiser.authorities[0], name="别家的")
    visitor = as_user(organiser)
    page = text_of(visitor.get("/challenges/copy/", {"source": source.pk}))
    assert (f'value="{source.pk}" selected' in page, str(other.pk) in page) == (True, False)
    response = visitor.post("/challenges/copy/", {"source": source.pk if chosen else other.pk, "name": "下一届"})
    assert (response.status_code, Challenge.objects.filter(name="下一届", copied_from=source).exists()) == (
        302 if chosen else 200,
        chosen,
    )


def test_the_list_shows_drafts_to_those_who_run_them(new_challenge, as_user, client, organiser):
    draft, call = new_challenge("draft", name="筹备中的"), new_challenge(name="征集中的")
    move_challenge(new_challenge(name="取消了的"), "cancel", actor=organiser, note="有事")
    public = text_of(client.get("/challenges/"))
    assert [name in public for name in ("筹备中的", "征集中的", "取消了的", "新建")] == [False, True, True, False]
    own = text_of(as_user(organiser).get("/challenges/"))
    assert [str(each.pk) in own for each in (draft, call)] == [True, True]
    assert ("新建" in own, "从往届复制" in own) == (True, True)
