"""What is required, line by line, and what an uncertainty that was achieved or promised means for it."""

from dataclasses import dataclass, replace

from matching.engine.facts import Cells, Item, Line, from_json
from matching.engine.judging import judge_line
from matching.engine.lines import read_line
from matching.engine.units import KINDS
from matching.engine.verdicts import LineVerdict
from needs.models import Need

HEADING = Cells(accuracy="扩展不确定度")


@dataclass(frozen=True)
class Required:
    """One line of what was asked for, in words and as the engine read it."""

    label: str
    range_text: str
    required_text: str
    line: Line


def required_lines(need: Need) -> list[Required]:
    """What the need asks for, line by line; empty where it has no measurement lines."""
    return [
        Required(
            label=" ".join(filter(None, [row.object_name, row.measurand])),
            range_text=row.range_text,
            required_text=row.accuracy_text,
            line=from_json(Line, row.reading),
        )
        for row in need.lines.all()
    ]


def state_requirement(*, label: str, range_text: str, required_text: str) -> Required:
    """A line the two sides agreed on, for a need that has none."""
    line = read_line(Cells(object=label, range=range_text, accuracy=required_text))
    return Required(label, range_text, required_text, line)


def judge_offer(line: Line, offered_text: str) -> LineVerdict:
    """Whether this uncertainty, over the range that was asked for, meets what was asked for."""
    return judge_line(line, [as_offered(line, offered_text)])


def as_offered(line: Line, offered_text: str) -> Line:
    """The line that was asked for with the uncertainty that was achieved or promised."""
    cells = replace(line.cells, accuracy=offered_text, note="")
    read = read_line(cells, headers=HEADING)
    accuracy = tuple(item for item in read.accuracy if _states_its_unit(item, line))
    unread = tuple(text for text in read.unread if text in offered_text)
    return replace(line, cells=cells, accuracy=accuracy, unread=unread)


def _states_its_unit(item: Item, asked: Line) -> bool:
    """Whether the number can be compared: 0.4 without a unit is not taken for 40 %.

    It is where it is called relative, where the requirement has no unit either, and where the quantity has none.
    """
    if item.unit != "1" or "rel" in item.raw.lower():
        return True
    kind = KINDS.get(asked.quantity or "")
    return any(one.unit == "1" for one in asked.accuracy) or (kind is not None and kind.si_unit in ("", "1"))
