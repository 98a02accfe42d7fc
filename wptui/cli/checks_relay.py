"""What ``wptui doctor`` looks at that has to do with the relay: the account, its cache and outbox, the connection."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Generator, Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path

from wptui import __version__, config, i18n
from wptui.i18n import _, ngettext
from wptui.model import protocol
from wptui.model.errors import ConfigError, WptuiError
from wptui.model.finding import Finding
from wptui.sync import credentials
from wptui.sync.credentials import Account, Places

PATIENCE = 5.0
"""Seconds to wait for the relay."""

SKEW = 60
"""Seconds of difference between two clocks that are worth a word: waiting times are shown by the relay's."""


def account() -> Account | Finding:
    """The account in use, or what is wrong with it."""
    try:
        url = config.load().relay.url
    except ConfigError:
        url = ""
    try:
        return credentials.load(url)
    except WptuiError as error:
        return Finding("relay.account", "warn", str(error), error.hint or _("Sign in with `wptui login`."))


def files() -> Iterator[Finding]:
    """Whether cache and outbox are sound, how big, and what waits in them. Changes nothing."""
    found = account()
    if isinstance(found, Finding):
        return
    places = credentials.places(found)
    yield from _cache(places)
    yield from _outbox(places)


def _cache(places: Places) -> Iterator[Finding]:
    if not places.cache.exists():
        yield Finding("cache.file", "ok", _("no cache yet; it is filled at the first connection"))
        return
    size = i18n.format_decimal(sum(path.stat().st_size for path in _with_wal(places.cache)) / 1024**2)
    answer = _ask(
        places.cache, "SELECT (SELECT count(*) FROM conversations), (SELECT value FROM meta WHERE key = 'cursor')"
    )
    if isinstance(answer, str):
        todo = _("Remove {path}: it is filled again from the relay; nothing is lost.").format(path=places.cache)
        yield Finding("cache.file", "fail", _("the cache is damaged: {reason}").format(reason=answer), todo)
        return
    conversations, cursor = answer[0]
    text = ngettext(
        "{n} conversation, {size} MB, up to event {cursor}",
        "{n} conversations, {size} MB, up to event {cursor}",
        conversations,
    )
    text = text.format(n=i18n.format_number(conversations), size=size, cursor=cursor or 0)
    yield Finding("cache.file", "ok", text)


def _outbox(places: Places) -> Iterator[Finding]:
    if not places.outbox.exists():
        return
    answer = _ask(places.outbox, "SELECT count(*), sum(state = 'refused') FROM commands")
    if isinstance(answer, str):
        todo = _("Start wptui: it moves {path} aside and keeps it. Look at what was sent last.").format(
            path=places.outbox
        )
        yield Finding("outbox.file", "fail", _("the outbox is damaged: {reason}").format(reason=answer), todo)
        return
    waiting, refused = answer[0][0], answer[0][1] or 0
    if refused:
        text = ngettext("{n} command was refused", "{n} commands were refused", refused).format(n=refused)
        yield Finding("outbox.file", "warn", text, _("Open wptui: each is shown where it happened, with its reason."))
    elif waiting:
        text = ngettext("{n} command waits for the relay", "{n} commands wait for the relay", waiting)
        yield Finding("outbox.file", "ok", text.format(n=waiting))
    else:
        yield Finding("outbox.file", "ok", _("nothing waits to be sent"))


def _with_wal(path: Path) -> list[Path]:
    return [file for file in (path, path.with_name(path.name + "-wal")) if file.exists()]


def _ask(path: Path, sql: str) -> list[tuple[int, int]] | str:
    """The rows of *sql* in the database at *path*, after looking at every page of it; or what is wrong."""
    try:
        db = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
        try:
            verdict = db.execute("PRAGMA quick_check(1)").fetchone()[0]
            return db.execute(sql).fetchall() if verdict == "ok" else str(verdict)
        finally:
            db.close()
    except sqlite3.Error as error:
        return str(error)


def link() -> Iterator[Finding]:
    """Whether the relay can be reached, by which way, takes our token, and agrees about the time."""
    found = account()
    if isinstance(found, Finding):
        yield found
        return
    yield Finding("relay.account", "ok", _("signed in to {url}").format(url=found.url))
    clock = yield from _reach(found)
    if clock is None:
        return
    frame = _greet(found)
    if isinstance(frame, protocol.Welcome):
        name = frame.name or frame.agent
        yield Finding("relay.token", "ok", _("the relay knows you as {name}").format(name=name))
        yield Finding(
            "relay.version",
            "ok",
            _("relay {theirs}, terminal {ours}").format(theirs=frame.version or "?", ours=__version__),
        )
        clock = frame.clock / 1000
    elif isinstance(frame, protocol.Sorry):
        todo = (
            _("Sign in again with `wptui login`.")
            if frame.code in ("unauthorized", "revoked")
            else _("Try again later.")
        )
        if frame.code in ("older_terminal", "older_relay"):
            todo = _("Bring both to the same version.")
        yield Finding("relay.token", "fail", frame.message or frame.code, todo)
    else:
        yield Finding(
            "relay.websocket",
            "warn",
            _("no WebSocket gets through: {reason}").format(reason=frame),
            _("wptui asks every ten seconds instead. Let the relay's proxy pass `Upgrade: websocket` on."),
        )
    skew = clock - time.time()
    apart = _("clocks are {seconds} s apart").format(seconds=i18n.format_number(abs(round(skew))))
    if abs(skew) > SKEW:
        todo = _("Set this machine's clock, or the relay's (NTP). Until then times are shown by the relay's.")
        yield Finding("relay.clock", "warn", apart, todo)
    else:
        yield Finding("relay.clock", "ok", apart)


def _reach(account: Account) -> Generator[Finding, None, float | None]:
    """Ask the relay whether it lives; returns its clock (Unix seconds), or None where it cannot be reached."""
    import httpx

    began = time.monotonic()
    try:
        answer = httpx.get(f"{account.url}/healthz", timeout=PATIENCE)
    except httpx.HTTPError as error:
        reason = str(error) or type(error).__name__
        yield Finding(
            "relay.reach",
            "fail",
            _("the relay cannot be reached: {reason}").format(reason=reason),
            _("Does it run, is the address right, is a firewall between? `wptui relay doctor` looks there."),
        )
        return None
    took = round((time.monotonic() - began) * 1000)
    if answer.status_code != 200:
        yield Finding(
            "relay.reach",
            "fail",
            _("{url} answers {status}: that is not a healthy relay").format(url=account.url, status=answer.status_code),
            _("Ask whoever runs it for `wptui relay doctor`."),
        )
        return None
    yield Finding("relay.reach", "ok", _("the relay answers in {ms} ms").format(ms=i18n.format_number(took)))
    try:
        return parsedate_to_datetime(answer.headers["date"]).timestamp()
    except (KeyError, ValueError):
        return time.time()


def _greet(account: Account) -> protocol.AnyFrame | str:
    """The relay's first frame on a WebSocket, or why there is none."""
    import msgspec
    from websockets.exceptions import WebSocketException
    from websockets.sync.client import connect
    from websockets.typing import Subprotocol

    try:
        with connect(
            f"ws{account.url.removeprefix('http')}/v1/sync",
            subprotocols=[Subprotocol(protocol.SUBPROTOCOL)],
            additional_headers={"Authorization": f"Bearer {account.token}"},
            open_timeout=PATIENCE,
            close_timeout=1,
        ) as socket:
            hello = protocol.Hello(cursor=0, schema=protocol.SCHEMA, version=__version__)
            socket.send(protocol.encode(hello).decode())
            return protocol.decode(socket.recv(PATIENCE))
    except (OSError, WebSocketException, msgspec.MsgspecError) as error:
        return str(error) or type(error).__name__
