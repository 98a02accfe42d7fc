"""Rows of whole aggregates, in the store's own schema: how a snapshot travels, and a conversation that comes into view.

A bundle is read in one transaction, so each conversation in it is exactly as it stood at `seq`; later events fold
onto it, earlier ones are recognised by the conversation's own `seq` and skipped. So a snapshot may be fetched in
pieces, broken off and resumed, while the log goes on.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from wptui.model.permissions import Scope, See
from wptui.model.protocol import Bundle
from wptui.store import team, visible
from wptui.store.database import cursor
from wptui.store.fold_contacts import OWNED, remove_conversation

RECENT = 50
"""Messages of each conversation that a snapshot brings, at least; older ones come when the agent scrolls."""

_PEOPLE = 500
"""Contacts in one bundle, where they come without conversations."""

MESSAGE_COLUMNS = (
    "id, conversation, request, wamid, dir, author, kind, ts, seq, received_at, original_ts, text, body, quote, "
    "sender, forwarded, source, counted, human, automatic, status, status_ts, attempts, retry_at, error_code, "
    "error_text, pricing, edited_at, earlier, revoked_at, media, media_key, media_state, canned, origin"
)
_WORKSPACE = ("numbers", "templates", "campaigns", "agents")
_OWNED = ("canned", "settings")
"""Tables with rows of one agent's own (`owner`), which nobody else is given."""
_SETTINGS = ("workspace", "reopen_within", "first_response_target", "timezone")

_MERGES = """
WITH RECURSIVE people (id) AS (
    {contacts} UNION SELECT m.contact FROM merges m JOIN people ON m.into_contact = people.id WHERE m.undone = 0
) SELECT * FROM merges WHERE into_contact IN people
"""
"""Who was made one with `contacts`, and with those before: what undoing it one by one needs."""

_PARTED = 100
"""Of so many merges undone last, both sides come at the end of a snapshot."""

EVERYTHING = Scope(See.ALL)

Tables = dict[str, dict[str, Any]]


class ScopeChanged(Exception):
    """In the middle of a snapshot the agent has become somebody who sees something else."""


def _table(db: sqlite3.Connection, sql: str, parameters: Sequence[Any] = ()) -> dict[str, Any]:
    found = db.execute(sql, parameters)
    return {"columns": [column[0] for column in found.description], "rows": found.fetchall()}


def workspace_bundle(db: sqlite3.Connection, scope: Scope = EVERYTHING) -> Bundle:
    """Settings, numbers, templates, campaigns, canned replies and agents.

    What Meta tells the operator (alerts), and who was merged with whom, is for those who see everything: the one
    concerns the account as a whole, the other comes with each contact otherwise.
    """
    tables: Tables = {name: _table(db, f"SELECT * FROM {name}") for name in _WORKSPACE}
    for name in _OWNED:
        tables[name] = _table(db, f"SELECT * FROM {name} WHERE owner IN ('', ?)", (scope.agent,))
    if scope.see is See.ALL:
        tables["alerts"] = _table(db, "SELECT * FROM alerts ORDER BY seq DESC LIMIT 200")
        tables["merges"] = _table(db, "SELECT * FROM merges")
    marks = ",".join("?" * len(_SETTINGS))
    tables["meta"] = _table(db, f"SELECT key, value FROM meta WHERE key IN ({marks})", _SETTINGS)
    return Bundle(seq=cursor(db), tables=tables)


def conversation_bundle(
    db: sqlite3.Connection, ids: Sequence[str], recent: int = RECENT, *, limited: bool = False
) -> Bundle:
    """Conversations `ids` whole: contact, aliases, requests, labels, and their recent messages.

    Recent are the last `recent` messages and all of the open request. `partial` names those cut short. `limited` is
    for an agent who does not see everything: what a merge has kept may be of conversations that are not in view.
    """
    marks = ",".join("?" * len(ids))
    conversations = _table(db, f"SELECT * FROM conversations WHERE id IN ({marks})", ids)
    owner = conversations["columns"].index("contact")
    tables: Tables = {
        "conversations": conversations,
        **_people_tables(db, sorted({row[owner] for row in conversations["rows"]}), limited),
    }
    for name in OWNED:
        tables[name] = _table(db, f"SELECT * FROM {name} WHERE conversation IN ({marks})", ids)
    messages: list[Any] = []
    partial: list[list[str]] = []
    for id in ids:
        start = _recent_start(db, id, recent)
        messages += db.execute(
            f"SELECT {MESSAGE_COLUMNS} FROM messages WHERE conversation = ? AND ts >= ?", (id, start)
        ).fetchall()
        if start and db.execute("SELECT 1 FROM messages WHERE conversation = ? AND ts < ?", (id, start)).fetchone():
            partial.append([id])
    tables["messages"] = {"columns": MESSAGE_COLUMNS.split(", "), "rows": messages}
    tables["partial"] = {"columns": ["conversation"], "rows": partial}
    return Bundle(seq=cursor(db), tables=tables)


def _people_tables(db: sqlite3.Connection, contacts: Sequence[str], limited: bool) -> Tables:
    """Contacts with their names, and the merges behind them; for who sees everything whom they were parted from, too.

    `limited` may know that there were merges, and not what they have kept.
    """
    marks = ",".join("?" * len(contacts))
    if limited:
        sql = f"SELECT seq, at, by, contact, into_contact, undone FROM merges WHERE into_contact IN ({marks})"
        merges = _table(db, sql, contacts)
    else:
        parted = (
            f"SELECT contact FROM merges WHERE undone > 0 AND into_contact IN ({marks}) UNION "
            f"SELECT into_contact FROM merges WHERE undone > 0 AND contact IN ({marks})"
        )
        contacts = sorted({*contacts, *(id for (id,) in db.execute(parted, (*contacts, *contacts)))})
        marks = ",".join("?" * len(contacts))
        merges = _table(db, _MERGES.format(contacts=f"SELECT id FROM contacts WHERE id IN ({marks})"), contacts)
    return {
        "contacts": _table(db, f"SELECT * FROM contacts WHERE id IN ({marks})", contacts),
        "aliases": _table(db, f"SELECT * FROM aliases WHERE contact IN ({marks})", contacts),
        "merges": merges,
    }


def _recent_start(db: sqlite3.Connection, conversation: str, recent: int) -> int:
    """Timestamp from which messages are shipped; 0 for all of them."""
    nth = db.execute(
        "SELECT ts FROM messages WHERE conversation = ? ORDER BY ts DESC, seq DESC LIMIT 1 OFFSET ?",
        (conversation, recent - 1),
    ).fetchone()
    if nth is None:
        return 0
    opened = db.execute(
        "SELECT r.opened_at FROM conversations c JOIN requests r ON r.id = c.request AND r.resolved_at IS NULL "
        "WHERE c.id = ?",
        (conversation,),
    ).fetchone()
    return min(int(nth[0]), int(opened[0])) if opened else int(nth[0])


def older_messages(db: sqlite3.Connection, conversation: str, before: tuple[int, int], limit: int) -> Bundle:
    """The page of up to `limit` messages before (`ts`, `seq`), with their reactions; `partial` while there are more."""
    messages = db.execute(
        f"SELECT {MESSAGE_COLUMNS} FROM messages WHERE conversation = ? AND (ts, seq) < (?, ?) "
        "ORDER BY ts DESC, seq DESC LIMIT ?",
        (conversation, *before, limit),
    ).fetchall()
    wamids = [row[3] for row in messages if row[3]]
    marks = ",".join("?" * len(wamids))
    tables: Tables = {
        "messages": {"columns": MESSAGE_COLUMNS.split(", "), "rows": messages},
        "reactions": _table(db, f"SELECT * FROM reactions WHERE target IN ({marks})", wamids),
        "partial": {"columns": ["conversation"], "rows": [[conversation]] if len(messages) == limit else []},
    }
    return Bundle(seq=cursor(db), tables=tables, after=conversation)


def snapshot(db: sqlite3.Connection, after: str = "", size: int = 200, scope: Scope = EVERYTHING) -> Iterator[Bundle]:
    """All that `scope` sees, as bundles: the workspace first, then conversations in pieces of `size`, newest first.

    Last come people without conversations, for who sees everything. `after` (from the last bundle received) resumes.
    Each bundle is read in a transaction of its own; raises ScopeChanged where the scope's agent has another by then.
    """
    begun = cursor(db)
    limited = scope.see is not See.ALL
    if not after:
        with _moment(db, scope):
            bundle = workspace_bundle(db, scope)
        yield bundle
    position = int(after or 0) or 1 << 62
    where, values = visible.condition(scope)
    while True:
        with _moment(db, scope):
            found = db.execute(
                f"SELECT id, created_seq FROM conversations WHERE created_seq < ? AND {where} "
                "ORDER BY created_seq DESC LIMIT ?",
                (position, *values, size),
            ).fetchall()
            bundle = conversation_bundle(db, [id for id, _ in found], limited=limited)
        if not found:
            break
        position = found[-1][1]
        bundle.after = str(position)
        yield bundle
    if not limited:
        yield from _parted(db, scope)
        yield from _people(db, begun, scope)


@contextmanager
def _moment(db: sqlite3.Connection, scope: Scope) -> Iterator[None]:
    """One transaction, in which the agent still sees what `scope` says."""
    db.execute("BEGIN")
    try:
        if scope.agent and team.scope(db, scope.agent) != scope:
            raise ScopeChanged
        yield
    finally:
        db.execute("COMMIT")


def _parted(db: sqlite3.Connection, scope: Scope) -> Iterator[Bundle]:
    """Conversations that were one until lately: where that ended under a snapshot, one side came with it, or none."""
    with _moment(db, scope):
        ids: set[str] = set()
        for (data,) in db.execute(
            "SELECT data FROM merges WHERE undone > 0 ORDER BY undone DESC LIMIT ?", (_PARTED,)
        ).fetchall():
            for gone, entry in msgspec.json.decode(data)["conversations"].items():
                ids |= {gone, entry["into"]}
        bundle = conversation_bundle(db, sorted(ids))
    if ids:
        yield bundle


def _people(db: sqlite3.Connection, begun: int, scope: Scope) -> Iterator[Bundle]:
    """Contacts who had no conversation at `begun`: from an address book, say. When they write, they have a name."""
    position = ""
    while True:
        with _moment(db, scope):
            found = db.execute(
                "SELECT id FROM contacts WHERE id > ?1 AND NOT EXISTS (SELECT 1 FROM conversations "
                "WHERE contact = contacts.id AND conversations.created_seq <= ?2) ORDER BY id LIMIT ?3",
                (position, begun, _PEOPLE),
            )
            ids = [id for (id,) in found]
            bundle = Bundle(seq=cursor(db), tables=_people_tables(db, ids, limited=False))
        if not ids:
            return
        position = ids[-1]
        yield bundle


def apply_bundle(db: sqlite3.Connection, bundle: Bundle, *, fresh: bool = False) -> set[str]:
    """Writes a bundle's rows, inside the caller's transaction; the conversations it replaced.

    A conversation here that stands further than the bundle keeps its rows. `fresh` says the store holds none of
    these conversations yet, which saves looking. Tables and columns this build does not have are passed over.
    """
    tables = bundle.tables
    shipped: dict[str, int] = {}
    if "conversations" in tables:
        columns = tables["conversations"]["columns"]
        id_at, seq_at = columns.index("id"), columns.index("seq")
        shipped = {row[id_at]: row[seq_at] for row in tables["conversations"]["rows"]}
    ahead: set[str] = set()
    if not fresh:
        for id, seq in shipped.items():
            here = db.execute("SELECT seq FROM conversations WHERE id = ?", (id,)).fetchone()
            if here is not None and here[0] > seq:
                ahead.add(id)
            elif here is not None:
                remove_conversation(db, id)
    if bundle.after and "conversations" not in tables:
        db.execute("DELETE FROM partial WHERE conversation = ?", (bundle.after,))
    known = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for name, table in tables.items():
        if name in known:
            _write(db, name, table, ahead, whole="conversations" in tables, fresh=fresh)
    return set(shipped) - ahead


def _write(
    db: sqlite3.Connection, name: str, table: dict[str, Any], ahead: set[str], *, whole: bool, fresh: bool
) -> None:
    here = [row[1] for row in db.execute(f"PRAGMA table_info({name})")]
    columns: list[str] = table["columns"]
    rows: list[Any] = table["rows"]
    if ahead and (name in ("messages", "partial", *OWNED) or name == "conversations"):
        owner = columns.index("id" if name == "conversations" else "conversation")
        rows = [row for row in rows if row[owner] not in ahead]
    if any(column not in here for column in columns):
        wanted = [index for index, column in enumerate(columns) if column in here]
        rows = [[row[index] for index in wanted] for row in rows]
        columns = [columns[index] for index in wanted]
    if not rows:
        return
    # A message already here by its id is kept: its place (`no`) is what the search index points to.
    verb = "INSERT OR IGNORE" if name == "messages" else "INSERT OR REPLACE"
    if name == "contacts":
        id, seq = columns.index("id"), columns.index("seq")
        known = {row[id]: _contact_seq(db, row[id]) for row in rows}
        rows = [row for row in rows if known[row[id]] <= row[seq]]
        if not fresh:  # an alias may have gone to somebody else; in a fresh store its event comes after the snapshot
            lost = [(row[id],) for row in rows if known[row[id]]]
            db.executemany("DELETE FROM aliases WHERE contact = ?", lost)
    sql = f"{verb} INTO {name} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    written = db.executemany(sql, rows).rowcount
    if whole and name == "messages" and written < len(rows) and _drop_merged(db, columns, rows):
        db.executemany(sql, rows)


def _drop_merged(db: sqlite3.Connection, columns: list[str], rows: list[Any]) -> bool:
    """Drops conversations here whose messages have come as another's: they were merged since, their event follows.

    Kept, they would take these messages with them when it comes.
    """
    id_at, owner_at = columns.index("id"), columns.index("conversation")
    gone: set[str] = set()
    for row in rows:
        (owner,) = db.execute("SELECT conversation FROM messages WHERE id = ?", (row[id_at],)).fetchone()
        if owner != row[owner_at]:
            gone.add(owner)
    for conversation in gone:
        remove_conversation(db, conversation)
    return bool(gone)


def _contact_seq(db: sqlite3.Connection, contact: str) -> int:
    row = db.execute("SELECT seq FROM contacts WHERE id = ?", (contact,)).fetchone()
    return row[0] if row else 0
