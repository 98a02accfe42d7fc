"""Replay: the log written anew from the stored bodies says the same, or what the mended code says."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import corpus
from tests.relay.faults import full_disk
from tests.relay.ingest import RECEIVED_AT, Desk, body, desk, numbers, opened
from tests.relay.story import NUMBER, T0, message, status, who
from wptui.cloudapi.items import Item
from wptui.model import events as ev
from wptui.model.errors import StorageError
from wptui.relay import expansion, replay
from wptui.relay.eventlog import Append, Outcome, make_log

AHMET = who("905550001111", "TR.111", "Ahmet")


def act(data: ev.Data, conversation: str | None, unique: str | None = None) -> Callable[[Any], list[Append]]:
    event = ev.make(data, at=T0 * 1000, actor="agent:a", conversation=conversation)
    return lambda db: [Append([event], unique=unique, digest="d")]


def dump(folder: Path) -> dict[str, Any]:
    """Every row of log and view, but for the epoch."""
    found: dict[str, Any] = {}
    for name in ("relay.db", "view.db"):
        db = sqlite3.connect(folder / name)
        for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            if not table.startswith(("search", "sqlite_", "_sqlite")):
                rows = db.execute(f'SELECT * FROM "{table}"').fetchall()
                found[f"{name} {table}"] = sorted(repr(row) for row in rows if row[0] != "epoch")
        db.close()
    return found


async def again(folder: Path) -> Path:
    return await replay.replay(folder / "relay.db", folder / "view.db")


async def live(at: Desk) -> None:
    """A busy day: the corpus in many turns, with what agents did in between."""
    files = [name for name in corpus.files() if not name.startswith("176_")]
    await at.take(*body(*files[:60]))
    conversation = await at.one("SELECT id FROM conversations ORDER BY created_seq LIMIT 1")
    upto = await at.one("SELECT max(seq) FROM messages WHERE conversation = ?", conversation)
    await at.clerk.act(act(ev.ConversationRead(upto=upto), conversation, "cmd1"))
    await at.clerk.act(act(ev.ConversationNoted(note="n1", text="Kargo"), conversation))
    sent = [
        ev.MessageQueued(message="m1", number=NUMBER, kind="text", ts=T0, text="Buyurun"),
        ev.MessageAttempted(message="m1", attempt=1),
        ev.MessageAccepted(message="m1", wamid="wamid.out"),
    ]
    for step in sent:
        await at.clerk.act(act(step, conversation, f"cmd-{step.TYPE}"))
    await at.take(*body(*files[60:120]), *body(*files[:10]), status("wamid.out", "read", 50))
    await at.clerk.act(act(ev.ConversationResolved(), conversation))
    await at.clerk.act(lambda db: [Append([], unique="cmd-nothing", digest="d")])
    await at.take(*body(*files[120:]))
    await at.clerk.act(lambda db: numbers("999999999999999"))  # 139's number turns out to be ours
    await at.clerk.act(act(ev.ConversationRead(upto=await at.log.head()), conversation))
    await at.log.store_raw(message("late", AHMET, text="waits"), RECEIVED_AT)


async def test_with_the_same_code_everything_is_the_same(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await live(at)
        epoch = at.log.epoch
    before = dump(tmp_path)
    backup = await again(tmp_path)
    after = dump(tmp_path)
    for name, rows in before.items():
        assert after[name] == rows, name
    async with opened(tmp_path) as at:
        assert at.log.epoch != epoch
        assert await at.log.backlog() == 1
        assert await at.clerk.act(lambda db: [Append([], unique="cmd-nothing", digest="d")]) == [
            Outcome(*(await _numbers(at, "cmd-nothing")), repeated=True)
        ]
        await at.take()
        assert await at.one("SELECT text FROM messages WHERE id = 'late'") == "waits"
    async with make_log(backup, read_only=True) as old:
        assert old.epoch == epoch


async def _numbers(at: Desk, key: str) -> tuple[int, int]:
    group = (await at.log.known([key]))[key]
    return group.first, group.last


async def test_after_a_bug_is_mended_the_new_reading_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault that lost every second message; what agents did stays where it was, read marks on their message."""
    whole = expansion._apply

    def faulty(draft: expansion.Draft, item: Item) -> None:
        if item.unique == "m:w1":
            raise ValueError
        whole(draft, item)

    monkeypatch.setattr(expansion, "_apply", faulty)
    async with desk(tmp_path) as at:
        await at.take(message("w1", who("905550009999", name="Zeynep"), text="lost"), message("w2", AHMET, text="2"))
        conversation = await at.one("SELECT id FROM conversations")
        read = await at.one("SELECT seq FROM messages WHERE id = 'w2'")
        await at.clerk.act(act(ev.ConversationRead(upto=read), conversation))
        await at.take(message("w3", AHMET, 9, text="3"))
        assert await at.parked() == ["invalid"]
        assert await at.one("SELECT unread FROM conversations") == 1
    monkeypatch.setattr(expansion, "_apply", whole)
    await again(tmp_path)
    async with opened(tmp_path) as at:
        assert await at.parked() == []
        assert await at.rows("SELECT text FROM messages ORDER BY ts, seq") == [("lost",), ("2",), ("3",)]
        assert await at.rows("SELECT title, unread FROM conversations ORDER BY title") == [("Ahmet", 1), ("Zeynep", 1)]
        mark = await at.one("SELECT seq FROM messages WHERE id = 'w2'")
        assert mark != read
        assert [data.upto for data in await at.events(ev.ConversationRead)] == [mark]


async def test_replay_refuses_while_a_relay_is_running(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.take(message("w1", AHMET, text="1"))
        assert await at.log.acquire("relay", 30)
        with pytest.raises(StorageError, match="running"):
            await again(tmp_path)
    assert await again(tmp_path)


async def test_a_replay_that_fails_leaves_everything_as_it_was(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await at.take(*(message(f"w{index}", AHMET, index, text="x" * 4000) for index in range(80)))
    before = dump(tmp_path)
    with full_disk(300 << 10), pytest.raises(StorageError):
        await again(tmp_path)
    assert dump(tmp_path) == before
    assert {path.name for path in tmp_path.iterdir()} <= {"relay.db", "view.db", "relay.db.lease"} | {
        f"{name}{suffix}" for name in ("relay.db", "view.db") for suffix in ("-wal", "-shm")
    }
    assert await again(tmp_path)


async def test_replay_says_how_far_it_is(tmp_path: Path) -> None:
    async with desk(tmp_path) as at:
        await live(at)
        head = await at.log.head()
    told: list[tuple[int, int]] = []
    await replay.replay(tmp_path / "relay.db", tmp_path / "view.db", progress=lambda *done: told.append(done))
    assert told == sorted(told)
    assert told[-1] == (head, head)


async def test_where_there_is_no_log_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        await again(tmp_path)
    assert list(tmp_path.iterdir()) == []
