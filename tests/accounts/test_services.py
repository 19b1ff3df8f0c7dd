import pytest
from django.core.exceptions import ValidationError

from accounts.enums import MemberRole, MemberStatus
from accounts.models import Membership, User
from accounts.services import (
    approve_membership,
    end_membership,
    found_organisation,
    request_membership,
    update_organisation,
    verify_organisation,
)
from core.workflow import NotPermitted, TransitionError
from tests.conftest import credit_code, seat


def attempt(service, *args, **kwargs):
    try:
        service(*args, **kwargs)
    except NotPermitted:
        return False
    return True


def test_the_founder_becomes_the_administrator_of_an_unverified_organisation(new_user):
    founder = new_user()
    body = found_organisation(founder=founder, name="某", kind="institute", credit_code=credit_code(3), region="310000")
    assert body.verified_at is None
    assert body.memberships.values_list("user", "role", "status").get() == (founder.pk, "admin", "active")


@pytest.mark.parametrize("field", ["name", "credit_code"])
def test_an_organisation_is_registered_once(field, enterprise, new_user):
    values = {"name": "另一家", "credit_code": credit_code(99), field: getattr(enterprise, field)}
    with pytest.raises(ValidationError) as refusal:
        found_organisation(founder=new_user(), kind="enterprise", region="310000", **values)
    assert list(refusal.value.message_dict) == [field]


def test_who_verifies(people, new_organisation):
    allowed = set()
    for name, user in people.items():
        body = new_organisation("institute", verified=False)
        if attempt(verify_organisation, body, actor=user):
            allowed.add(name)
    assert allowed == {"organiser", "admin"}


def test_a_second_verification_changes_nothing(institute, organiser):
    before = institute.verified_at, institute.verified_by
    verify_organisation(institute, actor=organiser)
    assert (institute.verified_at, institute.verified_by) == before


def test_who_changes_the_particulars(people, enterprise):
    allowed = {
        name for name, user in people.items() if attempt(update_organisation, enterprise, actor=user, intro="新")
    }
    assert allowed == {"owner", "admin"}


def test_who_approves_a_member(people, enterprise, new_user):
    allowed = set()
    for name, user in people.items():
        membership = request_membership(new_user(name), enterprise)
        if attempt(approve_membership, membership, actor=user):
            allowed.add(name)
    assert allowed == {"owner", "organiser", "admin"}


def test_a_request_gives_no_rights_until_it_is_approved(enterprise, owner, new_user, need):
    applicant = new_user()
    membership = request_membership(applicant, enterprise)
    assert User.objects.get(pk=applicant.pk).organisation_ids == set()
    with pytest.raises(NotPermitted):
        approve_membership(membership, actor=applicant)
    approve_membership(membership, actor=owner)
    assert User.objects.get(pk=applicant.pk).organisation_ids == {enterprise.pk}
    assert (membership.role, membership.status) == (MemberRole.MEMBER, MemberStatus.ACTIVE)


def test_one_asks_once(enterprise, new_user):
    applicant = new_user()
    request_membership(applicant, enterprise)
    with pytest.raises(ValidationError, match="已经加入或申请过"):
        request_membership(applicant, enterprise)


def test_a_member_is_no_administrator(enterprise, new_user):
    member = seat(new_user(), enterprise)
    assert not attempt(update_organisation, enterprise, actor=member, intro="新")


def test_only_the_administrator_vouches_for_an_authority(people, new_organisation):
    authority = new_organisation("authority", verified=False)
    allowed = {name for name, user in people.items() if attempt(verify_organisation, authority, actor=user)}
    assert allowed == {"admin"}


def test_a_membership_that_ends_is_kept_and_its_rights_are_gone(owner, colleague, enterprise):
    membership = end_membership(Membership.objects.get(user=colleague), actor=owner)
    assert (membership.status, membership.ended_at is not None) == (MemberStatus.ENDED, True)
    assert User.objects.get(pk=colleague.pk).organisation_ids == set()


def test_who_comes_back_asks_again_and_the_time_of_leaving_stays(owner, colleague, enterprise):
    ended = end_membership(Membership.objects.get(user=colleague), actor=owner)
    asked = request_membership(colleague, enterprise)
    assert (asked.pk, asked.status, asked.ended_at) == (ended.pk, MemberStatus.REQUESTED, ended.ended_at)


def test_the_only_administrator_cannot_be_removed(owner, enterprise):
    with pytest.raises(TransitionError, match="唯一的管理员"):
        end_membership(Membership.objects.get(user=owner), actor=owner)


def test_who_is_no_member_any_more_cannot_be_removed_again(owner, colleague, enterprise):
    membership = end_membership(Membership.objects.get(user=colleague), actor=owner)
    with pytest.raises(TransitionError, match="已离任"):
        end_membership(membership, actor=owner)


@pytest.mark.parametrize(("kind", "role"), [("authority", "expert"), ("enterprise", None)])
def test_experts_are_taken_in_by_organising_bodies_alone(kind, role, new_user, new_organisation, admin):
    founder = new_user("创办人")
    membership = request_membership(new_user("专家"), new_organisation(kind, founder=founder))
    if role:
        assert approve_membership(membership, actor=founder, role=MemberRole.EXPERT).role == role
    else:
        with pytest.raises(TransitionError, match="只有组织方单位设评审专家"):
            approve_membership(membership, actor=founder, role=MemberRole.EXPERT)
