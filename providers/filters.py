"""Filters of capability and institute lists."""

import django_filters as filters
from django.db.models import Exists, OuterRef, Q

from accounts.enums import PROVIDER_KINDS, OrganisationKind
from accounts.models import Organisation
from core.enums import CredentialKind, Discipline, MeasuringMode
from core.regions import region_choices, within
from providers.enums import CapabilityKind, CapabilityStatus
from providers.models import Capability, CapabilityLine, Credential


class CapabilityFilter(filters.FilterSet):
    q = filters.CharFilter(label="关键词", method="search", max_length=100)
    kind = filters.ChoiceFilter(label="能力类型", choices=CapabilityKind, empty_label="全部")
    discipline = filters.ChoiceFilter(label="计量专业", choices=Discipline, empty_label="全部")
    region = filters.ChoiceFilter(label="地区", choices=region_choices, method="in_region", empty_label="全部")
    mode = filters.ChoiceFilter(label="服务方式", choices=MeasuringMode, method="with_mode", empty_label="全部")
    credential = filters.ChoiceFilter(
        label="资质", choices=CredentialKind, field_name="credential__kind", empty_label="全部"
    )

    class Meta:
        model = Capability
        fields = ["q", "kind", "discipline", "region", "mode", "credential"]

    def search(self, queryset, name, value: str):
        lines = CapabilityLine.objects.filter(capability=OuterRef("pk")).filter(
            Q(measurand__icontains=value) | Q(range_text__icontains=value) | Q(codes_text__icontains=value)
        )
        return queryset.filter(
            Q(title__icontains=value)
            | Q(text__icontains=value)
            | Q(direction__icontains=value)
            | Q(organisation__name__icontains=value)
            | Exists(lines)
        )

    def in_region(self, queryset, name, value: str):
        return queryset.filter(within("organisation__region", [value]))

    def with_mode(self, queryset, name, value: str):
        # SQLite has no containment of JSON lists; the values are words without quotes or wildcards.
        return queryset.filter(modes__icontains=f'"{value}"')


class OwnCapabilityFilter(CapabilityFilter):
    """For the institute itself: also by state, and what waits to be structured."""

    status = filters.ChoiceFilter(label="状态", choices=CapabilityStatus, empty_label="全部")
    reading = filters.ChoiceFilter(
        label="读取", choices=[("unstructured", "有待结构化的行")], method="with_reading", empty_label="全部"
    )

    def with_reading(self, queryset, name, value: str):
        waiting = CapabilityLine.objects.filter(capability=OuterRef("pk"), is_structured=False)
        return queryset.filter(Exists(waiting))


class InstituteFilter(filters.FilterSet):
    q = filters.CharFilter(label="机构名称", field_name="name", lookup_expr="icontains", max_length=100)
    kind = filters.ChoiceFilter(
        label="机构类型",
        choices=[choice for choice in OrganisationKind.choices if choice[0] in PROVIDER_KINDS],
        empty_label="全部",
    )
    region = filters.ChoiceFilter(label="地区", choices=region_choices, method="in_region", empty_label="全部")
    credential = filters.ChoiceFilter(label="有效资质", choices=CredentialKind, method="holding", empty_label="全部")

    class Meta:
        model = Organisation
        fields = ["q", "kind", "region", "credential"]

    def in_region(self, queryset, name, value: str):
        return queryset.filter(within("region", [value]))

    def holding(self, queryset, name, value: str):
        held = Credential.objects.valid().filter(organisation=OuterRef("pk"), kind=value)
        return queryset.filter(Exists(held))
