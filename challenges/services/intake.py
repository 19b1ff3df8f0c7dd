"""Needs heard on a visit: a sheet is read and previewed, and becomes drafts of the enterprises when it is confirmed.

A draft is its enterprise's own. Whoever has an account checks and submits it like any other; for an enterprise
without one the organiser publishes and enters it, with a note of how the enterprise agreed, which stays in the history.
"""

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import BinaryIO

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accounts.enums import NoticeKind, OrganisationKind
from accounts.models import Organisation, User, clean_credit_code
from accounts.notices import notify
from challenges.enums import ChallengeStatus as C
from challenges.models import Challenge, Entry, Intake, IntakeNeed
from challenges.services.entries import enter_need, has_account, refuse_closed
from challenges.sheets import (
    ACCURACY,
    CODE,
    CODES,
    CONDITIONS,
    CONTACT,
    ENTERPRISE,
    MEASURAND,
    OBJECT,
    PHONE,
    PROBLEM,
    RANGE,
    REGION,
    TITLE,
    read_intake,
)
from core.enums import Discipline
from core.http import UNREADABLE
from core.regions import region_label, region_prefix
from core.workflow import NotPermitted, TransitionError
from matching.adapters import text_document
from matching.engine.facts import Cells, Line
from matching.engine.lines import read_line
from matching.engine.profile import profile_need
from needs.enums import NeedStatus
from needs.models import Need, NeedLine
from needs.services import publish_for_enterprise, record_need
from partnerships.services.ledger import register_enterprise
from partnerships.services.ledger_import import find_region
from partnerships.sheets import SheetRow

NEED_FIELDS = {TITLE: "title", PROBLEM: "problem", CONTACT: "contact_name", PHONE: "contact_phone"}
LINE_FIELDS = {
    OBJECT: "object_name",
    MEASURAND: "measurand",
    RANGE: "range_text",
    ACCURACY: "accuracy_text",
    CONDITIONS: "conditions_text",
    CODES: "codes_text",
}
NECESSARY = {
    ENTERPRISE: "没有填写，请写企业全称。",
    TITLE: "没有填写，请用一句话写明要测什么。",
    CONTACT: "没有填写，请写企业的联系人。",
    PHONE: "没有填写，请写联系人的手机或带区号的座机。",
}


@dataclass(frozen=True)
class Problem:
    """What is wrong with one cell of a row."""

    row: int
    heading: str
    message: str

    def __str__(self):
        return f"第 {self.row} 行 {self.heading}：{self.message}"


@dataclass
class PlannedNeed:
    """The draft that a row will become, and what keeps it from it."""

    row: SheetRow
    enterprise: Organisation | None = None
    fields: dict = field(default_factory=dict)
    line: dict = field(default_factory=dict)
    reading: Line | None = None
    problems: list[Problem] = field(default_factory=list)

    @property
    def is_new_enterprise(self) -> bool:
        return self.enterprise is not None and self.enterprise._state.adding

    def refuse(self, heading: str, message: str) -> None:
        self.problems.append(Problem(self.row.number, heading, message))


# --- What people do -----------------------------------------------------------------------------------------------


def start_intake(challenge: Challenge, *, author: User, file: BinaryIO, name: str) -> Intake:
    """An uploaded sheet that waits to be confirmed; a SheetError says why it cannot be read."""
    _check_may_record(challenge, author)
    rows = [asdict(row) for row in read_intake(file)]
    file_name = UNREADABLE.sub("", name)[-200:] or "走访需求"
    return Intake.objects.create(challenge=challenge, author=author, file_name=file_name, rows=rows)


def plan_intake(intake: Intake, *, actor: User) -> list[PlannedNeed]:
    """What each row would become now."""
    known = Known([SheetRow(**row) for row in intake.rows], intake.challenge, actor)
    return [plan_row(row, known) for row in known.rows]


def apply_intake(intake: Intake, *, actor: User) -> list[IntakeNeed]:
    """Write down all rows as drafts of their enterprises, or none."""
    try:
        return _apply(intake, actor=actor)
    except IntegrityError as error:
        raise TransitionError("平台上刚刚登记了同样的企业，请刷新预览，核对后再确认。") from error


@transaction.atomic
def _apply(intake: Intake, *, actor: User) -> list[IntakeNeed]:
    intake.lock()
    _check_may_record(intake.challenge, actor)
    if intake.applied_at:
        raise TransitionError("这份表已经登记，不会重复登记。")
    planned = plan_intake(intake, actor=actor)
    if wrong := next((row for row in planned if row.problems), None):
        raise TransitionError(f"没有登记：{wrong.problems[0]} 请改正全部问题后重新上传。")
    _register_enterprises(planned, actor)
    recorded = [_record(row, intake, actor) for row in planned]
    _tell_enterprises(planned, actor)
    # The particulars are the enterprises' now.
    intake.rows = [
        {"number": row.row.number, "enterprise": row.enterprise.name, "title": row.fields["title"]} for row in planned
    ]
    intake.applied_at = timezone.now()
    intake.save()
    return recorded


@transaction.atomic
def publish_recorded(recorded: IntakeNeed, *, actor: User, consent: str, **public_text) -> Entry:
    """The draft of an enterprise without an account, published and entered on the enterprise's word."""
    challenge = recorded.intake.challenge
    if refusal := refuse_closed(challenge):
        raise TransitionError(refusal)
    need = publish_for_enterprise(recorded.need, actor=actor, consent=consent, **public_text)
    return enter_need(challenge, need, actor=actor, consents=True, note=consent)


def may_publish(recorded: IntakeNeed, user: User) -> bool:
    """Whether it is the organiser who has to act for the enterprise; then the draft is still as it was recorded."""
    need = recorded.need
    return (
        need.status == NeedStatus.DRAFT
        and user.has_perm("needs.screen_need", need)
        and user.has_perm("challenges.run_challenge", recorded.intake)
        and not has_account(need.organisation)
    )


def _check_may_record(challenge: Challenge, actor: User) -> None:
    if not actor.has_perm("challenges.run_challenge", challenge):
        raise NotPermitted("只有主办和协办单位可以为这项赛事录入走访需求。")
    if challenge.status not in {C.DRAFT, C.COLLECTING}:
        raise TransitionError(f"赛事现在处于“{challenge.get_status_display()}”阶段，不再录入走访需求。")


# --- Planning -----------------------------------------------------------------------------------------------------


class Known:
    """What the platform knows of the enterprises that the rows name, looked up at once."""

    def __init__(self, rows: list[SheetRow], challenge: Challenge, actor: User):
        self.rows, self.challenge, self.actor = rows, challenge, actor
        names = {row.texts[ENTERPRISE] for row in rows if row.texts.get(ENTERPRISE)}
        codes = {code for row in rows if (code := read_code(row.texts.get(CODE, "")))}
        bodies = list(Organisation.objects.filter(Q(name__in=names) | Q(credit_code__in=codes)))
        self.by_name = {body.name: body for body in bodies}
        self.by_code = {body.credit_code: body for body in bodies}
        # What rows before have named.
        self.row_of: dict[tuple, int] = {}


def read_code(text: str) -> str:
    """The credit code in its plain form, or nothing where it is none."""
    try:
        return clean_credit_code(text)
    except ValidationError:
        return ""


def plan_row(row: SheetRow, known: Known) -> PlannedNeed:
    """The draft of the row, given what is known."""
    planned = PlannedNeed(row)
    for heading, flaw in row.flaws.items():
        planned.refuse(heading, flaw)
    for heading, message in NECESSARY.items():
        if not row.texts.get(heading) and heading not in row.flaws:
            planned.refuse(heading, message)
    planned.enterprise = _find_enterprise(planned, known)
    _read_need(planned)
    _read_line(planned)
    _refuse_repeated(planned, known)
    return planned


def _find_enterprise(planned: PlannedNeed, known: Known) -> Organisation | None:
    """The enterprise the row names, one that is yet to be registered included."""
    name, written = planned.row.texts.get(ENTERPRISE, ""), planned.row.texts.get(CODE, "")
    code = read_code(written)
    if written and not code:
        planned.refuse(CODE, f"“{written[:40]}”不正确：应为 18 位且校验码相符，请对照营业执照核对。")
        return None
    if not name:
        return None
    found = known.by_code.get(code) if code else known.by_name.get(name)
    if found is None:
        return _new_enterprise(planned, known, name, code)
    if found.name != name:
        planned.refuse(ENTERPRISE, "与这个信用代码登记的名称不一致，请对照营业执照核对名称和代码。")
    elif found.kind != OrganisationKind.ENTERPRISE or not known.actor.oversees(found.region):
        planned.refuse(ENTERPRISE, "不是您主管地区的企业，不能代录；请由企业自己报名。")
    else:
        _refuse_place(planned, known, ENTERPRISE, found.region)
    return found


def _new_enterprise(planned: PlannedNeed, known: Known, name: str, code: str) -> Organisation | None:
    """An enterprise to be registered with the row, which later rows find again."""
    place = planned.row.texts.get(REGION, "")
    region = find_region(place)
    before = len(planned.problems)
    if not code:
        planned.refuse(CODE, "平台上还没有这家企业，请填写信用代码和地区，确认后一并登记。")
    elif name in known.by_name:
        planned.refuse(CODE, "与平台上同名企业的信用代码不一致，请对照营业执照核对。")
    if not region:
        said = f"“{place[:40]}”" if place else "空着，"
        planned.refuse(REGION, f"{said}不是可用的地区，请写到省或市，如“江苏省苏州市”，或写行政区划代码 320500。")
    elif not known.actor.oversees(region):
        planned.refuse(REGION, "不是您主管的地区，不能登记。")
    else:
        _refuse_place(planned, known, REGION, region)
    if len(planned.problems) > before:
        return None
    enterprise = Organisation(name=name, kind=OrganisationKind.ENTERPRISE, credit_code=code, region=region)
    try:
        enterprise.clean_fields(exclude=["verified_by"])
    except ValidationError as error:
        planned.refuse(ENTERPRISE, error.messages[0])
        return None
    known.by_name[name] = known.by_code[code] = enterprise
    return enterprise


def _refuse_place(planned: PlannedNeed, known: Known, heading: str, region: str) -> None:
    regions = known.challenge.regions
    if regions and not any(region.startswith(region_prefix(code)) for code in regions):
        planned.refuse(heading, f"本届赛事面向{'、'.join(map(region_label, regions))}的企业。")


def _read_need(planned: PlannedNeed) -> None:
    """What the row says of the need, checked as the need's own form does."""
    texts = planned.row.texts
    planned.fields = {name: texts.get(heading, "") for heading, name in NEED_FIELDS.items()}
    if not (texts.get(PROBLEM) or texts.get(OBJECT)):
        planned.refuse(PROBLEM, "和“对象”都没有填写，请至少写一项。")
    _check_fields(planned, Need(**planned.fields), {name: heading for heading, name in NEED_FIELDS.items()})


def _read_line(planned: PlannedNeed) -> None:
    """The measurement line of the row and how the engine reads it; nothing where none is written."""
    cells = {name: planned.row.texts.get(heading, "") for heading, name in LINE_FIELDS.items()}
    if not any(cells.values()):
        return
    if not cells["object_name"]:
        planned.refuse(OBJECT, "填写了指标，请写明被测对象或被校仪器。")
    planned.line = cells
    _check_fields(planned, NeedLine(**cells), {name: heading for heading, name in LINE_FIELDS.items()})
    planned.reading = read_line(
        Cells(
            object=cells["object_name"],
            measurand=cells["measurand"],
            range=cells["range_text"],
            accuracy=cells["accuracy_text"],
            conditions=cells["conditions_text"],
            codes=cells["codes_text"],
        )
    )


def _check_fields(planned: PlannedNeed, record: Need | NeedLine, headings: dict[str, str]) -> None:
    """Put what the model finds wrong with filled cells to their columns."""
    filled = [name for name, heading in headings.items() if planned.row.texts.get(heading)]
    try:
        record.clean_fields(exclude=[each.name for each in record._meta.fields if each.name not in filled])
    except ValidationError as error:
        for name, errors in error.error_dict.items():
            planned.refuse(headings[name], _in_words(errors[0]))


def _in_words(error: ValidationError) -> str:
    if error.code != "max_length":
        return error.messages[0]
    return "有 {show_value} 个字，超过 {limit_value} 个字上限，请缩短。".format(**error.params)


def _refuse_repeated(planned: PlannedNeed, known: Known) -> None:
    key = (planned.row.texts.get(ENTERPRISE), planned.fields["title"])
    first = known.row_of.setdefault(key, planned.row.number) if all(key) else planned.row.number
    if first != planned.row.number:
        planned.refuse(TITLE, f"与第 {first} 行是同一企业的同名需求，请合并成一行，或改成不同的名称。")


# --- Writing ------------------------------------------------------------------------------------------------------


def _register_enterprises(planned: list[PlannedNeed], actor: User) -> None:
    new = {row.enterprise.credit_code: row.enterprise for row in planned if row.is_new_enterprise}
    made = {
        code: register_enterprise(actor=actor, name=body.name, credit_code=code, region=body.region)
        for code, body in new.items()
    }
    for row in planned:
        row.enterprise = made.get(row.enterprise.credit_code, row.enterprise)


def _record(planned: PlannedNeed, intake: Intake, actor: User) -> IntakeNeed:
    need = record_need(
        actor=actor,
        organisation=planned.enterprise,
        lines=[planned.line] if planned.line else [],
        note=f"走访录入，用于{intake.challenge.name}。",
        joins_challenge=True,
        discipline=guess_discipline(planned),
        **planned.fields,
    )
    return IntakeNeed.objects.create(intake=intake, row=planned.row.number, need=need)


def guess_discipline(planned: PlannedNeed) -> str:
    """The discipline that the words of the row belong to."""
    texts = planned.row.texts
    document = text_document(f"{texts.get(PROBLEM, '')}\n{texts.get(OBJECT, '')}", title=planned.fields["title"])
    guessed = profile_need(document).discipline
    return next((each.value for each in Discipline if each.label == guessed), Discipline.OTHER)


def _tell_enterprises(planned: list[PlannedNeed], actor: User) -> None:
    """One notice for each enterprise, however many rows concern it."""
    counts = Counter(row.enterprise for row in planned)
    for enterprise, count in counts.items():
        notify(
            User.objects.acting_for(enterprise),
            kind=NoticeKind.NEED,
            text=f"组织方走访后为您单位代录了 {count} 条需求草稿，请核对、补充后提交。",
            url=reverse("needs:mine"),
            actor=actor,
        )
