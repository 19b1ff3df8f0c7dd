"""What the worker does for challenges; every job may run twice and then changes nothing the second time."""

from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from challenges.models import PhaseWindow
from challenges.notices import remind

# So many days before the end of a phase; who was told of one day is not told of three.
REMINDERS = (1, 3)


def remind_of_deadlines() -> int:
    """Tell who has to hurry before a phase ends; the number of those told."""
    now = timezone.now()
    soon = PhaseWindow.objects.filter(
        challenge__status=F("phase"), closes_at__gt=now, closes_at__lte=now + timedelta(days=REMINDERS[-1])
    )
    return sum(
        remind(window, days=next(days for days in REMINDERS if window.closes_at <= now + timedelta(days=days)))
        for window in soon.select_related("challenge__organiser")
    )


SCHEDULE = {"赛事截止提醒": ("challenges.jobs.remind_of_deadlines", "10 * * * *")}
