from rest_framework import serializers

from accounts.models import Organisation


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
