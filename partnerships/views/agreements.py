"""Agreements, acceptance, and the evidence that follows from them."""

from collections.abc import Callable, Iterable
from decimal import Decimal

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.enums import Level
from core.forms import filled_rows
from core.http import render_page
from core.models import Event
from core.workflow import TransitionError
from needs.disclosure import log_reads
from partnerships.enums import Stage
from partnerships.filters.agreements import AgreementFilter
from partnerships.forms.agreements import AcceptanceForm, AgreementForm, MarkForm, result_formset
from partnerships.models import Acceptance, Agreement, CaseStudy, Docking, DockingFile
from partnerships.models.agreements import AMOUNTS
from partnerships.services.acceptance import (
    STAGES,
    give_mark,
    may_write,
    reads_lines,
    required_lines,
    save_acceptance,
)
from partnerships.services.agreements import (
    AGREEMENT_FIELDS,
    CONFIRMS,
    content_mark,
    draft_agreement,
    move_agreement,
    revise_agreement,
    update_agreement,
)
from partnerships.services.dockings import add_file, sides_of
from partnerships.shown import shown_need
from partnerships.workflow import UNCONFIRMED, agreement_workflow
from providers.models import Capability

CHANGED_MEANWHILE = "您填写期间，内容已被他人修改。请在新页面核对最新内容，再把您的修改填进去；您填写的内容还在下面。"


def docking_context(docking: Docking, user) -> dict:
    """What `_docking_agreements.html`, `_docking_acceptance.html` and `_docking_case.html` take besides the docking."""
    acts = user.has_perm("partnerships.act_as_a_side", docking)
    acceptance = Acceptance.objects.filter(docking=docking).prefetch_related("lines").first()
    return {
        "papers": list(Agreement.objects.filter(docking=docking)),
        "may_draft": acts and docking.is_open,
        "acceptance": acceptance,
        "shows_results": reads_lines(docking.need, user),
        "may_accept": docking.status in STAGES and may_write(docking, user),
        "may_mark": acts and docking.is_open,
        "case": CaseStudy.objects.filter(docking=docking).first(),
        "may_write_case": acts and docking.status == Stage.CLOSED,
    }


# --- Agreements ---------------------------------------------------------------------------------------------------


@require_safe
def agreement_list(request):
    """The agreements one may read, with the sums of those that count."""
    found = AgreementFilter(request.GET, Agreement.objects.visible_to(request.user).for_list(), request=request)
    page = Paginator(found.qs, 20).get_page(request.GET.get("page"))
    log_reads([agreement.need for agreement in page.object_list], request.user)
    page.object_list = [(agreement, shown_need(agreement.need, request.user)) for agreement in page.object_list]
    context = {"page": page, "filter": found, "totals": found.qs.totals(), "counted": found.qs.counted().count()}
    return render_page(
        request, "partnerships/agreement_list.html", context, agreement_table="partnerships/_agreement_table.html"
    )


@require_safe
def agreement_detail(request, pk):
    agreement = _visible_agreement(request, pk)
    log_reads([agreement.need], request.user)
    acts = request.user.has_perm("partnerships.act_as_a_side", agreement)
    newer = Agreement.objects.filter(replaces=agreement).first()
    steps = agreement_workflow.steps_for(agreement, request.user)
    context = {
        "agreement": agreement,
        "docking": agreement.docking,
        "need": shown_need(agreement.need, request.user),
        "mark": content_mark(agreement),
        "steps": steps,
        "is_open": agreement.status in UNCONFIRMED,
        "waits_for_me": any(step.name in CONFIRMS for step in steps),
        "confirms": tuple(CONFIRMS),
        "may_update": acts and agreement.status in UNCONFIRMED,
        "may_revise": acts and agreement.counts and newer is None,
        "newer": newer,
        "older": agreement.replaces,
        "events": _tell_changes(agreement.events.select_related("actor")),
    }
    return render(request, "partnerships/agreement_detail.html", context)


@require_http_methods(["GET", "POST"])
def agreement_create(request, pk):
    docking = _readable_docking(request, pk)
    _require_side(request, docking)
    if not docking.is_open:
        messages.error(request, "对接已结束，不能再登记新的协议；已确认的协议可以修订。")
        return redirect(docking)
    return _edit_agreement(
        request, Agreement(docking=docking), lambda **fields: draft_agreement(docking, actor=request.user, **fields)
    )


@require_http_methods(["GET", "POST"])
def agreement_edit(request, pk):
    """Changes of what nobody has agreed to yet; of what both have confirmed, a new version."""
    agreement = _visible_agreement(request, pk)
    _require_side(request, agreement)
    if agreement.status not in UNCONFIRMED and not agreement.counts:
        messages.error(request, f"协议{agreement.get_status_display()}，不能再修改。")
        return redirect(agreement)
    save = revise_agreement if agreement.counts else update_agreement
    return _edit_agreement(
        request,
        agreement,
        lambda **fields: save(_visible_agreement(request, pk), actor=request.user, **fields),
    )


def _edit_agreement(request, agreement: Agreement, save: Callable[..., Agreement]):
    """The form of an agreement; `save` is the service to call with what was entered."""
    adding, revising, mark = agreement._state.adding, agreement.counts, content_mark(agreement)
    data = {"data": request.POST, "files": request.FILES} if request.method == "POST" else {}
    form = AgreementForm(instance=agreement, docking=agreement.docking, **data)
    log_reads([agreement.need], request.user)
    if request.method == "POST" and form.is_valid():
        try:
            saved = _save_agreement(request, form.cleaned_data, agreement.docking, save, seen=mark)
        except TransitionError as error:
            form.add_error(None, str(error))
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, "协议已保存，请双方核对后确认。")
            return redirect(saved)
    context = {"agreement": agreement, "docking": agreement.docking, "form": form, "mark": mark}
    return render(request, "partnerships/agreement_edit.html", context | {"adding": adding, "revising": revising})


@transaction.atomic
def _save_agreement(request, fields: dict, docking: Docking, save: Callable[..., Agreement], *, seen: str):
    if request.POST.get("seen") != seen:
        raise TransitionError(CHANGED_MEANWHILE)
    upload = fields.pop("upload")
    if upload:
        fields["file"] = add_file(docking, actor=request.user, upload=upload)
    return save(**fields)


@require_POST
def agreement_move(request, pk, name):
    agreement = _visible_agreement(request, pk)
    note, seen = request.POST.get("note", ""), request.POST.get("seen", "")
    try:
        move_agreement(agreement, name, actor=request.user, note=note, seen=seen)
    except TransitionError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"操作完成，协议当前状态：{agreement.get_status_display()}。")
    return redirect(agreement)


def _tell_changes(events: Iterable[Event]) -> list[Event]:
    """The events, each with what it changed or confirmed put into words before its note."""
    told = []
    for event in events:
        # In the order of the form: not every database keeps that of the entry.
        changes, amounts = (event.data.get(name, {}) for name in ("changes", "amounts"))
        changed = [_change(name, *changes[name]) for name in AGREEMENT_FIELDS if name in changes]
        stated = [f"{_label(name)} {_shown(name, amounts[name])}" for name in AMOUNTS if amounts.get(name)]
        event.note = "；".join(filter(None, [*(changed or stated), event.note]))
        told.append(event)
    return told


def _change(name: str, old: str, new: str) -> str:
    return f"{_label(name)} {_shown(name, old) or '未填'} → {_shown(name, new) or '空'}"


def _label(name: str) -> str:
    return Agreement._meta.get_field(name).verbose_name.removesuffix("（元）")


def _shown(name: str, value: str) -> str:
    """A value of the history as the page shows it."""
    field = Agreement._meta.get_field(name)
    if name in AMOUNTS and value:
        return f"{Decimal(value) / 10_000:f}".rstrip("0").rstrip(".") + " 万元"
    if name == "file" and value:
        file = DockingFile.objects.filter(pk=value).first()
        return file.name if file else value
    return dict(field.flatchoices).get(value, value)


# --- Acceptance ---------------------------------------------------------------------------------------------------


@require_safe
def acceptance_detail(request, pk):
    docking = _readable_docking(request, pk)
    return _acceptance_page(request, _acceptance_of(docking), MarkForm(initial=_own_mark(request, docking)))


def _acceptance_page(request, acceptance: Acceptance, mark_form: MarkForm):
    docking = acceptance.docking
    log_reads([docking.need], request.user)
    context = {
        "acceptance": acceptance,
        "docking": docking,
        "need": shown_need(docking.need, request.user),
        "shows_results": reads_lines(docking.need, request.user),
        "may_accept": docking.status in STAGES and may_write(docking, request.user),
        "mark_form": mark_form if docking.is_open and sides_of(docking, request.user) else None,
        "events": acceptance.events.select_related("actor"),
    }
    return render(request, "partnerships/acceptance_detail.html", context)


@require_http_methods(["GET", "POST"])
def acceptance_edit(request, pk):
    """The results line by line, prefilled with what the need asks for."""
    docking = _readable_docking(request, pk)
    if not may_write(docking, request.user):
        raise PermissionDenied("验收记录只能由可以看到需求指标的对接双方填写。")
    if docking.status not in STAGES:
        messages.error(request, "验收记录在“实施”和“交付”阶段填写；已进入“验收”的，请先退回“交付”再修改。")
        return redirect(docking)
    log_reads([docking.need], request.user)
    acceptance = Acceptance.objects.filter(docking=docking).first() or Acceptance(
        docking=docking, accepted_on=timezone.localdate()
    )
    required, seen = required_lines(docking.need), _version(acceptance)
    lines = [] if acceptance._state.adding else list(acceptance.lines.all())
    data = request.POST if request.method == "POST" else None
    form, formset = AcceptanceForm(data, instance=acceptance), result_formset(required, lines, data)
    if data is not None and "add_line" not in data and all([form.is_valid(), formset.is_valid()]):
        try:
            if data.get("seen") != seen:
                raise TransitionError(CHANGED_MEANWHILE)
            save_acceptance(docking, actor=request.user, lines=filled_rows(formset), **form.cleaned_data)
        except TransitionError as error:
            form.add_error(None, str(error))
        except ValidationError as error:
            form.add_error(None, error.messages)
        else:
            messages.success(request, "验收记录已保存，请核对判定，并给对方评分。")
            return redirect("partnerships:acceptance_detail", docking.pk)
    context = {"docking": docking, "form": form, "formset": formset, "required": required, "seen": seen}
    return render(request, "partnerships/acceptance_edit.html", context)


@require_POST
def acceptance_mark(request, pk):
    docking = _readable_docking(request, pk)
    acceptance = _acceptance_of(docking)
    form = MarkForm(request.POST)
    if form.is_valid():
        try:
            give_mark(acceptance, actor=request.user, **form.cleaned_data)
        except TransitionError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "评分已保存；结案之前可以修改。")
            return redirect("partnerships:acceptance_detail", docking.pk)
    return _acceptance_page(request, _acceptance_of(docking), form)


def _version(acceptance: Acceptance) -> str:
    return "" if acceptance._state.adding else acceptance.updated_at.isoformat()


def _acceptance_of(docking: Docking) -> Acceptance:
    return get_object_or_404(Acceptance.objects.for_list(), docking=docking)


def _own_mark(request, docking: Docking) -> dict:
    """The mark and the words this person's side has given."""
    acceptance = _acceptance_of(docking)
    sides = sides_of(docking, request.user)
    side = min(sides) if sides else None
    return {"mark": getattr(acceptance, f"{side}_mark"), "words": getattr(acceptance, f"{side}_words")} if side else {}


# --- Evidence -----------------------------------------------------------------------------------------------------


@login_not_required
@require_safe
def capability_evidence(request, pk):
    """What was accepted of a capability, as a part of its page."""
    capability = get_object_or_404(Capability.objects.visible_to(request.user), pk=pk)
    accepted = Acceptance.objects.evidence_for(request.user).filter(docking__proposal__capability=capability)
    accepted = list(accepted.for_list().order_by("-accepted_on", "pk"))
    log_reads([acceptance.need for acceptance in accepted], request.user)
    # What a confidential need asks for is not repeated beside the institute's own results.
    rows = [(acceptance, acceptance.need.level == Level.PUBLIC) for acceptance in accepted]
    context = {"capability": capability, "rows": rows}
    return render_page(
        request, "partnerships/capability_evidence.html", context, evidence="partnerships/_capability_evidence.html"
    )


# --- Helpers ------------------------------------------------------------------------------------------------------


def _require_side(request, record) -> None:
    if not request.user.has_perm("partnerships.act_as_a_side", record):
        raise PermissionDenied("协议只能由对接双方填写和修改。")


def _visible_agreement(request, pk) -> Agreement:
    return get_object_or_404(Agreement.objects.visible_to(request.user).for_list(), pk=pk)


def _readable_docking(request, pk) -> Docking:
    return get_object_or_404(Docking.objects.readable_by(request.user).for_list(), pk=pk)
