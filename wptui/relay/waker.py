"""Ends snoozes when their time has come."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from wptui.model import events as ev
from wptui.model.errors import StorageError
from wptui.relay.eventlog.contract import Append
from wptui.waiting import set_within

if TYPE_CHECKING:
    from wptui.relay.clerk import Clerk
    from wptui.store.changes import Changes

_log = logging.getLogger("wptui.relay.waker")

_AT_MOST = 3600.0


class Waker:
    """The job. `run` until cancelled; `hear` is the clerk's listener."""

    def __init__(self, clerk: Clerk, clock: Callable[[], float] = time.time) -> None:
        self._clerk = clerk
        self._clock = clock
        self._changed = asyncio.Event()

    def hear(self, events: Sequence[ev.Event], _changes: Changes) -> None:
        """What the clerk tells."""
        if any(event.type == ev.ConversationSnoozed.TYPE for event in events):
            self._changed.set()

    async def run(self) -> None:
        """Wake what is due, until cancelled."""
        while True:
            self._changed.clear()
            try:
                await self._clerk.act(self._due)
                following = await self._clerk.look(_next)
                pause = _AT_MOST if following is None else max(0.05, following - self._clock())
            except StorageError as error:
                _log.error("snoozes wait: %s", error)
                pause = 5.0
            await set_within(self._changed, min(pause, _AT_MOST))

    def _due(self, db: sqlite3.Connection) -> list[Append]:
        now = self._clock()
        rows = db.execute(
            "SELECT id, snoozed_until FROM conversations WHERE snoozed_until IS NOT NULL AND snoozed_until <= ? "
            "AND state = 'snoozed' ORDER BY snoozed_until, id LIMIT 500",
            (int(now),),
        ).fetchall()
        return [
            Append([ev.make(ev.ConversationWoken(), at=int(now * 1000), actor="relay", conversation=id)])
            for id, _until in rows
        ]


def _next(db: sqlite3.Connection) -> int | None:
    row = db.execute(
        "SELECT MIN(snoozed_until) FROM conversations WHERE snoozed_until IS NOT NULL AND state = 'snoozed'"
    ).fetchone()
    return row[0] if row else None
