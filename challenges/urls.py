from django.urls import path

from challenges.enums import ReviewStage
from challenges.views import board, challenges, entries, reviews

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
    path("<uuid:pk>/entries/", entries.entry_list, name="entry_list"),
    path("<uuid:pk>/enter/", entries.entry_create, name="entry_create"),
    path("<uuid:pk>/enter-for/", entries.entry_on_behalf, name="entry_on_behalf"),
    path("entries/<uuid:pk>/", entries.entry_detail, name="entry_detail"),
    path("entries/<uuid:pk>/duplicates/", entries.entry_duplicates, name="entry_duplicates"),
    path("entries/<uuid:pk>/move/<slug:name>/", entries.entry_move, name="entry_move"),
    path("<uuid:pk>/intake/", entries.intake_create, name="intake_create"),
    path("intake/template/", entries.intake_template, name="intake_template"),
    path("intake/<uuid:pk>/", entries.intake_detail, name="intake_detail"),
    path("intake/<uuid:pk>/confirm/", entries.intake_confirm, name="intake_confirm"),
    path("intake/needs/<uuid:pk>/", entries.intake_need, name="intake_need"),
    path("<uuid:pk>/board/", board.board, name="board"),
    path("<uuid:pk>/board/export/", board.board_export, name="board_export"),
    path("<uuid:pk>/board/matches/", board.board_matches, name="board_matches"),
    path("board/<uuid:pk>/", board.board_item, name="board_item"),
    path("board/<uuid:pk>/edit/", board.item_edit, name="item_edit"),
    path("board/<uuid:pk>/confirm/", board.item_confirm, name="item_confirm"),
    path("board/<uuid:pk>/correct/", board.item_correct, name="item_correct"),
    path("board/<uuid:pk>/invite/", board.item_invite, name="item_invite"),
    path("expert/", reviews.expert_edit, name="expert_edit"),
    path("expert/ties/", reviews.tie_create, name="tie_create"),
    path("expert/ties/<uuid:pk>/remove/", reviews.tie_remove, name="tie_remove"),
    path("desk/", reviews.review_desk, name="review_desk"),
    path("desk/<uuid:pk>/", reviews.review_detail, name="review_detail"),
    path("desk/<uuid:pk>/pledge/", reviews.review_pledge, name="review_pledge"),
    path("desk/<uuid:pk>/recuse/", reviews.review_recuse, name="review_recuse"),
    path("<uuid:pk>/reviews/", reviews.review_list, name="review_list"),
    path("<uuid:pk>/reviews/assign/", reviews.review_assign, name="review_assign"),
    path("reviews/<uuid:pk>/remove/", reviews.review_remove, name="review_remove"),
    path("<uuid:pk>/results/", reviews.review_results, name="review_results"),
    path("entries/<uuid:pk>/waive/", reviews.waiver_create, name="waiver_create"),
    path("entries/<uuid:pk>/decide/<slug:name>/", reviews.entry_decide, name="entry_decide"),
    path("entries/<uuid:pk>/results/", reviews.entry_results, name="entry_results"),
]
