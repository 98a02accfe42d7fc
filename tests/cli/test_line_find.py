"""Whom somebody means who types a few letters: conversations, colleagues, times; and how a thread reads as text."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from wptui import i18n
from wptui.cli import line_find, line_text
from wptui.cli.line_text import Names
from wptui.model import events as ev
from wptui.model.errors import UsageError
from wptui.store import fold, inbox, thread
from wptui.store.database import open_database, transaction

NOW = int(datetime(2026, 11, 24, 14, 32).timestamp())
PEOPLE = (
    ("k1aaa", "Ayşe Yılmaz", "+905550000101", ""),
    ("k1abb", "Işık Demir", "+905550000102", "isik.demir"),
    ("k2ccc", "Ali Yılmaz", "+447700900123", ""),
    ("k3ddd", "", "", "deniz.atolye"),
)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    data: list[tuple[ev.Data, str | None, str]] = [
        (ev.AgentAdded(agent="ayse", name="Ayşe"), None, "relay"),
        (ev.AgentAdded(agent="mehmet-k", name="Mehmet Kaya"), None, "relay"),
        (ev.AgentAdded(agent="mehmet-d", name="Mehmet Demir"), None, "relay"),
        (ev.NumberUpdated(number="n1", display="+90 555 000 00 10", name="Kahve Dükkânı"), None, "relay"),
    ]
    for number, (id, name, phone, username) in enumerate(PEOPLE):
        contact = f"c{number}"
        data += [
            (ev.ContactCreated(contact=contact), None, "meta"),
            (ev.ContactAliased(contact=contact, kind="wa_id", value=phone[1:] or f"x{number}"), None, "meta"),
            (ev.ContactProfiled(contact=contact, name=name, phone=phone, username=username), None, "meta"),
            (ev.ConversationOpened(contact=contact, number="n1"), id, "customer"),
        ]
    events = []
    for seq, (each, conversation, actor) in enumerate(data, 1):
        event = ev.make(each, at=NOW * 1000, actor=actor, conversation=conversation)
        event.seq = seq
        events.append(event)
    db = open_database(tmp_path / "cache.db")
    with transaction(db):
        fold.apply(db, events)
    yield db
    db.close()


@pytest.mark.parametrize(
    ("wanted", "id"),
    [
        ("k1aaa", "k1aaa"),
        ("k1ab", "k1abb"),
        ("k2", "k2ccc"),
        ("+90 555 000 01 01", "k1aaa"),
        ("0555 000 0102", "k1abb"),
        ("0123", "k2ccc"),
        ("@isik.demir", "k1abb"),
        ("@Deniz.Atolye", "k3ddd"),
        ("isik", "k1abb"),
        ("IŞIK DEMİR", "k1abb"),
        ("ayse yil", "k1aaa"),
    ],
)
def test_a_conversation_is_found(db: sqlite3.Connection, wanted: str, id: str) -> None:
    if wanted == "k2":  # two letters are too few for an id, and no name
        with pytest.raises(UsageError):
            line_find.conversation(db, wanted)
        return
    assert line_find.conversation(db, wanted).id == id


def test_several_are_listed_and_none_is_told(db: sqlite3.Connection) -> None:
    with pytest.raises(UsageError) as caught:
        line_find.conversation(db, "yılmaz")
    assert "k1aaa  Ayşe Yılmaz  Kahve Dükkânı" in str(caught.value) and "k2ccc" in str(caught.value)
    for nobody in ("kimse", "@kimse", "99999", "", "'; DROP TABLE contacts; --", "%"):
        with pytest.raises(UsageError):
            line_find.conversation(db, nobody)


def test_a_colleague_is_found(db: sqlite3.Connection) -> None:
    assert line_find.agent(db, "me", "ayse") == "ayse"
    assert line_find.agent(db, "nobody", "ayse") is None
    assert line_find.agent(db, "AYSE", "x") == "ayse"
    assert line_find.agent(db, "kaya", "x") == "mehmet-k"
    for unclear in ("mehmet", "zeynep"):
        with pytest.raises(UsageError) as caught:
            line_find.agent(db, unclear, "x")
        assert "mehmet-k (Mehmet Kaya)" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2h", datetime(2026, 11, 24, 16, 32)),
        ("30m", datetime(2026, 11, 24, 15, 2)),
        ("1W", datetime(2026, 12, 1, 14, 32)),
        ("tomorrow", datetime(2026, 11, 25, 9, 0)),
        ("yarın", datetime(2026, 11, 25, 9, 0)),
        ("2026-11-30", datetime(2026, 11, 30, 9, 0)),
        ("2026-11-30T17:45", datetime(2026, 11, 30, 17, 45)),
    ],
)
def test_times(text: str, moment: datetime) -> None:
    assert line_find.until(text, NOW) == int(moment.timestamp())


def test_times_that_are_none() -> None:
    assert line_find.until("off", NOW) == 0
    for text in ("yesterday", "2026-11-01", "", "h", "5x", "-2h"):
        with pytest.raises(UsageError):
            line_find.until(text, NOW)


def say(db: sqlite3.Connection, data: ev.Data, actor: str) -> None:
    seq = int(db.execute("SELECT value FROM meta WHERE key = 'cursor'").fetchone()[0]) + 1
    event = ev.make(data, at=NOW * 1000, actor=actor, conversation="k1aaa")
    event.seq = seq
    with transaction(db):
        fold.apply(db, [event])


def test_a_thread_reads_in_order_with_everything_that_belongs_to_it(db: sqlite3.Connection) -> None:
    ts = NOW - 86_400
    place = {"name": "Ev", "latitude": 40.98, "longitude": 29.02}
    for data, actor in (
        (ev.MessageReceived(message="w1", kind="text", ts=ts, received_at=ts, text="Merhaba\nikinci"), "customer"),
        (ev.MessageReceived(message="w2", kind="location", ts=ts + 60, received_at=ts, body=place), "customer"),
        (ev.MessageQueued(message="m1", number="n1", kind="text", ts=NOW, text="Gelmedi", quote="w1"), "agent:ayse"),
        (ev.MessageFailed(message="m1", problem=ev.Problem(code=131047, title="Re-engagement message")), "relay"),
        (ev.MessageReacted(target="w1", emoji="👍", ts=NOW, by="ayse", message="r1"), "agent:ayse"),
        (ev.MessageRevoked(target="w2", ts=NOW, by="customer"), "customer"),
        (ev.ConversationNoted(note="n1", text="kargo kayıp"), "agent:mehmet-k"),
        (ev.ConversationAssigned(agent="ayse"), "agent:mehmet-k"),
    ):
        say(db, data, actor)
    rows = thread.latest(db, "k1aaa")
    text = "\n".join(line_text.messages(rows, "Ayşe Yılmaz", Names(db, "ayse"), NOW))
    assert text.splitlines() == [
        "Yesterday",
        "14:32 Ayşe Yılmaz: Merhaba",
        "      ikinci (reactions: you 👍)",
        "14:33 Ayşe Yılmaz: (deleted)",
        "Today",
        "14:32 you: (reply to: Merhaba ikinci) Gelmedi (failed)",
        "      Not sent: The 24-hour window is closed. Send a template instead. (131047)",
        "14:32 note by Mehmet Kaya: kargo kayıp",
        "14:32 Mehmet Kaya assigned it to you",
    ]
    row = inbox.conversation(db, "k1aaa")
    assert row is not None
    line = line_text.summary(row, Names(db, "ayse"), NOW + 9 * 86_400)
    assert line.startswith("Ayşe Yılmaz, waiting 10d, late, ") and line.endswith("[k1aaa]")
    assert "assigned to you, window closed" in line
    assert not any(char in text + line for char in "│┃─✓\x1b")  # nothing a screen reader stumbles over
    i18n.install("tr")
    assert "assigned" not in "".join(line_text.heading(row, Names(db, "ayse"), NOW)).lower()
