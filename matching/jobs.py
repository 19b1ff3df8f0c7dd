"""What the worker does; every job may run twice and then changes nothing the second time."""

from django.core.cache import cache
from django_q.tasks import async_task

from matching.services import expire_proposals, propose_for_need, rematch
from needs.models import Need

REMATCH_QUEUED = "matching.rematch-queued"
# Should the queued job get lost, the next change may queue another after this time.
QUEUED_SECONDS = 60


def queue_match(need: Need) -> None:
    """Have the worker match one need."""
    async_task("matching.jobs.match_need", str(need.pk))


def queue_rematch() -> None:
    """Have the worker match all needs again; many changes in a row queue one job."""
    if cache.add(REMATCH_QUEUED, 1, QUEUED_SECONDS):
        async_task("matching.jobs.rematch_needs")


def match_need(pk: str) -> int:
    need = Need.objects.published().for_list().filter(pk=pk).first()
    return propose_for_need(need) if need else 0


def rematch_needs() -> int:
    # What changes from here on needs a job of its own.
    cache.delete(REMATCH_QUEUED)
    return rematch()


def close_unanswered() -> int:
    return expire_proposals()


# Credentials lapse, and the time to answer runs out, without anybody changing a record.
SCHEDULE = {
    "每夜重新匹配": ("matching.jobs.rematch_needs", "10 2 * * *"),
    "匹配建议到期": ("matching.jobs.close_unanswered", "5 * * * *"),
}
