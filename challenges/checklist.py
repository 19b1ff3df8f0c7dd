"""What is still missing before a challenge can enter its next phase."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Sum
from django.utils import timezone

from challenges.enums import ChallengeStatus, EntryStatus, Outcome, Phase, ReviewStage, SolutionStatus
from challenges.models import Challenge, FollowUp, Solution
from needs.enums import KNOWN
from partnerships.models import Docking

WHOLE = 100
LEAST_NOTICE = timedelta(days=5)
# The names of the pages on which what is missing is done.
EDIT, CALENDAR = "challenge_edit", "challenge_windows"
SCREENING_CRITERIA, SOLUTION_CRITERIA = "criteria_screening", "criteria_solution"
ENTRIES, REVIEWS = "entry_list", "review_list"
SOLUTIONS, SOLUTION_REVIEWS, FINALS = "solution_list", "solution_reviews", "finals"
DECISIONS, OBJECTIONS, SIGNING, FOLLOW_UPS = "decision_list", "objection_list", "signing", "follow_up_list"


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


def _for_solving(challenge: Challenge) -> list[Check]:
    windows = {phase: challenge.window(phase) for phase in (Phase.SOLVING, Phase.REVIEWING, Phase.ANNOUNCED)}
    solving, announced = windows[Phase.SOLVING], windows[Phase.ANNOUNCED]
    return [
        Check("填写揭榜、方案评审和公示的起止时间", None not in windows.values(), CALENDAR),
        Check("揭榜的截止时间在今后", solving is not None and not solving.is_over, CALENDAR),
        Check(
            f"公示不少于 {LEAST_NOTICE.days} 天",
            announced is not None and announced.closes_at - announced.opens_at >= LEAST_NOTICE,
            CALENDAR,
        ),
    ]


def _for_reviewing(challenge: Challenge) -> list[Check]:
    window, solutions = challenge.window(Phase.SOLVING), _solutions(challenge)
    return [
        Check("揭榜已截止", window is not None and window.is_over, CALENDAR),
        Check("每份方案都已做形式审查", not solutions.filter(status=SolutionStatus.SUBMITTED).exists(), SOLUTIONS),
        Check("至少有一份方案通过形式审查", solutions.judged().exists(), SOLUTIONS),
    ]


def _for_finals(challenge: Challenge) -> list[Check]:
    solutions = _solutions(challenge)
    return [
        Check("填写现场赛的起止时间", challenge.window(Phase.FINALS) is not None, CALENDAR),
        Check(
            "每份方案都已确定是否进入现场赛",
            not solutions.filter(status=SolutionStatus.ADMITTED).exists(),
            SOLUTION_REVIEWS,
        ),
        Check(
            "至少有一份方案进入现场赛", solutions.filter(status=SolutionStatus.SHORTLISTED).exists(), SOLUTION_REVIEWS
        ),
    ]


def _for_announced(challenge: Challenge) -> list[Check]:
    judged, window = _solutions(challenge).judged(), challenge.window(Phase.ANNOUNCED)
    has_finals = challenge.window(Phase.FINALS) is not None
    unexplained = judged.exclude(decision__outcome=Outcome.SELECTED).filter(decision__text="")
    marked = judged.filter(status=SolutionStatus.SHORTLISTED, finals_marks=None)
    return [
        Check(
            "现场赛已举办",
            not has_finals or challenge.status in (ChallengeStatus.FINALS, ChallengeStatus.ANNOUNCED),
            FINALS,
        ),
        Check("进入现场赛的方案都有现场得分", not marked.exists(), FINALS),
        Check("每份通过形式审查的方案都已拟定结果", not judged.filter(decision=None).exists(), DECISIONS),
        Check("没有揭榜成功的，都写有给揭榜单位的说明", not unexplained.exists(), DECISIONS),
        Check(
            f"从现在起公示不少于 {LEAST_NOTICE.days} 天（不够的，请先改公示的截止时间）",
            window is not None and window.closes_at - timezone.now() >= LEAST_NOTICE,
            CALENDAR,
        ),
    ]


def _for_signing(challenge: Challenge) -> list[Check]:
    window = challenge.window(Phase.ANNOUNCED)
    return [
        Check("公示期已满", window is not None and window.is_over, CALENDAR),
        Check("每条异议都已答复", not challenge.objections.filter(answered_at=None).exists(), OBJECTIONS),
    ]


def _for_tracking(challenge: Challenge) -> list[Check]:
    selected = _solutions(challenge).filter(status=SolutionStatus.SELECTED)
    return [
        # What the enterprise has withdrawn meanwhile, or a docking that has ended, is not waited for.
        Check(
            "揭榜成功的方案都已开启对接",
            not selected.filter(docking=None, entry__need__status__in=KNOWN).exists(),
            SIGNING,
        ),
        Check(
            "每个对接都有技术管家",
            not selected.filter(docking__steward=None, docking__in=Docking.objects.open()).exists(),
            SIGNING,
        ),
    ]


def _for_archive(challenge: Challenge) -> list[Check]:
    open_ones = FollowUp.objects.open().filter(solution__entry__challenge=challenge)
    return [Check("3、6、12 个月的跟踪都已填写", not open_ones.exists(), FOLLOW_UPS)]


CHECKS = {
    Phase.COLLECTING: _for_collecting,
    Phase.SCREENING: _for_screening,
    Phase.BOARD: _for_board,
    Phase.SOLVING: _for_solving,
    Phase.REVIEWING: _for_reviewing,
    Phase.FINALS: _for_finals,
    Phase.ANNOUNCED: _for_announced,
    Phase.SIGNING: _for_signing,
    Phase.TRACKING: _for_tracking,
    ChallengeStatus.ARCHIVED: _for_archive,
}


def _solutions(challenge: Challenge):
    return Solution.objects.filter(entry__challenge=challenge)


def _weight(challenge: Challenge, stage: str) -> int:
    return challenge.criteria.filter(stage=stage).aggregate(whole=Sum("weight", default=0))["whole"]
