"""What agents' acts do at Meta beside the queue: read marks, typing, reactions.

None of it is worth an entry in the queue: a read mark that is lost comes with the next one, typing ends by
itself, and a reaction set twice is the same reaction.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from wptui.cloudapi import payloads
from wptui.cloudapi.limits import PayloadError
from wptui.i18n import _
from wptui.model.errors import LinkError, RefusedError, WptuiError
from wptui.relay.blocking import Blocking
from wptui.relay.sender import address

if TYPE_CHECKING:
    from wptui.cloudapi.graph import GraphClient
    from wptui.relay.meters import Meters
    from wptui.relay.view import View

_log = logging.getLogger("wptui.relay.effects")

TYPING_EVERY = 20.0
"""Seconds between two typing calls for a conversation; each shows for 25."""

_TRIES = 3
_WINDOW = 24 * 3600


def last_inbound(db: sqlite3.Connection, conversation: str, upto: int | None = None) -> tuple[str, str, int] | None:
    """(business number, wamid, timestamp) of the customer's last live message, up to event `upto`."""
    row: tuple[str, str, int] | None = db.execute(
        "SELECT c.number, m.wamid, m.ts FROM messages m JOIN conversations c ON c.id = m.conversation "
        "WHERE m.conversation = ? AND m.dir = 'in' AND m.source = 'live' AND m.kind <> 'request_welcome' "
        "AND m.seq <= ? ORDER BY m.ts DESC, m.seq DESC LIMIT 1",
        (conversation, upto if upto is not None else 1 << 62),
    ).fetchone()
    return row


class GraphEffects:
    """Does them through `graph`."""

    def __init__(
        self,
        graph: GraphClient,
        view: View,
        meters: Meters,
        *,
        pace: float = 1.0,
    ) -> None:
        self._graph = graph
        self._view = view
        self._meters = meters
        self._pace = pace
        self._typed: dict[str, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.block = Blocking(graph, view, meters).block

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Give up what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def read(self, conversation: str, upto: int) -> None:
        """Show the customer blue ticks for what came up to event `upto`."""
        self._spawn(self._mark(conversation, upto))

    async def _mark(self, conversation: str, upto: int) -> None:
        for attempt in range(_TRIES):
            try:
                found = await self._view.ask(lambda db: last_inbound(db, conversation, upto))
                if found is not None:
                    await self._graph.mark_read(found[0], found[1])
                    self._meters.graph.labels("read", "accepted").inc()
                return
            except LinkError as error:
                _log.info("a read mark did not reach Meta: %s", error)
                await asyncio.sleep(2**attempt * self._pace)
            except WptuiError as error:
                self._meters.graph.labels("read", "refused").inc()
                _log.info("a read mark was refused: %s", error)
                return

    def typing(self, conversation: str) -> None:
        """Show the customer that somebody types; not more often than it fades."""
        now = time.monotonic()
        if now < self._typed.get(conversation, 0.0):
            return
        if len(self._typed) > 1000:
            self._typed = {key: until for key, until in self._typed.items() if until > now}
        self._typed[conversation] = now + TYPING_EVERY
        self._spawn(self._type(conversation))

    async def _type(self, conversation: str) -> None:
        try:
            found = await self._view.ask(lambda db: last_inbound(db, conversation))
            if found is None or found[2] < time.time() - _WINDOW:
                return
            await self._graph.typing(found[0], found[1])
            self._meters.graph.labels("typing", "accepted").inc()
        except WptuiError as error:
            self._meters.graph.labels("typing", "refused").inc()
            _log.info("typing was not shown: %s", error)

    async def react(self, id: str, conversation: str, target: str, emoji: str) -> None:
        """Send a reaction. Raises RefusedError (not_sent) if it did not reach Meta."""
        from wptui.cloudapi.graph import GraphRefused

        number, to = await self._view.ask(lambda db: _addressee(db, conversation))
        content = {"type": "reaction", "reaction": {"message_id": target, "emoji": emoji}}
        try:
            payload = payloads.build(to, content, opaque=id)
        except PayloadError as error:
            raise RefusedError("invalid", f"{error.field}: {error}") from error
        problem: WptuiError | None = None
        for attempt in range(1, _TRIES + 1):
            try:
                await self._graph.send_message(number, payload)
                self._meters.graph.labels("reaction", "accepted").inc()
                return
            except GraphRefused as error:
                delay = error.rule.delay(attempt)
                if delay is None:
                    self._meters.graph.labels("reaction", "refused").inc()
                    raise RefusedError("not_sent", _(error.rule.tell)) from error
                problem = error
            except LinkError as error:
                delay, problem = 2**attempt, error
            if attempt < _TRIES:
                await asyncio.sleep(min(delay, 8) * self._pace)
        self._meters.graph.labels("reaction", "unreachable").inc()
        told = _("The reaction was not sent: {reason}").format(reason=problem)
        raise RefusedError("not_sent", told) from problem


def _addressee(db: sqlite3.Connection, conversation: str) -> tuple[str, payloads.Address]:
    row = db.execute("SELECT number, contact FROM conversations WHERE id = ?", (conversation,)).fetchone()
    if row is None:
        raise RefusedError("not_found", _("This conversation does not exist (any more)."))
    return str(row[0]), address(db, row[1])
