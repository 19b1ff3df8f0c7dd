"""Needs, capabilities and judgments from files of JSON lines, and what the engine answers to them.

A need is {id, title, text, region?, tags?, split?}; a capability is {id, provider, title, text, region?, discipline?,
measurand?, range_min?, range_max?, unit?, uncertainty?, codes?}, its numbers in the fields, in the text or in both; a
judgment is {need, capability, grade 0–3, verdict?}. Other fields are ignored, missing optional ones are fine.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

from django.conf import settings

from core.enums import Discipline
from core.regions import region_names
from matching.adapters import text_document
from matching.engine.documents import CapabilityDocument, CapabilityKind, NeedDocument
from matching.engine.evaluation import (
    VERDICT_WORDS,
    Answer,
    Case,
    answer_plainly,
    merge_lists,
    verdict_word,
)
from matching.engine.facts import Cells, Line
from matching.engine.index import Index, build_index
from matching.engine.lines import read_line, split_lines
from matching.engine.match import GAP, Match, explain_best, match
from matching.engine.objects import kinds_named

CASES = settings.BASE_DIR / "tests" / "matching" / "cases" / "ranking"
DEMO = settings.BASE_DIR / "frontend" / "demo"
# As many as a run holds for a need.
BEST = 50
# No quantity needs more digits; 1e999999 would fill the memory.
LONGEST = 30
# What a bare value of the field means.
HEADERS = Cells(accuracy="扩展不确定度")
DISCIPLINES = dict(Discipline.choices)
Progress = Callable[[Iterable], Iterable]


class CaseFileError(ValueError):
    """A file that cannot be evaluated; the message names file, line, field, reason and way out."""


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What the engine and the baseline answer to each need, the engine's matches, and how needs were judged."""

    needs: tuple[NeedDocument, ...]
    cases: tuple[Case, ...]
    matches: dict[str, Match]
    answers: dict[str, Answer]
    baseline: dict[str, Answer]


# --- What is evaluated -----------------------------------------------------------------------------------------


def evaluate(
    needs: Iterable[NeedDocument],
    capabilities: Iterable[CapabilityDocument],
    cases: Iterable[Case] = (),
    *,
    read: Progress = iter,
    ask: Progress = iter,
) -> Evaluated:
    """The answers to all needs; `read` and `ask` wrap the capabilities and the needs as they are worked on."""
    needs, capabilities, cases = tuple(needs), tuple(capabilities), tuple(cases)
    index = build_index(capabilities, progress=lambda documents: read(documents))
    verdicts = {case.need: case.verdicts for case in cases}
    matches, answers = {}, {}
    for need in ask(needs):
        matches[need.key] = match(need, index, limit=BEST)
        answers[need.key] = answer_of(need, index, matches[need.key], asked=verdicts.get(need.key, ()))
    baseline = answer_plainly(
        {need.key: f"{need.title} {need.text}" for need in needs},
        {document.key: words_of(document) for document in capabilities},
        limit=BEST,
    )
    return Evaluated(needs, cases, matches, answers, baseline)


def answer_of(need: NeedDocument, index: Index, found: Match, *, asked: Iterable[str] = ()) -> Answer:
    """The engine's answer; `asked` are capabilities whose verdict is wanted however low they stand."""
    ranking = merge_lists(found)
    verdicts = {pairing.key: verdict_word(pairing) for pairing in ranking}
    for key in asked:
        if key not in verdicts:
            verdicts[key] = verdict_word(explain_best(need, index, [key]))
    return Answer(tuple(pairing.key for pairing in ranking[:BEST]), verdicts, found.gap_score)


def words_of(document: CapabilityDocument) -> str:
    """All that a capability says, as one text."""
    cells = [
        (line.cells.measurand, line.cells.range, line.cells.accuracy, line.cells.codes, line.cells.note)
        for line in document.lines
    ]
    return " ".join(filter(None, [document.title, document.text, *dict.fromkeys(chain.from_iterable(cells))]))


def run_rows(evaluated: Evaluated) -> Iterator[dict[str, Any]]:
    """The lines of a run: the best of each need with rank, score and verdict, and which needs nobody serves."""
    for need in evaluated.needs:
        for rank, pairing in enumerate(merge_lists(evaluated.matches[need.key])[:BEST], start=1):
            yield {
                "need": need.key,
                "capability": pairing.key,
                "rank": rank,
                "score": pairing.score,
                "verdict": verdict_word(pairing),
            }
        if evaluated.answers[need.key].gap >= GAP:
            yield {"need": need.key, "gap": True}


# --- The project's own cases -----------------------------------------------------------------------------------


def project_capabilities() -> list[CapabilityDocument]:
    """The capabilities of the demonstration, and those written to be mistaken for them."""
    regions = {row["key"]: row["region"] for _, row in _rows(DEMO / "organisations.jsonl")}
    demo = [
        _demo_document(row, kind, regions)
        for name, kind in (("capabilities", CapabilityKind.SERVICE), ("research", CapabilityKind.RESEARCH))
        for _, row in _rows(DEMO / f"{name}.jsonl")
    ]
    return demo + read_capabilities(CASES / "capabilities.jsonl")


def _demo_document(row: dict, kind: CapabilityKind, regions: dict[str, str]) -> CapabilityDocument:
    names = {"measurand": "measurand", "range": "range", "uncertainty": "accuracy", "codes": "codes", "note": "note"}
    return CapabilityDocument(
        key=f"{row['organisation']}/{row['title']}",
        provider=row["organisation"],
        title=row["title"],
        text="\n".join(filter(None, [row.get("direction"), row["text"], row.get("cases")])),
        kind=kind,
        lines=tuple(
            read_line(
                Cells(object=row["title"], **{cell: line.get(name, "") for name, cell in names.items()}),
                headers=HEADERS,
            )
            for line in row.get("lines", ())
        ),
        discipline=DISCIPLINES[row["discipline"]],
        region=regions[row["organisation"]],
        modes=tuple(row["modes"]),
        credentials=tuple(filter(None, [row.get("credential")])),
    )


# --- Files -----------------------------------------------------------------------------------------------------


def read_needs(path: Path, *, split: str = "all") -> list[NeedDocument]:
    """The needs of a file; `split` keeps those of one half."""
    return [
        replace(
            text_document(_text(path, number, row, "text"), title=_text(path, number, row, "title")),
            key=key,
            region=_region(row.get("region")),
        )
        for number, key, row in _records(path)
        if split in ("all", row.get("split"))
    ]


def read_capabilities(path: Path) -> list[CapabilityDocument]:
    """The capabilities of a file."""
    return [
        CapabilityDocument(
            key=key,
            provider=_text(path, number, row, "provider"),
            title=_text(path, number, row, "title"),
            text=_text(path, number, row, "text"),
            lines=_capability_lines(path, number, row),
            discipline=DISCIPLINES.get(stated := _text(path, number, row, "discipline"), stated),
            region=_region(row.get("region")),
        )
        for number, key, row in _records(path)
    ]


def read_cases(needs_path: Path, judgments_path: Path, *, keys: set[str], known: set[str]) -> list[Case]:
    """How the needs with these keys were judged; `known` are the keys of the capabilities there are."""
    tags = {key: _tags(row) for _, key, row in _records(needs_path)}
    grades: dict[str, dict[str, int]] = {key: {} for key in tags if key in keys}
    verdicts: dict[str, dict[str, str]] = {key: {} for key in grades}
    for number, row in _rows(judgments_path):
        need, capability = (_key(judgments_path, number, row, name) for name in ("need", "capability"))
        for name, key, file, there in (("need", need, "需求", tags), ("capability", capability, "能力", known)):
            if key not in there:
                raise _error(judgments_path, number, name, f"{file}文件里没有 {key}", "请更正编号，或删去这一行")
        grade = _grade(judgments_path, number, row)
        verdict = row.get("verdict")
        if verdict not in (None, *VERDICT_WORDS.values()):
            way_out = f"请写 {'、'.join(VERDICT_WORDS.values())} 之一，或留空"
            raise _error(judgments_path, number, "verdict", f"不认识 {verdict}", way_out)
        if need in grades:
            grades[need][capability] = grade
            if verdict:
                verdicts[need][capability] = verdict
    return [Case(key, tags[key], grades[key], verdicts[key]) for key in grades if grades[key]]


def write_run(path: Path, rows: Iterable[dict[str, Any]]) -> int:
    """How many lines were written."""
    count = 0
    try:
        with path.open("w", encoding="utf-8") as file:
            for row in rows:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
                count += 1
    except OSError as error:
        raise CaseFileError(f"无法写入 {path}：{error.strerror}。请换一个可写的位置。") from error
    return count


def _records(path: Path) -> Iterator[tuple[int, str, dict]]:
    """The rows of a file by their id, which must be there and differ."""
    seen: dict[str, int] = {}
    for number, row in _rows(path):
        key = _key(path, number, row, "id")
        if key in seen:
            raise _error(path, number, "id", f"{key} 与第 {seen[key]} 行重复", "请给每一行不同的 id")
        seen[key] = number
        yield number, key, row
    if not seen:
        raise CaseFileError(f"{path} 是空的。请每行写一个 JSON 对象。")


def _rows(path: Path) -> Iterator[tuple[int, dict]]:
    """The JSON objects of a file with the numbers of their lines; numbers keep every digit."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CaseFileError(f"无法读取 {path}：{error.strerror}。请检查路径和权限。") from error
    except UnicodeDecodeError as error:
        raise CaseFileError(f"{path} 不是 UTF-8 编码。请另存为 UTF-8 后再试。") from error
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line, parse_float=Decimal)
        except (ValueError, RecursionError) as error:
            place = f"第 {error.colno} 个字符起" if isinstance(error, json.JSONDecodeError) else ""
            raise CaseFileError(f"{path} 第 {number} 行{place}不是 JSON。请每行写一个完整的 JSON 对象。") from error
        if not isinstance(row, dict):
            raise CaseFileError(f"{path} 第 {number} 行不是 JSON 对象。请写成 {{…}} 的形式。")
        yield number, row


def _key(path: Path, number: int, row: dict, name: str) -> str:
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        raise _error(path, number, name, "缺少，或不是文字", "请填写编号")
    return str(value).strip()


def _text(path: Path, number: int, row: dict, name: str) -> str:
    """The field as text, '' if it is missing; a number becomes plain digits, a list its parts."""
    value = row.get(name)
    parts = value if isinstance(value, list) else [value]
    if any(isinstance(part, bool | dict | list) for part in parts):
        raise _error(path, number, name, "不是文字或数字", "请写成文字、数字或它们的列表")
    return "、".join(_plain(part) for part in parts if part is not None)


def _plain(value: Any) -> str:
    """A number in plain digits, since 1E-6 may be taken for something else; other text as it is."""
    text = str(value).strip()
    number = _number(text)
    return text if number is None or abs(number.adjusted()) > LONGEST else f"{number:f}"


def _grade(path: Path, number: int, row: dict) -> int:
    value = row.get("grade")
    grade = _number(str(value))
    if grade not in (0, 1, 2, 3):
        raise _error(path, number, "grade", f"{value} 不是等级", "请写 0、1、2 或 3")
    return int(grade)


def _tags(row: dict) -> tuple[str, ...]:
    tags = row.get("tags") or ()
    return (tags,) if isinstance(tags, str) else tuple(map(str, tags))


@cache
def _region(value: Any) -> str:
    """The six-digit code of a place, by code or name; '' where it is not known."""
    if not value or str(value) in region_names():
        return str(value or "")
    return next((code for code, name in region_names().items() if name.startswith(str(value))), "")


def _capability_lines(path: Path, number: int, row: dict) -> tuple[Line, ...]:
    """What the fields state, completed by what the text states; of other quantities the text adds lines."""
    field = {
        name: _text(path, number, row, name)
        for name in ("title", "text", "measurand", "range_min", "range_max", "unit", "uncertainty", "codes")
    }
    told = tuple(
        read_line(replace(line.cells, object=line.cells.object or field["title"]), headers=HEADERS)
        for line in split_lines(field["text"])
    )
    stated = Cells(
        object=field["title"],
        measurand=field["measurand"],
        range=_range(field["range_min"], field["range_max"], field["unit"]),
        accuracy=_with_unit(field["uncertainty"], field["unit"]),
        codes=field["codes"],
    )
    if not (stated.range or stated.accuracy):
        return told or (read_line(stated, headers=HEADERS),)
    for cells in (line.cells for line in told):
        stated = replace(stated, range=stated.range or cells.range, accuracy=stated.accuracy or cells.accuracy)
    # Beside a range the text tells at what it holds: 介质热水 (20~180) ℃，DN25~DN200.
    line = replace(read_line(replace(stated, note=field["text"]), headers=HEADERS), cells=stated)
    named = kinds_named(field["text"])
    others = (other for other in told if other.ranges and (other.accuracy or other.quantity in named))
    return (line, *(other for other in others if other.quantity != line.quantity))


def _range(low: str, high: str, unit: str) -> str:
    if low and high:
        return f"({low}~{high}) {unit}".strip()
    return f"≥{low} {unit}".strip() if low else f"≤{high} {unit}".strip() if high else ""


def _with_unit(text: str, unit: str) -> str:
    """A bare number with the unit of the range, anything else as it is."""
    return text if _number(text) is None else f"{text} {unit}".strip()


def _number(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def _error(path: Path, number: int, name: str, reason: str, way_out: str) -> CaseFileError:
    return CaseFileError(f"{path} 第 {number} 行，字段 {name}：{reason}。{way_out}。")
