"""A relay that stood still for longer than its lease, while another one took over its database."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from tests.relay.stage import Stage, until
from wptui.model import events as ev
from wptui.model.errors import StorageError
from wptui.model.protocol import Sorry
from wptui.relay import duties, server
from wptui.relay.eventlog import Append, make_log


def take_over(play: Stage) -> None:
    with sqlite3.connect(play.relay.config.database) as db:
        db.execute("UPDATE lease SET holder = 'another', expires_at = expires_at + 3600000")


async def test_it_stops_and_says_so(play: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    ayse = await play.sit_down("Ayşe")
    await ayse.waits_for("template.updated")
    head = play.relay.clerk.cursor
    play.relay.duties._until = 0.0  # as after a long sleep
    take_over(play)
    event = ev.make(ev.AgentAdded(agent="x", name="X"), at=1, actor="relay")
    with pytest.raises(StorageError, match="taken over"):
        await play.relay.clerk.act(lambda db: [Append([event])])
    assert await until(lambda: [sorry.code for sorry in ayse.of(Sorry)]) == ["busy"]
    await asyncio.wait_for(play.relay.stopped.wait(), 10)
    assert play.relay.failure is not None and not play.relay.holds_lease
    with sqlite3.connect(play.relay.config.database) as db:
        assert db.execute("SELECT holder FROM lease").fetchone() == ("another",)
        assert db.execute("SELECT MAX(seq) FROM events").fetchone() == (head,)


async def test_the_program_ends_with_the_reason(play: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duties, "LEASE_SECONDS", 0.3)
    config = play.config(database=str(play.folder / "own.db"), host="127.0.0.1", port=0)

    def ready(relay: server.Relay) -> None:
        with sqlite3.connect(config.database) as db:
            db.execute("UPDATE lease SET holder = 'another', expires_at = expires_at + 3600000")

    with pytest.raises(StorageError, match="taken over"):
        await asyncio.wait_for(server.serve(config, ready=ready), 10)


async def test_a_job_that_finishes_what_it_began_gets_no_twin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second sender beside the first would call what is on its way unknown, and somebody would send it again."""
    monkeypatch.setattr(duties, "LEASE_SECONDS", 0.03)
    begun, renewals, finish = 0, asyncio.Semaphore(0), asyncio.Event()

    async def sender() -> None:
        nonlocal begun
        begun += 1
        try:
            await asyncio.Event().wait()
        finally:
            await finish.wait()

    async with make_log(str(tmp_path / "log.db")) as log:
        job = duties.Duties(log, "one", {"sender": sender}, alone=True, lost=lambda: None)
        renew = log.renew

        async def counted(holder: str, ttl: float) -> bool:
            renewals.release()
            return await renew(holder, 30)

        monkeypatch.setattr(log, "renew", counted)
        await job.take()
        keeping = asyncio.create_task(job.keep())
        await until(lambda: begun == 1)
        ending = asyncio.create_task(job.end())
        for _n in range(4):  # the lease is kept while the job finishes
            await renewals.acquire()
        finish.set()
        await ending
        for _n in range(2):
            await renewals.acquire()
        keeping.cancel()
        assert begun == 1
