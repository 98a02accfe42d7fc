"""A relay of a few lines: a webhook endpoint on a real port that remembers what it got."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections import deque
from collections.abc import Callable
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from wptui.sandbox import Sandbox
from wptui.sandbox.server import Server, listen

WAIT = 5.0


class Clock:
    """A clock the test sets."""

    def __init__(self, now: float = 1_795_350_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Endpoint:
    """Takes webhooks, answers with the statuses in `answers` (then 200), and verifies with *verify_token*."""

    def __init__(self, verify_token: str) -> None:
        self.verify_token = verify_token
        self.posts: list[tuple[bytes, dict[str, str]]] = []
        self.answers: deque[int] = deque()
        self.url = ""
        self._server: Server | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._server, self._task, port = await listen(self._app, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{port}/webhook"

    async def stop(self) -> None:
        if self._server is not None and self._task is not None:
            self._server.leave()
            await self._task

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if request.method == "GET":
            right = request.query_params.get("hub.verify_token") == self.verify_token
            answer = PlainTextResponse(request.query_params["hub.challenge"]) if right else PlainTextResponse("", 403)
        else:
            body = await request.body()
            status = self.answers.popleft() if self.answers else 200
            self.posts.append((body, dict(request.headers)))
            answer = PlainTextResponse("", status)
        await answer(scope, receive, send)

    @property
    def values(self) -> list[dict[str, Any]]:
        """Every change's value, in the order of arrival."""
        return [
            change["value"]
            for body, _headers in self.posts
            for entry in json.loads(body)["entry"]
            for change in entry["changes"]
        ]

    @property
    def messages(self) -> list[dict[str, Any]]:
        """Every customer's message."""
        return [message for value in self.values for message in value.get("messages", ())]

    @property
    def statuses(self) -> list[dict[str, Any]]:
        """Every status."""
        return [status for value in self.values for status in value.get("statuses", ())]

    def signed_rightly(self, secret: str) -> list[bool]:
        """For each POST whether its signature fits the raw bytes."""
        return [
            headers.get("x-hub-signature-256")
            == "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
            for body, headers in self.posts
        ]


class Agent:
    """Calls the Graph API as a relay would."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.http = httpx.AsyncClient(
            base_url=sandbox.url, headers={"Authorization": f"Bearer {sandbox.access_token}"}, timeout=WAIT
        )

    def path(self, edge: str = "messages", number: str | None = None) -> str:
        return f"/v25.0/{number or self.sandbox.phone_number_ids[0]}/{edge}"

    async def send(self, to: str = "ayse", **body: Any) -> httpx.Response:
        """Send to the customer *to* (a key, or a phone number with "+"); text "Merhaba" unless *body* says else."""
        customer = self.sandbox.world.find(to)
        address: dict[str, Any] = {"to": to}
        if customer is not None and customer.wa_id:
            address = {"to": f"+{customer.wa_id}"}
        elif customer is not None:
            address = {"recipient": customer.user_id}
        if "type" not in body:
            body = {"type": "text", "text": {"body": "Merhaba"}} | body
        number = customer.number if customer is not None else None
        return await self.http.post(self.path(number=number), json={"messaging_product": "whatsapp", **address, **body})

    async def text(self, text: str, to: str = "ayse") -> httpx.Response:
        return await self.send(to, text={"body": text})


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait until *condition* holds."""
    async with asyncio.timeout(WAIT):
        while not condition():
            await asyncio.sleep(0.002)


def code(response: httpx.Response) -> int:
    """Meta's error code in a refusal."""
    number = response.json()["error"]["code"]
    assert isinstance(number, int)
    return number
