"""Fill an empty database with the demo data."""

import json
import random
import uuid
from datetime import date, timedelta
from functools import partial
from pathlib import Path

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from accounts.enums import MemberStatus
from accounts.models import Membership, Notice, Organisation, User
from accounts.services import found_organisation, register_user, verify_organisation
from core.progress import bar
from frontend.demo_events import seat_experts, tell_events
from frontend.stories import days_ago, tell_stories
from matching.services import rematch
from needs.enums import NeedStatus
from needs.models import Need
from needs.services import confirm_public_text, create_need, move_need, write_public_text
from providers.models import Credential
from providers.services import create_capability, move_capability, save_credential

PASSWORD = "liangzhi-demo"
NEWS = timedelta(days=2)
DATA = Path(__file__).resolve().parents[2] / "demo"
# The steps from draft to each state, and who takes them.
STEPS_TO = {
    NeedStatus.DRAFT: [],
    NeedStatus.SUBMITTED: ["submit"],
    NeedStatus.RETURNED: ["submit", "return"],
    NeedStatus.DIAGNOSING: ["submit", "diagnose"],
    NeedStatus.ACCEPTED: ["submit", "accept"],
    NeedStatus.PUBLISHED: ["submit", "accept", "confirm", "publish"],
    NeedStatus.WITHDRAWN: ["submit", "withdraw"],
}
FIELDS_OF_ORGANISATION = (
    "name",
    "kind",
    "region",
    "service_regions",
    "size",
    "industry",
    "is_specialised",
    "is_little_giant",
    "is_high_tech",
    "address",
    "website",
    "intro",
)
FIELDS_OF_NEED = (
    "title",
    "category",
    "discipline",
    "problem_type",
    "background",
    "problem",
    "goal",
    "current_state",
    "budget_low",
    "budget_high",
    "cooperation",
    "credentials",
    "level",
    "is_anonymous",
    "public_title",
    "public_text",
    "contact_name",
    "contact_phone",
)
BY_ENTERPRISE = {"submit", "confirm", "withdraw"}
RETURN_NOTE = "请补充测量范围和允许误差，并说明零件材料与现场温度。"


def load(name: str) -> list[dict]:
    return [json.loads(line) for line in (DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines() if line]


class Command(BaseCommand):
    help = "写入演示数据：机构、能力、企业、需求和每种角色一个账户。已有数据时不做任何事。"

    def handle(self, *, verbosity, **options):
        if Organisation.objects.exists():
            self.stdout.write("数据库里已有数据，没有再写入演示数据。")
            self.show_accounts()
            return
        show = partial(bar, verbosity=verbosity)
        with transaction.atomic():
            self.seed(show)
        stories = load("stories")
        tell_stories(show(stories, label="演示对接", total=len(stories)), needs=self.needs, bodies=self.bodies)
        events = load("challenges")
        experts = seat_experts(load("experts"), self.bodies["samr-org"])
        tell_events(
            show(events, label="演示赛事", total=len(events)),
            needs=self.needs,
            bodies=self.bodies,
            experts=experts,
            reasons=load("reasons"),
        )
        count = rematch(progress=partial(show, label="匹配需求"))
        # What lies back for days has been read.
        Notice.objects.filter(created_at__lt=timezone.now() - NEWS).update(read_at=timezone.now())
        self.stdout.write(self.style.SUCCESS(f"演示数据已写入，{count} 条需求已匹配。"))
        self.show_accounts()

    def show_accounts(self):
        self.stdout.write(f"演示账户（密码都是 {PASSWORD}）：")
        for row in load("accounts"):
            self.stdout.write(f"  {row['email']:<26}{row['role_display']}")

    def seed(self, show):
        """Everything through the services, in the order in which it happens in life; ids are the same every time."""
        numbers = random.Random(2026)
        self.new_id = lambda: uuid.UUID(int=numbers.getrandbits(128), version=4)
        self.administrator = User.objects.create_superuser("admin@example.com", PASSWORD, name="平台管理员")
        rows = load("organisations")
        self.bodies = {row["key"]: self.organisation(row) for row in show(rows, label="登记单位")}
        self.founders = {key: body.memberships.select_related("user").get().user for key, body in self.bodies.items()}
        self.credentials, self.needs = {}, {}
        for row in load("credentials"):
            self.credential(row)
        for row in show([*load("capabilities"), *load("research")], label="发布能力"):
            self.capability(row)
        for row in load("accounts"):
            self.account(row)
        begun = {story["need"]: story["days_ago"] for story in load("stories")}
        begun |= {key: event["phases"]["collecting"][0] for event in load("challenges") for key in event["entries"]}
        self.today = timezone.localdate()
        for row in show(load("needs"), label="提出需求"):
            # Somewhat before its story or its challenge, if it has one.
            with days_ago(begun.get(row["key"], 0) + 1):
                self.needs[row["key"]] = self.need(row)

    def organisation(self, row) -> Organisation:
        founder = register_user(email=f"{row['key']}@demo.example", password=None, name=f"{row['name'][:6]}联系人")
        fields = {name: row[name] for name in FIELDS_OF_ORGANISATION if name in row}
        body = found_organisation(founder=founder, id=self.new_id(), credit_code=row["code"], **fields)
        return verify_organisation(body, actor=self.administrator)

    def credential(self, row):
        credential = Credential(
            id=self.new_id(),
            organisation=self.bodies[row["organisation"]],
            kind=row["kind"],
            number=row["number"],
            valid_from=date.fromisoformat(row["valid_from"]),
            valid_until=row["valid_until"] and date.fromisoformat(row["valid_until"]),
        )
        save_credential(credential, actor=self.founders[row["organisation"]])
        self.credentials[row["organisation"], row["kind"]] = credential

    def capability(self, row):
        actor = self.founders[row["organisation"]]
        is_research = "maturity" in row
        fields = {name: row[name] for name in ("title", "discipline", "modes") if name in row}
        if is_research:
            fields |= {name: row[name] for name in ("direction", "maturity", "cases")}
        else:
            fields["credential"] = self.credentials.get((row["organisation"], row.get("credential")))
        lines = [
            {
                "measurand": line.get("measurand", ""),
                "codes_text": line.get("codes", ""),
                "range_text": line.get("range", ""),
                "uncertainty_text": line.get("uncertainty", ""),
                "note": line.get("note", ""),
            }
            for line in row.get("lines", [])
        ]
        capability = create_capability(
            id=self.new_id(),
            author=actor,
            organisation=self.bodies[row["organisation"]],
            kind="research" if is_research else "service",
            text=row.get("text", ""),
            lines=lines,
            **fields,
        )
        move_capability(capability, "publish", actor=actor)

    def need(self, row) -> Need:
        owner = self.founders[row["organisation"]]
        need = create_need(
            id=self.new_id(),
            author=owner,
            organisation=self.bodies[row["organisation"]],
            expected_on=self.today + timedelta(days=row["expected_in_days"]),
            lines=[self.need_line(line) for line in row["lines"]],
            is_qualitative=not row["lines"],
            pledges_no_secrets=True,
            pledges_truth=True,
            **{name: row[name] for name in FIELDS_OF_NEED if row.get(name) is not None},
        )
        for step in STEPS_TO[row["status"]]:
            self.take(need, step, owner, row)
        return need

    def take(self, need, step, owner, row):
        if step == "confirm":
            confirm_public_text(need, actor=owner)
            return
        if step == "accept":
            write_public_text(
                need, actor=self.administrator, public_title=row["public_title"], public_text=row["public_text"]
            )
        note = RETURN_NOTE if step == "return" else ""
        move_need(need, step, actor=owner if step in BY_ENTERPRISE else self.administrator, note=note)

    def need_line(self, line) -> dict:
        return {
            "object_name": line["object"],
            "measurand": line.get("measurand", ""),
            "range_text": line.get("range", ""),
            "accuracy_text": line.get("accuracy", ""),
            "conditions_text": line.get("conditions", ""),
            "codes_text": line.get("codes", ""),
            "mode": line.get("mode") or "lab",
            "obligation": line.get("obligation") or "required",
            "note": line.get("note", ""),
        }

    def account(self, row):
        """A person with the demo password, and a seat unless it is the administrator."""
        if row["organisation"]:
            user = register_user(email=row["email"], password=PASSWORD, name=row["name"])
            body = self.bodies[row["organisation"]]
            Membership.objects.create(user=user, organisation=body, role=row["role"], status=MemberStatus.ACTIVE)
