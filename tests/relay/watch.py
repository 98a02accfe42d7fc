"""A relay's hub with its clerk, sockets and HTTP, and terminals with real sessions and caches: all in one process.

What a terminal holds is compared, row by row, with what the relay's view has for its agent at that moment.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette

from tests.relay.ingest import RECEIVED_AT, opened
from tests.relay.story import NUMBER
from wptui.model import events as ev
from wptui.model import protocol
from wptui.model.errors import RefusedError, WptuiError
from wptui.model.permissions import Scope, See
from wptui.model.protocol import SUBPROTOCOL, AnyFrame, Pull, Welcome
from wptui.relay.accounts import Agent, Session
from wptui.relay.bundling import Bundling
from wptui.relay.desk import Desk
from wptui.relay.eventlog import Append
from wptui.relay.files import FileStore
from wptui.relay.http import Api
from wptui.relay.hub import Hub
from wptui.relay.meters import Meters
from wptui.relay.socket import SyncSocket
from wptui.relay.view import View
from wptui.relay.visibility import Visibility
from wptui.store import bundles, team, visible
from wptui.store.database import open_database
from wptui.store.fold_contacts import OWNED
from wptui.sync import session as act
from wptui.sync.cache import Cache
from wptui.sync.credentials import Account
from wptui.sync.http import Http
from wptui.sync.session import Phase
from wptui.sync.session import Session as Talk
from wptui.sync.snapshot import fill

NUMBERS = (NUMBER, "109876500000011")


class Accounts:
    """Everybody's token is their id."""

    def authenticate(self, token: str) -> Session:
        return Session(Agent(token, token.title(), "", 0, None, 1), "test", token)

    def valid(self, _session: Session) -> bool:
        return True


class House:
    """The relay's side."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seats: list[Seat] = []
        self.seen: list[tuple[int, dict[str, set[str]]]] = []
        """Log position → agent → the conversations in view there."""

    async def begin(self, log: Any, clerk: Any) -> None:
        self.log, self.clerk = log, clerk
        self.view = View(self.folder / "view.db")
        self.visibility = Visibility()
        self.visibility.load(*await clerk.look(lambda db: (visible.places(db), visible.standings(db))))
        self.hub = Hub(log.read, self.visibility, Bundling(self.view), tick=0)
        self.hub.begin(clerk.cursor)
        clerk.listen(self.hub.feed)
        accounts: Any = Accounts()
        commands: Any = None
        self.desk = Desk(
            hub=self.hub,
            commands=commands,
            view=self.view,
            epoch=lambda: str(log.epoch),
            typing=lambda _conversation: None,
            arriving=_nothing,
        )
        meters = Meters()
        self.socket = SyncSocket(self.desk, accounts, meters)
        self.files = FileStore(self.folder / "media")
        self.app = Starlette(routes=Api(self.desk, accounts, self.files, log).routes())
        self._task = asyncio.create_task(self.hub.run())
        self.db = open_database(self.folder / "view.db", read_only=True)
        self.look()

    async def end(self) -> None:
        for seat in self.seats:
            await seat.leave()
            seat.cache.close()
            await seat.http.close()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self.db.close()
        await self.view.close()

    # ── what happens ─────────────────────────────────────────────────────────────────────────────────────

    async def log_events(self, *data: tuple[ev.Data, str | None], actor: str = "agent:patron") -> None:
        at = RECEIVED_AT + self.clerk.cursor
        events = [ev.make(each, at=at, actor=actor, conversation=where) for each, where in data]
        await self.clerk.act(lambda db: [Append(events)])
        self.look()

    async def take(self, body: bytes) -> None:
        await self.log.store_raw(body, RECEIVED_AT)
        while await self.clerk.expand():
            pass
        self.look()

    def look(self) -> None:
        """Notes who sees what now."""
        agents = [id for (id,) in self.db.execute("SELECT id FROM agents")]
        now = {agent: self.in_view(agent) for agent in agents}
        self.seen.append((self.clerk.cursor, now))

    def in_view(self, agent: str) -> set[str]:
        where, values = visible.condition(team.scope(self.db, agent))
        return {id for (id,) in self.db.execute(f"SELECT id FROM conversations WHERE {where}", values)}

    def may_hold(self, agent: str, cursor: int) -> set[str]:
        """What a cache at `cursor` may hold: what was in view there, or has been since."""
        first = max((n for n, (position, _views) in enumerate(self.seen) if position <= cursor), default=0)
        found: set[str] = set()
        return found.union(*(views.get(agent, set()) for _position, views in self.seen[first:]))

    def seat(self, agent: str, *, polling: bool = False) -> Seat:
        seat = Seat(self, agent, self.folder / f"seat{len(self.seats)}" / "cache.db", polling)
        self.seats.append(seat)
        return seat

    async def quiet(self) -> None:
        """Waits until every terminal that takes something has all there is for it, and compares."""
        self.hub.flush()
        seats = [seat for seat in self.seats if seat.reading]
        for seat in seats:
            await seat.catch_up()
        for seat in seats:
            seat.check_equal()


async def _nothing() -> None:
    pass


class Seat:
    """A terminal: connected, cut off, or too slow; every frame goes through a real session into a real cache."""

    def __init__(self, house: House, agent: str, path: Path, polling: bool) -> None:
        self.house = house
        self.agent = agent
        self.polling = polling
        self.cache = Cache(path)
        self.cache.open()
        self.http = Http(Account(url="http://relay", token=agent))
        transport = httpx.ASGITransport(app=house.app)
        headers = {"Authorization": f"Bearer {agent}"}
        self.http._client = httpx.AsyncClient(transport=transport, base_url="http://relay", headers=headers)
        self.talk: Talk | None = None
        self.frames: deque[AnyFrame] = deque()
        self.reading = True
        self.kinds: list[str] = []
        """The frames that came on this connection, by their tags."""
        self.permissions: tuple[str, ...] = ()
        self.fills = 0
        self._incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._gate = asyncio.Event()
        self._line: asyncio.Task[None] | None = None

    # ── the connection ───────────────────────────────────────────────────────────────────────────────────

    async def join(self) -> None:
        """Connects, and fills the cache where that is due."""
        await self.leave()
        cursor, epoch, agent = self.cache.position()
        self.talk = Talk(cursor=cursor, epoch=epoch, agent=agent, scope=self.cache.scope())
        self.frames.clear()
        self.kinds.clear()
        if self.polling:
            return
        self._incoming = asyncio.Queue()
        self._gate.set()
        self.reading = True
        scope = {
            "type": "websocket",
            "subprotocols": [SUBPROTOCOL],
            "headers": [(b"authorization", f"Bearer {self.agent}".encode())],
        }
        self._incoming.put_nowait({"type": "websocket.connect"})
        self._say(self.talk.hello())
        self._line = asyncio.create_task(self.house.socket(scope, self._incoming.get, self._take))

    def _say(self, frame: AnyFrame) -> None:
        self._incoming.put_nowait({"type": "websocket.receive", "text": protocol.encode(frame).decode()})

    async def _take(self, message: Any) -> None:
        await self._gate.wait()
        if message["type"] == "websocket.send":
            frame = protocol.decode(message["text"])
            self.frames.append(frame)
            self.kinds.append(str(type(frame).__struct_config__.tag))

    def stall(self) -> None:
        """The terminal takes nothing more from now on."""
        self._gate.clear()
        self.reading = False

    def resume(self) -> None:
        self._gate.set()
        self.reading = True

    async def leave(self) -> None:
        """The connection breaks; what was on its way is lost."""
        self.talk = None
        self._gate.set()
        if self._line is not None:
            self._incoming.put_nowait({"type": "websocket.disconnect"})
            await self._line
            self._line = None
        self.frames.clear()

    def ask(self, conversation: str) -> None:
        """Asks for a conversation, whoever may see it."""
        if self.talk is not None and not self.polling and self.talk.greeted:
            self._say(Pull(conversation=conversation))

    # ── taking in ────────────────────────────────────────────────────────────────────────────────────────

    async def read(self) -> None:
        """Takes in what has come."""
        while self.frames and self.talk is not None:
            frame = self.frames.popleft()
            if isinstance(frame, Welcome):
                self.permissions = tuple(frame.permissions)
            for action in self.talk.receive(frame):
                await self._do(action)
                self.check()

    async def _do(self, action: act.Action) -> None:
        talk = self.talk
        match action:
            case act.Apply(events, cursor) if talk is not None:
                for more in talk.applied(self.cache.apply(events, cursor).cursor):
                    await self._do(more)
            case act.Write(bundle):
                self.cache.write(bundle)
                assert self.cache.take_stale() == []
            case act.Drop(conversations):
                self.cache.drop(conversations)
            case act.Fill():
                await self._fill()
            case act.Stop(sorry):
                assert sorry.code in ("changed", "busy"), sorry
                await self.join()

    async def _fill(self) -> None:
        assert self.talk is not None
        epoch, agent, scope = self.talk.epoch, self.talk.agent, self.talk.scope
        await self.leave()
        self.fills += 1
        try:
            await fill(self.cache, self.http, epoch, agent, _run, scope=scope, told=lambda _step: None)
        except RefusedError as error:
            assert error.code == "changed"
        await self.join()

    async def catch_up(self) -> None:
        """Reads until the cache is where the relay is."""
        try:
            async with asyncio.timeout(10):
                while not self._up_to_date():
                    if self.talk is None:
                        await self.join()
                    if self.polling:
                        await self.poll()
                    await self.read()
                    await asyncio.sleep(0)
        except TimeoutError as error:
            raise AssertionError(f"{self.agent} never gets there: {self.kinds[-20:]}") from error

    def _up_to_date(self) -> bool:
        house = self.house
        if self.talk is None or self.talk.phase is not Phase.LIVE or self.frames:
            return False
        if self.talk.scope != house.visibility.scope(self.agent).key:
            return False
        permissions = sorted(house.visibility.standing(self.agent).permissions)
        if list(self.permissions) != permissions:
            return False
        if self.polling:
            return self.talk.cursor >= house.hub.known
        mine = [terminal for terminal in house.hub.terminals if terminal.agent == self.agent]
        return bool(mine) and all(
            each.live and not each._queue and not each._wake.is_set() and bool(each._wake._waiters)  # type: ignore[attr-defined]
            for each in mine
        )

    async def poll(self, *frames: AnyFrame) -> None:
        if self.talk is None:
            await self.join()
        assert self.talk is not None
        self.frames.extend(await self.http.poll(self.talk.hello(), frames))
        self.kinds += [str(type(frame).__struct_config__.tag) for frame in self.frames]
        await self.read()

    # ── what must hold ───────────────────────────────────────────────────────────────────────────────────

    def held(self) -> set[str]:
        return {id for (id,) in self.cache.db.execute("SELECT id FROM conversations")}

    def check(self) -> None:
        """Nothing is here that was out of view where the cache stands, and has been ever since."""
        cursor, epoch, _agent = self.cache.position()
        if epoch and self.cache.scope() == self.house.visibility.scope(self.agent).key:
            foreign = self.held() - self.house.may_hold(self.agent, cursor)
            assert not foreign, f"{self.agent} still holds {foreign} at {cursor}"

    def check_equal(self) -> None:
        """The cache is the relay's view, as its agent sees it."""
        scope = team.scope(self.house.db, self.agent)
        there, here = rows(self.house.db, scope), rows(self.cache.db, None)
        for table, expected in there.items():
            missing, foreign = expected - here[table], here[table] - expected
            assert not missing and not foreign, (
                f"{self.agent} {scope.key} {table}\nmissing {missing}\nforeign {foreign}"
            )


async def _run(work: Callable[[], Any]) -> Any:
    return work()


def rows(db: sqlite3.Connection, scope: Scope | None) -> dict[str, set[tuple[Any, ...]]]:
    """All rows of a store by table, or those that `scope` sees: said anew here, not asked of what is tested."""
    everything = scope is None or scope.see is See.ALL
    conversations = {
        id: contact
        for id, contact, department, assignee in db.execute(
            "SELECT id, contact, department, assignee FROM conversations"
        )
        if scope is None or scope.covers(department, assignee)
    }
    contacts = set(conversations.values())

    def told(table: str, columns: str = "*") -> list[dict[str, Any]]:
        found = db.execute(f"SELECT {columns} FROM {table}")
        return [dict(zip((name[0] for name in found.description), row, strict=True)) for row in found]

    def keep(table: str, kept: Callable[[dict[str, Any]], bool], columns: str = "*") -> set[tuple[Any, ...]]:
        return {tuple(row.values()) for row in told(table, columns) if scope is None or kept(row)}

    result = {name: keep(name, lambda row: row["conversation"] in conversations) for name in (*OWNED, "partial")}
    result["messages"] = keep("messages", lambda row: row["conversation"] in conversations, bundles.MESSAGE_COLUMNS)
    result["conversations"] = keep("conversations", lambda row: row["id"] in conversations)
    result["contacts"] = keep("contacts", lambda row: everything or row["id"] in contacts)
    result["aliases"] = keep("aliases", lambda row: everything or row["contact"] in contacts)
    columns = "seq, at, by, contact, into_contact, undone"  # what it has kept shows when it is undone
    result["merges"] = keep("merges", lambda row: everything or row["into_contact"] in contacts, columns)
    result["alerts"] = keep("alerts", lambda row: everything)
    for name in ("numbers", "templates", "campaigns", "agents"):
        result[name] = keep(name, lambda row: True)
    for name in ("canned", "settings"):
        result[name] = keep(name, lambda row: scope is not None and row["owner"] in ("", scope.agent))
    return result


@asynccontextmanager
async def watched(folder: Path) -> AsyncIterator[House]:
    """A workspace with two numbers, two departments, and agents of every kind of role; nobody is connected."""
    async with opened(folder) as at:
        house = House(folder)
        await at.clerk.act(lambda db: [Append([_event(data) for data in _BEGINNING])])
        await house.begin(at.log, at.clerk)
        try:
            yield house
        finally:
            with suppress(WptuiError):
                await house.end()


ROLES = """
[own]
permissions = ["see.own", "message.send"]
[blind]
permissions = ["message.send"]
"""

DEPARTMENTS = f"""
[satis]
name = "Satış"
members = ["ayse", "deniz"]
numbers = ["{NUMBERS[1]}"]
[destek]
name = "Destek"
members = ["mehmet"]
"""

AGENTS = {"patron": "owner", "ayse": "agent", "mehmet": "agent", "deniz": "own", "zeynep": "viewer"}

_BEGINNING: Sequence[ev.Data] = (
    *(ev.NumberUpdated(number=number) for number in NUMBERS),
    *(ev.AgentAdded(agent=id, name=id.title(), role=role) for id, role in AGENTS.items()),
    ev.SettingsSaved(section="roles", text=ROLES),
    ev.SettingsSaved(section="departments", text=DEPARTMENTS),
)


def _event(data: ev.Data) -> ev.Event:
    return ev.make(data, at=RECEIVED_AT, actor="relay")
