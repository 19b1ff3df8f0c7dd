"""Every step of a proposal from every state, at every level, by every person."""

import pytest
from django.db import transaction

from core.workflow import NotPermitted, TransitionError
from matching.enums import DeclineReason
from matching.enums import ProposalStatus as S
from matching.models import Proposal
from matching.services import move_proposal, propose_for_need
from matching.workflow import proposal_workflow

STEPS = {
    "propose": ({"generated"}, "proposed"),
    "accept": ({"proposed"}, "interested"),
    "decline": ({"proposed", "interested"}, "declined"),
}


@pytest.fixture
def proposal_in(new_need, capability):
    def make(status, level=1):
        propose_for_need(new_need("published", level=level))
        Proposal.objects.update(status=status)
        return Proposal.objects.get()

    return make


def may(name, step, status, level):
    """Who may: organisers pass on; the enterprise answers, and the institute what it has received."""
    if step == "propose":
        return name in {"organiser", "admin"}
    received = status not in {"generated", "superseded"} and level < 3
    return name in {"owner", "colleague"} or (name == "provider" and received)


def test_the_table_has_these_steps():
    assert set(proposal_workflow.transitions) == set(STEPS)


@pytest.mark.parametrize("level", [1, 2, 3])
@pytest.mark.parametrize("status", S.values)
def test_every_step_by_everyone(status, level, proposal_in, people, unverified_provider):
    proposal = proposal_in(status, level)
    found, expected = {}, {}
    for step, (sources, target) in STEPS.items():
        for name, user in {**people, "unverified_provider": unverified_provider}.items():
            found[step, name] = outcome(proposal, step, user)
            is_possible = status in sources and not (step == "propose" and level == 3)
            allowed = target if is_possible else "refused"
            expected[step, name] = allowed if may(name, step, status, level) else "NotPermitted"
    assert found == expected


def outcome(proposal, step, user):
    """The state the step leads to, or how it is refused; nothing is left behind."""
    proposal = Proposal.objects.get(pk=proposal.pk)
    with transaction.atomic():
        try:
            move_proposal(proposal, step, actor=user, reason="price" if step == "decline" else "")
        except NotPermitted:
            return "NotPermitted"
        except TransitionError:
            return "refused"
        finally:
            transaction.set_rollback(True)
    return proposal.status


@pytest.mark.parametrize("status", S.values)
def test_the_buttons_are_the_steps_that_work(status, proposal_in, people):
    proposal = proposal_in(status, 2)
    found = {name: [step.name for step in proposal_workflow.steps_for(proposal, user)] for name, user in people.items()}
    assert found == {
        name: [step for step, (sources, _) in STEPS.items() if status in sources and may(name, step, status, 2)]
        for name in people
    }


def test_what_only_the_organiser_sees_goes_nowhere(proposal_in, organiser):
    with pytest.raises(TransitionError, match="请先与企业商定公开级别"):
        move_proposal(proposal_in("generated", 3), "propose", actor=organiser)


@pytest.mark.parametrize("reason", ["", "nonsense", "能力不符"])
def test_declining_needs_a_reason_from_the_list(reason, proposal_in, provider):
    proposal = proposal_in("proposed")
    with pytest.raises(TransitionError, match="请选择不合适的原因"):
        move_proposal(proposal, "decline", actor=provider, reason=reason)
    assert (Proposal.objects.get().status, proposal.events.count()) == ("proposed", 0)


@pytest.mark.parametrize("reason", DeclineReason.values)
def test_the_reason_is_kept(reason, proposal_in, provider):
    proposal = proposal_in("interested")
    move_proposal(proposal, "decline", actor=provider, reason=reason, note=" 排不开 ")
    assert proposal.events.values_list("action", "source", "target", "reason", "note", "actor__name").get() == (
        "decline",
        "interested",
        "declined",
        reason,
        "排不开",
        "机构业务员",
    )


def test_only_a_refusal_has_a_reason(proposal_in, provider):
    proposal = proposal_in("proposed")
    move_proposal(proposal, "accept", actor=provider, reason="长" * 1000)
    assert proposal.events.get().reason == ""


def test_a_withdrawn_need_is_out_of_the_institutes_reach(proposal_in, provider):
    proposal = proposal_in("proposed")
    proposal.need.status = "withdrawn"
    proposal.need.save()
    with pytest.raises(NotPermitted):
        move_proposal(proposal, "accept", actor=provider)
