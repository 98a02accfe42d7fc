"""The screen as it looks, in every size and theme, and in the states an agent meets.

After a wanted change: `pytest tests/screens/test_pictures.py --snapshot-update`, and look at the pictures.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.screens.looking import shows, until
from tests.screens.stage import NOW, Stage
from wptui import i18n
from wptui.sync.state import Kind

Snap = Callable[..., bool]
Before = Callable[[Pilot[Any]], Awaitable[None]]
SIZES = [(80, 24), (120, 40), (200, 60)]


def ready(stage: Stage, *keys: str, more: Callable[[], object] | None = None) -> Before:
    """Waits for the whole screen, presses `keys`, and does `more`."""

    async def before(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: stage.link)
        await shows(pilot, "Kahve Dükkânı")
        for key in keys:
            await pilot.press(key)
        if more is not None:
            more()
        await pilot.pause(0.05)
        await pilot.pause()

    return before


@pytest.mark.parametrize("theme", ["dark", "light", "no-colour"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_conversation(
    snap_compare: Snap,
    staged: Callable[[str], Stage],
    size: tuple[int, int],
    theme: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if theme == "no-colour":
        monkeypatch.setenv("NO_COLOR", "1")
    stage = staged(f'theme = "{theme}"')
    assert snap_compare(stage.app, terminal_size=size, run_before=ready(stage, "down", "enter"))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_inbox_in_turkish(snap_compare: Snap, stage: Stage, size: tuple[int, int]) -> None:
    i18n.install("tr")
    assert snap_compare(stage.app, terminal_size=size, run_before=ready(stage))


def test_compact(snap_compare: Snap, staged: Callable[[str], Stage]) -> None:
    stage = staged('density = "compact"')
    assert snap_compare(stage.app, terminal_size=(80, 24), run_before=ready(stage))


def test_offline(snap_compare: Snap, stage: Stage) -> None:
    def cut() -> None:
        stage.relay.become(Kind.OFFLINE, detail="Nobody answers at the relay's address", hint="Is the relay running?")

    assert snap_compare(stage.app, terminal_size=(100, 24), run_before=ready(stage, more=cut))


def test_refused_answer(snap_compare: Snap, stage: Stage) -> None:
    def refuse() -> None:
        stage.main.chat.send("Hemen bakıyorum")
        stage.shop.answer("ahmet", "Ben baktım", agent="a2", ago=8)
        stage.relay.happened("ahmet")
        stage.relay.refuse(stage.given()[-1], "answered_meanwhile")

    before = ready(stage, "down", "enter", "i", more=refuse)
    assert snap_compare(stage.app, terminal_size=(80, 24), run_before=before)


def test_template_form(snap_compare: Snap, stage: Stage) -> None:
    before = ready(stage, "enter", "ctrl+t", "s", "i", "p", "enter", "4", "2")
    assert snap_compare(stage.app, terminal_size=(80, 24), run_before=before)


def test_palette(snap_compare: Snap, stage: Stage) -> None:
    assert snap_compare(stage.app, terminal_size=(100, 30), run_before=ready(stage, "ctrl+p", "s", "n", "o"))


def test_help(snap_compare: Snap, stage: Stage) -> None:
    assert snap_compare(stage.app, terminal_size=(120, 40), run_before=ready(stage, "question_mark"))


def test_too_small(snap_compare: Snap, stage: Stage) -> None:
    async def before(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: stage.link)

    assert snap_compare(stage.app, terminal_size=(20, 5), run_before=before)


def test_the_moment_is_frozen() -> None:
    import time

    assert time.time() == NOW
