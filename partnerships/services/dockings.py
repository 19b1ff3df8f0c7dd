"""Dockings: stages asked for and confirmed, the contact log, the steward, and how a docking ends."""

from collections.abc import Iterable
from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.enums import MemberStatus, OrganisationKind
from accounts.models import Membership, User
from core.files import Checked, store_file
from core.models import Event
from core.workflow import NotPermitted, TransitionError
from matching.models import Proposal
from matching.services import record_outcome
from needs.enums import KNOWN
from needs.models import Need
from needs.services import follow_need, grant_sight, revoke_sight
from partnerships.enums import ContactKind, FailureReason, Side, Stage
from partnerships.models import Contact, Docking, DockingFile, Message, Milestone
from partnerships.notices import BOTH, NAMED_STEWARD, STEWARD, tell
from partnerships.services.wording import newest_text
from partnerships.workflow import docking_workflow, is_backwards

CONFIRM_WITHIN = timedelta(days=7)
FIRST_CONTACT_WITHIN = timedelta(days=7)
REMIND_BEFORE = timedelta(days=3)


@transaction.atomic
def open_docking(proposal: Proposal, *, actor: User) -> Docking:
    """The docking of a proposal that both sides want."""
    docking = Docking.objects.create(
        proposal=proposal,
        need=proposal.need,
        institute=proposal.capability.organisation,
        next_contact_on=timezone.localdate() + FIRST_CONTACT_WITHIN,
    )
    docking.record("open", "开启对接", actor=actor, target=docking.status)
    follow_need(proposal.need, "dock", actor=actor)
    return docking


# --- Stages: one side asks, the other confirms ------------------------------------------------------------------


def sides_of(docking: Docking, user: User) -> set[Side]:
    """The sides this person acts for."""
    sides = set()
    if docking.need.organisation_id in user.organisation_ids:
        sides.add(Side.ENTERPRISE)
    if docking.institute_id in user.provider_ids:
        sides.add(Side.PROVIDER)
    return sides


def stages_to_ask(docking: Docking) -> list[Stage]:
    """The stages that may be asked for now, in order."""
    if not docking.is_open or docking.asked_stage:
        return []
    return [stage for stage in Stage if docking.status in docking_workflow.transitions[f"to_{stage}"].sources]


@transaction.atomic
def ask_stage(docking: Docking, stage: str, *, actor: User, note: str = "", reason: str = "") -> Event:
    """One side's wish to go to another stage, which the other side has a week to confirm."""
    docking.lock()
    side = _side(docking, actor)
    step = docking_workflow.transitions.get(f"to_{stage}")
    if docking.asked_stage:
        raise TransitionError(f"“{docking.get_asked_stage_display()}”正等待确认，请先等对方答复或撤回申请。")
    if step is None or docking.status not in step.sources:
        raise TransitionError(f"当前阶段是“{docking.get_status_display()}”，不能{step.label if step else '这样转'}。")
    if stage == Stage.FAILED and reason not in FailureReason.values:
        raise TransitionError("请选择对接未成的原因，再提交。")
    if is_backwards(docking.status, stage) and not note.strip():
        raise TransitionError("退回前面的阶段需要写明理由，请填写后再提交。")
    if refusal := step.refuse(docking):
        raise TransitionError(refusal)
    docking.asked_stage, docking.asked_side, docking.asked_by = stage, side, actor
    docking.asked_reason, docking.asked_note = reason if stage == Stage.FAILED else "", note.strip()
    docking.asked_due_on = timezone.localdate() + CONFIRM_WITHIN
    docking.save()
    event = docking.record(
        "ask", f"申请进入“{Stage(stage).label}”", actor=actor, source=docking.status, target=stage, note=note.strip()
    )
    text = f"{{number}} 对方申请进入“{Stage(stage).label}”，请在 {docking.asked_due_on:%m-%d} 前确认。"
    tell(docking, text, side.other, actor=actor)
    return event


@transaction.atomic
def confirm_stage(docking: Docking, *, actor: User, asked: str = "") -> Event:
    """The other side's yes, or the steward's once the week has passed; `asked` is the stage the person was shown."""
    _check_answer(docking, actor, asked)
    stage, reason, note = docking.asked_stage, docking.asked_reason, docking.asked_note
    asker = docking.asked_by
    _clear_request(docking)
    event = docking_workflow.follow(
        docking, f"to_{stage}", actor=actor, note=note, reason=reason, data={"asked_by": asker.name}
    )
    if stage in {Stage.CLOSED, Stage.FAILED}:
        _end(docking, has_succeeded=stage == Stage.CLOSED, actor=actor)
    tell(docking, f"{{number}} 已进入“{Stage(stage).label}”。", *BOTH, STEWARD, actor=actor)
    return event


@transaction.atomic
def refuse_stage(docking: Docking, *, actor: User, note: str, asked: str = "") -> Event:
    """The other side's no, with its reason; the docking stays where it is."""
    _check_answer(docking, actor, asked)
    if not note.strip():
        raise TransitionError("不同意需要写明理由，请填写后再提交。")
    stage, asker = docking.asked_stage, Side(docking.asked_side)
    _clear_request(docking)
    event = docking.record(
        "refuse", f"不同意进入“{Stage(stage).label}”", actor=actor, source=docking.status, note=note.strip()
    )
    tell(docking, f"{{number}} 对方不同意进入“{Stage(stage).label}”，理由见经过。", asker, actor=actor)
    return event


@transaction.atomic
def withdraw_stage(docking: Docking, *, actor: User) -> Event:
    """The asking side takes its wish back."""
    docking.lock()
    if not docking.asked_stage:
        raise TransitionError("没有等待确认的申请，请刷新页面查看最新状态。")
    if not may_withdraw(docking, actor):
        raise NotPermitted("只有提出申请的一方可以撤回。")
    return drop_request(docking, actor=actor)


def drop_request(docking: Docking, *, actor: User, note: str = "") -> Event:
    """Take back what was asked, also because what it rests on has changed; the docking is locked."""
    label = docking.get_asked_stage_display()
    _clear_request(docking)
    return docking.record("withdraw", f"撤回进入“{label}”的申请", actor=actor, source=docking.status, note=note)


def _side(docking: Docking, actor: User) -> Side:
    """The side this person asks for; who sits on both asks for the enterprise."""
    sides = sides_of(docking, actor)
    if not sides:
        raise NotPermitted("只有对接双方可以申请进入下一阶段。")
    return Side.ENTERPRISE if Side.ENTERPRISE in sides else Side.PROVIDER


def may_answer(docking: Docking, user: User) -> bool:
    """Whether this person may answer to what was asked: the other side, or, after its week, the steward."""
    if not docking.asked_stage:
        return False
    sides = sides_of(docking, user)
    if sides:
        # Who sits on both sides still needs somebody else's word.
        return Side(docking.asked_side).other in sides and docking.asked_by_id != user.pk
    return docking.is_overdue and user.has_perm("partnerships.steward", docking)


def may_withdraw(docking: Docking, user: User) -> bool:
    """Whether this person may take back what was asked."""
    return bool(docking.asked_stage) and docking.asked_side in sides_of(docking, user)


def _check_answer(docking: Docking, actor: User, asked: str) -> None:
    docking.lock()
    if not docking.asked_stage or (asked and asked != docking.asked_stage):
        raise TransitionError("这项申请已有答复或已撤回，请刷新页面查看最新状态。")
    if not may_answer(docking, actor):
        raise NotPermitted("应由对方确认；对方逾期未确认的，由技术管家或组织方确认。")


def _clear_request(docking: Docking) -> None:
    docking.asked_stage = docking.asked_side = docking.asked_reason = docking.asked_note = ""
    docking.asked_by = docking.asked_due_on = None
    docking.save()


def _end(docking: Docking, *, has_succeeded: bool, actor: User | None) -> None:
    """What follows when a docking ends: evidence for the matcher, and the need moves on or is open again."""
    docking.ended_at, docking.next_contact_on = timezone.now(), None
    docking.save()
    record_outcome(docking.proposal, has_succeeded=has_succeeded)
    if not has_succeeded:
        grant_sight(docking.need, actor=actor, organisation=docking.institute, sees_contact=False)
    # A need may be met in parts by several institutes: it is settled when the last of them is through.
    dockings = docking.need.dockings
    if not dockings.open().exists():
        is_resolved = dockings.filter(status=Stage.CLOSED).exists()
        follow_need(docking.need, "resolve" if is_resolved else "undock", actor=actor)


def end_dockings_of(need: Need) -> None:
    """End the open dockings of a need that is no longer published."""
    if need.status in KNOWN:
        return
    for docking in need.dockings.open().for_list():
        with transaction.atomic():
            docking.lock()
            if docking.is_open:
                _clear_request(docking)
                docking_workflow.follow(docking, "to_failed", reason=FailureReason.CHANGED, note="企业撤回或修改了需求")
                _end(docking, has_succeeded=False, actor=None)
                tell(docking, "{number} 的需求已由企业撤回或修改，对接结束。", Side.PROVIDER, STEWARD)


# --- Contact log, messages, files, milestones ---------------------------------------------------------------------


@transaction.atomic
def log_contact(docking: Docking, *, actor: User, held_on: date, **fields) -> Contact:
    """A contact that took place."""
    _check_writer(docking, actor)
    contact = Contact(docking=docking, author=actor, held_on=held_on, **fields)
    return _save_minutes(docking, contact, "log", "联系记录", actor)


@transaction.atomic
def plan_visit(docking: Docking, *, actor: User, planned_on: date, **fields) -> Contact:
    """A visit that is still to come, and is the next contact unless an earlier one is due."""
    _check_writer(docking, actor)
    if not docking.is_open:
        raise TransitionError("对接已结束，不再安排走访。")
    if planned_on < timezone.localdate():
        raise TransitionError("计划日期不能早于今天；已经进行的走访请填写联系记录。")
    contact = Contact.objects.create(
        docking=docking, author=actor, kind=ContactKind.VISIT, planned_on=planned_on, **fields
    )
    docking.next_contact_on = min(filter(None, [docking.next_contact_on, planned_on]))
    docking.save()
    return _announce_contact(docking, contact, "plan", "计划走访", actor)


@transaction.atomic
def file_minutes(contact: Contact, *, actor: User, held_on: date, **fields) -> Contact:
    """The minutes of a visit that was planned."""
    docking = contact.docking
    _check_writer(docking, actor)
    contact.lock()
    if contact.held_on:
        raise TransitionError("这次走访已有纪要，请刷新页面查看。")
    for name, value in {"held_on": held_on, **fields}.items():
        setattr(contact, name, value)
    return _save_minutes(docking, contact, "minutes", "走访纪要", actor)


def _save_minutes(docking: Docking, contact: Contact, action: str, label: str, actor: User) -> Contact:
    """Keep what came of a contact; while the docking goes on, that includes when the next one is."""
    today = timezone.localdate()
    if contact.held_on > today:
        raise TransitionError("联系日期不能晚于今天；还没有进行的请填写在“计划走访”里。")
    if docking.is_open and (contact.next_on is None or contact.next_on < today):
        raise TransitionError("请填写下次联系日期（今天或以后），好让双方知道接下来什么时候联系。")
    contact.validate_constraints()
    contact.save()
    docking.last_contact_on = max(docking.last_contact_on, contact.held_on)
    docking.next_contact_on = contact.next_on if docking.is_open else None
    docking.save()
    return _announce_contact(docking, contact, action, label, actor)


def _announce_contact(docking: Docking, contact: Contact, action: str, label: str, actor: User) -> Contact:
    docking.record(action, label, actor=actor, data={"contact": str(contact.pk)})
    tell(docking, f"{{number}} 有新的{label}，请查看。", *BOTH, STEWARD, actor=actor)
    return contact


@transaction.atomic
def set_next_contact(docking: Docking, *, actor: User, on: date) -> None:
    """The steward's date for the next contact."""
    docking.lock()
    if not actor.has_perm("partnerships.steward", docking):
        raise NotPermitted("只有技术管家或组织方可以安排下次联系。")
    if not docking.is_open:
        raise TransitionError("对接已结束，不再安排联系。")
    if on < timezone.localdate():
        raise TransitionError("下次联系日期不能早于今天。")
    docking.next_contact_on = on
    docking.save()
    docking.record("schedule", "安排下次联系", actor=actor, data={"on": on})


@transaction.atomic
def write_message(docking: Docking, *, actor: User, text: str) -> Message:
    _check_writer(docking, actor)
    message = Message.objects.create(docking=docking, author=actor, text=text)
    tell(docking, "{number} 有新消息，请查看。", *BOTH, STEWARD, actor=actor)
    return message


@transaction.atomic
def add_file(docking: Docking, *, actor: User, upload: Checked) -> DockingFile:
    _check_writer(docking, actor)
    stored = store_file(DockingFile(docking=docking), upload, author=actor)
    docking.record("file", "上传附件", actor=actor, data={"name": stored.name, "digest": stored.digest})
    tell(docking, "{number} 有新附件，请查看。", *BOTH, STEWARD, actor=actor)
    return stored


@transaction.atomic
def add_milestone(docking: Docking, *, actor: User, title: str, due_on: date) -> Milestone:
    _check_writer(docking, actor)
    if not docking.is_open:
        raise TransitionError("对接已结束，不能再添加里程碑。")
    milestone = Milestone.objects.create(docking=docking, title=title, due_on=due_on)
    docking.record("milestone", "添加里程碑", actor=actor, data={"title": title, "due_on": due_on})
    return milestone


@transaction.atomic
def complete_milestone(milestone: Milestone, *, actor: User) -> Milestone:
    docking = milestone.docking
    _check_writer(docking, actor)
    milestone.lock()
    if milestone.done_on is None:
        milestone.done_on = timezone.localdate()
        milestone.save()
        docking.record("milestone_done", "完成里程碑", actor=actor, data={"title": milestone.title})
    return milestone


def _check_writer(docking: Docking, actor: User) -> None:
    docking.lock()
    if not actor.has_perm("partnerships.write_log", docking):
        raise NotPermitted("只有对接双方、已作承诺的技术管家和组织方可以填写。")


# --- The steward --------------------------------------------------------------------------------------------------


def possible_stewards(docking: Docking):
    """Members and experts of the organisers in charge, but nobody who belongs to one of the two sides."""
    [people] = stewards_for_each([docking])
    return User.objects.filter(pk__in=[person.pk for person in people]).order_by("name", "pk")


def stewards_for_each(dockings: Iterable[Docking]) -> list[list[User]]:
    """Who could be the steward of each of these dockings, stored or still to be opened; as many queries as for one."""
    dockings = list(dockings)
    organisers = Membership.objects.filter(
        status=MemberStatus.ACTIVE,
        organisation__verified_at__isnull=False,
        organisation__kind=OrganisationKind.AUTHORITY,
        user__is_active=True,
    )
    seats = list(organisers.select_related("organisation", "user").order_by("user__name", "user"))
    sides = {body for docking in dockings for body in (docking.need.organisation_id, docking.institute_id)}
    involved = set(Membership.objects.filter(organisation__in=sides).values_list("user", "organisation"))
    return [_stewards_among(seats, involved, docking) for docking in dockings]


def _stewards_among(seats: list[Membership], involved: set[tuple], docking: Docking) -> list[User]:
    enterprise = docking.need.organisation
    people = [seat.user for seat in seats if seat.organisation.oversees(enterprise.region)]
    sides = (enterprise.pk, docking.institute_id)
    return [person for person in dict.fromkeys(people) if not involved & {(person.pk, side) for side in sides}]


@transaction.atomic
def assign_steward(docking: Docking, *, actor: User, steward: User | None) -> Event:
    """Name who carries the docking; it begins with that person's pledge."""
    if not actor.has_perm("partnerships.assign_steward", docking):
        raise NotPermitted("只有主管的组织方可以指派技术管家。")
    return appoint_steward(docking, actor=actor, steward=steward)


@transaction.atomic
def appoint_steward(docking: Docking, *, actor: User, steward: User | None) -> Event:
    """Name who carries the docking, for a caller that has checked who may."""
    docking.lock()
    if not docking.is_open:
        raise TransitionError("对接已结束，不再指派技术管家。")
    if steward is None or not possible_stewards(docking).filter(pk=steward.pk).exists():
        raise TransitionError("技术管家须是组织方的成员或专家，且不属于对接任何一方，请另选。")
    if docking.steward == steward:
        raise TransitionError(f"{steward}已经是这项对接的技术管家。")
    if docking.steward:
        _close_to_steward(docking, actor)
    docking.steward, docking.steward_pledged_at = steward, None
    docking.save()
    event = docking.record("assign", "指派技术管家", actor=actor, data={"steward": steward.name})
    tell(docking, "您被指派为 {number} 的技术管家，请先签署承诺。", NAMED_STEWARD, actor=actor)
    tell(docking, f"{{number}} 的技术管家是{steward.name}。", *BOTH, actor=actor)
    return event


@transaction.atomic
def pledge(docking: Docking, *, actor: User) -> Event:
    """The steward's promise to be discreet and impartial; from then on the steward sees the need."""
    docking.lock()
    if not actor.has_perm("partnerships.pledge", docking):
        raise NotPermitted("只有被指派的技术管家可以签署承诺。")
    if docking.steward_pledged_at:
        raise TransitionError("您已签署过承诺。")
    if not docking.is_open:
        raise TransitionError("对接已结束，不再需要签署承诺。")
    docking.steward_pledged_at = timezone.now()
    docking.save()
    grant_sight(docking.need, actor=actor, user=actor, sees_detail=True, sees_contact=True)
    version, _ = newest_text("pledge")
    return docking.record("pledge", "技术管家承诺", actor=actor, data={"template_version": version})


def _close_to_steward(docking: Docking, actor: User) -> None:
    """A former steward sees no more of the need, unless steward of another docking of it."""
    steward = docking.steward
    others = docking.need.dockings.filter(steward=steward, steward_pledged_at__isnull=False).exclude(pk=docking.pk)
    if not others.exists():
        revoke_sight(docking.need, actor=actor, user=steward)
