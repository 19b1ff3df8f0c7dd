from dataclasses import dataclass
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action

from core.api.viewsets import ApiViewSet, CreateMixin, UpdateMixin
from needs.disclosure import log_reads
from partnerships.enums import CaseStatus
from partnerships.filters.agreements import CaseFilter
from partnerships.models import CaseStudy
from partnerships.serializers.agreements import SeenMoveInput
from partnerships.serializers.cases import CaseInputSerializer, CaseSerializer
from partnerships.services.cases import CasePage, move_case, page_of


@dataclass(frozen=True)
class ShownCase:
    """A case with its page, and its docking for who may read that."""

    case: CaseStudy
    page: CasePage
    docking: UUID | None


class CaseViewSet(CreateMixin, UpdateMixin, ApiViewSet):
    """典型案例：已发布的人人可读，文稿只有对接有关各方看得到。"""

    queryset = CaseStudy.objects.none()
    serializer_class = CaseSerializer
    input_serializer_class = CaseInputSerializer
    filterset_class = CaseFilter

    def get_queryset(self):
        return CaseStudy.objects.visible_to(self.request.user).for_list()

    def show(self, case):
        reads_docking = self.request.user.has_perm("partnerships.read_docking", case.docking)
        return ShownCase(case, page_of(case), case.docking_id if reads_docking else None)

    def note_shown(self, cases):
        drafts = [case for case in cases if case.status != CaseStatus.PUBLISHED]
        log_reads([case.need for case in drafts], self.request.user)

    @extend_schema(request=SeenMoveInput)
    @action(detail=True, methods=["post"], url_path="move/(?P<name>[a-z_]+)")
    def move(self, request, pk=None, name=""):
        """同意发布时须在 seen 里送回所见页面的 page_mark。"""
        case = self.get_object()
        move_case(case, name, actor=request.user, **self.read(SeenMoveInput))
        return self.answer(case)
