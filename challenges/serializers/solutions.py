from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import Organisation
from challenges.models import CoApplicant, Entry, Promise, SealedPrice, Solution, SolutionFile
from challenges.models.solutions import PARTS
from challenges.responses import shown_promises
from challenges.services.solutions import (
    ONLY_INSTITUTES,
    checks_of,
    price_of,
    save_solution,
    shown_price,
    start_solution,
)
from core.files import check_upload
from core.workflow import NotPermitted
from providers.models import Capability


class PromiseSerializer(serializers.Serializer):
    """A row of the table as the reader may see it; of a line that is closed to the reader the words are empty."""

    number = serializers.IntegerField()
    source = serializers.ChoiceField([("board", "榜单"), ("need", "需求"), ("own", "揭榜单位自拟")])
    object_name = serializers.CharField()
    range_text = serializers.CharField()
    accuracy_text = serializers.CharField()
    conditions_text = serializers.CharField()
    promised_text = serializers.CharField()
    evidence = serializers.CharField()
    verdict = serializers.CharField(help_text="与要求相比。")
    verdict_display = serializers.CharField()
    sentence = serializers.CharField()
    backing = serializers.CharField(help_text="与公开能力相比。")
    backing_display = serializers.CharField()
    backing_sentence = serializers.CharField()
    is_withheld = serializers.BooleanField()


class CoApplicantSerializer(serializers.ModelSerializer):
    organisation_name = serializers.CharField(source="organisation.name")

    class Meta:
        model = CoApplicant
        fields = ["id", "organisation", "organisation_name", "agreed_at"]


class SolutionFileSerializer(serializers.ModelSerializer):
    url = serializers.SerializerMethodField()

    class Meta:
        model = SolutionFile
        fields = ["id", "name", "media_type", "size", "digest", "created_at", "url"]

    def get_url(self, stored) -> str:
        return reverse("solution-file", args=[stored.solution_id, stored.pk])


class SolutionSerializer(serializers.ModelSerializer):
    """A solution as its institutes see it, and after the deadline who runs the challenge."""

    number = serializers.CharField(read_only=True)
    challenge = serializers.UUIDField(source="entry.challenge_id")
    board_number = serializers.CharField(source="entry.board_number")
    board_title = serializers.CharField(source="entry.board_title")
    organisation_name = serializers.CharField(source="organisation.name")
    status_display = serializers.CharField(source="get_status_display")
    promises = serializers.SerializerMethodField()
    co_applicants = CoApplicantSerializer(many=True)
    files = SolutionFileSerializer(many=True)
    has_price = serializers.SerializerMethodField()
    price = serializers.SerializerMethodField(help_text="报价（元）；统一开启之前为空，揭榜单位自己也看不到。")
    missing = serializers.SerializerMethodField(help_text="提交之前还缺什么；只给揭榜单位。")

    class Meta:
        model = Solution
        fields = [
            "id",
            "number",
            "challenge",
            "entry",
            "board_number",
            "board_title",
            "organisation",
            "organisation_name",
            "status",
            "status_display",
            *PARTS,
            "capability",
            "promises",
            "co_applicants",
            "files",
            "has_price",
            "price",
            "missing",
            "submitted_at",
            "updated_at",
        ]

    @property
    def _user(self):
        return self.context["request"].user

    @extend_schema_field(PromiseSerializer(many=True))
    def get_promises(self, solution):
        return PromiseSerializer(shown_promises(solution, self._user), many=True).data

    def get_has_price(self, solution) -> bool:
        return price_of(solution) is not None

    @extend_schema_field(serializers.DecimalField(14, 2, allow_null=True))
    def get_price(self, solution):
        amount = shown_price(solution, self._user)
        return None if amount is None else str(amount)

    def get_missing(self, solution) -> list[str]:
        is_own = self._user.has_perm("challenges.own_solution", solution)
        return [check.label for check in checks_of(solution) if not check.is_done] if is_own else []


class PromiseInput(serializers.Serializer):
    """A row of the table; where lines are given, `promised_text` and `evidence` count alone."""

    object_name = serializers.CharField(required=False, allow_blank=True, max_length=120)
    range_text = serializers.CharField(required=False, allow_blank=True, max_length=120)
    accuracy_text = serializers.CharField(required=False, allow_blank=True, max_length=120)
    promised_text = serializers.CharField(required=False, allow_blank=True, max_length=120)
    evidence = serializers.CharField(
        required=False, allow_blank=True, max_length=Promise._meta.get_field("evidence").max_length
    )


class SolutionInputSerializer(serializers.ModelSerializer):
    """What an institute writes, as far as it goes; item and institute are given once."""

    entry = serializers.UUIDField(help_text="榜单项目。")
    organisation = serializers.UUIDField(required=False, help_text="以哪家机构揭榜；只有一家时可以不写。")
    capability = serializers.PrimaryKeyRelatedField(
        queryset=Capability.objects.none(),
        required=False,
        allow_null=True,
        error_messages={"does_not_exist": "依托能力要是本单位已发布的能力，请重新选择，或先发布能力。"},
    )
    promises = PromiseInput(
        many=True,
        required=False,
        help_text="指标响应表：榜单有指标行的，按其顺序一行对一行；没有的自己写明对象和范围。",
    )

    class Meta:
        model = Solution
        fields = ["entry", "organisation", *PARTS, "capability", "promises"]
        # The service says in words that there is a solution already.
        validators = []

    @property
    def _user(self):
        return self.context["request"].user

    def get_fields(self):
        fields = super().get_fields()
        # The description of the API is asked for by nobody in particular.
        if self._user.is_authenticated:
            own = Capability.objects.published().filter(organisation__in=self._user.provider_ids)
            fields["capability"].queryset = own
        return fields

    def validate_entry(self, pk):
        entry = Entry.objects.on_board().select_related("challenge", "need__organisation").filter(pk=pk).first()
        if entry is None:
            raise serializers.ValidationError("没有这个榜单项目。")
        return entry

    def validate_organisation(self, pk):
        body = next((body for body in self._user.providers if body.pk == pk), None)
        if body is None:
            raise serializers.ValidationError("您不是这家机构的成员，请核对编号。")
        return body

    def create(self, validated_data):
        entry, body = validated_data.pop("entry"), validated_data.pop("organisation", None)
        body = body or next(iter(self._user.providers), None)
        if body is None:
            raise NotPermitted(ONLY_INSTITUTES)
        solution = start_solution(entry, actor=self._user, organisation=body)
        return save_solution(solution, actor=self._user, **validated_data) if validated_data else solution

    def update(self, solution, validated_data):
        fields = {name: value for name, value in validated_data.items() if name not in {"entry", "organisation"}}
        return save_solution(solution, actor=self._user, **fields)


class PriceInput(serializers.Serializer):
    amount = serializers.DecimalField(
        max_digits=14,
        decimal_places=2,
        validators=SealedPrice._meta.get_field("amount").validators,
        help_text="含税总价，元；保存即密封。",
    )


class CoApplicantInput(serializers.Serializer):
    organisation = serializers.UUIDField()

    def validate_organisation(self, pk):
        body = Organisation.objects.providers().verified().filter(pk=pk).first()
        if body is None:
            raise serializers.ValidationError("没有这家机构，或者它还没有通过核验。")
        return body


class JoinInput(serializers.Serializer):
    agrees = serializers.BooleanField(help_text="同意联合揭榜，或不参加（已同意的为退出）。")


class SolutionUploadInput(serializers.Serializer):
    file = serializers.FileField()

    def validate_file(self, upload):
        return check_upload(upload)


class SolutionCountSerializer(serializers.Serializer):
    entry = serializers.UUIDField(source="entry.pk")
    board_number = serializers.CharField(source="entry.board_number")
    board_title = serializers.CharField(source="entry.board_title")
    handed_in = serializers.IntegerField()
