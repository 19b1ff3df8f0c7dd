"""Capabilities through the API."""

import pytest

from providers.models import Capability

CAPABILITIES = "/api/v1/capabilities/"
ROW = {"measurand": "压力", "range_text": "(0~60) MPa", "uncertainty_text": "Urel=0.02 % (k=2)"}


def offered(organisation, **fields):
    return {"organisation": str(organisation.pk), "title": "数字压力计", "lines": [ROW], **fields}


def test_a_capability_is_created_published_and_changed(api, provider, institute, credential):
    status, created = api(provider).post(CAPABILITIES, offered(institute, credential=str(credential.pk)))
    assert (status, created["status"], created["version"], created["has_lapsed"]) == (201, "draft", 1, False)
    assert created["credential_detail"]["number"] == "L0001"
    assert [(row["quantity"], row["is_structured"]) for row in created["lines"]] == [("pressure", True)]
    path = f"{CAPABILITIES}{created['id']}/"
    assert api().get(path)[0] == 404
    status, moved = api(provider).post(f"{path}move/publish/")
    assert (status, moved["status"]) == (200, "published")
    assert api().get(path) == (200, moved)
    status, changed = api(provider).patch(path, {"text": "含现场"})
    assert (status, changed["text"], changed["version"]) == (200, "含现场", 2)


@pytest.mark.parametrize(
    ("name", "read", "patched", "moved"),
    [
        ("provider", 200, 200, 200),
        ("owner", 200, 403, 403),
        ("organiser", 200, 403, 403),
        ("reviewer", 200, 403, 403),
    ],
)
def test_who_may_what_with_a_published_capability(name, read, patched, moved, api, capability, people):
    path = f"{CAPABILITIES}{capability.pk}/"
    assert api(people[name]).get(path)[0] == read
    assert api(people[name]).patch(path, {"text": "新"})[0] == patched
    assert api(people[name]).post(f"{path}move/suspend/")[0] == moved


def test_a_draft_is_the_institutes_own(api, new_capability, people):
    path = f"{CAPABILITIES}{new_capability(status='draft').pk}/"
    assert {name: api(user).get(path)[0] for name, user in people.items()} == {
        **dict.fromkeys(people, 404),
        "provider": 200,
    }


def test_status_and_version_cannot_be_written(api, provider, institute):
    status, created = api(provider).post(CAPABILITIES, offered(institute, status="published", version=9))
    assert (status, created["status"], created["version"]) == (201, "draft", 1)


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"title": ""}, {"title": ["该字段不能为空。"]}),
        ({"modes": ["telepathy"]}, {"modes": {"0": ["“telepathy” 不是合法选项。"]}}),
        ({"maturity": 3}, {"__all__": ["技术成熟度只用于可攻关能力。"]}),
        ({"credential": "nonsense"}, None),
        (
            {"lines": [{"range_text": "长" * 501}]},
            {"lines": {"0": {"range_text": ["请确保这个字段不能超过 500 个字符。"]}}},
        ),
    ],
)
def test_bad_fields_are_named(fields, errors, api, provider, institute):
    status, data = api(provider).post(CAPABILITIES, offered(institute, **fields))
    assert (status, data if errors else list(data)) == (400, errors or list(fields))


def test_a_second_capability_of_the_same_name_is_refused(api, provider, institute, new_capability):
    new_capability("数字压力计")
    expected = (400, {"__all__": ["本机构已有同名能力，请在原有能力里增加行。"]})
    assert api(provider).post(CAPABILITIES, offered(institute)) == expected


def test_a_foreign_organisation_and_none_get_the_same_answer(api, provider, stranger):
    foreign = stranger.organisations[0]
    nobody = "00000000-0000-4000-8000-000000000000"
    expected = (400, {"organisation": ["只能维护您所在服务机构的能力。"]})
    assert api(provider).post(CAPABILITIES, offered(foreign)) == expected
    assert api(provider).post(CAPABILITIES, {**offered(foreign), "organisation": nobody}) == expected


def test_a_foreign_credential_is_refused(api, provider, institute, credential, new_user, new_organisation):
    other = new_user("别的机构")
    body = new_organisation("institute", founder=other, name="别的计量院")
    status, data = api(other).post(CAPABILITIES, offered(body, credential=str(credential.pk)))
    assert (status, data) == (400, {"credential": ["这项资质不属于本机构，请改用本机构登记的资质。"]})


def test_the_organisation_of_a_capability_stays(api, provider, capability, new_organisation):
    other = new_organisation("institute", founder=provider, name="第二家计量院")
    status, data = api(provider).patch(f"{CAPABILITIES}{capability.pk}/", {"organisation": str(other.pk)})
    assert (status, data["organisation"]) == (200, str(capability.organisation_id))
    assert Capability.objects.get().organisation == capability.organisation
