"""Every body of the corpus expands to what index.json says of it."""

from __future__ import annotations

import re
import time
from typing import Any

import msgspec
import pytest

from tests.corpus import files, find, index, payloads, received_at, sequences, wire
from wptui.cloudapi.errors import rule
from wptui.cloudapi.webhook import Expanded, Item, Parked, Rekey, expand
from wptui.model import events
from wptui.model.delivery import advance
from wptui.model.events import (
    AccountAlerted,
    CallReceived,
    ContactSecured,
    MessageEchoed,
    MessageEdited,
    MessageReacted,
    MessageReceived,
    MessageRevoked,
    MessageStatus,
    WebhookLogged,
)

UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
OURS = {index()["phone_number_id"], "109876500000011"}
ACTS = (MessageReacted, MessageEdited, MessageRevoked)


def expanded(file: str) -> list[Expanded]:
    return expand(wire(file).body, received_at())


def logged(file: str, known: dict[str, str] | None = None) -> tuple[list[Expanded], int, int]:
    """What the log would take of a body: items not seen before; conflicts; items of numbers that are not ours."""
    known = {} if known is None else known
    taken: list[Expanded] = []
    conflicts = foreign = 0
    for item in expanded(file):
        if isinstance(item, Parked):
            taken.append(item)
        elif item.number is not None and item.number not in OURS:
            foreign += 1
        elif item.unique in known:
            conflicts += known[item.unique] != item.digest
        else:
            known[item.unique] = item.digest
            taken.append(item)
    return taken, conflicts, foreign


def data_of(items: list[Expanded]) -> list[Any]:
    return [item.data for item in items if isinstance(item, Item)]


def is_message(item: Expanded) -> bool:
    """A customer's message in the sense of index.json: also one that draws no bubble."""
    if isinstance(item, Rekey):
        return item.unique.startswith("r:")
    if not isinstance(item, Item):
        return False
    data = item.data
    return (
        (isinstance(data, MessageReceived) and data.source == "live")
        or (isinstance(data, ACTS) and data.by == "customer")
        or (isinstance(data, ContactSecured) and data.changed)
    )


def opens(data: Any) -> bool:
    return (
        (isinstance(data, MessageReceived) and data.opens_window)
        or (isinstance(data, ACTS) and data.by == "customer")
        or (isinstance(data, CallReceived) and data.event == "connect")
    )


@pytest.mark.parametrize("file", files())
def test_the_body_expands_as_the_index_says(file: str) -> None:
    expect = payloads()[file]["expect"]
    known: dict[str, str] = {}
    if expect.get("conflict"):
        logged(find(157), known)
    items, conflicts, foreign = logged(file, known)
    data = data_of(items)
    parked = [item for item in items if isinstance(item, Parked)]
    reasons = [item.reason for item in parked]
    statuses = [each for each in data if isinstance(each, MessageStatus)]
    received = [each for each in data if isinstance(each, MessageReceived)]
    echoes = [each for each in data if isinstance(each, MessageEchoed)]
    old = sum(each.source == "history" for each in [*received, *echoes])

    assert sum(map(is_message, items)) == expect["messages"]
    assert conflicts == expect.get("conflict", 0)
    assert len(statuses) == expect.get("statuses", 0) + expect.get("standby_statuses", 0)
    assert sum(each.source == "standby" for each in received) == expect.get("standby_messages", 0)
    assert old == expect.get("history_messages", 0)
    outgoing = [each for each in data if isinstance(each, ACTS) and each.by != "customer"]
    assert len([each for each in echoes if each.source != "history"]) + len(outgoing) == expect.get("echoes", 0)
    assert sum(isinstance(each, CallReceived) for each in data) == expect.get("calls", 0)
    assert reasons.count("invalid") == expect.get("parked", 0)
    assert reasons.count("unroutable") + foreign == expect.get("unroutable", 0)
    assert reasons.count("foreign") == ("channel" in expect)
    assert reasons.count("dead_letter") == expect.get("dead_letter", file in (find(134), find(135)))
    assert sum(isinstance(each, WebhookLogged) and not each.known for each in data) == expect.get("unknown_fields", 0)
    if "opens_window" in expect:
        assert any(map(opens, data)) == expect["opens_window"]
    if "media" in expect:
        assert sum(each.media is not None and bool(each.media.id) for each in received) == expect["media"]
    if "alerts" in expect:
        assert sum(isinstance(each, AccountAlerted) for each in data) == expect["alerts"]
    if expect.get("creates_bubble") is False:
        assert not received and not echoes
    if "timestamp_trusted" in expect:
        assert [each.ts for each in received] == [received_at()]
        assert [each.original_ts is not None for each in received] == [True]
    else:
        assert all(each.original_ts is None for each in received)
    if expect.get("free_entry_point_candidate"):
        assert received[0].referral is not None and received[0].referral.ctwa_clid
    if expect.get("conversation") == "group":
        assert all(item.person and item.person.group for item in items if isinstance(item, Item))
    if expect.get("retry") is False:
        assert not rule(statuses[0].problems[0].code).automatic
    if "max_body" in expect:
        assert len(received[0].text) == expect["max_body"]
    if "final_state" in expect:
        state: str | None = None
        for each in statuses:
            state = advance(state, each.status)
        assert state == expect["final_state"]
    if "field" in expect:  # whatever a change asks, it leaves a trace
        assert items


@pytest.mark.parametrize("file", files())
def test_what_comes_out_can_be_logged_shown_and_repeated(file: str) -> None:
    items = expanded(file)
    assert items and items == expanded(file)
    for item in items:
        if isinstance(item, Item):
            event = events.make(item.data, at=0, actor=item.actor)
            assert events.load(event) == item.data
            assert item.actor in ("customer", "meta", "phone", "ai")
        for text in texts(item):
            assert not UNSAFE.search(text)


def texts(item: Expanded) -> list[str]:
    """Every text in an item, keys included."""
    found: list[str] = []
    todo: list[Any] = [msgspec.to_builtins(item), msgspec.to_builtins(getattr(item, "data", None))]
    while todo:
        value = todo.pop()
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, dict):
            todo += [*value.keys(), *value.values()]
        elif isinstance(value, list | tuple):
            todo += value
    return found


def test_bodies_that_come_again_bring_nothing_new() -> None:
    known: dict[str, str] = {}
    outcomes = [logged(file, known) for file in sequences()["retry_whole_payload"]["files"]]
    assert [len(items) for items, _conflicts, _foreign in outcomes] == [1, 0, 0]
    assert not any(conflicts for _items, conflicts, _foreign in outcomes)


def test_a_thousand_messages_expand_in_a_tenth_of_a_second() -> None:
    body = wire(find(176)).body
    best = 1.0
    for _ in range(5):
        start = time.perf_counter()
        assert len(expand(body, received_at())) == 1000
        best = min(best, time.perf_counter() - start)
    assert best < 0.1
