"""What stands on the screen, as text; and waiting for it."""

from __future__ import annotations

from collections.abc import Callable

from textual.events import Key
from textual.pilot import Pilot

NAMES = {" ": "space", "/": "slash", ",": "comma", ".": "full_stop", ":": "colon", "-": "minus", "~": "tilde"}
"""What Textual calls characters that are no letters."""


def screen_text(pilot: Pilot[object]) -> str:
    """Every line of the screen."""
    app = pilot.app
    update = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in update)


async def until(pilot: Pilot[object], seen: Callable[[], object], tries: int = 200) -> None:
    """Waits until `seen` is true; fails with the screen as it then stands."""
    for _ in range(tries):
        if seen():
            return
        await pilot.pause(0.01)
    raise AssertionError("waited in vain; the screen:\n" + screen_text(pilot))


async def shows(pilot: Pilot[object], *texts: str) -> None:
    """Waits until all of `texts` stand on the screen."""
    await until(pilot, lambda: all(text in screen_text(pilot) for text in texts))


async def hides(pilot: Pilot[object], text: str) -> None:
    """Waits until `text` no longer stands on the screen."""
    await until(pilot, lambda: text not in screen_text(pilot))


async def write(pilot: Pilot[object], text: str) -> None:
    """Types `text`, as fast as a paste without being one."""
    for char in text:
        name = char if char.isalnum() else NAMES[char]
        pilot.app.post_message(Key(name, char))
    await pilot.pause()
