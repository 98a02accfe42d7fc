"""The kinds of value a setting can have: how each is checked, and how it is described.

A kind turns what TOML gave into what the program uses, or raises `ValueError` with a translated sentence
that says what would have been right.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from wptui.i18n import _

_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
_WORD = re.compile(r"[\w.-]+")
_COMMAND_ID = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)*")
_KEY = re.compile(r"[^\s,]+")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class KeyedError(ValueError):
    """A value inside a free-form table is wrong; `key` says where in it."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


class Kind(Protocol):
    """Checks one sort of value."""

    def read(self, value: Any) -> Any:
        """*value* as the program uses it. Raises ValueError, with the reason in words."""
        ...

    def describe(self) -> str:
        """What may be written, for the settings' documentation."""
        ...


def suggestion(word: str, known: list[str]) -> str:
    """``; did you mean "density"?``, or nothing when no known word is near *word*."""
    from difflib import get_close_matches  # only when something is wrong

    near = get_close_matches(word, known, 1)
    return _('; did you mean "{word}"?').format(word=near[0]) if near else ""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    words: tuple[str, ...]

    def read(self, value: Any) -> str:
        if not isinstance(value, str) or value not in self.words:
            choices = ", ".join(f'"{word}"' for word in self.words)
            near = suggestion(value, list(self.words)) if isinstance(value, str) else ""
            raise ValueError(_("must be one of {choices}").format(choices=choices) + near)
        return value

    def describe(self) -> str:
        return " · ".join(f'`"{word}"`' for word in self.words)


@dataclass(frozen=True, slots=True)
class Choices:
    """A list of some of a few words, in any order, each at most once."""

    words: tuple[str, ...]

    def read(self, value: Any) -> frozenset[str]:
        if not isinstance(value, list):
            raise ValueError(_('must be a list, for example ["{word}"]').format(word=self.words[0]))
        choice = Choice(self.words)
        return frozenset(choice.read(item) for item in value)

    def describe(self) -> str:
        return _("list of {choices}").format(choices=Choice(self.words).describe())


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time, read as whole seconds."""

    least: int = 1
    most: int = 366 * 86_400

    def read(self, value: Any) -> int:
        match = _DURATION.fullmatch(value.replace(" ", "")) if isinstance(value, str) else None
        if not match or not any(match.groups()):
            raise ValueError(_('must be a duration such as "90s", "10m" or "1h30m"'))
        seconds = sum(int(n or 0) * unit for n, unit in zip(match.groups(), (86_400, 3600, 60, 1), strict=True))
        if not self.least <= seconds <= self.most:
            raise ValueError(_("must be between {least} and {most} seconds").format(least=self.least, most=self.most))
        return seconds

    def describe(self) -> str:
        return _('duration: `"90s"`, `"10m"`, `"1h30m"`')


@dataclass(frozen=True, slots=True)
class QuietHours:
    """``"22:00-08:00"`` as minutes of the day (1320, 480), or "" for none."""

    def read(self, value: Any) -> tuple[int, int] | None:
        if value == "":
            return None
        match = _CLOCK.fullmatch(value) if isinstance(value, str) else None
        if not match:
            raise ValueError(_('must be two times of day such as "22:00-08:00", or "" for none'))
        hour, minute, until_hour, until_minute = map(int, match.groups())
        return hour * 60 + minute, until_hour * 60 + until_minute

    def describe(self) -> str:
        return _('`"HH:MM-HH:MM"`, or `""` for none')


@dataclass(frozen=True, slots=True)
class Word:
    """One name: letters, digits, dot, dash and underscore."""

    def read(self, value: Any) -> str:
        if not isinstance(value, str) or not _WORD.fullmatch(value):
            raise ValueError(_("must be a name of letters, digits, dots, dashes and underscores"))
        return value

    def describe(self) -> str:
        return _("name")


@dataclass(frozen=True, slots=True)
class RelayUrl:
    """The relay's address, without a path at its end, or "" for none."""

    def read(self, value: Any) -> str:
        if value == "":
            return ""
        from urllib.parse import urlsplit

        parts = urlsplit(value) if isinstance(value, str) else None
        if not parts or parts.scheme not in ("https", "http") or not parts.hostname:
            raise ValueError(_('must be an address such as "https://inbox.example.com"'))
        if parts.username or parts.password:
            raise ValueError(_("must not carry a user name or password; `wptui login` keeps the token"))
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise ValueError(_("must begin with https:// unless the relay runs on this machine"))
        return str(value).rstrip("/")

    def describe(self) -> str:
        return _('address: `"https://…"`, or `""` for none')


@dataclass(frozen=True, slots=True)
class Keys:
    """The ``[keys]`` table: command id → one key or a list of keys; an empty list takes the keys away.

    Whether a command exists and whether two commands want the same key is known to the program that has
    the commands; here only the form is checked. ``inbox.open`` may be written as a dotted key or quoted.
    """

    def read(self, value: Any) -> dict[str, tuple[str, ...]]:
        if not isinstance(value, Mapping):
            raise ValueError(_("must be a table of commands and their keys"))
        found: dict[str, tuple[str, ...]] = {}
        self._collect("", value, found)
        return found

    def _collect(self, prefix: str, table: Mapping[str, Any], found: dict[str, tuple[str, ...]]) -> None:
        for name, value in table.items():
            command = prefix + name
            if not _COMMAND_ID.fullmatch(command):
                raise KeyedError(command, _('"{id}" is not a command id').format(id=command))
            if isinstance(value, Mapping):
                self._collect(f"{command}.", value, found)
                continue
            keys = [value] if isinstance(value, str) else value
            if not isinstance(keys, list) or not all(isinstance(k, str) and _KEY.fullmatch(k) for k in keys):
                raise KeyedError(command, _('must be a key such as "e" or "ctrl+e", or a list of keys'))
            found[command] = tuple(dict.fromkeys(keys))

    def describe(self) -> str:
        return _("table: command id = key or list of keys")
