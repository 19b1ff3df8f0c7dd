from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action

from core.api import MoveInput
from core.api.viewsets import ApiViewSet, CreateMixin, UpdateMixin
from providers.filters import CapabilityFilter
from providers.models import Capability
from providers.serializers import CapabilitySerializer
from providers.services import move_capability


class CapabilityViewSet(CreateMixin, UpdateMixin, ApiViewSet):
    """测量能力：已发布的，以及本机构的全部能力。"""

    queryset = Capability.objects.none()
    serializer_class = CapabilitySerializer
    filterset_class = CapabilityFilter

    def get_queryset(self):
        return Capability.objects.visible_to(self.request.user).for_list()

    @extend_schema(request=MoveInput)
    @action(detail=True, methods=["post"], url_path="move/(?P<name>[a-z]+)")
    def move(self, request, pk=None, name=""):
        capability = self.get_object()
        move_capability(capability, name, actor=request.user, **self.read(MoveInput))
        return self.answer(capability)
