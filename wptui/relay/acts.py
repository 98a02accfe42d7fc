"""What a command does to the state as it is: the events it leads to, or why it is refused.

Pure functions of the view; `commands` runs them one at a time, so that of two agents who do the same at once the
second sees what the first did.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from wptui.i18n import _
from wptui.model import commands as c
from wptui.model import events as ev
from wptui.model.text import safe, safe_line
from wptui.model.window import is_open
from wptui.relay.outgoing import Files, message_data, own_text, refused

NOTE = 4096
LABEL = 40
CANNED = 4096
SNOOZE_MOST = 366 * 86400
_FURTHEST = 2**62

_SHORTCUT = re.compile(r"[\w-]{1,32}")

_SENDABLE = frozenset({"APPROVED", "FLAGGED", "REINSTATED", ""})
"""Template states in which Meta takes a send."""


@dataclass(frozen=True)
class Act:
    """A command on its way: who asks, under which id, when (Unix seconds), and what is known."""

    db: sqlite3.Connection
    agent: str
    id: str
    now: int
    files: Files

    @property
    def actor(self) -> str:
        """The agent as an event's actor."""
        return f"agent:{self.agent}"


def plan(act: Act, command: c.AnyCommand) -> list[ev.Data]:
    """The events of `command`, none where it changes nothing. Raises RefusedError."""
    events: list[ev.Data] = _PLANS[type(command)](act, command)
    return events


def conversation_of(command: c.AnyCommand) -> str | None:
    """The conversation a command is about."""
    conversation: str | None = getattr(command, "conversation", None)
    return conversation


def event_number(given: int) -> int:
    """An event number of a command's, within what SQLite can hold: JSON has no bounds."""
    return max(0, min(given, _FURTHEST))


# ── messages ─────────────────────────────────────────────────────────────────────────────────────────────


def _conversation(act: Act, id: str, columns: str) -> tuple[Any, ...]:
    row: tuple[Any, ...] | None = act.db.execute(f"SELECT {columns} FROM conversations WHERE id = ?", (id,)).fetchone()
    if row is None:
        raise refused("not_found", _("This conversation does not exist (any more)."))
    return row


def _name(act: Act, agent: str) -> str:
    row = act.db.execute("SELECT name FROM agents WHERE id = ?", (agent.removeprefix("agent:"),)).fetchone()
    return str(row[0]) if row else agent.removeprefix("agent:")


def _window(act: Act, window_expires: int | None) -> None:
    if not is_open(window_expires, act.now):
        raise refused(
            "window_closed",
            _("The 24-hour window is closed."),
            _("Send a template; when the customer answers, the window opens again."),
        )


def _template(act: Act, content: dict[str, Any], opted_out: bool) -> None:
    template = content.get("template")
    name, language = "", ""
    if isinstance(template, dict):
        name = str(template.get("name", ""))
        spoken = template.get("language")
        language = str(spoken.get("code", "")) if isinstance(spoken, dict) else ""
    row = act.db.execute(
        "SELECT status, category FROM templates WHERE name = ? AND language = ?", (name, language)
    ).fetchone()
    if row is None:
        if act.db.execute("SELECT 1 FROM templates LIMIT 1").fetchone():
            text = _("There is no template {name} in language {language}.")
            raise refused("not_found", text.format(name=safe_line(name, 80), language=safe_line(language, 20)))
        return  # the list has not been read yet: Meta decides
    status, category = row
    if status not in _SENDABLE:
        text = _("The template {name} cannot be sent: Meta says {status}.")
        raise refused("blocked_template", text.format(name=safe_line(name, 80), status=status))
    if category == "MARKETING" and opted_out:
        raise refused("opted_out", _("The customer has stopped marketing messages."))


def _answered(act: Act, conversation: str, answering: int) -> None:
    """Refuses if a colleague has answered after what the agent saw."""
    row = act.db.execute(
        "SELECT author FROM messages WHERE conversation = ? AND seq > ? AND dir = 'out' AND automatic = 0 "
        "AND author <> ? AND status <> 'failed' ORDER BY seq DESC LIMIT 1",
        (conversation, event_number(answering), act.actor),
    ).fetchone()
    if row is not None:
        who = _("The phone app") if row[0] == "phone" else _name(act, row[0])
        text = _("{name} has answered meanwhile. Look, and send again if it still fits.")
        raise refused("answered_meanwhile", text.format(name=who))


def _send(act: Act, command: c.SendMessage) -> list[ev.Data]:
    number, window_expires, contact = _conversation(act, command.conversation, "number, window_expires, contact")
    content = command.content
    kind = content.get("type")
    opted_out = act.db.execute("SELECT opted_out FROM contacts WHERE id = ?", (contact,)).fetchone()
    data = message_data(
        act.db,
        id=act.id,
        number=number,
        now=act.now,
        content=content,
        text=command.text,
        quote=command.quote,
        files=act.files,
    )
    if kind == "template":
        _template(act, content, bool(opted_out and opted_out[0]))
    else:
        _window(act, window_expires)
    if command.quote is not None:
        _known_wamid(act, command.conversation, command.quote)
    if command.answering is not None and not command.force:
        _answered(act, command.conversation, command.answering)
    return [data]


def _known_wamid(act: Act, conversation: str, wamid: str) -> None:
    if not act.db.execute(
        "SELECT 1 FROM messages WHERE wamid = ? AND conversation = ?", (wamid, conversation)
    ).fetchone():
        raise refused("not_found", _("The message to reply to is not in this conversation."))


def _unsent(act: Act, conversation: str, message: str) -> tuple[Any, ...]:
    """A message that failed or is unknown, and has not been given up."""
    row: tuple[Any, ...] | None = act.db.execute(
        "SELECT status, kind, text, body, quote, media, author FROM messages "
        "WHERE id = ? AND conversation = ? AND dir = 'out'",
        (message, conversation),
    ).fetchone()
    if row is None:
        raise refused("not_found", _("This message does not exist."))
    if row[0] not in ("failed", "unknown"):
        raise refused("invalid", _("This message has not failed: there is nothing to send again."))
    if msgspec.json.decode(row[3]).get("discarded"):
        raise refused("invalid", _("This message was given up, or sent again already."))
    return row


def _retry(act: Act, command: c.RetryMessage) -> list[ev.Data]:
    number, window_expires, contact = _conversation(act, command.conversation, "number, window_expires, contact")
    _status, kind, text, stored, quote, media, _author = _unsent(act, command.conversation, command.message)
    body: dict[str, Any] = msgspec.json.decode(stored)
    content = body.pop("content", None)
    if not isinstance(content, dict):
        raise refused("invalid", _("This message was not written here and cannot be sent again from here."))
    if kind == "template":
        opted_out = act.db.execute("SELECT opted_out FROM contacts WHERE id = ?", (contact,)).fetchone()
        _template(act, content, bool(opted_out and opted_out[0]))
    else:
        _window(act, window_expires)
    return [
        ev.MessageDiscarded(message=command.message),
        ev.MessageQueued(
            message=act.id,
            number=number,
            kind=kind,
            ts=act.now,
            text=text,
            body=body,
            quote=quote,
            media=msgspec.json.decode(media, type=ev.Media) if media else None,
            content=content,
        ),
    ]


def _discard(act: Act, command: c.DiscardMessage) -> list[ev.Data]:
    _conversation(act, command.conversation, "id")
    _unsent(act, command.conversation, command.message)
    return [ev.MessageDiscarded(message=command.message)]


def _react(act: Act, command: c.React) -> list[ev.Data]:
    (window_expires,) = _conversation(act, command.conversation, "window_expires")
    _known_wamid(act, command.conversation, command.target)
    _window(act, window_expires)
    emoji = safe_line(command.emoji)
    if len(emoji) > 32:
        raise refused("invalid", _("A reaction is one emoji."))
    # The customer sees one reaction of the business: a colleague's is replaced.
    others = act.db.execute(
        "SELECT by FROM reactions WHERE target = ? AND emoji <> '' AND by <> ? AND by NOT LIKE 'customer%' ORDER BY by",
        (command.target, act.agent),
    ).fetchall()
    return [
        *(ev.MessageReacted(target=command.target, emoji="", ts=act.now, by=by, message=act.id) for (by,) in others),
        ev.MessageReacted(target=command.target, emoji=emoji, ts=act.now, by=act.agent, message=act.id),
    ]


# ── conversations ────────────────────────────────────────────────────────────────────────────────────────


def _read(act: Act, command: c.MarkRead) -> list[ev.Data]:
    (read_seq,) = _conversation(act, command.conversation, "read_seq")
    upto = event_number(command.upto)
    return [ev.ConversationRead(upto=upto)] if upto > read_seq else []


def _assign(act: Act, command: c.Assign) -> list[ev.Data]:
    (assignee,) = _conversation(act, command.conversation, "assignee")
    if command.agent is not None:
        row = act.db.execute("SELECT revoked FROM agents WHERE id = ?", (command.agent,)).fetchone()
        if row is None or row[0]:
            name = safe_line(command.agent, 60)
            raise refused("not_found", _("There is no agent {name}.").format(name=name))
    if assignee == (command.agent or ""):
        return []
    if assignee != (command.expect or ""):
        if assignee:
            text = _("{name} has this conversation already.").format(name=_name(act, assignee))
        else:
            text = _("This conversation was given back meanwhile.")
        raise refused("already_assigned", text)
    return [ev.ConversationAssigned(agent=command.agent)]


def _resolve(act: Act, command: c.Resolve) -> list[ev.Data]:
    (state,) = _conversation(act, command.conversation, "state")
    return [] if state == "resolved" else [ev.ConversationResolved()]


def _reopen(act: Act, command: c.Reopen) -> list[ev.Data]:
    (state,) = _conversation(act, command.conversation, "state")
    return [ev.ConversationReopened()] if state == "resolved" else []


def _snooze(act: Act, command: c.Snooze) -> list[ev.Data]:
    state, until = _conversation(act, command.conversation, "state, snoozed_until")
    if command.until == 0:
        return [ev.ConversationWoken()] if state == "snoozed" else []
    if not act.now < command.until <= act.now + SNOOZE_MOST:
        raise refused("invalid", _("until: a time in the future, within a year."))
    return [] if until == command.until else [ev.ConversationSnoozed(until=command.until)]


def _label(act: Act, command: c.Label) -> list[ev.Data]:
    _conversation(act, command.conversation, "id")
    label = safe_line(command.label)
    if not label or "," in label or len(label) > LABEL:
        text = _("label: a word or a few, without commas, at most {n} characters.")
        raise refused("invalid", text.format(n=LABEL))
    has = act.db.execute(
        "SELECT 1 FROM labels WHERE conversation = ? AND label = ?", (command.conversation, label)
    ).fetchone()
    if bool(has) == command.on:
        return []
    return [ev.ConversationLabelled(label=label) if command.on else ev.ConversationUnlabelled(label=label)]


def _tag(act: Act, command: c.Tag) -> list[ev.Data]:
    (campaign,) = _conversation(act, command.conversation, "campaign")
    wanted = safe_line(command.campaign, 80) if command.campaign else None
    if (wanted or "") == campaign:
        return []
    if (
        wanted is not None
        and not act.db.execute(
            "SELECT 1 FROM campaigns WHERE code = ?1 UNION ALL SELECT 1 FROM requests WHERE campaign = ?1 LIMIT 1",
            (wanted,),
        ).fetchone()
    ):
        raise refused("not_found", _("There is no campaign {name}.").format(name=wanted))
    return [ev.ConversationTagged(campaign=wanted, how="hand")]


def _note(act: Act, command: c.AddNote) -> list[ev.Data]:
    _conversation(act, command.conversation, "id")
    text = own_text("text", command.text, NOTE)
    return [ev.ConversationNoted(note=act.id, text=text)]


# ── workspace ────────────────────────────────────────────────────────────────────────────────────────────


def _save_canned(act: Act, command: c.SaveCanned) -> list[ev.Data]:
    if not _SHORTCUT.fullmatch(command.shortcut):
        raise refused("invalid", _("shortcut: up to 32 letters, digits, - and _."))
    text = own_text("text", command.text, CANNED)
    title = safe_line(command.title, 80)
    row = act.db.execute("SELECT text, title FROM canned WHERE shortcut = ?", (command.shortcut,)).fetchone()
    if row == (text, title):
        return []
    return [ev.CannedSaved(shortcut=command.shortcut, text=safe(text), title=title)]


def _remove_canned(act: Act, command: c.RemoveCanned) -> list[ev.Data]:
    if not act.db.execute("SELECT 1 FROM canned WHERE shortcut = ?", (command.shortcut,)).fetchone():
        text = _("There is no canned reply {name}.")
        raise refused("not_found", text.format(name=safe_line(command.shortcut, 40)))
    return [ev.CannedRemoved(shortcut=command.shortcut)]


_PLANS: dict[type[c.Command], Callable[[Act, Any], list[ev.Data]]] = {
    c.SendMessage: _send,
    c.RetryMessage: _retry,
    c.DiscardMessage: _discard,
    c.React: _react,
    c.MarkRead: _read,
    c.Assign: _assign,
    c.Resolve: _resolve,
    c.Reopen: _reopen,
    c.Snooze: _snooze,
    c.Label: _label,
    c.Tag: _tag,
    c.AddNote: _note,
    c.SaveCanned: _save_canned,
    c.RemoveCanned: _remove_canned,
}
