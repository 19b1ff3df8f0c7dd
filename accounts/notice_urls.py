from django.urls import path

from accounts import views

app_name = "notices"
urlpatterns = [
    path("", views.notice_list, name="list"),
    path("count/", views.notice_count, name="count"),
    path("read-all/", views.notice_read_all, name="read_all"),
    path("preferences/", views.notice_preference_edit, name="preference_edit"),
    path("<uuid:pk>/open/", views.notice_open, name="open"),
]
