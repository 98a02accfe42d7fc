"""What every plan begins with: the command's circumstances, and the conversation it is about."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from wptui.i18n import _
from wptui.model import commands as c
from wptui.model import events as ev
from wptui.relay.outgoing import Files, refused

FURTHEST = 2**62


@dataclass(frozen=True)
class Act:
    """A command on its way: who asks, under which id, when (Unix seconds), and what is known."""

    db: sqlite3.Connection
    agent: str
    id: str
    now: int
    files: Files

    @property
    def actor(self) -> str:
        """The agent as an event's actor."""
        return f"agent:{self.agent}"


Plan = Callable[[Act, Any], list[ev.Data]]
"""Command → the events it leads to. Raises RefusedError."""

Plans = dict[type[c.Command], Plan]


def event_number(given: int) -> int:
    """An event number of a command's, within what SQLite can hold: JSON has no bounds."""
    return max(0, min(given, FURTHEST))


def conversation(act: Act, id: str, columns: str) -> tuple[Any, ...]:
    """Columns of the conversation. Raises RefusedError (not_found)."""
    row: tuple[Any, ...] | None = act.db.execute(f"SELECT {columns} FROM conversations WHERE id = ?", (id,)).fetchone()
    if row is None:
        raise refused("not_found", _("This conversation does not exist (any more)."))
    return row


def name_of(act: Act, agent: str) -> str:
    """How colleagues see `agent` (an id, or an event's actor)."""
    row = act.db.execute("SELECT name FROM agents WHERE id = ?", (agent.removeprefix("agent:"),)).fetchone()
    return str(row[0]) if row else agent.removeprefix("agent:")
