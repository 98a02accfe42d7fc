"""The part of a thread that is in memory: a run of rows, read from the store a page at a time at either end."""

from __future__ import annotations

import sqlite3

from wptui.store import thread
from wptui.store.thread import ThreadRow

PAGE = 100
"""Rows read at once."""
_MOST = 300
"""Rows kept at most while the end is in view: older ones are read again when they are wanted."""
_FIRST = (-(2**62), 0)
"""Before every place in a thread."""


class ThreadRows:
    """Rows `rows[0]` … `rows[-1]` of a conversation, without gaps. Every method may raise sqlite3.Error."""

    def __init__(self) -> None:
        self._db: sqlite3.Connection | None = None
        self._places: dict[str, int] = {}
        self._newest = (0, 0)
        self.conversation: str | None = None
        self.rows: list[ThreadRow] = []
        self.at_start = True
        """Whether the store holds nothing before `rows[0]`."""
        self.at_end = True
        """Whether `rows[-1]` is the newest row."""
        self.whole = True
        """Whether the store holds the thread from its beginning."""

    def open(self, conversation: str | None, db: sqlite3.Connection | None = None) -> None:
        """Turns to another conversation and reads its end."""
        self._db = db or self._db
        self.conversation = conversation
        self._set([])
        self.at_start = self.at_end = self.whole = True
        if conversation is not None:
            self.load_end()

    def _set(self, rows: list[ThreadRow]) -> None:
        self.rows = rows
        self._places = {}

    def _open(self) -> tuple[sqlite3.Connection, str] | None:
        if self._db is None or self.conversation is None:
            return None
        return self._db, self.conversation

    def index(self, message: str | None) -> int | None:
        """Place of a message, by our id or wamid."""
        if not self._places:
            self._places = {row.wamid: place for place, row in enumerate(self.rows) if row.wamid}
            self._places |= {row.id: place for place, row in enumerate(self.rows)}
        return self._places.get(message) if message else None

    def load_end(self) -> None:
        """The newest page."""
        if opened := self._open():
            self._set(thread.latest(*opened, PAGE))
            self.at_start = len(self.rows) < PAGE
            self.at_end = True
            self._newest = self.rows[-1].key if self.rows else (0, 0)
            self.whole = thread.is_whole(*opened)

    def load_start(self) -> None:
        """The first page of what the store holds."""
        if opened := self._open():
            self._set(thread.since(*opened, _FIRST, PAGE))
            self.at_start = True
            self.at_end = len(self.rows) < PAGE

    def load_older(self) -> int:
        """Adds the page before the first row; how many rows that were."""
        opened = self._open()
        if opened is None or self.at_start or not self.rows:
            return 0
        older = thread.before(*opened, self.rows[0].key, PAGE)
        self.at_start = len(older) < PAGE
        if older:
            self._set([*older, *self.rows])
        return len(older)

    def load_newer(self) -> int:
        """Adds the page after the last row; how many rows that were."""
        opened = self._open()
        if opened is None or self.at_end or not self.rows:
            return 0
        newer = thread.since(*opened, self.rows[-1].key, PAGE + 1)[1:]
        self.at_end = len(newer) < PAGE
        if newer:
            self._set([*self.rows, *newer])
        return len(newer)

    def load_around(self, message: str) -> bool:
        """The rows around a message of this conversation, in place of those that are loaded; False if there is none."""
        opened = self._open()
        row = thread.message(opened[0], message) if opened else None
        if opened is None or row is None or row.conversation != self.conversation:
            return False
        older = thread.before(*opened, row.key, PAGE)
        newer = thread.since(*opened, row.key, PAGE)
        self._set([*older, *newer])
        self.at_start, self.at_end = len(older) < PAGE, len(newer) < PAGE
        return True

    def refresh(self, *, trim: bool = False) -> None:
        """Reads the same stretch again, and where it reached the end, what is new there.

        `trim` lets go of what lies far above the end.
        """
        opened = self._open()
        if opened is None:
            return
        self.whole = thread.is_whole(*opened)
        if not self.rows:
            self.load_end()
            return
        if self.at_end:
            first = self.rows[max(0, len(self.rows) - _MOST) if trim else 0]
            self._set(thread.since(*opened, first.key))
        else:
            self._set(thread.since(*opened, self.rows[0].key, len(self.rows)))
        # A page from the relay may lie before what was the beginning.
        self.at_start = not (self.rows and thread.before(*opened, self.rows[0].key, 1))

    def arrived(self) -> int:
        """How many messages of the customer came since the last call, or since the end was read."""
        opened = self._open()
        if opened is None:
            return 0
        newer = [row for row in thread.since(*opened, self._newest, PAGE) if row.key > self._newest]
        if newer:
            self._newest = newer[-1].key
        return sum(row.dir == "in" for row in newer)
