"""Which side a person is on, and who carries or oversees what two sides do.

Every record here has a `need`, an `institute_id`, and, unless it stands before the docking, a docking.
"""

import rules
from rules import is_authenticated

from accounts.models import User


@rules.predicate
def is_of_enterprise(user, record):
    return record is not None and record.need.organisation_id in user.organisation_ids


@rules.predicate
def is_of_provider(user, record):
    return record is not None and record.institute_id in user.provider_ids


@rules.predicate
def oversees(user, record):
    return record is not None and user.oversees(record.need.organisation.region)


@rules.predicate
def is_steward(user, record):
    """The steward acts once the pledge is given."""
    docking = getattr(record, "docking", record)
    return docking is not None and docking.steward_id == user.pk and docking.has_active_steward


@rules.predicate
def is_named_steward(user, docking):
    return docking is not None and docking.steward_id == user.pk


is_of_a_side = is_of_enterprise | is_of_provider

rules.add_perm("partnerships.act_as_enterprise", is_authenticated & is_of_enterprise)
rules.add_perm("partnerships.act_as_provider", is_authenticated & is_of_provider)
rules.add_perm("partnerships.act_as_a_side", is_authenticated & is_of_a_side)
rules.add_perm("partnerships.assign_steward", is_authenticated & oversees)
rules.add_perm("partnerships.pledge", is_authenticated & is_named_steward)
# Steward and organiser carry a docking that one side lets rest.
rules.add_perm("partnerships.steward", is_authenticated & (is_steward | oversees))
rules.add_perm("partnerships.write_log", is_authenticated & (is_of_a_side | is_steward | oversees))
rules.add_perm("partnerships.read_docking", is_authenticated & (is_of_a_side | is_steward | oversees))


@rules.predicate
def oversees_enterprise(user, entry):
    return entry is not None and user.oversees(entry.enterprise.region)


@rules.predicate
def answers_for(user, entry):
    return entry is not None and entry.responsible_id is not None and entry.responsible_id in user.organisation_ids


@rules.predicate
def raised_by(user, entry):
    return entry is not None and entry.enterprise_id in user.organisation_ids


@rules.predicate
def stands_in(user, entry):
    """The organiser speaks for an enterprise that nobody acts for on the platform."""
    return oversees_enterprise(user, entry) and not User.objects.acting_for(entry.enterprise).exists()


rules.add_perm("partnerships.manage_entry", is_authenticated & oversees_enterprise)
rules.add_perm("partnerships.work_on_entry", is_authenticated & answers_for)
rules.add_perm("partnerships.confirm_entry", is_authenticated & (raised_by | stands_in))
