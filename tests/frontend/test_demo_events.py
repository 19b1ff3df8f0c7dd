"""The demo challenges: every key leads somewhere, and the finished one has the figures of 2022."""

import json
from collections import Counter
from pathlib import Path

import pytest

DEMO = Path(__file__).parents[2] / "frontend" / "demo"
OUTCOMES = {"selected", "commended", "not_selected", "not_admitted"}
NO_TEXT_NEEDED = {"selected", "not_admitted"}


def read_demo(name):
    return [json.loads(line) for line in (DEMO / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def events():
    return {event["key"]: event for event in read_demo("challenges")}


@pytest.fixture(scope="module")
def needs():
    return {need["key"]: need for need in read_demo("needs")}


def test_the_finished_event_reads_like_that_of_2022(events):
    event = events["finished"]
    solutions = event["solutions"]
    matched = {each["need"] for each in solutions if each["outcome"] == "selected"}
    assert (len(event["entries"]), len(solutions), len(matched)) == (56, 29, 13)
    assert len(set(event["entries"]) - set(event["dropped"])) == 28
    assert event["follow_ups"]["3"].keys() == matched


def test_the_events_are_in_these_phases(events):
    assert {key: event["status"] for key, event in events.items()} == {
        "finished": "tracking",
        "running": "solving",
        "screening": "screening",
    }


def test_every_need_is_published_known_to_all_and_in_one_event(events, needs):
    entered = Counter(key for event in events.values() for key in event["entries"])
    assert set(entered.values()) == {1}
    assert {(needs[key]["status"], needs[key]["level"] < 3) for key in entered} == {("published", True)}
    # What is told of them in the stories of dockings is another tale.
    assert entered.keys() & {story["need"] for story in read_demo("stories")} == set()


def test_solutions_answer_items_of_the_board_line_by_line(events, needs):
    bodies = {body["key"] for body in read_demo("organisations") if body["kind"] not in {"enterprise", "authority"}}
    for event in events.values():
        answered = [(each["need"], each["institute"]) for each in event["solutions"]]
        assert len(set(answered)) == len(answered)
        assert {need for need, _ in answered} <= set(event["entries"]) - set(event["dropped"])
        assert {institute for _, institute in answered} <= bodies
        lines = {each["need"]: needs[each["need"]]["lines"] or each["own"] for each in event["solutions"]}
        wrong = [each for each in event["solutions"] if len(each["promises"]) != len(lines[each["need"]])]
        assert wrong == []


def test_whoever_did_not_succeed_is_told_why(events):
    solutions = events["finished"]["solutions"]
    assert {each["outcome"] for each in solutions} == OUTCOMES
    assert [each["title"] for each in solutions if not each["text"] and each["outcome"] not in NO_TEXT_NEEDED] == []
    assert [each["title"] for each in solutions if each["outcome"] == "not_admitted" and not each["rejection"]] == []


def test_amounts_are_apart_and_grow_smaller(events):
    for each in events["finished"]["solutions"]:
        agreed = each.get("agreement", {})
        contract = agreed.get("contract", 0)
        assert agreed.get("intent", 0) >= contract >= agreed.get("paid", 0)
        assert contract in {0, each["price"]}
