"""Full-text search over messages: the Turkish fold on both sides, newest first.

Indexing runs behind the fold, in batches, so that a busy minute costs the terminal nothing (ENGINES.md, traps).
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from wptui.model.text import fold
from wptui.store.database import get_meta, set_meta


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that was found. `no` is its place in the cache, to ask for the next page."""

    conversation: str
    message: str
    title: str
    no: int
    ts: int
    dir: str
    text: str


def match_expression(text: str) -> str:
    """The FTS5 expression for what somebody typed: every word must begin a word of the message."""
    words = [word for word in fold(text).replace('"', " ").split() if any(char.isalnum() for char in word)]
    return " AND ".join(f'"{word}"*' for word in words) or '""'


def index_behind(db: sqlite3.Connection, limit: int = 2000) -> int:
    """Indexes up to `limit` messages that are new or changed, in the caller's transaction; how many there were."""
    # Places of messages that were removed are used again: what stands beyond the last one is not done.
    done = min(int(get_meta(db, "search_done", 0) or 0), _last(db))
    rows = db.execute(
        "SELECT no, text, revoked_at FROM messages WHERE no > ? ORDER BY no LIMIT ?", (done, limit)
    ).fetchall()
    changed = [no for (no,) in db.execute("SELECT no FROM search_changed LIMIT ?", (limit,)).fetchall()]
    for no in changed:
        db.execute("DELETE FROM search WHERE rowid = ?", (no,))
        db.execute("DELETE FROM search_changed WHERE no = ?", (no,))
        if no <= done:
            rows += db.execute("SELECT no, text, revoked_at FROM messages WHERE no = ?", (no,)).fetchall()
    db.executemany(
        "INSERT INTO search (rowid, text) VALUES (?, ?)",
        ((no, fold(text)) for no, text, revoked in rows if text and revoked is None),
    )
    newest = max((row[0] for row in rows), default=0)
    set_meta(db, "search_done", max(newest, done))
    return len(rows) + len(changed)


def is_behind(db: sqlite3.Connection) -> bool:
    """Whether there is anything for `index_behind` to do. Costs microseconds."""
    if int(get_meta(db, "search_done", 0) or 0) != _last(db):
        return True
    return db.execute("SELECT 1 FROM search_changed LIMIT 1").fetchone() is not None


def _last(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT COALESCE(MAX(no), 0) FROM messages").fetchone()[0])


def find(db: sqlite3.Connection, text: str, limit: int = 50, before: int | None = None) -> list[Hit]:
    """Messages that contain every word of `text` (as a prefix), newest first; `before` continues a page."""
    expression = match_expression(text)
    if expression == '""':
        return []
    rows = db.execute(
        """SELECT m.conversation, m.id, c.title, m.no, m.ts, m.dir, m.text FROM search s
           JOIN messages m ON m.no = s.rowid JOIN conversations c ON c.id = m.conversation
           WHERE search MATCH ? AND s.rowid < ? ORDER BY s.rowid DESC LIMIT ?""",
        (expression, before if before is not None else 1 << 62, limit),
    )
    return [Hit(*row) for row in rows]


def find_conversations(db: sqlite3.Connection, text: str, limit: int = 50) -> list[tuple[str, str]]:
    """Conversations whose name, phone or username contains every word of `text`: (id, title), newest first."""
    words = fold(text).split()
    if not words:
        return []
    where = " AND ".join("instr(title_fold, ?)" for _ in words)
    sql = f"SELECT id, title FROM conversations WHERE {where} ORDER BY last_at DESC LIMIT ?"
    return [(id, title) for id, title in db.execute(sql, (*words, limit))]
