"""The calendar of a challenge as a file that calendar programs subscribe to (RFC 5545)."""

from collections.abc import Iterator
from datetime import UTC, datetime

from django.conf import settings
from django.utils import timezone

from challenges.enums import ChallengeStatus
from challenges.models import Challenge, PhaseWindow

LINE = 75
# What changes an event for those who have it in their calendars.
REVISIONS = ("windows", "extend", "cancel")


def write_calendar(challenge: Challenge) -> bytes:
    """The phases of the challenge as events that keep their ids whatever is put off."""
    revision = challenge.events.filter(action__in=REVISIONS).count()
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//liangzhi//challenges//ZH", "CALSCALE:GREGORIAN"]
    lines.append(f"NAME:{escape(challenge.name)}")
    for window in challenge.windows.all():
        lines += _event(challenge, window, revision)
    lines.append("END:VCALENDAR")
    return b"".join(fold(line) for line in lines)


def _event(challenge: Challenge, window: PhaseWindow, revision: int) -> Iterator[str]:
    changed_at = max(challenge.updated_at, window.updated_at)
    yield "BEGIN:VEVENT"
    yield f"UID:{window.pk}"
    yield f"SEQUENCE:{revision}"
    yield f"DTSTAMP:{utc(changed_at)}"
    yield f"LAST-MODIFIED:{utc(changed_at)}"
    yield f"DTSTART:{utc(window.opens_at)}"
    yield f"DTEND:{utc(window.closes_at)}"
    yield f"SUMMARY:{escape(f'{challenge.name}：{window.get_phase_display()}')}"
    if window.first_closes_at:
        first = timezone.localtime(window.first_closes_at)
        yield f"DESCRIPTION:{escape(f'原定 {first:%Y-%m-%d %H:%M} 截止，已延期：{window.extension_reason}')}"
    yield f"URL:{settings.SITE_URL}{challenge.get_absolute_url()}"
    yield f"STATUS:{'CANCELLED' if challenge.status == ChallengeStatus.CANCELLED else 'CONFIRMED'}"
    # A phase lasts for weeks, in which nobody is busy all the time.
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def escape(text: str) -> str:
    r"""A text as a value.

    >>> escape("规则\\办法；a,b;c\r\n第二行")
    '规则\\\\办法；a\\,b\\;c\\n第二行'
    """
    for plain, escaped in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r\n", "\\n"), ("\n", "\\n"), ("\r", "\\n")):
        text = text.replace(plain, escaped)
    return text


def fold(line: str) -> bytes:
    """The line with its end, broken where it exceeds 75 octets, never within a character.

    >>> fold("SUMMARY:x")
    b'SUMMARY:x\\r\\n'
    """
    folded, room = b"", LINE
    for character in line:
        octets = character.encode()
        if len(octets) > room:
            # The space that marks the next line as a continuation counts.
            folded, room = folded + b"\r\n ", LINE - 1
        folded, room = folded + octets, room - len(octets)
    return folded + b"\r\n"
