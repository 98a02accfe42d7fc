"""The relay's configuration: a TOML file, and over it the environment.

The environment alone is enough to start. Secrets come from the environment, from a file of their own that only
the user may read, or from the keyring, in this order; they are never shown, not even by `repr`.

    [relay]     listen, database, workspace, timezone, reopen_within, first_response_target, secrets_file, keyring
    [meta]      graph_url, waba, numbers
    [media]     folder, largest, keep
    [[campaigns]]   code, name, ads
    [[canned]]      shortcut, text, title
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from wptui import paths
from wptui.config.kinds import Duration, suggestion
from wptui.i18n import _
from wptui.model.errors import ConfigError
from wptui.model.toml_lines import line_of

GRAPH_URL = "https://graph.facebook.com"
KEYRING_SERVICE = "wptui-relay"
SECRETS = ("app_secret", "app_secret_previous", "verify_token", "access_token")
ENVIRONMENT = {
    "WPTUI_APP_SECRET": "app_secret",
    "WPTUI_APP_SECRET_PREVIOUS": "app_secret_previous",
    "WPTUI_VERIFY_TOKEN": "verify_token",
    "WPTUI_ACCESS_TOKEN": "access_token",
    "WPTUI_GRAPH_URL": "graph_url",
    "WPTUI_WABA_ID": "waba",
    "WPTUI_PHONE_NUMBER_IDS": "numbers",
    "WPTUI_DATABASE": "database",
    "WPTUI_LISTEN": "listen",
}
"""Variable → field of `RelayConfig`."""

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_POSITION = re.compile(r"\s*\(at line (\d+), column \d+\)$")


@dataclass(frozen=True)
class Campaign:
    """A campaign to begin with: its code in first messages, and the ads that stand for it."""

    code: str
    name: str = ""
    ads: tuple[str, ...] = ()


@dataclass(frozen=True)
class Canned:
    """A canned reply to begin with."""

    shortcut: str
    text: str
    title: str = ""


@dataclass(frozen=True)
class RelayConfig:
    """Everything a relay is told at its start."""

    app_secret: str = field(default="", repr=False)
    app_secret_previous: str = field(default="", repr=False)
    """Accepted too while Meta changes from one app secret to the next."""
    verify_token: str = field(default="", repr=False)
    access_token: str = field(default="", repr=False)
    graph_url: str = GRAPH_URL
    waba: str = ""
    numbers: tuple[str, ...] = ()
    """`phone_number_id`s; empty: the Graph API is asked for those of `waba`."""
    database: str = field(default="", repr=False)
    """A path, or another engine's address (which may hold a password)."""
    host: str = "127.0.0.1"
    port: int = 8080
    workspace: str = ""
    timezone: str = ""
    reopen_within: int = 24 * 3600
    """Seconds."""
    first_response_target: int = 600
    """Seconds."""
    media_folder: Path = field(default_factory=lambda: paths.data_dir() / "media")
    media_largest: int = 100 << 20
    """Bytes of the largest file fetched."""
    media_keep: int = 0
    """Seconds after which a file is removed; 0: never."""
    campaigns: tuple[Campaign, ...] = ()
    canned: tuple[Canned, ...] = ()
    file: Path | None = None
    """Where it was read from, if from a file."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """The app secrets that may sign a webhook."""
        return tuple(secret for secret in (self.app_secret, self.app_secret_previous) if secret)

    @property
    def view_path(self) -> Path:
        """Where the relay's own fold of the log is kept."""
        if "://" in self.database:
            return paths.data_dir() / "relay-view.db"
        log = Path(self.database)
        return log.with_name(f"{log.stem}-view.db")

    @property
    def is_public(self) -> bool:
        """Whether the relay listens to more than this machine."""
        return self.host not in _LOOPBACK


def default_file() -> Path:
    """Where `wptui relay` looks without `--config`."""
    return paths.config_dir() / "relay.toml"


def load(
    file: Path | None = None, *, environment: Mapping[str, str] | None = None, secrets: bool = True
) -> RelayConfig:
    """The configuration in `file` (default `default_file`, which may be missing) and the environment.

    Raises ConfigError, naming file, line and key or the variable. With `secrets` those needed must be there;
    without, none is looked for: commands that only read the log need none.
    """
    env = os.environ if environment is None else environment
    values: dict[str, Any] = {}
    path = file or default_file()
    if file is not None or path.exists():
        values = _Reader(path).read()
        values["file"] = path
    secrets_file = values.pop("secrets_file", None)
    keyring = values.pop("keyring", True)
    for variable, name in ENVIRONMENT.items():
        if text := env.get(variable, "").strip():
            try:
                values.update(_environment(name, text))
            except ValueError as error:
                raise ConfigError(f"{variable}: {error}") from error
    if not values.get("database"):
        values["database"] = str(paths.data_dir() / "relay.db")
    if secrets:
        _add_secrets(values, secrets_file, path.parent, keyring)
    return RelayConfig(**values)


def _environment(name: str, text: str) -> dict[str, Any]:
    if name == "listen":
        return _listen(text)
    if name == "numbers":
        return {"numbers": tuple(_number(part.strip()) for part in text.split(",") if part.strip())}
    if name == "graph_url":
        return {"graph_url": _url(text)}
    return {name: text}


# ── what values may be ───────────────────────────────────────────────────────────────────────────────────


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(_("must be text in quotes"))
    return value


def _word(value: Any) -> str:
    if not _text(value).strip():
        raise ValueError(_("must not be empty"))
    return str(value).strip()


def _number(value: Any) -> str:
    if not isinstance(value, str) or not value.isascii() or not value.isdigit():
        raise ValueError(_('must be ids of digits, such as "109876500000010"'))
    return value


def _numbers(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError(_('must be a list of ids, such as ["109876500000010"]'))
    return tuple(_number(each) for each in value)


def _words(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError(_("must be a list of texts"))
    return tuple(_word(each) for each in value)


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(_("must be true or false"))
    return value


def _url(value: Any) -> str:
    from urllib.parse import urlsplit

    parts = urlsplit(_text(value))
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(_('must be an address such as "https://graph.facebook.com"'))
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise ValueError(_("must begin with https://: the access token goes there"))
    return str(value).rstrip("/")


def _listen(value: Any) -> dict[str, Any]:
    host, colon, port = _text(value).rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError(_('must be host and port, such as "127.0.0.1:8080"'))
    return {"host": host, "port": int(port)}


def _zone(value: Any) -> str:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(_word(value))
    except (OSError, ValueError, LookupError) as error:
        raise ValueError(_('must be a time zone such as "Europe/Istanbul"')) from error
    return str(value)


def _megabytes(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 100:
        raise ValueError(_("must be a number of megabytes from 1 to 100"))
    return value << 20


def _path(value: Any) -> Path:
    return Path(_word(value)).expanduser()


def _database(value: Any) -> str:
    return _word(value) if "://" in _text(value) else str(_path(value))


_seconds = Duration(least=0, most=10 * 366 * 86_400).read

_KEYS: dict[str, dict[str, tuple[str, Callable[[Any], Any]]]] = {
    "relay": {
        "listen": ("listen", _listen),
        "database": ("database", _database),
        "workspace": ("workspace", _text),
        "timezone": ("timezone", _zone),
        "reopen_within": ("reopen_within", _seconds),
        "first_response_target": ("first_response_target", _seconds),
        "secrets_file": ("secrets_file", _path),
        "keyring": ("keyring", _switch),
    },
    "meta": {
        "graph_url": ("graph_url", _url),
        "waba": ("waba", _number),
        "numbers": ("numbers", _numbers),
    },
    "media": {
        "folder": ("media_folder", _path),
        "largest": ("media_largest", _megabytes),
        "keep": ("media_keep", _seconds),
    },
}
"""Table → key → (field, how it is read)."""

_LISTS: dict[str, tuple[type[Any], dict[str, Callable[[Any], Any]]]] = {
    "campaigns": (Campaign, {"code": _word, "name": _text, "ads": _words}),
    "canned": (Canned, {"shortcut": _word, "text": _word, "title": _text}),
}
"""List of tables → class and how its keys are read; keys without a default must be there."""


class _Reader:
    """Reads one file strictly: a key nobody knows is an error."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = ""

    def table(self) -> dict[str, Any]:
        """What the file holds. Raises ConfigError."""
        import tomllib

        try:
            self.text = self.path.read_text("utf-8")
            return tomllib.loads(self.text)
        except UnicodeDecodeError as error:
            raise ConfigError(_("{file}: not UTF-8 text").format(file=self.path)) from error
        except OSError as error:
            reason = error.strerror or str(error)
            raise ConfigError(_("{file}: cannot be read: {reason}").format(file=self.path, reason=reason)) from error
        except tomllib.TOMLDecodeError as error:
            # Only where: what stands on the line may be a secret.
            where = _POSITION.search(str(error))
            line = int(where[1]) if where else self.text.count("\n") + 1
            raise ConfigError(_("{file}:{line}: not valid TOML").format(file=self.path, line=line)) from None

    def read(self) -> dict[str, Any]:
        """Fields of `RelayConfig`, `secrets_file` and `keyring`."""
        values: dict[str, Any] = {}
        for name, content in self.table().items():
            if name in _LISTS:
                values[name] = self._list(name, content)
            elif name in _KEYS:
                values.update(self._table(name, content))
            elif name in SECRETS:
                raise self.error((name,), _("secrets stand in a file of their own, not here"))
            else:
                raise self.error((name,), _("there is no such table") + suggestion(name, [*_KEYS, *_LISTS]))
        return values

    def _table(self, name: str, content: Any) -> dict[str, Any]:
        if not isinstance(content, dict):
            raise self.error((name,), _("must be a table"))
        values: dict[str, Any] = {}
        for key, value in content.items():
            if key in SECRETS:
                raise self.error((name, key), _("secrets stand in a file of their own, not here"))
            if key not in _KEYS[name]:
                raise self.error((name, key), _("there is no such setting") + suggestion(key, list(_KEYS[name])))
            into, read = _KEYS[name][key]
            try:
                found = read(value)
            except ValueError as error:
                raise self.error((name, key), str(error)) from error
            values.update(found if into == "listen" else {into: found})
        return values

    def _list(self, name: str, content: Any) -> tuple[Any, ...]:
        made, readers = _LISTS[name]
        if not isinstance(content, list) or not all(isinstance(each, dict) for each in content):
            raise self.error((name,), _("must be a list of tables: [[{name}]]").format(name=name))
        found = []
        for each in content:
            values: dict[str, Any] = {}
            for key, value in each.items():
                if key not in readers:
                    raise self.error((name, key), _("there is no such setting") + suggestion(key, list(readers)))
                try:
                    values[key] = readers[key](value)
                except ValueError as error:
                    raise self.error((name, key), str(error)) from error
            first = fields(made)[0].name
            for needed in (first, "text") if made is Canned else (first,):
                if needed not in values:
                    raise self.error((name,), _("{key} is missing").format(key=needed))
            found.append(made(**values))
        return tuple(found)

    def error(self, key: tuple[str, ...], reason: str) -> ConfigError:
        """The error about `key`, with its line."""
        return ConfigError(
            _("{file}:{line}: {key}: {reason}").format(
                file=self.path, line=line_of(self.text, key, dotted=True), key=".".join(key), reason=reason
            )
        )


# ── secrets ──────────────────────────────────────────────────────────────────────────────────────────────


def _add_secrets(values: dict[str, Any], named: Path | None, folder: Path, keyring: bool) -> None:
    """Fill in what the environment did not give: from the secrets file, then the keyring. Raises ConfigError."""
    path = named or folder / "relay-secrets.toml"
    if named is not None or path.exists():
        for name, value in _read_secrets(path).items():
            values.setdefault(name, value)
    needed = [name for name in SECRETS if name != "app_secret_previous" and not values.get(name)]
    if needed and keyring:
        for name in SECRETS:
            if not values.get(name) and (found := _from_keyring(name)):
                values[name] = found
    for name in needed:
        if not values.get(name):
            variable = next(key for key, value in ENVIRONMENT.items() if value == name)
            raise ConfigError(
                _("The relay needs {name}.").format(name=name),
                hint=_("Set {variable}, or write it to {file} (mode 0600); `wptui relay init` does that.").format(
                    variable=variable, file=path
                ),
            )


def _read_secrets(path: Path) -> dict[str, str]:
    reader = _Reader(path)
    table = reader.table()
    if os.name != "nt" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise ConfigError(
            _("{file}: others may read this file, and it holds secrets").format(file=path),
            hint=_("chmod 600 {file}").format(file=path),
        )
    for name, value in table.items():
        if name not in SECRETS:
            raise reader.error((name,), _("there is no such secret") + suggestion(name, list(SECRETS)))
        if not isinstance(value, str) or not value:
            raise reader.error((name,), _("must be text in quotes"))
    return table


def _from_keyring(name: str) -> str | None:
    import keyring  # slow, and often without a daemon behind it
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(KEYRING_SERVICE, name)
    except KeyringError:
        return None
