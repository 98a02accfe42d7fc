"""What `wptui contact show|list` prints, and which contact somebody means."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Any

import click

from wptui.cli import line_json
from wptui.cli.line_link import open_line, run
from wptui.cli.line_text import Names
from wptui.i18n import _, format_date, format_duration, pgettext
from wptui.model.errors import UsageError
from wptui.store import people
from wptui.store.audit import actor_name
from wptui.store.people import Person, Profile

Json = dict[str, Any]


def wanted_person(db: sqlite3.Connection, wanted: str) -> Person:
    """The contact somebody means. Raises UsageError, with the candidates where there are several."""
    found = people.find(db, wanted, 9)
    if not found:
        row = db.execute("SELECT contact FROM conversations WHERE id = ?", (wanted,)).fetchone()
        known = people.person(db, row[0]) if row else None
        found = [known] if known is not None else []
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError(
            _("There is no contact {wanted}").format(wanted=wanted), hint=_("`wptui contact list WORDS` searches.")
        )
    lines = "\n".join(f"  {each.id}  {each.title}  {each.phone}".rstrip() for each in found)
    raise UsageError(
        _("{wanted} may be one of several contacts:").format(wanted=wanted) + "\n" + lines,
        hint=_("Give the id, or more of the name."),
    )


def as_object(person: Person) -> Json:
    """A contact, for programs."""
    return {
        "id": person.id,
        "title": person.title,
        "name": person.name,
        "book_name": person.book_name,
        "username": person.username,
        "phone": person.phone,
        "remark": person.remark,
        "attributes": person.attributes,
        "blocked": person.blocked,
        "opted_out": person.opted_out,
        "opted_at": person.opted_at or None,
        "since": person.since,
        "aliases": [
            {"kind": alias.kind, "value": alias.value, "verified": alias.verified, "retired": alias.retired}
            for alias in person.aliases
        ],
        "conversations": [{"id": id, "number": number} for id, number in person.conversations],
    }


def _profile(profile: Profile) -> Json:
    return as_object(profile.person) | {
        "requests": [
            {
                "id": each.id,
                "conversation": each.conversation,
                "opened_at": each.opened_at,
                "first_response_seconds": each.first_response,
                "first_response_by": each.first_response_by or None,
                "resolved_at": each.resolved_at,
                "resolved_by": each.resolved_by or None,
                "reopens": each.reopens,
                "campaign": each.campaign or None,
                "csat": each.csat,
                "nps": each.nps,
            }
            for each in profile.requests
        ],
        "orders": [
            {"message": each.message, "time": each.ts, "items": each.items, "totals": each.totals, "text": each.text}
            for each in profile.orders
        ],
        "notes": [
            {"message": each.message, "time": each.ts, "author": each.author, "text": each.text}
            for each in profile.notes
        ],
        "campaigns": [{"campaign": code, "requests": count} for code, count in profile.campaigns],
        "merges": [
            {"merge": each.seq, "time": each.at, "by": each.by, "contact": each.contact, "undone": bool(each.undone)}
            for each in profile.merges
        ],
    }


def show(wanted: str, *, as_json: bool, offline: bool) -> int:
    """Prints a contact."""

    async def work() -> int:
        async with open_line(offline=offline) as line:
            found = wanted_person(line.db, wanted)
            profile = people.profile(line.db, found.id)
            assert profile is not None
            if as_json:
                line_json.emit(line, contact=_profile(profile))
                return 0
            for text in _lines(profile, Names(line.db, line.me)):
                click.echo(text)
            return 0

    return run(work())


def listed(words: str, limit: int, *, as_json: bool, offline: bool) -> int:
    """Prints contacts."""

    async def work() -> int:
        async with open_line(offline=offline) as line:
            found = people.find(line.db, words, limit) if words else list(people.everybody(line.db, limit=limit))
            if as_json:
                line_json.emit(line, contacts=[as_object(each) for each in found])
                return 0
            for each in found:
                marks = [_("blocked")] * each.blocked + [_("no marketing")] * each.opted_out
                click.echo("  ".join(part for part in (each.id, each.title, each.phone, *marks) if part))
            if not found:
                click.echo(_("No contacts."))
            return 0

    return run(work())


def _day(ts: int) -> str:
    return format_date(datetime.fromtimestamp(ts))


def _lines(profile: Profile, names: Names) -> list[str]:
    person = profile.person
    lines = [f"{person.title}  [{person.id}]"]

    def say(label: str, value: str) -> None:
        if value:
            lines.append(f"{label}: {value}")

    say(_("Phone"), person.phone)
    say(_("Profile name"), person.name if person.name != person.title else "")
    say(_("Username"), f"@{person.username}" if person.username else "")
    say(_("Since"), _day(person.since) if person.since else "")
    say(_("Also known as"), ", ".join(
        alias.value + (f" ({_('former')})" if alias.retired else "") for alias in person.aliases
    ))  # fmt: skip
    if person.blocked:
        lines.append(_("Blocked."))
    if person.opted_out:
        lines.append(_("Does not want marketing messages."))
    say(_("Remark"), person.remark.replace("\n", " / "))
    for name, value in sorted(person.attributes.items()):
        say(name, value)
    for each in profile.requests:
        parts = [_day(each.opened_at)]
        answer = each.first_response
        parts.append(_("answered in {time}").format(time=format_duration(answer)) if answer is not None
                     else _("not answered"))  # fmt: skip
        if each.resolved_at:
            parts.append(_("resolved by {name}").format(name=actor_name(each.resolved_by, names.agents)))
        else:
            parts.append(pgettext("request", "open"))
        parts += [each.campaign] if each.campaign else []
        parts += [f"CSAT {each.csat}"] if each.csat is not None else []
        parts += [f"NPS {each.nps}"] if each.nps is not None else []
        say(_("Request"), ", ".join(parts))
    for order in profile.orders:
        totals = ", ".join(f"{total} {currency}" for currency, total in order.totals.items())
        say(_("Order"), f"{_day(order.ts)}  {totals}".rstrip())
    for note in profile.notes:
        say(_("Note"), f"{_day(note.ts)}  {actor_name(note.author, names.agents)}: {note.text}".replace("\n", " / "))
    for merge in profile.merges:
        state = _("undone") if merge.undone else ""
        say(_("Merge"), f"{merge.seq}  {_day(merge.at)}  {merge.title or merge.contact}  {state}".rstrip())
    return lines
