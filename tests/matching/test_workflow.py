"""Every step of a proposal from every state, at every level, by every person."""

import pytest
from django.db import transaction

from core.workflow import NotPermitted, TransitionError
from matching.enums import RECEIVED, DeclineReason
from matching.enums import ProposalStatus as S
from matching.models import Proposal
from matching.services import move_proposal, propose_for_need
from matching.workflow import possible_steps, proposal_workflow
from needs.services import grant_sight

ENTERPRISE, PROVIDER, ORGANISERS = {"owner", "colleague"}, {"provider"}, {"organiser", "admin"}
WAITING = {"proposed", "enterprise_interested", "provider_interested"}
# The table of the field guide, written down a second time: step → (who, from where to where).
STEPS = {
    "propose": (ORGANISERS, {"generated": "proposed"}),
    "ask_consent": (ORGANISERS, {"generated": "awaiting_consent"}),
    "consent": (ENTERPRISE, {"awaiting_consent": "proposed"}),
    "refuse_consent": (ENTERPRISE, {"awaiting_consent": "generated"}),
    "enterprise_accept": (ENTERPRISE, {"proposed": "enterprise_interested", "provider_interested": "mutual"}),
    "provider_accept": (PROVIDER, {"proposed": "provider_interested", "enterprise_interested": "mutual"}),
    "enterprise_decline": (ENTERPRISE, dict.fromkeys(WAITING, "declined")),
    "provider_decline": (PROVIDER, dict.fromkeys(WAITING, "declined")),
}
# What nobody takes: it follows from a match, a wish of one side, or time.
FOLLOWING = {"apply", "invite", "award", "expire", "renew", "rest", "supersede"}


@pytest.fixture
def proposal_in(new_need, capability, institute):
    """A proposal in this state; what a person let the institute know of is granted to it."""

    def make(status, level=1):
        need = new_need("published", level=level)
        propose_for_need(need)
        Proposal.objects.update(status=status)
        if level > 1 and status in RECEIVED:
            grant_sight(need, actor=None, organisation=institute)
        return Proposal.objects.get()

    return make


def may(name, step, status):
    """Who may: organisers pass on; the enterprise answers, and the institute what it has received."""
    who, _ = STEPS[step]
    return name in who and (who is not PROVIDER or status in RECEIVED)


def fits_level(step, level):
    """Consent is asked for what only the organiser sees, and nothing else."""
    return {"propose": level < 3, "ask_consent": level == 3}.get(step, True)


def test_the_table_has_these_steps():
    assert set(proposal_workflow.transitions) == STEPS.keys() | FOLLOWING


@pytest.mark.parametrize("level", [1, 2, 3])
@pytest.mark.parametrize("status", S.values)
def test_every_step_by_everyone(status, level, proposal_in, people, unverified_provider):
    proposal = proposal_in(status, level)
    found, expected = {}, {}
    for step, (_, way) in STEPS.items():
        for name, user in {**people, "unverified_provider": unverified_provider}.items():
            found[step, name] = outcome(proposal, step, user)
            allowed = way.get(status, "refused") if fits_level(step, level) else "refused"
            expected[step, name] = allowed if may(name, step, status) else "NotPermitted"
    assert found == expected


@pytest.mark.parametrize("status", S.values)
@pytest.mark.parametrize("step", sorted(FOLLOWING))
def test_what_follows_is_nobodys_to_take(step, status, proposal_in, owner, provider, organiser):
    proposal = proposal_in(status)
    assert {outcome(proposal, step, user) for user in (owner, provider, organiser)} == {"refused"}


def outcome(proposal, step, user):
    """The state the step leads to, or how it is refused; nothing is left behind."""
    proposal = Proposal.objects.get(pk=proposal.pk)
    with transaction.atomic():
        try:
            move_proposal(proposal, step, actor=user, reason="price" if step.endswith("decline") else "")
        except NotPermitted:
            return "NotPermitted"
        except TransitionError:
            return "refused"
        finally:
            transaction.set_rollback(True)
    return proposal.status


@pytest.mark.parametrize("level", [1, 2, 3])
@pytest.mark.parametrize("status", S.values)
def test_the_buttons_are_the_steps_that_work(status, level, proposal_in, people):
    proposal = proposal_in(status, level)
    found = {name: [step.name for step in possible_steps(proposal, user)] for name, user in people.items()}
    assert found == {
        name: [
            step
            for step, (_, way) in STEPS.items()
            if status in way and may(name, step, status) and fits_level(step, level)
        ]
        for name in people
    }


def test_what_only_the_organiser_sees_is_passed_on_with_consent_alone(proposal_in, organiser):
    with pytest.raises(TransitionError) as refusal:
        move_proposal(proposal_in("generated", 3), "propose", actor=organiser)
    assert str(refusal.value) == "该需求仅组织方可见，推荐给机构之前请先“征求企业同意”。"


def test_consent_is_not_asked_for_what_others_know_of(proposal_in, organiser):
    with pytest.raises(TransitionError) as refusal:
        move_proposal(proposal_in("generated", 2), "ask_consent", actor=organiser)
    assert str(refusal.value) == "只有“仅组织方”级别的需求需要征求企业同意，请直接推荐给机构。"


@pytest.mark.parametrize("reason", ["", "nonsense", "能力不符"])
def test_declining_needs_a_reason_from_the_list(reason, proposal_in, provider):
    proposal = proposal_in("proposed")
    with pytest.raises(TransitionError, match="请选择不合适的原因"):
        move_proposal(proposal, "provider_decline", actor=provider, reason=reason)
    assert (Proposal.objects.get().status, proposal.events.count()) == ("proposed", 0)


@pytest.mark.parametrize("reason", DeclineReason.values)
def test_the_reason_is_kept(reason, proposal_in, provider):
    proposal = proposal_in("enterprise_interested")
    move_proposal(proposal, "provider_decline", actor=provider, reason=reason, note=" 排不开 ")
    kept = ("action", "source", "target", "reason", "reason_label", "note", "actor__name")
    assert proposal.events.values_list(*kept).get() == (
        "provider_decline",
        "enterprise_interested",
        "declined",
        reason,
        DeclineReason(reason).label,
        "排不开",
        "机构业务员",
    )


def test_only_a_refusal_has_a_reason(proposal_in, provider):
    proposal = proposal_in("proposed")
    move_proposal(proposal, "provider_accept", actor=provider, reason="长" * 1000)
    assert proposal.events.get().reason == ""


def test_a_withdrawn_need_is_out_of_the_institutes_reach(proposal_in, provider):
    proposal = proposal_in("proposed")
    close(proposal.need)
    with pytest.raises(NotPermitted):
        move_proposal(proposal, "provider_accept", actor=provider)


@pytest.mark.parametrize(("status", "step"), [("provider_interested", "enterprise_accept"), ("generated", "propose")])
def test_a_need_that_was_closed_is_not_brought_to_anybody(status, step, proposal_in, owner, organiser):
    proposal = proposal_in(status, 2)
    close(proposal.need)
    with pytest.raises(TransitionError) as refusal:
        move_proposal(proposal, step, actor=owner if step == "enterprise_accept" else organiser)
    assert str(refusal.value) == "需求已撤回，不再征集机构；请返回需求页查看。"


def close(need):
    """Withdraw a need whose proposals the signal has not reached yet."""
    need.status = "withdrawn"
    need.save()
