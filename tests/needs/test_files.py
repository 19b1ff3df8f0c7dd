"""Attachments of needs: who puts them there, who is shown them, who gets them, and what is noted of it."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone

from core import jobs
from core.files import check_upload, store_file
from core.workflow import NotPermitted, TransitionError
from needs.disclosure import disclose
from needs.models import Need, NeedFile
from needs.services import MAX_FILES, add_file, delete_draft, grant_sight, remove_file, revoke_sight, update_need
from tests.conftest import attach
from tests.core import samples

LOST = "这个附件的文件已不在服务器上，请联系上传人重新上传。"


def upload(name="图纸.pdf", data=samples.PDF):
    return check_upload(ContentFile(data, name))


def files_on_disk() -> set[str]:
    return set(jobs.stored_paths("files"))


@pytest.fixture(autouse=True)
def empty_folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


# --- Storing --------------------------------------------------------------------------------------------


def test_a_file_is_kept_under_a_name_of_our_own(need, owner):
    file = add_file(need, upload(), actor=owner)
    today = timezone.localdate()
    assert file.file.name.startswith(f"files/{today:%Y/%m}/")
    assert "图纸" not in file.file.name
    assert "." not in file.file.name
    assert (file.name, file.media_type, file.size, file.author) == (
        "图纸.pdf",
        "application/pdf",
        len(samples.PDF),
        owner,
    )
    assert (file.digest, file.is_public) == (upload().digest, False)
    with file.file.open() as content:
        assert content.read() == samples.PDF


def test_a_record_that_is_refused_leaves_no_file(need, owner):
    first = add_file(need, upload(), actor=owner)
    again = NeedFile(pk=first.pk, need=need)
    with pytest.raises(IntegrityError):
        store_file(again, upload("另一份.pdf"), author=owner)
    assert files_on_disk() == {first.file.name}


def test_files_without_a_record_go_after_a_day(need, owner, monkeypatch):
    kept = add_file(need, upload(), actor=owner)
    with transaction.atomic():
        lost = add_file(need, upload("撤回.pdf"), actor=owner)
        transaction.set_rollback(True)
    assert files_on_disk() == {kept.file.name, lost.file.name}
    assert jobs.remove_orphans() == 0
    later = timezone.now() + timedelta(days=1, minutes=1)
    monkeypatch.setattr(jobs.timezone, "now", lambda: later)
    assert jobs.remove_orphans() == 1
    assert files_on_disk() == {kept.file.name}
    assert jobs.remove_orphans() == 0


def test_a_removed_file_is_gone_from_the_disk_too(need, owner, django_capture_on_commit_callbacks):
    file = add_file(need, upload(), actor=owner)
    with django_capture_on_commit_callbacks(execute=True):
        remove_file(file, actor=owner)
    assert (NeedFile.objects.count(), files_on_disk()) == (0, set())


def test_a_draft_takes_its_files_along(need, owner, django_capture_on_commit_callbacks):
    add_file(need, upload(), actor=owner)
    with django_capture_on_commit_callbacks(execute=True):
        delete_draft(need, actor=owner)
    assert (NeedFile.objects.count(), files_on_disk()) == (0, set())


@pytest.mark.parametrize("status", ["draft", "returned"])
def test_files_are_added_while_the_need_is_written(status, new_need, colleague):
    need = new_need(status)
    remove_file(add_file(need, upload(), actor=colleague), actor=colleague)
    assert need.files.count() == 0


@pytest.mark.parametrize("status", ["submitted", "diagnosing", "accepted", "rejected", "published", "withdrawn"])
def test_files_stay_as_they_were_handed_in(status, new_need, owner):
    need = new_need(status)
    file = attach(need)
    with pytest.raises(TransitionError, match="不能再修改"):
        add_file(need, upload(), actor=owner)
    with pytest.raises(TransitionError, match="不能再修改"):
        remove_file(file, actor=owner)
    assert (list(need.files.all()), len(files_on_disk())) == ([file], 1)


@pytest.mark.parametrize("name", ["stranger", "provider", "organiser", "admin"])
def test_only_the_enterprise_adds_and_removes(name, need, people):
    file = attach(need)
    with pytest.raises(NotPermitted):
        add_file(need, upload(), actor=people[name])
    with pytest.raises(NotPermitted):
        remove_file(file, actor=people[name])
    assert list(need.files.all()) == [file]


def test_a_need_takes_ten_files(need, owner):
    for number in range(MAX_FILES):
        add_file(need, upload(f"{number}.pdf"), actor=owner)
    with pytest.raises(TransitionError) as refused:
        add_file(need, upload("多余.pdf"), actor=owner)
    assert str(refused.value) == (
        "文件“多余.pdf”没有上传：一条需求最多 10 个附件。请先删除不需要的，或合并成一个文件。"
    )
    assert (need.files.count(), len(files_on_disk())) == (10, 10)


def test_a_new_file_asks_for_a_new_confirmation(new_need, owner):
    need = new_need("returned")
    Need.objects.filter(pk=need.pk).update(public_text_confirmed_at=timezone.now())
    add_file(need, upload(), actor=owner)
    assert Need.objects.get().public_text_confirmed_at is None


# --- Who is shown what ----------------------------------------------------------------------------------

OPEN, KEPT = "公开.txt", "不公开.txt"


@pytest.fixture
def readers(people, institute):
    return {**people, "anonymous": AnonymousUser()}


@pytest.mark.parametrize(
    ("level", "grant", "expected"),
    [
        (1, None, [OPEN]),
        (1, {"sees_contact": True}, [OPEN]),
        (1, {"sees_detail": True}, [OPEN, KEPT]),
        (2, None, []),
        (2, {}, []),
        (2, {"sees_contact": True}, []),
        (2, {"sees_detail": True}, [OPEN, KEPT]),
        (3, {"sees_detail": True}, [OPEN, KEPT]),
    ],
)
def test_what_an_institute_is_shown(level, grant, expected, new_need, provider, institute, organiser):
    need = new_need("published", level=level)
    attach(need, OPEN, is_public=True)
    attach(need, KEPT)
    if grant is not None:
        grant_sight(need, actor=organiser, organisation=institute, **grant)
    assert [file.name for file in disclose(Need.objects.get(), provider).files] == expected
    if grant:
        revoke_sight(need, actor=organiser, organisation=institute)
        if level < 3:
            without = [OPEN] if level == 1 else []
            assert [file.name for file in disclose(Need.objects.get(), provider).files] == without


@pytest.mark.parametrize("level", [1, 2, 3])
@pytest.mark.parametrize("kept", [False, True])
def test_who_may_download(level, kept, new_need, readers, client):
    need = new_need("published", level=level)
    file = attach(need, is_public=not kept)
    answers = {name: status(client, user, file) for name, user in readers.items()}
    insiders = {"owner", "colleague", "organiser", "admin"}
    # What the enterprise leaves open is for verified institutes, not for every passer-by.
    allowed = insiders | {"provider"} if level == 1 and not kept else insiders
    assert answers == {name: 200 if name in allowed else 404 for name in answers}


@pytest.mark.parametrize("state", ["draft", "submitted", "withdrawn"])
def test_a_public_file_is_no_more_public_than_its_need(state, new_need, readers, client):
    file = attach(new_need(state), is_public=True)
    answers = {name: status(client, user, file) for name, user in readers.items()}
    allowed = {"owner", "colleague", *(() if state == "draft" else ("organiser", "admin"))}
    assert {name for name, answer in answers.items() if answer == 200} == allowed
    assert set(answers.values()) == {200, 404}


def status(client, user, file) -> int:
    client.logout()
    if user.is_authenticated:
        client.force_login(user)
    answer = client.get(file.get_absolute_url())
    answer.getvalue()
    api = client.get(f"/api/v1{file.get_absolute_url()}")
    api.getvalue()
    assert api.status_code == answer.status_code
    return answer.status_code


def test_a_file_is_not_found_under_another_need(new_need, as_user, owner):
    one, other = new_need(), new_need()
    file = attach(one)
    assert as_user(owner).get(f"/needs/{other.pk}/files/{file.pk}/").status_code == 404


def test_a_file_is_a_download_that_no_browser_shows_or_keeps(need, owner, as_user):
    file = add_file(need, upload("三坐标 “A”型.pdf"), actor=owner)
    for path in (file.get_absolute_url(), f"/api/v1{file.get_absolute_url()}"):
        answer = as_user(owner).get(path)
        assert answer.getvalue() == samples.PDF
        assert {name: answer[name] for name in HEADERS} == HEADERS


HEADERS = {
    "Content-Type": "application/pdf",
    "Content-Length": str(len(samples.PDF)),
    "Content-Disposition": "attachment; filename*=utf-8''%E4%B8%89%E5%9D%90%E6%A0%87%20%E2%80%9CA%E2%80%9D"
    "%E5%9E%8B.pdf",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox",
    "Cache-Control": "private, no-store",
}


def test_a_file_that_is_lost_is_told_so(need, owner, as_user, caplog):
    file = add_file(need, upload(), actor=owner)
    default_storage.delete(file.file.name)
    page = as_user(owner).get(file.get_absolute_url())
    assert (page.status_code, "这个附件的文件已不在服务器上" in page.content.decode()) == (404, True)
    answer = as_user(owner).get(f"/api/v1{file.get_absolute_url()}")
    assert (answer.status_code, answer.json()) == (404, {"detail": LOST})
    [first, _] = [record.getMessage() for record in caplog.records if record.name == "core.files"]
    assert first == f"the file of needs.NeedFile {file.pk} is missing: {file.file.name}"


def test_downloads_of_what_is_not_public_are_noted(new_need, people, provider, institute, organiser, as_user):
    need = new_need("published", level=2)
    kept, shown = attach(need, KEPT), attach(need, OPEN, is_public=True)
    grant_sight(need, actor=organiser, organisation=institute, sees_detail=True)
    for name, file in (("owner", kept), ("colleague", kept), ("provider", kept), ("provider", shown)):
        as_user(people[name]).get(file.get_absolute_url()).getvalue()
    as_user(people["stranger"]).get(kept.get_absolute_url())
    reads = [(event.actor, event.label, event.data) for event in need.events.filter(action="read")]
    assert reads == [
        (provider, "下载保密附件", {"organisation": "测试计量院", "file": KEPT}),
        (provider, "下载保密附件", {"organisation": "测试计量院", "file": OPEN}),
    ]


def test_downloads_of_a_public_need_are_noted_only_where_the_file_is_not_public(new_need, organiser, as_user):
    need = new_need("published", level=1)
    for file in (attach(need, KEPT), attach(need, OPEN, is_public=True)):
        as_user(organiser).get(file.get_absolute_url()).getvalue()
    assert [event.data["file"] for event in need.events.filter(action="read")] == [KEPT]


# --- The form -------------------------------------------------------------------------------------------


@pytest.fixture
def send(need, owner, as_user):
    """Send step 3 with these fields and files; returns the answer."""

    def post(*files, **fields):
        data = {"urgency": "normal", "level": "1", "contact_name": "沈工", **fields}
        uploads = [SimpleUploadedFile(name, content) for name, content in files]
        return as_user(owner).post(f"/needs/{need.pk}/edit/3/", {**data, **({"files": uploads} if uploads else {})})

    return post


def stored(need):
    return list(need.files.values_list("name", "is_public"))


def test_files_are_uploaded_with_the_third_step(send, need):
    answer = send(("图纸.pdf", samples.PDF), ("照片.png", samples.png()), add_files="1")
    assert (answer.status_code, answer["Location"]) == (302, f"/needs/{need.pk}/edit/3/#files")
    assert stored(need) == [("图纸.pdf", False), ("照片.png", False)]
    assert Need.objects.get().contact_name == "沈工"


def test_saving_the_step_keeps_a_file_that_was_only_chosen(send, need):
    assert send(("图纸.pdf", samples.PDF))["Location"] == need.get_absolute_url()
    assert stored(need) == [("图纸.pdf", False)]


def test_a_file_that_is_refused_holds_up_neither_the_others_nor_the_words(send, need):
    answer = send(("图纸.pdf", samples.PDF), ("宏.docx", samples.docx(word__vbaProject_bin="x")), submit="1")
    page = answer.content.decode()
    assert answer.context["uploads"].errors == {
        "files": ["文件“宏.docx”含有宏，可能带有病毒。请另存为不带宏的 .docx 或 .xlsx，或导出为 PDF 后上传。"]
    }
    assert ('value="沈工"' in page, "图纸.pdf" in page, 'href="#files"' in page) == (True, True, True)
    assert (stored(need), Need.objects.get().status) == ([("图纸.pdf", False)], "draft")


def test_a_wrong_word_holds_up_no_file(send, need):
    answer = send(("图纸.pdf", samples.PDF), budget_low="很多")
    assert (answer.status_code, list(answer.context["form"].errors)) == (200, ["budget_low"])
    assert stored(need) == [("图纸.pdf", False)]
    assert "图纸.pdf" in answer.content.decode()


def test_the_eleventh_file_is_refused_by_name(send, need):
    for number in range(9):
        attach(need, f"{number}.txt")
    answer = send(("十.txt", b"10"), ("多余.txt", b"11"))
    assert answer.context["uploads"].errors == {
        "files": ["文件“多余.txt”没有上传：一条需求最多 10 个附件。请先删除不需要的，或合并成一个文件。"]
    }
    assert need.files.count() == 10


def test_ticked_files_are_public(send, need):
    one, other = attach(need, "一.txt"), attach(need, "二.txt", is_public=True)
    send(public_files=[str(one.pk), "nonsense"], autosave="1")
    assert stored(need) == [("一.txt", True), ("二.txt", False)]
    update_need(need, actor=need.author, title="别的步骤")
    assert stored(need) == [("一.txt", True), ("二.txt", False)]
    assert other.name in send(budget_low="很多").content.decode()


def test_a_file_is_deleted_by_its_button(send, need, new_need):
    file, foreign = attach(need), attach(new_need())
    assert send(remove_file=str(file.pk))["Location"] == f"/needs/{need.pk}/edit/3/#files"
    assert send(remove_file=str(foreign.pk)).status_code == 302
    assert send(remove_file="nonsense").status_code == 404
    assert list(NeedFile.objects.all()) == [foreign]


def test_enter_in_a_field_saves_and_deletes_nothing(need, owner, as_user):
    attach(need)
    page = as_user(owner).get(f"/needs/{need.pk}/edit/3/").content.decode()
    buttons = re.findall(r"<button([^>]*)>", page[page.index('enctype="multipart/form-data"') :])
    assert ["name=" in button for button in buttons] == [False, True, True, False, True]


# --- The API --------------------------------------------------------------------------------------------


@pytest.fixture
def send_api(need, client):
    def post(user, *, name="图纸.pdf", data=samples.PDF, path=f"/api/v1/needs/{need.pk}/files/", **fields):
        client.force_login(user)
        answer = client.post(path, {"file": SimpleUploadedFile(name, data), **fields})
        return answer.status_code, answer.json()

    return post


def test_a_file_goes_up_and_away_through_the_api(send_api, need, owner, api):
    status, shown = send_api(owner, is_public="true")
    [file] = need.files.all()
    path = f"/api/v1/needs/{need.pk}/files/{file.pk}/"
    entry = {
        "id": str(file.pk),
        "name": "图纸.pdf",
        "size": len(samples.PDF),
        "media_type": "application/pdf",
        "is_public": True,
        "url": path,
    }
    assert (status, shown["files"]) == (201, [entry])
    assert api(owner).get(f"/api/v1/needs/{need.pk}/")[1]["files"] == [entry]
    status, shown = api(owner).delete(path)
    assert (status, shown["files"], need.files.count()) == (200, [], 0)
    assert api(owner).delete(path)[0] == 404


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("空.pdf", b"", "文件“空.pdf”是空的。请检查是否选错了文件，重新保存后再上传。"),
        ("图.png", b"<svg/>", "文件“图.png”是网页、SVG 或 XML 文件。请导出为 PDF 后上传。"),
    ],
)
def test_the_api_refuses_files_in_the_words_of_the_page(name, data, message, send_api, owner, need):
    assert send_api(owner, name=name, data=data) == (400, {"file": [message]})
    assert need.files.count() == 0


def test_the_api_asks_for_a_file_in_the_form_it_takes(client, owner, need):
    client.force_login(owner)
    path = f"/api/v1/needs/{need.pk}/files/"
    assert client.post(path, {"file": "no file"}).json() == {
        "file": ["请以 multipart/form-data 上传一个带文件名的文件。"]
    }
    assert client.post(path, {"file": "x"}, content_type="application/json").status_code == 415


def test_the_api_says_who_may_upload(send_api, new_need, people, need):
    answers = {name: send_api(people[name])[0] for name in ("stranger", "provider", "organiser", "admin", "colleague")}
    assert answers == {"stranger": 404, "provider": 404, "organiser": 404, "admin": 404, "colleague": 201}
    published = f"/api/v1/needs/{new_need('published').pk}/files/"
    assert {name: send_api(people[name], path=published)[0] for name in ("stranger", "organiser", "owner")} == {
        "stranger": 403,
        "organiser": 403,
        "owner": 409,
    }


def test_a_download_through_the_api_is_noted(new_need, organiser, client):
    need = new_need("published", level=2)
    file = attach(need, KEPT)
    client.force_login(organiser)
    client.get(f"/api/v1{file.get_absolute_url()}").getvalue()
    assert [event.data["file"] for event in need.events.filter(action="read")] == [KEPT]
