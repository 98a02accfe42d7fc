"""What is wrong with the shape of a document: every key and value that does not fit its type, in our own words.

msgspec reads documents, and stops at the first thing that is wrong with words of its own; this goes over one that it
refused, finds all of them, and each with its full path.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from msgspec import inspect

from wptui.model.settings.base import MISSING, UNKNOWN, Duration, SettingsError, choices, near
from wptui.model.words import N_

Path = tuple[str | int, ...]

_TABLE = N_("must be a table")
_LIST = N_("must be a list in [ ]")
_TEXT = N_('must be text in quotes ("…")')
_NUMBER = N_("must be a whole number")
_SWITCH = N_("must be true or false")
_DURATION = N_('must be a duration such as "90s", "10m", "1h30m" or "2d"')
_CHOICE = N_("must be one of {choices}")
_OTHER = N_("does not fit here")


def wrong(value: Any, kind: Any, path: Path, most: int) -> list[SettingsError]:
    """What keeps `value` (from TOML) from being a `kind`; at least one, and no more than `most`."""
    return list(islice(_walk(value, inspect.type_info(kind), path), most)) or [SettingsError(_OTHER, path=path)]


def _walk(value: Any, kind: inspect.Type, path: Path) -> Iterator[SettingsError]:
    match kind:
        case inspect.UnionType(types=types):
            # Only "… or nothing" is used: TOML has no null, so what is there must be the other.
            yield from _walk(value, next(each for each in types if not isinstance(each, inspect.NoneType)), path)
        case inspect.StructType():
            yield from _struct(value, kind, path)
        case inspect.ListType(item_type=item):
            if not isinstance(value, list):
                yield SettingsError(_LIST, path=path)
                return
            for place, each in enumerate(value):
                yield from _walk(each, item, (*path, place))
        case inspect.DictType(value_type=of):
            if not isinstance(value, dict):
                yield SettingsError(_TABLE, path=path)
                return
            for name, each in value.items():
                yield from _walk(each, of, (*path, name))
        case inspect.LiteralType(values=words):
            if value not in words:
                known = [str(word) for word in words]
                meant = near(value, known) if isinstance(value, str) else ""
                yield SettingsError(_CHOICE, {"choices": choices(known)}, path=path, near=meant)
        case inspect.CustomType(cls=cls) if cls is Duration:
            try:
                Duration.read(value)
            except ValueError:
                yield SettingsError(_DURATION, path=path)
        case _:
            yield from _scalar(value, kind, path)


def _struct(value: Any, kind: inspect.StructType, path: Path) -> Iterator[SettingsError]:
    if not isinstance(value, dict):
        yield SettingsError(_TABLE, path=path)
        return
    fields = {field.encode_name: field for field in kind.fields}
    for name, each in value.items():
        if name in fields:
            yield from _walk(each, fields[name].type, (*path, name))
        else:
            free = [known for known in fields if known not in value]
            yield SettingsError(UNKNOWN, path=(*path, name), near=near(name, free))
    for name, field in fields.items():
        if field.required and name not in value:
            yield SettingsError(MISSING, {"key": name}, path=path)


_SCALARS: dict[type[inspect.Type], tuple[type, str]] = {
    inspect.StrType: (str, _TEXT),
    inspect.IntType: (int, _NUMBER),
    inspect.BoolType: (bool, _SWITCH),
}


def _scalar(value: Any, kind: inspect.Type, path: Path) -> Iterator[SettingsError]:
    expected = _SCALARS.get(type(kind))
    if expected is None:
        return
    python, sentence = expected
    if not isinstance(value, python) or (isinstance(value, bool) and python is not bool):
        yield SettingsError(sentence, path=path)
