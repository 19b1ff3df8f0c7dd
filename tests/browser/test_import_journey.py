"""Import a scope → preview its errors → publish → the inbox shows the needs it serves."""

import re

import pytest
from playwright.sync_api import expect

from providers.imports import read_import
from tests.providers.scope_files import CALIPER, HEADING, xlsx_file

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MACHINE = ["坐标测量机", "长度示值误差", "JJF 1064", "(0~2000) mm", "U=0.2 μm+0.8×10⁻⁶L", ""]
BROKEN = ["数字压力计", "压力", "JJG 875", "(0~60) MPa", "#REF!", ""]


def scope_upload():
    """A scope of two good rows and a broken one, as a browser uploads it."""
    table = xlsx_file(HEADING, MACHINE, BROKEN, CALIPER)
    return {"name": "能力附表.xlsx", "mimeType": "application/octet-stream", "buffer": table.read()}


def test_a_scope_is_previewed_published_and_brings_needs_into_the_inbox(open_as, provider, institute, new_need):
    new_need("published")
    desk = open_as(provider, "/matching/inbox/")
    expect(desk.locator("#inbox-table")).to_contain_text("还没有匹配到的需求")

    desk.get_by_role("link", name="能力维护").click()
    desk.get_by_role("link", name="导入能力表").click()
    desk.get_by_label("选择或拖入能力表").set_input_files(scope_upload())
    desk.get_by_role("button", name="上传并预览").click()

    expect(desk.get_by_role("heading", name="预览")).to_be_visible()
    desk.get_by_role("link", name="逐条查看").click()
    problem = desk.locator("#import-rows tbody tr")
    expect(problem).to_have_count(1)
    expect(problem).to_contain_text("第 3 行 E 列（扩展不确定度(k=2)）")
    expect(problem).to_contain_text("#REF!")

    desk.get_by_label("立即发布，参与匹配").check()
    desk.get_by_role("button", name="确认导入 2 行").click()
    expect(desk.locator("main")).to_contain_text("导入完成。 新增 2 项")

    desk.get_by_role("link", name=re.compile("匹配收件箱")).click()
    received = desk.locator("#inbox-table tbody tr")
    expect(received).to_have_count(1)
    expect(received).to_have_class(re.compile("unread"))
    received.get_by_role("link", name="坐标测量机校准").click()
    expect(desk.locator("article.proposal")).to_contain_text("满足")
    desk.get_by_role("link", name=re.compile("匹配收件箱")).first.click()
    expect(received).not_to_have_class(re.compile("unread"))


def test_the_preview_comes_in_when_the_worker_has_read_the_file(open_as, provider, institute, monkeypatch):
    waiting = []
    monkeypatch.setattr("providers.imports.async_task", lambda job, pk: waiting.append(pk))
    desk = open_as(provider, "/imports/new/")
    desk.get_by_label("选择或拖入能力表").set_input_files(scope_upload())
    # A second press in haste uploads nothing more.
    desk.get_by_role("button", name="上传并预览").dblclick()
    expect(desk.locator("#import-progress")).to_contain_text("等待")

    read_import(*waiting)
    expect(desk.get_by_role("heading", name="预览")).to_be_visible()


def test_a_file_that_is_no_table_is_refused_with_the_way_out(open_as, provider, institute):
    desk = open_as(provider, "/imports/new/")
    picture = {
        "name": "能力附表.xlsx",
        "mimeType": "application/octet-stream",
        "buffer": b"\x89PNG\r\n\x1a\n" + b"0" * 99,
    }
    desk.get_by_label("选择或拖入能力表").set_input_files(picture)
    desk.get_by_role("button", name="上传并预览").click()
    expect(desk.locator(".message--error")).to_contain_text("XLSX")
