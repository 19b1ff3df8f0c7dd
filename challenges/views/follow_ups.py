"""Tracking: what has become of each signed solution, for its steward, the organiser and both sides."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from challenges.forms.after import FollowUpForm
from challenges.models import Challenge, FollowUp
from challenges.services.follow_ups import fill_follow_up, why_not_filled
from core.forms import put_into
from core.workflow import TransitionError
from partnerships.models import Docking

NOT_SAVED = "没有保存，请按提示改正后再提交；已填写的内容都在。"


@require_safe
def follow_up_list(request, pk):
    """The follow-ups of one event that this person may see."""
    challenge = get_object_or_404(Challenge.objects.visible_to(request.user).for_list(), pk=pk)
    seen = FollowUp.objects.visible_to(request.user).filter(solution__entry__challenge=challenge)
    may_run = request.user.has_perm("challenges.run_challenge", challenge)
    if not (may_run or seen.exists()):
        raise Http404
    context = {"challenge": challenge, "may_run": may_run, "open": seen.open().count()}
    return _list_page(request, seen, context)


@require_safe
def follow_up_desk(request):
    """What this person still has to find out, of all events, the longest due first."""
    return _list_page(request, FollowUp.objects.to_fill_by(request.user).open().in_tracking(), {})


@require_http_methods(["GET", "POST"])
def follow_up_edit(request, pk):
    follow_up = get_object_or_404(FollowUp.objects.visible_to(request.user).for_list(), pk=pk)
    if not request.user.has_perm("challenges.fill_follow_up", follow_up):
        raise PermissionDenied("跟踪由已签署承诺的技术管家或组织方填写。")
    form = FollowUpForm(request.POST if request.method == "POST" else None, instance=follow_up)
    if request.method == "POST" and form.is_valid():
        try:
            fill_follow_up(follow_up, actor=request.user, **form.cleaned_data)
        except (TransitionError, ValidationError) as error:
            put_into(form, error)
        else:
            messages.success(request, f"{follow_up.months} 个月跟踪已保存，组织方会收到通知。")
            return redirect("challenges:follow_up_list", follow_up.challenge.pk)
    if form.errors:
        messages.error(request, NOT_SAVED)
    shown = FollowUp.objects.for_list().get(pk=pk)
    readable = Docking.objects.visible_to(request.user).filter(pk=shown.solution.docking_id).exists()
    context = {
        "challenge": shown.challenge,
        "follow_up": shown,
        "refusal": why_not_filled(shown),
        "is_readable": readable,
        "events": shown.events.select_related("actor"),
        "form": form,
    }
    return render(request, "challenges/follow_up_edit.html", context)


def _list_page(request, follow_ups, context):
    page = Paginator(follow_ups.for_list().open_first(), 20).get_page(request.GET.get("page"))
    mine = set(FollowUp.objects.to_fill_by(request.user).values_list("pk", flat=True))
    dockings = [follow_up.solution.docking_id for follow_up in page.object_list]
    readable = set(Docking.objects.visible_to(request.user).filter(pk__in=dockings).values_list("pk", flat=True))
    page.object_list = [
        (each, each.pk in mine, why_not_filled(each), each.solution.docking_id in readable) for each in page.object_list
    ]
    return render(request, "challenges/follow_up_list.html", {"page": page, **context})
