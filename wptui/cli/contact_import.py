"""`wptui contact import|export`: address lists, in and out."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from wptui.cli import line_json
from wptui.cli.line_link import open_line, run
from wptui.i18n import _, ngettext
from wptui.model.errors import LinkError, RefusedError, StorageError, UsageError
from wptui.store import address_list, people, team
from wptui.store.address_list import AddressList

SHOWN = 10
"""Rows of a preview."""
PROBLEMS = 20
RESULT_SECONDS = 60.0


def read_file(file: Path, country: str, mapping: Sequence[str]) -> AddressList:
    """The list in `file`. Raises UsageError and StorageError."""
    wanted: dict[str, str] = {}
    for each in mapping:
        field, equals, column = each.partition("=")
        if not equals:
            raise UsageError(_("{text} is no FIELD=COLUMN").format(text=each))
        wanted[field.strip()] = column.strip()
    try:
        data = file.read_bytes()
    except OSError as error:
        raise StorageError(_("{path} cannot be read: {error}").format(path=file, error=error)) from error
    return address_list.read(data, country=country, mapping=wanted)


def run_import(file: Path, country: str, mapping: Sequence[str], *, preview: bool, update: bool, as_json: bool) -> int:
    """Imports a list, or shows what would come of it."""
    found = read_file(file, country, mapping)
    if preview:
        return _preview(found, as_json=as_json)

    async def work() -> int:
        async with open_line() as line:
            if not line.connected:
                raise LinkError(_("There is no connection to the relay, which this needs"))
            done = 0
            commands = address_list.commands(found.rows, line.me, update=update)
            bar: Any = nullcontext()
            if sys.stderr.isatty() and not as_json:
                bar = click.progressbar(length=len(found.rows), label=_("importing"), file=sys.stderr)
            with bar as shown:
                for id, command in commands:
                    result = await line.execute(None, command, RESULT_SECONDS, id=id)
                    if result is None:
                        break
                    done += len(command.rows)
                    if shown is not None:
                        shown.update(len(command.rows))
            whole = done == len(found.rows)
            if as_json:
                left_out = [_problem(each) for each in found.problems]
                line_json.emit(line, ok=whole, imported=done, rows=len(found.rows), problems=left_out)
            else:
                click.echo(ngettext("{n} contact imported.", "{n} contacts imported.", done).format(n=done))
                _say_problems(found)
                if not whole:
                    click.echo(_("The rest is still to come: run the same command again."), err=True)
            return 0 if whole else 1

    return run(work())


def _problem(problem: address_list.Problem) -> dict[str, Any]:
    return {"line": problem.line, "column": problem.column, "reason": problem.reason}


def _preview(found: AddressList, *, as_json: bool) -> int:
    if as_json:
        import json

        rows = [{"line": each.line, "row": _row(each)} for each in found.entries[:SHOWN]]
        told = {
            "schema": line_json.SCHEMA,
            "columns": dict(zip(found.headers, found.fields, strict=True)),
            "encoding": found.encoding,
            "delimiter": found.delimiter,
            "rows": len(found.rows),
            "first": rows,
            "problems": [_problem(each) for each in found.problems],
        }
        click.echo(json.dumps(told, ensure_ascii=False))
        return 0
    for header, field in zip(found.headers, found.fields, strict=True):
        click.echo(_("Column {name}: {field}").format(name=header, field=field))
    for entry in found.entries[:SHOWN]:
        if entry.row is not None:
            parts = [entry.row.phone, entry.row.name, *(f"{k}={v}" for k, v in entry.row.attributes.items())]
            click.echo(_("Line {line}: {text}").format(line=entry.line, text="  ".join(filter(None, parts))))
    click.echo(
        ngettext("{n} contact can be imported.", "{n} contacts can be imported.", len(found.rows)).format(
            n=len(found.rows)
        )
    )
    _say_problems(found)
    return 0


def _row(entry: address_list.Entry) -> dict[str, Any] | None:
    row = entry.row
    if row is None:
        return None
    return {
        "phone": row.phone, "name": row.name, "remark": row.remark, "attributes": row.attributes, "opted": row.opted,
    }  # fmt: skip


def _say_problems(found: AddressList) -> None:
    problems = found.problems
    for problem in problems[:PROBLEMS]:
        text = _("Line {line}, {column}: {reason}; left out.")
        click.echo(text.format(line=problem.line, column=problem.column, reason=problem.reason), err=True)
    if len(problems) > PROBLEMS:
        rest = len(problems) - PROBLEMS
        click.echo(ngettext("{n} more", "{n} more", rest).format(n=rest), err=True)


def run_export(file: Path | None, *, offline: bool) -> int:
    """Writes the contacts the agent sees. Raises RefusedError where the role does not allow it."""

    async def work() -> int:
        async with open_line(offline=offline) as line:
            if "contact.export" not in team.allowed(line.db, line.me):
                raise RefusedError("forbidden", _("Your role does not allow to export contacts."))
            found = list(people.everybody(line.db))
            attributes = sorted({name for each in found for name in each.attributes})
            rows = [["phone", "name", "remark", "consent", *attributes]]
            for each in found:
                consent = "" if not each.opted_at else "no" if each.opted_out else "yes"
                fields = [each.phone, each.book_name or each.name, each.remark, consent]
                rows.append([_plain(value) for value in (*fields, *(each.attributes.get(a, "") for a in attributes))])
            if file is None:
                csv.writer(sys.stdout, lineterminator="\n").writerows(rows)
                return 0
            try:
                with file.open("w", encoding="utf-8-sig", newline="") as out:
                    csv.writer(out).writerows(rows)
                file.chmod(0o600)
            except OSError as error:
                raise StorageError(_("{path} cannot be written: {error}").format(path=file, error=error)) from error
            count = len(found)
            click.echo(ngettext("{n} contact written.", "{n} contacts written.", count).format(n=count))
            return 0

    return run(work())


def _plain(value: str) -> str:
    """A cell that no spreadsheet takes for a formula: customers choose their names. A phone number's plus stays."""
    risky = value.startswith(("=", "-", "@", "\t", "\r")) or (value.startswith("+") and not value[1:].isdigit())
    return f"'{value}" if risky else value
