from django.apps import AppConfig


class PartnershipsConfig(AppConfig):
    name = "partnerships"
    verbose_name = "对接与协议"

    def ready(self):
        from core.schedule import keep
        from partnerships import jobs, ledger_jobs, receivers  # noqa: F401  (opens a docking when both sides agree)

        keep(jobs.SCHEDULE | ledger_jobs.SCHEDULE, app=self)
