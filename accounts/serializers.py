from rest_framework import serializers

from accounts.enums import NoticeKind, Rhythm
from accounts.models import Notice, Organisation


class OrganisationSerializer(serializers.ModelSerializer):
    kind_display = serializers.CharField(source="get_kind_display", read_only=True)
    region_display = serializers.CharField(read_only=True)
    is_verified = serializers.SerializerMethodField()

    class Meta:
        model = Organisation
        fields = [
            "id",
            "name",
            "kind",
            "kind_display",
            "region",
            "region_display",
            "size",
            "is_specialised",
            "is_little_giant",
            "is_high_tech",
            "website",
            "intro",
            "is_verified",
        ]

    def get_is_verified(self, organisation) -> bool:
        return organisation.verified_at is not None


class NoticeSerializer(serializers.ModelSerializer):
    kind_display = serializers.CharField(source="get_kind_display", read_only=True)

    class Meta:
        model = Notice
        fields = ["id", "kind", "kind_display", "text", "url", "read_at", "created_at"]


class ReadAllSerializer(serializers.Serializer):
    read = serializers.IntegerField(help_text="这次标为已读的条数。")


class NoticePreferenceSerializer(serializers.Serializer):
    """A rhythm for each kind of notice."""

    def get_fields(self):
        return {kind.value: serializers.ChoiceField(label=kind.label, choices=Rhythm.choices) for kind in NoticeKind}
