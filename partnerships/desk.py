"""The steward's desk: what has to be done today, the most urgent first."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from django.db.models import Prefetch, Q
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from needs.disclosure import DisclosedNeed
from needs.models import Need
from partnerships.models import Contact, Docking, Milestone
from partnerships.moves import Move, move_of
from partnerships.shown import shown_need

# By urgency: the heading of each group, and how its days are called.
GROUPS = {
    "pledge": ("新指派，请先签署承诺", ""),
    "overdue": ("逾期未答复，请您决定", "期限"),
    "contact": ("该联系了", "约定"),
    "minutes": ("走访缺纪要", "走访日期"),
    "milestone": ("里程碑逾期", "计划完成"),
    "stale": ("超过 21 天没有联系", "最近联系"),
    "steward": ("还没有技术管家", ""),
}


@dataclass(frozen=True)
class Errand:
    """One thing to do for one docking, and the place to do it."""

    docking: Docking
    need: DisclosedNeed | None
    what: str
    on: date | None
    url: str
    button: str

    @property
    def days(self) -> int:
        """How many days ago its day was."""
        return (timezone.localdate() - self.on).days if self.on else 0

    @property
    def days_ago(self) -> str:
        return f"{self.days} 天前"


@dataclass
class Group:
    key: str
    label: str
    day_label: str
    errands: list[Errand] = field(default_factory=list)


@dataclass(frozen=True)
class Desk:
    """What is due, in groups, and all open dockings this person carries."""

    groups: list[Group]
    dockings: list[tuple[Docking, DisclosedNeed | None, Move | None]]
    is_organiser: bool


def desk_of(user: User) -> Desk:
    """The dockings a person is steward of; for an organiser, besides, all of the regions."""
    dockings = list(_carried_by(user))
    needs = {docking.pk: shown_need(docking.need, user) for docking in dockings}
    groups = {key: Group(key, *words) for key, words in GROUPS.items()}
    for docking in dockings:
        for key, what, on, url, button in _errands(docking, user):
            groups[key].errands.append(Errand(docking, needs[docking.pk], what, on, url, button))
    for group in groups.values():
        group.errands.sort(key=lambda errand: (errand.on or date.min, errand.docking.number))
    rows = [(docking, needs[docking.pk], move_of(docking, user)) for docking in dockings]
    rows.sort(key=lambda row: (row[0].steward_id is not None, row[0].next_contact_on or date.max, row[0].number))
    return Desk([group for group in groups.values() if group.errands], rows, user.is_organiser)


def _carried_by(user: User):
    overseen = Q(need__in=Need.objects.overseen_by(user).values("pk"))
    return (
        Docking.objects.open()
        .filter(Q(steward=user) | overseen)
        .for_list()
        .prefetch_related(
            Prefetch("contacts", Contact.objects.filter(held_on__isnull=True), to_attr="planned"),
            Prefetch("milestones", Milestone.objects.filter(done_on__isnull=True), to_attr="undone"),
        )
    )


def _errands(docking: Docking, user: User) -> Iterator[tuple]:
    """What this docking asks of this person today: the group, words, day, address and button."""
    url, today = docking.get_absolute_url(), timezone.localdate()
    if docking.steward_id == user.pk and not docking.has_active_steward:
        # Until the pledge nothing else is this person's business, unless as organiser.
        pledge = reverse("partnerships:docking_pledge", args=[docking.pk])
        yield "pledge", "签署技术管家承诺书", None, pledge, "去签署"
        if not user.has_perm("partnerships.read_docking", docking):
            return
    if docking.steward_id is None:
        yield "steward", "指派技术管家", None, f"{url}#steward", "去指派"
    if docking.has_active_steward and docking.steward_id != user.pk:
        # Somebody else carries it.
        return
    if docking.is_overdue:
        what = f"是否进入“{docking.get_asked_stage_display()}”"
        yield "overdue", what, docking.asked_due_on, f"{url}#next", "去决定"
    # Who has been silent for weeks is found there alone.
    if docking.next_contact_on and docking.next_contact_on <= today and not docking.is_stale:
        yield "contact", "联系双方，保存联系记录", docking.next_contact_on, f"{url}#contacts", "去记录"
    for visit in docking.planned:
        if visit.lacks_minutes:
            minutes = reverse("partnerships:visit_minutes", args=[docking.pk, visit.pk])
            yield "minutes", "补写走访纪要", visit.planned_on, minutes, "写纪要"
    for milestone in docking.undone:
        if milestone.is_overdue:
            yield "milestone", milestone.title, milestone.due_on, f"{url}#milestones", "去查看"
    if docking.is_stale:
        yield "stale", "问清双方进展", docking.last_contact_on, f"{url}#contacts", "去联系"
