"""Duty follows connections: who opens a terminal is on duty, who is gone for a while is away.

What an agent, or a manager, has set by hand stands until the agent's last terminal is gone for longer than the grace
time. A command line that looks in for a moment puts nobody on duty.
"""

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
    from wptui.relay.presence import Roster
    from wptui.store.changes import Changes

_log = logging.getLogger("wptui.relay.duty")

GRACE = 60.0
"""Seconds an agent may be without a terminal (a lost link, a restart of the relay) and still be on duty."""
_RETRY = 5.0


class Duty:
    """The job. `run` until cancelled; `hear` is the clerk's listener."""

    def __init__(
        self,
        clerk: Clerk,
        roster: Roster,
        *,
        grace: float = GRACE,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        """*clock* measures the grace time, *now* (Unix seconds) dates the events."""
        self.grace = grace
        self._clerk = clerk
        self._roster = roster
        self._clock = clock
        self._now = now
        self._look = asyncio.Event()
        self._there: frozenset[str] = frozenset()
        self._left: dict[str, float] = {}
        """Since when whoever went has been gone, until that is settled."""

    def hear(self, events: Sequence[ev.Event], _changes: Changes) -> None:
        """What the clerk tells: an agent may be in the log only after their terminal has come."""
        if any(event.type == ev.AgentAdded.TYPE for event in events):
            self._look.set()

    async def run(self) -> None:
        """Keep duty up to date, until cancelled."""
        self._roster.changed = self._look.set
        self._there = self._roster.at_work()
        # Who was on duty before the relay came, or before it had the lease, has the grace time to come back.
        self._left = dict.fromkeys(await self._clerk.look(_on_duty), self._clock())
        while True:
            self._look.clear()
            pause = await self._settle()
            await set_within(self._look, pause)

    async def _settle(self) -> float | None:
        """Tell what has changed; the seconds until it has to be looked at again, None where nobody is missing."""
        now, there = self._clock(), self._roster.at_work()
        for agent in self._there - there:
            self._left.setdefault(agent, now)
        for agent in there:
            self._left.pop(agent, None)
        self._there = there
        gone = frozenset(agent for agent, since in self._left.items() if now - since >= self.grace)
        try:
            await self._clerk.act(lambda db: self._changes(db, there, gone))
        except StorageError as error:
            _log.error("duty waits: %s", error)
            return _RETRY
        for agent in gone:
            self._left.pop(agent, None)
        if not self._left:
            return None
        return max(0.01, min(self._left.values()) + self.grace - self._clock())

    def _changes(self, db: sqlite3.Connection, there: frozenset[str], gone: frozenset[str]) -> list[Append]:
        at = int(self._now() * 1000)
        found: list[Append] = []
        for agent, duty, how, revoked in db.execute("SELECT id, duty, duty_how, revoked FROM agents ORDER BY id"):
            if agent in there and not revoked and duty == "away" and how in ("", "disconnected"):
                data = ev.AgentDutyChanged(agent=agent, state="on", how="connected")
            elif agent in gone and duty != "away":
                data = ev.AgentDutyChanged(agent=agent, state="away", how="disconnected")
            else:
                continue
            found.append(Append([ev.make(data, at=at, actor="relay")]))
        return found


def _on_duty(db: sqlite3.Connection) -> list[str]:
    return [id for (id,) in db.execute("SELECT id FROM agents WHERE duty <> 'away'")]
