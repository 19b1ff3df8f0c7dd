"""What the commands print."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from matching.models import MatchState, Proposal
from needs.models import NeedLine
from providers.models import CapabilityLine

TEXT = "三坐标测量机 0~500 mm 校准，最大允许误差 ±(1.5+L/350) μm"


def run(*args, **options):
    out = StringIO()
    call_command(*args, stdout=out, no_color=True, **options)
    return out.getvalue()


def test_match_prints_the_best_with_reasons(new_capability):
    new_capability()
    new_capability("坐标测量机误差补偿", kind="research", direction="三坐标测量机校准")
    text = run("match", TEXT)
    assert "1. 坐标测量机  测试计量院（江苏省苏州市）" in text
    assert "匹配度 " in text
    assert "可攻关" in text
    assert "坐标测量机误差补偿" in text


def test_match_without_a_number_says_so(capability):
    assert "没有读到可比较的指标，只按文字匹配。" in run("match", "想找人看看三坐标")


def test_match_prints_no_more_than_asked(new_capability):
    for number in range(3):
        new_capability(f"坐标测量机{number}")
    text = run("match", TEXT, limit=2)
    assert ("2. " in text, "3. " in text) == (True, False)


@pytest.mark.parametrize(
    ("text", "limit", "message"),
    [(" ", 10, "需求文字是空的"), (TEXT, 0, "--limit 至少为 1"), (TEXT, -3, "--limit 至少为 1")],
)
def test_match_refuses_what_makes_no_sense(text, limit, message, capability):
    with pytest.raises(CommandError, match=message):
        run("match", text, limit=limit)


@pytest.mark.parametrize("command", [["match", TEXT], ["rematch"]])
def test_without_capabilities_the_way_out_is_named(command, db):
    with pytest.raises(CommandError, match="请先发布能力，或运行 seed_demo"):
        run(*command)


def test_rematch_counts_what_it_did(new_need, capability):
    new_need("published")
    new_need("submitted")
    assert run("rematch") == "已更新 1 条需求的匹配建议。\n"
    assert run("rematch") == "已更新 0 条需求的匹配建议。\n"
    assert run("rematch", "--all") == "已更新 1 条需求的匹配建议。\n"
    assert Proposal.objects.count() == 1


def test_rematch_goes_on_where_it_was_stopped(new_need, capability, monkeypatch):
    for number in range(3):
        new_need("published", title=f"三坐标{number}")
    run("rematch")
    MatchState.objects.first().delete()
    assert run("rematch") == "已更新 1 条需求的匹配建议。\n"


def test_reread_tells_what_changed(new_need, capability):
    new_need("published")
    assert run("reread") == "读法有变化的指标行 0 行、能力行 0 行；已重新匹配 1 条需求。\n"
    NeedLine.objects.update(reading={})
    CapabilityLine.objects.update(reading={})
    assert run("reread") == "读法有变化的指标行 1 行、能力行 1 行；已重新匹配 1 条需求。\n"
