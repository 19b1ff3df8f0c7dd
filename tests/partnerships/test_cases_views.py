"""The pages of cases: what everybody reads, and what both sides consent to."""

import pytest
from django.urls import reverse
from django.utils import timezone

from partnerships.models import CaseStudy, Docking
from partnerships.services.acceptance import save_acceptance
from partnerships.services.cases import move_case, page_of, write_case

pytestmark = pytest.mark.django_db

WORDS = {"title": "现场校准", "problem": "停机送检", "solution": "携仪器到车间", "benefit": "停机缩短"}
SECRETS = ("三坐标校准", "坐标测量机长度示值误差校准", "测试企业有限公司", "0~500 mm", "MPE", "DJ-", "XQ-")


@pytest.fixture
def closed(new_docking, owner):
    def make(level):
        docking = new_docking("delivery", level=level)
        lines = [{"achieved_text": "U=0.4 μm (k=2)"}]
        save_acceptance(docking, actor=owner, lines=lines, accepted_on=timezone.localdate(), conclusion="通过")
        Docking.objects.filter(pk=docking.pk).update(status="closed")
        return Docking.objects.get(pk=docking.pk)

    return make


@pytest.mark.parametrize("level", [1, 2, 3])
def test_everybody_reads_a_published_case_and_nothing_else_of_the_need(level, closed, owner, provider, client):
    case = write_case(closed(level), actor=owner, **WORDS)
    hidden = client.get(case.get_absolute_url()).status_code
    for side, actor in (("enterprise", owner), ("provider", provider)):
        move_case(case, f"{side}_consent", actor=actor, seen=page_of(case).mark)
    page = client.get(case.get_absolute_url())
    text = page.content.decode() + client.get(reverse("partnerships:case_list")).content.decode()
    assert (hidden, page.status_code) == (404, 200)
    assert [word for word in WORDS.values() if word not in text] == []
    assert [secret for secret in SECRETS if secret in text] == []


def test_both_consent_on_the_page_that_will_be_public(closed, owner, provider, as_user, client):
    docking = closed(1)
    address = reverse("partnerships:case_edit", args=[docking.pk])
    seen = as_user(provider).get(address).context["seen"]
    as_user(provider).post(address, {**WORDS, "shows_figures": "on", "seen": seen})
    case = CaseStudy.objects.get()
    for side, user in (("provider", provider), ("enterprise", owner)):
        mark = as_user(user).get(case.get_absolute_url()).context["story"].mark
        as_user(user).post(reverse("partnerships:case_move", args=[case.pk, f"{side}_consent"]), {"seen": mark})
    client.logout()
    assert "U=0.4 μm (k=2)" in client.get(case.get_absolute_url()).content.decode()


def test_two_who_write_at_once_do_not_overwrite_each_other(closed, owner, provider, as_user):
    docking = closed(1)
    address = reverse("partnerships:case_edit", args=[docking.pk])
    seen = as_user(owner).get(address).context["seen"]
    write_case(docking, actor=provider, **WORDS)
    page = as_user(owner).post(address, {**WORDS, "title": "另一个标题", "seen": seen})
    assert ("内容已被他人修改" in page.content.decode(), CaseStudy.objects.get().title) == (True, "现场校准")


def test_the_institute_has_no_say_in_the_name_of_the_enterprise(closed, provider, as_user):
    form = as_user(provider).get(reverse("partnerships:case_edit", args=[closed(3).pk])).context["form"]
    assert list(form.fields) == ["title", "problem", "solution", "benefit"]


def test_a_search_looks_into_the_words_of_the_case_alone(closed, owner, provider, client):
    case = write_case(closed(1), actor=owner, **WORDS)
    for side, actor in (("enterprise", owner), ("provider", provider)):
        move_case(case, f"{side}_consent", actor=actor, seen=page_of(case).mark)
    found = {
        word: client.get(reverse("partnerships:case_list"), {"q": word}).context["page"].paginator.count
        for word in ("车间", "三坐标", "测试企业")
    }
    assert found == {"车间": 1, "三坐标": 0, "测试企业": 0}
