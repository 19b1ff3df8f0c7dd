from dataclasses import dataclass

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action

from core.api.viewsets import ApiViewSet, CreateMixin, UpdateMixin
from needs.disclosure import log_reads
from partnerships.filters.agreements import DockingAgreementFilter
from partnerships.models import Acceptance, AcceptanceLine, Agreement, Docking
from partnerships.serializers.agreements import (
    AcceptanceInput,
    AcceptanceSerializer,
    AgreementInputSerializer,
    AgreementSerializer,
    MarkInput,
    SeenMoveInput,
)
from partnerships.services.acceptance import give_mark, reads_lines, save_acceptance
from partnerships.services.agreements import move_agreement, revise_agreement


class AgreementViewSet(CreateMixin, UpdateMixin, ApiViewSet):
    """协议：本单位对接的，以及所辖地区的。金额以元为单位，双方确认之后才计入统计。"""

    queryset = Agreement.objects.none()
    serializer_class = AgreementSerializer
    input_serializer_class = AgreementInputSerializer
    filterset_class = DockingAgreementFilter

    def get_queryset(self):
        return Agreement.objects.visible_to(self.request.user).for_list()

    def note_shown(self, agreements):
        log_reads([agreement.need for agreement in agreements], self.request.user)

    @extend_schema(request=AgreementInputSerializer, responses={201: AgreementSerializer})
    @action(detail=True, methods=["post"])
    def revise(self, request, pk=None):
        """修订双方已确认的协议：得到新版本，由双方重新确认；确认之前原版本仍然有效。"""
        agreement = self.get_object()
        context = self.get_serializer_context()
        given = AgreementInputSerializer(agreement, data=request.data, partial=True, context=context)
        given.is_valid(raise_exception=True)
        given.validated_data.pop("docking", None)
        version = revise_agreement(agreement, actor=request.user, **given.validated_data)
        return self.answer(version, status=201)

    @extend_schema(request=SeenMoveInput)
    @action(detail=True, methods=["post"], url_path="move/(?P<name>[a-z_]+)")
    def move(self, request, pk=None, name=""):
        """确认时须在 seen 里送回所见内容的 content_mark。"""
        agreement = self.get_object()
        move_agreement(agreement, name, actor=request.user, **self.read(SeenMoveInput))
        return self.answer(agreement)


@dataclass(frozen=True)
class ShownAcceptance:
    """An acceptance with the lines its reader may see."""

    acceptance: Acceptance
    lines: tuple[AcceptanceLine, ...]


class AcceptanceViewSet(ApiViewSet):
    """验收：以对接的编号查找；填写后由平台与需求的指标对照判定。"""

    queryset = Acceptance.objects.none()
    serializer_class = AcceptanceSerializer
    lookup_field = "docking"
    lookup_url_kwarg = "pk"

    def get_queryset(self):
        return Acceptance.objects.visible_to(self.request.user).for_list()

    def show(self, acceptance):
        is_open = reads_lines(acceptance.need, self.request.user)
        return ShownAcceptance(acceptance, tuple(acceptance.lines.all()) if is_open else ())

    def note_shown(self, acceptances):
        log_reads([acceptance.need for acceptance in acceptances], self.request.user)

    @extend_schema(request=AcceptanceInput)
    def update(self, request, pk=None):
        """填写或修改验收记录；lines 按需求指标行的顺序，没有测的写“未测”。"""
        docking = get_object_or_404(Docking.objects.readable_by(request.user).for_list(), pk=pk)
        return self.answer(save_acceptance(docking, actor=request.user, **self.read(AcceptanceInput)))

    @extend_schema(request=MarkInput)
    @action(detail=True, methods=["post"])
    def mark(self, request, pk=None):
        acceptance = self.get_object()
        give_mark(acceptance, actor=request.user, **self.read(MarkInput))
        return self.answer(acceptance)
