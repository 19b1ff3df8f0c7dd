from django.urls import path

from providers import views_imports as views

urlpatterns = [
    path("imports/new/", views.import_create, name="import_create"),
    path("imports/template/", views.import_template, name="import_template"),
    path("imports/<uuid:pk>/", views.import_detail, name="import_detail"),
    path("imports/<uuid:pk>/confirm/", views.import_confirm, name="import_confirm"),
]
