"""Who gets which answer from every address of agreements, acceptance, cases and sums, at every level."""

import uuid
from contextlib import contextmanager

import pytest
from django.db import transaction
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

from accounts.models import User
from partnerships.models import CaseStudy, Docking
from partnerships.services.acceptance import save_acceptance
from partnerships.services.agreements import draft_agreement
from partnerships.services.cases import write_case
from tests.partnerships.conftest import CONTRACT
from tests.test_visibility import addresses, neutral

pytestmark = pytest.mark.django_db
RANDOM = uuid.UUID("00000000-0000-4000-8000-000000000000")
SIGN_IN = 302
SIDES = {"owner", "colleague", "provider"}
READERS = SIDES | {"organiser", "admin"}
ORGANISERS = {"organiser", "distant_organiser", "admin"}
WORDS = {"title": "qcasetitle", "problem": "qcaseproblem", "solution": "qcasesolution", "benefit": "qcasebenefit"}
SECRETS = ("qneedtitle", "qagreement", "12.00005", "120000.50", "qconclusion", "qachieved")


# --- The rules ----------------------------------------------------------------------------------------------------


def everyone(role, level):
    return 200


def signed_in(role, level):
    return SIGN_IN if role == "anonymous" else 200


def insider(role, level):
    return SIGN_IN if role == "anonymous" else 200 if role in READERS else 404


def insider_post(role, level):
    return SIGN_IN if role == "anonymous" else 302 if role in READERS else 404


def side_form(role, level):
    return insider(role, level) if role not in READERS - SIDES else 403


def side_sent_back(role, level):
    """A form that a closed docking has no place for: who might have used it is sent back with the reason."""
    answer = side_form(role, level)
    return 302 if answer == 200 else answer


def side_reading_lines(role, level):
    """Of confidential needs the institute has signed nothing here, so that the lines are closed to it."""
    return 403 if role == "provider" and level > 1 else side_sent_back(role, level)


def organisers(role, level):
    return SIGN_IN if role == "anonymous" else 200 if role in ORGANISERS else 403


def marking(role, level):
    return insider(role, level)


def draft_case(role, level):
    return 200 if role in READERS else 404


def draft_case_post(role, level):
    return SIGN_IN if role == "anonymous" else 302 if role in READERS else 404


def api_read(role, level):
    return 200 if role in READERS else 404


def api_write(allowed, done=200):
    def rule(role, level):
        if role == "anonymous":
            return 401
        return 404 if role not in READERS else done if role in allowed else 403

    return rule


# address: (method, whose id it takes, the rest of the address, the rule)
ANSWERS = {
    "partnerships:agreement_list": ("get", "", {}, signed_in),
    "partnerships:agreement_detail": ("get", "agreement", {}, insider),
    "partnerships:agreement_edit": ("get", "agreement", {}, side_form),
    "partnerships:agreement_move": ("post", "agreement", {"name": "terminate"}, insider_post),
    "partnerships:agreement_create": ("get", "docking", {}, side_sent_back),
    "partnerships:acceptance_detail": ("get", "docking", {}, insider),
    "partnerships:acceptance_edit": ("get", "docking", {}, side_reading_lines),
    "partnerships:acceptance_mark": ("post", "docking", {}, marking),
    "partnerships:capability_evidence": ("get", "capability", {}, everyone),
    "partnerships:case_list": ("get", "", {}, everyone),
    "partnerships:case_detail": ("get", "case", {}, draft_case),
    "partnerships:case_edit": ("get", "docking", {}, side_form),
    "partnerships:case_move": ("post", "case", {"name": "withdraw"}, draft_case_post),
    "insights:agreement_sums": ("get", "", {}, organisers),
    "agreement-list": ("get", "", {}, everyone),
    "agreement-detail": ("get", "agreement", {}, api_read),
    "agreement-revise": ("post", "agreement", {}, api_write(SIDES, done=409)),
    "agreement-move": ("post", "agreement", {"name": "provider_confirm"}, api_write({"provider"}, done=409)),
    "acceptance-list": ("get", "", {}, everyone),
    "acceptance-detail": ("get", "docking", {}, api_read),
    "acceptance-mark": ("post", "docking", {}, api_write(READERS, done=400)),
    "case-list": ("get", "", {}, everyone),
    "case-detail": ("get", "case", {}, api_read),
    "case-move": ("post", "case", {"name": "provider_consent"}, api_write({"provider"}, done=409)),
}


# --- The world ----------------------------------------------------------------------------------------------------


@pytest.fixture
def new_records(new_docking, owner, provider):
    """A closed docking of a level with all that came of it, none of it public."""

    def make(level):
        docking = new_docking("delivery", level=level, title="qneedtitle")
        agreement = draft_agreement(docking, actor=owner, **CONTRACT | {"title": "qagreement"})
        lines, today = [{"achieved_text": "U=0.4 μm qachieved"}], timezone.localdate()
        save_acceptance(docking, actor=owner, lines=lines, accepted_on=today, conclusion="qconclusion")
        Docking.objects.filter(pk=docking.pk).update(status="closed")
        docking = Docking.objects.get(pk=docking.pk)
        case = write_case(docking, actor=owner, **WORDS)
        capability = docking.proposal.capability
        return {"docking": docking, "agreement": agreement, "case": case, "capability": capability}

    return make


@pytest.fixture
def visit(people, unverified_provider):
    """Ask an address as a role."""
    users = {**people, "unverified_provider": unverified_provider}

    def ask(role, address, method="get"):
        client = Client(raise_request_exception=False)
        if role != "anonymous":
            client.force_login(User.objects.get(pk=users[role].pk))
        extra = {"content_type": "application/json"} if address.startswith("/api/") and method != "get" else {}
        return getattr(client, method)(address, **extra)

    ask.roles = ["anonymous", *users]
    return ask


@contextmanager
def taken_back():
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def address_of(name, records, pk=None):
    _, whose, rest, _ = ANSWERS[name]
    return reverse(name, kwargs={**({"pk": pk or records[whose].pk} if whose else {}), **rest})


# --- The tests ----------------------------------------------------------------------------------------------------


def test_every_address_has_an_entry():
    parts = ("agreement", "acceptance", "case", "capability_evidence")
    names = {name for name in addresses(get_resolver().url_patterns) if name.rpartition(":")[2].startswith(parts)}
    assert names == set(ANSWERS)


@pytest.mark.parametrize("level", [1, 2, 3])
def test_who_gets_which_answer(level, new_records, visit):
    records = new_records(level)
    found, expected = {}, {}
    for name, (method, _, _, rule) in ANSWERS.items():
        for role in visit.roles:
            with taken_back():
                found[name, role] = visit(role, address_of(name, records), method).status_code
            expected[name, role] = rule(role, level)
    assert {key: (answer, expected[key]) for key, answer in found.items() if answer != expected[key]} == {}


@pytest.mark.parametrize("level", [1, 2, 3])
def test_what_is_hidden_answers_like_what_does_not_exist(level, new_records, visit):
    records = new_records(level)
    for name, (method, whose, _, rule) in ANSWERS.items():
        for role in visit.roles:
            if whose and rule(role, level) == 404:
                unknown = neutral(visit(role, address_of(name, records, RANDOM), method), RANDOM)
                answer = neutral(visit(role, address_of(name, records), method), records[whose].pk)
                assert (name, role, answer) == (name, role, unknown)


@pytest.mark.parametrize("level", [2, 3])
def test_outsiders_read_the_same_whether_the_records_are_there_or_not(level, new_records, visit):
    outsiders = set(visit.roles) - READERS
    records = new_records(level)
    readable = {name: address_of(name, records) for name, (method, *_) in ANSWERS.items() if method == "get"}

    def read_all():
        pages = {}
        for name, address in readable.items():
            for role in sorted(outsiders):
                response = visit(role, address)
                assert [secret for secret in (*SECRETS, *WORDS.values()) if secret in response.content.decode()] == []
                pages[name, role] = neutral(response)
        return pages

    before = read_all()
    docking = records["docking"]
    CaseStudy.objects.all().delete()
    docking.acceptance.delete()
    records["agreement"].delete()
    assert read_all() == before


def test_insiders_do_find_what_is_theirs(new_records, visit):
    records = new_records(1)
    shown = "".join(
        visit("owner", address_of(name, records)).content.decode()
        for name, (method, whose, _, _) in ANSWERS.items()
        if method == "get" and whose
    )
    assert [secret for secret in (*SECRETS, *WORDS.values()) if secret not in shown] == []
