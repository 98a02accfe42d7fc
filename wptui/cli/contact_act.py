"""What `wptui contact` changes, and how it says what became of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

import click

from wptui.cli import line_json
from wptui.cli.contact_show import wanted_person
from wptui.cli.line_link import open_line, run
from wptui.i18n import _
from wptui.model.commands import AnyCommand, BlockContact, EditContact, MergeContacts, OptContact, SplitContact
from wptui.model.errors import RefusedError, UsageError
from wptui.store import people
from wptui.store.people import Person

RESULT_SECONDS = 30.0
"""Blocking waits for Meta."""

Plan = Callable[[sqlite3.Connection, Person], tuple[AnyCommand, str]]
"""The command, with the sentence that says it is done."""


def edit(
    wanted: str, name: str | None, remark: str | None, given: Sequence[str], *, as_json: bool, offline: bool
) -> int:
    """Changes a profile."""
    attributes: dict[str, str | None] = {}
    for each in given:
        key, equals, value = each.partition("=")
        if not equals or not key.strip():
            raise UsageError(_("{text} is no NAME=VALUE").format(text=each))
        attributes[key.strip()] = value.strip() or None
    if name is None and remark is None and not attributes:
        raise UsageError(_("nothing to change: give --name, --remark or --set"))

    def plan(_db: sqlite3.Connection, person: Person) -> tuple[AnyCommand, str]:
        return EditContact(contact=person.id, name=name, remark=remark, attributes=attributes), _("Saved.")

    return _do(wanted, plan, as_json=as_json, offline=offline)


def merge(wanted: str, into: str, *, as_json: bool, offline: bool) -> int:
    """Makes two contacts one."""

    def plan(db: sqlite3.Connection, person: Person) -> tuple[AnyCommand, str]:
        stays = wanted_person(db, into)
        told = _("Merged into {name}. `wptui contact split {id}` undoes it.").format(name=stays.title, id=stays.id)
        return MergeContacts(contact=person.id, into=stays.id), told

    return _do(wanted, plan, as_json=as_json, offline=offline)


def split(wanted: str, number: int | None, *, as_json: bool, offline: bool) -> int:
    """Undoes a merge."""

    def plan(db: sqlite3.Connection, person: Person) -> tuple[AnyCommand, str]:
        seq = number
        if seq is None:
            standing = [each.seq for each in people.merges(db, person.id) if each.by_hand and not each.undone]
            if not standing:
                raise UsageError(_("{name} was not merged by hand with anybody").format(name=person.title))
            seq = standing[0]
        return SplitContact(contact=person.id, merge=seq), _("The merge is undone.")

    return _do(wanted, plan, as_json=as_json, offline=offline)


def block(wanted: str, blocked: bool, *, as_json: bool, offline: bool) -> int:
    """Blocks a customer, or lifts it."""

    def plan(_db: sqlite3.Connection, person: Person) -> tuple[AnyCommand, str]:
        return BlockContact(contact=person.id, blocked=blocked), _("Blocked.") if blocked else _("Unblocked.")

    return _do(wanted, plan, as_json=as_json, offline=offline)


def opt(wanted: str, out: bool, *, as_json: bool, offline: bool) -> int:
    """Records consent."""

    def plan(_db: sqlite3.Connection, person: Person) -> tuple[AnyCommand, str]:
        told = _("Does not want marketing messages.") if out else _("Wants marketing messages.")
        return OptContact(contact=person.id, out=out), told

    return _do(wanted, plan, as_json=as_json, offline=offline)


def _do(wanted: str, plan: Plan, *, as_json: bool, offline: bool) -> int:
    async def work() -> int:
        async with open_line(offline=offline) as line:
            person = wanted_person(line.db, wanted)
            command, told = plan(line.db, person)
            problem = None
            try:
                result = await line.execute(None, command, RESULT_SECONDS)
                status = "done" if result is not None else "waiting"
            except RefusedError as error:
                if not as_json:
                    raise
                status, problem = "refused", {"code": error.code, "text": str(error), "advice": error.hint}
            ok = status == "done" or (status == "waiting" and offline)
            if as_json:
                line_json.emit(line, ok=ok, contact=person.id, status=status, error=problem)
            elif status == "waiting":
                click.echo(_("In the outbox; it goes out with the next connection."), err=not offline)
            else:
                click.echo(f"{person.title}: {told}")
            return 0 if ok else 1

    return run(work())
