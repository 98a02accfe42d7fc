"""A conversation of the inbox → its one or two lines.

A row is a head of fixed width, in which the time is told (it changes every second), and a body, which changes
only with the row. The head stands on the left: the terminal is sent a line from its left edge on, so that a
clock there costs a few cells and not the row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import lru_cache
from itertools import takewhile

from wptui.i18n import _, format_duration
from wptui.model.delivery import Delivery
from wptui.store.inbox import InboxRow
from wptui.widgets.glyphs import FULL, Glyphs
from wptui.widgets.render.cells import Line, Piece, clip, clip_line, fit, fit_right, line_width, simple, width
from wptui.widgets.render.markup import marked
from wptui.widgets.render.words import initials, kind_word, short_when

HEAD = 8
"""Cells of the head: clock 6, mark 1, priority 1."""
MARKS = 3
"""Cells of who else is there, of a mark, and a blank, at the end of the second line's head."""
COMPACT = 6
"""The same where a row is one line, with the assignee before them."""
SOON = 120
"""Seconds before an answer is due from which the clock says so."""
CLOSING_SOON = 2 * 3600
"""From how many seconds before its end the window's rest is shown."""


@dataclass(frozen=True)
class InboxContext:
    """What a row's drawing depends on beside the row. `width` counts the cells behind the selection bar."""

    width: int
    now: int
    """Unix seconds."""
    me: str = ""
    agents: Mapping[str, str] = field(default_factory=dict)
    """Agent id → name."""
    numbers: Mapping[str, str] = field(default_factory=dict)
    """Number id → its short name; shown when there are several."""
    departments: Mapping[str, str] = field(default_factory=dict)
    """Department id → name; shown where the agent sees several."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Label → style of its colour."""
    followed: frozenset[str] = frozenset()
    """Conversations the agent follows."""
    mentioned: frozenset[str] = frozenset()
    """Conversations in which a note calls the agent, who has not looked yet."""
    here: Mapping[str, str] = field(default_factory=dict)
    """Conversation → what a colleague does in it: typing or viewing."""
    by_due: bool = False
    """Whether the clock counts to when an answer is due, and from there on, in place of how long they wait."""
    glyphs: Glyphs = FULL
    density: str = "comfortable"
    zone: tzinfo | None = None
    """The agent's time zone; None: the machine's."""

    @property
    def lines(self) -> int:
        """Lines a row takes."""
        return 1 if self.density == "compact" else 2


TICKS = {
    Delivery.QUEUED: "queued",
    Delivery.ATTEMPTED: "queued",
    Delivery.ACCEPTED: "sent",
    Delivery.SENT: "sent",
    Delivery.DELIVERED: "delivered",
    Delivery.READ: "read",
    Delivery.PLAYED: "read",
    Delivery.FAILED: "failed",
    Delivery.UNKNOWN: "unknown",
}
"""State of an outgoing message → name of its glyph; its style is `tick-` and that name."""


def is_late(row: InboxRow, context: InboxContext) -> bool:
    """Whether the conversation's deadline has passed."""
    return row.due_at is not None and row.due_at <= context.now


def head_cells(context: InboxContext, line: int) -> int:
    """Cells of the head of line 0 or 1."""
    if context.lines == 1:
        return HEAD + (COMPACT if context.width >= 60 else 0)
    return HEAD + (MARKS if line == 1 and context.width >= 22 else 0)


def head(row: InboxRow, context: InboxContext, line: int) -> Line:
    """The left part of line 0 or 1: exactly `head_cells`, all that depends on the moment and on who looks."""
    made = _first_head(row, context) if line == 0 else _second_head(row, context)
    if context.lines == 1 and head_cells(context, 0) > HEAD:
        return [*made, _assignee(row, context), *_marks(row, context)]
    return [*made, *_marks(row, context)] if line == 1 and head_cells(context, 1) > HEAD else made


_PRIORITIES = {0: "low", 2: "high", 3: "urgent"}


def _first_head(row: InboxRow, context: InboxContext) -> Line:
    text, mark, style = _clock(row, context)
    level = _PRIORITIES.get(row.priority)
    if level is None:
        return [(f"{text}{mark} ", style)]
    return [(text + mark, style), (context.glyphs.named(level), f"priority-{level}")]


def _clock(row: InboxRow, context: InboxContext) -> tuple[str, str, str]:
    """Six cells of time, a mark of one, and their style."""
    glyphs = context.glyphs
    if row.state == "snoozed" and row.snoozed_until is not None:
        return fit_right(short_when(row.snoozed_until, context.now, context.zone), 6), glyphs.snoozed, "inbox-snoozed"
    late = is_late(row, context)
    mark = glyphs.late if late else glyphs.resolved if row.state == "resolved" else " "
    due = row.due_at if row.state == "open" else None
    if context.by_due and due is not None:
        text = format_duration(abs(context.now - due))
        text = f"+{text}" if late and len(text) < 6 else text
    elif row.waiting_since is not None:
        text = format_duration(context.now - row.waiting_since)
    else:
        text = short_when(row.last_at, context.now, context.zone) if row.last_at else ""
        return fit_right(text, 6), mark, "inbox-clock-late" if late else "inbox-time"
    soon = due is not None and due - context.now <= SOON
    style = "inbox-clock-late" if late else "inbox-clock-soon" if soon else "inbox-clock"
    return fit_right(text, 6), mark, style


def _assignee(row: InboxRow, context: InboxContext) -> Piece:
    """Three cells: nobody, initials, or oneself in so many words where they fit."""
    mine = bool(row.assignee) and row.assignee == context.me
    name = context.agents.get(row.assignee, row.assignee)
    text = f" {initials(simple(name))}" if name else ""
    if mine and width(_("you")) <= 3:
        text = _("you")
    return fit(text, 3, ""), "inbox-mine" if mine else "inbox-assignee"


def _marks(row: InboxRow, context: InboxContext) -> Line:
    """MARKS cells: a colleague who is there, and whether a note calls or the agent follows."""
    glyphs = context.glyphs
    here = context.here.get(row.id, "")
    mark = glyphs.mention if row.id in context.mentioned else glyphs.followed if row.id in context.followed else " "
    return [(glyphs.named(here, " ") if here else " ", "inbox-presence"), (f"{mark} ", "inbox-mark")]


def _second_head(row: InboxRow, context: InboxContext) -> Line:
    line: Line = [_assignee(row, context)]
    left = (row.window_expires or 0) - context.now
    if row.state != "resolved" and 0 < left <= CLOSING_SOON:
        # Minutes, not a second clock: two hours down to one minute.
        minutes = f"{max(1, left // 60)}m"
        line.append((fit_right(context.glyphs.closing + minutes, 5, "")[:5], "inbox-closing"))
    return [*line, (" " * (HEAD - line_width(line)), "text")]


def body(row: InboxRow, context: InboxContext, line: int) -> Line:
    """The right part of line 0 or 1, behind its head; depends on the row only."""
    room = context.width - head_cells(context, line)
    if line == 1:
        return clip_line(preview(row, context), room, context.glyphs.ellipsis)
    first = _title_line(row, context, room if context.lines == 2 or room < 40 else room * 2 // 5)
    if context.lines == 2 or room < 40:
        return first
    used = line_width(first)
    gap = room * 2 // 5 - used + 1
    return [*first, (" " * gap, "text"), *clip_line(preview(row, context), room - used - gap, context.glyphs.ellipsis)]


def title_cells(row: InboxRow, context: InboxContext) -> int:
    """How many cells of the body the title takes: what is marked when the row is selected."""
    pieces = body(row, context, 0)
    cells = 0
    for text, style in pieces:
        cells += width(text)
        if style.startswith("inbox-title"):
            break
    return cells


def _title_line(row: InboxRow, context: InboxContext, room: int) -> Line:
    glyphs = context.glyphs
    count = "" if not row.unread else str(row.unread) if row.unread < 100 else "99"
    line: Line = [(fit_right(count, 2) + " ", "inbox-unread")]
    if room < 14:
        line = [(glyphs.unread[:1] + " " if row.unread else "  ", "inbox-unread")]
    room -= line_width(line)
    tags = _tags(row, context, room)
    title = simple(row.title) or row.id
    if row.kind == "group":
        title = f"{glyphs.group} {title}"
    style = "inbox-title-unread" if row.unread else "inbox-title"
    space = max(0, room - (line_width(tags) + 1 if tags else 0))
    title = clip(title, space, glyphs.ellipsis)
    line.append((title, style))
    if tags:
        line += [(" " * (space - width(title) + 1), "text"), *tags]
    return line


def _tags(row: InboxRow, context: InboxContext, room: int) -> Line:
    """Campaign and labels, in at most two fifths of the room; what does not fit is counted."""
    most = room * 2 // 5
    if most < 5:
        return []
    named = [("AI", "inbox-kind")] if row.owner == "ai" else []
    named += [(f"#{simple(row.campaign)}", "inbox-campaign")] if row.campaign else []
    named += [(simple(label), context.labels.get(label, "inbox-label")) for label in row.labels]
    if row.department and context.departments:
        name = context.departments.get(row.department, row.department)
        named.insert(0, (clip(simple(name), 12, context.glyphs.ellipsis), "inbox-department"))
    tags: Line = []
    for index, (text, style) in enumerate(named):
        rest = len(named) - index - 1
        room_here = most - line_width(tags) - (1 if tags else 0) - (3 if rest else 0)
        if room_here < min(4, width(text)):
            tags.append((f"{' ' if tags else ''}+{rest + 1}", "inbox-label"))
            break
        if tags:
            tags.append((" ", "text"))
        tags.append((clip(text, room_here, context.glyphs.ellipsis), style))
    return tags


@lru_cache(maxsize=8)
def _telling(names: tuple[str, ...]) -> dict[str, str]:
    """What tells the names apart when they are clipped: without the words all of them begin with."""
    words = [name.split() for name in names]
    shared = sum(1 for _ in takewhile(lambda each: len(set(each)) == 1, zip(*words, strict=False)))
    return {name: " ".join(each[shared:]) or name for name, each in zip(names, words, strict=True)}


def preview(row: InboxRow, context: InboxContext) -> Line:
    """The last message on one line: our number's name, tick, kind, text; emoji can only come last."""
    glyphs = context.glyphs
    line: Line = []
    if context.width >= 44 and len(set(context.numbers.values())) > 1:
        name = _telling(tuple(sorted(set(context.numbers.values())))).get(context.numbers.get(row.number, ""), "")
        name = clip(simple(name), max(10, context.width // 5), glyphs.ellipsis)
        line.append((f"{name} {glyphs.dot} ", "inbox-number"))
    if row.preview_dir == "out":
        state = TICKS.get(Delivery(row.preview_status)) if row.preview_status in set(Delivery) else None
        if state:
            line.append((f"{getattr(glyphs, state)} ", f"tick-{state}"))
        if state in ("failed", "unknown"):
            line.append(((_("not sent") if state == "failed" else _("perhaps not sent")) + " ", f"tick-{state}"))
    kind = row.preview_kind
    if kind and kind not in ("text", "button", "interactive", "template", "system"):
        word = kind_word(kind)
        # An unknown kind's summary is its name in brackets already.
        if not row.preview.startswith(f"[{kind}"):
            line.append((f"[{word}]", "inbox-kind"))
            if row.preview:
                line.append((" ", "text"))
    if row.preview:
        line.append((simple(marked(" ".join(row.preview.split())).text), "inbox-preview"))
    return line
