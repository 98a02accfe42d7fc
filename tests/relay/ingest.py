"""A relay's inner half for tests: log, clerk and view in a folder, and what can be said about the view."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import corpus
from wptui.model import events as ev
from wptui.relay.clerk import Clerk
from wptui.relay.eventlog import Append, EventLog, make_log

NUMBERS = ("109876500000010", "109876500000011")
"""The business numbers of the corpus."""

RECEIVED_AT = corpus.received_at() * 1000


def numbers(*ids: str) -> list[Append]:
    """What makes `ids` (default: the corpus's) the workspace's numbers."""
    return [
        Append([ev.make(ev.NumberUpdated(number=each), at=1, actor="relay")], unique=f"number:{each}")
        for each in ids or NUMBERS
    ]


@dataclass
class Desk:
    """A clerk at work."""

    log: EventLog
    clerk: Clerk

    async def take(self, *bodies: bytes) -> None:
        """Store `bodies` and expand everything that waits."""
        for body in bodies:
            await self.log.store_raw(body, RECEIVED_AT)
        while await self.clerk.expand():
            pass

    async def events(self, *kinds: type[ev.Data]) -> list[Any]:
        """The data of all events of `kinds` (default: all), in order."""
        found = []
        for event in await self.log.read(0, 1_000_000):
            data = ev.load(event)
            if not kinds or isinstance(data, kinds):
                found.append(data)
        return found

    async def parked(self) -> list[str]:
        """Why items were parked."""
        return [data.reason for data in await self.events(ev.WebhookParked)]

    async def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """What the view answers."""
        return await self.clerk.look(lambda db: db.execute(sql, values).fetchall())

    async def one(self, sql: str, *values: Any) -> Any:
        """The single value the view answers."""
        ((value,),) = await self.rows(sql, *values)
        return value


@asynccontextmanager
async def desk(folder: Path, *ours: str) -> AsyncIterator[Desk]:
    """Log and clerk in `folder`; the workspace has the corpus's numbers unless `ours` are given."""
    folder.mkdir(parents=True, exist_ok=True)
    if not ours and not (folder / "relay.db").exists():
        for name, content in (await _beginning()).items():
            (folder / name).write_bytes(content)
    async with opened(folder) as at:
        if ours:
            await at.clerk.act(lambda db: numbers(*ours))
        yield at


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Desk]:
    """Log and clerk in `folder` as they are."""
    async with make_log(folder / "relay.db") as log:
        clerk = Clerk(log, folder / "view.db")
        await clerk.start()
        try:
            yield Desk(log, clerk)
        finally:
            await clerk.close()


_made: dict[str, bytes] = {}


async def _beginning() -> dict[str, bytes]:
    """The files of a workspace with the corpus's numbers and nothing else, made once."""
    if not _made:
        with tempfile.TemporaryDirectory() as name:
            async with opened(Path(name)) as at:
                await at.clerk.act(lambda db: numbers())
            _made.update({path.name: path.read_bytes() for path in Path(name).iterdir() if path.suffix == ".db"})
    return _made


def body(*files: str) -> list[bytes]:
    """The bodies of corpus files, as on the wire."""
    return [corpus.wire(file).body for file in files]


# ── a form of the state in which only what happened shows, not the order in which it was told ─────────────


def canonical(db: sqlite3.Connection) -> dict[str, Any]:
    """The folded state without keys and numbers that depend on the order of arrival.

    Pricing is left out: Meta sends it on one status of a message only, the corpus on several that differ.
    """
    db.row_factory = None
    aliases: dict[str, list[tuple[Any, ...]]] = {}
    for contact, kind, value, verified, retired in db.execute(
        "SELECT contact, kind, value, verified, retired FROM aliases ORDER BY kind, value"
    ):
        aliases.setdefault(contact, []).append((kind, value, verified, retired))
    who = {contact: json.dumps(named) for contact, named in aliases.items()}
    state: dict[str, Any] = {
        "contacts": {
            who[row[0]]: row[1:]
            for row in db.execute(
                "SELECT id, kind, name, username, phone, book_name, opted_out, opted_ts, identity_hash FROM contacts"
            )
        }
    }
    where: dict[str, str] = {}
    conversations: dict[str, Any] = {}
    for row in db.execute(
        "SELECT id, contact, number, kind, title, state, assignee, unread, waiting_since, window_expires, free_until,"
        " labels, owner, requests, last_in_ts, last_at, campaign FROM conversations"
    ):
        where[row[0]] = f"{row[2]} {who[row[1]]}"
        conversations[where[row[0]]] = row[3:-1]  # the campaign is compared with the request
    state["conversations"] = conversations
    campaigns = dict(db.execute("SELECT code, ads FROM campaigns").fetchall())
    state["requests"] = sorted(
        (where[row[0]], *row[1:-1], campaigns.get(row[-1], row[-1]))
        for row in db.execute(
            "SELECT conversation, opened_at, first_response_at, first_response_by, first_any_at, waiting_since,"
            " resolved_at, reopens, campaign_how, campaign FROM requests"
        )
    )
    state["messages"] = {
        row[0]: (where[row[1]], *row[2:])
        for row in db.execute(
            "SELECT id, conversation, wamid, dir, author, kind, ts, received_at, original_ts, text, body, quote,"
            " sender, forwarded, source, counted, human, status, error_code, error_text, edited_at, revoked_at,"
            " media, media_state FROM messages WHERE dir <> 'event'"
        )
    }
    state["thread"] = sorted(
        (where[row[0]], *row[1:])
        for row in db.execute("SELECT conversation, kind, ts, body FROM messages WHERE dir = 'event'")
    )
    state["reactions"] = sorted(db.execute("SELECT target, by, emoji, ts FROM reactions").fetchall())
    state["receipts"] = sorted(db.execute("SELECT wamid, recipient, status, ts FROM receipts").fetchall())
    state["pending"] = sorted(db.execute("SELECT target, type, data FROM pending").fetchall())
    state["templates"] = sorted(db.execute("SELECT id, name, language FROM templates").fetchall())
    state["campaigns"] = sorted(db.execute("SELECT name, ads FROM campaigns").fetchall())
    state["alerts"] = sorted(db.execute("SELECT field, severity, text FROM alerts").fetchall())
    return state


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """What differs between two canonical states, in words a failing test can show."""
    found = []
    for name in one:
        left, right = (_items(state[name]) for state in (one, other))
        found += [f"- {name}: {each}" for each in left if each not in right]
        found += [f"+ {name}: {each}" for each in right if each not in left]
    return found


def _items(part: Iterable[Any]) -> list[str]:
    items = part.items() if isinstance(part, dict) else part
    return sorted(repr(each) for each in items)
