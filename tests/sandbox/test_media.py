"""Media both ways: uploads, links that expire, files customers send."""

from __future__ import annotations

import base64
import hashlib
import struct
import zlib
from random import Random
from urllib.parse import urlsplit

import httpx
import pytest

from tests.sandbox.support import Agent, Clock, Endpoint, code
from wptui.sandbox import Sandbox, samples


async def upload(agent: Agent, data: bytes, mime_type: str) -> httpx.Response:
    return await agent.http.post(
        agent.path("media"),
        data={"messaging_product": "whatsapp", "type": mime_type},
        files={"file": ("dosya", data, mime_type)},
    )


async def test_upload_download_round_trip(sandbox: Sandbox, agent: Agent) -> None:
    """Any bytes survive: line ends, boundary-like text, zeros."""
    data = b"\xff\xd8\r\n--boundary\r\n\x00\n" + bytes(range(256)) * 300
    media_id = (await upload(agent, data, "image/jpeg")).json()["id"]
    told = (await agent.http.get(f"/v25.0/{media_id}")).json()
    assert told["sha256"] == hashlib.sha256(data).hexdigest()
    assert (told["mime_type"], told["file_size"], told["id"]) == ("image/jpeg", str(len(data)), media_id)
    assert urlsplit(told["url"]).netloc == urlsplit(sandbox.url).netloc
    answer = await agent.http.get(told["url"])
    assert answer.content == data and answer.headers["content-type"] == "image/jpeg"
    sent = await agent.send("ayse", type="image", image={"id": media_id})
    assert sent.status_code == 200
    assert code(await agent.send("ayse", type="video", video={"id": media_id})) == 131053


async def test_link_needs_the_token_and_lives_five_minutes(sandbox: Sandbox, agent: Agent, clock: Clock) -> None:
    media_id = (await upload(agent, b"x", "image/png")).json()["id"]
    url = (await agent.http.get(f"/v25.0/{media_id}")).json()["url"]
    async with httpx.AsyncClient() as stranger:
        assert (await stranger.get(url)).status_code == 401
    clock.now += 299
    assert (await agent.http.get(url)).status_code == 200
    clock.now += 1
    assert (await agent.http.get(url)).status_code == 404
    fresh = (await agent.http.get(f"/v25.0/{media_id}")).json()["url"]
    assert (await agent.http.get(fresh)).status_code == 200
    later = fresh.replace(f"ext={int(clock.now) + 300}", f"ext={int(clock.now) + 9000}")
    assert later != fresh and (await agent.http.get(later)).status_code == 404


async def test_ids_expire_and_can_be_deleted(sandbox: Sandbox, agent: Agent, clock: Clock) -> None:
    first, second = [(await upload(agent, b"x", "image/png")).json()["id"] for _ in range(2)]
    assert (await agent.http.delete(f"/v25.0/{first}")).json() == {"success": True}
    assert code(await agent.http.get(f"/v25.0/{first}")) == 100
    clock.now += 30 * 86400
    assert code(await agent.http.get(f"/v25.0/{second}")) == 100


@pytest.mark.parametrize(
    ("mime_type", "size", "accepted"),
    [
        ("image/jpeg", 5 << 20, True),
        ("image/jpeg", (5 << 20) + 1, False),
        ("audio/ogg; codecs=opus", 1000, True),
        ("audio/ogg", (16 << 20) + 1, False),
        ("image/webp", (500 << 10) + 1, False),
        ("image/gif", 10, False),
        ("application/x-msdownload", 10, False),
        ("application/pdf", 0, False),
    ],
)
async def test_limits_of_uploads(agent: Agent, mime_type: str, size: int, accepted: bool) -> None:
    response = await upload(agent, b"x" * size, mime_type)
    assert response.status_code == (200 if accepted else 400)
    if not accepted:
        assert code(response) == 131053


async def test_upload_without_file(agent: Agent) -> None:
    response = await agent.http.post(agent.path("media"), data={"messaging_product": "whatsapp"})
    assert code(response) == 131008


@pytest.mark.parametrize(
    ("kind", "shape", "magic"),
    [
        ("image", "image", b"\xff\xd8\xff"),
        ("voice", "audio", b"OggS"),
        ("document", "document", b"%PDF-"),
        ("sticker", "sticker", b"RIFF"),
    ],
)
async def test_a_customers_file_can_be_fetched(
    sandbox: Sandbox, endpoint: Endpoint, agent: Agent, kind: str, shape: str, magic: bytes
) -> None:
    await sandbox.say("ayse", {"type": kind, "variant": 1})
    await sandbox.settled()
    medium = endpoint.messages[0][shape]
    url = (await agent.http.get(f"/v25.0/{medium['id']}")).json()["url"]
    for address in (url, medium["url"]):
        data = (await agent.http.get(address)).content
        assert data.startswith(magic)
        assert base64.b64decode(medium["sha256"]) == hashlib.sha256(data).digest()


async def test_media_404_by_switch(sandbox: Sandbox, endpoint: Endpoint, agent: Agent) -> None:
    sandbox.faults.update({"media_404": 1})
    await sandbox.say("ayse", {"type": "image"})
    await sandbox.settled()
    url = endpoint.messages[0]["image"]["url"]
    assert [(await agent.http.get(url)).status_code for _ in range(2)] == [404, 200]


async def test_a_file_of_our_own(sandbox: Sandbox, endpoint: Endpoint, agent: Agent) -> None:
    data = base64.b64encode(b"film").decode()
    await sandbox.say("ayse", {"type": "video", "data": data, "mime_type": "video/mp4", "caption": "Bak"})
    await sandbox.settled()
    video = endpoint.messages[0]["video"]
    assert (video["mime_type"], video["caption"]) == ("video/mp4", "Bak")
    assert (await agent.http.get(video["url"])).content == b"film"


# -- the made-up files are what they claim


def test_png_is_whole() -> None:
    data = samples.png(Random(1), width=40, height=30)
    position, kinds, pixels = 8, [], b""
    while position < len(data):
        (length,) = struct.unpack_from(">I", data, position)
        kind, body = data[position + 4 : position + 8], data[position + 8 : position + 8 + length]
        assert struct.unpack_from(">I", data, position + 8 + length)[0] == zlib.crc32(kind + body)
        kinds.append(kind)
        pixels += body if kind == b"IDAT" else b""
        position += 12 + length
    assert kinds == [b"IHDR", b"IDAT", b"IEND"]
    assert len(zlib.decompress(pixels)) == 30 * (1 + 40 * 3)


def test_jpeg_is_whole() -> None:
    data = samples.jpeg(Random(1), across=5, down=4)
    position, markers = 2, []
    while data[position + 1] != 0xDA:
        markers.append(data[position + 1])
        position += 2 + struct.unpack_from(">H", data, position + 2)[0]
    assert markers == [0xE0, 0xDB, 0xC0, 0xC4, 0xC4]
    scan = data[position + 14 : -2]
    assert data.endswith(b"\xff\xd9") and b"\xff" not in scan.replace(b"\xff\x00", b"")


def test_voice_note_lasts_as_long_as_asked() -> None:
    pages = samples.voice(5).split(b"OggS")[1:]
    assert len(pages) == 2 + 5
    assert struct.unpack_from("<q", pages[-1], 2)[0] == 5 * 48000 and pages[-1][1] == 4


def test_samples_repeat() -> None:
    assert samples.jpeg(Random(3)) == samples.jpeg(Random(3)) != samples.jpeg(Random(4))
    assert samples.webp(Random(3)) == samples.webp(Random(3)) and samples.voice(2) == samples.voice(2)
