"""A snapshot in pieces, with the log going on meanwhile, ends where folding everything ends."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.store.story import T0, Story
from wptui.model import protocol
from wptui.store import bundles, fold, thread
from wptui.store.database import _drop_indexes, bulk_load, open_database, set_meta, transaction

TABLES = ("contacts", "aliases", "conversations", "requests", "labels", "reactions", "canned", "agents")


def dump(db: sqlite3.Connection) -> dict[str, list[tuple[object, ...]]]:
    rows = {table: sorted(db.execute(f"SELECT * FROM {table}"), key=repr) for table in TABLES}
    rows["messages"] = sorted(db.execute(f"SELECT {bundles.MESSAGE_COLUMNS} FROM messages"), key=repr)
    return rows


@pytest.fixture
def relay(story: Story) -> Story:
    for n in range(7):
        story.customer(f"k{n}", name=f"Müşteri {n}", phone=f"+90555000{n:04d}")
        for m in range(4):
            story.writes(f"k{n}", f"m{n}.{m}", ts=T0 + m)
        story.answers(f"k{n}", f"o{n}", ts=T0 + 9)
    story.play()
    return story


def test_snapshot_then_events_equals_folding_everything(relay: Story, tmp_path: Path) -> None:
    cache = open_database(tmp_path / "cache.db")
    pieces = bundles.snapshot(relay.db, size=2)
    start = None
    with bulk_load(cache):
        for number, bundle in enumerate(pieces):
            bundle = protocol.decode(protocol.encode(bundle))
            assert isinstance(bundle, protocol.Bundle)
            start = bundle.seq if start is None else start
            with transaction(cache):
                bundles.apply_bundle(cache, bundle, fresh=True)
            # The log goes on between the pieces: one conversation already shipped, one not yet.
            relay.writes("k6", f"late6.{number}", ts=T0 + 20 + number)
            relay.writes("k0", f"late0.{number}", ts=T0 + 20 + number)
            relay.status("k0", "wamid.o0", "read")
            relay.play()
    with transaction(cache):
        set_meta(cache, "cursor", start or 0)
        fold.apply(cache, relay.events)
    assert dump(cache) == dump(relay.db)


def test_a_conversation_sent_again_replaces_what_was_there_and_never_goes_back(relay: Story, tmp_path: Path) -> None:
    cache = open_database(tmp_path / "cache.db")
    early = bundles.conversation_bundle(relay.db, ["k1"])
    relay.writes("k1", "new", ts=T0 + 50)
    relay.play()
    late = bundles.conversation_bundle(relay.db, ["k1"])
    for bundle in (late, early, late):
        with transaction(cache):
            bundles.apply_bundle(cache, bundle)
    assert thread.latest(cache, "k1")[-1].id == "new"


def test_recent_history_comes_along_and_older_pages_on_demand(story: Story, tmp_path: Path) -> None:
    story.customer("k1")
    for n in range(300):
        story.writes("k1", f"m{n:03d}", ts=T0 + n, source="history", counts=False)
    story.play()
    cache = open_database(tmp_path / "cache.db")
    with transaction(cache):
        bundles.apply_bundle(cache, bundles.conversation_bundle(story.db, ["k1"], recent=50))
    assert len(thread.latest(cache, "k1", 1000)) == 50
    assert not thread.is_whole(cache, "k1")
    while not thread.is_whole(cache, "k1"):
        first = thread.latest(cache, "k1", 1000)[0]
        with transaction(cache):
            bundles.apply_bundle(cache, bundles.older_messages(story.db, "k1", first.key, 100))
    assert [row.id for row in thread.latest(cache, "k1", 1000)] == [f"m{n:03d}" for n in range(300)]


def test_the_open_request_comes_whole_however_long(story: Story) -> None:
    story.customer("k1")
    for n in range(80):
        story.writes("k1", f"m{n}", ts=T0 + n)
    story.play()
    bundle = bundles.conversation_bundle(story.db, ["k1"], recent=10)
    assert len(bundle.tables["messages"]["rows"]) == 80


def test_columns_of_a_newer_relay_are_passed_over(relay: Story, tmp_path: Path) -> None:
    bundle = bundles.conversation_bundle(relay.db, ["k1"])
    table = bundle.tables["conversations"]
    table["columns"] = [*table["columns"], "aura"]
    table["rows"] = [[*row, "blue"] for row in table["rows"]]
    bundle.tables["holograms"] = {"columns": ["id"], "rows": [["x"]]}
    cache = open_database(tmp_path / "cache.db")
    with transaction(cache):
        assert bundles.apply_bundle(cache, bundle) == {"k1"}


def test_a_terminal_killed_while_loading_builds_its_indexes_at_the_next_start(tmp_path: Path) -> None:
    def indexes(db: sqlite3.Connection) -> set[str]:
        return {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'index' AND sql <> ''")}

    db = open_database(tmp_path / "cache.db")
    before = indexes(db)
    _drop_indexes(db)
    assert len(indexes(db)) < len(before)
    db.close()
    assert indexes(open_database(tmp_path / "cache.db")) == before
