from django.contrib import admin

from core.admin import ReadOnlyAdmin
from matching.models import Proposal
from needs.models import Need


@admin.register(Proposal)
class ProposalAdmin(ReadOnlyAdmin):
    """The reasons are shown on the pages only, where they are cut to what the reader may see."""

    list_display = ["need", "capability", "status", "engine_version", "created_at"]
    list_filter = ["status"]
    fields = ["need", "capability", "status", "need_version", "capability_version", "engine_version"]
    list_select_related = ["need", "capability"]

    def get_queryset(self, request):
        """Whoever sees the need in full; the list names it by its own title."""
        return Proposal.objects.filter(need__in=Need.objects.fully_seen_by(request.user))
