"""A relay that stood still for longer than its lease, while another one took over its database."""

from __future__ import annotations

import asyncio
import sqlite3

import pytest

from tests.relay.stage import Stage, until
from wptui.model import events as ev
from wptui.model.errors import StorageError
from wptui.model.protocol import Sorry
from wptui.relay import duties, server
from wptui.relay.eventlog import Append


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
