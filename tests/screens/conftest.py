"""A frozen moment, and the program over a small shop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.screens.stage import NOW, Stage


@pytest.fixture(autouse=True)
def moment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Monday 23 November 2026, 17:32 in Istanbul; the wall clock stands still, timers go on."""
    monkeypatch.setenv("TZ", "Europe/Istanbul")
    time.tzset()
    monkeypatch.setattr(time, "time", lambda: float(NOW))
    for name in ("TMUX", "STY", "TERM_PROGRAM", "COLORTERM", "VTE_VERSION", "KONSOLE_VERSION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """The program over a furnished shop, with the default settings."""
    return Stage(tmp_path)


@pytest.fixture
def staged(tmp_path: Path) -> Callable[[str], Stage]:
    """The same with settings, as config.toml has them."""
    return lambda config: Stage(tmp_path, config)
