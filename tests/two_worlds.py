"""Two worlds that differ only in what is confidential: what it says, that it exists, and how much there is of it.

Both are built by the steps of `tests.world` under the same clock and the same stream of ids, so that what both hold has
the same id and the same times. World B keeps other secrets, and more of them.
"""

import random
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import time_machine
from django.apps import apps
from django.core.cache import cache
from django.core.management.color import no_style
from django.db import connection, transaction
from django.utils import timezone

import tests.world as steps
from accounts.mail import write_digests
from accounts.models import Organisation
from accounts.services import found_organisation, register_user, verify_organisation
from challenges.services.entries import enter_need
from matching.services import propose_for_need
from needs.models import Need
from needs.services import create_need
from partnerships.models import Acceptance, Agreement, CaseStudy, DockingFile, LedgerEntry, Message, Milestone
from partnerships.services.agreements import draft_agreement
from partnerships.services.confidentiality import request_confidentiality
from partnerships.services.dockings import add_milestone, log_contact, write_message
from partnerships.services.ledger import add_entry_for_need
from providers.services import create_capability, move_capability
from tests.conftest import PASSWORD, attach, credit_code
from tests.world import LEVELS, STATES, World

BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)
# A need that nobody but its own people knows of: every one but the published ones of level 1 and 2.
KNOWN = {(1, "published"), (2, "published")}
HIDDEN = [(level, status) for level in LEVELS for status in STATES if (level, status) not in KNOWN]
# Everybody reads the lines and the public text of this one.
OPEN = (1, "published")
# The steps of the world, in whatever order it takes them.
STEPS = {
    name: step
    for name, step in vars(steps).items()
    if getattr(step, "__module__", "") == steps.__name__ and name.startswith(("add_", "sign_in"))
}


@contextmanager
def world_under_the_clock(*, is_other: bool):
    """World A, or the other world B, as long as the block lasts; then nothing is left of it."""
    cache.clear()
    with time_machine.travel(BEGIN, tick=False) as clock, transaction.atomic():
        begin_to_count()
        yield build_world(clock, is_other=is_other)
        transaction.set_rollback(True)


def begin_to_count():
    """Have numbered ids go on from what is stored; what a world that was taken back has used up is free again."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), apps.get_models()):
            cursor.execute(statement)


@contextmanager
def ids_from(name: str):
    """Random ids that are the same whenever they are drawn under this name."""
    with patch("uuid.os.urandom", random.Random(name).randbytes):
        yield


def build_world(clock, *, is_other: bool) -> World:
    """The world of `tests.world`, step by step; in world B each need is other, and each step leaves more secrets."""

    def timed(name, do):
        def step(world, *arguments):
            clock.shift(timedelta(minutes=10))
            title = " ".join(map(str, (name, *arguments)))
            if is_other and name == "sign_in":
                with ids_from("secrets"):
                    change_secrets(world)
            with ids_from(title):
                do(world, *arguments)
            if title == "add_proposals":
                with ids_from("rival"):
                    add_rival(world)
            if is_other and title in MORE:
                with ids_from(f"{title}, more"):
                    MORE[title](world)

        return step

    with ExitStack() as patches:
        for name, do in STEPS.items():
            do = add_other_need if is_other and name == "add_need" else do
            patches.enter_context(patch.object(steps, name, timed(name, do)))
        world = steps.build_world()
    # The next morning everybody is told by mail.
    clock.shift(timedelta(days=1))
    with ids_from("mails"):
        write_digests(timezone.now())
    return world


def add_rival(world: World):
    """An institute that the matcher finds for every need, and that nobody has brought together with one."""
    rival = world.users["rival"] = register_user(email="rival@example.com", password=PASSWORD, name="rival")
    code = credit_code(Organisation.objects.count() + 1)
    body = found_organisation(founder=rival, name="另一计量院", kind="institute", region="330000", credit_code=code)
    verify_organisation(body, actor=world.users["admin"])
    row = {"measurand": "长度示值误差", "codes_text": "JJF 1064", "range_text": "(0~1000) mm"}
    lines = [{**row, "uncertainty_text": "U=0.5 μm (k=2)"}]
    capability = create_capability(
        author=rival, organisation=body, title="另一台测量机", discipline="geometry", lines=lines
    )
    move_capability(capability, "publish", actor=rival)
    for level in LEVELS:
        propose_for_need(world.needs[level, "published"])


def add_other_need(world: World, level, status):
    """The need of world A with other secrets; what anybody may know of it stays."""

    def create(**fields):
        return create_need(**{**fields, **other_fields(fields, level, status)})

    def put(need, name, *, is_public, **fields):
        if is_public and (level, status) == OPEN:
            return attach(need, name, is_public=is_public, **fields)
        return attach(need, f"zother{name}", is_public=is_public, **{**fields, "content": "zothercontent " * 7})

    with patch("tests.world.create_need", create), patch("tests.world.attach", put):
        STEPS["add_need"](world, level, status)


def other_fields(fields, level, status) -> dict:
    """Other values for what is kept from those who are not entitled to this need."""
    mark = f"z{level}{status}"
    others = dict.fromkeys(["problem", "background", "current_state", "goal", "measures_taken", "ownership"], mark)
    others |= {"title": f"压力变送器 {mark}title", "difficulties": "", "sample": "", "acceptance": f"{mark}accept"}
    others |= {"contact_name": f"{mark}name", "contact_phone": "13987654321", "contact_email": f"{mark}@example.com"}
    # Within the band that everybody sees.
    others |= {"budget_low": 60_006, "budget_high": 76_543}
    if (level, status) == OPEN:
        return others
    [line] = fields["lines"]
    words = {"object_name": f"{mark}object", "range_text": "0~250 mm", "accuracy_text": f"±3 μm {mark}accuracy"}
    others |= {"lines": [{**line, **words, "conditions_text": f"{mark}conditions", "codes_text": "", "mode": "lab"}]}
    others |= {"public_text": f"坐标测量机校准 {mark}publictext", "cooperation": [], "credentials": []}
    others |= {"category": "device", "urgency": "urgent", "shows_contact": True}
    if (level, status) in KNOWN:
        return others
    others |= {"is_anonymous": False}
    others |= {"public_title": f"压力变送器 {mark}publictitle", "discipline": "mechanics", "budget_high": 3_456_789}
    return others


def add_needs(world: World):
    """More needs that only their own people know of, one of each kind."""
    more = World(users=world.users, records=world.records)
    for level, status in HIDDEN:
        add_other_need(more, level, status)
        world.needs[level, f"more {status}"] = more.needs[level, status]


def more_published(world: World) -> list[Need]:
    return [world.needs[3, "more published"]]


def add_proposals(world: World):
    for need in more_published(world):
        propose_for_need(need)


def add_to_dockings(world: World):
    owner, today = world.fresh("owner"), timezone.localdate()
    for level in (1, 2):
        docking = world.records[f"docking{level}"]
        for number in range(3):
            write_message(docking, actor=owner, text=f"zmessage{number}")
            add_milestone(docking, actor=owner, title=f"zmilestone{number}", due_on=today)
        log_contact(docking, actor=owner, held_on=today, people="zpeople", conclusion="zconclusion", next_on=today)
    partner = world.records["docking2"].institute
    member = partner.memberships.get().user
    request_confidentiality(Need.objects.get(pk=world.needs[2, "published"].pk), partner, actor=member)


def add_agreements(world: World):
    for level in (1, 2):
        docking = world.records[f"docking{level}"]
        draft_agreement(docking, actor=world.fresh("owner"), title="zagreement", contract_amount=1234)


def add_entries(world: World):
    for need in more_published(world):
        add_entry_for_need(need, actor=world.users["organiser"])


def enter_needs(world: World):
    for need in more_published(world):
        enter_need(world.records["challenge"], need, actor=world.fresh("owner"), consents=True)


# What world B holds more of, by the step after which it is added.
MORE = {
    "add_need 2 submitted": add_needs,
    "add_proposals": add_proposals,
    "add_dockings": add_to_dockings,
    "add_agreements": add_agreements,
    "add_ledger": add_entries,
    "add_challenge": enter_needs,
}


def change_secrets(world: World):
    """Other words and sums in what belongs to the two sides of a docking."""
    Message.objects.update(text="zothermessage")
    Milestone.objects.update(title="zothermilestone")
    DockingFile.objects.update(name="zotherfile.txt", size=3)
    Agreement.objects.update(title="zotheragreement", contract_amount=7654321)
    Acceptance.objects.update(conclusion="zotherconclusion")
    CaseStudy.objects.update(title="zothercase", problem="zothercase", solution="", benefit="zothercase")
    LedgerEntry.objects.filter(need=world.needs[3, "published"]).update(title="zotherentry")
