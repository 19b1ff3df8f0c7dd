"""Who may pass a proposal on, and who may answer it."""

import rules
from rules import is_authenticated

from core.enums import Level
from matching.enums import ProposalStatus as S
from needs.enums import NeedStatus


@rules.predicate
def owns_need(user, proposal):
    return proposal is not None and proposal.need.organisation_id in user.organisation_ids


@rules.predicate
def received(user, proposal):
    """The institute it was passed on to."""
    return (
        proposal is not None
        and proposal.status not in {S.GENERATED, S.SUPERSEDED}
        and proposal.need.status == NeedStatus.PUBLISHED
        and proposal.need.level < Level.ORGANISER_ONLY
        and proposal.capability.organisation_id in user.provider_ids
    )


@rules.predicate
def oversees_need(user, proposal):
    return proposal is not None and user.oversees(proposal.need.organisation.region)


rules.add_perm("matching.pass_on_proposal", is_authenticated & oversees_need)
rules.add_perm("matching.answer_proposal", is_authenticated & (owns_need | received))
