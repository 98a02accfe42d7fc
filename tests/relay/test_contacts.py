"""Contacts at the relay: profiles, consent, blocking at Meta, merging by hand and undoing it, address lists."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.relay.ingest import Desk, desk, opened
from tests.relay.stage import Screen, Stage, until
from tests.relay.story import T0, message, who
from tests.store.test_merges import dump
from wptui.model import commands as c
from wptui.model import events as ev
from wptui.relay import replay
from wptui.relay.acts import Elsewhere
from wptui.relay.eventlog import Append


async def look(play: Stage, sql: str, *values: Any) -> Any:
    return await play.relay.clerk.look(lambda db: db.execute(sql, values).fetchall())


async def person(play: Stage, screen: Screen, who: str, said: str) -> tuple[str, str]:
    await play.sandbox.say(who, said)
    conversation = await play.conversation(screen, said)
    ((contact,),) = await look(play, "SELECT contact FROM conversations WHERE id = ?", conversation)
    return contact, conversation


async def test_a_profile_is_edited_and_consent_recorded(play: Stage) -> None:
    screen = await play.sit_down()
    contact, _conversation = await person(play, screen, "mehmet", "Merhaba")
    wanted = {"şehir": "İzmir", "beden": "M"}
    assert (await screen.ask(c.EditContact(contact=contact, name="Mehmet Bey", attributes=wanted))).ok
    assert (await screen.ask(c.EditContact(contact=contact, remark="kapıda ödeme", attributes={"beden": None}))).ok
    assert (await screen.ask(c.OptContact(contact=contact, out=True))).ok
    rows = await look(play, "SELECT book_name, remark, attributes, opted_out FROM contacts WHERE id = ?", contact)
    assert rows == [("Mehmet Bey", "kapıda ödeme", '{"şehir":"İzmir"}', 1)]
    refused = await screen.ask(c.EditContact(contact=contact, name="x" * 121))
    assert refused.code == "too_long"
    gone = await screen.ask(c.EditContact(contact="cnobody", name="x"))
    assert gone.code == "not_found"


async def test_blocking_is_done_at_meta_first_and_sends_are_refused(play: Stage) -> None:
    screen = await play.sit_down()
    contact, conversation = await person(play, screen, "mehmet", "Merhaba")
    assert (await screen.ask(c.BlockContact(contact=contact, blocked=True))).ok
    customer = play.sandbox.world.customers["mehmet"]
    blocked = await screen.waits_for("contact.blocked", contact=contact, blocked=True)
    assert customer.blocked == set(blocked["numbers"]) != set()
    send = c.SendMessage(conversation=conversation, content={"type": "text", "text": {"body": "merhaba"}})
    assert (await screen.ask(send)).code == "blocked"
    assert (await screen.ask(c.BlockContact(contact=contact, blocked=False))).ok
    assert customer.blocked == set()
    assert (await screen.ask(send)).ok


async def test_what_meta_refuses_is_not_logged_as_blocked(play: Stage) -> None:
    screen = await play.sit_down()
    contact, _conversation = await person(play, screen, "mehmet", "Merhaba")
    play.sandbox.world.customers["mehmet"].inbound_at.clear()
    refused = await screen.ask(c.BlockContact(contact=contact, blocked=True))
    assert refused.code == "not_blocked" and "24" in refused.message
    assert await look(play, "SELECT blocked FROM contacts WHERE id = ?", contact) == [(0,)]


async def test_two_are_merged_and_taken_apart_again(play: Stage) -> None:
    screen = await play.sit_down()
    mehmet, first = await person(play, screen, "mehmet", "Merhaba")
    zeynep, second = await person(play, screen, "zeynep", "Selam")
    before = await play.relay.clerk.look(lambda db: dump(db, seqs=False))
    assert (await screen.ask(c.MergeContacts(contact=zeynep, into=mehmet))).ok
    named = "SELECT id, title FROM conversations"
    assert await look(play, named) == [
        (first, play.sandbox.world.customers["mehmet"].name)
    ]  # whoever was chosen to stay
    ((seq, by),) = await look(play, "SELECT seq, by FROM merges")
    assert by.startswith("agent:")
    assert (await screen.ask(c.SplitContact(contact=mehmet, merge=seq))).ok
    assert await play.relay.clerk.look(lambda db: dump(db, seqs=False)) == before
    assert (await screen.ask(c.SplitContact(contact=mehmet, merge=seq))).ok  # done already
    assert {row[0] for row in await look(play, "SELECT id FROM conversations")} == {first, second}


async def test_a_merge_under_another_one_is_not_undone(play: Stage) -> None:
    screen = await play.sit_down()
    a, _ = await person(play, screen, "mehmet", "Bir")
    b, _ = await person(play, screen, "zeynep", "İki")
    cc, _ = await person(play, screen, "ali", "Üç")
    assert (await screen.ask(c.MergeContacts(contact=b, into=a))).ok
    assert (await screen.ask(c.MergeContacts(contact=cc, into=a))).ok
    first, second = (row[0] for row in await look(play, "SELECT seq FROM merges ORDER BY seq"))
    refused = await screen.ask(c.SplitContact(contact=a, merge=first))
    assert refused.code == "merged_since" and "first" in refused.message
    assert (await screen.ask(c.SplitContact(contact=a, merge=second))).ok
    assert (await screen.ask(c.SplitContact(contact=a, merge=first))).ok


async def test_an_address_list_twice_is_once(play: Stage) -> None:
    screen = await play.sit_down()
    known, _conversation = await person(play, screen, "mehmet", "Merhaba")
    ((phone,),) = await look(play, "SELECT phone FROM contacts WHERE id = ?", known)
    rows = [
        c.ImportRow(phone=phone, name="Mehmet Bey", attributes={"şehir": "İzmir"}),
        c.ImportRow(phone="+905551234567", name="Yeni", opted=False),
        c.ImportRow(phone="+905551234567", name="Gene"),
    ]
    for id in ("one", "two"):
        assert (await screen.ask(c.ImportContacts(rows=rows), id)).ok
    await until(lambda: len(screen.seen("contact.created")) == 2)  # the result may overtake them
    found = await look(play, "SELECT book_name, phone, opted_out FROM contacts ORDER BY book_name")
    assert found == [("Mehmet Bey", phone, 0), ("Yeni", "+905551234567", 1)]
    other = [c.ImportRow(phone=phone, name="Başka", remark="yeni")]
    assert (await screen.ask(c.ImportContacts(rows=other, update=False))).ok
    assert await look(play, "SELECT book_name, remark FROM contacts WHERE id = ?", known) == [("Mehmet Bey", "yeni")]
    wrong = await screen.ask(c.ImportContacts(rows=[c.ImportRow(phone="0555")]))
    assert wrong.code == "invalid"


AHMET, AYSE = who("905550001111"), who("", "TR.222", "Ayşe")


def by_hand(*data: ev.Data) -> Any:
    """What an agent's commands lead to; a merge of conversations stands after its conversation."""
    events = [
        ev.make(each.data, at=T0 * 1000, actor="agent:a", conversation=each.conversation)
        if isinstance(each, Elsewhere)
        else ev.make(each, at=T0 * 1000, actor="agent:a")
        for each in data
    ]
    return lambda db: [Append(events, unique=f"c:{data[0].TYPE}", digest="d")]


async def made_one(at: Desk) -> tuple[str, str, int]:
    """Ahmet and Ayşe, merged by hand and taken apart again: their contacts, and the merge."""
    await at.take(message("w1", AHMET, text="1"), message("w2", AYSE, 5, text="2"))
    ahmet, ayse = (row[0] for row in await at.rows("SELECT id FROM contacts ORDER BY created_seq"))
    first, second = (row[0] for row in await at.rows("SELECT id FROM conversations ORDER BY created_seq"))
    moved = Elsewhere(data=ev.ConversationMerged(into=first), conversation=second)
    await at.clerk.act(by_hand(ev.ContactMerged(contact=ayse, into=ahmet), moved))
    seq = await at.one("SELECT seq FROM merges")
    await at.clerk.act(by_hand(ev.ContactSplit(contact=ayse, into=ahmet, merge=seq)))
    return ahmet, ayse, seq


async def test_what_was_taken_apart_meets_meta_and_the_operator_is_told(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        ahmet, ayse, _seq = await made_one(at)
        await at.take(message("w3", AYSE, 9, text="3"))
        assert await at.one("SELECT contact FROM conversations WHERE id = (SELECT conversation FROM messages "
                            "WHERE id = 'w3')") == ayse  # fmt: skip
        assert not await at.events(ev.AccountAlerted)
        await at.take(message("w4", {**AYSE, **AHMET}, 12, text="4"))
        (alert,) = await at.events(ev.AccountAlerted)
        assert "taken apart by hand" in alert.text
        assert await at.rows("SELECT id FROM contacts") == [(ahmet,)]


async def test_a_replay_undoes_the_same_merge(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await made_one(at)
        before = await at.clerk.look(dump)
    await replay.replay(tmp_path / "relay.db", tmp_path / "view.db")
    async with opened(tmp_path) as at:
        assert await at.clerk.look(dump) == before
        assert await at.one("SELECT undone > 0 FROM merges") == 1
