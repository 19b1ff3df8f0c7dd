"""Dockings and confidentiality agreements in any state; everything is made through the services."""

import pytest
from django.utils import timezone

from matching.models import Proposal
from matching.services import move_proposal, propose_for_need
from partnerships.models import Docking
from partnerships.services.confidentiality import move_confidentiality, request_confidentiality
from partnerships.services.dockings import assign_steward, ask_stage, confirm_stage, pledge
from tests.conftest import seat

WAY_TO_BOTH = {
    1: [],
    2: [("propose", "organiser")],
    3: [("ask_consent", "organiser"), ("consent", "owner")],
}


@pytest.fixture
def new_proposal(new_need, capability, owner, provider, organiser):
    """Make needs of a level whose proposal lies with both sides."""
    actors = {"owner": owner, "provider": provider, "organiser": organiser}

    def make(level=1, *, need=None, **fields):
        need = need or new_need("published", level=level, **fields)
        propose_for_need(need)
        proposal = Proposal.objects.for_list().get(need=need, capability=capability)
        for step, who in WAY_TO_BOTH[level]:
            move_proposal(proposal, step, actor=actors[who])
        return proposal

    return make


@pytest.fixture
def new_docking(new_proposal, owner, provider):
    """Make dockings that both sides want; `stage` puts one there without the steps between."""

    def make(stage="exchange", *, level=1, need=None, **fields):
        proposal = new_proposal(level, need=need, **fields)
        move_proposal(proposal, "enterprise_accept", actor=owner)
        move_proposal(proposal, "provider_accept", actor=provider)
        ended_at = timezone.now() if stage in {"closed", "failed"} else None
        Docking.objects.filter(proposal=proposal).update(status=stage, ended_at=ended_at)
        return Docking.objects.get(proposal=proposal)

    return make


def go(docking, stage, owner, provider, **details):
    """Take the docking one step, asked for by the enterprise and confirmed by the institute."""
    ask_stage(docking, stage, actor=owner, **details)
    return confirm_stage(docking, actor=provider)


@pytest.fixture
def docking(new_docking):
    return new_docking()


@pytest.fixture
def steward(new_user, organiser):
    """A colleague of the organiser who may carry dockings."""
    return seat(new_user("技术管家"), organiser.organisations[0])


@pytest.fixture
def carried(docking, steward, organiser):
    """A docking whose steward has given the pledge."""
    assign_steward(docking, actor=organiser, steward=steward)
    pledge(docking, actor=steward)
    return docking


@pytest.fixture
def new_confidentiality(new_need, institute, owner, provider):
    """Make agreements on needs of level 2, and bring them to a status."""
    actors = {"enterprise": owner, "provider": provider}

    def make(status="requested", *, need=None, **fields):
        need = need or new_need("published", level=2, **fields)
        agreement = request_confidentiality(need, institute, actor=provider)
        for step in WAY_TO[status]:
            side = "provider" if step.startswith("provider") else "enterprise"
            move_confidentiality(agreement, step, actor=actors[side], note="另有安排", seen=agreement.text_hash)
        return agreement

    return make


WAY_TO = {
    "requested": [],
    "enterprise_signed": ["enterprise_sign"],
    "provider_signed": ["provider_sign"],
    "effective": ["enterprise_sign", "provider_sign"],
    "refused": ["refuse"],
    "ended": ["enterprise_sign", "provider_sign", "end"],
}


@pytest.fixture
def agreement(new_confidentiality):
    return new_confidentiality()


@pytest.fixture
def today():
    return timezone.localdate()
