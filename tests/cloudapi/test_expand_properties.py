"""Whatever the bytes: nothing is raised, nothing unsafe comes out, and a bad item costs only itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cloudapi.test_corpus import UNSAFE, texts
from tests.corpus import files, pack, payloads, received_at, wire
from wptui.cloudapi.webhook import Expanded, Item, Parked, expand
from wptui.model import events

REASONS = {"dead_letter", "unroutable", "invalid", "foreign"}


def _parsed() -> list[Any]:
    found = []
    for file in files():
        if payloads()[file]["form"] == "pretty-utf8" and len(wire(file).body) < 20_000:
            value = json.loads(wire(file).body)
            if isinstance(value, dict) and isinstance(value.get("entry"), list):
                found.append(value)
    return found


BODIES = _parsed()
JUNK: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["905550000001", "TR.1", "wamid.x", "\x1b[2J", "\ud800", "1795348800", "stop", 10**30, -1]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) in `value`."""
    todo = [value]
    while todo:
        container = todo.pop()
        for key, each in container.items() if isinstance(container, dict) else enumerate(container):
            yield container, key
            if isinstance(each, dict | list):
                todo.append(each)


def check(found: list[Expanded]) -> None:
    assert found
    for item in found:
        if isinstance(item, Parked):
            assert item.reason in REASONS
        if isinstance(item, Item):
            event = events.make(item.data, at=0, actor=item.actor)
            assert events.load(event) == item.data
        for text in texts(item):
            assert not UNSAFE.search(text)


def copy(value: Any) -> Any:
    return json.loads(json.dumps(value))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data())
def test_a_body_with_parts_dropped_changed_and_spliced_never_raises(data: st.DataObject) -> None:
    body = copy(data.draw(st.sampled_from(BODIES)))
    for _ in range(data.draw(st.integers(1, 4))):
        spots = list(places(body))
        if not spots:
            break
        container, key = spots[data.draw(st.integers(0, len(spots) - 1))]
        act = data.draw(st.sampled_from(["drop", "junk", "splice", "nest"]))
        if act == "drop":
            del container[key]
        elif act == "junk":
            container[key] = data.draw(JUNK)
        elif act == "nest":
            container[key] = [container[key]]
        else:
            other = list(places(data.draw(st.sampled_from(BODIES))))
            holder, name = other[data.draw(st.integers(0, len(other) - 1))]
            container[key] = copy(holder[name])
    found = expand(pack(body), received_at())
    check(found)
    assert found == expand(pack(body), received_at())


LISTS = ("messages", "statuses", "message_echoes", "calls", "user_preferences", "state_sync")


def _items() -> list[tuple[str, dict[str, Any], str, dict[str, Any]]]:
    """(field, value, name of the list, element) of everything in the corpus that comes in a list."""
    return [
        (change["field"], change["value"], name, element)
        for body in BODIES
        for entry in body["entry"]
        if isinstance(entry, dict)
        for change in entry.get("changes") or []
        if isinstance(change.get("value"), dict)
        for name in LISTS
        for element in change["value"].get(name) or []
    ]


ELEMENTS = _items()


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_bad_item_costs_no_sibling(data: st.DataObject) -> None:
    field, value, name, element = data.draw(st.sampled_from(ELEMENTS))
    before = element | {"id": "wamid.before"}
    after = element | {"id": "wamid.after"}
    bad: Any = copy(element) | {"id": "wamid.bad"}
    if data.draw(st.booleans()):
        bad = data.draw(JUNK)
    else:
        for _ in range(data.draw(st.integers(1, 3))):
            spots = list(places(bad))
            if not spots:
                break
            container, key = spots[data.draw(st.integers(0, len(spots) - 1))]
            if data.draw(st.booleans()):
                del container[key]
            else:
                container[key] = data.draw(JUNK)

    def run(*elements: Any) -> list[Expanded]:
        changed = {"field": field, "value": value | {name: list(elements)}}
        entry = {"id": "1", "changes": [changed]}
        return expand(pack({"object": "whatsapp_business_account", "entry": [entry]}), received_at())

    alone = [item for item in run(before, after) if not isinstance(item, Parked)]
    together = run(before, bad, after)
    check(together)
    for item in alone:
        if not (isinstance(item, Item) and isinstance(item.data, events.WebhookLogged)):
            assert item in together


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_bytes_of_any_kind_never_raise(noise: bytes) -> None:
    check(expand(noise, received_at()))
    check(expand(b'{"object":"whatsapp_business_account","entry":[' + noise + b"]}", received_at()))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(files()[:175]), st.integers(0, 2**31), st.binary(max_size=6), st.integers(0, 8))
def test_a_body_with_bytes_overwritten_never_raises(file: str, at: int, noise: bytes, cut: int) -> None:
    body = wire(file).body
    at %= len(body) + 1
    check(expand(body[:at] + noise + body[at + cut :], received_at()))


@given(st.integers(-(2**70), 2**70) | st.text(max_size=20) | st.floats(), st.integers(1_300_000_000, 4_000_000_000))
def test_every_time_that_comes_out_is_plausible(timestamp: Any, received: int) -> None:
    message = {"id": "w", "from": "905550000001", "timestamp": timestamp, "type": "text", "text": {"body": "x"}}
    value = {"metadata": {"phone_number_id": "1"}, "messages": [message]}
    body = {"object": "whatsapp_business_account", "entry": [{"changes": [{"field": "messages", "value": value}]}]}
    for item in expand(json.dumps(body).encode(), received):
        if isinstance(item, Item):
            ts = item.data.ts
            assert 1_230_768_000 <= ts <= received + 86_400
