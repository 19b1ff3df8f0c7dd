"""Confidentiality agreements: asked for on the page of a need, read, signed, refused and ended."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from core.http import render_page
from core.workflow import TransitionError
from needs.disclosure import log_reads
from needs.models import Need
from partnerships.enums import ConfidentialityStatus as S
from partnerships.enums import Side
from partnerships.filters.dockings import ConfidentialityFilter
from partnerships.models import ConfidentialityAgreement
from partnerships.services.confidentiality import move_confidentiality, request_confidentiality
from partnerships.shown import shown_need
from partnerships.workflow import confidentiality_workflow


@require_safe
def confidentiality_list(request):
    visible = ConfidentialityAgreement.objects.visible_to(request.user).for_list()
    found = ConfidentialityFilter(request.GET, visible, request=request)
    page = Paginator(found.qs, 20).get_page(request.GET.get("page"))
    page.object_list = [(agreement, shown_need(agreement.need, request.user)) for agreement in page.object_list]
    context = {"page": page, "filter": found}
    table = "partnerships/_confidentiality_table.html"
    return render_page(request, "partnerships/confidentiality_list.html", context, confidentiality_table=table)


@require_safe
def confidentiality_detail(request, pk):
    return _agreement_page(request, _visible_agreement(request, pk))


def _agreement_page(request, agreement, note=""):
    need = shown_need(agreement.need, request.user)
    log_reads([agreement.need], request.user)
    names_everybody = need is not None and need.organisation_name != ""
    context = {
        "agreement": agreement,
        "need": need,
        "names_everybody": names_everybody,
        "steps": confidentiality_workflow.steps_for(agreement, request.user),
        "is_effective": agreement.status == S.EFFECTIVE,
        "note": note,
        "events": _events(agreement, names_everybody=names_everybody),
    }
    return render(request, "partnerships/confidentiality_detail.html", context)


def _events(agreement, *, names_everybody):
    """The history; without the names of an anonymous enterprise's people."""
    events = agreement.events.select_related("actor")
    if names_everybody:
        return events
    institute = set(User.objects.acting_for(agreement.institute).values_list("pk", flat=True))
    return [
        {
            "label": event.label,
            "note": event.note,
            "created_at": event.created_at,
            "actor": event.actor if event.actor_id in institute else Side.ENTERPRISE.label,
        }
        for event in events
    ]


@require_POST
def confidentiality_request(request, pk):
    """An institute's wish to read a need, for the one institute of the person's that was chosen."""
    need = get_object_or_404(Need.objects.visible_to(request.user).for_list(), pk=pk)
    own = [body for body in request.user.providers if body.verified_at]
    chosen = [body for body in own if str(body.pk) == request.POST.get("institute")] or own
    if not chosen:
        messages.error(request, "只有已核验的机构可以申请查看详情；请先登记或加入您的机构，并等待核验。")
        return redirect(need)
    try:
        agreement = request_confidentiality(need, chosen[0], actor=request.user)
    except TransitionError as error:
        messages.error(request, str(error))
        return redirect(need)
    messages.success(request, "企业已收到申请。请阅读协议全文并签署，双方签署后即可查看详情。")
    return redirect(agreement)


@require_POST
def confidentiality_move(request, pk, name):
    agreement = _visible_agreement(request, pk)
    note, agreed = request.POST.get("note", ""), "agreed" in request.POST
    seen = request.POST.get("seen", "") if agreed else ""
    try:
        move_confidentiality(agreement, name, actor=request.user, note=note, seen=seen)
    except TransitionError as error:
        messages.error(request, str(error))
        return _agreement_page(request, _visible_agreement(request, pk), note)
    messages.success(request, f"操作完成，协议{agreement.get_status_display()}。")
    return redirect(agreement)


def _visible_agreement(request, pk) -> ConfidentialityAgreement:
    return get_object_or_404(ConfidentialityAgreement.objects.visible_to(request.user).for_list(), pk=pk)
