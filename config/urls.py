"""The roots of all addresses."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.routers import DefaultRouter

from accounts.api import NoticePreferenceViewSet, NoticeViewSet, OrganisationViewSet
from challenges.api.after import ClosingViewSet, FollowUpViewSet, SigningViewSet
from challenges.api.board import ItemViewSet
from challenges.api.challenges import ChallengeViewSet
from challenges.api.decisions import (
    AnnouncementViewSet,
    CertificateViewSet,
    DecisionViewSet,
    ObjectionViewSet,
    OutcomeViewSet,
)
from challenges.api.entries import EntryViewSet, InvitationViewSet
from challenges.api.finals import FinalsViewSet
from challenges.api.reviews import (
    AssignmentViewSet,
    EntryResultViewSet,
    ReviewResultViewSet,
    ReviewViewSet,
    WaiverViewSet,
)
from challenges.api.solutions import SolutionViewSet
from matching.api import MatchView, ProposalViewSet, ReadView
from needs.api import NeedViewSet
from partnerships.api.agreements import AcceptanceViewSet, AgreementViewSet
from partnerships.api.cases import CaseViewSet
from partnerships.api.confidentiality import ConfidentialityViewSet
from partnerships.api.dockings import DockingViewSet
from partnerships.api.ledger import LedgerViewSet
from providers.api import CapabilityViewSet

api = DefaultRouter()
api.register("organisations", OrganisationViewSet)
api.register("needs", NeedViewSet)
api.register("capabilities", CapabilityViewSet)
api.register("proposals", ProposalViewSet)
api.register("notices", NoticeViewSet)
api.register("challenges", ChallengeViewSet)
api.register("challenge-entries", EntryViewSet, basename="entry")
api.register("board-items", ItemViewSet, basename="board-item")
api.register("challenge-invitations", InvitationViewSet, basename="invitation")
api.register("reviews", ReviewViewSet)
api.register("review-assignments", AssignmentViewSet, basename="assignment")
api.register("conflict-waivers", WaiverViewSet)
api.register("solutions", SolutionViewSet)
api.register("challenge-decisions", DecisionViewSet, basename="decision")
api.register("challenge-objections", ObjectionViewSet, basename="objection")
api.register("solution-outcomes", OutcomeViewSet, basename="solution-outcome")
api.register("certificates", CertificateViewSet, basename="certificate")
api.register("challenge-signings", SigningViewSet, basename="signing")
api.register("challenge-follow-ups", FollowUpViewSet, basename="follow-up")
api.register("confidentiality", ConfidentialityViewSet, basename="confidentiality")
api.register("dockings", DockingViewSet)
api.register("agreements", AgreementViewSet)
api.register("acceptances", AcceptanceViewSet)
api.register("cases", CaseViewSet, basename="case")
api.register("ledger", LedgerViewSet, basename="ledger")

urlpatterns = [
    path("", include("frontend.urls")),
    path("", include("providers.urls")),
    path("accounts/", include("accounts.urls")),
    path("notices/", include("accounts.notice_urls")),
    path("needs/", include("needs.urls")),
    path("matching/", include("matching.urls")),
    path("", include("partnerships.urls")),
    path("insights/", include("insights.urls")),
    path("challenges/", include("challenges.urls")),
    path("api/v1/", include(api.urls)),
    path(
        "api/v1/notice-preferences/",
        NoticePreferenceViewSet.as_view({"get": "retrieve", "put": "update"}, detail=True),
        name="api-notice-preferences",
    ),
    path(
        "api/v1/review-results/<uuid:pk>/",
        ReviewResultViewSet.as_view({"get": "retrieve"}, detail=True),
        name="api-review-results",
    ),
    path(
        "api/v1/finals/<uuid:pk>/",
        FinalsViewSet.as_view({"get": "retrieve", "patch": "partial_update"}, detail=True),
        name="api-finals",
    ),
    path("api/v1/finals/<uuid:pk>/draw/", FinalsViewSet.as_view({"post": "draw"}, detail=True), name="api-finals-draw"),
    path(
        "api/v1/entry-results/<uuid:pk>/",
        EntryResultViewSet.as_view({"get": "retrieve"}, detail=True),
        name="api-entry-results",
    ),
    path(
        "api/v1/challenge-funnels/<uuid:pk>/",
        ClosingViewSet.as_view({"get": "retrieve"}, detail=True),
        name="api-challenge-funnel",
    ),
    path(
        "api/v1/challenge-reports/<uuid:pk>/<slug:kind>/",
        ClosingViewSet.as_view({"get": "report"}, detail=True),
        name="api-challenge-report",
    ),
    path(
        "api/v1/announcements/<uuid:pk>/",
        AnnouncementViewSet.as_view({"get": "retrieve"}, detail=True),
        name="api-announcement",
    ),
    path(
        "api/v1/challenge-funnels/<uuid:pk>/",
        ClosingViewSet.as_view({"get": "retrieve"}, detail=True),
        name="api-challenge-funnel",
    ),
    path(
        "api/v1/challenge-reports/<uuid:pk>/<slug:kind>/",
        ClosingViewSet.as_view({"get": "report"}, detail=True),
        name="api-challenge-report",
    ),
    path("api/v1/match/", MatchView.as_view(), name="api-match"),
    path("api/v1/read/", ReadView.as_view(), name="api-read"),
    path("api/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path(
        "api/docs/",
        SpectacularSwaggerSplitView.as_view(url_name="api-schema", template_name="api_docs.html"),
        name="api-docs",
    ),
    path("admin/", admin.site.urls),
]
