"""Acceptance: what was achieved against what was required, judged by the engine, and both sides' marks."""

from collections.abc import Sequence
from datetime import date

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.enums import NoticeKind
from accounts.models import User
from core.models import Event
from core.workflow import NotPermitted, TransitionError
from matching.engine.explain import result
from needs.disclosure import sight_of
from needs.enums import Sight
from needs.models import Need
from partnerships.enums import Mark, Side, Stage
from partnerships.models import Acceptance, AcceptanceLine, Docking
from partnerships.notices import tell
from partnerships.requirements import Required, judge_offer, required_lines, state_requirement
from partnerships.services.dockings import drop_request, sides_of

STAGES = frozenset({Stage.EXECUTION, Stage.DELIVERY})
MAX_FREE_LINES = 20


# --- Required and achieved ----------------------------------------------------------------------------------------


def judge_result(required: Required, achieved_text: str) -> AcceptanceLine:
    """The line of the acceptance: the achieved uncertainty, over the range that was asked for, and its verdict."""
    verdict = judge_offer(required.line, achieved_text)
    return AcceptanceLine(
        label=required.label,
        range_text=required.range_text,
        required_text=required.required_text,
        achieved_text=achieved_text,
        verdict=verdict.verdict,
        sentence=result(verdict),
    )


# --- The record and the marks -------------------------------------------------------------------------------------


@transaction.atomic
def save_acceptance(
    docking: Docking, *, actor: User, lines: Sequence[dict], accepted_on: date, conclusion: str
) -> Acceptance:
    """The acceptance record with these results, each judged; `lines` stand in the order of the need's.

    Of each line counts its `achieved_text`. Only where the need has no lines it also says what was required:
    `label`, `range_text` and `required_text`. A request to enter the stage of acceptance is taken back.
    """
    docking.lock()
    _check_writer(docking, actor)
    if docking.status not in STAGES:
        raise TransitionError(
            f"当前阶段是“{docking.get_status_display()}”，验收记录在“实施”和“交付”阶段填写；"
            "已进入“验收”的，请先退回“交付”再修改。"
        )
    if accepted_on > timezone.localdate():
        raise ValidationError({"accepted_on": "验收日期不能晚于今天，请填写实际验收的日期。"})
    rows = _judge_rows(docking.need, lines)
    acceptance = Acceptance.objects.filter(docking=docking).first() or Acceptance(docking=docking)
    acceptance.author, acceptance.accepted_on, acceptance.conclusion = actor, accepted_on, conclusion
    acceptance.clean_fields(exclude=["docking", "author"])
    acceptance.save()
    acceptance.lines.all().delete()
    for position, row in enumerate(rows):
        row.acceptance, row.position = acceptance, position
    AcceptanceLine.objects.bulk_create(rows)
    results = [{"achieved": row.achieved_text, "verdict": row.verdict} for row in rows]
    data = {"accepted_on": accepted_on, "conclusion": conclusion, "results": results}
    acceptance.record("save", "填写验收记录", actor=actor, data=data)
    if docking.asked_stage == Stage.ACCEPTANCE:
        drop_request(docking, actor=actor, note="验收记录有修改，请核对后重新申请。")
    _tell_other_side(docking, "{number} 的验收记录已填写，请核对。", actor)
    return acceptance


def _judge_rows(need: Need, lines: Sequence[dict]) -> list[AcceptanceLine]:
    required = required_lines(need)
    if required and len(lines) != len(required):
        raise ValidationError(
            {"lines": f"需求有 {len(required)} 行指标，请逐行填写达到的不确定度；没有测的请写“未测”。"}
        )
    if len(lines) > max(MAX_FREE_LINES, len(required)):
        raise ValidationError({"lines": f"最多 {MAX_FREE_LINES} 行，请合并后再保存。"})
    if not required:
        names = ("label", "range_text", "required_text")
        required = [state_requirement(**{name: line.get(name, "") for name in names}) for line in lines]
    rows = []
    for number, (asked, line) in enumerate(zip(required, lines, strict=True), start=1):
        achieved = line["achieved_text"].strip()
        if not achieved or not asked.label.strip():
            missing = "达到的不确定度；没有测的请写“未测”" if asked.label.strip() else "被测对象与参量"
            raise ValidationError({"lines": f"第 {number} 行：请填写{missing}。"})
        rows.append(judge_result(asked, achieved))
    return rows


@transaction.atomic
def give_mark(acceptance: Acceptance, *, actor: User, mark: int, words: str = "") -> Event:
    """One side's mark for the other, which it may change until the docking is closed."""
    docking = acceptance.docking
    docking.lock()
    acceptance.lock()
    sides = sides_of(docking, actor)
    if not sides:
        raise NotPermitted("只有对接双方可以评分。")
    if not docking.is_open:
        raise TransitionError("对接已结束，评分不再修改。")
    # Who sits on both sides marks for the enterprise.
    side = Side.ENTERPRISE if Side.ENTERPRISE in sides else Side.PROVIDER
    before = getattr(acceptance, f"{side}_mark")
    setattr(acceptance, f"{side}_mark", Mark(mark))
    setattr(acceptance, f"{side}_words", words.strip())
    acceptance.clean_fields(exclude=["docking", "author"])
    acceptance.save()
    event = acceptance.record(
        "mark", f"{side.label}评分", actor=actor, note=words.strip(), data={"side": side, "mark": [before, mark]}
    )
    if getattr(acceptance, f"{side.other}_mark") is None:
        _tell_other_side(docking, "{number} 对方已评分，请您也评分。", actor)
    return event


def may_write(docking: Docking, user: User) -> bool:
    """Whether this person may fill in the acceptance: a side that may read what was asked for."""
    if not user.has_perm("partnerships.act_as_a_side", docking):
        return False
    return reads_lines(docking.need, user)


def reads_lines(need: Need, user: User) -> bool:
    """Whether the need's measurement lines are open to the user; a signed confidentiality may have ended."""
    return sight_of(need, user) not in {None, Sight.TEASER}


def _check_writer(docking: Docking, actor: User) -> None:
    if not actor.has_perm("partnerships.act_as_a_side", docking):
        raise NotPermitted("验收记录只能由对接双方填写。")
    if not reads_lines(docking.need, actor):
        raise NotPermitted("需求的指标现在没有向您开放，请由企业填写，或重新签署保密协议。")


def _tell_other_side(docking: Docking, text: str, actor: User) -> None:
    parties = [side.other for side in sides_of(docking, actor)]
    tell(docking, text, *parties, actor=actor, kind=NoticeKind.AGREEMENT)
