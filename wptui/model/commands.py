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
    canned: str = ""
    """Shortcut of the canned reply it was made from, for the count of uses."""


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
    reason: str = ""


class Transfer(Command, tag="conversation.transfer"):
    """Move the conversation to `department` (an id; "" for none, None leaves it) and to `agent` (None: to nobody).

    `reason` is shown to those who get it. `expect` is the assignee seen on screen (compare-and-set).
    """

    conversation: str
    department: str | None = None
    agent: str | None = None
    reason: str = ""
    expect: str | None = None


class SetPriority(Command, tag="conversation.priority"):
    """`priority` is a number of `model.priority`: 0 low, 1 normal, 2 high, 3 urgent."""

    conversation: str
    priority: int


class Follow(Command, tag="conversation.follow"):
    """Be told of what happens in the conversation; no more with `on=False`."""

    conversation: str
    on: bool = True


class SeeMentions(Command, tag="conversation.see_mentions"):
    """The agent has seen the notes of the conversation that mention them."""

    conversation: str


class RunMacro(Command, tag="macro.run"):
    """Do a macro's acts, all or none. `own` says whether it is the agent's own or a shared one.

    Messages among them have the command's id, then the id with `-2`, `-3` …. `answering` and `force` as in a send,
    `expect` as in an assignment, for a macro that assigns.
    """

    conversation: str
    macro: str
    own: bool = False
    answering: int | None = None
    force: bool = False
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
    """A private note for colleagues; `mentions` are the ids of agents it calls."""

    conversation: str
    text: str
    mentions: list[str] = []


class SetDuty(Command, tag="agent.duty"):
    """`agent` ("" for oneself) is `on`, `busy` or `away` from now on."""

    state: str
    agent: str = ""


class SaveCanned(Command, tag="canned.save"):
    """Create or change a canned reply, shared or one's own. `texts` are variants by language code."""

    shortcut: str
    text: str
    title: str = ""
    own: bool = False
    texts: dict[str, str] = {}
    media: str = ""
    """Key of an uploaded file that goes with it."""
    filename: str = ""


class RemoveCanned(Command, tag="canned.remove"):
    """Delete a canned reply."""

    shortcut: str
    own: bool = False


class EditCanned(Command, tag="canned.edit"):
    """All canned replies at once, as an editor leaves them: what is not among `replies` is deleted.

    `expect` is the owner's `store.team.canned_revision` (compare-and-set, error `changed_meanwhile`).
    """

    replies: list[SaveCanned]
    expect: int
    own: bool = False


class SaveSettings(Command, tag="settings.save"):
    """Replace a section of the settings (`model.settings`) by `text`, a TOML document.

    `expect` is the number of the event that saved what the agent edited, 0 for the first (compare-and-set, error
    `changed_meanwhile`). `own` is for the agent's own macros and filters.
    """

    section: str
    text: str
    expect: int
    own: bool = False


class EditContact(Command, tag="contact.edit"):
    """Change a profile: None leaves a field, "" clears it; in `attributes` None takes one away."""

    contact: str
    name: str | None = None
    remark: str | None = None
    attributes: dict[str, str | None] = {}


class OptContact(Command, tag="contact.opt"):
    """Record that the customer does not want (`out`), or wants again, marketing messages."""

    contact: str
    out: bool


class BlockContact(Command, tag="contact.block"):
    """Block the customer at Meta on all numbers they wrote to, or lift it."""

    contact: str
    blocked: bool


class MergeContacts(Command, tag="contact.merge"):
    """`contact` and `into` are one person; `into` stays."""

    contact: str
    into: str


class SplitContact(Command, tag="contact.split"):
    """Undo the merge that event `merge` made."""

    contact: str
    merge: int


class ImportRow(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A line of an address list. `phone` is E.164 with "+"; `opted` says whether they agreed to marketing."""

    phone: str
    name: str = ""
    remark: str = ""
    attributes: dict[str, str] = {}
    opted: bool | None = None


class ImportContacts(Command, tag="contact.import"):
    """Up to 200 people: known ones are completed, others made."""

    rows: list[ImportRow]
    update: bool = True
    """Whether the list's names and attributes replace what is known; else they only fill what is empty."""


AnyCommand = (
    SendMessage
    | RetryMessage
    | DiscardMessage
    | React
    | MarkRead
    | Assign
    | Transfer
    | SetPriority
    | Follow
    | SeeMentions
    | RunMacro
    | Resolve
    | Reopen
    | Snooze
    | Label
    | Tag
    | AddNote
    | SetDuty
    | SaveCanned
    | RemoveCanned
    | EditCanned
    | SaveSettings
    | EditContact
    | OptContact
    | BlockContact
    | MergeContacts
    | SplitContact
    | ImportContacts
)
