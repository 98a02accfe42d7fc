"""Two contacts that turn out to be one, their conversations with them; and two again, where a colleague erred.

A merge by hand keeps in `merges` what it changed, and messages keep in `origin` the conversation they were in first:
undoing gives back what was brought along, and leaves with the survivor what came since. What is written down is of
rows that every cache holds whole, so that caches which hold recent messages only come to the same end.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec

from wptui.model import events as ev
from wptui.store import requests
from wptui.store.changes import Changes, Handler
from wptui.store.fold_contacts import OWNED, newer, relabel, remove_conversation, retitle

Row = dict[str, Any]

_KEYS = {
    "reactions": ("target", "by"),
    "receipts": ("wamid", "recipient"),
    "pending": ("target", "seq"),
    "mentions": ("note", "agent"),
    "surveys": ("id",),
}
"""What hangs on messages of a conversation, with its key: it goes where they go."""

_SETS = {"labels": "label", "followers": "agent"}
"""What a conversation has once, whoever brought it."""

_PROFILE = ("name", "username", "phone", "book_name", "profile_ts", "opted_out", "opted_ts", "identity_hash",
            "identity_ts", "remark", "blocked")  # fmt: skip
_STANDING = ("state", "assignee", "assigned_at", "read_seq", "window_expires", "free_until", "campaign", "last_in_ts",
             "requests")  # fmt: skip
_RESOLUTION = ("resolved_at", "resolved_by", "resolved_seq", "first_resolved_at", "closed_unanswered")


def _row(db: sqlite3.Connection, table: str, id: str | None) -> Row | None:
    found = db.execute(f"SELECT * FROM {table} WHERE id = ?", (id,))
    row = found.fetchone()
    return None if row is None else dict(zip((column[0] for column in found.description), row, strict=True))


def _insert(db: sqlite3.Connection, table: str, row: Row) -> None:
    """Puts a row back, as far as this build has its columns."""
    here = {column[1] for column in db.execute(f"PRAGMA table_info({table})")}
    row = {name: value for name, value in row.items() if name in here}
    marks = ", ".join("?" * len(row))
    db.execute(f"INSERT OR IGNORE INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))


def _update(db: sqlite3.Connection, table: str, id: str, values: Row) -> None:
    if values:
        columns = ", ".join(f"{name} = ?" for name in values)
        db.execute(f"UPDATE {table} SET {columns} WHERE id = ?", (*values.values(), id))


def _before(names: Sequence[str], before: Row, after: Row, now: Row) -> Row:
    """The columns that stand as the merge left them, with what they were before it."""
    return {name: before[name] for name in names if name in before and now[name] == after[name] != before[name]}


def _encode(data: Any) -> str:
    return msgspec.json.encode(data, order="deterministic").decode()


# ── merging ──────────────────────────────────────────────────────────────────────────────────────────────


def contact_merged(db: sqlite3.Connection, event: ev.Event, data: ev.ContactMerged, changes: Changes) -> None:
    gone, into = _row(db, "contacts", data.contact), _row(db, "contacts", data.into)
    if gone is None or gone["seq"] > event.seq:  # brought by a bundle, and somebody else again since
        return retitle(db, data.into, changes)
    if into is not None and newer(db, event, data.into):
        _update(db, "contacts", data.into, _joined(gone, into, by_hand=_by_hand(event.actor)))
        kept: Row = {"conversations": {}}
        if _by_hand(event.actor):
            kept |= {
                "contact": gone,
                "before": into,
                "after": _row(db, "contacts", data.into),
                "aliases": db.execute(
                    "SELECT kind, value FROM aliases WHERE contact = ? ORDER BY kind, value", (data.contact,)
                ).fetchall(),
            }
        kept["owned"] = _ids(db, "SELECT id FROM conversations WHERE contact = ? ORDER BY id", data.contact)
        db.execute(
            "INSERT OR IGNORE INTO merges (seq, at, by, contact, into_contact, data) VALUES (?, ?, ?, ?, ?, ?)",
            (event.seq, event.at // 1000, event.actor, data.contact, data.into, _encode(kept)),
        )
    changes.placed.update(_ids(db, "SELECT id FROM conversations WHERE contact = ?", data.contact))
    db.execute("UPDATE aliases SET contact = ? WHERE contact = ?", (data.into, data.contact))
    db.execute("UPDATE conversations SET contact = ? WHERE contact = ?", (data.into, data.contact))
    db.execute("DELETE FROM contacts WHERE id = ?", (data.contact,))
    retitle(db, data.into, changes)


def _by_hand(actor: str) -> bool:
    return actor.startswith("agent:")


def _ids(db: sqlite3.Connection, sql: str, *values: Any) -> list[str]:
    return [row[0] for row in db.execute(sql, values)]


def _joined(gone: Row, into: Row, *, by_hand: bool) -> Row:
    """What `into` knows after it learnt what `gone` knew: the later profile and consent, else what was not known.

    Who is merged by hand keeps the name of the one chosen to stay.
    """
    later = not by_hand and gone["profile_ts"] > into["profile_ts"]
    found: Row = {
        name: gone[name] for name in ("name", "username", "phone") if gone[name] and (later or not into[name])
    }
    found |= {name: into[name] or gone[name] for name in ("book_name", "remark")}
    if gone["opted_ts"] > into["opted_ts"]:
        found |= {"opted_out": gone["opted_out"], "opted_ts": gone["opted_ts"]}
    found["profile_ts"] = max(gone["profile_ts"], into["profile_ts"])
    found["blocked"] = max(gone["blocked"], into["blocked"])
    attributes = msgspec.json.decode(gone["attributes"]) | msgspec.json.decode(into["attributes"])
    return found | {"attributes": _encode(attributes)}


def merged(db: sqlite3.Connection, event: ev.Event, data: ev.ConversationMerged, changes: Changes) -> None:
    gone = str(event.conversation)
    if _row(db, "conversations", gone) is None:
        return
    target = db.execute("SELECT seq FROM conversations WHERE id = ?", (data.into,)).fetchone()
    if target is None:
        return
    if target[0] < event.seq:
        for each in (gone, data.into):  # which request was opened first must not depend on how events are batched
            requests.refresh(db, each)
        merge = _merge_of(db, gone)
        entry = None if merge is None else _note(db, gone, data.into, merge)
        theirs, ours = _row(db, "conversations", gone), _row(db, "conversations", data.into)
        assert theirs is not None and ours is not None
        request, dropped = _join_requests(db, theirs["request"], ours["request"])
        db.execute(
            """UPDATE conversations SET state = ?1, assignee = CASE assignee WHEN '' THEN ?2 ELSE assignee END,
                   assigned_at = CASE assignee WHEN '' THEN ?3 ELSE assigned_at END,
                   read_seq = MIN(read_seq, ?4), window_expires = NULLIF(MAX(COALESCE(window_expires, 0), ?5), 0),
                   free_until = COALESCE(free_until, ?6), campaign = CASE campaign WHEN '' THEN ?7 ELSE campaign END,
                   request = ?8, last_in_ts = MAX(last_in_ts, ?9), requests = requests + ?10, seq = ?11 WHERE id = ?12
            """,
            ("open" if "open" in (theirs["state"], ours["state"]) else ours["state"], theirs["assignee"],
             theirs["assigned_at"], theirs["read_seq"], theirs["window_expires"] or 0, theirs["free_until"],
             theirs["campaign"], request, theirs["last_in_ts"], theirs["requests"], event.seq, data.into),
        )  # fmt: skip
        _join_partial(db, gone, data.into, request)
        for table in ("messages", *OWNED):
            db.execute(f"UPDATE OR IGNORE {table} SET conversation = ? WHERE conversation = ?", (data.into, gone))
        relabel(db, data.into)
        if merge is not None and entry is not None:
            if "gone" in entry:
                entry |= {"after": _row(db, "conversations", data.into), "dropped": dropped}
            seq, kept = merge
            kept.setdefault("conversations", {})[gone] = entry
            db.execute("UPDATE merges SET data = ? WHERE seq = ?", (_encode(kept), seq))
    remove_conversation(db, gone)
    changes.placed |= {gone, data.into}
    changes.removed.add(gone)
    changes.conversations.add(data.into)


def _merge_of(db: sqlite3.Connection, conversation: str) -> tuple[int, Row] | None:
    """The merge of contacts that a merge of conversations belongs to: the last one of their contact."""
    row = db.execute(
        "SELECT seq, data FROM merges WHERE undone = 0 AND into_contact = "
        "(SELECT contact FROM conversations WHERE id = ?) ORDER BY seq DESC LIMIT 1",
        (conversation,),
    ).fetchone()
    return None if row is None else (row[0], msgspec.json.decode(row[1]))


def _note(db: sqlite3.Connection, gone: str, into: str, merge: tuple[int, Row]) -> Row:
    """What an undo has to know of `gone` and of `into` as they stand before they become one."""
    seq, kept = merge
    row = db.execute("SELECT contact, into_contact FROM merges WHERE seq = ?", (seq,)).fetchone()
    owner = row[0] if gone in kept.get("owned", ()) else row[1]
    entry: Row = {"into": into, "origins": _origins(db, gone, owner, seq)}
    if "contact" not in kept:
        return entry
    db.execute("UPDATE messages SET origin = conversation WHERE conversation = ? AND origin = ''", (gone,))
    entry |= {"gone": _row(db, "conversations", gone), "before": _row(db, "conversations", into)}
    for table, column in _SETS.items():
        sql = f"SELECT {column} FROM {table} WHERE conversation = ? ORDER BY {column}"
        entry[table] = [_ids(db, sql, gone), _ids(db, sql, into)]
    for table, key in _KEYS.items():
        columns = ", ".join(key)
        entry[table] = db.execute(
            f"SELECT {columns} FROM {table} WHERE conversation = ? ORDER BY {columns}", (gone,)
        ).fetchall()
    return entry


def _origins(db: sqlite3.Connection, conversation: str, owner: str, before: int) -> list[str]:
    """The conversations whose messages are in `conversation`: itself and those merged into it."""
    found = {conversation}
    for (data,) in db.execute(
        "SELECT data FROM merges WHERE into_contact = ? AND undone = 0 AND seq < ?", (owner, before)
    ):
        for entry in msgspec.json.decode(data).get("conversations", {}).values():
            if entry["into"] == conversation:
                found.update(entry["origins"])
    return sorted(found)


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


def _join_requests(db: sqlite3.Connection, theirs: str | None, ours: str | None) -> tuple[str | None, list[Row]]:
    """The current request of a merged conversation: two open ones become the one opened first.

    Beside it, where two became one, the one dropped and the one kept, as they were.
    """
    if theirs is None or ours is None:
        return ours or theirs, []
    rows = db.execute(
        "SELECT id, opened_at, resolved_at FROM requests WHERE id IN (?, ?) ORDER BY opened_at, id",
        (theirs, ours),
    ).fetchall()
    open_ones = [row for row in rows if row[2] is None]
    if len(open_ones) == 2:
        keep, drop = open_ones[0][0], open_ones[1][0]
        were = [row for id in (drop, keep) if (row := _row(db, "requests", id)) is not None]
        db.execute("UPDATE messages SET request = ? WHERE request = ?", (keep, drop))
        db.execute(
            """UPDATE requests SET (campaign, campaign_how) = (SELECT campaign, campaign_how FROM requests WHERE id = ?)
               WHERE id = ? AND campaign = ''""",
            (drop, keep),
        )
        db.execute("DELETE FROM requests WHERE id = ?", (drop,))
        return str(keep), were
    return str((open_ones or rows)[-1][0]), []


# ── undoing ──────────────────────────────────────────────────────────────────────────────────────────────


def contact_split(db: sqlite3.Connection, event: ev.Event, data: ev.ContactSplit, changes: Changes) -> None:
    row = db.execute("SELECT data FROM merges WHERE seq = ?", (data.merge,)).fetchone()
    kept: Row = msgspec.json.decode(row[0]) if row is not None else {}
    if "contact" not in kept:  # both came with a bundle that stands further than this
        retitle(db, data.into, changes)
        return retitle(db, data.contact, changes)
    now = _row(db, "contacts", data.into)
    if _row(db, "contacts", data.contact) is None:
        _insert(db, "contacts", kept["contact"] | _since(kept["after"], now) | {"seq": event.seq})
    if now is not None and newer(db, event, data.into):
        values = _before(_PROFILE, kept["before"], kept["after"], now)
        values["attributes"] = _attributes(kept, now)
        _update(db, "contacts", data.into, values)
    for kind, value in kept["aliases"]:
        db.execute(
            "UPDATE aliases SET contact = ? WHERE kind = ? AND value = ? AND contact = ?",
            (data.contact, kind, value, data.into),
        )
    for gone, entry in kept["conversations"].items():
        _part(db, event.seq, gone, entry, changes)
    for conversation in kept["owned"]:
        db.execute(
            "UPDATE conversations SET contact = ? WHERE id = ? AND contact = ?",
            (data.contact, conversation, data.into),
        )
        changes.placed.add(conversation)
    # What was kept of somebody else's profile is kept no longer than it is needed.
    left = {"conversations": {gone: {"into": entry["into"]} for gone, entry in kept["conversations"].items()}}
    db.execute("UPDATE merges SET undone = ?, data = ? WHERE seq = ?", (event.seq, _encode(left), data.merge))
    retitle(db, data.into, changes)
    retitle(db, data.contact, changes)


def _since(after: Row, now: Row | None) -> Row:
    """What was said since to both as one, and holds for each: a stop, which nobody knows whose it was, and a block."""
    found: Row = {}
    if now is not None and now["opted_out"] and now["opted_ts"] > after["opted_ts"]:
        found |= {"opted_out": 1, "opted_ts": now["opted_ts"]}
    if now is not None and now["blocked"] != after["blocked"]:
        found["blocked"] = now["blocked"]  # Meta was told of every number of theirs
    return found


def _attributes(kept: Row, now: Row) -> str:
    before, after, current = (
        msgspec.json.decode(row["attributes"], type=dict[str, str]) for row in (kept["before"], kept["after"], now)
    )
    brought = {name for name, value in after.items() if name not in before and current.get(name) == value}
    return _encode({name: value for name, value in current.items() if name not in brought})


def _part(db: sqlite3.Connection, seq: int, gone: str, entry: Row, changes: Changes) -> None:
    """Makes two conversations of `entry["into"]` again."""
    into: str = entry["into"]
    now = _row(db, "conversations", into)
    if now is None or now["seq"] >= seq:
        return  # not here, or here as it stands after this
    _insert(db, "conversations", entry["gone"] | {"seq": seq})
    marks = ", ".join("?" * len(entry["origins"]))
    db.execute(
        f"UPDATE messages SET conversation = ? WHERE conversation = ? AND origin IN ({marks})",
        (gone, into, *entry["origins"]),
    )
    db.execute("UPDATE messages SET origin = '' WHERE conversation = ?1 AND origin = ?1", (gone,))
    for table, key in _KEYS.items():
        where = " AND ".join(f"{column} = ?" for column in key)
        db.executemany(
            f"UPDATE {table} SET conversation = ? WHERE conversation = ? AND {where}",
            [(gone, into, *values) for values in entry[table]],
        )
    db.execute(
        "UPDATE reactions SET conversation = ?1 WHERE conversation = ?2 AND target IN "
        "(SELECT wamid FROM messages WHERE conversation = ?1)",
        (gone, into),
    )
    for table in _SETS:
        theirs, ours = entry[table]
        column = _SETS[table]
        db.executemany(
            f"DELETE FROM {table} WHERE conversation = ? AND {column} = ?",
            [(into, each) for each in theirs if each not in ours],
        )
        db.executemany(f"INSERT OR IGNORE INTO {table} VALUES (?, ?)", [(gone, each) for each in theirs])
    db.execute("INSERT OR IGNORE INTO partial SELECT ? FROM partial WHERE conversation = ?", (gone, into))
    values = _before(_STANDING, entry["before"], entry["after"], now) | {"seq": seq}
    _update(db, "conversations", into, values)
    _part_requests(db, gone, entry, now)
    for each in (gone, into):
        relabel(db, each)
    changes.placed |= {gone, into}
    changes.removed.discard(gone)
    changes.conversations |= {gone, into}


def _part_requests(db: sqlite3.Connection, gone: str, entry: Row, now: Row) -> None:
    """Each request goes back to the conversation it was opened in (its id says which); so does what it became since."""
    into: str = entry["into"]
    theirs = [id for id in _ids(db, "SELECT id FROM requests WHERE conversation = ?", into) if _of(id, entry)]
    db.executemany("UPDATE requests SET conversation = ? WHERE id = ?", [(gone, id) for id in theirs])
    current: str | None = now["request"]
    if entry["dropped"]:
        dropped, kept = entry["dropped"]
        present = _row(db, "requests", kept["id"]) or kept
        side = gone if _of(dropped["id"], entry) else into
        done = {name: present[name] for name in _RESOLUTION} if present["resolved_at"] is not None else {}
        _insert(db, "requests", dropped | {"conversation": side} | done)
        db.execute(
            "UPDATE messages SET request = ? WHERE request = ? AND conversation = ?", (dropped["id"], kept["id"], side)
        )
        if not kept["campaign"] and present["campaign"] == dropped["campaign"]:
            _update(db, "requests", kept["id"], {name: kept[name] for name in ("campaign", "campaign_how")})
        if side == into and current == kept["id"]:
            current = dropped["id"]
    if current in theirs:
        current = entry["before"]["request"]
    _update(db, "conversations", into, {"request": current})
    for request in theirs:
        _adopt(db, into, request, entry, now)
    was = _row(db, "requests", entry["gone"]["request"])
    if was is not None:
        resolved, state = was["resolved_at"] is not None, entry["gone"]["state"]
        if resolved != (state == "resolved"):
            standing = {"state": "resolved" if resolved else "open", "snoozed_until": None}
            _update(db, "conversations", gone, standing)


def _of(request: str, entry: Row) -> bool:
    """Whether a request was opened in the conversation that was merged away, or in one merged into that before."""
    return request.rpartition("-")[0] in entry["origins"]


def _adopt(db: sqlite3.Connection, into: str, request: str, entry: Row, now: Row) -> None:
    """What was written since the merge to a request that goes away now gets a request of its own, in the same state."""
    first = db.execute(
        "SELECT ts, id FROM messages WHERE conversation = ? AND request = ? AND counted = 1 ORDER BY ts, seq LIMIT 1",
        (into, request),
    ).fetchone()
    to: str | None = entry["before"]["request"]
    if first is not None and (to is None or now["last_in_ts"] > entry["after"]["last_in_ts"]):
        was = _row(db, "requests", request) or {}
        (number, current) = db.execute(
            "SELECT requests + 1, request FROM conversations WHERE id = ?", (into,)
        ).fetchone()
        to = f"{into}-{number}"
        done = {name: was[name] for name in _RESOLUTION}
        opened = {"id": to, "conversation": into, "opened_at": first[0], "opened_message": first[1]}
        _insert(db, "requests", opened | done | {"department": now["department"], "priority": now["priority"]})
        values: Row = {"requests": number}
        if current == entry["before"]["request"]:
            values["request"] = to
            values |= {} if done["resolved_at"] is not None else {"state": "open"}
        _update(db, "conversations", into, values)
    db.execute("UPDATE messages SET request = ? WHERE conversation = ? AND request = ?", (to, into, request))


HANDLERS: dict[str, Handler] = {
    ev.ContactMerged.TYPE: contact_merged,
    ev.ConversationMerged.TYPE: merged,
    ev.ContactSplit.TYPE: contact_split,
}
