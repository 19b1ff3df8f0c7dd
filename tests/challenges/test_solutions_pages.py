"""The pages of solutions: the board's button, the form that is kept as one goes, handing in, joining, admission."""

from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from challenges.models import Challenge, Promise, Solution
from challenges.services.board import post_items
from challenges.services.solutions import add_co_applicant, save_solution, set_price, start_solution
from needs.services import grant_sight, revoke_sight
from tests.challenges.conftest import advance, fresh
from tests.challenges.solving import PARTS, end_solving, hand_in

pytestmark = pytest.mark.django_db


def address(name, *ids):
    return reverse(f"challenges:{name}", args=ids)


def form(rows=(("U=0.4 μm (k=2)", "CNAS 能力表第 3 行"),), **fields):
    """What the form of a solution posts for lines that are given."""
    data = PARTS | {"promises-TOTAL_FORMS": str(len(rows)), "promises-INITIAL_FORMS": str(len(rows))}
    for number, (promised, evidence) in enumerate(rows):
        data |= {f"promises-{number}-promised_text": promised, f"promises-{number}-evidence": evidence}
    return data | fields


@pytest.fixture
def solution(solving, provider, institute):
    return start_solution(solving, actor=fresh(provider), organisation=institute)


# --- From the board to the draft ----------------------------------------------------------------------------------


def test_the_board_leads_an_institute_into_its_draft(solving, provider, institute, as_user):
    item = as_user(provider).get(address("board_item", solving.pk))
    assert address("solution_create", solving.pk) in item.content.decode()
    begun = as_user(provider).post(address("solution_create", solving.pk))
    solution = Solution.objects.get()
    assert (solution.entry, solution.organisation, solution.status) == (solving, institute, "draft")
    assert begun.url == address("solution_edit", solution.pk)
    item = as_user(provider).get(address("board_item", solving.pk)).content.decode()
    assert address("solution_create", solving.pk) not in item
    assert solution.get_absolute_url() in item


@pytest.mark.parametrize("who", ["owner", "organiser", "unverified_provider"])
def test_who_is_no_verified_institute_finds_no_button_and_is_refused(who, solving, request, as_user):
    client = as_user(request.getfixturevalue(who))
    assert address("solution_create", solving.pk) not in client.get(address("board_item", solving.pk)).content.decode()
    answer = client.post(address("solution_create", solving.pk), follow=True)
    assert Solution.objects.count() == 0
    [said] = [str(each) for each in answer.context["messages"]]
    assert "登记" in said


def test_the_board_has_no_button_once_the_window_has_closed(solving, provider, as_user):
    end_solving(solving)
    item = as_user(provider).get(address("board_item", solving.pk)).content.decode()
    assert address("solution_create", solving.pk) not in item


# --- The form -----------------------------------------------------------------------------------------------------


def test_the_draft_is_kept_as_far_as_it_goes(solution, provider, as_user):
    edit = address("solution_edit", solution.pk)
    answer = as_user(provider).post(edit, form([("U=0.4 μm (k=2)", "")], plan=""))
    assert answer.url == edit
    solution.refresh_from_db()
    assert (solution.title, solution.plan, solution.status) == (PARTS["title"], "", "draft")
    promise = solution.promises.get()
    assert (promise.promised_text, promise.evidence, promise.verdict) == ("U=0.4 μm (k=2)", "", "pass")
    page = as_user(provider).get(edit).content.decode()
    assert "要求 U ≤ 0.5 μm" in page
    assert "第 1 行没有填全" in page


def test_an_autosave_answers_with_the_verdicts_and_what_is_missing(solution, provider, capability, as_user):
    edit = address("solution_edit", solution.pk)
    data = form(autosave="1", capability=str(capability.pk), seen=solution.updated_at.isoformat())
    answer = as_user(provider).post(edit, data).content.decode()
    assert "自动保存" in answer
    assert 'id="verdict-1" hx-swap-oob="true"' in answer
    assert "承诺优于公开的 CMC（500 mm 处承诺 0.4 μm，CMC 为 0.6 μm）" in answer
    assert "还差 1 项" in answer
    solution.refresh_from_db()
    assert f'name="seen" value="{solution.updated_at.isoformat()}"' in answer


def test_a_colleague_who_saved_meanwhile_is_not_overwritten_unseen(solution, provider, as_user):
    edit, seen = address("solution_edit", solution.pk), solution.updated_at.isoformat()
    save_solution(solution, actor=fresh(provider), title="同事写的")
    answer = as_user(provider).post(edit, form(seen=seen, title="我写的"))
    assert answer.status_code == 200
    assert "方案已被同事修改" in answer.content.decode()
    assert 'value="我写的"' in answer.content.decode()
    assert Solution.objects.get().title == "同事写的"


def test_what_is_too_long_is_named_and_nothing_written_is_lost(solution, provider, as_user):
    answer = as_user(provider).post(address("solution_edit", solution.pk), form(title="长" * 121))
    assert list(answer.context["form"].errors) == ["title"]
    assert PARTS["approach"] in answer.content.decode()
    assert "CNAS 能力表第 3 行" in answer.content.decode()


def test_an_item_without_lines_is_answered_in_rows_of_ones_own(new_entry, new_challenge, provider, institute, as_user):
    entry = new_entry("on_board", challenge=new_challenge(), lines=[], is_qualitative=True)
    entry = advance(entry, "solving")
    solution = start_solution(entry, actor=fresh(provider), organisation=institute)
    rows = {"promises-TOTAL_FORMS": "2", "promises-INITIAL_FORMS": "0", "promises-0-object_name": "钢罐 圆周"}
    rows |= {"promises-0-range_text": "(10~80) m", "promises-0-accuracy_text": "U≤2 mm (k=2)"}
    rows |= {"promises-0-promised_text": "U=1 mm (k=2)", "promises-0-evidence": "比对报告"}
    as_user(provider).post(address("solution_edit", solution.pk), PARTS | rows)
    assert list(solution.promises.values_list("line", "promised_text", "verdict")) == [
        (
            {
                "source": "own",
                "object_name": "钢罐 圆周",
                "range_text": "(10~80) m",
                "accuracy_text": "U≤2 mm (k=2)",
            },
            "U=1 mm (k=2)",
            "pass",
        )
    ]
    page = as_user(provider).get(address("solution_edit", solution.pk)).content.decode()
    assert 'value="钢罐 圆周"' in page


# --- Price, attachments, joining ----------------------------------------------------------------------------------


def test_a_price_is_sealed_and_never_shown_again(solution, provider, as_user):
    client, edit = as_user(provider), address("solution_edit", solution.pk)
    assert client.post(address("solution_price", solution.pk), {"amount": "386123.45"}).url == edit
    for page in (edit, solution.get_absolute_url()):
        text = client.get(page).content.decode()
        assert "已密封" in text
        assert "386123" not in text


@pytest.mark.parametrize(
    ("amount", "error"),
    [("", "请填写报价。"), ("abc", "报价要是数字"), ("0", "报价必须大于 0。"), ("1.234", "2"), ("9" * 20, "14")],
)
def test_a_price_that_is_none_is_named(amount, error, solution, provider, as_user):
    answer = as_user(provider).post(address("solution_price", solution.pk), {"amount": amount})
    assert error in str(answer.context["price_form"].errors)
    assert not hasattr(Solution.objects.get(), "price")


def test_attachments_come_and_go_and_only_who_sees_the_solution_gets_them(
    solution, provider, organiser, owner, as_user
):
    upload = SimpleUploadedFile("曲线.txt", "试验数据".encode())
    as_user(provider).post(address("solution_file_create", solution.pk), {"file": upload})
    file = solution.files.get()
    download = address("solution_file", solution.pk, file.pk)
    answer = as_user(provider).get(download)
    assert (b"".join(answer), answer["Content-Disposition"][:10]) == ("试验数据".encode(), "attachment")
    assert [as_user(each).get(download).status_code for each in (organiser, owner)] == [404, 404]
    as_user(provider).post(address("solution_file_remove", solution.pk, file.pk))
    assert solution.files.count() == 0


def test_an_institute_is_asked_to_join_and_answers_itself(solution, provider, new_user, new_organisation, as_user):
    partner = new_user("伙伴业务员")
    body = new_organisation("institute", founder=partner, name="伙伴计量院")
    as_user(provider).post(address("solution_partner_create", solution.pk), {"organisation": str(body.pk)})
    page = as_user(partner).get(solution.get_absolute_url()).content.decode()
    assert "测试计量院邀请贵单位联合揭榜" in page
    assert solution.get_absolute_url() in as_user(partner).get(address("solution_mine")).content.decode()
    assert as_user(partner).get(address("solution_edit", solution.pk)).status_code == 404
    as_user(partner).post(address("solution_join", solution.pk), {"answer": "agree"})
    assert solution.co_applicants.get().agreed_at is not None
    as_user(partner).post(address("solution_join", solution.pk), {"answer": "decline"})
    assert solution.co_applicants.count() == 0
    assert as_user(partner).get(solution.get_absolute_url()).status_code == 404


# --- Handing in ---------------------------------------------------------------------------------------------------


def test_what_is_missing_is_listed_and_what_was_written_is_saved(solution, provider, as_user):
    answer = as_user(provider).post(address("solution_edit", solution.pk), form(hand_in="1", team=""), follow=True)
    said = [str(each) for each in answer.context["messages"]]
    assert said == ["还不能提交，请先完成：填写承接团队；选择本单位已发布的依托能力；填写并密封报价。"]
    solution.refresh_from_db()
    assert (solution.status, solution.title) == ("draft", PARTS["title"])


def test_a_whole_solution_is_handed_in_replaced_and_withdrawn(solution, provider, capability, as_user):
    client, edit = as_user(provider), address("solution_edit", solution.pk)
    set_price(solution, Decimal(386000), actor=fresh(provider))
    client.post(edit, form(hand_in="1", capability=str(capability.pk)))
    assert Solution.objects.get().status == "submitted"
    answer = client.post(edit, form(capability=str(capability.pk), approach=""))
    assert "还缺：填写技术路线。" in answer.content.decode()
    assert Solution.objects.get().approach == PARTS["approach"]
    client.post(edit, form(capability=str(capability.pk), approach="换成干涉法"))
    assert Solution.objects.get().approach == "换成干涉法"
    client.post(address("solution_move", solution.pk, "withdraw"))
    assert Solution.objects.get().status == "withdrawn"
    assert client.get(edit).url == solution.get_absolute_url()
    client.post(address("solution_move", solution.pk, "redraft"))
    assert Solution.objects.get().status == "draft"


def test_after_the_deadline_the_form_leads_back_to_the_page(solving, provider, new_capability, as_user):
    solution = hand_in(solving, provider, new_capability())
    end_solving(solving)
    answer = as_user(provider).post(address("solution_edit", solution.pk), form(title="太晚了"), follow=True)
    assert [str(each) for each in answer.context["messages"]] == ["揭榜已经截止，方案不能再改动。"]
    assert Solution.objects.get().title == PARTS["title"]
    assert address("solution_edit", solution.pk) not in answer.content.decode()


# --- The organiser ------------------------------------------------------------------------------------------------


def test_before_the_deadline_the_organiser_reads_only_how_many(solving, provider, organiser, new_capability, as_user):
    solution = hand_in(solving, provider, new_capability())
    page = as_user(organiser).get(address("solution_list", solving.challenge_id))
    assert [(entry.board_number, number) for entry, number in page.context["counts"]] == [("CH-01", 1)]
    text = page.content.decode()
    assert not [word for word in ("测试计量院", PARTS["title"], solution.number) if word in text]
    assert as_user(organiser).get(solution.get_absolute_url()).status_code == 404


def test_afterwards_the_organiser_admits_with_a_reason_for_a_no(solving, provider, organiser, new_capability, as_user):
    solution = hand_in(solving, provider, new_capability())
    end_solving(solving)
    listed = as_user(organiser).get(address("solution_list", solving.challenge_id)).content.decode()
    assert "测试计量院" in listed
    assert "已密封" in listed
    page = as_user(organiser).get(solution.get_absolute_url()).content.decode()
    assert PARTS["approach"] in page
    refused = as_user(organiser).post(address("solution_move", solution.pk, "reject"))
    assert (refused.status_code, "需要写明理由" in refused.content.decode()) == (409, True)
    as_user(organiser).post(address("solution_move", solution.pk, "reject"), {"note": "没有资质证明"})
    assert "没有资质证明" in as_user(provider).get(solution.get_absolute_url()).content.decode()
    as_user(organiser).post(address("solution_move", solution.pk, "admit"))
    assert Solution.objects.get().status == "admitted"


def test_the_price_is_shown_once_it_is_open(solving, provider, organiser, new_capability, as_user):
    solution = hand_in(solving, provider, new_capability(), amount="386123.45")
    end_solving(solving)
    as_user(organiser).post(address("solution_move", solution.pk, "admit"))
    as_user(organiser).post(address("challenge_move", solving.challenge_id, "open_reviewing"))
    assert Challenge.objects.get(pk=solving.challenge_id).status == "reviewing"
    listed = as_user(organiser).get(address("solution_list", solving.challenge_id)).content.decode()
    assert "38.612345 万元" in listed
    for who in (organiser, provider):
        assert "38.612345 万元" in as_user(who).get(solution.get_absolute_url()).content.decode()


def test_another_institute_and_the_enterprise_find_nothing(
    solving, provider, owner, reviewer, new_capability, new_user, new_organisation, as_user
):
    solution = hand_in(solving, provider, new_capability())
    other = new_user("别家")
    new_organisation("institute", founder=other, name="别家计量院")
    for phase in ("solving", "after"):
        if phase == "after":
            end_solving(solving)
        found = [as_user(each).get(solution.get_absolute_url()).status_code for each in (other, owner, reviewer)]
        assert found == [404, 404, 404]
        assert list(as_user(other).get(address("solution_mine")).context["page"]) == []
        assert as_user(owner).get(address("solution_list", solving.challenge_id)).status_code == 404


# --- A confidential need ------------------------------------------------------------------------------------------


@pytest.fixture
def quoting(new_entry, new_challenge, new_need, organiser, provider, institute):
    """A solution to a confidential item whose lines were opened to the institute alone."""
    need = new_need("published", level=2)
    entry = advance(new_entry("on_board", need=need, challenge=new_challenge()), "solving")
    grant_sight(need, actor=organiser, organisation=institute, sees_detail=True)
    solution = start_solution(entry, actor=fresh(provider), organisation=institute)
    rows = [{"promised_text": "U=0.4 μm (k=2)", "evidence": "比对"}]
    return save_solution(solution, actor=fresh(provider), promises=rows, **PARTS)


def test_lines_opened_to_the_institute_are_closed_with_the_need(quoting, provider, institute, organiser, as_user):
    assert Promise.objects.get().line["source"] == "need"
    page = as_user(provider).get(quoting.get_absolute_url()).content.decode()
    assert "0~500 mm" in page
    revoke_sight(quoting.entry.need, actor=organiser, organisation=institute)
    page = as_user(provider).get(quoting.get_absolute_url()).content.decode()
    assert ("0~500 mm" in page, "U=0.4 μm (k=2)" in page, "没有向您开放" in page) == (False, True, True)
    assert "1.5+L/350" not in page


def test_who_is_asked_to_join_reads_no_line_that_is_closed_to_them(
    quoting, provider, new_user, new_organisation, as_user
):
    partner = new_user("伙伴业务员")
    body = new_organisation("institute", founder=partner, name="伙伴计量院")
    add_co_applicant(quoting, body, actor=fresh(provider))
    page = as_user(partner).get(quoting.get_absolute_url()).content.decode()
    assert ("0~500 mm" in page, "U=0.4 μm (k=2)" in page) == (False, True)


def test_reading_lines_of_the_need_is_noted(quoting, provider, as_user):
    before = quoting.entry.need.events.filter(action="read").count()
    as_user(provider).get(quoting.get_absolute_url())
    assert quoting.entry.need.events.filter(action="read").count() == before + 1


# --- Lists --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize(("who", "queries"), [("provider", 9), ("organiser", 13)])
def test_a_list_takes_as_many_queries_for_three_rows_as_for_one(
    rows, who, queries, new_challenge, new_entry, new_solution, provider, organiser, client, django_assert_num_queries
):
    challenge = new_challenge()
    entries = [new_entry("selected", challenge=challenge) for _ in range(rows)]
    post_items(challenge, actor=organiser)
    for entry in entries:
        entry.refresh_from_db()
        new_solution(advance(entry, "solving"))
    end_solving(entries[0])
    client.force_login(fresh({"provider": provider, "organiser": organiser}[who]))
    page = {"provider": address("solution_mine"), "organiser": address("solution_list", challenge.pk)}[who]
    with django_assert_num_queries(queries):
        assert len(client.get(page).context["page"].object_list) == rows
