"""Messages: send, send again, give up, react."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from wptui.i18n import _, format_ago
from wptui.model import commands as c
from wptui.model import events as ev
from wptui.model.text import safe_line
from wptui.model.window import is_open
from wptui.relay.acts.base import Act, Plans, conversation, event_number, name_of, require
from wptui.relay.outgoing import message_data, refused

_NAME = re.compile(r"[\w-]{1,32}")
"""A canned reply's shortcut."""

_SENDABLE = frozenset({"APPROVED", "FLAGGED", "REINSTATED", ""})
"""Template states in which Meta takes a send."""


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


def check_blocked(act: Act, contact: str) -> None:
    """Refuses to send to who is blocked: Meta would not deliver it."""
    if act.db.execute("SELECT 1 FROM contacts WHERE id = ? AND blocked", (contact,)).fetchone():
        raise refused("blocked", _("This customer is blocked."), _("Unblock them first, in their profile."))


def check_answered(act: Act, conversation: str, answering: int) -> None:
    """Refuses if a colleague has answered after what the agent saw."""
    row = act.db.execute(
        "SELECT author, ts FROM messages WHERE conversation = ? AND seq > ? AND dir = 'out' AND automatic = 0 "
        "AND author <> ? AND status <> 'failed' AND COALESCE(json_extract(body, '$.discarded'), 0) = 0 "
        "ORDER BY seq DESC LIMIT 1",
        (conversation, event_number(answering), act.actor),
    ).fetchone()
    if row is not None:
        who = _("The phone app") if row[0] == "phone" else name_of(act, row[0])
        text = _("{name} answered {time} ago. Look, and send again if it still fits.")
        raise refused("answered_meanwhile", text.format(name=who, time=format_ago(act.now - row[1])))


def send(act: Act, command: c.SendMessage) -> list[ev.Data]:
    number, window_expires, contact = conversation(act, command.conversation, "number, window_expires, contact")
    content = command.content
    kind = content.get("type")
    check_blocked(act, contact)
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
        check_answered(act, command.conversation, command.answering)
    if _NAME.fullmatch(command.canned):
        data.canned = command.canned
    return [data]


def _known_wamid(act: Act, conversation: str, wamid: str) -> None:
    if not act.db.execute(
        "SELECT 1 FROM messages WHERE wamid = ? AND conversation = ?", (wamid, conversation)
    ).fetchone():
        raise refused("not_found", _("The message to reply to is not in this conversation."))


def _unsent(act: Act, conversation: str, message: str) -> tuple[Any, ...]:
    """A message that failed or is unknown, and has not been given up."""
    row: tuple[Any, ...] | None = act.db.execute(
        "SELECT status, kind, text, body, quote, media, automatic, canned FROM messages "
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


def retry(act: Act, command: c.RetryMessage) -> list[ev.Data]:
    number, window_expires, contact = conversation(act, command.conversation, "number, window_expires, contact")
    _status, kind, text, stored, quote, media, automatic, canned = _unsent(act, command.conversation, command.message)
    body: dict[str, Any] = msgspec.json.decode(stored)
    content = body.pop("content", None)
    if not isinstance(content, dict):
        raise refused("invalid", _("This message was not written here and cannot be sent again from here."))
    check_blocked(act, contact)
    if kind == "template":
        require(act, "message.template")
        opted_out = act.db.execute("SELECT opted_out FROM contacts WHERE id = ?", (contact,)).fetchone()
        _template(act, content, bool(opted_out and opted_out[0]))
    else:
        _window(act, window_expires)
    return [
        ev.MessageDiscarded(message=command.message, again=act.id),
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
            automatic=bool(automatic),
            canned=canned,
        ),
    ]


def discard(act: Act, command: c.DiscardMessage) -> list[ev.Data]:
    conversation(act, command.conversation, "id")
    _unsent(act, command.conversation, command.message)
    return [ev.MessageDiscarded(message=command.message)]


def react(act: Act, command: c.React) -> list[ev.Data]:
    (window_expires,) = conversation(act, command.conversation, "window_expires")
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


PLANS: Plans = {
    c.SendMessage: send,
    c.RetryMessage: retry,
    c.DiscardMessage: discard,
    c.React: react,
}
