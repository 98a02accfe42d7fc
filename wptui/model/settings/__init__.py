"""The workspace's settings: sections, each a TOML document that people edit in their editor.

A document is kept as it was written, comments and all (`events.SettingsSaved.text`, the store's table `settings`);
`parse` turns it into the section's types. What is shared has owner ""; macros and filters exist also as agents' own.
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from typing import Any

import msgspec

from wptui.model.settings.base import SettingsError, read
from wptui.model.settings.departments import Department
from wptui.model.settings.filters import SavedFilter
from wptui.model.settings.hours import Hours
from wptui.model.settings.labels import LabelEntry
from wptui.model.settings.macros import Macro
from wptui.model.settings.roles import Role
from wptui.model.settings.rules import Rule
from wptui.model.settings.sla import Policy

SECTIONS: dict[str, Any] = {
    "departments": Department,
    "roles": Role,
    "labels": LabelEntry,
    "hours": Hours,
    "sla": Policy,
    "rules": Rule,
    "macros": Macro,
    "filters": SavedFilter,
}
"""Section → type of its entries (a table each), or of the whole document for `hours`."""

WHOLE = frozenset({"hours"})


@lru_cache(maxsize=64)
def parse(section: str, text: str) -> Any:
    """The document: a dict of entries in the order written, or an `Hours`. Not to be changed: it is shared.

    Raises SettingsError.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(str(error)) from error
    kind = SECTIONS[section]
    if section in WHOLE:
        return _read(table, kind, ())
    return {id: _read(value, kind, (id,)) for id, value in table.items()}


def _read(value: Any, kind: Any, path: tuple[str | int, ...]) -> Any:
    try:
        return read(value, kind)
    except msgspec.ValidationError as error:
        raise SettingsError(str(error), path=path) from error
