from django.urls import path

from frontend import views

urlpatterns = [
    path("styleguide/", views.styleguide, name="styleguide"),
]
