from django.apps import AppConfig
from django.db.models.signals import post_migrate


class MatchingConfig(AppConfig):
    name = "matching"
    verbose_name = "匹配"

    def ready(self):
        from matching import jobs, receivers  # noqa: F401  (receivers listen to needs and providers)

        post_migrate.connect(jobs.keep_schedule, sender=self)
