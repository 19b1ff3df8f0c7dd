"""The two sides of a pairing as the engine sees them, free of any database."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from matching.engine.facts import Line


class CapabilityKind(StrEnum):
    """Existing capability (现有能力) and research that could meet a need (可攻关) are ranked apart."""

    SERVICE = "service"
    RESEARCH = "research"


@dataclass(frozen=True, slots=True)
class NeedDocument:
    """What an enterprise asks for. `modes` are measuring modes (lab, field, online, in_situ, remote).

    `required` tells 必须 from 希望, line by line; empty means that all lines are required.
    """

    key: str
    title: str
    text: str = ""
    lines: tuple[Line, ...] = ()
    required: tuple[bool, ...] = ()
    discipline: str = ""
    region: str = ""
    modes: tuple[str, ...] = ()
    credentials: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CapabilityDocument:
    """What a provider offers. `regions` are the GB/T 2260 codes it serves on site, empty for everywhere."""

    key: str
    provider: str
    title: str
    text: str = ""
    kind: CapabilityKind = CapabilityKind.SERVICE
    lines: tuple[Line, ...] = ()
    discipline: str = ""
    region: str = ""
    regions: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    credentials: tuple[str, ...] = ()
