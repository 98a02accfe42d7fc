"""The webhook endpoint over real HTTP: what is answered, what is kept, and what a fault does to both."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from tests import corpus
from tests.relay.faults import full_disk
from tests.relay.ingest import NUMBERS, body, desk
from tests.relay.serving import serve
from wptui.relay.eventlog import EventLog, make_log
from wptui.relay.meters import Meters
from wptui.relay.webhook import LIMIT, Webhook

SECRET, OTHER, TOKEN = "the-secret", "the-former-one", "tökén"


def sign(body: bytes, secret: str = SECRET) -> dict[str, str]:
    return {"X-Hub-Signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


class Endpoint:
    """The endpoint, being served."""

    def __init__(self, log: EventLog, meters: Meters, client: httpx.AsyncClient) -> None:
        self.log = log
        self.meters = meters
        self.client = client

    async def post(self, body: bytes, headers: dict[str, str] | None = None) -> int:
        answer = await self.client.post("/webhook", content=body, headers=sign(body) if headers is None else headers)
        return answer.status_code

    async def stored(self) -> list[bytes]:
        return [raw.body for raw in await self.log.raws(0, 10_000)]


@pytest_asyncio.fixture
async def endpoint(tmp_path: Path) -> AsyncIterator[Endpoint]:
    meters = Meters()
    async with make_log(tmp_path / "log.db") as log:
        app = Webhook(log, secrets=(SECRET, OTHER), verify_token=TOKEN, meters=meters)
        async with serve(app) as address, httpx.AsyncClient(base_url=address, timeout=20) as client:
            yield Endpoint(log, meters, client)


# ── the handshake ────────────────────────────────────────────────────────────────────────────────────────


async def test_the_challenge_is_given_back_to_who_knows_the_token(endpoint: Endpoint) -> None:
    asked = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": TOKEN}
    answer = await endpoint.client.get("/webhook", params=asked)
    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    "change",
    [
        {"hub.verify_token": "wrong"},
        {"hub.verify_token": ""},
        {"hub.verify_token": None},
        {"hub.mode": "unsubscribe"},
        {"hub.mode": None},
        {"hub.challenge": None},
    ],
)
async def test_anybody_else_is_refused(endpoint: Endpoint, change: dict[str, str | None]) -> None:
    asked = {"hub.mode": "subscribe", "hub.challenge": "1", "hub.verify_token": TOKEN} | change
    answer = await endpoint.client.get("/webhook", params={k: v for k, v in asked.items() if v is not None})
    assert answer.status_code == 403
    assert TOKEN not in answer.text


async def test_without_a_token_nobody_can_verify(tmp_path: Path) -> None:
    async with make_log(tmp_path / "log.db") as log:
        app = Webhook(log, secrets=(), verify_token="", meters=Meters())
        async with serve(app) as address, httpx.AsyncClient(base_url=address) as client:
            asked = {"hub.mode": "subscribe", "hub.challenge": "1", "hub.verify_token": ""}
            assert (await client.get("/webhook", params=asked)).status_code == 403
            assert (await client.post("/webhook", content=b"{}", headers=sign(b"{}", ""))).status_code == 401


# ── deliveries ───────────────────────────────────────────────────────────────────────────────────────────


async def test_a_signed_body_is_stored_byte_for_byte(endpoint: Endpoint) -> None:
    bodies = [b"{}", b"", b"not json at all \x00\xff", '{"ş": "\\ud83d"}'.encode()]
    assert [await endpoint.post(each) for each in bodies] == [200] * 4
    assert await endpoint.stored() == bodies


async def test_both_secrets_are_good_while_they_change(endpoint: Endpoint) -> None:
    assert await endpoint.post(b"{1}", sign(b"{1}", OTHER)) == 200
    assert await endpoint.post(b"{2}", sign(b"{2}", "neither")) == 401
    assert await endpoint.stored() == [b"{1}"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Hub-Signature-256": ""},
        {"X-Hub-Signature-256": "sha256="},
        {"X-Hub-Signature-256": sign(b"{}")["X-Hub-Signature-256"].upper()},
        {"X-Hub-Signature-256": sign(b"{}")["X-Hub-Signature-256"].removeprefix("sha256=")},
        {"X-Hub-Signature-256": sign(b"{ }")["X-Hub-Signature-256"]},
        {"X-Hub-Signature": "sha1=" + hmac.new(SECRET.encode(), b"{}", hashlib.sha1).hexdigest()},
        {b"X-Hub-Signature-256": b"sha256=\xff\xfe"},
    ],
)
async def test_what_is_not_signed_is_not_stored(endpoint: Endpoint, headers: dict[str, str]) -> None:
    assert await endpoint.post(b"{}", headers) == 401
    assert await endpoint.stored() == []


async def test_four_megabytes_are_taken_and_not_one_byte_more(endpoint: Endpoint) -> None:
    assert await endpoint.post(b"x" * LIMIT) == 200
    assert await endpoint.post(b"x" * (LIMIT + 1)) == 413
    assert len(await endpoint.stored()) == 1


async def test_a_body_that_does_not_say_its_length_is_measured(endpoint: Endpoint) -> None:
    async def parts(count: int) -> AsyncIterator[bytes]:
        for _ in range(count):
            yield b"x" * (1 << 20)

    whole = b"x" * LIMIT
    answer = await endpoint.client.post("/webhook", content=parts(4), headers=sign(whole))
    assert answer.status_code == 200
    answer = await endpoint.client.post("/webhook", content=parts(6), headers=sign(whole + whole[: 2 << 20]))
    assert answer.status_code == 413
    assert [len(each) for each in await endpoint.stored()] == [LIMIT]


async def test_a_body_without_end_is_not_waited_for(endpoint: Endpoint) -> None:
    url = endpoint.client.base_url
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(b"POST /webhook HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
    for _ in range(5):
        writer.write(b"100000\r\n" + b"x" * (1 << 20) + b"\r\n")
    answer = await asyncio.wait_for(reader.readline(), 10)
    writer.close()
    assert answer.startswith(b"HTTP/1.1 413")
    assert await endpoint.stored() == []


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
async def test_other_methods_are_refused(endpoint: Endpoint, method: str) -> None:
    answer = await endpoint.client.request(method, "/webhook")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, POST"


async def test_a_delivery_that_breaks_off_is_not_stored(endpoint: Endpoint) -> None:
    url = endpoint.client.base_url
    _reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(b"POST /webhook HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf of it")
    await writer.drain()
    writer.close()
    assert await endpoint.post(b"{}") == 200
    assert await endpoint.stored() == [b"{}"]


async def test_what_happened_is_counted(endpoint: Endpoint) -> None:
    await endpoint.post(b"{}")
    await endpoint.post(b"{}", {})
    await endpoint.post(b"x" * (LIMIT + 1))
    text = endpoint.meters.exposition()[0].decode()
    counted = dict(re.findall(r'wptui_webhooks_total\{outcome="(\w+)"\} (\S+)', text))
    assert counted == {"stored": "1.0", "refused": "1.0", "too_large": "1.0", "failed": "0.0", "malformed": "0.0"}


# ── faults ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_on_a_full_disk_meta_is_asked_to_try_again(endpoint: Endpoint) -> None:
    assert await endpoint.post(b"before") == 200
    big = [b"%d" % index + b"x" * 60_000 for index in range(12)]
    with full_disk(96 << 10):
        answers = await asyncio.gather(*(endpoint.post(each) for each in big))
    assert set(answers) <= {200, 500} and 500 in answers
    assert [await endpoint.post(each) for each in big] == [200] * 12
    stored = await endpoint.stored()
    assert set(stored) == {b"before", *big}
    # Nothing that was answered 500 had been kept.
    assert len(stored) == 13 + answers.count(200)


async def test_what_was_answered_200_survives_the_death_of_the_relay(tmp_path: Path) -> None:
    """Killed in the middle of webhooks: everything acknowledged is there, and is expanded after the restart."""
    path = tmp_path / "relay.db"
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.relay.webhook_child", str(path), corpus.secret(),
        stdout=asyncio.subprocess.PIPE, env=os.environ | {"PYTHONPATH": os.getcwd()},
    )  # fmt: skip
    assert child.stdout is not None
    address = (await asyncio.wait_for(child.stdout.readline(), 20)).decode().strip()
    (template,) = body(corpus.find(1))
    wamid = re.search(rb"wamid\.\w+", template)
    assert wamid is not None
    acknowledged: list[str] = []

    async def deliver(who: int, client: httpx.AsyncClient) -> None:
        for index in range(10_000):
            name = f"wamid.{who}x{index}"
            each = template.replace(wamid.group(), name.encode())
            try:
                answer = await client.post("/webhook", content=each, headers=sign(each, corpus.secret()))
            except httpx.HTTPError:
                return
            assert answer.status_code == 200
            acknowledged.append(name)
            if len(acknowledged) == 200:
                child.send_signal(signal.SIGKILL)

    try:
        async with httpx.AsyncClient(base_url=address) as client:
            await asyncio.wait_for(asyncio.gather(*(deliver(who, client) for who in range(8))), 60)
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()
    assert len(acknowledged) >= 200
    async with desk(tmp_path, *NUMBERS) as at:
        assert await at.log.backlog() >= len(acknowledged)
        await at.take()
        assert await at.log.backlog() == 0
        known = {row[0] for row in await at.rows("SELECT id FROM messages")}
        assert known >= set(acknowledged)
