"""Everything once more from the stored bodies (`wptui relay replay`), after a bug in the expansion was mended.

A new log is written beside the old one: bodies are expanded again where they were expanded, and what did not come
from bodies (agents' acts, the relay's own) is copied where it stood. Then the new log takes the old one's place in
one step, and the old one stays as a backup. With the same code the result is the same, to the last number.

What refers to events by number (read marks, merges undone) is rewritten to the numbers those events now have.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from collections import deque
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec

from wptui.i18n import _
from wptui.model import events as ev
from wptui.model.errors import StorageError
from wptui.relay.clerk import Clerk
from wptui.relay.eventlog import Append, EventLog, Group, Raw
from wptui.relay.eventlog.sqlite import SqliteEventLog

Progress = Callable[[int, int], None]
"""Called with (events of the old log walked past, all of them)."""

_AT_ONCE = 500
_BODIES_AT_ONCE = 50  # each may have four megabytes
_LEASE_SECONDS = 120.0


async def replay(database: Path, view: Path, *, progress: Progress | None = None) -> Path:
    """Rebuild the log in `database` and its `view`; returns where the old log was kept.

    Raises StorageError where a relay is running on it, or the disk refuses; the old log is then untouched.
    """
    if not database.exists():
        raise StorageError(_("There is no event log at {path}.").format(path=database))
    fresh = database.with_name(f"{database.name}.replay")
    fresh_view = view.with_name(f"{view.name}.replay")
    _remove(fresh, fresh_view)
    holder = f"replay:{os.getpid()}"
    async with SqliteEventLog(database) as old:
        if not await old.acquire(holder, _LEASE_SECONDS):
            raise StorageError(
                _("A relay is running on {path}.").format(path=database), hint=_("Stop it first, then replay.")
            )
        renewal = asyncio.ensure_future(_renew(old, holder))
        try:
            async with SqliteEventLog(fresh) as new:
                clerk = Clerk(new, fresh_view)
                try:
                    await clerk.start()
                    await _Replay(old, new, clerk, progress or (lambda done, total: None)).run()
                finally:
                    await clerk.close()
        except BaseException:
            _remove(fresh, fresh_view)
            raise
        finally:
            renewal.cancel()
            await old.release(holder)
        backup = database.with_name(f"{database.name}.before-{old.epoch}")
    _swap(database, fresh, backup)
    _remove(view)
    os.replace(fresh_view, view)
    return backup


async def _renew(log: EventLog, holder: str) -> None:
    while True:
        await asyncio.sleep(_LEASE_SECONDS / 3)
        await log.renew(holder, _LEASE_SECONDS)


def _swap(database: Path, fresh: Path, backup: Path) -> None:
    """Put `fresh` in the place of `database` in one step, keeping the old file as `backup`."""
    for path in (database, fresh):
        _settle(path)
    try:
        os.link(database, backup)
    except OSError:  # a file system without hard links
        shutil.copy2(database, backup)
    os.replace(fresh, database)


def _settle(path: Path) -> None:
    """Bring everything into the file itself: it is moved without its write-ahead log."""
    try:
        db = sqlite3.connect(path, isolation_level=None)
        try:
            busy = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        finally:
            db.close()
    except sqlite3.Error as error:
        raise StorageError(
            _("The event log {path} cannot be written: {error}").format(path=path, error=error)
        ) from error
    if busy or _size(path.with_name(path.name + "-wal")):
        raise StorageError(_("Another program has {path} open.").format(path=path))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _remove(*files: Path) -> None:
    for file in files:
        for suffix in ("", "-wal", "-shm", ".lease"):
            file.with_name(file.name + suffix).unlink(missing_ok=True)


class _Replay:
    """One walk along the old log."""

    def __init__(self, old: EventLog, new: EventLog, clerk: Clerk, progress: Progress) -> None:
        self.old = old
        self.new = new
        self.clerk = clerk
        self.progress = progress
        self.total = 0
        self.copied: list[Append] = []
        self.at = 0
        """Number of the last old event that has been dealt with."""

    async def run(self) -> None:
        """Write the new log."""
        self.total = await self.old.head()
        await self._copy_bodies()
        expansions = self._expansions()
        coming = await anext(expansions, None)
        async for seq, group in self._others():
            while coming is not None and coming[0] < seq:
                await self._flush()
                await self._expand(coming[1])
                coming = await anext(expansions, None)
            await self._copy(seq, group)
        await self._flush()
        while coming is not None:
            await self._expand(coming[1])
            coming = await anext(expansions, None)
        await self._copy_bookmarks()
        self.progress(self.total, self.total)

    async def _copy_bookmarks(self) -> None:
        """Readers stand where they stood: what they had not read yet is still before them."""
        places = await self.old.bookmarks()
        await self.new.set_bookmarks({name: await self._now(at, self.total + 1) for name, at in places.items()})

    async def _copy_bodies(self) -> None:
        number = 0
        while raws := await self.old.raws(number, _BODIES_AT_ONCE):
            kept = await asyncio.gather(*(self.new.store_raw(raw.body, raw.received_at) for raw in raws))
            if kept != [raw.number for raw in raws]:
                raise StorageError(_("The stored webhook bodies have gaps."))
            number = raws[-1].number

    async def _expansions(self) -> AsyncIterator[tuple[int, list[Raw]]]:
        """The bodies that were expanded, in runs of one position."""
        # Positions never fall as numbers rise: there is one desk, and it takes the bodies in order.
        run: list[Raw] = []
        number = 0
        while raws := await self.old.raws(number, _BODIES_AT_ONCE):
            number = raws[-1].number
            for raw in raws:
                if raw.position is None:
                    continue
                if run and run[0].position != raw.position:
                    yield run[0].position or 0, run
                    run = []
                run.append(raw)
        if run:
            yield run[0].position or 0, run

    async def _others(self) -> AsyncIterator[tuple[int, Append]]:
        """What did not come from bodies, in order: the number of its first event, and the group."""
        empty = await self._empty()
        group = Append([])
        first = left = 0
        while entries := await self.old.entries(self.at, _AT_ONCE):
            for entry in entries:
                self.at = entry.event.seq
                while empty and empty[0].first <= self.at:
                    yield _bare(empty.popleft())
                if entry.raw is not None:
                    continue
                if left == 0:
                    group, first, left = Append([]), self.at, 1
                    if entry.group is not None:
                        group.unique, group.digest = entry.group.unique, entry.group.digest
                        left = entry.group.last - entry.group.first + 1
                group.events.append(entry.event)
                left -= 1
                if left == 0:
                    yield first, group
            self.progress(self.at, self.total)
        for each in empty:
            yield _bare(each)

    async def _empty(self) -> deque[Group]:
        """Keys that stand for nothing, by number: commands without effect must not be done again either."""
        found: list[Group] = []
        key = ""
        while groups := await self.old.find("", _AT_ONCE, key):
            key = groups[-1].unique
            found += [each for each in groups if each.first > each.last]
        return deque(sorted(found, key=lambda each: each.first))

    async def _copy(self, seq: int, group: Append) -> None:
        for event in group.events:
            if event.type == ev.ConversationRead.TYPE:
                await self._flush()
                data = ev.load(event)
                assert data is not None
                event.data = msgspec.Raw(msgspec.json.encode(ev.ConversationRead(upto=await self._now(data.upto, seq))))
            elif event.type == ev.ContactSplit.TYPE:
                await self._flush()
                data = ev.load(event)
                assert data is not None
                data.merge = await self._now(data.merge, seq)
                event.data = msgspec.Raw(msgspec.json.encode(data))
        self.copied.append(group)
        if len(self.copied) >= _AT_ONCE:
            await self._flush()

    async def _now(self, upto: int, seq: int) -> int:
        """The number that old event `upto` has now, asked by old event `seq`."""
        was = await self.old.group_at(upto)
        found = (await self.new.known([was.unique])).get(was.unique) if was else None
        if was is not None and found is not None:
            same = found.last - found.first == was.last - was.first
            return found.last - (was.last - upto) if same else found.last
        return max(0, upto + await self.new.head() - (seq - 1))  # nothing with a key: as far off as here

    async def _flush(self) -> None:
        if self.copied:
            groups, self.copied = self.copied, []
            await self.clerk.act(lambda db: groups)

    async def _expand(self, raws: list[Raw]) -> None:
        while raws:
            raws = raws[await self.clerk.expand_raws(raws) :]


def _bare(group: Group) -> tuple[int, Append]:
    return group.last, Append([], unique=group.unique, digest=group.digest)
