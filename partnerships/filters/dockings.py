"""The filters of dockings and confidentiality agreements; none looks into a need."""

import django_filters as filters

from partnerships.enums import ConfidentialityStatus, Side, Stage
from partnerships.models import ConfidentialityAgreement, Docking

YES = [("yes", "是")]


class DockingFilter(filters.FilterSet):
    waiting = filters.ChoiceFilter(label="等我答复", choices=YES, method="that_wait", empty_label="全部")
    status = filters.ChoiceFilter(label="阶段", choices=Stage, empty_label="全部")
    side = filters.ChoiceFilter(label="我方是", choices=Side, method="on_side", empty_label="全部")
    state = filters.ChoiceFilter(
        label="进行情况",
        choices=[("open", "进行中"), ("stale", "超过 21 天没有联系"), ("ended", "已结束")],
        method="in_state",
        empty_label="全部",
    )

    class Meta:
        model = Docking
        fields = ["waiting", "status", "side", "state"]

    def that_wait(self, queryset, name, value: str):
        return queryset.awaiting(self.request.user)

    def on_side(self, queryset, name, value: str):
        return queryset.of_side(self.request.user, value)

    def in_state(self, queryset, name, value: str):
        return {"open": queryset.open, "stale": queryset.stale, "ended": queryset.ended}[value]()


class ConfidentialityFilter(filters.FilterSet):
    status = filters.ChoiceFilter(label="状态", choices=ConfidentialityStatus, empty_label="全部")

    class Meta:
        model = ConfidentialityAgreement
        fields = ["status"]
