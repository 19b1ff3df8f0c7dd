from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from core.workflow import NotPermitted
from providers.models import Capability, CapabilityLine, Credential
from providers.services import (
    build_lines,
    create_capability,
    move_capability,
    reread_capability_lines,
    save_credential,
    update_capability,
)
from providers.signals import capabilities_changed

ROW = {"measurand": "压力", "range_text": "(0~60) MPa", "uncertainty_text": "Urel=0.02 % (k=2)"}


@pytest.fixture
def announced():
    """The models whose change was announced."""
    heard = []

    def hear(sender, **kwargs):
        heard.append(sender.__name__)

    capabilities_changed.connect(hear)
    yield heard
    capabilities_changed.disconnect(hear)


def test_rows_are_read_as_they_are_stored(new_capability):
    capability = new_capability("数字压力计", lines=[ROW, {"measurand": "压力", "range_text": "见附表"}])
    assert [(row.position, row.is_structured) for row in capability.lines.all()] == [(0, True), (1, False)]
    assert capability.lines.first().reading["quantity"] == "pressure"


@pytest.mark.parametrize("name", ["owner", "colleague", "stranger", "organiser", "distant_organiser", "reviewer"])
def test_only_the_institute_keeps_its_capabilities(name, people, capability, institute, credential):
    actor = people[name]
    with pytest.raises(NotPermitted):
        create_capability(author=actor, organisation=institute, title="冒名")
    with pytest.raises(NotPermitted):
        update_capability(capability, actor=actor, title="改名")
    with pytest.raises(NotPermitted):
        save_credential(credential, actor=actor)


def test_an_enterprise_has_no_capabilities(owner, enterprise):
    with pytest.raises(NotPermitted):
        create_capability(author=owner, organisation=enterprise, title="自家的")


def test_a_change_is_the_next_version(capability, provider):
    update_capability(capability, actor=provider, title="三坐标测量机")
    update_capability(capability, actor=provider, lines=[ROW])
    capability.refresh_from_db()
    assert (capability.title, capability.version, capability.lines.get().measurand) == ("三坐标测量机", 3, "压力")


def test_a_stale_copy_does_not_overwrite_a_step(capability, provider):
    stale = Capability.objects.get(pk=capability.pk)
    move_capability(capability, "suspend", actor=provider)
    update_capability(stale, actor=provider, text="补充说明")
    assert Capability.objects.values_list("status", "text").get() == ("suspended", "补充说明")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"title": "坐标测量机"}, "本机构已有同名能力，请在原有能力里增加行。"),
        ({"title": "新的", "maturity": 5}, "技术成熟度只用于可攻关能力。"),
        ({"title": "新的", "kind": "research", "maturity": 10}, "确保该值小于或等于9。"),
    ],
)
def test_a_contradictory_capability_is_refused_in_words(fields, message, capability, institute, provider):
    with pytest.raises(ValidationError) as refusal:
        create_capability(author=provider, organisation=institute, **fields)
    assert refusal.value.messages == [message]


def test_what_matching_hears_of(institute, provider, new_capability, announced, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        draft = new_capability(status="draft")
        update_capability(draft, actor=provider, text="草稿不必重配")
    assert announced == []
    with django_capture_on_commit_callbacks(execute=True):
        move_capability(draft, "publish", actor=provider)
        update_capability(draft, actor=provider, text="已发布")
        move_capability(draft, "suspend", actor=provider)
        update_capability(draft, actor=provider, text="暂停时不必重配")
    assert announced == ["Capability"] * 3


def test_a_saved_credential_is_heard_of(credential, provider, announced, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        save_credential(credential, actor=provider)
    assert announced == ["Credential"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"valid_until": date(2020, 1, 1)}, "有效期止不能早于有效期起。"),
        ({"number": "L0001", "valid_from": date(2020, 1, 1)}, "这项资质已经登记过，请直接修改原记录。"),
    ],
)
def test_a_contradictory_credential_is_refused_in_words(fields, message, credential, institute, provider):
    values = {"kind": "cnas", "number": "L0002", "valid_from": date(2024, 1, 1), **fields}
    with pytest.raises(ValidationError) as refusal:
        save_credential(Credential(organisation=institute, **values), actor=provider)
    assert refusal.value.messages == [message]


@pytest.mark.parametrize(
    ("since", "until", "is_valid"),
    [(0, 0, True), (-10, None, True), (-10, -1, False), (1, None, False), (1, 10, False), (-10, 10, True)],
)
def test_a_credential_counts_on_both_its_first_and_its_last_day(
    since, until, is_valid, credential, new_capability, provider
):
    today = timezone.localdate()
    capability = new_capability(credential=credential)
    credential.valid_from = today + timedelta(days=since)
    credential.valid_until = until if until is None else today + timedelta(days=until)
    save_credential(credential, actor=provider)
    assert credential.is_valid == is_valid
    assert Credential.objects.valid().exists() == is_valid
    assert (capability in Capability.objects.matchable()) == is_valid
    assert (capability in Capability.objects.lapsed()) == (not is_valid)


def test_without_a_credential_a_capability_never_lapses(capability):
    assert capability in Capability.objects.matchable()
    assert not capability.has_lapsed


def test_only_published_capabilities_of_verified_institutes_match(new_capability, institute):
    published = new_capability("甲")
    new_capability("乙", status="draft")
    assert list(Capability.objects.matchable()) == [published]
    institute.verified_at = institute.verified_by = None
    institute.save()
    assert list(Capability.objects.matchable()) == []


def test_reading_again_changes_only_what_reads_differently(capability):
    assert reread_capability_lines() == 0
    stored = capability.lines.get().reading
    CapabilityLine.objects.update(reading={}, is_structured=False)
    assert reread_capability_lines() == 1
    row = capability.lines.get()
    assert (row.reading, row.is_structured) == (stored, True)


def test_a_row_whose_uncertainty_is_only_words_waits_to_be_structured(capability):
    rows = [
        {"range_text": "(0~60) MPa", "uncertainty_text": "见附图"},
        {"range_text": "(0~60) MPa", "uncertainty_text": ""},
        {"range_text": "(0~60) MPa", "uncertainty_text": "Urel=0.02 % (k=2)"},
    ]
    assert [row.is_structured for row in build_lines(capability, rows)] == [False, True, True]
