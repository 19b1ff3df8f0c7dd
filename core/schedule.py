"""What the worker does by the clock."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django_q.models import Schedule

# By name: the function that the worker calls, and when, as a line of cron.
Jobs = dict[str, tuple[str, str]]


def keep(jobs: Jobs, *, app: AppConfig) -> None:
    """Have the worker do these jobs from the next migration on."""

    def store(**kwargs):
        for name, (func, cron) in jobs.items():
            values = {"func": func, "schedule_type": Schedule.CRON, "cron": cron}
            Schedule.objects.update_or_create(name=name, defaults=values)

    post_migrate.connect(store, sender=app, weak=False, dispatch_uid=f"schedule of {app.name}")
