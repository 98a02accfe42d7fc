"""Messages and calls: what came, what went, and what became of it."""

from __future__ import annotations

from typing import Any

import msgspec

from wptui.model.events.base import Data, event


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


@event("message.received")
class MessageReceived(Data):
    """A customer wrote. `counts` is false for what opens no request: history, standby, edits Meta hides.

    So is it for an answer to a survey (a `survey.answered` follows): answering is no work, and is not unread.
    """

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
    """Meta reports how far an outgoing message got; `message` is our id, if `biz_opaque_callback_data` brought it."""

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
    canned: str = ""
    """Shortcut of the canned reply it was made from."""


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
    again: str = ""
    """Id of the message that is sent in its place."""


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
