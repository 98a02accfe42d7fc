"""Reading the relay's view from beside the clerk: a thread and a read-only connection of its own.

The clerk alone writes the view. What terminals ask for (older messages, a whole conversation, a story) is read
here, so that a long question holds up neither the clerk nor the event loop.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from wptui.i18n import _
from wptui.model.errors import StorageError
from wptui.store.database import open_database

T = TypeVar("T")


class View:
    """The view in `path`, to be asked only. Methods are coroutines of one event loop."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="wptui-view")
        self._db: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None

    async def ask(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """The answer of `question`, which sees the view as of one moment. Raises StorageError."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._ask, question)

    def _ask(self, question: Callable[[sqlite3.Connection], T]) -> T:
        try:
            db = self._open()
            db.execute("BEGIN")
            try:
                return question(db)
            finally:
                db.execute("COMMIT")
        except (sqlite3.Error, OverflowError) as error:  # a number from outside may be too large for SQLite
            raise self._broken(error) from error

    def _open(self) -> sqlite3.Connection:
        """The connection; another one where the clerk has built the view again in a new file."""
        stat = self.path.stat() if self.path.exists() else None
        file = (stat.st_dev, stat.st_ino) if stat else None
        if self._db is not None and file != self._file:
            self._db.close()
            self._db = None
        if self._db is None:
            self._db = open_database(self.path, read_only=True)
            self._file = file
        return self._db

    async def stream(self, source: Callable[[sqlite3.Connection], Iterator[T]]) -> AsyncIterator[T]:
        """What `source` yields, each piece made in a thread; it has a connection of its own while it lasts."""
        loop = asyncio.get_running_loop()
        pool = ThreadPoolExecutor(1, thread_name_prefix="wptui-view-stream")
        db: sqlite3.Connection | None = None
        try:
            db = await loop.run_in_executor(pool, lambda: open_database(self.path, read_only=True))
            pieces = source(db)
            while True:
                piece = await loop.run_in_executor(pool, lambda: next(pieces, None))
                if piece is None:
                    return
                yield piece
        except sqlite3.Error as error:
            raise self._broken(error) from error
        finally:
            if db is not None:
                pool.submit(db.close)
            pool.shutdown(wait=False)

    def _broken(self, error: Exception) -> StorageError:
        return StorageError(_("The view {path} cannot be read: {error}").format(path=self.path, error=error))

    async def close(self) -> None:
        """Give the file back."""
        db, self._db = self._db, None
        if db is not None:
            await asyncio.get_running_loop().run_in_executor(self._pool, db.close)
        self._pool.shutdown(wait=False)
