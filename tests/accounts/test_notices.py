"""Notices: written with the event, once by key, seen by their reader alone."""

import threading

import pytest
from django.db import connection, transaction

from accounts.enums import MemberRole, NoticeKind
from accounts.models import Notice, User
from accounts.notices import is_local, notify
from accounts.services import approve_membership, found_organisation, request_membership, verify_organisation
from tests.conftest import credit_code, seat

KINDS = {
    "need": "daily",
    "proposal": "daily",
    "confidentiality": "daily",
    "docking": "daily",
    "agreement": "daily",
    "ledger": "daily",
    "challenge": "daily",
    "account": "daily",
}


@pytest.fixture
def tell(db):
    """Tell people something; the number of those who were told."""

    def call(*people, text="XQ-1A2B3C4D 有新的匹配建议，请答复。", url="/needs/mine/", **fields):
        return notify(people, **{"kind": NoticeKind.PROPOSAL, "text": text, "url": url, **fields})

    return call


def closed(user):
    user.is_active = False
    user.save()
    return user


def told(user, **fields):
    return list(user.notices.filter(**fields).order_by("created_at").values_list("text", flat=True))


# Whom


def test_the_actor_and_closed_accounts_are_not_told(tell, new_user):
    actor, reader, gone = new_user("甲"), new_user("乙"), closed(new_user("丙"))
    assert tell(actor, reader, reader, gone, actor=actor) == 1
    assert list(Notice.objects.values_list("user", "kind", "text", "url", "read_at", "mail")) == [
        (reader.pk, "proposal", "XQ-1A2B3C4D 有新的匹配建议，请答复。", "/needs/mine/", None, None)
    ]


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(("key", "queries"), [("", 2), ("reminder", 3)])
def test_telling_three_takes_as_many_queries_as_telling_one(
    key, queries, count, tell, new_user, enterprise, django_assert_num_queries
):
    for number in range(count):
        seat(new_user(f"成员{number}"), enterprise)
    with django_assert_num_queries(queries):
        assert tell(*User.objects.acting_for(enterprise), key=key) == count + 1


def test_who_acts_for_an_organisation(people, enterprise, institute, new_user):
    seat(new_user("专家"), enterprise, role=MemberRole.EXPERT)
    seat(closed(new_user("离职")), enterprise)
    request_membership(new_user("申请人"), enterprise)
    seat(people["owner"], institute)
    acting = User.objects.acting_for(enterprise, institute)
    assert sorted(user.name for user in acting) == ["同事", "机构业务员", "需求方"]
    assert [user.name for user in User.objects.administering(enterprise)] == ["需求方"]


@pytest.mark.parametrize(
    ("regions", "verified", "region", "expected"),
    [
        ([], True, "310115", ["某人"]),
        (["310000"], True, "310115", ["某人"]),
        (["320500"], True, "320505", ["某人"]),
        (["320500"], True, "320600", []),
        (["440000", "310100"], True, "310101", ["某人"]),
        ([], False, "310115", []),
    ],
)
def test_who_is_in_charge_of_a_region(regions, verified, region, expected, new_user, new_organisation, admin):
    authority = new_organisation("authority", founder=new_user(), verified=verified, service_regions=regions)
    new_organisation("institute", region=region)
    seat(new_user("专家"), authority, role=MemberRole.EXPERT)
    in_charge = list(User.objects.in_charge_of(region))
    assert [user.name for user in in_charge] == expected
    assert [user for user in User.objects.all() if user.oversees(region) and user != admin] == in_charge


# Once, with the event, and nowhere else


def test_one_key_is_one_notice_however_often(tell, owner, colleague):
    keyed = [tell(owner, key="k"), tell(owner, colleague, key="k"), tell(owner, colleague, key="k")]
    assert (keyed, tell(owner, key="other"), tell(owner), tell(owner)) == ([1, 1, 0], 1, 1, 1)
    assert owner.notices.filter(kind="proposal").count() == 4


@pytest.mark.skipif(connection.vendor == "sqlite", reason="the tests' database in memory lets no two workers write")
@pytest.mark.django_db(transaction=True)
def test_workers_at_the_same_time_remind_once(tell, new_user):
    reader, barrier, counts = new_user(), threading.Barrier(4), []

    def remind():
        barrier.wait()
        with transaction.atomic():
            counts.append(tell(reader, key="reminder"))
        connection.close()

    workers = [threading.Thread(target=remind) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert (sorted(counts), reader.notices.count()) == ([0, 0, 0, 1], 1)


@pytest.mark.parametrize("key", ["", "k"])
def test_a_notice_falls_with_its_event(key, tell, owner):
    with transaction.atomic():
        assert tell(owner, key=key) == 1
        transaction.set_rollback(True)
    assert Notice.objects.count() == 0
    assert tell(owner, key=key) == 1


def test_a_text_that_is_too_long_is_cut(tell, owner):
    tell(owner, text="长" * 300)
    assert told(owner) == ["长" * 197 + "..."]


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("/needs/mine/", True),
        ("/needs/?q=a#b", True),
        ("/", True),
        ("", False),
        ("needs/", False),
        ("//evil.example/", False),
        ("///evil.example/", False),
        ("/\\evil.example/", False),
        ("\\\\evil.example/", False),
        ("https://evil.example/", False),
        ("javascript:alert(1)", False),
        ("/\n/evil.example/", False),
        (" //evil.example/", False),
        ("\t//evil.example/", False),
    ],
)
def test_a_notice_points_into_this_site_only(url, local, tell, owner, as_user):
    assert is_local(url) == local
    if not local:
        with pytest.raises(ValueError, match="not a path of this site"):
            tell(owner, url=url)
        # Not even one that came into the table some other way leads off the site.
        notice = Notice.objects.create(user=owner, kind="need", text="x", url=url)
        assert as_user(owner).get(f"/notices/{notice.pk}/open/").url == "/notices/"


# Events of organisations and members


def test_a_new_organisation_calls_for_those_in_charge(organiser, distant_organiser, admin, new_user):
    founder = new_user("创办人")
    fields = {"name": "新企业", "kind": "enterprise", "credit_code": credit_code(70), "region": "310000"}
    before = organiser.notices.count()
    found_organisation(founder=founder, **fields)
    assert told(organiser)[before:] == ["辖区内有新登记的单位，请核验它的资料。"]
    assert [told(user, url="/accounts/organisations/desk/") for user in (distant_organiser, founder, admin)] == [
        [],
        [],
        [],
    ]


def test_the_steps_of_a_membership_are_told(owner, colleague, enterprise, new_user):
    applicant = new_user("申请人")
    membership = request_membership(applicant, enterprise)
    assert told(owner)[-1] == "有人申请加入您的单位，请核对身份后批准。"
    assert told(colleague) == []
    for _ in range(2):
        approve_membership(membership, actor=owner)
    assert told(applicant) == ["您加入单位的申请已经批准，现在可以代表单位办理业务了。"]


def test_a_verification_is_told_once(new_user, new_organisation, admin):
    founder = new_user()
    body = new_organisation("institute", founder=founder, verified=False)
    for _ in range(2):
        verify_organisation(body, actor=admin)
    assert told(founder) == ["您的单位已经通过核验，全部功能都可以使用了。"]
    assert founder.notices.get().url == body.get_absolute_url()


# Pages


def test_opening_a_notice_reads_it_and_leads_on(tell, new_user, as_user):
    reader = new_user()
    tell(reader)
    notice = reader.notices.get()
    path = f"/notices/{notice.pk}/open/"
    assert as_user(reader).head(path).status_code == 405
    assert reader.notices.unread().count() == 1
    assert as_user(reader).get(path).url == "/needs/mine/"
    read_at = reader.notices.get().read_at
    as_user(reader).get(path)
    assert reader.notices.get().read_at == read_at is not None


def test_nobody_sees_or_reads_what_others_were_told(tell, people, as_user, api):
    tell(people["owner"], text="只给需求方的一句话")
    notice = people["owner"].notices.get(kind="proposal")
    for name, user in people.items():
        if name == "owner":
            continue
        client = as_user(user)
        assert "只给需求方的一句话" not in client.get("/notices/").content.decode()
        assert client.get(f"/notices/{notice.pk}/open/").status_code == 404
        assert client.post("/notices/read-all/").status_code == 302
        assert api(user).post(f"/api/v1/notices/{notice.pk}/read/")[0] == 404
        assert api(user).post("/api/v1/notices/read-all/")[0] == 200
        assert notice.pk not in {each["id"] for each in api(user).get("/api/v1/notices/")[1]["results"]}
    assert people["owner"].notices.get(pk=notice.pk).read_at is None


def test_the_list_is_filtered_by_kind_and_by_what_is_unread(tell, new_user, as_user):
    reader = new_user()
    for kind in ("need", "docking", "docking"):
        tell(reader, kind=kind, text=kind)
    Notice.objects.filter(pk=reader.notices.filter(kind="docking").first().pk).update(read_at="2026-01-01T00:00Z")
    client = as_user(reader)
    found = {
        query: [notice.kind for notice in client.get(f"/notices/?{query}").context["page"]]
        for query in ("", "kind=docking", "unread=yes", "kind=docking&unread=yes", "kind=ledger")
    }
    assert found == {
        "": ["docking", "docking", "need"],
        "kind=docking": ["docking", "docking"],
        "unread=yes": ["docking", "need"],
        "kind=docking&unread=yes": ["docking"],
        "kind=ledger": [],
    }
    assert "没有符合条件的通知" in client.get("/notices/?kind=ledger").content.decode()


def test_the_bell_counts_until_everything_is_read(tell, new_user, as_user):
    reader = new_user()
    client = as_user(reader)
    assert "还没有通知" in client.get("/notices/").content.decode()
    assert client.get("/notices/count/?shown=0").status_code == 204
    for _ in range(3):
        tell(reader)
    assert "3<span" in client.get("/notices/count/?shown=0").content.decode()
    assert client.get("/notices/count/?shown=3").status_code == 204
    assert "3<span" in client.get("/").content.decode()
    client.post("/notices/read-all/")
    assert "badge" not in client.get("/notices/count/?shown=3").content.decode()


def test_the_bell_stops_at_ninety_nine(tell, new_user, as_user):
    reader = new_user()
    for _ in range(100):
        tell(reader)
    assert "99+<span" in as_user(reader).get("/notices/count/").content.decode()


def test_the_count_is_one_query_beside_those_of_the_session(tell, new_user, as_user, django_assert_num_queries):
    reader = new_user()
    tell(reader)
    client = as_user(reader)
    with django_assert_num_queries(3):
        client.get("/notices/count/")


# Preferences


def test_choosing_rhythms(new_user, as_user, api):
    reader = new_user()
    assert api(reader).get("/api/v1/notice-preferences/") == (200, KINDS)
    chosen = KINDS | {"docking": "immediate", "ledger": "weekly", "need": "never"}
    page = as_user(reader).post("/notices/preferences/", chosen, follow=True).content.decode()
    assert "通知设置已保存。" in page
    assert api(reader).get("/api/v1/notice-preferences/") == (200, chosen)
    assert api(reader).put("/api/v1/notice-preferences/", KINDS) == (200, KINDS)
    assert api(new_user()).get("/api/v1/notice-preferences/") == (200, KINDS)


def test_a_refused_choice_says_which_and_keeps_the_others(new_user, as_user):
    reader = new_user()
    response = as_user(reader).post("/notices/preferences/", KINDS | {"docking": "hourly", "need": "weekly"})
    assert list(response.context["form"].errors) == ["docking"]
    assert response.context["form"]["need"].value() == "weekly"
    assert reader.notice_preferences.count() == 0


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({"docking": "hourly"}, {"docking": ["“hourly” 不是合法选项。"]}),
        ({"docking": None}, {"docking": ["该字段不能为 null。"]}),
        ({"docking": ["daily"]}, {"docking": ["“['daily']” 不是合法选项。"]}),
    ],
)
def test_the_api_refuses_a_rhythm_that_does_not_exist(change, answer, new_user, api):
    reader = new_user()
    assert api(reader).put("/api/v1/notice-preferences/", KINDS | change) == (400, answer)
    assert reader.notice_preferences.count() == 0


# API


def test_the_api_lists_and_reads_ones_own(tell, new_user, api):
    reader = new_user()
    tell(reader)
    tell(reader, kind="ledger", text="台账有 2 件事今天到期。")
    status, page = api(reader).get("/api/v1/notices/", {"kind": "proposal", "unread": "yes"})
    shown = page["results"][0]
    notice = reader.notices.get(kind="proposal")
    assert (status, page["count"]) == (200, 1)
    assert shown == {
        "id": str(notice.pk),
        "kind": "proposal",
        "kind_display": "匹配建议",
        "text": "XQ-1A2B3C4D 有新的匹配建议，请答复。",
        "url": "/needs/mine/",
        "read_at": None,
        "created_at": shown["created_at"],
    }
    status, read = api(reader).post(f"/api/v1/notices/{notice.pk}/read/?unread=yes")
    assert (status, read) == (200, shown | {"read_at": read["read_at"]})
    assert read["read_at"] is not None
    assert api(reader).post(f"/api/v1/notices/{notice.pk}/read/")[1] == read
    assert api(reader).post("/api/v1/notices/read-all/") == (200, {"read": 1})
    assert api(reader).post("/api/v1/notices/read-all/") == (200, {"read": 0})


def test_a_stranger_to_the_platform_gets_nothing(tell, owner, api):
    tell(owner)
    assert api().get("/api/v1/notices/")[1]["results"] == []
    assert api().post("/api/v1/notices/read-all/")[0] == 401
    assert api().get("/api/v1/notice-preferences/")[0] == 401
