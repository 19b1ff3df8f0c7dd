"""A case is public once both sides have consented to the very page, and says nothing but what is on it."""

import pytest
from django.utils import timezone

from accounts.models import Notice
from core.history import find_break
from core.workflow import NotPermitted, TransitionError
from partnerships.models import CaseStudy, Docking
from partnerships.services.acceptance import save_acceptance
from partnerships.services.cases import CasePage, Figure, move_case, page_of, write_case

pytestmark = pytest.mark.django_db

WORDS = {
    "title": "三坐标由送检改为现场校准",
    "problem": "停机送检要五天。",
    "solution": "携激光干涉仪到车间校准。",
    "benefit": "停机缩短到一天。",
}


@pytest.fixture
def closed(new_docking, owner):
    """Make closed dockings with their acceptance."""

    def make(level=1):
        docking = new_docking("delivery", level=level)
        lines = [{"achieved_text": "U=0.4 μm (k=2)"}]
        save_acceptance(docking, actor=owner, lines=lines, accepted_on=timezone.localdate(), conclusion="通过")
        Docking.objects.filter(pk=docking.pk).update(status="closed")
        return Docking.objects.get(pk=docking.pk)

    return make


@pytest.fixture
def case(closed, provider):
    return write_case(closed(), actor=provider, **WORDS)


def consent(case, *actors):
    for side, actor in actors:
        move_case(case, f"{side}_consent", actor=actor, seen=page_of(case).mark)
    case.refresh_from_db()


def test_both_consents_publish_in_either_order(case, closed, owner, provider):
    consent(case, ("provider", provider))
    waiting = (case.status, CaseStudy.objects.published().exists())
    consent(case, ("enterprise", owner))
    assert waiting == ("provider_consented", False)
    assert (case.status, case.published_at.date()) == ("published", timezone.now().date())
    assert find_break() is None


def test_a_change_takes_back_consent(case, owner, provider):
    consent(case, ("provider", provider))
    write_case(case.docking, actor=owner, benefit="停机缩短到半天。")
    case.refresh_from_db()
    assert case.status == "drafted"
    assert [event.action for event in case.events.all()] == ["write", "provider_consent", "reopen"]


def test_writing_the_same_again_takes_nothing_back(case, provider):
    consent(case, ("provider", provider))
    write_case(case.docking, actor=provider, **WORDS)
    case.refresh_from_db()
    assert case.status == "provider_consented"


@pytest.mark.parametrize("seen", ["", "0123456789abcdef"])
def test_nobody_consents_to_a_page_they_did_not_see(seen, case, owner):
    with pytest.raises(TransitionError, match="案例页面刚刚被修改过"):
        move_case(case, "enterprise_consent", actor=owner, seen=seen)
    case.refresh_from_db()
    assert case.status == "drafted"


def test_either_side_withdraws_and_publishing_again_takes_both(case, owner, provider):
    consent(case, ("provider", provider), ("enterprise", owner))
    with pytest.raises(TransitionError, match="修改之前请先撤下"):
        write_case(case.docking, actor=owner, benefit="更好")
    move_case(case, "withdraw", actor=provider, note="客户要求")
    write_case(case.docking, actor=provider, **WORDS)
    case.refresh_from_db()
    assert (case.status, CaseStudy.objects.published().exists()) == ("drafted", False)


def test_only_the_two_sides_write_and_move(people, case):
    def does(act):
        try:
            act()
        except NotPermitted:
            return False
        return True

    sides = {"owner", "colleague", "provider"}
    writers = {
        name for name, user in people.items() if does(lambda user=user: write_case(case.docking, actor=user, **WORDS))
    }
    withdrawers = set()
    for name, user in people.items():
        CaseStudy.objects.filter(pk=case.pk).update(status="drafted")
        if does(lambda user=user: move_case(CaseStudy.objects.get(), "withdraw", actor=user, note="理由")):
            withdrawers.add(name)
    assert (writers, withdrawers) == (sides, sides)


def test_only_the_enterprise_says_how_it_is_called(case, owner, provider):
    with pytest.raises(NotPermitted, match="只能由企业填写"):
        write_case(case.docking, actor=provider, enterprise_name="测试企业有限公司")
    nameless = page_of(case).enterprise
    write_case(case.docking, actor=owner, enterprise_name="某汽车零部件企业")
    case.refresh_from_db()
    assert (nameless, page_of(case).enterprise) == ("一家企业", "某汽车零部件企业")


def test_a_case_is_written_after_the_docking_is_closed(new_docking, owner):
    with pytest.raises(TransitionError, match="结案之后"):
        write_case(new_docking("acceptance"), actor=owner, **WORDS)


FIGURES = (Figure("坐标测量机 长度示值误差", "U=0.4 μm (k=2)", "pass"),)


@pytest.mark.parametrize(
    ("level", "chosen", "figures"), [(1, False, ()), (1, True, FIGURES), (2, False, ()), (2, True, FIGURES)]
)
def test_figures_are_shown_where_both_chose_so(level, chosen, figures, closed, owner):
    case = write_case(closed(level), actor=owner, **WORDS, shows_figures=chosen)
    assert page_of(case) == CasePage(**WORDS, enterprise="一家企业", institute="测试计量院", figures=figures)


def test_of_a_need_for_the_organiser_alone_only_the_words_of_the_case_are_told(closed, owner):
    docking = closed(3)
    with pytest.raises(TransitionError, match="不能展示验收数据"):
        write_case(docking, actor=owner, **WORDS, shows_figures=True)
    case = write_case(docking, actor=owner, **WORDS)
    CaseStudy.objects.filter(pk=case.pk).update(shows_figures=True)
    assert page_of(CaseStudy.objects.get()).figures == ()


def test_choosing_figures_changes_the_page_that_was_consented_to(case, owner, provider):
    consent(case, ("provider", provider))
    seen = page_of(case).mark
    write_case(case.docking, actor=owner, shows_figures=True)
    case.refresh_from_db()
    assert (case.status, page_of(case).mark == seen) == ("drafted", False)


def test_who_sees_a_draft(people, case):
    seen = {name for name, user in people.items() if CaseStudy.objects.visible_to(type(user).objects.get(pk=user.pk))}
    assert seen == {"owner", "colleague", "provider", "organiser", "admin"}


def test_notices_name_no_title(case, owner, provider):
    Notice.objects.all().delete()
    consent(case, ("provider", provider))
    assert [(notice.user, notice.kind, notice.text) for notice in Notice.objects.all()] == [
        (owner, "agreement", f"{case.docking.number} 的典型案例机构已同意发布，请核对页面后表态。")
    ]
