"""A small world with every kind of person, and needs of every level and state whose secrets are marked.

It is built once for a module, within one transaction that is rolled back at its end; what a test changes in it
is taken back after the test. The module has to be marked with `django_db`, else there is no test database.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from uuid import UUID, uuid5

import pytest
from django.contrib.auth.models import AnonymousUser, Permission
from django.core.files.base import ContentFile
from django.db import transaction
from django.test import Client
from django.utils import timezone

from accounts.enums import MemberRole
from accounts.models import Membership, Organisation, User
from accounts.services import found_organisation, issue_token, register_user, request_membership, verify_organisation
from challenges.models import (
    Certificate,
    Challenge,
    CoApplicant,
    Decision,
    Entry,
    FollowUp,
    Intake,
    Objection,
    PhaseWindow,
    Review,
    Score,
    SealedPrice,
    Solution,
    SolutionFile,
    Waiver,
)
from challenges.models.solutions import PARTS
from challenges.seals import seal
from challenges.services.board import confirm_item, invite_institutes, post_items, prefilled, word_item
from challenges.services.challenges import create_challenge, move_challenge, set_windows
from challenges.services.conflicts import declare_tie
from challenges.services.entries import enter_need
from challenges.services.intake import apply_intake
from challenges.workflow import PHASES
from core.files import check_upload, store_file
from matching.engine.facts import to_json
from matching.engine.scoring import load_weights
from matching.models import Proposal, WeightSet
from matching.services import invite_institute, move_proposal, propose_for_need
from needs.models import Need
from needs.services import create_need
from partnerships.models import Acceptance, CaseStudy, Contact, Docking, DockingFile, LedgerImport, Milestone
from partnerships.services.agreements import draft_agreement
from partnerships.services.confidentiality import request_confidentiality
from partnerships.services.dockings import write_message
from partnerships.services.ledger import add_entry, add_entry_for_need, assign_entry
from providers.models import Credential, ScopeImport
from providers.services import create_capability, move_capability, save_credential
from tests.conftest import PASSWORD, PATH_TO, attach, credit_code, seat, take_step

LEVELS = (1, 2, 3)
STATES = ("draft", "submitted", "published", "withdrawn")
INSIDERS = ("owner", "colleague", "organiser", "admin")
OUTSIDERS = ("anonymous", "stranger", "provider", "unverified_provider", "distant_organiser", "reviewer", "staff")
ROLES = (*INSIDERS, *OUTSIDERS)

# One word for each thing a need can hold, followed by its level and state: "qtitle2draft".
WITHHELD = ("qtitle", "qproblem", "qbackground", "qstate", "qgoal", "qmore", "qkeptfile", "qname", "qmail", "qfirm")
# What is seen with the lines, too.
LINES = ("qobject", "qmeasurand", "qrange", "qaccuracy", "qconditions", "qcodes", "qopenfile")
PUBLIC_TEXT = ("qpublictext",)
PUBLIC_TITLE = ("qpublictitle",)


@dataclass
class World:
    """People by role, needs by level and state, and one of each other record."""

    users: dict = field(default_factory=dict)
    needs: dict = field(default_factory=dict)
    proposals: dict = field(default_factory=dict)
    entries: dict = field(default_factory=dict)
    records: dict = field(default_factory=dict)
    cookies: dict = field(default_factory=dict)

    def fresh(self, role):
        """The person as a new request meets them."""
        user = self.users[role]
        return user if user.is_anonymous else User.objects.get(pk=user.pk)


def markers(level, status, words=(*WITHHELD, *LINES, *PUBLIC_TEXT, *PUBLIC_TITLE)) -> set[str]:
    return {f"{word}{level}{status}" for word in words}


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        yield build_world()
        transaction.set_rollback(True)


def build_world() -> World:
    world = World()
    add_people(world)
    add_catalogue(world)
    for level in LEVELS:
        for status in STATES:
            add_need(world, level, status)
    add_proposals(world)
    add_dockings(world)
    add_agreements(world)
    add_ledger(world)
    add_challenge(world)
    add_reviews(world)
    add_solutions(world)
    add_tracking(world)
    add_decisions(world)
    sign_in(world)
    return world


def add_people(world: World):
    def person(role):
        world.users[role] = register_user(email=f"{role}@example.com", password=PASSWORD, name=role)
        return world.users[role]

    def body(kind, role, name, *, verified=True, **fields):
        code = credit_code(Organisation.objects.count() + 1)
        values = {"name": name, "kind": kind, "credit_code": code, "region": "310000", **fields}
        made = found_organisation(founder=person(role), **values)
        return verify_organisation(made, actor=world.users["admin"]) if verified else made

    world.users["anonymous"] = AnonymousUser()
    world.users["admin"] = User.objects.create_superuser("admin@example.com", PASSWORD, name="admin")
    world.records["enterprise"] = body("enterprise", "owner", "qfirm")
    seat(person("colleague"), world.records["enterprise"])
    body("enterprise", "stranger", "旁边的企业")
    world.records["institute"] = body("institute", "provider", "测试计量院", region="320500")
    world.records["raw"] = body("institute", "unverified_provider", "待核验计量院", verified=False)
    world.records["authority"] = body("authority", "organiser", "组织方单位")
    body("authority", "distant_organiser", "外省组织方单位", service_regions=["440000"])
    seat(person("reviewer"), world.records["authority"], role=MemberRole.EXPERT)
    # Who shares a mail domain with an enterprise reviews none of its needs.
    User.objects.filter(pk=world.users["reviewer"].pk).update(email="reviewer@lab.test")
    # Someone who may look at every table of the administration, but is nobody's organiser.
    person("staff").user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    User.objects.filter(pk=world.users["staff"].pk).update(is_staff=True)
    world.records["request"] = request_membership(person("applicant"), world.records["enterprise"])
    # The owner is told of the request.
    world.records["notice"] = world.users["owner"].notices.latest("created_at")
    world.records["token"], _ = issue_token(world.users["owner"], name="脚本", scope="write")


def add_catalogue(world: World):
    institute, provider = world.records["institute"], world.users["provider"]
    world.records["credential"] = save_credential(
        Credential(organisation=institute, kind="cnas", number="L0001", valid_from=timezone.localdate()), actor=provider
    )
    for title, status in (("坐标测量机", "published"), ("坐标测量机草稿", "draft"), ("量块", "published")):
        row = {
            "measurand": "长度示值误差",
            "codes_text": "JJF 1064-2010",
            "range_text": "(0~2000) mm",
            "uncertainty_text": "U=0.2 μm+0.8×10⁻⁶L (k=2)",
        }
        capability = create_capability(
            author=provider, organisation=institute, title=title, discipline="geometry", lines=[row]
        )
        if status == "published":
            move_capability(capability, "publish", actor=provider)
        world.records[f"{title} {status}"] = capability
    world.records["capability"] = world.records["坐标测量机 published"]
    world.records["draft_capability"] = world.records["坐标测量机草稿 draft"]
    figures = {group: {"old": {}, "new": {}} for group in ("held", "use")}
    world.records["weights"] = WeightSet.objects.create(
        version="1-test", base_version="1", weights=to_json(load_weights()), evaluation=figures
    )
    world.records["import"] = ScopeImport.objects.create(
        organisation=institute, author=provider, file="scopes/none.csv", file_name="能力.csv", status="preview"
    )


def add_need(world: World, level, status):
    def mark(word):
        return f"{word}{level}{status}"

    owner, organiser = world.users["owner"], world.users["organiser"]
    need = create_need(
        author=owner,
        organisation=world.records["enterprise"],
        title=f"坐标测量机 {mark('qtitle')}",
        problem=f"坐标测量机长度示值误差要校准 {mark('qproblem')}",
        background=mark("qbackground"),
        current_state=mark("qstate"),
        goal=mark("qgoal"),
        measures_taken=mark("qmore"),
        difficulties=mark("qmore"),
        sample=mark("qmore"),
        traceability=mark("qmore"),
        acceptance=mark("qmore"),
        ownership=mark("qmore"),
        discipline="geometry",
        level=level,
        budget_low=120_001,
        budget_high=187_654,
        cooperation=["joint"],
        credentials=["cnas"],
        contact_name=mark("qname"),
        contact_phone="13812345678",
        contact_email=f"{mark('qmail')}@example.com",
        public_title=f"坐标测量机 {mark('qpublictitle')}",
        public_text=f"坐标测量机长度示值误差校准 {mark('qpublictext')}",
        pledges_no_secrets=True,
        pledges_truth=True,
        lines=[
            {
                "object_name": f"坐标测量机 {mark('qobject')}",
                "measurand": f"长度示值误差 {mark('qmeasurand')}",
                "range_text": f"0~500 mm {mark('qrange')}",
                "accuracy_text": f"MPE ±(1.5+L/350) μm {mark('qaccuracy')}",
                "conditions_text": mark("qconditions"),
                "codes_text": f"JJF 1064 {mark('qcodes')}",
                "mode": "online",
            }
        ],
    )
    for kind in ("open", "kept"):
        name = mark(f"q{kind}file")
        attach(need, f"{name}.txt", content=name, is_public=kind == "open", pk=file_id(need.pk, kind))
    for step in PATH_TO[status]:
        take_step(need, step, owner, organiser)
    world.needs[level, status] = Need.objects.get(pk=need.pk)


def file_id(need_id: UUID, kind: str) -> UUID:
    """The id of the need's attachment that is open to whoever sees its lines, or kept from them."""
    return uuid5(need_id, kind)


def add_proposals(world: World):
    """The matcher's proposals for all published needs; one of level 2 is passed on, one is kept back."""
    for level in LEVELS:
        need = world.needs[level, "published"]
        propose_for_need(need)
        for proposal in need.proposals.select_related("capability"):
            world.proposals[level, proposal.capability.title] = proposal
    passed_on = world.proposals[2, "坐标测量机"]
    move_proposal(passed_on, "propose", actor=world.users["organiser"])
    # What was written into the answer of a proposal belongs to the two who see it.
    assert Proposal.objects.count() == 6
    assert Membership.objects.filter(status="requested").count() == 1


def add_dockings(world: World):
    """What the enterprise does with an institute that none of the roles belongs to, and what the provider asks for."""
    owner = world.users["owner"]
    partner = register_user(email="partner@example.com", password=PASSWORD, name="partner")
    fields = {"name": "伙伴计量院", "kind": "institute", "region": "330000"}
    body = found_organisation(founder=partner, credit_code=credit_code(Organisation.objects.count() + 1), **fields)
    verify_organisation(body, actor=world.users["admin"])
    row = {"measurand": "长度示值误差", "range_text": "(0~800) mm", "uncertainty_text": "U=0.3 μm (k=2)"}
    capability = create_capability(author=partner, organisation=body, title="伙伴的测量机", lines=[row])
    move_capability(capability, "publish", actor=partner)
    for level in (1, 2):
        proposal = invite_institute(world.needs[level, "published"], body, actor=owner)
        move_proposal(proposal, "provider_accept", actor=User.objects.get(pk=partner.pk))
        docking = world.records[f"docking{level}"] = Docking.objects.get(proposal=proposal)
        today = timezone.localdate()
        Contact.objects.create(docking=docking, author=owner, pk=part_id(docking.pk, "visit"), planned_on=today)
        Milestone.objects.create(
            docking=docking, pk=part_id(docking.pk, "milestone"), title=f"qmilestone{level}", due_on=today
        )
        write_message(docking, actor=owner, text=f"qmessage{level}")
        upload = check_upload(ContentFile(b"qdockingfile", f"qdockingfile{level}.txt"))
        store_file(DockingFile(docking=docking, pk=part_id(docking.pk, "file")), upload, author=owner)
    world.records["confidentiality"] = request_confidentiality(
        world.needs[2, "published"], world.records["institute"], actor=world.users["provider"]
    )
    for level in (1, 2):
        world.needs[level, "published"].refresh_from_db()


def add_agreements(world: World):
    """What could come of the dockings: an agreement, an acceptance, and a case that nobody has consented to."""
    owner, today = world.fresh("owner"), timezone.localdate()
    for level in (1, 2):
        docking = world.records[f"docking{level}"]
        world.records[f"agreement{level}"] = draft_agreement(
            docking, actor=owner, title=f"qagreement{level}", contract_amount=Decimal("987654.32"), signed_on=today
        )
        Acceptance.objects.create(docking=docking, accepted_on=today, conclusion=f"qconclusion{level}", author=owner)
        words = dict.fromkeys(["title", "problem", "solution", "benefit"], f"qcase{level}")
        world.records[f"case{level}"] = CaseStudy.objects.create(docking=docking, author=owner, **words)


def part_id(docking_id: UUID, what: str) -> UUID:
    """The id of what belongs to the docking: its visit, its milestone, its file."""
    return uuid5(docking_id, what)


def add_ledger(world: World):
    """An entry of a visit to the other enterprise, and those of the published needs; the institute answers for some."""
    organiser, provider = world.users["organiser"], world.users["provider"]
    neighbour = world.fresh("stranger").organisations[0]
    world.entries["visit"] = add_entry(actor=organiser, enterprise=neighbour, title="qvisit")
    for level in LEVELS:
        world.entries[f"need{level}"] = add_entry_for_need(world.needs[level, "published"], actor=organiser)
    # Level 3 is assigned once it has been opened.
    for name in ("visit", "need1", "need2"):
        charge = {"responsible": world.records["institute"], "person": provider, "due_on": timezone.localdate()}
        assign_entry(world.entries[name], actor=organiser, **charge)
    world.records["ledger_import"] = LedgerImport.objects.create(author=organiser, file_name="台账.xlsx")


def add_challenge(world: World):
    """A call for needs, with the published ones entered: one on the board, one worded, one as it came.

    Beside them a visit to an enterprise without an account, and an invitation to the institute.
    """
    organiser, owner = world.fresh("organiser"), world.fresh("owner")
    body = world.records["authority"]
    challenge = create_challenge(actor=organiser, organiser=body, name="挑战赛", theme="难题", rules_text="规则")
    begin = timezone.now() - timedelta(days=1)
    ends = [begin + number * timedelta(days=7) for number in range(len(PHASES) + 1)]
    calendar = dict(zip(PHASES, pairwise(ends), strict=True))
    set_windows(challenge, actor=organiser, calendar=calendar)
    move_challenge(challenge, "open_collecting", actor=organiser)
    for level in LEVELS:
        entry = enter_need(challenge, world.needs[level, "published"], actor=owner, consents=True)
        if level < 3:
            entry = word_item(entry, actor=organiser, **prefilled(entry, organiser))
        if level == 1:
            confirm_item(entry, actor=owner, seen=entry.wording)
            Entry.objects.filter(pk=entry.pk).update(status="selected")
            post_items(challenge, actor=organiser)
        world.records[f"entry{level}"] = Entry.objects.get(pk=entry.pk)
    institute = Organisation.objects.get(pk=world.records["institute"].pk)
    [world.records["invitation"]] = invite_institutes(world.records["entry1"], [institute], actor=organiser)
    row = {"企业名称": "走访遇到的企业", "统一社会信用代码": credit_code(901), "地区": "上海市", "需求名称": "压力计"}
    row |= {"需求内容": "示值漂移", "联系人": "顾工", "电话": "13800000000"}
    rows = [{"number": 2, "texts": row, "flaws": {}}]
    intake = Intake.objects.create(challenge=challenge, author=organiser, file_name="走访.xlsx", rows=rows)
    [world.records["recorded"]] = apply_intake(intake, actor=organiser)
    draft = create_challenge(actor=organiser, organiser=body, name="qdraftchallenge")
    set_windows(draft, actor=organiser, calendar=calendar)
    world.records |= {"challenge": challenge, "draft_challenge": draft, "intake": intake}


def add_reviews(world: World):
    """Two items for the reviewer, the second confidential and without a pledge, and one that somebody else scored."""
    reviewer, admin = world.fresh("reviewer"), world.fresh("admin")
    for level in (1, 2):
        entry = world.records[f"entry{level}"]
        world.records[f"review{level}"] = Review.objects.create(entry=entry, reviewer=reviewer, label=f"A{level}")
    entry = world.records["entry1"]
    other = register_user(email="other@lab2.test", password=PASSWORD, name="qexpert")
    seat(other, world.records["authority"], role=MemberRole.EXPERT)
    locked = Review.objects.create(
        entry=entry, reviewer=other, label="B7", status="locked", locked_at=timezone.now(), comment="qreviewcomment"
    )
    for criterion in entry.challenge.criteria.filter(stage="screening"):
        Score.objects.create(review=locked, criterion=criterion, points=80, reason="qreviewreason")
    world.records["tie"] = declare_tie(reviewer, organisation=world.records["institute"], note="qtie")
    world.records["waiver"] = Waiver.objects.create(
        entry=entry, user=other, kinds=["phone"], reason="仅此一位", author=admin
    )


def add_solutions(world: World):
    """The institute's draft for the item on the board, with a sealed price, an attachment and who is asked to join."""
    provider = world.fresh("provider")
    words = dict.fromkeys(PARTS, "qsolution")
    solution = Solution.objects.create(
        entry=world.records["entry1"], organisation=world.records["institute"], author=provider, **words
    )
    SealedPrice.objects.create(solution=solution, cipher=seal(Decimal("386123.45")))
    asked = Organisation.objects.get(name="伙伴计量院")
    CoApplicant.objects.create(solution=solution, organisation=asked, pk=part_id(solution.pk, "partner"))
    upload = check_upload(ContentFile(b"qsolutionfile", "qsolutionfile.txt"))
    store_file(SolutionFile(solution=solution, pk=part_id(solution.pk, "file")), upload, author=provider)
    world.records["solution"] = solution


def add_tracking(world: World):
    """Last year's challenge: the solution of an institute that no role belongs to is signed and followed up."""
    organiser, owner, now = world.fresh("organiser"), world.fresh("owner"), timezone.now()
    docking = world.records["docking1"]
    challenge = create_challenge(actor=organiser, organiser=world.records["authority"], name="去年的挑战赛")
    Challenge.objects.filter(pk=challenge.pk).update(status="tracking")
    PhaseWindow.objects.create(
        challenge=challenge, phase="solving", opens_at=now - timedelta(days=60), closes_at=now - timedelta(days=40)
    )
    entry = Entry.objects.create(
        challenge=challenge,
        need=docking.need,
        author=owner,
        status="on_board",
        board_number="CH-01",
        board_title="坐标测量机",
        board_text="坐标测量机长度示值误差",
        confirmed_at=now,
        confirmed_by=owner,
    )
    partner = User.objects.get(email="partner@example.com")
    solution = Solution.objects.create(
        entry=entry,
        organisation=docking.institute,
        author=partner,
        status="selected",
        title="去年的方案",
        submitted_at=now,
        docking=docking,
    )
    Decision.objects.create(solution=solution, outcome="selected", author=organiser, released_at=now)
    world.records |= {"tracked_challenge": challenge, "signed_solution": solution}
    world.records["follow_up"] = FollowUp.objects.create(solution=solution, months=3, due_on=timezone.localdate())


def add_decisions(world: World):
    """What became of last year's solution, which the institute had joined: announced, objected to, and certified."""
    challenge, solution = world.records["tracked_challenge"], world.records["signed_solution"]
    institute, stranger, now = world.records["institute"], world.fresh("stranger"), timezone.now()
    PhaseWindow.objects.create(
        challenge=challenge, phase="announced", opens_at=now - timedelta(days=20), closes_at=now - timedelta(days=10)
    )
    CoApplicant.objects.create(solution=solution, organisation=institute, agreed_at=now)
    solution.decision.text = "qdecision"
    solution.decision.save()
    world.records["decision"] = solution.decision
    world.records["objection"] = Objection.objects.create(
        challenge=challenge, author=stranger, organisation=stranger.organisations[0], text="qobjection"
    )
    world.records["certificate"] = Certificate.objects.create(
        solution=solution, organisation=institute, number="ZS-2222-3333-4444"
    )


def sign_in(world: World):
    """A session for everybody, so that a request need not begin with one."""
    for role in world.users:
        client = Client()
        if role != "anonymous":
            client.force_login(world.fresh(role))
        world.cookies[role] = client.cookies
