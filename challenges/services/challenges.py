"""Setting a challenge up, moving it from phase to phase, putting a deadline off, and copying last year's."""

from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.enums import PROVIDER_KINDS, OrganisationKind
from accounts.models import Organisation, User
from challenges.enums import ChallengeStatus, Phase, ReviewStage
from challenges.models import Challenge, Criterion, PhaseWindow
from challenges.notices import tell_participants
from challenges.services.board import follow_challenge
from challenges.services.entries import close_to_former_organisers
from challenges.services.finals import settle_scores
from challenges.services.solutions import open_prices
from challenges.workflow import PHASES, challenge_workflow
from core.models import Event
from core.workflow import NotPermitted, Transition, TransitionError
from needs.models import Need

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
WHOLE, MAX_CRITERIA = 100, 20
ONLY_FOR_ONES_OWN = "只能以您所在的、已核验的组织方单位举办赛事。"
NOT_POSSIBLE = "协办单位只能是主办单位以外、已核验的组织方或服务机构，请重新选择。"
COPIED = ("regions", "theme", "rules_text", "reviews_per_item", "is_anonymous")
# Until the board is out the criteria of solutions may change, those of the screening until it begins.
CHANGEABLE = {
    ReviewStage.SCREENING: {ChallengeStatus.DRAFT, ChallengeStatus.COLLECTING},
    ReviewStage.SOLUTION: {ChallengeStatus.DRAFT, ChallengeStatus.COLLECTING, ChallengeStatus.SCREENING},
}


# When each phase begins and ends.
Calendar = dict[str, tuple[datetime, datetime]]


# --- Setting up ---------------------------------------------------------------------------------------------------


def possible_organisers(user: User):
    """The bodies this person may run a challenge as."""
    bodies = Organisation.objects.verified().filter(kind=OrganisationKind.AUTHORITY)
    if not user.is_authenticated:
        return bodies.none()
    return bodies if user.is_superuser else bodies.filter(pk__in=[body.pk for body in user.authorities])


def possible_co_organisers():
    """The bodies that may help: authorities, which run the challenge as well, and institutes, which are named."""
    return Organisation.objects.verified().filter(kind__in=[OrganisationKind.AUTHORITY, *PROVIDER_KINDS])


@transaction.atomic
def create_challenge(
    *, actor: User, organiser: Organisation, co_organisers: Iterable[Organisation] = (), **fields
) -> Challenge:
    """A draft with the usual criteria, which only its organisers see."""
    if not possible_organisers(actor).filter(pk=organiser.pk).exists():
        raise NotPermitted(ONLY_FOR_ONES_OWN)
    challenge = Challenge(author=actor, organiser=organiser, **fields)
    challenge.validate_constraints()
    challenge.save()
    _set_co_organisers(challenge, co_organisers)
    for stage, criteria in DEFAULT_CRITERIA.items():
        _add_criteria(challenge, stage, criteria)
    challenge.record("create", "创建赛事", actor=actor, target=challenge.status)
    return challenge


@transaction.atomic
def copy_challenge(source: Challenge, *, actor: User, name: str) -> Challenge:
    """A new draft with the particulars and criteria of another challenge; its calendar is set anew.

    Who copies runs the new one; whoever else ran or helped with the other is a co-organiser.
    """
    _check_runs(source, actor)
    bodies = [source.organiser, *source.co_organisers.all()]
    own = set(possible_organisers(actor))
    organiser = next((body for body in bodies if body in own), source.organiser)
    challenge = create_challenge(
        actor=actor,
        organiser=organiser,
        co_organisers=possible_co_organisers().filter(pk__in=[body.pk for body in bodies if body != organiser]),
        name=name,
        copied_from=source,
        **{field: getattr(source, field) for field in COPIED},
    )
    challenge.criteria.all().delete()
    for stage in ReviewStage:
        _add_criteria(challenge, stage, source.criteria.filter(stage=stage).values_list("name", "weight", "guidance"))
    return challenge


@transaction.atomic
def update_challenge(
    challenge: Challenge, *, actor: User, co_organisers: Iterable[Organisation] | None = None, **fields
) -> Challenge:
    """The challenge with other particulars; the rules stand once the screening has begun, the organiser always."""
    challenge.lock()
    _check_runs(challenge, actor)
    if challenge.status not in CHANGEABLE[ReviewStage.SCREENING]:
        raise TransitionError(f"赛事处于“{challenge.get_status_display()}”阶段，基本信息和规则不能再修改。")
    changed = [name for name, value in fields.items() if getattr(challenge, name) != value]
    for name in changed:
        setattr(challenge, name, fields[name])
    challenge.validate_constraints()
    challenge.save()
    if co_organisers is not None and _set_co_organisers(challenge, co_organisers):
        changed.append("co_organisers")
        close_to_former_organisers(Need.objects.filter(entries__challenge=challenge), actor=actor)
    if changed:
        challenge.record("update", "修改赛事信息", actor=actor, data={"fields": changed})
    return challenge


@transaction.atomic
def set_criteria(challenge: Challenge, stage: str, *, actor: User, criteria: list[dict]) -> None:
    """Replace the criteria of a stage; their weights have to sum to 100."""
    challenge.lock()
    _check_runs(challenge, actor)
    if challenge.status not in CHANGEABLE[stage]:
        raise TransitionError(f"赛事处于“{challenge.get_status_display()}”阶段，评审指标不能再修改。")
    check_criteria(criteria)
    challenge.criteria.filter(stage=stage).delete()
    _add_criteria(challenge, stage, [(row["name"].strip(), row["weight"], row.get("guidance", "")) for row in criteria])
    challenge.record("criteria", "设定评审指标", actor=actor, data={"stage": stage, "criteria": criteria})


def check_criteria(criteria: list[dict]) -> None:
    """Raise unless the weights sum to 100 and no name is there twice."""
    whole = sum(row["weight"] for row in criteria)
    if whole != WHOLE:
        raise ValidationError(f"权重合计应为 {WHOLE}，现在是 {whole}，请调整。")
    names = [row["name"].strip() for row in criteria]
    if len(set(names)) < len(names):
        raise ValidationError("同一环节里不能有同名的评审指标，请改名或合并。")


# --- The calendar -------------------------------------------------------------------------------------------------


@transaction.atomic
def set_windows(challenge: Challenge, *, actor: User, calendar: Calendar) -> None:
    """Replace the calendar; once the call is out, a phase that has begun stays, and its end can only be put off."""
    challenge.lock()
    _check_runs(challenge, actor)
    if challenge.status == ChallengeStatus.CANCELLED:
        raise TransitionError("赛事已取消，日程不能再修改。")
    before = {window.phase: window for window in challenge.windows.all()}
    changed = [phase for phase in PHASES if _moment_of(before.get(phase)) != calendar.get(phase)]
    if not changed:
        return
    for phase in changed:
        _refuse_fixed(challenge, before.get(phase), calendar)
    _check_order({phase: calendar[phase][1] for phase in PHASES if phase in calendar})
    for phase in changed:
        _store_window(challenge, before.get(phase), phase, calendar)
    data = {phase: dict(zip(("opens_at", "closes_at"), calendar[phase], strict=True)) for phase in calendar}
    challenge.record("windows", "设定日程", actor=actor, data=data)


@transaction.atomic
def extend_window(challenge: Challenge, phase: str, *, actor: User, closes_at: datetime, reason: str) -> PhaseWindow:
    """The window of the phase with a later end; possible once, with a reason that everybody reads."""
    challenge.lock()
    _check_runs(challenge, actor)
    window = challenge.windows.filter(phase=phase).first()
    if refusal := why_not_extended(challenge, window):
        raise TransitionError(refusal)
    if not reason.strip():
        raise TransitionError("延期需要写明理由，请填写后再提交。")
    if closes_at <= max(window.closes_at, timezone.now()):
        raise TransitionError("延期后的截止时间必须晚于原截止时间，也不能早于现在。")
    ends = {each.phase: each.closes_at for each in challenge.windows.all()} | {phase: closes_at}
    _check_order({each: ends[each] for each in PHASES if each in ends})
    window.first_closes_at, window.closes_at, window.extension_reason = window.closes_at, closes_at, reason.strip()
    window.save()
    challenge.record(
        "extend",
        f"{window.get_phase_display()}延期",
        actor=actor,
        note=window.extension_reason,
        data={"phase": phase, "from": window.first_closes_at, "to": closes_at},
    )
    end = timezone.localtime(closes_at)
    text = f"{challenge.name}的“{window.get_phase_display()}”延期到 {end:%Y-%m-%d %H:%M}，理由见赛事页面。"
    tell_participants(challenge, text, actor=actor)
    return window


def why_not_extended(challenge: Challenge, window: PhaseWindow | None) -> str:
    """Why the end of this phase cannot be put off now; empty when it can."""
    if window is None or challenge.status == ChallengeStatus.DRAFT or window.opens_at > timezone.now():
        return "这个阶段还没有开始，请直接修改日程。"
    label = window.get_phase_display()
    if challenge.status not in PHASES or PHASES.index(challenge.status) > PHASES.index(window.phase):
        return f"赛事处于“{challenge.get_status_display()}”阶段，“{label}”不能再延期。"
    if window.first_closes_at is not None:
        return f"“{label}”已经延期过一次，不能再延期。"
    if window.phase == Phase.SOLVING and window.is_over:
        return "揭榜已经截止，组织方已能查看方案，不能再延期。"
    return ""


# --- From phase to phase ------------------------------------------------------------------------------------------


@transaction.atomic
def move_challenge(challenge: Challenge, name: str, *, actor: User, note: str = "") -> Event:
    """Enter the next phase once everything is there, or call the challenge off; who takes part is told."""
    if name == f"open_{Phase.ANNOUNCED}":
        settle_scores(challenge, actor=actor)
    event = challenge_workflow.apply(challenge, name, actor=actor, note=note)
    follow_challenge(challenge, event)
    if event.target == ChallengeStatus.REVIEWING:
        open_prices(challenge, actor=actor)
    happened = "已取消，理由" if event.target == ChallengeStatus.CANCELLED else f"{event.label}阶段，日程"
    tell_participants(challenge, f"{challenge.name}{happened}见赛事页面。", actor=actor)
    return event


def next_step(challenge: Challenge, user: User) -> Transition | None:
    """The step into the next phase, for whoever may take it."""
    steps = challenge_workflow.steps_for(challenge, user)
    return next((step for step in steps if step.target != ChallengeStatus.CANCELLED), None)


# --- Helpers ------------------------------------------------------------------------------------------------------


def _set_co_organisers(challenge: Challenge, bodies: Iterable[Organisation]) -> bool:
    """Keep who helps; whether that has changed."""
    wanted = {body.pk for body in bodies}
    possible = possible_co_organisers().exclude(pk=challenge.organiser_id)
    if wanted - set(possible.filter(pk__in=wanted).values_list("pk", flat=True)):
        raise ValidationError({"co_organisers": NOT_POSSIBLE})
    before = {body.pk for body in challenge.co_organisers.all()}
    challenge.co_organisers.set(wanted)
    return wanted != before


def _add_criteria(challenge: Challenge, stage: str, criteria: Iterable[tuple[str, int, str]]) -> None:
    Criterion.objects.bulk_create(
        Criterion(challenge=challenge, stage=stage, name=name, weight=weight, guidance=guidance, position=position)
        for position, (name, weight, guidance) in enumerate(criteria)
    )


def _moment_of(window: PhaseWindow | None) -> tuple[datetime, datetime] | None:
    return (window.opens_at, window.closes_at) if window else None


def _refuse_fixed(challenge: Challenge, window: PhaseWindow | None, calendar: Calendar) -> None:
    """Raise when the change of a phase would surprise those who rely on the published calendar."""
    if window is None or challenge.status == ChallengeStatus.DRAFT:
        return
    if window.opens_at <= timezone.now():
        raise TransitionError(f"“{window.get_phase_display()}”已经开始，截止时间只能延期一次。")
    if window.phase not in calendar:
        raise ValidationError(f"征集已经发布，“{window.get_phase_display()}”的时间可以改，不能留空。")


def _check_order(ends: dict[str, datetime]) -> None:
    """Raise unless the phases end one after the other; the ends are given in the order of the phases."""
    for before, after in pairwise(ends):
        if ends[after] <= ends[before]:
            raise ValidationError(
                f"“{Phase(after).label}”必须在“{Phase(before).label}”之后截止，请先调整“{Phase(after).label}”的时间。"
            )


def _store_window(challenge: Challenge, window: PhaseWindow | None, phase: str, calendar: Calendar) -> None:
    if phase not in calendar:
        window.delete()
        return
    window = window or PhaseWindow(challenge=challenge, phase=phase)
    window.opens_at, window.closes_at = calendar[phase]
    window.validate_constraints()
    window.save()


def _check_runs(challenge: Challenge, actor: User) -> None:
    if not actor.has_perm("challenges.run_challenge", challenge):
        raise NotPermitted("只有主办和协办单位可以管理这项赛事。")
