"""What canned replies, templates and rules may say of a conversation: the values of `model.canned`'s variables."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec

from wptui.model.canned import first_name, language_of, variant
from wptui.model.hours import Calendar, calendar
from wptui.store import team
from wptui.store.database import get_meta

_LISTED = 5
"""Products of an order that are named."""


def known_values(db: sqlite3.Connection, conversation: str, *, agent: str, now: int) -> dict[str, str]:
    """Variable → text, without what nobody knows. `agent` is the writer's name, "" for a rule; `now` Unix seconds.

    A contact's attributes are there as `customer.<attribute>`, those called `order…` also under their own name.
    """
    row = db.execute(
        "SELECT contact, number, department, campaign FROM conversations WHERE id = ?", (conversation,)
    ).fetchone()
    if row is None:
        return {}
    contact, number, department, campaign = row
    found = _customer(db, contact) | _order(db, conversation)
    display = db.execute("SELECT name, display FROM numbers WHERE id = ?", (number,)).fetchone() or ("", "")
    named = team.departments(db).get(department)
    found |= {
        "agent.name": agent,
        "agent.first_name": first_name(agent),
        "workspace": str(get_meta(db, "workspace", "") or ""),
        "number": display[0] or display[1],
        "department": named.name if named is not None else "",
        "campaign": campaign,
    }
    found |= _hours(opening_hours(db, department), now)
    return {name: value for name, value in found.items() if value}


def _customer(db: sqlite3.Connection, contact: str) -> dict[str, str]:
    name, book_name, phone, username, attributes = db.execute(
        "SELECT name, book_name, phone, username, attributes FROM contacts WHERE id = ?", (contact,)
    ).fetchone() or ("", "", "", "", "{}")
    own = {key: str(value) for key, value in msgspec.json.decode(attributes).items()}
    called = book_name or name
    return (
        {f"customer.{key}": value for key, value in own.items()}
        | {key: value for key, value in own.items() if key == "order" or key.startswith("order.")}
        | {
            "customer.name": called,
            "customer.first_name": first_name(called),
            "customer.phone": phone,
            "customer.username": username,
        }
    )


def _order(db: sqlite3.Connection, conversation: str) -> dict[str, str]:
    """The last order the customer sent from the catalogue."""
    row = db.execute(
        "SELECT body, ts FROM messages WHERE conversation = ? AND kind = 'order' AND dir = 'in' "
        "ORDER BY ts DESC, seq DESC LIMIT 1",
        (conversation,),
    ).fetchone()
    if row is None:
        return {}
    body: dict[str, Any] = msgspec.json.decode(row[0])
    items = [each for each in body.get("items") or () if isinstance(each, dict)]
    totals = body.get("totals")
    return {
        "order.items": ", ".join(f"{each.get('quantity', '')} × {each.get('product', '')}" for each in items[:_LISTED]),
        "order.total": " + ".join(f"{sum_} {currency}".strip() for currency, sum_ in totals.items())
        if isinstance(totals, Mapping)
        else "",
    }


def _hours(open_: Calendar, now: int) -> dict[str, str]:
    """Today's hours, and when it opens next, in figures: they stand in texts of any language."""
    if open_.always:
        return {}

    def clock(ts: int) -> str:
        return datetime.fromtimestamp(ts, open_.zone).strftime("%H:%M")

    today = open_.day(now)
    following = open_.next_opening(now)
    day = "" if open_.day(following) == today else datetime.fromtimestamp(following, open_.zone).strftime("%d.%m. ")
    return {
        "hours.today": ", ".join(f"{clock(each.begin)}–{clock(each.end)}" for each in open_.openings(today)),
        "hours.next": day + clock(following),
    }


def opening_hours(db: sqlite3.Connection, department: str) -> Calendar:
    """When `department` ("" for the whole business) is open."""
    text, _revision = team.source(db, "hours")
    return _calendar(text, department, str(get_meta(db, "timezone", "") or ""))


@lru_cache(maxsize=64)
def _calendar(text: str, department: str, timezone: str) -> Calendar:
    return calendar(team.parsed("hours", text), department, timezone)


def language(db: sqlite3.Connection, conversation: str) -> str:
    """The language code to write to the customer in; "" where nothing says."""
    row = db.execute(
        "SELECT t.phone, t.attributes FROM conversations c JOIN contacts t ON t.id = c.contact WHERE c.id = ?",
        (conversation,),
    ).fetchone()
    if row is None:
        return ""
    return language_of(str(msgspec.json.decode(row[1]).get("language") or ""), row[0])


def canned_text(db: sqlite3.Connection, conversation: str, text: str, texts: str) -> str:
    """The variant of a canned reply for the customer, not yet filled; `text` and `texts` (JSON) as in its row."""
    return variant(text, msgspec.json.decode(texts), language(db, conversation))
