"""Filters of capabilities and institutes, on the pages and through the API."""

from datetime import timedelta

import pytest
from django.utils import timezone

from providers.services import save_credential


@pytest.fixture
def catalogue(new_capability, credential):
    new_capability("坐标测量机", credential=credential, modes=["lab", "field"])
    new_capability("深孔内径", kind="research", discipline="mechanics", direction="光学测孔", modes=["in_situ"])
    new_capability("还是草稿", status="draft")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, {"坐标测量机", "深孔内径"}),
        ({"q": "坐标"}, {"坐标测量机"}),
        ({"q": "JJF 1064"}, {"坐标测量机"}),
        ({"q": "光学"}, {"深孔内径"}),
        ({"q": "测试计量院"}, {"坐标测量机", "深孔内径"}),
        ({"q": "草稿"}, set()),
        ({"kind": "research"}, {"深孔内径"}),
        ({"discipline": "geometry"}, {"坐标测量机"}),
        ({"region": "320000"}, {"坐标测量机", "深孔内径"}),
        ({"region": "320500"}, {"坐标测量机", "深孔内径"}),
        ({"region": "320600"}, set()),
        ({"mode": "field"}, {"坐标测量机"}),
        ({"mode": "in_situ"}, {"深孔内径"}),
        ({"mode": "online"}, set()),
        ({"credential": "cnas"}, {"坐标测量机"}),
        ({"credential": "cma"}, set()),
    ],
)
def test_what_a_query_finds(query, expected, catalogue, client, api):
    page = client.get("/capabilities/", query).context["page"]
    status, data = api().get("/api/v1/capabilities/", query)
    assert {each.title for each in page.object_list} == expected
    assert (status, {each["title"] for each in data["results"]}) == (200, expected)


def test_institutes_are_found_by_credentials_in_force(institute, credential, provider, client):
    def found(**query):
        return [each.name for each in client.get("/institutes/", query).context["page"].object_list]

    assert (found(credential="cnas"), found(credential="cma")) == (["测试计量院"], [])
    credential.valid_from = credential.valid_until = timezone.localdate() - timedelta(days=1)
    save_credential(credential, actor=provider)
    assert (found(credential="cnas"), found(q="测试"), found(kind="institute")) == ([], ["测试计量院"], ["测试计量院"])


def test_the_hall_of_institutes_shows_verified_providers_only(institute, unverified_provider, enterprise, client):
    assert [each.name for each in client.get("/institutes/").context["page"].object_list] == ["测试计量院"]


def test_the_institute_finds_its_rows_that_wait_to_be_structured(client, provider, new_capability):
    new_capability("已读懂")
    new_capability("待补", lines=[{"range_text": "(0~60) MPa", "uncertainty_text": "见附图"}])
    client.force_login(provider, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get("/capabilities/mine/", {"reading": "unstructured"})
    assert [capability.title for capability in page.context["page"]] == ["待补"]
