"""Signing: the organiser opens the dockings of the selected solutions and follows what both sides agree on."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from challenges.enums import ChallengeStatus
from challenges.forms.after import StewardForm
from challenges.models import Challenge
from challenges.services.signing import (
    Signing,
    change_steward,
    open_docking_for,
    selected_solutions,
    signings_of,
    sums_of,
)
from core.workflow import TransitionError
from partnerships.models import Docking
from partnerships.services.dockings import possible_stewards


@require_safe
def signing(request, pk):
    """The selected solutions with their dockings and the three sums apart."""
    return _signing_page(request, _own_challenge(request, pk))


@require_POST
def solution_sign(request, pk):
    return _with_steward(request, pk, open_docking_for, "对接已开启，双方和技术管家会收到通知。")


@require_POST
def solution_steward(request, pk):
    return _with_steward(request, pk, change_steward, "技术管家已更换，双方和新管家会收到通知。")


def _with_steward(request, pk, act, done):
    """Act, and go back to the list; where it is refused, the list with what was chosen."""
    solution = get_object_or_404(selected_solutions(Challenge.objects.run_by(request.user)), pk=pk)
    number, challenge = solution.entry.board_number, solution.challenge
    people = possible_stewards(Docking(need=solution.entry.need, institute=solution.organisation))
    form = StewardForm(request.POST, people=people, auto_id=f"{pk}-%s")
    try:
        if form.is_valid():
            act(solution, actor=request.user, steward=form.cleaned_data["steward"])
            messages.success(request, f"{number}：{done}")
            return redirect("challenges:signing", challenge.pk)
    except TransitionError as error:
        form.add_error(None, str(error))
    messages.error(request, f"{number}：没有保存，请按提示改正后再提交。")
    return _signing_page(request, _own_challenge(request, challenge.pk), bound={pk: form})


def _signing_page(request, challenge, bound=None):
    selected = selected_solutions([challenge])
    page = Paginator(selected, 20).get_page(request.GET.get("page"))
    is_open = challenge.status in {ChallengeStatus.SIGNING, ChallengeStatus.TRACKING}
    rows = signings_of(page.object_list, request.user)
    page.object_list = [(row, _form_for(row, bound or {}) if is_open else None) for row in rows]
    context = {
        "challenge": challenge,
        "page": page,
        "sums": sums_of(challenge),
        "waiting": selected.filter(docking=None).count(),
    }
    return render(request, "challenges/signing.html", context)


def _form_for(signing: Signing, bound: dict) -> StewardForm:
    pk, steward = signing.solution.pk, signing.docking.steward_id if signing.docking else None
    return bound.get(pk) or StewardForm(people=signing.stewards, initial={"steward": steward}, auto_id=f"{pk}-%s")


def _own_challenge(request, pk) -> Challenge:
    return get_object_or_404(Challenge.objects.run_by(request.user).for_list(), pk=pk)
