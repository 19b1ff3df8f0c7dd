import pytest
from django.core.exceptions import ValidationError

from core.workflow import NotPermitted, TransitionError
from matching.engine.facts import Cells
from needs.models import Need, NeedLine
from needs.services import (
    add_line,
    confirm_public_text,
    create_need,
    delete_draft,
    grant_sight,
    move_need,
    reread_need_lines,
    revoke_sight,
    update_need,
    write_public_text,
)
from needs.signals import need_closed, need_published

TEXT = {"public_title": "标题", "public_text": "内容"}


def test_a_published_need_cannot_be_changed(new_need, owner):
    need = new_need("published")
    with pytest.raises(TransitionError, match="不能再修改"):
        update_need(need, actor=owner, title="别的")


def test_only_the_enterprise_changes_its_need(need, stranger):
    with pytest.raises(NotPermitted):
        update_need(need, actor=stranger, title="别的")


def test_a_change_takes_the_confirmation_back(new_need, owner):
    need = new_need("returned")
    update_need(need, actor=owner, title="改过的标题")
    assert (need.title, need.public_text_confirmed_at) == ("改过的标题", None)


def test_a_stale_copy_neither_passes_nor_overwrites_a_step(need, owner):
    stale = Need.objects.get(pk=need.pk)
    move_need(need, "submit", actor=owner)
    with pytest.raises(TransitionError, match="不能再修改"):
        update_need(stale, actor=owner, title="别的")
    with pytest.raises(TransitionError, match="不能删除"):
        delete_draft(stale, actor=owner)
    assert Need.objects.values_list("status", "title").get() == ("submitted", "三坐标校准")


def test_one_asks_only_for_ones_own_organisation(stranger, enterprise):
    with pytest.raises(NotPermitted):
        create_need(author=stranger, organisation=enterprise, title="冒名")


@pytest.mark.parametrize("budget", [{"budget_low": 9, "budget_high": 5}, {"budget_low": 300}, {"budget_high": 50}])
def test_a_budget_upside_down_is_refused_in_words(budget, new_need, owner):
    need = new_need(budget_low=100, budget_high=200)
    with pytest.raises(ValidationError) as refusal:
        update_need(need, actor=owner, **budget)
    assert refusal.value.messages == ["预算下限不能高于上限。"]


def test_a_reading_that_is_taken_over_becomes_the_last_line(need, owner):
    add_line(need, actor=owner, cells=Cells(measurand="圆度", range="φ30 mm", accuracy="±0.5 μm"))
    assert [(line.position, line.object_name, line.range_text) for line in need.lines.all()] == [
        (0, "坐标测量机", "0~500 mm"),
        (1, "圆度", "φ30 mm"),
    ]


def test_lines_are_read_as_they_are_stored(need):
    line = need.lines.get()
    assert line.reading["quantity"] == "length"


def test_reading_again_changes_only_what_reads_differently(need):
    assert reread_need_lines() == 0
    stored = need.lines.get().reading
    NeedLine.objects.update(reading={})
    assert reread_need_lines() == 1
    assert need.lines.get().reading == stored


@pytest.mark.parametrize("status", ["submitted", "returned", "published", "withdrawn"])
def test_only_a_draft_can_be_deleted(status, new_need, owner):
    need = new_need(status)
    with pytest.raises(TransitionError, match="不能删除"):
        delete_draft(need, actor=owner)


def test_a_draft_is_deleted_with_its_lines(need, owner):
    delete_draft(need, actor=owner)
    assert (Need.objects.count(), NeedLine.objects.count()) == (0, 0)


def test_a_stranger_deletes_nothing(need, stranger):
    with pytest.raises(NotPermitted):
        delete_draft(need, actor=stranger)


@pytest.mark.parametrize(
    ("status", "allowed"),
    [
        ("draft", False),
        ("submitted", True),
        ("returned", False),
        ("diagnosing", True),
        ("accepted", True),
        ("rejected", False),
        ("published", False),
        ("withdrawn", False),
    ],
)
def test_when_the_public_text_can_be_written(status, allowed, new_need, organiser):
    need = new_need(status)
    try:
        write_public_text(need, actor=organiser, **TEXT)
    except TransitionError:
        assert not allowed
    else:
        assert allowed


def test_only_the_organiser_in_charge_writes_the_public_text(new_need, people):
    need = new_need("submitted")
    allowed = set()
    for name, user in people.items():
        try:
            write_public_text(need, actor=user, **TEXT)
            allowed.add(name)
        except NotPermitted:
            pass
    assert allowed == {"organiser", "admin"}


def test_a_new_public_text_must_be_confirmed_again(new_need, owner, organiser):
    need = new_need("accepted")
    confirm_public_text(need, actor=owner)
    write_public_text(need, actor=organiser, **TEXT)
    with pytest.raises(TransitionError, match="尚未经企业确认"):
        move_need(need, "publish", actor=organiser)


@pytest.mark.parametrize("status", ["draft", "submitted", "diagnosing", "returned", "rejected", "withdrawn"])
def test_there_is_nothing_to_confirm_before_acceptance(status, new_need, owner):
    need = new_need(status)
    with pytest.raises(TransitionError, match="受理之后才需要确认"):
        confirm_public_text(need, actor=owner)


@pytest.mark.parametrize("name", ["stranger", "provider", "organiser", "distant_organiser", "reviewer"])
def test_only_the_enterprise_confirms(name, new_need, people):
    need = new_need("accepted")
    with pytest.raises(NotPermitted):
        confirm_public_text(need, actor=people[name])


def test_a_confirmation_is_in_the_history(new_need, owner):
    need = new_need("accepted")
    event = confirm_public_text(need, actor=owner)
    assert (event.action, event.source, event.target, event.actor) == ("confirm", "accepted", "accepted", owner)


def test_what_is_announced(new_need, owner, organiser, django_capture_on_commit_callbacks):
    heard = []
    published = lambda need, **kwargs: heard.append(("published", need.pk))  # noqa: E731
    closed = lambda need, **kwargs: heard.append(("closed", need.pk))  # noqa: E731
    need_published.connect(published)
    need_closed.connect(closed)
    with django_capture_on_commit_callbacks(execute=True):
        need = new_need("accepted")
        confirm_public_text(need, actor=owner)
    assert heard == []
    with django_capture_on_commit_callbacks(execute=True):
        move_need(need, "publish", actor=organiser)
    with django_capture_on_commit_callbacks(execute=True):
        move_need(need, "withdraw", actor=owner)
    assert heard == [("published", need.pk), ("closed", need.pk)]


def test_the_enterprise_confirms_the_wording_it_saw(new_need, owner, organiser):
    need = new_need("accepted")
    seen = need.public_wording
    write_public_text(need, actor=organiser, public_title="另一个标题", public_text=need.public_text)
    with pytest.raises(TransitionError, match="重新核对"):
        confirm_public_text(need, actor=owner, seen=seen)
    confirm_public_text(need, actor=owner, seen=need.public_wording)
    assert need.public_text_confirmed_at is not None


def test_what_was_granted_before_stays(new_need, institute, organiser):
    need = new_need("published", level=2)
    grant_sight(need, actor=organiser, organisation=institute, sees_detail=True)
    grant_sight(need, actor=organiser, organisation=institute, sees_contact=True)
    assert need.grants.values_list("organisation__name", "sees_detail", "sees_contact").get() == (
        "测试计量院",
        True,
        True,
    )
    assert list(need.events.filter(action="grant").values_list("actor__name", "data")) == [
        ("组织方", {"to": "测试计量院", "sees_detail": True}),
        ("组织方", {"to": "测试计量院", "sees_contact": True}),
    ]


def test_taking_back_what_nobody_has_leaves_no_entry(new_need, institute, owner):
    need = new_need("published", level=2)
    grant_sight(need, actor=owner, organisation=institute)
    for _ in range(2):
        revoke_sight(need, actor=owner, organisation=institute)
    assert (need.grants.count(), need.events.filter(action="revoke").count()) == (0, 1)


def test_a_published_need_is_revised_and_has_to_be_confirmed_again(
    new_need, owner, organiser, django_capture_on_commit_callbacks
):
    need = new_need("published")
    closed = []

    def note(sender, need, **kwargs):
        closed.append(need.pk)

    need_closed.connect(note)
    with django_capture_on_commit_callbacks(execute=True):
        move_need(need, "revise", actor=owner, note="量程写错了")
    need_closed.disconnect(note)
    assert (need.status, closed) == ("returned", [need.pk])
    update_need(need, actor=owner, goal="更准")
    move_need(need, "submit", actor=owner)
    move_need(need, "accept", actor=organiser)
    with pytest.raises(TransitionError, match="公开内容尚未经企业确认"):
        move_need(need, "publish", actor=organiser)
    assert need.version == 2


def test_who_is_docking_already_does_not_revise(new_need, owner):
    with pytest.raises(TransitionError, match="当前状态是“对接中”"):
        move_need(new_need("docking"), "revise", actor=owner, note="补充")
