"""One connection from hello to its end: one task listens, one writes the cache, one speaks."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from wptui.i18n import _
from wptui.model import protocol
from wptui.model.errors import LinkError
from wptui.model.protocol import AnyFrame, Bundle, CommandFrame, Presence, Pull, Result, Welcome
from wptui.store.changes import Changes
from wptui.sync import session as act
from wptui.sync.cache import Cache
from wptui.sync.outbox import Outbox
from wptui.sync.session import Phase, Session
from wptui.sync.state import LinkChange
from wptui.sync.trouble import Trouble
from wptui.sync.wire import Polling, Wire

LARGEST_COMMAND = 256 << 10
"""Bytes of a command's frame. The relay takes none near that; one that its server cuts off would come for ever."""

JOBS = 64
"""Frames that wait for the cache, at most; then the relay has to wait."""

_Job = act.Apply | act.Write | act.Drop


class Host(Protocol):
    """What a connection needs of the link."""

    outbox: Outbox
    cache: Cache

    async def run_cache(self, work: Callable[[], Any]) -> Any:
        """Runs `work` in the cache's thread."""

    def tell(self, change: LinkChange) -> None:
        """Something changed."""

    def greeted(self, welcome: Welcome, seconds: float) -> None:
        """The relay has answered `hello` after so many seconds."""

    def live(self) -> None:
        """The cache is up to date."""


class Connection:
    """A connection over `wire`, spoken by `session`."""

    def __init__(self, host: Host, wire: Wire, session: Session) -> None:
        self.wire = wire
        self.session = session
        self._host = host
        self._jobs: deque[_Job] = deque()
        self._job_ready = asyncio.Event()
        self._jobs_done = asyncio.Event()
        self._wake = asyncio.Event()
        self._ephemeral: deque[Presence | Pull] = deque(maxlen=200)
        self._pulls: dict[str, list[asyncio.Future[None]]] = {}
        self._started = 0.0

    async def run(self, *, until: float | None = None) -> None:
        """Speaks until a snapshot is due, or until the monotonic time `until`; raises when the connection ends."""
        self._started = time.monotonic()
        tasks = [asyncio.create_task(work) for work in (self._listen(until), self._write(), self._speak())]
        try:
            done, _rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for waiting in self._pulls.values():
                for future in waiting:
                    if not future.done():
                        future.set_exception(LinkError(_("The connection broke")))
        for task in done:
            task.result()

    def wake(self) -> None:
        """There may be something to send."""
        self._wake.set()

    def say(self, frame: Presence | Pull) -> None:
        """Sends a frame that may get lost."""
        self._ephemeral.append(frame)
        self._wake.set()

    async def pull(self, frame: Pull, seconds: float) -> None:
        """Asks for rows and waits until they are in the cache. Raises LinkError."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pulls.setdefault(frame.conversation, []).append(future)
        self.say(frame)
        try:
            async with asyncio.timeout(seconds):
                await future
        except TimeoutError as error:
            raise LinkError(_("The relay does not answer in time")) from error

    # ── listening ────────────────────────────────────────────────────────────────────────────────────────

    async def _listen(self, until: float | None) -> None:
        await self.wire.begin(self.session.hello)
        async for frame in self.wire.frames():
            await self.do(self.session.receive(frame))
            if self.session.phase is Phase.SNAPSHOT:
                return
            if len(self._jobs) >= JOBS:
                self._jobs_done.clear()
                await self._jobs_done.wait()
            if isinstance(self.wire, Polling):
                self.wire.more = self.session.cursor < self.session.head
            if until is not None and time.monotonic() >= until and self.session.phase is Phase.LIVE:
                return
        raise LinkError(_("The relay closed the connection"))

    async def do(self, actions: list[act.Action]) -> None:
        """Carries out what the session decided; what touches the cache is queued. Raises Trouble at a `sorry`."""
        results: list[Result] = []
        presence: list[Presence] = []
        for action in actions:
            match action:
                case act.Greet(welcome):
                    self._host.greeted(welcome, time.monotonic() - self._started)
                    self._wake.set()
                case act.Apply() | act.Write() | act.Drop():
                    self._jobs.append(action)
                    self._job_ready.set()
                case act.Settle(result):
                    results.append(result)
                case act.Show(shown):
                    presence.append(shown)
                case act.GoLive():
                    self._host.live()
                    self._wake.set()
                case act.Stop(sorry):
                    raise Trouble.of(sorry)
        if results or presence:
            await asyncio.shield(self._settle(LinkChange(results=results, presence=presence, outbox=bool(results))))

    async def _settle(self, change: LinkChange) -> None:
        """Writes the results of `change` down and tells it. Shielded, for both or neither must happen."""
        for result in change.results:
            await asyncio.to_thread(self._host.outbox.settle, result)
        self._host.tell(change)
        self._wake.set()  # the next command of the same conversation may go

    # ── writing ──────────────────────────────────────────────────────────────────────────────────────────

    async def _write(self) -> None:
        """Brings what was queued into the cache, as many events at a time as there are."""
        while True:
            self._job_ready.clear()
            if not self._jobs:
                self._jobs_done.set()
                await self._job_ready.wait()
                continue
            jobs = list(self._jobs)
            self._jobs.clear()
            work = asyncio.ensure_future(self._host.run_cache(_bound(self._host.cache, jobs)))
            try:
                changes = await asyncio.shield(work)
            except asyncio.CancelledError:
                # The thread goes on, and what it changes must be told.
                self._host.tell(LinkChange(changes=await work))
                raise
            self._jobs_done.set()
            actions = self.session.applied(changes.cursor)
            due = [action.result for action in actions if isinstance(action, act.Settle)]
            await asyncio.shield(self._settle(LinkChange(changes=changes, results=due, outbox=bool(due))))
            await self.do([action for action in actions if not isinstance(action, act.Settle)])
            for job in jobs:
                if isinstance(job, act.Write):
                    self._pulled(job.bundle)
            for conversation in await self._host.run_cache(self._host.cache.take_stale):
                self.say(Pull(conversation=conversation))

    def _pulled(self, bundle: Bundle) -> None:
        ids = {bundle.after} if bundle.after else set()
        table = bundle.tables.get("conversations")
        if table is not None:
            at = table["columns"].index("id")
            ids |= {row[at] for row in table["rows"]}
        for id in ids:
            for future in self._pulls.pop(id, []):
                if not future.done():
                    future.set_result(None)

    # ── speaking ─────────────────────────────────────────────────────────────────────────────────────────

    async def _speak(self) -> None:
        """Sends commands and ephemeral frames as they come up."""
        outbox = self._host.outbox
        while True:
            await self._wake.wait()
            self._wake.clear()
            if not self.session.greeted:
                continue  # woken again when the relay has taken us
            commands = await self._that_travel(self.session.due(await asyncio.to_thread(outbox.pending)))
            frames: list[AnyFrame] = [*commands, *self._ephemeral]
            self._ephemeral.clear()
            if not frames:
                continue
            await self.wire.send(frames)
            if commands:
                await asyncio.to_thread(outbox.mark_sent, [frame.id for frame in commands])
                self._host.tell(LinkChange(outbox=True))

    async def _that_travel(self, commands: list[CommandFrame]) -> list[CommandFrame]:
        """`commands` without those too large, which are refused here."""
        large = [frame for frame in commands if len(protocol.encode(frame)) > LARGEST_COMMAND]
        for frame in large:
            result = Result(id=frame.id, ok=False, code="too_long", message=_("The text is too long."))
            await self.do(self.session.receive(result))
        return [frame for frame in commands if frame not in large] if large else commands


def _bound(cache: Cache, jobs: list[_Job]) -> Callable[[], Changes]:
    return lambda: _carry_out(cache, jobs)


def _carry_out(cache: Cache, jobs: list[_Job]) -> Changes:
    """In the cache's thread: the jobs in order, runs of events as one."""
    total = Changes()
    at = 0
    while at < len(jobs):
        job = jobs[at]
        at += 1
        if isinstance(job, act.Apply):
            events, to = list(job.events), job.cursor
            while at < len(jobs) and isinstance(more := jobs[at], act.Apply):
                events += more.events
                to = more.cursor
                at += 1
            total.add(cache.apply(events, to))
        elif isinstance(job, act.Write):
            total.add(cache.write(job.bundle))
        else:
            total.add(cache.drop(job.conversations))
    return total
