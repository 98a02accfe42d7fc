"""Whether an agent may give a command: permissions, and what they see, at the moment it is executed."""

from __future__ import annotations

from wptui.i18n import _
from wptui.model import commands as c
from wptui.model import events as ev
from wptui.model.permissions import COMMANDS, needed
from wptui.relay.acts.base import Act, event_number, require
from wptui.relay.outgoing import refused
from wptui.store import visible

WRITING = tuple(command for command, least in COMMANDS.items() if least == "message.send")
"""Commands that reach the customer."""

_ACTS: dict[str, str] = {
    ev.ConversationMoved.TYPE: "conversation.transfer",
    ev.ConversationResolved.TYPE: "conversation.resolve",
    ev.ConversationReopened.TYPE: "conversation.resolve",
    ev.ConversationSnoozed.TYPE: "conversation.snooze",
    ev.ConversationWoken.TYPE: "conversation.snooze",
    ev.ConversationLabelled.TYPE: "conversation.label",
    ev.ConversationUnlabelled.TYPE: "conversation.label",
    ev.ConversationPrioritised.TYPE: "conversation.priority",
    ev.ConversationTagged.TYPE: "conversation.campaign",
    ev.ConversationNoted.TYPE: "conversation.note",
    ev.ContactOpted.TYPE: "contact.edit",
    ev.SurveySent.TYPE: "message.send",
}
"""What a macro's acts need: nobody does by a key what they may not do by hand."""


def check(act: Act, command: c.AnyCommand) -> None:
    """Raises RefusedError: not_found for what the agent does not see, forbidden for what they may not do."""
    conversation = getattr(command, "conversation", None)
    if conversation is not None:
        assignee = _seen(act, conversation)
        if isinstance(command, WRITING) and assignee not in ("", act.agent):
            require(act, *sorted(needed(command, act.agent)), "message.others")
    for contact in _contacts(act, command):
        if not visible.sees_contact(act.db, act.scope, contact):
            raise refused("not_found", _("This contact does not exist (any more)."))
    require(act, *sorted(needed(command, act.agent)))


def check_events(act: Act, conversation: str, data: list[ev.Data]) -> None:
    """Raises RefusedError (forbidden) where the agent may not do by hand what these events of a macro say."""
    for each in data:
        permission = _ACTS.get(each.TYPE)
        if permission is not None:
            require(act, permission)
        elif isinstance(each, ev.MessageQueued) and each.kind == "template":
            require(act, "message.template")
        elif isinstance(each, ev.ConversationAssigned):
            given = act.db.execute("SELECT assignee FROM conversations WHERE id = ?", (conversation,)).fetchone()
            own = (each.agent or act.agent) == act.agent and given[0] in ("", act.agent)
            require(act, "conversation.claim" if own else "conversation.assign")


def _seen(act: Act, conversation: str) -> str:
    """The assignee of a conversation that the agent sees."""
    row = act.db.execute("SELECT department, assignee FROM conversations WHERE id = ?", (conversation,)).fetchone()
    if row is None or not act.scope.covers(*row):
        raise refused("not_found", _("This conversation does not exist (any more)."))
    return str(row[1])


def _contacts(act: Act, command: c.AnyCommand) -> list[str]:
    """The contacts a command is about."""
    match command:
        case c.SplitContact(merge=merge):
            # Whom it takes apart again has no conversations: those are the other's.
            row = act.db.execute("SELECT into_contact FROM merges WHERE seq = ?", (event_number(merge),)).fetchone()
            return [str(row[0]) if row else command.contact]
        case c.MergeContacts(contact=contact, into=into):
            return [contact, into]
    named: str | None = getattr(command, "contact", None)
    return [named] if named is not None else []
