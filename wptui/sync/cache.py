"""The only writer of the terminal's cache: one thread with a connection of its own.

Everything here blocks and runs in that thread (`link` sees to it), so that a big sync never holds up a key press.
Another wptui of the same account may write the same file; the fold passes over what is already in.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from wptui import paths
from wptui.model.errors import StorageError
from wptui.model.events import Event
from wptui.model.permissions import See
from wptui.model.protocol import Bundle
from wptui.store import bundles, fold, search
from wptui.store.changes import Changes
from wptui.store.database import cursor, get_meta, open_database, transaction
from wptui.store.fold_contacts import remove_conversation

_INDEX_BATCH = 500

_log = logging.getLogger("wptui.sync.cache")


class CacheDamaged(Exception):
    """The cache cannot be read or written as a cache any more: rebuild it."""


class Cache:
    """The cache in the file `path`. Not open until `open`; one thread at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._db: sqlite3.Connection | None = None
        self._inode: tuple[int, int] | None = None
        self._data_version = 0
        self._known = 0
        """Log position up to which our side has been told of changes."""
        self._stale: list[str] = []

    @property
    def db(self) -> sqlite3.Connection:
        """The connection. Only while open."""
        assert self._db is not None
        return self._db

    @property
    def is_open(self) -> bool:
        """Whether the file is open."""
        return self._db is not None

    def open(self, *, check: bool = False) -> None:
        """Opens the file, made if it is not there; with `check` every page is looked at.

        Raises CacheDamaged where it is no usable cache, StorageError or OSError where the disk is to blame.
        """
        self.close()
        paths.ensure_dir(self.path.parent)
        try:
            self._db = open_database(self.path)
            if check and self.db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise CacheDamaged("quick_check")
        except StorageError as error:
            cause = error.__cause__
            if isinstance(cause, sqlite3.OperationalError) and not is_damage(cause):
                raise
            raise CacheDamaged(str(error)) from error
        except sqlite3.DatabaseError as error:
            if is_damage(error):
                raise CacheDamaged(str(error)) from error
            raise
        self._inode = self._file()
        self._data_version = self._version()
        self._known = cursor(self.db)

    def close(self) -> None:
        """Closes the file. May be called twice."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def _file(self) -> tuple[int, int] | None:
        try:
            stat = self.path.stat()
        except FileNotFoundError:
            return None
        return stat.st_dev, stat.st_ino

    def _version(self) -> int:
        return int(self.db.execute("PRAGMA data_version").fetchone()[0])

    def replaced(self) -> bool:
        """Whether another process has put another file in our file's place."""
        return self._file() != self._inode

    def set_aside(self) -> None:
        """Moves the file out of the way and begins an empty one. The old one is kept until the new one is filled."""
        self.close()
        for suffix in ("", "-wal", "-shm"):
            old = self.path.with_name(self.path.name + suffix)
            if old.exists():
                os.replace(old, self._aside(suffix))
        self.open()

    def _aside(self, suffix: str = "") -> Path:
        return self.path.with_name(f"{self.path.name}.damaged{suffix}")

    def drop_aside(self) -> None:
        """Removes what `set_aside` kept: it holds customers' messages, and the new cache has them."""
        for suffix in ("", "-wal", "-shm"):
            self._aside(suffix).unlink(missing_ok=True)

    # ── what it holds ────────────────────────────────────────────────────────────────────────────────────

    def position(self) -> tuple[int, str, str]:
        """(cursor, epoch, agent): how far the cache is, in which log, and whose it is; epoch "" until it is filled."""
        return (
            cursor(self.db),
            str(get_meta(self.db, "epoch", "") or ""),
            str(get_meta(self.db, "agent", "") or ""),
        )

    def scope(self) -> str:
        """Under which scope (`permissions.Scope.key`) it was filled; "" until it is, or for a relay without any."""
        return str(get_meta(self.db, "scope", "") or "")

    def _limited(self) -> bool:
        """Whether it holds a part of the relay's rows only: then contacts come and go with their conversations."""
        scope = self.scope()
        return bool(scope) and not scope.startswith(f"{See.ALL.value}:")

    def is_empty(self) -> bool:
        """Whether nothing was ever written to it."""
        return self.db.execute("SELECT 1 FROM meta LIMIT 1").fetchone() is None

    # ── writing ──────────────────────────────────────────────────────────────────────────────────────────

    def apply(self, events: Sequence[Event], to: int) -> Changes:
        """Folds events, up to log position `to`, in one transaction; also tells what another process changed."""
        try:
            with transaction(self.db) as db:
                changes = fold.apply(db, events, advance_to=to)
        except sqlite3.OperationalError:
            raise  # the file or the disk, not the events
        except Exception as error:
            if isinstance(error, sqlite3.DatabaseError) and is_damage(error):
                raise
            _log.exception("%d events up to %d are folded one by one", len(events), to)
            changes = self._one_by_one(events, to)
        return self._with_others(changes)

    def _one_by_one(self, events: Sequence[Event], to: int) -> Changes:
        """An event the fold stumbles over must not stop all that come after it."""
        total = Changes()
        for event in events:
            try:
                with transaction(self.db) as db:
                    total.add(fold.apply(db, (event,)))
            except sqlite3.OperationalError:
                raise
            except Exception:
                _log.exception("event %d (%s) is passed over", event.seq, event.type)
                total.skipped[event.type] = total.skipped.get(event.type, 0) + 1
        with transaction(self.db) as db:
            total.add(fold.apply(db, (), advance_to=to))
        return total

    def write(self, bundle: Bundle) -> Changes:
        """Writes a bundle: conversations that came into view, or a page of older messages."""
        changes = Changes()
        with transaction(self.db) as db:
            if "conversations" not in bundle.tables:
                self._write_page(db, bundle, changes)
            elif bundle.seq < cursor(db):
                # Another process of the same account has gone on: what is in between would be passed over for ever.
                self._stale += _ids(bundle)
            else:
                self._write_whole(db, bundle, changes)
        return self._with_others(changes)

    def _write_page(self, db: sqlite3.Connection, bundle: Bundle, changes: Changes) -> None:
        if db.execute("SELECT 1 FROM conversations WHERE id = ?", (bundle.after,)).fetchone():
            bundles.apply_bundle(db, bundle)
            changes.conversations.add(bundle.after)

    def _write_whole(self, db: sqlite3.Connection, bundle: Bundle, changes: Changes) -> None:
        ids, before = _ids(bundle), cursor(db)
        contacts = _contacts(db, ids) | _owners(db, bundle)
        changes.conversations = bundles.apply_bundle(db, bundle)
        if self._limited():
            _prune(db, contacts)
        for id in sorted(changes.conversations):  # what is newer than all we know has just happened
            changes.inbound += _inbound(db, id, before)
            _called(db, id, before, changes)

    def take_stale(self) -> list[str]:
        """Conversations whose bundle came too late to be written; they are to be asked for again."""
        stale, self._stale = self._stale, []
        return stale

    def drop(self, conversations: Sequence[str]) -> Changes:
        """Drops conversations and all that hangs on them, their contacts too where nothing else is left of those."""
        with transaction(self.db) as db:
            contacts = _contacts(db, conversations)
            for id in conversations:
                remove_conversation(db, id)
            if self._limited():
                _prune(db, contacts)
        return self._with_others(Changes(removed=set(conversations)))

    def others(self) -> Changes | None:
        """What another process has written since we looked last; None for nothing."""
        if self._version() == self._data_version:
            return None
        changes = self._with_others(Changes())
        return changes if changes.conversations or changes.workspace else None

    def _with_others(self, changes: Changes) -> Changes:
        version = self._version()
        if version != self._data_version:
            # Rare, so a scan is good enough: without another writer this is never reached.
            self._data_version = version
            found = {id for (id,) in self.db.execute("SELECT id FROM conversations WHERE seq > ?", (self._known,))}
            for id in found - changes.conversations:
                changes.inbound += _inbound(self.db, id, self._known)
            changes.conversations |= found - changes.removed
            changes.workspace = True
        self._known = changes.cursor = max(self._known, cursor(self.db))
        return changes

    def index(self, seconds: float) -> None:
        """Brings the search index further, for about so long at most."""
        until = time.monotonic() + seconds
        while search.is_behind(self.db) and time.monotonic() < until:
            with transaction(self.db) as db:
                search.index_behind(db, _INDEX_BATCH)


def _ids(bundle: Bundle) -> list[str]:
    """The conversations of a bundle."""
    table = bundle.tables["conversations"]
    at = table["columns"].index("id")
    return [row[at] for row in table["rows"]]


def _contacts(db: sqlite3.Connection, conversations: Sequence[str]) -> set[str]:
    """Whose the conversations are here."""
    found = (db.execute("SELECT contact FROM conversations WHERE id = ?", (id,)).fetchone() for id in conversations)
    return {row[0] for row in found if row is not None}


def _owners(db: sqlite3.Connection, bundle: Bundle) -> set[str]:
    """Whose the bundle's messages are here: a conversation merged since makes way for the one that has them now."""
    table = bundle.tables.get("messages", {"columns": ["id"], "rows": []})
    at = table["columns"].index("id")
    sql = "SELECT c.contact FROM messages m JOIN conversations c ON c.id = m.conversation WHERE m.id = ?"
    found = (db.execute(sql, (row[at],)).fetchone() for row in table["rows"])
    return {row[0] for row in found if row is not None}


def _prune(db: sqlite3.Connection, contacts: Iterable[str]) -> None:
    """Drops those of `contacts` of whom no conversation is left."""
    for contact in contacts:
        if db.execute("SELECT 1 FROM conversations WHERE contact = ? LIMIT 1", (contact,)).fetchone() is None:
            for table, column in (("contacts", "id"), ("aliases", "contact"), ("merges", "into_contact")):
                db.execute(f"DELETE FROM {table} WHERE {column} = ?", (contact,))


def _inbound(db: sqlite3.Connection, conversation: str, after: int) -> list[tuple[str, str, int]]:
    """The customer's messages of events after `after`, as `Changes.inbound`."""
    return db.execute(
        "SELECT conversation, id, ts FROM messages WHERE conversation = ? AND seq > ? AND dir = 'in' "
        "AND source = 'live' AND kind <> 'request_welcome' ORDER BY ts, seq",
        (conversation, after),
    ).fetchall()


def _called(db: sqlite3.Connection, conversation: str, after: int, changes: Changes) -> None:
    """Who is called in a conversation by events after `after`: mentions in notes, and rules."""
    changes.mentioned += db.execute(
        "SELECT x.conversation, x.agent, x.note FROM mentions x JOIN messages m ON m.id = x.note "
        "WHERE x.conversation = ? AND m.seq > ? ORDER BY m.seq, x.agent",
        (conversation, after),
    ).fetchall()
    for (body,) in db.execute(
        "SELECT body FROM messages WHERE conversation = ? AND seq > ? AND kind = 'notified' ORDER BY seq",
        (conversation, after),
    ).fetchall():
        told = msgspec.json.decode(body)
        changes.notified.append((conversation, told["agents"], told["text"]))


def is_damage(error: BaseException) -> bool:
    """Whether an error of SQLite's means that the file is broken, and not the disk or the moment."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:  # raised by the sqlite3 module itself
        return isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError)
    # A table or column that is missing is reported as SQLITE_ERROR.
    return code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
