"""What the worker does; every job may run twice, also at the same time, and then changes nothing the second time."""

from datetime import timedelta

from django.utils import timezone

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


SCHEDULE = {
    "发送通知邮件": ("accounts.jobs.send_digests", "* * * * *"),
    "每夜清理旧通知": ("accounts.jobs.remove_old_notices", "40 1 * * *"),
}
