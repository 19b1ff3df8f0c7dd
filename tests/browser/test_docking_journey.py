"""Two people in two windows, from a proposal to a published case; and the ways of confidential needs."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from matching.learning import grades_of_use
from matching.models import Proposal
from matching.services import propose_for_need
from partnerships.models import Docking

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


class Window:
    """One person's window, and the steps that come again and again."""

    def __init__(self, page):
        self.page = page

    def press(self, name, *, within="main"):
        self.page.locator(within).get_by_role("button", name=name, exact=True).first.click()

    def says(self, text):
        expect(self.page.locator("#messages")).to_contain_text(text)

    def shows(self, text):
        expect(self.page.locator("main")).to_contain_text(text)

    def goto(self, record):
        self.page.goto(record if isinstance(record, str) else record.get_absolute_url())

    def fill(self, **fields):
        for label, text in fields.items():
            self.page.locator("main").get_by_label(re.compile(f"^{re.escape(label)}")).first.fill(text)


def proposal_of(need, capability) -> Proposal:
    propose_for_need(need)
    return Proposal.objects.get(need=need, capability=capability)


def move_on(asking: Window, answering: Window, docking, stage):
    """One asks for the next stage, the other agrees."""
    asking.goto(docking)
    asking.page.get_by_label("下一阶段").select_option(stage)
    asking.press("申请进入下一阶段")
    answering.goto(docking)
    answering.press("同意")
    docking.refresh_from_db()
    assert docking.status == stage


def test_from_a_proposal_to_a_published_case(open_as, owner, provider, organiser, new_need, capability):
    need = new_need("published", level=2, title="内部称呼的三坐标", problem="客户 X 的型面要求")
    proposal = proposal_of(need, capability)
    organiser_window = Window(open_as(organiser, proposal.get_absolute_url()))
    organiser_window.press("推荐给机构")

    desk, engineer = Window(open_as(provider, proposal.get_absolute_url())), Window(open_as(owner))
    desk.shows("签署保密协议后可见")
    desk.press("有意向")
    engineer.goto(proposal)
    engineer.press("有意向")
    docking = Docking.objects.get()

    # What the enterprise keeps to itself is read only under the agreement.
    desk.goto(need)
    expect(desk.page.locator("main")).not_to_contain_text("客户 X 的型面要求")
    desk.press("申请查看详情")
    desk.page.get_by_label(re.compile("已阅读并同意")).check()
    desk.press("签署")
    agreement = need.confidentiality.get()
    engineer.goto(agreement)
    engineer.page.get_by_label(re.compile("已阅读并同意")).check()
    engineer.press("签署")
    desk.goto(need)
    desk.shows("客户 X 的型面要求")
    engineer.goto(need)
    engineer.shows("查看记录")
    engineer.shows("机构业务员")

    desk.goto(docking)
    if not desk.page.get_by_label("参加人").first.is_visible():
        desk.page.get_by_text("记一次联系").click()
    desk.fill(参加人="顾工，陆工", 结论="可按 JJF 1064 校准", 下一步="出方案")
    desk.page.locator("[name$=next_on]").fill(f"{timezone.localdate() + timedelta(days=5):%Y-%m-%d}")
    desk.press("保存联系记录")
    engineer.goto(docking)
    engineer.shows("可按 JJF 1064 校准")

    for stage in ("solution", "negotiation", "intent"):
        move_on(desk, engineer, docking, stage)
    desk.goto(docking)
    desk.page.get_by_role("link", name="登记协议").click()
    desk.fill(协议名称="坐标测量机校准服务")
    desk.page.get_by_label(re.compile("合同金额")).fill("1.1")
    desk.page.locator("[name$=signed_on]").fill(f"{timezone.localdate():%Y-%m-%d}")
    desk.press("保存，交双方确认")
    desk.press("确认协议")
    engineer.goto(docking.agreements.get())
    engineer.shows("1.1")
    engineer.press("确认协议")
    for stage in ("contract", "execution", "delivery"):
        move_on(desk, engineer, docking, stage)
    desk.goto(docking)
    desk.page.get_by_role("link", name="填写验收记录").click()
    desk.page.get_by_label(re.compile("达到的不确定度")).fill("U=0.3 μm (k=2)")
    desk.fill(验收结论="各项达到要求")
    desk.press("保存并判定")
    move_on(desk, engineer, docking, "acceptance")
    for window, words in ((engineer, "证书清楚"), (desk, "配合很好")):
        window.goto(f"{docking.get_absolute_url()}acceptance/")
        window.page.get_by_label("评分").select_option("5")
        window.fill(评语=words)
        window.press("保存评分")
    move_on(engineer, desk, docking, "closed")

    engineer.goto(docking)
    engineer.page.get_by_role("link", name="撰写案例").click()
    engineer.fill(
        案例标题="三坐标的不确定度怎么变小", 遇到的问题="证书不确定度太大", 解决办法="激光干涉仪", 取得的成效="审核通过"
    )
    engineer.press("保存并查看页面")
    engineer.press("同意发布")
    desk.goto(docking.case)
    desk.press("同意发布")
    visitor = Window(open_as(None, "/cases/"))
    visitor.page.get_by_role("link", name="三坐标的不确定度怎么变小").click()
    visitor.shows("激光干涉仪")
    need.refresh_from_db()
    assert (need.status, docking.agreements.get().contract_amount) == ("resolved", 11_000)


def test_a_need_for_organisers_only_is_released_by_name_with_consent(
    open_as, owner, provider, organiser, new_need, capability
):
    need = new_need("published", level=3)
    proposal = proposal_of(need, capability)
    desk = Window(open_as(provider, "/matching/inbox/"))
    expect(desk.page.get_by_text(need.public_title)).to_have_count(0)
    organiser_window = Window(open_as(organiser, proposal.get_absolute_url()))
    organiser_window.press("征求企业同意")
    engineer = Window(open_as(owner, proposal.get_absolute_url()))
    engineer.press("同意推荐")
    desk.goto("/matching/inbox/")
    desk.page.get_by_role("link", name=need.public_title).click()
    desk.press("有意向")
    engineer.goto(proposal)
    engineer.press("有意向")
    assert Docking.objects.get().need == need


def test_a_decline_with_its_reason_becomes_evidence(open_as, provider, new_need, capability):
    need = new_need("published")
    proposal = proposal_of(need, capability)
    desk = Window(open_as(provider, proposal.get_absolute_url()))
    desk.page.locator("#reason").select_option("range")
    desk.page.locator("#note").fill("量程只到 300 mm")
    desk.press("不合适")
    desk.says("不合适")
    desk.shows("量程只到 300 mm")
    assert grades_of_use() == {need.pk: {str(capability.pk): 1}}
