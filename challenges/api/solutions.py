from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response

from challenges.filters.solutions import SolutionApiFilter
from challenges.models import Challenge, Solution
from challenges.responses import quotes_need
from challenges.serializers.solutions import (
    CoApplicantInput,
    JoinInput,
    PriceInput,
    SolutionCountSerializer,
    SolutionInputSerializer,
    SolutionSerializer,
    SolutionUploadInput,
)
from challenges.services.solutions import (
    add_co_applicant,
    add_file,
    answer_invitation,
    counts_of,
    in_full,
    move_solution,
    remove_co_applicant,
    remove_file,
    set_price,
)
from core.api import MoveInput
from core.api.viewsets import ApiViewSet, CreateMixin, UpdateMixin
from core.files import answer_download
from needs.disclosure import log_reads

UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class SolutionViewSet(CreateMixin, UpdateMixin, ApiViewSet):
    """揭榜方案：本机构的和受邀联合的；揭榜截止后，还有您主办或协办的赛事收到的。

    PATCH 保存草稿，写多少存多少；已提交的只能换成完整的。
    """

    queryset = Solution.objects.none()
    serializer_class = SolutionSerializer
    input_serializer_class = SolutionInputSerializer
    filterset_class = SolutionApiFilter

    def get_queryset(self):
        return in_full(Solution.objects.visible_to(self.request.user))

    def note_shown(self, solutions):
        log_reads([each.entry.need for each in solutions if quotes_need(each)], self.request.user)

    @extend_schema(request=MoveInput)
    @action(detail=True, methods=["post"], url_path="move/(?P<name>[a-z]+)")
    def move(self, request, pk=None, name=""):
        """submit 提交、withdraw 撤回、redraft 重新填写；截止后由组织方 admit、reject（写明理由）作形式审查。"""
        solution = self.get_object()
        move_solution(solution, name, actor=request.user, **self.read(MoveInput))
        return self.answer(solution)

    @extend_schema(request=PriceInput)
    @action(detail=True, methods=["post"])
    def price(self, request, pk=None):
        """密封报价，或换一个。"""
        solution = self.get_object()
        set_price(solution, self.read(PriceInput)["amount"], actor=request.user)
        return self.answer(solution)

    @extend_schema(request=CoApplicantInput)
    @action(detail=True, methods=["post"], url_path="co-applicants")
    def co_applicants(self, request, pk=None):
        """邀请一家机构联合揭榜。"""
        solution = self.get_object()
        add_co_applicant(solution, self.read(CoApplicantInput)["organisation"], actor=request.user)
        return self.answer(solution, status=201)

    @extend_schema(request=None)
    @action(detail=True, methods=["delete"], url_path=f"co-applicants/(?P<co_applicant>{UUID})")
    def co_applicant(self, request, pk=None, co_applicant=""):
        """取消一家联合单位。"""
        solution = self.get_object()
        remove_co_applicant(get_object_or_404(solution.co_applicants, pk=co_applicant), actor=request.user)
        return self.answer(solution)

    @extend_schema(request=JoinInput)
    @action(detail=True, methods=["post"])
    def join(self, request, pk=None):
        """受邀机构的答复；不参加的，方案不再可见（204）。"""
        solution = self.get_object()
        asked = get_object_or_404(solution.co_applicants, organisation__in=request.user.provider_ids)
        answer_invitation(asked, actor=request.user, **self.read(JoinInput))
        return self.answer(solution)

    @extend_schema(request={"multipart/form-data": SolutionUploadInput}, responses={201: SolutionSerializer})
    @action(detail=True, methods=["post"], parser_classes=[MultiPartParser])
    def upload(self, request, pk=None):
        """上传附件。"""
        solution = self.get_object()
        add_file(solution, actor=request.user, upload=self.read(SolutionUploadInput)["file"])
        return self.answer(solution, status=201)

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    @action(detail=True, url_path=f"files/(?P<file>{UUID})")
    def file(self, request, pk=None, file=""):
        """下载附件。"""
        answer = answer_download(request, get_object_or_404(self.get_object().files, pk=file))
        if answer.status_code == 404:
            raise NotFound("这个附件的文件已不在服务器上，请联系上传人重新上传。")
        return answer

    @extend_schema(request=None)
    @file.mapping.delete
    def delete_file(self, request, pk=None, file=""):
        """删除附件。"""
        solution = self.get_object()
        remove_file(get_object_or_404(solution.files, pk=file), actor=request.user)
        return self.answer(solution)

    @extend_schema(responses=SolutionCountSerializer(many=True), filters=False)
    @action(detail=False, url_path=f"counts/(?P<challenge>{UUID})", pagination_class=None)
    def counts(self, request, challenge=""):
        """每个榜单项目收到几份方案；截止之前组织方只知道这些。"""
        found = Challenge.objects.run_by(request.user).filter(pk=challenge).first()
        if found is None:
            raise Http404
        rows = [{"entry": entry, "handed_in": number} for entry, number in counts_of(found)]
        return Response(SolutionCountSerializer(rows, many=True).data)
