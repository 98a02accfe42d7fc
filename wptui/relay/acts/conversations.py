"""Conversations: read, resolved, put aside, labelled, attributed, more or less urgent."""

from __future__ import annotations

from wptui.i18n import _
from wptui.model import commands as c
from wptui.model import events as ev
from wptui.model.priority import Priority
from wptui.model.text import safe_line
from wptui.relay.acts.base import Act, Plans, conversation, event_number
from wptui.relay.outgoing import refused

LABEL = 40
SNOOZE_MOST = 366 * 86400


def read(act: Act, command: c.MarkRead) -> list[ev.Data]:
    (read_seq,) = conversation(act, command.conversation, "read_seq")
    upto = event_number(command.upto)
    return [ev.ConversationRead(upto=upto)] if upto > read_seq else []


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


def prioritise(act: Act, command: c.SetPriority) -> list[ev.Data]:
    (priority,) = conversation(act, command.conversation, "priority")
    if command.priority not in set(Priority):
        raise refused("invalid", _("priority: a number from {least} to {most}.").format(least=0, most=max(Priority)))
    return [] if command.priority == priority else [ev.ConversationPrioritised(priority=command.priority)]


PLANS: Plans = {
    c.MarkRead: read,
    c.Resolve: resolve,
    c.Reopen: reopen,
    c.Snooze: snooze,
    c.Label: label,
    c.Tag: tag,
    c.SetPriority: prioritise,
}
