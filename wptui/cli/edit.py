"""``wptui edit``: canned replies and the team's settings in one's own editor, or from a file."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from pathlib import Path

import click

from wptui.cli.line_link import Line, open_line, run
from wptui.editing import documents, editor
from wptui.editing.findings import report
from wptui.i18n import _
from wptui.model.commands import AnyCommand
from wptui.model.errors import LinkError, RefusedError, UsageError
from wptui.store import team
from wptui.sync.media import upload

RESULT_SECONDS = 15.0


@click.command(
    help=_(
        "Edit canned replies, departments, roles, labels, business hours, service levels, rules, macros or filters as "
        "TOML in your editor ($VISUAL, $EDITOR). Errors are shown above the lines they are about; if a colleague saved "
        "meanwhile, your changes are put on top of theirs."
    )
)
@click.argument("kind", metavar="|".join(documents.KINDS), type=click.Choice(documents.KINDS))
@click.option("--own", is_flag=True, help=_("Your own canned replies, macros or filters, not the shared ones."))
@click.option("--file", "file", metavar="FILE|-", help=_("Save this file (or standard input) without an editor."))
@click.option("--print", "show", is_flag=True, help=_("Print the text as it is now, and change nothing."))
def edit(kind: str, own: bool, file: str | None, show: bool) -> int:
    """Edit a document."""
    if own and kind not in documents.OWN:
        raise UsageError(_("There is nothing of one's own here: leave out --own"))
    if show and file is not None:
        raise UsageError(_("Give either --file or --print"))
    if show:
        return run(_print(kind, own))
    return run(_save(kind, own, file) if file is not None else _edit(kind, own))


class LineBench:
    """Line mode's connection as the place of an edit."""

    def __init__(self, line: Line) -> None:
        self.line = line

    @property
    def db(self) -> sqlite3.Connection:
        """The cache."""
        return self.line.db

    @property
    def agent(self) -> str:
        """The agent's id."""
        return self.line.me

    async def submit(self, command: AnyCommand) -> bool:
        """Gives a command. Raises RefusedError; LinkError where there is no connection, and then nothing was given."""
        for _second in range(int(RESULT_SECONDS)):
            if self.line.connected:
                return await self.line.execute(None, command, RESULT_SECONDS) is not None
            await asyncio.sleep(1)  # the link is trying: an editor is open for long
        raise LinkError(_("There is no connection to the relay"))

    async def upload(self, path: Path) -> tuple[str, str]:
        """Hands a file to the relay."""
        found = await upload(self.line.http, path)
        return found.key, found.filename


async def _print(kind: str, own: bool) -> int:
    async with open_line(offline=False) as line:
        click.echo(documents.source(line.db, kind, line.me, own=own).text, nl=False)
    return 0


async def _edit(kind: str, own: bool) -> int:
    async with open_line() as line:
        bench = _allowed(line, kind, own)

        async def open_editor(path: Path) -> None:
            # In a thread: the connection stays alive however long it takes.
            await asyncio.to_thread(editor.run_editor, path)

        outcome = await editor.edit(bench, documents.source(line.db, kind, line.me, own=own), open_editor)
        if outcome.notes:
            click.echo(report(kind, outcome.notes), err=True)
        click.echo(outcome.text, err=outcome.failed)
        return 1 if outcome.failed else 0


async def _save(kind: str, own: bool, file: str) -> int:
    text = _read(file)
    async with open_line() as line:
        bench = _allowed(line, kind, own)
        source = documents.source(line.db, kind, line.me, own=own)
        if text == source.text and not source.fresh:
            click.echo(_("Nothing changed."))
            return 0
        findings = documents.check(line.db, kind, text, line.me)
        if findings:
            click.echo(report(file, findings), err=True)
        if any(finding.wrong for finding in findings):
            return 1
        if not await documents.save(bench, kind, text, source.revision, own=own):
            click.echo(_("In the outbox; it goes out with the next connection."), err=True)
            return 1
        click.echo(_("{title}: saved.").format(title=_(source.title)))
        return 0


def _read(file: str) -> str:
    try:
        if file == "-":
            return sys.stdin.buffer.read().decode()
        return Path(file).read_bytes().decode()
    except UnicodeDecodeError as error:
        raise UsageError(_("{file}: not UTF-8 text").format(file=file)) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(_("{file}: cannot be read: {reason}").format(file=file, reason=reason)) from error


def _allowed(line: Line, kind: str, own: bool) -> LineBench:
    """The place to edit in. Raises RefusedError before an editor opens in vain, LinkError without a connection."""
    if not line.connected:
        raise LinkError(_("There is no connection to the relay, which this needs"))
    if documents.right(kind, own=own) not in team.allowed(line.db, line.me):
        hint = _("--own edits your own.") if kind in documents.OWN and not own else ""
        raise RefusedError("forbidden", _("Your role may not do this."), hint=hint)
    return LineBench(line)
