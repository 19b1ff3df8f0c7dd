"""The organiser screens a need: returns it with a reason, and publishes what comes back improved."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_need_is_returned_improved_accepted_confirmed_and_published(open_as, owner, organiser, new_need):
    need = new_need("submitted", title="三坐标年度校准", lines=(), public_title="", public_text="")
    desk = open_as(organiser, "/needs/desk/")
    desk.get_by_role("link", name="三坐标年度校准").click()

    # Neither step is open yet, and each says what is missing.
    desk.get_by_role("button", name="受理", exact=True).click()
    expect(desk.locator("#messages")).to_contain_text("至少要有一行指标")
    desk.get_by_label("退回补充的理由").fill("请补充测量范围和允许误差。")
    desk.get_by_role("button", name="退回补充").click()
    expect(desk.locator("#messages")).to_contain_text("退回补充")

    engineer = open_as(owner, "/needs/mine/")
    engineer.get_by_role("link", name="三坐标年度校准").click()
    expect(engineer.locator(".message--warning")).to_contain_text("请补充测量范围和允许误差。")
    engineer.get_by_role("link", name="继续填写").click()
    engineer.get_by_role("button", name=re.compile("下一步")).click()
    engineer.get_by_label("被测对象").first.fill("坐标测量机")
    engineer.get_by_label("参量").first.fill("长度示值误差")
    engineer.get_by_label("测量范围或测量点").first.fill("0~500 mm")
    engineer.get_by_label("准确度要求").first.fill("MPE ±(1.5+L/350) μm")
    engineer.get_by_role("button", name=re.compile("下一步")).click()
    engineer.get_by_role("button", name="提交给组织方").click()
    expect(engineer.locator("#messages")).to_contain_text("已提交")

    desk.goto(need.get_absolute_url())
    desk.get_by_label("公开标题").fill("坐标测量机校准")
    desk.get_by_label("公开内容（脱密）").fill("坐标测量机 0~500 mm，MPE ±(1.5+L/350) μm。")
    desk.get_by_role("button", name="保存公开内容").click()
    desk.get_by_role("button", name="受理", exact=True).click()
    expect(desk.locator("#messages")).to_contain_text("已受理")

    engineer.goto(need.get_absolute_url())
    engineer.get_by_role("button", name="确认公开内容").click()
    desk.goto(need.get_absolute_url())
    desk.get_by_role("button", name="发布", exact=True).click()
    expect(desk.locator("#messages")).to_contain_text("已发布")

    visitor = open_as(None, "/needs/")
    visitor.get_by_role("link", name="坐标测量机校准").click()
    expect(visitor.locator("main")).to_contain_text("MPE ±(1.5+L/350) μm")
    expect(visitor.locator("main")).not_to_contain_text("三坐标年度校准")
