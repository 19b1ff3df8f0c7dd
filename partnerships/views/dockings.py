"""The list of dockings, the page of one with all its forms, and the steward's desk."""

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.enums import Level
from core.files import answer_download
from core.http import render_page
from core.workflow import TransitionError
from needs.disclosure import log_reads
from needs.enums import Sight
from partnerships.desk import desk_of
from partnerships.enums import FailureReason, Stage
from partnerships.filters.dockings import DockingFilter
from partnerships.forms.dockings import (
    FailureForm,
    MessageForm,
    MilestoneForm,
    MinutesForm,
    PledgeForm,
    ScheduleForm,
    StageBackForm,
    StageForm,
    StewardForm,
    UploadForm,
    VisitForm,
)
from partnerships.models import Docking, LedgerEntry
from partnerships.moves import move_of, tasks_for
from partnerships.services.confidentiality import agreement_on
from partnerships.services.dockings import (
    add_file,
    add_milestone,
    ask_stage,
    assign_steward,
    complete_milestone,
    confirm_stage,
    file_minutes,
    log_contact,
    may_answer,
    may_withdraw,
    plan_visit,
    pledge,
    possible_stewards,
    refuse_stage,
    set_next_contact,
    sides_of,
    stages_to_ask,
    withdraw_stage,
    write_message,
)
from partnerships.services.wording import newest_text
from partnerships.shown import shown_need
from partnerships.views.agreements import docking_context
from partnerships.workflow import docking_workflow, is_backwards

PATH = [stage for stage in Stage if stage != Stage.FAILED]


# --- Lists --------------------------------------------------------------------------------------------------------


@require_safe
def docking_list(request):
    found = DockingFilter(request.GET, Docking.objects.visible_to(request.user).for_list(), request=request)
    page = Paginator(found.qs, 20).get_page(request.GET.get("page"))
    page.object_list = [
        (docking, shown_need(docking.need, request.user), move_of(docking, request.user))
        for docking in page.object_list
    ]
    context = {"page": page, "filter": found}
    return render_page(
        request, "partnerships/docking_list.html", context, docking_table="partnerships/_docking_table.html"
    )


@require_safe
def docking_desk(request):
    """What a steward, or the organiser where there is none, has to do today."""
    desk = desk_of(request.user)
    page = Paginator(desk.dockings, 20).get_page(request.GET.get("page"))
    return render(request, "partnerships/docking_desk.html", {"desk": desk, "page": page})


@require_safe
def task_list(request):
    """What happens next with the person's needs and offers, who has to move, and by when.

    Everybody comes here from signing in, so who has neither is sent on to the desk of the day.
    """
    user = request.user
    if not (user.enterprises or user.providers) and (user.is_organiser or user.is_expert):
        return redirect("needs:desk" if user.is_organiser else "partnerships:docking_desk")
    page = Paginator(tasks_for(request.user), 20).get_page(request.GET.get("page"))
    duties = LedgerEntry.objects.duties_of(user)
    due = duties.aggregate(count=Count("pk"), late=Count("pk", filter=Q(pk__in=duties.overdue().values("pk"))))
    return render(request, "partnerships/task_list.html", {"page": page, "duties": due})


# --- The page of one docking --------------------------------------------------------------------------------------


@require_safe
def docking_detail(request, pk):
    docking = _visible_docking(request, pk)
    if not request.user.has_perm("partnerships.read_docking", docking):
        # Named as steward, but without the pledge.
        return redirect("partnerships:docking_pledge", docking.pk)
    return _docking_page(request, docking)


def _docking_page(request, docking, **bound):
    """The page, with the form that was refused in place of its empty one."""
    user, need = request.user, shown_need(docking.need, request.user)
    log_reads([docking.need], user)
    needs_signatures = docking.need.level > Level.PUBLIC and need is not None and need.sight == Sight.TEASER
    context = {
        "docking": docking,
        "need": need,
        "path": PATH,
        "move": move_of(docking, user),
        "sides": sides_of(docking, user),
        "may_answer": may_answer(docking, user),
        "may_withdraw": may_withdraw(docking, user),
        "may_write": user.has_perm("partnerships.write_log", docking),
        "may_carry": docking.is_open and user.has_perm("partnerships.steward", docking),
        "is_overseen": docking.is_open and user.has_perm("partnerships.assign_steward", docking),
        "agreement": agreement_on(docking.need, [docking.institute_id]) if docking.need.level > Level.PUBLIC else None,
        "needs_signatures": needs_signatures,
        "asked_reason": FailureReason(docking.asked_reason).label if docking.asked_reason else "",
        "contacts": docking.contacts.select_related("author"),
        "conversation": docking.messages.select_related("author"),
        "files": docking.files.select_related("author"),
        "milestones": docking.milestones.all(),
        "events": docking.events.select_related("actor"),
        **docking_context(docking, user),
        **_forms(docking, user),
        **bound,
    }
    return render(request, "partnerships/docking_detail.html", context)


def _forms(docking, user) -> dict:
    """The empty forms, each with ids of its own, and what stands in the way of the stages ahead."""
    ahead, back = _stages(docking)
    hints = [docking_workflow.transitions[f"to_{stage}"].refuse(docking) for stage in ahead]
    return {
        "hints": [hint for hint in hints if hint],
        "stage_form": StageForm(stages=ahead, auto_id="ahead_%s") if ahead and sides_of(docking, user) else None,
        "back_form": StageBackForm(stages=back, auto_id="back_%s"),
        "failure_form": FailureForm(auto_id="failure_%s"),
        "minutes_form": MinutesForm(is_open=docking.is_open, auto_id="minutes_%s"),
        "visit_form": VisitForm(auto_id="visit_%s"),
        "message_form": MessageForm(auto_id="message_%s"),
        "upload_form": UploadForm(auto_id="upload_%s"),
        "milestone_form": MilestoneForm(auto_id="milestone_%s"),
        "schedule_form": ScheduleForm(auto_id="schedule_%s", initial={"on": docking.next_contact_on}),
        "steward_form": StewardForm(stewards=possible_stewards(docking), auto_id="steward_%s"),
    }


def _stages(docking) -> tuple[list[Stage], list[Stage]]:
    """The stages that may be asked for: those ahead, and those to go back to."""
    stages = [stage for stage in stages_to_ask(docking) if stage != Stage.FAILED]
    back = [stage for stage in stages if is_backwards(docking.status, stage)]
    return [stage for stage in stages if stage not in back], back


# --- What the forms do --------------------------------------------------------------------------------------------


@require_POST
def docking_ask(request, pk):
    """Ask for a stage ahead, for one to go back to, or for the end without a result."""
    docking = _readable_docking(request, pk)
    stage = request.POST.get("stage", "")
    ahead, back = _stages(docking)
    if stage == Stage.FAILED:
        name, form = "failure_form", FailureForm(request.POST, auto_id="failure_%s")
    elif stage in back:
        name, form = "back_form", StageBackForm(request.POST, stages=back, auto_id="back_%s")
    else:
        name, form = "stage_form", StageForm(request.POST, stages=ahead, auto_id="ahead_%s")

    def ask():
        ask_stage(docking, actor=request.user, **{"stage": stage, **form.cleaned_data})

    return _answer(request, docking, name, form, ask, "申请已发给对方，请等对方在 7 天内确认。", "next")


@require_POST
def docking_answer(request, pk, name):
    """Confirm, refuse or withdraw what was asked."""
    docking = _readable_docking(request, pk)
    asked, note = request.POST.get("asked", ""), request.POST.get("note", "")
    answers = {
        "confirm": lambda: confirm_stage(docking, actor=request.user, asked=asked),
        "refuse": lambda: refuse_stage(docking, actor=request.user, note=note, asked=asked),
        "withdraw": lambda: withdraw_stage(docking, actor=request.user),
    }
    if name not in answers:
        raise Http404
    try:
        event = answers[name]()
    except TransitionError as error:
        messages.error(request, str(error))
        return _docking_page(request, _readable_docking(request, pk), refusal_note=note)
    messages.success(request, f"已记录：{event.label}。")
    return redirect(f"{docking.get_absolute_url()}#next")


@require_POST
def contact_create(request, pk):
    docking = _readable_docking(request, pk)
    form = MinutesForm(request.POST, is_open=docking.is_open, auto_id="minutes_%s")

    def log():
        log_contact(docking, actor=request.user, **form.cleaned_data)

    return _answer(request, docking, "minutes_form", form, log, "联系记录已保存。", "contacts")


@require_POST
def visit_create(request, pk):
    docking = _readable_docking(request, pk)
    form = VisitForm(request.POST, auto_id="visit_%s")

    def plan():
        plan_visit(docking, actor=request.user, **form.cleaned_data)

    return _answer(request, docking, "visit_form", form, plan, "走访已列入计划，走访之后请填写纪要。", "contacts")


@require_http_methods(["GET", "POST"])
def visit_minutes(request, pk, contact):
    """The minutes of a planned visit, on a page of their own."""
    docking = _readable_docking(request, pk)
    visit = get_object_or_404(docking.contacts.filter(held_on__isnull=True), pk=contact)
    planned = {"place": visit.place, "people": visit.people}
    form = MinutesForm(
        request.POST if request.method == "POST" else None,
        is_open=docking.is_open,
        initial={"kind": visit.kind, "held_on": visit.planned_on, **planned},
    )
    if request.method == "POST" and form.is_valid():
        try:
            file_minutes(visit, actor=request.user, **form.cleaned_data)
        except TransitionError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "走访纪要已保存。")
            return redirect(f"{docking.get_absolute_url()}#contacts")
    log_reads([docking.need], request.user)
    return render(request, "partnerships/visit_minutes.html", {"docking": docking, "visit": visit, "form": form})


@require_POST
def message_create(request, pk):
    docking = _readable_docking(request, pk)
    form = MessageForm(request.POST, auto_id="message_%s")

    def write():
        write_message(docking, actor=request.user, **form.cleaned_data)

    return _answer(request, docking, "message_form", form, write, "消息已发出。", "messages-of-docking")


@require_POST
def file_create(request, pk):
    docking = _readable_docking(request, pk)
    form = UploadForm(request.POST, request.FILES, auto_id="upload_%s")

    def add():
        add_file(docking, actor=request.user, upload=form.cleaned_data["file"])

    return _answer(request, docking, "upload_form", form, add, "附件已上传，双方和技术管家可以下载。", "files")


@require_safe
def docking_file(request, pk, file):
    docking = _readable_docking(request, pk)
    stored = get_object_or_404(docking.files, pk=file)
    log_reads([docking.need], request.user)
    return answer_download(request, stored)


@require_POST
def milestone_create(request, pk):
    docking = _readable_docking(request, pk)
    form = MilestoneForm(request.POST, auto_id="milestone_%s")

    def add():
        add_milestone(docking, actor=request.user, **form.cleaned_data)

    return _answer(request, docking, "milestone_form", form, add, "里程碑已添加。", "milestones")


@require_POST
def milestone_complete(request, pk, milestone):
    docking = _readable_docking(request, pk)
    complete_milestone(get_object_or_404(docking.milestones, pk=milestone), actor=request.user)
    messages.success(request, "里程碑已完成。")
    return redirect(f"{docking.get_absolute_url()}#milestones")


@require_POST
def docking_schedule(request, pk):
    docking = _readable_docking(request, pk)
    form = ScheduleForm(request.POST, auto_id="schedule_%s")

    def schedule():
        set_next_contact(docking, actor=request.user, **form.cleaned_data)

    return _answer(request, docking, "schedule_form", form, schedule, "下次联系日期已定。", "next")


@require_POST
def docking_assign(request, pk):
    docking = _readable_docking(request, pk)
    form = StewardForm(request.POST, stewards=possible_stewards(docking), auto_id="steward_%s")

    def assign():
        assign_steward(docking, actor=request.user, **form.cleaned_data)

    return _answer(request, docking, "steward_form", form, assign, "技术管家已指派，签署承诺后开始工作。", "steward")


@require_http_methods(["GET", "POST"])
def docking_pledge(request, pk):
    """The steward's promise; before it nothing of the content is shown."""
    docking = _visible_docking(request, pk)
    if docking.steward_id != request.user.pk:
        raise Http404
    if docking.has_active_steward:
        return redirect(docking)
    form = PledgeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            pledge(docking, actor=request.user)
        except TransitionError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "承诺已记录。请先看需求，再约双方第一次联系。")
            return redirect(docking)
    version, text = newest_text("pledge")
    return render(
        request,
        "partnerships/docking_pledge.html",
        {"docking": docking, "form": form, "version": version, "text": text},
    )


# --- Helpers ------------------------------------------------------------------------------------------------------


def _answer(request, docking, name: str, form: forms.BaseForm, act: Callable[[], object], done: str, place: str):
    """Act on a valid form and go back to its place on the page; a refused form comes back with what was entered."""
    if form.is_valid():
        try:
            act()
        except TransitionError as error:
            form.add_error(None, str(error))
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, done)
            return redirect(f"{docking.get_absolute_url()}#{place}")
    messages.error(request, "没有保存，请按提示改正后再提交；已填写的内容都在。")
    return _docking_page(request, _readable_docking(request, docking.pk), **{name: form})


def _visible_docking(request, pk) -> Docking:
    return get_object_or_404(Docking.objects.visible_to(request.user).for_list(), pk=pk)


def _readable_docking(request, pk) -> Docking:
    return get_object_or_404(Docking.objects.readable_by(request.user).for_list(), pk=pk)
