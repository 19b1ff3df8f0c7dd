"""The filter of a board; it looks into what the board shows and nothing else."""

import django_filters as filters
from django.db.models import Q

from challenges.models import Entry
from core.enums import Discipline
from core.regions import region_choices, within
from needs.enums import BudgetBand


class BoardFilter(filters.FilterSet):
    q = filters.CharFilter(label="关键词", method="search", max_length=100)
    discipline = filters.ChoiceFilter(label="计量专业", choices=Discipline, empty_label="全部")
    budget = filters.ChoiceFilter(label="预算区间", choices=BudgetBand, field_name="budget_band", empty_label="全部")
    region = filters.ChoiceFilter(label="地区", choices=region_choices, method="in_region", empty_label="全部")

    class Meta:
        model = Entry
        fields = ["q", "discipline", "budget", "region"]

    def search(self, queryset, name, value: str):
        return queryset.filter(
            Q(board_number__icontains=value) | Q(board_title__icontains=value) | Q(board_text__icontains=value)
        )

    def in_region(self, queryset, name, value: str):
        return queryset.filter(within("region", [value]))


class ItemFilter(BoardFilter):
    """The boards of all challenges, as programs read them."""

    challenge = filters.UUIDFilter(label="挑战赛", field_name="challenge_id")

    class Meta(BoardFilter.Meta):
        fields = ["challenge", *BoardFilter.Meta.fields]
