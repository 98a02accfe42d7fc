"""What the agent has given in the open conversation and the relay has not yet taken, or has refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wptui.i18n import _, ngettext
from wptui.model.commands import AddNote, React, RetryMessage, RunMacro, SendMessage
from wptui.model.text import safe_line
from wptui.sync.outbox import REFUSED, Pending
from wptui.widgets.cell_view import CellView
from wptui.widgets.glyphs import Glyphs
from wptui.widgets.render.cells import Line, clip, simple, width

SHOWN = 3
"""Waiting commands drawn one by one; the rest is counted."""


@dataclass(frozen=True)
class Refusal:
    """Why a command was refused, and the keys that help: (key, word)."""

    words: str
    keys: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class OutboxState:
    """What the pane shows; `refusals` by command id."""

    pending: Sequence[Pending] = ()
    refusals: tuple[tuple[str, Refusal], ...] = ()
    connected: bool = False


def describe(pending: Pending) -> str:
    """What a command is about, in one line."""
    command = pending.command
    match command:
        case SendMessage():
            return safe_line(command.text) or str(command.content.get("type", ""))
        case AddNote():
            return safe_line(command.text)
        case React():
            return command.emoji or _("reaction taken back")
        case RetryMessage():
            return _("send again")
        case RunMacro():
            return _("macro {name}").format(name=safe_line(command.macro))
    return ""


def outbox_lines(state: OutboxState, cells: int, g: Glyphs) -> list[Line]:
    """The pane: what was refused with its reason and keys, then what is on its way."""
    refusals = dict(state.refusals)
    lines: list[Line] = []
    for item in state.pending:
        if item.state != REFUSED:
            continue
        refusal = refusals.get(item.id) or Refusal(item.message or item.code)
        lines.append(
            [(f" {g.failed} ", "tick-failed"), (clip(simple(describe(item)), max(8, cells - 20)), "thread-out"),
             ("  " + _("not sent"), "error")]
        )  # fmt: skip
        # Reason and keys share a line where there is room for both.
        keys: Line = []
        for key, word in refusal.keys:
            keys += [(("  " if keys else "") + key, "key"), (f" {word}", "")]
        reason: Line = [("   ", ""), (simple(refusal.words), "error")]
        if sum(width(text) for text, _style in [*reason, *keys]) + 2 <= cells:
            lines.append([*reason, ("  ", ""), *keys])
        else:
            lines += [reason, [("   ", ""), *keys]] if keys else [reason]
    going = [item for item in state.pending if item.state != REFUSED and describe(item)]
    for item in going[-SHOWN:]:
        word = _("sending") if state.connected else _("waits for the connection")
        if isinstance(item.command, AddNote):
            word = _("note") + ", " + word
        text = clip(simple(describe(item)), max(8, cells - width(word) - 8))
        lines.append([(f" {g.queued} ", "tick-queued"), (text, "thread-out"), (f"  {word}", "muted")])
    if len(going) > SHOWN:
        more = len(going) - SHOWN
        lines.append([("   ", ""), (ngettext("{n} more waits", "{n} more wait", more).format(n=more), "muted")])
    return lines


class OutboxPane(CellView):
    """The lines between thread and composer. Hidden while nothing is on its way."""

    DEFAULT_CSS = "OutboxPane { height: auto; display: none; } OutboxPane.shown { display: block; }"

    state: OutboxState = OutboxState()

    def show(self, state: OutboxState) -> None:
        """Shows another state, as high as it needs."""
        self.state = state
        rows = len(outbox_lines(state, max(20, self.size.width or 60), self.looks.glyphs))
        self.set_class(rows > 0, "shown")
        if rows:
            self.styles.height = rows
        self.renew()

    def lines(self, cells: int, rows: int) -> list[Line]:
        return outbox_lines(self.state, cells, self.looks.glyphs)
