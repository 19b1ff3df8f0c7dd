"""Every main page, wide and narrow, light and dark: accessible, within the screen, and with a title of its own."""

from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.files.base import ContentFile
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from core.files import check_upload
from matching.services import move_proposal
from partnerships.models import Docking, LedgerEntry
from partnerships.services.confidentiality import request_confidentiality
from partnerships.services.dockings import (
    add_file,
    add_milestone,
    ask_stage,
    assign_steward,
    log_contact,
    plan_visit,
    write_message,
)
from partnerships.services.ledger import add_entry, ask_extension, assign_entry
from partnerships.services.ledger_import import start_import as start_ledger_import
from providers.imports import start_import
from providers.models import ScopeImport
from tests.partnerships.test_ledger_sheets import NEW, sheet
from tests.providers.scope_files import CALIPER, GAUGE, HEADING, xlsx_file

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGES = {
    "nobody": [
        "/",
        "/needs/",
        "/needs/?q=没有这样的需求",
        "{public}",
        "{secret}",
        "/capabilities/",
        "{capability}",
        "/institutes/",
        "/institutes/{institute}/",
        "/accounts/login/",
        "/accounts/signup/",
        "/accounts/password/reset/",
    ],
    "owner": [
        "/next/",
        "/dockings/",
        "{docking}",
        "/confidentiality/",
        "{confidentiality}",
        "/needs/mine/",
        "/needs/new/",
        "{draft}edit/1/",
        "{draft}edit/2/",
        "{draft}edit/3/",
        "{draft}",
        "{public}",
        "/matching/needs/{need}/",
        "/accounts/me/",
        "/notices/",
        "/notices/?kind=ledger",
        "/notices/preferences/",
        "/accounts/organisations/new/",
    ],
    "provider": [
        "/next/",
        "{docking}",
        "{visit}",
        "{confidentiality}",
        "/capabilities/mine/",
        "/capabilities/new/service/",
        "/capabilities/new/research/",
        "{capability}edit/",
        "/credentials/new/",
        "/imports/new/",
        "{import}",
        "{import}?show=problems",
        "/matching/inbox/",
        "{proposal}",
        "/matching/needs/{need}/why-not-me/",
        "{entry}",
    ],
    "organiser": [
        "/dockings/desk/",
        "{docking}",
        "/needs/desk/",
        "{submitted}",
        "{secret}",
        "/accounts/organisations/desk/",
        "/accounts/organisations/{waiting}/",
        "/ledger/",
        "/ledger/taken/",
        "/ledger/new/",
        "/ledger/import/",
        "{sheet}",
        "{entry}",
        "{entry}edit/",
    ],
    "reviewer": [
        "{pledge}",
        "/dockings/desk/",
    ],
}
LOOKS = [(1280, "light"), (390, "dark")]
LONG = "半导体外延设备用质量流量控制器、电容薄膜真空计与高压屏蔽线束转移阻抗测试系统的现场校准及不确定度评定"


@pytest.fixture
def places(people, new_need, new_capability, new_organisation, credential, provider, institute):
    """A little of everything, with long words, and the addresses under which it is found."""
    capability = new_capability(credential=credential)
    public = new_need("published", title=LONG, public_title=LONG)
    secret = new_need("published", title="保密的", public_title="保密的", level=2)
    draft = new_need("draft", title="还在写的", problem="三坐标 0~500 mm，允许误差 ±(1.5+L/350) μm。" * 20)
    submitted = new_need("submitted", title="刚提交的")
    table = xlsx_file(HEADING, CALIPER, GAUGE, [LONG, "长度", "", "见附件", "#REF!", ""])
    table.name = "能力附表.xlsx"
    start_import(author=provider, organisation=institute, file=ContentFile(table.read(), table.name))
    docking = new_busy_docking(people, new_need)
    visit = reverse("partnerships:visit_minutes", args=[docking.pk, docking.contacts.get(held_on=None).pk])
    return {
        "docking": docking.get_absolute_url(),
        "visit": visit,
        "pledge": reverse("partnerships:docking_pledge", args=[docking.pk]),
        "confidentiality": request_confidentiality(secret, institute, actor=provider).get_absolute_url(),
        "public": public.get_absolute_url(),
        "secret": secret.get_absolute_url(),
        "draft": draft.get_absolute_url(),
        "submitted": submitted.get_absolute_url(),
        "need": public.pk,
        "capability": capability.get_absolute_url(),
        "proposal": public.proposals.get().get_absolute_url(),
        "institute": institute.pk,
        "import": ScopeImport.objects.get().get_absolute_url(),
        "entry": new_late_entry(people).get_absolute_url(),
        "sheet": start_ledger_import(
            author=people["organiser"], file=sheet(NEW, {**NEW, "类别": LONG}), name="台账.xlsx"
        ).get_absolute_url(),
        "waiting": new_organisation("institute", verified=False, name=LONG).pk,
    }


def new_busy_docking(people, new_need):
    """A docking in which everything is late, and somebody has yet to answer and to pledge."""
    owner, provider, organiser = people["owner"], people["provider"], people["organiser"]
    proposal = new_need("published", title=f"对接{LONG}", public_title=f"对接{LONG}").proposals.get()
    move_proposal(proposal, "enterprise_accept", actor=owner)
    move_proposal(proposal, "provider_accept", actor=provider)
    docking, today = Docking.objects.get(proposal=proposal), timezone.localdate()
    log_contact(docking, actor=owner, held_on=today, next_on=today, people=LONG, conclusion=LONG, problems=LONG)
    plan_visit(docking, actor=owner, planned_on=today, place=LONG)
    write_message(docking, actor=provider, text=LONG)
    add_file(docking, actor=provider, upload=check_upload(ContentFile(b"12", f"{LONG}.txt")))
    add_milestone(docking, actor=owner, title=LONG, due_on=today)
    ask_stage(docking, "survey", actor=owner, note=LONG)
    assign_steward(docking, actor=organiser, steward=people["reviewer"])
    long_ago = today - timedelta(days=30)
    docking.contacts.filter(held_on=None).update(planned_on=long_ago)
    docking.milestones.update(due_on=long_ago)
    Docking.objects.update(asked_due_on=long_ago, next_contact_on=long_ago, last_contact_on=long_ago)
    return docking


def new_late_entry(people):
    """An entry that is overdue and for which more time was asked."""
    organiser, provider, today = people["organiser"], people["provider"], timezone.localdate()
    enterprise, institute = people["owner"].organisations[0], provider.organisations[0]
    entry = add_entry(actor=organiser, enterprise=enterprise, title=LONG, description=LONG)
    assign_entry(entry, actor=organiser, responsible=institute, person=provider, due_on=today)
    ask_extension(entry, actor=provider, due_on=today + timedelta(days=9), reason=LONG)
    LedgerEntry.objects.filter(pk=entry.pk).update(due_on=today - timedelta(days=9))
    return entry


@pytest.mark.parametrize("role", PAGES)
def test_pages_are_accessible_and_fit_the_screen(open_as, people, places, role):
    page = open_as(people.get(role), "/")
    axe, faults, titles = Axe(), {}, {}
    for path in PAGES[role]:
        path = path.format(**places)
        page.goto(path)
        expect(page.locator(".htmx-request")).to_have_count(0)
        titles.setdefault(page.title(), set()).add(path.partition("?")[0])
        for width, scheme in LOOKS:
            page.set_viewport_size({"width": width, "height": 900})
            # A button on its way from one colour to the other has the contrast of neither.
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            if found := faults_of(page, axe):
                faults[path, width, scheme] = found
    assert faults == {}
    assert {title: paths for title, paths in titles.items() if len(paths) > 1} == {}


def faults_of(page, axe) -> list[str]:
    """What axe finds wrong, and whether something sticks out to the right."""
    wrong = [
        f"{violation['id']}: {node['target']}"
        for violation in axe.run(page, options={"resultTypes": ["violations"]}).response["violations"]
        for node in violation["nodes"]
    ]
    sticks_out = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return [*wrong, *["sticks out"] * sticks_out]
