"""Line mode as scripts and screen readers meet it: real processes, a real relay, text and JSON."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import AsyncIterator
from dataclasses import replace as changed
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.cli.shell import wptui
from tests.sync.house import House, until
from wptui.relay.config import Canned, RelayConfig

CANNED = Canned("selam", "Merhaba {{customer.first_name|efendim}}, ben {{agent.name}}.")


class Shop(House):
    def config(self, name: str = "relay") -> RelayConfig:
        return changed(super().config(name), canned=(CANNED,))


@pytest_asyncio.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    """A relay with two customers who wait, and an agent signed in on this machine."""
    shop = Shop(tmp_path)
    await shop.start()
    try:
        await shop.sandbox.say("ayse", "Merhaba, siparişim nerede?")
        await shop.sandbox.say("mehmet", {"type": "image", "caption": "Kırık geldi"})
        await shop.sandbox.settled()
        ayse = shop.relay.accounts.add("Ayşe")
        shop.relay.accounts.add("Mehmet")
        done = await wptui("login", shop.proxy.url, "--code", shop.relay.accounts.code(ayse.id))
        assert (done.code, done.err) == (0, "")
        assert "Signed in to Kahve Dükkânı as Ayşe." in done.out
        yield shop
    finally:
        await shop.stop()


async def test_list_and_read(shop: Shop) -> None:
    listed = await wptui("list")
    assert listed.code == 0 and listed.err == ""
    lines = listed.out.splitlines()
    assert len(lines) == 3 and lines[-1].startswith("2 open, 2 waiting, 0 late")
    question = re.compile(r"Ayşe Yılmaz, waiting \d\d:\d\d, 1 unread: Merhaba, siparişim nerede\?")
    assert any(map(question.match, lines))
    assert any("[photo] Kırık geldi" in line for line in lines)

    found = (await wptui("list", "--json", "--filter", "sipariş")).json
    assert (found["schema"], found["up_to_date"], found["total"]) == (1, True, 1)
    (conversation,) = found["conversations"]
    assert conversation["contact"]["phone"] == "+905550000101"
    assert conversation["window_open"] and conversation["assignee"] is None and not conversation["late"]

    read = await wptui("read", "mehmet", "--json")
    (message,) = read.json["messages"]
    assert (message["dir"], message["kind"], message["text"]) == ("in", "image", "Kırık geldi")
    assert message["media"]["mime"].startswith("image/") and read.json["whole"] is True

    unclear = await wptui("read", "e", "--offline")
    assert unclear.code == 2 and "Ayşe Yılmaz" in unclear.err and "Mehmet Demir" in unclear.err
    assert (await wptui("list", "--filter", "is:nonsense", "--offline")).code == 2

    hits = (await wptui("search", "SIPARISIM", "--json", "--offline")).json["hits"]
    assert [hit["title"] for hit in hits] == ["Ayşe Yılmaz"]
    turkish = await wptui("--lang", "tr", "read", "ayse", "--offline")
    assert "Bugün" in turkish.out


async def test_reply_says_what_became_of_it(shop: Shop, tmp_path: Path) -> None:
    done = await wptui("reply", "ayse", "-", "--wait", "delivered", stdin="Bugün yola çıktı.\nYarın sizde.\n")
    assert done.code == 0 and re.match(r"Ayşe Yılmaz: (delivered|read) \[", done.out)
    assert shop.sends("Bugün yola çıktı.\nYarın sizde.") == 1

    done = await wptui("reply", "ayse", "--canned", "selam", "--quote", "last", "--json")
    assert done.json["ok"] and done.json["status"] in ("accepted", "sent", "delivered", "read")
    assert shop.sends("Merhaba Ayşe, ben Ayşe.") == 1
    (sent,) = [send for send in shop.sandbox.sends.all if "ben Ayşe" in str(send.body)]
    assert sent.body["context"]["message_id"].startswith("wamid.")

    file = tmp_path / "fatura.pdf"
    file.write_bytes(b"%PDF-1.4 " + b"x" * 1000)
    done = await wptui("reply", "mehmet", "--file", str(file), "--caption", "Faturanız")
    assert done.code == 0, done
    assert any(send.body.get("document", {}).get("caption") == "Faturanız" for send in shop.sandbox.sends.all)

    for mode, wait in (("sync", "accepted"), ("status", "delivered")):
        shop.sandbox.faults.update({"fail": {"code": 131026, "mode": mode}})
        failed = await wptui("reply", "mehmet", "Bu gitmez", "--wait", wait)
        assert failed.code == 1 and "131026" in failed.err and "cannot be reached on WhatsApp" in failed.err

    assert (await wptui("reply", "ayse", "x", "--canned", "selam")).code == 2
    unknown = await wptui("reply", "ayse", "--canned", "yok", "--offline")
    assert unknown.code == 2 and "selam" in unknown.err
    too_long = await wptui("reply", "ayse", "x" * 5000, "--offline")
    assert too_long.code == 1 and "4,096" in too_long.err


async def test_a_closed_window_takes_only_templates(shop: Shop) -> None:
    await shop.sandbox.say("emily", {"type": "text", "text": "Long ago", "at": time.time() - 2 * 86400})
    await shop.sandbox.settled()
    done = await wptui("reply", "emily", "Hello again")
    assert done.code == 1 and "24-hour window is closed" in done.err and "emplate" in done.err
    as_json = await wptui("reply", "emily", "Hello again", "--json")
    assert as_json.code == 1
    assert (as_json.json["ok"], as_json.json["error"]["code"]) == (False, "window_closed")
    assert (await wptui("read", "emily", "--json", "--offline")).json["pending"] == []  # told, so not kept

    def templates() -> list[tuple[str, str]]:
        db = sqlite3.connect(f"file:{shop.relay.config.view_path}?mode=ro", uri=True)
        return db.execute("SELECT name, language FROM templates WHERE status = 'APPROVED'").fetchall()

    names = await until(templates)
    assert names
    missing = await wptui("reply", "emily", "--template", "no_such_template")
    assert missing.code == 2
    for name, language in names:
        done = await wptui(
            "reply", "emily", "--template", name, "--lang", language, *(["--param", "Emily"] * 3), "--offline"
        )
        if done.code == 0:
            break
    listed = await wptui("list")
    assert listed.code == 0
    await until(lambda: [send for send in shop.sandbox.sends.all if send.type == "template"])


async def test_what_changes_a_conversation(shop: Shop) -> None:
    async def state() -> Any:
        return (await wptui("list", "--json", "--filter", "from:mehmet is:open", "--offline")).json["conversations"]

    assert (await wptui("assign", "mehmet", "mehmet")).out == "Mehmet Demir: Assigned to Mehmet.\n"
    assert (await wptui("label", "mehmet", "+iade", "acil")).code == 0
    assert (await wptui("label", "mehmet", "-acil")).out == "Mehmet Demir: Label acil taken off.\n"
    assert (await wptui("note", "mehmet", "kargo kayıp", "--json")).json["status"] == "done"
    (row,) = await state()
    assert row["assignee"] == {"id": "mehmet", "name": "Mehmet"} and row["labels"] == ["iade"]

    assert (await wptui("snooze", "mehmet", "2h")).out.startswith("Mehmet Demir: Snoozed until ")
    assert await state() == []
    assert (await wptui("snooze", "mehmet", "off")).code == 0
    assert (await wptui("resolve", "mehmet")).code == 0
    assert (await wptui("list", "--view", "resolved", "--offline")).out.startswith("Mehmet Demir, resolved")
    assert (await wptui("reopen", "mehmet")).code == 0
    read = (await wptui("read", "mehmet", "--offline")).out
    for part in ("note by you: kargo kayıp", "Ayşe resolved it", "Ayşe opened it again"):
        assert part in read


async def test_offline_waits_in_the_outbox_and_goes_once(shop: Shop) -> None:
    await wptui("list")
    shop.proxy.cut()
    listed = await wptui("list")
    assert listed.code == 0 and "Ayşe Yılmaz" in listed.out and "Not up to date" in listed.err
    given = await wptui("reply", "ayse", "Birazdan")
    assert given.code == 1 and "in the outbox" in given.err  # not accepted, but not lost
    meant = await wptui("resolve", "mehmet", "--offline", "--json")
    assert meant.code == 0 and meant.json["status"] == "waiting" and meant.json["up_to_date"] is False
    waiting = (await wptui("read", "ayse", "--offline", "--json")).json["pending"]
    assert [item["text"] for item in waiting] == ["Birazdan"]

    refused = await wptui("logout")
    assert refused.code == 2 and "not sent yet" in refused.err
    shop.proxy.mend()
    listed = await wptui("list")  # whichever command connects next sends what waits
    assert "Mehmet Demir" not in listed.out
    await until(lambda: shop.sends("Birazdan"))
    await wptui("list")
    assert shop.sends("Birazdan") == 1


async def test_logout_leaves_nothing(shop: Shop, private_home: Path) -> None:
    await wptui("list")
    assert list(private_home.rglob("cache.db"))
    done = await wptui("logout")
    assert done.code == 0 and "Nothing of it is left" in done.out
    assert not list(private_home.rglob("*.db"))
    gone = await wptui("list")
    assert gone.code == 1 and "wptui login" in gone.err
    assert "Traceback" not in gone.err


async def test_a_refused_token_is_told(shop: Shop) -> None:
    await wptui("list")
    shop.relay.accounts.set_role("mehmet", "owner")
    shop.relay.accounts.revoke("ayse")
    done = await wptui("list")
    assert "wptui login" in done.err and "Traceback" not in done.err


@pytest.mark.parametrize("arguments", [["login", "http://relay.example.com", "--code", "X"], ["login", "ftp://x"]])
async def test_login_refuses_what_is_not_safe(arguments: list[str]) -> None:
    done = await wptui(*arguments)
    assert done.code == 2 and "hint:" in done.err


async def test_login_with_a_wrong_code(shop: Shop) -> None:
    done = await wptui("login", shop.proxy.url, stdin="AAAA-BBBB-CCCC\n")
    assert done.code == 1 and "wrong, used or too old" in done.err
