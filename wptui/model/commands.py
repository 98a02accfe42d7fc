"""What agents ask for. A command carries a client-made id, may be refused, and comes back as events.

Sent in a `command` frame (`model.protocol`), kept in the terminal's outbox until its result comes, executed by
the relay where permissions are checked. Executing the same id twice gives the first outcome.
"""

from __future__ import annotations

import secrets
import time
from typing import Any

import msgspec


def command_id() -> str:
    """A new id: 26 characters, sortable by time, unique without asking anybody (also the message id of a send)."""
    return f"{int(time.time() * 1000):012x}{secrets.token_hex(7)}"


class Command(msgspec.Struct, tag_field="type", omit_defaults=True, kw_only=True):
    """Base of all commands."""


class SendMessage(Command, tag="message.send"):
    """Send to the customer.

    `content` is one Graph message object without addressee, `{"type": "text", "text": {"body": …}}`; in media
    `{"upload": <media key>}` stands in place of Meta's id.

    `answering` is the seq of the last message the agent had on screen: the relay warns (error `answered_meanwhile`)
    when a colleague answered after it, unless `force`.
    """

    conversation: str
    content: dict[str, Any]
    text: str = ""
    """What to show in the thread (filled template, caption)."""
    quote: str | None = None
    answering: int | None = None
    force: bool = False


class RetryMessage(Command, tag="message.retry"):
    """Send a failed or unknown message once more, as a new message (its id is this command's id)."""

    conversation: str
    message: str


class DiscardMessage(Command, tag="message.discard"):
    """Give up on a failed or unknown message."""

    conversation: str
    message: str


class React(Command, tag="message.react"):
    """React to a message; an empty emoji takes the reaction back."""

    conversation: str
    target: str
    """wamid."""
    emoji: str


class MarkRead(Command, tag="conversation.read"):
    """The agent has read up to event `upto`; `receipt` also shows the customer blue ticks."""

    conversation: str
    upto: int
    receipt: bool = True


class Assign(Command, tag="conversation.assign"):
    """Give the conversation to `agent` (None: to nobody). `expect` is the assignee seen on screen (compare-and-set)."""

    conversation: str
    agent: str | None
    expect: str | None = None


class Resolve(Command, tag="conversation.resolve"):
    """The request is done."""

    conversation: str


class Reopen(Command, tag="conversation.reopen"):
    """The request is not done after all."""

    conversation: str


class Snooze(Command, tag="conversation.snooze"):
    """Hide until `until` (Unix seconds); 0 ends a snooze."""

    conversation: str
    until: int


class Label(Command, tag="conversation.label"):
    """Put `label` on, or take it off with `on=False`."""

    conversation: str
    label: str
    on: bool = True


class Tag(Command, tag="conversation.tag"):
    """Attribute the request to a campaign by hand; None takes the attribution away."""

    conversation: str
    campaign: str | None


class AddNote(Command, tag="conversation.note"):
    """A private note for colleagues."""

    conversation: str
    text: str


class SaveCanned(Command, tag="canned.save"):
    """Create or change a canned reply."""

    shortcut: str
    text: str
    title: str = ""


class RemoveCanned(Command, tag="canned.remove"):
    """Delete a canned reply."""

    shortcut: str


AnyCommand = (
    SendMessage
    | RetryMessage
    | DiscardMessage
    | React
    | MarkRead
    | Assign
    | Resolve
    | Reopen
    | Snooze
    | Label
    | Tag
    | AddNote
    | SaveCanned
    | RemoveCanned
)
