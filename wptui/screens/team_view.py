"""What the screens show of the team's settings: departments, labels in their colours, rules by title, macros by key.

Read anew when the settings change. The first frame does without: reading settings brings their types along.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wptui.model.settings.filters import SavedFilter
    from wptui.model.settings.labels import LabelEntry
    from wptui.model.settings.macros import Macro


@dataclass(frozen=True)
class TeamView:
    """The settings as the screens need them; empty where nobody has written any."""

    departments: Mapping[str, str] = field(default_factory=dict)
    """Department id → name."""
    several: bool = False
    """Whether the agent sees more than one."""
    labels: Mapping[str, LabelEntry] = field(default_factory=dict)
    label_styles: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, str] = field(default_factory=dict)
    """`rule:` and a rule's id → its title."""
    macros: Mapping[tuple[str, bool], Macro] = field(default_factory=dict)
    """(id, whether it is the agent's own) → the macro; one's own come first."""
    macro_keys: Mapping[str, tuple[str, bool]] = field(default_factory=dict)
    """Key → macro. One's own take precedence."""
    filters: Mapping[tuple[str, bool], SavedFilter] = field(default_factory=dict)
    """(id, whether it is the agent's own) → the saved filter."""


def read(db: sqlite3.Connection, me: str) -> TeamView:
    """The settings as the agent `me` (an id) sees them."""
    if db.execute("SELECT 1 FROM settings LIMIT 1").fetchone() is None:
        return TeamView()
    from wptui.model.permissions import See
    from wptui.store import team

    departments = team.departments(db)
    scope = team.scope(db, me)
    seen = [id for id in departments if scope.see is See.ALL or id in scope.departments]
    labels = team.document(db, "labels")
    macros: dict[tuple[str, bool], Macro] = {}
    filters: dict[tuple[str, bool], SavedFilter] = {}
    for own in (True, False):
        owner = me if own else ""
        macros |= {(id, own): each for id, each in team.document(db, "macros", owner).items()}
        filters |= {(id, own): each for id, each in team.document(db, "filters", owner).items()}
    return TeamView(
        departments={id: each.name for id, each in departments.items()},
        several=len(seen) > 1,
        labels=labels,
        label_styles={name: f"label-{entry.colour}" for name, entry in labels.items() if entry.colour},
        rules={f"rule:{id}": each.title or id for id, each in team.document(db, "rules").items()},
        macros=macros,
        macro_keys={each.key: name for name, each in reversed(list(macros.items())) if each.key},
        filters=filters,
    )
