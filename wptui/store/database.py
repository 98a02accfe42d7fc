"""Opens a store: one SQLite file, private, in WAL mode, at the newest schema."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wptui.model.errors import StorageError
from wptui.model.text import fold
from wptui.paths import ensure_dir
from wptui.store.schema import INDEXES, SEARCH, TABLES

VERSION = 2
"""`PRAGMA user_version` of a store with every migration applied."""


def open_database(path: Path | str, *, durable: bool = False, read_only: bool = False) -> sqlite3.Connection:
    """A connection in autocommit mode (transactions are explicit), usable from one thread at a time.

    `path` ":memory:" is an empty store that lives as long as the connection.

    `durable` syncs every commit; without it a power cut may lose the last commits but never corrupts, which is
    enough for what can be rebuilt. Raises StorageError where the file is no usable store.
    """
    path = Path(path)
    try:
        if read_only:
            db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None, check_same_thread=False)
        elif str(path) == ":memory:":
            db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        else:
            ensure_dir(path.parent)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA busy_timeout = 10000")
        db.create_function("wptui_fold", 1, _fold_or_empty, deterministic=True)
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if not read_only:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            db.execute("PRAGMA temp_store = MEMORY")
            if version < VERSION:
                if version:
                    _empty(db)
                _migrate(db)
            elif get_meta(db, "bulk_load"):
                _build_indexes(db)
        if version > VERSION:
            raise StorageError(f"{path} was written by a newer wptui (schema {version}, this one knows {VERSION})")
    except sqlite3.Error as error:
        raise StorageError(f"{path} cannot be opened as a wptui database: {error}") from error
    return db


def _fold_or_empty(text: str | None) -> str:
    return fold(text or "")


def _empty(db: sqlite3.Connection) -> None:
    """Throws away what an older build folded: the log has it all, and what is new in the tables is in older events."""
    with transaction(db):
        for (name,) in db.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' "
            "AND (name NOT LIKE 'search_%' OR name = 'search_changed')"
        ).fetchall():
            db.execute(f'DROP TABLE IF EXISTS "{name}"')


def _migrate(db: sqlite3.Connection) -> None:
    # Imported here: sqlite-utils costs start-up time, and an up-to-date store does not need it.
    from sqlite_utils import Database, Migrations

    migrations = Migrations("wptui.store")

    @migrations()
    def tables(base: Database) -> None:
        for statement in (TABLES + INDEXES + SEARCH).split(";\n"):
            if statement.strip():
                base.execute(statement)

    migrations.apply(Database(db))
    db.execute(f"PRAGMA user_version = {VERSION}")


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """A write transaction: committed at the end, rolled back on any exception."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield db
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:  # a full disk makes SQLite roll back by itself
            db.execute("ROLLBACK")
        raise


@contextmanager
def bulk_load(db: sqlite3.Connection) -> Iterator[None]:
    """Secondary indexes are dropped while a new cache is filled and built once at the end (ENGINES.md, cold sync)."""
    _drop_indexes(db)
    try:
        yield
    finally:
        _build_indexes(db)


def _drop_indexes(db: sqlite3.Connection) -> None:
    with transaction(db):
        set_meta(db, "bulk_load", 1)
        for name in re.findall(r"CREATE INDEX (\w+)", INDEXES):
            db.execute(f"DROP INDEX IF EXISTS {name}")


def _build_indexes(db: sqlite3.Connection) -> None:
    # Also reached at the next start, if the program died while it loaded.
    with transaction(db):
        for statement in INDEXES.replace("CREATE INDEX", "CREATE INDEX IF NOT EXISTS").split(";\n"):
            db.execute(statement)
        db.execute("DELETE FROM meta WHERE key = 'bulk_load'")


def get_meta(db: sqlite3.Connection, key: str, default: int | str | None = None) -> int | str | None:
    """A value of the `meta` table: cursor, epoch, workspace settings."""
    row = db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return row[0] if row else default


def set_meta(db: sqlite3.Connection, key: str, value: int | str) -> None:
    """Sets a value of the `meta` table."""
    db.execute("INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", (key, value))


def cursor(db: sqlite3.Connection) -> int:
    """The last event number applied to this store; 0 when it is new."""
    return int(get_meta(db, "cursor", 0) or 0)
