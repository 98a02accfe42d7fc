"""Live events to every terminal: one reader of the log, each frame made once for all who are given the same.

A terminal that keeps up gets frames as they are made. One that does not is not buffered for: what is live for it is
dropped and derived from the log again, from its own cursor, as fast as it takes it. The log is published only as far
as the relay's view has folded it, so that a bundle is never older than the events sent before it.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

from wptui.i18n import _
from wptui.model.errors import StorageError
from wptui.model.events import Event
from wptui.model.permissions import Scope
from wptui.model.protocol import Events, Presence, Pull
from wptui.relay.accounts import Session
from wptui.relay.presence import Roster
from wptui.relay.shares import BATCH, Run, Share, text
from wptui.relay.visibility import Visibility
from wptui.store.changes import Changes
from wptui.store.visible import NOBODY, Place

TICK = 0.025
"""Seconds between two flushes under load: sending at once to all would hold up the webhooks' 200s (ENGINES.md)."""

QUEUE = 256
"""Frames that wait for one terminal, at most."""
QUEUE_BYTES = 2 << 20

VIEW_SECONDS = 10.0
"""So long a terminal waits for a view that cannot be read; then it is to come again later."""
_VIEW_PAUSE = 0.1


class Bundles(Protocol):
    """Where conversations are read whole (`bundling.Bundling`)."""

    async def whole(self, scope: Scope, ids: Sequence[str], least: int) -> str | None:
        """Those of `ids` in view, as of event `least` or later, as a frame."""
        ...

    async def pulled(self, scope: Scope, pull: Pull, least: int) -> str | None:
        """What a terminal asked for, as a frame."""
        ...


class _Item(NamedTuple):
    """Something that waits for a terminal: a frame, or what to read when its turn has come."""

    frame: str = ""
    ids: Sequence[str] = ()
    pull: Pull | None = None
    least: int = 0
    cursor: int | None = None
    """The terminal's cursor when it has been sent."""
    live: bool = False
    """It is derived again from the log where it is dropped."""


class Terminal:
    """One terminal's connection, seen from the hub: what waits for it, and how far it has come."""

    def __init__(self, hub: Hub, session: Session, send: Callable[[str], Awaitable[None]]) -> None:
        self.session = session
        self.agent = session.agent.id
        self.name = session.agent.name
        self.standing = hub.visibility.standing(self.agent)
        """What the agent was when the terminal joined; a connection does not outlive it."""
        self.cursor: int | None = None
        """The last event handed to the transport; None before the terminal has said where it stands."""
        self.live = False
        self.dropped = 0
        """How often it was too slow for the live events."""
        self.ended: asyncio.Future[tuple[str, str]] = asyncio.get_running_loop().create_future()
        """Set to (code, message) when the relay wants the connection to end."""
        self._hub = hub
        self._transport = send
        self._queue: deque[_Item] = deque()
        self._bytes = 0
        self._wake = asyncio.Event()

    def start(self, cursor: int) -> None:
        """Events after `cursor` are to be sent; may be called again."""
        self.cursor = cursor
        self.live = False
        self._drop_live()
        self._wake.set()

    def put(self, frame: str) -> None:
        """Send a frame that must not get lost."""
        self._queue.append(_Item(frame))
        self._wake.set()

    def pull(self, pull: Pull) -> None:
        """Send what the terminal asked for, if its agent sees it when its turn has come."""
        self._queue.append(_Item(pull=pull, least=self._hub.known))
        self._wake.set()

    def offer(self, frame: str) -> None:
        """Send a frame that may get lost."""
        if len(self._queue) < QUEUE:
            self.put(frame)

    def publish(self, share: Share) -> None:
        """Send the agent's share of what has just happened."""
        if not self.live:
            return
        if share.empty:
            if not self._queue:
                self.cursor = share.last
            return
        items = [_Item(share.forget_frame, live=True)] if share.forget else []
        items += [_Item(ids=ids, least=share.last, live=True) for ids in share.whole]
        items += [_Item(frame, cursor=None if share.mended else cursor, live=True) for frame, cursor in share.frames]
        items += [_Item(ids=ids, least=share.last, cursor=share.last, live=True) for ids in share.mended]
        size = sum(len(item.frame) for item in items)
        if len(self._queue) + len(items) > QUEUE or self._bytes + size > QUEUE_BYTES:
            self.live = False
            self.dropped += 1
            self._drop_live()
        else:
            self._queue.extend(items)
            self._bytes += size
        self._wake.set()

    def end(self, code: str, message: str = "") -> None:
        """Have the connection closed with a `sorry`; nothing more is sent before it."""
        if not self.ended.done():
            self.ended.set_result((code, message))

    def _drop_live(self) -> None:
        self._queue = deque(item for item in self._queue if not item.live)
        self._bytes = 0

    async def run(self) -> None:
        """Send what there is to send until the connection is to end, or until the transport raises."""
        while not self.ended.done():
            if self._queue:
                item = self._queue.popleft()
                if item.live:
                    self._bytes -= len(item.frame)
                await self._bring(item)
                # start() may have been called meanwhile: then its word counts
                if item.cursor is not None and self.live:
                    self.cursor = item.cursor
            elif self.cursor is not None and not self.live:
                await self._catch_up(self.cursor)
            else:
                self._wake.clear()
                await self._wake.wait()

    async def _bring(self, item: _Item) -> None:
        frame: str | None = item.frame
        if item.ids or item.pull is not None:
            frame = await self._read(item)
        if frame:
            await self._send(frame)

    async def _read(self, item: _Item) -> str | None:
        until = time.monotonic() + VIEW_SECONDS
        while True:
            try:
                if item.pull is not None:
                    return await self._hub.bundles.pulled(self.standing.scope, item.pull, item.least)
                return await self._hub.bundles.whole(self.standing.scope, item.ids, item.least)
            except StorageError as error:
                if time.monotonic() > until:
                    self.end("busy", str(error))
                    return None
            await asyncio.sleep(_VIEW_PAUSE)

    async def _send(self, frame: str) -> None:
        if not self.ended.done():
            await self._transport(frame)

    async def _catch_up(self, cursor: int) -> None:
        if self._hub.known > self._hub.position:
            # What it has must not come to it again as a live frame, and to where the welcome has seen the log it is
            # told even where there was nothing for it.
            self._hub.flush()
        if cursor >= self._hub.position:
            self.live = True
            return
        share = await self._hub.since(cursor, self.standing.scope)
        if self.cursor != cursor or share is None:
            return
        if share.forget:
            await self._send(share.forget_frame)
        for ids in share.whole:
            await self._bring(_Item(ids=ids, least=self._hub.known))
        for frame, _cursor in share.frames or [(text(Events(events=[], cursor=share.last)), share.last)]:
            await self._send(frame)
        for ids in share.mended:
            await self._bring(_Item(ids=ids, least=self._hub.known))
        if self.cursor == cursor:
            self.cursor = share.last


class Hub:
    """All terminals connected, and the task that brings them what happens.

    `read(after, limit)` gives the log's events; the clerk feeds those that log and view have taken, with what they
    change about who sees what.
    """

    def __init__(
        self,
        read: Callable[[int, int], Awaitable[Sequence[Event]]],
        visibility: Visibility,
        bundles: Bundles,
        *,
        tick: float = TICK,
    ) -> None:
        self._read = read
        self._tick = tick
        self._fresh: deque[Event] = deque()
        self._before: dict[str, Place | None] = {}
        """Where conversations that moved since the last flush stood at it."""
        self._fed = asyncio.Event()
        self.visibility = visibility
        """As of `known`."""
        self.bundles = bundles
        self.position = 0
        """The last event made into a live frame: what comes after reaches every live terminal."""
        self.known = 0
        """The last event that log and view have."""
        self.terminals: set[Terminal] = set()
        self.roster = Roster(self._tell)

    def begin(self, head: int) -> None:
        """The log and the view stand at `head`, and so does the visibility; nothing has been fed yet."""
        self.position = self.known = head

    def feed(self, events: Sequence[Event], changes: Changes) -> None:
        """These events are in log and view now, in order; told again when the view is built again."""
        fresh = [event for event in events if event.seq > self.known]
        if not fresh:
            return
        for conversation, place in self.visibility.take(changes).items():
            self._before.setdefault(conversation, place)
        self._fresh.extend(fresh)
        self.known = fresh[-1].seq
        if changes.team is not None:
            self._look_at_standings()
        self._fed.set()

    def _look_at_standings(self) -> None:
        """Whoever may do or see something else now is to connect again: what is on its way is for who they were."""
        for terminal in self.terminals:
            standing = self.visibility.standing(terminal.agent)
            if standing == NOBODY and terminal.standing != NOBODY:
                terminal.end("revoked", _("This terminal's access was withdrawn, or has expired."))
            elif standing != terminal.standing:
                terminal.end("changed")

    def join(self, terminal: Terminal, mode: str = "terminal") -> None:
        """The terminal takes part from now on; `mode` is `Hello.mode`."""
        terminal.standing = self.visibility.standing(terminal.agent)
        self.terminals.add(terminal)
        self.roster.arrive(terminal, terminal.agent, terminal.name, mode=mode)

    def part(self, terminal: Terminal) -> None:
        """The terminal is gone."""
        self.terminals.discard(terminal)
        self.roster.leave(terminal)

    def others(self, agent: str) -> Iterator[Presence]:
        """Where everybody but `agent` is, as far as `agent` may know."""
        return (presence for presence in self.roster.others(agent) if self._is_for(presence, agent))

    def _is_for(self, presence: Presence, agent: str) -> bool:
        return presence.conversation is None or self.visibility.may_see(agent, presence.conversation)

    def _tell(self, presence: Presence, source: object) -> None:
        frame = ""
        agent = presence.agent
        for terminal in self.terminals:
            if terminal is source or (terminal.agent == agent and presence.conversation is None):
                continue
            if self._is_for(presence, terminal.agent):
                frame = frame or text(presence)
                terminal.offer(frame)

    async def since(self, cursor: int, scope: Scope, limit: int = BATCH) -> Share | None:
        """What `scope` is given of the `limit` events after `cursor`; None where there are none."""
        limit = min(limit, max(0, self.known - cursor))
        events = await self._read(cursor, limit) if limit else ()
        return Run(events, self.visibility, None).share(scope) if events else None

    async def run(self) -> None:
        """Publish what is fed, until cancelled: at once when it was quiet, else on the tick."""
        flushed = 0.0
        while True:
            await self._fed.wait()
            pause = flushed + self._tick - time.monotonic()
            if pause > 0:
                await asyncio.sleep(pause)
            flushed = time.monotonic()
            self.flush()

    def flush(self) -> None:
        """Publish at once what has been fed."""
        self._fed.clear()
        if not self._fresh:
            return
        run = Run(tuple(self._fresh), self.visibility, self._before)
        self._fresh.clear()
        self._before = {}
        for terminal in self.terminals:
            if terminal.live and not terminal.ended.done():
                terminal.publish(run.share(terminal.standing.scope))
        self.position = self.known
