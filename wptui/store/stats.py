"""The figures of the live pane, as METRICS.md defines them, from the rows of the store."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from wptui.metrics.summary import Summary, summarise
from wptui.store.database import get_meta


@dataclass(frozen=True)
class DayFigures:
    """A stretch of time, usually today. Durations in seconds."""

    first_response: Summary
    """Human first responses given in it, calendar time."""
    still_waiting: int
    """Requests opened in it that no human has answered yet: counted beside the average, never averaged."""
    late: int
    """First responses later than the target, and open requests past it."""
    opened: int
    resolved: int
    closed_unanswered: int
    inbound: int
    outbound: int


def day_figures(db: sqlite3.Connection, start: int, end: int, now: int) -> DayFigures:
    """Figures of [start, end), as of `now`."""
    target = int(get_meta(db, "first_response_target", 600) or 600)
    durations = [
        row[0]
        for row in db.execute(
            "SELECT first_response_at - opened_at FROM requests WHERE first_response_at >= ? AND first_response_at < ?",
            (start, end),
        )
    ]
    still, overdue = db.execute(
        "SELECT COUNT(*), COALESCE(SUM(opened_at <= ?), 0) FROM requests WHERE opened_at >= ? AND opened_at < ? "
        "AND first_response_at IS NULL AND resolved_at IS NULL",
        (now - target, start, end),
    ).fetchone()

    def one(sql: str) -> int:
        return int(db.execute(sql, (start, end)).fetchone()[0])

    return DayFigures(
        first_response=summarise(durations),
        still_waiting=still,
        late=sum(duration > target for duration in durations) + overdue,
        opened=one("SELECT COUNT(*) FROM requests WHERE opened_at >= ? AND opened_at < ?"),
        resolved=one("SELECT COUNT(*) FROM requests WHERE resolved_at >= ? AND resolved_at < ?"),
        closed_unanswered=one(
            "SELECT COUNT(*) FROM requests WHERE resolved_at >= ? AND resolved_at < ? AND closed_unanswered"
        ),
        inbound=one("SELECT COUNT(*) FROM messages WHERE counted = 1 AND ts >= ? AND ts < ?"),
        outbound=one("SELECT COUNT(*) FROM messages WHERE human = 1 AND ts >= ? AND ts < ?"),
    )


def inbound_by_hour(db: sqlite3.Connection, start: int, hours: int) -> list[int]:
    """Customer messages in each of `hours` hours from `start` (Unix seconds)."""
    counts = [0] * hours
    for hour, count in db.execute(
        "SELECT (ts - ?1) / 3600, COUNT(*) FROM messages "
        "WHERE counted = 1 AND ts >= ?1 AND ts < ?1 + ?2 * 3600 GROUP BY 1",
        (start, hours),
    ):
        counts[hour] = count
    return counts
