"""What the worker does for challenges; every job may run twice and then changes nothing the second time."""

from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from challenges.models import PhaseWindow, Review
from challenges.notices import remind
from challenges.services.conflicts import end_conflicted
from challenges.services.reviews import remind_reviewers

# So many days before the end of a phase; who was told of one day is not told of three.
REMINDERS = (1, 3)


def remind_of_deadlines() -> int:
    """Tell who has to hurry before a phase ends; the number of those told."""
    now = timezone.now()
    soon = PhaseWindow.objects.filter(
        challenge__status=F("phase"), closes_at__gt=now, closes_at__lte=now + timedelta(days=REMINDERS[-1])
    )
    told = 0
    for window in soon.select_related("challenge__organiser"):
        days = next(days for days in REMINDERS if window.closes_at <= now + timedelta(days=days))
        told += remind(window, days=days) + remind_reviewers(window, days=days)
    return told


def end_reviews_in_conflict() -> int:
    """End the reviews over which a conflict of interest has come since their assignment; their number."""
    return end_conflicted(Review.objects.all())


SCHEDULE = {
    "赛事跟踪提醒": ("challenges.services.follow_ups.remind_of_follow_ups", "40 8 * * *"),
    "赛事截止提醒": ("challenges.jobs.remind_of_deadlines", "10 * * * *"),
    "利益冲突复查": ("challenges.jobs.end_reviews_in_conflict", "25 * * * *"),
}
