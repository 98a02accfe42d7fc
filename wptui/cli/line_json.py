"""Line mode's `--json`: one object, documented in docs/line-mode.md. Fields are added, never changed or taken away.

Times are Unix seconds. `schema` counts up should that promise ever have to be broken.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

import click

from wptui.cli.line_link import Line
from wptui.cli.line_text import Names, failure
from wptui.model.delivery import Delivery
from wptui.model.priority import Priority
from wptui.model.window import is_open
from wptui.store.inbox import InboxRow
from wptui.store.search import Hit
from wptui.store.thread import ThreadRow
from wptui.sync.outbox import Pending

SCHEMA = 1

Json = dict[str, Any]


def emit(line: Line, **fields: Any) -> None:
    """Prints the object, with how fresh it is."""
    synced = {"up_to_date": line.connected, "now": line.now}
    click.echo(json.dumps({"schema": SCHEMA, **synced, **fields}, ensure_ascii=False))


def conversation(row: InboxRow, names: Names, db: sqlite3.Connection, now: int) -> Json:
    """A conversation as the inbox knows it."""
    contact = db.execute(
        "SELECT name, username, phone, opted_out FROM contacts WHERE id = ?", (row.contact,)
    ).fetchone() or ("", "", "", 0)
    return {
        "id": row.id,
        "title": row.title,
        "kind": row.kind,
        "contact": {
            "id": row.contact,
            "name": contact[0],
            "username": contact[1],
            "phone": contact[2],
            "opted_out": bool(contact[3]),
        },
        "number": {"id": row.number, "name": names.number(row.number)},
        "state": row.state,
        "assignee": {"id": row.assignee, "name": names.agent(row.assignee)} if row.assignee else None,
        "unread": row.unread,
        "waiting_since": row.waiting_since,
        "late": row.due_at is not None and row.due_at <= now,
        "department": row.department or None,
        "priority": Priority(row.priority).name.lower(),
        "due_at": row.due_at,
        "snoozed_until": row.snoozed_until,
        "window_open": is_open(row.window_expires, now),
        "window_expires": row.window_expires,
        "campaign": row.campaign or None,
        "labels": list(row.labels),
        "last_at": row.last_at,
        "preview": {
            "dir": row.preview_dir,
            "kind": row.preview_kind,
            "text": row.preview,
            "status": row.preview_status,
        },
    }


def message(row: ThreadRow, names: Names) -> Json:
    """A row of a thread: message, note or event."""
    author = row.author.removeprefix("agent:")
    return {
        "id": row.id,
        "wamid": row.wamid,
        "dir": row.dir,
        "kind": row.kind,
        "author": row.author,
        "author_name": row.sender or names.agents.get(author, ""),
        "time": row.ts,
        "text": "" if row.revoked_at is not None else row.text,
        "body": {key: value for key, value in row.body.items() if key != "content"},
        "quote": row.quote,
        "forwarded": bool(row.forwarded),
        "edited": row.edited_at is not None,
        "deleted": row.revoked_at is not None,
        "status": row.status,
        "error": problem(row),
        "reactions": [{"by": by, "emoji": emoji} for by, emoji in row.reactions],
        "media": media(row),
    }


def media(row: ThreadRow) -> Json | None:
    """The file of a message."""
    if row.media is None:
        return None
    return {
        "mime": row.media.get("mime", ""),
        "size": row.media.get("size", 0),
        "filename": row.media.get("filename", ""),
        "voice": bool(row.media.get("voice")),
        "state": row.media_state,
        "key": row.media_key,
    }


def problem(row: ThreadRow) -> Json | None:
    """Why a message failed, with the advice in the agent's language."""
    if row.error_code is None and not (row.status == Delivery.FAILED and row.error_text):
        return None
    return {"code": row.error_code, "text": row.error_text, "advice": failure(row.error_code, row.error_text)}


def pending(items: Sequence[Pending]) -> list[Json]:
    """What waits in the outbox."""
    return [
        {
            "id": item.id,
            "type": str(item.command.__struct_config__.tag),
            "text": str(getattr(item.command, "text", "")),
            "state": item.state,
            "code": item.code,
            "message": item.message,
        }
        for item in items
    ]


def hit(found: Hit) -> Json:
    """A message that was found."""
    return {
        "conversation": found.conversation,
        "title": found.title,
        "message": found.message,
        "time": found.ts,
        "dir": found.dir,
        "text": found.text,
    }
