"""Whatever the order, the repetition, the splitting and the batching of webhooks: the same folded state."""

from __future__ import annotations

import asyncio
import copy
import json
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import corpus
from tests.relay.ingest import RECEIVED_AT, body, canonical, desk, differences
from wptui.cloudapi.webhook import Parked, expand
from wptui.model import events as ev
from wptui.relay.eventlog import Append

OURS = ("wamid.HBgMOTA1NTUwMDAwMDAxFQIAERgSMjM1MkRBNzI4MEYxREVDQzNBAA==",)
"""Messages of ours that the corpus has statuses for."""


@cache
def files() -> list[str]:
    """Bodies in which every item is told one way only: of two that differ, the first wins by definition."""
    told: dict[str, str] = {}
    found = []
    for file in corpus.files():
        if file == corpus.find(176):
            continue  # a thousand of the same kind
        items = [each for each in expand(body(file)[0], corpus.received_at()) if not isinstance(each, Parked)]
        merged = dict(told)
        if all(merged.setdefault(each.unique, each.digest) == each.digest for each in items):
            told = merged
            found.append(file)
    return found


def split(wire: bytes) -> list[bytes]:
    """One body an item, where the body has messages or statuses to be parted; else the body."""
    try:
        whole = json.loads(wire.decode())
        parts = []
        for entry in whole["entry"]:
            for change in entry["changes"]:
                for kind in ("messages", "statuses"):
                    parts += [(entry, change, kind, each) for each in change["value"].get(kind) or []]
        if len(parts) < 2 or any(change["field"] != "messages" for _entry, change, *_ in parts):
            return [wire]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return [wire]
    found = []
    for entry, change, kind, item in parts:
        value = {k: v for k, v in change["value"].items() if k not in ("messages", "statuses", "errors")}
        one = copy.deepcopy({**entry, "changes": [{**change, "value": {**value, kind: [item]}}]})
        found.append(corpus.pack({"object": whole["object"], "entry": [one]}))
    rest = [
        {**entry, "changes": [each for each in entry["changes"] if each.get("field") != "messages"]}
        for entry in whole["entry"]
    ]
    if any(entry["changes"] for entry in rest):
        found.append(corpus.pack({"object": whole["object"], "entry": rest}))
    return found


def batch(wires: Sequence[bytes]) -> list[bytes]:
    """The bodies that are envelopes of ours in one, the others as they are."""
    entries: list[Any] = []
    others = []
    for wire in wires:
        try:
            whole = json.loads(wire.decode(), parse_constant=lambda name: 1 / 0)
            if whole["object"] != "whatsapp_business_account" or b"\\ud83d" in wire.lower():
                raise ValueError
            found = whole["entry"]
            json.dumps(found).encode()
            entries += found
        except (ValueError, TypeError, KeyError, RecursionError, ZeroDivisionError):
            others.append(wire)
    if entries:
        others.append(corpus.pack({"object": "whatsapp_business_account", "entry": entries}))
    return others


async def sent(at: Any) -> None:
    """An agent's message to Ayşe, accepted under a wamid the corpus speaks of."""
    conversation = await at.one(
        "SELECT c.id FROM conversations c JOIN aliases a ON a.contact = c.contact WHERE a.value = '905550000001'"
    )
    for index, wamid in enumerate(OURS):
        name = f"sent{index}"
        queued = ev.MessageQueued(message=name, number="109876500000010", kind="text", ts=RECEIVED_AT // 1000, text="!")
        steps = [queued, ev.MessageAttempted(message=name, attempt=1), ev.MessageAccepted(message=name, wamid=wamid)]
        events = [ev.make(step, at=RECEIVED_AT, actor="agent:a", conversation=conversation) for step in steps]
        await at.clerk.act(lambda db, events=events: [Append(events)])


async def fold(stream: Sequence[Sequence[bytes]], sent_after: int) -> dict[str, Any]:
    """The state after `stream`, each run of bodies stored together and then expanded."""
    with tempfile.TemporaryDirectory() as folder:
        async with desk(Path(folder)) as at:
            await at.take(*body(corpus.find(1)))  # somebody must have written before he can be answered
            for index, bodies in enumerate(stream):
                if index == sent_after:
                    await sent(at)
                await at.take(*bodies)
            if sent_after >= len(stream):
                await sent(at)
            return await at.clerk.look(canonical)


@st.composite
def mangled(draw: st.DrawFn) -> tuple[list[str], list[list[bytes]], int]:
    """Some files, and their bodies shuffled, repeated, split and batched."""
    chosen = draw(st.lists(st.sampled_from(files()), min_size=2, max_size=40, unique=True))
    pieces: list[bytes] = []
    for file in chosen:
        pieces += split(body(file)[0]) if draw(st.booleans()) else body(file)
    pieces += draw(st.lists(st.sampled_from(pieces), max_size=8))
    pieces = draw(st.permutations(pieces))
    runs: list[list[bytes]] = []
    while pieces:
        size = draw(st.integers(1, 12))
        run, pieces = pieces[:size], pieces[size:]
        runs.append(batch(run) if draw(st.booleans()) else run)
    return chosen, runs, draw(st.integers(0, len(runs)))


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(mangled())
def test_the_order_of_webhooks_does_not_matter(case: tuple[list[str], list[list[bytes]], int]) -> None:
    chosen, runs, sent_after = case

    async def both() -> list[str]:
        straight = await fold([body(*chosen)], 1)
        return differences(straight, await fold(runs, sent_after))

    assert asyncio.run(both()) == []


def test_the_whole_corpus_backwards_is_the_whole_corpus() -> None:
    async def both() -> list[str]:
        forwards = await fold([body(*files())], 1)
        return differences(forwards, await fold([body(file) for file in reversed(files())], 0))

    assert asyncio.run(both()) == []


def test_splitting_and_batching_change_what_they_should() -> None:
    """The test's own tools do something."""
    assert len(split(body(corpus.find(78))[0])) == 2
    assert len(batch(body(corpus.find(1), corpus.find(2), corpus.find(129)))) == 2
    assert len(files()) > 165
