"""The settings as text: the manual's table, the template of a new file, and what is in force."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from wptui.config.kinds import Duration, QuietHours
from wptui.config.settings import Settings
from wptui.i18n import _


def to_toml(value: Any) -> str:
    """*value*, a string, list or mapping as a setting has it, written as TOML on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(k)} = {to_toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(to_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _walk(cls: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every setting and section below *cls*, with its path, sections before what is in them."""
    for item in fields(cls):
        here = (*path, item.name)
        yield here, item
        if "section" in item.metadata:
            yield from _walk(item.metadata["section"], here)


def markdown() -> str:
    """Every setting as a Markdown table, in the installed language."""
    heads = [_("setting"), _("values"), _("default"), _("meaning")]
    lines = [f"| {' | '.join(heads)} |", "|---|---|---|---|"]
    for path, item in _walk(Settings):
        english = item.metadata["doc"]  # by itself: the extractor would take "doc" for a message
        doc = _(english)
        if "section" in item.metadata:
            lines.append(f"| **[{'.'.join(path)}]** | | | {doc} |")
            continue
        values = item.metadata["kind"].describe()
        lines.append(f"| `{'.'.join(path)}` | {values} | `{to_toml(item.metadata['default'])}` | {doc} |")
    return "\n".join(lines) + "\n"


def template() -> str:
    """A ``config.toml`` in which every setting stands, explained and commented out.

    The headings of tables are in force, so that a line set free stands under the right one.
    """
    lines = ["# " + _("The settings of wptui. A line without # in front of it is in force."), ""]
    for path, item in _walk(Settings):
        english = item.metadata["doc"]  # by itself: the extractor would take "doc" for a message
        doc = _(english).replace("`", "")
        if "section" in item.metadata or item.name == "keys":
            lines += ["", f"# {doc}", f"[{'.'.join(path)}]"]
        else:
            lines += [f"# {doc}", f"#{item.name} = {to_toml(item.metadata['default'])}"]
    return "\n".join(lines) + "\n"


def effective(settings: Settings) -> str:
    """*settings* as TOML, every one of them, ready to be read back."""
    lines: list[str] = []
    for path, item in _walk(Settings):
        if "section" in item.metadata or item.name == "keys":
            lines += ["", f"[{'.'.join(path)}]"]
        if "section" in item.metadata:
            continue
        value: Any = settings
        for name in path:
            value = getattr(value, name)
        if item.name == "keys":
            lines += [f"{json.dumps(command)} = {to_toml(list(keys))}" for command, keys in value.items()]
        else:
            lines.append(f"{item.name} = {to_toml(_written(item.metadata['kind'], value))}")
    return "\n".join(lines).lstrip("\n") + "\n"


def _written(kind: Any, value: Any) -> Any:
    """The value the program uses, as it would be written in the file."""
    if isinstance(kind, Duration):
        return f"{value // 60}m" if value % 60 == 0 else f"{value}s"
    if isinstance(kind, QuietHours):
        if value is None:
            return ""
        (start, end) = value
        return f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"
    return sorted(value) if isinstance(value, frozenset) else value
