"""The relay as one thing to start and stop: for `wptui relay run`, `wptui demo` and tests.

It starts when Meta cannot be reached, and takes webhooks before anything else works: a body that is not stored is
lost, everything else can wait.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wptui.i18n import _
from wptui.model.errors import StorageError
from wptui.relay.accounts import Accounts, accounts_path
from wptui.relay.assigner import Assigner
from wptui.relay.bundling import Bundling
from wptui.relay.clerk import Clerk
from wptui.relay.commands import Commands
from wptui.relay.config import RelayConfig
from wptui.relay.desk import Desk
from wptui.relay.downloads import Downloads
from wptui.relay.duties import Duties, supervise, taken_over
from wptui.relay.duty import Duty
from wptui.relay.effects import GraphEffects
from wptui.relay.eventlog import make_log
from wptui.relay.files import FileStore
from wptui.relay.http import Api
from wptui.relay.hub import Hub
from wptui.relay.listener import App, Listener, Receive, Scope, Send
from wptui.relay.meters import Meters
from wptui.relay.rules.engine import RuleEngine
from wptui.relay.rules.http import RulesApi
from wptui.relay.sender import Sender
from wptui.relay.socket import SyncSocket
from wptui.relay.team_http import TeamApi
from wptui.relay.view import View
from wptui.relay.visibility import Visibility
from wptui.relay.waker import Waker
from wptui.relay.webhook import Webhook
from wptui.relay.workspace import Workspace
from wptui.store import visible

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_log = logging.getLogger("wptui.relay")

LOOK_SECONDS = 0.5
"""How often the accounts are looked at: a revoked agent is out within a second."""
WORKING = 1000
"""Events the view may be behind the log while it is at work; further behind it is being rebuilt."""
LEAST_DISK = 50 << 20
"""Bytes free below which the relay says it is not ready."""
_PRUNE_EVERY = 3600.0


class Relay:
    """One workspace's server, in this event loop.

    >>> relay = Relay(config)
    >>> await relay.start()                 # relay.url says where
    >>> agent = relay.accounts.add("Ayşe"); code = relay.accounts.code(agent.id)
    >>> await relay.stop()
    """

    def __init__(self, config: RelayConfig, *, pace: float = 1.0) -> None:
        """*pace* scales the pauses between attempts at Meta; tests make it small."""
        from wptui.cloudapi.graph import GraphClient

        self.config = config
        self.meters = Meters()
        self.log = make_log(config.database)
        self.clerk = Clerk(self.log, config.view_path, meters=self.meters)
        self.files = FileStore(config.media_folder)
        database = Path(config.database) if "://" not in config.database else config.view_path
        self.accounts = Accounts(accounts_path(database))
        self.graph = GraphClient(base_url=config.graph_url, token=config.access_token)
        self.view = View(config.view_path)
        self.visibility = Visibility()
        self.hub = Hub(self.log.read, self.visibility, Bundling(self.view))
        self.effects = GraphEffects(self.graph, self.view, self.meters, pace=pace)
        self.commands = Commands(self.clerk, self.files, self.effects)
        self.desk = Desk(
            hub=self.hub,
            commands=self.commands,
            view=self.view,
            epoch=lambda: self.log.epoch,
            typing=self.effects.typing,
            arriving=self._follow_accounts,
        )
        self.workspace = Workspace(self.clerk, config, self.accounts)
        self.sender = Sender(self.clerk, self.graph, self.files, self.meters, pace=pace)
        self.downloads = Downloads(
            self.clerk, self.graph, self.files, self.meters, largest=config.media_largest, pace=pace
        )
        self.waker = Waker(self.clerk)
        self.duty = Duty(self.clerk, self.hub.roster)
        self.assigner = Assigner(self.clerk)
        self.rules = RuleEngine(self.clerk, self.files)
        self.socket = SyncSocket(self.desk, self.accounts, self.meters)
        self.webhook = Webhook(self.log, secrets=config.secrets, verify_token=config.verify_token, meters=self.meters)
        self.duties = Duties(
            self.log,
            f"{os.getpid()}-{secrets.token_hex(4)}",
            {
                "sender": self.sender.run,
                "downloads": self.downloads.run,
                "waker": self.waker.run,
                "workspace": lambda: self.workspace.run(self.graph),
                "duty": self.duty.run,
                "assigner": self.assigner.run,
                "rules": self.rules.run,
                "pruning": self._prune,
            },
            alone="://" not in config.database,
            lost=self._taken_over,
        )
        self.failure: StorageError | None = None
        """Why it has stopped by itself."""
        self.stopped = asyncio.Event()
        self._listener = Listener()
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping: asyncio.Future[None] | None = None
        self._ending: asyncio.Future[None] | None = None

    # ── life ─────────────────────────────────────────────────────────────────────────────────────────────

    async def start(self, host: str | None = None, port: int | None = None) -> None:
        """Open log and view, and listen. Port 0 takes a free one; `url` says which.

        Raises StorageError where the log cannot be used or another relay has it, OSError if the port is taken.
        """
        try:
            await self._open()
            await self._listener.start(
                self._app(),
                self.config.host if host is None else host,
                self.config.port if port is None else port,
            )
        except BaseException:
            await self.stop()
            raise

    @property
    def url(self) -> str:
        """Where it listens."""
        return self._listener.url

    @property
    def holds_lease(self) -> bool:
        """Whether this relay does what must be done once."""
        return self.duties.held

    async def _open(self) -> None:
        await self.log.open()
        if not await self.duties.take() and "://" not in self.config.database:
            raise StorageError(
                _("Another relay is running on {path}.").format(path=self.config.database),
                hint=_("One relay serves a database in a file. Stop the other one first."),
            )
        self.clerk.fence = self.duties.check
        await self.clerk.start()
        self.visibility.load(*await self.clerk.look(lambda db: (visible.places(db), visible.standings(db))))
        self.hub.begin(self.clerk.cursor)
        self.clerk.listen(self.hub.feed)
        for part in (self.sender, self.downloads, self.waker, self.workspace, self.duty, self.assigner, self.rules):
            self.clerk.listen(part.hear)
        await self.workspace.configure()
        self._tasks = [
            asyncio.create_task(supervise(name, work))
            for name, work in (
                ("clerk", self.clerk.run),
                ("hub", self.hub.run),
                ("housekeeping", self._housekeeping),
                ("lease", self.duties.keep),
            )
        ]

    def _taken_over(self) -> None:
        """Another relay has the files: this one must not answer for them, nor write to them."""
        self.failure = taken_over()
        _log.error("%s %s", self.failure, self.failure.hint)
        self.socket.closing = True
        self.clerk.stop()
        for terminal in list(self.hub.terminals):
            terminal.end("busy", str(self.failure))
        self._ending = asyncio.ensure_future(self.stop())

    async def stop(self) -> None:
        """Stop serving, finish what is under way at Meta, close everything. May be called twice."""
        if self._stopping is None:
            self._stopping = asyncio.ensure_future(self._stop())
        await asyncio.shield(self._stopping)

    async def _stop(self) -> None:
        self.socket.closing = True
        await self._listener.stop()
        await self.duties.end()
        await self.effects.close()
        self.clerk.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(StorageError):
            await self.clerk.close()
        with contextlib.suppress(StorageError):
            await self.duties.release()
        await self.view.close()
        await self.log.close()
        await self.graph.close()
        self.accounts.close()
        self.stopped.set()

    async def __aenter__(self) -> Relay:
        await self.start(port=0)
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.stop()

    async def _prune(self) -> None:
        while True:
            replies = await self.view.ask(visible.files_of_replies)  # they are for years, not for one message
            gone = await asyncio.to_thread(self.files.prune, self.config.media_keep, replies)
            if gone:
                _log.info("%d old files were removed", gone)
            await asyncio.sleep(_PRUNE_EVERY)

    # ── housekeeping ─────────────────────────────────────────────────────────────────────────────────────

    async def _housekeeping(self) -> None:
        seen: tuple[int, int] | None = None  # also after a fault: what changed meanwhile must not be missed
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.hub.roster.expire()
            stamp = self.accounts.stamp()
            changed, seen = stamp != seen, stamp
            now = time.time()
            for terminal in list(self.hub.terminals):
                expires = terminal.session.expires_at
                if (changed or (expires is not None and expires <= now)) and not self.accounts.valid(terminal.session):
                    terminal.end("revoked", _("This terminal's access was withdrawn, or has expired."))
            await self._follow_accounts()

    async def _follow_accounts(self) -> None:
        try:
            await self.workspace.follow_accounts()
        except StorageError as error:
            _log.error("agents' changes are not in the log yet: %s", error)

    # ── what is served ───────────────────────────────────────────────────────────────────────────────────

    def _app(self) -> App:
        from starlette.applications import Starlette
        from starlette.routing import Route
        from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

        api = Api(
            self.desk,
            self.accounts,
            self.files,
            self.log,
            secrets=(*self.config.secrets, self.config.verify_token, self.config.access_token),
        )
        people = TeamApi(self.accounts, self.clerk, self.view, self.log, self.workspace.follow_accounts)
        routes = [
            Route("/healthz", self._alive, methods=["GET"]),
            Route("/readyz", self._ready, methods=["GET"]),
            Route("/metrics", self._figures, methods=["GET"]),
            *api.routes(),
            *people.routes(api.guarded),
            *RulesApi(self.log, self.view, self.files).routes(api.guarded),
        ]
        # Behind a proxy on this machine, sign-in attempts are counted by the address it names.
        starlette: Any = Starlette(routes=routes)
        pages: Any = ProxyHeadersMiddleware(starlette, trusted_hosts="127.0.0.1,::1")

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "websocket":
                if scope["path"] == "/v1/sync":
                    await self.socket(scope, receive, send)
                else:
                    await receive()
                    await send({"type": "websocket.close", "code": 4404})
            elif scope["path"] == "/webhook":
                await self.webhook(scope, receive, send)
            else:
                await pages(scope, receive, send)

        return app

    async def _alive(self, request: Request) -> Response:
        from starlette.responses import PlainTextResponse

        return PlainTextResponse("ok\n")

    async def _ready(self, request: Request) -> Response:
        from starlette.responses import JSONResponse

        state = await self.readiness()
        return JSONResponse(state, 200 if state["ready"] else 503)

    async def readiness(self) -> dict[str, Any]:
        """Whether the relay does its work, and the figures that say so."""
        try:
            head = await self.log.head()
            backlog = await self.log.backlog()
            writable = self.duties.current  # a disk that refuses shows here
        except StorageError:
            head, backlog, writable = 0, 0, False
        free = shutil.disk_usage(self.config.view_path.parent).free
        caught_up = head - self.clerk.cursor <= WORKING
        return {
            "ready": writable and caught_up and free > LEAST_DISK,
            "log": {"writable": writable, "head": head},
            "view": {"cursor": self.clerk.cursor, "caught_up": caught_up},
            "webhooks": {"waiting": backlog},
            "lease": "held" if self.holds_lease else "standby",
            "terminals": len(self.hub.terminals),
            "disk_free": free,
        }

    async def _figures(self, request: Request) -> Response:
        from starlette.responses import Response

        body, kind = self.meters.exposition()
        return Response(body, headers={"content-type": kind})


async def serve(config: RelayConfig, *, ready: Callable[[Relay], None] | None = None) -> None:
    """Run a relay until SIGINT or SIGTERM; `ready` is called when it listens.

    Raises as `Relay.start`, and StorageError where another relay has taken over the database.
    """
    import signal

    relay = Relay(config)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    await relay.start()
    try:

        def end(asked: signal.Signals) -> None:
            _log.info("stopping: %s", asked.name)
            ended.set()

        for name in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError):  # Windows
                loop.add_signal_handler(name, end, name)
        if ready is not None:
            ready(relay)
        waits = [asyncio.ensure_future(event.wait()) for event in (ended, relay.stopped)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
    finally:
        await relay.stop()
    if relay.failure is not None:
        raise relay.failure


def run(config: RelayConfig, *, ready: Callable[[Relay], None] | None = None) -> None:
    """`serve` in an event loop of its own, uvloop's where there is one."""
    factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    with contextlib.suppress(ImportError):
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(serve(config, ready=ready))
