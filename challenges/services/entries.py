"""Needs on their way into a challenge: entered with consent, returned, withdrawn; who may read them meanwhile."""

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from accounts.enums import MemberRole, MemberStatus, NoticeKind, OrganisationKind
from accounts.models import Membership, Organisation, User
from accounts.notices import notify
from challenges.enums import ChallengeStatus as C
from challenges.enums import EntryStatus as E
from challenges.enums import Phase
from challenges.models import Challenge, Entry
from challenges.notices import organisers
from challenges.services.conflicts import end_conflicted
from challenges.workflow import entry_workflow
from core.enums import Level
from core.models import Event
from core.regions import region_label, region_prefix
from core.workflow import NotPermitted, TransitionError
from needs.enums import LISTED
from needs.models import Need, NeedGrant
from needs.services import grant_sight, revoke_sight

CONSENT = "同意本届赛事的主办和协办组织方查看这条需求的正文、指标、附件和联系方式。"
# While entries are collected and screened; afterwards they stand as they are.
OPEN = frozenset({C.COLLECTING, C.SCREENING})
# Whom a new status concerns, and what to do; {number} is the need's.
TOLD_ENTERPRISE = {
    E.RETURNED: "需求 {number} 的报名被退回补充，请看理由，改好后重新提交。",
    E.SELECTED: "需求 {number} 入选，发榜前请核对并确认榜单内容。",
    E.NOT_SELECTED: "需求 {number} 未入选，请查看理由。",
}
TOLD_ORGANISERS = {
    E.ENTERED: "需求 {number} 的报名已提交，请查看。",
    E.WITHDRAWN: "需求 {number} 的报名已由企业撤回。",
}


@transaction.atomic
def enter_need(challenge: Challenge, need: Need, *, actor: User, consents: bool, note: str = "") -> Entry:
    """The need in the challenge, open to those who run it; `note` says how an enterprise agreed that others act for."""
    challenge.lock()
    need.lock()
    is_own = need.organisation_id in actor.organisation_ids
    if refusal := refuse_closed(challenge) or refuse_need(challenge, need):
        raise TransitionError(refusal)
    if not is_own:
        _check_on_behalf(challenge, need, actor, note)
    if not consents:
        raise ValidationError({"consents": "报名前请勾选：" + CONSENT})
    traces = {"actor": actor, "note": note.strip(), "data": {"consents": CONSENT}}
    entry = challenge.entries.filter(need=need).first()
    if entry is None:
        entry = Entry.objects.create(challenge=challenge, need=need, author=actor, is_on_behalf=not is_own)
        entry.record("enter", "报名" if is_own else "由组织方代报", target=entry.status, **traces)
    elif entry.status == E.WITHDRAWN:
        entry.author, entry.is_on_behalf = actor, not is_own
        entry.confirmed_at = entry.confirmed_by = None
        entry.save()
        entry_workflow.follow(entry, "reenter", **traces)
    else:
        raise TransitionError(f"这条需求已在本届赛事报名，状态是“{entry.get_status_display()}”。")
    for body in running_bodies(challenge):
        grant_sight(need, actor=actor, organisation=body, sees_detail=True, sees_contact=True)
    tell_of_entry(entry, actor=actor)
    return entry


def refuse_closed(challenge: Challenge) -> str:
    """Why nothing can be entered now; at the end of the window it is over."""
    if challenge.is_open(Phase.COLLECTING):
        return ""
    if challenge.status != C.COLLECTING:
        return f"赛事现在处于“{challenge.get_status_display()}”阶段，不接受报名。"
    return (
        "征集已经截止，不能再报名。" if challenge.window(Phase.COLLECTING).is_over else "征集还没有开始，请届时再报名。"
    )


def refuse_need(challenge: Challenge, need: Need) -> str:
    """Why this need cannot take part."""
    if need.status not in LISTED:
        return f"需求{need.get_status_display()}，发布之后才能报名。"
    region = need.organisation.region
    if challenge.regions and not any(region.startswith(region_prefix(code)) for code in challenge.regions):
        places = "、".join(region_label(code) for code in challenge.regions)
        return f"本届赛事面向{places}的企业，您单位所在地区不在其中。"
    return ""


def _check_on_behalf(challenge: Challenge, need: Need, actor: User, note: str) -> None:
    if not (actor.has_perm("challenges.run_challenge", challenge) and actor.has_perm("needs.read_need", need)):
        raise NotPermitted("只能为您所在的企业报名；组织方只能代所辖地区的企业报名。")
    if need.level > Level.PUBLIC and has_account(need.organisation):
        raise NotPermitted("这条需求是保密的，请由企业自己报名。")
    if not note.strip():
        raise ValidationError({"note": "代企业报名，请写明企业由谁、何时、以什么方式同意。"})


def has_account(enterprise: Organisation) -> bool:
    """Whether somebody can act for the enterprise on the platform."""
    return bool(with_account([enterprise]))


def with_account(enterprises: Iterable[Organisation]) -> set:
    """The ids of those of the enterprises for which somebody can act on the platform."""
    seats = Membership.objects.filter(organisation__in=enterprises, status=MemberStatus.ACTIVE, user__is_active=True)
    return set(seats.exclude(role=MemberRole.EXPERT).values_list("organisation", flat=True))


def enterable_needs(challenge: Challenge, user: User):
    """One's own needs that could be entered: published, of the right region, and not entered yet."""
    entered = challenge.entries.exclude(status=E.WITHDRAWN).values("need")
    own = Need.objects.owned_by(user).filter(status__in=LISTED).exclude(pk__in=entered).select_related("organisation")
    return [need for need in own if not refuse_need(challenge, need)]


@transaction.atomic
def move_entry(entry: Entry, name: str, *, actor: User, note: str = "") -> Event:
    """Take a step with an entry while entries are collected or screened, and tell the other side."""
    entry.challenge.lock()
    if entry.challenge.status not in OPEN:
        raise TransitionError(f"赛事现在处于“{entry.challenge.get_status_display()}”阶段，参赛需求不能再变动。")
    # Only reviews without a conflict of interest count for a decision.
    end_conflicted(entry.reviews.filter(solution=None))
    event = entry_workflow.apply(entry, name, actor=actor, note=note)
    close_to_former_organisers([entry.need], actor=actor)
    tell_of_entry(entry, actor=actor)
    return event


@transaction.atomic
def withdraw_entries_of(need: Need, *, actor: User | None) -> None:
    """Take a withdrawn need out of the challenges whose board it is not on yet."""
    for entry in need.entries.filter(status__in=[E.ENTERED, E.RETURNED]):
        if entry_workflow.follow(entry, "withdraw", actor=actor, note="需求已由企业撤回。"):
            tell_of_entry(entry, actor=actor)
    close_to_former_organisers([need], actor=actor)


# --- Who may read the need ----------------------------------------------------------------------------------------


def running_bodies(challenge: Challenge) -> list[Organisation]:
    """The organising bodies that run the challenge; an institute among them helps, but reads no need."""
    return [
        body
        for body in (challenge.organiser, *challenge.co_organisers.all())
        if body.kind == OrganisationKind.AUTHORITY
    ]


@transaction.atomic
def close_to_former_organisers(needs: Iterable[Need], *, actor: User | None) -> None:
    """Close needs to organising bodies that run no challenge any more in which the need is."""
    held = NeedGrant.objects.filter(need__in=needs, organisation__kind=OrganisationKind.AUTHORITY)
    for grant in held.select_related("need", "organisation"):
        runs = Q(challenge__organiser=grant.organisation) | Q(challenge__co_organisers=grant.organisation)
        running = grant.need.entries.in_running().exclude(challenge__status=C.CANCELLED)
        if not running.filter(runs).exists():
            revoke_sight(grant.need, actor=actor, organisation=grant.organisation)


# --- Who is told --------------------------------------------------------------------------------------------------


def tell_of_entry(entry: Entry, *, actor: User | None) -> None:
    """Tell the side that a new status concerns."""
    people = {"enterprise": User.objects.acting_for(entry.need.organisation), "organisers": organisers(entry.challenge)}
    for side, told in (("enterprise", TOLD_ENTERPRISE), ("organisers", TOLD_ORGANISERS)):
        if text := told.get(entry.status):
            tell(people[side], f"{entry.challenge.name}：{text.format(number=entry.need.number)}", entry, actor=actor)
    if entry.is_on_behalf and entry.status == E.ENTERED:
        text = f"{entry.challenge.name}：组织方代您单位用需求 {entry.need.number} 报名，请核对。"
        tell(people["enterprise"], text, entry, actor=actor)


def tell(people, text: str, entry: Entry, *, actor: User | None, url: str = "") -> None:
    notify(people, kind=NoticeKind.CHALLENGE, text=text, url=url or entry.get_absolute_url(), actor=actor)


def tell_of_chance(need: Need) -> None:
    """Tell an enterprise that wants to take part that its newly published need can be entered now."""
    if not need.joins_challenge:
        return
    for challenge in Challenge.objects.filter(status=C.COLLECTING).prefetch_related("windows"):
        if not refuse_closed(challenge) and not refuse_need(challenge, need):
            notify(
                User.objects.acting_for(need.organisation),
                kind=NoticeKind.CHALLENGE,
                text=f"需求 {need.number} 已发布，可以报名参加{challenge.name}了。",
                url=reverse("challenges:entry_create", args=[challenge.pk]),
                key=f"chance:{challenge.pk}:{need.pk}",
            )
