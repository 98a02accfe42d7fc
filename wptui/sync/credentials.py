"""Which relay this terminal belongs to, the token that proves it, and where that account's files lie.

The token lies in the keyring where there is one that works, else in a 0600 file (a support box without a desktop
has no keyring daemon). With `WPTUI_HOME` everything is in that folder, so the token is too. `WPTUI_RELAY` and
`WPTUI_TOKEN` together go before both, for scripts. A token is never shown, logged or put into an error.
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from wptui import paths
from wptui.i18n import _
from wptui.model.errors import AuthError, StorageError, UsageError

SERVICE = "wptui"
"""Name of our entries in the keyring."""

_SCHEMES = {"https": "https", "wss": "https", "http": "http", "ws": "http"}


class Account(msgspec.Struct, kw_only=True, omit_defaults=True):
    """An agent at a relay. `url` is normalised (`relay_url`), `agent` and `workspace` as the relay named them."""

    url: str
    token: str = ""
    agent: str = ""
    name: str = ""
    workspace: str = ""

    def __repr__(self) -> str:
        return f"Account(url={self.url!r}, agent={self.agent!r})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("url", self.url), ("agent", self.agent)]


class _File(msgspec.Struct, omit_defaults=True):
    """What is written to disk. An account without a token has it in the keyring."""

    current: str = ""
    accounts: list[Account] = []


class Places(NamedTuple):
    """Where an account's files lie."""

    cache: Path
    """The SQLite cache; may be thrown away."""
    outbox: Path
    """Commands and drafts; may not."""
    media: Path
    """Folder of downloaded files."""


def is_loopback(host: str) -> bool:
    """Whether `host` (name or address, without port) is this machine itself."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def relay_url(text: str) -> str:
    """The one spelling of a relay's address: `https://host[:port][/path]`, `http://` only for this machine.

    Takes `wss://` and `ws://` too, and no scheme at all. Raises UsageError where it is no address, or unencrypted.
    """
    text = text.strip()
    if "://" not in text:
        host = urlsplit("//" + text).hostname or ""
        text = f"{'http' if is_loopback(host) else 'https'}://{text}"
    example = _("For example https://relay.example.com")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise UsageError(_("{url} is not the address of a relay").format(url=text), hint=example) from error
    scheme = _SCHEMES.get(parts.scheme.lower())
    host = (parts.hostname or "").lower()
    if scheme is None or not host or parts.query or parts.fragment or re.search(r"[\s\x00-\x1f\x7f]", text):
        raise UsageError(_("{url} is not the address of a relay").format(url=text), hint=example)
    if parts.username is not None or parts.password is not None:
        raise UsageError(_("The relay's address must not contain a user name or password"), hint=example)
    if scheme == "http" and not is_loopback(host):
        raise UsageError(
            _("{url} is not encrypted: the token and every message could be read on the way").format(url=text),
            hint=_("Use https://, or an SSH tunnel: ssh -L 8080:localhost:8080 {host}").format(host=host),
        )
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}{f':{port}' if port else ''}{parts.path.rstrip('/')}"


def places(account: Account) -> Places:
    """The files of `account`: another agent, or another relay, has others."""
    who = account.agent or hashlib.sha256(account.token.encode()).hexdigest()
    key = hashlib.sha256(f"{account.url}\n{who}".encode()).hexdigest()[:12]
    host = re.sub(r"[^a-z0-9.-]", "_", (urlsplit(account.url).hostname or "relay").lower())[:40]
    name = f"{host}-{key}"
    return Places(
        cache=paths.cache_dir() / name / "cache.db",
        outbox=paths.data_dir() / name / "outbox.db",
        media=paths.cache_dir() / name / "media",
    )


def current(url: str = "") -> Account | None:
    """The account `load` would answer, without asking the keyring: its token may be missing. None where there is none.

    For what must be on screen at once; the token is needed only to connect. Raises as `load`, except AuthError.
    """
    token, relay = os.environ.get("WPTUI_TOKEN", ""), os.environ.get("WPTUI_RELAY", "")
    if token and (relay or url):
        return Account(url=relay_url(relay or url), token=token, agent=os.environ.get("WPTUI_AGENT", ""))
    saved = _read()
    wanted = relay_url(relay or url) if relay or url else saved.current
    return next((account for account in saved.accounts if account.url == wanted), None)


def load(url: str = "") -> Account:
    """The account to use: the environment's, else the one at `url` (a setting), else that of the last login.

    Raises AuthError where there is none, UsageError for an address that is not allowed.
    """
    token, relay = os.environ.get("WPTUI_TOKEN", ""), os.environ.get("WPTUI_RELAY", "")
    if token and (relay or url):
        return Account(url=relay_url(relay or url), token=token, agent=os.environ.get("WPTUI_AGENT", ""))
    saved = _read()
    wanted = relay_url(relay or url) if relay or url else saved.current
    account = next((account for account in saved.accounts if account.url == wanted), None)
    hint = _("`wptui login {url}` signs in; a colleague who runs the relay gives you a code.")
    if account is None:
        raise AuthError(
            _("You are not signed in to {url}").format(url=wanted) if wanted else _("You are not signed in"),
            hint=hint.format(url=wanted or "https://…"),
        )
    if not account.token:
        account.token = _from_keyring(account.url)
    if not account.token:
        raise AuthError(
            _("The token for {url} is no longer in the keyring").format(url=wanted),
            hint=hint.format(url=wanted),
        )
    return account


def save(account: Account) -> str:
    """Keeps `account` and makes it the current one; where the token went: "keyring" or the file's path."""
    saved = _read()
    kept = msgspec.structs.replace(account, token="" if _to_keyring(account) else account.token)
    saved.accounts = [other for other in saved.accounts if other.url != account.url] + [kept]
    saved.current = account.url
    _write(saved)
    return str(_path()) if kept.token else "keyring"


def forget(url: str) -> None:
    """Removes the account at `url` and its token from file and keyring. Nothing happens where there is none."""
    saved = _read()
    saved.accounts = [account for account in saved.accounts if account.url != url]
    if saved.current == url:
        saved.current = saved.accounts[-1].url if saved.accounts else ""
    _write(saved)
    ring = _keyring()
    if ring is not None:
        try:
            ring.delete_password(SERVICE, url)
        except Exception:  # each backend has its own errors; there may just be no such entry
            pass


def _path() -> Path:
    return paths.state_dir() / "accounts.json"


def _read() -> _File:
    try:
        return msgspec.json.decode(_path().read_bytes(), type=_File)
    except FileNotFoundError:
        return _File()
    except (OSError, msgspec.MsgspecError) as error:
        detail = error.strerror if isinstance(error, OSError) else _("it is damaged")
        raise StorageError(
            _("{path} cannot be read: {error}").format(path=_path(), error=detail),
            hint=_("Sign in again with `wptui login`, after removing the file."),
        ) from None  # the cause may quote the file, which may hold a token


def _write(saved: _File) -> None:
    try:
        paths.write_atomic(_path(), msgspec.json.format(msgspec.json.encode(saved)))
    except OSError as error:
        raise StorageError(_("{path} cannot be written: {error}").format(path=_path(), error=error.strerror)) from error


def _keyring() -> ModuleType | None:
    """The keyring module, if it would really keep something."""
    if os.environ.get("WPTUI_HOME"):
        return None
    if sys.platform.startswith("linux") and not os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return None  # asking the bus would start one, or wait for it
    try:
        import keyring
        from keyring.backends import fail, null

        backend = keyring.get_keyring()
        if isinstance(backend, (fail.Keyring, null.Keyring)) or backend.priority <= 0:
            return None
    except Exception:  # a backend that cannot even be asked is none
        return None
    return keyring


def _from_keyring(url: str) -> str:
    ring = _keyring()
    if ring is None:
        return ""
    try:
        return ring.get_password(SERVICE, url) or ""
    except Exception:  # locked, refused, gone: the same to us
        return ""


def _to_keyring(account: Account) -> bool:
    ring = _keyring()
    if ring is None:
        return False
    try:
        ring.set_password(SERVICE, account.url, account.token)
        return bool(ring.get_password(SERVICE, account.url) == account.token)
    except Exception:  # then the file keeps it
        return False
