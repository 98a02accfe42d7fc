"""Events of one webhook item as they are found: each is folded into the view at once, so that the next sees it.

The numbers are what the log is expected to give. The view's transaction stays open until the log has kept the
events; if it gives other numbers, or refuses, the view is rolled back (`clerk`).
"""

from __future__ import annotations

import sqlite3

from wptui.model import events as ev
from wptui.store import fold
from wptui.store.changes import Changes


class Draft:
    """The events of one item, in order. `db` is the view, inside a transaction."""

    def __init__(self, db: sqlite3.Connection, *, head: int, at: int, raw: int) -> None:
        self.db = db
        self.at = at
        """When the body was received, Unix milliseconds: the events' `at`."""
        self.raw = raw
        self.events: list[ev.Event] = []
        self.changes = Changes()
        self._seq = head

    @property
    def now(self) -> int:
        """When the body was received, Unix seconds."""
        return self.at // 1000

    def add(self, data: ev.Data, *, actor: str = "meta", conversation: str | None = None) -> None:
        """The next event. Raises what the fold raises."""
        self._seq += 1
        event = ev.make(data, at=self.at, actor=actor, conversation=conversation)
        event.seq = self._seq
        self.events.append(event)
        self.changes.add(fold.apply(self.db, (event,)))
