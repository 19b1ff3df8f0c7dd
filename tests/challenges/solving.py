"""Solutions made through the services, step by step."""

from decimal import Decimal

from django.utils import timezone

from challenges.models import PhaseWindow, Solution
from challenges.services.solutions import move_solution, save_solution, set_price, start_solution
from tests.challenges.conftest import fresh

PARTS = {
    "title": "激光跟踪原位校准方案",
    "team": "正高级工程师 1 名，工程师 3 名",
    "approach": "用激光跟踪仪在现场逐点测量",
    "plan": "三个月完成样机，六个月验收",
}
ROW = {"promised_text": "U=0.4 μm (k=2)", "evidence": "比对报告"}


def whole(solution, provider, capability, *, amount="386000", rows=(ROW,), **fields):
    """The draft with everything that has to be there before it can be handed in."""
    actor = fresh(provider)
    save_solution(solution, actor=actor, promises=list(rows), capability=capability, **{**PARTS, **fields})
    set_price(solution, Decimal(amount), actor=actor)
    return solution


def hand_in(entry, provider, capability, **fields):
    """A solution of the person's institute, handed in."""
    body = fresh(provider).providers[0]
    solution = whole(start_solution(entry, actor=fresh(provider), organisation=body), provider, capability, **fields)
    move_solution(solution, "submit", actor=fresh(provider))
    return Solution.objects.get(pk=solution.pk)


def end_solving(entry, at=None):
    """Have the window for solutions end at this moment."""
    PhaseWindow.objects.filter(challenge=entry.challenge_id, phase="solving").update(closes_at=at or timezone.now())
