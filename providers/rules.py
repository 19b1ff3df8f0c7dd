"""Who may change what an institute offers."""

import rules
from rules import is_authenticated


@rules.predicate
def belongs_to_provider(user, capability):
    return capability is not None and any(
        body.pk == capability.organisation_id and body.is_provider for body in user.organisations
    )


rules.add_perm("providers.change_capability", is_authenticated & belongs_to_provider)
