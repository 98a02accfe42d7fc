"""Conversations: whose they are, in which state, and what colleagues note on them."""

from __future__ import annotations

from wptui.i18n import _
from wptui.model import commands as c
from wptui.model import events as ev
from wptui.model.text import safe_line
from wptui.relay.acts.base import Act, Plans, conversation, event_number, name_of
from wptui.relay.outgoing import own_text, refused

NOTE = 4096
LABEL = 40
SNOOZE_MOST = 366 * 86400


def read(act: Act, command: c.MarkRead) -> list[ev.Data]:
    (read_seq,) = conversation(act, command.conversation, "read_seq")
    upto = event_number(command.upto)
    return [ev.ConversationRead(upto=upto)] if upto > read_seq else []


def assign(act: Act, command: c.Assign) -> list[ev.Data]:
    (assignee,) = conversation(act, command.conversation, "assignee")
    if command.agent is not None:
        row = act.db.execute("SELECT revoked FROM agents WHERE id = ?", (command.agent,)).fetchone()
        if row is None or row[0]:
            name = safe_line(command.agent, 60)
            raise refused("not_found", _("There is no agent {name}.").format(name=name))
    if assignee == (command.agent or ""):
        return []
    if assignee != (command.expect or ""):
        if assignee:
            text = _("{name} has this conversation already.").format(name=name_of(act, assignee))
        else:
            text = _("This conversation was given back meanwhile.")
        raise refused("already_assigned", text)
    return [ev.ConversationAssigned(agent=command.agent)]


def resolve(act: Act, command: c.Resolve) -> list[ev.Data]:
    (state,) = conversation(act, command.conversation, "state")
    return [] if state == "resolved" else [ev.ConversationResolved()]


def reopen(act: Act, command: c.Reopen) -> list[ev.Data]:
    (state,) = conversation(act, command.conversation, "state")
    return [ev.ConversationReopened()] if state == "resolved" else []


def snooze(act: Act, command: c.Snooze) -> list[ev.Data]:
    state, until = conversation(act, command.conversation, "state, snoozed_until")
    if command.until == 0:
        return [ev.ConversationWoken()] if state == "snoozed" else []
    if not act.now < command.until <= act.now + SNOOZE_MOST:
        raise refused("invalid", _("until: a time in the future, within a year."))
    return [] if until == command.until else [ev.ConversationSnoozed(until=command.until)]


def label(act: Act, command: c.Label) -> list[ev.Data]:
    conversation(act, command.conversation, "id")
    label = safe_line(command.label)
    if not label or "," in label or len(label) > LABEL:
        text = _("label: a word or a few, without commas, at most {n} characters.")
        raise refused("invalid", text.format(n=LABEL))
    has = act.db.execute(
        "SELECT 1 FROM labels WHERE conversation = ? AND label = ?", (command.conversation, label)
    ).fetchone()
    if bool(has) == command.on:
        return []
    return [ev.ConversationLabelled(label=label) if command.on else ev.ConversationUnlabelled(label=label)]


def tag(act: Act, command: c.Tag) -> list[ev.Data]:
    (campaign,) = conversation(act, command.conversation, "campaign")
    wanted = safe_line(command.campaign, 80) if command.campaign else None
    if (wanted or "") == campaign:
        return []
    if (
        wanted is not None
        and not act.db.execute(
            "SELECT 1 FROM campaigns WHERE code = ?1 UNION ALL SELECT 1 FROM requests WHERE campaign = ?1 LIMIT 1",
            (wanted,),
        ).fetchone()
    ):
        raise refused("not_found", _("There is no campaign {name}.").format(name=wanted))
    return [ev.ConversationTagged(campaign=wanted, how="hand")]


def note(act: Act, command: c.AddNote) -> list[ev.Data]:
    conversation(act, command.conversation, "id")
    text = own_text("text", command.text, NOTE)
    return [ev.ConversationNoted(note=act.id, text=text)]


PLANS: Plans = {
    c.MarkRead: read,
    c.Assign: assign,
    c.Resolve: resolve,
    c.Reopen: reopen,
    c.Snooze: snooze,
    c.Label: label,
    c.Tag: tag,
    c.AddNote: note,
}
