"""Filters find what the reader may see, and nothing by what is withheld."""

import pytest

HALL, API = "/needs/", "/api/v1/needs/"


@pytest.fixture
def found(client, api):
    """The titles a query finds on the page of the hall and through the API, as a person."""

    def titles(user=None, **query):
        _, data = api(user).get(API, query)
        page = client.get(HALL, query).context["page"].object_list
        through_api = {need["title"] for need in data["results"]}
        assert through_api == {need.title for need in page}
        return through_api

    return titles


@pytest.fixture
def three(new_need):
    """A public, a confidential and an organiser's need, told apart by their public titles."""
    fields = {"budget_high": 80_000, "problem": "秘密甲", "public_text": "脱密乙", "title": "内部丙"}
    for level in (1, 2, 3):
        new_need("published", level=level, public_title=f"公开{level}", **fields)


@pytest.mark.parametrize(
    ("query", "outsider", "insider"),
    [
        ({}, {"公开1", "公开2"}, 3),
        ({"q": "公开"}, {"公开1", "公开2"}, 3),
        ({"q": "脱密"}, {"公开1"}, 3),
        ({"q": "坐标测量机"}, {"公开1"}, 3),
        ({"q": "长度示值"}, {"公开1"}, 3),
        ({"q": "0~500"}, {"公开1"}, 3),
        ({"q": "秘密"}, set(), 3),
        ({"q": "内部"}, set(), 3),
        ({"q": "顾工"}, set(), 0),
        ({"q": "测试企业"}, set(), 0),
        ({"q": "%"}, set(), 0),
        ({"mode": "lab"}, {"公开1"}, 3),
        ({"mode": "online"}, set(), 0),
        ({"budget": "20"}, {"公开1", "公开2"}, 3),
        ({"budget": "5"}, set(), 0),
        ({"discipline": "geometry"}, {"公开1", "公开2"}, 3),
        ({"discipline": "thermal"}, set(), 0),
        ({"region": "310000"}, {"公开1", "公开2"}, 3),
        ({"region": "440000"}, set(), 0),
    ],
)
def test_what_a_query_finds(query, outsider, insider, three, found, stranger, owner, client):
    assert found(**query) == outsider
    assert found(stranger, **query) == outsider
    client.force_login(owner)
    assert client.get(HALL, query).context["page"].paginator.count == insider


def test_a_hidden_budget_is_not_found_by_its_band(new_need, found, owner, client):
    new_need("published", public_title="藏着预算", budget_high=80_000, shows_budget=False)
    assert found(budget="20") == set()
    client.force_login(owner)
    assert client.get(HALL, {"budget": "20"}).context["page"].paginator.count == 1


@pytest.mark.parametrize("query", [{"discipline": "nonsense"}, {"q": "长" * 101}, {"region": "999999"}])
def test_a_wrong_filter_is_a_400_in_the_api_and_an_empty_form_on_the_page(query, api, client, need):
    status, data = api().get(API, query)
    assert (status, list(data)) == (400, list(query))
    assert client.get(HALL, query).context["filter"].form.errors.keys() == query.keys()


def test_the_desk_filters_by_state(new_need, organiser, client):
    new_need("submitted", title="等着受理")
    new_need("returned", title="退回去了")
    client.force_login(organiser)
    page = client.get("/needs/desk/", {"status": "submitted"}).context["page"]
    assert [need.title for need in page.object_list] == ["等着受理"]
