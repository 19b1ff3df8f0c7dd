"""典型案例: the public list and page, and how a case is written and consented to."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.http import render_page
from core.workflow import TransitionError
from needs.disclosure import log_reads
from partnerships.enums import CaseStatus, Stage
from partnerships.filters.agreements import CaseFilter
from partnerships.forms.cases import CaseForm
from partnerships.models import CaseStudy, Docking
from partnerships.services.cases import CONSENTS, move_case, page_of, write_case
from partnerships.services.dockings import sides_of
from partnerships.views.agreements import CHANGED_MEANWHILE
from partnerships.workflow import case_workflow


@login_not_required
@require_safe
def case_list(request):
    found = CaseFilter(request.GET, CaseStudy.objects.published().for_list(), request=request)
    page = Paginator(found.qs, 20).get_page(request.GET.get("page"))
    return render_page(
        request,
        "partnerships/case_list.html",
        {"page": page, "filter": found},
        case_table="partnerships/_case_table.html",
    )


@login_not_required
@require_safe
def case_detail(request, pk):
    """The page as everybody reads it; who may read the docking also sees what is still to be done for it."""
    case = _visible_case(request, pk)
    context = {"case": case, "story": page_of(case)}
    if request.user.has_perm("partnerships.read_docking", case.docking):
        if case.status != CaseStatus.PUBLISHED:
            log_reads([case.need], request.user)
        sides = sides_of(case.docking, request.user)
        context |= {
            "docking": case.docking,
            "steps": case_workflow.steps_for(case, request.user),
            "consents": CONSENTS,
            "may_edit": bool(sides) and case.status != CaseStatus.PUBLISHED,
            "events": case.events.select_related("actor"),
        }
    return render(request, "partnerships/case_detail.html", context)


@require_http_methods(["GET", "POST"])
def case_edit(request, pk):
    """The words of the case of one docking, new or changed."""
    docking = get_object_or_404(Docking.objects.readable_by(request.user).for_list(), pk=pk)
    sides = sides_of(docking, request.user)
    if not sides:
        raise PermissionDenied("典型案例只能由对接双方撰写。")
    case = CaseStudy.objects.filter(docking=docking).for_list().first() or CaseStudy(docking=docking)
    if docking.status != Stage.CLOSED or case.status == CaseStatus.PUBLISHED:
        reason = "案例已发布，修改之前请先撤下。" if case.title else "对接结案之后才能撰写典型案例。"
        messages.error(request, reason)
        return redirect(case if case.title else docking)
    log_reads([docking.need], request.user)
    adding, seen = case._state.adding, page_of(case).mark
    data = request.POST if request.method == "POST" else None
    form = CaseForm(data, instance=case, docking=docking, sides=sides)
    if data is not None and form.is_valid():
        try:
            if data.get("seen") != seen:
                raise TransitionError(CHANGED_MEANWHILE)
            saved = write_case(docking, actor=request.user, **form.cleaned_data)
        except TransitionError as error:
            form.add_error(None, str(error))
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, "案例已保存。下面就是发布后的页面，请双方核对后表态。")
            return redirect(saved)
    context = {"docking": docking, "case": case, "form": form, "adding": adding, "seen": seen}
    return render(request, "partnerships/case_edit.html", context)


@require_POST
def case_move(request, pk, name):
    case = _visible_case(request, pk)
    note, seen = request.POST.get("note", ""), request.POST.get("seen", "")
    try:
        move_case(case, name, actor=request.user, note=note, seen=seen)
    except TransitionError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"操作完成，案例当前状态：{case.get_status_display()}。")
    return redirect(case)


def _visible_case(request, pk) -> CaseStudy:
    return get_object_or_404(CaseStudy.objects.visible_to(request.user).for_list(), pk=pk)
