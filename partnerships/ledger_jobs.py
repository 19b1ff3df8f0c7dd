"""What the worker does for the ledger; every job may run twice and then changes nothing the second time."""

from datetime import timedelta

from django.utils import timezone

from needs.enums import NeedStatus
from needs.models import Need
from partnerships.enums import UNDONE
from partnerships.models import LedgerEntry, LedgerImport
from partnerships.services.ledger import add_entry_for_need, entries_to_escalate, escalate, keep_pace, remind

SETTLED = (NeedStatus.CONTRACTED, NeedStatus.RESOLVED, NeedStatus.WITHDRAWN)
IMPORTS_KEPT = timedelta(days=30)


def remind_of_deadlines() -> int:
    """Tell who has to hurry, and those above them a week later; how many were told of or raised."""
    answered_for = LedgerEntry.objects.for_list().filter(person__isnull=False)
    told = remind([*answered_for.due_soon(), *answered_for.overdue()])
    return told + sum(escalate(entry) for entry in entries_to_escalate().for_list())


def complete_ledger() -> int:
    """Enter the published needs, and settle the entries of needs, that a killed process left behind; how many."""
    missing = Need.objects.published().filter(ledger_entry=None)
    added = [add_entry_for_need(need) for need in missing]
    behind = Need.objects.filter(status__in=SETTLED, ledger_entry__status__in=UNDONE)
    return len(added) + sum(keep_pace(need) is not None for need in behind)


def remove_old_imports() -> int:
    """Forget sheets that were uploaded long ago; what they brought stays."""
    removed, _ = LedgerImport.objects.filter(created_at__lt=timezone.now() - IMPORTS_KEPT).delete()
    return removed


SCHEDULE = {
    "台账到期提醒": ("partnerships.ledger_jobs.remind_of_deadlines", "15 7 * * *"),
    "每夜补齐台账": ("partnerships.ledger_jobs.complete_ledger", "30 1 * * *"),
    "每夜清理台账导入": ("partnerships.ledger_jobs.remove_old_imports", "50 1 * * *"),
}
