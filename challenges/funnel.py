"""The funnel of an event, from the needs entered to the agreements signed; each number opens its records."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce
from django.urls import reverse

from accounts.models import User
from challenges.enums import EntryStatus, FunnelStep
from challenges.enums import SolutionStatus as S
from challenges.models import Challenge, Solution
from challenges.services.signing import sums_of
from challenges.workflow import RELEASED

# The steps that count entries.
ENTRY_STEPS = tuple(step for step in FunnelStep if step != FunnelStep.SOLUTIONS)
# What everybody may count, since its records are public: the board and the notice. What was handed in beside is told
# with them; of the entries that are not on the board not even the number.
PUBLIC = (FunnelStep.PUBLISHED, FunnelStep.SOLUTIONS, FunnelStep.COVERED, FunnelStep.MATCHED)
PUBLIC_PAGES = {FunnelStep.PUBLISHED: "challenges:board", FunnelStep.MATCHED: "challenges:announcement"}


@dataclass(frozen=True)
class Step:
    """One number, with the page that shows what was counted, where this reader has one."""

    step: FunnelStep
    count: int
    url: str
    # In percent of the widest step.
    share: int = 0

    @property
    def label(self) -> str:
        return self.step.label

    @property
    def unit(self) -> str:
        return "份" if self.step == FunnelStep.SOLUTIONS else "项"


@dataclass(frozen=True)
class Sums:
    """The money apart: what enterprises would spend on the items of the board, and what was agreed on."""

    budget_low: Decimal
    budget_high: Decimal
    without_budget: int
    count: int
    intent_amount: Decimal
    contract_amount: Decimal
    paid_amount: Decimal


@dataclass(frozen=True)
class Funnel:
    steps: list[Step]
    sums: Sums | None

    def count(self, step: FunnelStep) -> int:
        return next(each.count for each in self.steps if each.step == step)


def funnel_of(challenge: Challenge, user: User) -> Funnel | None:
    """All of it for who runs the challenge; for others, once the decisions are out, what is public of it."""
    if user.has_perm("challenges.run_challenge", challenge):
        return Funnel(
            _drawn([_step(challenge, step, _page_of(challenge, step)) for step in FunnelStep]), _sums(challenge)
        )
    if challenge.status not in RELEASED:
        return None
    pages = {step: reverse(page, args=[challenge.pk]) for step, page in PUBLIC_PAGES.items()}
    return Funnel(_drawn([_step(challenge, step, pages.get(step, "")) for step in PUBLIC]), None)


def entries_at(step: str) -> Q:
    """The condition that an entry has come as far as this step, one of `ENTRY_STEPS`."""
    handed_in = Solution.objects.in_contest().values("entry")
    selected = Solution.objects.filter(status=S.SELECTED).values("entry")
    return {
        FunnelStep.ENTERED: ~Q(status=EntryStatus.WITHDRAWN),
        FunnelStep.PUBLISHED: Q(status=EntryStatus.ON_BOARD),
        FunnelStep.COVERED: Q(pk__in=handed_in),
        FunnelStep.MATCHED: Q(pk__in=selected),
        FunnelStep.SIGNED: Q(pk__in=Solution.objects.signed().values("entry")),
    }[FunnelStep(step)]


def _step(challenge: Challenge, step: FunnelStep, url: str) -> Step:
    if step == FunnelStep.SOLUTIONS:
        return Step(step, Solution.objects.in_contest().filter(entry__challenge=challenge).count(), url)
    return Step(step, challenge.entries.filter(entries_at(step)).count(), url)


def _page_of(challenge: Challenge, step: FunnelStep) -> str:
    """Where who runs the challenge sees what is counted."""
    if step == FunnelStep.SOLUTIONS:
        return reverse("challenges:solution_list", args=[challenge.pk])
    return f"{reverse('challenges:entry_list', args=[challenge.pk])}?step={step}"


def _drawn(steps: list[Step]) -> list[Step]:
    widest = max(step.count for step in steps)
    return [Step(each.step, each.count, each.url, round(100 * each.count / widest) if widest else 0) for each in steps]


def _sums(challenge: Challenge) -> Sums:
    budget = challenge.entries.filter(entries_at(FunnelStep.PUBLISHED)).aggregate(
        low=Sum("need__budget_low", default=0),
        high=Sum(Coalesce("need__budget_high", "need__budget_low"), default=0),
        without=Count("pk", filter=Q(need__budget_low=None, need__budget_high=None)),
    )
    return Sums(Decimal(budget["low"]), Decimal(budget["high"]), budget["without"], **sums_of(challenge))
