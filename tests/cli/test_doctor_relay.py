"""``wptui doctor`` on cache, outbox and connection: against a relay's door that opens, refuses or is not there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from wptui.cli import checks_relay
from wptui.model import protocol
from wptui.model.commands import Resolve
from wptui.model.finding import Finding
from wptui.model.protocol import Result, Sorry, Welcome
from wptui.store.database import open_database
from wptui.sync import credentials
from wptui.sync.credentials import Account
from wptui.sync.outbox import Outbox

TOKEN = "a-token-of-this-test"


def by_id(findings: Iterator[Finding]) -> dict[str, Finding]:
    return {finding.id: finding for finding in findings}


@contextmanager
def relay(answer: Callable[[], protocol.AnyFrame] | None, status: int = 200) -> Iterator[str]:
    """A relay's address; it answers hello with *answer*, or knows no WebSocket when that is None."""

    def http(connection: ServerConnection, request: Request) -> Response | None:
        if request.path == "/healthz":
            return Response(status, "", Headers({"Date": "", "Content-Length": "0", "Connection": "close"}))
        if answer is None:
            return connection.respond(426, "no")
        return None

    def converse(connection: ServerConnection) -> None:
        assert connection.request and connection.request.headers["Authorization"] == f"Bearer {TOKEN}"
        assert connection.subprotocol == protocol.SUBPROTOCOL
        assert isinstance(protocol.decode(connection.recv()), protocol.Hello)
        assert answer
        connection.send(protocol.encode(answer()).decode())

    with serve(
        converse,
        "127.0.0.1",
        0,
        process_request=http,
        subprotocols=[protocol.SUBPROTOCOL],
    ) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()
    thread.join(5)


def welcome(clock: float = 0) -> Welcome:
    return Welcome(
        agent="ayse",
        name="Ayşe",
        permissions=[],
        head=0,
        clock=int((time.time() + clock) * 1000),
        epoch="e",
        version="9.9",
    )


def sign_in(url: str) -> Account:
    account = Account(url=url, token=TOKEN, agent="ayse")
    credentials.save(account)
    return account


def test_without_an_account_the_way_to_one_is_shown() -> None:
    found = by_id(checks_relay.link())
    assert found["relay.account"].status == "warn" and "wptui login" in found["relay.account"].todo
    assert by_id(checks_relay.files()) == {}


def test_a_relay_that_is_well() -> None:
    with relay(welcome) as url:
        sign_in(url)
        found = by_id(checks_relay.link())
    assert {finding.status for finding in found.values()} == {"ok"}
    assert "Ayşe" in found["relay.token"].text and "9.9" in found["relay.version"].text


def test_clocks_that_disagree() -> None:
    with relay(lambda: welcome(3600)) as url:
        sign_in(url)
        found = by_id(checks_relay.link())
    assert found["relay.clock"].status == "warn" and "3,600 s" in found["relay.clock"].text


@pytest.mark.parametrize(
    ("code", "todo"), [("revoked", "wptui login"), ("unauthorized", "wptui login"), ("older_relay", "same version")]
)
def test_a_relay_that_refuses(code: str, todo: str) -> None:
    with relay(lambda: Sorry(code=code, message="No.")) as url:
        sign_in(url)
        found = by_id(checks_relay.link())
    assert found["relay.token"].status == "fail" and todo in found["relay.token"].todo
    assert TOKEN not in repr(found)


def test_a_proxy_that_passes_no_websocket_is_a_warning() -> None:
    with relay(None) as url:
        sign_in(url)
        found = by_id(checks_relay.link())
    assert found["relay.reach"].status == "ok" and found["relay.websocket"].status == "warn"


def test_a_relay_that_is_ill_or_away() -> None:
    with relay(welcome, status=503) as url:
        sign_in(url)
        assert "503" in by_id(checks_relay.link())["relay.reach"].text
    away = by_id(checks_relay.link())
    assert away["relay.reach"].status == "fail" and away["relay.reach"].todo
    assert "relay.token" not in away


def test_cache_and_outbox_are_looked_at_and_left_as_they_are() -> None:
    places = credentials.places(sign_in("https://relay.example.com"))
    assert "no cache yet" in by_id(checks_relay.files())["cache.file"].text
    assert not places.cache.exists()
    open_database(places.cache).close()
    outbox = Outbox(places.outbox)
    id = outbox.add("c1", Resolve(conversation="c1"))
    found = by_id(checks_relay.files())
    assert found["cache.file"].status == found["outbox.file"].status == "ok"
    assert "1 command waits" in found["outbox.file"].text
    outbox.settle(Result(id=id, ok=False, code="not_found"))
    assert by_id(checks_relay.files())["outbox.file"].status == "warn"
    outbox.close()


def test_damage_is_found() -> None:
    places = credentials.places(sign_in("https://relay.example.com"))
    for path in (places.cache, places.outbox):
        path.parent.mkdir(parents=True)
        path.write_bytes(b"this was a database " * 500)
    found = by_id(checks_relay.files())
    assert found["cache.file"].status == found["outbox.file"].status == "fail"
    assert str(places.cache) in found["cache.file"].todo
    assert places.cache.read_bytes().startswith(b"this was"), "a doctor only looks"
