"""One conversation's thread: messages, notes and events in order of their timestamps, read a page at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec


@dataclass(frozen=True, slots=True)
class Quoted:
    """What a message replies to, as far as it is in the store."""

    message: str
    dir: str
    author: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class ThreadRow:
    """A row of the thread. `dir`: in, out, note, event. Times are Unix seconds; `body`, `media` as in the event."""

    no: int
    id: str
    conversation: str
    wamid: str | None
    dir: str
    author: str
    kind: str
    ts: int
    seq: int
    received_at: int | None
    original_ts: str | None
    text: str
    body: dict[str, Any]
    quote: str | None
    sender: str
    forwarded: int
    source: str
    automatic: bool
    status: str | None
    status_ts: int | None
    attempts: int
    retry_at: int | None
    error_code: int | None
    error_text: str
    pricing: dict[str, Any] | None
    edited_at: int | None
    earlier: list[str]
    revoked_at: int | None
    media: dict[str, Any] | None
    media_key: str | None
    media_state: str | None
    reactions: tuple[tuple[str, str], ...] = ()
    """(who, emoji), in order of time."""
    quoted: Quoted | None = None
    """The message quoted; None with `quote` set means it is not in the store."""
    receipts: tuple[tuple[str, str], ...] = ()
    """In groups: (participant, status)."""

    @property
    def key(self) -> tuple[int, int]:
        """Place in the thread."""
        return (self.ts, self.seq)


_COLUMNS = """no, id, conversation, wamid, dir, author, kind, ts, seq, received_at, original_ts, text, body, quote,
    sender, forwarded, source, automatic, status, status_ts, attempts, retry_at, error_code, error_text, pricing,
    edited_at, earlier, revoked_at, media, media_key, media_state"""

_decode = msgspec.json.Decoder().decode
_SHOWN = "kind <> 'request_welcome'"


def _rows(db: sqlite3.Connection, found: Sequence[tuple[Any, ...]]) -> list[ThreadRow]:
    wamids = [row[3] for row in found if row[3]]
    reactions: dict[str, list[tuple[str, str]]] = {}
    receipts: dict[str, list[tuple[str, str]]] = {}
    marks = ",".join("?" * len(wamids))
    for target, by, emoji in db.execute(
        f"SELECT target, by, emoji FROM reactions WHERE target IN ({marks}) AND emoji <> '' ORDER BY ts",
        wamids,
    ):
        reactions.setdefault(target, []).append((by, emoji))
    for wamid, recipient, status in db.execute(
        f"SELECT wamid, recipient, status FROM receipts WHERE wamid IN ({marks})", wamids
    ):
        receipts.setdefault(wamid, []).append((recipient, status))
    quotes = [row[13] for row in found if row[13]]
    quoted = {
        wamid: Quoted(*rest)
        for wamid, *rest in db.execute(
            f"SELECT wamid, id, dir, author, kind, CASE WHEN revoked_at IS NULL THEN text ELSE '' END "
            f"FROM messages WHERE wamid IN ({','.join('?' * len(quotes))})",
            quotes,
        )
    }
    rows: list[ThreadRow] = []
    for row in found:
        fields = list(row)
        fields[12] = _decode(row[12])
        fields[17] = bool(row[17])
        fields[24] = _decode(row[24]) if row[24] else None
        fields[26] = _decode(row[26]) if row[26] else []
        fields[28] = _decode(row[28]) if row[28] else None
        wamid = row[3]
        fields += [tuple(reactions.get(wamid, ())), quoted.get(row[13]), tuple(receipts.get(wamid, ()))]
        rows.append(ThreadRow(*fields))
    return rows


def latest(db: sqlite3.Connection, conversation: str, limit: int = 100) -> list[ThreadRow]:
    """The last `limit` rows, in order."""
    found = db.execute(
        f"SELECT {_COLUMNS} FROM messages WHERE conversation = ? AND {_SHOWN} ORDER BY ts DESC, seq DESC LIMIT ?",
        (conversation, limit),
    ).fetchall()
    return _rows(db, found[::-1])


def before(db: sqlite3.Connection, conversation: str, key: tuple[int, int], limit: int = 100) -> list[ThreadRow]:
    """The `limit` rows before `key` (ts, seq), in order; empty at the beginning of what the store holds."""
    found = db.execute(
        f"SELECT {_COLUMNS} FROM messages WHERE conversation = ? AND {_SHOWN} AND (ts, seq) < (?, ?) "
        "ORDER BY ts DESC, seq DESC LIMIT ?",
        (conversation, *key, limit),
    ).fetchall()
    return _rows(db, found[::-1])


def since(db: sqlite3.Connection, conversation: str, key: tuple[int, int], limit: int = -1) -> list[ThreadRow]:
    """The rows from `key` (ts, seq) on, that one included, in order: what a view that begins there holds now.

    At most `limit` of them; -1: all.
    """
    found = db.execute(
        f"SELECT {_COLUMNS} FROM messages WHERE conversation = ? AND {_SHOWN} AND (ts, seq) >= (?, ?) "
        "ORDER BY ts, seq LIMIT ?",
        (conversation, *key, limit),
    ).fetchall()
    return _rows(db, found)


def message(db: sqlite3.Connection, id: str) -> ThreadRow | None:
    """One row by its id, or by wamid."""
    found = db.execute(f"SELECT {_COLUMNS} FROM messages WHERE id = ?1 OR wamid = ?1 LIMIT 1", (id,)).fetchall()
    rows = _rows(db, found)
    return rows[0] if rows else None


def is_whole(db: sqlite3.Connection, conversation: str) -> bool:
    """Whether the store holds the thread from its beginning (else the relay has older pages)."""
    return db.execute("SELECT 1 FROM partial WHERE conversation = ?", (conversation,)).fetchone() is None
