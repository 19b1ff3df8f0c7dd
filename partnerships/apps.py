from django.apps import AppConfig


class PartnershipsConfig(AppConfig):
    name = "partnerships"
    verbose_name = "对接与协议"

    def ready(self):
        from partnerships import receivers  # noqa: F401  (opens a docking when both sides agree)
