from rest_framework import serializers

from partnerships.models import CaseStudy
from partnerships.serializers.agreements import ReadableDockingField
from partnerships.services.cases import CASE_FIELDS, write_case


class FigureSerializer(serializers.Serializer):
    label = serializers.CharField()
    achieved_text = serializers.CharField()
    verdict = serializers.CharField()
    verdict_display = serializers.CharField()


class CaseSerializer(serializers.Serializer):
    """A case as its page shows it; `page_mark` is what a consent sends back as `seen`."""

    id = serializers.UUIDField(source="case.pk")
    docking = serializers.UUIDField(allow_null=True, help_text="只有对接有关各方看得到。")
    title = serializers.CharField(source="page.title")
    problem = serializers.CharField(source="page.problem")
    solution = serializers.CharField(source="page.solution")
    benefit = serializers.CharField(source="page.benefit")
    enterprise = serializers.CharField(source="page.enterprise")
    institute = serializers.CharField(source="page.institute")
    figures = FigureSerializer(source="page.figures", many=True)
    status = serializers.CharField(source="case.status")
    status_display = serializers.CharField(source="case.get_status_display")
    page_mark = serializers.CharField(source="page.mark")
    published_at = serializers.DateTimeField(source="case.published_at", allow_null=True)


class CaseInputSerializer(serializers.ModelSerializer):
    docking = ReadableDockingField()

    class Meta:
        model = CaseStudy
        fields = ["docking", *CASE_FIELDS]

    def validate(self, data):
        if self.instance and data.get("docking", self.instance.docking) != self.instance.docking:
            raise serializers.ValidationError({"docking": "案例不能改到另一项对接。"})
        return data

    def create(self, validated_data):
        return write_case(actor=self.context["request"].user, **validated_data)

    def update(self, case, validated_data):
        return write_case(actor=self.context["request"].user, **{"docking": case.docking, **validated_data})
