"""Until when a conversation must be served: `due_at` and `due_what`, from the settings and its request's clocks.

They follow from rows and settings alone, and from no clock: the relay and every cache compute the same.
"""

from __future__ import annotations

import sqlite3
from functools import lru_cache

from wptui.metrics.sla import Request, Terms
from wptui.store.schema import FAR
from wptui.store.team import parsed

FIRST_RESPONSE_TARGET = 600
"""Default of METRICS.md, seconds."""

SECTIONS = frozenset({"sla", "hours"})
"""The settings that deadlines follow from, beside the workspace's own."""


def terms(db: sqlite3.Connection) -> Terms:
    """The policies and hours in force. One small query: it is asked for with every batch of events."""
    found = dict(
        db.execute(
            "SELECT section, text FROM settings WHERE owner = '' AND section IN ('sla', 'hours') UNION ALL "
            "SELECT key, value FROM meta WHERE key IN ('timezone', 'first_response_target')"
        )
    )
    return _terms(
        found.get("sla", ""),
        found.get("hours", ""),
        found.get("timezone") or "",
        int(found.get("first_response_target") or FIRST_RESPONSE_TARGET),
    )


@lru_cache(maxsize=16)
def _terms(sla: str, hours: str, timezone: str, target: int) -> Terms:
    return Terms(parsed("sla", sla), parsed("hours", hours), timezone, target)


def due(terms: Terms, request: Request) -> tuple[int | None, str]:
    """`due_at` and `due_what` of the conversation whose current request this is."""
    found = terms.due(request)
    return (found.at, str(found.what)) if found is not None else (None, "")


def recompute(db: sqlite3.Connection) -> set[str]:
    """Sets the deadlines of all open requests again, after the settings have changed; whose have moved."""
    now = terms(db)
    moved = []
    for id, known_at, known_what, *clocks in db.execute(
        """SELECT c.id, c.due_at, c.due_what, c.department, c.priority, r.campaign, r.opened_at, r.first_response_at,
               r.waiting_since, r.resolved_at, r.first_resolved_at
           FROM conversations c JOIN requests r ON r.id = c.request WHERE r.resolved_at IS NULL
               AND (SELECT seq FROM messages WHERE request = r.id AND counted = 1
                    ORDER BY ts, seq LIMIT 1) IS NOT NULL"""
    ):
        at, what = due(now, Request(*clocks))
        if (at, what) != (known_at, known_what):
            moved.append((at, what, id))
    db.executemany(
        f"UPDATE conversations SET due_at = ?1, due_what = ?2, due_key = COALESCE(?1, {FAR} - last_at) WHERE id = ?3",
        moved,
    )
    return {id for _at, _what, id in moved}
