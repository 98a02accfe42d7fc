"""The line above a thread: who the customer is, whose conversation it is, and how long one may answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from wptui.i18n import _, format_duration
from wptui.store.inbox import InboxRow
from wptui.widgets.cell_view import CellView
from wptui.widgets.glyphs import Glyphs
from wptui.widgets.render.cells import Line, Piece, clip, line_width, simple, width
from wptui.widgets.render.inbox import SOON

CLOSING = 2 * 3600
"""Seconds before the end from which the window's countdown is a warning."""


@dataclass(frozen=True)
class ChatState:
    """What the title shows. `assignee` is a name, "" for nobody; `present` says which colleague does what here."""

    row: InboxRow | None = None
    phone: str = ""
    username: str = ""
    number: str = ""
    """Our number's name, where there are several."""
    assignee: str = ""
    mine: bool = False
    present: str = ""
    present_short: str = ""
    """The same where there is little room: a sign and names."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Label → style of its colour."""
    department: str = ""
    """Its department's name, where the agent sees several."""
    blocked: bool = False
    """Whether the customer is blocked at Meta."""
    now: float = 0.0


def window_piece(row: InboxRow, now: float) -> Piece:
    """What is left of the 24-hour window, in hours and minutes."""
    left = (row.window_expires or 0) - now
    if row.window_expires is None or left <= 0:
        return _("window closed"), "error"
    minutes = int(left) // 60
    text = _("window {time}").format(time=f"{minutes // 60}:{minutes % 60:02}")
    return text, "warning" if left < CLOSING else "ok"


def due_piece(row: InboxRow, now: float) -> Piece | None:
    """When the next answer, or the end, is due; None where nothing is."""
    if row.state != "open" or row.due_at is None:
        return None
    left = row.due_at - now
    if left <= 0:
        return _("late by {time}").format(time=format_duration(-left)), "error"
    told = _("to resolve in {time}") if row.due_what == "resolution" else _("due in {time}")
    return told.format(time=format_duration(left)), "warning" if left <= SOON else "muted"


def chat_title_line(state: ChatState, cells: int, g: Glyphs) -> Line:
    """The title in `cells`: name, window and who else is here stay longest."""
    row = state.row
    if row is None:
        return []
    name = simple(row.title) or state.phone or _("unknown customer")
    parts: list[tuple[int, list[Piece]]] = [(10, [(" ", ""), (clip(name, max(12, cells // 2)), "heading")])]
    if state.blocked:
        parts.append((9, [(_("blocked"), "error")]))
    if (level := {0: "low", 2: "high", 3: "urgent"}.get(row.priority)) is not None:
        word = {"low": _("low"), "high": _("high"), "urgent": _("urgent")}[level]
        parts.append((8, [(f"{g.named(level)} {word}", f"priority-{level}")]))
    if state.phone and state.phone != row.title:
        parts.append((4, [(state.phone, "muted")]))
    elif state.username and not state.phone:
        parts.append((4, [(f"@{simple(state.username)}", "muted")]))
    if row.campaign:
        parts.append((6, [(f"#{simple(row.campaign)}", "inbox-campaign")]))
    if row.labels:
        pieces: list[Piece] = []
        for label in row.labels:
            pieces += [(" ", "")] if pieces else []
            pieces.append((simple(label), state.labels.get(label, "inbox-label")))
        parts.append((5, pieces))
    if state.department:
        parts.append((4, [(simple(state.department), "inbox-department")]))
    if state.number:
        parts.append((2, [(f"{g.to} {simple(state.number)}", "muted")]))
    if row.state == "resolved":
        parts.append((7, [(f"{g.resolved} {_('resolved')}", "muted")]))
    elif row.state == "snoozed":
        parts.append((7, [(f"{g.snoozed} {_('snoozed')}", "muted")]))
    if state.assignee:
        parts.append((7, [(simple(state.assignee), "inbox-mine" if state.mine else "inbox-assignee")]))
    elif row.state == "open":
        parts.append((3, [(_("unassigned"), "muted")]))
    if row.owner == "ai":
        parts.append((6, [(_("Meta's AI answers"), "warning")]))
    right: list[Piece] = []
    if row.free_until is not None and row.free_until > state.now and cells >= 60:
        right += [(_("free entry"), "ok"), ("  ", "")]
    if (due := due_piece(row, state.now)) is not None and cells >= 80:
        right += [due, ("  ", "")]
    right += [window_piece(row, state.now), (" ", "")]
    if state.present:
        # Who the customer is, and that they are blocked or urgent, is not given up for who else looks.
        kept = sum(line_width(pieces) + 2 for importance, pieces in parts if importance >= 8)
        free = cells - line_width(right) - 1 - kept - 2
        present = simple(state.present)
        if width(present) > free:
            present = clip(simple(state.present_short), max(1, free))
        right = [(present, "accent"), ("  ", ""), *right]
    room = cells - line_width(right) - 1
    while len(parts) > 1 and sum(line_width(pieces) + 2 for _importance, pieces in parts) > room:
        parts.remove(min(parts, key=lambda part: part[0]))
    left: Line = []
    for _importance, pieces in parts:
        left += [("  ", ""), *pieces] if left else pieces
    if line_width(left) > room:
        left = [(" ", ""), (clip(name, max(0, room - 1)), "heading")]
    gap = cells - line_width(left) - sum(width(text) for text, _style in right)
    return [*left, (" " * max(0, gap), ""), *right]


class ChatTitle(CellView):
    """The line above the thread."""

    DEFAULT_CSS = "ChatTitle { height: 1; }"
    OVER = "panel"

    state: ChatState = ChatState()

    def show(self, state: ChatState) -> None:
        """Shows another conversation, or what changed of this one."""
        self.state = state
        self.renew()

    def lines(self, cells: int, rows: int) -> list[Line]:
        return [chat_title_line(self.state, cells, self.looks.glyphs)]
