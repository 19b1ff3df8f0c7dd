"""Dockings and confidentiality agreements in any state; everything is made through the services."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from matching.models import Proposal
from matching.services import move_proposal, propose_for_need
from partnerships.models import Docking, LedgerEntry
from partnerships.services.agreements import content_mark, move_agreement
from partnerships.services.confidentiality import move_confidentiality, request_confidentiality
from partnerships.services.dockings import ask_stage, assign_steward, confirm_stage, pledge
from partnerships.services.ledger import add_entry, add_entry_for_need, assign_entry, move_entry
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
def new_entry(enterprise, institute, owner, provider, organiser):
    """Make ledger entries, bring them to a status, and give them the day by which they are to be done."""
    actors = {"provider": provider, "owner": owner, "organiser": organiser}

    def make(status="open", *, due_on=None, need=None, **fields):
        if need:
            entry = add_entry_for_need(need, actor=organiser)
        else:
            values = {"enterprise": enterprise, "title": "缺少压力标准器", **fields}
            entry = add_entry(actor=organiser, **values)
        for step, who in WAY_TO_ENTRY[status]:
            if step == "assign":
                day = timezone.localdate() + timedelta(days=30)
                assign_entry(entry, actor=organiser, responsible=institute, person=provider, due_on=day)
            else:
                move_entry(entry, step, actor=actors[who], note="另有安排", result="已配备 0.02 级标准器")
        if due_on:
            # As it is some time after the day was set.
            LedgerEntry.objects.filter(pk=entry.pk).update(due_on=due_on)
        return LedgerEntry.objects.for_list().get(pk=entry.pk)

    return make


ASSIGNED = [("assign", "organiser")]
DONE = [*ASSIGNED, ("start", "provider"), ("finish", "provider")]
WAY_TO_ENTRY = {
    "open": [],
    "assigned": ASSIGNED,
    "in_progress": [*ASSIGNED, ("start", "provider")],
    "done_pending": DONE,
    "confirmed": [*DONE, ("confirm", "owner")],
    "closed": [*DONE, ("confirm", "owner"), ("close", "organiser")],
    "cancelled": [("cancel", "organiser")],
}


@pytest.fixture
def today():
    return timezone.localdate()


CONTRACT = {
    "title": "三坐标现场校准服务合同",
    "kind": "service",
    "intent_amount": Decimal(80_000),
    "contract_amount": Decimal("120000.50"),
    "signed_on": date(2026, 5, 8),
}


def confirm(agreement, enterprise, institute):
    """Both sides confirm the present content."""
    move_agreement(agreement, "enterprise_confirm", actor=enterprise, seen=content_mark(agreement))
    move_agreement(agreement, "provider_confirm", actor=institute, seen=content_mark(agreement))
