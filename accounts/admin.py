from django.contrib import admin

from accounts.models import Membership, Organisation, User


class MembershipInline(admin.TabularInline):
    model = Membership
    extra = 0
    raw_id_fields = ["user", "organisation"]


@admin.register(User)
class UserAdmin(admin.ModelAdmin):
    list_display = ["name", "email", "phone", "is_active", "date_joined"]
    search_fields = ["name", "email"]
    fields = ["name", "email", "phone", "is_active", "is_staff", "groups", "last_login"]
    readonly_fields = ["last_login"]
    inlines = [MembershipInline]


@admin.register(Organisation)
class OrganisationAdmin(admin.ModelAdmin):
    list_display = ["name", "kind", "region_display", "verified_at"]
    list_filter = ["kind"]
    search_fields = ["name", "credit_code"]
    readonly_fields = ["verified_at", "verified_by"]

    def get_queryset(self, request):
        return Organisation.objects.visible_to(request.user)
