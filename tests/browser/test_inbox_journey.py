"""What an institute learns of a need: why it was not proposed, and of a confidential need only the teaser."""

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_an_institute_learns_why_it_was_not_proposed(open_as, provider, new_need, new_capability):
    need = new_need("published")
    new_capability(
        lines=[{"measurand": "长度示值误差", "range_text": "(0~300) mm", "uncertainty_text": "U=5 μm (k=2)"}]
    )
    desk = open_as(provider, need.get_absolute_url())
    desk.get_by_role("link", name="看看本机构的匹配情况").click()
    card = desk.locator("article.proposal")
    expect(card).to_contain_text("坐标测量机")
    expect(card).to_contain_text("不满足")
    card.get_by_text("推导过程").click()
    expect(card.locator(".derivation").first).to_be_visible()


def test_a_confidential_need_is_a_teaser_until_the_organiser_passes_it_on(
    open_as, provider, organiser, new_need, capability
):
    need = new_need("published", level=2)
    institute = open_as(provider, "/matching/inbox/")
    expect(institute.locator("#inbox-table")).to_contain_text("还没有匹配到的需求")
    institute.goto(need.get_absolute_url())
    teaser = institute.locator("main")
    expect(teaser).to_contain_text("坐标测量机校准")
    expect(teaser).to_contain_text("签署保密协议后可见")
    expect(teaser).not_to_contain_text("0~500 mm")

    desk = open_as(organiser, need.get_absolute_url())
    desk.locator("article.proposal").get_by_role("link", name="坐标测量机").click()
    desk.get_by_role("button", name="推荐给机构").click()
    expect(desk.locator("#messages")).to_contain_text("已推荐")

    institute.goto("/matching/inbox/")
    institute.locator("#inbox-table").get_by_role("link", name="坐标测量机校准").click()
    expect(teaser).to_contain_text("签署保密协议后可见")
    expect(teaser).not_to_contain_text("0~500 mm")
    institute.get_by_role("button", name="有意向").click()
    expect(institute.locator("#messages")).to_contain_text("机构有意")
