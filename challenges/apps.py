from django.apps import AppConfig


class ChallengesConfig(AppConfig):
    name = "challenges"
    verbose_name = "挑战赛"

    def ready(self):
        from challenges import jobs, receivers  # noqa: F401  (what happens to entries when needs change)
        from core.schedule import keep

        keep(jobs.SCHEDULE, app=self)
