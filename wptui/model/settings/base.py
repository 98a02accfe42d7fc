"""What the sections share: durations as people write them, and errors that say where."""

from __future__ import annotations

import re
from typing import Any

import msgspec


class SettingsError(Exception):
    """A document that cannot be taken. `path` leads to the key, `line` (from 1) to its place in the text."""

    def __init__(self, message: str, *, path: tuple[str | int, ...] = (), line: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.line = line


class Entry(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Base of everything that stands in a document: a key nobody knows is an error, not a wish unheard."""


_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_PART = re.compile(r"(\d+)\s*([smhdw])")


class Duration(int):
    """Seconds, written like `90s`, `10m`, `1h30m`, `2d`."""

    @classmethod
    def read(cls, text: Any) -> Duration:
        """The duration that `text` says. Raises ValueError."""
        if isinstance(text, str):
            parts = _PART.findall(text)
            if parts and _PART.sub("", text).strip() == "":
                return cls(sum(int(count) * _UNITS[unit] for count, unit in parts))
        raise ValueError("a duration such as 90s, 10m, 1h30m or 2d")


def read(value: Any, kind: Any) -> Any:
    """`value` (from TOML) as `kind`. Raises msgspec.ValidationError."""
    return msgspec.convert(value, kind, dec_hook=_hook)


def _hook(kind: type[Any], value: Any) -> Any:
    if kind is Duration:
        return Duration.read(value)
    raise NotImplementedError(kind)
