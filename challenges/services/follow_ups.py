"""Tracking: what has become of each signed solution after three, six and twelve months."""

from calendar import monthrange
from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.enums import NoticeKind
from accounts.models import User
from accounts.notices import notify
from challenges.enums import ChallengeStatus as C
from challenges.enums import FollowUpState
from challenges.models import Challenge, FollowUp
from challenges.notices import organisers
from challenges.services.signing import selected_solutions
from core.models import Event, record_each
from core.workflow import NotPermitted, TransitionError

MONTHS = (3, 6, 12)
# So long before its day a follow-up may be filled in, unless the docking is over.
EARLIEST = timedelta(days=14)
# The organisers are told of one that is late by so much.
LATE = timedelta(days=7)


def months_after(day: date, months: int) -> date:
    """The same day so many months later; in a shorter month its last.

    >>> months_after(date(2026, 11, 30), 3), months_after(date(2026, 1, 15), 12)
    (datetime.date(2027, 2, 28), datetime.date(2027, 1, 15))
    """
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def plan_follow_ups(challenge: Challenge, *, actor: User) -> list[FollowUp]:
    """The follow-ups of all signed solutions, counted from the day on which their docking was opened for the event."""
    solutions = list(selected_solutions([challenge]).exclude(docking=None))
    signed = Event.objects.filter(subject_id__in=[each.pk for each in solutions], action="sign")
    begun = {event.subject_id: timezone.localdate(event.created_at) for event in signed.order_by("number")}
    follow_ups = FollowUp.objects.bulk_create(
        FollowUp(solution=solution, months=months, due_on=months_after(begun[solution.pk], months))
        for solution in solutions
        for months in MONTHS
    )
    record_each(follow_ups, "plan", "安排跟踪", actor=actor)
    return follow_ups


@transaction.atomic
def fill_follow_up(follow_up: FollowUp, *, actor: User, state: str, text: str) -> FollowUp:
    """What the steward, or who runs the challenge, has found out; it can be put right until the event is archived."""
    follow_up.challenge.lock()
    follow_up.lock()
    if not actor.has_perm("challenges.fill_follow_up", follow_up):
        raise NotPermitted("跟踪由已签署承诺的技术管家或组织方填写。")
    if refusal := why_not_filled(follow_up):
        raise TransitionError(refusal)
    if state not in FollowUpState.values or not text.strip():
        raise ValidationError({"text": "请选择进展，并写明做成了什么、还差什么。"})
    is_first = follow_up.done_on is None
    follow_up.state, follow_up.text, follow_up.author = state, text.strip(), actor
    follow_up.done_on = follow_up.done_on or timezone.localdate()
    follow_up.save()
    follow_up.record(
        "fill", "填写跟踪" if is_first else "更正跟踪", actor=actor, data={"state": state, "text": follow_up.text}
    )
    _tell(follow_up, organisers(follow_up.challenge), "已填写，请查看。", actor=actor)
    return follow_up


def why_not_filled(follow_up: FollowUp) -> str:
    """Why a follow-up cannot be filled in now; empty when it can."""
    challenge = follow_up.challenge
    if challenge.status != C.TRACKING:
        return f"赛事现在处于“{challenge.get_status_display()}”阶段，跟踪不再填写。"
    opens_on = follow_up.due_on - EARLIEST
    if follow_up.solution.docking.is_open and opens_on > timezone.localdate():
        return f"还早，{opens_on:%Y-%m-%d} 起可以填写这次跟踪。"
    return ""


# --- Who is told --------------------------------------------------------------------------------------------------


def remind_of_follow_ups() -> int:
    """Tell who carries a docking that its follow-up is due, later the organisers that it is late; each of them once."""
    today = timezone.localdate()
    due = FollowUp.objects.open().in_tracking().filter(due_on__lte=today)
    told = 0
    for follow_up in due.for_list():
        docking = follow_up.solution.docking
        key = f"follow-up:{follow_up.pk}:{follow_up.due_on}"
        carries = [docking.steward] if docking.has_active_steward else organisers(follow_up.challenge)
        told += _tell(follow_up, carries, f"应在 {follow_up.due_on:%m-%d} 填写，请补上进展。", key=key)
        if follow_up.due_on <= today - LATE:
            text = f"逾期 {follow_up.days_overdue} 天没有填写，请催办或代填。"
            told += _tell(follow_up, organisers(follow_up.challenge), text, key=f"{key}:late")
    return told


def _tell(follow_up: FollowUp, people, text: str, *, actor: User | None = None, key: str = "") -> int:
    number = follow_up.solution.entry.board_number
    return notify(
        people,
        kind=NoticeKind.CHALLENGE,
        text=f"{follow_up.challenge.name}：{number} 的 {follow_up.months} 个月跟踪{text}",
        url=reverse("challenges:follow_up_edit", args=[follow_up.pk]),
        actor=actor,
        key=key,
    )
