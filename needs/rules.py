"""Who may do what with a need; the workflow says when."""

import rules
from rules import is_authenticated


@rules.predicate
def belongs_to_owner(user, need):
    return need is not None and need.organisation_id in user.organisation_ids


@rules.predicate
def is_in_charge(user, need):
    """Organises the region of the enterprise."""
    return need is not None and user.oversees(need.organisation.region)


rules.add_perm("needs.change_need", is_authenticated & belongs_to_owner)
rules.add_perm("needs.screen_need", is_authenticated & is_in_charge)
rules.add_perm("needs.read_need", is_authenticated & (belongs_to_owner | is_in_charge))
