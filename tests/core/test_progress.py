import sys

import pytest

from core.progress import bar


class Terminal:
    def __init__(self, *, is_terminal):
        self.written, self.is_terminal = "", is_terminal

    def isatty(self):
        return self.is_terminal

    def write(self, text):
        self.written += text

    def flush(self):
        pass


@pytest.mark.parametrize(
    ("is_terminal", "verbosity", "count", "drawn"),
    [(True, 1, 3, True), (False, 1, 3, False), (True, 0, 3, False), (True, 1, 0, False)],
)
def test_when_a_bar_is_drawn(is_terminal, verbosity, count, drawn, monkeypatch):
    terminal = Terminal(is_terminal=is_terminal)
    monkeypatch.setattr(sys, "stderr", terminal)
    assert list(bar(range(count), label="匹配", verbosity=verbosity)) == list(range(count))
    assert bool(terminal.written) == drawn


def test_the_bar_ends_full_and_with_a_new_line(monkeypatch):
    terminal = Terminal(is_terminal=True)
    monkeypatch.setattr(sys, "stderr", terminal)
    list(bar(iter("ab"), label="读取", total=2))
    assert terminal.written.split("\r")[1:] == ["读取 " + "█" * 15 + "░" * 15 + " 1/2", "读取 " + "█" * 30 + " 2/2\n"]
