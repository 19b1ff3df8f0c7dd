"""The two lists of the ledger, the page of an entry with its forms, and sheets out and in."""

from collections import Counter

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import FileResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.forms import put_into
from core.http import render_page
from core.workflow import TransitionError
from partnerships.enums import UNDONE, ExtensionStatus, LedgerEffect, LedgerStatus
from partnerships.filters.ledger import AskedFilter, TakenFilter
from partnerships.forms.ledger import AssignForm, EntryForm, ExtensionForm, ResultForm, SheetForm, WordsForm
from partnerships.ledger_disclosure import show_entry, show_events
from partnerships.models import Extension, LedgerEntry, LedgerImport
from partnerships.services.ledger import (
    ask_extension,
    assign_entry,
    decide_extension,
    move_entry,
    pending_extension,
    update_entry,
)
from partnerships.services.ledger_import import apply_import, plan_import, start_import
from partnerships.sheets import MAX_ROWS, SheetError, write_list, write_template
from partnerships.workflow import ledger_workflow

PATH = [status for status in LedgerStatus if status != LedgerStatus.CANCELLED]
ROWS_PER_PAGE = 50
AT_ONCE = 500
ASKED, TAKEN = "问需清单", "对接清单"


# --- Lists --------------------------------------------------------------------------------------------------------


@require_safe
def ledger_list(request):
    """问需清单: what nobody answers for yet."""
    return _list_page(request, AskedFilter, "asked")


@require_safe
def ledger_taken(request):
    """对接清单: what somebody answers for; the duties of one's own organisation are among them."""
    return _list_page(request, TakenFilter, "taken")


def _list_page(request, filterset, shown):
    visible = LedgerEntry.objects.visible_to(request.user)
    lists = {"asked": visible.asked(), "taken": visible.taken_up()}
    found = filterset(request.GET, lists[shown].for_list().urgent_first(), request=request)
    page = Paginator(found.qs, 20).get_page(request.GET.get("page"))
    page.object_list = [show_entry(entry, request.user) for entry in page.object_list]
    context = {
        "page": page,
        "filter": found,
        "shown": shown,
        "asked_count": lists["asked"].count(),
        "taken_count": lists["taken"].count(),
        "overdue_count": visible.overdue().count(),
    }
    return render_page(
        request, "partnerships/ledger_list.html", context, ledger_table="partnerships/_ledger_table.html"
    )


@require_safe
def ledger_export(request, shown):
    """A list as XLSX, filtered like the page and in the reader's sight."""
    visible = LedgerEntry.objects.visible_to(request.user)
    title, filterset, entries = {
        "asked": (ASKED, AskedFilter, visible.asked()),
        "taken": (TAKEN, TakenFilter, visible.taken_up()),
    }[shown]
    found = filterset(request.GET, entries.for_list().urgent_first(), request=request)
    return answer_sheet(title, found.qs, request.user)


def answer_sheet(title, entries, user) -> FileResponse:
    """The entries as an XLSX file for this reader."""
    content = write_list(title, (show_entry(entry, user) for entry in entries.iterator(chunk_size=AT_ONCE)))
    return FileResponse(content, as_attachment=True, filename=f"{title} {timezone.localdate():%Y-%m-%d}.xlsx")


# --- One entry ----------------------------------------------------------------------------------------------------


@require_safe
def ledger_detail(request, pk):
    return _detail_page(request, _visible_entry(request, pk))


def _detail_page(request, entry, **forms):
    """The page of an entry; `forms` are those that were refused and are shown again."""
    user = request.user
    pending = pending_extension(entry)
    manages, works = (user.has_perm(f"partnerships.{name}_entry", entry) for name in ("manage", "work_on"))
    steps, offered = ledger_workflow.steps_for(entry, user), {}
    if manages and entry.status in UNDONE:
        offered["assign_form"] = AssignForm(entry=entry, user=user)
    if works and entry.status in UNDONE:
        offered["result_form"] = ResultForm(instance=entry)
        if pending is None:
            offered["extension_form"] = ExtensionForm()
    context = {
        "entry": show_entry(entry, user),
        # Finishing and cancelling have forms of their own.
        "steps": [step for step in steps if step.name not in {"finish", "cancel"}],
        "may_cancel": any(step.name == "cancel" for step in steps),
        "events": show_events(entry, user),
        "extensions": entry.extensions.exclude(status=ExtensionStatus.REQUESTED).select_related("decided_by"),
        "may_edit": manages and entry.need_id is None and entry.status in UNDONE,
        "may_decide": manages and pending is not None and pending.asked_by_id != user.pk,
        "path": PATH,
        **offered,
        **forms,
    }
    return render(request, "partnerships/ledger_detail.html", context)


@require_http_methods(["GET", "POST"])
def ledger_create(request):
    _refuse_others(request.user)
    form = EntryForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            entry = form.add()
        except (TransitionError, ValidationError) as error:
            put_into(form, error)
        else:
            messages.success(request, f"已登记为 {entry.number}，接下来请分派责任单位。")
            return redirect(entry)
    return render(request, "partnerships/ledger_create.html", {"form": form})


@require_http_methods(["GET", "POST"])
def ledger_edit(request, pk):
    entry = _visible_entry(request, pk)
    if not request.user.has_perm("partnerships.manage_entry", entry):
        raise PermissionDenied
    form = WordsForm(request.POST or None, instance=entry)
    if request.method == "POST" and form.is_valid():
        # Validation has already written to the instance.
        entry = _visible_entry(request, pk)
        try:
            update_entry(entry, actor=request.user, **form.cleaned_data)
        except (TransitionError, ValidationError) as error:
            put_into(form, error)
        else:
            messages.success(request, "修改已保存。")
            return redirect(entry)
    return render(request, "partnerships/ledger_edit.html", {"form": form, "entry": show_entry(entry, request.user)})


@require_safe
def ledger_people(request, pk):
    """The people who can answer for the entry in the organisation that is being chosen."""
    entry = _visible_entry(request, pk)
    if not request.user.has_perm("partnerships.manage_entry", entry):
        raise PermissionDenied
    form = AssignForm({"responsible": request.GET.get("responsible", "")}, entry=entry, user=request.user)
    return render(request, "partnerships/_ledger_person.html", {"form": form, "is_fresh": True})


@require_POST
def ledger_assign(request, pk):
    entry = _visible_entry(request, pk)
    if not request.user.has_perm("partnerships.manage_entry", entry):
        raise PermissionDenied
    form = AssignForm(request.POST, entry=entry, user=request.user)
    return _submit(request, entry, "assign_form", form, assign_entry, "已分派，责任人会收到通知。")


@require_POST
def ledger_extend(request, pk):
    entry = _visible_entry(request, pk)
    return _submit(
        request,
        entry,
        "extension_form",
        ExtensionForm(request.POST),
        ask_extension,
        "延期申请已提交，请等待组织方批复。",
    )


@require_POST
def ledger_finish(request, pk):
    entry = _visible_entry(request, pk)

    def finish(entry, *, actor, result):
        move_entry(entry, "finish", actor=actor, result=result)

    return _submit(request, entry, "result_form", ResultForm(request.POST), finish, "已提交，请等待企业确认。")


def _submit(request, entry, name, form, service, done):
    """Have the service do what the form says, or show the form again with what is wrong."""
    if form.is_valid():
        try:
            service(entry, actor=request.user, **form.cleaned_data)
        except (TransitionError, ValidationError) as error:
            put_into(form, error)
        else:
            messages.success(request, done)
            return redirect(entry)
    return _detail_page(request, _visible_entry(request, entry.pk), **{name: form})


@require_POST
def ledger_decide(request, pk, extension):
    """The organiser's yes or no to more time."""
    entry = _visible_entry(request, pk)
    asked = get_object_or_404(Extension, pk=extension, entry=entry)
    try:
        decide_extension(
            asked, actor=request.user, approve="approve" in request.POST, note=request.POST.get("note", "")[:1000]
        )
    except TransitionError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "已答复，申请人会收到通知。")
    return redirect(entry)


@require_POST
def ledger_move(request, pk, name):
    entry = _visible_entry(request, pk)
    try:
        move_entry(entry, name, actor=request.user, note=request.POST.get("note", ""))
    except TransitionError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"操作完成，台账当前状态：{entry.get_status_display()}。")
    return redirect(entry)


# --- Sheets in ----------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def ledger_import_create(request):
    _refuse_others(request.user)
    form = SheetForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            return redirect(start_import(author=request.user, file=file, name=file.name))
        except SheetError as error:
            form.add_error("file", str(error))
    earlier = LedgerImport.objects.visible_to(request.user).defer("rows")
    page = Paginator(earlier, 10).get_page(request.GET.get("page"))
    context = {"form": form, "page": page, "max_rows": MAX_ROWS}
    return render(request, "partnerships/ledger_import_create.html", context)


@require_safe
def ledger_import_template(request):
    return FileResponse(write_template(), as_attachment=True, filename="台账模板.xlsx")


@require_safe
def ledger_import_detail(request, pk):
    """What the rows would do, and what is wrong with them; afterwards, what they did."""
    ledger_import = get_object_or_404(LedgerImport.objects.visible_to(request.user), pk=pk)
    context = {"ledger_import": ledger_import}
    if ledger_import.applied_at is None:
        planned = plan_import(ledger_import, actor=request.user)
        problems = [problem for row in planned for problem in row.problems]
        sound = Counter(row.effect for row in planned if not row.problems)
        effects = [(each.label, sound[each]) for each in LedgerEffect]
        page = Paginator(planned, ROWS_PER_PAGE).get_page(request.GET.get("page"))
        context |= {"page": page, "problems": problems, "effects": effects}
    else:
        context["effects"] = [(each.label, ledger_import.effects.get(each, 0)) for each in LedgerEffect]
    return render_page(
        request, "partnerships/ledger_import_detail.html", context, ledger_rows="partnerships/_ledger_import_rows.html"
    )


@require_POST
def ledger_import_confirm(request, pk):
    ledger_import = get_object_or_404(LedgerImport.objects.visible_to(request.user), pk=pk)
    try:
        apply_import(ledger_import, actor=request.user)
    except TransitionError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "已全部写入台账。")
    return redirect(ledger_import)


def _visible_entry(request, pk) -> LedgerEntry:
    return get_object_or_404(LedgerEntry.objects.visible_to(request.user).for_list(), pk=pk)


def _refuse_others(user):
    if not user.is_organiser:
        raise PermissionDenied("只有组织方可以登记和导入台账。")
