from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action

from challenges.filters.decisions import DecisionFilter, ObjectionFilter
from challenges.models import Certificate, Challenge, Decision, Objection, Solution
from challenges.outcomes import announcement_of, own_result, results_for, standings_of
from challenges.responses import quotes_need
from challenges.serializers.decisions import (
    AmendInput,
    AnnouncementSerializer,
    CertificateSerializer,
    DecisionSerializer,
    ObjectionAnswerInput,
    ObjectionInput,
    ObjectionSerializer,
    OutcomeInput,
    OutcomeSerializer,
)
from challenges.services.certificates import normalised
from core.api.viewsets import ApiViewSet, CreateMixin
from needs.disclosure import log_reads


class DecisionViewSet(CreateMixin, ApiViewSet):
    """评定结果：供主办和协办的组织方拟定，公布之前别人都看不到；对同一份方案再次 POST 即为更改。"""

    queryset = Decision.objects.none()
    serializer_class = DecisionSerializer
    input_serializer_class = OutcomeInput
    filterset_class = DecisionFilter

    def get_queryset(self):
        run = Challenge.objects.run_by(self.request.user).values("pk")
        found = Decision.objects.filter(solution__entry__challenge__in=run)
        return found.select_related("solution__entry__challenge", "solution__organisation")

    @extend_schema(request=AmendInput)
    @action(detail=True, methods=["post"])
    def amend(self, request, pk=None):
        """公示期间、异议成立之后更改结果；理由公布在公示页。"""
        decision = self.get_object()
        serializer = AmendInput(decision, data=request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        return self.answer(serializer.save())


class ObjectionViewSet(CreateMixin, ApiViewSet):
    """公示异议：自己提出的；主办和协办的组织方可以看到全部并答复。"""

    queryset = Objection.objects.none()
    serializer_class = ObjectionSerializer
    input_serializer_class = ObjectionInput
    filterset_class = ObjectionFilter

    def get_queryset(self):
        return Objection.objects.visible_to(self.request.user).select_related("challenge", "entry", "organisation")

    @extend_schema(request=ObjectionAnswerInput)
    @action(detail=True, methods=["post"], url_path="answer")
    def reply(self, request, pk=None):
        """答复异议，只有一次；提出人会收到通知。"""
        objection = self.get_object()
        serializer = ObjectionAnswerInput(objection, data=request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        return self.answer(serializer.save())


class OutcomeViewSet(ApiViewSet):
    """方案的评定结果：以方案的编号查找；公布之后，揭榜单位和联合单位可以看到得分、理由和说明，不含专家。"""

    queryset = Solution.objects.none()
    serializer_class = OutcomeSerializer

    def get_queryset(self):
        return results_for(self.request.user)

    def show(self, solution):
        return own_result(solution, self._standings_of(solution.challenge), self.request.user)

    def note_shown(self, solutions):
        log_reads([each.entry.need for each in solutions if quotes_need(each)], self.request.user)

    def _standings_of(self, challenge):
        """Counted once for all solutions of a challenge in the answer."""
        known = self.__dict__.setdefault("_known", {})
        if challenge.pk not in known:
            known[challenge.pk] = standings_of(challenge)
        return known[challenge.pk]


class AnnouncementViewSet(ApiViewSet):
    """公示：以赛事的编号查找，结果公布之后对所有人公开；没有揭榜成功的单位不列名。"""

    queryset = Challenge.objects.none()
    serializer_class = AnnouncementSerializer

    def get_queryset(self):
        return Challenge.objects.visible_to(self.request.user).for_list()

    def show(self, challenge):
        found = announcement_of(challenge)
        if found is None:
            raise Http404
        return found


class CertificateViewSet(ApiViewSet):
    """证书查验：以证书编号查找，对所有人公开；列表是本单位的证书。"""

    queryset = Certificate.objects.none()
    serializer_class = CertificateSerializer
    lookup_field = "number"
    lookup_value_regex = "[0-9A-Za-z -]{1,40}"

    def get_queryset(self):
        if self.action == "list":
            return Certificate.objects.visible_to(self.request.user).for_list()
        return Certificate.objects.for_list()

    def retrieve(self, request, number=""):
        self.kwargs["number"] = normalised(number)
        return super().retrieve(request)
