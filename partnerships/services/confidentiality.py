"""Opening a confidential need to one institute: asked for, signed by both sides, ended by either."""

import hashlib
from collections.abc import Collection

from django.db import transaction
from django.utils import timezone

from accounts.enums import NoticeKind
from accounts.models import Organisation, User
from accounts.notices import notify
from core.enums import Level
from core.models import Event
from core.workflow import NotPermitted, TransitionError
from needs.disclosure import sight_of
from needs.models import Need
from needs.services import grant_sight
from partnerships.enums import ConfidentialityStatus as S
from partnerships.models import ConfidentialityAgreement
from partnerships.services.wording import newest_text
from partnerships.workflow import confidentiality_workflow

# Until both have signed, an anonymous enterprise is known by the number of its need alone.
UNNAMED = "需求 {number} 的提出企业（名称已在平台登记，双方签署后在签署记录中列明）"
# Whom each new status concerns, and what they should do.
TOLD = {
    S.REQUESTED: [("enterprise", "{institute}申请查看需求 {number} 的详情，请核对并签署保密协议。")],
    S.PROVIDER_SIGNED: [("enterprise", "{institute}已就需求 {number} 签署保密协议，请核对并签署。")],
    S.ENTERPRISE_SIGNED: [("provider", "企业已就需求 {number} 签署保密协议，请核对并签署。")],
    S.EFFECTIVE: [
        ("enterprise", "需求 {number} 与{institute}的保密协议已生效，详情已向其开放。"),
        ("provider", "需求 {number} 的保密协议已生效，现在可以查看详情和指标。"),
    ],
    S.REFUSED: [("provider", "企业没有同意就需求 {number} 签署保密协议。")],
    S.ENDED: [
        ("enterprise", "需求 {number} 与{institute}的保密协议已终止，详情不再开放。"),
        ("provider", "需求 {number} 的保密协议已终止，请按约定返还或销毁资料。"),
    ],
}
# One that never came into force.
TOLD_OF_WITHDRAWAL = [
    ("enterprise", "{institute}与需求 {number} 的保密协议没有签成，已撤回。"),
    ("provider", "就需求 {number} 签署保密协议的申请已撤回。"),
]


@transaction.atomic
def request_confidentiality(need: Need, institute: Organisation, *, actor: User) -> ConfidentialityAgreement:
    """The agreement on this need with this institute, newly drawn up unless one is in force."""
    if institute.pk not in actor.provider_ids:
        raise NotPermitted("只能以您所在的、已核验的机构申请。")
    if need.level == Level.PUBLIC:
        raise TransitionError("这条需求是公开的，不需要签署保密协议。")
    if sight_of(need, actor) is None:
        raise NotPermitted("这条需求没有向贵机构开放。")
    # Two colleagues may ask at once: the second finds what the first has begun.
    Need.objects.select_for_update().get(pk=need.pk)
    existing = ConfidentialityAgreement.objects.in_force().filter(need=need, institute=institute).first()
    if existing:
        return existing
    version, template = newest_text("confidentiality")
    enterprise = UNNAMED.format(number=need.number) if need.is_anonymous else need.organisation
    text = template.format(number=need.number, enterprise=enterprise, institute=institute)
    agreement = ConfidentialityAgreement.objects.create(
        need=need,
        institute=institute,
        requested_by=actor,
        template_version=version,
        text=text,
        text_hash=hashlib.sha256(text.encode()).hexdigest(),
    )
    event = agreement.record("request", "申请查看详情", actor=actor, target=agreement.status)
    _tell(agreement, event)
    return agreement


@transaction.atomic
def move_confidentiality(
    agreement: ConfidentialityAgreement, name: str, *, actor: User, note: str = "", seen: str = ""
) -> Event:
    """Take a step; who signs has seen the wording whose hash is `seen`."""
    agreement.lock()
    details = {}
    if name in {"enterprise_sign", "provider_sign"}:
        if seen != agreement.text_hash:
            raise TransitionError("请先阅读协议全文，再勾选“已阅读并同意”签署。")
        side = name.removesuffix("_sign")
        setattr(agreement, f"{side}_signed_by", actor)
        setattr(agreement, f"{side}_signed_at", timezone.now())
        agreement.save()
        details = {"data": {"text_hash": agreement.text_hash, "template_version": agreement.template_version}}
    event = confidentiality_workflow.apply(agreement, name, actor=actor, note=note, **details)
    if event.target == S.EFFECTIVE:
        grant_sight(agreement.need, actor=actor, organisation=agreement.institute, sees_detail=True)
    if event.source == S.EFFECTIVE:
        grant_sight(agreement.need, actor=actor, organisation=agreement.institute, sees_detail=False)
    _tell(agreement, event)
    return event


def agreement_on(need: Need, institute_ids: Collection) -> ConfidentialityAgreement | None:
    """The agreement in force on this need with one of these institutes."""
    return ConfidentialityAgreement.objects.in_force().filter(need=need, institute__in=institute_ids).first()


def _tell(agreement: ConfidentialityAgreement, event: Event) -> None:
    need, institute = agreement.need, agreement.institute
    sides = {"enterprise": need.organisation, "provider": institute}
    was_begun_only = event.target == S.ENDED and event.source != S.EFFECTIVE
    for side, text in TOLD_OF_WITHDRAWAL if was_begun_only else TOLD[event.target]:
        notify(
            User.objects.acting_for(sides[side]),
            kind=NoticeKind.CONFIDENTIALITY,
            text=text.format(number=need.number, institute=institute),
            url=agreement.get_absolute_url(),
            actor=event.actor,
        )
