"""A contest of two solutions on its way to the decisions."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import F
from django.utils import timezone

from accounts.models import User
from challenges.models import Challenge, CoApplicant, Decision, Entry, PhaseWindow, Review, Score, Solution
from challenges.services.challenges import move_challenge
from challenges.services.decisions import propose_decision
from challenges.services.objections import answer_objection, raise_objection
from tests.challenges.conftest import LENGTH, fresh, let_pass


@dataclass
class Contest:
    """An item, the better solution to it with its partner, and the rival's; a guest has nothing to do with them."""

    entry: Entry
    best: Solution
    other: Solution
    provider: User
    partner: User
    rival: User
    organiser: User

    @property
    def challenge(self) -> Challenge:
        return Challenge.objects.get(pk=self.entry.challenge_id)

    def propose(self, best="selected", other="not_selected", text="指标响应不足，请补充不确定度评定。"):
        """Have the organiser put down what is to become of both."""
        actor = fresh(self.organiser)
        propose_decision(Solution.objects.get(pk=self.best.pk), actor=actor, outcome=best)
        propose_decision(Solution.objects.get(pk=self.other.pk), actor=actor, outcome=other, text=text)

    def release(self):
        """Have the challenge come to the public notice when the reviews are over; four days of it are gone."""
        let_pass(self.entry.challenge, LENGTH)
        return move_challenge(self.challenge, "open_announced", actor=fresh(self.organiser))

    def decision(self, solution) -> Decision:
        return Decision.objects.get(solution=solution.pk)

    def object(self, author, *, entry=None, text="评审程序有疑问"):
        author = fresh(author)
        return raise_objection(
            self.challenge, actor=author, organisation=author.organisations[0], entry=entry, text=text
        )

    def answer(self, objection, *, is_upheld=True, answer="经核实"):
        return answer_objection(objection, actor=fresh(self.organiser), is_upheld=is_upheld, answer=answer)


def score_solution(solution, reviewer, points=80, *, comment="总体可行"):
    """A locked review with these points, or the same, for all criteria."""
    criteria = list(solution.challenge.criteria.filter(stage="solution"))
    given = points if isinstance(points, list) else [points] * len(criteria)
    review = Review.objects.create(
        stage="solution",
        entry=solution.entry,
        solution=solution,
        reviewer=reviewer,
        status="locked",
        comment=comment,
        locked_at=timezone.now(),
    )
    Score.objects.bulk_create(
        Score(review=review, criterion=criterion, points=Decimal(str(each)), reason=f"{criterion.name}的理由")
        for criterion, each in zip(criteria, given, strict=True)
    )
    return review


def without_finals(entry):
    """The challenge does without finals on site."""
    PhaseWindow.objects.filter(challenge=entry.challenge_id, phase="finals").delete()
    # What comes after the reviews moves up by the length of the finals.
    later = PhaseWindow.objects.filter(challenge=entry.challenge_id, phase__in=["announced", "signing", "tracking"])
    later.update(opens_at=F("opens_at") - LENGTH, closes_at=F("closes_at") - LENGTH)


def join(solution, body, user):
    """The body stands behind the solution as well."""
    return CoApplicant.objects.create(solution=solution, organisation=body, agreed_at=timezone.now(), agreed_by=user)
