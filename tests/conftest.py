"""People, organisations and records that the tests share; everything is made through the services."""

import os
import shutil
from functools import partial

import pytest
from django.core.files.base import ContentFile
from django.test import override_settings
from django.utils import timezone
from stdnum.cn import uscc

from accounts.enums import MemberRole, MemberStatus
from accounts.models import Membership, Organisation, User
from accounts.services import found_organisation, register_user, verify_organisation
from core.files import check_upload, store_file
from needs.models import Need, NeedFile
from needs.services import confirm_public_text, create_need, follow_need, move_need, write_public_text
from providers.models import Credential
from providers.services import create_capability, move_capability, save_credential

# What asks no database, or whose answer is no matter of it: enough to run once.
PLAIN = (
    "matching/engine/",
    "tests/matching/engine/",
    "tests/matching/test_evaluation.py",
    "tests/providers/test_scope.py",
    "tests/core/test_formats.py",
    "tests/frontend/test_components.py",
    "tests/browser/test_pages.py",
)
PASSWORD = "correct-horse-battery"
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


def pytest_collection_modifyitems(items):
    for item in items:
        if item.nodeid.startswith(PLAIN):
            item.add_marker("plain")


@pytest.fixture(scope="session", autouse=True)
def folder_for_uploads(tmp_path_factory):
    """What the tests upload is kept away from what people upload."""
    with override_settings(MEDIA_ROOT=tmp_path_factory.mktemp("media")):
        yield


def credit_code(number: int) -> str:
    """A made-up unified social credit code with the right check digit."""
    base = f"91310000MA{number:07d}"
    return base + uscc.calc_check_digit(base)


@pytest.fixture
def new_user(db):
    """Make people; each has a name and the test password."""

    def make(name="某人", **fields):
        email = fields.pop("email", f"user{User.objects.count()}@example.com")
        return register_user(email=email, password=PASSWORD, name=name, **fields)

    return make


@pytest.fixture
def admin(db):
    return User.objects.create_superuser("admin@example.com", PASSWORD, name="管理员")


@pytest.fixture
def new_organisation(new_user, admin):
    """Make organisations with their founder, verified unless said otherwise."""

    def make(kind="enterprise", *, founder=None, verified=True, **fields):
        number = Organisation.objects.count() + 1
        values = {"name": f"单位{number}", "credit_code": credit_code(number), "region": "310000", **fields}
        body = found_organisation(founder=founder or new_user(f"创办人{number}"), kind=kind, **values)
        return verify_organisation(body, actor=admin) if verified else body

    return make


@pytest.fixture
def owner(new_user):
    return new_user("需求方")


@pytest.fixture
def enterprise(owner, new_organisation):
    return new_organisation("enterprise", founder=owner, name="测试企业有限公司")


@pytest.fixture
def colleague(new_user, enterprise):
    """Another member of the enterprise."""
    return seat(new_user("同事"), enterprise)


@pytest.fixture
def stranger(new_user, new_organisation):
    """A member of another enterprise."""
    user = new_user("旁人")
    new_organisation("enterprise", founder=user, name="另一家企业")
    return user


@pytest.fixture
def provider(new_user):
    return new_user("机构业务员")


@pytest.fixture
def institute(provider, new_organisation):
    return new_organisation("institute", founder=provider, name="测试计量院", region="320500")


@pytest.fixture
def organiser(new_user, new_organisation):
    """Organises the whole country."""
    user = new_user("组织方")
    new_organisation("authority", founder=user, name="组织方单位")
    return user


@pytest.fixture
def distant_organiser(new_user, new_organisation):
    """Organises another province than the enterprise's."""
    user = new_user("外省组织方")
    new_organisation("authority", founder=user, name="外省组织方单位", service_regions=["440000"])
    return user


@pytest.fixture
def reviewer(new_user, organiser):
    """An expert in the organiser's pool."""
    return seat(new_user("专家"), organiser.organisations[0], role=MemberRole.EXPERT)


@pytest.fixture
def people(owner, colleague, stranger, provider, institute, organiser, distant_organiser, reviewer, admin):
    return {
        "owner": owner,
        "colleague": colleague,
        "stranger": stranger,
        "provider": provider,
        "organiser": organiser,
        "distant_organiser": distant_organiser,
        "reviewer": reviewer,
        "admin": admin,
    }


def seat(user, organisation, role=MemberRole.MEMBER):
    """Give the person an active place in the organisation."""
    Membership.objects.create(user=user, organisation=organisation, role=role, status=MemberStatus.ACTIVE)
    return user


LINE = {
    "object_name": "坐标测量机",
    "measurand": "长度示值误差",
    "range_text": "0~500 mm",
    "accuracy_text": "MPE ±(1.5+L/350) μm",
    "codes_text": "JJF 1064",
}


@pytest.fixture
def new_need(owner, enterprise, organiser):
    """Make needs and bring them to a state."""

    def make(status="draft", *, lines=(LINE,), **fields):
        values = {
            "title": "三坐标校准",
            "problem": "车间一台三坐标要校准。",
            "public_title": "坐标测量机校准",
            "public_text": "坐标测量机长度示值误差校准。",
            "discipline": "geometry",
            "contact_name": "顾工",
            "contact_phone": "13800000000",
            "pledges_no_secrets": True,
            "pledges_truth": True,
            **fields,
        }
        need = create_need(author=owner, organisation=enterprise, lines=list(lines), **values)
        for step in PATH_TO[status]:
            take_step(need, step, owner, organiser)
        return Need.objects.get(pk=need.pk)

    return make


PATH_TO = {
    "draft": [],
    "submitted": ["submit"],
    "returned": ["submit", "return"],
    "diagnosing": ["submit", "diagnose"],
    "accepted": ["submit", "accept"],
    "rejected": ["submit", "reject"],
    "published": ["submit", "accept", "confirm", "publish"],
    "withdrawn": ["submit", "withdraw"],
    "docking": ["submit", "accept", "confirm", "publish", "dock"],
    "contracted": ["submit", "accept", "confirm", "publish", "dock", "contract"],
    "resolved": ["submit", "accept", "confirm", "publish", "dock", "contract", "resolve"],
}


def take_step(need, step, owner, organiser):
    if step == "confirm":
        confirm_public_text(need, actor=owner)
        return
    if step in {"dock", "contract", "resolve"}:
        follow_need(need, step)
        return
    if step == "accept":
        write_public_text(need, actor=organiser, public_title=need.public_title, public_text=need.public_text)
    move_need(need, step, actor=owner if step in {"submit", "withdraw"} else organiser, note="请补充")


def attach(need, name="图纸.txt", *, content="孔径 20 mm", is_public=False, **fields) -> NeedFile:
    """Put a file to a need in any state, as if its enterprise had done so while writing."""
    upload = check_upload(ContentFile(content.encode(), name))
    return store_file(NeedFile(need=need, is_public=is_public, **fields), upload, author=need.author)


@pytest.fixture
def need(new_need):
    return new_need()


@pytest.fixture
def new_capability(provider, institute):
    """Make capabilities of the institute, published unless said otherwise."""

    def make(title="坐标测量机", *, status="published", kind="service", lines=None, **fields):
        if lines is None:
            lines = [
                {
                    "measurand": "长度示值误差",
                    "codes_text": "JJF 1064-2010",
                    "range_text": "(0~2000) mm",
                    "uncertainty_text": "U=0.2 μm+0.8×10⁻⁶L (k=2)",
                }
            ]
        capability = create_capability(
            author=provider,
            organisation=institute,
            kind=kind,
            title=title,
            lines=lines if kind == "service" else [],
            **{"discipline": "geometry", **fields},
        )
        if status == "published":
            move_capability(capability, "publish", actor=provider)
        return capability

    return make


@pytest.fixture
def capability(new_capability):
    return new_capability()


@pytest.fixture
def as_user(client):
    """The test client, signed in as a person; a fresh person each time, as every request has one."""

    def sign_in(user):
        client.force_login(User.objects.get(pk=user.pk))
        return client

    return sign_in


@pytest.fixture
def api(client):
    """Call the API as a person, or as nobody: `api(user).post("/api/v1/needs/", {…})`."""
    return partial(ApiCaller, client)


class ApiCaller:
    """Requests in JSON; the answer is a pair of status and data."""

    def __init__(self, client, user=None):
        self.client = client
        client.logout()
        if user is not None:
            client.force_login(user)

    def __getattr__(self, method):
        def call(path, data=None, **extra):
            if method != "get":
                extra["content_type"] = "application/json"
            answer = getattr(self.client, method)(path, data, **extra)
            return answer.status_code, answer.json()

        return call


@pytest.fixture
def credential(provider, institute):
    """An accreditation of the institute that is in force."""
    return save_credential(
        Credential(organisation=institute, kind="cnas", number="L0001", valid_from=timezone.localdate()), actor=provider
    )


@pytest.fixture
def unverified_provider(new_user, new_organisation):
    """A member of an institute that nobody has verified yet."""
    user = new_user("待核验机构业务员")
    new_organisation("institute", founder=user, verified=False, name="待核验计量院")
    return user


@pytest.fixture(scope="session")
def browser():
    """One Chromium for all tests: of Playwright's synchronous kind a process can run but one."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium")
    assert path, "浏览器测试需要 chromium：apt-get install chromium fonts-noto-cjk"
    # Playwright runs a loop of its own in this thread, which Django would take for an asynchronous view.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield browser
        browser.close()
