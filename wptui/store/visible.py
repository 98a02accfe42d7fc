"""What a scope sees of the store, in SQL; and where conversations stand, for the relay to keep in memory.

A conversation is in view by its department and assignee, a contact by its conversations, a file by the message or
canned reply that carries it. Everybody who asks the store on an agent's behalf asks here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from wptui.model.permissions import Scope, See, scope_of
from wptui.model.settings import departments as _departments
from wptui.model.settings import roles as _roles
from wptui.store import team
from wptui.store.changes import Changes

_AT_ONCE = 500


class Place(NamedTuple):
    """Where a conversation stands: department ("" for none), assignee ("" for nobody), and whose it is."""

    department: str
    assignee: str
    contact: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What an agent is in the team. Who has equal standings may do, and sees, the same."""

    role: str
    permissions: frozenset[str]
    scope: Scope


NOBODY = Standing("", frozenset(), Scope())
"""Of somebody the workspace does not know, or has shut out."""


def condition(scope: Scope, table: str = "conversations") -> tuple[str, tuple[str, ...]]:
    """The rows of `table` (conversations, or its name in a query) that `scope` covers, as SQL with its parameters."""
    if scope.see is See.ALL:
        return "1", ()
    if scope.see is See.NOTHING:
        return "0", ()
    if scope.see is See.OWN:
        return f"{table}.assignee = ?", (scope.agent,)
    mine = sorted(scope.departments)
    marks = ",".join("?" * (len(mine) + 1))
    return f"({table}.assignee = ? OR {table}.department IN ({marks}))", (scope.agent, "", *mine)


def sees(db: sqlite3.Connection, scope: Scope, conversation: str) -> bool:
    """Whether `scope` covers the conversation; one that does not exist is covered by nobody."""
    return bool(among(db, scope, (conversation,)))


def sees_contact(db: sqlite3.Connection, scope: Scope, contact: str) -> bool:
    """Whether `scope` covers one of the contact's conversations; who sees everything sees every contact there is."""
    if scope.see is See.ALL:
        return db.execute("SELECT 1 FROM contacts WHERE id = ?", (contact,)).fetchone() is not None
    where, values = condition(scope)
    sql = f"SELECT 1 FROM conversations WHERE contact = ? AND {where} LIMIT 1"
    return db.execute(sql, (contact, *values)).fetchone() is not None


def sees_file(db: sqlite3.Connection, scope: Scope, key: str) -> bool:
    """Whether a message in view, or a canned reply of everybody's or the agent's own, carries the file `key`."""
    where, values = condition(scope, "c")
    found = db.execute(
        "SELECT 1 FROM messages m JOIN conversations c ON c.id = m.conversation "
        f"WHERE m.media_key = ? AND {where} LIMIT 1",
        (key, *values),
    ).fetchone()
    if found is None and scope.see is not See.NOTHING:
        sql = "SELECT 1 FROM canned WHERE media = ? AND owner IN ('', ?)"
        found = db.execute(sql, (key, scope.agent)).fetchone()
    return found is not None


def files_of_replies(db: sqlite3.Connection) -> frozenset[str]:
    """The files that canned replies carry, whosever they are."""
    return frozenset(key for (key,) in db.execute("SELECT media FROM canned WHERE media <> ''"))


def among(db: sqlite3.Connection, scope: Scope, ids: Sequence[str]) -> list[str]:
    """Those of the conversations `ids` that `scope` covers, in their order."""
    where, values = condition(scope)
    found: set[str] = set()
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        marks = ",".join("?" * len(some))
        found.update(
            id
            for (id,) in db.execute(f"SELECT id FROM conversations WHERE id IN ({marks}) AND {where}", (*some, *values))
        )
    return [id for id in ids if id in found]


# ── for the relay's memory ───────────────────────────────────────────────────────────────────────────────


def standings(db: sqlite3.Connection) -> dict[str, Standing]:
    """Every agent who may sign in, by id."""
    roles, departments = team.document(db, "roles"), team.departments(db)
    found: dict[str, Standing] = {}
    for id, role in db.execute("SELECT id, role FROM agents WHERE NOT revoked").fetchall():
        permissions = _roles.allowed(roles, role)
        found[id] = Standing(role, permissions, scope_of(id, permissions, _departments.of_agent(departments, id)))
    return found


def places(db: sqlite3.Connection) -> dict[str, Place]:
    """Where every conversation stands. Texts that many share are one object."""
    shared: dict[str, str] = {}
    return {
        id: Place(shared.setdefault(department, department), shared.setdefault(assignee, assignee), contact)
        for id, department, assignee, contact in db.execute(
            "SELECT id, department, assignee, contact FROM conversations"
        )
    }


def note(db: sqlite3.Connection, changes: Changes) -> None:
    """Writes into `changes` what they mean for who sees what, as the store stands now."""
    changes.places.update(_of(db, changes.placed))
    if changes.workspace:
        changes.team = standings(db)


def note_everything(db: sqlite3.Connection, changes: Changes) -> None:
    """As `note` where nobody knows any more what has changed."""
    changes.places, changes.every_place, changes.team = dict(places(db)), True, standings(db)


def _of(db: sqlite3.Connection, ids: Iterable[str]) -> dict[str, Place | None]:
    wanted = list(ids)
    found: dict[str, Place | None] = dict.fromkeys(wanted)
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        marks = ",".join("?" * len(some))
        sql = f"SELECT id, department, assignee, contact FROM conversations WHERE id IN ({marks})"
        for id, *place in db.execute(sql, some):
            found[id] = Place(*place)
    return found
