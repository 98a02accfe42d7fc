"""The life cycle of requests and the figures of a conversation that follow from its rows (METRICS.md).

Everything here is computed again from the message rows by their own timestamps, never from the order in which
webhooks came: a late or repeated webhook changes no clock. Each query walks one index for a few rows.
"""

from __future__ import annotations

import sqlite3

from wptui.metrics.sla import Request, Terms
from wptui.store import deadlines
from wptui.store.database import get_meta
from wptui.store.deadlines import due
from wptui.store.schema import FAR

REOPEN_WITHIN = 24 * 3600
"""Default of METRICS.md: an inbound this soon after resolving reopens the same request (seconds)."""


def current_for_inbound(db: sqlite3.Connection, conversation: str, ts: int, message: str) -> str:
    """The request a counted inbound message of `ts` belongs to: the open one, the last one reopened, or a new one."""
    request, opened = db.execute("SELECT request, requests FROM conversations WHERE id = ?", (conversation,)).fetchone()
    if request is not None:
        resolved = db.execute("SELECT resolved_at FROM requests WHERE id = ?", (request,)).fetchone()[0]
        if resolved is None:
            return str(request)
        within = int(get_meta(db, "reopen_within", REOPEN_WITHIN) or 0)
        if ts - resolved <= within:
            reopen(db, request)
            return str(request)
    new = f"{conversation}-{opened + 1}"
    db.execute(
        "INSERT OR IGNORE INTO requests (id, conversation, opened_at, opened_message, department, priority) "
        "SELECT ?1, id, ?3, ?4, department, priority FROM conversations WHERE id = ?2",
        (new, conversation, ts, message),
    )
    db.execute(
        "UPDATE conversations SET request = ?, requests = requests + 1, campaign = '' WHERE id = ?",
        (new, conversation),
    )
    return new


def reopen(db: sqlite3.Connection, request: str) -> None:
    """Opens a resolved request again and counts it."""
    db.execute(
        "UPDATE requests SET resolved_at = NULL, resolved_by = '', reopens = reopens + 1, closed_unanswered = 0 "
        "WHERE id = ? AND resolved_at IS NOT NULL",
        (request,),
    )


def resolve(db: sqlite3.Connection, conversation: str, at: int, by: str, seq: int) -> None:
    """Closes the open request of a conversation, if there is one; without any human answer it is closed unanswered."""
    refresh(db, conversation)
    wake(db, conversation, at)
    db.execute(
        """UPDATE requests SET resolved_at = ?1, resolved_by = ?2, resolved_seq = ?3, waiting_since = NULL,
               waiting_message = '', first_resolved_at = COALESCE(first_resolved_at, ?1),
               closed_unanswered = first_response_at IS NULL
           WHERE id = (SELECT request FROM conversations WHERE id = ?4) AND resolved_at IS NULL""",
        (at, by, seq, conversation),
    )
    db.execute(
        "UPDATE conversations SET state = 'resolved', waiting_since = NULL, snoozed_until = NULL, returned_from = '' "
        "WHERE id = ?",
        (conversation,),
    )


def snooze(db: sqlite3.Connection, conversation: str, at: int, until: int) -> None:
    """Hides a conversation until `until`; the time is taken off the net resolution time."""
    db.execute("UPDATE conversations SET state = 'snoozed', snoozed_until = ? WHERE id = ?", (until, conversation))
    db.execute(
        "UPDATE requests SET snoozed_at = COALESCE(snoozed_at, ?) "
        "WHERE id = (SELECT request FROM conversations WHERE id = ?) AND resolved_at IS NULL",
        (at, conversation),
    )


def wake(db: sqlite3.Connection, conversation: str, at: int) -> None:
    """Ends a snooze at `at`, if there is one."""
    db.execute(
        "UPDATE requests SET snoozed_seconds = snoozed_seconds + MAX(0, ? - snoozed_at), snoozed_at = NULL "
        "WHERE id = (SELECT request FROM conversations WHERE id = ?) AND snoozed_at IS NOT NULL",
        (at, conversation),
    )
    db.execute(
        "UPDATE conversations SET state = 'open', snoozed_until = NULL WHERE id = ? AND state = 'snoozed'",
        (conversation,),
    )


def refresh(db: sqlite3.Connection, conversation: str, terms: Terms | None = None) -> None:
    """Computes clocks, deadline, unread and preview of a conversation again from its rows.

    `terms` are those in force, from a caller who has them at hand.
    """
    row = db.execute(
        f"SELECT request, read_seq, department, priority, campaign, {', '.join(_KEPT)} FROM conversations WHERE id = ?",
        (conversation,),
    ).fetchone()
    if row is None:
        return
    request, read_seq, department, priority, campaign = row[:5]
    replied = db.execute(
        "SELECT ts, seq FROM messages WHERE conversation = ? AND human = 1 ORDER BY ts DESC, seq DESC LIMIT 1",
        (conversation,),
    ).fetchone() or (0, 0)
    clocks = None if request is None else _clocks(db, conversation, request, replied, department, priority)
    waiting = clocks.waiting_since if clocks is not None else None
    due_at, due_what = (None, "") if clocks is None else due(terms or deadlines.terms(db), clocks)
    unread = db.execute(
        "SELECT COUNT(*) FROM messages WHERE conversation = ? AND dir = 'in' AND source = 'live' AND seq > ? "
        "AND (ts, seq) > (?, ?) AND +counted = 1",  # the plus keeps it off the index of all inbound messages
        (conversation, read_seq, *replied),
    ).fetchone()[0]
    last = db.execute(
        "SELECT ts, dir, kind, text, status, revoked_at FROM messages "
        "WHERE conversation = ? AND dir IN ('in', 'out') AND kind NOT IN ('request_welcome', 'system') "
        "ORDER BY ts DESC, seq DESC LIMIT 1",
        (conversation,),
    ).fetchone() or (0, "", "", "", None, None)
    kind, text = ("revoked", "") if last[5] else (last[2], last[3][:200])
    last_at = last[0]
    by_age = FAR - last_at
    waiting_key = by_age if waiting is None else waiting
    groups = (
        (last[1], kind, text, last[4]),
        (unread, last_at, by_age - FAR if unread else by_age),
        (
            waiting,
            waiting_key,
            (3 - priority) * 10 * FAR + waiting_key,
            due_at,
            due_what,
            by_age if due_at is None else due_at,
        ),
        (campaign or "~",),
    )
    # SQLite writes an index again when its column is set, even to what it was: only what has changed is set.
    known = list(row[5:])
    columns: list[str] = []
    values: list[object] = []
    for names, group in zip(_KEPT, groups, strict=True):
        if group != tuple(known[: len(group)]):
            columns.append(names)
            values += group
        del known[: len(group)]
    if columns:
        sets = ", ".join(columns).replace(",", " = ?,")
        db.execute(f"UPDATE conversations SET {sets} = ? WHERE id = ?", (*values, conversation))


_KEPT = (
    "preview_dir, preview_kind, preview, preview_status",
    "unread, last_at, unread_key",
    "waiting_since, waiting_key, priority_key, due_at, due_what, due_key",
    "campaign_key",
)
"""What `refresh` computes, in groups of columns that change together."""

_CLOCKS = (
    "opened_at, opened_message, first_response_at, first_response_by, first_response_message, first_any_at, "
    "waiting_since, waiting_message, department, priority"
)


def _clocks(
    db: sqlite3.Connection,
    conversation: str,
    request: str,
    replied: tuple[int, int],
    department: str,
    priority: int,
) -> Request | None:
    """Sets the request's clocks, and while it is open, whose it is and how urgent; None where it has no message."""
    first = db.execute(
        "SELECT ts, seq, id FROM messages WHERE request = ? AND counted = 1 ORDER BY ts, seq LIMIT 1",
        (request,),
    ).fetchone()
    if first is None:
        return None
    row = db.execute(
        f"SELECT resolved_at, resolved_seq, first_resolved_at, campaign, {_CLOCKS} FROM requests WHERE id = ?",
        (request,),
    ).fetchone()
    resolved_at, resolved_seq, first_resolved_at, campaign = row[:4]
    answer = db.execute(
        "SELECT ts, author, id FROM messages WHERE conversation = ? AND human = 1 AND (ts, seq) > (?, ?) "
        "ORDER BY ts, seq LIMIT 1",
        (conversation, first[0], first[1]),
    ).fetchone() or (None, "", "")
    answered_by_any = db.execute(
        "SELECT ts FROM messages WHERE conversation = ? AND dir = 'out' AND (ts, seq) > (?, ?) AND source = 'live' "
        "AND status IN ('accepted', 'sent', 'delivered', 'read', 'played') ORDER BY ts, seq LIMIT 1",
        (conversation, first[0], first[1]),
    ).fetchone() or (None,)
    waiting: tuple[int | None, str] = (None, "")
    if resolved_at is None:
        waiting = db.execute(
            "SELECT ts, id FROM messages WHERE request = ? AND counted = 1 AND (ts, seq) > (?, ?) AND seq > ? "
            "ORDER BY ts, seq LIMIT 1",
            (request, *replied, resolved_seq),
        ).fetchone() or (None, "")
    whose = (department, priority) if resolved_at is None else row[-2:]
    clocks = (first[0], first[2], *answer, answered_by_any[0], *waiting, *whose)
    if clocks != row[4:]:
        db.execute(f"UPDATE requests SET {_CLOCKS.replace(',', ' = ?,')} = ? WHERE id = ?", (*clocks, request))
    return Request(department, priority, campaign, first[0], answer[0], waiting[0], resolved_at, first_resolved_at)
