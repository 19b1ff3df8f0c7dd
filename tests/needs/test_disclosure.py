"""What each reader is shown of a need, field by field."""

from dataclasses import fields

import pytest
from django.contrib.auth.models import AnonymousUser

from needs.disclosure import DisclosedNeed, disclose, log_reads, sight_of
from needs.enums import KNOWN, Sight
from needs.models import Need
from needs.services import confirm_public_text, grant_sight, revoke_sight
from tests.conftest import attach

OUTSIDERS = ("anonymous", "stranger", "provider", "distant_organiser", "reviewer")
INSIDERS = ("owner", "colleague", "organiser", "admin")
EVERYTHING = {
    "budget_low": 120_000,
    "budget_high": 180_000,
    "cooperation": ["entrust"],
    "credentials": ["cnas"],
    "contact_email": "gu@example.com",
    "expected_on": "2027-01-31",
    "acceptance": "出具校准证书",
}
ALWAYS_SHOWN = {
    "id",
    "number",
    "sight",
    "title",
    "discipline",
    "discipline_display",
    "status",
    "status_display",
    "level",
    "region",
    "region_display",
    "quantities",
    "budget",
    "published_at",
}
SHOWN_WHEN_PUBLIC = ALWAYS_SHOWN | {
    "category_display",
    "problem_type_display",
    "expected_on",
    "text",
    "lines",
    "files",
    "cooperation",
    "credentials",
}


@pytest.fixture
def readers(people):
    return {**people, "anonymous": AnonymousUser()}


def shown(need, user) -> set[str]:
    """The fields that are not withheld."""
    found = disclose(need, user)
    return {field.name for field in fields(DisclosedNeed) if getattr(found, field.name)}


@pytest.mark.parametrize("level", [1, 2, 3])
def test_insiders_see_everything(level, new_need, readers):
    need = new_need("published", level=level, **EVERYTHING)
    attach(need)
    # A published need waits for nobody.
    everything = {field.name for field in fields(DisclosedNeed)} - {"waits_for"}
    assert {name: shown(need, readers[name]) for name in INSIDERS} == dict.fromkeys(INSIDERS, everything)


@pytest.mark.parametrize(("level", "expected"), [(1, SHOWN_WHEN_PUBLIC), (2, ALWAYS_SHOWN)])
def test_outsiders_see_what_the_level_allows(level, expected, new_need, readers):
    need = new_need("published", level=level, is_anonymous=level == 1, shows_contact=level == 2, **EVERYTHING)
    attach(need, is_public=True)
    # Attachments, even public ones, are for verified institutes.
    seen = {name: expected if name == "provider" else expected - {"files"} for name in OUTSIDERS}
    assert {name: shown(need, readers[name]) for name in OUTSIDERS} == seen


@pytest.mark.parametrize("name", OUTSIDERS)
def test_outsiders_must_not_even_fetch_a_need_of_level_3(name, new_need, readers):
    need = new_need("published", level=3)
    assert sight_of(need, readers[name]) is None
    with pytest.raises(PermissionError):
        disclose(need, readers[name])


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({}, ("坐标测量机校准", "10–20", "", "")),
        ({"shows_budget": False}, ("坐标测量机校准", "", "", "")),
        ({"is_anonymous": False}, ("坐标测量机校准", "10–20", "测试企业有限公司", "")),
        ({"shows_contact": True}, ("坐标测量机校准", "10–20", "", "顾工 13800000000 gu@example.com")),
    ],
)
def test_name_budget_and_contact_have_their_own_flags(flags, expected, new_need, stranger):
    need = new_need("published", **EVERYTHING, **flags)
    found = disclose(need, stranger)
    band = "10–20" if found.budget == "5–20 万元" else found.budget
    assert (found.title, band, found.organisation_name, found.contact) == expected


@pytest.mark.parametrize(
    ("low", "high", "band", "exact"),
    [
        (None, None, "", ""),
        (None, 50_000, "5 万元以内", "5 万元"),
        (10_000, 50_001, "5–20 万元", "1–5.0001 万元"),
        (200_000, None, "5–20 万元", "20 万元"),
        (300_000, 500_000, "20–50 万元", "30–50 万元"),
        (None, 1_000_000, "50–100 万元", "100 万元"),
        (1_000_001, 2_000_000, "100 万元以上", "100–200 万元"),
        (500_000, 500_000, "20–50 万元", "50 万元"),
    ],
)
def test_outsiders_see_a_band_and_insiders_the_figures(low, high, band, exact, new_need, stranger, owner):
    need = new_need("published", budget_low=low, budget_high=high)
    assert (disclose(need, stranger).budget, disclose(need, owner).budget) == (band, exact)


def test_the_text_is_the_public_one_for_outsiders(new_need, stranger, owner):
    need = new_need("published")
    assert disclose(need, stranger).text == "坐标测量机长度示值误差校准。"
    assert disclose(need, owner).text == "车间一台三坐标要校准。"


@pytest.mark.parametrize(
    "status", ["draft", "submitted", "returned", "diagnosing", "accepted", "rejected", "withdrawn"]
)
def test_before_and_after_publication_outsiders_see_nothing(status, new_need, readers):
    need = new_need(status)
    assert {name for name, user in readers.items() if sight_of(need, user) == Sight.FULL} == set(INSIDERS)
    assert {name for name, user in readers.items() if sight_of(need, user) is None} == set(OUTSIDERS)


@pytest.mark.parametrize("level", [1, 2, 3])
@pytest.mark.parametrize("status", ["draft", "submitted", "published", "withdrawn"])
def test_what_is_fetched_can_be_shown_and_what_can_be_shown_is_fetched(level, status, new_need, readers):
    need = new_need(status, level=level)
    visible = {name for name, user in readers.items() if need in Need.objects.visible_to(user)}
    full = {name for name, user in readers.items() if need in Need.objects.fully_seen_by(user)}
    # Organisers could read a draft, but do not get it: it was not handed in yet.
    kept = {"organiser", "admin"} if status == "draft" else set()
    assert visible == {name for name, user in readers.items() if sight_of(need, user)} - kept
    assert full == {name for name, user in readers.items() if sight_of(need, user) == Sight.FULL} - kept


@pytest.mark.parametrize(
    ("status", "turn"),
    [
        ("draft", "企业提交"),
        ("submitted", "组织方受理"),
        ("returned", "企业补充后重新提交"),
        ("diagnosing", "组织方诊断"),
        ("accepted", "企业确认公开内容"),
        ("rejected", ""),
        ("published", ""),
        ("withdrawn", ""),
    ],
)
def test_insiders_are_told_whose_turn_it_is(new_need, owner, status, turn):
    assert disclose(new_need(status), owner).waits_for == turn


def test_what_the_organiser_has_to_do_comes_first_on_the_desk(new_need, owner, organiser):
    for status in ("published", "returned", "accepted", "submitted"):
        new_need(status, title=status)
    confirm_public_text(new_need("accepted", title="confirmed"), actor=owner)
    needs = Need.objects.overseen_by(organiser).waiting_first()
    assert [need.title for need in needs] == ["submitted", "confirmed", "returned", "accepted", "published"]


def grants_to(need, *, institute=None, user=None, **sight):
    grant_sight(need, actor=None, organisation=institute, user=user, **sight)
    return Need.objects.get(pk=need.pk)


# The attachments, of which this need has none, are tested where they are kept.
SHOWN_AFTER_AGREEMENT = SHOWN_WHEN_PUBLIC - {"files"} | {"passages", "organisation_name"}


@pytest.mark.parametrize("level", [2, 3])
@pytest.mark.parametrize(
    ("sight", "expected"),
    [
        ({}, ALWAYS_SHOWN),
        ({"sees_contact": True}, ALWAYS_SHOWN | {"organisation_name", "contact"}),
        ({"sees_detail": True}, SHOWN_AFTER_AGREEMENT),
        ({"sees_detail": True, "sees_contact": True}, SHOWN_AFTER_AGREEMENT | {"contact"}),
    ],
)
def test_a_grant_opens_just_so_much_to_just_this_institute(level, sight, expected, new_need, readers, institute):
    need = grants_to(new_need("published", level=level, **EVERYTHING), institute=institute, **sight)
    others = set(OUTSIDERS) - {"provider"}
    assert shown(need, readers["provider"]) == expected
    assert {name for name in others if sight_of(need, readers[name])} == (others if level == 2 else set())
    assert {name: shown(need, readers[name]) for name in others if level == 2} == (
        dict.fromkeys(others, ALWAYS_SHOWN) if level == 2 else {}
    )


def test_a_grant_can_be_one_persons(new_need, readers, reviewer):
    need = grants_to(new_need("published", level=3), user=reviewer, sees_detail=True)
    assert {name: sight_of(need, readers[name]) for name in OUTSIDERS if sight_of(need, readers[name])} == {
        "reviewer": Sight.DETAIL
    }


def test_who_signed_reads_the_own_words_of_the_enterprise(new_need, institute, provider):
    need = grants_to(new_need("published", level=2, goal="更准"), institute=institute, sees_detail=True)
    found = disclose(need, provider)
    assert (found.title, found.text) == ("坐标测量机校准", "车间一台三坐标要校准。")
    assert [passage.text for passage in found.passages][-1] == "更准"


@pytest.mark.parametrize(
    "status", ["draft", "submitted", "withdrawn", "published", "docking", "contracted", "resolved"]
)
@pytest.mark.parametrize("level", [1, 2, 3])
def test_a_grant_rests_while_the_need_is_not_known(status, level, new_need, readers, institute):
    need = grants_to(new_need(status, level=level), institute=institute, sees_detail=True)
    visible = {name for name in OUTSIDERS if need in Need.objects.visible_to(readers[name])}
    assert visible == {name for name in OUTSIDERS if sight_of(need, readers[name])}
    assert ("provider" in visible) == (status in KNOWN)
    readable = {name for name in OUTSIDERS if need in Need.objects.readable_by(readers[name])}
    assert readable == {name for name in OUTSIDERS if sight_of(need, readers[name]) in {Sight.PUBLIC, Sight.DETAIL}}


@pytest.mark.parametrize("status", ["docking", "contracted", "resolved"])
def test_how_far_a_confidential_need_has_come_is_its_own_matter(status, new_need, stranger, institute, provider):
    need = grants_to(new_need(status, level=2), institute=institute)
    assert disclose(need, provider).status == "published"
    assert sight_of(need, stranger) == (Sight.TEASER if status == "docking" else None)
    assert disclose(new_need(status), stranger).status == status


def test_what_was_taken_back_is_closed_again(new_need, institute, provider):
    need = grants_to(new_need("published", level=3), institute=institute, sees_detail=True)
    revoke_sight(need, actor=None, organisation=institute)
    assert sight_of(Need.objects.get(pk=need.pk), provider) is None


@pytest.mark.parametrize("level", [1, 2, 3])
def test_who_reads_confidential_content_is_noted(level, new_need, people, institute):
    need = grants_to(new_need("published", level=level), institute=institute, sees_detail=True)
    before = need.events.count()
    for user in people.values():
        log_reads([need], user)
    noted = need.events.filter(number__gt=before).values_list("actor__name", "action", "data")
    assert sorted(noted, key=str) == (
        []
        if level == 1
        else [
            ("机构业务员", "read", {"organisation": "测试计量院"}),
            ("管理员", "read", {"organisation": ""}),
            ("组织方", "read", {"organisation": "组织方单位"}),
        ]
    )


def test_a_look_at_the_summary_is_no_read(new_need, institute, provider):
    need = grants_to(new_need("published", level=2), institute=institute)
    log_reads([need], provider)
    assert not need.events.filter(action="read").exists()
