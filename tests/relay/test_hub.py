"""Live events, catching up, refusals, presence; the same frames by polling."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
import websockets

from tests.relay.stage import Screen, Stage, until
from wptui.model import commands as c
from wptui.model import events as ev
from wptui.model import protocol
from wptui.model.permissions import ALL, Scope, See
from wptui.model.protocol import (
    SCHEMA,
    Bundle,
    CommandFrame,
    Events,
    Hello,
    Presence,
    Pull,
    Result,
    Sorry,
    Welcome,
)
from wptui.relay.accounts import Agent, Session
from wptui.relay.hub import QUEUE, Hub, Terminal
from wptui.relay.presence import Roster
from wptui.relay.visibility import Visibility
from wptui.store.changes import Changes
from wptui.store.visible import Place, Standing


def note(seq: int) -> ev.Event:
    event = ev.make(ev.ConversationNoted(note=f"n{seq}", text="x" * 200), at=1, actor="agent:a", conversation="k")
    event.seq = seq
    return event


class Log:
    """Events 1 to `head`, made when asked for."""

    def __init__(self) -> None:
        self.head = 0

    async def read(self, after: int, limit: int) -> list[ev.Event]:
        return [note(seq) for seq in range(after + 1, min(self.head, after + limit) + 1)]


class NoBundles:
    """Who sees everything needs none."""

    async def whole(self, *_asked: Any) -> None: ...
    async def pulled(self, *_asked: Any) -> None: ...


def open_hub(log: Log) -> Hub:
    """A hub on `log`, and an agent "a" who sees everything."""
    visibility = Visibility()
    visibility.load({"k": Place("", "", "c")}, {"a": Standing("owner", ALL, Scope(See.ALL, "a"))})
    return Hub(log.read, visibility, NoBundles(), tick=0)


def seqs(frames: list[str]) -> list[int]:
    events = [protocol.decode(frame) for frame in frames]
    return [event.seq for frame in events if isinstance(frame, Events) for event in frame.events]


async def test_who_is_slow_is_not_buffered_for_and_misses_nothing() -> None:
    log = Log()
    hub = open_hub(log)
    gate = asyncio.Event()
    slow_got: list[str] = []
    fast_got: list[str] = []

    async def slow_send(frame: str) -> None:
        await gate.wait()
        slow_got.append(frame)

    async def fast_send(frame: str) -> None:
        fast_got.append(frame)

    session = Session(Agent("a", "A", "agent", 0, None, 1), "d", "k")
    slow, fast = Terminal(hub, session, slow_send), Terminal(hub, session, fast_send)
    tasks = [asyncio.create_task(work) for work in (hub.run(), slow.run(), fast.run())]
    try:
        for terminal in (slow, fast):
            hub.join(terminal)
            terminal.start(0)
        await until(lambda: slow.live and fast.live)
        total = QUEUE * 3
        for seq in range(1, total + 1):
            log.head = seq
            hub.feed([note(seq)], Changes())
            hub.flush()
            await asyncio.sleep(0)
            if seq == QUEUE // 2:  # answers are never dropped
                slow.put(protocol.encode(Result(id="r", ok=True)).decode())
        await until(lambda: len(seqs(fast_got)) == total)
        assert slow.dropped == 1 and len(slow._queue) <= QUEUE
        gate.set()
        await until(lambda: slow_got and seqs(slow_got)[-1:] == [total])
        assert list(dict.fromkeys(seqs(slow_got))) == list(range(1, total + 1))
        assert any('"result"' in frame for frame in slow_got)
        await until(lambda: slow.live)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_frame_is_made_once_for_all_who_see_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log()
    hub = open_hub(log)
    got: list[str] = []

    async def send(frame: str) -> None:
        got.append(frame)

    session = Session(Agent("a", "A", "agent", 0, None, 1), "d", "k")
    terminals = [Terminal(hub, session, send) for _n in range(5)]
    tasks = [asyncio.create_task(work) for work in (hub.run(), *(terminal.run() for terminal in terminals))]
    try:
        for terminal in terminals:
            hub.join(terminal)
            terminal.start(0)
        await until(lambda: all(terminal.live for terminal in terminals))
        log.head = 1
        hub.feed([note(1)], Changes())
        await until(lambda: len(got) == 5)
        assert len({id(frame) for frame in got}) == 1
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


# ── over real sockets ────────────────────────────────────────────────────────────────────────────────────


async def test_who_comes_back_gets_what_was_missed(play: Stage) -> None:
    token = play.token()
    first = await play.connect(token)
    await play.sandbox.say("mehmet", "bir")
    await play.conversation(first, "bir")
    cursor = first.events[-1].seq
    await first.socket.close()
    await play.sandbox.say("mehmet", "iki")
    await play.sandbox.settled()
    back = await play.connect(token, hello=Hello(cursor=cursor, schema=SCHEMA, epoch=play.relay.log.epoch))
    await play.conversation(back, "iki")
    assert min(event.seq for event in back.events) == cursor + 1
    assert not any(data["text"] == "bir" for data in back.seen("message.received"))


async def test_a_cursor_of_another_log_gets_no_history(play: Stage) -> None:
    token = play.token()
    await play.sandbox.say("mehmet", "bir")
    await play.sandbox.settled()
    for hello in (
        Hello(cursor=1, schema=SCHEMA, epoch="another"),
        Hello(cursor=10_000, schema=SCHEMA, epoch=play.relay.log.epoch),
    ):
        screen = await play.connect(token, hello=hello)
        welcome = (await until(lambda screen=screen: screen.of(Welcome)))[0]
        assert welcome.epoch == play.relay.log.epoch and welcome.head < 10_000
        # It takes a snapshot, and says hello again with where it stands then.
        await screen.send(Hello(cursor=welcome.head, schema=SCHEMA, epoch=welcome.epoch))
        await play.sandbox.say("zeynep", f"sonra {hello.cursor}")
        await play.conversation(screen, f"sonra {hello.cursor}")
        assert min(event.seq for event in screen.events) > welcome.head


@pytest.mark.parametrize(("theirs", "code"), [(SCHEMA - 1, "older_terminal"), (SCHEMA + 1, "older_relay")])
async def test_another_version_is_told_so(play: Stage, theirs: int, code: str) -> None:
    screen = await play.connect(play.token(), hello=Hello(cursor=0, schema=theirs, version="9.9"))
    await until(screen.closed.is_set)
    (sorry,) = screen.of(Sorry)
    assert sorry.code == code and "9.9" in sorry.message


async def test_without_a_good_token_nothing_is_said(play: Stage) -> None:
    expired = play.token()
    play.relay.accounts._db.execute("UPDATE tokens SET expires_at = 1")
    for token in ("", "wptui_wrong", expired):
        screen = await play.connect(token)
        await until(screen.closed.is_set)
        assert [sorry.code for sorry in screen.of(Sorry)] == ["unauthorized"]
        assert len(screen.frames) == 1
        async with play.http(token) as http:
            for path in ("/v1/snapshot", "/v1/media/x.bin", "/v1/messages/x/story"):
                answer = await http.get(path)
                assert answer.status_code == 401 and answer.json()["frame"] == "sorry"
            assert (await http.post("/v1/poll", content=b"{}")).status_code == 401
            assert (await http.post("/v1/media", content=b"x")).status_code == 401


async def test_a_token_that_ends_cuts_the_live_connection(play: Stage) -> None:
    accounts = play.relay.accounts
    agent = accounts.add("Ayşe")
    token, _session = accounts.redeem(accounts.code(agent.id), "x", expires_in=3)
    screen = await play.connect(token)
    await until(lambda: screen.of(Welcome))
    accounts._clock = lambda: 4e9
    accounts._db.execute("UPDATE tokens SET expires_at = 1")
    await until(screen.closed.is_set)
    assert screen.of(Sorry)[0].code == "revoked"


async def test_another_protocol_is_refused_in_words(play: Stage) -> None:
    socket = await websockets.connect(
        f"{play.relay.url.replace('http', 'ws')}/v1/sync",
        subprotocols=[websockets.Subprotocol("wptui.v9")],
        additional_headers={"Authorization": f"Bearer {play.token()}"},
    )
    frame = protocol.decode(await socket.recv())
    assert isinstance(frame, Sorry) and frame.code == "older_relay"
    await socket.close()


async def test_frames_that_are_none(play: Stage) -> None:
    screen = await play.sit_down()
    await screen.socket.send('{"frame": "from_the_future"}')
    await screen.socket.send('{"frame": "command", "id": "c1", "command": {"type": "teleport"}}')
    result = (await until(lambda: screen.of(Result)))[0]
    assert (result.id, result.ok, result.code) == ("c1", False, "malformed")
    await screen.socket.send("not json")
    await until(screen.closed.is_set)
    assert screen.of(Sorry)[0].code == "malformed"


async def test_what_concerns_only_the_relay_stays_there(play: Stage) -> None:
    screen = await play.sit_down()
    await play.sandbox.webhooks.post_raw(
        b'{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"brand_new","value":{}}]}]}'
    )
    await play.sandbox.say("mehmet", "görünen")
    await play.conversation(screen, "görünen")
    in_log = await play.relay.log.read(0, 1000)
    assert any(event.type == "webhook.logged" for event in in_log)
    assert not any(event.type.startswith("webhook.") for event in screen.events)


async def test_a_conversation_is_pulled_whole_and_by_pages(play: Stage) -> None:
    screen = await play.sit_down()
    for n in range(6):
        await play.sandbox.say("mehmet", f"satır {n}")
    conversation = await play.conversation(screen, "satır 5")
    await screen.send(Pull(conversation=conversation))
    bundle = (await until(lambda: screen.of(Bundle)))[0]
    assert len(bundle.tables["messages"]["rows"]) == 6
    last = next(row for row in messages(bundle) if row["text"] == "satır 3")
    await screen.send(Pull(conversation=conversation, before=(last["ts"], last["seq"]), limit=2))
    page = (await until(lambda: screen.of(Bundle)[1:]))[0]
    assert {row["text"] for row in messages(page)} == {"satır 1", "satır 2"}


def messages(bundle: Bundle) -> list[dict[str, Any]]:
    table = bundle.tables["messages"]
    return [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]


# ── presence ─────────────────────────────────────────────────────────────────────────────────────────────


async def told(screen: Screen, **fields: Any) -> Presence:
    def found() -> list[Presence]:
        return [p for p in screen.of(Presence) if all(getattr(p, key) == value for key, value in fields.items())]

    return (await until(found, str(fields)))[0]  # type: ignore[no-any-return]


async def test_colleagues_see_where_an_agent_is(play: Stage) -> None:
    ayse = await play.sit_down("Ayşe")
    mehmet = await play.sit_down("Mehmet")
    await told(ayse, agent="mehmet", state="online", name="Mehmet")
    await told(mehmet, agent="ayse", state="online")
    await play.sandbox.say("zeynep", "Merhaba")
    conversation = await play.conversation(ayse, "Merhaba")
    await ayse.send(Presence(state="viewing", conversation=conversation))
    await told(mehmet, agent="ayse", state="viewing", conversation=conversation)
    await ayse.send(Presence(state="typing", conversation=conversation))
    await told(mehmet, agent="ayse", state="typing", conversation=conversation)
    await until(lambda: any(read["typing"] for read in play.sandbox.sends.reads))
    await ayse.send(Presence(state="typing", conversation=conversation))  # Meta hears it once in 20 s
    late = await play.sit_down("Deniz")
    await told(late, agent="ayse", state="typing", conversation=conversation)
    await ayse.socket.close()
    await told(mehmet, agent="ayse", state="gone", conversation=conversation)
    await told(mehmet, agent="ayse", state="offline")
    assert len([read for read in play.sandbox.sends.reads if read["typing"]]) == 1
    assert not any(p.agent == "ayse" for p in ayse.of(Presence))


def test_typing_that_is_not_renewed_ends_and_pollers_leave() -> None:
    now = 0.0
    said: list[tuple[str, str, str | None]] = []
    roster = Roster(lambda p, _source: said.append((p.agent, p.state, p.conversation)), lambda: now)
    roster.arrive("a", "ayse", "Ayşe")
    roster.arrive("b", "mehmet", "Mehmet", polling=True)
    roster.move("a", "typing", "k1")
    now = 9.0
    roster.expire()
    now = 31.0
    roster.expire()
    assert said == [
        ("ayse", "online", None),
        ("mehmet", "online", None),
        ("ayse", "typing", "k1"),
        ("ayse", "viewing", "k1"),
        ("mehmet", "offline", None),
    ]
    assert not roster.move("a", "offline", None)  # not a terminal's to say


# ── polling ──────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_same_frames_by_polling(play: Stage) -> None:
    token = play.token()
    watcher = await play.sit_down("Mehmet")
    await play.sandbox.say("zeynep", "Merhaba")
    conversation = await play.conversation(watcher, "Merhaba")
    epoch = play.relay.log.epoch

    async def poll(cursor: int, *frames: Any, epoch: str = epoch) -> list[Any]:
        body = msgspec.json.encode({"hello": Hello(cursor=cursor, schema=SCHEMA, epoch=epoch), "frames": frames})
        async with play.http(token) as http:
            answer = await http.post("/v1/poll", content=body)
        assert answer.status_code == 200, answer.text
        return [protocol.decode(msgspec.json.encode(frame)) for frame in answer.json()["frames"]]

    welcome, events, *rest = await poll(0)
    assert isinstance(welcome, Welcome) and isinstance(events, Events) and events.cursor >= welcome.head
    assert any(event.conversation == conversation for event in events.events)
    assert [p.agent for p in rest if isinstance(p, Presence)] == ["mehmet"]
    await told(watcher, agent="ayse", state="online")

    command = CommandFrame(id=c.command_id(), command=c.AddNote(conversation=conversation, text="bakıyorum"))
    looking = Presence(state="viewing", conversation=conversation)
    frames = await poll(events.cursor, command, Pull(conversation=conversation), looking)
    (result,) = [frame for frame in frames if isinstance(frame, Result)]
    (more,) = [frame for frame in frames if isinstance(frame, Events)]
    assert result.ok and more.cursor >= result.seq
    assert [frame for frame in frames if isinstance(frame, Bundle)]
    assert [event.type for event in more.events if event.conversation] == ["conversation.noted"]
    await told(watcher, agent="ayse", state="viewing", conversation=conversation)

    strange = await poll(5, epoch="another")
    assert not [frame for frame in strange if isinstance(frame, Events)]
    async with play.http(token) as http:
        old = await http.post("/v1/poll", content=msgspec.json.encode({"hello": Hello(cursor=0, schema=0)}))
        assert old.json()["frames"][0]["code"] == "older_terminal"
        assert (await http.post("/v1/poll", content=b"\xff")).status_code == 400
