"""Section `roles`: the workspace's own roles, as named sets of permissions.

[supervisor]
title = "Supervisor"
permissions = ["see.all", "conversation.assign", "message.send"]
"""

from __future__ import annotations

from wptui.model.permissions import ROLES
from wptui.model.settings.base import Entry


class Role(Entry):
    """One role; its id is the table's name."""

    permissions: list[str]
    title: str = ""


Roles = dict[str, Role]


def allowed(roles: Roles, role: str) -> frozenset[str]:
    """The permissions of `role` (an id): built in, or the workspace's own; none where there is no such role."""
    if role in ROLES:
        return ROLES[role]
    own = roles.get(role)
    return frozenset(own.permissions) if own is not None else frozenset()
