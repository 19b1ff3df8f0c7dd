"""Needs of a visit: a sheet read and previewed, drafts marked as recorded, published on an enterprise's word."""

import io
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from accounts.models import Notice, Organisation
from challenges.models import Challenge, Entry, Intake, IntakeNeed
from challenges.services.intake import apply_intake, may_publish, plan_intake, publish_recorded, start_intake
from challenges.sheets import INTAKE, MAX_ROWS, read_intake, write_intake_template
from core.history import find_break
from core.workflow import NotPermitted, TransitionError
from needs.models import Need
from partnerships.sheets import SheetError
from tests.challenges.conftest import fresh
from tests.conftest import credit_code, seat
from tests.providers.scope_files import raw_xlsx

pytestmark = pytest.mark.django_db
NEW = {
    "企业名称": "走访遇到的企业",
    "统一社会信用代码": credit_code(901),
    "地区": "江苏省苏州市",
    "需求名称": "压力计测不准",
    "需求内容": "数字压力计在油介质下示值漂移。",
    "对象": "数字压力计",
    "参量": "压力",
    "范围": "0~60 MPa",
    "准确度": "0.05 级",
    "条件": "介质为油",
    "规范": "JJG 875",
    "联系人": "顾工",
    "电话": "13800000000",
}
KNOWN = {**NEW, "企业名称": "测试企业有限公司", "统一社会信用代码": None, "地区": None}


def sheet(*rows, heading=tuple(INTAKE)):
    """A filled-in sheet; each row is a dictionary by heading."""
    book = Workbook()
    book.active.append(list(heading))
    for row in rows:
        book.active.append([row.get(name) for name in heading])
    return saved(book)


def saved(book):
    file = io.BytesIO()
    book.save(file)
    file.seek(0)
    return file


@pytest.fixture
def upload(challenge, organiser):
    def start(*rows, challenge=challenge, author=organiser, **options):
        return start_intake(challenge, author=fresh(author), file=sheet(*rows, **options), name="园区走访.xlsx")

    return start


@pytest.fixture
def problems(upload, organiser):
    """What is said of the rows of a sheet."""

    def find(*rows, challenge=None):
        planned = plan_intake(upload(*rows, **({"challenge": challenge} if challenge else {})), actor=fresh(organiser))
        return [str(problem) for row in planned for problem in row.problems]

    return find


# --- Reading ------------------------------------------------------------------------------------------------------


def test_the_template_explains_itself_and_holds_no_row():
    book = load_workbook(write_intake_template())
    assert book.sheetnames == ["走访需求", "填写说明"]
    assert [cell.value for cell in book.active[1]] == [
        "企业名称",
        "统一社会信用代码",
        "地区",
        "需求名称",
        "需求内容",
        "对象",
        "参量",
        "范围",
        "准确度",
        "条件",
        "规范",
        "联系人",
        "电话",
    ]
    with pytest.raises(SheetError, match="没有填写内容"):
        read_intake(write_intake_template())


def zipped(**parts):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    file.seek(0)
    return file


def bomb():
    """A workbook of a hundred kilobytes that would unpack to fifty megabytes."""
    file = io.BytesIO(sheet(NEW).getvalue())
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet2.xml", b" " * 50 * 1024 * 1024)
    file.seek(0)
    return file


ENTITY = "<!DOCTYPE x [<!ENTITY a 'b'>]>"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: io.BytesIO(b""), "不是 XLSX 文件"),
        (lambda: io.BytesIO("企业名称,需求名称\n甲,乙\n".encode()), "不是 XLSX 文件"),
        (lambda: io.BytesIO(b"PK" + b"x" * 6 * 1024 * 1024), "超过 5 MB"),
        (lambda: io.BytesIO(sheet(NEW).getvalue()[:-200]), "已损坏"),
        (lambda: zipped(readme="x"), "不是 Excel 文件"),
        (bomb, "解压后过大"),
        (lambda: raw_xlsx("", parts={"xl/workbook.xml": ENTITY + "<workbook/>"}), "外部实体"),
        (
            lambda: sheet({"金额": 1}, heading=["金额"]),
            "没有找到表头。请下载模板填写；表头至少要有“企业名称”和“需求名称”。",
        ),
        (lambda: sheet({}, heading=["企业名称", "需求名称", "需求名称"]), "出现了两次"),
        (lambda: sheet(), "没有填写内容"),
        (lambda: sheet(*[NEW] * (MAX_ROWS + 1)), "201 行，一次最多导入 200 行"),
    ],
)
def test_a_hostile_or_wrong_file_is_refused_in_words(make, message, challenge, organiser):
    with pytest.raises(SheetError, match=message):
        start_intake(challenge, author=fresh(organiser), file=make(), name="x.xlsx")
    assert Intake.objects.count() == 0


CELLS = st.dictionaries(
    st.sampled_from(list(INTAKE)),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="￾￿"), max_size=130)
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans()
    | st.sampled_from([*NEW.values(), "=1+1", "#REF!"]),
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(rows=st.lists(CELLS, min_size=1, max_size=4))
def test_whatever_a_sheet_holds_it_is_planned_or_refused(rows, challenge, organiser):
    try:
        intake = start_intake(challenge, author=fresh(organiser), file=sheet(*rows), name="x.xlsx")
    except SheetError:
        return
    for planned in plan_intake(intake, actor=fresh(organiser)):
        assert planned.problems or planned.enterprise
        assert all(problem.heading in INTAKE for problem in planned.problems)


def test_flawed_cells_are_named(problems):
    assert problems({**NEW, "范围": "=A1", "需求名称": "#REF!"}) == [
        "第 2 行 需求名称：单元格显示为 #REF!，请改为填写文字。",
        "第 2 行 范围：公式没有计算出结果，请改为填写文字。",
    ]


# --- What is wrong ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, []),
        ({"企业名称": None}, ["企业名称：没有填写，请写企业全称。"]),
        ({"需求名称": None}, ["需求名称：没有填写，请用一句话写明要测什么。"]),
        ({"联系人": None}, ["联系人：没有填写，请写企业的联系人。"]),
        ({"电话": None}, ["电话：没有填写，请写联系人的手机或带区号的座机。"]),
        ({"电话": "12345"}, ["电话：电话请写 11 位手机号，或带区号的座机，例如 0512-65550000。"]),
        (
            {"统一社会信用代码": "91310000MA0000000X"},
            ["统一社会信用代码：“91310000MA0000000X”不正确：应为 18 位且校验码相符，请对照营业执照核对。"],
        ),
        (
            {"统一社会信用代码": None},
            ["统一社会信用代码：平台上还没有这家企业，请填写信用代码和地区，确认后一并登记。"],
        ),
        ({"地区": "月球"}, ["地区：“月球”不是可用的地区，请写到省或市，如“江苏省苏州市”，或写行政区划代码 320500。"]),
        ({"地区": None}, ["地区：空着，不是可用的地区，请写到省或市，如“江苏省苏州市”，或写行政区划代码 320500。"]),
        (
            {"需求内容": None, "对象": None},
            ["需求内容：和“对象”都没有填写，请至少写一项。", "对象：填写了指标，请写明被测对象或被校仪器。"],
        ),
        ({"对象": None}, ["对象：填写了指标，请写明被测对象或被校仪器。"]),
        ({"需求名称": "长" * 121}, ["需求名称：有 121 个字，超过 120 个字上限，请缩短。"]),
        ({"范围": "长" * 301}, ["范围：有 301 个字，超过 300 个字上限，请缩短。"]),
        ({"联系人": "长" * 41}, ["联系人：有 41 个字，超过 40 个字上限，请缩短。"]),
    ],
)
def test_each_problem_names_row_and_column(change, expected, problems):
    assert problems({**NEW, **change}) == [f"第 2 行 {each}" for each in expected]


def test_an_enterprise_is_who_its_code_says(problems, enterprise, institute):
    assert problems({**NEW, "统一社会信用代码": enterprise.credit_code}) == [
        "第 2 行 企业名称：与这个信用代码登记的名称不一致，请对照营业执照核对名称和代码。"
    ]
    assert problems({**NEW, "企业名称": enterprise.name}) == [
        "第 2 行 统一社会信用代码：与平台上同名企业的信用代码不一致，请对照营业执照核对。"
    ]
    assert problems({**NEW, "企业名称": institute.name, "统一社会信用代码": institute.credit_code}) == [
        "第 2 行 企业名称：不是您主管地区的企业，不能代录；请由企业自己报名。"
    ]


def test_the_region_of_the_challenge_counts(problems, new_challenge, enterprise):
    challenge = new_challenge(regions=["330000"])
    assert problems(NEW, KNOWN, challenge=challenge) == [
        "第 2 行 地区：本届赛事面向浙江省的企业。",
        "第 3 行 企业名称：本届赛事面向浙江省的企业。",
    ]


def test_one_need_is_written_once(problems):
    assert problems(NEW, NEW, {**NEW, "需求名称": "另一条"}) == [
        "第 3 行 需求名称：与第 2 行是同一企业的同名需求，请合并成一行，或改成不同的名称。"
    ]


# --- Who and when -------------------------------------------------------------------------------------------------


def test_who_may_record(people, challenge, enterprise):
    allowed = set()
    for name, user in people.items():
        try:
            start_intake(challenge, author=fresh(user), file=sheet(KNOWN), name="x")
        except NotPermitted:
            continue
        allowed.add(name)
    assert allowed == {"organiser", "admin"}
    assert {name for name, user in people.items() if Intake.objects.visible_to(fresh(user))} == allowed


def test_an_organiser_records_in_the_own_regions(upload, challenge, distant_organiser, enterprise):
    Challenge.objects.filter(pk=challenge.pk).update(organiser=distant_organiser.authorities[0])
    intake = upload(KNOWN, NEW, challenge=Challenge.objects.get(pk=challenge.pk), author=distant_organiser)
    planned = plan_intake(intake, actor=fresh(distant_organiser))
    assert [str(problem) for row in planned for problem in row.problems] == [
        "第 2 行 企业名称：不是您主管地区的企业，不能代录；请由企业自己报名。",
        "第 3 行 地区：不是您主管的地区，不能登记。",
    ]


@pytest.mark.parametrize("status", ["screening", "board", "cancelled"])
def test_a_visit_is_recorded_until_the_call_ends(status, new_challenge, upload):
    with pytest.raises(TransitionError, match="不再录入走访需求"):
        upload(NEW, challenge=new_challenge(status))


# --- What it does -------------------------------------------------------------------------------------------------


def test_nothing_is_stored_before_the_word(upload, organiser, problems):
    planned = plan_intake(upload(NEW), actor=fresh(organiser))
    assert [(row.is_new_enterprise, row.reading.quantity, row.problems) for row in planned] == [(True, "pressure", [])]
    assert (Need.objects.count(), Organisation.objects.filter(name="走访遇到的企业").count()) == (0, 0)


def test_a_sheet_with_a_problem_records_nothing(upload, organiser):
    intake = upload(NEW, {**NEW, "需求名称": "别的", "电话": "1"})
    with pytest.raises(TransitionError, match=r"没有登记：第 3 行 电话：.*请改正全部问题后重新上传。"):
        apply_intake(intake, actor=fresh(organiser))
    assert (Need.objects.count(), Organisation.objects.filter(name="走访遇到的企业").count()) == (0, 0)


def test_the_rows_become_marked_drafts_of_their_enterprises(upload, organiser, owner, enterprise, challenge):
    Notice.objects.all().delete()
    intake = upload(
        NEW,
        {
            **NEW,
            "需求名称": "第二条",
            "对象": None,
            "参量": None,
            "范围": None,
            "准确度": None,
            "条件": None,
            "规范": None,
        },
        KNOWN,
    )
    recorded = apply_intake(intake, actor=fresh(organiser))
    needs = [each.need for each in recorded]
    assert [
        (need.organisation.name, need.title, need.status, need.discipline, need.joins_challenge) for need in needs
    ] == [
        ("走访遇到的企业", "压力计测不准", "draft", "mechanics", True),
        ("走访遇到的企业", "第二条", "draft", "mechanics", True),
        ("测试企业有限公司", "压力计测不准", "draft", "mechanics", True),
    ]
    assert [[str(line) for line in need.lines.all()] for need in needs] == [
        ["数字压力计 压力 0~60 MPa 0.05 级"],
        [],
        ["数字压力计 压力 0~60 MPa 0.05 级"],
    ]
    body = needs[0].organisation
    assert (body.credit_code, body.region, body.kind, body.verified_at) == (
        credit_code(901),
        "320500",
        "enterprise",
        None,
    )
    assert [(event.label, event.note) for event in needs[0].events.all()] == [
        ("由组织方代录", f"走访录入，用于{challenge.name}。")
    ]
    assert [(notice.user, notice.text) for notice in Notice.objects.all()] == [
        (owner, "组织方走访后为您单位代录了 1 条需求草稿，请核对、补充后提交。")
    ]
    assert Entry.objects.count() == 0
    assert find_break() is None


def test_afterwards_only_names_are_kept_of_the_sheet(upload, organiser):
    intake = upload(NEW)
    apply_intake(intake, actor=fresh(organiser))
    assert Intake.objects.get().rows == [{"number": 2, "enterprise": "走访遇到的企业", "title": "压力计测不准"}]
    with pytest.raises(TransitionError, match="这份表已经登记，不会重复登记。"):
        apply_intake(intake, actor=fresh(organiser))


def test_a_draft_belongs_to_its_enterprise_alone(upload, organiser, people, enterprise):
    [recorded] = apply_intake(upload(KNOWN), actor=fresh(organiser))
    seen = {name for name, user in people.items() if Need.objects.visible_to(fresh(user)).filter(pk=recorded.need_id)}
    assert seen == {"owner", "colleague"}


# --- On an enterprise's word --------------------------------------------------------------------------------------

TEXT = {"public_title": "数字压力计校准", "public_text": "油介质 60 MPa 数字压力计校准。"}


@pytest.fixture
def recorded(upload, organiser):
    return apply_intake(upload(NEW), actor=fresh(organiser))[0]


def test_with_its_word_the_draft_is_published_and_entered(recorded, organiser, challenge):
    entry = publish_recorded(recorded, actor=fresh(organiser), consent="顾工 3 月 5 日当面同意", **TEXT)
    need = Need.objects.get(pk=recorded.need_id)
    assert (entry.challenge, entry.status, entry.is_on_behalf) == (challenge, "entered", True)
    assert (need.status, need.public_title) == ("published", "数字压力计校准")
    assert [event.label for event in need.events.all()] == [
        "由组织方代录",
        "提交",
        "受理",
        "代企业确认公开内容",
        "发布",
        "开放查看",
    ]
    assert [(event.label, event.note) for event in entry.events.all()] == [("由组织方代报", "顾工 3 月 5 日当面同意")]
    assert find_break() is None


def test_outside_the_call_nothing_is_published_either(recorded, organiser, challenge):
    Challenge.objects.filter(pk=challenge.pk).update(status="screening")
    recorded = IntakeNeed.objects.get(pk=recorded.pk)
    with pytest.raises(TransitionError, match="不接受报名"):
        publish_recorded(recorded, actor=fresh(organiser), consent="同意", **TEXT)
    assert Need.objects.get(pk=recorded.need_id).status == "draft"


def test_who_may_publish_a_recorded_draft(recorded, people, new_user):
    may = {name for name, user in people.items() if may_publish(recorded, fresh(user))}
    assert may == {"organiser", "admin"}
    seat(new_user("新成员"), recorded.need.organisation)
    assert {name for name, user in people.items() if may_publish(recorded, fresh(user))} == set()


# --- Pages --------------------------------------------------------------------------------------------------------


def test_a_visit_from_upload_to_entry(challenge, organiser, as_user):
    client = as_user(organiser)
    file = sheet(NEW)
    file.name = "园区走访.xlsx"
    preview = client.post(f"/challenges/{challenge.pk}/intake/", {"file": file}, follow=True)
    assert "确认登记 1 条" in preview.content.decode()
    assert "新登记，待核验" in preview.content.decode()
    intake = Intake.objects.get()
    done = client.post(f"/challenges/intake/{intake.pk}/confirm/", follow=True)
    assert "编写公开内容，代为发布和报名" in done.content.decode()
    path = IntakeNeed.objects.get().get_absolute_url()
    assert "数字压力计在油介质下示值漂移。" in client.get(path).content.decode()
    refused = client.post(path, {**TEXT, "consent": "顾工当面同意"})
    assert list(refused.context["form"].errors) == ["pledges"]
    assert "油介质 60 MPa 数字压力计校准。" in refused.content.decode()
    client.post(path, {**TEXT, "consent": "顾工当面同意", "pledges": "on"}, follow=True)
    assert Entry.objects.get().need.title == "压力计测不准"
    assert client.get(path).status_code == 404
    assert "已报名" in client.get(intake.get_absolute_url()).content.decode()


def test_a_refused_sheet_is_shown_with_its_problems(challenge, organiser, as_user):
    client = as_user(organiser)
    file = sheet({**NEW, "电话": "1", "需求名称": "<b>x</b>"})
    file.name = "x.xlsx"
    page = client.post(f"/challenges/{challenge.pk}/intake/", {"file": file}, follow=True).content.decode()
    assert "有 1 处问题，改正之前不登记任何一行。" in page
    assert "<b>x</b>" not in page
    assert "确认登记" not in page
    answer = client.post(f"/challenges/intake/{Intake.objects.get().pk}/confirm/", follow=True)
    assert "没有登记：第 2 行 电话" in answer.content.decode()
