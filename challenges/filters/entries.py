"""The filter of the entries one has something to do with."""

import django_filters as filters
from django.db.models import Q

from challenges.enums import EntryStatus
from challenges.funnel import ENTRY_STEPS, entries_at
from challenges.models import Challenge, Entry, Invitation

SOURCES = [("enterprise", "企业报名"), ("organiser", "组织方代报")]


class EntryFilter(filters.FilterSet):
    q = filters.CharFilter(label="关键词", method="search", max_length=100)
    status = filters.ChoiceFilter(label="状态", choices=EntryStatus, empty_label="全部")
    source = filters.ChoiceFilter(label="来源", choices=SOURCES, method="from_source", empty_label="全部")
    confirmed = filters.ChoiceFilter(
        label="榜单内容", choices=[("yes", "企业已确认"), ("no", "待确认")], method="is_confirmed", empty_label="全部"
    )

    class Meta:
        model = Entry
        fields = ["q", "status", "source", "confirmed"]

    def search(self, queryset, name, value: str):
        """In what will be public, whatever the reader may see beyond it."""
        return queryset.filter(Q(board_title__icontains=value) | Q(need__public_title__icontains=value))

    def from_source(self, queryset, name, value: str):
        return queryset.filter(is_on_behalf=value == "organiser")

    def is_confirmed(self, queryset, name, value: str):
        return queryset.filter(confirmed_at__isnull=value == "no")


class RunEntryFilter(EntryFilter):
    """How far an entry has come, for who runs its challenge; for others it is nothing to look into."""

    step = filters.ChoiceFilter(
        label="进展", choices=[(step.value, step.label) for step in ENTRY_STEPS], method="at_step", empty_label="全部"
    )

    class Meta(EntryFilter.Meta):
        fields = [*EntryFilter.Meta.fields, "step"]

    def at_step(self, queryset, name, value: str):
        run = Challenge.objects.run_by(self.request.user).values("pk")
        return queryset.filter(entries_at(value), challenge__in=run)


class EntryApiFilter(RunEntryFilter):
    """By a plain id: a choice among records would tell which hidden ones exist."""

    challenge = filters.UUIDFilter(label="挑战赛", field_name="challenge_id")

    class Meta(RunEntryFilter.Meta):
        fields = ["challenge", *RunEntryFilter.Meta.fields]


class InvitationFilter(filters.FilterSet):
    entry = filters.UUIDFilter(label="榜单项目", field_name="entry_id")

    class Meta:
        model = Invitation
        fields = ["entry"]
