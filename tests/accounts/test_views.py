"""Signing up and in, one's account, and the pages of organisations."""

import pytest
from django.core import mail

from accounts.models import ApiToken, Membership, Organisation, User
from tests.conftest import PASSWORD, credit_code


def organisation_form(**fields):
    return {"name": "新企业", "kind": "enterprise", "credit_code": credit_code(50), "region": "310000", **fields}


def test_signing_up_leads_to_ones_organisation(client, db):
    data = {"email": "New@Example.com", "name": "新人", "password1": "xk29-dhw7-qq", "password2": "xk29-dhw7-qq"}
    response = client.post("/accounts/signup/", data)
    assert (response.status_code, response.url) == (302, "/accounts/organisations/new/")
    assert User.objects.values_list("email", "name").get() == ("new@example.com", "新人")


def test_a_refused_sign_up_keeps_what_was_entered(client, db):
    data = {"email": "new@example.com", "name": "新人", "password1": "123", "password2": "456"}
    page = client.post("/accounts/signup/", data).content.decode()
    assert 'value="new@example.com"' in page
    assert 'value="新人"' in page
    assert "123" not in page.split("<form", 2)[-1]
    assert User.objects.count() == 0


def test_an_address_is_taken_once_whatever_its_case(client, owner):
    data = {"email": owner.email.upper(), "name": "二", "password1": "xk29-dhw7-qq", "password2": "xk29-dhw7-qq"}
    assert "email" in client.post("/accounts/signup/", data).context["form"].errors


def test_signing_in_and_out(client, owner):
    assert client.post("/accounts/login/", {"username": owner.email, "password": "wrong"}).status_code == 200
    response = client.post("/accounts/login/", {"username": owner.email, "password": PASSWORD})
    assert response.status_code == 302
    assert client.get("/accounts/me/").status_code == 200
    client.post("/accounts/logout/")
    assert client.get("/accounts/me/").status_code == 302


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_signing_in_leads_nowhere_else(target, client, owner):
    data = {"username": owner.email, "password": PASSWORD, "next": target}
    assert client.post("/accounts/login/", data).url == "/next/"


@pytest.mark.parametrize(("address", "mails"), [("known", 1), ("nobody@example.com", 0)])
def test_a_reset_answers_alike_for_known_and_unknown_addresses(address, mails, client, owner):
    response = client.post("/accounts/password/reset/", {"email": owner.email if address == "known" else address})
    assert (response.status_code, response.url, len(mail.outbox)) == (302, "/accounts/password/reset/sent/", mails)


def test_a_reset_by_mail(client, owner):
    client.post("/accounts/password/reset/", {"email": owner.email})
    link = next(word for word in mail.outbox[0].body.split() if "/password/reset/" in word)
    form = client.get(link, follow=True)
    path = form.redirect_chain[-1][0]
    client.post(path, {"new_password1": "xk29-dhw7-qq", "new_password2": "xk29-dhw7-qq"})
    assert client.login(username=owner.email, password="xk29-dhw7-qq")


def test_founding_an_organisation(as_user, new_user):
    founder = new_user()
    response = as_user(founder).post("/accounts/organisations/new/", organisation_form())
    body = Organisation.objects.get()
    assert (response.status_code, response.url, body.verified_at) == (302, f"/accounts/organisations/{body.pk}/", None)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"credit_code": "1"}, "credit_code"),
        ({"region": "999999"}, "region"),
        ({"kind": "king"}, "kind"),
        ({"name": "长" * 121}, "name"),
        ({"website": "javascript:alert(1)"}, "website"),
        ({"intro": "长" * 2001}, "intro"),
    ],
)
def test_a_refused_organisation_keeps_what_was_entered(change, field, as_user, new_user):
    response = as_user(new_user()).post(
        "/accounts/organisations/new/", organisation_form(address="张江路 1 号", **change)
    )
    assert (response.status_code, list(response.context["form"].errors)) == (200, [field])
    assert 'value="张江路 1 号"' in response.content.decode()
    assert Organisation.objects.count() == 0


def test_kind_and_code_stay_once_founded(as_user, owner, enterprise):
    data = organisation_form(name="改名企业", kind="authority")
    as_user(owner).post(f"/accounts/organisations/{enterprise.pk}/edit/", data)
    body = Organisation.objects.get(pk=enterprise.pk)
    assert (body.name, body.kind, body.credit_code) == ("改名企业", "enterprise", enterprise.credit_code)


def test_asking_to_join(as_user, new_user, enterprise):
    applicant = new_user()
    client = as_user(applicant)
    page = client.post("/accounts/organisations/join/", {"credit_code": enterprise.credit_code}, follow=True)
    assert "申请已发出" in page.content.decode()
    again = client.post("/accounts/organisations/join/", {"credit_code": enterprise.credit_code}, follow=True)
    assert "已经加入或申请过" in again.content.decode()
    assert Membership.objects.filter(user=applicant).count() == 1


def test_joining_an_unknown_organisation_keeps_the_code(as_user, new_user, db):
    code = credit_code(88)
    page = as_user(new_user()).post("/accounts/organisations/join/", {"credit_code": code}).content.decode()
    assert "平台上还没有这个单位" in page
    assert f'value="{code}"' in page


def test_members_are_listed_for_those_who_manage_them(as_user, enterprise, people):
    path = f"/accounts/organisations/{enterprise.pk}/"
    found = {
        name: "members" in (as_user(user).get(path).context or {}) and bool(as_user(user).get(path).context["members"])
        for name, user in people.items()
    }
    assert {name for name, shown in found.items() if shown} == {"owner", "organiser", "admin"}


def test_a_key_is_shown_once(as_user, owner):
    client = as_user(owner)
    page = client.post("/accounts/tokens/new/", {"name": "ERP 同步", "scope": "read"})
    key = page.context["key"]
    assert key in page.content.decode()
    assert key not in client.get("/accounts/me/").content.decode()


def test_one_revokes_only_ones_own_tokens(as_user, owner, stranger):
    as_user(owner).post("/accounts/tokens/new/", {"name": "ERP", "scope": "read"})
    token = ApiToken.objects.get()
    assert as_user(stranger).post(f"/accounts/tokens/{token.pk}/delete/").status_code == 404
    assert as_user(owner).post(f"/accounts/tokens/{token.pk}/delete/").status_code == 302
    assert ApiToken.objects.count() == 0


def test_verifying_from_the_desk(as_user, organiser, new_organisation):
    body = new_organisation("institute", verified=False, name="新计量所")
    client = as_user(organiser)
    assert "新计量所" in client.get("/accounts/organisations/desk/").content.decode()
    page = client.post(f"/accounts/organisations/{body.pk}/verify/", follow=True).content.decode()
    assert "新计量所 已核验。" in page
    assert Organisation.objects.get(pk=body.pk).verified_by == organiser
