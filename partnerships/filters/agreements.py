"""The filters of agreements and cases, on the pages and in the API."""

import django_filters as filters
from django import forms
from django.db.models import Q

from core.regions import region_choices, within
from partnerships.enums import AgreementKind, AgreementStatus
from partnerships.models import Agreement, CaseStudy

DATE = forms.DateInput(attrs={"type": "date"})


class AgreementFilter(filters.FilterSet):
    """`counted` leaves what both sides have confirmed; the days are those of the second confirmation."""

    kind = filters.ChoiceFilter(label="协议类型", choices=AgreementKind, empty_label="全部")
    status = filters.ChoiceFilter(label="状态", choices=AgreementStatus, empty_label="全部")
    counted = filters.ChoiceFilter(
        label="计入统计", choices=[("yes", "只看计入统计的")], method="only_counted", empty_label="全部"
    )
    region = filters.ChoiceFilter(label="企业地区", choices=region_choices, method="in_region", empty_label="全部")
    confirmed_from = filters.DateFilter(
        label="确认日期从", field_name="confirmed_at", lookup_expr="date__gte", widget=DATE
    )
    confirmed_to = filters.DateFilter(label="到", field_name="confirmed_at", lookup_expr="date__lte", widget=DATE)

    class Meta:
        model = Agreement
        fields = ["kind", "status", "counted", "region", "confirmed_from", "confirmed_to"]

    def only_counted(self, queryset, name, value: str):
        return queryset.counted()

    def in_region(self, queryset, name, value: str):
        return queryset.filter(within("docking__need__organisation__region", [value]))


class DockingAgreementFilter(AgreementFilter):
    """By the plain id of the docking: a choice among records would tell which hidden ones exist."""

    docking = filters.UUIDFilter(label="对接", field_name="docking_id")


class CaseFilter(filters.FilterSet):
    """Looks into the words of the case and nowhere else."""

    q = filters.CharFilter(label="关键词", method="search", max_length=100)

    class Meta:
        model = CaseStudy
        fields = ["q"]

    def search(self, queryset, name, value: str):
        return queryset.filter(
            Q(title__icontains=value)
            | Q(problem__icontains=value)
            | Q(solution__icontains=value)
            | Q(benefit__icontains=value)
        )
