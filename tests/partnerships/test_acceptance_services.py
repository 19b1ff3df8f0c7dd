"""What was achieved, as the engine judges it against what was required, and what both sides think of it."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import Notice
from core.history import find_break
from core.workflow import NotPermitted, TransitionError
from partnerships.models import Acceptance, Docking
from partnerships.requirements import state_requirement
from partnerships.services.acceptance import give_mark, save_acceptance
from partnerships.services.acceptance import judge_result as judge
from partnerships.services.dockings import ask_stage
from tests.conftest import seat

pytestmark = pytest.mark.django_db


def save(docking, actor, *achieved, **fields):
    values = {"accepted_on": timezone.localdate(), "conclusion": "通过", **fields}
    return save_acceptance(docking, actor=actor, lines=[{"achieved_text": text} for text in achieved], **values)


@pytest.fixture
def delivered(new_docking):
    return new_docking("delivery")


@pytest.fixture
def acceptance(delivered, provider):
    return save(delivered, provider, "U=0.4 μm (k=2)")


# --- Verdicts -----------------------------------------------------------------------------------------------------

CMM = {"label": "坐标测量机 长度示值误差", "range_text": "0~500 mm", "required_text": "MPE ±(1.5+L/350) μm"}
GAUGE = {"label": "压力表", "range_text": "0~60 MPa", "required_text": "1.6级"}
DIRECT = {"label": "压力表", "range_text": "0~60 MPa", "required_text": "U≤0.1 MPa (k=2)"}
VOLTAGE = {"label": "交流电压表 交流电压", "range_text": "10mV~1000V(40Hz~1kHz)", "required_text": "Urel≤0.1%"}
FREQUENCY = {"label": "频谱分析仪 频率", "range_text": "9 kHz~26.5 GHz", "required_text": "±1×10⁻⁷"}
WRITE_SO = "没有读出达到的不确定度，请带单位写，例如“U=0.8 μm (k=2)”或“Urel=0.05 % (k=2)”"


@pytest.mark.parametrize(
    ("required", "achieved", "verdict", "end"),
    [
        # At 0 mm the MPE is 1.5 μm, a third of it 0.5 μm; at 500 mm it is 2.93 μm.
        (CMM, "U=0.4 μm (k=2)", "pass", "达到 U=0.4 μm：达到要求（TUR 3.75）"),
        (CMM, "U=0.5 μm (k=2)", "pass", "达到 U=0.5 μm：达到要求（TUR 3.00）"),
        (CMM, "0.4 μm", "pass", "达到 U = 0.4 μm：达到要求（TUR 3.75）"),
        (
            CMM,
            "U=0.8 μm (k=2)",
            "partial",
            "达到 U=0.8 μm：部分达到要求，范围的 37 % 足够，0 mm~315 mm 不足（最不利处 TUR 1.88）",
        ),
        (CMM, "U=3 μm (k=2)", "fail", "达到 U=3 μm：没有达到要求（TUR 0.50）"),
        # Class 1.6 of 60 MPa is an MPE of 0.96 MPa, a third of it 0.32 MPa.
        (GAUGE, "U=0.32 MPa (k=2)", "pass", "达到 U=0.32 MPa：达到要求（TUR 3.00）"),
        (GAUGE, "U=0.4 MPa (k=2)", "fail", "达到 U=0.4 MPa：没有达到要求，可按待定区使用（TUR 2.40）"),
        # An uncertainty that was asked for itself is compared as it is, at k=2.
        (DIRECT, "U=0.1 MPa (k=2)", "pass", "达到 U=0.1 MPa：达到要求"),
        (DIRECT, "U=0.15 MPa, k=3", "pass", "达到 U=0.15 MPa，折合 k=2 为 0.1 MPa：达到要求"),
        (DIRECT, "U=0.2 MPa (k=2)", "fail", "达到 U=0.2 MPa：没有达到要求"),
        (VOLTAGE, "Urel=0.05% (k=2)", "pass", "达到 Urel=0.05% = 5 μV：达到要求"),
        (VOLTAGE, "Urel=0.2% (k=2)", "fail", "达到 Urel=0.2% = 20 μV：没有达到要求"),
        # Bare ratios on both sides.
        (FREQUENCY, "U=2×10⁻⁸ (k=2)", "pass", "达到 U=2×10⁻⁸ = 0.53 kHz：达到要求（TUR 5.00）"),
        # What cannot be compared is kept, and the reader is told what to write.
        (CMM, "未测", "unknown", f"无法判断，{WRITE_SO}"),
        (CMM, "很好", "unknown", f"无法判断，{WRITE_SO}"),
        (CMM, "U=0.4", "unknown", f"无法判断，{WRITE_SO}"),
        (CMM, "MPE ±0.4 μm", "unknown", f"无法判断，{WRITE_SO}"),
        (DIRECT, "U=0.15 ℃ (k=2)", "unknown", "无法判断，达到的不确定度与被测量的单位不一致，请改用被测量的单位"),
        (
            CMM | {"required_text": ""},
            "U=0.4 μm",
            "unknown",
            "无法判断，需求没有给出准确度要求，请在结论里写明是否达到",
        ),
    ],
)
def test_a_result_is_judged_over_the_range_that_was_asked_for(required, achieved, verdict, end):
    line = judge(state_requirement(**required), achieved)
    assert (line.verdict, line.achieved_text) == (verdict, achieved)
    assert line.sentence.endswith(end), line.sentence


def test_each_line_of_the_need_is_kept_with_what_it_asked_for(delivered, provider):
    acceptance = save(delivered, provider, "U=0.4 μm (k=2)")
    fields = ("position", "label", "range_text", "required_text", "achieved_text", "verdict", "sentence")
    assert list(acceptance.lines.values_list(*fields)) == [
        (
            0,
            "坐标测量机 长度示值误差",
            "0~500 mm",
            "MPE ±(1.5+L/350) μm",
            "U=0.4 μm (k=2)",
            "pass",
            "需求 0~500 mm，MPE ±(1.5+L/350) μm → 要求 U ≤ 0.5 μm（0 mm 处，按 1/3）；"
            "达到 U=0.4 μm：达到要求（TUR 3.75）",
        )
    ]


def test_what_was_required_comes_from_the_need_whatever_is_sent(delivered, provider):
    sent = {"achieved_text": "U=0.8 μm (k=2)", "label": "别的", "range_text": "1 mm", "required_text": "U≤9 m"}
    today = timezone.localdate()
    acceptance = save_acceptance(delivered, actor=provider, lines=[sent], accepted_on=today, conclusion="通过")
    line = acceptance.lines.get()
    assert (line.label, line.required_text, line.verdict) == (
        "坐标测量机 长度示值误差",
        "MPE ±(1.5+L/350) μm",
        "partial",
    )


def test_a_need_without_lines_is_accepted_by_lines_of_ones_own(new_docking, owner, new_need):
    docking = new_docking("execution", lines=(), is_qualitative=True)
    lines = [{**GAUGE, "achieved_text": "U=0.1 MPa (k=2)"}]
    acceptance = save_acceptance(docking, actor=owner, lines=lines, accepted_on=timezone.localdate(), conclusion="通过")
    assert list(acceptance.lines.values_list("label", "required_text", "verdict")) == [("压力表", "1.6级", "pass")]


# --- Who and when -------------------------------------------------------------------------------------------------


def test_only_the_two_sides_fill_it_in(people, delivered):
    def saves(user):
        try:
            save(delivered, user, "U=0.4 μm (k=2)")
        except NotPermitted:
            return False
        return True

    assert {name for name, user in people.items() if saves(user)} == {"owner", "colleague", "provider"}


@pytest.mark.parametrize("stage", ["exchange", "contract", "acceptance", "closed", "failed"])
def test_it_is_filled_in_while_the_work_goes_on(stage, new_docking, owner):
    with pytest.raises(TransitionError, match="验收记录在“实施”和“交付”阶段填写"):
        save(new_docking(stage), owner, "U=0.4 μm (k=2)")


@pytest.mark.parametrize(
    ("achieved", "fields", "message"),
    [
        ([], {}, "需求有 1 行指标，请逐行填写达到的不确定度；没有测的请写“未测”。"),
        (["U=0.4 μm", "U=0.4 μm"], {}, "需求有 1 行指标，请逐行填写达到的不确定度；没有测的请写“未测”。"),
        ([" "], {}, "第 1 行：请填写达到的不确定度；没有测的请写“未测”。"),
        (
            ["U=0.4 μm"],
            {"accepted_on": timezone.localdate() + timedelta(days=1)},
            "验收日期不能晚于今天，请填写实际验收的日期。",
        ),
    ],
)
def test_what_is_incomplete_is_refused_in_words(achieved, fields, message, delivered, owner):
    with pytest.raises(ValidationError) as refused:
        save(delivered, owner, *achieved, **fields)
    assert refused.value.messages == [message]
    assert not Acceptance.objects.exists()


def test_who_may_no_longer_read_the_lines_does_not_fill_them_in(new_docking, owner, provider):
    """The confidentiality on a need of level 2 was never signed, or has ended."""
    docking = new_docking("delivery", level=2)
    with pytest.raises(NotPermitted, match="需求的指标现在没有向您开放"):
        save(docking, provider, "U=0.4 μm (k=2)")
    assert save(docking, owner, "U=0.4 μm (k=2)").lines.count() == 1


def test_a_change_takes_back_the_request_that_rested_on_it(delivered, acceptance, owner, provider):
    ask_stage(delivered, "acceptance", actor=provider)
    save(delivered, owner, "U=0.8 μm (k=2)")
    delivered.refresh_from_db()
    acceptance.refresh_from_db()
    assert (delivered.asked_stage, delivered.asked_by) == ("", None)
    assert [event.action for event in delivered.events.all()][-2:] == ["ask", "withdraw"]
    assert [line.verdict for line in acceptance.lines.all()] == ["partial"]
    assert [event.data["results"] for event in acceptance.events.all()] == [
        [{"achieved": "U=0.4 μm (k=2)", "verdict": "pass"}],
        [{"achieved": "U=0.8 μm (k=2)", "verdict": "partial"}],
    ]
    assert find_break() is None


# --- Marks --------------------------------------------------------------------------------------------------------


def test_each_side_gives_its_own_mark_and_may_change_it(acceptance, owner, provider):
    give_mark(acceptance, actor=owner, mark=4, words="及时")
    give_mark(acceptance, actor=provider, mark=5)
    give_mark(acceptance, actor=owner, mark=5, words="及时，解释清楚")
    acceptance.refresh_from_db()
    assert (acceptance.enterprise_mark, acceptance.enterprise_words) == (5, "及时，解释清楚")
    assert (acceptance.provider_mark, acceptance.provider_words) == (5, "")
    assert [event.data for event in acceptance.events.filter(action="mark")] == [
        {"side": "enterprise", "mark": [None, 4]},
        {"side": "provider", "mark": [None, 5]},
        {"side": "enterprise", "mark": [4, 5]},
    ]


def test_only_the_two_sides_give_marks(people, acceptance):
    def marks(user):
        try:
            give_mark(acceptance, actor=user, mark=3)
        except NotPermitted:
            return False
        return True

    assert {name for name, user in people.items() if marks(user)} == {"owner", "colleague", "provider"}


def test_a_mark_stands_once_the_docking_is_closed(acceptance, owner):
    Docking.objects.filter(pk=acceptance.docking_id).update(status="closed")
    with pytest.raises(TransitionError, match="评分不再修改"):
        give_mark(Acceptance.objects.get(), actor=owner, mark=1)


def test_the_side_that_has_not_marked_is_told(acceptance, owner, provider, new_user, institute):
    seat(new_user("机构同事"), institute)
    Notice.objects.all().delete()
    give_mark(acceptance, actor=owner, mark=4, words="好")
    give_mark(acceptance, actor=provider, mark=4, words="好")
    text = f"{acceptance.docking.number} 对方已评分，请您也评分。"
    assert sorted((notice.user.name, notice.text) for notice in Notice.objects.all()) == [
        ("机构业务员", text),
        ("机构同事", text),
    ]


# --- Evidence -----------------------------------------------------------------------------------------------------


def test_evidence_of_public_needs_is_for_all_and_of_others_for_those_concerned(new_docking, owner, people):
    found = {}
    for level in (1, 2):
        docking = new_docking("delivery", level=level)
        save(docking, owner, "U=0.4 μm (k=2)")
        Docking.objects.filter(pk=docking.pk).update(status="acceptance")
    for name, user in people.items():
        seen = Acceptance.objects.evidence_for(type(user).objects.get(pk=user.pk))
        found[name] = sorted(acceptance.docking.need.level for acceptance in seen)
    insiders = {"owner", "colleague", "provider", "organiser", "admin"}
    assert found == {name: [1, 2] if name in insiders else [1] for name in people}


def test_what_is_not_yet_accepted_by_both_is_no_evidence(acceptance, owner):
    assert not Acceptance.objects.evidence_for(owner).exists()
    assert Acceptance.objects.visible_to(owner).exists()
