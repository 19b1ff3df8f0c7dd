"""Solutions: who may begin one, what is kept, judged, missing and sealed, until when, and how they are admitted."""

from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.contrib.admin import site
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from accounts.models import Notice, Organisation
from challenges.jobs import remind_of_deadlines
from challenges.models import Challenge, PhaseWindow, Review, SealedPrice, Solution
from challenges.responses import judge_promise
from challenges.seals import SealError, seal, unseal
from challenges.services.board import correct_item
from challenges.services.challenges import extend_window, move_challenge
from challenges.services.reviews import remove_review
from challenges.services.solutions import (
    add_co_applicant,
    add_file,
    answer_invitation,
    checks_of,
    in_full,
    move_solution,
    remove_co_applicant,
    save_solution,
    set_price,
    start_solution,
)
from core.files import check_upload
from core.history import find_break
from core.workflow import NotPermitted, TransitionError
from tests.challenges.conftest import advance, fresh
from tests.challenges.solving import PARTS, ROW, end_solving, hand_in, whole
from tests.conftest import credit_code

pytestmark = pytest.mark.django_db


def again(solution):
    return in_full(Solution.objects.filter(pk=solution.pk)).get()


@pytest.fixture
def solution(solving, provider, institute):
    return start_solution(solving, actor=fresh(provider), organisation=institute)


@pytest.fixture
def partner(new_user, new_organisation):
    user = new_user("伙伴业务员")
    new_organisation("institute", founder=user, name="伙伴计量院")
    return user


# --- Who may begin ------------------------------------------------------------------------------------------------


def test_an_institute_begins_with_a_draft_of_its_own(solution, solving, provider, institute):
    assert (solution.entry, solution.organisation, solution.author, solution.status) == (
        solving,
        institute,
        provider,
        "draft",
    )
    assert list(solution.events.values_list("action", "target")) == [("start", "draft")]


@pytest.mark.parametrize(
    ("phase", "said"),
    [
        ("board", "赛事现在处于“发榜”阶段，不能修改或提交方案。"),
        ("reviewing", "赛事现在处于“方案评审”阶段，不能修改或提交方案。"),
    ],
)
def test_nobody_begins_outside_the_phase(phase, said, solving, provider, institute):
    Challenge.objects.update(status=phase)
    with pytest.raises(TransitionError, match=said):
        start_solution(solving, actor=fresh(provider), organisation=institute)


def test_nobody_answers_what_is_not_on_the_board(new_entry, solving, provider, institute):
    type(solving).objects.update(status="not_selected")
    with pytest.raises(TransitionError, match="不在榜单上"):
        start_solution(solving, actor=fresh(provider), organisation=institute)


def test_only_members_of_a_verified_institute_begin(solving, owner, organiser, unverified_provider, institute):
    for user, body in ((owner, institute), (organiser, institute), (unverified_provider, None)):
        user = fresh(user)
        with pytest.raises(NotPermitted, match="只有已通过核验的机构可以揭榜"):
            start_solution(solving, actor=user, organisation=body or user.providers[0])


def test_a_body_of_the_same_legal_entity_is_refused_with_the_reason(solving, provider, institute, enterprise):
    Organisation.objects.filter(pk=institute.pk).update(credit_code=f"12345678{enterprise.credit_code[8:17]}X")
    with pytest.raises(TransitionError, match="同一单位或同一法人主体"):
        start_solution(solving, actor=fresh(provider), organisation=Organisation.objects.get(pk=institute.pk))


def test_an_institute_has_one_solution_for_an_item(solution, solving, provider, institute):
    with pytest.raises(TransitionError, match="请在原方案上修改"):
        start_solution(solving, actor=fresh(provider), organisation=institute)


# --- The table of promises ----------------------------------------------------------------------------------------

LINE = {
    "object_name": "坐标测量机",
    "measurand": "长度示值误差",
    "range_text": "0~500 mm",
    "accuracy_text": "MPE ±(1.5+L/350) μm",
    "codes_text": "JJF 1064",
}
SHOW_IT = "请在依据里写明怎样达到，并附试验数据、比对结果或证书"
WRITE_SO = "没有读出承诺的不确定度，请带单位写，例如“U=0.8 μm (k=2)”或“Urel=0.05 % (k=2)”"


@pytest.mark.parametrize(
    ("line", "promised", "verdicts", "against_line", "against_published"),
    [
        (
            {},
            "U=0.4 μm (k=2)",
            ("pass", "partial"),
            "承诺 U=0.4 μm：达到要求（TUR 3.75）",
            "公开能力只能支撑一部分，承诺优于公开的 CMC（500 mm 处承诺 0.4 μm，CMC 为 0.6 μm），" + SHOW_IT,
        ),
        (
            {},
            "U=0.1 μm (k=2)",
            ("pass", "fail"),
            "承诺 U=0.1 μm：达到要求（TUR 15.00）",
            "公开能力不能支撑，承诺优于公开的 CMC（500 mm 处承诺 0.1 μm，CMC 为 0.6 μm），" + SHOW_IT,
        ),
        ({}, "U=3 μm (k=2)", ("fail", "pass"), "承诺 U=3 μm：没有达到要求（TUR 0.50）", "公开能力可以支撑"),
        ({}, "很好", ("unknown", "unknown"), f"无法判断，{WRITE_SO}", f"无法与公开能力比较：{WRITE_SO}"),
        (
            {"range_text": "0~5000 mm"},
            "U=6 μm (k=2)",
            ("fail", "partial"),
            "没有达到要求（TUR 0.25）",
            f"公开能力只能支撑一部分，测量范围覆盖 40 %（缺 2000 mm~5000 mm），{SHOW_IT}",
        ),
        (
            {"range_text": ""},
            "U=0.7 μm (k=2)",
            ("unknown", "unknown"),
            "无法判断，没有读出需求的测量范围，请在依据里写明能否达到",
            "无法与公开能力比较：没有读出这一行的测量范围",
        ),
        (
            {"measurand": "压力", "range_text": "(0~60) MPa"},
            "U=0.7 μm (k=2)",
            ("unknown", "fail"),
            "请改用被测量的单位",
            f"公开能力不能支撑，测的不是同一种量，{SHOW_IT}",
        ),
    ],
)
def test_a_promise_is_judged_against_the_line_and_what_is_published(
    line, promised, verdicts, against_line, against_published, capability
):
    said = judge_promise(LINE | line, promised, capability)
    assert (said["verdict"], said["backing"]) == verdicts
    assert said["sentence"].endswith(against_line)
    assert said["backing_sentence"] == against_published


def test_without_a_capability_or_its_lines_there_is_nothing_to_compare_with(new_capability):
    found = [judge_promise(LINE, "U=0.4 μm", each) for each in (None, new_capability("研究", kind="research"))]
    assert [(each["backing"], each["backing_sentence"]) for each in found] == [
        ("unknown", "选好依托能力之后，再与公开能力比较"),
        ("unknown", "无法与公开能力比较：公开能力没有填写测量能力"),
    ]


def test_choosing_another_capability_judges_again(solution, provider, capability, new_capability):
    coarse = new_capability(
        "粗测", lines=[{"measurand": "长度示值误差", "range_text": "(0~2000) mm", "uncertainty_text": "U=9 μm (k=2)"}]
    )
    save_solution(solution, actor=fresh(provider), promises=[ROW], capability=capability)
    assert solution.promises.get().backing == "partial"
    save_solution(solution, actor=fresh(provider), capability=coarse)
    assert solution.promises.get().backing == "fail"


def test_each_line_has_one_row(solution, provider):
    for rows in ([], [ROW, ROW]):
        with pytest.raises(ValidationError, match="这个项目有 1 行指标"):
            save_solution(solution, actor=fresh(provider), promises=rows)


def test_a_solution_rests_on_a_published_capability_of_its_own(solution, provider, new_capability, new_organisation):
    with pytest.raises(ValidationError, match="已发布的能力"):
        save_solution(solution, actor=fresh(provider), capability=new_capability(status="draft"))


# --- What is missing ----------------------------------------------------------------------------------------------


def test_a_new_draft_lacks_all_of_this(solution):
    assert [check.label for check in checks_of(again(solution)) if not check.is_done] == [
        "填写方案名称",
        "填写承接团队",
        "填写技术路线",
        "填写计划与里程碑",
        "选择本单位已发布的依托能力",
        "逐行填写承诺值和依据",
        "填写并密封报价",
    ]


@pytest.mark.parametrize(
    ("fields", "missing"),
    [
        ({"title": " "}, "填写方案名称"),
        ({"plan": ""}, "填写计划与里程碑"),
        ({"rows": [{"promised_text": "U=1 μm"}]}, "逐行填写承诺值和依据（第 1 行没有填全）"),
        ({"rows": [{"evidence": "证书"}]}, "逐行填写承诺值和依据（第 1 行没有填全）"),
        ({"foundation": "", "risks": ""}, ""),
    ],
)
def test_what_is_missing_is_named(fields, missing, solution, provider, capability):
    whole(solution, provider, capability, **fields)
    assert "；".join(check.label for check in checks_of(again(solution)) if not check.is_done) == missing


def test_a_capability_taken_back_meanwhile_is_missing(solution, provider, capability):
    whole(solution, provider, capability)
    type(capability).objects.update(status="retired")
    with pytest.raises(TransitionError, match="还不能提交，请先完成：选择本单位已发布的依托能力。"):
        move_solution(solution, "submit", actor=fresh(provider))


def test_what_is_handed_in_is_replaced_whole_or_not_at_all(solving, provider, new_capability):
    solution = hand_in(solving, provider, new_capability())
    before = solution.submitted_at
    with pytest.raises(TransitionError, match="原方案仍然有效。还缺：填写技术路线"):
        save_solution(solution, actor=fresh(provider), approach="")
    assert Solution.objects.get().approach == PARTS["approach"]
    save_solution(solution, actor=fresh(provider), approach="干涉法")
    solution = Solution.objects.get()
    assert (solution.approach, solution.status, solution.submitted_at > before) == ("干涉法", "submitted", True)
    contents = list(solution.events.filter(action__in=["submit", "replace"]).values_list("data", flat=True))
    assert [list(each) for each in contents] == [["content"], ["content"]]
    assert contents[0] != contents[1]
    assert find_break() is None


# --- The deadline -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/Los_Angeles", "Pacific/Kiritimati"])
@pytest.mark.parametrize(("seconds", "is_open"), [(-1, True), (0, False), (1, False)])
def test_the_server_s_clock_closes_the_window_at_its_end(
    seconds, is_open, zone, solution, solving, provider, capability, monkeypatch
):
    whole(solution, provider, capability)
    end = (timezone.now() + timedelta(hours=5)).astimezone(ZoneInfo(zone))
    end_solving(solving, at=end)
    monkeypatch.setattr(timezone, "now", lambda: end + timedelta(seconds=seconds))
    actor = fresh(provider)
    actions = {
        "save": lambda: save_solution(solution, actor=actor, title="最后一秒"),
        "price": lambda: set_price(solution, Decimal(1), actor=actor),
        "submit": lambda: move_solution(solution, "submit", actor=actor),
        "replace": lambda: save_solution(solution, actor=actor, title="替换"),
        "withdraw": lambda: move_solution(solution, "withdraw", actor=actor),
        "redraft": lambda: move_solution(solution, "redraft", actor=actor),
    }
    with timezone.override(zone):
        if is_open:
            for action in actions.values():
                action()
            assert Solution.objects.get().status == "draft"
        else:
            for name in ("save", "price", "submit", "withdraw"):
                with pytest.raises(TransitionError, match="揭榜已经截止"):
                    actions[name]()
            assert Solution.objects.get().status == "draft"


@pytest.mark.parametrize(("seconds", "is_open"), [(-1, False), (0, True), (1, True)])
def test_the_window_opens_at_its_beginning(seconds, is_open, solving, provider, institute, monkeypatch):
    begin = timezone.now() + timedelta(hours=1)
    PhaseWindow.objects.filter(phase="solving").update(opens_at=begin)
    monkeypatch.setattr(timezone, "now", lambda: begin + timedelta(seconds=seconds))
    if is_open:
        assert start_solution(solving, actor=fresh(provider), organisation=institute).status == "draft"
    else:
        with pytest.raises(TransitionError, match="揭榜还没有开始"):
            start_solution(solving, actor=fresh(provider), organisation=institute)


@pytest.mark.parametrize(("seconds", "sees"), [(-1, 0), (0, 1), (1, 1)])
def test_the_organiser_sees_and_admits_from_the_end_on(
    seconds, sees, solving, provider, organiser, new_capability, monkeypatch
):
    solution = hand_in(solving, provider, new_capability())
    end = timezone.now() + timedelta(hours=5)
    end_solving(solving, at=end)
    monkeypatch.setattr(timezone, "now", lambda: end + timedelta(seconds=seconds))
    assert Solution.objects.visible_to(fresh(organiser)).count() == sees
    if sees:
        move_solution(solution, "admit", actor=fresh(organiser))
    else:
        with pytest.raises(TransitionError, match="揭榜还没有截止，截止后再做形式审查。"):
            move_solution(solution, "admit", actor=fresh(organiser))


# --- Who joins ----------------------------------------------------------------------------------------------------


def test_who_is_asked_is_told_and_answers_by_its_own_people(solution, provider, partner):
    body = fresh(partner).providers[0]
    asked = add_co_applicant(solution, body, actor=fresh(provider))
    assert partner.notices.latest("created_at").text.endswith("：测试计量院邀请贵单位联合揭榜，请查看方案并答复。")
    assert "等待伙伴计量院" in checks_of(again(solution))[-1].label
    with pytest.raises(NotPermitted, match="只能由被邀请的单位自己答复"):
        answer_invitation(asked, actor=fresh(provider), agrees=True)
    answer_invitation(asked, actor=fresh(partner), agrees=True)
    assert provider.notices.latest("created_at").text.endswith("：伙伴计量院同意参加联合揭榜。")
    assert [body.name for body in again(solution).bodies] == ["测试计量院", "伙伴计量院"]


def test_without_an_answer_nothing_is_handed_in(solution, provider, partner, capability):
    whole(solution, provider, capability)
    asked = add_co_applicant(solution, fresh(partner).providers[0], actor=fresh(provider))
    with pytest.raises(TransitionError, match="联合单位都已答复（等待伙伴计量院）"):
        move_solution(solution, "submit", actor=fresh(provider))
    answer_invitation(asked, actor=fresh(partner), agrees=False)
    assert Solution.objects.visible_to(fresh(partner)).count() == 0
    move_solution(solution, "submit", actor=fresh(provider))
    with pytest.raises(TransitionError, match="请先撤回、重新填写"):
        add_co_applicant(solution, fresh(partner).providers[0], actor=fresh(provider))


def test_who_is_dropped_is_told_and_sees_nothing_any_more(solution, provider, partner):
    asked = add_co_applicant(solution, fresh(partner).providers[0], actor=fresh(provider))
    remove_co_applicant(asked, actor=fresh(provider))
    notice = partner.notices.latest("created_at")
    assert notice.text.endswith("：测试计量院取消了与贵单位的联合揭榜。")
    assert notice.url == solution.challenge.get_absolute_url()
    assert Solution.objects.visible_to(fresh(partner)).count() == 0


def test_asking_does_not_tell_whose_need_it_is(solution, provider, partner, enterprise):
    """The institute of the enterprise's own entity can be asked like any other; it is refused when it agrees."""
    body = fresh(partner).providers[0]
    Organisation.objects.filter(pk=body.pk).update(credit_code=f"12345678{enterprise.credit_code[8:17]}X")
    asked = add_co_applicant(solution, Organisation.objects.get(pk=body.pk), actor=fresh(provider))
    with pytest.raises(TransitionError, match="同一法人主体"):
        answer_invitation(asked, actor=fresh(partner), agrees=True)


def test_only_verified_institutes_can_be_asked_and_each_once(solution, provider, partner, enterprise, institute):
    raw = Organisation.objects.create(name="没有核验", kind="institute", credit_code=credit_code(950), region="310000")
    for body in (enterprise, raw, institute):
        with pytest.raises(TransitionError, match="联合单位"):
            add_co_applicant(solution, body, actor=fresh(provider))
    add_co_applicant(solution, fresh(partner).providers[0], actor=fresh(provider))
    with pytest.raises(TransitionError, match="已经邀请过"):
        add_co_applicant(solution, fresh(partner).providers[0], actor=fresh(provider))


# --- Admission ----------------------------------------------------------------------------------------------------


def test_the_institute_is_told_of_the_admission_and_not_of_more(solving, provider, organiser, new_capability):
    solution = hand_in(solving, provider, new_capability())
    end_solving(solving)
    move_solution(solution, "reject", actor=fresh(organiser), note="没有资质证明")
    told = provider.notices.latest("created_at")
    assert told.text.endswith(f"方案 {solution.number} 未通过形式审查，理由见方案页。")
    assert told.url == solution.get_absolute_url()
    with pytest.raises(NotPermitted):
        move_solution(solution, "admit", actor=fresh(provider))


@pytest.mark.parametrize("name", ["shortlist", "drop", "release_selected", "explode"])
def test_steps_of_other_phases_are_none_here(name, solving, provider, organiser, new_capability):
    solution = hand_in(solving, provider, new_capability())
    with pytest.raises(TransitionError, match="没有这个操作"):
        move_solution(solution, name, actor=fresh(organiser), note="理由")


# --- Reminders ----------------------------------------------------------------------------------------------------


def test_who_has_a_draft_or_an_open_invitation_is_told_of_the_deadline_once(solution, solving, provider, partner):
    add_co_applicant(solution, fresh(partner).providers[0], actor=fresh(provider))
    Notice.objects.all().delete()
    end_solving(solving, at=timezone.now() + timedelta(hours=20))
    for _ in range(2):
        remind_of_deadlines()
    assert [notice.text.split("截止，")[1] for notice in provider.notices.all()] == [
        f"方案 {solution.number} 还是草稿，请补全并提交。"
    ]
    assert [notice.text.split("截止，")[1] for notice in partner.notices.all()] == ["有联合揭榜的邀请等您答复。"]


def test_who_has_handed_in_is_not_reminded(solving, provider, new_capability):
    hand_in(solving, provider, new_capability())
    Notice.objects.all().delete()
    end_solving(solving, at=timezone.now() + timedelta(hours=20))
    remind_of_deadlines()
    assert provider.notices.count() == 0


def test_who_has_a_solution_is_told_of_a_corrigendum(solution, solving, provider, organiser):
    correct_item(solving, actor=fresh(organiser), text="范围改为 0~600 mm")
    told = provider.notices.latest("created_at")
    assert told.text.endswith(f"榜单项目 {solving.board_number} 有更正公告，请查看。")


# --- The sealed price ---------------------------------------------------------------------------------------------

AMOUNT = Decimal("386123.45")
# The number as people and programs write it.
WAYS = ("386123.45", "386123", "386,123", "38.612345", "38.61")


def test_a_seal_opens_to_the_amount_and_tells_nothing_by_its_length():
    amounts = [Decimal("0.01"), AMOUNT, Decimal("999999999999.99")]
    assert [unseal(seal(amount)) for amount in amounts] == amounts
    assert len({len(seal(amount)) for amount in amounts}) == 1
    assert seal(AMOUNT) != seal(AMOUNT)


def test_an_earlier_key_still_opens_and_a_lost_one_does_not(settings):
    cipher, before = seal(AMOUNT), settings.SECRET_KEY
    settings.SECRET_KEY = "another key that is long enough for anybody"
    with pytest.raises(SealError):
        unseal(cipher)
    settings.SECRET_KEY_FALLBACKS = [before]
    assert unseal(cipher) == AMOUNT


def everything_stored() -> str:
    """The whole database, as text: every table, every column."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        rows = []
        for table in tables:
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            rows += [bytes(cell) if isinstance(cell, memoryview) else cell for row in cursor for cell in row]
    return "\n".join(map(str, rows))


def test_nothing_stored_says_the_price_before_the_opening(
    solving, provider, organiser, new_capability, client, tmp_path, caplog
):
    client.force_login(fresh(provider))
    solution = hand_in(solving, provider, new_capability())
    page, headers = reverse("challenges:solution_price", args=[solution.pk]), {"Idempotency-Key": "k"}
    client.post(page, {"amount": str(AMOUNT)})
    api = reverse("solution-price", args=[solution.pk])
    client.post(api, {"amount": str(AMOUNT)}, content_type="application/json", headers=headers)
    end_solving(solving)
    move_solution(solution, "admit", actor=fresh(organiser))
    call_command("dumpdata", output=tmp_path / "dump.json")
    stored = everything_stored() + (tmp_path / "dump.json").read_text() + caplog.text
    assert [way for way in WAYS if way in stored] == []
    move_challenge(Challenge.objects.get(pk=solving.challenge_id), "open_reviewing", actor=fresh(organiser))
    assert "386123.45" in everything_stored()


def test_no_page_and_no_endpoint_says_the_price_before_the_opening(
    solving, provider, partner, organiser, admin, owner, new_capability, client
):
    solution = start_solution(solving, actor=fresh(provider), organisation=fresh(provider).providers[0])
    answer_invitation(
        add_co_applicant(solution, fresh(partner).providers[0], actor=fresh(provider)),
        actor=fresh(partner),
        agrees=True,
    )
    whole(solution, provider, new_capability(), amount=str(AMOUNT))
    move_solution(solution, "submit", actor=fresh(provider))
    names = ("solution_detail", "solution_edit")
    pages = [reverse(f"challenges:{name}", args=[solution.pk]) for name in names]
    pages += [
        reverse("challenges:solution_mine"),
        reverse("solution-list"),
        reverse("solution-detail", args=[solution.pk]),
    ]
    challenge = solving.challenge_id
    for name in ("solution_list", "challenge_manage", "challenge_detail", "board", "board_export"):
        pages.append(reverse(f"challenges:{name}", args=[challenge]))
    pages += [reverse("solution-counts", args=[challenge]), reverse("challenge-checklist", args=[challenge])]
    pages += ["/notices/", "/api/v1/notices/", "/next/", "/admin/"]

    def said() -> dict:
        found = {}
        for user in (provider, partner, organiser, admin, owner):
            client.force_login(fresh(user))
            for page in pages:
                answer = client.get(page)
                content = b"".join(answer) if answer.streaming else answer.content
                if any(way.encode() in content for way in WAYS):
                    found.setdefault(user.name, []).append(page)
        return found

    end_solving(solving)
    move_solution(solution, "admit", actor=fresh(organiser))
    assert said() == {}
    move_challenge(Challenge.objects.get(pk=challenge), "open_reviewing", actor=fresh(organiser))
    shown = said()
    assert set(shown) == {provider.name, organiser.name, admin.name}
    assert reverse("challenges:solution_list", args=[challenge]) in shown[organiser.name]


def test_the_administration_knows_no_sealed_price():
    assert SealedPrice not in site._registry


def test_all_prices_of_admitted_solutions_are_opened_together_and_recorded(
    solving, provider, partner, organiser, new_capability
):
    mine = hand_in(solving, provider, new_capability(), amount=str(AMOUNT))
    body = fresh(partner).providers[0]
    other = start_solution(solving, actor=fresh(partner), organisation=body)
    set_price(other, Decimal(5), actor=fresh(partner))
    Solution.objects.filter(pk=other.pk).update(status="not_admitted", submitted_at=timezone.now())
    end_solving(solving)
    move_solution(mine, "admit", actor=fresh(organiser))
    move_challenge(Challenge.objects.get(pk=solving.challenge_id), "open_reviewing", actor=fresh(organiser))
    assert {price.solution_id: price.amount for price in SealedPrice.objects.all()} == {
        mine.pk: AMOUNT,
        other.pk: None,
    }
    assert mine.events.get(action="open_price").data == {"amount": "386123.45"}
    assert solving.challenge.events.get(action="open_prices").data == {"count": 1}


def test_a_price_that_no_key_opens_keeps_the_phase_closed(solving, provider, organiser, new_capability, settings):
    solution = hand_in(solving, provider, new_capability())
    end_solving(solving)
    move_solution(solution, "admit", actor=fresh(organiser))
    settings.SECRET_KEY = "another key that is long enough for anybody"
    with pytest.raises(TransitionError, match="SECRET_KEY_FALLBACKS"):
        move_challenge(Challenge.objects.get(pk=solving.challenge_id), "open_reviewing", actor=fresh(organiser))
    assert Challenge.objects.get(pk=solving.challenge_id).status == "solving"
    assert SealedPrice.objects.get().opened_at is None


def test_replacing_a_price_leaves_the_last_one(solving, provider, organiser, new_capability):
    solution = hand_in(solving, provider, new_capability(), amount="1000")
    set_price(solution, AMOUNT, actor=fresh(provider))
    end_solving(solving)
    move_solution(solution, "admit", actor=fresh(organiser))
    move_challenge(Challenge.objects.get(pk=solving.challenge_id), "open_reviewing", actor=fresh(organiser))
    assert SealedPrice.objects.get().amount == AMOUNT
    labels = list(solution.events.filter(action="price").values_list("label", flat=True))
    assert labels == ["密封报价", "更换密封报价"]


# --- Attachments --------------------------------------------------------------------------------------------------


def test_ten_attachments_are_enough(solution, provider):
    def add(number):
        upload = check_upload(ContentFile(b"12", f"{number}.txt"))
        return add_file(solution, actor=fresh(provider), upload=upload)

    for number in range(10):
        add(number)
    with pytest.raises(TransitionError, match="最多 10 个附件"):
        add(10)
    names = [event.data["file"] for event in solution.events.filter(action="attach")]
    assert names == [f"{number}.txt" for number in range(10)]


# --- What an organiser must not do --------------------------------------------------------------------------------


def test_who_organises_does_not_compete(solving, provider, institute, new_user, new_organisation, capability):
    solving.challenge.co_organisers.add(institute)
    with pytest.raises(TransitionError, match="主办和协办这项赛事的单位不能揭榜"):
        start_solution(solving, actor=provider, organisation=institute)
    other = new_user("别家")
    body = new_organisation("institute", founder=other, name="别家计量院")
    solution = start_solution(solving, actor=fresh(other), organisation=body)
    with pytest.raises(TransitionError, match="也不能联合揭榜"):
        add_co_applicant(solution, institute, actor=fresh(other))


def test_the_deadline_is_not_put_off_once_the_organisers_can_read(solving, new_solution, organiser):
    solution = new_solution(solving)
    end_solving(solving)
    assert list(Solution.objects.visible_to(organiser)) == [solution]
    later = timezone.now() + timedelta(days=3)
    with pytest.raises(TransitionError, match="组织方已能查看方案，不能再延期"):
        extend_window(fresh_challenge(solving), "solving", actor=organiser, closes_at=later, reason="应要求")


def test_nothing_is_opened_of_a_challenge_that_was_called_off(solving, new_solution, organiser):
    new_solution(solving)
    move_challenge(fresh_challenge(solving), "cancel", actor=organiser, note="经费未落实")
    end_solving(solving)
    assert not Solution.objects.visible_to(organiser).exists()


def test_a_review_stands_once_its_phase_is_over(solving, new_solution, experts, organiser):
    solution = new_solution(solving, "admitted")
    advance(solving, "announced")
    now = timezone.now()
    review = Review.objects.create(
        stage="solution", entry=solving, solution=solution, reviewer=experts[0], status="locked", locked_at=now
    )
    with pytest.raises(TransitionError, match="不能撤销评审"):
        remove_review(review, actor=organiser, note="换人")


def fresh_challenge(entry) -> Challenge:
    return Challenge.objects.get(pk=entry.challenge_id)
