"""Progress of long work on a terminal."""

import sys
from collections.abc import Iterable, Iterator


def bar(items: Iterable, *, label: str = "", total: int | None = None, verbosity: int = 1) -> Iterator:
    """Yield the items and draw a bar on a terminal; silent in a log, when quiet, and for nothing."""
    total = len(items) if total is None else total
    shown = verbosity > 0 and sys.stderr.isatty() and total > 0
    for done, item in enumerate(items, start=1):
        yield item
        if shown and (done == total or done % max(total // 200, 1) == 0):
            filled = 30 * done // total
            end = "\n" if done == total else ""
            sys.stderr.write(f"\r{label} {'█' * filled}{'░' * (30 - filled)} {done}/{total}{end}")
            sys.stderr.flush()
