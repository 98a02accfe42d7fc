"""The inbox: which conversations, in which order, read a window at a time.

Every order is one index over (state, key, id), so that the first page of 100,000 conversations costs what the first
page of 100 does; `position` finds a conversation's place so that the cursor can stay on it when the order changes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from wptui.store import filters
from wptui.store.filters import Filter
from wptui.store.schema import URGENCY


class Sort(StrEnum):
    """Orders of the inbox; within each the newest activity first. `DUE` begins with the soonest deadline."""

    WAITING = "waiting"
    UNREAD = "unread"
    LAST = "last"
    CAMPAIGN = "campaign"
    WINDOW = "window"
    PRIORITY = "priority"
    DUE = "due"


class View(StrEnum):
    """Which conversations are listed."""

    ALL = "all"
    MINE = "mine"
    UNASSIGNED = "unassigned"
    LATE = "late"
    MENTIONS = "mentions"
    FOLLOWING = "following"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


@dataclass(frozen=True)
class InboxQuery:
    """What to list. `me` is the agent's id, `now` Unix seconds (for late, due and window)."""

    view: View = View.ALL
    sort: Sort = Sort.WAITING
    filter: Filter = field(default_factory=Filter)
    me: str = ""
    now: int = 0


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One conversation as the inbox shows it. Times are Unix seconds; labels are in order, `campaign` is a code."""

    id: str
    contact: str
    number: str
    kind: str
    title: str
    state: str
    assignee: str
    unread: int
    waiting_since: int | None
    snoozed_until: int | None
    window_expires: int | None
    free_until: int | None
    campaign: str
    labels: tuple[str, ...]
    owner: str
    last_at: int
    preview: str
    preview_dir: str
    preview_kind: str
    preview_status: str | None
    read_seq: int
    seq: int
    request: str | None
    department: str
    priority: int
    due_at: int | None
    due_what: str
    assigned_at: int | None


_COLUMNS = """c.id, c.contact, c.number, c.kind, c.title, c.state, c.assignee, c.unread, c.waiting_since,
    c.snoozed_until, c.window_expires, c.free_until, c.campaign, c.labels, c.owner, c.last_at, c.preview,
    c.preview_dir, c.preview_kind, c.preview_status, c.read_seq, c.seq, c.request,
    c.department, c.priority, c.due_at, c.due_what, c.assigned_at"""

_ORDER = {
    Sort.WAITING: (("waiting_key", False), ("id", False)),
    Sort.UNREAD: (("unread_key", False), ("id", False)),
    Sort.LAST: (("last_at", True), ("id", False)),
    Sort.PRIORITY: (("priority_key", False), ("id", False)),
    Sort.DUE: (("due_key", False), ("id", False)),
    Sort.CAMPAIGN: (("campaign_key", False), ("last_at", True), ("id", False)),
}
_CLOSING = "c.window_expires > :now"
_CLOSED = "(c.window_expires IS NULL OR c.window_expires <= :now)"


def _row(values: tuple[Any, ...]) -> InboxRow:
    fields = list(values)
    fields[13] = tuple(values[13].split(",")) if values[13] else ()
    return InboxRow(*fields)


def _where(db: sqlite3.Connection, query: InboxQuery) -> tuple[str, dict[str, Any]]:
    view = {
        View.ALL: "c.state = 'open'",
        View.MINE: "c.assignee = :me AND c.state = 'open'",
        View.UNASSIGNED: "c.assignee = '' AND c.state = 'open'",
        View.LATE: "c.state = 'open' AND c.due_key <= :now",
        View.MENTIONS: "c.id IN (SELECT conversation FROM mentions WHERE agent = :me) "
        f"AND (c.state = 'open' OR {filters.MENTIONED})",
        View.FOLLOWING: f"{filters.FOLLOWED} AND c.state <> 'resolved'",
        View.SNOOZED: "c.state = 'snoozed'",
        View.RESOLVED: "c.state = 'resolved'",
    }[query.view]
    if query.filter.names_state and query.view is View.ALL:
        view = "1"
    if query.view is View.MINE or query.filter.narrow:
        view = view.replace("c.state", "+c.state")  # not by the index of the order, which has everybody's
    more, parameters = filters.conditions(db, query.filter)
    return " AND ".join([view, *more]), {"me": query.me, "now": query.now, **parameters}


def _order(sort: Sort) -> str:
    return ", ".join(f"c.{column}{' DESC' if down else ''}" for column, down in _ORDER[sort])


def count(db: sqlite3.Connection, query: InboxQuery) -> int:
    """How many conversations the query lists."""
    where, parameters = _where(db, query)
    return int(db.execute(f"SELECT COUNT(*) FROM conversations c WHERE {where}", parameters).fetchone()[0])


def window(db: sqlite3.Connection, query: InboxQuery, offset: int, limit: int) -> list[InboxRow]:
    """Rows `offset` … `offset + limit` of the list."""
    where, parameters = _where(db, query)
    parameters |= {"limit": limit, "offset": offset}
    if query.sort is not Sort.WINDOW:
        return _page(db, where, _order(query.sort), parameters)
    # Closing windows first, soonest first; closed ones behind them, the newest first: two ranges, two indexes.
    rows = _page(db, f"{where} AND {_CLOSING}", "c.window_expires, c.id", parameters)
    if len(rows) < limit:
        closing = _closing(db, where, parameters)
        parameters |= {"limit": limit - len(rows), "offset": max(0, offset - closing)}
        rows += _page(db, f"{where} AND {_CLOSED}", _order(Sort.LAST), parameters)
    return rows


def _page(db: sqlite3.Connection, where: str, order: str, parameters: dict[str, Any]) -> list[InboxRow]:
    # The inner query runs over the index alone: rows that OFFSET skips are never read.
    sql = (
        f"SELECT {_COLUMNS} FROM conversations c JOIN (SELECT c.id FROM conversations c WHERE {where} "
        f"ORDER BY {order} LIMIT :limit OFFSET :offset) page ON page.id = c.id ORDER BY {order}"
    )
    return [_row(values) for values in db.execute(sql, parameters)]


def _closing(db: sqlite3.Connection, where: str, parameters: dict[str, Any]) -> int:
    sql = f"SELECT COUNT(*) FROM conversations c WHERE {where} AND {_CLOSING}"
    return int(db.execute(sql, parameters).fetchone()[0])


def position(db: sqlite3.Connection, query: InboxQuery, conversation: str) -> int | None:
    """Where `conversation` stands in the list, from 0; None if the query does not list it."""
    where, parameters = _where(db, query)
    parameters["id"] = conversation
    this = db.execute(f"SELECT 1 FROM conversations c WHERE {where} AND c.id = :id", parameters).fetchone()
    if this is None:
        return None
    if query.sort is not Sort.WINDOW:
        return _before(db, where, parameters, _ORDER[query.sort])
    closing = db.execute(f"SELECT 1 FROM conversations c WHERE {_CLOSING} AND c.id = :id", parameters).fetchone()
    if closing:
        return _before(db, f"{where} AND {_CLOSING}", parameters, (("window_expires", False), ("id", False)))
    return _closing(db, where, parameters) + _before(db, f"{where} AND {_CLOSED}", parameters, _ORDER[Sort.LAST])


def _before(db: sqlite3.Connection, where: str, parameters: dict[str, Any], order: tuple[tuple[str, bool], ...]) -> int:
    """How many rows sort before `:id`: one range of the index for each prefix of the order."""
    mine = db.execute(
        f"SELECT {', '.join(column for column, _ in order)} FROM conversations WHERE id = :id", parameters
    ).fetchone()
    values = {f"k{index}": value for index, value in enumerate(mine)}
    total = 0
    for depth, (column, down) in enumerate(order):
        equal = [f"c.{order[index][0]} = :k{index}" for index in range(depth)]
        terms = " AND ".join([where, *equal, f"c.{column} {'>' if down else '<'} :k{depth}"])
        total += db.execute(f"SELECT COUNT(*) FROM conversations c WHERE {terms}", parameters | values).fetchone()[0]
    return total


def conversation(db: sqlite3.Connection, id: str) -> InboxRow | None:
    """One conversation by id."""
    values = db.execute(f"SELECT {_COLUMNS} FROM conversations c WHERE c.id = ?", (id,)).fetchone()
    return _row(values) if values else None


def most_urgent(db: sqlite3.Connection, me: str, departments: Collection[str] = (), skip: str = "") -> str | None:
    """The conversation an agent should take next; None if nobody waits whom they may take.

    Open and waiting, own or nobody's, in one of the agent's `departments` or in none; who is in no department
    takes from all. By priority, then the next deadline, then who waits longest. Never `skip`, which a colleague
    has just taken.
    """
    names = [f":d{index}" for index in range(len(departments))]
    place = f"AND +department IN ('', {', '.join(names)})" if departments else ""
    # The pluses keep to the index of the order, in which the first that fits ends the search.
    row = db.execute(
        "SELECT id FROM conversations WHERE waiting_since IS NOT NULL AND +state = 'open' AND +assignee IN ('', :me) "
        f"AND id <> :skip {place} ORDER BY {URGENCY} LIMIT 1",
        {"me": me, "skip": skip, **{f"d{index}": id for index, id in enumerate(departments)}},
    ).fetchone()
    return row[0] if row else None


@dataclass(frozen=True)
class Counters:
    """The figures of the header. `oldest` is since when the longest-waiting customer waits (Unix seconds)."""

    open: int
    waiting: int
    late: int
    oldest: int | None
    unread: int
    mine: int
    unassigned: int
    snoozed: int


def counters(db: sqlite3.Connection, me: str, now: int) -> Counters:
    """Figures of all conversations as of `now`."""

    def one(sql: str, *parameters: Any) -> tuple[Any, ...]:
        row: tuple[Any, ...] = db.execute(sql, parameters).fetchone()
        return row

    waiting, oldest = one("SELECT COUNT(*), MIN(waiting_since) FROM conversations WHERE waiting_since IS NOT NULL")
    return Counters(
        open=one("SELECT COUNT(*) FROM conversations WHERE state = 'open'")[0],
        waiting=waiting,
        late=one("SELECT COUNT(*) FROM conversations WHERE state = 'open' AND due_key <= ?", now)[0],
        oldest=oldest,
        unread=one("SELECT COUNT(*) FROM conversations WHERE state = 'open' AND unread_key < 50000000000")[0],
        mine=one("SELECT COUNT(*) FROM conversations WHERE assignee = ? AND state = 'open'", me)[0],
        unassigned=one("SELECT COUNT(*) FROM conversations WHERE assignee = '' AND state = 'open'")[0],
        snoozed=one("SELECT COUNT(*) FROM conversations WHERE state = 'snoozed'")[0],
    )
