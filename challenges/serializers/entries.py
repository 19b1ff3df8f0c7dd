from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import Organisation
from challenges.models import Challenge, Corrigendum, Entry, Invitation
from challenges.services.entries import CONSENT, enter_need
from needs.disclosure import disclose, sight_of
from needs.models import Need, NeedLine
from needs.services import LINE_FIELDS

BOARD = [
    "board_number",
    "board_title",
    "board_text",
    "conditions",
    "budget_band",
    "budget_band_display",
    "discipline",
    "discipline_display",
    "region",
    "region_display",
    "board_lines",
]


class CorrigendumSerializer(serializers.ModelSerializer):
    class Meta:
        model = Corrigendum
        fields = ["id", "text", "created_at"]


class ItemLineSerializer(serializers.ModelSerializer):
    """A measurement line as it was when the item was worded."""

    class Meta:
        model = NeedLine
        fields = LINE_FIELDS


class ItemSerializer(serializers.ModelSerializer):
    """An item of a board, as everybody sees it."""

    budget_band_display = serializers.CharField(source="get_budget_band_display", read_only=True)
    discipline_display = serializers.CharField(source="get_discipline_display", read_only=True)
    region_display = serializers.CharField(read_only=True)
    board_lines = ItemLineSerializer(many=True, read_only=True)
    corrigenda = CorrigendumSerializer(many=True, read_only=True)

    class Meta:
        model = Entry
        fields = ["id", "challenge", *BOARD, "corrigenda"]


class EntrySerializer(ItemSerializer):
    """An entry as its enterprise and those who run the challenge see it; what is withheld is empty."""

    status_display = serializers.CharField(source="get_status_display", read_only=True)
    need = serializers.SerializerMethodField()
    need_number = serializers.CharField(source="need.number", read_only=True)
    need_title = serializers.SerializerMethodField()
    organisation_name = serializers.SerializerMethodField()
    seen = serializers.CharField(source="wording", read_only=True, help_text="确认榜单内容时原样传回。")

    class Meta:
        model = Entry
        fields = [
            "id",
            "challenge",
            "need",
            "need_number",
            "need_title",
            "organisation_name",
            "status",
            "status_display",
            "is_on_behalf",
            *BOARD,
            "confirmed_at",
            "seen",
            "corrigenda",
        ]

    def _shown(self, entry):
        user = self.context["request"].user
        return disclose(entry.need, user) if sight_of(entry.need, user) else None

    @extend_schema_field(serializers.UUIDField(allow_null=True))
    def get_need(self, entry):
        return entry.need_id if self._shown(entry) else None

    def get_need_title(self, entry) -> str:
        need = self._shown(entry)
        return need.title if need else ""

    def get_organisation_name(self, entry) -> str:
        need = self._shown(entry)
        return need.organisation_name if need else ""


class EntryInputSerializer(serializers.Serializer):
    """A need to enter, with the consent without which it is not."""

    challenge = serializers.UUIDField()
    need = serializers.UUIDField()
    consents = serializers.BooleanField(help_text=CONSENT)
    note = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=2000,
        help_text="组织方代企业报名时必填：企业由谁、何时、以什么方式同意。",
    )

    def validate_challenge(self, pk):
        challenge = Challenge.objects.visible_to(self.context["request"].user).filter(pk=pk).first()
        if challenge is None:
            raise serializers.ValidationError("没有这项赛事，或者它还没有公布。")
        return challenge

    def validate_need(self, pk):
        need = Need.objects.visible_to(self.context["request"].user).filter(pk=pk).first()
        if need is None:
            raise serializers.ValidationError("没有这条需求，或者您不能查看它。")
        return need

    def create(self, validated_data):
        return enter_need(actor=self.context["request"].user, **validated_data)


class ItemInput(serializers.ModelSerializer):
    """What is to be on the board; the enterprise confirms it afterwards."""

    shows_lines = serializers.BooleanField(help_text="榜单附上需求的指标行。")

    class Meta:
        model = Entry
        fields = ["board_title", "board_text", "conditions", "budget_band", "discipline", "region", "shows_lines"]
        extra_kwargs = {name: {"required": True, "allow_blank": False} for name in ("board_title", "board_text")}


class ItemConfirmInput(serializers.Serializer):
    seen = serializers.CharField(max_length=16, help_text="您核对的那一版榜单内容的标记，见参赛需求的 seen。")
    note = serializers.CharField(required=False, allow_blank=True, max_length=2000)


class CorrigendumInput(serializers.ModelSerializer):
    class Meta:
        model = Corrigendum
        fields = ["text"]


class InviteInput(serializers.Serializer):
    institutes = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=100)

    def validate_institutes(self, wanted):
        institutes = list(Organisation.objects.providers().verified().filter(pk__in=wanted))
        if len(institutes) < len(set(wanted)):
            raise serializers.ValidationError("其中有的机构不存在或还没有通过核验，请核对编号。")
        return institutes


class TwinSerializer(serializers.Serializer):
    """An entry that may ask for the same, and what both share."""

    entry = serializers.UUIDField(source="entry.pk")
    challenge = serializers.UUIDField(source="entry.challenge_id")
    title = serializers.CharField(source="document.title")
    likeness = serializers.FloatField()
    terms = serializers.ListField(child=serializers.CharField())
    ranges = serializers.ListField(child=serializers.CharField())
    is_same_enterprise = serializers.BooleanField()
    is_same_need = serializers.BooleanField()


class InvitationSerializer(serializers.ModelSerializer):
    organisation_name = serializers.CharField(source="organisation.name")
    board_number = serializers.CharField(source="entry.board_number")
    board_title = serializers.CharField(source="entry.board_title")

    class Meta:
        model = Invitation
        fields = ["id", "entry", "board_number", "board_title", "organisation", "organisation_name", "created_at"]
