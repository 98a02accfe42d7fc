"""What the screens work with: the agent's settings, the cache they read, the outbox they write, and the link.

The cache is read on the screen's own connection, which cannot write: everything the agent does goes into the outbox
and comes back as events. Reading takes less than a millisecond, so no thread is needed for it.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from wptui.model.errors import StorageError
from wptui.store.database import get_meta, open_database
from wptui.sync.credentials import Account, Places, places
from wptui.sync.state import LinkChange, LinkState

if TYPE_CHECKING:
    from wptui.config import Settings
    from wptui.model.commands import AnyCommand
    from wptui.screens.remote import Trail
    from wptui.sync.media import Uploaded
    from wptui.sync.outbox import Outbox

DEFAULT_TARGET = 600


class LinkLike(Protocol):
    """What the screens ask of the link (`wptui.sync.link.Link`)."""

    state: LinkState

    async def run(self) -> None:
        """Connects, and connects again, until `close`."""

    def poke(self) -> None:
        """The agent is there: try at once."""

    def presence(self, state: str, conversation: str | None) -> None:
        """Tells colleagues where the agent is."""

    async def pull_older(self, conversation: str, before: tuple[int, int], limit: int = 100) -> None:
        """Brings older messages into the cache."""

    async def close(self) -> None:
        """Ends `run`."""


class Remote(Protocol):
    """What the screens ask of the relay beside the log. Each may raise WptuiError."""

    async def story(self, message: str) -> dict[str, Any]:
        """The raw story of a message."""

    async def fetch(self, key: str) -> Path:
        """A message's file, on this machine."""

    async def upload(self, path: Path) -> Uploaded:
        """Hands a file to the relay, for a message to carry."""

    async def add_agent(self, name: str, role: str) -> dict[str, Any]:
        """A new colleague, with the one-time `code`."""

    async def new_code(self, agent: str) -> dict[str, Any]:
        """A one-time `code` for another device of `agent`."""

    async def set_role(self, agent: str, role: str) -> None:
        """Gives `agent` another role."""

    async def shut_out(self, agent: str) -> None:
        """Withdraws every token of `agent`."""

    async def audit(self, *, conversation: str = "", agent: str = "", before: int | None = None) -> Trail:
        """A page of the trail, the latest first."""


Told = Callable[[LinkChange], None]
MakeLink = Callable[[Path, "Outbox", Account, Told], Coroutine[Any, Any, "tuple[LinkLike, Remote]"]]


class Desk:
    """One agent's place of work."""

    def __init__(self, settings: Settings, account: Account | None, *, files: Places | None = None) -> None:
        self.settings = settings
        self.account = account
        self.files = files or (places(account) if account else None)
        self.link: LinkLike | None = None
        self.remote: Remote | None = None
        self.trouble = ""
        """Why the cache could not be read at start, if so."""
        self.online: set[str] = set()
        """Colleagues with a terminal open, as far as was heard on this connection."""
        self._outbox: Outbox | None = None
        self.db = self._open()
        self._names: dict[str, str] | None = None
        self._allowed: frozenset[str] | None = None

    # ── files ────────────────────────────────────────────────────────────────────────────────────────────

    def _open(self) -> sqlite3.Connection:
        if self.files is not None:
            try:
                db = open_database(self.files.cache)
                db.execute("PRAGMA query_only = ON")
                return db
            except (StorageError, OSError) as error:
                # The link finds the same, builds the cache again, and says so; until then there is nothing to show.
                self.trouble = str(error)
        return open_database(":memory:")

    def reopen(self) -> None:
        """The cache is another file now."""
        self.db.close()
        self.trouble = ""
        self.db = self._open()
        self._names = self._allowed = None

    def wipe(self) -> None:
        """The agent may not see this any more: customers' data goes from this machine, drafts and outbox too."""
        self.db.close()
        if self._outbox is not None:
            self._outbox.close()
            self._outbox = None
        if self.files is not None:
            import shutil

            for file in (self.files.cache, self.files.outbox):
                for suffix in ("", "-wal", "-shm"):
                    file.with_name(file.name + suffix).unlink(missing_ok=True)
            shutil.rmtree(self.files.media, ignore_errors=True)
        self.files = None
        self.db = self._open()
        self._names = self._allowed = None

    def close(self) -> None:
        """Closes the files. Textual is about to end."""
        self.db.close()
        if self._outbox is not None:
            self._outbox.close()

    @property
    def outbox(self) -> Outbox:
        """The outbox. Raises StorageError where its file cannot be used, or nobody is signed in."""
        if self._outbox is None:
            from wptui.sync.outbox import Outbox

            if self.files is None:
                raise StorageError("not signed in")
            self._outbox = Outbox(self.files.outbox)
        return self._outbox

    def give(self, conversation: str | None, command: AnyCommand) -> str:
        """Gives a command: it is on disk when this returns. Raises StorageError, and then it was not given."""
        return self.outbox.add(conversation, command)

    def heard(self, change: LinkChange) -> None:
        """Takes in which colleagues are there."""
        if change.state is not None and not change.state.connected:
            self.online.clear()
        for presence in change.presence:
            if presence.state == "offline":
                self.online.discard(presence.agent)
            elif presence.agent:
                self.online.add(presence.agent)

    # ── who and when ─────────────────────────────────────────────────────────────────────────────────────

    @property
    def state(self) -> LinkState | None:
        """How the link stands; None where nobody is signed in."""
        if self.link is not None:
            return self.link.state
        return LinkState() if self.account is not None else None

    def now(self) -> float:
        """The relay's time, Unix seconds: what waiting customers and windows are measured by."""
        skew = self.link.state.skew_ms / 1000 if self.link is not None else 0.0
        return time.time() + skew

    @property
    def me(self) -> str:
        """The agent's id."""
        if self.link is not None and self.link.state.agent:
            return self.link.state.agent
        if self.account is not None and self.account.agent:
            return self.account.agent
        return str(get_meta(self.db, "agent", "") or "")

    @property
    def my_name(self) -> str:
        """The agent's name."""
        if self.link is not None and self.link.state.name:
            return self.link.state.name
        return (self.account.name if self.account else "") or self.name(self.me)

    @property
    def workspace(self) -> str:
        """The workspace's name."""
        known = str(get_meta(self.db, "workspace", "") or "")
        if known:
            return known
        if self.link is not None and self.link.state.workspace:
            return self.link.state.workspace
        return self.account.workspace if self.account else ""

    @property
    def target(self) -> int:
        """Seconds from which a customer counts as late: the agent's setting where it is not the default."""
        if self.settings.first_response_target != DEFAULT_TARGET:
            return self.settings.first_response_target
        return int(get_meta(self.db, "first_response_target", DEFAULT_TARGET) or DEFAULT_TARGET)

    def may(self, permission: str) -> bool:
        """Whether the agent's role allows `permission` (an id), as far as is known here: the relay decides."""
        return not self.permissions or permission in self.permissions

    def may_any(self, permissions: Sequence[str]) -> bool:
        """Whether the role allows one of `permissions`; true where there is none to ask for."""
        return not permissions or any(self.may(permission) for permission in permissions)

    @property
    def permissions(self) -> frozenset[str]:
        """What the agent's role allows: as the relay said, else as the cache knows it; empty where neither does."""
        if self.link is not None and self.link.state.permissions:
            return frozenset(self.link.state.permissions)
        if self._allowed is None:
            from wptui.store import team  # brings the settings, which the first screen does not need

            self._allowed = team.allowed(self.db, self.me)
        return self._allowed

    def duty(self, agent: str = "") -> str:
        """The duty (on, busy, away) of `agent`, oneself by default; "" where it is not known."""
        row = self.db.execute("SELECT duty FROM agents WHERE id = ? AND duty_how <> ''", (agent or self.me,)).fetchone()
        return str(row[0]) if row else ""

    def name(self, agent: str) -> str:
        """An agent's name by id; the id itself where it is not known."""
        return self.agents.get(agent, agent)

    @property
    def agents(self) -> dict[str, str]:
        """Everybody's name by id, also of those who have left."""
        if self._names is None:
            self._names = dict(self.db.execute("SELECT id, name FROM agents"))
        return self._names

    def colleagues(self) -> list[tuple[str, str]]:
        """(id, name) of everybody who may sign in, by name."""
        return list(self.db.execute("SELECT id, name FROM agents WHERE NOT revoked ORDER BY name"))

    def renew_names(self) -> None:
        """Agents were added or renamed, or have another role."""
        self._names = self._allowed = None
