"""The desk where everything becomes events: stored bodies in the order they came, and what agents and rules ask.

One thing at a time: a turn at the desk sees a view that is up to date, appends, folds and tells. The work is done
in a thread of its own, so that the event loop goes on answering webhooks.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from wptui.i18n import _
from wptui.model.errors import StorageError
from wptui.model.events import Event, NumberUpdated
from wptui.relay import expansion
from wptui.relay.eventlog.contract import Append, EventLog, Group, Outcome, Raw
from wptui.relay.expansion import Expansion, Opened
from wptui.relay.meters import Meters
from wptui.relay.projection import Projection, is_damaged
from wptui.store import visible
from wptui.store.changes import Changes

T = TypeVar("T")
Listener = Callable[[Sequence[Event], Changes], None]
Build = Callable[[sqlite3.Connection], list[Append]]

ITEMS_AT_ONCE = 256
"""Items of webhook bodies in one turn; the last body is always taken whole."""
_RAWS_AT_ONCE = 64
_EVENTS_AT_ONCE = 2000
_IDLE_SECONDS = 600
_NOWHERE = -1
"""Position of a view that has to be opened first."""

_log = logging.getLogger("wptui.relay.clerk")


class Clerk:
    """Turns bodies and commands into events. `start`, then `run` until `stop`; `act` any time between."""

    def __init__(self, log: EventLog, view: Path, *, meters: Meters | None = None) -> None:
        self.log = log
        self.view = Projection(view)
        self._meters = meters
        self._desk = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="wptui-clerk")
        self._listeners: list[Listener] = []
        self._numbers: set[str] = set()
        self._at = _NOWHERE
        self._told = 0
        self._renumbered = False
        self._started = False
        self._stopping = asyncio.Event()
        self._numbered = asyncio.Event()
        self.fence: Callable[[], Awaitable[None]] = _open_to_all
        """Asked before each turn that writes; raises StorageError where this relay must not."""

    # ── life ─────────────────────────────────────────────────────────────────────────────────────────────

    async def start(self) -> None:
        """Bring the view up to the log's head, building it again where needed. Raises StorageError."""
        async with self._desk:
            await self._catch_up()
            self._told = self._at
            self._started = True

    async def run(self) -> None:
        """Expand bodies as they come, until `stop`. Storage that fails is tried again every second."""
        while not self._stopping.is_set():
            try:
                if not self._numbers:
                    await self._pause(self._numbered.wait())  # everything would be parked as not ours
                    continue
                begun, waiting = time.monotonic(), await self.log.backlog()
                if await self.expand() == 0:
                    await self._pause(self.log.wait_unexpanded(_IDLE_SECONDS))
                elif await self.log.backlog() > waiting:
                    # More comes in than goes out. The 200s go first: what Meta gets none for, it sends again.
                    await self._pause(asyncio.sleep(time.monotonic() - begun))
            except StorageError as error:
                _log.error("bodies wait for their expansion: %s", error)
                await self._pause(asyncio.sleep(1))

    def stop(self) -> None:
        """`run` ends after the turn it is at."""
        self._stopping.set()

    async def close(self) -> None:
        """Close the view. The log stays open: it is not the clerk's."""
        self.stop()
        async with self._desk:
            await self._work(self.view.close)
        self._thread.shutdown()

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener(events, changes)` on the event loop after each turn, once its events are in log and view.

        Returns what ends it. A listener must be quick and must not raise.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @property
    def cursor(self) -> int:
        """The last event in the view that has been told."""
        return max(self._at, 0)

    # ── turns at the desk ────────────────────────────────────────────────────────────────────────────────

    async def act(self, build: Build) -> list[Outcome]:
        """Append what `build` makes of the up-to-date view (which it only reads), fold it and tell everybody.

        `build` runs in the clerk's thread and may raise: nothing has happened then. Raises ConflictError,
        StorageError. The act goes on where the caller is cancelled.
        """
        return await asyncio.shield(asyncio.ensure_future(self._act(build)))

    async def look(self, read: Callable[[sqlite3.Connection], T]) -> T:
        """What `read` finds in the up-to-date view."""
        async with self._desk:
            await self._catch_up()
            return await self._work(lambda: read(self.view.db))

    async def expand(self) -> int:
        """Expand the bodies that have waited longest, about `ITEMS_AT_ONCE` items: how many bodies that were."""
        raws = await self.log.unexpanded(_RAWS_AT_ONCE)
        return await self.expand_raws(raws) if raws else 0

    async def expand_raws(self, raws: Sequence[Raw]) -> int:
        """Expand the first of `raws`, in order, in one turn: how many."""
        return await asyncio.shield(asyncio.ensure_future(self._expand(raws)))

    async def _act(self, build: Build) -> list[Outcome]:
        async with self._desk:
            await self.fence()
            await self._catch_up()
            groups = await self._work(lambda: build(self.view.db))
            if not groups:
                return []
            outcomes = await self.log.append(groups)
            events = [
                event
                for group, outcome in zip(groups, outcomes, strict=True)
                if not (outcome.repeated or outcome.conflict)
                for event in group.events
            ]
            if events and events[0].seq == self._at + 1:
                await self._fold(events)
            await self._catch_up()
            return outcomes

    async def _expand(self, raws: Sequence[Raw]) -> int:
        async with self._desk:
            await self.fence()
            await self._catch_up()
            opened = await self._work(lambda: _open(raws))
            await self._settle(opened, [each.raw.number for each in opened])
        if self._meters is not None:
            self._meters.lag.set(max(0.0, time.time() - opened[-1].raw.received_at / 1000))
            self._meters.backlog.set(await self.log.backlog())
        return len(opened)

    async def _settle(self, opened: Sequence[Opened], marks: Sequence[int]) -> None:
        """Expand `opened` into log and view. The view is folded first, and kept only if the log agrees."""
        known = await self.log.known(expansion.keys(opened))
        head = self._at
        drafted = await self._work(lambda: self._draft(opened, head, known))
        kept = False
        try:
            outcomes = await self.log.append(drafted.groups, raws=marks)
            # Another relay may have appended meanwhile: then the numbers are others, and so may be the view.
            kept = _as_drafted(head, drafted.groups, outcomes)
        finally:
            if not kept:
                self._at = _NOWHERE
            await self._work(lambda: self.view.db.execute("COMMIT" if kept else "ROLLBACK"))
        if not kept:
            await self._catch_up()
            return
        events = [event for group in drafted.groups for event in group.events]
        self._at = head + len(events)
        self._tell(events, drafted.changes)
        if self._meters is not None:
            self._meters.repeated.inc(drafted.repeated)
            for reason in drafted.parked:
                self._meters.parked.labels(reason).inc()
            for field in drafted.unknown:
                self._meters.unknown_fields.labels(field).inc()

    def _draft(self, opened: Iterable[Opened], head: int, known: dict[str, Group]) -> Expansion:
        db = self.view.db
        db.execute("BEGIN IMMEDIATE")
        try:
            drafted = Expansion(db, head, known)
            for each in opened:
                drafted.add(each)
            visible.note(db, drafted.changes)
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        return drafted

    # ── the view ─────────────────────────────────────────────────────────────────────────────────────────

    async def _catch_up(self) -> None:
        """Bring the view to the log's head, and what was parked for a number that is ours now into the log."""
        head = await self.log.head()
        if self._at == _NOWHERE:
            self._at = await self._work(lambda: self.view.open(self.log.epoch, head))
            self._renumbered = True
        await self._tell_missed()
        while self._at < head:
            await self._fold(await self.log.read(self._at, _EVENTS_AT_ONCE))
        if self._renumbered:
            self._renumbered = False
            numbers = await self._work(self.view.numbers)
            fresh, self._numbers = numbers - self._numbers, numbers
            for number in sorted(fresh):
                await self._readmit(number)
            if numbers:
                self._numbered.set()

    async def _tell_missed(self) -> None:
        """What the view took, and a fault kept from being told: listeners must not meet a gap."""
        while self._started and self._told < self._at:
            events = await self.log.read(self._told, min(_EVENTS_AT_ONCE, self._at - self._told))
            touched = {event.conversation for event in events if event.conversation is not None}
            changes = Changes(conversations=touched, workspace=True, cursor=events[-1].seq)
            if changes.cursor == self._at:  # where the view stands: who sees what can be read there
                await self._work(lambda changes=changes: visible.note_everything(self.view.db, changes))  # type: ignore[misc]
                changes.placed = set(changes.places)
            self._tell(events, changes)

    async def _fold(self, events: Sequence[Event]) -> None:
        changes = await self._work(lambda: self._fold_in(events))
        self._at = events[-1].seq
        self._renumbered |= any(event.type == NumberUpdated.TYPE for event in events)
        self._tell(events, changes)

    def _fold_in(self, events: Sequence[Event]) -> Changes:
        changes = self.view.fold(events)
        visible.note(self.view.db, changes)
        return changes

    async def _readmit(self, number: str) -> None:
        """Expand again what came for `number` before it was known as ours."""
        prefix = f"{expansion.UNROUTABLE}{number}:"
        parked = {group.unique.removeprefix(prefix): group.raw for group in await self.log.find(prefix, 1_000_000)}
        known = await self.log.known(list(parked))
        for raw in sorted({raw for unique, raw in parked.items() if raw is not None and unique not in known}):
            body = await self.log.raw(raw)
            if body is not None:
                await self._settle(await self._work(lambda body=body: _open([body])), ())  # type: ignore[misc]

    async def _work(self, work: Callable[[], T]) -> T:
        """`work` in the clerk's thread. Storage that fails is told as StorageError, and the view opened anew."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except sqlite3.Error as error:
            self._at = _NOWHERE
            if is_damaged(error):
                await asyncio.get_running_loop().run_in_executor(self._thread, self.view.remove)
            raise StorageError(
                _("The relay's view {path} failed: {error}").format(path=self.view.path, error=error)
            ) from error

    # ── telling ──────────────────────────────────────────────────────────────────────────────────────────

    def _tell(self, events: Sequence[Event], changes: Changes) -> None:
        if not self._started or not events:
            return
        self._told = max(self._told, events[-1].seq)
        if self._meters is not None:
            self._meters.head.set(events[-1].seq)
            for kind, count in Counter(event.type for event in events).items():
                self._meters.events.labels(kind).inc(count)
        for listener in tuple(self._listeners):
            try:
                listener(events, changes)
            except Exception:
                _log.exception("a listener failed on events up to %d", events[-1].seq)

    async def _pause(self, waited: Coroutine[Any, Any, object]) -> None:
        """Wait for `waited`, or for `stop`."""
        tasks = [asyncio.ensure_future(waited), asyncio.ensure_future(self._stopping.wait())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _open_to_all() -> None:
    """A clerk who has the files to himself."""


def _open(raws: Sequence[Raw]) -> list[Opened]:
    """What is in the first of `raws`: at least one, and no more than `ITEMS_AT_ONCE` items before the last."""
    found: list[Opened] = []
    count = 0
    for raw in raws:
        if count >= ITEMS_AT_ONCE:
            break
        found.append(expansion.open_raw(raw))
        count += len(found[-1].items)
    return found


def _as_drafted(head: int, groups: Sequence[Append], outcomes: Sequence[Outcome]) -> bool:
    for group, outcome in zip(groups, outcomes, strict=True):
        if outcome != Outcome(head + 1, head + len(group.events)):
            return False
        head = outcome.last
    return True
