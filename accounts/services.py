"""People join, organisations are founded and verified, tokens are issued."""

import secrets

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.enums import MemberRole, MemberStatus, NoticeKind, OrganisationKind, TokenScope
from accounts.models import ApiToken, Membership, Organisation
from accounts.notices import notify
from core.workflow import NotPermitted, TransitionError

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
    if membership.status == MemberStatus.ENDED:
        # Who comes back begins as a member; the time of leaving stays until then.
        membership.status, membership.role = MemberStatus.REQUESTED, MemberRole.MEMBER
        membership.save(update_fields=["status", "role", "updated_at"])
    elif not created:
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
def approve_membership(membership: Membership, *, actor: User, role: MemberRole = MemberRole.MEMBER) -> Membership:
    """The person becomes an active member, or an expert of an organising body."""
    if not actor.has_perm("accounts.approve_member", membership.organisation):
        raise NotPermitted("只有本单位管理员或主管的组织方可以批准成员。")
    membership.lock()
    if membership.status == MemberStatus.ACTIVE:
        return membership
    if membership.status == MemberStatus.ENDED:
        raise TransitionError("这位成员已离任，须由本人重新申请加入。")
    if role == MemberRole.EXPERT and membership.organisation.kind != OrganisationKind.AUTHORITY:
        raise TransitionError("只有组织方单位设评审专家，请批准为成员。")
    membership.status, membership.role = MemberStatus.ACTIVE, role
    membership.save(update_fields=["status", "role", "updated_at"])
    granted = (
        "您已加入评审专家库，请完善专长、申报利益关系。"
        if role == MemberRole.EXPERT
        else ("您加入单位的申请已经批准，现在可以代表单位办理业务了。")
    )
    notify(
        [membership.user],
        kind=NoticeKind.ACCOUNT,
        text=granted,
        url=membership.organisation.get_absolute_url(),
        key=f"membership:{membership.pk}:approved",
        actor=actor,
    )
    return membership


@transaction.atomic
def end_membership(membership: Membership, *, actor: User) -> Membership:
    """The membership as ended now: all rights that came with it are gone at the next request."""
    if not actor.has_perm("accounts.approve_member", membership.organisation):
        raise NotPermitted("只有本单位管理员或主管的组织方可以移出成员。")
    # Two administrators may remove each other at once: only one of them succeeds.
    membership.organisation.lock()
    membership.lock()
    if membership.status != MemberStatus.ACTIVE:
        raise TransitionError(f"这位成员的状态是“{membership.get_status_display()}”，不能移出。")
    others = User.objects.administering(membership.organisation).exclude(pk=membership.user_id)
    if membership.role == MemberRole.ADMIN and not others.exists():
        raise TransitionError("这是单位唯一的管理员，请先联系平台管理员指定另一位。")
    membership.status, membership.ended_at = MemberStatus.ENDED, timezone.now()
    membership.save(update_fields=["status", "ended_at", "updated_at"])
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
