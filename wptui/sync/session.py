"""The protocol of one connection as a state machine: frames in, actions out. No sockets, no clock, no database.

The driver (`link`) feeds `receive` with every frame and does what the actions say, in order; it tells `applied` how
far the cache is, and asks `due` what to send. A new connection is a new `Session`: what was in flight is simply due
again, and what the relay repeats is passed over.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from wptui.model.events import Event
from wptui.model.protocol import (
    SCHEMA,
    AnyFrame,
    Bundle,
    CommandFrame,
    Events,
    Forget,
    Hello,
    Presence,
    Result,
    Sorry,
    Welcome,
)
from wptui.sync.outbox import REFUSED, Pending

PATIENCE = 3
"""Seconds a good result waits for its events."""


class Phase(StrEnum):
    """Where a connection stands."""

    GREETING = "greeting"
    """`hello` is out; nothing else counts before the `welcome`."""
    SNAPSHOT = "snapshot"
    """The cache is not this log's: it must be filled first, then a new connection goes on from there."""
    CATCHING_UP = "catching_up"
    LIVE = "live"
    OVER = "over"
    """The relay said `sorry`."""


@dataclass(frozen=True, slots=True)
class Greet:
    """Show who we are. First action of a good connection."""

    welcome: Welcome


@dataclass(frozen=True, slots=True)
class Fill:
    """Fill the cache from a snapshot of the log `epoch`, as `scope` sees it, throwing away what it holds of another."""

    epoch: str
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Apply:
    """Fold these events; the cursor is then at least `cursor`."""

    events: list[Event]
    cursor: int


@dataclass(frozen=True, slots=True)
class Write:
    """Write the rows of a bundle that was asked for, or that came into view."""

    bundle: Bundle


@dataclass(frozen=True, slots=True)
class Drop:
    """These conversations are no longer this agent's to see."""

    conversations: list[str]


@dataclass(frozen=True, slots=True)
class Settle:
    """A command is answered, and its effect is in the cache (or it was refused)."""

    result: Result


@dataclass(frozen=True, slots=True)
class Show:
    """A colleague looks at or types in a conversation."""

    presence: Presence


@dataclass(frozen=True, slots=True)
class Stop:
    """The relay will not go on."""

    sorry: Sorry


@dataclass(frozen=True, slots=True)
class GoLive:
    """Everything the relay had at the welcome is in the cache."""


Action = Greet | Fill | Apply | Write | Drop | Settle | Show | Stop | GoLive


class Session:
    """One connection. `cursor`, `epoch` and `scope` are the cache's, `agent` whose it is ("" for nobody's yet)."""

    def __init__(
        self,
        *,
        cursor: int,
        epoch: str,
        agent: str = "",
        scope: str = "",
        version: str = "",
        mode: str = "terminal",
    ) -> None:
        self.phase = Phase.GREETING
        self.cursor = cursor if epoch else 0
        """Last event handed on in an `Apply`."""
        self.done = self.cursor
        """Last event that is in the cache."""
        self.head = 0
        self.epoch = epoch
        self.agent = agent
        self.scope = scope
        self._version = version
        self._mode = mode
        self._flying: dict[str, str | None] = {}
        """Commands sent on this connection and not answered: id → conversation."""
        self._parked: list[tuple[Result, int]] = []
        """Good results whose events are not in the cache yet, and for how many ticks."""
        self._answered: set[str] = set()

    def hello(self) -> Hello:
        """The first frame to send."""
        return Hello(
            cursor=self.cursor,
            schema=SCHEMA,
            epoch=self.epoch,
            version=self._version,
            scope=self.scope,
            mode=self._mode,
        )

    @property
    def greeted(self) -> bool:
        """Whether the relay has taken us, and commands may go."""
        return self.phase in (Phase.CATCHING_UP, Phase.LIVE)

    def receive(self, frame: AnyFrame) -> list[Action]:
        """What `frame` asks for. What makes no sense at this point, or is of our own side's kind, is passed over."""
        if isinstance(frame, Sorry):
            self.phase = Phase.OVER
            return [Stop(frame)]
        if isinstance(frame, Welcome):
            return self._welcome(frame)
        if not self.greeted:
            return []
        match frame:
            case Events():
                if frame.cursor <= self.cursor:
                    return []
                after, self.cursor = self.cursor, frame.cursor
                return [Apply([event for event in frame.events if event.seq > after], frame.cursor)]
            case Result():
                return self._result(frame)
            case Presence():
                return [Show(frame)]
            case Bundle():
                return [Write(frame)]
            case Forget():
                return [Drop(frame.conversations)]
        return []

    def _welcome(self, frame: Welcome) -> list[Action]:
        if self.phase is Phase.SNAPSHOT or self.phase is Phase.OVER:
            return []
        repeated = self.greeted  # polling begins every exchange with one
        self.head = max(self.head, frame.head)
        # A head behind our cursor is another log under the old name: restored from a backup, say. And the relay
        # sends nothing from the very beginning on: that is what snapshots are for.
        strange = frame.epoch != self.epoch or frame.head < self.cursor or (frame.head and not self.cursor)
        # And a cache filled under another scope lacks rows, or holds some that are not this agent's to see any more.
        if strange or self.scope != frame.scope or (self.agent and self.agent != frame.agent):
            self.phase = Phase.SNAPSHOT
            self.epoch, self.agent, self.scope = frame.epoch, frame.agent, frame.scope
            return [Greet(frame), Fill(frame.epoch, frame.scope)]
        if not repeated:
            self.phase = Phase.CATCHING_UP
        return [Greet(frame), *self._caught_up()]

    def _caught_up(self) -> list[Action]:
        if self.phase is Phase.CATCHING_UP and self.done >= self.head:
            self.phase = Phase.LIVE
            return [GoLive()]
        return []

    def _result(self, result: Result) -> list[Action]:
        self._flying.pop(result.id, None)
        if result.id in self._answered:
            return []
        self._answered.add(result.id)
        if result.ok and result.seq > self.done:
            self._parked.append((result, 0))
            return []
        return [Settle(result)]

    def tick(self) -> list[Action]:
        """A second has passed: results whose events do not come (because they are not ours to see) wait no longer."""
        due = [result for result, ticks in self._parked if ticks >= PATIENCE]
        self._parked = [(result, ticks + 1) for result, ticks in self._parked if ticks < PATIENCE]
        return [Settle(result) for result in due]

    def applied(self, cursor: int) -> list[Action]:
        """The cache has reached `cursor` (by our events, or by another process's): what that settles."""
        self.done = max(self.done, cursor)
        self.cursor = max(self.cursor, cursor)
        due = [result for result, _ticks in self._parked if result.seq <= self.done]
        self._parked = [parked for parked in self._parked if parked[0].seq > self.done]
        return [*(Settle(result) for result in due), *self._caught_up()]

    def due(self, pending: Iterable[Pending]) -> list[CommandFrame]:
        """The commands to send now, in order: at most one unanswered for each conversation, so that order is kept."""
        if not self.greeted:
            return []
        busy = set(self._flying.values())
        frames: list[CommandFrame] = []
        for item in pending:
            if item.id in self._flying or item.id in self._answered or item.state == REFUSED:
                continue
            if item.conversation in busy:
                continue
            busy.add(item.conversation)
            self._flying[item.id] = item.conversation
            frames.append(CommandFrame(id=item.id, command=item.command))
        return frames
