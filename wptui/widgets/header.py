"""The first line: whose inbox this is, how fresh it is, and who waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from wptui.i18n import _, format_duration, format_percent, format_time, ngettext
from wptui.store.inbox import Counters
from wptui.sync.state import Kind, LinkState
from wptui.widgets.cell_view import CellView
from wptui.widgets.glyphs import Glyphs
from wptui.widgets.render.cells import Line, Piece, line_width, simple
from wptui.widgets.render.words import DUTIES


@dataclass(frozen=True)
class HeaderState:
    """What the header shows. Times are Unix seconds."""

    workspace: str = ""
    agent: str = ""
    duty: str = ""
    """The agent's: on, busy or away; "" where nobody keeps it."""
    link: LinkState | None = None
    counters: Counters | None = None
    now: float = 0.0


def clock(moment: float) -> str:
    """A Unix time as the local time of day; with the date when it was another day."""
    local = datetime.fromtimestamp(moment)
    return format_time(local)


def link_pieces(link: LinkState | None, g: Glyphs) -> list[Piece]:
    """How the connection stands: a sign, a word, and how old what one sees is."""
    if link is None:
        return [(f"{g.offline} ", "muted"), (_("not signed in"), "muted")]
    match link.kind:
        case Kind.LIVE:
            return [(f"{g.live} ", "ok"), (_("live"), "ok")]
        case Kind.POLLING:
            return [(f"{g.live} ", "ok"), (_("live, every 10 s"), "ok")]
        case Kind.SYNCING:
            return [
                (f"{g.connecting} ", "warning"),
                (_("syncing {percent}").format(percent=format_percent(link.progress)), "warning"),
            ]
        case Kind.CONNECTING:
            words = _("connecting, as of {time}").format(time=clock(link.fresh)) if link.fresh else _("connecting")
            return [(f"{g.connecting} ", "warning"), (words, "warning")]
        case Kind.REFUSED:
            return [(f"{g.offline} ", "error"), (_("refused"), "error")]
    if link.fresh:
        words = _("offline, as of {time}").format(time=clock(link.fresh))
    elif link.since:
        words = _("offline since {time}").format(time=clock(link.since))
    else:
        words = _("offline")
    return [(f"{g.offline} ", "error"), (words, "error")]


def duty_pieces(duty: str, g: Glyphs) -> list[Piece]:
    """Whether the agent is on duty: a sign and a word."""
    known = DUTIES.get(duty)
    if known is None:
        return []
    sign = {"on": g.live, "busy": g.connecting}.get(duty, g.offline)
    return [(f"{sign} {_(known.title)}", known.style)]


def header_line(state: HeaderState, cells: int, g: Glyphs) -> Line:
    """The header in `cells`: what matters least goes first where there is no room."""
    figures = state.counters
    clock_text = clock(state.now)
    workspace = simple(state.workspace) or "wptui"
    # (place, importance, pieces): the lower the importance, the sooner it goes.
    fields: list[tuple[str, int, list[Piece]]] = [
        ("left", 9, [(" ", ""), (workspace, "heading")]),
        ("left", 8, link_pieces(state.link, g)),
    ]
    if figures is not None:
        late = "error" if figures.late else "muted"
        waiting = ngettext("{n} waiting", "{n} waiting", figures.waiting).format(n=figures.waiting)
        fields += [
            ("left", 10, [(waiting, "")]),
            ("left", 7, [(ngettext("{n} late", "{n} late", figures.late).format(n=figures.late), late)]),
        ]
        if figures.oldest is not None:
            age = format_duration(state.now - figures.oldest)
            fields.append(("left", 6, [(_("oldest") + " ", "muted"), (age, late if figures.late else "")]))
        fields.append(("left", 4, [(_("you {n} open").format(n=figures.mine), "muted")]))
    fields += [
        ("right", 5, duty_pieces(state.duty, g)),
        ("right", 3, [(simple(state.agent), "")] if state.agent else []),
        ("right", 6, [(clock_text, ""), (" ", "")]),
    ]
    fields = [item for item in fields if item[2]]
    while len(fields) > 1 and _needed(fields) > cells:
        fields.remove(min(fields, key=lambda item: item[1]))
    left = _joined([pieces for place, _importance, pieces in fields if place == "left"], "  ")
    right = _joined([pieces for place, _importance, pieces in fields if place == "right"], "  ")
    gap = cells - line_width(left) - line_width(right)
    return [*left, (" " * max(0, gap), ""), *right]


def _needed(fields: list[tuple[str, int, list[Piece]]]) -> int:
    return sum(line_width(pieces) + 2 for _place, _importance, pieces in fields)


def _joined(groups: list[list[Piece]], gap: str) -> Line:
    line: Line = []
    for pieces in groups:
        if line:
            line.append((gap, ""))
        line += pieces
    return line


class Header(CellView):
    """The first line of the screen."""

    DEFAULT_CSS = "Header { height: 1; dock: top; }"
    OVER = "panel"

    state: HeaderState = HeaderState()

    def show(self, state: HeaderState) -> None:
        """Shows another state; only what differs is painted."""
        self.state = state
        self.renew()

    def lines(self, cells: int, rows: int) -> list[Line]:
        return [header_line(self.state, cells, self.looks.glyphs)]
