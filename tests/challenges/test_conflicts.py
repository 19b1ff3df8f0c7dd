"""Every source of a conflict of interest, alone, at assignment, at every read and at decisions; waivers."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from accounts.enums import MemberRole, MemberStatus
from accounts.models import Membership, Organisation, User
from accounts.services import end_membership
from challenges.enums import ConflictKind as K
from challenges.jobs import end_reviews_in_conflict
from challenges.models import Challenge, Entry, Review, Waiver
from challenges.services.conflicts import (
    BINDS_FOR,
    blocks_between,
    conflicts_between,
    conflicts_of,
    declare_tie,
    published_waivers,
    waive_conflicts,
    withdraw_tie,
)
from challenges.services.entries import move_entry
from challenges.services.experts import save_profile
from challenges.services.reviews import open_reviews_of
from core.workflow import NotPermitted, TransitionError
from matching.models import Proposal
from matching.services import propose_for_need
from needs.models import Need
from partnerships.models import ConfidentialityAgreement, Docking
from tests.challenges.conftest import assign, fresh, lock
from tests.conftest import seat

pytestmark = pytest.mark.django_db


@pytest.fixture
def expert(new_expert):
    return new_expert("甲专家", phone="13511112222")


# --- Each source makes one conflict, and no other -------------------------------------------------------------------


def works_there(make):
    save_profile(fresh(make.expert), workplace=make.entry.need.organisation)


def belongs_there(make):
    seat(make.expert, make.entry.need.organisation)


def shares_the_entity(make):
    """A branch registered elsewhere keeps the middle of the credit code."""
    body = make.organisation("enterprise", name="同一主体的分公司")
    code = make.entry.need.organisation.credit_code
    Organisation.objects.filter(pk=body.pk).update(credit_code="92" + code[2:])
    seat(make.expert, body)


def belonged_there(make):
    leave(seat_of(make.expert, make.entry.need.organisation), BINDS_FOR - timedelta(days=1))


def has_a_docking(make):
    seat(make.expert, make.institute)
    new_docking(make, make.entry.need, make.institute)


def had_left_a_body_with_a_docking(make):
    leave(seat_of(make.expert, make.institute), timedelta(days=300))
    new_docking(make, make.entry.need, make.institute)


def has_an_agreement(make):
    seat(make.expert, make.institute)
    ConfidentialityAgreement.objects.create(
        need=make.entry.need, institute=make.institute, requested_by=make.provider, text="约定"
    )


def is_steward(make):
    docking = new_docking(make, make.entry.need, make.institute)
    Docking.objects.filter(pk=docking.pk).update(steward=make.expert)


def has_an_own_entry(make):
    body = make.organisation("enterprise", name="参赛企业")
    founder = body.memberships.get().user
    User.objects.filter(pk=founder.pk).update(email="founder@other.test")
    need = Need.objects.create(organisation=body, author=founder, title="另一条需求")
    Entry.objects.create(challenge=make.entry.challenge, need=need, author=founder)
    seat(make.expert, body)


def shares_the_mail_domain(make):
    Need.objects.filter(pk=make.entry.need_id).update(contact_email=f"ask@mail.{make.expert.email.split('@')[1]}")


def shares_the_mail_domain_of_a_member(make):
    User.objects.filter(pk=make.expert.pk).update(email="EXPERT@firm.test")
    User.objects.filter(pk=make.owner.pk).update(email="owner@Firm.test")


def shares_the_phone(make):
    Need.objects.filter(pk=make.entry.need_id).update(contact_phone="135-1111-2222")


def shares_the_phone_of_a_member(make):
    User.objects.filter(pk=make.owner.pk).update(phone="13511112222")


def declares(make):
    declare_tie(make.expert, organisation=make.entry.need.organisation, note="配偶在该企业任职")


SOURCES = {
    works_there: K.SAME_ORGANISATION,
    belongs_there: K.SAME_ORGANISATION,
    shares_the_entity: K.SAME_ORGANISATION,
    belonged_there: K.MEMBERSHIP,
    has_a_docking: K.DOCKING,
    had_left_a_body_with_a_docking: K.DOCKING,
    has_an_agreement: K.DOCKING,
    is_steward: K.STEWARD,
    has_an_own_entry: K.ENTERED,
    shares_the_mail_domain: K.EMAIL,
    shares_the_mail_domain_of_a_member: K.EMAIL,
    shares_the_phone: K.PHONE,
    shares_the_phone_of_a_member: K.PHONE,
    declares: K.DECLARED,
}


def seat_of(user, body):
    seat(user, body)
    return Membership.objects.get(user=user, organisation=body)


def leave(membership, ago):
    end_membership(membership, actor=membership.organisation.memberships.filter(role=MemberRole.ADMIN).get().user)
    Membership.objects.filter(pk=membership.pk).update(ended_at=timezone.now() - ago)


def new_docking(make, need, institute):
    propose_for_need(need)
    proposal = Proposal.objects.get(need=need, capability=make.capability)
    return Docking.objects.create(proposal=proposal, need=need, institute=institute)


@pytest.fixture
def make(screened, expert, owner, provider, institute, capability, new_organisation):
    from types import SimpleNamespace

    return SimpleNamespace(
        entry=screened,
        expert=expert,
        owner=owner,
        provider=provider,
        institute=institute,
        capability=capability,
        organisation=new_organisation,
    )


def kinds(user, entry):
    return [conflict.kind for conflict in conflicts_of(fresh(user), Entry.objects.get(pk=entry.pk))]


def test_without_a_tie_there_is_no_conflict(make):
    assert kinds(make.expert, make.entry) == []


def test_every_kind_has_a_source():
    # There are no solvers yet in the screening; their ties are in test_solution_conflicts.py.
    assert set(SOURCES.values()) == set(K) - {K.SOLVER, K.CO_APPLICANT}


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_alone_is_one_conflict(source, make):
    source(make)
    assert kinds(make.expert, make.entry) == [SOURCES[source]]


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_alone_refuses_the_assignment(source, make, organiser):
    source(make)
    with pytest.raises(TransitionError, match="利益冲突"):
        assign(make.entry, fresh(make.expert), organiser)
    assert Review.objects.count() == 0


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_alone_closes_the_open_tab_at_the_next_request(source, make, organiser, as_user, api):
    review = assign(make.entry, make.expert, organiser)
    page, endpoint = review.get_absolute_url(), reverse("review-detail", args=[review.pk])
    assert as_user(make.expert).get(page).status_code == 200
    source(make)
    tab = as_user(make.expert)
    desk = tab.get(reverse("challenges:review_desk"))
    assert [tab.get(page).status_code, tab.post(page, {"save": "1"}).status_code] == [404, 404]
    assert (desk.status_code, desk.context["reviews"]) == (200, [])
    assert api(make.expert).get(endpoint)[0] == 404
    assert api(make.expert).patch(endpoint, {"comment": "x"})[0] == 404


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_alone_ends_the_review_at_night_and_the_organiser_is_told_once(source, make, organiser):
    review = lock(assign(make.entry, make.expert, organiser))
    source(make)
    ended = end_reviews_in_conflict()
    assert (ended, end_reviews_in_conflict()) == (0 if source in {declares, works_there} else 1, 0)
    assert Review.objects.get(pk=review.pk).status == "removed"
    told = organiser.notices.filter(text__contains="利益冲突")
    assert [notice.url for notice in told] == [reverse("challenges:review_list", args=[make.entry.challenge_id])]


def test_a_review_in_conflict_does_not_count_for_a_decision(make, organiser, experts):
    for expert in experts[:3]:
        lock(assign(make.entry, expert, organiser))
    seat(experts[0], make.entry.need.organisation)
    with pytest.raises(TransitionError, match="需要 3 份已提交的评审，现在有 2 份"):
        move_entry(Entry.objects.get(pk=make.entry.pk), "select", actor=organiser)


# --- What does not bind ---------------------------------------------------------------------------------------------


def test_what_lies_more_than_three_years_back_does_not_bind(make):
    leave(seat_of(make.expert, make.entry.need.organisation), BINDS_FOR + timedelta(days=1))
    assert kinds(make.expert, make.entry) == []


def test_a_request_to_join_does_not_bind(make):
    Membership.objects.create(user=make.expert, organisation=make.entry.need.organisation)
    assert kinds(make.expert, make.entry) == []


def test_who_asks_to_come_back_is_still_bound_by_having_left(make):
    belonged_there(make)
    Membership.objects.filter(user=make.expert, organisation=make.entry.need.organisation).update(
        status=MemberStatus.REQUESTED
    )
    assert kinds(make.expert, make.entry) == [K.MEMBERSHIP]


@pytest.mark.parametrize(("mine", "theirs"), [("a@qq.com", "b@qq.com"), ("a@lab.test", "b@notlab.test")])
def test_free_mail_and_like_sounding_domains_do_not_bind(mine, theirs, make):
    User.objects.filter(pk=make.expert.pk).update(email=mine)
    Need.objects.filter(pk=make.entry.need_id).update(contact_email=theirs)
    assert kinds(make.expert, make.entry) == []


def test_an_empty_phone_does_not_bind(make):
    User.objects.filter(pk__in=[make.expert.pk, make.owner.pk]).update(phone="")
    assert kinds(make.expert, make.entry) == []


def test_a_withdrawn_entry_of_an_own_body_does_not_bind(make):
    has_an_own_entry(make)
    Entry.objects.exclude(pk=make.entry.pk).update(status="withdrawn")
    assert kinds(make.expert, make.entry) == []


def test_a_docking_with_somebody_else_does_not_bind(make, new_organisation):
    seat(make.expert, new_organisation("institute", name="第三方机构"))
    new_docking(make, make.entry.need, make.institute)
    assert kinds(make.expert, make.entry) == []


def test_many_pairs_take_as_many_queries_as_one(make, experts, new_need, django_assert_num_queries):
    for number in range(3):
        need = new_need("published", title=f"三坐标{number}")
        Entry.objects.create(challenge=make.entry.challenge, need=need, author=make.owner)
    entries = list(Entry.objects.for_list())
    for size in (1, 4):
        with django_assert_num_queries(9):
            assert len(blocks_between(experts[:size], entries[:size])) == size * size
    with django_assert_num_queries(8):
        conflicts_between(experts, entries)


# --- Declarations ---------------------------------------------------------------------------------------------------


def test_a_declaration_ends_the_review_at_once_and_taking_it_back_does_not_revive_it(make, organiser):
    review = assign(make.entry, make.expert, organiser)
    declaration = declare_tie(make.expert, organisation=make.entry.need.organisation, note="曾任顾问")
    assert Review.objects.get(pk=review.pk).status == "removed"
    withdraw_tie(declaration)
    assert open_reviews_of(fresh(make.expert)) == []


def test_a_tie_is_declared_once(make):
    declares(make)
    with pytest.raises(ValidationError, match="已经申报过"):
        declares(make)


# --- Waivers --------------------------------------------------------------------------------------------------------


def test_who_may_waive(make, people):
    declares(make)
    allowed = set()
    for name, user in people.items():
        try:
            waive_conflicts(make.entry, make.expert, actor=fresh(user), reason="仅此一位专家懂行")
        except NotPermitted:
            continue
        allowed.add(name)
    assert allowed == {"admin"}


def test_a_waiver_needs_a_reason_and_a_conflict(make, admin):
    with pytest.raises(TransitionError, match="没有利益冲突"):
        waive_conflicts(make.entry, make.expert, actor=admin, reason="无")
    declares(make)
    with pytest.raises(ValidationError, match="写明理由"):
        waive_conflicts(make.entry, make.expert, actor=admin, reason=" ")


def test_a_waiver_is_given_in_the_screening_alone(make, admin):
    declares(make)
    Challenge.objects.filter(pk=make.entry.challenge_id).update(status="board")
    with pytest.raises(TransitionError, match="发榜"):
        waive_conflicts(Entry.objects.get(pk=make.entry.pk), make.expert, actor=admin, reason="仅此一位")


def test_who_is_waived_may_review_until_another_tie_comes(make, admin, organiser):
    shares_the_phone(make)
    entry = Entry.objects.get(pk=make.entry.pk)
    waive_conflicts(entry, make.expert, actor=admin, reason="仅此一位专家懂行")
    review = assign(entry, make.expert, organiser)
    assert open_reviews_of(fresh(make.expert)) == [review]
    assert end_reviews_in_conflict() == 0
    belongs_there(make)
    assert open_reviews_of(fresh(make.expert)) == []


def test_a_waiver_is_published_without_expert_and_enterprise(make, admin, client):
    declares(make)
    waive_conflicts(make.entry, make.expert, actor=admin, reason="仅此一位专家懂该参量")
    published = published_waivers(make.entry.challenge)
    assert [(each.item, each.kinds, each.reason) for each in published] == [("", "本人申报", "仅此一位专家懂该参量")]
    page = client.get(make.entry.challenge.get_absolute_url()).content.decode()
    assert "仅此一位专家懂该参量" in page
    secrets = [make.expert.name, make.entry.need.organisation.name, str(make.entry.pk), str(Waiver.objects.get().pk)]
    assert [secret for secret in secrets if secret in page] == []
