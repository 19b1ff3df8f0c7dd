from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.response import Response

from challenges.duplicates import find_twins
from challenges.filters.entries import EntryApiFilter, InvitationFilter
from challenges.models import Entry, Invitation
from challenges.serializers.entries import (
    CorrigendumInput,
    EntryInputSerializer,
    EntrySerializer,
    InvitationSerializer,
    InviteInput,
    ItemConfirmInput,
    ItemInput,
    TwinSerializer,
)
from challenges.services.board import confirm_item, correct_item, invite_institutes, word_item
from challenges.services.entries import move_entry
from core.api import MoveInput
from core.api.viewsets import ApiViewSet, CreateMixin
from core.workflow import NotPermitted
from needs.disclosure import log_reads


class EntryViewSet(CreateMixin, ApiViewSet):
    """参赛需求：本单位报名的，以及您主办或协办的赛事的全部报名。"""

    queryset = Entry.objects.none()
    serializer_class = EntrySerializer
    input_serializer_class = EntryInputSerializer
    filterset_class = EntryApiFilter

    def get_queryset(self):
        return Entry.objects.handled_by(self.request.user).for_list().prefetch_related("corrigenda")

    def note_shown(self, entries):
        log_reads([entry.need for entry in entries], self.request.user)

    @extend_schema(request=MoveInput)
    @action(detail=True, methods=["post"], url_path="move/(?P<name>[a-z]+)")
    def move(self, request, pk=None, name=""):
        entry = self.get_object()
        move_entry(entry, name, actor=request.user, **self.read(MoveInput))
        return self.answer(entry)

    @extend_schema(request=ItemInput)
    @action(detail=True, methods=["put"])
    def board(self, request, pk=None):
        """编写榜单内容：由主办或协办的组织方；改动之后企业须重新确认。"""
        entry = self.get_object()
        word_item(entry, actor=request.user, **self.read(ItemInput))
        return self.answer(entry)

    @extend_schema(request=ItemConfirmInput)
    @action(detail=True, methods=["post"])
    def confirm(self, request, pk=None):
        """确认榜单内容。"""
        entry = self.get_object()
        confirm_item(entry, actor=request.user, **self.read(ItemConfirmInput))
        return self.answer(entry)

    @extend_schema(responses=TwinSerializer(many=True), filters=False)
    @action(detail=True, pagination_class=None)
    def duplicates(self, request, pk=None):
        """相近的需求，本届和往届；供主办和协办的组织方判断。"""
        entry = self.get_object()
        if not request.user.has_perm("challenges.run_challenge", entry):
            raise NotPermitted("只有主办和协办单位可以比对参赛需求。")
        return Response(TwinSerializer(find_twins(entry, request.user), many=True).data)

    @extend_schema(request=CorrigendumInput)
    @action(detail=True, methods=["post"])
    def corrigenda(self, request, pk=None):
        """发布更正公告：榜单内容不能改，只能更正。"""
        entry = self.get_object()
        correct_item(entry, actor=request.user, **self.read(CorrigendumInput))
        return self.answer(entry)

    @extend_schema(request=InviteInput, responses=InvitationSerializer(many=True))
    @action(detail=True, methods=["post"])
    def invitations(self, request, pk=None):
        """一次邀请几家已核验的机构查看榜单项目；邀请过的不重复。"""
        new = invite_institutes(self.get_object(), actor=request.user, **self.read(InviteInput))
        return Response(InvitationSerializer(new, many=True).data, status=201)


class InvitationViewSet(ApiViewSet):
    """揭榜邀请：本机构收到的，以及您主办或协办的赛事发出的。"""

    queryset = Invitation.objects.none()
    serializer_class = InvitationSerializer
    filterset_class = InvitationFilter

    def get_queryset(self):
        return Invitation.objects.visible_to(self.request.user).select_related("entry", "organisation")
