"""The agent's screen: inbox, thread, composer and figures, and what happens to them when something changes.

What the agent can do here lies beside it, by subject: `inbox_commands`, `conversation_commands`,
`message_commands`, `writing` and `window_commands`; each has a method for every command of `actions` under its name.
"""

from __future__ import annotations

import inspect
import sqlite3
from typing import TYPE_CHECKING, Any, cast

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.geometry import Size
from textual.reactive import Reactive
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget

from wptui.i18n import _
from wptui.model.errors import StorageError, WptuiError
from wptui.screens.actions import BY_ID, NEEDS, Need, Where, key_label
from wptui.screens.figures import Figures
from wptui.screens.inbox_pane import InboxPane
from wptui.widgets.banner import Banner
from wptui.widgets.cell_view import CellView
from wptui.widgets.footer import Hints
from wptui.widgets.header import Header
from wptui.widgets.inbox_list import InboxList
from wptui.widgets.render.cells import Line, wrap
from wptui.widgets.stats_pane import StatsPane

if TYPE_CHECKING:
    from wptui.app import WptuiApp
    from wptui.screens.chat import Chat
    from wptui.screens.notices import Notices
    from wptui.store.thread import ThreadRow
    from wptui.sync.state import LinkChange
    from wptui.widgets.composer import Composer
    from wptui.widgets.thread_view import ThreadView

ONE_PANE, NO_STATS = 100, 120
"""Columns under which one pane at a time is shown, and under which the figures fold away."""
LEAST = (40, 10)
"""Columns and rows under which nothing sensible fits."""


def _movements(widget: type[Widget]) -> dict[str, str]:
    """Key → action, of a list's own bindings."""
    bindings = Binding.make_bindings(widget.BINDINGS)
    return {binding.key: binding.action for binding in bindings}


_MOVEMENTS: dict[type[Widget] | type[None], dict[str, str]] = {InboxList: _movements(InboxList)}
"""What the lists' own keys do; the thread's are added with the thread."""


class TooSmall(CellView):
    """What a window shows in which nothing fits."""

    def lines(self, cells: int, rows: int) -> list[Line]:
        text = _("Make the window larger: {columns}×{rows} at least.").format(columns=LEAST[0], rows=LEAST[1])
        return [[(text[start:end], "")] for start, end in wrap(text, max(1, cells))]


class MainScreen(Screen[None]):
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
        self._clock: Timer | None = None
        self._early: list[str] = []
        """Commands given before."""
        self._groups: dict[str, Any] = {}
        self._focused_before: Widget | None = None
        """What had the focus before the window became too small for anything."""

    @property
    def wptui(self) -> WptuiApp:
        """The app."""
        return cast("WptuiApp", self.app)

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
        _MOVEMENTS.setdefault(type(self.chat.thread), _movements(type(self.chat.thread)))
        chat = self.chat
        await self.query_one("#chat-pane").mount(chat.title, chat.thread, chat.waiting, chat.composer)
        chat.thread.open(None, db=self.wptui.desk.db)
        self.furnished = True
        self.restyle()
        self.figures.renew()
        self._clock = self.set_interval(1.0, self.tick)
        self.renew_hints()
        early, self._early = self._early, []
        for id in early:
            self.run_command(id)

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
        agents = dict(desk.db.execute("SELECT id, name FROM agents"))
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
            target=desk.target,
        )
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
            glyphs=app.glyphs,
            me=desk.me,
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
            self.chat.renew_waiting()
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
                touched = change.changes.conversations | change.changes.removed
                if touched:
                    filling = desk.state is not None and not desk.state.connected
                    self.inbox.list.refresh_rows(touched, filling=filling)
                self.chat.changed(change.changes)
                self.notices.changed(change.changes)
                self.figures.dirty = True
        except sqlite3.Error as error:
            self.banner.say(_("The cache cannot be read: {error}").format(error=error), severity="error")
        for result in change.results:
            self.chat.settled(result)
        for presence in change.presence:
            self.chat.heard(presence)
        if change.outbox or change.results or change.state is not None:
            self.chat.renew_waiting()
        if change.state is not None:
            self.notices.link_changed(change.state)
            self.figures.renew_header()

    # ── commands ─────────────────────────────────────────────────────────────────────────────────────────

    def where(self) -> list[Where]:
        """The panes whose commands a key press may mean now."""
        focused = self.focused
        if focused is self.inbox.list:
            return ["inbox", "main"]
        if self.furnished and focused is self.chat.thread:
            return ["thread", "main"]
        if self.furnished and focused is self.chat.composer.editor:
            return ["composer", "main"]
        return ["main"]

    async def take_key(self, event: events.Key) -> bool:
        """A key press, before any widget has it; whether it was a command or moved a cursor.

        Taken here and not where it bubbles to: on a slow line keys come in bursts, and a key that is taken early
        must not overtake the one before it ("down, enter, i, text" would open the wrong conversation).
        """
        self.wptui.present()
        where = self.where()
        if where == ["main"] and self.focused is not None:
            return False  # the filter line
        if "composer" in where:
            if event.is_printable or self.wptui.keymap.find(event.key, None, ["composer"]):
                return False  # in its turn, behind the text typed before it
        else:
            focused = self.focused
            movement = _MOVEMENTS.get(type(focused), {}).get(event.key)
            if movement and focused is not None and not self.wptui.keymap.find(event.key, event.character, where):
                await focused.run_action(movement)
                return True
        action = self.wptui.keymap.find(event.key, event.character, where)
        if action is not None:
            self.run_command(action.id)
        return action is not None

    def composer_key(self, event: events.Key) -> bool:
        """A key pressed in the composer: the composer's own commands."""
        if event.is_printable:
            return False
        action = self.wptui.keymap.find(event.key, None, ["composer"])
        if action is not None:
            self.run_command(action.id)
        return action is not None

    def run_command(self, id: str) -> None:
        """Does a command of the catalogue, or says what it needs first."""
        if not self.furnished:
            self._early.append(id)
            return
        missing = self.missing(BY_ID[id].need)
        if missing:
            self.banner.say(_(NEEDS[missing]))
            return
        group, _dot, name = id.partition(".")
        try:
            done = getattr(self._commands(group), name)()
        except (StorageError, WptuiError) as error:
            self.trouble(error)
            return
        if inspect.isawaitable(done):
            self.run_worker(self.finish(done), exit_on_error=True)

    async def finish(self, work: Any) -> None:
        """Waits for `work`, and says what went wrong with it."""
        try:
            await work
        except WptuiError as error:
            self.trouble(error)

    def _commands(self, group: str) -> Any:
        """The object with the commands of a group, made when it is first needed."""
        if group not in self._groups:
            self._groups[group] = _load(group, self)
        return self._groups[group]

    def trouble(self, error: WptuiError) -> None:
        """Says what went wrong, and what to do."""
        self.banner.say(str(error), error.hint, "error")

    def missing(self, need: Need) -> Need:
        """What a command lacks to work on now; "" for nothing."""
        if not need:
            return ""
        if need == "conversation":
            return "" if self.target() else need
        if need == "refused":
            return "" if self.furnished and self.chat.refused() else need
        row = self.message()
        if row is None:
            return "message"
        held = {
            "message": True,
            "media": row.media is not None,
            "customer": row.wamid is not None and row.dir in ("in", "out"),
            "failed": row.dir == "out" and row.status in ("failed", "unknown"),
            "quoted": row.quote is not None,
        }
        return "" if held[need] else need

    def target(self) -> str | None:
        """The conversation a command is about: the one open, or the one under the inbox's cursor."""
        if not self.furnished or self.focused is self.inbox.list or self.chat.conversation is None:
            return self.inbox.list.selected
        return self.chat.conversation

    def message(self) -> ThreadRow | None:
        """The message a command is about."""
        return self.chat.thread.selected if self.furnished and self.chat.conversation else None

    def renew_hints(self) -> None:
        """The footer's keys for where the agent is."""
        where = self.where()
        writing = "composer" in where
        keymap = self.wptui.keymap
        hints: list[tuple[int, str, str]] = []
        for action in BY_ID.values():
            keys = [key for key in keymap.keys[action.id] if not (writing and len(key) == 1)]
            if action.hint and keys and action.where in where and not self.missing(action.need):
                hints.append((action.order, key_label(keys[0]), _(action.hint)))
        self.hints.show([(key, word) for _order, key, word in sorted(hints)])

    def on_descendant_focus(self) -> None:
        """Another pane, other keys."""
        self.renew_hints()

    # ── what the widgets tell ────────────────────────────────────────────────────────────────────────────

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

    def on_composer_canned_wanted(self) -> None:
        """A slash in an empty composer."""
        self.run_command("composer.canned")


def _load(group: str, main: MainScreen) -> Any:
    """The commands of a group. Imported here: the first screen needs none of them."""
    match group:
        case "inbox":
            from wptui.screens.inbox_commands import InboxCommands

            return InboxCommands(main)
        case "conversation":
            from wptui.screens.conversation_commands import ConversationCommands

            return ConversationCommands(main)
        case "message":
            from wptui.screens.message_commands import MessageCommands

            return MessageCommands(main)
        case "composer" | "thread":
            from wptui.screens.writing import WritingCommands

            return WritingCommands(main)
    from wptui.screens.window_commands import WindowCommands

    return WindowCommands(main)
