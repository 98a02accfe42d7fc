"""What makes itself known: new messages, failures, the link; by bell, title and desktop, as the settings say."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from wptui.config import Event
from wptui.i18n import _, ngettext
from wptui.model.text import fold
from wptui.screens import terminal
from wptui.store import inbox
from wptui.store.changes import Changes
from wptui.sync.state import Kind, LinkState

if TYPE_CHECKING:
    from wptui.screens.main import MainScreen

OLD = 120
"""Seconds after which a message is old: it came while nobody was connected, and is not announced."""
SKEWED = 120_000
"""Milliseconds by which this machine's clock may be wrong before the agent is told."""


class Notices:
    """Collects for a second what happened, and announces it once."""

    def __init__(self, main: MainScreen) -> None:
        self.main = main
        self.unseen = 0
        self._new: dict[str, int] = {}
        self._events: dict[Event, str] = {}
        self._late: int | None = None
        self._mentions: set[str] = set()
        self._was = Kind.CONNECTING
        self._skew_told = False
        self._titled = False

    # ── what happened ────────────────────────────────────────────────────────────────────────────────────

    def changed(self, changes: Changes) -> None:
        """The cache changed. What comes while catching up is no news."""
        app = self.main.wptui
        link = app.desk.link
        if link is None or not link.state.connected:
            return
        now = app.desk.now()
        for conversation, _message, ts in changes.inbound:
            reading = conversation == self.main.chat.conversation and app.focus_known and app.app_focus
            if now - ts <= OLD and not reading:
                self._new[conversation] = self._new.get(conversation, 0) + 1
        for _conversation, message in changes.failed:
            found = app.desk.db.execute(
                "SELECT c.title, m.author FROM messages m JOIN conversations c ON c.id = m.conversation WHERE m.id = ?",
                (message,),
            ).fetchone()
            if found is not None and str(found[1]).removeprefix("agent:") == app.desk.me:
                self._events["send_failed"] = _("Not sent to {name}").format(name=found[0])
        self._look_for_mentions(changes.conversations, int(now))

    def _look_for_mentions(self, conversations: set[str], now: int) -> None:
        desk = self.main.wptui.desk
        name = fold(desk.my_name)
        if not name or len(conversations) > 50:
            return
        for conversation in conversations:
            for id, author, text in desk.db.execute(
                "SELECT id, author, text FROM messages WHERE conversation = ? AND ts >= ? AND dir = 'note'",
                (conversation, now - OLD),
            ):
                mine = str(author).removeprefix("agent:") == desk.me
                if id not in self._mentions and not mine and name.split()[0] in fold(text):
                    self._mentions.add(id)
                    self._events["mention"] = _("{name} mentions you").format(
                        name=desk.name(str(author).removeprefix("agent:"))
                    )

    def link_changed(self, state: LinkState) -> None:
        """The link stands otherwise: what needs the agent's eye stays above the panes until it is over."""
        banner = self.main.banner
        if state.kind in (Kind.REFUSED, Kind.OFFLINE):
            banner.stand("error" if state.kind is Kind.REFUSED else "warning", state.detail, state.hint)
        elif state.kind is not Kind.CONNECTING:
            banner.stand()
        if state.kind is Kind.OFFLINE and self._was in (Kind.LIVE, Kind.POLLING):
            self._events["connection_lost"] = _("The relay cannot be reached")
        if state.connected and abs(state.skew_ms) > SKEWED and not self._skew_told:
            self._skew_told = True
            minutes = round(abs(state.skew_ms) / 60_000)
            banner.say(
                ngettext(
                    "This machine's clock is {n} minute off; waiting times follow the relay's.",
                    "This machine's clock is {n} minutes off; waiting times follow the relay's.",
                    minutes,
                ).format(n=minutes),
                severity="warning",
            )
        self._was = state.kind

    # ── telling ──────────────────────────────────────────────────────────────────────────────────────────

    def tick(self) -> None:
        """A second has passed: what happened in it is announced, once."""
        self._count_late()
        new, self._new = self._new, {}
        events, self._events = self._events, {}
        if new:
            events["new_message"] = self._written(new)
            self.unseen += sum(new.values())
        for event, text in events.items():
            self._tell(event, text)

    def _count_late(self) -> None:
        counters = self.main.figures.counters
        if counters is None:
            return
        if self._late is not None and counters.late > self._late:
            self._events["waiting_late"] = ngettext(
                "{n} customer waits too long", "{n} customers wait too long", counters.late
            ).format(n=counters.late)
        self._late = counters.late

    def _written(self, new: dict[str, int]) -> str:
        count = sum(new.values())
        if len(new) == 1:
            row = inbox.conversation(self.main.wptui.desk.db, next(iter(new)))
            if row is not None:
                return ngettext("{n} message from {name}", "{n} messages from {name}", count).format(
                    n=count, name=row.title
                )
        return ngettext(
            "{n} message from {customers} customers", "{n} messages from {customers} customers", count
        ).format(n=count, customers=len(new))

    def _tell(self, event: Event, text: str) -> None:
        app = self.main.wptui
        rules = app.desk.settings.notifications
        focused = app.focus_known and app.app_focus
        channels = rules.channels(event, focused=focused, now=datetime.now().time())
        if "bell" in channels:
            app.bell()
        if "title" in channels:
            self._name_window(text)
        if "desktop" in channels:
            heading = app.desk.workspace or "wptui"
            app.tell_terminal(terminal.desktop(rules.desktop, heading, text, tmux=terminal.in_tmux()))

    def _name_window(self, text: str) -> None:
        app = self.main.wptui
        if not self._titled:
            self._titled = True
            app.tell_terminal("\x1b[22;0t")  # keep the title there was, for the end
        count = f"({self.unseen}) " if self.unseen else "! "
        app.tell_terminal(terminal.title(f"{count}{app.desk.workspace or 'wptui'}: {text}"))

    def looked(self) -> None:
        """The agent is back: nothing is unseen any more."""
        if self._titled and self.unseen:
            self.main.wptui.tell_terminal(terminal.title(self.main.wptui.desk.workspace or "wptui"))
        self.unseen = 0

    def end(self) -> None:
        """The window gets its old title back."""
        if self._titled:
            self.main.wptui.tell_terminal("\x1b[23;0t")
