"""The filters of signing and tracking."""

import django_filters as filters

from challenges.enums import FollowUpState
from challenges.models import FollowUp, Solution


class SigningFilter(filters.FilterSet):
    """By a plain id: a choice among records would tell which hidden ones exist."""

    challenge = filters.UUIDFilter(label="挑战赛", field_name="entry__challenge_id")

    class Meta:
        model = Solution
        fields = ["challenge"]


class FollowUpFilter(filters.FilterSet):
    challenge = filters.UUIDFilter(label="挑战赛", field_name="solution__entry__challenge_id")
    solution = filters.UUIDFilter(label="方案", field_name="solution_id")
    state = filters.ChoiceFilter(label="进展", choices=FollowUpState)
    open = filters.BooleanFilter(label="待填写", field_name="done_on", lookup_expr="isnull")

    class Meta:
        model = FollowUp
        fields = ["challenge", "solution", "state", "open"]
