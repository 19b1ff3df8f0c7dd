"""The pages of agreements, acceptance, evidence and sums."""

from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template import Context, Template
from django.urls import reverse
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from core.models import Event
from partnerships.forms.agreements import WanField
from partnerships.models import Acceptance, Agreement, Docking
from partnerships.services.acceptance import save_acceptance
from partnerships.services.agreements import content_mark, draft_agreement, revise_agreement, update_agreement
from partnerships.services.dockings import assign_steward, pledge
from tests.partnerships.conftest import CONTRACT, confirm

pytestmark = pytest.mark.django_db


@pytest.fixture
def agreement(docking, provider):
    return draft_agreement(docking, actor=provider, **CONTRACT)


def url(name, record, *rest):
    return reverse(f"partnerships:{name}", args=[record.pk, *rest])


# --- Money --------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.decimals(0, Decimal("999999999999.99"), places=2))
def test_an_amount_comes_back_as_it_was(amount):
    typed = WanField().prepare_value(amount)
    shown = Template("{% load ui %}{{ amount|wan }}").render(Context({"amount": amount}))
    assert WanField().clean(typed) == amount
    assert Decimal(shown.removesuffix(" 万元").replace(",", "")) * 10_000 == amount


@settings(deadline=None)
@given(st.decimals(0, Decimal("99999999.999999"), places=6))
def test_what_is_typed_is_kept_to_the_last_fen(typed):
    assert WanField().clean(f"{typed:f}") == typed * 10_000


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("12.1234567", "最多写 6 位小数（精确到分），请四舍五入后填写。"),
        ("100000000", "超过上限 99,999,999 万元，请核对单位是不是万元。"),
        ("-1", "金额不能为负，请核对。"),
        ("十二", "请只写数字，例如 12.5；不写逗号和单位。"),
        ("1,200", "请只写数字，例如 12.5；不写逗号和单位。"),
        ("NaN", "请只写数字，例如 12.5；不写逗号和单位。"),
        ("1e99", "位数太多：整数最多 8 位，小数最多 6 位，请核对。"),
    ],
)
def test_an_amount_that_does_not_fit_is_refused_and_kept(typed, message, agreement, owner, as_user):
    data = {"title": "合同", "kind": "service", "contract_amount": typed, "paid_amount": "3.5"}
    data["seen"] = content_mark(agreement)
    page = as_user(owner).post(url("agreement_edit", agreement), data)
    assert page.context["form"].errors["contract_amount"][0] == message
    assert (f'value="{typed}"' in page.content.decode(), 'value="3.5"' in page.content.decode()) == (True, True)
    assert Agreement.objects.get().contract_amount == CONTRACT["contract_amount"]


# --- Agreements ---------------------------------------------------------------------------------------------------


def test_an_agreement_is_drafted_in_wan_and_stored_in_yuan(docking, owner, as_user):
    form = as_user(owner).get(url("agreement_create", docking)).context
    data = {"title": "服务合同", "kind": "service", "contract_amount": "12.00005", "signed_on": "2026-05-08"}
    answer = as_user(owner).post(url("agreement_create", docking), data | {"seen": form["mark"]})
    agreement = Agreement.objects.get()
    assert (answer.status_code, answer.url) == (302, agreement.get_absolute_url())
    assert (agreement.contract_amount, agreement.intent_amount, agreement.author) == (Decimal("120000.50"), None, owner)


def test_a_file_comes_with_the_agreement(docking, owner, as_user):
    mark = as_user(owner).get(url("agreement_create", docking)).context["mark"]
    upload = SimpleUploadedFile("合同.txt", "第一条".encode())
    data = {"title": "服务合同", "kind": "service", "upload": upload, "seen": mark}
    as_user(owner).post(url("agreement_create", docking), data)
    agreement = Agreement.objects.get()
    assert (agreement.file.name, agreement.file.docking) == ("合同.txt", docking)


def test_two_who_edit_at_once_do_not_overwrite_each_other(agreement, owner, provider, as_user):
    seen = content_mark(agreement)
    update_agreement(agreement, actor=provider, title="现场校准合同")
    data = {"title": "我改的名称", "kind": "service", "seen": seen}
    page = as_user(owner).post(url("agreement_edit", agreement), data)
    assert "内容已被他人修改" in page.content.decode()
    assert 'value="我改的名称"' in page.content.decode()
    assert Agreement.objects.get().title == "现场校准合同"


def test_both_confirm_on_the_page_what_they_saw(agreement, owner, provider, as_user):
    for name, user in (("provider_confirm", provider), ("enterprise_confirm", owner)):
        page = as_user(user).get(agreement.get_absolute_url())
        assert [step.name for step in page.context["steps"]] == [name, "terminate"]
        as_user(user).post(url("agreement_move", agreement, name), {"seen": page.context["mark"]})
    agreement.refresh_from_db()
    assert agreement.status == "effective"


def test_the_history_tells_every_amount(agreement, owner, provider, as_user):
    update_agreement(agreement, actor=owner, contract_amount=Decimal(110_000), kind="calibration")
    confirm(agreement, owner, provider)
    revise_agreement(agreement, actor=owner, paid_amount=Decimal("60000.01"))
    newer = Agreement.objects.get(replaces=agreement)
    notes = [event.note for event in as_user(owner).get(agreement.get_absolute_url()).context["events"]]
    assert notes == [
        "意向金额 8 万元；合同金额 12.00005 万元",
        "协议类型 技术服务 → 检定校准；合同金额 12.00005 万元 → 11 万元",
        "意向金额 8 万元；合同金额 11 万元",
        "意向金额 8 万元；合同金额 11 万元",
    ]
    assert [event.note for event in as_user(owner).get(newer.get_absolute_url()).context["events"]] == [
        "已付金额 未填 → 6.000001 万元"
    ]


def test_the_list_sums_what_the_filter_leaves(docking, owner, provider, organiser, as_user):
    confirm(draft_agreement(docking, actor=owner, **CONTRACT), owner, provider)
    fields = {"title": "意向书", "kind": "development", "intent_amount": Decimal(10_000)}
    confirm(draft_agreement(docking, actor=owner, **fields), owner, provider)
    draft_agreement(docking, actor=owner, **CONTRACT)

    def ask(**query):
        context = as_user(organiser).get(reverse("partnerships:agreement_list"), query).context
        return context["page"].paginator.count, context["counted"], list(context["totals"].values())

    today, old = timezone.localdate().isoformat(), "2020-01-01"
    both, contract = [Decimal(90_000), Decimal("120000.5"), 0], [Decimal(80_000), Decimal("120000.5"), 0]
    assert ask() == (3, 2, both)
    assert ask(counted="yes", confirmed_from=today, confirmed_to=today) == (2, 2, both)
    assert ask(confirmed_to=old) == (0, 0, [0, 0, 0])
    assert ask(kind="service") == (2, 1, contract)
    assert ask(status="drafted") == (1, 0, [0, 0, 0])
    assert ask(region="310000") == (3, 2, both)
    assert ask(region="440000") == (0, 0, [0, 0, 0])


def test_the_sums_of_a_region_lead_to_the_records(docking, owner, provider, organiser, distant_organiser, as_user):
    confirm(draft_agreement(docking, actor=owner, **CONTRACT), owner, provider)
    draft_agreement(docking, actor=owner, **CONTRACT)
    page = as_user(organiser).get(reverse("insights:agreement_sums"))
    whole = page.context["whole"]
    assert (whole.count, whole.intent_amount, whole.contract_amount, whole.paid_amount) == (
        1,
        Decimal(80_000),
        Decimal("120000.5"),
        0,
    )
    shown = [(title, [(row.label, row.value, row.count) for row in rows]) for title, _, rows in page.context["groups"]]
    assert shown == [("按企业地区", [("上海市", "310000", 1)]), ("按协议类型", [("技术服务", "service", 1)])]
    for query in ("region=310000", "kind=service"):
        address = f"{reverse('partnerships:agreement_list')}?counted=yes&amp;{query}"
        assert address in page.content.decode()
        assert as_user(organiser).get(address.replace("&amp;", "&")).context["totals"] == Agreement.objects.totals()
    assert as_user(distant_organiser).get(reverse("insights:agreement_sums")).context["whole"].count == 0
    assert as_user(owner).get(reverse("insights:agreement_sums")).status_code == 403


# --- Nothing leaks ------------------------------------------------------------------------------------------------


def test_an_agreement_on_a_confidential_need_is_nowhere_for_others(new_docking, owner, people, as_user):
    docking = new_docking(level=2, title="保密标题")
    agreement = draft_agreement(docking, actor=owner, **CONTRACT | {"title": "保密合同"})
    outsiders = {"stranger", "distant_organiser", "reviewer"}
    for name in outsiders:
        client = as_user(people[name])
        assert client.get(agreement.get_absolute_url()).status_code == 404
        page = client.get(reverse("partnerships:agreement_list")).content.decode()
        assert not any(word in page for word in ("保密合同", "保密标题", "12.00005", docking.number))
    insider = as_user(people["provider"]).get(agreement.get_absolute_url()).content.decode()
    assert ("保密合同" in insider, "保密标题" in insider) == (True, False)


def test_a_named_steward_reads_after_the_pledge(docking, owner, organiser, reviewer, as_user):
    agreement = draft_agreement(docking, actor=owner, **CONTRACT)
    assign_steward(docking, actor=organiser, steward=reviewer)
    named = as_user(reviewer).get(agreement.get_absolute_url()).status_code
    pledge(docking, actor=reviewer)
    assert (named, as_user(reviewer).get(agreement.get_absolute_url()).status_code) == (404, 200)


@pytest.mark.parametrize("place", ["detail", "list", "acceptance", "evidence", "edit"])
def test_reading_them_is_noted_in_the_history_of_the_need(place, new_docking, owner, organiser, as_user, client):
    docking = new_docking("delivery", level=2)
    agreement = draft_agreement(docking, actor=owner, **CONTRACT)
    lines = [{"achieved_text": "U=0.4 μm"}]
    save_acceptance(docking, actor=owner, lines=lines, accepted_on=timezone.localdate(), conclusion="通过")
    Docking.objects.filter(pk=docking.pk).update(status="acceptance")
    who = owner if place == "edit" else organiser
    address = {
        "detail": agreement.get_absolute_url(),
        "list": reverse("partnerships:agreement_list"),
        "acceptance": url("acceptance_detail", docking),
        "evidence": url("capability_evidence", docking.proposal.capability),
        "edit": url("agreement_edit", agreement),
    }[place]
    assert as_user(who).get(address).status_code == 200
    readers = Event.objects.filter(subject_id=docking.need_id, action="read").values_list("actor", flat=True)
    # What the enterprise reads of its own is not noted.
    assert list(readers) == ([] if place == "edit" else [organiser.pk])


# --- Acceptance ---------------------------------------------------------------------------------------------------


def rows(*achieved):
    forms = {"lines-TOTAL_FORMS": str(len(achieved)), "lines-INITIAL_FORMS": "0"}
    return forms | {f"lines-{number}-achieved_text": text for number, text in enumerate(achieved)}


def test_results_are_filled_in_beside_what_was_asked_for(new_docking, provider, as_user):
    docking = new_docking("delivery")
    page = as_user(provider).get(url("acceptance_edit", docking))
    assert [form.required.required_text for form in page.context["formset"]] == ["MPE ±(1.5+L/350) μm"]
    data = {"accepted_on": timezone.localdate(), "conclusion": "通过", "seen": page.context["seen"]}
    as_user(provider).post(url("acceptance_edit", docking), data | rows("U=0.4 μm (k=2)"))
    page = as_user(provider).get(url("acceptance_detail", docking)).content.decode()
    assert "达到 U=0.4 μm：达到要求（TUR 3.75）" in page
    again = as_user(provider).get(url("acceptance_edit", docking)).content.decode()
    assert 'value="U=0.4 μm (k=2)"' in again


def test_a_refused_acceptance_keeps_what_was_entered(new_docking, owner, as_user):
    docking = new_docking("delivery")
    data = {"accepted_on": "2999-01-01", "conclusion": "仪器已校准", "seen": ""}
    page = as_user(owner).post(url("acceptance_edit", docking), data | rows("U=0.4 μm")).content.decode()
    assert all(text in page for text in ("验收日期不能晚于今天", 'value="U=0.4 μm"', "仪器已校准"))
    page = as_user(owner).post(url("acceptance_edit", docking), data | rows("")).content.decode()
    assert ("仪器已校准" in page, Acceptance.objects.exists()) == (True, False)


def test_marks_are_given_on_the_page(new_docking, owner, as_user):
    docking = new_docking("delivery")
    lines = [{"achieved_text": "U=0.4 μm"}]
    save_acceptance(docking, actor=owner, lines=lines, accepted_on=timezone.localdate(), conclusion="通过")
    refused = as_user(owner).post(url("acceptance_mark", docking), {"mark": "9", "words": "很及时"})
    assert "很及时" in refused.content.decode()
    as_user(owner).post(url("acceptance_mark", docking), {"mark": "5", "words": "很及时"})
    page = as_user(owner).get(url("acceptance_detail", docking)).content.decode()
    assert "5 非常满意" in page


def test_a_need_without_lines_offers_rows_of_ones_own(new_docking, owner, as_user):
    docking = new_docking("delivery", lines=(), is_qualitative=True)
    data = {"accepted_on": timezone.localdate(), "conclusion": "通过", "seen": ""}
    fields = {"label": "压力表", "range_text": "0~60 MPa", "required_text": "1.6级", "achieved_text": "U=0.1 MPa (k=2)"}
    forms = {"lines-TOTAL_FORMS": "1", "lines-INITIAL_FORMS": "0", **{f"lines-0-{k}": v for k, v in fields.items()}}
    answer = as_user(owner).post(url("acceptance_edit", docking), data | forms)
    assert (answer.status_code, Acceptance.objects.get().lines.get().verdict) == (302, "pass")


# --- Evidence -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("level", "who", "shown"), [(1, None, True), (2, None, False), (2, "provider", True)])
def test_evidence_stands_beside_the_capability(level, who, shown, new_docking, owner, people, as_user, client):
    docking = new_docking("delivery", level=level)
    lines = [{"achieved_text": "U=0.43 μm (k=2)"}]
    save_acceptance(docking, actor=owner, lines=lines, accepted_on=timezone.localdate(), conclusion="通过")
    Docking.objects.filter(pk=docking.pk).update(status="acceptance")
    visitor = as_user(people[who]) if who else client
    page = visitor.get(url("capability_evidence", docking.proposal.capability)).content.decode()
    assert ("U=0.43 μm (k=2)" in page, "还没有可以公开的验收记录" in page) == (shown, not shown)
    assert ("0~500 mm" in page) == (level == 1)
