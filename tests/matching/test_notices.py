"""Who is told of which step of a proposal, and that nothing of the need is said but its number."""

import pytest
from django.urls import reverse

from accounts.models import Notice
from matching.enums import DeclineReason
from matching.models import Proposal
from matching.services import apply_for_need, expire_proposals, invite_institute, move_proposal, propose_for_need
from needs.services import move_need
from providers.services import update_capability

SECRETS = {
    "title": "紫貂项目三坐标",
    "problem": "紫貂车间一台三坐标要校准。",
    "public_title": "紫貂坐标测量机校准",
    "public_text": "紫貂坐标测量机长度示值误差校准。",
}


@pytest.fixture
def told():
    """Names of those who were told since the last look, each with the text that the number is cut out of."""
    seen = set()

    def look():
        fresh = Notice.objects.exclude(pk__in=seen).filter(kind="proposal").select_related("user")
        seen.update(notice.pk for notice in fresh)
        assert not [notice.text for notice in fresh if "紫貂" in notice.text or "测量机" in notice.text]
        return {notice.user.name: notice.text.replace(number_in(notice.text), "#") for notice in fresh}

    return look


def number_in(text):
    return text[text.index("XQ-") : text.index("XQ-") + 11]


@pytest.fixture
def proposal(new_need, capability, colleague):
    """Make a proposal for a need of this level that a second person of the enterprise knows of too."""

    def make(level=1):
        propose_for_need(new_need("published", level=level, **SECRETS))
        return Proposal.objects.get()

    return make


@pytest.fixture
def clock(time_machine):
    time_machine.move_to("2026-11-22T10:00:00+08:00")
    return time_machine


ENTERPRISE = ["需求方", "同事"]
DUE = "12-06"
MATCHED = "需求 # 已有匹配建议，请查看并答复。"
FITS = f"需求 # 可能适合贵机构的一项能力，请在 {DUE} 前答复。"
PASS_ON = "需求 # 有匹配建议待推荐给机构，请查看。"
REMINDER = f"需求 # 的匹配建议将于 {DUE} 到期，请尽快答复；到期未答复即自动关闭。"


def test_a_public_match_is_told_to_both_sides(clock, proposal, told):
    proposal()
    assert told() == {"需求方": MATCHED, "同事": MATCHED, "机构业务员": FITS}


@pytest.mark.parametrize("level", [2, 3])
def test_a_confidential_match_is_told_to_the_organiser_alone(level, clock, proposal, told):
    proposal(level)
    assert told() == {"组织方": PASS_ON}


def test_all_matches_of_a_need_are_one_notice_for_the_enterprise(clock, new_need, new_capability, told, owner):
    for title in ("坐标测量机", "量块"):
        new_capability(title)
    need = new_need("published")
    propose_for_need(need)
    [notice] = Notice.objects.filter(user=owner, kind="proposal")
    assert notice.url == reverse("matching:need_proposals", args=[need.pk])


def test_what_does_not_fit_is_told_to_the_enterprise_alone(clock, new_need, new_capability, told):
    new_capability(lines=[{"measurand": "长度示值误差", "range_text": "(0~1) mm", "uncertainty_text": "U=9 mm (k=2)"}])
    propose_for_need(new_need("published"))
    assert (Proposal.objects.get().verdict, told()) == ("fail", {"需求方": MATCHED})
    expire_proposals()
    clock.move_to("2026-12-05T10:00:00+08:00")
    expire_proposals()
    assert told() == {}


# Level, the steps after the match, each by whom, and who is told what of the last one.
STEPS = [
    (2, ["organiser propose"], {"机构业务员": FITS}),
    (
        3,
        ["organiser ask_consent"],
        dict.fromkeys(ENTERPRISE, "组织方想把需求 # 推荐给测试计量院，请答复是否同意。"),
    ),
    (3, ["organiser ask_consent", "owner consent"], {"机构业务员": FITS}),
    (3, ["organiser ask_consent", "owner refuse_consent"], {"组织方": "企业不同意把需求 # 推荐给测试计量院。"}),
    (1, ["owner enterprise_accept"], {"机构业务员": f"需求 # 的企业有意与贵机构对接，请在 {DUE} 前答复。"}),
    (
        1,
        ["provider provider_accept"],
        dict.fromkeys(ENTERPRISE, f"测试计量院有意承接需求 #，请在 {DUE} 前答复。"),
    ),
    (
        1,
        ["provider provider_accept", "owner enterprise_accept"],
        {
            "同事": "需求 # 与测试计量院双方有意，对接已开启。",
            "机构业务员": "需求 # 双方有意，对接已开启，请安排第一次联系。",
            "组织方": "需求 # 与测试计量院的对接已开启，请指派技术管家。",
        },
    ),
    (1, ["owner enterprise_decline"], {"机构业务员": "需求 # 的企业已答复“不合适”，原因见经过。"}),
    (
        1,
        ["provider provider_decline"],
        dict.fromkeys(ENTERPRISE, "测试计量院对需求 # 已答复“不合适”，原因见经过。"),
    ),
]


@pytest.mark.parametrize(("level", "steps", "expected"), STEPS)
def test_a_step_is_told_to_whom_it_concerns(level, steps, expected, clock, proposal, told, people):
    made = proposal(level)
    for step in steps:
        told()
        name, action = step.split()
        move_proposal(made, action, actor=people[name], reason=DeclineReason.TIME)
    assert told() == expected


def test_wishes_are_told_to_the_other_side(clock, new_need, capability, provider, owner, institute, told):
    apply_for_need(new_need("published"), actor=provider)
    assert told() == {"需求方": f"测试计量院有意承接需求 #，请在 {DUE} 前答复。"}
    invite_institute(new_need("published"), institute, actor=owner)
    assert told() == {"机构业务员": f"需求 # 的企业有意与贵机构对接，请在 {DUE} 前答复。"}


@pytest.mark.parametrize(
    ("answered", "expected"),
    [
        (None, {"需求方": REMINDER, "同事": REMINDER, "机构业务员": REMINDER}),
        ("owner enterprise_accept", {"机构业务员": REMINDER}),
        ("provider provider_accept", {"需求方": REMINDER, "同事": REMINDER}),
    ],
)
def test_who_has_not_answered_is_reminded_once(answered, expected, clock, proposal, told, people):
    made = proposal()
    if answered:
        name, step = answered.split()
        move_proposal(made, step, actor=people[name])
    told()
    clock.move_to("2026-12-02T23:59:59+08:00")
    expire_proposals()
    assert told() == {}
    clock.move_to("2026-12-03T00:00:00+08:00")
    expire_proposals()
    assert told() == expected
    for moment in ("2026-12-03T01:00:00+08:00", "2026-12-06T23:59:59+08:00"):
        clock.move_to(moment)
        expire_proposals()
        assert told() == {}


def test_a_new_term_brings_a_new_reminder(clock, proposal, told, owner):
    made = proposal()
    clock.move_to("2026-12-03T10:00:00+08:00")
    expire_proposals()
    move_proposal(made, "enterprise_accept", actor=owner)
    told()
    clock.move_to("2026-12-14T10:00:00+08:00")
    expire_proposals()
    assert told() == {"机构业务员": REMINDER.replace("12-06", "12-17")}


@pytest.mark.parametrize(
    ("answered", "expected"),
    [
        (None, {}),
        (
            "owner enterprise_accept",
            dict.fromkeys(ENTERPRISE, "测试计量院没有在期限内答复需求 #，可另邀机构。"),
        ),
        ("provider provider_accept", {"机构业务员": "需求 # 的企业没有在期限内答复贵机构的意向。"}),
    ],
)
def test_who_waited_in_vain_is_told(answered, expected, clock, proposal, told, people):
    made = proposal()
    if answered:
        name, step = answered.split()
        move_proposal(made, step, actor=people[name])
    told()
    clock.move_to("2026-12-07T00:00:00+08:00")
    expire_proposals()
    assert told() == expected


@pytest.mark.parametrize("verdict", ["pass", "fail"])
def test_reminders_say_nothing_of_how_well_a_confidential_need_fits(verdict, clock, proposal, told, organiser):
    made = proposal(2)
    move_proposal(made, "propose", actor=organiser)
    Proposal.objects.update(verdict=verdict)
    told()
    clock.move_to("2026-12-05T10:00:00+08:00")
    expire_proposals()
    assert told()["机构业务员"] == REMINDER


def test_whose_interest_is_taken_back_is_told_and_finds_a_page(
    clock, proposal, told, owner, provider, client, django_capture_on_commit_callbacks
):
    made = proposal()
    move_proposal(made, "provider_accept", actor=provider)
    told()
    with django_capture_on_commit_callbacks(execute=True):
        move_need(made.need, "revise", actor=owner, note="补充")
    assert told() == {"机构业务员": "需求 # 或贵机构的能力有更新，原意向已收回。"}
    client.force_login(provider)
    assert client.get(Notice.objects.filter(user=provider).latest("created_at").url).status_code == 200


def test_a_passed_on_proposal_that_changed_was_not_refused(clock, proposal, told, organiser, capability, provider):
    """Back at its beginning for the capability's sake: nobody hears that the enterprise objects."""
    made = proposal(3)
    move_proposal(made, "ask_consent", actor=organiser)
    update_capability(capability, actor=provider, text="改过")
    told()
    propose_for_need(made.need)
    assert (Proposal.objects.get().status, told()) == ("generated", {})


@pytest.mark.parametrize("side", ["需求方", "机构业务员", "组织方"])
def test_every_notice_leads_to_a_page_its_reader_sees(side, clock, proposal, people, client):
    made = proposal()
    move_proposal(made, "provider_accept", actor=people["provider"])
    move_proposal(made, "enterprise_accept", actor=people["owner"])
    for notice in Notice.objects.filter(kind="proposal", user__name=side).select_related("user"):
        client.force_login(notice.user)
        assert client.get(notice.url).status_code == 200
