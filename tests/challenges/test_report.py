"""The closing report: what happened, in words and figures, as a page, DOCX and PDF."""

import io
from datetime import timedelta

import pytest
from django.utils import timezone
from docx import Document as Docx

from challenges.enums import ChallengeStatus
from challenges.models import Challenge, FollowUp
from challenges.report import report_on
from challenges.services.challenges import move_challenge
from challenges.services.follow_ups import fill_follow_up
from challenges.services.signing import open_docking_for
from challenges.workflow import RELEASED
from core.documents import Bullets, Figure, Heading, Paragraph
from tests.challenges.conftest import advance

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(new_challenge, new_entry, new_solution, organiser):
    """One item signed and tracked, one that nobody answered; the other two follow-ups are still to come."""
    challenge = new_challenge()
    items = [new_entry("on_board", challenge=challenge) for _ in range(2)]
    solution = new_solution(advance(items[0], "signing"), "selected")
    open_docking_for(solution, actor=organiser, steward=organiser)
    move_challenge(Challenge.objects.get(pk=challenge.pk), "open_tracking", actor=organiser)
    first = FollowUp.objects.first()
    FollowUp.objects.filter(pk=first.pk).update(due_on=timezone.localdate() - timedelta(days=1))
    fill_follow_up(
        FollowUp.objects.get(pk=first.pk), actor=organiser, state="delayed", text="标准器送检未回\u0007，预计晚一个月"
    )
    return Challenge.objects.get(pk=challenge.pk)


def section(document, title):
    """The blocks under this heading."""
    place = next(index for index, block in enumerate(document.blocks) if block == Heading(title))
    rest = document.blocks[place + 1 :]
    end = next((index for index, block in enumerate(rest) if isinstance(block, Heading)), len(rest))
    return list(rest[:end])


def test_the_report_tells_what_happened(event, organiser, institute):
    document = report_on(event, organiser)
    assert [block.text for block in document.blocks if isinstance(block, Heading)] == [
        "概况",
        "榜单",
        "无人揭榜的项目",
        "评定结果",
        "签约和金额",
        "跟踪",
        "有待改进",
    ]
    words, figure = section(document, "概况")
    assert words == Paragraph(
        "本届赛事共有 2 项需求报名，2 项发榜；收到揭榜方案 1 份，覆盖 1 项；1 项揭榜成功，其中 0 项已签协议。"
    )
    assert [(bar.label, bar.shown) for bar in figure.bars] == [
        ("报名的需求", "2 项"),
        ("发榜的项目", "2 项"),
        ("收到的方案", "1 份"),
        ("有方案的项目", "1 项"),
        ("揭榜成功的项目", "1 项"),
        ("已签协议的项目", "0 项"),
    ]
    assert [type(block) for block in section(document, "榜单")] == [Figure, Figure]
    [_, gaps] = section(document, "无人揭榜的项目")
    [row] = gaps.rows
    assert row[0] == "CH-02"
    results = section(document, "评定结果")
    assert results[0] == Paragraph("公示期间没有异议。")
    assert [row[2:] for row in results[1].rows] == [(institute.name, "揭榜成功")]
    amounts = section(document, "签约和金额")
    assert amounts[2].rows == [("CH-01", institute.name, "技术交流", "0 万元", "0 万元", "0 万元")]
    tracked, told = section(document, "跟踪")
    assert tracked.rows[0] == ("3 个月", "1", "1", "0", "1", "0", "0")
    assert tracked.rows[1] == ("6 个月", "1", "0", "0", "0", "0", "0")
    assert told.rows == [("CH-01", "3 个月", "有延误", "标准器送检未回\u0007，预计晚一个月")]
    assert section(document, "有待改进") == [
        Bullets(
            [
                "CH-02：没有机构揭榜：面向全国定向邀请，或列为共性难题联合攻关。",
                "CH-01：揭榜成功但还没有双方确认的协议：请技术管家问清卡在哪里。",
                "CH-01：最近一次跟踪有延误或已中止：请组织双方会商。",
            ]
        )
    ]


def test_the_board_is_counted_in_its_own_words(event, organiser):
    entry = event.entries.first()
    type(entry).objects.filter(pk=entry.pk).update(discipline="thermal", region="320500")
    fields, places = section(report_on(event, organiser), "榜单")
    assert {(bar.label, bar.value) for bar in fields.bars} == {("热学", 1), ("几何量", 1)}
    assert {bar.label for bar in places.bars} >= {"江苏省"}
    assert sum(bar.value for bar in places.bars) == 2


def test_the_report_is_handed_out_as_docx_and_pdf(event, organiser, client):
    client.force_login(organiser)
    docx = client.get(f"/challenges/{event.pk}/report/docx/")
    text = "\n".join(each.text for each in Docx(io.BytesIO(b"".join(docx.streaming_content))).paragraphs)
    assert "本届赛事共有 2 项需求报名" in text
    pdf = client.get(f"/challenges/{event.pk}/report/pdf/")
    assert b"".join(pdf.streaming_content)[:5] == b"%PDF-"
    assert client.get(f"/challenges/{event.pk}/report/exe/").status_code == 404
    assert "无人揭榜的项目" in client.get(f"/challenges/{event.pk}/report/").content.decode()
    answer = client.get(f"/api/v1/challenge-reports/{event.pk}/docx/")
    assert answer.headers["Content-Type"].endswith("wordprocessingml.document")


@pytest.mark.parametrize("status", ChallengeStatus.values)
def test_there_is_a_report_once_the_decisions_are_out(status, event, organiser, client):
    Challenge.objects.update(status=status)
    client.force_login(organiser)
    page, api = (client.get(f"/{path}/{event.pk}/{end}/").status_code for path, end in PLACES)
    assert (page, api) == ((200, 200) if status in RELEASED else (404, 409))


PLACES = [("challenges", "report"), ("api/v1/challenge-reports", "docx")]


def test_only_who_runs_the_challenge_gets_it(event, people, client):
    answers = {}
    for name, user in people.items():
        client.force_login(user)
        answers[name] = tuple(client.get(f"/{path}/{event.pk}/{end}/").status_code for path, end in PLACES)
    expected = {name: (200, 200) if name in {"organiser", "admin"} else (404, 403) for name in people}
    assert answers == expected
