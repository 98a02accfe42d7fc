"""What became of a message, in words, with the key that helps."""

from __future__ import annotations

from wptui.cloudapi.errors import is_known, rule
from wptui.i18n import _
from wptui.model.delivery import Delivery
from wptui.store.thread import ThreadRow
from wptui.widgets.render.cells import Line
from wptui.widgets.render.context import ThreadContext
from wptui.widgets.render.inbox import TICKS
from wptui.widgets.render.words import clock_time, when, who


def tick(row: ThreadRow, context: ThreadContext) -> tuple[str, str]:
    """Glyph and style of an outgoing message's state; nothing for other rows."""
    if row.dir != "out" or row.status not in set(Delivery):
        return "", "text"
    name = TICKS[Delivery(row.status)]
    return str(getattr(context.glyphs, name)), f"tick-{name}"


def reason(code: int | None, details: str) -> str:
    """Why Meta refused, in the agent's words; Meta's own where the code is not known."""
    if code is not None and is_known(code):
        return f"{_(rule(code).tell)} ({code})"
    words = details.rstrip(".") or _("Meta gave no reason")
    return f"{words} ({code})" if code is not None else words


def outcome(row: ThreadRow, context: ThreadContext) -> list[Line]:
    """Lines below an outgoing message: failed, unknown, deferred, held; and who read it in a group."""
    glyphs, keys = context.glyphs, context.keys
    lines: list[Line] = []
    dot = f" {glyphs.dot} "
    if row.status == Delivery.FAILED:
        if row.body.get("discarded"):
            told = _("not sent, sent again below") if row.body.get("again") else _("not sent, given up")
            return [[(f"{glyphs.failed} {told}", "tick-failed")]]
        lines.append(
            [
                (
                    f"{glyphs.failed} " + _("not sent: {reason}").format(reason=reason(row.error_code, row.error_text)),
                    "tick-failed",
                )
            ]
        )
        if _is_ours(row):
            lines.append(
                [
                    (keys["retry"], "key"),
                    (" " + _("retry") + dot, "thread-hint"),
                    (keys["discard"], "key"),
                    (" " + _("discard"), "thread-hint"),
                ]
            )
    elif row.status == Delivery.UNKNOWN:
        lines.append(
            [
                (
                    f"{glyphs.unknown} " + _("nobody knows whether this went out; a status may still settle it"),
                    "tick-unknown",
                )
            ]
        )
        lines.append(
            [
                (keys["retry"], "key"),
                (" " + _("send again") + dot, "thread-hint"),
                (keys["discard"], "key"),
                (" " + _("leave it"), "thread-hint"),
            ]
        )
    elif row.status in (Delivery.QUEUED, Delivery.ATTEMPTED) and row.retry_at:
        at = clock_time(row.retry_at, context.zone)
        lines.append(
            [
                (
                    f"{glyphs.queued} "
                    + _("next try {time}: {reason}").format(time=at, reason=reason(row.error_code, row.error_text)),
                    "warning",
                )
            ]
        )
    elif row.status == Delivery.ACCEPTED and row.error_text:
        held = {
            "held_for_quality_assessment": _("Meta holds it back to check the template's quality"),
            "paused": _("Meta has paused the template"),
        }.get(row.error_text, row.error_text)
        lines.append([(f"{glyphs.queued} {held}", "warning")])
    if row.receipts:
        lines.append(_receipts(row, context))
    return lines


def _is_ours(row: ThreadRow) -> bool:
    """Whether it was sent from here: only that can be sent again."""
    return row.author not in ("phone", "ai")


def _receipts(row: ThreadRow, context: ThreadContext) -> Line:
    """How many of a group it reached."""
    count: dict[str, int] = {}
    for _who, status in row.receipts:
        name = TICKS.get(Delivery(status), "sent") if status in set(Delivery) else "sent"
        count[name] = count.get(name, 0) + 1
    words = [
        f"{getattr(context.glyphs, name)} {count[name]}"
        for name in ("read", "delivered", "sent", "failed")
        if name in count
    ]
    return [("  ".join(words), "thread-tag")]


def tags(row: ThreadRow, context: ThreadContext) -> Line:
    """One line of small print: where it came from, and that it is no longer what it was."""
    glyphs = context.glyphs
    words: list[str] = []
    if row.forwarded:
        words.append(f"{glyphs.forward} " + (_("forwarded many times") if row.forwarded > 1 else _("forwarded")))
    if row.source == "history":
        words.append(_("from the phone's history"))
    elif row.source == "standby" and row.dir == "in":
        words.append(_("answered by Meta's assistant"))
    if row.automatic and row.author.startswith("agent:"):
        words.append(_("automatic"))
    product = row.body.get("product")
    if isinstance(product, dict) and product.get("id"):
        words.append(_("asks about {product}").format(product=product["id"]))
    if row.edited_at is not None and row.revoked_at is None:
        words.append(_("edited {time}").format(time=when(row.edited_at, row.ts, context.zone)))
    if row.original_ts is not None:
        words.append(_("time uncertain"))
    return [(f" {glyphs.dot} ".join(words), "thread-tag")] if words else []


def reactions(row: ThreadRow, context: ThreadContext) -> Line:
    """Who reacted with what. The emoji stands last: nothing behind it can be shifted."""
    if not row.reactions:
        return []
    words = [f"{who(by, context.me, context.agents, context.title)} {emoji}" for by, emoji in row.reactions]
    return [(f"{context.glyphs.reply} {', '.join(words)}", "thread-reaction")]
