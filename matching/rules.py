"""Who may pass a proposal on, and who may answer it for which side."""

import rules
from rules import is_authenticated

from accounts.rules import organises_everywhere
from matching.enums import RECEIVED, Side
from needs.disclosure import sight_of


@rules.predicate
def owns_need(user, proposal):
    return proposal is not None and proposal.need.organisation_id in user.organisation_ids


@rules.predicate
def received(user, proposal):
    """Lies in the inbox of an institute the person acts for; says of one proposal what `received_by` says of all."""
    return (
        proposal is not None
        and proposal.capability.organisation_id in user.provider_ids
        and proposal.status in RECEIVED
        and not proposal.is_misfit
        and sight_of(proposal.need, user) is not None
    )


@rules.predicate
def oversees_need(user, proposal):
    return proposal is not None and user.oversees(proposal.need.organisation.region)


def side_of(user, proposal) -> Side:
    """Which part the person takes in a proposal that is shown to them."""
    if owns_need(user, proposal):
        return Side.ENTERPRISE
    is_providers = proposal.capability.organisation_id in user.provider_ids
    return Side.PROVIDER if is_providers else Side.ORGANISER


rules.add_perm("matching.pass_on_proposal", is_authenticated & oversees_need)
rules.add_perm("matching.answer_as_enterprise", is_authenticated & owns_need)
rules.add_perm("matching.answer_as_provider", is_authenticated & received)
rules.add_perm("matching.switch_weights", organises_everywhere)
