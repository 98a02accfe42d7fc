"""Section `roles`: the workspace's own roles, as named sets of permissions.

[supervisor]
title = "Supervisor"
permissions = ["see.all", "conversation.assign", "message.send"]
"""

from __future__ import annotations

from collections.abc import Iterator

from wptui.model.permissions import ALL, ROLES
from wptui.model.settings.base import Entry, SettingsError, near
from wptui.model.words import N_


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


def check(roles: Roles) -> Iterator[SettingsError]:
    """What the types alone allow: a permission that there is not, a name that is taken."""
    for id, role in roles.items():
        if id in ROLES:
            sentence = N_('the role "{role}" is built in and cannot be changed; give yours another name')
            yield SettingsError(sentence, {"role": id}, path=(id,))
        for place, permission in enumerate(role.permissions):
            if permission not in ALL:
                meant = near(permission, sorted(ALL))
                sentence = N_('there is no permission "{permission}"')
                values = {"permission": permission}
                yield SettingsError(sentence, values, path=(id, "permissions", place), near=meant)
