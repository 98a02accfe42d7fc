"""What is due when nothing happens: customers who wait, conversations gone silent, requests resolved a while ago.

Each wait, each silence and each resolution is looked at once, when its time is over. What was looked at needs no
list: it is all that was due up to the last look, and known to it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from wptui.model.settings.rules import Rule, Rules
from wptui.relay.rules.occasions import Occasion

LATE = 3600
"""Seconds a message may come late and still be looked at, where its time was over before it came."""
DAY = 86400
"""Nothing is done about what is longer ago than this."""


@dataclass(frozen=True)
class Look:
    """A look at the clock: `at` in Unix seconds, with the log known up to event `seq`."""

    at: int
    seq: int


_DUE = {
    "waiting": """
        SELECT c.id, c.waiting_since + ?1, m.id, m.seq FROM conversations c JOIN requests r ON r.id = c.request
        JOIN messages m ON m.id = r.waiting_message
        WHERE c.waiting_since > ?2 - ?1 AND c.waiting_since <= ?3 - ?1 AND c.state <> 'resolved' AND c.kind = 'person'
        ORDER BY c.waiting_since, c.id""",
    "silent": """
        SELECT c.id, m.ts + ?1, m.id, m.seq FROM messages m JOIN conversations c ON c.id = m.conversation
        WHERE m.human = 1 AND m.ts > ?2 - ?1 AND m.ts <= ?3 - ?1 AND c.state = 'open' AND c.waiting_since IS NULL
        AND c.last_in_ts <= m.ts AND c.kind = 'person' AND NOT EXISTS (SELECT 1 FROM messages later
            WHERE later.conversation = c.id AND later.human = 1 AND (later.ts, later.seq) > (m.ts, m.seq))
        ORDER BY m.ts, m.seq""",
    "resolved": """
        SELECT c.id, r.resolved_at + ?1, r.id || ':' || r.resolved_at, r.resolved_seq FROM requests r
        CROSS JOIN conversations c ON c.id = r.conversation AND c.request = r.id
        WHERE r.resolved_at > ?2 - ?1 AND r.resolved_at <= ?3 - ?1 AND r.resolved_by NOT LIKE 'rule:%'
        AND c.kind = 'person' ORDER BY r.resolved_at, r.id""",
}
_NEXT = {
    "waiting": "SELECT MIN(waiting_since) FROM conversations WHERE waiting_since > ?",
    "silent": "SELECT MIN(ts) FROM messages WHERE human = 1 AND ts > ?",
    "resolved": "SELECT MIN(resolved_at) FROM requests WHERE resolved_at > ?",
}


def timed(rules: Rules) -> dict[str, Rule]:
    """The rules that wait for a time."""
    return {id: rule for id, rule in rules.items() if rule.on and rule.after is not None and rule.when in _DUE}


def due(db: sqlite3.Connection, rules: Rules, last: Look, now: int, *, not_before: int) -> Iterator[Occasion]:
    """What is due at `now` (Unix seconds) and was not at the `last` look, or not yet known to it; rule by rule.

    Nothing whose time was over before `not_before`, or too long ago.
    """
    earliest = max(not_before, last.at - LATE, now - DAY)
    for id, rule in timed(rules).items():
        rows = db.execute(_DUE[rule.when], (int(rule.after or 0), earliest, now)).fetchall()
        for conversation, at, subject, seq in rows:
            if at > last.at or seq > last.seq:
                yield Occasion(
                    frozenset({rule.when}), conversation, f"{rule.when}:{subject}", at, message=subject, rule=id
                )


def next_due(db: sqlite3.Connection, rules: Rules, now: int) -> int | None:
    """When something may be due after `now` (Unix seconds); None where nothing is under way."""
    times: list[int] = []
    for rule in timed(rules).values():
        after = int(rule.after or 0)
        (since,) = db.execute(_NEXT[rule.when], (now - after,)).fetchone()
        if since is not None:
            times.append(since + after)
    return min(times, default=None)
