"""Objections: who raises them, when, who answers, and who reads them."""

from contextlib import suppress
from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError

from accounts.models import Notice
from challenges.enums import Phase
from challenges.models import Objection
from challenges.outcomes import announcement_of
from challenges.services.challenges import move_challenge
from challenges.services.objections import answer_objection, raise_objection
from core.workflow import NotPermitted, TransitionError
from tests.challenges.conftest import LENGTH, fresh, let_pass

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture
def announced(contest):
    contest.propose()
    contest.release()
    return contest


def test_the_window_is_open_up_to_its_end_but_not_at_it(announced, stranger):
    window = announced.challenge.window(Phase.ANNOUNCED)
    times = [window.opens_at - SECOND, window.opens_at, window.opens_at + SECOND]
    times += [window.closes_at - SECOND, window.closes_at, window.closes_at + SECOND]
    answers = []
    for moment in times:
        with time_machine.travel(moment, tick=False):
            try:
                announced.object(stranger)
                answers.append("")
            except TransitionError as error:
                answers.append(str(error)[:8])
    assert answers == ["公示还没有开始，", "", "", "", "公示已经截止，不", "公示已经截止，不"]
    assert Objection.objects.count() == 3


def test_nothing_is_objected_to_before_the_release(contest, stranger):
    with pytest.raises(TransitionError, match="“方案评审”阶段，不接受异议"):
        contest.object(stranger)


def test_any_member_of_a_verified_organisation_objects_in_its_name(announced, people, unverified_provider):
    able = set()
    for name, user in {**people, "unverified": unverified_provider, "rival": announced.rival}.items():
        bodies = fresh(user).organisations or [announced.best.organisation]
        with suppress(NotPermitted):
            raise_objection(announced.challenge, actor=fresh(user), organisation=bodies[0], text="程序有疑问")
            able.add(name)
    assert able == {"owner", "colleague", "stranger", "provider", "distant_organiser", "rival"}


def test_nobody_objects_in_the_name_of_others(announced, stranger):
    with pytest.raises(NotPermitted):
        raise_objection(
            announced.challenge, actor=fresh(stranger), organisation=announced.best.organisation, text="程序有疑问"
        )


def test_the_organisers_are_told_of_an_objection_and_its_author_of_the_answer(announced, stranger, organiser, provider):
    Notice.objects.all().delete()
    objection = announced.object(stranger, entry=announced.entry)
    assert [(each.user, each.text) for each in Notice.objects.all()] == [
        (organiser, "产业计量挑战赛收到一条公示异议，请核实并答复。")
    ]
    announced.answer(objection)
    assert [each.text for each in stranger.notices.all()] == ["您对产业计量挑战赛公示的异议已答复，请查看。"]
    assert provider.notices.count() == 0


def test_an_objection_is_answered_once_by_who_runs_the_challenge(announced, stranger, people):
    objection = announced.object(stranger)
    for name in ("stranger", "provider", "owner", "distant_organiser", "reviewer"):
        with pytest.raises(NotPermitted):
            answer_objection(objection, actor=fresh(people[name]), is_upheld=True, answer="经核实")
    with pytest.raises(ValidationError, match="请写明核实的情况"):
        announced.answer(objection, answer="  ")
    announced.answer(objection, is_upheld=False, answer=" 评审程序合规 ")
    objection.refresh_from_db()
    given = objection.is_upheld, objection.answer, objection.answered_by
    assert given == (False, "评审程序合规", people["organiser"])
    with pytest.raises(TransitionError, match="已经答复"):
        announced.answer(objection)


def test_only_its_author_and_the_organisers_read_an_objection(announced, stranger, people, new_user):
    announced.object(stranger)
    readers = {name: Objection.objects.visible_to(fresh(user)).count() for name, user in people.items()}
    assert readers == {**dict.fromkeys(people, 0), "stranger": 1, "organiser": 1, "admin": 1}
    found = announcement_of(announced.challenge)
    assert (found.raised, found.answered) == (1, 0)


def test_the_signing_waits_for_the_end_of_the_notice_and_for_every_answer(announced, stranger, organiser):
    objection = announced.object(stranger)
    with pytest.raises(TransitionError, match="公示期已满；每条异议都已答复"):
        move_challenge(announced.challenge, "open_signing", actor=organiser)
    let_pass(announced.challenge, LENGTH)
    with pytest.raises(TransitionError, match="请先完成：每条异议都已答复"):
        move_challenge(announced.challenge, "open_signing", actor=organiser)
    announced.answer(objection, is_upheld=False)
    move_challenge(announced.challenge, "open_signing", actor=organiser)
    assert announced.challenge.status == "signing"


def test_an_objection_names_an_item_of_this_board_and_says_something(announced, stranger, organiser, new_challenge):
    stranger = fresh(stranger)
    body = stranger.organisations[0]
    with pytest.raises(ValidationError, match="请写明对什么有异议"):
        raise_objection(announced.challenge, actor=stranger, organisation=body, text=" ")
    announced.entry.status = "selected"
    announced.entry.save(update_fields=["status"])
    with pytest.raises(ValidationError, match="榜单上没有这个项目"):
        raise_objection(announced.challenge, actor=stranger, organisation=body, text="有误", entry=announced.entry)
