"""The workspace's settings: sections, each a TOML document that people edit in their editor.

A document is kept as it was written, comments and all (`events.SettingsSaved.text`, the store's table `settings`);
`parse` turns it into the section's types. What is shared has owner ""; macros and filters exist also as agents' own.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import islice
from types import ModuleType
from typing import Any

import msgspec

from wptui.model.errors import UsageError
from wptui.model.settings import departments, filters, hours, labels, macros, roles, rules, sla
from wptui.model.settings.base import ID, SettingsError, near, read
from wptui.model.text import safe
from wptui.model.toml_lines import finder, has_endless_key
from wptui.model.words import N_

SECTIONS: dict[str, Any] = {
    "departments": departments.Department,
    "roles": roles.Role,
    "labels": labels.LabelEntry,
    "hours": hours.Hours,
    "sla": sla.Policy,
    "rules": rules.Rule,
    "macros": macros.Macro,
    "filters": filters.SavedFilter,
}
"""Section → type of its entries (a table each), or of the whole document for `hours`."""

WHOLE = frozenset({"hours"})

_MODULES: tuple[ModuleType, ...] = (departments, roles, labels, hours, sla, rules, macros, filters)
_CHECKS: dict[str, Any] = {
    module.__name__.rpartition(".")[2]: module.check for module in _MODULES if hasattr(module, "check")
}
"""Section → `check(document)`, which raises or yields SettingsError for what the types alone allow."""

MOST = 100
"""Mistakes that are looked for in one document: nobody mends more at once, and each takes time to find."""

_FREE_NAMES = frozenset({"labels"})
"""Sections whose tables are called as people like."""

_POSITION = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)$")


@lru_cache(maxsize=64)
def parse(section: str, text: str) -> Any:
    """The document: a dict of entries in the order written, or an `Hours`. Not to be changed: it is shared.

    Raises SettingsError for the first thing that is wrong, UsageError where there is no such section.
    """
    document, wrong = _read(section, text)
    if wrong:
        raise wrong[0]
    return document


def problems(section: str, text: str) -> list[SettingsError]:
    """Everything that is wrong with a document, in the order of its lines. Raises UsageError as `parse` does."""
    return sorted(_read(section, text)[1], key=lambda error: error.line)


def _read(section: str, text: str) -> tuple[Any, list[SettingsError]]:
    if section not in SECTIONS:
        meant = near(section, list(SECTIONS))
        raise UsageError(
            f'There is no section "{section}" in the settings' + (f'; did you mean "{meant}"?' if meant else ""),
            hint=" ".join(SECTIONS),
        )
    check = _CHECKS.get(section)
    if section in WHOLE:
        return read_document(text, lambda table: _entry(table, SECTIONS[section], ()), check)
    free, example = section in _FREE_NAMES, _EXAMPLES[section]
    return read_document(text, lambda table: entries(table, SECTIONS[section], example, free_names=free), check)


Shaped = tuple[Any, list[SettingsError]]
Check = Callable[[Any], Iterable[SettingsError] | None]


def read_document(text: str, shape: Callable[[dict[str, Any]], Shaped], check: Check | None) -> Shaped:
    """A TOML text as `shape` makes a document of its tables, and everything that is wrong with it, with lines.

    `check` is asked only about a document whose shape is right.
    """
    try:
        if has_endless_key(text):
            raise RecursionError
        table = safe_values(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        return None, [_syntax(str(error), text)]
    except RecursionError:
        return None, [SettingsError(N_("too many tables or lists within each other"), line=1)]
    except ValueError as error:  # a number of thousands of digits, a day that no month has
        return None, [SettingsError(N_("not valid TOML: {reason}"), {"reason": str(error)[:200]}, line=1)]
    document, wrong = shape(table)
    if not wrong and check is not None:
        wrong = _checked(check, document)
    if any(not each.line for each in wrong):
        line_of = finder(text)
        for each in wrong:
            each.line = each.line or line_of(each.path)
    return document, wrong


def _syntax(message: str, text: str) -> SettingsError:
    """tomllib's error with its line; one at the end is the last line that has something."""
    position = _POSITION.search(message)
    line = int(position[1]) if position and position[1] else text.rstrip().count("\n") + 1
    reason = _POSITION.sub("", message)
    return SettingsError(N_("not valid TOML: {reason}"), {"reason": reason}, line=line)


def entries(table: dict[str, Any], kind: Any, example: str, *, free_names: bool = False) -> Shaped:
    """A document whose tables are each a `kind`; `example` is what one may be called."""
    document: dict[str, Any] = {}
    wrong: list[SettingsError] = []
    for id, value in table.items():
        if len(wrong) >= MOST:
            return document, wrong[:MOST]
        if not free_names and not ID.fullmatch(id):
            sentence = N_("a name has 1 to 32 letters, digits, dashes and underscores")
            wrong.append(SettingsError(sentence, path=(id,)))
        if not isinstance(value, dict):
            sentence = N_("must stand below a heading such as [{example}], the name of an entry")
            wrong.append(SettingsError(sentence, {"example": example}, path=(id,)))
            continue
        document[id], found = _entry(value, kind, (id,))
        wrong += found
    return document, wrong


_EXAMPLES = {
    "departments": "sales",
    "roles": "supervisor",
    "labels": "return",
    "sla": "vip",
    "rules": "welcome",
    "macros": "shipping",
    "filters": "late-sales",
}


def _entry(value: dict[str, Any], kind: Any, path: tuple[str | int, ...]) -> Shaped:
    try:
        return read(value, kind), []
    except msgspec.ValidationError:
        from wptui.model.settings.shape import wrong  # only when something is

        return None, wrong(value, kind, path, MOST)


def _checked(check: Check, document: Any) -> list[SettingsError]:
    try:
        return list(islice(check(document) or (), MOST))
    except SettingsError as error:
        return [error]


def safe_values(value: Any) -> Any:
    """`value` (from TOML) with every text in it made safe: escapes can write what the document itself could not."""
    if isinstance(value, str):
        return safe(value)
    if isinstance(value, dict):
        return {safe(key): safe_values(each) for key, each in value.items()}
    if isinstance(value, list):
        return [safe_values(each) for each in value]
    return value
