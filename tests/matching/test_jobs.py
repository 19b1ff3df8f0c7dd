"""The worker's jobs: each may run twice, many changes queue one."""

import uuid

import pytest
from django.core.cache import cache
from django_q.models import Failure

from matching import jobs
from matching.models import Proposal


@pytest.fixture(autouse=True)
def empty_cache():
    cache.clear()


@pytest.fixture
def queued(monkeypatch):
    """The names of the jobs that were queued, which are not run."""
    names = []
    monkeypatch.setattr(jobs, "async_task", lambda name, *args: names.append(name))
    return names


def test_a_job_for_a_need_that_is_gone_does_nothing(db):
    assert jobs.match_need(str(uuid.uuid4())) == 0


def test_a_job_for_a_need_that_is_no_longer_published_does_nothing(new_need, capability):
    assert jobs.match_need(str(new_need("withdrawn").pk)) == 0


def test_a_job_may_run_twice(new_need, capability):
    need = new_need("published")
    assert [jobs.match_need(str(need.pk)), jobs.match_need(str(need.pk))] == [1, 1]
    assert Proposal.objects.count() == 1


def test_many_changes_queue_one_rematch(queued, db):
    for _ in range(5):
        jobs.queue_rematch()
    assert queued == ["matching.jobs.rematch_needs"]


def test_a_change_during_a_rematch_queues_the_next(queued, db):
    jobs.queue_rematch()
    jobs.rematch_needs()
    jobs.queue_rematch()
    assert queued == ["matching.jobs.rematch_needs"] * 2


def test_jobs_run_at_once_in_tests_and_leave_no_failure(new_need, capability):
    jobs.queue_match(new_need("published"))
    jobs.queue_rematch()
    assert (Proposal.objects.count(), Failure.objects.count()) == (1, 0)
