"""What only the store can say of a document: whether the agents, numbers and others that it names are there.

What would be refused, or could never work, is wrong; what may still come (an agent who is about to be added) is a note.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from wptui.editing.findings import Finding, told
from wptui.i18n import _
from wptui.model.canned import VARIABLES, variables
from wptui.model.errors import UsageError
from wptui.model.permissions import ROLES
from wptui.model.settings import acts
from wptui.model.settings.base import SettingsError, near
from wptui.model.toml_lines import line_of
from wptui.model.words import N_
from wptui.store import filters, team
from wptui.store.inbox import Sort

Path = tuple[str | int, ...]

_UNKNOWN = {
    "agent": N_('there is no agent with the id "{name}"'),
    "number": N_('there is no number with the id "{name}"'),
    "department": N_('there is no department "{name}"'),
    "campaign": N_('there is no campaign "{name}" yet'),
    "canned": N_('there is no shared canned reply "{name}"'),
    "template": N_('there is no approved template "{name}"'),
}


class Known:
    """The names there are."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db

    def names(self, what: str) -> list[str]:
        """The names of a sort."""
        found: list[str] = getattr(self, what)
        return found

    def _ids(self, sql: str) -> list[str]:
        return [str(id) for (id,) in self.db.execute(sql)]

    @cached_property
    def agent(self) -> list[str]:
        """Ids of agents who may sign in."""
        return self._ids("SELECT id FROM agents WHERE NOT revoked ORDER BY id")

    @cached_property
    def number(self) -> list[str]:
        """Ids of business numbers."""
        return self._ids("SELECT id FROM numbers ORDER BY id")

    @cached_property
    def campaign(self) -> list[str]:
        """Codes of campaigns."""
        return self._ids("SELECT code FROM campaigns ORDER BY code")

    @cached_property
    def canned(self) -> list[str]:
        """Shortcuts of shared canned replies."""
        return self._ids("SELECT shortcut FROM canned WHERE owner = '' ORDER BY shortcut")

    @cached_property
    def template(self) -> list[str]:
        """Names of approved templates."""
        return self._ids("SELECT DISTINCT name FROM templates WHERE status = 'APPROVED' ORDER BY name")

    @cached_property
    def department(self) -> list[str]:
        """Ids of departments."""
        return list(team.departments(self.db))


Found = Iterator[tuple[SettingsError, bool]]
"""What is said, and whether it is wrong."""


def context(db: sqlite3.Connection, kind: str, document: Any, text: str, agent: str) -> list[Finding]:
    """What the store says of a document of `kind` that is right in itself, as `agent` would save it."""
    known = Known(db)
    checks = {
        "canned": _canned,
        "departments": _departments,
        "roles": _roles,
        "hours": _hours,
        "sla": _sla,
        "rules": _rules,
        "macros": _macros,
        "filters": _filters,
    }
    found: Found = checks[kind](known, document, agent) if kind in checks else iter(())
    return [Finding(line_of(text, error.path), error.where, told(error), wrong, error.path) for error, wrong in found]


def _named(known: Known, what: str, names: Sequence[str], path: Path, *, wrong: bool = False) -> Found:
    """Those of `names` (a list at `path`) that there are not."""
    for place, name in enumerate(names):
        if name and name not in known.names(what):
            meant = near(name, known.names(what))
            yield SettingsError(_UNKNOWN[what], {"name": name}, path=(*path, place), near=meant), wrong


def _variables(known: Known, text: str, path: Path) -> Found:
    """Variables of `text` that nobody can fill in. An attribute may still come, unless it is like a word we know."""
    for name in dict.fromkeys(variables(text)):
        if name in VARIABLES or name == "order" or name.startswith("order."):
            continue
        meant, attribute = near(name, list(VARIABLES)), name.removeprefix("customer.")
        if attribute != name:
            own = [each.removeprefix("customer.") for each in VARIABLES if each.startswith("customer.")]
            meant = f"customer.{alike}" if (alike := near(attribute, own)) else ""
            sql = "SELECT 1 FROM contacts, json_each(contacts.attributes) WHERE key = ? LIMIT 1"
            if not meant or known.db.execute(sql, (attribute,)).fetchone():
                continue
        yield SettingsError(N_('there is no variable "{name}"'), {"name": name}, path=path, near=meant), False


def _canned(known: Known, document: Any, agent: str) -> Found:
    for id, entry in document.items():
        yield from _variables(known, entry.text, (id, "text"))
        for language, text in entry.texts.items():
            yield from _variables(known, text, (id, "texts", language))


def _departments(known: Known, document: Any, agent: str) -> Found:
    before = team.departments(known.db)
    for id, department in document.items():
        old = before.get(id)
        # Who was shut out since may stay until somebody takes them out; so may a number.
        for what, names, kept in (
            ("agent", department.members, old.members if old else []),
            ("number", department.numbers, old.numbers if old else []),
        ):
            listed = [name if name not in kept else "" for name in names]
            key = "members" if what == "agent" else "numbers"
            yield from _named(known, what, listed, (id, key), wrong=True)
    for id, gone in before.items():
        (count,) = known.db.execute("SELECT count(*) FROM conversations WHERE department = ?", (id,)).fetchone()
        if id not in document and count:
            sentence = N_("{name} has conversations ({n}): they have to go to another department first")
            yield SettingsError(sentence, {"name": gone.name, "n": count}), True


def _roles(known: Known, document: Any, agent: str) -> Found:
    mine = team.allowed(known.db, agent)
    before = team.document(known.db, "roles")
    for id, role in document.items():
        had = before[id].permissions if id in before else []
        for place, permission in enumerate(role.permissions):
            if permission not in mine and permission not in had:
                sentence = N_("you may not do this yourself, so you cannot allow it to others")
                yield SettingsError(sentence, path=(id, "permissions", place)), True
    for id, name, role in known.db.execute("SELECT id, name, role FROM agents WHERE NOT revoked ORDER BY id"):
        if role not in document and role in before and role not in ROLES:
            sentence = N_('{name} has the role "{role}": give them another first')
            yield SettingsError(sentence, {"name": name or id, "role": role}), True


def _hours(known: Known, document: Any, agent: str) -> Found:
    for id in document.department:
        if id not in known.department:
            meant = near(id, known.department)
            yield SettingsError(_UNKNOWN["department"], {"name": id}, path=("department", id), near=meant), False


def _sla(known: Known, document: Any, agent: str) -> Found:
    for id, policy in document.items():
        yield from _named(known, "department", policy.department, (id, "department"))
        yield from _named(known, "campaign", policy.campaign, (id, "campaign"))


def _rules(known: Known, document: Any, agent: str) -> Found:
    for id, rule in document.items():
        for what in ("department", "number", "campaign"):
            yield from _named(known, what, getattr(rule.if_, what), (id, "if", what))
        yield from _acts(known, rule.then, (id, "then"))


def _macros(known: Known, document: Any, agent: str) -> Found:
    for id, macro in document.items():
        yield from _acts(known, macro.do, (id, "do"))


def _acts(known: Known, found: Sequence[acts.Act], path: Path) -> Found:
    for place, act in enumerate(found):
        for verb in ("reply", "note"):
            yield from _variables(known, getattr(act, verb) or "", (*path, place, verb))
        for what in ("canned", "template", "department", "campaign"):
            name = getattr(act, what)
            if name and name not in known.names(what):
                meant = near(name, known.names(what))
                yield SettingsError(_UNKNOWN[what], {"name": name}, path=(*path, place, what), near=meant), False
        people = [act.assign] if act.assign not in (None, "me", "nobody", "auto") else []
        people += [name for name in act.notify or [] if name != "assignee"]
        for name in people:
            what = "department" if name.startswith("@") else "agent"
            plain = name.removeprefix("@")
            if plain not in known.names(what):
                verb = "assign" if act.assign else "notify"
                meant = near(plain, known.names(what))
                yield SettingsError(_UNKNOWN[what], {"name": plain}, path=(*path, place, verb), near=meant), False


def _filters(known: Known, document: Any, agent: str) -> Found:
    orders = [sort.value for sort in Sort]
    for id, saved in document.items():
        try:
            filters.parse(saved.filter)
        except UsageError as error:
            hint = f" ({error.hint})" if error.hint else ""
            yield SettingsError("{reason}", {"reason": _(str(error)) + hint}, path=(id, "filter")), True
        if saved.sort not in orders:
            sentence = N_("must be one of {choices}")
            values = {"choices": ", ".join(f'"{order}"' for order in orders)}
            yield SettingsError(sentence, values, path=(id, "sort"), near=near(saved.sort, orders)), True
