"""The filter of the notices, on the page and in the API."""

import django_filters as filters

from accounts.enums import NoticeKind
from accounts.models import Notice


class NoticeFilter(filters.FilterSet):
    kind = filters.ChoiceFilter(label="类型", choices=NoticeKind.choices, empty_label="全部")
    unread = filters.ChoiceFilter(label="阅读", choices=[("yes", "只看未读")], method="only_unread", empty_label="全部")

    class Meta:
        model = Notice
        fields = ["kind", "unread"]

    def only_unread(self, queryset, name, value: str):
        return queryset.unread()
