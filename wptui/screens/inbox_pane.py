"""The left pane: the list, what it lists, and the filter line."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from wptui.i18n import N_, _, format_number
from wptui.model.errors import UsageError
from wptui.store.filters import Filter, parse
from wptui.store.inbox import InboxQuery, Sort, View
from wptui.widgets.cell_view import CellView, spread
from wptui.widgets.inbox_list import InboxList
from wptui.widgets.render.cells import Line, clip, simple

if TYPE_CHECKING:
    from wptui.screens.main import MainScreen

SORTS: dict[Sort, str] = {
    Sort.WAITING: N_("waiting time"),
    Sort.DUE: N_("due first"),
    Sort.PRIORITY: N_("priority"),
    Sort.UNREAD: N_("unread first"),
    Sort.LAST: N_("newest first"),
    Sort.CAMPAIGN: N_("campaign"),
    Sort.WINDOW: N_("closing window"),
}
VIEWS: dict[View, str] = {
    View.ALL: N_("all"),
    View.MINE: N_("mine"),
    View.UNASSIGNED: N_("unassigned"),
    View.LATE: N_("late"),
    View.MENTIONS: N_("mentions"),
    View.FOLLOWING: N_("following"),
    View.SNOOZED: N_("snoozed"),
    View.RESOLVED: N_("resolved"),
}


class InboxHead(CellView):
    """The line above the list: view, order, how many."""

    DEFAULT_CSS = "InboxHead { height: 1; }"
    OVER = "panel"

    asked: InboxQuery = InboxQuery()
    count = 0
    error = ""
    saved = ""

    def show(self, query: InboxQuery, count: int, error: str = "", saved: str = "") -> None:
        """Shows another query; `error` says what is wrong with the filter line, `saved` is its title if it has one."""
        self.asked, self.count, self.error, self.saved = query, count, error, saved
        self.renew()

    def lines(self, cells: int, rows: int) -> list[Line]:
        if self.error:
            return [[(" ", ""), (clip(simple(self.error), cells - 2), "error")]]
        name = simple(self.saved) or _(VIEWS[self.asked.view])
        left: Line = [(" ", ""), (name, "heading"), (f" {self.looks.glyphs.dot} ", "muted")]
        left.append((_(SORTS[self.asked.sort]), "muted"))
        if self.asked.filter.source and not self.saved:
            left += [("  ", ""), (simple(self.asked.filter.source), "accent")]
        return [spread(left, [(format_number(self.count), "muted"), (" ", "")], cells)]


class InboxPane:
    """The list with its line above, and the filter entry while it is open."""

    def __init__(self, main: MainScreen) -> None:
        self.main = main
        self.head = InboxHead()
        self.list = InboxList(id="inbox")
        self.query = InboxQuery()
        self.saved = ""
        """Title of the saved filter that is listed."""
        self.filter_open = False

    def begin(self, *, keep: bool = False) -> None:
        """Lists what the settings ask for at the start, or with `keep` what was listed, from a new cache."""
        desk = self.main.wptui.desk
        if not keep:
            settings = desk.settings
            self.query = InboxQuery(view=View(settings.view), sort=Sort(settings.sort))
        self.query = self._timed(self.query)
        self.list.show(self.query, desk.db, select=self.list.selected if keep else None)
        self.renew()

    def _timed(self, query: InboxQuery) -> InboxQuery:
        desk = self.main.wptui.desk
        return replace(query, me=desk.me, now=int(desk.now()))

    def ask(
        self,
        *,
        view: View | None = None,
        sort: Sort | None = None,
        filter: Filter | None = None,
        saved: str | None = None,
    ) -> None:
        """Lists something else; what is None stays. The cursor stays on its conversation where that is listed."""
        selected = self.list.selected
        if saved is not None:
            self.saved = saved
        elif view is not None or filter is not None:
            if self.saved and filter is None:
                filter = Filter()  # the saved filter goes with its name
            self.saved = ""
        query = replace(
            self.query,
            view=self.query.view if view is None else view,
            sort=self.query.sort if sort is None else sort,
            filter=self.query.filter if filter is None else filter,
        )
        self.query = self._timed(query)
        self.list.show(self.query, select=selected)
        self.renew()

    def renew(self) -> None:
        """Shows what is listed and how many."""
        self.head.show(self.query, self.list.count, saved=self.saved)

    # ── the filter line ──────────────────────────────────────────────────────────────────────────────────

    def open_filter(self) -> None:
        """Opens the filter entry with what is filtered by now."""
        from wptui.screens.filter_entry import FilterEntry  # brings Input, which the first screen does not need

        if self.filter_open:
            self.main.query_one(FilterEntry).focus()
            return
        self.filter_open = True
        entry = FilterEntry(self, self.query.filter.source)
        self.main.query_one("#inbox-pane").mount(entry, after=self.head)
        self.main.set_focus(entry)  # at once: the next keys are the filter

    def close_filter(self, *, clear: bool) -> None:
        """Closes the entry; with `clear` everything is listed again."""
        self.filter_open = False
        self.main.query("#filter").remove()
        if clear and self.query.filter.source:
            self.ask(filter=Filter())
        else:
            self.renew()
        self.main.set_focus(self.list)

    def filter_by(self, source: str) -> None:
        """Applies a filter line; what is not understood is said, and the list stays."""
        try:
            found = parse(source)
        except UsageError as error:
            self.head.show(self.query, self.list.count, f"{error}  {error.hint}")
            return
        if found != self.query.filter:
            self.ask(filter=found)
        else:
            self.renew()
