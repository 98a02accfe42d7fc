"""Lines of the thread that are no message: assigned, resolved, a new number, a call …"""

from __future__ import annotations

from wptui.i18n import _, format_duration
from wptui.store.thread import ThreadRow
from wptui.widgets.render.context import ThreadContext
from wptui.widgets.render.words import local, when, who


def sentence(row: ThreadRow, context: ThreadContext) -> str:
    """An event of the thread in words."""
    body = row.body
    actor = who(row.author, context.me, context.agents, context.title)
    match row.kind:
        case "assigned":
            agent = body.get("agent")
            if not agent:
                return _("{who} gave it back to all").format(who=actor)
            taker = who(f"agent:{agent}", context.me, context.agents)
            if row.author == f"agent:{agent}":
                return _("{who} took it over").format(who=actor)
            return _("{who} assigned it to {agent}").format(who=actor, agent=taker)
        case "resolved":
            reason = str(body.get("reason") or "")
            text = _("{who} resolved it").format(who=actor)
            return f"{text}: {reason}" if reason else text
        case "reopened":
            return _("{who} opened it again").format(who=actor)
        case "snoozed":
            until = body.get("until")
            at = when(until, row.ts, context.zone) if isinstance(until, int) else "?"
            return _("{who} snoozed it until {time}").format(who=actor, time=at)
        case "woken":
            return _("back from snooze")
        case "rekeyed":
            old, new = str(body.get("old") or "?"), str(body.get("new") or "?")
            return _("the customer's number or id changed: {change}").format(change=f"{old} {context.glyphs.to} {new}")
        case "identity_changed":
            return _("the customer's security code changed: make sure who they are")
        case "handed":
            if body.get("to") == "ai":
                return _("Meta's assistant took over")
            return _("Meta's assistant handed over to us")
        case "call":
            return _call(row, context)
    return row.text or f"[{row.kind}]"


def _call(row: ThreadRow, context: ThreadContext) -> str:
    body = row.body
    glyph = context.glyphs.call
    if body.get("event") == "connect":
        incoming = str(body.get("direction") or "").upper() != "BUSINESS_INITIATED"
        return f"{glyph} " + (_("the customer is calling") if incoming else _("call to the customer"))
    seconds = body.get("duration")
    if isinstance(seconds, int) and seconds > 0:
        return f"{glyph} " + _("call, {duration}").format(duration=format_duration(seconds))
    outcome = str(body.get("outcome") or "").lower()
    text = f"{glyph} " + _("call not answered")
    return f"{text} ({outcome})" if outcome and outcome not in ("completed", "failed") else text


def day_key(ts: int, context: ThreadContext) -> int:
    """The agent's calendar day of a timestamp, as a number."""
    return local(ts, context.zone).toordinal()
