"""Writes sent again under their `Idempotency-Key`: one effect, one answer."""

from datetime import timedelta

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.utils import timezone
from django_q.models import Schedule
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate

from accounts.models import Membership, User
from accounts.services import issue_token
from core.api.viewsets import ApiViewSet
from core.jobs import delete_old_answers
from core.models import IdempotentAnswer
from needs.models import Need
from needs.services import delete_draft
from tests.conftest import PASSWORD

NEEDS = "/api/v1/needs/"
KEPT = ("Content-Type", "ETag", "Location")
REUSED = {"detail": "这个 Idempotency-Key 已经用于另一个请求；新的请求请换一个新的键，重发原请求请不要改动内容。"}
BAD_KEY = {"detail": "请求头 Idempotency-Key 应为 1 到 200 个可见的 ASCII 字符，例如一个 UUID；请改正后重新提交。"}


@pytest.fixture
def send(client):
    """Write as a person under a key."""

    def call(user, method, path, data=None, *, key="k1", **headers):
        client.force_login(user)
        headers["Idempotency-Key"] = key
        return getattr(client, method)(path, data, content_type="application/json", headers=headers)

    return call


@pytest.fixture
def wanted(enterprise):
    return {"organisation": str(enterprise.pk), "title": "压力计校准", "problem": "压力计要校准"}


def given_out(response):
    """What of an answer is the same when it is given again."""
    return response.status_code, response.content, {name: response.get(name) for name in KEPT}


def test_a_record_is_made_once_and_the_answer_given_again(send, owner, wanted):
    first, again = (send(owner, "post", NEEDS, wanted) for _ in range(2))
    assert given_out(again) == given_out(first)
    assert (first.get("Idempotent-Replayed"), again["Idempotent-Replayed"]) == (None, "true")
    assert (first.status_code, Need.objects.count()) == (201, 1)


def test_the_answer_is_the_first_one_whatever_has_happened_since(send, owner, need):
    path = f"{NEEDS}{need.pk}/"
    first = send(owner, "patch", path, {"title": "一"})
    send(owner, "patch", path, {"title": "二"}, key="k2")
    again = send(owner, "patch", path, {"title": "一"})
    need.refresh_from_db()
    assert (given_out(again), need.title) == (given_out(first), "二")


def test_a_change_sent_again_is_not_taken_for_overtaken(send, client, owner, need):
    path = f"{NEEDS}{need.pk}/"
    client.force_login(owner)
    tag = client.get(path)["ETag"]
    first, again = (send(owner, "patch", path, {"title": "新"}, **{"If-Match": tag}) for _ in range(2))
    assert (first.status_code, given_out(again)) == (200, given_out(first))


def test_a_step_is_taken_once(send, owner, new_need):
    need = new_need("submitted")
    first, again = (send(owner, "post", f"{NEEDS}{need.pk}/move/withdraw/", {"note": "不需要了"}) for _ in range(2))
    assert (first.status_code, given_out(again)) == (200, given_out(first))
    assert need.events.filter(action="withdraw").count() == 1


@pytest.mark.parametrize(
    ("method", "path", "data"),
    [
        ("patch", "{path}", {"title": "另一个"}),
        ("patch", "{path}?page=1", {"title": "新"}),
        ("patch", "{other}", {"title": "新"}),
        ("post", "{path}move/submit/", {"title": "新"}),
        ("post", NEEDS, {"title": "新"}),
    ],
)
def test_a_key_stands_for_one_request(method, path, data, send, owner, need, new_need):
    path_of = {"path": f"{NEEDS}{need.pk}/", "other": f"{NEEDS}{new_need().pk}/"}
    send(owner, "patch", path_of["path"], {"title": "新"})
    response = send(owner, method, path.format(**path_of), data)
    assert (response.status_code, response.json()) == (422, REUSED)
    assert set(Need.objects.values_list("title", "status")) == {("新", "draft"), ("三坐标校准", "draft")}


def test_the_same_content_in_another_order_is_the_same_request(send, owner, wanted):
    send(owner, "post", NEEDS, wanted)
    again = send(owner, "post", NEEDS, dict(reversed(wanted.items())))
    assert (again.status_code, again["Idempotent-Replayed"]) == (201, "true")


def test_everybody_has_keys_of_their_own(send, owner, colleague, wanted):
    answers = [send(user, "post", NEEDS, wanted) for user in (owner, colleague)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert Need.objects.count() == 2


def test_a_refused_request_frees_its_key(send, owner, wanted):
    refused = send(owner, "post", NEEDS, {**wanted, "title": ""})
    corrected = send(owner, "post", NEEDS, wanted)
    assert (refused.status_code, corrected.status_code, Need.objects.count()) == (400, 201, 1)


@pytest.mark.parametrize("key", ["", " ", "a" * 201, "a\x01b", "a\x7f", "k\xe9", "键"])
def test_a_bad_key_is_refused_by_name(key, send, owner, wanted):
    response = send(owner, "post", NEEDS, wanted, key=key)
    assert (response.status_code, response.json(), Need.objects.count()) == (400, BAD_KEY, 0)


@pytest.mark.parametrize("key", ["a", "a" * 200, '"8e03978e-40d5-43dd-bc93-6894a57f9324"', "a b"])
def test_good_keys(key, send, owner, wanted):
    first, again = (send(owner, "post", NEEDS, wanted, key=key) for _ in range(2))
    assert (first.status_code, given_out(again), Need.objects.count()) == (201, given_out(first), 1)


def test_reading_takes_no_notice_of_a_key(send, client, owner, need):
    client.force_login(owner)
    assert client.get(f"{NEEDS}{need.pk}/", headers={"Idempotency-Key": ""}).status_code == 200


# Rights are checked anew.


def test_an_answer_is_given_again_only_to_who_still_sees_the_record(send, colleague, wanted):
    assert send(colleague, "post", NEEDS, wanted).status_code == 201
    Membership.objects.filter(user=colleague).delete()
    response = send(User.objects.get(pk=colleague.pk), "post", NEEDS, wanted)
    assert (response.status_code, response.json()) == (404, {"detail": "没有这条记录，或者您不能查看它。"})


def test_an_answer_about_a_deleted_record_is_not_given_again(send, owner, wanted):
    send(owner, "post", NEEDS, wanted)
    delete_draft(Need.objects.get(), actor=owner)
    assert send(owner, "post", NEEDS, wanted).status_code == 404


def test_a_reading_token_and_nobody_get_no_answer_again(send, client, owner, wanted):
    send(owner, "post", NEEDS, wanted)
    client.logout()
    _, token = issue_token(owner, name="脚本", scope="read")
    headers = {"Idempotency-Key": "k1"}
    for signed, status in (({"Authorization": f"Token {token}"}, 403), ({}, 401)):
        response = client.post(NEEDS, wanted, content_type="application/json", headers={**headers, **signed})
        assert response.status_code == status


def test_giving_confidential_content_again_is_noted(send, organiser, new_need):
    need = new_need("submitted", level=2)
    for _ in range(2):
        assert send(organiser, "post", f"{NEEDS}{need.pk}/move/diagnose/").status_code == 200
    assert need.events.filter(action="read", actor=organiser).count() == 2


# Ways of sending


def test_a_form_protected_session_may_use_keys(owner, wanted):
    client = Client(enforce_csrf_checks=True)
    client.login(username=owner.email, password=PASSWORD)
    client.get("/accounts/login/")
    token = client.cookies["csrftoken"].value
    headers = {"Idempotency-Key": "k1", "X-CSRFToken": token}
    answers = [client.post(NEEDS, wanted, content_type="application/json", headers=headers) for _ in range(2)]
    assert [given_out(answer) for answer in answers] == [given_out(answers[0])] * 2
    assert (answers[0].status_code, Need.objects.count()) == (201, 1)


def deleting(request, pk=None):
    Need.objects.get(pk=pk).delete()
    return Response(status=204)


@pytest.fixture
def call(owner):
    """Send a request under a key to a view set with this handler."""

    def send(method, handler, data=None, *, pk="", form="json"):
        view_set = type(
            "Tried",
            (ApiViewSet,),
            {"queryset": Need.objects.all(), "parser_classes": [*ApiViewSet.parser_classes, MultiPartParser]},
        )
        view_set.handle = lambda self, request, **kwargs: handler(request, **kwargs)
        request = getattr(APIRequestFactory(), method)("/", data, format=form, headers={"Idempotency-Key": "k1"})
        force_authenticate(request, User.objects.get(pk=owner.pk))
        kwargs = {"pk": pk} if pk else {}
        response = view_set.as_view({method: "handle"}, detail=bool(pk))(request, **kwargs)
        return response.render() if isinstance(response, Response) else response

    return send


def test_a_deletion_sent_again_is_done_already(call, need):
    answers = [call("delete", deleting, pk=str(need.pk)) for _ in range(2)]
    assert [(answer.status_code, answer.get("Content-Type")) for answer in answers] == [(204, None)] * 2
    assert (answers[1]["Idempotent-Replayed"], Need.objects.count()) == ("true", 0)


def test_a_report_on_a_record_is_not_given_again_when_the_record_is_gone(call, need):
    def report(request, pk):
        return Response({"lines": need.lines.count()})

    first = call("post", report, pk=str(need.pk))
    need.delete()
    again = call("post", report, pk=str(need.pk))
    assert (first.data, again.status_code) == ({"lines": 1}, 404)


def test_a_file_is_part_of_the_request_and_is_still_there_for_the_handler(call):
    read = []

    def receive(request):
        read.append(request.data["file"].read())
        return Response({"name": request.data["name"]}, status=201)

    def send(content):
        return call(
            "post", receive, {"name": "证书", "file": SimpleUploadedFile("a.pdf", content)}, form="multipart"
        ).status_code

    assert [send(content) for content in (b"%PDF 1", b"%PDF 1", b"%PDF 2")] == [201, 201, 422]
    assert read == [b"%PDF 1"]


# Keeping and forgetting


def test_answers_are_kept_for_two_days(owner):
    now = timezone.now()
    for key, hours in (("old", 49), ("young", 47)):
        with time_machine.travel(now - timedelta(hours=hours), tick=False):
            IdempotentAnswer.objects.create(user=owner, key=key)
    assert (delete_old_answers(), delete_old_answers()) == (1, 0)
    assert IdempotentAnswer.objects.get().key == "young"
    assert Schedule.objects.get(func="core.jobs.delete_old_answers").cron == "0 * * * *"


REQUESTS = st.lists(st.tuples(st.sampled_from(["k1", "k2", None]), st.sampled_from(["一", "二", ""])), max_size=8)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(requests=REQUESTS)
def test_any_sequence_of_requests_has_the_effect_of_its_first_ones(requests, client, owner, wanted):
    """Compared with what a list of titles and a table of keys would do."""
    used, titles, answers, expected = {}, [], [], []
    client.force_login(owner)
    with transaction.atomic():
        for key, title in requests:
            headers = {"Idempotency-Key": key} if key else {}
            data = {**wanted, "title": title}
            answers.append(client.post(NEEDS, data, content_type="application/json", headers=headers).status_code)
            if key in used:
                expected.append(201 if used[key] == title else 422)
            elif not title:
                expected.append(400)
            else:
                expected.append(201)
                titles.append(title)
                if key:
                    used[key] = title
        assert (answers, list(Need.objects.order_by("created_at").values_list("title", flat=True))) == (
            expected,
            titles,
        )
        transaction.set_rollback(True)
