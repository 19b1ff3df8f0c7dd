"""The way of a scope file: upload, progress, preview, confirmation."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import FileResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from core.http import render_page
from core.workflow import TransitionError
from providers.enums import ImportEffect, ImportStatus
from providers.forms_imports import ConfirmForm, ImportForm
from providers.imports import (
    confirm_import,
    count_effects,
    describe_row,
    is_stalled,
    may_confirm,
    problems_of,
    start_import,
)
from providers.models import ScopeImport
from providers.scope import Severity
from providers.scope_template import template_csv, template_xlsx

RUNNING = {ImportStatus.WAITING, ImportStatus.READING, ImportStatus.APPLYING}
ROWS_PER_PAGE = 50


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
    is_running = scope_import.status in RUNNING and not is_stalled(scope_import)
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
