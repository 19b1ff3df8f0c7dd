from django.contrib import admin

from core.admin import ReadOnlyAdmin
from needs.models import Need


@admin.register(Need)
class NeedAdmin(ReadOnlyAdmin):
    list_display = ["title", "organisation", "discipline", "level", "status", "published_at"]
    list_filter = ["status", "level", "discipline"]
    search_fields = ["title", "public_title"]
    list_select_related = ["organisation"]

    def get_queryset(self, request):
        """With nothing withheld, so only what the person may see in full."""
        return Need.objects.fully_seen_by(request.user)
