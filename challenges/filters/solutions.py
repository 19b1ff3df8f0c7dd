"""The filters of the solutions that one may see."""

import django_filters as filters
from django.db.models import Q

from challenges.enums import SolutionStatus
from challenges.models import Solution


class SolutionFilter(filters.FilterSet):
    q = filters.CharFilter(label="关键词", method="search", max_length=100)
    status = filters.ChoiceFilter(label="状态", choices=SolutionStatus, empty_label="全部")

    class Meta:
        model = Solution
        fields = ["q", "status"]

    def search(self, queryset, name, value: str):
        return queryset.filter(
            Q(title__icontains=value)
            | Q(entry__board_title__icontains=value)
            | Q(entry__board_number__icontains=value)
            | Q(organisation__name__icontains=value)
        )


class SolutionApiFilter(SolutionFilter):
    """By plain ids: a choice among records would tell which hidden ones exist."""

    challenge = filters.UUIDFilter(label="挑战赛", field_name="entry__challenge_id")
    entry = filters.UUIDFilter(label="榜单项目", field_name="entry_id")

    class Meta(SolutionFilter.Meta):
        fields = ["challenge", "entry", *SolutionFilter.Meta.fields]
