from challenges.filters.board import ItemFilter
from challenges.models import Entry
from challenges.serializers.entries import ItemSerializer
from core.api.viewsets import ApiViewSet


class ItemViewSet(ApiViewSet):
    """榜单项目：已发榜的需求，连同更正公告，对所有人公开。"""

    queryset = Entry.objects.none()
    serializer_class = ItemSerializer
    filterset_class = ItemFilter

    def get_queryset(self):
        return Entry.objects.on_board().prefetch_related("corrigenda")
