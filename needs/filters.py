"""Filters of need lists; each looks only into what the reader may see."""

import django_filters as filters
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Coalesce

from core.enums import Discipline, MeasuringMode
from core.regions import region_choices, within
from needs.enums import BudgetBand, NeedStatus
from needs.models import Need, NeedLine


class NeedFilter(filters.FilterSet):
    q = filters.CharFilter(label="关键词", method="search", max_length=100)
    discipline = filters.ChoiceFilter(label="计量专业", choices=Discipline, empty_label="全部")
    region = filters.ChoiceFilter(label="地区", choices=region_choices, method="in_region", empty_label="全部")
    mode = filters.ChoiceFilter(label="测量方式", choices=MeasuringMode, method="with_mode", empty_label="全部")
    budget = filters.ChoiceFilter(label="预算", choices=BudgetBand, method="with_budget", empty_label="全部")
    status = filters.ChoiceFilter(label="状态", choices=NeedStatus, method="with_status", empty_label="全部")

    class Meta:
        model = Need
        fields = ["q", "discipline", "region", "mode", "budget", "status"]

    def search(self, queryset, name, value: str):
        user = self.request.user
        in_lines = NeedLine.objects.filter(need=OuterRef("pk")).filter(
            Q(object_name__icontains=value) | Q(measurand__icontains=value) | Q(range_text__icontains=value)
        )
        readable = Q(pk__in=Need.objects.readable_by(user).values("pk"))
        own = Q(pk__in=Need.objects.fully_seen_by(user).values("pk"))
        return queryset.filter(
            Q(public_title__icontains=value)
            | (readable & (Q(public_text__icontains=value) | Exists(in_lines)))
            | (own & (Q(title__icontains=value) | Q(problem__icontains=value)))
        )

    def in_region(self, queryset, name, value: str):
        return queryset.filter(within("organisation__region", [value]))

    def with_status(self, queryset, name, value: str):
        """By the status the reader is shown: of a confidential need only that it is published."""
        readable = Q(pk__in=Need.objects.readable_by(self.request.user).values("pk"))
        is_shown = readable & Q(status=value)
        return queryset.filter(is_shown | ~readable if value == NeedStatus.PUBLISHED else is_shown)

    def with_mode(self, queryset, name, value: str):
        in_lines = NeedLine.objects.filter(need=OuterRef("pk"), mode=value)
        readable = Q(pk__in=Need.objects.readable_by(self.request.user).values("pk"))
        return queryset.filter(readable & Exists(in_lines))

    def with_budget(self, queryset, name, value: str):
        band = BudgetBand(value)
        shown = Q(shows_budget=True) | Q(pk__in=Need.objects.fully_seen_by(self.request.user).values("pk"))
        queryset = (
            queryset.filter(shown).alias(amount=Coalesce("budget_high", "budget_low")).filter(amount__gt=band.floor)
        )
        return queryset if band == BudgetBand.ABOVE else queryset.filter(amount__lte=band.limit)


class HallFilter(NeedFilter):
    """All needs in the hall are published, so there is no state to choose."""

    status = None
