"""The embedded engine: one SQLite file, one writer, commits shared by everybody who waits.

Every write is a job. Jobs of one turn of the event loop are handed over together, and the writer thread takes
all that have come while it was busy: the disk is asked to sync once for all of them (group commit). Bodies go
first and alone, because Meta waits for them; events follow in a transaction of their own.

Reads have a thread and a connection of their own and never wait for a commit.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec

from wptui.i18n import _
from wptui.model.errors import ConflictError, StorageError
from wptui.model.events import Event
from wptui.relay.eventlog import tables
from wptui.relay.eventlog.contract import Append, Entry, Group, LeaseState, Outcome, Raw
from wptui.relay.eventlog.holder import HolderLock
from wptui.relay.eventlog.writer import Body, Job, Writer

T = TypeVar("T")

_ROWS_AT_ONCE = 100
"""Rows in one INSERT of events: seven values a row, under SQLite's limit of 999 for old builds."""
_KEYS_AT_ONCE = 500
_BOOKMARK = "bookmark:"
"""Names of bookmarks in the table `meta` begin so."""


class SqliteEventLog:
    """An `EventLog` in one file; the file is 0600 and its folder, where it is made, 0700."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self.read_only = read_only
        self.epoch = ""
        self._writer: Writer | None = None
        self._reader: sqlite3.Connection | None = None
        self._reading: ThreadPoolExecutor | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._head = 0
        self._raws = 0
        self._marked = 0
        self._low = 0
        self._grown: asyncio.Future[None] | None = None
        self._holder = HolderLock(path.with_name(path.name + ".lease"))

    # ── opening and closing ──────────────────────────────────────────────────────────────────────────────

    async def open(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="wptui-log-read")
        try:
            await self._loop.run_in_executor(self._reading, self._open)
        except BaseException:
            await self.close()
            raise
        if not self.read_only:
            self._writer = Writer(self.path, self._loop)
            self._writer.start()

    def _open(self) -> None:
        if not self.read_only:
            tables.create(self.path)
        self._reader = tables.connect(self.path, read_only=True)
        with _told(self.path):
            self.epoch = str(self._reader.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()[0])
            self._head = _last(self._reader, "events", "seq")
            self._raws = _last(self._reader, "raws", "number")
            self._low = tables.low_water(self._reader)
            self._marked = self._low + int(
                self._reader.execute("SELECT count(*) FROM expansions WHERE raw > ?", (self._low,)).fetchone()[0]
            )

    async def close(self) -> None:
        loop = asyncio.get_running_loop()
        writer, self._writer = self._writer, None
        if self._reading is not None:
            reading, self._reading = self._reading, None
            if self._reader is not None:
                reader, self._reader = self._reader, None
                await loop.run_in_executor(reading, reader.close)
            reading.shutdown()
        if writer is not None:  # last, so that it can tidy the files away
            await loop.run_in_executor(None, writer.stop)
        self._holder.release()
        self._wake()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # ── webhook bodies ───────────────────────────────────────────────────────────────────────────────────

    async def store_raw(self, body: bytes, received_at: int) -> int:
        number: int = await self._submit(Body(received_at, body))
        if number > self._raws:
            self._raws = number
            self._wake()
        return number

    async def unexpanded(self, limit: int) -> list[Raw]:
        rows = await self._read(
            "SELECT number, received_at, body FROM raws LEFT JOIN expansions ON raw = number"
            " WHERE number > ? AND position IS NULL ORDER BY number LIMIT ?",
            (self._low, limit),
        )
        return [Raw(*row) for row in rows]

    async def wait_unexpanded(self, timeout: float) -> bool:
        await self._wait(lambda: self._raws > self._marked, timeout)
        return self._raws > self._marked

    async def backlog(self) -> int:
        return self._raws - self._marked

    async def raw(self, number: int) -> Raw | None:
        found = await self.raws(number - 1, 1)
        return found[0] if found and found[0].number == number else None

    async def raws(self, after: int, limit: int) -> list[Raw]:
        rows = await self._read(
            "SELECT number, received_at, body, position FROM raws LEFT JOIN expansions ON raw = number"
            " WHERE number > ? ORDER BY number LIMIT ?",
            (after, limit),
        )
        return [Raw(*row) for row in rows]

    # ── events ───────────────────────────────────────────────────────────────────────────────────────────

    async def append(self, batch: Sequence[Append], *, raws: Sequence[int] = ()) -> list[Outcome]:
        kept: tuple[list[Outcome], int, int, int]
        kept = await self._submit(Job(lambda db: _append(db, batch, raws)))
        outcomes, head, low, fresh = kept
        for group, outcome in zip(batch, outcomes, strict=True):
            if not (outcome.repeated or outcome.conflict):
                for seq, event in enumerate(group.events, outcome.first):
                    event.seq = seq
        self._head, self._low = max(self._head, head), max(self._low, low)
        self._marked += fresh
        if fresh:  # a body is known here as soon as it can have been marked
            self._raws = max(self._raws, *raws)
        self._wake()
        return outcomes

    async def read(self, after: int, limit: int) -> list[Event]:
        rows = await self._read(
            "SELECT seq, at, actor, type, data, conversation FROM events WHERE seq > ? ORDER BY seq LIMIT ?",
            (after, limit),
        )
        return [_event(row) for row in rows]

    async def head(self) -> int:
        if self.read_only:  # somebody else writes
            rows = await self._read("SELECT coalesce(max(seq), 0) FROM events", ())
            return int(rows[0][0])
        return self._head

    async def version(self, conversation: str) -> int:
        rows = await self._read("SELECT coalesce(max(seq), 0) FROM events WHERE conversation = ?", (conversation,))
        return int(rows[0][0])

    async def wait_beyond(self, seq: int, timeout: float) -> int:
        await self._wait(lambda: self._head > seq, timeout)
        return self._head

    async def known(self, keys: Sequence[str]) -> dict[str, Group]:
        found: dict[str, Group] = {}
        for index in range(0, len(keys), _KEYS_AT_ONCE):
            some = tuple(keys[index : index + _KEYS_AT_ONCE])
            marks = ",".join("?" * len(some))
            rows = await self._read(f"SELECT * FROM groups WHERE key IN ({marks})", some)
            found.update((row[0], Group(*row)) for row in rows)
        return found

    async def find(self, prefix: str, limit: int = 100, after: str = "") -> list[Group]:
        # "\U0010ffff" sorts behind every key that goes on from the prefix.
        rows = await self._read(
            "SELECT * FROM groups WHERE key >= ? AND key > ? AND key < ? ORDER BY key LIMIT ?",
            (prefix, after, prefix + "\U0010ffff", limit),
        )
        return [Group(*row) for row in rows]

    async def group_at(self, seq: int) -> Group | None:
        rows = await self._read("SELECT * FROM groups WHERE first <= ? ORDER BY first DESC, last DESC LIMIT 1", (seq,))
        return Group(*rows[0]) if rows and rows[0][3] >= seq else None

    async def entries(self, after: int, limit: int) -> list[Entry]:
        rows = await self._read(
            "SELECT e.seq, e.at, e.actor, e.type, e.data, e.conversation, e.raw, g.key, g.digest, g.last"
            " FROM events e LEFT JOIN groups g ON g.first = e.seq AND g.last >= g.first"
            " WHERE e.seq > ? ORDER BY e.seq LIMIT ?",
            (after, limit),
        )
        return [
            Entry(_event(row[:6]), row[6], None if row[7] is None else Group(row[7], row[8], row[0], row[9], row[6]))
            for row in rows
        ]

    async def trail(
        self, types: Sequence[str], limit: int, *, before: int | None = None, conversation: str = "", agent: str = ""
    ) -> list[Event]:
        where, values = [f"type IN ({','.join('?' * len(types))})"], list[Any](types)
        if before is not None:
            where.append("seq < ?")
            values.append(before)
        if conversation:
            where.append("conversation = ?")
            values.append(conversation)
        if agent:
            # The second half is the index's own condition: without it SQLite would not use it.
            where.append("actor = ? AND actor >= 'agent:' AND actor < 'agent;'")
            values.append(f"agent:{agent}")
        rows = await self._read(
            "SELECT seq, at, actor, type, data, conversation FROM events "
            f"WHERE {' AND '.join(where)} ORDER BY seq DESC LIMIT ?",
            (*values, limit),
        )
        return [_event(row) for row in rows]

    # ── bookmarks ────────────────────────────────────────────────────────────────────────────────────────

    async def bookmarks(self) -> dict[str, int]:
        rows = await self._read("SELECT key, value FROM meta WHERE key >= ? AND key < 'bookmark;'", (_BOOKMARK,))
        return {key.removeprefix(_BOOKMARK): value for key, value in rows}

    async def set_bookmarks(self, places: Mapping[str, int]) -> None:
        rows = [(_BOOKMARK + name, value) for name, value in places.items()]
        await self._submit(Job(lambda db: db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", rows).rowcount))

    # ── the lease ────────────────────────────────────────────────────────────────────────────────────────

    async def acquire(self, holder: str, ttl: float) -> bool:
        # Who gets the file lock knows that the former holder's process is gone, however long its lease runs.
        alone = self._holder.take()
        now = _now()
        taken: bool = await self._submit(
            Job(
                lambda db: (
                    db.execute(
                        "INSERT INTO lease VALUES (1, ?, ?) ON CONFLICT (one) DO UPDATE"
                        " SET holder = excluded.holder, expires_at = excluded.expires_at"
                        " WHERE holder = excluded.holder OR expires_at <= ? OR ?",
                        (holder, now + int(ttl * 1000), now, alone),
                    ).rowcount
                    == 1
                )
            )
        )
        if not taken and alone:
            self._holder.release()
        return taken

    async def renew(self, holder: str, ttl: float) -> bool:
        until = _now() + int(ttl * 1000)
        kept: bool = await self._submit(
            Job(
                lambda db: db.execute("UPDATE lease SET expires_at = ? WHERE holder = ?", (until, holder)).rowcount == 1
            )
        )
        return kept

    async def release(self, holder: str) -> None:
        await self._submit(Job(lambda db: db.execute("DELETE FROM lease WHERE holder = ?", (holder,)).rowcount))
        self._holder.release()

    async def lease(self) -> LeaseState | None:
        rows = await self._read("SELECT holder, expires_at FROM lease", ())
        return LeaseState(*rows[0]) if rows else None

    # ── plumbing ─────────────────────────────────────────────────────────────────────────────────────────

    def _submit(self, job: Body | Job) -> asyncio.Future[Any]:
        if self._writer is None:
            raise StorageError(_("The event log {path} is not open for writing.").format(path=self.path))
        return self._writer.submit(job)

    async def _read(self, sql: str, values: tuple[Any, ...]) -> list[Any]:
        if self._reading is None or self._loop is None:
            raise StorageError(_("The event log {path} is not open.").format(path=self.path))
        return await self._loop.run_in_executor(self._reading, self._fetch, sql, values)

    def _fetch(self, sql: str, values: tuple[Any, ...]) -> list[Any]:
        assert self._reader is not None
        with _told(self.path):
            return self._reader.execute(sql, values).fetchall()

    def _wake(self) -> None:
        if self._grown is not None:
            self._grown.set_result(None)
            self._grown = None

    async def _wait(self, done: Callable[[], bool], timeout: float) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while not done() and self._writer is not None:
            if self._grown is None:
                self._grown = loop.create_future()
            try:
                async with asyncio.timeout_at(deadline):
                    await asyncio.shield(self._grown)
            except TimeoutError:
                return


class _told:
    """Turns SQLite's errors into StorageError with the file's name."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, sqlite3.Error):
            raise StorageError(
                _("The event log {path} cannot be read: {error}").format(path=self.path, error=error)
            ) from error


def _event(row: Sequence[Any]) -> Event:
    seq, at, actor, kind, data, conversation = row
    return Event(seq, at, actor, kind, msgspec.Raw(data), conversation)


def _now() -> int:
    return int(time.time() * 1000)


def _last(db: sqlite3.Connection, table: str, column: str) -> int:
    return int(db.execute(f"SELECT coalesce(max({column}), 0) FROM {table}").fetchone()[0])


def _append(
    db: sqlite3.Connection, batch: Sequence[Append], raws: Sequence[int]
) -> tuple[list[Outcome], int, int, int]:
    """Inside the writer's transaction: outcomes, head, low-water mark, how many bodies were newly marked."""
    start = head = _last(db, "events", "seq")
    rows: list[tuple[Any, ...]] = []
    versions: dict[str, int] = {}
    outcomes: list[Outcome] = []
    for group in batch:
        if group.unique is not None:
            known = db.execute("SELECT digest, first, last FROM groups WHERE key = ?", (group.unique,)).fetchone()
            if known is not None:
                differs = known[0] != group.digest
                outcomes.append(Outcome(known[1], known[2], repeated=not differs, conflict=differs))
                continue
        if group.expect is not None:
            _check(db, versions, *group.expect)
        first = head + 1
        for event in group.events:
            head += 1
            rows.append((head, event.at, event.actor, event.type, bytes(event.data), event.conversation, group.raw))
            if event.conversation is not None:
                versions[event.conversation] = head
        if group.unique is not None:
            db.execute(
                "INSERT INTO groups VALUES (?, ?, ?, ?, ?)",
                (group.unique, group.digest, first, head, group.raw),
            )
        outcomes.append(Outcome(first, head))
    for index in range(0, len(rows), _ROWS_AT_ONCE):
        some = rows[index : index + _ROWS_AT_ONCE]
        marks = ",".join(["(?,?,?,?,?,?,?)"] * len(some))
        db.execute(f"INSERT INTO events VALUES {marks}", [value for row in some for value in row])
    low, fresh = tables.mark(db, raws, start) if raws else (0, 0)
    return outcomes, head, low, fresh


def _check(db: sqlite3.Connection, versions: dict[str, int], conversation: str, expected: int) -> None:
    version = versions.get(conversation)
    if version is None:
        row = db.execute("SELECT coalesce(max(seq), 0) FROM events WHERE conversation = ?", (conversation,)).fetchone()
        version = versions[conversation] = int(row[0])
    if version != expected:
        raise ConflictError(
            _("The conversation has changed meanwhile: version {found}, expected {expected}.").format(
                found=version, expected=expected
            )
        )
