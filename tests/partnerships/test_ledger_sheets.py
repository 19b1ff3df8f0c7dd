"""The lists as XLSX: written for a reader, filled in, read back, and refused where they are hostile or wrong."""

import io
import zipfile
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from accounts.models import Notice, Organisation
from core.history import find_break
from core.workflow import NotPermitted, TransitionError
from needs.services import grant_sight
from partnerships.ledger_disclosure import show_entry
from partnerships.models import LedgerEntry, LedgerImport
from partnerships.services.ledger_import import apply_import, plan_import, start_import
from partnerships.sheets import COLUMNS, MAX_ROWS, READ, SheetError, read_rows, write_list, write_template
from tests.conftest import credit_code, seat
from tests.providers.scope_files import raw_xlsx

pytestmark = pytest.mark.django_db
HEADING = list(READ)


def sheet(*rows, heading=HEADING):
    """A filled-in sheet; each row is a dictionary by heading."""
    book = Workbook()
    book.active.append(heading)
    for row in rows:
        book.active.append([row.get(name) for name in heading])
    return saved(book)


def saved(book):
    file = io.BytesIO()
    book.save(file)
    file.seek(0)
    return file


@pytest.fixture
def upload(organiser):
    def start(*rows, author=organiser, **options):
        return start_import(author=author, file=sheet(*rows, **options), name="台账.xlsx")

    return start


@pytest.fixture
def problems(upload, organiser):
    """What is said of the rows of a sheet."""

    def find(*rows):
        planned = plan_import(upload(*rows), actor=organiser)
        return [str(problem) for row in planned for problem in row.problems]

    return find


def export(user):
    entries = LedgerEntry.objects.visible_to(user).for_list().urgent_first()
    return write_list("对接清单", (show_entry(entry, user) for entry in entries))


def cells(file):
    """The rows of the first sheet below the heading, by heading."""
    rows = list(load_workbook(file).active.iter_rows(values_only=True))
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


# --- Out -----------------------------------------------------------------------------------------------------------


def test_a_list_has_headings_widths_and_dates(new_entry, organiser, today, enterprise):
    entry = new_entry("assigned", due_on=date(2020, 3, 5), raised_on=date(2020, 1, 2), description="两行\n文字")
    book = load_workbook(export(organiser))
    page = book.active
    assert (page.title, page.freeze_panes) == ("对接清单", "C2")
    assert [cell.value for cell in page[1]] == [column.heading for column in COLUMNS]
    assert {letter: page.column_dimensions[letter].width for letter in "ABE"} == {"A": 14, "B": 30, "E": 40}
    assert page["I2"].number_format == 'yyyy"年"m"月"d"日"'
    assert [cell.value if not hasattr(cell.value, "date") else cell.value.date() for cell in page[2]] == [
        entry.number,
        "测试企业有限公司",
        enterprise.credit_code,
        "上海市",
        "缺少压力标准器",
        "两行\n文字",
        "测量技术",
        "走访",
        date(2020, 1, 2),
        "已分派",
        "测试计量院",
        "机构业务员",
        entry.person.email,
        date(2020, 3, 5),
        (today - date(2020, 3, 5)).days,
        None,
        None,
    ]


@pytest.mark.parametrize("text", ["=1+1", "+8613800000000", "-1", "@SUM(A1)", '=HYPERLINK("http://x","y")', "#REF!"])
def test_no_text_becomes_a_formula(text, new_entry, organiser):
    new_entry(title=text)
    cell = load_workbook(export(organiser)).active["E2"]
    assert (cell.value, cell.data_type) == (text, "s")
    assert cell.quotePrefix == (text != "#REF!")


def test_a_list_says_what_its_reader_may_know(new_entry, new_need, owner, provider, organiser, institute):
    anonymous = new_entry("assigned", need=new_need("published", is_anonymous=True))
    named = new_entry("assigned", need=new_need("published", is_anonymous=False))
    new_entry(title="没有分派")
    closed = new_need("published", level=3)
    grant_sight(closed, actor=organiser, organisation=institute)
    entry = new_entry("assigned", need=closed)
    closed.grants.all().delete()

    def shown(user, *headings):
        return {row["台账编号"]: tuple(row[name] for name in headings) for row in cells(export(user))}

    assert shown(provider, "企业名称", "统一社会信用代码") == {
        anonymous.number: ("企业（未公开名称）", None),
        named.number: ("测试企业有限公司", None),
    }
    assert {number for number, _ in shown(owner, "责任单位").items()} == {
        each.number for each in LedgerEntry.objects.all()
    }
    assert shown(owner, "责任单位", "责任人", "责任人邮箱")[entry.number] == ("测试计量院", "机构业务员", None)
    assert shown(organiser, "责任人邮箱")[entry.number] == (provider.email,)


def test_the_template_explains_itself_and_holds_no_row():
    book = load_workbook(write_template())
    assert book.sheetnames == ["台账", "填写说明"]
    assert [cell.value for cell in book.active[1]] == HEADING
    assert [str(each.sqref) for each in book.active.data_validations.dataValidation] == ["G2:G1001", "H2:H1001"]
    with pytest.raises(SheetError, match="没有填写内容"):
        read_rows(write_template())


# --- In: reading ---------------------------------------------------------------------------------------------------


def zipped(**parts):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    file.seek(0)
    return file


def bomb():
    """A workbook of a hundred kilobytes that would unpack to fifty megabytes."""
    file = io.BytesIO(sheet({"企业名称": "x"}).getvalue())
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet2.xml", b" " * 50 * 1024 * 1024)
    file.seek(0)
    return file


ENTITY = "<!DOCTYPE x [<!ENTITY a 'b'>]>"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: io.BytesIO(b""), "不是 XLSX 文件"),
        (lambda: io.BytesIO("企业名称,问题\n甲,乙\n".encode()), "不是 XLSX 文件"),
        (lambda: io.BytesIO(b"%PDF-1.7"), "不是 XLSX 文件"),
        (lambda: io.BytesIO(b"PK" + b"x" * 6 * 1024 * 1024), "超过 5 MB"),
        (lambda: io.BytesIO(b"PK\x03\x04broken"), "已损坏"),
        (lambda: io.BytesIO(sheet({"问题": "x"}).getvalue()[:-200]), "已损坏"),
        (lambda: zipped(readme="x"), "不是 Excel 文件"),
        (lambda: zipped(**{"word/document.xml": "x"}), "Word 文档"),
        (bomb, "解压后过大"),
        (lambda: raw_xlsx("", parts={"xl/workbook.xml": ENTITY + "<workbook/>"}), "外部实体"),
        (lambda: sheet({"金额": 1}, heading=["金额"]), "没有找到表头"),
        (lambda: sheet({"企业名称": "甲"}, heading=["企业名称"]), "没有找到表头"),
        (lambda: sheet({"问题": "x"}, heading=["企业名称", "问题", "问题"]), "出现了两次"),
        (lambda: sheet(), "没有填写内容"),
        (lambda: sheet(*[{"问题": "x"}] * (MAX_ROWS + 1)), "1001 行，一次最多导入 1000 行"),
    ],
)
def test_a_file_that_is_no_list_is_refused_in_words(make, message):
    with pytest.raises(SheetError, match=message):
        read_rows(make())


def test_a_thousand_rows_are_read():
    assert len(read_rows(sheet(*[{"问题": "x"}] * MAX_ROWS))) == MAX_ROWS


def test_a_heading_may_stand_lower_and_be_marked(organiser):
    book = Workbook()
    book.active.append(["2026 年需求台账"])
    book.active.append(["序号", "企业名称*", "问 题", "备注"])
    book.active.append([1, "甲企业", "缺标准器", "不读"])
    [row] = read_rows(saved(book))
    assert (row.number, row.texts, row.flaws) == (3, {"企业名称": "甲企业", "问题": "缺标准器"}, {})


def test_only_filled_rows_count(organiser):
    book = Workbook()
    book.active.append(["序号", *HEADING])
    for number in range(1, 2001):
        book.active.append([number])
    book.active.cell(row=1500, column=3, value="甲企业")
    assert [row.number for row in read_rows(saved(book))] == [1500]


# --- In: what is wrong ---------------------------------------------------------------------------------------------

NEW = {"企业名称": "新来的企业", "统一社会信用代码": credit_code(901), "所在地区": "上海市", "问题": "缺少压力标准器"}
KNOWN = {"企业名称": "测试企业有限公司", "问题": "缺少温度标准器"}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"企业名称": None}, ["第 2 行 企业名称：没有填写，请写企业全称。"]),
        ({"问题": None}, ["第 2 行 问题：没有填写，请写明要解决的问题。"]),
        ({"问题": "长" * 121}, ["第 2 行 问题：有 121 个字，超过 120 个字上限，请缩短。"]),
        ({"说明": "长" * 4001}, ["第 2 行 说明：有 4001 个字，超过 4000 个字上限，请缩短。"]),
        (
            {"统一社会信用代码": "91310000MA0000000X"},
            ["第 2 行 统一社会信用代码：不正确：应为 18 位且校验码相符，请对照营业执照核对。"],
        ),
        (
            {"统一社会信用代码": None},
            ["第 2 行 统一社会信用代码：平台上还没有这家企业，请填写信用代码和所在地区，导入时一并登记。"],
        ),
        (
            {"所在地区": "月球"},
            [
                "第 2 行 所在地区：“月球”不是可用的地区，请写到省或市，如“江苏省苏州市”，或写行政区划代码 320500。",
            ],
        ),
        (
            {"类别": "计量"},
            ["第 2 行 类别：“计量”不在可选的范围里，请写：测量技术、质量、管理、测试、资格许可、节能、其他。"],
        ),
        ({"来源": "平台需求"}, ["第 2 行 来源：“平台需求”不在可选的范围里，请写：走访、服务订单、能源审查、其他。"]),
        ({"提出日期": "3月5日"}, ["第 2 行 提出日期：“3月5日”不是完整的日期，请写成 2026-03-05。"]),
        ({"提出日期": "2026-02-30"}, ["第 2 行 提出日期：“2026-02-30”不是完整的日期，请写成 2026-03-05。"]),
        ({"提出日期": "2999-01-01"}, ["第 2 行 提出日期：不能晚于今天。"]),
        (
            {"责任单位": "测试计量院"},
            [
                "第 2 行 完成时限：没有填写；分派时责任单位、责任人邮箱和完成时限须写全。",
                "第 2 行 责任人邮箱：没有填写，或原来的责任人不是测试计量院的在册成员，请写其成员登录平台的邮箱。",
            ],
        ),
        ({"完成时限": "2999-01-01"}, ["第 2 行 责任单位：没有填写；分派时责任单位、责任人邮箱和完成时限须写全。"]),
        (
            {"责任单位": "没有的单位", "责任人邮箱": "a@example.com", "完成时限": "2999-01-01"},
            ["第 2 行 责任单位：平台上没有“没有的单位”，请写已核验单位的全称。"],
        ),
        (
            {"责任单位": "测试计量院", "责任人邮箱": "nobody@example.com", "完成时限": "2999-01-01"},
            ["第 2 行 责任人邮箱：“nobody@example.com”不是测试计量院的在册成员，请写其成员登录平台的邮箱。"],
        ),
        (
            {"台账编号": "TZ-00000000"},
            ["第 2 行 台账编号：没有找到 TZ-00000000，或不在您主管的地区；新的问题请把编号留空。"],
        ),
    ],
)
def test_each_problem_names_row_and_column(change, expected, problems, institute):
    assert problems({**NEW, **change}) == expected


def test_problems_with_the_charge_of_a_new_entry(problems, institute, provider, unverified_provider):
    charge = {"责任单位": "测试计量院", "责任人邮箱": provider.email, "完成时限": "2020-01-01"}
    assert problems({**NEW, **charge}) == ["第 2 行 完成时限：不能早于今天。"]
    raw = {"责任单位": "待核验计量院", "责任人邮箱": unverified_provider.email, "完成时限": "2999-01-01"}
    assert problems({**NEW, **raw}) == [
        "第 2 行 责任单位：待核验计量院尚未核验，不能作为责任单位；请先核验，或另选单位。"
    ]


def test_an_enterprise_is_who_its_code_says(problems, enterprise, institute):
    assert problems({**NEW, "统一社会信用代码": enterprise.credit_code}) == [
        "第 2 行 企业名称：与这个信用代码登记的名称不一致，请对照营业执照核对名称和代码。"
    ]
    assert problems({**NEW, "企业名称": enterprise.name}) == [
        "第 2 行 统一社会信用代码：与平台上同名企业的信用代码不一致，请对照营业执照核对。"
    ]
    assert problems({**NEW, "企业名称": institute.name, "统一社会信用代码": institute.credit_code}) == [
        "第 2 行 企业名称：不是您主管地区的企业，不能登记。"
    ]


def test_an_organiser_enters_only_the_own_regions(upload, distant_organiser, enterprise):
    planned = plan_import(upload(KNOWN, NEW, author=distant_organiser), actor=distant_organiser)
    assert [str(problem) for row in planned for problem in row.problems] == [
        "第 2 行 企业名称：不是您主管地区的企业，不能登记。",
        "第 3 行 所在地区：不是您主管的地区，不能登记。",
    ]


def test_flawed_cells_are_named(organiser):
    book = Workbook()
    book.active.append(HEADING)
    book.active.append([None, "=A1", None, None, "#REF!"])
    [row] = read_rows(saved(book))
    assert row.flaws == {
        "企业名称": "公式没有计算出结果，请改为填写文字。",
        "问题": "单元格显示为 #REF!，请改为填写文字。",
    }


def test_the_same_thing_twice_in_a_sheet_is_refused(problems, new_entry, enterprise):
    entry = new_entry()
    twice = "第 3 行 问题：与第 2 行是同一企业的同一问题，请合并成一行。"
    assert problems(NEW, NEW) == [twice]
    assert problems({"台账编号": entry.number}, {"企业名称": enterprise.name, "问题": entry.title}) == [twice]


def test_what_cannot_be_changed_is_said(problems, new_entry, new_need, provider, institute):
    need = new_entry(need=new_need("published"))
    closed = new_entry("closed")
    assert problems({"台账编号": need.number, "问题": "别的"}) == [
        "第 2 行 问题：这条台账来自平台需求，内容随需求，不能在表里修改；请恢复导出时的文字，或留空。"
    ]
    assert problems({"台账编号": closed.number, "问题": "别的"}) == [
        "第 2 行 问题：台账已销号，不能再修改；请恢复导出时的文字，或留空。"
    ]
    assert problems({"台账编号": closed.number, "完成时限": "2999-01-01"}) == [
        "第 2 行 责任单位：台账已销号，不能再分派。"
    ]
    assert problems({"台账编号": closed.number, "企业名称": "别家"}) == [
        "第 2 行 企业名称：与台账登记的“测试企业有限公司”不一致，企业不能改换，请核对编号。"
    ]


# --- In: what it does ----------------------------------------------------------------------------------------------


def test_nothing_is_stored_before_the_word(upload, organiser):
    planned = plan_import(upload(NEW), actor=organiser)
    assert [(row.effect.label, row.problems) for row in planned] == [("新增", [])]
    assert (LedgerEntry.objects.count(), Organisation.objects.filter(name="新来的企业").count()) == (0, 0)


def test_a_sheet_registers_enters_and_assigns(upload, organiser, provider, owner, institute, enterprise):
    Notice.objects.all().delete()
    charge = {"责任单位": "测试计量院", "责任人邮箱": provider.email.upper(), "完成时限": date(2999, 3, 5)}
    rows = [
        {**NEW, "说明": "没有溯源", "类别": "质量", "来源": "服务订单", "提出日期": "2026年1月2日"},
        {**NEW, "问题": "缺人", **charge},
        {**KNOWN, **charge},
    ]
    effects = apply_import(upload(*rows), actor=organiser)
    assert dict(effects) == {"new": 3}
    found = {
        (entry.enterprise.name, entry.title, entry.category, entry.source, entry.status, entry.due_on)
        for entry in LedgerEntry.objects.all()
    }
    assert found == {
        ("新来的企业", "缺少压力标准器", "quality", "order", "open", None),
        ("新来的企业", "缺人", "measurement", "visit", "assigned", date(2999, 3, 5)),
        ("测试企业有限公司", "缺少温度标准器", "measurement", "visit", "assigned", date(2999, 3, 5)),
    }
    body = Organisation.objects.get(name="新来的企业")
    assert (body.credit_code, body.region, body.kind, body.verified_at) == (
        NEW["统一社会信用代码"],
        "310000",
        "enterprise",
        None,
    )
    assert [(notice.user, notice.text) for notice in Notice.objects.order_by("created_at")] == [
        (provider, "导入的台账中有 2 项由您负责，请查看各项的完成时限。"),
        (owner, "您单位有 1 项台账已分派责任单位，请查看。"),
    ]
    assert find_break() is None


def test_the_same_problem_again_is_brought_up_to_date(upload, organiser, new_entry, enterprise):
    entry = new_entry()
    row = {"企业名称": enterprise.name, "问题": entry.title, "说明": "又问了一次"}
    again = upload(row)
    [planned] = plan_import(again, actor=organiser)
    assert (planned.effect.label, planned.remark) == (
        "更新",
        f"同一企业的同一问题已登记为 {entry.number}，按更新处理。",
    )
    assert dict(apply_import(again, actor=organiser)) == {"changed": 1}
    assert dict(apply_import(upload(row), actor=organiser)) == {"unchanged": 1}
    entry.refresh_from_db()
    assert (entry.description, LedgerEntry.objects.count()) == ("又问了一次", 1)


def test_a_finished_problem_may_be_raised_again(upload, organiser, new_entry, enterprise):
    entry = new_entry("closed")
    assert dict(apply_import(upload({"企业名称": enterprise.name, "问题": entry.title}), actor=organiser)) == {"new": 1}


def test_an_exported_list_filled_in_assigns(upload, new_entry, new_need, organiser, provider, institute, new_user):
    new_entry()
    new_entry(need=new_need("published"))
    new_entry("in_progress", title="换人")
    new_entry("closed", title="了结")
    assert dict(apply_import(upload(*cells(export(organiser))), actor=organiser)) == {"unchanged": 4}
    successor = seat(new_user("接手的人"), institute)
    rows = [
        {**row, "责任单位": "测试计量院", "责任人邮箱": successor.email, "完成时限": "2999-03-05"}
        for row in cells(export(organiser))
        if row["状态"] != "已销号"
    ]
    assert dict(apply_import(upload(*rows), actor=organiser)) == {"changed": 3}
    found = {(entry.status, entry.person, entry.due_on) for entry in LedgerEntry.objects.exclude(status="closed")}
    assert found == {("assigned", successor, date(2999, 3, 5))}
    assert find_break() is None


def test_a_late_list_comes_back_unchanged(upload, new_entry, organiser, today):
    new_entry("assigned", due_on=date(2020, 1, 1))
    assert dict(apply_import(upload(*cells(export(organiser))), actor=organiser)) == {"unchanged": 1}


def test_only_the_day_may_be_changed(upload, new_entry, organiser, provider):
    entry = new_entry("assigned")
    assert dict(
        apply_import(upload({"台账编号": entry.number.lower(), "完成时限": "2999-03-05"}), actor=organiser)
    ) == {"changed": 1}
    entry.refresh_from_db()
    assert (entry.due_on, entry.person) == (date(2999, 3, 5), provider)


def test_one_bad_row_keeps_all_rows_out(upload, organiser, enterprise):
    bad = upload(NEW, {**KNOWN, "提出日期": "明天"})
    with pytest.raises(TransitionError, match="没有写入：第 3 行 提出日期"):
        apply_import(bad, actor=organiser)
    assert (LedgerEntry.objects.count(), Organisation.objects.filter(name="新来的企业").count()) == (0, 0)


def test_a_failure_while_writing_takes_everything_back(upload, organiser, monkeypatch):
    def fail(*args, **options):
        raise TransitionError("中途出错")

    monkeypatch.setattr("partnerships.services.ledger_import._tell_those_concerned", fail)
    with pytest.raises(TransitionError, match="中途出错"):
        apply_import(upload(NEW), actor=organiser)
    assert (LedgerEntry.objects.count(), Organisation.objects.filter(name="新来的企业").count()) == (0, 0)


def test_a_sheet_is_written_once(upload, organiser):
    once = upload(NEW)
    apply_import(once, actor=organiser)
    with pytest.raises(TransitionError, match="已经写入"):
        apply_import(once, actor=organiser)
    assert LedgerEntry.objects.count() == 1


def test_only_organisers_import(upload, people):
    allowed = set()
    for name, user in people.items():
        try:
            upload(NEW, author=user)
        except NotPermitted:
            continue
        allowed.add(name)
    assert allowed == {"organiser", "distant_organiser", "admin"}
    assert {each.author.name for each in LedgerImport.objects.visible_to(people["organiser"])} == {"组织方"}


def test_planning_takes_one_query_for_each_charge_and_few_besides(
    upload, organiser, provider, django_assert_max_num_queries
):
    charge = {"责任单位": "测试计量院", "责任人邮箱": provider.email, "完成时限": "2999-01-01"}
    many = upload(*[{**NEW, "问题": f"问题{number}", **charge} for number in range(100)])
    with django_assert_max_num_queries(110):
        plan_import(many, actor=organiser)


# --- There and back ------------------------------------------------------------------------------------------------

ODD = st.sampled_from(
    ["=1+1", "+1", "-1", "@x", "_x0041_", "a\tb", "a\nb", "'x", "TRUE", "2026-03-05", "1e5", " x ", "#", "%s"]
)
TEXT = st.one_of(ODD, st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=40))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(title=TEXT, description=TEXT)
def test_texts_come_back_as_they_were(title, description, new_entry, organiser, enterprise):
    LedgerEntry.objects.all().delete()
    entry = new_entry(title=title, description=description)
    [row] = read_rows(export(organiser))
    assert row.texts["台账编号"] == entry.number
    back = start_import(author=organiser, file=export(organiser), name="台账.xlsx")
    [planned] = plan_import(back, actor=organiser)
    assert (planned.entry, planned.problems, planned.effect) == (entry, [], "unchanged")
