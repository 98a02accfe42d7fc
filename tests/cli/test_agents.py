"""`wptui agents` and `wptui audit`: real processes, a real relay, two people with different roles."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.cli.shell import wptui
from tests.cli.test_line import Shop


@pytest_asyncio.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    """A relay with a customer who waits; its owner is signed in on this machine."""
    shop = Shop(tmp_path)
    await shop.start()
    try:
        await shop.sandbox.say("ayse", "Siparişim nerede?")
        await shop.sandbox.settled()
        owner = shop.relay.accounts.add("Patron")
        done = await wptui("login", shop.proxy.url, "--code", shop.relay.accounts.code(owner.id))
        assert done.code == 0, done
        yield shop
    finally:
        await shop.stop()


async def test_agents_are_managed_from_the_terminal(shop: Shop) -> None:
    added = await wptui("agents", "add", "Zoe", "--json")
    assert added.code == 0 and added.json["id"] == "zoe" and added.json["role"] == "agent"
    assert shop.relay.accounts.redeem(added.json["code"], "laptop")[1].agent.id == "zoe"
    again = await wptui("agents", "code", "ZOE")
    assert again.code == 0 and "One-time code: " in again.out
    promoted = await wptui("agents", "role", "zoe", "manager")
    assert promoted.out == "Zoe is manager now.\n"
    listed = await wptui("agents", "list")
    assert "manager" in listed.out and "laptop" in listed.out
    last = await wptui("agents", "revoke", "Patron")
    assert last.code == 1 and "last owner" in last.err and "Traceback" not in last.err
    assert (await wptui("agents", "revoke", "nobody")).code == 2
    assert (await wptui("agents", "revoke", "Zoe")).out == "Zoe is shut out.\n"


async def test_who_did_what_is_looked_up_in_words_and_json(shop: Shop) -> None:
    assert (await wptui("assign", "ayse", "me")).code == 0
    assert (await wptui("note", "ayse", "kargo kayıp")).code == 0
    told = await wptui("audit", "ayse")
    assert told.code == 0, told
    assert "Patron wrote a note: kargo kayıp" in told.out.splitlines()[0]
    assert "Patron took it over" in told.out and "the customer wrote: Siparişim nerede?" in told.out
    one = await wptui("audit", "--agent", "patron", "--limit", "1", "--json")
    assert [entry["sentence"] for entry in one.json["entries"]] == ["Patron wrote a note: kargo kayıp"]
    assert one.json["next"] == one.json["entries"][0]["seq"]
    shop.relay.accounts.add("Zoe", "owner")
    shop.relay.accounts.set_role("patron", "agent")
    await shop.relay.workspace.follow_accounts()
    refused = await wptui("audit")
    assert refused.code == 1 and "See who did what" in refused.err
