"""People join, organisations are founded and verified, tokens are issued."""

import secrets

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.enums import MemberRole, MemberStatus, NoticeKind, TokenScope
from accounts.models import ApiToken, Membership, Organisation
from accounts.notices import notify
from core.workflow import NotPermitted

User = get_user_model()


def register_user(*, email: str, password: str, name: str, phone: str = "") -> User:
    """A new person without an organisation."""
    return User.objects.create_user(email, password, name=name, phone=phone)


@transaction.atomic
def found_organisation(*, founder: User, **fields) -> Organisation:
    """A new, unverified organisation with its founder as administrator."""
    organisation = Organisation(**fields)
    organisation.full_clean()
    organisation.save()
    Membership.objects.create(
        user=founder, organisation=organisation, role=MemberRole.ADMIN, status=MemberStatus.ACTIVE
    )
    notify(
        User.objects.in_charge_of(organisation.region),
        kind=NoticeKind.ACCOUNT,
        text="辖区内有新登记的单位，请核验它的资料。",
        url=reverse("accounts:organisation_desk"),
        actor=founder,
    )
    return organisation


@transaction.atomic
def request_membership(user: User, organisation: Organisation) -> Membership:
    """A request that an administrator of the organisation, or its organiser, has to approve."""
    membership, created = Membership.objects.get_or_create(user=user, organisation=organisation)
    if not created:
        raise ValidationError("您已经加入或申请过这个单位，请等待其管理员批准。")
    notify(
        User.objects.administering(organisation),
        kind=NoticeKind.ACCOUNT,
        text="有人申请加入您的单位，请核对身份后批准。",
        url=organisation.get_absolute_url(),
        actor=user,
    )
    return membership


@transaction.atomic
def approve_membership(membership: Membership, *, actor: User) -> Membership:
    """The person becomes an active member."""
    if not actor.has_perm("accounts.approve_member", membership.organisation):
        raise NotPermitted("只有本单位管理员或主管的组织方可以批准成员。")
    membership.status = MemberStatus.ACTIVE
    membership.save(update_fields=["status", "updated_at"])
    notify(
        [membership.user],
        kind=NoticeKind.ACCOUNT,
        text="您加入单位的申请已经批准，现在可以代表单位办理业务了。",
        url=membership.organisation.get_absolute_url(),
        key=f"membership:{membership.pk}:approved",
        actor=actor,
    )
    return membership


def update_organisation(organisation: Organisation, *, actor: User, **fields) -> Organisation:
    """The organisation with new particulars."""
    if not actor.has_perm("accounts.change_organisation", organisation):
        raise NotPermitted("只有本单位管理员可以修改单位信息。")
    for name, value in fields.items():
        setattr(organisation, name, value)
    organisation.full_clean()
    organisation.save()
    return organisation


@transaction.atomic
def verify_organisation(organisation: Organisation, *, actor: User) -> Organisation:
    """The organisation with its papers checked; from now on it counts as what it says it is."""
    if not actor.has_perm("accounts.verify_organisation", organisation):
        raise NotPermitted("只有主管该地区的组织方可以核验单位。")
    if organisation.verified_at is None:
        organisation.verified_at, organisation.verified_by = timezone.now(), actor
        organisation.save(update_fields=["verified_at", "verified_by", "updated_at"])
        notify(
            User.objects.acting_for(organisation),
            kind=NoticeKind.ACCOUNT,
            text="您的单位已经通过核验，全部功能都可以使用了。",
            url=organisation.get_absolute_url(),
            key=f"organisation:{organisation.pk}:verified",
            actor=actor,
        )
    return organisation


def issue_token(user: User, *, name: str, scope: TokenScope) -> tuple[ApiToken, str]:
    """The token and its key; the key is shown this once and never stored."""
    key = secrets.token_urlsafe(32)
    return ApiToken.objects.create(user=user, name=name, scope=scope, digest=ApiToken.digest_of(key)), key
