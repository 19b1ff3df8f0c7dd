"""What of a need a reader is shown: the one place that pages, API, exports and explanations take it from."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from uuid import UUID

from django.utils.functional import SimpleLazyObject

from core.enums import Level
from core.models import record_each
from matching.engine.units import find_kind
from needs.enums import KNOWN, LISTED, BudgetBand, NeedStatus, Sight
from needs.models import Need, NeedFile, NeedGrant, NeedLine

WAITS_FOR = {
    NeedStatus.DRAFT: "企业提交",
    NeedStatus.SUBMITTED: "组织方受理",
    NeedStatus.DIAGNOSING: "组织方诊断",
    NeedStatus.RETURNED: "企业补充后重新提交",
}
# What is told beside the problem itself, in the order of reading.
PASSAGES = (
    "background",
    "current_state",
    "measures_taken",
    "goal",
    "difficulties",
    "sample",
    "traceability",
    "acceptance",
    "ownership",
)


@dataclass(frozen=True)
class Passage:
    """One part of the whole text, under its heading."""

    name: str
    label: str
    text: str


@dataclass(frozen=True)
class DisclosedNeed:
    """A need as one reader may see it; what is withheld is empty."""

    id: UUID
    number: str
    sight: Sight
    title: str
    discipline: str
    discipline_display: str
    category_display: str
    problem_type_display: str
    status: str
    status_display: str
    level: int
    region: str
    region_display: str
    quantities: list[str]
    budget: str
    expected_on: date | None = None
    published_at: datetime | None = None
    text: str = ""
    passages: tuple[Passage, ...] = ()
    lines: tuple[NeedLine, ...] = ()
    files: tuple[NeedFile, ...] = ()
    cooperation: tuple[str, ...] = ()
    credentials: tuple[str, ...] = ()
    organisation_name: str = ""
    contact: str = ""
    waits_for: str = ""

    @property
    def is_listed(self) -> bool:
        return self.status in LISTED

    @property
    def shows_lines(self) -> bool:
        return self.sight != Sight.TEASER


def sight_of(need: Need, user) -> Sight | None:
    """How much of the need the user sees; None when not even that it exists."""
    if user.has_perm("needs.read_need", need):
        return Sight.FULL
    if need.status not in KNOWN:
        return None
    grant = grant_of(need, user)
    if grant and grant.sees_detail and need.level > Level.PUBLIC:
        return Sight.DETAIL
    if need.level == Level.PUBLIC:
        return Sight.PUBLIC
    is_hinted = need.level == Level.AFTER_NDA and need.status in LISTED
    return Sight.TEASER if grant or is_hinted else None


def grant_of(need: Need, user) -> NeedGrant | None:
    """What the user was granted of this need, in person or through an institute."""
    if not user.is_authenticated:
        return None
    held = [grant for grant in need.grants.all() if grant.is_held_by(user)]
    return max(held, key=lambda grant: (grant.sees_detail, grant.sees_contact), default=None)


def disclose(need: Need, user) -> DisclosedNeed:
    """The need as this reader may see it. The need must come from `visible_to(user)`."""
    sight = sight_of(need, user)
    if sight is None:
        raise PermissionError(f"need {need.pk} was fetched past visible_to")
    full, open_, detail = sight == Sight.FULL, sight != Sight.TEASER, sight in {Sight.FULL, Sight.DETAIL}
    grant = None if full else grant_of(need, user)
    meets = full or (grant is not None and grant.sees_contact)
    gets_all = detail or (grant is not None and grant.sees_detail)
    lines = tuple(need.lines.all())
    # How far a confidential need has come is its own matter.
    status = NeedStatus(need.status) if open_ else NeedStatus.PUBLISHED
    return DisclosedNeed(
        id=need.pk,
        number=need.number,
        sight=sight,
        title=need.title if full else need.public_title,
        discipline=need.discipline,
        discipline_display=need.get_discipline_display(),
        category_display=need.get_category_display() if open_ else "",
        problem_type_display=need.get_problem_type_display() if open_ else "",
        status=status,
        status_display=status.label,
        level=need.level,
        region=need.organisation.region,
        region_display=need.organisation.region_display,
        quantities=quantity_labels(lines),
        budget=_budget(need, full=full),
        expected_on=need.expected_on if open_ else None,
        published_at=need.published_at,
        text=need.problem if detail else need.public_text if open_ else "",
        passages=_passages(need) if detail else (),
        lines=lines if open_ else (),
        # Lists show no attachments, so nothing is looked up before somebody asks for them.
        files=SimpleLazyObject(partial(_files, need, user, all_=gets_all)) if open_ else (),
        cooperation=tuple(need.cooperation_display) if open_ else (),
        credentials=tuple(need.credentials_display) if open_ else (),
        organisation_name=need.organisation.name if detail or meets or (open_ and not need.is_anonymous) else "",
        contact=_contact(need) if meets or (open_ and need.shows_contact) else "",
        waits_for=_next_move(need) if full else "",
    )


def log_reads(needs: list[Need], user) -> None:
    """Note in the needs' history who read their confidential content; the enterprise itself is not noted."""
    read = [
        need
        for need in needs
        if need.level > Level.PUBLIC
        and sight_of(need, user) in {Sight.FULL, Sight.DETAIL}
        and need.organisation_id not in user.organisation_ids
    ]
    _note_read(read, user, "查看保密内容")


def log_download(file: NeedFile, user) -> None:
    """Note in the need's history who took a file that not everybody may have."""
    is_open = file.is_public and file.need.level == Level.PUBLIC
    if not is_open and file.need.organisation_id not in user.organisation_ids:
        _note_read([file.need], user, "下载保密附件", file=file.name)


def _note_read(needs: list[Need], user, label: str, **what: str) -> None:
    if not needs:
        return
    whose = "、".join(body.name for body in user.organisations)
    record_each(needs, "read", label, actor=user, data={"organisation": whose, **what})


def quantity_labels(lines) -> list[str]:
    """The kinds of quantity the lines are about, each once, in words."""
    keys = dict.fromkeys(line.reading.get("quantity") for line in lines)
    return [find_kind(key).label for key in keys if key]


def _passages(need: Need) -> tuple[Passage, ...]:
    texts = [(Need._meta.get_field(name), getattr(need, name).strip()) for name in PASSAGES]
    return tuple(Passage(field.name, field.verbose_name, text) for field, text in texts if text)


def _files(need: Need, user, *, all_: bool) -> tuple[NeedFile, ...]:
    """All, or the public ones, which are for verified institutes."""
    is_provider = user.is_authenticated and user.is_provider
    return tuple(file for file in need.files.all() if all_ or (file.is_public and is_provider))


def _next_move(need: Need) -> str:
    """Whose turn it is to do what; empty when the need waits for nobody."""
    if need.status == NeedStatus.ACCEPTED:
        return "组织方发布" if need.public_text_confirmed_at else "企业确认公开内容"
    return WAITS_FOR.get(need.status, "")


def _budget(need: Need, *, full: bool) -> str:
    if not full:
        return BudgetBand(need.budget_band).label if need.shows_budget and need.budget_band else ""
    amounts = [f"{amount / 10_000:g}" for amount in (need.budget_low, need.budget_high) if amount is not None]
    return f"{'–'.join(dict.fromkeys(amounts))} 万元" if amounts else ""


def _contact(need: Need) -> str:
    return " ".join(filter(None, [need.contact_name, need.contact_phone, need.contact_email]))
