"""The way to a confidential need: asked for, signed, read, ended; and what each reader's bytes hold meanwhile."""

import pytest
from django.urls import reverse

from accounts.models import User
from matching.services import propose_for_need
from needs.models import Need
from partnerships.models import ConfidentialityAgreement
from partnerships.services.confidentiality import move_confidentiality, request_confidentiality
from tests.conftest import attach

SECRETS = ("三坐标校准", "车间一台三坐标", "0~500 mm", "1.5+L/350", "图纸.txt", "测试企业有限公司")


def request_path(need):
    return reverse("partnerships:confidentiality_request", args=[need.pk])


def move_path(agreement, name):
    return reverse("partnerships:confidentiality_move", args=[agreement.pk, name])


def pages_of(client, need):
    """Everything an institute reads of a need, on pages and through the API, as one text."""
    paths = [
        need.get_absolute_url(),
        "/needs/",
        "/confidentiality/",
        "/dockings/",
        "/next/",
        "/matching/inbox/",
        f"/api/v1/needs/{need.pk}/",
        "/api/v1/needs/",
        "/api/v1/proposals/",
        "/api/v1/confidentiality/",
        "/api/v1/dockings/",
        *(agreement.get_absolute_url() for agreement in ConfidentialityAgreement.objects.filter(need=need)),
        *(f"/api/v1/confidentiality/{each.pk}/" for each in ConfidentialityAgreement.objects.filter(need=need)),
    ]
    return "\n".join(client.get(path).content.decode() for path in paths)


def secrets_in(text):
    return {secret for secret in SECRETS if secret in text}


@pytest.mark.parametrize("level", [2, 3])
def test_the_bytes_before_during_and_after_an_agreement(
    level, new_proposal, owner, provider, institute, new_user, new_organisation, as_user
):
    need = new_proposal(level).need
    attach(need)
    rival = new_user("别院业务员")
    new_organisation("institute", founder=rival, name="别家计量院")
    found = [secrets_in(pages_of(as_user(provider), need))]
    agreement = request_confidentiality(need, institute, actor=provider)
    for step, actor in (("enterprise_sign", owner), ("provider_sign", provider), ("end", owner)):
        found.append(secrets_in(pages_of(as_user(provider), need)))
        move_confidentiality(agreement, step, actor=actor, note="另有安排", seen=agreement.text_hash)
        assert secrets_in(pages_of(as_user(rival), need)) == set()
    found.append(secrets_in(pages_of(as_user(provider), need)))
    # Asked for and signed by one side it still shows nothing; both signatures open it, but for the enterprise's own
    # title, and the end closes it at once.
    assert found == [set(), set(), set(), set(SECRETS) - {"三坐标校准"}, set()]


def test_the_whole_way_on_the_pages(new_need, owner, provider, institute, as_user):
    need = new_need("published", level=2)
    propose_for_need(need)
    client = as_user(provider)
    assert "申请查看详情" in client.get(need.get_absolute_url()).content.decode()
    answer = client.post(request_path(need))
    agreement = ConfidentialityAgreement.objects.get()
    assert answer.url == agreement.get_absolute_url()
    page = client.get(answer.url).content.decode()
    assert [
        word in page for word in (agreement.text_hash, agreement.template_version, "尚未签署", "签署</button>")
    ] == ([True] * 4)

    # Without the check mark nothing is signed.
    refused = client.post(move_path(agreement, "provider_sign"), {"seen": agreement.text_hash})
    assert "请先阅读协议全文" in refused.content.decode()
    signing = {"seen": agreement.text_hash, "agreed": "on"}
    client.post(move_path(agreement, "provider_sign"), signing)
    as_user(owner).post(move_path(agreement, "enterprise_sign"), signing)
    agreement.refresh_from_db()
    assert agreement.status == "effective"
    assert "0~500 mm" in as_user(provider).get(need.get_absolute_url()).content.decode()
    reads = need.events.filter(action="read").values_list("actor__name", flat=True)
    assert set(reads) == {"机构业务员"}

    refused = as_user(owner).post(move_path(agreement, "end"), {"note": " "})
    assert "需要写明理由" in refused.content.decode()
    as_user(owner).post(move_path(agreement, "end"), {"note": "项目取消"})
    assert "0~500 mm" not in as_user(provider).get(need.get_absolute_url()).content.decode()


def test_a_refusal_that_is_refused_keeps_the_words(agreement, provider, owner, as_user):
    """The institute cannot refuse its own wish; what it wrote stays on the page."""
    answer = as_user(provider).post(move_path(agreement, "refuse"), {"note": "写了很久的理由"})
    assert (answer.status_code, "写了很久的理由" in answer.content.decode()) == (200, True)


def test_until_both_have_signed_nobody_of_an_anonymous_enterprise_is_named(
    new_confidentiality, owner, provider, as_user
):
    """Neither on the page nor in the history nor through the API."""
    agreement = new_confidentiality("enterprise_signed")
    paths = [agreement.get_absolute_url(), f"/api/v1/confidentiality/{agreement.pk}/"]
    texts = [as_user(provider).get(path).content.decode() for path in paths]
    assert [owner.name in text for text in texts] == [False, False]
    move_confidentiality(agreement, "provider_sign", actor=provider, seen=agreement.text_hash)
    texts = [as_user(provider).get(path).content.decode() for path in paths]
    assert [owner.name in text for text in texts] == [True, True]


def test_who_acts_for_two_institutes_chooses(new_need, provider, institute, new_organisation, as_user):
    second = new_organisation("institute", founder=provider, name="第二家计量院")
    need = new_need("published", level=2)
    client = as_user(provider)
    assert "以哪家机构申请" in client.get(need.get_absolute_url()).content.decode()
    client.post(request_path(need), {"institute": str(second.pk)})
    assert ConfidentialityAgreement.objects.get().institute == second


@pytest.mark.parametrize("level", [1, 2, 3])
def test_who_asks_on_the_page(level, new_need, people, unverified_provider, as_user):
    need = new_need("published", level=level)
    answers = {}
    for name, user in {**people, "unverified_provider": unverified_provider}.items():
        answer = as_user(user).post(request_path(need))
        answers[name] = answer.status_code
    insiders = {"owner", "colleague", "organiser", "admin"}
    assert answers == {name: 302 if level < 3 or name in insiders else 404 for name in answers}
    assert ConfidentialityAgreement.objects.count() == (1 if level == 2 else 0)


def test_who_opens_an_agreement(agreement, people, unverified_provider, as_user):
    everyone = {**people, "unverified_provider": unverified_provider}
    answers = {name: as_user(user).get(agreement.get_absolute_url()).status_code for name, user in everyone.items()}
    insiders = {"owner", "colleague", "provider", "organiser", "admin"}
    assert answers == {name: 200 if name in insiders else 404 for name in everyone}


def test_the_list_filters_by_status(new_confidentiality, owner, as_user):
    effective, ended = new_confidentiality("effective"), new_confidentiality("ended")
    client = as_user(owner)

    def listed(**query):
        return {each for each, _ in client.get("/confidentiality/", query).context["page"].object_list}

    assert (listed(), listed(status="ended"), listed(status="requested")) == ({effective, ended}, {ended}, set())


def test_an_agreement_outlives_its_need_by_the_number_alone(new_confidentiality, provider, as_user):
    agreement = new_confidentiality("effective", public_title="不再公开的标题")
    Need.objects.filter(pk=agreement.need_id).update(status="withdrawn")
    for path in (agreement.get_absolute_url(), "/confidentiality/", f"/api/v1/confidentiality/{agreement.pk}/"):
        page = as_user(User.objects.get(pk=provider.pk)).get(path).content.decode()
        assert ("不再公开的标题" in page, agreement.need.number in page) == (False, True)
