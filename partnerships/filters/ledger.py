"""The filter of the ledger, on the pages, in the sheets and in the API; it looks only into what the reader may see."""

import django_filters as filters
from django.db.models import Q

from accounts.models import Organisation
from core.regions import region_choices, within
from partnerships.enums import LedgerCategory, LedgerSource, LedgerStatus
from partnerships.models import LedgerEntry

DUE = [("overdue", "已逾期"), ("soon", "7 天内到期")]


def responsible_bodies(request):
    """The organisations that answer for entries the reader sees."""
    duties = LedgerEntry.objects.visible_to(request.user).taken_up()
    return Organisation.objects.filter(pk__in=duties.values("responsible"))


class AskedFilter(filters.FilterSet):
    """What nobody answers for has no date and nobody to ask for."""

    q = filters.CharFilter(label="关键词", method="search", max_length=100)
    category = filters.ChoiceFilter(label="类别", choices=LedgerCategory, empty_label="全部")
    source = filters.ChoiceFilter(label="来源", choices=LedgerSource, empty_label="全部")
    region = filters.ChoiceFilter(label="地区", choices=region_choices, method="in_region", empty_label="全部")
    status = filters.ChoiceFilter(
        label="状态",
        choices=[(status.value, status.label) for status in (LedgerStatus.OPEN, LedgerStatus.CANCELLED)],
        empty_label="全部",
    )

    class Meta:
        model = LedgerEntry
        fields = ["q", "category", "source", "region", "status"]

    def search(self, queryset, name, value: str):
        named = LedgerEntry.objects.names_enterprise_to(self.request.user).values("pk")
        numbered = LedgerEntry.objects.numbered(value).values("pk")
        return queryset.filter(
            Q(title__icontains=value)
            | Q(description__icontains=value)
            | Q(responsible__name__icontains=value)
            | Q(pk__in=named, enterprise__name__icontains=value)
            | Q(pk__in=numbered)
        )

    def in_region(self, queryset, name, value: str):
        return queryset.filter(within("enterprise__region", [value]))


class TakenFilter(AskedFilter):
    """What somebody answers for: also by whom, and by when."""

    status = filters.ChoiceFilter(
        label="状态",
        choices=[choice for choice in LedgerStatus.choices if choice[0] != LedgerStatus.OPEN],
        empty_label="全部",
    )
    due = filters.ChoiceFilter(label="时限", choices=DUE, method="with_due", empty_label="全部")
    responsible = filters.ModelChoiceFilter(label="责任单位", queryset=responsible_bodies, empty_label="全部")

    class Meta(AskedFilter.Meta):
        fields = ["q", "status", "due", "responsible", "category", "source", "region"]

    def with_due(self, queryset, name, value: str):
        return queryset.overdue() if value == "overdue" else queryset.due_soon()


class LedgerFilter(TakenFilter):
    """Both lists together, as programs read them."""

    status = filters.ChoiceFilter(label="状态", choices=LedgerStatus)
    list = filters.ChoiceFilter(label="清单", choices=[("asked", "问需清单"), ("taken", "对接清单")], method="of_list")

    class Meta(AskedFilter.Meta):
        fields = ["list", *TakenFilter.Meta.fields]

    def of_list(self, queryset, name, value: str):
        return queryset.asked() if value == "asked" else queryset.taken_up()
