"""Messages: what came, what went, and everything that happens to a message afterwards."""

from __future__ import annotations

import sqlite3
from typing import Any

import msgspec

from wptui.model import events as ev
from wptui.model.delivery import RANK, REACHED_META, advance
from wptui.model.window import service_window_end
from wptui.store import requests
from wptui.store.changes import Changes, Handler

_json = msgspec.json.Encoder().encode

_INSERT = """INSERT INTO messages (id, conversation, request, wamid, dir, author, kind, ts, seq, received_at,
    original_ts, text, body, quote, sender, forwarded, source, counted, human, automatic, status, status_ts,
    error_code, error_text, media, media_state, canned)
    VALUES (:id, :conversation, :request, :wamid, :dir, :author, :kind, :ts, :seq, :received_at, :original_ts,
    :text, :body, :quote, :sender, :forwarded, :source, :counted, :human, :automatic, :status, :status_ts, :error_code,
    :error_text, :media, :media_state, :canned) ON CONFLICT (id) DO NOTHING"""

UNANSWERABLE = ("request_welcome", "system")
"""Kinds that no customer wrote: they stand in the store, are not counted as unread, and notify nobody."""

_EMPTY: dict[str, Any] = dict.fromkeys(
    ("request", "wamid", "received_at", "original_ts", "quote", "status", "status_ts", "error_code", "media",
     "media_state")
) | {"author": "", "sender": "", "text": "", "error_text": "", "body": "{}", "canned": "", "forwarded": 0,
     "source": "live", "counted": 0, "human": 0, "automatic": 0}  # fmt: skip


def _text(value: Any) -> str:
    return _json(value).decode()


def _insert(db: sqlite3.Connection, event: ev.Event, **columns: Any) -> bool:
    """Adds a message row; False if it was there already (a page of older messages brought it)."""
    row = _EMPTY | {"conversation": event.conversation, "seq": event.seq} | columns
    return db.execute(_INSERT, row).rowcount > 0


def _media(media: ev.Media | None) -> dict[str, Any]:
    if media is None:
        return {}
    return {"media": _text(media), "media_state": "wanted" if media.id else None}


def _conversation(event: ev.Event) -> str:
    assert event.conversation is not None, f"{event.type} needs a conversation"
    return event.conversation


def _open_window(db: sqlite3.Connection, conversation: str, ts: int) -> None:
    db.execute(
        "UPDATE conversations SET window_expires = MAX(COALESCE(window_expires, 0), ?) WHERE id = ?",
        (service_window_end(ts), conversation),
    )


def received(db: sqlite3.Connection, event: ev.Event, data: ev.MessageReceived, changes: Changes) -> None:
    conversation = _conversation(event)
    live = data.source == "live"
    counted = live and data.counts
    problem = data.problems[0] if data.problems else None
    request = requests.current_for_inbound(db, conversation, data.ts, data.message) if counted else None
    new = _insert(
        db, event, id=data.message, wamid=data.message, dir="in", author="customer", kind=data.kind, ts=data.ts,
        request=request, received_at=data.received_at, original_ts=data.original_ts, text=data.text,
        body=_text(data.body | ({"referral": data.referral} if data.referral else {})), quote=data.quote,
        sender=data.sender, forwarded=data.forwarded, source=data.source, counted=int(counted),
        error_code=problem.code if problem else None, error_text=problem.details or problem.title if problem else "",
        **_media(data.media),
    )  # fmt: skip
    if not new and data.source == "history":
        _fill_placeholder(db, data)
    # A page of older messages may have brought the row already: what it means for the conversation still holds.
    if data.opens_window:
        _open_window(db, conversation, data.ts)
    db.execute("UPDATE conversations SET last_in_ts = MAX(last_in_ts, ?) WHERE id = ?", (data.ts, conversation))
    if counted:
        requests.wake(db, conversation, data.ts)
    if counted and data.kind not in UNANSWERABLE:
        db.execute("UPDATE conversations SET state = 'open' WHERE id = ? AND state = 'resolved'", (conversation,))
        changes.inbound.append((conversation, data.message, data.ts))
    settle(db, data.message, changes)


def _fill_placeholder(db: sqlite3.Connection, data: ev.MessageReceived | ev.MessageEchoed) -> None:
    """A history import brings the file of a message after the message: it takes the placeholder's place."""
    row = {"kind": data.kind, "text": data.text, "body": _text(data.body), "id": data.message} | (
        _media(data.media) or {"media": None, "media_state": None}
    )
    db.execute(
        "UPDATE messages SET kind = :kind, text = :text, body = :body, media = :media, media_state = :media_state "
        "WHERE id = :id AND kind = 'media_placeholder'",
        row,
    )


def echoed(db: sqlite3.Connection, event: ev.Event, data: ev.MessageEchoed, changes: Changes) -> None:
    status = data.status or "sent"
    human = data.author == "phone" and data.source == "live"
    new = _insert(
        db, event, id=data.message, wamid=data.message, dir="out", author=data.author, kind=data.kind, ts=data.ts,
        received_at=data.received_at, text=data.text, body=_text(data.body), quote=data.quote, source=data.source,
        status=status, human=int(human and status != "failed"), automatic=int(data.author == "ai"),
        **_media(data.media),
    )  # fmt: skip
    if not new and data.source == "history":
        _fill_placeholder(db, data)
    settle(db, data.message, changes)


def queued(db: sqlite3.Connection, event: ev.Event, data: ev.MessageQueued, changes: Changes) -> None:
    conversation = _conversation(event)
    last_in = db.execute("SELECT last_in_ts FROM conversations WHERE id = ?", (conversation,)).fetchone()
    # A relay clock behind Meta's must not put an answer before its question.
    _insert(
        db, event, id=data.message, dir="out", author=event.actor, kind=data.kind,
        ts=max(data.ts, last_in[0] if last_in else 0), text=data.text,
        body=_text(data.body | {"content": data.content}), quote=data.quote,
        automatic=int(data.automatic), canned=data.canned, status="queued",
        media=_text(data.media) if data.media else None,
    )  # fmt: skip
    if data.media is not None and data.media.key:
        db.execute(
            "UPDATE messages SET media_key = ?, media_state = 'stored' WHERE id = ?",
            (data.media.key, data.message),
        )
    if not data.automatic:
        # Who answers has read; a conversation the business begins is open until somebody resolves it.
        db.execute("UPDATE conversations SET read_seq = MAX(read_seq, ?) WHERE id = ?", (event.seq, conversation))
        db.execute(  # apart: whatever sets `state` writes every index of an order
            "UPDATE conversations SET state = 'open' WHERE id = ? AND request IS NULL AND state <> 'open'",
            (conversation,),
        )
    settle(db, data.message, changes)


def _move(db: sqlite3.Connection, message: str, state: str, ts: int | None = None) -> bool:
    """Advances the tick of a message; False if it stands further already. `human` follows the state."""
    row = db.execute("SELECT status, author, automatic, source FROM messages WHERE id = ?", (message,)).fetchone()
    if row is None:
        return False
    new = advance(row[0], state)
    if new == row[0]:
        return False
    human = (row[1].startswith("agent:") or row[1] == "phone") and not row[2] and row[3] == "live"
    db.execute(
        "UPDATE messages SET status = ?, status_ts = COALESCE(?, status_ts), human = ? WHERE id = ?",
        (new, ts, int(human and new in REACHED_META), message),
    )
    return True


def attempted(db: sqlite3.Connection, event: ev.Event, data: ev.MessageAttempted, changes: Changes) -> None:
    db.execute("UPDATE messages SET attempts = ?, retry_at = NULL WHERE id = ?", (data.attempt, data.message))
    _move(db, data.message, "attempted")


def accepted(db: sqlite3.Connection, event: ev.Event, data: ev.MessageAccepted, changes: Changes) -> None:
    db.execute(
        "UPDATE messages SET wamid = ?, ts = MAX(ts, ?), error_code = NULL, error_text = ?, retry_at = NULL "
        "WHERE id = ?",
        (data.wamid, event.at // 1000, data.held, data.message),
    )
    _move(db, data.message, "accepted")
    settle(db, data.wamid, changes)


def deferred(db: sqlite3.Connection, event: ev.Event, data: ev.MessageDeferred, changes: Changes) -> None:
    db.execute(
        "UPDATE messages SET status = 'queued', retry_at = ?, error_code = ?, error_text = ? "
        "WHERE id = ? AND status = 'attempted'",
        (data.retry_at, data.problem.code, data.problem.details or data.problem.title, data.message),
    )


def failed(db: sqlite3.Connection, event: ev.Event, data: ev.MessageFailed, changes: Changes) -> None:
    _fail(db, data.message, data.problem, event.at // 1000, changes)


def _fail(db: sqlite3.Connection, message: str, problem: ev.Problem | None, ts: int, changes: Changes) -> None:
    if not _move(db, message, "failed", ts):
        return
    if problem is not None:
        db.execute(
            "UPDATE messages SET error_code = ?, error_text = ?, retry_at = NULL WHERE id = ?",
            (problem.code, problem.details or problem.title, message),
        )
    conversation = db.execute("SELECT conversation FROM messages WHERE id = ?", (message,)).fetchone()[0]
    changes.failed.append((conversation, message))
    changes.conversations.add(conversation)


def unknown(db: sqlite3.Connection, event: ev.Event, data: ev.MessageUnknown, changes: Changes) -> None:
    if _move(db, data.message, "unknown"):
        changes.failed.append((_conversation(event), data.message))


def discarded(db: sqlite3.Connection, event: ev.Event, data: ev.MessageDiscarded, changes: Changes) -> None:
    # "failed" also for an unknown one: it is settled as not to be sent again; a late status still moves it on.
    _move(db, data.message, "failed", event.at // 1000)
    db.execute(
        "UPDATE messages SET body = json_set(body, '$.discarded', 1, '$.again', ?2) "
        "WHERE id = ?1 AND status = 'failed'",
        (data.message, data.again),
    )


def status(db: sqlite3.Connection, event: ev.Event, data: ev.MessageStatus, changes: Changes) -> None:
    row = None
    if data.message:
        row = db.execute("SELECT id, conversation FROM messages WHERE id = ?", (data.message,)).fetchone()
    if row is None:
        row = db.execute("SELECT id, conversation FROM messages WHERE wamid = ?", (data.wamid,)).fetchone()
    if row is None:
        _wait(db, event, data.message or data.wamid)
        return
    message, conversation = row
    changes.conversations.add(conversation)
    db.execute("UPDATE messages SET wamid = ? WHERE id = ? AND wamid IS NULL", (data.wamid, message))
    if data.pricing:
        _price(db, message, data)
    if data.free_until:
        db.execute("UPDATE conversations SET free_until = ? WHERE id = ?", (data.free_until, conversation))
    if data.participant:
        known = db.execute(
            "SELECT status FROM receipts WHERE wamid = ? AND recipient = ?", (data.wamid, data.recipient)
        ).fetchone()
        furthest = advance(known[0] if known else None, data.status)
        if furthest is not None:
            db.execute(
                "INSERT INTO receipts VALUES (?, ?, ?, ?, ?) ON CONFLICT (wamid, recipient) DO UPDATE "
                "SET status = excluded.status, ts = excluded.ts",
                (data.wamid, data.recipient, furthest, data.ts, conversation),
            )
    if data.status == "failed":
        _fail(db, message, data.problems[0] if data.problems else None, data.ts, changes)
    elif _move(db, message, data.status, data.ts):
        db.execute(
            "UPDATE messages SET retry_at = NULL, error_code = NULL, error_text = '' "
            "WHERE id = ? AND status <> 'failed'",
            (message,),
        )
    settle(db, data.wamid, changes)


def _price(db: sqlite3.Connection, message: str, data: ev.MessageStatus) -> None:
    """Meta prices one status of a message. Should it price several, the furthest counts, whatever came last."""
    known = db.execute("SELECT pricing FROM messages WHERE id = ?", (message,)).fetchone()[0]
    if known is None or RANK.get(data.status, -1) > RANK.get(msgspec.json.decode(known)["status"], -1):
        db.execute(
            "UPDATE messages SET pricing = ? WHERE id = ?", (_text(data.pricing | {"status": data.status}), message)
        )


def reacted(db: sqlite3.Connection, event: ev.Event, data: ev.MessageReacted, changes: Changes) -> None:
    conversation = _conversation(event)
    by = f"customer:{data.sender}" if data.by == "customer" and data.sender else data.by
    db.execute(
        """INSERT INTO reactions VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (target, by) DO UPDATE SET
               emoji = excluded.emoji, ts = excluded.ts, message = excluded.message
               WHERE (excluded.ts, excluded.message) > (ts, message)""",
        (data.target, by, data.emoji, data.ts, data.message, conversation),
    )
    if data.by == "customer":
        _open_window(db, conversation, data.ts)


def edited(db: sqlite3.Connection, event: ev.Event, data: ev.MessageEdited, changes: Changes) -> None:
    if data.by == "customer":
        _open_window(db, _conversation(event), data.ts)
    _edit(db, event, data)


def _edit(db: sqlite3.Connection, event: ev.Event, data: ev.MessageEdited) -> None:
    row = db.execute("SELECT no, id, text, edited_at, earlier FROM messages WHERE wamid = ?", (data.target,)).fetchone()
    if row is None:
        _wait(db, event, data.target)
        return
    no, message, text, edited_at, earlier = row
    history = [*(msgspec.json.decode(earlier) if earlier else []), text]
    if edited_at is not None and edited_at > data.ts:
        db.execute("UPDATE messages SET earlier = ? WHERE id = ?", (_text([*history[:-1], data.text]), message))
        return
    db.execute(
        "UPDATE messages SET text = ?, edited_at = ?, earlier = ? WHERE id = ?",
        (data.text, data.ts, _text(history), message),
    )
    db.execute("INSERT OR IGNORE INTO search_changed VALUES (?)", (no,))


def revoked(db: sqlite3.Connection, event: ev.Event, data: ev.MessageRevoked, changes: Changes) -> None:
    if data.by == "customer":
        _open_window(db, _conversation(event), data.ts)
    _revoke(db, event, data)


def _revoke(db: sqlite3.Connection, event: ev.Event, data: ev.MessageRevoked) -> None:
    row = db.execute("SELECT no FROM messages WHERE wamid = ?", (data.target,)).fetchone()
    if row is None:
        _wait(db, event, data.target)
        return
    db.execute("UPDATE messages SET revoked_at = ? WHERE no = ? AND revoked_at IS NULL", (data.ts, row[0]))
    db.execute("INSERT OR IGNORE INTO search_changed VALUES (?)", (row[0],))


def _wait(db: sqlite3.Connection, event: ev.Event, target: str) -> None:
    db.execute(
        "INSERT OR IGNORE INTO pending VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            target,
            event.seq,
            event.at,
            event.actor,
            event.type,
            bytes(event.data).decode(),
            event.conversation,
        ),
    )


def settle(db: sqlite3.Connection, target: str, changes: Changes) -> None:
    """Applies what waited for message `target` (our id or a wamid), in log order."""
    waiting = db.execute(
        "DELETE FROM pending WHERE target = ? RETURNING seq, at, actor, type, data, conversation", (target,)
    ).fetchall()
    for seq, at, actor, kind, data, conversation in sorted(waiting):
        event = ev.Event(seq, at, actor, kind, msgspec.Raw(data.encode()), conversation)
        loaded: Any = ev.load(event)
        if kind == ev.MessageEdited.TYPE:
            _edit(db, event, loaded)
        elif kind == ev.MessageRevoked.TYPE:
            _revoke(db, event, loaded)
        else:
            status(db, event, loaded, changes)


def media_stored(db: sqlite3.Connection, event: ev.Event, data: ev.MediaStored, changes: Changes) -> None:
    db.execute(
        "UPDATE messages SET media_key = ?, media_state = 'stored', "
        "media = json_set(COALESCE(media, '{}'), '$.size', ?, '$.mime', ?) WHERE id = ?",
        (data.key, data.size, data.mime, data.message),
    )


def media_failed(db: sqlite3.Connection, event: ev.Event, data: ev.MediaFailed, changes: Changes) -> None:
    db.execute(
        "UPDATE messages SET media_state = ?, media = json_set(COALESCE(media, '{}'), '$.reason', ?) "
        "WHERE id = ? AND media_state IS NOT 'stored'",
        ("lost" if data.final else "wanted", data.reason, data.message),
    )


def call(db: sqlite3.Connection, event: ev.Event, data: ev.CallReceived, changes: Changes) -> None:
    conversation = _conversation(event)
    if data.event == "connect":
        _open_window(db, conversation, data.ts)
    _insert(
        db, event, id=f"{data.call}:{data.event}", dir="event", author="customer", kind="call", ts=data.ts,
        body=_text({"event": data.event, "direction": data.direction, "duration": data.duration,
                    "outcome": data.outcome}),
    )  # fmt: skip


def noted(db: sqlite3.Connection, event: ev.Event, data: ev.ConversationNoted, changes: Changes) -> None:
    _insert(
        db,
        event,
        id=data.note,
        dir="note",
        author=event.actor,
        kind="note",
        ts=event.at // 1000,
        text=data.text,
    )
    for agent in data.mentions:
        if db.execute(
            "INSERT OR IGNORE INTO mentions (note, agent, conversation, ts) VALUES (?, ?, ?, ?)",
            (data.note, agent, event.conversation, event.at // 1000),
        ).rowcount:
            changes.mentioned.append((_conversation(event), agent, data.note))


HANDLERS: dict[str, Handler] = {
    cls.TYPE: handler
    for cls, handler in (
        (ev.MessageReceived, received),
        (ev.MessageEchoed, echoed),
        (ev.MessageQueued, queued),
        (ev.MessageAttempted, attempted),
        (ev.MessageAccepted, accepted),
        (ev.MessageDeferred, deferred),
        (ev.MessageFailed, failed),
        (ev.MessageUnknown, unknown),
        (ev.MessageDiscarded, discarded),
        (ev.MessageStatus, status),
        (ev.MessageReacted, reacted),
        (ev.MessageEdited, edited),
        (ev.MessageRevoked, revoked),
        (ev.MediaStored, media_stored),
        (ev.MediaFailed, media_failed),
        (ev.CallReceived, call),
        (ev.ConversationNoted, noted),
    )
}
