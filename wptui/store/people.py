"""What is known of a customer, for their profile: who they are, and everything that was between them and the shop.

A cache may hold recent messages only (`partial`): orders and notes are then those it holds; requests are always all.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from wptui.model.text import fold


@dataclass(frozen=True, slots=True)
class Alias:
    """A name a contact is known by."""

    kind: str
    value: str
    verified: bool
    retired: bool


@dataclass(frozen=True, slots=True)
class Person:
    """A contact."""

    id: str
    kind: str
    name: str
    """Profile name, as the customer chose it."""
    book_name: str
    """Name in the shop's address book."""
    username: str
    phone: str
    remark: str
    blocked: bool
    opted_out: bool
    opted_at: int
    """When consent was last recorded, Unix seconds; 0 where it never was."""
    attributes: dict[str, str]
    aliases: tuple[Alias, ...]
    conversations: tuple[tuple[str, str], ...]
    """(conversation, business number)."""
    since: int | None
    """The first trace in what is held here, Unix seconds."""

    @property
    def title(self) -> str:
        """What to call them."""
        named = self.book_name or self.name or (f"@{self.username}" if self.username else "") or self.phone
        return named or next((alias.value for alias in self.aliases if not alias.retired), self.id)


@dataclass(frozen=True, slots=True)
class PastRequest:
    """One piece of work that was done for them. Times are Unix seconds."""

    id: str
    conversation: str
    opened_at: int
    opened_message: str
    first_response_at: int | None
    first_response_by: str
    resolved_at: int | None
    resolved_by: str
    reopens: int
    campaign: str
    csat: int | None
    nps: int | None

    @property
    def first_response(self) -> int | None:
        """Seconds until a human answered."""
        return None if self.first_response_at is None else self.first_response_at - self.opened_at


@dataclass(frozen=True, slots=True)
class Order:
    """An order message. `totals` by currency."""

    message: str
    conversation: str
    ts: int
    items: int
    totals: dict[str, str]
    text: str


@dataclass(frozen=True, slots=True)
class Note:
    """What a colleague noted about them."""

    message: str
    conversation: str
    ts: int
    author: str
    text: str


@dataclass(frozen=True, slots=True)
class Merge:
    """Somebody else they were merged with; `by` is the event's actor. `undone` is 0 while it holds."""

    seq: int
    at: int
    by: str
    contact: str
    undone: int
    title: str = ""
    """What the other was called, where it is kept."""

    @property
    def by_hand(self) -> bool:
        """Whether a colleague did it, so that it can be undone."""
        return self.by.startswith("agent:")


@dataclass(frozen=True, slots=True)
class Profile:
    """A contact with everything about them."""

    person: Person
    requests: tuple[PastRequest, ...] = ()
    orders: tuple[Order, ...] = ()
    notes: tuple[Note, ...] = ()
    merges: tuple[Merge, ...] = ()
    campaigns: tuple[tuple[str, int], ...] = field(default=())
    """(code, requests it brought), the most first."""


_COLUMNS = "id, kind, name, book_name, username, phone, remark, blocked, opted_out, opted_ts, attributes"


def person(db: sqlite3.Connection, contact: str) -> Person | None:
    """The contact, if they exist here."""
    row = db.execute(f"SELECT {_COLUMNS} FROM contacts WHERE id = ?", (contact,)).fetchone()
    return None if row is None else _person(db, row)


def _person(db: sqlite3.Connection, row: Any) -> Person:
    id, kind, name, book_name, username, phone, remark, blocked, opted_out, opted_ts, attributes = row
    aliases = db.execute(
        "SELECT kind, value, verified, retired FROM aliases WHERE contact = ? ORDER BY retired, kind, value", (id,)
    ).fetchall()
    (since,) = db.execute(
        "SELECT MIN(ts) FROM (SELECT MIN(r.opened_at) AS ts FROM requests r JOIN conversations c "
        "ON c.id = r.conversation WHERE c.contact = ?1 UNION ALL SELECT MIN(m.ts) FROM messages m "
        "JOIN conversations c ON c.id = m.conversation WHERE c.contact = ?1)",
        (id,),
    ).fetchone()
    return Person(
        id=id,
        kind=kind,
        name=name,
        book_name=book_name,
        username=username.removeprefix("@"),
        phone=phone,
        remark=remark,
        blocked=bool(blocked),
        opted_out=bool(opted_out),
        opted_at=opted_ts,
        attributes=msgspec.json.decode(attributes, type=dict[str, str]),
        aliases=tuple(Alias(kind, value, bool(verified), bool(gone)) for kind, value, verified, gone in aliases),
        conversations=tuple(
            db.execute("SELECT id, number FROM conversations WHERE contact = ? ORDER BY created_seq, id", (id,))
        ),
        since=since,
    )


def profile(db: sqlite3.Connection, contact: str, *, limit: int = 100) -> Profile | None:
    """The contact with their last `limit` requests, orders and notes, the latest first; None where there is none."""
    found = person(db, contact)
    if found is None:
        return None
    requests = db.execute(
        """SELECT r.id, r.conversation, r.opened_at, r.opened_message, r.first_response_at, r.first_response_by,
               r.resolved_at, r.resolved_by, r.reopens, r.campaign,
               (SELECT score FROM surveys s WHERE s.request = r.id AND s.kind = 'csat' ORDER BY sent_at DESC LIMIT 1),
               (SELECT score FROM surveys s WHERE s.request = r.id AND s.kind = 'nps' ORDER BY sent_at DESC LIMIT 1)
           FROM requests r JOIN conversations c ON c.id = r.conversation WHERE c.contact = ?
           ORDER BY r.opened_at DESC, r.id LIMIT ?""",
        (contact, limit),
    ).fetchall()
    said = (
        "SELECT m.id, m.conversation, m.ts, m.{third}, m.text FROM messages m JOIN conversations c "
        "ON c.id = m.conversation WHERE c.contact = ? AND m.kind = ? ORDER BY m.ts DESC, m.seq DESC LIMIT ?"
    )
    orders = db.execute(said.format(third="body"), (contact, "order", limit)).fetchall()
    notes = db.execute(said.format(third="author"), (contact, "note", limit)).fetchall()
    campaigns = db.execute(
        "SELECT r.campaign, count(*) AS n FROM requests r JOIN conversations c ON c.id = r.conversation "
        "WHERE c.contact = ? AND r.campaign <> '' GROUP BY r.campaign ORDER BY n DESC, r.campaign",
        (contact,),
    ).fetchall()
    return Profile(
        person=found,
        requests=tuple(PastRequest(*row) for row in requests),
        orders=tuple(_order(*row) for row in orders),
        notes=tuple(Note(*row) for row in notes),
        merges=tuple(merges(db, contact)),
        campaigns=tuple(campaigns),
    )


def _order(message: str, conversation: str, ts: int, body: str, text: str) -> Order:
    told = msgspec.json.decode(body)
    return Order(message, conversation, ts, len(told.get("items") or ()), told.get("totals") or {}, text)


def merges(db: sqlite3.Connection, contact: str) -> list[Merge]:
    """Who was merged into the contact, the latest first."""
    rows = db.execute(
        "SELECT seq, at, by, contact, undone, data FROM merges WHERE into_contact = ? ORDER BY seq DESC", (contact,)
    ).fetchall()
    found = []
    for seq, at, by, gone, undone, data in rows:
        row = db.execute("SELECT book_name, name, phone FROM contacts WHERE id = ?", (gone,)).fetchone()
        was = msgspec.json.decode(data).get("contact") or dict(
            zip(("book_name", "name", "phone"), row or (), strict=False)
        )
        title = str(was.get("book_name") or was.get("name") or was.get("phone") or "")
        found.append(Merge(seq, at, by, gone, undone, title))
    return found


def find(db: sqlite3.Connection, wanted: str, limit: int = 50) -> list[Person]:
    """Contacts whose id or alias is `wanted`, whose phone ends so, or whose names and remark have its words."""
    wanted = wanted.strip()
    key = fold(wanted.removeprefix("@"))
    digits = "".join(char for char in wanted if char in "0123456789").lstrip("0")
    exact = db.execute(
        "SELECT id FROM contacts WHERE id = ?1 UNION SELECT contact FROM aliases WHERE value IN (?1, ?2, ?3)",
        (wanted, digits or None, key),
    ).fetchall()
    if len(exact) == 1:
        return [_person(db, db.execute(f"SELECT {_COLUMNS} FROM contacts WHERE id = ?", exact[0]).fetchone())]
    values: dict[str, Any] = {"limit": limit}
    if len(digits) >= 4 and not any(char.isalpha() for char in wanted):
        where, values["number"] = "substr(phone, -length(:number)) = :number", digits
    elif key:
        words = {f"w{index}": word for index, word in enumerate(key.split())}
        where = " AND ".join(f"instr(names_fold, :{name})" for name in words)
        values |= words
    else:
        return []
    rows = db.execute(f"SELECT {_COLUMNS} FROM contacts WHERE {where} ORDER BY id LIMIT :limit", values).fetchall()
    return [_person(db, row) for row in rows]


def everybody(db: sqlite3.Connection, after: str = "", limit: int = 0) -> Iterator[Person]:
    """All contacts here, by id, from behind `after` on; at most `limit` where that is not 0."""
    count = 0
    while True:
        rows = db.execute(
            f"SELECT {_COLUMNS} FROM contacts WHERE id > ? AND kind = 'person' ORDER BY id LIMIT 500", (after,)
        ).fetchall()
        for row in rows:
            yield _person(db, row)
            after, count = row[0], count + 1
            if count == limit:
                return
        if not rows:
            return
