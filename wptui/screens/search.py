"""Full-text search over every message on this machine, as it is typed."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Input

from wptui.i18n import _
from wptui.screens.dialogue import DialogueTitle, Entry
from wptui.store.search import Hit, find, find_conversations
from wptui.widgets.choices import Choice, ChoiceList
from wptui.widgets.footer import Hints
from wptui.widgets.render.words import short_when

if TYPE_CHECKING:
    from wptui.screens.desk import Desk

PAGE = 200
"""Messages shown at most; more words find fewer."""
WAIT = 0.12
"""Seconds after the last key before searching: a fast typist searches once."""


class SearchScreen(Screen["tuple[str, str] | None"]):
    """Answers (conversation, message), the message "" for a conversation found by its name."""

    DEFAULT_CSS = "SearchScreen ChoiceList { height: 1fr; }"

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.list = ChoiceList()
        self.list.empty = _("Type words of a message, a name or a number.")
        self._hints = Hints()
        self._found: dict[str, tuple[str, str]] = {}
        self._asked = 0

    def compose(self) -> ComposeResult:
        yield DialogueTitle(_("Search all messages"))
        yield Entry("", _("Words; ışık is found by isik"))
        yield self.list
        yield self._hints

    def on_mount(self) -> None:
        """Ready to type."""
        self._hints.show([("↑↓", _("choose")), ("enter", _("open")), ("esc", _("back"))])
        self.query_one(Entry).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Searches when the typing pauses."""
        event.stop()
        self._asked += 1
        asked = self._asked

        def search() -> None:
            if asked == self._asked:
                self._search(event.value)

        self.set_timer(WAIT, search)

    def _search(self, text: str) -> None:
        db = self._desk.db
        try:
            people = find_conversations(db, text, 8) if text.strip() else []
            hits = find(db, text, PAGE)
        except sqlite3.Error as error:
            self.list.empty = _("The cache cannot be read: {error}").format(error=error)
            self.list.offer([])
            return
        self._found = {f"c{n}": (id, "") for n, (id, _title) in enumerate(people)}
        choices = [Choice(f"c{n}", title, style="heading") for n, (_id, title) in enumerate(people)]
        now = int(self._desk.now())
        for n, hit in enumerate(hits):
            self._found[f"m{n}"] = (hit.conversation, hit.message)
            choices.append(Choice(f"m{n}", hit.title, excerpt(hit, text), short_when(hit.ts, now, None)))
        self.list.empty = _("Nothing found.") if text.strip() else _("Type words of a message, a name or a number.")
        self.list.offer(choices)

    def on_key(self, event: events.Key) -> None:
        """Moves in the list while the typing goes on."""
        moves = {"up": -1, "down": 1}
        pages = {"pageup": -1, "pagedown": 1}
        if event.key in moves:
            self.list.move(moves[event.key])
        elif event.key in pages:
            self.list.page(pages[event.key])
        elif event.key == "escape":
            self.dismiss(None)
        else:
            return
        event.stop()
        event.prevent_default()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter opens what is chosen; what has just been typed is searched first."""
        event.stop()
        if self.list.chosen is None:
            self._search(event.value)
        elif self.list.chosen.id in self._found:
            self.dismiss(self._found[self.list.chosen.id])

    def on_choice_list_picked(self, event: ChoiceList.Picked) -> None:
        """So does a click."""
        self.dismiss(self._found[event.choice.id])


def excerpt(hit: Hit, asked: str) -> str:
    """The part of a message around the first word asked for."""
    from wptui.model.text import fold

    text = " ".join(hit.text.split())
    front = "→ " if hit.dir == "out" else ""
    words = fold(asked).split()
    at = fold(text).find(words[0]) if words else -1
    if at > 40:
        text = "…" + text[at - 20 :]
    return front + text
