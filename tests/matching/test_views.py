"""The pages of a pairing."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from matching.models import Proposal
from matching.services import move_proposal, propose_for_need
from providers.services import create_capability, move_capability, save_credential


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


def test_what_was_written_with_a_refused_answer_is_still_there(proposed, as_user, provider):
    proposal = Proposal.objects.get()
    path = f"/matching/proposals/{proposal.pk}/move/provider_decline/"
    refused = as_user(provider).post(path, {"note": "排不开，要到明年"})
    assert (refused.status_code, 'value="排不开，要到明年"' in refused.content.decode()) == (409, True)
    long = as_user(provider).post(path, {"reason": "time", "note": "长" * 2001})
    page = long.content.decode()
    assert "补充说明最多 2000 字" in page
    assert '<option value="time" selected>' in page
    assert Proposal.objects.get().status == "proposed"


def test_an_institute_applies_on_the_page(new_need, capability, as_user, provider):
    need = new_need("published")
    client = as_user(provider)
    for page in (need.get_absolute_url(), f"/matching/needs/{need.pk}/why-not-me/"):
        assert f'action="/matching/needs/{need.pk}/apply/"' in client.get(page).content.decode()
    answer = client.post(f"/matching/needs/{need.pk}/apply/", {"note": "可派人到现场"}, follow=True)
    proposal = Proposal.objects.get()
    assert answer.redirect_chain == [(proposal.get_absolute_url(), 302)]
    page = answer.content.decode()
    for words in ("已申请对接，当前状态：机构有意。", "机构申请", "等待企业答复", "可派人到现场"):
        assert words in page
    assert "/apply/" not in client.get(f"/matching/needs/{need.pk}/why-not-me/").content.decode()


def test_what_was_written_with_a_refused_application_is_still_there(new_need, capability, as_user, provider, owner):
    need = new_need("published")
    propose_for_need(need)
    move_proposal(Proposal.objects.get(), "enterprise_decline", actor=owner, reason="price")
    answer = as_user(provider).post(f"/matching/needs/{need.pk}/apply/", {"note": "价格可谈"})
    assert (answer.status_code, "当前状态是“不合适”" in answer.content.decode()) == (409, True)
    long = as_user(provider).post(f"/matching/needs/{new_need('published').pk}/apply/", {"note": "价格可谈" * 501})
    assert (long.status_code, "价格可谈" * 501 in long.content.decode()) == (409, True)


def test_an_enterprise_invites_on_the_page(new_need, capability, as_user, owner, institute):
    need = new_need("published")
    path = f"/matching/needs/{need.pk}/invite/"
    client = as_user(owner)
    [(shown, card, proposal)] = client.get(path).context["page"].object_list
    assert (shown, card.capability, proposal) == (institute, capability, None)
    answer = client.post(path, {"institute": str(institute.pk), "note": "希望年底前"}, follow=True)
    assert "已邀请测试计量院，当前状态：企业有意。" in answer.content.decode()
    [(_, _, proposal)] = client.get(path).context["page"].object_list
    assert (proposal, proposal.status, proposal.origin) == (
        Proposal.objects.get(),
        "enterprise_interested",
        "invited",
    )


def test_a_refused_invitation_keeps_its_words_and_the_search(new_need, capability, as_user, owner):
    need = new_need("published")
    path = f"/matching/needs/{need.pk}/invite/?q=计量"
    for institute in ("", "x", "00000000-0000-4000-8000-000000000000"):
        answer = as_user(owner).post(path, {"institute": institute, "note": "希望年底前"})
        page = answer.content.decode()
        assert (answer.status_code, "希望年底前</textarea>" in page, 'value="计量"' in page) == (409, True, True)
        assert ("请选择要邀请的机构。" if not institute else "没有这家机构") in page


def test_institutes_of_the_field_come_first_and_only_those_that_can_do_something(
    new_need, new_capability, new_organisation, new_user, as_user, owner
):
    def institute(name, discipline, status="publish"):
        founder = new_user(f"{name}业务员")
        body = new_organisation("institute", founder=founder, name=name)
        fields = {"title": name, "discipline": discipline, "lines": [{"measurand": "长度", "range_text": "(0~1) m"}]}
        capability = create_capability(author=founder, organisation=body, **fields)
        if status:
            move_capability(capability, status, actor=founder)

    institute("甲计量院", "thermal")
    institute("乙计量院", "geometry")
    institute("丙计量院", "geometry", status="")
    need = new_need("published")
    client = as_user(owner)

    def names(**query):
        page = client.get(f"/matching/needs/{need.pk}/invite/", query).context["page"]
        return [body.name for body, _, _ in page.object_list]

    assert names() == ["乙计量院", "甲计量院"]
    assert (names(q="甲"), names(region="310000"), names(region="440000")) == (
        ["甲计量院"],
        ["乙计量院", "甲计量院"],
        [],
    )


def test_the_list_to_invite_from_is_replaced_alone(new_need, capability, as_user, owner):
    path = f"/matching/needs/{new_need('published').pk}/invite/"
    part = as_user(owner).get(path, headers={"HX-Request": "true", "HX-Target": "institutes"}).content.decode()
    assert ("测试计量院" in part, "<html" in part, "<textarea" in part) == (True, False, False)


@pytest.mark.parametrize(("level", "offered"), [(1, True), (2, True), (3, False)])
def test_what_only_the_organiser_sees_offers_no_invitation(level, offered, new_need, capability, as_user, owner):
    need = new_need("published", level=level)
    propose_for_need(need)
    page = as_user(owner).get(f"/matching/needs/{need.pk}/").content.decode()
    assert ("邀请其他机构" in page) == offered


def test_several_capabilities_of_one_institute_are_one_row(new_need, new_capability, as_user, provider):
    for title in ("坐标测量机", "量块", "测长机"):
        new_capability(title)
    propose_for_need(new_need("published"))
    best = Proposal.objects.order_by("-score").first()
    client = as_user(provider)
    response = client.get("/matching/inbox/")
    [(proposal, _)] = response.context["page"].object_list
    assert (proposal, proposal.among, response.context["inbox_unread"]) == (best, 3, 1)
    assert "另有 2 项能力" in response.content.decode()
    page = client.get(best.get_absolute_url())
    assert {other.capability.title for other in page.context["others"]} == (
        {"坐标测量机", "量块", "测长机"} - {best.capability.title}
    )
    # Who opened one has been shown the others too.
    assert Proposal.objects.filter(provider_seen_at=None).count() == 0
    assert client.get("/matching/inbox/").context["inbox_unread"] == 0


def test_what_waits_for_the_institute_comes_first(new_need, capability, as_user, provider, owner):
    scores = {"等待": 20, "已答": 90, "不合适": 80, "双方": 70, "过期": 60, "企业有意": 30}
    for title, score in scores.items():
        propose_for_need(new_need("published", public_title=title))
        Proposal.objects.filter(need__public_title=title).update(score=score)
    made = {each.need.public_title: each for each in Proposal.objects.select_related("need")}
    move_proposal(made["企业有意"], "enterprise_accept", actor=owner)
    move_proposal(made["已答"], "provider_accept", actor=provider)
    move_proposal(made["不合适"], "provider_decline", actor=provider, reason="time")
    move_proposal(made["双方"], "provider_accept", actor=provider)
    move_proposal(made["双方"], "enterprise_accept", actor=owner)
    Proposal.objects.filter(pk=made["过期"].pk).update(status="expired", answer_due_on=None)
    client = as_user(provider)

    def titles(**query):
        return [need.title for _, need in client.get("/matching/inbox/", query).context["page"].object_list]

    assert titles() == ["企业有意", "等待", "已答", "双方", "不合适", "过期"]
    assert {turn: titles(turn=turn) for turn in ("ours", "theirs", "mutual", "declined", "expired")} == {
        "ours": ["企业有意", "等待"],
        "theirs": ["已答"],
        "mutual": ["双方"],
        "declined": ["不合适"],
        "expired": ["过期"],
    }


def test_each_side_reads_what_happens_next(proposed, as_user, people, time_machine):
    proposal = Proposal.objects.get()
    proposal.answer_due_on = "2026-12-06"
    proposal.save()

    def said(name):
        text = as_user(people[name]).get(proposal.get_absolute_url()).content.decode()
        [words] = re.findall(r'<span class="next-move">\s*(.*?)\s*</span>', text, re.DOTALL)
        return re.sub(r"<[^>]+>", "", words)

    everyone = ("owner", "provider", "organiser")
    assert [said(name) for name in everyone] == [
        "轮到您答复，期限 12-06",
        "轮到您答复，期限 12-06",
        "等待双方答复，期限 12-06",
    ]
    move_proposal(proposal, "provider_accept", actor=people["provider"])
    Proposal.objects.update(answer_due_on="2026-12-06")
    assert [said(name) for name in everyone] == [
        "轮到您答复，期限 12-06",
        "等待企业答复，期限 12-06",
        "等待企业答复，期限 12-06",
    ]


def test_the_enterprise_sees_first_who_waits_for_it(proposed, as_user, owner, provider):
    move_proposal(Proposal.objects.get(), "provider_accept", actor=provider)
    page = as_user(owner).get(f"/matching/needs/{proposed.pk}/").content.decode()
    assert "1 家机构已表明有意向，等待您答复" in page


def test_what_was_settled_is_set_apart(new_need, new_capability, as_user, owner):
    for title in ("坐标测量机", "量块"):
        new_capability(title)
    need = new_need("published")
    propose_for_need(need)
    refused = Proposal.objects.get(capability__title="量块")
    move_proposal(refused, "enterprise_decline", actor=owner, reason="time")
    context = as_user(owner).get(f"/matching/needs/{need.pk}/").context
    assert [card.proposal for card in context["closed"]] == [refused]
    assert [card.capability.title for card in context["existing"]] == ["坐标测量机"]


def test_an_anonymous_enterprise_is_not_betrayed_by_the_history(proposed, as_user, owner, provider, organiser):
    proposal = Proposal.objects.get()
    move_proposal(proposal, "enterprise_accept", actor=owner, note="期待合作")
    move_proposal(proposal, "provider_decline", actor=provider, reason="time")

    def actors(user):
        events = as_user(user).get(proposal.get_absolute_url()).context["events"]
        return [(event.label, event.reason_label, event.actor) for event in events]

    assert actors(provider) == [("有意向", "", "企业"), ("不合适", "时间", "机构业务员")]
    assert actors(owner) == actors(organiser) == [("有意向", "", "需求方"), ("不合适", "时间", "机构业务员")]


def test_what_enterprise_and_organiser_settled_between_them_stays_with_them(
    new_need, capability, as_user, owner, provider, organiser
):
    propose_for_need(new_need("published", level=3))
    proposal = Proposal.objects.get()
    for step, actor in (("ask_consent", organiser), ("refuse_consent", owner), ("ask_consent", organiser)):
        move_proposal(proposal, step, actor=actor, note="紫貂")
    move_proposal(proposal, "consent", actor=owner, note="紫貂")
    seen = {user.name: as_user(user).get(proposal.get_absolute_url()) for user in (owner, provider, organiser)}
    assert {name: page.content.decode().count("紫貂") for name, page in seen.items()} == {
        "需求方": 4,
        "机构业务员": 0,
        "组织方": 4,
    }


def test_the_owner_reads_who_looked_at_a_confidential_need(new_need, capability, as_user, owner, organiser, colleague):
    need = new_need("published", level=2)
    propose_for_need(need)
    as_user(organiser).get(f"/matching/needs/{need.pk}/")
    as_user(organiser).get(need.get_absolute_url())
    as_user(colleague).get(need.get_absolute_url())
    page = as_user(owner).get(need.get_absolute_url())
    assert {(read.actor.name, read.data["organisation"]) for read in page.context["reads"]} == {
        ("组织方", "组织方单位")
    }
    text = page.content.decode()
    assert "查看记录" in text
    assert "查看记录" not in as_user(organiser).get(need.get_absolute_url()).content.decode()


def test_the_page_that_waits_notes_no_read(new_need, as_user, organiser):
    need = new_need("published", level=2)
    as_user(organiser).get(f"/matching/needs/{need.pk}/")
    assert need.events.filter(action="read").count() == 0
