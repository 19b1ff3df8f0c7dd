"""The calendar file: what calendar programs need to keep the phases up to date (RFC 5545)."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from challenges.ical import escape, fold, utc
from challenges.services.challenges import extend_window, move_challenge

DAY = timedelta(days=1)
OPENS = datetime(2026, 6, 1, 9, tzinfo=ZoneInfo("Asia/Shanghai"))


def read(content):
    """The events of a calendar by the name of their phase, as a calendar program reads them."""
    assert content.endswith(b"\r\n")
    lines = content.replace(b"\r\n ", b"").decode().split("\r\n")[:-1]
    assert (lines[0], lines[-1]) == ("BEGIN:VCALENDAR", "END:VCALENDAR")
    events = "\n".join(lines).split("BEGIN:VEVENT\n")[1:]
    found = [dict(line.split(":", 1) for line in event.split("\nEND:VEVENT")[0].split("\n")) for event in events]
    return {event["SUMMARY"].rsplit("：", 1)[1]: event for event in found}


@pytest.fixture
def calendar_of(client):
    def get(challenge):
        response = client.get(f"/challenges/{challenge.pk}/calendar.ics")
        assert (response.status_code, response["Content-Type"]) == (200, "text/calendar; charset=utf-8")
        return read(response.content)

    return get


@pytest.fixture
def challenge(new_challenge):
    with time_machine.travel(OPENS + 4 * DAY, tick=False):
        yield new_challenge(name="长三角；挑战赛, 第一届")


def test_every_phase_is_an_event_in_universal_time(challenge, calendar_of):
    assert {
        name: (event["DTSTART"], event["DTEND"], event["STATUS"]) for name, event in calendar_of(challenge).items()
    } == {
        "征集": ("20260601T010000Z", "20260615T010000Z", "CONFIRMED"),
        "需求评审": ("20260615T010000Z", "20260629T010000Z", "CONFIRMED"),
        "发榜": ("20260629T010000Z", "20260713T010000Z", "CONFIRMED"),
    }


def test_an_event_has_all_that_the_standard_asks_for(challenge, calendar_of, settings):
    window = challenge.window("collecting")
    assert calendar_of(challenge)["征集"] == {
        "UID": str(window.pk),
        "SEQUENCE": "1",
        "DTSTAMP": "20260605T010000Z",
        "LAST-MODIFIED": "20260605T010000Z",
        "DTSTART": "20260601T010000Z",
        "DTEND": "20260615T010000Z",
        "SUMMARY": "长三角；挑战赛\\, 第一届：征集",
        "URL": f"{settings.SITE_URL}/challenges/{challenge.pk}/",
        "STATUS": "CONFIRMED",
        "TRANSP": "TRANSPARENT",
    }


def test_an_extension_keeps_the_id_and_raises_the_sequence(challenge, calendar_of, organiser):
    before = calendar_of(challenge)["征集"]
    end = challenge.window("collecting").closes_at + DAY
    extend_window(challenge, "collecting", actor=organiser, closes_at=end, reason="台风;停工")
    after = calendar_of(challenge)["征集"]
    assert {key: after[key] for key in ("UID", "SEQUENCE", "DTEND", "DESCRIPTION")} == {
        "UID": before["UID"],
        "SEQUENCE": "2",
        "DTEND": "20260616T010000Z",
        "DESCRIPTION": "原定 2026-06-15 09:00 截止，已延期：台风\\;停工",
    }


def test_a_cancelled_challenge_takes_its_events_back(challenge, calendar_of, organiser):
    move_challenge(challenge, "cancel", actor=organiser, note="有事")
    found = {(event["STATUS"], event["SEQUENCE"]) for event in calendar_of(challenge).values()}
    assert found == {("CANCELLED", "2")}


def test_the_calendar_of_a_draft_is_for_its_organisers(new_challenge, client, as_user, organiser):
    address = f"/challenges/{new_challenge('draft').pk}/calendar.ics"
    assert (client.get(address).status_code, as_user(organiser).get(address).status_code) == (404, 200)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=300))
def test_a_folded_line_has_at_most_75_octets_and_says_the_same(text):
    folded = fold(text)
    lines = folded.removesuffix(b"\r\n").split(b"\r\n")
    assert max(map(len, lines)) <= 75
    # Every line is text of its own: no character is torn.
    assert lines[0].decode() + "".join(line[1:].decode() for line in lines[1:]) == text
    assert all(line.startswith(b" ") for line in lines[1:])


@given(st.text(max_size=100))
def test_an_escaped_text_has_no_bare_separator(text):
    plain = {"\\\\": "\\", "\\;": ";", "\\,": ",", "\\n": "\n"}
    escaped = escape(text)
    assert set(re.sub(r"\\.", "", escaped)) & set("\\;,\r\n") == set()
    assert re.sub(r"\\.", lambda found: plain[found[0]], escaped) == re.sub("\r\n?", "\n", text)


def test_times_are_universal_whatever_their_zone():
    moments = [OPENS.astimezone(ZoneInfo(name)) for name in ("Asia/Shanghai", "America/New_York", "UTC")]
    assert {utc(moment) for moment in moments} == {"20260601T010000Z"}
