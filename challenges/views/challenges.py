"""The list of challenges, the public page of one, and the pages on which its organisers set it up and run it."""

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from challenges.checklist import checks_for
from challenges.clock import countdown
from challenges.enums import ChallengeStatus, ReviewStage
from challenges.forms.challenges import CalendarForm, ChallengeForm, CopyForm, CriterionFormSet, ExtensionForm
from challenges.funnel import funnel_of
from challenges.ical import write_calendar
from challenges.models import Challenge
from challenges.services.challenges import (
    CHANGEABLE,
    copy_challenge,
    create_challenge,
    extend_window,
    move_challenge,
    next_step,
    set_criteria,
    set_windows,
    update_challenge,
)
from challenges.services.conflicts import published_waivers
from challenges.workflow import PHASES, RELEASED, challenge_workflow
from core.forms import filled_rows
from core.http import render_page
from core.workflow import TransitionError

NOT_SAVED = "没有保存，请按提示改正后再提交；已填写的内容都在。"


# --- For everybody ------------------------------------------------------------------------------------------------


@login_not_required
@require_safe
def challenge_list(request):
    page = Paginator(Challenge.objects.visible_to(request.user).for_list(), 20).get_page(request.GET.get("page"))
    page.object_list = [(challenge, _present(challenge)) for challenge in page.object_list]
    return render_page(
        request, "challenges/challenge_list.html", {"page": page}, challenge_table="challenges/_challenge_table.html"
    )


@login_not_required
@require_safe
def challenge_detail(request, pk):
    challenge = _visible_challenge(request, pk)
    criteria = list(challenge.criteria.all())
    context = {
        "challenge": challenge,
        "path": PHASES,
        "window": _present(challenge),
        "calendar": _calendar(challenge),
        "criteria": [(stage, [each for each in criteria if each.stage == stage]) for stage in ReviewStage],
        "may_run": request.user.has_perm("challenges.run_challenge", challenge),
        "funnel": funnel_of(challenge, request.user) if challenge.status in RELEASED else None,
        "waivers": published_waivers(challenge),
        "cancelled": challenge.events.filter(action="cancel").last(),
    }
    return render_page(
        request, "challenges/challenge_detail.html", context, challenge_clock="challenges/_challenge_clock.html"
    )


@login_not_required
@require_safe
def challenge_calendar(request, pk):
    """The phases for a calendar program."""
    answer = HttpResponse(write_calendar(_visible_challenge(request, pk)), content_type="text/calendar; charset=utf-8")
    answer["Content-Disposition"] = f'inline; filename="challenge-{pk}.ics"'
    return answer


# --- Setting up ---------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def challenge_create(request):
    _refuse_outsider(request)
    form = ChallengeForm(_posted(request), user=request.user)

    def create():
        return create_challenge(actor=request.user, **form.cleaned_data)

    context = {"form": form}
    return _answer(request, form, create, "challenges/challenge_create.html", context, "赛事已创建，请接着设定日程。")


@require_http_methods(["GET", "POST"])
def challenge_copy(request):
    _refuse_outsider(request)
    form = CopyForm(_posted(request), user=request.user, initial={"source": request.GET.get("source")})

    def copy():
        return copy_challenge(form.cleaned_data["source"], actor=request.user, name=form.cleaned_data["name"])

    context = {"form": form}
    return _answer(request, form, copy, "challenges/challenge_copy.html", context, "已复制，请设定新的日程并核对规则。")


@require_http_methods(["GET", "POST"])
def challenge_edit(request, pk):
    challenge = _own_challenge(request, pk)
    form = ChallengeForm(_posted(request), user=request.user, instance=_own_challenge(request, pk))

    def update():
        return update_challenge(challenge, actor=request.user, **form.cleaned_data)

    context = {
        "challenge": challenge,
        "form": form,
        "is_open": challenge.status in CHANGEABLE[ReviewStage.SCREENING],
    }
    return _answer(request, form, update, "challenges/challenge_edit.html", context, "赛事信息已保存。")


@require_http_methods(["GET", "POST"])
def challenge_windows(request, pk):
    challenge = _own_challenge(request, pk)
    form = CalendarForm(_posted(request), challenge=challenge)

    def plan():
        set_windows(challenge, actor=request.user, calendar=form.calendar)
        return challenge

    context = {"challenge": challenge, "form": form}
    return _answer(request, form, plan, "challenges/challenge_windows.html", context, "日程已保存。")


@require_http_methods(["GET", "POST"])
def challenge_criteria(request, pk, stage):
    """The criteria of one stage as rows; one more row is an answer of its own, which saves nothing."""
    challenge = _own_challenge(request, pk)
    if request.method == "GET":
        rows = challenge.criteria.filter(stage=stage).values("name", "weight", "guidance")
        return _criteria_page(request, challenge, stage, CriterionFormSet(initial=rows, prefix="criteria"))
    formset = CriterionFormSet(request.POST, prefix="criteria")
    if "add_line" in request.POST:
        rows = [*_rows_of(formset), {}]
        return _criteria_page(request, challenge, stage, CriterionFormSet(initial=rows, prefix="criteria"))
    if formset.is_valid():
        try:
            set_criteria(challenge, stage, actor=request.user, criteria=filled_rows(formset))
        except TransitionError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, f"{ReviewStage(stage).label}指标已保存。")
            return redirect("challenges:challenge_manage", challenge.pk)
    return _criteria_page(request, challenge, stage, formset)


def _rows_of(formset) -> list[dict]:
    """What stands in the rows of the form, right or wrong."""
    return [{name: form[name].value() for name in form.fields} for form in formset]


def _criteria_page(request, challenge, stage, formset):
    context = {
        "challenge": challenge,
        "stage": ReviewStage(stage),
        "stages": ReviewStage,
        "formset": formset,
        "is_open": challenge.status in CHANGEABLE[stage],
    }
    return render(request, "challenges/challenge_criteria.html", context)


# --- Running ------------------------------------------------------------------------------------------------------


@require_safe
def challenge_manage(request, pk):
    return _console(request, _own_challenge(request, pk))


@require_POST
def challenge_extend(request, pk):
    challenge = _own_challenge(request, pk)
    form = ExtensionForm(request.POST, challenge=challenge, auto_id="extension_%s")
    if form.is_valid():
        try:
            extend_window(challenge, actor=request.user, **form.cleaned_data)
        except (TransitionError, ValidationError) as error:
            form.add_error(None, _said(error))
        else:
            messages.success(request, "已延期，理由和原截止时间已在赛事页面公布。")
            return redirect("challenges:challenge_manage", challenge.pk)
    messages.error(request, NOT_SAVED)
    return _console(request, _own_challenge(request, pk), extension_form=form)


@require_POST
def challenge_move(request, pk, name):
    """Enter the next phase, or cancel; a refusal says what is missing."""
    challenge, note = _own_challenge(request, pk), request.POST.get("note", "")
    try:
        move_challenge(challenge, name, actor=request.user, note=note)
    except TransitionError as error:
        messages.error(request, str(error))
        return _console(request, _own_challenge(request, pk), note=note)
    messages.success(request, f"操作完成，赛事现在处于“{challenge.get_status_display()}”阶段。")
    return redirect("challenges:challenge_manage", challenge.pk)


def _console(request, challenge, **bound):
    """The organiser's page, with the form that was refused in place of its empty one."""
    step = next_step(challenge, request.user)
    checks = checks_for(challenge, step.target) if step else []
    context = {
        "challenge": challenge,
        "path": PHASES,
        "window": _present(challenge),
        "calendar": _calendar(challenge),
        "step": step,
        "checks": checks,
        "missing": sum(not check.is_done for check in checks),
        "is_released": challenge.status in RELEASED,
        "funnel": funnel_of(challenge, request.user) if challenge.status != ChallengeStatus.DRAFT else None,
        "may_cancel": challenge.status in challenge_workflow.transitions["cancel"].sources,
        "extension_form": ExtensionForm(challenge=challenge, auto_id="extension_%s"),
        "events": challenge.events.select_related("actor"),
        **bound,
    }
    return render(request, "challenges/challenge_manage.html", context)


# --- Helpers ------------------------------------------------------------------------------------------------------


def _answer(request, form: forms.BaseForm, act: Callable[[], Challenge], template: str, context: dict, done: str):
    """Act on a valid form and go to the console; else the page, with what was entered and why it was refused."""
    if request.method == "POST" and form.is_valid():
        try:
            challenge = act()
        except (TransitionError, ValidationError) as error:
            form.add_error(None, _said(error))
        else:
            messages.success(request, done)
            return redirect("challenges:challenge_manage", challenge.pk)
    if form.errors:
        messages.error(request, NOT_SAVED)
    return render(request, template, context)


def _said(error: Exception) -> list[str]:
    return error.messages if isinstance(error, ValidationError) else [str(error)]


def _posted(request):
    return request.POST if request.method == "POST" else None


def _present(challenge: Challenge):
    """The window that matters now: that of the phase, or the call that is being prepared, with the time left."""
    window = challenge.window(PHASES[0] if challenge.status == ChallengeStatus.DRAFT else challenge.status)
    return (window, countdown(window)) if window else None


def _calendar(challenge: Challenge) -> list[tuple]:
    """The windows in the order of the phases, each with its countdown unless all is off."""
    windows = [window for phase in PHASES if (window := challenge.window(phase))]
    is_off = challenge.status == ChallengeStatus.CANCELLED
    return [(window, "" if is_off else countdown(window)) for window in windows]


def _refuse_outsider(request) -> None:
    if not request.user.is_organiser:
        raise PermissionDenied


def _visible_challenge(request, pk) -> Challenge:
    return get_object_or_404(Challenge.objects.visible_to(request.user).for_list(), pk=pk)


def _own_challenge(request, pk) -> Challenge:
    return get_object_or_404(Challenge.objects.run_by(request.user).for_list(), pk=pk)
