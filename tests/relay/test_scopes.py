"""Stories of who sees what: moved, offline, promoted, interrupted; files and presence of what is not theirs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from tests.relay.story import message, who
from tests.relay.watch import NUMBERS, House, Seat, watched
from tests.sync.house import House as Home
from tests.sync.house import Terminal, open_house, until
from wptui.model import events as ev
from wptui.model.commands import Transfer
from wptui.model.protocol import Bundle, Presence
from wptui.relay.eventlog import Append
from wptui.store import bundles, search
from wptui.sync.state import Kind


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with watched(tmp_path) as house:
        yield house


async def sit(house: House, agent: str) -> Seat:
    seat = house.seat(agent)
    await seat.join()
    await seat.catch_up()
    seat.check_equal()
    return seat


async def writes(house: House, text: str, person: int = 1, number: str = NUMBERS[0]) -> str:
    """A customer writes; the conversation."""
    wamid = f"w-{text}"
    await house.take(
        message(wamid, who(f"9055500000{person}", f"TR.{person}", f"Kişi {person}"), text=text, number=number)
    )
    return str(house.db.execute("SELECT conversation FROM messages WHERE wamid = ?", (wamid,)).fetchone()[0])


async def moves(house: House, conversation: str, department: str) -> None:
    await house.log_events((ev.ConversationMoved(department=department), conversation))


def texts(seat: Seat) -> set[str]:
    return {text for (text,) in seat.cache.db.execute("SELECT text FROM messages WHERE dir = 'in'")}


def finds(seat: Seat, word: str) -> bool:
    seat.cache.index(5.0)
    return bool(search.find(seat.cache.db, word))


async def test_moved_out_it_is_gone_and_not_found_and_moved_in_it_is_whole(house: House) -> None:
    ayse, mehmet = await sit(house, "ayse"), await sit(house, "mehmet")
    conversation = await writes(house, "gizlisiparis")
    await house.quiet()
    assert finds(ayse, "gizlisiparis") and finds(mehmet, "gizlisiparis")  # of no department: everybody's

    await moves(house, conversation, "destek")
    await house.quiet()
    assert not finds(ayse, "gizlisiparis") and ayse.held() == set()
    assert ayse.cache.db.execute("SELECT count(*) FROM contacts").fetchone() == (0,)
    assert ayse.kinds[-2:] == ["forget", "events"]  # the cursor passes only after it is forgotten
    assert finds(mehmet, "gizlisiparis")

    await writes(house, "ikincisi")
    await moves(house, conversation, "satis")
    await house.quiet()
    assert texts(ayse) == {"gizlisiparis", "ikincisi"} and texts(mehmet) == set()


async def test_moved_while_the_terminal_was_away(house: House) -> None:
    ayse = await sit(house, "ayse")
    out, into = await writes(house, "giden"), await writes(house, "gelen", 2)
    await moves(house, into, "destek")
    await house.quiet()
    assert texts(ayse) == {"giden"}
    await ayse.leave()
    await moves(house, out, "destek")
    await moves(house, into, "satis")
    await house.quiet()
    assert texts(ayse) == {"gelen"}


async def test_a_new_conversation_rings_though_it_comes_whole(house: House) -> None:
    ayse = await sit(house, "ayse")
    old = await writes(house, "eskisi", 2)
    await moves(house, old, "destek")
    await house.quiet()
    rung: list[str] = []
    write = ayse.cache.write

    def listening(bundle: Bundle) -> Any:
        changes = write(bundle)
        rung.extend(id for _conversation, id, _ts in changes.inbound)
        return changes

    with mock.patch.object(ayse.cache, "write", listening):
        await writes(house, "yenisi")
        await moves(house, old, "satis")  # what came long ago does not ring
        await house.quiet()
    assert rung == ["w-yenisi"] and texts(ayse) == {"eskisi", "yenisi"}


@pytest.mark.parametrize("away", [False, True])
async def test_who_gets_another_role_has_another_cache(house: House, away: bool) -> None:
    deniz = await sit(house, "deniz")  # sees what is assigned to her
    await writes(house, "kimsenin")
    await house.quiet()
    assert texts(deniz) == set()
    for role, seen in (("viewer", {"kimsenin"}), ("own", set())):
        if away:
            await deniz.leave()
        fills = deniz.fills
        await house.log_events((ev.AgentAdded(agent="deniz", name="Deniz", role=role), None))
        await house.quiet()
        assert texts(deniz) == seen and deniz.fills == fills + 1


async def test_other_permissions_with_the_same_scope_reach_the_terminal_without_filling_anew(house: House) -> None:
    deniz = await sit(house, "deniz")
    fills = deniz.fills
    text = '[own]\npermissions = ["see.own", "conversation.note"]\n'
    await house.log_events((ev.SettingsSaved(section="roles", text=text), None))
    await house.quiet()
    assert deniz.permissions == ("conversation.note", "see.own") and deniz.fills == fills


async def test_a_move_in_the_middle_of_a_snapshot(house: House) -> None:
    ids = [await writes(house, f"söz {n}", n) for n in range(1, 7)]
    loop = asyncio.get_running_loop()
    snapshot = bundles.snapshot

    async def meanwhile() -> None:
        await moves(house, ids[-1], "destek")  # it has been sent already
        await moves(house, ids[0], "satis")

    def slow(db: Any, after: str = "", **more: Any) -> Iterator[Bundle]:
        for n, bundle in enumerate(snapshot(db, after, 2, **more)):
            yield bundle
            if n == 1:
                asyncio.run_coroutine_threadsafe(meanwhile(), loop).result()

    with mock.patch.object(bundles, "snapshot", slow):
        ayse = await sit(house, "ayse")
    assert ayse.held() == set(ids[:-1])


async def test_another_role_in_the_middle_of_a_snapshot_begins_it_anew(house: House) -> None:
    for n in range(1, 7):
        await writes(house, f"söz {n}", n)
    loop = asyncio.get_running_loop()
    snapshot = bundles.snapshot
    told = False

    def slow(db: Any, after: str = "", **more: Any) -> Iterator[Bundle]:
        nonlocal told
        for n, bundle in enumerate(snapshot(db, after, 2, **more)):
            yield bundle
            if n == 1 and not told:
                told = True
                demoted = house.log_events((ev.AgentAdded(agent="ayse", name="Ayşe", role="own"), None))
                asyncio.run_coroutine_threadsafe(demoted, loop).result()

    with mock.patch.object(bundles, "snapshot", slow):
        ayse = await sit(house, "ayse")
    assert told and ayse.held() == set()


async def test_a_slow_terminal_is_not_sent_what_has_left_its_view(house: House) -> None:
    ayse = await sit(house, "ayse")
    conversation = await writes(house, "bir")
    await moves(house, conversation, "destek")
    await house.quiet()
    ayse.stall()
    await writes(house, "iki", 2)  # something it is stuck in
    house.hub.flush()
    await moves(house, conversation, "satis")
    house.hub.flush()
    await moves(house, conversation, "destek")
    house.hub.flush()
    ayse.resume()
    await house.quiet()
    assert texts(ayse) == {"iki"}


async def test_what_an_agent_keeps_for_himself_nobody_else_is_sent(house: House) -> None:
    seats = [await sit(house, agent) for agent in ("patron", "ayse", "mehmet")]
    await house.log_events((ev.CannedSaved(shortcut="k", text="benim", owner="ayse"), None))
    await house.quiet()
    found = [seat.cache.db.execute("SELECT count(*) FROM canned").fetchone()[0] for seat in seats]
    assert found == [0, 1, 0]


async def test_files_and_stories_of_what_is_not_in_view_do_not_exist(house: House) -> None:
    conversation = await writes(house, "dosyalı", number=NUMBERS[1])  # satis
    ayse, mehmet = await sit(house, "ayse"), await sit(house, "mehmet")

    async def parts() -> AsyncIterator[bytes]:
        yield b"%PDF-1.4 customer"

    theirs = await house.files.receive(parts(), "a.pdf")
    (id,) = house.db.execute("SELECT id FROM messages WHERE wamid = 'w-dosyalı'").fetchone()
    await house.log_events(
        (ev.MediaStored(message=id, key=theirs.key, mime=theirs.mime, size=theirs.size), conversation)
    )

    async def status(seat: Seat, path: str) -> int:
        client = await seat.http.client()
        return int((await client.get(path)).status_code)

    for path in (f"/v1/media/{theirs.key}", "/v1/messages/w-dosyalı/story"):
        assert await status(ayse, path) == 200
        assert await status(mehmet, path) == 404
    client = await mehmet.http.client()
    there = (await client.get("/v1/messages/w-dosyalı/story")).text
    assert there == (await client.get("/v1/messages/w-yok/story")).text  # as if it did not exist
    sent = await client.post("/v1/media", content=b"%PDF-1.4 mine", headers={"content-type": "application/pdf"})
    own = sent.json()["key"]
    assert (await status(mehmet, f"/v1/media/{own}"), await status(ayse, f"/v1/media/{own}")) == (200, 404)
    await house.log_events((ev.CannedSaved(shortcut="pdf", text="ekte", media=own), None))
    assert await status(ayse, f"/v1/media/{own}") == 200


async def test_what_is_not_in_view_cannot_be_pulled(house: House) -> None:
    conversation = await writes(house, "bir", number=NUMBERS[1])
    mehmet = await sit(house, "mehmet")
    mehmet.ask(conversation)
    await moves(house, conversation, "")
    await house.quiet()
    assert mehmet.held() == {conversation}  # it came into view, and not for having been asked for
    await moves(house, conversation, "satis")
    mehmet.ask(conversation)
    await house.quiet()
    assert mehmet.held() == set()


async def test_presence_shows_only_where_both_may_look(house: House) -> None:
    conversation = await writes(house, "bir", number=NUMBERS[1])
    seats = {agent: await sit(house, agent) for agent in ("ayse", "mehmet", "patron")}
    said: dict[str, list[Presence]] = {agent: [] for agent in seats}
    for agent, seat in seats.items():
        receive = seat.talk.receive  # type: ignore[union-attr]

        def listening(frame: Any, agent: str = agent, receive: Any = receive) -> Any:
            if isinstance(frame, Presence) and frame.conversation:
                said[agent].append(frame)
            return receive(frame)

        seat.talk.receive = listening  # type: ignore[union-attr, method-assign]
    seats["ayse"]._say(Presence(state="viewing", conversation=conversation))
    seats["mehmet"]._say(Presence(state="typing", conversation=conversation))  # has no business there
    async with asyncio.timeout(5):
        while not said["patron"]:
            for seat in seats.values():
                await seat.read()
            await asyncio.sleep(0)
    assert {frame.agent for frame in said["patron"]} == {"ayse"} and said["mehmet"] == [] and said["ayse"] == []
    assert not any(frame.conversation for frame in house.hub.others("mehmet"))
    assert any(frame.conversation for frame in house.hub.others("patron"))


# ── the same with the real link, over HTTP and WebSockets ────────────────────────────────────────────────


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    async with open_house(tmp_path) as home:
        yield home


async def team(home: Home) -> tuple[Terminal, Terminal]:
    """An owner, and an agent of department destek."""
    owner = await home.terminal(await home.account("Patron"), name="owner")
    agent = await home.terminal(await home.account("Mehmet", "agent"), name="agent")
    text = '[satis]\nname = "Satış"\n[destek]\nname = "Destek"\nmembers = ["mehmet"]\n'
    event = ev.make(ev.SettingsSaved(section="departments", text=text), at=1, actor="agent:patron")
    await home.relay.clerk.act(lambda db: [Append([event])])
    await until(lambda: "destek" in agent.link.state.scope)
    agent.reopen()
    await agent.live()
    return owner, agent


async def test_a_transfer_takes_the_conversation_to_another_desk(home: Home) -> None:
    owner, agent = await team(home)
    await home.sandbox.say("zeynep", "kimse görmesin")
    row = await agent.row("Zeynep Arslan") if "Zeynep Arslan" in agent.titles() else (await _first(agent))
    owner_row = await owner.row(row.title)
    owner.link.send(owner_row.id, Transfer(conversation=owner_row.id, department="satis", reason="sipariş"))
    await until(lambda: not agent.rows(), "forgotten")
    assert await _first(owner)
    owner.link.send(owner_row.id, Transfer(conversation=owner_row.id, department="destek"))
    back = await _first(agent)
    assert agent.texts(back.id)[0] == "kimse görmesin"


async def _first(terminal: Terminal) -> Any:
    return await until(lambda: next(iter(terminal.rows()), None))


async def test_promoted_the_link_says_nothing_of_trouble_and_shows_the_new_view(home: Home) -> None:
    owner, agent = await team(home)
    await home.sandbox.say("zeynep", "satışa")
    row = await _first(owner)
    owner.link.send(row.id, Transfer(conversation=row.id, department="satis"))
    await until(lambda: not agent.rows() and owner.rows()[0].id == row.id)
    begun = len(agent.changes)
    event = ev.make(ev.AgentAdded(agent="mehmet", name="Mehmet", role="viewer"), at=1, actor="agent:patron")
    await home.relay.clerk.act(lambda db: [Append([event])])
    await until(lambda: agent.link.state.role == "viewer" and agent.link.state.connected)
    agent.reopen()
    await _first(agent)
    assert agent.link.state.permissions == ("see.all", "see.figures")
    kinds = {change.state.kind for change in agent.changes[begun:] if change.state is not None}
    assert kinds <= {Kind.LIVE, Kind.SYNCING}
    assert any(change.rebuilt for change in agent.changes[begun:])
    assert not list(agent.cache_path.parent.glob("*.damaged*"))
