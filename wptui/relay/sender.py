"""Sending, as a function of the log: what is queued and has no outcome is still to do (DESIGN.md §6).

    queued ─▶ attempted ─▶ accepted            Meta has it, and named it
       ▲          ├──────▶ failed              Meta refused it for good
       └─deferred─┤                            certainly not sent; tried again by itself
                  └──────▶ unknown             perhaps sent: never again by itself; a status settles it, or an agent

The attempt is in the log before the call is made. Messages of one conversation go one after the other, those of
different ones side by side, below the ceiling of their business number. Only the holder of the lease runs this.
"""

from __future__ import annotations

import asyncio
import logging
import math
import random
import sqlite3
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from wptui.cloudapi import payloads
from wptui.cloudapi.errors import rule
from wptui.cloudapi.limits import PayloadError
from wptui.model import events as ev
from wptui.model.errors import ConfigError, StorageError
from wptui.relay.eventlog.contract import Append
from wptui.relay.outgoing import uploads
from wptui.relay.throttle import Throttle
from wptui.waiting import set_within

if TYPE_CHECKING:
    from wptui.cloudapi.graph import GraphClient, GraphRefused
    from wptui.relay.clerk import Clerk
    from wptui.relay.files import FileStore
    from wptui.relay.meters import Meters
    from wptui.store.changes import Changes

_log = logging.getLogger("wptui.relay.sender")

AT_ONCE = 32
"""Graph calls under way at the same time, at most."""

UNREACHABLE_MOST = 60
"""Seconds between two tries to reach Meta, at most."""

_DRAIN_SECONDS = 10.0
_META_TROUBLE = 2
_UNREACHABLE_RECIPIENT = 131026
_UPLOAD = 131053
_MALFORMED = 131009


class Queued(msgspec.Struct, frozen=True):
    """The first queued message of a conversation."""

    id: str
    conversation: str
    number: str
    contact: str
    quote: str | None
    content: dict[str, Any]
    attempts: int
    retry_at: int | None


_FIRST = """
SELECT m.id, m.conversation, c.number, c.contact, m.quote, json_extract(m.body, '$.content'), m.attempts, m.retry_at,
       MIN(m.seq) FROM messages m JOIN conversations c ON c.id = m.conversation
WHERE m.status = 'queued' GROUP BY m.conversation ORDER BY MIN(m.seq) LIMIT 2000
"""


def first_queued(db: sqlite3.Connection) -> list[Queued]:
    """Of every conversation the message whose turn it is, oldest first."""
    return [
        Queued(id, conversation, number, contact, quote, msgspec.json.decode(content or "{}"), attempts, retry_at)
        for id, conversation, number, contact, quote, content, attempts, retry_at, _seq in db.execute(_FIRST)
    ]


def _limits(db: sqlite3.Connection) -> dict[str, str]:
    return dict(db.execute("SELECT id, throughput FROM numbers").fetchall())


def address(db: sqlite3.Connection, contact: str) -> payloads.Address:
    """Where a contact is reached now."""
    found: dict[str, str] = {}
    for kind, value in db.execute(
        "SELECT kind, value FROM aliases WHERE contact = ? AND retired = 0 ORDER BY verified DESC, value", (contact,)
    ):
        found.setdefault(kind, value)
    return payloads.Address(phone=found.get("wa_id", ""), bsuid=found.get("bsuid", ""), group=found.get("group", ""))


class Sender:
    """The queue's worker. `run` until cancelled; `hear` is the clerk's listener."""

    def __init__(
        self,
        clerk: Clerk,
        graph: GraphClient,
        files: FileStore,
        meters: Meters,
        *,
        clock: Callable[[], float] = time.time,
        pace: float = 1.0,
    ) -> None:
        """*pace* scales every waiting time; tests make it small."""
        self._clerk = clerk
        self._graph = graph
        self._files = files
        self._meters = meters
        self._clock = clock
        self._pace = pace
        self._throttle = Throttle()
        self._wake = asyncio.Event()
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._held: dict[str, float] = {}
        """Message id → monotonic time of its next attempt."""
        self._in_doubt: set[str] = set()
        """Messages whose attempt met a fault of the storage: it may be in the log all the same."""
        self._unreachable = 0
        """Attempts in a row that found no way to Meta; while there are any, one message at a time probes."""
        self._waiting = 0
        meters.watch("send", lambda: self._waiting)

    def hear(self, events: Sequence[ev.Event], _changes: Changes) -> None:
        """What the clerk tells."""
        for event in events:
            if event.type in (ev.MessageQueued.TYPE, ev.NumberUpdated.TYPE, ev.ConversationMerged.TYPE):
                self._wake.set()
            elif event.type == ev.AccountAlerted.TYPE:
                code = msgspec.json.decode(event.data).get("details", {}).get("code")
                if isinstance(code, int) and rule(code).automatic:
                    self._throttle.pause(None, (rule(code).delay(1) or 0) * self._pace)

    async def run(self) -> None:
        """Send what is queued, until cancelled; calls under way are then waited for."""
        await self._settle_interrupted()
        try:
            while True:
                self._wake.clear()
                try:
                    pause = await self._start_due()
                except StorageError as error:
                    _log.error("the queue cannot be read: %s", error)
                    pause = 1.0
                await set_within(self._wake, pause)
        finally:
            if self._busy:
                tasks = list(self._busy.values())
                _done, late = await asyncio.wait(tasks, timeout=_DRAIN_SECONDS)
                for task in late:
                    task.cancel()
                await asyncio.gather(*late, return_exceptions=True)

    async def _settle_interrupted(self, only: frozenset[str] | None = None) -> None:
        """An attempt without an outcome (all of them, or of messages `only`) was cut short: nobody knows how far."""

        def build(db: sqlite3.Connection) -> list[Append]:
            rows = db.execute("SELECT id, conversation FROM messages WHERE status = 'attempted' ORDER BY seq")
            return [
                Append([self._event(ev.MessageUnknown(message=id, reason="restart"), conversation)])
                for id, conversation in rows
                if only is None or id in only
            ]

        await self._clerk.act(build)

    async def _start_due(self) -> float | None:
        """Start what may go now; seconds until something else may, None if nothing waits for time."""
        if self._in_doubt:
            doubtful = frozenset(self._in_doubt)
            await self._settle_interrupted(doubtful)
            self._in_doubt -= doubtful
        waiting, limits = await self._clerk.look(lambda db: (first_queued(db), _limits(db)))
        self._waiting = len(waiting)
        now = time.monotonic()
        soonest = math.inf
        most = 1 if self._unreachable else AT_ONCE
        for item in waiting:
            if item.conversation in self._busy:
                continue
            if len(self._busy) >= most:
                break  # whoever ends wakes us
            due = self._held.get(item.id)
            if due is None:
                due = now + max(0.0, (item.retry_at or 0) - self._clock())
            due = max(due, self._throttle.ready(item.number, limits.get(item.number, "")))
            if due > now:
                soonest = min(soonest, due)
                continue
            self._throttle.take(item.number, limits.get(item.number, ""))
            task = asyncio.create_task(self._work(item))
            self._busy[item.conversation] = task
            task.add_done_callback(partial(self._done, item.conversation))
        return None if math.isinf(soonest) else max(0.0, soonest - now)

    def _done(self, conversation: str, task: asyncio.Task[None]) -> None:
        del self._busy[conversation]
        if not task.cancelled() and task.exception() is not None:
            _log.error("sending failed", exc_info=task.exception())
        self._wake.set()

    # ── one message ──────────────────────────────────────────────────────────────────────────────────────

    async def _work(self, item: Queued) -> None:
        try:
            await self._send(item)
        except StorageError as error:
            # Before the attempt was logged nothing has happened. If it was (the log kept it, the view failed), the
            # call was not made, but a relay that dies here could not tell: it is settled as unknown.
            _log.error("message %s: %s", item.id, error)
            self._in_doubt.add(item.id)
            self._hold(item, 5.0)

    async def _send(self, item: Queued) -> None:
        from wptui.cloudapi.graph import GraphRefused, GraphUnclear, GraphUnreachable

        attempt = item.attempts + 1
        self._held.pop(item.id, None)
        try:
            payload = await self._payload(item)
        except PayloadError as error:
            code = _UNREACHABLE_RECIPIENT if error.field == "to" else _MALFORMED
            return await self._fail(item, attempt, ev.Problem(code=code, details=f"{error.field}: {error}"))
        except GraphRefused as error:
            return await self._refused(item, attempt, error, logged=False)
        except (GraphUnreachable, GraphUnclear) as error:  # of an upload: nothing was sent to anybody
            return await self._unreached(item, attempt, str(error), logged=False)
        except OSError as error:
            problem = ev.Problem(code=_UPLOAD, details=error.strerror or "")
            return await self._fail(item, attempt, problem)
        except ConfigError as error:
            return await self._fail(item, attempt, ev.Problem(code=_MALFORMED, details=str(error)))
        except StorageError:
            raise
        except Exception as error:  # a fault of ours: tried again at once, it would be tried for ever
            _log.exception("message %s", item.id)
            return await self._fail(item, attempt, ev.Problem(code=_MALFORMED, details=type(error).__name__))
        if not await self._attempted(item, attempt):
            return
        try:
            accepted = await self._graph.send_message(item.number, payload)
        except GraphRefused as error:
            await self._refused(item, attempt, error, logged=True)
        except GraphUnreachable as error:
            await self._unreached(item, attempt, str(error), logged=True)
        except GraphUnclear as error:
            self._count("unclear")
            await self._log_outcome(item, attempt, [ev.MessageUnknown(message=item.id, reason=str(error))])
        except Exception as error:
            # A fault of ours, and no telling on which side of the call.
            _log.exception("message %s", item.id)
            await self._log_outcome(item, attempt, [ev.MessageUnknown(message=item.id, reason=type(error).__name__)])
        else:
            self._count("accepted")
            self._unreachable = 0
            outcome = ev.MessageAccepted(message=item.id, wamid=accepted.wamid, held=accepted.held)
            await self._log_outcome(item, attempt, [outcome])

    def _count(self, outcome: str) -> None:
        self._meters.graph.labels("send", outcome).inc()

    async def _payload(self, item: Queued) -> dict[str, Any]:
        to = await self._clerk.look(lambda db: address(db, item.contact))
        to.fields()  # nobody to send to: no need to upload
        content = msgspec.json.decode(msgspec.json.encode(item.content))
        for file in uploads(content):
            file["id"] = await self._upload(item.number, file.pop("upload"))
        return payloads.build(to, content, quote=item.quote, opaque=item.id)

    async def _upload(self, number: str, key: str) -> str:
        known = self._files.known_to_meta(key, number)
        if known is not None:
            return known
        path, stored = self._files.path(key), self._files.describe(key)
        if path is None or stored is None:
            raise OSError(2, "the relay does not have the file any more")
        id = await self._graph.upload_media(number, path, stored.mime, animated=stored.animated)
        await asyncio.to_thread(self._files.remember, key, number, id)
        return id

    async def _attempted(self, item: Queued, attempt: int) -> bool:
        """Log the attempt; False where the message is not queued any more."""

        def build(db: sqlite3.Connection) -> list[Append]:
            row = db.execute("SELECT status, conversation FROM messages WHERE id = ?", (item.id,)).fetchone()
            if row is None or row[0] != "queued":
                return []
            data = ev.MessageAttempted(message=item.id, attempt=attempt)
            return [Append([self._event(data, row[1])], unique=f"o:{item.id}:{attempt}:attempted")]

        outcomes = await self._clerk.act(build)
        return bool(outcomes) and not outcomes[0].repeated and not outcomes[0].conflict

    async def _log_outcome(self, item: Queued, attempt: int, data: Sequence[ev.Data]) -> None:
        def build(db: sqlite3.Connection) -> list[Append]:
            # Asked again: the conversation may have been merged into another meanwhile.
            row = db.execute("SELECT conversation FROM messages WHERE id = ?", (item.id,)).fetchone()
            conversation = row[0] if row else item.conversation
            return [Append([self._event(each, conversation) for each in data], unique=f"o:{item.id}:{attempt}:outcome")]

        while True:
            try:
                await self._clerk.act(build)
                return
            except StorageError as error:
                # The call was made: what came of it must not be forgotten while the process lives.
                _log.error("the outcome of message %s waits: %s", item.id, error)
                await asyncio.sleep(1.0)

    def _event(self, data: ev.Data, conversation: str) -> ev.Event:
        return ev.make(data, at=int(self._clock() * 1000), actor="relay", conversation=conversation)

    # ── what did not go through ──────────────────────────────────────────────────────────────────────────

    async def _refused(self, item: Queued, attempt: int, error: GraphRefused, *, logged: bool) -> None:
        self._count("refused")
        self._unreachable = 0
        delay = error.rule.delay(attempt)
        if delay is None:
            return await self._fail(item, attempt, error.problem, logged=logged)
        seconds = max(delay, error.retry_after or 0) * self._pace
        if error.rule.scope == "number":
            self._throttle.pause(item.number, seconds)
        elif error.rule.scope == "app":
            self._throttle.pause(None, seconds)
        await self._defer(item, attempt, error.problem, seconds, logged=logged)

    async def _unreached(self, item: Queued, attempt: int, reason: str, *, logged: bool) -> None:
        self._count("unreachable")
        self._unreachable += 1
        seconds = min(UNREACHABLE_MOST, 2 ** min(self._unreachable, 10)) * self._pace
        self._throttle.pause(None, seconds)
        problem = ev.Problem(code=_META_TROUBLE, title="unreachable", details=reason)
        await self._defer(item, attempt, problem, seconds, logged=logged)

    async def _fail(self, item: Queued, attempt: int, problem: ev.Problem, *, logged: bool = False) -> None:
        if logged or await self._attempted(item, attempt):
            await self._log_outcome(item, attempt, [ev.MessageFailed(message=item.id, problem=problem)])

    async def _defer(self, item: Queued, attempt: int, problem: ev.Problem, seconds: float, *, logged: bool) -> None:
        if not logged and not await self._attempted(item, attempt):
            return
        seconds *= 1 + random.random() / 4  # so that not all come back at once
        self._hold(item, seconds)
        retry_at = math.ceil(self._clock() + seconds)
        data = ev.MessageDeferred(message=item.id, retry_at=retry_at, problem=problem)
        await self._log_outcome(item, attempt, [data])

    def _hold(self, item: Queued, seconds: float) -> None:
        self._held[item.id] = time.monotonic() + seconds
