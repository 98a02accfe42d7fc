"""Reading, checking and changing ``config.toml``.

Nothing is guessed: an unknown or wrong key is an error that names the file, the line and the key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

from wptui import paths
from wptui.config.kinds import KeyedError, suggestion
from wptui.config.settings import Settings
from wptui.i18n import _
from wptui.model.errors import ConfigError
from wptui.model.toml_lines import line_of

_POSITION = re.compile(r"\s*\(at line (\d+), column \d+\)$")


def load(path: Path | None = None) -> Settings:
    """The settings in *path* (default: `wptui.paths.config_file`); all defaults when there is no such file.

    Raises ConfigError, naming file, line and key.
    """
    path = path or paths.config_file()
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Settings()
    except UnicodeDecodeError as error:
        raise ConfigError(_("{file}: not UTF-8 text").format(file=path)) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(_("{file}: cannot be read: {reason}").format(file=path, reason=reason)) from error
    return parse(text, str(path))


def parse(text: str, file: str) -> Settings:
    """The settings written in *text*; *file* is its name in errors. Raises ConfigError."""
    import tomllib  # only when there is a file

    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        position = _POSITION.search(message)
        line = int(position[1]) if position else text.count("\n") + 1
        reason = _POSITION.sub("", message)
        raise ConfigError(
            _("{file}:{line}: not valid TOML: {reason}").format(file=file, line=line, reason=reason)
        ) from error
    settings: Settings = _read(Settings, table, (), text, file)
    return settings


def _read(cls: Any, table: Mapping[str, Any], path: tuple[str, ...], text: str, file: str) -> Any:
    known = {f.name: f for f in fields(cls)}
    values: dict[str, Any] = {}
    for name, value in table.items():
        here = (*path, name)
        if name not in known:
            near = suggestion(name, list(known))
            raise _error(here, _("there is no such setting") + near, text, file)
        metadata = known[name].metadata
        if "section" in metadata:
            if not isinstance(value, Mapping):
                raise _error(here, _("must be a table"), text, file)
            values[name] = _read(metadata["section"], value, here, text, file)
            continue
        try:
            read = metadata["kind"].read(value)
        except KeyedError as error:
            raise _error((*here, *error.key.split(".")), str(error), text, file) from error
        except ValueError as error:
            raise _error(here, str(error), text, file) from error
        values[name] = MappingProxyType(read) if isinstance(read, dict) else read
    return cls(**values)


def _error(path: tuple[str, ...], reason: str, text: str, file: str) -> ConfigError:
    key = ".".join(path)
    line = line_of(text, path, dotted=True)
    return ConfigError(
        _("{file}:{line}: {key}: {reason}").format(file=file, line=line, key=key, reason=reason),
        hint=_("`wptui config docs` lists every setting; `wptui config edit` opens the file."),
    )


def change(key: str, value: Any, path: Path | None = None) -> Settings:
    """Set *key* (dotted) to *value* (as TOML has it) in the file, keeping its comments and order.

    Returns the new settings. The whole file is checked before it replaces the old one: raises ConfigError,
    and then nothing has changed; OSError when it cannot be written.
    """
    import tomlkit  # slow to import, and only needed to write

    path = path or paths.config_file()
    load(path)  # an error that was there before is told as such, before anything is touched
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    document = tomlkit.parse(text)
    table: Any = document
    *parents, name = key.split(".", 1) if key.startswith("keys.") else key.split(".")  # a command id is one key
    for parent in parents:
        if not isinstance(table.get(parent), Mapping):
            table[parent] = tomlkit.table()
        table = table[parent]
    table[name] = value
    written = tomlkit.dumps(document)
    settings = parse(written, str(path))
    paths.write_atomic(path, written.encode())
    return settings


def error_at(path: tuple[str, ...], reason: str, file: Path | None = None) -> ConfigError:
    """The error to raise for a setting that only the program can judge: names file, line and key like the others."""
    file = file or paths.config_file()
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        text = ""
    return _error(tuple(part for name in path for part in name.split(".")), reason, text, str(file))
