"""The seals of the histories, and what `verify_history` says when somebody has rewritten one."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F
from django.utils import timezone

from core.history import SETTLED, find_break, set_checkpoint
from core.models import Checkpoint, Event, record_each
from needs.models import Need


@pytest.fixture
def told(new_need, new_capability):
    """A need with the four entries of its way to publication, beside other histories."""
    new_capability()
    new_need("rejected")
    return new_need("published")


def entry(need, number):
    return need.events.filter(number=number)


def verify():
    """What the command prints, or how it fails."""
    out = StringIO()
    try:
        call_command("verify_history", stdout=out, verbosity=0)
    except CommandError as error:
        return str(error)
    return out.getvalue().strip()


def named(need, event, what):
    """The message about this entry."""
    return f"测量需求 {need.pk} 第 {event.number} 条（{event}）：{what}。请停止写入，用备份对照后再处理。"


def test_what_the_services_write_holds(told):
    count = Event.objects.count()
    assert list(told.events.values_list("number", "action")) == [
        (1, "submit"),
        (2, "accept"),
        (3, "confirm"),
        (4, "publish"),
    ]
    assert verify() == f"{count} 条经过记录的印记全部相符。"


def test_nothing_to_check_is_no_break(db):
    assert (verify(), set_checkpoint()) == ("0 条经过记录的印记全部相符。", None)


REWRITTEN = {
    "action": "return",
    "label": "退回补充",
    "source": "draft",
    "target": "withdrawn",
    "reason": "price",
    "reason_label": "价格",
    "note": "改过的理由",
    "data": {"to": "别人"},
    "created_at": F("created_at") + timedelta(microseconds=1),
    "actor": None,
    "seal": "0" * 64,
}


@pytest.mark.parametrize("field", REWRITTEN)
def test_a_rewritten_entry_is_named(field, told):
    entry(told, 2).update(**{field: REWRITTEN[field]})
    assert verify() == named(told, entry(told, 2).get(), "内容与印记不符")


def test_whose_entry_it_was_cannot_be_changed(told, organiser, owner):
    entry(told, 2).update(actor=owner)
    assert find_break().event == entry(told, 2).get()


def test_an_entry_moved_to_another_record_is_named(told, new_need):
    other = new_need("draft")
    entry(told, 1).update(subject_id=other.pk)
    moved = Event.objects.get(subject_id=other.pk)
    left = entry(told, 2).get()
    found = find_break()
    assert (found.event, found.what) in {(moved, "内容与印记不符"), (left, "之前缺少第 1 条")}


def test_a_missing_entry_is_named_by_the_one_behind_it(told):
    entry(told, 2).delete()
    assert verify() == named(told, entry(told, 3).get(), "之前缺少第 2 条")


def test_a_gap_closed_by_renumbering_is_named(told):
    entry(told, 2).delete()
    entry(told, 3).update(number=2)
    entry(told, 4).update(number=3)
    assert verify() == named(told, entry(told, 2).get(), "内容与印记不符")


def test_exchanged_entries_are_named(told):
    for old, new in ((2, 99), (3, 2), (99, 3)):
        entry(told, old).update(number=new)
    assert verify() == named(told, entry(told, 2).get(), "内容与印记不符")


def test_an_entry_slipped_in_is_named(told):
    Event.objects.create(
        subject=told, number=5, action="withdraw", label="撤回", seal="0" * 64, created_at=timezone.now()
    )
    assert verify() == named(told, entry(told, 5).get(), "内容与印记不符")


def test_the_first_of_several_breaks_is_named(told):
    for number in (4, 2):
        entry(told, number).update(note="改过")
    assert find_break().event == entry(told, 2).get()


@pytest.fixture
def sealed(told, time_machine):
    """The same, with a checkpoint over it, and one entry more behind the checkpoint."""
    time_machine.move_to(timezone.now() + SETTLED + timedelta(minutes=1))
    set_checkpoint()
    told.record("note", "备注")
    assert find_break() is None
    return told


@pytest.mark.parametrize("numbers", [{4}, {3, 4}, {1, 2, 3, 4}])
def test_entries_cut_off_the_end_are_noticed_by_the_checkpoint(numbers, sealed):
    sealed.events.filter(number__in=numbers | {5}).delete()
    moment = timezone.localtime(Checkpoint.objects.get().created_at)
    assert find_break().what == f"{moment:%Y-%m-%d %H:%M} 检查点之前的记录有增减"
    assert "检查点之前的记录有增减。请停止写入" in verify()


def test_a_history_that_vanished_altogether_is_noticed(sealed):
    Event.objects.all().delete()
    assert verify().startswith("经过记录：")


def test_an_end_rewritten_with_fresh_seals_is_noticed_by_the_checkpoint(sealed):
    """Whoever can compute seals can forge a history, but not the checkpoint that was copied elsewhere."""
    sealed.events.filter(number__gte=4).delete()
    sealed.record("publish", "发布", note="另一个理由")
    assert find_break().what.endswith("检查点之前的记录有增减")


def test_each_checkpoint_seals_what_came_since_the_last(sealed, time_machine):
    assert set_checkpoint() is None
    time_machine.move_to(timezone.now() + SETTLED + timedelta(minutes=1))
    second = set_checkpoint()
    assert (second.count, second.last_event) == (1, sealed.events.get(number=5).pk)
    assert find_break() is None
    first = Checkpoint.objects.first()
    Checkpoint.objects.filter(pk=first.pk).update(seal="0" * 64)
    assert find_break().event.pk == first.last_event


def test_a_checkpoint_leaves_out_what_a_running_transaction_may_still_precede(told, time_machine):
    time_machine.move_to(timezone.now() + SETTLED - timedelta(seconds=30))
    assert set_checkpoint() is None


def test_an_entry_is_never_changed(told):
    first = told.events.first()
    first.note = "改过"
    with pytest.raises(TypeError, match="only ever added"):
        first.save()


@pytest.mark.parametrize("rows", [1, 3])
def test_one_entry_for_each_of_several_records(rows, new_need, owner, django_assert_num_queries):
    needs = [new_need("submitted") for _ in range(rows)]
    with django_assert_num_queries(5):
        events = record_each(needs, "read", "查看保密内容", actor=owner, data={"organisation": "测试企业"})
    assert [(event.subject_id, event.number) for event in events] == [(need.pk, 2) for need in needs]
    assert find_break() is None


def test_no_records_leave_no_entry(db):
    assert (record_each([], "read", "查看"), Event.objects.count(), Need.objects.count()) == ([], 0, 0)
