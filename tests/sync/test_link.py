"""The link between terminal and relay, over real sockets: what agents see while networks do what networks do."""

from __future__ import annotations

import asyncio
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import types
from functools import partial
from pathlib import Path

import pytest

from tests.sync.house import House, dump, until
from wptui.model.commands import Resolve
from wptui.model.errors import AuthError, LinkError
from wptui.relay.server import Relay
from wptui.store import thread
from wptui.sync import http, link, session
from wptui.sync.credentials import Account
from wptui.sync.state import Kind
from wptui.sync.wire import Polling


async def test_a_first_connection_brings_what_was_and_then_what_comes(house: House) -> None:
    await house.sandbox.say("ayse", "Merhaba")
    await house.sandbox.settled()
    terminal = await house.terminal()
    assert terminal.link.state.kind is Kind.LIVE
    assert terminal.link.state.workspace == "Kahve Dükkânı"
    assert terminal.titles() == ["Ayşe Yılmaz"]

    await house.sandbox.say("mehmet", "Siparişim nerede?")
    row = await terminal.row("Mehmet Demir")
    assert row.unread == 1
    await until(
        lambda: any(
            conversation == row.id
            for change in terminal.changes
            if change.changes is not None
            for conversation, _message, _ts in change.changes.inbound
        )
    )

    message = terminal.say(row, "Hemen bakıyorum")
    await until(lambda: terminal.status(message) == "read", "read")
    assert house.sends("Hemen bakıyorum") == 1
    assert terminal.outbox.pending() == []
    # Whoever hears of the result can already see its effect.
    result = next(each for change in terminal.changes for each in change.results if each.id == message)
    assert result.ok


async def test_the_cache_agrees_with_the_relay(house: House) -> None:
    await house.sandbox.say("ayse", "Merhaba")
    terminal = await house.terminal()
    for who in ("mehmet", "emily", "deniz", "ayse"):
        await house.sandbox.say(who, f"{who} yazıyor")
    row = await terminal.row("Deniz")
    message = terminal.say(row, "Buyurun")
    await until(lambda: terminal.status(message) == "read")
    await house.sandbox.say("deniz", {"type": "reaction", "emoji": "👍"})
    terminal.link.send(row.id, Resolve(conversation=row.id))
    await until(lambda: not terminal.outbox.pending())
    await house.sandbox.settled()
    assert await until(lambda: _agree(house, terminal.db))


def _agree(house: House, db: sqlite3.Connection) -> bool:
    there = sqlite3.connect(f"file:{house.relay.config.view_path}?mode=ro", uri=True)
    try:
        return dump(there) == dump(db)
    finally:
        there.close()


async def test_a_cut_link_loses_and_doubles_nothing(house: House) -> None:
    await house.sandbox.say("ayse", "Merhaba")
    terminal = await house.terminal()
    row = await terminal.row("Ayşe Yılmaz")

    house.proxy.cut()
    await until(lambda: terminal.link.state.kind is Kind.OFFLINE)
    assert terminal.link.state.detail and terminal.link.state.fresh > 0
    await house.sandbox.say("mehmet", "Meanwhile")
    first = terminal.say(row, "bir")
    second = terminal.say(row, "iki")
    assert [item.state for item in terminal.outbox.pending(row.id)] == ["waiting", "waiting"]

    house.proxy.mend()
    terminal.link.poke()
    await until(lambda: terminal.status(second) == "read")
    await terminal.row("Mehmet Demir")
    assert terminal.texts(row.id) == ["Merhaba", "bir", "iki"]
    assert (house.sends("bir"), house.sends("iki")) == (1, 1)
    assert terminal.status(first) == "read"


async def test_cut_again_and_again_while_writing(house: House) -> None:
    await house.sandbox.say("ayse", "Merhaba")
    terminal = await house.terminal()
    row = await terminal.row("Ayşe Yılmaz")
    messages = []
    for number in range(6):
        messages.append(terminal.say(row, f"satır {number}"))
        if number % 2:
            await until(lambda: all(item.state == "sent" for item in terminal.outbox.pending()[:1]))
        house.proxy.cut()
        house.proxy.mend()
        terminal.link.poke()
    await until(lambda: all(terminal.status(message) == "read" for message in messages))
    assert terminal.texts(row.id) == ["Merhaba", *(f"satır {number}" for number in range(6))]
    assert [house.sends(f"satır {number}") for number in range(6)] == [1] * 6


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from wptui.model.commands import SendMessage
from wptui.sync.credentials import Account
from wptui.sync.link import Link
from wptui.sync.outbox import Outbox

home, url, token, conversation, when = sys.argv[1:]
outbox = Outbox(Path(home) / "outbox.db")

def die(change):
    if when == "sent" and change.outbox and any(item.state == "sent" for item in outbox.pending()):
        os.kill(os.getpid(), signal.SIGKILL)

async def main():
    link = Link(Path(home) / "cache.db", outbox, Account(url=url, token=token), on_change=die)
    task = asyncio.create_task(link.run())
    while not link.state.connected:
        await asyncio.sleep(0.01)
    link.send(conversation, SendMessage(conversation=conversation, content={"type": "text", "text": {"body": "killed"}},
                                        text="killed"))
    if when == "committed":
        os.kill(os.getpid(), signal.SIGKILL)
    await task

asyncio.run(main())
"""


@pytest.mark.parametrize("when", ["committed", "sent"])
async def test_a_terminal_killed_while_sending_sends_once(house: House, when: str) -> None:
    await house.sandbox.say("ayse", "Merhaba")
    account = await house.account()
    terminal = await house.terminal(account, name="killed")
    row = await terminal.row("Ayşe Yılmaz")
    await terminal.stop()
    house.terminals.clear()

    home = str(house.home / "killed")
    killed = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, home, account.url, account.token, row.id, when, cwd=Path.cwd()
    )
    assert await asyncio.wait_for(killed.wait(), 20) == -signal.SIGKILL

    again = await house.terminal(account, name="killed")
    await until(lambda: not again.outbox.pending())
    await until(lambda: "killed" in again.texts(row.id))
    await until(lambda: house.sends("killed"))
    await house.sandbox.settled()
    assert house.sends("killed") == 1
    assert again.texts(row.id).count("killed") == 1


async def test_where_websockets_are_forbidden_it_polls_and_goes_back(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "Polling", partial(Polling, seconds=0.05))
    monkeypatch.setattr(link, "SOCKET_AGAIN", 0.5)
    house.proxy.no_websockets = True
    await house.sandbox.say("ayse", "Merhaba")
    terminal = await house.terminal()
    assert terminal.link.state.kind is Kind.POLLING
    row = await terminal.row("Ayşe Yılmaz")
    message = terminal.say(row, "Yavaş ama gelir")
    await until(lambda: terminal.status(message) == "read")
    assert house.sends("Yavaş ama gelir") == 1

    house.proxy.no_websockets = False
    await until(lambda: terminal.link.state.kind is Kind.LIVE)
    await house.sandbox.say("mehmet", "şimdi canlı")
    await terminal.row("Mehmet Demir")
    kinds = [change.state.kind for change in terminal.changes if change.state is not None]
    assert Kind.OFFLINE not in kinds


async def test_a_wrong_token_is_refused_with_the_next_step(house: House) -> None:
    terminal = await house.terminal(Account(url=house.proxy.url, token="wptui_wrong"), start=False)
    terminal.start()
    await until(lambda: terminal.link.state.kind is Kind.REFUSED)
    assert terminal.link.state.code == "unauthorized"
    assert "wptui login" in terminal.link.state.hint
    assert "wptui_wrong" not in str(terminal.changes)


async def test_a_revoked_agent_is_out_at_once(house: House) -> None:
    await house.sandbox.say("ayse", "Merhaba")
    terminal = await house.terminal()
    house.relay.accounts.add("Patron", "owner")
    house.relay.accounts.revoke("ayse")
    await until(lambda: terminal.link.state.kind is Kind.REFUSED)
    assert terminal.link.state.code in ("revoked", "unauthorized")
    terminal.link.poke()
    with pytest.raises(AuthError):
        await http.Http(terminal.link.account).story("x")


@pytest.mark.parametrize(("schema", "code"), [(0, "older_terminal"), (99, "older_relay")])
async def test_versions_that_do_not_fit_are_told(
    house: House, monkeypatch: pytest.MonkeyPatch, schema: int, code: str
) -> None:
    monkeypatch.setattr(session, "SCHEMA", schema)
    terminal = await house.terminal(start=False)
    terminal.start()
    await until(lambda: terminal.link.state.kind is Kind.REFUSED)
    assert terminal.link.state.code == code
    assert "pdate" in terminal.link.state.hint


async def test_a_damaged_cache_is_built_again_and_the_outbox_kept(house: House) -> None:
    await house.sandbox.say("ayse", "Merhaba")
    account = await house.account()
    terminal = await house.terminal(account)
    row = await terminal.row("Ayşe Yılmaz")
    terminal.outbox.set_draft(row.id, "yarım")
    await terminal.stop()
    house.terminals.clear()
    size = terminal.cache_path.stat().st_size
    with terminal.cache_path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * (size - 100))

    again = await house.terminal(account, start=False)
    waiting = again.say(row, "kaldığı yerden")
    again.start()
    await again.live()
    assert any(change.rebuilt for change in again.changes)
    again.reopen()
    assert again.titles() == ["Ayşe Yılmaz"]
    assert again.outbox.draft(row.id) == "yarım"
    await until(lambda: again.status(waiting) == "read")
    assert house.sends("kaldığı yerden") == 1
    # What was set aside held customers' messages, and is gone once the new cache is filled.
    assert not again.cache_path.with_name("cache.db.damaged").exists()


async def test_a_cache_that_breaks_while_live_is_built_again(house: House) -> None:
    await house.sandbox.say("ayse", "Merhaba")
    terminal = await house.terminal()
    await terminal.link.run_cache(lambda: terminal.link.cache.db.execute("DROP TABLE requests"))
    await house.sandbox.say("mehmet", "Siparişim?")
    await until(lambda: any(change.rebuilt for change in terminal.changes))
    await terminal.live()
    terminal.reopen()
    await terminal.row("Mehmet Demir")
    assert terminal.titles() == ["Ayşe Yılmaz", "Mehmet Demir"]


async def test_a_full_disk_is_told_and_it_goes_on_when_there_is_room(house: House) -> None:
    await house.sandbox.say("ayse", "Merhaba")
    terminal = await house.terminal()
    before = terminal.titles()

    def fill_up() -> None:
        db = terminal.link.cache.db
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages}")

    await terminal.link.run_cache(fill_up)
    for number in range(8):
        await house.sandbox.say("mehmet", f"{number} " + "uzun " * 700)
    await until(lambda: terminal.link.state.code == "disk_full")
    assert terminal.link.state.kind is Kind.OFFLINE and "room" in terminal.link.state.hint
    assert set(before) <= set(terminal.titles())  # what was there can still be read

    await terminal.link.run_cache(lambda: terminal.link.cache.db.execute("PRAGMA max_page_count = 1000000").fetchone())
    terminal.link.poke()
    await terminal.live()
    row = await terminal.row("Mehmet Demir")
    await until(lambda: len(terminal.texts(row.id)) == 8)


async def test_another_log_at_the_same_address_means_a_new_cache(house: House) -> None:
    await house.sandbox.say("ayse", "Eski")
    terminal = await house.terminal()
    assert terminal.titles() == ["Ayşe Yılmaz"]
    house.proxy.cut()

    (house.home / "other").mkdir()
    accounts = house.home / "relay" / "relay-accounts.db"
    sqlite3.connect(accounts).execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(accounts, house.home / "other" / accounts.name)
    await house.relay.stop()
    house.relay = Relay(house.config("other"), pace=0.01)
    await house.relay.start(port=0)
    await house.sandbox.connect(f"{house.relay.url}/webhook")
    await house.sandbox.say("mehmet", "Yeni")
    await house.sandbox.settled()
    house.proxy.target = house.relay.url
    house.proxy.mend()
    terminal.link.poke()
    await until(lambda: any(change.rebuilt for change in terminal.changes))
    await terminal.live()
    terminal.reopen()
    await terminal.row("Mehmet Demir")
    assert terminal.titles() == ["Mehmet Demir"]


async def test_two_programs_share_cache_and_outbox(house: House) -> None:
    await house.sandbox.say("ayse", "Merhaba")
    account = await house.account()
    one = await house.terminal(account, name="shared")
    two = await house.terminal(account, name="shared")
    row = await two.row("Ayşe Yılmaz")

    await house.sandbox.say("mehmet", "İkisi de görür")
    mehmet = await one.row("Mehmet Demir")
    for each in (one, two):  # whichever of them folded it, both are told
        await until(
            lambda each=each: any(
                change.changes and mehmet.id in change.changes.conversations for change in each.changes
            )
        )
    message = two.outbox.add(
        row.id, Resolve(conversation=row.id)
    )  # as line mode does in another process: the first one notices too
    await until(lambda: not one.outbox.pending() and not two.outbox.pending())
    assert two.outbox.outcome(message) is not None

    message = two.say(row, "bir kez")
    await until(lambda: one.status(message) == "read")
    assert house.sends("bir kez") == 1


async def test_older_pages_come_on_demand(house: House) -> None:
    begun = int(time.time()) - 3600
    for number in range(70):
        await house.sandbox.say("ayse", {"type": "text", "text": f"mesaj {number}", "at": begun + number})
    first = await house.terminal(name="first")
    row = await first.row("Ayşe Yılmaz")
    await until(lambda: len(first.texts(row.id)) == 70)
    first.link.send(row.id, Resolve(conversation=row.id))
    await until(lambda: not first.outbox.pending())

    fresh = await house.terminal(name="fresh")
    here = thread.latest(fresh.db, row.id, 1000)
    assert len(here) < 71 and not thread.is_whole(fresh.db, row.id)
    await fresh.link.pull_older(row.id, here[0].key, 100)
    assert thread.is_whole(fresh.db, row.id)
    assert fresh.texts(row.id)[:70] == [f"mesaj {number}" for number in range(70)]

    house.proxy.cut()
    await until(lambda: not fresh.link.state.connected)
    with pytest.raises(LinkError):
        await fresh.link.pull_older(row.id, here[0].key)


async def test_colleagues_see_where_one_another_are(house: House) -> None:
    await house.sandbox.say("ayse", "Merhaba")
    ayse = await house.terminal(await house.account("Ayşe"), name="ayse")
    mehmet = await house.terminal(await house.account("Mehmet"), name="mehmet")
    row = await mehmet.row("Ayşe Yılmaz")
    mehmet.link.presence("viewing", row.id)
    seen = await until(
        lambda: next((each for change in ayse.changes for each in change.presence if each.conversation == row.id), None)
    )
    assert (seen.state, seen.name) == ("viewing", "Mehmet")


async def test_the_relays_clock_is_known(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from wptui.relay import desk

    clock = types.SimpleNamespace(time_ns=lambda: time.time_ns() + 90 * 10**9, time=time.time)
    monkeypatch.setattr(desk, "time", clock)
    terminal = await house.terminal()
    assert abs(terminal.link.state.skew_ms - 90_000) < 2_000


async def test_nobody_there_is_offline_not_an_error(tmp_path: Path, house: House) -> None:
    house.proxy.cut()
    terminal = await house.terminal(Account(url="http://127.0.0.1:1", token="t"), start=False)
    terminal.start()
    await until(lambda: terminal.link.state.kind is Kind.OFFLINE)
    assert terminal.link.state.code == "unreachable"
    assert "relay" in terminal.link.state.detail


async def test_a_stranger_at_the_address_is_told(house: House) -> None:
    """Not every web server is a relay: the sandbox, for example, is none."""
    terminal = await house.terminal(Account(url=house.sandbox.url, token="t"), start=False)
    terminal.start()
    await until(lambda: terminal.link.state.kind is Kind.OFFLINE)
    assert "relay" in terminal.link.state.detail


def test_sync_does_not_load_a_network_library_when_imported() -> None:
    program = (
        "import sys, wptui.sync.link, wptui.sync.media; print({'httpx', 'websockets', 'keyring'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
