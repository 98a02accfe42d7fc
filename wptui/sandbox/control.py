"""The sandbox's own endpoints: watch what came, make customers write, set what goes wrong."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from wptui.sandbox.errors import Json
from wptui.sandbox.inbound import CannotSay
from wptui.sandbox.webhooks import NotVerified
from wptui.sandbox.world import UnknownCustomer

if TYPE_CHECKING:
    from wptui.sandbox.server import Sandbox

Handler = Callable[[Json], Awaitable[Json]]


class Control:
    """Routes under ``/sandbox/``."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def routes(self) -> list[Route]:
        """All of them; each POST takes and gives a JSON object, except ``raw``, which takes any bytes."""

        def post(name: str, handler: Handler) -> Route:
            return Route(f"/sandbox/{name}", _posted(handler), methods=["POST"])

        def typed(kind: str) -> Handler:
            return lambda what: self._say({**what, "type": kind})

        return [
            Route("/sandbox/state", self._state, methods=["GET"]),
            Route("/sandbox/faults", self._faults, methods=["GET"]),
            post("faults", self._set_faults),
            Route("/sandbox/faults", self._clear_faults, methods=["DELETE"]),
            post("say", self._say),
            post("react", typed("reaction")),
            post("edit", typed("edit")),
            post("revoke", typed("revoke")),
            post("status", self._status),
            Route("/sandbox/raw", self._raw, methods=["POST"]),
            post("pause", self._pause),
            post("connect", self._connect),
            post("settle", self._settle),
        ]

    async def _state(self, request: Request) -> Response:
        return JSONResponse(self.state())

    def state(self) -> Json:
        """Everything a test may want to count."""
        sandbox = self.sandbox
        sends = sandbox.sends.all
        accepted = [send for send in sends if send.wamid is not None]
        return {
            "sends": [send.as_json() for send in sends],
            "accepted": {
                "by_recipient": Counter(send.customer.key for send in accepted if send.customer),
                "by_callback": Counter(send.callback for send in accepted if send.callback),
            },
            "reads": sandbox.sends.reads,
            "webhooks": asdict(sandbox.webhooks.counts)
            | {"pending": sandbox.webhooks.pending, "url": sandbox.webhooks.url},
            "statuses_pending": sandbox.sends.pending,
            "written": sandbox.inbound.count,
            "customers": [
                {
                    "key": customer.key,
                    "name": customer.name,
                    "user_id": customer.user_id,
                    "wa_id": customer.wa_id,
                    "username": customer.username,
                    "number": customer.number,
                    "last_written": customer.written[-1][0] if customer.written else None,
                    "last_received": customer.received[-1][0] if customer.received else None,
                }
                for customer in sandbox.world.customers.values()
            ],
            "media": {"files": len(sandbox.media.items), "downloads": sandbox.media.downloads},
            "graph_calls": sandbox.graph.calls,
            "faults": asdict(sandbox.faults),
        }

    # -- faults

    async def _faults(self, request: Request) -> Response:
        return JSONResponse(asdict(self.sandbox.faults))

    async def _set_faults(self, changes: Json) -> Json:
        self.sandbox.faults.update(changes)
        return asdict(self.sandbox.faults)

    async def _clear_faults(self, request: Request) -> Response:
        self.sandbox.faults.clear()
        return JSONResponse(asdict(self.sandbox.faults))

    # -- customers

    async def _say(self, what: Json) -> Json:
        who = what.get("from")
        if not isinstance(who, str) or not who:
            raise CannotSay("from: a customer's key, phone number or BSUID expected")
        wamid = await self.sandbox.say(who, {key: value for key, value in what.items() if key != "from"})
        return {"wamid": wamid, "customer": self.sandbox.world.customer(who).key}

    async def _status(self, what: Json) -> Json:
        for key in ("wamid", "status", "customer"):
            if not isinstance(what.get(key), str):
                raise CannotSay(f"{key} expected")
        await self.sandbox.status(
            what["customer"],
            what["wamid"],
            what["status"],
            number=what.get("number"),
            at=what.get("at"),
            callback=what.get("callback"),
            code=what.get("code"),
        )
        return {"success": True}

    async def _raw(self, request: Request) -> Response:
        sign = request.query_params.get("signature", "right")
        try:
            status = await self.sandbox.webhooks.post_raw(
                await request.body(), sign=sign != "none", bad_signature=sign == "wrong"
            )
        except (httpx.HTTPError, RuntimeError) as error:
            return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 502)
        return JSONResponse({"status": status})

    # -- the whole

    async def _pause(self, what: Json) -> Json:
        paused = what.get("paused", True)
        if not isinstance(paused, bool):
            raise ValueError("paused: true or false expected")
        await self.sandbox.pause(paused)
        return {"paused": paused}

    async def _connect(self, what: Json) -> Json:
        url = what.get("url")
        if not isinstance(url, str):
            raise ValueError("url expected")
        await self.sandbox.connect(url)
        return {"url": url}

    async def _settle(self, what: Json) -> Json:
        await self.sandbox.settled()
        return {"settled": True}


def _posted(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            what = json.loads(await request.body() or b"{}")
            if not isinstance(what, dict):
                raise ValueError("a JSON object expected")
            return JSONResponse(await handler(what))
        except UnknownCustomer as error:
            return JSONResponse({"error": f"unknown customer {error}"}, 404)
        except NotVerified as error:
            return JSONResponse({"error": str(error)}, 502)
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)

    return endpoint
