"""A new institute: sign up → found the organisation → be verified → publish a capability by hand."""

import re

import pytest
from playwright.sync_api import expect

from tests.conftest import PASSWORD, credit_code

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_newcomer_signs_up_is_verified_and_publishes_a_capability(open_as, organiser):
    newcomer = open_as(None, "/")
    newcomer.get_by_role("link", name="注册").click()
    newcomer.get_by_label("邮箱").fill("desk@new.example.com")
    newcomer.get_by_label("姓名").fill("林工")
    newcomer.get_by_label(re.compile("^密码(?!确认)")).fill(PASSWORD)
    newcomer.get_by_label("密码确认").fill(PASSWORD)
    newcomer.get_by_role("button", name="注册").click()

    newcomer.get_by_label("单位名称").fill("江北新区计量测试所")
    newcomer.get_by_label("单位类型").select_option(label="计量技术机构")
    code = newcomer.locator("form.section").get_by_label("统一社会信用代码")
    code.fill("123")
    newcomer.get_by_label("所在地区").select_option("320500")
    newcomer.get_by_role("button", name="登记单位").click()
    # What was entered stays while the code is put right.
    expect(newcomer.get_by_label("单位名称")).to_have_value("江北新区计量测试所")
    code.fill(credit_code(77))
    newcomer.get_by_role("button", name="登记单位").click()
    expect(newcomer.locator("main")).to_contain_text("待核验")

    desk = open_as(organiser, "/accounts/organisations/desk/")
    desk.get_by_role("row", name="江北新区计量测试所").get_by_role("button", name="核验通过").click()
    expect(desk.locator("#messages")).to_contain_text("江北新区计量测试所 已核验")

    newcomer.goto("/capabilities/mine/")
    newcomer.get_by_role("link", name="现有能力").click()
    newcomer.get_by_label("能力名称").fill("数字压力计")
    newcomer.get_by_label("被测量").first.fill("压力")
    newcomer.get_by_label("测量范围").first.fill("(0~60) MPa")
    newcomer.get_by_label("扩展不确定度").first.fill("Urel=0.02 % (k=2)")
    newcomer.get_by_role("button", name="保存").click()
    newcomer.get_by_role("button", name="发布").click()
    expect(newcomer.locator("#messages")).to_contain_text("已发布")

    visitor = open_as(None, "/capabilities/")
    expect(visitor.get_by_role("row", name="数字压力计")).to_contain_text("江北新区计量测试所")
