"""What every plan begins with: the command's circumstances, and the conversation it is about."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from wptui.i18n import _, format_ago
from wptui.model import commands as c
from wptui.model import events as ev
from wptui.model.errors import RefusedError
from wptui.model.permissions import PERMISSIONS, Scope
from wptui.model.text import safe_line
from wptui.relay.outgoing import Files, refused
from wptui.store import team

REASON = 500
FURTHEST = 2**62

_TITLES = {permission.id: permission.title for permission in PERMISSIONS}


@dataclass(frozen=True)
class Act:
    """A command on its way: who asks, under which id, when (Unix seconds), and what is known."""

    db: sqlite3.Connection
    agent: str
    id: str
    now: int
    files: Files

    @property
    def actor(self) -> str:
        """The agent as an event's actor."""
        return f"agent:{self.agent}"

    @cached_property
    def allowed(self) -> frozenset[str]:
        """What the agent may do at this moment."""
        return team.allowed(self.db, self.agent)

    @cached_property
    def scope(self) -> Scope:
        """What the agent sees at this moment."""
        return team.scope(self.db, self.agent)


class Elsewhere(ev.Data):
    """An event about another conversation than its command's."""

    data: ev.Data
    conversation: str


Plan = Callable[[Act, Any], list[ev.Data]]
"""Command → the events it leads to. Raises RefusedError."""

Plans = dict[type[c.Command], Plan]


def event_number(given: int) -> int:
    """An event number of a command's, within what SQLite can hold: JSON has no bounds."""
    return max(0, min(given, FURTHEST))


def conversation(act: Act, id: str, columns: str) -> tuple[Any, ...]:
    """Columns of the conversation. Raises RefusedError (not_found)."""
    row: tuple[Any, ...] | None = act.db.execute(f"SELECT {columns} FROM conversations WHERE id = ?", (id,)).fetchone()
    if row is None:
        raise refused("not_found", _("This conversation does not exist (any more)."))
    return row


def name_of(act: Act, agent: str) -> str:
    """How colleagues see `agent` (an id, or an event's actor)."""
    row = act.db.execute("SELECT name FROM agents WHERE id = ?", (agent.removeprefix("agent:"),)).fetchone()
    return str(row[0]) if row else agent.removeprefix("agent:")


def reason_of(text: str) -> str:
    """Why somebody did something, as they wrote it, on one line. Raises RefusedError where it is too long."""
    line = safe_line(text)
    if len(line) > REASON:
        told = _("{field}: {n} characters are the most, this has {length}.")
        raise refused("too_long", told.format(field="reason", n=REASON, length=len(line)))
    return line


def colleague(act: Act, id: str) -> str:
    """The name of the agent `id`. Raises RefusedError where there is none, or they were shut out."""
    row = act.db.execute("SELECT name, revoked FROM agents WHERE id = ?", (id,)).fetchone()
    if row is None or row[1]:
        raise refused("not_found", _("There is no agent {name}.").format(name=safe_line(id, 60)))
    return str(row[0])


def require(act: Act, *permissions: str) -> None:
    """Raises RefusedError (forbidden), naming the first of `permissions` that the agent lacks."""
    for permission in permissions:
        if permission not in act.allowed:
            raise forbidden(permission)


def forbidden(permission: str) -> RefusedError:
    """The refusal of what needs `permission`."""
    title = _(_TITLES.get(permission, permission))
    return refused("forbidden", _("Your role does not allow this: {permission}.").format(permission=title))


def changed_meanwhile(act: Act, by: str, at: int) -> RefusedError:
    """The refusal of an edit that began before somebody else's was saved: `by` (an actor) at `at` (Unix seconds)."""
    who = name_of(act, by) if by else _("Somebody")
    text = _("{name} saved another version {time} ago. Look at it, and make your change in that one.")
    return refused("changed_meanwhile", text.format(name=who, time=format_ago(act.now - at)))
