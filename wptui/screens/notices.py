"""What makes itself known: new messages, failures, the link; by bell, title and desktop, as the settings say."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from wptui.config import Event
from wptui.i18n import _, ngettext
from wptui.screens import terminal
from wptui.store import inbox
from wptui.store.changes import Changes
from wptui.sync.state import Kind, LinkState

if TYPE_CHECKING:
    from wptui.screens.main import MainScreen

OLD = 120
"""Seconds after which a message is old: it came while nobody was connected, and is not announced."""
MANY = 50
"""Conversations changed at once from which on it is a catching up, and no news of each."""
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
        self._role: tuple[str, frozenset[str]] | None = None
        self._given: dict[str, int] = {}
        """Conversation → when it was given to the agent, as far as that was announced."""
        self._heard: dict[str, str] = {}
        """Followed conversation → the colleague's message that was announced last."""
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
        self._hear_of(changes, now)

    def _hear_of(self, changes: Changes, now: float) -> None:
        """What colleagues and rules want of the agent, and what happens in what the agent follows."""
        me = self.main.wptui.desk.me
        reading = self._reading()
        for conversation, agent, note in changes.mentioned:
            if agent == me and conversation != reading:
                self._called(conversation, note, now)
        for conversation, agents, text in changes.notified:
            if me in agents:
                title = self._title(conversation)
                self._announce(f"{title}: {text}" if text else title)
        if len(changes.conversations) <= MANY:
            for conversation in changes.conversations - {reading}:
                self._assigned(conversation, now)
                self._followed(conversation, now)

    def _announce(self, text: str) -> None:
        """What is for this agent in particular: told like a mention, and above the panes."""
        self._events["mention"] = text
        self.main.banner.say(text)

    def _reading(self) -> str | None:
        """The conversation that the agent looks at."""
        app = self.main.wptui
        return self.main.chat.conversation if app.focus_known and app.app_focus else None

    def _title(self, conversation: str) -> str:
        row = inbox.conversation(self.main.wptui.desk.db, conversation)
        return row.title if row else _("a customer")

    def _called(self, conversation: str, note: str, now: float) -> None:
        desk = self.main.wptui.desk
        found = desk.db.execute("SELECT author, ts FROM messages WHERE id = ?", (note,)).fetchone()
        if found is not None and now - found[1] <= OLD:
            name = desk.name(str(found[0]).removeprefix("agent:"))
            told = _("{name} mentions you: {customer}").format(name=name, customer=self._title(conversation))
            self._announce(told)

    def _assigned(self, conversation: str, now: float) -> None:
        """A conversation that somebody else has just given to the agent."""
        desk = self.main.wptui.desk
        found = desk.db.execute(
            "SELECT c.title, c.assigned_at, m.author FROM conversations c JOIN messages m ON m.conversation = c.id "
            "WHERE c.id = ? AND c.assignee = ? AND m.dir = 'event' AND m.kind = 'assigned' "
            "ORDER BY m.ts DESC, m.seq DESC LIMIT 1",
            (conversation, desk.me),
        ).fetchone()
        if found is None or found[2] == f"agent:{desk.me}" or found[1] is None or now - found[1] > OLD:
            return
        if self._given.get(conversation) != found[1]:
            self._given[conversation] = found[1]
            self._announce(_("{customer} is yours now").format(customer=found[0]))

    def _followed(self, conversation: str, now: float) -> None:
        """What a colleague wrote where the agent follows; the customer's messages are announced anyway."""
        desk = self.main.wptui.desk
        found = desk.db.execute(
            "SELECT m.id, m.author FROM messages m JOIN followers f ON f.conversation = m.conversation "
            "WHERE f.agent = ?1 AND m.conversation = ?2 AND m.ts >= ?3 AND m.dir IN ('out', 'note') "
            "AND m.automatic = 0 AND m.author <> ?4 ORDER BY m.ts DESC, m.seq DESC LIMIT 1",
            (desk.me, conversation, int(now) - OLD, f"agent:{desk.me}"),
        ).fetchone()
        if found is not None and self._heard.get(conversation) != found[0]:
            self._heard[conversation] = found[0]
            name = desk.name(str(found[1]).removeprefix("agent:"))
            told = _("{name} wrote in {customer}, which you follow")
            self._events.setdefault("mention", told.format(name=name, customer=self._title(conversation)))

    def link_changed(self, state: LinkState) -> None:
        """The link stands otherwise: what needs the agent's eye stays above the panes until it is over."""
        banner = self.main.banner
        self._look_at_role(state)
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

    def _look_at_role(self, state: LinkState) -> None:
        """What the agent may do changed: that is told, and nothing to be afraid of."""
        if not state.permissions:
            return
        role = (state.role, frozenset(state.permissions))
        if self._role is not None and self._role != role:
            from wptui.model.permissions import ROLE_TITLES
            from wptui.store.team import document

            title = ROLE_TITLES.get(state.role)
            own = document(self.main.wptui.desk.db, "roles").get(state.role)
            name = _(title) if title else own.title if own is not None and own.title else state.role
            told = _("Your role changed: {role}.").format(role=name) if name else _("Your role changed.")
            key = self.main.wptui.keymap.label("app.help")
            self.main.banner.say(told, _("{key} lists what it allows.").format(key=key))
        self._role = role

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
        if app.desk.duty() == "away" and event not in ("send_failed", "connection_lost"):
            return  # whoever is away is not rung for
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
