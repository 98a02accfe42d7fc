"""The figures of the live pane, as METRICS.md defines them, from the rows of the store."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from wptui.metrics.sla import Compliance, Request, compliance
from wptui.metrics.summary import Summary, summarise
from wptui.store.deadlines import terms


@dataclass(frozen=True)
class DayFigures:
    """A stretch of time, usually today. Durations in seconds."""

    first_response: Summary
    """Human first responses given in it, calendar time."""
    still_waiting: int
    """Requests opened in it that no human has answered yet: counted beside the average, never averaged."""
    sla: Compliance
    """First responses promised to the requests opened in it: met, breached, running."""
    opened: int
    resolved: int
    closed_unanswered: int
    inbound: int
    outbound: int


def day_figures(db: sqlite3.Connection, start: int, end: int, now: int) -> DayFigures:
    """Figures of [start, end), as of `now`."""
    durations = [
        row[0]
        for row in db.execute(
            "SELECT first_response_at - opened_at FROM requests WHERE first_response_at >= ? AND first_response_at < ?",
            (start, end),
        )
    ]
    requests = [
        Request(*row)
        for row in db.execute(
            "SELECT department, priority, campaign, opened_at, first_response_at, waiting_since, resolved_at, "
            "first_resolved_at FROM requests WHERE opened_at >= ? AND opened_at < ?",
            (start, end),
        )
    ]
    promised = terms(db)

    def one(sql: str) -> int:
        return int(db.execute(sql, (start, end)).fetchone()[0])

    return DayFigures(
        first_response=summarise(durations),
        still_waiting=sum(each.first_response_at is None and each.resolved_at is None for each in requests),
        sla=compliance(promised.first_response(each, now) for each in requests),
        opened=len(requests),
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
