from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action

from core.api import MoveInput
from core.api.viewsets import ApiViewSet, CreateMixin, UpdateMixin
from needs.disclosure import disclose, log_reads
from needs.filters import NeedFilter
from needs.models import Need
from needs.serializers import NeedInputSerializer, NeedSerializer
from needs.services import confirm_public_text, move_need


class NeedViewSet(CreateMixin, UpdateMixin, ApiViewSet):
    """测量需求：只含您可以看到的，保密内容按级别隐去。"""

    queryset = Need.objects.none()
    serializer_class = NeedSerializer
    input_serializer_class = NeedInputSerializer
    filterset_class = NeedFilter

    def get_queryset(self):
        return Need.objects.visible_to(self.request.user).for_list()

    def show(self, need):
        return disclose(need, self.request.user)

    def note_shown(self, needs):
        log_reads(needs, self.request.user)

    @extend_schema(request=MoveInput)
    @action(detail=True, methods=["post"], url_path="move/(?P<name>[a-z]+)")
    def move(self, request, pk=None, name=""):
        need = self.get_object()
        move_need(need, name, actor=request.user, **self.read(MoveInput))
        return self.answer(need)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def confirm(self, request, pk=None):
        need = self.get_object()
        confirm_public_text(need, actor=request.user)
        return self.answer(need)
