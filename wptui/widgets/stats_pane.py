"""Today's figures: how fast customers were answered, who is left, and when they write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wptui.i18n import _, format_duration, format_number, format_percent
from wptui.store.inbox import Counters
from wptui.widgets.cell_view import CellView, spread
from wptui.widgets.glyphs import Glyphs
from wptui.widgets.render.cells import Line, clip, fit, simple, width

if TYPE_CHECKING:  # counting them is not needed for the first screen
    from wptui.store.stats import DayFigures


@dataclass(frozen=True)
class StatsState:
    """What the pane shows. Times are Unix seconds, `target` seconds; `hours` counts customers' messages by hour."""

    figures: DayFigures | None = None
    counters: Counters | None = None
    target: int = 600
    now: float = 0.0
    hours: tuple[int, ...] = ()
    departments: tuple[tuple[str, int, int], ...] = ()
    """(name, how many wait, how many of them late), where the agent sees several."""


def sparkline(values: tuple[int, ...], g: Glyphs) -> str:
    """One sign a value, its height by the largest of all; nothing at all is the lowest sign."""
    top = max(values, default=0)
    signs = g.spark
    if not top:
        return signs[0] * len(values)
    # Anything above nothing shows: a single message at noon must not look like none.
    return "".join(signs[0] if not value else signs[max(1, round(value * (len(signs) - 1) / top))] for value in values)


def _short(seconds: float | None) -> str:
    return "–" if seconds is None else format_duration(seconds)


def stats_lines(state: StatsState, cells: int, g: Glyphs) -> list[Line]:
    """The pane in `cells` columns."""
    figures, counters = state.figures, state.counters
    if figures is None or counters is None:
        return []
    room = cells - 2

    def row(name: str, value: str, style: str = "") -> Line:
        return [(" ", ""), *spread([(name, "muted")], [(value, style)], room), (" ", "")]

    def held(value: float | None) -> tuple[str, str]:
        if value is None:
            return "–", "muted"
        good = value <= state.target
        return f"{format_duration(value)} {g.good if good else g.bad}", "ok" if good else "error"

    response = figures.first_response
    median, p90 = held(response.median), held(response.p90)
    lines: list[Line] = [
        [(" ", "panel"), (fit(_("First response"), cells - 1), "heading panel")],
        row(_("median"), *median),
        row(_("90 in 100"), *p90),
        row(_("target"), format_duration(state.target)),
    ]
    if response.n:
        kept = response.p90 is not None and response.p90 <= state.target
        lines.append(row(_("within target"), _("yes") if kept else _("no"), "ok" if kept else "error"))
    lines += [
        row(_("answered"), format_number(response.n)),
        [],
        [(" ", ""), (_("Now"), "heading")],
        row(_("waiting"), format_number(counters.waiting)),
        row(_("late"), format_number(counters.late), "error" if counters.late else ""),
        row(_("oldest"), _short(None if counters.oldest is None else state.now - counters.oldest)),
        row(_("unassigned"), format_number(counters.unassigned)),
        row(_("yours"), format_number(counters.mine)),
        [],
        [(" ", ""), (_("Today"), "heading")],
        row(_("new requests"), format_number(figures.opened)),
        row(_("resolved"), format_number(figures.resolved)),
        row(_("unanswered"), format_number(figures.still_waiting), "warning" if figures.still_waiting else ""),
        row(_("in time"), "–" if (share := figures.sla.share) is None else format_percent(share)),
        row(_("late answers"), format_number(figures.sla.breached), "error" if figures.sla.breached else ""),
        row(_("received"), format_number(figures.inbound)),
        row(_("sent"), format_number(figures.outbound)),
    ]
    if state.departments:
        lines += [[], [(" ", ""), (_("Waiting by department"), "heading")]]
        for name, waiting, late in state.departments:
            told = format_number(waiting) + (f" ({format_number(late)}{g.late})" if late else "")
            lines.append(row(clip(simple(name), room - width(told) - 1), told, "error" if late else ""))
    if state.hours:
        shown = state.hours[-room:]
        first = len(state.hours) - len(shown)
        chart: Line = [(" ", ""), (sparkline(shown, g), "bar-chart")]
        axis_left, axis_right = f"{first:02}", f"{len(state.hours) - 1:02}"
        gap = len(shown) - len(axis_left) - len(axis_right)
        lines += [[], [(" ", ""), (_("Messages by hour"), "heading")], chart]
        if gap > 0:
            lines.append([(" ", ""), (axis_left + " " * gap + axis_right, "muted")])
    return lines


class StatsPane(CellView):
    """Today's figures at the right edge."""

    state: StatsState = StatsState()

    def show(self, state: StatsState) -> None:
        """Shows other figures; only what differs is painted."""
        self.state = state
        self.renew()

    def lines(self, cells: int, rows: int) -> list[Line]:
        return stats_lines(self.state, cells, self.looks.glyphs)
