import pytest
from django.core.exceptions import ValidationError

from accounts.models import Organisation, User, clean_credit_code
from accounts.services import found_organisation
from core.regions import region_label, within
from tests.conftest import credit_code

CODE = credit_code(7)
FULL_WIDTH = CODE.translate({ord(char): ord(char) + 0xFEE0 for char in CODE})


@pytest.mark.parametrize("text", [CODE, f" {CODE} ", CODE.lower(), FULL_WIDTH, f"{CODE[:8]} {CODE[8:]}"])
def test_a_credit_code_is_read_however_it_is_typed(text):
    assert clean_credit_code(text) == CODE


@pytest.mark.parametrize(
    "text", ["", "1", CODE[:-1], CODE[:-1] + ("0" if CODE[-1] != "0" else "1"), "统一社会信用代码", "O" * 18]
)
def test_a_wrong_credit_code_is_refused(text):
    with pytest.raises(ValidationError, match="应为 18 位且校验码相符"):
        clean_credit_code(text)


@pytest.mark.parametrize(
    ("kind", "verified", "facts"),
    [
        ("enterprise", True, (False, False, 1)),
        ("institute", True, (True, False, 0)),
        ("institute", False, (False, False, 0)),
        ("university", True, (True, False, 0)),
        ("authority", True, (False, True, 0)),
        ("authority", False, (False, False, 0)),
        ("association", True, (False, False, 0)),
    ],
)
def test_what_a_person_counts_as(kind, verified, facts, new_user, new_organisation):
    founder = new_user()
    new_organisation(kind, founder=founder, verified=verified)
    user = User.objects.get(pk=founder.pk)
    assert (user.is_provider, user.is_organiser, len(user.enterprises)) == facts


def test_an_expert_has_none_of_the_organisers_rights(reviewer):
    assert (reviewer.is_organiser, reviewer.organisation_ids, reviewer.oversees("310000")) == (False, set(), False)


@pytest.mark.parametrize(
    ("regions", "region", "expected"),
    [
        ([], "310000", True),
        (["310000"], "310115", True),
        (["320000"], "310115", False),
        (["320500"], "320500", True),
        (["320500"], "320600", False),
        (["440000", "310100"], "310115", True),
    ],
)
def test_an_organiser_oversees_its_regions(regions, region, expected, new_user, new_organisation):
    user = new_user()
    new_organisation("authority", founder=user, service_regions=regions)
    body = new_organisation("enterprise", region=region)
    assert user.oversees(region) == expected
    assert Organisation.objects.filter(user.in_charge_of("region"), pk=body.pk).exists() == expected
    assert (body in Organisation.objects.visible_to(user)) == expected


def test_regions_in_words():
    assert [region_label(code) for code in ("", "310000", "320500", "320505")] == [
        "全国",
        "上海市",
        "江苏省苏州市",
        "江苏省苏州市虎丘区",
    ]


@pytest.mark.parametrize("code", ["999999", "abc", "3100000", ""])
def test_a_made_up_region_is_refused(code, new_user):
    with pytest.raises(ValidationError):
        found_organisation(founder=new_user(), name="某", kind="enterprise", credit_code=credit_code(1), region=code)


def test_no_region_means_everywhere(enterprise):
    assert Organisation.objects.filter(within("region", [])).count() == 1


@pytest.mark.parametrize("website", ["javascript:alert(1)", "ftp://a.example", "a.example"])
def test_a_website_is_a_web_address(website, enterprise):
    enterprise.website = website
    with pytest.raises(ValidationError):
        enterprise.full_clean()


def test_an_address_signs_in_however_it_is_written(new_user, client):
    new_user(email="Gu@Example.com")
    assert client.login(username="GU@example.COM", password="correct-horse-battery")
