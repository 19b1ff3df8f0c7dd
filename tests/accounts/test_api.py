"""Organisations through the API, and what a token may do."""

import pytest

from accounts.models import ApiToken
from accounts.services import issue_token
from needs.models import Need

ORGANISATIONS = "/api/v1/organisations/"


@pytest.fixture
def with_token(client, owner):
    """Headers of a token with this scope."""

    def headers(scope, user=owner):
        _, key = issue_token(user, name="脚本", scope=scope)
        return {"Authorization": f"Token {key}"}

    return headers


def test_everybody_finds_verified_institutes_and_organisers(api, people, unverified_provider):
    _, found = api().get(ORGANISATIONS)
    assert {row["name"] for row in found["results"]} == {"测试计量院", "组织方单位", "外省组织方单位"}
    _, found = api(people["owner"]).get(ORGANISATIONS)
    assert "测试企业有限公司" in {row["name"] for row in found["results"]}


def test_an_enterprise_is_not_found_by_others(api, people, enterprise):
    path = f"{ORGANISATIONS}{enterprise.pk}/"
    assert {name: api(user).get(path)[0] for name, user in people.items()} == {
        "owner": 200,
        "colleague": 200,
        "stranger": 404,
        "provider": 404,
        "organiser": 200,
        "distant_organiser": 404,
        "reviewer": 404,
        "admin": 200,
    }


def test_credit_codes_and_addresses_are_not_given_out(api, institute):
    status, found = api().get(f"{ORGANISATIONS}{institute.pk}/")
    assert (status, {"credit_code", "address", "verified_by"} & found.keys()) == (200, set())


@pytest.mark.parametrize(("scope", "read", "written"), [("read", 200, 403), ("write", 200, 201)])
def test_what_a_token_may_do(scope, read, written, client, with_token, enterprise):
    headers = with_token(scope)
    data = {"organisation": str(enterprise.pk), "title": "经接口提交"}
    assert client.get("/api/v1/needs/", headers=headers).status_code == read
    response = client.post("/api/v1/needs/", data, content_type="application/json", headers=headers)
    assert response.status_code == written
    assert Need.objects.count() == (written == 201)
    if scope == "read":
        assert response.json() == {"detail": "这个令牌只能读取，请换用可写的令牌。"}


def test_a_reading_token_may_match(client, with_token, db):
    response = client.post(
        "/api/v1/match/", {"text": "压力 0~60 MPa"}, content_type="application/json", headers=with_token("read")
    )
    assert response.status_code == 200


def test_a_token_sees_what_its_person_sees(client, with_token, need, stranger):
    path = f"/api/v1/needs/{need.pk}/"
    assert client.get(path, headers=with_token("read")).status_code == 200
    assert client.get(path, headers=with_token("read", stranger)).status_code == 404


@pytest.mark.parametrize("key", ["", "nonsense", "é", "\x00", "a b c", "x" * 5000])
def test_a_wrong_token_is_refused(key, client, db):
    response = client.get("/api/v1/needs/", headers={"Authorization": f"Token {key}"})
    assert (response.status_code, response.json()) == (
        401,
        {"detail": "令牌无效或已撤销，请在“我的账户 → API 令牌”里重新生成。"},
    )


def test_a_revoked_token_and_a_locked_person_are_refused(client, with_token, owner):
    headers = with_token("read")
    owner.is_active = False
    owner.save()
    assert client.get("/api/v1/needs/", headers=headers).status_code == 401
    owner.is_active = True
    owner.save()
    assert client.get("/api/v1/needs/", headers=headers).status_code == 200
    ApiToken.objects.all().delete()
    assert client.get("/api/v1/needs/", headers=headers).status_code == 401


def test_only_the_digest_of_a_key_is_kept(owner):
    token, key = issue_token(owner, name="脚本", scope="read")
    assert key not in str(ApiToken.objects.values().get())
    assert token.digest == ApiToken.digest_of(key)
    assert token.used_at is None


def test_the_use_of_a_token_is_noted(client, with_token):
    client.get("/api/v1/needs/", headers=with_token("read"))
    assert ApiToken.objects.get().used_at is not None
