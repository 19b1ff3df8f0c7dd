"""Whatever people, time and the matcher do in whatever order: what must always hold of a need's proposals, holds."""

from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from accounts.models import User
from core.enums import Level
from core.history import find_break
from core.workflow import TransitionError
from matching.enums import NEXT_MOVE, RECEIVED, WAITING, Origin, Side
from matching.enums import ProposalStatus as S
from matching.models import Proposal
from matching.services import (
    apply_for_need,
    expire_proposals,
    invite_institute,
    move_proposal,
    propose_for_need,
    supersede_proposals,
)
from matching.workflow import possible_steps, proposal_workflow
from needs.enums import NeedStatus
from needs.models import Need
from needs.services import confirm_public_text, move_need, update_need
from providers.models import Capability
from providers.services import move_capability, update_capability

pytestmark = pytest.mark.django_db

PEOPLE = ["owner", "colleague", "provider", "organiser", "stranger"]
# The steps by which people let an institute see a confidential proposal.
LET_IN = {"propose", "consent", "invite"}
WISHES = {"apply", "invite", "provider_accept", "enterprise_accept"}


class Proposals(RuleBasedStateMachine):
    """One need and two capabilities of an institute."""

    people = make_need = capabilities = clock = None

    @initialize(level=st.sampled_from(Level.values))
    def begin(self, level):
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.today = timezone.now()
        self.need = self.make_need("published", level=level).pk
        self.match()

    def teardown(self):
        if hasattr(self, "atomic"):
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)
        self.clock.move_to(self.start)

    # What people do.

    @rule(name=st.sampled_from(PEOPLE), step=st.sampled_from(sorted(proposal_workflow.transitions)), data=st.data())
    def take_any_step(self, name, step, data):
        if proposal := self.draw_proposal(data):
            self.attempt(move_proposal, proposal, step, actor=self.person(name), reason="price", note="说明")

    @rule(data=st.data())
    def take_an_offered_step(self, data):
        """What is offered works."""
        offered = [
            (proposal, name, step)
            for proposal in Proposal.objects.order_by("capability__title")
            for name in PEOPLE
            if proposal in Proposal.objects.visible_to(self.person(name))
            for step in possible_steps(proposal, self.person(name))
        ]
        if offered:
            place = data.draw(st.integers(0, len(offered) - 1))
            proposal, name, step = offered[place]
            event = move_proposal(proposal, step.name, actor=self.person(name), reason="range" if step.reasons else "")
            assert event.target == Proposal.objects.get(pk=proposal.pk).status

    @rule(name=st.sampled_from(PEOPLE))
    def apply(self, name):
        self.attempt(apply_for_need, self.load(), actor=self.person(name), note="可派人到现场")

    @rule(name=st.sampled_from(PEOPLE))
    def invite(self, name):
        institute = self.people["provider"].organisations[0]
        self.attempt(invite_institute, self.load(), institute, actor=self.person(name))

    # What changes around them.

    @rule()
    def match(self):
        propose_for_need(self.load())

    @rule(days=st.sampled_from([1, 11, 14, 15]))
    def let_time_pass(self, days):
        self.today += timedelta(days=days)
        self.clock.move_to(self.today)
        expire_proposals()
        assert expire_proposals() == 0

    @rule(data=st.data(), fitting=st.booleans())
    def change_a_capability(self, data, fitting):
        capability = Capability.objects.get(pk=data.draw(st.sampled_from(self.capabilities)))
        if capability.status == "published":
            row = {"measurand": "长度示值误差", "range_text": "(0~800) mm", "uncertainty_text": "U=0.3 μm (k=2)"}
            other = {"measurand": "压力", "range_text": "(0~60) MPa", "uncertainty_text": "Urel=0.02 % (k=2)"}
            update_capability(capability, actor=self.person("provider"), lines=[row if fitting else other])

    @rule(data=st.data())
    def suspend_or_publish_a_capability(self, data):
        capability = Capability.objects.get(pk=data.draw(st.sampled_from(self.capabilities)))
        step = "suspend" if capability.status == "published" else "publish"
        move_capability(capability, step, actor=self.person("provider"))

    @precondition(lambda self: self.load().status == NeedStatus.PUBLISHED)
    @rule(level=st.sampled_from(Level.values))
    def revise_and_publish_again(self, level):
        owner, organiser = self.person("owner"), self.person("organiser")
        need = self.load()
        move_need(need, "revise", actor=owner, note="补充")
        # The signals are sent on commit, which never comes here.
        supersede_proposals(need)
        update_need(need, actor=owner, level=level)
        for step, actor in (("submit", owner), ("accept", organiser), ("confirm", owner), ("publish", organiser)):
            if step == "confirm":
                confirm_public_text(need, actor=owner)
            else:
                move_need(need, step, actor=actor)
        propose_for_need(need)

    def attempt(self, service, *args, **kwargs):
        with suppress(TransitionError), transaction.atomic():
            service(*args, **kwargs)

    def load(self):
        return Need.objects.get(pk=self.need)

    def person(self, name):
        return User.objects.get(pk=self.people[name].pk)

    def draw_proposal(self, data):
        keys = list(Proposal.objects.order_by("capability__title").values_list("pk", flat=True))
        return Proposal.objects.get(pk=data.draw(st.sampled_from(keys))) if keys else None

    # What always holds.

    @invariant()
    def the_seals_hold(self):
        assert find_break() is None

    @invariant()
    def there_is_a_last_day_to_answer_while_somebody_has_to(self):
        for proposal in Proposal.objects.all():
            assert (proposal.answer_due_on is not None) == (proposal.status in WAITING)
            assert (proposal.next_move != "") == (proposal.status in NEXT_MOVE)

    @invariant()
    def each_state_follows_from_the_one_before(self):
        for proposal in Proposal.objects.all():
            path = list(proposal.events.values_list("action", "source", "target"))
            for action, source, target in path:
                step = proposal_workflow.transitions[action]
                assert source in step.sources
                assert step.target_from(source) == target
            assert [source for _, source, _ in path[1:]] == [target for _, _, target in path[:-1]]
            if path:
                assert proposal.status == path[-1][2]

    @invariant()
    def there_is_one_outcome_at_most(self):
        for proposal in Proposal.objects.all():
            outcomes = proposal.events.filter(target__in=[S.MUTUAL, S.DECLINED])
            assert outcomes.count() == (proposal.status in {S.MUTUAL, S.DECLINED})

    @invariant()
    def both_have_said_so_before_they_meet(self):
        for proposal in Proposal.objects.filter(status=S.MUTUAL):
            last = [event.action for event in proposal.events.all()][-2:]
            sides = [{"apply": "provider", "invite": "enterprise"}.get(each, each.partition("_")[0]) for each in last]
            assert sorted(sides) == [Side.ENTERPRISE, Side.PROVIDER]
            assert proposal.need.grants.get().sees_contact

    @invariant()
    def an_institute_gets_to_see_a_confidential_need_through_a_person_alone(self):
        provider = self.person("provider")
        # What was settled while the need was still public stays known.
        received = Proposal.objects.received_by(provider).exclude(status__in=[S.MUTUAL, S.DECLINED])
        for proposal in received.filter(need__level__gt=Level.PUBLIC):
            assert proposal.events.exclude(source__in=RECEIVED).last().action in LET_IN
        if self.load().level == Level.ORGANISER_ONLY:
            knows = Need.objects.visible_to(provider).filter(pk=self.need).exists()
            assert knows == self.load().grants.exists()

    @invariant()
    def nobody_is_shown_what_is_not_theirs(self):
        assert not Proposal.objects.visible_to(self.person("stranger")).exists()

    @invariant()
    def what_a_person_began_bears_their_name(self):
        for proposal in Proposal.objects.exclude(origin=Origin.MATCHED):
            assert proposal.events.filter(
                action__in=["apply", "invite", "provider_accept", "enterprise_accept"]
            ).exists()


def test_the_life_of_proposals(people, new_need, new_capability, time_machine):
    time_machine.move_to("2026-11-22T10:00:00+08:00")
    Proposals.people, Proposals.make_need, Proposals.clock = people, staticmethod(new_need), time_machine
    Proposals.start = timezone.now()
    Proposals.capabilities = [new_capability(title).pk for title in ("坐标测量机", "量块")]
    run_machine(
        Proposals,
        settings=settings(
            max_examples=20,
            stateful_step_count=15,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
