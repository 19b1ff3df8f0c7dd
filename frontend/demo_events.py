"""Demo challenges: told phase by phase through the services; what reviewers wrote is history, stored as rows.

An event is a line of challenges.jsonl; its phases are given in days before today, negative for days to come.
"""

import random
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from unittest import mock

from django.utils import timezone

from accounts.enums import MemberRole, MemberStatus
from accounts.models import Membership, Organisation, User
from accounts.services import register_user
from challenges.enums import EntryStatus, Phase, ReviewStage, ReviewStatus, SolutionStatus
from challenges.models import Challenge, Entry, FollowUp, Review, Score, Solution
from challenges.responses import lines_for
from challenges.services.board import confirm_item, prefilled, word_item
from challenges.services.challenges import create_challenge, move_challenge, set_windows
from challenges.services.decisions import propose_decision
from challenges.services.entries import enter_need, move_entry
from challenges.services.experts import save_profile
from challenges.services.follow_ups import fill_follow_up, remind_of_follow_ups
from challenges.services.objections import answer_objection, raise_objection
from challenges.services.reviews import assign_reviewers, lock_review, save_scores
from challenges.services.signing import open_docking_for
from challenges.services.solutions import move_solution, save_solution, set_price, start_solution
from challenges.workflow import PHASES
from core.models import record_each
from frontend.stories import days_ago
from matching.catalogue import current_basis
from matching.services import best_for_providers
from needs.models import Need
from partnerships.enums import Side
from partnerships.models import Docking
from partnerships.services.agreements import content_mark, draft_agreement, move_agreement
from partnerships.services.dockings import ask_stage, confirm_stage, pledge
from providers.models import Capability

FIRST_STAGES = ("solution", "negotiation", "intent")
WITH_CONTRACT = ("contract", "execution")
# What the items that came on the board were given in the screening, and those that did not.
SELECTED, DROPPED = 84, 62
HIGH, FAIR = 80, 70


def seat_experts(rows: Iterable[dict], body: Organisation) -> dict[str, User]:
    """The experts of an organising body by their keys; none of them signs in, nor shares a mail domain."""
    experts = {}
    for row in rows:
        user = register_user(email=f"{row['key']}@{row['key']}-lab.example", password=None, name=row["name"])
        Membership.objects.create(user=user, organisation=body, role=MemberRole.EXPERT, status=MemberStatus.ACTIVE)
        save_profile(user, **{name: row[name] for name in ("disciplines", "expertise", "title")})
        experts[row["key"]] = user
    return experts


def tell_events(
    rows: Iterable[dict],
    *,
    needs: dict[str, Need],
    bodies: dict[str, Organisation],
    experts: dict[str, User],
    reasons: Iterable[dict],
) -> None:
    """Let these challenges happen; `needs`, `bodies` and `experts` are the records by their keys in the demo data.

    `reasons` are what experts say of each criterion when they find it good, fair or poor.
    """
    words = {row["criterion"]: row for row in reasons}
    # What could be offered on each of those days differs from today only by credentials that have begun since.
    with mock.patch("matching.services.current_basis", return_value=current_basis()):
        for row in rows:
            EventTeller(row, needs, bodies, experts, words).tell()
    remind_of_follow_ups()


class EventTeller:
    """One challenge, and what organiser, enterprises, institutes and experts do in it."""

    def __init__(self, row: dict, needs: dict, bodies: dict, experts: dict, reasons: dict):
        self.row, self.needs, self.bodies, self.experts, self.reasons = row, needs, bodies, experts, reasons
        self.organiser = User.objects.get(email="organiser@example.com")
        self.steward = User.objects.get(email="expert@example.com")
        self.numbers, self.now = random.Random(row["key"]), timezone.now()
        # The phases that have begun, and the one that is under way.
        self.begun = PHASES[: PHASES.index(Phase(row["status"])) + 1]
        self.entries: dict[str, Entry] = {}
        self.solutions: list[Solution] = []

    def tell(self) -> None:
        for phase in self.begun:
            # The finals were left out, as an organiser may.
            if phase.value in self.row["phases"]:
                getattr(self, phase)()

    # --- The phases -------------------------------------------------------------------------------------------------

    def collecting(self):
        first, last = self.row["phases"]["collecting"]
        with days_ago(first + 1):
            organiser = self.bodies[self.row["organiser"]]
            self.challenge = create_challenge(
                actor=self.organiser,
                organiser=organiser,
                co_organisers=[self.bodies[key] for key in self.row["co_organisers"]],
                **{name: self.row[name] for name in ("name", "theme", "rules_text")},
            )
            set_windows(self.challenge, actor=self.organiser, calendar=self._calendar())
        self._enter(Phase.COLLECTING)
        for place, key in enumerate(self.row["entries"]):
            with days_ago(first - 1 - (first - last - 2) * place // len(self.row["entries"])):
                need = Need.objects.get(pk=self.needs[key].pk)
                owner = self._person(need.organisation)
                self.entries[key] = enter_need(self.challenge, need, actor=owner, consents=True)

    def screening(self):
        self._enter(Phase.SCREENING)
        first, last = self.row["phases"]["screening"]
        if "reviews" in self.row:
            self._hand_out()
            return
        with days_ago((first + last) // 2):
            self._review(ReviewStage.SCREENING, [(entry, self._grade(key)) for key, entry in self.entries.items()])
        with days_ago(last + 2):
            for key, entry in self.entries.items():
                if reason := self.row["dropped"].get(key):
                    move_entry(entry, "drop", actor=self.organiser, note=reason)
                else:
                    self._word(entry)
                    move_entry(entry, "select", actor=self.organiser)

    def board(self):
        self._enter(Phase.BOARD)
        on_board = Entry.objects.filter(challenge=self.challenge, status=EntryStatus.ON_BOARD)
        self.entries = {
            key: on_board.get(need=self.needs[key]) for key in self.entries if key not in self.row["dropped"]
        }

    def solving(self):
        self._enter(Phase.SOLVING)
        first, last = self.row["phases"]["solving"]
        length = first - max(last, 0) - 2
        for place, told in enumerate(self.row["solutions"]):
            with days_ago(first - 1 - length * place // len(self.row["solutions"])):
                self.solutions.append(self._solve(told))
        if last >= 0:
            with days_ago(last - 1):
                self._admit()

    def reviewing(self):
        self._enter(Phase.REVIEWING)
        first, last = self.row["phases"]["reviewing"]
        told = [(each, self._told(each)) for each in self._admitted()]
        with days_ago((first + last) // 2):
            self._review(ReviewStage.SOLUTION, [(solution, each["grade"]) for solution, each in told])
        with days_ago(last + 1):
            for solution, each in told:
                propose_decision(solution, actor=self.organiser, outcome=each["outcome"], text=each["text"])

    def announced(self):
        self._enter(Phase.ANNOUNCED)
        first, last = self.row["phases"]["announced"]
        raised = self.row["objection"]
        body = self.bodies[raised["institute"]]
        with days_ago(first - 3):
            entry = self.entries[raised["need"]]
            objection = raise_objection(
                entry.challenge, actor=self._person(body), organisation=body, text=raised["text"], entry=entry
            )
        with days_ago(last + 3):
            answer_objection(objection, actor=self.organiser, is_upheld=False, answer=raised["answer"])

    def signing(self):
        self._enter(Phase.SIGNING)
        first, last = self.row["phases"]["signing"]
        selected = Solution.objects.filter(entry__challenge=self.challenge, status=SolutionStatus.SELECTED)
        for place, solution in enumerate(selected):
            with days_ago(first - 1 - (first - last - 4) * place // len(selected)):
                docking = open_docking_for(solution, actor=self.organiser, steward=self.steward)
                pledge(docking, actor=self.steward)
            if agreed := self._told(solution).get("agreement"):
                with days_ago(last + 1 - 2 * place):
                    self._agree(Docking.objects.get(pk=docking.pk), agreed)

    def tracking(self):
        self._enter(Phase.TRACKING)
        for months, told in self.row["follow_ups"].items():
            for key, (state, text) in told.items():
                follow_up = FollowUp.objects.get(solution__entry=self.entries[key], months=months)
                with days_ago(max((timezone.localdate() - follow_up.due_on).days - 2, 0)):
                    fill_follow_up(follow_up, actor=self.steward, state=state, text=text)

    # --- What is done in them ---------------------------------------------------------------------------------------

    def _enter(self, phase: Phase) -> None:
        with days_ago(self.row["phases"][phase][0]):
            move_challenge(Challenge.objects.get(pk=self.challenge.pk), f"open_{phase}", actor=self.organiser)
        self.challenge = Challenge.objects.get(pk=self.challenge.pk)

    def _word(self, entry: Entry) -> None:
        fields = prefilled(entry, self.organiser) | {"conditions": self.row["conditions"], "shows_lines": True}
        entry = word_item(entry, actor=self.organiser, **fields)
        confirm_item(entry, actor=self._person(entry.need.organisation), seen=entry.wording)

    def _solve(self, told: dict) -> Solution:
        body, entry = self.bodies[told["institute"]], self.entries[told["need"]]
        actor = self._person(body)
        solution = start_solution(entry, actor=actor, organisation=body)
        words = {name: told.get(name, "") for name in ("title", "team", "approach", "foundation", "plan")}
        words |= {name: told.get(name, "") for name in ("property_rights", "risks")}
        save_solution(
            solution,
            actor=actor,
            capability=self._capability(entry.need, body),
            promises=self._promises(solution, told, actor),
            **words,
        )
        if "price" in told:
            set_price(solution, Decimal(told["price"]), actor=actor)
        if told.get("state") != "draft":
            move_solution(solution, "submit", actor=actor)
        return solution

    def _promises(self, solution: Solution, told: dict, actor: User) -> list[dict]:
        rows = [{"promised_text": promised, "evidence": evidence} for promised, evidence in told["promises"]]
        if lines_for(solution, actor):
            return rows
        names = ("object_name", "range_text", "accuracy_text")
        return [row | dict(zip(names, own, strict=True)) for row, own in zip(rows, told["own"], strict=True)]

    def _capability(self, need: Need, body: Organisation) -> Capability:
        _, capability = best_for_providers(need, {body.pk})
        return capability

    def _admit(self) -> None:
        for solution in self.solutions:
            rejection = self._told(solution).get("rejection", "")
            move_solution(solution, "reject" if rejection else "admit", actor=self.organiser, note=rejection)

    def _agree(self, docking: Docking, agreed: dict) -> None:
        people = {
            Side.ENTERPRISE: self._person(docking.need.organisation),
            Side.PROVIDER: self._person(docking.institute),
        }
        amounts = {f"{name}_amount": Decimal(agreed[name]) for name in ("intent", "contract", "paid") if name in agreed}
        today = timezone.localdate()
        dates = {"signed_on": today, "valid_until": today + timedelta(days=365)}
        agreement = draft_agreement(
            docking, actor=people[Side.PROVIDER], kind=agreed["kind"], title=agreed["title"], **amounts, **dates
        )
        for side, person in people.items():
            move_agreement(agreement, f"{side}_confirm", actor=person, seen=content_mark(agreement))
        for stage in FIRST_STAGES + (WITH_CONTRACT if "contract" in agreed else ()):
            ask_stage(docking, stage, actor=people[Side.PROVIDER])
            confirm_stage(docking, actor=people[Side.ENTERPRISE])

    # --- What reviewers wrote: history, as rows ---------------------------------------------------------------------

    def _review(self, stage: str, graded: list[tuple[Entry | Solution, int]]) -> None:
        """Three locked reviews for each item, its points around the grade; nobody waits for them any more."""
        criteria = list(self.challenge.criteria.filter(stage=stage))
        pool = list(self.experts.values())
        reviews, scores = [], []
        for place, (item, grade) in enumerate(graded):
            for number in range(self.challenge.reviews_per_item):
                review = self._locked(stage, item, pool[(place + 2 * number) % len(pool)])
                reviews.append(review)
                scores += [self._score(review, criterion, grade) for criterion in criteria]
        Review.objects.bulk_create(reviews)
        Score.objects.bulk_create(scores)
        for reviewer in pool:
            own = [review for review in reviews if review.reviewer == reviewer]
            record_each(own, "assign", "分派专家", actor=self.organiser, target=ReviewStatus.ASSIGNED)
            record_each(own, "lock", "提交评审", actor=reviewer, target=ReviewStatus.LOCKED)

    def _locked(self, stage: str, item: Entry | Solution, reviewer: User) -> Review:
        is_entry = isinstance(item, Entry)
        return Review(
            stage=stage,
            entry=item if is_entry else item.entry,
            solution=None if is_entry else item,
            reviewer=reviewer,
            label=f"{self.numbers.getrandbits(24):06X}",
            status=ReviewStatus.LOCKED,
            locked_at=timezone.now(),
        )

    def _score(self, review: Review, criterion, grade: int) -> Score:
        points = grade + self.numbers.randint(-5, 5)
        words = self.reasons[criterion.name]
        reason = words["high" if points >= HIGH else "fair" if points >= FAIR else "low"]
        return Score(review=review, criterion=criterion, points=points, reason=reason)

    def _hand_out(self) -> None:
        """The screening that is under way: assigned through the service, some of it already handed in."""
        people = self.experts | {"expert": self.steward}
        with days_ago(self.row["phases"]["screening"][0] - 1):
            pairs = [(self.entries[key], people[who]) for key, names in self.row["reviews"].items() for who in names]
            assign_reviewers(self.challenge, actor=self.organiser, pairs=pairs)
        with days_ago(1):
            handed_in = Review.objects.filter(
                entry__challenge=self.challenge, reviewer__in=[people[who] for who in self.row["locked"]]
            )
            for review in handed_in:
                self._score_and_lock(review)

    def _score_and_lock(self, review: Review) -> None:
        reviewer = User.objects.get(pk=review.reviewer_id)
        given = [self._score(review, each, SELECTED) for each in self.challenge.criteria.filter(stage=review.stage)]
        rows = [{"criterion": each.criterion, "points": each.points, "reason": each.reason} for each in given]
        save_scores(review, actor=reviewer, scores=rows, comment="建议入选，发榜前与企业核实现场条件。")
        lock_review(review, actor=reviewer)

    # --- Helpers ----------------------------------------------------------------------------------------------------

    def _calendar(self) -> dict:
        """The windows of the phases; each begins and ends in the small hours of its day."""
        today = timezone.localtime(self.now).replace(hour=0, minute=0, second=0, microsecond=0)
        return {
            phase: tuple(today - timedelta(days=days) for days in ends) for phase, ends in self.row["phases"].items()
        }

    def _grade(self, key: str) -> int:
        return DROPPED if key in self.row["dropped"] else SELECTED

    def _admitted(self):
        return Solution.objects.filter(entry__challenge=self.challenge, status=SolutionStatus.ADMITTED)

    def _told(self, solution: Solution) -> dict:
        return next(
            told
            for told in self.row["solutions"]
            if (self.needs[told["need"]].pk, self.bodies[told["institute"]].pk)
            == (solution.entry.need_id, solution.organisation_id)
        )

    def _person(self, body: Organisation) -> User:
        """Whoever came last is the one who can sign in, where there is a demo account."""
        return User.objects.acting_for(body).order_by("-date_joined").first()
