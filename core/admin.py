"""What all admin pages of the business records share."""

from django.contrib import admin


class ReadOnlyAdmin(admin.ModelAdmin):
    """Shows what `visible_to` shows; changes are made on the pages, where the services record them."""

    def get_queryset(self, request):
        return self.model.objects.visible_to(request.user)

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False
