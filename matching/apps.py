from django.apps import AppConfig


class MatchingConfig(AppConfig):
    name = "matching"
    verbose_name = "匹配"

    def ready(self):
        from core.schedule import keep
        from matching import jobs, receivers  # noqa: F401  (receivers listen to needs and providers)

        keep(jobs.SCHEDULE, app=self)
