"""The figures of the header and the right pane: counted when something changed, at most once a second."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from wptui.i18n import _
from wptui.store.inbox import Counters, counters
from wptui.widgets.header import HeaderState
from wptui.widgets.stats_pane import StatsState

if TYPE_CHECKING:
    from wptui.screens.main import MainScreen

COUNT_SECONDS = 5
"""How often customers who have become late are counted while nothing else changes."""


class Figures:
    """Counts, and hands what it counted to header and figures."""

    def __init__(self, main: MainScreen) -> None:
        self.main = main
        self.dirty = True
        self.counters: Counters | None = None
        self._counted = 0.0
        self._stats = StatsState()

    def tick(self, now: float) -> None:
        """A second has passed."""
        if self.dirty or now - self._counted >= COUNT_SECONDS or now < self._counted:
            self.renew()
        else:
            self.renew_header()
            if self._visible:
                self.main.stats.show(replace(self._stats, now=now))
        self.main.inbox.renew()

    @property
    def _visible(self) -> bool:
        return self.main.has_class("wide") and not self.main.has_class("hide-stats")

    def renew(self) -> None:
        """Counts again."""
        desk = self.main.wptui.desk
        now = desk.now()
        self.dirty = False
        self._counted = now
        try:
            self.counters = counters(desk.db, desk.me, int(now))
            if self._visible and self.main.furnished:
                self._stats = self.count_stats(now)
                self.main.stats.show(self._stats)
        except sqlite3.Error:
            return  # the list says what is wrong with the cache
        self.renew_header()

    def count_stats(self, now: float | None = None) -> StatsState:
        """Today's figures as they are."""
        from wptui.store.stats import day_figures, inbound_by_hour  # not before the first screen needs it

        desk = self.main.wptui.desk
        now = desk.now() if now is None else now
        local = datetime.fromtimestamp(now)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        start, end = int(midnight.timestamp()), int((midnight + timedelta(days=1)).timestamp())
        return StatsState(
            figures=day_figures(desk.db, start, end, int(now)),
            counters=self.counters,
            target=desk.target,
            now=now,
            hours=tuple(inbound_by_hour(desk.db, start, local.hour + 1)),
            departments=self._departments(int(now)),
        )

    def _departments(self, now: int) -> tuple[tuple[str, int, int], ...]:
        """Who waits in which department, where the agent sees several."""
        team = self.main.team
        if not team.several:
            return ()
        counted = {
            id: (waiting, late)
            for id, waiting, late in self.main.wptui.desk.db.execute(
                "SELECT department, COUNT(*), COALESCE(SUM(due_at <= ?), 0) FROM conversations "
                "WHERE waiting_since IS NOT NULL GROUP BY +department",  # those who wait alone, not every conversation
                (now,),
            )
        }
        named = {**team.departments, "": _("No department")}
        return tuple((name, *counted[id]) for id, name in named.items() if id in counted)

    def renew_header(self) -> None:
        """Shows how the link stands and what time it is."""
        desk = self.main.wptui.desk
        self.main.header.show(
            HeaderState(
                workspace=desk.workspace,
                agent=desk.my_name,
                duty=desk.duty(),
                link=desk.state,
                counters=self.counters,
                now=desk.now(),
            )
        )
