"""The clerk: what becomes of bodies and acts, in order, once, and through crashes."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests import corpus
from tests.relay.faults import full_disk
from tests.relay.ingest import RECEIVED_AT, Desk, body, canonical, desk, differences, numbers, opened
from tests.relay.story import NUMBER, T0, message, who
from wptui.cloudapi.items import Item
from wptui.model import events as ev
from wptui.model.errors import ConflictError, RefusedError, StorageError
from wptui.relay import expansion
from wptui.relay.clerk import Clerk
from wptui.relay.eventlog import Append, Outcome, make_log
from wptui.relay.meters import Meters
from wptui.store.changes import Changes

AHMET = who("905550001111", "TR.111", "Ahmet")


def note(text: str, conversation: str = "k", **more: object) -> Append:
    data = ev.ConversationNoted(note=text, text=text)
    return Append([ev.make(data, at=1, actor="agent:a", conversation=conversation)], **more)  # type: ignore[arg-type]


# ── bodies ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_message_becomes_contact_conversation_request_and_message(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.take(message("w1", AHMET, text="Merhaba"))
        assert [each.type for each in await at.log.read(2, 99)] == [
            "contact.created",
            "contact.aliased",
            "contact.aliased",
            "contact.profiled",
            "conversation.opened",
            "message.received",
        ]
        assert {each.at for each in await at.log.read(2, 99)} == {RECEIVED_AT}
        assert await at.rows("SELECT title, unread, waiting_since FROM conversations") == [("Ahmet", 1, T0)]
        (group,) = await at.log.find("m:")
        assert group.raw == 1


async def test_the_same_body_again_adds_nothing(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        wire = message("w1", AHMET, text="Merhaba")
        await at.take(wire)
        head = await at.log.head()
        await at.take(wire, wire)
        assert await at.log.head() == head
        assert await at.log.backlog() == 0


async def test_dead_letters_are_parked_once_however_often_they_come(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.take(b"nothing", b"nothing", b"else")
        await at.take(b"nothing")
        assert await at.parked() == ["dead_letter", "dead_letter"]


async def test_one_item_that_cannot_be_applied_does_not_hold_up_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = expansion._apply

    def poisoned(draft: expansion.Draft, item: Item) -> None:
        whole(draft, item)
        if item.unique == "m:w2":
            raise LookupError("customer's secret text")

    monkeypatch.setattr(expansion, "_apply", poisoned)
    async with desk(tmp_path) as at:
        await at.take(*(message(f"w{index}", AHMET, index, text=str(index)) for index in (1, 2, 3)))
        assert await at.rows("SELECT text FROM messages ORDER BY ts") == [("1",), ("3",)]
        (parked,) = await at.events(ev.WebhookParked)
        assert (parked.reason, parked.note, parked.item, parked.raw) == ("invalid", "LookupError", "w2", 2)
        assert [each.seq for each in await at.log.read(0, 99)] == list(range(1, await at.log.head() + 1))


async def test_what_came_for_a_number_before_it_was_ours_is_let_in_afterwards(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.take(message("w1", AHMET, number="42", text="early"), message("w2", AHMET, 1, text="ours"))
        assert await at.parked() == ["unroutable"]
        assert await at.rows("SELECT text FROM messages") == [("ours",)]
        await at.clerk.act(lambda db: numbers("42"))
        assert await at.rows("SELECT text FROM messages ORDER BY ts") == [("early",), ("ours",)]
        head = await at.log.head()
    async with opened(tmp_path) as at:
        assert await at.log.head() == head
        await at.take(message("w1", AHMET, number="42", text="early"))
        assert await at.log.head() == head


async def test_while_no_number_is_known_everything_waits(tmp_path: Path) -> None:
    async with opened(tmp_path) as at:
        running = asyncio.ensure_future(at.clerk.run())
        await at.log.store_raw(message("w1", AHMET, text="1"), RECEIVED_AT)
        await asyncio.sleep(0)
        assert await at.log.backlog() == 1
        await at.clerk.act(lambda db: numbers())
        await at.log.wait_beyond(2, 5)
        assert await at.rows("SELECT text FROM messages") == [("1",)]
        at.clerk.stop()
        await asyncio.wait_for(running, 5)


async def test_the_clerk_at_work_tells_what_happens_in_order(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        told: list[int] = []
        inbound: list[str] = []

        def listen(events: Sequence[ev.Event], changes: Changes) -> None:
            told.extend(each.seq for each in events)
            inbound.extend(name for _conversation, name, _ts in changes.inbound)

        at.clerk.listen(lambda events, changes: 1 / 0)  # one that fails is told apart
        ending = at.clerk.listen(listen)
        running = asyncio.ensure_future(at.clerk.run())
        for index in range(30):
            await at.log.store_raw(message(f"w{index}", AHMET, index, text="x"), RECEIVED_AT)
            if index % 10 == 0:
                await at.clerk.act(lambda db, index=index: [note(str(index))])  # type: ignore[misc]
        while await at.log.backlog():
            await at.log.wait_beyond(await at.log.head(), 0.05)
        at.clerk.stop()
        await asyncio.wait_for(running, 5)
        assert told == list(range(3, await at.log.head() + 1))
        assert inbound == [f"w{index}" for index in range(30)]
        ending()
        await at.clerk.act(lambda db: [note("unheard")])
        assert told[-1] == await at.log.head() - 1


async def test_what_is_done_is_counted(tmp_path: Path) -> None:
    meters = Meters()
    async with make_log(tmp_path / "relay.db") as log:
        clerk = Clerk(log, tmp_path / "view.db", meters=meters)
        await clerk.start()
        await clerk.act(lambda db: numbers())
        at = Desk(log, clerk)
        wire = message("w1", AHMET, text="x")
        await at.take(wire, wire, b"dead", *body(corpus.find(141)))
        text = meters.exposition()[0].decode()
        await clerk.close()
    for line in (
        'wptui_parked_total{reason="dead_letter"} 1.0',
        'wptui_events_total{type="message.received"} 1.0',
        'wptui_unknown_fields_total{field="quantum_update"} 1.0',
        "wptui_repeated_total 1.0",
        "wptui_expansion_backlog 0.0",
    ):
        assert line in text


# ── campaigns ────────────────────────────────────────────────────────────────────────────────────────────


def campaign(code: str, *ads: str) -> list[Append]:
    return [Append([ev.make(ev.CampaignSaved(code=code, name=code, ads=list(ads)), at=1, actor="relay")])]


async def tags(at: Desk) -> list[tuple[str, str]]:
    return [(data.campaign, data.how) for data in await at.events(ev.ConversationTagged)]


async def test_the_code_in_the_first_message_of_a_request_attributes_it(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.clerk.act(lambda db: campaign("KIŞ24"))
        await at.take(message("w1", AHMET, text="kış24 indirimi?"), message("w2", AHMET, 1, text="KIŞ24"))
        assert await tags(at) == [("KIŞ24", "code")]
        assert await at.one("SELECT campaign FROM conversations") == "KIŞ24"


async def test_a_code_in_a_later_message_does_not(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.clerk.act(lambda db: campaign("KIŞ24"))
        await at.take(message("w1", AHMET, text="Merhaba"), message("w2", AHMET, 1, text="KIŞ24"))
        assert await tags(at) == []


async def test_an_ad_is_its_campaign_or_makes_one(tmp_path: Path) -> None:
    def from_ad(wamid: str, ad: str, person: str) -> bytes:
        referral = {"source_id": ad, "source_type": "ad", "headline": f"Ad {ad}"}
        return message(wamid, who(person), text="KIŞ24 ilanı", referral=referral)

    async with desk(tmp_path) as at:
        await at.clerk.act(lambda db: campaign("KIŞ24", "1111"))
        await at.take(from_ad("w1", "1111", "901"), from_ad("w2", "55123456", "902"), from_ad("w3", "66123456", "903"))
        await at.take(from_ad("w4", "55123456", "904"))
        assert await tags(at) == [
            ("KIŞ24", "referral"),
            ("AD-123456", "referral"),
            ("AD-66123456", "referral"),  # another ad whose id ends alike
            ("AD-123456", "referral"),
        ]
        saved = [(data.code, data.name, data.ads) for data in await at.events(ev.CampaignSaved)]
        assert saved[1:] == [
            ("AD-123456", "Ad 55123456", ["55123456"]),
            ("AD-66123456", "Ad 66123456", ["66123456"]),
        ]


async def test_standby_and_history_open_no_request_and_are_attributed_to_none(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.take(*body(corpus.find(111), corpus.find(106), corpus.find(108)))
        assert await at.one("SELECT count(*) FROM requests") == 0
        assert await at.one("SELECT max(unread) FROM conversations") == 0


# ── acts ─────────────────────────────────────────────────────────────────────────────────────────────────


async def test_an_act_sees_the_view_as_it_is_and_is_in_it_when_it_returns(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.take(message("w1", AHMET, text="1"))
        conversation = await at.one("SELECT id FROM conversations")

        def label(db: sqlite3.Connection) -> list[Append]:
            (unread,) = db.execute("SELECT unread FROM conversations").fetchone()
            data = ev.ConversationLabelled(label=f"unread{unread}")
            return [Append([ev.make(data, at=1, actor="agent:a", conversation=conversation)], unique="c1")]

        (outcome,) = await at.clerk.act(label)
        assert await at.one("SELECT labels FROM conversations") == "unread1"
        assert outcome.last == at.clerk.cursor == await at.log.head()
        assert await at.clerk.act(label) == [Outcome(outcome.first, outcome.last, repeated=True)]


async def test_an_act_that_is_refused_changes_nothing(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:

        def refuse(db: sqlite3.Connection) -> list[Append]:
            raise RefusedError("not_found", "no")

        head = await at.log.head()
        with pytest.raises(RefusedError):
            await at.clerk.act(refuse)
        with pytest.raises(ConflictError):
            await at.clerk.act(lambda db: [note("a", expect=("k", 77))])
        assert await at.clerk.act(lambda db: []) == []
        assert await at.log.head() == head
        assert await at.clerk.act(lambda db: [note("b")]) == [Outcome(head + 1, head + 1)]


async def test_an_act_goes_on_when_who_asked_is_gone(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        asked = asyncio.ensure_future(at.clerk.act(lambda db: [note("a", unique="c1")]))
        await asyncio.sleep(0)
        asked.cancel()
        await at.log.wait_beyond(2, 5)
        assert await at.clerk.act(lambda db: [note("a", unique="c1")]) == [Outcome(3, 3, repeated=True)]


async def test_many_acts_at_once_are_done_one_by_one(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:

        def count(db: sqlite3.Connection) -> list[Append]:
            (known,) = db.execute("SELECT count(*) FROM campaigns").fetchone()
            return campaign(f"c{known}")

        await asyncio.gather(*(at.clerk.act(count) for _ in range(20)))
        assert await at.one("SELECT count(*) FROM campaigns") == 20


# ── crashes and faults ───────────────────────────────────────────────────────────────────────────────────


async def test_bodies_stored_before_a_crash_are_expanded_after_it(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.log.store_raw(message("w1", AHMET, text="1"), RECEIVED_AT)
    async with opened(tmp_path) as at:
        await at.take()
        assert await at.rows("SELECT text FROM messages") == [("1",)]


async def state(at: Desk) -> dict[str, object]:
    return await at.clerk.look(canonical)


@pytest.mark.parametrize("damage", ["gone", "garbage", "behind", "other", "ahead"])
async def test_the_view_is_built_again_from_the_log(tmp_path: Path, damage: str) -> None:
    view = tmp_path / "view.db"
    async with desk(tmp_path) as at:
        await at.take(*body(*corpus.files()[:40]))
        early = view.read_bytes()
        await at.take(*body(*corpus.files()[40:90]))
        before = await state(at)
    if damage == "gone":
        view.unlink()
    elif damage == "garbage":
        view.write_bytes(b"nothing of the kind " * 1000)
    elif damage == "behind":
        view.write_bytes(early)
    else:
        with sqlite3.connect(view) as db:
            key, value = ("epoch", "other") if damage == "other" else ("cursor", 10**6)
            db.execute("UPDATE meta SET value = ? WHERE key = ?", (value, key))
            db.execute("DELETE FROM messages")
        db.close()
    async with opened(tmp_path) as at:
        assert differences(before, await state(at)) == []


async def test_a_view_that_is_damaged_while_in_use_is_built_again(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.take(message("w1", AHMET, text="1"))

        def damaged(db: sqlite3.Connection) -> list[Append]:
            error = sqlite3.DatabaseError("database disk image is malformed")
            error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise error

        with pytest.raises(StorageError):
            await at.clerk.act(damaged)
        await at.take(message("w2", AHMET, 1, text="2"))
        assert await at.rows("SELECT text FROM messages ORDER BY ts") == [("1",), ("2",)]


async def test_a_full_disk_holds_the_expansion_up_and_no_longer(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        wires = [message(f"w{index}", AHMET, index, text="x" * 4000) for index in range(100)]
        for wire in wires:
            await at.log.store_raw(wire, RECEIVED_AT)
        with full_disk(200 << 10):
            with pytest.raises(StorageError):
                while await at.clerk.expand():
                    pass
        await at.take()
        assert await at.one("SELECT count(*) FROM messages") == 100
        assert [each.seq for each in await at.log.read(0, 9999)] == list(range(1, await at.log.head() + 1))


async def test_somebody_else_may_append_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another relay on the same log: what was drafted against other numbers is folded again from the log."""
    async with desk(tmp_path) as at:
        told: list[int] = []
        at.clerk.listen(lambda events, changes: told.extend(each.seq for each in events))
        append, between = at.log.append, [note("theirs")]

        async def crowded(batch: Sequence[Append], *, raws: Sequence[int] = ()) -> list[Outcome]:
            while between:
                await append([between.pop()])
            return await append(batch, raws=raws)

        monkeypatch.setattr(at.log, "append", crowded)
        await at.take(message("w1", AHMET, text="1"))
        assert await at.rows("SELECT text FROM messages WHERE dir = 'in'") == [("1",)]
        between.append(note("theirs too"))
        await at.clerk.act(lambda db: [note("ours")])
        assert told == list(range(3, await at.log.head() + 1))
        assert at.clerk.cursor == await at.log.head()


async def test_an_event_the_fold_cannot_take_is_skipped(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        # A message in no conversation: nothing the relay writes, but a log is read for years.
        broken = Append([ev.make(ev.MessageRevoked(target="w", ts=1, by="customer"), at=1, actor="customer")])
        await at.clerk.act(lambda db: [note("a"), broken, campaign("C1")[0]])
        assert await at.one("SELECT count(*) FROM campaigns") == 1
        assert at.clerk.cursor == await at.log.head()


def test_the_corpus_number_is_ours() -> None:
    assert corpus.index()["phone_number_id"] == NUMBER
