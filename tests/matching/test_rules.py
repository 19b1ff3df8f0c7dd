"""Who sees which proposal, and who may do what with it."""

import pytest

from matching.models import Proposal
from matching.services import propose_for_need


@pytest.fixture
def proposal_of(new_need, capability):
    def make(level, status):
        propose_for_need(new_need("published", level=level))
        Proposal.objects.update(status=status)
        return Proposal.objects.get()

    return make


@pytest.mark.parametrize(
    ("level", "status", "answering", "passing_on", "seeing"),
    [
        (1, "proposed", {"owner", "colleague", "provider"}, {"organiser"}, {"provider"}),
        (1, "interested", {"owner", "colleague", "provider"}, {"organiser"}, {"provider"}),
        (1, "declined", {"owner", "colleague", "provider"}, {"organiser"}, {"provider"}),
        (1, "superseded", {"owner", "colleague"}, {"organiser"}, None),
        (2, "generated", {"owner", "colleague"}, {"organiser"}, set()),
        (2, "proposed", {"owner", "colleague", "provider"}, {"organiser"}, {"provider"}),
        (3, "generated", {"owner", "colleague"}, {"organiser"}, set()),
        (3, "proposed", {"owner", "colleague"}, {"organiser"}, set()),
    ],
)
def test_who_may(level, status, answering, passing_on, seeing, proposal_of, people):
    proposal = proposal_of(level, status)

    def holders(permission):
        return {name for name, user in people.items() if user.has_perm(permission, proposal)}

    visible = {name for name, user in people.items() if proposal in Proposal.objects.visible_to(user)}
    insiders = {"owner", "colleague", "organiser", "admin"}
    assert holders("matching.answer_proposal") == answering
    assert holders("matching.pass_on_proposal") == passing_on | {"admin"}
    assert visible == (set() if seeing is None else insiders | seeing)


def test_what_fails_does_not_fill_the_inbox(proposal_of, provider, owner):
    proposal = proposal_of(1, "proposed")
    Proposal.objects.update(verdict="fail")
    assert list(Proposal.objects.received_by(provider)) == []
    assert list(Proposal.objects.visible_to(owner)) == [proposal]


def test_the_verdict_of_a_confidential_need_decides_nothing_an_institute_can_see(proposal_of, provider):
    proposal = proposal_of(2, "proposed")
    Proposal.objects.update(verdict="fail")
    assert list(Proposal.objects.received_by(provider)) == [proposal]
