"""Who gets what answer from every address of the platform, and which words and bytes are in it.

The addresses come from the URL conf: one without an entry in `ANSWERS` fails `test_every_address_has_an_entry`.
"""

import re
import uuid
from contextlib import contextmanager

import pytest
from django.contrib import admin
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import get_resolver, reverse

from needs.models import Need
from providers.models import Capability
from tests.world import (
    INSIDERS,
    LEVELS,
    LINES,
    OUTSIDERS,
    PUBLIC_TEXT,
    PUBLIC_TITLE,
    ROLES,
    STATES,
    WITHHELD,
    file_id,
    markers,
    part_id,
    world,
)

__all__ = ["world"]
pytestmark = pytest.mark.django_db
RANDOM = uuid.UUID("00000000-0000-4000-8000-000000000000")
SIGN_IN = 302
ENTERPRISE = {"owner", "colleague"}
ORGANISERS = {"organiser", "distant_organiser", "admin"}


# What a role gets, from the simplest rule to those that look at the need.


def everyone(role, **_):
    return 200


def anonymous_else(answer):
    """An address that asks to sign in; `answer` is for everybody who has, or by role."""

    def rule(role, **_):
        if role == "anonymous":
            return SIGN_IN
        return answer.get(role, answer[""]) if isinstance(answer, dict) else answer

    return rule


def only(roles, *, allowed=200, refused=403):
    return anonymous_else({**dict.fromkeys(roles, allowed), "": refused})


def sees(role, level, status):
    """Whether the role may know that the need exists."""
    if role in ENTERPRISE:
        return True
    if role in {"organiser", "admin"}:
        return status != "draft"
    return status == "published" and level < 3


def need_page(role, level, status):
    return 200 if sees(role, level, status) else 404


def need_file(role, level, status, kind):
    """Attachments: the open ones for verified institutes, the others with the whole need."""
    is_open = kind == "open" and level == 1 and status == "published" and role == "provider"
    return 200 if is_open or (role in INSIDERS and sees(role, level, status)) else 404


def need_post(role, level, status):
    """A button: whoever sees the need is sent back to it, with the refusal as a message."""
    return SIGN_IN if role == "anonymous" else 302 if sees(role, level, status) else 404


def need_edit(role, level, status):
    if role == "anonymous":
        return SIGN_IN
    return 404 if role not in ENTERPRISE else 200 if status == "draft" else 302


def own_need_post(role, level, status):
    return SIGN_IN if role == "anonymous" else 302 if role in ENTERPRISE else 404


def need_proposals(role, level, status):
    if role == "anonymous":
        return SIGN_IN
    return 200 if role in INSIDERS and status == "published" else 404


def why_not_me(role, level, status):
    if role == "anonymous":
        return SIGN_IN
    if role != "provider":
        return 403
    return 200 if (level, status) == (1, "published") else 404


def apply_for(role, level, status):
    answer = why_not_me(role, level, status)
    return 302 if answer == 200 else answer


def invite_for(role, level, status):
    if role == "anonymous":
        return SIGN_IN
    return 200 if role in ENTERPRISE and status == "published" else 404


def api_withdraw(role, level, status):
    if role == "anonymous":
        return 401
    if not sees(role, level, status):
        return 404
    if role not in ENTERPRISE:
        return 403
    return 200 if status in {"submitted", "published"} else 409


def api_upload(role, level, status):
    """An upload that is no form; the tests of attachments send real ones."""
    return 401 if role == "anonymous" else 415 if sees(role, level, status) else 404


def api_confirm(role, level, status):
    if role == "anonymous":
        return 401
    if not sees(role, level, status):
        return 404
    return 409 if role in ENTERPRISE else 403


def proposal_page(role, level, capability):
    """The two sides and the organiser; of confidential needs the institute gets what was passed on."""
    if role == "provider":
        received = level == 1 or (level, capability) == (2, "坐标测量机")
        return 200 if received else 404
    return SIGN_IN if role == "anonymous" else 200 if role in INSIDERS else 404


def proposal_post(role, level, capability):
    """Passing on: whoever may not, or not now, gets the page again with the refusal on it."""
    answer = proposal_page(role, level, capability)
    passes_on = role in {"organiser", "admin"} and (level, capability) == (2, "量块")
    return (302 if passes_on else 409) if answer == 200 else answer


def api_proposal(role, level, capability):
    return 404 if role == "anonymous" else proposal_page(role, level, capability)


def api_propose(role, level, capability):
    """Passing on a proposal: level 1 and one of level 2 went already, level 3 never goes."""
    if role == "anonymous":
        return 401
    if proposal_page(role, level, capability) == 404:
        return 404
    if role not in {"organiser", "admin"}:
        return 403
    return 200 if (level, capability) == (2, "量块") else 409


def capability_page(role, name):
    return 200 if name == "capability" or role == "provider" else 404


def capability_edit(role, name):
    if role == "anonymous":
        return SIGN_IN
    if capability_page(role, name) == 404:
        return 404
    return 200 if role == "provider" else 403


def capability_post(role, name):
    return SIGN_IN if role == "anonymous" else 302 if capability_page(role, name) == 200 else 404


def api_retire(role, name):
    if role == "anonymous":
        return 401
    if capability_page(role, name) == 404:
        return 404
    return 200 if role == "provider" else 403


def sees_organisation(role, name):
    """Verified institutes and organisers are public; the others are seen by members and organisers in charge."""
    members = {"enterprise": ENTERPRISE, "raw": {"unverified_provider"}}
    return name in {"institute", "authority"} or role in members[name] | {"organiser", "admin"}


def organisation_page(role, name):
    return 200 if sees_organisation(role, name) else 404


def institute_page(role, name):
    return 200 if name in {"institute", "raw"} and sees_organisation(role, name) else 404


def organisation_edit(role, name):
    if role == "anonymous":
        return SIGN_IN
    if not sees_organisation(role, name):
        return 404
    founders = {"enterprise": "owner", "institute": "provider", "raw": "unverified_provider", "authority": "organiser"}
    return 200 if role in {founders[name], "admin"} else 403


def organisation_post(role, name):
    return SIGN_IN if role == "anonymous" else 302 if sees_organisation(role, name) else 404


def sees_entry(role, entry):
    """Whose problem it is, who organises there, and who answers for it as far as the need may be known."""
    own = {"stranger"} if entry == "visit" else ENTERPRISE
    answers = set() if entry == "need3" else {"provider"}
    return role in own | answers | {"organiser", "admin"}


def ledger_page(role, entry):
    return SIGN_IN if role == "anonymous" else 200 if sees_entry(role, entry) else 404


def ledger_post(role, entry):
    """A button: whoever sees the entry is sent back to it, with the refusal as a message."""
    return SIGN_IN if role == "anonymous" else 302 if sees_entry(role, entry) else 404


def ledger_manage(role, entry):
    answer = ledger_page(role, entry)
    return 403 if answer == 200 and role not in {"organiser", "admin"} else answer


def api_ledger(role, entry):
    return 404 if role == "anonymous" else ledger_page(role, entry)


def api_ledger_write(allowed):
    """An endpoint that writes: what it says to who sees the entry."""

    def rule(role, entry):
        if role == "anonymous":
            return 401
        return allowed(role) if sees_entry(role, entry) else 404

    return rule


ENTRY = [{"entry": name} for name in ("visit", "need1", "need2", "need3")]
LEDGER_IMPORT = [{"name": "ledger_import"}]


def of_docking(insiders, *, outsiders=404, anonymous=SIGN_IN):
    """What the enterprise and its organisers get of a docking with an institute that is none of the roles."""

    def rule(role, name):
        answers = insiders if isinstance(insiders, dict) else dict.fromkeys(INSIDERS, insiders)
        return anonymous if role == "anonymous" else answers.get(role, outsiders)

    return rule


def by_a_side(answer, **others):
    """What the enterprise gets of what only the two sides may do."""
    refused = dict.fromkeys(INSIDERS, 403)
    return of_docking(refused | dict.fromkeys(ENTERPRISE, answer), **others)


def part(what):
    """The id of what belongs to the docking."""
    return lambda pk, kind: part_id(pk, what)


def of_confidentiality(sides, organisers, *, anonymous=SIGN_IN):
    """What the enterprise, the institute that has asked, and the organisers get of an agreement."""
    answers = {**dict.fromkeys([*ENTERPRISE, "provider"], sides), **dict.fromkeys(["organiser", "admin"], organisers)}
    return lambda role, name: anonymous if role == "anonymous" else answers.get(role, 404)


RUNNERS = {"organiser", "admin"}


def entry_page(role, name):
    """Entries: their enterprise and who runs the challenge; for others one on the board is its public item."""
    if role == "anonymous":
        return SIGN_IN
    return 200 if role in INSIDERS else 302 if name == "entry1" else 404


def item_page(role, name):
    return 200 if name == "entry1" else 404


def entry_withdraw(role, name):
    """A button: a refusal comes back with the page."""
    if role == "anonymous":
        return SIGN_IN
    if role not in INSIDERS:
        return 404
    return 302 if role in ENTERPRISE and name != "entry1" else 409


def of_entry(runners, enterprise=404, *, anonymous=SIGN_IN):
    """What who runs the challenge and the enterprise get; to others an entry is not there."""
    answers = {**dict.fromkeys(RUNNERS, runners), **dict.fromkeys(ENTERPRISE, enterprise), "anonymous": anonymous}
    return lambda role, name: answers.get(role, 404)


def item_edit(role, name):
    return of_entry(302 if name == "entry1" else 200)(role, name)


def item_correct(role, name):
    """An empty correction comes back with what is missing; what is not on the board has no page to come back to."""
    return of_entry(200 if name == "entry1" else 404)(role, name)


def api_entry_withdraw(role, name):
    return of_entry(403, 409 if name == "entry1" else 200, anonymous=401)(role, name)


CHALLENGE, INTAKE, RECORDED, INVITATION = (
    [{"name": name}] for name in ("challenge", "intake", "recorded", "invitation")
)
ENTERED = [{"name": f"entry{level}"} for level in LEVELS]


def challenge_page(role, name):
    """Everybody sees a challenge from its call on."""
    return 200 if name == "challenge" or role in RUNNERS else 404


def challenge_console(role, name):
    """The pages on which a challenge is set up and run; a refused form comes back as a page."""
    return SIGN_IN if role == "anonymous" else 200 if role in RUNNERS else 404


def api_challenge(visitors, runners, *, anonymous=401):
    """An endpoint of a challenge: what it says to those who see it, and to those who run it."""

    def rule(role, name):
        if role == "anonymous" and anonymous:
            return anonymous
        return runners if role in RUNNERS else visitors if name == "challenge" else 404

    return rule


REVIEW, TIE, WAIVER = [{"name": "review1"}, {"name": "review2"}], [{"name": "tie"}], [{"name": "waiver"}]


def of_review(public, confidential, *, anonymous=SIGN_IN):
    """What the reviewer gets of a review, by whether its need is confidential; to others it is not there."""

    def rule(role, name):
        if role == "anonymous":
            return anonymous
        return 404 if role != "reviewer" else public if name == "review1" else confidential

    return rule


def entry_results(anonymous):
    """The enterprise and the organisers, of what is on the board and was scored."""
    return lambda role, name: (
        anonymous if role == "anonymous" else 200 if role in INSIDERS and name == "entry1" else 404
    )


def of_runners(answer, *, anonymous=404):
    return lambda role, name: anonymous if role == "anonymous" else answer if role in RUNNERS else 404


SOLUTION = [{"name": "solution"}]


def of_solver(answer, *, anonymous=SIGN_IN):
    """What the institute gets of its draft; to others, whoever asked to join among them, it is not there."""
    return lambda role, name: {"anonymous": anonymous, "provider": answer}.get(role, 404)


def solving(role, name):
    """The button on the board: whoever may not begin, or not now, is sent back with the reason."""
    return SIGN_IN if role == "anonymous" else 302 if name == "entry1" else 404


# Last year's challenge, whose decisions are out.
TRACKED, SIGNED, FOLLOW_UP = [{"name": "tracked_challenge"}], [{"name": "signed_solution"}], [{"name": "follow_up"}]


DECISION, OBJECTION, CERTIFICATE = ([{"name": name}] for name in ("decision", "objection", "certificate"))
ANNOUNCED = [{"name": "challenge"}, *TRACKED]


def announced_page(role, name):
    """Everybody, once the decisions are released."""
    return 200 if name == "tracked_challenge" else 404


def objections_page(role, name):
    return SIGN_IN if role == "anonymous" else 200 if name == "tracked_challenge" or role in RUNNERS else 404


def of_bodies(answer, *, anonymous=SIGN_IN):
    """Those behind a solution, and who runs its challenge."""
    known = RUNNERS | {"provider"}
    return lambda role, name: anonymous if role == "anonymous" else answer if role in known else 404


def of_objector(author, runners, *, anonymous):
    answers = {"anonymous": anonymous, "stranger": author, **dict.fromkeys(RUNNERS, runners)}
    return lambda role, name: answers.get(role, 404)


def funnel_page(role, name):
    """All of it for who runs the challenge; for others, nothing before the decisions are out."""
    return 200 if role in RUNNERS else 409 if name == "challenge" else 404


CHALLENGES = [{"name": "challenge"}, {"name": "draft_challenge"}]
NEED = [{"level": level, "status": status} for level in LEVELS for status in STATES]
FILE = [{**need, "kind": kind} for need in NEED for kind in ("open", "kept")]
PROPOSAL = [{"level": level, "capability": title} for level in LEVELS for title in ("坐标测量机", "量块")]
CAPABILITY = [{"name": "capability"}, {"name": "draft_capability"}]
ORGANISATION = [{"name": name} for name in ("enterprise", "institute", "raw", "authority")]
REQUEST, TOKEN, NOTICE, CREDENTIAL, IMPORT, WEIGHTS = (
    [{"name": name}] for name in ("request", "token", "notice", "credential", "import", "weights")
)
DOCKING = [{"name": "docking1"}, {"name": "docking2"}]
AGREEMENT = [{"name": "agreement1"}, {"name": "agreement2"}]
CASE = [{"name": "case1"}, {"name": "case2"}]
CONFIDENTIALITY = [{"name": "confidentiality"}]
NOTHING = [{}]
SIGNED_IN = anonymous_else(200)


def one_of(role_answers, otherwise):
    """For an address with one record: by role, else `otherwise`."""
    return lambda role, name: SIGN_IN if role == "anonymous" else role_answers.get(role, otherwise)


# address: (method, which records, the rest of the address, the rule)
ANSWERS = {
    "home": ("get", NOTHING, {}, everyone),
    "styleguide": ("get", NOTHING, {}, everyone),
    "accounts:signup": ("get", NOTHING, {}, everyone),
    "accounts:login": ("get", NOTHING, {}, everyone),
    "accounts:logout": ("post", NOTHING, {}, lambda role: 302),
    "accounts:password_reset": ("get", NOTHING, {}, everyone),
    "accounts:password_reset_done": ("get", NOTHING, {}, everyone),
    "accounts:password_reset_confirm": ("get", NOTHING, {"uidb64": "MQ", "token": "x-y"}, everyone),
    "accounts:password_change": ("get", NOTHING, {}, SIGNED_IN),
    "accounts:profile": ("get", NOTHING, {}, SIGNED_IN),
    "accounts:token_create": ("post", NOTHING, {}, anonymous_else(302)),
    "accounts:token_delete": ("post", TOKEN, {}, one_of({"owner": 302}, 404)),
    "notices:list": ("get", NOTHING, {}, SIGNED_IN),
    "notices:count": ("get", NOTHING, {}, lambda role: 204 if role == "anonymous" else 200),
    "notices:read_all": ("post", NOTHING, {}, anonymous_else(302)),
    "notices:preference_edit": ("get", NOTHING, {}, SIGNED_IN),
    "notices:open": ("get", NOTICE, {}, one_of({"owner": 302}, 404)),
    "accounts:organisation_create": ("get", NOTHING, {}, SIGNED_IN),
    "accounts:organisation_join": ("post", NOTHING, {}, SIGNED_IN),
    "accounts:organisation_desk": ("get", NOTHING, {}, only(ORGANISERS)),
    "accounts:organisation_detail": ("get", ORGANISATION, {}, organisation_page),
    "accounts:organisation_edit": ("get", ORGANISATION, {}, organisation_edit),
    "accounts:organisation_verify": ("post", ORGANISATION, {}, organisation_post),
    "accounts:member_approve": (
        "post",
        REQUEST,
        {},
        one_of(dict.fromkeys([*ENTERPRISE, "organiser", "admin"], 302), 404),
    ),
    "accounts:member_end": (
        "post",
        REQUEST,
        {},
        one_of(dict.fromkeys([*ENTERPRISE, "organiser", "admin"], 302), 404),
    ),
    "needs:list": ("get", NOTHING, {}, everyone),
    "needs:mine": ("get", NOTHING, {}, SIGNED_IN),
    "needs:desk": ("get", NOTHING, {}, only(ORGANISERS)),
    "needs:create": ("get", NOTHING, {}, only(ENTERPRISE | {"stranger"}, refused=302)),
    "needs:read": ("post", NOTHING, {}, SIGNED_IN),
    "needs:file": ("get", FILE, {"file": file_id}, need_file),
    "needs:detail": ("get", NEED, {}, need_page),
    "needs:edit": ("get", NEED, {"step": 1}, need_edit),
    "needs:move": ("post", NEED, {"name": "withdraw"}, need_post),
    "needs:confirm": ("post", NEED, {}, own_need_post),
    "needs:public_text": ("post", NEED, {}, need_post),
    "needs:delete": ("post", NEED, {}, own_need_post),
    "providers:capability_list": ("get", NOTHING, {}, everyone),
    "providers:mine": ("get", NOTHING, {}, SIGNED_IN),
    "providers:capability_create": (
        "get",
        NOTHING,
        {"kind": "service"},
        only({"provider", "unverified_provider"}),
    ),
    "providers:capability_detail": ("get", CAPABILITY, {}, capability_page),
    "providers:capability_edit": ("get", CAPABILITY, {}, capability_edit),
    "providers:capability_move": ("post", CAPABILITY, {"name": "retire"}, capability_post),
    "providers:credential_create": ("get", NOTHING, {}, only({"provider", "unverified_provider"})),
    "providers:credential_edit": ("get", CREDENTIAL, {}, one_of({"provider": 200}, 404)),
    "providers:institute_list": ("get", NOTHING, {}, everyone),
    "providers:institute_detail": ("get", ORGANISATION, {}, institute_page),
    "providers:import_create": ("get", NOTHING, {}, only({"provider"})),
    "providers:import_template": ("get", NOTHING, {}, SIGNED_IN),
    "providers:import_detail": ("get", IMPORT, {}, one_of({"provider": 200}, 404)),
    "providers:import_confirm": ("post", IMPORT, {}, one_of({"provider": 302}, 404)),
    "matching:inbox": ("get", NOTHING, {}, only({"provider"})),
    "matching:need_proposals": ("get", NEED, {}, need_proposals),
    "matching:why_not_me": ("get", NEED, {}, why_not_me),
    "matching:apply": ("post", NEED, {}, apply_for),
    "matching:invite": ("get", NEED, {}, invite_for),
    "matching:proposal_detail": ("get", PROPOSAL, {}, proposal_page),
    "matching:proposal_move": ("post", PROPOSAL, {"name": "propose"}, proposal_post),
    "matching:weight_list": ("get", NOTHING, {}, only({"organiser", "admin"})),
    "matching:weight_activate": (
        "post",
        WEIGHTS,
        {},
        one_of({"organiser": 302, "admin": 302}, 403),
    ),
    "partnerships:ledger_list": ("get", NOTHING, {}, SIGNED_IN),
    "partnerships:ledger_taken": ("get", NOTHING, {}, SIGNED_IN),
    "partnerships:ledger_list_export": ("get", NOTHING, {}, SIGNED_IN),
    "partnerships:ledger_taken_export": ("get", NOTHING, {}, SIGNED_IN),
    "partnerships:ledger_create": ("get", NOTHING, {}, only(ORGANISERS)),
    "partnerships:ledger_import_create": ("get", NOTHING, {}, only(ORGANISERS)),
    "partnerships:ledger_import_template": ("get", NOTHING, {}, SIGNED_IN),
    "partnerships:ledger_import_detail": ("get", LEDGER_IMPORT, {}, one_of({"organiser": 200}, 404)),
    "partnerships:ledger_import_confirm": ("post", LEDGER_IMPORT, {}, one_of({"organiser": 302}, 404)),
    "partnerships:ledger_detail": ("get", ENTRY, {}, ledger_page),
    "partnerships:ledger_edit": ("get", ENTRY, {}, ledger_manage),
    "partnerships:ledger_people": ("get", ENTRY, {}, ledger_manage),
    "partnerships:ledger_assign": ("post", ENTRY, {}, ledger_manage),
    # An empty form comes back with what is missing.
    "partnerships:ledger_finish": ("post", ENTRY, {}, ledger_page),
    "partnerships:ledger_extend": ("post", ENTRY, {}, ledger_page),
    "partnerships:ledger_decide": (
        "post",
        ENTRY,
        {"extension": RANDOM},
        lambda role, entry: SIGN_IN if role == "anonymous" else 404,
    ),
    "partnerships:ledger_move": ("post", ENTRY, {"name": "start"}, ledger_post),
    "ledger-list": ("get", NOTHING, {}, everyone),
    "ledger-export": ("get", NOTHING, {}, everyone),
    "ledger-detail": ("get", ENTRY, {}, api_ledger),
    "ledger-move": (
        "post",
        ENTRY,
        {"name": "start"},
        api_ledger_write(lambda role: 200 if role == "provider" else 403),
    ),
    "ledger-assign": ("post", ENTRY, {}, api_ledger_write(lambda role: 400)),
    "ledger-extensions": ("post", ENTRY, {}, api_ledger_write(lambda role: 400)),
    "ledger-decide": ("post", ENTRY, {"extension": RANDOM}, api_ledger_write(lambda role: 404)),
    "partnerships:task_list": (
        "get",
        NOTHING,
        {},
        anonymous_else({**dict.fromkeys([*ORGANISERS, "reviewer"], 302), "": 200}),
    ),
    "partnerships:confidentiality_list": ("get", NOTHING, {}, SIGNED_IN),
    "partnerships:confidentiality_request": ("post", NEED, {}, need_post),
    "partnerships:confidentiality_detail": ("get", CONFIDENTIALITY, {}, of_confidentiality(200, 200)),
    # Ending needs a reason, so the page comes back with the refusal.
    "partnerships:confidentiality_move": ("post", CONFIDENTIALITY, {"name": "end"}, of_confidentiality(200, 200)),
    "partnerships:agreement_list": ("get", NOTHING, {}, SIGNED_IN),
    "partnerships:agreement_detail": ("get", AGREEMENT, {}, of_docking(200)),
    "partnerships:agreement_edit": ("get", AGREEMENT, {}, by_a_side(200)),
    "partnerships:agreement_move": ("post", AGREEMENT, {"name": "terminate"}, of_docking(302)),
    "partnerships:agreement_create": ("get", DOCKING, {}, by_a_side(200)),
    "partnerships:acceptance_detail": ("get", DOCKING, {}, of_docking(200)),
    # Neither is the work done nor the docking closed.
    "partnerships:acceptance_edit": ("get", DOCKING, {}, by_a_side(302)),
    "partnerships:case_edit": ("get", DOCKING, {}, by_a_side(302)),
    "partnerships:acceptance_mark": ("post", DOCKING, {}, of_docking(200)),
    "partnerships:capability_evidence": ("get", CAPABILITY, {}, capability_page),
    "partnerships:case_list": ("get", NOTHING, {}, everyone),
    "partnerships:case_detail": ("get", CASE, {}, of_docking(200, anonymous=404)),
    "partnerships:case_move": ("post", CASE, {"name": "withdraw"}, of_docking(302)),
    "insights:agreement_sums": ("get", NOTHING, {}, only(ORGANISERS)),
    "agreement-list": ("get", NOTHING, {}, everyone),
    "agreement-detail": ("get", AGREEMENT, {}, of_docking(200, anonymous=404)),
    "agreement-revise": ("post", AGREEMENT, {}, by_a_side(409, anonymous=401)),
    "agreement-move": ("post", AGREEMENT, {"name": "complete"}, by_a_side(409, anonymous=401)),
    "acceptance-list": ("get", NOTHING, {}, everyone),
    "acceptance-detail": ("get", DOCKING, {}, of_docking(200, anonymous=404)),
    "acceptance-mark": ("post", DOCKING, {}, of_docking(400, anonymous=401)),
    "case-list": ("get", NOTHING, {}, everyone),
    "case-detail": ("get", CASE, {}, of_docking(200, anonymous=404)),
    "case-move": ("post", CASE, {"name": "withdraw"}, by_a_side(409, anonymous=401)),
    "partnerships:docking_list": ("get", NOTHING, {}, SIGNED_IN),
    "partnerships:docking_desk": ("get", NOTHING, {}, SIGNED_IN),
    "partnerships:docking_detail": ("get", DOCKING, {}, of_docking(200)),
    "partnerships:docking_ask": ("post", DOCKING, {}, of_docking(200)),
    "partnerships:docking_answer": ("post", DOCKING, {"name": "confirm"}, of_docking(200)),
    "partnerships:contact_create": ("post", DOCKING, {}, of_docking(200)),
    "partnerships:visit_create": ("post", DOCKING, {}, of_docking(200)),
    "partnerships:visit_minutes": ("get", DOCKING, {"contact": part("visit")}, of_docking(200)),
    "partnerships:message_create": ("post", DOCKING, {}, of_docking(200)),
    "partnerships:file_create": ("post", DOCKING, {}, of_docking(200)),
    "partnerships:docking_file": ("get", DOCKING, {"file": part("file")}, of_docking(200)),
    "partnerships:milestone_create": ("post", DOCKING, {}, of_docking(200)),
    "partnerships:milestone_complete": ("post", DOCKING, {"milestone": part("milestone")}, of_docking(302)),
    "partnerships:docking_schedule": ("post", DOCKING, {}, of_docking(200)),
    "partnerships:docking_assign": ("post", DOCKING, {}, of_docking(200)),
    "partnerships:docking_pledge": ("get", DOCKING, {}, of_docking(404)),
    "confidentiality-list": ("get", NOTHING, {}, everyone),
    "confidentiality-detail": ("get", CONFIDENTIALITY, {}, of_confidentiality(200, 200, anonymous=404)),
    "confidentiality-move": (
        "post",
        CONFIDENTIALITY,
        {"name": "end"},
        of_confidentiality(409, 403, anonymous=401),
    ),
    "docking-list": ("get", NOTHING, {}, everyone),
    "docking-detail": ("get", DOCKING, {}, of_docking(200, anonymous=404)),
    "docking-ask": ("post", DOCKING, {}, of_docking(400, anonymous=401)),
    "docking-confirm": ("post", DOCKING, {}, of_docking(409, anonymous=401)),
    "docking-refuse": ("post", DOCKING, {}, of_docking(400, anonymous=401)),
    "docking-withdraw": ("post", DOCKING, {}, of_docking(409, anonymous=401)),
    "docking-contacts": ("get", DOCKING, {}, of_docking(200, anonymous=404)),
    "docking-visits": ("post", DOCKING, {}, of_docking(400, anonymous=401)),
    "docking-minutes": ("post", DOCKING, {"contact": part("visit")}, of_docking(400, anonymous=401)),
    "docking-messages": ("get", DOCKING, {}, of_docking(200, anonymous=404)),
    "docking-files": ("get", DOCKING, {}, of_docking(200, anonymous=404)),
    "docking-upload": ("post", DOCKING, {}, of_docking(415, anonymous=401)),
    "docking-file": ("get", DOCKING, {"file": part("file")}, of_docking(200, anonymous=404)),
    "docking-milestones": ("get", DOCKING, {}, of_docking(200, anonymous=404)),
    "docking-complete": ("post", DOCKING, {"milestone": part("milestone")}, of_docking(200, anonymous=401)),
    "docking-stewards": ("get", DOCKING, {}, of_docking({"organiser": 200, "admin": 200}, anonymous=404)),
    "docking-assign": ("post", DOCKING, {}, of_docking(400, anonymous=401)),
    "docking-pledge": ("post", DOCKING, {}, of_docking(400, anonymous=401)),
    "docking-schedule": ("post", DOCKING, {}, of_docking(400, anonymous=401)),
    "api-root": ("get", NOTHING, {}, everyone),
    "api-match": ("post", NOTHING, {}, lambda role: 400),
    "api-read": ("post", NOTHING, {}, lambda role: 400),
    "api-notice-preferences": ("get", NOTHING, {}, lambda role: 401 if role == "anonymous" else 200),
    "notice-list": ("get", NOTHING, {}, everyone),
    "notice-detail": ("get", NOTICE, {}, lambda role, name: 200 if role == "owner" else 404),
    "notice-read": ("post", NOTICE, {}, lambda role, name: {"anonymous": 401, "owner": 200}.get(role, 404)),
    "notice-read-all": ("post", NOTHING, {}, lambda role: 401 if role == "anonymous" else 200),
    "organisation-list": ("get", NOTHING, {}, everyone),
    "organisation-detail": ("get", ORGANISATION, {}, organisation_page),
    "need-files": ("post", NEED, {}, api_upload),
    "need-file": ("get", FILE, {"file": file_id}, need_file),
    "need-list": ("get", NOTHING, {}, everyone),
    "need-detail": ("get", NEED, {}, need_page),
    "need-confirm": ("post", NEED, {}, api_confirm),
    "need-move": ("post", NEED, {"name": "withdraw"}, api_withdraw),
    "capability-list": ("get", NOTHING, {}, everyone),
    "capability-detail": ("get", CAPABILITY, {}, capability_page),
    "capability-move": ("post", CAPABILITY, {"name": "retire"}, api_retire),
    "proposal-list": ("get", NOTHING, {}, everyone),
    "proposal-detail": ("get", PROPOSAL, {}, api_proposal),
    "proposal-move": ("post", PROPOSAL, {"name": "propose"}, api_propose),
    "challenges:challenge_list": ("get", NOTHING, {}, everyone),
    "challenges:challenge_create": ("get", NOTHING, {}, only(ORGANISERS)),
    "challenges:challenge_copy": ("get", NOTHING, {}, only(ORGANISERS)),
    "challenges:challenge_detail": ("get", CHALLENGES, {}, challenge_page),
    "challenges:challenge_calendar": ("get", CHALLENGES, {}, challenge_page),
    "challenges:challenge_manage": ("get", CHALLENGES, {}, challenge_console),
    "challenges:challenge_edit": ("get", CHALLENGES, {}, challenge_console),
    "challenges:challenge_windows": ("get", CHALLENGES, {}, challenge_console),
    "challenges:criteria_screening": ("get", CHALLENGES, {}, challenge_console),
    "challenges:criteria_solution": ("get", CHALLENGES, {}, challenge_console),
    "challenges:challenge_extend": ("post", CHALLENGES, {}, challenge_console),
    # Cancelling needs a reason.
    "challenges:challenge_move": ("post", CHALLENGES, {"name": "cancel"}, challenge_console),
    "challenge-list": ("get", NOTHING, {}, everyone),
    "challenge-detail": ("get", CHALLENGES, {}, challenge_page),
    "challenge-checklist": ("get", CHALLENGES, {}, api_challenge(403, 200, anonymous=None)),
    # What is sent is empty.
    "challenge-windows": ("put", CHALLENGES, {}, api_challenge(400, 400)),
    "challenge-criteria": ("put", CHALLENGES, {}, api_challenge(400, 400)),
    "challenge-extend": ("post", CHALLENGES, {}, api_challenge(400, 400)),
    "challenge-copy": ("post", CHALLENGES, {}, api_challenge(400, 400)),
    "challenge-move": ("post", CHALLENGES, {"name": "cancel"}, api_challenge(403, 409)),
    "challenges:entry_list": ("get", CHALLENGE, {}, one_of({}, 200)),
    "challenges:entry_create": (
        "get",
        CHALLENGE,
        {},
        one_of(dict.fromkeys([*ENTERPRISE, "stranger"], 200), 302),
    ),
    "challenges:entry_on_behalf": ("get", CHALLENGE, {}, of_entry(200)),
    "challenges:entry_detail": ("get", ENTERED, {}, entry_page),
    "challenges:entry_duplicates": ("get", ENTERED, {}, of_entry(200, 403)),
    "challenges:entry_move": ("post", ENTERED, {"name": "withdraw"}, entry_withdraw),
    "challenges:intake_create": ("get", CHALLENGE, {}, of_entry(200)),
    "challenges:intake_template": ("get", NOTHING, {}, SIGNED_IN),
    "challenges:intake_detail": ("get", INTAKE, {}, of_entry(200)),
    "challenges:intake_confirm": ("post", INTAKE, {}, of_entry(302)),
    "challenges:intake_need": ("get", RECORDED, {}, of_entry(200)),
    "challenges:board": ("get", CHALLENGE, {}, lambda role, name: 200),
    "challenges:board_export": ("get", CHALLENGE, {}, lambda role, name: 200),
    "challenges:board_matches": ("get", CHALLENGE, {}, one_of({"provider": 200}, 403)),
    "challenges:board_item": ("get", ENTERED, {}, item_page),
    "challenges:item_edit": ("get", ENTERED, {}, item_edit),
    "challenges:item_confirm": ("post", ENTERED, {}, of_entry(409, 409)),
    "challenges:item_correct": ("post", ENTERED, {}, item_correct),
    "challenges:item_invite": ("get", ENTERED, {}, of_entry(200)),
    "challenges:expert_edit": ("get", NOTHING, {}, only({"reviewer"})),
    "challenges:tie_create": ("post", NOTHING, {}, only({"reviewer"})),
    "challenges:tie_remove": ("post", TIE, {}, one_of({"reviewer": 302}, 404)),
    "challenges:review_desk": ("get", NOTHING, {}, SIGNED_IN),
    "challenges:review_detail": ("get", REVIEW, {}, of_review(200, 302)),
    "challenges:review_pledge": ("get", REVIEW, {}, of_review(200, 200)),
    # None of these reviews is of a solution.
    "challenges:review_file": ("get", REVIEW, {"file": RANDOM}, of_review(404, 404)),
    # A recusal without a reason comes back with what is missing.
    "challenges:review_recuse": ("post", REVIEW, {}, of_review(200, 302)),
    "challenges:review_list": ("get", CHALLENGES, {}, challenge_console),
    "challenges:review_assign": ("post", CHALLENGES, {}, challenge_console),
    "challenges:review_remind": ("post", CHALLENGES, {}, of_runners(302, anonymous=SIGN_IN)),
    "challenges:review_remove": ("post", REVIEW, {}, of_runners(302, anonymous=SIGN_IN)),
    "challenges:review_results": ("get", CHALLENGES, {}, challenge_console),
    "challenges:waiver_create": (
        "post",
        ENTERED,
        {},
        one_of({"admin": 302, **dict.fromkeys([*ENTERPRISE, "organiser"], 403)}, 404),
    ),
    "challenges:solution_reviews": ("get", CHALLENGES, {}, challenge_console),
    "challenges:solution_review_assign": ("post", CHALLENGES, {}, challenge_console),
    "challenges:solution_review_remind": ("post", CHALLENGES, {}, of_runners(302, anonymous=SIGN_IN)),
    "challenges:solution_results": ("get", CHALLENGES, {}, challenge_console),
    "challenges:solution_waive": ("post", SIGNED, {}, one_of({"admin": 302, "organiser": 403}, 404)),
    # What is refused comes back as a page that says why.
    "challenges:solution_shortlist": ("post", SIGNED, {"name": "shortlist"}, of_runners(200, anonymous=SIGN_IN)),
    "challenges:finals": ("get", CHALLENGES, {}, challenge_console),
    "challenges:finals_draw": ("post", CHALLENGES, {}, challenge_console),
    "challenges:finals_marks": ("post", CHALLENGES, {}, challenge_console),
    "challenges:finals_read": ("post", CHALLENGES, {}, challenge_console),
    "challenges:finals_sheet": ("get", CHALLENGES, {}, challenge_console),
    "challenges:finals_export": ("get", CHALLENGES, {}, challenge_console),
    "challenges:entry_decide": ("post", ENTERED, {"name": "select"}, of_entry(200)),
    "challenges:entry_results": ("get", ENTERED, {}, entry_results(SIGN_IN)),
    "challenges:solution_create": ("post", ENTERED, {}, solving),
    "challenges:solution_mine": ("get", NOTHING, {}, SIGNED_IN),
    "challenges:solution_list": ("get", CHALLENGES, {}, challenge_console),
    "challenges:solution_detail": ("get", SOLUTION, {}, of_solver(200)),
    # Solutions are not asked for yet: all that would change one leads back to its page with the reason.
    "challenges:solution_edit": ("get", SOLUTION, {}, of_solver(302)),
    "challenges:solution_price": ("post", SOLUTION, {}, of_solver(302)),
    "challenges:solution_file_create": ("post", SOLUTION, {}, of_solver(302)),
    "challenges:solution_partner_create": ("post", SOLUTION, {}, of_solver(302)),
    "challenges:solution_move": ("post", SOLUTION, {"name": "withdraw"}, of_solver(409)),
    "challenges:solution_file": ("get", SOLUTION, {"file": part("file")}, of_solver(200)),
    "challenges:solution_file_remove": ("post", SOLUTION, {"file": part("file")}, of_solver(302)),
    "challenges:solution_partner_remove": ("post", SOLUTION, {"partner": part("partner")}, of_solver(302)),
    "challenges:solution_join": ("post", SOLUTION, {}, of_solver(404)),
    "solution-list": ("get", NOTHING, {}, everyone),
    "solution-detail": ("get", SOLUTION, {}, of_solver(200, anonymous=404)),
    "solution-move": ("post", SOLUTION, {"name": "withdraw"}, of_solver(409, anonymous=401)),
    "solution-price": ("post", SOLUTION, {}, of_solver(400, anonymous=401)),
    "solution-co-applicants": ("post", SOLUTION, {}, of_solver(400, anonymous=401)),
    "solution-co-applicant": (
        "delete",
        SOLUTION,
        {"co_applicant": part("partner")},
        of_solver(409, anonymous=401),
    ),
    "solution-join": ("post", SOLUTION, {}, of_solver(404, anonymous=401)),
    "solution-upload": ("post", SOLUTION, {}, of_solver(415, anonymous=401)),
    "solution-file": ("get", SOLUTION, {"file": part("file")}, of_solver(200, anonymous=404)),
    "solution-counts": ("get", NOTHING, {"challenge": RANDOM}, lambda role: 404),
    "challenges:decision_list": ("get", [*CHALLENGES, *TRACKED], {}, challenge_console),
    "challenges:decision_export": ("get", TRACKED, {"kind": "xlsx"}, challenge_console),
    # Nothing is chosen or answered: the page comes back with what is missing.
    "challenges:decision_save": ("post", SIGNED, {}, of_runners(200, anonymous=SIGN_IN)),
    "challenges:decision_amend": ("post", DECISION, {}, of_runners(200, anonymous=SIGN_IN)),
    "challenges:objection_answer": ("post", OBJECTION, {}, of_runners(200, anonymous=SIGN_IN)),
    "challenges:objection_create": ("post", ANNOUNCED, {}, objections_page),
    "challenges:objection_list": ("get", ANNOUNCED, {}, objections_page),
    "challenges:announcement": ("get", ANNOUNCED, {}, announced_page),
    "challenges:announcement_export": ("get", ANNOUNCED, {"kind": "docx"}, announced_page),
    "challenges:board_document_export": ("get", CHALLENGE, {"kind": "docx"}, lambda role, name: 200),
    "challenges:solution_outcome": ("get", SIGNED, {}, of_bodies(200)),
    "challenges:certificate_export": ("get", CERTIFICATE, {}, of_bodies(200)),
    "challenges:certificate_check": ("get", NOTHING, {}, everyone),
    "decision-list": ("get", NOTHING, {}, everyone),
    "decision-detail": ("get", DECISION, {}, of_runners(200)),
    "decision-amend": ("post", DECISION, {}, of_runners(400, anonymous=401)),
    "objection-list": ("get", NOTHING, {}, everyone),
    "objection-detail": ("get", OBJECTION, {}, of_objector(200, 200, anonymous=404)),
    "objection-reply": ("post", OBJECTION, {}, of_objector(400, 400, anonymous=401)),
    "solution-outcome-list": ("get", NOTHING, {}, everyone),
    "solution-outcome-detail": ("get", SIGNED, {}, of_bodies(200, anonymous=404)),
    "certificate-list": ("get", NOTHING, {}, everyone),
    "certificate-detail": ("get", NOTHING, {"number": "ZS-2222-3333-4444"}, everyone),
    "api-announcement": ("get", ANNOUNCED, {}, announced_page),
    "challenges:signing": ("get", CHALLENGES, {}, challenge_console),
    # Nobody is named as steward.
    "challenges:solution_sign": ("post", SIGNED, {}, of_runners(200, anonymous=SIGN_IN)),
    "challenges:solution_steward": ("post", SIGNED, {}, of_runners(200, anonymous=SIGN_IN)),
    "challenges:follow_up_list": ("get", TRACKED, {}, of_docking(200)),
    "challenges:follow_up_desk": ("get", NOTHING, {}, SIGNED_IN),
    "challenges:follow_up_edit": (
        "get",
        FOLLOW_UP,
        {},
        of_docking({**dict.fromkeys(RUNNERS, 200), **dict.fromkeys(ENTERPRISE, 403)}),
    ),
    "challenges:report": ("get", TRACKED, {}, of_runners(200, anonymous=SIGN_IN)),
    "challenges:report_export": ("get", TRACKED, {"kind": "docx"}, of_runners(200, anonymous=SIGN_IN)),
    "signing-list": ("get", NOTHING, {}, everyone),
    "signing-detail": ("get", SIGNED, {}, of_runners(200)),
    "signing-stewards": ("get", SIGNED, {}, of_runners(200)),
    "signing-sign": ("post", SIGNED, {}, of_runners(400, anonymous=401)),
    "signing-steward": ("post", SIGNED, {}, of_runners(400, anonymous=401)),
    "follow-up-list": ("get", NOTHING, {}, everyone),
    "follow-up-detail": ("get", FOLLOW_UP, {}, of_docking(200, anonymous=404)),
    "api-challenge-funnel": ("get", CHALLENGES, {}, funnel_page),
    "api-challenge-report": (
        "get",
        TRACKED,
        {"kind": "docx"},
        lambda role, name: 200 if role in RUNNERS else 403,
    ),
    "review-list": ("get", NOTHING, {}, everyone),
    "review-detail": ("get", REVIEW, {}, of_review(200, 200, anonymous=404)),
    "review-lock": ("post", REVIEW, {}, of_review(409, 409, anonymous=401)),
    "review-recuse": ("post", REVIEW, {}, of_review(409, 409, anonymous=401)),
    "review-pledge": ("get", REVIEW, {}, of_review(200, 200, anonymous=404)),
    "assignment-list": ("get", NOTHING, {}, everyone),
    "assignment-detail": ("get", REVIEW, {}, of_runners(200)),
    "assignment-remove": ("post", REVIEW, {}, of_runners(409, anonymous=401)),
    "assignment-proposals": ("get", NOTHING, {"challenge": RANDOM}, lambda role: 404),
    "waiver-list": ("get", NOTHING, {}, everyone),
    "waiver-detail": ("get", WAIVER, {}, of_runners(200)),
    "api-finals": ("get", CHALLENGES, {}, of_runners(200)),
    "api-finals-draw": ("post", CHALLENGES, {}, of_runners(409, anonymous=401)),
    "api-review-results": ("get", CHALLENGES, {}, of_runners(200)),
    "api-entry-results": ("get", ENTERED, {}, entry_results(404)),
    "entry-list": ("get", NOTHING, {}, everyone),
    "entry-detail": ("get", ENTERED, {}, of_entry(200, 200, anonymous=404)),
    "entry-move": ("post", ENTERED, {"name": "withdraw"}, api_entry_withdraw),
    "entry-board": ("put", ENTERED, {}, of_entry(400, 400, anonymous=401)),
    "entry-confirm": ("post", ENTERED, {}, of_entry(400, 400, anonymous=401)),
    "entry-duplicates": ("get", ENTERED, {}, of_entry(200, 403, anonymous=404)),
    "entry-corrigenda": ("post", ENTERED, {}, of_entry(400, 400, anonymous=401)),
    "entry-invitations": ("post", ENTERED, {}, of_entry(400, 400, anonymous=401)),
    "board-item-list": ("get", NOTHING, {}, everyone),
    "board-item-detail": ("get", ENTERED, {}, item_page),
    "invitation-list": ("get", NOTHING, {}, everyone),
    "invitation-detail": (
        "get",
        INVITATION,
        {},
        lambda role, name: 200 if role in RUNNERS | {"provider"} else 404,
    ),
}
# Tools, not records: they are the same for everybody.
APART = {"api-schema", "api-docs"}


def addresses(patterns, namespace=""):
    """The names of all addresses below; the administration has tests of its own."""
    for pattern in patterns:
        if not hasattr(pattern, "url_patterns"):
            yield f"{namespace}{pattern.name}"
        elif pattern.namespace != "admin":
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from addresses(pattern.url_patterns, inner)


def test_every_address_has_an_entry():
    assert set(addresses(get_resolver().url_patterns)) == ANSWERS.keys() | APART


@pytest.fixture
def visit(world):
    """Ask an address as a role."""

    def ask(role, address, method="get", data=None, **extra):
        client = Client(raise_request_exception=False)
        client.cookies = world.cookies[role].copy()
        if method != "get" and address.startswith("/api/"):
            extra["content_type"] = "application/json"
        answer = getattr(client, method)(address, data, **extra)
        # A download can be read but once.
        return HttpResponse(answer.getvalue(), headers=answer.headers) if answer.streaming else answer

    return ask


def record_of(world, record):
    if "status" in record:
        return world.needs[record["level"], record["status"]]
    if "entry" in record:
        return world.entries[record["entry"]]
    if "capability" in record:
        return world.proposals[record["level"], record["capability"]]
    return world.records[record["name"]]


def address_of(name, record, rest, pk):
    """The address; what in its rest depends on the record is given by a function of its id and kind."""
    rest = {key: value(pk, record.get("kind", "open")) if callable(value) else value for key, value in rest.items()}
    return reverse(name, kwargs={**({"pk": pk} if record else {}), **rest})


@pytest.mark.parametrize("name", ANSWERS)
def test_who_gets_which_answer(name, visit, world):
    method, records, rest, rule = ANSWERS[name]
    found, expected = {}, {}
    for role in ROLES:
        for record in records:
            pk = record_of(world, record).pk if record else None
            key = (role, *record.values())
            # A step that is taken would change what the next role finds.
            with taken_back():
                found[key] = visit(role, address_of(name, record, rest, pk), method).status_code
            expected[key] = rule(role, **record)
    assert found == expected


@pytest.mark.parametrize("name", [name for name, (_, records, _, _) in ANSWERS.items() if records != NOTHING])
def test_what_is_hidden_answers_like_what_does_not_exist(name, visit, world):
    method, records, rest, rule = ANSWERS[name]
    for role in OUTSIDERS:
        unknown = None
        for record in records:
            if rule(role, **record) != 404:
                continue
            pk = record_of(world, record).pk
            unknown = unknown or neutral(visit(role, address_of(name, record, rest, RANDOM), method), RANDOM)
            assert neutral(visit(role, address_of(name, record, rest, pk), method), pk) == unknown


@contextmanager
def taken_back():
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


TOKENS = re.compile(rb'(name="csrfmiddlewaretoken" value=)"[^"]*"')


def neutral(response, *ids):
    """Status, headers and bytes without what differs from request to request, and without the ids asked for."""
    body = TOKENS.sub(rb"\1", response.content)
    for pk in ids:
        body = body.replace(str(pk).encode(), b"<id>")
    headers = {name: value for name, value in response.headers.items() if name not in {"Content-Length"}}
    location = headers.pop("Location", "")
    for pk in ids:
        location = location.replace(str(pk), "<id>")
    return response.status_code, headers, location, body


# Words that only a confidential or a hidden need holds; tests of the filters go through all fields.
SEARCHES = [
    {"q": word}
    for word in (
        "qtitle2published",
        "qobject2published",
        "qpublictext2published",
        "qpublictitle2published",
        "qpublictitle3published",
        "qpublictitle1draft",
        "qfirm",
    )
]
# Every list and figure, and each way to ask it for something secret.
LISTS = {
    "home": [],
    "needs:list": [*SEARCHES, {"mode": "online"}, {"budget": "20"}, {"budget": "5"}, {"discipline": "geometry"}],
    "providers:capability_list": SEARCHES[:1],
    "providers:institute_list": [],
    "providers:mine": [],
    "needs:mine": SEARCHES[:1],
    "needs:desk": [*SEARCHES[:1], {"status": "submitted"}],
    "accounts:profile": [],
    "accounts:organisation_desk": [],
    "notices:list": [{"kind": "account"}, {"unread": "yes"}],
    "notice-list": [{"kind": "account"}, {"unread": "yes"}],
    "partnerships:task_list": [],
    "partnerships:agreement_list": [{"kind": "service"}, {"status": "drafted"}, {"counted": "yes"}],
    "partnerships:case_list": [{"q": "qcase1"}],
    "insights:agreement_sums": [],
    "agreement-list": [{"kind": "service"}, {"status": "drafted"}, {"region": "310000"}],
    "acceptance-list": [],
    "case-list": [{"q": "qcase2"}],
    "partnerships:docking_desk": [],
    "partnerships:docking_list": [{"waiting": "yes"}, {"status": "exchange"}, {"side": "provider"}, {"state": "open"}],
    "partnerships:confidentiality_list": [{"status": "requested"}],
    "docking-list": [{"waiting": "yes"}, {"status": "exchange"}, {"side": "enterprise"}, {"state": "stale"}],
    "confidentiality-list": [{"status": "requested"}],
    "matching:inbox": [
        *SEARCHES[:1],
        *SEARCHES[3:5],
        *({"turn": turn} for turn in ("ours", "theirs", "mutual", "declined", "expired")),
        *({"verdict": verdict} for verdict in ("pass", "partial", "fail", "unknown")),
        {"unread": "yes"},
        {"discipline": "geometry"},
    ],
    "need-list": [
        *SEARCHES,
        {"mode": "online"},
        {"budget": "20"},
        {"budget": "5"},
        {"status": "draft"},
        {"ordering": "-budget_high"},
        {"page": "2", "page_size": "1"},
    ],
    "challenges:challenge_list": [],
    "challenge-list": [{"status": "draft"}, {"page_size": "1"}],
    "entry-list": [*SEARCHES, {"status": "entered"}, {"confirmed": "no"}],
    "board-item-list": [*SEARCHES, {"budget": "20"}],
    "invitation-list": [],
    "challenges:review_desk": [],
    "challenges:solution_mine": [{"q": "qsolution"}, {"status": "draft"}],
    "solution-list": [{"q": "qsolution"}, {"status": "draft"}],
    "decision-list": [{"outcome": "selected"}],
    "objection-list": [{"is_answered": "false"}],
    "solution-outcome-list": [],
    "certificate-list": [],
    "review-list": [],
    "assignment-list": [{"status": "assigned"}, {"stage": "solution"}],
    "waiver-list": [],
    "challenges:follow_up_desk": [],
    "signing-list": [],
    "follow-up-list": [{"open": "true"}, {"state": "on_track"}],
    "partnerships:ledger_list": [*SEARCHES, {"source": "need"}, {"region": "310000"}, {"status": "open"}],
    "partnerships:ledger_taken": [*SEARCHES, {"source": "need"}, {"due": "soon"}, {"due": "overdue"}],
    "ledger-list": [*SEARCHES, {"list": "asked"}, {"list": "taken"}, {"status": "open"}, {"page_size": "1"}],
    "organisation-list": [{"region": "310000"}, {"kind": "enterprise"}],
    "capability-list": [],
    "proposal-list": [{"page_size": "1"}],
}


# A query is asked as htmx asks it: the long filter form beside the table does not depend on what is found.
ONLY_THE_TABLE = {"HX-Request": "true", "HX-Target": "need-table"}


def everything_read(world, visit, role) -> dict:
    """All that a role can read: the answers by address and query."""
    lists = [(reverse(name), query) for name, queries in LISTS.items() for query in [{}, *queries]]
    lists += [(reverse("proposal-list"), {"need": str(world.needs[level, "published"].pk)}) for level in LEVELS]
    pages = [(address, {}) for address in readable_pages(world, role)]
    return {
        (address, *query.items()): visit(role, address, data=query, headers=ONLY_THE_TABLE if query else None)
        for address, query in lists + pages
    }


def readable_pages(world, role):
    """Every page and endpoint of a single record that answers this role, without the forms of one's own.

    A sheet holds the time it was written, and is read in the tests of its own.
    """
    for name, (method, records, rest, rule) in ANSWERS.items():
        for record in records:
            is_page = method == "get" and record and not name.endswith(("edit", "export", "sheet"))
            if is_page and rule(role, **record) == 200:
                yield address_of(name, record, rest, record_of(world, record).pk)


def ids(world):
    return {key: need.pk for key, need in world.needs.items()}


def allowed_markers(role) -> set[str]:
    """The words this role may find somewhere."""
    if role in ENTERPRISE:
        return {word for level in LEVELS for status in STATES for word in markers(level, status)}
    if role in {"organiser", "admin"}:
        return {word for level in LEVELS for status in STATES if status != "draft" for word in markers(level, status)}
    words = (*LINES, *PUBLIC_TEXT, *PUBLIC_TITLE)
    return markers(1, "published", words) | markers(2, "published", PUBLIC_TITLE)


@pytest.mark.parametrize("role", ROLES)
def test_no_page_and_no_endpoint_says_more_than_it_may(role, world, visit):
    every_word = {word for level in LEVELS for status in STATES for word in markers(level, status)}
    every_word = {word for word in every_word if not word.startswith("qfirm")}
    forbidden = every_word - allowed_markers(role)
    secrets = {word.encode() for word in forbidden}
    if role in OUTSIDERS:
        secrets |= {b"qfirm", b"13812345678", b"187654", b"120001", b"18.7654", b"12.0001"}
        secrets |= {b"qdraftchallenge", b"qexpert", b"qreviewcomment", b"qreviewreason"}
        secrets |= {b"qmilestone", b"qmessage", b"qdockingfile"}
        secrets |= {b"qagreement", b"qconclusion", b"qcase", b"987654.32", b"98.765432"}
    if role not in {*RUNNERS, "provider"}:
        secrets |= {b"qdecision"}
    if role not in {*RUNNERS, "stranger"}:
        secrets |= {b"qobjection"}
    secrets |= {b"386123", b"38.6123"} | (set() if role == "provider" else {b"qsolution"})
    leaks = {}
    for key, response in everything_read(world, visit, role).items():
        # The searched word stands in the search field again, and nowhere else.
        asked = dict(key[1:]).get("q", "").encode()
        text = (
            response.content.replace(b'value="%s"' % asked, b"").replace(b"q=%s" % asked, b"")
            if asked
            else (response.content)
        )
        if found := {secret.decode() for secret in secrets if secret in text}:
            leaks[key] = found
    assert leaks == {}


@pytest.mark.parametrize("role", INSIDERS)
def test_insiders_do_find_what_is_theirs(role, world, visit):
    """The words are really there: otherwise their absence elsewhere would prove nothing."""
    shown = b"".join(
        visit(role, world.needs[level, status].get_absolute_url()).content
        for level in LEVELS
        for status in STATES
        if sees(role, level, status)
    ).decode()
    shown_words = (*(word for word in WITHHELD if word != "qfirm"), *LINES)
    kept = {word for word in allowed_markers(role) if word.startswith(shown_words)}
    assert {word for word in kept if word not in shown} == set()


def test_the_figures_count_only_what_everybody_sees(world, visit):
    page = visit("admin", "/")
    figures = page.context["figures"]
    assert figures["needs"] == 2
    assert figures["served"] <= 1


@pytest.mark.parametrize("role", ["provider"])
def test_the_inbox_holds_public_needs_and_those_passed_on(role, world, visit):
    page = visit(role, reverse("matching:inbox")).context["page"]
    assert [(need.level, proposal.capability.title, proposal.among) for proposal, need in page.object_list] == [
        (1, "坐标测量机", 2),
        (2, "坐标测量机", 1),
    ]
    assert visit(role, "/").context["inbox_unread"] == 2


def test_the_administration_shows_what_one_may_see_in_full(world, visit):
    """Staff who may look at every table, but organise nothing, find no need in it."""
    found = {}
    for role in ("staff", "admin"):
        for model in admin.site._registry:
            name = f"{model._meta.app_label}_{model._meta.model_name}"
            response = visit(role, reverse(f"admin:{name}_changelist"))
            assert response.status_code == 200
            for key in world.needs:
                if f"qtitle{key[0]}{key[1]}".encode() in response.content:
                    found.setdefault((role, model._meta.model_name), set()).add(key)
            pks = [need.pk for need in world.needs.values()] if model is Need else []
            opened = {pk for pk in pks if visit(role, reverse(f"admin:{name}_change", args=[pk])).status_code == 200}
            assert opened == {pk for key, pk in ids(world).items() if role == "admin" and key[1] != "draft"} & set(pks)
    submitted = {(level, status) for level in LEVELS for status in STATES if status != "draft"}
    published = {(level, "published") for level in LEVELS}
    assert found == {("admin", "need"): submitted, ("admin", "proposal"): published}


@pytest.mark.parametrize("role", ["anonymous", "owner", "provider", "stranger", "organiser"])
def test_only_staff_enters_the_administration(role, visit):
    assert visit(role, "/admin/needs/need/").status_code == 302


def test_the_pages_and_the_api_show_the_same_needs(world, visit):
    for role in ROLES:
        through_api = {need["id"] for need in visit(role, "/api/v1/needs/?page_size=100").json()["results"]}
        assert through_api == {str(pk) for key, pk in ids(world).items() if sees(role, *key)}


def test_the_models_agree_with_the_matrix(world):
    """`visible_to` is the one method: what it gives is what the addresses above answer for."""
    for role in ROLES:
        user = world.fresh(role)
        assert set(Need.objects.visible_to(user).values_list("pk", flat=True)) == {
            pk for key, pk in ids(world).items() if sees(role, *key)
        }
        assert set(Capability.objects.visible_to(user).filter(status="draft")) == (
            {world.records["draft_capability"]} if role == "provider" else set()
        )
