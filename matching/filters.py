"""The filters of an institute's inbox and of the list of proposals."""

import django_filters as filters

from accounts.models import Organisation
from core.enums import Discipline, Level
from core.regions import region_choices, within
from matching.enums import Turn, Verdict
from matching.models import Proposal


class ProposalFilter(filters.FilterSet):
    """By plain ids: a choice among records would tell which hidden ones exist."""

    need = filters.UUIDFilter(label="需求", field_name="need_id")
    capability = filters.UUIDFilter(label="能力", field_name="capability_id")

    class Meta:
        model = Proposal
        fields = ["need", "capability"]


class InviteFilter(filters.FilterSet):
    """The institutes an enterprise could ask."""

    q = filters.CharFilter(label="机构名称", field_name="name", lookup_expr="icontains", max_length=100)
    region = filters.ChoiceFilter(label="地区", choices=region_choices, method="in_region", empty_label="全部")

    class Meta:
        model = Organisation
        fields = ["q", "region"]

    def in_region(self, queryset, name, value: str):
        return queryset.filter(within("region", [value]))


class InboxFilter(filters.FilterSet):
    """Looks only into what an institute may know of the needs before any agreement."""

    q = filters.CharFilter(label="关键词", field_name="need__public_title", lookup_expr="icontains", max_length=100)
    turn = filters.ChoiceFilter(label="状态", choices=Turn, method="with_turn", empty_label="全部")
    verdict = filters.ChoiceFilter(label="指标判定", choices=Verdict, method="with_verdict", empty_label="全部")
    discipline = filters.ChoiceFilter(
        label="计量专业", choices=Discipline, field_name="need__discipline", empty_label="全部"
    )
    region = filters.ChoiceFilter(label="企业地区", choices=region_choices, method="in_region", empty_label="全部")
    unread = filters.ChoiceFilter(label="阅读", choices=[("yes", "只看未读")], method="only_unread", empty_label="全部")

    class Meta:
        model = Proposal
        fields = ["q", "turn", "verdict", "discipline", "region", "unread"]

    def with_turn(self, queryset, name, value: str):
        return queryset.filter(status__in=Turn(value).states)

    def with_verdict(self, queryset, name, value: str):
        return queryset.filter(verdict=value, need__level=Level.PUBLIC)

    def in_region(self, queryset, name, value: str):
        return queryset.filter(within("need__organisation__region", [value]))

    def only_unread(self, queryset, name, value: str):
        return queryset.filter(provider_seen_at__isnull=True)
