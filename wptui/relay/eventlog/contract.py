"""What an event log is: the ordered list of a workspace's facts, and the webhook bodies it was made from.

The rest of the relay knows this contract only. `tests/relay/test_eventlog_contract.py` is run against every
engine.

Guarantees
    Numbering   `seq` starts at 1 and is dense. Events become visible in the order of their numbers: a reader
                that has seen N never meets a later event with a smaller number.
    Durability  What `store_raw` and `append` have returned survives the death of the process and the loss of
                power. Concurrent calls share a commit.
    Atomicity   The groups of one `append` and its marks on raw bodies are kept all together or not at all.
    Once        A group with a `unique` key is kept once. Offered again, it gives the first outcome.
    Faults      Storage that refuses (full disk, I/O error) raises StorageError, and nothing was kept. The log
                goes on as soon as the storage does.

Methods are coroutines of one event loop and may be called concurrently. Cancelling a call does not take back
what it asked for: it may or may not be kept, as after a crash.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self

import msgspec

from wptui.model.events import Event


class Append(msgspec.Struct):
    """A group of events that belong together: what one webhook item or one command led to."""

    events: list[Event]
    """Not yet numbered; `append` sets their `seq`. May be empty: then only the key is kept."""
    unique: str | None = None
    """Idempotency key (wamid, wamid + status, command id). Compared whole, of any length."""
    digest: str = ""
    """Fingerprint of what the group says: the same key with another digest is a conflict."""
    expect: tuple[str, int] | None = None
    """(conversation, version): keep the group only while the conversation's version is this one."""
    raw: int | None = None
    """The stored body this group was expanded from; None for what agents and the relay itself did."""


class Outcome(msgspec.Struct, frozen=True):
    """What became of a group."""

    first: int
    last: int
    """Numbers of its first and last event; an empty group has `first == last + 1`."""
    repeated: bool = False
    """The key was known: nothing was added; the numbers are the first time's."""
    conflict: bool = False
    """The key was known with another digest: nothing was added; the numbers are the first time's."""


class Raw(msgspec.Struct, frozen=True):
    """A webhook body as it came."""

    number: int
    """Dense from 1, in the order of storing."""
    received_at: int
    """Relay's clock, Unix milliseconds."""
    body: bytes
    position: int | None = None
    """The head of the log before the append that expanded it; None while it waits for that."""


class Group(msgspec.Struct, frozen=True):
    """A group as it stands in the log, without its events."""

    unique: str
    digest: str
    first: int
    last: int
    raw: int | None = None


class Entry(msgspec.Struct, frozen=True):
    """An event and where it came from."""

    event: Event
    raw: int | None
    """The body it was expanded from."""
    group: Group | None
    """The keyed group whose first event it is."""


class LeaseState(msgspec.Struct, frozen=True):
    """Who does the workspace's side effects, and until when unless renewed (Unix milliseconds)."""

    holder: str
    expires_at: int


class EventLog(Protocol):
    """The event log of one workspace."""

    @property
    def epoch(self) -> str:
        """Which log this is: changes when the log was rebuilt and its numbers mean something else."""
        ...

    async def open(self) -> None:
        """Open the log, making it where there is none. Raises StorageError."""
        ...

    async def close(self) -> None:
        """Finish what was asked for, give the lease back, and close. May be called twice."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    # ── webhook bodies ───────────────────────────────────────────────────────────────────────────────────

    async def store_raw(self, body: bytes, received_at: int) -> int:
        """Keep `body`, received at `received_at` (Unix milliseconds); durable on return. Its number."""
        ...

    async def unexpanded(self, limit: int) -> list[Raw]:
        """The first `limit` bodies that no append has marked yet, in order."""
        ...

    async def wait_unexpanded(self, timeout: float) -> bool:
        """Wait until a body waits for its expansion, at most `timeout` seconds; whether one does."""
        ...

    async def backlog(self) -> int:
        """How many bodies wait for their expansion."""
        ...

    async def raw(self, number: int) -> Raw | None:
        """Body `number`, or None where there is none."""
        ...

    async def raws(self, after: int, limit: int) -> list[Raw]:
        """Up to `limit` bodies with numbers above `after`, in order."""
        ...

    # ── events ───────────────────────────────────────────────────────────────────────────────────────────

    async def append(self, batch: Sequence[Append], *, raws: Sequence[int] = ()) -> list[Outcome]:
        """Keep the groups of `batch` in order, and mark `raws` as expanded here; durable on return.

        One transaction: a group whose `expect` fails raises ConflictError and nothing of the batch is kept.
        Keys are looked at first: a repeat is no failure, whatever its `expect`. An outcome per group; the
        events of groups that were added carry their numbers. Raises StorageError.
        """
        ...

    async def read(self, after: int, limit: int) -> list[Event]:
        """Up to `limit` events with numbers above `after`, in order."""
        ...

    async def head(self) -> int:
        """Number of the last event; 0 in an empty log."""
        ...

    async def version(self, conversation: str) -> int:
        """Number of the last event of `conversation`; 0 where there is none."""
        ...

    async def wait_beyond(self, seq: int, timeout: float) -> int:
        """Wait until the log has an event after `seq`, at most `timeout` seconds; the head then."""
        ...

    async def known(self, keys: Sequence[str]) -> dict[str, Group]:
        """Those of `keys` that the log has, with what they stand for."""
        ...

    async def find(self, prefix: str, limit: int = 100, after: str = "") -> list[Group]:
        """Up to `limit` groups whose key starts with `prefix` and sorts behind `after`, by key."""
        ...

    async def group_at(self, seq: int) -> Group | None:
        """The keyed group that event `seq` belongs to, if it belongs to one."""
        ...

    async def entries(self, after: int, limit: int) -> list[Entry]:
        """As `read`, with where each event came from."""
        ...

    async def trail(
        self, types: Sequence[str], limit: int, *, before: int | None = None, conversation: str = "", agent: str = ""
    ) -> list[Event]:
        """Up to `limit` events of `types` with numbers below `before`, the latest first.

        Only those of one conversation, and only what one agent (an id) did, where they are named.
        """
        ...

    # ── bookmarks ────────────────────────────────────────────────────────────────────────────────────────

    async def bookmarks(self) -> dict[str, int]:
        """How far readers are that must not read anything twice: their names, and numbers of events."""
        ...

    async def set_bookmarks(self, places: Mapping[str, int]) -> None:
        """Set some of them, all or none; durable on return. Shares a commit with what is kept meanwhile."""
        ...

    # ── the lease ────────────────────────────────────────────────────────────────────────────────────────

    async def acquire(self, holder: str, ttl: float) -> bool:
        """Take the lease for `ttl` seconds if it is free, expired or `holder`'s. Whether it was taken.

        An engine that can tell that the former holder is dead need not wait for the expiry.
        """
        ...

    async def renew(self, holder: str, ttl: float) -> bool:
        """Hold on to the lease for `ttl` seconds more; False where `holder` has lost it."""
        ...

    async def release(self, holder: str) -> None:
        """Give the lease back, if `holder` has it."""
        ...

    async def lease(self) -> LeaseState | None:
        """The lease as it stands, expired or not; None where nobody has it."""
        ...
