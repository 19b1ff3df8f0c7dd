"""指标响应表: which lines a solution answers, what the engine says of each promise, and who is shown the lines."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError

from challenges.models import Promise, Solution
from matching.engine.explain import backing, promise
from matching.engine.facts import Cells, Line, from_json
from matching.engine.judging import judge_line
from matching.engine.lines import read_line
from matching.enums import Verdict
from needs.disclosure import disclose, sight_of
from needs.enums import Sight
from needs.services import LINE_FIELDS
from partnerships.requirements import as_offered, judge_offer
from providers.models import Capability

# Where a line comes from: the board, the need as it is open to the institute, the institute itself.
BOARD, NEED, OWN = "board", "need", "own"
CELLS = {
    "object": "object_name",
    "measurand": "measurand",
    "range": "range_text",
    "accuracy": "accuracy_text",
    "conditions": "conditions_text",
    "codes": "codes_text",
    "note": "note",
}
# What the institute writes of a line where none is given.
OWN_FIELDS = ("object_name", "range_text", "accuracy_text")
MAX_OWN_LINES = 30
NO_CAPABILITY = "选好依托能力之后，再与公开能力比较"


# --- The lines ----------------------------------------------------------------------------------------------------


def lines_for(solution: Solution, user) -> list[dict]:
    """The lines to answer one by one: the board's, else the need's if it is open to the reader.

    Empty where the institute writes the lines itself; once it has, they stay its own.
    """
    entry = solution.entry
    if entry.board_lines:
        return [{**line, "source": BOARD} for line in entry.board_lines]
    if any(each.line["source"] == OWN for each in solution.promises.all()) or not _reads_need(solution, user):
        return []
    shown = disclose(entry.need, user).lines
    return [{"source": NEED, **{name: getattr(line, name) for name in LINE_FIELDS}} for line in shown]


def _reads_need(solution: Solution, user) -> bool:
    return sight_of(solution.entry.need, user) in {Sight.DETAIL, Sight.FULL}


def keep_promises(solution: Solution, rows: Sequence[dict], user) -> None:
    """Replace the table by these rows, each judged; where lines are given, there is one row for each, in order."""
    lines = lines_for(solution, user)
    if lines and len(rows) != len(lines):
        raise ValidationError({"promises": f"这个项目有 {len(lines)} 行指标，请逐行响应，一行对一行。"})
    if len(rows) > max(MAX_OWN_LINES, len(lines)):
        raise ValidationError({"promises": f"最多 {MAX_OWN_LINES} 行，请合并后再保存。"})
    lines = lines or [_own_line(row) for row in rows]
    made = [
        Promise(
            solution=solution,
            position=position,
            line=line,
            promised_text=row.get("promised_text", "").strip(),
            evidence=row.get("evidence", "").strip(),
        )
        for position, (line, row) in enumerate(zip(lines, rows, strict=True))
    ]
    for each in made:
        each.clean_fields(exclude=["solution"])
        _judge(each, solution.capability)
    solution.promises.all().delete()
    Promise.objects.bulk_create(made)


def judge_again(solution: Solution) -> None:
    """Bring what is said of the promises up to date with the capability that the solution now rests on."""
    for each in solution.promises.all():
        _judge(each, solution.capability)
        each.save()


def _own_line(row: dict) -> dict:
    return {"source": OWN, **{name: row.get(name, "").strip() for name in OWN_FIELDS}}


# --- What the engine says -----------------------------------------------------------------------------------------


def _judge(row: Promise, capability: Capability | None) -> None:
    for name, value in judge_promise(row.line, row.promised_text, capability).items():
        setattr(row, name, value)


def judge_promise(line: dict, promised_text: str, capability: Capability | None) -> dict:
    """The promise against the line, and against what the institute has published, each with a sentence."""
    unknown = {"verdict": Verdict.UNKNOWN, "sentence": "", "backing": Verdict.UNKNOWN, "backing_sentence": ""}
    if not promised_text.strip():
        return unknown
    asked = read_line(Cells(**{cell: line.get(name, "") for cell, name in CELLS.items()}))
    against_line = judge_offer(asked, promised_text)
    said = unknown | {"verdict": against_line.verdict, "sentence": promise(against_line)}
    if capability is None:
        return said | {"backing_sentence": NO_CAPABILITY}
    published = [from_json(Line, row.reading) for row in capability.lines.all()]
    against_published = judge_line(as_offered(asked, promised_text), published)
    return said | {"backing": against_published.verdict, "backing_sentence": backing(against_published)}


# --- Who is shown what --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ShownPromise:
    """A row of the table as one reader may see it; of a confidential line that is closed to them nothing is left."""

    number: int
    source: str
    object_name: str
    range_text: str
    accuracy_text: str
    conditions_text: str
    promised_text: str
    evidence: str
    verdict: str
    verdict_display: str
    sentence: str
    backing: str
    backing_display: str
    backing_sentence: str
    is_withheld: bool


def shown_promises(solution: Solution, user) -> list[ShownPromise]:
    """The table for this reader; lines taken over from the need only as long as the need is open to them."""
    rows = list(solution.promises.all())
    reads = not any(row.line["source"] == NEED for row in rows) or _reads_need(solution, user)
    return [_show(row, is_withheld=row.line["source"] == NEED and not reads) for row in rows]


def _show(row: Promise, *, is_withheld: bool) -> ShownPromise:
    line = {} if is_withheld else row.line
    return ShownPromise(
        number=row.position + 1,
        source=row.line["source"],
        object_name=" ".join(filter(None, [line.get("object_name"), line.get("measurand")])),
        range_text=line.get("range_text", ""),
        accuracy_text=line.get("accuracy_text", ""),
        conditions_text=line.get("conditions_text", ""),
        promised_text=row.promised_text,
        evidence=row.evidence,
        verdict=row.verdict,
        verdict_display=row.get_verdict_display(),
        # The sentences quote the line.
        sentence="" if is_withheld else row.sentence,
        backing=row.backing,
        backing_display=row.get_backing_display(),
        backing_sentence="" if is_withheld else row.backing_sentence,
        is_withheld=is_withheld,
    )


def quotes_need(solution: Solution) -> bool:
    """Whether the table holds lines of the need that are not on the board."""
    return any(row.line["source"] == NEED for row in solution.promises.all())
