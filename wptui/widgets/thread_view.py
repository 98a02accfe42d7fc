"""A conversation's thread: what is on the screen of `wptui.widgets.thread_layout`, its keys and its messages."""

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
from textual.strip import Strip

from wptui.i18n import _, ngettext
from wptui.store.thread import ThreadRow
from wptui.widgets.pane import Pane
from wptui.widgets.render.cells import Line, centred, clip_line, line_width
from wptui.widgets.styles import DEFAULT_PALETTE, Styles
from wptui.widgets.thread_layout import ThreadLayout


class ThreadView(Pane, can_focus=True):
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
        self._page = ThreadLayout()
        self._styles = Styles(DEFAULT_PALETTE)
        self._below = 0
        self._asked: tuple[int, int] | None = None
        self._back: list[str] = []
        self._was_at_end = False

    # ── what to show, and how ────────────────────────────────────────────────────────────────────────────

    @property
    def conversation(self) -> str | None:
        """Id of the conversation shown."""
        return self._page.held.conversation

    @property
    def selected(self) -> ThreadRow | None:
        """The row under the cursor."""
        return self._page.row(self._page.cursor)

    @property
    def at_bottom(self) -> bool:
        """Whether the newest row's last line is on the screen."""
        return self._page.at_bottom

    @property
    def new_below(self) -> int:
        """Messages that came in below what is visible."""
        return self._below

    def configure(self, *, styles: Styles | None = None, keys: Mapping[str, str] | None = None, **context: Any) -> None:
        """Changes the look: `styles`, the `keys` named in hints, and fields of `ThreadContext` but `width`."""
        if styles is not None:
            self._styles = styles
        if keys is not None:
            context["keys"] = {**self._page.look.keys, **keys}
        self._restyle(**context)

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
        page = self._page
        page.trouble, page.unread = "", None
        try:
            page.held.open(conversation, db)
            if unread_after_seq is not None:
                page.unread = page.first_unread(unread_after_seq)
        except sqlite3.Error as error:
            page.trouble = str(error)
        page.restyle(replace(page.look, title=title or "", group=group, today=date.today(), expanded=frozenset()))
        self._back.clear()
        self._asked = None
        self._below = 0
        self._was_at_end = False
        page.start()
        self._moved()
        self.post_message(self.MessageSelected(self.selected))

    def refresh_rows(self) -> None:
        """Reads again after a change. What is on the screen stays where it is; at the end, new rows are followed."""
        page = self._page
        if page.held.conversation is None:
            return
        if page.look.today != date.today():
            page.restyle(replace(page.look, today=date.today()))
        chosen = self.selected
        try:
            self._below += page.refresh()
            page.trouble = ""
        except sqlite3.Error as error:
            page.trouble = str(error)
        self._moved()
        if self.selected != chosen:
            self.post_message(self.MessageSelected(self.selected))

    def jump_to(self, message_id: str) -> bool:
        """Puts the cursor on a message (our id or a wamid), reading its surroundings; False if the store has none."""
        page = self._page
        index = page.held.index(message_id)
        if index is None:
            try:
                page.held.load_around(message_id)
            except sqlite3.Error as error:
                page.trouble = str(error)
            index = page.held.index(message_id)
        if index is None:
            return False
        page.cursor, page.anchor = index, (index, 0)
        page.scroll(-self.size.height // 3)
        self._moved()
        self.post_message(self.MessageSelected(self.selected))
        return True

    def fail(self, reason: str) -> None:
        """Shows why the thread cannot be read, until it can."""
        self._page.trouble = reason
        self.refresh()

    def _restyle(self, **context: Any) -> None:
        at_end = self._was_at_end
        self._page.restyle(replace(self._page.look, **context))
        self._page.lay_out()
        if at_end:
            self._page.to_bottom()
        self._moved()

    def _moved(self) -> None:
        """The screen shows something else: paints it, and tells what follows from it."""
        page = self._page
        wanted = page.read_ahead()
        if wanted is not None and wanted != self._asked and page.held.conversation is not None:
            self._asked = wanted
            self.post_message(self.OlderWanted(page.held.conversation, wanted))
        at_end = page.at_bottom
        if at_end:
            self._below = 0
            if not self._was_at_end and page.held.conversation is not None and page.held.rows:
                self.post_message(self.EndReached(page.held.conversation))
        self._was_at_end = at_end
        self.refresh()

    # ── moving ───────────────────────────────────────────────────────────────────────────────────────────

    def action_move(self, step: int) -> None:
        """To the next or previous message; a message longer than the screen is first read to its end."""
        page = self._page
        if not page.held.rows:
            return
        index = page.next_stop(step) if page.edge_shown(page.cursor, step) else None
        if index is not None:
            self._set_cursor(index, step)
        else:
            page.scroll(step * max(1, self.size.height - 2))
            self._moved()

    def _set_cursor(self, index: int, step: int) -> None:
        old = self._page.cursor
        if self._page.turn_to(index, step):
            self._moved()
        else:
            self._refresh_bar(old)
            self._refresh_bar(index)
        self.post_message(self.MessageSelected(self.selected))

    def _refresh_bar(self, index: int) -> None:
        for y, (row, _line) in enumerate(self._page.lines):
            if row == index:
                self.refresh(Region(0, y, 1, 1))

    def action_page(self, pages: int) -> None:
        """A page up or down; the cursor goes to the first message that begins there."""
        page = self._page
        if not page.held.rows:
            return
        page.scroll(pages * max(1, self.size.height - 1))
        self._moved()
        starts = [row for row, line in page.lines if line == page.block(row).above and page.stops(row)]
        if starts:
            page.cursor = starts[-1] if pages > 0 and page.at_bottom else starts[0]
            self.post_message(self.MessageSelected(self.selected))

    def action_first(self) -> None:
        """To the beginning of what the store holds."""
        page = self._page
        if not page.held.at_start:
            try:
                page.held.load_start()
            except sqlite3.Error as error:
                page.trouble = str(error)
        if page.held.rows:
            page.cursor, page.anchor = 0, (0, 0)
            page.lay_out()
            self._moved()
            self.post_message(self.MessageSelected(self.selected))

    def action_last(self) -> None:
        """To the newest message."""
        self._page.to_bottom()
        self._page.cursor = len(self._page.held.rows) - 1
        self._moved()
        self.post_message(self.MessageSelected(self.selected))

    def action_expand(self) -> None:
        """Shows a long message whole, and what an edited one said before; once more folds it again."""
        row = self.selected
        if row is not None:
            self._page.toggle(row.id)
            self._moved()

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
        if event.y < len(self._page.lines):
            index = self._page.lines[event.y][0]
            if self._page.stops(index):
                self._set_cursor(index, 1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel moves the screen, three lines a notch."""
        event.stop()
        self._page.scroll(3)
        self._moved()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel moves the screen, three lines a notch."""
        event.stop()
        self._page.scroll(-3)
        self._moved()

    def on_resize(self, event: events.Resize) -> None:
        """Another size: what stood at the top stays there, or at the end the end stays in view."""
        self._page.height = self.size.height
        self._restyle(width=max(1, self.size.width - 1))

    def on_focus(self) -> None:
        """The cursor's bar is bright while the thread has the focus."""
        self._refresh_bar(self._page.cursor)

    def on_blur(self) -> None:
        """The cursor's bar is bright while the thread has the focus."""
        self._refresh_bar(self._page.cursor)

    # ── drawing ──────────────────────────────────────────────────────────────────────────────────────────

    def render_line(self, y: int) -> Strip:
        """One line of the visible part."""
        page, cells = self._page, self.size.width
        if page.trouble or not page.held.rows:
            lines = self._notice()
            at = y - max(0, (self.size.height - len(lines)) // 3)
            return self._styles.strip(lines[at] if 0 <= at < len(lines) else [], cells)
        if y == self.size.height - 1 and self._below:
            n = self._below
            text = f" {ngettext('{n} new below', '{n} new below', n).format(n=n)} {page.look.glyphs.down} "
            piece = clip_line([(text, "thread-below")], cells)
            return self._styles.strip([(" " * ((cells - line_width(piece)) // 2), "text"), *piece], cells)
        if y >= len(page.lines):
            return self._styles.strip([], cells)
        index, at = page.lines[y]
        made = page.block(index)
        current = index == page.cursor and at >= made.above
        bar = page.look.glyphs.bar if current else " "
        style = "thread-cursor" if self.has_focus else "muted"
        return self._styles.strip([(bar, style), *made.lines[at]], cells)

    def _notice(self) -> list[Line]:
        page = self._page
        if page.trouble:
            text, style = _("This conversation cannot be read: {reason}").format(reason=page.trouble), "error"
        elif page.held.conversation is None:
            text, style = _("No conversation is open."), "muted"
        elif not page.held.whole:
            text, style = _("Fetching messages") + page.look.glyphs.ellipsis, "muted"
        else:
            text, style = _("No messages yet."), "muted"
        return centred([(text, style)], self.size.width)
