"""Calls that get no answer: the connection stays open for ever, or closes without a word."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_transports: dict[tuple[str, int], asyncio.Transport] = {}


class TrackedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which also remembers each client's transport: ASGI itself cannot cut a line."""

    _peer: tuple[str, int] | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        name = transport.get_extra_info("peername")
        if name:
            self._peer = (name[0], name[1])
            _transports[self._peer] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self._peer is not None:
            _transports.pop(self._peer, None)
        super().connection_lost(exc)


class NoAnswer(Response):
    """Not an answer: with *abort* the connection is cut, else nothing comes until the client gives up.

    *closing* ends the waiting when the sandbox stops.
    """

    def __init__(self, request: Request, closing: asyncio.Event, *, abort: bool) -> None:
        super().__init__()
        self._client = request.client
        self._closing = closing
        self._abort = abort

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        transport = _transports.get((self._client.host, self._client.port)) if self._client else None
        if transport is not None and self._abort:
            transport.abort()
        gone = asyncio.ensure_future(_until_gone(receive))
        closing = asyncio.ensure_future(self._closing.wait())
        await asyncio.wait({gone, closing}, return_when=asyncio.FIRST_COMPLETED)
        if transport is not None:
            transport.abort()
        closing.cancel()
        await gone


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
