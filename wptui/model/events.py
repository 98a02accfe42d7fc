"""What happened: the events of the log (DESIGN.md §4).

An event is `{seq, at, actor, conversation?, type, data}`. `data` stays encoded until a reader needs it, and
types this build does not know are carried along and skipped, so an older reader survives a newer relay.
`docs/events.md` is generated from the classes below.

Units: `at` is the relay's clock in Unix milliseconds; every `ts` inside `data` is a WhatsApp timestamp in Unix
seconds. Text has been made safe (`model.text`). Ids: `message` is our id (the wamid for what Meta brought, the
command id for what we send); `wamid` is Meta's.

Actors: "customer", "meta", "relay", "phone" (the WhatsApp Business app), "ai" (Meta Business Agent),
"agent:<id>", "rule:<id>".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import msgspec


class Data(msgspec.Struct, omit_defaults=True, kw_only=True):
    """Base of all event data; `TYPE` is the event's type, past tense (`noun.past`)."""

    TYPE: ClassVar[str] = ""


class Event(msgspec.Struct, omit_defaults=True):
    """One numbered fact. `seq` is dense per workspace; 0 before the log has numbered it."""

    seq: int
    at: int
    actor: str
    type: str
    data: msgspec.Raw = msgspec.Raw(b"{}")
    conversation: str | None = None


REGISTRY: dict[str, type[Data]] = {}
"""Type name → class of `data`."""

_encode = msgspec.json.Encoder().encode
_decoders: dict[str, msgspec.json.Decoder[Any]] = {}


def event(name: str) -> Callable[[type[Data]], type[Data]]:
    """Class decorator: registers a `Data` class under its type name."""

    def register(cls: type[Data]) -> type[Data]:
        cls.TYPE = name
        REGISTRY[name] = cls
        return cls

    return register


def make(data: Data, *, at: int, actor: str, conversation: str | None = None) -> Event:
    """An event not yet numbered (`seq` 0) around `data`."""
    return Event(0, at, actor, data.TYPE, msgspec.Raw(_encode(data)), conversation)


def load(ev: Event) -> Any | None:
    """The typed `data` of `ev`, or None where this build does not know its type.

    Raises msgspec.ValidationError if a known type carries data of another shape.
    """
    decoder = _decoders.get(ev.type)
    if decoder is None:
        cls = REGISTRY.get(ev.type)
        if cls is None:
            return None
        decoder = _decoders[ev.type] = msgspec.json.Decoder(cls)
    return decoder.decode(ev.data)


class Media(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A file that came with a message, or goes with one."""

    id: str = ""
    """Meta's media id."""
    mime: str = ""
    sha256: str = ""
    size: int = 0
    filename: str = ""
    """As the sender named it, made safe: for show only, never a path."""
    voice: bool = False
    animated: bool = False
    key: str = ""
    """Name under which the relay keeps the file, made by us; empty until stored."""
    url: str = ""
    """Direct link of the webhook, trusted only if its host is exactly Meta's; lives five minutes."""


class Problem(msgspec.Struct, omit_defaults=True, kw_only=True):
    """An error of Meta's: decide by `code`."""

    code: int
    title: str = ""
    details: str = ""


class Referral(msgspec.Struct, omit_defaults=True, kw_only=True):
    """The ad or post a customer came from (click-to-WhatsApp)."""

    source_id: str = ""
    source_type: str = ""
    source_url: str = ""
    headline: str = ""
    body: str = ""
    ctwa_clid: str = ""


# ── messages ─────────────────────────────────────────────────────────────────────────────────────────────


@event("message.received")
class MessageReceived(Data):
    """A customer wrote. `counts` is false for what opens no request (METRICS.md): history, standby, edits Meta hides."""

    message: str
    kind: str
    """Meta's type: text, image, audio, … or the unknown type's own name."""
    ts: int
    received_at: int
    """When the relay stored it, Unix seconds."""
    text: str = ""
    """What to show and search: body, caption, button title, or a summary of what came."""
    body: dict[str, Any] = {}
    """The rest of the type's own content, made safe (location, contacts, order, interactive …)."""
    original_ts: str | None = None
    """The timestamp as sent, where it could not be trusted; `ts` is then `received_at`."""
    quote: str | None = None
    """wamid of the message this replies to."""
    forwarded: int = 0
    """0 no, 1 forwarded, 2 frequently."""
    referral: Referral | None = None
    media: Media | None = None
    problems: list[Problem] = []
    source: str = "live"
    """live, history or standby."""
    counts: bool = True
    opens_window: bool = True
    sender: str = ""
    """In a group: the participant's name; else empty."""


@event("message.echoed")
class MessageEchoed(Data):
    """The business wrote outside wptui: in the phone app (`author` "phone") or by Meta Business Agent ("ai")."""

    message: str
    kind: str
    ts: int
    received_at: int
    author: str
    text: str = ""
    body: dict[str, Any] = {}
    quote: str | None = None
    media: Media | None = None
    source: str = "live"
    status: str | None = None
    """State known from the history import, as `model.delivery` names it."""


@event("message.reacted")
class MessageReacted(Data):
    """`target` (a wamid, perhaps not yet seen) got a reaction; an empty emoji takes it back."""

    target: str
    emoji: str
    ts: int
    by: str
    """"customer", "phone", "ai" or an agent id."""
    message: str = ""
    sender: str = ""


@event("message.edited")
class MessageEdited(Data):
    """`target` (a wamid, perhaps not yet seen) has a new text or caption."""

    target: str
    ts: int
    by: str
    kind: str
    text: str
    body: dict[str, Any] = {}


@event("message.revoked")
class MessageRevoked(Data):
    """`target` (a wamid, perhaps not yet seen) was deleted by its writer."""

    target: str
    ts: int
    by: str


@event("message.status")
class MessageStatus(Data):
    """Meta reports how far an outgoing message got. `message` is our id where `biz_opaque_callback_data` brought it back."""

    wamid: str
    status: str
    ts: int
    message: str | None = None
    recipient: str = ""
    """Alias the status is about; in groups the participant."""
    participant: bool = False
    problems: list[Problem] = []
    pricing: dict[str, Any] = {}
    free_until: int | None = None
    """End of a free entry point, Unix seconds."""


@event("message.queued")
class MessageQueued(Data):
    """An agent's message stands in the relay's queue. `content` is what `commands.SendMessage` asked for."""

    message: str
    number: str
    kind: str
    ts: int
    text: str = ""
    body: dict[str, Any] = {}
    quote: str | None = None
    media: Media | None = None
    content: dict[str, Any] = {}
    """The Graph payload of the type (`{"text": {...}}`), without recipient and ids."""
    automatic: bool = False
    """Written by a rule, campaign or survey: never counts as a human answer."""


@event("message.attempted")
class MessageAttempted(Data):
    """The relay is about to call the Graph API for `message`; logged before the call."""

    message: str
    attempt: int


@event("message.accepted")
class MessageAccepted(Data):
    """The Graph API took `message` and named it `wamid`. Accepted is not delivered."""

    message: str
    wamid: str
    held: str = ""
    """`message_status` where Meta holds it (held_for_quality_assessment, paused)."""


@event("message.deferred")
class MessageDeferred(Data):
    """The attempt did not go through and will be made again at `retry_at` (Unix seconds)."""

    message: str
    retry_at: int
    problem: Problem


@event("message.failed")
class MessageFailed(Data):
    """`message` was refused for good; nothing was sent."""

    message: str
    problem: Problem


@event("message.unknown")
class MessageUnknown(Data):
    """Nobody knows whether `message` went out (time-out, crash). A status settles it, or an agent decides."""

    message: str
    reason: str


@event("message.discarded")
class MessageDiscarded(Data):
    """An agent gave up on a failed or unknown message; it stays in the thread as not sent."""

    message: str


@event("media.stored")
class MediaStored(Data):
    """The relay holds the file of `message`."""

    message: str
    key: str
    mime: str
    size: int
    sha256: str = ""


@event("media.failed")
class MediaFailed(Data):
    """The file of `message` could not be fetched; `final` means Meta no longer has it."""

    message: str
    reason: str
    final: bool = False


@event("call.received")
class CallReceived(Data):
    """A call began or ended on the number. A connect opens the window."""

    call: str
    event: str
    ts: int
    direction: str = ""
    duration: int | None = None
    outcome: str = ""


# ── conversations ────────────────────────────────────────────────────────────────────────────────────────


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


# ── contacts ─────────────────────────────────────────────────────────────────────────────────────────────


@event("contact.created")
class ContactCreated(Data):
    """A customer is seen for the first time."""

    contact: str
    kind: str = "person"


@event("contact.aliased")
class ContactAliased(Data):
    """`contact` is also known as `value`. `retired` means it was theirs and is no longer."""

    contact: str
    kind: str
    value: str
    verified: bool = False
    retired: bool = False


@event("contact.profiled")
class ContactProfiled(Data):
    """What is known of a contact changed; None leaves a field as it is, "" clears it."""

    contact: str
    ts: int = 0
    name: str | None = None
    """Profile name, as the customer chose it."""
    username: str | None = None
    phone: str | None = None
    """As shown: "+" and digits."""
    book_name: str | None = None
    """Name in the shop's address book."""


@event("contact.rekeyed")
class ContactRekeyed(Data):
    """Number or user id changed; shown in the thread. Old and new values are safe for show."""

    contact: str
    ts: int
    what: str
    old: str = ""
    new: str = ""


@event("contact.secured")
class ContactSecured(Data):
    """The security code (`hash`) of a contact is known; `changed` shows a notice in the thread."""

    contact: str
    ts: int
    hash: str
    changed: bool = False


@event("contact.opted")
class ContactOpted(Data):
    """Marketing consent: `out` true after a stop."""

    contact: str
    ts: int
    out: bool
    category: str = "marketing_messages"


@event("contact.merged")
class ContactMerged(Data):
    """`contact` and `into` are one person; `into` stays."""

    contact: str
    into: str


# ── workspace ────────────────────────────────────────────────────────────────────────────────────────────


@event("workspace.configured")
class WorkspaceConfigured(Data):
    """Settings every reader needs: name, and how long a resolved request can reopen (seconds)."""

    name: str = ""
    reopen_within: int = 24 * 3600
    first_response_target: int = 600
    timezone: str = ""


@event("number.updated")
class NumberUpdated(Data):
    """A business number of ours, or what Meta says of it now."""

    number: str
    display: str = ""
    name: str = ""
    waba: str = ""
    quality: str = ""
    throughput: str = ""


@event("template.updated")
class TemplateUpdated(Data):
    """A template as Meta lists it. `components` in Meta's form. `status` "DELETED" takes it away."""

    id: str
    name: str
    language: str
    status: str
    category: str = ""
    quality: str = ""
    components: list[dict[str, Any]] = []
    reason: str = ""


@event("campaign.saved")
class CampaignSaved(Data):
    """A campaign exists: `code` is matched in first messages, `ads` are ad ids (`referral.source_id`)."""

    code: str
    name: str = ""
    ads: list[str] = []


@event("canned.saved")
class CannedSaved(Data):
    """A canned reply; `text` has variables like {{customer.first_name|efendim}}."""

    shortcut: str
    text: str
    title: str = ""


@event("canned.removed")
class CannedRemoved(Data):
    """The canned reply `shortcut` is gone."""

    shortcut: str


@event("agent.added")
class AgentAdded(Data):
    """An agent may sign in; `name` is how colleagues see them."""

    agent: str
    name: str
    role: str = "agent"


@event("agent.revoked")
class AgentRevoked(Data):
    """The agent's tokens are void."""

    agent: str


@event("account.alerted")
class AccountAlerted(Data):
    """Meta tells the operator something: a webhook `field`, in one safe line, with its severity (info, warning, error)."""

    field: str
    text: str
    severity: str = "info"
    ts: int = 0
    details: dict[str, Any] = {}


@event("webhook.parked")
class WebhookParked(Data):
    """An item could not be applied and is kept: `reason` is dead_letter, unroutable, conflict, invalid, foreign or orphan."""

    raw: int
    """Number of the stored body."""
    reason: str
    note: str = ""
    item: str = ""
    """Id of the item (wamid …) where it has one."""


@event("webhook.logged")
class WebhookLogged(Data):
    """A webhook field that changes nothing here, known or not, was stored."""

    raw: int
    field: str
    known: bool = True
