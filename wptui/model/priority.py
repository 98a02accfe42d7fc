"""How urgent a conversation is, as somebody said: what is more urgent is served first."""

from __future__ import annotations

from enum import IntEnum


class Priority(IntEnum):
    """The levels; a conversation begins as normal."""

    LOW = 0
    NORMAL = 1
    HIGH = 2
    URGENT = 3


NAMES: dict[str, Priority] = {level.name.lower(): level for level in Priority}
"""The levels by the names that settings and filters use."""
