"""What the fold reports of its work, and what each of its handlers is."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wptui.model import events as ev

if TYPE_CHECKING:
    from wptui.store.visible import Place, Standing


@dataclass
class Changes:
    """What a run of events touched: for redrawing, and for notifying."""

    conversations: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    inbound: list[tuple[str, str, int]] = field(default_factory=list)
    """New customer messages: (conversation, message id, timestamp)."""
    failed: list[tuple[str, str]] = field(default_factory=list)
    """Sends that failed or became unknown: (conversation, message id)."""
    alerts: list[int] = field(default_factory=list)
    """Numbers of new operator alerts."""
    placed: set[str] = field(default_factory=set)
    """Conversations whose department, assignee or contact may have changed, or that came or went: who sees them."""
    places: dict[str, Place | None] = field(default_factory=dict)
    """Where those `placed` stand now, None for one that is gone; filled in at the relay only (`store.visible.note`)."""
    every_place: bool = False
    """`places` names every conversation there is."""
    team: dict[str, Standing] | None = None
    """What every agent is now, where that may have changed; at the relay only."""
    notified: list[tuple[str, list[str], str]] = field(default_factory=list)
    """Rules' calls: (conversation, agents' ids, text)."""
    mentioned: list[tuple[str, str, str]] = field(default_factory=list)
    """New mentions: (conversation, agent's id, note id)."""
    settings: set[str] = field(default_factory=set)
    """Sections of the settings that changed."""
    workspace: bool = False
    """Agents, templates, canned replies, campaigns, numbers or settings changed."""
    cursor: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    """Events of types this build does not know or cannot read, counted."""

    def add(self, more: Changes) -> None:
        """Adds what a later run of events touched."""
        self.conversations = (self.conversations | more.conversations) - more.removed
        self.removed = (self.removed - more.conversations) | more.removed
        self.placed |= more.placed
        self.inbound += more.inbound
        self.failed += more.failed
        self.alerts += more.alerts
        self.notified += more.notified
        self.mentioned += more.mentioned
        self.settings |= more.settings
        self.workspace |= more.workspace
        self.cursor = max(self.cursor, more.cursor)
        for kind, count in more.skipped.items():
            self.skipped[kind] = self.skipped.get(kind, 0) + count


Handler = Callable[[sqlite3.Connection, ev.Event, Any, Changes], None]
