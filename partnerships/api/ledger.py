from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.generics import get_object_or_404

from core.api.viewsets import ApiViewSet, CreateMixin, UpdateMixin
from partnerships.filters.ledger import LedgerFilter
from partnerships.ledger_disclosure import show_entry
from partnerships.models import LedgerEntry
from partnerships.serializers.ledger import (
    AssignInput,
    DecisionInput,
    ExtensionInput,
    LedgerInputSerializer,
    LedgerMoveInput,
    LedgerSerializer,
)
from partnerships.services.ledger import ask_extension, assign_entry, decide_extension, move_entry
from partnerships.views.ledger import answer_sheet

TITLES = {"asked": "问需清单", "taken": "对接清单"}


class LedgerViewSet(CreateMixin, UpdateMixin, ApiViewSet):
    """需求台账：本单位提出的、本单位负责的，以及所辖地区的。"""

    queryset = LedgerEntry.objects.none()
    serializer_class = LedgerSerializer
    input_serializer_class = LedgerInputSerializer
    filterset_class = LedgerFilter

    def get_queryset(self):
        return LedgerEntry.objects.visible_to(self.request.user).for_list().urgent_first()

    def show(self, entry):
        return show_entry(entry, self.request.user)

    @extend_schema(
        responses={(200, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"): OpenApiTypes.BINARY}
    )
    @action(detail=False)
    def export(self, request):
        """下载 XLSX；筛选条件与列表相同。"""
        title = TITLES.get(request.query_params.get("list"), "需求台账")
        return answer_sheet(title, self.filter_queryset(self.get_queryset()), request.user)

    @extend_schema(request=LedgerMoveInput)
    @action(detail=True, methods=["post"], url_path="move/(?P<name>[a-z]+)")
    def move(self, request, pk=None, name=""):
        entry = self.get_object()
        move_entry(entry, name, actor=request.user, **self.read(LedgerMoveInput))
        return self.answer(entry)

    @extend_schema(request=AssignInput)
    @action(detail=True, methods=["post"])
    def assign(self, request, pk=None):
        """分派，或重新分派。"""
        entry = self.get_object()
        assign_entry(entry, actor=request.user, **self.read(AssignInput))
        return self.answer(entry)

    @extend_schema(request=ExtensionInput)
    @action(detail=True, methods=["post"])
    def extensions(self, request, pk=None):
        """申请延期。"""
        entry = self.get_object()
        ask_extension(entry, actor=request.user, **self.read(ExtensionInput))
        return self.answer(entry)

    @extend_schema(request=DecisionInput)
    @action(detail=True, methods=["post"], url_path="extensions/(?P<extension>[0-9a-f-]{36})/decide")
    def decide(self, request, pk=None, extension=""):
        """批复延期。"""
        entry = self.get_object()
        asked = get_object_or_404(entry.extensions, pk=extension)
        decide_extension(asked, actor=request.user, **self.read(DecisionInput))
        return self.answer(entry)
