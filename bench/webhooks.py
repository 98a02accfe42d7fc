"""Durable webhooks a second: a real relay process on loopback, asked over keep-alive connections.

    python -m bench.webhooks [--quick] [--seconds 3] [--connections 1,16,64,256]

One line a figure. The client is ours and raw, so that it costs little beside the relay; every body is a new,
signed message of about a kilobyte. Beside it stands what SQLite gives without HTTP: the same bodies through the
event log's group commit alone. `expanded/s` is how fast the clerk turns what was stored into events afterwards.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from bench.figures import arguments, percentile, tell
from bench.serving import NUMBER, SECRET, relay

_CUSTOMERS = 2000
_names = itertools.count()


def body() -> bytes:
    """A text message nobody has sent before."""
    index = next(_names)
    phone = str(905550000000 + index % _CUSTOMERS)
    user = f"TR.{index % _CUSTOMERS + 10**9}"
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "905550000010", "phone_number_id": NUMBER},
        "contacts": [{"profile": {"name": f"Müşteri {phone}"}, "wa_id": phone, "user_id": user}],
        "messages": [
            {
                "from": phone,
                "from_user_id": user,
                "id": f"wamid.{os.getpid()}.{index}",
                "timestamp": str(int(time.time())),
                "type": "text",
                "text": {"body": "Merhaba, siparişim nerede? " + "x" * 400},
            }
        ],
    }
    entry = [{"id": "200000000000777", "changes": [{"value": value, "field": "messages"}]}]
    return json.dumps({"object": "whatsapp_business_account", "entry": entry}, separators=(",", ":")).encode()


def request(content: bytes) -> bytes:
    """The whole HTTP request that delivers `content`."""
    signature = hmac.digest(SECRET.encode(), content, hashlib.sha256).hex()
    return (
        b"POST /webhook HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
        b"X-Hub-Signature-256: sha256=%s\r\nContent-Length: %d\r\n\r\n%s"
    ) % (signature.encode(), len(content), content)


class Caller(asyncio.Protocol):
    """One keep-alive connection: sends the next request when the answer to the last is there."""

    def __init__(self, requests: Iterator[bytes], latencies: list[float], done: asyncio.Future[None]) -> None:
        self._requests = requests
        self._latencies = latencies
        self._done = done
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._next()

    def _next(self) -> None:
        one = next(self._requests, None)
        if one is None:
            self._transport.close()
            if not self._done.done():
                self._done.set_result(None)
            return
        self._sent = time.perf_counter()
        self._transport.write(one)

    def data_received(self, data: bytes) -> None:
        # Answers are small enough to come whole.
        if not data.startswith(b"HTTP/1.1 200"):
            self._done.set_exception(RuntimeError(data[:200].decode("latin-1")))
            self._transport.close()
            return
        self._latencies.append(time.perf_counter() - self._sent)
        self._next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(ConnectionError("the relay hung up"))


def told(what: str, latencies: list[float]) -> None:
    """The percentiles beside a rate."""
    tell(f"{what}, p50", percentile(latencies, 50) * 1e3, "ms")
    tell(f"{what}, p99", percentile(latencies, 99) * 1e3, "ms")


async def over_http(port: int, connections: int, seconds: float, rate: float) -> tuple[float, list[float]]:
    """Deliver for about `seconds`; `rate` is the guess by which the requests are made beforehand."""
    requests = iter([request(body()) for _ in range(max(200, int(rate * seconds)))])
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    done = [loop.create_future() for _ in range(connections)]
    begun = time.perf_counter()
    for each in done:
        await loop.create_connection(lambda each=each: Caller(requests, latencies, each), "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.gather(*done)
    return len(latencies) / (time.perf_counter() - begun), latencies


async def bare(connections: int, seconds: float) -> float:
    """The group commit alone, asked by as many coroutines as there would be connections."""
    from wptui.relay.eventlog import make_log

    rate = {1: 3000.0, 16: 30_000.0}.get(connections, 60_000.0)
    bodies = iter([body() for _ in range(max(200, int(rate * seconds)))])
    count = 0
    with tempfile.TemporaryDirectory() as folder:
        async with make_log(Path(folder) / "log.db") as log:

            async def store() -> None:
                nonlocal count
                for each in bodies:
                    await log.store_raw(each, int(time.time()))
                    count += 1

            begun = time.perf_counter()
            await asyncio.gather(*(store() for _ in range(connections)))
            return count / (time.perf_counter() - begun)


async def drained(port: int) -> float:
    """Wait until everything stored is expanded; how fast that was, in bodies a second."""
    begun = left = await backlog(port)
    start = time.perf_counter()
    while left:
        await asyncio.sleep(0.1)
        left = await backlog(port)
    return begun / (time.perf_counter() - start)


async def backlog(port: int) -> int:
    """Bodies that wait for their expansion, by the relay's own figures."""
    import urllib.request

    def ask() -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            return str(answer.read().decode())

    lines = (await asyncio.to_thread(ask)).splitlines()
    return int(float(next(line.split()[1] for line in lines if line.startswith("wptui_expansion_backlog "))))


async def main() -> None:
    """All figures."""
    parser = arguments(__doc__)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--connections", default="1,16,64,256")
    asked = parser.parse_args()
    seconds = 0.5 if asked.quick else asked.seconds
    with tempfile.TemporaryDirectory() as folder, relay(Path(folder) / "relay") as (url, _pid):
        port = int(url.rpartition(":")[2])
        rate = 2000.0
        for count in (int(each) for each in asked.connections.split(",")):
            rate, _ = await over_http(port, count, 0.3, rate)  # how much is enough
            reached, latencies = await over_http(port, count, seconds, rate)
            expanded = await drained(port)
            alone = await bare(count, seconds / 2)
            what = f"webhook → 200, {count} connection{'s' if count > 1 else ''}"
            target = 10_000 if count == 64 else None
            tell(what, reached, "/s", peer=("group commit without HTTP", alone), at_least=target)
            told(what, latencies)
            tell("… expanded afterwards", expanded, "bodies/s")


if __name__ == "__main__":
    import uvloop

    uvloop.run(main())
