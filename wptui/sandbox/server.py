"""The sandbox as one thing to start, connect and stop, for the command line, the demo and tests."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
import time
from collections.abc import Callable, Generator, Mapping
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from wptui.sandbox.control import Control
from wptui.sandbox.customers import Crowd
from wptui.sandbox.errors import Json
from wptui.sandbox.faults import Faults
from wptui.sandbox.graph import GraphApi
from wptui.sandbox.hangup import TrackedProtocol
from wptui.sandbox.inbound import Inbound
from wptui.sandbox.media import Media
from wptui.sandbox.sends import Send, Sends
from wptui.sandbox.shapes import status_update
from wptui.sandbox.webhooks import Webhooks
from wptui.sandbox.world import Customer, World

STOP_WITHIN = 2.0
"""Seconds calls under way are given when the sandbox stops."""
CAST = (
    # key, name, language, phone shared, username
    ("ayse", "Ayşe Yılmaz", "tr", True, None),
    ("mehmet", "Mehmet Demir", "tr", True, None),
    ("zeynep", "Zeynep Kaya", "tr", True, "@zeynepkaya"),
    ("deniz", "Deniz", "tr", False, "@deniz.atolye"),
    ("emily", "Emily Carter", "en", True, None),
    ("james", "James Miller", "en", True, None),
)
"""Customers who are always there, and write when told to."""


class Server(uvicorn.Server):
    """uvicorn inside another program: no signal handlers, and it stops at once instead of in 0.1 s steps.

    Hundreds of tests start and stop one.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._leave = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def main_loop(self) -> None:
        tick = 0
        while not self._leave.is_set():
            await self.on_tick(tick)  # sets the Date header, at every tenth tick
            tick += 10
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._leave.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if self.server_state.tasks:
            _done, late = await asyncio.wait(self.server_state.tasks, timeout=STOP_WITHIN)
            for task in late:
                task.cancel()

    def leave(self) -> None:
        """End `serve`."""
        self._leave.set()


async def listen(app: ASGIApp, host: str, port: int) -> tuple[Server, asyncio.Task[None], int]:
    """Serve *app*: the server, the task it runs in, and the port (a free one if *port* is 0). May raise OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio turns Nagle's algorithm off; without, every answer may wait 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    config = uvicorn.Config(
        app, interface="asgi3", http=TrackedProtocol, ws="none", lifespan="off", log_config=None, access_log=False
    )
    server = Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        if serving.done():
            serving.result()
            raise RuntimeError("the sandbox's server ended before it began")
        await asyncio.sleep(0)
    return server, serving, int(listener.getsockname()[1])


class Sandbox:
    """A Cloud API with customers, in this event loop, on a real port.

    >>> sandbox = Sandbox(seed=7)
    >>> await sandbox.start()                      # .url is the WPTUI_GRAPH_URL
    >>> await sandbox.connect("http://127.0.0.1:8080/webhook")
    >>> await sandbox.say("ayse", "Merhaba")
    >>> await sandbox.settled()
    >>> await sandbox.stop()
    """

    def __init__(
        self,
        *,
        seed: int | str | None = None,
        clock: Callable[[], float] = time.time,
        pace: float = 0.0,
        app_secret: str | None = None,
        verify_token: str | None = None,
        access_token: str | None = None,
        first_retry: float = 0.05,
        slowest_retry: float = 60.0,
    ) -> None:
        """A sandbox that is not started yet.

        With a *seed* ids, words, order and secrets repeat; without one they differ from start to start.
        *clock* gives Unix seconds. *pace* scales the natural delays of statuses (sent, delivered, read): 1 is
        life-like, 0 is at once. *first_retry* and *slowest_retry* (seconds) bound the pause between attempts
        to deliver a webhook.
        """
        self.seed = secrets.token_hex(8) if seed is None else seed
        self.world = World(self.seed, clock)
        self.app_secret = app_secret or self.world.token("secret/app", 16).hex()
        self.verify_token = verify_token or self.world.token("secret/verify", 12).hex()
        self.access_token = access_token or "EAAsandbox" + self.world.token("secret/access", 24).hex()
        self.faults = Faults()
        self.media = Media(self.world)
        self.webhooks = Webhooks(
            self.world,
            self.faults,
            secret=self.app_secret,
            verify_token=self.verify_token,
            first_retry=first_retry,
            slowest_retry=slowest_retry,
        )
        self.sends = Sends(self.world, self.media, self.faults, self.webhooks, pace)
        self.inbound = Inbound(self.world, self.media, self.webhooks)
        self.graph = GraphApi(self.world, self.media, self.faults, self.sends, self.webhooks, self.access_token)
        self.crowd = Crowd(self.world, self.inbound, pace)
        self.sends.on_arrival = self.crowd.replied
        self.control = Control(self)
        self.app = Starlette(routes=[*self.control.routes(), *self.graph.routes()])
        for key, name, lang, has_phone, username in CAST:
            self.world.add_customer(key, name, lang=lang, has_phone=has_phone, username=username)
        self.url = ""
        self._server: Server | None = None
        self._serving: asyncio.Task[None] | None = None

    # -- what a relay is told

    @property
    def waba_id(self) -> str:
        """The WhatsApp Business Account's id."""
        return self.world.waba_id

    @property
    def phone_number_ids(self) -> list[str]:
        """The ids of the business's numbers."""
        return list(self.world.numbers)

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that point ``wptui relay run`` at this sandbox."""
        return {
            "WPTUI_GRAPH_URL": self.url,
            "WPTUI_APP_SECRET": self.app_secret,
            "WPTUI_VERIFY_TOKEN": self.verify_token,
            "WPTUI_ACCESS_TOKEN": self.access_token,
            "WPTUI_WABA_ID": self.waba_id,
            "WPTUI_PHONE_NUMBER_IDS": ",".join(self.phone_number_ids),
        }

    # -- life

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen. Port 0 takes a free one; `url` says which. Raises OSError if the port is taken."""
        self._server, self._serving, port = await listen(self.app, host, port)
        # An address that means "any" is no place to go to.
        shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
        shown = f"[{shown}]" if ":" in shown else shown
        self.url = self.media.base_url = f"http://{shown}:{port}"

    async def stop(self) -> None:
        """Stop customers, statuses, webhooks and the server; what is not delivered is gone."""
        await self.crowd.close()
        await self.sends.close()
        await self.webhooks.close()
        self.graph.closing.set()
        if self._server is not None and self._serving is not None:
            self._server.leave()
            await self._serving
            self._server = self._serving = None

    async def __aenter__(self) -> Sandbox:
        await self.start()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.stop()

    async def connect(self, webhook_url: str) -> None:
        """Verify the relay's webhook as Meta does, then deliver there. Raises `NotVerified`."""
        await self.webhooks.connect(webhook_url)

    async def pause(self, paused: bool = True) -> None:
        """Hold webhooks and customers back, or let them go on."""
        await self.crowd.pause(paused)
        await self.webhooks.pause(paused)

    async def settled(self) -> None:
        """Wait until every status is out, every webhook answered with 200, and nobody about to write.

        Scripted customers who live in real time may write again afterwards.
        """
        while self.sends.pending or self.webhooks.pending or self.crowd.busy:
            await self.sends.settled()
            await self.webhooks.drained()
            await asyncio.sleep(0)

    # -- customers

    def play(
        self,
        conversations: int,
        *,
        rate: float = 0.0,
        history: float = 0.0,
        lang: str = "both",
        hostile: bool = False,
    ) -> None:
        """Let scripted customers come: see `wptui.sandbox.customers.Crowd.begin`."""
        self.crowd.begin(conversations, rate=rate, history=history, lang=lang, hostile=hostile)

    async def say(self, who: str, what: str | Mapping[str, Any]) -> str:
        """The customer *who* (key, phone number or BSUID) writes *what*; returns the wamid.

        *what* is a text, or an object as in `wptui.sandbox.inbound`. An unknown *who* becomes a new customer:
        a phone number if it looks like one, else a key; ``name``, ``lang``, ``username`` and ``no_phone`` in
        *what* describe him. Raises `CannotSay`.
        """
        detail: Json = {"type": "text", "text": what} if isinstance(what, str) else dict(what)
        return await self.inbound.say(self.customer(who, detail), detail)

    def customer(self, who: str, detail: Mapping[str, Any] | None = None) -> Customer:
        """The customer *who*, made if he is new; *detail* describes a new one, and may rename a known one."""
        detail = detail or {}
        found = self.world.find(who)
        if found is not None:
            found.name = str(detail.get("profile_name") or found.name)
            return found
        digits = "".join(c for c in who if c.isdigit())
        phone = digits if who.lstrip("+").replace(" ", "").isdigit() else None
        return self.world.add_customer(
            who,
            str(detail.get("profile_name") or who),
            phone=phone,
            has_phone=not detail.get("no_phone", False),
            username=detail.get("username"),
            lang=str(detail.get("lang", "tr")),
            number=detail.get("number"),
        )

    async def status(
        self,
        who: str,
        wamid: str,
        status: str,
        *,
        number: str | None = None,
        at: float | None = None,
        callback: str | None = None,
        code: int | None = None,
    ) -> None:
        """Deliver a status of our own making: late, repeated, regressing, of a message nobody sent."""
        customer = self.world.customer(who)
        update = status_update(
            self.world.numbers[number or customer.number],
            customer,
            wamid,
            status,
            self.world.now() if at is None else at,
            callback=callback,
            code=code,
        )
        await self.webhooks.put(update)

    async def arrived(self, count: int = 1) -> list[Send]:
        """Wait until *count* sends were accepted; returns those accepted so far."""
        while True:
            accepted = [send for send in self.sends.all if send.wamid is not None]
            if len(accepted) >= count:
                return accepted
            await asyncio.sleep(0.005)
