"""What the schema says of the headers that all view sets share."""

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework.permissions import SAFE_METHODS

from core.api.replay import HEADER
from core.api.viewsets import ApiViewSet

IF_MATCH = OpenApiParameter(
    "If-Match",
    location=OpenApiParameter.HEADER,
    description="可选。读取时得到的 ETag；记录此后若已变化，回答 412，什么也不改。",
)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match",
    location=OpenApiParameter.HEADER,
    description="可选。手头已有内容的 ETag；内容没有变化时回答 304，不重复传送。",
)
IDEMPOTENCY_KEY = OpenApiParameter(
    HEADER,
    location=OpenApiParameter.HEADER,
    description="可选。由客户端生成的唯一值，例如 UUID。网络中断后用同一个值原样重发，只生效一次，得到第一次的回答；"
    "保留 48 小时，被拒绝的请求不保留。",
)
ETAG = OpenApiParameter(
    "ETag",
    location=OpenApiParameter.HEADER,
    response=[200, 201],
    description="这份内容的标记，供 If-Match 和 If-None-Match 使用。",
)
REPLAYED = OpenApiParameter(
    "Idempotent-Replayed",
    location=OpenApiParameter.HEADER,
    response=[200, 201, 204],
    description=f"为 true 时，这是同一 {HEADER} 第一次请求的回答。",
)


class ApiSchema(AutoSchema):
    """Operations of view sets with their conditional and repeatable requests."""

    def get_override_parameters(self):
        if not isinstance(self.view, ApiViewSet):
            return []
        if self.method in SAFE_METHODS:
            return [IF_NONE_MATCH, ETAG] if self.view.action == "retrieve" else []
        return [IDEMPOTENCY_KEY, REPLAYED, ETAG, *([IF_MATCH] if self.view.detail else [])]

    def get_request_serializer(self):
        written = getattr(self.view, "input_serializer_class", None)
        return written(partial=self.method == "PATCH") if written else super().get_request_serializer()
