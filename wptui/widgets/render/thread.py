"""A row of the thread → its lines, ready to be drawn.

A block is a row's lines with what stands above them: the day, the unread divider, the author of a group of
messages. Which of those it has depends on the row before; nothing depends on the row after, so that a new
message changes no block but its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from wptui.i18n import _, format_day
from wptui.store.thread import ThreadRow
from wptui.widgets.render.attachments import attachment
from wptui.widgets.render.cells import Line, clip, clip_line, fit_right, isolate, line_width, simple, width, wrap
from wptui.widgets.render.context import ThreadContext
from wptui.widgets.render.happenings import day_key, sentence
from wptui.widgets.render.markup import Marked, filled, marked
from wptui.widgets.render.mentions import calls
from wptui.widgets.render.status import outcome, reactions, tags, tick
from wptui.widgets.render.words import automatic, clock_time, kind_word, who

SHOWN = 5000
"""Cells of a message's text that are shown before it has to be asked for."""
GROUP_GAP = 15 * 60
"""Seconds after which the author is named again."""


@dataclass(frozen=True)
class Block:
    """The lines of one row; the first `above` of them (day, divider, author) are not the message's own."""

    lines: list[Line]
    above: int = 0

    @property
    def height(self) -> int:
        """Lines."""
        return len(self.lines)


@dataclass(frozen=True)
class Place:
    """What a block's head depends on: made of the row and the one before it."""

    new_day: bool = False
    unread: bool = False
    author: str = ""


def place(row: ThreadRow, before: ThreadRow | None, unread_first: bool, context: ThreadContext) -> Place:
    """Which head `row` gets after `before` (None: the first row known)."""
    new_day = before is None or day_key(row.ts, context) != day_key(before.ts, context)
    return Place(new_day, unread_first, _author(row, before, new_day, context))


def _author(row: ThreadRow, before: ThreadRow | None, new_day: bool, context: ThreadContext) -> str:
    if row.dir not in ("in", "out"):
        return ""
    same = (
        before is not None
        and not new_day
        and (before.dir, before.author, before.sender) == (row.dir, row.author, row.sender)
        and row.ts - before.ts < GROUP_GAP
    )
    if same:
        return ""
    if row.dir == "in":
        return row.sender if context.group else ""
    if row.automatic and row.author != "ai" and not row.author.startswith("agent:"):
        return automatic(row.author, context.agents)
    mine = row.author == f"agent:{context.me}"
    # One's own name is told only where a colleague wrote just before.
    if mine and (before is None or before.dir != "out" or before.author == row.author):
        return ""
    return who(row.author, context.me, context.agents)


def block(row: ThreadRow, where: Place, context: ThreadContext) -> Block:
    """The lines of `row`, each at most `context.width` cells."""
    above: list[Line] = []
    if where.new_day:
        day = date.fromordinal(day_key(row.ts, context))
        above.append(_ruled(format_day(day, context.today), "thread-day", context, short=True))
    if where.unread:
        above.append(_ruled(_("new below"), "thread-new", context))
    if where.author:
        above.append(_author_line(row, where.author, context))
    lines = _lines(row, context)
    return Block([clip_line(line, context.width, context.glyphs.ellipsis) for line in [*above, *lines]], len(above))


def _lines(row: ThreadRow, context: ThreadContext) -> list[Line]:
    if row.dir == "event" or row.kind == "system":
        return _event(row, context)
    if row.dir == "note":
        return _note(row, context)
    inside, below = _content(row, context), _outcome(row, context)
    if row.dir == "out":
        return _ours(row, [inside, below], context)
    return _theirs(row, inside + below, context)


# ── what stands across the pane ──────────────────────────────────────────────────────────────────────────


def _ruled(text: str, style: str, context: ThreadContext, *, short: bool = False) -> Line:
    rule = context.glyphs.rule
    text = clip(text, context.width - 6, context.glyphs.ellipsis)
    room = max(0, context.width - width(text) - 2)
    left = room // 2
    if short:
        return [(" " * max(0, left - 2), style), (f"{rule * 2} {text} {rule * 2}", style)]
    return [(f"{rule * left} {text} {rule * (room - left)}", style)]


def _event(row: ThreadRow, context: ThreadContext) -> list[Line]:
    time = clock_time(row.ts, context.zone)
    rule = context.glyphs.rule
    room = context.width - 6
    text = f"{sentence(row, context)} {context.glyphs.dot} {time}"
    lines: list[Line] = []
    for start, end in wrap(text, max(10, room)):
        part = text[start:end]
        left = max(0, (context.width - width(part) - 6) // 2)
        lines.append([(f"{' ' * left}{rule * 2} {part} {rule * 2}", "thread-event")])
    return lines


def _author_line(row: ThreadRow, author: str, context: ThreadContext) -> Line:
    room = context.width - context.gutter - 2
    name = clip(simple(author), room, context.glyphs.ellipsis)
    style = "thread-ai" if row.author == "ai" else "thread-automatic" if row.automatic else "thread-author"
    if row.dir == "in":
        return [("  ", "text"), (name, style)]
    return [(" " * (room - width(name)), "text"), (name, style)]


# ── a message ────────────────────────────────────────────────────────────────────────────────────────────


def _content(row: ThreadRow, context: ThreadContext) -> list[Line]:
    """The inside of a message: lines of at most `context.text_width` cells, not yet put left or right."""
    room = context.text_width
    if row.revoked_at is not None:
        time = clock_time(row.revoked_at, context.zone)
        return [[(_("deleted by its writer, {time}").format(time=time), "thread-revoked")]]
    lines: list[Line] = []
    small = tags(row, context)
    if referral := _referral(row, context):
        lines += referral
    if row.quote:
        lines.append(_quote(row, context))
    attached = attachment(row, context)
    text = _text(row, room, context)
    # A button's or list's answer: first what was answered, then how.
    if row.kind in ("button", "interactive") and text:
        lines += [*text, *attached]
    else:
        lines += [*attached, *text]
    if row.edited_at is not None and row.id in context.expanded:
        for earlier in row.earlier:
            lines += filled(marked(_("before: {text}").format(text=earlier or "-")), room, "thread-revoked")
    if small:
        lines.append(small)
    if reacted := reactions(row, context):
        lines.append(reacted)
    if not lines:
        lines.append([(f"[{kind_word(row.kind)}]", "thread-tag")])
    if not context.glyphs.emoji:
        lines = [[(simple(text), style) for text, style in line] for line in lines]
    return [part for line in lines for part in _fold_line(line, room)]


def _outcome(row: ThreadRow, context: ThreadContext) -> list[Line]:
    """What became of it, below the message."""
    lines: list[Line] = []
    if row.dir == "out":
        lines = outcome(row, context)
    elif row.error_code is not None and row.kind != "unsupported" and row.revoked_at is None:
        lines.append([(f"{context.glyphs.failed} {row.error_text or row.error_code}", "warning")])
    return [part for line in lines for part in _fold_line(line, context.text_width)]


def _fold_line(line: Line, room: int) -> list[Line]:
    """A line wider than the room as several, broken at blanks; each piece keeps its style."""
    if line_width(line) <= room:
        return [line]
    runs: list[tuple[int, int, str]] = []
    end = 0
    for text, style in line:
        runs.append((end, end + len(text), style))
        end += len(text)
    return filled(Marked("".join(text for text, _style in line), runs), room, "")


def _text(row: ThreadRow, room: int, context: ThreadContext) -> list[Line]:
    if not row.text:
        if row.kind == "text":
            return [[(_("(empty message)"), "thread-tag")]]
        return []
    text, more = row.text, False
    if row.id not in context.expanded and len(text) > SHOWN // 2 and width(text) > SHOWN:
        text, more = clip(text, SHOWN, context.glyphs.ellipsis), True
    if not context.glyphs.emoji:
        text = simple(text)
    style = "thread-ai" if row.author == "ai" else "thread-out" if row.dir == "out" else "thread-in"
    # Without emoji the set is one for plain terminals, where italics and strokes may not show either.
    lines = filled(marked(text, keep=context.glyphs.quote == "|"), room, style)
    if context.glyphs.bidi:
        lines = [[(isolate(part), names) for part, names in line] for line in lines]
    if more:
        lines.append(
            [
                ("(", "thread-hint"),
                (_("show all with"), "thread-hint"),
                (" ", "text"),
                (context.keys["expand"], "key"),
                (")", "thread-hint"),
            ]
        )
    return lines


def _referral(row: ThreadRow, context: ThreadContext) -> list[Line]:
    referral = row.body.get("referral")
    if not isinstance(referral, dict):
        return []
    headline = str(referral.get("headline") or referral.get("body") or referral.get("source_id") or "")
    source = _("from a post: {headline}") if referral.get("source_type") == "post" else _("from an ad: {headline}")
    lines: list[Line] = [[(f"{context.glyphs.advert} {source.format(headline=headline)}", "inbox-campaign")]]
    if url := referral.get("source_url"):
        lines.append([(clip(str(url), context.text_width, context.glyphs.ellipsis), "thread-tag")])
    return lines


def _quote(row: ThreadRow, context: ThreadContext) -> Line:
    mark = f"{context.glyphs.message} "
    quoted = row.quoted
    if quoted is None:
        return [(mark + _("quoted message not in store"), "thread-quote")]
    name = who(quoted.author, context.me, context.agents, context.title)
    text = marked(" ".join(quoted.text.split())).text
    if not text or quoted.kind not in ("text", "button", "interactive", "template"):
        text = f"[{kind_word(quoted.kind)}] {text}".rstrip()
    return [(clip(f"{mark}{name}: {simple(text)}", context.text_width, context.glyphs.ellipsis), "thread-quote")]


# ── left and right ───────────────────────────────────────────────────────────────────────────────────────


def _gutter(row: ThreadRow, context: ThreadContext, first: bool) -> Line:
    """The right column: the time on a message's first line, and its tick."""
    cells = context.gutter
    if not first:
        return []
    sign, style = tick(row, context)
    mark = fit_right(sign, 2, "") if cells == 3 else sign
    if cells == 3:
        return [(" ", "text"), (mark, style)]
    lead = context.glyphs.doubtful if row.original_ts is not None else " "
    return [(f"{lead}{clock_time(row.ts, context.zone)} ", "thread-time"), (sign, style)]


def _theirs(row: ThreadRow, inside: list[Line], context: ThreadContext) -> list[Line]:
    bar = context.glyphs.message
    room = context.width - context.gutter - 2
    lines: list[Line] = []
    for index, line in enumerate(inside):
        full: Line = [(f"{bar} ", "thread-in-bar"), *line]
        if index == 0:
            full += [(" " * max(0, room - line_width(line)), "text"), *_gutter(row, context, True)]
        lines.append(full)
    return lines


def _ours(row: ThreadRow, groups: list[list[Line]], context: ThreadContext) -> list[Line]:
    """On the right: each group of lines (the message; what became of it) begins where its longest line needs it."""
    bar = context.glyphs.message
    room = context.width - context.gutter - 2
    style = "thread-ai" if row.author == "ai" else "thread-out-bar"
    lines: list[Line] = []
    for group in groups:
        most = max(map(line_width, group), default=0)
        for line in group:
            lines.append(
                [
                    (" " * max(0, room - most), "text"),
                    *line,
                    (" " * (most - line_width(line)), "text"),
                    (f" {bar}", style),
                    *_gutter(row, context, not lines),
                ]
            )
    return lines


def _note(row: ThreadRow, context: ThreadContext) -> list[Line]:
    """A private note: across the pane, so that it cannot be taken for a message."""
    room = context.width - context.gutter - 2
    name = who(row.author, context.me, context.agents)
    head = f"{_('note')} {context.glyphs.dot} {name}: "
    text = marked(row.text)
    offset = len(head)
    whole = text._replace(text=head + text.text, runs=[(a + offset, b + offset, s) for a, b, s in text.runs])
    for start, end, agent in calls(whole.text, context.agents):
        if start >= offset:
            whole.runs.append((start, end, "thread-mention-me" if agent == context.me else "thread-mention"))
    whole.runs.insert(0, (0, offset, "thread-note-author"))
    lines: list[Line] = []
    for index, line in enumerate(filled(whole, room, "thread-note")):
        full: Line = [(f"{context.glyphs.note} ", "thread-note-author"), *line]
        if index == 0:
            full += [
                (" " * max(0, room - line_width(line)), "text"),
                *_gutter(replace(row, original_ts=None), context, True),
            ]
        lines.append(full)
    return lines
