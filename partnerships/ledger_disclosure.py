"""What of a ledger entry a reader is shown: the one place that pages, API and sheets take it from."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from core.models import Event
from partnerships.enums import ExtensionStatus, LedgerStatus
from partnerships.models import Extension, LedgerEntry
from partnerships.shown import shown_need

UNNAMED = "企业（未公开名称）"


@dataclass(frozen=True)
class ShownEntry:
    """A ledger entry as one reader may see it; what is withheld is empty."""

    id: UUID
    number: str
    url: str
    title: str
    description: str
    category: str
    category_display: str
    source: str
    source_display: str
    raised_on: date
    status: str
    status_display: str
    enterprise: str
    credit_code: str
    region: str
    region_display: str
    need: UUID | None
    need_number: str
    responsible: str
    person: str
    person_email: str
    due_on: date | None
    days_overdue: int
    is_due_soon: bool
    result: str
    extension: Extension | None
    extensions: tuple[Extension, ...]
    waits_for: str


@dataclass(frozen=True)
class ShownEvent:
    """What happened to an entry, by whom as far as the reader may know."""

    label: str
    actor: str
    note: str
    created_at: datetime


def show_entry(entry: LedgerEntry, user) -> ShownEntry:
    """The entry as this reader may see it. The entry must come from `visible_to(user)`."""
    name = enterprise_for(entry, user)
    is_full = sees_in_full(entry, user)
    answers = entry.responsible_id is not None and entry.responsible_id in user.organisation_ids
    extensions = tuple(entry.extensions.all())
    asked = next((each for each in extensions if each.status == ExtensionStatus.REQUESTED), None)
    return ShownEntry(
        id=entry.pk,
        number=entry.number,
        url=entry.get_absolute_url(),
        title=entry.title,
        description=entry.description,
        category=entry.category,
        category_display=entry.get_category_display(),
        source=entry.source,
        source_display=entry.get_source_display(),
        raised_on=entry.raised_on,
        status=entry.status,
        status_display=entry.get_status_display(),
        enterprise=name,
        credit_code=entry.enterprise.credit_code if is_full else "",
        region=entry.enterprise.region,
        region_display=entry.enterprise.region_display,
        need=entry.need_id,
        need_number=entry.need.number if entry.need else "",
        responsible=entry.responsible.name if entry.responsible else "",
        person=entry.person.name if entry.person else "",
        person_email=entry.person.email if entry.person and (answers or user.oversees(entry.enterprise.region)) else "",
        due_on=entry.due_on,
        days_overdue=entry.days_overdue,
        is_due_soon=entry.is_due_soon,
        result=entry.result,
        extension=asked,
        extensions=extensions,
        waits_for=_next_move(entry, asked),
    )


def sees_in_full(entry: LedgerEntry, user) -> bool:
    """Whether the entry is of the reader's own enterprise or regions."""
    return entry.enterprise_id in user.organisation_ids or user.oversees(entry.enterprise.region)


def enterprise_for(entry: LedgerEntry, user) -> str:
    """The enterprise's name, or nothing where its need keeps it from this reader."""
    if entry.need is None or sees_in_full(entry, user):
        return entry.enterprise.name
    need = shown_need(entry.need, user)
    return need.organisation_name if need else ""


def show_events(entry: LedgerEntry, user) -> list[ShownEvent]:
    """The history of the entry; an enterprise that is not named does not appear by its people either."""
    hides = not enterprise_for(entry, user)
    return [
        ShownEvent(event.label, _actor_of(event, hides_enterprise=hides), event.note, event.created_at)
        for event in entry.events.select_related("actor")
    ]


def _actor_of(event: Event, *, hides_enterprise: bool) -> str:
    if event.actor is None:
        return ""
    if event.action not in {"confirm", "reject"}:
        return event.actor.name
    if event.data.get("on_behalf"):
        return f"{event.actor.name}（组织方代企业）"
    return "企业" if hides_enterprise else event.actor.name


def _next_move(entry: LedgerEntry, asked: Extension | None) -> str:
    """Whose turn it is to do what; empty when all is done."""
    if asked:
        return "组织方批复延期"
    person = entry.person.name if entry.person else ""
    return {
        LedgerStatus.OPEN: "组织方分派",
        LedgerStatus.ASSIGNED: f"{person}开始办理",
        LedgerStatus.IN_PROGRESS: f"{person}办结",
        LedgerStatus.DONE_PENDING: "企业确认",
        LedgerStatus.CONFIRMED: "组织方销号",
    }.get(LedgerStatus(entry.status), "")
