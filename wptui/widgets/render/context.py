"""What the drawing of a thread depends on beside its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, tzinfo

from wptui.widgets.glyphs import FULL, Glyphs

KEYS: Mapping[str, str] = {
    "retry": "R",
    "discard": "D",
    "open": "o",
    "expand": "w",
    "quote": "J",
}
"""What a hint calls the key of a command, unless the agent has other keys."""

GUTTER = 9
"""Cells of the right column: blank, time 5, blank, ticks 2."""


@dataclass(frozen=True)
class ThreadContext:
    """`width` counts the cells behind the cursor column."""

    width: int
    today: date
    me: str = ""
    agents: Mapping[str, str] = field(default_factory=dict)
    """Agent id → name; `rule:` and a rule's id → its title."""
    departments: Mapping[str, str] = field(default_factory=dict)
    """Department id → name."""
    title: str = ""
    """The customer's name."""
    group: bool = False
    glyphs: Glyphs = FULL
    keys: Mapping[str, str] = field(default_factory=lambda: KEYS)
    zone: tzinfo | None = None
    """The agent's time zone; None: the machine's."""
    expanded: frozenset[str] = frozenset()
    """Ids of messages shown whole, with their earlier texts."""

    @property
    def gutter(self) -> int:
        """Cells of the right column; a narrow pane keeps only the ticks."""
        return GUTTER if self.width >= 32 else 3

    @property
    def text_width(self) -> int:
        """Cells a message's own text may take: short lines read better, and show whose they are."""
        room = self.width - self.gutter - 2
        return max(8, room if room <= 40 else min(room * 9 // 10, 96))
