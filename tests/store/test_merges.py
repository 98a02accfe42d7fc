"""Two contacts made one by hand, and two again."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.store.story import T0, Story
from wptui.model import events as ev
from wptui.store import bundles, fold
from wptui.store.database import bulk_load, open_database, set_meta, transaction

TABLES = ("contacts", "aliases", "conversations", "requests", "labels", "followers", "reactions", "receipts",
          "mentions", "surveys", "pending")  # fmt: skip
AGENT = "agent:a1"


def dump(db: sqlite3.Connection, *, seqs: bool = True) -> dict[str, list[dict[str, Any]]]:
    """Every row that readers must agree on; without what counts events where `seqs` is false."""
    found: dict[str, list[dict[str, Any]]] = {}
    columns = {table: "*" for table in TABLES} | {"messages": bundles.MESSAGE_COLUMNS}
    for table, wanted in columns.items():
        read = db.execute(f"SELECT {wanted} FROM {table}")
        names = [column[0] for column in read.description]
        rows = [dict(zip(names, row, strict=True)) for row in read]
        if not seqs and table in ("contacts", "conversations"):
            rows = [{name: value for name, value in row.items() if name != "seq"} for row in rows]
        found[table] = sorted(rows, key=repr)
    return found


def merge(story: Story, contact: str = "c-k2", into: str = "c-k1", *, conversations: bool = True) -> int:
    event = story.tell(ev.ContactMerged(contact=contact, into=into), actor=AGENT)
    if conversations:
        gone, stays = contact.removeprefix("c-"), into.removeprefix("c-")
        story.tell(ev.ConversationMerged(into=stays), gone, actor=AGENT)
    story.play()
    return event.seq


def split(story: Story, seq: int, contact: str = "c-k2", into: str = "c-k1") -> None:
    story.tell(ev.ContactSplit(contact=contact, into=into, merge=seq), actor=AGENT)
    story.play()


@pytest.fixture
def two(story: Story) -> Story:
    story.customer("k1")
    story.customer("k2", name="Ayse Y.", phone="+905550000002")
    story.writes("k1", "m1", ts=T0)
    story.writes("k2", "m2", "kargo nerede", ts=T0 + 10)
    story.answers("k2", "o2", ts=T0 + 20)
    story.writes("k2", "m3", ts=T0 + 30)
    story.tell(ev.ContactEdited(contact="c-k2", remark="telefonla aradı", attributes={"city": "İzmir"}), actor=AGENT)
    story.tell(ev.ContactEdited(contact="c-k1", attributes={"size": "M"}), actor=AGENT)
    for label in ("iade", "kargo"):
        story.tell(ev.ConversationLabelled(label=label), "k2", actor=AGENT)
    story.tell(ev.ConversationLabelled(label="iade"), "k1", actor=AGENT)
    story.tell(ev.ConversationFollowed(agent="a1"), "k2", actor=AGENT)
    story.tell(ev.ConversationNoted(note="n1", text="@b bak", mentions=["b"]), "k2", actor=AGENT)
    story.tell(ev.ConversationAssigned(agent="a1"), "k2", actor=AGENT)
    story.play()
    return story


def test_merge_then_undo_restores_every_row(two: Story) -> None:
    before = dump(two.db, seqs=False)
    seq = merge(two)
    assert two.db.execute("SELECT count(*) FROM conversations").fetchone() == (1,)
    assert two.row("contacts", id="c-k1")["remark"] == "telefonla aradı"
    assert msgspec.json.decode(two.row("contacts", id="c-k1")["attributes"]) == {"city": "İzmir", "size": "M"}
    split(two, seq)
    assert dump(two.db, seqs=False) == before
    assert two.row("merges", seq=seq)["undone"] > seq


def test_what_came_since_stays_with_the_survivor(two: Story) -> None:
    seq = merge(two)
    two.writes("k1", "m4", "sonradan", ts=T0 + 40)
    two.tell(ev.ContactEdited(contact="c-k1", attributes={"shoe": "42"}), actor=AGENT)
    two.tell(ev.ConversationLabelled(label="vip"), "k1", actor=AGENT)
    two.play()
    split(two, seq)
    assert two.row("messages", id="m4")["conversation"] == "k1"
    assert two.row("messages", id="m2")["conversation"] == "k2"
    assert two.row("messages", id="m4")["request"] == two.row("messages", id="m1")["request"]
    assert msgspec.json.decode(two.row("contacts", id="c-k1")["attributes"]) == {"shoe": "42", "size": "M"}
    assert two.row("conversations", id="k1")["labels"] == "iade,vip"
    assert two.row("conversations", id="k2")["labels"] == "iade,kargo"


def test_a_request_of_the_survivor_is_opened_for_what_was_written_to_the_others(story: Story) -> None:
    story.customer("k1")
    story.customer("k2", phone="+905550000002")
    story.writes("k1", "m1", ts=T0 - 90_000)
    story.tell(ev.ConversationResolved(), "k1", actor=AGENT, at=T0 - 80_000)
    story.writes("k2", "m2", ts=T0)
    story.play()
    seq = merge(story)
    story.writes("k1", "m3", ts=T0 + 5)
    story.play()
    assert story.row("messages", id="m3")["request"] == "k2-1"
    split(story, seq)
    assert story.row("messages", id="m2")["request"] == "k2-1"
    assert story.row("requests", id="k2-1")["conversation"] == "k2"
    request = story.row("conversations", id="k1")["request"]
    assert story.row("messages", id="m3")["request"] == request != "k1-1"
    assert story.row("requests", id=request)["opened_at"] == T0 + 5
    assert story.row("conversations", id="k1")["state"] == "open"


def test_what_was_resolved_since_is_resolved_on_both_sides(two: Story) -> None:
    seq = merge(two)
    two.tell(ev.ConversationResolved(), "k1", actor=AGENT, at=T0 + 60)
    two.play()
    split(two, seq)
    for conversation in ("k1", "k2"):
        row = two.row("conversations", id=conversation)
        assert row["state"] == "resolved"
        assert two.row("requests", id=row["request"])["resolved_at"] == T0 + 60


def test_merges_one_on_another_are_undone_one_after_the_other(two: Story) -> None:
    two.customer("k3", phone="+905550000003")
    two.writes("k3", "m9", ts=T0 + 50)
    two.play()
    at_first = dump(two.db, seqs=False)
    first = merge(two)
    second = merge(two, "c-k1", "c-k3")
    assert {row[0] for row in two.db.execute("SELECT conversation FROM messages WHERE dir <> 'event'")} == {"k3"}
    split(two, second, "c-k1", "c-k3")
    assert two.row("messages", id="m2")["conversation"] == "k1"
    split(two, first)
    assert dump(two.db, seqs=False) == at_first


def test_contacts_on_different_numbers_keep_their_conversations(story: Story) -> None:
    story.customer("k1")
    story.tell(ev.ContactCreated(contact="c-k2"))
    story.tell(ev.ConversationOpened(contact="c-k2", number="n2"), "k2")
    story.play()
    before = dump(story.db, seqs=False)
    seq = merge(story, conversations=False)
    assert story.row("conversations", id="k2")["contact"] == "c-k1"
    split(story, seq)
    assert dump(story.db, seqs=False) == before


@st.composite
def days(draw: st.DrawFn) -> list[tuple[str, int]]:
    """What happens to three customers, one of whom is merged into another and parted again."""
    acts = ["writes", "answers", "label", "unlabel", "edit", "resolve", "note", "follow", "assign", "snooze", "react",
            "reopen", "tag"]  # fmt: skip
    some = st.lists(st.tuples(st.sampled_from(acts), st.integers(1, 3)), max_size=8)
    return [*draw(some), ("merge", 0), *draw(some), ("split", 0), *draw(some)]


def live(story: Story, day: list[tuple[str, int]], seed: int) -> None:
    chance = random.Random(seed)
    merged = 0
    theirs: list[str] = []
    written: dict[str, list[str]] = {}
    for n in (1, 2, 3):
        story.customer(f"k{n}", phone=f"+90555000000{n}")
    for number, (what, who) in enumerate(day):
        k = f"k{1 if who == 2 and merged < 0 else who}"
        at, id = T0 + number * 60 - chance.choice((0, 0, 100)), f"x{number}"
        if what == "merge":
            merged = -story.tell(ev.ContactMerged(contact="c-k2", into="c-k1"), actor=AGENT).seq
            story.tell(ev.ConversationMerged(into="k1"), "k2", actor=AGENT)
            theirs = written.get("k2", [])
            written.setdefault("k1", []).extend(theirs)  # a reaction to what k2 wrote comes in k1 now
        elif what == "split":
            written["k1"] = [id for id in written["k1"] if id not in theirs]
            story.tell(ev.ContactSplit(contact="c-k2", into="c-k1", merge=-merged), actor=AGENT)
            merged = 0
        elif what == "writes":
            story.writes(k, id, ts=at)
            written.setdefault(k, []).append(id)
        elif what == "answers":
            story.answers(k, id, ts=at)
        elif what == "react":
            target = chance.choice(written.get(k) or [f"early-{k}"])
            story.tell(ev.MessageReacted(target=target, emoji="👍", ts=at, by="customer"), k)
        elif what == "edit":
            story.tell(ev.ContactEdited(contact=f"c-{k}", attributes={chance.choice("ab"): id}), actor=AGENT)
        else:
            data: dict[str, ev.Data] = {
                "label": ev.ConversationLabelled(label=chance.choice("pq")),
                "unlabel": ev.ConversationUnlabelled(label=chance.choice("pq")),
                "resolve": ev.ConversationResolved(),
                "reopen": ev.ConversationReopened(),
                "note": ev.ConversationNoted(note=id, text="not", mentions=["b"]),
                "follow": ev.ConversationFollowed(agent=chance.choice("ab")),
                "assign": ev.ConversationAssigned(agent=chance.choice("ab")),
                "snooze": ev.ConversationSnoozed(until=at + 900),
                "tag": ev.ConversationTagged(campaign=chance.choice("XY"), how="hand"),
            }
            story.tell(data[what], k, actor=AGENT, at=at)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(day=days(), seed=st.integers(0, 999))
def test_relay_and_cache_end_equal(tmp_path_factory: pytest.TempPathFactory, day: list[Any], seed: int) -> None:
    folder: Path = tmp_path_factory.mktemp("merges")
    story = Story(folder / "relay.db")
    live(story, day, seed)
    chance = random.Random(seed)
    at = chance.randrange(len(story.events) + 1)
    with transaction(story.db):
        fold.apply(story.db, story.events[:at])
    cache = open_database(folder / "cache.db")
    start = at
    with bulk_load(cache):
        for bundle in bundles.snapshot(story.db, size=1):
            bundles.apply_bundle(cache, bundle)
            more = chance.randrange(4)  # the log goes on under the snapshot
            with transaction(story.db):
                fold.apply(story.db, story.events[at : at + more])
            at = min(at + more, len(story.events))
    with transaction(cache):
        set_meta(cache, "cursor", start)
    with transaction(story.db):
        fold.apply(story.db, story.events[at:])
    rest = story.events[start:]
    while rest:  # in runs of any length
        some = chance.randrange(1, 4)
        with transaction(cache):
            fold.apply(cache, rest[:some], advance_to=None)
        rest = rest[some:]
    assert dump(cache) == dump(story.db)
    for conversation, request in story.db.execute("SELECT id, request FROM conversations").fetchall():
        owner = story.db.execute("SELECT conversation FROM requests WHERE id = ?", (request,)).fetchone()
        assert owner in (None, (conversation,))
    strays = (
        "SELECT count(*) FROM messages m JOIN requests r ON r.id = m.request WHERE r.conversation <> m.conversation"
    )
    assert story.db.execute(strays).fetchone() == (0,)
    astray = (
        "SELECT count(*) FROM reactions r JOIN messages m ON m.wamid = r.target WHERE r.conversation <> m.conversation"
    )
    assert story.db.execute(astray).fetchone() == (0,)
    story.db.close()
    cache.close()


def test_who_said_stop_or_was_blocked_as_one_is_so_as_two(two: Story) -> None:
    # Nobody knows any more which of them it was: neither is to be written to.
    seq = merge(two)
    two.tell(ev.ContactOpted(contact="c-k1", ts=T0 + 60, out=True))
    two.tell(ev.ContactBlocked(contact="c-k1", blocked=True, numbers=["n1"]), actor=AGENT)
    two.play()
    split(two, seq)
    for contact in ("c-k1", "c-k2"):
        row = two.row("contacts", id=contact)
        assert (row["opted_out"], row["opted_ts"], row["blocked"]) == (1, T0 + 60, 1)
