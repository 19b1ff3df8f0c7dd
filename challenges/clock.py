"""Time in words, and the times that a calendar can hold."""

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.utils import timezone

from challenges.models import PhaseWindow

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
YEARS = range(2000, 2101)


def check_moment(moment: datetime) -> None:
    """A validator: refuses times that are a slip of the finger, and that some databases cannot hold."""
    if moment.year not in YEARS:
        raise ValidationError(f"请填写 {YEARS[0]} 年到 {YEARS[-1]} 年之间的时间。")


def in_words(length: timedelta) -> str:
    """A length of time in its two largest units, rounded down, so that it never promises too much.

    >>> in_words(timedelta(days=3, hours=4, minutes=59)), in_words(timedelta(hours=1)), in_words(timedelta(seconds=59))
    ('3 天 4 小时', '1 小时', '不到 1 分钟')
    """
    days, rest = divmod(length, DAY)
    hours, rest = divmod(rest, HOUR)
    amounts = [(days, "天"), (hours, "小时"), (rest // MINUTE, "分钟")]
    first = next((place for place, (amount, _) in enumerate(amounts) if amount), None)
    if first is None:
        return "不到 1 分钟"
    return " ".join(f"{amount} {unit}" for amount, unit in amounts[first : first + 2] if amount)


def countdown(window: PhaseWindow) -> str:
    """How long until the phase begins or ends, by the clock of the server."""
    now = timezone.now()
    if now < window.opens_at:
        return f"还有 {in_words(window.opens_at - now)}开始"
    return f"还剩 {in_words(window.closes_at - now)}" if now < window.closes_at else "已截止"
