"""Who may, in the words the other apps use."""

import rules
from rules import is_authenticated

from accounts.enums import OrganisationKind


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


@rules.predicate
def may_vouch(user, organisation):
    """An authority is vouched for by the administrator alone, or organisers could appoint each other."""
    return user.is_superuser or organisation.kind != OrganisationKind.AUTHORITY


@rules.predicate
def organises_everywhere(user):
    return user.is_authenticated and user.organises_everywhere


rules.add_perm("accounts.change_organisation", is_authenticated & (administers | rules.is_superuser))
rules.add_perm("accounts.approve_member", is_authenticated & (administers | in_charge))
rules.add_perm("accounts.verify_organisation", is_authenticated & in_charge & may_vouch)
