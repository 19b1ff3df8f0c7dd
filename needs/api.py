from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.parsers import MultiPartParser

from core.api import MoveInput
from core.api.viewsets import ApiViewSet, CreateMixin, UpdateMixin
from core.files import answer_download
from needs.disclosure import disclose, log_download, log_reads
from needs.filters import NeedFilter
from needs.models import Need, NeedFile
from needs.serializers import NeedInputSerializer, NeedSerializer, UploadSerializer
from needs.services import add_file, confirm_public_text, move_need, remove_file

UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


class NeedViewSet(CreateMixin, UpdateMixin, ApiViewSet):
    """测量需求：只含您可以看到的，保密内容按级别隐去。"""

    queryset = Need.objects.none()
    serializer_class = NeedSerializer
    input_serializer_class = NeedInputSerializer
    filterset_class = NeedFilter

    def get_queryset(self):
        return Need.objects.visible_to(self.request.user).for_list().prefetch_related("files")

    def show(self, need):
        return disclose(need, self.request.user)

    def note_shown(self, needs):
        log_reads(needs, self.request.user)

    @extend_schema(request=MoveInput)
    @action(detail=True, methods=["post"], url_path="move/(?P<name>[a-z]+)")
    def move(self, request, pk=None, name=""):
        need = self.get_object()
        move_need(need, name, actor=request.user, **self.read(MoveInput))
        return self.answer(need)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def confirm(self, request, pk=None):
        need = self.get_object()
        confirm_public_text(need, actor=request.user)
        return self.answer(need)

    @extend_schema(request={"multipart/form-data": UploadSerializer}, responses={201: NeedSerializer})
    @action(detail=True, methods=["post"], parser_classes=[MultiPartParser])
    def files(self, request, pk=None):
        """上传附件：需求在草稿或退回补充时，由所属企业上传，最多 10 个。"""
        need, upload = self.get_object(), self.read(UploadSerializer)
        add_file(need, upload["file"], actor=request.user, is_public=upload["is_public"])
        return self.answer(need, status=201)

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    @action(detail=True, url_path=f"files/(?P<file>{UUID})")
    def file(self, request, pk=None, file=""):
        """下载附件：只有需求的 files 里列出的可以下载。"""
        found = self._file(file)
        log_download(found, request.user)
        answer = answer_download(request, found)
        if answer.status_code == 404:
            raise NotFound("这个附件的文件已不在服务器上，请联系上传人重新上传。")
        return answer

    @extend_schema(request=None)
    @file.mapping.delete
    def remove_file(self, request, pk=None, file=""):
        """删除附件：需求在草稿或退回补充时，由所属企业删除。"""
        remove_file(self._file(file), actor=request.user)
        return self.answer(self.get_object())

    def _file(self, pk: str) -> NeedFile:
        found = next((file for file in self.show(self.get_object()).files if str(file.pk) == pk), None)
        if found is None:
            raise Http404
        return found
