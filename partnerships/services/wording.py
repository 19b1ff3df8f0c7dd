"""The texts that people sign, in their newest version."""

from pathlib import Path

TEXTS = Path(__file__).resolve().parents[1] / "texts"


def newest_text(kind: str) -> tuple[str, str]:
    """The version of the newest text of this kind, and its wording, which may have gaps for the parties."""
    path = max(TEXTS.glob(f"{kind}-*.txt"))
    return path.stem.removeprefix(f"{kind}-"), path.read_text(encoding="utf-8")
