"""Post a need → read → publish → see explained pairings, in three windows."""

import re

import pytest
from playwright.sync_api import expect

from needs.models import Need

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PROBLEM = "我们车间有一台三坐标，量程 0~500 mm，最大允许误差 ±(1.5+L/350) μm，三年没校过了，最近一批缸体总是测不准。"


def test_a_need_is_read_submitted_screened_published_and_matched(open_as, owner, enterprise, organiser, capability):
    engineer = open_as(owner, "/needs/new/")
    engineer.get_by_label("需求名称").fill("三坐标年度校准")
    engineer.get_by_label("需求内容").press_sequentially(PROBLEM, delay=1)
    reading = engineer.locator("#reading")
    expect(reading).to_contain_text("0~500 mm")
    expect(engineer.locator("#draft-state")).to_contain_text("自动保存")
    reading.get_by_role("button", name="采用").first.click()

    expect(engineer).to_have_url(re.compile(r"/edit/2/$"))
    expect(engineer.get_by_label("测量范围或测量点").first).to_have_value(re.compile("0~500"))
    engineer.get_by_role("button", name=re.compile("下一步")).click()

    engineer.get_by_label("联系人").fill("顾工")
    engineer.get_by_label("联系电话").fill("13800000000")
    engineer.get_by_label("承诺不含涉密内容").check()
    engineer.get_by_label("承诺内容真实").check()
    engineer.get_by_role("button", name="提交给组织方").click()
    expect(engineer.locator("#messages")).to_contain_text("已提交")
    address = engineer.url

    desk = open_as(organiser, "/needs/desk/")
    desk.get_by_role("link", name="三坐标年度校准").click()
    desk.get_by_label("公开标题").fill("坐标测量机校准")
    desk.get_by_label("公开内容（脱密）").fill("坐标测量机 0~500 mm 校准。")
    desk.get_by_role("button", name="保存公开内容").click()
    desk.get_by_role("button", name="受理", exact=True).click()
    desk.get_by_role("button", name="发布", exact=True).click()
    expect(desk.locator("#messages")).to_contain_text("尚未经企业确认")

    engineer.goto(address)
    engineer.get_by_role("button", name="确认公开内容").click()
    expect(engineer.locator("#messages")).to_contain_text("已确认")
    desk.get_by_role("button", name="发布", exact=True).click()
    expect(desk.locator("#messages")).to_contain_text("已发布")

    engineer.goto(address)
    card = engineer.locator("article.proposal").first
    expect(card).to_contain_text("测试计量院")
    expect(card).to_contain_text("满足")
    card.get_by_text("推导过程").click()
    expect(card.locator(".derivation").first).to_be_visible()


def test_going_back_finds_the_draft_that_was_saved_while_writing(open_as, owner, enterprise):
    engineer = open_as(owner, "/needs/new/", width=390)
    engineer.get_by_label("需求名称").fill("三坐标年度校准")
    engineer.get_by_label("需求内容").fill(PROBLEM)
    expect(engineer.locator("#draft-state")).to_contain_text("自动保存")
    expect(engineer).to_have_url(re.compile(r"/edit/1/$"))
    engineer.get_by_role("button", name=re.compile("下一步")).click()
    expect(engineer).to_have_url(re.compile(r"/edit/2/$"))

    engineer.go_back()
    expect(engineer.get_by_label("需求内容")).to_have_value(PROBLEM)
    engineer.get_by_role("button", name=re.compile("下一步")).click()
    expect(engineer).to_have_url(re.compile(r"/edit/2/$"))
    assert [need.title for need in Need.objects.all()] == ["三坐标年度校准"]


def test_pressing_twice_makes_one_draft(open_as, owner, enterprise):
    engineer = open_as(owner, "/needs/new/")
    engineer.get_by_label("需求名称").fill("三坐标年度校准")
    engineer.get_by_role("button", name=re.compile("下一步")).dblclick()
    expect(engineer).to_have_url(re.compile(r"/edit/2/$"))
    assert [need.title for need in Need.objects.all()] == ["三坐标年度校准"]


def test_what_is_wrong_is_told_at_the_top_and_the_rest_is_kept(open_as, owner, need):
    engineer = open_as(owner, f"/needs/{need.pk}/edit/3/", width=390)
    engineer.get_by_label("联系电话").fill("123")
    engineer.get_by_label("联系人").fill("孟工")
    engineer.get_by_role("button", name="提交给组织方").click()
    engineer.get_by_role("alert").get_by_role("link", name="联系电话").click()
    expect(engineer.get_by_label("联系电话")).to_be_in_viewport()
    expect(engineer.get_by_label("联系电话")).to_have_value("123")
    assert Need.objects.get(pk=need.pk).contact_name == "孟工"
