from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "core"
    verbose_name = "基础"

    def ready(self):
        from core import jobs
        from core.schedule import keep

        keep(jobs.SCHEDULE, app=self)
