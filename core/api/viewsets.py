"""The view set that all endpoints build on: writes are whole, happen once, and overwrite nothing unseen."""

from functools import partial

from django.db import connection, transaction
from django.http import Http404
from rest_framework.exceptions import APIException
from rest_framework.generics import get_object_or_404
from rest_framework.permissions import SAFE_METHODS
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from core.api.etags import OneFormRenderer, is_conditional, is_known, is_stale, tag_of
from core.api.replay import claim_key, keep_answer, replay

# Shorter than the time after which a web worker is taken for dead.
LONGEST_WAIT = "10s"


class Stale(APIException):
    status_code = 412
    default_detail = "这条记录在您读取之后已经变化，请重新读取，核对后再提交。"


class ApiViewSet(GenericViewSet):
    """Lists and single records; every write in one transaction, repeatable, and safe against lost updates.

    A subclass gives `queryset`, `serializer_class` and `get_queryset`, which returns what the person may see;
    and `show`, when the serializer is given something else than the record.
    Services lock a record before they change what it shows. Handlers of writes take their input by `read` or
    `save` and return `answer(record)`, which adds the ETag; a `Response` without one fits what is not the record:

        class NeedViewSet(CreateMixin, UpdateMixin, ApiViewSet):
            queryset = Need.objects.none()
            serializer_class = NeedSerializer
            input_serializer_class = NeedInputSerializer  # where writing takes other fields than reading

            def get_queryset(self):
                return Need.objects.visible_to(self.request.user).for_list()

            def show(self, need):
                return disclose(need, self.request.user)

            @extend_schema(request=MoveInput)
            @action(detail=True, methods=["post"], url_path="move/(?P<name>[a-z]+)")
            def move(self, request, pk=None, name=""):
                need = self.get_object()
                move_need(need, name, actor=request.user, **self.read(MoveInput))
                return self.answer(need)

    What happens around a handler of POST, PUT, PATCH and DELETE, after authentication, permission and throttling:

    1. Everything is one transaction; an exception or an answer of 400 and above rolls it back.
    2. `Idempotency-Key`: the same request under the same key gets the stored answer, if the person still sees the
       record in it; another request gets 422. Refused requests are not kept.
    3. `If-Match`, `If-None-Match`: the record is locked and compared with what the client read; 412 when it differs.
    4. Whoever would wait too long for somebody else's lock gets 409 with `Retry-After`.
    """

    renderer_classes = [OneFormRenderer]
    input_serializer_class = None

    def show(self, obj):
        """What the serializer is given for a record: the record, or what this reader may see of it."""
        return obj

    def note_shown(self, objects: list) -> None:
        """Called with the records whose content an answer hands out, for those who keep a log of it."""

    def list(self, request, *args, **kwargs):
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        self.note_shown(page)
        shown = [self.show(obj) for obj in page]
        return self.get_paginated_response(self.get_serializer(shown, many=True).data)

    def retrieve(self, request, *args, **kwargs):
        return self.answer(self.get_object())

    def read(self, serializer_class) -> dict:
        """The request's content, checked by this serializer."""
        serializer = serializer_class(data=self.request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    def save(self, obj=None):
        """The record that the request's content makes, or makes of `obj`."""
        serializer_class = self.input_serializer_class or self.get_serializer_class()
        context = self.get_serializer_context()
        serializer = serializer_class(obj, data=self.request.data, partial=obj is not None, context=context)
        serializer.is_valid(raise_exception=True)
        return serializer.save()

    def answer(self, obj, *, status=200) -> Response:
        """The record as this reader sees it, with its ETag; 304 for who has it; 204 if a write took it out of sight."""
        reads = self.request.method in SAFE_METHODS
        if not reads:
            obj = self.get_queryset().filter(pk=obj.pk).first()
            if obj is None:
                return Response(status=204)
        data = self._represent(obj)
        headers = {"ETag": tag_of(data), "Cache-Control": "private, no-cache"}
        if reads and is_stale(self.request, headers["ETag"]):
            raise Stale
        if reads and is_known(self.request, headers["ETag"]):
            return Response(status=304, headers=headers)
        if status == 201:
            headers["Location"] = self.reverse_action("detail", args=[obj.pk])
        self.note_shown([obj])
        response = Response(data, status=status, headers=headers)
        response.target = str(obj.pk)
        return response

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        handler = getattr(self, request.method.lower(), None)
        if request.method not in SAFE_METHODS and handler:
            setattr(self, request.method.lower(), partial(self._write, handler))

    def _write(self, handler, request, *args, **kwargs):
        """The handler's answer, with its effects or without any."""
        try:
            with transaction.atomic():
                bound_waiting()
                response = self._once(partial(handler, request, *args, **kwargs))
                if response.status_code >= 400:
                    transaction.set_rollback(True)
                return response
        except self.queryset.model.DoesNotExist as error:
            # Deleted by somebody else after this request had found it.
            raise Http404 from error

    def _once(self, handler):
        entry = claim_key(self.request)
        if entry and entry.status:
            if entry.target:
                self.note_shown([get_object_or_404(self.get_queryset(), pk=entry.target)])
            return replay(entry)
        if self.detail and is_conditional(self.request):
            self._hold_unchanged()
        response = handler()
        if entry and response.status_code < 400:
            url_target = self.kwargs.get(self.lookup_url_kwarg or self.lookup_field, "") if response.data else ""
            keep_answer(entry, response, target=getattr(response, "target", url_target))
        return response

    def _hold_unchanged(self):
        """Lock the record, and refuse when it is not what the client says it read."""
        obj = self.get_object()
        list(type(obj)._default_manager.select_for_update().filter(pk=obj.pk).values_list("pk"))
        tag = tag_of(self._represent(self.get_object()))
        if is_stale(self.request, tag) or is_known(self.request, tag):
            raise Stale

    def _represent(self, obj):
        return self.get_serializer(self.show(obj)).data


class CreateMixin:
    """POST to the list makes a record."""

    def create(self, request, *args, **kwargs):
        return self.answer(self.save(), status=201)


class UpdateMixin:
    """PATCH changes the fields that are sent."""

    def partial_update(self, request, *args, **kwargs):
        return self.answer(self.save(self.get_object()))


def bound_waiting() -> None:
    """Have this transaction give up on locks that others hold for long; SQLite has its own time limit."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{LONGEST_WAIT}'")
