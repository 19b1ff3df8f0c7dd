from dataclasses import dataclass

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.generics import get_object_or_404

from core.api.viewsets import ApiViewSet
from core.workflow import NotPermitted
from needs.disclosure import DisclosedNeed, log_reads
from needs.models import Need
from partnerships.filters.dockings import ConfidentialityFilter
from partnerships.models import ConfidentialityAgreement
from partnerships.serializers.dockings import (
    ConfidentialityInput,
    ConfidentialityMoveInput,
    ConfidentialitySerializer,
)
from partnerships.services.confidentiality import move_confidentiality, request_confidentiality
from partnerships.shown import shown_need


@dataclass(frozen=True)
class ShownAgreement:
    """An agreement with what its reader may see of the need."""

    agreement: ConfidentialityAgreement
    shown: DisclosedNeed | None


class ConfidentialityViewSet(ApiViewSet):
    """保密协议：本企业需求的、本机构的，以及所辖地区的。"""

    queryset = ConfidentialityAgreement.objects.none()
    serializer_class = ConfidentialitySerializer
    filterset_class = ConfidentialityFilter

    def get_queryset(self):
        return ConfidentialityAgreement.objects.visible_to(self.request.user).for_list()

    def show(self, agreement):
        return ShownAgreement(agreement, shown_need(agreement.need, self.request.user))

    def note_shown(self, agreements):
        log_reads([agreement.need for agreement in agreements], self.request.user)

    @extend_schema(request=ConfidentialityInput, responses={201: ConfidentialitySerializer})
    def create(self, request, *args, **kwargs):
        """机构申请查看保密需求的详情；已有进行中的协议时，返回那一份。"""
        given = self.read(ConfidentialityInput)
        need = get_object_or_404(Need.objects.visible_to(request.user).for_list(), pk=given["need"])
        own = {body.pk: body for body in request.user.providers}
        if given["institute"] not in own:
            raise NotPermitted("只能以您所在的、已核验的机构申请。")
        agreement = request_confidentiality(need, own[given["institute"]], actor=request.user)
        return self.answer(agreement, status=201)

    @extend_schema(request=ConfidentialityMoveInput)
    @action(detail=True, methods=["post"], url_path="move/(?P<name>[a-z_]+)")
    def move(self, request, pk=None, name=""):
        """签署（须在 seen 里送回所见文本的 text_hash）、不同意或终止。"""
        agreement = self.get_object()
        move_confidentiality(agreement, name, actor=request.user, **self.read(ConfidentialityMoveInput))
        return self.answer(agreement)
