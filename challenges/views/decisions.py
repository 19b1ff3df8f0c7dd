"""Deciding on the solutions, the public notice, each solver's own result, and the certificates."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from challenges.clock import countdown
from challenges.documents import announcement_document, answer_export, decisions_document
from challenges.enums import Outcome, Phase
from challenges.forms.decisions import AmendForm, DecisionForm
from challenges.models import Certificate, Challenge, Decision, Solution
from challenges.models.solutions import JUDGED
from challenges.outcomes import (
    RULES,
    amendable_items,
    announcement_of,
    may_decide,
    missing_of,
    own_result,
    results_for,
    standings_of,
)
from challenges.responses import quotes_need
from challenges.services.certificates import normalised
from challenges.services.decisions import DECIDING, amend_decision, propose_decision
from challenges.workflow import RELEASED
from core.documents import NoPdf, answer_pdf, print_pdf
from core.forms import put_into
from core.workflow import TransitionError
from needs.disclosure import log_reads

NOT_SAVED = "没有保存，请按提示改正后再提交；已填写的内容都在。"


# --- The organiser ------------------------------------------------------------------------------------------------


@require_safe
def decision_list(request, pk):
    return _decisions_page(request, _own_challenge(request, pk))


@require_POST
def decision_save(request, pk):
    """Put down what is to become of a solution; nobody else knows until the release."""
    solution = _own_solution(request, pk)
    form = DecisionForm(request.POST, auto_id=_auto_id(solution))
    if form.is_valid():
        try:
            propose_decision(solution, actor=request.user, **form.cleaned_data)
        except TransitionError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"{solution.number} 的结果已拟定，公布之前可以随时更改。")
            return redirect(f"{_page_of(solution.challenge)}#solution-{solution.pk}")
    messages.error(request, f"{solution.number}：{NOT_SAVED}")
    return _decisions_page(request, _own_challenge(request, solution.entry.challenge_id), bound={solution.pk: form})


@require_POST
def decision_amend(request, pk):
    """Change a released decision after an objection was upheld, with a published reason."""
    run = Challenge.objects.run_by(request.user).values("pk")
    found = Decision.objects.filter(solution__entry__challenge__in=run, released_at__isnull=False)
    decision = get_object_or_404(found.select_related("solution__entry__challenge"), pk=pk)
    solution = decision.solution
    form = AmendForm(request.POST, auto_id=_auto_id(solution))
    if form.is_valid():
        try:
            amend_decision(decision, actor=request.user, **form.cleaned_data)
        except (TransitionError, ValidationError) as error:
            put_into(form, error)
        else:
            messages.success(request, f"{solution.number} 的结果已更改，理由已公布，有关单位已收到通知。")
            return redirect(f"{_page_of(solution.challenge)}#solution-{solution.pk}")
    messages.error(request, f"{solution.number}：{NOT_SAVED}")
    return _decisions_page(request, _own_challenge(request, solution.entry.challenge_id), bound={solution.pk: form})


@require_safe
def decision_export(request, pk, kind):
    """The scores and outcomes of all solutions, for who runs the challenge."""
    challenge = _own_challenge(request, pk)
    return answer_export(request, decisions_document(challenge, standings_of(challenge)), kind)


def _decisions_page(request, challenge, bound=()):
    """The page of all solutions with their forms; a form that was refused is in place of its empty one."""
    standings, bound = standings_of(challenge), dict(bound)
    amendable = amendable_items(challenge)
    window = challenge.window(challenge.status)

    def form_of(standing):
        solution, decision = standing.solution, standing.decision
        if solution.pk in bound:
            return bound[solution.pk]
        if may_decide(challenge, standing):
            return DecisionForm(instance=decision, auto_id=_auto_id(solution))
        if decision and decision.released_at and solution.entry_id in amendable:
            return AmendForm(instance=decision, auto_id=_auto_id(solution))
        return None

    context = {
        "challenge": challenge,
        "clock": countdown(window) if window else "",
        "criteria": standings.criteria,
        "items": [(entry, [(each, form_of(each)) for each in found]) for entry, found in standings.items],
        "total": len(standings.all),
        "missing": missing_of(standings),
        "rules": RULES,
        "is_open": challenge.status in DECIDING,
        "is_released": challenge.status in RELEASED,
        "certificates": Certificate.objects.filter(solution__entry__challenge=challenge).for_list(),
    }
    return render(request, "challenges/decision_list.html", context)


def _auto_id(solution) -> str:
    return f"decision_{solution.pk}_%s"


def _page_of(challenge) -> str:
    return reverse("challenges:decision_list", args=[challenge.pk])


# --- Everybody ----------------------------------------------------------------------------------------------------


@login_not_required
@require_safe
def announcement(request, pk):
    """公示: who succeeded, until when and how to object, and what was amended."""
    found = _announcement(request, pk)
    context = {
        "announcement": found,
        "challenge": found.challenge,
        "clock": countdown(found.window),
        "may_run": request.user.has_perm("challenges.run_challenge", found.challenge),
        "is_open": found.challenge.is_open(Phase.ANNOUNCED),
    }
    return render(request, "challenges/announcement.html", context)


@login_not_required
@require_safe
def announcement_export(request, pk, kind):
    return answer_export(request, announcement_document(_announcement(request, pk)), kind)


def _announcement(request, pk):
    challenge = get_object_or_404(Challenge.objects.visible_to(request.user).for_list(), pk=pk)
    found = announcement_of(challenge)
    if found is None:
        raise Http404
    return found


# --- The solver ---------------------------------------------------------------------------------------------------


@require_safe
def solution_outcome(request, pk):
    """What became of one's own solution, with the means and reasons, and what would have helped."""
    solution = get_object_or_404(results_for(request.user), pk=pk)
    if quotes_need(solution):
        log_reads([solution.entry.need], request.user)
    result = own_result(solution, standings_of(solution.challenge), request.user)
    context = {
        "challenge": solution.challenge,
        "result": result,
        "certificates": solution.certificates.visible_to(request.user).for_list(),
        "is_selected": solution.decision.outcome == Outcome.SELECTED,
        "may_object": solution.challenge.is_open(Phase.ANNOUNCED),
    }
    return render(request, "challenges/solution_outcome.html", context)


# --- Certificates -------------------------------------------------------------------------------------------------


@require_safe
def certificate_export(request, pk):
    """A certificate as PDF, or as a page to print where the machine draws no PDF."""
    certificate = get_object_or_404(Certificate.objects.visible_to(request.user).for_list(), pk=pk)
    check = f"{settings.SITE_URL}{reverse('challenges:certificate_check')}?number={certificate.number}"
    context = {"certificate": certificate, "check": check}
    try:
        content = print_pdf("challenges/certificate_pdf.html", context, style="certificate")
    except NoPdf as error:
        messages.warning(request, str(error))
        return render(request, "challenges/certificate_page.html", context)
    return answer_pdf(content, name=certificate.number)


@login_not_required
@require_safe
def certificate_check(request):
    """Whether a certificate of this number was issued, to whom and for what."""
    number = normalised(request.GET.get("number", ""))
    certificate = Certificate.objects.filter(number=number).for_list().first() if number else None
    return render(request, "challenges/certificate_check.html", {"number": number, "certificate": certificate})


# --- Helpers ------------------------------------------------------------------------------------------------------


def _own_challenge(request, pk) -> Challenge:
    return get_object_or_404(Challenge.objects.run_by(request.user).for_list(), pk=pk)


def _own_solution(request, pk) -> Solution:
    """An admitted solution of a challenge that this person helps to run; for others it is not there."""
    run = Challenge.objects.run_by(request.user).values("pk")
    found = Solution.objects.filter(entry__challenge__in=run, status__in=JUDGED)
    return get_object_or_404(found.select_related("entry__challenge"), pk=pk)
