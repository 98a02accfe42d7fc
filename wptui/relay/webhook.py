"""Meta's side of the relay: `GET|POST /webhook` as a bare ASGI application.

Verify the signature over the raw bytes → keep them durably → 200. What a body says is looked at later
(`clerk`): a valid signature is stored and answered 200 whatever it holds, because anything else buys seven
days of the same retries. 500 is answered only where nothing was kept, so that Meta tries again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from wptui.cloudapi.signature import is_signed, is_verify_token
from wptui.model.errors import StorageError
from wptui.relay.eventlog.contract import EventLog
from wptui.relay.meters import Meters

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

LIMIT = 4 << 20
"""Bytes of the largest body taken; Meta sends up to 3 MB (CLOUD_API.md §3)."""

PATIENCE = 20.0
"""Seconds a body may take to come: unsigned bytes are not held for whoever sends them slowly."""

_log = logging.getLogger("wptui.relay.webhook")


def _answer(status: int, text: bytes) -> tuple[MutableMapping[str, Any], MutableMapping[str, Any]]:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(text))]
    if status == 405:
        headers.append((b"allow", b"GET, POST"))
    return (
        {"type": "http.response.start", "status": status, "headers": headers},
        {"type": "http.response.body", "body": text},
    )


_OK = _answer(200, b"")
_REFUSED = _answer(401, b"the signature does not match\n")
_FORBIDDEN = _answer(403, b"the verify token does not match\n")
_METHOD = _answer(405, b"GET or POST\n")
_TOO_SLOW = _answer(408, b"the body did not come in time\n")
_TOO_LARGE = _answer(413, b"the body is over 4 MB\n")
_FAILED = _answer(500, b"not stored, try again\n")


class Webhook:
    """The webhook endpoint. `secrets` are the app secrets accepted: the current one, and one more during a change."""

    def __init__(self, log: EventLog, *, secrets: Sequence[str], verify_token: str, meters: Meters) -> None:
        self._log = log
        self._secrets = tuple(secrets)
        self._token = verify_token
        self._meters = meters
        self._clock = time.time

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        method = scope["method"]
        if method == "POST":
            head, body = await self._deliver(scope, receive)
        elif method == "GET":
            head, body = self._verify(scope["query_string"])
        else:
            head, body = _METHOD
        await send(head)
        await send(body)

    def _verify(self, query: bytes) -> tuple[MutableMapping[str, Any], MutableMapping[str, Any]]:
        asked = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
        # Compared first and always, so that the time taken tells nothing.
        matches = is_verify_token(asked.get("hub.verify_token"), self._token)
        if not matches or asked.get("hub.mode") != "subscribe" or "hub.challenge" not in asked:
            return _FORBIDDEN
        return _answer(200, asked["hub.challenge"].encode())

    async def _deliver(
        self, scope: Scope, receive: Receive
    ) -> tuple[MutableMapping[str, Any], MutableMapping[str, Any]]:
        begun = time.perf_counter()
        count = self._meters.webhooks
        signature = b""
        for name, value in scope["headers"]:
            if name == b"x-hub-signature-256":
                signature = value
            elif name == b"content-length" and (not value.isdigit() or int(value) > LIMIT):
                count["too_large"].inc()
                return _TOO_LARGE
        try:
            async with asyncio.timeout(PATIENCE):
                message = await receive()
                body = message.get("body", b"")
                if message.get("more_body"):
                    parts = [body]
                    size = len(body)
                    while message.get("more_body"):
                        message = await receive()
                        parts.append(message.get("body", b""))
                        size += len(parts[-1])
                        if size > LIMIT:
                            count["too_large"].inc()
                            return _TOO_LARGE
                    body = b"".join(parts)
        except TimeoutError:
            count["malformed"].inc()
            return _TOO_SLOW
        if message["type"] == "http.disconnect":
            count["malformed"].inc()
            return _REFUSED  # nobody hears it
        if len(body) > LIMIT:
            count["too_large"].inc()
            return _TOO_LARGE
        if not is_signed(body, signature, self._secrets):
            count["refused"].inc()
            return _REFUSED
        try:
            await self._log.store_raw(body, int(self._clock() * 1000))
        except StorageError as error:
            count["failed"].inc()
            _log.error("a webhook was not stored: %s", error)
            return _FAILED
        count["stored"].inc()
        self._meters.webhook_bytes.inc(len(body))
        self._meters.webhook_seconds.observe(time.perf_counter() - begun)
        return _OK
