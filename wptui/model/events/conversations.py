"""Conversations: whose they are and in what state."""

from __future__ import annotations

from wptui.model.events.base import Data, event


@event("conversation.opened")
class ConversationOpened(Data):
    """The first trace of a contact on a number. `kind` is person or group, `department` the number's."""

    contact: str
    number: str
    kind: str = "person"
    department: str = ""


@event("conversation.merged")
class ConversationMerged(Data):
    """Everything of this event's conversation moves to `into`; this one is no more."""

    into: str


@event("conversation.assigned")
class ConversationAssigned(Data):
    """The conversation belongs to `agent` (an agent id), or to nobody.

    `how` is hand, transfer, auto, unanswered (taken back), rule, or left (the agent was shut out); `reason` is
    what somebody wrote.
    """

    agent: str | None
    reason: str = ""
    how: str = "hand"


@event("conversation.moved")
class ConversationMoved(Data):
    """The conversation belongs to `department` (an id; "" for none)."""

    department: str
    reason: str = ""
    how: str = "hand"


@event("conversation.prioritised")
class ConversationPrioritised(Data):
    """0 low, 1 normal, 2 high, 3 urgent."""

    priority: int


@event("conversation.followed")
class ConversationFollowed(Data):
    """`agent` wants to be told of what happens here."""

    agent: str


@event("conversation.unfollowed")
class ConversationUnfollowed(Data):
    """`agent` does not want to be told any more."""

    agent: str


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
    mentions: list[str] = []
    """Ids of the agents it calls."""


@event("mention.seen")
class MentionSeen(Data):
    """`agent` has seen the notes of this conversation, so far, that mention them."""

    agent: str


@event("survey.sent")
class SurveySent(Data):
    """A survey was asked in `message`: `kind` csat (1–5) or nps (0–10), about `request`."""

    survey: str
    kind: str
    request: str
    message: str


@event("survey.answered")
class SurveyAnswered(Data):
    """The customer answered; a later answer to the same survey replaces the former. None leaves a field."""

    survey: str
    ts: int
    score: int | None = None
    comment: str | None = None
    message: str = ""


@event("rule.fired")
class RuleFired(Data):
    """A rule acted here. `subject` is what it acted on, once: an event number, a message, a request.

    `acts` are its acts in words of the settings; `skipped` those that could not be done, and why.
    """

    rule: str
    subject: str
    acts: list[str] = []
    skipped: dict[str, str] = {}


@event("agent.notified")
class AgentNotified(Data):
    """A rule tells `agents` (ids) of this conversation."""

    agents: list[str]
    text: str


@event("conversation.handed")
class ConversationHanded(Data):
    """Meta Business Agent took the thread or gave it to us: `to` is "ai" or "human"."""

    to: str
    ts: int
    reason: str = ""
