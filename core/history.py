"""Checking that nobody has rewritten the history of any record."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby

from django.db import transaction
from django.db.models import Count, Max
from django.utils import timezone

from core.models import Checkpoint, Event
from core.seals import seal

# A transaction that takes longer would put an entry in front of a checkpoint that has been set.
SETTLED = timedelta(minutes=10)


@dataclass(frozen=True)
class Break:
    """The first place where a history does not hold together."""

    event: Event | None
    what: str


@transaction.atomic
def set_checkpoint() -> Checkpoint | None:
    """Seal the entries that were added since the last checkpoint; None when there are none."""
    previous = Checkpoint.objects.select_for_update().last()
    settled = Event.objects.filter(created_at__lt=timezone.now() - SETTLED)
    if previous:
        settled = settled.filter(pk__gt=previous.last_event)
    added = settled.aggregate(count=Count("pk"), last=Max("pk"))
    if not added["count"]:
        return None
    checkpoint = Checkpoint(last_event=added["last"], count=added["count"])
    checkpoint.seal = seal_up_to(checkpoint, previous)
    checkpoint.save()
    return checkpoint


def seal_up_to(checkpoint: Checkpoint, previous: Checkpoint | None) -> str:
    """The seal over the entries between two checkpoints as they stand now."""
    entries = _between(checkpoint, previous).order_by("pk").values_list("seal", flat=True)
    return seal(previous.seal if previous else "", list(entries))


def find_break(*, progress: Callable[[Iterable], Iterable] = iter) -> Break | None:
    """The first break in the history of any record, or None when all seals hold."""
    events = Event.objects.select_related("subject_type").order_by("subject_id", "number")
    for _, chain in groupby(progress(events.iterator(chunk_size=2000)), key=lambda event: event.subject_id):
        if found := _first(_breaks(chain)):
            return found
    return _first(_removed())


def _breaks(chain: Iterable[Event]) -> Iterator[Break]:
    """Where the entries of one record do not follow each other."""
    previous = ""
    for number, event in enumerate(chain, start=1):
        if event.number != number:
            yield Break(event, f"之前缺少第 {number} 条")
        if event.seal != seal(previous, event.sealed):
            yield Break(event, "内容与印记不符")
        previous = event.seal


def _removed() -> Iterator[Break]:
    """Checkpoints whose entries are not all there any more."""
    previous = None
    for checkpoint in Checkpoint.objects.all():
        if _between(checkpoint, previous).count() != checkpoint.count or (
            checkpoint.seal != seal_up_to(checkpoint, previous)
        ):
            what = f"{timezone.localtime(checkpoint.created_at):%Y-%m-%d %H:%M} 检查点之前的记录有增减"
            yield Break(Event.objects.filter(pk__lte=checkpoint.last_event).order_by("pk").last(), what)
        previous = checkpoint


def _between(checkpoint: Checkpoint, previous: Checkpoint | None):
    events = Event.objects.filter(pk__lte=checkpoint.last_event)
    return events.filter(pk__gt=previous.last_event) if previous else events


def _first(breaks: Iterator[Break]) -> Break | None:
    return next(breaks, None)
