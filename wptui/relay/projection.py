"""The relay's own fold of the log: `view.db`. It can be thrown away at any time and is then built again.

Belongs to the clerk's thread; everybody else opens it read-only (`Projection.path`).
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from wptui.model.errors import StorageError
from wptui.model.events import Event
from wptui.store import fold
from wptui.store.changes import Changes
from wptui.store.database import cursor, get_meta, open_database, set_meta, transaction

_log = logging.getLogger("wptui.relay.projection")

_STORAGE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_NOTADB,
    }
)


def is_storage(error: BaseException) -> bool:
    """Whether it is the storage that failed, and not what was to be stored."""
    return isinstance(error, sqlite3.Error) and _code(error) in _STORAGE


def is_damaged(error: sqlite3.Error) -> bool:
    """Whether the file itself is no good any more."""
    return _code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # the rest says more of the same


class Projection:
    """view.db, open for writing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._db: sqlite3.Connection | None = None

    @property
    def db(self) -> sqlite3.Connection:
        """The connection; `open` comes first."""
        if self._db is None:
            raise StorageError(f"{self.path} is not open")
        return self._db

    def open(self, epoch: str, head: int) -> int:
        """Open the view of log `epoch`, and say how far it is.

        One that is damaged, of another log, or ahead of `head`, is thrown away and begun anew.
        """
        self.close()
        try:
            self._db = open_database(self.path)
            known = get_meta(self._db, "epoch")
            at = cursor(self._db)
            if known == epoch and at <= head:
                return at
            if known is not None:
                _log.warning("the view is of another log and is built again")
        except (StorageError, sqlite3.DatabaseError) as error:
            _log.warning("the view cannot be used and is built again: %s", error)
        self.remove()
        self._db = open_database(self.path)
        with transaction(self._db):
            set_meta(self._db, "epoch", epoch)
        return 0

    def remove(self) -> None:
        """Throw the view away."""
        self.close()
        for suffix in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file; may be called twice."""
        if self._db is not None:
            db, self._db = self._db, None
            with contextlib.suppress(sqlite3.Error):
                db.close()

    def fold(self, events: Sequence[Event]) -> Changes:
        """Take `events` in, in one transaction. One the fold cannot take is skipped and told in the relay's log."""
        try:
            with transaction(self.db):
                return fold.apply(self.db, events)
        except Exception as error:
            if is_storage(error):
                raise
            _log.exception("events %d…%d are folded one by one", events[0].seq, events[-1].seq)
        changes = Changes()
        for event in events:
            try:
                with transaction(self.db):
                    changes.add(fold.apply(self.db, (event,)))
            except Exception as error:
                if is_storage(error):
                    raise
                _log.exception("event %d (%s) is skipped: the fold cannot take it", event.seq, event.type)
                changes.skipped[event.type] = changes.skipped.get(event.type, 0) + 1
                with transaction(self.db):
                    set_meta(self.db, "cursor", event.seq)
        return changes

    def numbers(self) -> set[str]:
        """The workspace's business numbers."""
        return {row[0] for row in self.db.execute("SELECT id FROM numbers")}
