"""How frames travel: over a WebSocket, or, where a proxy forbids those, by polling."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import msgspec

from wptui import __version__
from wptui.model import protocol
from wptui.model.protocol import POLL_SECONDS, SUBPROTOCOL, AnyFrame, Hello, Sorry
from wptui.sync.credentials import Account, is_loopback
from wptui.sync.http import Http, as_sorry
from wptui.sync.trouble import Trouble
from wptui.waiting import set_within

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

OPEN_SECONDS = 10.0
KEEPALIVE_SECONDS = 20.0
"""Of silence until a ping, and of a ping's silence until the connection counts as dead."""
LARGEST_FRAME = 64 << 20
"""Bytes. A page of a busy conversation is a megabyte; the relay is trusted, its proxy may not be."""

EXCHANGE = 256 << 10
"""Bytes of frames sent in one exchange of polling, about: the relay takes 1 MB."""

_log = logging.getLogger("wptui.sync.wire")
_log.setLevel(logging.INFO)  # at DEBUG websockets writes the token into the log


class NoSocket(Exception):
    """Something between us and the relay does not let WebSockets through."""


class Wire(Protocol):
    """A way for frames to travel."""

    polling: bool

    async def begin(self, hello: Callable[[], Hello]) -> None:
        """Introduces us; `hello` gives the frame as of now."""

    def frames(self) -> AsyncIterator[AnyFrame]:
        """What comes, until the other side ends it. Raises what the network raises."""

    async def send(self, frames: Sequence[AnyFrame]) -> None:
        """Sends, or hands on to the next exchange."""

    async def close(self) -> None:
        """Ends `frames`. May be called twice, from any task."""


class Socket:
    """A WebSocket."""

    polling = False

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    @classmethod
    async def open(cls, account: Account) -> Socket:
        """Connects. Raises NoSocket where the upgrade is refused, Trouble where the relay says why, else OSError."""
        # websockets and ssl take 40 ms to import: not on the event loop that draws the screen.
        connect, exceptions = await asyncio.to_thread(_libraries)
        local = is_loopback(urlsplit(account.url).hostname or "")
        try:
            connection = await connect(
                account.url.replace("http", "ws", 1) + "/v1/sync",
                subprotocols=[SUBPROTOCOL],
                additional_headers={"Authorization": f"Bearer {account.token}"},
                user_agent_header=f"wptui/{__version__}",
                proxy=None if local else True,
                open_timeout=OPEN_SECONDS,
                ping_interval=KEEPALIVE_SECONDS,
                ping_timeout=KEEPALIVE_SECONDS,
                close_timeout=2,
                max_size=LARGEST_FRAME,
                logger=_log,
            )
        except exceptions.InvalidStatus as error:
            sorry = as_sorry(bytes(error.response.body or b""))
            if sorry is not None:
                raise Trouble.of(sorry) from error
            raise NoSocket from error
        except (exceptions.InvalidHandshake, exceptions.InvalidProxy) as error:
            raise NoSocket from error
        return cls(connection)

    async def begin(self, hello: Callable[[], Hello]) -> None:
        """See Wire."""
        await self.send([hello()])

    async def frames(self) -> AsyncIterator[AnyFrame]:
        """See Wire. Frames of kinds this build does not know are passed over.

        Raises Trouble where the relay said why it closes.
        """
        from websockets.exceptions import ConnectionClosed

        try:
            async for text in self._connection:
                with suppress(msgspec.ValidationError):
                    yield protocol.decode(text)
        except ConnectionClosed as error:
            if error.rcvd is not None and 4400 <= error.rcvd.code < 4500:  # a `sorry` that got lost
                raise Trouble.of(Sorry(code=error.rcvd.reason)) from error
            raise

    async def send(self, frames: Sequence[AnyFrame]) -> None:
        """See Wire. That the connection is gone is for `frames` to tell: the relay's last words may still be there."""
        from websockets.exceptions import ConnectionClosed

        with suppress(ConnectionClosed):
            for frame in frames:
                await self._connection.send(_text(frame))

    async def close(self) -> None:
        """See Wire."""
        await self._connection.close()


def _libraries() -> tuple[Any, Any]:
    from websockets import exceptions
    from websockets.asyncio.client import connect

    class Connect(connect):
        """Follows no redirects: older releases take the token along to wherever they lead."""

        def process_redirect(self, exc: Exception) -> Exception | str:
            return exc

    return Connect, exceptions


def _text(frame: AnyFrame) -> str:
    return protocol.encode(frame).decode()


class Polling:
    """Exchanges of frames by HTTP: every ten seconds, and at once when there is something to send or more to fetch."""

    polling = True

    def __init__(self, http: Http, *, seconds: float = POLL_SECONDS) -> None:
        self._http = http
        self._seconds = seconds
        self._out: list[AnyFrame] = []
        self._ready = asyncio.Event()
        self._closed = False
        self.more = False
        """Set by the reader: the relay has more than it gave."""

    async def begin(self, hello: Callable[[], Hello]) -> None:
        """See Wire. Asked anew before each exchange."""
        self._hello = hello

    async def frames(self) -> AsyncIterator[AnyFrame]:
        """See Wire."""
        while not self._closed:
            self._ready.clear()
            out = self._some()
            self.more = False
            before = self._hello()
            for frame in await self._http.poll(before, out):
                yield frame
            # Without progress asking again at once would ask for ever.
            if not self.more or self._hello().cursor == before.cursor:
                await set_within(self._ready, self._seconds)

    def _some(self) -> list[AnyFrame]:
        """What one exchange takes of what is to be sent; the rest goes with the next, at once."""
        size = count = 0
        while count < len(self._out) and (not count or size < EXCHANGE):
            size += len(protocol.encode(self._out[count]))
            count += 1
        out, self._out = self._out[:count], self._out[count:]
        if self._out:
            self._ready.set()
        return out

    async def send(self, frames: Sequence[AnyFrame]) -> None:
        """See Wire."""
        self._out += frames
        self._ready.set()

    async def close(self) -> None:
        """See Wire."""
        self._closed = True
        self._ready.set()
