"""Experts: who may review in a challenge, what they know about, and their pledge of confidentiality."""

from django.db import transaction
from django.db.models import Q

from accounts.enums import MemberRole, MemberStatus
from accounts.models import Membership, User
from challenges.models import Challenge, ExpertProfile, Review
from challenges.notices import organisers
from challenges.services.conflicts import end_conflicted
from core.models import Event
from core.workflow import NotPermitted, TransitionError
from partnerships.services.wording import newest_text

PROFILE_FIELDS = ("disciplines", "expertise", "title", "workplace")


# --- The pool -------------------------------------------------------------------------------------------------------


def pool_of(challenge: Challenge):
    """The experts of the organising bodies; who runs the challenge sees too much to be one of them."""
    experts = Membership.objects.filter(role=MemberRole.EXPERT, status=MemberStatus.ACTIVE)
    seats = experts.filter(organisation__in=challenge.body_ids)
    return (
        User.objects.filter(is_active=True, is_superuser=False, pk__in=seats.values("user"))
        .exclude(pk__in=organisers(challenge).values("pk"))
        .select_related("expert_profile")
        .order_by("name", "pk")
    )


def challenges_judged_by(user: User):
    """The challenges in whose pool this person is now: the same question as `pool_of`, from the other side."""
    bodies = [seat.organisation_id for seat in user.seats if seat.role == MemberRole.EXPERT]
    if not user.is_active or not bodies:
        return Challenge.objects.none()
    found = Challenge.objects.filter(Q(organiser__in=bodies) | Q(co_organisers__in=bodies))
    return found.exclude(pk__in=Challenge.objects.run_by(user).values("pk"))


@transaction.atomic
def save_profile(user: User, **fields) -> ExpertProfile:
    """What the expert knows about and where they work; a new workplace may end reviews."""
    if not user.is_expert:
        raise NotPermitted("只有评审专家填写专家资料；请先由组织方把您加入专家库。")
    profile, _ = ExpertProfile.objects.get_or_create(user=user)
    for name, value in fields.items():
        setattr(profile, name, value)
    profile.full_clean()
    profile.save()
    end_conflicted(Review.objects.filter(reviewer=user))
    return profile


# --- The pledge -----------------------------------------------------------------------------------------------------


def pledged_challenges(user: User) -> set:
    """The ids of the challenges for which this person has signed the pledge; the challenge's history keeps it."""
    if not user.is_authenticated:
        return set()
    return set(Event.objects.filter(PLEDGED, actor=user).values_list("subject_id", flat=True))


PLEDGED = Q(action="review_pledge", subject_type__app_label="challenges", subject_type__model="challenge")


@transaction.atomic
def sign_pledge(challenge: Challenge, *, actor: User, seen: str) -> Event:
    """The expert's promise for this challenge, in the wording whose version is `seen`."""
    challenge.lock()
    if not challenges_judged_by(actor).filter(pk=challenge.pk).exists():
        raise NotPermitted("只有本届赛事的评审专家签署保密承诺。")
    version, _ = newest_text("review_pledge")
    if seen != version:
        raise TransitionError("承诺书已有新版本，请重新阅读后再签署。")
    signed = challenge.events.filter(PLEDGED, actor=actor).first()
    data = {"text_version": version}
    return signed or challenge.record("review_pledge", "专家签署保密承诺", actor=actor, data=data)
