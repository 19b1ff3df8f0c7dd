"""The hall of published needs, one's own needs, the organiser's desk, and the form in three steps."""

from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import IntegrityError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import replace_url

from accounts.models import Organisation
from core.files import ManyUploadsForm, answer_download
from core.forms import filled_rows
from core.http import render_page
from core.workflow import TransitionError
from matching.engine.lines import split_lines
from matching.engine.quantities import read
from matching.engine.units import find_kind
from needs.disclosure import PASSAGES, disclose, log_download, log_reads
from needs.enums import Sight
from needs.filters import HallFilter, NeedFilter
from needs.forms import LineFormSet, ProblemForm, PublicTextForm, TermsForm
from needs.models import Need
from needs.services import (
    LINE_FIELDS,
    PUBLIC_TEXT_STATES,
    add_file,
    add_line,
    confirm_public_text,
    create_need,
    delete_draft,
    move_need,
    remove_file,
    update_need,
    write_public_text,
)
from needs.workflow import NEED_PATH, need_workflow

STEPS = {1: "说清问题", 2: "测量指标", 3: "条件与公开"}
# Longer texts are read when the step is saved, not at every pause of typing.
LIVE_READING_LENGTH = 20_000


@login_not_required
@require_safe
def need_list(request):
    """The hall: what everybody may see, and what one may see oneself."""
    return _list_page(request, Need.objects.published().visible_to(request.user), "needs/need_list.html", HallFilter)


@require_safe
def need_mine(request):
    return _list_page(request, Need.objects.owned_by(request.user).order_by("-updated_at"), "needs/need_mine.html")


@require_safe
def need_desk(request):
    """The organiser's desk: submitted needs of the own regions."""
    if not request.user.is_organiser:
        raise PermissionDenied
    return _list_page(request, Need.objects.overseen_by(request.user).waiting_first(), "needs/need_desk.html")


def _list_page(request, needs, template, filterset=NeedFilter):
    found = filterset(request.GET, needs.for_list(), request=request)
    page = Paginator(found.qs, 20).get_page(request.GET.get("page"))
    page.object_list = [disclose(need, request.user) for need in page.object_list]
    return render_page(request, template, {"page": page, "filter": found}, need_table="needs/_need_table.html")


@login_not_required
@require_safe
def need_detail(request, pk):
    need = _visible_need(request, pk)
    shown = disclose(need, request.user)
    log_reads([need], request.user)
    context = {"need": shown, "path": NEED_PATH}
    if shown.sight == Sight.FULL:
        context |= {
            "own": need,
            "steps": need_workflow.steps_for(need, request.user),
            "events": list(need.events.exclude(action="read").select_related("actor")),
            "reads": list(need.events.filter(action="read").select_related("actor").order_by("-number")[:50]),
            "may_change": request.user.has_perm("needs.change_need", need),
            "public_form": PublicTextForm(instance=need) if need.status in PUBLIC_TEXT_STATES else None,
            "may_screen": request.user.has_perm("needs.screen_need", need),
        }
    return render(request, "needs/need_detail.html", context)


@login_not_required
@require_safe
def need_file(request, pk, file):
    """An attachment, for whoever finds it on the page of the need."""
    need = _visible_need(request, pk)
    found = next((each for each in disclose(need, request.user).files if each.pk == file), None)
    if found is None:
        raise Http404
    log_download(found, request.user)
    return answer_download(request, found)


@require_http_methods(["GET", "POST"])
def need_create(request):
    """Step 1 of a need that does not exist yet; the first save makes the draft.

    The empty form brings the id of its draft along: however often and fast it is sent, it becomes one draft.
    """
    if not request.user.enterprises:
        messages.info(request, "提需求之前，请先登记或加入您的企业。")
        return redirect("accounts:organisation_create")
    draft = _uuid(request.POST["draft"]) if "draft" in request.POST else uuid4()
    if Need.objects.filter(pk=draft).exists():
        return need_edit(request, draft, 1)
    form = ProblemForm(_posted(request))
    if request.method == "GET":
        return _step_page(request, None, 1, form, draft=draft)
    form.is_valid()
    if not _has_content(form):
        form.add_error("problem", "请先写几句问题，再保存。")
        return _step_page(request, None, 1, form, draft=draft)
    writer = request.user
    contact = {"contact_name": writer.name, "contact_phone": writer.phone, "contact_email": writer.email}
    try:
        need = create_need(id=draft, author=writer, organisation=_enterprise(request), **contact, **_draft_fields(form))
    except IntegrityError:
        return need_edit(request, draft, 1)
    return _after_save(request, need, 1, form)


@require_http_methods(["GET", "POST"])
def need_edit(request, pk, step):
    """One step of the form; autosave, next step and taking over a reading all save first."""
    if step not in STEPS:
        raise Http404
    need = _own_need(request, pk)
    if not need.is_editable:
        messages.error(request, f"需求{need.get_status_display()}，不能再修改；如需补充，请联系组织方退回。")
        return redirect(need)
    return {1: _edit_problem, 2: _edit_lines, 3: _edit_terms}[step](request, need)


def _edit_problem(request, need):
    form = ProblemForm(_posted(request), instance=need)
    if request.method == "GET":
        return _step_page(request, need, 1, form)
    form.is_valid()
    # Validation has already written to the instance, the valid and the invalid alike.
    need = _own_need(request, need.pk)
    update_need(need, actor=request.user, **_draft_fields(form))
    return _after_save(request, need, 1, form)


def _edit_lines(request, need):
    initial = [{name: getattr(line, name) for name in LINE_FIELDS} for line in need.lines.all()]
    formset = LineFormSet(_posted(request), initial=initial, prefix="lines")
    if request.method == "GET":
        return _step_page(request, need, 2, None, formset=formset)
    if not formset.is_valid():
        return _step_page(request, need, 2, None, formset=formset)
    update_need(need, actor=request.user, lines=filled_rows(formset), is_qualitative="is_qualitative" in request.POST)
    return _after_save(request, need, 2, None)


def _edit_terms(request, need):
    form, uploads = TermsForm(_posted(request), instance=need), ManyUploadsForm(_posted(request), request.FILES)
    if request.method == "GET":
        return _step_page(request, need, 3, form, uploads=uploads)
    form.is_valid()
    need = _own_need(request, need.pk)
    update_need(need, actor=request.user, public_files=request.POST.getlist("public_files"), **_draft_fields(form))
    _change_files(request, need, uploads)
    return _after_save(request, need, 3, form, uploads)


def _change_files(request, need, uploads):
    """Take away the attachment whose button was pressed, then store what was uploaded."""
    for file in need.files.filter(pk=_uuid(request.POST["remove_file"])) if "remove_file" in request.POST else ():
        remove_file(file, actor=request.user)
        messages.success(request, f"附件“{file.name}”已删除。")
    uploads.is_valid()
    for upload in uploads.cleaned_data["files"]:
        try:
            add_file(need, upload, actor=request.user)
        except TransitionError as error:
            uploads.add_error("files", str(error))


def _after_save(request, need, step, form, uploads=None):
    """Where a saved step leads: the draft mark, the same step with its errors, or the next one."""
    if "autosave" in request.POST:
        # The address becomes that of the draft, so that who comes back to it goes on with it.
        saved = render(request, "needs/_draft_saved.html", {"need": need})
        return replace_url(saved, reverse("needs:edit", args=[need.pk, step]))
    if "take" in request.POST:
        return _take_reading(request, need)
    if (form and form.errors) or (uploads and uploads.errors):
        return _step_page(request, _own_need(request, need.pk), step, form, uploads=uploads)
    if "add_line" in request.POST:
        return redirect("needs:edit", need.pk, 2)
    if {"add_files", "remove_file"} & request.POST.keys():
        return redirect(f"{reverse('needs:edit', args=[need.pk, 3])}#files")
    if "submit" in request.POST:
        return _move(request, need, "submit", otherwise=redirect("needs:edit", need.pk, step))
    return redirect(need) if step == 3 else redirect("needs:edit", need.pk, step + 1)


def _take_reading(request, need):
    """One suggested line of the text becomes a measurement line."""
    suggestions = split_lines(need.problem)
    try:
        cells = suggestions[int(request.POST["take"])].cells
    except (ValueError, IndexError):
        messages.error(request, "这条读数已随文字变化，请重新选择。")
    else:
        add_line(need, actor=request.user, cells=cells)
        messages.success(request, f"已加入指标行：{cells.object} {cells.range}")
    response = redirect("needs:edit", need.pk, 2)
    return HttpResponse(headers={"HX-Redirect": response.url}) if request.htmx else response


def _step_page(request, need, step, form, *, formset=None, uploads=None, draft=None):
    text = (form["problem"].value() or "") if step == 1 else need.problem
    context = {
        "need": need,
        "draft": draft,
        "step": step,
        "steps": STEPS,
        "form": form,
        "formset": formset,
        "uploads": uploads,
        "more_is_filled": need and any(getattr(need, name) for name in PASSAGES if form and name in form.fields),
        "suggestions": _suggest_lines(text, need) if step < 3 else [],
    }
    return render(request, f"needs/need_edit_{step}.html", context)


def _suggest_lines(text, need=None) -> list:
    """The lines a text suggests, with their place in it and the name of their quantity, but those already taken."""
    taken = {(row.range_text, row.accuracy_text) for row in need.lines.all()} if need else set()
    return [
        (place, line, find_kind(line.quantity).label if line.quantity else "")
        for place, line in enumerate(split_lines(text[:LIVE_READING_LENGTH]))
        if (line.cells.range, line.cells.accuracy) not in taken
    ]


def _draft_fields(form) -> dict:
    """What of the form is valid; a draft without a title is called by the beginning of its problem."""
    fields = dict(form.cleaned_data)
    if "problem" in form.fields and not fields.get("title"):
        fields["title"] = (fields.get("problem") or "未命名需求").strip().splitlines()[0][:30]
    return fields


def _posted(request):
    """What was sent; an empty POST is an empty form, not a first visit."""
    return request.POST if request.method == "POST" else None


def _has_content(form) -> bool:
    return bool(form.cleaned_data.get("title") or form.cleaned_data.get("problem"))


def _uuid(text) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Http404 from error


def _enterprise(request) -> Organisation:
    """The enterprise the person chose, or the first one."""
    chosen = request.POST.get("organisation")
    return next((body for body in request.user.enterprises if str(body.pk) == chosen), request.user.enterprises[0])


@require_POST
def need_read(request):
    """The live reading of what is being typed."""
    text = request.POST.get("problem", "")[:LIVE_READING_LENGTH]
    context = {"text": text, "reading": read(text), "suggestions": _suggest_lines(text)}
    return render(request, "needs/_reading.html", context)


@require_POST
def need_move(request, pk, name):
    need = _visible_need(request, pk)
    return _move(request, need, name, otherwise=redirect(need))


@require_POST
def need_confirm(request, pk):
    need = _own_need(request, pk)
    try:
        confirm_public_text(need, actor=request.user, seen=request.POST.get("seen", ""))
    except TransitionError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "公开内容已确认，组织方即可发布。")
    return redirect(need)


@require_POST
def need_public_text(request, pk):
    """The organiser's desensitised wording."""
    need = _visible_need(request, pk)
    form = PublicTextForm(request.POST)
    try:
        if form.is_valid():
            write_public_text(need, actor=request.user, **form.cleaned_data)
            messages.success(request, "公开内容已保存；受理后由企业确认。")
        else:
            messages.error(request, "公开内容没有保存：" + "；".join(e[0] for e in form.errors.values()))
    except TransitionError as error:
        messages.error(request, str(error))
    return redirect(need)


@require_POST
def need_delete(request, pk):
    need = _own_need(request, pk)
    try:
        delete_draft(need, actor=request.user)
    except TransitionError as error:
        messages.error(request, str(error))
        return redirect(need)
    messages.success(request, "草稿已删除。")
    return redirect("needs:mine")


def _move(request, need, name, *, otherwise):
    try:
        move_need(need, name, actor=request.user, note=request.POST.get("note", ""))
    except TransitionError as error:
        messages.error(request, str(error))
        return otherwise
    messages.success(request, f"操作完成，需求当前状态：{need.get_status_display()}。")
    return redirect(need)


def _visible_need(request, pk) -> Need:
    return get_object_or_404(Need.objects.visible_to(request.user).for_list(), pk=pk)


def _own_need(request, pk) -> Need:
    return get_object_or_404(Need.objects.owned_by(request.user).for_list(), pk=pk)
