"""Every step of a capability from every state by every person."""

import pytest
from django.db import transaction

from core.workflow import NotPermitted, TransitionError
from providers.enums import CapabilityStatus as S
from providers.models import Capability
from providers.services import move_capability
from providers.workflow import capability_workflow
from tests.conftest import seat

INSTITUTE = {"provider", "second"}
STEPS = {
    "publish": ({"draft", "suspended"}, "published"),
    "suspend": ({"published"}, "suspended"),
    "retire": ({"draft", "published", "suspended"}, "retired"),
}
PATH_TO = {"draft": [], "published": ["publish"], "suspended": ["publish", "suspend"], "retired": ["retire"]}


@pytest.fixture
def everyone(people, unverified_provider, new_user, institute):
    return {**people, "unverified_provider": unverified_provider, "second": seat(new_user("另一位"), institute)}


def capability_in(status, new_capability, provider):
    capability = new_capability(status="draft")
    for step in PATH_TO[status]:
        move_capability(capability, step, actor=provider)
    return capability


def test_the_table_has_these_steps_and_states():
    assert set(capability_workflow.transitions) == set(STEPS)
    assert set(PATH_TO) == set(S.values)


@pytest.mark.parametrize("status", S.values)
def test_every_step_by_everyone(status, new_capability, provider, everyone):
    capability = capability_in(status, new_capability, provider)
    found, expected = {}, {}
    for step, (sources, target) in STEPS.items():
        for name, user in everyone.items():
            found[step, name] = outcome(capability, step, user)
            allowed = target if status in sources else "refused"
            expected[step, name] = allowed if name in INSTITUTE else "NotPermitted"
    assert found == expected


def outcome(capability, step, user):
    """The state the step leads to, or how it is refused; nothing is left behind."""
    capability = Capability.objects.get(pk=capability.pk)
    with transaction.atomic():
        try:
            move_capability(capability, step, actor=user)
        except NotPermitted:
            return "NotPermitted"
        except TransitionError:
            return "refused"
        finally:
            transaction.set_rollback(True)
    return capability.status


@pytest.mark.parametrize("status", S.values)
def test_the_buttons_are_the_steps_that_work(status, new_capability, provider, everyone):
    capability = capability_in(status, new_capability, provider)
    found = {name: [step.name for step in capability_workflow.steps_for(capability, u)] for name, u in everyone.items()}
    possible = [step for step, (sources, _) in STEPS.items() if status in sources]
    assert found == {name: possible if name in INSTITUTE else [] for name in everyone}


def test_an_unverified_institute_publishes_nothing(new_capability, provider, institute):
    capability = new_capability(status="draft")
    institute.verified_at = institute.verified_by = None
    institute.save()
    with pytest.raises(TransitionError, match="机构尚未核验"):
        move_capability(capability, "publish", actor=provider)


def test_an_existing_capability_needs_a_row_and_research_does_not(new_capability, provider):
    with pytest.raises(TransitionError, match="请至少填写一行测量能力"):
        move_capability(new_capability("空的", status="draft", lines=[]), "publish", actor=provider)
    research = new_capability("深孔测量", status="draft", kind="research")
    assert move_capability(research, "publish", actor=provider).target == "published"


def test_events_tell_who_did_what(new_capability, provider):
    capability = capability_in("suspended", new_capability, provider)
    assert list(capability.events.values_list("action", "source", "target", "actor__name")) == [
        ("publish", "draft", "published", "机构业务员"),
        ("suspend", "published", "suspended", "机构业务员"),
    ]
