"""Which conversations stand on the screen, and where the cursor is, in a list of any length. Knows no widget.

Only the visible rows and a margin are in memory; the rest is asked of `wptui.store.inbox` when it comes into view.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import replace

from wptui.store import inbox
from wptui.store.inbox import InboxQuery, InboxRow

MARGIN = 20
"""Rows read beyond the visible ones, on either side."""


class InboxLayout:
    """The screen's window into the list. Where the store cannot be read, `trouble` says why."""

    def __init__(self) -> None:
        self.db: sqlite3.Connection | None = None
        self.query = InboxQuery()
        self.height = 0
        """Screen lines."""
        self.lines = 2
        """Lines a row takes."""
        self.count = 0
        self.top = 0
        self.cursor = 0
        self.selected: str | None = None
        """Id of the conversation the cursor is on."""
        self.gap: int | None = None
        """Where the cursor's conversation stood before it changed and moved out of sight: moving goes on from there."""
        self.trouble = ""
        self._rows: dict[int, InboxRow] = {}

    @property
    def page(self) -> int:
        """Whole rows that fit."""
        return max(1, self.height // self.lines)

    @property
    def visible(self) -> range:
        """The rows on the screen; one cut off at the bottom is among them."""
        return range(self.top, min(self.count, self.top - (-self.height // self.lines)))

    @property
    def known(self) -> Mapping[int, InboxRow]:
        """The rows on the screen, as far as they have been read."""
        return {index: self._rows[index] for index in self.visible if index in self._rows}

    # ── reading ──────────────────────────────────────────────────────────────────────────────────────────

    def read(self, now: int) -> None:
        """Counts again, as of `now` (Unix seconds), and forgets the rows."""
        self._rows = {}
        self.query = replace(self.query, now=now)
        if self.db is None:
            return
        try:
            self.count = inbox.count(self.db, self.query)
            self.trouble = ""
        except sqlite3.Error as error:
            self.count = 0
            self.trouble = str(error)
        self.cursor = max(0, min(self.cursor, self.count - 1))

    def position(self, conversation: str | None) -> int | None:
        """Where a conversation stands; None if it is not listed."""
        if self.db is None or not conversation or self.trouble:
            return None
        try:
            return inbox.position(self.db, self.query, conversation)
        except sqlite3.Error as error:
            self.trouble = str(error)
            return None

    def row(self, index: int) -> InboxRow | None:
        """A row; with it the rows around it are read."""
        row = self._rows.get(index)
        if row is None and 0 <= index < self.count and self.db is not None and not self.trouble:
            first = max(0, min(index, self.top) - MARGIN)
            wanted = max(index, self.top + self.page) - first + 1 + MARGIN
            if wanted > 4 * (self.page + MARGIN):
                first, wanted = max(0, index - MARGIN), self.page + 2 * MARGIN
            try:
                self._rows = dict(enumerate(inbox.window(self.db, self.query, first, wanted), first))
            except sqlite3.Error as error:
                self.trouble = str(error)
            row = self._rows.get(index)
        return row

    # ── place on the screen ──────────────────────────────────────────────────────────────────────────────

    def put(self, line: int) -> None:
        """Puts the cursor on row `line` of the screen, as far as the ends of the list allow."""
        line = max(0, min(line, self.page - 1))
        self.top = max(0, min(self.cursor - line, self.count - self.page))

    def begin(self, select: str | None) -> None:
        """At the beginning of the list, or with the cursor on `select` where that is listed."""
        self.gap = None
        self.top = 0
        self.cursor = self.position(select) or 0
        self.put(min(self.cursor, self.page // 2))

    def first(self) -> None:
        """The cursor on the first row, whichever that is."""
        self.gap, self.selected, self.top, self.cursor = None, None, 0, 0

    def go(self, index: int) -> None:
        """Moves the cursor; where it leaves the page, the page that begins (or ends) with it is shown."""
        index = max(0, min(index, self.count - 1))
        self.gap = None
        old, self.cursor = self.cursor, index
        if index < self.top:
            self.put(self.page - 1 if old - index <= self.page else 0)
        elif index >= self.top + self.page:
            self.put(0)

    def step(self, rows: int) -> None:
        """Moves the cursor by `rows`; from the gap its conversation left, if it went out of sight."""
        if self.gap is not None:
            self.cursor = max(self.top, min(self.gap, self.count - 1))
            rows = rows - 1 if rows > 0 else rows
        self.go(self.cursor + rows)

    def turn(self, pages: int) -> None:
        """Goes on or back by whole pages; the cursor keeps its line, and at the ends goes to the last row."""
        last_top = max(0, self.count - self.page)
        if (pages > 0 and self.top >= last_top) or (pages < 0 and self.top == 0):
            self.go(self.count - 1 if pages > 0 else 0)
            return
        line = (self.cursor if self.gap is None else self.gap) - self.top
        self.gap = None
        self.top = max(0, min(self.top + pages * self.page, last_top))
        self.cursor = min(self.top + line, self.count - 1)

    def keep(self, now: int, itself: bool) -> None:
        """Reads again, and leaves what is on the screen where it is.

        The cursor keeps its conversation and its line while others come and go. Where its own conversation moved
        (`itself` changed: it was answered, say) the list does not run after it. Where it left the list, the next
        conversation takes its place.
        """
        top, cursor, before = self.top, self.cursor, self.known
        self.read(now)
        at = self.position(self.selected)
        if at is not None and (itself or self.gap is not None):
            self._stay(at, top, cursor, before)
            return
        self.gap = None
        self.cursor = self.cursor if at is None else at
        self.put(cursor - top)

    def _stay(self, at: int, old_top: int, old_cursor: int, before: Mapping[int, InboxRow]) -> None:
        """Keeps the other rows on their lines while the cursor's conversation stands at `at` now."""
        line = (old_cursor if self.gap is None else self.gap) - old_top
        top = old_top
        for index, row in before.items():
            if row.id != self.selected and (there := self.position(row.id)) is not None:
                # They closed ranks where the cursor's conversation went from before them to behind them.
                closed = self.gap is None and index > old_cursor and at > there
                top = there - (index - old_top) + closed
                break
        self.cursor = at
        self.top = max(0, min(top, self.count - self.page))
        self.gap = None if self.top <= at < self.top + self.page else self.top + line
