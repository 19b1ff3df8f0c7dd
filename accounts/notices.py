"""Telling people: a notice is written with the event it tells of, and read on the page or mailed."""

from collections.abc import Iterable

from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.text import Truncator

from accounts.enums import NoticeKind, Rhythm
from accounts.models import Notice, NoticePreference, User

MAX_TEXT = Notice._meta.get_field("text").max_length


def notify(
    people: Iterable[User], *, kind: NoticeKind, text: str, url: str, key: str = "", actor: User | None = None
) -> int:
    """Tell these people what happened and what to do next; the number of those who were told.

    Call it inside the transaction of the event: the notices stand or fall with it, and the worker mails them later.

        notify(
            User.objects.acting_for(need.organisation),
            kind=NoticeKind.PROPOSAL,
            text=f"{need.number} 有新的匹配建议，请在 14 天内答复。",
            url=proposal.get_absolute_url(),
            key=f"proposal:{proposal.pk}:reminder",
            actor=request.user,
        )

    `text` is one sentence and never carries confidential content: only kinds, numbers, names of public bodies.
    `url` is a path of this site. Nobody gets a second notice with the same `key`, whoever calls and however often.
    The actor knows already, and people whose account is closed are not told.
    """
    if not is_local(url):
        raise ValueError(f"not a path of this site: {url}")
    told = {person.pk for person in people if person.is_active and person != actor}
    shown = Truncator(text).chars(MAX_TEXT)
    notices = [Notice(user_id=pk, kind=kind, text=shown, url=url, key=key) for pk in sorted(told)]
    Notice.objects.bulk_create(notices, ignore_conflicts=bool(key))
    return Notice.objects.filter(pk__in=[notice.pk for notice in notices]).count() if key else len(notices)


def is_local(url: str) -> bool:
    """Whether a browser that is sent there stays on this site."""
    return url.startswith("/") and url_has_allowed_host_and_scheme(url, allowed_hosts=None)


def mark_read(notices) -> int:
    """Note that these were read; those read before keep their time."""
    now = timezone.now()
    return notices.unread().update(read_at=now, updated_at=now)


def rhythms_of(user: User) -> dict[str, str]:
    """How often the person wants mail, by kind of notice."""
    return dict.fromkeys(NoticeKind.values, Rhythm.DAILY) | dict(user.notice_preferences.values_list("kind", "rhythm"))


def set_rhythms(user: User, rhythms: dict[str, str]) -> None:
    """Keep how often the person wants mail, by kind of notice."""
    NoticePreference.objects.bulk_create(
        [NoticePreference(user=user, kind=kind, rhythm=rhythm) for kind, rhythm in rhythms.items()],
        update_conflicts=True,
        unique_fields=["user", "kind"],
        update_fields=["rhythm", "updated_at"],
    )
