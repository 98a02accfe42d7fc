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
from textual.strip import Strip

from wptui.i18n import N_, _, ngettext
from wptui.store.inbox import InboxQuery, InboxRow, Sort, View
from wptui.widgets.inbox_layout import InboxLayout
from wptui.widgets.pane import Pane
from wptui.widgets.render.cells import Line, centred, clip_line, line_width
from wptui.widgets.render.inbox import InboxContext, body, head, head_cells, title_cells
from wptui.widgets.styles import DEFAULT_PALETTE, Styles

_KEPT = 1000
"""Drawn bodies kept."""


class InboxList(Pane, can_focus=True):
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
        self._page = InboxLayout()
        self._look = InboxContext(width=0, now=int(time.time()))
        self._styles = Styles(DEFAULT_PALETTE)
        self._clock: Callable[[], float] = time.time
        self._keys: Mapping[str, str] = {"clear_filter": "esc", "refresh": "^r", "next": "n"}
        self._touched = False
        """Whether the agent has moved the cursor since the list was shown."""
        self._told: str | None = None
        self._new_above = 0
        self._bodies: dict[tuple[InboxRow, int, bool], Strip] = {}
        self._heads: dict[int, Line] = {}

    # ── what to show, and how ────────────────────────────────────────────────────────────────────────────

    @property
    def selected(self) -> str | None:
        """Id of the conversation under the cursor."""
        return self._page.selected

    @property
    def count(self) -> int:
        """How many conversations the query lists."""
        return self._page.count

    @property
    def cursor(self) -> int:
        """Place of the cursor in the list, from 0."""
        return self._page.cursor

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
        page = self._page
        line = page.cursor - page.top
        page.lines = self._look.lines
        page.query = replace(page.query, me=self._look.me)
        page.put(line)
        self._restyled()

    def mark(
        self,
        *,
        followed: frozenset[str] | None = None,
        mentioned: frozenset[str] | None = None,
        here: Mapping[str, str] | None = None,
    ) -> None:
        """Marks the rows of these conversations, as `InboxContext` says; repaints no more than those that change."""
        look = self._look
        self._look = replace(
            look,
            followed=look.followed if followed is None else followed,
            mentioned=look.mentioned if mentioned is None else mentioned,
            here=look.here if here is None else here,
        )
        self.tick(look.now)

    def show(self, query: InboxQuery, db: sqlite3.Connection | None = None, select: str | None = None) -> None:
        """Lists `query` from its beginning, the cursor on `select` or the first row; `db` is needed once."""
        page = self._page
        page.db = db or page.db
        page.query = query
        self._look = replace(
            self._look, me=query.me or self._look.me, now=int(self._clock()), by_due=query.sort is Sort.DUE
        )
        self._touched = select is not None
        self._announce(0)
        page.read(self._look.now)
        page.begin(select)
        self._select(by_user=False)
        self._redraw()

    def select(self, conversation: str) -> bool:
        """Puts the cursor on a conversation; False if the list does not hold it."""
        at = self._page.position(conversation)
        if at is not None:
            self._go(at, by_user=False)
        return at is not None

    def refresh_rows(self, conversations: set[str] | None = None, *, filling: bool = False) -> None:
        """Reads again after `conversations` (None: any) changed. What is on the screen stays where it is.

        The cursor keeps its conversation and its line while others come and go; where its own conversation moves
        away, the next key goes on from where it stood. While the cache is `filling`, and until the agent has moved,
        the cursor is on the first row, whichever that is.
        """
        page = self._page
        if page.db is None:
            return
        old_top, old_cursor, before = page.top, page.cursor, page.known
        self._look = replace(self._look, now=int(self._clock()))
        if filling and not self._touched:
            page.read(self._look.now)
            page.first()
        else:
            page.keep(self._look.now, conversations is not None and page.selected in conversations)
        if page.top > old_top and page.cursor > old_cursor:
            self._announce(self._new_above + page.top - old_top)
        elif page.top == 0:
            self._announce(0)
        self._select(by_user=False)
        if page.trouble or page.top != old_top or page.cursor != old_cursor or not before:
            self._redraw()
        else:
            self._refresh_changed(before)

    def tick(self, now: int | None = None) -> None:
        """Brings the clocks to `now` (Unix seconds); repaints the heads whose text changed, and nothing else."""
        self._look = replace(self._look, now=int(self._clock() if now is None else now))
        page = self._page
        for y in range(min(page.height, len(page.visible) * page.lines)):
            row = page.row(page.top + y // page.lines)
            if row is not None and self._heads.get(y) != head(row, self._look, y % page.lines):
                self.refresh(Region(0, y, 1 + head_cells(self._look, y % page.lines), 1))

    def fail(self, reason: str) -> None:
        """Shows why the conversations cannot be read, until the next `show` or `refresh_rows` that succeeds."""
        self._page.trouble = reason
        self.refresh()

    # ── moving ───────────────────────────────────────────────────────────────────────────────────────────

    def _go(self, index: int, *, by_user: bool = True) -> None:
        self._move(lambda: self._page.go(index), by_user=by_user)

    def _move(self, move: Callable[[], None], *, by_user: bool = True) -> None:
        """Moves the cursor, and paints no more than that changes."""
        page = self._page
        if not page.count:
            return
        old, old_top, old_gap = page.cursor, page.top, page.gap
        self._touched = True
        move()
        if page.top == 0:
            self._announce(0)
        if page.top != old_top or page.gap != old_gap:
            self._redraw()
        elif old != page.cursor:
            self._refresh_row(old)
            self._refresh_row(page.cursor)
        self._select(by_user=by_user)

    def _select(self, *, by_user: bool) -> None:
        row = self._page.row(self._page.cursor)
        chosen = row.id if row is not None else None
        if chosen != self._told:
            self._told = chosen
            self.post_message(self.Selected(chosen, by_user))
        self._page.selected = chosen

    def _announce(self, count: int) -> None:
        if count != self._new_above:
            self._new_above = count
            self.post_message(self.NewAbove(count))
            self.refresh(Region(0, 0, self.size.width, 1))

    def action_move(self, rows: int) -> None:
        """Cursor up or down."""
        self._move(lambda: self._page.step(rows))

    def action_page(self, pages: int) -> None:
        """A page up or down: the cursor keeps its line."""
        self._move(lambda: self._page.turn(pages))

    def action_first(self) -> None:
        """To the first conversation."""
        self._go(0)

    def action_last(self) -> None:
        """To the last conversation."""
        self._go(self.count - 1)

    def action_open(self) -> None:
        """Opens the conversation under the cursor."""
        if self.selected is not None:
            self._touched = True
            self.post_message(self.Opened(self.selected))

    def on_click(self, event: events.Click) -> None:
        """A click puts the cursor on a row and opens it."""
        index = self._page.top + event.y // self._page.lines
        if index < self.count and not self._page.trouble:
            self._go(index)
            self.action_open()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel moves the cursor, three rows a notch."""
        event.stop()
        self.action_move(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel moves the cursor, three rows a notch."""
        event.stop()
        self.action_move(-3)

    def on_resize(self, event: events.Resize) -> None:
        """Another size: the cursor stays on its line as far as that still exists."""
        page = self._page
        line = page.cursor - page.top
        page.height = self.size.height
        self._look = replace(self._look, width=max(1, self.size.width - 1))
        page.put(line)
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
        row = self._page.row(index)
        y = (index - self._page.top) * self._page.lines
        if row is None or not 0 <= y < self.size.height:
            return
        self.refresh(Region(0, y, 1 + head_cells(self._look, 0) + title_cells(row, self._look), 1))
        for below in range(1, self._page.lines):
            self.refresh(Region(0, y + below, 1, 1))

    def _refresh_changed(self, before: Mapping[int, InboxRow]) -> None:
        lines = self._page.lines
        for index in self._page.visible:
            if self._page.row(index) != before.get(index):
                self.refresh(Region(0, (index - self._page.top) * lines, self.size.width, lines))

    def render_line(self, y: int) -> Strip:
        """One line of the visible part."""
        cells = self.size.width
        if self._page.trouble or not self._page.count:
            lines = self._notice()
            at = y - max(0, (self.size.height - len(lines)) // 3)
            return self._styles.strip(lines[at] if 0 <= at < len(lines) else [], cells)
        lines_a_row = self._page.lines
        index, line = self._page.top + y // lines_a_row, y % lines_a_row
        row = self._page.row(index)
        if row is None:
            return self._styles.strip([], cells)
        current = index == self._page.cursor
        top = head(row, self._look, line)
        self._heads[y] = top
        bar = self._look.glyphs.bar if current else " "
        marked = current and line == 0
        if marked:
            left = [Segment(bar, self._styles["inbox-bar"]), *self._styles.segments(top, "inbox-selected")]
        else:
            left = self._styles.segments([(bar, "inbox-bar"), *top])
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
        return Strip.join([strip.crop(0, cells - line_width(piece)), Strip(self._styles.segments(piece))])

    def _notice(self) -> list[Line]:
        """Why there is no row, and the key that helps."""
        if self._page.trouble:
            text = _("The conversations cannot be read: {reason}").format(reason=self._page.trouble)
            hint = _("{key} tries again").format(key=self._keys["refresh"])
            return centred([(text, "error"), (hint, "muted")], self.size.width)
        if self._page.db is None:
            return centred([(_("Loading conversations") + self._look.glyphs.ellipsis, "muted")], self.size.width)
        if self._page.query.filter.source:
            text = _("Nothing matches {filter}").format(filter=self._page.query.filter.source)
            hint = _("{key} clears the filter").format(key=self._keys["clear_filter"])
        else:
            text = _(_EMPTY[self._page.query.view]).format(key=self._keys["next"])
            hint = _("New messages appear here by themselves.")
        return centred([(text, "text"), (hint, "muted")], self.size.width)


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
    View.MINE: N_("No conversation is yours. Take the most urgent one with {key}."),
    View.UNASSIGNED: N_("Every open conversation has somebody."),
    View.LATE: N_("Nobody waits too long."),
    View.SNOOZED: N_("Nothing is snoozed."),
    View.RESOLVED: N_("Nothing has been resolved yet."),
}
