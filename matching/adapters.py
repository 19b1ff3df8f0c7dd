"""Needs and capabilities as the engine's documents.

An institute reads why it was matched, so a public need is matched by its public text and lines alone:
what it keeps to itself cannot come back as a shared term.
"""

from collections.abc import Iterable

from core.enums import Level
from matching.engine.documents import CapabilityDocument, CapabilityKind, NeedDocument
from matching.engine.facts import Cells, Line, from_json
from matching.engine.lines import read_line, split_lines
from needs.enums import KNOWN, Obligation
from needs.models import Need
from providers.models import Capability


def need_document(need: Need) -> NeedDocument:
    """The need as the engine compares it; the text gives the lines when none were filled in."""
    is_public = need.status in KNOWN and need.level == Level.PUBLIC
    title = need.public_title if is_public else need.title
    own = [need.problem, need.goal, need.current_state, need.sample]
    text = need.public_text if is_public else "\n".join(filter(None, own))
    rows = list(need.lines.all())
    return NeedDocument(
        key=str(need.pk),
        title=title,
        text=text,
        lines=tuple(from_json(Line, row.reading) for row in rows) or split_lines(text),
        required=tuple(row.obligation == Obligation.REQUIRED for row in rows),
        discipline=need.get_discipline_display(),
        region=need.organisation.region,
        modes=tuple(dict.fromkeys(row.mode for row in rows)),
        credentials=tuple(need.credentials),
    )


def text_document(text: str, *, title: str = "", cells: Iterable[dict] = ()) -> NeedDocument:
    """A need that exists only as a text, as the cells of lines, or both."""
    lines = tuple(read_line(Cells(**each)) for each in cells)
    if lines:
        return NeedDocument(key="", title=title, text=text, lines=lines, required=(True,) * len(lines))
    return NeedDocument(key="", title=title, text=text, lines=split_lines(f"{title}\n{text}"))


def capability_document(capability: Capability) -> CapabilityDocument:
    """The capability as the engine compares it."""
    organisation, credential = capability.organisation, capability.credential
    return CapabilityDocument(
        key=str(capability.pk),
        provider=organisation.name,
        title=capability.title,
        text="\n".join(filter(None, [capability.direction, capability.text, capability.cases])),
        kind=CapabilityKind(capability.kind),
        lines=tuple(from_json(Line, row.reading) for row in capability.lines.all()),
        discipline=capability.get_discipline_display(),
        region=organisation.region,
        regions=tuple(organisation.service_regions),
        modes=tuple(capability.modes),
        credentials=(credential.kind,) if credential else (),
    )
