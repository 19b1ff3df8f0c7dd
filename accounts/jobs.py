"""What the worker does; every job may run twice, also at the same time, and then changes nothing the second time."""

from datetime import timedelta

from django.utils import timezone
from django_q.models import Schedule

from accounts.mail import send_mails, write_digests
from accounts.models import Mail, Notice

KEPT = timedelta(days=180)


def send_digests() -> int:
    write_digests(timezone.now())
    return send_mails()


def remove_old_notices() -> int:
    """Forget what was read long ago, and the mails that told of nothing else; the number of notices."""
    before = timezone.now() - KEPT
    removed, _ = Notice.objects.filter(read_at__lt=before).delete()
    Mail.objects.filter(sent_at__lt=before, notices=None).delete()
    return removed


def keep_schedule(**kwargs) -> None:
    """Have mail written and sent each minute, and old notices removed each night."""
    Schedule.objects.update_or_create(
        name="发送通知邮件",
        defaults={"func": "accounts.jobs.send_digests", "schedule_type": Schedule.MINUTES, "minutes": 1},
    )
    Schedule.objects.update_or_create(
        name="每夜清理旧通知",
        defaults={"func": "accounts.jobs.remove_old_notices", "schedule_type": Schedule.CRON, "cron": "40 1 * * *"},
    )
