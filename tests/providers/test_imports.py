"""Imports of scope files: nothing is written before it was seen, and nothing twice."""

import io
import itertools

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from core.workflow import NotPermitted, TransitionError
from providers import imports
from providers.enums import CapabilityStatus, ImportStatus
from providers.imports import apply_import, confirm_import, mark_confirmed, read_import, start_import
from providers.models import Capability, CapabilityLine, Credential, ScopeImport
from providers.scope.rows import read_scope
from providers.services import move_capability, update_capability
from providers.signals import capabilities_changed
from tests.conftest import seat
from tests.providers.scope_files import CALIPER, GAUGE, HEADING, csv_file, xlsx_file

LONG_CALIPER = ["游标卡尺", "长度", "JJF 1034", "(300~500) mm", "U=0.02 mm", ""]
UNREADABLE_ROW = ["粗糙度仪", "粗糙度", "JJF 1105", "按客户要求", "见证书", ""]
BAD_ROW = ["百分表", "长度", "JJG 34", "#REF!", "1 μm", ""]


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def upload(provider, institute):
    """Upload rows as a CSV file; the worker of the tests reads it at once."""

    def start(*rows, **fields):
        file = ContentFile(csv_file(*rows).getvalue(), name="能力表.csv")
        values = {"author": provider, "organisation": institute, **fields}
        return fresh(start_import(file=file, **values))

    return start


@pytest.fixture
def bring_in(upload, provider):
    """Upload rows and confirm them."""

    def run(*rows, publish=False, **fields):
        scope_import = upload(*rows, **fields)
        confirm_import(scope_import, actor=provider, publish=publish)
        return fresh(scope_import)

    return run


def fresh(scope_import):
    return ScopeImport.objects.get(pk=scope_import.pk)


def stored():
    """Every capability with its status, version and the texts of its lines."""
    return [
        (
            each.title,
            each.status,
            each.version,
            [f"{line.range_text} {line.uncertainty_text}" for line in each.lines.all()],
        )
        for each in Capability.objects.order_by("title")
    ]


# --- Reading and preview --------------------------------------------------------------------------------


def test_nothing_is_written_before_the_preview_is_confirmed(upload):
    scope_import = upload(HEADING, CALIPER, LONG_CALIPER, GAUGE, UNREADABLE_ROW, BAD_ROW)
    report = scope_import.report
    assert (scope_import.status, scope_import.done, scope_import.total) == (ImportStatus.PREVIEW, 4, 4)
    assert report["effects"] == {"游标卡尺": "new", "数字压力计": "new", "粗糙度仪": "new"}
    assert report["unstructured"] == [3]
    assert [(problem["row"], problem["column"]) for problem in report["problems"]] == [(6, "D 列（测量范围）")]
    assert Capability.objects.count() == 0


def test_a_file_that_cannot_be_read_says_why(upload):
    scope_import = upload(["没有", "表头"])
    assert scope_import.status == ImportStatus.FAILED
    assert scope_import.report["error"].startswith("没有找到表头")


def test_an_unexpected_error_is_put_on_the_import_and_raised(upload, monkeypatch):
    scope_import = upload(HEADING, CALIPER)
    ScopeImport.objects.update(status=ImportStatus.WAITING)
    monkeypatch.setattr(imports, "make_report", broken)
    with pytest.raises(ZeroDivisionError):
        read_import(str(scope_import.pk))
    assert (fresh(scope_import).status, fresh(scope_import).report["error"]) == (
        ImportStatus.FAILED,
        imports.UNEXPECTED,
    )


def test_reading_twice_gives_the_same_report(upload):
    scope_import = upload(HEADING, CALIPER, BAD_ROW)
    ScopeImport.objects.update(status=ImportStatus.READING, done=7)
    read_import(str(scope_import.pk))
    assert (fresh(scope_import).report, fresh(scope_import).status) == (scope_import.report, ImportStatus.PREVIEW)


def test_only_members_of_a_verified_institute_may_import(upload, stranger, new_organisation, owner, enterprise):
    with pytest.raises(NotPermitted):
        upload(HEADING, CALIPER, author=stranger)
    with pytest.raises(NotPermitted):
        upload(HEADING, CALIPER, author=owner, organisation=enterprise)
    new = new_organisation("institute", founder=stranger, verified=False)
    with pytest.raises(NotPermitted, match="机构尚未核验"):
        upload(HEADING, CALIPER, author=fresh_user(stranger), organisation=new)


def fresh_user(user):
    return type(user).objects.get(pk=user.pk)


# --- Writing --------------------------------------------------------------------------------------------


def test_rows_of_an_instrument_become_one_capability(bring_in):
    scope_import = bring_in(HEADING, CALIPER, GAUGE, LONG_CALIPER)
    assert scope_import.status == ImportStatus.DONE
    assert stored() == [
        ("数字压力计", "draft", 1, ["(0~60) MPa Urel=0.02 % (k=2)"]),
        ("游标卡尺", "draft", 1, ["(0~300) mm U=0.01 mm (k=2)", "(300~500) mm U=0.02 mm (k=2)"]),
    ]
    assert CapabilityLine.objects.filter(is_structured=False).count() == 0


def test_a_bare_value_is_read_as_an_uncertainty(bring_in):
    bring_in(HEADING, ["游标卡尺", "长度", "JJF 1034", "(0~300) mm", "0.01 mm", ""])
    [line] = CapabilityLine.objects.all()
    assert [item["kind"] for item in line.reading["accuracy"]] == ["uncertainty"]


def test_importing_again_changes_nothing(bring_in):
    bring_in(HEADING, CALIPER, LONG_CALIPER, GAUGE, publish=True)
    before = list(Capability.objects.values()), list(CapabilityLine.objects.values())
    again = bring_in(HEADING, CALIPER, LONG_CALIPER, GAUGE, publish=True)
    assert set(again.report["effects"].values()) == {"unchanged"}
    assert (list(Capability.objects.values()), list(CapabilityLine.objects.values())) == before


def test_a_changed_row_makes_a_new_version_and_the_others_stay(bring_in):
    bring_in(HEADING, CALIPER, GAUGE, publish=True)
    changed = [*GAUGE[:4], "Urel=0.05 %", "介质：油"]
    scope_import = bring_in(HEADING, changed, UNREADABLE_ROW)
    assert scope_import.report["effects"] == {"数字压力计": "changed", "粗糙度仪": "new"}
    assert stored() == [
        ("数字压力计", "published", 2, ["(0~60) MPa Urel=0.05 % (k=2)"]),
        ("游标卡尺", "published", 1, ["(0~300) mm U=0.01 mm (k=2)"]),
        ("粗糙度仪", "draft", 1, ["按客户要求 见证书"]),
    ]


def test_titles_that_differ_in_spaces_and_width_only_are_the_same(bring_in):
    bring_in(HEADING, ["LCR 表（A型）", *CALIPER[1:]])
    again = bring_in(HEADING, ["ＬＣＲ表(A型)", *CALIPER[1:]])
    assert (set(again.report["effects"].values()), Capability.objects.count()) == ({"unchanged"}, 1)


def test_what_the_file_leaves_out_stays_as_it_is(bring_in, provider, institute):
    credential = Credential.objects.create(
        organisation=institute, kind="cnas", number="L0001", valid_from=timezone.localdate()
    )
    heading = ["专业", *HEADING, "服务方式"]
    bring_in(heading, ["力学", *GAUGE, "现场、实验室"], credential=credential)
    [capability] = Capability.objects.all()
    update_capability(capability, actor=provider, text="两周内完成")
    bring_in(HEADING, [*GAUGE[:4], "Urel=0.05 %", ""])
    [capability] = Capability.objects.all()
    assert (capability.discipline, capability.modes, capability.credential, capability.text, capability.version) == (
        "mechanics",
        ["lab", "field"],
        credential,
        "两周内完成",
        3,
    )


def test_suspended_capabilities_are_updated_and_stay_suspended(bring_in, provider):
    bring_in(HEADING, GAUGE, publish=True)
    move_capability(Capability.objects.get(), "suspend", actor=provider)
    bring_in(HEADING, [*GAUGE[:4], "Urel=0.05 %", ""], publish=True)
    assert stored() == [("数字压力计", "suspended", 2, ["(0~60) MPa Urel=0.05 % (k=2)"])]


def test_publishing_goes_through_the_workflow(bring_in, provider):
    bring_in(HEADING, GAUGE, publish=True)
    [event] = Capability.objects.get().events.all()
    assert (event.action, event.source, event.target, event.actor) == ("publish", "draft", "published", provider)


def test_unchanged_drafts_are_published_when_asked_for(bring_in):
    bring_in(HEADING, GAUGE)
    bring_in(HEADING, GAUGE, publish=True)
    assert [each.status for each in Capability.objects.all()] == [CapabilityStatus.PUBLISHED]


@pytest.mark.parametrize(("publish", "count"), [(True, 1), (False, 1)])
def test_the_matcher_hears_of_an_import_once(publish, count, bring_in, django_capture_on_commit_callbacks):
    heard = []
    listen = lambda **kwargs: heard.append(kwargs["sender"])  # noqa: E731
    capabilities_changed.connect(listen)
    rows = [[f"仪器{number}", *CALIPER[1:]] for number in range(120)]
    with django_capture_on_commit_callbacks(execute=True):
        bring_in(HEADING, *rows, publish=publish)
    assert heard == [Capability] * count
    with django_capture_on_commit_callbacks(execute=True):
        bring_in(HEADING, *rows, publish=False)
    capabilities_changed.disconnect(listen)
    assert heard == [Capability] * count


def test_writing_twice_changes_nothing(bring_in):
    scope_import = bring_in(HEADING, CALIPER, GAUGE, publish=True)
    before = stored()
    ScopeImport.objects.update(status=ImportStatus.APPLYING)
    apply_import(str(scope_import.pk))
    assert (stored(), fresh(scope_import).status) == (before, ImportStatus.DONE)


class Killed(BaseException):
    """What a signal looks like from inside."""


@pytest.mark.parametrize("error", [Killed, DatabaseError])
def test_a_job_that_dies_in_the_middle_ends_with_the_same_result(error, upload, provider, monkeypatch):
    rows = [[f"仪器{number:03}", *CALIPER[1:]] for number in range(120)]
    scope_import = upload(HEADING, *rows)
    mark_confirmed(scope_import, actor=provider, publish=True)
    write, calls = imports.write_batch, itertools.count(1)

    def write_and_die(*args):
        if next(calls) == 2:
            raise error
        write(*args)

    monkeypatch.setattr(imports, "write_batch", write_and_die)
    with pytest.raises(error):
        apply_import(str(scope_import.pk))
    assert Capability.objects.count() == imports.CAPABILITIES_AT_ONCE
    if error is Killed:
        # The queue hands the job out again.
        apply_import(str(scope_import.pk))
    else:
        assert fresh(scope_import).status == ImportStatus.FAILED
        confirm_import(fresh(scope_import), actor=provider, publish=True)
    assert {(each.status, each.version) for each in Capability.objects.all()} == {("published", 1)}
    assert (Capability.objects.count(), CapabilityLine.objects.count()) == (120, 120)
    assert (fresh(scope_import).status, fresh(scope_import).done) == (ImportStatus.DONE, 120)


def broken(*args, **kwargs):
    raise ZeroDivisionError


def test_an_import_is_confirmed_once_and_one_at_a_time(upload, provider):
    first, second = upload(HEADING, CALIPER), upload(HEADING, GAUGE)
    mark_confirmed(first, actor=provider, publish=False)
    with pytest.raises(TransitionError, match="这份能力表现在不能导入"):
        confirm_import(first, actor=provider, publish=False)
    with pytest.raises(TransitionError, match="另一份能力表正在写入"):
        confirm_import(second, actor=provider, publish=False)
    ScopeImport.objects.filter(pk=first.pk).update(updated_at=timezone.now() - 2 * imports.STALLED_AFTER)
    confirm_import(second, actor=provider, publish=False)
    confirm_import(first, actor=provider, publish=False)
    assert Capability.objects.count() == 2


def test_a_large_import_takes_a_bounded_number_of_queries(upload, provider, django_assert_max_num_queries):
    scope_import = upload(
        HEADING, *([f"仪器{n // 4}", "长度", "", f"({n}~{n + 1}) mm", "1 μm", ""] for n in range(800))
    )
    mark_confirmed(scope_import, actor=provider, publish=False)
    with django_assert_max_num_queries(80):
        apply_import(str(scope_import.pk))
    assert (Capability.objects.count(), CapabilityLine.objects.count()) == (200, 800)


# --- Pages ----------------------------------------------------------------------------------------------


def test_upload_preview_and_confirmation_on_the_pages(client, provider, institute):
    client.force_login(provider)
    page = client.get(reverse("providers:import_create"))
    file = ContentFile(xlsx_file(HEADING, CALIPER, UNREADABLE_ROW, BAD_ROW).getvalue(), name="能力表.xlsx")
    answer = client.post(reverse("providers:import_create"), {"file": file, "organisation": institute.pk})
    scope_import = ScopeImport.objects.get()
    assert (page.status_code, answer.status_code, answer.url) == (200, 302, scope_import.get_absolute_url())
    preview = client.get(answer.url).content.decode()
    assert "读作 0 mm ~ 300 mm" in preview
    assert "读作 U = 0.01 mm（k=2）" in preview
    assert "待结构化" in preview
    problems = client.get(answer.url, {"show": "problems"}).content.decode()
    assert "工作表“Sheet”第 4 行 D 列（测量范围）" in problems
    confirmed = client.post(reverse("providers:import_confirm", args=[scope_import.pk]), {"publish": "1"}, follow=True)
    assert "导入完成" in confirmed.content.decode()
    assert [(each.title, each.status) for each in Capability.objects.order_by("title")] == [
        ("游标卡尺", "published"),
        ("粗糙度仪", "published"),
    ]


def test_the_progress_asks_again_until_the_worker_is_done(client, provider, upload):
    scope_import = upload(HEADING, CALIPER)
    ScopeImport.objects.update(status=ImportStatus.READING, done=5, total=20)
    client.force_login(provider)
    asking = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "import-progress"}
    running = client.get(scope_import.get_absolute_url(), **asking)
    assert ("5 / 20" in running.content.decode(), running.headers.get("HX-Refresh")) == (True, None)
    ScopeImport.objects.update(status=ImportStatus.PREVIEW)
    assert client.get(scope_import.get_absolute_url(), **asking).headers["HX-Refresh"] == "true"


@pytest.mark.parametrize("status", [ImportStatus.READING, ImportStatus.APPLYING])
def test_a_job_that_was_killed_for_good_is_said_to_be(status, client, provider, upload):
    scope_import = upload(HEADING, CALIPER)
    ScopeImport.objects.update(status=status, updated_at=timezone.now() - 2 * imports.STALLED_AFTER)
    client.force_login(provider)
    assert "处理中断" in client.get(scope_import.get_absolute_url()).content.decode()


@pytest.mark.parametrize(
    "query", ["show=unstructured", "show=problems", "show=all&page=-1", "show=x&page=99", "page=a"]
)
def test_every_view_of_the_preview_answers(query, client, provider, upload):
    scope_import = upload(HEADING, CALIPER, UNREADABLE_ROW, BAD_ROW)
    client.force_login(provider)
    assert client.get(f"{scope_import.get_absolute_url()}?{query}").status_code == 200
    asking = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "import-rows"}
    assert b"<html" not in client.get(f"{scope_import.get_absolute_url()}?{query}", **asking).content


@pytest.mark.parametrize("count", [1, 3])
def test_pages_take_the_same_queries_for_one_and_for_three(count, client, provider, upload, django_assert_num_queries):
    for number in range(count):
        scope_import = upload(HEADING, *([f"仪器{number}-{part}", *CALIPER[1:]] for part in range(count)))
    client.force_login(provider)
    with django_assert_num_queries(8):
        client.get(reverse("providers:import_create"))
    with django_assert_num_queries(7):
        client.get(scope_import.get_absolute_url())


def test_imports_are_seen_by_their_institute_only(client, upload, stranger, provider, new_user, institute):
    scope_import = upload(HEADING, CALIPER)
    addresses = [scope_import.get_absolute_url(), reverse("providers:import_confirm", args=[scope_import.pk])]
    client.force_login(stranger)
    assert client.get(addresses[0]).status_code == client.post(addresses[1]).status_code == 404
    assert client.get(reverse("providers:import_create")).status_code == 403
    client.force_login(seat(new_user("同事"), institute))
    assert client.get(addresses[0]).status_code == 200


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "请选择能力表文件"),
        ({"file": ContentFile(b"", name="a.xlsx")}, "文件是空的"),
        ({"file": ContentFile(b"x" * (20 * 1024 * 1024 + 1), name="a.csv")}, "文件超过 20 MB 上限"),
    ],
)
def test_the_form_refuses_what_is_no_file(data, message, client, provider, institute):
    client.force_login(provider)
    answer = client.post(reverse("providers:import_create"), {"organisation": institute.pk, **data})
    assert message in answer.content.decode()
    assert ScopeImport.objects.count() == 0


def test_a_credential_of_another_institute_is_refused(client, provider, institute, new_organisation):
    other = new_organisation("institute", founder=provider, name="第二家计量院")
    credential = Credential.objects.create(
        organisation=other, kind="cnas", number="L2", valid_from=timezone.localdate()
    )
    client.force_login(fresh_user(provider))
    file = ContentFile(csv_file(HEADING, CALIPER).getvalue(), name="a.csv")
    data = {"organisation": institute.pk, "credential": credential.pk, "file": file}
    assert "这项资质属于另一家机构" in client.post(reverse("providers:import_create"), data).content.decode()


def test_an_endless_file_name_is_shortened(upload, provider, institute):
    file = ContentFile(csv_file(HEADING, CALIPER).getvalue(), name="能力" * 200 + ".csv")
    scope_import = start_import(author=provider, organisation=institute, file=file)
    assert (len(scope_import.file_name), fresh(scope_import).status) == (200, ImportStatus.PREVIEW)


@pytest.mark.parametrize(("kind", "name"), [("xlsx", "能力表模板.xlsx"), ("csv", "能力表模板.csv")])
def test_the_template_can_be_filled_in_and_imported(kind, name, client, provider, institute):
    client.force_login(provider)
    answer = client.get(reverse("providers:import_template"), {"kind": kind})
    content = io.BytesIO(b"".join(answer.streaming_content))
    scope = read_scope(content, name)
    assert [(row.instrument, row.discipline, row.modes) for row in scope.rows] == [
        ("外径千分尺", "geometry", ("lab",)),
        ("数字压力计", "mechanics", ("field",)),
    ]
    assert [problem for problem in scope.problems if not problem.message.startswith("没有找到表头")] == []


def test_the_template_offers_disciplines_and_modes_to_choose_from(client, provider, institute):
    client.force_login(provider)
    answer = client.get(reverse("providers:import_template"))
    book = load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    choices = {str(each.sqref): each.formula1 for each in book["能力表"].data_validations.dataValidation}
    assert choices == {
        "B2:B50001": '"几何量,热学,力学,电磁,无线电,时间频率,光学,声学,电离辐射,化学,生物,能源,其他"',
        "I2:I50001": '"实验室,现场,在线,原位,远程"',
    }


# --- The command ----------------------------------------------------------------------------------------


def test_the_command_imports_lists_errors_and_ends_with_one_line(tmp_path, institute):
    file = tmp_path / "能力表.csv"
    file.write_bytes(csv_file(HEADING, CALIPER, UNREADABLE_ROW, BAD_ROW).getvalue())
    out, err = io.StringIO(), io.StringIO()
    call_command("import_scope", file, organisation=institute.credit_code, publish=True, stdout=out, stderr=err)
    assert out.getvalue() == "导入完成：能力新增 2 项、更新 0 项、不变 0 项；共 2 行，其中 1 行待结构化；1 处错误。\n"
    assert err.getvalue().startswith("错误  第 4 行 D 列（测量范围）  “#REF!”是公式的错误值")
    assert {each.status for each in Capability.objects.all()} == {CapabilityStatus.PUBLISHED}


def test_a_dry_run_writes_nothing(tmp_path, institute):
    file = tmp_path / "能力表.csv"
    file.write_bytes(csv_file(HEADING, CALIPER).getvalue())
    out = io.StringIO()
    call_command("import_scope", file, organisation="测试计量院", dry_run=True, stdout=out, skip_checks=False)
    assert out.getvalue() == "检查完成：能力新增 1 项、更新 0 项、不变 0 项；共 1 行，其中 0 行待结构化；0 处错误。\n"
    assert (Capability.objects.count(), ScopeImport.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("content", "organisation", "message"),
    [
        (None, "测试计量院", "找不到文件"),
        (b"", "测试计量院", "文件是空的"),
        (csv_file(HEADING, BAD_ROW).getvalue(), "测试计量院", "没有可以导入的能力行"),
        (csv_file(HEADING, CALIPER).getvalue(), "没有这家", "没有名称或统一社会信用代码为“没有这家”的服务机构"),
    ],
)
def test_the_command_says_what_is_wrong(content, organisation, message, tmp_path, institute):
    file = tmp_path / "能力表.csv"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(CommandError, match=message):
        call_command("import_scope", file, organisation=organisation, stderr=io.StringIO())
