"""A sandbox, a relay and what lies between them and a terminal: for tests over real HTTP and WebSockets."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from wptui.model.commands import SendMessage
from wptui.relay.config import RelayConfig
from wptui.relay.server import Relay
from wptui.sandbox.server import Sandbox
from wptui.store import inbox, thread
from wptui.store.database import open_database
from wptui.store.inbox import InboxQuery, InboxRow
from wptui.sync import http
from wptui.sync.credentials import Account
from wptui.sync.link import Link
from wptui.sync.outbox import Outbox
from wptui.sync.state import LinkChange

T = TypeVar("T")
PATIENCE = 15.0


async def until(look: Callable[[], T | None], what: str = "") -> T:
    """What `look` answers once it is true. Fails after `PATIENCE` seconds."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"it never came true: {what or look}")
        await asyncio.sleep(0.01)


class Proxy:
    """A network between terminal and relay that can be cut, and one that forbids WebSockets."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.url = ""
        self.cut_off = False
        self.no_websockets = False
        self.requests: list[bytes] = []
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        self.cut()
        assert self._server is not None
        self._server.close()

    def cut(self) -> None:
        """Every connection breaks, without a good-bye; new ones are refused until `mend`."""
        self.cut_off = True
        for writer in list(self._writers):
            writer.transport.abort()

    def mend(self) -> None:
        self.cut_off = False

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.cut_off:
            writer.transport.abort()
            return
        self._writers.add(writer)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(head.split(b"\r\n", 1)[0])
            if self.no_websockets and b"upgrade: websocket" in head.lower():
                writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnope")
                await writer.drain()
                return
            there = urlsplit(self.target)
            up_reader, up_writer = await asyncio.open_connection(there.hostname, there.port)
            self._writers.add(up_writer)
            up_writer.write(head)
            await asyncio.gather(_pipe(reader, up_writer), _pipe(up_reader, writer))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        with contextlib.suppress(OSError):
            writer.close()


class Terminal:
    """A terminal without a screen: outbox, link, and a reader of the cache."""

    def __init__(self, home: Path, account: Account) -> None:
        self.cache_path = home / "cache.db"
        self.outbox = Outbox(home / "outbox.db")
        self.changes: list[LinkChange] = []
        self.link = Link(self.cache_path, self.outbox, account, on_change=self.changes.append)
        self._task: asyncio.Task[None] | None = None
        self._db: sqlite3.Connection | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self.link.run())

    async def live(self) -> None:
        await until(lambda: self.link.state.connected, "connected")

    async def stop(self) -> None:
        self.reopen()  # a reader that closes last leaves the WAL behind
        await self.link.close()
        if self._task is not None:
            await asyncio.wait_for(self._task, 10)
        self.outbox.close()

    def reopen(self) -> None:
        """Read another file from now on, as the screen does after a rebuild."""
        if self._db is not None:
            self._db.close()
            self._db = None

    @property
    def db(self) -> sqlite3.Connection:
        if self._db is None:
            self._db = open_database(self.cache_path, read_only=True)
        return self._db

    def titles(self) -> list[str]:
        return sorted(row.title for row in self.rows())

    def rows(self) -> list[InboxRow]:
        if not self.cache_path.exists():
            return []
        return inbox.window(self.db, InboxQuery(), 0, 1000)

    async def row(self, title: str) -> InboxRow:
        return await until(lambda: next((row for row in self.rows() if row.title == title), None), title)

    def texts(self, conversation: str) -> list[str]:
        return [row.text for row in thread.latest(self.db, conversation, 1000)]

    def say(self, row: InboxRow, text: str) -> str:
        content = {"type": "text", "text": {"body": text}}
        return self.link.send(row.id, SendMessage(conversation=row.id, content=content, text=text))

    def status(self, message: str) -> str | None:
        row = thread.message(self.db, message)
        return row.status if row is not None else None


class House:
    """Sandbox, relay, proxy, and terminals."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.sandbox = Sandbox(seed=5)
        self.terminals: list[Terminal] = []

    def config(self, name: str = "relay") -> RelayConfig:
        box = self.sandbox
        return RelayConfig(
            app_secret=box.app_secret,
            verify_token=box.verify_token,
            access_token=box.access_token,
            graph_url=box.url,
            waba=box.waba_id,
            numbers=tuple(box.phone_number_ids),
            database=str(self.home / name / "relay.db"),
            media_folder=self.home / name / "media",
            workspace="Kahve Dükkânı",
        )

    async def start(self) -> None:
        await self.sandbox.start()
        self.relay = Relay(self.config(), pace=0.01)
        await self.relay.start(port=0)
        await self.sandbox.connect(f"{self.relay.url}/webhook")
        self.proxy = Proxy(self.relay.url)
        await self.proxy.start()

    async def stop(self) -> None:
        for terminal in self.terminals:
            await terminal.stop()
        await self.proxy.stop()
        await self.relay.stop()
        await self.sandbox.stop()

    async def account(self, name: str = "Ayşe", role: str = "owner") -> Account:
        """Somebody signs in, over the proxy; added with the role where need be."""
        agent = next((each for each in self.relay.accounts.agents() if each.name == name), None)
        agent = agent or self.relay.accounts.add(name, role)
        return await http.login(self.proxy.url, self.relay.accounts.code(agent.id), "test")

    async def terminal(self, account: Account | None = None, *, name: str = "one", start: bool = True) -> Terminal:
        terminal = Terminal(self.home / name, account or await self.account())
        self.terminals.append(terminal)
        if start:
            terminal.start()
            await terminal.live()
        return terminal

    def sends(self, text: str) -> int:
        """How often the Graph API took a message with this text."""
        return sum(
            1
            for send in self.sandbox.sends.all
            if send.wamid is not None and (send.body.get("text") or {}).get("body") == text
        )


@contextlib.asynccontextmanager
async def open_house(home: Path) -> AsyncIterator[House]:
    house = House(home)
    await house.start()
    try:
        yield house
    finally:
        await house.stop()


def dump(db: sqlite3.Connection) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of a store that every reader must agree on; what is local to one (`no`, the cursor) left out."""
    tables = {
        "contacts": "*",
        "aliases": "*",
        "conversations": "*",
        "requests": "*",
        "reactions": "*",
        "receipts": "*",
        "labels": "*",
        "agents": "*",
        "canned": "*",
        "messages": "id, conversation, request, wamid, dir, author, kind, ts, seq, text, body, quote, counted, human, "
        "status, status_ts, attempts, error_code, edited_at, earlier, revoked_at, media_key, media_state",
    }
    return {
        name: sorted(db.execute(f"SELECT {columns} FROM {name}").fetchall(), key=repr)
        for name, columns in tables.items()
    }
