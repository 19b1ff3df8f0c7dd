"""The proposals come in while somebody looks: the page asks until the worker has matched the need."""

import pytest
from playwright.sync_api import expect

from matching.jobs import match_need

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("place", ["the need", "its proposals"])
def test_proposals_fill_in_when_the_worker_is_done(open_as, owner, new_need, capability, monkeypatch, place):
    # Published, and the worker has not come to it yet.
    monkeypatch.setattr("matching.receivers.queue_match", lambda need: None)
    need = new_need("published")
    paths = {"the need": need.get_absolute_url(), "its proposals": f"/matching/needs/{need.pk}/"}
    engineer = open_as(owner, paths[place])
    expect(engineer.locator("#proposals")).to_contain_text("正在与全部能力逐行比对")

    match_need(str(need.pk))
    expect(engineer.locator("#proposals article.proposal")).to_contain_text("测试计量院")
    expect(engineer.locator("#proposals")).not_to_contain_text("正在与全部能力逐行比对")
