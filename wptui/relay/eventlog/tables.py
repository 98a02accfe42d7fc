"""The tables of the SQLite engine, and the connections to them.

`events` and `raws` only grow at their end, so that a commit writes few pages; what happens to a body later is
a row in `expansions`, not a change of the body's own row. `groups` has the idempotency keys.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from wptui.i18n import _
from wptui.model.errors import StorageError
from wptui.paths import ensure_dir

APPLICATION_ID = 0x57505455  # "WPTU", in the file's header
VERSION = 2
"""`PRAGMA user_version` of the log."""

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;

CREATE TABLE events (
    seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, type TEXT NOT NULL, data BLOB NOT NULL,
    conversation TEXT, raw INTEGER
);
CREATE INDEX events_conversation ON events (conversation, seq) WHERE conversation IS NOT NULL;

CREATE TABLE groups (
    key TEXT PRIMARY KEY, digest TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, raw INTEGER
) WITHOUT ROWID;
CREATE INDEX groups_first ON groups (first, last);

CREATE TABLE raws (number INTEGER PRIMARY KEY, received_at INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE expansions (raw INTEGER PRIMARY KEY, position INTEGER NOT NULL);

CREATE TABLE lease (one INTEGER PRIMARY KEY CHECK (one = 1), holder TEXT NOT NULL,
    expires_at INTEGER NOT NULL);
"""


_AGENTS = """
CREATE INDEX events_agent ON events (actor, seq) WHERE actor >= 'agent:' AND actor < 'agent;'
"""
"""Since version 2: what agents did, for those who look it up. What customers and Meta did need not be in it."""


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """A connection in autocommit mode to the log at `path`, which must exist. Raises StorageError."""
    mode = "ro" if read_only else "rw"
    try:
        # as_uri quotes what a path may hold and an address may not
        db = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False
        )
        db.execute("PRAGMA busy_timeout = 10000")
        version = db.execute("PRAGMA user_version").fetchone()[0]
        ours = db.execute("PRAGMA application_id").fetchone()[0]
        if not read_only:
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA wal_autocheckpoint = 0")  # `writer` does it off the commit path
            db.execute("PRAGMA journal_size_limit = 67108864")
            db.execute("PRAGMA temp_store = MEMORY")
            db.execute("PRAGMA cache_size = -32768")
    except sqlite3.Error as error:
        raise StorageError(
            _("The event log {path} cannot be opened: {error}").format(path=path, error=error)
        ) from error
    if ours != APPLICATION_ID:
        raise StorageError(_("{path} is not a wptui event log.").format(path=path))
    if version > VERSION:
        raise StorageError(
            _("The event log {path} is a newer wptui's (version {version}, this one knows {known}).").format(
                path=path, version=version, known=VERSION
            )
        )
    return db


def create(path: Path) -> None:
    """Make the log at `path` where there is none; leaves a finished one alone. Raises StorageError."""
    try:
        ensure_dir(path.parent)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        db = sqlite3.connect(path, isolation_level=None)
        try:
            if db.execute("PRAGMA user_version").fetchone()[0] >= VERSION:
                return
            db.execute("PRAGMA busy_timeout = 10000")
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("BEGIN IMMEDIATE")
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                if db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                    raise StorageError(_("{path} is not a wptui event log.").format(path=path))
                for statement in _TABLES.split(";\n"):
                    if statement.strip():
                        db.execute(statement)
                db.execute("INSERT INTO meta VALUES ('epoch', ?), ('low', 0)", (secrets.token_hex(8),))
                db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            if version < VERSION:
                db.execute(_AGENTS)
                db.execute(f"PRAGMA user_version = {VERSION}")
            db.execute("COMMIT")
        finally:
            db.close()
    except (sqlite3.Error, OSError) as error:
        raise StorageError(_("The event log {path} cannot be made: {error}").format(path=path, error=error)) from error


def low_water(db: sqlite3.Connection) -> int:
    """Every body up to this number has been expanded."""
    return int(db.execute("SELECT value FROM meta WHERE key = 'low'").fetchone()[0])


def mark(db: sqlite3.Connection, raws: Sequence[int], position: int) -> tuple[int, int]:
    """Mark bodies as expanded at `position`: the new low-water mark, and how many were not marked before."""
    low = before = low_water(db)
    fresh = 0
    for raw in raws:
        if raw > low:
            fresh += db.execute("INSERT INTO expansions VALUES (?, ?) ON CONFLICT DO NOTHING", (raw, position)).rowcount
    while db.execute("SELECT 1 FROM expansions WHERE raw = ?", (low + 1,)).fetchone():
        low += 1
    if low > before:
        db.execute("UPDATE meta SET value = ? WHERE key = 'low'", (low,))
    return low, fresh
