"""The snapshot: rows for a new terminal, streamed, compressed, and resumed where it broke off."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.relay.stage import Stage, until
from wptui.model import commands as c
from wptui.model import protocol
from wptui.model.protocol import SCHEMA, Bundle, Hello, Synced
from wptui.store import bundles, fold
from wptui.store.database import open_database, set_meta, transaction


async def fetch(play: Stage, token: str, after: str = "") -> list[Any]:
    async with play.http(token) as http:
        answer = await http.get("/v1/snapshot", params={"after": after, "schema": SCHEMA})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-encoding"] == "gzip"
    return [protocol.decode(line) for line in answer.text.splitlines()]


def rows(path: Path) -> dict[str, Any]:
    """What a store says, without what only one side has."""
    db = open_database(path, read_only=True)
    try:
        return {
            table: sorted(map(repr, db.execute(f"SELECT {columns} FROM {table}").fetchall()))
            for table, columns in {
                "conversations": "id, contact, title, state, unread, waiting_since, preview, preview_status, seq",
                "messages": bundles.MESSAGE_COLUMNS,
                "contacts": "*",
                "aliases": "*",
                "requests": "*",
                "templates": "*",
                "numbers": "*",
                "agents": "*",
            }.items()
        }
    finally:
        db.close()


async def crowd(play: Stage) -> str:
    """Customers who wrote, and one who was answered; a token."""
    ayse = await play.sit_down("Ayşe")
    for n in range(7):
        await play.sandbox.say(f"+90555000{n:04}", f"Merhaba {n}")
    conversation = await play.conversation(ayse, "Merhaba 3")
    id = c.command_id()
    content = {"type": "text", "text": {"body": "Buyurun"}}
    await ayse.ask(c.SendMessage(conversation=conversation, content=content), id)
    await ayse.waits_for("message.status", message=id, status="read")
    await play.conversation(ayse, "Merhaba 6")
    await play.sandbox.settled()
    return play.token("Ayşe")


async def test_a_snapshot_and_the_events_after_it_make_the_relays_own_state(play: Stage, tmp_path: Path) -> None:
    token = await crowd(play)
    *found, synced = await fetch(play, token)
    assert isinstance(synced, Synced) and synced.epoch == play.relay.log.epoch
    cache = tmp_path / "cache.db"
    db = open_database(cache)
    with transaction(db):
        for bundle in found:
            bundles.apply_bundle(db, bundle)
        set_meta(db, "cursor", synced.seq)
    await play.sandbox.say("zeynep", "sonradan")
    screen = await play.connect(token, hello=Hello(cursor=synced.seq, schema=SCHEMA, epoch=synced.epoch))
    await play.conversation(screen, "sonradan")
    await until(lambda: screen.events[-1].seq == play.relay.hub.position)
    with transaction(db):
        fold.apply(db, screen.events)
    db.close()
    assert rows(cache) == rows(play.relay.config.view_path)


async def test_a_snapshot_goes_on_where_it_broke_off(play: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    token = await crowd(play)
    whole = bundles.snapshot
    monkeypatch.setattr(bundles, "snapshot", lambda db, after="", **more: whole(db, after, 2, **more))
    everything = await fetch(play, token)
    pieces = [frame for frame in everything if isinstance(frame, Bundle)]
    assert len(pieces) == 1 + 4
    await play.sandbox.say("zeynep", "bu arada")
    await until(lambda: play.relay.hub.known > everything[-1].seq)
    rest = await fetch(play, token, pieces[2].after)
    assert [bundle.after for bundle in rest if isinstance(bundle, Bundle)] == [bundle.after for bundle in pieces[3:]]
    assert "templates" not in rest[0].tables
    # Events are due from where the first piece was read, not from where the last one was.
    assert rest[-1].seq == everything[-1].seq


async def test_a_place_in_another_logs_snapshot_is_refused(play: Stage) -> None:
    token = await crowd(play)
    async with play.http(token) as http:
        for after in ("other.3.4", "nonsense", f"{play.relay.log.epoch}.x.1"):
            answer = await http.get("/v1/snapshot", params={"after": after})
            assert answer.status_code == 409 and answer.json()["frame"] == "sorry"
        newer = await http.get("/v1/snapshot", params={"schema": SCHEMA + 1})
        assert newer.json()["code"] == "older_relay"
        plain = await http.get("/v1/snapshot", headers={"accept-encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert json.loads(plain.text.splitlines()[-1])["frame"] == "synced"
