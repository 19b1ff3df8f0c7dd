"""Capabilities and institutes for everybody, their upkeep by the institutes, and the import of scopes."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from accounts.models import Organisation
from core.forms import filled_rows
from core.http import render_page
from core.workflow import TransitionError
from providers.enums import CapabilityKind, CapabilityStatus, ImportEffect, ImportStatus
from providers.filters import CapabilityFilter, InstituteFilter, OwnCapabilityFilter
from providers.forms import CapabilityForm, ConfirmForm, CredentialForm, ImportForm, LineFormSet
from providers.imports import (
    confirm_import,
    count_effects,
    describe_row,
    is_stalled,
    may_confirm,
    problems_of,
    start_import,
)
from providers.models import Capability, Credential, ScopeImport
from providers.scope.rows import Severity
from providers.scope.template import template_csv, template_xlsx
from providers.services import LINE_FIELDS, create_capability, move_capability, save_credential, update_capability
from providers.workflow import capability_workflow

RUNNING_IMPORTS = {ImportStatus.WAITING, ImportStatus.READING, ImportStatus.APPLYING}
ROWS_PER_PAGE = 50


@login_not_required
@require_safe
def capability_list(request):
    found = CapabilityFilter(request.GET, Capability.objects.published().for_list(), request=request)
    return _capability_page(request, found, "providers/capability_list.html")


@require_safe
def capability_mine(request):
    """The institute's own capabilities, drafts and lapsed ones included."""
    bodies = request.user.providers
    context = {
        "bodies": bodies,
        "credentials": Credential.objects.filter(organisation__in=bodies).select_related("organisation"),
        "lapsed_count": Capability.objects.lapsed().owned_by(request.user).count(),
    }
    found = OwnCapabilityFilter(request.GET, Capability.objects.owned_by(request.user).for_list(), request=request)
    return _capability_page(request, found, "providers/capability_mine.html", **context)


def _capability_page(request, found, template, **context):
    page = Paginator(found.qs, 20).get_page(request.GET.get("page"))
    context |= {"page": page, "filter": found}
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
    found = CapabilityFilter(request.GET, capabilities, request=request)
    return _capability_page(
        request,
        found,
        "providers/institute_detail.html",
        institute=institute,
        credentials=institute.credentials.all(),
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
    return _edit_credential(request, get_object_or_404(Credential, organisation__in=request.user.providers, pk=pk))


def _edit_credential(request, credential):
    form = CredentialForm(request.POST or None, instance=credential)
    if request.method == "POST" and form.is_valid():
        save_credential(form.instance, actor=request.user)
        messages.success(request, f"{form.instance} 已保存。")
        return redirect("providers:mine")
    return render(request, "providers/credential_edit.html", {"form": form, "credential": credential})


@require_http_methods(["GET", "POST"])
def import_create(request):
    if not request.user.is_provider:
        raise PermissionDenied("只有已核验机构的成员可以导入能力表。请先登记机构，并请组织方核验。")
    form = ImportForm(request.POST or None, request.FILES or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        return redirect(start_import(author=request.user, **form.cleaned_data))
    earlier = ScopeImport.objects.visible_to(request.user).select_related("organisation").defer("report")
    page = Paginator(earlier, 10).get_page(request.GET.get("page"))
    return render(request, "providers/import_create.html", {"form": form, "page": page})


@require_safe
def import_detail(request, pk):
    """The progress while the worker is busy, then the preview, then the result."""
    imports = ScopeImport.objects.visible_to(request.user).select_related("organisation", "credential")
    scope_import = get_object_or_404(imports.defer("report"), pk=pk)
    is_running = scope_import.status in RUNNING_IMPORTS and not is_stalled(scope_import)
    context = {"scope_import": scope_import, "is_running": is_running, "is_stalled": is_stalled(scope_import)}
    if request.htmx.target == "import-progress":
        # The worker has finished: the page looks different now.
        return (
            render(request, "providers/_import_progress.html", context) if is_running else HttpResponseClientRefresh()
        )
    if not is_running:
        context |= _preview(request, scope_import)
    return render_page(request, "providers/import_detail.html", context, import_rows="providers/_import_rows.html")


def _preview(request, scope_import):
    """What was read, what is wrong with it, and what importing it would do."""
    report = scope_import.report
    rows, problems = report.get("rows", []), problems_of(scope_import)
    unstructured = report.get("unstructured", [])
    choices = {
        "all": ("全部能力行", rows),
        "unstructured": ("待结构化", [rows[place] for place in unstructured]),
        "problems": ("错误和提醒", problems),
    }
    shown = request.GET.get("show")
    shown = shown if shown in choices else "all"
    page = Paginator(choices[shown][1], ROWS_PER_PAGE).get_page(request.GET.get("page"))
    if shown != "problems":
        page.object_list = [describe_row(row, report) for row in page.object_list]
    effects = count_effects(report)
    errors = sum(problem.severity == Severity.ERROR for problem in problems)
    return {
        "report": report,
        "page": page,
        "shown": shown,
        "tabs": [(key, label, len(items)) for key, (label, items) in choices.items()],
        "effects": [(ImportEffect(effect).label, count) for effect, count in effects.items()],
        "instrument_count": sum(effects.values()),
        "row_count": len(rows),
        "structured_count": len(rows) - len(unstructured),
        "error_count": errors,
        "form": ConfirmForm() if may_confirm(scope_import) else None,
    }


@require_POST
def import_confirm(request, pk):
    scope_import = get_object_or_404(ScopeImport.objects.visible_to(request.user), pk=pk)
    form = ConfirmForm(request.POST)
    if not form.is_valid():
        messages.error(request, "请在“保存为草稿”和“立即发布”之间选一项。")
        return redirect(scope_import)
    try:
        confirm_import(scope_import, actor=request.user, publish=form.cleaned_data["publish"])
    except TransitionError as error:
        messages.error(request, str(error))
    return redirect(scope_import)


@require_safe
def import_template(request):
    is_csv = request.GET.get("kind") == "csv"
    content, name = (template_csv(), "能力表模板.csv") if is_csv else (template_xlsx(), "能力表模板.xlsx")
    return FileResponse(content, as_attachment=True, filename=name)


def _visible_capability(request, pk) -> Capability:
    return get_object_or_404(Capability.objects.visible_to(request.user).for_list(), pk=pk)


def _acting_provider(request) -> Organisation:
    """The institute the person chose, or the first one."""
    bodies = request.user.providers
    if not bodies:
        raise PermissionDenied("请先登记或加入一个服务机构。")
    chosen = request.POST.get("organisation") or request.GET.get("organisation")
    return next((body for body in bodies if str(body.pk) == chosen), bodies[0])
