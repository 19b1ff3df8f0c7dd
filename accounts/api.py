from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response

from accounts.filters import NoticeFilter
from accounts.models import Notice, Organisation, User
from accounts.notices import mark_read, rhythms_of, set_rhythms
from accounts.serializers import (
    NoticePreferenceSerializer,
    NoticeSerializer,
    OrganisationSerializer,
    ReadAllSerializer,
)
from core.api import ScopePermission
from core.api.viewsets import ApiViewSet


class OrganisationViewSet(ApiViewSet):
    """单位：已核验的服务机构与组织方；登录后还有自己的单位。"""

    queryset = Organisation.objects.none()
    serializer_class = OrganisationSerializer
    filterset_fields = ["kind", "region"]

    def get_queryset(self):
        return Organisation.objects.visible_to(self.request.user)


class NoticeViewSet(ApiViewSet):
    """通知：只有自己的，新的在前。"""

    queryset = Notice.objects.none()
    serializer_class = NoticeSerializer
    filterset_class = NoticeFilter

    def get_queryset(self):
        return Notice.objects.visible_to(self.request.user)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"], url_path="read", url_name="read")
    def mark_one(self, request, pk=None):
        """标为已读。"""
        notice = self.get_object()
        mark_read(self.get_queryset().filter(pk=notice.pk))
        return self.answer(notice)

    @extend_schema(request=None, responses=ReadAllSerializer)
    @action(detail=False, methods=["post"], url_path="read-all")
    def read_all(self, request):
        """全部标为已读。"""
        return Response({"read": mark_read(self.get_queryset())})


class NoticePreferenceViewSet(ApiViewSet):
    """通知设置：每类通知多久发一次邮件。"""

    queryset = User.objects.none()
    serializer_class = NoticePreferenceSerializer
    permission_classes = [IsAuthenticated, ScopePermission]

    def get_queryset(self):
        return User.objects.filter(pk=self.request.user.pk)

    def get_object(self):
        return self.get_queryset().get()

    def show(self, user):
        return rhythms_of(user)

    def update(self, request):
        set_rhythms(request.user, self.read(NoticePreferenceSerializer))
        return self.answer(request.user)
