"""The pages that belong to no app."""

from django.contrib.auth.decorators import login_not_required
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core.enums import Level
from frontend.specimens import specimens
from insights.queries import platform_figures
from needs.disclosure import disclose
from needs.models import Need


@login_not_required
@require_safe
def home(request):
    """What the platform does, with real figures and the newest public needs."""
    newest = Need.objects.published().visible_to(request.user).filter(level=Level.PUBLIC).for_list()[:4]
    context = {"figures": platform_figures(), "newest": [disclose(need, request.user) for need in newest]}
    return render(request, "home.html", context)


@login_not_required
@require_safe
def styleguide(request):
    """Every component in all its states."""
    return render(request, "styleguide.html", specimens())
