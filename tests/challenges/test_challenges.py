"""The clock, the calendar, the extension, the criteria and the copy of a challenge; who may run it."""

import threading
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import connection, connections
from django.utils import timezone

from accounts.models import User
from challenges.checklist import checks_for
from challenges.clock import countdown
from challenges.enums import ChallengeStatus, ReviewStage
from challenges.models import Challenge
from challenges.services.challenges import (
    copy_challenge,
    create_challenge,
    extend_window,
    move_challenge,
    next_step,
    set_criteria,
    set_windows,
    update_challenge,
)
from challenges.workflow import challenge_workflow
from core.workflow import NotPermitted, TransitionError
from tests.challenges.conftest import plan
from tests.conftest import seat

SHANGHAI, NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")
OPENS, CLOSES = datetime(2026, 6, 1, 9, tzinfo=SHANGHAI), datetime(2026, 6, 30, 18, tzinfo=SHANGHAI)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


@pytest.fixture(params=["Asia/Shanghai", "America/New_York", "Pacific/Kiritimati"])
def server_zone(request, monkeypatch):
    """The clock of the operating system in another zone."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def timed(new_challenge):
    """A challenge whose call is open from the first to the thirtieth of June, by the clock of Shanghai."""
    challenge = new_challenge()
    challenge.windows.filter(phase="collecting").update(opens_at=OPENS, closes_at=CLOSES)
    return Challenge.objects.get(pk=challenge.pk)


# --- The clock ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "is_open", "is_over", "words"),
    [
        (OPENS - SECOND, False, False, "还有 不到 1 分钟开始"),
        (OPENS, True, False, "还剩 29 天 9 小时"),
        (OPENS + SECOND, True, False, "还剩 29 天 8 小时"),
        (CLOSES - timedelta(hours=1, minutes=5), True, False, "还剩 1 小时 5 分钟"),
        (CLOSES - SECOND, True, False, "还剩 不到 1 分钟"),
        (CLOSES, False, True, "已截止"),
        (CLOSES + SECOND, False, True, "已截止"),
    ],
)
@pytest.mark.parametrize("reader", [None, "America/New_York"])
def test_a_phase_is_open_by_the_clock_alone(moment, is_open, is_over, words, reader, server_zone, timed):
    with time_machine.travel(moment.astimezone(UTC), tick=False), timezone.override(reader and ZoneInfo(reader)):
        challenge = Challenge.objects.get(pk=timed.pk)
        window = challenge.window("collecting")
        assert (window.is_open, window.is_over, countdown(window)) == (is_open, is_over, words)
        assert challenge.is_open("collecting") == is_open
        assert challenge.is_open("screening") is False


@pytest.mark.parametrize(("second", "is_done"), [(-1, False), (0, True), (1, True)])
def test_the_screening_waits_for_the_very_end_of_the_call(second, is_done, server_zone, timed, organiser):
    with time_machine.travel(CLOSES + second * SECOND, tick=False):
        checks = {check.label: check.is_done for check in checks_for(timed, "screening")}
        assert checks["征集期已截止"] is is_done


# --- Setting up ---------------------------------------------------------------------------------------------------


def test_a_new_challenge_has_the_usual_criteria(new_challenge):
    challenge = new_challenge("draft")
    assert list(challenge.criteria.values_list("stage", "name", "weight")) == [
        ("screening", "需求真实性", 25),
        ("screening", "指标明确性", 25),
        ("screening", "产业带动", 20),
        ("screening", "可行性", 15),
        ("screening", "投入", 15),
        ("solution", "指标响应", 35),
        ("solution", "技术可行性", 20),
        ("solution", "团队与资质", 15),
        ("solution", "工作基础", 10),
        ("solution", "进度", 10),
        ("solution", "报价", 10),
    ]


@pytest.mark.parametrize("who", ["owner", "provider", "reviewer", "distant_organiser"])
def test_a_challenge_is_run_only_as_a_body_of_ones_own(who, people):
    body = people["organiser"].authorities[0]
    with pytest.raises(NotPermitted, match="只能以您所在的、已核验的组织方单位举办赛事。"):
        create_challenge(actor=people[who], organiser=body, name="不该有的赛事")
    assert Challenge.objects.count() == 0


def test_only_verified_authorities_and_institutes_help(
    new_challenge, organiser, institute, enterprise, new_organisation
):
    challenge = new_challenge("draft")
    helper = new_organisation("authority")
    update_challenge(challenge, actor=organiser, co_organisers=[helper, institute])
    assert set(challenge.co_organisers.all()) == {helper, institute}
    unverified = new_organisation("institute", verified=False)
    for body in (enterprise, unverified, organiser.authorities[0]):
        with pytest.raises(ValidationError, match="协办单位只能是主办单位以外、已核验的组织方或服务机构"):
            update_challenge(challenge, actor=organiser, co_organisers=[body])
    assert set(challenge.co_organisers.all()) == {helper, institute}


def test_a_change_is_noted_with_what_changed_and_nothing_else(new_challenge, organiser):
    challenge = new_challenge("draft")
    before = challenge.events.count()
    update_challenge(challenge, actor=organiser, name=challenge.name, theme="别的主题", co_organisers=[])
    update_challenge(challenge, actor=organiser, name=challenge.name, theme="别的主题", co_organisers=[])
    assert [event.data for event in challenge.events.all()[before:]] == [{"fields": ["theme"]}]


@pytest.mark.parametrize("status", ["screening", "board", "cancelled"])
def test_particulars_and_screening_criteria_stand_once_the_screening_has_begun(status, new_challenge, organiser):
    challenge = new_challenge(status)
    label = challenge.get_status_display()
    with pytest.raises(TransitionError, match=f"赛事处于“{label}”阶段，基本信息和规则不能再修改。"):
        update_challenge(challenge, actor=organiser, theme="换了")
    with pytest.raises(TransitionError, match=f"赛事处于“{label}”阶段，评审指标不能再修改。"):
        set_criteria(challenge, "screening", actor=organiser, criteria=[{"name": "一项", "weight": 100}])


def test_the_criteria_of_solutions_may_change_until_the_board_is_out(new_challenge, organiser):
    rows = [{"name": "响应", "weight": 60, "guidance": "逐条"}, {"name": "报价", "weight": 40}]
    for status in ("draft", "collecting", "screening"):
        challenge = new_challenge(status)
        set_criteria(challenge, "solution", actor=organiser, criteria=rows)
        assert list(challenge.criteria.filter(stage="solution").values_list("name", "weight", "position")) == [
            ("响应", 60, 0),
            ("报价", 40, 1),
        ]
    with pytest.raises(TransitionError):
        set_criteria(new_challenge("board"), "solution", actor=organiser, criteria=rows)


@pytest.mark.parametrize(
    ("weights", "names", "said"),
    [
        ([60, 39], ["甲", "乙"], "权重合计应为 100，现在是 99，请调整。"),
        ([60, 41], ["甲", "乙"], "权重合计应为 100，现在是 101，请调整。"),
        ([], [], "权重合计应为 100，现在是 0，请调整。"),
        ([60, 40], ["甲", " 甲 "], "同一环节里不能有同名的评审指标，请改名或合并。"),
    ],
)
def test_weights_sum_to_a_hundred_and_names_differ(weights, names, said, new_challenge, organiser):
    challenge = new_challenge("draft")
    rows = [{"name": name, "weight": weight} for name, weight in zip(names, weights, strict=True)]
    with pytest.raises(ValidationError) as refused:
        set_criteria(challenge, "screening", actor=organiser, criteria=rows)
    assert refused.value.messages == [said]
    assert challenge.criteria.filter(stage="screening").count() == 5


# --- The calendar -------------------------------------------------------------------------------------------------


def test_the_calendar_of_a_draft_is_free(new_challenge, organiser):
    challenge = new_challenge("draft")
    calendar = plan()
    del calendar["board"]
    set_windows(challenge, actor=organiser, calendar=calendar)
    assert list(challenge.windows.values_list("phase", flat=True)) == ["collecting", "screening"]
    set_windows(challenge, actor=organiser, calendar={})
    assert challenge.windows.count() == 0


def test_the_same_calendar_again_changes_nothing(new_challenge, organiser):
    challenge = new_challenge()
    before = (challenge.events.count(), list(challenge.windows.values()))
    calendar = {window.phase: (window.opens_at, window.closes_at) for window in challenge.windows.all()}
    set_windows(challenge, actor=organiser, calendar=calendar)
    assert (challenge.events.count(), list(challenge.windows.values())) == before


def test_after_the_call_only_phases_ahead_may_change(new_challenge, organiser):
    challenge = new_challenge()
    published = {window.phase: (window.opens_at, window.closes_at) for window in challenge.windows.all()}
    later = (published["board"][0], published["board"][1] + DAY)
    set_windows(challenge, actor=organiser, calendar=published | {"board": later})
    assert challenge.windows.get(phase="board").closes_at == later[1]
    begun = (published["collecting"][0], published["collecting"][1] + DAY)
    with pytest.raises(TransitionError, match="“征集”已经开始，截止时间只能延期一次。"):
        set_windows(challenge, actor=organiser, calendar=published | {"board": later, "collecting": begun})
    with pytest.raises(ValidationError, match="“发榜”的时间可以改，不能留空。"):
        set_windows(
            challenge, actor=organiser, calendar={each: published[each] for each in ("collecting", "screening")}
        )


def test_phases_end_one_after_the_other(new_challenge, organiser):
    challenge = new_challenge("draft")
    calendar = plan()
    with pytest.raises(ValidationError, match="“需求评审”必须在“征集”之后截止，请先调整“需求评审”的时间。"):
        set_windows(challenge, actor=organiser, calendar=calendar | {"screening": calendar["collecting"]})
    with pytest.raises(ValidationError, match="截止时间必须晚于开始时间。"):
        set_windows(challenge, actor=organiser, calendar=calendar | {"board": calendar["board"][::-1]})


# --- The extension ------------------------------------------------------------------------------------------------


def test_an_end_is_put_off_once_with_a_reason_and_the_original_date(new_challenge, organiser):
    challenge = new_challenge()
    end = challenge.window("collecting").closes_at
    window = extend_window(challenge, "collecting", actor=organiser, closes_at=end + DAY, reason=" 台风停工 ")
    assert (window.closes_at, window.first_closes_at, window.extension_reason) == (end + DAY, end, "台风停工")
    event = challenge.events.last()
    assert (event.action, event.note, event.data["phase"]) == ("extend", "台风停工", "collecting")
    with pytest.raises(TransitionError, match="“征集”已经延期过一次，不能再延期。"):
        extend_window(challenge, "collecting", actor=organiser, closes_at=end + 2 * DAY, reason="再延")


@pytest.mark.parametrize(
    ("status", "phase", "days", "reason", "said"),
    [
        ("draft", "collecting", 1, "有事", "这个阶段还没有开始，请直接修改日程。"),
        ("collecting", "screening", 1, "有事", "这个阶段还没有开始，请直接修改日程。"),
        ("screening", "collecting", 30, "有事", "赛事处于“需求评审”阶段，“征集”不能再延期。"),
        ("cancelled", "collecting", 1, "有事", "赛事处于“取消”阶段，“征集”不能再延期。"),
        ("collecting", "collecting", 1, "  ", "延期需要写明理由，请填写后再提交。"),
        ("collecting", "collecting", 0, "有事", "延期后的截止时间必须晚于原截止时间，也不能早于现在。"),
        ("collecting", "collecting", -1, "有事", "延期后的截止时间必须晚于原截止时间，也不能早于现在。"),
        ("collecting", "solving", 1, "有事", "这个阶段还没有开始，请直接修改日程。"),
    ],
)
def test_an_extension_that_is_refused_says_why(status, phase, days, reason, said, new_challenge, organiser):
    challenge = new_challenge(status)
    window = challenge.window(phase)
    closes_at = (window.closes_at if window else timezone.now()) + days * DAY
    before = list(challenge.windows.values())
    with pytest.raises(TransitionError) as refused:
        extend_window(challenge, phase, actor=organiser, closes_at=closes_at, reason=reason)
    assert (str(refused.value), list(challenge.windows.values())) == (said, before)


def test_an_end_is_not_put_off_beyond_that_of_the_next_phase(new_challenge, organiser):
    challenge = new_challenge()
    end = challenge.window("screening").closes_at
    with pytest.raises(ValidationError, match="“需求评审”必须在“征集”之后截止，请先调整“需求评审”的时间。"):
        extend_window(challenge, "collecting", actor=organiser, closes_at=end, reason="有事")


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="the tests' database in memory lets no two workers write")
def test_of_two_who_extend_at_once_one_does(new_challenge, organiser):
    challenge = new_challenge()
    end, answers, start = challenge.window("collecting").closes_at, [], threading.Barrier(2)

    def extend(days):
        start.wait()
        try:
            actor = User.objects.get(pk=organiser.pk)
            mine = Challenge.objects.get(pk=challenge.pk)
            extend_window(mine, "collecting", actor=actor, closes_at=end + days * DAY, reason="有事")
            answers.append("延期")
        except TransitionError as error:
            answers.append(str(error))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=extend, args=(days,)) for days in (1, 2)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert sorted(answers) == ["“征集”已经延期过一次，不能再延期。", "延期"]
    assert challenge.events.filter(action="extend").count() == 1


# --- Steps, persons, states ---------------------------------------------------------------------------------------


STATES = ("draft", "collecting", "screening", "board", "cancelled")
SOURCES = {"open_collecting": "draft", "open_screening": "collecting", "open_board": "screening"}


@pytest.mark.parametrize("status", STATES)
@pytest.mark.parametrize("name", [*challenge_workflow.transitions, "explode"])
def test_every_step_by_everybody_in_every_state(status, name, new_challenge, people, new_user, new_organisation):
    """Co-organising authorities run the challenge too; co-organising institutes are only named."""
    people |= {"helper": new_user("协办"), "helping_institute": new_user("协办机构")}
    helper = new_organisation("authority", founder=people["helper"])
    institute = new_organisation("institute", founder=people["helping_institute"])
    challenge = new_challenge("draft")
    update_challenge(challenge, actor=people["organiser"], co_organisers=[helper, institute])
    answers = {}
    for who in people:
        Challenge.objects.filter(pk=challenge.pk).update(status=status)
        user = User.objects.get(pk=people[who].pk)
        try:
            move_challenge(Challenge.objects.get(pk=challenge.pk), name, actor=user, note="经费未落实")
            answers[who] = "done"
        except NotPermitted:
            answers[who] = "not permitted"
        except TransitionError:
            answers[who] = "refused"
    runs = {"organiser", "helper", "admin"}
    # Entries and reviews are missing for the phases that follow the call.
    possible = status == SOURCES.get(name) == "draft" or (name == "cancel" and status != "cancelled")
    allowed = "done" if possible else "refused"
    if name == "explode":
        assert set(answers.values()) == {"refused"}
    else:
        assert answers == {who: allowed if who in runs else "not permitted" for who in people}


def test_a_phase_is_refused_with_all_that_is_missing(organiser):
    challenge = create_challenge(actor=organiser, organiser=organiser.authorities[0], name="空白赛事")
    challenge.criteria.filter(name="投入").delete()
    with pytest.raises(TransitionError) as refused:
        move_challenge(challenge, "open_collecting", actor=organiser)
    assert str(refused.value) == (
        "还不能进入下一阶段，请先完成：填写主题和赛事规则；填写征集、需求评审和发榜的起止时间；"
        "征集的截止时间在今后；需求评审指标的权重合计为 100。"
    )
    assert Challenge.objects.get().status == "draft"


def test_a_call_whose_time_is_over_cannot_be_opened(new_challenge, organiser, time_machine):
    challenge = new_challenge("draft")
    time_machine.move_to(challenge.window("collecting").closes_at)
    with pytest.raises(TransitionError, match="请先完成：征集的截止时间在今后。"):
        move_challenge(challenge, "open_collecting", actor=organiser)


def test_a_cancellation_needs_a_reason(challenge, organiser):
    with pytest.raises(TransitionError, match="取消赛事需要写明理由，请填写后再提交。"):
        move_challenge(challenge, "cancel", actor=organiser, note="  ")


def test_the_next_step_is_offered_to_those_who_run(new_challenge, people):
    steps = {
        status: {who for who, user in people.items() if next_step(new_challenge(status), user)} for status in STATES
    }
    runs = {"organiser", "admin"}
    assert steps == {"draft": runs, "collecting": runs, "screening": runs, "board": runs, "cancelled": set()}


@pytest.mark.parametrize("status", STATES)
def test_drafts_are_seen_by_those_who_run_them(status, new_challenge, people, new_user, new_organisation):
    helper = new_user("协办")
    new_organisation("authority", founder=helper)
    challenge = new_challenge(status)
    challenge.co_organisers.add(*helper.authorities)
    people |= {"helper": helper}
    seen = {who for who, user in people.items() if challenge in Challenge.objects.visible_to(user)}
    run = {who for who, user in people.items() if challenge in Challenge.objects.run_by(user)}
    assert run == {"organiser", "helper", "admin"}
    assert seen == (run if status == "draft" else set(people))


def test_rights_end_with_the_role(challenge, new_user, organiser):
    colleague = seat(new_user("同事"), organiser.organisations[0])
    assert colleague.has_perm("challenges.run_challenge", challenge)
    colleague.memberships.all().delete()
    left = User.objects.get(pk=colleague.pk)
    with pytest.raises(NotPermitted):
        update_challenge(challenge, actor=left, theme="换了")


# --- The copy -----------------------------------------------------------------------------------------------------


def test_a_copy_is_a_draft_with_particulars_and_criteria_but_no_calendar(new_challenge, organiser, institute):
    source = new_challenge("board", regions=["310000", "320000"], reviews_per_item=5, is_anonymous=False)
    source.co_organisers.add(institute)
    source.criteria.filter(stage="solution", name="报价").update(name="价格", guidance="含税")
    copied = copy_challenge(source, actor=organiser, name="下一届")
    particulars = ("organiser_id", "regions", "theme", "rules_text", "reviews_per_item", "is_anonymous")
    assert [getattr(copied, name) for name in particulars] == [getattr(source, name) for name in particulars]
    assert (copied.name, copied.status, copied.copied_from, copied.windows.count()) == ("下一届", "draft", source, 0)
    assert list(copied.co_organisers.all()) == [institute]
    fields = ("stage", "name", "weight", "guidance", "position")
    assert list(copied.criteria.values_list(*fields)) == list(source.criteria.values_list(*fields))
    assert {stage for stage, *_ in copied.criteria.values_list(*fields)} == set(ReviewStage)


def test_who_helped_last_year_may_run_this_year(new_challenge, organiser, institute, new_user, new_organisation):
    helper = new_user("协办")
    body = new_organisation("authority", founder=helper)
    lapsed = new_organisation("institute")
    source = new_challenge("board")
    source.co_organisers.set([body, institute, lapsed])
    type(lapsed).objects.filter(pk=lapsed.pk).update(verified_at=None)
    copied = copy_challenge(source, actor=helper, name="下一届")
    assert (copied.organiser, set(copied.co_organisers.all())) == (body, {organiser.authorities[0], institute})


def test_only_who_runs_a_challenge_copies_it(challenge, distant_organiser):
    with pytest.raises(NotPermitted, match="只有主办和协办单位可以管理这项赛事。"):
        copy_challenge(challenge, actor=distant_organiser, name="抄来的")


def test_the_states_are_called_as_in_the_trade():
    labels = "筹备 征集 需求评审 发榜 揭榜 方案评审 现场赛 公示 签约 跟踪 归档 取消"
    assert ChallengeStatus.labels == labels.split()
    assert [step.label for step in challenge_workflow.transitions.values()] == [
        "进入征集",
        "进入需求评审",
        "进入发榜",
        "进入揭榜",
        "进入方案评审",
        "进入现场赛",
        "进入公示",
        "进入签约",
        "进入跟踪",
        "归档",
        "取消赛事",
    ]
