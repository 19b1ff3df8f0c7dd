"""An engineer without JavaScript attaches drawings; what is refused is told, and nothing written is lost."""

import re

import pytest
from playwright.sync_api import expect

from needs.models import Need
from tests.core import samples

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def chosen(name, data):
    return {"name": name, "mimeType": "application/octet-stream", "buffer": data}


@pytest.mark.parametrize("scripts", [False, True])
def test_drawings_are_attached_opened_to_others_and_taken_away(scripts, open_as, owner, need):
    engineer = open_as(owner, f"/needs/{need.pk}/edit/3/", scripts=scripts)
    engineer.get_by_label("联系人", exact=True).fill("沈工")
    engineer.get_by_label(re.compile("选择或拖入")).set_input_files(
        [chosen("主轴.pdf", samples.PDF), chosen("现场.jpg", samples.JPEG), chosen("旧图.dwg", b"AC1032\0\0")]
    )
    engineer.get_by_role("button", name="上传").click()
    expect(engineer.locator("#files")).to_contain_text("文件“旧图.dwg”是 AutoCAD 图纸。请导出为 PDF 后上传。")
    expect(engineer.get_by_label("联系人", exact=True)).to_have_value("沈工")

    engineer.get_by_label("公开附件“主轴.pdf”").check()
    engineer.get_by_role("button", name=re.compile("删除.*现场")).click()
    expect(engineer.locator("#messages")).to_contain_text("附件“现场.jpg”已删除。")
    expect(engineer.get_by_label("公开附件“主轴.pdf”")).to_be_checked()
    engineer.get_by_label("联系人", exact=True).press("Enter")
    with engineer.expect_download() as download:
        engineer.get_by_role("link", name="主轴.pdf").click()
    assert download.value.suggested_filename == "主轴.pdf"
    assert list(need.files.values_list("name", "is_public")) == [("主轴.pdf", True)]
    assert Need.objects.get().contact_name == "沈工"
