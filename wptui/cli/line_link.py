"""Line mode's connection: the same cache and outbox as the terminal, brought up to date for a moment."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import click

from wptui import config
from wptui.i18n import _, format_percent
from wptui.model.commands import AnyCommand
from wptui.model.delivery import RANK, Delivery
from wptui.model.errors import LinkError, RefusedError
from wptui.model.protocol import Result
from wptui.store import thread
from wptui.store.database import get_meta, open_database
from wptui.store.thread import ThreadRow
from wptui.sync import credentials
from wptui.sync.credentials import Account
from wptui.sync.http import Http
from wptui.sync.link import Link
from wptui.sync.outbox import REFUSED, Outbox
from wptui.sync.state import Kind, LinkChange, LinkState
from wptui.waiting import set_within

SYNC_SECONDS = 5.0
"""For connecting and catching up; a first sync takes as long as it moves."""
STALLED_SECONDS = 20.0


class Line:
    """An open cache and outbox, and, unless offline, a link."""

    def __init__(self, account: Account, link: Link | None, outbox: Outbox, db: sqlite3.Connection) -> None:
        self.account = account
        self.link = link
        self.outbox = outbox
        self.db = db
        self.changed = asyncio.Event()

    @property
    def state(self) -> LinkState | None:
        """How the link stands; None when it was not wanted."""
        return self.link.state if self.link is not None else None

    @property
    def connected(self) -> bool:
        """Whether the cache is up to date and commands go out."""
        return self.link is not None and self.link.state.connected

    @property
    def me(self) -> str:
        """The agent's id."""
        return str(get_meta(self.db, "agent", "") or self.account.agent)

    @property
    def now(self) -> int:
        """Unix seconds by the relay's clock."""
        skew = self.link.state.skew_ms if self.link is not None else 0
        return int(time.time() + skew / 1000)

    @property
    def http(self) -> Http:
        """For files. Raises LinkError where there is no connection."""
        if self.link is None or not self.connected:
            raise LinkError(_("There is no connection to the relay, which this needs"))
        return self.link.http

    async def execute(
        self, conversation: str | None, command: AnyCommand, seconds: float, *, id: str = ""
    ) -> Result | None:
        """What became of a command; None if nobody knows after `seconds`: it stays in the outbox and goes later.

        `id` is for a command that may have been given before: it is done once.
        Raises RefusedError with the relay's words; the command is then no longer in the outbox.
        """
        if not id or all(item.id != id for item in self.outbox.pending()):
            id = self.outbox.add(conversation, command, id=id)
        deadline = time.monotonic() + seconds
        while (result := self.outbox.outcome(id)) is None:
            if not self.connected or not await self._change(deadline):
                return None
        if not result.ok:
            self.outbox.drop(id)
            raise RefusedError(result.code, result.message or result.code)
        return result

    async def message(self, id: str, wanted: Delivery, seconds: float) -> ThreadRow | None:
        """The message `id`, when it is `wanted` or further, has failed, or `seconds` are over."""
        deadline = time.monotonic() + seconds
        while True:
            row = thread.message(self.db, id)
            status = row.status if row is not None else None
            if status in (Delivery.FAILED, Delivery.UNKNOWN) or (status and RANK.get(status, 0) >= RANK[wanted]):
                return row
            if not await self._change(deadline):
                return row

    async def _change(self, deadline: float) -> bool:
        """Waits until something changes; False when the deadline has passed."""
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        self.changed.clear()
        # Another wptui may have got the answer: its writing is seen within a second.
        await set_within(self.changed, min(left, 1.0))
        return True


@asynccontextmanager
async def open_line(*, offline: bool = False) -> AsyncIterator[Line]:
    """The line, up to date if the relay can be reached in a few seconds; what it holds otherwise.

    Raises AuthError where nobody is signed in or the relay refuses us, LinkError where nothing was ever synced.
    """
    account = credentials.load(config.load().relay.url)
    places = credentials.places(account)
    outbox = Outbox(places.outbox)
    changed = asyncio.Event()
    link: Link | None = None
    running: asyncio.Task[None] | None = None
    db: sqlite3.Connection | None = None
    try:
        if not offline:

            def on_change(change: LinkChange) -> None:
                changed.set()

            link = Link(places.cache, outbox, account, on_change=on_change, mode="line")
            running = asyncio.create_task(link.run())
            await _catch_up(link, running, changed)
        if not places.cache.exists():
            state = link.state if link is not None else LinkState()
            raise LinkError(state.detail or _("Nothing has been synced to this machine yet"), hint=state.hint)
        db = open_database(places.cache, read_only=True)
        line = Line(account, link, outbox, db)
        line.changed = changed
        if not get_meta(db, "epoch"):
            state = link.state if link is not None else LinkState()
            raise LinkError(state.detail or _("Nothing has been synced to this machine yet"), hint=state.hint)
        _warn(line)
        yield line
    finally:
        if db is not None:
            db.close()
        if link is not None and running is not None:
            await link.close()
            await asyncio.gather(running, return_exceptions=True)
        outbox.close()


async def _catch_up(link: Link, running: asyncio.Task[None], changed: asyncio.Event) -> None:
    """Waits until the link is live, has failed, or no longer gets anywhere."""
    deadline = time.monotonic() + SYNC_SECONDS
    last = link.state
    while not link.state.connected and link.state.kind not in (Kind.OFFLINE, Kind.REFUSED):
        left = deadline - time.monotonic()
        if left <= 0 or running.done():
            return
        changed.clear()
        if not await set_within(changed, left):
            return
        if link.state.kind is Kind.SYNCING and link.state != last:
            deadline = time.monotonic() + STALLED_SECONDS
            if link.state.progress and sys.stderr.isatty():
                click.echo(_("syncing {share}").format(share=format_percent(link.state.progress)), err=True)
        last = link.state
    # What was given offline comes before what is shown now.
    while link.state.connected and any(item.state != REFUSED for item in link.outbox.pending()):
        left = deadline - time.monotonic()
        if left <= 0:
            return
        changed.clear()
        if not await set_within(changed, left):
            return


def _warn(line: Line) -> None:
    state = line.state
    if state is None or line.connected:
        return
    reason = state.detail or _("the relay does not answer in time")
    click.echo(_("Not up to date: {reason}").format(reason=reason), err=True)
    if state.hint:
        click.echo(state.hint, err=True)


def run(work: Coroutine[Any, Any, int]) -> int:
    """Runs a command's coroutine; its exit code."""
    return asyncio.run(work)
