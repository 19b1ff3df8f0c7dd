"""The lists of agreements, acceptance and cases, with one and with three rows, at the same number of queries."""

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from partnerships.models import Docking
from partnerships.services.acceptance import save_acceptance
from partnerships.services.agreements import draft_agreement
from partnerships.services.cases import move_case, page_of, write_case
from tests.partnerships.conftest import CONTRACT, confirm

pytestmark = pytest.mark.django_db


@pytest.fixture
def add_rows(new_docking, owner, provider):
    """Closed dockings of one level with an agreement, an acceptance and a published case each."""

    def add(count, level):
        for _ in range(count):
            docking = new_docking("delivery", level=level)
            confirm(draft_agreement(docking, actor=owner, **CONTRACT), owner, provider)
            lines, today = [{"achieved_text": "U=0.4 μm"}], timezone.localdate()
            save_acceptance(docking, actor=owner, lines=lines, accepted_on=today, conclusion="通过")
            Docking.objects.filter(pk=docking.pk).update(status="closed")
            words = dict.fromkeys(["title", "problem", "solution", "benefit"], "现场校准")
            case = write_case(Docking.objects.get(pk=docking.pk), actor=owner, shows_figures=True, **words)
            for side, actor in (("enterprise", owner), ("provider", provider)):
                move_case(case, f"{side}_consent", actor=actor, seen=page_of(case).mark)
        return docking.proposal.capability

    return add


LISTS = {
    "agreements": ("/agreements/", "owner", 1, 10),
    "agreements, of the organiser": ("/agreements/", "organiser", 2, 15),
    "sums": ("/insights/agreements/", "organiser", 1, 6),
    "cases": ("/cases/", None, 1, 6),
    "evidence": ("/capabilities/{capability}/evidence/", None, 1, 5),
    "evidence, of the institute": ("/capabilities/{capability}/evidence/", "provider", 2, 10),
    "API: agreements": ("/api/v1/agreements/", "provider", 1, 7),
    "API: acceptance": ("/api/v1/acceptances/", "owner", 1, 8),
    "API: cases": ("/api/v1/cases/", None, 1, 6),
}


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("name", LISTS)
def test_a_list_takes_as_many_queries_for_three_rows(name, rows, add_rows, people, django_assert_num_queries):
    path, who, level, queries = LISTS[name]
    path = path.format(capability=add_rows(rows, level).pk)
    client = Client()
    if who:
        client.force_login(User.objects.get(pk=people[who].pk))
    with django_assert_num_queries(queries):
        assert client.get(path).status_code == 200


@pytest.mark.parametrize(("path", "who"), [("/agreements/", "owner"), ("/cases/", None)])
def test_the_lists_have_these_rows(path, who, add_rows, people, client):
    add_rows(3, 1)
    if who:
        client.force_login(people[who])
    assert client.get(path).context["page"].paginator.count == 3
