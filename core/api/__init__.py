"""What all API endpoints share: input, errors, paging and the scope of a token."""

import sqlite3
from io import BytesIO

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.exceptions import ValidationError as ModelError
from django.db import OperationalError
from django.http import Http404
from rest_framework import serializers
from rest_framework.exceptions import APIException, NotFound, ParseError, ValidationError
from rest_framework.pagination import PageNumberPagination
from rest_framework.parsers import JSONParser
from rest_framework.permissions import SAFE_METHODS, BasePermission

from core.http import UNREADABLE
from core.workflow import NotPermitted, TransitionError

MAX_DEPTH = 20
TOO_BIG = "请求内容超过 2 MB，请拆成几次提交。"
NOT_JSON = "请求内容不是可用的 JSON 对象，请检查语法和编码（UTF-8，不含 NaN 和 Infinity）后重新提交。"
# Deadlock, lock not available in time, serialization failure.
POSTGRESQL_BUSY = {"40P01", "55P03", "40001"}
SQLITE_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


class Conflict(APIException):
    """Not now: the object is in a state that does not allow it."""

    status_code = 409
    default_detail = "当前状态不允许这个操作。"


class Busy(APIException):
    """The database was waiting for others; nothing was done, and trying again helps."""

    status_code = 409
    default_detail = "另一个请求正在修改相关的记录，请稍候几秒，原样重新提交。"
    wait = 2


class MoveInput(serializers.Serializer):
    """The reason that goes with a step of a workflow."""

    note = serializers.CharField(required=False, allow_blank=True, max_length=2000)


class StrictJSONParser(JSONParser):
    """JSON that a database can hold: bounded size and depth, no NaN, no NUL, no lone surrogates."""

    def parse(self, stream, media_type=None, parser_context=None):
        body = stream.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
        if len(body) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise ParseError(TOO_BIG)
        try:
            data = super().parse(BytesIO(body), media_type, parser_context)
        except RecursionError as error:
            raise ParseError("JSON 嵌套过深，请拆平后重新提交。") from error
        except ParseError as error:
            raise ParseError(NOT_JSON) from error
        if data is None:
            raise ParseError(NOT_JSON)
        check_json(data)
        return data


def check_json(data, depth: int = 0) -> None:
    """Raise a ParseError when the data is nested too deeply or holds unreadable characters."""
    if depth > MAX_DEPTH:
        raise ParseError("JSON 嵌套过深，请拆平后重新提交。")
    if isinstance(data, str) and UNREADABLE.search(data):
        raise ParseError("文本里含有无法识别的控制字符，请删除后重新提交。")
    if isinstance(data, dict):
        for name, value in data.items():
            check_json(name, depth + 1)
            check_json(value, depth + 1)
    if isinstance(data, list):
        for value in data:
            check_json(value, depth + 1)


class Pagination(PageNumberPagination):
    page_size = 20
    page_size_query_param = "page_size"
    max_page_size = 100
    invalid_page_message = "没有这一页，请从第 1 页开始。"


class ScopePermission(BasePermission):
    """Reading is open to what `visible_to` shows; writing needs a person and a token that may write."""

    message = "这个令牌只能读取，请换用可写的令牌。"

    def has_permission(self, request, view):
        if request.method in SAFE_METHODS or getattr(view, "reads_only", False):
            return True
        return request.user.is_authenticated and (request.auth is None or request.auth.can_write)


def answer_error(error, context):
    """Say service errors as 4xx with the message the pages show."""
    # The views module reads its settings, and so this module, while it is being imported.
    from rest_framework.views import exception_handler

    if isinstance(error, ModelError):
        error = ValidationError(error.message_dict if hasattr(error, "error_dict") else {"detail": error.messages[0]})
    elif isinstance(error, NotPermitted):
        error = PermissionDeniedByService(str(error))
    elif isinstance(error, TransitionError):
        error = Conflict(str(error))
    elif isinstance(error, RequestDataTooBig):
        error = ParseError(TOO_BIG)
    elif isinstance(error, OperationalError) and is_busy(error):
        error = Busy()
    elif isinstance(error, Http404):
        error = NotFound("没有这条记录，或者您不能查看它。")
    return exception_handler(error, context)


def is_busy(error: OperationalError) -> bool:
    """Whether the database gave up waiting for others, rather than failed."""
    cause = error.__cause__
    # The low byte is the primary code, the rest says more about it.
    sqlite_code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    return sqlite_code in SQLITE_BUSY or getattr(cause, "sqlstate", None) in POSTGRESQL_BUSY


class PermissionDeniedByService(APIException):
    status_code = 403
