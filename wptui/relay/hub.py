"""Live events to every terminal: one reader of the log, each frame made once for all who may see the same.

A terminal that keeps up gets frames as they are made. One that does not is not buffered for: its events are
dropped and read from the log again, from its own cursor, as fast as it takes them. The log is published only as far
as the relay's view has folded it, so that a bundle is never older than the events sent before it.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence

from wptui.model import protocol
from wptui.model.events import Event, MessageStatus, WebhookLogged, WebhookParked
from wptui.model.protocol import Events, Presence
from wptui.relay.accounts import Session
from wptui.relay.presence import Roster

TICK = 0.025
"""Seconds between two flushes under load: sending at once to all would hold up the webhooks' 200s (ENGINES.md)."""

BATCH = 512
"""Events read from the log, and sent in a frame, at a time."""

QUEUE = 256
"""Frames that wait for one terminal, at most."""
QUEUE_BYTES = 2 << 20

_INTERNAL = frozenset({WebhookParked.TYPE, WebhookLogged.TYPE, MessageStatus.TYPE})
"""Without a conversation these concern the relay only: a status of a message nobody has seen, a body put aside."""


class Visibility:
    """Who may see what. One audience so far: everybody sees every conversation."""

    def audience(self, agent: str) -> Hashable:
        """Agents of the same audience see the same."""
        return "all"

    def may_see(self, audience: Hashable, conversation: str) -> bool:
        """Whether the audience sees the conversation."""
        return True

    def shows(self, audience: Hashable, event: Event) -> bool:
        """Whether a terminal of the audience gets the event."""
        if event.conversation is not None:
            return self.may_see(audience, event.conversation)
        return event.type not in _INTERNAL


class Terminal:
    """One terminal's connection, seen from the hub: what waits for it, and how far it has come."""

    def __init__(self, hub: Hub, session: Session, send: Callable[[str], Awaitable[None]]) -> None:
        self.session = session
        self.agent = session.agent.id
        self.name = session.agent.name
        self.audience = hub.visibility.audience(self.agent)
        self.cursor: int | None = None
        """The last event handed to the transport; None before the terminal has said where it stands."""
        self.live = False
        self.dropped = 0
        """How often it was too slow for the live events."""
        self.ended: asyncio.Future[tuple[str, str]] = asyncio.get_running_loop().create_future()
        """Set to (code, message) when the relay wants the connection to end."""
        self._hub = hub
        self._send = send
        self._queue: deque[tuple[str, int | None]] = deque()
        self._bytes = 0
        self._wake = asyncio.Event()

    def start(self, cursor: int) -> None:
        """Events after `cursor` are to be sent; may be called again."""
        self.cursor = cursor
        self.live = False
        self._drop_events()
        self._wake.set()

    def put(self, frame: str) -> None:
        """Send a frame that must not get lost."""
        self._queue.append((frame, None))
        self._wake.set()

    def offer(self, frame: str) -> None:
        """Send a frame that may get lost."""
        if len(self._queue) < QUEUE:
            self.put(frame)

    def publish(self, frame: str | None, cursor: int) -> None:
        """Send live events up to `cursor`; None where the audience sees none of them."""
        if not self.live:
            return
        if frame is None:
            if not self._queue:
                self.cursor = cursor
            return
        if len(self._queue) >= QUEUE or self._bytes + len(frame) > QUEUE_BYTES:
            self.live = False
            self.dropped += 1
            self._drop_events()
        else:
            self._queue.append((frame, cursor))
            self._bytes += len(frame)
        self._wake.set()

    def end(self, code: str, message: str) -> None:
        """Have the connection closed with a `sorry`."""
        if not self.ended.done():
            self.ended.set_result((code, message))

    def _drop_events(self) -> None:
        self._queue = deque(item for item in self._queue if item[1] is None)
        self._bytes = 0

    async def run(self) -> None:
        """Send what there is to send until cancelled, or until the transport raises."""
        while True:
            if self._queue:
                frame, cursor = self._queue.popleft()
                if cursor is not None:
                    self._bytes -= len(frame)
                await self._send(frame)
                # start() may have been called meanwhile: then its word counts
                if cursor is not None and self.live:
                    self.cursor = cursor
            elif self.cursor is not None and not self.live:
                await self._catch_up(self.cursor)
            else:
                self._wake.clear()
                await self._wake.wait()

    async def _catch_up(self, cursor: int) -> None:
        if cursor > self._hub.position:
            self._hub.flush()  # what it has must not come to it again as a live frame
        if cursor >= self._hub.position:
            self.live = True
            return
        events, last = await self._hub.since(cursor, self.audience)
        if self.cursor != cursor:
            return
        if last > cursor:
            await self._send(_text(Events(events=events, cursor=last)))
            if self.cursor == cursor:
                self.cursor = last


class Hub:
    """All terminals connected, and the task that brings them what happens.

    `read(after, limit)` gives the log's events; the clerk feeds those that log and view have taken.
    """

    def __init__(
        self,
        read: Callable[[int, int], Awaitable[Sequence[Event]]],
        visibility: Visibility | None = None,
        *,
        tick: float = TICK,
    ) -> None:
        self._read = read
        self._tick = tick
        self._fresh: deque[Event] = deque()
        self._fed = asyncio.Event()
        self.visibility = visibility or Visibility()
        self.position = 0
        """The last event made into a live frame: what comes after reaches every live terminal."""
        self.known = 0
        """The last event that log and view have."""
        self.terminals: set[Terminal] = set()
        self.roster = Roster(self._tell)

    def begin(self, head: int) -> None:
        """The log and the view stand at `head`; nothing has been fed yet."""
        self.position = self.known = head

    def feed(self, events: Sequence[Event], _changes: object = None) -> None:
        """These events are in log and view now, in order; told again when the view is built again."""
        self._fresh.extend(event for event in events if event.seq > self.known)
        self.known = max(self.known, events[-1].seq)
        self._fed.set()

    def join(self, terminal: Terminal, mode: str = "terminal") -> None:
        """The terminal takes part from now on; `mode` is `Hello.mode`."""
        self.terminals.add(terminal)
        self.roster.arrive(terminal, terminal.agent, terminal.name, mode=mode)

    def part(self, terminal: Terminal) -> None:
        """The terminal is gone."""
        self.terminals.discard(terminal)
        self.roster.leave(terminal)

    def _tell(self, presence: Presence, source: object) -> None:
        frame = ""
        agent = presence.agent
        for terminal in self.terminals:
            if terminal is source or (terminal.agent == agent and presence.conversation is None):
                continue
            if presence.conversation is not None and not self.visibility.may_see(
                terminal.audience, presence.conversation
            ):
                continue
            frame = frame or _text(presence)
            terminal.offer(frame)

    async def since(self, cursor: int, audience: Hashable, limit: int = BATCH) -> tuple[list[Event], int]:
        """What `audience` sees of the `limit` events after `cursor`, and the number of the last one looked at."""
        limit = min(limit, max(0, self.known - cursor))
        events = await self._read(cursor, limit) if limit else []
        last = events[-1].seq if events else cursor
        return [event for event in events if self.visibility.shows(audience, event)], last

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
        while self._fresh:
            events = [self._fresh.popleft() for _n in range(min(BATCH, len(self._fresh)))]
            last = events[-1].seq
            frames: dict[Hashable, str | None] = {}
            for terminal in self.terminals:
                if not terminal.live:
                    continue
                audience = terminal.audience
                if audience not in frames:
                    shown = [event for event in events if self.visibility.shows(audience, event)]
                    frames[audience] = _text(Events(events=shown, cursor=last)) if shown else None
                terminal.publish(frames[audience], last)
            self.position = last


def _text(frame: protocol.AnyFrame) -> str:
    return protocol.encode(frame).decode()
