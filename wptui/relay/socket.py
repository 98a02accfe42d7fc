"""`/v1/sync`: the terminals' WebSocket, as a bare ASGI application.

The token is checked before anything is read; a connection that says no `hello` in time, or speaks in another
version, is told why and closed. `hello` may be said again on the same connection, after a snapshot: events then
go on from its cursor.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from wptui.i18n import _
from wptui.model import protocol
from wptui.model.commands import BlockContact, React
from wptui.model.errors import AuthError, StorageError
from wptui.model.protocol import SUBPROTOCOL, CommandFrame, Hello, Presence, Pull, Sorry
from wptui.relay.accounts import Accounts, Session
from wptui.relay.desk import Desk, Unreadable, read_frame
from wptui.relay.hub import Terminal
from wptui.relay.meters import Meters

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_log = logging.getLogger("wptui.relay.socket")

HELLO_SECONDS = 10.0

_CLOSED = {"unauthorized": 4401, "revoked": 4403, "changed": 4409, "busy": 1013}
"""WebSocket close codes; 4400 for everything else a `sorry` says."""


def bearer(scope: Scope) -> str:
    """The token of the Authorization header; empty where there is none."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _space, token = value.decode("latin-1").partition(" ")
            return token.strip() if scheme.lower() == "bearer" else ""
    return ""


class SyncSocket:
    """The WebSocket endpoint."""

    def __init__(self, desk: Desk, accounts: Accounts, meters: Meters) -> None:
        self._desk = desk
        self._accounts = accounts
        self._meters = meters
        self._tasks: set[asyncio.Task[None]] = set()
        self.closing = False
        """Set while the relay shuts down: no new connections."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection."""
        await receive()  # websocket.connect
        offered = SUBPROTOCOL in scope.get("subprotocols", ())
        await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL if offered else None})
        if self.closing:
            return await _close(send, Sorry(code="busy", message=_("The relay is shutting down.")))
        if not offered:
            text = _("The relay speaks {protocol}, which this terminal does not.").format(protocol=SUBPROTOCOL)
            return await _close(send, Sorry(code="older_relay", message=text))
        try:
            session = self._accounts.authenticate(bearer(scope))
        except AuthError as error:
            return await _close(send, Sorry(code="unauthorized", message=f"{error} {error.hint}".strip()))
        except StorageError as error:
            return await _close(send, Sorry(code="busy", message=str(error)))
        await self._converse(session, receive, send)

    async def _converse(self, session: Session, receive: Receive, send: Send) -> None:
        async def put(frame: str) -> None:
            await send({"type": "websocket.send", "text": frame})

        terminal = Terminal(self._desk.hub, session, put)
        listening = asyncio.create_task(self._listen(terminal, receive))
        sending = asyncio.create_task(terminal.run())
        try:
            await asyncio.wait((listening, sending, terminal.ended), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._desk.hub.part(terminal)
            self._meters.terminals.set(len(self._desk.hub.terminals))
            for task in (listening, sending):
                task.cancel()
            for outcome in await asyncio.gather(listening, sending, return_exceptions=True):
                # A terminal that says no hello in time, or hangs up, is no fault of ours.
                if isinstance(outcome, Exception) and not isinstance(outcome, (TimeoutError, OSError)):
                    _log.error("the connection of %s met a fault", terminal.agent, exc_info=outcome)
        if terminal.ended.done():
            code, message = terminal.ended.result()
            await _close(send, Sorry(code=code, message=message))

    async def _listen(self, terminal: Terminal, receive: Receive) -> None:
        greeted = False
        while True:
            message = await (receive() if greeted else asyncio.wait_for(receive(), HELLO_SECONDS))
            if message["type"] == "websocket.disconnect":
                return
            try:
                frame = read_frame(message.get("text") or message.get("bytes") or b"")
            except Unreadable as unreadable:
                if isinstance(unreadable.answer, Sorry):
                    return terminal.end(unreadable.answer.code, unreadable.answer.message)
                if unreadable.answer is not None:
                    terminal.put(protocol.encode(unreadable.answer).decode())
                continue
            if isinstance(frame, Hello):
                if not await self._greet(terminal, frame):
                    return
                greeted = True
            elif not greeted:
                return terminal.end("malformed", _("The first frame must be a hello."))
            else:
                await self._serve(terminal, frame)

    async def _greet(self, terminal: Terminal, hello: Hello) -> bool:
        refused = self._desk.refuse(hello)
        if refused is not None:
            terminal.end(refused.code, refused.message)
            return False
        try:
            welcome = await self._desk.welcome(terminal.session)
        except StorageError as error:
            terminal.end("busy", str(error))
            return False
        # From here on nothing waits: what the welcome says is what the terminal joins with.
        terminal.put(protocol.encode(welcome).decode())
        hub = self._desk.hub
        if terminal not in hub.terminals:
            for presence in hub.others(terminal.agent):
                terminal.put(protocol.encode(presence).decode())
            hub.join(terminal, hello.mode)
            self._meters.terminals.set(len(hub.terminals))
        # A terminal that needs a snapshot gets what happens meanwhile; it says hello again when it has it.
        terminal.start(hello.cursor if self._desk.knows(hello, welcome.scope) else welcome.head)
        return True

    async def _serve(self, terminal: Terminal, frame: protocol.AnyFrame) -> None:
        if isinstance(frame, CommandFrame):
            if isinstance(frame.command, (BlockContact, React)):
                # It waits for Meta's answer; what comes after it does not wait for that.
                task = asyncio.create_task(self._execute(terminal, frame))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            else:
                await self._execute(terminal, frame)
        elif isinstance(frame, Presence):
            self._desk.presence(terminal, terminal.session, frame)
        elif isinstance(frame, Pull):
            terminal.pull(frame)

    async def _execute(self, terminal: Terminal, frame: CommandFrame) -> None:
        try:
            result = await self._desk.command(terminal.session, frame)
        except StorageError as error:
            # No result: the command stays in the terminal's outbox and comes again.
            _log.error("command %s was not executed: %s", frame.id, error)
            terminal.end("busy", str(error))
        else:
            terminal.put(protocol.encode(result).decode())


async def _close(send: Send, sorry: Sorry) -> None:
    await send({"type": "websocket.send", "text": protocol.encode(sorry).decode()})
    await send({"type": "websocket.close", "code": _CLOSED.get(sorry.code, 4400), "reason": sorry.code})
