"""Who may pass a proposal on, and who may answer it for which side."""

import rules
from rules import is_authenticated

from accounts.rules import organises_everywhere


@rules.predicate
def owns_need(user, proposal):
    return proposal is not None and proposal.need.organisation_id in user.organisation_ids


@rules.predicate
def received(user, proposal):
    """Lies in the inbox of an institute the person acts for."""
    return proposal is not None and type(proposal).objects.received_by(user).filter(pk=proposal.pk).exists()


@rules.predicate
def oversees_need(user, proposal):
    return proposal is not None and user.oversees(proposal.need.organisation.region)


rules.add_perm("matching.pass_on_proposal", is_authenticated & oversees_need)
rules.add_perm("matching.answer_as_enterprise", is_authenticated & owns_need)
rules.add_perm("matching.answer_as_provider", is_authenticated & received)
rules.add_perm("matching.switch_weights", organises_everywhere)
