"""Confidentiality: who may ask, sign, refuse and end, in every status; what it opens, and how fast it closes."""

import hashlib

import pytest

from accounts.models import Notice, User
from core.history import find_break
from core.workflow import NotPermitted, TransitionError
from needs.disclosure import disclose, sight_of
from needs.enums import Sight
from needs.models import Need
from partnerships.enums import ConfidentialityStatus as S
from partnerships.models import ConfidentialityAgreement
from partnerships.services.confidentiality import move_confidentiality, request_confidentiality
from partnerships.services.wording import newest_text
from partnerships.workflow import confidentiality_workflow
from tests.conftest import seat
from tests.partnerships.conftest import WAY_TO

ENTERPRISE, PROVIDER = {"owner", "colleague"}, {"provider"}
UNSIGNED = ("requested", "enterprise_signed", "provider_signed")
# step → (who, from where to where), written down a second time.
STEPS = {
    "enterprise_sign": (ENTERPRISE, {"requested": "enterprise_signed", "provider_signed": "effective"}),
    "provider_sign": (PROVIDER, {"requested": "provider_signed", "enterprise_signed": "effective"}),
    "refuse": (ENTERPRISE, dict.fromkeys(UNSIGNED, "refused")),
    "end": (ENTERPRISE | PROVIDER, dict.fromkeys((*UNSIGNED, "effective"), "ended")),
}


def reader(user):
    """The person as a new request meets them."""
    return User.objects.get(pk=user.pk)


def sight(need, user):
    return sight_of(Need.objects.get(pk=need.pk), reader(user))


def test_the_table_has_these_steps():
    assert confidentiality_workflow.transitions.keys() == STEPS.keys()


@pytest.mark.parametrize("status", S.values)
def test_every_step_by_everyone(status, new_confidentiality, people, unverified_provider):
    agreement = new_confidentiality(status)
    found, expected = {}, {}
    for step, (who, way) in STEPS.items():
        for name, user in {**people, "unverified_provider": unverified_provider}.items():
            found[step, name] = outcome(agreement, step, user)
            expected[step, name] = way.get(status, "refused") if name in who else "not permitted"
    assert found == expected


def outcome(agreement, step, user):
    """The status that the step leads to, or how it was refused; the step is taken back."""
    before = ConfidentialityAgreement.objects.filter(pk=agreement.pk).values().get()
    try:
        event = move_confidentiality(agreement, step, actor=user, note="理由", seen=agreement.text_hash)
    except NotPermitted:
        return "not permitted"
    except TransitionError:
        return "refused"
    else:
        ConfidentialityAgreement.objects.filter(pk=agreement.pk).update(**before)
        return event.target
    finally:
        agreement.refresh_from_db()


@pytest.mark.parametrize("step", ["refuse", "end"])
@pytest.mark.parametrize("note", ["", "  "])
def test_refusing_and_ending_need_words(step, note, agreement, owner):
    with pytest.raises(TransitionError, match="需要写明理由"):
        move_confidentiality(agreement, step, actor=owner, note=note)


@pytest.mark.parametrize("seen", ["", "0" * 64])
def test_nobody_signs_what_was_not_shown(seen, agreement, owner):
    with pytest.raises(TransitionError, match="请先阅读协议全文"):
        move_confidentiality(agreement, "enterprise_sign", actor=owner, seen=seen)
    agreement.refresh_from_db()
    assert (agreement.status, agreement.enterprise_signed_by) == ("requested", None)


def test_the_signature_keeps_person_time_and_wording(new_confidentiality, owner, provider):
    agreement = new_confidentiality("effective")
    assert (agreement.enterprise_signed_by, agreement.provider_signed_by) == (owner, provider)
    assert agreement.enterprise_signed_at < agreement.provider_signed_at
    assert agreement.text_hash == hashlib.sha256(agreement.text.encode()).hexdigest()
    wording = {"text_hash": agreement.text_hash, "template_version": newest_text("confidentiality")[0]}
    assert list(agreement.events.values_list("action", "actor__name", "data")) == [
        ("request", "机构业务员", {}),
        ("enterprise_sign", "需求方", wording),
        ("provider_sign", "机构业务员", wording),
    ]
    assert find_break() is None


@pytest.mark.parametrize("level", [2, 3])
@pytest.mark.parametrize(("status", "expected"), [*dict.fromkeys(WAY_TO, Sight.TEASER).items()])
def test_only_an_agreement_in_force_opens_the_need(
    level, status, expected, new_proposal, new_confidentiality, provider
):
    """Both levels from the moment the organiser has passed the need on."""
    need = new_proposal(level).need
    assert sight(need, provider) == Sight.TEASER
    new_confidentiality(status, need=need)
    assert sight(need, provider) == (Sight.DETAIL if status == "effective" else expected)


def test_it_opens_to_the_members_of_that_institute_only(
    new_confidentiality, institute, new_user, new_organisation, stranger, reviewer, distant_organiser
):
    need = new_confidentiality("effective").need
    colleague = seat(new_user("同院同事"), institute)
    rival = new_user("别院业务员")
    new_organisation("institute", founder=rival, name="另一家计量院")
    expected = {colleague: Sight.DETAIL, rival: Sight.TEASER, stranger: Sight.TEASER, reviewer: Sight.TEASER}
    assert {user: sight(need, user) for user in expected} == expected


def test_after_the_end_a_new_agreement_can_be_asked_for(new_confidentiality, institute, provider):
    old = new_confidentiality("ended")
    new = request_confidentiality(old.need, institute, actor=provider)
    assert (new.pk == old.pk, new.status) == (False, "requested")


def test_asking_twice_gives_the_same_agreement(agreement, institute, provider):
    assert request_confidentiality(agreement.need, institute, actor=provider) == agreement
    assert ConfidentialityAgreement.objects.count() == 1


def test_a_public_need_needs_no_agreement(new_need, institute, provider):
    with pytest.raises(TransitionError, match="公开的"):
        request_confidentiality(new_need("published"), institute, actor=provider)


@pytest.mark.parametrize(("level", "status"), [(3, "published"), (2, "submitted"), (2, "withdrawn"), (2, "draft")])
def test_nobody_asks_for_what_nobody_may_know_of(level, status, new_need, institute, provider):
    with pytest.raises(NotPermitted):
        request_confidentiality(new_need(status, level=level), institute, actor=provider)


def test_only_a_verified_institute_of_ones_own_asks(new_need, people, institute, unverified_provider):
    need = new_need("published", level=2)
    own = unverified_provider.organisations[0]
    pairs = [(user, institute) for name, user in people.items() if name != "provider"] + [(unverified_provider, own)]
    for user, body in pairs:
        with pytest.raises(NotPermitted):
            request_confidentiality(need, body, actor=user)


@pytest.mark.parametrize(("is_anonymous", "is_named"), [(True, False), (False, True)])
def test_the_text_names_an_anonymous_enterprise_to_nobody(is_anonymous, is_named, new_confidentiality):
    """Whoever asks reads the text before the enterprise has said a word."""
    agreement = new_confidentiality(is_anonymous=is_anonymous)
    assert ("测试企业有限公司" in agreement.text, "测试计量院" in agreement.text) == (is_named, True)
    assert agreement.need.number in agreement.text
    assert "{" not in agreement.text


def test_the_name_is_shown_once_both_have_signed(new_confidentiality, provider):
    agreement = new_confidentiality("effective")
    assert disclose(Need.objects.get(pk=agreement.need_id), reader(provider)).organisation_name == "测试企业有限公司"


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("requested", {"需求方": "测试计量院申请查看需求 {} 的详情，请核对并签署保密协议。"}),
        ("enterprise_signed", {"机构业务员": "企业已就需求 {} 签署保密协议，请核对并签署。"}),
        ("provider_signed", {"需求方": "测试计量院已就需求 {} 签署保密协议，请核对并签署。"}),
        ("effective", {"需求方": "需求 {} 与测试计量院的保密协议已生效，详情已向其开放。"}),
        ("refused", {"机构业务员": "企业没有同意就需求 {} 签署保密协议。"}),
        ("ended", {"机构业务员": "需求 {} 的保密协议已终止，请按约定返还或销毁资料。"}),
    ],
)
def test_the_other_side_is_told(status, told, new_confidentiality):
    agreement = new_confidentiality(status)
    steps = len(agreement.events.all())
    notices = Notice.objects.filter(kind="confidentiality").order_by("-created_at")
    newest = {notice.user.name: notice.text for notice in notices[:1]}
    assert newest == {name: text.format(agreement.need.number) for name, text in told.items()}
    assert notices.count() == steps
    assert {notice.url for notice in notices} == {agreement.get_absolute_url()}


def test_ending_what_never_came_into_force_asks_nobody_to_destroy_papers(agreement, provider):
    move_confidentiality(agreement, "end", actor=provider, note="不需要了")
    newest = Notice.objects.filter(kind="confidentiality").latest("created_at")
    assert newest.text == f"测试计量院与需求 {agreement.need.number} 的保密协议没有签成，已撤回。"


def test_who_sees_the_agreement(agreement, people, unverified_provider):
    everyone = {**people, "unverified_provider": unverified_provider}
    seen = {name for name, user in everyone.items() if agreement in ConfidentialityAgreement.objects.visible_to(user)}
    assert seen == {"owner", "colleague", "provider", "organiser", "admin"}
