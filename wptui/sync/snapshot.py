"""A new cache, filled from the relay's rows (`GET /v1/snapshot`): streamed, in batches, and resumed where it broke off.

How far it has come lies in the cache's own `meta`, written in the transaction of the rows themselves. The cursor at
the end is the position of the *oldest* bundle: whatever happened after that one was read comes as events.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from wptui.i18n import _
from wptui.model import protocol
from wptui.model.errors import LinkError, RefusedError
from wptui.model.protocol import SCHEMA, Bundle, Sorry, Synced
from wptui.store.bundles import apply_bundle
from wptui.store.database import bulk_load, get_meta, set_meta, transaction
from wptui.sync.cache import Cache
from wptui.sync.http import Http

Run = Callable[[Callable[[], Any]], Awaitable[Any]]
"""Runs a function in the cache's thread."""

BATCH_BYTES = 1 << 20
"""Lines are written to the cache when so much has come: about 30 ms of the writer's time."""


@dataclass(frozen=True)
class Progress:
    """After a batch: the share done (0 to 1), and the conversations it brought."""

    share: float
    conversations: set[str]


async def fill(
    cache: Cache,
    http: Http,
    epoch: str,
    agent: str,
    run: Run,
    *,
    scope: str = "",
    told: Callable[[Progress], None],
    begun: Callable[[], None] = lambda: None,
    head: int | None = None,
) -> bool:
    """Fills the cache with what `scope` sees of the log `epoch`; whether a new file took the old one's place.

    `begun` is called as soon as it did: what was in the old one is not to be shown any more.
    `head` is where that log ends: what stands further is of another time, and filled anew.
    Where another wptui is at it, this waits and uses what that one made. Raises as `Http.stream`, CacheDamaged
    and sqlite3.Error; what came so far is kept.
    """
    async with _alone(cache.path):
        replaced = bool(await run(cache.replaced))
        if replaced:
            await run(cache.open)
        cursor, held, whose = await run(cache.position)
        beyond = head is not None and cursor > head and not replaced
        if (held, whose, await run(cache.scope)) == (epoch, agent, scope) and cursor and not beyond:
            return replaced
        filler = _Filler(cache, epoch, agent, scope)
        replaced |= bool(await run(filler.begin))
        if replaced:
            begun()
        asked = {"after": filler.after, "schema": SCHEMA} | ({"scope": scope} if scope else {})
        try:
            async with http.stream("GET", "/v1/snapshot", params=asked) as response:
                await _pour(response.aiter_bytes(), filler, run, told)
        except RefusedError:
            if filler.after:  # it does not know where to resume: begin anew
                await run(filler.forget)
            raise
        finally:
            await run(filler.end)
    if not filler.complete:
        raise LinkError(_("The snapshot broke off; it goes on from there"))
    return replaced


async def _pour(
    chunks: AsyncIterator[bytes],
    filler: _Filler,
    run: Run,
    told: Callable[[Progress], None],
) -> None:
    """Reads ahead by one batch while the one before is written."""
    writing: asyncio.Future[Progress] | None = None
    try:
        async for lines in _batches(chunks):
            if writing is not None:
                told(await writing)
            writing = asyncio.ensure_future(run(_bound(filler.write, lines)))
        if writing is not None:
            told(await writing)
            writing = None
    finally:
        if writing is not None:  # it must not still write when the caller cleans up
            await asyncio.gather(writing, return_exceptions=True)


def _bound(write: Callable[[Sequence[bytes]], Progress], lines: Sequence[bytes]) -> Callable[[], Progress]:
    return lambda: write(lines)


async def _batches(chunks: AsyncIterator[bytes]) -> AsyncIterator[list[bytes]]:
    """Whole lines, about `BATCH_BYTES` of them at a time. A last line without its end is no line."""
    lines: list[bytes] = []
    size = 0
    rest = bytearray()
    async for chunk in chunks:
        end = chunk.rfind(b"\n")
        if end < 0:
            rest += chunk
            continue
        whole = bytes(rest) + chunk[:end]
        rest = bytearray(chunk[end + 1 :])
        lines += [line for line in whole.split(b"\n") if line]
        size += len(whole)
        if size >= BATCH_BYTES:
            yield lines
            lines, size = [], 0
    if lines:
        yield lines


class _Filler:
    """Writes the lines of a snapshot. Every method runs in the cache's thread."""

    def __init__(self, cache: Cache, epoch: str, agent: str, scope: str) -> None:
        self._cache = cache
        self._epoch = epoch
        self._agent = agent
        self._scope = scope
        self._bulk = ExitStack()
        self._newest = 0
        self._other_log = False
        self.after = ""
        self.complete = False

    def begin(self) -> bool:
        """Prepares the cache; whether it had to begin a new file."""
        replaced = False
        if not self._resumes() and not self._cache.is_empty():
            foreign = self._cache.scope() != self._scope
            self._cache.set_aside()
            if foreign:  # kept until the new one is filled only where every row is this agent's to see
                self._cache.drop_aside()
            replaced = True
        db = self._cache.db
        self.after = str(get_meta(db, "filling_after", "") or "")
        with transaction(db):
            set_meta(db, "filling", self._epoch)
            set_meta(db, "agent", self._agent)
            set_meta(db, "scope", self._scope)
        self._bulk.enter_context(bulk_load(db))
        return replaced

    def _resumes(self) -> bool:
        db = self._cache.db
        held = (get_meta(db, "filling"), get_meta(db, "agent"), self._cache.scope())
        return held == (self._epoch, self._agent, self._scope)

    def forget(self) -> None:
        """What came so far is worth nothing."""
        with transaction(self._cache.db) as db:
            db.execute("DELETE FROM meta WHERE key = 'filling'")

    def end(self) -> None:
        """Leaves the cache as a cache should be, complete or not."""
        self._bulk.close()
        if self.complete:
            self._cache.drop_aside()

    def write(self, lines: Sequence[bytes]) -> Progress:
        """Writes a batch in one transaction."""
        touched: set[str] = set()
        db = self._cache.db
        with transaction(db):
            for line in lines:
                frame = _frame(line)
                if isinstance(frame, Bundle):
                    touched |= apply_bundle(db, frame, fresh=True)
                    self._note(db, frame)
                elif isinstance(frame, Synced):
                    self._finish(db, frame)
                elif isinstance(frame, Sorry):
                    raise RefusedError(frame.code, frame.message)
        if self._other_log:
            raise LinkError(_("The relay's log was rebuilt; the inbox is loaded again"))
        share = 1.0
        if not self.complete and self.after and self._newest:
            # The newest conversations come first, so how far back the last one began says how far we are.
            position = self.after.rpartition(".")[2]
            share = max(0.0, 1 - int(position) / self._newest) if position.isdigit() else 0.0
        return Progress(share, touched)

    def _note(self, db: sqlite3.Connection, bundle: Bundle) -> None:
        if get_meta(db, "filling_seq") is None:
            set_meta(db, "filling_seq", bundle.seq)
        self._newest = max(self._newest, bundle.seq)
        if bundle.after:
            self.after = bundle.after
            set_meta(db, "filling_after", bundle.after)

    def _finish(self, db: sqlite3.Connection, synced: Synced) -> None:
        if synced.epoch != self._epoch:
            # Without this mark the next connection begins anew.
            db.execute("DELETE FROM meta WHERE key = 'filling'")
            self._other_log = True
            return
        oldest = int(get_meta(db, "filling_seq", synced.seq) or 0)
        set_meta(db, "cursor", min(oldest, synced.seq))
        set_meta(db, "epoch", self._epoch)
        db.execute("DELETE FROM meta WHERE key IN ('filling', 'filling_after', 'filling_seq')")
        self.complete = True


def _frame(line: bytes) -> protocol.AnyFrame | None:
    try:
        return protocol.decode(line)
    except msgspec.ValidationError:
        return None  # of a kind this build does not know


@asynccontextmanager
async def _alone(path: Path) -> AsyncIterator[None]:
    """One process at a time fills a cache. The lock is the system's, so it never outlives its owner."""
    with _lock_file(path.with_name("filling.lock")) as handle:
        while not _try_lock(handle):
            await asyncio.sleep(0.2)
        yield


@contextmanager
def _lock_file(path: Path) -> Iterator[int]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield handle
    finally:
        os.close(handle)


def _try_lock(handle: int) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows: two fillers are merely wasteful, each row is written whole
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
