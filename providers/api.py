from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.mixins import CreateModelMixin, ListModelMixin, RetrieveModelMixin, UpdateModelMixin
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from core.api import MoveInput
from providers.filters import CapabilityFilter
from providers.models import Capability
from providers.serializers import CapabilitySerializer
from providers.services import move_capability


class CapabilityViewSet(CreateModelMixin, RetrieveModelMixin, UpdateModelMixin, ListModelMixin, GenericViewSet):
    """测量能力：已发布的，以及本机构的全部能力。"""

    queryset = Capability.objects.none()
    serializer_class = CapabilitySerializer
    filterset_class = CapabilityFilter
    http_method_names = ["get", "post", "patch", "head", "options"]

    def get_queryset(self):
        return Capability.objects.visible_to(self.request.user).for_list()

    @extend_schema(request=MoveInput, responses=CapabilitySerializer)
    @action(detail=True, methods=["post"], url_path="move/(?P<name>[a-z]+)")
    def move(self, request, pk=None, name=""):
        capability = self.get_object()
        reason = MoveInput(data=request.data)
        reason.is_valid(raise_exception=True)
        move_capability(capability, name, actor=request.user, **reason.validated_data)
        return Response(self.get_serializer(capability).data)
