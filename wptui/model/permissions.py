"""What an agent may do, and see: the permissions, the roles built in, and the scope of an agent's view.

Checked by the relay where a command is executed (`relay.commands`), and decisive for what is synced
(`relay.visibility`). The interface only hides what would be refused.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from wptui.model import commands as c
from wptui.model.words import N_

_VIEW = N_("View")
_WORK = N_("Conversations")
_WRITE = N_("Messages")
_CONTACTS = N_("Contacts")
_SHARED = N_("Shared settings")
_RULE = N_("Administration")


@dataclass(frozen=True, slots=True)
class Permission:
    """One thing a role may allow. `title` is English, marked for translation where it is shown (`i18n`)."""

    id: str
    title: str
    group: str


PERMISSIONS: tuple[Permission, ...] = (
    Permission("see.all", N_("See every conversation"), _VIEW),
    Permission("see.department", N_("See the conversations of one's departments, and those of no department"), _VIEW),
    Permission("see.own", N_("See the conversations assigned to oneself"), _VIEW),
    Permission("see.figures", N_("See the team's figures"), _VIEW),
    Permission("see.agents", N_("See other agents' figures"), _VIEW),
    Permission("see.audit", N_("See who did what"), _VIEW),
    Permission("conversation.claim", N_("Take conversations, and give one's own back"), _WORK),
    Permission("conversation.assign", N_("Assign conversations to others, or take them away"), _WORK),
    Permission("conversation.transfer", N_("Move conversations to another department"), _WORK),
    Permission("conversation.resolve", N_("Resolve and reopen"), _WORK),
    Permission("conversation.snooze", N_("Snooze"), _WORK),
    Permission("conversation.label", N_("Label"), _WORK),
    Permission("conversation.priority", N_("Set the priority"), _WORK),
    Permission("conversation.campaign", N_("Say which campaign brought a request"), _WORK),
    Permission("conversation.note", N_("Write notes"), _WORK),
    Permission("conversation.read", N_("Mark as read (the customer sees blue ticks)"), _WORK),
    Permission("message.send", N_("Answer customers"), _WRITE),
    Permission("message.others", N_("Answer in a colleague's conversation"), _WRITE),
    Permission("message.template", N_("Send templates"), _WRITE),
    Permission("message.broadcast", N_("Send campaigns to many"), _WRITE),
    Permission("sale.record", N_("Record sales"), _WRITE),
    Permission("contact.edit", N_("Edit profiles and consent"), _CONTACTS),
    Permission("contact.block", N_("Block customers"), _CONTACTS),
    Permission("contact.merge", N_("Merge contacts, and undo it"), _CONTACTS),
    Permission("contact.import", N_("Import contacts"), _CONTACTS),
    Permission("contact.export", N_("Export contacts, conversations and figures"), _CONTACTS),
    Permission("contact.erase", N_("Erase contacts"), _CONTACTS),
    Permission("canned.own", N_("Keep canned replies, macros and filters of one's own"), _SHARED),
    Permission("canned.edit", N_("Edit shared canned replies and macros"), _SHARED),
    Permission("filters.edit", N_("Edit shared filters"), _SHARED),
    Permission("labels.edit", N_("Edit the list of labels"), _SHARED),
    Permission("campaign.edit", N_("Edit campaigns"), _SHARED),
    Permission("hours.edit", N_("Edit business hours and holidays"), _RULE),
    Permission("sla.edit", N_("Edit service levels"), _RULE),
    Permission("rules.edit", N_("Edit rules and surveys"), _RULE),
    Permission("departments.edit", N_("Edit departments, their members and numbers"), _RULE),
    Permission("roles.edit", N_("Edit roles"), _RULE),
    Permission("agents.manage", N_("Add agents, change their role, shut them out"), _RULE),
    Permission("agents.duty", N_("Set a colleague's duty"), _RULE),
    Permission("settings.edit", N_("Edit the workspace's settings and numbers"), _RULE),
)
"""The catalogue, in the order in which it is shown; docs/permissions.md is generated from it."""

ALL: frozenset[str] = frozenset(permission.id for permission in PERMISSIONS)

_AGENT = frozenset(
    {"see.department", "see.figures", "conversation.claim", "conversation.assign", "conversation.transfer",
     "conversation.resolve", "conversation.snooze", "conversation.label", "conversation.priority",
     "conversation.campaign", "conversation.note", "conversation.read", "message.send", "message.others",
     "message.template", "sale.record", "contact.edit", "canned.own"}
)  # fmt: skip

ROLES: dict[str, frozenset[str]] = {
    "owner": ALL,
    "manager": ALL - {"contact.erase", "roles.edit", "settings.edit"},
    "agent": _AGENT,
    "viewer": frozenset({"see.all", "see.figures"}),
}
"""The roles built in. They cannot be changed; a workspace may add its own (settings section `roles`)."""

ROLE_TITLES: dict[str, str] = {
    "owner": N_("Owner"),
    "manager": N_("Manager"),
    "agent": N_("Agent"),
    "viewer": N_("Viewer"),
}


COMMANDS: dict[type[c.Command], str] = {
    c.SendMessage: "message.send",
    c.RetryMessage: "message.send",
    c.DiscardMessage: "message.send",
    c.React: "message.send",
    c.RunMacro: "message.send",
    c.MarkRead: "conversation.read",
    c.Assign: "conversation.claim",
    c.Transfer: "conversation.transfer",
    c.Resolve: "conversation.resolve",
    c.Reopen: "conversation.resolve",
    c.Snooze: "conversation.snooze",
    c.Label: "conversation.label",
    c.SetPriority: "conversation.priority",
    c.Tag: "conversation.campaign",
    c.AddNote: "conversation.note",
    c.Follow: "",
    c.SeeMentions: "",
    c.SetDuty: "",
    c.SaveCanned: "canned.edit",
    c.RemoveCanned: "canned.edit",
    c.EditCanned: "canned.edit",
    c.SaveSettings: "",
    c.EditContact: "contact.edit",
    c.OptContact: "contact.edit",
    c.BlockContact: "contact.block",
    c.MergeContacts: "contact.merge",
    c.SplitContact: "contact.merge",
    c.ImportContacts: "contact.import",
}
"""The least a command needs; "" where seeing is enough, or where `needed` has more to look at."""

SECTIONS: dict[str, tuple[str, str]] = {
    "departments": ("departments.edit", ""),
    "roles": ("roles.edit", ""),
    "labels": ("labels.edit", ""),
    "hours": ("hours.edit", ""),
    "sla": ("sla.edit", ""),
    "rules": ("rules.edit", ""),
    "macros": ("canned.edit", "canned.own"),
    "filters": ("filters.edit", "canned.own"),
}
"""Settings section → (permission for the shared document, permission for one's own; "" where there is none)."""


def needed(command: c.AnyCommand, agent: str) -> frozenset[str]:
    """The permissions `command` needs when `agent` (an id) gives it."""
    least = COMMANDS[type(command)]
    match command:
        case c.Assign(agent=to, expect=expect):
            own = to in (agent, None) and expect in (None, "", agent)
            least = "conversation.claim" if own else "conversation.assign"
        case c.Transfer(department=None):
            least = "conversation.assign"
        case c.SendMessage(content=content) if content.get("type") == "template":
            return frozenset({"message.send", "message.template"})
        case c.SetDuty(agent=other) if other not in ("", agent):
            least = "agents.duty"
        case c.SaveCanned(own=True) | c.RemoveCanned(own=True) | c.EditCanned(own=True):
            least = "canned.own"
        case c.SaveSettings(section=section, own=own):
            shared, mine = SECTIONS.get(section, ("settings.edit", "settings.edit"))
            least = (mine or "settings.edit") if own else shared
    return frozenset({least}) if least else frozenset()


class See(StrEnum):
    """How far an agent's view reaches."""

    ALL = "all"
    DEPARTMENT = "department"
    OWN = "own"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Scope:
    """What an agent sees. Equal scopes see the same."""

    see: See = See.NOTHING
    agent: str = ""
    departments: frozenset[str] = field(default_factory=frozenset)

    def covers(self, department: str, assignee: str) -> bool:
        """Whether a conversation of `department` ("" for none) assigned to `assignee` ("" for nobody) is in view.

        A conversation of no department is the common queue of all who see departments.
        """
        if self.see is See.ALL:
            return True
        if self.see is See.NOTHING:
            return False
        if assignee == self.agent:
            return True
        return self.see is See.DEPARTMENT and (not department or department in self.departments)

    @property
    def key(self) -> str:
        """The scope as text: a cache filled under another one is to be filled again."""
        return f"{self.see.value}:{self.agent}:{','.join(sorted(self.departments))}"


def scope_of(agent: str, allowed: Collection[str], departments: Iterable[str]) -> Scope:
    """The scope of `agent` (an id) with the permissions `allowed`, a member of `departments` (ids)."""
    if "see.all" in allowed:
        return Scope(See.ALL, agent)
    if "see.department" in allowed:
        return Scope(See.DEPARTMENT, agent, frozenset(departments))
    return Scope(See.OWN if "see.own" in allowed else See.NOTHING, agent)
