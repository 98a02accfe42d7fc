"""Conversations: whose they are and in what state."""

from __future__ import annotations

from wptui.model.events.base import Data, event


@event("conversation.opened")
class ConversationOpened(Data):
    """The first trace of a contact on a number. `kind` is person or group."""

    contact: str
    number: str
    kind: str = "person"


@event("conversation.merged")
class ConversationMerged(Data):
    """Everything of this event's conversation moves to `into`; this one is no more."""

    into: str


@event("conversation.assigned")
class ConversationAssigned(Data):
    """The conversation belongs to `agent` (an agent id), or to nobody."""

    agent: str | None
    reason: str = ""


@event("conversation.resolved")
class ConversationResolved(Data):
    """The open request is done."""

    reason: str = ""


@event("conversation.reopened")
class ConversationReopened(Data):
    """An agent opened the last request again."""


@event("conversation.snoozed")
class ConversationSnoozed(Data):
    """Out of sight until `until` (Unix seconds) or the customer's next message."""

    until: int


@event("conversation.woken")
class ConversationWoken(Data):
    """The snooze ended: time came, or an agent ended it."""


@event("conversation.read")
class ConversationRead(Data):
    """An agent has read everything up to event `upto`."""

    upto: int


@event("conversation.labelled")
class ConversationLabelled(Data):
    """`label` was put on."""

    label: str


@event("conversation.unlabelled")
class ConversationUnlabelled(Data):
    """`label` was taken off."""

    label: str


@event("conversation.tagged")
class ConversationTagged(Data):
    """The open request is attributed to a campaign: `how` is referral, code, reply, rule or hand (METRICS.md)."""

    campaign: str | None
    how: str
    message: str = ""


@event("conversation.noted")
class ConversationNoted(Data):
    """A colleague left a private note; the customer never sees it."""

    note: str
    text: str


@event("conversation.handed")
class ConversationHanded(Data):
    """Meta Business Agent took the thread or gave it to us: `to` is "ai" or "human"."""

    to: str
    ts: int
    reason: str = ""
