"""What the sections share: durations as people write them, and errors that say where."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from wptui.model.words import N_

ID = re.compile(r"[\w-]{1,32}")
"""What a table may be called."""


class SettingsError(Exception):
    """A document that cannot be taken. `path` leads to the key, `line` (from 1) to its place in the text.

    `template` is a sentence marked for translation, with places for `values`; `near` is what was perhaps meant.
    `str` is the English sentence.
    """

    def __init__(
        self,
        template: str,
        values: Mapping[str, Any] | None = None,
        *,
        path: tuple[str | int, ...] = (),
        line: int = 0,
        near: str = "",
    ) -> None:
        super().__init__(template)
        self.template = template
        self.values = values or {}
        self.path = path
        self.line = line
        """0 until the text is at hand: `parse` finds it by the path."""
        self.near = near

    def told(self, template: str) -> str:
        """The sentence by a translation of `template`, without what was perhaps meant."""
        return template.format(**self.values) if self.values else template

    @property
    def message(self) -> str:
        """The English sentence."""
        near = f'; did you mean "{self.near}"?' if self.near else ""
        return self.told(self.template) + near

    @property
    def where(self) -> str:
        """The key, as one would write it: `satis.members[1]`."""
        found = ""
        for part in self.path:
            found += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if found else part
        return found

    def __str__(self) -> str:
        return self.message


class Entry(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Base of everything that stands in a document: a key nobody knows is an error, not a wish unheard."""


_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_PART = re.compile(r"(\d{1,6})\s*([smhdw])")


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

    @property
    def written(self) -> str:
        """As `read` takes it."""
        left, found = int(self), ""
        for unit in ("d", "h", "m", "s"):
            count, left = divmod(left, _UNITS[unit])
            found += f"{count}{unit}" if count else ""
        return found or "0s"


def read(value: Any, kind: Any) -> Any:
    """`value` (from TOML) as `kind`. Raises msgspec.ValidationError; `wrong` says in our words what is meant."""
    return msgspec.convert(value, kind, dec_hook=_hook)


def _hook(kind: type[Any], value: Any) -> Any:
    if kind is Duration:
        return Duration.read(value)
    raise NotImplementedError(kind)


def near(word: str, known: list[str]) -> str:
    """The one of `known` that `word` perhaps means; "" for none."""
    from difflib import get_close_matches  # only when something is wrong

    return next(iter(get_close_matches(word, known, 1)), "")


def choices(words: list[str]) -> str:
    """Words to choose from, quoted."""
    return ", ".join(f'"{word}"' for word in words if word)


UNKNOWN = N_("there is no such key here")
MISSING = N_('the key "{key}" is missing')
"""Sentences said of documents from several places."""
