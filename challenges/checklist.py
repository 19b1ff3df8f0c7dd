"""What is still missing before a challenge can enter its next phase."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Sum

from challenges.enums import EntryStatus, Phase, ReviewStage
from challenges.models import Challenge

WHOLE = 100
# The names of the pages on which what is missing is done.
EDIT, CALENDAR = "challenge_edit", "challenge_windows"
SCREENING_CRITERIA, SOLUTION_CRITERIA = "criteria_screening", "criteria_solution"
ENTRIES, REVIEWS = "entry_list", "review_list"


@dataclass(frozen=True)
class Check:
    """One thing that has to be there, in words that say what to do when it is not, and the page to do it on."""

    label: str
    is_done: bool
    place: str


def checks_for(challenge: Challenge, phase: str) -> list[Check]:
    """What has to be there before the challenge enters the phase."""
    return CHECKS[phase](challenge)


def refuse_unready(phase: str) -> Callable[[Challenge], str]:
    """A guard of the workflow: names what is missing."""

    def refuse(challenge: Challenge) -> str:
        missing = [check.label for check in checks_for(challenge, phase) if not check.is_done]
        return "还不能进入下一阶段，请先完成：" + "；".join(missing) + "。" if missing else ""

    return refuse


def _for_collecting(challenge: Challenge) -> list[Check]:
    windows = [challenge.window(phase) for phase in (Phase.COLLECTING, Phase.SCREENING, Phase.BOARD)]
    collecting = windows[0]
    return [
        Check("填写主题和赛事规则", bool(challenge.theme.strip() and challenge.rules_text.strip()), EDIT),
        Check("填写征集、需求评审和发榜的起止时间", None not in windows, CALENDAR),
        Check("征集的截止时间在今后", collecting is not None and not collecting.is_over, CALENDAR),
        Check("需求评审指标的权重合计为 100", _weight(challenge, ReviewStage.SCREENING) == WHOLE, SCREENING_CRITERIA),
        Check("方案评审指标的权重合计为 100", _weight(challenge, ReviewStage.SOLUTION) == WHOLE, SOLUTION_CRITERIA),
    ]


def _for_screening(challenge: Challenge) -> list[Check]:
    window = challenge.window(Phase.COLLECTING)
    return [
        Check("征集期已截止", window is not None and window.is_over, CALENDAR),
        Check("至少有一条报名的需求", challenge.entries.in_running().exists(), ENTRIES),
        Check(
            "没有退回后未补充的需求（催企业补充，或由企业撤回）",
            not challenge.entries.filter(status=EntryStatus.RETURNED).exists(),
            ENTRIES,
        ),
    ]


def _for_board(challenge: Challenge) -> list[Check]:
    entries = challenge.entries
    undecided = entries.filter(status__in=[EntryStatus.ENTERED, EntryStatus.RETURNED])
    selected = entries.filter(status=EntryStatus.SELECTED)
    return [
        Check("每条需求都已评定（入选或不入选）", not undecided.exists(), REVIEWS),
        Check("至少有一条入选的需求", selected.exists(), REVIEWS),
        Check("入选需求的榜单内容都已由企业确认", not selected.filter(confirmed_at__isnull=True).exists(), ENTRIES),
    ]


CHECKS = {Phase.COLLECTING: _for_collecting, Phase.SCREENING: _for_screening, Phase.BOARD: _for_board}


def _weight(challenge: Challenge, stage: str) -> int:
    return challenge.criteria.filter(stage=stage).aggregate(whole=Sum("weight", default=0))["whole"]
