from django.urls import path

from insights import views

app_name = "insights"
urlpatterns = [
    path("agreements/", views.agreement_sums, name="agreement_sums"),
]
