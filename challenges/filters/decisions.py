"""The filters of decisions and objections."""

import django_filters as filters

from challenges.enums import Outcome
from challenges.models import Decision, Objection


class DecisionFilter(filters.FilterSet):
    """By plain ids: a choice among records would tell which hidden ones exist."""

    challenge = filters.UUIDFilter(label="挑战赛", field_name="solution__entry__challenge_id")
    entry = filters.UUIDFilter(label="榜单项目", field_name="solution__entry_id")
    outcome = filters.ChoiceFilter(label="结果", choices=Outcome)

    class Meta:
        model = Decision
        fields = ["challenge", "entry", "outcome"]


class ObjectionFilter(filters.FilterSet):
    challenge = filters.UUIDFilter(label="挑战赛", field_name="challenge_id")
    is_answered = filters.BooleanFilter(label="已答复", field_name="answered_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = Objection
        fields = ["challenge", "is_answered"]
