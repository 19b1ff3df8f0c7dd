"""Who may what with an agreement, what it takes to count, and what the history keeps of it."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from accounts.models import Notice
from core.workflow import NotPermitted, TransitionError
from needs.models import Need
from partnerships.models import Agreement
from partnerships.services.agreements import (
    content_mark,
    draft_agreement,
    move_agreement,
    revise_agreement,
    update_agreement,
)
from tests.conftest import seat
from tests.partnerships.conftest import CONTRACT, confirm

pytestmark = pytest.mark.django_db


@pytest.fixture
def agreement(docking, provider):
    return draft_agreement(docking, actor=provider, **CONTRACT)


@pytest.fixture
def effective(agreement, owner, provider):
    confirm(agreement, owner, provider)
    return agreement


# --- Who may ------------------------------------------------------------------------------------------------------


def test_only_the_two_sides_draft(people, docking):
    def drafts(user):
        try:
            draft_agreement(docking, actor=user, **CONTRACT)
        except NotPermitted:
            return False
        return True

    assert {name for name, user in people.items() if drafts(user)} == {"owner", "colleague", "provider"}


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("enterprise_confirm", {"owner", "colleague"}),
        ("provider_confirm", {"provider"}),
        ("terminate", {"owner", "colleague", "provider"}),
        ("reopen", set()),
        ("replace", set()),
    ],
)
def test_who_takes_a_step(name, allowed, people, docking, provider):
    def takes(user):
        one = draft_agreement(docking, actor=provider, **CONTRACT)
        try:
            move_agreement(one, name, actor=user, note="理由", seen=content_mark(one))
        except TransitionError:
            return False
        return True

    assert {role for role, user in people.items() if takes(user)} == allowed


def test_only_the_enterprise_says_that_a_contract_was_fulfilled(effective, provider, owner):
    with pytest.raises(NotPermitted):
        move_agreement(effective, "complete", actor=provider)
    move_agreement(effective, "complete", actor=owner)
    assert (effective.status, effective.counts) == ("completed", True)


def test_nobody_confirms_for_both_sides(docking, owner, institute):
    seat(owner, institute)
    both = type(owner).objects.get(pk=owner.pk)
    one = draft_agreement(docking, actor=both, **CONTRACT)
    move_agreement(one, "enterprise_confirm", actor=both, seen=content_mark(one))
    with pytest.raises(TransitionError, match="另一方也是由您确认的"):
        move_agreement(one, "provider_confirm", actor=both, seen=content_mark(one))


# --- Counting -----------------------------------------------------------------------------------------------------


def test_an_agreement_counts_once_both_have_confirmed(agreement, owner, provider):
    found = [agreement.counts]
    for name, actor in (("provider_confirm", provider), ("enterprise_confirm", owner)):
        move_agreement(agreement, name, actor=actor, seen=content_mark(agreement))
        found.append(agreement.counts)
    agreement.refresh_from_db()
    assert found == [False, False, True]
    assert (agreement.enterprise_confirmed_by, agreement.provider_confirmed_by) == (owner, provider)
    assert agreement.confirmed_at is not None
    assert Agreement.objects.totals() == {
        "intent_amount": Decimal("80000"),
        "contract_amount": Decimal("120000.5"),
        "paid_amount": Decimal(0),
    }


def test_a_contract_moves_the_need_on_and_an_intent_does_not(docking, owner, provider):
    intent = draft_agreement(docking, actor=owner, title="意向书", intent_amount=Decimal(50_000))
    confirm(intent, owner, provider)
    before = Need.objects.get(pk=docking.need_id).status
    confirm(draft_agreement(docking, actor=owner, **CONTRACT), owner, provider)
    assert (before, Need.objects.get(pk=docking.need_id).status) == ("docking", "contracted")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"title": "空白"}, "请先填写意向金额或合同金额，再确认。"),
        ({"title": "未签", "contract_amount": Decimal(1)}, "有合同金额的协议请先填写签订日期，再确认。"),
    ],
)
def test_what_is_incomplete_is_not_confirmed(fields, reason, docking, owner):
    one = draft_agreement(docking, actor=owner, **fields)
    with pytest.raises(TransitionError) as refused:
        move_agreement(one, "enterprise_confirm", actor=owner, seen=content_mark(one))
    one.refresh_from_db()
    assert (str(refused.value), one.status, one.enterprise_confirmed_by) == (reason, "drafted", None)


@pytest.mark.parametrize("seen", ["", "0123456789abcdef"])
def test_who_confirms_has_seen_the_present_content(seen, agreement, owner):
    with pytest.raises(TransitionError, match="协议内容刚刚被修改过"):
        move_agreement(agreement, "enterprise_confirm", actor=owner, seen=seen)
    agreement.refresh_from_db()
    assert (agreement.status, agreement.enterprise_confirmed_by) == ("drafted", None)
    assert [event.action for event in agreement.events.all()] == ["draft"]


def test_a_change_a_second_ago_is_not_confirmed_unseen(agreement, owner, provider):
    seen = content_mark(agreement)
    update_agreement(agreement, actor=provider, contract_amount=Decimal("120000.51"))
    with pytest.raises(TransitionError, match="请重新核对"):
        move_agreement(agreement, "enterprise_confirm", actor=owner, seen=seen)


def test_a_failed_docking_confirms_nothing(agreement, owner):
    type(agreement.docking).objects.filter(pk=agreement.docking_id).update(status="failed")
    agreement = Agreement.objects.get(pk=agreement.pk)
    with pytest.raises(TransitionError, match="对接未成"):
        move_agreement(agreement, "enterprise_confirm", actor=owner, seen=content_mark(agreement))


def test_an_ended_docking_takes_no_new_agreement(new_docking, owner):
    with pytest.raises(TransitionError, match="对接已结束"):
        draft_agreement(new_docking("closed"), actor=owner, **CONTRACT)


# --- Changes ------------------------------------------------------------------------------------------------------


def test_a_change_takes_back_the_word_given_and_keeps_the_amounts(agreement, owner, provider):
    move_agreement(agreement, "provider_confirm", actor=provider, seen=content_mark(agreement))
    update_agreement(agreement, actor=owner, contract_amount=Decimal(110_000), signed_on=date(2026, 5, 9))
    agreement.refresh_from_db()
    event = agreement.events.last()
    assert (agreement.status, agreement.provider_confirmed_by) == ("drafted", None)
    assert (event.action, event.source, event.target) == ("reopen", "provider_confirmed", "drafted")
    assert event.data == {
        "changes": {"contract_amount": ["120000.50", "110000.00"], "signed_on": ["2026-05-08", "2026-05-09"]}
    }


def test_a_change_of_nothing_takes_nothing_back(agreement, provider):
    move_agreement(agreement, "provider_confirm", actor=provider, seen=content_mark(agreement))
    update_agreement(agreement, actor=provider, **CONTRACT)
    agreement.refresh_from_db()
    assert (agreement.status, agreement.provider_confirmed_by) == ("provider_confirmed", provider)
    assert [event.action for event in agreement.events.all()] == ["draft", "provider_confirm"]


def test_what_both_confirmed_is_not_changed_in_place(effective, owner):
    with pytest.raises(TransitionError, match="已确认的协议请用“修订”"):
        update_agreement(effective, actor=owner, contract_amount=Decimal(1))


def test_the_old_version_counts_until_both_have_confirmed_the_new_one(effective, owner, provider):
    version = revise_agreement(effective, actor=provider, paid_amount=Decimal(60_000))
    before = Agreement.objects.totals()["paid_amount"]
    confirm(version, owner, provider)
    effective.refresh_from_db()
    assert (before, Agreement.objects.totals()) == (
        Decimal(0),
        {"intent_amount": Decimal(80_000), "contract_amount": Decimal("120000.5"), "paid_amount": Decimal(60_000)},
    )
    assert (effective.status, version.status, version.replaces) == ("replaced", "effective", effective)
    assert version.events.first().data["changes"] == {"paid_amount": ["", "60000.00"]}


def test_a_revision_that_was_dropped_leaves_room_for_another(effective, owner, provider):
    version = revise_agreement(effective, actor=provider, paid_amount=Decimal(60_000))
    with pytest.raises(TransitionError, match="已有待确认的新版本"):
        revise_agreement(effective, actor=owner, paid_amount=Decimal(1))
    move_agreement(version, "terminate", actor=owner, note="金额有误")
    effective = Agreement.objects.get(pk=effective.pk)
    again = revise_agreement(effective, actor=owner, paid_amount=Decimal(50_000))
    assert (effective.status, again.replaces, Agreement.objects.get(pk=version.pk).replaces) == (
        "effective",
        effective,
        None,
    )


def test_a_revision_changes_something(effective, owner):
    with pytest.raises(TransitionError, match="与原协议相同"):
        revise_agreement(effective, actor=owner, **CONTRACT)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"contract_amount": Decimal(-1)}, "金额不能为负。"),
        ({"valid_until": date(2026, 5, 7)}, "期限不能早于签订日期。"),
    ],
)
def test_the_database_and_the_service_refuse_the_same(fields, message, docking, agreement, owner):
    with pytest.raises(ValidationError) as drafted:
        draft_agreement(docking, actor=owner, **CONTRACT | fields)
    with pytest.raises(ValidationError) as updated:
        update_agreement(agreement, actor=owner, **fields)
    assert (drafted.value.messages, updated.value.messages) == ([message], [message])


# --- Being told ---------------------------------------------------------------------------------------------------


def test_notices_go_to_who_has_to_move_and_say_no_amount(agreement, owner, provider, docking):
    Notice.objects.all().delete()
    move_agreement(agreement, "provider_confirm", actor=provider, seen=content_mark(agreement))
    notices = list(Notice.objects.all())
    assert [(notice.user, notice.kind, notice.url) for notice in notices] == [
        (owner, "agreement", agreement.get_absolute_url())
    ]
    assert notices[0].text == f"{docking.number} 的协议机构已确认，请核对金额和日期后确认。"
    assert not any(word in notices[0].text for word in (agreement.title, "120000", "12.00005"))
