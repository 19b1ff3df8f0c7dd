from django.apps import AppConfig


class MatchingConfig(AppConfig):
    name = "matching"
    verbose_name = "匹配"

    def ready(self):
        from matching import receivers  # noqa: F401  (listens to needs and providers)
