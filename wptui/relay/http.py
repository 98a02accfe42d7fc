"""`/v1/`: what terminals ask over plain HTTP — sign in, snapshot, files, stories, and polling.

Every answer that is no success carries a `sorry` frame as its body, so that a terminal reads one kind of refusal.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Message, Receive

from wptui.cloudapi.limits import PayloadError
from wptui.i18n import _
from wptui.model import protocol
from wptui.model.errors import AuthError, StorageError
from wptui.model.protocol import SCHEMA, CommandFrame, Events, Forget, Hello, Presence, Pull, Sorry, Synced
from wptui.relay import stories
from wptui.relay.accounts import Accounts, Session
from wptui.relay.desk import Desk, Unreadable, read_frame
from wptui.relay.files import FileStore, TooBig
from wptui.relay.socket import bearer
from wptui.store import bundles, visible
from wptui.store.database import cursor, get_meta

if TYPE_CHECKING:
    import sqlite3

    from wptui.model.protocol import Frame
    from wptui.relay.eventlog.contract import EventLog

Handler = Callable[[Request, Session], Awaitable[Response]]

BODY = 1 << 20
"""Bytes of a JSON body, at most."""
BODY_SECONDS = 20.0
"""For a JSON body as a whole; a file may take longer, as long as it goes on (`STALL_SECONDS`)."""
STALL_SECONDS = 30.0
POLL_EVENTS = 4000
"""Events in one answer to a poll, at most; more come with the next."""


class TooSlow(Exception):
    """A body that does not come to its end. No OSError, as TimeoutError is: no disk is at fault."""


class _Login(msgspec.Struct):
    code: str
    device: str = ""


class _Poll(msgspec.Struct):
    hello: Hello
    frames: list[msgspec.Raw] = []


class Api:
    """The HTTP endpoints under `/v1/`."""

    def __init__(
        self, desk: Desk, accounts: Accounts, files: FileStore, log: EventLog, *, secrets: tuple[str, ...] = ()
    ) -> None:
        self._desk = desk
        self._accounts = accounts
        self._files = files
        self._log = log
        self._secrets = secrets

    def routes(self) -> list[Route]:
        """All of them."""
        guarded = self.guarded
        return [
            Route("/v1/login", self._login, methods=["POST"]),
            Route("/v1/logout", guarded(self._logout), methods=["POST"]),
            Route("/v1/poll", guarded(self._poll), methods=["POST"]),
            Route("/v1/snapshot", guarded(self._snapshot), methods=["GET"]),
            Route("/v1/media", guarded(self._upload), methods=["POST"]),
            Route("/v1/media/{key}", guarded(self._download), methods=["GET"]),
            Route("/v1/messages/{id:path}/story", guarded(self._story), methods=["GET"]),
        ]

    def guarded(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """`handler` for those whose token is good, and who send their body without dawdling."""

        async def guarded(request: Request) -> Response:
            try:
                session = self._accounts.authenticate(bearer(request.scope))
                return await handler(Request(request.scope, _steady(request.receive)), session)
            except TooSlow:
                return _too_slow()
            except AuthError as error:
                return sorry(401, "unauthorized", f"{error} {error.hint}".strip())
            except StorageError as error:
                return sorry(503, "busy", str(error))
            except ClientDisconnect:
                return Response(status_code=400)

        return guarded

    # ── signing in ───────────────────────────────────────────────────────────────────────────────────────

    async def _login(self, request: Request) -> Response:
        try:
            asked = msgspec.json.decode(await read_body(request), type=_Login)
            origin = request.client.host if request.client else ""
            token, session = self._accounts.redeem(asked.code, asked.device, origin=origin)
            await self._desk.arrive()
            workspace = await self._desk.view.ask(lambda db: str(get_meta(db, "workspace", "") or ""))
        except TooSlow:
            return _too_slow()
        except msgspec.MsgspecError:
            return sorry(400, "malformed", _("code and device are expected."))
        except AuthError as error:
            return sorry(401, "unauthorized", f"{error} {error.hint}".strip())
        except StorageError as error:
            return sorry(503, "busy", str(error))
        return json_answer(
            {"token": token, "agent": session.agent.id, "name": session.agent.name, "workspace": workspace}
        )

    async def _logout(self, request: Request, session: Session) -> Response:
        self._accounts.sign_out(session)
        return json_answer({"ok": True})

    # ── frames without a WebSocket ───────────────────────────────────────────────────────────────────────

    async def _poll(self, request: Request, session: Session) -> Response:
        try:
            asked = msgspec.json.decode(await read_body(request), type=_Poll)
        except msgspec.MsgspecError:
            return sorry(400, "malformed", _("hello and frames are expected."))
        refused = self._desk.refuse(asked.hello)
        if refused is not None:
            return json_answer({"frames": [refused]})
        hub = self._desk.hub
        hub.roster.arrive(session.key, session.agent.id, session.agent.name, polling=True, mode=asked.hello.mode)
        answers: list[protocol.AnyFrame] = []
        pulls: list[Pull] = []
        for raw in asked.frames:
            try:
                frame = read_frame(bytes(raw))
                if isinstance(frame, Pull):
                    pulls.append(frame)
                    continue
                answer = await self._answer(session, frame)
            except Unreadable as unreadable:
                answer = unreadable.answer
            if answer is not None:
                answers.append(answer)
        shared = await self._share(session, asked.hello, pulls)
        return json_answer({"frames": [*shared, *answers, *hub.others(session.agent.id)]})

    async def _answer(self, session: Session, frame: protocol.AnyFrame) -> protocol.AnyFrame | None:
        if isinstance(frame, CommandFrame):
            return await self._desk.command(session, frame)
        if isinstance(frame, Presence):
            self._desk.presence(session.key, session, frame)
        return None

    async def _share(self, session: Session, hello: Hello, pulls: list[Pull]) -> list[protocol.AnyFrame | msgspec.Raw]:
        """The welcome, and what the agent is given: as of one standing, or else the welcome alone."""
        hub = self._desk.hub
        welcome = await self._desk.welcome(session)
        standing = self._desk.standing(session)
        frames: list[protocol.AnyFrame | msgspec.Raw] = []
        if self._desk.knows(hello, welcome.scope):
            share = await hub.since(hello.cursor, standing.scope, POLL_EVENTS)
            if share is not None:
                if share.forget:
                    frames.append(Forget(conversations=share.forget))
                for ids in share.whole:
                    _add(frames, await hub.bundles.whole(standing.scope, ids, hub.known))
                frames.append(Events(events=share.events, cursor=share.last))
                for ids in share.mended:
                    _add(frames, await hub.bundles.whole(standing.scope, ids, hub.known))
                # The head is where these events end: the terminal counts as up to date with what it was given.
                welcome.head = max(welcome.head, share.last)
            for pull in pulls:
                _add(frames, await hub.bundles.pulled(standing.scope, pull, hub.known))
        if hub.visibility.standing(session.agent.id) != standing:
            return [await self._desk.welcome(session)]
        return [welcome, *frames]

    # ── the snapshot ─────────────────────────────────────────────────────────────────────────────────────

    async def _snapshot(self, request: Request, session: Session) -> Response:
        """Bundles, one a line, then `synced`. `after` is "<epoch>.<position at the beginning>.<where to resume>"."""
        asked = request.query_params.get("schema", str(SCHEMA))
        refused = self._desk.refuse(Hello(cursor=0, schema=_number(asked) or 0))
        if refused is not None:
            return sorry(409, refused.code, refused.message)
        epoch = self._desk.epoch
        begun, resume = self._desk.hub.known, ""
        after = request.query_params.get("after", "")
        if after:
            theirs, _dot, rest = after.partition(".")
            start, _dot, resume = rest.partition(".")
            position = _number(start)
            if theirs != epoch or position is None or _number(resume) is None:
                return sorry(409, "malformed", _("The snapshot cannot be resumed. Begin anew."))
            begun = position

        scope = self._desk.standing(session).scope
        changed = Sorry(code="changed", message=_("What you may see has changed. Connect again."))
        if request.query_params.get("scope", scope.key) != scope.key:
            return sorry(409, changed.code, changed.message)
        gzip = "gzip" in request.headers.get("accept-encoding", "")
        least = self._desk.hub.known
        revoked = False

        busy = Sorry(code="busy", message=_("The relay is busy or restarting"))

        def lines(db: sqlite3.Connection) -> Iterator[Frame]:
            try:
                for bundle in bundles.snapshot(db, resume, scope=scope):
                    if revoked:
                        yield Sorry(code="revoked")
                        return
                    if bundle.seq < least:  # the view is being built again: half of it would pass for the whole
                        yield busy
                        return
                    if bundle.after:
                        bundle.after = f"{epoch}.{begun}.{bundle.after}"
                    yield bundle
            except bundles.ScopeChanged:
                yield busy if cursor(db) < least else changed
                return
            yield Sorry(code="revoked") if revoked else Synced(seq=begun, epoch=epoch)

        def source(db: sqlite3.Connection) -> Iterator[bytes]:
            # Encoded and compressed in the stream's own thread: the event loop has webhooks to answer.
            packer = zlib.compressobj(5, zlib.DEFLATED, 31) if gzip else None
            for frame in lines(db):
                line = protocol.encode(frame) + b"\n"
                yield packer.compress(line) if packer else line
            if packer:
                yield packer.flush()

        async def guarded() -> AsyncIterator[bytes]:
            nonlocal revoked
            async for piece in self._desk.view.stream(source):
                yield piece
                revoked = revoked or not self._accounts.valid(session)

        headers = {"cache-control": "no-store", "vary": "accept-encoding"}
        if gzip:
            headers["content-encoding"] = "gzip"
        return StreamingResponse(guarded(), media_type="application/x-ndjson", headers=headers)

    # ── files ────────────────────────────────────────────────────────────────────────────────────────────

    async def _upload(self, request: Request, session: Session) -> Response:
        try:
            kind = request.headers.get("content-type", "")
            if kind.startswith("multipart/form-data"):
                async with request.form(max_files=1, max_fields=4) as form:
                    file = form.get("file")
                    if file is None or isinstance(file, str):
                        return sorry(400, "malformed", _("A part named file is expected."))

                    async def parts() -> AsyncIterator[bytes]:
                        while chunk := await file.read(1 << 18):
                            yield chunk

                    stored = await self._files.receive(parts(), file.filename or "", session.agent.id)
            else:
                stored = await self._files.receive(request.stream(), _filename(request), session.agent.id)
        except PayloadError as error:
            return sorry(413 if isinstance(error, TooBig) else 415, "malformed", f"{error} {error.hint}".strip())
        return json_answer({"key": stored.key, "mime": stored.mime, "size": stored.size, "kind": stored.kind,
                      "voice": stored.voice, "filename": stored.filename})  # fmt: skip

    async def _download(self, request: Request, session: Session) -> Response:
        key = request.path_params["key"]
        scope = self._desk.standing(session).scope
        path, stored = self._files.path(key), self._files.describe(key)
        if path is not None and self._files.uploader(key) != session.agent.id:
            path = path if await self._desk.view.ask(lambda db: visible.sees_file(db, scope, key)) else None
        if path is None:
            return sorry(404, "malformed", _("The relay does not have this file."))
        return FileResponse(
            path,
            media_type=stored.mime if stored else "application/octet-stream",
            headers={
                "x-content-type-options": "nosniff",
                "content-disposition": "attachment",
                "cache-control": "private",
            },
        )

    # ── looking closer ───────────────────────────────────────────────────────────────────────────────────

    async def _story(self, request: Request, session: Session) -> Response:
        """The raw story of a message: bodies, attempts, statuses, events."""
        scope = self._desk.standing(session).scope
        found = await stories.tell(self._log, self._desk.view, request.path_params["id"], scope, hide=self._secrets)
        if found is None:
            return sorry(404, "malformed", _("The relay does not have this message."))
        return json_answer(found)


def _add(frames: list[protocol.AnyFrame | msgspec.Raw], encoded: str | None) -> None:
    if encoded is not None:
        frames.append(msgspec.Raw(encoded.encode()))


def _number(text: str) -> int | None:
    """A number from an address; None for what is none, or larger than any of ours."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def sorry(status: int, code: str, message: str) -> Response:
    """A refusal: a `sorry` frame with an HTTP status."""
    headers = {"www-authenticate": "Bearer"} if status == 401 else {}
    body = protocol.encode(Sorry(code=code, message=message))
    return Response(body, status, media_type="application/json", headers=headers)


def json_answer(value: Any) -> Response:
    """A success."""
    headers = {"cache-control": "no-store"}
    return Response(msgspec.json.encode(value), media_type="application/json", headers=headers)


async def read_body(request: Request) -> bytes:
    """A body of JSON. Raises msgspec.DecodeError where it is too long, TooSlow where it does not come."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                size += len(chunk)
                if size > BODY:
                    raise msgspec.DecodeError("too long")
                parts.append(chunk)
    except TimeoutError as error:
        raise TooSlow from error
    return b"".join(parts)


def _steady(receive: Receive) -> Receive:
    """`receive` that waits for the next piece of a body only so long: a connection is not held for nothing."""

    async def steady() -> Message:
        try:
            async with asyncio.timeout(STALL_SECONDS):
                return await receive()
        except TimeoutError as error:
            raise TooSlow from error

    return steady


def _too_slow() -> Response:
    return sorry(408, "busy", _("The rest of the request did not come in time."))


def _filename(request: Request) -> str:
    """X-Filename: UTF-8, percent-encoded where it has to be."""
    from urllib.parse import unquote

    return unquote(request.headers.get("x-filename", ""))[:255]
