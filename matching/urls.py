from django.urls import path

from matching import views

app_name = "matching"
urlpatterns = [
    path("inbox/", views.inbox, name="inbox"),
    path("needs/<uuid:pk>/", views.need_proposals, name="need_proposals"),
    path("needs/<uuid:pk>/why-not-me/", views.why_not_me, name="why_not_me"),
    path("needs/<uuid:pk>/apply/", views.apply, name="apply"),
    path("needs/<uuid:pk>/invite/", views.invite, name="invite"),
    path("proposals/<uuid:pk>/", views.proposal_detail, name="proposal_detail"),
    path("proposals/<uuid:pk>/move/<slug:name>/", views.proposal_move, name="proposal_move"),
    path("weights/", views.weight_list, name="weight_list"),
    path("weights/<uuid:pk>/activate/", views.weight_activate, name="weight_activate"),
]
