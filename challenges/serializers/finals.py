from rest_framework import serializers

from challenges.serializers.reviews import POINTS


class FinalistSerializer(serializers.Serializer):
    id = serializers.UUIDField(source="pk")
    number = serializers.CharField()
    title = serializers.CharField()
    organisation_name = serializers.CharField(source="organisation.name")
    board_number = serializers.CharField(source="entry.board_number")
    draw_order = serializers.IntegerField(allow_null=True)


class JudgeSerializer(serializers.Serializer):
    id = serializers.IntegerField(source="pk")
    name = serializers.CharField()


class GivenMarkSerializer(serializers.Serializer):
    solution = serializers.UUIDField(source="solution_id")
    judge = serializers.IntegerField(source="judge_id")
    points = serializers.DecimalField(max_digits=5, decimal_places=1)


class BarredSerializer(serializers.Serializer):
    """A judge who must not mark a solution."""

    solution = serializers.UUIDField()
    judge = serializers.IntegerField()


class FinalsPlaceSerializer(serializers.Serializer):
    solution = serializers.UUIDField(source="solution.pk")
    mean = serializers.DecimalField(max_digits=6, decimal_places=2)
    review_mean = serializers.SerializerMethodField()
    rank = serializers.IntegerField()
    place = serializers.IntegerField(help_text="在同一项目里的名次。")

    def get_review_mean(self, standing) -> str | None:
        return str(standing.review.mean) if standing.review and standing.review.sheets else None


class FinalsSerializer(serializers.Serializer):
    challenge = serializers.UUIDField()
    rules = serializers.ListField(child=serializers.CharField())
    solutions = FinalistSerializer(many=True)
    judges = JudgeSerializer(many=True)
    barred = BarredSerializer(many=True, help_text="有利益冲突、须回避的评委。")
    marks = GivenMarkSerializer(many=True)
    ranked = FinalsPlaceSerializer(many=True)


class FinalsMarkInput(serializers.Serializer):
    solution = serializers.UUIDField()
    judge = serializers.IntegerField(min_value=0, max_value=2**31)
    points = serializers.DecimalField(
        max_digits=POINTS.max_digits,
        decimal_places=POINTS.decimal_places,
        validators=POINTS.validators,
        allow_null=True,
        help_text="null 表示撤回。",
    )


class FinalsMarksInput(serializers.Serializer):
    """Marks that are new or changed; the others stay as they are."""

    marks = FinalsMarkInput(many=True, max_length=2000)


class DrawInput(serializers.Serializer):
    reason = serializers.CharField(required=False, allow_blank=True, max_length=2000, help_text="重新抽签时必填。")
