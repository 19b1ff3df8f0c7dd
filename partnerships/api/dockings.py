from dataclasses import dataclass

from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.generics import get_object_or_404
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response

from core.api.viewsets import ApiViewSet
from core.files import answer_download
from needs.disclosure import DisclosedNeed, log_reads
from partnerships.filters.dockings import DockingFilter
from partnerships.models import Docking
from partnerships.moves import Move, move_of
from partnerships.serializers.dockings import (
    AskInput,
    ConfirmInput,
    ContactSerializer,
    DockingFileSerializer,
    DockingSerializer,
    DockingUploadInput,
    MessageSerializer,
    MilestoneSerializer,
    MinutesInput,
    PledgeInput,
    RefuseInput,
    ScheduleInput,
    StewardInput,
    StewardSerializer,
    VisitInput,
)
from partnerships.services.dockings import (
    add_file,
    add_milestone,
    ask_stage,
    assign_steward,
    complete_milestone,
    confirm_stage,
    file_minutes,
    log_contact,
    plan_visit,
    pledge,
    possible_stewards,
    refuse_stage,
    set_next_contact,
    withdraw_stage,
    write_message,
)
from partnerships.shown import shown_need

UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


@dataclass(frozen=True)
class ShownDocking:
    """A docking with what its reader may see of the need, and what happens next."""

    docking: Docking
    shown: DisclosedNeed | None
    move: Move | None
    is_readable: bool


class DockingViewSet(ApiViewSet):
    """对接：本单位的、本人担任技术管家的，以及所辖地区的。往来内容在技术管家签署承诺之后才向其开放。"""

    queryset = Docking.objects.none()
    serializer_class = DockingSerializer
    filterset_class = DockingFilter

    def get_queryset(self):
        return Docking.objects.visible_to(self.request.user).for_list()

    def show(self, docking):
        user = self.request.user
        is_readable = user.has_perm("partnerships.read_docking", docking)
        return ShownDocking(docking, shown_need(docking.need, user), move_of(docking, user), is_readable)

    def note_shown(self, dockings):
        log_reads([docking.need for docking in dockings], self.request.user)

    # Stages

    @extend_schema(request=AskInput)
    @action(detail=True, methods=["post"])
    def ask(self, request, pk=None):
        """申请进入另一阶段，由对方在 7 天内确认。"""
        docking = self._readable()
        ask_stage(docking, actor=request.user, **self.read(AskInput))
        return self.answer(docking)

    @extend_schema(request=ConfirmInput)
    @action(detail=True, methods=["post"])
    def confirm(self, request, pk=None):
        """同意对方的申请；逾期未答复的，由技术管家或组织方决定。"""
        docking = self._readable()
        confirm_stage(docking, actor=request.user, **self.read(ConfirmInput))
        return self.answer(docking)

    @extend_schema(request=RefuseInput)
    @action(detail=True, methods=["post"])
    def refuse(self, request, pk=None):
        """不同意对方的申请，须写明理由。"""
        docking = self._readable()
        refuse_stage(docking, actor=request.user, **self.read(RefuseInput))
        return self.answer(docking)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def withdraw(self, request, pk=None):
        """撤回本方的申请。"""
        docking = self._readable()
        withdraw_stage(docking, actor=request.user)
        return self.answer(docking)

    # What the two sides do with each other

    @extend_schema(responses=ContactSerializer(many=True))
    @action(detail=True)
    def contacts(self, request, pk=None):
        """联系记录，计划中的走访在前。"""
        return self._page(ContactSerializer, self._readable().contacts.select_related("author"))

    @extend_schema(request=MinutesInput, responses={201: ContactSerializer})
    @contacts.mapping.post
    def log_contact(self, request, pk=None):
        """记一次联系；对接进行中的，须写下次联系日期。"""
        contact = log_contact(self._readable(), actor=request.user, **self.read(MinutesInput))
        return Response(ContactSerializer(contact).data, status=201)

    @extend_schema(request=VisitInput, responses={201: ContactSerializer})
    @action(detail=True, methods=["post"])
    def visits(self, request, pk=None):
        """计划一次走访。"""
        visit = plan_visit(self._readable(), actor=request.user, **self.read(VisitInput))
        return Response(ContactSerializer(visit).data, status=201)

    @extend_schema(request=MinutesInput, responses=ContactSerializer)
    @action(detail=True, methods=["post"], url_path=f"visits/(?P<contact>{UUID})/minutes")
    def minutes(self, request, pk=None, contact=""):
        """填写走访纪要。"""
        visit = get_object_or_404(self._readable().contacts, pk=contact)
        file_minutes(visit, actor=request.user, **self.read(MinutesInput))
        return Response(ContactSerializer(visit).data)

    @extend_schema(responses=MessageSerializer(many=True))
    @action(detail=True)
    def messages(self, request, pk=None):
        """消息，先写的在前。"""
        return self._page(MessageSerializer, self._readable().messages.select_related("author"))

    @extend_schema(request=MessageSerializer, responses={201: MessageSerializer})
    @messages.mapping.post
    def write_message(self, request, pk=None):
        message = write_message(self._readable(), actor=request.user, **self.read(MessageSerializer))
        return Response(MessageSerializer(message).data, status=201)

    @extend_schema(responses=DockingFileSerializer(many=True))
    @action(detail=True)
    def files(self, request, pk=None):
        """附件，先上传的在前。"""
        return self._page(DockingFileSerializer, self._readable().files.select_related("author"))

    @extend_schema(request={"multipart/form-data": DockingUploadInput}, responses={201: DockingFileSerializer})
    @action(detail=True, methods=["post"], url_path="upload", parser_classes=[MultiPartParser])
    def upload(self, request, pk=None):
        """上传附件。"""
        docking, given = self._readable(), self.read(DockingUploadInput)
        stored = add_file(docking, actor=request.user, upload=given["file"])
        return Response(DockingFileSerializer(stored).data, status=201)

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    @action(detail=True, url_path=f"files/(?P<file>{UUID})")
    def file(self, request, pk=None, file=""):
        """下载附件。"""
        docking = self._readable()
        stored = get_object_or_404(docking.files, pk=file)
        self.note_shown([docking])
        answer = answer_download(request, stored)
        if answer.status_code == 404:
            raise NotFound("这个附件的文件已不在服务器上，请联系上传人重新上传。")
        return answer

    @extend_schema(responses=MilestoneSerializer(many=True))
    @action(detail=True)
    def milestones(self, request, pk=None):
        """里程碑，先到期的在前。"""
        return self._page(MilestoneSerializer, self._readable().milestones.all())

    @extend_schema(request=MilestoneSerializer, responses={201: MilestoneSerializer})
    @milestones.mapping.post
    def add_milestone(self, request, pk=None):
        milestone = add_milestone(self._readable(), actor=request.user, **self.read(MilestoneSerializer))
        return Response(MilestoneSerializer(milestone).data, status=201)

    @extend_schema(request=None, responses=MilestoneSerializer)
    @action(detail=True, methods=["post"], url_path=f"milestones/(?P<milestone>{UUID})/complete")
    def complete(self, request, pk=None, milestone=""):
        """里程碑已完成。"""
        done = complete_milestone(get_object_or_404(self._readable().milestones, pk=milestone), actor=request.user)
        return Response(MilestoneSerializer(done).data)

    # The steward

    @extend_schema(responses=StewardSerializer(many=True))
    @action(detail=True)
    def stewards(self, request, pk=None):
        """可以指派的技术管家，供主管的组织方选择。"""
        docking = self.get_object()
        if not request.user.has_perm("partnerships.assign_steward", docking):
            raise Http404
        return self._page(StewardSerializer, possible_stewards(docking), docking)

    @extend_schema(request=StewardInput)
    @action(detail=True, methods=["post"])
    def assign(self, request, pk=None):
        """指派或改派技术管家。"""
        docking, given = self._readable(), self.read(StewardInput)
        steward = possible_stewards(docking).filter(pk=given["steward"]).first()
        assign_steward(docking, actor=request.user, steward=steward)
        return self.answer(docking)

    @extend_schema(request=PledgeInput)
    @action(detail=True, methods=["post"])
    def pledge(self, request, pk=None):
        """签署技术管家承诺书。"""
        docking = self.get_object()
        self.read(PledgeInput)
        pledge(docking, actor=request.user)
        return self.answer(docking)

    @extend_schema(request=ScheduleInput)
    @action(detail=True, methods=["post"])
    def schedule(self, request, pk=None):
        """安排下次联系。"""
        docking = self._readable()
        set_next_contact(docking, actor=request.user, **self.read(ScheduleInput))
        return self.answer(docking)

    def _readable(self) -> Docking:
        """The docking, for who may read what the sides write; the others do not learn more than that it exists."""
        docking = self.get_object()
        if not self.request.user.has_perm("partnerships.read_docking", docking):
            raise Http404
        return docking

    def _page(self, serializer_class, records, docking=None) -> Response:
        self.note_shown([docking or self.get_object()])
        page = self.paginate_queryset(records)
        return self.get_paginated_response(serializer_class(page, many=True).data)
