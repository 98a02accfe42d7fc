"""Commands of the inbox: open, next, find, order, view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wptui.i18n import _
from wptui.model.commands import Assign
from wptui.model.settings.departments import of_agent
from wptui.screens.inbox_pane import SORTS, VIEWS
from wptui.store import inbox, team
from wptui.store.inbox import Sort, View
from wptui.widgets.choices import Choice

if TYPE_CHECKING:
    from wptui.screens.main import MainScreen


class InboxCommands:
    """What is about the list."""

    def __init__(self, main: MainScreen) -> None:
        self.main = main

    def open(self) -> None:
        """Opens the conversation under the cursor."""
        selected = self.main.inbox.list.selected
        if selected is not None:
            self.main.chat.open(selected)

    def next(self) -> None:
        """Takes the customer who waits longest, and opens the conversation."""
        desk = self.main.wptui.desk
        found = inbox.most_urgent(desk.db, desk.me, of_agent(team.departments(desk.db), desk.me))
        row = inbox.conversation(desk.db, found) if found else None
        if row is None:
            self.main.banner.say(_("Nobody waits for an answer."))
            return
        if row.assignee != desk.me:
            desk.give(row.id, Assign(conversation=row.id, agent=desk.me, expect=row.assignee or None))
        self.main.inbox.list.select(row.id)
        self.main.chat.open(row.id)

    def find(self) -> None:
        """Opens the filter line."""
        self.main.show_chat(False)
        self.main.inbox.open_filter()

    def search(self) -> None:
        """Full-text search over all messages."""
        from wptui.screens.search import SearchScreen

        def found(chosen: tuple[str, str] | None) -> None:
            if chosen is not None:
                conversation, message = chosen
                self.main.chat.open(conversation, at=message)

        self.main.app.push_screen(SearchScreen(self.main.wptui.desk), found)

    def sort(self) -> None:
        """Chooses the order."""
        from wptui.screens.picker import Picker

        current = self.main.inbox.query.sort
        choices = [Choice(sort.value, _(title), marked=sort is current) for sort, title in SORTS.items()]

        def chosen(id: str | None) -> None:
            if id is not None:
                self.main.inbox.ask(sort=Sort(id))

        at = list(SORTS).index(current)
        self.main.app.push_screen(Picker(_("Order of the inbox"), choices, at=at), chosen)

    def view(self) -> None:
        """Chooses what is listed."""
        from wptui.screens.picker import Picker

        current = self.main.inbox.query.view
        label = self.main.wptui.keymap.label
        choices = [
            Choice(view.value, _(title), right=label(f"inbox.view_{view.value}"), marked=view is current)
            for view, title in VIEWS.items()
        ]

        def chosen(id: str | None) -> None:
            if id is not None:
                self._list(View(id))

        at = list(VIEWS).index(current)
        self.main.app.push_screen(Picker(_("View"), choices, at=at), chosen)

    def _list(self, view: View) -> None:
        self.main.show_chat(False)
        self.main.inbox.ask(view=view)
        self.main.set_focus(self.main.inbox.list)

    def view_all(self) -> None:
        """Every open conversation."""
        self._list(View.ALL)

    def view_mine(self) -> None:
        """The agent's own."""
        self._list(View.MINE)

    def view_unassigned(self) -> None:
        """Nobody's."""
        self._list(View.UNASSIGNED)

    def view_late(self) -> None:
        """Customers who have waited too long."""
        self._list(View.LATE)

    def view_snoozed(self) -> None:
        """Put aside."""
        self._list(View.SNOOZED)

    def view_resolved(self) -> None:
        """Done."""
        self._list(View.RESOLVED)
