"""Who may do and see what, and the settings, as the store has them."""

from __future__ import annotations

import sqlite3
from typing import Any
from zlib import crc32

from wptui.model import settings
from wptui.model.permissions import Scope, scope_of
from wptui.model.settings import departments as _departments
from wptui.model.settings import roles as _roles
from wptui.model.settings.base import SettingsError


def document(db: sqlite3.Connection, section: str, owner: str = "") -> Any:
    """A section of the settings, parsed; empty where nobody has written it, or a newer build has, in its own way."""
    return parsed(section, source(db, section, owner)[0])


def parsed(section: str, text: str) -> Any:
    """A section's text as `document` reads it."""
    try:
        return settings.parse(section, text)
    except SettingsError:
        return settings.parse(section, "")


def source(db: sqlite3.Connection, section: str, owner: str = "") -> tuple[str, int]:
    """A section as it was written, and its revision: the number of the event that saved it, 0 where none has."""
    row = db.execute("SELECT text, seq FROM settings WHERE section = ? AND owner = ?", (section, owner)).fetchone()
    return (row[0], row[1]) if row else ("", 0)


def canned_revision(db: sqlite3.Connection, owner: str = "") -> int:
    """What `EditCanned.expect` must say: it changes whenever any canned reply of `owner` is written or deleted.

    A sum over the rows: the same in the log's own view and in a cache filled from a snapshot. 0 without any.
    """
    rows = db.execute("SELECT shortcut, seq FROM canned WHERE owner = ? ORDER BY shortcut", (owner,)).fetchall()
    return crc32("\n".join(f"{shortcut} {seq}" for shortcut, seq in rows).encode())


def departments(db: sqlite3.Connection) -> _departments.Departments:
    """The departments by id."""
    found: _departments.Departments = document(db, "departments")
    return found


def allowed(db: sqlite3.Connection, agent: str) -> frozenset[str]:
    """The permissions of `agent` (an id); none for somebody unknown or shut out."""
    row = db.execute("SELECT role FROM agents WHERE id = ? AND NOT revoked", (agent,)).fetchone()
    return _roles.allowed(document(db, "roles"), row[0]) if row else frozenset()


def scope(db: sqlite3.Connection, agent: str) -> Scope:
    """What `agent` (an id) sees."""
    return scope_of(agent, allowed(db, agent), _departments.of_agent(departments(db), agent))
