"""The cache's writer: damage found, other programs noticed, the search index brought along."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sync.test_session import history
from wptui.model.protocol import Bundle
from wptui.store import bundles, search
from wptui.store.database import open_database, transaction
from wptui.sync.cache import Cache, CacheDamaged, is_damage
from wptui.sync.link import Link, _lives
from wptui.sync.outbox import Outbox


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    cache = Cache(tmp_path / "cache.db")
    cache.open()
    cache.apply(history(), history()[-1].seq)
    return cache


def test_a_leaf_that_was_overwritten_is_found_by_looking_at_every_page(cache: Cache) -> None:
    cache.close()
    with cache.path.open("r+b") as file:
        size = os.fstat(file.fileno()).st_size
        for page in range(5, size // 4096):
            file.seek(page * 4096 + 8)
            file.write(b"\xee" * 64)
    with pytest.raises(CacheDamaged):
        cache.open(check=True)


def test_no_database_at_all_is_damage_and_set_aside(cache: Cache) -> None:
    cache.close()
    cache.path.write_bytes(b"<html>captive portal</html>" * 200)
    with pytest.raises(CacheDamaged):
        cache.open()
    cache.set_aside()
    assert cache.position() == (0, "", "")
    assert cache.path.with_name("cache.db.damaged").read_bytes().startswith(b"<html>")
    cache.drop_aside()
    assert not cache.path.with_name("cache.db.damaged").exists()


def test_a_cache_of_a_newer_wptui_is_built_again(cache: Cache) -> None:
    cache.db.execute("PRAGMA user_version = 999")
    with pytest.raises(CacheDamaged):
        cache.open()


def test_locked_or_full_is_not_damage(cache: Cache) -> None:
    other = open_database(cache.path)
    other.execute("BEGIN IMMEDIATE")
    cache.db.execute("PRAGMA busy_timeout = 0")
    with pytest.raises(sqlite3.OperationalError) as caught:
        cache.apply([], 999)
    assert not is_damage(caught.value)
    other.execute("ROLLBACK")
    other.close()


def test_what_another_program_folded_is_told_with_its_new_messages(tmp_path: Path) -> None:
    one, two = Cache(tmp_path / "cache.db"), Cache(tmp_path / "cache.db")
    log = history()
    one.open()
    one.apply(log[:20], 20)
    two.open()
    assert one.others() is None
    theirs = two.apply(log[20:], log[-1].seq)
    ours = one.others()
    assert ours is not None
    assert ours.conversations == theirs.conversations
    assert sorted(ours.inbound) == sorted(theirs.inbound) and theirs.inbound
    assert ours.cursor == log[-1].seq
    assert one.others() is None
    one.close()
    two.close()


def test_a_file_put_in_its_place_is_noticed(cache: Cache) -> None:
    assert not cache.replaced()
    other = Cache(cache.path)
    other.open()
    other.set_aside()
    assert cache.replaced()
    other.close()
    cache.close()


def test_the_index_catches_up_and_stays_true_when_places_are_used_again(cache: Cache) -> None:
    assert search.is_behind(cache.db)
    cache.index(5.0)
    assert not search.is_behind(cache.db)
    assert [hit.message for hit in search.find(cache.db, "m1")][-1:] == ["m1"]

    (last,) = cache.db.execute("SELECT conversation FROM messages ORDER BY no DESC LIMIT 1").fetchone()
    cache.drop([last])
    cache.index(5.0)
    columns = ["id", "conversation", "dir", "kind", "ts", "seq", "text"]
    rows = [["new", "k1", "in", "text", 1_800_000_000, 999, "yepyeni"]]
    page = {"messages": {"columns": columns, "rows": rows}}
    cache.write(Bundle(seq=999, tables=page, after=last))
    assert cache.db.execute("SELECT 1 FROM messages WHERE id = 'new'").fetchone() is None  # of one that is gone
    cache.write(Bundle(seq=999, tables=page, after="k1"))
    cache.index(5.0)
    hit = cache.db.execute("SELECT rowid FROM search WHERE search MATCH 'yepyeni'").fetchone()
    assert hit is not None
    cache.close()


async def test_after_a_crash_every_page_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from wptui.sync.credentials import Account

    looked: list[bool] = []
    monkeypatch.setattr(Cache, "open", lambda self, *, check=False: looked.append(check))
    outbox = Outbox(tmp_path / "outbox.db")
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    for user in ("", str(gone.pid), str(os.getppid())):
        outbox.set("cache_user", user)
        link = Link(tmp_path / "cache.db", outbox, Account(url="http://127.0.0.1:1"), on_change=lambda _change: None)
        await link._open()
    assert looked == [False, True, False]  # nobody; somebody who is no more; somebody who still is
    assert outbox.get("cache_user") == str(os.getppid())
    assert _lives(str(os.getpid())) and not _lives("")
    outbox.close()


def test_a_transaction_that_sqlite_gave_up_itself_tells_the_real_error(cache: Cache) -> None:
    pages = cache.db.execute("PRAGMA page_count").fetchone()[0]
    cache.db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(sqlite3.OperationalError) as caught, transaction(cache.db) as db:
        db.execute("INSERT INTO meta VALUES ('big', ?)", ("x" * 100_000,))
    assert caught.value.sqlite_errorcode == sqlite3.SQLITE_FULL
    cache.close()


def test_a_bundle_older_than_the_cache_is_asked_for_again(cache: Cache) -> None:
    """Another wptui of the account has gone on: what came since would be passed over for ever."""
    bundle = bundles.conversation_bundle(cache.db, ["k1"])
    before = cache.db.execute("SELECT * FROM conversations").fetchall()
    cache.apply([], bundle.seq + 1)
    cache.drop(["k1"])
    assert cache.write(bundle).conversations == set() and cache.take_stale() == ["k1"]
    assert cache.db.execute("SELECT 1 FROM conversations WHERE id = 'k1'").fetchone() is None
    bundle.seq += 1
    assert cache.write(bundle).conversations == {"k1"} and cache.take_stale() == []
    assert cache.db.execute("SELECT count(*) FROM conversations").fetchone() == (len(before),)
    cache.close()
