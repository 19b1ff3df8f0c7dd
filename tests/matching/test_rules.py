"""Who sees which proposal, and who may do what with it."""

import pytest

from matching.enums import RECEIVED
from matching.enums import ProposalStatus as S
from matching.models import Proposal
from matching.services import propose_for_need
from needs.services import grant_sight


@pytest.fixture
def proposal_of(new_need, capability, institute):
    """A proposal in this state; what a person let the institute know of is granted to it."""

    def make(level, status, *, granted=True):
        need = new_need("published", level=level)
        propose_for_need(need)
        Proposal.objects.update(status=status)
        if granted and level == 3 and status in RECEIVED:
            grant_sight(need, actor=None, organisation=institute)
        return Proposal.objects.get()

    return make


@pytest.mark.parametrize("level", [1, 2, 3])
@pytest.mark.parametrize("status", S.values)
def test_who_may(level, status, proposal_of, people):
    proposal = proposal_of(level, status)

    def holders(permission):
        return {name for name, user in people.items() if user.has_perm(permission, proposal)}

    visible = {name for name, user in people.items() if proposal in Proposal.objects.visible_to(user)}
    receivers = {"provider"} if status in RECEIVED else set()
    insiders = {"owner", "colleague", "organiser", "admin"}
    assert holders("matching.answer_as_enterprise") == {"owner", "colleague"}
    assert holders("matching.answer_as_provider") == receivers
    assert {name for name, user in people.items() if proposal in Proposal.objects.received_by(user)} == receivers
    assert holders("matching.pass_on_proposal") == {"organiser", "admin"}
    assert visible == (set() if status == "superseded" else insiders | receivers)


@pytest.mark.parametrize("status", S.values)
def test_what_only_the_organiser_sees_lies_in_no_inbox_without_consent(status, proposal_of, provider):
    proposal = proposal_of(3, status, granted=False)
    assert list(Proposal.objects.received_by(provider)) == []
    assert not provider.has_perm("matching.answer_as_provider", proposal)


def test_what_fails_does_not_fill_the_inbox(proposal_of, provider, owner):
    proposal = proposal_of(1, "proposed")
    Proposal.objects.update(verdict="fail")
    assert list(Proposal.objects.received_by(provider)) == []
    assert list(Proposal.objects.visible_to(owner)) == [proposal]


def test_the_verdict_of_a_confidential_need_decides_nothing_an_institute_can_see(proposal_of, provider):
    proposal = proposal_of(2, "proposed")
    Proposal.objects.update(verdict="fail")
    assert list(Proposal.objects.received_by(provider)) == [proposal]
