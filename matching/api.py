from dataclasses import dataclass

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api.viewsets import ApiViewSet
from matching.adapters import text_document
from matching.cards import Card, cards_for, cards_of_match, describe_gap
from matching.engine.facts import to_json
from matching.engine.lines import split_lines
from matching.engine.quantities import read
from matching.filters import ProposalFilter
from matching.models import Proposal
from matching.serializers import (
    AnswerInput,
    MatchInputSerializer,
    MatchOutputSerializer,
    PairingInput,
    ProposalSerializer,
    ReadInputSerializer,
    ReadOutputSerializer,
)
from matching.services import apply_for_need, invite_institute, match_document, move_proposal
from matching.workflow import possible_steps
from needs.disclosure import DisclosedNeed, disclose, log_reads
from needs.enums import Sight


@dataclass(frozen=True)
class ShownProposal:
    """A proposal with what its reader may see of the need."""

    proposal: Proposal
    need: DisclosedNeed
    card: Card | None
    steps: list[str]


class ProposalViewSet(ApiViewSet):
    """匹配建议：本单位需求的、本机构收到的，以及所辖地区的。"""

    queryset = Proposal.objects.none()
    serializer_class = ProposalSerializer
    filterset_class = ProposalFilter

    def get_queryset(self):
        return Proposal.objects.visible_to(self.request.user).strongest_first().prefetch_related("capability__lines")

    def show(self, proposal):
        need = disclose(proposal.need, self.request.user)
        card = None if need.sight == Sight.TEASER else cards_for([proposal])[0]
        steps = [step.name for step in possible_steps(proposal, self.request.user)]
        return ShownProposal(proposal, need, card, steps)

    def note_shown(self, proposals):
        log_reads([proposal.need for proposal in proposals], self.request.user)

    @extend_schema(request=PairingInput)
    def create(self, request):
        """机构申请对接一条公开需求，或企业邀请一家机构；已有建议时，等于本方表示有意向。"""
        asked, actor = self.read(PairingInput), request.user
        need, institute, note = asked["need"], asked["institute"], asked.get("note", "")
        if institute is None:
            proposal = apply_for_need(need, actor=actor, note=note)
        else:
            proposal = invite_institute(need, institute, actor=actor, note=note)
        return self.answer(proposal, status=201)

    @extend_schema(request=AnswerInput)
    @action(detail=True, methods=["post"], url_path="move/(?P<name>[a-z_]+)")
    def move(self, request, pk=None, name=""):
        proposal = self.get_object()
        move_proposal(proposal, name, actor=request.user, **self.read(AnswerInput))
        return self.answer(proposal)


class MatchView(APIView):
    """把一段需求文字或指标行与全部能力匹配，返回带理由的结果；不保存任何内容。"""

    reads_only = True

    @extend_schema(request=MatchInputSerializer, responses=MatchOutputSerializer)
    def post(self, request):
        wanted = MatchInputSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        data = wanted.validated_data
        document = text_document(data["text"], title=data["title"], cells=data["lines"])
        found = match_document(document, limit=data["limit"])
        existing, research = cards_of_match(found)
        answer = {"existing": existing, "research": research, "gap": describe_gap(found.gap)}
        return Response(MatchOutputSerializer(answer).data)


class ReadView(APIView):
    """读出一段文字里的测量信息：范围、不确定度、允许误差、条件和规范。"""

    reads_only = True

    @extend_schema(request=ReadInputSerializer, responses=ReadOutputSerializer)
    def post(self, request):
        given = ReadInputSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        text = given.validated_data["text"]
        reading = read(text)
        return Response({**{"items": [], "unread": []}, **to_json(reading), "lines": to_json(split_lines(text))})
