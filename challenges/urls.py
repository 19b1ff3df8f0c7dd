from django.urls import path

from challenges.enums import ReviewStage
from challenges.views import challenges

app_name = "challenges"
urlpatterns = [
    path("", challenges.challenge_list, name="challenge_list"),
    path("new/", challenges.challenge_create, name="challenge_create"),
    path("copy/", challenges.challenge_copy, name="challenge_copy"),
    path("<uuid:pk>/", challenges.challenge_detail, name="challenge_detail"),
    path("<uuid:pk>/calendar.ics", challenges.challenge_calendar, name="challenge_calendar"),
    path("<uuid:pk>/manage/", challenges.challenge_manage, name="challenge_manage"),
    path("<uuid:pk>/edit/", challenges.challenge_edit, name="challenge_edit"),
    path("<uuid:pk>/windows/", challenges.challenge_windows, name="challenge_windows"),
    *(
        path(
            f"<uuid:pk>/criteria/{stage}/",
            challenges.challenge_criteria,
            {"stage": stage},
            name=f"criteria_{stage}",
        )
        for stage in ReviewStage
    ),
    path("<uuid:pk>/extend/", challenges.challenge_extend, name="challenge_extend"),
    path("<uuid:pk>/move/<slug:name>/", challenges.challenge_move, name="challenge_move"),
]
