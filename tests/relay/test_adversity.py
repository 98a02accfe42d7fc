"""What must neither stop the relay nor make it say what is not so: broken frames, ill-timed faults, slow peers."""

from __future__ import annotations

import asyncio
import json
import socket
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.relay.ingest import Desk, desk
from tests.relay.stage import Screen, Stage
from tests.relay.story import message, who
from wptui.model import commands as c
from wptui.model import events as ev
from wptui.model import protocol
from wptui.model.errors import AuthError, StorageError
from wptui.model.protocol import SCHEMA, Bundle, Events, Hello, Pull, Sorry, Synced, Welcome
from wptui.relay.accounts import Accounts
from wptui.store.changes import Changes

AHMET = who("905550001111", "TR.111", "Ahmet")


def text(conversation: str, body: str, **more: Any) -> c.SendMessage:
    return c.SendMessage(conversation=conversation, content={"type": "text", "text": {"body": body}}, **more)


async def talk(play: Stage) -> tuple[Screen, str]:
    screen = await play.sit_down("Ayşe")
    await play.sandbox.say("mehmet", "Merhaba")
    return screen, await play.conversation(screen, "Merhaba")


# ── frames nobody should send ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "content",
    [
        {"type": "interactive", "interactive": {"type": {}, "body": {"text": "x"}, "action": {}}},
        {"type": "interactive", "interactive": {"type": [1], "body": {"text": "x"}, "action": {}}},
    ],
)
async def test_a_malformed_message_is_refused_and_the_next_goes_on(play: Stage, content: dict[str, Any]) -> None:
    ayse, conversation = await talk(play)
    assert not (await ayse.ask(c.SendMessage(conversation=conversation, content=content))).ok
    assert (await ayse.ask(text(conversation, "sonra"))).ok


async def test_a_command_that_meets_a_fault_of_ours_is_answered(play: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    ayse, conversation = await talk(play)

    def broken(*_args: object) -> list[ev.Data]:
        raise LookupError("ours")

    with monkeypatch.context() as patch:
        patch.setattr("wptui.relay.commands.plan", broken)
        result = await ayse.ask(text(conversation, "bir"))
    assert not result.ok and result.code == "malformed"
    assert (await ayse.ask(text(conversation, "iki"))).ok


async def test_a_command_that_was_kept_before_the_fault_is_not_called_refused(
    play: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ayse, conversation = await talk(play)
    act = play.relay.clerk.act

    async def late(build: Any) -> Any:
        await act(build)
        raise LookupError("ours, too late")

    id = c.command_id()
    with monkeypatch.context() as patch:
        patch.setattr(play.relay.clerk, "act", late)
        result = await ayse.ask(c.AddNote(conversation=conversation, text="not"), id)
    await ayse.waits_for("conversation.noted", note=id)
    assert result.ok


async def test_numbers_beyond_all_bounds_do_no_harm(play: Stage) -> None:
    ayse, conversation = await talk(play)
    huge = 10**30
    assert (await ayse.ask(text(conversation, "bir", answering=huge))).ok
    assert (await ayse.ask(c.MarkRead(conversation=conversation, upto=huge))).ok
    read = await ayse.waits_for("conversation.read")
    assert read["upto"] <= 2**62
    await ayse.send(Pull(conversation=conversation, before=(huge, huge)))
    assert (await ayse.ask(text(conversation, "iki"))).ok
    async with play.http(play.token()) as http:
        assert (await http.get("/v1/snapshot", params={"schema": "²"})).status_code == 409
        assert (await http.get("/v1/snapshot", params={"schema": "9" * 5000})).status_code == 409
        epoch = play.relay.log.epoch
        assert (await http.get("/v1/snapshot", params={"schema": SCHEMA, "after": f"{epoch}.²."})).status_code == 409


# ── nothing is told with a gap ───────────────────────────────────────────────────────────────────────────


def told(at: Desk) -> list[int]:
    found: list[int] = []

    def listen(events: Sequence[ev.Event], _changes: Changes) -> None:
        found.extend(event.seq for event in events)

    at.clerk.listen(listen)
    return found


async def test_events_the_view_took_before_a_fault_are_told_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(tmp_path) as at:
        heard = told(at)
        begun = await at.log.head()
        fold = at.clerk.view.fold

        def half(events: Sequence[ev.Event]) -> Changes:
            fold(events)
            raise sqlite3.OperationalError("disk I/O error")  # after the commit

        with monkeypatch.context() as patch:
            patch.setattr(at.clerk.view, "fold", half)
            data = ev.NumberUpdated(number="1")
            from wptui.relay.eventlog import Append

            with pytest.raises(StorageError):
                await at.clerk.act(lambda db: [Append([ev.make(data, at=1, actor="relay")])])
        await at.take(message("w1", AHMET, text="Merhaba"))
        assert heard == list(range(begun + 1, await at.log.head() + 1))


async def test_a_view_committed_with_an_error_is_told_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(tmp_path) as at:
        heard = told(at)
        begun = await at.log.head()
        await at.log.store_raw(message("w1", AHMET, text="Merhaba"), 1)

        class Lying:
            """A connection whose COMMIT is done and reported as failed."""

            def __init__(self, db: sqlite3.Connection) -> None:
                self.db = db

            def execute(self, sql: str, *more: Any) -> Any:
                found = self.db.execute(sql, *more)
                if sql == "COMMIT":
                    raise sqlite3.OperationalError("disk I/O error")
                return found

            def __getattr__(self, name: str) -> Any:
                return getattr(self.db, name)

        at.clerk.view._db = Lying(at.clerk.view.db)  # type: ignore[assignment]
        with pytest.raises(StorageError):
            await at.clerk.expand()
        await at.take(message("w2", AHMET, text="orada mısınız?"))
        assert heard == list(range(begun + 1, await at.log.head() + 1))


# ── a sender that stumbles ───────────────────────────────────────────────────────────────────────────────


async def test_a_call_that_breaks_in_an_unforeseen_way_is_unknown(play: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    ayse, conversation = await talk(play)

    async def breaks(*_args: object) -> None:
        raise RuntimeError("nobody thought of this")

    id = c.command_id()
    with monkeypatch.context() as patch:
        patch.setattr(play.relay.graph, "send_message", breaks)
        assert (await ayse.ask(text(conversation, "bir"), id)).ok
        await ayse.waits_for("message.unknown", message=id)
    other = c.command_id()
    assert (await ayse.ask(text(conversation, "iki"), other)).ok
    await ayse.waits_for("message.accepted", message=other)


async def test_a_message_that_cannot_be_made_fails_and_is_not_tried_for_ever(
    play: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ayse, conversation = await talk(play)
    tries = 0

    def breaks(*_args: object, **_named: object) -> None:
        nonlocal tries
        tries += 1
        raise RuntimeError("nobody thought of this")

    id = c.command_id()
    with monkeypatch.context() as patch:
        patch.setattr("wptui.relay.sender.payloads.build", breaks)
        assert (await ayse.ask(text(conversation, "bir"), id)).ok
        await ayse.waits_for("message.failed", message=id)
    assert tries == 1


async def test_an_attempt_that_was_kept_while_the_view_failed_is_settled(
    play: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log has the attempt, the caller got an error: the call is not made, and the message must not hang."""
    ayse, conversation = await talk(play)
    fold = play.relay.clerk.view.fold
    broken = False

    def fails(events: Sequence[ev.Event]) -> Changes:
        nonlocal broken
        if not broken and any(event.type == "message.attempted" for event in events):
            broken = True
            raise sqlite3.OperationalError("disk I/O error")
        return fold(events)

    monkeypatch.setattr(play.relay.clerk.view, "fold", fails)
    id = c.command_id()
    assert (await ayse.ask(text(conversation, "bir"), id)).ok
    await ayse.waits_for("message.unknown", message=id)
    assert broken and play.sandbox.sends.all == []


# ── what terminals are given ─────────────────────────────────────────────────────────────────────────────


async def test_a_poll_right_after_another_is_no_reason_for_a_snapshot(play: Stage) -> None:
    """Events are handed out as soon as the log has them: the next hello may be ahead of the live frames."""
    _ayse, conversation = await talk(play)
    token, cursor = play.token(), play.relay.hub.known
    play.relay.hub._tick = 60.0  # nothing is flushed meanwhile
    async with play.http(token) as http:
        for n in range(3):
            hello = Hello(cursor=cursor, schema=SCHEMA, epoch=play.relay.log.epoch)
            command = protocol.CommandFrame(
                id=c.command_id(), command=c.AddNote(conversation=conversation, text=f"not {n}")
            )
            answer = await http.post("/v1/poll", content=protocol.encode({"hello": hello, "frames": [command]}))  # type: ignore[arg-type]
            frames = [protocol.decode(json.dumps(each)) for each in answer.json()["frames"]]
            (welcome,) = [each for each in frames if isinstance(each, Welcome)]
            assert welcome.head >= cursor
            (events,) = [each for each in frames if isinstance(each, Events)]
            cursor = events.cursor


async def test_a_view_that_is_being_built_again_is_not_shown(play: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a view would be half an inbox on the terminal, for good."""
    _ayse, conversation = await talk(play)
    token = play.token()
    clerk = play.relay.clerk
    async with clerk._desk:  # as during a long rebuild
        head = play.relay.hub.known
        await clerk._work(clerk.view.remove)
        await clerk._work(lambda: clerk.view.open(play.relay.log.epoch, head))
        async with play.http(token) as http:
            answer = await http.get("/v1/snapshot", params={"schema": SCHEMA})
            frames = [protocol.decode(line) for line in answer.text.splitlines()] if answer.status_code == 200 else []
            assert not any(isinstance(frame, Synced) for frame in frames)
            assert [frame.code for frame in frames if isinstance(frame, Sorry)] == ["busy"]
        scope = play.relay.visibility.scope("ayse")
        with pytest.raises(StorageError):
            await play.relay.hub.bundles.pulled(scope, Pull(conversation=conversation), head)
        clerk._at = -1
    await clerk.look(lambda db: None)
    async with play.http(token) as http:
        answer = await http.get("/v1/snapshot", params={"schema": SCHEMA})
        assert isinstance(protocol.decode(answer.text.splitlines()[-1]), Synced)


async def test_who_is_revoked_in_the_middle_of_a_snapshot_gets_no_more(
    play: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await talk(play)
    play.relay.accounts.add("Patron", "owner")
    token = play.token()
    agent = play.relay.accounts.authenticate(token).agent
    from wptui.store import bundles

    snapshot = bundles.snapshot

    def slow(*args: Any, **more: Any) -> Any:
        for n, bundle in enumerate(snapshot(*args, **more)):
            if n == 0:
                asyncio.run_coroutine_threadsafe(revoke(), loop).result()
            yield bundle

    async def revoke() -> None:
        play.relay.accounts.revoke(agent.id)

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(bundles, "snapshot", slow)
    async with play.http(token) as http:
        answer = await http.get("/v1/snapshot", params={"schema": SCHEMA})
    frames = [protocol.decode(line) for line in answer.text.splitlines()]
    assert len([frame for frame in frames if isinstance(frame, Bundle)]) == 1
    assert isinstance(frames[-1], Sorry) and frames[-1].code == "revoked"


async def test_who_was_revoked_while_the_housekeeping_was_broken_is_put_out_all_the_same(
    play: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ayse, _conversation = await talk(play)
    play.relay.accounts.add("Patron", "owner")
    monkeypatch.setattr("wptui.relay.server.LOOK_SECONDS", 0.01)
    valid, failed = Accounts.valid, asyncio.Event()

    def fails(self: Accounts, session: Any) -> bool:
        if not failed.is_set():
            failed.set()
            raise sqlite3.OperationalError("disk I/O error")
        return valid(self, session)

    monkeypatch.setattr(Accounts, "valid", fails)
    play.relay.accounts.revoke(play.relay.accounts.find("Ayşe").id)
    await asyncio.wait_for(ayse.closed.wait(), 10)
    assert failed.is_set()


async def test_every_door_but_sign_in_asks_for_the_token(play: Stage) -> None:
    play.relay.accounts.add("Patron")
    play.relay.accounts.add("Zoe")
    revoked = play.token("Zoe")
    play.relay.accounts.revoke(play.relay.accounts.find("Zoe").id)
    for token in ("", "wptui_wrong", revoked):
        async with play.http(token) as http:
            for method, path in (
                ("POST", "/v1/logout"), ("POST", "/v1/poll"), ("GET", "/v1/snapshot"), ("POST", "/v1/media"),
                ("GET", f"/v1/media/{'0' * 32}.jpg"), ("GET", "/v1/messages/x/story"),
                ("GET", "/v1/media/..%2f..%2frelay.db"),
            ):  # fmt: skip
                answer = await http.request(method, path)
                assert answer.status_code in (401, 404) and (answer.status_code == 401 or "%2f" in path), path


def test_failed_sign_ins_from_many_places_do_not_pile_up(tmp_path: Path) -> None:
    now = 1_000_000.0
    accounts = Accounts(tmp_path / "accounts.db", clock=lambda: now)
    for n in range(20_000):
        now += 0.01
        with pytest.raises(AuthError):
            accounts.redeem("AAAA", "x", origin=str(n))
    assert len(accounts._tries) < 5_000
    accounts.close()


# ── slow and endless peers ───────────────────────────────────────────────────────────────────────────────


async def test_a_body_that_trickles_is_given_up(play: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wptui.relay.webhook.PATIENCE", 0.2)
    host, port = play.relay.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), family=socket.AF_INET)
    writer.write(b"POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n\r\n" + b"x" * 1000)
    await writer.drain()
    answer = await asyncio.wait_for(reader.read(200), 5)
    assert answer.startswith(b"HTTP/1.1 408")
    writer.close()
