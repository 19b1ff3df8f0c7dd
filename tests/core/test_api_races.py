"""Many clients at once against several web workers: one winner, and never a server error."""

import json

import pytest
from django.db import connection

from core.api import viewsets
from tests.serving import ask_at_once, shared_database, web, with_token

pytestmark = pytest.mark.django_db(transaction=True)
NEEDS = "/api/v1/needs/"
CLIENTS = 8


@pytest.fixture
def at_once(owner, need, tmp_path):
    """Send requests of the need's owner at the same moment; the answers come in the order of the requests."""
    token = with_token(owner)

    def ask_all(*requests):
        return ask_at_once(address, [(*request, {**token, **headers}) for *request, headers in requests])

    with shared_database(tmp_path) as url, web(MODE="test", VAR_DIR=str(tmp_path), DATABASE_URL=url) as (address, _):
        yield ask_all


def test_of_all_who_change_the_same_version_one_wins(at_once, need):
    path = f"{NEEDS}{need.pk}/"
    for lap in range(10):
        [(_, _, read)] = at_once(("GET", path, None, {}))
        titles = [f"第 {lap} 轮第 {number} 位" for number in range(CLIENTS)]
        answers = at_once(*[("PATCH", path, {"title": title}, {"If-Match": read["ETag"]}) for title in titles])
        assert sorted(status for status, _, _ in answers) == [200] + [412] * (CLIENTS - 1)
        [winner] = [title for title, (status, _, _) in zip(titles, answers, strict=True) if status == 200]
        [(_, body, _)] = at_once(("GET", path, None, {}))
        assert json.loads(body)["title"] == winner


def test_of_all_who_send_the_same_request_one_has_an_effect(at_once, need, enterprise):
    wanted = {"organisation": str(enterprise.pk), "title": "压力计校准", "problem": "压力计要校准"}
    for lap in range(10):
        answers = at_once(*[("POST", NEEDS, wanted, {"Idempotency-Key": f"k{lap}"})] * CLIENTS)
        assert {status for status, _, _ in answers} == {201}
        assert len({(body, headers["ETag"], headers["Location"]) for _, body, headers in answers}) == 1
        assert [headers["Idempotent-Replayed"] for _, _, headers in answers].count("true") == CLIENTS - 1
        [(_, body, _)] = at_once(("GET", NEEDS, None, {}))
        assert json.loads(body)["count"] == lap + 2


def test_of_all_who_use_one_key_for_different_requests_one_has_an_effect(at_once, need):
    path = f"{NEEDS}{need.pk}/"
    titles = [f"第 {number} 位" for number in range(CLIENTS)]
    answers = at_once(*[("PATCH", path, {"title": title}, {"Idempotency-Key": "k1"}) for title in titles])
    assert sorted(status for status, _, _ in answers) == [200] + [422] * (CLIENTS - 1)


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has no lock on a single row")
def test_who_finds_the_record_locked_for_long_is_told_to_come_again(client, owner, need, monkeypatch):
    monkeypatch.setattr(viewsets, "LONGEST_WAIT", "50ms")
    client.force_login(owner)
    somebody_else = connection.copy()
    try:
        somebody_else.set_autocommit(False)
        with somebody_else.cursor() as cursor:
            # Should the request wait forever, the lock does not.
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = '5s'")
            cursor.execute("SELECT 1 FROM needs_need WHERE id = %s FOR UPDATE", [need.pk])
        response = client.patch(f"{NEEDS}{need.pk}/", {"title": "新"}, content_type="application/json")
    finally:
        somebody_else.close()
    assert (response.status_code, response["Retry-After"]) == (409, "2")
