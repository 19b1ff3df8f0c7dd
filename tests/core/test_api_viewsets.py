"""Writes through the API: whole or not at all, and never over what the client has not seen."""

import json
import sqlite3

import psycopg
import pytest
from django.db import OperationalError
from django.urls import get_resolver
from drf_spectacular.generators import SchemaGenerator
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate

from accounts.models import User
from accounts.services import issue_token
from core.api.viewsets import ApiViewSet
from needs.models import Need

NEEDS, CAPABILITIES = "/api/v1/needs/", "/api/v1/capabilities/"
STALE = {"detail": "这条记录在您读取之后已经变化，请重新读取，核对后再提交。"}
HIDDEN = {"detail": "没有这条记录，或者您不能查看它。"}
BUSY = {"detail": "另一个请求正在修改相关的记录，请稍候几秒，原样重新提交。"}


@pytest.fixture
def ask(client):
    """Ask as a person and get the whole response."""

    def call(user, method, path, data=None, **headers):
        client.force_login(user)
        extra = {} if method in {"get", "head"} else {"content_type": "application/json"}
        return getattr(client, method)(path, data, headers=headers, **extra)

    return call


def path_of(record):
    return f"{NEEDS}{record.pk}/"


# Tags


def test_each_answer_carries_the_tag_of_what_is_read_next(ask, provider, institute):
    data = {"organisation": str(institute.pk), "title": "压力计", "lines": [{"range_text": "(0~60) MPa"}]}
    created = ask(provider, "post", CAPABILITIES, data)
    path = f"{CAPABILITIES}{created.json()['id']}/"
    assert (created.status_code, created["Location"]) == (201, f"http://testserver{path}")
    assert ask(provider, "get", path)["ETag"] == created["ETag"]
    changed = ask(provider, "patch", path, {"text": "含现场"})
    assert ask(provider, "get", path)["ETag"] == changed["ETag"] != created["ETag"]
    moved = ask(provider, "post", f"{path}move/publish/")
    assert ask(provider, "get", path)["ETag"] == moved["ETag"] != changed["ETag"]


def test_a_tag_tells_of_no_change_the_reader_does_not_see(ask, new_need, owner, provider):
    need = new_need("published", level=2)
    before = {user: ask(user, "get", path_of(need))["ETag"] for user in (owner, provider)}
    Need.objects.filter(pk=need.pk).update(problem="完全不同的问题", contact_phone="13900000000", version=7)
    after = {user: ask(user, "get", path_of(need))["ETag"] for user in (owner, provider)}
    assert {user: before[user] == after[user] for user in before} == {owner: False, provider: True}


def test_there_is_one_form_of_an_answer_for_one_tag(ask, owner, need):
    plain, indented = (ask(owner, "get", path_of(need), Accept=f"application/json{more}") for more in ("", ";indent=4"))
    assert (plain.content, plain["ETag"]) == (indented.content, indented["ETag"])


def test_lists_carry_no_tag(ask, owner, need):
    assert "ETag" not in ask(owner, "get", NEEDS)


# Conditions


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ("{tag}", 200),
        ("*", 200),
        ('"x", {tag}', 200),
        ('"x"', 412),
        ("W/{tag}", 412),
        ('"x", W/"y"', 412),
        ("x", 400),
        ("", 400),
    ],
)
def test_a_change_is_made_to_the_version_that_was_read(condition, status, ask, owner, need):
    tag = ask(owner, "get", path_of(need))["ETag"]
    response = ask(owner, "patch", path_of(need), {"title": "新名称"}, If_Match=condition.replace("{tag}", tag))
    need.refresh_from_db()
    assert (response.status_code, need.title) == (status, "新名称" if status == 200 else "三坐标校准")
    if status == 412:
        assert response.json() == STALE
    if status == 400:
        assert response.json()["detail"].startswith("请求头 If-Match 写法不对")


def test_who_has_overtaken_whom(ask, owner, colleague, need):
    tag = ask(owner, "get", path_of(need))["ETag"]
    first = ask(colleague, "patch", path_of(need), {"title": "同事先改"}, If_Match=tag)
    second = ask(owner, "patch", path_of(need), {"title": "后改"}, If_Match=tag)
    third = ask(owner, "patch", path_of(need), {"title": "看过再改"}, If_Match=first["ETag"])
    need.refresh_from_db()
    assert ([first.status_code, second.status_code, third.status_code], need.title) == ([200, 412, 200], "看过再改")


def test_a_step_is_taken_on_the_version_that_was_read(ask, owner, organiser, new_need):
    need = new_need("submitted")
    tag = ask(organiser, "get", path_of(need))["ETag"]
    ask(owner, "post", f"{path_of(need)}move/withdraw/")
    response = ask(organiser, "post", f"{path_of(need)}move/diagnose/", If_Match=tag)
    assert (response.status_code, response.json()) == (412, STALE)


def test_a_condition_on_a_hidden_record_tells_nothing(ask, stranger, need):
    for condition in ("*", '"x"', "nonsense"):
        response = ask(stranger, "patch", path_of(need), {"title": "新"}, If_Match=condition)
        assert (response.status_code, response.json()) == (404, HIDDEN)


def test_what_the_client_has_is_not_sent_again(ask, owner, need):
    tag = ask(owner, "get", path_of(need))["ETag"]
    for condition in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        response = ask(owner, "get", path_of(need), If_None_Match=condition)
        assert (response.status_code, response.content, response["ETag"]) == (304, b"", tag)
    assert ask(owner, "get", path_of(need), If_None_Match='"x"').status_code == 200
    assert ask(owner, "get", path_of(need), If_Match='"x"').status_code == 412


def test_a_write_that_wants_another_version_than_the_present_is_refused(ask, owner, need):
    tag = ask(owner, "get", path_of(need))["ETag"]
    answers = [ask(owner, "patch", path_of(need), {"title": "新"}, If_None_Match=each) for each in (tag, "*", '"x"')]
    assert [answer.status_code for answer in answers] == [412, 412, 200]


def test_confidential_content_stays_out_of_shared_caches(ask, owner, need):
    assert ask(owner, "get", path_of(need))["Cache-Control"] == "private, no-cache"


# Transactions: what happens around a handler, shown with handlers that go wrong.


@pytest.fixture
def patch_by(owner, need):
    """Send a PATCH of the need to a view set with this handler."""

    def call(handler, **attributes):
        view_set = type(
            "Tried",
            (ApiViewSet,),
            {
                "queryset": Need.objects.all(),
                "partial_update": lambda self, request, pk=None: handler(self),
                "show": lambda self, need: {"title": need.title},
                "get_serializer": lambda self, data: Response(data),
                **attributes,
            },
        )
        request = APIRequestFactory().patch("/", {}, format="json")
        force_authenticate(request, User.objects.get(pk=owner.pk))
        return view_set.as_view({"patch": "partial_update"}, detail=True)(request, pk=str(need.pk))

    return call


def rename(view, answer):
    Need.objects.update(title="改到一半")
    return answer(view)


def fail(view):
    raise Need.DoesNotExist


@pytest.mark.parametrize(
    ("answer", "status", "title"),
    [
        (lambda view: Response({}, status=200), 200, "改到一半"),
        (lambda view: Response({}, status=400), 400, "三坐标校准"),
        (lambda view: Response({}, status=500), 500, "三坐标校准"),
        (fail, 404, "三坐标校准"),
    ],
    ids=["done", "refused", "broken", "deleted by somebody else"],
)
def test_a_refused_write_leaves_nothing_behind(answer, status, title, patch_by, need):
    response = patch_by(lambda view: rename(view, answer))
    need.refresh_from_db()
    assert (response.status_code, need.title) == (status, title)


def test_a_write_that_takes_the_record_out_of_sight_says_only_that_it_is_done(patch_by, need):
    def hide(view):
        view.queryset = Need.objects.none()
        return view.answer(need)

    response = patch_by(hide)
    assert (response.status_code, response.data) == (204, None)


def sqlite_error(code):
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    "cause",
    [
        sqlite_error(sqlite3.SQLITE_BUSY),
        sqlite_error(sqlite3.SQLITE_BUSY_SNAPSHOT),
        sqlite_error(sqlite3.SQLITE_LOCKED),
        psycopg.errors.DeadlockDetected(),
        psycopg.errors.LockNotAvailable(),
        psycopg.errors.SerializationFailure(),
    ],
    ids=repr,
)
def test_who_waits_in_vain_may_come_again(cause, patch_by):
    def wait(view):
        raise OperationalError from cause

    response = patch_by(wait)
    assert (response.status_code, response["Retry-After"], response.data) == (409, "2", BUSY)


@pytest.mark.parametrize(
    "cause", [sqlite_error(sqlite3.SQLITE_FULL), psycopg.errors.DiskFull(), None], ids=["full", "disk full", "unknown"]
)
def test_a_broken_database_is_not_taken_for_a_busy_one(cause, patch_by):
    def break_down(view):
        raise OperationalError from cause

    with pytest.raises(OperationalError):
        patch_by(break_down)


# All endpoints


def view_classes(patterns):
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            yield from view_classes(pattern.url_patterns)
        elif hasattr(pattern.callback, "cls"):
            actions = getattr(pattern.callback, "actions", None)
            yield pattern.callback.cls, set(actions or vars(pattern.callback.cls))


def test_every_endpoint_that_writes_is_built_on_the_common_base():
    writing = {
        view
        for view, methods in view_classes(get_resolver().url_patterns)
        if methods & {"post", "put", "patch", "delete"} and not getattr(view, "reads_only", False)
    }
    assert writing != set()
    assert {view for view in writing if not issubclass(view, ApiViewSet)} == set()


def header_parameters(operation):
    return {each["name"] for each in operation.get("parameters", []) if each["in"] == "header"}


def test_the_schema_names_the_headers(db):
    paths = SchemaGenerator().get_schema(public=True)["paths"]
    need, step, needs = (paths[f"{NEEDS}{rest}"] for rest in ("{id}/", "{id}/move/{name}/", ""))
    assert header_parameters(needs["get"]) == set()
    assert header_parameters(need["get"]) == {"If-None-Match"}
    assert header_parameters(needs["post"]) == {"Idempotency-Key"}
    assert header_parameters(need["patch"]) == header_parameters(step["post"]) == {"Idempotency-Key", "If-Match"}
    assert header_parameters(paths["/api/v1/match/"]["post"]) == set()
    assert set(needs["post"]["responses"]["201"]["headers"]) == {"ETag", "Idempotent-Replayed"}
    assert "NeedInput" in json.dumps(needs["post"]["requestBody"])
    assert "PatchedNeedInput" in json.dumps(need["patch"]["requestBody"])


def test_a_token_may_not_write_more_for_sending_a_condition(client, owner, need):
    _, key = issue_token(owner, name="脚本", scope="read")
    headers = {"Authorization": f"Token {key}", "If-Match": "*"}
    response = client.patch(path_of(need), {"title": "新"}, content_type="application/json", headers=headers)
    assert response.status_code == 403
