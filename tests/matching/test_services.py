"""From a published need to its stored proposals, and what a second match does and leaves alone."""

import sqlite3
import threading
from contextlib import suppress
from datetime import date, timedelta
from functools import partial

import pytest
from django.db import connection, connections
from django.utils import timezone

from accounts.models import User
from core.history import find_break
from core.workflow import NotPermitted, TransitionError
from matching import services
from matching.cards import PART_LABELS
from matching.catalogue import current_basis
from matching.engine.facts import from_json
from matching.engine.scoring import Pairing, PartCode
from matching.models import MatchState, Proposal
from matching.services import (
    apply_for_need,
    best_for_providers,
    expire_proposals,
    invite_institute,
    mark_seen,
    move_proposal,
    propose_for_need,
    rematch,
)
from needs.disclosure import disclose, sight_of
from needs.models import Need
from needs.services import confirm_public_text, move_need, update_need
from providers.models import Capability, Credential
from providers.services import move_capability, save_credential, update_capability

PRESSURE_ROW = {"measurand": "压力", "range_text": "(0~60) MPa", "uncertainty_text": "Urel=0.02 % (k=2)"}
on_postgresql = pytest.mark.skipif(
    "connection.vendor != 'postgresql'", reason="SQLite lets one writer in at a time; there is nothing to try"
)


def stored(*names):
    """The stored proposals by capability, with these fields."""
    return {row[0]: row[1:] for row in Proposal.objects.values_list("capability__title", *names)}


def everything():
    """All that a match stores, with the times of the last change."""
    return list(Proposal.objects.order_by("pk").values()), list(MatchState.objects.values("need", "fingerprint"))


def test_a_published_need_is_proposed_what_fits(new_need, capability, new_capability):
    new_capability("深孔测量", kind="research", direction="坐标测量机长度示值误差的现场校准")
    need = new_need("published")
    assert propose_for_need(need) == 2
    assert stored("status", "need_version", "capability_version", "engine_version") == {
        "坐标测量机": ("proposed", 1, 1, current_basis().version),
        "深孔测量": ("proposed", 1, 1, current_basis().version),
    }
    proposal = Proposal.objects.get(capability=capability)
    pairing = from_json(Pairing, proposal.pairing)
    assert (pairing.key, pairing.provider) == (str(capability.pk), "测试计量院")
    assert (proposal.score, proposal.verdict) == (pairing.score, pairing.verdict.verdict)


def test_the_parts_of_a_pairing_add_up(new_need, capability, new_capability):
    new_capability("数字压力计", lines=[PRESSURE_ROW], discipline="mechanics")
    propose_for_need(new_need("published"))
    for proposal in Proposal.objects.all():
        pairing = from_json(Pairing, proposal.pairing)
        assert sum(part.points for part in pairing.parts) == pytest.approx(pairing.score, abs=0.01)
        assert 0 <= pairing.score <= 100


def test_every_part_has_a_name():
    assert set(PART_LABELS) == set(PartCode)


@pytest.mark.parametrize("status", ["draft", "submitted", "accepted", "returned", "rejected", "withdrawn"])
def test_only_published_needs_are_matched(status, new_need, capability):
    assert propose_for_need(new_need(status)) == 0
    assert (Proposal.objects.count(), MatchState.objects.count()) == (0, 0)


@pytest.mark.parametrize(("level", "status"), [(1, "proposed"), (2, "generated"), (3, "generated")])
def test_confidential_proposals_wait_for_the_organiser(level, status, new_need, capability):
    propose_for_need(new_need("published", level=level))
    assert stored("status") == {"坐标测量机": (status,)}


def test_running_twice_changes_nothing(new_need, capability):
    need = new_need("published")
    propose_for_need(need)
    before = everything()
    assert rematch() == 0
    assert everything() == before


def test_running_over_everything_gives_the_same_proposals(new_need, capability):
    propose_for_need(new_need("published"))
    before = stored("pk", "status", "score", "pairing")
    assert rematch(everything=True) == 1
    assert stored("pk", "status", "score", "pairing") == before


def test_a_new_version_is_noted(new_need, capability, provider):
    propose_for_need(new_need("published"))
    update_capability(capability, actor=provider, text="改过")
    assert rematch() == 1
    assert stored("capability_version") == {"坐标测量机": (2,)}


@pytest.mark.parametrize("answers", [["provider_decline"], ["provider_accept", "enterprise_accept"]])
def test_what_is_settled_stays_as_it_was(answers, new_need, capability, provider, owner):
    propose_for_need(new_need("published"))
    proposal = Proposal.objects.get()
    for step in answers:
        move_proposal(proposal, step, actor=owner if step.startswith("enterprise") else provider, reason="range")
    before = everything()[0]
    update_capability(capability, actor=provider, lines=[PRESSURE_ROW], title="数字压力计")
    assert rematch() == 1
    assert everything()[0] == before
    move_capability(capability, "suspend", actor=provider)
    assert rematch() == 1
    assert everything()[0] == before


def test_a_proposal_without_its_capability_is_superseded_and_comes_back(new_need, capability, provider):
    propose_for_need(new_need("published"))
    move_capability(capability, "suspend", actor=provider)
    assert (rematch(), stored("status")) == (1, {"坐标测量机": ("superseded",)})
    move_capability(capability, "publish", actor=provider)
    assert (rematch(), stored("status")) == (1, {"坐标测量机": ("proposed",)})


def test_a_confidential_proposal_comes_back_as_generated(new_need, capability, provider, organiser):
    propose_for_need(new_need("published", level=2))
    move_proposal(Proposal.objects.get(), "propose", actor=organiser)
    move_capability(capability, "suspend", actor=provider)
    rematch()
    move_capability(capability, "publish", actor=provider)
    rematch()
    assert stored("status") == {"坐标测量机": ("generated",)}


def test_what_was_passed_on_is_not_taken_back_by_a_match(new_need, capability, organiser):
    propose_for_need(new_need("published", level=2))
    move_proposal(Proposal.objects.get(), "propose", actor=organiser)
    rematch(everything=True)
    assert stored("status") == {"坐标测量机": ("proposed",)}


def test_a_lapsed_credential_no_longer_matches(new_need, new_capability, credential, provider):
    new_capability(credential=credential)
    need = new_need("published")
    assert propose_for_need(need) == 1
    yesterday = timezone.localdate() - timedelta(days=1)
    credential.valid_from = credential.valid_until = yesterday
    save_credential(credential, actor=provider)
    assert (rematch(), stored("status")) == (1, {"坐标测量机": ("superseded",)})


def test_time_alone_makes_a_credential_lapse(new_need, new_capability, credential, provider, time_machine):
    credential.valid_until = timezone.localdate() + timedelta(days=3)
    save_credential(credential, actor=provider)
    new_capability(credential=credential)
    propose_for_need(new_need("published"))
    time_machine.move_to(timezone.now() + timedelta(days=3))
    assert (rematch(), stored("status")) == (0, {"坐标测量机": ("proposed",)})
    time_machine.move_to(timezone.now() + timedelta(days=1))
    assert (rematch(), stored("status")) == (1, {"坐标测量机": ("superseded",)})


def test_one_lapses_as_another_comes_into_force(new_need, new_capability, credential, provider, time_machine):
    """The number of what may match is the same on both days; what may match is not."""
    today = timezone.localdate()
    credential.valid_until = today
    save_credential(credential, actor=provider)
    tomorrow = save_credential(
        Credential(organisation=credential.organisation, kind="cma", number="M1", valid_from=today + timedelta(days=1)),
        actor=provider,
    )
    new_capability("坐标测量机", credential=credential)
    new_capability("三坐标测量机", credential=tomorrow)
    propose_for_need(new_need("published"))
    assert stored("status") == {"坐标测量机": ("proposed",)}
    time_machine.move_to(timezone.now() + timedelta(days=1))
    assert rematch() == 1
    assert stored("status") == {"坐标测量机": ("superseded",), "三坐标测量机": ("proposed",)}


def test_publishing_a_need_proposes_at_once(capability, new_need, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        need = new_need("published")
    assert stored("need", "status") == {"坐标测量机": (need.pk, "proposed")}


def test_publishing_a_capability_proposes_at_once(new_need, new_capability, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        new_need("published")
    assert stored("status") == {}
    with django_capture_on_commit_callbacks(execute=True):
        new_capability()
    assert stored("status") == {"坐标测量机": ("proposed",)}


def test_withdrawing_a_need_takes_its_open_proposals_back(
    new_need, capability, owner, new_capability, provider, django_capture_on_commit_callbacks
):
    new_capability("量块")
    with django_capture_on_commit_callbacks(execute=True):
        need = new_need("published")
    new_capability("测长机")
    propose_for_need(need)
    move_proposal(Proposal.objects.get(capability__title="量块"), "provider_accept", actor=provider)
    declined = Proposal.objects.get(capability__title="测长机")
    move_proposal(declined, "provider_decline", actor=provider, reason="time")
    with django_capture_on_commit_callbacks(execute=True):
        move_need(need, "withdraw", actor=owner)
    assert stored("status", "answer_due_on") == {
        "坐标测量机": ("superseded", None),
        "量块": ("superseded", None),
        "测长机": ("declined", None),
    }


def test_a_need_withdrawn_while_it_is_matched_gets_no_proposals(new_need, capability, owner, monkeypatch):
    need = new_need("published")
    match = services.match

    def match_slowly(*args, **kwargs):
        move_need(Need.objects.get(pk=need.pk), "withdraw", actor=owner)
        return match(*args, **kwargs)

    monkeypatch.setattr(services, "match", match_slowly)
    assert propose_for_need(need) == 0
    assert stored("status") == {}


def test_a_capability_deleted_while_it_is_matched_is_left_out(new_need, capability, monkeypatch):
    need = new_need("published")
    match = services.match

    def match_slowly(*args, **kwargs):
        found = match(*args, **kwargs)
        capability.delete()
        return found

    monkeypatch.setattr(services, "match", match_slowly)
    assert propose_for_need(need) == 0


def test_an_institute_reads_why_it_was_matched_and_finds_no_private_word(new_need, new_capability):
    new_capability("坐标测量机", text="坐标测量机校准，代号紫貂，甲方航发")
    need = new_need("published", problem="坐标测量机校准，代号紫貂", goal="甲方航发", title="紫貂")
    propose_for_need(need)
    assert "紫貂" not in str(Proposal.objects.get().pairing)
    assert "航发" not in str(Proposal.objects.get().pairing)


def test_times_of_creation_do_not_tell_the_order_of_scores(new_need, new_capability):
    for title in ("坐标测量机", "量块", "测长机", "影像测量仪"):
        new_capability(title)
    propose_for_need(new_need("published", level=2))
    made = list(Proposal.objects.order_by("created_at").values_list("capability_id", flat=True))
    assert made == sorted(made, key=str)


def test_why_not_me_is_the_best_own_capability_however_low(new_need, new_capability, institute):
    new_capability("数字压力计", lines=[PRESSURE_ROW], discipline="mechanics")
    pairing, best = best_for_providers(new_need("published"), {institute.pk})
    assert (best.title, pairing.key) == ("数字压力计", str(best.pk))


def test_why_not_me_without_capabilities(new_need, institute, new_capability):
    new_capability(status="draft")
    assert best_for_providers(new_need("published"), {institute.pk}) is None


def test_seen_is_noted_once(new_need, capability, time_machine):
    propose_for_need(new_need("published"))
    proposal = Proposal.objects.get()
    mark_seen([proposal])
    first = Proposal.objects.get().provider_seen_at
    time_machine.move_to(timezone.now() + timedelta(days=1))
    mark_seen([proposal])
    assert Proposal.objects.get().provider_seen_at == first


# Applications, invitations and the time to answer.

FAILING_ROW = {"measurand": "长度示值误差", "range_text": "(0~1) mm", "uncertainty_text": "U=9 mm (k=2)"}


def last_step(proposal):
    return proposal.events.values_list("action", "source", "target", "note").last()


def test_an_institute_applies_with_the_best_of_its_own(new_need, new_capability, provider):
    new_capability("数字压力计", lines=[PRESSURE_ROW], discipline="mechanics")
    new_capability("坐标测量机")
    need = new_need("published")
    proposal = apply_for_need(need, actor=provider, note=" 可派人到现场 ")
    assert (proposal.capability.title, proposal.origin, proposal.status) == (
        "坐标测量机",
        "applied",
        "provider_interested",
    )
    assert last_step(proposal) == ("apply", "generated", "provider_interested", "可派人到现场")
    assert from_json(Pairing, proposal.pairing).key == str(proposal.capability_id)


def test_an_application_for_what_was_proposed_is_its_answer(new_need, capability, provider):
    need = new_need("published")
    propose_for_need(need)
    proposal = apply_for_need(need, actor=provider)
    assert (proposal, proposal.origin) == (Proposal.objects.get(), "matched")
    assert last_step(proposal) == ("provider_accept", "proposed", "provider_interested", "")


def test_two_wishes_meet(new_need, capability, provider, owner, institute):
    need = new_need("published")
    apply_for_need(need, actor=provider)
    proposal = invite_institute(need, institute, actor=owner)
    assert (Proposal.objects.get().status, proposal.status, proposal.origin) == ("mutual", "mutual", "applied")


@pytest.mark.parametrize("refusing", ["owner", "provider"])
def test_what_was_refused_is_not_asked_again(refusing, new_need, capability, people):
    need = new_need("published")
    propose_for_need(need)
    step = "enterprise_decline" if refusing == "owner" else "provider_decline"
    move_proposal(Proposal.objects.get(), step, actor=people[refusing], reason="price")
    with pytest.raises(TransitionError, match="当前状态是“不合适”"):
        apply_for_need(need, actor=people["provider"])
    assert stored("status") == {"坐标测量机": ("declined",)}


def test_what_expired_can_be_taken_up_again(new_need, capability, provider, time_machine):
    need = new_need("published")
    propose_for_need(need)
    time_machine.move_to(timezone.now() + timedelta(days=16))
    assert (expire_proposals(), stored("status", "origin")) == (1, {"坐标测量机": ("expired", "matched")})
    apply_for_need(need, actor=provider)
    assert stored("status", "origin", "answer_due_on") == {
        "坐标测量机": ("provider_interested", "applied", timezone.localdate() + timedelta(days=14))
    }


@pytest.mark.parametrize("wish", ["apply", "invite", "accept"])
def test_what_does_not_fit_is_brought_to_the_institute_by_a_wish(
    wish, new_need, new_capability, institute, provider, owner
):
    new_capability(lines=[FAILING_ROW])
    need = new_need("published")
    propose_for_need(need)
    proposal = Proposal.objects.get()
    assert (proposal.verdict, proposal.next_move) == ("fail", "enterprise")
    assert not Proposal.objects.received_by(provider).exists()
    if wish == "apply":
        apply_for_need(need, actor=provider)
    elif wish == "invite":
        invite_institute(need, institute, actor=owner)
    else:
        move_proposal(proposal, "enterprise_accept", actor=owner)
    assert Proposal.objects.received_by(provider).values_list("origin", "status").get() == (
        ("applied", "provider_interested") if wish == "apply" else ("invited", "enterprise_interested")
    )


@pytest.mark.parametrize("step", ["enterprise_decline", None])
def test_what_does_not_fit_and_nobody_wished_for_never_reaches_the_institute(
    step, new_need, new_capability, provider, owner, time_machine
):
    new_capability(lines=[FAILING_ROW])
    propose_for_need(new_need("published"))
    if step:
        move_proposal(Proposal.objects.get(), step, actor=owner, reason="range")
    time_machine.move_to(timezone.now() + timedelta(days=16))
    expire_proposals()
    assert stored("status") == {"坐标测量机": ("declined" if step else "expired",)}
    assert not Proposal.objects.received_by(provider).exists()


def test_who_may_apply(new_need, capability, people, unverified_provider):
    need = new_need("published")
    refused = {}
    for name, user in {**people, "unverified_provider": unverified_provider}.items():
        try:
            apply_for_need(need, actor=user)
        except NotPermitted as error:
            refused[name] = str(error)
    assert set(refused) == {*people, "unverified_provider"} - {"provider"}
    assert set(refused.values()) == {"只有已通过核验的机构可以申请对接。"}


@pytest.mark.parametrize(
    ("status", "level"), [("draft", 1), ("submitted", 1), ("withdrawn", 1), ("contracted", 1), ("published", 2)]
)
def test_one_applies_for_open_public_needs_only(status, level, new_need, capability, provider):
    with pytest.raises(TransitionError) as refusal:
        apply_for_need(new_need(status, level=level), actor=provider)
    assert (str(refusal.value), Proposal.objects.count()) == ("只能申请对接公开的、正在征集的需求。", 0)


def test_one_still_applies_while_others_are_docking(new_need, capability, provider):
    assert apply_for_need(new_need("docking"), actor=provider).status == "provider_interested"


def test_who_has_published_nothing_cannot_apply_or_be_invited(new_need, new_capability, provider, owner, institute):
    new_capability(status="draft")
    need = new_need("published")
    with pytest.raises(TransitionError, match="请先在“能力维护”里发布"):
        apply_for_need(need, actor=provider)
    with pytest.raises(TransitionError, match="测试计量院还没有已发布的能力"):
        invite_institute(need, institute, actor=owner)


def test_who_may_invite(new_need, capability, institute, people):
    need = new_need("published")
    refused = set()
    for name, user in people.items():
        try:
            invite_institute(need, institute, actor=user)
        except NotPermitted:
            refused.add(name)
        except TransitionError:
            assert name == "colleague"
    assert refused == set(people) - {"owner", "colleague"}


def test_an_invitation_for_a_confidential_need_lets_the_institute_know_of_it(
    new_need, capability, institute, owner, provider
):
    need = new_need("published", level=2)
    propose_for_need(need)
    proposal = invite_institute(need, institute, actor=owner)
    assert last_step(proposal) == ("invite", "generated", "enterprise_interested", "")
    assert list(Proposal.objects.received_by(provider)) == [proposal]
    assert need.grants.values_list("organisation__name", "sees_detail", "sees_contact").get() == (
        "测试计量院",
        False,
        False,
    )


def test_what_only_the_organiser_sees_is_not_for_invitations(new_need, capability, institute, owner):
    with pytest.raises(TransitionError, match="请联系组织方推荐"):
        invite_institute(new_need("published", level=3), institute, actor=owner)


def test_consent_lets_this_institute_know_of_the_need_and_no_other(
    new_need, capability, new_user, new_organisation, provider, organiser, owner
):
    need = new_need("published", level=3)
    other = new_user("别家业务员")
    new_organisation("institute", founder=other, name="别家计量院")
    propose_for_need(need)
    proposal = Proposal.objects.get()
    move_proposal(proposal, "ask_consent", actor=organiser)
    assert not Need.objects.visible_to(provider).exists()
    move_proposal(proposal, "consent", actor=owner)
    seen = {user.name: sight_of(Need.objects.get(), user) for user in (provider, other)}
    assert seen == {"机构业务员": "teaser", "别家业务员": None}
    # What was consented to is not what the need says from now on.
    move_need(Need.objects.get(), "revise", actor=owner, note="补充")
    assert not Need.objects.visible_to(provider).exists()


@pytest.mark.parametrize("level", [1, 2])
def test_when_both_agree_the_institute_learns_whom_to_call(level, new_need, capability, provider, owner, organiser):
    need = new_need("published", level=level, shows_contact=False)
    propose_for_need(need)
    proposal = Proposal.objects.get()
    if level == 2:
        move_proposal(proposal, "propose", actor=organiser)
    move_proposal(proposal, "enterprise_accept", actor=owner)
    assert disclose(Need.objects.get(), provider).contact == ""
    move_proposal(proposal, "provider_accept", actor=provider)
    shown = disclose(Need.objects.get(), provider)
    assert (shown.contact, shown.organisation_name) == ("顾工 13800000000", "测试企业有限公司")
    assert shown.shows_lines == (level == 1)


@pytest.mark.parametrize(
    ("moment", "expired"),
    [
        ("2026-12-06T23:59:59+08:00", 0),
        ("2026-12-06T16:00:00+00:00", 1),
        ("2026-12-07T00:00:00+08:00", 1),
    ],
)
def test_the_time_to_answer_ends_with_its_last_day_in_shanghai(moment, expired, new_need, capability, time_machine):
    time_machine.move_to("2026-11-22T23:30:00+08:00")
    propose_for_need(new_need("published"))
    assert stored("answer_due_on") == {"坐标测量机": (date(2026, 12, 6),)}
    time_machine.move_to(moment)
    assert [expire_proposals(), expire_proposals()] == [expired, 0]
    expected = ("expired", None) if expired else ("proposed", date(2026, 12, 6))
    assert stored("status", "answer_due_on") == {"坐标测量机": expected}


def test_an_answer_at_the_last_moment_is_not_lost(new_need, capability, owner, time_machine, monkeypatch):
    """While the job looks at what is past its day, the enterprise answers: the other side gets its time anew."""
    propose_for_need(new_need("published"))
    time_machine.move_to(timezone.now() + timedelta(days=16))
    lock, answers = Proposal.lock, [lambda each: move_proposal(each, "enterprise_accept", actor=owner)]

    def answer_first(proposal):
        if answers:
            answers.pop()(Proposal.objects.get(pk=proposal.pk))
        lock(proposal)

    monkeypatch.setattr(Proposal, "lock", answer_first)
    assert expire_proposals() == 0
    assert stored("status", "answer_due_on") == {
        "坐标测量机": ("enterprise_interested", timezone.localdate() + timedelta(days=14))
    }


@pytest.mark.parametrize("answer", ["enterprise_accept", "provider_accept"])
@pytest.mark.parametrize("level", [1, 2])
def test_interest_in_what_has_changed_since_is_asked_for_again(
    level, answer, new_need, capability, provider, owner, organiser
):
    propose_for_need(new_need("published", level=level))
    proposal = Proposal.objects.get()
    if level == 2:
        move_proposal(proposal, "propose", actor=organiser)
    move_proposal(proposal, answer, actor=owner if answer == "enterprise_accept" else provider)
    rematch(everything=True)
    assert Proposal.objects.get().status == answer.replace("accept", "interested")
    update_capability(capability, actor=provider, text="改过")
    rematch()
    assert stored("status", "capability_version") == {"坐标测量机": ("proposed" if level == 1 else "generated", 2)}


def test_interest_in_a_need_that_has_changed_is_asked_for_again(
    new_need, capability, provider, owner, organiser, django_capture_on_commit_callbacks
):
    need = new_need("published")
    propose_for_need(need)
    move_proposal(Proposal.objects.get(), "provider_accept", actor=provider)
    with django_capture_on_commit_callbacks(execute=True):
        move_need(need, "revise", actor=owner, note="补充")
    assert stored("status", "answer_due_on") == {"坐标测量机": ("superseded", None)}
    update_need(need, actor=owner, goal="更准")
    with django_capture_on_commit_callbacks(execute=True):
        move_need(need, "submit", actor=owner)
        move_need(need, "accept", actor=organiser)
        confirm_public_text(need, actor=owner)
        move_need(need, "publish", actor=organiser)
    assert stored("status", "need_version") == {"坐标测量机": ("proposed", 2)}


def test_what_was_passed_on_stands_though_the_matcher_no_longer_finds_it(new_need, capability, organiser, monkeypatch):
    need = new_need("published", level=2)
    propose_for_need(need)
    move_proposal(Proposal.objects.get(), "propose", actor=organiser)
    monkeypatch.setattr(services, "LEAST_SCORE", 101)
    rematch(everything=True)
    assert stored("status") == {"坐标测量机": ("proposed",)}


@pytest.mark.parametrize(("level", "status"), [(1, "proposed"), (2, "generated")])
def test_what_the_matcher_alone_proposed_goes_when_it_no_longer_finds_it(
    level, status, new_need, capability, monkeypatch
):
    propose_for_need(new_need("published", level=level))
    assert stored("status") == {"坐标测量机": (status,)}
    monkeypatch.setattr(services, "LEAST_SCORE", 101)
    rematch(everything=True)
    assert stored("status", "answer_due_on") == {"坐标测量机": ("superseded", None)}


def test_the_best_of_each_institute(new_need, new_capability, new_organisation, new_user, institute):
    new_capability("数字压力计", lines=[PRESSURE_ROW], discipline="mechanics")
    new_capability("坐标测量机")
    silent = new_organisation("institute", name="还没有能力的机构")
    best = services.best_of_each(new_need("published"), [institute.pk, silent.pk])
    assert {key: capability.title for key, (_, capability) in best.items()} == {institute.pk: "坐标测量机"}


def test_how_a_docking_ended_is_kept_as_evidence(new_need, capability):
    propose_for_need(new_need("published"))
    services.record_outcome(Proposal.objects.get(), has_succeeded=False)
    assert stored("has_succeeded") == {"坐标测量机": (False,)}


# Many at once.


def at_once(*tasks):
    """Run the tasks in threads of their own, each with its own connection, and raise what they raise."""
    errors = []

    def run(task):
        try:
            task()
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[task]) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []


@pytest.fixture
def share(tmp_path, transactional_db):
    """Let threads see what there is now; the tests' own SQLite lives in the memory of one connection."""
    with pytest.MonkeyPatch.context() as patch:

        def make_copy():
            if connection.vendor == "sqlite":
                copy = sqlite3.connect(tmp_path / "db.sqlite3")
                connection.connection.backup(copy)
                copy.close()
                # Threads open connections of their own by these settings; this thread keeps the one it has.
                patch.setitem(connection.settings_dict, "NAME", tmp_path / "db.sqlite3")

        yield make_copy


MIXED = ["enterprise_accept", "provider_accept", "enterprise_decline", "provider_decline"]


@pytest.mark.parametrize("steps", [["enterprise_accept"], ["provider_decline"], MIXED])
def test_fifty_answers_at_once_leave_one(steps, new_need, capability, people, share):
    propose_for_need(new_need("published"))
    pk = Proposal.objects.get().pk
    actors = {"enterprise": people["owner"].pk, "provider": people["provider"].pk}
    given, left = [], []
    share()

    def press(step):
        proposal, actor = Proposal.objects.get(pk=pk), User.objects.get(pk=actors[step.partition("_")[0]])
        with suppress(TransitionError):
            given.append(move_proposal(proposal, step, actor=actor, reason="time").action)

    def look():
        proposal = Proposal.objects.get(pk=pk)
        left.append((proposal.status, list(proposal.events.values_list("action", flat=True)), find_break()))

    at_once(*(partial(press, steps[number % len(steps)]) for number in range(50)))
    at_once(look)
    [(status, events, found)] = left
    assert (sorted(given), found) == (sorted(events), None)
    if len(steps) == 1:
        assert len(events) == 1
    else:
        # Both sides said yes, or one of them ended it; whatever came after was refused.
        ended = [event for event in events if event.endswith("decline")]
        assert (status, len(ended)) == ("declined", 1) if ended else ("mutual", 0)
        assert len(events) <= 2


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_two_rematches_at_once_leave_one_set_of_proposals(new_need, new_capability):
    for title in ("坐标测量机", "量块", "测长机"):
        new_capability(title)
    needs = [new_need("published", title=f"三坐标{number}") for number in range(3)]
    Proposal.objects.all().delete()
    MatchState.objects.all().delete()
    at_once(rematch, rematch, lambda: rematch(everything=True))
    assert Proposal.objects.count() == 3 * len(needs)
    assert MatchState.objects.count() == len(needs)
    assert set(Proposal.objects.values_list("status", flat=True)) == {"proposed"}


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_matches_and_answers_at_once_do_not_wait_for_each_other(new_need, new_capability, provider, owner):
    for title in ("坐标测量机", "量块", "测长机", "影像测量仪"):
        new_capability(title)
    propose_for_need(new_need("published"))
    proposals = list(Proposal.objects.all())
    for proposal in proposals:
        move_proposal(proposal, "provider_accept", actor=provider)
    # With the answer of both, the need is written to as well.
    answers = [partial(answer, each.pk, owner.pk, "enterprise_accept") for each in proposals]
    matches = [partial(rematch, everything=True)] * 4
    at_once(*(task for pair in zip(matches, answers, strict=True) for task in pair))
    assert set(Proposal.objects.values_list("status", flat=True)) == {"mutual"}


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_an_answer_during_a_match_is_kept(new_need, capability, provider, monkeypatch):
    need = new_need("published")
    propose_for_need(need)
    pk = Proposal.objects.get().pk
    answered = threading.Thread(target=answer, args=[pk, provider.pk])
    to_json = services.to_json

    def answer_meanwhile(pairing):
        answered.start()
        answered.join(0.5)
        return to_json(pairing)

    monkeypatch.setattr(services, "to_json", answer_meanwhile)
    propose_for_need(need)
    answered.join(60)
    assert Proposal.objects.get().status == "provider_interested"


def answer(proposal, user, step="provider_accept"):
    move_proposal(Proposal.objects.get(pk=proposal), step, actor=User.objects.get(pk=user))
    connection.close()


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_of_two_people_who_press_at_once_one_is_refused(new_need, capability, owner, colleague):
    propose_for_need(new_need("published"))
    pk = Proposal.objects.get().pk
    refusals = []

    def press(user):
        try:
            answer(pk, user.pk, "enterprise_accept")
        except TransitionError as error:
            refusals.append(str(error))

    at_once(lambda: press(colleague), lambda: press(owner))
    assert refusals == ["当前状态是“企业有意”，不能有意向；请刷新页面查看最新状态。"]
    assert Proposal.objects.get().events.count() == 1
    assert Capability.objects.count() == 1


def test_a_need_that_nobody_serves_is_said_to_be_a_gap(new_need, capability):
    line = {"object_name": "甘蔗糖分测定仪", "measurand": "糖度", "range_text": "(8~20) %", "accuracy_text": "±0.2 %"}
    need = new_need("published", lines=[line], public_title="甘蔗糖分", public_text="甘蔗入厂糖分快速测定。")
    propose_for_need(need)
    assert need.match_state.gap["aspect"] == "object"


def test_a_need_that_somebody_serves_is_no_gap(new_need, capability):
    need = new_need("published")
    propose_for_need(need)
    assert need.match_state.gap is None
