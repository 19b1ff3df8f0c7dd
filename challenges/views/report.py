"""The closing report of an event, on a page and as a file."""

from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from challenges.documents import answer_export
from challenges.models import Challenge
from challenges.report import report_on
from challenges.workflow import RELEASED


@require_safe
def report(request, pk):
    challenge = _own_challenge(request, pk)
    return render(
        request, "challenges/report.html", {"challenge": challenge, "document": report_on(challenge, request.user)}
    )


@require_safe
def report_export(request, pk, kind):
    challenge = _own_challenge(request, pk)
    return answer_export(request, report_on(challenge, request.user), kind)


def _own_challenge(request, pk) -> Challenge:
    """A challenge that this person helps to run, once its decisions are out: before there is nothing to report."""
    challenge = get_object_or_404(Challenge.objects.run_by(request.user).for_list(), pk=pk)
    if challenge.status not in RELEASED:
        raise Http404
    return challenge
