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

from wptui.model.events.base import (
    REGISTRY,
    Data,
    Event,
    event,
    load,
    make,
)
from wptui.model.events.contacts import (
    ContactAliased,
    ContactCreated,
    ContactMerged,
    ContactOpted,
    ContactProfiled,
    ContactRekeyed,
    ContactSecured,
)
from wptui.model.events.conversations import (
    ConversationAssigned,
    ConversationHanded,
    ConversationLabelled,
    ConversationMerged,
    ConversationNoted,
    ConversationOpened,
    ConversationRead,
    ConversationReopened,
    ConversationResolved,
    ConversationSnoozed,
    ConversationTagged,
    ConversationUnlabelled,
    ConversationWoken,
)
from wptui.model.events.messages import (
    CallReceived,
    Media,
    MediaFailed,
    MediaStored,
    MessageAccepted,
    MessageAttempted,
    MessageDeferred,
    MessageDiscarded,
    MessageEchoed,
    MessageEdited,
    MessageFailed,
    MessageQueued,
    MessageReacted,
    MessageReceived,
    MessageRevoked,
    MessageStatus,
    MessageUnknown,
    Problem,
    Referral,
)
from wptui.model.events.workspace import (
    AccountAlerted,
    AgentAdded,
    AgentRevoked,
    CampaignSaved,
    CannedRemoved,
    CannedSaved,
    NumberUpdated,
    TemplateUpdated,
    WebhookLogged,
    WebhookParked,
    WorkspaceConfigured,
)

__all__ = [
    "REGISTRY",
    "AccountAlerted",
    "AgentAdded",
    "AgentRevoked",
    "CallReceived",
    "CampaignSaved",
    "CannedRemoved",
    "CannedSaved",
    "ContactAliased",
    "ContactCreated",
    "ContactMerged",
    "ContactOpted",
    "ContactProfiled",
    "ContactRekeyed",
    "ContactSecured",
    "ConversationAssigned",
    "ConversationHanded",
    "ConversationLabelled",
    "ConversationMerged",
    "ConversationNoted",
    "ConversationOpened",
    "ConversationRead",
    "ConversationReopened",
    "ConversationResolved",
    "ConversationSnoozed",
    "ConversationTagged",
    "ConversationUnlabelled",
    "ConversationWoken",
    "Data",
    "Event",
    "Media",
    "MediaFailed",
    "MediaStored",
    "MessageAccepted",
    "MessageAttempted",
    "MessageDeferred",
    "MessageDiscarded",
    "MessageEchoed",
    "MessageEdited",
    "MessageFailed",
    "MessageQueued",
    "MessageReacted",
    "MessageReceived",
    "MessageRevoked",
    "MessageStatus",
    "MessageUnknown",
    "NumberUpdated",
    "Problem",
    "Referral",
    "TemplateUpdated",
    "WebhookLogged",
    "WebhookParked",
    "WorkspaceConfigured",
    "event",
    "load",
    "make",
]
