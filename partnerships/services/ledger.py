"""需求台账: entries are made, assigned to one who answers, worked on, confirmed; deadlines move by approval."""

from collections.abc import Iterable
from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.text import Truncator

from accounts.enums import NoticeKind, OrganisationKind
from accounts.models import Organisation, User, clean_credit_code
from accounts.notices import notify
from core.enums import Level
from core.models import Event
from core.workflow import NotPermitted, TransitionError
from needs.enums import NeedCategory, NeedStatus
from needs.models import Need
from partnerships.enums import UNDONE, ExtensionStatus, LedgerCategory, LedgerSource, LedgerStatus, Stage
from partnerships.models import Docking, Extension, LedgerEntry
from partnerships.workflow import ledger_workflow

ESCALATED_AFTER = 7
RESULT_OF_DOCKING = "对接已结案"
MAX_DESCRIPTION = LedgerEntry._meta.get_field("description").max_length
CATEGORY_OF = {
    NeedCategory.ENERGY: LedgerCategory.ENERGY,
    NeedCategory.SYSTEM: LedgerCategory.MANAGEMENT,
    NeedCategory.TEST_METHOD: LedgerCategory.TESTING,
}


# --- Making entries -----------------------------------------------------------------------------------------------


@transaction.atomic
def add_entry(*, actor: User, enterprise: Organisation, title: str, **fields) -> LedgerEntry:
    """A new entry that waits to be assigned."""
    if not actor.oversees(enterprise.region):
        raise NotPermitted("只有主管该企业所在地区的组织方可以登记台账。")
    entry = build_entry(actor=actor, enterprise=enterprise, title=title, **fields)
    entry.save()
    entry.record("add", "登记", actor=actor, target=entry.status)
    return entry


def build_entry(*, actor: User, enterprise: Organisation, **fields) -> LedgerEntry:
    """An entry that is in order and not stored yet."""
    if enterprise.kind != OrganisationKind.ENTERPRISE:
        raise ValidationError({"enterprise": "台账登记的是企业的问题，请选择企业。"})
    if fields.get("raised_on", timezone.localdate()) > timezone.localdate():
        raise ValidationError({"raised_on": "提出日期不能晚于今天。"})
    return LedgerEntry(enterprise=enterprise, author=actor, **fields)


@transaction.atomic
def add_entry_for_need(need: Need, *, actor: User | None = None) -> LedgerEntry:
    """The entry of a published need, in the words that everybody may read; made once, by who published it."""
    need.lock()
    actor = actor or need.events.filter(action="publish").latest("number").actor
    if not actor.has_perm("needs.screen_need", need):
        raise NotPermitted("只有主管该企业所在地区的组织方可以登记台账。")
    if need.published_at is None:
        raise TransitionError("需求还没有发布，发布后才登记台账。")
    entry = LedgerEntry.objects.filter(need=need).first()
    if entry is None:
        raised_on = timezone.localdate(need.published_at)
        entry = LedgerEntry(
            need=need, enterprise=need.organisation, author=actor, source=LedgerSource.NEED, raised_on=raised_on
        )
        entry.save()
        entry.record("add", "登记", actor=actor, target=entry.status)
    # A need that was taken back and published again may say something else, or less.
    LedgerEntry.objects.filter(pk=entry.pk).update(**wording_of(need))
    entry.refresh_from_db()
    return entry


def wording_of(need: Need) -> dict[str, str]:
    """What the ledger says of a need: no more than everybody may read of it."""
    if need.level == Level.ORGANISER_ONLY:
        return {"title": f"{need.number} 仅组织方可见的需求", "description": "", "category": LedgerCategory.MEASUREMENT}
    if need.level == Level.AFTER_NDA:
        return {"title": need.public_title, "description": "", "category": LedgerCategory.MEASUREMENT}
    return {
        "title": need.public_title,
        "description": Truncator(need.public_text).chars(MAX_DESCRIPTION),
        "category": CATEGORY_OF.get(NeedCategory(need.category), LedgerCategory.MEASUREMENT),
    }


@transaction.atomic
def update_entry(entry: LedgerEntry, *, actor: User, **fields) -> LedgerEntry:
    """The entry in other words; those of a need are changed with the need."""
    entry.lock()
    _check_manager(entry, actor)
    if entry.need_id:
        raise TransitionError("这条台账来自平台需求，问题和说明随需求的公开内容，请在需求页修改。")
    if entry.status not in UNDONE:
        raise TransitionError(f"台账{entry.get_status_display()}，不能再修改。")
    changed = {name: value for name, value in fields.items() if getattr(entry, name) != value}
    if not changed:
        return entry
    if changed.get("raised_on", timezone.localdate()) > timezone.localdate():
        raise ValidationError({"raised_on": "提出日期不能晚于今天。"})
    before = {name: getattr(entry, name) for name in changed}
    for name, value in changed.items():
        setattr(entry, name, value)
    entry.save()
    labels = "、".join(LedgerEntry._meta.get_field(name).verbose_name for name in changed)
    entry.record("change", "修改", actor=actor, note=f"修改了{labels}。", data={"before": before, "after": changed})
    return entry


def possible_bodies(user: User):
    """The organisations that can answer for an entry, as far as the organiser knows of them."""
    return Organisation.objects.visible_to(user).verified().exclude(kind=OrganisationKind.ENTERPRISE)


@transaction.atomic
def register_enterprise(*, actor: User, name: str, credit_code: str, region: str) -> Organisation:
    """An enterprise that somebody met, known by its papers and verified by nobody yet."""
    if not actor.oversees(region):
        raise NotPermitted("只能登记您主管地区的企业。")
    enterprise = Organisation(
        name=name, kind=OrganisationKind.ENTERPRISE, credit_code=clean_credit_code(credit_code), region=region
    )
    enterprise.full_clean()
    enterprise.save()
    return enterprise


# --- Assigning ----------------------------------------------------------------------------------------------------


@transaction.atomic
def assign_entry(entry: LedgerEntry, *, actor: User, responsible: Organisation, person: User, due_on: date) -> Event:
    """Name the one organisation and person who answer for the entry, and the day by which it is to be done."""
    entry.lock()
    _check_manager(entry, actor)
    event = put_in_charge(entry, actor=actor, responsible=responsible, person=person, due_on=due_on)
    text = f"台账 {{number}} 由您负责，请在 {due_on:%Y-%m-%d} 前办结。"
    _tell(entry, text, [person], actor=actor)
    _tell(
        entry, f"台账 {{number}} 已分派给{responsible}，{due_on:%Y-%m-%d} 前办结。", of_enterprise(entry), actor=actor
    )
    return event


def put_in_charge(
    entry: LedgerEntry, *, actor: User | None, responsible: Organisation, person: User, due_on: date
) -> Event:
    """Assign a locked entry without telling anybody; what was before stays in its history."""
    step = ledger_workflow.transitions["assign"]
    if entry.status not in step.sources:
        raise TransitionError(f"台账{entry.get_status_display()}，不能再分派。")
    if refusal := refuse_assignment(entry, responsible, person, due_on):
        raise TransitionError(refusal)
    before = charge_of(entry)
    entry.responsible, entry.person, entry.due_on, entry.escalated_at = responsible, person, due_on, None
    source, entry.status = entry.status, step.target
    entry.save()
    _drop_extension(entry, actor, "已重新分派并另定时限。")
    after = charge_of(entry)
    note = f"{_in_words(after)}（原为：{_in_words(before)}）" if before else _in_words(after)
    data = {**after, "before": before}
    return entry.record(step.name, step.label, actor=actor, source=source, target=entry.status, note=note, data=data)


def refuse_assignment(entry: LedgerEntry, responsible: Organisation, person: User, due_on: date) -> str:
    """Why these cannot answer for the entry until then; empty when they can."""
    if responsible.verified_at is None:
        return f"{responsible}尚未核验，不能作为责任单位；请先核验，或另选单位。"
    if responsible.kind == OrganisationKind.ENTERPRISE:
        return "责任单位应是服务机构、主管部门或协会，不能是企业，请另选。"
    if not User.objects.acting_for(responsible).filter(pk=person.pk).exists():
        return f"{person}不是{responsible}的在册成员，请另选责任人。"
    if due_on < timezone.localdate():
        return "完成时限不能早于今天。"
    if entry.need_id and not Need.objects.visible_to(person).filter(pk=entry.need_id).exists():
        return "这条台账来自保密需求，责任人现在看不到它；请先经企业同意向该单位开放需求，再分派。"
    return ""


def charge_of(entry: LedgerEntry) -> dict:
    """Who answers for the entry until when, as the history keeps it; empty for nobody."""
    if entry.responsible is None:
        return {}
    return {"responsible": entry.responsible.name, "person": entry.person.name, "due_on": entry.due_on}


def _in_words(charge: dict) -> str:
    return f"{charge['responsible']} {charge['person']}，{charge['due_on']:%Y-%m-%d} 前办结"


# --- Steps --------------------------------------------------------------------------------------------------------


@transaction.atomic
def move_entry(entry: LedgerEntry, name: str, *, actor: User, note: str = "", result: str | None = None) -> Event:
    """Take a step; `result` is what the responsible organisation has achieved, and goes with finishing."""
    entry.lock()
    if name == "finish" and result is not None:
        entry.result = result.strip()
        entry.save(update_fields=["result", "updated_at"])
    is_for_enterprise = name in {"confirm", "reject"} and entry.enterprise_id not in actor.organisation_ids
    details = {"data": {"on_behalf": True}} if is_for_enterprise else {}
    event = ledger_workflow.apply(entry, name, actor=actor, note=note, **details)
    _after_step(entry, event)
    return event


def _after_step(entry: LedgerEntry, event: Event) -> None:
    if entry.status not in UNDONE:
        _drop_extension(entry, event.actor, "台账已不在办理中。")
    person = [entry.person] if entry.person else []
    enterprise, organisers = of_enterprise(entry), User.objects.in_charge_of(entry.enterprise.region)
    if event.action == "finish":
        if enterprise.exists():
            _tell(entry, "台账 {number} 已办结，请确认问题是否解决。", enterprise, actor=event.actor)
        else:
            _tell(entry, "台账 {number} 已办结，企业不在平台上，请核实后代为确认。", organisers, actor=event.actor)
    elif event.action == "reject":
        _tell(entry, "企业认为台账 {number} 没有解决，请查看理由后继续办理。", person, actor=event.actor)
    elif event.action == "confirm":
        _tell(entry, "企业已确认台账 {number} 解决，请核对后销号。", organisers, actor=event.actor)
    elif event.action == "close":
        _tell(entry, "台账 {number} 已销号。", [*person, *enterprise], actor=event.actor)
    elif event.action == "cancel":
        _tell(entry, "台账 {number} 已撤销，不再办理。", [*person, *enterprise], actor=event.actor)


@transaction.atomic
def keep_pace(need: Need) -> Event | None:
    """Bring the need's entry to where the need has come; None where there is nothing to do."""
    need.lock()
    entry = LedgerEntry.objects.filter(need=need).first()
    if entry is None:
        return None
    entry.lock()
    event = None
    if need.status == NeedStatus.CONTRACTED:
        event = ledger_workflow.follow(entry, "start")
    elif need.status == NeedStatus.WITHDRAWN:
        event = ledger_workflow.follow(entry, "cancel", note="企业撤回了需求。")
    elif need.status == NeedStatus.RESOLVED and entry.status in UNDONE:
        event = _finish_with_docking(entry)
    if event:
        _after_step(entry, event)
    return event


def _finish_with_docking(entry: LedgerEntry) -> Event | None:
    """Finish the entry as its docking did; what nobody was assigned is credited to the institute that did it."""
    docking = entry.need.dockings.filter(status=Stage.CLOSED).select_related("institute").order_by("ended_at").last()
    if entry.status == LedgerStatus.OPEN:
        person, today = docking and _spokesman(docking), timezone.localdate()
        if person is None or refuse_assignment(entry, docking.institute, person, today):
            return None
        put_in_charge(entry, actor=None, responsible=docking.institute, person=person, due_on=today)
    entry.result = entry.result or RESULT_OF_DOCKING
    entry.save(update_fields=["result", "updated_at"])
    return ledger_workflow.follow(entry, "finish")


def _spokesman(docking: Docking) -> User | None:
    """Who agreed to the docking for the institute, or another of its people if that one has left."""
    people = User.objects.acting_for(docking.institute).order_by("pk")
    agreed = docking.proposal.events.filter(action="provider_accept").values("actor")
    return people.filter(pk__in=agreed).first() or people.first()


# --- More time ----------------------------------------------------------------------------------------------------


@transaction.atomic
def ask_extension(entry: LedgerEntry, *, actor: User, due_on: date, reason: str) -> Extension:
    """The responsible organisation's wish for more time, which the organiser answers."""
    entry.lock()
    if not actor.has_perm("partnerships.work_on_entry", entry):
        raise NotPermitted("只有责任单位可以申请延期。")
    if entry.status not in UNDONE:
        raise TransitionError(f"台账{entry.get_status_display()}，不需要延期。")
    if pending_extension(entry):
        raise TransitionError("已有一份延期申请等待组织方批复，请先等答复。")
    if due_on <= max(entry.due_on, timezone.localdate()):
        raise TransitionError(f"新的时限要晚于现在的时限 {entry.due_on:%Y-%m-%d}，也要晚于今天。")
    if not reason.strip():
        raise TransitionError("请写明延期的理由。")
    extension = Extension.objects.create(entry=entry, due_on=due_on, reason=reason.strip(), asked_by=actor)
    note = f"延至 {due_on:%Y-%m-%d}：{extension.reason}"
    entry.record("ask", "申请延期", actor=actor, note=note, data={"from": entry.due_on, "to": due_on})
    _tell(
        entry,
        f"台账 {{number}} 申请延期至 {due_on:%Y-%m-%d}，请批复。",
        User.objects.in_charge_of(entry.enterprise.region),
        actor=actor,
    )
    return extension


@transaction.atomic
def decide_extension(extension: Extension, *, actor: User, approve: bool, note: str = "") -> Extension:
    """The organiser's answer; with a yes the deadline moves."""
    entry = extension.entry
    entry.lock()
    extension.lock()
    _check_manager(entry, actor)
    if extension.asked_by_id == actor.pk:
        raise NotPermitted("延期不能由申请人自己批准，请组织方的其他人批复。")
    if extension.status != ExtensionStatus.REQUESTED:
        raise TransitionError("这份延期申请已有答复，请刷新页面查看。")
    if not approve and not note.strip():
        raise TransitionError("不同意延期需要写明理由，请填写后再提交。")
    before = entry.due_on
    _answer(extension, actor, ExtensionStatus.APPROVED if approve else ExtensionStatus.REFUSED, note)
    if approve:
        entry.due_on, entry.escalated_at = extension.due_on, None
    entry.save()
    entry.record(
        "extend" if approve else "refuse",
        "批准延期" if approve else "不同意延期",
        actor=actor,
        note=f"完成时限由 {before:%Y-%m-%d} 延至 {entry.due_on:%Y-%m-%d}。{extension.note}"
        if approve
        else extension.note,
        data={"from": before, "to": entry.due_on, "asked_by": extension.asked_by.name},
    )
    answer = f"已批准延期至 {entry.due_on:%Y-%m-%d}" if approve else "的延期没有批准，理由见经过"
    _tell(entry, f"台账 {{number}} {answer}。", [extension.asked_by, entry.person], actor=actor)
    return extension


def pending_extension(entry: LedgerEntry) -> Extension | None:
    return entry.extensions.filter(status=ExtensionStatus.REQUESTED).first()


def _drop_extension(entry: LedgerEntry, actor: User | None, note: str) -> None:
    """Answer a wish for more time that has no object any more."""
    if extension := pending_extension(entry):
        _answer(extension, actor, ExtensionStatus.REFUSED, note)


def _answer(extension: Extension, actor: User | None, status: ExtensionStatus, note: str) -> None:
    extension.status, extension.note = status, note.strip()
    extension.decided_by, extension.decided_at = actor, timezone.now()
    extension.save()


# --- What time brings ---------------------------------------------------------------------------------------------


def remind(entries: Iterable[LedgerEntry]) -> int:
    """Tell who answers for them that entries are due or overdue, once for each deadline; how many were told."""
    told = 0
    for entry in entries:
        if entry.days_overdue:
            text, stage = (
                f"台账 {{number}} 已逾期 {entry.days_overdue} 天，请尽快办结；确有困难的请申请延期。",
                "overdue",
            )
        else:
            text, stage = f"台账 {{number}} 应在 {entry.due_on:%Y-%m-%d} 前办结，请抓紧办理。", "soon"
        told += _tell(entry, text, [entry.person], key=f"ledger:{entry.pk}:{stage}:{entry.due_on}")
    return told


def entries_to_escalate():
    """Entries that have been overdue for a week and that nobody above has been told of."""
    latest = timezone.localdate() - timedelta(days=ESCALATED_AFTER)
    return LedgerEntry.objects.overdue().filter(due_on__lte=latest, escalated_at__isnull=True)


@transaction.atomic
def escalate(entry: LedgerEntry) -> bool:
    """Tell the organisers, and who administers the responsible organisation, once for each deadline."""
    entry.lock()
    if entry.escalated_at or entry.days_overdue < ESCALATED_AFTER:
        return False
    entry.escalated_at = timezone.now()
    entry.save(update_fields=["escalated_at", "updated_at"])
    entry.record("escalate", "逾期升级", note=f"逾期 {entry.days_overdue} 天，已通知组织方和责任单位管理员。")
    _tell(
        entry,
        f"台账 {{number}} 逾期已满 {ESCALATED_AFTER} 天，请督促责任人，或重新分派。",
        [*User.objects.in_charge_of(entry.enterprise.region), *User.objects.administering(entry.responsible)],
        key=f"ledger:{entry.pk}:escalated:{entry.due_on}",
    )
    return True


# --- Telling people -----------------------------------------------------------------------------------------------


def of_enterprise(entry: LedgerEntry):
    """The people who act for the enterprise; there may be none on the platform."""
    return User.objects.acting_for(entry.enterprise)


def _tell(entry: LedgerEntry, text: str, people: Iterable[User], *, actor: User | None = None, key: str = "") -> int:
    """Tell those of the people who may know of the entry; {number} stands for its number."""
    told = {person.pk: person for person in people if LedgerEntry.objects.visible_to(person).filter(pk=entry.pk)}
    return notify(
        told.values(),
        kind=NoticeKind.LEDGER,
        text=text.format(number=entry.number),
        url=entry.get_absolute_url(),
        key=key,
        actor=actor,
    )


def _check_manager(entry: LedgerEntry, actor: User) -> None:
    if not actor.has_perm("partnerships.manage_entry", entry):
        raise NotPermitted("只有主管该企业所在地区的组织方可以这样做。")
