"""A conversation's thread: lines made lazily, a message at a time, from the pages of the store that are loaded.

The place on the screen is an anchor (row, line of its block) and not a number of lines from the beginning, so that
nothing above has to be measured: 10,000 messages open like ten.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from textual import events
from textual.binding import Binding
from textual.geometry import Region
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from wptui.i18n import _, ngettext
from wptui.store.thread import ThreadRow
from wptui.widgets.render.cells import Line, clip_line, line_width, width, wrap
from wptui.widgets.render.context import ThreadContext
from wptui.widgets.render.thread import Block, block, place
from wptui.widgets.styles import DEFAULT_PALETTE, Styles
from wptui.widgets.thread_rows import ThreadRows

_NEAR = 20
"""Rows from the end of what is loaded at which the next page is read."""


class ThreadView(ScrollView, can_focus=True):
    """The thread of one conversation. Give it a database and a conversation with `open`; it never writes.

    Its own keys only move about; `action_expand`, `action_quoted` and `action_media` are for the app's commands.
    """

    DEFAULT_CSS = """
    ThreadView { overflow: hidden hidden; scrollbar-size: 0 0; }
    """

    BINDINGS = [
        Binding("down,j", "move(1)", show=False, id="thread.down"),
        Binding("up,k", "move(-1)", show=False, id="thread.up"),
        Binding("pagedown,space", "page(1)", show=False, id="thread.page_down"),
        Binding("pageup", "page(-1)", show=False, id="thread.page_up"),
        Binding("home,g", "first", show=False, id="thread.first"),
        Binding("end,G", "last", show=False, id="thread.last"),
        Binding("backspace", "back", show=False, id="thread.back"),
    ]

    @dataclass
    class OlderWanted(Message):
        """The store's part of the thread ends at `before` (ts, seq), and the relay has more."""

        conversation: str
        before: tuple[int, int]

    @dataclass
    class MessageSelected(Message):
        """The cursor stands on another row."""

        row: ThreadRow | None

        def can_replace(self, message: Message) -> bool:
            """Only the last of several in a row matters."""
            return isinstance(message, ThreadView.MessageSelected)

    @dataclass
    class MediaWanted(Message):
        """The agent wants to open the file of `row` (its `media_state` is "stored")."""

        row: ThreadRow

    @dataclass
    class EndReached(Message):
        """The newest message is on the screen: the conversation has been read to its end."""

        conversation: str

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._held = ThreadRows()
        self._look = ThreadContext(width=0, today=date.today())
        self._styles = Styles(DEFAULT_PALETTE)
        self._cursor = -1
        self._anchor = (0, 0)
        self._lines: list[tuple[int, int]] = []
        """What each screen line shows: (row, line of its block)."""
        self._blocks: dict[str, tuple[ThreadRow, object, Block]] = {}
        self._unread: str | None = None
        self._below = 0
        self._asked: tuple[int, int] | None = None
        self._back: list[str] = []
        self._error = ""
        self._at_end = False

    # ── what to show, and how ────────────────────────────────────────────────────────────────────────────

    @property
    def conversation(self) -> str | None:
        """Id of the conversation shown."""
        return self._held.conversation

    @property
    def selected(self) -> ThreadRow | None:
        """The row under the cursor."""
        rows = self._held.rows
        return rows[self._cursor] if 0 <= self._cursor < len(rows) else None

    @property
    def at_bottom(self) -> bool:
        """Whether the newest row's last line is on the screen."""
        last = len(self._held.rows) - 1
        if last < 0:
            return True
        return self._held.at_end and (last, self._block(last).height - 1) in self._lines[-self.size.height :]

    @property
    def new_below(self) -> int:
        """Messages that came in below what is visible."""
        return self._below

    def configure(self, *, styles: Styles | None = None, keys: Mapping[str, str] | None = None, **context: Any) -> None:
        """Changes the look: `styles`, the `keys` named in hints, and fields of `ThreadContext` but `width`."""
        if styles is not None:
            self._styles = styles
        if keys is not None:
            context["keys"] = {**self._look.keys, **keys}
        self._look = replace(self._look, **context)
        self._restyled()

    def open(
        self,
        conversation: str | None,
        *,
        db: sqlite3.Connection | None = None,
        unread_after_seq: int | None = None,
        title: str | None = None,
        group: bool = False,
    ) -> None:
        """Shows a conversation (None: none) at its first unread message, else at its end; `db` once at the start.

        `unread_after_seq` is the row's `read_seq` where it has unread messages, else None.
        """
        self._error = ""
        try:
            self._held.open(conversation, db)
            self._unread = self._first_unread(unread_after_seq) if unread_after_seq is not None else None
        except sqlite3.Error as error:
            self.fail(str(error))
        self._look = replace(self._look, title=title or "", group=group, today=date.today(), expanded=frozenset())
        self._blocks.clear()
        self._back.clear()
        self._asked = None
        self._below = 0
        self._at_end = False
        self._cursor = len(self._held.rows) - 1
        self._start()
        self.post_message(self.MessageSelected(self.selected))

    def refresh_rows(self) -> None:
        """Reads again after a change. What is on the screen stays where it is; at the end, new rows are followed."""
        held = self._held
        if held.conversation is None:
            return
        if self._look.today != date.today():
            self._look = replace(self._look, today=date.today())
            self._blocks.clear()
        following = self.at_bottom
        cursor, anchor = self.selected, self._row_at(self._anchor[0])
        on_last = self._cursor == len(held.rows) - 1
        chosen = cursor
        try:
            held.refresh(trim=following)
            arrived = held.arrived()
            self._error = ""
        except sqlite3.Error as error:
            self.fail(str(error))
            return
        found = held.index(cursor.id) if cursor else None
        self._cursor = (
            (len(held.rows) - 1) if on_last and following else found if found is not None else len(held.rows) - 1
        )
        if following:
            self._below = 0
            self._to_bottom()
        else:
            kept = held.index(anchor.id) if anchor else None
            self._anchor = (kept if kept is not None else 0, self._anchor[1])
            self._below += arrived
            self._lay_out()
        self.refresh()
        if self.selected != chosen:
            self.post_message(self.MessageSelected(self.selected))

    def jump_to(self, message_id: str) -> bool:
        """Puts the cursor on a message (our id or a wamid), reading its surroundings; False if the store has none."""
        index = self._held.index(message_id)
        if index is None:
            try:
                if not self._held.load_around(message_id):
                    return False
            except sqlite3.Error as error:
                self.fail(str(error))
                return False
            index = self._held.index(message_id)
            self._blocks.clear()
        if index is None:
            return False
        self._cursor = index
        self._anchor = (index, 0)
        self._scroll(-self.size.height // 3)
        self.refresh()
        self.post_message(self.MessageSelected(self.selected))
        return True

    def fail(self, reason: str) -> None:
        """Shows why the thread cannot be read."""
        self._error = reason
        self.refresh()

    # ── rows and their lines ─────────────────────────────────────────────────────────────────────────────

    def _first_unread(self, after_seq: int) -> str | None:
        """The customer's first message after `after_seq` and after our last answer."""
        held = self._held
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

    def _row_at(self, index: int) -> ThreadRow | None:
        return self._held.rows[index] if 0 <= index < len(self._held.rows) else None

    def _block(self, index: int) -> Block:
        """The lines of row `index`, made again only if the row, the one before it, or the look is another."""
        rows = self._held.rows
        row = rows[index]
        where = place(row, rows[index - 1] if index else None, row.id == self._unread, self._look)
        kept = self._blocks.get(row.id)
        if kept is not None and kept[1] == where and (kept[0] is row or kept[0] == row):
            return kept[2]
        made = block(row, where, self._look)
        self._blocks[row.id] = (row, where, made)
        return made

    def _restyled(self) -> None:
        """Forgets what was drawn in another width, theme, set of glyphs or names."""
        self._blocks.clear()
        bottom = self._at_end
        self._lay_out()
        if bottom:
            self._to_bottom()
        self.refresh()

    # ── place on the screen ──────────────────────────────────────────────────────────────────────────────

    def _start(self) -> None:
        """The first screen: the end, or the unread divider where more is unread than fits."""
        self._to_bottom()
        index = self._held.index(self._unread) if self._unread else None
        if index is not None:
            self._cursor = index
            if (index, 0) not in self._lines:
                self._anchor = (index, 0)
                self._scroll(-2)
        self.refresh()

    def _lay_out(self) -> None:
        """Fills the screen from the anchor; where the thread ends above the bottom, from the bottom."""
        height = self.size.height
        self._fill()
        if len(self._lines) < height and self._anchor != (0, 0):
            self._to_bottom()
        self._read_ahead()
        self._told_end()

    def _fill(self) -> None:
        height, count = self.size.height, len(self._held.rows)
        index, line = self._anchor
        index = max(0, min(index, count - 1))
        self._lines = []
        while index < count and len(self._lines) < height:
            block_height = self._block(index).height
            self._lines += [(index, at) for at in range(min(line, block_height - 1), block_height)]
            index, line = index + 1, 0
        del self._lines[height:]

    def _to_bottom(self) -> None:
        """The last line of the thread at the bottom of the screen."""
        if self._held.rows and not self._held.at_end:
            self._held.load_end()
        left = self.size.height
        index = len(self._held.rows) - 1
        while index >= 0:
            height = self._block(index).height
            if height >= left:
                self._anchor = (index, height - left)
                break
            left -= height
            index -= 1
            if index < 0 and self._load_older():
                index += self._grown
        else:
            self._anchor = (0, 0)
        self._below = 0
        self._fill()
        self._told_end()

    def _scroll(self, lines: int) -> None:
        """Moves the screen by `lines`, down where positive, as far as the thread goes."""
        index, line = self._anchor
        line += lines
        while line < 0:
            if index == 0 and self._load_older():
                index = self._grown
            if index == 0:
                line = 0
                break
            index -= 1
            line += self._block(index).height
        while self._held.rows and line >= self._block(index).height:
            if index + 1 >= len(self._held.rows) and not self._held.load_newer():
                line = self._block(index).height - 1
                break
            line -= self._block(index).height
            index += 1
        self._anchor = (index, line)
        self._lay_out()

    def _load_older(self) -> bool:
        """Puts a page of the store before the first row; `_grown` says how many rows that was."""
        count = self._held.load_older()
        self._grown = count
        if count:
            self._cursor += count
            self._anchor = (self._anchor[0] + count, self._anchor[1])
            self._lines = [(index + count, line) for index, line in self._lines]
        return count > 0

    _grown = 0

    def _read_ahead(self) -> None:
        """Reads the next page before its edge is reached, and asks the relay for what the store does not hold."""
        held = self._held
        if not held.rows:
            return
        if self._anchor[0] < _NEAR and not held.at_start:
            self._load_older()
        if self._lines and self._lines[-1][0] > len(held.rows) - _NEAR and not held.at_end:
            held.load_newer()
        first = held.rows[0].key
        if self._anchor[0] < _NEAR and held.at_start and not held.whole and self._asked != first:
            self._asked = first
            assert held.conversation is not None
            self.post_message(self.OlderWanted(held.conversation, first))

    def _told_end(self) -> None:
        at_end = self.at_bottom
        if at_end:
            self._below = 0
            if not self._at_end and self._held.conversation and self._held.rows:
                self.post_message(self.EndReached(self._held.conversation))
        self._at_end = at_end

    # ── moving ───────────────────────────────────────────────────────────────────────────────────────────

    def _stops(self, index: int) -> bool:
        return self._held.rows[index].dir != "event"

    def action_move(self, step: int) -> None:
        """To the next or previous message; a message longer than the screen is first read to its end."""
        rows = self._held.rows
        if not rows:
            return
        if 0 <= self._cursor < len(rows) and not self._whole(self._cursor, step):
            self._scroll(step * max(1, self.size.height - 2))
            self.refresh()
            return
        index = self._cursor + step
        if index < 0 and self._load_older():
            index = self._cursor + step
        if index >= len(rows) and not self._held.at_end:
            self._held.load_newer()
        rows = self._held.rows
        while 0 <= index < len(rows) and not self._stops(index):
            index += step
        if not 0 <= index < len(rows):
            self._scroll(step * max(1, self.size.height - 2))
            self.refresh()
            return
        self._set_cursor(index, step)

    def _whole(self, index: int, step: int) -> bool:
        """Whether the edge of row `index` towards `step` is on the screen (or the row is not there at all)."""
        shown = [line for row, line in self._lines if row == index]
        if not shown:
            return True
        made = self._block(index)
        return shown[-1] == made.height - 1 if step > 0 else shown[0] <= made.above

    def _set_cursor(self, index: int, step: int) -> None:
        old = self._cursor
        self._cursor = index
        height = self._block(index).height
        shown = [line for row, line in self._lines if row == index]
        visible = bool(shown) and (
            (shown[0] <= self._block(index).above and shown[-1] == height - 1) or len(shown) >= self.size.height
        )
        if visible:
            self._refresh_bar(old)
            self._refresh_bar(index)
        else:
            # A page at a time: the message becomes the first of the next page, or the last of the one before.
            self._anchor = (index, 0)
            if step < 0:
                self._scroll(min(height, self.size.height) - self.size.height)
            else:
                self._lay_out()
            self.refresh()
        self.post_message(self.MessageSelected(self.selected))

    def _refresh_bar(self, index: int) -> None:
        for y, (row, _line) in enumerate(self._lines):
            if row == index:
                self.refresh(Region(0, y, 1, 1))

    def action_page(self, pages: int) -> None:
        """A page up or down; the cursor goes to the first message that begins there."""
        if not self._held.rows:
            return
        self._scroll(pages * max(1, self.size.height - 1))
        starts = [
            row for row, line in self._lines if line == self._block(row).above and self._stops(row)
        ]  # fmt: skip
        if starts:
            self._cursor = starts[-1] if pages > 0 and self.at_bottom else starts[0]
            self.post_message(self.MessageSelected(self.selected))
        self.refresh()

    def action_first(self) -> None:
        """To the beginning of what the store holds."""
        if not self._held.at_start:
            self._held.load_start()
        if self._held.rows:
            self._cursor = 0
            self._anchor = (0, 0)
            self._lay_out()
            self.refresh()
            self.post_message(self.MessageSelected(self.selected))

    def action_last(self) -> None:
        """To the newest message."""
        self._to_bottom()
        self._cursor = len(self._held.rows) - 1
        self.refresh()
        self.post_message(self.MessageSelected(self.selected))

    def action_expand(self) -> None:
        """Shows a long message whole, and what an edited one said before; once more folds it again."""
        row = self.selected
        if row is not None:
            self._look = replace(self._look, expanded=self._look.expanded ^ {row.id})
            self._blocks.pop(row.id, None)
            self._lay_out()
            self.refresh()

    def action_quoted(self) -> None:
        """To the message that the selected one replies to."""
        row = self.selected
        if row is not None and row.quoted is not None and self.jump_to(row.quoted.message):
            self._back.append(row.id)

    def action_back(self) -> None:
        """Back from a quoted message."""
        if self._back:
            self.jump_to(self._back.pop())

    def action_media(self) -> None:
        """Opens the file of the selected message."""
        row = self.selected
        if row is not None and row.media_state == "stored":
            self.post_message(self.MediaWanted(row))

    def on_click(self, event: events.Click) -> None:
        """A click puts the cursor on a message."""
        if event.y < len(self._lines):
            index = self._lines[event.y][0]
            if self._stops(index):
                self._set_cursor(index, 1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel moves the screen, three lines a notch."""
        event.stop()
        self._scroll(3)
        self.refresh()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel moves the screen, three lines a notch."""
        event.stop()
        self._scroll(-3)
        self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        """Another size: what stood at the top stays there, or at the end the end stays in view."""
        self._look = replace(self._look, width=max(1, self.size.width - 1))
        self._restyled()

    def on_focus(self) -> None:
        """The cursor's bar is bright while the thread has the focus."""
        self._refresh_bar(self._cursor)

    def on_blur(self) -> None:
        """The cursor's bar is bright while the thread has the focus."""
        self._refresh_bar(self._cursor)

    # ── drawing ──────────────────────────────────────────────────────────────────────────────────────────

    def render_line(self, y: int) -> Strip:
        """One line of the visible part."""
        cells = self.size.width
        if self._error or not self._held.rows:
            lines = self._notice()
            at = y - max(0, (self.size.height - len(lines)) // 3)
            return self._styles.strip(lines[at] if 0 <= at < len(lines) else [], cells)
        if y == self.size.height - 1 and self._below:
            n = self._below
            text = f" {ngettext('{n} new below', '{n} new below', n).format(n=n)} {self._look.glyphs.down} "
            piece = clip_line([(text, "thread-below")], cells)
            return self._styles.strip([(" " * ((cells - line_width(piece)) // 2), "text"), *piece], cells)
        if y >= len(self._lines):
            return self._styles.strip([], cells)
        index, at = self._lines[y]
        made = self._block(index)
        current = index == self._cursor and at >= made.above
        bar = self._look.glyphs.bar if current else " "
        style = "thread-cursor" if self.has_focus else "muted"
        return self._styles.strip([(bar, style), *made.lines[at]], cells)

    def _notice(self) -> list[Line]:
        if self._error:
            texts = [(_("This conversation cannot be read: {reason}").format(reason=self._error), "error")]
        elif self._held.conversation is None:
            texts = [(_("No conversation is open."), "muted")]
        elif not self._held.whole:
            texts = [(_("Fetching messages") + self._look.glyphs.ellipsis, "muted")]
        else:
            texts = [(_("No messages yet."), "muted")]
        lines: list[Line] = []
        for text, style in texts:
            for start, end in wrap(text, max(1, self.size.width - 4)):
                part = text[start:end]
                lines.append([(" " * max(0, (self.size.width - width(part)) // 2), "text"), (part, style)])
        return lines
