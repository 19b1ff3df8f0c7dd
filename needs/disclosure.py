"""What of a need a reader is shown: the one place that pages, API, e-mails and explanations take it from."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from core.enums import Level
from matching.engine.units import find_kind
from needs.enums import BudgetBand, NeedStatus, Sight
from needs.models import Need, NeedLine

WAITS_FOR = {
    NeedStatus.DRAFT: "企业提交",
    NeedStatus.SUBMITTED: "组织方受理",
    NeedStatus.DIAGNOSING: "组织方诊断",
    NeedStatus.RETURNED: "企业补充后重新提交",
}


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
    lines: tuple[NeedLine, ...] = ()
    cooperation: tuple[str, ...] = ()
    credentials: tuple[str, ...] = ()
    organisation_name: str = ""
    contact: str = ""
    waits_for: str = ""

    @property
    def shows_lines(self) -> bool:
        return self.sight != Sight.TEASER


def sight_of(need: Need, user) -> Sight | None:
    """How much of the need the user sees; None when not even that it exists."""
    if user.has_perm("needs.read_need", need):
        return Sight.FULL
    if need.status != NeedStatus.PUBLISHED or need.level == Level.ORGANISER_ONLY:
        return None
    return Sight.PUBLIC if need.level == Level.PUBLIC else Sight.TEASER


def disclose(need: Need, user) -> DisclosedNeed:
    """The need as this reader may see it. The need must come from `visible_to(user)`."""
    sight = sight_of(need, user)
    if sight is None:
        raise PermissionError(f"need {need.pk} was fetched past visible_to")
    full, open_ = sight == Sight.FULL, sight != Sight.TEASER
    lines = tuple(need.lines.all())
    return DisclosedNeed(
        id=need.pk,
        number=need.number,
        sight=sight,
        title=need.title if full else need.public_title,
        discipline=need.discipline,
        discipline_display=need.get_discipline_display(),
        category_display=need.get_category_display() if open_ else "",
        problem_type_display=need.get_problem_type_display() if open_ else "",
        status=need.status,
        status_display=need.get_status_display(),
        level=need.level,
        region=need.organisation.region,
        region_display=need.organisation.region_display,
        quantities=quantity_labels(lines),
        budget=_budget(need, full=full),
        expected_on=need.expected_on if open_ else None,
        published_at=need.published_at,
        text=need.problem if full else need.public_text if open_ else "",
        lines=lines if open_ else (),
        cooperation=tuple(need.cooperation_display) if open_ else (),
        credentials=tuple(need.credentials_display) if open_ else (),
        organisation_name=need.organisation.name if full or (open_ and not need.is_anonymous) else "",
        contact=_contact(need) if full or (open_ and need.shows_contact) else "",
        waits_for=_next_move(need) if full else "",
    )


def quantity_labels(lines) -> list[str]:
    """The kinds of quantity the lines are about, each once, in words."""
    keys = dict.fromkeys(line.reading.get("quantity") for line in lines)
    return [find_kind(key).label for key in keys if key]


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
