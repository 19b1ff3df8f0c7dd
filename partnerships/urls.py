from django.urls import path

from partnerships.views import confidentiality, dockings

app_name = "partnerships"
urlpatterns = [
    path("next/", dockings.task_list, name="task_list"),
    path("confidentiality/", confidentiality.confidentiality_list, name="confidentiality_list"),
    path(
        "confidentiality/needs/<uuid:pk>/request/",
        confidentiality.confidentiality_request,
        name="confidentiality_request",
    ),
    path("confidentiality/<uuid:pk>/", confidentiality.confidentiality_detail, name="confidentiality_detail"),
    path(
        "confidentiality/<uuid:pk>/move/<slug:name>/", confidentiality.confidentiality_move, name="confidentiality_move"
    ),
    path("dockings/", dockings.docking_list, name="docking_list"),
    path("dockings/desk/", dockings.docking_desk, name="docking_desk"),
    path("dockings/<uuid:pk>/", dockings.docking_detail, name="docking_detail"),
    path("dockings/<uuid:pk>/ask/", dockings.docking_ask, name="docking_ask"),
    path("dockings/<uuid:pk>/answer/<slug:name>/", dockings.docking_answer, name="docking_answer"),
    path("dockings/<uuid:pk>/contacts/", dockings.contact_create, name="contact_create"),
    path("dockings/<uuid:pk>/visits/", dockings.visit_create, name="visit_create"),
    path("dockings/<uuid:pk>/visits/<uuid:contact>/minutes/", dockings.visit_minutes, name="visit_minutes"),
    path("dockings/<uuid:pk>/messages/", dockings.message_create, name="message_create"),
    path("dockings/<uuid:pk>/files/", dockings.file_create, name="file_create"),
    path("dockings/<uuid:pk>/files/<uuid:file>/", dockings.docking_file, name="docking_file"),
    path("dockings/<uuid:pk>/milestones/", dockings.milestone_create, name="milestone_create"),
    path(
        "dockings/<uuid:pk>/milestones/<uuid:milestone>/complete/",
        dockings.milestone_complete,
        name="milestone_complete",
    ),
    path("dockings/<uuid:pk>/schedule/", dockings.docking_schedule, name="docking_schedule"),
    path("dockings/<uuid:pk>/steward/", dockings.docking_assign, name="docking_assign"),
    path("dockings/<uuid:pk>/pledge/", dockings.docking_pledge, name="docking_pledge"),
]
