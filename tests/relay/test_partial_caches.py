"""Snapshots and pulls read while the log goes on, in any interleaving: a cache ends with the relay's own rows."""

from __future__ import annotations

import random
import sqlite3
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.relay.ingest import RECEIVED_AT, desk
from tests.relay.story import NUMBER, T0, change, changed_number, message, status, who
from tests.sync.house import dump
from wptui.model import events as ev
from wptui.relay.eventlog import Append
from wptui.store import bundles, fold
from wptui.store.database import cursor, open_database, set_meta, transaction

NUMBERS = (NUMBER, "109876500000011")


def phone(n: int) -> str:
    return f"90555000{n:04}"


def person(dice: random.Random, n: int) -> dict[str, Any]:
    """A customer named by phone, by user id, or by both: then two contacts turn out to be one."""
    return dice.choice(
        [who(phone(n), f"TR.{n}", f"Kişi {n}"), *[who(phone(n), "", f"Kişi {n}"), who("", f"TR.{n}", f"Kişi {n}")] * 2]
    )


def in_book(n: int, at: int) -> bytes:
    entry = {"full_name": f"Defter {n}", "first_name": "D", "phone_number": phone(n)}
    sync = {"type": "contact", "contact": entry, "action": "add", "metadata": {"timestamp": str(T0 + at)}}
    return change({"state_sync": [sync]}, field="smb_app_state_sync")


async def history(dice: random.Random, folder: Path) -> tuple[list[ev.Event], list[int]]:
    """A log in which people are merged and change numbers, and the positions a reader may see it at."""
    people = dice.choice([2, 3, 6])
    cuts: list[int] = []
    async with desk(folder) as at:
        for step in range(1, dice.choice([20, 40, 80])):
            cuts.append(await at.log.head())
            n, later = dice.randrange(people), dice.randrange(4000)
            kind = dice.choices(("message", "act", "number", "book", "status"), (7, 1, 1, 1, 1))[0]
            if kind == "message":
                number = dice.choice(NUMBERS)
                await at.take(message(f"w{step}", person(dice, n), later, text=f"t{step}", number=number))
            elif kind == "number":
                new = (f"90556000{n:04}", f"TR.9{n}")
                await at.take(changed_number(f"s{step}", (phone(n), f"TR.{n}"), new, later))
            elif kind == "book":
                await at.take(in_book(n, later))
            elif kind == "status":
                await at.take(status(f"w{dice.randrange(1, step + 1)}", "delivered", later, phone=phone(n)))
            elif rows := await at.rows("SELECT id, seq FROM conversations"):
                where, seq = dice.choice(rows)
                data: ev.Data = dice.choice(
                    [ev.ConversationResolved(), ev.ConversationNoted(note=f"n{step}", text="x"),
                     ev.ConversationLabelled(label="iade"), ev.ConversationRead(upto=seq)]
                )  # fmt: skip
                event = ev.make(data, at=RECEIVED_AT + step, actor="agent:a", conversation=where)
                await at.clerk.act(lambda db, event=event: [Append([event])])
        cuts.append(await at.log.head())
        return await at.log.read(0, 100_000), sorted(set(cuts))


class Reader:
    """A store that folds the history in runs of any length."""

    def __init__(self, path: Path, events: list[ev.Event], dice: random.Random) -> None:
        self.db: sqlite3.Connection = open_database(path)
        self.events = events
        self.dice = dice

    def fold(self, to: int) -> None:
        while (at := cursor(self.db)) < to:
            upto = min(to, at + self.dice.choice([1, 2, 5, 50]))
            with transaction(self.db):
                fold.apply(self.db, [event for event in self.events if at < event.seq <= upto], advance_to=upto)

    def write(self, bundle: Any, *, fresh: bool = False) -> None:
        with transaction(self.db):
            bundles.apply_bundle(self.db, bundle, fresh=fresh)


@pytest.mark.parametrize("seed", [*range(16), 17, 39, 43])
async def test_a_cache_made_of_pieces_ends_as_the_relays_view(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    events, cuts = await history(dice, tmp_path)
    head = events[-1].seq
    view, cache = (Reader(tmp_path / name, events, dice) for name in ("the-view.db", "cache.db"))

    def go_on(by: int) -> None:
        view.fold(next(cut for cut in cuts if cut >= min(cursor(view.db) + by, head)))

    go_on(dice.randrange(1, head))
    oldest = cursor(view.db)
    for bundle in bundles.snapshot(view.db, "", dice.choice([1, 2, 5])):
        cache.write(bundle, fresh=True)
        go_on(dice.choice([0, 0, 1, 3, 10]))
    with transaction(cache.db):
        set_meta(cache.db, "cursor", oldest)
    view.fold(head)
    while cursor(cache.db) < head:
        cache.fold(min(head, cursor(cache.db) + dice.choice([1, 3, 20])))
        ids = [id for (id,) in view.db.execute("SELECT id FROM conversations ORDER BY id")]
        if ids and dice.random() < 0.3:
            cache.write(bundles.conversation_bundle(view.db, [dice.choice(ids)]))
    there, here = dump(view.db), dump(cache.db)
    for table in there:
        assert here[table] == there[table], table
    view.db.close()
    cache.db.close()


async def test_no_message_is_lost_where_two_partly_held_conversations_become_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundles, "conversation_bundle", partial(bundles.conversation_bundle, recent=3))
    dice = random.Random(1)
    async with desk(tmp_path) as at:
        for n in range(12):
            await at.take(message(f"p{n}", who(phone(1)), n * 100, text=f"p{n}"))
        for n in range(5):
            await at.take(message(f"u{n}", who("", "TR.1"), n * 1000 + 50, text=f"u{n}"))
        for (id,) in await at.rows("SELECT id FROM conversations"):
            done = ev.make(ev.ConversationResolved(), at=(T0 + 5000) * 1000, actor="agent:a", conversation=id)
            await at.clerk.act(lambda db, done=done: [Append([done])])
        before = await at.log.head()
        await at.take(message("both", who(phone(1), "TR.1"), 200_000, text="both"))
        events = await at.log.read(0, 100_000)
    view, cache = (Reader(tmp_path / name, events, dice) for name in ("the-view.db", "cache.db"))
    view.fold(before)
    for bundle in bundles.snapshot(view.db):
        cache.write(bundle, fresh=True)
    with transaction(cache.db):
        set_meta(cache.db, "cursor", before)
    view.fold(events[-1].seq)
    cache.fold(events[-1].seq)
    while row := cache.db.execute("SELECT conversation FROM partial").fetchone():
        sql = "SELECT ts, seq FROM messages WHERE conversation = ? ORDER BY ts, seq LIMIT 1"
        cache.write(bundles.older_messages(view.db, row[0], cache.db.execute(sql, row).fetchone(), 4))
    sql = "SELECT id, conversation FROM messages ORDER BY id"
    assert cache.db.execute(sql).fetchall() == view.db.execute(sql).fetchall()
    view.db.close()
    cache.db.close()
