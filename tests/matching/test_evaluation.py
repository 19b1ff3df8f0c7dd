import json
from collections import Counter
from dataclasses import replace
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from matching.adapters import text_document
from matching.engine.evaluation import VERDICT_WORDS
from matching.engine.index import build_index
from matching.engine.match import match
from matching.engine.profile import profile_need
from matching.engine.scoring import load_weights, score_pairing
from matching.evaluation import (
    CASES,
    DEMO,
    CaseFileError,
    project_capabilities,
    read_capabilities,
    read_cases,
    read_needs,
)

NEEDS = [
    {"id": "n1", "title": "地磅检定", "text": "60 吨地磅两台", "region": "江苏", "tags": ["easy"], "colour": "red"},
    {"id": 2, "text": "原子力显微镜探针悬臂弹性常数", "tags": "nobody"},
]
CAPABILITIES = [
    {"id": "c1", "provider": "甲所", "title": "电子汽车衡", "text": "", "range_min": 1, "range_max": 100, "unit": "t"},
    {"id": "c2", "provider": "乙所", "title": "声级计", "text": "(30~130) dB，U=0.4 dB (k=2)", "region": None},
]
JUDGMENTS = [
    {"need": "n1", "capability": "c1", "grade": 3, "verdict": "unknown"},
    {"need": "2", "capability": "c2", "grade": "0"},
]


@pytest.fixture
def files(tmp_path):
    """Write rows to a file of JSON lines; text is written as it stands."""

    def write(name, rows):
        path = tmp_path / name
        path.write_text(rows if isinstance(rows, str) else "\n".join(map(json.dumps, rows)), encoding="utf-8")
        return path

    return write


def evaluate(**options):
    out = StringIO()
    call_command("evaluate", stdout=out, verbosity=0, **options)
    return out.getvalue().splitlines()


def rows_of(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


# --- The command -----------------------------------------------------------------------------------------------


def test_files_are_ranked_judged_and_written_as_a_run(files, tmp_path):
    out = tmp_path / "run.jsonl"
    needs, capabilities = files("n.jsonl", NEEDS), files("c.jsonl", CAPABILITIES)
    lines = evaluate(needs=needs, capabilities=capabilities, qrels=files("q.jsonl", JUDGMENTS), run=out)
    metrics = json.loads(lines[-1])
    assert (metrics["needs"], metrics["gaps"], metrics["capabilities"], metrics["split"]) == (2, 1, 2, "all")
    assert (metrics["overall"]["p@1"], metrics["by_tag"]["easy"]["needs"]) == (1.0, 1)
    assert metrics["verdicts"] == {"pairs": 1, "accuracy": 1.0, "confused": {}}
    assert any(line.startswith("最差的需求") for line in lines)
    first, *others = rows_of(out)
    assert {**first, "score": None} == {
        "need": "n1", "capability": "c1", "rank": 1, "score": None, "verdict": "unknown"
    }  # fmt: skip
    assert others[-1] == {"need": "2", "gap": True}


def test_without_judgments_the_run_is_written_and_the_counts_are_the_metrics(files, tmp_path):
    needs, capabilities, out = files("n.jsonl", NEEDS), files("c.jsonl", CAPABILITIES), tmp_path / "run.jsonl"
    lines = evaluate(needs=needs, capabilities=capabilities, run=out)
    assert json.loads(lines[-1]) == {"needs": 2, "capabilities": 2, "split": "all"}
    assert lines[0] == f"已把 {len(rows_of(out))} 行结果写入 {out}。"


def test_a_run_holds_the_best_fifty(files, tmp_path):
    many = [CAPABILITIES[0] | {"id": f"c{number}"} for number in range(70)]
    out = tmp_path / "run.jsonl"
    evaluate(needs=files("n.jsonl", NEEDS[:1]), capabilities=files("c.jsonl", many), run=out)
    assert [row["rank"] for row in rows_of(out) if "rank" in row] == list(range(1, 51))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"needs": "n"}, "要一起给出"),
        ({"qrels": "q"}, "要和 --needs"),
    ],
)
def test_options_that_belong_together_are_asked_for(options, message):
    with pytest.raises(CommandError, match=message):
        evaluate(**options)


def test_a_run_that_cannot_be_written_says_where_to(files, tmp_path):
    with pytest.raises(CommandError, match="无法写入"):
        evaluate(
            needs=files("n.jsonl", NEEDS), capabilities=files("c.jsonl", CAPABILITIES), run=tmp_path / "no" / "run"
        )


# --- Files -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "n.jsonl 第 1 行第 2 个字符起不是 JSON。请每行写一个完整的 JSON 对象。"),
        ('{"id": "a"}\n\n[1]', "n.jsonl 第 3 行不是 JSON 对象。"),
        ("", "n.jsonl 是空的。"),
        ('{"title": "地磅"}', "n.jsonl 第 1 行，字段 id：缺少，或不是文字。请填写编号。"),
        ('{"id": true}', "n.jsonl 第 1 行，字段 id：缺少，或不是文字。请填写编号。"),
        ('{"id": "a"}\n{"id": "a"}', "n.jsonl 第 2 行，字段 id：a 与第 1 行重复。请给每一行不同的 id。"),
        ('{"id": "a", "text": {}}', "n.jsonl 第 1 行，字段 text：不是文字或数字。"),
        ("[" * 100000, "n.jsonl 第 1 行不是 JSON。"),
    ],
)
def test_a_file_that_cannot_be_read_names_line_field_reason_and_way_out(files, content, message):
    with pytest.raises(CaseFileError) as raised:
        read_needs(files("n.jsonl", content))
    assert message in str(raised.value)


def test_a_missing_file_and_another_encoding_are_told_apart(tmp_path):
    path = tmp_path / "n.jsonl"
    with pytest.raises(CaseFileError, match="无法读取"):
        read_needs(path)
    path.write_bytes("地磅".encode("gbk"))
    with pytest.raises(CaseFileError, match="不是 UTF-8 编码"):
        read_needs(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"grade": 4}, "q.jsonl 第 1 行，字段 grade：4 不是等级。请写 0、1、2 或 3。"),
        ({"grade": True}, "字段 grade：True 不是等级"),
        ({"grade": None}, "字段 grade：None 不是等级"),
        ({"need": "n9"}, "q.jsonl 第 1 行，字段 need：需求文件里没有 n9。请更正编号，或删去这一行。"),
        ({"capability": "c9"}, "字段 capability：能力文件里没有 c9"),
        ({"verdict": "ok"}, "字段 verdict：不认识 ok。请写 covers、partial、fails、unknown 之一，或留空。"),
    ],
)
def test_a_judgment_that_cannot_be_used_is_refused(files, change, message):
    needs, judgments = files("n.jsonl", NEEDS), files("q.jsonl", [JUDGMENTS[0] | change])
    with pytest.raises(CaseFileError) as raised:
        read_cases(needs, judgments, keys={"n1", "2"}, known={"c1"})
    assert message in str(raised.value)


def test_needs_are_read_with_what_is_there(files):
    first, second = read_needs(files("n.jsonl", NEEDS))
    assert (first.key, first.title, first.text, first.region) == ("n1", "地磅检定", "60 吨地磅两台", "320000")
    assert (second.key, second.title, second.region) == ("2", "", "")


@pytest.mark.parametrize(
    ("fields", "ranges", "accuracy"),
    [
        ({"range_min": 0, "range_max": 5, "unit": "mm", "uncertainty": "U=1 μm (k=2)"}, "(0~5) mm", "U=1 μm (k=2)"),
        ({"range_min": "0", "range_max": 500.5, "unit": "mm", "uncertainty": 0.01}, "(0~500.5) mm", "0.01 mm"),
        ({"range_min": 1e-6, "range_max": "1e-1", "unit": "Pa", "uncertainty": "6 %"}, "(0.000001~0.1) Pa", "6 %"),
        ({"range_max": 60, "unit": "MPa"}, "≤60 MPa", ""),
        ({"range_min": 2, "unit": "mm"}, "≥2 mm", ""),
        ({"text": "可测(0~500)mm，U=0.01mm(k=2)"}, "(0~500)mm", "U=0.01mm"),
        ({"range_min": 0, "range_max": 300, "unit": "mm", "text": "U=0.01mm(k=2)"}, "(0~300) mm", "U=0.01mm"),
        ({"range_max": "1e999999999", "unit": "mm"}, "≤1e999999999 mm", ""),
    ],
)  # fmt: skip
def test_the_numbers_of_a_capability_may_stand_in_fields_or_in_the_text(files, fields, ranges, accuracy):
    row = {"id": "c", "provider": "甲所", "title": "通用卡尺", "text": "", "codes": ["JJG 30-2012"]} | fields
    (document,) = read_capabilities(files("c.jsonl", [row]))
    (line,) = document.lines
    assert (line.cells.object, line.cells.range) == ("通用卡尺", ranges)
    assert line.cells.accuracy.startswith(accuracy)


def test_other_quantities_in_the_text_are_lines_of_their_own(files):
    row = {
        "id": "c", "provider": "甲所", "title": "环境试验设备", "measurand": "温度", "range_min": -40, "range_max": 150,
        "unit": "℃", "uncertainty": "U=0.3 ℃", "text": "湿度 (20~98) %RH，U=1.8 %RH", "discipline": "thermal",
    }  # fmt: skip
    (document,) = read_capabilities(files("c.jsonl", [row]))
    assert [line.quantity for line in document.lines] == ["temperature", "relative_humidity"]
    assert document.discipline == "热学"


# --- The project's own cases -----------------------------------------------------------------------------------


def test_the_cases_are_complete_and_each_kind_is_developed_on():
    rows = rows_of(CASES / "needs.jsonl")
    kinds = {"easy", "vocabulary", "measurement", "condition", "look-alike", "nobody"}
    assert len(rows) >= 150
    assert {row["tags"][0] for row in rows} == {row["tags"][0] for row in rows if row["split"] == "dev"} == kinds
    assert {row["split"] for row in rows} <= {"dev", "held"}


def test_every_need_is_judged_with_reasons_and_only_gaps_have_nobody():
    needs = {row["id"]: row for row in rows_of(CASES / "needs.jsonl")}
    judgments = rows_of(CASES / "qrels.jsonl")
    known = {document.key for document in project_capabilities()}
    cases = read_cases(CASES / "needs.jsonl", CASES / "qrels.jsonl", keys=set(needs), known=known)
    assert {case.need for case in cases} == set(needs)
    assert {case.need for case in cases if case.is_gap} == {key for key in needs if needs[key]["tags"] == ["nobody"]}
    assert all(row["reason"] for row in judgments)
    assert max(Counter((row["need"], row["capability"]) for row in judgments).values()) == 1
    assert {row["verdict"] for row in judgments if "verdict" in row} == set(VERDICT_WORDS.values())


def test_no_need_is_copied_from_the_demonstration():
    demo = {row["problem"] for row in rows_of(CASES.parents[3] / "frontend" / "demo" / "needs.jsonl")}
    assert not demo & {row["text"] for row in rows_of(CASES / "needs.jsonl")}


def test_the_project_is_evaluated_by_default_on_the_needs_it_is_developed_on():
    metrics = json.loads(evaluate()[-1])
    developed_on = sum(row["split"] == "dev" for row in rows_of(CASES / "needs.jsonl"))
    assert (metrics["split"], metrics["needs"]) == ("dev", developed_on)
    assert metrics["overall"]["ndcg@10"] > metrics["overall"]["baseline_ndcg@10"]


def test_a_need_without_a_shown_word_scores_lower_on_the_demonstration():
    index, weights, shown = build_index(project_capabilities()), load_weights(), 0
    for row in rows_of(DEMO / "needs.jsonl")[::3]:
        need = text_document(row["problem"], title=row["title"])
        found, profile = match(need, index, limit=1), profile_need(need)
        for pairing in (*found.existing, *found.research):
            for shared in pairing.terms:
                left = {
                    term: w for term, w in profile.terms.items() if profile.words.get(term, term) != shared.need_word
                }
                poorer = replace(profile, terms=left)
                (candidate,) = index.candidates_among(poorer, [pairing.key], limit=1)
                assert score_pairing(need, poorer, candidate, pairing.verdict, weights).score < pairing.score
                shown += 1
    assert shown > 100
