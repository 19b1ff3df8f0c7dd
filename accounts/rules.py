"""Who may, in the words the other apps use."""

import rules
from rules import is_authenticated


@rules.predicate
def is_organiser(user):
    return user.is_authenticated and user.is_organiser


@rules.predicate
def is_provider(user):
    return user.is_authenticated and user.is_provider


@rules.predicate
def administers(user, organisation):
    return user.is_authenticated and organisation is not None and user.administers(organisation)


@rules.predicate
def in_charge(user, organisation):
    """Organises the region the organisation lies in."""
    return user.is_authenticated and organisation is not None and user.oversees(organisation.region)


rules.add_perm("accounts.change_organisation", is_authenticated & administers)
rules.add_perm("accounts.approve_member", is_authenticated & (administers | in_charge))
rules.add_perm("accounts.verify_organisation", is_authenticated & in_charge)
