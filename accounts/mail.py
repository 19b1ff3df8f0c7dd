"""Digests by e-mail: what is due is written down first, then sent until the server takes it."""

from collections import Counter
from datetime import datetime, timedelta
from email.utils import make_msgid
from time import monotonic
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone

from accounts.enums import NoticeKind
from accounts.models import MAIL_WAITS, Mail, Notice, User

DIGEST_HOUR = 8
# The worker starts a run each minute.
RUN_SECONDS = 50


def write_digests(now: datetime) -> int:
    """Write one mail for everybody with notices that are due, unread and in no mail yet; the number of mails."""
    daily, weekly = last_turns(now)
    due = Notice.objects.due(daily=daily, weekly=weekly)
    return sum(write_digest(user, due) for user in User.objects.filter(pk__in=due.values("user")))


def last_turns(now: datetime) -> tuple[datetime, datetime]:
    """When the latest daily and the latest weekly digest were due: at 8:00, on Mondays, in Shanghai."""
    local = timezone.localtime(now)
    daily = local.replace(hour=DIGEST_HOUR, minute=0, second=0, microsecond=0)
    if daily > local:
        daily -= timedelta(days=1)
    return daily, daily - timedelta(days=daily.weekday())


@transaction.atomic
def write_digest(user: User, due) -> bool:
    """Whether the person had something due; another worker may have been first."""
    notices = list(due.filter(user=user).select_for_update(skip_locked=True, of=("self",)))
    if not notices:
        return False
    counts = Counter(notice.kind for notice in notices)
    context = {
        "user": user,
        "total": len(notices),
        "counts": [(kind.label, counts[kind]) for kind in NoticeKind if counts[kind]],
        "site": settings.SITE_URL,
    }
    mail = Mail.objects.create(
        user=user,
        subject=f"量值通：您有 {len(notices)} 条未读通知",
        body=render_to_string("accounts/notice_mail.txt", context),
        message_id=make_msgid(domain=urlsplit(settings.SITE_URL).hostname),
    )
    Notice.objects.filter(pk__in=[notice.pk for notice in notices]).update(mail=mail)
    return True


def send_mails() -> int:
    """Send what waits for its attempt, as far as one run gets; the number of mails the server took."""
    stop = monotonic() + RUN_SECONDS
    sent = 0
    for mail in Mail.objects.waiting().filter(due_at__lte=timezone.now()).order_by("due_at").select_related("user"):
        if monotonic() > stop:
            break
        if claim(mail):
            sent += send(mail)
    return sent


def claim(mail: Mail) -> bool:
    """Whether this worker may try now; should it be killed on the way, the mail is due again after the wait."""
    # No join: PostgreSQL would not look at the row again after waiting for the worker that was first.
    mine = Mail.objects.filter(pk=mail.pk, attempts=mail.attempts, sent_at__isnull=True)
    due_at = timezone.now() + MAIL_WAITS[mail.attempts]
    return mine.update(attempts=mail.attempts + 1, due_at=due_at) == 1


def send(mail: Mail) -> bool:
    """Whether the server took the mail; what it said instead is kept."""
    headers = {"Message-ID": mail.message_id, "Auto-Submitted": "auto-generated"}
    try:
        EmailMessage(mail.subject, mail.body, to=[mail.user.email], headers=headers).send()
    except (OSError, ValueError) as error:  # the server, or an address that cannot be written in a header
        mail.last_error = f"{type(error).__name__}: {error}"[:300]
    else:
        mail.sent_at, mail.last_error = timezone.now(), ""
    mail.save(update_fields=["sent_at", "last_error", "updated_at"])
    return mail.sent_at is not None
