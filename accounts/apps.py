from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "用户与单位"

    def ready(self):
        from accounts import jobs
        from core.schedule import keep

        keep(jobs.SCHEDULE, app=self)
