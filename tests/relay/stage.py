"""A relay, a sandbox Cloud API and terminals, all real, on free ports: what the stories of the relay play on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
import websockets

from wptui.model import commands as c
from wptui.model import protocol
from wptui.model.events import Event
from wptui.model.protocol import SCHEMA, SUBPROTOCOL, AnyFrame, CommandFrame, Events, Hello, Result, Sorry, Welcome
from wptui.relay.config import RelayConfig
from wptui.relay.server import Relay
from wptui.sandbox import Sandbox

PATIENCE = 15.0


async def until(condition: Callable[[], Any], what: str = "") -> Any:
    """What `condition` gives, as soon as it gives something."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = condition()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return found
            await asyncio.sleep(0.005)


@dataclass
class Screen:
    """A terminal: what it was sent, and what it says."""

    socket: websockets.ClientConnection
    frames: list[AnyFrame] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None

    async def listen(self) -> None:
        try:
            async for text in self.socket:
                frame = protocol.decode(text)
                self.frames.append(frame)
                if isinstance(frame, Events):
                    self.events += frame.events
        except websockets.ConnectionClosed:
            pass
        finally:
            self.closed.set()

    def of(self, kind: type[Any]) -> list[Any]:
        return [frame for frame in self.frames if isinstance(frame, kind)]

    def seen(self, type_: str, **fields: Any) -> list[Any]:
        """The data of events of a type, with these fields."""
        found = [msgspec.json.decode(event.data) for event in self.events if event.type == type_]
        return [data for data in found if all(data.get(key) == value for key, value in fields.items())]

    async def send(self, frame: AnyFrame) -> None:
        await self.socket.send(protocol.encode(frame).decode())

    async def ask(self, command: c.AnyCommand, id: str | None = None) -> Result:
        """Send a command and wait for its result."""
        id = id or c.command_id()
        before = len(self.of(Result))
        await self.send(CommandFrame(id=id, command=command))
        await until(lambda: [r for r in self.of(Result)[before:] if r.id == id])
        result: Result = next(r for r in self.of(Result)[before:] if r.id == id)
        return result

    async def waits_for(self, type_: str, **fields: Any) -> Any:
        """The first event of a type with these fields."""
        return (await until(lambda: self.seen(type_, **fields), type_))[0]


@dataclass
class Stage:
    """The sandbox and the relay of one story."""

    sandbox: Sandbox
    relay: Relay
    folder: Path
    screens: list[Screen] = field(default_factory=list)

    def config(self, **changes: Any) -> RelayConfig:
        return config(self.sandbox, self.folder, **changes)

    async def restart(self, **changes: Any) -> None:
        await self.relay.stop()
        self.relay = Relay(self.config(**changes), pace=0.02)
        await self.relay.start(port=0)
        await self.sandbox.connect(f"{self.relay.url}/webhook")

    def token(self, name: str = "Ayşe", role: str = "owner") -> str:
        """A new token of an agent, who is added with the role where need be."""
        known = {agent.name: agent for agent in self.relay.accounts.agents() if agent.revoked_at is None}
        agent = known.get(name) or self.relay.accounts.add(name, role)
        token, _session = self.relay.accounts.redeem(self.relay.accounts.code(agent.id), "test", origin=name)
        return token

    async def connect(self, token: str, *, hello: Hello | None = None) -> Screen:
        socket = await websockets.connect(
            f"{self.relay.url.replace('http', 'ws')}/v1/sync",
            subprotocols=[websockets.Subprotocol(SUBPROTOCOL)],
            additional_headers={"Authorization": f"Bearer {token}"},
        )
        screen = Screen(socket)
        screen._task = asyncio.create_task(screen.listen())
        self.screens.append(screen)
        with suppress(websockets.ConnectionClosed):  # refused already
            await screen.send(hello or Hello(cursor=0, schema=SCHEMA, epoch=self.relay.log.epoch))
        return screen

    async def sit_down(self, name: str = "Ayşe", role: str = "owner") -> Screen:
        """A terminal of an agent, who is added where need be, from the beginning of the log."""
        screen = await self.connect(self.token(name, role))
        await until(lambda: screen.of(Welcome) or screen.of(Sorry))
        return screen

    def http(self, token: str = "") -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.AsyncClient(base_url=self.relay.url, headers=headers, trust_env=False)

    async def conversation(self, screen: Screen, text: str) -> str:
        """The conversation in which a customer said `text`, when the screen has it."""

        def found() -> str | None:
            for event in screen.events:
                if event.type == "message.received" and msgspec.json.decode(event.data).get("text") == text:
                    return event.conversation
            return None

        return str(await until(found, text))


def config(sandbox: Sandbox, folder: Path, **changes: Any) -> RelayConfig:
    values: dict[str, Any] = {
        "app_secret": sandbox.app_secret,
        "verify_token": sandbox.verify_token,
        "access_token": sandbox.access_token,
        "graph_url": sandbox.url,
        "waba": sandbox.waba_id,
        "numbers": tuple(sandbox.phone_number_ids),
        "database": str(folder / "relay.db"),
        "media_folder": folder / "media",
        "workspace": "Kahve Dükkânı",
    }
    return RelayConfig(**(values | changes))


@asynccontextmanager
async def stage(folder: Path, *, connected: bool = True, **changes: Any) -> AsyncIterator[Stage]:
    """A running sandbox and relay, the webhook subscribed."""
    sandbox = Sandbox(seed=7)
    await sandbox.start()
    relay = Relay(config(sandbox, folder, **changes), pace=0.02)
    play = Stage(sandbox, relay, folder)
    try:
        await relay.start(port=0)
        if connected:
            await sandbox.connect(f"{relay.url}/webhook")
        yield play
    finally:
        for screen in play.screens:
            await screen.socket.close()
        await play.relay.stop()
        await sandbox.stop()
