"""The filter line of the inbox: `is:late campaign:KIŞ24 label:iade number:satış "fatura"`.

Words without a key are looked for in name, phone and messages. A leading "-" negates a term.
"""

from __future__ import annotations

import shlex
import sqlite3
from dataclasses import dataclass

from wptui.model.errors import UsageError
from wptui.model.priority import NAMES, Priority
from wptui.model.text import fold
from wptui.store.schema import FAR
from wptui.store.search import match_expression

DUE_SOON = 600
"""Within how many seconds a deadline is near (`is:due`)."""

STATES = (
    "late",
    "due",
    "waiting",
    "unread",
    "mine",
    "unassigned",
    "open",
    "snoozed",
    "resolved",
    "closing",
    "group",
    "failed",
    "mentioned",
    "followed",
    *NAMES,
)
KEYS = ("is", "campaign", "label", "number", "from", "agent", "department", "priority")


@dataclass(frozen=True)
class Filter:
    """A parsed filter line: SQL conditions on `conversations c` with named parameters. Empty: everything."""

    source: str = ""
    terms: tuple[tuple[bool, str, str], ...] = ()
    """(wanted, key, value); key "" is free text."""

    @property
    def names_state(self) -> bool:
        """Whether the line itself says which states to show (`is:resolved`), instead of the view."""
        return any(key == "is" and value in ("open", "snoozed", "resolved") for _, key, value in self.terms)

    @property
    def narrow(self) -> bool:
        """Whether it leaves few conversations, those of an agent: sorting them costs less than looking for them."""
        return any(want and (key == "agent" or (key == "is" and value in _NARROW)) for want, key, value in self.terms)


def parse(source: str) -> Filter:
    """Reads a filter line. Raises UsageError naming the term that is not understood."""
    try:
        words = shlex.split(source.replace("'", "\\'"))
    except ValueError:
        words = source.replace('"', " ").split()
    terms: list[tuple[bool, str, str]] = []
    for word in words:
        wanted = not (word.startswith("-") and len(word) > 1)
        key, colon, value = word.removeprefix("" if wanted else "-").partition(":")
        if not colon or not value or key not in KEYS:
            if colon and key.isalpha() and key.isascii() and value and not value.startswith("//"):
                raise UsageError(f"{key}: is no filter", hint=" ".join(f"{name}:" for name in KEYS))
            terms.append((wanted, "", word.removeprefix("" if wanted else "-")))
            continue
        if key == "is" and value not in STATES:
            raise UsageError(f"is:{value} is not known", hint=" ".join(f"is:{state}" for state in STATES))
        if key == "priority" and value not in NAMES:
            raise UsageError(f"priority:{value} is not known", hint=" ".join(f"priority:{name}" for name in NAMES))
        terms.append((wanted, key, value))
    return Filter(source, tuple(terms))


MENTIONED = "c.id IN (SELECT conversation FROM mentions WHERE agent = :me AND seen = 0)"
FOLLOWED = "c.id IN (SELECT conversation FROM followers WHERE agent = :me)"


def _priority(level: Priority) -> str:
    """As a range of `priority_key`, but for what nearly all conversations have: there an order finds it sooner."""
    if level is Priority.NORMAL:
        return f"c.priority = {level.value}"
    least = (3 - level.value) * 10 * FAR
    return f"(c.priority_key >= {least} AND c.priority_key < {least + 10 * FAR})"


_IS = {
    "late": "c.due_key <= :now",
    "due": f"(c.due_key > :now AND c.due_key <= :now + {DUE_SOON})",
    # Ranges of keys that an order's index has: nothing else is read.
    "waiting": f"c.waiting_key < {FAR // 2}",
    "unread": f"c.unread_key < {FAR // 2}",
    "mine": "c.assignee = :me",
    "unassigned": "c.assignee = ''",
    "open": "c.state = 'open'",
    "snoozed": "c.state = 'snoozed'",
    "resolved": "c.state = 'resolved'",
    "closing": "(c.window_expires > :now AND c.window_expires <= :now + 7200)",
    "group": "c.kind = 'group'",
    "failed": "c.preview_status IN ('failed', 'unknown')",
    "mentioned": MENTIONED,
    "followed": FOLLOWED,
} | {name: _priority(level) for name, level in NAMES.items()}

_NARROW = ("mine", "mentioned", "followed")


def conditions(db: sqlite3.Connection, wanted: Filter) -> tuple[list[str], dict[str, str]]:
    """SQL conditions and their parameters; departments are looked up by name in the store's settings."""
    sql: list[str] = []
    parameters: dict[str, str] = {}
    for index, (want, key, value) in enumerate(wanted.terms):
        name = f"f{index}"
        parameters[name] = fold(value)
        match key:
            case "is":
                condition = _IS[value]
                del parameters[name]
            case "campaign":
                parameters |= {name: value.lstrip("#"), f"{name}f": fold(value.lstrip("#"))}
                known = f"SELECT code FROM campaigns WHERE wptui_fold(code) = :{name}f"
                condition = f"c.campaign_key IN (:{name}, ({known}))"
            case "label":
                condition = (
                    f"EXISTS (SELECT 1 FROM labels l WHERE l.conversation = c.id AND wptui_fold(l.label) = :{name})"
                )
            case "number":
                condition = (
                    "c.number IN (SELECT id FROM numbers WHERE id = "
                    f":{name} OR instr(wptui_fold(name || ' ' || display), :{name}))"
                )
            case "priority":
                condition = _IS[value]
                del parameters[name]
            case "department":
                condition = _department(db, name, parameters)
            case "agent" if value == "me":
                condition = "c.assignee = :me"
                del parameters[name]
            case "agent":
                condition = (
                    f"c.assignee IN (SELECT id FROM agents WHERE id = :{name} OR instr(wptui_fold(name), :{name}))"
                )
            case "from":
                condition = f"instr(c.title_fold, :{name})"
            case _:
                parameters[f"{name}m"] = match_expression(value)
                condition = (
                    f"(instr(c.title_fold, :{name}) OR c.id IN (SELECT m.conversation FROM search s "
                    f"JOIN messages m ON m.no = s.rowid WHERE search MATCH :{name}m))"
                )
        sql.append(condition if want else f"NOT {condition}")
    return sql, parameters


def _department(db: sqlite3.Connection, name: str, parameters: dict[str, str]) -> str:
    """A department by its id or a part of its name; `none` is the common queue."""
    wanted = parameters.pop(name)
    found = [""] if wanted == "none" else []
    from wptui.store import team  # brings the settings, which the first screen does not need

    found += [id for id, each in team.departments(db).items() if wanted == fold(id) or wanted in fold(each.name)]
    # An id whose department is no more still finds what lies there.
    found.append(wanted)
    names = {f"{name}_{index}": id for index, id in enumerate(found)}
    parameters |= names
    return f"c.department IN ({', '.join(f':{each}' for each in names)})"
