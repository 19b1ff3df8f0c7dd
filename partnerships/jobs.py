"""What the worker reminds of; every reminder is given once, however often a job runs."""

from django.utils import timezone

from needs.enums import KNOWN
from needs.models import Need
from partnerships.models import Contact, Docking, Milestone
from partnerships.notices import BOTH, STEWARD, tell
from partnerships.services.dockings import REMIND_BEFORE, end_dockings_of


def remind_of_dockings() -> int:
    """Remind whoever has to move of what is due in the open dockings; returns how many notices were written."""
    dockings = Docking.objects.open().for_list()
    return (
        sum(map(remind_to_decide, dockings.filter(asked_due_on__lt=timezone.localdate())))
        + sum(map(remind_to_contact, dockings.filter(next_contact_on__lte=timezone.localdate())))
        + sum(map(remind_of_silence, dockings.stale()))
        + sum(map(remind_of_minutes, _of_open(Contact).filter(held_on=None, planned_on__lt=timezone.localdate())))
        + sum(map(remind_of_milestone, _of_open(Milestone).filter(done_on=None, due_on__lte=_soon())))
    )


def end_orphaned_dockings() -> int:
    """End the dockings of needs that are no longer published, should the signal have been lost; returns how many."""
    orphaned = Docking.objects.open().exclude(need__status__in=KNOWN)
    count = orphaned.count()
    for need in Need.objects.filter(pk__in=orphaned.values("need")):
        end_dockings_of(need)
    return count


# --- The reminders ------------------------------------------------------------------------------------------------


def remind_to_decide(docking: Docking) -> int:
    text = f"{{number}} 进入“{docking.get_asked_stage_display()}”的申请逾期未答复，请您决定。"
    key = f"overdue:{docking.pk}:{docking.asked_stage}:{docking.asked_due_on}"
    return tell(docking, text, STEWARD, key=key, url=f"{docking.get_absolute_url()}#next")


def remind_to_contact(docking: Docking) -> int:
    text = f"{{number}} 约定 {docking.next_contact_on:%m-%d} 联系，请联系后保存联系记录。"
    key = f"contact:{docking.pk}:{docking.next_contact_on}"
    return tell(docking, text, *_carriers(docking), key=key, url=f"{docking.get_absolute_url()}#contacts")


def remind_of_silence(docking: Docking) -> int:
    text = f"{{number}} 自 {docking.last_contact_on:%m-%d} 以来没有联系记录，请问清双方进展。"
    key = f"stale:{docking.pk}:{docking.last_contact_on}"
    return tell(docking, text, STEWARD, key=key, url=f"{docking.get_absolute_url()}#contacts")


def remind_of_minutes(visit: Contact) -> int:
    text = f"{{number}} {visit.planned_on:%m-%d} 的走访还没有纪要，请补写。"
    parties = _carriers(visit.docking)
    return tell(
        visit.docking, text, *parties, key=f"minutes:{visit.pk}", url=f"{visit.docking.get_absolute_url()}#contacts"
    )


def remind_of_milestone(milestone: Milestone) -> int:
    """Before its day, and again when it has passed."""
    docking, state = milestone.docking, "已逾期" if milestone.is_overdue else "快到了"
    text = f"{{number}} 有一个里程碑{state}，计划 {milestone.due_on:%m-%d} 完成。"
    key = f"milestone:{milestone.pk}:{milestone.due_on}:{milestone.is_overdue}"
    return tell(docking, text, *BOTH, STEWARD, key=key, url=f"{docking.get_absolute_url()}#milestones")


def _carriers(docking: Docking) -> tuple[str, ...]:
    """The steward, or both sides where there is none."""
    return (STEWARD,) if docking.has_active_steward else BOTH


def _of_open(model):
    """The records of open dockings."""
    return model.objects.filter(docking__in=Docking.objects.open().values("pk")).select_related(
        "docking__need__organisation", "docking__institute", "docking__steward"
    )


def _soon():
    return timezone.localdate() + REMIND_BEFORE


# Time passes without anybody changing a record.
SCHEDULE = {
    "对接提醒": ("partnerships.jobs.remind_of_dockings", "15 * * * *"),
    "结束已撤回需求的对接": ("partnerships.jobs.end_orphaned_dockings", "25 * * * *"),
}
