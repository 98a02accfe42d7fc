"""Who did what: the trail of a conversation, or of a colleague, from the relay's event log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.screen import Screen

from wptui.i18n import _
from wptui.model.errors import LinkError, WptuiError
from wptui.model.text import safe_line
from wptui.screens.dialogue import DialogueTitle, Told
from wptui.store import audit
from wptui.store.audit import Entry
from wptui.widgets.choices import Choice, ChoiceList
from wptui.widgets.footer import Hints
from wptui.widgets.render.words import when

if TYPE_CHECKING:
    from wptui.screens.desk import Desk

EVERY = 3.0
"""Seconds between two looks at what has come on top."""


class AuditScreen(Screen["tuple[str, str]"]):
    """Answers (conversation, message) to jump to, the message "" where there is none; or None.

    Pages are asked of the relay as the reader comes to their end; what happens meanwhile comes on top.
    """

    DEFAULT_CSS = """
    AuditScreen ChoiceList { height: 1fr; }
    """

    def __init__(self, desk: Desk, *, conversation: str = "", agent: str = "") -> None:
        super().__init__()
        self._desk = desk
        self._conversation = conversation
        self._whose = agent
        self.list = ChoiceList()
        self._told = Told()
        self._hints = Hints()
        self._entries: list[Entry] = []
        self._next: int | None = None
        self._asking = False
        self._begun = False

    def compose(self) -> ComposeResult:
        if self._whose:
            title = _("What {name} did").format(name=self._desk.name(self._whose))
        else:
            row = self._desk.db.execute(
                "SELECT title FROM conversations WHERE id = ?", (self._conversation,)
            ).fetchone()
            title = _("What happened: {name}").format(name=row[0] if row else self._conversation)
        yield DialogueTitle(title)
        yield self.list
        yield self._told
        yield self._hints

    def on_mount(self) -> None:
        """Asks the relay."""
        self._hints.show([("↑↓", _("choose")), ("pgup pgdn", _("pages")), ("enter", _("open")), ("esc", _("back"))])
        self.list.empty = _("Asking the relay…")
        self.list.offer([])
        self._ask(None)
        self.set_interval(EVERY, lambda: self._ask(None))

    def _ask(self, before: int | None) -> None:
        if not self._asking:
            self._asking = True
            self.run_worker(self._page(before))

    async def _page(self, before: int | None) -> None:
        try:
            remote = self._desk.remote
            if remote is None:
                raise LinkError(_("The trail lies at the relay, which cannot be reached now."))
            page = await remote.audit(conversation=self._conversation, agent=self._whose, before=before)
        except WptuiError as error:
            self._told.say(f"{error} {error.hint}".strip(), "error")
            if not self._entries:
                self.list.empty = _("Nothing can be shown.")
                self.list.offer([])
            return
        finally:
            self._asking = False
        self._told.say("")
        if before is not None or not self._begun:
            self._next = page.next
        self._begun = True
        known = {entry.seq for entry in self._entries}
        fresh = [entry for entry in page.entries if entry.seq not in known]
        if before is None and self._entries and len(fresh) == len(page.entries) and page.next is not None:
            # More happened than a page holds: what is listed would have a gap.
            self._entries, self._next = [], page.next
        if fresh or not self._entries:
            self._entries = sorted([*self._entries, *fresh], key=lambda entry: -entry.seq)
            self._offer()

    def _offer(self) -> None:
        chosen = self.list.chosen
        names, now = audit.names(self._desk.db), int(self._desk.now())
        choices = [
            Choice(
                str(entry.seq),
                safe_line(audit.sentence(entry, names), 300),
                safe_line(entry.title, 80) if self._whose else "",
                when(entry.at // 1000, now, None),
            )
            for entry in self._entries
        ]
        self.list.empty = _("Nothing has happened here.")
        at = next((n for n, choice in enumerate(choices) if chosen is not None and choice.id == chosen.id), 0)
        self.list.offer(choices, at)

    def on_choice_list_moved(self, event: ChoiceList.Moved) -> None:
        """Near the end, the next page is fetched."""
        if event.choice is None or self._next is None:
            return
        if any(event.choice.id == str(entry.seq) for entry in self._entries[-20:]):
            self._ask(self._next)

    def on_choice_list_picked(self) -> None:
        """A click opens."""
        self._open()

    def on_key(self, event: events.Key) -> None:
        """Moves, opens or leaves."""
        if event.key in ("escape", "q"):
            self.dismiss(None)
        elif event.key == "enter":
            self._open()
        elif not self.list.step(event.key):
            return
        event.stop()
        event.prevent_default()

    def _open(self) -> None:
        chosen = self.list.chosen
        entry = next((each for each in self._entries if chosen is not None and str(each.seq) == chosen.id), None)
        if entry is None:
            return
        if entry.conversation is None:
            self._told.say(_("This is about no conversation."))
            return
        row = self._desk.db.execute(
            "SELECT id FROM messages WHERE conversation = ? AND seq = ?", (entry.conversation, entry.seq)
        ).fetchone()
        self.dismiss((entry.conversation, row[0] if row else ""))
