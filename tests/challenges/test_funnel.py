"""The funnel: every number opens exactly the records it counts, and others see of it only what is public."""

from decimal import Decimal

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from challenges.enums import ChallengeStatus, FunnelStep
from challenges.funnel import funnel_of
from challenges.models import Challenge, Entry, Solution
from challenges.services.signing import open_docking_for
from challenges.workflow import RELEASED
from partnerships.services.agreements import content_mark, draft_agreement, move_agreement
from tests.challenges.conftest import advance, fresh
from tests.conftest import seat

pytestmark = pytest.mark.django_db
NOBODY = AnonymousUser()


@pytest.fixture
def event(new_challenge, new_entry, new_solution, new_organisation, new_user, organiser, owner, provider):
    """Four needs on the board, of which one is signed, one matched, one unlucky, and one that nobody answered.

    Beside them one that was not selected and one that was withdrawn.
    """
    challenge = new_challenge()
    for status in ("not_selected", "withdrawn"):
        new_entry(status, challenge=challenge)
    budgets = [(100_000, 200_000), (50_000, None), (None, None), (None, 30_000)]
    items = [
        new_entry("on_board", challenge=challenge, budget_low=low, budget_high=high, title=f"坐标测量机{low}")
        for low, high in budgets
    ]
    advance(items[0], "signing")
    other = seat(new_user("另一家"), new_organisation("institute", name="另一家计量院"))
    items = [Entry.objects.get(pk=item.pk) for item in items]
    signed = new_solution(items[0], "selected")
    new_solution(items[0], "commended", organisation=other.organisations[0], author=other)
    new_solution(items[1], "selected")
    new_solution(items[2], "not_selected")
    new_solution(items[3], "draft")
    new_solution(items[3], "withdrawn", organisation=other.organisations[0], author=other)
    docking = open_docking_for(signed, actor=organiser, steward=organiser)
    agreement = draft_agreement(
        docking, actor=owner, title="合同", contract_amount=Decimal("88000.50"), signed_on=timezone.localdate()
    )
    for side, person in (("enterprise", owner), ("provider", provider)):
        move_agreement(agreement, f"{side}_confirm", actor=person, seen=content_mark(agreement))
    return Challenge.objects.get(pk=challenge.pk)


def counts(funnel):
    return {step.step.value: step.count for step in funnel.steps}


def test_the_numbers_are_these(event, organiser):
    funnel = funnel_of(event, organiser)
    assert counts(funnel) == {
        "entered": 5,
        "published": 4,
        "solutions": 4,
        "covered": 3,
        "matched": 2,
        "signed": 1,
    }
    assert [step.share for step in funnel.steps] == [100, 80, 80, 60, 40, 20]
    sums = funnel.sums
    assert (sums.budget_low, sums.budget_high, sums.without_budget) == (150_000, 280_000, 1)
    assert (sums.count, sums.intent_amount, sums.contract_amount, sums.paid_amount) == (1, 0, Decimal("88000.50"), 0)


@pytest.mark.parametrize("step", [step for step in FunnelStep if step != FunnelStep.SOLUTIONS])
def test_each_number_opens_its_entries(step, event, organiser, client):
    client.force_login(organiser)
    [shown] = [each for each in funnel_of(event, fresh(organiser)).steps if each.step == step]
    assert client.get(shown.url).context["page"].paginator.count == shown.count
    answer = client.get("/api/v1/challenge-entries/", {"challenge": event.pk, "step": step}).json()
    assert answer["count"] == shown.count


def test_the_solutions_counted_are_those_of_the_list(event, organiser, client):
    client.force_login(organiser)
    [shown] = [each for each in funnel_of(event, fresh(organiser)).steps if each.step == FunnelStep.SOLUTIONS]
    assert client.get(shown.url).context["page"].paginator.count == shown.count == 4


def test_others_cannot_ask_how_far_an_entry_has_come(event, owner, client):
    """Whether anybody has answered an item is nothing to be found out by its enterprise."""
    client.force_login(owner)
    assert client.get("/api/v1/challenge-entries/", {"challenge": event.pk}).json()["count"] == 6
    for step in FunnelStep:
        answer = client.get("/api/v1/challenge-entries/", {"challenge": event.pk, "step": step}).json()
        assert answer.get("count", 0) == 0
    page = client.get(f"/challenges/{event.pk}/entries/", {"step": "covered"})
    assert page.context["page"].paginator.count == 6


@pytest.mark.parametrize("status", ChallengeStatus.values)
def test_what_is_public_is_told_from_the_release_on(status, event, provider):
    Challenge.objects.update(status=status)
    event.refresh_from_db()
    public = {"published": 4, "solutions": 4, "covered": 3, "matched": 2}
    for reader in (NOBODY, fresh(provider)):
        funnel = funnel_of(event, reader)
        assert (counts(funnel) if funnel else None) == (public if status in RELEASED else None)
        assert funnel is None or funnel.sums is None
        assert funnel is None or {step.url for step in funnel.steps} == {
            f"/challenges/{event.pk}/board/",
            f"/challenges/{event.pk}/announcement/",
            "",
        }


def test_agreements_count_once_both_have_confirmed(event, organiser, owner):
    docking = Solution.objects.exclude(docking=None).get().docking
    draft_agreement(docking, actor=owner, title="补充协议", intent_amount=Decimal(70_000))
    assert funnel_of(event, organiser).sums.intent_amount == 0


def test_the_funnel_through_the_api(event, organiser, client):
    address = f"/api/v1/challenge-funnels/{event.pk}/"
    public = client.get(address).json()
    assert public["sums"] is None
    assert public["steps"][0] == {"step": "published", "step_display": "发榜的项目", "count": 4}
    client.force_login(organiser)
    assert client.get(address).json()["sums"] == {
        "count": 1,
        "intent_amount": "0.00",
        "contract_amount": "88000.50",
        "paid_amount": "0.00",
        "budget_low": "150000.00",
        "budget_high": "280000.00",
        "without_budget": 1,
    }
    client.logout()
    Challenge.objects.update(status="reviewing")
    assert client.get(address).status_code == 409


def test_the_pages_show_it(event, organiser, client):
    Challenge.objects.filter(pk=event.pk).update(status="tracking")
    public = client.get(f"/challenges/{event.pk}/").content.decode()
    assert ("揭榜成功的项目" in public, "报名的需求" in public, "合同金额" in public) == (True, False, False)
    client.force_login(organiser)
    page = client.get(f"/challenges/{event.pk}/manage/").content.decode()
    assert ("报名的需求" in page, "8.80005 万元" in page) == (True, True)


def test_an_empty_event_has_an_empty_funnel(new_challenge, organiser):
    funnel = funnel_of(new_challenge(), organiser)
    assert (set(counts(funnel).values()), {step.share for step in funnel.steps}) == ({0}, {0})


@pytest.mark.parametrize("rows", [1, 4])
@pytest.mark.parametrize(("address", "queries"), [("/challenges/{}/signing/", 18), ("/api/v1/challenge-signings/", 11)])
def test_signing_takes_as_many_queries_for_four_rows_as_for_one(
    address, queries, rows, event, organiser, client, django_assert_num_queries
):
    others = Solution.objects.filter(docking=None).judged()
    others.update(status="selected" if rows == 4 else "not_selected")
    client.force_login(fresh(organiser))
    with django_assert_num_queries(queries):
        answer = client.get(address.format(event.pk))
    assert answer.status_code == 200
    assert Solution.objects.filter(status="selected").count() == rows
