"""What becomes of the solutions: proposed, kept back, released all together, and amended only after an objection."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.enums import NoticeKind
from accounts.models import User
from accounts.notices import notify
from challenges.enums import ChallengeStatus as C
from challenges.enums import Outcome
from challenges.models import Challenge, Decision, Entry, Solution
from challenges.services.conflicts import end_conflicted
from challenges.workflow import AWAITING_OUTCOME, refuse_unjudged, solution_workflow
from core.models import Event
from core.workflow import NotPermitted, TransitionError

DECIDING = frozenset({C.REVIEWING, C.FINALS})
NEEDS_TEXT = "没有揭榜成功的，请写给揭榜单位一段说明：为什么，以及怎样改进。"


# --- Before the release -------------------------------------------------------------------------------------------


@transaction.atomic
def propose_decision(solution: Solution, *, actor: User, outcome: str, text: str = "") -> Decision:
    """What is to become of the solution; nobody but who runs the challenge knows, and it changes until the release."""
    solution.challenge.lock()
    solution.lock()
    _check_runs(solution.challenge, actor)
    # Only reviews without a conflict of interest count for a decision.
    end_conflicted(solution.reviews.all())
    if refusal := why_not_proposed(solution):
        raise TransitionError(refusal)
    decision = Decision.objects.filter(solution=solution).first() or Decision(solution=solution, author=actor)
    is_new, before = decision._state.adding, (decision.outcome, decision.text)
    decision.outcome, decision.text = Outcome(outcome), text.strip()
    if not is_new and before == (decision.outcome, decision.text):
        return decision
    decision.author = actor
    decision.save()
    label = "拟定结果" if is_new else "改拟结果"
    decision.record("propose", label, actor=actor, target=decision.outcome, data={"text": decision.text})
    return decision


def why_not_proposed(solution: Solution) -> str:
    """Why no outcome can be put down for the solution now; empty when it can."""
    challenge = solution.challenge
    if challenge.status not in DECIDING:
        return f"赛事现在处于“{challenge.get_status_display()}”阶段，不能拟定结果。"
    if solution.status not in AWAITING_OUTCOME:
        return f"这份方案{solution.get_status_display()}，不需要拟定结果。"
    return refuse_unjudged(solution)


# --- The release --------------------------------------------------------------------------------------------------


def release_decisions(challenge: Challenge, *, actor: User) -> None:
    """Make all decisions known at one moment; called within the step's transaction."""
    now = timezone.now()
    for decision in _decisions_of(challenge):
        solution_workflow.follow(decision.solution, f"release_{decision.outcome}", actor=actor)
        decision.released_at = now
        decision.save(update_fields=["released_at", "updated_at"])
        decision.record("release", "公布结果", actor=actor, target=decision.outcome)
        _tell_solvers(decision.solution, "评定结果已公布，请查看各项得分和说明。", actor=actor)
    for entry in challenge.entries.on_board().select_related("challenge", "need__organisation"):
        _tell_enterprise(entry, "评定结果已公布，请查看公示。", actor=actor)


# --- After an objection -------------------------------------------------------------------------------------------


@transaction.atomic
def amend_decision(decision: Decision, *, actor: User, outcome: str, text: str, reason: str) -> Event:
    """Another outcome or text while the decisions are on public notice; the reason is published."""
    decision.solution.challenge.lock()
    decision.solution.lock()
    decision.lock()
    _check_runs(decision.solution.challenge, actor)
    if refusal := why_not_amended(decision):
        raise TransitionError(refusal)
    outcome, text, reason = Outcome(outcome), text.strip(), reason.strip()
    if not reason:
        raise ValidationError({"reason": "请写明更改的理由，它会公布在公示页。"})
    if outcome != Outcome.SELECTED and not text:
        raise ValidationError({"text": NEEDS_TEXT})
    if (outcome, text) == (decision.outcome, decision.text):
        raise TransitionError("结果和说明都没有改动，不必提交。")
    before, decision.outcome, decision.text = decision.outcome, outcome, text
    decision.amended_at, decision.amended_reason = timezone.now(), reason
    decision.save()
    if outcome != before:
        solution_workflow.follow(decision.solution, f"release_{outcome}", actor=actor)
    event = decision.record(
        "amend", "更改结果", actor=actor, source=before, target=outcome, note=reason, data={"text": text}
    )
    _tell_solvers(decision.solution, "评定结果已更改，请查看。", actor=actor)
    _tell_enterprise(decision.solution.entry, "评定结果已更改，请查看公示。", actor=actor)
    return event


def why_not_amended(decision: Decision) -> str:
    """Why a released decision stays as it is; empty when it can be amended."""
    entry = decision.solution.entry
    if entry.challenge.status != C.ANNOUNCED:
        return "只有公示期间、异议成立之后才能更改结果。"
    upheld = entry.challenge.objections.filter(is_upheld=True)
    if not (upheld.filter(entry=None).exists() or upheld.filter(entry=entry).exists()):
        return "这个项目没有成立的异议，结果不能更改；请先答复异议。"
    return ""


# --- Helpers ------------------------------------------------------------------------------------------------------


def _decisions_of(challenge: Challenge):
    found = Decision.objects.filter(solution__entry__challenge=challenge)
    return found.select_related("solution__entry__challenge", "solution__organisation").prefetch_related(
        "solution__co_applicants__organisation"
    )


def _tell_solvers(solution: Solution, what: str, *, actor: User) -> None:
    notify(
        User.objects.acting_for(*solution.bodies),
        kind=NoticeKind.CHALLENGE,
        text=f"{solution.challenge.name}：方案 {solution.number} 的{what}",
        url=reverse("challenges:solution_outcome", args=[solution.pk]),
        actor=actor,
    )


def _tell_enterprise(entry: Entry, what: str, *, actor: User) -> None:
    notify(
        User.objects.acting_for(entry.need.organisation),
        kind=NoticeKind.CHALLENGE,
        text=f"{entry.challenge.name}：榜单项目 {entry.board_number} 的{what}",
        url=reverse("challenges:announcement", args=[entry.challenge_id]),
        actor=actor,
    )


def _check_runs(challenge: Challenge, actor: User) -> None:
    if not actor.has_perm("challenges.run_challenge", challenge):
        raise NotPermitted("只有主办和协办单位可以评定这项赛事的方案。")
