"""Digests: by rhythm, once, without a word of what they tell of, through servers that fail and workers that die."""

import threading
from datetime import datetime, timedelta
from smtplib import SMTPServerDisconnected
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.utils import timezone

from accounts import jobs
from accounts import mail as digests
from accounts.mail import claim, last_turns, send_mails, write_digests
from accounts.models import MAIL_WAITS, Mail, Notice
from accounts.notices import notify, set_rhythms

SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(text):
    """A time in Shanghai; 2026-03-02 is a Monday."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.fixture
def reader(new_user):
    return new_user("读者", email="reader@example.com")


def tell(user, kind="proposal", **fields):
    return notify([user], kind=kind, text="XQ-1A2B3C4D 有新的匹配建议，请答复。", url="/needs/mine/", **fields)


def work_at(text):
    """Run the worker's job at that time; the number of mails sent."""
    with time_machine.travel(at(text), tick=False):
        return jobs.send_digests()


@pytest.mark.parametrize(
    ("now", "daily", "weekly"),
    [
        ("2026-03-02 07:59:59", "2026-03-01 08:00", "2026-02-23 08:00"),
        ("2026-03-02 08:00", "2026-03-02 08:00", "2026-03-02 08:00"),
        ("2026-03-03 00:30", "2026-03-02 08:00", "2026-03-02 08:00"),
        ("2026-03-08 23:00", "2026-03-08 08:00", "2026-03-02 08:00"),
    ],
)
def test_digests_are_due_at_eight_and_on_mondays_in_shanghai(now, daily, weekly):
    assert last_turns(at(now)) == (at(daily), at(weekly))
    assert last_turns(at(now).astimezone(ZoneInfo("UTC"))) == (at(daily), at(weekly))


@pytest.mark.parametrize(
    ("rhythm", "sent"),
    [
        ("immediate", [1, 0, 0, 0, 0]),
        ("daily", [0, 0, 1, 0, 0]),
        ("weekly", [0, 0, 0, 0, 1]),
        ("never", [0, 0, 0, 0, 0]),
        (None, [0, 0, 1, 0, 0]),
    ],
)
def test_each_rhythm_has_its_time(rhythm, sent, reader):
    if rhythm:
        set_rhythms(reader, {"proposal": rhythm})
    # A Tuesday; 00:30 of the next day is still the day before in UTC.
    with time_machine.travel(at("2026-03-03 09:00"), tick=False):
        tell(reader)
    times = ["2026-03-03 09:01", "2026-03-04 00:30", "2026-03-04 08:00", "2026-03-08 08:00", "2026-03-09 08:00"]
    assert [work_at(time) for time in times] == sent


def test_a_worker_that_was_down_catches_up(reader):
    with time_machine.travel(at("2026-03-03 07:59"), tick=False):
        tell(reader)
    assert [work_at("2026-03-05 13:37"), work_at("2026-03-05 13:38")] == [1, 0]


def test_rhythms_are_by_kind_and_one_mail_tells_all(reader):
    set_rhythms(reader, {"ledger": "weekly", "docking": "never"})
    with time_machine.travel(at("2026-03-01 09:00"), tick=False):
        for kind in ("proposal", "proposal", "ledger", "docking"):
            tell(reader, kind)
    assert work_at("2026-03-02 08:00") == 1
    [message] = mail.outbox
    assert (message.subject, message.to) == ("量值通：您有 3 条未读通知", ["reader@example.com"])
    assert message.body == (
        "读者，您好：\n\n您有 3 条未读通知：\n\n- 匹配建议：2 条\n- 台账：1 条\n\n"
        "登录后查看：http://127.0.0.1:8000/notices/\n\n"
        "想少收或不收这类邮件，请在“通知设置”里选择：http://127.0.0.1:8000/notices/preferences/\n"
    )
    assert sorted(Notice.objects.filter(mail=None).values_list("kind", flat=True)) == ["docking"]


def test_what_was_read_on_the_page_is_not_mailed(reader):
    with time_machine.travel(at("2026-03-03 09:00"), tick=False):
        tell(reader)
        reader.notices.update(read_at=timezone.now())
    assert (work_at("2026-03-04 08:00"), Mail.objects.count()) == (0, 0)


def test_a_closed_account_gets_no_mail(reader):
    with time_machine.travel(at("2026-03-03 09:00"), tick=False):
        tell(reader)
    reader.is_active = False
    reader.save()
    assert work_at("2026-03-04 08:00") == 0
    Mail.objects.create(user=reader, subject="x", body="x", message_id="<x>")
    assert work_at("2026-03-04 08:01") == 0


def test_everybody_gets_a_mail_of_their_own(new_user):
    people = [new_user(f"读者{number}") for number in range(3)]
    with time_machine.travel(at("2026-03-03 09:00"), tick=False):
        for person in people:
            tell(person)
    assert work_at("2026-03-04 08:00") == 3
    assert sorted(message.to for message in mail.outbox) == sorted([person.email] for person in people)
    assert len({message.extra_headers["Message-ID"] for message in mail.outbox}) == 3


@pytest.mark.skipif(connection.vendor == "sqlite", reason="the tests' database in memory lets no two workers write")
@pytest.mark.django_db(transaction=True)
def test_workers_at_the_same_time_write_and_send_one_mail(reader):
    set_rhythms(reader, {"proposal": "immediate"})
    tell(reader)
    barrier = threading.Barrier(4)

    def work():
        barrier.wait()
        jobs.send_digests()
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert (len(mail.outbox), Mail.objects.get().attempts) == (1, 1)


# Servers that fail, workers that die


@pytest.fixture
def server(monkeypatch):
    """A mail server that answers as it is told; the Message-IDs it was handed."""
    server = Server()
    monkeypatch.setattr(digests.EmailMessage, "send", server.take)
    return server


class Server:
    failure = None

    def __init__(self):
        self.taken = []

    def take(self, message=None):
        self.taken.append(message)
        if self.failure:
            raise self.failure


@pytest.fixture
def owed(reader):
    """A mail that waits to be sent."""
    return Mail.objects.create(user=reader, subject="主题", body="正文", message_id="<fixed@example.com>")


@pytest.mark.parametrize(
    "failure", [SMTPServerDisconnected("gone"), ConnectionRefusedError("no"), ValueError("header")]
)
def test_a_failing_server_loses_and_doubles_nothing(failure, server, owed):
    start = timezone.now()
    server.failure = failure
    with time_machine.travel(start, tick=False) as clock:
        tries = 0
        # Each minute for a day: few tries, further and further apart.
        for _ in range(24 * 60):
            send_mails()
            clock.shift(timedelta(minutes=1))
        tries = len(server.taken)
        server.failure = None
        clock.shift(timedelta(days=1))
        assert [send_mails(), send_mails()] == [1, 0]
    owed.refresh_from_db()
    assert (tries, owed.attempts, owed.sent_at, owed.last_error) == (6, 7, start + timedelta(days=2), "")


def test_attempts_end_and_the_last_error_stays(server, owed, admin, as_user):
    server.failure = ConnectionRefusedError("no such server")
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(20):
            send_mails()
            clock.shift(timedelta(days=1))
        owed.refresh_from_db()
        assert (len(server.taken), owed.attempts, owed.sent_at) == (len(MAIL_WAITS), len(MAIL_WAITS), None)
        assert owed.last_error == "ConnectionRefusedError: no such server"
    # The operator mended the server.
    server.failure = None
    chosen = {"action": "send_again", "_selected_action": [owed.pk]}
    assert as_user(admin).post("/admin/accounts/mail/", chosen).status_code == 302
    assert send_mails() == 1


def test_one_bad_address_does_not_hold_up_the_others(reader, new_user, monkeypatch):
    bad = new_user(email="bad@example.com")
    for user in (bad, reader):
        Mail.objects.create(user=user, subject="主题", body="正文", message_id=f"<{user.email}>")
    send = digests.EmailMessage.send

    def refuse_the_bad(message, fail_silently=False):
        if message.to == ["bad@example.com"]:
            raise OSError("refused")
        return send(message)

    monkeypatch.setattr(digests.EmailMessage, "send", refuse_the_bad)
    assert (send_mails(), [message.to for message in mail.outbox]) == (1, [["reader@example.com"]])


def test_a_worker_killed_after_sending_sends_again_under_the_same_id(owed, monkeypatch):
    """The server has it, nobody noted it: the reader's program sees one message twice."""
    with time_machine.travel(timezone.now(), tick=False) as clock:
        with monkeypatch.context() as patch:
            patch.setattr(Mail, "save", killed)
            with pytest.raises(KeyboardInterrupt):
                send_mails()
        assert send_mails() == 0
        clock.shift(MAIL_WAITS[0])
        assert [send_mails(), send_mails()] == [1, 0]
    assert [message.extra_headers["Message-ID"] for message in mail.outbox] == ["<fixed@example.com>"] * 2


def killed(*args, **kwargs):
    raise KeyboardInterrupt


def test_a_worker_killed_while_writing_leaves_the_notices_for_the_next(reader, monkeypatch):
    with time_machine.travel(at("2026-03-03 09:00"), tick=False):
        tell(reader)
    with monkeypatch.context() as patch:
        patch.setattr(digests.Mail.objects, "create", killed)
        with pytest.raises(KeyboardInterrupt):
            write_digests(at("2026-03-04 08:00"))
    assert Mail.objects.count() == 0
    assert work_at("2026-03-04 08:01") == 1


def test_a_mail_is_claimed_by_one_worker(owed):
    seen_by_two = Mail.objects.get(), Mail.objects.get()
    assert [claim(mail) for mail in seen_by_two] == [True, False]


def test_a_run_ends_before_the_next_begins(owed, monkeypatch):
    times = iter([0, 51])
    monkeypatch.setattr(digests, "monotonic", lambda: next(times))
    assert (send_mails(), Mail.objects.get().attempts) == (0, 0)


# What stays, and what the worker is asked to do


def test_what_was_read_long_ago_is_forgotten_and_what_is_unread_stays(reader):
    with time_machine.travel(at("2026-01-01 09:00"), tick=False):
        for _ in range(2):
            tell(reader)
    assert work_at("2026-01-02 08:00") == 1
    with time_machine.travel(at("2026-01-03 09:00"), tick=False):
        reader.notices.filter(pk=reader.notices.first().pk).update(read_at=timezone.now())
    removed = []
    for time in ("2026-07-01 09:00", "2026-07-03 09:00"):
        with time_machine.travel(at(time), tick=False):
            removed.append(jobs.remove_old_notices())
    assert (removed, reader.notices.count(), Mail.objects.count()) == ([0, 1], 1, 1)
    reader.notices.update(read_at=at("2026-07-04 09:00"))
    with time_machine.travel(at("2027-01-03 09:00"), tick=False):
        assert jobs.remove_old_notices() == 1
    assert (reader.notices.count(), Mail.objects.count()) == (0, 0)


def test_a_person_leaves_with_notices_and_mails(reader):
    with time_machine.travel(at("2026-03-03 09:00"), tick=False):
        tell(reader)
    work_at("2026-03-04 08:00")
    reader.delete()
    assert (Notice.objects.count(), Mail.objects.count()) == (0, 0)
