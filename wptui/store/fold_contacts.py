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
    """Gives the conversations of a contact their title: address book, profile, username, phone, user id."""
    row = db.execute("SELECT kind, book_name, name, username, phone FROM contacts WHERE id = ?", (contact,)).fetchone()
    if row is None:
        return
    kind, book_name, name, username, phone = row
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


def _newer(db: sqlite3.Connection, event: ev.Event, contact: str) -> bool:
    """Whether this contact exists here and has not seen the event yet; marks it seen."""
    return db.execute("UPDATE contacts SET seq = ?1 WHERE id = ?2 AND seq < ?1", (event.seq, contact)).rowcount > 0


def contact_aliased(db: sqlite3.Connection, event: ev.Event, data: ev.ContactAliased, changes: Changes) -> None:
    if not _newer(db, event, data.contact):
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
    if not _newer(db, event, data.contact):
        return retitle(db, data.contact, changes)
    db.execute(
        """UPDATE contacts SET name = COALESCE(?, name), username = COALESCE(?, username), phone = COALESCE(?, phone),
               book_name = COALESCE(?, book_name), profile_ts = MAX(profile_ts, ?) WHERE id = ?""",
        (data.name, data.username, data.phone, data.book_name, data.ts, data.contact),
    )
    retitle(db, data.contact, changes)


def contact_secured(db: sqlite3.Connection, event: ev.Event, data: ev.ContactSecured, changes: Changes) -> None:
    if _newer(db, event, data.contact):
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
    if _newer(db, event, data.contact):
        db.execute(
            "UPDATE contacts SET opted_out = ?1, opted_ts = ?2 WHERE id = ?3 AND opted_ts <= ?2",
            (int(data.out), data.ts, data.contact),
        )
    changes.conversations.update(
        row[0] for row in db.execute("SELECT id FROM conversations WHERE contact = ?", (data.contact,))
    )


def contact_merged(db: sqlite3.Connection, event: ev.Event, data: ev.ContactMerged, changes: Changes) -> None:
    gone = db.execute(
        "SELECT name, username, phone, book_name, profile_ts, opted_out, opted_ts FROM contacts WHERE id = ?",
        (data.contact,),
    ).fetchone()
    if gone is None:
        return retitle(db, data.into, changes)
    if _newer(db, event, data.into):
        name, username, phone, book_name, profile_ts, opted_out, opted_ts = gone
        db.execute(
            """UPDATE contacts SET
                   name = CASE WHEN name = '' OR (?1 <> '' AND ?5 > profile_ts) THEN ?1 ELSE name END,
                   username = CASE WHEN username = '' OR (?2 <> '' AND ?5 > profile_ts) THEN ?2 ELSE username END,
                   phone = CASE WHEN phone = '' OR (?3 <> '' AND ?5 > profile_ts) THEN ?3 ELSE phone END,
                   book_name = CASE WHEN book_name = '' THEN ?4 ELSE book_name END,
                   opted_out = CASE WHEN ?7 > opted_ts THEN ?6 ELSE opted_out END,
                   opted_ts = MAX(opted_ts, ?7), profile_ts = MAX(profile_ts, ?5) WHERE id = ?8""",
            (name, username, phone, book_name, profile_ts, opted_out, opted_ts, data.into),
        )
    db.execute("UPDATE aliases SET contact = ? WHERE contact = ?", (data.into, data.contact))
    db.execute("UPDATE conversations SET contact = ? WHERE contact = ?", (data.into, data.contact))
    db.execute("DELETE FROM contacts WHERE id = ?", (data.contact,))
    retitle(db, data.into, changes)


def opened(db: sqlite3.Connection, event: ev.Event, data: ev.ConversationOpened, changes: Changes) -> None:
    db.execute(
        "INSERT OR IGNORE INTO conversations (id, contact, number, kind, department, created_seq, seq) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (event.conversation, data.contact, data.number, data.kind, data.department, event.seq, event.seq),
    )
    changes.placed.add(str(event.conversation))
    retitle(db, data.contact, changes)


def merged(db: sqlite3.Connection, event: ev.Event, data: ev.ConversationMerged, changes: Changes) -> None:
    gone = event.conversation
    row = db.execute(
        "SELECT state, assignee, read_seq, window_expires, free_until, campaign, request, last_in_ts, requests "
        "FROM conversations WHERE id = ?",
        (gone,),
    ).fetchone()
    target = db.execute("SELECT seq, state, request FROM conversations WHERE id = ?", (data.into,)).fetchone()
    if row is None or target is None:
        return
    if target[0] < event.seq:
        state, assignee, read_seq, window_expires, free_until, campaign, request, last_in_ts, count = row
        for each in (gone, data.into):  # which request was opened first must not depend on how events are batched
            requests.refresh(db, str(each))
        request = _join_requests(db, data.into, request, target[2])
        db.execute(
            """UPDATE conversations SET state = ?, assignee = CASE assignee WHEN '' THEN ? ELSE assignee END,
                   read_seq = MIN(read_seq, ?), window_expires = NULLIF(MAX(COALESCE(window_expires, 0), ?), 0),
                   free_until = COALESCE(free_until, ?), campaign = CASE campaign WHEN '' THEN ? ELSE campaign END,
                   request = ?, last_in_ts = MAX(last_in_ts, ?), requests = requests + ?, seq = ? WHERE id = ?""",
            ("open" if "open" in (state, target[1]) else target[1], assignee, read_seq, window_expires or 0, free_until,
             campaign, request, last_in_ts, count, event.seq, data.into),
        )  # fmt: skip
        _join_partial(db, str(gone), data.into, request)
        for table in ("messages", *OWNED):
            db.execute(f"UPDATE OR IGNORE {table} SET conversation = ? WHERE conversation = ?", (data.into, gone))
        _relabel(db, data.into)
    remove_conversation(db, str(gone))
    changes.placed |= {str(gone), data.into}
    changes.removed.add(str(gone))
    changes.conversations.add(data.into)


def _join_partial(db: sqlite3.Connection, gone: str, into: str, request: str | None) -> None:
    """Two conversations of which this store holds recent messages only become one held from where both are whole.

    What is older is brought again when the agent scrolls there.
    """
    starts = db.execute(
        "SELECT COALESCE((SELECT MIN(ts) FROM messages WHERE conversation = partial.conversation), 0) FROM partial "
        "WHERE conversation IN (?, ?)",
        (gone, into),
    ).fetchall()
    if not starts:
        return
    opened = db.execute("SELECT opened_at FROM requests WHERE id = ? AND resolved_at IS NULL", (request,)).fetchone()
    start = min(max(starts)[0], *(opened or ()), 1 << 62)
    older = "FROM messages WHERE conversation IN (?, ?) AND ts < ?"
    db.execute(f"INSERT OR IGNORE INTO search_changed SELECT no {older}", (gone, into, start))
    db.execute(f"DELETE {older}", (gone, into, start))
    db.execute("INSERT OR IGNORE INTO partial VALUES (?)", (into,))


def _join_requests(db: sqlite3.Connection, into: str, theirs: str | None, ours: str | None) -> str | None:
    """The current request of a merged conversation: two open ones become the one opened first."""
    if theirs is None or ours is None:
        return ours or theirs
    rows = db.execute(
        "SELECT id, opened_at, resolved_at FROM requests WHERE id IN (?, ?) ORDER BY opened_at, id",
        (theirs, ours),
    ).fetchall()
    open_ones = [row for row in rows if row[2] is None]
    if len(open_ones) == 2:
        keep, drop = open_ones[0][0], open_ones[1][0]
        db.execute("UPDATE messages SET request = ? WHERE request = ?", (keep, drop))
        db.execute(
            """UPDATE requests SET (campaign, campaign_how) = (SELECT campaign, campaign_how FROM requests WHERE id = ?)
               WHERE id = ? AND campaign = ''""",
            (drop, keep),
        )
        db.execute("DELETE FROM requests WHERE id = ?", (drop,))
        return str(keep)
    return str((open_ones or rows)[-1][0])


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
        """UPDATE conversations SET returned_from = CASE WHEN ?1 = '' THEN assignee ELSE returned_from END,
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


def _relabel(db: sqlite3.Connection, conversation: str | None) -> None:
    db.execute(
        "UPDATE conversations SET labels = COALESCE((SELECT group_concat(label, ',') FROM "
        "(SELECT label FROM labels WHERE conversation = ?1 ORDER BY label)), '') WHERE id = ?1",
        (conversation,),
    )


def labelled(db: sqlite3.Connection, event: ev.Event, data: ev.ConversationLabelled, changes: Changes) -> None:
    db.execute("INSERT OR IGNORE INTO labels VALUES (?, ?)", (event.conversation, data.label))
    _relabel(db, event.conversation)


def unlabelled(db: sqlite3.Connection, event: ev.Event, data: ev.ConversationUnlabelled, changes: Changes) -> None:
    db.execute("DELETE FROM labels WHERE conversation = ? AND label = ?", (event.conversation, data.label))
    _relabel(db, event.conversation)


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
        (ev.ContactMerged, contact_merged),
        (ev.ConversationOpened, opened),
        (ev.ConversationMerged, merged),
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
