"""The Graph endpoints a relay calls, under any version prefix."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.background import BackgroundTask
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from wptui.sandbox import blocklist
from wptui.sandbox.account import Account
from wptui.sandbox.checks import peer_of
from wptui.sandbox.errors import GraphError, Json
from wptui.sandbox.faults import Faults, Magic, magic
from wptui.sandbox.hangup import NoAnswer
from wptui.sandbox.media import Media
from wptui.sandbox.sends import Sends
from wptui.sandbox.webhooks import NotVerified, Webhooks
from wptui.sandbox.world import World

Handler = Callable[[Request], Awaitable[Response]]

_VERSION = re.compile(r"^v\d{1,3}\.\d$")
_OVERTAKE_WAIT = 5.0


class GraphApi:
    """The routes, over the parts that know the answers."""

    def __init__(
        self, world: World, media: Media, faults: Faults, sends: Sends, webhooks: Webhooks, access_token: str
    ) -> None:
        self.world = world
        self.media = media
        self.faults = faults
        self.sends = sends
        self.webhooks = webhooks
        self.access_token = access_token
        self.account = Account(world, webhooks)
        self.calls = 0
        self.closing = asyncio.Event()
        """Set when the sandbox stops: calls that are never answered end then."""

    def routes(self) -> list[Route]:
        """Everything a relay may call."""

        def route(path: str, handler: Handler, method: str) -> Route:
            return Route(f"/{{version}}/{path}", self._guarded(handler), methods=[method])

        return [
            Route("/whatsapp_business/attachments/", self._guarded(self._download), methods=["GET"]),
            route("debug_token", self._debug_token, "GET"),
            route("{number}/messages", self._messages, "POST"),
            route("{number}/media", self._upload, "POST"),
            route("{number}/block_users", self._blocked, "GET"),
            route("{number}/block_users", self._block, "POST"),
            route("{number}/block_users", self._block, "DELETE"),
            route("{node}/message_templates", self._templates, "GET"),
            route("{node}/phone_numbers", self._phone_numbers, "GET"),
            route("{node}/subscribed_apps", self._subscribed_apps, "GET"),
            route("{node}/subscribed_apps", self._subscribe, "POST"),
            route("{node}/subscribed_apps", self._unsubscribe, "DELETE"),
            route("{node}/subscriptions", self._subscriptions, "GET"),
            route("{node}/subscriptions", self._set_subscription, "POST"),
            route("{node}", self._node, "GET"),
            route("{node}", self._delete, "DELETE"),
        ]

    def _guarded(self, handler: Handler) -> Handler:
        """*handler* behind what every call meets: delay, token, version, and Meta's form for errors."""

        async def guarded(request: Request) -> Response:
            self.calls += 1
            trace = "A" + base64.urlsafe_b64encode(self.world.token(f"trace/{self.calls}", 16)).decode("ascii")[:22]
            if self.faults.delay_ms:
                await self._delay(self.faults.delay_ms / 1000)
            try:
                self._check_token(request)
                version = request.path_params.get("version")
                if version is not None and not _VERSION.match(version):
                    raise GraphError(100, f"Unknown path components: /{version}")
                response = await handler(request)
            except GraphError as error:
                response = JSONResponse(error.as_response(trace), error.status)
            except ClientDisconnect:
                return Response(status_code=499)
            response.headers["x-fb-trace-id"] = trace
            response.headers["x-fb-request-id"] = f"sandbox-{self.calls}"
            return response

        return guarded

    async def _delay(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self.closing.wait()
        except TimeoutError:
            pass

    def _check_token(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            token = request.query_params.get("access_token", "")
        right = [self.access_token]
        if request.url.path.endswith(("/subscriptions", "/debug_token")):
            right.append(f"{self.world.app_id}|{self.webhooks.secret}")  # an app token, as Meta wants here
        if not any(hmac.compare_digest(token.encode(), each.encode()) for each in right):
            raise GraphError(190)

    def _known_number(self, request: Request) -> str:
        number: str = request.path_params["number"]
        if number not in self.world.numbers:
            raise GraphError(100, f"Object with ID '{number}' does not exist")
        return number

    # -- messages

    async def _messages(self, request: Request) -> Response:
        number = self._known_number(request)
        body = await _json(request)
        if body.get("status") is not None:
            return self._read_mark(number, body)
        asked = _asked(body)
        if self._hit("http_500", asked):
            return PlainTextResponse("Internal Server Error", 500)
        if self._hit("drop", asked):
            return NoAnswer(request, self.closing, abort=True)
        send = self.sends.take(number, body, asked)
        for switch, abort in (("timeout", False), ("drop_after", True)):
            if self._hit(switch, asked):
                await self.sends.start(send, asked)
                return NoAnswer(request, self.closing, abort=abort)
        send.answered = True
        answer = self.sends.answer(send)
        if self.faults.overtake or (asked is not None and asked.switch == "overtake"):
            await self.sends.start(send, asked)
            await self._overtaken(send.first_status)
            return JSONResponse(answer)
        return JSONResponse(answer, background=BackgroundTask(self.sends.start, send, asked))

    async def _overtaken(self, first_status: asyncio.Event) -> None:
        """Wait until the first status has reached the relay, or cannot."""
        try:
            async with asyncio.timeout(_OVERTAKE_WAIT):
                await first_status.wait()
                await self.webhooks.drained()
        except TimeoutError:
            pass

    def _hit(self, switch: str, asked: Magic | None) -> bool:
        return (asked is not None and asked.switch == switch) or self.faults.take(switch)

    def _read_mark(self, number: str, body: Json) -> Response:
        if body.get("messaging_product") != "whatsapp":
            raise GraphError(100, "Param messaging_product must be one of {WHATSAPP}")
        if body["status"] != "read":
            raise GraphError(100, "Param status must be one of {READ}")
        wamid = body.get("message_id")
        if not wamid:
            raise GraphError(131008, "Parameter message_id is required")
        peer = peer_of(str(wamid))
        if peer is None:
            raise GraphError(131009, "Param message_id: no such message")
        typing = body.get("typing_indicator")
        if typing is not None and (not isinstance(typing, dict) or typing.get("type") != "text"):
            raise GraphError(100, "Param typing_indicator['type'] must be one of {TEXT}")
        self.sends.reads.append({"phone_number_id": number, "message_id": wamid, "typing": typing is not None})
        return JSONResponse({"success": True})

    # -- customers

    async def _block(self, request: Request) -> Response:
        number = self._known_number(request)
        asked = await _json(request)
        trace = f"A{self.calls}"
        answer, status = blocklist.change(self.world, number, asked, block=request.method == "POST", trace=trace)
        return JSONResponse(answer, status)

    async def _blocked(self, request: Request) -> Response:
        return JSONResponse(blocklist.of(self.world, self._known_number(request)))

    # -- media

    async def _upload(self, request: Request) -> Response:
        self._known_number(request)
        async with request.form() as form:
            if form.get("messaging_product") != "whatsapp":
                raise GraphError(100, "Param messaging_product must be one of {WHATSAPP}")
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise GraphError(131008, "Parameter file is required")
            declared = form.get("type")
            mime_type = file.content_type or (declared if isinstance(declared, str) else "")
            medium = self.media.upload(mime_type, await file.read())
        return JSONResponse({"id": medium.id})

    async def _download(self, request: Request) -> Response:
        query = request.query_params
        medium = self.media.follow(query.get("mid", ""), query.get("ext", ""), query.get("hash", ""))
        if medium is None or self.faults.take("media_404"):
            return PlainTextResponse("Not found", 404)
        self.media.downloads += 1
        return Response(medium.data, media_type=medium.mime_type)

    async def _delete(self, request: Request) -> Response:
        medium = self.media.get(request.path_params["node"])
        del self.media.items[medium.id]
        return JSONResponse({"success": True})

    # -- account

    async def _node(self, request: Request) -> Response:
        node = request.path_params["node"]
        fields = request.query_params.get("fields")
        shape = self.account.node(node, fields)
        if shape is None:
            shape = self.media.describe(self.media.get(node))
        return JSONResponse(shape)

    async def _templates(self, request: Request) -> Response:
        self._known_waba(request)
        return JSONResponse(self.account.templates(self.sends.templates, request.query_params, _here(request)))

    async def _phone_numbers(self, request: Request) -> Response:
        self._known_waba(request)
        return JSONResponse(self.account.phone_numbers(request.query_params.get("fields")))

    async def _subscribed_apps(self, request: Request) -> Response:
        self._known_waba(request)
        return JSONResponse(self.account.subscribed_apps())

    async def _subscribe(self, request: Request) -> Response:
        self._known_waba(request)
        values = await _values(request)
        callback = values.get("override_callback_uri")
        if callback:
            await self._connect(callback, values.get("verify_token"))
        self.webhooks.subscribed = True
        return JSONResponse({"success": True})

    async def _unsubscribe(self, request: Request) -> Response:
        self._known_waba(request)
        self.webhooks.subscribed = False
        return JSONResponse({"success": True})

    async def _subscriptions(self, request: Request) -> Response:
        self._known_app(request)
        return JSONResponse(self.account.subscriptions())

    async def _set_subscription(self, request: Request) -> Response:
        self._known_app(request)
        values = await _values(request)
        if values.get("object") != "whatsapp_business_account" or not values.get("callback_url"):
            raise GraphError(100, "object must be whatsapp_business_account, and callback_url is required")
        await self._connect(values["callback_url"], values.get("verify_token"))
        given = values.get("fields")
        if given:
            self.account.fields = given.split(",") if isinstance(given, str) else list(given)
        return JSONResponse({"success": True})

    async def _connect(self, url: str, verify_token: str | None) -> None:
        if verify_token:
            self.webhooks.verify_token = verify_token
        try:
            await self.webhooks.connect(url)
        except NotVerified as error:
            raise GraphError(100, f"(#2200) Callback verification failed: {error}") from error

    async def _debug_token(self, request: Request) -> Response:
        token = request.query_params.get("input_token", "")
        valid = hmac.compare_digest(token.encode(), self.access_token.encode())
        return JSONResponse(self.account.debug_token(valid=valid))

    def _known_waba(self, request: Request) -> None:
        if request.path_params["node"] != self.world.waba_id:
            raise GraphError(100, f"Object with ID '{request.path_params['node']}' does not exist")

    def _known_app(self, request: Request) -> None:
        if request.path_params["node"] not in (self.world.app_id, "app"):
            raise GraphError(100, f"Object with ID '{request.path_params['node']}' does not exist")


def _asked(body: Json) -> Magic | None:
    text = body.get("text")
    words = text.get("body") if isinstance(text, dict) else None
    return magic(words) if isinstance(words, str) else None


def _here(request: Request) -> str:
    return f"{request.base_url}".rstrip("/") + request.url.path


async def _json(request: Request) -> Json:
    try:
        body = json.loads(await request.body())
    except (ValueError, UnicodeDecodeError) as error:
        raise GraphError(100, "The request body is not JSON") from error
    if not isinstance(body, dict):
        raise GraphError(100, "The request body is not a JSON object")
    return body


async def _values(request: Request) -> dict[str, Any]:
    """A POST's parameters, wherever Graph takes them from: query, form or JSON."""
    values: dict[str, Any] = dict(request.query_params)
    kind = request.headers.get("content-type", "")
    if kind.startswith("application/json"):
        values |= await _json(request)
    elif kind.startswith(("application/x-www-form-urlencoded", "multipart/form-data")):
        async with request.form() as form:
            values |= {key: value for key, value in form.items() if isinstance(value, str)}
    return values
