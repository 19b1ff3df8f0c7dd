"""Signing: every selected solution gets its docking, and the docking a steward."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F

from accounts.models import User
from challenges.enums import ChallengeStatus as C
from challenges.enums import SolutionStatus as S
from challenges.models import Challenge, Solution
from core.models import Event
from core.workflow import NotPermitted, TransitionError
from matching.services import award_proposal
from partnerships.models import Agreement, Docking
from partnerships.models.agreements import AMOUNTS
from partnerships.notices import BOTH, tell
from partnerships.services.dockings import appoint_steward, stewards_for_each
from providers.models import Capability

NOTHING_AGREED = {"count": 0, **dict.fromkeys(AMOUNTS, 0)}


@transaction.atomic
def open_docking_for(solution: Solution, *, actor: User, steward: User | None) -> Docking:
    """The docking of a selected solution with its steward: a new one, or the one that the two sides have already."""
    _check_runs(solution, actor)
    solution.challenge.lock()
    solution.lock()
    if refusal := why_not_signed(solution):
        raise TransitionError(refusal)
    docking = _standing_docking(solution)
    if docking is None:
        proposal = award_proposal(solution.entry.need, _capabilities_for(solution), actor=actor)
        docking = Docking.objects.get(proposal=proposal)
    else:
        tell(docking, f"方案 {solution.number} 揭榜成功，{{number}} 即为签约的对接。", *BOTH, actor=actor)
    if steward is None or docking.steward != steward:
        appoint_steward(docking, actor=actor, steward=steward)
    solution.docking = docking
    solution.save(update_fields=["docking", "updated_at"])
    solution.record("sign", "开启对接", actor=actor, data={"docking": docking.number})
    return docking


def why_not_signed(solution: Solution) -> str:
    """Why the docking of this solution cannot be opened now; empty when it can."""
    challenge = solution.challenge
    if challenge.status != C.SIGNING:
        return f"赛事现在处于“{challenge.get_status_display()}”阶段，签约阶段才能开启对接。"
    if solution.status != S.SELECTED:
        return f"这份方案{solution.get_status_display()}，只有揭榜成功的方案可以开启对接。"
    return "这份方案的对接已经开启，请刷新页面查看。" if solution.docking_id else ""


@transaction.atomic
def change_steward(solution: Solution, *, actor: User, steward: User | None) -> Event:
    """Another steward for the docking of a solution, while it is signed and tracked."""
    _check_runs(solution, actor)
    solution.challenge.lock()
    if solution.challenge.status not in {C.SIGNING, C.TRACKING} or solution.docking is None:
        raise TransitionError("签约和跟踪阶段、对接开启之后才能更换技术管家。")
    return appoint_steward(solution.docking, actor=actor, steward=steward)


def _standing_docking(solution: Solution) -> Docking | None:
    """The open docking that enterprise and institute had before, unless it is that of another solution."""
    dockings = Docking.objects.open().filter(need=solution.entry.need, institute=solution.organisation, solution=None)
    return dockings.order_by("created_at", "pk").first()


def _capabilities_for(solution: Solution) -> list[Capability]:
    """What the docking may rest on: the solution's own capability, else any of the institute that is not used up."""
    used = Docking.objects.filter(need=solution.entry.need).values("proposal__capability")
    own = Capability.objects.matchable().filter(organisation=solution.organisation).exclude(pk__in=used).for_list()
    return list(own.filter(pk=solution.capability_id) or own)


def _check_runs(solution: Solution, actor: User) -> None:
    if not actor.has_perm("challenges.run_challenge", solution.challenge):
        raise NotPermitted("只有主办和协办单位可以开启对接、指派技术管家。")


# --- Where it stands ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Signing:
    """How far a selected solution has come: its docking, and the sums that both sides have confirmed."""

    solution: Solution
    sums: dict
    stewards: list[User]
    # Whether the reader may open the docking; its stage and its sums are for everybody who runs the challenge.
    is_readable: bool

    @property
    def docking(self) -> Docking | None:
        return self.solution.docking

    @property
    def refusal(self) -> str:
        return why_not_signed(self.solution)


def selected_solutions(challenges: Iterable[Challenge]):
    """The solutions of these challenges that were selected, the decisions being released."""
    found = Solution.objects.filter(entry__challenge__in=challenges, status=S.SELECTED)
    return found.select_related("docking__steward", "entry__need__organisation").for_list()


def signings_of(solutions: Iterable[Solution], user: User) -> list[Signing]:
    """How far each of these solutions has come, as who runs the challenge may know."""
    solutions = list(solutions)
    dockings = [solution.docking_id for solution in solutions if solution.docking_id]
    agreed = Agreement.objects.filter(docking__in=dockings).totals_by(F("docking"))
    readable = set(Docking.objects.visible_to(user).filter(pk__in=dockings).values_list("pk", flat=True))
    # An unsaved docking stands for the one to be opened: the same two sides.
    stewards = stewards_for_each(Docking(need=each.entry.need, institute=each.organisation) for each in solutions)
    return [
        Signing(solution, agreed.get(solution.docking_id, NOTHING_AGREED), people, solution.docking_id in readable)
        for solution, people in zip(solutions, stewards, strict=True)
    ]


def sums_of(challenge: Challenge) -> dict:
    """The number of agreements that both sides have confirmed, and the three sums apart."""
    agreements = Agreement.objects.filter(docking__solution__entry__challenge=challenge)
    return {"count": agreements.counted().count(), **agreements.totals()}
