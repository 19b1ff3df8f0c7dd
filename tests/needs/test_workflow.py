"""Every step of a need from every state by every person, and the life of a need as a state machine."""

import hypothesis.strategies as st
import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts.models import User
from core.history import find_break
from core.workflow import NotPermitted, TransitionError
from needs.enums import KNOWN
from needs.enums import NeedStatus as S
from needs.models import Need
from needs.services import confirm_public_text, create_need, follow_need, move_need, update_need, write_public_text
from needs.workflow import need_workflow
from tests.conftest import LINE, PATH_TO

ENTERPRISE = {"owner", "colleague"}
ORGANISERS = {"organiser", "admin"}
# The table of the field guide, written down a second time: step → (who, from where, to where).
STEPS = {
    "submit": (ENTERPRISE, {"draft", "returned"}, "submitted"),
    "diagnose": (ORGANISERS, {"submitted"}, "diagnosing"),
    "accept": (ORGANISERS, {"submitted", "diagnosing"}, "accepted"),
    "return": (ORGANISERS, {"submitted", "diagnosing", "accepted"}, "returned"),
    "reject": (ORGANISERS, {"submitted", "diagnosing"}, "rejected"),
    "publish": (ORGANISERS, {"accepted"}, "published"),
    "withdraw": (ENTERPRISE, {"submitted", "returned", "diagnosing", "accepted", "published", "docking"}, "withdrawn"),
    "revise": (ENTERPRISE, {"published"}, "returned"),
}
# What nobody takes: it follows from the dockings of the need.
FOLLOWING = {
    "dock": ({"published"}, "docking"),
    "undock": ({"docking", "contracted"}, "published"),
    "contract": ({"published", "docking"}, "contracted"),
    "resolve": ({"docking", "contracted"}, "resolved"),
}


def test_the_table_has_these_steps():
    assert set(need_workflow.transitions) == STEPS.keys() | FOLLOWING.keys()


def test_every_state_can_be_made():
    assert set(PATH_TO) == set(S.values)


@pytest.mark.parametrize("status", S.values)
def test_every_step_by_everyone(status, new_need, people, owner):
    need = new_need(status)
    if status == "accepted":
        confirm_public_text(need, actor=owner)
    found, expected = {}, {}
    for step, (who, sources, target) in STEPS.items():
        for name, user in people.items():
            found[step, name] = outcome(need, step, user)
            expected[step, name] = "NotPermitted" if name not in who else target if status in sources else "refused"
    assert found == expected


def outcome(need, step, user):
    """The state the step leads to, or how it is refused; nothing is left behind."""
    need = Need.objects.get(pk=need.pk)
    with transaction.atomic():
        try:
            move_need(need, step, actor=user, note="理由")
        except NotPermitted:
            return "NotPermitted"
        except TransitionError:
            return "refused"
        finally:
            transaction.set_rollback(True)
    return need.status


@pytest.mark.parametrize("status", S.values)
@pytest.mark.parametrize("step", FOLLOWING)
def test_what_follows_from_dockings_is_nobodys_to_take(step, status, new_need, owner, organiser, admin):
    need, (sources, target) = new_need(status), FOLLOWING[step]
    assert {outcome(need, step, user) for user in (owner, organiser, admin)} == {"refused"}
    event = follow_need(need, step)
    assert (event and event.target, need.status) == ((target, target) if status in sources else (None, status))


@pytest.mark.parametrize("status", S.values)
def test_the_buttons_are_the_steps_that_work(status, new_need, people):
    need = new_need(status)
    found = {name: [step.name for step in need_workflow.steps_for(need, user)] for name, user in people.items()}
    assert found == {
        name: [step for step, (who, sources, _) in STEPS.items() if name in who and status in sources]
        for name in people
    }


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        ({"title": " "}, "请在第 1 步填写需求名称。"),
        ({"problem": "", "lines": ()}, "请在第 1 步写明需求内容，或在第 2 步至少填一行指标。"),
        ({"contact_phone": ""}, "请在第 3 步填写联系人和联系电话。"),
        ({"contact_name": ""}, "请在第 3 步填写联系人和联系电话。"),
        ({"pledges_truth": False}, "请在第 3 步勾选“不含涉密内容”和“内容真实”两项承诺。"),
        ({"pledges_no_secrets": False}, "请在第 3 步勾选“不含涉密内容”和“内容真实”两项承诺。"),
    ],
)
def test_an_incomplete_need_is_not_submitted(missing, reason, new_need, owner):
    need = new_need(**missing)
    with pytest.raises(TransitionError) as refusal:
        move_need(need, "submit", actor=owner)
    assert (str(refusal.value), Need.objects.get().status) == (reason, "draft")


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        ({"lines": ()}, "受理前至少要有一行指标；确实没有指标的，请勾选“定性需求”。"),
        ({"public_text": ""}, "受理前请先写好公开标题和脱密后的公开内容，交企业确认。"),
        ({"public_title": " "}, "受理前请先写好公开标题和脱密后的公开内容，交企业确认。"),
    ],
)
def test_an_unprepared_need_is_not_accepted(missing, reason, new_need, organiser):
    need = new_need("submitted", **missing)
    with pytest.raises(TransitionError) as refusal:
        move_need(need, "accept", actor=organiser)
    assert str(refusal.value) == reason


def test_a_qualitative_need_is_accepted_without_lines(new_need, organiser):
    need = new_need("submitted", lines=(), is_qualitative=True)
    assert move_need(need, "accept", actor=organiser).target == "accepted"


def test_an_unconfirmed_need_is_not_published(new_need, organiser):
    need = new_need("accepted")
    with pytest.raises(TransitionError) as refusal:
        move_need(need, "publish", actor=organiser)
    assert str(refusal.value) == "公开内容尚未经企业确认，请等待企业在需求页上点击“确认公开内容”。"


def test_a_revision_needs_a_reason(new_need, owner):
    with pytest.raises(TransitionError, match="需要写明理由"):
        move_need(new_need("published"), "revise", actor=owner)


@pytest.mark.parametrize("step", ["return", "reject"])
def test_a_refusal_needs_a_reason(step, new_need, organiser):
    need = new_need("submitted")
    with pytest.raises(TransitionError, match="需要写明理由"):
        move_need(need, step, actor=organiser, note=" \n")


def test_an_unknown_step_is_refused(need, owner):
    with pytest.raises(TransitionError, match="没有这个操作"):
        move_need(need, "explode", actor=owner)


class LifeOfANeed(RuleBasedStateMachine):
    """Enterprise and organiser do whatever they like; what must always hold, holds."""

    people: dict

    @initialize(qualitative=st.booleans())
    def begin(self, qualitative):
        self.need = create_need(
            author=self.people["owner"],
            organisation=self.people["owner"].enterprises[0],
            title="需求",
            problem="量不准",
            contact_name="顾工",
            contact_phone="13800000000",
            pledges_no_secrets=True,
            pledges_truth=True,
            is_qualitative=qualitative,
            lines=[] if qualitative else [LINE],
        )
        self.confirmed = None

    @rule(step=st.sampled_from(sorted(STEPS)), name=st.sampled_from(["owner", "organiser", "stranger"]))
    def move(self, step, name):
        self.attempt(move_need, self.stale(), step, actor=self.people[name], note="理由")

    @rule(step=st.sampled_from(sorted(FOLLOWING)))
    def follow(self, step):
        follow_need(self.stale(), step)

    @rule(text=st.sampled_from(["公开一", "公开二"]))
    def write(self, text):
        self.attempt(
            write_public_text, self.stale(), actor=self.people["organiser"], public_title="标题", public_text=text
        )

    @rule()
    def confirm(self):
        if self.attempt(confirm_public_text, self.stale(), actor=self.people["owner"]):
            self.confirmed = self.now().public_text

    @precondition(lambda self: self.now().is_editable)
    @rule(text=st.sampled_from(["企业写的一", "企业写的二"]))
    def change(self, text):
        self.attempt(update_need, self.stale(), actor=self.people["owner"], public_text=text)

    def attempt(self, service, *args, **kwargs):
        """Whether the service did it; a refusal leaves nothing behind."""
        before = self.record()
        try:
            service(*args, **kwargs)
        except TransitionError:
            assert self.record() == before
            return False
        return True

    def stale(self):
        """The need as somebody opened it at the very beginning."""
        stale, self.need = self.need, Need.objects.get(pk=self.need.pk)
        return stale

    def now(self):
        return Need.objects.get(pk=self.need.pk)

    def record(self):
        need = self.now()
        return need.status, need.version, need.public_text, need.public_text_confirmed_at, need.events.count()

    @invariant()
    def what_is_published_was_confirmed_as_it_stands(self):
        need = self.now()
        if need.status in KNOWN:
            assert need.public_text_confirmed_at is not None
            assert need.public_text == self.confirmed

    @invariant()
    def events_are_a_chain_from_draft_to_the_present_state(self):
        steps = list(self.now().events.values_list("source", "target"))
        path = [S.DRAFT, *(target for _, target in steps)]
        assert [source for source, _ in steps] == path[:-1]
        assert self.now().status == path[-1]

    @invariant()
    def the_version_counts_the_submissions(self):
        need = self.now()
        assert need.version == need.events.filter(action="submit").count()

    @invariant()
    def the_seals_hold(self):
        assert find_break() is None


def test_the_life_of_a_need(owner, enterprise, organiser, stranger):
    people = {"owner": owner, "organiser": organiser, "stranger": stranger}
    LifeOfANeed.people = {name: User.objects.get(pk=user.pk) for name, user in people.items()}
    run_state_machine_as_test(
        LifeOfANeed,
        settings=settings(
            max_examples=25,
            stateful_step_count=15,
            deadline=None,
            database=None,
            suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
        ),
    )
