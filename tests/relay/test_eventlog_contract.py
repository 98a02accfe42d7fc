"""What every engine of the event log must keep (`wptui.relay.eventlog.contract`)."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.relay.faults import full_disk
from wptui.model import events as ev
from wptui.model.errors import ConfigError, ConflictError, StorageError
from wptui.relay.eventlog import Append, EventLog, Outcome, make_log
from wptui.relay.eventlog import writer as engine_writer

Open = Callable[[], Awaitable[EventLog]]
"""Opens the test's log once more, as another process would."""


class Engine:
    """An engine under test: where its log is kept, and how it is opened."""

    def __init__(self, folder: Path) -> None:
        self.database = str(folder / "kept" / "log.db")
        self.opened: list[EventLog] = []

    async def open(self) -> EventLog:
        log = make_log(self.database)
        await log.open()
        self.opened.append(log)
        return log

    async def close(self) -> None:
        for log in self.opened:
            await log.close()


@pytest_asyncio.fixture(params=[Engine], ids=["sqlite"])
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Engine]:
    made = request.param(tmp_path)
    yield made
    await made.close()


@pytest_asyncio.fixture
async def log(engine: Engine) -> EventLog:
    return await engine.open()


def event(text: str = "x", conversation: str | None = "k1") -> ev.Event:
    data = ev.ConversationNoted(note=text, text=text)
    return ev.make(data, at=1000, actor="agent:a", conversation=conversation)


def text(found: ev.Event) -> str:
    data = ev.load(found)
    assert isinstance(data, ev.ConversationNoted)
    return data.text


# ── numbering ────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_trail_is_read_backwards_by_type_conversation_and_agent(log: EventLog) -> None:
    others = ev.make(ev.ConversationResolved(), at=1, actor="agent:b", conversation="k2")
    machine = ev.make(ev.ConversationWoken(), at=1, actor="relay", conversation="k1")
    await log.append([Append([event("a"), machine, others, event("b", None), event("c", "k2")])])
    types = [ev.ConversationNoted.TYPE, ev.ConversationResolved.TYPE]

    async def found(**asked: Any) -> list[int]:
        return [each.seq for each in await log.trail(types, asked.pop("limit", 10), **asked)]

    assert await found() == [5, 4, 3, 1]
    assert await found(limit=2) == [5, 4] and await found(limit=2, before=4) == [3, 1]
    assert await found(conversation="k2") == [5, 3]
    assert await found(agent="a") == [5, 4, 1] and await found(agent="a", conversation="k2") == [5]
    assert await found(agent="nobody") == []


async def test_events_are_numbered_densely_from_one_and_read_back_as_they_were(log: EventLog) -> None:
    first = Append([event("a"), event("b", None)])
    assert await log.append([first, Append([event("ç ğ 🌸")])]) == [Outcome(1, 2), Outcome(3, 3)]
    assert [each.seq for each in first.events] == [1, 2]
    found = await log.read(0, 10)
    assert [(each.seq, text(each), each.conversation) for each in found] == [
        (1, "a", "k1"),
        (2, "b", None),
        (3, "ç ğ 🌸", "k1"),
    ]
    assert found[0].actor == "agent:a" and found[0].at == 1000
    assert [each.seq for each in await log.read(1, 1)] == [2]
    assert await log.head() == 3


async def test_an_empty_log(log: EventLog) -> None:
    assert (await log.head(), await log.read(0, 10), await log.backlog()) == (0, [], 0)
    assert await log.version("nobody") == 0
    assert await log.raw(1) is None
    assert await log.lease() is None


async def test_numbers_have_no_gaps_under_concurrent_writers_and_no_reader_misses_one(log: EventLog) -> None:
    seen: list[int] = []

    async def follow() -> None:
        while len(seen) < 300:
            await log.wait_beyond(seen[-1] if seen else 0, 5)
            seen.extend(each.seq for each in await log.read(seen[-1] if seen else 0, 7))

    async def write(who: int) -> None:
        for index in range(10):
            await log.append([Append([event(), event(), event()], unique=f"{who}:{index}")])

    await asyncio.wait_for(asyncio.gather(follow(), *(write(who) for who in range(10))), 20)
    assert seen == list(range(1, 301))


# ── once ─────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_key_is_kept_once_and_a_repeat_gives_the_first_outcome(log: EventLog) -> None:
    await log.append([Append([event()])])
    (first,) = await log.append([Append([event("a"), event("b")], unique="m:1", digest="d")])
    assert first == Outcome(2, 3)
    again = Append([event("a")], unique="m:1", digest="d")
    assert await log.append([again]) == [Outcome(2, 3, repeated=True)]
    assert again.events[0].seq == 0
    assert await log.append([Append([event("other")], unique="m:1", digest="e")]) == [Outcome(2, 3, conflict=True)]
    assert await log.head() == 3


async def test_a_key_twice_in_one_batch_is_kept_once(log: EventLog) -> None:
    batch = [Append([event("a")], unique="k"), Append([event("b")], unique="k"), Append([event("c")])]
    assert await log.append(batch) == [Outcome(1, 1), Outcome(1, 1, repeated=True), Outcome(2, 2)]
    assert [text(each) for each in await log.read(0, 9)] == ["a", "c"]


async def test_long_keys_are_compared_whole(log: EventLog) -> None:
    long = "m:" + "x" * 10_000
    await log.append([Append([event()], unique=long + "1")])
    assert await log.append([Append([event()], unique=long + "2")]) == [Outcome(2, 2)]
    assert set(await log.known([long + "1", long + "2", long + "3"])) == {long + "1", long + "2"}


async def test_a_key_may_stand_for_nothing(log: EventLog) -> None:
    assert await log.append([Append([], unique="cmd", digest="d")]) == [Outcome(1, 0)]
    assert await log.append([Append([event()], unique="cmd", digest="d")]) == [Outcome(1, 0, repeated=True)]
    assert await log.head() == 0


async def test_keys_can_be_looked_up(log: EventLog) -> None:
    await log.append(
        [Append([event()], unique=key, digest="d", raw=7) for key in ("s:1:read", "m:1", "s:1:sent", "s:10:sent")]
    )
    assert [each.unique for each in await log.find("s:1:")] == ["s:1:read", "s:1:sent"]
    assert [each.unique for each in await log.find("s:", limit=2, after="s:10:sent")] == ["s:1:read", "s:1:sent"]
    assert [each.unique for each in await log.find("")] == ["m:1", "s:10:sent", "s:1:read", "s:1:sent"]
    (group,) = (await log.known(["m:1", "m:2"])).values()
    assert (group.unique, group.digest, group.first, group.last, group.raw) == ("m:1", "d", 2, 2, 7)
    assert len(await log.known([f"m:{index}" for index in range(3000)])) == 1


async def test_an_event_knows_its_group_and_where_it_came_from(log: EventLog) -> None:
    await log.append([Append([event(), event()], unique="m:1", raw=3), Append([], unique="none"), Append([event()])])
    entries = await log.entries(0, 10)
    assert [(each.event.seq, each.raw, each.group and each.group.unique) for each in entries] == [
        (1, 3, "m:1"),
        (2, 3, None),
        (3, None, None),
    ]
    at = [await log.group_at(seq) for seq in (1, 2, 3)]
    assert [each and each.unique for each in at] == ["m:1", "m:1", None]


# ── all or nothing ───────────────────────────────────────────────────────────────────────────────────────


async def test_compare_and_set_on_a_conversation(log: EventLog) -> None:
    await log.append([Append([event(conversation="k1"), event(conversation="k2")])])
    assert await log.version("k1") == 1
    await log.append([Append([event("claimed", "k1")], unique="c1", expect=("k1", 1))])
    raw = await log.store_raw(b"{}", 1)
    with pytest.raises(ConflictError):
        await log.append([Append([event("a")], unique="u1"), Append([event("b", "k1")], expect=("k1", 1))], raws=[raw])
    assert await log.head() == 3
    assert await log.known(["u1"]) == {}
    assert await log.backlog() == 1
    # A repeat is no failure, and the version counts what the batch itself has added.
    repeat = Append([event("claimed", "k1")], unique="c1", expect=("k1", 1))
    fresh = [Append([event("x", "k3")], expect=("k3", 0)), Append([event("y", "k3")], expect=("k3", 4))]
    assert await log.append([repeat, *fresh]) == [Outcome(3, 3, repeated=True), Outcome(4, 4), Outcome(5, 5)]


async def test_of_two_who_claim_at_once_one_wins(log: EventLog) -> None:
    await log.append([Append([event()])])
    claims = [log.append([Append([event(str(who))], expect=("k1", 1))]) for who in range(8)]
    results = await asyncio.gather(*claims, return_exceptions=True)
    assert sum(isinstance(each, ConflictError) for each in results) == 7
    assert await log.head() == 2


# ── bodies ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_bodies_wait_until_an_append_marks_them(log: EventLog) -> None:
    bodies = [b"", b"\x00\xff", "ğ".encode() * 100_000]
    assert [await log.store_raw(body, 5 + index) for index, body in enumerate(bodies)] == [1, 2, 3]
    assert [(each.number, each.received_at, each.body, each.position) for each in await log.unexpanded(9)] == [
        (1, 5, bodies[0], None),
        (2, 6, bodies[1], None),
        (3, 7, bodies[2], None),
    ]
    await log.append([Append([event()])])
    await log.append([Append([event(), event()], raw=2)], raws=[2])
    assert [each.number for each in await log.unexpanded(9)] == [1, 3]
    await log.append([], raws=[1, 2])
    assert [each.number for each in await log.unexpanded(1)] == [3]
    assert [(each.number, each.position) for each in await log.raws(0, 9)] == [(1, 3), (2, 1), (3, None)]
    assert (await log.raws(2, 9))[0].body == bodies[2]
    assert await log.backlog() == 1


async def test_waiting_readers_wake_up(log: EventLog) -> None:
    body = asyncio.ensure_future(log.wait_unexpanded(10))
    beyond = asyncio.ensure_future(log.wait_beyond(0, 10))
    await log.store_raw(b"{}", 1)
    assert await body is True
    assert not beyond.done()
    await log.append([Append([event()])], raws=[1])
    assert await beyond == 1
    assert await log.wait_unexpanded(0.001) is False
    assert await log.wait_beyond(1, 0.001) == 1


async def test_many_bodies_share_commits(log: EventLog, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    commit = engine_writer.Writer._commit
    monkeypatch.setattr(
        engine_writer.Writer,
        "_commit",
        lambda self, jobs, run: (taken.append(len(jobs)), commit(self, jobs, run))[1],
    )
    numbers = await asyncio.gather(*(log.store_raw(b"%d" % index, index) for index in range(500)))
    assert sorted(numbers) == list(range(1, 501))
    assert sum(taken) == 500
    assert len(taken) < 50
    assert [each.body for each in await log.raws(0, 1000)] == [b"%d" % index for index in range(500)]


# ── again after closing ──────────────────────────────────────────────────────────────────────────────────


async def test_everything_is_there_when_the_log_is_opened_again(engine: Engine) -> None:
    log = await engine.open()
    epoch = log.epoch
    for index in range(3):
        await log.store_raw(b"%d" % index, index)
    await log.append([Append([event("a")], unique="m:1", digest="d")], raws=[2])
    await log.close()
    await log.close()
    log = await engine.open()
    assert log.epoch == epoch != ""
    assert await log.head() == 1
    assert await log.backlog() == 2
    assert [each.number for each in await log.unexpanded(9)] == [1, 3]
    assert await log.store_raw(b"3", 3) == 4
    assert await log.append([Append([event("b")], unique="m:1", digest="d")]) == [Outcome(1, 1, repeated=True)]
    assert await log.append([Append([event("b")])]) == [Outcome(2, 2)]


async def test_a_closed_log_takes_nothing(engine: Engine) -> None:
    log = await engine.open()
    await log.close()
    with pytest.raises(StorageError):
        await log.store_raw(b"", 1)
    with pytest.raises(StorageError):
        await log.read(0, 1)


async def test_what_was_asked_before_closing_is_kept(engine: Engine) -> None:
    log = await engine.open()
    asked = [asyncio.ensure_future(log.store_raw(b"x", 1)) for _ in range(20)]
    await asyncio.sleep(0)
    await log.close()
    assert sorted([await each for each in asked]) == list(range(1, 21))


# ── bookmarks ────────────────────────────────────────────────────────────────────────────────────────────


async def test_bookmarks_are_kept_by_name_and_survive(engine: Engine) -> None:
    log = await engine.open()
    assert await log.bookmarks() == {}
    await log.set_bookmarks({"rules": 7, "other": 3})
    await log.set_bookmarks({"rules": 9})
    await log.close()
    assert await (await engine.open()).bookmarks() == {"rules": 9, "other": 3}


# ── the lease ────────────────────────────────────────────────────────────────────────────────────────────


async def test_one_relay_at_a_time_holds_the_lease(engine: Engine) -> None:
    one, two = await engine.open(), await engine.open()
    assert await one.acquire("one", 30)
    assert not await two.acquire("two", 30)
    assert not await two.renew("two", 30)
    assert await one.acquire("one", 30) and await one.renew("one", 30)
    held = await two.lease()
    assert held is not None and held.holder == "one"
    await two.release("two")
    assert not await two.acquire("two", 30)
    await one.release("one")
    assert await two.acquire("two", 30)


async def test_a_lease_that_ran_out_can_be_taken(engine: Engine) -> None:
    one, two = await engine.open(), await engine.open()
    assert await one.acquire("one", 0)
    assert await two.acquire("two", 30)
    assert not await one.renew("one", 30)


async def test_a_relay_that_is_gone_holds_nothing_up(engine: Engine) -> None:
    one, two = await engine.open(), await engine.open()
    assert await one.acquire("one", 3600)
    await one.close()  # without giving it back, as when it is killed
    assert await two.acquire("two", 30)


# ── storage that fails ───────────────────────────────────────────────────────────────────────────────────


async def test_a_full_disk_refuses_and_the_log_goes_on_afterwards(engine: Engine) -> None:
    log = await engine.open()
    kept = await log.store_raw(b"a" * 1000, 1)
    with full_disk(64 << 10):
        results = await asyncio.gather(
            *(log.store_raw(b"b" * 50_000, 2) for _ in range(40)),
            log.append([Append([event("x" * 100_000)], unique="m:1")], raws=[kept]),
            return_exceptions=True,
        )
        assert all(isinstance(each, StorageError) for each in results)
        with pytest.raises(StorageError):
            await log.store_raw(b"c" * 100_000, 3)
        assert len(await log.raws(0, 99)) == 1
    assert await log.store_raw(b"d", 4) == 2
    assert [each.body for each in await log.unexpanded(9)] == [b"a" * 1000, b"d"]
    assert await log.append([Append([event()], unique="m:1")], raws=[kept]) == [Outcome(1, 1)]


async def test_one_failing_group_does_not_fail_its_neighbours(log: EventLog) -> None:
    await log.append([Append([event()])])
    results = await asyncio.gather(
        log.append([Append([event("a")])]),
        log.append([Append([event("b")], expect=("k1", 99))]),
        log.append([Append([event("c", "k2")])]),
        return_exceptions=True,
    )
    assert [type(each) for each in results] == [list, ConflictError, list]
    assert [text(each) for each in await log.read(1, 9)] == ["a", "c"]


# ── the SQLite engine's own ──────────────────────────────────────────────────────────────────────────────


async def test_the_file_is_private(tmp_path: Path) -> None:
    os.umask(0o022)
    async with make_log(tmp_path / "new" / "log.db") as log:
        await log.store_raw(b"x", 1)
        files = list((tmp_path / "new").iterdir())
        assert len(files) >= 2
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
        assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


async def test_the_write_ahead_log_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_writer, "_CHECKPOINT_BYTES", 1 << 18)
    monkeypatch.setattr(engine_writer, "_BOUND_PAGES", 256)
    async with make_log(tmp_path / "log.db") as log:
        for _ in range(60):
            await asyncio.gather(*(log.store_raw(b"x" * 4000, 1) for _ in range(64)))
        assert (tmp_path / "log.db-wal").stat().st_size < 8 << 20  # of the 15 MB written


async def test_opening_does_not_read_through_all_bodies(tmp_path: Path) -> None:
    async with make_log(tmp_path / "log.db") as log:
        for _ in range(5):
            await log.store_raw(b"x", 1)
        await log.append([], raws=[3])
        await log.append([], raws=[1, 2, 5])
    with sqlite3.connect(tmp_path / "log.db") as db:
        assert db.execute("SELECT value FROM meta WHERE key = 'low'").fetchone() == (3,)
    db.close()


async def test_other_files_are_not_taken_for_a_log(tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE t (x)")
    (tmp_path / "text").write_text("no database " * 100)
    newer = tmp_path / "newer.db"
    async with make_log(newer):
        pass
    with sqlite3.connect(newer) as db:
        db.execute("PRAGMA user_version = 99")
    for path in (other, tmp_path / "text", newer):
        with pytest.raises(StorageError):
            await make_log(path).open()
    with pytest.raises(StorageError):
        await make_log(tmp_path / "missing.db", read_only=True).open()
    with pytest.raises(ConfigError, match="postgresql"):
        make_log("postgresql://host/db")


async def test_a_reader_beside_the_writer_sees_what_is_committed(tmp_path: Path) -> None:
    async with make_log(tmp_path / "log.db") as log, make_log(tmp_path / "log.db", read_only=True) as reader:
        await log.append([Append([event("a")])])
        assert [text(each) for each in await reader.read(0, 9)] == ["a"]
        assert await reader.head() == 1
        with pytest.raises(StorageError):
            await reader.append([Append([event("b")])])
