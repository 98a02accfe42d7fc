"""Writes docs/permissions.md from the permissions and roles: `python -m tools.permission_table [--check]`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from wptui.model import commands as c
from wptui.model.permissions import COMMANDS, PERMISSIONS, ROLE_TITLES, ROLES, SECTIONS, needed

TARGET = Path(__file__).parents[1] / "docs" / "permissions.md"

HEAD = """# Permissions

Generated from `wptui/model/permissions.py` by `make docs`; a test keeps it current.

A role is a named set of permissions. Four roles are built in and cannot be changed; a workspace adds its own in the
settings section `roles` (`wptui edit roles`). The relay checks permissions where a command is executed, by the state of
that moment, and they decide what is sent to an agent's terminal at all; the interface only hides what would be refused.

* The first agent of a workspace is its owner. The last owner can neither lose the role nor be shut out.
* Nobody gives a role, or writes one, that allows what they may not do themselves; nobody changes the role of, shuts
  out or makes a one-time code for somebody who may do more than they.
* A conversation of no department is the common queue of everybody who sees departments. What is assigned to an agent
  they see in any department. A contact is seen by who sees one of its conversations.
* Following a conversation, seeing one's mentions and setting one's own duty need no more than seeing.
* A macro needs the permissions of all its acts.
"""

_ME = "me"
_ASKED: tuple[tuple[c.AnyCommand, str], ...] = (
    (c.Assign(conversation="", agent=_ME), "take it"),
    (c.Assign(conversation="", agent=None, expect=_ME), "give one's own back"),
    (c.Assign(conversation="", agent="other"), "give it to a colleague"),
    (c.Assign(conversation="", agent=_ME, expect="other"), "take it from a colleague"),
    (c.Transfer(conversation="", department="x"), "to a department"),
    (c.Transfer(conversation="", agent="other"), "to a colleague"),
    (c.SendMessage(conversation="", content={"type": "template"}), "a template"),
    (c.SendMessage(conversation="", content={"type": "text"}), ""),
    (c.SetDuty(state="on", agent="other"), "a colleague's"),
    (c.SaveCanned(shortcut="", text="", own=True), "one's own"),
    (c.RemoveCanned(shortcut="", own=True), "one's own"),
    (c.EditCanned(replies=[], expect=0, own=True), "one's own"),
    (c.SaveCanned(shortcut="", text=""), "shared"),
    (c.RemoveCanned(shortcut=""), "shared"),
    (c.EditCanned(replies=[], expect=0), "shared"),
    *((c.SaveSettings(section=section, text="", expect=0), section) for section in SECTIONS),
    *(
        (c.SaveSettings(section=section, text="", expect=0, own=True), f"one's own {section}")
        for section, (_shared, own) in SECTIONS.items()
        if own
    ),
)
"""Commands that need one thing or another, depending on what they say."""

_BESIDE: dict[str, str] = {
    "see.all": "what is synced",
    "see.department": "what is synced",
    "see.own": "what is synced",
    "see.audit": "`wptui audit`, the trail",
    "agents.manage": "`wptui agents`",
    "message.others": "every command that needs `message.send`, where the conversation is a colleague's",
}
"""What is no command."""


def _tag(command: type[c.Command]) -> str:
    return f"`{command.__struct_config__.tag}`"


def _needing(permission: str) -> str:
    asked = {type(command) for command, _when in _ASKED}
    found = [_tag(command) for command, least in COMMANDS.items() if least == permission and command not in asked]
    for command, when in _ASKED:
        if permission in needed(command, _ME):
            found.append(f"{_tag(type(command))} ({when})" if when else _tag(type(command)))
    return ", ".join([*found, *([_BESIDE[permission]] if permission in _BESIDE else [])])


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def table() -> str:
    """The page as Markdown."""
    parts = [HEAD]
    for group, permissions in groupby(PERMISSIONS, key=lambda permission: permission.group):
        parts.append(f"\n## {group}\n\n")
        parts.append(_row(["permission", "allows to", *(ROLE_TITLES[role] for role in ROLES), "needed by"]))
        parts.append("|---|---|" + ":-:|" * len(ROLES) + "---|\n")
        for each in permissions:
            marks = ["✓" if each.id in allowed else "" for allowed in ROLES.values()]
            parts.append(_row([f"`{each.id}`", each.title, *marks, _needing(each.id)]))
    return "".join(parts)


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(TARGET.read_text("utf-8") != table())
    TARGET.write_text(table(), "utf-8")
