"""Setting a challenge up, moving it from phase to phase, putting a deadline off, and copying last year's."""

from collections.abc import Iterable
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import Organisation, User
from challenges.enums import ChallengeStatus, Phase, ReviewStage
from challenges.models import Challenge, Criterion, PhaseWindow
from challenges.workflow import challenge_workflow
from core.models import Event
from core.workflow import NotPermitted, TransitionError

# Name, weight and guidance of what is scored unless the organiser says otherwise.
DEFAULT_CRITERIA = {
    ReviewStage.SCREENING: [
        ("需求真实性", 25, "是否来自真实的生产或研发问题，有无现场依据"),
        ("指标明确性", 25, "对象、参量、范围、准确度和条件是否写清"),
        ("产业带动", 20, "解决后对产业链的作用，是否为共性问题"),
        ("可行性", 15, "在期限和预算内有无解决的可能"),
        ("投入", 15, "企业投入的经费、人员和试验条件是否落实"),
    ],
    ReviewStage.SOLUTION: [
        ("指标响应", 35, "逐条承诺的指标是否达到要求，依据是否充分"),
        ("技术可行性", 20, "技术路线是否可行，关键难点有无办法"),
        ("团队与资质", 15, "团队经验、资质和设备条件"),
        ("工作基础", 10, "已有成果、标准装置和案例"),
        ("进度", 10, "计划和里程碑是否合理"),
        ("报价", 10, "报价与内容是否相称"),
    ],
}
COPIED = ("regions", "theme", "rules_text", "reviews_per_item", "is_anonymous")
# Until the board is out the criteria of solutions may change, those of the screening until it begins.
CHANGEABLE = {
    ReviewStage.SCREENING: {ChallengeStatus.DRAFT, ChallengeStatus.COLLECTING},
    ReviewStage.SOLUTION: {ChallengeStatus.DRAFT, ChallengeStatus.COLLECTING, ChallengeStatus.SCREENING},
}


@transaction.atomic
def create_challenge(
    *, actor: User, organiser: Organisation, co_organisers: Iterable[Organisation] = (), **fields
) -> Challenge:
    """A draft with the usual criteria, which only its organisers see."""
    if organiser not in actor.authorities and not actor.is_superuser:
        raise NotPermitted("只能以您所在的、已核验的组织方单位举办赛事。")
    challenge = Challenge(author=actor, organiser=organiser, **fields)
    challenge.validate_constraints()
    challenge.save()
    challenge.co_organisers.set(co_organisers)
    for stage, criteria in DEFAULT_CRITERIA.items():
        _add_criteria(challenge, stage, criteria)
    challenge.record("create", "创建赛事", actor=actor, target=challenge.status)
    return challenge


@transaction.atomic
def copy_challenge(source: Challenge, *, actor: User, name: str) -> Challenge:
    """A new draft with the particulars and criteria of another challenge; its calendar is set anew."""
    _check_runs(source, actor)
    fields = {field: getattr(source, field) for field in COPIED}
    challenge = create_challenge(
        actor=actor,
        organiser=source.organiser,
        co_organisers=source.co_organisers.all(),
        name=name,
        copied_from=source,
        **fields,
    )
    challenge.criteria.all().delete()
    for stage in ReviewStage:
        _add_criteria(challenge, stage, source.criteria.filter(stage=stage).values_list("name", "weight", "guidance"))
    return challenge


@transaction.atomic
def update_challenge(
    challenge: Challenge, *, actor: User, co_organisers: Iterable[Organisation] | None = None, **fields
) -> Challenge:
    """The challenge with other particulars; the rules stand once the screening has begun."""
    challenge.lock()
    _check_runs(challenge, actor)
    if challenge.status not in CHANGEABLE[ReviewStage.SCREENING]:
        raise TransitionError(f"赛事已进入“{challenge.get_status_display()}”阶段，基本信息和规则不能再修改。")
    for name, value in fields.items():
        setattr(challenge, name, value)
    challenge.validate_constraints()
    challenge.save()
    if co_organisers is not None:
        challenge.co_organisers.set(co_organisers)
    challenge.record("update", "修改赛事信息", actor=actor)
    return challenge


@transaction.atomic
def set_window(
    challenge: Challenge, phase: str, *, actor: User, opens_at: datetime, closes_at: datetime
) -> PhaseWindow:
    """When a phase is; once it has begun, its end can only be put off, and once."""
    challenge.lock()
    _check_runs(challenge, actor)
    window = challenge.windows.filter(phase=phase).first() or PhaseWindow(challenge=challenge, phase=phase)
    if challenge.status != ChallengeStatus.DRAFT and not window._state.adding and window.opens_at <= timezone.now():
        raise TransitionError(f"“{Phase(phase).label}”已经开始，截止时间只能延期一次。")
    window.opens_at, window.closes_at = opens_at, closes_at
    window.validate_constraints()
    window.save()
    challenge.record(
        "window",
        f"设定{Phase(phase).label}时间",
        actor=actor,
        data={"phase": phase, "opens_at": opens_at, "closes_at": closes_at},
    )
    return window


@transaction.atomic
def extend_window(window: PhaseWindow, *, actor: User, closes_at: datetime, reason: str) -> PhaseWindow:
    """The window with a later end; this is possible once, with a reason that everybody reads."""
    challenge = window.challenge
    challenge.lock()
    window.lock()
    _check_runs(challenge, actor)
    if window.first_closes_at is not None:
        raise TransitionError(f"“{window.get_phase_display()}”已经延期过一次，不能再延期。")
    if not reason.strip():
        raise TransitionError("延期需要写明理由，请填写后再提交。")
    if closes_at <= max(window.closes_at, timezone.now()):
        raise TransitionError("延期后的截止时间必须晚于原截止时间，也不能早于现在。")
    before = window.closes_at
    window.first_closes_at, window.closes_at, window.extension_reason = before, closes_at, reason.strip()
    window.save()
    challenge.record(
        "extend",
        f"{window.get_phase_display()}延期",
        actor=actor,
        note=reason.strip(),
        data={"phase": window.phase, "from": before, "to": closes_at},
    )
    return window


@transaction.atomic
def set_criteria(challenge: Challenge, stage: str, *, actor: User, criteria: list[dict]) -> None:
    """Replace the criteria of a stage; their weights have to sum to 100."""
    challenge.lock()
    _check_runs(challenge, actor)
    if challenge.status not in CHANGEABLE[stage]:
        raise TransitionError(f"赛事已进入“{challenge.get_status_display()}”阶段，评审指标不能再修改。")
    whole = sum(row["weight"] for row in criteria)
    if whole != 100:
        raise ValidationError(f"权重合计应为 100，现在是 {whole}，请调整。")
    names = [row["name"].strip() for row in criteria]
    if len(set(names)) < len(names):
        raise ValidationError("同一环节里不能有同名的评审指标，请改名或合并。")
    challenge.criteria.filter(stage=stage).delete()
    _add_criteria(challenge, stage, [(row["name"].strip(), row["weight"], row.get("guidance", "")) for row in criteria])
    challenge.record("criteria", "设定评审指标", actor=actor, data={"stage": stage, "criteria": criteria})


def move_challenge(challenge: Challenge, name: str, *, actor: User, note: str = "") -> Event:
    """Enter the next phase once everything is there, or call the challenge off."""
    return challenge_workflow.apply(challenge, name, actor=actor, note=note)


def _add_criteria(challenge: Challenge, stage: str, criteria: Iterable[tuple[str, int, str]]) -> None:
    Criterion.objects.bulk_create(
        Criterion(challenge=challenge, stage=stage, name=name, weight=weight, guidance=guidance, position=position)
        for position, (name, weight, guidance) in enumerate(criteria)
    )


def _check_runs(challenge: Challenge, actor: User) -> None:
    if not actor.has_perm("challenges.run_challenge", challenge):
        raise NotPermitted("只有主办和协办单位可以管理这项赛事。")
