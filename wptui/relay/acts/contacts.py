"""Contacts: profiles, consent, blocking, merging by hand and its undoing, and whole address lists."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from wptui.i18n import _
from wptui.model import commands as c
from wptui.model import events as ev
from wptui.model.identity import Alias, AliasKind, contact_key
from wptui.model.text import safe, safe_line
from wptui.relay.acts.base import Act, Elsewhere, Plans, event_number
from wptui.relay.blocking import blockable
from wptui.relay.identity import find_conversation, owner
from wptui.relay.outgoing import refused
from wptui.store import visible

NAME = 120
REMARK = 2000
ATTRIBUTE = 40
VALUE = 500
ATTRIBUTES = 50
ROWS = 200

_E164 = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)


def _contact(act: Act, id: str, columns: str) -> tuple[Any, ...]:
    row: tuple[Any, ...] | None = act.db.execute(f"SELECT {columns} FROM contacts WHERE id = ?", (id,)).fetchone()
    if row is None:
        raise refused("not_found", _("This contact does not exist (any more)."))
    return row


def _short(field: str, text: str, limit: int) -> str:
    if len(text) > limit:
        told = _("{field}: {n} characters are the most, this has {length}.")
        raise refused("too_long", told.format(field=field, n=limit, length=len(text)))
    return text


def _attributes(given: dict[str, str | None]) -> dict[str, str | None]:
    """Attributes made safe; an empty value takes one away."""
    found: dict[str, str | None] = {}
    for name, value in given.items():
        name = _short("attributes", safe_line(name), ATTRIBUTE)
        if not name:
            raise refused("invalid", _("{field}: the name is missing.").format(field="attributes"))
        found[name] = None if value is None else _short(name, safe_line(value), VALUE) or None
    return found


def edit(act: Act, command: c.EditContact) -> list[ev.Data]:
    name, remark, stored = _contact(act, command.contact, "book_name, remark, attributes")
    known: dict[str, str] = msgspec.json.decode(stored)
    edited = ev.ContactEdited(contact=command.contact)
    if command.name is not None:
        wanted = _short("name", safe_line(command.name), NAME)
        edited.name = wanted if wanted != name else None
    if command.remark is not None:
        wanted = _short("remark", safe(command.remark).strip(), REMARK)
        edited.remark = wanted if wanted != remark else None
    edited.attributes = {
        each: value for each, value in _attributes(command.attributes).items() if known.get(each) != value
    }
    if len({*known, *(each for each, value in edited.attributes.items() if value)}) > ATTRIBUTES:
        raise refused("invalid", _("attributes: {n} are the most.").format(n=ATTRIBUTES))
    return [edited] if edited.name is not None or edited.remark is not None or edited.attributes else []


def opt(act: Act, command: c.OptContact) -> list[ev.Data]:
    (out,) = _contact(act, command.contact, "opted_out")
    return [] if bool(out) == command.out else [ev.ContactOpted(contact=command.contact, ts=act.now, out=command.out)]


def block(act: Act, command: c.BlockContact) -> list[ev.Data]:
    """`commands` fills in on which numbers, once Meta has done it."""
    kind, blocked = _contact(act, command.contact, "kind, blocked")
    if kind != "person":
        raise refused("invalid", _("Only a person can be blocked."))
    if bool(blocked) == command.blocked:
        return []
    phones, numbers = blockable(act.db, command.contact)
    if not phones:
        raise refused("invalid", _("Meta blocks phone numbers, and this customer's is not known."))
    if not numbers:
        raise refused("invalid", _("This customer has never written: there is nothing to block."))
    return [ev.ContactBlocked(contact=command.contact, blocked=command.blocked)]


def merge(act: Act, command: c.MergeContacts) -> list[ev.Data]:
    kinds = {_contact(act, id, "kind")[0] for id in (command.contact, command.into)}
    if command.contact == command.into:
        raise refused("invalid", _("These are one contact already."))
    if kinds != {"person"}:
        raise refused("invalid", _("Only people can be merged."))
    events: list[ev.Data] = [ev.ContactMerged(contact=command.contact, into=command.into)]
    rows = act.db.execute(
        "SELECT id, number FROM conversations WHERE contact = ? ORDER BY created_seq, id", (command.contact,)
    ).fetchall()
    for gone, number in rows:
        survivor = find_conversation(act.db, command.into, number)
        if survivor is not None:
            # What becomes one is seen by who saw either: that must not be how somebody comes to see the other.
            if not all(visible.sees(act.db, act.scope, each) for each in (gone, survivor)):
                raise refused("not_found", _("This contact does not exist (any more)."))
            events.append(Elsewhere(data=ev.ConversationMerged(into=survivor), conversation=gone))
    return events


def split(act: Act, command: c.SplitContact) -> list[ev.Data]:
    seq = event_number(command.merge)
    row = act.db.execute("SELECT contact, into_contact, by, undone FROM merges WHERE seq = ?", (seq,)).fetchone()
    if row is None or command.contact not in row[:2]:
        raise refused("not_found", _("These contacts were not merged."))
    contact, into, by, undone = row
    if undone:
        return []
    if not by.startswith("agent:"):
        raise refused("invalid", _("Meta named both as one customer: this cannot be undone."))
    later = act.db.execute(
        "SELECT 1 FROM merges WHERE seq > ?1 AND undone = 0 AND (contact = ?2 OR into_contact = ?2) LIMIT 1",
        (seq, into),
    ).fetchone()
    if later is not None:
        raise refused("merged_since", _("This contact was merged with another one since: undo that first."))
    return [ev.ContactSplit(contact=contact, into=into, merge=seq)]


# ── address lists ────────────────────────────────────────────────────────────────────────────────────────


def import_(act: Act, command: c.ImportContacts) -> list[ev.Data]:
    if len(command.rows) > ROWS:
        raise refused("too_long", _("rows: {n} are the most in one command.").format(n=ROWS))
    events: list[ev.Data] = []
    seen: set[str] = set()
    for row in command.rows:
        if not _E164.fullmatch(row.phone):
            text = _("phone: {value} is no international number.")
            raise refused("invalid", text.format(value=safe_line(row.phone, 40)))
        if row.phone not in seen:
            seen.add(row.phone)
            events += _import_row(act, row, command.update)
    return events


def _import_row(act: Act, row: c.ImportRow, update: bool) -> list[ev.Data]:
    alias = Alias(AliasKind.WA_ID, row.phone.removeprefix("+"))
    contact = owner(act.db, alias)
    events: list[ev.Data] = []
    known: dict[str, str] = {}
    name, remark, opted_out, opted_ts = "", "", 0, 0
    if contact is None:
        contact = _new_key(act, alias)
        events = [
            ev.ContactCreated(contact=contact),
            ev.ContactAliased(contact=contact, kind=alias.kind, value=alias.value),
            ev.ContactProfiled(contact=contact, phone=row.phone),
        ]
    elif visible.sees_contact(act.db, act.scope, contact):
        name, remark, stored, opted_out, opted_ts = _contact(
            act, contact, "book_name, remark, attributes, opted_out, opted_ts"
        )
        known = msgspec.json.decode(stored)
    else:
        return []  # somebody else's customer is not written over
    given: dict[str, str | None] = {
        each: value
        for each, value in _attributes({**row.attributes}).items()
        if value and known.get(each) != value and (update or each not in known)
    }
    if len(known.keys() | given.keys()) > ATTRIBUTES:
        raise refused("invalid", _("attributes: {n} are the most.").format(n=ATTRIBUTES))
    edited = ev.ContactEdited(
        contact=contact,
        name=_filled(_short("name", safe_line(row.name), NAME), name, update),
        remark=_filled(_short("remark", safe(row.remark).strip(), REMARK), remark, update),
        attributes=given,
    )
    if edited.name or edited.remark or edited.attributes:
        events.append(edited)
    # A list says yes for who has not decided; who said stop is not brought back by one.
    if row.opted is not None and (not opted_ts or (update and not row.opted and not opted_out)):
        events.append(ev.ContactOpted(contact=contact, ts=act.now, out=not row.opted))
    return events


def _filled(given: str, known: str, update: bool) -> str | None:
    return given if given and given != known and (update or not known) else None


def _new_key(act: Act, alias: Alias) -> str:
    salt, key = 0, contact_key(alias)
    while act.db.execute("SELECT 1 FROM contacts WHERE id = ?", (key,)).fetchone():
        salt += 1  # the first owner of this number goes on under its key
        key = contact_key(alias, salt)
    return key


PLANS: Plans = {
    c.EditContact: edit,
    c.OptContact: opt,
    c.BlockContact: block,
    c.MergeContacts: merge,
    c.SplitContact: split,
    c.ImportContacts: import_,
}
