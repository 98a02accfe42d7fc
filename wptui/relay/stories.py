"""The raw story of a message: everything the relay was told about it, and did with it.

For `x` in the terminal and for support: webhook bodies as they came, attempts with their outcomes, statuses with
their errors, and the events. Secrets of the relay are never in there, whatever a body says.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from wptui.model.events import Event
from wptui.model.permissions import Scope
from wptui.model.text import safe
from wptui.store import visible

if TYPE_CHECKING:
    from wptui.relay.eventlog.contract import EventLog
    from wptui.relay.view import View

_BODY_MOST = 64 * 1024
_EVENTS_MOST = 500
_PAGE = 1000
_ATTEMPTS = frozenset(
    {"message.queued", "message.attempted", "message.accepted", "message.deferred", "message.failed", "message.unknown",
     "message.discarded"}
)  # fmt: skip


async def tell(log: EventLog, view: View, id: str, scope: Scope, *, hide: Sequence[str] = ()) -> dict[str, Any] | None:
    """The story of message `id` (ours, or a wamid); None if `scope` sees no such message. `hide` are secrets."""

    def find(db: sqlite3.Connection) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = db.execute(
            "SELECT id, wamid, conversation, seq FROM messages WHERE id = ?1 OR wamid = ?1 LIMIT 1", (id,)
        ).fetchone()
        return row if row is not None and visible.sees(db, scope, row[2]) else None

    row = await view.ask(find)
    if row is None:
        return None
    message, wamid, conversation, seq = row
    names = {name for name in (message, wamid) if name}
    numbers: set[int] = set()
    raws: set[int] = set()
    groups = [group for prefix in _prefixes(names) for group in await log.find(prefix)]
    for group in (*groups, *(await log.known(_keys(names))).values()):
        numbers.update(range(group.first, min(group.last, group.first + _EVENTS_MOST) + 1))
        if group.raw is not None:
            raws.add(group.raw)
    numbers.add(seq)
    events = [event for event in await _events(log, sorted(numbers)[:_EVENTS_MOST]) if _concerns(event, names)]
    others = sorted({event.conversation for event in events if event.conversation is not None})
    seen = {conversation, *await view.ask(lambda db: visible.among(db, scope, others))}
    events = [event for event in events if event.conversation is None or event.conversation in seen]
    # Our own ids are the terminals' to choose: one that stands in everybody's bodies must not bring them along.
    cut = {wamid} if wamid else names
    bodies = []
    for number in sorted(raws)[:50]:
        raw = await log.raw(number)
        if raw is not None:
            bodies.append({"number": number, "received_at": raw.received_at, "body": _shown(raw.body, cut, hide)})
    return {
        "message": message,
        "wamid": wamid,
        "conversation": conversation,
        "webhooks": bodies,
        "attempts": [event for event in events if event.type in _ATTEMPTS],
        "statuses": [event for event in events if event.type == "message.status"],
        "events": events,
    }


def _keys(names: Iterable[str]) -> list[str]:
    """Keys of what concerns a message: as received, as an edit or reaction, the command. Whole ones: others' keys may
    begin with a name that somebody chose for it.
    """
    return [key for name in names for key in (f"m:{name}", f"e:{name}", f"c:{name}")]


def _prefixes(names: Iterable[str]) -> list[str]:
    """How the keys begin of its statuses, our attempts and its file."""
    return [prefix for name in names for prefix in (f"s:{name}:", f"o:{name}:", f"f:{name}:")]


async def _events(log: EventLog, numbers: Sequence[int]) -> list[Event]:
    found: list[Event] = []
    index = 0
    while index < len(numbers):
        run = await log.read(numbers[index] - 1, _PAGE)
        wanted = set(numbers)
        found += [event for event in run if event.seq in wanted]
        last = run[-1].seq if run else numbers[-1]
        while index < len(numbers) and numbers[index] <= last:
            index += 1
    return found


def _concerns(event: Event, names: set[str]) -> bool:
    """A group may hold events of other kinds (the contact was created by this message): those belong to the story."""
    if not event.type.startswith("message."):
        return True
    data = msgspec.json.decode(event.data)
    told = {data.get("message"), data.get("wamid"), data.get("target")}
    return bool(told & names)


def _shown(body: bytes, names: set[str], hide: Sequence[str]) -> str:
    text = _excerpt(body, names)[:_BODY_MOST]
    for secret in hide:
        if secret:
            text = text.replace(secret, "…")
    return safe(text)


def _excerpt(body: bytes, names: set[str]) -> str:
    """The body without what it says of other messages: one POST may hold those of a thousand customers."""
    try:
        whole: Any = msgspec.json.decode(body)
        for entry in whole["entry"]:
            entry["changes"] = [change for change in entry["changes"] if _cut(change["value"], names)]
        whole["entry"] = [entry for entry in whole["entry"] if entry["changes"]]
    except (msgspec.MsgspecError, LookupError, TypeError, RecursionError):
        return body[:_BODY_MOST].decode("utf-8", "replace")
    return msgspec.json.format(msgspec.json.encode(whole), indent=2).decode()


def _cut(value: dict[str, Any], names: set[str]) -> bool:
    """Keep of a change's value what names one of `names`; False where nothing does."""
    found = False
    kept: list[str] = []
    for name, listed in value.items():
        if name == "contacts" or not isinstance(listed, list):
            continue
        value[name] = [item for item in listed if any(each in msgspec.json.encode(item).decode() for each in names)]
        found |= bool(value[name])
        kept.append(msgspec.json.encode(value[name]).decode())
    if isinstance(value.get("contacts"), list):
        text = "".join(kept)
        value["contacts"] = [
            card
            for card in value["contacts"]
            if any(isinstance(id := card.get(key), str) and id in text for key in ("user_id", "wa_id"))
        ]
    return found
