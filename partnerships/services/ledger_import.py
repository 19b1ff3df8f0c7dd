"""A filled-in sheet on its way into the ledger: read, previewed, confirmed, written as a whole or not at all."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import cache, reduce
from operator import or_
from typing import BinaryIO

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accounts.enums import MemberRole, MemberStatus, NoticeKind, OrganisationKind
from accounts.models import Membership, Organisation, User, clean_credit_code
from accounts.notices import notify
from core.http import UNREADABLE
from core.models import record_each
from core.regions import region_label, region_names
from core.workflow import NotPermitted, TransitionError
from partnerships.enums import UNDONE, LedgerCategory, LedgerEffect, LedgerSource, LedgerStatus
from partnerships.models import LedgerEntry, LedgerImport
from partnerships.services.ledger import (
    build_entry,
    of_enterprise,
    put_in_charge,
    refuse_assignment,
    register_enterprise,
    update_entry,
)
from partnerships.sheets import (
    CATEGORY,
    CODE,
    DESCRIPTION,
    DUE,
    EMAIL,
    ENTERPRISE,
    NUMBER,
    RAISED,
    REGION,
    RESPONSIBLE,
    SOURCE,
    TITLE,
    SheetRow,
    plain,
    read_date,
    read_rows,
    source_labels,
)

# Entries that the same words of the same enterprise mean again.
RUNNING = UNDONE | {LedgerStatus.DONE_PENDING}
FIELD_OF = {
    TITLE: "title",
    DESCRIPTION: "description",
    CATEGORY: "category",
    SOURCE: "source",
    RAISED: "raised_on",
}
NUMBERS_AT_ONCE = 200


@dataclass(frozen=True)
class Problem:
    """What is wrong with one cell of a row."""

    row: int
    heading: str
    message: str

    def __str__(self):
        return f"第 {self.row} 行 {self.heading}：{self.message}"


@dataclass(frozen=True)
class Charge:
    """Who is to answer for an entry until when."""

    responsible: Organisation
    person: User
    due_on: date


@dataclass
class PlannedRow:
    """What a row will do to the ledger, and what keeps it from doing so."""

    row: SheetRow
    entry: LedgerEntry | None = None
    enterprise: Organisation | None = None
    fields: dict = field(default_factory=dict)
    charge: Charge | None = None
    problems: list[Problem] = field(default_factory=list)
    remark: str = ""

    @property
    def effect(self) -> LedgerEffect:
        if self.entry is None:
            return LedgerEffect.NEW
        return LedgerEffect.CHANGED if self.fields or self.charge else LedgerEffect.UNCHANGED

    @property
    def enterprise_name(self) -> str:
        return self.enterprise.name if self.enterprise else self.row.texts.get(ENTERPRISE, "")

    @property
    def title(self) -> str:
        return self.row.texts.get(TITLE) or (self.entry.title if self.entry else "")

    @property
    def registers(self) -> bool:
        """Whether the enterprise is new to the platform."""
        return self.enterprise is not None and self.enterprise._state.adding

    def refuse(self, heading: str, message: str) -> None:
        self.problems.append(Problem(self.row.number, heading, message))


# --- What people do -----------------------------------------------------------------------------------------------


def start_import(*, author: User, file: BinaryIO, name: str) -> LedgerImport:
    """An uploaded sheet that waits to be confirmed; a SheetError says why it cannot be read."""
    _check_organiser(author)
    rows = [asdict(row) for row in read_rows(file)]
    return LedgerImport.objects.create(author=author, file_name=UNREADABLE.sub("", name)[-200:] or "台账", rows=rows)


def plan_import(ledger_import: LedgerImport, *, actor: User) -> list[PlannedRow]:
    """What each row would do now."""
    rows = [SheetRow(**row) for row in ledger_import.rows]
    known = Known(rows, actor)
    return [plan_row(row, known) for row in rows]


def apply_import(ledger_import: LedgerImport, *, actor: User) -> Counter:
    """Write all rows, or none; how many were new, changed and unchanged."""
    try:
        return _apply(ledger_import, actor=actor)
    except IntegrityError as error:
        raise TransitionError("平台上刚刚登记了同样的企业或台账，请刷新预览，核对后再确认。") from error


@transaction.atomic
def _apply(ledger_import: LedgerImport, *, actor: User) -> Counter:
    _check_organiser(actor)
    ledger_import.lock()
    if ledger_import.applied_at:
        raise TransitionError("这份表已经写入，不会重复登记。")
    planned = plan_import(ledger_import, actor=actor)
    if wrong := next((row for row in planned if row.problems), None):
        raise TransitionError(f"没有写入：{wrong.problems[0]} 请改正全部问题后重新上传。")
    effects = Counter(row.effect for row in planned)
    _register_enterprises(planned, actor)
    _add_new(planned, actor)
    for row in planned:
        if row.fields:
            update_entry(row.entry, actor=actor, **row.fields)
        if row.charge:
            row.entry.lock()
            put_in_charge(row.entry, actor=actor, **vars(row.charge))
    _tell_those_concerned(planned, actor)
    ledger_import.applied_at, ledger_import.effects = timezone.now(), dict(effects)
    ledger_import.save()
    return effects


def _check_organiser(actor: User) -> None:
    if not actor.is_organiser:
        raise NotPermitted("只有组织方可以导入台账。")


# --- Planning -----------------------------------------------------------------------------------------------------


class Known:
    """What the platform knows of everything that the rows name, looked up at once."""

    def __init__(self, rows: list[SheetRow], actor: User):
        self.actor = actor
        entries = LedgerEntry.objects.overseen_by(actor).select_related("enterprise", "responsible", "person")
        self.by_number = {entry.number: entry for entry in _numbered(entries, _texts(rows, NUMBER))}
        names, codes = _texts(rows, ENTERPRISE) | _texts(rows, RESPONSIBLE), {_code(row) for row in rows}
        bodies = list(Organisation.objects.filter(Q(name__in=names) | Q(credit_code__in=codes)))
        self.by_name = {body.name: body for body in bodies}
        self.by_code = {body.credit_code: body for body in bodies}
        running = entries.filter(status__in=RUNNING, enterprise__in=bodies)
        self.running = {(entry.enterprise_id, plain(entry.title)): entry for entry in running}
        people = User.objects.filter(email__in={email.lower() for email in _texts(rows, EMAIL)}, is_active=True)
        self.by_email = {person.email: person for person in people}
        seats = Membership.objects.filter(user__in=people, status=MemberStatus.ACTIVE).exclude(role=MemberRole.EXPERT)
        self.seats = set(seats.values_list("organisation", "user"))
        # What rows before have named: entries, and enterprises that will be registered.
        self.row_of: dict[tuple, int] = {}


def _texts(rows: list[SheetRow], heading: str) -> set[str]:
    return {row.texts[heading] for row in rows if row.texts.get(heading)}


def _code(row: SheetRow) -> str:
    """The credit code of the row in its plain form, or as it is written where it is none."""
    try:
        return clean_credit_code(row.texts.get(CODE, ""))
    except ValidationError:
        return row.texts.get(CODE, "")


def _numbered(entries, numbers: Iterable[str]) -> Iterator[LedgerEntry]:
    wanted = [Q(pk__in=LedgerEntry.objects.numbered(number).values("pk")) for number in numbers]
    for start in range(0, len(wanted), NUMBERS_AT_ONCE):
        yield from entries.filter(reduce(or_, wanted[start : start + NUMBERS_AT_ONCE]))


def plan_row(row: SheetRow, known: Known) -> PlannedRow:
    """What the row does, given what is known."""
    planned = PlannedRow(row)
    for heading, flaw in row.flaws.items():
        planned.refuse(heading, flaw)
    if row.texts.get(NUMBER):
        _find_numbered(planned, known)
    else:
        _find_by_words(planned, known)
    _read_fields(planned)
    _read_charge(planned, known)
    if planned.entry:
        _keep_changes(planned)
    _refuse_repeated(planned, known)
    return planned


def _find_numbered(planned: PlannedRow, known: Known) -> None:
    """The entry of the row that states its number."""
    texts = planned.row.texts
    planned.entry = known.by_number.get(texts[NUMBER].upper())
    if planned.entry is None:
        planned.refuse(NUMBER, f"没有找到 {texts[NUMBER]}，或不在您主管的地区；新的问题请把编号留空。")
        return
    planned.enterprise = planned.entry.enterprise
    if texts.get(ENTERPRISE, planned.enterprise.name) != planned.enterprise.name:
        planned.refuse(ENTERPRISE, f"与台账登记的“{planned.enterprise}”不一致，企业不能改换，请核对编号。")


def _find_by_words(planned: PlannedRow, known: Known) -> None:
    """The enterprise of the row, and its running entry with the same title if there is one."""
    title = planned.row.texts.get(TITLE, "")
    planned.enterprise = _find_enterprise(planned, known)
    if not title and TITLE not in planned.row.flaws:
        planned.refuse(TITLE, "没有填写，请写明要解决的问题。")
    planned.entry = known.running.get((planned.enterprise.pk, title)) if planned.enterprise else None
    if planned.entry:
        planned.remark = f"同一企业的同一问题已登记为 {planned.entry.number}，按更新处理。"


def _find_enterprise(planned: PlannedRow, known: Known) -> Organisation | None:
    """The enterprise the row names, one that is yet to be registered included."""
    name, code = planned.row.texts.get(ENTERPRISE, ""), planned.row.texts.get(CODE, "")
    if not name and ENTERPRISE not in planned.row.flaws:
        planned.refuse(ENTERPRISE, "没有填写，请写企业全称。")
    if code:
        try:
            code = clean_credit_code(code)
        except ValidationError as error:
            planned.refuse(CODE, error.messages[0].removeprefix(CODE))
            return None
    found = known.by_code.get(code) if code else known.by_name.get(name)
    if found is None:
        return _new_enterprise(planned, known, name, code)
    if name and found.name != name:
        planned.refuse(ENTERPRISE, "与这个信用代码登记的名称不一致，请对照营业执照核对名称和代码。")
    elif found.kind != OrganisationKind.ENTERPRISE or not known.actor.oversees(found.region):
        planned.refuse(ENTERPRISE, "不是您主管地区的企业，不能登记。")
    return found


def _new_enterprise(planned: PlannedRow, known: Known, name: str, code: str) -> Organisation | None:
    """An enterprise to be registered with the row, which later rows find again."""
    place = planned.row.texts.get(REGION, "")
    region = find_region(place)
    if not code:
        planned.refuse(CODE, "平台上还没有这家企业，请填写信用代码和所在地区，导入时一并登记。")
    elif name in known.by_name:
        planned.refuse(CODE, "与平台上同名企业的信用代码不一致，请对照营业执照核对。")
    if not region:
        said = f"“{place}”" if place else "空着，"
        planned.refuse(REGION, f"{said}不是可用的地区，请写到省或市，如“江苏省苏州市”，或写行政区划代码 320500。")
    elif not known.actor.oversees(region):
        planned.refuse(REGION, "不是您主管的地区，不能登记。")
    if planned.problems:
        return None
    enterprise = Organisation(name=name, kind=OrganisationKind.ENTERPRISE, credit_code=code, region=region)
    try:
        enterprise.clean_fields(exclude=["verified_by"])
    except ValidationError as error:
        planned.refuse(ENTERPRISE, error.messages[0])
        return None
    known.by_name[name] = known.by_code[code] = enterprise
    return enterprise


@cache
def regions_by_name() -> dict[str, str]:
    """The code of every region by its full name."""
    # 上海市 is the municipality as well as its urban part; the wider one comes first.
    return {region_label(code): code for code in reversed(region_names())}


def find_region(text: str) -> str:
    """The code of the region that is meant, or nothing.

    >>> find_region("江苏省苏州市"), find_region("310000"), find_region("上海市"), find_region("月球")
    ('320500', '310000', '310000', '')
    """
    return text if text in region_names() else regions_by_name().get(text, "")


def _read_fields(planned: PlannedRow) -> None:
    """What the row says of the problem, by the names of the fields."""
    for heading, name in FIELD_OF.items():
        text = planned.row.texts.get(heading, "")
        if not text:
            continue
        limit = LedgerEntry._meta.get_field(name).max_length
        if heading in {TITLE, DESCRIPTION} and len(text) > limit:
            planned.refuse(heading, f"有 {len(text)} 个字，超过 {limit} 个字上限，请缩短。")
        elif heading == RAISED:
            _read_raised(planned, text)
        elif heading == CATEGORY:
            _read_choice(planned, heading, text, LedgerCategory, LedgerCategory.labels)
        elif heading == SOURCE and not (planned.entry and planned.entry.need_id):
            _read_choice(planned, heading, text, LedgerSource, source_labels())
        elif heading != SOURCE:
            planned.fields[name] = text


def _read_raised(planned: PlannedRow, text: str) -> None:
    day = read_date(text)
    if day is None:
        planned.refuse(RAISED, f"“{text}”不是完整的日期，请写成 2026-03-05。")
    elif day > timezone.localdate():
        planned.refuse(RAISED, "不能晚于今天。")
    else:
        planned.fields["raised_on"] = day


def _read_choice(planned: PlannedRow, heading: str, text: str, choices, labels: list[str]) -> None:
    if text in labels:
        planned.fields[FIELD_OF[heading]] = next(choice.value for choice in choices if choice.label == text)
    else:
        planned.refuse(heading, f"“{text}”不在可选的范围里，请写：{'、'.join(labels)}。")


def _read_charge(planned: PlannedRow, known: Known) -> None:
    """Whom the row names to answer for the entry; what it leaves out stays as it was."""
    texts = {heading: planned.row.texts.get(heading, "") for heading in (RESPONSIBLE, EMAIL, DUE)}
    if not any(texts.values()):
        return
    entry = planned.entry
    responsible = known.by_name.get(texts[RESPONSIBLE]) if texts[RESPONSIBLE] else entry and entry.responsible
    person = known.by_email.get(texts[EMAIL].lower()) if texts[EMAIL] else entry and entry.person
    due_on = read_date(texts[DUE]) if texts[DUE] else entry and entry.due_on
    if texts[DUE] and due_on is None:
        planned.refuse(DUE, f"“{texts[DUE]}”不是完整的日期，请写成 2026-03-05。")
    elif due_on is None:
        planned.refuse(DUE, "没有填写；分派时责任单位、责任人邮箱和完成时限须写全。")
    if texts[RESPONSIBLE] and (responsible is None or responsible._state.adding):
        planned.refuse(RESPONSIBLE, f"平台上没有“{texts[RESPONSIBLE]}”，请写已核验单位的全称。")
    elif responsible is None:
        planned.refuse(RESPONSIBLE, "没有填写；分派时责任单位、责任人邮箱和完成时限须写全。")
    elif person is None or (responsible.pk, person.pk) not in known.seats | _seat_of(entry):
        said = f"“{texts[EMAIL]}”" if texts[EMAIL] else "没有填写，或原来的责任人"
        planned.refuse(EMAIL, f"{said}不是{responsible}的在册成员，请写其成员登录平台的邮箱。")
    elif due_on and not planned.problems:
        _take_charge(planned, Charge(responsible, person, due_on))


def _seat_of(entry: LedgerEntry | None) -> set[tuple]:
    """Who answers already need not be found among the people the rows name."""
    return {(entry.responsible_id, entry.person_id)} if entry and entry.person_id else set()


def _take_charge(planned: PlannedRow, charge: Charge) -> None:
    """Plan to assign, unless it is so already or cannot be."""
    entry = planned.entry
    if entry and (entry.responsible, entry.person, entry.due_on) == (charge.responsible, charge.person, charge.due_on):
        return
    if entry and entry.status not in UNDONE:
        planned.refuse(RESPONSIBLE, f"台账{entry.get_status_display()}，不能再分派。")
        return
    if charge.due_on < timezone.localdate():
        planned.refuse(DUE, "不能早于今天。")
    elif refusal := refuse_assignment(entry or LedgerEntry(enterprise=planned.enterprise), **vars(charge)):
        planned.refuse(RESPONSIBLE, refusal)
    else:
        planned.charge = charge


def _keep_changes(planned: PlannedRow) -> None:
    """Leave of the fields those that differ from the entry."""
    entry = planned.entry
    planned.fields = {name: value for name, value in planned.fields.items() if _plain(getattr(entry, name)) != value}
    heading = next((heading for heading, name in FIELD_OF.items() if name in planned.fields), "")
    if heading and entry.need_id:
        planned.refuse(heading, "这条台账来自平台需求，内容随需求，不能在表里修改；请恢复导出时的文字，或留空。")
    elif heading and entry.status not in UNDONE:
        planned.refuse(heading, f"台账{entry.get_status_display()}，不能再修改；请恢复导出时的文字，或留空。")


def _plain(value):
    return plain(value) if isinstance(value, str) else value


def _refuse_repeated(planned: PlannedRow, known: Known) -> None:
    """Two rows of one sheet must not speak of the same thing."""
    if planned.entry:
        key = ("entry", planned.entry.pk)
    elif planned.enterprise and planned.row.texts.get(TITLE):
        key = ("title", planned.enterprise.pk, planned.row.texts[TITLE])
    else:
        return
    first = known.row_of.setdefault(key, planned.row.number)
    if first != planned.row.number:
        planned.refuse(TITLE, f"与第 {first} 行是同一企业的同一问题，请合并成一行。")


# --- Writing ------------------------------------------------------------------------------------------------------


def _register_enterprises(planned: list[PlannedRow], actor: User) -> None:
    new = {row.enterprise.credit_code: row.enterprise for row in planned if row.registers}
    made = {
        code: register_enterprise(actor=actor, name=body.name, credit_code=code, region=body.region)
        for code, body in new.items()
    }
    for row in planned:
        row.enterprise = made.get(row.enterprise.credit_code, row.enterprise)


def _add_new(planned: list[PlannedRow], actor: User) -> None:
    """Store the new entries together, each with the beginning of its history."""
    new = [row for row in planned if row.entry is None]
    for row in new:
        row.entry = build_entry(actor=actor, enterprise=row.enterprise, **row.fields)
        row.fields = {}
    LedgerEntry.objects.bulk_create([row.entry for row in new])
    record_each([row.entry for row in new], "add", "登记", actor=actor, target=LedgerStatus.OPEN, note="由表格导入。")


def _tell_those_concerned(planned: list[PlannedRow], actor: User) -> None:
    """One notice for each person and enterprise, however many rows concern them."""
    charged = [row for row in planned if row.charge]
    url = reverse("partnerships:ledger_taken")
    for pk, count in Counter(row.charge.person.pk for row in charged).items():
        person = next(row.charge.person for row in charged if row.charge.person.pk == pk)
        text = f"导入的台账中有 {count} 项由您负责，请查看各项的完成时限。"
        notify([person], kind=NoticeKind.LEDGER, text=text, url=url, actor=actor)
    for pk, count in Counter(row.entry.enterprise_id for row in charged).items():
        entry = next(row.entry for row in charged if row.entry.enterprise_id == pk)
        text = f"您单位有 {count} 项台账已分派责任单位，请查看。"
        notify(of_enterprise(entry), kind=NoticeKind.LEDGER, text=text, url=url, actor=actor)
