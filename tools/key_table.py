"""Writes the table of keys into docs/user-guide.md: `python -m tools.key_table`."""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path

from wptui.screens.actions import ACTIONS, KeyMap

TARGET = Path(__file__).parents[1] / "docs" / "user-guide.md"


def table() -> str:
    """Every command with its default keys, group by group, as Markdown."""
    keys = KeyMap({})
    lines: list[str] = []
    for group, actions in groupby(ACTIONS, key=lambda action: action.group):
        lines += ["", f"**{group}**", "", "| key | command | id |", "|---|---|---|"]
        for action in actions:
            pressed = " ".join(f"`{label}`" for label in keys.labels(action.id).split())
            lines.append(f"| {pressed} | {action.title}: {action.help} | `{action.id}` |")
    return "\n".join([*lines, ""])


def guide() -> str:
    """The user guide with its table brought up to date."""
    text = TARGET.read_text("utf-8")
    return re.sub(r"(?s)(<!-- keys -->).*(<!-- /keys -->)", lambda m: f"{m[1]}\n{table()}\n{m[2]}", text)


if __name__ == "__main__":
    TARGET.write_text(guide(), "utf-8")
