"""The pages of a pairing."""

from datetime import timedelta

import pytest
from django.utils import timezone

from matching.models import Proposal
from matching.services import move_proposal, propose_for_need
from providers.services import save_credential


@pytest.fixture
def proposed(new_need, capability):
    need = new_need("published")
    propose_for_need(need)
    return need


def test_the_page_waits_until_the_need_is_matched(new_need, capability, as_user, owner):
    need = new_need("published")
    client = as_user(owner)
    waiting = client.get(f"/matching/needs/{need.pk}/").content.decode()
    assert "正在与全部能力逐行比对" in waiting
    propose_for_need(need)
    done = client.get(f"/matching/needs/{need.pk}/").content.decode()
    assert "正在与全部能力逐行比对" not in done
    assert "测试计量院" in done


def test_the_part_that_polls_is_the_list_alone(proposed, as_user, owner):
    path = f"/matching/needs/{proposed.pk}/"
    part = as_user(owner).get(path, headers={"HX-Request": "true", "HX-Target": "proposals"}).content.decode()
    assert "测试计量院" in part
    assert "<html" not in part


def test_an_empty_match_says_so(new_need, as_user, owner):
    need = new_need("published")
    propose_for_need(need)
    assert "目前没有机构能覆盖这条需求" in as_user(owner).get(f"/matching/needs/{need.pk}/").content.decode()


def test_existing_and_research_capabilities_are_listed_apart(new_need, new_capability, as_user, owner):
    new_capability("坐标测量机")
    new_capability("坐标测量机误差补偿", kind="research", direction="坐标测量机长度示值误差")
    need = new_need("published")
    propose_for_need(need)
    context = as_user(owner).get(f"/matching/needs/{need.pk}/").context
    assert [card.capability.title for card in context["existing"]] == ["坐标测量机"]
    assert [card.capability.title for card in context["research"]] == ["坐标测量机误差补偿"]


def test_the_parts_on_the_card_add_up_to_its_score(proposed, as_user, owner):
    (card,) = as_user(owner).get(f"/matching/needs/{proposed.pk}/").context["existing"]
    assert sum(points for _, _, points in card.parts) == pytest.approx(card.score, abs=0.01)


def test_the_inbox_marks_what_was_not_read(proposed, as_user, provider):
    client = as_user(provider)
    proposal = Proposal.objects.get()
    assert "（未读）" in client.get("/matching/inbox/").content.decode()
    assert client.get("/matching/inbox/", {"unread": "yes"}).context["page"].paginator.count == 1
    client.get(proposal.get_absolute_url())
    assert "（未读）" not in client.get("/matching/inbox/").content.decode()
    assert client.get("/matching/inbox/", {"unread": "yes"}).context["page"].paginator.count == 0


@pytest.mark.parametrize("name", ["owner", "organiser"])
def test_only_the_institutes_own_look_counts_as_read(name, proposed, as_user, people):
    as_user(people[name]).get(Proposal.objects.get().get_absolute_url())
    assert Proposal.objects.get().provider_seen_at is None


def test_the_strongest_public_need_comes_first_and_confidential_ones_by_time(
    new_need, new_capability, as_user, provider, organiser
):
    capability = new_capability()
    scores = {"弱": (1, 30), "强": (1, 80), "早": (2, 20), "晚": (2, 90)}
    for title, (level, score) in scores.items():
        need = new_need("published", level=level, public_title=title)
        propose_for_need(need)
        Proposal.objects.filter(need=need).update(score=score)
    for proposal in Proposal.objects.filter(status="generated"):
        move_proposal(proposal, "propose", actor=organiser)
    page = as_user(provider).get("/matching/inbox/").context["page"]
    assert [need.title for _, need in page.object_list] == ["强", "弱", "晚", "早"]
    assert {proposal.capability for proposal, _ in page.object_list} == {capability}


@pytest.mark.parametrize("query", [{"verdict": "pass"}, {"verdict": "partial"}, {"verdict": "unknown"}])
def test_the_verdict_filter_never_finds_confidential_needs(query, new_need, capability, as_user, provider, organiser):
    propose_for_need(new_need("published", level=2))
    move_proposal(Proposal.objects.get(), "propose", actor=organiser)
    client = as_user(provider)
    assert client.get("/matching/inbox/").context["page"].paginator.count == 1
    assert client.get("/matching/inbox/", query).context["page"].paginator.count == 0


def test_a_confidential_proposal_is_shown_without_reasons(new_need, capability, as_user, provider, organiser):
    propose_for_need(new_need("published", level=2))
    move_proposal(Proposal.objects.get(), "propose", actor=organiser)
    response = as_user(provider).get(Proposal.objects.get().get_absolute_url())
    assert response.context["card"] is None
    assert "签署保密协议后可见" in response.content.decode()


def test_an_answer_on_the_page(proposed, as_user, provider):
    proposal = Proposal.objects.get()
    path = f"/matching/proposals/{proposal.pk}/move/"
    client = as_user(provider)
    refused = client.post(f"{path}provider_decline/", {"note": "排不开"}, follow=True).content.decode()
    assert "请选择不合适的原因" in refused
    answered = client.post(f"{path}provider_decline/", {"reason": "time"}, follow=True).content.decode()
    assert "操作完成，当前状态：不合适。" in answered
    assert Proposal.objects.get().status == "declined"


def test_a_lapsed_credential_is_said_on_every_page_of_the_capability(
    new_capability, credential, provider, as_user, institute
):
    capability = new_capability(credential=credential)
    credential.valid_from = credential.valid_until = timezone.localdate() - timedelta(days=1)
    save_credential(credential, actor=provider)
    client = as_user(provider)
    assert "不在有效期内，这项能力暂停匹配" in client.get(capability.get_absolute_url()).content.decode()
    assert "资质过期" in client.get("/capabilities/").content.decode()
    assert "已过期，相关能力暂停匹配" in client.get(f"/institutes/{institute.pk}/").content.decode()
    assert "1 项能力因资质过期已停止匹配" in client.get("/capabilities/mine/").content.decode()


def test_why_not_me_shows_the_own_best_row(proposed, as_user, provider):
    response = as_user(provider).get(f"/matching/needs/{proposed.pk}/why-not-me/")
    assert response.context["card"].capability.title == "坐标测量机"


def test_why_not_me_without_capabilities_says_what_to_do(new_need, institute, as_user, provider):
    need = new_need("published")
    page = as_user(provider).get(f"/matching/needs/{need.pk}/why-not-me/").content.decode()
    assert "本机构没有可以参与匹配的能力" in page
