from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.response import Response

from challenges.checklist import checks_for
from challenges.models import Challenge
from challenges.serializers.challenges import (
    CalendarSerializer,
    ChallengeCopySerializer,
    ChallengeInputSerializer,
    ChallengeSerializer,
    ChecklistSerializer,
    CriteriaSerializer,
    PhaseExtensionSerializer,
)
from challenges.services.challenges import (
    copy_challenge,
    extend_window,
    move_challenge,
    next_step,
    set_criteria,
    set_windows,
)
from core.api import MoveInput
from core.api.viewsets import ApiViewSet, CreateMixin, UpdateMixin
from core.workflow import NotPermitted


class ChallengeViewSet(CreateMixin, UpdateMixin, ApiViewSet):
    """挑战赛：征集开始之后公开，筹备中的只有主办和协办的组织方看得到。"""

    queryset = Challenge.objects.none()
    serializer_class = ChallengeSerializer
    input_serializer_class = ChallengeInputSerializer
    filterset_fields = ["status"]

    def get_queryset(self):
        return Challenge.objects.visible_to(self.request.user).for_list().prefetch_related("criteria")

    @extend_schema(request=CalendarSerializer)
    @action(detail=True, methods=["put"])
    def windows(self, request, pk=None):
        """设定日程：给出全部阶段；已经开始的阶段照原样给出。"""
        challenge = self.get_object()
        windows = self.read(CalendarSerializer)["windows"]
        calendar = {window["phase"]: (window["opens_at"], window["closes_at"]) for window in windows}
        set_windows(challenge, actor=request.user, calendar=calendar)
        return self.answer(challenge)

    @extend_schema(request=PhaseExtensionSerializer)
    @action(detail=True, methods=["post"])
    def extend(self, request, pk=None):
        """延期：每个阶段一次，写明理由并对外公布。"""
        challenge = self.get_object()
        extend_window(challenge, actor=request.user, **self.read(PhaseExtensionSerializer))
        return self.answer(challenge)

    @extend_schema(request=CriteriaSerializer)
    @action(detail=True, methods=["put"])
    def criteria(self, request, pk=None):
        """设定一个环节的评审指标：整体替换，权重合计 100。"""
        challenge = self.get_object()
        set_criteria(challenge, actor=request.user, **self.read(CriteriaSerializer))
        return self.answer(challenge)

    @extend_schema(request=ChallengeCopySerializer, responses={201: ChallengeSerializer})
    @action(detail=True, methods=["post"])
    def copy(self, request, pk=None):
        """复制为新的一届：得到一份草稿，日程另行设定。"""
        challenge = copy_challenge(self.get_object(), actor=request.user, **self.read(ChallengeCopySerializer))
        return self.answer(challenge, status=201)

    @extend_schema(request=MoveInput)
    @action(detail=True, methods=["post"], url_path="move/(?P<name>[a-z_]+)")
    def move(self, request, pk=None, name=""):
        """进入下一阶段，或取消赛事（须写明理由）。"""
        challenge = self.get_object()
        move_challenge(challenge, name, actor=request.user, **self.read(MoveInput))
        return self.answer(challenge)

    @extend_schema(responses=ChecklistSerializer)
    @action(detail=True)
    def checklist(self, request, pk=None):
        """进入下一阶段之前还缺什么：只供主办和协办的组织方读取。"""
        challenge = self.get_object()
        if not request.user.has_perm("challenges.run_challenge", challenge):
            raise NotPermitted("只有主办和协办单位可以查看这项赛事的准备情况。")
        step = next_step(challenge, request.user)
        checks = checks_for(challenge, step.target) if step else []
        shown = {"step": step.name if step else "", "step_display": step.label if step else "", "checks": checks}
        return Response(ChecklistSerializer(shown).data)
