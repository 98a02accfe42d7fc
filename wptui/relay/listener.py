"""uvicorn, as a thing to start and stop inside an event loop that is somebody else's."""

from __future__ import annotations

import asyncio
import contextlib
import socket as sockets
from collections.abc import Awaitable, Callable, Generator, MutableMapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import uvicorn

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Listener:
    """Serves an ASGI application."""

    def __init__(self) -> None:
        self.url = ""
        self._server: uvicorn.Server | None = None
        self._serving: asyncio.Task[None] | None = None

    async def start(self, app: App, host: str, port: int) -> None:
        """Listen; port 0 takes a free one, and `url` says which. Raises OSError if the port is taken."""
        import uvicorn

        class Server(uvicorn.Server):
            """uvicorn without its signal handlers: the program around it decides when to stop."""

            @contextlib.contextmanager
            def capture_signals(self) -> Generator[None, None, None]:
                yield

        family = sockets.AF_INET6 if ":" in host else sockets.AF_INET
        listener = sockets.socket(family, sockets.SOCK_STREAM)
        try:
            listener.setsockopt(sockets.SOL_SOCKET, sockets.SO_REUSEADDR, 1)
            listener.bind((host, port))
        except OSError:
            listener.close()
            raise
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            app,
            ws="websockets-sansio",
            ws_per_message_deflate=False,
            ws_max_size=1 << 20,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # asked for by the application, where addresses count: not on the way of every webhook
            backlog=2048,
            timeout_graceful_shutdown=5,
        )
        self._server = Server(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]))
        while not self._server.started:
            if self._serving.done():
                self._serving.result()
                raise OSError(f"{host}:{port}")
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Finish what is being answered, and listen no more."""
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            await self._serving
