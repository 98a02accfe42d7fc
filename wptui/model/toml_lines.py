"""Where in a TOML text a key stands: tomllib keeps no positions, and errors must name the line.

The text has been read by tomllib before: it is valid, so this only has to follow it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

Path = tuple[str | int, ...]
"""Keys from the top of the document; a number is a place in an array, from 0."""

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE = re.compile(r"[\w-]+")
_SCALAR = re.compile(r"[^,\]}#\r\n]*")
_OUTSIDE = re.compile(
    r'"""(?:[^"\\]|\\.|"{1,2}(?!"))*"{3,5}'
    r"|'''(?:[^']|'{1,2}(?!'))*'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
    r"|#[^\n]*",
    re.DOTALL,
)
"""Texts and comments: what stands in them is no key."""
_DOTS = re.compile(r"(?<![\w-])(?:[\w-]++[ \t]*+\.[ \t]*+){32}")
_STRINGS = (
    re.compile(r'"""(?:[^"\\]|\\.|"{1,2}(?!"))*"{3,5}', re.DOTALL),
    re.compile(r"'''(?:[^']|'{1,2}(?!'))*'{3,5}"),
    re.compile(r'"((?:[^"\\\n]|\\.)*)"'),
    re.compile(r"'([^'\n]*)'"),
)


def lines(text: str) -> dict[Path, int]:
    """Path → the line (from 1) where it is first named, for every key, table and array item of `text`."""
    return _Walk(text).found


def line_of(text: str, path: tuple[str | int, ...], *, dotted: bool = False) -> int:
    """The line (from 1) of `path`, or of the nearest table that leads to it; 1 where nothing does.

    A path that leaves out the numbers of arrays means the first that fits. With `dotted` a quoted name with dots
    counts as the names it is made of.
    """
    return finder(text, dotted=dotted)(path)


def finder(text: str, *, dotted: bool = False) -> Callable[[Path], int]:
    """`line_of` of one text, for many paths: the text is walked once."""
    found = lines(text) if _is_valid(text) else {}
    if dotted:
        found = {_split(key): line for key, line in reversed(found.items())}
    loose: dict[Path, int] = {
        tuple(part for part in key if isinstance(part, str)): line for key, line in reversed(found.items())
    }

    def find(path: Path) -> int:
        for end in range(len(path), 0, -1):
            line = found.get(path[:end], loose.get(path[:end]) if end == len(path) else None)
            if line is not None:
                return line
        return 1

    return find


def has_endless_key(text: str) -> bool:
    """Whether a key has more dots than anybody writes: tomllib takes the square of their number to read it."""
    return _DOTS.search(_OUTSIDE.sub("x", text)) is not None


def _is_valid(text: str) -> bool:
    import tomllib

    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True


def _split(path: Path) -> Path:
    return tuple(name for part in path for name in (part.split(".") if isinstance(part, str) else (part,)))


class _Walk:
    """One walk over a valid text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[Path, int] = {}
        self._counted = (0, 1)
        self._arrays: dict[Path, int] = {}
        table: Path = ()
        while True:
            self._skip(_BLANK)
            if self.at >= len(text):
                return
            if text.startswith("[[", self.at):
                self.at += 2
                table = self._array_table()
            elif text.startswith("[", self.at):
                self.at += 1
                start = self.at
                table = self._note((), self._key(), start)
                self.at += 1
            else:
                self._assignment(table)

    def _array_table(self) -> Path:
        start = self.at
        *parents, name = self._key()
        self.at += 2
        path = (*self._note((), parents, start), name)
        self._mark(path, start)
        place = self._arrays[path] = self._arrays.get(path, -1) + 1
        self._mark((*path, place), start)
        return (*path, place)

    def _assignment(self, table: Path) -> None:
        start = self.at
        path = self._note(table, self._key(), start)
        self.at += 1  # the equals sign
        self._skip(_SPACE)
        self._value(path)

    def _value(self, path: Path) -> None:
        text = self.text
        opening = text[self.at : self.at + 1]
        if opening == "[":
            self.at += 1
            place = 0
            while self._more("]"):
                self._mark((*path, place), self.at)
                self._value((*path, place))
                place += 1
        elif opening == "{":
            self.at += 1
            while self._more("}"):
                self._assignment(path)
        elif opening in ("'", '"'):
            self._string()
        else:
            self._skip(_SCALAR)

    def _more(self, closing: str) -> bool:
        """Goes on to the next item; False behind the bracket that ends them."""
        self._skip(_BLANK)
        if self.text.startswith(",", self.at):
            self.at += 1
            self._skip(_BLANK)
        if self.text.startswith(closing, self.at):
            self.at += 1
            return False
        return self.at < len(self.text)

    def _key(self) -> list[str]:
        """A key with its dots, and the white space around it."""
        parts: list[str] = []
        while True:
            self._skip(_SPACE)
            if self.text[self.at : self.at + 1] in ("'", '"'):
                parts.append(self._string())
            else:
                parts.append(self._skip(_BARE))
            self._skip(_SPACE)
            if not self.text.startswith(".", self.at):
                return parts
            self.at += 1

    def _string(self) -> str:
        for pattern in _STRINGS:
            if match := pattern.match(self.text, self.at):
                self.at = match.end()
                if match.re.groups == 0:
                    return ""
                return _unescaped(match[1]) if match[0].startswith('"') else match[1]
        self.at = len(self.text)
        return ""

    def _skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None or (pattern is _BARE and not match[0]):
            self.at = len(self.text)
            return ""
        self.at = match.end()
        return match[0]

    def _note(self, table: Path, parts: list[str], start: int) -> Path:
        """Marks `parts` below `table`, each on its way; below an array of tables it means the last of them."""
        path = table
        for part in parts:
            path = (*path, part)
            self._mark(path, start)
            if path in self._arrays:
                path = (*path, self._arrays[path])
        return path

    def _mark(self, path: Path, position: int) -> None:
        if path not in self.found:
            at, line = self._counted
            if position < at:
                at, line = 0, 1
            line += self.text.count("\n", at, position)
            self._counted = (position, line)
            self.found[path] = line


def _unescaped(text: str) -> str:
    import tomllib

    value = tomllib.loads(f'x = "{text}"')["x"]
    return value if isinstance(value, str) else text
