"""The pages that belong to no app."""

from django.contrib.auth.decorators import login_not_required
from django.shortcuts import render
from django.views.decorators.http import require_safe

from frontend.specimens import specimens


@login_not_required
@require_safe
def styleguide(request):
    """Every component in all its states."""
    return render(request, "styleguide.html", specimens())
