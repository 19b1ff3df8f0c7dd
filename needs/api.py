from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from core.api import MoveInput
from needs.disclosure import disclose, log_reads
from needs.filters import NeedFilter
from needs.models import Need
from needs.serializers import NeedInputSerializer, NeedSerializer
from needs.services import confirm_public_text, move_need


class NeedViewSet(GenericViewSet):
    """测量需求：只含您可以看到的，保密内容按级别隐去。"""

    queryset = Need.objects.none()
    serializer_class = NeedSerializer
    filterset_class = NeedFilter

    def get_queryset(self):
        return Need.objects.visible_to(self.request.user).for_list()

    def list(self, request):
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self._shown(page, many=True))

    def retrieve(self, request, pk=None):
        return Response(self._shown(self.get_object()))

    @extend_schema(request=NeedInputSerializer, responses={201: NeedSerializer})
    def create(self, request):
        need = self._saved(NeedInputSerializer(data=request.data, context=self.get_serializer_context()))
        return Response(self._shown(need), status=status.HTTP_201_CREATED)

    @extend_schema(request=NeedInputSerializer(partial=True), responses=NeedSerializer)
    def partial_update(self, request, pk=None):
        need = self.get_object()
        need = self._saved(
            NeedInputSerializer(need, data=request.data, partial=True, context=self.get_serializer_context())
        )
        return Response(self._shown(need))

    @extend_schema(request=MoveInput, responses=NeedSerializer)
    @action(detail=True, methods=["post"], url_path="move/(?P<name>[a-z]+)")
    def move(self, request, pk=None, name=""):
        need = self.get_object()
        reason = MoveInput(data=request.data)
        reason.is_valid(raise_exception=True)
        move_need(need, name, actor=request.user, **reason.validated_data)
        return Response(self._shown(need))

    @extend_schema(request=None, responses=NeedSerializer)
    @action(detail=True, methods=["post"])
    def confirm(self, request, pk=None):
        need = self.get_object()
        confirm_public_text(need, actor=request.user)
        return Response(self._shown(need))

    def _shown(self, needs, *, many=False):
        needs = list(needs) if many else [needs]
        log_reads(needs, self.request.user)
        shown = [disclose(need, self.request.user) for need in needs]
        data = NeedSerializer(shown, many=True).data
        return data if many else data[0]

    def _saved(self, serializer) -> Need:
        serializer.is_valid(raise_exception=True)
        return self.get_queryset().get(pk=serializer.save().pk)
