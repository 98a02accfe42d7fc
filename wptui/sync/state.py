"""What the link tells the rest of the terminal: how it stands, and what changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a terminal names these states before it needs the fold and the protocol
    from wptui.model.protocol import Presence, Result
    from wptui.store.changes import Changes


class Kind(StrEnum):
    """How the link stands, from the agent's point of view."""

    CONNECTING = "connecting"
    SYNCING = "syncing"
    """Connected, but the cache is not up to date yet; see `progress`."""
    LIVE = "live"
    POLLING = "polling"
    """Up to date within some seconds: no WebSocket can get through."""
    OFFLINE = "offline"
    """Tried again by itself; `detail` says why."""
    REFUSED = "refused"
    """The relay will not have us; `detail` says why, `hint` what to do."""


@dataclass(frozen=True)
class LinkState:
    """How the link stands. `since` and `fresh` are Unix seconds by this machine's clock."""

    kind: Kind = Kind.CONNECTING
    since: float = 0.0
    code: str = ""
    """Machine-readable reason of offline or refused: disk_full, unreachable, revoked, older_terminal …"""
    detail: str = ""
    hint: str = ""
    progress: float = 0.0
    """Of a first sync, 0 to 1."""
    skew_ms: int = 0
    """The relay's clock minus ours: add it to our clock before comparing with anything the relay wrote."""
    agent: str = ""
    name: str = ""
    workspace: str = ""
    permissions: tuple[str, ...] = ()
    role: str = ""
    """Of the agent: built in, or a key of the settings' section `roles`."""
    scope: str = ""
    """What the agent sees (`permissions.Scope.key`)."""
    latency: float = 0.0
    """Seconds of the last round trip."""
    fresh: float = 0.0
    """When the cache was last known to be up to date; 0 never on this link."""

    @property
    def connected(self) -> bool:
        """Whether commands go out now."""
        return self.kind in (Kind.LIVE, Kind.POLLING)


@dataclass(frozen=True)
class LinkChange:
    """Something happened on the link. Each field is None or empty where it did not change."""

    changes: Changes | None = None
    """Rows of the cache that changed."""
    state: LinkState | None = None
    results: list[Result] = field(default_factory=list)
    """Commands answered; the effect of the good ones is in the cache."""
    presence: list[Presence] = field(default_factory=list)
    rebuilt: bool = False
    """The cache is another file now: open it again and read everything anew."""
    outbox: bool = False
    """Commands or drafts changed in the outbox, perhaps by another process."""
