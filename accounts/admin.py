from django.contrib import admin
from django.utils import timezone

from accounts.enums import MemberStatus
from accounts.models import Mail, Membership, Organisation, User


class MembershipInline(admin.TabularInline):
    """Memberships end by their status, never by being deleted: they count as a tie for years."""

    model = Membership
    extra = 0
    can_delete = False
    raw_id_fields = ["user", "organisation"]


@admin.register(User)
class UserAdmin(admin.ModelAdmin):
    list_display = ["name", "email", "phone", "is_active", "date_joined"]
    search_fields = ["name", "email"]
    fields = ["name", "email", "phone", "is_active", "is_staff", "groups", "last_login"]
    readonly_fields = ["last_login"]
    inlines = [MembershipInline]

    def save_formset(self, request, form, formset, change):
        for row in formset.forms:
            if row.instance.status == MemberStatus.ENDED and "status" in row.changed_data:
                row.instance.ended_at = timezone.now()
        super().save_formset(request, form, formset, change)


@admin.register(Organisation)
class OrganisationAdmin(admin.ModelAdmin):
    list_display = ["name", "kind", "region_display", "verified_at"]
    list_filter = ["kind"]
    search_fields = ["name", "credit_code"]
    readonly_fields = ["verified_at", "verified_by"]

    def get_queryset(self, request):
        return Organisation.objects.visible_to(request.user)


@admin.register(Mail)
class MailAdmin(admin.ModelAdmin):
    """What was sent and what could not be; that somebody was written to at all is the administrator's to know."""

    list_display = ["user", "subject", "created_at", "attempts", "last_error", "sent_at"]
    list_filter = ["sent_at"]
    search_fields = ["user__email"]
    actions = ["send_again"]

    def get_queryset(self, request):
        mails = Mail.objects.select_related("user")
        return mails if request.user.is_superuser else mails.none()

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    @admin.action(description="重新发送没有发出的邮件")
    def send_again(self, request, queryset):
        queryset.filter(sent_at__isnull=True).update(attempts=0, due_at=timezone.now())
