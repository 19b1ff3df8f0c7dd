"""Attachments: checked by their content, kept under names of our own, given out as downloads only."""

import hashlib
import logging
import unicodedata
from dataclasses import dataclass
from functools import partial
from pathlib import PurePath
from uuid import uuid4

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files import File
from django.db import models, transaction
from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from core.formats import EXTENSIONS, MEGABYTE, FormatError, format_of
from core.models import TimestampedModel

logger = logging.getLogger(__name__)

FOLDER = "files"
MAX_NAME = 120
# Longer ones are no extensions; the space is for the name.
MAX_EXTENSION = 10
# Windows takes none of these in a file name.
UNUSABLE = str.maketrans(dict.fromkeys('<>:"|?*', "_"))


# --- Checking -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Checked:
    """An uploaded file that may be stored, and what was found out about it."""

    content: File
    name: str
    media_type: str
    extension: str
    size: int
    digest: str


def check_upload(upload: File) -> Checked:
    """The upload as it may be stored; a ValidationError names the file, the reason and the way out."""
    name = clean_name(upload.name or "")
    upload.seek(0)
    data = upload.read(settings.MAX_ATTACHMENT_SIZE + 1)
    upload.seek(0)
    if not data:
        raise ValidationError(f"文件“{name}”是空的。请检查是否选错了文件，重新保存后再上传。")
    if len(data) > settings.MAX_ATTACHMENT_SIZE:
        raise ValidationError(f"文件“{name}”超过 {max_megabytes()} MB 上限。请压缩其中的图片，或拆成几个文件后上传。")
    try:
        found = format_of(data)
    except FormatError as error:
        raise ValidationError(f"文件“{name}”{error}") from error
    extension = PurePath(name).suffix.lower()
    if extension not in found.media_types:
        stated = f"扩展名却是 {extension}" if extension else "却没有扩展名"
        raise ValidationError(
            f"文件“{name}”的内容是“{found.label}”，{stated}。请核对是否选错了文件；没有选错的话，"
            f"请把扩展名改为 {found.extensions} 后上传。"
        )
    digest = hashlib.sha256(data).hexdigest()
    return Checked(upload, name, found.media_types[extension], extension, len(data), digest)


def clean_name(name: str) -> str:
    """The name without folders and without characters that nobody sees or no disk takes.

    >>> clean_name("C:\\\\图纸\\\\内径 量规\\u202efdp.exe")
    '内径 量规fdp.exe'
    """
    name = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    visible = (" " if character.isspace() else character for character in name if not is_invisible(character))
    name = " ".join("".join(visible).translate(UNUSABLE).split())
    extension = PurePath(name).suffix if len(PurePath(name).suffix) <= MAX_EXTENSION else ""
    stem = name.removesuffix(extension).strip(" .")[: MAX_NAME - len(extension)].rstrip(" .")
    return f"{stem or '附件'}{extension}"


def is_invisible(character: str) -> bool:
    """Control and format characters, halves of surrogate pairs; white space is none of them."""
    return unicodedata.category(character) in {"Cc", "Cf", "Cs"} and not character.isspace()


def max_megabytes() -> int:
    return settings.MAX_ATTACHMENT_SIZE // MEGABYTE


def upload_help() -> str:
    return f"PDF、Word（.docx）、Excel（.xlsx）、PNG、JPG、TXT 或 CSV，每个最大 {max_megabytes()} MB。"


class UploadInput(forms.FileInput):
    """A file input that offers the files we take."""

    def __init__(self, attrs=None):
        super().__init__({"accept": ",".join(EXTENSIONS), **(attrs or {})})


class ManyUploadsInput(UploadInput):
    allow_multiple_selected = True

    def value_from_datadict(self, data, files, name):
        return files.getlist(name)


class UploadField(forms.FileField):
    """A file to attach; its cleaned value is what `store_file` takes."""

    widget = UploadInput
    default_error_messages = {"required": "请选择文件。"}

    def __init__(self, **options):
        super().__init__(**{"label": "附件", "help_text": upload_help(), **options})

    def to_python(self, data):
        return None if data in self.empty_values else check_upload(data)


class ManyUploadsForm(forms.Form):
    """Files to attach. What may be stored is in `cleaned_data` even when others beside it were refused."""

    files = forms.Field(label="附件", required=False, help_text=upload_help(), widget=ManyUploadsInput)

    def clean_files(self):
        checked = []
        for upload in self.cleaned_data["files"]:
            try:
                checked.append(check_upload(upload))
            except ValidationError as error:
                self.add_error("files", error)
        return checked


# --- Storing --------------------------------------------------------------------------------------------


def stored_path(instance: models.Model, name: str) -> str:
    """A path of our own; nothing of the name that people gave the file is in it."""
    return f"{FOLDER}/{timezone.localdate():%Y/%m}/{uuid4().hex}"


class StoredFile(TimestampedModel):
    """An attachment of some record; make one with `store_file`."""

    file = models.FileField("文件", upload_to=stored_path, editable=False)
    name = models.CharField("文件名", max_length=MAX_NAME, editable=False)
    media_type = models.CharField("文件类型", max_length=100, editable=False)
    size = models.PositiveIntegerField("大小（字节）", editable=False)
    digest = models.CharField("SHA-256", max_length=64, editable=False)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", editable=False, verbose_name="上传人"
    )

    class Meta:
        abstract = True
        verbose_name = verbose_name_plural = "附件"
        ordering = ["created_at", "pk"]

    def __str__(self):
        return self.name


def store_file(stored: StoredFile, upload: Checked, *, author) -> StoredFile:
    """The new record with its file; should the record be refused, the file goes too.

    When a transaction around this is rolled back later, the file is left to `core.jobs.remove_orphans`.
    """
    stored.author = author
    stored.name, stored.media_type = upload.name, upload.media_type
    stored.size, stored.digest = upload.size, upload.digest
    stored.file.save(upload.name, upload.content, save=False)
    try:
        with transaction.atomic():
            stored.save(force_insert=True)
    except BaseException:
        stored.file.storage.delete(stored.file.name)
        raise
    return stored


@transaction.atomic
def delete_file(stored: StoredFile) -> None:
    """Remove the record, and its file once that is certain."""
    transaction.on_commit(partial(stored.file.storage.delete, stored.file.name), robust=True)
    stored.delete()


# --- Giving out -----------------------------------------------------------------------------------------


def answer_download(request: HttpRequest, stored: StoredFile) -> HttpResponseBase:
    """The file as a download that no browser shows or keeps; the caller has checked who asks.

    A file that is lost is answered by a page that says so, with status 404.
    """
    try:
        content = stored.file.open("rb")
    except FileNotFoundError:
        logger.error("the file of %s %s is missing: %s", stored._meta.label, stored.pk, stored.file.name)
        return render(request, "file_missing.html", status=404)
    headers = {
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox",
        "Cache-Control": "private, no-store",
    }
    return FileResponse(
        content, as_attachment=True, filename=stored.name, content_type=stored.media_type, headers=headers
    )
