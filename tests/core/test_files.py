"""Attachments on their way in and out."""

import hashlib
import unicodedata

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django_q.models import Schedule
from hypothesis import given
from hypothesis import strategies as st

from core.files import MAX_NAME, Checked, UploadField, check_upload, clean_name
from tests.core import samples

WORD_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
EXCEL_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def refusal(name, data) -> str:
    with pytest.raises(ValidationError) as refused:
        check_upload(ContentFile(data, name))
    [message] = refused.value.messages
    return message


@pytest.mark.parametrize(
    ("name", "data", "media_type", "extension"),
    [
        ("报告.pdf", samples.PDF, "application/pdf", ".pdf"),
        ("报告.PDF", samples.PDF, "application/pdf", ".pdf"),
        ("照片.png", samples.png(), "image/png", ".png"),
        ("照片.jpg", samples.JPEG, "image/jpeg", ".jpg"),
        ("照片.jpeg", samples.JPEG, "image/jpeg", ".jpeg"),
        ("方案.docx", samples.docx(), WORD_TYPE, ".docx"),
        ("清单.xlsx", samples.xlsx(), EXCEL_TYPE, ".xlsx"),
        ("说明.txt", samples.TEXT, "text/plain", ".txt"),
        ("数据.csv", samples.TEXT, "text/csv", ".csv"),
    ],
)
def test_what_was_found_out_about_an_upload(name, data, media_type, extension):
    upload = ContentFile(data, name)
    digest = hashlib.sha256(data).hexdigest()
    assert check_upload(upload) == Checked(upload, name, media_type, extension, len(data), digest)
    assert upload.read() == data


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("空.pdf", b"", "文件“空.pdf”是空的。请检查是否选错了文件，重新保存后再上传。"),
        (
            "报告.png",
            samples.PDF,
            "文件“报告.png”的内容是“PDF 文档”，扩展名却是 .png。请核对是否选错了文件；没有选错的话，"
            "请把扩展名改为 .pdf 后上传。",
        ),
        (
            "图.svg",
            samples.JPEG,
            "文件“图.svg”的内容是“JPEG 图片”，扩展名却是 .svg。请核对是否选错了文件；没有选错的话，"
            "请把扩展名改为 .jpg 或 .jpeg 后上传。",
        ),
        (
            "readme",
            samples.TEXT,
            "文件“readme”的内容是“纯文本”，却没有扩展名。请核对是否选错了文件；没有选错的话，"
            "请把扩展名改为 .txt 或 .csv 后上传。",
        ),
        (
            "方案.docm",
            samples.docx(),
            "文件“方案.docm”的内容是“Word 文档”，扩展名却是 .docm。请核对是否选错了文件；没有选错的话，"
            "请把扩展名改为 .docx 后上传。",
        ),
        (
            "方案.docx",
            samples.docx(word__vbaProject_bin="x"),
            "文件“方案.docx”含有宏，可能带有病毒。请另存为不带宏的 .docx 或 .xlsx，或导出为 PDF 后上传。",
        ),
        (
            "图片.png",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            "文件“图片.png”是网页、SVG 或 XML 文件。请导出为 PDF 后上传。",
        ),
        (
            "100%s%(x)s.txt",
            b"\0",
            "文件“100%s%(x)s.txt”不是支持的格式。"
            "请转成 PDF、Word（.docx）、Excel（.xlsx）、PNG、JPG、TXT 或 CSV 后上传。",
        ),
    ],
)
def test_a_refusal_names_the_file_the_reason_and_the_way_out(name, data, message):
    assert refusal(name, data) == message


def test_the_limit_of_size_is_exact(settings):
    assert settings.MAX_ATTACHMENT_SIZE == 20 * 1024 * 1024
    full = b"a" * settings.MAX_ATTACHMENT_SIZE
    assert check_upload(ContentFile(full, "满.txt")).size == len(full)
    assert refusal("超.txt", full + b"a") == "文件“超.txt”超过 20 MB 上限。请压缩其中的图片，或拆成几个文件后上传。"


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("检定规程（2024 版）.pdf", "检定规程（2024 版）.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\图纸\\量规.pdf", "量规.pdf"),
        ("..", "附件"),
        ("", "附件"),
        ("文件夹/", "附件"),
        ("  .. .pdf", "附件.pdf"),
        ("报告\0.pdf\0.exe", "报告.pdf.exe"),
        ("报告\u202efdp.exe", "报告fdp.exe"),
        ("\ufeff报\u200b告\u2066.pdf", "报告.pdf"),
        ("报告\r\nSet-Cookie: a=b.pdf", "报告 Set-Cookie_ a=b.pdf"),
        ('a"b<c>d|e?f*g.pdf', "a_b_c_d_e_f_g.pdf"),
        ("A\u030a\ud800.pdf", "Å.pdf"),
        ("长" * 200 + ".pdf", "长" * 116 + ".pdf"),
        ("a." + "b" * 200, "a." + "b" * 118),
        ("CON\u3000图.pdf", "CON 图.pdf"),
    ],
)
def test_names_are_cleaned_and_keep_their_chinese(name, cleaned):
    assert clean_name(name) == cleaned


@given(st.text(st.characters(), max_size=300))
def test_every_name_becomes_one_that_any_disk_takes(name):
    cleaned = clean_name(name)
    assert 0 < len(cleaned) <= MAX_NAME
    assert not set(cleaned) & set('/\\<>:"|?*\0\n')
    assert not any(unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for character in cleaned)
    assert clean_name(cleaned) == cleaned
    assert cleaned.encode()


class PaperForm(forms.Form):
    paper = UploadField()


def test_the_form_field_gives_what_was_checked():
    upload = SimpleUploadedFile("报告.pdf", samples.PDF)
    form = PaperForm({}, {"paper": upload})
    assert form.is_valid()
    assert form.cleaned_data == {"paper": check_upload(upload)}
    assert form["paper"].label == "附件"
    assert form["paper"].help_text == "PDF、Word（.docx）、Excel（.xlsx）、PNG、JPG、TXT 或 CSV，每个最大 20 MB。"
    assert 'accept=".pdf,.docx,.xlsx,.png,.jpg,.jpeg,.txt,.csv"' in str(form["paper"])


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "请选择文件。"),
        (
            {"paper": SimpleUploadedFile("报告.pdf", b"")},
            "文件“报告.pdf”是空的。请检查是否选错了文件，重新保存后再上传。",
        ),
        (
            {"paper": SimpleUploadedFile("报告.pdf", b"%PDF-")},
            "文件“报告.pdf”已损坏或不完整。请用原来的程序打开，重新保存后上传。",
        ),
    ],
)
def test_the_form_field_refuses_in_words(files, message):
    assert PaperForm({}, files).errors == {"paper": [message]}


def test_files_without_a_record_are_cleared_away_each_night(db):
    schedule = Schedule.objects.get(func="core.jobs.remove_orphans")
    assert (schedule.schedule_type, schedule.cron) == (Schedule.CRON, "40 2 * * *")
