"""Which line of which message stands where on the screen, and where the cursor is. Knows no widget and no colour.

The place is an anchor (row, line of its block) and not a number of lines from the beginning, so that nothing above
has to be measured: 10,000 messages open like ten.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import date

from wptui.store.thread import ThreadRow
from wptui.widgets.render.context import ThreadContext
from wptui.widgets.render.thread import Block, Place, block, place
from wptui.widgets.thread_rows import ThreadRows

NEAR = 20
"""Rows from the end of what is loaded at which the next page is read."""


class ThreadLayout:
    """The screen's window into a thread. Rows are counted from the first that is loaded.

    Where the store cannot be read while it scrolls, it stands still and `trouble` says why.
    """

    def __init__(self) -> None:
        self.held = ThreadRows()
        self.look = ThreadContext(width=0, today=date.today())
        self.height = 0
        self.cursor = -1
        self.anchor = (0, 0)
        """What stands on the first line: (row, line of its block)."""
        self.lines: list[tuple[int, int]] = []
        """What each screen line shows: (row, line of its block)."""
        self.unread: str | None = None
        """Id of the message that has the divider above it."""
        self.trouble = ""
        self._blocks: dict[str, tuple[ThreadRow, Place, Block]] = {}

    # ── rows and their lines ─────────────────────────────────────────────────────────────────────────────

    def row(self, index: int) -> ThreadRow | None:
        """A row that is loaded."""
        return self.held.rows[index] if 0 <= index < len(self.held.rows) else None

    def block(self, index: int) -> Block:
        """The lines of row `index`, made again only if the row, the one before it, or the look is another."""
        rows = self.held.rows
        row = rows[index]
        where = place(row, rows[index - 1] if index else None, row.id == self.unread, self.look)
        kept = self._blocks.get(row.id)
        if kept is not None and kept[1] == where and (kept[0] is row or kept[0] == row):
            return kept[2]
        made = block(row, where, self.look)
        self._blocks[row.id] = (row, where, made)
        return made

    def restyle(self, look: ThreadContext) -> None:
        """Forgets what was drawn in another width, theme, set of glyphs or names."""
        self.look = look
        self._blocks.clear()

    def toggle(self, message: str) -> None:
        """Shows a message whole, or cut again."""
        self.look = replace(self.look, expanded=self.look.expanded ^ {message})
        self._blocks.pop(message, None)
        self.lay_out()

    def stops(self, index: int) -> bool:
        """Whether the cursor may stand on row `index`: on messages and notes."""
        return self.held.rows[index].dir != "event"

    def edge_shown(self, index: int, step: int) -> bool:
        """Whether the edge of row `index` towards `step` is on the screen (or nothing of the row is)."""
        shown = [line for row, line in self.lines if row == index]
        if not shown:
            return True
        made = self.block(index)
        return shown[-1] == made.height - 1 if step > 0 else shown[0] <= made.above

    def shown_whole(self, index: int) -> bool:
        """Whether all of row `index` that fits is on the screen."""
        count = sum(row == index for row, _line in self.lines)
        edges = self.edge_shown(index, 1) and self.edge_shown(index, -1)
        return count > 0 and (edges or count >= self.height)

    @property
    def at_bottom(self) -> bool:
        """Whether the newest row's last line is on the screen."""
        last = len(self.held.rows) - 1
        return last < 0 or (self.held.at_end and (last, self.block(last).height - 1) in self.lines)

    # ── reading ──────────────────────────────────────────────────────────────────────────────────────────

    def _read(self, load: Callable[[], int]) -> int:
        try:
            return load()
        except sqlite3.Error as error:
            self.trouble = str(error)
            return 0

    def load_older(self) -> int:
        """Puts a page of the store before the first row; how many rows that were."""
        count = self._read(self.held.load_older)
        if count:
            self.cursor += count
            self.anchor = (self.anchor[0] + count, self.anchor[1])
            self.lines = [(index + count, line) for index, line in self.lines]
        return count

    def load_newer(self) -> int:
        """Puts a page of the store behind the last row; how many rows that were."""
        return self._read(self.held.load_newer)

    def load_end(self) -> None:
        """Reads the newest page, if it is not what is loaded."""
        if self.held.rows and not self.held.at_end:
            try:
                self.held.load_end()
            except sqlite3.Error as error:
                self.trouble = str(error)
            self.cursor = len(self.held.rows) - 1

    def read_ahead(self) -> tuple[int, int] | None:
        """Reads the next page before its edge is reached; the place before which only the relay has more, if near."""
        held = self.held
        if not held.rows:
            return None
        if self.anchor[0] < NEAR and not held.at_start:
            self.load_older()
        if self.lines and self.lines[-1][0] > len(held.rows) - NEAR and not held.at_end:
            self.load_newer()
        wanting = self.anchor[0] < NEAR and held.at_start and not held.whole
        return held.rows[0].key if wanting else None

    # ── place on the screen ──────────────────────────────────────────────────────────────────────────────

    def start(self) -> None:
        """The first screen: the end, or the unread divider where more is unread than fits."""
        self.cursor = len(self.held.rows) - 1
        self.to_bottom()
        index = self.held.index(self.unread)
        if index is not None:
            self.cursor = index
            if (index, 0) not in self.lines:
                self.anchor = (index, 0)
                self.scroll(-2)

    def lay_out(self) -> None:
        """Fills the screen from the anchor; where the thread ends above the bottom, from the bottom."""
        self._fill()
        if len(self.lines) < self.height and self.anchor != (0, 0):
            self.to_bottom()

    def _fill(self) -> None:
        index, line = self.anchor
        index = max(0, min(index, len(self.held.rows) - 1))
        self.lines = []
        while len(self.lines) < self.height:
            if index >= len(self.held.rows) and not self.load_newer():
                break
            height = self.block(index).height
            self.lines += [(index, at) for at in range(min(line, height - 1), height)]
            index, line = index + 1, 0
        del self.lines[self.height :]

    def to_bottom(self) -> None:
        """The last line of the thread at the bottom of the screen."""
        self.load_end()
        left = self.height
        index = len(self.held.rows) - 1
        while index >= 0:
            height = self.block(index).height
            if height >= left:
                self.anchor = (index, height - left)
                break
            left -= height
            index -= 1
            if index < 0:
                index += self.load_older()
        else:
            self.anchor = (0, 0)
        self._fill()

    def scroll(self, lines: int) -> None:
        """Moves the screen by `lines`, down where positive, as far as the thread goes."""
        index, line = self.anchor
        line += lines
        while line < 0:
            if index == 0:
                index += self.load_older()
            if index == 0:
                line = 0
                break
            index -= 1
            line += self.block(index).height
        while self.held.rows and line >= self.block(index).height:
            if index + 1 >= len(self.held.rows) and not self.load_newer():
                line = self.block(index).height - 1
                break
            line -= self.block(index).height
            index += 1
        self.anchor = (index, line)
        self.lay_out()

    def next_stop(self, step: int) -> int | None:
        """The row the cursor goes to from where it is: the next or previous message; None at the ends."""
        index = self.cursor + step
        while True:
            if index < 0:
                index += self.load_older()
            if index >= len(self.held.rows):
                self.load_newer()
            if not 0 <= index < len(self.held.rows):
                return None
            if self.stops(index):
                return index
            index += step

    def turn_to(self, index: int, step: int) -> bool:
        """Puts the cursor on row `index`; where that is not in sight, a page on or back. Whether the screen moved.

        The message becomes the first of the next page, or the last of the one before.
        """
        self.cursor = index
        if self.shown_whole(index):
            return False
        self.anchor = (index, 0)
        if step < 0:
            self.scroll(min(self.block(index).height, self.height) - self.height)
        else:
            self.lay_out()
        return True

    def first_unread(self, after_seq: int) -> str | None:
        """The customer's first message after `after_seq` and after our last answer. May raise sqlite3.Error."""
        held = self.held
        while True:
            first: str | None = None
            for row in held.rows:
                if row.dir == "out" and row.author != "ai" and not row.automatic and row.status != "failed":
                    first = None
                elif first is None and row.dir == "in" and row.source == "live" and row.seq > after_seq:
                    first = row.id
            # Unread from the first loaded row on: the divider may stand further up.
            if first is None or first != held.rows[0].id or len(held.rows) > 1000 or not held.load_older():
                return first

    def refresh(self) -> int:
        """Reads again after a change; how many messages of the customer came. May raise sqlite3.Error.

        What is on the screen stays where it is; where that is the end, what is new is followed, and a cursor that
        was on the last row goes along.
        """
        held = self.held
        following = self.at_bottom
        cursor, top = self.row(self.cursor), self.row(self.anchor[0])
        on_last = self.cursor == len(held.rows) - 1
        held.refresh(trim=following)
        arrived = held.arrived()
        found = held.index(cursor.id) if cursor is not None and not (on_last and following) else None
        self.cursor = len(held.rows) - 1 if found is None else found
        if following:
            self.to_bottom()
        else:
            self.anchor = ((held.index(top.id) if top is not None else None) or 0, self.anchor[1])
            self.lay_out()
        return arrived
