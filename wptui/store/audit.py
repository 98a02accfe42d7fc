"""Who did what, in words: the event log as a trail that people read.

The relay chooses the events and the fields (`audited`, `fields`); the sentence is made where it is read, in the
reader's language.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from wptui.i18n import N_, _, format_date, format_time
from wptui.model.text import safe_line
from wptui.store import team

DEPARTMENT = "department:"
"""Before a department's id in `names`: agents and departments may have the same."""
TEXT = 80
"""Characters of a message that a sentence quotes."""

Json = dict[str, Any]


class Entry(msgspec.Struct, kw_only=True):
    """One line of the trail, as `GET /v1/audit` gives it. `at` is Unix milliseconds, `name` the actor's."""

    seq: int
    at: int
    actor: str
    name: str = ""
    type: str
    conversation: str | None = None
    title: str = ""
    """The conversation's, as the inbox shows it."""
    data: Json = {}
    """Those fields of the event's data that the sentence needs."""


def names(db: sqlite3.Connection) -> dict[str, str]:
    """Agents by id and departments by `department:` and id, for `sentence`."""
    found = dict(db.execute("SELECT id, name FROM agents").fetchall())
    return found | {f"{DEPARTMENT}{id}": each.name for id, each in team.departments(db).items()}


def actor_name(actor: str, names: Mapping[str, str]) -> str:
    """An event's actor as colleagues call them."""
    kind, _colon, rest = actor.partition(":")
    if kind == "agent":
        return names.get(rest, rest)
    if kind == "rule":
        return _("rule {name}").format(name=rest)
    told = {
        "customer": _("the customer"),
        "phone": _("the phone app"),
        "ai": _("Meta's assistant"),
        "relay": _("the relay"),
        "meta": _("Meta"),
    }
    return told.get(kind, actor)


def audited() -> list[str]:
    """The types of events that stand in the trail; statuses, attempts and the like are in a message's story."""
    return sorted(_SENTENCES)


def fields(type: str, data: Json) -> Json:
    """What the trail tells of an event's data: what the sentence needs, texts in short."""
    wanted = _SENTENCES[type][0]
    return {key: _short(value) for key in wanted if (value := data.get(key)) is not None}


def _short(value: Any) -> Any:
    return safe_line(value, TEXT) if isinstance(value, str) else value


def sentence(event: Entry, names: Mapping[str, str]) -> str:
    """What happened, on one line: who, what, whom. `names` as `names` gives them."""
    who = event.name or actor_name(event.actor, names)
    known = _SENTENCES.get(event.type)
    if known is None:
        return f"{who}: {event.type}"
    try:
        return known[1](who, event, names)
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError, OSError):
        # A newer relay's event, of another shape.
        return f"{who}: {event.type}"


# ── the sentences ────────────────────────────────────────────────────────────────────────────────────────

_Words = Callable[[str, Entry, Mapping[str, str]], str]


def _agent(names: Mapping[str, str], id: Any) -> str:
    return names.get(str(id), str(id))


def _department(names: Mapping[str, str], id: Any) -> str:
    return names.get(f"{DEPARTMENT}{id}", str(id)) if id else _("no department")


def _with(text: str, more: Any) -> str:
    return f"{text}: {more}" if more else text


def _plain(text: str, *wanted: str, quoted: str = "") -> tuple[tuple[str, ...], _Words]:
    """A sentence of `text` (marked with N_): `{who}` and the fields `wanted`; the field `quoted` behind a colon."""

    def words(who: str, event: Entry, names: Mapping[str, str]) -> str:
        said = _(text).format(who=who, **{key: event.data.get(key, "") for key in wanted})
        return _with(said, event.data.get(quoted) if quoted else "")

    return (*wanted, *((quoted,) if quoted else ())), words


def _message(text: str) -> tuple[tuple[str, ...], _Words]:
    def words(who: str, event: Entry, names: Mapping[str, str]) -> str:
        shown = event.data.get("text") or (
            f"[{event.data['kind']}]" if event.data.get("kind", "text") != "text" else ""
        )
        return _with(_(text).format(who=who), shown)

    return ("kind", "text"), words


def _assigned(who: str, event: Entry, names: Mapping[str, str]) -> str:
    to, how, reason = event.data.get("agent"), event.data.get("how", "hand"), event.data.get("reason", "")
    if not to:
        told = {
            "unanswered": _("not answered in time: back to the queue"),
            "left": _("the assignee was shut out: back to the queue"),
        }
        return _with(told.get(how) or _("{who} gave it back to all").format(who=who), reason)
    name = _agent(names, to)
    if how == "auto":
        return _with(_("given to {agent}, whose turn it was").format(agent=name), reason)
    if event.actor == f"agent:{to}":
        return _with(_("{who} took it over").format(who=who), reason)
    return _with(_("{who} assigned it to {agent}").format(who=who, agent=name), reason)


def _moved(who: str, event: Entry, names: Mapping[str, str]) -> str:
    told = _("{who} moved it to {department}")
    department = _department(names, event.data.get("department"))
    return _with(told.format(who=who, department=department), event.data.get("reason"))


def _prioritised(who: str, event: Entry, names: Mapping[str, str]) -> str:
    levels = (_("low"), _("normal"), _("high"), _("urgent"))
    return _("{who} set the priority: {priority}").format(who=who, priority=levels[int(event.data["priority"])])


def _snoozed(who: str, event: Entry, names: Mapping[str, str]) -> str:
    until = datetime.fromtimestamp(int(event.data["until"]))
    return _("{who} snoozed it until {time}").format(who=who, time=f"{format_date(until)} {format_time(until)}")


def _tagged(who: str, event: Entry, names: Mapping[str, str]) -> str:
    campaign = event.data.get("campaign")
    if not campaign:
        return _("{who} took the campaign away").format(who=who)
    return _("{who} attributed it to campaign {name}").format(who=who, name=campaign)


def _noted(who: str, event: Entry, names: Mapping[str, str]) -> str:
    called = ", ".join(f"@{_agent(names, id)}" for id in event.data.get("mentions", ()))
    text = _("{who} wrote a note for {names}").format(who=who, names=called) if called else _("{who} wrote a note")
    return _with(text.format(who=who), event.data.get("text"))


def _reacted(who: str, event: Entry, names: Mapping[str, str]) -> str:
    emoji = event.data.get("emoji")
    if not emoji:
        return _("{who} took a reaction back").format(who=who)
    return _("{who} reacted with {emoji}").format(who=who, emoji=emoji)


def _failed(who: str, event: Entry, names: Mapping[str, str]) -> str:
    problem = event.data.get("problem") or {}
    reason = safe_line(str(problem.get("details") or problem.get("title") or ""), TEXT)
    return _with(_("a message was not sent"), f"{reason} ({problem.get('code', '?')})".strip())


def _fired(who: str, event: Entry, names: Mapping[str, str]) -> str:
    acts = ", ".join(safe_line(str(act), TEXT) for act in event.data.get("acts", ()))
    return _with(_("rule {name} acted").format(name=event.data.get("rule", "")), acts)


def _notified(who: str, event: Entry, names: Mapping[str, str]) -> str:
    told = ", ".join(_agent(names, id) for id in event.data.get("agents", ()))
    return _with(_("{who} told {names}").format(who=who, names=told), event.data.get("text"))


def _surveyed(who: str, event: Entry, names: Mapping[str, str]) -> str:
    kind, score = str(event.data.get("kind", "")).upper(), event.data.get("score")
    told = _("the customer answered a survey")
    return _with(
        told, " ".join(str(part) for part in (kind, score, event.data.get("comment")) if part not in ("", None))
    )


def _opted(who: str, event: Entry, names: Mapping[str, str]) -> str:
    if event.data.get("out"):
        return _("{who} recorded: no marketing messages").format(who=who)
    return _("{who} recorded: marketing messages are welcome").format(who=who)


def _blocked(who: str, event: Entry, names: Mapping[str, str]) -> str:
    if event.data.get("blocked"):
        return _("{who} blocked the customer").format(who=who)
    return _("{who} lifted the block").format(who=who)


def _edited(who: str, event: Entry, names: Mapping[str, str]) -> str:
    parts = [str(event.data[key]) for key in ("name", "remark") if event.data.get(key)]
    parts += [f"{key}={value or ''}" for key, value in (event.data.get("attributes") or {}).items()]
    return _with(_("{who} edited the profile").format(who=who), safe_line(", ".join(parts), TEXT))


def _duty(who: str, event: Entry, names: Mapping[str, str]) -> str:
    states = {"on": _("on duty"), "busy": _("busy"), "away": _("away")}
    state = states.get(str(event.data.get("state")), str(event.data.get("state")))
    agent = _agent(names, event.data.get("agent"))
    if event.actor in ("relay", f"agent:{event.data.get('agent')}"):
        return _("{agent} is {state}").format(agent=agent, state=state)
    return _("{who} set {agent}: {state}").format(who=who, agent=agent, state=state)


def _added(who: str, event: Entry, names: Mapping[str, str]) -> str:
    told = _("{agent} may sign in, as {role}")
    return told.format(agent=event.data.get("name", ""), role=event.data.get("role", "agent"))


def _revoked(who: str, event: Entry, names: Mapping[str, str]) -> str:
    return _("{agent} was shut out").format(agent=_agent(names, event.data.get("agent")))


def _handed(who: str, event: Entry, names: Mapping[str, str]) -> str:
    if event.data.get("to") == "ai":
        return _("Meta's assistant took over")
    return _("Meta's assistant handed over to us")


_SENTENCES: dict[str, tuple[Iterable[str], _Words]] = {
    "conversation.opened": _plain(N_("the conversation began")),
    "conversation.merged": _plain(N_("two conversations became one")),
    "conversation.assigned": (("agent", "how", "reason"), _assigned),
    "conversation.moved": (("department", "how", "reason"), _moved),
    "conversation.prioritised": (("priority",), _prioritised),
    "conversation.followed": _plain(N_("{who} follows it")),
    "conversation.unfollowed": _plain(N_("{who} no longer follows it")),
    "conversation.resolved": _plain(N_("{who} resolved it"), quoted="reason"),
    "conversation.reopened": _plain(N_("{who} opened it again")),
    "conversation.snoozed": (("until",), _snoozed),
    "conversation.woken": _plain(N_("back from snooze")),
    "conversation.read": _plain(N_("{who} read it")),
    "conversation.labelled": _plain(N_("{who} put a label on"), quoted="label"),
    "conversation.unlabelled": _plain(N_("{who} took a label off"), quoted="label"),
    "conversation.tagged": (("campaign", "how"), _tagged),
    "conversation.noted": (("text", "mentions"), _noted),
    "conversation.handed": (("to",), _handed),
    "survey.sent": _plain(N_("{who} sent a survey")),
    "survey.answered": (("kind", "score", "comment"), _surveyed),
    "rule.fired": (("rule", "acts"), _fired),
    "agent.notified": (("agents", "text"), _notified),
    "message.received": _message(N_("the customer wrote")),
    "message.echoed": _message(N_("{who} wrote")),
    "message.queued": _message(N_("{who} wrote")),
    "message.reacted": (("emoji",), _reacted),
    "message.edited": _message(N_("{who} changed a message")),
    "message.revoked": _plain(N_("{who} deleted a message")),
    "message.failed": (("problem",), _failed),
    "message.unknown": _plain(N_("nobody knows whether a message was sent")),
    "message.discarded": _plain(N_("{who} gave a message up")),
    "call.received": _plain(N_("a call")),
    "contact.edited": (("contact", "name", "remark", "attributes"), _edited),
    "contact.opted": (("contact", "out"), _opted),
    "contact.blocked": (("contact", "blocked"), _blocked),
    "contact.merged": _plain(N_("{who} merged two contacts"), "contact", "into"),
    "contact.split": _plain(N_("{who} took two merged contacts apart"), "contact", "into"),
    "settings.saved": _plain(N_("{who} changed the settings {section}"), "section"),
    "canned.saved": _plain(N_("{who} wrote the canned reply {shortcut}"), "shortcut"),
    "canned.removed": _plain(N_("{who} deleted the canned reply {shortcut}"), "shortcut"),
    "campaign.saved": _plain(N_("{who} saved the campaign {code}"), "code"),
    "workspace.configured": _plain(N_("{who} took over the configuration")),
    "agent.added": (("agent", "name", "role"), _added),
    "agent.revoked": (("agent",), _revoked),
    "agent.duty_changed": (("agent", "state", "how"), _duty),
}
"""Type → the fields that are told, and the sentence."""
