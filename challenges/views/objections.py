"""Objections: raised by members of verified organisations, answered by who runs the challenge."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Organisation
from challenges.clock import countdown
from challenges.enums import Phase
from challenges.forms.decisions import AnswerForm, ObjectionForm
from challenges.models import Challenge, Objection
from challenges.services.objections import (
    ONLY_MEMBERS,
    answer_objection,
    possible_objectors,
    raise_objection,
    why_no_objection,
)
from challenges.workflow import RELEASED
from core.forms import put_into
from core.workflow import TransitionError

NOT_SAVED = "没有提交，请按提示改正后再提交；已填写的内容都在。"


@require_safe
def objection_list(request, pk):
    """One's own objections and a form for another one; all of them for who runs the challenge."""
    return _objections_page(request, _announced_challenge(request, pk))


@require_POST
def objection_create(request, pk):
    challenge = _announced_challenge(request, pk)
    form = _objection_form(request, challenge, request.POST)
    if form.is_valid():
        try:
            raise_objection(challenge, actor=request.user, **form.cleaned_data)
        except (TransitionError, ValidationError) as error:
            put_into(form, error)
        else:
            messages.success(request, "异议已提交，组织方答复后会通知您。")
            return redirect("challenges:objection_list", pk)
    messages.error(request, NOT_SAVED)
    return _objections_page(request, challenge, form=form)


@require_POST
def objection_answer(request, pk):
    run = Challenge.objects.run_by(request.user).values("pk")
    objection = get_object_or_404(Objection.objects.filter(challenge__in=run).select_related("challenge"), pk=pk)
    form = AnswerForm(request.POST, auto_id=_auto_id(objection))
    if form.is_valid():
        try:
            answer_objection(objection, actor=request.user, **form.cleaned_data)
        except (TransitionError, ValidationError) as error:
            put_into(form, error)
        else:
            messages.success(request, "已答复，提出人会收到通知。")
            return redirect("challenges:objection_list", objection.challenge_id)
    messages.error(request, NOT_SAVED)
    challenge = _announced_challenge(request, objection.challenge_id)
    return _objections_page(request, challenge, answers={objection.pk: form})


# --- Helpers ------------------------------------------------------------------------------------------------------


def _announced_challenge(request, pk) -> Challenge:
    """A challenge whose decisions are released; for who runs it also before."""
    challenge = get_object_or_404(Challenge.objects.visible_to(request.user).for_list(), pk=pk)
    if challenge.status not in RELEASED and not request.user.has_perm("challenges.run_challenge", challenge):
        raise Http404
    return challenge


def _objections_page(request, challenge, *, form=None, answers=()):
    answers = dict(answers)
    may_run = request.user.has_perm("challenges.run_challenge", challenge)
    found = challenge.objections.visible_to(request.user).select_related(
        "entry", "author", "organisation", "answered_by"
    )

    def answer_form(objection):
        if not may_run or objection.answered_at:
            return answers.get(objection.pk)
        return answers.get(objection.pk) or AnswerForm(auto_id=_auto_id(objection))

    refusal = why_no_objection(challenge) or ("" if possible_objectors(request.user) else ONLY_MEMBERS)
    window = challenge.window(Phase.ANNOUNCED)
    context = {
        "challenge": challenge,
        "window": window,
        "clock": countdown(window) if window else "",
        "may_run": may_run,
        "is_released": challenge.status in RELEASED,
        "objections": [(each, answer_form(each)) for each in found],
        "open": sum(not each.answered_at for each in found),
        "refusal": refusal,
        # Who runs the challenge answers objections; it has no use for raising one.
        "form": form or (None if refusal or may_run else _objection_form(request, challenge)),
    }
    return render(request, "challenges/objection_list.html", context)


def _objection_form(request, challenge, data=None) -> ObjectionForm:
    bodies = Organisation.objects.filter(pk__in=[body.pk for body in possible_objectors(request.user)])
    return ObjectionForm(data, entries=challenge.entries.on_board(), organisations=bodies)


def _auto_id(objection) -> str:
    return f"objection_{objection.pk}_%s"
