"""The client against a scripted Graph API: what is sent, how a call ends, and where the token goes."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from wptui.cloudapi.graph import (
    BASE_URL,
    VERSION,
    Accepted,
    GraphClient,
    GraphRefused,
    GraphUnclear,
    GraphUnreachable,
    MediaRefused,
)
from wptui.cloudapi.limits import PayloadError
from wptui.cloudapi.payloads import Address, build
from wptui.model.errors import ConfigError

TOKEN = "EAAGsecretTOKEN123"
NUMBER = "109876500000010"
LINK = "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1"
PAYLOAD = build(Address("905550000001"), {"type": "text", "text": {"body": "Şu an yoldayız"}}, opaque="01JD")

Handler = Callable[[httpx.Request], httpx.Response]


def client(handler: Handler, base_url: str = BASE_URL) -> GraphClient:
    return GraphClient(base_url, TOKEN, transport=httpx.MockTransport(handler))


def answering(status: int = 200, body: Any = None, **headers: str) -> Handler:
    return lambda _request: httpx.Response(status, json=body, headers=headers)


def failing(error: type[httpx.TransportError]) -> Handler:
    def handler(request: httpx.Request) -> httpx.Response:
        raise error(f"broken for {TOKEN}", request=request)

    return handler


async def send(handler: Handler) -> Accepted:
    async with client(handler) as graph:
        return await graph.send_message(NUMBER, PAYLOAD)


# ── sending


async def test_a_message_goes_out_as_documented_and_is_accepted() -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(
            200,
            json={
                "messaging_product": "whatsapp",
                "contacts": [{"input": "+905550000001", "wa_id": "905550000001", "user_id": "TR.1"}],
                "messages": [{"id": "wamid.9", "message_status": "accepted"}],
            },
        )

    assert await send(handler) == Accepted("wamid.9", "905550000001", "TR.1", "")
    (request,) = seen
    assert (request.method, str(request.url)) == ("POST", f"{BASE_URL}/{VERSION}/{NUMBER}/messages")
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert json.loads(request.content) == PAYLOAD


async def test_a_message_meta_holds_back_says_so() -> None:
    body = {"messages": [{"id": "wamid.9", "message_status": "held_for_quality_assessment"}]}
    assert (await send(answering(200, body))).held == "held_for_quality_assessment"


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError])
async def test_without_a_connection_nothing_was_sent(error: type[httpx.TransportError]) -> None:
    with pytest.raises(GraphUnreachable) as told:
        await send(failing(error))
    assert TOKEN not in str(told.value)


@pytest.mark.parametrize(
    "error",
    [httpx.ReadTimeout, httpx.WriteTimeout, httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError],
)
async def test_once_the_request_is_on_its_way_nobody_knows(error: type[httpx.TransportError]) -> None:
    with pytest.raises(GraphUnclear) as told:
        await send(failing(error))
    assert TOKEN not in str(told.value)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
async def test_a_page_of_something_in_between_is_unclear(status: int) -> None:
    with pytest.raises(GraphUnclear):
        await send(lambda _request: httpx.Response(status, text="<html>Bad Gateway</html>"))


@pytest.mark.parametrize("body", [None, {}, {"messages": []}, {"messages": [{}]}, {"messages": "x"}, [], "ok"])
async def test_an_answer_without_a_message_is_unclear(body: Any) -> None:
    with pytest.raises(GraphUnclear):
        await send(answering(200, body))


def refusal(code: int, **parts: Any) -> dict[str, Any]:
    details = {"messaging_product": "whatsapp", "details": "24 hours have passed"}
    return {"error": {"message": f"(#{code}) Re-engagement", "code": code, "error_data": details, **parts}}


@pytest.mark.parametrize("status", [200, 400, 500, 503])
async def test_a_code_of_metas_is_a_refusal_whatever_the_status(status: int) -> None:
    with pytest.raises(GraphRefused) as told:
        await send(answering(status, refusal(131047)))
    refused = told.value
    assert (refused.code, refused.title, refused.details, refused.status) == (
        131047,
        "Re-engagement",
        "24 hours have passed",
        status,
    )
    assert refused.problem.code == 131047 and not refused.rule.automatic


async def test_a_refusal_without_a_code_carries_the_status() -> None:
    with pytest.raises(GraphRefused) as told:
        await send(lambda _request: httpx.Response(413, text="too large"))
    assert told.value.code == 413
    with pytest.raises(GraphRefused) as told:
        await send(answering(400, {"error": {"message": "x"}}))
    assert told.value.code == 400


async def test_a_redirect_is_not_followed() -> None:
    calls: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        calls.append(request.url.host)
        return httpx.Response(302, headers={"Location": "https://evil.example/"})

    with pytest.raises(GraphRefused):
        await send(handler)
    assert calls == ["graph.facebook.com"]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "Sun, 22 Nov 2026 12:00:30 GMT", "Date": "Sun, 22 Nov 2026 12:00:00 GMT"}, 30),
        ({"Retry-After": "soon"}, None),
        ({"X-Business-Use-Case-Usage": '{"1":[{"estimated_time_to_regain_access":3}]}'}, 180),
        ({"X-Business-Use-Case-Usage": "[]"}, None),
        ({}, None),
    ],
)
async def test_meta_says_how_long_to_wait(headers: dict[str, str], seconds: int | None) -> None:
    with pytest.raises(GraphRefused) as told:
        await send(lambda _request: httpx.Response(400, json=refusal(80007), headers=headers))
    assert told.value.retry_after == seconds


async def test_a_token_quoted_by_meta_is_not_passed_on() -> None:
    error = refusal(190, message=f"Malformed access token {TOKEN}", error_data={"details": TOKEN})
    with pytest.raises(GraphRefused) as told:
        await send(answering(401, error))
    assert TOKEN not in f"{told.value} {told.value.title} {told.value.details}"


async def test_words_of_metas_are_made_safe() -> None:
    with pytest.raises(GraphRefused) as told:
        await send(answering(400, refusal(1, message="a\x1b[2J\nb")))
    assert told.value.title == "a␛[2J b"


async def test_reading_and_typing_are_sent() -> None:
    bodies: list[Any] = []

    def handler(request: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(request.content))
        return httpx.Response(200, json={"success": True})

    async with client(handler) as graph:
        await graph.mark_read(NUMBER, "w")
        await graph.typing(NUMBER, "w")
    assert [body.get("typing_indicator") for body in bodies] == [None, {"type": "text"}]


# ── real sockets


async def test_a_closed_port_is_unreachable_and_a_cut_answer_unclear() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    async with GraphClient(f"http://127.0.0.1:{port}", TOKEN) as graph:
        with pytest.raises(GraphUnreachable):
            await graph.send_message(NUMBER, PAYLOAD)

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async def stay_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    for behaviour in (hang_up, stay_silent):
        server = await asyncio.start_server(behaviour, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with GraphClient(f"http://127.0.0.1:{port}", TOKEN, timeout=0.2) as graph:
            with pytest.raises(GraphUnclear):
                await graph.send_message(NUMBER, PAYLOAD)
        server.close()


# ── files


async def test_a_file_is_uploaded_under_a_name_of_ours(tmp_path: Path) -> None:
    photo = tmp_path / "gizli müşteri.jpg"
    photo.write_bytes(b"\xff\xd8\xff")
    seen: list[bytes] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.content)
        return httpx.Response(200, json={"id": "555"})

    async with client(handler) as graph:
        assert await graph.upload_media(NUMBER, photo, "image/jpeg") == "555"
    assert b'name="messaging_product"\r\n\r\nwhatsapp' in seen[0]
    assert b"Content-Type: image/jpeg\r\n\r\n\xff\xd8\xff" in seen[0]
    assert b"gizli" not in seen[0]


async def test_what_meta_would_not_take_is_not_uploaded(tmp_path: Path) -> None:
    def handler(_request: httpx.Request) -> httpx.Response:
        raise AssertionError("nothing may be sent")

    big = tmp_path / "a.png"
    big.touch()
    os.truncate(big, 6 * 1024 * 1024)
    async with client(handler) as graph:
        for mime in ("image/png", "application/x-msdownload"):
            with pytest.raises(PayloadError) as told:
                await graph.upload_media(NUMBER, big, mime)
            assert told.value.field == "file"


def serving(content: bytes, **headers: str) -> Handler:
    def handler(request: httpx.Request) -> httpx.Response:
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        return httpx.Response(200, content=content, headers=headers)

    return handler


async def test_a_file_comes_down_whole_and_private(tmp_path: Path) -> None:
    target = tmp_path / "file"
    content = b"x" * 700_000
    async with client(serving(content, **{"Content-Type": "image/jpeg; x=y"})) as graph:
        got = await graph.download_media(LINK, target)
    assert (got.size, got.sha256, got.mime) == (700_000, hashlib.sha256(content).hexdigest(), "image/jpeg")
    assert target.read_bytes() == content
    assert os.name == "nt" or target.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


async def chunks(count: int) -> Any:
    for _ in range(count):
        yield b"x" * 1000


@pytest.mark.parametrize("announced", [True, False])
async def test_a_file_too_big_is_given_up(tmp_path: Path, announced: bool) -> None:
    def handler(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=b"x" * 5000 if announced else chunks(5))

    async with client(handler) as graph:
        with pytest.raises(MediaRefused):
            await graph.download_media(LINK, tmp_path / "file", limit=4999)
        assert (await graph.download_media(LINK, tmp_path / "file", limit=5000)).size == 5000
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


async def test_the_token_goes_nowhere_else(tmp_path: Path) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise AssertionError(f"asked {request.url}")

    for base_url in (BASE_URL, "http://127.0.0.1:9000"):
        async with client(handler, base_url) as graph:
            for url in (
                "https://lookaside.fbsbx.com.evil.example/x",
                "http://lookaside.fbsbx.com/x",
                "https://user@lookaside.fbsbx.com/x",
                "https://graph.facebook.com/me",
                "http://127.0.0.1:9001/x",
                "http://169.254.169.254/",
                "https://[::1",
                "",
            ):
                with pytest.raises(MediaRefused):
                    await graph.download_media(url, tmp_path / "file")
    assert not list(tmp_path.iterdir())


async def test_a_sandbox_serves_its_own_files(tmp_path: Path) -> None:
    async with client(serving(b"abc"), "http://127.0.0.1:9000") as graph:
        assert (await graph.download_media("http://127.0.0.1:9000/files/1", tmp_path / "file")).size == 3


async def test_an_expired_link_is_told_and_a_redirect_is_not_followed(tmp_path: Path) -> None:
    for status in (404, 302):
        handler = answering(status, None, Location="https://evil.example/")
        async with client(handler) as graph:
            with pytest.raises(GraphRefused) as told:
                await graph.download_media(LINK, tmp_path / "file")
        assert told.value.code == status


async def test_a_transfer_that_breaks_leaves_nothing(tmp_path: Path) -> None:
    async def broken() -> Any:
        yield b"x"
        raise httpx.ReadError("cut")

    async with client(lambda _request: httpx.Response(200, content=broken())) as graph:
        with pytest.raises(GraphUnreachable):
            await graph.download_media(LINK, tmp_path / "file")
    assert not list(tmp_path.iterdir())


async def test_a_media_id_is_asked_for_its_link() -> None:
    body = {"url": LINK, "mime_type": "image/jpeg", "sha256": "ab", "file_size": "303833", "id": "5"}
    async with client(answering(200, body)) as graph:
        link = await graph.media_url("5")
        assert (link.url, link.size) == (LINK, 303833)
        for wrong in ("../me?fields=access_token", "", "a/b", "x" * 200):
            with pytest.raises(MediaRefused):
                await graph.media_url(wrong)


# ── the account


async def test_all_pages_are_read_by_cursor_and_the_address_with_the_token_is_not_used() -> None:
    asked: list[httpx.URL] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        after = request.url.params.get("after", "")
        page = {"": "a", "a": "b", "b": ""}[after]
        paging = {"cursors": {"after": page or "c"}} | (
            {"next": f"https://evil.example/?access_token={TOKEN}"} if page else {}
        )
        return httpx.Response(200, json={"data": [{"name": after or "first"}, "junk"], "paging": paging})

    async with client(handler) as graph:
        assert [each["name"] for each in await graph.templates("200")] == ["first", "a", "b"]
    assert {url.host for url in asked} == {"graph.facebook.com"}
    assert "components" in asked[0].params["fields"]


async def test_a_cursor_that_does_not_move_ends_the_list() -> None:
    body = {"data": [{"id": "1"}], "paging": {"cursors": {"after": "x"}, "next": "https://x"}}
    async with client(answering(200, body)) as graph:
        assert len(await graph.phone_numbers("200")) == 2


async def test_what_the_doctor_asks() -> None:
    asked: list[tuple[str, str, str]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append((request.method, request.url.path, request.headers["Authorization"].removeprefix("Bearer ")))
        return httpx.Response(
            200, json={"data": [{"id": "1"}] if "debug" not in request.url.path else {"is_valid": True}}
        )

    async with client(handler) as graph:
        await graph.number(NUMBER)
        await graph.subscribed_apps("200")
        await graph.subscribe_app("200")
        await graph.app_subscriptions("42", "s3cret")
        assert await graph.debug_token("42", "s3cret") == {"is_valid": True}
    assert asked == [
        ("GET", f"/{VERSION}/{NUMBER}", TOKEN),
        ("GET", f"/{VERSION}/200/subscribed_apps", TOKEN),
        ("POST", f"/{VERSION}/200/subscribed_apps", TOKEN),
        ("GET", f"/{VERSION}/42/subscriptions", "42|s3cret"),
        ("GET", f"/{VERSION}/debug_token", "42|s3cret"),
    ]


async def test_addresses_with_secrets_in_them_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("httpx").setLevel(logging.NOTSET)
    with caplog.at_level(logging.INFO):
        async with client(answering(200, {"data": {}})) as graph:
            await graph.debug_token()
    assert TOKEN not in caplog.text


@pytest.mark.parametrize("node", ["", "..", "1/2", "1?fields=x", "şube", "x" * 200])
async def test_what_is_no_id_is_not_asked_for(node: str) -> None:
    async with client(answering(200, {})) as graph:
        with pytest.raises(ConfigError):
            await graph.number(node)


@pytest.mark.parametrize(
    "base_url", ["http://graph.facebook.com", "ftp://127.0.0.1", "graph.facebook.com", "", "https://[::1", "https://"]
)
def test_the_token_is_not_sent_in_the_clear(base_url: str) -> None:
    with pytest.raises(ConfigError):
        GraphClient(base_url, TOKEN)


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "ş", "tab\t"])
def test_what_is_no_token_is_not_used(token: str) -> None:
    with pytest.raises(ConfigError) as told:
        GraphClient(BASE_URL, token)
    assert not token or token not in str(told.value)
