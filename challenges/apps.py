from django.apps import AppConfig


class ChallengesConfig(AppConfig):
    name = "challenges"
    verbose_name = "挑战赛"

    def ready(self):
        from challenges import jobs
        from core.schedule import keep

        keep(jobs.SCHEDULE, app=self)
