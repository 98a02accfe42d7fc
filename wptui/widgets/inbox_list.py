"""The inbox: a list of any length of which only the visible rows are read and drawn.

Rows come from `wptui.store.inbox` a window at a time. The list flips by the page when the cursor leaves it, and a
key otherwise changes two rows; the clocks stand leftmost, because a line is sent from its left edge to the last
cell that changed.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from rich.segment import Segment
from textual import events
from textual.binding import Binding
from textual.geometry import Region
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from wptui.i18n import N_, _, ngettext
from wptui.store import inbox
from wptui.store.inbox import InboxQuery, InboxRow, View
from wptui.widgets.render.cells import Line, clip_line, line_width, width, wrap
from wptui.widgets.render.inbox import HEAD, InboxContext, body, head
from wptui.widgets.styles import DEFAULT_PALETTE, Styles

MARGIN = 20
"""Rows read beyond the visible ones, on either side."""
_KEPT = 1000
"""Drawn bodies kept."""


class InboxList(ScrollView, can_focus=True):
    """The list of conversations. Give it a database and a query with `show`; it never writes.

    Its look comes from `configure`. Its own keys only move the cursor; `action_open` is for the app's command.
    `selected` is the id under the cursor, None where the list is empty.
    """

    DEFAULT_CSS = """
    InboxList { overflow: hidden hidden; scrollbar-size: 0 0; }
    """

    BINDINGS = [
        Binding("down,j", "move(1)", show=False, id="inbox.down"),
        Binding("up,k", "move(-1)", show=False, id="inbox.up"),
        Binding("pagedown", "page(1)", show=False, id="inbox.page_down"),
        Binding("pageup", "page(-1)", show=False, id="inbox.page_up"),
        Binding("home,g", "first", show=False, id="inbox.first"),
        Binding("end,G", "last", show=False, id="inbox.last"),
    ]

    @dataclass
    class Selected(Message):
        """The cursor stands on another conversation; `by_user` is false where the list moved under it."""

        conversation: str | None
        by_user: bool

        def can_replace(self, message: Message) -> bool:
            """Only the last of several in a row matters."""
            return isinstance(message, InboxList.Selected)

    @dataclass
    class Opened(Message):
        """The agent wants to read `conversation`."""

        conversation: str

    @dataclass
    class NewAbove(Message):
        """`count` conversations came in above what is visible (also told on the list's first line); 0: all seen."""

        count: int

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._db: sqlite3.Connection | None = None
        self._query = InboxQuery()
        self._look = InboxContext(width=0, now=int(time.time()))
        self._styles = Styles(DEFAULT_PALETTE)
        self._clock: Callable[[], float] = time.time
        self._keys: Mapping[str, str] = {"clear_filter": "esc", "refresh": "^r"}
        self._count = 0
        self._top = 0
        self._cursor = 0
        self._selected: str | None = None
        self._touched = False
        """Whether the agent has moved the cursor since the list was shown."""
        self._gap: int | None = None
        """Where the cursor's conversation stood before it changed and moved out of sight: moving goes on from there."""
        self._new_above = 0
        self._error = ""
        self._rows: dict[int, InboxRow] = {}
        self._bodies: dict[tuple[InboxRow, int, bool], Strip] = {}
        self._heads: dict[int, Line] = {}

    # ── what to show, and how ────────────────────────────────────────────────────────────────────────────

    @property
    def selected(self) -> str | None:
        """Id of the conversation under the cursor."""
        return self._selected

    @property
    def selected_row(self) -> InboxRow | None:
        """The conversation under the cursor, as last read."""
        return self._row(self._cursor) if self._count else None

    @property
    def count(self) -> int:
        """How many conversations the query lists."""
        return self._count

    @property
    def cursor(self) -> int:
        """Place of the cursor in the list, from 0."""
        return self._cursor

    @property
    def query_shown(self) -> InboxQuery:
        """What is listed."""
        return self._query

    @property
    def new_above(self) -> int:
        """Conversations that came in above what is visible since the agent was there."""
        return self._new_above

    def configure(
        self,
        *,
        styles: Styles | None = None,
        keys: Mapping[str, str] | None = None,
        clock: Callable[[], float] | None = None,
        **context: Any,
    ) -> None:
        """Changes the look: `styles`, the `keys` named in hints, and fields of `InboxContext` but `width` and `now`.

        `clock` answers the time in Unix seconds wherever rows are read; the machine's own if none is given.
        """
        if clock is not None:
            self._clock = clock
        if styles is not None:
            self._styles = styles
        if keys is not None:
            self._keys = {**self._keys, **keys}
        self._look = replace(self._look, **context)
        self._query = replace(self._query, me=self._look.me, target=self._look.target)
        self._place(self._cursor - self._top)
        self._restyled()

    def show(self, query: InboxQuery, db: sqlite3.Connection | None = None, select: str | None = None) -> None:
        """Lists `query` from its beginning, the cursor on `select` or the first row; `db` is needed once."""
        if db is not None:
            self._db = db
        self._query = query
        self._look = replace(self._look, me=query.me or self._look.me, target=query.target)
        self._error = ""
        self._gap = None
        self._touched = select is not None
        self._top = self._cursor = 0
        self._announce(0)
        self._read_count()
        at = self._position(select) if select else None
        if at is not None:
            self._cursor = at
        self._place(min(self._cursor, self._page // 2))
        self._select(by_user=False)
        self._redraw()

    def select(self, conversation: str) -> bool:
        """Puts the cursor on a conversation; False if the list does not hold it."""
        at = self._position(conversation)
        if at is None:
            return False
        self._go(at, by_user=False)
        return True

    def refresh_rows(self, conversations: set[str] | None = None, *, filling: bool = False) -> None:
        """Reads again after `conversations` (None: any) changed. What is on the screen stays where it is.

        The cursor keeps its conversation and its line while others come and go. Where its own conversation moves
        (it was answered, say) the list does not run after it: the rows stay, and the next key goes on from where it
        stood. Where it left the list, the next conversation takes its place. While the cache is `filling`, and until
        the agent has moved, the cursor is on the first row, whichever that is.
        """
        if self._db is None:
            return
        old_top, old_cursor = self._top, self._cursor
        before = {index: self._rows[index] for index in self._visible() if index in self._rows}
        self._read_count()
        if filling and not self._touched:
            self._selected = None
            self._cursor = 0
        at = self._position(self._selected) if self._selected else None
        itself = conversations is not None and self._selected in conversations
        if at is not None and (itself or self._gap is not None):
            self._stay(at, old_top, old_cursor, before)
        else:
            self._gap = None
            self._cursor = self._cursor if at is None else at
            self._place(old_cursor - old_top if at is not None or not filling else 0)
        moved = self._cursor - old_cursor
        if self._top > old_top and moved > 0:
            self._announce(self._new_above + self._top - old_top)
        elif self._top == 0:
            self._announce(0)
        self._select(by_user=False)
        if self._top != old_top or moved or not before:
            self._redraw()
        else:
            self._refresh_changed(before)

    def _stay(self, at: int, old_top: int, old_cursor: int, before: dict[int, InboxRow]) -> None:
        """Keeps the other rows on their lines while the cursor's conversation stands at `at` now."""
        line = (old_cursor if self._gap is None else self._gap) - old_top
        top = old_top
        for index, row in before.items():
            if row.id != self._selected and (there := self._position(row.id)) is not None:
                # It closed ranks where the cursor's conversation went from before it to behind it.
                top = there - (index - old_top) + (1 if self._gap is None and index > old_cursor and at > there else 0)
                break
        self._cursor = at
        self._top = max(0, min(top, self._count - self._page))
        visible = self._top <= at < self._top + self._page
        self._gap = None if visible else self._top + line

    def tick(self, now: int | None = None) -> None:
        """Brings the clocks to `now` (Unix seconds); repaints the heads whose text changed, and nothing else."""
        self._look = replace(self._look, now=int(self._clock() if now is None else now))
        if self._error or not self._count:
            return
        lines = self._look.lines
        for y in range(min(self.size.height, len(self._visible()) * lines)):
            index, line = self._top + y // lines, y % lines
            row = self._row(index)
            if row is not None and self._heads.get(y) != head(row, self._look, line):
                self.refresh(Region(0, y, 1 + HEAD, 1))

    def fail(self, reason: str) -> None:
        """Shows why the conversations cannot be read, until the next `show` or `refresh_rows` that succeeds."""
        self._error = reason
        self.refresh()

    # ── reading ──────────────────────────────────────────────────────────────────────────────────────────

    @property
    def _page(self) -> int:
        """Whole rows that fit."""
        return max(1, self.size.height // self._look.lines)

    def _visible(self) -> range:
        # A row cut off at the bottom is drawn as far as it goes.
        lines = self._look.lines
        return range(self._top, min(self._count, self._top + -(-self.size.height // lines)))

    def _asked(self) -> InboxQuery:
        return replace(self._query, now=self._look.now)

    def _read_count(self) -> None:
        self._rows.clear()
        if self._db is None:
            return
        self._look = replace(self._look, now=int(self._clock()))
        try:
            self._count = inbox.count(self._db, self._asked())
            self._error = ""
        except sqlite3.Error as error:
            self._count = 0
            self.fail(str(error))
        self._cursor = max(0, min(self._cursor, self._count - 1))

    def _position(self, conversation: str | None) -> int | None:
        if self._db is None or not conversation or self._error:
            return None
        try:
            return inbox.position(self._db, self._asked(), conversation)
        except sqlite3.Error as error:
            self.fail(str(error))
            return None

    def _row(self, index: int) -> InboxRow | None:
        row = self._rows.get(index)
        if row is None and 0 <= index < self._count and self._db is not None and not self._error:
            first = max(0, min(index, self._top) - MARGIN)
            wanted = max(index, self._top + self._page) - first + 1 + MARGIN
            if wanted > 4 * (self._page + MARGIN):
                first, wanted = max(0, index - MARGIN), self._page + 2 * MARGIN
            try:
                rows = inbox.window(self._db, self._asked(), first, wanted)
            except sqlite3.Error as error:
                self.fail(str(error))
                return None
            self._rows = dict(enumerate(rows, first))
            row = self._rows.get(index)
        return row

    # ── moving ───────────────────────────────────────────────────────────────────────────────────────────

    def _place(self, line: int) -> None:
        """Puts the cursor on row `line` of the screen, as far as the ends of the list allow."""
        line = max(0, min(line, self._page - 1))
        self._top = max(0, min(self._cursor - line, self._count - self._page))

    def _go(self, index: int, *, by_user: bool = True) -> None:
        """Moves the cursor; where it leaves the page, the page that begins (or ends) with it is shown."""
        index = max(0, min(index, self._count - 1))
        if not self._count:
            return
        self._gap = None
        self._touched = True
        old, old_top = self._cursor, self._top
        self._cursor = index
        if index < self._top:
            self._place(self._page - 1 if old - index <= self._page else 0)
        elif index >= self._top + self._page:
            self._place(0)
        if self._top == 0:
            self._announce(0)
        if self._top != old_top:
            self._redraw()
        elif old != index:
            self._refresh_row(old)
            self._refresh_row(index)
        self._select(by_user=by_user)

    def _select(self, *, by_user: bool) -> None:
        row = self._row(self._cursor)
        chosen = row.id if row is not None else None
        if chosen != self._selected:
            self._selected = chosen
            self.post_message(self.Selected(chosen, by_user))

    def _announce(self, count: int) -> None:
        if count != self._new_above:
            self._new_above = count
            self.post_message(self.NewAbove(count))
            self.refresh(Region(0, 0, self.size.width, 1))

    def action_move(self, rows: int) -> None:
        """Cursor up or down."""
        if self._gap is not None:
            start, self._gap = self._gap, None
            self._cursor = max(self._top, min(start, self._count - 1))
            self._redraw()
            self._go(self._cursor + (rows - 1 if rows > 0 else rows))
            return
        self._go(self._cursor + rows)

    def action_page(self, pages: int) -> None:
        """A page up or down: the cursor keeps its line."""
        if not self._count:
            return
        self._touched = True
        line = (self._cursor if self._gap is None else self._gap) - self._top
        self._gap = None
        last_top = max(0, self._count - self._page)
        if (pages > 0 and self._top >= last_top) or (pages < 0 and self._top == 0):
            self._go(self._count - 1 if pages > 0 else 0)
            return
        self._top = max(0, min(self._top + pages * self._page, last_top))
        self._cursor = min(self._top + line, self._count - 1)
        if self._top == 0:
            self._announce(0)
        self._redraw()
        self._select(by_user=True)

    def action_first(self) -> None:
        """To the first conversation."""
        self._go(0)

    def action_last(self) -> None:
        """To the last conversation."""
        self._go(self._count - 1)

    def action_open(self) -> None:
        """Opens the conversation under the cursor."""
        if self._selected:
            self._touched = True
            self.post_message(self.Opened(self._selected))

    def on_click(self, event: events.Click) -> None:
        """A click puts the cursor on a row and opens it."""
        index = self._top + event.y // self._look.lines
        if index < self._count and not self._error:
            self._go(index)
            self.action_open()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel moves the cursor, three rows a notch."""
        event.stop()
        self._go(self._cursor + 3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel moves the cursor, three rows a notch."""
        event.stop()
        self._go(self._cursor - 3)

    def on_resize(self, event: events.Resize) -> None:
        """Another size: the cursor stays on its line as far as that still exists."""
        line = self._cursor - self._top
        self._look = replace(self._look, width=max(1, self.size.width - 1))
        self._place(line)
        self._select(by_user=False)
        self._restyled()

    # ── drawing ──────────────────────────────────────────────────────────────────────────────────────────

    def _redraw(self) -> None:
        self._heads.clear()
        self.refresh()

    def _restyled(self) -> None:
        """Forgets what was drawn in another width, theme, density, set of glyphs or names."""
        self._bodies.clear()
        self._redraw()

    def _refresh_row(self, index: int) -> None:
        """Repaints the part of a row that the cursor changes: its bars, and its first line up to the title's end."""
        row = self._row(index)
        y = (index - self._top) * self._look.lines
        if row is None or not 0 <= y < self.size.height:
            return
        self.refresh(Region(0, y, 1 + HEAD + self._marked_cells(row), 1))
        for below in range(1, self._look.lines):
            self.refresh(Region(0, y + below, 1, 1))

    def _marked_cells(self, row: InboxRow) -> int:
        cells = 0
        for text, style in body(row, self._look, 0):
            cells += width(text)
            if style.startswith("inbox-title"):
                break
        return cells

    def _refresh_changed(self, before: dict[int, InboxRow]) -> None:
        lines = self._look.lines
        for index in self._visible():
            if self._row(index) != before.get(index):
                self.refresh(Region(0, (index - self._top) * lines, self.size.width, lines))

    def render_line(self, y: int) -> Strip:
        """One line of the visible part."""
        cells = self.size.width
        if self._error or not self._count:
            lines = self._notice()
            at = y - max(0, (self.size.height - len(lines)) // 3)
            return self._styles.strip(lines[at] if 0 <= at < len(lines) else [], cells)
        lines_a_row = self._look.lines
        index, line = self._top + y // lines_a_row, y % lines_a_row
        row = self._row(index)
        if row is None:
            return self._styles.strip([], cells)
        current = index == self._cursor
        top = head(row, self._look, line)
        self._heads[y] = top
        bar = self._look.glyphs.bar if current else " "
        marked = current and line == 0
        left = self._styles.segments([(bar, "inbox-bar"), *top], "inbox-selected" if marked else "")
        if marked:
            left = [Segment(bar, self._styles["inbox-bar"]), *self._styles.segments(top, "inbox-selected")]
        strip = Strip([*left, *self._body(row, line, marked)]).adjust_cell_length(cells, self._styles[""])
        if y == 0 and self._new_above:
            return self._with_announcement(strip, cells)
        return strip

    def _body(self, row: InboxRow, line: int, marked: bool) -> Strip:
        # The row itself is the key: whatever of it changes, it is another. `_restyled` empties the cache.
        key = (row, line, marked)
        strip = self._bodies.get(key)
        if strip is None:
            pieces = body(row, self._look, line)
            if marked:
                pieces = _mark(pieces)
            strip = Strip(self._styles.segments(pieces))
            if len(self._bodies) >= _KEPT:
                self._bodies.clear()
            self._bodies[key] = strip
        return strip

    def _with_announcement(self, strip: Strip, cells: int) -> Strip:
        n = self._new_above
        text = f" {ngettext('{n} new above', '{n} new above', n).format(n=n)} {self._look.glyphs.up} "
        piece = clip_line([(text, "inbox-new")], cells)
        return Strip.join(
            [
                strip.crop(0, cells - line_width(piece)),
                Strip(self._styles.segments(piece)),
            ]
        )

    def _notice(self) -> list[Line]:
        """Why there is no row, and the key that helps."""
        if self._error:
            text = _("The conversations cannot be read: {reason}").format(reason=self._error)
            hint = _("{key} tries again").format(key=self._keys["refresh"])
            return self._centred([(text, "error"), (hint, "muted")])
        if self._db is None:
            return self._centred([(_("Loading conversations") + self._look.glyphs.ellipsis, "muted")])
        if self._query.filter.source:
            text = _("Nothing matches {filter}").format(filter=self._query.filter.source)
            return self._centred(
                [
                    (text, "text"),
                    (_("{key} clears the filter").format(key=self._keys["clear_filter"]), "muted"),
                ]
            )
        return self._centred(
            [
                (_(_EMPTY[self._query.view]), "text"),
                (_("New messages appear here by themselves."), "muted"),
            ]
        )

    def _centred(self, texts: list[tuple[str, str]]) -> list[Line]:
        lines: list[Line] = []
        room = max(1, self.size.width - 4)
        for text, style in texts:
            for start, end in wrap(text, room):
                part = text[start:end]
                lines.append([(" " * max(0, (self.size.width - width(part)) // 2), "text"), (part, style)])
        return lines


def _mark(pieces: Line) -> Line:
    """The title and what stands before it, in the colours of the selection."""
    marked: Line = []
    inside = True
    for text, style in pieces:
        marked.append((text, f"{style} inbox-selected" if inside else style))
        inside = inside and not style.startswith("inbox-title")
    return marked


_EMPTY = {
    View.ALL: N_("No open conversations."),
    View.MINE: N_("No conversation is yours. Take the most urgent one with n."),
    View.UNASSIGNED: N_("Every open conversation has somebody."),
    View.LATE: N_("Nobody waits too long."),
    View.SNOOZED: N_("Nothing is snoozed."),
    View.RESOLVED: N_("Nothing has been resolved yet."),
}
