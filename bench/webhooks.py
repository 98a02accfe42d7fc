"""Durable webhooks a second: a real relay process on loopback, asked over keep-alive connections.

    python bench/webhooks.py [--seconds 3] [--connections 1,16,64,256]

One line a figure. The client is ours and raw, so that it costs little beside the relay; every body is a new,
signed message of about a kilobyte. Beside it stands what SQLite gives without HTTP: the same bodies through the
event log's group commit alone. `expanded/s` is how fast the clerk turns what was stored into events afterwards.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import hmac
import itertools
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import cast

SECRET = "bench-secret"
NUMBER = "109876500000010"
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


def told(what: str, rate: float, latencies: list[float]) -> None:
    """Print one figure."""
    cuts = statistics.quantiles(latencies, n=100)
    print(f"{what:<44} {rate:>9,.0f}/s   p50 {cuts[49] * 1e3:7.2f} ms   p99 {cuts[98] * 1e3:7.2f} ms", flush=True)


async def over_http(port: int, connections: int, seconds: float, rate: float) -> float:
    """Deliver for about `seconds`; `rate` is the guess by which the requests are made beforehand."""
    requests = iter([request(body()) for _ in range(max(200, int(rate * seconds)))])
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    done = [loop.create_future() for _ in range(connections)]
    begun = time.perf_counter()
    for each in done:
        await loop.create_connection(lambda each=each: Caller(requests, latencies, each), "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.gather(*done)
    reached = len(latencies) / (time.perf_counter() - begun)
    told(f"webhook → 200, {connections} connections", reached, latencies)
    return reached


async def bare(connections: int, seconds: float, rate: float) -> float:
    """The group commit alone, asked by as many coroutines as there would be connections."""
    from wptui.relay.eventlog import make_log

    bodies = iter([body() for _ in range(max(200, int(rate * seconds)))])
    latencies: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        async with make_log(Path(folder) / "log.db") as log:

            async def store() -> None:
                for each in bodies:
                    begun = time.perf_counter()
                    await log.store_raw(each, int(begun))
                    latencies.append(time.perf_counter() - begun)

            begun = time.perf_counter()
            await asyncio.gather(*(store() for _ in range(connections)))
            reached = len(latencies) / (time.perf_counter() - begun)
    told(f"SQLite group commit alone, {connections} at once", reached, latencies)
    return reached


@contextlib.asynccontextmanager
async def relay(folder: str) -> AsyncIterator[int]:
    """A relay process; yields its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "WPTUI_HOME": folder,
        "WPTUI_APP_SECRET": SECRET,
        "WPTUI_VERIFY_TOKEN": "bench",
        "WPTUI_ACCESS_TOKEN": "bench",
        "WPTUI_GRAPH_URL": "http://127.0.0.1:9",  # nobody is there: Meta cannot be reached
        "WPTUI_WABA_ID": "200000000000777",
        "WPTUI_PHONE_NUMBER_IDS": NUMBER,
        "WPTUI_LISTEN": f"127.0.0.1:{port}",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "wptui", "relay", "run"], env=environment, stdout=subprocess.DEVNULL
    )
    try:
        for _ in range(200):
            try:
                _reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                break
            except OSError:
                if process.poll() is not None:
                    raise SystemExit("the relay did not start") from None
                await asyncio.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(30)


async def drained(port: int) -> None:
    """Wait until everything stored is expanded, and tell how fast that was."""
    begun = before = await backlog(port)
    start = time.perf_counter()
    while before:
        await asyncio.sleep(0.1)
        before = await backlog(port)
    if begun:
        print(f"{'expanded afterwards':<44} {begun / (time.perf_counter() - start):>9,.0f}/s", flush=True)


async def backlog(port: int) -> int:
    """Bodies that wait for their expansion, by the relay's own figures."""
    import urllib.request

    def ask() -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            return str(answer.read().decode())

    text = await asyncio.to_thread(ask)
    return int(
        float(next(line.split()[1] for line in text.splitlines() if line.startswith("wptui_expansion_backlog ")))
    )


async def main() -> None:
    """All figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--connections", default="1,16,64,256")
    asked = parser.parse_args()
    counts = [int(count) for count in asked.connections.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        async with relay(folder) as port:
            rate = 2000.0
            for count in counts:
                rate = await over_http(port, count, 0.3, rate)  # how much is enough
                await over_http(port, count, asked.seconds, rate)
                await drained(port)
    for count in counts:
        await bare(count, asked.seconds / 2, await bare_rate(count))


async def bare_rate(count: int) -> float:
    """A guess for `bare`."""
    return {1: 3000.0, 16: 30_000.0}.get(count, 60_000.0)


if __name__ == "__main__":
    import uvloop

    uvloop.run(main())
