"""The bell: it counts while somebody looks, keeps quiet while nobody does, and leads to what happened."""

import re

import pytest
from playwright.sync_api import expect

from accounts.enums import NoticeKind
from accounts.notices import notify

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def tell(user, text="台账有 2 件事今天到期，请登记进展。"):
    notify([user], kind=NoticeKind.LEDGER, text=text, url="/needs/mine/")


def look(page, *, hidden=False):
    """Have the page believe that its window came to the front, or went away."""
    page.evaluate("hidden => Object.defineProperty(document, 'hidden', {value: hidden, configurable: true})", hidden)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_a_notice_rings_the_bell_and_leads_to_what_happened(open_as, new_user, enterprise):
    reader = new_user()
    page = open_as(reader)
    expect(page.locator("#bell")).not_to_contain_text(re.compile(r"\d"))

    tell(reader)
    look(page)
    expect(page.locator("#bell")).to_contain_text("1 条未读")

    page.locator("#bell").click()
    expect(page.locator(".table__row--unread")).to_have_count(1)
    page.get_by_role("link", name="台账有 2 件事今天到期").click()
    expect(page).to_have_url(re.compile("/needs/mine/$"))
    expect(page.locator("#bell")).not_to_contain_text(re.compile(r"\d"))


def test_the_bell_asks_by_itself_but_not_behind_other_windows(open_as, new_user):
    reader = new_user()
    page = open_as(reader, "about:blank")
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/notices/count/" in request.url else None)
    page.clock.install()
    page.goto("/")
    look(page, hidden=True)
    page.clock.run_for(120_000)
    assert asked == []

    tell(reader)
    look(page)
    expect(page.locator("#bell")).to_contain_text("1 条未读")
    tell(reader)
    page.clock.run_for(31_000)
    expect(page.locator("#bell")).to_contain_text("2 条未读")
    assert [url.rpartition("/")[2] for url in asked] == ["?shown=0", "?shown=1"]


def test_the_bell_keeps_the_focus_when_its_number_changes(open_as, new_user):
    reader = new_user()
    page = open_as(reader)
    page.locator("#bell").focus()
    tell(reader)
    look(page)
    expect(page.locator("#bell")).to_contain_text("1 条未读")
    expect(page.locator("#bell")).to_be_focused()


def test_everything_is_marked_read_without_scripts(open_as, new_user):
    reader = new_user()
    for _ in range(3):
        tell(reader)
    page = open_as(reader, scripts=False)
    page.locator("#bell").click()
    expect(page.locator(".table__row--unread")).to_have_count(3)
    page.get_by_role("button", name="全部标为已读").click()
    expect(page.locator(".table__row--unread")).to_have_count(0)
    expect(page.get_by_role("button", name="全部标为已读")).to_have_count(0)


def test_rhythms_are_chosen_in_a_table(open_as, new_user):
    reader = new_user()
    page = open_as(reader, "/notices/preferences/")
    page.get_by_role("radio", name="对接：即时").check()
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("通知设置已保存。")).to_be_visible()
    expect(page.get_by_role("radio", name="对接：即时")).to_be_checked()
    assert list(reader.notice_preferences.exclude(rhythm="daily").values_list("kind", "rhythm")) == [
        ("docking", "immediate")
    ]
