"""Entering needs: the clock, the consent and what it opens, the steps back and forth, and who is told."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import Notice
from challenges.enums import ChallengeStatus, EntryStatus
from challenges.models import Challenge, Entry, PhaseWindow
from challenges.services.challenges import move_challenge, update_challenge
from challenges.services.entries import (
    CONSENT,
    enter_need,
    enterable_needs,
    has_account,
    move_entry,
    withdraw_entries_of,
)
from challenges.workflow import entry_workflow
from core.history import find_break
from core.models import Event
from core.workflow import NotPermitted, TransitionError
from needs.disclosure import disclose, sight_of
from needs.models import Need, NeedGrant
from needs.services import grant_sight, move_need, publish_for_enterprise, record_need
from tests.challenges.conftest import assign, fresh, lock, start_screening
from tests.conftest import LINE, seat

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


def enter(challenge, need, actor, **options):
    return enter_need(challenge, need, actor=fresh(actor), **{"consents": True, **options})


@pytest.mark.parametrize("status", EntryStatus.values)
def test_an_entry_comes_in_any_status(status, new_entry):
    entry = new_entry(status)
    assert (entry.status, bool(entry.board_number)) == (status, status == "on_board")
    assert Entry.objects.count() == 1


# --- The clock ----------------------------------------------------------------------------------------------------


@pytest.fixture
def at(challenge, monkeypatch):
    """Set the clock of the server relative to an end of the window."""

    def set_clock(end, offset, zone="UTC"):
        moment = getattr(PhaseWindow.objects.get(challenge=challenge, phase="collecting"), end) + offset
        monkeypatch.setattr(timezone, "now", lambda: moment.astimezone(ZoneInfo(zone)))

    return set_clock


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/New_York"])
@pytest.mark.parametrize(
    ("end", "offset", "refusal"),
    [
        ("opens_at", -SECOND, "征集还没有开始，请届时再报名。"),
        ("opens_at", 0 * SECOND, ""),
        ("opens_at", SECOND, ""),
        ("closes_at", -SECOND, ""),
        ("closes_at", 0 * SECOND, "征集已经截止，不能再报名。"),
        ("closes_at", SECOND, "征集已经截止，不能再报名。"),
    ],
)
def test_a_need_is_entered_from_the_first_second_to_the_last(
    end, offset, zone, refusal, at, challenge, new_need, owner
):
    need = new_need("published")
    at(end, offset, zone)
    if refusal:
        with pytest.raises(TransitionError, match=refusal):
            enter(challenge, need, owner)
    else:
        enter(challenge, need, owner)
    assert Entry.objects.exists() != bool(refusal)


@pytest.mark.parametrize("status", ["draft", "screening", "board", "cancelled"])
def test_only_a_call_takes_entries(status, new_challenge, new_need, owner):
    challenge = new_challenge(status)
    label = ChallengeStatus(status).label
    with pytest.raises(TransitionError, match=f"赛事现在处于“{label}”阶段，不接受报名。"):
        enter(challenge, new_need("published"), owner)


# --- What can be entered, and by whom -----------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["draft", "submitted", "accepted", "withdrawn", "contracted", "resolved"])
def test_only_what_is_open_to_offers_can_be_entered(status, challenge, new_need, owner):
    need = new_need(status)
    with pytest.raises(TransitionError, match=f"需求{need.get_status_display()}，发布之后才能报名。"):
        enter(challenge, need, owner)


def test_a_challenge_takes_needs_of_its_regions(new_challenge, new_need, owner):
    elsewhere, here = new_challenge(regions=["320000", "330100"]), new_challenge(name="本地赛", regions=["310000"])
    need = new_need("published")
    with pytest.raises(TransitionError, match="本届赛事面向江苏省、浙江省杭州市的企业"):
        enter(elsewhere, need, owner)
    assert [enterable_needs(each, owner) for each in (elsewhere, here)] == [[], [need]]
    assert enter(here, need, owner).status == "entered"


def test_who_may_enter(people, challenge, new_need):
    needs = {name: new_need("published", title=name) for name in people}
    entered = set()
    for name, user in people.items():
        try:
            enter(challenge, needs[name], user, note="顾工电话同意")
        except NotPermitted:
            continue
        entered.add(name)
    assert entered == {"owner", "colleague", "organiser", "admin"}
    assert set(Entry.objects.filter(is_on_behalf=True).values_list("need__title", flat=True)) == {"organiser", "admin"}


@pytest.mark.parametrize("level", [2, 3])
def test_a_confidential_need_is_entered_by_its_enterprise_only(level, challenge, new_need, owner, organiser):
    need = new_need("published", level=level)
    with pytest.raises(NotPermitted, match="这条需求是保密的，请由企业自己报名。"):
        enter(challenge, need, organiser, note="电话同意")
    assert enter(challenge, need, owner).is_on_behalf is False


def test_acting_for_an_enterprise_needs_its_word(challenge, new_need, organiser):
    with pytest.raises(ValidationError, match="请写明企业由谁、何时、以什么方式同意"):
        enter(challenge, new_need("published"), organiser, note=" ")


def test_without_the_consent_nothing_is_entered_or_opened(challenge, new_need, owner):
    need = new_need("published")
    with pytest.raises(ValidationError, match="报名前请勾选"):
        enter(challenge, need, owner, consents=False)
    assert (Entry.objects.count(), NeedGrant.objects.count()) == (0, 0)


def test_the_consent_is_kept_in_the_history(new_entry, owner):
    entry = new_entry()
    [event] = entry.events.all()
    assert (event.action, event.label, event.actor, event.target, event.data) == (
        "enter",
        "报名",
        owner,
        "entered",
        {"consents": CONSENT},
    )
    assert find_break() is None


def test_a_need_is_entered_once(new_entry, challenge, owner):
    entry = new_entry()
    with pytest.raises(TransitionError, match="这条需求已在本届赛事报名，状态是“已报名”。"):
        enter(challenge, entry.need, owner)
    assert enterable_needs(challenge, owner) == []


def test_who_has_withdrawn_may_enter_again_and_consents_again(new_entry, challenge, owner, organiser):
    entry = new_entry("withdrawn", is_worded=True)
    assert enterable_needs(challenge, owner) == [entry.need]
    again = enter(challenge, entry.need, owner)
    assert (again.pk, again.status, again.confirmed_at) == (entry.pk, "entered", None)
    last = again.events.last()
    assert (last.action, last.source, last.target, last.data) == (
        "reenter",
        "withdrawn",
        "entered",
        {"consents": CONSENT},
    )
    assert NeedGrant.objects.filter(need=entry.need).count() == 1


# --- What the consent opens ---------------------------------------------------------------------------------------


@pytest.fixture
def distant_challenge(new_challenge, distant_organiser, organiser):
    """Run by two bodies, of which one organises another province than the enterprise's."""
    challenge = new_challenge()
    update_challenge(challenge, actor=fresh(organiser), co_organisers=distant_organiser.authorities)
    return challenge


def sights(need, people):
    need = Need.objects.for_list().get(pk=need.pk)
    visible = {name for name, user in people.items() if Need.objects.visible_to(fresh(user)).filter(pk=need.pk)}
    seen = {name: sight_of(need, fresh(user)) for name, user in people.items()}
    assert visible == {name for name, sight in seen.items() if sight}
    return {name: sight.value for name, sight in seen.items() if sight}


FULL = dict.fromkeys(["owner", "colleague", "organiser", "admin"], "full")
OTHERS = ["stranger", "provider", "distant_organiser", "reviewer"]
BEFORE = {1: "public", 2: "teaser", 3: None}
OPENED = {1: "public", 2: "detail", 3: "detail"}


def expected(level, *, distant):
    others = dict.fromkeys(OTHERS, BEFORE[level]) | {"distant_organiser": distant}
    return FULL | {name: sight for name, sight in others.items() if sight}


@pytest.mark.parametrize("level", [1, 2, 3])
def test_entering_opens_a_need_to_the_organisers_and_to_nobody_else(level, distant_challenge, new_need, owner, people):
    need = new_need("published", level=level)
    assert sights(need, people) == expected(level, distant=BEFORE[level])
    entry = enter(distant_challenge, need, owner)
    assert sights(need, people) == expected(level, distant=OPENED[level])
    shown = disclose(Need.objects.for_list().get(pk=need.pk), fresh(people["distant_organiser"]))
    assert (shown.organisation_name, shown.contact) == ("测试企业有限公司", "顾工 13800000000")
    move_entry(entry, "withdraw", actor=fresh(owner))
    assert sights(need, people) == expected(level, distant=BEFORE[level])


def test_a_co_organising_institute_reads_no_need(new_challenge, organiser, new_need, owner, people, institute):
    challenge = new_challenge()
    update_challenge(challenge, actor=fresh(organiser), co_organisers=[institute])
    need = new_need("published", level=3)
    enter(challenge, need, owner)
    assert sights(need, people) == expected(3, distant=None)


def test_who_joins_later_reads_what_is_entered_later(challenge, new_need, owner, organiser, distant_organiser, people):
    """The enterprise agreed to those who ran the challenge then."""
    early, late = new_need("published", level=3), new_need("published", level=3)
    enter(challenge, early, owner)
    update_challenge(challenge, actor=fresh(organiser), co_organisers=distant_organiser.authorities)
    enter(challenge, late, owner)
    assert [sights(need, people).get("distant_organiser") for need in (early, late)] == [None, "detail"]


def test_who_leaves_the_challenge_reads_nothing_any_more(distant_challenge, new_need, owner, organiser, people):
    need = new_need("published", level=3)
    enter(distant_challenge, need, owner)
    update_challenge(distant_challenge, actor=fresh(organiser), co_organisers=[])
    assert sights(need, people) == expected(3, distant=None)


def test_the_end_of_a_membership_ends_the_sight(distant_challenge, new_need, owner, distant_organiser, people):
    need = new_need("published", level=3)
    enter(distant_challenge, need, owner)
    distant_organiser.memberships.all().delete()
    assert sights(need, people) == expected(3, distant=None)


def test_a_cancelled_challenge_closes_its_needs(distant_challenge, new_need, owner, organiser, people):
    need = new_need("published", level=3)
    enter(distant_challenge, need, owner)
    move_challenge(distant_challenge, "cancel", actor=fresh(organiser), note="经费未落实")
    assert sights(need, people) == expected(3, distant=None)


def test_a_need_in_two_challenges_stays_open_until_it_is_in_neither(
    distant_challenge, new_challenge, new_need, owner, organiser, distant_organiser, people
):
    other = new_challenge(name="另一届")
    update_challenge(other, actor=fresh(organiser), co_organisers=distant_organiser.authorities)
    need = new_need("published", level=3)
    entries = [enter(each, need, owner) for each in (distant_challenge, other)]
    for entry, left in zip(entries, ["detail", None], strict=True):
        move_entry(entry, "withdraw", actor=fresh(owner))
        assert sights(need, people).get("distant_organiser") == left


def test_the_grant_of_an_institute_is_left_alone(challenge, new_need, owner, organiser, institute, people):
    need = new_need("published", level=2)
    grant_sight(need, actor=organiser, organisation=institute, sees_detail=True)
    entry = enter(challenge, need, owner)
    move_entry(entry, "withdraw", actor=fresh(owner))
    assert sights(need, people)["provider"] == "detail"


@pytest.mark.parametrize("verified", [True, False])
def test_only_a_verified_body_holds_a_grant(verified, new_need, new_organisation, new_user, organiser):
    user = new_user("新组织方")
    body = new_organisation("authority", founder=user, verified=verified, service_regions=["440000"])
    need = new_need("published", level=3)
    grant = grant_sight(need, actor=organiser, organisation=body, sees_detail=True)
    assert grant.is_held_by(fresh(user)) == verified
    assert list(NeedGrant.objects.held_by(fresh(user))) == [grant] * verified
    assert sight_of(need, fresh(user)) == ("detail" if verified else None)


def test_an_expert_of_the_organiser_does_not_hold_its_grant(challenge, new_need, owner, reviewer):
    need = new_need("published", level=3)
    enter(challenge, need, owner)
    assert list(NeedGrant.objects.held_by(fresh(reviewer))) == []


# --- Steps --------------------------------------------------------------------------------------------------------

STEPS = {"return": "organiser", "resubmit": "owner", "withdraw": "owner", "select": "organiser", "drop": "organiser"}


@pytest.mark.parametrize("name", entry_workflow.transitions)
@pytest.mark.parametrize("status", EntryStatus.values)
def test_every_step_from_every_status(name, status, new_entry, people, organiser, experts):
    entry = new_entry(status)
    reviewed = name in {"select", "drop"}
    if reviewed:
        # A decision needs the screening and its reviews.
        entry = decided(entry, organiser, experts) if status == "entered" else entry
        Challenge.objects.filter(pk=entry.challenge_id).update(status="screening")
    step = entry_workflow.transitions[name]
    actor = people[STEPS.get(name, "organiser")]
    entry = Entry.objects.get(pk=entry.pk)
    may = status in step.sources and step.permission is not None
    if may and not (name == "drop" and status == "selected"):
        move_entry(entry, name, actor=fresh(actor), note="理由")
        assert Entry.objects.get(pk=entry.pk).status == step.target_from(status)
    else:
        with pytest.raises(TransitionError):
            move_entry(entry, name, actor=fresh(actor), note="理由")
        assert Entry.objects.get(pk=entry.pk).status == status
    assert find_break() is None


def decided(entry, organiser, experts):
    """The entry in its screening, with the reviews a decision needs."""
    entry = start_screening(entry, organiser)
    for expert in experts[:3]:
        lock(assign(entry, expert, organiser))
    return entry


@pytest.mark.parametrize(
    ("name", "who"), [(name, who) for name, who in STEPS.items() if name in {"return", "withdraw"}]
)
def test_who_may_take_a_step(name, who, new_entry, people):
    allowed = set()
    for person, user in people.items():
        entry = new_entry()
        try:
            move_entry(entry, name, actor=fresh(user), note="理由")
        except NotPermitted:
            continue
        allowed.add(person)
    assert allowed == {"organiser": {"organiser", "admin"}, "owner": {"owner", "colleague"}}[who]


def test_returning_needs_a_reason_that_the_enterprise_reads(new_entry, organiser, owner, as_user):
    entry = new_entry()
    with pytest.raises(TransitionError, match="退回补充需要写明理由"):
        move_entry(entry, "return", actor=organiser)
    move_entry(entry, "return", actor=organiser, note="缺少现场温度")
    page = as_user(owner).get(entry.get_absolute_url()).content.decode()
    assert "缺少现场温度" in page


def test_a_need_under_revision_is_not_handed_in_again(new_entry, owner):
    entry = new_entry("returned")
    move_need(entry.need, "revise", actor=fresh(owner), note="补充温度")
    with pytest.raises(TransitionError, match="需求退回补充，请先改好需求并等它重新发布，再提交报名。"):
        move_entry(entry, "resubmit", actor=fresh(owner))


@pytest.mark.parametrize("status", ["board", "cancelled"])
def test_nothing_moves_after_the_screening(status, new_entry, owner):
    entry = new_entry()
    Challenge.objects.filter(pk=entry.challenge_id).update(status=status)
    with pytest.raises(TransitionError, match="参赛需求不能再变动"):
        move_entry(Entry.objects.get(pk=entry.pk), "withdraw", actor=fresh(owner))


@pytest.mark.parametrize(
    ("status", "left"),
    [("entered", "withdrawn"), ("returned", "withdrawn"), ("selected", "selected"), ("on_board", "on_board")],
)
def test_a_withdrawn_need_leaves_the_challenge_unless_it_was_selected(
    status, left, new_entry, owner, django_capture_on_commit_callbacks
):
    entry = new_entry(status)
    with django_capture_on_commit_callbacks(execute=True):
        move_need(Need.objects.get(pk=entry.need_id), "withdraw", actor=fresh(owner))
    assert Entry.objects.get(pk=entry.pk).status == left


def test_a_step_of_the_need_that_comes_twice_changes_nothing(new_entry, owner):
    entry = new_entry("withdrawn")
    events = Event.objects.count()
    withdraw_entries_of(entry.need, actor=owner)
    assert Event.objects.count() == events


# --- Who is told --------------------------------------------------------------------------------------------------


def told(user):
    return list(
        Notice.objects.filter(user=user, kind="challenge").order_by("created_at").values_list("text", flat=True)
    )


def test_each_side_is_told_of_what_the_other_did(new_entry, owner, colleague, organiser, provider, institute):
    entry = new_entry()
    number, name = entry.need.number, entry.challenge.name
    move_entry(entry, "return", actor=fresh(organiser), note="缺温度")
    move_entry(entry, "resubmit", actor=fresh(owner))
    move_entry(entry, "withdraw", actor=fresh(owner))
    returned = f"{name}：需求 {number} 的报名被退回补充，请看理由，改好后重新提交。"
    handed_in = f"{name}：需求 {number} 的报名已提交，请查看。"
    assert told(organiser) == [handed_in, handed_in, f"{name}：需求 {number} 的报名已由企业撤回。"]
    assert told(owner) == [returned]
    assert told(colleague) == [returned]
    assert told(provider) == []


def test_an_enterprise_learns_of_what_was_entered_for_it(challenge, new_need, organiser, owner):
    need = new_need("published")
    enter(challenge, need, organiser, note="顾工电话同意")
    assert told(owner) == [f"{challenge.name}：组织方代您单位用需求 {need.number} 报名，请核对。"]


@pytest.mark.parametrize(
    ("joins", "status", "count"), [(True, "collecting", 1), (False, "collecting", 0), (True, "screening", 0)]
)
def test_who_wants_to_take_part_is_told_when_the_need_is_published(
    joins, status, count, new_challenge, new_need, owner, organiser, django_capture_on_commit_callbacks
):
    challenge = new_challenge(status)
    need = new_need("accepted", joins_challenge=joins)
    Need.objects.filter(pk=need.pk).update(public_text_confirmed_at=timezone.now())
    with django_capture_on_commit_callbacks(execute=True):
        move_need(Need.objects.get(pk=need.pk), "publish", actor=organiser)
    assert told(owner) == [f"需求 {need.number} 已发布，可以报名参加{challenge.name}了。"] * count


def test_notices_of_a_confidential_need_name_nothing_of_it(new_entry, organiser):
    new_entry(level=3, title="机密标题", public_title="脱密标题")
    texts = list(Notice.objects.values_list("text", flat=True))
    assert not [text for text in texts if "机密标题" in text or "脱密标题" in text or "测试企业" in text]
    assert len(texts) > 0


# --- Acting for an enterprise without an account ------------------------------------------------------------------


@pytest.fixture
def quiet_enterprise(new_organisation):
    """An enterprise that is registered, and for which nobody can act."""
    body = new_organisation("enterprise", name="没有账号的企业", verified=False)
    body.memberships.all().delete()
    return body


@pytest.fixture
def recorded(quiet_enterprise, organiser):
    return record_need(
        actor=fresh(organiser),
        organisation=quiet_enterprise,
        lines=[LINE],
        note="走访录入",
        title="三坐标测不准",
        problem="测不准",
        contact_name="顾工",
        contact_phone="13800000000",
    )


def test_a_recorded_need_is_a_draft_that_its_organiser_does_not_see(recorded, organiser, quiet_enterprise, new_user):
    owner = seat(new_user("新成员"), quiet_enterprise)
    visible = [user for user in (organiser, owner) if Need.objects.visible_to(fresh(user)).exists()]
    assert (recorded.status, visible) == ("draft", [owner])
    [event] = recorded.events.all()
    assert (event.label, event.actor, event.note) == ("由组织方代录", organiser, "走访录入")


def test_who_may_record_for_an_enterprise(people, quiet_enterprise):
    allowed = set()
    for name, user in people.items():
        try:
            record_need(actor=fresh(user), organisation=quiet_enterprise, lines=[], note="", title=name)
        except NotPermitted:
            continue
        allowed.add(name)
    assert allowed == {"organiser", "admin"}


def test_the_organiser_publishes_on_the_word_of_an_enterprise_without_an_account(recorded, organiser):
    consent = "顾工 3 月 5 日当面同意"
    need = publish_for_enterprise(
        recorded, actor=fresh(organiser), consent=consent, public_title="三坐标", public_text="三坐标校准"
    )
    assert (need.status, need.version, need.pledges_truth, need.pledges_no_secrets) == ("published", 1, True, True)
    assert need.published_at is not None
    assert [(event.action, event.note) for event in need.events.all()] == [
        ("record", "走访录入"),
        ("submit", consent),
        ("accept", consent),
        ("confirm", consent),
        ("publish", consent),
    ]
    assert find_break() is None


@pytest.mark.parametrize("public_text", ["", " "])
def test_nothing_is_published_without_a_public_text(public_text, recorded, organiser):
    with pytest.raises(TransitionError, match="受理前请先写好公开标题和脱密后的公开内容"):
        publish_for_enterprise(
            recorded, actor=fresh(organiser), consent="同意", public_title="三坐标", public_text=public_text
        )
    assert Need.objects.get(pk=recorded.pk).status == "draft"


def test_who_has_an_account_speaks_for_itself(recorded, organiser, quiet_enterprise, new_user, people):
    with pytest.raises(TransitionError, match="请写明企业由谁"):
        publish_for_enterprise(recorded, actor=fresh(organiser), consent=" ")
    with pytest.raises(NotPermitted):
        publish_for_enterprise(recorded, actor=fresh(people["distant_organiser"]), consent="同意")
    assert has_account(quiet_enterprise) is False
    seat(new_user("新成员"), quiet_enterprise)
    assert has_account(quiet_enterprise) is True
    with pytest.raises(TransitionError, match="这家企业在平台上有账号，请由它自己核对、提交和确认。"):
        publish_for_enterprise(recorded, actor=fresh(organiser), consent="同意")
