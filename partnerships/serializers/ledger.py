from rest_framework import serializers

from accounts.models import Organisation, User
from partnerships.enums import LedgerSource
from partnerships.models import Extension, LedgerEntry
from partnerships.services.ledger import add_entry, possible_bodies, update_entry

NOT_OURS = "没有这家企业，或不在您主管的地区。"


class ExtensionSerializer(serializers.ModelSerializer):
    status_display = serializers.CharField(source="get_status_display", read_only=True)
    asked_by = serializers.CharField(source="asked_by.name", read_only=True)

    class Meta:
        model = Extension
        fields = ["id", "due_on", "reason", "asked_by", "status", "status_display", "note", "decided_at"]
        read_only_fields = ["status", "note", "decided_at"]


class LedgerSerializer(serializers.Serializer):
    """A ledger entry as the reader may see it; what is withheld is empty."""

    id = serializers.UUIDField()
    number = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    category = serializers.CharField()
    category_display = serializers.CharField()
    source = serializers.CharField()
    source_display = serializers.CharField()
    raised_on = serializers.DateField()
    status = serializers.CharField()
    status_display = serializers.CharField()
    enterprise = serializers.CharField()
    credit_code = serializers.CharField()
    region = serializers.CharField()
    region_display = serializers.CharField()
    need = serializers.UUIDField(allow_null=True)
    need_number = serializers.CharField()
    responsible = serializers.CharField()
    person = serializers.CharField()
    person_email = serializers.CharField()
    due_on = serializers.DateField(allow_null=True)
    days_overdue = serializers.IntegerField(help_text="按上海时间的日期计；0 表示没有逾期。")
    result = serializers.CharField()
    waits_for = serializers.CharField(help_text="轮到谁做什么；空表示已经了结。")
    extensions = ExtensionSerializer(many=True)


class LedgerInputSerializer(serializers.ModelSerializer):
    """What an organiser writes; who answers for it is said with `assign`."""

    enterprise = serializers.PrimaryKeyRelatedField(
        queryset=Organisation.objects.all(), error_messages={"does_not_exist": NOT_OURS}
    )

    class Meta:
        model = LedgerEntry
        fields = ["enterprise", "title", "description", "category", "source", "raised_on"]

    def validate_enterprise(self, enterprise):
        # The same answer for a foreign enterprise and for none: enterprises are not listed.
        if not self.context["request"].user.oversees(enterprise.region):
            raise serializers.ValidationError(NOT_OURS)
        return enterprise

    def validate_source(self, source):
        if source == LedgerSource.NEED:
            raise serializers.ValidationError("平台需求发布后自动进入台账，请选择其他来源。")
        return source

    def create(self, validated_data):
        return add_entry(actor=self.context["request"].user, **validated_data)

    def update(self, entry, validated_data):
        validated_data.pop("enterprise", None)
        return update_entry(entry, actor=self.context["request"].user, **validated_data)


class AssignInput(serializers.Serializer):
    """Who answers for the entry until when."""

    responsible = serializers.UUIDField(help_text="责任单位的编号，须已核验。")
    person_email = serializers.EmailField(help_text="责任人登录平台的邮箱，须是责任单位的在册成员。")
    due_on = serializers.DateField()

    def validate_responsible(self, pk):
        body = possible_bodies(self.context["request"].user).filter(pk=pk).first()
        if body is None:
            raise serializers.ValidationError("没有这个单位，或它不能作为责任单位；责任单位须是已核验的机构或部门。")
        return body

    def validate(self, data):
        email = data.pop("person_email").lower()
        person = User.objects.acting_for(data["responsible"]).filter(email=email).first()
        if person is None:
            raise serializers.ValidationError({"person_email": f"“{email}”不是{data['responsible']}的在册成员。"})
        return data | {"person": person}


class ExtensionInput(serializers.ModelSerializer):
    class Meta:
        model = Extension
        fields = ["due_on", "reason"]


class DecisionInput(serializers.Serializer):
    approve = serializers.BooleanField()
    note = serializers.CharField(required=False, allow_blank=True, max_length=1000)


class LedgerMoveInput(serializers.Serializer):
    note = serializers.CharField(required=False, allow_blank=True, max_length=2000, help_text="理由。")
    result = serializers.CharField(required=False, allow_blank=True, max_length=4000, help_text="办结时的办理结果。")
