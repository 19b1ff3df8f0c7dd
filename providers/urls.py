from django.urls import path

from providers import views

app_name = "providers"
urlpatterns = [
    path("capabilities/", views.capability_list, name="capability_list"),
    path("capabilities/mine/", views.capability_mine, name="mine"),
    path("capabilities/new/<slug:kind>/", views.capability_create, name="capability_create"),
    path("capabilities/<uuid:pk>/", views.capability_detail, name="capability_detail"),
    path("capabilities/<uuid:pk>/edit/", views.capability_edit, name="capability_edit"),
    path("capabilities/<uuid:pk>/move/<slug:name>/", views.capability_move, name="capability_move"),
    path("credentials/new/", views.credential_create, name="credential_create"),
    path("credentials/<uuid:pk>/edit/", views.credential_edit, name="credential_edit"),
    path("institutes/", views.institute_list, name="institute_list"),
    path("institutes/<uuid:pk>/", views.institute_detail, name="institute_detail"),
    path("imports/new/", views.import_create, name="import_create"),
    path("imports/template/", views.import_template, name="import_template"),
    path("imports/<uuid:pk>/", views.import_detail, name="import_detail"),
    path("imports/<uuid:pk>/confirm/", views.import_confirm, name="import_confirm"),
]
