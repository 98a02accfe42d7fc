"""The outbox: what the agent asked for, until the relay has answered; and what they have typed but not sent.

A SQLite file of its own, every commit synced, so that a command is either on disk or was never shown as given.
The cache can be thrown away beside it. Several processes (the terminal, line mode) may share it: a command sent
twice has one id, and the relay executes an id once.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from wptui import paths
from wptui.i18n import _
from wptui.model.commands import AnyCommand, command_id
from wptui.model.errors import StorageError
from wptui.model.protocol import Result

VERSION = 1

WAITING, SENT, REFUSED = "waiting", "sent", "refused"
"""States of a command: not yet on its way; sent, no result yet; refused, shown until dropped."""

_TABLES = """
CREATE TABLE commands (
    no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, conversation TEXT, command TEXT NOT NULL,
    created_at INTEGER NOT NULL, state TEXT NOT NULL DEFAULT 'waiting',
    code TEXT NOT NULL DEFAULT '', message TEXT NOT NULL DEFAULT ''
);
CREATE TABLE outcomes (id TEXT PRIMARY KEY, result TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE drafts (conversation TEXT PRIMARY KEY, text TEXT NOT NULL, changed_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""

_OUTCOMES_KEPT = 24 * 3600
"""Seconds for which the outcome of a command is kept, for another process that waits for it."""

_command: msgspec.json.Decoder[AnyCommand] = msgspec.json.Decoder(AnyCommand)
_result: msgspec.json.Decoder[Result] = msgspec.json.Decoder(Result)


class Pending(msgspec.Struct, frozen=True):
    """A command without a good result yet; `code` and `message` say why it was refused. Times are Unix milliseconds."""

    id: str
    conversation: str | None
    command: AnyCommand
    created_at: int
    state: str
    code: str = ""
    message: str = ""


class Outbox:
    """The outbox in the file `path`, made if it is not there. May be used from several threads.

    A damaged file is moved aside to `set_aside` and a new one begun. Raises StorageError, from every method,
    where the file cannot be read or written (a full disk, above all): then nothing was changed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.set_aside: Path | None = None
        self.on_add: Callable[[], None] | None = None
        """Called after `add`, in the adding thread."""
        self._lock = threading.RLock()
        try:
            try:
                self._db = self._open()
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                self.set_aside = path.with_name(f"{path.name}.damaged-{int(time.time())}")
                _move(path, self.set_aside)
                self._db = self._open()
        except (OSError, sqlite3.Error) as error:
            raise _told(error) from error
        self._seen = self._version()

    def _open(self) -> sqlite3.Connection:
        paths.ensure_dir(self.path.parent)
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        try:
            db.execute("PRAGMA busy_timeout = 10000")
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            if db.execute("PRAGMA user_version").fetchone()[0] == 0:
                db.execute("BEGIN IMMEDIATE")
                # Asked again under the lock: another process may just have made the tables.
                if db.execute("PRAGMA user_version").fetchone()[0] == 0:
                    for statement in _TABLES.split(";\n"):
                        db.execute(statement)
                    db.execute(f"PRAGMA user_version = {VERSION}")
                db.execute("COMMIT")
            if db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise sqlite3.DatabaseError("quick_check")
        except BaseException:
            db.close()
            raise
        return db

    def close(self) -> None:
        """Closes the file. May be called twice."""
        with self._lock:
            self._db.close()

    @contextmanager
    def _use(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._db
            except sqlite3.Error as error:
                raise _told(error) from error

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        with self._use() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    def _version(self) -> int:
        with self._use() as db:
            return int(db.execute("PRAGMA data_version").fetchone()[0])

    def changed(self) -> bool:
        """Whether another process (or connection) has written since the last call. Costs microseconds."""
        version = self._version()
        changed, self._seen = version != self._seen, version
        return changed

    # ── commands ─────────────────────────────────────────────────────────────────────────────────────────

    def add(self, conversation: str | None, command: AnyCommand, *, id: str = "") -> str:
        """Keeps a command, on disk before this returns; its id, which is the message's id of a send."""
        id = id or command_id()
        text = msgspec.json.encode(command).decode()
        with self._change() as db:
            db.execute(
                "INSERT INTO commands (id, conversation, command, created_at) VALUES (?, ?, ?, ?)",
                (id, conversation, text, int(time.time() * 1000)),
            )
        if self.on_add is not None:
            self.on_add()
        return id

    def pending(self, conversation: str | None = None) -> list[Pending]:
        """Commands without a good result, refused ones too, in the order given; of one conversation, or all."""
        sql = "SELECT id, conversation, command, created_at, state, code, message FROM commands"
        with self._use() as db:
            if conversation is None:
                rows = db.execute(sql + " ORDER BY no").fetchall()
            else:
                rows = db.execute(sql + " WHERE conversation = ? ORDER BY no", (conversation,)).fetchall()
        found: list[Pending] = []
        for id, of, text, *rest in rows:
            try:
                found.append(Pending(id, of, _command.decode(text), *rest))
            except msgspec.MsgspecError:
                continue  # of a newer wptui: kept for that one
        return found

    def mark_sent(self, ids: list[str]) -> None:
        """These are on their way: they stay until their result comes, and go again after a reconnect."""
        with self._change() as db:
            sql = "UPDATE commands SET state = 'sent' WHERE id = ? AND state = 'waiting'"
            db.executemany(sql, [(id,) for id in ids])

    def settle(self, result: Result) -> None:
        """The relay has answered: a good command goes, a refused one stays with its reason until `drop`."""
        now = int(time.time())
        with self._change() as db:
            if result.ok:
                db.execute("DELETE FROM commands WHERE id = ?", (result.id,))
            else:
                db.execute(
                    "UPDATE commands SET state = 'refused', code = ?, message = ? WHERE id = ?",
                    (result.code, result.message, result.id),
                )
            db.execute("DELETE FROM outcomes WHERE at < ?", (now - _OUTCOMES_KEPT,))
            db.execute(
                "INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?)",
                (result.id, msgspec.json.encode(result).decode(), now),
            )

    def outcome(self, id: str) -> Result | None:
        """The result of a command, from whichever process it came to; for a day."""
        with self._use() as db:
            row = db.execute("SELECT result FROM outcomes WHERE id = ?", (id,)).fetchone()
        return _result.decode(row[0]) if row else None

    def drop(self, id: str) -> None:
        """Forgets a command. One that was sent already may still be executed."""
        with self._change() as db:
            db.execute("DELETE FROM commands WHERE id = ?", (id,))

    # ── drafts and small state ───────────────────────────────────────────────────────────────────────────

    def draft(self, conversation: str) -> str:
        """What stands in the composer of a conversation; "" for nothing."""
        with self._use() as db:
            row = db.execute("SELECT text FROM drafts WHERE conversation = ?", (conversation,)).fetchone()
        return row[0] if row else ""

    def set_draft(self, conversation: str, text: str) -> None:
        """Keeps a draft; "" removes it."""
        with self._change() as db:
            if text:
                db.execute("INSERT OR REPLACE INTO drafts VALUES (?, ?, ?)", (conversation, text, int(time.time())))
            else:
                db.execute("DELETE FROM drafts WHERE conversation = ?", (conversation,))

    def get(self, key: str, default: str = "") -> str:
        """A small thing to remember on this machine."""
        with self._use() as db:
            row = db.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
        return row[0] if row else default

    def set(self, key: str, value: str) -> None:
        """Remembers it."""
        with self._change() as db:
            db.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (key, value))


def _move(path: Path, to: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        old = path.with_name(path.name + suffix)
        if old.exists():
            old.rename(to.with_name(to.name + suffix))


def _told(error: Exception) -> StorageError:
    if is_full(error):
        return StorageError(_("Not saved: the disk is full"), hint=_("Make room and try again; nothing else was lost."))
    return StorageError(_("The outbox cannot be used: {error}").format(error=error))


def is_full(error: BaseException) -> bool:
    """Whether an error of SQLite's or the system's means that nothing more can be written."""
    import errno

    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    # A quota or a file size limit reaches us as a failed write.
    return code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
