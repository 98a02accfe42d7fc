"""The variables of canned replies: {{customer.first_name|efendim}}."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping

from wptui.store.inbox import InboxRow

_VARIABLE = re.compile(r"\{\{\s*([\w.]{1,64})\s*(?:\|([^{}\n]{0,100}))?\}\}")


def fill(text: str, values: Mapping[str, str]) -> str:
    """`text` with what is known put in; what is not takes its fallback, or stays as a place to fill in."""

    def put(match: re.Match[str]) -> str:
        known = values.get(match[1], "")
        if known:
            return known
        fallback: str | None = match[2]
        return "{{" + match[1] + "}}" if fallback is None else fallback.strip()

    return _VARIABLE.sub(put, text)


def first_name(name: str) -> str:
    """The first of the names, where it is one: an emoji or a phone number is none."""
    word = name.split()[0] if name.split() else ""
    return word if any(char.isalpha() for char in word) else ""


def known_values(db: sqlite3.Connection, row: InboxRow, agent: str, workspace: str) -> dict[str, str]:
    """What a canned reply may say of this conversation. `order` and the like are for the agent to fill in."""
    contact = db.execute(
        "SELECT name, book_name, phone, username FROM contacts WHERE id = ?", (row.contact,)
    ).fetchone() or ("", "", "", "")
    number = db.execute("SELECT name, display FROM numbers WHERE id = ?", (row.number,)).fetchone() or ("", "")
    name = contact[1] or contact[0]
    return {
        "customer.name": name,
        "customer.first_name": first_name(name),
        "customer.phone": contact[2],
        "customer.username": contact[3],
        "agent.name": agent,
        "agent.first_name": first_name(agent),
        "workspace": workspace,
        "number": number[0] or number[1],
        "campaign": row.campaign,
    }
