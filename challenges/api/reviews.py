from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from challenges.assignment import plan_assignments
from challenges.enums import ReviewStage
from challenges.filters.reviews import AssignmentFilter, WaiverFilter
from challenges.material import show_review
from challenges.models import Challenge, Entry, Review, Waiver
from challenges.results import RULES, result_for_enterprise, results_of
from challenges.serializers.reviews import (
    AssignmentSerializer,
    BlindReviewSerializer,
    OwnResultSerializer,
    PlanSerializer,
    PledgeSerializer,
    PledgeSignInput,
    ResultsSerializer,
    ReviewerInput,
    ScoresInput,
    WaiverInput,
    WaiverSerializer,
)
from challenges.services.experts import pledged_challenges, sign_pledge
from challenges.services.reviews import (
    assign_reviewers,
    lock_review,
    note_read,
    open_reviews_of,
    recuse,
    remove_review,
)
from core.api import MoveInput
from core.api.viewsets import ApiViewSet, CreateMixin, UpdateMixin
from core.workflow import NotPermitted
from partnerships.services.wording import newest_text

STAGE = OpenApiParameter("stage", enum=ReviewStage.values, default=ReviewStage.SCREENING, description="环节")


class ReviewViewSet(UpdateMixin, ApiViewSet):
    """我的评审：匿名材料和自己的打分。PATCH 存草稿，lock 提交后不能再改。"""

    queryset = Review.objects.none()
    serializer_class = BlindReviewSerializer
    input_serializer_class = ScoresInput

    def get_queryset(self):
        """What one may see at this moment, by label: neither ids nor times give an order."""
        own = [review.pk for review in open_reviews_of(self.request.user)]
        return Review.objects.filter(pk__in=own).for_reading().order_by("label", "pk")

    def show(self, review):
        return show_review(review, pledged=self._pledged)

    @property
    def _pledged(self) -> set:
        if not hasattr(self, "_pledged_now"):
            self._pledged_now = pledged_challenges(self.request.user)
        return self._pledged_now

    def note_shown(self, reviews):
        note_read(reviews, self.request.user, pledged=self._pledged)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def lock(self, request, pk=None):
        """提交评审：各项都有分数和理由才能提交，提交后不能再改。"""
        review = self.get_object()
        lock_review(review, actor=request.user)
        return self.answer(review)

    @extend_schema(request=MoveInput, responses={204: None})
    @action(detail=True, methods=["post"])
    def recuse(self, request, pk=None):
        """申请回避，写明理由；之后不能再看这一项。"""
        recuse(self.get_object(), actor=request.user, **{"note": "", **self.read(MoveInput)})
        return Response(status=204)

    @extend_schema(request=PledgeSignInput, responses=PledgeSerializer)
    @action(detail=True, methods=["get", "post"])
    def pledge(self, request, pk=None):
        """评审专家保密承诺书，一届赛事签署一次；保密的需求和所有方案，签署之后才有材料。"""
        review = self.get_object()
        version, text = newest_text("review_pledge")
        if request.method == "POST":
            sign_pledge(review.challenge, actor=request.user, **self.read(PledgeSignInput))
        is_signed = review.challenge.pk in pledged_challenges(request.user)
        return Response(PledgeSerializer({"version": version, "text": text, "is_signed": is_signed}).data)


class AssignmentViewSet(ApiViewSet):
    """评审分派：供主办和协办的组织方。"""

    queryset = Review.objects.none()
    serializer_class = AssignmentSerializer
    filterset_class = AssignmentFilter

    def get_queryset(self):
        run = Challenge.objects.run_by(self.request.user).values("pk")
        found = Review.objects.filter(entry__challenge__in=run).order_by("created_at", "pk")
        return found.select_related("entry__need", "entry__challenge", "solution", "reviewer")

    @extend_schema(request=ReviewerInput, responses={201: AssignmentSerializer(many=True)})
    def create(self, request):
        """一次分派若干专家，全部成功或全部不分派；有利益冲突的拒绝并说明原因。"""
        given = self.read(ReviewerInput)
        pairs = [(pair["item"], pair["reviewer"]) for pair in given.pop("pairs")]
        reviews = assign_reviewers(given.pop("challenge"), actor=request.user, pairs=pairs, **given)
        made = self.get_queryset().filter(pk__in=[review.pk for review in reviews])
        return Response(self.get_serializer(made, many=True).data, status=201)

    @extend_schema(request=MoveInput)
    @action(detail=True, methods=["post"])
    def remove(self, request, pk=None):
        """撤销分派，写明理由。"""
        review = self.get_object()
        remove_review(review, actor=request.user, **{"note": "", **self.read(MoveInput)})
        return self.answer(review)

    @extend_schema(responses=PlanSerializer(many=True), filters=False, parameters=[STAGE])
    @action(detail=False, url_path="proposals/(?P<challenge>[0-9a-f-]{36})", pagination_class=None)
    def proposals(self, request, challenge=""):
        """一项赛事的分派建议：按工作量和专长，避开利益冲突；不够的说明还缺几位、为什么。"""
        found = _run_challenge(request.user, challenge)
        return Response(PlanSerializer(plan_assignments(found, _stage_of(request)), many=True).data)


class WaiverViewSet(CreateMixin, ApiViewSet):
    """利益冲突豁免：由平台管理员作出，理由公布在赛事页面；组织方可以查看。"""

    queryset = Waiver.objects.none()
    serializer_class = WaiverSerializer
    input_serializer_class = WaiverInput
    filterset_class = WaiverFilter

    def get_queryset(self):
        run = Challenge.objects.run_by(self.request.user).values("pk")
        return Waiver.objects.filter(entry__challenge__in=run).select_related("entry", "user")

    def create(self, request):
        if not request.user.has_perm("challenges.waive_conflict"):
            raise NotPermitted("只有平台管理员可以豁免利益冲突。")
        return super().create(request)


class ReviewResultViewSet(ApiViewSet):
    """评审结果：以赛事的编号查找，供主办和协办的组织方评定；入选与否不由平台自动决定。

    不带参数是需求评审的结果，`?stage=solution` 是方案评审的结果。
    """

    queryset = Challenge.objects.none()
    serializer_class = ResultsSerializer

    def get_queryset(self):
        return Challenge.objects.run_by(self.request.user).for_list()

    def show(self, challenge):
        stage = _stage_of(self.request)
        return {"challenge": challenge.pk, "rules": RULES[stage], **vars(results_of(challenge, stage))}

    @extend_schema(parameters=[STAGE])
    def retrieve(self, request, *args, **kwargs):
        return super().retrieve(request, *args, **kwargs)


class EntryResultViewSet(ApiViewSet):
    """评审意见：以参赛需求的编号查找；发榜之后，企业可以看到自己需求的分数和意见，不含专家姓名。"""

    queryset = Entry.objects.none()
    serializer_class = OwnResultSerializer

    def get_queryset(self):
        return Entry.objects.handled_by(self.request.user).for_list()

    def show(self, entry):
        found = result_for_enterprise(entry)
        if found is None:
            raise Http404
        return {"criteria": found[0], "result": found[1]}


def _stage_of(request) -> ReviewStage:
    try:
        return ReviewStage(request.query_params.get("stage", ReviewStage.SCREENING))
    except ValueError as error:
        message = "环节只能是 screening（需求评审）或 solution（方案评审）。"
        raise ValidationError({"stage": [message]}) from error


def _run_challenge(user, pk) -> Challenge:
    try:
        return get_object_or_404(Challenge.objects.run_by(user).for_list(), pk=pk)
    except ValueError as error:
        raise Http404 from error
