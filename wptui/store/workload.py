"""Who has how much to do: the figures of the team's screen, and the notes that call an agent.

As far as the reader's store goes: a terminal counts the conversations its agent sees.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from wptui.store import team
from wptui.store.schema import FAR


@dataclass(frozen=True)
class DepartmentLoad:
    """A department as it stands. `id` is "" for what belongs to none."""

    id: str
    name: str
    open: int
    waiting: int
    late: int
    """Past their deadline."""
    oldest: int | None
    """Since when the longest-waiting customer waits (Unix seconds)."""
    unassigned: int
    members: int
    on_duty: int
    """Members who are given conversations now."""
    assign: str
    """How conversations are handed out: off, round_robin or least_busy."""


@dataclass(frozen=True)
class AgentLoad:
    """A colleague as they stand. `duty_at` is Unix seconds, 0 for never."""

    id: str
    name: str
    role: str
    duty: str
    duty_at: int
    duty_how: str
    open: int
    waiting: int
    answered: int
    """Conversations in which they have answered since the beginning of the day."""


@dataclass(frozen=True)
class Mention:
    """A note that calls an agent."""

    note: str
    conversation: str
    title: str
    author: str
    """The note's, as an actor."""
    text: str
    ts: int
    seen: bool


def departments(db: sqlite3.Connection, now: int) -> list[DepartmentLoad]:
    """The departments in the order of the settings; last what belongs to none, where there is anything."""
    # Each of these reads one index and no rows: the pluses choose it.
    counted = {
        row[0]: row
        for row in db.execute(
            "SELECT department, COUNT(*), SUM(waiting_key < ?1), MIN(iif(waiting_key < ?1, waiting_key, NULL)) "
            "FROM conversations WHERE +state = 'open' GROUP BY department",
            (FAR // 2,),
        )
    }
    queue = dict(
        db.execute(
            "SELECT department, COUNT(*) FROM conversations WHERE assignee = '' AND state = 'open' GROUP BY +department"
        )
    )
    overdue = dict(
        db.execute(
            "SELECT department, COUNT(*) FROM conversations WHERE state = 'open' AND due_key <= ? GROUP BY +department",
            (now,),
        )
    )
    on_duty = {id for (id,) in db.execute("SELECT id FROM agents WHERE NOT revoked AND duty = 'on'")}
    settings = team.departments(db)
    # Those that were taken out of the settings stand under their id.
    listed = [*settings, *sorted(id for id in counted if id and id not in settings), *([""] if "" in counted else [])]
    found = []
    for id in listed:
        _id, open_, waiting, oldest = counted.get(id, (id, 0, 0, None))
        each = settings.get(id)
        members = set(each.members) if each is not None else set()
        found.append(
            DepartmentLoad(
                id=id,
                name=each.name if each is not None else id,
                open=open_,
                waiting=waiting,
                late=overdue.get(id, 0),
                oldest=oldest,
                unassigned=queue.get(id, 0),
                members=len(members),
                on_duty=len(on_duty & members),
                assign=each.assign if each is not None else "off",
            )
        )
    return found


def agents(db: sqlite3.Connection, day: int) -> list[AgentLoad]:
    """Everybody who may sign in: those on duty first, then by name. The day began at `day` (Unix seconds)."""
    have = {
        agent: (open_, waiting)
        for agent, open_, waiting in db.execute(
            "SELECT assignee, COUNT(*), SUM(waiting_key < ?) FROM conversations "
            "WHERE +state = 'open' AND assignee > '' GROUP BY assignee",
            (FAR // 2,),
        )
    }
    answered = dict(
        db.execute(
            "SELECT author, COUNT(DISTINCT conversation) FROM messages WHERE human = 1 AND ts >= ? GROUP BY author",
            (day,),
        ).fetchall()
    )
    rows = db.execute(
        "SELECT id, name, role, duty, duty_at, duty_how FROM agents WHERE NOT revoked "
        "ORDER BY CASE duty WHEN 'on' THEN 0 WHEN 'busy' THEN 1 ELSE 2 END, name, id"
    )
    return [
        AgentLoad(id, name, role, duty, duty_at, how, *have.get(id, (0, 0)), answered.get(f"agent:{id}", 0))
        for id, name, role, duty, duty_at, how in rows
    ]


def mentions(db: sqlite3.Connection, agent: str, limit: int = 500) -> list[Mention]:
    """Notes that call `agent` (an id), those not seen first, each newest first."""
    rows = db.execute(
        "SELECT m.note, m.conversation, COALESCE(c.title, ''), COALESCE(n.author, ''), COALESCE(n.text, ''), m.ts, "
        "m.seen FROM mentions m LEFT JOIN conversations c ON c.id = m.conversation "
        "LEFT JOIN messages n ON n.id = m.note "
        "WHERE m.agent = ? ORDER BY m.seen, m.ts DESC, m.note LIMIT ?",
        (agent, limit),
    )
    return [
        Mention(note, conversation, title, author, text, ts, bool(seen))
        for note, conversation, title, author, text, ts, seen in rows
    ]
