from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "用户与单位"

    def ready(self):
        from accounts import jobs

        post_migrate.connect(jobs.keep_schedule, sender=self)
