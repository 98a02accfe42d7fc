"""Contacts and conversations: who it is, whose it is, and in what state."""

from __future__ import annotations

import sqlite3
from typing import Any

import msgspec

from wptui.model import events as ev
from wptui.model.text import fold
from wptui.store import requests
from wptui.store.changes import Changes, Handler


def _at(event: ev.Event) -> int:
    return event.at // 1000


def thread_event(db: sqlite3.Connection, event: ev.Event, kind: str, ts: int, body: dict[str, Any]) -> None:
    """A line in the thread that is neither message nor note: assigned, resolved, number changed …"""
    db.execute(
        "INSERT OR IGNORE INTO messages (id, conversation, dir, author, kind, ts, seq, body) "
        "VALUES (?, ?, 'event', ?, ?, ?, ?, ?)",
        (f"e{event.seq}:{event.conversation}", event.conversation, event.actor, kind, ts, event.seq,
         msgspec.json.encode(body).decode()),
    )  # fmt: skip


def retitle(db: sqlite3.Connection, contact: str, changes: Changes) -> None:
    """Gives the conversations of a contact their title: address book, profile, username, phone, user id.

    And the contact what it is found by.
    """
    row = db.execute(
        "SELECT kind, book_name, name, username, phone, remark FROM contacts WHERE id = ?", (contact,)
    ).fetchone()
    if row is None:
        return
    kind, book_name, name, username, phone, remark = row
    db.execute(
        "UPDATE contacts SET names_fold = ? WHERE id = ?", (fold(f"{book_name} {name} {username} {remark}"), contact)
    )
    title = book_name or name or (f"@{username}" if username else "") or phone
    if not title:
        alias = db.execute(
            "SELECT value FROM aliases WHERE contact = ? AND retired = 0 ORDER BY kind LIMIT 1", (contact,)
        ).fetchone()
        title = alias[0] if alias else ""
        if kind == "group":
            title = title[-8:]
    for (conversation,) in db.execute("SELECT id FROM conversations WHERE contact = ?", (contact,)).fetchall():
        db.execute(
            "UPDATE conversations SET title = ?, title_fold = ? WHERE id = ?",
            (title, fold(f"{title} {phone} {username}"), conversation),
        )
        changes.conversations.add(conversation)


def contact_created(db: sqlite3.Connection, event: ev.Event, data: ev.ContactCreated, changes: Changes) -> None:
    db.execute(
        "INSERT OR IGNORE INTO contacts (id, kind, created_seq, seq) VALUES (?, ?, ?, ?)",
        (data.contact, data.kind, event.seq, event.seq),
    )


def newer(db: sqlite3.Connection, event: ev.Event, contact: str) -> bool:
    """Whether this contact exists here and has not seen the event yet; marks it seen."""
    return db.execute("UPDATE contacts SET seq = ?1 WHERE id = ?2 AND seq < ?1", (event.seq, contact)).rowcount > 0


def contact_aliased(db: sqlite3.Connection, event: ev.Event, data: ev.ContactAliased, changes: Changes) -> None:
    if not newer(db, event, data.contact):
        # It came with one conversation of the contact; another may be older here, and have the old title.
        return retitle(db, data.contact, changes)
    db.execute(
        # An owner who came with a bundle, further than this event, knows better.
        "INSERT INTO aliases VALUES (?, ?, ?, ?, ?) ON CONFLICT (kind, value) DO UPDATE SET "
        "contact = excluded.contact, "
        "verified = MAX(excluded.verified, verified * (contact = excluded.contact)), retired = excluded.retired "
        "WHERE contact = excluded.contact OR NOT EXISTS "
        "(SELECT 1 FROM contacts WHERE contacts.id = aliases.contact AND contacts.seq > ?)",
        (data.kind, data.value, data.contact, int(data.verified), int(data.retired), event.seq),
    )
    retitle(db, data.contact, changes)


def contact_profiled(db: sqlite3.Connection, event: ev.Event, data: ev.ContactProfiled, changes: Changes) -> None:
    if not newer(db, event, data.contact):
        return retitle(db, data.contact, changes)
    db.execute(
        """UPDATE contacts SET name = COALESCE(?, name), username = COALESCE(?, username), phone = COALESCE(?, phone),
               book_name = COALESCE(?, book_name), profile_ts = MAX(profile_ts, ?) WHERE id = ?""",
        (data.name, data.username, data.phone, data.book_name, data.ts, data.contact),
    )
    retitle(db, data.contact, changes)


def contact_secured(db: sqlite3.Connection, event: ev.Event, data: ev.ContactSecured, changes: Changes) -> None:
    if newer(db, event, data.contact):
        db.execute(
            "UPDATE contacts SET identity_hash = ?, identity_ts = ? WHERE id = ?",
            (data.hash, data.ts, data.contact),
        )
    if data.changed and event.conversation:
        thread_event(db, event, "identity_changed", data.ts, {})


def contact_rekeyed(db: sqlite3.Connection, event: ev.Event, data: ev.ContactRekeyed, changes: Changes) -> None:
    if event.conversation:
        thread_event(db, event, "rekeyed", data.ts, {"what": data.what, "old": data.old, "new": data.new})


def contact_opted(db: sqlite3.Connection, event: ev.Event, data: ev.ContactOpted, changes: Changes) -> None:
    if newer(db, event, data.contact):
        db.execute(
            "UPDATE contacts SET opted_out = ?1, opted_ts = ?2 WHERE id = ?3 AND opted_ts <= ?2",
            (int(data.out), data.ts, data.contact),
        )
    changes.conversations.update(
        row[0] for row in db.execute("SELECT id FROM conversations WHERE contact = ?", (data.contact,))
    )


def contact_edited(db: sqlite3.Connection, event: ev.Event, data: ev.ContactEdited, changes: Changes) -> None:
    if newer(db, event, data.contact):
        (text,) = db.execute("SELECT attributes FROM contacts WHERE id = ?", (data.contact,)).fetchone()
        attributes = msgspec.json.decode(text) | data.attributes
        kept = {name: value for name, value in attributes.items() if value is not None}
        db.execute(
            "UPDATE contacts SET book_name = COALESCE(?, book_name), remark = COALESCE(?, remark), attributes = ? "
            "WHERE id = ?",
            (data.name, data.remark, msgspec.json.encode(kept, order="deterministic").decode(), data.contact),
        )
    retitle(db, data.contact, changes)


def contact_blocked(db: sqlite3.Connection, event: ev.Event, data: ev.ContactBlocked, changes: Changes) -> None:
    if newer(db, event, data.contact):
        db.execute("UPDATE contacts SET blocked = ? WHERE id = ?", (int(data.blocked), data.contact))
    changes.conversations.update(
        row[0] for row in db.execute("SELECT id FROM conversations WHERE contact = ?", (data.contact,))
    )


def opened(db: sqlite3.Connection, event: ev.Event, data: ev.ConversationOpened, changes: Changes) -> None:
    db.execute(
        "INSERT OR IGNORE INTO conversations (id, contact, number, kind, department, created_seq, seq) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (event.conversation, data.contact, data.number, data.kind, data.department, event.seq, event.seq),
    )
    changes.placed.add(str(event.conversation))
    retitle(db, data.contact, changes)


OWNED = ("requests", "labels", "reactions", "receipts", "pending", "mentions", "followers", "surveys")
"""Tables beside `messages` whose rows belong to a conversation, and come and go with it."""


def remove_conversation(db: sqlite3.Connection, conversation: str) -> None:
    """Drops a conversation and every row that hangs on it."""
    db.execute("INSERT OR IGNORE INTO search_changed SELECT no FROM messages WHERE conversation = ?", (conversation,))
    for table in ("messages", "partial", *OWNED):
        db.execute(f"DELETE FROM {table} WHERE conversation = ?", (conversation,))
    db.execute("DELETE FROM conversations WHERE id = ?", (conversation,))


def assigned(db: sqlite3.Connection, event: ev.Event, data: ev.ConversationAssigned, changes: Changes) -> None:
    # Who was too slow, or put it back, is not given it again at once (`relay.assigner`).
    db.execute(
        """UPDATE conversations SET returned_from = CASE WHEN ?1 = '' THEN assignee ELSE '' END,
               assignee = ?1, assigned_at = CASE ?1 WHEN '' THEN NULL ELSE ?3 END WHERE id = ?2""",
        (data.agent or "", event.conversation, _at(event)),
    )
    changes.placed.add(str(event.conversation))
    thread_event(db, event, "assigned", _at(event), {"agent": data.agent, "reason": data.reason, "how": data.how})


def resolved(db: sqlite3.Connection, event: ev.Event, data: ev.ConversationResolved, changes: Changes) -> None:
    requests.resolve(db, str(event.conversation), _at(event), event.actor, event.seq)
    thread_event(db, event, "resolved", _at(event), {"reason": data.reason})


def reopened(db: sqlite3.Connection, event: ev.Event, data: ev.ConversationReopened, changes: Changes) -> None:
    row = db.execute("SELECT request FROM conversations WHERE id = ?", (event.conversation,)).fetchone()
    if row and row[0]:
        requests.reopen(db, row[0])
        # Taken back, the resolution cleared nothing: who was not answered waits as before.
        db.execute("UPDATE requests SET resolved_seq = 0 WHERE id = ?", (row[0],))
    db.execute("UPDATE conversations SET state = 'open' WHERE id = ?", (event.conversation,))
    thread_event(db, event, "reopened", _at(event), {})


def snoozed(db: sqlite3.Connection, event: ev.Event, data: ev.ConversationSnoozed, changes: Changes) -> None:
    requests.snooze(db, str(event.conversation), _at(event), data.until)
    thread_event(db, event, "snoozed", _at(event), {"until": data.until})


def woken(db: sqlite3.Connection, event: ev.Event, data: ev.ConversationWoken, changes: Changes) -> None:
    requests.wake(db, str(event.conversation), _at(event))
    thread_event(db, event, "woken", _at(event), {})


def read(db: sqlite3.Connection, event: ev.Event, data: ev.ConversationRead, changes: Changes) -> None:
    db.execute("UPDATE conversations SET read_seq = MAX(read_seq, ?) WHERE id = ?", (data.upto, event.conversation))


def relabel(db: sqlite3.Connection, conversation: str | None) -> None:
    """Writes the labels of a conversation into its row again."""
    db.execute(
        "UPDATE conversations SET labels = COALESCE((SELECT group_concat(label, ',') FROM "
        "(SELECT label FROM labels WHERE conversation = ?1 ORDER BY label)), '') WHERE id = ?1",
        (conversation,),
    )


def labelled(db: sqlite3.Connection, event: ev.Event, data: ev.ConversationLabelled, changes: Changes) -> None:
    db.execute("INSERT OR IGNORE INTO labels VALUES (?, ?)", (event.conversation, data.label))
    relabel(db, event.conversation)


def unlabelled(db: sqlite3.Connection, event: ev.Event, data: ev.ConversationUnlabelled, changes: Changes) -> None:
    db.execute("DELETE FROM labels WHERE conversation = ? AND label = ?", (event.conversation, data.label))
    relabel(db, event.conversation)


_ATTRIBUTION = ("", "rule", "code", "reply", "referral", "hand")
"""First match wins by strength, not by time of arrival (METRICS.md): the stronger attribution stays."""


def tagged(db: sqlite3.Connection, event: ev.Event, data: ev.ConversationTagged, changes: Changes) -> None:
    row = db.execute(
        "SELECT c.request, r.campaign_how FROM conversations c LEFT JOIN requests r ON r.id = c.request WHERE c.id = ?",
        (event.conversation,),
    ).fetchone()
    if row is None:
        return
    request, how = row
    if data.how != "hand" and how and _ATTRIBUTION.index(how) >= _ATTRIBUTION.index(data.how):
        return
    db.execute("UPDATE conversations SET campaign = ? WHERE id = ?", (data.campaign or "", event.conversation))
    db.execute(
        "UPDATE requests SET campaign = ?, campaign_how = ? WHERE id = ?",
        (data.campaign or "", data.how, request),
    )


def handed(db: sqlite3.Connection, event: ev.Event, data: ev.ConversationHanded, changes: Changes) -> None:
    db.execute("UPDATE conversations SET owner = ? WHERE id = ?", (data.to, event.conversation))
    if data.to == "human":
        requests.wake(db, str(event.conversation), data.ts)
        db.execute("UPDATE conversations SET state = 'open' WHERE id = ?", (event.conversation,))
    thread_event(db, event, "handed", data.ts, {"to": data.to, "reason": data.reason})


HANDLERS: dict[str, Handler] = {
    cls.TYPE: handler
    for cls, handler in (
        (ev.ContactCreated, contact_created),
        (ev.ContactAliased, contact_aliased),
        (ev.ContactProfiled, contact_profiled),
        (ev.ContactSecured, contact_secured),
        (ev.ContactRekeyed, contact_rekeyed),
        (ev.ContactOpted, contact_opted),
        (ev.ContactEdited, contact_edited),
        (ev.ContactBlocked, contact_blocked),
        (ev.ConversationOpened, opened),
        (ev.ConversationAssigned, assigned),
        (ev.ConversationResolved, resolved),
        (ev.ConversationReopened, reopened),
        (ev.ConversationSnoozed, snoozed),
        (ev.ConversationWoken, woken),
        (ev.ConversationRead, read),
        (ev.ConversationLabelled, labelled),
        (ev.ConversationUnlabelled, unlabelled),
        (ev.ConversationTagged, tagged),
        (ev.ConversationHanded, handed),
    )
}
