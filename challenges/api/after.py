from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.response import Response

from challenges.documents import answer_export
from challenges.filters.after import FollowUpFilter, SigningFilter
from challenges.funnel import funnel_of
from challenges.models import Challenge, FollowUp, Solution
from challenges.report import report_on
from challenges.serializers.after import (
    FollowUpInput,
    FollowUpSerializer,
    FunnelSerializer,
    PossibleStewardSerializer,
    SigningInput,
    SigningSerializer,
)
from challenges.services.signing import change_steward, open_docking_for, selected_solutions, signings_of
from challenges.workflow import RELEASED
from core.api.viewsets import ApiViewSet, UpdateMixin
from core.documents import DOCX
from core.workflow import NotPermitted, TransitionError

NOT_YET = "评定结果还没有公布，公布之后才有汇总。"


class SigningViewSet(ApiViewSet):
    """签约：揭榜成功的方案、它们的对接和双方已确认的协议金额，供主办和协办的组织方。"""

    queryset = Solution.objects.none()
    serializer_class = SigningSerializer
    filterset_class = SigningFilter

    def get_queryset(self):
        return selected_solutions(Challenge.objects.run_by(self.request.user))

    def list(self, request):
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        shown = signings_of(page, request.user)
        return self.get_paginated_response(self.get_serializer(shown, many=True).data)

    def show(self, solution):
        return signings_of([solution], self.request.user)[0]

    @extend_schema(responses=PossibleStewardSerializer(many=True), filters=False)
    @action(detail=True, pagination_class=None)
    def stewards(self, request, pk=None):
        """可以担任技术管家的人：主管组织方的成员和专家，不属于对接任何一方。"""
        return Response(PossibleStewardSerializer(self.show(self.get_object()).stewards, many=True).data)

    @extend_schema(request=SigningInput)
    @action(detail=True, methods=["post"])
    def sign(self, request, pk=None):
        """开启对接并指派技术管家；双方先前已有对接的，沿用原来的。"""
        return self._with_steward(open_docking_for)

    @extend_schema(request=SigningInput)
    @action(detail=True, methods=["post"])
    def steward(self, request, pk=None):
        """更换技术管家。"""
        return self._with_steward(change_steward)

    def _with_steward(self, act):
        solution = self.get_object()
        act(solution, actor=self.request.user, **self.read(SigningInput))
        return self.answer(solution)


class FollowUpViewSet(UpdateMixin, ApiViewSet):
    """跟踪：对接开启后满 3、6、12 个月各一次；技术管家和组织方用 PATCH 填写，双方可以查看。"""

    queryset = FollowUp.objects.none()
    serializer_class = FollowUpSerializer
    input_serializer_class = FollowUpInput
    filterset_class = FollowUpFilter

    def get_queryset(self):
        return FollowUp.objects.visible_to(self.request.user).for_list()


class ClosingViewSet(ApiViewSet):
    """赛事的漏斗和总结报告。"""

    queryset = Challenge.objects.none()
    serializer_class = FunnelSerializer

    def get_queryset(self):
        return Challenge.objects.visible_to(self.request.user).for_list()

    def show(self, challenge):
        """组织方随时看到全部；其他人在结果公布之后看到公开的各项。"""
        funnel = funnel_of(challenge, self.request.user)
        if funnel is None:
            raise TransitionError(NOT_YET)
        return funnel

    @extend_schema(responses={(200, DOCX): OpenApiTypes.BINARY, (200, "application/pdf"): OpenApiTypes.BINARY})
    def report(self, request, pk=None, kind=""):
        """总结报告，`docx` 或 `pdf`；供主办和协办的组织方。"""
        challenge = self.get_object()
        if not request.user.has_perm("challenges.run_challenge", challenge):
            raise NotPermitted("总结报告由主办和协办单位下载。")
        if challenge.status not in RELEASED:
            raise TransitionError(NOT_YET)
        return answer_export(request, report_on(challenge, request.user), kind)
