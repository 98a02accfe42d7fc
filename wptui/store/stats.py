"""The figures of the live pane, as METRICS.md defines them, from the rows of the store."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

import msgspec

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
    kinds = db.execute(
        "SELECT department, priority, campaign, COUNT(*), SUM(first_response_at IS NULL AND resolved_at IS NULL) "
        "FROM requests WHERE opened_at >= ? AND opened_at < ? GROUP BY 1, 2, 3",
        (start, end),
    ).fetchall()

    def one(sql: str) -> int:
        return int(db.execute(sql, (start, end)).fetchone()[0])

    return DayFigures(
        first_response=summarise(durations),
        still_waiting=sum(waiting for *_kind, waiting in kinds),
        sla=_promised(db, start, end, now, [kind[:3] for kind in kinds]),
        opened=sum(opened for *_kind, opened, _waiting in kinds),
        resolved=one("SELECT COUNT(*) FROM requests WHERE resolved_at >= ? AND resolved_at < ?"),
        closed_unanswered=one(
            "SELECT COUNT(*) FROM requests WHERE resolved_at >= ? AND resolved_at < ? AND closed_unanswered"
        ),
        inbound=one("SELECT COUNT(*) FROM messages WHERE counted = 1 AND ts >= ? AND ts < ?"),
        outbound=one("SELECT COUNT(*) FROM messages WHERE human = 1 AND ts >= ? AND ts < ?"),
    )


_KIND = """WITH kind AS MATERIALIZED (
    SELECT value ->> 0 AS department, value ->> 1 AS priority, value ->> 2 AS campaign, value ->> 3 AS target,
        value ->> 4 AS always FROM json_each(:kinds)
)
SELECT {what} FROM requests r JOIN kind USING (department, priority, campaign)
WHERE r.opened_at >= :start AND r.opened_at < :end"""


def _promised(db: sqlite3.Connection, start: int, end: int, now: int, kinds: list[tuple[str, int, str]]) -> Compliance:
    """How the first responses promised to the requests opened in [start, end) stand as of `now`.

    `kinds` are their departments, priorities and campaigns. Business time is never longer than what the clock shows:
    what was in time by the clock is counted by SQL, and opening hours are asked only about the rest.
    """
    promised = terms(db)
    targets = [(kind, *promised.first_response_target(*kind)) for kind in kinds]
    listed = [[*kind, int(target), int(always)] for kind, target, always in targets if target is not None]
    values = {"start": start, "end": end, "now": now, "kinds": msgspec.json.encode(listed).decode()}
    late = "COALESCE(r.first_response_at, r.resolved_at, :now) > r.opened_at + kind.target"
    met, breached, running = db.execute(
        _KIND.format(
            what=f"COALESCE(SUM(NOT {late} AND r.first_response_at IS NOT NULL), 0), "
            f"COALESCE(SUM({late} AND kind.always), 0), "
            f"COALESCE(SUM(NOT {late} AND r.first_response_at IS NULL AND r.resolved_at IS NULL), 0)"
        ),
        values,
    ).fetchone()
    columns = ", ".join(f"r.{column}" for column in Request._fields)
    asked = db.execute(f"{_KIND.format(what=columns)} AND NOT kind.always AND {late}", values)
    rest = compliance(promised.first_response(Request(*row), now) for row in asked)
    return Compliance(met + rest.met, breached + rest.breached, running + rest.running)


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
