"""Agreements: drafted by one side, confirmed by both, and changed only by a new version that both confirm again."""

import hashlib
import json
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from accounts.enums import NoticeKind
from accounts.models import User
from core.models import Event
from core.workflow import NotPermitted, TransitionError
from needs.services import follow_need
from partnerships.enums import AgreementStatus as S
from partnerships.enums import Side, Stage
from partnerships.models import Agreement, Docking
from partnerships.notices import BOTH, STEWARD, tell
from partnerships.workflow import UNCONFIRMED, agreement_workflow

AGREEMENT_FIELDS = (
    "kind",
    "title",
    "intent_amount",
    "contract_amount",
    "paid_amount",
    "signed_on",
    "valid_until",
    "property_terms",
    "file",
)
CONFIRMS = {f"{side}_confirm": side for side in Side}
# Whom each new status concerns, and what they should do; amounts and titles stay on the page.
TOLD = {
    S.ENTERPRISE_CONFIRMED: ("{number} 的协议企业已确认，请核对金额和日期后确认。", (Side.PROVIDER,)),
    S.PROVIDER_CONFIRMED: ("{number} 的协议机构已确认，请核对金额和日期后确认。", (Side.ENTERPRISE,)),
    S.EFFECTIVE: ("{number} 的协议双方均已确认。", (*BOTH, STEWARD)),
    S.COMPLETED: ("{number} 的协议已履行。", (*BOTH, STEWARD)),
    S.TERMINATED: ("{number} 的一份协议已终止，理由见经过。", (*BOTH, STEWARD)),
}


# --- Drafting and changing ----------------------------------------------------------------------------------------


@transaction.atomic
def draft_agreement(docking: Docking, *, actor: User, **fields) -> Agreement:
    """A new agreement, which counts once both sides have confirmed it."""
    docking.lock()
    _check_side(docking, actor)
    if not docking.is_open:
        raise TransitionError("对接已结束，不能再登记新的协议；已确认的协议可以修订。")
    return _save_new(Agreement(docking=docking, author=actor, **fields), "draft", "登记协议")


@transaction.atomic
def update_agreement(agreement: Agreement, *, actor: User, **fields) -> Agreement:
    """The agreement with these fields; a change takes back what either side had confirmed."""
    agreement.lock()
    _check_side(agreement.docking, actor)
    if agreement.status not in UNCONFIRMED:
        raise TransitionError(f"协议{agreement.get_status_display()}，不能直接修改；已确认的协议请用“修订”。")
    changes = _set_fields(agreement, fields)
    if not changes:
        return agreement
    word_given = agreement.status != S.DRAFTED
    agreement.enterprise_confirmed_by = agreement.provider_confirmed_by = None
    agreement.validate_constraints()
    agreement.save()
    if word_given:
        agreement_workflow.follow(agreement, "reopen", actor=actor, data={"changes": changes})
    else:
        agreement.record("update", "修改协议", actor=actor, source=agreement.status, data={"changes": changes})
    _tell(agreement, "{number} 的协议内容有修改，请重新核对并确认。", *BOTH, actor=actor)
    return agreement


@transaction.atomic
def revise_agreement(agreement: Agreement, *, actor: User, **fields) -> Agreement:
    """A new version of what both have confirmed; the old one counts until both have confirmed the new one."""
    agreement.lock()
    _check_side(agreement.docking, actor)
    if not agreement.counts:
        raise TransitionError(f"协议{agreement.get_status_display()}，不能修订；未确认的协议请直接修改。")
    if hasattr(agreement, "replaced_by"):
        raise TransitionError("这份协议已有待确认的新版本，请直接修改新版本。")
    kept = {name: getattr(agreement, name) for name in AGREEMENT_FIELDS}
    version = Agreement(docking=agreement.docking, author=actor, replaces=agreement, **kept)
    changes = _set_fields(version, fields)
    if not changes:
        raise TransitionError("修订的内容与原协议相同，请修改后再保存。")
    return _save_new(version, "revise", "修订协议", changes=changes)


def _save_new(agreement: Agreement, action: str, label: str, **data) -> Agreement:
    agreement.clean_fields(exclude=["file", "replaces", "docking", "author"])
    agreement.validate_constraints()
    agreement.save()
    agreement.record(
        action, label, actor=agreement.author, target=agreement.status, data={"amounts": amounts_of(agreement), **data}
    )
    _tell(agreement, "{number} 有协议待确认，请核对金额和日期后确认。", *BOTH, actor=agreement.author)
    return agreement


def _set_fields(agreement: Agreement, fields: dict) -> dict[str, list[str]]:
    """Set the fields that differ, and return what they were and are, as text."""
    changes = {}
    for name, value in fields.items():
        old = getattr(agreement, name)
        if value != old:
            setattr(agreement, name, value)
            changes[name] = [as_text(old), as_text(value)]
    return changes


# --- Confirming and ending ----------------------------------------------------------------------------------------


@transaction.atomic
def move_agreement(agreement: Agreement, name: str, *, actor: User, note: str = "", seen: str = "") -> Event:
    """Take a step; who confirms has seen the content whose mark is `seen`."""
    agreement.lock()
    mark, data = content_mark(agreement), {"amounts": amounts_of(agreement)}
    if name in CONFIRMS:
        if agreement.docking.status == Stage.FAILED:
            raise TransitionError("对接未成，协议不能再确认；请终止这份协议。")
        _give_word(agreement, CONFIRMS[name], actor)
        data["content_mark"] = mark
    event = agreement_workflow.apply(agreement, name, actor=actor, note=note, data=data)
    if name in CONFIRMS and seen != mark:
        raise TransitionError("协议内容刚刚被修改过，或者您还没有看到全文；请重新核对后再确认。")
    if event.target == S.EFFECTIVE:
        _take_effect(agreement, actor)
    if event.target == S.TERMINATED and agreement.replaces:
        # The old version still counts, and may be revised again.
        agreement.replaces = None
        agreement.save()
    text, parties = TOLD[event.target]
    _tell(agreement, text, *parties, actor=actor)
    return event


def _give_word(agreement: Agreement, side: Side, actor: User) -> None:
    """Note who confirms for the side, and when the second one did; the workflow says whether that may be."""
    if getattr(agreement, f"{side.other}_confirmed_by") == actor:
        raise TransitionError("另一方也是由您确认的；请由这一方的其他人员确认。")
    setattr(agreement, f"{side}_confirmed_by", actor)
    if agreement.enterprise_confirmed_by and agreement.provider_confirmed_by:
        agreement.confirmed_at = timezone.now()
    agreement.save()


def _take_effect(agreement: Agreement, actor: User) -> None:
    """What follows once both have confirmed: the version before ends, and a contract moves the need on."""
    if agreement.replaces:
        agreement_workflow.follow(agreement.replaces, "replace", actor=actor)
    if agreement.contract_amount is not None:
        follow_need(agreement.need, "contract", actor=actor)


# --- What both look at --------------------------------------------------------------------------------------------


def content_mark(agreement: Agreement) -> str:
    """A mark that changes with anything the two sides agree on."""
    content = [[name, as_text(getattr(agreement, name))] for name in AGREEMENT_FIELDS]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()[:16]


def amounts_of(agreement: Agreement) -> dict[str, str]:
    """The amounts in 元 as the history keeps them."""
    return {name: as_text(getattr(agreement, name)) for name in ("intent_amount", "contract_amount", "paid_amount")}


def as_text(value) -> str:
    """A field's value in one way of writing, whether it comes from a form or from the database."""
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return "" if value is None else str(getattr(value, "pk", value))


def _check_side(docking: Docking, actor: User) -> None:
    if not actor.has_perm("partnerships.act_as_a_side", docking):
        raise NotPermitted("协议只能由对接双方填写和修改。")


def _tell(agreement: Agreement, text: str, *parties: str, actor: User) -> None:
    url = agreement.get_absolute_url()
    tell(agreement.docking, text, *parties, actor=actor, url=url, kind=NoticeKind.AGREEMENT)
