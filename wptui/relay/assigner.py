"""Hands waiting conversations to who is on duty, and takes back what lies with somebody who does not answer.

Both are decided inside the clerk's turn: a claim in the same instant comes before or after, never between. What is
decided follows from the view alone, so that a restart does not begin the round anew.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from wptui.model import events as ev
from wptui.model.errors import StorageError
from wptui.model.hours import calendar
from wptui.model.permissions import Scope
from wptui.model.settings.departments import Department, Departments
from wptui.relay.eventlog.contract import Append
from wptui.store import team
from wptui.store.database import get_meta
from wptui.store.schema import FAR
from wptui.waiting import set_within

if TYPE_CHECKING:
    from wptui.relay.clerk import Clerk
    from wptui.store.changes import Changes

_log = logging.getLogger("wptui.relay.assigner")

AT_ONCE = 200
"""Conversations handed out, or taken back, in one turn."""
LOOK_BACK = 5000
"""Automatic assignments the round is read from: who is not among them is next."""
_AT_MOST = 3600.0
_RETRY = 5.0
_LOOK_EVERY = 1.0
"""Seconds between two looks at who has waited too long with somebody: it reads everybody who waits so."""

_REASONS = frozenset(
    cls.TYPE
    for cls in (
        ev.MessageReceived,
        ev.MessageAccepted,
        ev.ConversationAssigned,
        ev.ConversationMoved,
        ev.ConversationMerged,
        ev.ConversationResolved,
        ev.ConversationReopened,
        ev.ConversationSnoozed,
        ev.ConversationWoken,
        ev.ConversationHanded,
        ev.AgentDutyChanged,
        ev.AgentAdded,
        ev.AgentRevoked,
        ev.SettingsSaved,
        ev.WorkspaceConfigured,
    )
)
"""Events after which somebody may be free, or somebody wait."""


@dataclass
class _Member:
    """Somebody on duty who may be given a conversation."""

    id: str
    load: int
    """Open conversations."""
    turn: int
    """Number of the event that last gave them one automatically; 0 for never."""


class Hands:
    """Who is on duty, and how much they have, as the view says and as it will be after what has been handed out."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.departments: Departments = team.departments(db)
        self._members: dict[str, _Member] | None = None
        self._scopes: dict[str, Scope] = {}

    def pick(self, conversation: str, *, how: str | None = None) -> str | None:
        """The agent the conversation is handed to, and counted for; None where nobody can take it.

        `how` stands in for the department's own way (`round_robin`, `least_busy`) where that is off.
        """
        row = self._db.execute(
            "SELECT department, returned_from FROM conversations WHERE id = ?", (conversation,)
        ).fetchone()
        return self.choose(row[0], row[1], how=how) if row is not None else None

    def choose(self, id: str, returned_from: str, *, how: str | None = None) -> str | None:
        """As `pick`, for a conversation of department `id` that went back from `returned_from` last."""
        department = self.departments.get(id)
        if department is None:
            return None
        way = department.assign if department.assign != "off" else how
        if not way or way == "off":
            return None
        # Whom it went back from is not handed it again: it would come and go for as long as they are alone.
        free = [
            member
            for member in self._of(id, department)
            if member.load < department.capacity and member.id != returned_from
        ]
        if not free:
            return None
        chosen = min(free, key=_by_load if way == "least_busy" else _by_turn)
        self._count(chosen)
        return chosen.id

    def idle(self, department: str) -> bool:
        """Whether the department hands out, and has somebody with room."""
        settings = self.departments[department]
        return settings.assign != "off" and any(
            member.load < settings.capacity for member in self._of(department, settings)
        )

    def _of(self, id: str, department: Department) -> list[_Member]:
        if self._members is None:
            self._members = {member.id: member for member in _on_duty(self._db)}
            self._scopes = {agent: team.scope(self._db, agent) for agent in self._members}
        return [
            self._members[agent]
            for agent in dict.fromkeys(department.members)
            if agent in self._members and self._scopes[agent].covers(id, agent)
        ]

    def _count(self, member: _Member) -> None:
        assert self._members is not None
        member.load += 1
        member.turn = max(each.turn for each in self._members.values()) + 1


def _by_turn(member: _Member) -> tuple[int, str]:
    return member.turn, member.id


def _by_load(member: _Member) -> tuple[int, int, str]:
    return member.load, member.turn, member.id


def _on_duty(db: sqlite3.Connection) -> Iterator[_Member]:
    rows = db.execute(
        "SELECT id, (SELECT COUNT(*) FROM conversations WHERE assignee = agents.id AND state = 'open') "
        "FROM agents WHERE NOT revoked AND duty = 'on' ORDER BY id"
    ).fetchall()
    able = [(id, load) for id, load in rows if "conversation.claim" in team.allowed(db, id)]
    turns = _turns(db, {id for id, _load in able})
    for id, load in able:
        yield _Member(id, load, turns.get(id, 0))


def _turns(db: sqlite3.Connection, agents: set[str]) -> dict[str, int]:
    """When `agents` were last given a conversation automatically, as event numbers."""
    found: dict[str, int] = {}
    rows = db.execute(
        "SELECT body, seq FROM messages WHERE kind = 'assigned' AND author = 'relay' ORDER BY seq DESC LIMIT ?",
        (LOOK_BACK,),
    )
    for body, seq in rows:
        if agents <= found.keys():
            break
        data = msgspec.json.decode(body)
        if data.get("how") == "auto" and data.get("agent") not in found:
            found[data["agent"]] = seq
    return found


_WAITING = f"department = ? AND state = 'open' AND waiting_key < {FAR // 2} AND owner = 'human'"
"""Who waits in a department, for an answer by a human: one range of an index."""


def hand_out(db: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """(conversation, agent) for what waits in departments that hand out: the most urgent first, then the longest."""
    hands = Hands(db)
    for department in hands.departments:
        if not hands.idle(department):
            continue
        waiting = db.execute(
            f"SELECT id, returned_from FROM conversations WHERE {_WAITING} AND assignee = '' "
            "ORDER BY priority DESC, waiting_since, id",
            (department,),
        ).fetchall()
        for conversation, returned_from in waiting:
            if not hands.idle(department):
                break
            agent = hands.choose(department, returned_from)
            if agent is not None:
                yield conversation, agent


def due_back(db: sqlite3.Connection, now: int) -> tuple[list[str], int | None]:
    """What was taken by somebody and goes back to the queue, as of `now`; and when the next will (Unix seconds).

    At most `AT_ONCE`, who has waited longest first. The time runs while the department is open: whoever has waited
    longer is due no later, so that the first who is not due ends the search in a department.
    """
    zone = str(get_meta(db, "timezone", "") or "")
    over: list[tuple[int, str]] = []
    following: int | None = None
    for id, department in team.departments(db).items():
        if department.give_back is None:
            continue
        rows = db.execute(
            "SELECT id, MAX(waiting_since, COALESCE(assigned_at, 0)) AS since FROM conversations "
            f"WHERE {_WAITING} AND assignee <> '' ORDER BY since, id LIMIT ?",
            (id, AT_ONCE),
        ).fetchall()
        if not rows:
            continue
        open_at = calendar(team.document(db, "hours"), id, zone)
        for conversation, since in rows:
            when = open_at.add(since, department.give_back)
            if when > now:
                following = when if following is None else min(following, when)
                break
            over.append((when, conversation))
    return [id for _when, id in sorted(over)[:AT_ONCE]], following


class Assigner:
    """The job. `run` until cancelled; `hear` is the clerk's listener."""

    def __init__(self, clerk: Clerk, clock: Callable[[], float] = time.time) -> None:
        self._clerk = clerk
        self._clock = clock
        self._changed = asyncio.Event()
        self._asked_for = True
        """Whether any department hands out or takes back: where none does, nothing is looked at."""
        self._looked_at = 0.0
        """When it was looked at what goes back, Unix seconds."""

    def hear(self, events: Sequence[ev.Event], _changes: Changes) -> None:
        """What the clerk tells."""
        if any(event.type in _REASONS and (self._asked_for or event.type == ev.SettingsSaved.TYPE) for event in events):
            self._changed.set()

    async def run(self) -> None:
        """Hand out and take back, until cancelled."""
        while True:
            self._changed.clear()
            try:
                pause = await self._turn()
            except StorageError as error:
                _log.error("conversations wait to be handed out: %s", error)
                pause = _RETRY
            await set_within(self._changed, pause)

    async def _turn(self) -> float:
        """Do what is to be done now; the seconds until there may be something again without any event."""
        following: float | None = None

        def build(db: sqlite3.Connection) -> list[Append]:
            nonlocal following
            departments = team.departments(db).values()
            self._asked_for = any(each.assign != "off" or each.give_back is not None for each in departments)
            if not self._asked_for:
                return []
            now = self._clock()
            if 0 <= now - self._looked_at < _LOOK_EVERY:
                following = self._looked_at + _LOOK_EVERY
                return self.hand_out(db)
            self._looked_at = now
            over, following = due_back(db, int(now))
            # What is taken back is handed out in the next turn: the events of this one lead to it.
            return self.take_back(over) + self.hand_out(db)

        await self._clerk.act(build)
        return _AT_MOST if following is None else max(0.05, min(_AT_MOST, following - self._clock()))

    def hand_out(self, db: sqlite3.Connection) -> list[Append]:
        """The events that hand out what waits."""
        found = islice(hand_out(db), AT_ONCE)
        return [self._assigned(conversation, agent, "auto") for conversation, agent in found]

    def take_back(self, over: Sequence[str]) -> list[Append]:
        """The events that take back the conversations `over`."""
        return [self._assigned(id, None, "unanswered") for id in over]

    def _assigned(self, conversation: str, agent: str | None, how: str) -> Append:
        data = ev.ConversationAssigned(agent=agent, how=how)
        return Append([ev.make(data, at=int(self._clock() * 1000), actor="relay", conversation=conversation)])
