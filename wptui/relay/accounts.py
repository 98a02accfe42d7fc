"""Who may sign in: agents, one-time codes and the tokens of their terminals.

They lie in a small SQLite file of their own beside the log, because they are secrets and the log is read by
everybody: codes and tokens are stored as hashes, and what the log learns is only that an agent was added or
revoked. `wptui relay agent …` writes to the file while the relay runs; the relay looks at `stamp` and
follows. The file is the authority, `AgentAdded` and `AgentRevoked` are its echo.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import secrets
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from wptui.i18n import _
from wptui.model.errors import AuthError, StorageError, UsageError
from wptui.model.permissions import ROLES
from wptui.model.settings.roles import Roles
from wptui.model.text import fold, safe_line
from wptui.paths import ensure_dir

_log = logging.getLogger("wptui.relay.accounts")

CODE_MINUTES = 15
"""How long a one-time code can be used."""

_TABLES = """
CREATE TABLE IF NOT EXISTS agents (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, created_at INTEGER NOT NULL, revoked_at INTEGER,
    revision INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS codes (
    hash TEXT PRIMARY KEY, agent TEXT NOT NULL, expires_at INTEGER NOT NULL, used_at INTEGER
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tokens (
    hash TEXT PRIMARY KEY, agent TEXT NOT NULL, device TEXT NOT NULL, created_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL, expires_at INTEGER, revoked_at INTEGER
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS tokens_agent ON tokens (agent);
"""

# Without 0 O 1 I L U: read out on the phone, written down from a screen.
_CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_CODE_LENGTH = 12
_USED_EVERY = 60
_VERSION = 1
"""`PRAGMA user_version`; before 1 there were no roles, and everybody could do everything."""

_ATTEMPTS = 5
_ATTEMPTS_ALL = 60
_ATTEMPTS_SECONDS = 60


class Agent(msgspec.Struct, frozen=True):
    """A colleague who may sign in. Times are Unix seconds; `revision` counts changes."""

    id: str
    name: str
    role: str
    created_at: int
    revoked_at: int | None
    revision: int


class Device(msgspec.Struct, frozen=True):
    """A terminal an agent has signed in from."""

    device: str
    created_at: int
    used_at: int
    expires_at: int | None
    revoked_at: int | None


class Session(msgspec.Struct, frozen=True):
    """What a valid token stands for. `key` names the token without being it."""

    agent: Agent
    device: str
    key: str
    expires_at: int | None = None


def accounts_path(log: Path) -> Path:
    """The accounts' file beside the event log `log`."""
    return log.with_name(f"{log.stem}-accounts.db")


class Accounts:
    """The accounts' file. One connection, usable from one thread at a time; any number of processes.

    Raises StorageError where the file cannot be read or written.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self.path = path
        self._clock = clock
        self._tries: dict[str, deque[float]] = {}
        try:
            ensure_dir(path.parent)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA busy_timeout = 5000")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(_TABLES)
            self._migrate()
        except (OSError, sqlite3.Error) as error:
            raise self._broken(error) from error

    def _migrate(self) -> None:
        """A workspace from before there were roles gets an owner: who has been there longest."""
        if self._db.execute("PRAGMA user_version").fetchone()[0] >= _VERSION:
            return
        self._db.execute("BEGIN IMMEDIATE")
        try:
            first = self._db.execute(
                "UPDATE agents SET role = 'owner', revision = revision + 1 WHERE id = "
                "(SELECT id FROM agents WHERE revoked_at IS NULL ORDER BY created_at, id LIMIT 1) "
                "AND NOT EXISTS (SELECT 1 FROM agents WHERE role = 'owner' AND revoked_at IS NULL) RETURNING name"
            ).fetchone()
            self._db.execute(f"PRAGMA user_version = {_VERSION}")
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        if first is not None:
            _log.warning("%s is the workspace's owner now: nobody was. Colleagues' roles are theirs to give.", first[0])

    def close(self) -> None:
        """Close the file. May be called twice."""
        self._db.close()

    def _broken(self, error: Exception) -> StorageError:
        return StorageError(_("The accounts in {path} cannot be used: {error}").format(path=self.path, error=error))

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._broken(error) from error

    def stamp(self) -> tuple[int, int]:
        """Another value after anybody has written, in this process or another."""
        # The first counts what others wrote, the second what came through this connection.
        return int(self._db.execute("PRAGMA data_version").fetchone()[0]), self._db.total_changes

    def _now(self) -> int:
        return int(self._clock())

    # ── agents ───────────────────────────────────────────────────────────────────────────────────────────

    def agents(self) -> list[Agent]:
        """All of them, revoked ones too, by name."""
        rows = self._db.execute("SELECT id, name, role, created_at, revoked_at, revision FROM agents ORDER BY name, id")
        return [Agent(*row) for row in rows]

    def agent(self, id: str) -> Agent | None:
        """The agent with id `id`, revoked or not."""
        row = self._db.execute(
            "SELECT id, name, role, created_at, revoked_at, revision FROM agents WHERE id = ?", (id,)
        ).fetchone()
        return Agent(*row) if row else None

    def find(self, wanted: str) -> Agent:
        """The agent with id or name `wanted`, in any case and with or without accents. Raises UsageError."""
        agents = self.agents()
        exact = [agent for agent in agents if wanted in (agent.id, agent.name)]
        found = exact or [agent for agent in agents if fold(wanted) in (agent.id, fold(agent.name))]
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(agent.id for agent in found)
            raise UsageError(_("Several agents are called so: {ids}. Give the id.").format(ids=ids))
        raise UsageError(
            _("There is no agent {name}.").format(name=wanted),
            hint=_("`wptui relay agent list` shows them; `wptui relay agent add NAME` adds one."),
        )

    def add(self, name: str, role: str = "") -> Agent:
        """A new agent, or a revoked one of that name taken back. Raises UsageError for a name in use.

        Without a `role` the workspace's first agent is its owner, and who comes later an agent.
        """
        name = safe_line(name, 60)
        stem = re.sub(r"[^a-z0-9]+", "-", fold(name)).strip("-")[:30] or "agent"
        with self._change() as db:
            if not role:
                somebody = db.execute("SELECT 1 FROM agents WHERE revoked_at IS NULL").fetchone()
                role = "agent" if somebody else "owner"
            id, count = stem, 1
            while True:
                row = db.execute("SELECT name, revoked_at FROM agents WHERE id = ?", (id,)).fetchone()
                if row is None:
                    db.execute("INSERT INTO agents VALUES (?, ?, ?, ?, NULL, 1)", (id, name, role, self._now()))
                    break
                if row[0] == name and row[1] is not None:
                    db.execute(
                        "UPDATE agents SET revoked_at = NULL, role = ?, revision = revision + 1 WHERE id = ?",
                        (role, id),
                    )
                    break
                if row[0] == name:
                    raise UsageError(
                        _("There is an agent called {name} already.").format(name=name),
                        hint=_("`wptui relay agent code {id}` makes a code for another device.").format(id=id),
                    )
                count += 1
                id = f"{stem}-{count}"
        return self.find(id)

    def set_role(self, agent: str, role: str) -> None:
        """The agent with id `agent` has `role` from now on. Raises UsageError for the last owner."""
        with self._change() as db:
            if role != "owner":
                self._keep_an_owner(db, agent)
            db.execute(
                "UPDATE agents SET role = ?1, revision = revision + 1 WHERE id = ?2 AND role <> ?1", (role, agent)
            )

    def _keep_an_owner(self, db: sqlite3.Connection, agent: str) -> None:
        """Raises UsageError if nobody else is owner."""
        owners = {id for (id,) in db.execute("SELECT id FROM agents WHERE role = 'owner' AND revoked_at IS NULL")}
        if owners == {agent}:
            raise UsageError(
                _("{agent} is the last owner.").format(agent=self.find(agent).name),
                hint=_("Make somebody else an owner first."),
            )

    def revoke(self, agent: str) -> None:
        """All tokens and codes of the agent with id `agent` are void from now on. Raises UsageError: the last owner."""
        now = self._now()
        with self._change() as db:
            self._keep_an_owner(db, agent)
            db.execute(
                "UPDATE agents SET revoked_at = ?, revision = revision + 1 WHERE id = ? AND revoked_at IS NULL",
                (now, agent),
            )
            db.execute("UPDATE tokens SET revoked_at = ? WHERE agent = ? AND revoked_at IS NULL", (now, agent))
            db.execute("DELETE FROM codes WHERE agent = ?", (agent,))

    def devices(self, agent: str) -> list[Device]:
        """Where the agent has signed in, newest first."""
        rows = self._db.execute(
            "SELECT device, created_at, used_at, expires_at, revoked_at FROM tokens WHERE agent = ? "
            "ORDER BY created_at DESC",
            (agent,),
        )
        return [Device(*row) for row in rows]

    # ── codes and tokens ─────────────────────────────────────────────────────────────────────────────────

    def code(self, agent: str) -> str:
        """A new one-time code for the agent with id `agent`, as `XXXX-XXXX-XXXX`. Raises UsageError if revoked."""
        code = "".join(secrets.choice(_CODE_ALPHABET) for _n in range(_CODE_LENGTH))
        now = self._now()
        with self._change() as db:
            row = db.execute("SELECT revoked_at FROM agents WHERE id = ?", (agent,)).fetchone()
            if row is None or row[0] is not None:
                raise UsageError(
                    _("{agent} is revoked.").format(agent=agent),
                    hint=_("`wptui relay agent add NAME` lets them in again."),
                )
            db.execute("DELETE FROM codes WHERE expires_at < ?", (now - 86400,))
            db.execute("INSERT INTO codes VALUES (?, ?, ?, NULL)", (_hash(code), agent, now + CODE_MINUTES * 60))
        return "-".join(code[at : at + 4] for at in range(0, _CODE_LENGTH, 4))

    def redeem(self, code: str, device: str, *, origin: str = "", expires_in: int | None = None) -> tuple[str, Session]:
        """A token for a one-time code, once. `origin` is whose attempts are counted, `expires_in` seconds.

        Raises AuthError, with the same words whatever was wrong with the code.
        """
        self._count_attempt(origin)
        plain = "".join(char for char in code.upper() if char.isalnum())
        token = "wptui_" + secrets.token_urlsafe(32)
        now = self._now()
        device = safe_line(device, 60) or "?"
        expires_at = now + expires_in if expires_in is not None else None
        with self._change() as db:
            row = db.execute(
                "UPDATE codes SET used_at = ?1 WHERE hash = ?2 AND used_at IS NULL AND expires_at > ?1 RETURNING agent",
                (now, _hash(plain)),
            ).fetchone()
            if row is None:
                raise AuthError(
                    _("The code is wrong, used or too old."),
                    hint=_("Codes work once, for {n} minutes. Ask for a new one.").format(n=CODE_MINUTES),
                )
            db.execute(
                "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, NULL)",
                (_hash(token), row[0], device, now, now, expires_at),
            )
        self._tries.pop(f"from {origin}", None)
        return token, self.authenticate(token)

    def authenticate(self, token: str) -> Session:
        """Whose `token` is. Raises AuthError where it is not known, expired or revoked."""
        key = _hash(token)
        now = self._now()
        try:
            row = self._db.execute(
                """SELECT t.device, t.expires_at, t.revoked_at, t.used_at,
                          a.id, a.name, a.role, a.created_at, a.revoked_at, a.revision
                   FROM tokens t JOIN agents a ON a.id = t.agent WHERE t.hash = ?""",
                (key,),
            ).fetchone()
        except sqlite3.Error as error:
            raise self._broken(error) from error
        again = _("Sign in again with `wptui login`; a colleague who runs the relay can give you a code.")
        if row is None:
            raise AuthError(_("The relay does not know this token."), hint=again)
        if row[2] is not None or row[8] is not None:
            raise AuthError(_("This terminal's access was withdrawn."), hint=again)
        if row[1] is not None and row[1] <= now:
            raise AuthError(_("This terminal's token has expired."), hint=again)
        if now - row[3] >= _USED_EVERY:
            self._touch(key, now)
        return Session(Agent(*row[4:]), row[0], key, row[1])

    def sign_out(self, session: Session) -> None:
        """The token behind `session` is void from now on; the agent's other devices stay signed in."""
        with self._change() as db:
            db.execute("UPDATE tokens SET revoked_at = ? WHERE hash = ?", (self._now(), session.key))

    def _touch(self, key: str, now: int) -> None:
        try:
            self._db.execute("UPDATE tokens SET used_at = ? WHERE hash = ?", (now, key))
        except sqlite3.Error:
            pass  # a full disk must not lock the agents out

    def valid(self, session: Session) -> bool:
        """Whether the token behind `session` is still good."""
        row = self._db.execute(
            "SELECT 1 FROM tokens t JOIN agents a ON a.id = t.agent WHERE t.hash = ? AND t.revoked_at IS NULL "
            "AND a.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > ?)",
            (session.key, self._now()),
        ).fetchone()
        return row is not None

    def _count_attempt(self, origin: str) -> None:
        """Guessing is made hopeless: a few attempts a minute from one place, and not many from all together."""
        now = self._clock()
        for key, most in ((f"from {origin}", _ATTEMPTS), ("all", _ATTEMPTS_ALL)):
            tries = self._tries.setdefault(key, deque())
            while tries and tries[0] < now - _ATTEMPTS_SECONDS:
                tries.popleft()
            if len(tries) >= most:
                raise AuthError(_("Too many attempts. Wait a minute."))
        for key in (f"from {origin}", "all"):
            self._tries[key].append(now)
        if len(self._tries) > 1000:
            self._tries = {key: tries for key, tries in self._tries.items() if tries and tries[-1] > now - 60}


def _hash(secret: str) -> str:
    # Codes and tokens are random, so a plain digest cannot be reversed by guessing within a code's life.
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


# ── roles ────────────────────────────────────────────────────────────────────────────────────────────────


def own_roles(view: Path) -> Roles:
    """The workspace's own roles, as the relay's view in file `view` knows them; none where there is no view yet."""
    from wptui.store import team
    from wptui.store.database import open_database

    if not view.exists():
        return {}
    try:
        db = open_database(view, read_only=True)
    except (sqlite3.Error, StorageError):  # of another version: the relay builds it again when it starts
        return {}
    try:
        found: Roles = team.document(db, "roles")
        return found
    except sqlite3.Error:
        return {}
    finally:
        db.close()


def role_named(role: str, own: Roles) -> str:
    """`role`, if there is such a role. Raises UsageError, naming those there are."""
    if role in ROLES or role in own:
        return role
    names = ", ".join([*ROLES, *own])
    raise UsageError(
        _("There is no role {name}.").format(name=safe_line(role, 40)), hint=_("There are: {names}").format(names=names)
    )
