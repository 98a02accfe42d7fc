"""The workspace: settings, numbers, templates, campaigns, canned replies, agents, and what Meta tells the operator."""

from __future__ import annotations

from typing import Any

from wptui.model.events.base import Data, event


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
    """A canned reply; `text` has variables like {{customer.first_name|efendim}}.

    `owner` is the agent whose own it is, "" for everybody's; `texts` are variants by language code.
    """

    shortcut: str
    text: str
    title: str = ""
    owner: str = ""
    texts: dict[str, str] = {}
    media: str = ""
    """Key of a file that goes with it."""
    filename: str = ""


@event("canned.removed")
class CannedRemoved(Data):
    """The canned reply `shortcut` is gone."""

    shortcut: str
    owner: str = ""


@event("settings.saved")
class SettingsSaved(Data):
    """A section of the settings (`model.settings`) is now `text`, a TOML document; `owner` as for canned replies."""

    section: str
    text: str
    owner: str = ""


@event("agent.duty_changed")
class AgentDutyChanged(Data):
    """`agent` is on, busy or away; `how` is hand, connected or disconnected."""

    agent: str
    state: str
    how: str = "hand"


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
    """Meta tells the operator something: a webhook `field`, in one safe line; `severity` info, warning or error."""

    field: str
    text: str
    severity: str = "info"
    ts: int = 0
    details: dict[str, Any] = {}


@event("webhook.parked")
class WebhookParked(Data):
    """An item could not be applied and is kept: dead_letter, unroutable, conflict, invalid or foreign."""

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
