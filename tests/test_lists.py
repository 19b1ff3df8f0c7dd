"""Every list, with one and with three rows, at the same number of queries."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone

from accounts.enums import NoticeKind
from accounts.models import User
from accounts.notices import notify
from accounts.services import issue_token
from challenges.services.challenges import create_challenge, move_challenge, set_windows
from challenges.workflow import PHASES
from core.files import check_upload, store_file
from matching.services import move_proposal, propose_for_need
from partnerships.models import Contact, Docking, DockingFile, Milestone
from partnerships.services.confidentiality import request_confidentiality
from partnerships.services.dockings import add_milestone, log_contact, write_message
from providers.models import Credential, ScopeImport
from providers.services import create_capability, move_capability, save_credential
from tests.conftest import seat


def add_needs(count, make):
    """Needs of both levels that are shown, the first ones public."""
    for number in range(count):
        make.need("published", title=f"三坐标{number}", level=1 + number % 2, is_anonymous=number > 0)
        make.need("submitted", title=f"已提交{number}")


def add_capabilities(count, make):
    for number in range(count):
        credential = Credential(
            organisation=make.institute, kind="cnas", number=f"L{number}", valid_from=timezone.localdate()
        )
        save_credential(credential, actor=make.provider)
        make.capability(f"坐标测量机{number}", credential=credential, modes=["lab"])


def add_institutes(count, make):
    for number in range(count):
        body = make.organisation("institute", name=f"计量院{number}")
        yesterday = timezone.localdate() - timedelta(days=1)
        Credential.objects.create(
            organisation=body, kind="cnas", number="L1", valid_from=yesterday, valid_until=yesterday
        )


def add_waiting(count, make):
    for number in range(count):
        make.organisation("institute", name=f"待核验{number}", verified=False)


def add_proposals(count, make):
    add_capabilities(count, make)
    for number in range(count):
        propose_for_need(make.need("published", title=f"三坐标{number}"))


def add_proposals_of_one_need(count, make):
    add_capabilities(count, make)
    make.one = make.need("published")
    propose_for_need(make.one)


def add_capable_institutes(count, make):
    make.one = make.need("published")
    for number in range(count):
        body = make.organisation("institute", name=f"计量院{number}")
        founder = body.memberships.get().user
        row = {"measurand": "长度示值误差", "range_text": "(0~500) mm", "uncertainty_text": "U=1 μm (k=2)"}
        title = f"坐标测量机{number}"
        capability = create_capability(
            author=founder, organisation=body, title=title, discipline="geometry", lines=[row]
        )
        move_capability(capability, "publish", actor=founder)
    propose_for_need(make.one)


def add_memberships(count, make):
    for number in range(count):
        seat(make.owner, make.organisation("enterprise", name=f"企业{number}"))
        issue_token(make.owner, name=f"令牌{number}", scope="read")


def add_notices(count, make):
    for number in range(count):
        notify([make.owner], kind=NoticeKind.NEED, text=f"通知{number}", url="/needs/mine/")


def add_challenges(count, make):
    """Challenges in their call, each with somebody who helps."""
    start, length = timezone.now(), timedelta(days=9)
    spans = [(start + place * length, start + (place + 1) * length) for place in range(len(PHASES))]
    for number in range(count):
        challenge = create_challenge(
            actor=make.organiser,
            organiser=make.organiser.authorities[0],
            co_organisers=[make.institute],
            name=f"挑战赛{number}",
            theme="在线测量",
            rules_text="面向企业。",
            regions=["310000"],
        )
        set_windows(challenge, actor=make.organiser, calendar=dict(zip(PHASES, spans, strict=True)))
        move_challenge(challenge, "open_collecting", actor=make.organiser)


def add_members(count, make):
    for number in range(count):
        seat(make.user(f"成员{number}"), make.institute)


def add_imports(count, make):
    for number in range(count):
        ScopeImport.objects.create(
            organisation=make.institute, author=make.provider, file="none.csv", file_name=f"{number}.csv", status="done"
        )


def add_dockings(count, make):
    """Dockings of both levels, with a steward, a visit and a milestone that are late."""
    make.capability("坐标测量机")
    long_ago = timezone.localdate() - timedelta(days=30)
    for number in range(count):
        need = make.need("published", title=f"三坐标{number}", level=1 + number % 2)
        propose_for_need(need)
        proposal = need.proposals.get()
        if need.level > 1:
            move_proposal(proposal, "propose", actor=make.organiser)
        move_proposal(proposal, "enterprise_accept", actor=make.owner)
        move_proposal(proposal, "provider_accept", actor=make.provider)
        docking = Docking.objects.get(proposal=proposal)
        Contact.objects.create(docking=docking, author=make.owner, planned_on=long_ago)
        Milestone.objects.create(docking=docking, title=f"里程碑{number}", due_on=long_ago)
        Docking.objects.update(next_contact_on=long_ago, last_contact_on=long_ago)


def add_dockings_with_steward(count, make):
    add_dockings(count, make)
    Docking.objects.update(steward=make.organiser, steward_pledged_at=timezone.now())


def add_confidentiality(count, make):
    for number in range(count):
        need = make.need("published", title=f"三坐标{number}", level=2)
        request_confidentiality(need, make.institute, actor=make.provider)


def add_to_a_docking(count, make):
    add_dockings(1, make)
    make.one = docking = Docking.objects.get()
    for number in range(count):
        log_contact(
            docking,
            actor=make.owner,
            held_on=timezone.localdate(),
            next_on=timezone.localdate(),
            people="顾工",
            conclusion=f"结论{number}",
        )
        write_message(docking, actor=make.provider, text=f"消息{number}")
        add_milestone(docking, actor=make.owner, title=f"里程碑{number}", due_on=timezone.localdate())
        upload = check_upload(ContentFile(b"12", f"报价{number}.txt"))
        store_file(DockingFile(docking=docking), upload, author=make.owner)


@pytest.fixture
def make(owner, provider, institute, enterprise, organiser, new_user, new_organisation, new_need, new_capability):
    """The ways to add rows."""

    return SimpleNamespace(
        owner=owner,
        provider=provider,
        institute=institute,
        organiser=organiser,
        user=new_user,
        organisation=new_organisation,
        need=new_need,
        capability=new_capability,
    )


LISTS = {
    "needs of the hall": ("/needs/", None, add_needs, 4),
    "needs of the hall, signed in": ("/needs/", "owner", add_needs, 8),
    "needs of the hall, for an institute": ("/needs/", "provider", add_needs, 9),
    "own needs": ("/needs/mine/", "owner", add_needs, 8),
    "needs on the desk": ("/needs/desk/", "organiser", add_needs, 8),
    "capabilities": ("/capabilities/", None, add_capabilities, 3),
    "own capabilities": ("/capabilities/mine/", "provider", add_capabilities, 10),
    "institutes": ("/institutes/", None, add_institutes, 3),
    "capabilities of an institute": ("/institutes/{institute}/", None, add_capabilities, 5),
    "members of an institute": ("/accounts/organisations/{institute}/", "provider", add_members, 7),
    "imports": ("/imports/new/", "provider", add_imports, 8),
    "inbox": ("/matching/inbox/", "provider", add_proposals, 9),
    "proposals of a need": ("/matching/needs/{one}/", "owner", add_proposals_of_one_need, 10),
    "institutes to invite": ("/matching/needs/{one}/invite/", "owner", add_capable_institutes, 15),
    "organisations on the desk": ("/accounts/organisations/desk/", "organiser", add_waiting, 6),
    "memberships and tokens": ("/accounts/me/", "owner", add_memberships, 6),
    "notices": ("/notices/", "owner", add_notices, 6),
    "dockings of the enterprise": ("/dockings/", "owner", add_dockings, 8),
    "dockings of the institute": ("/dockings/", "provider", add_dockings, 9),
    "a docking": ("/dockings/{one}/", "owner", add_to_a_docking, 17),
    "the organiser's desk": ("/dockings/desk/", "organiser", add_dockings, 9),
    "the steward's desk": ("/dockings/desk/", "organiser", add_dockings_with_steward, 9),
    "what happens next, for the enterprise": ("/next/", "owner", add_dockings, 14),
    "what happens next, for the institute": ("/next/", "provider", add_dockings, 13),
    "what happens next, with needs alone": ("/next/", "owner", add_needs, 12),
    "what happens next, with proposals": ("/next/", "provider", add_proposals, 13),
    "what happens next, with signatures": ("/next/", "provider", add_confidentiality, 13),
    "confidentiality": ("/confidentiality/", "provider", add_confidentiality, 9),
    "home": ("/", None, add_needs, 9),
    "challenges": ("/challenges/", None, add_challenges, 4),
    "challenges, for who runs them": ("/challenges/", "organiser", add_challenges, 8),
    "API: challenges": ("/api/v1/challenges/", None, add_challenges, 5),
    "API: organisations": ("/api/v1/organisations/", None, add_institutes, 2),
    "API: notices": ("/api/v1/notices/", "owner", add_notices, 4),
    "API: dockings": ("/api/v1/dockings/", "provider", add_dockings, 7),
    "API: contacts of a docking": ("/api/v1/dockings/{one}/contacts/", "provider", add_to_a_docking, 11),
    "API: messages of a docking": ("/api/v1/dockings/{one}/messages/", "provider", add_to_a_docking, 11),
    "API: files of a docking": ("/api/v1/dockings/{one}/files/", "provider", add_to_a_docking, 11),
    "API: milestones of a docking": ("/api/v1/dockings/{one}/milestones/", "provider", add_to_a_docking, 11),
    "API: confidentiality": ("/api/v1/confidentiality/", "owner", add_confidentiality, 7),
    "API: needs": ("/api/v1/needs/", None, add_needs, 5),
    "API: needs, signed in": ("/api/v1/needs/", "owner", add_needs, 8),
    "API: capabilities": ("/api/v1/capabilities/", None, add_capabilities, 3),
    "API: proposals, of the enterprise": ("/api/v1/proposals/", "owner", add_proposals, 8),
    "API: proposals, of the institute": ("/api/v1/proposals/", "provider", add_proposals, 8),
}


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("name", LISTS)
def test_a_list_takes_as_many_queries_for_three_rows_as_for_one(name, rows, make, django_assert_num_queries):
    path, who, add, queries = LISTS[name]
    add(rows, make)
    path = path.format(institute=make.institute.pk, one=getattr(make, "one", make.institute).pk)
    client = Client()
    if who:
        client.force_login(User.objects.get(pk=getattr(make, who).pk))
    with django_assert_num_queries(queries):
        assert client.get(path).status_code == 200


@pytest.mark.parametrize(
    ("path", "who", "add", "expected"),
    [
        ("/needs/", None, add_needs, 3),
        ("/needs/mine/", "owner", add_needs, 6),
        ("/capabilities/", None, add_capabilities, 3),
        ("/institutes/", None, add_institutes, 4),
        ("/matching/inbox/", "provider", add_proposals, 3),
        ("/matching/needs/{one}/invite/", "owner", add_capable_institutes, 3),
        ("/notices/", "owner", add_notices, 4),
    ],
)
def test_the_lists_have_these_rows(path, who, add, expected, make, client):
    """Equal numbers of queries over empty lists would prove nothing. The owner was also told of the verification."""
    add(3, make)
    if who:
        client.force_login(User.objects.get(pk=getattr(make, who).pk))
    path = path.format(one=make.one.pk) if hasattr(make, "one") else path
    assert client.get(path).context["page"].paginator.count == expected


def test_a_page_shows_twenty_rows_and_the_next_the_rest(make, client):
    add_waiting(21, make)
    client.force_login(make.organiser)
    desk = "/accounts/organisations/desk/"
    pages = [client.get(desk, {"page": page}).context["page"] for page in ("1", "2", "3", "-1", "x", "9" * 5000)]
    assert [len(page.object_list) for page in pages] == [20, 1, 1, 1, 20, 20]
