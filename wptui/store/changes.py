"""What the fold reports of its work, and what each of its handlers is."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from wptui.model import events as ev


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
    workspace: bool = False
    """Agents, templates, canned replies, campaigns, numbers or settings changed."""
    cursor: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    """Events of types this build does not know or cannot read, counted."""


Handler = Callable[[sqlite3.Connection, ev.Event, Any, Changes], None]
