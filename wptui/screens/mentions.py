"""The notes that call the agent: those not seen first, newest first."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.screen import Screen

from wptui.i18n import _
from wptui.model.commands import SeeMentions
from wptui.model.errors import WptuiError
from wptui.screens.dialogue import DialogueTitle
from wptui.store import workload
from wptui.widgets.choices import Choice, ChoiceList
from wptui.widgets.footer import Hints
from wptui.widgets.render.words import short_when, who

if TYPE_CHECKING:
    from wptui.screens.desk import Desk


class MentionsScreen(Screen["tuple[str, str]"]):
    """Answers (conversation, note), or None. What is opened is seen: the chat says so."""

    DEFAULT_CSS = "MentionsScreen ChoiceList { height: 1fr; }"

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.list = ChoiceList()
        self._hints = Hints()
        self._found: list[workload.Mention] = []

    def compose(self) -> ComposeResult:
        yield DialogueTitle(_("Notes that call you"))
        yield self.list
        yield self._hints

    def on_mount(self) -> None:
        """Shows them, and those that come."""
        self._hints.show(
            [("↑↓", _("choose")), ("enter", _("open")), ("s", _("seen")), ("S", _("all seen")), ("esc", _("back"))]
        )
        self.call_after_refresh(self.renew, first=True)
        self.set_interval(1.0, self.renew)

    def renew(self, *, first: bool = False) -> None:
        """Reads them again; the choice stays on its note."""
        try:
            found = workload.mentions(self._desk.db, self._desk.me)
        except sqlite3.Error as error:
            self.list.empty = _("The cache cannot be read: {error}").format(error=error)
            self.list.offer([])
            return
        if found == self._found and not first:
            return
        chosen, self._found = self.list.chosen, found
        now, agents = int(self._desk.now()), dict(self._desk.colleagues())
        choices = [
            Choice(
                each.note,
                each.title,
                f"{who(each.author, self._desk.me, agents)}: {' '.join(each.text.split())}",
                short_when(each.ts, now, None),
                style="muted" if each.seen else "heading",
                marked=not each.seen,
            )
            for each in found
        ]
        self.list.empty = _("No note calls you. Colleagues call you by @ and your name.")
        at = next((n for n, choice in enumerate(choices) if chosen is not None and choice.id == chosen.id), 0)
        self.list.offer(choices, at)

    def on_key(self, event: events.Key) -> None:
        """Moves, opens, or marks as seen."""
        if event.key in ("escape", "q"):
            self.dismiss(None)
        elif event.key == "enter":
            self._open()
        elif event.key == "s" and (mention := self._chosen()) is not None:
            self._see([mention.conversation])
        elif event.key == "S":
            self._see([each.conversation for each in self._found if not each.seen])
        elif not self.list.step(event.key):
            return
        event.stop()
        event.prevent_default()

    def on_choice_list_picked(self) -> None:
        """A click opens."""
        self._open()

    def _chosen(self) -> workload.Mention | None:
        chosen = self.list.chosen
        return next((each for each in self._found if chosen is not None and each.note == chosen.id), None)

    def _open(self) -> None:
        mention = self._chosen()
        if mention is not None:
            self.dismiss((mention.conversation, mention.note))

    def _see(self, conversations: list[str]) -> None:
        try:
            for conversation in dict.fromkeys(conversations):
                self._desk.give(conversation, SeeMentions(conversation=conversation))
        except WptuiError as error:
            self.notify(str(error), severity="error", markup=False)
