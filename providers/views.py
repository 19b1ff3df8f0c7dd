"""Capabilities and institutes for everybody, and their upkeep by the institutes."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Organisation
from core.forms import filled_rows
from core.http import render_page
from core.workflow import TransitionError
from providers.enums import CapabilityKind, CapabilityStatus
from providers.filters import CapabilityFilter, InstituteFilter
from providers.forms import CapabilityForm, CredentialForm, LineFormSet
from providers.models import Capability, Credential
from providers.services import LINE_FIELDS, create_capability, move_capability, save_credential, update_capability
from providers.workflow import capability_workflow


@login_not_required
@require_safe
def capability_list(request):
    return _capability_page(request, Capability.objects.published(), "providers/capability_list.html")


@require_safe
def capability_mine(request):
    """The institute's own capabilities, drafts and lapsed ones included."""
    bodies = _own_providers(request)
    context = {
        "bodies": bodies,
        "credentials": Credential.objects.filter(organisation__in=bodies).select_related("organisation"),
        "lapsed_count": Capability.objects.lapsed().owned_by(request.user).count(),
    }
    return _capability_page(
        request, Capability.objects.owned_by(request.user), "providers/capability_mine.html", context
    )


def _capability_page(request, capabilities, template, context=None):
    found = CapabilityFilter(request.GET, capabilities.for_list(), request=request)
    page = Paginator(found.qs, 20).get_page(request.GET.get("page"))
    context = {"page": page, "filter": found, **(context or {})}
    return render_page(request, template, context, capability_table="providers/_capability_table.html")


@login_not_required
@require_safe
def capability_detail(request, pk):
    capability = _visible_capability(request, pk)
    mine = request.user.has_perm("providers.change_capability", capability)
    context = {
        "capability": capability,
        "may_change": mine,
        "steps": capability_workflow.steps_for(capability, request.user) if mine else [],
    }
    return render(request, "providers/capability_detail.html", context)


@login_not_required
@require_safe
def institute_list(request):
    shown = Count("capabilities", filter=Q(capabilities__status=CapabilityStatus.PUBLISHED))
    institutes = Organisation.objects.providers().verified().annotate(capability_count=shown).order_by("name")
    found = InstituteFilter(request.GET, institutes.prefetch_related("credentials"), request=request)
    page = Paginator(found.qs, 20).get_page(request.GET.get("page"))
    context = {"page": page, "filter": found}
    return render_page(
        request, "providers/institute_list.html", context, institute_table="providers/_institute_table.html"
    )


@login_not_required
@require_safe
def institute_detail(request, pk):
    institute = get_object_or_404(Organisation.objects.visible_to(request.user).providers(), pk=pk)
    capabilities = Capability.objects.visible_to(request.user).filter(organisation=institute).for_list()
    context = {"institute": institute, "credentials": institute.credentials.all()}
    found = CapabilityFilter(request.GET, capabilities, request=request)
    page = Paginator(found.qs, 20).get_page(request.GET.get("page"))
    return render_page(
        request,
        "providers/institute_detail.html",
        {**context, "page": page, "filter": found},
        capability_table="providers/_capability_table.html",
    )


@require_http_methods(["GET", "POST"])
def capability_create(request, kind):
    if kind not in CapabilityKind.values:
        raise Http404
    organisation = _acting_provider(request)
    capability = Capability(organisation=organisation, kind=kind)
    return _edit(
        request,
        capability,
        lambda **fields: create_capability(author=request.user, organisation=organisation, kind=kind, **fields),
    )


@require_http_methods(["GET", "POST"])
def capability_edit(request, pk):
    capability = _visible_capability(request, pk)
    if not request.user.has_perm("providers.change_capability", capability):
        raise PermissionDenied
    return _edit(
        request,
        capability,
        lambda **fields: update_capability(_visible_capability(request, pk), actor=request.user, **fields),
    )


def _edit(request, capability, save):
    """The form of a capability with its rows; `save` is the service to call with what was entered."""
    adding = capability._state.adding
    initial = [] if adding else [{name: getattr(row, name) for name in LINE_FIELDS} for row in capability.lines.all()]
    form = CapabilityForm(
        request.POST or None, instance=capability, organisation=capability.organisation, kind=capability.kind
    )
    rows = LineFormSet(request.POST or None, initial=initial, prefix="lines")
    if request.method == "POST" and all([form.is_valid(), rows.is_valid()]) and "add_line" not in request.POST:
        try:
            return redirect(save(**form.cleaned_data, lines=filled_rows(rows)))
        except ValidationError as error:
            form.add_error(None, error)
    context = {"capability": capability, "adding": adding, "form": form, "formset": rows}
    return render(request, "providers/capability_edit.html", context)


@require_POST
def capability_move(request, pk, name):
    capability = _visible_capability(request, pk)
    try:
        move_capability(capability, name, actor=request.user, note=request.POST.get("note", ""))
    except TransitionError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"操作完成，能力当前状态：{capability.get_status_display()}。")
    return redirect(capability)


@require_http_methods(["GET", "POST"])
def credential_create(request):
    return _edit_credential(request, Credential(organisation=_acting_provider(request)))


@require_http_methods(["GET", "POST"])
def credential_edit(request, pk):
    return _edit_credential(request, get_object_or_404(Credential, organisation__in=_own_providers(request), pk=pk))


def _edit_credential(request, credential):
    form = CredentialForm(request.POST or None, instance=credential)
    if request.method == "POST" and form.is_valid():
        save_credential(form.instance, actor=request.user)
        messages.success(request, f"{form.instance} 已保存。")
        return redirect("providers:mine")
    return render(request, "providers/credential_edit.html", {"form": form, "credential": credential})


def _visible_capability(request, pk) -> Capability:
    return get_object_or_404(Capability.objects.visible_to(request.user).for_list(), pk=pk)


def _own_providers(request) -> list[Organisation]:
    return [body for body in request.user.organisations if body.is_provider]


def _acting_provider(request) -> Organisation:
    """The institute the person chose, or the first one."""
    bodies = _own_providers(request)
    if not bodies:
        raise PermissionDenied("请先登记或加入一个服务机构。")
    chosen = request.POST.get("organisation") or request.GET.get("organisation")
    return next((body for body in bodies if str(body.pk) == chosen), bodies[0])
