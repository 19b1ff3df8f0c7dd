"""The clock of the worker."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db.models.signals import post_migrate
from django_q.models import Schedule

pytestmark = pytest.mark.django_db


def test_schedules_are_kept_once_however_often_the_database_is_migrated():
    before = sorted(Schedule.objects.values_list("name", "func", "schedule_type", "cron"))
    for app in apps.get_app_configs():
        post_migrate.send(sender=app, app_config=app, verbosity=0, interactive=False, using="default")
    assert sorted(Schedule.objects.values_list("name", "func", "schedule_type", "cron")) == before
    assert {kind for _, _, kind, _ in before} == {Schedule.CRON}


def test_the_worker_finds_what_it_is_to_call():
    for func in Schedule.objects.values_list("func", flat=True):
        module, name = func.rsplit(".", 1)
        assert callable(getattr(import_module(module), name))
