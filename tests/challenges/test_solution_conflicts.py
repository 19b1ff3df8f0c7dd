"""Every source of a conflict with the bodies behind a solution, alone, at assignment, at every read and every count."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Membership, Organisation, User
from challenges.enums import ConflictKind as K
from challenges.jobs import end_reviews_in_conflict
from challenges.models import CoApplicant, Review, Solution
from challenges.results import results_of
from challenges.services.conflicts import (
    BINDS_FOR,
    blocks_between,
    conflicts_of,
    declare_tie,
    published_waivers,
    waive_conflicts,
)
from challenges.services.experts import save_profile
from challenges.services.reviews import open_reviews_of
from core.workflow import TransitionError
from matching.models import Proposal
from matching.services import propose_for_need
from partnerships.models import Docking
from tests.challenges.conftest import advance, assign, fresh, lock, pledge
from tests.conftest import seat

pytestmark = pytest.mark.django_db


@pytest.fixture
def make(admitted, new_expert, new_organisation, new_user, new_solution, new_need, owner, enterprise, provider):
    return SimpleNamespace(
        solution=admitted,
        expert=new_expert("甲专家", phone="13511112222"),
        organisation=new_organisation,
        user=new_user,
        solve=new_solution,
        need=new_need,
        owner=owner,
        enterprise=enterprise,
        provider=provider,
    )


# --- Each source makes one conflict, and no other -------------------------------------------------------------------


def belongs_to_the_enterprise(make):
    seat(make.expert, make.enterprise)


def works_at_the_solver(make):
    save_profile(fresh(make.expert), workplace=make.solution.organisation)


def belongs_to_a_partner(make):
    seat(make.expert, partner_of(make, make.solution))


def shares_the_entity(make):
    body = make.organisation("institute", name="同一主体的分院")
    Organisation.objects.filter(pk=body.pk).update(credit_code="92" + make.solution.organisation.credit_code[2:])
    seat(make.expert, body)


def belonged_to_the_solver(make):
    seat(make.expert, make.solution.organisation)
    seats = Membership.objects.filter(user=make.expert, organisation=make.solution.organisation)
    seats.update(status="ended", ended_at=timezone.now() - BINDS_FOR + timedelta(days=1))


def has_a_docking_with_the_solver(make):
    need = make.need("published", title="坐标测量机比对")
    propose_for_need(need)
    proposal = Proposal.objects.filter(need=need).first()
    Docking.objects.create(proposal=proposal, need=need, institute=make.solution.organisation)
    other = make.organisation("enterprise", name="对接过的企业")
    type(need).objects.filter(pk=need.pk).update(organisation=other)
    seat(make.expert, other)


def shares_the_mail_domain_of_a_member(make):
    User.objects.filter(pk=make.expert.pk).update(email="EXPERT@firm.test")
    User.objects.filter(pk=make.provider.pk).update(email="provider@Firm.test")


def shares_the_phone_of_the_author(make):
    User.objects.filter(pk=make.provider.pk).update(phone="13511112222")
    leave = {"status": "ended", "ended_at": timezone.now() - BINDS_FOR - timedelta(days=1)}
    Membership.objects.filter(user=make.provider).update(**leave)


def declares(make):
    declare_tie(make.expert, organisation=make.solution.organisation, note="配偶在该院任职")


def is_of_another_solver(make):
    seat(make.expert, make.solve_elsewhere().organisation)


def wrote_another_solution(make):
    Solution.objects.filter(pk=make.solve_elsewhere().pk).update(author=make.expert)


def is_of_a_partner_of_another_solver(make):
    seat(make.expert, partner_of(make, make.solve_elsewhere(), name="另一方案的联合单位"))


def applies_jointly_in_another_event(make):
    """With the solver of this solution."""
    old = make.solve_elsewhere(of_another_event=True)
    Solution.objects.filter(pk=old.pk).update(organisation=make.solution.organisation)
    seat(make.expert, partner_of(make, old))


SOURCES = {
    belongs_to_the_enterprise: K.SAME_ORGANISATION,
    works_at_the_solver: K.SAME_ORGANISATION,
    belongs_to_a_partner: K.SAME_ORGANISATION,
    shares_the_entity: K.SAME_ORGANISATION,
    belonged_to_the_solver: K.MEMBERSHIP,
    has_a_docking_with_the_solver: K.DOCKING,
    shares_the_mail_domain_of_a_member: K.EMAIL,
    shares_the_phone_of_the_author: K.PHONE,
    declares: K.DECLARED,
    is_of_another_solver: K.SOLVER,
    wrote_another_solution: K.SOLVER,
    is_of_a_partner_of_another_solver: K.SOLVER,
    applies_jointly_in_another_event: K.CO_APPLICANT,
}


def partner_of(make, solution, name="联合单位"):
    body = make.organisation("institute", name=name)
    CoApplicant.objects.create(solution=solution, organisation=body, agreed_at=timezone.now())
    return body


@pytest.fixture
def elsewhere(make, new_entry, new_challenge):
    """Makes a solution of somebody else to another item of the event, or of another event."""

    def solve(*, of_another_event=False):
        challenge = new_challenge() if of_another_event else make.solution.challenge
        entry = make.solution.entry
        if of_another_event:
            entry = new_entry("on_board", challenge=challenge)
        founder = make.user("另一家的人", email="other@other.test")
        body = make.organisation("institute", founder=founder, name="另一家机构")
        return make.solve(entry, "admitted", organisation=body, author=founder)

    make.solve_elsewhere = solve
    return make


def kinds(make):
    solution = Solution.objects.for_list().get(pk=make.solution.pk)
    return [conflict.kind for conflict in conflicts_of(fresh(make.expert), solution)]


def test_without_a_tie_there_is_no_conflict(make):
    assert kinds(make) == []


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_alone_is_one_conflict_that_closes_the_tab_and_ends_the_review(
    source, elsewhere, organiser, as_user, api
):
    review = assign(elsewhere.solution, elsewhere.expert, organiser)
    pledge(review)
    page, endpoint = review.get_absolute_url(), reverse("review-detail", args=[review.pk])
    assert as_user(elsewhere.expert).get(page).status_code == 200
    source(elsewhere)
    assert kinds(elsewhere) == [SOURCES[source]]
    tab = as_user(elsewhere.expert)
    assert [tab.get(page).status_code, tab.post(page, {"autosave": "1"}).status_code] == [404, 404]
    assert [api(elsewhere.expert).get(endpoint)[0], api(elsewhere.expert).patch(endpoint, {})[0]] == [404, 404]
    end_reviews_in_conflict()
    assert Review.objects.get(pk=review.pk).status == "removed"
    told = organiser.notices.filter(text__contains="利益冲突")
    plan = reverse("challenges:solution_reviews", args=[elsewhere.solution.challenge.pk])
    assert [notice.url for notice in told] == [plan]
    with pytest.raises(TransitionError, match="利益冲突"):
        assign(Solution.objects.get(pk=elsewhere.solution.pk), fresh(elsewhere.expert), organiser)


# --- What does not bind ---------------------------------------------------------------------------------------------


def test_a_partner_that_has_not_agreed_and_a_solution_taken_back_do_not_bind(elsewhere):
    asked = elsewhere.organisation("institute", name="没有答应的单位")
    CoApplicant.objects.create(solution=elsewhere.solution, organisation=asked)
    taken_back = elsewhere.solve_elsewhere()
    Solution.objects.filter(pk=taken_back.pk).update(status="withdrawn")
    for body in (asked, taken_back.organisation):
        seat(elsewhere.expert, body)
    assert kinds(elsewhere) == []


def test_many_pairs_take_as_many_queries_as_one(elsewhere, experts, django_assert_num_queries):
    elsewhere.solve_elsewhere()
    solutions = list(Solution.objects.for_list().select_related("entry__need__organisation"))
    for size in (1, 2):
        with django_assert_num_queries(17):
            assert len(blocks_between(experts[:size], solutions[:size])) == size * size


# --- What came meanwhile --------------------------------------------------------------------------------------------


def test_a_review_in_conflict_counts_neither_for_the_ranking_nor_for_the_finals(make, experts, organiser):
    for expert, points in zip(experts, (90, 60, 60), strict=False):
        lock(assign(make.solution, expert, organiser), points)
    seat(experts[0], make.solution.organisation)
    for status in ("reviewing", "finals"):
        advance(make.solution.entry, status)
        (result,) = results_of(Solution.objects.get(pk=make.solution.pk).challenge, "solution").ranked
        assert (str(result.mean), len(result.sheets)) == ("60.00", 2)


def test_in_the_finals_nobody_could_follow_so_a_review_in_conflict_is_left_where_it_is(make, experts, organiser):
    review = lock(assign(make.solution, experts[0], organiser))
    advance(make.solution.entry, "finals")
    seat(experts[0], make.solution.organisation)
    assert end_reviews_in_conflict() == 0
    assert (Review.objects.get(pk=review.pk).status, open_reviews_of(fresh(experts[0]))) == ("locked", [])


# --- Waivers --------------------------------------------------------------------------------------------------------


def test_a_waiver_is_for_one_solution_and_published_without_names(elsewhere, admin, organiser, client):
    other = elsewhere.solve_elsewhere()
    declares(elsewhere)
    declare_tie(elsewhere.expert, organisation=other.organisation, note="曾任顾问")
    solution = Solution.objects.get(pk=elsewhere.solution.pk)
    waive_conflicts(solution, elsewhere.expert, actor=admin, reason="仅此一位专家懂该参量")
    assert assign(solution, fresh(elsewhere.expert), organiser).solution == solution
    with pytest.raises(TransitionError, match="本人申报：曾任顾问"):
        assign(Solution.objects.get(pk=other.pk), fresh(elsewhere.expert), organiser)
    published = published_waivers(solution.challenge)
    assert [(each.item, each.kinds) for each in published] == [(solution.entry.board_number, "本人申报")]
    page = client.get(solution.challenge.get_absolute_url()).content.decode()
    secrets = [elsewhere.expert.name, solution.organisation.name, str(solution.pk), solution.number]
    assert ("仅此一位专家懂该参量" in page, [secret for secret in secrets if secret in page]) == (True, [])


def test_a_waiver_of_the_screening_does_not_carry_over(make, admin, organiser):
    declare_tie(make.expert, organisation=make.enterprise, note="顾问")
    advance(make.solution.entry, "screening")
    waive_conflicts(Solution.objects.get(pk=make.solution.pk).entry, make.expert, actor=admin, reason="仅此一位")
    advance(make.solution.entry, "reviewing")
    assert kinds(make) == [K.DECLARED]
    with pytest.raises(TransitionError, match="利益冲突"):
        assign(Solution.objects.get(pk=make.solution.pk), fresh(make.expert), organiser)
