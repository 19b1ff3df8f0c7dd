"""Dockings and what belongs to them, as the API gives and takes them."""

from django.urls import reverse
from rest_framework import serializers

from core.api import MoveInput
from core.files import check_upload
from partnerships.enums import FailureReason, Stage
from partnerships.models import Contact, DockingFile, Message, Milestone


class MoveSerializer(serializers.Serializer):
    """What has to happen next."""

    who = serializers.CharField()
    what = serializers.CharField()
    due_on = serializers.DateField(allow_null=True)
    is_mine = serializers.BooleanField()
    is_late = serializers.BooleanField()


class DockingSerializer(serializers.Serializer):
    """A docking as the reader may see it; what is withheld is empty."""

    id = serializers.UUIDField(source="docking.pk")
    number = serializers.CharField(source="docking.number")
    need = serializers.UUIDField(source="shown.id", default=None, allow_null=True)
    need_number = serializers.CharField(source="docking.need.number")
    need_title = serializers.CharField(source="shown.title", default="")
    enterprise_name = serializers.CharField(source="shown.organisation_name", default="")
    institute = serializers.UUIDField(source="docking.institute_id")
    institute_name = serializers.CharField(source="docking.institute.name")
    proposal = serializers.UUIDField(source="docking.proposal_id")
    capability = serializers.UUIDField(source="docking.proposal.capability_id")
    capability_title = serializers.CharField(source="docking.proposal.capability.title")
    status = serializers.ChoiceField(source="docking.status", choices=Stage.choices)
    status_display = serializers.CharField(source="docking.get_status_display")
    asked_stage = serializers.CharField(source="docking.asked_stage")
    asked_stage_display = serializers.CharField(source="docking.get_asked_stage_display")
    asked_side = serializers.CharField(source="docking.asked_side")
    asked_due_on = serializers.DateField(source="docking.asked_due_on", allow_null=True)
    asked_note = serializers.SerializerMethodField()
    next_move = MoveSerializer(source="move", allow_null=True)
    steward_name = serializers.CharField(source="docking.steward.name", default="")
    has_active_steward = serializers.BooleanField(source="docking.has_active_steward")
    next_contact_on = serializers.DateField(source="docking.next_contact_on", allow_null=True)
    last_contact_on = serializers.DateField(source="docking.last_contact_on")
    is_stale = serializers.BooleanField(source="docking.is_stale")
    ended_at = serializers.DateTimeField(source="docking.ended_at", allow_null=True)
    created_at = serializers.DateTimeField(source="docking.created_at")

    def get_asked_note(self, shown) -> str:
        return shown.docking.asked_note if shown.is_readable else ""


class ContactSerializer(serializers.ModelSerializer):
    """A contact that took place, or a visit that is planned."""

    kind_display = serializers.CharField(source="get_kind_display", read_only=True)
    author_name = serializers.CharField(source="author.name", read_only=True)

    class Meta:
        model = Contact
        fields = [
            "id",
            "kind",
            "kind_display",
            "planned_on",
            "held_on",
            "place",
            "people",
            "problems",
            "conclusion",
            "next_step",
            "next_on",
            "author_name",
            "created_at",
        ]


class MinutesInput(serializers.ModelSerializer):
    """What came of a contact."""

    held_on = serializers.DateField()

    class Meta:
        model = Contact
        fields = ["kind", "held_on", "place", "people", "problems", "conclusion", "next_step", "next_on"]
        extra_kwargs = {name: {"required": True, "allow_blank": False} for name in ("people", "conclusion")}


class VisitInput(serializers.ModelSerializer):
    planned_on = serializers.DateField()

    class Meta:
        model = Contact
        fields = ["planned_on", "place", "people"]


class MessageSerializer(serializers.ModelSerializer):
    author_name = serializers.CharField(source="author.name", read_only=True)

    class Meta:
        model = Message
        fields = ["id", "text", "author_name", "created_at"]


class DockingFileSerializer(serializers.ModelSerializer):
    author_name = serializers.CharField(source="author.name")
    url = serializers.SerializerMethodField()

    class Meta:
        model = DockingFile
        fields = ["id", "name", "media_type", "size", "digest", "author_name", "created_at", "url"]

    def get_url(self, stored) -> str:
        return reverse("docking-file", args=[stored.docking_id, stored.pk])


class DockingUploadInput(serializers.Serializer):
    file = serializers.FileField()

    def validate_file(self, upload):
        return check_upload(upload)


class MilestoneSerializer(serializers.ModelSerializer):
    is_overdue = serializers.BooleanField(read_only=True)

    class Meta:
        model = Milestone
        fields = ["id", "title", "due_on", "done_on", "is_overdue"]
        read_only_fields = ["done_on"]


class AskInput(MoveInput):
    """The stage one wishes to enter, with words, and for a failure the reason."""

    stage = serializers.ChoiceField(choices=Stage.choices)
    reason = serializers.ChoiceField(choices=FailureReason.choices, required=False)


class ConfirmInput(serializers.Serializer):
    """`asked` is the stage one was shown: should something else be asked by now, nothing happens."""

    asked = serializers.ChoiceField(choices=Stage.choices, required=False)


class RefuseInput(ConfirmInput, MoveInput):
    note = serializers.CharField(max_length=2000)


class ScheduleInput(serializers.Serializer):
    on = serializers.DateField()


class StewardInput(serializers.Serializer):
    """Who is to carry the docking, by the number of the person among those who may."""

    steward = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class StewardSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()


class PledgeInput(serializers.Serializer):
    """`agreed` says that the pledge was read and is given."""

    agreed = serializers.BooleanField()

    def validate_agreed(self, agreed):
        if not agreed:
            raise serializers.ValidationError("请先阅读承诺书，再以 agreed: true 签署。")
        return agreed


class ConfidentialitySerializer(serializers.Serializer):
    """An agreement with its wording; who signed for an anonymous enterprise is named once both have."""

    id = serializers.UUIDField(source="agreement.pk")
    need = serializers.UUIDField(source="shown.id", default=None, allow_null=True)
    need_number = serializers.CharField(source="agreement.need.number")
    need_title = serializers.CharField(source="shown.title", default="")
    enterprise_name = serializers.CharField(source="shown.organisation_name", default="")
    institute = serializers.UUIDField(source="agreement.institute_id")
    institute_name = serializers.CharField(source="agreement.institute.name")
    status = serializers.CharField(source="agreement.status")
    status_display = serializers.CharField(source="agreement.get_status_display")
    template_version = serializers.CharField(source="agreement.template_version")
    text = serializers.CharField(source="agreement.text")
    text_hash = serializers.CharField(source="agreement.text_hash")
    enterprise_signed_by = serializers.SerializerMethodField()
    enterprise_signed_at = serializers.DateTimeField(source="agreement.enterprise_signed_at", allow_null=True)
    provider_signed_by = serializers.CharField(source="agreement.provider_signed_by.name", default="")
    provider_signed_at = serializers.DateTimeField(source="agreement.provider_signed_at", allow_null=True)
    created_at = serializers.DateTimeField(source="agreement.created_at")

    def get_enterprise_signed_by(self, shown) -> str:
        signer = shown.agreement.enterprise_signed_by
        return signer.name if signer and shown.shown and shown.shown.organisation_name else ""


class ConfidentialityInput(serializers.Serializer):
    """The need to be read, and the institute of one's own that is to read it."""

    need = serializers.UUIDField()
    institute = serializers.UUIDField()


class ConfidentialityMoveInput(MoveInput):
    """`seen` is the `text_hash` of the wording that was read; it is needed to sign."""

    seen = serializers.CharField(required=False, max_length=64)
