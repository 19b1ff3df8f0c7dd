"""Demo dockings: stories told day by day through the services, as they happen in life.

A story is {need, institute, days_ago, events}; an event is [day, action, arguments …], those by name last in an object,
its day counted from the beginning of the story.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from unittest import mock

from django.utils import timezone

from accounts.models import Organisation, User
from matching.catalogue import Basis, current_basis
from matching.models import Proposal
from matching.services import expire_proposals, invite_institute, move_proposal, propose_for_need
from needs.models import Need
from partnerships.enums import Side
from partnerships.models import Docking
from partnerships.services.acceptance import give_mark, save_acceptance
from partnerships.services.agreements import content_mark, draft_agreement, move_agreement
from partnerships.services.cases import move_case, page_of, write_case
from partnerships.services.confidentiality import move_confidentiality, request_confidentiality
from partnerships.services.dockings import (
    add_milestone,
    ask_stage,
    assign_steward,
    complete_milestone,
    confirm_stage,
    log_contact,
    plan_visit,
    pledge,
    write_message,
)
from partnerships.services.ledger import assign_entry


@contextmanager
def days_ago(days: int) -> Iterator[None]:
    """What is done inside happened that many days ago."""
    moment = timezone.now() - timedelta(days=days)
    with mock.patch.object(timezone, "now", return_value=moment):
        yield


def tell_stories(stories: Iterable[dict], *, needs: dict[str, Need], bodies: dict[str, Organisation]) -> None:
    """Let these stories happen; `needs` and `bodies` are the records by their keys in the demo data."""
    organiser = User.objects.get(email="organiser@example.com")
    steward = User.objects.get(email="expert@example.com")
    # What could be proposed then differs from today only by credentials that have begun since.
    basis = current_basis()
    for story in stories:
        need, institute = Need.objects.get(pk=needs[story["need"]].pk), bodies[story["institute"]]
        teller = Storyteller(need, institute, basis, organiser=organiser, steward=steward)
        for day, action, *arguments in story["events"]:
            named = arguments.pop() if arguments and isinstance(arguments[-1], dict) else {}
            with days_ago(story["days_ago"] - day):
                getattr(teller, action)(*arguments, **named)
    expire_proposals()


class Storyteller:
    """The people of one docking, and what each of them does."""

    def __init__(self, need: Need, institute: Organisation, basis: Basis, *, organiser: User, steward: User):
        self.need, self.institute, self.basis = need, institute, basis
        self.organiser, self.steward_person = organiser, steward
        # Whoever came last is the one who can sign in, where there is a demo account.
        self.people = {
            Side.ENTERPRISE: User.objects.acting_for(need.organisation).order_by("-date_joined").first(),
            Side.PROVIDER: User.objects.acting_for(institute).order_by("-date_joined").first(),
        }

    @property
    def proposal(self) -> Proposal:
        proposals = self.need.proposals.filter(capability__organisation=self.institute).for_list()
        return proposals.order_by("-score", "pk")[0]

    @property
    def docking(self) -> Docking:
        return Docking.objects.for_list().get(need=self.need, institute=self.institute)

    # Proposals

    def match(self):
        propose_for_need(self.need, self.basis)

    def accept(self, side, note=""):
        move_proposal(self.proposal, f"{side}_accept", actor=self.people[side], note=note)

    def decline(self, side, reason, note=""):
        move_proposal(self.proposal, f"{side}_decline", actor=self.people[side], reason=reason, note=note)

    def invite(self, note=""):
        invite_institute(self.need, self.institute, actor=self.people[Side.ENTERPRISE], note=note)

    def release(self):
        """The organiser's way for needs that only organisers see."""
        move_proposal(self.proposal, "ask_consent", actor=self.organiser)
        move_proposal(self.proposal, "consent", actor=self.people[Side.ENTERPRISE])

    def sign(self, *sides):
        agreement = request_confidentiality(self.need, self.institute, actor=self.people[Side.PROVIDER])
        for side in sides:
            move_confidentiality(agreement, f"{side}_sign", actor=self.people[side], seen=agreement.text_hash)

    # Dockings

    def steward(self, pledges=True):
        assign_steward(self.docking, actor=self.organiser, steward=self.steward_person)
        if pledges:
            pledge(self.docking, actor=self.steward_person)

    def log(self, side, *, next_in=None, **fields):
        today = timezone.localdate()
        next_on = today + timedelta(days=next_in) if next_in is not None else None
        log_contact(self.docking, actor=self._person(side), held_on=today, next_on=next_on, **fields)

    def visit(self, side, *, in_days, **fields):
        planned_on = timezone.localdate() + timedelta(days=in_days)
        plan_visit(self.docking, actor=self._person(side), planned_on=planned_on, **fields)

    def message(self, side, text):
        write_message(self.docking, actor=self._person(side), text=text)

    def milestone(self, title, in_days):
        add_milestone(
            self.docking,
            actor=self.people[Side.PROVIDER],
            title=title,
            due_on=timezone.localdate() + timedelta(days=in_days),
        )

    def done(self, title):
        complete_milestone(self.docking.milestones.get(title=title), actor=self.people[Side.PROVIDER])

    def ask(self, side, stage, note="", reason=""):
        ask_stage(self.docking, stage, actor=self.people[side], note=note, reason=reason)

    def stage(self, side, stage, note="", reason=""):
        """Asked for by one side and confirmed by the other."""
        self.ask(side, stage, note, reason)
        confirm_stage(self.docking, actor=self.people[Side(side).other])

    # Agreements and what came of them

    def draft(self, side, *, signed=False, **fields):
        amounts = {name: Decimal(value) for name, value in fields.items() if name.endswith("_amount")}
        today = timezone.localdate()
        dates = {"signed_on": today, "valid_until": today + timedelta(days=365)} if signed else {}
        draft_agreement(self.docking, actor=self.people[side], **{**fields, **amounts, **dates})

    def confirm(self, *sides):
        agreement = self.docking.agreements.first()
        for side in sides:
            move_agreement(agreement, f"{side}_confirm", actor=self.people[side], seen=content_mark(agreement))

    def result(self, side, conclusion, *achieved):
        save_acceptance(
            self.docking,
            actor=self.people[side],
            lines=[{"achieved_text": text} for text in achieved],
            accepted_on=timezone.localdate(),
            conclusion=conclusion,
        )

    def mark(self, side, mark, words):
        give_mark(self.docking.acceptance, actor=self.people[side], mark=mark, words=words)

    def case(self, side, *consenting, **fields):
        case = write_case(self.docking, actor=self.people[side], **fields)
        for each in consenting:
            move_case(case, f"{each}_consent", actor=self.people[each], seen=page_of(case).mark)

    def assign(self, in_days):
        """The ledger's entry of the need gets somebody of the institute who answers for it."""
        assign_entry(
            self.need.ledger_entry,
            actor=self.organiser,
            responsible=self.institute,
            person=self.people[Side.PROVIDER],
            due_on=timezone.localdate() + timedelta(days=in_days),
        )

    def _person(self, side) -> User:
        return self.steward_person if side == "steward" else self.people[side]
