"""What must not keep a terminal from its relay: a log restored from a backup, and commands too large to travel."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.sync.house import House, Terminal, open_house, until
from wptui.model.commands import AddNote, SendMessage
from wptui.store.database import open_database, set_meta, transaction
from wptui.sync.credentials import Account
from wptui.sync.state import Kind
from wptui.sync.wire import NoSocket, Socket


async def seated(house: House) -> Terminal:
    await house.sandbox.say("mehmet", "Merhaba")
    terminal = await house.terminal()
    await until(terminal.rows, "the conversation")
    return terminal


async def test_a_relay_behind_the_cache_is_a_reason_to_fill_it_again_once(tmp_path: Path) -> None:
    """Restored from a backup: the log's name is the same, its numbers are not."""
    async with open_house(tmp_path) as house:
        terminal = await seated(house)
        account = terminal.link.account
        await terminal.stop()
        house.terminals.remove(terminal)
        db = open_database(terminal.cache_path)
        with transaction(db):
            set_meta(db, "cursor", 1_000_000)
            db.execute("UPDATE conversations SET title = 'of another time'")
        db.close()
        house.proxy.requests.clear()
        again = await house.terminal(account)
        assert again.link.state.kind is Kind.LIVE
        await until(lambda: again.titles() and again.titles() != ["of another time"])
        assert len([line for line in house.proxy.requests if b"snapshot" in line]) == 1
        await house.sandbox.say("mehmet", "bir daha")
        row = again.rows()[0]
        await until(lambda: "bir daha" in again.texts(row.id))


async def test_a_command_too_large_to_travel_is_refused_here_and_the_next_goes(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        terminal = await seated(house)
        row = terminal.rows()[0]
        text = "x" * (3 << 20)
        content = {"type": "text", "text": {"body": text}}
        id = terminal.link.send(row.id, SendMessage(conversation=row.id, content=content, text=text))
        await until(lambda: [item for item in terminal.outbox.pending() if item.id == id and item.state == "refused"])
        (refused,) = terminal.outbox.pending()
        assert refused.code == "too_long" and refused.message
        terminal.say(row, "sonra")
        await until(lambda: house.sends("sonra"))


async def test_many_commands_by_polling_travel_in_pieces(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        house.proxy.no_websockets = True
        await house.sandbox.say("mehmet", "Merhaba")
        terminal = await house.terminal(start=False)
        many = 400
        for n in range(many):  # each of another conversation, so that all may go at once
            terminal.outbox.add(f"k{n}", AddNote(conversation=f"k{n}", text="x" * 4000))
        terminal.start()
        await terminal.live()
        await until(lambda: len([item for item in terminal.outbox.pending() if item.state == "refused"]) == many)
        assert {item.code for item in terminal.outbox.pending()} == {"not_found"}


@pytest.mark.parametrize("place", ["/elsewhere", "http://localhost:{port}/v1/sync"])
async def test_redirects_are_not_followed_with_the_token(place: str) -> None:
    heads: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        there = place.format(port=port).encode()
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: " + there + b"\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(NoSocket):
            await Socket.open(Account(url=f"http://127.0.0.1:{port}", token="secret"))
    assert len(heads) == 1
