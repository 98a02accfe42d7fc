"""The fold: events → rows. The one place where an event becomes state, at the relay and in every terminal.

`apply` may be given events twice and in overlapping runs: the store's cursor and each conversation's `seq` say
what is in already. What refers to a message not yet seen (a status, an edit, a reaction …) waits in `pending`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

import msgspec

from wptui.model import events as ev
from wptui.store import deadlines, fold_contacts, fold_merges, fold_messages, fold_team, fold_workspace, requests
from wptui.store.changes import Changes, Handler
from wptui.store.database import cursor, set_meta

HANDLERS: dict[str, Handler] = {
    **fold_messages.HANDLERS,
    **fold_contacts.HANDLERS,
    **fold_merges.HANDLERS,
    **fold_team.HANDLERS,
    **fold_workspace.HANDLERS,
}


def apply(db: sqlite3.Connection, events: Iterable[ev.Event], *, advance_to: int | None = None) -> Changes:
    """Folds `events` (in order) into the store, inside the caller's transaction, and moves the cursor.

    `advance_to` is the log position the run reaches when its last events were not for this reader.
    """
    changes = Changes()
    done = cursor(db)
    last = done
    terms_changed = False
    for event in events:
        if event.seq <= done:
            continue
        last = event.seq
        handler = HANDLERS.get(event.type)
        if handler is None:
            changes.skipped[event.type] = changes.skipped.get(event.type, 0) + 1
            continue
        if event.conversation is not None and _passed(db, event):
            continue
        try:
            data = ev.load(event)
        except msgspec.MsgspecError:
            # A newer relay changed the shape of a type we thought we knew: kept in the log, skipped here.
            changes.skipped[event.type] = changes.skipped.get(event.type, 0) + 1
            continue
        handler(db, event, data, changes)
        terms_changed = terms_changed or event.type == ev.WorkspaceConfigured.TYPE
        if event.conversation is not None:
            changes.conversations.add(event.conversation)
            db.execute("UPDATE conversations SET seq = ? WHERE id = ?", (event.seq, event.conversation))
    if changes.conversations:
        terms = deadlines.terms(db)
        for conversation in changes.conversations:
            requests.refresh(db, conversation, terms)
    if terms_changed or changes.settings & deadlines.SECTIONS:
        changes.conversations |= deadlines.recompute(db)
    changes.conversations -= changes.removed
    changes.cursor = max(last, advance_to or 0)
    if changes.cursor > done:
        set_meta(db, "cursor", changes.cursor)
    return changes


def _passed(db: sqlite3.Connection, event: ev.Event) -> bool:
    """Whether the event's conversation has it already, or is no more: merged into one that came with all of this."""
    row = db.execute("SELECT seq FROM conversations WHERE id = ?", (event.conversation,)).fetchone()
    if row is None:
        return not event.type.startswith("contact.") and event.type != ev.ConversationOpened.TYPE
    return bool(row[0] >= event.seq)
