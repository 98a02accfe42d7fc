"""What every test may rely on: its own WPTUI_HOME, English, and no agent's settings leaking in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from wptui import i18n


@pytest.fixture(autouse=True)
def private_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Every file of the test under a folder of its own; yields that folder (not yet made)."""
    home = tmp_path_factory.mktemp("home") / "wptui"
    monkeypatch.setenv("WPTUI_HOME", str(home))
    for name in (
        "WPTUI_CONFIG",
        "WPTUI_LANG",
        "LC_ALL",
        "LC_MESSAGES",
        "SSH_CONNECTION",
        "SSH_TTY",
        "NO_COLOR",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    i18n.install("en")
    yield home
    i18n.install("en")
