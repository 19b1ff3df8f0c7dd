"""Signing: a selected solution gets its docking and its steward, and the organiser sees what comes of it."""

from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.enums import MemberRole
from accounts.models import Notice
from challenges.enums import SolutionStatus
from challenges.models import Challenge, Solution
from challenges.services.signing import change_steward, open_docking_for, selected_solutions, signings_of, sums_of
from core.workflow import NotPermitted, TransitionError
from matching.enums import ProposalStatus
from matching.models import Proposal
from matching.services import invite_institute, move_proposal, propose_for_need
from needs.models import Need
from needs.services import move_need
from partnerships.models import Docking
from partnerships.services.agreements import content_mark, draft_agreement, move_agreement
from tests.challenges.conftest import advance, fresh
from tests.conftest import seat

pytestmark = pytest.mark.django_db


@pytest.fixture
def signing(solving):
    """The item, its challenge being in the phase of signing."""
    return advance(solving, "signing")


@pytest.fixture
def selected(signing, new_solution):
    return new_solution(signing, "selected")


@pytest.fixture
def steward(new_user, organiser):
    return seat(new_user("技术管家"), organiser.organisations[0], role=MemberRole.EXPERT)


def open_it(solution, organiser, steward):
    return open_docking_for(Solution.objects.get(pk=solution.pk), actor=organiser, steward=steward)


def test_signing_opens_a_docking_with_a_steward_and_tells_both_sides(selected, organiser, steward, owner, provider):
    Notice.objects.all().delete()
    docking = open_it(selected, organiser, steward)
    solution = Solution.objects.get()
    proposal = docking.proposal
    assert (solution.docking, docking.need, docking.institute) == (docking, selected.entry.need, selected.organisation)
    assert (docking.steward, docking.status) == (steward, "exchange")
    assert (proposal.status, proposal.origin, proposal.capability) == ("mutual", "awarded", selected.capability)
    assert proposal.pairing["key"] == str(selected.capability_id)
    assert (solution.events.get().action, solution.events.get().data) == ("sign", {"docking": docking.number})
    need = docking.need
    assert {notice.text for notice in owner.notices.all()} == {
        f"需求 {need.number} 由{docking.institute}揭榜成功，对接已开启。",
        f"{docking.number} 的技术管家是技术管家。",
    }
    assert {notice.text for notice in provider.notices.all()} == {
        f"贵机构揭榜需求 {need.number} 成功，对接已开启，请安排第一次联系。",
        f"{docking.number} 的技术管家是技术管家。",
    }
    assert steward.notices.get().text == f"您被指派为 {docking.number} 的技术管家，请先签署承诺。"


@pytest.mark.parametrize("status", sorted(set(ProposalStatus) - {ProposalStatus.MUTUAL}))
def test_whatever_was_said_before_the_award_holds(status, selected, organiser, steward):
    propose_for_need(selected.entry.need)
    Proposal.objects.update(status=status)
    docking = open_it(selected, organiser, steward)
    assert [(each.pk, each.status, each.origin) for each in Proposal.objects.all()] == [
        (docking.proposal_id, "mutual", "awarded")
    ]


def test_a_docking_that_the_two_have_already_is_taken_up(selected, organiser, steward, owner, provider, institute):
    proposal = invite_institute(selected.entry.need, institute, actor=owner)
    move_proposal(proposal, "provider_accept", actor=provider)
    docking = Docking.objects.get()
    Notice.objects.all().delete()
    assert open_it(selected, organiser, steward) == docking
    assert Docking.objects.count() == 1
    text = f"方案 {selected.number} 揭榜成功，{docking.number} 即为签约的对接。"
    assert {notice.user for notice in Notice.objects.filter(text=text)} == {owner, provider}


def test_where_the_first_docking_came_to_nothing_another_capability_carries_the_second(
    selected, organiser, steward, new_capability
):
    first = open_it(selected, organiser, steward)
    Docking.objects.update(status="failed")
    Solution.objects.update(docking=None)
    with pytest.raises(TransitionError, match="没有可用的已发布能力"):
        open_it(selected, organiser, steward)
    other = new_capability("激光跟踪仪")
    second = open_it(selected, organiser, steward)
    assert (second != first, second.proposal.capability) == (True, other)


def test_a_confidential_need_is_opened_to_the_institute(
    selected, organiser, steward, institute, provider, new_need, new_entry, new_solution
):
    need = selected.entry.need
    Need.objects.filter(pk=need.pk).update(level=3)
    assert not Need.objects.visible_to(provider).filter(pk=need.pk).exists()
    open_it(selected, organiser, steward)
    grant = need.grants.get(organisation=institute)
    assert (grant.sees_contact, grant.sees_detail) == (True, False)
    assert Need.objects.visible_to(fresh(provider)).filter(pk=need.pk).exists()


def test_only_who_runs_the_challenge_opens_a_docking(selected, people, steward):
    refused = set()
    for name, user in people.items():
        if name in {"organiser", "admin"}:
            continue
        with pytest.raises(NotPermitted):
            open_it(selected, user, steward)
        refused.add(name)
    assert (len(refused), Docking.objects.count()) == (len(people) - 2, 0)


@pytest.mark.parametrize("status", sorted(set(SolutionStatus) - {SolutionStatus.SELECTED}))
def test_only_selected_solutions_are_signed(status, signing, new_solution, organiser, steward):
    solution = new_solution(signing, status)
    with pytest.raises(TransitionError) as refusal:
        open_it(solution, organiser, steward)
    assert str(refusal.value) == f"这份方案{solution.get_status_display()}，只有揭榜成功的方案可以开启对接。"


@pytest.mark.parametrize("status", ["announced", "tracking", "archived"])
def test_dockings_are_opened_while_signing_alone(status, selected, organiser, steward):
    Challenge.objects.update(status=status)
    with pytest.raises(TransitionError, match="签约阶段才能开启对接"):
        open_it(selected, organiser, steward)


def test_twice_is_once(selected, organiser, steward):
    open_it(selected, organiser, steward)
    with pytest.raises(TransitionError, match="对接已经开启"):
        open_it(selected, organiser, steward)
    assert Docking.objects.count() == 1


def test_without_a_steward_nothing_is_opened(selected, organiser, provider):
    for nobody in (None, provider):
        with pytest.raises(TransitionError, match="技术管家须是组织方的成员或专家"):
            open_it(selected, organiser, nobody)
    assert (Docking.objects.count(), Solution.objects.get().docking) == (0, None)


def test_a_need_that_was_withdrawn_is_not_brought_in_nor_waited_for(selected, organiser, steward, owner):
    move_need(selected.entry.need, "withdraw", actor=owner)
    with pytest.raises(TransitionError, match="需求已撤回，不能开启对接"):
        open_it(selected, organiser, steward)


def test_another_steward_is_named_later(selected, organiser, steward, new_user):
    open_it(selected, organiser, steward)
    other = seat(new_user("另一位"), organiser.organisations[0], role=MemberRole.EXPERT)
    Challenge.objects.update(status="tracking")
    change_steward(Solution.objects.get(), actor=organiser, steward=other)
    assert Docking.objects.get().steward == other
    Challenge.objects.update(status="archived")
    with pytest.raises(TransitionError, match="签约和跟踪阶段"):
        change_steward(Solution.objects.get(), actor=organiser, steward=steward)


def test_a_co_organiser_from_elsewhere_names_a_steward_of_the_region(
    selected, organiser, steward, new_user, new_organisation
):
    """The steward belongs to the organisers of the enterprise's region, whoever runs the challenge."""
    elsewhere = seat(new_user("外省组织方"), new_organisation("authority", name="外省", service_regions=["440000"]))
    selected.challenge.co_organisers.add(elsewhere.organisations[0])
    assert not elsewhere.oversees(selected.entry.need.organisation.region)
    assert open_it(selected, fresh(elsewhere), steward).steward == steward
    [shown] = signings_of(selected_solutions([selected.challenge]), fresh(elsewhere))
    assert (shown.docking.steward, shown.is_readable) == (steward, False)


def test_sums_are_shown_once_both_sides_have_confirmed(selected, organiser, steward, owner, provider):
    docking = open_it(selected, organiser, steward)
    amounts = {"intent_amount": Decimal(300), "contract_amount": Decimal(200), "paid_amount": Decimal(50)}
    agreement = draft_agreement(docking, actor=owner, title="技术开发合同", signed_on=timezone.localdate(), **amounts)
    nothing = {"count": 0, "intent_amount": 0, "contract_amount": 0, "paid_amount": 0}
    shown = signings_of(selected_solutions([selected.challenge]), organiser)
    assert [each.sums for each in shown] == [nothing]
    assert sums_of(selected.challenge) == nothing
    for side, person in (("enterprise", owner), ("provider", provider)):
        move_agreement(agreement, f"{side}_confirm", actor=person, seen=content_mark(agreement))
    [shown] = signings_of(selected_solutions([selected.challenge]), organiser)
    assert (shown.sums, shown.is_readable) == ({"count": 1, **amounts}, True)
    assert sums_of(selected.challenge) == {"count": 1, **amounts}
