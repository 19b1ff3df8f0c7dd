from django.urls import path

from needs import views

app_name = "needs"
urlpatterns = [
    path("", views.need_list, name="list"),
    path("mine/", views.need_mine, name="mine"),
    path("desk/", views.need_desk, name="desk"),
    path("new/", views.need_create, name="create"),
    path("read/", views.need_read, name="read"),
    path("<uuid:pk>/", views.need_detail, name="detail"),
    path("<uuid:pk>/edit/<int:step>/", views.need_edit, name="edit"),
    path("<uuid:pk>/move/<slug:name>/", views.need_move, name="move"),
    path("<uuid:pk>/confirm/", views.need_confirm, name="confirm"),
    path("<uuid:pk>/public-text/", views.need_public_text, name="public_text"),
    path("<uuid:pk>/files/<uuid:file>/", views.need_file, name="file"),
    path("<uuid:pk>/delete/", views.need_delete, name="delete"),
]
