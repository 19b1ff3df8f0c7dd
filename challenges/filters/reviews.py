"""The filters of who reviews what."""

import django_filters as filters

from challenges.enums import ReviewStage, ReviewStatus
from challenges.models import Review, Waiver


class AssignmentFilter(filters.FilterSet):
    """By plain ids: a choice among records would tell which hidden ones exist."""

    challenge = filters.UUIDFilter(label="挑战赛", field_name="entry__challenge_id")
    entry = filters.UUIDFilter(label="参赛需求", field_name="entry_id")
    solution = filters.UUIDFilter(label="揭榜方案", field_name="solution_id")
    stage = filters.ChoiceFilter(label="环节", choices=ReviewStage)
    status = filters.ChoiceFilter(label="状态", choices=ReviewStatus)

    class Meta:
        model = Review
        fields = ["challenge", "entry", "solution", "stage", "status"]


class WaiverFilter(filters.FilterSet):
    challenge = filters.UUIDFilter(label="挑战赛", field_name="entry__challenge_id")

    class Meta:
        model = Waiver
        fields = ["challenge"]
