from django.contrib import admin

from core.admin import ReadOnlyAdmin
from providers.models import Capability


@admin.register(Capability)
class CapabilityAdmin(ReadOnlyAdmin):
    list_display = ["title", "organisation", "kind", "discipline", "status", "version"]
    list_filter = ["status", "kind", "discipline"]
    search_fields = ["title"]
    list_select_related = ["organisation"]
