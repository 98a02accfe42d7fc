"""The settings: sections replaced whole, as an editor or a form leaves them."""

from __future__ import annotations

from collections.abc import Iterator

from wptui.i18n import _, ngettext
from wptui.model import commands as c
from wptui.model import events as ev
from wptui.model import settings
from wptui.model.permissions import PERMISSIONS, SECTIONS
from wptui.model.settings.base import SettingsError
from wptui.model.settings.departments import Departments
from wptui.model.settings.roles import Roles
from wptui.model.text import safe, safe_line
from wptui.model.toml_lines import line_of
from wptui.relay.acts.base import Act, Plans, changed_meanwhile, name_of
from wptui.relay.outgoing import refused
from wptui.store import team

SECTION = 256 * 1024
"""Characters of a document."""
TOLD = 10
"""Mistakes that are named at most."""

_TITLES = {permission.id: permission.title for permission in PERMISSIONS}

_Wrong = tuple[tuple[str | int, ...], str]
"""Path to the key, and what is wrong with it."""


def save(act: Act, command: c.SaveSettings) -> list[ev.Data]:
    section = command.section
    if section not in SECTIONS or (command.own and not SECTIONS[section][1]):
        name = safe_line(section, 40)
        raise refused("invalid", _("There are no settings {name}.").format(name=name))
    owner = act.agent if command.own else ""
    if len(command.text) > SECTION:
        told = _("{field}: {n} characters are the most, this has {length}.")
        raise refused("too_long", told.format(field=section, n=SECTION, length=len(command.text)))
    text = safe(command.text)
    before, revision = team.source(act.db, section, owner)
    if text == before:
        return []
    if revision != command.expect:
        by, at = act.db.execute(
            "SELECT by, at FROM settings WHERE section = ? AND owner = ?", (section, owner)
        ).fetchone() or ("", act.now)
        raise changed_meanwhile(act, by, at)
    problems = settings.problems(section, text)
    if problems:
        raise refused("invalid", "\n".join(_told(problem) for problem in problems[:TOLD]))
    document = settings.parse(section, text)
    wrong: list[_Wrong] = []
    if section == "departments":
        wrong += _departments(act, document)
    elif section == "roles":
        wrong += _roles(act, document)
    if wrong:
        raise refused("invalid", "\n".join(_line(line_of(text, path), path, said) for path, said in wrong[:TOLD]))
    return [ev.SettingsSaved(section=section, text=text, owner=owner)]


def _told(problem: SettingsError) -> str:
    said = problem.told(_(problem.template))
    if problem.near:
        said += "; " + _('did you mean "{word}"?').format(word=problem.near)
    return _line(problem.line, problem.path, said)


def _line(line: int, path: tuple[str | int, ...], said: str) -> str:
    key = SettingsError("", path=path).where
    where = _("Line {n}").format(n=line)
    return safe_line(f"{where}, {key}: {said}" if key else f"{where}: {said}", 300)


def _departments(act: Act, document: Departments) -> Iterator[_Wrong]:
    """What the workspace does not know, and departments that cannot go yet."""
    before = team.departments(act.db)
    agents = {id: revoked for id, revoked in act.db.execute("SELECT id, revoked FROM agents")}
    numbers = {id for (id,) in act.db.execute("SELECT id FROM numbers")}
    for id, department in document.items():
        old = before.get(id)
        for place, member in enumerate(department.members):
            # Who was shut out since may stay in the list until somebody takes them out.
            known = member in agents and (not agents[member] or (old is not None and member in old.members))
            if not known:
                yield (id, "members", place), _("There is no agent {name}.").format(name=member)
        for place, number in enumerate(department.numbers):
            if number not in numbers and (old is None or number not in old.numbers):
                yield (id, "numbers", place), _("There is no number {name}.").format(name=number)
    for id, department in before.items():
        if id in document:
            continue
        (count,) = act.db.execute("SELECT COUNT(*) FROM conversations WHERE department = ?", (id,)).fetchone()
        if count:
            said = ngettext(
                "{name} still has {n} conversation: it has to go to another department first.",
                "{name} still has {n} conversations: they have to go to another department first.",
                count,
            )
            yield (), said.format(name=department.name, n=count)


def _roles(act: Act, document: Roles) -> Iterator[_Wrong]:
    """Permissions that are not the writer's to give, and roles that somebody still has."""
    before: Roles = team.document(act.db, "roles")
    for id, role in document.items():
        old = before.get(id)
        given = frozenset(role.permissions) - (frozenset(old.permissions) if old is not None else frozenset())
        for place, permission in enumerate(role.permissions):
            if permission in given - act.allowed:
                said = _("you cannot give what your own role does not allow: {permission}")
                yield (id, "permissions", place), said.format(permission=_(_TITLES[permission]))
    for id in before:
        if id not in document:
            rows = act.db.execute(
                "SELECT id FROM agents WHERE role = ? AND NOT revoked ORDER BY name", (id,)
            ).fetchall()
            if rows:
                names = ", ".join(name_of(act, agent) for (agent,) in rows)
                yield (), _("The role {role} cannot go: {names} have it.").format(role=id, names=names)


PLANS: Plans = {c.SaveSettings: save}
