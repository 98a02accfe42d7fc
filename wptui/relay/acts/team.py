"""Between colleagues: whose a conversation is, where it belongs, notes that call somebody, duty."""

from __future__ import annotations

from wptui.i18n import _
from wptui.model import commands as c
from wptui.model import events as ev
from wptui.model.text import safe_line
from wptui.relay.acts.base import Act, Plans, colleague, conversation, name_of, reason_of, require
from wptui.relay.outgoing import own_text, refused
from wptui.store import team

NOTE = 4096
MENTIONS = 50

_DUTIES = ("on", "busy", "away")


def assign(act: Act, command: c.Assign) -> list[ev.Data]:
    assignee, department = conversation(act, command.conversation, "assignee, department")
    reason = reason_of(command.reason)
    _can_serve(act, command.agent, department)
    if assignee == (command.agent or ""):
        return []
    unchanged(act, assignee, command.expect)
    return [ev.ConversationAssigned(agent=command.agent, reason=reason)]


def transfer(act: Act, command: c.Transfer) -> list[ev.Data]:
    assignee, department = conversation(act, command.conversation, "assignee, department")
    reason = reason_of(command.reason)
    to = department if command.department is None else command.department
    if to and to not in team.departments(act.db):
        raise refused("not_found", _("There is no department {name}.").format(name=safe_line(to, 60)))
    if to == department:  # named or not: this only says whose it is
        require(act, "conversation.assign")
    _can_serve(act, command.agent, to)
    data: list[ev.Data] = []
    if to != department:
        data.append(ev.ConversationMoved(department=to, reason=reason))
    if assignee != (command.agent or ""):
        data.append(ev.ConversationAssigned(agent=command.agent, reason=reason, how="transfer"))
    if data:
        unchanged(act, assignee, command.expect)
    return data


def _can_serve(act: Act, agent: str | None, department: str) -> None:
    """Refuses to give a conversation of `department` to somebody who could not see it, or not answer there."""
    if agent is None:
        return
    name = colleague(act, agent)
    if not team.scope(act.db, agent).covers(department, agent):
        text = _("{name} could not see this conversation: their role does not allow it.")
        raise refused("invalid", text.format(name=name))
    if "message.send" not in team.allowed(act.db, agent):
        text = _("{name} could not answer this customer: their role does not allow it.")
        raise refused("invalid", text.format(name=name))


def unchanged(act: Act, assignee: str, expect: str | None) -> None:
    """Refuses if the conversation is somebody else's than the agent saw."""
    if assignee == (expect or ""):
        return
    if assignee:
        text = _("{name} has this conversation already.").format(name=name_of(act, assignee))
    else:
        text = _("This conversation was given back meanwhile.")
    raise refused("already_assigned", text)


def follow(act: Act, command: c.Follow) -> list[ev.Data]:
    conversation(act, command.conversation, "id")
    follows = act.db.execute(
        "SELECT 1 FROM followers WHERE conversation = ? AND agent = ?", (command.conversation, act.agent)
    ).fetchone()
    if bool(follows) == command.on:
        return []
    return [ev.ConversationFollowed(agent=act.agent) if command.on else ev.ConversationUnfollowed(agent=act.agent)]


def see_mentions(act: Act, command: c.SeeMentions) -> list[ev.Data]:
    conversation(act, command.conversation, "id")
    unseen = act.db.execute(
        "SELECT 1 FROM mentions WHERE conversation = ? AND agent = ? AND NOT seen", (command.conversation, act.agent)
    ).fetchone()
    return [ev.MentionSeen(agent=act.agent)] if unseen else []


def note(act: Act, command: c.AddNote) -> list[ev.Data]:
    department, assignee = conversation(act, command.conversation, "department, assignee")
    text = own_text("text", command.text, NOTE)
    mentions = list(dict.fromkeys(command.mentions))
    if len(mentions) > MENTIONS:
        told = _("{field}: {n} are the most.")
        raise refused("too_long", told.format(field="mentions", n=MENTIONS))
    for agent in mentions:
        name = colleague(act, agent)
        if not team.scope(act.db, agent).covers(department, assignee):
            told = _("{name} does not see this conversation, and would not see the note.")
            raise refused("invalid", told.format(name=name))
    return [ev.ConversationNoted(note=act.id, text=text, mentions=mentions)]


def set_duty(act: Act, command: c.SetDuty) -> list[ev.Data]:
    if command.state not in _DUTIES:
        raise refused("invalid", _("state: one of {names}.").format(names=", ".join(_DUTIES)))
    agent = command.agent or act.agent
    colleague(act, agent)
    row = act.db.execute("SELECT duty, duty_how FROM agents WHERE id = ?", (agent,)).fetchone()
    # Said by hand, it also holds against what connecting and leaving would make of it.
    if row == (command.state, "hand"):
        return []
    return [ev.AgentDutyChanged(agent=agent, state=command.state)]


PLANS: Plans = {
    c.Assign: assign,
    c.Transfer: transfer,
    c.Follow: follow,
    c.SeeMentions: see_mentions,
    c.AddNote: note,
    c.SetDuty: set_duty,
}
