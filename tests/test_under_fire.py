"""Proposals are answered while others answer the same, and while web and worker are killed at random."""

import json
import logging
import os
import random
import re
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from threading import Event as Signal
from time import monotonic, sleep

import pytest
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone
from django_q.conf import Conf
from django_q.models import OrmQ, Task
from django_q.tasks import async_task

from accounts.enums import NoticeKind, Rhythm
from accounts.models import Mail, Notice
from accounts.notices import set_rhythms
from core.history import find_break
from matching.models import Proposal
from matching.services import propose_for_need
from partnerships.models import Docking
from tests.serving import WORKER, Service, ask, ask_at_once, shared_database, web, with_session, with_token

log = logging.getLogger(__name__)
pytestmark = pytest.mark.django_db(transaction=True)
CLIENTS = 50
# Each proposal gets two. The full run, with its figures:
# ANSWERS=500 ./run pytest --log-cli-level=INFO tests/test_under_fire.py
ANSWERS = int(os.environ.get("ANSWERS", "60"))
PROPOSALS_PER_NEED = 10
PATIENCE = 60 + 2 * ANSWERS  # seconds
SIDES = ["enterprise", "provider"]
TARGETS = ["one web process", "all of the web", "worker"]
MOVES = {"accept": {}, "decline": {"reason": "price"}}
ANSWERED = re.compile("(enterprise|provider)_(accept|decline)")


@pytest.fixture
def headers(owner, enterprise, provider, institute, organiser):
    """By side, how its person is known to the platform: as a program, and in a browser."""
    people = {"enterprise": owner, "provider": provider}
    return {side: [with_token(person), with_session(person)] for side, person in people.items()}


def move_request(proposal, side, word, headers):
    return "POST", f"/api/v1/proposals/{proposal.pk}/move/{side}_{word}/", MOVES[word], headers


def answers_to(proposal) -> list[tuple[str, str]]:
    """What people have answered, in order: side and word."""
    actions = proposal.events.order_by("number").values_list("action", flat=True)
    return [found.groups() for action in actions if (found := ANSWERED.fullmatch(action))]


def expected_notices(proposal) -> Counter:
    """Who has to be told of this proposal on its page, by name and how the sentence ends."""
    told = [("机构业务员", "可能适合贵机构的一项能力")]
    for place, (side, word) in enumerate(answers_to(proposal)):
        other = "机构业务员" if side == "enterprise" else "需求方"
        if word == "decline":
            told.append((other, "已答复“不合适”"))
        elif place == 0:
            told.append((other, {"enterprise": "企业有意", "provider": "有意承接"}[side]))
        else:
            told += [(other, "对接已开启"), ("组织方", "对接已开启")]
    return Counter(told)


SAYINGS = ["可能适合贵机构的一项能力", "已答复“不合适”", "有意承接", "对接已开启"]


def check_proposal(proposal) -> None:
    """Its history, docking and notices say the same, each of them once."""
    answers, dockings = answers_to(proposal), Docking.objects.filter(proposal=proposal).count()
    assert len(set(answers)) == len(answers)
    agreed = set(answers) == {("enterprise", "accept"), ("provider", "accept")}
    declined = any(word == "decline" for _, word in answers)
    assert (proposal.status, dockings) == (("mutual", 1) if agreed else ("declined", 0))
    assert agreed != declined
    assert notices_of(proposal) == expected_notices(proposal)


def notices_of(proposal) -> Counter:
    told = Notice.objects.filter(kind=NoticeKind.PROPOSAL, url=proposal.get_absolute_url())
    return Counter((name, saying_of(text)) for name, text in told.values_list("user__name", "text"))


def saying_of(text) -> str:
    text = text.replace("的企业有意与贵机构对接", "企业有意")
    [saying] = [saying for saying in [*SAYINGS, "企业有意"] if saying in text]
    return saying


@pytest.mark.parametrize("words", [["accept"], ["accept", "decline"]])
def test_of_fifty_who_answer_at_once_one_for_each_side_is_heard(words, new_need, capability, headers, tmp_path):
    proposals = []
    for _ in range(3):
        propose_for_need(need := new_need("published"))
        proposals.append(need.proposals.get())
    draw = random.Random(f"race {words}")
    with shared_database(tmp_path) as url, web(MODE="test", VAR_DIR=str(tmp_path), DATABASE_URL=url) as (address, _):
        for proposal in proposals:
            asked = [(draw.choice(SIDES), draw.choice(words)) for _ in range(CLIENTS)]
            requests = [move_request(proposal, side, word, draw.choice(headers[side])) for side, word in asked]
            answers = ask_at_once(address, requests)
            assert {answer.status for answer in answers} == {200, 409}
            proposal = Proposal.objects.for_list().get(pk=proposal.pk)
            heard = [each for each, answer in zip(asked, answers, strict=True) if answer.status == 200]
            assert Counter(heard) == Counter(answers_to(proposal))
            check_proposal(proposal)
        assert find_break() is None


class Fire:
    """Who kills web and worker, as a seed has it, and starts them again."""

    def __init__(self, draw, web, worker):
        self.draw, self.web, self.worker, self.kills, self.next = draw, web, worker, Counter(), 0

    def strike_after(self, answers):
        """Strike when enough has been answered since the last time: a slow machine gets to work as well."""
        if self.web.process.poll() is not None:
            self.web.start()
        if answers >= self.next:
            self.next = answers + self.draw.randint(3, 12)
            self.strike()

    def strike(self):
        # Each at least once, then at random.
        target = self.draw.choice([each for each in TARGETS if not self.kills[each]] or TARGETS)
        self.kills[target] += 1
        if target == "worker":
            self.worker.kill()
            # Stands for the five minutes after which a job that nobody has finished is handed out again.
            OrmQ.objects.update(lock=timezone.now())
            self.worker.start()
            async_task("accounts.jobs.send_digests")
        elif target == "all of the web":
            self.web.kill()
            self.web.start()
        else:
            self.web.kill_one(self.draw.choice)


class Respondent:
    """Answers a proposal for both sides, and asks again under the same key until it is acknowledged."""

    def __init__(self, address, headers, over):
        self.address, self.headers, self.over = address, headers, over
        self.statuses, self.acknowledged = Counter(), []

    def answer(self, proposal, plan):
        for side, word, way in plan:
            key = {"Idempotency-Key": f"{proposal.pk} {side} {word}"}
            request = move_request(proposal, side, word, {**self.headers[side][way], **key})
            while not self.over.is_set():
                status = self.try_once(request)
                self.statuses[status] += 1
                if status == 200:
                    self.acknowledged.append((proposal.pk, side, word))
                    break
                sleep(0.2)

    def try_once(self, request):
        try:
            answer = ask(self.address, *request)
        except (OSError, HTTPException):
            return "cut off"
        if answer.status == 409 and "Retry-After" not in answer.headers:
            return json.loads(answer.body)["detail"]
        return answer.status


def draw_plan(draw):
    """Both sides' answers to a proposal in order: mostly two yeses, else a yes and a no."""
    first, second = draw.sample(SIDES, 2)
    word = "decline" if draw.random() < 0.25 else "accept"
    return [(first, "accept", draw.randrange(2)), (second, word, draw.randrange(2))]


@pytest.fixture
def wait_until():
    """Wait for something to come true, doing something else meanwhile."""

    def wait(is_true, meanwhile=lambda: None):
        stop = monotonic() + PATIENCE
        while not is_true():
            assert monotonic() < stop, "waited too long"
            meanwhile()
            sleep(0.2)

    return wait


def test_nothing_acknowledged_is_lost_and_no_notice_doubled_when_web_and_worker_are_killed(
    new_need, new_capability, headers, owner, provider, organiser, tmp_path, monkeypatch, wait_until
):
    draw = random.Random(int(os.environ.get("SEED", "1")))
    for number in range(PROPOSALS_PER_NEED):
        new_capability(f"坐标测量机 {number}")
    for person in (owner, provider, organiser):
        set_rhythms(person, dict.fromkeys(NoticeKind.values, Rhythm.IMMEDIATE))
    # From here on jobs wait for the worker.
    monkeypatch.setattr(Conf, "SYNC", False)
    for _ in range(ANSWERS // 2 // PROPOSALS_PER_NEED):
        new_need("published")
    (mails := tmp_path / "mails").mkdir()
    over = Signal()
    with shared_database(tmp_path) as url:
        # Of the address of the mails' folder the first slash belongs to the scheme.
        environment = {
            **{"MODE": "development", "DEBUG": "0", "VAR_DIR": str(tmp_path), "DATABASE_URL": url},
            "EMAIL_URL": f"filemail:///{mails}",
        }
        prepare = [sys.executable, "manage.py", "createcachetable"]
        subprocess.run(prepare, cwd=settings.BASE_DIR, env={**os.environ, **environment}, check=True)
        worker = Service(WORKER, environment)
        try:
            with web(**environment) as (address, served), ThreadPoolExecutor(8) as pool:
                fire, respondent, begun = Fire(draw, served, worker), Respondent(address, headers, over), {}

                def go_on():
                    for proposal in Proposal.objects.filter(status="proposed").exclude(pk__in=list(begun)):
                        begun[proposal.pk] = pool.submit(respondent.answer, proposal, draw_plan(draw))
                    fire.strike_after(len(respondent.acknowledged))

                try:
                    wait_until(lambda: len(respondent.acknowledged) == ANSWERS, go_on)
                    for each in begun.values():
                        each.result()
                finally:
                    over.set()
                # What a killed worker had begun to send is due again after a while.
                Mail.objects.waiting().update(due_at=timezone.now())
                OrmQ.objects.update(lock=timezone.now())
                async_task("accounts.jobs.send_digests")
                wait_until(lambda: not OrmQ.objects.exists())
        finally:
            worker.kill()
        log.info("%s killed, requests: %s", fire.kills, respondent.statuses)
        assert all(fire.kills[target] for target in TARGETS)
        check_aftermath(respondent, mails)


def check_aftermath(respondent, mails):
    proposals = list(Proposal.objects.for_list())
    heard = [(proposal.pk, *answer) for proposal in proposals for answer in answers_to(proposal)]
    assert sorted(heard) == sorted(respondent.acknowledged)
    assert set(respondent.statuses) <= {200, 409, 429, "cut off"}
    for proposal in proposals:
        check_proposal(proposal)
    told = Counter(Notice.objects.values_list("user", "text", "url"))
    assert set(told.values()) == {1}
    call_command("verify_history")
    assert not Task.objects.filter(success=False).exists()
    sent = Counter(re.findall(r"^Message-ID:\s+(\S+)", "\n".join(f.read_text() for f in mails.iterdir()), re.MULTILINE))
    assert set(sent) == set(Mail.objects.values_list("message_id", flat=True))
    assert not Notice.objects.filter(mail=None).exists()
    attempts = dict(Mail.objects.values_list("message_id", "attempts"))
    # A worker killed between sending and noting it sends the same mail again, under the same Message-ID.
    assert [message for message, number in sent.items() if number > attempts[message]] == []
    log.info("%s notices, %s mails, of which %s again", len(told), len(sent), sent.total() - len(sent))
