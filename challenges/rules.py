"""Who runs a challenge, who owns an entry or a solution, and who reviews them."""

import rules
from rules import is_authenticated


@rules.predicate
def runs(user, record):
    """Belongs to the organiser or a co-organiser of the challenge, or administers the platform."""
    challenge = getattr(record, "challenge", record)
    if challenge is None:
        return False
    bodies = {body.pk for body in user.authorities}
    return (
        user.is_superuser
        or challenge.organiser_id in bodies
        or any(body.pk in bodies for body in challenge.co_organisers.all())
    )


@rules.predicate
def owns_entry(user, entry):
    return entry is not None and entry.need.organisation_id in user.organisation_ids


@rules.predicate
def owns_solution(user, solution):
    return solution is not None and solution.organisation_id in user.provider_ids


@rules.predicate
def is_asked_to_join(user, co_applicant):
    return co_applicant is not None and co_applicant.organisation_id in user.provider_ids


@rules.predicate
def carries(user, follow_up):
    """The steward of the docking, once the pledge is given."""
    docking = follow_up and follow_up.solution.docking
    return docking is not None and docking.steward_id == user.pk and docking.has_active_steward


@rules.predicate
def reviews(user, review):
    return review is not None and review.reviewer_id == user.pk


rules.add_perm("challenges.run_challenge", is_authenticated & runs)
rules.add_perm("challenges.own_entry", is_authenticated & owns_entry)
rules.add_perm("challenges.own_solution", is_authenticated & owns_solution)
rules.add_perm("challenges.join_solution", is_authenticated & is_asked_to_join)
rules.add_perm("challenges.write_review", is_authenticated & reviews)
rules.add_perm("challenges.fill_follow_up", is_authenticated & (carries | runs))
rules.add_perm("challenges.waive_conflict", rules.is_superuser)
