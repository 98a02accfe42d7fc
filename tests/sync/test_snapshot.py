"""Filling a new cache: broken off anywhere, resumed, while the log goes on; by one program at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sync.house import dump
from tests.sync.test_session import EPOCH, folded, history
from wptui.model import protocol
from wptui.model.errors import LinkError, RefusedError
from wptui.model.events import Event
from wptui.model.protocol import Synced
from wptui.store import fold
from wptui.store.bundles import snapshot
from wptui.store.database import get_meta, open_database, transaction
from wptui.sync.cache import Cache
from wptui.sync.http import Http
from wptui.sync.snapshot import Progress, fill


class Response:
    def __init__(self, data: bytes, chunk: int) -> None:
        self._data = data
        self._chunk = chunk

    async def aiter_bytes(self) -> AsyncIterator[bytes]:
        for at in range(0, len(self._data), self._chunk):
            yield self._data[at : at + self._chunk]


class Source:
    """A relay's snapshot endpoint over a view that goes on growing; each answer is cut after so many bytes."""

    def __init__(self, folder: Path, events: tuple[Event, ...], cuts: list[float]) -> None:
        self.db = open_database(folder / "view.db")
        self.events = list(events)
        self.cuts = cuts
        self.asked: list[str] = []
        self.epoch = EPOCH
        self.grow(len(events) // 2)

    def grow(self, count: int) -> None:
        with transaction(self.db):
            fold.apply(self.db, self.events[:count])
        self.events = self.events[count:]

    @asynccontextmanager
    async def stream(self, method: str, path: str, params: dict[str, Any]) -> AsyncIterator[Response]:
        assert (method, path) == ("GET", "/v1/snapshot")
        self.asked.append(params["after"])
        if params["after"] == "?.0.0":
            raise RefusedError("malformed", "begin anew")
        seq = int(get_meta(self.db, "cursor", 0) or 0)
        after = params["after"].rpartition(".")[2]
        lines = []
        for bundle in snapshot(self.db, after, size=1):
            if bundle.after:
                bundle.after = f"{self.epoch}.{seq}.{bundle.after}"
            lines.append(protocol.encode(bundle) + b"\n")
        lines.append(protocol.encode(Synced(seq=seq, epoch=self.epoch)) + b"\n")
        data = b"".join(lines)
        if self.cuts:
            data = data[: int(len(data) * self.cuts.pop(0))]
            self.grow(3)  # life goes on meanwhile
        yield Response(data, 700)


async def run(work: Callable[[], Any]) -> Any:
    return work()


def nothing(_progress: Progress) -> None:
    pass


async def filled(cache: Cache, source: Source, *, attempts: int = 20) -> None:
    for _attempt in range(attempts):
        try:
            await fill(cache, cast(Http, source), EPOCH, "ayse", run, told=nothing)
            return
        except LinkError:
            continue
    raise AssertionError("never filled")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 1), max_size=6))
def test_cut_anywhere_it_resumes_and_ends_in_the_relays_state(cuts: list[float]) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        log = history()
        source = Source(folder, log, cuts)
        cache = Cache(folder / "cache.db")
        cache.open()
        asyncio.run(filled(cache, source))
        cursor, epoch, agent = cache.position()
        assert (epoch, agent) == (EPOCH, "ayse")
        cache.apply([event for event in log if event.seq > cursor], log[-1].seq)
        assert dump(cache.db) == folded(log)
        # Newest first, and what had come is not asked for again.
        positions = [int(after.rpartition(".")[2]) for after in source.asked if after]
        assert positions == sorted(positions, reverse=True)
        cache.close()
        source.db.close()


async def test_progress_is_told_and_the_indexes_are_there_afterwards(tmp_path: Path) -> None:
    source = Source(tmp_path, history(), [])
    cache = Cache(tmp_path / "cache.db")
    cache.open()
    told: list[Progress] = []
    await fill(cache, cast(Http, source), EPOCH, "ayse", run, told=told.append)
    assert told[-1].share == 1.0
    assert {id for step in told for id in step.conversations} == {"k1", "k2", "k3"}
    names = {row[0] for row in cache.db.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}
    assert "messages_thread" in names and get_meta(cache.db, "bulk_load") is None
    cache.close()


async def test_a_snapshot_that_cannot_be_resumed_begins_anew(tmp_path: Path) -> None:
    source = Source(tmp_path, history(), [0.6])
    cache = Cache(tmp_path / "cache.db")
    cache.open()
    with pytest.raises(LinkError):
        await fill(cache, cast(Http, source), EPOCH, "ayse", run, told=nothing)
    with transaction(cache.db) as db:
        db.execute("UPDATE meta SET value = '?.0.0' WHERE key = 'filling_after'")
    with pytest.raises(RefusedError):
        await fill(cache, cast(Http, source), EPOCH, "ayse", run, told=nothing)
    assert await fill(cache, cast(Http, source), EPOCH, "ayse", run, told=nothing)
    assert cache.position()[1] == EPOCH
    cache.close()


async def test_the_log_was_rebuilt_while_it_was_read(tmp_path: Path) -> None:
    source = Source(tmp_path, history(), [])
    source.epoch = "e2"
    cache = Cache(tmp_path / "cache.db")
    cache.open()
    with pytest.raises(LinkError):
        await fill(cache, cast(Http, source), EPOCH, "ayse", run, told=nothing)
    assert cache.position()[1] == ""
    assert await fill(cache, cast(Http, source), "e2", "ayse", run, told=nothing)  # a new file
    assert cache.position()[1] == "e2"
    assert not (tmp_path / "cache.db.damaged").exists()
    cache.close()


async def test_a_second_program_waits_and_uses_what_the_first_made(tmp_path: Path) -> None:
    source = Source(tmp_path, history(), [])
    one, two = Cache(tmp_path / "cache.db"), Cache(tmp_path / "cache.db")
    one.open()
    two.open()
    await asyncio.gather(*(fill(each, cast(Http, source), EPOCH, "ayse", run, told=nothing) for each in (one, two)))
    assert len(source.asked) == 1
    assert two.position() == one.position()
    one.close()
    two.close()


async def test_killed_while_it_loads_the_next_start_has_its_indexes(tmp_path: Path) -> None:
    source = Source(tmp_path, history(), [0.5])
    cache = Cache(tmp_path / "cache.db")
    cache.open()
    with pytest.raises(LinkError):
        await fill(cache, cast(Http, source), EPOCH, "ayse", run, told=nothing)
    with transaction(cache.db) as db:  # as if the process had died before the indexes were made
        db.execute("INSERT INTO meta VALUES ('bulk_load', 1)")
        db.execute("DROP INDEX messages_thread")
    cache.close()
    cache.open()
    plan = cache.db.execute("EXPLAIN QUERY PLAN SELECT * FROM messages WHERE conversation = 'k1' ORDER BY ts, seq")
    assert "messages_thread" in str(plan.fetchall())
    cache.close()
