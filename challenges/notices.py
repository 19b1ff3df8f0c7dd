"""Telling who takes part, and those who run the challenge; no need is named, and nothing of a solution."""

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accounts.enums import NoticeKind, OrganisationKind
from accounts.models import User
from accounts.notices import notify
from challenges.enums import EntryStatus as E
from challenges.enums import Phase
from challenges.enums import SolutionStatus as S
from challenges.models import Challenge, PhaseWindow, Solution

# What waits for a word of the enterprise.
UNFINISHED = Q(status=E.RETURNED) | Q(status=E.SELECTED, confirmed_at__isnull=True)


def entrants(entries):
    """The people of the enterprises that these entries belong to."""
    return User.objects.acting_for(*entries.values_list("need__organisation", flat=True))


def solvers(challenge: Challenge):
    """The people of the institutes that have a solution in the challenge, or had one and took it back."""
    solutions = Solution.objects.filter(entry__challenge=challenge)
    return User.objects.acting_for(*solutions.values_list("organisation", flat=True))


def organisers(challenge: Challenge):
    """The people who run the challenge; a co-organising institute helps, but runs nothing."""
    authorities = challenge.co_organisers.filter(kind=OrganisationKind.AUTHORITY)
    return User.objects.acting_for(challenge.organiser, *authorities)


def tell_participants(challenge: Challenge, text: str, *, actor: User) -> int:
    """Tell everybody whose entry is still in the running, and the institutes with a solution."""
    return notify(
        entrants(challenge.entries.in_running()) | solvers(challenge),
        kind=NoticeKind.CHALLENGE,
        text=text,
        url=challenge.get_absolute_url(),
        actor=actor,
    )


def remind(window: PhaseWindow, *, days: int) -> int:
    """Tell who still has to do something before the end, once for each end; the number of those told."""
    challenge = window.challenge
    end = (
        f"{challenge.name}的“{window.get_phase_display()}”将于 {timezone.localtime(window.closes_at):%m-%d %H:%M} 截止"
    )
    key = f"challenge:{window.pk}:{window.closes_at:%Y%m%d%H%M}:{days}"
    told = notify(
        entrants(challenge.entries.filter(UNFINISHED)),
        kind=NoticeKind.CHALLENGE,
        text=f"{end}，您还有需求等待补充或确认，请尽快处理。",
        url=challenge.get_absolute_url(),
        key=f"{key}:entrant",
    )
    if window.phase == Phase.SOLVING:
        told += remind_solvers(window, end, key)
    return told + notify(
        organisers(challenge),
        kind=NoticeKind.CHALLENGE,
        text=f"{end}，请在管理页查看下一阶段还缺什么。",
        url=reverse("challenges:challenge_manage", args=[challenge.pk]),
        key=f"{key}:organiser",
    )


def remind_solvers(window: PhaseWindow, end: str, key: str) -> int:
    """Tell the institutes with a draft, and those asked to join one; each notice leads to its solution."""
    told = 0
    drafts = Solution.objects.filter(entry__challenge=window.challenge, status=S.DRAFT)
    for solution in drafts.prefetch_related("co_applicants"):
        asked = [each.organisation_id for each in solution.co_applicants.all() if not each.agreed_at]
        words = {
            f"方案 {solution.number} 还是草稿，请补全并提交": [solution.organisation_id],
            "有联合揭榜的邀请等您答复": asked,
        }
        for text, bodies in words.items():
            told += notify(
                User.objects.acting_for(*bodies),
                kind=NoticeKind.CHALLENGE,
                text=f"{end}，{text}。",
                url=solution.get_absolute_url(),
                key=f"{key}:{solution.pk}",
            )
    return told
