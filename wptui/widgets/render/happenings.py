"""Lines of the thread that are no message: assigned, resolved, a new number, a call …"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wptui.i18n import N_, _, format_duration
from wptui.store.thread import ThreadRow
from wptui.widgets.render.context import ThreadContext
from wptui.widgets.render.words import local, when, who


def sentence(row: ThreadRow, context: ThreadContext) -> str:
    """An event of the thread in words."""
    body = row.body
    actor = who(row.author, "", context.agents, context.title)
    match row.kind:
        case "assigned":
            return _assigned(row, actor, context)
        case "moved":
            id = str(body.get("department") or "")
            name = context.departments.get(id, id)
            text = _("{who} moved it to {department}") if id else _("{who} took it out of its department")
            return _because(text.format(who=actor, department=name), body)
        case "prioritised":
            level = _PRIORITIES.get(body.get("priority"), "?")
            return _("{who} set the priority: {priority}").format(who=actor, priority=_(level))
        case "rule_fired":
            return _fired(row, context)
        case "notified":
            names = ", ".join(who(f"agent:{agent}", context.me, context.agents) for agent in body.get("agents") or ())
            told = _("{who} called {agents}").format(who=actor, agents=names or "?")
            return f"{told}: {body['text']}" if body.get("text") else told
        case "survey_answered":
            return _answered(body)
        case "resolved":
            return _because(_("{who} resolved it").format(who=actor), body)
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


_PRIORITIES: dict[object, str] = {0: N_("low"), 1: N_("normal"), 2: N_("high"), 3: N_("urgent")}


def _because(text: str, body: Mapping[str, Any]) -> str:
    """A sentence with the reason somebody gave."""
    reason = str(body.get("reason") or "")
    return f"{text}: {reason}" if reason else text


def _assigned(row: ThreadRow, actor: str, context: ThreadContext) -> str:
    body = row.body
    agent, how = body.get("agent"), str(body.get("how") or "hand")
    if not agent:
        match how:
            case "unanswered":
                return _because(_("left unanswered: it went back to the queue"), body)
            case "left":
                return _because(_("its agent left: it went back to the queue"), body)
        told = _("{who} gave it back to all").format(who=actor)
        return told if how == "transfer" else _because(told, body)  # why it was moved is told by the move
    taker = who(f"agent:{agent}", context.me, context.agents)
    if how == "auto":
        return _("handed out to {agent}").format(agent=taker)
    if row.author == f"agent:{agent}":
        return _("{who} took it over").format(who=actor)
    if how == "transfer":
        return _because(_("{who} transferred it to {agent}").format(who=actor, agent=taker), body)
    return _because(_("{who} assigned it to {agent}").format(who=actor, agent=taker), body)


def _fired(row: ThreadRow, context: ThreadContext) -> str:
    body = row.body
    rule = f"rule:{body.get('rule') or ''}"
    name = who(rule if body.get("rule") else row.author, context.me, context.agents)
    text = name
    if acts := [_said(str(act)) for act in body.get("acts") or ()]:
        text = _("{rule}: {acts}").format(rule=name, acts=", ".join(acts))
    if skipped := body.get("skipped"):
        left = ", ".join(f"{act} ({why})" for act, why in dict(skipped).items())
        text += f" {context.glyphs.dot} " + _("left out: {acts}").format(acts=left)
    return text


_SHOWN = frozenset({"reply", "menu", "note"})
"""Acts of rules whose words stand in the thread as messages of their own."""


def _said(act: str) -> str:
    """An act as a rule tells it, without the words that the thread shows anyway."""
    verb = act.partition(":")[0]
    return verb if verb in _SHOWN else act


def _survey(body: Mapping[str, Any]) -> str:
    return str(body.get("kind") or "").upper() or "?"


def _answered(body: Mapping[str, Any]) -> str:
    score, comment = body.get("score"), str(body.get("comment") or "")
    text = _("{survey} survey answered").format(survey=_survey(body))
    if isinstance(score, int):
        most = 10 if body.get("kind") == "nps" else 5
        text = _("{survey} survey: {score} of {most}").format(survey=_survey(body), score=score, most=most)
    return f"{text}: {comment}" if comment else text


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
