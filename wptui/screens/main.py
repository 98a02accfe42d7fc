"""The agent's screen: inbox, thread, composer and figures, and what happens to them when something changes.

How a key becomes a command is the business of `command_screen`.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.geometry import Size
from textual.reactive import Reactive
from textual.timer import Timer
from textual.widget import Widget

from wptui.i18n import _
from wptui.model.errors import WptuiError
from wptui.screens.command_screen import MOVEMENTS, CommandScreen, movements
from wptui.screens.figures import Figures
from wptui.screens.inbox_pane import InboxPane
from wptui.screens.team_view import TeamView, read
from wptui.widgets.banner import Banner
from wptui.widgets.cell_view import CellView
from wptui.widgets.footer import Hints
from wptui.widgets.header import Header
from wptui.widgets.inbox_list import InboxList
from wptui.widgets.render.cells import Line, wrap
from wptui.widgets.stats_pane import StatsPane

if TYPE_CHECKING:
    from wptui.screens.chat import Chat
    from wptui.screens.notices import Notices
    from wptui.sync.state import LinkChange
    from wptui.widgets.composer import Composer
    from wptui.widgets.thread_view import ThreadView

ONE_PANE, NO_STATS = 100, 120
"""Columns under which one pane at a time is shown, and under which the figures fold away."""
LEAST = (40, 10)
"""Columns and rows under which nothing sensible fits."""


class TooSmall(CellView):
    """What a window shows in which nothing fits."""

    def lines(self, cells: int, rows: int) -> list[Line]:
        text = _("Make the window larger: {columns}×{rows} at least.").format(columns=LEAST[0], rows=LEAST[1])
        return [[(text[start:end], "")] for start, end in wrap(text, max(1, cells))]


class MainScreen(CommandScreen):
    """The inbox and the conversation that is open."""

    DEFAULT_CSS = """
    #panes { height: 1fr; }
    #inbox-pane { width: 38; }
    #chat-pane { width: 1fr; border-left: solid $border-blurred; }
    #stats { width: 26; border-left: solid $border-blurred; display: none; }
    InboxList, ThreadView { height: 1fr; }
    #small { display: none; height: 1fr; }
    MainScreen.wide #stats { display: block; }
    MainScreen.huge #inbox-pane { width: 48; }
    MainScreen.huge #stats { width: 30; }
    MainScreen.hide-stats #stats { display: none; }
    MainScreen.one-pane #inbox-pane { width: 1fr; }
    MainScreen.one-pane #chat-pane { display: none; border-left: none; }
    MainScreen.one-pane.reading #inbox-pane { display: none; }
    MainScreen.one-pane.reading #chat-pane { display: block; }
    MainScreen.tiny #panes, MainScreen.tiny Header, MainScreen.tiny Hints, MainScreen.tiny Banner { display: none; }
    MainScreen.tiny #small { display: block; }
    """
    AUTO_FOCUS = "InboxList"
    # Textual's own repaints the whole screen whenever the focus moves; here the two panes repaint themselves.
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)

    def __init__(self) -> None:
        super().__init__()
        self.header = Header()
        self.banner = Banner()
        self.hints = Hints()
        self.stats = StatsPane(id="stats")
        self.small = TooSmall(id="small")
        self.inbox = InboxPane(self)
        self.figures = Figures(self)
        self.furnished = False
        """Whether everything but the inbox is there, too."""
        self.chat: Chat
        self.notices: Notices
        self.team = TeamView()
        self._clock: Timer | None = None
        self._focused_before: Widget | None = None
        """What had the focus before the window became too small for anything."""

    # ── life ─────────────────────────────────────────────────────────────────────────────────────────────

    def compose(self) -> ComposeResult:
        self._classify(self.app.size)  # before the first frame, not after it
        yield self.header
        yield self.banner
        with Horizontal(id="panes"):
            with Vertical(id="inbox-pane"):
                yield self.inbox.head
                yield self.inbox.list
            yield Vertical(id="chat-pane")
            yield self.stats
        yield self.small
        yield self.hints

    def on_mount(self) -> None:
        """Shows what the cache holds: the inbox first, because the rest takes as long to load again."""
        self.restyle()
        desk = self.wptui.desk
        self.inbox.begin()
        if desk.trouble:
            self.inbox.list.fail(desk.trouble)
        self.figures.renew()
        self.renew_hints()

    async def furnish(self) -> None:
        """Adds the chat, the figures and the notices to the inbox that is on the screen."""
        from wptui.screens.chat import Chat
        from wptui.screens.notices import Notices

        self.chat, self.notices = Chat(self), Notices(self)
        MOVEMENTS.setdefault(type(self.chat.thread), movements(type(self.chat.thread)))
        chat = self.chat
        await self.query_one("#chat-pane").mount(chat.title, chat.thread, chat.outgoing.pane, chat.composer)
        chat.thread.open(None, db=self.wptui.desk.db)
        self.furnished = True
        self.restyle()
        self.figures.renew()
        self._clock = self.set_interval(1.0, self.tick)
        self.renew_hints()
        await self.take_early()

    def next_after(self, lost: str) -> None:
        """The next customer, where a colleague was faster with the conversation `lost`."""
        self._commands("inbox").next_after(lost)

    def forget(self) -> None:
        """Shows nothing any more: what was on the screen is not the agent's to see."""
        if self._clock is not None:
            self._clock.stop()
        db = self.wptui.desk.db
        self.inbox.list.show(self.inbox.query, db)
        self.chat.conversation = self.chat.row = None
        self.chat.thread.open(None, db=db)
        self.chat.composer.load("")

    def restyle(self) -> None:
        """Gives every widget the colours, signs and names in force."""
        app, desk = self.wptui, self.wptui.desk
        if self.furnished:
            self.team = read(desk.db, desk.me)
        team = self.team
        agents = desk.agents | dict(team.rules)
        numbers = dict(desk.db.execute("SELECT id, CASE name WHEN '' THEN display ELSE name END FROM numbers"))
        keymap = app.keymap
        self.inbox.list.configure(
            styles=app.look,
            keys={"clear_filter": keymap.label("app.back"), "refresh": keymap.label("app.resync")},
            agents=agents,
            numbers=numbers,
            glyphs=app.glyphs,
            density=desk.settings.density,
            me=desk.me,
            departments=team.departments if team.several else {},
            labels=team.label_styles,
        )
        self.mark_rows()
        for view in self.query(CellView):
            view.repaint()
        if not self.furnished:
            return
        self.chat.thread.configure(
            styles=app.look,
            keys={
                "retry": keymap.label("message.retry"),
                "discard": keymap.label("message.discard"),
                "open": keymap.label("message.open"),
                "expand": keymap.label("message.expand"),
                "quote": keymap.label("message.quoted"),
            },
            agents=agents,
            departments=team.departments,
            glyphs=app.glyphs,
            me=desk.me,
        )

    def mark_rows(self) -> None:
        """Marks what the agent follows, and where a note calls them."""
        desk = self.wptui.desk
        followed = desk.db.execute("SELECT conversation FROM followers WHERE agent = ?", (desk.me,))
        mentioned = desk.db.execute("SELECT conversation FROM mentions WHERE agent = ? AND NOT seen", (desk.me,))
        self.inbox.list.mark(
            followed=frozenset(id for (id,) in followed), mentioned=frozenset(id for (id,) in mentioned)
        )

    def tick(self) -> None:
        """A second has passed: only cells whose text changed are painted."""
        now = self.wptui.desk.now()
        if not self.has_class("tiny"):
            self.inbox.list.tick(int(now))
            self.chat.tick(now)
            self.figures.tick(now)
        self.banner.tick()
        self.notices.tick()

    # ── size ─────────────────────────────────────────────────────────────────────────────────────────────

    def on_resize(self, event: events.Resize) -> None:
        """What fits is shown."""
        focused = self.focused
        if self._classify(event.size):
            if self.has_class("tiny"):
                self._focused_before = self._focused_before or focused
            self.call_after_refresh(self._settle)

    def _classify(self, size: Size) -> bool:
        """Which panes there is room for; whether that changed."""
        width, height = size
        before = self.classes
        self.set_class(width < LEAST[0] or height < LEAST[1], "tiny")
        self.set_class(width < ONE_PANE, "one-pane")
        self.set_class(width >= NO_STATS, "wide")
        self.set_class(width >= 170, "huge")
        return self.classes != before

    def _settle(self) -> None:
        """The focus must be on something that can be seen; figures that came into sight must be true."""
        if not self.has_class("tiny") and self._focused_before is not None:
            self.set_focus(self._focused_before)
            self._focused_before = None
        focused = self.focused
        if focused is None or not all(node.display for node in focused.ancestors_with_self):
            reading = self.furnished and self.has_class("reading") and self.chat.conversation
            self.set_focus(self.chat.thread if reading else self.inbox.list)
        self.figures.renew()
        if self.furnished:
            self.chat.outgoing.renew()
        self.renew_hints()

    def show_chat(self, shown: bool) -> None:
        """On a narrow window: the chat, or the inbox."""
        self.set_class(shown, "reading")

    # ── what the link tells ──────────────────────────────────────────────────────────────────────────────

    def changed(self, change: LinkChange) -> None:
        """Shows what changed in the cache, the outbox or the link."""
        desk = self.wptui.desk
        if change.rebuilt:
            desk.reopen()
            self.restyle()
            self.inbox.begin(keep=True)
            self.chat.reopen()
        try:
            if change.changes is not None:
                if change.changes.workspace:
                    desk.renew_names()
                    self.restyle()
                    self.renew_hints()
                touched = change.changes.conversations | change.changes.removed
                if touched:
                    self.mark_rows()
                    filling = desk.state is not None and not desk.state.connected
                    self.inbox.list.refresh_rows(touched, filling=filling)
                self.chat.changed(change.changes)
                self.notices.changed(change.changes)
                self.figures.dirty = True
        except sqlite3.Error as error:
            self.banner.say(_("The cache cannot be read: {error}").format(error=error), severity="error")
        for result in change.results:
            self.chat.outgoing.settled(result)
        for presence in change.presence:
            self.chat.heard(presence)
        if change.outbox or change.results or change.state is not None:
            self.chat.outgoing.renew()
        if change.state is not None:
            self.notices.link_changed(change.state)
            self.figures.renew_header()
            self.renew_hints()

    # ── what the widgets tell ────────────────────────────────────────────────────────────────────────────

    def on_inbox_list_selected(self) -> None:
        """There is something to work on, or nothing any more."""
        self.renew_hints()

    def on_inbox_list_opened(self, event: InboxList.Opened) -> None:
        """Enter or a click on a conversation."""
        self.chat.open(event.conversation)

    def on_thread_view_older_wanted(self, event: ThreadView.OlderWanted) -> None:
        """The cache's part of the thread ends here."""
        link = self.wptui.desk.link
        if link is not None and link.state.connected:
            self.run_worker(self.finish(link.pull_older(event.conversation, event.before)))

    def on_thread_view_media_wanted(self, event: ThreadView.MediaWanted) -> None:
        """The thread's own key for opening a file."""
        self.run_command("message.open")

    def on_thread_view_end_reached(self, event: ThreadView.EndReached) -> None:
        """The newest message is on the screen."""
        self.chat.seen()

    def on_composer_submitted(self, event: Composer.Submitted) -> None:
        """Enter in the composer."""
        try:
            self.chat.send(event.text, note=event.note)
        except WptuiError as error:
            self.trouble(error)

    def on_composer_edited(self, event: Composer.Edited) -> None:
        """The text changed."""
        self.chat.edited(event.text)

    def on_composer_call_wanted(self) -> None:
        """An @ in a note: whom to call."""
        self.chat.offer_colleagues()

    def on_composer_canned_wanted(self) -> None:
        """A slash in an empty composer."""
        self.run_command("composer.canned")
