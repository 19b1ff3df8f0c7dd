"""The form of a need works without JavaScript, from the first sentence to the submission."""

import re

import pytest
from playwright.sync_api import expect

from needs.models import Need

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PROBLEM = "我们车间有一台三坐标，量程 0~500 mm，最大允许误差 ±(1.5+L/350) μm，三年没校过了。"


def test_a_need_is_written_and_submitted_without_javascript(open_as, owner, enterprise):
    engineer = open_as(owner, "/needs/new/", scripts=False)
    engineer.get_by_label("需求名称").fill("三坐标年度校准")
    engineer.get_by_label("需求内容").fill(PROBLEM)
    engineer.get_by_role("button", name=re.compile("下一步")).click()

    engineer.get_by_role("button", name="采用").first.click()
    expect(engineer.get_by_label("测量范围或测量点").first).to_have_value(re.compile("0~500"))
    engineer.get_by_label("被测对象").nth(1).fill("量块")
    engineer.get_by_label("参量").nth(1).fill("中心长度")
    engineer.get_by_role("button", name=re.compile("加一行|添加|增加")).click()
    expect(engineer.get_by_label("被测对象")).to_have_count(3)
    engineer.get_by_label("删除").nth(1).check()
    engineer.get_by_role("button", name=re.compile("下一步")).click()

    engineer.get_by_role("button", name="提交给组织方").click()
    expect(engineer.locator("#messages")).to_contain_text("联系人")
    engineer.get_by_label("联系人").fill("顾工")
    engineer.get_by_label("联系电话").fill("13800000000")
    engineer.get_by_label("承诺不含涉密内容").check()
    engineer.get_by_label("承诺内容真实").check()
    engineer.get_by_role("button", name="提交给组织方").click()
    expect(engineer.locator("#messages")).to_contain_text("已提交")
    assert list(Need.objects.values_list("status", "lines__object_name")) == [("submitted", "三坐标")]
