"""Dockings on the way, made through the services."""

import pytest
from django.utils import timezone

from matching.models import Proposal
from matching.services import propose_for_need
from partnerships.models import Docking
from partnerships.services.dockings import open_docking


@pytest.fixture
def new_docking(new_need, capability, provider):
    """Make dockings of a need with the institute; `stage` puts one there without the steps between."""

    def make(stage="exchange", *, need=None, **fields):
        need = need or new_need("published", **fields)
        propose_for_need(need)
        docking = open_docking(Proposal.objects.get(need=need, capability=capability), actor=provider)
        Docking.objects.filter(pk=docking.pk).update(
            status=stage, ended_at=timezone.now() if stage in {"closed", "failed"} else None
        )
        return Docking.objects.get(pk=docking.pk)

    return make


@pytest.fixture
def docking(new_docking):
    return new_docking()
