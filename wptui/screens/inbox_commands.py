"""Commands of the inbox: open, next, find, order, view."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from wptui.i18n import _
from wptui.model.commands import Assign, SaveSettings
from wptui.model.errors import UsageError
from wptui.model.settings.departments import of_agent
from wptui.model.text import fold
from wptui.screens.inbox_pane import SORTS, VIEWS
from wptui.store import inbox, team
from wptui.store.filters import parse
from wptui.store.inbox import Sort, View
from wptui.widgets.choices import Choice

if TYPE_CHECKING:
    from wptui.model.settings.filters import SavedFilter
    from wptui.screens.main import MainScreen


_AS_FILTER: dict[View, str] = {
    View.MINE: "is:mine",
    View.UNASSIGNED: "is:unassigned",
    View.LATE: "is:late",
    View.MENTIONS: "is:mentioned",
    View.FOLLOWING: "is:followed",
    View.SNOOZED: "is:snoozed",
    View.RESOLVED: "is:resolved",
}
"""The views as terms of a filter line."""


def filter_entry(text: str, title: str, line: str, sort: Sort) -> str:
    """A table for section `filters`, whose present `text` does not have its id yet."""
    word = "-".join(re.findall(r"[a-z0-9]+", fold(title))) or "filter"
    id, number = word, 1
    while re.search(rf"(?m)^\s*\[\s*\"?{re.escape(id)}\"?\s*\]", text):
        number += 1
        id = f"{word}-{number}"

    def quoted(value: str) -> str:
        return json.dumps(value, ensure_ascii=False)

    return f"[{id}]\ntitle = {quoted(title)}\nfilter = {quoted(line)}\nsort = {quoted(sort.value)}\n"


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
        """Takes the most urgent customer, and opens the conversation."""
        self.next_after()

    def next_after(self, lost: str = "") -> None:
        """The same, after a colleague was faster with the conversation `lost`."""
        desk = self.main.wptui.desk
        found = inbox.most_urgent(desk.db, desk.me, of_agent(team.departments(desk.db), desk.me), lost)
        row = inbox.conversation(desk.db, found) if found else None
        if row is None:
            if not lost:
                self.main.banner.say(_("Nobody waits for an answer."))
            return
        if row.assignee != desk.me:
            command = desk.give(row.id, Assign(conversation=row.id, agent=desk.me, expect=row.assignee or None))
            self.main.chat.outgoing.claiming(command, row.id)
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

        pane = self.main.inbox
        current = pane.query.view
        label = self.main.wptui.keymap.label
        choices = [
            Choice(
                f"view:{view.value}",
                _(title),
                right=label(f"inbox.view_{view.value}"),
                marked=view is current and not pane.saved,
            )
            for view, title in VIEWS.items()
        ]
        saved = {f"{int(own)}:{id}": each for (id, own), each in self.main.team.filters.items()}
        for name, each in saved.items():
            own = f"{_('own')} · " if name.startswith("1") else ""
            title = each.title or name[2:]
            choices.append(Choice(name, title, own + each.filter, words=name[2:], marked=title == pane.saved))

        def chosen(id: str | None) -> None:
            if id is None:
                return
            if id in saved:
                self._list_saved(saved[id], saved[id].title or id[2:])
            else:
                self._list(View(id.removeprefix("view:")))

        at = next((place for place, choice in enumerate(choices) if choice.marked), 0)
        self.main.app.push_screen(Picker(_("View"), choices, at=at), chosen)

    def _list(self, view: View) -> None:
        self.main.show_chat(False)
        self.main.inbox.ask(view=view)
        self.main.set_focus(self.main.inbox.list)

    def _list_saved(self, saved: SavedFilter, title: str) -> None:
        """Lists what a saved filter asks for. Raises UsageError where its line is not understood."""
        try:
            wanted = parse(saved.filter)
        except UsageError as error:
            self.main.trouble(error)
            return
        sort = Sort(saved.sort) if saved.sort in set(Sort) else None
        self.main.show_chat(False)
        self.main.inbox.ask(view=View.ALL, sort=sort, filter=wanted, saved=title)
        self.main.set_focus(self.main.inbox.list)

    def save_filter(self) -> None:
        """Keeps filter line and order as a view."""
        from wptui.screens.picker import Picker

        desk = self.main.wptui.desk
        query = self.main.inbox.query
        line = query.filter.source.strip()
        if query.view is not View.ALL:
            line = f"{_AS_FILTER[query.view]} {line}".strip()
        if not line:
            key = self.main.wptui.keymap.label("inbox.find")
            self.main.banner.say(_("Filter first: {key} opens the filter line.").format(key=key))
            return
        choices = []
        if desk.may("canned.own"):
            choices.append(Choice("own", _("for me"), line))
        if desk.may("filters.edit"):
            choices.append(Choice("shared", _("for everybody"), line))

        def chosen(whose: str | None) -> None:
            if whose is not None:
                self._name_filter(line, query.sort, own=whose == "own")

        if len(choices) == 1:  # nothing to choose: straight to its name
            chosen(choices[0].id)
        else:
            self.main.app.push_screen(Picker(_("Save the filter"), choices), chosen)

    def _name_filter(self, line: str, sort: Sort, *, own: bool) -> None:
        from wptui.screens.form import Field, Form, Values

        def named(values: Values | None) -> None:
            if values is None:
                return
            desk = self.main.wptui.desk
            text, revision = team.source(desk.db, "filters", desk.me if own else "")
            entry = filter_entry(text, values["title"], line, sort)
            before = text.rstrip() + "\n\n" if text.strip() else ""
            desk.give(None, SaveSettings(section="filters", text=before + entry, expect=revision, own=own))
            self.main.banner.say(_("Saved: {title}").format(title=values["title"]))

        fields = [Field("title", _("Title"), placeholder=_("Late in sales"))]
        self.main.app.push_screen(Form(_("Save the filter"), fields, button=_("save")), named)

    def view_mentions(self) -> None:
        """Where a note calls the agent."""
        self._list(View.MENTIONS)

    def view_following(self) -> None:
        """What the agent follows."""
        self._list(View.FOLLOWING)

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
